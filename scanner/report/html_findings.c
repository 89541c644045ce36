/** Every finding: by cause, worst first, with what was seen, how to mend it, and how to see it oneself. */
#include <string.h>

#include "html.h"
#include "page.h"
#include "view.h"

#define PLACES_MAX 500u  /* of one cause; report.json has all */
#define EVIDENCE_MAX 20u /* of one finding, and findings of one cause that show it */
#define VALUE_MAX 600u

static void put_evidence(const struct html *h, const json_t *f)
{
        const json_t *reads = json_object_get(f, "evidence");
        const json_t *r;
        size_t i;

        json_array_foreach (reads, i, r) {
                const json_t *value = json_object_get(r, "value");
                ZC_AUTO_MEM char *text = value ? zc_json_line(value) : NULL;

                if (i == EVIDENCE_MAX)
                        break;
                markup_fmt(h->out, "<p class=\"saw\">saw <code>%s = ", zc_json_str(r, "path", ""));
                markup_cut(h->out, text ? text : "?", VALUE_MAX);
                zc_out_puts(h->out, "</code>");
                if (view_seen_from(h->report, f, r))
                        markup_fmt(h->out, " from %s", view_seen_from(h->report, f, r));
                zc_out_puts(h->out, "</p>\n");
        }
}

/** Other places at which the same service was seen. */
static void put_also(const struct html *h, const json_t *f)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        view_also(f, &t);
        if (t.len == 0)
                return;
        zc_out_puts(h->out, "<p class=\"saw\">the same service at <code>");
        markup_cut(h->out, zc_text_str(&t), VALUE_MAX);
        zc_out_puts(h->out, "</code></p>\n");
}

static void put_proof(const struct html *h, const json_t *f)
{
        const json_t *proof = json_object_get(f, "proof");
        const char *sent = zc_json_str(proof, "sent", NULL);
        const char *received = zc_json_str(proof, "received", NULL);
        const char *at = zc_json_str(proof, "observed_at", NULL);

        if (!sent && !received)
                return;
        zc_out_puts(h->out, "<p class=\"saw\">sent <code>");
        markup_cut(h->out, sent ? sent : "nothing", VALUE_MAX);
        zc_out_puts(h->out, "</code>, got <code>");
        markup_cut(h->out, received ? received : "nothing", VALUE_MAX);
        zc_out_puts(h->out, "</code>");
        if (at)
                markup_fmt(h->out, " at %s", at);
        zc_out_puts(h->out, "</p>\n");
}

static void put_place(const struct html *h, const json_t *f, bool evidence)
{
        const char *reach = zc_json_str(f, "reach", NULL);

        zc_out_puts(h->out, "<div class=\"place\"><p>");
        markup_fmt(h->out, "<b>%s</b> ", zc_json_str(f, "label", ""));
        if (html_hosts(h))
                markup_fmt(h->out, "%s ", html_host(h, zc_json_str(f, "asset", "")));
        zc_out_puts(h->out, "<span class=\"mono\">");
        markup_cut(h->out, zc_json_str(f, "subject", ""), VALUE_MAX);
        zc_out_puts(h->out, "</span> ");
        markup_cut(h->out, zc_json_str(f, "message", ""), HTML_TEXT_MAX);
        zc_out_puts(h->out, "</p>\n");
        put_also(h, f);
        if (evidence) {
                put_evidence(h, f);
                put_proof(h, f);
        }
        markup_fmt(h->out, "<p class=\"saw\">%s", zc_json_str(f, "confidence", ""));
        if (reach)
                markup_fmt(h->out, ", reach %s", reach);
        markup_fmt(h->out, ", %s", zc_json_str(f, "change", ""));
        if (zc_json_str(f, "waiver", NULL))
                markup_fmt(h->out, ", waived by %s", zc_json_str(f, "waiver", ""));
        if (zc_json_str(f, "covered_by", NULL))
                zc_out_puts(h->out, ", ended by the fix of another finding");
        markup_fmt(h->out, " <span class=\"mono\">%s</span></p></div>\n",
                   zc_json_str(f, "fingerprint", ""));
}

static void put_places(const struct html *h, const json_t *findings)
{
        const json_t *f;
        size_t i;

        json_array_foreach (findings, i, f) {
                if (i == PLACES_MAX) {
                        zc_out_printf(h->out,
                                      "<p class=\"soft\">and %zu more: see report.json</p>\n",
                                      json_array_size(findings) - PLACES_MAX);
                        return;
                }
                put_place(h, f, i < EVIDENCE_MAX);
        }
}

static void put_refs(const struct html *h, const json_t *f)
{
        const json_t *v;
        const char *kind;
        json_t *list;
        size_t i, n = 0;

        json_object_foreach (json_object_get(f, "refs"), kind, list) {
                json_array_foreach (list, i, v) {
                        zc_out_puts(h->out, n++ ? ", " : "<p class=\"saw\">");
                        markup_fmt(h->out, "%s %s", kind, zc_json_str(v, "id", ""));
                }
        }
        zc_out_puts(h->out, n ? "</p>\n" : "");
}

static void put_fix(const struct html *h, const json_t *f)
{
        const json_t *variants = zc_json_at(f, "remediation.variants");
        const json_t *reproduce = json_object_get(f, "reproduce");
        const char *text = zc_json_str(f, "remediation.text", "");
        const json_t *v;
        size_t i;

        if (*text || json_array_size(variants) > 0)
                zc_out_puts(h->out, "<h4>Fix</h4>\n<p>");
        markup_cut(h->out, text, HTML_TEXT_MAX);
        zc_out_puts(h->out, *text || json_array_size(variants) > 0 ? "</p>\n" : "");
        json_array_foreach (variants, i, v) {
                zc_out_puts(h->out, "<div class=\"variant\">\n");
                html_variant(h, v, false);
                zc_out_puts(h->out, "</div>\n");
        }
        if (json_array_size(reproduce) > 0)
                zc_out_puts(h->out, "<h4>See it yourself</h4>\n<pre>");
        json_array_foreach (reproduce, i, v) {
                zc_out_puts(h->out, i ? "\n" : "");
                markup_cut(h->out, json_string_value(v) ? json_string_value(v) : "", HTML_TEXT_MAX);
        }
        zc_out_puts(h->out, json_array_size(reproduce) > 0 ? "</pre>\n" : "");
}

static void put_then(const struct html *h, const json_t *f)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 256);
        page_again(&t, f);
        zc_out_puts(h->out, "<h4>Then</h4>\n<pre>");
        markup_cut(h->out, zc_text_str(&t), HTML_TEXT_MAX);
        zc_out_puts(h->out, "</pre>\n");
}

static void put_cause(const struct html *h, const struct view_cause *c)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 256);
        view_cause_spread(h->report, c, &t);
        zc_out_printf(h->out, "<details class=\"cause s%u\" id=\"", c->severity);
        html_anchor(h, c);
        zc_out_printf(h->out, "\"%s>\n<summary><span class=\"chip s%u\">%s</span> <b>",
                      c->severity < 2 ? " open" : "", c->severity, page_severities[c->severity]);
        markup_cut(h->out, zc_json_str(c->first, "title", ""), VALUE_MAX);
        zc_out_puts(h->out, "</b><span class=\"soft\">");
        zc_out_puts(h->out, zc_text_str(&t));
        markup_fmt(h->out,
                   "</span><span class=\"rule mono\">%s</span></summary>\n<div class=\"body\">\n",
                   zc_json_str(c->first, "rule", ""));
        put_places(h, c->findings);
        if (*zc_json_str(c->first, "rationale", "")) {
                zc_out_puts(h->out, "<h4>Why it matters</h4>\n<p>");
                markup_cut(h->out, zc_json_str(c->first, "rationale", ""), HTML_TEXT_MAX);
                zc_out_puts(h->out, "</p>\n");
        }
        put_fix(h, c->first);
        put_then(h, c->first);
        put_refs(h, c->first);
        zc_out_puts(h->out, "</div>\n</details>\n");
}

/** Waived findings stand below the open ones, hidden from nobody. */
static void put_waived(const struct html *h)
{
        json_auto_t *waived = json_array();
        json_t *f;
        size_t i;

        json_array_foreach (json_object_get(h->report, "findings"), i, f) {
                if (strcmp(zc_json_str(f, "status", ""), "waived") == 0 &&
                    strcmp(zc_json_str(f, "change", ""), "absent") != 0)
                        json_array_append(waived, f);
        }
        if (json_array_size(waived) == 0)
                return;
        zc_out_printf(h->out,
                      "<details class=\"cause s4\" open><summary><b>Waived</b><span class=\"soft\">"
                      "%zu, accepted by someone until a day</span></summary><div class=\"body\">\n",
                      json_array_size(waived));
        json_array_foreach (waived, i, f) {
                if (i == PLACES_MAX)
                        break;
                markup_fmt(h->out, "<h4>%s %s</h4>\n", zc_json_str(f, "severity", ""),
                           zc_json_str(f, "title", ""));
                put_place(h, f, i < EVIDENCE_MAX);
        }
        zc_out_puts(h->out, "</div></details>\n");
}

void html_findings(const struct html *h)
{
        zc_out_puts(h->out, "<section id=\"findings\">\n<h2>All findings</h2>\n");
        if (h->all->count == 0)
                zc_out_puts(h->out, "<p class=\"soft\">No open finding.</p>\n");
        for (size_t i = 0; i < h->all->count; i++)
                put_cause(h, &h->all->c[i]);
        put_waived(h);
        zc_out_puts(h->out, "</section>\n");
}
