/** Functions of the standard definition: size(), type(), dyn(), conversions. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cel_impl.h"
#include "zc/text.h"

/* ---- size, type ---- */

CEL_FN(size_string)
{
        int64_t n = 0;

        if (!cel_charge(r, arg[0].n / 64))
                return cel_stopped(r);
        for (uint32_t i = 0; i < arg[0].n; i++)
                n += ((uint8_t)arg[0].p.s[i] & 0xC0) != 0x80;
        return cel_int(n);
}

CEL_FN(size_count)
{
        if (arg[0].kind == CEL_MAP && arg[0].doc && arg[0].p.at->evidence)
                return cel_missing(r, arg[0].p.at, "[]"); /* members may be there that were not observed */
        return cel_int(arg[0].n);
}

CEL_FN(type_of)
{
        return cel_type_value(cel_kind_name((enum cel_kind)arg[0].kind));
}

CEL_FN(same)
{
        return arg[0];
}

static const struct cel_fn core[] = {
        { "size", false, "s", "i", size_string }, { "size", true, "s", "i", size_string },
        { "size", false, "y", "i", size_count },  { "size", true, "y", "i", size_count },
        { "size", false, "lA", "i", size_count }, { "size", true, "lA", "i", size_count },
        { "size", false, "mAB", "i", size_count }, { "size", true, "mAB", "i", size_count },
        { "type", false, "*", "T", type_of },     { "dyn", false, "*", "*", same },
};
const struct cel_fns cel_fns_core = { core, ZC_COUNT(core) };

/* ---- numbers as text ---- */

void cel_double_text(double d, char out[32])
{
        if (isnan(d) || isinf(d)) {
                snprintf(out, 32, "%s", isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity");
                return;
        }
        for (int digits = 15; digits <= 17; digits++) {
                snprintf(out, 32, "%.*g", digits, d);
                if (strtod(out, NULL) == d)
                        return;
        }
}

bool cel_parse_double(const char *s, size_t n, double *out)
{
        static const struct { const char *name; double value; } special[] = {
                { "NaN", NAN }, { "Infinity", INFINITY }, { "+Infinity", INFINITY }, { "-Infinity", -INFINITY },
                { "Inf", INFINITY }, { "+Inf", INFINITY }, { "-Inf", -INFINITY },
        };
        char copy[512], *end;

        if (n == 0 || n >= sizeof copy)
                return false;
        memcpy(copy, s, n);
        copy[n] = '\0';
        for (size_t i = 0; i < ZC_COUNT(special); i++) {
                if (strlen(copy) == n && zc_ascii_eq(copy, special[i].name)) {
                        *out = special[i].value;
                        return true;
                }
        }
        if (strspn(copy, "0123456789+-.eE") != n)
                return false;
        *out = strtod(copy, &end);
        return end == copy + n && end[-1] != '.';
}

/* ---- conversions ---- */

static struct cel_value range(struct cel_run *r, const char *type)
{
        return cel_error(r, "range error: the value does not fit %s", type);
}

static struct cel_value unreadable(struct cel_run *r, struct cel_value s, const char *type)
{
        return cel_error(r, "type conversion error: '%.80s' is no %s", s.p.s, type);
}

CEL_FN(int_of_uint)
{
        return arg[0].p.u > (uint64_t)INT64_MAX ? range(r, "int") : cel_int((int64_t)arg[0].p.u);
}

CEL_FN(int_of_double)
{
        double d = arg[0].p.d;

        return d > -9223372036854775808.0 && d < 9223372036854775808.0 ? cel_int((int64_t)d) : range(r, "int");
}

CEL_FN(int_of_string)
{
        const char *s = arg[0].p.s;
        bool minus = *s == '-';
        uint64_t u, most = (uint64_t)INT64_MAX + minus;
        size_t sign = minus || *s == '+';

        if (!cel_charge(r, arg[0].n / 16))
                return cel_stopped(r);
        if (!zc_parse_uint(s + sign, arg[0].n - sign, most, &u))
                return unreadable(r, arg[0], "int");
        return cel_int(minus ? (int64_t)(0 - u) : (int64_t)u);
}

CEL_FN(int_of_time)
{
        return cel_int(arg[0].p.i);
}

CEL_FN(uint_of_int)
{
        return arg[0].p.i < 0 ? range(r, "uint") : cel_uint((uint64_t)arg[0].p.i);
}

CEL_FN(uint_of_double)
{
        double d = arg[0].p.d;

        return d > -1 && d < 18446744073709551616.0 ? cel_uint((uint64_t)d) : range(r, "uint");
}

CEL_FN(uint_of_string)
{
        uint64_t u;

        if (!cel_charge(r, arg[0].n / 16))
                return cel_stopped(r);
        return zc_parse_uint(arg[0].p.s, arg[0].n, UINT64_MAX, &u) ? cel_uint(u) : unreadable(r, arg[0], "uint");
}

CEL_FN(double_of_int)
{
        return cel_double((double)arg[0].p.i);
}

CEL_FN(double_of_uint)
{
        return cel_double((double)arg[0].p.u);
}

CEL_FN(double_of_string)
{
        double d;

        return cel_parse_double(arg[0].p.s, arg[0].n, &d) ? cel_double(d) : unreadable(r, arg[0], "double");
}

CEL_FN(bool_of_string)
{
        static const struct { const char *text; bool value; } words[] = {
                { "1", true },  { "t", true },  { "T", true },  { "true", true },   { "True", true },   { "TRUE", true },
                { "0", false }, { "f", false }, { "F", false }, { "false", false }, { "False", false }, { "FALSE", false },
        };

        for (size_t i = 0; i < ZC_COUNT(words); i++) {
                if (strlen(words[i].text) == arg[0].n && memcmp(words[i].text, arg[0].p.s, arg[0].n) == 0)
                        return cel_bool(words[i].value);
        }
        return unreadable(r, arg[0], "bool");
}

static struct cel_value text(struct cel_run *r, const char *s)
{
        return cel_string(r, CEL_STRING, s, strlen(s));
}

CEL_FN(string_of_int)
{
        char buf[32];

        snprintf(buf, sizeof buf, "%" PRId64, arg[0].p.i);
        return text(r, buf);
}

CEL_FN(string_of_uint)
{
        char buf[32];

        snprintf(buf, sizeof buf, "%" PRIu64, arg[0].p.u);
        return text(r, buf);
}

CEL_FN(string_of_double)
{
        char buf[32];

        cel_double_text(arg[0].p.d, buf);
        return cel_charge(r, 20) ? text(r, buf) : cel_stopped(r);
}

CEL_FN(string_of_bool)
{
        return text(r, arg[0].p.b ? "true" : "false");
}

CEL_FN(string_of_bytes)
{
        if (!cel_charge(r, arg[0].n / 16))
                return cel_stopped(r);
        if (!zc_utf8_valid(arg[0].p.s, arg[0].n))
                return cel_error(r, "the bytes are not valid UTF-8");
        return cel_string_of(CEL_STRING, arg[0].p.s, arg[0].n);
}

CEL_FN(bytes_of_string)
{
        return cel_string_of(CEL_BYTES, arg[0].p.s, arg[0].n);
}

static const struct cel_fn convert[] = {
        { "int", false, "i", "i", same },
        { "int", false, "u", "i", int_of_uint },
        { "int", false, "d", "i", int_of_double },
        { "int", false, "s", "i", int_of_string },
        { "int", false, "t", "i", int_of_time },
        { "uint", false, "u", "u", same },
        { "uint", false, "i", "u", uint_of_int },
        { "uint", false, "d", "u", uint_of_double },
        { "uint", false, "s", "u", uint_of_string },
        { "double", false, "d", "d", same },
        { "double", false, "i", "d", double_of_int },
        { "double", false, "u", "d", double_of_uint },
        { "double", false, "s", "d", double_of_string },
        { "bool", false, "b", "b", same },
        { "bool", false, "s", "b", bool_of_string },
        { "string", false, "s", "s", same },
        { "string", false, "i", "s", string_of_int },
        { "string", false, "u", "s", string_of_uint },
        { "string", false, "d", "s", string_of_double },
        { "string", false, "b", "s", string_of_bool },
        { "string", false, "y", "s", string_of_bytes },
        { "bytes", false, "y", "y", same },
        { "bytes", false, "s", "y", bytes_of_string },
};
const struct cel_fns cel_fns_convert = { convert, ZC_COUNT(convert) };
