/**
 * Comparisons that can never be true: with a value that the schema does not list, between two lists of values that share none, of a size
 * below 0, and two of one && that exclude each other. All are mistakes of the author, found before any evidence is.
 */
#include <math.h>
#include <string.h>

#include "cel_impl.h"

#define FACTS_MAX 64

/* ---- values that a schema lists ---- */

static bool lists(const json_t *allowed, const char *value)
{
        for (size_t i = 0; i < json_array_size(allowed); i++) {
                const char *s = json_string_value(json_array_get(allowed, i));

                if (s && strcmp(s, value) == 0)
                        return true;
        }
        return false;
}

bool cel_never_listed(struct cel_compiler *c, const struct zc_cel_type *t, const struct cel_ast *literal)
{
        const char *names[65], *near;
        size_t n = 0;

        if ((t->kind == CEL_INT || t->kind == CEL_UINT) && !c->env->lenient && literal->kind == CEL_N_LITERAL &&
            literal->value.kind == CEL_DOUBLE && literal->value.p.d != trunc(literal->value.p.d))
                return cel_fail_at(c, literal->pos, "a whole number is never this");
        if (!t->allowed || literal->kind != CEL_N_LITERAL || literal->value.kind != CEL_STRING || c->env->lenient ||
            lists(t->allowed, literal->value.p.s))
                return true;
        for (size_t i = 0; i < json_array_size(t->allowed) && n + 1 < ZC_COUNT(names); i++) {
                names[n] = json_string_value(json_array_get(t->allowed, i));
                n += names[n] != NULL;
        }
        names[n] = NULL;
        near = zc_nearest(literal->value.p.s, names);
        return cel_fail_at(c, literal->pos, "this value never occurs here%s%s%s; the schema allows '%s'%s", near ? "; did you mean '" : "",
                           near ? near : "", near ? "'?" : "", n ? names[0] : "", n > 1 ? " and others" : "");
}

bool cel_never_same(struct cel_compiler *c, uint32_t pos, const struct zc_cel_type *a, const struct zc_cel_type *b)
{
        if (c->env->lenient || !a->allowed || !b->allowed || a->nullable || b->nullable)
                return true;
        for (size_t i = 0; i < json_array_size(a->allowed); i++) {
                const char *s = json_string_value(json_array_get(a->allowed, i));

                if (s && lists(b->allowed, s))
                        return true;
        }
        return cel_fail_at(c, pos, "the two are never the same: no value is in both of the schema's lists");
}

/* ---- comparisons that exclude each other ---- */

/* What a comparison says of a term: it lies between two literals, either of which may be missing. */
struct fact {
        const struct cel_ast *chain, *term;
        const struct cel_value *low, *high; /* NULL: no bound */
        bool low_open, high_open;
        struct cel_value bound;
};

/** A number, string or bool that is written out; negative numbers are written with a minus. */
static bool literal_of(const struct cel_ast *n, struct cel_value *out)
{
        if (n->kind == CEL_N_NEG && n->count % 2 == 1 && literal_of(n->arg[0], out)) {
                if (out->kind == CEL_DOUBLE)
                        out->p.d = -out->p.d;
                else if (out->kind == CEL_INT)
                        out->p.i = -out->p.i; /* a literal is at most INT64_MAX */
                return out->kind == CEL_DOUBLE || out->kind == CEL_INT;
        }
        *out = n->value;
        return n->kind == CEL_N_LITERAL &&
               (n->value.kind == CEL_INT || n->value.kind == CEL_UINT || n->value.kind == CEL_DOUBLE || n->value.kind == CEL_STRING ||
                n->value.kind == CEL_BOOL);
}

static enum cel_op mirrored(enum cel_op op)
{
        static const enum cel_op rows[] = { [CEL_OP_EQ] = CEL_OP_EQ, [CEL_OP_NE] = CEL_OP_NE, [CEL_OP_LT] = CEL_OP_GT,
                                            [CEL_OP_LE] = CEL_OP_GE, [CEL_OP_GT] = CEL_OP_LT, [CEL_OP_GE] = CEL_OP_LE };

        return rows[op];
}

static void fact_bound(struct fact *f, enum cel_op op, struct cel_value v)
{
        f->bound = v;
        if (op == CEL_OP_EQ || op == CEL_OP_GT || op == CEL_OP_GE)
                f->low = &f->bound;
        if (op == CEL_OP_EQ || op == CEL_OP_LT || op == CEL_OP_LE)
                f->high = &f->bound;
        f->low_open = op == CEL_OP_GT;
        f->high_open = op == CEL_OP_LT;
}

/** Reads "term op literal" or "literal op term". */
static bool fact_of(const struct cel_ast *n, struct fact *f)
{
        struct cel_value v;
        enum cel_op op;

        if (n->kind != CEL_N_CHAIN || n->n != 2 || n->step[0].op > CEL_OP_GE)
                return false;
        op = n->step[0].op;
        if (literal_of(n->arg[1], &v)) {
                f->term = n->arg[0];
        } else if (literal_of(n->arg[0], &v)) {
                f->term = n->arg[1];
                op = mirrored(op);
        } else {
                return false;
        }
        f->chain = n;
        fact_bound(f, op, v);
        return op != CEL_OP_NE && f->term->kind != CEL_N_LITERAL;
}

/** Between a low end and a high one lies nothing; whole: only integers could. */
static bool empty(const struct cel_value *low, bool low_open, const struct cel_value *high, bool high_open, bool whole)
{
        int order;

        if (!low || !high)
                return false;
        order = cel_compare(*low, *high);
        if (order == 1 || (order == 0 && (low_open || high_open)))
                return true;
        return whole && order == -1 && low_open && high_open && low->kind == CEL_INT && high->kind == CEL_INT && low->p.i + 1 == high->p.i;
}

/** Written alike: without side effects that is the same value. */
static bool same_term(const struct cel_compiler *c, const struct cel_ast *a, const struct cel_ast *b)
{
        return a->end - a->pos == b->end - b->pos && memcmp(c->src + a->pos, c->src + b->pos, a->end - a->pos) == 0;
}

static bool exclude(const struct fact *a, const struct fact *b)
{
        bool whole = a->term->type->kind == CEL_INT;

        return empty(a->low, a->low_open, b->high, b->high_open, whole) || empty(b->low, b->low_open, a->high, a->high_open, whole);
}

static void facts_collect(const struct cel_ast *n, struct fact *facts, size_t *count)
{
        for (uint32_t i = 0; i < n->n && *count < FACTS_MAX; i++) {
                if (n->arg[i]->kind == CEL_N_AND) {
                        facts_collect(n->arg[i], facts, count);
                        continue;
                }
                facts[*count] = (struct fact){ 0 };
                *count += fact_of(n->arg[i], &facts[*count]);
        }
}

bool cel_never_both(struct cel_compiler *c, const struct cel_ast *n)
{
        struct fact facts[FACTS_MAX];
        size_t count = 0;

        if (c->env->lenient)
                return true;
        facts_collect(n, facts, &count);
        for (size_t i = 1; i < count; i++) {
                for (size_t k = 0; k < i; k++) {
                        const struct cel_ast *a = facts[k].chain, *b = facts[i].chain;

                        if (same_term(c, facts[k].term, facts[i].term) && exclude(&facts[k], &facts[i]))
                                return cel_fail_at(c, b->pos, "this can never hold beside '%.*s'", (int)(a->end - a->pos), c->src + a->pos);
                }
        }
        return true;
}

bool cel_never_size(struct cel_compiler *c, const struct cel_ast *n)
{
        const struct cel_value zero = cel_int(0);
        struct fact f = { 0 };

        if (c->env->lenient || !fact_of(n, &f) || f.term->kind != CEL_N_CALL || strcmp(f.term->name, "size") != 0)
                return true;
        return !empty(&zero, false, f.high, f.high_open, true) || cel_fail_at(c, n->pos, "a size is never below 0");
}
