/** A set of packets taken apart by one field: for each remainder, the values that lead to it. */
#ifndef ZC_FW_SPLIT_H
#define ZC_FW_SPLIT_H

#include "bdd.h"

/** Inclusive, big-endian, the field's bits from the front of the array. */
struct split_span {
        uint8_t lo[16], hi[16];
};

struct split_part {
        zc_bdd rest;
        struct split_span *spans; /* sorted, disjoint, not touching */
        size_t count, cap;
};

struct split {
        struct split_part *parts;
        size_t count, cap;
        uint32_t *index; /* by remainder: number + 1 */
        size_t slots;
        size_t spans;
        bool cut; /* too many values to list; what is here is not whole */
        bool nomem;
};

/** No bits of f stand before `var`. Parts with nothing left are not listed. */
void split_field(struct bdd *b, zc_bdd f, unsigned var, unsigned bits, struct split *out);
void split_release(struct split *s);

#endif
