/** CEL from the outside: environments, compiling, evaluating with variables given as JSON. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cel_impl.h"
#include "zc/text.h"

#define ENV_ARENA ((size_t)64 << 20)
#define EXPR_ARENA ((size_t)8 << 20)

/* ---- environment ---- */

struct zc_cel_env *zc_cel_env_new(void)
{
        struct zc_cel_env *env = calloc(1, sizeof *env);

        if (env)
                env->arena = zc_arena_new(ENV_ARENA);
        if (env && !env->arena) {
                free(env);
                env = NULL;
        }
        return env;
}

void zc_cel_env_free(struct zc_cel_env *env)
{
        if (!env)
                return;
        zc_arena_free(env->arena);
        free(env);
}

bool zc_cel_declare(struct zc_cel_env *env, const char *name, const struct zc_cel_type *type, bool evidence, struct zc_err *err)
{
        struct cel_var *v;

        for (size_t i = 0; i < env->var_count; i++) {
                if (strcmp(env->vars[i].name, name) == 0)
                        return zc_fail(err, ZC_E_USAGE, "the variable '%s' is declared twice", name);
        }
        if (env->var_count == env->var_cap) {
                size_t cap = env->var_cap ? env->var_cap * 2 : 8;
                struct cel_var *more = zc_arena_array(env->arena, cap, sizeof *more);

                if (!more)
                        return zc_fail(err, ZC_E_NOMEM, "declaring '%s'", name);
                if (env->var_count)
                        memcpy(more, env->vars, env->var_count * sizeof *more);
                env->vars = more;
                env->var_cap = cap;
        }
        v = &env->vars[env->var_count];
        v->name = zc_arena_strdup(env->arena, name);
        if (!v->name || !type)
                return zc_fail(err, ZC_E_NOMEM, "declaring '%s'", name);
        v->type = type;
        v->evidence = evidence;
        env->dotted = env->dotted || strchr(name, '.');
        env->var_count++;
        return true;
}

/* ---- compiling ---- */

void cel_where(const char *src, size_t len, uint32_t pos, uint32_t *line, uint32_t *column)
{
        *line = *column = 1;
        for (uint32_t i = 0; i < pos && i < len; i++) {
                if (src[i] == '\n') {
                        ++*line;
                        *column = 1;
                } else {
                        *column += ((uint8_t)src[i] & 0xC0) != 0x80;
                }
        }
}

bool cel_fail_at(const struct cel_compiler *c, uint32_t pos, const char *fmt, ...)
{
        char text[400];
        uint32_t line, column;
        va_list ap;

        cel_where(c->src, c->len, pos, &line, &column);
        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        return zc_fail(c->err, ZC_E_MALFORMED, "line %u, column %u: %s", line, column, text);
}

bool cel_nomem(const struct cel_compiler *c)
{
        return zc_fail(c->err, ZC_E_NOMEM, "compiling an expression");
}

static bool source_ok(const char *src, size_t len, struct zc_err *err)
{
        if (len > ZC_CEL_SOURCE_MAX)
                return zc_fail(err, ZC_E_LIMIT, "line 1, column 1: the expression is longer than %zu bytes", ZC_CEL_SOURCE_MAX);
        if (!zc_utf8_valid(src, len))
                return zc_fail(err, ZC_E_MALFORMED, "line 1, column 1: the expression is not valid UTF-8");
        return true;
}

static bool result_ok(const struct cel_compiler *c, const struct cel_ast *root, enum zc_cel_basic want)
{
        const struct zc_cel_type *t = zc_cel_type_basic(want);
        char a[96], b[96];

        if (c->env->lenient || t->kind == CEL_DYN || root->type->kind == CEL_DYN || root->type->kind == t->kind)
                return true;
        return cel_fail_at(c, root->pos, "the expression is to give %s and gives %s", cel_type_name(t, a, sizeof a),
                           cel_type_name(root->type, b, sizeof b));
}

bool cel_compile(struct zc_cel_env *env, const char *src, size_t len, enum zc_cel_basic want, struct zc_cel **out, struct zc_err *err)
{
        ZC_AUTO(zc_cel) e = calloc(1, sizeof *e);
        struct cel_compiler c = { .env = env, .e = e, .err = err };

        if (!source_ok(src, len, err))
                return false;
        if (!e || !(e->arena = zc_arena_new(EXPR_ARENA)) || !(e->src = zc_arena_strndup(e->arena, src, len)))
                return zc_fail(err, ZC_E_NOMEM, "compiling an expression");
        e->env = env;
        c.arena = e->arena;
        c.src = e->src;
        c.len = (uint32_t)len;
        if (!cel_parse(&c, &e->root) || !cel_check(&c, e->root) || !cel_path_note(&c, e->root) || !result_ok(&c, e->root, want))
                return false;
        *out = ZC_TAKE(e);
        return true;
}

bool zc_cel_compile(struct zc_cel_env *env, const char *src, enum zc_cel_basic want, struct zc_cel **out, struct zc_err *err)
{
        return cel_compile(env, src, strlen(src), want, out, err);
}

void zc_cel_free(struct zc_cel *e)
{
        if (!e)
                return;
        for (const struct cel_re *re = e->regexes; re; re = re->next)
                pcre2_code_free(re->code);
        zc_arena_free(e->arena);
        free(e);
}

const char *const *zc_cel_paths(const struct zc_cel *e, size_t *count)
{
        *count = e->path_count;
        return e->paths;
}

/* ---- evaluating ---- */

struct cel_doc *cel_doc_more(struct cel_run *r)
{
        struct cel_doc *doc = zc_arena_new_of(r->arena, struct cel_doc);

        if (!doc)
                cel_stop(r, "out of memory");
        return doc;
}

void cel_run_init(struct cel_run *r, const struct zc_cel *e, uint32_t budget, struct zc_arena *arena)
{
        size_t values = (size_t)e->used_count + e->slots;

        r->e = e;
        r->arena = arena;
        r->left = budget;
        r->stop = NULL;
        r->seen_count = 0;
        r->depth = 0;
        r->trace = NULL;
        r->match = NULL;
        r->quiet = false;
        r->doc_count = 0;
        if (values <= CEL_FEW) {
                memset(r->slots, 0, values * sizeof *r->slots);
                r->globals = r->slots;
        } else {
                r->globals = zc_arena_array(arena, values, sizeof *r->globals);
        }
        r->locals = r->globals ? r->globals + e->used_count : NULL;
        if (!r->globals)
                cel_stop(r, "out of memory");
}

void cel_run_release(struct cel_run *r)
{
        if (r->match)
                pcre2_match_data_free(r->match);
        r->match = NULL;
}

struct cel_value cel_run_value(struct cel_run *r)
{
        struct cel_value v = r->stop ? cel_stopped(r) : cel_eval(r, r->e->root);

        return r->stop ? cel_stopped(r) : v;
}

static const struct zc_cel_binding *binding_of(const struct zc_cel_binding *vars, size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++) {
                if (strcmp(vars[i].name, name) == 0)
                        return &vars[i];
        }
        return NULL;
}

/** The value of a variable: its JSON, below a document that knows where it stands. */
static struct cel_value bind(struct cel_run *r, const struct cel_var *var, const struct zc_cel_binding *b)
{
        struct cel_doc *doc = cel_doc_room(r);
        struct cel_value v;

        if (!doc)
                return cel_stopped(r);
        *doc = (struct cel_doc){ .key = var->name, .evidence = var->evidence };
        if (!b || !b->json)
                return (struct cel_value){ .kind = CEL_UNKNOWN, .p.at = doc };
        /* A plain value as a variable is no leaf of anything. */
        doc->evidence = var->evidence && (json_is_object(b->json) || json_is_array(b->json));
        doc->json = b->json;
        doc->pointer = b->pointer;
        v = cel_from_json(r, doc, NULL, 0, b->json);
        if (v.doc)
                v.p.at = doc;
        return v;
}

/** False when there is no value: why is then said. */
static bool fill_outcome(struct cel_value v, struct zc_cel_result *out)
{
        out->value = NULL;
        out->reads = NULL;
        out->read_count = 0;
        out->truth = v.kind == CEL_BOOL && v.p.b;
        out->why[0] = '\0';
        out->outcome = v.kind == CEL_UNKNOWN ? ZC_CEL_UNKNOWN : v.kind == CEL_ERROR ? ZC_CEL_ERROR : ZC_CEL_VALUE;
        if (v.kind == CEL_UNKNOWN)
                cel_doc_path(v.p.at, out->why, sizeof out->why);
        if (v.kind == CEL_ERROR)
                snprintf(out->why, sizeof out->why, "%s", v.p.s);
        return out->outcome == ZC_CEL_VALUE;
}

static void fill(struct cel_run *r, struct cel_value v, struct zc_cel_result *out)
{
        if (!fill_outcome(v, out))
                return;
        out->value = cel_to_json(&v, CEL_JSON_MAX);
        if (!out->value) {
                out->outcome = ZC_CEL_ERROR;
                out->truth = false;
                snprintf(out->why, sizeof out->why, "a result is larger than its limit");
                return;
        }
        cel_touch(r, v);
}

static void fill_reads(struct cel_run *r, struct zc_cel_result *out)
{
        if (r->seen_count == 0)
                return;
        out->reads = zc_arena_array(r->arena, r->seen_count, sizeof *out->reads);
        for (uint32_t i = 0; out->reads && i < r->seen_count; i++) {
                out->reads[i] = (struct zc_cel_read){ cel_seen_pointer(r->arena, &r->seen[i]), r->seen[i].json };
                out->read_count++;
        }
}

static struct cel_value evaluate(struct cel_run *r, const struct zc_cel *e, const struct zc_cel_binding *vars, size_t var_count,
                                 uint32_t budget, struct zc_arena *arena, const struct zc_cel_trace *trace, bool quiet)
{
        cel_run_init(r, e, budget, arena);
        r->trace = trace;
        r->quiet = quiet;
        for (uint32_t i = 0; i < e->used_count && !r->stop; i++) {
                const struct cel_var *var = &e->env->vars[e->used[i]];

                r->globals[i] = bind(r, var, binding_of(vars, var_count, var->name));
        }
        return cel_run_value(r);
}

void zc_cel_test(const struct zc_cel *e, const struct zc_cel_binding *vars, size_t var_count, uint32_t budget, struct zc_arena *arena,
                 struct zc_cel_result *out)
{
        struct cel_run r;
        struct cel_value v = evaluate(&r, e, vars, var_count, budget, arena, NULL, true);

        fill_outcome(v, out);
        out->nodes = budget - r.left;
        cel_run_release(&r);
}

void zc_cel_eval(const struct zc_cel *e, const struct zc_cel_binding *vars, size_t var_count, uint32_t budget, struct zc_arena *arena,
                 const struct zc_cel_trace *trace, struct zc_cel_result *out)
{
        struct cel_run r;
        struct cel_value v = evaluate(&r, e, vars, var_count, budget, arena, trace, false);

        out->nodes = budget - r.left;
        fill(&r, v, out);
        fill_reads(&r, out);
        cel_run_release(&r);
}

void zc_cel_result_release(struct zc_cel_result *r)
{
        json_decref(r->value);
        r->value = NULL;
}
