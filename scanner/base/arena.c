#include "zc/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_GUARDED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define ARENA_GUARDED 1
#endif

/* Under AddressSanitizer every object is a block of its own, so that it sees an overrun between two of them. */
#ifdef ARENA_GUARDED
#define BLOCK_SIZE ((size_t)0)
#else
#define BLOCK_SIZE ((size_t)16384)
#endif
#define BLOCK_FIRST (BLOCK_SIZE / 16) /* many arenas stay small: blocks double from here */

struct block {
        struct block *next;
        size_t size, used;
        max_align_t data[];
};

struct zc_arena {
        struct block *blocks; /* the first is the one being filled */
        size_t limit, used;
};

struct zc_arena *zc_arena_new(size_t limit)
{
        struct zc_arena *a = calloc(1, sizeof(*a));

        if (a)
                a->limit = limit ? limit : SIZE_MAX;
        return a;
}

/** From b on. */
static void blocks_free(struct block *b)
{
        for (struct block *next; b; b = next) {
                next = b->next;
                free(b);
        }
}

void zc_arena_free(struct zc_arena *a)
{
        if (!a)
                return;
        blocks_free(a->blocks);
        free(a);
}

void zc_arena_reset(struct zc_arena *a)
{
        struct block *b = a->blocks;

        a->used = 0;
        if (!b)
                return;
        if (b->size > BLOCK_SIZE) {
                blocks_free(b);
                a->blocks = NULL;
                return;
        }
        blocks_free(b->next);
        b->next = NULL;
        memset(b->data, 0, b->used);
        b->used = 0;
}

/** How large a block for an object of that size should be; the object's own size where it gets one for itself. */
static size_t block_room(const struct zc_arena *a, size_t size)
{
#ifdef ARENA_GUARDED
        (void)a;
        return size;
#else
        size_t usual = a->blocks ? 2 * a->blocks->size : BLOCK_FIRST;
        size_t room = usual < BLOCK_SIZE ? usual : BLOCK_SIZE;

        while (room < BLOCK_SIZE && size > room / 4)
                room *= 2;
        return size > BLOCK_SIZE / 4 ? size : room;
#endif
}

/** A new block; an object larger than a block gets one of its size, behind the one being filled. */
static struct block *block_add(struct zc_arena *a, size_t size)
{
        size_t room = block_room(a, size);
        struct block *b;

        if (room > SIZE_MAX - sizeof(*b))
                return NULL;
        b = calloc(1, sizeof(*b) + room);
        if (!b)
                return NULL;
        b->size = room;
        if (a->blocks && room == size) {
                b->next = a->blocks->next;
                a->blocks->next = b;
        } else {
                b->next = a->blocks;
                a->blocks = b;
        }
        return b;
}

void *zc_arena_alloc(struct zc_arena *a, size_t size)
{
        const size_t align = _Alignof(max_align_t);
        size_t rounded;
        struct block *b = a->blocks;
        void *p;

        if (size > a->limit - a->used || size > SIZE_MAX - align)
                return NULL;
        rounded = size ? (size + align - 1) / align * align : align;
        if (!b || rounded > b->size - b->used) {
                b = block_add(a, BLOCK_SIZE ? rounded : size + (size == 0));
                if (!b)
                        return NULL;
        }
        p = (uint8_t *)b->data + b->used;
        b->used = rounded < b->size - b->used ? b->used + rounded : b->size;
        a->used += size;
        return p;
}

void *zc_arena_array(struct zc_arena *a, size_t n, size_t size)
{
        size_t all;

        if (__builtin_mul_overflow(n, size, &all))
                return NULL;
        return zc_arena_alloc(a, all);
}

char *zc_arena_strndup(struct zc_arena *a, const char *s, size_t n)
{
        char *copy;

        if (n == SIZE_MAX)
                return NULL;
        copy = zc_arena_alloc(a, n + 1);
        if (copy && n)
                memcpy(copy, s, n);
        return copy;
}

char *zc_arena_strdup(struct zc_arena *a, const char *s)
{
        return zc_arena_strndup(a, s, strlen(s));
}

char *zc_arena_printf(struct zc_arena *a, const char *fmt, ...)
{
        va_list ap, again;
        char *s = NULL;
        int n;

        va_start(ap, fmt);
        va_copy(again, ap);
        n = vsnprintf(NULL, 0, fmt, ap);
        if (n >= 0)
                s = zc_arena_alloc(a, (size_t)n + 1);
        if (s)
                vsnprintf(s, (size_t)n + 1, fmt, again);
        va_end(again);
        va_end(ap);
        return s;
}

size_t zc_arena_used(const struct zc_arena *a)
{
        return a->used;
}
