/** What a rule asks of a packet, as far as it can be told: the shapes that ordinary rulesets are made of. Everything else is wide. */
#ifndef ZC_FIREWALL_MATCH_H
#define ZC_FIREWALL_MATCH_H

#include "nft_wire.h"
#include "zc/arena.h"

enum fw_field {
        FW_NO_FIELD,
        FW_SPORT, /* the first four are dimensions: what they hold is a range */
        FW_DPORT,
        FW_SADDR4,
        FW_SADDR6,
        FW_CT_STATE,
        FW_L4PROTO,
        FW_IIF,
        FW_IIFNAME,
        FW_NFPROTO,
        FW_PROTOCOL,
};
#define FW_DIMS (FW_SADDR6 + 1)
#define FW_KEY 16

enum fw_cond_kind {
        FW_WIDE,  /* not evaluated: may be all packets, or none */
        FW_NEVER, /* no new TCP or UDP packet from elsewhere meets it */
        FW_TRUE,  /* all of them do */
        FW_RANGE, /* a range of a dimension */
        FW_CT,    /* the connection's state is one of a mask */
        FW_FAMILY,
        FW_SET,
};

/** Keys shorter than FW_KEY are filled up with zeros (lo) and ones (hi). */
struct fw_range {
        uint8_t lo[FW_KEY], hi[FW_KEY];
};

struct fw_cond {
        enum fw_cond_kind kind;
        enum fw_field field;
        struct fw_range range;
        uint32_t mask;
        uint8_t family;
        struct zc_rd set;
        struct fw_cond *next;
};

/** A verdict and what must hold before it. Its windows are in the arena. */
struct fw_step {
        enum zc_nft_effect effect;
        struct zc_rd chain;  /* where to, for jumps */
        struct zc_rd map;    /* the verdict map, for ZC_NFT_MAPS */
        enum fw_field field; /* what is looked up in it */
        uint64_t handle;
        struct fw_cond *conds;
        struct fw_step *next;
};

/** What the field being within the range says. lo and hi hold n bytes. */
struct fw_cond fw_cond_of(enum fw_field field, const struct fw_range *range, size_t n);
/** How many bytes a key of that field has in a set; 0: it is not looked up. */
size_t fw_field_size(enum fw_field field);
/** Bytes as a range of one key; false when there are more than FW_KEY. */
bool fw_range_one(struct zc_rd bytes, struct fw_range *out);

/** The steps of a rule, in order; NULL for one without a verdict. *unknown: the first expression that is not in our list. False when out of memory or *bad. */
bool fw_rule_steps(struct zc_arena *arena, const struct zc_nft_rule *r, struct fw_step **out,
                   struct zc_rd *unknown, bool *bad) ZC_MUST_USE;

#endif
