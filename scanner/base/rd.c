#include "zc/rd.h"

#include <string.h>

bool zc_rd_take(struct zc_rd *rd, size_t n, struct zc_rd *out)
{
        struct zc_rd taken = { rd->p, n };

        if (n > rd->n)
                return false;
        if (n) {
                rd->p += n;
                rd->n -= n;
        }
        *out = taken;
        return true;
}

bool zc_rd_skip(struct zc_rd *rd, size_t n)
{
        struct zc_rd gone;

        return zc_rd_take(rd, n, &gone);
}

bool zc_rd_copy(struct zc_rd *rd, void *out, size_t n)
{
        struct zc_rd from;

        if (!zc_rd_take(rd, n, &from))
                return false;
        if (n)
                memcpy(out, from.p, n);
        return true;
}

/** The next n <= 8 bytes as a number, most significant first. */
static bool rd_be(struct zc_rd *rd, size_t n, uint64_t *out)
{
        struct zc_rd from;
        uint64_t v = 0;

        if (!zc_rd_take(rd, n, &from))
                return false;
        for (size_t i = 0; i < n; i++)
                v = v << 8 | from.p[i];
        *out = v;
        return true;
}

/** The next n <= 8 bytes as a number, least significant first. */
static bool rd_le(struct zc_rd *rd, size_t n, uint64_t *out)
{
        struct zc_rd from;
        uint64_t v = 0;

        if (!zc_rd_take(rd, n, &from))
                return false;
        for (size_t i = n; i > 0; i--)
                v = v << 8 | from.p[i - 1];
        *out = v;
        return true;
}

/* One reader per width and byte order. NOLINTBEGIN(bugprone-macro-parentheses): a type takes none. */
#define RD_UINT(name, type, bytes, order)                                                          \
        bool name(struct zc_rd *rd, type *out)                                                     \
        {                                                                                          \
                uint64_t v;                                                                        \
                                                                                                   \
                if (!order(rd, bytes, &v))                                                         \
                        return false;                                                              \
                *out = (type)v;                                                                    \
                return true;                                                                       \
        }

/* NOLINTEND(bugprone-macro-parentheses) */
RD_UINT(zc_rd_u8, uint8_t, 1, rd_be)
RD_UINT(zc_rd_u16, uint16_t, 2, rd_be)
RD_UINT(zc_rd_u24, uint32_t, 3, rd_be)
RD_UINT(zc_rd_u32, uint32_t, 4, rd_be)
RD_UINT(zc_rd_u64, uint64_t, 8, rd_be)
RD_UINT(zc_rd_u16le, uint16_t, 2, rd_le)
RD_UINT(zc_rd_u32le, uint32_t, 4, rd_le)
RD_UINT(zc_rd_u64le, uint64_t, 8, rd_le)

bool zc_rd_u16host(struct zc_rd *rd, uint16_t *out)
{
        return zc_rd_copy(rd, out, sizeof(*out));
}

bool zc_rd_u32host(struct zc_rd *rd, uint32_t *out)
{
        return zc_rd_copy(rd, out, sizeof(*out));
}

bool zc_rd_u64host(struct zc_rd *rd, uint64_t *out)
{
        return zc_rd_copy(rd, out, sizeof(*out));
}

/** A length of `bytes` bytes, then a window of that length; nothing moves unless both are there. */
static bool rd_vec(struct zc_rd *rd, size_t bytes, struct zc_rd *out)
{
        struct zc_rd at = *rd;
        uint64_t n;

        if (!rd_be(&at, bytes, &n) || n > at.n || !zc_rd_take(&at, (size_t)n, out))
                return false;
        *rd = at;
        return true;
}

bool zc_rd_vec8(struct zc_rd *rd, struct zc_rd *out)
{
        return rd_vec(rd, 1, out);
}

bool zc_rd_vec16(struct zc_rd *rd, struct zc_rd *out)
{
        return rd_vec(rd, 2, out);
}

bool zc_rd_vec24(struct zc_rd *rd, struct zc_rd *out)
{
        return rd_vec(rd, 3, out);
}

bool zc_rd_vec32(struct zc_rd *rd, struct zc_rd *out)
{
        return rd_vec(rd, 4, out);
}

bool zc_rd_until(struct zc_rd *rd, uint8_t c, struct zc_rd *out)
{
        const uint8_t *found = rd->n ? memchr(rd->p, c, rd->n) : NULL;

        if (!found || !zc_rd_take(rd, (size_t)(found - rd->p), out))
                return false;
        return zc_rd_skip(rd, 1);
}

bool zc_rd_line(struct zc_rd *rd, struct zc_rd *out)
{
        struct zc_rd line;

        if (!zc_rd_until(rd, '\n', &line))
                return false;
        if (line.n && line.p[line.n - 1] == '\r')
                line.n--;
        *out = line;
        return true;
}

bool zc_rd_starts(struct zc_rd rd, const void *bytes, size_t n)
{
        return n <= rd.n && (n == 0 || memcmp(rd.p, bytes, n) == 0);
}

bool zc_rd_is(struct zc_rd rd, const char *text)
{
        size_t n = strlen(text);

        return n == rd.n && zc_rd_starts(rd, text, n);
}

struct zc_rd zc_rd_str(const char *s)
{
        return (struct zc_rd){ (const uint8_t *)s, strlen(s) };
}
