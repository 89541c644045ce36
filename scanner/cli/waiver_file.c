/** One more waiver: text is proposed, and the loader decides whether it is the old list and the new waiver. */
#include "waiver_file.h"

#include <stdio.h>
#include <string.h>

#include "zc/judge.h"
#include "zc/text.h"
#include "zc/yaml.h"

#define INDENT_MAX 64u
#define PLACES_MAX 64u /* closing brackets that are tried, from the end */
#define TEXT_MAX ((size_t)2 << 20)

static const char new_file[] =
        "# Findings, and checks without an answer, that a named person accepts until a date.\n"
        "# target: \"id:ASSET\", \"tag:NAME\", \"id:ASSET SUBJECT\", or a pattern for asset or "
        "subject.\n"
        "waivers:\n";

void zc_waiver_next_id(const json_t *list, char out[32])
{
        uint64_t highest = 0, n;
        const json_t *w;
        size_t i;

        json_array_foreach (list, i, w) {
                const char *id = zc_json_str(w, "id", "");

                if (strncmp(id, "W-", 2) == 0 &&
                    zc_parse_uint(id + 2, strlen(id + 2), UINT32_MAX, &n) && n > highest)
                        highest = n;
        }
        snprintf(out, 32, "W-%llu", (unsigned long long)highest + 1);
}

/** Words that no reader of YAML takes for anything else stay bare. */
static bool is_bare(const char *key)
{
        static const char *const keys[] = { "id", "rule", "verdict", "created", "expires" };

        for (size_t i = 0; i < ZC_COUNT(keys); i++) {
                if (strcmp(keys[i], key) == 0)
                        return true;
        }
        return false;
}

/** Members with `between` between them: on one line in braces, or one a line. */
static void members_add(struct zc_text *t, const json_t *waiver, const char *between)
{
        const json_t *v;
        const char *key;
        bool first = true;

        json_object_foreach ((json_t *)(uintptr_t)waiver, key, v) {
                ZC_AUTO_MEM char *quoted = is_bare(key) ? NULL : zc_json_line(v);

                zc_text_printf(t, "%s%s: %s", first ? "" : between, key,
                               quoted ? quoted : json_string_value(v));
                first = false;
        }
}

/* ---- where it may go ---- */

struct proposal {
        const char *name, *text;
        size_t len;
        const json_t *old, *waiver; /* old: NULL for none */
        struct zc_text out;
        struct zc_err why;
};

/** One is the other, wherever they stand. */
static bool same(const json_t *a, const json_t *b)
{
        static const char *const places[] = { "at", "rule_at" };
        json_auto_t *x = json_copy((json_t *)(uintptr_t)a);
        json_auto_t *y = json_copy((json_t *)(uintptr_t)b);

        for (size_t i = 0; i < ZC_COUNT(places); i++) {
                json_object_del(x, places[i]);
                json_object_del(y, places[i]);
        }
        return json_equal(x, y);
}

/** Is what was proposed the old list and the new waiver? */
static bool accepted(struct proposal *p)
{
        json_auto_t *list = NULL;
        size_t n = json_array_size(p->old);

        if (p->out.failed || p->out.cut)
                return zc_fail(&p->why, ZC_E_NOMEM, "no memory for the waivers");
        list = zc_waivers_parse(p->name, zc_text_str(&p->out), p->out.len, &p->why);
        if (!list || json_array_size(list) != n + 1 ||
            !same(json_array_get(list, n), p->waiver))
                return false;
        for (size_t i = 0; i < n; i++) {
                if (!same(json_array_get(list, i), json_array_get(p->old, i)))
                        return false;
        }
        return true;
}

/** The blanks in front of the first line that begins with a dash: how deep the list stands. */
static unsigned dash_indent(const char *text, size_t len)
{
        for (size_t at = 0; at < len;) {
                const char *end = memchr(text + at, '\n', len - at);
                size_t line = end ? (size_t)(end - text) - at : len - at;
                size_t blanks = strspn(text + at, " ");

                if (blanks + 1 < line && blanks < INDENT_MAX && text[at + blanks] == '-' &&
                    text[at + blanks + 1] == ' ')
                        return (unsigned)blanks;
                at += line + 1;
        }
        return 2;
}

/** At the end, as lists in block style are written. */
static bool at_end(struct proposal *p)
{
        char between[INDENT_MAX + 8];
        unsigned indent = dash_indent(p->text, p->len);

        zc_text_clear(&p->out);
        zc_text_addn(&p->out, p->text, p->len);
        if (p->len > 0 && p->text[p->len - 1] != '\n')
                zc_text_addc(&p->out, '\n');
        if (!p->old)
                zc_text_add(&p->out, p->len > 0 ? "waivers:\n" : new_file);
        snprintf(between, sizeof(between), "\n%*s", (int)indent + 2, "");
        zc_text_printf(&p->out, "%*s- ", (int)indent, "");
        members_add(&p->out, p->waiver, between);
        zc_text_addc(&p->out, '\n');
        return accepted(p);
}

/** Before the bracket that closes a list in flow style. */
static bool before_bracket(struct proposal *p)
{
        static const char *const fronts[] = { ", ", "" };
        size_t tried = 0;

        for (size_t i = p->len; i-- > 0 && tried < PLACES_MAX;) {
                if (p->text[i] != ']')
                        continue;
                tried++;
                for (size_t k = 0; k < ZC_COUNT(fronts); k++) {
                        zc_text_clear(&p->out);
                        zc_text_addn(&p->out, p->text, i);
                        zc_text_printf(&p->out, "%s{", fronts[k]);
                        members_add(&p->out, p->waiver, ", ");
                        zc_text_addc(&p->out, '}');
                        zc_text_addn(&p->out, p->text + i, p->len - i);
                        if (accepted(p))
                                return true;
                }
        }
        return false;
}

/** The waivers that are there; *old stays NULL for a file of nothing but comments. */
static bool old_read(const char *name, const char *text, size_t len, json_t **old,
                     struct zc_err *err)
{
        ZC_AUTO(zc_yaml) y = NULL;

        if (!zc_yaml_parse(name, text, len, &y, err))
                return false;
        if (json_is_null(zc_yaml_root(y)))
                return true;
        *old = zc_waivers_parse(name, text, len, err);
        return *old != NULL;
}

bool zc_waiver_add(const char *name, const char *text, size_t len, const json_t *waiver, char **out,
                   size_t *out_len, struct zc_err *err)
{
        json_auto_t *old = NULL;
        struct proposal p = { .name = name, .text = text, .len = len, .waiver = waiver };
        bool ok;

        zc_text_init(&p.out, TEXT_MAX);
        if (!old_read(name, text, len, &old, err))
                return false;
        p.old = old;
        ok = at_end(&p) || before_bracket(&p);
        *out_len = p.out.len;
        *out = ok ? zc_text_steal(&p.out) : NULL;
        zc_text_clear(&p.out);
        members_add(&p.out, waiver, ", ");
        if (!ok)
                zc_fail(err, ZC_E_USAGE,
                        "%s: its layout has no place for one more; add to its list: {%s}", name,
                        zc_text_str(&p.out));
        zc_text_release(&p.out);
        return *out != NULL;
}
