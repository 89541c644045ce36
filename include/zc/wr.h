/**
 * A bounded writer of wire formats into the caller's buffer. One sticky flag: after the first write
 * that does not fit, nothing more is written and `failed` stays set; check it once, at the end.
 */
#ifndef ZC_WR_H
#define ZC_WR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zc/def.h"

struct zc_wr {
        uint8_t *p;
        size_t len, cap;
        bool failed;
};

void zc_wr_init(struct zc_wr *w, void *buf, size_t cap);
void zc_wr_u8(struct zc_wr *w, uint8_t v);
void zc_wr_u16(struct zc_wr *w, uint16_t v);
void zc_wr_u24(struct zc_wr *w, uint32_t v);
void zc_wr_u32(struct zc_wr *w, uint32_t v);
void zc_wr_u64(struct zc_wr *w, uint64_t v);
void zc_wr_u16le(struct zc_wr *w, uint16_t v);
void zc_wr_u32le(struct zc_wr *w, uint32_t v);
void zc_wr_bytes(struct zc_wr *w, const void *p, size_t n);
void zc_wr_str(struct zc_wr *w, const char *s); /* without the NUL */
/** Reserve a length field; close fills in how much was written since. A length that does not fit sets failed. */
size_t zc_wr_open8(struct zc_wr *w);
size_t zc_wr_open16(struct zc_wr *w);
size_t zc_wr_open24(struct zc_wr *w);
size_t zc_wr_open32(struct zc_wr *w);
void zc_wr_close8(struct zc_wr *w, size_t mark);
void zc_wr_close16(struct zc_wr *w, size_t mark);
void zc_wr_close24(struct zc_wr *w, size_t mark);
void zc_wr_close32(struct zc_wr *w, size_t mark);

#endif
