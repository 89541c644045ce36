/** The checks, problems, waivers and runs: what stands behind the page. */
#include <string.h>

#include "html.h"
#include "page.h"

#define ROWS_MAX 2000u
#define TEXT_MAX 400u

static void put_cell(const struct html *h, const char *s)
{
        zc_out_puts(h->out, "<td>");
        markup_cut(h->out, s ? s : "", TEXT_MAX);
        zc_out_puts(h->out, "</td>");
}

static void put_heads(const struct html *h, const char *const *heads)
{
        zc_out_puts(h->out, "<div class=\"scroll\"><table class=\"stack\"><tr class=\"heads\">");
        for (; *heads; heads++)
                zc_out_printf(h->out, "<th>%s</th>", *heads);
        zc_out_puts(h->out, "</tr>\n");
}

static void put_end(const struct html *h, size_t count)
{
        zc_out_puts(h->out, "</table></div>\n");
        if (count > ROWS_MAX)
                zc_out_printf(h->out, "<p class=\"soft\">and %zu rows more: see report.json</p>\n",
                              count - ROWS_MAX);
}

static void put_more(const struct html *h, const char *id, const char *title, size_t count,
                     bool open)
{
        zc_out_printf(h->out,
                      "<details class=\"more\" id=\"%s\"%s><summary><b>%s</b> "
                      "<span class=\"soft\">%zu</span></summary>\n",
                      id, open ? " open" : "", title, count);
}

/** The verdict's colour: what failed, what is open. */
static unsigned verdict_style(const char *verdict)
{
        static const struct {
                const char *verdict;
                unsigned style;
        } of[] = { { "pass", 5 }, { "fail", 0 }, { "unknown", 2 }, { "error", 1 } };

        for (size_t i = 0; i < ZC_COUNT(of); i++) {
                if (strcmp(of[i].verdict, verdict) == 0)
                        return of[i].style;
        }
        return 6;
}

static void put_checks_line(const struct html *h)
{
        static const char *const verdicts[] = { "pass", "fail", "unknown", "error",
                                                "notapplicable" };
        const json_t *v = json_object_get(h->report, "verdicts");

        zc_out_puts(h->out, "<p class=\"soft\">");
        for (size_t i = 0; i < ZC_COUNT(verdicts); i++)
                zc_out_printf(h->out, "%s%lld %s", i ? ", " : "",
                              (long long)json_integer_value(json_object_get(v, verdicts[i])),
                              i == 4 ? "not applicable" : verdicts[i]);
        zc_out_puts(h->out, "</p>\n");
}

void html_checks(const struct html *h)
{
        static const char *const heads[] = { "RULE", "VERDICT", "SUBJECTS", "WHY", NULL };
        const json_t *checks = json_object_get(h->report, "checks");
        const json_t *c;
        size_t i;

        zc_out_puts(h->out, "<section>\n<h2>Checks</h2>\n");
        put_checks_line(h);
        put_more(h, "checks", "Every rule and what it said", json_array_size(checks), false);
        put_heads(h, heads);
        json_array_foreach (checks, i, c) {
                const char *verdict = zc_json_str(c, "verdict", "");
                const char *waived = zc_json_str(c, "waived", NULL);

                if (i == ROWS_MAX)
                        break;
                markup_fmt(h->out, "<tr><td class=\"mono\">%s</td>", zc_json_str(c, "rule", ""));
                zc_out_printf(h->out, "<td><b class=\"s%u\">", verdict_style(verdict));
                markup_fmt(h->out, "%s</b>%s</td>", verdict,
                           json_is_true(json_object_get(c, "required")) ? ", required" : "");
                zc_out_printf(h->out, "<td>%lld</td><td>",
                              (long long)json_integer_value(json_object_get(c, "count")));
                markup_cut(h->out, zc_json_str(c, "why", ""), TEXT_MAX);
                if (waived)
                        markup_fmt(h->out, " (waived by %s)", waived);
                zc_out_puts(h->out, "</td></tr>\n");
        }
        put_end(h, json_array_size(checks));
        zc_out_puts(h->out, "</details>\n</section>\n");
}

static void put_problems(const struct html *h)
{
        static const char *const heads[] = { "PROBE", "SUBJECT", "WHAT", "WHY", NULL };
        const json_t *problems = json_object_get(h->report, "problems");
        const json_t *p;
        size_t i;

        put_more(h, "problems", "Problems while looking", json_array_size(problems),
                 json_array_size(problems) > 0 && json_array_size(problems) <= 20);
        put_heads(h, heads);
        json_array_foreach (problems, i, p) {
                if (i == ROWS_MAX)
                        break;
                zc_out_puts(h->out, "<tr>");
                put_cell(h, zc_json_str(p, "probe", ""));
                put_cell(h, zc_json_str(p, "subject", ""));
                put_cell(h, zc_json_str(p, "what", ""));
                put_cell(h, zc_json_str(p, "why", ""));
                zc_out_puts(h->out, "</tr>\n");
        }
        put_end(h, json_array_size(problems));
        zc_out_puts(h->out, "</details>\n");
}

static void put_waivers(const struct html *h)
{
        static const char *const heads[] = { "WAIVER", "STATE",       "RULE", "TARGET",
                                             "REASON", "APPROVED BY", "ENDS", NULL };
        static const char *const states[] = { "active", "expiring", "expired", "unused" };
        static const char *const members[] = { "rule", "target", "reason", "approver", "expires" };
        const json_t *all = json_object_get(h->report, "waivers");
        size_t n = 0, i;
        const json_t *w;

        for (size_t s = 0; s < ZC_COUNT(states); s++)
                n += json_array_size(json_object_get(all, states[s]));
        put_more(h, "waivers", "Waivers", n, n > 0 && n <= 20);
        put_heads(h, heads);
        for (size_t s = 0; s < ZC_COUNT(states); s++) {
                json_array_foreach (json_object_get(all, states[s]), i, w) {
                        if (i == ROWS_MAX)
                                break;
                        zc_out_puts(h->out, "<tr>");
                        put_cell(h, zc_json_str(w, "id", ""));
                        put_cell(h, states[s]);
                        for (size_t k = 0; k < ZC_COUNT(members); k++)
                                put_cell(h, zc_json_str(w, members[k], ""));
                        zc_out_puts(h->out, "</tr>\n");
                }
        }
        put_end(h, n > 4 * (size_t)ROWS_MAX ? n : 0);
        zc_out_puts(h->out, "</details>\n");
}

static void put_runs(const struct html *h)
{
        static const char *const heads[] = { "VANTAGE",  "ADDRESSES", "STARTED",
                                             "FINISHED", "LEVEL",     NULL };
        const json_t *runs = json_object_get(h->report, "runs");
        const json_t *r, *v;
        size_t i, j;

        put_more(h, "runs", "Runs", json_array_size(runs), json_array_size(runs) <= 20);
        put_heads(h, heads);
        json_array_foreach (runs, i, r) {
                if (i == ROWS_MAX)
                        break;
                zc_out_puts(h->out, "<tr>");
                put_cell(h, page_run_name(r));
                zc_out_puts(h->out, "<td>");
                json_array_foreach (zc_json_at(r, "vantage.addresses"), j, v) {
                        if (json_is_string(v))
                                markup_fmt(h->out, j ? ", %s" : "%s", json_string_value(v));
                }
                zc_out_puts(h->out, "</td>");
                put_cell(h, zc_json_str(r, "started", ""));
                put_cell(h, zc_json_str(r, "finished", "ended early"));
                put_cell(h, zc_json_str(r, "options.level", ""));
                zc_out_puts(h->out, "</tr>\n");
        }
        put_end(h, json_array_size(runs));
        zc_out_puts(h->out, "</details>\n");
}

void html_tail(const struct html *h)
{
        zc_out_puts(h->out, "<section>\n<h2>Behind the page</h2>\n");
        put_problems(h);
        put_waivers(h);
        html_terms(h);
        put_runs(h);
        zc_out_puts(h->out, "</section>\n");
}
