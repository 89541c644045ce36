#include "zc/wr.h"

#include <string.h>

void zc_wr_init(struct zc_wr *w, void *buf, size_t cap)
{
        *w = (struct zc_wr){ .p = buf, .cap = cap };
}

/** Room for n more bytes; NULL, and failed set, when there is none. */
static uint8_t *wr_room(struct zc_wr *w, size_t n)
{
        uint8_t *at;

        if (w->failed || n > w->cap - w->len) {
                w->failed = true;
                return NULL;
        }
        at = w->p + w->len;
        w->len += n;
        return at;
}

static void put_be(uint8_t *at, uint64_t v, size_t bytes)
{
        for (size_t i = bytes; i > 0; i--, v >>= 8)
                at[i - 1] = (uint8_t)v;
}

/** A number that does not fit its bytes fails the writer rather than being cut. */
static void wr_be(struct zc_wr *w, uint64_t v, size_t bytes)
{
        uint8_t *at;

        if (bytes < 8 && v >> (8 * bytes) != 0)
                w->failed = true;
        at = wr_room(w, bytes);
        if (at)
                put_be(at, v, bytes);
}

void zc_wr_u8(struct zc_wr *w, uint8_t v)
{
        wr_be(w, v, 1);
}

void zc_wr_u16(struct zc_wr *w, uint16_t v)
{
        wr_be(w, v, 2);
}

void zc_wr_u24(struct zc_wr *w, uint32_t v)
{
        wr_be(w, v, 3);
}

void zc_wr_u32(struct zc_wr *w, uint32_t v)
{
        wr_be(w, v, 4);
}

void zc_wr_u64(struct zc_wr *w, uint64_t v)
{
        wr_be(w, v, 8);
}

void zc_wr_bytes(struct zc_wr *w, const void *p, size_t n)
{
        uint8_t *at = wr_room(w, n);

        if (at && n)
                memcpy(at, p, n);
}

void zc_wr_str(struct zc_wr *w, const char *s)
{
        zc_wr_bytes(w, s, strlen(s));
}

static size_t wr_open(struct zc_wr *w, size_t bytes)
{
        size_t mark = w->len;

        wr_be(w, 0, bytes);
        return mark;
}

static void wr_close(struct zc_wr *w, size_t mark, size_t bytes)
{
        size_t n;

        if (w->failed)
                return;
        n = w->len - mark - bytes;
        if ((uint64_t)n >> (8 * bytes) != 0)
                w->failed = true;
        else
                put_be(w->p + mark, n, bytes);
}

size_t zc_wr_open8(struct zc_wr *w)
{
        return wr_open(w, 1);
}

size_t zc_wr_open16(struct zc_wr *w)
{
        return wr_open(w, 2);
}

size_t zc_wr_open24(struct zc_wr *w)
{
        return wr_open(w, 3);
}

size_t zc_wr_open32(struct zc_wr *w)
{
        return wr_open(w, 4);
}

void zc_wr_close8(struct zc_wr *w, size_t mark)
{
        wr_close(w, mark, 1);
}

void zc_wr_close16(struct zc_wr *w, size_t mark)
{
        wr_close(w, mark, 2);
}

void zc_wr_close24(struct zc_wr *w, size_t mark)
{
        wr_close(w, mark, 3);
}

void zc_wr_close32(struct zc_wr *w, size_t mark)
{
        wr_close(w, mark, 4);
}

/* The lowest byte first. */
static void wr_le(struct zc_wr *w, uint32_t v, unsigned bytes)
{
        uint8_t le[4];

        for (unsigned i = 0; i < bytes; i++)
                le[i] = (uint8_t)(v >> (8 * i));
        zc_wr_bytes(w, le, bytes);
}

void zc_wr_u16le(struct zc_wr *w, uint16_t v)
{
        wr_le(w, v, 2);
}

void zc_wr_u32le(struct zc_wr *w, uint32_t v)
{
        wr_le(w, v, 4);
}
