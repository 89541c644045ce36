/** iptables' matches and targets on their way into ops: what is being read, and the steps that the ops are made of. */
#ifndef ZC_MODEL_FIREWALL_XT_H
#define ZC_MODEL_FIREWALL_XT_H

#include "eval.h"

/* Scratch slots. Addresses of a translation stand in 4 to 11. */
enum { XT_SLOT = 12, XT_SECOND = 13, XT_ADDR_MIN = 4, XT_ADDR_MAX = 8 };

struct xt {
        struct zc_fw_ops *ops;
        struct zc_rd in; /* the kernel's struct */
        const char *name;
        uint32_t revision;
        bool six;
        bool strange; /* it says something that we do not know */
        bool failed;  /* out of memory */
        struct zc_fw_op spill;
};

/** False: malformed. */
typedef bool xt_fn(struct xt *x);

struct xt_row {
        const char *name;
        uint8_t first, last; /* revisions */
        uint8_t families;    /* enum xt_families */
        xt_fn *fn; /* NULL: a condition that may hold or not; a target that lets the packet go on as it is */
};
enum xt_families { XT_V4 = 1, XT_V6 = 2, XT_BOTH = 3 };

extern const struct xt_row xt_matches[], xt_targets[];
extern const size_t xt_match_count, xt_target_count;

struct zc_fw_op *xt_op(struct xt *x, enum zc_fw_op_kind kind);
void xt_payload(struct xt *x, enum zc_fw_base base, unsigned offset, unsigned len);
void xt_meta(struct xt *x, unsigned key, unsigned slot);
void xt_ct(struct xt *x, unsigned key, unsigned dir, unsigned slot);
void xt_immediate(struct xt *x, unsigned slot, const void *data, unsigned len);
/** (slot & mask) ^ flip. */
void xt_mask_xor(struct xt *x, unsigned slot, const void *mask, const void *flip, unsigned len);
void xt_combine(struct xt *x, enum zc_fw_bitwise op, unsigned slot, unsigned second);
void xt_shift(struct xt *x, unsigned slot, bool left, unsigned by);
void xt_equals(struct xt *x, const void *data, unsigned len, bool invert);
/** Never holds: a comparison of what is there with what cannot be. */
void xt_never(struct xt *x);
void xt_compare(struct xt *x, enum zc_fw_cmp op, const void *data, unsigned len);
void xt_between(struct xt *x, const void *lo, const void *hi, unsigned len, bool invert);
/** The set's keys, sorted or of fields, are filled in by the caller: lo and hi have room for `most` of them. NULL when out of memory. */
struct zc_fw_set *xt_lookup(struct xt *x, unsigned key_len, size_t most, bool invert, uint8_t **lo,
                            uint8_t **hi);
void xt_be16(uint8_t out[2], unsigned v);
/** It may hold or not. */
void xt_maybe(struct xt *x);
void xt_ports_between(struct xt *x, unsigned lo, unsigned hi, bool invert);
/** The slot's number & mask, in the host's order. */
void xt_bits_of_number(struct xt *x, unsigned slot, uint32_t mask);

xt_fn xt_conntrack, xt_state; /* xt_conntrack_wire.c */

#endif
