/**
 * From nftables' expressions to the model's ops. A row per expression: its schema on the wire, the op it becomes, what it becomes when
 * it says something that we do not know, and what fills the op. What is not understood is told, and stands in the ops as what may be.
 */
#include "decode.h"

#include <linux/netfilter/nf_tables.h>
#include <stdarg.h>
#include <string.h>

#include "expr_wire.h"
#include "nft_wire.h"
#include "zc/netlink.h"
#include "zc/text.h"

#define A(n) NFT_BIT(n)

struct decoding {
        const struct fw_place *at;
        const struct nft_attrs *a;
        const char *strange; /* a value that we do not know */
        uint8_t then;        /* kind of one more op behind it; 0 for none: a load never is */
};

/* Kinds of rows that are no ops: iptables' code, which others put into ops. */
enum { XT_MATCH = 200, XT_TARGET };

struct row {
        struct nft_schema schema;
        uint8_t kind;    /* enum zc_fw_op_kind */
        uint8_t strange; /* what it is when it says more than we know: LOAD_ANY, MAYBE, UNKNOWN */
        bool conntrack;  /* its presence alone turns connection tracking on */
        void (*fill)(struct decoding *d, struct zc_fw_op *op);
};

void fw_place_gap(const struct fw_place *at, enum zc_fw_weight weight, struct zc_rd name,
                  const char *fmt, ...)
{
        const struct zc_fw_table *t = fw_build_at(at->b->tables, struct zc_fw_table, at->table);
        ZC_AUTO_TEXT what = { 0 };
        ZC_AUTO_TEXT where = { 0 };
        va_list ap;

        zc_text_init(&what, 512);
        zc_text_init(&where, 2048);
        va_start(ap, fmt);
        zc_text_vprintf(&what, fmt, ap);
        va_end(ap);
        zc_text_escape(&what, name.p, name.n);
        if (fw_build_told(at->b, zc_text_str(&what)))
                return;
        zc_text_printf(&where, "%s %s", zc_fw_family_name(at->family), t->name);
        if (at->chain)
                zc_text_printf(&where, " %s", at->chain);
        if (at->handle)
                zc_text_printf(&where, " handle %llu", (unsigned long long)at->handle);
        fw_build_gap(at->b, weight, zc_text_str(&what), zc_text_str(&where));
}

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
static uint8_t slot(struct decoding *d, unsigned n, size_t len)
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

static uint8_t byte(struct decoding *d, unsigned n, uint64_t max, const char *what)
{
        if (d->a->number[n] > max)
                d->strange = what;
        return (uint8_t)d->a->number[n];
}

/** A length in bytes; those of registers are between 1 and 64. */
static uint8_t length(struct decoding *d, unsigned n)
{
        uint8_t len = byte(d, n, ZC_FW_REG_BYTES, "length");

        if (len == 0)
                d->strange = "length";
        return len;
}

static const uint8_t *value(struct decoding *d, unsigned n, size_t len)
{
        struct zc_rd v = d->a->bytes[n];

        if ((d->a->verdicts & A(n)) || v.n != len || len == 0 || len > ZC_FW_REG_BYTES) {
                d->strange = "data";
                return NULL;
        }
        return fw_build_bytes(d->at->b, v);
}

static const struct {
        int32_t kernel;
        enum zc_fw_code code;
} codes[] = {
        { 0, ZC_FW_DROP },          { 1, ZC_FW_ACCEPT },
        { 2, ZC_FW_STOLEN },        { NFT_CONTINUE, ZC_FW_CONTINUE },
        { NFT_BREAK, ZC_FW_BREAK }, { NFT_JUMP, ZC_FW_JUMP },
        { NFT_GOTO, ZC_FW_GOTO },   { NFT_RETURN, ZC_FW_RETURN },
};

bool fw_decode_verdict(const struct fw_place *at, struct zc_rd attrs, struct zc_fw_verdict *out)
{
        struct zc_fw_verdict v = { .chain = FW_NOWHERE };
        struct zc_err err = { 0 };
        struct zc_rd chain;
        int32_t code;

        if (!nft_verdict_parse(attrs, &code, &chain, &err))
                return false;
        if (code > 0 && (code & 0xff) == 3) { /* NF_QUEUE, its number in the upper half */
                *out = (struct zc_fw_verdict){ ZC_FW_QUEUE, FW_NOWHERE, (uint16_t)(code >> 16) };
                return true;
        }
        for (size_t i = 0; i < ZC_COUNT(codes); i++) {
                if (codes[i].kernel != code)
                        continue;
                v.code = codes[i].code;
                if (code == NFT_JUMP || code == NFT_GOTO)
                        v.chain = fw_build_find(at->b, FW_CHAINS, at->table, chain);
                *out = v;
                return (code != NFT_JUMP && code != NFT_GOTO) || v.chain != FW_NOWHERE;
        }
        return false;
}

/* ---- what fills an op; attribute numbers are those of the schema beside it in the table below ---- */

static void fill_payload(struct decoding *d, struct zc_fw_op *op)
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

static void fill_cmp(struct decoding *d, struct zc_fw_op *op)
{
        op->op = byte(d, 2, NFT_CMP_GTE, "operator");
        op->u.data.a = value(d, 3, d->a->bytes[3].n);
        op->len = (uint8_t)d->a->bytes[3].n;
        op->sreg = slot(d, 1, op->len);
}

static void fill_range(struct decoding *d, struct zc_fw_op *op)
{
        op->invert = byte(d, 2, NFT_RANGE_NEQ, "operator") == NFT_RANGE_NEQ;
        op->u.data.a = value(d, 3, d->a->bytes[3].n);
        op->u.data.b = value(d, 4, d->a->bytes[3].n);
        op->len = (uint8_t)d->a->bytes[3].n;
        op->sreg = slot(d, 1, op->len);
}

static void fill_bitwise(struct decoding *d, struct zc_fw_op *op)
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

static void fill_byteorder(struct decoding *d, struct zc_fw_op *op)
{
        op->op = byte(d, 3, NFT_BYTEORDER_HTON, "operation");
        op->len = length(d, 4);
        op->key = byte(d, 5, 8, "element size");
        op->sreg = slot(d, 1, op->len);
        op->dreg = slot(d, 2, op->len);
}

static void fill_immediate(struct decoding *d, struct zc_fw_op *op)
{
        if (d->a->number[1] == NFT_REG_VERDICT) {
                op->kind = ZC_FW_OP_VERDICT;
                if (!(d->a->verdicts & A(2)) ||
                    !fw_decode_verdict(d->at, d->a->bytes[2], &op->u.verdict))
                        d->strange = "verdict";
                return;
        }
        op->u.data.a = value(d, 2, d->a->bytes[2].n);
        op->len = (uint8_t)d->a->bytes[2].n;
        op->dreg = slot(d, 1, op->len);
}

static struct zc_fw_set *set_named(struct decoding *d, unsigned n, struct zc_fw_op *op)
{
        uint32_t i = fw_build_find(d->at->b, FW_SETS, d->at->table, d->a->bytes[n]);

        if (i == FW_NOWHERE) {
                d->strange = "set";
                return NULL;
        }
        op->amount = i;
        return fw_build_at(d->at->b->sets, struct zc_fw_set, i);
}

static void fill_lookup(struct decoding *d, struct zc_fw_op *op)
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

static void fill_dynset(struct decoding *d, struct zc_fw_op *op)
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

static void fill_exthdr(struct decoding *d, struct zc_fw_op *op)
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

static void fill_meta(struct decoding *d, struct zc_fw_op *op)
{
        op->key = byte(d, 2, 34 /* NFT_META_SDIFNAME */, "key");
        op->dreg = slot(d, 1, 4);
        if (!nft_attr_there(d->a, 3))
                return;
        op->kind = op->key == NFT_META_NFTRACE ? ZC_FW_OP_NEUTRAL : ZC_FW_OP_META_SET;
        op->sreg = slot(d, 3, 4);
}

static void fill_ct(struct decoding *d, struct zc_fw_op *op)
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

static void fill_fib(struct decoding *d, struct zc_fw_op *op)
{
        op->key = byte(d, 2, NFT_FIB_RESULT_ADDRTYPE, "result");
        op->flags = (uint32_t)d->a->number[3];
        if (op->flags >= NFTA_FIB_F_PRESENT << 1)
                d->strange = "flags";
        op->dreg = slot(d, 1, 4);
}

static void fill_rt(struct decoding *d, struct zc_fw_op *op)
{
        op->key = byte(d, 2, NFT_RT_XFRM, "key");
        op->dreg = slot(d, 1, 4);
}

static void fill_socket(struct decoding *d, struct zc_fw_op *op)
{
        op->key = byte(d, 1, NFT_SOCKET_CGROUPV2, "key");
        op->dreg = slot(d, 2, 4);
        op->amount = (uint32_t)d->a->number[3];
}

/** Ends of a range of addresses or ports: the upper one is the lower one where it is not told. */
static void ends(struct decoding *d, unsigned lo, unsigned hi, size_t len, uint8_t *min,
                 uint8_t *max)
{
        *min = slot(d, lo, len);
        *max = slot(d, hi, len);
        if (*max == ZC_FW_NO_SLOT)
                *max = *min;
}

static void fill_nat(struct decoding *d, struct zc_fw_op *op)
{
        op->op = byte(d, 1, NFT_NAT_DNAT, "type") == NFT_NAT_DNAT ? ZC_FW_DNAT : ZC_FW_SNAT;
        op->dir = (uint8_t)d->a->number[2];
        op->flags = (uint32_t)d->a->number[7];
        ends(d, 3, 4, op->dir == ZC_FW_IP6 ? 16 : 4, &op->u.nat.addr_min, &op->u.nat.addr_max);
        ends(d, 5, 6, 2, &op->u.nat.port_min, &op->u.nat.port_max);
        if (op->dir != ZC_FW_IP && op->dir != ZC_FW_IP6)
                d->strange = "family";
}

static void fill_masq(struct decoding *d, struct zc_fw_op *op)
{
        op->op = ZC_FW_MASQ;
        op->flags = (uint32_t)d->a->number[1];
        op->u.nat.addr_min = op->u.nat.addr_max = ZC_FW_NO_SLOT;
        ends(d, 2, 3, 2, &op->u.nat.port_min, &op->u.nat.port_max);
}

static void fill_redir(struct decoding *d, struct zc_fw_op *op)
{
        op->op = ZC_FW_REDIR;
        op->flags = (uint32_t)d->a->number[3];
        op->u.nat.addr_min = op->u.nat.addr_max = ZC_FW_NO_SLOT;
        ends(d, 1, 2, 2, &op->u.nat.port_min, &op->u.nat.port_max);
}

static void fill_tproxy(struct decoding *d, struct zc_fw_op *op)
{
        op->dir = (uint8_t)d->a->number[1]; /* 0: both families */
        ends(d, 2, 2, op->dir == ZC_FW_IP6 ? 16 : 4, &op->u.nat.addr_min, &op->u.nat.addr_max);
        ends(d, 3, 3, 2, &op->u.nat.port_min, &op->u.nat.port_max);
}

static void fill_reject(struct decoding *d, struct zc_fw_op *op)
{
        op->op = byte(d, 1, NFT_REJECT_ICMPX_UNREACH, "type");
        op->key = (uint8_t)d->a->number[2];
}

static void fill_queue(struct decoding *d, struct zc_fw_op *op)
{
        op->amount = (uint32_t)d->a->number[1];
        op->flags = (uint32_t)d->a->number[3];
        op->sreg = slot(d, 4, 4);
}

/** Any bytes: dreg is attribute 1. */
static void fill_any(struct decoding *d, struct zc_fw_op *op)
{
        op->len = 4;
        op->dreg = slot(d, 1, op->len);
}

/** The same, of up to 16 bytes. */
static void fill_any_wide(struct decoding *d, struct zc_fw_op *op)
{
        op->dreg = slot(d, 1, 4);
        if (op->dreg != ZC_FW_NO_SLOT)
                op->len = op->dreg > 12 ? (uint8_t)((ZC_FW_SLOTS - op->dreg) * 4) : 16;
}

/** Four bytes, dreg is attribute 2. */
static void fill_any_second(struct decoding *d, struct zc_fw_op *op)
{
        op->len = 4;
        op->dreg = slot(d, 2, op->len);
}

/** Of what is inside a tunnelled packet, a payload or a meta: both name their register first. */
static void fill_inner(struct decoding *d, struct zc_fw_op *op)
{
        static const struct nft_schema nest = { "inner expression", "sn", A(1) | A(2) };
        static const struct nft_schema load = { "inner expression's", "44444444", A(1) };
        struct zc_err err = { 0 };
        struct decoding inside = *d;
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
static void fill_objref(struct decoding *d, struct zc_fw_op *op)
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

/** What iptables' own code would do, in ops of the model. They take the place of this one. */
static void decode_xt(const struct fw_place *at, const struct nft_attrs *a, bool target)
{
        const char *word = target ? "target" : "match";
        const struct zc_rd name = a->bytes[1];
        struct zc_fw_ops ops = { .arena = at->b->arena };
        const char *plain = fw_build_text(at->b, name);
        struct zc_err err = { 0 };
        bool known = true;

        if (!plain)
                return;
        if (!target && zc_rd_is(name, "comment")) {
                fw_build_comment(at->b, zc_nla_text(a->bytes[3]));
                return;
        }
        if (fw_xt_conntrack(plain, target, a->bytes[3]))
                fw_build_conntrack(at->b, at->family);
        if (!(target ? zc_fw_xt_target : zc_fw_xt_match)(&ops, plain, (uint32_t)a->number[2],
                                                         a->bytes[3], at->family, &known, &err)) {
                fw_build_op(at->b, ZC_FW_OP_UNKNOWN, word);
                known = false;
        } else {
                fw_build_ops(at->b, &ops);
        }
        if (!known)
                fw_place_gap(at, ZC_FW_IN_OPS, name, "xt %s, revision %u: ", word,
                             (unsigned)a->number[2]);
}

/* Sorted by name. A statement that may end the rule when it has had enough is MAYBE. */
static const struct row rows[] = {
        { { "bitwise", "444dd4d4", A(1) | A(2) | A(3) },
          ZC_FW_OP_BITWISE,
          ZC_FW_OP_LOAD_ANY,
          false,
          fill_bitwise },
        { { "byteorder", "44444", A(1) | A(2) | A(3) | A(4) | A(5) },
          ZC_FW_OP_BYTEORDER,
          ZC_FW_OP_LOAD_ANY,
          false,
          fill_byteorder },
        { { "cmp", "44d", A(1) | A(2) | A(3) }, ZC_FW_OP_CMP, ZC_FW_OP_MAYBE, false, fill_cmp },
        { { "connlimit", "44", A(1) }, ZC_FW_OP_MAYBE, ZC_FW_OP_MAYBE, true, NULL },
        { { "counter", "88.", 0 }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_MAYBE, false, NULL },
        { { "ct", "4414", A(2) }, ZC_FW_OP_CT, ZC_FW_OP_LOAD_ANY, true, fill_ct },
        { { "dup", "44", 0 }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_MAYBE, false, NULL },
        { { "dynset", "s44448n.4n", A(1) | A(3) | A(4) },
          ZC_FW_OP_DYNSET,
          ZC_FW_OP_UNKNOWN,
          false,
          fill_dynset },
        { { "exthdr", "4144444", A(2) | A(3) | A(4) },
          ZC_FW_OP_EXTHDR,
          ZC_FW_OP_LOAD_ANY,
          false,
          fill_exthdr },
        { { "fib", "444", A(1) | A(2) | A(3) }, ZC_FW_OP_FIB, ZC_FW_OP_LOAD_ANY, false, fill_fib },
        { { "flow_offload", "s", 0 }, ZC_FW_OP_MAYBE, ZC_FW_OP_UNKNOWN, true, NULL },
        { { "fwd", "444", A(1) }, ZC_FW_OP_FWD, ZC_FW_OP_UNKNOWN, false, NULL },
        { { "hash", "4444444s4", A(2) },
          ZC_FW_OP_LOAD_ANY,
          ZC_FW_OP_LOAD_ANY,
          false,
          fill_any_second },
        { { "immediate", "4d", A(1) | A(2) },
          ZC_FW_OP_IMMEDIATE,
          ZC_FW_OP_UNKNOWN,
          false,
          fill_immediate },
        { { "inner", "4444n", A(5) }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY, false, fill_inner },
        { { "last", "48.", 0 }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_MAYBE, false, NULL },
        { { "limit", "88444.", A(1) | A(2) }, ZC_FW_OP_MAYBE, ZC_FW_OP_MAYBE, false, NULL },
        { { "log", "2s4244", 0 }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_MAYBE, false, NULL },
        { { "lookup", "s4444", A(1) | A(2) },
          ZC_FW_OP_LOOKUP,
          ZC_FW_OP_UNKNOWN,
          false,
          fill_lookup },
        { { "masq", "444", 0 }, ZC_FW_OP_NAT, ZC_FW_OP_UNKNOWN, true, fill_masq },
        { { "match", "s4b", A(1) | A(2) | A(3) }, XT_MATCH, ZC_FW_OP_MAYBE, false, NULL },
        { { "meta", "444", A(2) }, ZC_FW_OP_META, ZC_FW_OP_LOAD_ANY, false, fill_meta },
        { { "nat", "4444444", A(1) | A(2) }, ZC_FW_OP_NAT, ZC_FW_OP_UNKNOWN, true, fill_nat },
        { { "notrack", "", 0 }, ZC_FW_OP_NOTRACK, ZC_FW_OP_UNKNOWN, false, NULL },
        { { "numgen", "4444", A(1) }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY, false, fill_any },
        { { "objref", "4s4s4", 0 }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_UNKNOWN, false, fill_objref },
        { { "osf", "414", A(1) }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY, false, fill_any_wide },
        { { "payload", "44444444", A(2) | A(3) | A(4) },
          ZC_FW_OP_PAYLOAD,
          ZC_FW_OP_LOAD_ANY,
          false,
          fill_payload },
        { { "queue", "2224", 0 }, ZC_FW_OP_QUEUE, ZC_FW_OP_UNKNOWN, false, fill_queue },
        { { "quota", "84.8", A(1) }, ZC_FW_OP_MAYBE, ZC_FW_OP_MAYBE, false, NULL },
        { { "range", "44dd", A(1) | A(2) | A(3) | A(4) },
          ZC_FW_OP_RANGE,
          ZC_FW_OP_MAYBE,
          false,
          fill_range },
        { { "redir", "444", 0 }, ZC_FW_OP_NAT, ZC_FW_OP_UNKNOWN, true, fill_redir },
        { { "reject", "41", A(1) }, ZC_FW_OP_REJECT, ZC_FW_OP_UNKNOWN, false, fill_reject },
        { { "rt", "44", A(1) | A(2) }, ZC_FW_OP_RT, ZC_FW_OP_LOAD_ANY, false, fill_rt },
        { { "socket", "444", A(1) | A(2) },
          ZC_FW_OP_SOCKET,
          ZC_FW_OP_LOAD_ANY,
          false,
          fill_socket },
        { { "synproxy", "214", 0 }, ZC_FW_OP_SYNPROXY, ZC_FW_OP_UNKNOWN, true, NULL },
        { { "target", "s4b", A(1) | A(2) | A(3) }, XT_TARGET, ZC_FW_OP_UNKNOWN, false, NULL },
        { { "tproxy", "444", A(1) }, ZC_FW_OP_TPROXY, ZC_FW_OP_UNKNOWN, false, fill_tproxy },
        { { "tunnel", "444", A(2) }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY, false, fill_any_second },
        { { "xfrm", "4414", A(1) }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY, false, fill_any_wide },
};

static const struct row *row_find(struct zc_rd name)
{
        size_t lo = 0, hi = ZC_COUNT(rows);

        while (lo < hi && name.n > 0) {
                size_t mid = (lo + hi) / 2, n = strlen(rows[mid].schema.name);
                int c = memcmp(name.p, rows[mid].schema.name, name.n < n ? name.n : n);

                if (c == 0 && name.n == n)
                        return &rows[mid];
                if (c < 0 || (c == 0 && name.n < n))
                        hi = mid;
                else
                        lo = mid + 1;
        }
        return NULL;
}

/** More is said than we know: what it may be at the worst. A load without a register to name may be anything. */
static void blur(struct zc_fw_op *op, uint8_t kind)
{
        const struct zc_fw_op was = *op;
        const size_t room = was.dreg == ZC_FW_NO_SLOT ? 0 : ZC_FW_REG_BYTES - was.dreg * 4u;

        *op = (struct zc_fw_op){ .kind = kind,
                                 .name = was.name,
                                 .sreg = ZC_FW_NO_SLOT,
                                 .sreg2 = ZC_FW_NO_SLOT,
                                 .dreg = ZC_FW_NO_SLOT,
                                 .dir = ZC_FW_NO_SLOT };
        if (kind != ZC_FW_OP_LOAD_ANY)
                return;
        op->dreg = was.dreg;
        op->len = (uint8_t)(was.len > 4 && was.len <= room ? was.len : room < 16 ? room : 16);
        if (room == 0 || was.kind > ZC_FW_OP_MAYBE)
                op->kind = ZC_FW_OP_UNKNOWN;
}

static void decode_known(const struct fw_place *at, const struct row *row,
                         const struct nft_attrs *a)
{
        struct decoding d = { .at = at, .a = a };
        struct zc_fw_op *op = fw_build_op(at->b, (enum zc_fw_op_kind)row->kind, row->schema.name);
        const struct zc_rd none = { 0 };

        if (!op)
                return;
        if (row->conntrack)
                fw_build_conntrack(at->b, at->family);
        if (row->fill)
                row->fill(&d, op);
        if (a->unknown)
                fw_place_gap(at, ZC_FW_IN_OPS, none, "expression %s: attribute %u",
                             row->schema.name, a->unknown);
        else if (d.strange)
                fw_place_gap(at, ZC_FW_IN_OPS, none, "expression %s: %s", row->schema.name,
                             d.strange);
        if (a->unknown || d.strange)
                blur(op, row->strange);
        else if (d.then)
                fw_build_op(at->b, (enum zc_fw_op_kind)d.then, row->schema.name);
}

/** One that we have no row for, or that is not as its row says. */
static void decode_unknown(const struct fw_place *at, struct zc_rd name, const char *why)
{
        const char *kept = fw_build_text(at->b, name);
        const struct zc_rd words = zc_rd_str(why);

        fw_place_gap(at, ZC_FW_IN_OPS, words, "expression %s%s", kept ? kept : "",
                     *why ? ": " : "");
        if (kept)
                (void)fw_build_op(at->b, ZC_FW_OP_UNKNOWN, kept);
}

static void decode_one(const struct fw_place *at, const struct zc_nft_expr *e)
{
        const struct row *row = row_find(e->name);
        struct zc_err err = { 0 };
        struct nft_attrs a;

        if (!row)
                decode_unknown(at, e->name, "");
        else if (!nft_attrs_parse(&row->schema, e->data, &a, &err))
                decode_unknown(at, e->name, err.text);
        else if (row->kind >= XT_MATCH && !a.unknown)
                decode_xt(at, &a, row->kind == XT_TARGET);
        else
                decode_known(at, row, &a);
}

bool fw_decode_rule(const struct fw_place *at, struct zc_rd expressions, struct zc_err *err)
{
        struct zc_nft_expr e;
        bool bad = false;

        while (zc_nft_expr_next(&expressions, &e, &bad))
                decode_one(at, &e);
        if (bad)
                return zc_fail(err, ZC_E_MALFORMED, "nftables rule: an expression ends early");
        return true;
}

/** Whether one of them may; each is also seen to. */
static bool may_break(const struct fw_place *at, const struct zc_nft_expr *e)
{
        const struct row *row = row_find(e->name);

        if (row && row->conntrack)
                fw_build_conntrack(at->b, at->family);
        return !row || row->kind != ZC_FW_OP_NEUTRAL;
}

bool fw_decode_may_break(const struct fw_place *at, struct zc_rd one, struct zc_rd list)
{
        struct zc_nft_expr e;
        bool bad = false, may = false;

        if (one.n > 0)
                may = !zc_nft_expr_parse(one, &e) || may_break(at, &e);
        while (zc_nft_expr_next(&list, &e, &bad))
                may |= may_break(at, &e);
        return may || bad;
}
