/** The math extension. */
#include <math.h>
#include <string.h>

#include "cel_impl.h"

/** The greatest (want 1) or least (want -1) of n numbers. */
static struct cel_value extreme(struct cel_run *r, const struct cel_value *v, uint32_t n, int want, const char *name)
{
        struct cel_value best;

        if (n == 0)
                return cel_error(r, "%s() of an empty list", name);
        for (uint32_t i = 0; i < n; i++) {
                if (v[i].kind != CEL_INT && v[i].kind != CEL_UINT && v[i].kind != CEL_DOUBLE)
                        return cel_no_overload(r, name, &v[i], 1);
        }
        best = v[0];
        for (uint32_t i = 1; i < n; i++) {
                if (cel_compare(v[i], best) == want)
                        best = v[i];
        }
        return best;
}

static struct cel_value extreme_of(struct cel_run *r, const struct cel_value *arg, uint32_t argc, int want, const char *name)
{
        struct cel_value *items;

        if (argc != 1 || arg[0].kind != CEL_LIST)
                return extreme(r, arg, argc, want, name);
        items = cel_alloc(r, arg[0].n, sizeof *items);
        for (uint32_t i = 0; items && i < arg[0].n; i++)
                items[i] = cel_list_at(r, arg[0], i);
        return items ? extreme(r, items, arg[0].n, want, name) : cel_stopped(r);
}

CEL_FN(greatest)
{
        return extreme_of(r, arg, argc, 1, "math.greatest");
}

CEL_FN(least)
{
        return extreme_of(r, arg, argc, -1, "math.least");
}

#define DOUBLE_FN(name, value)                                                                     \
        CEL_FN(name)                                                                               \
        {                                                                                          \
                double d = arg[0].p.d;                                                             \
                                                                                                   \
                return value;                                                                      \
        }

DOUBLE_FN(ceil_of, cel_double(ceil(d)))
DOUBLE_FN(floor_of, cel_double(floor(d)))
DOUBLE_FN(round_of, cel_double(round(d)))
DOUBLE_FN(trunc_of, cel_double(trunc(d)))
DOUBLE_FN(sqrt_double, cel_double(sqrt(d)))
DOUBLE_FN(abs_double, cel_double(fabs(d)))
DOUBLE_FN(sign_double, isnan(d) ? arg[0] : cel_double((d > 0) - (d < 0)))
DOUBLE_FN(is_nan, cel_bool(isnan(d)))
DOUBLE_FN(is_inf, cel_bool(isinf(d)))
DOUBLE_FN(is_finite, cel_bool(isfinite(d)))

CEL_FN(sqrt_int)
{
        return cel_double(sqrt((double)arg[0].p.i));
}

CEL_FN(sqrt_uint)
{
        return cel_double(sqrt((double)arg[0].p.u));
}

CEL_FN(abs_int)
{
        if (arg[0].p.i == INT64_MIN)
                return cel_error(r, "integer overflow");
        return cel_int(arg[0].p.i < 0 ? -arg[0].p.i : arg[0].p.i);
}

CEL_FN(itself)
{
        return arg[0];
}

CEL_FN(sign_int)
{
        return cel_int((arg[0].p.i > 0) - (arg[0].p.i < 0));
}

CEL_FN(sign_uint)
{
        return cel_uint(arg[0].p.u > 0);
}

/* Bits are the same whether signed or not: the value keeps its kind. */
static struct cel_value bits(struct cel_value like, uint64_t u)
{
        like.p.u = u;
        return like;
}

CEL_FN(bit_and)
{
        return bits(arg[0], arg[0].p.u & arg[1].p.u);
}

CEL_FN(bit_or)
{
        return bits(arg[0], arg[0].p.u | arg[1].p.u);
}

CEL_FN(bit_xor)
{
        return bits(arg[0], arg[0].p.u ^ arg[1].p.u);
}

CEL_FN(bit_not)
{
        return bits(arg[0], ~arg[0].p.u);
}

static struct cel_value shifted(struct cel_run *r, const struct cel_value *arg, bool left)
{
        if (arg[1].p.i < 0)
                return cel_error(r, "a shift by a negative number of bits");
        if (arg[1].p.i > 63)
                return bits(arg[0], 0);
        return bits(arg[0], left ? arg[0].p.u << arg[1].p.i : arg[0].p.u >> arg[1].p.i);
}

CEL_FN(shift_left)
{
        return shifted(r, arg, true);
}

CEL_FN(shift_right)
{
        return shifted(r, arg, false);
}

#define BOTH(name, args, call) { name, false, "i" args, "i", call }, { name, false, "u" args, "u", call }
#define EXTREME(name, call)                                                                        \
        { name, false, "i+", "i", call }, { name, false, "u+", "u", call },                        \
        { name, false, "d+", "d", call }, { name, false, "li", "i", call },                        \
        { name, false, "lu", "u", call }, { name, false, "ld", "d", call },                        \
        { name, false, "l*", "*", call }, { name, false, "N+", "*", call }

static const struct cel_fn maths[] = {
        EXTREME("math.greatest", greatest),
        EXTREME("math.least", least),
        { "math.ceil", false, "d", "d", ceil_of },
        { "math.floor", false, "d", "d", floor_of },
        { "math.round", false, "d", "d", round_of },
        { "math.trunc", false, "d", "d", trunc_of },
        { "math.sqrt", false, "d", "d", sqrt_double },
        { "math.sqrt", false, "i", "d", sqrt_int },
        { "math.sqrt", false, "u", "d", sqrt_uint },
        { "math.abs", false, "d", "d", abs_double },
        { "math.abs", false, "i", "i", abs_int },
        { "math.abs", false, "u", "u", itself },
        { "math.sign", false, "d", "d", sign_double },
        { "math.sign", false, "i", "i", sign_int },
        { "math.sign", false, "u", "u", sign_uint },
        { "math.isNaN", false, "d", "b", is_nan },
        { "math.isInf", false, "d", "b", is_inf },
        { "math.isFinite", false, "d", "b", is_finite },
        { "math.bitAnd", false, "ii", "i", bit_and },
        { "math.bitAnd", false, "uu", "u", bit_and },
        { "math.bitOr", false, "ii", "i", bit_or },
        { "math.bitOr", false, "uu", "u", bit_or },
        { "math.bitXor", false, "ii", "i", bit_xor },
        { "math.bitXor", false, "uu", "u", bit_xor },
        BOTH("math.bitNot", "", bit_not),
        BOTH("math.bitShiftLeft", "i", shift_left),
        BOTH("math.bitShiftRight", "i", shift_right),
};
const struct cel_fns cel_fns_math = { maths, ZC_COUNT(maths) };
