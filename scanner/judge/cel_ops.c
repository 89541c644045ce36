/** Equality, order and membership of values; arithmetic with its overflows. */
#include <math.h>
#include <string.h>

#include "cel_impl.h"

/* ---- order ---- */

#define UNORDERED 2
#define NO_ORDER 3

static int three(bool less, bool more)
{
        return less ? -1 : more;
}

static int compare_double(double a, double b)
{
        if (isnan(a) || isnan(b))
                return UNORDERED;
        return three(a < b, a > b);
}

/** A double against an integer: exact outside of the integer's range, as doubles inside. */
static int double_to_int(double d, int64_t i)
{
        if (d < -9223372036854775808.0)
                return -1;
        return d > 9223372036854775808.0 ? 1 : compare_double(d, (double)i);
}

static int double_to_uint(double d, uint64_t u)
{
        if (d < 0)
                return -1;
        return d > 18446744073709551616.0 ? 1 : compare_double(d, (double)u);
}

static int flip(int order)
{
        return order == 1 ? -1 : order == -1 ? 1 : order;
}

static bool number(struct cel_value v)
{
        return v.kind == CEL_INT || v.kind == CEL_UINT || v.kind == CEL_DOUBLE;
}

static int compare_numbers(struct cel_value a, struct cel_value b)
{
        if (a.kind == b.kind) {
                if (a.kind == CEL_INT)
                        return three(a.p.i < b.p.i, a.p.i > b.p.i);
                return a.kind == CEL_UINT ? three(a.p.u < b.p.u, a.p.u > b.p.u) : compare_double(a.p.d, b.p.d);
        }
        if (a.kind == CEL_DOUBLE)
                return b.kind == CEL_INT ? double_to_int(a.p.d, b.p.i) : double_to_uint(a.p.d, b.p.u);
        if (b.kind == CEL_DOUBLE)
                return flip(compare_numbers(b, a));
        if (a.kind == CEL_UINT)
                return flip(compare_numbers(b, a));
        if (a.p.i < 0)
                return -1;
        return three((uint64_t)a.p.i < b.p.u, (uint64_t)a.p.i > b.p.u);
}

int cel_compare(struct cel_value a, struct cel_value b)
{
        int order;

        if (number(a) && number(b))
                return compare_numbers(a, b);
        if (a.kind != b.kind)
                return NO_ORDER;
        switch ((enum cel_kind)a.kind) {
        case CEL_BOOL:
                return three(!a.p.b && b.p.b, a.p.b && !b.p.b);
        case CEL_STRING:
        case CEL_BYTES:
                order = memcmp(a.p.s, b.p.s, a.n < b.n ? a.n : b.n);
                return order ? three(order < 0, true) : three(a.n < b.n, a.n > b.n);
        case CEL_TIMESTAMP:
                return a.p.i != b.p.i ? three(a.p.i < b.p.i, true) : three(a.n < b.n, a.n > b.n);
        case CEL_DURATION:
                return three(a.p.i < b.p.i, a.p.i > b.p.i);
        default:
                return NO_ORDER;
        }
}

static struct cel_value order(struct cel_run *r, const struct cel_value *arg, enum cel_op op)
{
        int o = cel_compare(arg[0], arg[1]);

        if (!cel_charge(r, cel_text_size(arg[0]) / 64))
                return cel_stopped(r);
        if (o == NO_ORDER)
                return cel_no_overload(r, cel_op_name[op], arg, 2);
        if (o == UNORDERED)
                return cel_bool(false);
        switch (op) {
        case CEL_OP_LT:
                return cel_bool(o < 0);
        case CEL_OP_LE:
                return cel_bool(o <= 0);
        case CEL_OP_GT:
                return cel_bool(o > 0);
        default:
                return cel_bool(o >= 0);
        }
}

CEL_FN(op_lt)
{
        return order(r, arg, CEL_OP_LT);
}

CEL_FN(op_le)
{
        return order(r, arg, CEL_OP_LE);
}

CEL_FN(op_gt)
{
        return order(r, arg, CEL_OP_GT);
}

CEL_FN(op_ge)
{
        return order(r, arg, CEL_OP_GE);
}

/* ---- equality ---- */

static struct cel_value equal_lists(struct cel_run *r, struct cel_value a, struct cel_value b, int depth)
{
        struct cel_value result = cel_bool(true);

        if (a.n != b.n)
                return cel_bool(false);
        for (uint32_t i = 0; i < a.n; i++) {
                struct cel_value eq = cel_equal(r, cel_list_at(r, a, i), cel_list_at(r, b, i), depth);

                if (r->stop || (eq.kind == CEL_BOOL && !eq.p.b))
                        return eq;
                if (eq.kind != CEL_BOOL && result.kind != CEL_UNKNOWN)
                        result = eq;
        }
        return result;
}

static bool partial(struct cel_value map)
{
        return map.doc && map.p.at->evidence;
}

/** Every entry of a is in b, with an equal value. Evidence that lacks a key leaves that open. */
static struct cel_value included(struct cel_run *r, struct cel_value a, struct cel_value b, int depth)
{
        struct cel_value *keys, *values, result = cel_bool(true);

        if (!cel_map_entries(r, a, &keys, &values))
                return cel_stopped(r);
        for (uint32_t i = 0; i < a.n; i++) {
                bool found;
                struct cel_value v = cel_map_find(r, b, keys[i], &found), eq;

                if (!found && v.kind != CEL_UNKNOWN && !r->stop)
                        return cel_bool(false);
                eq = found ? cel_equal(r, values[i], v, depth) : v;
                if (r->stop || (eq.kind == CEL_BOOL && !eq.p.b))
                        return eq;
                if (eq.kind != CEL_BOOL && result.kind != CEL_UNKNOWN)
                        result = eq;
        }
        return result;
}

/** Objects of evidence may miss members: they can be shown to differ, in a member that is there, and never to be equal. */
static struct cel_value equal_maps(struct cel_run *r, struct cel_value a, struct cel_value b, int depth)
{
        struct cel_value result;

        if (!partial(a) && !partial(b) && a.n != b.n)
                return cel_bool(false);
        result = included(r, a, b, depth);
        if (result.kind == CEL_BOOL && result.p.b && (partial(a) || partial(b)))
                return cel_missing(r, partial(a) ? a.p.at : b.p.at, "[]");
        return result;
}

struct cel_value cel_equal(struct cel_run *r, struct cel_value a, struct cel_value b, int depth)
{
        if (depth > CEL_VALUE_DEPTH || !cel_charge(r, 1 + cel_text_size(a) / 64))
                return r->stop ? cel_stopped(r) : cel_error(r, "values nest too deep to compare");
        if (number(a) && number(b))
                return cel_bool(compare_numbers(a, b) == 0);
        if (a.kind != b.kind)
                return cel_bool(false);
        switch ((enum cel_kind)a.kind) {
        case CEL_NULL:
                return cel_bool(true);
        case CEL_STRING:
        case CEL_BYTES:
                return cel_bool(a.n == b.n && memcmp(a.p.s, b.p.s, a.n) == 0);
        case CEL_LIST:
                return equal_lists(r, a, b, depth + 1);
        case CEL_MAP:
                return equal_maps(r, a, b, depth + 1);
        case CEL_TYPE:
                return cel_bool(strcmp(a.p.s, b.p.s) == 0);
        case CEL_OPTIONAL:
                if (!a.p.opt || !b.p.opt)
                        return cel_bool(!a.p.opt && !b.p.opt);
                return cel_equal(r, *a.p.opt, *b.p.opt, depth + 1);
        case CEL_IP:
        case CEL_CIDR:
                return cel_bool(a.n == b.n && a.prefix == b.prefix && memcmp(a.p.addr, b.p.addr, 16) == 0);
        default:
                return cel_bool(cel_compare(a, b) == 0);
        }
}

CEL_FN(op_eq)
{
        cel_touch(r, arg[0]);
        cel_touch(r, arg[1]);
        return cel_equal(r, arg[0], arg[1], 0);
}

CEL_FN(op_ne)
{
        struct cel_value v = op_eq(r, arg, argc);

        if (v.kind == CEL_BOOL)
                v.p.b = !v.p.b;
        return v;
}

CEL_FN(op_in)
{
        struct cel_value result = cel_bool(false);
        bool found;

        if (arg[1].kind == CEL_MAP)
                return cel_has(r, arg[1], arg[0]);
        if (arg[1].kind != CEL_LIST)
                return cel_no_overload(r, "in", arg, 2);
        cel_touch(r, arg[1]);
        for (uint32_t i = 0; i < arg[1].n && !r->stop; i++) {
                struct cel_value eq = cel_equal(r, arg[0], cel_list_at(r, arg[1], i), 0);

                found = eq.kind == CEL_BOOL && eq.p.b;
                if (found)
                        return eq;
                if (eq.kind != CEL_BOOL && result.kind != CEL_UNKNOWN)
                        result = eq;
        }
        return r->stop ? cel_stopped(r) : result;
}

cel_call_fn *const cel_op_direct[CEL_OPS] = {
        [CEL_OP_EQ] = op_eq, [CEL_OP_NE] = op_ne, [CEL_OP_LT] = op_lt, [CEL_OP_LE] = op_le,
        [CEL_OP_GT] = op_gt, [CEL_OP_GE] = op_ge, [CEL_OP_IN] = op_in,
};

/* ---- arithmetic ---- */

static struct cel_value overflow(struct cel_run *r)
{
        return cel_error(r, "integer overflow");
}

static struct cel_value divide_by_zero(struct cel_run *r, const char *what)
{
        return cel_error(r, "%s by zero", what);
}

#define INTEGER_OP(name, builtin)                                                                  \
        CEL_FN(name##_int)                                                                         \
        {                                                                                          \
                int64_t out;                                                                       \
                                                                                                   \
                return builtin(arg[0].p.i, arg[1].p.i, &out) ? overflow(r) : cel_int(out);         \
        }                                                                                          \
        CEL_FN(name##_uint)                                                                        \
        {                                                                                          \
                uint64_t out;                                                                      \
                                                                                                   \
                return builtin(arg[0].p.u, arg[1].p.u, &out) ? overflow(r) : cel_uint(out);        \
        }

INTEGER_OP(add, __builtin_add_overflow)
INTEGER_OP(sub, __builtin_sub_overflow)
INTEGER_OP(mul, __builtin_mul_overflow)

#define DOUBLE_OP(name, op)                                                                        \
        CEL_FN(name##_double)                                                                      \
        {                                                                                          \
                return cel_double(arg[0].p.d op arg[1].p.d);                                       \
        }

DOUBLE_OP(add, +)
DOUBLE_OP(sub, -)
DOUBLE_OP(mul, *)

DOUBLE_OP(div, /)

CEL_FN(div_int)
{
        if (arg[1].p.i == 0)
                return divide_by_zero(r, "divide");
        return arg[0].p.i == INT64_MIN && arg[1].p.i == -1 ? overflow(r) : cel_int(arg[0].p.i / arg[1].p.i);
}

CEL_FN(div_uint)
{
        return arg[1].p.u == 0 ? divide_by_zero(r, "divide") : cel_uint(arg[0].p.u / arg[1].p.u);
}

CEL_FN(mod_int)
{
        if (arg[1].p.i == 0)
                return divide_by_zero(r, "modulus");
        return arg[1].p.i == -1 ? (arg[0].p.i == INT64_MIN ? overflow(r) : cel_int(0)) : cel_int(arg[0].p.i % arg[1].p.i);
}

CEL_FN(mod_uint)
{
        return arg[1].p.u == 0 ? divide_by_zero(r, "modulus") : cel_uint(arg[0].p.u % arg[1].p.u);
}

CEL_FN(add_text)
{
        char *out = cel_buffer(r, (size_t)arg[0].n + arg[1].n);

        if (!out)
                return cel_stopped(r);
        memcpy(out, arg[0].p.s, arg[0].n);
        memcpy(out + arg[0].n, arg[1].p.s, arg[1].n);
        return cel_string_of((enum cel_kind)arg[0].kind, out, (size_t)arg[0].n + arg[1].n);
}

CEL_FN(add_list)
{
        size_t n = (size_t)arg[0].n + arg[1].n;
        struct cel_value *items = cel_alloc(r, n, sizeof *items);

        if (!items)
                return cel_stopped(r);
        for (uint32_t i = 0; i < arg[0].n; i++)
                items[i] = cel_list_at(r, arg[0], i);
        for (uint32_t i = 0; i < arg[1].n; i++)
                items[arg[0].n + i] = cel_list_at(r, arg[1], i);
        return cel_list_of(items, n);
}

static const struct cel_fn math_ops[] = {
        { "+", false, "ii", "i", add_int },     { "+", false, "uu", "u", add_uint }, { "+", false, "dd", "d", add_double },
        { "+", false, "ss", "s", add_text },    { "+", false, "yy", "y", add_text }, { "+", false, "lAlA", "lA", add_list },
        { "-", false, "ii", "i", sub_int },     { "-", false, "uu", "u", sub_uint }, { "-", false, "dd", "d", sub_double },
        { "*", false, "ii", "i", mul_int },     { "*", false, "uu", "u", mul_uint }, { "*", false, "dd", "d", mul_double },
        { "/", false, "ii", "i", div_int },     { "/", false, "uu", "u", div_uint }, { "/", false, "dd", "d", div_double },
        { "%", false, "ii", "i", mod_int },     { "%", false, "uu", "u", mod_uint },
};
const struct cel_fns cel_fns_math_ops = { math_ops, ZC_COUNT(math_ops) };
