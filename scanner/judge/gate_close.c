/** The gate closes: what failed it, what was not seen, and the verdict in words. */
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"

/* The findings that count against one thing the gate forbids. */
struct against {
        const struct zc_gate *gate;
        const json_t *risen; /* fingerprints that the baseline knew, and that weigh more now */
        json_t *target, *found, *reasons;
        bool failed;
};

static enum zc_severity severity_of(const json_t *finding)
{
        enum zc_severity s = ZC_INFO;

        return zc_severity_parse(zc_json_str(finding, "severity", ""), &s) ? s : ZC_INFO;
}

/** An open finding. A baseline excuses none: what it knew bears only on what counts as new. */
static bool counts(const json_t *f)
{
        return strcmp(zc_json_str(f, "status", ""), "open") == 0 &&
               strcmp(zc_json_str(f, "change", ""), "absent") != 0;
}

static void forbid(struct against *a, const char *name, json_int_t found, json_int_t allowed,
                   const char *words)
{
        json_object_set_new(a->target, name, json_integer(allowed));
        json_object_set_new(a->found, name, json_integer(found));
        if (found <= allowed)
                return;
        a->failed = true;
        json_array_append_new(a->reasons, zc_json_printf("%lld %s (allowed %lld)", (long long)found,
                                                         words, (long long)allowed));
}

static bool is_new(const struct zc_gate *g, const char *change)
{
        if (strcmp(change, "new-rule") == 0)
                return g->new_rules == ZC_NEW_RULES_FAIL;
        return strcmp(change, "new") == 0 || strcmp(change, "new-data") == 0;
}

/** New at its severity: nobody has accepted it, or looked at it, as what it is now. */
static bool is_new_here(const struct against *a, const json_t *f)
{
        return is_new(a->gate, zc_json_str(f, "change", "")) ||
               json_object_get(a->risen, zc_json_str(f, "fingerprint", ""));
}

static void forbid_severities(struct against *a, const json_t *findings)
{
        json_int_t n[ZC_SEVERITY_COUNT][2] = { { 0 } };
        const json_t *f;
        size_t i;

        json_array_foreach (findings, i, f) {
                enum zc_severity s = severity_of(f);

                n[s][0] += counts(f);
                n[s][1] += counts(f) && is_new_here(a, f);
        }
        for (size_t k = ZC_SEVERITY_COUNT; k-- > 0;) {
                const char *name = zc_severity_name((enum zc_severity)k);
                char words[32];

                if (a->gate->severity[k])
                        forbid(a, name, n[k][0], 0, name);
                snprintf(words, sizeof(words), "new-%s", name);
                if (a->gate->new_severity[k])
                        forbid(a, words, n[k][1], 0, words);
        }
}

static void forbid_others(struct against *a, const json_t *findings)
{
        json_int_t fresh = 0;
        const json_t *selector, *f;
        size_t i, k;

        json_array_foreach (a->gate->fail_selectors, i, selector) {
                json_int_t n = 0;

                json_array_foreach (findings, k, f) {
                        n += counts(f) && zc_selector_matches(json_string_value(selector),
                                                              zc_json_str(f, "rule", ""),
                                                              json_object_get(f, "tags"));
                }
                forbid(a, json_string_value(selector), n, 0, json_string_value(selector));
        }
        json_array_foreach (findings, k, f) {
                fresh += counts(f) && is_new(a->gate, zc_json_str(f, "change", ""));
        }
        if (a->gate->max_new >= 0)
                forbid(a, "max_new", fresh, a->gate->max_new, "new");
}

/** What a required check that has no answer asks of the reader; the same words for all that share a cause. */
static json_t *row_reason(const struct zc_tally *t, const struct zc_row *r)
{
        const char *subject =
                r->range_count ? json_string_value(json_array_get(t->subjects, r->ranges[0][0]))
                               : "";

        if (r->probe && r->needs && *r->needs)
                return zc_json_printf("%s not readable (needs %s): zerocrit doctor", r->probe,
                                      r->needs);
        if (r->probe)
                return zc_json_printf("%s", r->why);
        if (r->count > 1)
                return zc_json_printf("%s not answered on %zu subjects: %s", r->rule, r->count,
                                      r->why);
        return zc_json_printf("%s not answered on %s: %s", r->rule, subject, r->why);
}

static void reason_once(json_t *reasons, json_t *seen, json_t *reason)
{
        const char *words = json_string_value(reason);

        if (words && !json_object_get(seen, words)) {
                json_object_set_new(seen, words, json_true());
                json_array_append(reasons, reason);
        }
        json_decref(reason);
}

static void incomplete_reasons(const struct zc_tally *t, json_t *reasons)
{
        json_auto_t *seen = json_object();
        const json_t *v;
        size_t i;

        for (size_t r = 0; r < t->row_count; r++) {
                const struct zc_row *row = &t->rows[r];

                if (row->required && !row->waived &&
                    (row->verdict == ZC_UNKNOWN || row->verdict == ZC_ERROR))
                        reason_once(reasons, seen, row_reason(t, row));
        }
        json_array_foreach (t->missing, i, v) {
                reason_once(reasons, seen, json_incref((json_t *)(uintptr_t)v));
        }
}

/** What does not fail the gate, and should be looked at before it does. */
static json_t *warnings(const struct zc_tally *t, const json_t *findings)
{
        json_t *out = json_copy(t->warnings);
        size_t fresh = 0, i;
        const json_t *f;

        json_array_foreach (findings, i, f) {
                fresh += strcmp(zc_json_str(f, "change", ""), "new-rule") == 0 &&
                         strcmp(zc_json_str(f, "status", ""), "open") == 0;
        }
        if (fresh && t->gate->new_rules == ZC_NEW_RULES_WARN)
                json_array_append_new(
                        out, zc_json_printf("%zu finding%s of rules that the baseline did not have "
                                            "(new_rules: warn)",
                                            fresh, fresh == 1 ? "" : "s"));
        return out;
}

json_t *zc_gate_close(const struct zc_tally *t, const json_t *findings)
{
        json_t *reasons = json_array();
        struct against a = { t->gate, t->risen, json_object(), json_object(), reasons, false };
        size_t failures;
        const char *verdict;

        forbid_severities(&a, findings);
        forbid_others(&a, findings);
        failures = json_array_size(reasons);
        incomplete_reasons(t, reasons);
        verdict = a.failed ? "fail" : json_array_size(reasons) > failures ? "incomplete" : "pass";
        return json_pack("{s:s, s:o, s:o, s:{s:I, s:I, s:I}, s:o, s:o}", "verdict", verdict,
                         "target", a.target, "found", a.found, "required", "done",
                         (json_int_t)t->required_done, "of", (json_int_t)t->required_of, "waived",
                         (json_int_t)t->required_waived, "reasons", reasons, "warnings",
                         warnings(t, findings));
}

/* ---- the verdict, in one line ---- */

int zc_report_status(const json_t *report)
{
        const char *verdict = zc_json_str(report, "gate.verdict", "");

        if (strcmp(verdict, "pass") == 0)
                return 0;
        return strcmp(verdict, "fail") == 0 ? 1 : 3;
}

static json_int_t count_of(const json_t *report, const char *severity, const char *status)
{
        return json_integer_value(json_object_get(
                json_object_get(json_object_get(report, "counts"), severity), status));
}

static void add_counts(const json_t *report, struct zc_text *out)
{
        json_int_t high = count_of(report, "high", "open"), waived = 0;

        for (size_t s = 0; s < ZC_SEVERITY_COUNT; s++)
                waived += count_of(report, zc_severity_name((enum zc_severity)s), "waived");
        if (high && !zc_json_at(report, "gate.target.high"))
                zc_text_printf(out, ", %lld high", (long long)high);
        if (waived)
                zc_text_printf(out, ", %lld waived", (long long)waived);
}

/** "1 critical (allowed 0), 3 high (allowed 0)", or "0 critical" of what is forbidden and not there. */
static void add_target(const json_t *report, bool failed, struct zc_text *out)
{
        const json_t *found = zc_json_at(report, "gate.found");
        size_t start = out->len;
        const char *name;
        json_t *allowed;

        json_object_foreach (zc_json_at(report, "gate.target"), name, allowed) {
                long long n = json_integer_value(json_object_get(found, name));
                long long most = json_integer_value(allowed);
                const char *words = strcmp(name, "max_new") == 0 ? "new" : name;

                if (failed && n > most)
                        zc_text_printf(out, "%s%lld %s (allowed %lld)",
                                       out->len > start ? ", " : "", n, words, most);
                else if (!failed)
                        zc_text_printf(out, "%s%lld %s", out->len > start ? ", " : "", n, words);
        }
        if (out->len == start)
                zc_text_printf(out, "%lld critical",
                               (long long)count_of(report, "critical", "open"));
}

static void add_required(const json_t *report, struct zc_text *out)
{
        if (json_integer_value(zc_json_at(report, "gate.required.of")) == 0) {
                zc_text_add(out, "; nothing required applied here");
                return;
        }
        zc_text_printf(out, "; %lld of %lld required checks done",
                       (long long)json_integer_value(zc_json_at(report, "gate.required.done")),
                       (long long)json_integer_value(zc_json_at(report, "gate.required.of")));
}

/** The first reasons as they are, then how many more there are. */
static void add_reasons(const json_t *report, struct zc_text *out)
{
        const json_t *reasons = zc_json_at(report, "gate.reasons");
        size_t n = json_array_size(reasons), shown = n > 2 ? 2 : n;

        for (size_t i = 0; i < shown; i++) {
                const char *s = json_string_value(json_array_get(reasons, i));

                zc_text_printf(out, "; %s", s ? s : "");
        }
        if (n > shown)
                zc_text_printf(out, "; and %zu more", n - shown);
}

char *zc_report_verdict(const json_t *report)
{
        static const char *const words[] = { [0] = "MET", [1] = "NOT MET", [3] = "NOT SHOWN" };
        int status = zc_report_status(report);
        struct zc_text out;

        zc_text_init(&out, 2048);
        zc_text_printf(&out, "%s  ", words[status]);
        add_target(report, status == 1, &out);
        if (status == 3) {
                zc_text_add(&out, " found");
                add_reasons(report, &out);
                return zc_text_steal(&out);
        }
        add_counts(report, &out);
        add_required(report, &out);
        return zc_text_steal(&out);
}
