/**
 * An arena: many allocations with one lifetime, and a ceiling. Everything is freed by
 * zc_arena_free(); nothing alone. Not thread-safe: one arena per task.
 */
#ifndef ZC_ARENA_H
#define ZC_ARENA_H

#include <stddef.h>

#include "zc/def.h"

struct zc_arena;

/** @limit: bytes the arena may hold in all; 0 means no ceiling. NULL when out of memory. */
struct zc_arena *zc_arena_new(size_t limit) ZC_MUST_USE;
void zc_arena_free(struct zc_arena *a);
ZC_FREEP(zc_arena);

/** Everything in it is gone, as after zc_arena_free(); the arena goes on, and keeps a little memory to begin with. */
void zc_arena_reset(struct zc_arena *a);

/** Zeroed memory, aligned for any type; NULL at the ceiling or out of memory (the arena stays usable). */
void *zc_arena_alloc(struct zc_arena *a, size_t size) ZC_MUST_USE;
/** As calloc(): NULL when n * size overflows. */
void *zc_arena_array(struct zc_arena *a, size_t n, size_t size) ZC_MUST_USE;
char *zc_arena_strdup(struct zc_arena *a, const char *s) ZC_MUST_USE;
/** Copies n bytes and adds a NUL. */
char *zc_arena_strndup(struct zc_arena *a, const char *s, size_t n) ZC_MUST_USE;
char *zc_arena_printf(struct zc_arena *a, const char *fmt, ...) ZC_PRINTF(2, 3) ZC_MUST_USE;
/** Bytes handed out so far. */
size_t zc_arena_used(const struct zc_arena *a);

/** One typed, zeroed object. */
#define zc_arena_new_of(a, type) ((type *)zc_arena_alloc((a), sizeof(type)))

#endif
