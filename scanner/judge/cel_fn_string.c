/** String functions of the standard definition, and the strings extension but for format(). Positions count characters. */
#include <string.h>

#include "cel_impl.h"
#include "zc/text.h"

/* ---- the standard ones ---- */

/** First occurrence of needle at or after byte `from`; hay.n + 1 when there is none. */
static size_t find(struct cel_value hay, struct cel_value needle, size_t from)
{
        const char *at = from + needle.n <= hay.n ? memmem(hay.p.s + from, hay.n - from, needle.p.s, needle.n) : NULL;

        return needle.n == 0 && from <= hay.n ? from : at ? (size_t)(at - hay.p.s) : (size_t)hay.n + 1;
}

CEL_FN(starts_with)
{
        if (!cel_charge(r, arg[1].n / 64))
                return cel_stopped(r);
        return cel_bool(arg[0].n >= arg[1].n && memcmp(arg[0].p.s, arg[1].p.s, arg[1].n) == 0);
}

CEL_FN(ends_with)
{
        if (!cel_charge(r, arg[1].n / 64))
                return cel_stopped(r);
        return cel_bool(arg[0].n >= arg[1].n && memcmp(arg[0].p.s + arg[0].n - arg[1].n, arg[1].p.s, arg[1].n) == 0);
}

CEL_FN(contains)
{
        if (!cel_charge(r, arg[0].n / 64))
                return cel_stopped(r);
        return cel_bool(find(arg[0], arg[1], 0) <= arg[0].n);
}

CEL_FN(matches)
{
        char why[128];
        pcre2_code *code;
        struct cel_value v;

        if (!cel_charge(r, 500 + (size_t)arg[1].n * 10)) /* compiling costs more than matching */
                return cel_stopped(r);
        code = cel_regex_compile(arg[1].p.s, arg[1].n, why);
        if (!code)
                return why[0] ? cel_error(r, "the regular expression: %s", why) : cel_stop(r, "out of memory");
        v = cel_regex_match(r, code, arg[0]);
        pcre2_code_free(code);
        return v;
}

static const struct cel_fn string[] = {
        { "startsWith", true, "ss", "b", starts_with }, { "endsWith", true, "ss", "b", ends_with }, { "contains", true, "ss", "b", contains },
        { "matches", true, "ss", "b", matches },        { "matches", false, "ss", "b", matches },
};
const struct cel_fns cel_fns_string = { string, ZC_COUNT(string) };

/* ---- characters ---- */

static size_t char_size(const char *s)
{
        uint8_t lead = (uint8_t)*s;

        return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/** The byte where character i starts; false past the end (i == length is the end). */
static bool byte_of(struct cel_value s, int64_t i, size_t *out)
{
        size_t at = 0;

        if (i < 0)
                return false;
        for (; i > 0 && at < s.n; i--)
                at += char_size(s.p.s + at);
        *out = at;
        return i == 0;
}

static int64_t char_of(struct cel_value s, size_t byte)
{
        int64_t n = 0;

        for (size_t i = 0; i < byte; i++)
                n += ((uint8_t)s.p.s[i] & 0xC0) != 0x80;
        return n;
}

static struct cel_value out_of_range(struct cel_run *r, int64_t i)
{
        return cel_error(r, "index out of range: %lld", (long long)i);
}

static struct cel_value cut(struct cel_run *r, struct cel_value s, size_t from, size_t to)
{
        return from == 0 && to == s.n ? s : cel_string(r, CEL_STRING, s.p.s + from, to - from);
}

CEL_FN(char_at)
{
        size_t at;

        if (!cel_charge(r, arg[0].n / 64) || !byte_of(arg[0], arg[1].p.i, &at))
                return r->stop ? cel_stopped(r) : out_of_range(r, arg[1].p.i);
        return cut(r, arg[0], at, at < arg[0].n ? at + char_size(arg[0].p.s + at) : at);
}

CEL_FN(index_of)
{
        size_t from = 0, at;

        if (!cel_charge(r, arg[0].n / 32))
                return cel_stopped(r);
        if (argc == 3 && !byte_of(arg[0], arg[2].p.i, &from))
                return out_of_range(r, arg[2].p.i);
        at = find(arg[0], arg[1], from);
        return cel_int(at <= arg[0].n ? char_of(arg[0], at) : -1);
}

CEL_FN(last_index_of)
{
        size_t from = arg[0].n;

        if (!cel_charge(r, (size_t)arg[0].n / 8 + (size_t)arg[0].n * arg[1].n / 64))
                return cel_stopped(r);
        if (argc == 3 && !byte_of(arg[0], arg[2].p.i, &from))
                return out_of_range(r, arg[2].p.i);
        if (arg[1].n > arg[0].n)
                return cel_int(-1);
        if (from > arg[0].n - arg[1].n)
                from = arg[0].n - arg[1].n;
        for (size_t at = from + 1; at > 0; at--) {
                if (memcmp(arg[0].p.s + at - 1, arg[1].p.s, arg[1].n) == 0)
                        return cel_int(char_of(arg[0], at - 1));
        }
        return cel_int(-1);
}

CEL_FN(substring)
{
        size_t from, to = arg[0].n;

        if (!cel_charge(r, arg[0].n / 32))
                return cel_stopped(r);
        if (!byte_of(arg[0], arg[1].p.i, &from))
                return out_of_range(r, arg[1].p.i);
        if (argc == 3 && !byte_of(arg[0], arg[2].p.i, &to))
                return out_of_range(r, arg[2].p.i);
        if (from > to)
                return cel_error(r, "invalid substring range: start %lld, end %lld", (long long)arg[1].p.i, (long long)arg[2].p.i);
        return cut(r, arg[0], from, to);
}

/* ---- casing, trimming, reversing, quoting ---- */

static struct cel_value ascii_case(struct cel_run *r, struct cel_value s, char first, char last)
{
        char *out = cel_buffer(r, s.n);

        if (!out)
                return cel_stopped(r);
        for (uint32_t i = 0; i < s.n; i++)
                out[i] = (char)(s.p.s[i] >= first && s.p.s[i] <= last ? s.p.s[i] ^ 0x20 : s.p.s[i]);
        return cel_string_of(CEL_STRING, out, s.n);
}

CEL_FN(lower_ascii)
{
        return ascii_case(r, arg[0], 'A', 'Z');
}

CEL_FN(upper_ascii)
{
        return ascii_case(r, arg[0], 'a', 'z');
}

/** Unicode White_Space. */
static bool white(uint32_t code)
{
        return (code >= 9 && code <= 13) || code == 32 || code == 0x85 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) ||
               code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

CEL_FN(trim)
{
        const uint8_t *s = (const uint8_t *)arg[0].p.s;
        size_t from = 0, to = arg[0].n, n;
        uint32_t code;

        if (!cel_charge(r, arg[0].n / 64))
                return cel_stopped(r);
        while (from < to && (n = zc_utf8_next(s + from, to - from, &code)) > 0 && white(code))
                from += n;
        while (to > from) {
                size_t at = to - 1;

                while (at > from && (s[at] & 0xC0) == 0x80)
                        at--;
                if (zc_utf8_next(s + at, to - at, &code) == 0 || !white(code))
                        break;
                to = at;
        }
        return cut(r, arg[0], from, to);
}

CEL_FN(reverse)
{
        char *out = cel_buffer(r, arg[0].n);

        if (!out)
                return cel_stopped(r);
        for (size_t at = 0; at < arg[0].n;) {
                size_t n = char_size(arg[0].p.s + at);

                memcpy(out + arg[0].n - at - n, arg[0].p.s + at, n);
                at += n;
        }
        return cel_string_of(CEL_STRING, out, arg[0].n);
}

CEL_FN(quote)
{
        static const char from[] = "\a\b\f\n\r\t\v\\\"", to[] = "abfnrtv\\\"";
        char *out = cel_buffer(r, (size_t)arg[0].n * 2 + 2);
        size_t n = 0;

        if (!out)
                return cel_stopped(r);
        out[n++] = '"';
        for (uint32_t i = 0; i < arg[0].n; i++) {
                char ch = arg[0].p.s[i];
                const char *at = ch ? strchr(from, ch) : NULL;

                if (at)
                        out[n++] = '\\';
                out[n++] = at ? to[at - from] : ch;
        }
        out[n++] = '"';
        return cel_string_of(CEL_STRING, out, n);
}

/* ---- replace, split, join ---- */

/** How often needle stands in hay, at most limit times (< 0: all). */
static size_t occurrences(struct cel_value hay, struct cel_value needle, int64_t limit)
{
        size_t n = 0, at = 0;

        while ((limit < 0 || (int64_t)n < limit) && (at = find(hay, needle, at)) < hay.n) {
                at += needle.n;
                n++;
        }
        return n;
}

CEL_FN(replace)
{
        struct cel_value s = arg[0], old = arg[1], new = arg[2];
        int64_t limit = argc == 4 ? arg[3].p.i : -1;
        size_t count, n = 0, at = 0;
        char *out;

        if (!cel_charge(r, s.n / 16))
                return cel_stopped(r);
        if (old.n == 0)
                return cel_error(r, "replace() of an empty string");
        count = occurrences(s, old, limit);
        if (count > 0 && new.n > CEL_RESULT_MAX / count)
                return cel_stop(r, "a result is larger than its limit");
        out = cel_buffer(r, s.n + count * new.n);
        if (!out)
                return cel_stopped(r);
        for (; count > 0; count--) {
                size_t next = find(s, old, at);

                memcpy(out + n, s.p.s + at, next - at);
                memcpy(out + n + next - at, new.p.s, new.n);
                n += next - at + new.n;
                at = next + old.n;
        }
        memcpy(out + n, s.p.s + at, s.n - at);
        return cel_string_of(CEL_STRING, out, n + s.n - at);
}

/** split(''): one piece a character. */
static struct cel_value split_chars(struct cel_run *r, struct cel_value s, int64_t limit)
{
        size_t count = (size_t)char_of(s, s.n), at = 0;
        struct cel_value *items;

        if (limit > 0 && count > (size_t)limit)
                count = (size_t)limit;
        items = cel_alloc(r, count, sizeof *items);
        for (size_t i = 0; items && i < count; i++) {
                size_t n = i + 1 == count ? s.n - at : char_size(s.p.s + at);

                items[i] = cel_string(r, CEL_STRING, s.p.s + at, n);
                at += n;
        }
        return r->stop ? cel_stopped(r) : cel_list_of(items, count);
}

CEL_FN(split)
{
        struct cel_value s = arg[0], *items;
        int64_t limit = argc == 3 ? arg[2].p.i : -1;
        size_t count, at = 0;

        if (!cel_charge(r, s.n / 16))
                return cel_stopped(r);
        if (limit == 0)
                return cel_list_of(NULL, 0);
        if (arg[1].n == 0)
                return split_chars(r, s, limit);
        /* A separator at the very end still starts an empty piece. */
        count = 1;
        for (size_t p = 0; (limit < 0 || (int64_t)count < limit) && (p = find(s, arg[1], p)) < s.n; p += arg[1].n)
                count++;
        items = cel_alloc(r, count, sizeof *items);
        for (size_t i = 0; items && i < count; i++) {
                size_t next = i + 1 == count ? s.n : find(s, arg[1], at);

                items[i] = cel_string(r, CEL_STRING, s.p.s + at, next - at);
                at = next + arg[1].n;
        }
        return r->stop ? cel_stopped(r) : cel_list_of(items, count);
}

CEL_FN(join)
{
        struct cel_value list = arg[0], sep = argc == 2 ? arg[1] : cel_string_of(CEL_STRING, "", 0);
        size_t size = 0, n = 0;
        char *out;

        for (uint32_t i = 0; i < list.n; i++) {
                struct cel_value v = cel_list_at(r, list, i);

                if (!cel_charge(r, 1))
                        return cel_stopped(r);
                if (v.kind != CEL_STRING)
                        return cel_no_overload(r, "join", &v, 1);
                size += v.n + (i ? sep.n : 0);
        }
        out = cel_buffer(r, size);
        for (uint32_t i = 0; out && i < list.n; i++) {
                struct cel_value v = cel_list_at(r, list, i);

                if (i)
                        memcpy(out + n, sep.p.s, sep.n);
                n += i ? sep.n : 0;
                memcpy(out + n, v.p.s, v.n);
                n += v.n;
        }
        return out ? cel_string_of(CEL_STRING, out, size) : cel_stopped(r);
}

static const struct cel_fn string_ext[] = {
        { "charAt", true, "si", "s", char_at },
        { "indexOf", true, "ss", "i", index_of },
        { "indexOf", true, "ssi", "i", index_of },
        { "lastIndexOf", true, "ss", "i", last_index_of },
        { "lastIndexOf", true, "ssi", "i", last_index_of },
        { "substring", true, "si", "s", substring },
        { "substring", true, "sii", "s", substring },
        { "lowerAscii", true, "s", "s", lower_ascii },
        { "upperAscii", true, "s", "s", upper_ascii },
        { "trim", true, "s", "s", trim },
        { "reverse", true, "s", "s", reverse },
        { "strings.quote", false, "s", "s", quote },
        { "replace", true, "sss", "s", replace },
        { "replace", true, "sssi", "s", replace },
        { "split", true, "ss", "ls", split },
        { "split", true, "ssi", "ls", split },
        { "join", true, "ls", "s", join },
        { "join", true, "lss", "s", join },
};
const struct cel_fns cel_fns_string_ext = { string_ext, ZC_COUNT(string_ext) };
