/** The report: what was looked at and by which rules, around what the tally knows. */
#include <string.h>

#include "judge_internal.h"
#include "zc/clock.h"
#include "zc/embed.h"
#include "zc/pack.h"
#include "zc/schema.h"

#define REPORT_MAX ((size_t)512 << 20)

struct problems {
        const char *run;
        json_t *list;
};

static bool visit_problem(void *ctx, const json_t *problem, size_t index, struct zc_err *err)
{
        const struct problems *p = ctx;
        json_auto_t *safe = zc_json_shown(problem);
        json_t *copy = json_copy(safe);

        (void)index;
        if (json_object_set_new(copy, "run", json_string(p->run)) != 0 ||
            json_array_append(p->list, copy) != 0) {
                json_decref(copy);
                return zc_fail(err, ZC_E_NOMEM, "no memory for problems");
        }
        json_decref(copy);
        return true;
}

/** That a machine id stands for several machines is said: whoever reads the report decides by it who saw what. */
static bool clone_add(const struct zc_evidence *ev, json_t *list, struct zc_err *err)
{
        const char *machine = zc_evidence_machine(ev);
        json_auto_t *text =
                machine ? json_sprintf("its vantage id %.64s is that of another vantage with other "
                                       "addresses (a clone, a container, a network namespace): "
                                       "this one is called %.320s here; --vantage NAME names it",
                                       machine, zc_evidence_vantage(ev))
                        : NULL;
        json_auto_t *problem = text ? json_pack("{s:s, s:O}", "run",
                                                zc_json_str(zc_evidence_run(ev), "id", ""), "what",
                                                text)
                                    : NULL;
        json_auto_t *safe = problem ? zc_json_shown(problem) : NULL;

        return !machine || (safe && json_array_append(list, safe) == 0) ||
               zc_fail(err, ZC_E_NOMEM, "no memory for problems");
}

static json_t *problems_json(struct zc_evidence *const *evs, size_t count, struct zc_err *err)
{
        json_auto_t *list = json_array();

        for (size_t e = 0; e < count; e++) {
                struct problems p = { zc_json_str(zc_evidence_run(evs[e]), "id", ""), list };
                const struct zc_evidence_visitor v = { .problem = visit_problem, .ctx = &p };

                if (!zc_evidence_visit(evs[e], &v, err) || !clone_add(evs[e], list, err))
                        return NULL;
        }
        return ZC_TAKE(list);
}

static json_t *runs_json(struct zc_evidence *const *evs, size_t count)
{
        json_t *out = json_array();

        for (size_t e = 0; e < count; e++) {
                json_auto_t *safe = zc_json_shown(zc_evidence_run(evs[e]));
                json_t *run = json_copy(safe);

                if (!zc_evidence_finished(evs[e]) || !json_object_get(run, "finished"))
                        json_object_set_new(run, "finished", json_null());
                json_array_append_new(out, run);
        }
        return out;
}

static json_t *baseline_json(const json_t *baseline)
{
        if (!baseline)
                return json_null();
        return json_pack("{s:s, s:I}", "created", zc_json_str(baseline, "created", ""), "findings",
                         (json_int_t)json_array_size(json_object_get(baseline, "findings")));
}

json_t *zc_judge_report(struct zc_evidence *const *evs, size_t count,
                        const struct zc_judge_options *o, const struct zc_terms *terms,
                        json_t *exposure, struct zc_tally *tally, struct zc_err *err)
{
        json_auto_t *report = NULL, *frameworks = NULL;
        json_auto_t *authorisation =
                o->authorisation ? zc_json_parse(o->authorisation, strlen(o->authorisation), err)
                                 : json_null();
        json_auto_t *problems = authorisation ? problems_json(evs, count, err) : NULL;
        char now[ZC_TIME_LEN];

        if (!problems)
                return NULL;
        zc_time_format(o->now_ms, now);
        report = json_pack("{s:s, s:s, s:s, s:O, s:{s:I, s:s, s:o}, s:O, s:O, s:O, s:O, s:o, s:o}",
                           "schema", ZC_REPORT_SCHEMA, "created", now, "version", ZC_VERSION,
                           "profile", json_object_get(terms->selection, "profile"), "pack", "rules",
                           (json_int_t)zc_pack_count(terms->pack), "digest",
                           zc_pack_digest(terms->pack), "parts", zc_pack_parts_json(o->pack),
                           "selection", terms->selection, "policy", terms->policy, "params",
                           terms->params, "authorisation", authorisation, "baseline",
                           baseline_json(o->baseline), "runs", runs_json(evs, count));
        if (!report) {
                zc_fail(err, ZC_E_NOMEM, "no memory for the report");
                return NULL;
        }
        if (!zc_tally_report(tally, o->baseline, report, err))
                return NULL;
        frameworks = zc_frameworks_report(o->pack, json_object_get(report, "checks"), err);
        if (!frameworks)
                return NULL;
        if (json_object_set(report, "frameworks", frameworks) != 0 ||
            json_object_set(report, "exposure", exposure) != 0 ||
            json_object_set(report, "problems", problems) != 0) {
                zc_fail(err, ZC_E_NOMEM, "no memory for the report");
                return NULL;
        }
        return ZC_TAKE(report);
}

/** Against the schema; members that a newer version gained are let through. */
static bool report_check(const char *name, const json_t *report, struct zc_err *err)
{
        const struct zc_embedded *e = zc_embedded_find("reports/schema/report.schema.json");
        json_auto_t *schema = e ? zc_json_parse(e->data, (size_t)(e->end - e->data), err) : NULL;
        bool ok;
        ZC_AUTO_TEXT where = { 0 };

        if (!schema)
                return zc_fail(err, ZC_E_UNSUPPORTED,
                               "built without reports/schema/report.schema.json");
        zc_text_init(&where, 256);
        ok = zc_schema_check(schema, report, false, &where, err);
        if (!ok) {
                err->code = ZC_E_USAGE;
                zc_ctx(err, "%s: %s", name, where.len ? zc_text_str(&where) : "the document");
        }
        return ok;
}

json_t *zc_report_load(const char *path, struct zc_err *err)
{
        json_auto_t *report = zc_json_load(path, REPORT_MAX, err);
        const char *name = strcmp(path, "-") == 0 ? "standard input" : path;

        if (!report)
                return NULL;
        if (strcmp(zc_json_str(report, "schema", ""), ZC_REPORT_SCHEMA) != 0) {
                zc_fail(err, ZC_E_USAGE,
                        "%s is not a report (its schema is not %s); make one with `zerocrit judge "
                        "EVIDENCE -o %s`",
                        name, ZC_REPORT_SCHEMA, "report.json");
                return NULL;
        }
        if (!report_check(name, report, err))
                return NULL;
        return ZC_TAKE(report);
}
