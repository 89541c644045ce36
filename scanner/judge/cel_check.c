/** The checker: gives every node its type, its slot or its functions, and the function that evaluates it. */
#include <stdio.h>
#include <string.h>

#include "cel_impl.h"

#define NAME_MAX_LEN 256 /* a.b.c as one name */

static const struct zc_cel_type *type_dyn = &cel_type_of[CEL_DYN];

/** "path" + "." + name, or "[]" without one; NULL when n has no path. */
static bool path_extend(struct cel_compiler *c, const char *path, const char *name, const char **out)
{
        *out = NULL;
        if (!path || strlen(path) > 512)
                return true;
        *out = cel_path_join(c->arena, path, name);
        return *out ? true : cel_nomem(c);
}

bool cel_path_under(const struct cel_compiler *c, const char *path)
{
        for (size_t i = 0; i < c->e->path_count; i++) {
                if (strncmp(c->e->paths[i], path, strlen(path)) == 0)
                        return true;
        }
        return false;
}

bool cel_path_note(struct cel_compiler *c, const struct cel_ast *n)
{
        struct zc_cel *e = c->e;

        if (!n->path)
                return true;
        for (size_t i = 0; i < e->path_count; i++) {
                if (strcmp(e->paths[i], n->path) == 0)
                        return true;
        }
        if (e->path_count == e->path_cap) {
                size_t cap = e->path_cap ? e->path_cap * 2 : 8;
                const char **more = zc_arena_array(c->arena, cap, sizeof *more);

                if (!more)
                        return cel_nomem(c);
                if (e->path_count)
                        memcpy(more, e->paths, e->path_count * sizeof *more);
                e->paths = more;
                e->path_cap = cap;
        }
        e->paths[e->path_count++] = n->path;
        return true;
}

/* ---- names ---- */

/** A type's own name as a value: int, list, net.IP. dyn has none. */
static const char *type_by_name(const char *name)
{
        for (int k = CEL_NULL; k < CEL_STRUCT; k++) {
                if (strcmp(cel_kind_name((enum cel_kind)k), name) == 0)
                        return cel_kind_name((enum cel_kind)k);
        }
        return NULL;
}

static bool find_var(const struct zc_cel_env *env, const char *name, uint32_t *index)
{
        for (size_t i = 0; i < env->var_count; i++) {
                if (strcmp(env->vars[i].name, name) == 0) {
                        *index = (uint32_t)i;
                        return true;
                }
        }
        return false;
}

/** The variable for a name, looked up in the container first and then outwards. */
static bool resolve_var(const struct cel_compiler *c, const char *name, bool rooted, uint32_t *index)
{
        char full[NAME_MAX_LEN * 2];
        size_t n = c->env->container && !rooted ? strlen(c->env->container) : 0;

        for (; n > 0; n--) {
                if (c->env->container[n] != '\0' && c->env->container[n] != '.')
                        continue;
                if ((size_t)snprintf(full, sizeof full, "%.*s.%s", (int)n, c->env->container, name) < sizeof full &&
                    find_var(c->env, full, index))
                        return true;
        }
        return find_var(c->env, name, index);
}

/** The slot of a variable among those the expression uses. */
static bool use_var(struct cel_compiler *c, uint32_t index, uint32_t *slot)
{
        struct zc_cel *e = c->e;

        for (uint32_t i = 0; i < e->used_count; i++) {
                if (e->used[i] == index) {
                        *slot = i;
                        return true;
                }
        }
        if (!e->used && !(e->used = zc_arena_array(c->arena, c->env->var_count, sizeof *e->used)))
                return cel_nomem(c);
        *slot = e->used_count;
        e->used[e->used_count++] = index;
        return true;
}

static const struct cel_scope *find_local(const struct cel_compiler *c, const char *name)
{
        const struct cel_scope *s = c->scope;

        while (s && strcmp(s->name, name) != 0)
                s = s->up;
        return s;
}

static bool make_var(struct cel_compiler *c, struct cel_ast *n, uint32_t index)
{
        const struct cel_var *v = &c->env->vars[index];

        n->kind = CEL_N_IDENT;
        n->n = 0;
        n->type = v->type;
        n->path = v->evidence ? v->name : NULL;
        n->eval = cel_eval_global;
        return use_var(c, index, &n->slot);
}

/** "a.b.c" when n is only names; false otherwise. *root: the leftmost name's node. */
static bool dotted(const struct cel_ast *n, char *buf, size_t size, const struct cel_ast **root)
{
        size_t used;

        if (n->kind == CEL_N_IDENT) {
                *root = n;
                return (size_t)snprintf(buf, size, "%s", n->name) < size;
        }
        if (n->kind != CEL_N_SELECT || n->opt || !dotted(n->arg[0], buf, size, root))
                return false;
        used = strlen(buf);
        return (size_t)snprintf(buf + used, size - used, ".%s", n->name) < size - used;
}

/** Whether a select is really one qualified name (a variable "a.b", the type net.IP): then n becomes that. */
static bool check_qualified(struct cel_compiler *c, struct cel_ast *n, bool *done)
{
        const struct cel_ast *root;
        char name[NAME_MAX_LEN];
        const char *type;
        uint32_t index;

        *done = false;
        if (!dotted(n, name, sizeof name, &root) || (!root->rooted && find_local(c, root->name)))
                return true;
        if ((c->env->dotted || c->env->container) && resolve_var(c, name, root->rooted, &index)) {
                *done = true;
                return make_var(c, n, index);
        }
        type = type_by_name(name);
        if (type) {
                *done = true;
                n->kind = CEL_N_LITERAL;
                n->n = 0;
                n->value = cel_type_value(type);
                n->type = &cel_type_of[CEL_TYPE];
                n->eval = cel_eval_literal;
        }
        return true;
}

static bool unknown_name(struct cel_compiler *c, struct cel_ast *n)
{
        const char **names, *near;
        size_t k = 0;

        if (c->env->lenient) {
                n->type = type_dyn;
                n->eval = cel_eval_unbound;
                return true;
        }
        names = zc_arena_array(c->arena, c->env->var_count + 17, sizeof *names);
        if (!names)
                return cel_nomem(c);
        for (const struct cel_scope *s = c->scope; s && k < 16; s = s->up)
                names[k++] = s->name;
        for (size_t i = 0; i < c->env->var_count; i++)
                names[k++] = c->env->vars[i].name;
        near = zc_nearest(n->name, names);
        return cel_fail_at(c, n->pos, "there is no variable '%s'%s%s%s", n->name, near ? "; did you mean '" : "", near ? near : "",
                           near ? "'?" : "");
}

static bool check_ident(struct cel_compiler *c, struct cel_ast *n)
{
        const struct cel_scope *local = n->rooted ? NULL : find_local(c, n->name);
        const char *type;
        uint32_t index;

        if (local) {
                n->type = local->type;
                n->path = local->path;
                n->slot = local->slot;
                n->eval = cel_eval_local;
                return true;
        }
        if (resolve_var(c, n->name, n->rooted, &index))
                return make_var(c, n, index);
        type = type_by_name(n->name);
        if (!type)
                return unknown_name(c, n);
        n->value = cel_type_value(type);
        n->type = &cel_type_of[CEL_TYPE];
        n->eval = cel_eval_literal;
        return true;
}

/* ---- members and elements ---- */

static bool no_member(struct cel_compiler *c, const struct cel_ast *n, uint32_t pos, const struct zc_cel_type *t, const char *name)
{
        const char *const *names = cel_schema_names(c->arena, t);
        const char *near = names ? zc_nearest(name, names) : NULL;
        const char *of = n->arg[0]->path ? n->arg[0]->path : "this object";

        return cel_fail_at(c, pos, "%s has no member '%s'%s%s%s", of, name, near ? "; did you mean '" : "", near ? near : "",
                           near ? "'?" : "");
}

/** The type of member `name` of t, for select, has() and a constant index. */
static bool member_type(struct cel_compiler *c, const struct cel_ast *n, uint32_t pos, const struct zc_cel_type *t, const char *name,
                        const struct zc_cel_type **out)
{
        char text[96];

        *out = type_dyn;
        if (t->kind == CEL_OPTIONAL) {
                const struct zc_cel_type *inner;

                if (!member_type(c, n, pos, t->of[0], name, &inner))
                        return false;
                *out = cel_type_opt(c->arena, inner);
                return *out ? true : cel_nomem(c);
        }
        if (t->kind == CEL_DYN)
                return true;
        if ((t->kind == CEL_STRUCT || t->kind == CEL_MAP) && t->node) {
                struct zc_err err;

                *out = cel_schema_member(c->arena, t, name, &err);
                if (*out)
                        return true;
                return err.code == ZC_E_NOMEM ? cel_nomem(c) : err.code ? cel_fail_at(c, pos, "%s", err.text) : no_member(c, n, pos, t, name);
        }
        if (t->kind == CEL_MAP) {
                *out = t->of[1];
                return cel_type_meets(t->of[0], &cel_type_of[CEL_STRING]) || c->env->lenient ? true
                               : cel_fail_at(c, pos, "the keys of this map are no strings");
        }
        if (c->env->lenient)
                return true;
        return cel_fail_at(c, pos, "'.%s': %s has no members", name, cel_type_name(t, text, sizeof text));
}

static bool wrap_optional(struct cel_compiler *c, struct cel_ast *n)
{
        if (n->opt && n->arg[0]->type->kind != CEL_OPTIONAL)
                n->type = cel_type_opt(c->arena, n->type);
        n->to_double = n->type && n->type->kind == CEL_DOUBLE;
        return n->type ? true : cel_nomem(c);
}

/** Names behind a variable, and nothing else between them. */
static void members_count(struct cel_ast *n)
{
        const struct cel_ast *of = n->arg[0];

        if (n->opt)
                return;
        if (of->eval == cel_eval_local || of->eval == cel_eval_global)
                n->members = 1;
        else if (of->eval == cel_eval_select && of->members)
                n->members = (uint8_t)(of->members + 1);
}

static bool check_select(struct cel_compiler *c, struct cel_ast *n)
{
        bool done = false;

        if (n->kind == CEL_N_SELECT && !n->opt && !check_qualified(c, n, &done))
                return false;
        if (done)
                return true;
        if (!cel_check(c, n->arg[0]) || !member_type(c, n, n->at, n->arg[0]->type, n->name, &n->type) ||
            !path_extend(c, n->arg[0]->path, n->name, &n->path))
                return false;
        n->value = cel_string_of(CEL_STRING, n->name, strlen(n->name));
        if (n->kind == CEL_N_HAS) {
                n->type = &cel_type_of[CEL_BOOL];
                n->eval = cel_eval_has;
                if (!cel_path_note(c, n))
                        return false;
                n->path = NULL;
                return true;
        }
        n->eval = cel_eval_select;
        members_count(n);
        return wrap_optional(c, n);
}

static bool check_key(struct cel_compiler *c, const struct cel_ast *n, const struct zc_cel_type *t)
{
        const struct zc_cel_type *key = t->kind == CEL_LIST ? &cel_type_of[CEL_INT] : t->kind == CEL_MAP ? t->of[0] : &cel_type_of[CEL_STRING];
        char text[96];

        if (cel_type_meets(key, n->arg[1]->type) || c->env->lenient)
                return true;
        return cel_fail_at(c, n->arg[1]->pos, "%s is no %s", cel_type_name(n->arg[1]->type, text, sizeof text),
                           t->kind == CEL_LIST ? "list index: that is an int" : "key of this map");
}

static bool check_index(struct cel_compiler *c, struct cel_ast *n)
{
        const struct cel_ast *key = n->arg[1];
        const struct zc_cel_type *t, *inner;
        char text[96];
        bool named;

        if (!cel_check(c, n->arg[0]) || !cel_check(c, n->arg[1]) || !cel_path_note(c, key))
                return false;
        t = n->arg[0]->type;
        inner = t->kind == CEL_OPTIONAL ? t->of[0] : t;
        named = key->kind == CEL_N_LITERAL && key->value.kind == CEL_STRING && inner->kind != CEL_LIST;
        if (!path_extend(c, n->arg[0]->path, named ? key->value.p.s : NULL, &n->path))
                return false;
        n->eval = cel_eval_index;
        n->type = type_dyn;
        if (named) {
                if (!member_type(c, n, key->pos, inner, key->value.p.s, &n->type))
                        return false;
        } else if (inner->kind == CEL_LIST || inner->kind == CEL_MAP) {
                n->type = inner->of[inner->kind == CEL_MAP];
                if (!check_key(c, n, inner))
                        return false;
        } else if (inner->kind == CEL_STRUCT && !c->env->lenient) {
                return cel_fail_at(c, key->pos, "the members of this object have different types: name one, as .member or ['member']");
        } else if (inner->kind != CEL_DYN && !c->env->lenient) {
                return cel_fail_at(c, n->pos, "%s cannot be indexed", cel_type_name(t, text, sizeof text));
        }
        if (t->kind == CEL_OPTIONAL) {
                n->type = cel_type_opt(c->arena, n->type);
                return n->type ? true : cel_nomem(c);
        }
        return wrap_optional(c, n);
}

/* ---- literals of lists and maps ---- */

static bool check_spread(struct cel_compiler *c, const struct cel_ast *n, const struct zc_cel_type **t)
{
        if ((*t)->kind == CEL_OPTIONAL)
                *t = (*t)->of[0];
        else if ((*t)->kind != CEL_DYN && !c->env->lenient)
                return cel_fail_at(c, n->pos, "behind '?' stands an optional value");
        return true;
}

static bool check_list(struct cel_compiler *c, struct cel_ast *n)
{
        const struct zc_cel_type *of = NULL, *t;

        for (uint32_t i = 0; i < n->n; i++) {
                if (!cel_check(c, n->arg[i]) || !cel_path_note(c, n->arg[i]))
                        return false;
                t = n->arg[i]->type;
                if (n->arg[i]->spread && !check_spread(c, n->arg[i], &t))
                        return false;
                of = of ? cel_type_join(c->arena, of, t) : t;
                if (!of)
                        return cel_nomem(c);
        }
        n->type = cel_type_list(c->arena, of ? of : &cel_type_free);
        n->eval = cel_eval_list;
        return n->type ? true : cel_nomem(c);
}

static bool map_key(struct cel_compiler *c, const struct cel_ast *k)
{
        char text[96];
        enum cel_kind kind = k->type->kind;

        if (kind == CEL_DYN || kind == CEL_STRING || kind == CEL_INT || kind == CEL_UINT || kind == CEL_BOOL || c->env->lenient)
                return true;
        return cel_fail_at(c, k->pos, "%s cannot be a map's key", cel_type_name(k->type, text, sizeof text));
}

static bool check_map(struct cel_compiler *c, struct cel_ast *n)
{
        const struct zc_cel_type *key = NULL, *value = NULL, *t;

        for (uint32_t i = 0; i + 1 < n->n; i += 2) {
                if (!cel_check(c, n->arg[i]) || !cel_path_note(c, n->arg[i]) || !map_key(c, n->arg[i]) || !cel_check(c, n->arg[i + 1]) ||
                    !cel_path_note(c, n->arg[i + 1]))
                        return false;
                t = n->arg[i + 1]->type;
                if (n->arg[i]->spread && !check_spread(c, n->arg[i + 1], &t))
                        return false;
                key = key ? cel_type_join(c->arena, key, n->arg[i]->type) : n->arg[i]->type;
                value = value ? cel_type_join(c->arena, value, t) : t;
                if (!key || !value)
                        return cel_nomem(c);
        }
        n->type = cel_type_map(c->arena, key ? key : &cel_type_free, value ? value : &cel_type_free);
        n->eval = cel_eval_map;
        return n->type ? true : cel_nomem(c);
}

/* ---- operators ---- */

static bool want_bool(struct cel_compiler *c, const struct cel_ast *n, const char *what)
{
        char text[96];

        if (n->type->kind == CEL_BOOL || n->type->kind == CEL_DYN || c->env->lenient)
                return true;
        return cel_fail_at(c, n->pos, "%s is a bool; this is %s", what, cel_type_name(n->type, text, sizeof text));
}

static bool check_logic(struct cel_compiler *c, struct cel_ast *n)
{
        for (uint32_t i = 0; i < n->n; i++) {
                if (!cel_check(c, n->arg[i]) || !cel_path_note(c, n->arg[i]) ||
                    !want_bool(c, n->arg[i], n->kind == CEL_N_AND ? "an operand of &&" : "an operand of ||"))
                        return false;
        }
        n->type = &cel_type_of[CEL_BOOL];
        n->eval = n->kind == CEL_N_AND ? cel_eval_and : cel_eval_or;
        return n->kind == CEL_N_OR || cel_never_both(c, n);
}

static bool check_cond(struct cel_compiler *c, struct cel_ast *n)
{
        const struct zc_cel_type *a, *b;

        for (uint32_t i = 0; i < 3; i++) {
                if (!cel_check(c, n->arg[i]) || !cel_path_note(c, n->arg[i]))
                        return false;
        }
        a = n->arg[1]->type;
        b = n->arg[2]->type;
        if (!want_bool(c, n->arg[0], "the condition before '?'"))
                return false;
        n->type = cel_type_join(c->arena, a, b);
        n->eval = cel_eval_cond;
        return n->type ? true : cel_nomem(c);
}

static bool check_unary(struct cel_compiler *c, struct cel_ast *n)
{
        const struct zc_cel_type *t;
        char text[96];

        if (!cel_check(c, n->arg[0]) || !cel_path_note(c, n->arg[0]))
                return false;
        t = n->arg[0]->type;
        n->type = t;
        n->eval = n->kind == CEL_N_NOT ? cel_eval_not : cel_eval_neg;
        if (n->kind == CEL_N_NOT) {
                n->type = &cel_type_of[CEL_BOOL];
                return want_bool(c, n->arg[0], "the operand of !");
        }
        if (t->kind == CEL_INT || t->kind == CEL_DOUBLE || t->kind == CEL_DURATION || t->kind == CEL_DYN || c->env->lenient)
                return true;
        return cel_fail_at(c, n->pos, "%s cannot be negated", cel_type_name(t, text, sizeof text));
}

static const struct zc_cel_type *literal_type(struct cel_value v)
{
        return &cel_type_of[v.kind];
}

bool cel_check(struct cel_compiler *c, struct cel_ast *n)
{
        switch ((enum cel_node)n->kind) {
        case CEL_N_LITERAL:
                n->type = literal_type(n->value);
                n->eval = cel_eval_literal;
                return true;
        case CEL_N_IDENT:
                if (!check_ident(c, n))
                        return false;
                n->to_double = n->type->kind == CEL_DOUBLE;
                return true;
        case CEL_N_SELECT:
        case CEL_N_HAS:
                return check_select(c, n);
        case CEL_N_INDEX:
                return check_index(c, n);
        case CEL_N_CALL:
                return cel_check_call(c, n);
        case CEL_N_LIST:
                return check_list(c, n);
        case CEL_N_MAP:
                return check_map(c, n);
        case CEL_N_AND:
        case CEL_N_OR:
                return check_logic(c, n);
        case CEL_N_COND:
                return check_cond(c, n);
        case CEL_N_CHAIN:
                return cel_check_chain(c, n);
        case CEL_N_NOT:
        case CEL_N_NEG:
                return check_unary(c, n);
        case CEL_N_COMP:
                return cel_check_comp(c, n);
        }
        return cel_fail_at(c, n->pos, "unknown kind of node");
}
