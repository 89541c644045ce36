/** CEL tokens: identifiers, numbers, strings and bytes with their escapes (langdef, "Syntax"). */
#include <errno.h>
#include <string.h>

#include "cel_impl.h"
#include "zc/text.h"

static bool is_digit(char ch)
{
        return ch >= '0' && ch <= '9';
}

static bool is_word(char ch)
{
        return ch == '_' || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || is_digit(ch);
}

static int hex_digit(char ch)
{
        if (is_digit(ch))
                return ch - '0';
        if (ch >= 'a' && ch <= 'f')
                return ch - 'a' + 10;
        if (ch >= 'A' && ch <= 'F')
                return ch - 'A' + 10;
        return -1;
}

/** The byte at an offset from the cursor, NUL past the end. */
static char peek(const struct cel_compiler *c, uint32_t ahead)
{
        return c->len - c->at > ahead ? c->src[c->at + ahead] : '\0';
}

static void skip_blank(struct cel_compiler *c)
{
        while (c->at < c->len) {
                if (strchr(" \t\n\f\r", c->src[c->at]) && c->src[c->at] != '\0') {
                        c->at++;
                } else if (peek(c, 0) == '/' && peek(c, 1) == '/') {
                        while (c->at < c->len && c->src[c->at] != '\n')
                                c->at++;
                } else {
                        break;
                }
        }
}

static size_t put_utf8(char *out, uint32_t code)
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

/** Reads `digits` digits of a base at the cursor. */
static bool escape_number(struct cel_compiler *c, uint32_t digits, uint32_t base, uint32_t *out)
{
        uint32_t v = 0;

        for (uint32_t i = 0; i < digits; i++) {
                int d = hex_digit(peek(c, i));

                if (d < 0 || (uint32_t)d >= base)
                        return cel_fail_at(c, c->at, "an escape needs %u %s digits here", digits, base == 8 ? "octal" : "hexadecimal");
                v = v * base + (uint32_t)d;
        }
        c->at += digits;
        *out = v;
        return true;
}

/** An escape after its backslash. In bytes \x and octal are bytes, in strings code points. */
static bool escape(struct cel_compiler *c, bool bytes, char *out, size_t *n)
{
        static const char simple[] = "a\ab\bf\fn\nr\rt\tv\v\\\\??\"\"''``";
        static const struct { char letter; uint8_t digits, base; } coded[] = {
                { 'x', 2, 16 }, { 'X', 2, 16 }, { 'u', 4, 16 }, { 'U', 8, 16 },
        };
        uint32_t start = c->at - 1, code = 0;
        char ch = peek(c, 0);

        for (size_t i = 0; i + 1 < sizeof simple; i += 2) {
                if (simple[i] == ch && ch != '\0') {
                        out[(*n)++] = simple[i + 1];
                        c->at++;
                        return true;
                }
        }
        if (ch >= '0' && ch <= '3') {
                if (!escape_number(c, 3, 8, &code))
                        return false;
        } else {
                size_t k = 0;

                while (k < ZC_COUNT(coded) && (coded[k].letter != ch || (bytes && coded[k].digits > 2)))
                        k++;
                if (k == ZC_COUNT(coded))
                        return cel_fail_at(c, start, "no such escape in a %s literal", bytes ? "bytes" : "string");
                c->at++;
                if (!escape_number(c, coded[k].digits, coded[k].base, &code))
                        return false;
        }
        if (bytes) {
                out[(*n)++] = (char)code;
                return true;
        }
        if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
                return cel_fail_at(c, start, "the escape is no Unicode code point");
        *n += put_utf8(out + *n, code);
        return true;
}

/** Where the literal at the cursor (behind its opening quote) closes; c->len when it does not. */
static uint32_t closing_quote(const struct cel_compiler *c, char quote, bool triple, bool raw)
{
        for (uint32_t i = c->at; i < c->len; i++) {
                char ch = c->src[i];

                if (ch == '\\' && !raw)
                        i++;
                else if (!triple && (ch == '\n' || ch == '\r'))
                        break;
                else if (ch == quote && (!triple || (c->len - i > 2 && c->src[i + 1] == quote && c->src[i + 2] == quote)))
                        return i;
        }
        return c->len;
}

/** A string or bytes literal; the cursor stands on its opening quote. */
static bool lex_string(struct cel_compiler *c, uint32_t start, bool raw, bool bytes)
{
        char quote = peek(c, 0);
        bool triple = peek(c, 1) == quote && peek(c, 2) == quote;
        uint32_t width = triple ? 3 : 1, close;
        size_t n = 0;
        char *out;

        c->at += width;
        close = closing_quote(c, quote, triple, raw);
        if (close == c->len)
                return cel_fail_at(c, start, "the %s literal has no closing quote", bytes ? "bytes" : "string");
        out = zc_arena_alloc(c->arena, (size_t)(close - c->at) + 1); /* no escape is shorter than what it stands for */
        if (!out)
                return cel_nomem(c);
        while (c->at < close) {
                char ch = peek(c, 0);

                c->at++;
                if (ch != '\\' || raw)
                        out[n++] = ch;
                else if (!escape(c, bytes, out, &n))
                        return false;
        }
        c->at += width;
        out[n] = '\0';
        c->tok.kind = CEL_TK_LITERAL;
        c->tok.value = cel_string_of(bytes ? CEL_BYTES : CEL_STRING, out, n);
        return true;
}

static bool lex_hex(struct cel_compiler *c, uint32_t start)
{
        uint64_t v = 0;
        uint32_t digits = 0;

        for (c->at += 2; hex_digit(peek(c, 0)) >= 0; c->at++, digits++) {
                if (v >> 60 != 0)
                        return cel_fail_at(c, start, "the number does not fit 64 bits");
                v = v << 4 | (uint64_t)hex_digit(peek(c, 0));
        }
        if (digits == 0)
                return cel_fail_at(c, start, "0x needs hexadecimal digits");
        c->tok.value = cel_uint(v);
        return true;
}

static bool lex_decimal(struct cel_compiler *c, uint32_t start)
{
        uint64_t v = 0;

        for (; is_digit(peek(c, 0)); c->at++) {
                uint64_t d = (uint64_t)(peek(c, 0) - '0');

                if (v > (UINT64_MAX - d) / 10)
                        return cel_fail_at(c, start, "the number does not fit 64 bits");
                v = v * 10 + d;
        }
        c->tok.value = cel_uint(v);
        return true;
}

/** Whether the number at the cursor is a floating point literal; *end is where it ends. */
static bool float_shape(const struct cel_compiler *c, uint32_t *end)
{
        uint32_t i = 0;
        bool real = false;

        while (is_digit(peek(c, i)))
                i++;
        if (peek(c, i) == '.' && is_digit(peek(c, i + 1))) {
                real = true;
                for (i++; is_digit(peek(c, i));)
                        i++;
        }
        if (peek(c, i) == 'e' || peek(c, i) == 'E') {
                uint32_t k = i + 1;

                if (peek(c, k) == '+' || peek(c, k) == '-')
                        k++;
                if (is_digit(peek(c, k))) {
                        real = true;
                        for (i = k; is_digit(peek(c, i));)
                                i++;
                }
        }
        *end = c->at + i;
        return real;
}

static bool lex_number(struct cel_compiler *c)
{
        uint32_t start = c->at, end;
        double d;

        c->tok.kind = CEL_TK_LITERAL;
        if (peek(c, 0) == '0' && (peek(c, 1) == 'x' || peek(c, 1) == 'X')) {
                if (!lex_hex(c, start))
                        return false;
        } else if (float_shape(c, &end)) {
                if (!cel_parse_double(c->src + start, end - start, &d))
                        return cel_fail_at(c, start, "the number is malformed");
                c->at = end;
                c->tok.value = cel_double(d);
                return is_word(peek(c, 0)) ? cel_fail_at(c, c->at, "letters follow a number") : true;
        } else if (!lex_decimal(c, start)) {
                return false;
        }
        if (peek(c, 0) == 'u' || peek(c, 0) == 'U') {
                c->at++;
        } else if (c->tok.value.p.u <= (uint64_t)INT64_MAX) {
                c->tok.value = cel_int((int64_t)c->tok.value.p.u);
        } else if (c->tok.value.p.u == (uint64_t)INT64_MAX + 1) {
                c->tok.value = cel_int(INT64_MIN);
                c->tok.big = true;
        } else {
                return cel_fail_at(c, start, "the number does not fit an int; write it with a u");
        }
        return is_word(peek(c, 0)) ? cel_fail_at(c, c->at, "letters follow a number") : true;
}

static bool lex_word(struct cel_compiler *c)
{
        uint32_t start = c->at, n = 0;
        bool raw = false, bytes = false;

        for (uint32_t i = 0; i < 3; i++) { /* r'', b'', br'', rb'' in any case */
                char ch = peek(c, i);

                if ((ch == '"' || ch == '\'') && i > 0) {
                        c->at += i;
                        return lex_string(c, start, raw, bytes);
                }
                if ((ch == 'r' || ch == 'R') && !raw)
                        raw = true;
                else if ((ch == 'b' || ch == 'B') && !bytes)
                        bytes = true;
                else
                        break;
        }
        while (is_word(peek(c, n)))
                n++;
        c->tok.kind = CEL_TK_IDENT;
        c->tok.name = zc_arena_strndup(c->arena, c->src + start, n);
        c->at += n;
        return c->tok.name ? true : cel_nomem(c);
}

/** `a-name/with.punctuation`, for members only. */
static bool lex_quoted(struct cel_compiler *c)
{
        uint32_t start = c->at++;
        uint32_t n = 0;

        while (is_word(peek(c, n)) || (peek(c, n) != '\0' && strchr(".-/ ", peek(c, n))))
                n++;
        if (peek(c, n) != '`' || n == 0)
                return cel_fail_at(c, start, "a quoted name ends with ` and holds letters, digits, and . - / _ or blanks");
        c->tok.kind = CEL_TK_QUOTED;
        c->tok.name = zc_arena_strndup(c->arena, c->src + c->at, n);
        c->at += n + 1;
        return c->tok.name ? true : cel_nomem(c);
}

static bool lex_op(struct cel_compiler *c)
{
        static const char two[][3] = { "==", "!=", "<=", ">=", "&&", "||" };
        char ch = peek(c, 0);

        c->tok.kind = CEL_TK_OP;
        for (size_t i = 0; i < ZC_COUNT(two); i++) {
                if (ch == two[i][0] && peek(c, 1) == two[i][1]) {
                        memcpy(c->tok.op, two[i], 3);
                        c->at += 2;
                        return true;
                }
        }
        if (!strchr("<>+-*/%!?:.,()[]{}", ch)) {
                static const char *const hint[] = { ['='] = "; equality is ==", ['&'] = "; and is &&", ['|'] = "; or is ||" };
                const char *more = (unsigned char)ch < ZC_COUNT(hint) && hint[(unsigned char)ch] ? hint[(unsigned char)ch] : "";

                if (ch > ' ' && ch < 0x7F)
                        return cel_fail_at(c, c->at, "unexpected '%c'%s", ch, more);
                return cel_fail_at(c, c->at, "unexpected character");
        }
        c->tok.op[0] = ch;
        c->tok.op[1] = '\0';
        c->at++;
        return true;
}

bool cel_lex(struct cel_compiler *c)
{
        char ch;
        bool ok;

        skip_blank(c);
        c->tok = (struct cel_token){ .pos = c->at };
        if (c->at >= c->len) {
                c->tok.end = c->at;
                return true;
        }
        ch = peek(c, 0);
        if (ch == '\0')
                return cel_fail_at(c, c->at, "unexpected character");
        if (is_digit(ch) || (ch == '.' && is_digit(peek(c, 1))))
                ok = lex_number(c);
        else if (ch == '"' || ch == '\'')
                ok = lex_string(c, c->at, false, false);
        else if (is_word(ch))
                ok = lex_word(c);
        else if (ch == '`')
                ok = lex_quoted(c);
        else
                ok = lex_op(c);
        c->tok.end = c->at;
        return ok;
}
