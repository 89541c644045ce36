/** The elements of one set: gathered as the kernel dumps them, then put in the order that the model promises. Pure. */
#ifndef ZC_FW_ELEMENTS_H
#define ZC_FW_ELEMENTS_H

#include "decode.h"
#include "nft_wire.h"

struct fw_elements {
        uint32_t set;   /* index */
        uint32_t flags; /* ZC_NFT_SET_* */
        struct fw_list keys, ends, data, verdicts, marks;
        bool spoilt; /* an element is not as the set says: the set stays unread */
};

void fw_elements_release(struct fw_elements *e);
/** Adds one. What does not fit makes the set unread, and is told. */
void fw_elements_add(struct fw_elements *e, const struct fw_place *at,
                     const struct zc_nft_element *one);
/** Fills the set from what was gathered, and marks it read. */
void fw_elements_finish(struct fw_elements *e, const struct fw_place *at);

#endif
