/** zerocrit rules diff: what one set of rules has that another has not, and where they differ. */
#include <string.h>

#include "cmd_rules.h"
#include "settings.h"

#define BUILTIN "builtin"
#define VALUE_SHOWN 400u

struct sides {
        struct zc_pack *beside, *a, *b;
        const char *named_a, *named_b;
};

static void sides_release(struct sides *s)
{
        zc_pack_free(s->a);
        zc_pack_free(s->b);
        zc_pack_free(s->beside);
}

/** "builtin", a file or a folder. */
static bool side_load(const struct zc_options *o, const struct sides *s, const char *path,
                      struct zc_pack **out, struct zc_err *err)
{
        if (strcmp(path, BUILTIN) == 0)
                return zc_pack_builtin(out, err);
        return zc_settings_pack_of(o, &path, 1, s->beside, out, err);
}

/* ---- what differs ---- */

/** Members of either record, each once, with both values; JSON null where one has none. */
static json_t *members_changed(const struct zc_rule *a, const struct zc_rule *b)
{
        json_t *out = json_array();
        json_auto_t *all = json_copy((json_t *)(uintptr_t)a->record);
        const char *key;
        json_t *v;

        json_object_update_missing(all, (json_t *)(uintptr_t)b->record);
        json_object_foreach (all, key, v) {
                json_t *x = json_object_get(a->record, key), *y = json_object_get(b->record, key);

                if (!x || !y || !json_equal(x, y))
                        json_array_append_new(out, json_pack("{s:s, s:O?, s:O?}", "member", key,
                                                             "from", x, "to", y));
        }
        return out;
}

static json_t *rule_json(const struct zc_rule *r)
{
        return json_pack("{s:s, s:s, s:s, s:s}", "id", r->id, "severity",
                         zc_severity_name(zc_rule_worst(r)), "title", r->title, "file", r->file);
}

/** Rules of `from` that `other` has not. */
static json_t *only_in(const struct zc_pack *from, const struct zc_pack *other)
{
        json_t *out = json_array();

        for (size_t i = 0; i < zc_pack_count(from); i++) {
                const struct zc_rule *r = zc_pack_rule(from, i);

                if (!zc_pack_find(other, r->id))
                        json_array_append_new(out, rule_json(r));
        }
        return out;
}

static json_t *changed(const struct sides *s)
{
        json_t *out = json_array();

        for (size_t i = 0; i < zc_pack_count(s->b); i++) {
                const struct zc_rule *b = zc_pack_rule(s->b, i);
                const struct zc_rule *a = zc_pack_find(s->a, b->id);
                json_auto_t *members = a ? members_changed(a, b) : NULL;
                json_t *row;

                if (json_array_size(members) == 0)
                        continue;
                row = rule_json(b);
                json_object_set(row, "members", members);
                json_array_append_new(out, row);
        }
        return out;
}

static json_t *side_json(const char *named, const struct zc_pack *p)
{
        return json_pack("{s:s, s:I, s:s}", "named", named, "rules", (json_int_t)zc_pack_count(p),
                         "digest", zc_pack_digest(p));
}

static json_t *diff_json(const struct sides *s)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:o}", "a", side_json(s->named_a, s->a), "b",
                         side_json(s->named_b, s->b), "added", only_in(s->b, s->a), "removed",
                         only_in(s->a, s->b), "changed", changed(s));
}

/* ---- as text ---- */

static void out_clean(struct zc_out *out, const char *s, size_t cap)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, cap);
        zc_text_escape(&t, s, strlen(s));
        zc_out_printf(out, "%s%s", zc_text_str(&t), t.cut ? "…" : "");
}

static void rule_line(struct zc_out *out, const char *word, const json_t *r)
{
        zc_out_printf(out, "%-8s %-14s %-9s ", word, zc_json_str(r, "id", ""),
                      zc_json_str(r, "severity", ""));
        out_clean(out, zc_json_str(r, "title", ""), VALUE_SHOWN);
        zc_out_puts(out, "\n");
}

static void value_line(struct zc_out *out, char sign, const json_t *v)
{
        ZC_AUTO_MEM char *line = json_is_string(v) ? NULL : zc_json_line(v);

        if (!v || json_is_null(v))
                return;
        zc_out_printf(out, "           %c ", sign);
        out_clean(out, json_is_string(v) ? json_string_value(v) : line ? line : "", VALUE_SHOWN);
        zc_out_puts(out, "\n");
}

static void diff_text(const json_t *d, struct zc_out *out)
{
        const json_t *r, *m;
        size_t i, k;

        json_array_foreach (json_object_get(d, "added"), i, r) {
                rule_line(out, "added", r);
        }
        json_array_foreach (json_object_get(d, "removed"), i, r) {
                rule_line(out, "removed", r);
        }
        json_array_foreach (json_object_get(d, "changed"), i, r) {
                rule_line(out, "changed", r);
                json_array_foreach (json_object_get(r, "members"), k, m) {
                        zc_out_printf(out, "         %s\n", zc_json_str(m, "member", ""));
                        value_line(out, '-', json_object_get(m, "from"));
                        value_line(out, '+', json_object_get(m, "to"));
                }
        }
        zc_out_printf(out, "%zu added, %zu removed, %zu changed\n",
                      json_array_size(json_object_get(d, "added")),
                      json_array_size(json_object_get(d, "removed")),
                      json_array_size(json_object_get(d, "changed")));
}

static bool diff_steps(const struct zc_options *o, struct sides *s, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;
        json_auto_t *d = NULL;
        bool json;

        if (o->args.count != 3)
                return zc_fail(err, ZC_E_USAGE,
                               "diff what? zerocrit rules diff A B: files, folders, or `builtin`");
        s->named_a = o->args.item[1];
        s->named_b = o->args.item[2];
        if (!zc_rules_format(o, &json, err) || !zc_pack_builtin(&s->beside, err) ||
            !side_load(o, s, s->named_a, &s->a, err) || !side_load(o, s, s->named_b, &s->b, err))
                return false;
        *status = ZC_EXIT_FAULT;
        d = diff_json(s);
        if (!d)
                return zc_fail(err, ZC_E_NOMEM, "no memory to compare");
        if (!zc_out_open("-", 0600, &out, err))
                return false;
        if (json)
                zc_rules_json(out, d);
        else
                diff_text(d, out);
        return zc_rules_finish(out, status, err);
}

bool zc_rules_diff(const struct zc_options *o, int *status, struct zc_err *err)
{
        struct sides s = { 0 };
        bool ok = diff_steps(o, &s, status, err);

        sides_release(&s);
        return ok;
}
