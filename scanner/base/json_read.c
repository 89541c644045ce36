/**
 * Reading JSON, the quick way: what is well-formed becomes the same value that jansson makes of it, in half the time. Everything else,
 * and the little that is rare, is left for jansson to read or to name: this says only "not me".
 */
#include "json_read.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "zc/text.h"

#define DIGITS_MAX 18 /* what surely fits 64 bits */
#define SHORT 256     /* bytes of a key or a text with escapes that need no memory of their own */

struct reader {
        const char *p, *end;
        unsigned int depth; /* that is left */
};

/** What ends a run of plain bytes in a string, and what makes it more than ASCII. */
enum { PLAIN, STOPS, WIDE };

static int kind_of(char c)
{
        uint8_t u = (uint8_t)c;

        return u < 0x20 || u == '"' || u == '\\' ? STOPS : u >= 0x80 ? WIDE : PLAIN;
}

static void skip_space(struct reader *r)
{
        while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
                r->p++;
}

/** Steps over c and what space stands before it. */
static bool take(struct reader *r, char c)
{
        skip_space(r);
        if (r->p == r->end || *r->p != c)
                return false;
        r->p++;
        return true;
}

/* ---- strings ---- */

static int hex_of(char c)
{
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
}

/** The four digits of \u as UTF-8; 0 bytes for what is not for us: surrogates, NUL, no digits. */
static size_t unicode(const struct reader *r, char out[3])
{
        unsigned int code = 0;

        if (r->end - r->p < 4)
                return 0;
        for (int i = 0; i < 4; i++) {
                int digit = hex_of(r->p[i]);

                if (digit < 0)
                        return 0;
                code = code * 16 + (unsigned int)digit;
        }
        if (code == 0 || (code >= 0xD800 && code <= 0xDFFF))
                return 0;
        if (code < 0x80) {
                out[0] = (char)code;
                return 1;
        }
        out[0] = (char)(code < 0x800 ? 0xC0 | code >> 6 : 0xE0 | code >> 12);
        out[1] = (char)(0x80 | ((code < 0x800 ? code : code >> 6) & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return code < 0x800 ? 2 : 3;
}

/** One escape, behind its backslash. How many bytes it is; 0: not for us. */
static size_t escape(struct reader *r, char out[3])
{
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        const char *at;
        size_t n;

        if (r->p == r->end)
                return 0;
        if (*r->p == 'u') {
                r->p++;
                n = unicode(r, out);
                r->p += n ? 4 : 0;
                return n;
        }
        at = *r->p ? strchr(from, *r->p) : NULL;
        if (!at)
                return 0;
        out[0] = to[at - from];
        r->p++;
        return 1;
}

/* A string as it was read: within the text where it has no escapes, else in room or on the heap. */
struct string {
        const char *p;
        size_t n;
        char *heap;
        char room[SHORT];
};

static void string_release(struct string *s)
{
        free(s->heap);
}

/** The rest of a string from its first escape on. @start: where it begins. It never gets longer. */
static bool string_unescape(struct reader *r, const char *start, struct string *s)
{
        const char *close = r->p;
        size_t n = (size_t)(r->p - start);
        char *out;

        while (close < r->end && *close != '"')
                close += *close == '\\' && r->end - close > 1 ? 2 : 1;
        if ((size_t)(close - start) > sizeof(s->room))
                s->heap = malloc((size_t)(close - start));
        out = s->heap ? s->heap : s->room;
        if ((size_t)(close - start) > sizeof(s->room) && !s->heap)
                return false;
        memcpy(out, start, n);
        while (r->p < r->end && *r->p != '"') {
                size_t more = 1;

                if (*r->p == '\\') {
                        r->p++;
                        more = escape(r, out + n);
                } else if ((uint8_t)*r->p < 0x20) {
                        more = 0;
                } else {
                        out[n] = *r->p++;
                }
                if (more == 0)
                        return false;
                n += more;
        }
        s->p = out;
        s->n = n;
        return true;
}

/** A string, its quotes stepped over. */
static bool string_read(struct reader *r, struct string *s)
{
        const char *start;
        bool wide = false;

        s->heap = NULL;
        if (!take(r, '"'))
                return false;
        start = r->p;
        for (int kind; r->p < r->end && (kind = kind_of(*r->p)) != STOPS; r->p++)
                wide = wide || kind == WIDE;
        s->p = start;
        s->n = (size_t)(r->p - start);
        if (r->p < r->end && *r->p == '\\') {
                wide = true;
                if (!string_unescape(r, start, s))
                        return false;
        }
        return r->p < r->end && *r->p++ == '"' && (!wide || zc_utf8_valid(s->p, s->n));
}

static json_t *string_value(struct reader *r)
{
        struct string s;
        json_t *value = string_read(r, &s) ? json_stringn_nocheck(s.p, s.n) : NULL;

        string_release(&s);
        return value;
}

/* ---- numbers and words ---- */

static size_t digits(struct reader *r)
{
        const char *start = r->p;

        while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
                r->p++;
        return (size_t)(r->p - start);
}

/** A fraction or an exponent follows: a real, with as many digits as a double can tell. */
static json_t *real_value(struct reader *r, const char *start)
{
        char text[64], *end;
        size_t n;
        double d;

        while (r->p < r->end && *r->p && strchr("0123456789+-.eE", *r->p))
                r->p++;
        n = (size_t)(r->p - start);
        if (n >= sizeof(text) || (r->p[-1] < '0' || r->p[-1] > '9'))
                return NULL;
        memcpy(text, start, n);
        text[n] = '\0';
        if (strstr(text, ".e") || strstr(text, ".E"))
                return NULL;
        d = strtod(text, &end);
        return *end == '\0' && isfinite(d) ? json_real(d) : NULL;
}

static json_t *number_value(struct reader *r)
{
        const char *start = r->p;
        bool minus = *r->p == '-';
        json_int_t whole = 0;
        size_t n;

        r->p += minus;
        n = digits(r);
        if (n == 0 || n > DIGITS_MAX || (n > 1 && r->p[-(ptrdiff_t)n] == '0'))
                return NULL;
        if (r->p < r->end && (*r->p == '.' || *r->p == 'e' || *r->p == 'E'))
                return real_value(r, start);
        for (const char *c = r->p - n; c < r->p; c++)
                whole = whole * 10 + (*c - '0');
        return json_integer(minus ? -whole : whole);
}

static json_t *word_value(struct reader *r)
{
        static const struct {
                const char *word;
                json_t *(*make)(void);
        } words[] = { { "true", json_true }, { "false", json_false }, { "null", json_null } };

        for (size_t i = 0; i < ZC_COUNT(words); i++) {
                size_t n = strlen(words[i].word);

                if ((size_t)(r->end - r->p) >= n && memcmp(r->p, words[i].word, n) == 0) {
                        r->p += n;
                        return words[i].make();
                }
        }
        return NULL;
}

/* ---- lists and objects ---- */

static json_t *any_value(struct reader *r);

/** Behind one of several: true when another follows; *end when they are closed. */
static bool goes_on(struct reader *r, char close, bool *end)
{
        *end = take(r, close);
        return *end || take(r, ',');
}

static json_t *array_value(struct reader *r)
{
        json_auto_t *array = json_array();
        bool end = take(r, ']');

        while (array && !end) {
                if (json_array_append_new(array, any_value(r)) != 0 || !goes_on(r, ']', &end))
                        return NULL;
        }
        return json_incref(array);
}

/** A member that is there already is not one more. */
static bool member_set(json_t *object, const struct string *name, json_t *value)
{
        size_t before = json_object_size(object);
        char room[SHORT];
        char *heap = name->n >= sizeof(room) ? malloc(name->n + 1) : NULL;
        char *key = name->n >= sizeof(room) ? heap : room;
        bool ok = false;

        if (key) {
                memcpy(key, name->p, name->n);
                key[name->n] = '\0';
                ok = json_object_set_new_nocheck(object, key, value) == 0 &&
                     json_object_size(object) > before;
        } else {
                json_decref(value);
        }
        free(heap);
        return ok;
}

static bool member_read(struct reader *r, json_t *object)
{
        struct string name;
        json_t *value = string_read(r, &name) && take(r, ':') ? any_value(r) : NULL;
        bool ok = value && member_set(object, &name, value);

        string_release(&name);
        return ok;
}

static json_t *object_value(struct reader *r)
{
        json_auto_t *object = json_object();
        bool end = take(r, '}');

        while (object && !end) {
                if (!member_read(r, object) || !goes_on(r, '}', &end))
                        return NULL;
        }
        return json_incref(object);
}

static json_t *any_value(struct reader *r)
{
        json_t *value;

        skip_space(r);
        if (r->p == r->end)
                return NULL;
        switch (*r->p) {
        case '"':
                return string_value(r);
        case '{':
        case '[':
                if (r->depth == 0)
                        return NULL;
                r->p++;
                r->depth--;
                value = r->p[-1] == '{' ? object_value(r) : array_value(r);
                r->depth++;
                return value;
        case 't':
        case 'f':
        case 'n':
                return word_value(r);
        default:
                return number_value(r);
        }
}

json_t *zc_json_read(const char *buf, size_t len, unsigned int depth)
{
        struct reader r = { buf, buf + len, depth };
        json_auto_t *value = any_value(&r);

        skip_space(&r);
        return r.p == r.end ? json_incref(value) : NULL;
}
