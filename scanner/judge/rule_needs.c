/** What a rule says that it needs, against what its condition reads: neither may name what the other does not. */
#include <stdio.h>
#include <string.h>

#include "rule_internal.h"

#define PATHS_MAX 512u

struct needs {
        struct rule_compile *c;
        size_t count;
        const char **written; /* as in the file, without the ! */
        const char **path;    /* as zc_cel_paths() writes it */
};

/** Whether `path` is `above`, or stands under it. */
static bool stands_under(const char *path, const char *above)
{
        size_t n = strlen(above);

        return strncmp(path, above, n) == 0 &&
               (path[n] == '\0' || path[n] == '.' || path[n] == '[');
}

static bool read_under(const struct zc_cel *e, const char *need)
{
        size_t n = 0;
        const char *const *paths = e ? zc_cel_paths(e, &n) : NULL;

        for (size_t i = 0; i < n; i++) {
                if (stands_under(paths[i], need))
                        return true;
        }
        return false;
}

static bool declared(const struct needs *n, const char *path)
{
        for (size_t i = 0; i < n->count; i++) {
                if (stands_under(path, n->path[i]))
                        return true;
        }
        return false;
}

/** `needs` as it should be written: what stands there and is read, then what is missing. */
static void line_wanted(const struct needs *n, struct zc_text *t)
{
        const struct zc_rule *r = &n->c->r->rule;
        size_t count = 0;
        const char *const *paths = zc_cel_paths(r->when, &count);

        for (size_t i = 0; i < n->count; i++) {
                if (read_under(r->when, n->path[i]) || read_under(r->where, n->path[i]))
                        zc_text_printf(t, "%s%s", t->len ? ", " : "", n->written[i]);
        }
        for (size_t i = 0; i < count; i++) {
                if (!declared(n, paths[i]))
                        zc_text_printf(t, "%s%s", t->len ? ", " : "", paths[i]);
        }
}

static bool fail_undeclared(const struct needs *n, const char *path)
{
        const struct rule_compile *c = n->c;
        char pointer[512];
        ZC_AUTO_TEXT line = { 0 };

        zc_text_init(&line, 300);
        line_wanted(n, &line);
        snprintf(pointer, sizeof(pointer), "%s/%s", c->pointer,
                 json_object_get(c->record, "needs") ? "needs" : "when");
        return zc_yaml_fail(c->y, pointer, c->err,
                            "the condition reads %.120s, which needs does not list; needs: [%s%s]",
                            path, zc_text_str(&line), line.cut ? ", …" : "");
}

static bool fail_unread(const struct needs *n, size_t i)
{
        const struct rule_compile *c = n->c;
        const char *names[PATHS_MAX + 1] = { NULL };
        size_t count = 0;
        const char *const *paths = zc_cel_paths(c->r->rule.when, &count);
        char pointer[512];
        const char *near;
        size_t k = 0;

        for (size_t p = 0; p < count && k < PATHS_MAX; p++) {
                if (!declared(n, paths[p]))
                        names[k++] = paths[p];
        }
        near = zc_nearest(n->path[i], names);
        near = near ? near : names[0];
        snprintf(pointer, sizeof(pointer), "%s/needs/%zu", c->pointer, i);
        return zc_yaml_fail(c->y, pointer, c->err,
                            "needs lists %.120s, which the condition does not read%s%.120s%s",
                            n->written[i], near ? "; did you mean " : ": take it out, or read it",
                            near ? near : "", near ? "?" : "");
}

/** One entry: a path that exists, with or without a !. */
static bool take_need(struct needs *n, const char *text, size_t i, const char **must)
{
        struct rule_compile *c = n->c;
        size_t len = strlen(text);
        bool hard = len > 0 && text[len - 1] == '!';
        char *written = zc_arena_strndup(c->r->arena, text, len - hard);
        char below[64];

        snprintf(below, sizeof(below), "/needs/%zu", i);
        if (!written)
                return zc_fail(c->err, ZC_E_NOMEM, "no memory for a rule");
        if (!zc_cel_path(c->r->env, written, &n->path[i], c->err))
                return zc_rule_fail_text(c, below, written);
        n->written[i] = written;
        n->count++;
        *must = hard ? written : NULL;
        return true;
}

static bool take_needs(struct needs *n)
{
        struct rule_compile *c = n->c;
        const json_t *needs = json_object_get(c->record, "needs");
        size_t room = json_array_size(needs) + 1, hard = 0;
        const char **must = zc_arena_array(c->r->arena, room, sizeof(*must));
        const json_t *v;
        size_t i;

        n->written = zc_arena_array(c->r->arena, room, sizeof(*n->written));
        n->path = zc_arena_array(c->r->arena, room, sizeof(*n->path));
        if (!n->written || !n->path || !must)
                return zc_fail(c->err, ZC_E_NOMEM, "no memory for a rule");
        json_array_foreach (needs, i, v) {
                if (!take_need(n, json_string_value(v), i, &must[hard]))
                        return false;
                hard += must[hard] != NULL;
        }
        c->r->rule.needs = n->written;
        c->r->rule.must = must;
        return true;
}

bool zc_rule_needs(struct rule_compile *c)
{
        const struct zc_rule *rule = &c->r->rule;
        struct needs n = { .c = c };
        size_t count = 0;
        const char *const *paths = zc_cel_paths(rule->when, &count);
        char pointer[512];

        if (!take_needs(&n))
                return false;
        snprintf(pointer, sizeof(pointer), "%s/when", c->pointer);
        if (count == 0)
                return zc_yaml_fail(c->y, pointer, c->err,
                                    "the condition reads no evidence, so it decides nothing; read "
                                    "self, host, run or endpoint");
        for (size_t i = 0; i < n.count; i++) {
                if (!read_under(rule->when, n.path[i]) && !read_under(rule->where, n.path[i]))
                        return fail_unread(&n, i);
        }
        for (size_t i = 0; i < count; i++) {
                if (!declared(&n, paths[i]))
                        return fail_undeclared(&n, paths[i]);
        }
        return true;
}
