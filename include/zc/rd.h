/**
 * A bounded reader over foreign bytes: a window that owns nothing. A failed read returns false and
 * moves nothing. Integers are big-endian unless the name ends in `le`; `host` is for the kernel's
 * own structures. A parser reads like the RFC's diagram and says what it does with trailing bytes.
 */
#ifndef ZC_RD_H
#define ZC_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zc/def.h"

struct zc_rd {
        const uint8_t *p;
        size_t n;
};

bool zc_rd_u8(struct zc_rd *rd, uint8_t *out) ZC_MUST_USE;
bool zc_rd_u16(struct zc_rd *rd, uint16_t *out) ZC_MUST_USE;
bool zc_rd_u24(struct zc_rd *rd, uint32_t *out) ZC_MUST_USE;
bool zc_rd_u32(struct zc_rd *rd, uint32_t *out) ZC_MUST_USE;
bool zc_rd_u64(struct zc_rd *rd, uint64_t *out) ZC_MUST_USE;
bool zc_rd_u16le(struct zc_rd *rd, uint16_t *out) ZC_MUST_USE;
bool zc_rd_u32le(struct zc_rd *rd, uint32_t *out) ZC_MUST_USE;
bool zc_rd_u64le(struct zc_rd *rd, uint64_t *out) ZC_MUST_USE;
bool zc_rd_u16host(struct zc_rd *rd, uint16_t *out) ZC_MUST_USE;
bool zc_rd_u32host(struct zc_rd *rd, uint32_t *out) ZC_MUST_USE;
bool zc_rd_u64host(struct zc_rd *rd, uint64_t *out) ZC_MUST_USE;
/** The next n bytes as a window of their own. */
bool zc_rd_take(struct zc_rd *rd, size_t n, struct zc_rd *out) ZC_MUST_USE;
bool zc_rd_skip(struct zc_rd *rd, size_t n) ZC_MUST_USE;
/** The next n bytes copied to out. */
bool zc_rd_copy(struct zc_rd *rd, void *out, size_t n) ZC_MUST_USE;
/** A length of 1, 2, 3 or 4 bytes, then a window of that length. */
bool zc_rd_vec8(struct zc_rd *rd, struct zc_rd *out) ZC_MUST_USE;
bool zc_rd_vec16(struct zc_rd *rd, struct zc_rd *out) ZC_MUST_USE;
bool zc_rd_vec24(struct zc_rd *rd, struct zc_rd *out) ZC_MUST_USE;
bool zc_rd_vec32(struct zc_rd *rd, struct zc_rd *out) ZC_MUST_USE;
/** A line up to LF, without the LF and one CR before it. False, and nothing moved, when there is no LF. */
bool zc_rd_line(struct zc_rd *rd, struct zc_rd *out) ZC_MUST_USE;
/** Up to the first byte c, which is consumed but not part of out. False when there is none. */
bool zc_rd_until(struct zc_rd *rd, uint8_t c, struct zc_rd *out) ZC_MUST_USE;
/** Whether the window starts with these bytes / is exactly this text. */
bool zc_rd_starts(struct zc_rd rd, const void *bytes, size_t n);
bool zc_rd_is(struct zc_rd rd, const char *text);

/** A window over a string literal or C string, without its NUL. */
struct zc_rd zc_rd_str(const char *s);

#endif
