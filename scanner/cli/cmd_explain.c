/** zerocrit explain: one finding in full; or what became of one rule on one subject, passes and unknowns too. */
#include <string.h>

#include "commands.h"
#include "outputs.h"
#include "zc/judge.h"
#include "zc/text.h"

#define PREFIX_MIN 8u

/* What was asked for. */
struct question {
        const char *what, *subject, *report; /* subject: NULL for any */
        bool rule;
};

static void out_clean(struct zc_out *out, const char *s)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_escape(&t, s, strlen(s));
        zc_out_puts(out, zc_text_str(&t));
}

/** `WHAT [REPORT]`, or `RULE [SUBJECT [REPORT]]`: what follows a rule is a subject, unless it is a file. */
static bool question_read(const struct zc_options *o, struct question *q, struct zc_err *err)
{
        const char **a = o->args.item;
        size_t n = o->args.count;

        q->rule = strncmp(q->what, "ZC-", 3) == 0;
        if (q->rule && n > 1 && (n > 2 || access(a[1], F_OK) != 0)) {
                q->subject = a[1];
                a++;
                n--;
        }
        if (n > 2)
                return zc_fail(err, ZC_E_USAGE,
                               "\"%.64s\" is one word too many: explain WHAT [REPORT], or RULE "
                               "SUBJECT [REPORT]",
                               a[2]);
        q->report = n > 1 ? a[1] : zc_report_usual();
        return q->report ||
               zc_fail(err, ZC_E_USAGE,
                       "there is no report.json here, nor build/audit/report.json: name a report");
}

static bool finding_asked(const struct question *q, const json_t *f)
{
        size_t n = strlen(q->what);

        if (q->rule)
                return strcmp(zc_json_str(f, "rule", ""), q->what) == 0 &&
                       (!q->subject || strcmp(zc_json_str(f, "subject", ""), q->subject) == 0);
        return zc_ascii_eq(zc_json_str(f, "label", "-"), q->what) ||
               (n >= PREFIX_MIN && strncmp(zc_json_str(f, "fingerprint", ""), q->what, n) == 0);
}

static size_t explain_findings(const struct zc_options *o, const struct question *q,
                               const json_t *report, struct zc_out *out)
{
        const struct zc_render how = { .columns = zc_columns(STDOUT_FILENO),
                                       .colour = zc_colour_wanted(o, "-") };
        const json_t *f;
        size_t i, n = 0;

        json_array_foreach (json_object_get(report, "findings"), i, f) {
                if (!finding_asked(q, f))
                        continue;
                if (n++ > 0)
                        zc_out_puts(out, "\n");
                zc_report_explain(report, f, &how, out);
        }
        return n;
}

static bool range_has(const json_t *report, const json_t *range, const char *subject)
{
        const json_t *subjects = json_object_get(report, "subjects");
        json_int_t first = json_integer_value(json_array_get(range, 0));
        json_int_t last = json_integer_value(json_array_get(range, 1));

        for (json_int_t i = first < 0 ? 0 : first;
             i <= last && (size_t)i < json_array_size(subjects); i++) {
                const char *s = json_string_value(json_array_get(subjects, (size_t)i));

                if (s && strcmp(s, subject) == 0)
                        return true;
        }
        return false;
}

static bool check_asked(const struct question *q, const json_t *report, const json_t *check)
{
        const json_t *range;
        size_t i;

        if (strcmp(zc_json_str(check, "rule", ""), q->what) != 0)
                return false;
        if (!q->subject)
                return true;
        json_array_foreach (json_object_get(check, "subjects"), i, range) {
                if (range_has(report, range, q->subject))
                        return true;
        }
        return false;
}

/** "ZC-FW-001: pass on 3, unknown on 1: firewall: needs CAP_NET_ADMIN" */
static size_t explain_checks(const struct question *q, const json_t *report, struct zc_out *out)
{
        const json_t *check;
        size_t i, n = 0;

        json_array_foreach (json_object_get(report, "checks"), i, check) {
                const char *why = zc_json_str(check, "why", "");

                if (!check_asked(q, report, check))
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
        struct question q = { .what = o->args.count > 0 ? o->args.item[0] : "" };
        size_t n;

        if (o->args.count == 0)
                return zc_fail(err, ZC_E_USAGE,
                               "explain what? a label (C1), a fingerprint, or RULE SUBJECT");
        if (!question_read(o, &q, err))
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
