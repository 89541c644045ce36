/** Paths into evidence as people write them: resolved against the types, in the form in which an expression's own paths stand. */
#include <assert.h>
#include <string.h>

#include "cel_impl.h"
#include "zc/text.h"

#define PATH_MAX_LEN 512

struct walk {
        struct cel_compiler c; /* for its errors: "line 1, column N: …" */
        const char *s;         /* the whole */
        const char *at;
        const struct zc_cel_type *type;
        const char *out; /* what was walked */
};

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

const char *cel_path_join(struct zc_arena *a, const char *path, const char *name)
{
        char quote = name && strchr(name, '\'') ? '"' : '\'';

        if (!name || strchr(name, quote)) /* what cannot be written is any of them */
                return zc_arena_printf(a, "%s[]", path);
        if (*name && !name[strspn(name, letters)])
                return zc_arena_printf(a, "%s.%s", path, name);
        return zc_arena_printf(a, "%s[%c%s%c]", path, quote, name, quote);
}

/** Goes on to a member or, without a name, an element. */
static bool walk_on(struct walk *w, const char *name, const struct zc_cel_type *type)
{
        w->type = type;
        w->out = cel_path_join(w->c.arena, w->out, name);
        return w->out ? true : cel_nomem(&w->c);
}

static uint32_t place(const struct walk *w)
{
        return (uint32_t)(w->at - w->s);
}

static bool no_member(struct walk *w, const char *name)
{
        const char *const *names = cel_schema_names(w->c.arena, w->type);
        const char *near = names ? zc_nearest(name, names) : NULL;

        return cel_fail_at(&w->c, place(w), "%s has no member '%.60s'%s%s%s", w->out, name,
                           near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/** One member, by its name. */
static bool step_member(struct walk *w, const char *name)
{
        const struct zc_cel_type *t = w->type, *inner = NULL;
        struct zc_err err = { 0 };
        char text[96];

        if (t->kind == CEL_DYN) {
                inner = t;
        } else if ((t->kind == CEL_STRUCT || t->kind == CEL_MAP) && t->node) {
                inner = cel_schema_member(w->c.arena, t, name, &err);
                if (!inner)
                        return err.code == ZC_E_NOMEM ? cel_nomem(&w->c) : no_member(w, name);
        } else if (t->kind == CEL_MAP) {
                inner = t->of[1];
        } else {
                return cel_fail_at(&w->c, place(w), "'.%.60s': %s has no members", name, cel_type_name(t, text, sizeof text));
        }
        return walk_on(w, name, inner);
}

/** "[]": any element of a list, or any value of a map. */
static bool step_element(struct walk *w)
{
        const struct zc_cel_type *t = w->type;

        if (t->kind != CEL_LIST && t->kind != CEL_MAP && t->kind != CEL_DYN)
                return cel_fail_at(&w->c, place(w), "%s is neither a list nor a map: it has no elements", w->out);
        return walk_on(w, NULL, t->kind == CEL_LIST ? t->of[0] : t->kind == CEL_MAP ? t->of[1] : t);
}

/** The name at w->at, n bytes of it, in the arena. */
static bool step_named(struct walk *w, const char *name, size_t n)
{
        char *copy = zc_arena_strndup(w->c.arena, name, n);

        return copy ? step_member(w, copy) : cel_nomem(&w->c);
}

/** ".name", "['name']" or "[]"; moves on. */
static bool step(struct walk *w)
{
        const char *s = w->at, *end;
        size_t n;

        assert(w->type);
        if (s[0] == '[' && s[1] == ']') {
                w->at += 2;
                return step_element(w);
        }
        if (s[0] == '.') {
                w->at++;
                n = strspn(w->at, letters);
                if (n == 0)
                        return cel_fail_at(&w->c, place(w), "a member's name goes here");
                if (!step_named(w, w->at, n))
                        return false;
                w->at += n;
                return true;
        }
        if (s[0] == '[' && (s[1] == '\'' || s[1] == '"')) {
                w->at += 2;
                end = strchr(w->at, s[1]);
                if (!end || end[1] != ']')
                        return cel_fail_at(&w->c, place(w), "a name in brackets ends in %c]", s[1]);
                if (!step_named(w, w->at, (size_t)(end - w->at)))
                        return false;
                w->at = end + 2;
                return true;
        }
        return cel_fail_at(&w->c, place(w), "a path is written self.name, self.list[].name or self.map['name'], not as an expression");
}

static bool step_variable(struct walk *w)
{
        const struct zc_cel_env *env = w->c.env;
        const char **names = zc_arena_array(w->c.arena, env->var_count + 1, sizeof *names);
        size_t n = strspn(w->s, letters), k = 0;
        const char *near;
        char name[64];

        if (!names)
                return cel_nomem(&w->c);
        for (size_t i = 0; i < env->var_count; i++) {
                const struct cel_var *v = &env->vars[i];

                if (!v->evidence)
                        continue;
                names[k++] = v->name;
                if (strlen(v->name) != n || strncmp(v->name, w->s, n) != 0)
                        continue;
                w->type = v->type;
                w->at = w->s + n;
                w->out = v->name;
                return true;
        }
        if (n == 0 || n >= sizeof name)
                return cel_fail_at(&w->c, 0, "a path begins with a name, such as self.port");
        memcpy(name, w->s, n);
        name[n] = '\0';
        near = zc_nearest(name, names);
        return cel_fail_at(&w->c, 0, "there is no evidence '%s'%s%s%s", name, near ? "; did you mean '" : "", near ? near : "",
                           near ? "'?" : "");
}

bool zc_cel_path(struct zc_cel_env *env, const char *path, const char **out, struct zc_err *err)
{
        struct walk w = { .c = { .env = env, .arena = env->arena, .err = err, .src = path }, .s = path, .at = path };
        bool ok;

        if (strlen(path) > PATH_MAX_LEN)
                return zc_fail(err, ZC_E_LIMIT, "line 1, column 1: a path of more than %d bytes", PATH_MAX_LEN);
        w.c.len = (uint32_t)strlen(path);
        ok = step_variable(&w);
        while (ok && *w.at)
                ok = step(&w);
        *out = w.out;
        return ok;
}
