/**
 * JUnit XML as GitLab and Jenkins read it (junit-10.xsd of the xunit plugin): a suite is an asset, a test case a rule, with one outcome each, so that
 * trends hold. A suite of its own carries the gate: it is red when, and only when, the exit status is not 0.
 */
#include <string.h>

#include "markup.h"
#include "page.h"
#include "view.h"
#include "zc/judge.h"
#include "zc/report.h"

#define PLACES_MAX 50u /* places of one case that are named */
#define TEXT_MAX_BYTES 2048u

/* One rule on one asset. Findings are borrowed through arrays. */
struct rule_case {
        const char *rule;
        json_t *counted, *below, *waived; /* findings: at or above the gate, below it, waived */
        size_t passed, notapplicable, unknown, required;
        const char *why;    /* the first reason of an unknown; a required one's before others */
        const char *waiver; /* of an unknown that is waived */
};

struct suite {
        const char *asset;
        struct rule_case *cases;
        size_t count;
        json_t *index; /* rule -> position */
};

struct suites {
        const json_t *report;
        struct suite *s;
        size_t count;
        json_t *index; /* asset -> position */
};

enum outcome { PASSED, FAILED, ERRED, SKIPPED, OUTCOMES };

static void suites_release(struct suites *all)
{
        for (size_t i = 0; i < all->count; i++) {
                struct suite *s = &all->s[i];

                for (size_t k = 0; k < s->count; k++) {
                        json_decref(s->cases[k].counted);
                        json_decref(s->cases[k].below);
                        json_decref(s->cases[k].waived);
                }
                json_decref(s->index);
                free(s->cases);
        }
        free(all->s);
        json_decref(all->index);
}

/** Position of key in the index, made when new: *fresh tells. -1 when out of memory. */
static json_int_t place(json_t *index, const char *key, size_t count, bool *fresh)
{
        const json_t *at = json_object_get(index, key);

        *fresh = !at;
        if (at)
                return json_integer_value(at);
        return json_object_set_new(index, key, json_integer((json_int_t)count)) == 0
                       ? (json_int_t)count
                       : -1;
}

static struct suite *suite_for(struct suites *all, const char *asset)
{
        bool fresh;
        json_int_t at = place(all->index, asset, all->count, &fresh);
        struct suite *more;

        if (at < 0 || !fresh)
                return at < 0 ? NULL : &all->s[at];
        more = reallocarray(all->s, all->count + 1, sizeof(*more));
        if (!more)
                return NULL;
        all->s = more;
        more += all->count++;
        *more = (struct suite){ .asset = asset, .index = json_object() };
        return more->index ? more : NULL;
}

static struct rule_case *case_for(struct suites *all, const char *asset, const char *rule)
{
        struct suite *s = suite_for(all, asset);
        struct rule_case *more;
        json_int_t at;
        bool fresh;

        if (!s)
                return NULL;
        at = place(s->index, rule, s->count, &fresh);
        if (at < 0 || !fresh)
                return at < 0 ? NULL : &s->cases[at];
        more = reallocarray(s->cases, s->count + 1, sizeof(*more));
        if (!more)
                return NULL;
        s->cases = more;
        more += s->count++;
        *more = (struct rule_case){
                .rule = rule, .counted = json_array(), .below = json_array(), .waived = json_array()
        };
        return more->counted && more->below && more->waived ? more : NULL;
}

static bool add_findings(struct suites *all)
{
        json_t *f;
        size_t i;

        json_array_foreach (json_object_get(all->report, "findings"), i, f) {
                struct rule_case *c;
                json_t *list;

                if (strcmp(zc_json_str(f, "change", ""), "absent") == 0)
                        continue;
                c = case_for(all, zc_json_str(f, "asset", ""), zc_json_str(f, "rule", ""));
                if (!c)
                        return false;
                list = !page_finding_open(f)              ? c->waived
                       : view_gate_counts(all->report, f) ? c->counted
                                                          : c->below;
                if (json_array_append(list, f) != 0)
                        return false;
        }
        return true;
}

/** A row of checks, on one subject of it. */
static void count_check(struct rule_case *c, const json_t *check)
{
        const char *verdict = zc_json_str(check, "verdict", "");
        bool required = json_is_true(json_object_get(check, "required"));

        if (strcmp(verdict, "pass") == 0) {
                c->passed++;
        } else if (strcmp(verdict, "notapplicable") == 0) {
                c->notapplicable++;
        } else if (strcmp(verdict, "fail") != 0) {
                const char *waived = zc_json_str(check, "waived", NULL);

                c->unknown++;
                c->waiver = waived ? waived : c->waiver;
                if (!c->why || (required && c->required == 0))
                        c->why = zc_json_str(check, "why", "");
                c->required += required && !waived;
        }
}

static bool add_check(struct suites *all, const json_t *check)
{
        const char *asset, *subject;
        const json_t *range;
        size_t i;

        json_array_foreach (json_object_get(check, "subjects"), i, range) {
                json_int_t at = json_integer_value(json_array_get(range, 0));
                json_int_t last = json_integer_value(json_array_get(range, 1));

                for (at = at < 0 ? 0 : at;
                     at <= last && view_subject(all->report, at, &asset, &subject); at++) {
                        struct rule_case *c = case_for(all, asset, zc_json_str(check, "rule", ""));

                        if (!c)
                                return false;
                        count_check(c, check);
                }
        }
        return true;
}

static bool suites_fill(struct suites *all)
{
        const json_t *check;
        size_t i;

        if (!all->index || !add_findings(all))
                return false;
        json_array_foreach (json_object_get(all->report, "checks"), i, check) {
                if (!add_check(all, check))
                        return false;
        }
        return true;
}

static enum outcome outcome_of(const struct rule_case *c)
{
        if (json_array_size(c->counted) > 0)
                return FAILED;
        if (c->required > 0)
                return ERRED;
        if (c->unknown > 0 || json_array_size(c->waived) > 0)
                return SKIPPED;
        return c->notapplicable > 0 && c->passed == 0 && json_array_size(c->below) == 0 ? SKIPPED
                                                                                        : PASSED;
}

static void put_findings(struct zc_out *out, const char *word, const json_t *findings)
{
        const json_t *f;
        size_t i;

        json_array_foreach (findings, i, f) {
                const char *fix = zc_json_str(f, "remediation.text", "");

                if (i == PLACES_MAX) {
                        zc_out_printf(out, "and %zu more\n",
                                      json_array_size(findings) - PLACES_MAX);
                        return;
                }
                markup_fmt(out, "%s%s: %s\n%s: ", word, zc_json_str(f, "severity", ""),
                           zc_json_str(f, "title", ""), zc_json_str(f, "subject", ""));
                markup_cut(out, zc_json_str(f, "message", ""), TEXT_MAX_BYTES);
                markup_fmt(out, "\n%s\n", zc_json_str(f, "fingerprint", ""));
                if (*fix && i == 0) {
                        zc_out_puts(out, "fix: ");
                        markup_cut(out, fix, TEXT_MAX_BYTES);
                        zc_out_puts(out, "\n");
                }
        }
}

static void put_failure(struct zc_out *out, const struct rule_case *c)
{
        const json_t *first = json_array_get(c->counted, 0);

        markup_fmt(out,
                   "      <failure type=\"%s\" message=\"%s: ", zc_json_str(first, "severity", ""),
                   zc_json_str(first, "subject", ""));
        markup_cut(out, zc_json_str(first, "message", ""), TEXT_MAX_BYTES);
        zc_out_puts(out, "\">");
        put_findings(out, "", c->counted);
        zc_out_puts(out, "</failure>\n");
}

static void put_skipped(struct zc_out *out, const struct rule_case *c)
{
        const json_t *first = json_array_get(c->waived, 0);

        if (first)
                markup_fmt(out, "      <skipped message=\"waived by %s\"/>\n",
                           zc_json_str(first, "waiver", "?"));
        else if (c->unknown > 0 && c->waiver)
                markup_fmt(out, "      <skipped message=\"not seen (%s), waived by %s\"/>\n",
                           c->why, c->waiver);
        else if (c->unknown > 0)
                markup_fmt(out, "      <skipped message=\"not seen: %s\"/>\n", c->why);
        else
                zc_out_puts(out, "      <skipped message=\"not applicable\"/>\n");
}

static void put_case(struct zc_out *out, const struct suite *s, const struct rule_case *c)
{
        enum outcome o = outcome_of(c);
        bool more = json_array_size(c->below) + json_array_size(c->waived) > 0;

        markup_fmt(out, "    <testcase classname=\"%s\" name=\"%s\" time=\"0\"", s->asset, c->rule);
        if (o == PASSED && !more) {
                zc_out_puts(out, "/>\n");
                return;
        }
        zc_out_puts(out, ">\n");
        if (o == FAILED)
                put_failure(out, c);
        else if (o == ERRED)
                markup_fmt(out, "      <error type=\"unknown\" message=\"not seen: %s\"/>\n",
                           c->why ? c->why : "");
        else if (o == SKIPPED)
                put_skipped(out, c);
        if (more) {
                zc_out_puts(out, "      <system-out>");
                put_findings(out, "below the gate, ", c->below);
                put_findings(out, "waived, ", c->waived);
                zc_out_puts(out, "</system-out>\n");
        }
        zc_out_puts(out, "    </testcase>\n");
}

static void suite_count(const struct suite *s, size_t n[OUTCOMES])
{
        for (size_t i = 0; i < s->count; i++)
                n[outcome_of(&s->cases[i])]++;
}

static void put_suite(struct zc_out *out, const struct suites *all, const struct suite *s)
{
        const char *known = page_vantage(all->report, s->asset);
        size_t n[OUTCOMES] = { 0 };

        suite_count(s, n);
        markup_fmt(out, "  <testsuite name=\"%s\"", known ? known : s->asset);
        zc_out_printf(
                out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"0\">\n",
                s->count, n[FAILED], n[ERRED], n[SKIPPED]);
        for (size_t i = 0; i < s->count; i++)
                put_case(out, s, &s->cases[i]);
        zc_out_puts(out, "  </testsuite>\n");
}

static void put_gate(struct zc_out *out, const json_t *report, const char *verdict)
{
        static const char *const tags[] = { [0] = NULL, [1] = "failure", [3] = "error" };
        int status = zc_report_status(report);
        const char *tag = tags[status];
        const json_t *v;
        size_t i;

        zc_out_printf(out,
                      "  <testsuite name=\"gate\" tests=\"1\" failures=\"%d\" errors=\"%d\" "
                      "skipped=\"0\" time=\"0\">\n"
                      "    <testcase classname=\"zerocrit\" name=\"gate\" time=\"0\">\n",
                      status == 1, status == 3);
        if (tag) {
                zc_out_printf(out, "      <%s type=\"gate\" message=\"", tag);
                markup_text(out, verdict);
                zc_out_puts(out, "\">");
                json_array_foreach (zc_json_at(report, "gate.reasons"), i, v) {
                        const char *s = json_string_value(v);

                        markup_fmt(out, "%s\n", s ? s : "");
                }
                zc_out_printf(out, "</%s>\n", tag);
        } else {
                zc_out_puts(out, "      <system-out>");
                markup_text(out, verdict);
                zc_out_puts(out, "</system-out>\n");
        }
        zc_out_puts(out, "    </testcase>\n  </testsuite>\n");
}

static void put_all(struct zc_out *out, const struct suites *all, const char *verdict)
{
        size_t n[OUTCOMES] = { 0 }, tests = 1;
        int status = zc_report_status(all->report);

        for (size_t i = 0; i < all->count; i++) {
                suite_count(&all->s[i], n);
                tests += all->s[i].count;
        }
        zc_out_printf(out,
                      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"zerocrit\" "
                      "tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n",
                      tests, n[FAILED] + (status == 1), n[ERRED] + (status == 3));
        put_gate(out, all->report, verdict);
        for (size_t i = 0; i < all->count; i++)
                put_suite(out, all, &all->s[i]);
        zc_out_puts(out, "</testsuites>\n");
}

static bool junit_render(const json_t *report, const struct zc_render *how, struct zc_out *out,
                         struct zc_err *err)
{
        struct suites all = { .report = report, .index = json_object() };
        ZC_AUTO_MEM char *verdict = zc_report_verdict(report);
        bool ok = verdict && suites_fill(&all);

        (void)how;
        if (ok)
                put_all(out, &all, verdict);
        suites_release(&all);
        return ok || zc_fail(err, ZC_E_NOMEM, "no memory to write the report as JUnit XML");
}

const struct zc_format zc_format_junit = {
        .name = "junit",
        .summary = "JUnit XML, for a pipeline's test page",
        .file = "zerocrit-junit.xml",
        .render = junit_render,
};
