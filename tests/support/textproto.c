#include "textproto.h"

#include <stdint.h>
#include <string.h>

#define DEPTH_MAX 64

struct reader {
        struct zc_arena *arena;
        const char *p, *end;
        unsigned int line, depth;
        struct zc_err *err;
        char string[65536]; /* the one being read */
};

static bool fail(struct reader *r, const char *what)
{
        return zc_fail(r->err, ZC_E_MALFORMED, "line %u: %s", r->line, what);
}

static void blank(struct reader *r)
{
        for (; r->p < r->end; r->p++) {
                if (*r->p == '\n')
                        r->line++;
                if (*r->p == '#') {
                        const char *eol = memchr(r->p, '\n', (size_t)(r->end - r->p));

                        r->p = (eol ? eol : r->end) - 1;
                } else if (!strchr(" \t\r\n", *r->p)) {
                        return;
                }
        }
}

static bool take(struct reader *r, char ch)
{
        blank(r);
        if (r->p == r->end || *r->p != ch)
                return false;
        r->p++;
        return true;
}

static size_t utf8(char *out, uint32_t code)
{
        if (code < 0x80) {
                out[0] = (char)code;
                return 1;
        }
        if (code < 0x800) {
                out[0] = (char)(0xC0 | code >> 6);
                out[1] = (char)(0x80 | (code & 0x3F));
                return 2;
        }
        if (code < 0x10000) {
                out[0] = (char)(0xE0 | code >> 12);
                out[1] = (char)(0x80 | (code >> 6 & 0x3F));
                out[2] = (char)(0x80 | (code & 0x3F));
                return 3;
        }
        out[0] = (char)(0xF0 | code >> 18);
        out[1] = (char)(0x80 | (code >> 12 & 0x3F));
        out[2] = (char)(0x80 | (code >> 6 & 0x3F));
        out[3] = (char)(0x80 | (code & 0x3F));
        return 4;
}

/** Up to `max` digits of a base at the cursor. */
static uint32_t digits(struct reader *r, int base, int max)
{
        static const char all[] = "0123456789abcdef";
        uint32_t v = 0;

        for (int i = 0; i < max && r->p < r->end && *r->p != '\0'; i++, r->p++) {
                const char *at = strchr(all, *r->p >= 'A' && *r->p <= 'F' ? *r->p + 32 : *r->p);

                if (!at || at - all >= base)
                        break;
                v = v * (uint32_t)base + (uint32_t)(at - all);
        }
        return v;
}

static size_t escape(struct reader *r, char *out)
{
        static const char from[] = "abfnrtv\\'\"?", to[] = "\a\b\f\n\r\t\v\\'\"?";
        char ch = *r->p;
        const char *at = strchr(from, ch);

        if (ch >= '0' && ch <= '7') {
                *out = (char)digits(r, 8, 3);
                return 1;
        }
        r->p++;
        if (ch == 'x' || ch == 'X') {
                *out = (char)digits(r, 16, 2);
                return 1;
        }
        if (ch == 'u' || ch == 'U')
                return utf8(out, digits(r, 16, ch == 'u' ? 4 : 8));
        *out = at && ch ? to[at - from] : ch;
        return 1;
}

/** Adjacent literals are one string. */
static bool string(struct reader *r, struct tp *f)
{
        char *out = r->string;
        size_t n = 0;

        while (blank(r), r->p < r->end && (*r->p == '"' || *r->p == '\'')) {
                char quote = *r->p++;

                while (r->p < r->end && *r->p != quote && *r->p != '\n') {
                        if (n > sizeof r->string - 8)
                                return fail(r, "the string is too long");
                        if (*r->p == '\\' && r->end - r->p > 1) {
                                r->p++;
                                n += escape(r, out + n);
                        } else {
                                out[n++] = *r->p++;
                        }
                }
                if (r->p == r->end || *r->p != quote)
                        return fail(r, "the string does not close");
                r->p++;
        }
        f->text = zc_arena_strndup(r->arena, out, n); /* the exact size is kept in len */
        f->len = n;
        f->quoted = true;
        return f->text ? true : fail(r, "out of memory");
}

static bool word(struct reader *r, const char **out, const char *more)
{
        const char *start;

        blank(r);
        for (start = r->p; r->p < r->end && ((*r->p >= 'a' && *r->p <= 'z') || (*r->p >= 'A' && *r->p <= 'Z') ||
                                             (*r->p >= '0' && *r->p <= '9') || (*r->p && strchr(more, *r->p)));)
                r->p++;
        *out = zc_arena_strndup(r->arena, start, (size_t)(r->p - start));
        return r->p > start && *out ? true : fail(r, "expected a name or a value");
}

static bool message(struct reader *r, struct tp *m, char close);

static bool value(struct reader *r, struct tp *f)
{
        blank(r);
        if (r->p < r->end && (*r->p == '"' || *r->p == '\''))
                return string(r, f);
        if (take(r, '{'))
                return message(r, f, '}');
        if (take(r, '<'))
                return message(r, f, '>');
        bool minus = take(r, '-');
        if (!word(r, &f->text, "_.+-"))
                return false;
        if (minus)
                f->text = zc_arena_printf(r->arena, "-%s", f->text);
        f->len = f->text ? strlen(f->text) : 0;
        return f->text != NULL;
}

/** `name: value`, `name { … }`, `name: [value, …]`: one field a value, appended at *tail. */
static bool field(struct reader *r, struct tp ***tail)
{
        const char *name;
        bool list;

        if (take(r, '[')) {
                if (!word(r, &name, "_./") || !take(r, ']'))
                        return fail(r, "the extension name does not close");
        } else if (!word(r, &name, "_")) {
                return false;
        }
        take(r, ':');
        list = take(r, '[');
        while (!(list && take(r, ']'))) {
                struct tp *f = zc_arena_new_of(r->arena, struct tp);

                if (!f)
                        return fail(r, "out of memory");
                f->name = name;
                if (!value(r, f))
                        return false;
                **tail = f;
                *tail = &f->next;
                if (!list)
                        break;
                take(r, ',');
        }
        if (!take(r, ','))
                take(r, ';');
        return true;
}

static bool message(struct reader *r, struct tp *m, char close)
{
        struct tp **tail = &m->fields;

        if (++r->depth > DEPTH_MAX)
                return fail(r, "messages nest too deep");
        m->message = true;
        for (;;) {
                blank(r);
                if (close ? take(r, close) : r->p == r->end)
                        break;
                if (r->p == r->end)
                        return fail(r, "a message does not close");
                if (!field(r, &tail))
                        return false;
        }
        r->depth--;
        return true;
}

struct tp *tp_parse(struct zc_arena *a, const char *buf, size_t len, struct zc_err *err)
{
        struct reader r = { .arena = a, .p = buf, .end = buf + len, .line = 1, .err = err };
        struct tp *m = zc_arena_new_of(a, struct tp);

        if (!m) {
                fail(&r, "out of memory");
                return NULL;
        }
        return message(&r, m, '\0') ? m : NULL;
}

const struct tp *tp_field(const struct tp *m, const char *name, const struct tp *after)
{
        const struct tp *f = after ? after->next : m ? m->fields : NULL;

        while (f && strcmp(f->name, name) != 0)
                f = f->next;
        return f;
}

const char *tp_text(const struct tp *m, const char *name)
{
        const struct tp *f = tp_field(m, name, NULL);

        return f ? f->text : NULL;
}
