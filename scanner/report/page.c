/** Clean text, notes, colour: what every part of the page is made of. */
#include "page.h"

#include <string.h>

#include "zc/text.h"

static const char *const codes[PAGE_COLOURS] = {
        [PAGE_PLAIN] = "",          [PAGE_RED] = "\033[31m",   [PAGE_BRIGHT_RED] = "\033[1;31m",
        [PAGE_YELLOW] = "\033[33m", [PAGE_GREEN] = "\033[32m", [PAGE_BOLD] = "\033[1m",
};

const char *const page_severities[PAGE_SEVERITIES] = { "critical", "high", "medium", "low",
                                                       "info" };

/** Escapes all but the characters in `stay`. */
static void clean_but(struct zc_text *t, const char *s, const char *stay)
{
        for (;;) {
                size_t plain = strcspn(s, stay);

                zc_text_escape(t, s, plain);
                if (s[plain] == '\0')
                        return;
                zc_text_addc(t, s[plain]);
                s += plain + 1;
        }
}

void page_clean(struct zc_text *t, const char *s)
{
        clean_but(t, s, "\\");
}

void page_clean_lines(struct zc_text *t, const char *s)
{
        clean_but(t, s, "\\\n");
}

char *page_cut(const char *s, unsigned cap)
{
        ZC_AUTO_TEXT t = { 0 };
        ZC_AUTO_TEXT cut = { 0 };
        unsigned columns = 0;
        size_t keep = 0;

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_init(&cut, ZC_TEXT_CEILING);
        page_clean(&t, s);
        if (zc_utf8_columns(zc_text_str(&t)) <= cap)
                return zc_text_steal(&t);
        while (keep < t.len) {
                char one[5] = { 0 };
                uint32_t code;
                size_t used = zc_utf8_next((const uint8_t *)t.p + keep, t.len - keep, &code);

                if (used == 0)
                        break;
                memcpy(one, t.p + keep, used);
                columns += (unsigned)zc_utf8_columns(one);
                if (columns + 1 > cap)
                        break;
                keep += used;
        }
        zc_text_addn(&cut, zc_text_str(&t), keep);
        zc_text_add(&cut, "…");
        return zc_text_steal(&cut);
}

void page_paint(struct page *p, enum page_colour c, const char *clean)
{
        bool colour = p->how->colour && c != PAGE_PLAIN;

        zc_out_printf(p->out, "%s%s%s", colour ? codes[c] : "", clean, colour ? "\033[0m" : "");
}

static void margin_note(struct page *p, unsigned left, unsigned width, const char *word,
                        const char *text)
{
        zc_out_printf(p->out, "%*s%-*s", (int)left, "", (int)(width - left), word);
        zc_wrap(p->out, text, width, width, p->columns);
        zc_out_puts(p->out, "\n");
}

void page_note(struct page *p, const char *word, const char *text)
{
        margin_note(p, PAGE_BODY, PAGE_TEXT, word, text);
}

void page_tag(struct page *p, const char *word, const char *text)
{
        margin_note(p, 0, PAGE_TAG, word, text);
}

enum page_colour page_severity_colour(const char *severity)
{
        static const enum page_colour of[PAGE_SEVERITIES] = { PAGE_BRIGHT_RED, PAGE_RED,
                                                              PAGE_YELLOW, PAGE_PLAIN, PAGE_PLAIN };

        for (unsigned i = 0; i < PAGE_SEVERITIES; i++) {
                if (strcmp(page_severities[i], severity) == 0)
                        return of[i];
        }
        return PAGE_PLAIN;
}

unsigned page_severity(const json_t *finding)
{
        const char *s = zc_json_str(finding, "severity", "");
        unsigned i = 0;

        while (i < PAGE_SEVERITIES && strcmp(page_severities[i], s) != 0)
                i++;
        return i;
}

bool page_finding_open(const json_t *finding)
{
        return strcmp(zc_json_str(finding, "status", "open"), "open") == 0 &&
               strcmp(zc_json_str(finding, "change", ""), "absent") != 0;
}

void page_again(struct zc_text *t, const json_t *finding)
{
        bool expected = strncmp(zc_json_str(finding, "rule", ""), "ZC-EXPECT-", 10) == 0;

        zc_text_add(t, expected ? "zerocrit explain " : "zerocrit recheck ");
        page_clean(t, zc_json_str(finding, "label", ""));
}

static void pack_part(const json_t *part, struct zc_text *t)
{
        const char *origin = zc_json_str(part, "origin", "");
        const char *version = zc_json_str(part, "version", "");
        long long rules = (long long)json_integer_value(json_object_get(part, "rules"));

        page_clean(t, zc_json_str(part, "name", "?"));
        zc_text_add(t, *version ? " " : "");
        page_clean(t, version);
        zc_text_printf(t, ", %lld rule%s", rules, rules == 1 ? "" : "s");
        if (strcmp(origin, "signed") == 0) {
                zc_text_add(t, ", signed by ");
                page_clean(t, zc_json_str(part, "key", "?"));
        } else if (strcmp(origin, "built-in") != 0) {
                zc_text_add(t, ", UNSIGNED");
        }
}

void page_packs(const json_t *report, struct zc_text *t)
{
        const json_t *parts = zc_json_at(report, "pack.parts");
        const json_t *part;
        size_t i;

        if (json_array_size(parts) == 1 &&
            strcmp(zc_json_str(json_array_get(parts, 0), "origin", ""), "built-in") == 0)
                return;
        json_array_foreach (parts, i, part) {
                zc_text_add(t, i ? "; " : "");
                pack_part(part, t);
        }
}
