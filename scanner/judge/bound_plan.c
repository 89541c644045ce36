/**
 * What a policy requires was planned, whatever a run skipped. --skip and --only shorten everybody's own plan openly; the policy's they cannot, nor
 * can a document that says of a probe that it did not apply to the machine.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"

/* One run before the policy. */
struct bound {
        const struct zc_pack *pack;
        struct zc_tally *tally;
        const struct zc_evidence *ev;
        const json_t *run;
        json_t *cut; /* the probe → why it was left out */
};

static bool is_bound(const struct bound *b, const struct zc_rule *r)
{
        return r->kind->probe &&
               zc_gate_binds(b->tally->gate, r->id, json_object_get(r->record, "tags"));
}

static void cut_add(struct bound *b, const char *probe, const char *why)
{
        json_object_set_new(b->cut, probe, json_string(*why ? why : "skipped"));
}

static bool is_skipped(const json_t *part)
{
        return strcmp(zc_json_str(part, "outcome", ""), "skipped") == 0;
}

/* ---- where a probe was left out ---- */

/** Of the machine itself: there is always one, so that none of its probes can be not applicable. */
static void see_host(struct bound *b)
{
        const json_t *probes = json_object_get(zc_evidence_host(b->ev), "probes");
        const char *probe;
        json_t *outcome;

        if (!zc_evidence_asks_host(b->ev))
                return;
        json_object_foreach ((json_t *)(uintptr_t)probes, probe, outcome) {
                if (is_skipped(outcome) ||
                    strcmp(zc_json_str(outcome, "outcome", ""), "notapplicable") == 0)
                        cut_add(b, probe, zc_json_str(outcome, "why", ""));
        }
}

static bool see_endpoint(void *ctx, const json_t *endpoint, size_t index, struct zc_err *err)
{
        struct bound *b = ctx;

        (void)index;
        (void)err;
        for (size_t k = 0; k < zc_kind_count; k++) {
                const struct zc_kind *kind = &zc_kinds[k];

                if (strncmp(kind->at, "endpoints[]", 11) == 0 &&
                    zc_outcome_cut(b->run, endpoint, kind))
                        cut_add(b, kind->probe,
                                zc_json_str(json_object_get(json_object_get(endpoint, "probes"),
                                                            kind->probe),
                                            "why", "--skip"));
        }
        return true;
}

/** What the scope excludes is skipped too, and says so in the run's options: a scope is not a plan. */
static bool see_scan(void *ctx, const json_t *scan, size_t index, struct zc_err *err)
{
        struct bound *b = ctx;
        const json_t *options = json_object_get(b->run, "options");
        const char *why = zc_json_str(scan, "why", "");
        bool scoped = json_array_size(json_object_get(options, "exclude")) > 0 ||
                      json_object_get(options, "excluded");

        (void)index;
        (void)err;
        if (is_skipped(scan) && (!scoped || strncmp(why, "--", 2) == 0))
                cut_add(b, "ports", why);
        return true;
}

/* What leads to a service: without them nobody knows what a target offers. */
static const char *const leading[] = { "listeners", "ports", "identify" };

static void see_leading(struct bound *b)
{
        const json_t *v;
        size_t i;

        json_array_foreach (zc_json_at(b->run, "options.skip"), i, v) {
                for (size_t k = 0; k < ZC_COUNT(leading); k++) {
                        if (json_is_string(v) && strcmp(json_string_value(v), leading[k]) == 0 &&
                            (k > 0 || zc_evidence_asks_host(b->ev)))
                                cut_add(b, leading[k], "--skip");
                }
        }
}

/* ---- what the policy makes of it ---- */

/** Whether the rule rests on the probe: everything at an endpoint rests on what leads there, too. */
static bool rests_on(const struct zc_rule *r, const char *probe)
{
        bool leads = false;

        if (strcmp(r->kind->probe, probe) == 0)
                return true;
        for (size_t i = 0; i < ZC_COUNT(leading); i++)
                leads |= strcmp(probe, leading[i]) == 0;
        return leads &&
               (strncmp(r->kind->at, "endpoints[]", 11) == 0 ||
                (strncmp(r->kind->at, "exposure[]", 10) == 0 && strcmp(probe, "identify") != 0));
}

static bool probe_missing(const struct bound *b, const char *probe, const char *why,
                          struct zc_err *err)
{
        const char *first = NULL;
        size_t more = 0;
        char rest[32] = "";

        for (size_t i = 0; i < zc_pack_count(b->pack); i++) {
                const struct zc_rule *r = zc_pack_rule(b->pack, i);

                if (!is_bound(b, r) || !rests_on(r, probe))
                        continue;
                if (first)
                        more++;
                else
                        first = r->id;
        }
        if (!first)
                return true;
        if (more)
                snprintf(rest, sizeof(rest), " and %zu more", more);
        return zc_tally_missing(b->tally, err,
                                "the policy requires %s%s, and the probe %s was left out (%.100s)",
                                first, rest, probe, why);
}

static bool bound_run(struct bound *b, struct zc_evidence *ev, struct zc_err *err)
{
        const struct zc_evidence_visitor v = {
                .endpoint = see_endpoint, .scan = see_scan, .ctx = b, .brief = true
        };
        const char *probe;
        json_t *why;

        b->ev = ev;
        b->run = zc_evidence_run(ev);
        json_object_clear(b->cut);
        see_host(b);
        see_leading(b);
        if (!zc_evidence_visit(ev, &v, err))
                return false;
        json_object_foreach (b->cut, probe, why) {
                if (!probe_missing(b, probe, json_string_value(why), err))
                        return false;
        }
        return true;
}

bool zc_bound_plan(struct zc_evidence *const *evs, size_t count, const struct zc_pack *pack,
                   struct zc_tally *t, struct zc_err *err)
{
        json_auto_t *cut = json_object();
        struct bound b = { .pack = pack, .tally = t, .cut = cut };

        if (!cut)
                return zc_fail(err, ZC_E_NOMEM, "no memory to judge");
        for (size_t i = 0; i < count && t->gate->bound; i++) {
                if (!bound_run(&b, evs[i], err))
                        return false;
        }
        return true;
}
