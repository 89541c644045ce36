/** What becomes of a packet that no condition matches: the verdicts that stand without one. Pure. */
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <string.h>

#include "nft_wire.h"
#include "zc/netlink.h"

static bool attr_find(struct zc_rd attrs, uint16_t wanted, struct zc_rd *out)
{
        struct zc_rd value;
        uint16_t type;
        bool bad;

        while (zc_nla_next(&attrs, &type, &value, &bad)) {
                if (type == wanted) {
                        *out = value;
                        return true;
                }
        }
        return false;
}

static const struct {
        int32_t code;
        enum zc_nft_effect effect;
} verdicts[] = {
        { 0, ZC_NFT_DROPS },
        { 1, ZC_NFT_ACCEPTS },
        { NFT_CONTINUE, ZC_NFT_NEUTRAL },
        { NFT_BREAK, ZC_NFT_CONDITION },
        /* ends the rule */ { NFT_JUMP, ZC_NFT_JUMPS },
        { NFT_GOTO, ZC_NFT_GOES },
        { NFT_RETURN, ZC_NFT_RETURNS },
};

enum zc_nft_effect zc_nft_verdict(struct zc_rd verdict, struct zc_rd *chain)
{
        struct zc_rd value;
        uint32_t number;

        if (!attr_find(verdict, NFTA_VERDICT_CODE, &value) || !zc_nla_be32(value, &number))
                return ZC_NFT_DECIDES_UNKNOWN;
        if (attr_find(verdict, NFTA_VERDICT_CHAIN, &value))
                *chain = zc_nla_text(value);
        for (size_t i = 0; i < ZC_COUNT(verdicts); i++) {
                if (verdicts[i].code == (int32_t)number)
                        return verdicts[i].effect;
        }
        return ZC_NFT_DECIDES_UNKNOWN; /* stolen, queue */
}

/** immediate: a value into a register is nothing yet; into the verdict register (0) it is {data: {verdict: {code, chain}}}. */
static enum zc_nft_effect immediate(struct zc_rd data, struct zc_rd *chain)
{
        struct zc_rd value;
        struct zc_rd verdict;
        uint32_t number;

        if (attr_find(data, NFTA_IMMEDIATE_DREG, &value) && zc_nla_be32(value, &number) &&
            number != NFT_REG_VERDICT)
                return ZC_NFT_NEUTRAL;
        if (!attr_find(data, NFTA_IMMEDIATE_DATA, &value) ||
            !attr_find(value, NFTA_DATA_VERDICT, &verdict))
                return ZC_NFT_DECIDES_UNKNOWN;
        return zc_nft_verdict(verdict, chain);
}

/** xtables targets that leave the packet on its way. */
static const char *const passing_targets[] = {
        "AUDIT", "CHECKSUM", "CLASSIFY",    "CONNMARK", "CT",          "DSCP",   "HL",  "LED",
        "LOG",   "MARK",     "NFLOG",       "NOTRACK",  "SECMARK",     "TCPMSS", "TEE", "TOS",
        "TRACE", "TTL",      "CONNSECMARK", "RATEEST",  "TCPOPTSTRIP", "SET"
};

static const char *const rewriting_targets[] = { "DNAT", "MASQUERADE", "NETMAP", "REDIRECT",
                                                 "SNAT" };

static enum zc_nft_effect xt_target(struct zc_rd data, struct zc_rd *chain)
{
        struct zc_rd name;

        (void)chain;
        if (!attr_find(data, NFTA_TARGET_NAME, &name))
                return ZC_NFT_DECIDES_UNKNOWN;
        name = zc_nla_text(name);
        if (zc_rd_is(name, "REJECT"))
                return ZC_NFT_DROPS;
        for (size_t i = 0; i < ZC_COUNT(rewriting_targets); i++) {
                if (zc_rd_is(name, rewriting_targets[i]))
                        return ZC_NFT_REWRITES;
        }
        for (size_t i = 0; i < ZC_COUNT(passing_targets); i++) {
                if (zc_rd_is(name, passing_targets[i]))
                        return ZC_NFT_NEUTRAL;
        }
        return ZC_NFT_DECIDES_UNKNOWN;
}

static enum zc_nft_effect xt_match(struct zc_rd data, struct zc_rd *chain)
{
        struct zc_rd name;

        (void)chain;
        return attr_find(data, NFTA_MATCH_NAME, &name) && zc_rd_is(zc_nla_text(name), "comment")
                       ? ZC_NFT_NEUTRAL
                       : ZC_NFT_CONDITION;
}

/** meta either loads (for a comparison that follows) or, with a source register, sets a mark or the like. */
static enum zc_nft_effect meta(struct zc_rd data, struct zc_rd *chain)
{
        struct zc_rd source;

        (void)chain;
        return attr_find(data, NFTA_META_SREG, &source) ? ZC_NFT_NEUTRAL : ZC_NFT_CONDITION;
}

/** ct the same: its own mark, label, zone or event mask. */
static enum zc_nft_effect ct(struct zc_rd data, struct zc_rd *chain)
{
        struct zc_rd source;

        (void)chain;
        return attr_find(data, NFTA_CT_SREG, &source) ? ZC_NFT_NEUTRAL : ZC_NFT_CONDITION;
}

/** A named object: which of them leave every packet on its way. One that a map chooses can be missing, which ends the rule. */
static enum zc_nft_effect objref(struct zc_rd data, struct zc_rd *chain)
{
        struct zc_rd value;
        uint32_t type;

        (void)chain;
        if (attr_find(data, NFTA_OBJREF_SET_SREG, &value) ||
            !attr_find(data, NFTA_OBJREF_IMM_TYPE, &value) || !zc_nla_be32(value, &type))
                return ZC_NFT_CONDITION;
        return type == NFT_OBJECT_COUNTER || type == NFT_OBJECT_CT_HELPER ||
                               type == NFT_OBJECT_CT_TIMEOUT || type == NFT_OBJECT_SECMARK ||
                               type == NFT_OBJECT_TUNNEL
                       ? ZC_NFT_NEUTRAL
                       : ZC_NFT_CONDITION;
}

/* Sorted. A load counts as a condition: it can end the rule by itself (no such header), and what is loaded is compared. */
static const struct {
        const char *name;
        enum zc_nft_effect effect;
        enum zc_nft_effect (*look)(struct zc_rd data, struct zc_rd *chain);
} expressions[] = {
        { "bitwise", ZC_NFT_CONDITION, NULL },
        { "byteorder", ZC_NFT_CONDITION, NULL },
        { "cmp", ZC_NFT_CONDITION, NULL },
        { "connlimit", ZC_NFT_CONDITION, NULL },
        { "counter", ZC_NFT_NEUTRAL, NULL },
        { "ct", ZC_NFT_CONDITION, ct },
        { "dup", ZC_NFT_NEUTRAL, NULL },
        { "dynset", ZC_NFT_CONDITION, NULL },
        { "exthdr", ZC_NFT_CONDITION, NULL },
        { "fib", ZC_NFT_CONDITION, NULL },
        { "flow_offload", ZC_NFT_CONDITION, NULL },
        { "fwd", ZC_NFT_DECIDES_UNKNOWN, NULL },
        { "hash", ZC_NFT_CONDITION, NULL },
        { "immediate", ZC_NFT_NEUTRAL, immediate },
        { "inner", ZC_NFT_CONDITION, NULL },
        { "last", ZC_NFT_NEUTRAL, NULL },
        { "limit", ZC_NFT_CONDITION, NULL },
        { "log", ZC_NFT_NEUTRAL, NULL },
        { "lookup", ZC_NFT_CONDITION, NULL },
        { "masq", ZC_NFT_REWRITES, NULL },
        { "match", ZC_NFT_CONDITION, xt_match },
        { "meta", ZC_NFT_CONDITION, meta },
        { "nat", ZC_NFT_REWRITES, NULL },
        { "notrack", ZC_NFT_NEUTRAL, NULL },
        { "numgen", ZC_NFT_CONDITION, NULL },
        { "objref", ZC_NFT_CONDITION, objref },
        { "osf", ZC_NFT_CONDITION, NULL },
        { "payload", ZC_NFT_CONDITION, NULL },
        { "queue", ZC_NFT_DECIDES_UNKNOWN, NULL },
        { "quota", ZC_NFT_CONDITION, NULL },
        { "range", ZC_NFT_CONDITION, NULL },
        { "redir", ZC_NFT_REWRITES, NULL },
        { "reject", ZC_NFT_DROPS, NULL },
        { "rt", ZC_NFT_CONDITION, NULL },
        { "secmark", ZC_NFT_NEUTRAL, NULL },
        { "socket", ZC_NFT_CONDITION, NULL },
        { "synproxy", ZC_NFT_DECIDES_UNKNOWN, NULL },
        { "target", ZC_NFT_DECIDES_UNKNOWN, xt_target },
        { "tproxy", ZC_NFT_DECIDES_UNKNOWN, NULL },
        { "tunnel", ZC_NFT_CONDITION, NULL },
        { "xfrm", ZC_NFT_CONDITION, NULL },
};

enum zc_nft_effect zc_nft_expr_effect(const struct zc_nft_expr *e, struct zc_rd *chain, bool *known)
{
        *known = true;
        for (size_t i = 0; i < ZC_COUNT(expressions); i++) {
                if (!zc_rd_is(e->name, expressions[i].name))
                        continue;
                if (expressions[i].look)
                        return expressions[i].look(e->data, chain);
                return expressions[i].effect;
        }
        *known = false;
        return ZC_NFT_CONDITION; /* it may match or not; that it is there is reported */
}
