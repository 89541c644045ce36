/** What to do first, the numbers, and what changed. */
#include <string.h>

#include "html.h"
#include "page.h"

#define FIRST_MAX 5u
#define LIST_MAX 12u
#define LABEL_MAX 300u

void html_anchor(const struct html *h, const struct view_cause *c)
{
        ZC_AUTO_MEM char *id = strdup(zc_json_str(c->first, "rule", ""));

        for (char *s = id; s && *s; s++) {
                bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
                             (*s >= '0' && *s <= '9');

                *s = plain ? *s : '-';
        }
        zc_out_printf(h->out, "f-%.80s-%u", id ? id : "", c->severity);
}

static void put_member(const struct html *h, const char *head, const json_t *of, const char *member,
                       const char *tail)
{
        const char *s = zc_json_str(of, member, NULL);

        if (!s || !*s)
                return;
        zc_out_puts(h->out, head);
        markup_cut(h->out, s, HTML_TEXT_MAX);
        zc_out_puts(h->out, tail);
}

void html_variant(const struct html *h, const json_t *variant, bool brief)
{
        const json_t *commands = json_object_get(variant, "commands");
        const json_t *command;
        size_t i;

        put_member(h, "<p>", variant, "change", "</p>\n");
        if (json_array_size(commands) > 0)
                zc_out_puts(h->out, "<pre>");
        json_array_foreach (commands, i, command) {
                zc_out_puts(h->out, i ? "\n" : "");
                markup_cut(h->out, json_string_value(command) ? json_string_value(command) : "",
                           HTML_TEXT_MAX);
        }
        if (json_array_size(commands) > 0)
                zc_out_puts(h->out, "</pre>\n");
        if (zc_json_str(variant, "risk", NULL))
                markup_fmt(h->out, "<p class=\"risk\">Risk: %s</p>\n",
                           view_risk(zc_json_str(variant, "risk", "")));
        if (brief)
                return;
        put_member(h, "<p class=\"risk\">Undo: ", variant, "undo", "</p>\n");
        put_member(h, "<p class=\"risk\">Check: <code>", variant, "verify", "</code></p>\n");
}

static void put_where(const struct html *h, const struct view_cause *c)
{
        size_t n = json_array_size(c->findings);
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, HTML_TEXT_MAX);
        view_cause_spread(h->report, c, &t);
        zc_out_puts(h->out, " <span class=\"soft\">");
        if (n == 1) {
                if (html_hosts(h))
                        markup_fmt(h->out, "%s ", html_host(h, zc_json_str(c->first, "asset", "")));
                markup_cut(h->out, zc_json_str(c->first, "subject", ""), LABEL_MAX);
        } else {
                zc_out_puts(h->out, zc_text_str(&t));
        }
        zc_out_puts(h->out, "</span>");
}

static void put_todo(const struct html *h, const struct view_cause *c)
{
        const json_t *variant = json_array_get(zc_json_at(c->first, "remediation.variants"), 0);

        zc_out_printf(h->out, "<li><div><span class=\"chip s%u\">%s</span> <a href=\"#",
                      c->severity, page_severities[c->severity]);
        html_anchor(h, c);
        zc_out_puts(h->out, "\">");
        markup_cut(h->out, zc_json_str(c->first, "title", ""), LABEL_MAX);
        zc_out_puts(h->out, "</a>");
        put_where(h, c);
        put_member(h, "<p>", c->first, "remediation.text", "</p>\n");
        html_variant(h, variant, true);
        if (c->folds > 0)
                zc_out_printf(h->out, "<p class=\"risk\">Ends %zu other finding%s too.</p>\n",
                              c->folds, c->folds == 1 ? "" : "s");
        zc_out_puts(h->out, "</div></li>\n");
}

void html_first(const struct html *h)
{
        size_t n = h->causes->count < FIRST_MAX ? h->causes->count : FIRST_MAX;

        zc_out_puts(h->out, "<article class=\"card todo\">\n<h2>Do these first</h2>\n");
        if (n == 0)
                zc_out_puts(h->out,
                            "<p class=\"soft\">Nothing was found that needs mending.</p>\n");
        else
                zc_out_puts(h->out, "<ol>\n");
        for (size_t i = 0; i < n; i++)
                put_todo(h, &h->causes->c[i]);
        zc_out_puts(h->out, n ? "</ol>\n" : "");
        if (h->causes->count > n)
                zc_out_printf(h->out,
                              "<p class=\"legend\"><a href=\"#findings\">and %zu causes more</a>"
                              "</p>\n",
                              h->causes->count - n);
        zc_out_puts(h->out, "</article>\n");
}

/* ---- numbers ---- */

static void put_number(const struct html *h, const char *number, unsigned style, bool zero,
                       const char *what, const char *more)
{
        zc_out_printf(h->out, "<div><b class=\"s%u%s\">", style, zero ? " zero" : "");
        markup_fmt(h->out, "%s</b>%s<span>%s</span></div>\n", number, what, more);
}

static void put_severities(const struct html *h)
{
        for (unsigned s = 0; s < PAGE_SEVERITIES; s++) {
                const json_t *by =
                        json_object_get(json_object_get(h->report, "counts"), page_severities[s]);
                long long open = json_integer_value(json_object_get(by, "open"));
                long long waived = json_integer_value(json_object_get(by, "waived"));
                char number[32], more[48] = "";

                snprintf(number, sizeof(number), "%lld", open);
                if (waived > 0)
                        snprintf(more, sizeof(more), "and %lld waived", waived);
                put_number(h, number, s, open == 0, page_severities[s], more);
        }
}

static unsigned grade_style(const char *grade)
{
        static const unsigned of[] = { 5, 5, 2, 1, 1, 0 }; /* A to F; there is no E */

        return *grade >= 'A' && *grade <= 'F' && !grade[1] ? of[*grade - 'A'] : 6;
}

void html_numbers(const struct html *h)
{
        const json_t *area;
        size_t i;

        zc_out_puts(h->out, "<div class=\"numbers\">\n");
        put_severities(h);
        zc_out_puts(h->out, "</div>\n");
        if (json_array_size(json_object_get(h->report, "areas")) > 0)
                zc_out_puts(h->out, "<div class=\"numbers\">\n");
        json_array_foreach (json_object_get(h->report, "areas"), i, area) {
                const char *grade = zc_json_str(area, "grade", "?");
                char more[96];

                long long unknown = json_integer_value(json_object_get(area, "unknown"));

                snprintf(more, sizeof(more), "%lld of %lld failed",
                         (long long)json_integer_value(json_object_get(area, "failed")),
                         (long long)json_integer_value(json_object_get(area, "checks")));
                if (unknown > 0)
                        snprintf(more + strlen(more), sizeof(more) - strlen(more),
                                 ", %lld not known", unknown);
                put_number(h, grade, grade_style(grade), false, zc_json_str(area, "name", ""),
                           more);
        }
        if (i > 0)
                zc_out_puts(h->out, "</div>\n");
        if (i > 0 && zc_json_str(h->report, "grading", NULL)) {
                zc_out_puts(h->out, "<p class=\"soft\">");
                markup_cut(h->out, zc_json_str(h->report, "grading", ""), HTML_TEXT_MAX);
                zc_out_puts(h->out, "</p>\n");
        }
}

/* ---- changes ---- */

static bool is_new(const json_t *f)
{
        return strncmp(zc_json_str(f, "change", ""), "new", 3) == 0 && page_finding_open(f);
}

static bool is_fixed(const json_t *f)
{
        return strcmp(zc_json_str(f, "change", ""), "absent") == 0;
}

static bool is_waived(const json_t *f)
{
        return strcmp(zc_json_str(f, "status", ""), "waived") == 0 && !is_fixed(f);
}

static void put_item(const struct html *h, const json_t *f)
{
        unsigned severity = page_severity(f);

        zc_out_printf(h->out, "<li><span class=\"chip s%u\">%s</span> ", severity,
                      severity < PAGE_SEVERITIES ? page_severities[severity] : "?");
        markup_cut(h->out, zc_json_str(f, "title", ""), LABEL_MAX);
        zc_out_puts(h->out, " <span class=\"soft\">");
        if (html_hosts(h))
                markup_fmt(h->out, "%s ", html_host(h, zc_json_str(f, "asset", "")));
        markup_cut(h->out, zc_json_str(f, "subject", ""), LABEL_MAX);
        put_member(h, ", by ", f, "waiver", "");
        zc_out_puts(h->out, "</span></li>\n");
}

static void put_list(const struct html *h, const char *head, bool (*has)(const json_t *f),
                     const char *none)
{
        const json_t *findings = json_object_get(h->report, "findings");
        size_t n = 0, shown = 0, i;
        const json_t *f;

        json_array_foreach (findings, i, f) {
                n += has(f);
        }
        zc_out_printf(h->out, "<div class=\"card\"><span class=\"n\">%zu</span><h3>%s</h3>\n", n,
                      head);
        if (n == 0)
                zc_out_printf(h->out, "<p class=\"soft\">%s</p>\n", none);
        else
                zc_out_puts(h->out, "<ul>\n");
        json_array_foreach (findings, i, f) {
                if (has(f) && shown++ < LIST_MAX)
                        put_item(h, f);
        }
        if (n > LIST_MAX)
                zc_out_printf(h->out, "<li class=\"soft\">and %zu more</li>\n", n - LIST_MAX);
        zc_out_puts(h->out, n ? "</ul></div>\n" : "</div>\n");
}

/** A rule that had an answer, where it has none now, and why. */
static void put_newly(const struct html *h, const json_t *row)
{
        const json_t *first = json_array_get(json_object_get(row, "subjects"), 0);
        long long count = json_integer_value(json_object_get(row, "count"));
        const char *asset, *subject;

        markup_fmt(h->out, "<li>%s ", zc_json_str(row, "rule", ""));
        markup_cut(h->out, zc_json_str(row, "why", ""), LABEL_MAX);
        if (view_subject(h->report, json_integer_value(json_array_get(first, 0)), &asset,
                         &subject)) {
                zc_out_puts(h->out, " <span class=\"soft\">");
                if (html_hosts(h))
                        markup_fmt(h->out, "%s ", html_host(h, asset));
                markup_cut(h->out, subject, LABEL_MAX);
                if (count > 1)
                        zc_out_printf(h->out, " and %lld more", count - 1);
                zc_out_puts(h->out, "</span>");
        }
        zc_out_puts(h->out, "</li>\n");
}

static void put_newly_unknown(const struct html *h, size_t count)
{
        const json_t *rows = json_object_get(h->report, "newly_unknown"), *row;
        size_t i;

        zc_out_printf(h->out,
                      "<div class=\"card\"><span class=\"n\">%zu</span><h3>Newly unknown</h3>\n",
                      count);
        if (count == 0)
                zc_out_puts(h->out, "<p class=\"soft\">Every check that the baseline answered is "
                                    "answered.</p>\n");
        else
                zc_out_puts(h->out, "<ul>\n");
        json_array_foreach (rows, i, row) {
                if (i < LIST_MAX)
                        put_newly(h, row);
        }
        if (i > LIST_MAX)
                zc_out_printf(h->out, "<li class=\"soft\">and %zu more rules</li>\n", i - LIST_MAX);
        zc_out_puts(h->out, count ? "</ul></div>\n" : "</div>\n");
}

static void put_unknown(const struct html *h)
{
        size_t newly;

        if (view_newly_unknown(h->report, &newly)) {
                put_newly_unknown(h, newly);
                return;
        }
        zc_out_printf(h->out,
                      "<div class=\"card\"><span class=\"n\">%zu</span><h3>Not known now</h3>\n"
                      "<p class=\"soft\">Checks without an answer: see Not seen.</p></div>\n",
                      h->unseen->checks);
}

void html_changes(const struct html *h)
{
        const char *since = zc_json_str(h->report, "baseline.created", NULL);

        zc_out_puts(h->out, "<section id=\"changes\">\n<h2>");
        if (since)
                markup_fmt(h->out, "Since %s", since);
        else
                zc_out_puts(h->out, "No earlier report to compare with");
        zc_out_puts(h->out, "</h2>\n<div class=\"four\">\n");
        if (since) {
                put_list(h, "New", is_new, "Nothing new.");
                put_list(h, "Fixed", is_fixed, "Nothing was fixed.");
        } else {
                zc_out_puts(h->out,
                            "<div class=\"card\"><h3>New</h3><p class=\"soft\">Without "
                            "<code>--baseline</code> every finding counts as new.</p></div>\n"
                            "<div class=\"card\"><h3>Fixed</h3><p class=\"soft\">Not known "
                            "without a baseline.</p></div>\n");
        }
        put_unknown(h);
        put_list(h, "Waived", is_waived, "Nothing is waived.");
        zc_out_puts(h->out, "</div>\n</section>\n");
}
