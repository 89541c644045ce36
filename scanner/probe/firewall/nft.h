/** nf_tables into the model: its answers, message by message. Pure; live.c holds the conversation. */
#ifndef ZC_FW_NFT_H
#define ZC_FW_NFT_H

#include "elements.h"

struct fw_nft {
        struct fw_build *b;  /* not owned */
        struct fw_list sets; /* struct fw_nft_set, as many as the build has of this reader */
        uint32_t generation;
};

struct fw_nft_set {
        uint8_t family;
        bool wanted;
        struct zc_rd table, name; /* as the kernel has them, in the arena */
        struct fw_elements elements;
};

void fw_nft_init(struct fw_nft *n, struct fw_build *b);
void fw_nft_release(struct fw_nft *n);

/** Takes one answer: tables, chains, sets, rules, in this order, then objects, flow tables, elements, generations. */
bool fw_nft_take(struct fw_nft *n, uint16_t type, struct zc_rd payload,
                 struct zc_err *err) ZC_MUST_USE;

/** Marks the sets that a rule which can matter looks in: one that is not idle, in a chain that packets coming in can get to. */
void fw_nft_want(struct fw_nft *n);
/** All elements of a set have come. */
void fw_nft_set_done(struct fw_nft *n, size_t set);

#endif
