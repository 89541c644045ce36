/** zerocrit merge: the shards of one run, judged as the whole. */
#include <string.h>

#include "commands.h"
#include "judging.h"
#include "zc/permute.h"

#define SHOWN_MOST 12u

/* What all shards of a run have in common: an option each. */
static const char *const common[] = { "seed",     "ports", "only",   "skip", "exclude",
                                      "excluded", "level", "active", "root", "online" };

static const json_t *option(const struct zc_evidence *ev, const char *name)
{
        return json_object_get(json_object_get(zc_evidence_run(ev), "options"), name);
}

static bool shard_read(const struct zc_evidence *ev, struct zc_shard *out, struct zc_err *err)
{
        const char *text = json_string_value(option(ev, "shard"));

        if (!text)
                return zc_fail(err, ZC_E_USAGE,
                               "%s is no shard (collected without --shard): judge takes evidence "
                               "of several runs",
                               zc_evidence_name(ev));
        return zc_shard_parse(text, out, err) || zc_ctx(err, "%s", zc_evidence_name(ev));
}

static bool same(const json_t *a, const json_t *b)
{
        return a == b || (a && b && json_equal(a, b));
}

/** The other is a shard of the same run. */
static bool fits(const struct zc_evidence *first, const struct zc_evidence *other,
                 struct zc_err *err)
{
        bool targets = same(json_object_get(zc_evidence_run(first), "targets"),
                            json_object_get(zc_evidence_run(other), "targets"));

        for (size_t i = 0; i < ZC_COUNT(common) && targets; i++) {
                if (!same(option(first, common[i]), option(other, common[i])))
                        return zc_fail(err, ZC_E_USAGE,
                                       "%s and %s are no shards of one run: they differ in %s",
                                       zc_evidence_name(first), zc_evidence_name(other), common[i]);
        }
        return targets || zc_fail(err, ZC_E_USAGE,
                                  "%s and %s are no shards of one run: they name other targets",
                                  zc_evidence_name(first), zc_evidence_name(other));
}

static void missing_tell(const uint8_t *seen, unsigned count, struct zc_text *out)
{
        unsigned missing = 0;

        for (unsigned i = 1; i <= count; i++)
                missing += !seen[i];
        if (missing == 0)
                return;
        zc_text_printf(out, "%u of %u shards are not there:", missing, count);
        for (unsigned i = 1, said = 0; i <= count; i++) {
                if (!seen[i] && said++ < SHOWN_MOST)
                        zc_text_printf(out, " %u/%u", i, count);
        }
        zc_text_add(out, missing > SHOWN_MOST ? " …; collect them" : "; collect them");
}

static bool shards_check(const struct zc_bundle *b, struct zc_text *missing, struct zc_err *err)
{
        ZC_AUTO_MEM uint8_t *seen = NULL;
        struct zc_shard first = { 0 }, one = { 0 };

        if (!shard_read(b->ev[0], &first, err))
                return false;
        seen = calloc((size_t)first.count + 1, 1);
        if (!seen)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the shards");
        for (size_t i = 0; i < b->count; i++) {
                if (!shard_read(b->ev[i], &one, err) || !fits(b->ev[0], b->ev[i], err))
                        return false;
                if (one.count != first.count || seen[one.index]++)
                        return zc_fail(err, ZC_E_USAGE, "%s is shard %u/%u: %s",
                                       zc_evidence_name(b->ev[i]), one.index, one.count,
                                       one.count != first.count
                                               ? "the others are of another number"
                                               : "there is another of that number");
        }
        missing_tell(seen, first.count, missing);
        return true;
}

static bool merge_run(struct zc_options *o, int *status, struct zc_err *err)
{
        if (o->args.count == 0)
                return zc_fail(err, ZC_E_USAGE,
                               "merge what? name the evidence of every shard: zerocrit merge "
                               "shard-*.json");
        return zc_judging_run(o, shards_check, status, err);
}

const struct zc_command zc_command_merge = {
        .name = "merge",
        .bit = ZC_CMD_MERGE,
        .arguments = "EVIDENCE…",
        .summary = "judge the shards of one run as the whole",
        .examples =
                (const struct zc_example[]){
                        { "zerocrit merge shard-1.json shard-2.json -o report.json",
                          "The report of both; the verdict on standard error." },
                        { "zerocrit merge shard-*.json --format terminal",
                          "Whatever shards there are: one that is not there is missing." },
                        { NULL, NULL } },
        .details =
                "The evidence is what `collect --shard I/N` or `audit --shard I/N --evidence` "
                "left, "
                "on one machine or several. All N are needed: without one the gate is not shown. "
                "Shards of other targets or options are refused.",
        .status =
                "0 gate met, 1 not met, 2 wrong input, 3 required evidence or a shard is missing, "
                "4 a report could not be written.",
        .run = merge_run,
};
