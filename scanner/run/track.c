#include "track.h"

#include <stdio.h>
#include <string.h>

bool zc_track_init(struct zc_track *t, const struct zc_job *job, const struct zc_plan *plan,
                   const char *vantage, struct zc_err *err)
{
        size_t n = 0;

        *t = (struct zc_track){ .job = job, .plan = plan, .vantage = vantage };
        for (size_t i = 0; i < job->target_count; i++)
                n += job->targets[i].named_count;
        t->items = calloc(n ? n : 1, sizeof *t->items);
        t->open = calloc(ZC_TRACK_OPEN_MAX, sizeof *t->open);
        if (!t->items || !t->open) {
                zc_track_release(t);
                return zc_fail(err, ZC_E_NOMEM, "no memory for %zu targets", n);
        }
        for (size_t i = 0; i < job->target_count; i++) {
                for (size_t j = 0; j < job->targets[i].named_count; j++) {
                        if (zc_shard_has(&job->shard, &job->targets[i].named[j]))
                                t->items[t->count++] =
                                        (struct zc_tracked){ .jt = &job->targets[i],
                                                             .t = &job->targets[i].named[j],
                                                             .target = i,
                                                             .named = j };
                }
        }
        return true;
}

void zc_track_release(struct zc_track *t)
{
        free(t->items);
        free(t->open);
        t->items = NULL;
        t->open = NULL;
        t->count = t->open_count = 0;
}

/* ---- records ---- */

static struct zc_tracked *item_find(struct zc_track *t, const struct zc_record *r)
{
        for (size_t i = 0; i < t->count; i++) {
                if (t->items[i].target == r->target && t->items[i].named == r->named)
                        return &t->items[i];
        }
        return NULL;
}

static bool begin_note(struct zc_track *t, const struct zc_record *r, struct zc_err *err)
{
        struct zc_tracked *item = item_find(t, r);
        struct zc_track_open *open;

        if (!item || item->ended)
                return zc_fail(err, ZC_E_MALFORMED, "begin record: no such target is open");
        if (t->open_count == ZC_TRACK_OPEN_MAX)
                return zc_fail(err, ZC_E_LIMIT, "begin record: %u addresses are open already",
                               ZC_TRACK_OPEN_MAX);
        item->begun = true;
        open = &t->open[t->open_count++];
        open->item = (size_t)(item - t->items);
        snprintf(open->address, sizeof open->address, "%s", r->address);
        return true;
}

static void open_close(struct zc_track *t, size_t i)
{
        t->open[i] = t->open[--t->open_count];
}

static bool end_note(struct zc_track *t, const struct zc_record *r, struct zc_err *err)
{
        struct zc_tracked *item = item_find(t, r);

        if (!item || item->ended)
                return zc_fail(err, ZC_E_MALFORMED, "end record: no such target is open");
        item->ended = true;
        item->answered = r->answered;
        for (size_t i = t->open_count; i-- > 0;) {
                if (t->open[i].item == (size_t)(item - t->items))
                        open_close(t, i);
        }
        return true;
}

/** A scan ends the address that was begun; one address may be begun for two things named on it. */
static void scan_note(struct zc_track *t, const struct zc_record *r)
{
        const char *address = zc_json_str(r->body, "address", "");

        for (size_t i = 0; i < t->open_count; i++) {
                if (strcmp(t->open[i].address, address) == 0) {
                        open_close(t, i);
                        return;
                }
        }
}

static void host_note(struct zc_track *t, const struct zc_record *r)
{
        const json_t *probes = json_object_get(r->body, "probes");

        for (size_t i = 0; i < t->plan->count; i++)
                t->outcome[i] |= json_object_get(probes, t->plan->rows[i].probe->id) != NULL;
}

bool zc_track_record(struct zc_track *t, const struct zc_record *r, struct zc_err *err)
{
        switch (r->kind) {
        case ZC_RECORD_BEGIN:
                return begin_note(t, r, err);
        case ZC_RECORD_END:
                return end_note(t, r, err);
        case ZC_RECORD_SCAN:
                scan_note(t, r);
                return true;
        case ZC_RECORD_HOST:
                host_note(t, r);
                return true;
        case ZC_RECORD_ENDPOINT:
        case ZC_RECORD_PROBLEM:
                return true;
        }
        return zc_fail(err, ZC_E_MALFORMED, "a record of an unknown form");
}

/* ---- what has no outcome ---- */

static void put(const struct zc_sink *sink, json_t *record)
{
        sink->put(sink->ctx, record);
}

/** Where a target would have been: its address, or its name where that was never resolved. */
static void item_leave(const struct zc_track *t, const struct zc_tracked *item,
                       enum zc_outcome outcome, const char *why, const struct zc_sink *sink)
{
        const struct zc_target *target = item->t;
        const char *address = target->host ? target->host : target->named;
        const char *asset = zc_plan_asset(item->jt, target, t->vantage, target->named);
        const char *name = target->literal ? NULL : target->host;

        if (target->kind == ZC_TARGET_LOCAL)
                return;
        put(sink, zc_scan_record(asset, address, outcome, why, ""));
        if (target->kind == ZC_TARGET_SERVICE && outcome == ZC_FAILED)
                put(sink, json_pack("{s:{s:s, s:s, s:i, s:s, s:s?, s:s, s:o}}", "endpoint", "asset",
                                    asset, "address", address, "port", (int)target->port,
                                    "transport", "tcp", "name", name, "state", "unknown", "reason",
                                    zc_text_json(why)));
}

/** A name may have had more addresses than the one that was last begun: they stand under the name. */
static void name_rest_leave(const struct zc_track *t, const struct zc_tracked *item,
                            const char *why, const struct zc_sink *sink)
{
        put(sink, zc_scan_record(zc_plan_asset(item->jt, item->t, t->vantage, item->t->named),
                                 item->t->host, ZC_FAILED, why, ""));
}

static void open_leave(const struct zc_track *t, const char *why, const struct zc_sink *sink)
{
        for (size_t i = 0; i < t->open_count; i++) {
                const struct zc_tracked *item = &t->items[t->open[i].item];

                put(sink,
                    zc_scan_record(zc_plan_asset(item->jt, item->t, t->vantage, t->open[i].address),
                                   t->open[i].address, ZC_FAILED, why, ""));
        }
}

static void items_leave(const struct zc_track *t, const char *why, const struct zc_sink *sink)
{
        for (size_t i = 0; i < t->count; i++) {
                const struct zc_tracked *item = &t->items[i];

                if (item->ended)
                        continue;
                put(sink, zc_problem_record("collector", item->t->named, "",
                                            "this target was not looked at to its end", why));
                if (!item->begun || item->t->kind == ZC_TARGET_BLOCK)
                        item_leave(t, item, ZC_FAILED, why, sink);
                else if (!item->t->literal && item->t->kind != ZC_TARGET_LOCAL)
                        name_rest_leave(t, item, why, sink);
        }
}

static bool looks_at_targets(const struct zc_track *t)
{
        return zc_plan_scope_runs(t->plan, ZC_SCOPE_TARGET) ||
               zc_plan_scope_runs(t->plan, ZC_SCOPE_ENDPOINT);
}

void zc_track_finish(struct zc_track *t, const char *why, const struct zc_sink *sink)
{
        for (size_t i = 0; i < t->plan->count; i++) {
                const struct zc_plan_row *row = &t->plan->rows[i];

                if (row->probe->scope != ZC_SCOPE_HOST || !zc_plan_runs(row) || t->outcome[i])
                        continue;
                put(sink, json_pack("{s:{s:{s:o}}}", "host", "probes", row->probe->id,
                                    zc_outcome_json(ZC_FAILED, why, "")));
        }
        if (!looks_at_targets(t))
                return;
        open_leave(t, why, sink);
        items_leave(t, why, sink);
        t->open_count = 0;
}

void zc_track_skipped(struct zc_track *t, const struct zc_sink *sink)
{
        const char *why = "--skip";

        for (size_t i = 0; i < t->plan->count; i++) {
                const struct zc_plan_row *row = &t->plan->rows[i];

                if (row->how != ZC_PLAN_SKIPPED)
                        continue;
                if (row->probe->scope == ZC_SCOPE_HOST)
                        put(sink, json_pack("{s:{s:{s:o}}}", "host", "probes", row->probe->id,
                                            zc_outcome_json(ZC_SKIPPED, row->why, "")));
                else
                        why = row->why;
        }
        if (looks_at_targets(t))
                return;
        for (size_t i = 0; i < t->count; i++)
                item_leave(t, &t->items[i], ZC_SKIPPED, why, sink);
}

bool zc_track_missing(const struct zc_track *t)
{
        for (size_t i = 0; i < t->count; i++) {
                enum zc_target_kind kind = t->items[i].t->kind;

                if ((kind == ZC_TARGET_HOST || kind == ZC_TARGET_SERVICE) && looks_at_targets(t) &&
                    !t->items[i].answered)
                        return true;
        }
        return false;
}
