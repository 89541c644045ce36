/** By which rules, and for which frameworks: what the profile left out and changed, and the controls that the rules bear upon. */
#include <string.h>

#include "html.h"
#include "page.h"

#define ROWS_MAX 2000u
#define TEXT_MAX 400u

static void put_cell(const struct html *h, const char *s)
{
        zc_out_puts(h->out, "<td>");
        markup_cut(h->out, s, TEXT_MAX);
        zc_out_puts(h->out, "</td>");
}

/** "ZC-A-001, ZC-B-002 and 3 more" */
static void put_ids(const struct html *h, const json_t *ids)
{
        const size_t most = 12;
        const json_t *v;
        size_t i;

        json_array_foreach (ids, i, v) {
                if (i == most)
                        break;
                markup_fmt(h->out, i ? ", %s" : "%s",
                           json_string_value(v) ? json_string_value(v) : "");
        }
        if (json_array_size(ids) > most)
                zc_out_printf(h->out, " and %zu more", json_array_size(ids) - most);
}

static void put_row(const struct html *h, const char *rule, const char *what, const char *why)
{
        zc_out_puts(h->out, "<tr>");
        put_cell(h, rule);
        put_cell(h, what);
        put_cell(h, why);
        zc_out_puts(h->out, "</tr>\n");
}

static void put_severities(const struct html *h, const json_t *list)
{
        const json_t *v;
        size_t i;

        json_array_foreach (list, i, v) {
                ZC_AUTO_TEXT t = { 0 };

                if (i == ROWS_MAX)
                        break;
                zc_text_init(&t, 128);
                zc_text_printf(&t, "%.40s, not %.40s", zc_json_str(v, "to", ""),
                               zc_json_str(v, "from", ""));
                put_row(h, zc_json_str(v, "rule", ""), zc_text_str(&t),
                        zc_json_str(v, "reason", ""));
        }
}

static void put_params(const struct html *h, const json_t *params)
{
        const char *name;
        json_t *v;

        json_object_foreach ((json_t *)(uintptr_t)params, name, v) {
                ZC_AUTO_MEM char *value = zc_json_line(json_object_get(v, "value"));
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, HTML_TEXT_MAX);
                zc_text_printf(&t, "by the %.60s", zc_json_str(v, "from", ""));
                if (zc_json_str(v, "reason", NULL))
                        zc_text_printf(&t, ": %s", zc_json_str(v, "reason", ""));
                put_row(h, name, value ? value : "", zc_text_str(&t));
        }
}

/** What the profile, the configuration and the policy made of the rules; nothing where they are as they come. */
void html_terms(const struct html *h)
{
        const json_t *s = json_object_get(h->report, "selection");
        const json_t *left_out = json_object_get(s, "left_out");
        const json_t *severities = json_object_get(s, "severities");
        const json_t *params = json_object_get(s, "params");
        size_t n =
                json_array_size(left_out) + json_array_size(severities) + json_object_size(params);

        if (n == 0)
                return;
        zc_out_printf(
                h->out,
                "<details class=\"more\" id=\"terms\"><summary><b>What the profile changed</b> "
                "<span class=\"soft\">%zu</span></summary>\n",
                n);
        if (json_array_size(left_out) > 0) {
                zc_out_puts(h->out, "<p>Rules that were left out: ");
                put_ids(h, left_out);
                zc_out_puts(h->out, "</p>\n");
        }
        if (json_array_size(severities) + json_object_size(params) > 0) {
                zc_out_puts(h->out, "<div class=\"scroll\"><table class=\"stack\"><tr "
                                    "class=\"heads\"><th>RULE OR PARAMETER</th><th>IS "
                                    "NOW</th><th>BECAUSE</th></tr>\n");
                put_severities(h, severities);
                put_params(h, params);
                zc_out_puts(h->out, "</table></div>\n");
        }
        zc_out_puts(h->out, "</details>\n");
}

/* ---- frameworks ---- */

static const char *control_words(const char *verdict)
{
        static const char *const words[][2] = {
                { "pass", "nothing found" },
                { "fail", "findings" },
                { "unknown", "not all was seen" },
                { "notapplicable", "nothing of it here" },
        };

        for (size_t i = 0; i < ZC_COUNT(words); i++) {
                if (strcmp(words[i][0], verdict) == 0)
                        return words[i][1];
        }
        return "";
}

static void put_control(const struct html *h, const json_t *c)
{
        const json_t *failed = json_object_get(c, "failed");

        zc_out_puts(h->out, "<tr>");
        put_cell(h, zc_json_str(c, "id", ""));
        put_cell(h, zc_json_str(c, "title", ""));
        put_cell(h, control_words(zc_json_str(c, "verdict", "")));
        zc_out_puts(h->out, "<td>");
        put_ids(h, json_array_size(failed) ? failed : json_object_get(c, "unknown"));
        zc_out_printf(h->out, "</td><td>%zu</td></tr>\n",
                      json_array_size(json_object_get(c, "rules")));
}

static void put_framework(const struct html *h, const json_t *f)
{
        const json_t *controls = json_object_get(f, "controls");
        const json_t *c;
        size_t i;

        zc_out_puts(h->out, "<details class=\"more\"><summary><b>");
        markup_cut(h->out, zc_json_str(f, "title", ""), TEXT_MAX);
        zc_out_puts(h->out, " ");
        markup_cut(h->out, zc_json_str(f, "version", ""), TEXT_MAX);
        zc_out_printf(h->out, "</b> <span class=\"soft\">%zu</span></summary>\n",
                      json_array_size(controls));
        zc_out_puts(h->out,
                    "<div class=\"scroll\"><table class=\"stack\"><tr "
                    "class=\"heads\"><th>CONTROL</th><th>IN OUR WORDS</th><th>WHAT OUR RULES "
                    "SAY</th><th>WHICH OF THEM</th><th>RULES</th></tr>\n");
        json_array_foreach (controls, i, c) {
                if (i == ROWS_MAX)
                        break;
                put_control(h, c);
        }
        zc_out_puts(h->out, "</table></div>\n</details>\n");
}

void html_frameworks(const struct html *h)
{
        const json_t *list = json_object_get(h->report, "frameworks");
        const json_t *f;
        size_t i;

        if (json_array_size(list) == 0)
                return;
        zc_out_puts(h->out, "<section id=\"frameworks\">\n<h2>By framework</h2>\n<p class=\"soft\">"
                            "Which rules bear upon which control. A rule that passes is a part of "
                            "what a control asks, never the whole of it.</p>\n");
        json_array_foreach (list, i, f) {
                if (i == ROWS_MAX)
                        break;
                put_framework(h, f);
        }
        zc_out_puts(h->out, "</section>\n");
}
