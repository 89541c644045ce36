/** Checking operators and calls: which overloads take these types, and what they give. */
#include <stdio.h>
#include <string.h>

#include "cel_impl.h"
#include "zc/text.h"

#define CANDIDATES_MAX 16
#define PARAMS 2

static const struct cel_fns *const families[] = {
        &cel_fns_core, &cel_fns_math_ops, &cel_fns_convert, &cel_fns_string, &cel_fns_string_ext, &cel_fns_format, &cel_fns_time,
        &cel_fns_list, &cel_fns_optional, &cel_fns_math, &cel_fns_net,     &cel_fns_encode,
};

/** There are some hundreds: the first letter tells most apart. */
static bool fn_called(const struct cel_fn *fn, const char *name, bool member)
{
        return fn->member == member && fn->name[0] == name[0] && strcmp(fn->name, name) == 0;
}

bool cel_fn_exists(const char *name, bool member)
{
        for (size_t f = 0; f < ZC_COUNT(families); f++) {
                for (size_t i = 0; i < families[f]->count; i++) {
                        if (fn_called(&families[f]->fn[i], name, member))
                                return true;
                }
        }
        return false;
}

/** The closest name of a function, or of a method or macro. */
static const char *nearest(const char *name, bool member)
{
        const char *names[512];
        size_t n = 0;

        for (size_t i = 0; member && cel_macro_name(i) && n + 1 < ZC_COUNT(names); i++)
                names[n++] = cel_macro_name(i);
        for (size_t f = 0; f < ZC_COUNT(families); f++) {
                for (size_t i = 0; i < families[f]->count && n + 1 < ZC_COUNT(names); i++) {
                        const char *has = families[f]->fn[i].name;

                        if (families[f]->fn[i].member == member && has[0] >= 'a' && has[0] <= 'z')
                                names[n++] = has;
                }
        }
        names[n] = NULL;
        return zc_nearest(name, names);
}

/* ---- signatures ---- */

static enum cel_kind sig_kind(char letter)
{
        static const char letters[] = "*nbiudsytDlmToIC";
        const char *at = strchr(letters, letter);

        _Static_assert(CEL_NULL == 1 && CEL_TIMESTAMP == 8 && CEL_LIST == 10 && CEL_TYPE == 12 && CEL_CIDR == 15, "letters follow enum cel_kind");
        return at ? (enum cel_kind)(at - letters) : CEL_PARAM;
}

/** Steps over one type code. */
static const char *sig_skip(const char *sig)
{
        int more = 1;

        for (; more > 0; sig++)
                more += *sig == 'm' ? 1 : *sig == 'l' || *sig == 'o' ? 0 : -1;
        return sig;
}

/** Whether t can be what the code says; parameters bind at their first meeting and join afterwards. */
static bool sig_match(struct cel_compiler *c, const char *sig, const struct zc_cel_type *t, const struct zc_cel_type **bound)
{
        enum cel_kind kind = sig_kind(*sig);

        if (kind == CEL_PARAM && *sig != 'N') {
                const struct zc_cel_type **slot = &bound[*sig - 'A'];

                if (*slot && !cel_type_meets(*slot, t))
                        return false;
                *slot = *slot ? cel_type_join(c->arena, *slot, t) : t;
                return *slot != NULL;
        }
        if (kind == CEL_DYN || t->kind == CEL_DYN)
                return true;
        if (*sig == 'N')
                return t->kind == CEL_INT || t->kind == CEL_UINT || t->kind == CEL_DOUBLE;
        if (kind == CEL_MAP && t->kind == CEL_STRUCT)
                return true;
        if (kind != t->kind)
                return false;
        if (kind == CEL_LIST || kind == CEL_OPTIONAL)
                return sig_match(c, sig + 1, t->of[0], bound);
        if (kind == CEL_MAP)
                return sig_match(c, sig + 1, t->of[0], bound) && sig_match(c, sig_skip(sig + 1), t->of[1], bound);
        return true;
}

static const struct zc_cel_type *sig_type(struct cel_compiler *c, const char *sig, const struct zc_cel_type *const *bound)
{
        enum cel_kind kind = sig_kind(*sig);

        if (kind == CEL_PARAM && *sig != 'N')
                return bound[*sig - 'A'] ? bound[*sig - 'A'] : &cel_type_free;
        if (kind == CEL_LIST)
                return cel_type_list(c->arena, sig_type(c, sig + 1, bound));
        if (kind == CEL_OPTIONAL)
                return cel_type_opt(c->arena, sig_type(c, sig + 1, bound));
        if (kind == CEL_MAP)
                return cel_type_map(c->arena, sig_type(c, sig + 1, bound), sig_type(c, sig_skip(sig + 1), bound));
        return &cel_type_of[kind];
}

/** Whether fn takes the types; binds its parameters. */
static bool fn_takes(struct cel_compiler *c, const struct cel_fn *fn, const struct zc_cel_type *const *args, uint32_t argc,
                     const struct zc_cel_type **bound)
{
        const char *sig = fn->args, *last = sig;

        for (uint32_t i = 0; i < argc; i++) {
                if (*sig == '+')
                        sig = last;
                if (*sig == '\0')
                        return false;
                last = sig;
                if (!sig_match(c, sig, args[i], bound))
                        return false;
                sig = sig_skip(sig);
        }
        return *sig == '\0' || (*sig == '+' && argc > 0);
}

/** Whether fn takes that many arguments. */
static bool fn_arity(const struct cel_fn *fn, uint32_t argc)
{
        const char *sig = fn->args;
        uint32_t n = 0;

        for (; *sig != '\0' && *sig != '+'; n++)
                sig = sig_skip(sig);
        return n == argc || (*sig == '+' && argc >= n);
}

static bool value_fits(const char *sig, struct cel_value v)
{
        enum cel_kind kind = sig_kind(*sig);

        return kind == CEL_DYN || kind == CEL_PARAM || kind == (enum cel_kind)v.kind;
}

static bool values_fit(const struct cel_fn *fn, const struct cel_value *arg, uint32_t argc)
{
        const char *sig = fn->args, *last = sig;

        for (uint32_t i = 0; i < argc; i++) {
                if (*sig == '+')
                        sig = last;
                if (*sig == '\0' || !value_fits(sig, arg[i]))
                        return false;
                last = sig;
                sig = sig_skip(sig);
        }
        return *sig == '\0' || *sig == '+';
}

struct cel_value cel_call(struct cel_run *r, const struct cel_calls *calls, const struct cel_value *arg, uint32_t argc)
{
        for (uint32_t i = 0; i < calls->count; i++) {
                if (values_fit(calls->fn[i], arg, argc))
                        return calls->fn[i]->call(r, arg, argc);
        }
        return cel_no_overload(r, calls->count ? calls->fn[0]->name : "call", arg, argc);
}

/* ---- resolving ---- */

static bool no_such_name(struct cel_compiler *c, const struct cel_ast *n)
{
        const char *near = nearest(n->name, n->member), *other = "";

        if (cel_fn_exists(n->name, !n->member))
                other = n->member ? "; it is a function: name(x)" : "; it is a method: x.name()";
        return cel_fail_at(c, n->at, "there is no %s '%s'%s%s%s%s", n->member ? "method" : "function", n->name,
                           near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "", other);
}

/** The overloads of a name are all for other types. */
static bool no_such_call(struct cel_compiler *c, uint32_t pos, const char *name, bool member, const struct zc_cel_type *const *args,
                         uint32_t argc)
{
        ZC_AUTO_TEXT text = { 0 };
        char one[96];

        zc_text_init(&text, 400);
        if (member)
                zc_text_printf(&text, "%s.", cel_type_name(args[0], one, sizeof one));
        zc_text_printf(&text, "%s(", name);
        for (uint32_t i = member; i < argc; i++)
                zc_text_printf(&text, "%s%s", i > member ? ", " : "", cel_type_name(args[i], one, sizeof one));
        zc_text_addc(&text, ')');
        return cel_fail_at(c, pos, "no form of %s takes these arguments: %s", name, zc_text_str(&text));
}

static bool operator_mismatch(struct cel_compiler *c, uint32_t pos, const char *op, const struct zc_cel_type *const *args)
{
        char a[96], b[96];

        return cel_fail_at(c, pos, "'%s' does not go between %s and %s", op, cel_type_name(args[0], a, sizeof a),
                           cel_type_name(args[1], b, sizeof b));
}

bool cel_resolve(struct cel_compiler *c, uint32_t pos, const char *name, bool member, const struct zc_cel_type *const *args, uint32_t argc,
                 struct cel_calls *calls, const struct zc_cel_type **result)
{
        const struct cel_fn *found[CANDIDATES_MAX], **kept;
        const struct zc_cel_type *type = NULL;
        uint32_t n = 0;

        for (size_t f = 0; f < ZC_COUNT(families); f++) {
                for (size_t i = 0; i < families[f]->count && n < CANDIDATES_MAX; i++) {
                        const struct cel_fn *fn = &families[f]->fn[i];
                        const struct zc_cel_type *bound[PARAMS] = { NULL }, *gives;

                        if (!fn_called(fn, name, member) || !fn_arity(fn, argc))
                                continue;
                        if (!fn_takes(c, fn, args, argc, bound) && !c->env->lenient)
                                continue;
                        gives = c->env->lenient ? &cel_type_of[CEL_DYN] : sig_type(c, fn->result, bound);
                        type = gives && type ? cel_type_join(c->arena, type, gives) : gives;
                        if (!type)
                                return cel_nomem(c);
                        found[n++] = fn;
                }
        }
        if (n == 0 && !c->env->lenient)
                return (*name >= 'a' && *name <= 'z') ? no_such_call(c, pos, name, member, args, argc) : operator_mismatch(c, pos, name, args);
        kept = zc_arena_array(c->arena, n ? n : 1, sizeof(void *));
        if (!kept)
                return cel_nomem(c);
        memcpy(kept, found, n * sizeof(void *));
        *calls = (struct cel_calls){ kept, n };
        *result = type ? type : &cel_type_of[CEL_DYN];
        return true;
}

/* ---- operators ---- */

static bool check_equality(struct cel_compiler *c, const struct cel_ast *n, uint32_t i, const struct zc_cel_type *left)
{
        const struct cel_ast *a = n->arg[i], *b = n->arg[i + 1];
        const struct zc_cel_type *args[2] = { left, b->type };
        char text[96];

        if (c->env->lenient)
                return true;
        if (!cel_type_meets(left, b->type)) {
                if (left->kind == CEL_NULL || b->type->kind == CEL_NULL)
                        return cel_fail_at(c, n->step[i].pos, "%s is never null here",
                                           cel_type_name(left->kind == CEL_NULL ? b->type : left, text, sizeof text));
                return operator_mismatch(c, n->step[i].pos, cel_op_name[n->step[i].op], args);
        }
        return cel_never_listed(c, left, b) && (i > 0 || cel_never_listed(c, b->type, a)) &&
               (n->step[i].op == CEL_OP_NE || cel_never_same(c, n->step[i].pos, left, b->type));
}

static bool ordered(const struct zc_cel_type *t)
{
        switch (t->kind) {
        case CEL_DYN:
        case CEL_BOOL:
        case CEL_INT:
        case CEL_UINT:
        case CEL_DOUBLE:
        case CEL_STRING:
        case CEL_BYTES:
        case CEL_TIMESTAMP:
        case CEL_DURATION:
                return true;
        default:
                return false;
        }
}

static bool check_order(struct cel_compiler *c, const struct cel_step *s, const struct zc_cel_type *left, const struct zc_cel_type *right)
{
        const struct zc_cel_type *args[2] = { left, right };

        if (c->env->lenient || (ordered(left) && ordered(right) && cel_type_meets(left, right)))
                return true;
        return operator_mismatch(c, s->pos, cel_op_name[s->op], args);
}

static bool check_in(struct cel_compiler *c, const struct cel_ast *n, uint32_t i, const struct zc_cel_type *left)
{
        const struct cel_ast *right = n->arg[i + 1];
        const struct zc_cel_type *t = right->type, *args[2] = { left, t };
        struct zc_err err;

        if (c->env->lenient || t->kind == CEL_DYN)
                return true;
        if ((t->kind == CEL_STRUCT || t->kind == CEL_MAP) && t->node && i == 0 && n->arg[0]->kind == CEL_N_LITERAL &&
            n->arg[0]->value.kind == CEL_STRING) {
                if (cel_schema_member(c->arena, t, n->arg[0]->value.p.s, &err))
                        return true;
                if (err.code == ZC_E_NOMEM)
                        return cel_nomem(c);
                return cel_fail_at(c, n->arg[0]->pos, "%s never has this member", right->path ? right->path : "the object");
        }
        if (t->kind == CEL_STRUCT && cel_type_meets(left, &cel_type_of[CEL_STRING]))
                return true;
        if ((t->kind != CEL_LIST && t->kind != CEL_MAP) || !cel_type_meets(left, t->of[0]))
                return operator_mismatch(c, n->step[i].pos, "in", args);
        for (uint32_t k = 0; right->kind == CEL_N_LIST && k < right->n; k++) {
                const struct zc_cel_type *one[2] = { left, right->arg[k]->type };

                /* a mixed list is good CEL; beside a fact of one type its others never hold */
                if (n->arg[i]->path && !cel_type_meets(left, one[1]))
                        return operator_mismatch(c, right->arg[k]->pos, "==", one);
                if (!cel_never_listed(c, left, right->arg[k]))
                        return false;
        }
        return true;
}

/** One comparison of two values is quicker than a chain. */
static cel_eval_fn *chain_eval(const struct cel_ast *n)
{
        return n->n == 2 && n->step && n->step[0].op <= CEL_OP_GE ? cel_eval_compare : cel_eval_chain;
}

bool cel_check_chain(struct cel_compiler *c, struct cel_ast *n)
{
        const struct zc_cel_type *left = NULL;

        for (uint32_t i = 0; i < n->n; i++) {
                struct cel_step *s = i ? &n->step[i - 1] : NULL;
                const struct zc_cel_type *args[2];
                bool ok = true;

                if (!cel_check(c, n->arg[i]) || !cel_path_note(c, n->arg[i]))
                        return false;
                args[0] = left;
                args[1] = n->arg[i]->type;
                if (!s) {
                        left = args[1];
                        continue;
                }
                s->direct = cel_op_direct[s->op];
                if (s->op <= CEL_OP_NE)
                        ok = check_equality(c, n, i - 1, left);
                else if (s->op <= CEL_OP_GE)
                        ok = check_order(c, s, left, args[1]);
                else if (s->op == CEL_OP_IN)
                        ok = check_in(c, n, i - 1, left);
                else
                        ok = cel_resolve(c, s->pos, cel_op_name[s->op], false, args, 2, &s->calls, &left);
                if (!ok)
                        return false;
                if (s->direct)
                        left = &cel_type_of[CEL_BOOL];
        }
        n->type = left;
        n->eval = chain_eval(n);
        return cel_never_size(c, n);
}

/* ---- calls ---- */

/** a.b.f(x) where a.b is no value: the function "a.b.f". */
static void qualify(struct cel_compiler *c, struct cel_ast *n)
{
        const struct cel_ast *root = n->arg[0];
        const struct cel_scope *s = c->scope;
        char name[128];

        if (root->kind != CEL_N_IDENT)
                return;
        while (s && strcmp(s->name, root->name) != 0)
                s = s->up;
        if ((s && !root->rooted) || (size_t)snprintf(name, sizeof name, "%s.%s", root->name, n->name) >= sizeof name ||
            !cel_fn_exists(name, false))
                return;
        n->name = zc_arena_strdup(c->arena, name);
        if (!n->name)
                return;
        n->member = false;
        n->arg++;
        n->n--;
}

/** matches() with a literal pattern is compiled here, once. */
static bool literal_pattern(struct cel_compiler *c, struct cel_ast *n)
{
        const struct cel_ast *p = n->n == 2 ? n->arg[1] : NULL;
        struct cel_re *keep;
        uint32_t count = 0;
        char why[128];

        if (!p || strcmp(n->name, "matches") != 0 || p->kind != CEL_N_LITERAL || p->value.kind != CEL_STRING)
                return true;
        for (const struct cel_re *re = c->e->regexes; re; re = re->next)
                count++;
        if (count == CEL_PATTERNS)
                return cel_fail_at(c, p->pos, "more than %d regular expressions", CEL_PATTERNS);
        keep = zc_arena_new_of(c->arena, struct cel_re);
        if (!keep)
                return cel_nomem(c);
        keep->code = cel_regex_compile(p->value.p.s, p->value.n, why);
        if (!keep->code)
                return why[0] ? cel_fail_at(c, p->pos, "the regular expression: %s", why) : cel_nomem(c);
        keep->next = c->e->regexes;
        c->e->regexes = keep;
        n->re = keep->code;
        n->eval = cel_eval_matches;
        return true;
}

#define FOLD_BUDGET 1000u

/** Addresses, networks and times that are written as such are read here, once. What is none stays an error of its evaluation. */
static void fold(const struct cel_compiler *c, struct cel_ast *n)
{
        static const char *const folded[] = { "ip", "cidr", "timestamp", "duration" };
        struct cel_run r;
        struct cel_value v;

        if (n->member || n->n != 1 || n->arg[0]->kind != CEL_N_LITERAL || n->calls.count == 0)
                return;
        for (size_t i = 0; i < ZC_COUNT(folded); i++) {
                if (strcmp(n->name, folded[i]) != 0)
                        continue;
                cel_run_init(&r, c->e, FOLD_BUDGET, c->arena);
                v = cel_eval_call(&r, n);
                cel_run_release(&r);
                if (cel_failed(v))
                        return;
                n->value = v;
                n->count = FOLD_BUDGET - r.left;
                n->eval = cel_eval_folded;
                return;
        }
}

bool cel_check_call(struct cel_compiler *c, struct cel_ast *n)
{
        const struct zc_cel_type *args[CEL_ARGS + 1];

        if (n->member)
                qualify(c, n);
        if (!c->env->lenient && !cel_fn_exists(n->name, n->member))
                return no_such_name(c, n);
        for (uint32_t i = 0; i < n->n; i++) {
                if (!cel_check(c, n->arg[i]) || !cel_path_note(c, n->arg[i]))
                        return false;
                args[i] = n->arg[i]->type;
        }
        if (!cel_resolve(c, n->at, n->name, n->member, args, n->n, &n->calls, &n->type))
                return false;
        n->eval = cel_eval_call;
        fold(c, n);
        return literal_pattern(c, n);
}
