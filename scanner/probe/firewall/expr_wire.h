/** nftables expressions on the wire: every attribute of every expression by its schema (linux/netfilter/nf_tables.h). Pure. */
#ifndef ZC_NFT_EXPR_WIRE_H
#define ZC_NFT_EXPR_WIRE_H

#include "zc/err.h"
#include "zc/rd.h"

#define NFT_ATTRS 12

/** Letters of a schema, one per attribute from number 1 on. */
enum nft_attr_kind {
        NFT_ATTR_U8 = '1',
        NFT_ATTR_BE16 = '2',
        NFT_ATTR_BE32 = '4',
        NFT_ATTR_BE64 = '8',
        NFT_ATTR_TEXT = 's',
        NFT_ATTR_BYTES = 'b',
        NFT_ATTR_DATA = 'd', /* a nest of a value (1) or a verdict (2) */
        NFT_ATTR_NEST = 'n',
        NFT_ATTR_PAD = '.', /* nothing in it for us */
};

struct nft_schema {
        const char *name;
        const char *kinds;
        uint16_t needs; /* 1 << number of each that must be there */
};

/** What an expression says. Windows point into the message. */
struct nft_attrs {
        uint16_t there;    /* 1 << number */
        uint16_t unknown;  /* the type of the first one without a place in the schema; 0 for none */
        uint16_t verdicts; /* 1 << number of a DATA that holds a verdict */
        uint64_t number[NFT_ATTRS]; /* U8, BE16, BE32, BE64; 0 when not there */
        struct zc_rd bytes
                [NFT_ATTRS]; /* TEXT, BYTES, NEST; of DATA the value or the verdict's attributes */
};
#define NFT_BIT(n) (uint16_t)(1u << (n))

bool nft_attrs_parse(const struct nft_schema *schema, struct zc_rd data, struct nft_attrs *out,
                     struct zc_err *err) ZC_MUST_USE;
static inline bool nft_attr_there(const struct nft_attrs *a, unsigned n)
{
        return a->there & NFT_BIT(n);
}

/** A verdict's attributes: its code as the kernel has it, and a chain for a jump or a goto. */
bool nft_verdict_parse(struct zc_rd verdict, int32_t *code, struct zc_rd *chain,
                       struct zc_err *err) ZC_MUST_USE;

#endif
