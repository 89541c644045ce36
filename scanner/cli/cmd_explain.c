/** zerocrit explain: one finding in full; or what became of one rule on one subject, passes and unknowns too. */
#include <string.h>

#include "asked.h"
#include "commands.h"
#include "outputs.h"
#include "zc/judge.h"
#include "zc/text.h"

static void out_clean(struct zc_out *out, const char *s)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_escape(&t, s, strlen(s));
        zc_out_puts(out, zc_text_str(&t));
}

static size_t explain_findings(const struct zc_options *o, const struct zc_asked *q,
                               const json_t *report, struct zc_out *out)
{
        const struct zc_render how = { .columns = zc_columns(STDOUT_FILENO),
                                       .colour = zc_colour_wanted(o, "-") };
        const json_t *f;
        size_t i, n = 0;

        json_array_foreach (json_object_get(report, "findings"), i, f) {
                if (!zc_asked_finding(q, f))
                        continue;
                if (n++ > 0)
                        zc_out_puts(out, "\n");
                zc_report_explain(report, f, &how, out);
        }
        return n;
}

/** "ZC-FW-001: pass on 3, unknown on 1: firewall: needs CAP_NET_ADMIN" */
static size_t explain_checks(const struct zc_asked *q, const json_t *report, struct zc_out *out)
{
        const json_t *check;
        size_t i, n = 0;

        json_array_foreach (json_object_get(report, "checks"), i, check) {
                const char *why = zc_json_str(check, "why", "");

                if (!zc_asked_check(q, report, check))
                        continue;
                n++;
                out_clean(out, q->what);
                zc_out_puts(out, "  ");
                out_clean(out, zc_json_str(check, "verdict", "?"));
                if (q->subject) {
                        zc_out_puts(out, " on ");
                        out_clean(out, q->subject);
                } else {
                        zc_out_printf(
                                out, " on %lld",
                                (long long)json_integer_value(json_object_get(check, "count")));
                }
                if (*why) {
                        zc_out_puts(out, ": ");
                        out_clean(out, why);
                }
                zc_out_puts(out, "\n");
        }
        return n;
}

static bool explain_run(struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;
        json_auto_t *report = NULL;
        struct zc_asked q;
        size_t n;

        if (!zc_asked_read(&q, o, "explain", err))
                return false;
        report = zc_report_load(q.report, err);
        if (!report || !zc_out_open("-", 0600, &out, err))
                return false;
        n = q.rule ? explain_checks(&q, report, out) : 0;
        n += explain_findings(o, &q, report, out);
        if (n == 0 && q.subject)
                return zc_fail(err, ZC_E_USAGE,
                               "%s has no check of %.64s on \"%.128s\"; checks[] and subjects[] of "
                               "the report name them",
                               q.report, q.what, q.subject);
        if (n == 0)
                return zc_fail(err, ZC_E_USAGE,
                               "%s has no \"%.64s\"; `zerocrit report %s -v` shows what it has",
                               q.report, q.what, q.report);
        *status = ZC_EXIT_FAULT;
        if (!zc_out_commit(out, err))
                return false;
        *status = ZC_EXIT_MET;
        return true;
}

const struct zc_command zc_command_explain = {
        .name = "explain",
        .bit = ZC_CMD_EXPLAIN,
        .arguments = "WHAT [REPORT] | RULE [SUBJECT] [REPORT]",
        .summary = "one finding in full; or what a rule said of a subject",
        .examples =
                (const struct zc_example[]){
                        { "zerocrit explain C1",
                          "The finding C1 of ./report.json, else build/audit/report.json." },
                        { "zerocrit explain ZC-FW-001 host/firewall report.json",
                          "What a rule said there: pass, fail or unknown, and why." },
                        { "zerocrit explain ZC-FW-001", "What it said everywhere." },
                        { NULL, NULL } },
        .details = "WHAT is a label or a fingerprint (its first eight characters suffice). "
                   "`zerocrit rules explain RULE` explains the rule itself.",
        .status = "0 explained, 2 wrong input, or the report has no such thing, 4 it could not be "
                  "written.",
        .run = explain_run,
};
