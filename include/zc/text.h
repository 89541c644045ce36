/**
 * Building text with a ceiling, and making foreign bytes safe to print or to store.
 *
 * A zc_text grows on the heap up to its ceiling. Past it the text is cut at a character boundary and
 * `cut` is set; out of memory sets `failed`. Neither aborts: check once, at the end.
 */
#ifndef ZC_TEXT_H
#define ZC_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zc/def.h"

struct zc_text {
        char *p; /* NUL-terminated once anything was added; owned */
        size_t len, cap, ceiling;
        bool cut, failed;
};

#define ZC_TEXT_CEILING ((size_t)1 << 20)

void zc_text_init(struct zc_text *t, size_t ceiling);
void zc_text_release(struct zc_text *t);
/** Empties the text and keeps the memory. */
void zc_text_clear(struct zc_text *t);
/** Back to an earlier len: what was added since is gone, cut or not. */
void zc_text_shorten(struct zc_text *t, size_t len);
void zc_text_add(struct zc_text *t, const char *s);
void zc_text_addn(struct zc_text *t, const char *s, size_t n);
void zc_text_addc(struct zc_text *t, char c);
void zc_text_printf(struct zc_text *t, const char *fmt, ...) ZC_PRINTF(2, 3);
void zc_text_vprintf(struct zc_text *t, const char *fmt, va_list ap) ZC_PRINTF(2, 0);
/** The text so far, "" when empty; valid until the next change. */
const char *zc_text_str(const struct zc_text *t);
/** Hands the heap string to the caller (free()), "" included; NULL when failed. Leaves t empty. */
char *zc_text_steal(struct zc_text *t) ZC_MUST_USE;

/** Always `ZC_AUTO_TEXT t = { 0 };`: leaving before zc_text_init() must release nothing. */
#define ZC_AUTO_TEXT __attribute__((cleanup(zc_text_release))) struct zc_text

/**
 * Add foreign bytes: valid UTF-8 stays, but for characters that could act on a terminal or mislead a
 * reader (C0, DEL, C1, line and paragraph separators, bidirectional controls, zero-width and
 * unassigned-by-design code points), which become \u{hex}; \t \n \r become \t \n \r spelt out; a
 * backslash is doubled; every byte that is not valid UTF-8 becomes \xHH.
 */
void zc_text_escape(struct zc_text *t, const void *bytes, size_t n);

/** Decode one character: returns its length 1-4, or 0 when the bytes at p are not valid UTF-8 (RFC 3629). */
size_t zc_utf8_next(const uint8_t *p, size_t n, uint32_t *code);
/** Whether all n bytes are valid UTF-8. */
bool zc_utf8_valid(const void *p, size_t n);
/** Columns on a terminal (wide East Asian characters count 2, combining ones 0); the text is valid UTF-8. */
size_t zc_utf8_columns(const char *s);

/** ASCII-only, independent of the locale. */
bool zc_ascii_eq(const char *a, const char *b); /* case-insensitive */
void zc_ascii_lower(char *s);
/** A whole decimal number without sign, leading spaces or rest; false otherwise or above max. */
bool zc_parse_uint(const char *s, size_t n, uint64_t max, uint64_t *out) ZC_MUST_USE;

/** The closest of `words` (NULL-terminated) within a third of its length, for "did you mean"; NULL if none is close. */
const char *zc_nearest(const char *word, const char *const *words);

#endif
