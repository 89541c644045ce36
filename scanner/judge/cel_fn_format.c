/** string.format() of the strings extension: %s %d %f %e %b %o %x %X %%, with a precision for %f and %e. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cel_impl.h"
#include "zc/text.h"

#define PRECISION_MAX 100

/** What is being written, and why it cannot be. */
struct format {
        struct cel_run *r;
        struct zc_text out;
        struct cel_value failed; /* null: all is well */
};

static bool fail(struct format *f, struct cel_value v)
{
        f->failed = v;
        return false;
}

static bool refused(struct format *f, const char *clause, struct cel_value v)
{
        return fail(f, cel_error(f->r, "error during formatting: %s, was given %s", clause, cel_kind_name((enum cel_kind)v.kind)));
}

static bool add(struct format *f, const char *s, size_t n)
{
        if (!cel_charge(f->r, n / 16 + 1))
                return fail(f, cel_stopped(f->r));
        zc_text_addn(&f->out, s, n);
        return true;
}

/* ---- %s ---- */

static bool add_value(struct format *f, struct cel_value v, int depth);

static bool add_list(struct format *f, struct cel_value v, int depth)
{
        if (!add(f, "[", 1))
                return false;
        for (uint32_t i = 0; i < v.n; i++) {
                if ((i && !add(f, ", ", 2)) || !add_value(f, cel_list_at(f->r, v, i), depth + 1))
                        return false;
        }
        return add(f, "]", 1);
}

/** A key's text, for the order of printing. */
static void key_text(struct cel_value k, char *buf, size_t size)
{
        if (k.kind == CEL_STRING)
                snprintf(buf, size, "%s", k.p.s);
        else if (k.kind == CEL_BOOL)
                snprintf(buf, size, "%s", k.p.b ? "true" : "false");
        else if (k.kind == CEL_UINT)
                snprintf(buf, size, "%" PRIu64, k.p.u);
        else
                snprintf(buf, size, "%" PRId64, k.p.i);
}

/** The keys' indexes, sorted by text: maps print alike whatever order they were made in. */
static uint32_t *sorted_keys(struct format *f, const struct cel_value *keys, uint32_t n)
{
        uint32_t *order = cel_alloc(f->r, n, sizeof *order);
        char a[128], b[128];

        for (uint32_t i = 0; order && i < n; i++) {
                uint32_t at = i;

                if (!cel_charge(f->r, i))
                        return NULL;
                key_text(keys[i], a, sizeof a);
                for (; at > 0; at--) {
                        key_text(keys[order[at - 1]], b, sizeof b);
                        if (strcmp(b, a) <= 0)
                                break;
                        order[at] = order[at - 1];
                }
                order[at] = i;
        }
        return order;
}

static bool add_map(struct format *f, struct cel_value v, int depth)
{
        struct cel_value *keys, *values;
        uint32_t *order;

        if (v.doc && v.p.at->evidence)
                return fail(f, cel_missing(f->r, v.p.at, "[]")); /* what was not observed cannot be printed */
        if (!cel_map_entries(f->r, v, &keys, &values) || !(order = sorted_keys(f, keys, v.n)))
                return fail(f, cel_stopped(f->r));
        if (!add(f, "{", 1))
                return false;
        for (uint32_t i = 0; i < v.n; i++) {
                if ((i && !add(f, ", ", 2)) || !add_value(f, keys[order[i]], depth + 1) || !add(f, ": ", 2) ||
                    !add_value(f, values[order[i]], depth + 1))
                        return false;
        }
        return add(f, "}", 1);
}

static bool add_value(struct format *f, struct cel_value v, int depth)
{
        char buf[64];

        if (cel_failed(v))
                return fail(f, v);
        if (depth > CEL_VALUE_DEPTH)
                return fail(f, cel_error(f->r, "error during formatting: values nest too deep"));
        switch ((enum cel_kind)v.kind) {
        case CEL_NULL:
                return add(f, "null", 4);
        case CEL_STRING:
        case CEL_BYTES:
                if (!cel_charge(f->r, v.n / 16))
                        return fail(f, cel_stopped(f->r));
                if (v.kind == CEL_BYTES && !zc_utf8_valid(v.p.s, v.n))
                        return fail(f, cel_error(f->r, "error during formatting: the bytes are not valid UTF-8"));
                return add(f, v.p.s, v.n);
        case CEL_TYPE:
                return add(f, v.p.s, strlen(v.p.s));
        case CEL_LIST:
                return add_list(f, v, depth);
        case CEL_MAP:
                return add_map(f, v, depth);
        case CEL_DOUBLE:
                cel_double_text(v.p.d, buf);
                break;
        case CEL_TIMESTAMP:
                cel_time_text(v, buf);
                break;
        case CEL_DURATION:
                cel_duration_text(v.p.i, buf);
                break;
        case CEL_IP:
        case CEL_CIDR:
                cel_net_text(v, buf);
                break;
        case CEL_BOOL:
        case CEL_INT:
        case CEL_UINT:
                key_text(v, buf, sizeof buf);
                break;
        default:
                return refused(f,
                               "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and "
                               "timestamps",
                               v);
        }
        return add(f, buf, strlen(buf));
}

/* ---- numbers ---- */

static bool special(struct format *f, double d, bool *done)
{
        char buf[32];

        *done = isnan(d) || isinf(d);
        if (!*done)
                return true;
        cel_double_text(d, buf);
        return add(f, buf, strlen(buf));
}

static bool add_decimal(struct format *f, struct cel_value v)
{
        char buf[32];
        bool done;

        if (v.kind == CEL_DOUBLE)
                return special(f, v.p.d, &done) && (done || add_value(f, v, 0));
        if (v.kind != CEL_INT && v.kind != CEL_UINT)
                return refused(f, "decimal clause can only be used on integers", v);
        key_text(v, buf, sizeof buf);
        return add(f, buf, strlen(buf));
}

static bool add_float(struct format *f, struct cel_value v, char clause, int precision)
{
        double d = v.kind == CEL_INT ? (double)v.p.i : v.kind == CEL_UINT ? (double)v.p.u : v.p.d;
        char buf[512];
        bool done;

        if (v.kind != CEL_DOUBLE && v.kind != CEL_INT && v.kind != CEL_UINT)
                return refused(f, clause == 'f' ? "fixed-point clause can only be used on doubles" : "scientific clause can only be used on doubles", v);
        if (!special(f, d, &done) || done)
                return done;
        if (!cel_charge(f->r, 20 + (size_t)precision)) /* long numbers take their time */
                return fail(f, cel_stopped(f->r));
        snprintf(buf, sizeof buf, clause == 'f' ? "%.*f" : "%.*e", precision, d);
        return add(f, buf, strlen(buf));
}

static bool add_based(struct format *f, uint64_t u, bool minus, unsigned int shift, const char *digits)
{
        char buf[68];
        size_t at = sizeof buf;

        do {
                buf[--at] = digits[u & ((1u << shift) - 1)];
                u >>= shift;
        } while (u);
        if (minus)
                buf[--at] = '-';
        return add(f, buf + at, sizeof buf - at);
}

static bool add_hex_bytes(struct format *f, struct cel_value v, const char *digits)
{
        for (uint32_t i = 0; i < v.n; i++) {
                uint8_t byte = (uint8_t)v.p.s[i];

                if (!add(f, &digits[byte >> 4], 1) || !add(f, &digits[byte & 15], 1))
                        return false;
        }
        return true;
}

static bool add_bits(struct format *f, struct cel_value v, char clause)
{
        static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
        const char *digits = clause == 'X' ? upper : lower;
        unsigned int shift = clause == 'b' ? 1 : clause == 'o' ? 3 : 4;
        bool minus = v.kind == CEL_INT && v.p.i < 0;

        if (shift == 4 && (v.kind == CEL_STRING || v.kind == CEL_BYTES))
                return add_hex_bytes(f, v, digits);
        if (clause == 'b' && v.kind == CEL_BOOL)
                return add(f, v.p.b ? "1" : "0", 1);
        if (v.kind != CEL_INT && v.kind != CEL_UINT)
                return refused(f,
                               clause == 'b'   ? "only integers and bools can be formatted as binary"
                               : clause == 'o' ? "octal clause can only be used on integers"
                                               : "only integers, byte buffers, and strings can be formatted as hex",
                               v);
        return add_based(f, minus ? 0 - v.p.u : v.p.u, minus, shift, digits);
}

/* ---- clauses ---- */

/** ".3" of "%.3f"; -1 without, -2 when malformed. */
static int precision_at(const char **s, const char *end)
{
        int n = 0;

        if (*s == end || **s != '.')
                return -1;
        for (++*s; *s < end && **s >= '0' && **s <= '9'; ++*s) {
                n = n * 10 + (**s - '0');
                if (n > PRECISION_MAX)
                        return -2;
        }
        return n;
}

static bool clause(struct format *f, const char **s, const char *end, struct cel_value list, uint32_t *next)
{
        int precision = precision_at(s, end);
        struct cel_value v;
        char letter;

        if (*s == end || precision == -2)
                return fail(f, cel_error(f->r, "could not parse formatting clause: %s", *s == end ? "unexpected end of string" : "precision"));
        letter = *(*s)++;
        if (letter == '\0' || !strchr("sdfebxXo", letter))
                return fail(f, cel_error(f->r, "could not parse formatting clause: unrecognized formatting clause"));
        if (*next >= list.n)
                return fail(f, cel_error(f->r, "index %u out of range", *next));
        v = cel_list_at(f->r, list, (*next)++);
        switch (letter) {
        case 's':
                return add_value(f, v, 0);
        case 'd':
                return add_decimal(f, v);
        case 'f':
        case 'e':
                return add_float(f, v, letter, precision < 0 ? 6 : precision);
        default:
                return add_bits(f, v, letter);
        }
}

static bool run(struct format *f, struct cel_value pattern, struct cel_value list)
{
        const char *s = pattern.p.s, *end = s + pattern.n;
        uint32_t next = 0;

        while (s < end) {
                const char *percent = memchr(s, '%', (size_t)(end - s));

                if (!percent)
                        return add(f, s, (size_t)(end - s));
                if (!add(f, s, (size_t)(percent - s)))
                        return false;
                s = percent + 1;
                if (s < end && *s == '%') {
                        if (!add(f, s++, 1))
                                return false;
                } else if (!clause(f, &s, end, list, &next)) {
                        return false;
                }
        }
        return true;
}

CEL_FN(format)
{
        struct format f = { .r = r, .failed = cel_null() };
        struct cel_value v;

        zc_text_init(&f.out, CEL_RESULT_MAX);
        if (!run(&f, arg[0], arg[1]))
                v = f.failed;
        else if (f.out.cut || f.out.failed)
                v = cel_stop(r, "a result is larger than its limit");
        else
                v = cel_string(r, CEL_STRING, zc_text_str(&f.out), f.out.len);
        zc_text_release(&f.out);
        return v;
}

static const struct cel_fn formats[] = {
        { "format", true, "sl*", "s", format },
};
const struct cel_fns cel_fns_format = { formats, ZC_COUNT(formats) };
