#include "zc/text.h"

#include <stdio.h>
#include <string.h>

#define GROW_MIN 64u
#define NEAREST_MAX 64u

void zc_text_init(struct zc_text *t, size_t ceiling)
{
        *t = (struct zc_text){ .ceiling = ceiling };
}

void zc_text_release(struct zc_text *t)
{
        free(t->p);
        *t = (struct zc_text){ .ceiling = t->ceiling };
}

void zc_text_clear(struct zc_text *t)
{
        t->len = 0;
        t->cut = false;
        t->failed = false;
        if (t->p)
                t->p[0] = '\0';
}

void zc_text_shorten(struct zc_text *t, size_t len)
{
        if (len >= t->len)
                return;
        t->len = len;
        t->cut = false;
        t->p[len] = '\0';
}

/** How many of n more bytes may be added, with memory for them and a NUL; sets cut or failed. */
static size_t text_room(struct zc_text *t, size_t n)
{
        size_t left = t->ceiling > t->len ? t->ceiling - t->len : 0;
        size_t want, cap;
        char *p;

        if (t->cut || t->failed)
                return 0;
        if (n > left) {
                t->cut = true;
                n = left;
        }
        if (__builtin_add_overflow(t->len + 1, n, &want)) {
                t->failed = true;
                return 0;
        }
        if (want <= t->cap)
                return n;
        cap = t->cap > SIZE_MAX / 2 ? want : t->cap * 2;
        cap = cap < want ? want : cap;
        cap = cap < GROW_MIN ? GROW_MIN : cap;
        p = realloc(t->p, cap);
        if (!p) {
                t->failed = true;
                return 0;
        }
        t->p = p;
        t->cap = cap;
        t->p[t->len] = '\0';
        return n;
}

/** Takes away the beginning of a character whose rest the ceiling cut off. */
static void text_trim(struct zc_text *t)
{
        size_t back = 0;
        uint32_t code;

        while (back < 4 && back < t->len) {
                uint8_t c = (uint8_t)t->p[t->len - back - 1];

                back++;
                if ((c & 0xc0) != 0x80)
                        break;
        }
        if (back && zc_utf8_next((const uint8_t *)t->p + t->len - back, back, &code) == 0 &&
            (uint8_t)t->p[t->len - back] >= 0xc0)
                t->len -= back;
        t->p[t->len] = '\0';
}

void zc_text_addn(struct zc_text *t, const char *s, size_t n)
{
        size_t fits = text_room(t, n);

        if (!t->p)
                return;
        if (fits)
                memcpy(t->p + t->len, s, fits);
        t->len += fits;
        t->p[t->len] = '\0';
        if (fits < n && !t->failed)
                text_trim(t);
}

void zc_text_add(struct zc_text *t, const char *s)
{
        zc_text_addn(t, s, strlen(s));
}

void zc_text_addc(struct zc_text *t, char c)
{
        zc_text_addn(t, &c, 1);
}

void zc_text_vprintf(struct zc_text *t, const char *fmt, va_list ap)
{
        va_list again;
        size_t fits;
        int n;

        va_copy(again, ap);
        n = vsnprintf(NULL, 0, fmt, again);
        va_end(again);
        if (n < 0) {
                t->failed = true;
                return;
        }
        fits = text_room(t, (size_t)n);
        if (t->failed || !t->p)
                return;
        vsnprintf(t->p + t->len, fits + 1, fmt, ap);
        t->len += fits;
        if (fits < (size_t)n)
                text_trim(t);
}

void zc_text_printf(struct zc_text *t, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        zc_text_vprintf(t, fmt, ap);
        va_end(ap);
}

const char *zc_text_str(const struct zc_text *t)
{
        return t->p ? t->p : "";
}

char *zc_text_steal(struct zc_text *t)
{
        char *s = NULL;

        if (!t->failed)
                s = t->p ? ZC_TAKE(t->p) : calloc(1, 1);
        zc_text_release(t);
        return s;
}

static char ascii_lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool zc_ascii_eq(const char *a, const char *b)
{
        while (*a && ascii_lower(*a) == ascii_lower(*b)) {
                a++;
                b++;
        }
        return ascii_lower(*a) == ascii_lower(*b);
}

void zc_ascii_lower(char *s)
{
        for (; *s; s++)
                *s = ascii_lower(*s);
}

bool zc_parse_uint(const char *s, size_t n, uint64_t max, uint64_t *out)
{
        uint64_t v = 0;

        if (n == 0)
                return false;
        for (size_t i = 0; i < n; i++) {
                if (s[i] < '0' || s[i] > '9' || __builtin_mul_overflow(v, 10u, &v) ||
                    __builtin_add_overflow(v, (uint64_t)(s[i] - '0'), &v) || v > max)
                        return false;
        }
        *out = v;
        return true;
}

static size_t least(size_t a, size_t b)
{
        return a < b ? a : b;
}

/** Optimal string alignment: insert, delete, replace, or swap two neighbours, each at cost 1. Case does not count. */
static size_t edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
        size_t rows[3][NEAREST_MAX + 1];
        size_t *before = rows[0], *above = rows[1], *row = rows[2];

        for (size_t j = 0; j <= nb; j++)
                above[j] = before[j] = j;
        for (size_t i = 1; i <= na; i++) {
                size_t *done = before;

                row[0] = i;
                for (size_t j = 1; j <= nb; j++) {
                        char x = ascii_lower(a[i - 1]), y = ascii_lower(b[j - 1]);

                        row[j] = least(above[j] + 1, row[j - 1] + 1);
                        row[j] = least(row[j], above[j - 1] + (x != y));
                        if (i > 1 && j > 1 && x == ascii_lower(b[j - 2]) &&
                            y == ascii_lower(a[i - 2]))
                                row[j] = least(row[j], before[j - 2] + 1);
                }
                before = above;
                above = row;
                row = done;
        }
        return above[nb];
}

const char *zc_nearest(const char *word, const char *const *words)
{
        size_t n = strlen(word);
        size_t best = n / 3 + 1;
        const char *found = NULL;

        for (; n <= NEAREST_MAX && *words; words++) {
                size_t other = strlen(*words);
                size_t d = other <= NEAREST_MAX ? edit_distance(word, n, *words, other) : best;

                if (d < best) {
                        best = d;
                        found = *words;
                }
        }
        return found;
}
