/**
 * Markdown for a job's summary: counts and causes. Addresses, messages and evidence stand in it only with -v, since a summary is often open to more readers
 * than the artifacts are. GitHub drops a summary above 1 MiB whole: findings are left out from the least on, and counted.
 */
#include <string.h>

#include "page.h"
#include "view.h"
#include "zc/judge.h"
#include "zc/report.h"

#define WAIVERS_MAX 50u
#define BYTES_MAX (1000u * 1000u) /* under 1 MiB, with the tail */
#define CAUSES_MAX 50u            /* without -v */
#define CHANGES_MAX 5u
#define REASONS_MAX 20u
#define TEXT_MAX_BYTES 500u

/** Clean text in one line of which nothing acts as Markdown or HTML. Addresses stay apart from what would make links of them. */
static void md_text(struct zc_text *t, const char *s)
{
        ZC_AUTO_TEXT clean = { 0 };

        zc_text_init(&clean, TEXT_MAX_BYTES);
        page_clean(&clean, s);
        for (const char *c = zc_text_str(&clean); *c; c++) {
                if (*c == '<' || *c == '>' || *c == '&')
                        zc_text_add(t, *c == '<' ? "&lt;" : *c == '>' ? "&gt;" : "&amp;");
                else if (*c == '@' || (*c == ':' && c[1] == '/')) /* no mention, no link */
                        zc_text_printf(t, "&#%d;", *c);
                else if (strchr("\\`*_{}[]()#+!|~", *c))
                        zc_text_printf(t, "\\%c", *c);
                else
                        zc_text_addc(t, *c);
        }
        if (clean.cut)
                zc_text_add(t, "…");
}

static void md_member(struct zc_text *t, const json_t *of, const char *member)
{
        md_text(t, zc_json_str(of, member, ""));
}

/** "1 critical (allowed 0)" for each thing that the gate forbids. */
static void md_gate(struct zc_text *t, const json_t *report)
{
        const char *name;
        json_t *allowed;

        json_object_foreach (zc_json_at(report, "gate.target"), name, allowed) {
                const json_t *found = json_object_get(zc_json_at(report, "gate.found"), name);

                zc_text_printf(t, "%lld ", (long long)json_integer_value(found));
                md_text(t, name);
                zc_text_printf(t, " (allowed %lld), ", (long long)json_integer_value(allowed));
        }
        if (json_integer_value(zc_json_at(report, "gate.required.of")) == 0) {
                zc_text_add(t, "nothing required applied here\n\n");
                return;
        }
        zc_text_printf(t, "%lld of %lld required checks done\n\n",
                       (long long)json_integer_value(zc_json_at(report, "gate.required.done")),
                       (long long)json_integer_value(zc_json_at(report, "gate.required.of")));
}

static void md_verdict(struct zc_text *t, const json_t *report, bool full)
{
        static const char *const words[] = { [0] = "MET", [1] = "NOT MET", [3] = "NOT SHOWN" };
        const json_t *v;
        size_t i;

        zc_text_printf(t, "## zerocrit: %s\n\n", words[zc_report_status(report)]);
        md_gate(t, report);
        json_array_foreach (zc_json_at(report, "gate.reasons"), i, v) {
                if (!full || i == REASONS_MAX)
                        break;
                zc_text_add(t, "- ");
                md_text(t, json_string_value(v) ? json_string_value(v) : "");
                zc_text_add(t, "\n");
        }
        zc_text_add(t, full && i > 0 ? "\n" : "");
        json_array_foreach (zc_json_at(report, "gate.warnings"), i, v) {
                zc_text_add(t, "Warning: ");
                md_text(t, json_string_value(v) ? json_string_value(v) : "");
                zc_text_add(t, ".\n\n");
        }
}

/** Whose rules: it is a reader's first doubt. */
static void md_packs(struct zc_text *t, const json_t *report)
{
        ZC_AUTO_TEXT packs = { 0 };

        zc_text_init(&packs, TEXT_MAX_BYTES);
        page_packs(report, &packs);
        if (packs.len == 0)
                return;
        zc_text_add(t, "Rules: ");
        md_text(t, zc_text_str(&packs));
        zc_text_add(t, "\n\n");
}

/** Whose bounds, and how much of the rules a profile took: what a reader of the verdict must know. */
static void md_terms(struct zc_text *t, const json_t *report)
{
        size_t left_out = json_array_size(zc_json_at(report, "selection.left_out"));
        size_t changed = json_array_size(zc_json_at(report, "selection.severities"));
        ZC_AUTO_TEXT changes = { 0 };

        zc_text_add(t, "Profile ");
        md_member(t, report, "profile");
        if (left_out)
                zc_text_printf(t, ", %zu rule%s left out", left_out, left_out == 1 ? "" : "s");
        if (changed)
                zc_text_printf(t, ", %zu severit%s changed: ", changed, changed == 1 ? "y" : "ies");
        zc_text_init(&changes, TEXT_MAX_BYTES);
        if (view_changed(report, CHANGES_MAX, &changes) > 0)
                md_text(t, zc_text_str(&changes));
        if (zc_json_str(report, "policy.name", NULL)) {
                zc_text_add(t, "; policy ");
                md_member(t, report, "policy.name");
        }
        zc_text_add(t, ".\n\n");
}

/** What is waived, by name: a summary that only counts it would hide it. */
static void md_waived(struct zc_text *t, const json_t *report)
{
        size_t n = 0, i;
        const json_t *f;

        json_array_foreach (json_object_get(report, "findings"), i, f) {
                if (strcmp(zc_json_str(f, "status", ""), "waived") != 0)
                        continue;
                if (n++ == 0)
                        zc_text_add(t, "### Waived\n\n| severity | finding | rule | waiver |\n"
                                       "| :-- | :-- | :-- | :-- |\n");
                if (n > WAIVERS_MAX)
                        continue;
                zc_text_add(t, "| ");
                md_member(t, f, "severity");
                zc_text_add(t, " | ");
                md_member(t, f, "title");
                zc_text_add(t, " | ");
                md_member(t, f, "rule");
                zc_text_add(t, " | ");
                md_member(t, f, "waiver");
                zc_text_add(t, " |\n");
        }
        if (n > WAIVERS_MAX)
                zc_text_printf(t, "\n%zu more.\n", n - WAIVERS_MAX);
        zc_text_add(t, n ? "\n" : "");
}

/** Waivers by id and state; who and why only in full. */
static void md_waivers(struct zc_text *t, const json_t *report, bool full)
{
        static const char *const states[] = { "active", "expiring", "expired", "unused" };
        static const char *const members[] = { "rule", "owner", "approver", "reason", "expires" };
        size_t n = 0, i;
        const json_t *w;

        for (size_t s = 0; s < ZC_COUNT(states); s++) {
                json_array_foreach (json_object_get(json_object_get(report, "waivers"), states[s]),
                                    i, w) {
                        if (n++ == 0)
                                zc_text_add(t,
                                            full ? "### Waivers\n\n| waiver | state | rule | "
                                                   "owner | approver | reason | ends |\n"
                                                   "| :-- | :-- | :-- | :-- | :-- | :-- | :-- |\n"
                                                 : "### Waivers\n\n| waiver | state |\n"
                                                   "| :-- | :-- |\n");
                        if (n > WAIVERS_MAX)
                                continue;
                        zc_text_add(t, "| ");
                        md_member(t, w, "id");
                        zc_text_printf(t, " | %s |", states[s]);
                        for (size_t k = 0; full && k < ZC_COUNT(members); k++) {
                                zc_text_add(t, " ");
                                md_member(t, w, members[k]);
                                zc_text_add(t, " |");
                        }
                        zc_text_add(t, "\n");
                }
        }
        if (n > WAIVERS_MAX)
                zc_text_printf(t, "\n%zu more.\n", n - WAIVERS_MAX);
        zc_text_add(t, n ? "\n" : "");
}

static void md_areas(struct zc_text *t, const json_t *report)
{
        const json_t *a;
        size_t i;

        json_array_foreach (json_object_get(report, "areas"), i, a) {
                if (i == 0)
                        zc_text_add(t,
                                    "### Areas\n\n| area | letter | why |\n| :-- | :-- | :-- |\n");
                zc_text_add(t, "| ");
                md_member(t, a, "name");
                zc_text_add(t, " | ");
                md_text(t, zc_json_str(a, "grade", "none"));
                zc_text_add(t, " | ");
                md_member(t, a, "why");
                zc_text_add(t, " |\n");
        }
        if (i == 0)
                return;
        zc_text_add(t, "\n");
        if (!zc_json_str(report, "grading", NULL))
                return;
        md_member(t, report, "grading");
        zc_text_add(t, "\n\n");
}

/** The controls of each framework on which rules failed or were not answered. */
static void md_frameworks(struct zc_text *t, const json_t *report)
{
        const json_t *f, *c;
        size_t i, k;

        json_array_foreach (json_object_get(report, "frameworks"), i, f) {
                size_t n[3] = { 0 };

                if (i == 0)
                        zc_text_add(t, "### By framework\n\n| framework | controls with findings | "
                                       "not all seen | nothing found |\n"
                                       "| :-- | :-- | --: | --: |\n");
                zc_text_add(t, "| ");
                md_member(t, f, "title");
                zc_text_add(t, " ");
                md_member(t, f, "version");
                zc_text_add(t, " | ");
                json_array_foreach (json_object_get(f, "controls"), k, c) {
                        const char *verdict = zc_json_str(c, "verdict", "");

                        n[1] += strcmp(verdict, "unknown") == 0;
                        n[2] += strcmp(verdict, "pass") == 0;
                        if (strcmp(verdict, "fail") != 0)
                                continue;
                        zc_text_add(t, n[0]++ ? ", " : "");
                        md_member(t, c, "id");
                }
                zc_text_printf(t, " | %zu | %zu |\n", n[1], n[2]);
        }
        zc_text_add(t, i ? "\n" : "");
}

static void md_counts(struct zc_text *t, const json_t *report)
{
        zc_text_add(t, "| severity | open | waived |\n| :-- | --: | --: |\n");
        for (unsigned s = 0; s < PAGE_SEVERITIES; s++) {
                const json_t *by =
                        json_object_get(json_object_get(report, "counts"), page_severities[s]);

                zc_text_printf(t, "| %s | %lld | %lld |\n", page_severities[s],
                               (long long)json_integer_value(json_object_get(by, "open")),
                               (long long)json_integer_value(json_object_get(by, "waived")));
        }
        zc_text_add(t, "\n");
}

static void md_since(struct zc_text *t, const json_t *report)
{
        size_t fresh = 0, fixed = 0, unknown, i;
        const json_t *f;

        if (!zc_json_str(report, "baseline.created", NULL))
                return;
        json_array_foreach (json_object_get(report, "findings"), i, f) {
                const char *change = zc_json_str(f, "change", "");

                fixed += strcmp(change, "absent") == 0;
                fresh += strncmp(change, "new", 3) == 0 && page_finding_open(f);
        }
        zc_text_add(t, "Since ");
        md_member(t, report, "baseline.created");
        zc_text_printf(t, ": %zu new, %zu fixed", fresh, fixed);
        if (view_newly_unknown(report, &unknown))
                zc_text_printf(t, ", %zu newly unknown", unknown);
        zc_text_add(t, ".\n\n");
}

/** Why checks have no answer: by rules and number; the reason itself may name hosts, and so waits for -v. */
static void md_unseen(struct zc_text *t, const struct view_unseen *u, bool full)
{
        if (u->count == 0)
                return;
        zc_text_printf(t,
                       "### Not seen\n\n%zu check%s could not be made, %zu of them required.\n\n",
                       u->checks, u->checks == 1 ? "" : "s", u->required);
        for (size_t i = 0; i < u->count && i < REASONS_MAX; i++) {
                ZC_AUTO_TEXT text = { 0 };

                zc_text_init(&text, TEXT_MAX_BYTES);
                if (full) {
                        view_reason_what(&u->r[i], &text);
                        zc_text_add(&text, " (");
                }
                view_reason_checks(&u->r[i], &text);
                zc_text_add(&text, full ? ")" : "");
                zc_text_add(t, "- ");
                md_text(t, zc_text_str(&text));
                zc_text_add(t, "\n");
        }
        if (u->count > REASONS_MAX)
                zc_text_printf(t, "- and %zu reasons more\n", u->count - REASONS_MAX);
        zc_text_add(t, "\n");
}

/** By number without -v: which ports they are may name hosts. */
static bool md_left(struct zc_text *t, const json_t *report, bool full, struct zc_err *err)
{
        ZC_AUTO(view_exposure) x = view_exposure_new(report, err);
        ZC_AUTO_TEXT text = { 0 };

        if (!x)
                return false;
        zc_text_init(&text, TEXT_MAX_BYTES);
        if (view_left(x, full, &text) > 0) {
                zc_text_add(t, "NOT SEEN: ");
                md_text(t, zc_text_str(&text));
                zc_text_add(t, "\n\n");
        }
        zc_text_clear(&text);
        if (view_skipped(report, &text) > 0) {
                zc_text_add(t, "SKIPPED: ");
                md_text(t, zc_text_str(&text));
                zc_text_add(t, ", left out on request\n\n");
        }
        return true;
}

static void md_cause(struct zc_text *t, const json_t *report, const struct view_cause *c)
{
        zc_text_printf(t, "| %s | ", page_severities[c->severity]);
        md_member(t, c->first, "title");
        view_cause_spread(report, c, t);
        zc_text_add(t, " | ");
        md_member(t, c->first, "rule");
        zc_text_add(t, " | ");
        md_member(t, c->first, "remediation.text");
        zc_text_add(t, " |\n");
}

static void md_finding(struct zc_text *t, const json_t *f)
{
        zc_text_add(t, "- **");
        md_member(t, f, "label");
        zc_text_add(t, "** ");
        md_member(t, f, "severity");
        zc_text_add(t, ", ");
        md_member(t, f, "title");
        zc_text_add(t, ": ");
        md_member(t, f, "asset");
        zc_text_add(t, " ");
        md_member(t, f, "subject");
        zc_text_add(t, ", ");
        md_member(t, f, "message");
        if (zc_json_str(f, "waiver", NULL)) {
                zc_text_add(t, ", waived by ");
                md_member(t, f, "waiver");
        }
        zc_text_add(t, ", ");
        md_member(t, f, "fingerprint");
        zc_text_add(t, "\n");
}

/** The report is sorted by severity: what no longer fits is the least. */
static void md_findings(struct zc_text *t, const json_t *report)
{
        const json_t *findings = json_object_get(report, "findings");
        size_t more = 0, i;
        const json_t *f;

        zc_text_add(t, "### Findings\n\n");
        json_array_foreach (findings, i, f) {
                size_t before = t->len;

                if (strcmp(zc_json_str(f, "change", ""), "absent") == 0)
                        continue;
                if (more == 0)
                        md_finding(t, f);
                if (more > 0 || t->len > BYTES_MAX) {
                        zc_text_shorten(t, before);
                        more++;
                }
        }
        if (more > 0)
                zc_text_printf(t, "- %zu more\n", more);
        zc_text_add(t, "\n");
}

static void md_causes(struct zc_text *t, const json_t *report, const struct view_causes *causes)
{
        size_t n = causes->count < CAUSES_MAX ? causes->count : CAUSES_MAX;

        if (n == 0)
                return;
        zc_text_add(t, "### Do these first\n\n| severity | cause | rule | fix |\n"
                       "| :-- | :-- | :-- | :-- |\n");
        for (size_t i = 0; i < n; i++)
                md_cause(t, report, &causes->c[i]);
        if (causes->count > n)
                zc_text_printf(t, "\n%zu more causes.\n", causes->count - n);
        zc_text_add(t, "\n");
}

static bool markdown_render(const json_t *report, const struct zc_render *how, struct zc_out *out,
                            struct zc_err *err)
{
        ZC_AUTO(view_unseen) unseen = view_unseen_new(report, err);
        ZC_AUTO(view_causes) causes = unseen ? view_causes_new(report, false, err) : NULL;
        bool full = how->verbose > 0;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        if (!causes)
                return false;
        md_verdict(&t, report, full);
        md_packs(&t, report);
        md_terms(&t, report);
        md_counts(&t, report);
        md_since(&t, report);
        md_unseen(&t, unseen, full);
        if (!md_left(&t, report, full, err))
                return false;
        md_causes(&t, report, causes);
        md_waived(&t, report);
        md_waivers(&t, report, full);
        if (full) {
                md_areas(&t, report);
                md_frameworks(&t, report);
                md_findings(&t, report);
        }
        zc_text_add(&t, full ? "" : "Addresses and evidence are in the report itself.\n");
        if (t.failed)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the summary");
        zc_out_write(out, zc_text_str(&t), t.len);
        return true;
}

const struct zc_format zc_format_markdown = {
        .name = "markdown",
        .summary = "a job's summary: counts and causes, addresses only with -v",
        .file = "zerocrit.md",
        .render = markdown_render,
};
