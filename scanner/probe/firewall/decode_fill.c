/** One function per expression: its attributes, by number as in linux/netfilter/nf_tables.h, into the fields of an op. */
#include "decode_fill.h"

#include <linux/netfilter/nf_tables.h>

#include "zc/netlink.h"

/* ---- values ---- */

/** NFT_REG_1 to 4 are 16 bytes wide, NFT_REG32_00 to 15 are 4; the verdict register is none of the slots. */
static bool slot_of(uint64_t reg, uint8_t *out)
{
        if (reg >= NFT_REG_1 && reg <= NFT_REG_4)
                *out = (uint8_t)((reg - NFT_REG_1) * 4);
        else if (reg >= NFT_REG32_00 && reg <= NFT_REG32_15)
                *out = (uint8_t)(reg - NFT_REG32_00);
        else
                return false;
        return true;
}

/** The slot that attribute n names; NO_SLOT when it is not there. `len` bytes from it on have to be registers. */
static uint8_t slot(struct fw_decoding *d, unsigned n, size_t len)
{
        uint8_t s = ZC_FW_NO_SLOT;

        if (!nft_attr_there(d->a, n))
                return s;
        if (!slot_of(d->a->number[n], &s) || s * 4u + len > ZC_FW_REG_BYTES) {
                d->strange = "register";
                return ZC_FW_NO_SLOT;
        }
        return s;
}

static uint8_t byte(struct fw_decoding *d, unsigned n, uint64_t max, const char *what)
{
        if (d->a->number[n] > max)
                d->strange = what;
        return (uint8_t)d->a->number[n];
}

/** A length in bytes; those of registers are between 1 and 64. */
static uint8_t length(struct fw_decoding *d, unsigned n)
{
        uint8_t len = byte(d, n, ZC_FW_REG_BYTES, "length");

        if (len == 0)
                d->strange = "length";
        return len;
}

static const uint8_t *value(struct fw_decoding *d, unsigned n, size_t len)
{
        struct zc_rd v = d->a->bytes[n];

        if ((d->a->verdicts & NFT_BIT(n)) || v.n != len || len == 0 || len > ZC_FW_REG_BYTES) {
                d->strange = "data";
                return NULL;
        }
        return fw_build_bytes(d->at->b, v);
}

/* ---- what fills an op; attribute numbers are those of the schema beside it in the table below ---- */

void fw_fill_payload(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->key = byte(d, 2, ZC_FW_BASE_INNER, "base");
        op->offset = (uint16_t)d->a->number[3];
        if (d->a->number[3] > UINT16_MAX)
                d->strange = "offset";
        op->len = length(d, 4);
        op->dreg = slot(d, 1, op->len);
        if (!nft_attr_there(d->a, 5))
                return;
        op->kind = ZC_FW_OP_PAYLOAD_SET;
        op->sreg = slot(d, 5, op->len);
        op->amount = (uint32_t)d->a->number[7];
        op->flags = (uint32_t)(d->a->number[6] & 0xff) | (uint32_t)d->a->number[8] << 8;
}

void fw_fill_cmp(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->op = byte(d, 2, NFT_CMP_GTE, "operator");
        op->u.data.a = value(d, 3, d->a->bytes[3].n);
        op->len = (uint8_t)d->a->bytes[3].n;
        op->sreg = slot(d, 1, op->len);
}

void fw_fill_range(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->invert = byte(d, 2, NFT_RANGE_NEQ, "operator") == NFT_RANGE_NEQ;
        op->u.data.a = value(d, 3, d->a->bytes[3].n);
        op->u.data.b = value(d, 4, d->a->bytes[3].n);
        op->len = (uint8_t)d->a->bytes[3].n;
        op->sreg = slot(d, 1, op->len);
}

void fw_fill_bitwise(struct fw_decoding *d, struct zc_fw_op *op)
{
        uint32_t amount = 0;

        op->op = byte(d, 6, ZC_FW_BIT_XOR, "operation");
        op->len = length(d, 3);
        op->sreg = slot(d, 1, op->len);
        op->dreg = slot(d, 2, op->len);
        if (op->op == ZC_FW_BIT_MASK_XOR) {
                op->u.data.a = value(d, 4, op->len);
                op->u.data.b = value(d, 5, op->len);
        } else if (op->op == ZC_FW_BIT_LSHIFT || op->op == ZC_FW_BIT_RSHIFT) {
                if (!zc_nla_u32(d->a->bytes[7], &amount) || amount > 31) /* in host order */
                        d->strange = "shift";
                op->amount = amount;
        } else {
                op->sreg2 = slot(d, 8, op->len);
                if (op->sreg2 == ZC_FW_NO_SLOT)
                        d->strange = "second source";
        }
}

void fw_fill_byteorder(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->op = byte(d, 3, NFT_BYTEORDER_HTON, "operation");
        op->len = length(d, 4);
        op->key = byte(d, 5, 8, "element size");
        op->sreg = slot(d, 1, op->len);
        op->dreg = slot(d, 2, op->len);
}

void fw_fill_immediate(struct fw_decoding *d, struct zc_fw_op *op)
{
        if (d->a->number[1] == NFT_REG_VERDICT) {
                op->kind = ZC_FW_OP_VERDICT;
                if (!(d->a->verdicts & NFT_BIT(2)) ||
                    !fw_decode_verdict(d->at, d->a->bytes[2], &op->u.verdict))
                        d->strange = "verdict";
                return;
        }
        op->u.data.a = value(d, 2, d->a->bytes[2].n);
        op->len = (uint8_t)d->a->bytes[2].n;
        op->dreg = slot(d, 1, op->len);
}

static struct zc_fw_set *set_named(struct fw_decoding *d, unsigned n, struct zc_fw_op *op)
{
        uint32_t i = fw_build_find(d->at->b, FW_SETS, d->at->table, d->a->bytes[n]);

        if (i == FW_NOWHERE) {
                d->strange = "set";
                return NULL;
        }
        op->amount = i;
        return fw_build_at(d->at->b->sets, struct zc_fw_set, i);
}

void fw_fill_lookup(struct fw_decoding *d, struct zc_fw_op *op)
{
        const struct zc_fw_set *set = set_named(d, 1, op);

        op->len = set ? (uint8_t)set->key_len : 0;
        op->sreg = slot(d, 2, op->len);
        op->invert = d->a->number[5] & 1;
        if (d->a->number[5] > 1)
                d->strange = "flags";
        if (set && !set->verdicts)
                op->dreg = slot(d, 3, set->data_len);
}

void fw_fill_dynset(struct fw_decoding *d, struct zc_fw_op *op)
{
        struct zc_fw_set *set = set_named(d, 1, op);

        op->op = byte(d, 3, NFT_DYNSET_OP_DELETE, "operation");
        op->len = set ? (uint8_t)set->key_len : 0;
        op->sreg = slot(d, 4, op->len);
        op->sreg2 = slot(d, 5, set ? set->data_len : 0);
        op->flags = (uint32_t)d->a->number[9];
        op->invert = op->flags & NFT_DYNSET_F_INV;
        if (!set)
                return;
        set->weak |= fw_decode_may_break(d->at, d->a->bytes[7], d->a->bytes[10]);
        set->learns |= op->op != NFT_DYNSET_OP_DELETE;
        set->weak |= op->op == NFT_DYNSET_OP_DELETE;
}

void fw_fill_exthdr(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->key = (uint8_t)d->a->number[2];
        op->offset = (uint16_t)d->a->number[3];
        op->len = byte(d, 4, ZC_FW_REG_BYTES, "length");
        op->flags = (uint32_t)d->a->number[5];
        op->op = byte(d, 6, 4 /* NFT_EXTHDR_OP_DCCP */, "operation");
        if (op->flags & ~(uint32_t)NFT_EXTHDR_F_PRESENT)
                d->strange = "flags";
        op->dreg = slot(d, 1, op->len);
        op->sreg = slot(d, 7, op->len);
        if (!nft_attr_there(d->a, 1))
                op->kind =
                        ZC_FW_OP_EXTHDR_SET; /* without a source: the option is stripped, and has no length */
        if (op->len == 0 && (nft_attr_there(d->a, 1) || nft_attr_there(d->a, 7)))
                d->strange = "length";
}

void fw_fill_meta(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->key = byte(d, 2, 34 /* NFT_META_SDIFNAME */, "key");
        op->dreg = slot(d, 1, 4);
        if (!nft_attr_there(d->a, 3))
                return;
        op->kind = op->key == NFT_META_NFTRACE ? ZC_FW_OP_NEUTRAL : ZC_FW_OP_META_SET;
        op->sreg = slot(d, 3, 4);
}

void fw_fill_ct(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->key = byte(d, 2, NFT_CT_MAX, "key");
        op->dreg = slot(d, 1, 4);
        if (nft_attr_there(d->a, 3))
                op->dir = byte(d, 3, 1, "direction");
        if (!nft_attr_there(d->a, 4))
                return;
        op->kind = op->key == NFT_CT_EVENTMASK ? ZC_FW_OP_NEUTRAL : ZC_FW_OP_CT_SET;
        op->sreg = slot(d, 4, 4);
}

void fw_fill_fib(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->key = byte(d, 2, NFT_FIB_RESULT_ADDRTYPE, "result");
        op->flags = (uint32_t)d->a->number[3];
        if (op->flags >= NFTA_FIB_F_PRESENT << 1)
                d->strange = "flags";
        op->dreg = slot(d, 1, 4);
}

void fw_fill_rt(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->key = byte(d, 2, NFT_RT_XFRM, "key");
        op->dreg = slot(d, 1, 4);
}

void fw_fill_socket(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->key = byte(d, 1, NFT_SOCKET_CGROUPV2, "key");
        op->dreg = slot(d, 2, 4);
        op->amount = (uint32_t)d->a->number[3];
}

/** Ends of a range of addresses or ports: the upper one is the lower one where it is not told. */
static void ends(struct fw_decoding *d, unsigned lo, unsigned hi, size_t len, uint8_t *min,
                 uint8_t *max)
{
        *min = slot(d, lo, len);
        *max = slot(d, hi, len);
        if (*max == ZC_FW_NO_SLOT)
                *max = *min;
}

void fw_fill_nat(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->op = byte(d, 1, NFT_NAT_DNAT, "type") == NFT_NAT_DNAT ? ZC_FW_DNAT : ZC_FW_SNAT;
        op->dir = (uint8_t)d->a->number[2];
        op->flags = (uint32_t)d->a->number[7];
        ends(d, 3, 4, op->dir == ZC_FW_IP6 ? 16 : 4, &op->u.nat.addr_min, &op->u.nat.addr_max);
        ends(d, 5, 6, 2, &op->u.nat.port_min, &op->u.nat.port_max);
        if (op->dir != ZC_FW_IP && op->dir != ZC_FW_IP6)
                d->strange = "family";
}

void fw_fill_masq(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->op = ZC_FW_MASQ;
        op->flags = (uint32_t)d->a->number[1];
        op->u.nat.addr_min = op->u.nat.addr_max = ZC_FW_NO_SLOT;
        ends(d, 2, 3, 2, &op->u.nat.port_min, &op->u.nat.port_max);
}

void fw_fill_redir(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->op = ZC_FW_REDIR;
        op->flags = (uint32_t)d->a->number[3];
        op->u.nat.addr_min = op->u.nat.addr_max = ZC_FW_NO_SLOT;
        ends(d, 1, 2, 2, &op->u.nat.port_min, &op->u.nat.port_max);
}

void fw_fill_tproxy(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->dir = (uint8_t)d->a->number[1]; /* 0: both families */
        ends(d, 2, 2, op->dir == ZC_FW_IP6 ? 16 : 4, &op->u.nat.addr_min, &op->u.nat.addr_max);
        ends(d, 3, 3, 2, &op->u.nat.port_min, &op->u.nat.port_max);
}

void fw_fill_reject(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->op = byte(d, 1, NFT_REJECT_ICMPX_UNREACH, "type");
        op->key = (uint8_t)d->a->number[2];
}

void fw_fill_queue(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->amount = (uint32_t)d->a->number[1];
        op->flags = (uint32_t)d->a->number[3];
        op->sreg = slot(d, 4, 4);
}

/** Any bytes: dreg is attribute 1. */
void fw_fill_any(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->len = 4;
        op->dreg = slot(d, 1, op->len);
}

/** The same, of up to 16 bytes. */
void fw_fill_any_wide(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->dreg = slot(d, 1, 4);
        if (op->dreg != ZC_FW_NO_SLOT)
                op->len = op->dreg > 12 ? (uint8_t)((ZC_FW_SLOTS - op->dreg) * 4) : 16;
}

/** Four bytes, dreg is attribute 2. */
void fw_fill_any_second(struct fw_decoding *d, struct zc_fw_op *op)
{
        op->len = 4;
        op->dreg = slot(d, 2, op->len);
}

/** Of what is inside a tunnelled packet, a payload or a meta: both name their register first. */
void fw_fill_inner(struct fw_decoding *d, struct zc_fw_op *op)
{
        static const struct nft_schema nest = { "inner expression", "sn", NFT_BIT(1) | NFT_BIT(2) };
        static const struct nft_schema load = { "inner expression's", "44444444", NFT_BIT(1) };
        struct zc_err err = { 0 };
        struct fw_decoding inside = *d;
        struct nft_attrs e, a;

        if (!nft_attrs_parse(&nest, d->a->bytes[5], &e, &err) ||
            !nft_attrs_parse(&load, e.bytes[2], &a, &err)) {
                d->strange = "expression";
                return;
        }
        inside.a = &a;
        op->len = zc_rd_is(e.bytes[1], "payload") ? length(&inside, 4) : 4;
        op->dreg = slot(&inside, 1, op->len);
        d->strange = inside.strange;
}

/** What a named object does to the packet: most only count or mark; some end the rule. */
static uint8_t object_op(uint64_t type)
{
        switch (type) {
        case NFT_OBJECT_COUNTER:
        case NFT_OBJECT_CT_HELPER:
        case NFT_OBJECT_CT_TIMEOUT:
        case NFT_OBJECT_SECMARK:
        case NFT_OBJECT_TUNNEL:
        case NFT_OBJECT_CT_EXPECT:
                return ZC_FW_OP_NEUTRAL;
        case NFT_OBJECT_QUOTA:
        case NFT_OBJECT_LIMIT:
        case NFT_OBJECT_CONNLIMIT:
                return ZC_FW_OP_MAYBE;
        case NFT_OBJECT_SYNPROXY:
                return ZC_FW_OP_SYNPROXY;
        default:
                return ZC_FW_OP_UNKNOWN;
        }
}

/** One object, or the one that a map names for the packet: a miss ends the rule. */
void fw_fill_objref(struct fw_decoding *d, struct zc_fw_op *op)
{
        const struct zc_fw_set *set;

        if (!nft_attr_there(d->a, 3)) {
                op->kind = object_op(d->a->number[1]);
                if (op->kind == ZC_FW_OP_UNKNOWN || !nft_attr_there(d->a, 1))
                        d->strange = "object";
                return;
        }
        op->kind = ZC_FW_OP_LOOKUP;
        set = set_named(d, 4, op);
        op->len = set ? (uint8_t)set->key_len : 0;
        op->sreg = slot(d, 3, op->len);
        d->then = set ? object_op(set->objects) : ZC_FW_OP_UNKNOWN;
        if (d->then == ZC_FW_OP_UNKNOWN)
                d->strange = "objects";
}
