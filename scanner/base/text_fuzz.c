/** Escaped text is valid UTF-8 without control characters, and says exactly which bytes it came from. */
#include <stdint.h>
#include <string.h>

#include "zc/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
        if (!holds)
                __builtin_trap();
}

static unsigned int hex_value(char c)
{
        must((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'));
        return (unsigned int)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static size_t utf8_put(uint8_t *to, uint32_t code)
{
        static const uint8_t leads[] = { 0x00, 0xc0, 0xe0, 0xf0 };
        size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

        for (size_t i = n; i > 1; i--, code >>= 6)
                to[i - 1] = (uint8_t)(0x80 | (code & 0x3f));
        to[0] = (uint8_t)(leads[n - 1] | code);
        return n;
}

/** Reads one escape behind its backslash; the result is never longer than what it came from. */
static const char *unescape_one(const char *s, uint8_t *to, size_t *n)
{
        static const char spelt[] = "t\tn\nr\r\\\\";
        const char *simple = memchr(spelt, *s, sizeof(spelt) - 1);
        uint32_t code = 0;

        if (*s == 'x') {
                to[(*n)++] = (uint8_t)(hex_value(s[1]) << 4 | hex_value(s[2]));
                return s + 3;
        }
        if (*s == 'u') {
                must(s[1] == '{');
                for (s += 2; *s != '}'; s++)
                        code = code << 4 | hex_value(*s);
                *n += utf8_put(to + *n, code);
                return s + 1;
        }
        must(simple != NULL && (simple - spelt) % 2 == 0);
        to[(*n)++] = (uint8_t)simple[1];
        return s + 1;
}

static void check_round_trip(const char *s, const uint8_t *data, size_t size)
{
        uint8_t *back = malloc(strlen(s) + 1);
        size_t n = 0;

        must(back != NULL);
        while (*s) {
                if (*s == '\\')
                        s = unescape_one(s + 1, back, &n);
                else
                        back[n++] = (uint8_t)*s++;
        }
        must(n == size && (size == 0 || memcmp(back, data, size) == 0));
        free(back);
}

static void check_printable(const char *s, size_t n)
{
        must(zc_utf8_valid(s, n));
        for (size_t i = 0; i < n; i++)
                must((uint8_t)s[i] >= 0x20 && s[i] != 0x7f &&
                     !((uint8_t)s[i] == 0xc2 && (uint8_t)s[i + 1] < 0xa0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        ZC_AUTO_TEXT whole = { 0 };
        ZC_AUTO_TEXT part = { 0 };

        zc_text_init(&whole, SIZE_MAX / 2);
        zc_text_escape(&whole, data, size);
        must(!whole.cut && !whole.failed && whole.len == strlen(zc_text_str(&whole)));
        check_printable(zc_text_str(&whole), whole.len);
        check_round_trip(zc_text_str(&whole), data, size);
        must(zc_utf8_columns(zc_text_str(&whole)) <= 2 * whole.len);

        zc_text_init(&part, size ? data[0] : 0);
        zc_text_escape(&part, data, size);
        must(part.len <= part.ceiling && part.cut == (part.len < whole.len));
        must(strncmp(zc_text_str(&part), zc_text_str(&whole), part.len) == 0);
        check_printable(zc_text_str(&part), part.len);
        return 0;
}
