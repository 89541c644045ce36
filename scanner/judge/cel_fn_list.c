/** Lists and optionals. */
#include <string.h>

#include "cel_impl.h"

/* ---- lists ---- */

static bool copy_in(struct cel_run *r, struct cel_value list, struct cel_value *out)
{
        for (uint32_t i = 0; i < list.n; i++) {
                out[i] = cel_list_at(r, list, i);
                if (!cel_charge(r, 1 + cel_text_size(out[i]) / 4)) /* each is compared many times */
                        return false;
        }
        return true;
}

CEL_FN(slice)
{
        int64_t from = arg[1].p.i, to = arg[2].p.i;
        struct cel_value *items;

        if (from < 0 || to < from || to > (int64_t)arg[0].n)
                return cel_error(r, "index out of range: slice %lld to %lld of a list of %u", (long long)from, (long long)to, arg[0].n);
        items = cel_alloc(r, (size_t)(to - from), sizeof *items);
        for (int64_t i = from; items && i < to; i++)
                items[i - from] = cel_list_at(r, arg[0], (uint32_t)i);
        return items ? cel_list_of(items, (size_t)(to - from)) : cel_stopped(r);
}

CEL_FN(range)
{
        struct cel_value *items;

        if (arg[0].p.i < 0 || arg[0].p.i > (int64_t)(CEL_RESULT_MAX / sizeof *items))
                return cel_error(r, "lists.range(%lld): the length is out of range", (long long)arg[0].p.i);
        items = cel_alloc(r, (size_t)arg[0].p.i, sizeof *items);
        for (int64_t i = 0; items && i < arg[0].p.i; i++)
                items[i] = cel_int(i);
        return items ? cel_list_of(items, (size_t)arg[0].p.i) : cel_stopped(r);
}

CEL_FN(reverse)
{
        struct cel_value *items = cel_alloc(r, arg[0].n, sizeof *items);

        for (uint32_t i = 0; items && i < arg[0].n; i++)
                items[i] = cel_list_at(r, arg[0], arg[0].n - 1 - i);
        return items ? cel_list_of(items, arg[0].n) : cel_stopped(r);
}

CEL_FN(distinct)
{
        struct cel_value *items = cel_alloc(r, arg[0].n, sizeof *items);
        uint32_t n = 0;

        for (uint32_t i = 0; items && i < arg[0].n; i++) {
                struct cel_value v = cel_list_at(r, arg[0], i), eq = cel_bool(false);

                for (uint32_t k = 0; k < n && eq.kind == CEL_BOOL && !eq.p.b; k++)
                        eq = cel_equal(r, items[k], v, 0);
                if (eq.kind != CEL_BOOL)
                        return eq;
                if (!eq.p.b)
                        items[n++] = v;
        }
        return items && !r->stop ? cel_list_of(items, n) : cel_stopped(r);
}

/** Copies of the lists inside, up to depth levels down; NULL out counts. */
static bool flatten_into(struct cel_run *r, struct cel_value list, int64_t depth, struct cel_value *out, size_t *n)
{
        for (uint32_t i = 0; i < list.n; i++) {
                struct cel_value v = cel_list_at(r, list, i);

                if (!cel_charge(r, 1))
                        return false;
                if (v.kind == CEL_LIST && depth > 0) {
                        if (!flatten_into(r, v, depth - 1, out, n))
                                return false;
                        continue;
                }
                if (out)
                        out[*n] = v;
                ++*n;
        }
        return true;
}

CEL_FN(flatten)
{
        int64_t depth = argc == 2 ? arg[1].p.i : 1;
        struct cel_value *items;
        size_t n = 0, k = 0;

        if (depth < 0 || depth > CEL_VALUE_DEPTH)
                return cel_error(r, "flatten(): the depth is 0 to %d", CEL_VALUE_DEPTH);
        if (!flatten_into(r, arg[0], depth, NULL, &n) || !(items = cel_alloc(r, n, sizeof *items)) ||
            !flatten_into(r, arg[0], depth, items, &k))
                return cel_stopped(r);
        return cel_list_of(items, n);
}

/** Merges two sorted runs; false when two values have no order. */
static bool merge(const struct cel_value *from, struct cel_value *to, size_t low, size_t middle, size_t high)
{
        size_t a = low, b = middle;

        for (size_t i = low; i < high; i++) {
                int order = a < middle && b < high ? cel_compare(from[b], from[a]) : 0;

                if (order > 1)
                        return false;
                if (b >= high || (a < middle && order >= 0))
                        to[i] = from[a++];
                else
                        to[i] = from[b++];
        }
        return true;
}

CEL_FN(sort)
{
        size_t n = arg[0].n;
        struct cel_value *a = cel_alloc(r, n, sizeof *a), *b = cel_alloc(r, n, sizeof *b), *swap;

        if (!a || !b || !copy_in(r, arg[0], a))
                return cel_stopped(r);
        if (n == 1 && cel_compare(a[0], a[0]) > 1)
                return cel_no_overload(r, "sort", a, 1);
        for (size_t width = 1; width < n; width *= 2) {
                if (!cel_charge(r, n / 2))
                        return cel_stopped(r);
                for (size_t low = 0; low < n; low += 2 * width) {
                        size_t middle = low + width < n ? low + width : n, high = middle + width < n ? middle + width : n;

                        if (!merge(a, b, low, middle, high))
                                return cel_error(r, "no such overload: sort() of values that have no order among them");
                }
                swap = a;
                a = b;
                b = swap;
        }
        return cel_list_of(a, n);
}

CEL_FN(first)
{
        return arg[0].n ? cel_some(r, cel_list_at(r, arg[0], 0)) : cel_none();
}

CEL_FN(last)
{
        return arg[0].n ? cel_some(r, cel_list_at(r, arg[0], arg[0].n - 1)) : cel_none();
}

static const struct cel_fn lists[] = {
        { "slice", true, "lAii", "lA", slice },   { "lists.range", false, "i", "li", range }, { "reverse", true, "lA", "lA", reverse },
        { "distinct", true, "lA", "lA", distinct }, { "flatten", true, "l*", "l*", flatten },   { "flatten", true, "l*i", "l*", flatten },
        { "sort", true, "lA", "lA", sort },       { "first", true, "lA", "oA", first },       { "last", true, "lA", "oA", last },
};
const struct cel_fns cel_fns_list = { lists, ZC_COUNT(lists) };

/* ---- optionals ---- */

CEL_FN(optional_of)
{
        return cel_some(r, arg[0]);
}

CEL_FN(optional_none)
{
        return cel_none();
}

static bool zero_value(struct cel_value v)
{
        switch ((enum cel_kind)v.kind) {
        case CEL_NULL:
                return true;
        case CEL_BOOL:
                return !v.p.b;
        case CEL_DOUBLE:
                return v.p.d == 0;
        case CEL_INT:
        case CEL_UINT:
        case CEL_DURATION:
                return v.p.u == 0;
        case CEL_STRING:
        case CEL_BYTES:
        case CEL_LIST:
        case CEL_MAP:
                return v.n == 0;
        case CEL_OPTIONAL:
                return v.p.opt == NULL;
        default:
                return false;
        }
}

CEL_FN(optional_of_non_zero)
{
        if (arg[0].kind == CEL_MAP && arg[0].n == 0 && arg[0].doc && arg[0].p.at->evidence)
                return cel_missing(r, arg[0].p.at, "[]");
        return zero_value(arg[0]) ? cel_none() : cel_some(r, arg[0]);
}

CEL_FN(has_value)
{
        return cel_bool(arg[0].p.opt != NULL);
}

CEL_FN(value)
{
        return arg[0].p.opt ? *arg[0].p.opt : cel_error(r, "optional.none() dereference");
}

CEL_FN(or_optional)
{
        return arg[0].p.opt ? arg[0] : arg[1];
}

CEL_FN(or_value)
{
        return arg[0].p.opt ? *arg[0].p.opt : arg[1];
}

static const struct cel_fn optionals[] = {
        { "optional.of", false, "A", "oA", optional_of },
        { "optional.none", false, "", "oA", optional_none },
        { "optional.ofNonZeroValue", false, "A", "oA", optional_of_non_zero },
        { "hasValue", true, "oA", "b", has_value },
        { "value", true, "oA", "A", value },
        { "or", true, "oAoA", "oA", or_optional },
        { "orValue", true, "oAA", "A", or_value },
};
const struct cel_fns cel_fns_optional = { optionals, ZC_COUNT(optionals) };
