/**
 * From nftables' expressions to the model's ops. A row per expression: its schema on the wire, the op it becomes, what it becomes when
 * it says something that we do not know, and what fills the op. What is not understood is told, and stands in the ops as what may be.
 */
#include "decode_fill.h"

#include <linux/netfilter/nf_tables.h>
#include <stdarg.h>
#include <string.h>

#include "ipset.h"
#include "nft_wire.h"
#include "zc/netlink.h"
#include "zc/text.h"

#define A(n) NFT_BIT(n)

/* Kinds of rows that are no ops: iptables' code, which others put into ops. */
enum { XT_MATCH = 200, XT_TARGET };

struct row {
        struct nft_schema schema;
        uint8_t kind;    /* enum zc_fw_op_kind */
        uint8_t strange; /* what it is when it says more than we know: LOAD_ANY, MAYBE, UNKNOWN */
        bool conntrack;  /* its presence alone turns connection tracking on */
        void (*fill)(struct fw_decoding *d, struct zc_fw_op *op);
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
        if (at->b->ipsets && zc_rd_is(name, target ? "SET" : "set")) {
                (target ? fw_ipset_target : fw_ipset_match)(at, a->bytes[3], (uint32_t)a->number[2]);
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
          fw_fill_bitwise },
        { { "byteorder", "44444", A(1) | A(2) | A(3) | A(4) | A(5) },
          ZC_FW_OP_BYTEORDER,
          ZC_FW_OP_LOAD_ANY,
          false,
          fw_fill_byteorder },
        { { "cmp", "44d", A(1) | A(2) | A(3) }, ZC_FW_OP_CMP, ZC_FW_OP_MAYBE, false, fw_fill_cmp },
        { { "connlimit", "44", A(1) }, ZC_FW_OP_MAYBE, ZC_FW_OP_MAYBE, true, NULL },
        { { "counter", "88.", 0 }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_MAYBE, false, NULL },
        { { "ct", "4414", A(2) }, ZC_FW_OP_CT, ZC_FW_OP_LOAD_ANY, true, fw_fill_ct },
        { { "dup", "44", 0 }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_MAYBE, false, NULL },
        { { "dynset", "s44448n.4n", A(1) | A(3) | A(4) },
          ZC_FW_OP_DYNSET,
          ZC_FW_OP_UNKNOWN,
          false,
          fw_fill_dynset },
        { { "exthdr", "4144444", A(2) | A(3) | A(4) },
          ZC_FW_OP_EXTHDR,
          ZC_FW_OP_LOAD_ANY,
          false,
          fw_fill_exthdr },
        { { "fib", "444", A(1) | A(2) | A(3) },
          ZC_FW_OP_FIB,
          ZC_FW_OP_LOAD_ANY,
          false,
          fw_fill_fib },
        { { "flow_offload", "s", 0 }, ZC_FW_OP_MAYBE, ZC_FW_OP_UNKNOWN, true, NULL },
        { { "fwd", "444", A(1) }, ZC_FW_OP_FWD, ZC_FW_OP_UNKNOWN, false, NULL },
        { { "hash", "4444444s4", A(2) },
          ZC_FW_OP_LOAD_ANY,
          ZC_FW_OP_LOAD_ANY,
          false,
          fw_fill_any_second },
        { { "immediate", "4d", A(1) | A(2) },
          ZC_FW_OP_IMMEDIATE,
          ZC_FW_OP_UNKNOWN,
          false,
          fw_fill_immediate },
        { { "inner", "4444n", A(5) }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY, false, fw_fill_inner },
        { { "last", "48.", 0 }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_MAYBE, false, NULL },
        { { "limit", "88444.", A(1) | A(2) }, ZC_FW_OP_MAYBE, ZC_FW_OP_MAYBE, false, NULL },
        { { "log", "2s4244", 0 }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_MAYBE, false, NULL },
        { { "lookup", "s4444", A(1) | A(2) },
          ZC_FW_OP_LOOKUP,
          ZC_FW_OP_UNKNOWN,
          false,
          fw_fill_lookup },
        { { "masq", "444", 0 }, ZC_FW_OP_NAT, ZC_FW_OP_UNKNOWN, true, fw_fill_masq },
        { { "match", "s4b", A(1) | A(2) | A(3) }, XT_MATCH, ZC_FW_OP_MAYBE, false, NULL },
        { { "meta", "444", A(2) }, ZC_FW_OP_META, ZC_FW_OP_LOAD_ANY, false, fw_fill_meta },
        { { "nat", "4444444", A(1) | A(2) }, ZC_FW_OP_NAT, ZC_FW_OP_UNKNOWN, true, fw_fill_nat },
        { { "notrack", "", 0 }, ZC_FW_OP_NOTRACK, ZC_FW_OP_UNKNOWN, false, NULL },
        { { "numgen", "4444", A(1) }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY, false, fw_fill_any },
        { { "objref", "4s4s4", 0 }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_UNKNOWN, false, fw_fill_objref },
        { { "osf", "414", A(1) }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY, false, fw_fill_any_wide },
        { { "payload", "44444444", A(2) | A(3) | A(4) },
          ZC_FW_OP_PAYLOAD,
          ZC_FW_OP_LOAD_ANY,
          false,
          fw_fill_payload },
        { { "queue", "2224", 0 }, ZC_FW_OP_QUEUE, ZC_FW_OP_UNKNOWN, false, fw_fill_queue },
        { { "quota", "84.8", A(1) }, ZC_FW_OP_MAYBE, ZC_FW_OP_MAYBE, false, NULL },
        { { "range", "44dd", A(1) | A(2) | A(3) | A(4) },
          ZC_FW_OP_RANGE,
          ZC_FW_OP_MAYBE,
          false,
          fw_fill_range },
        { { "redir", "444", 0 }, ZC_FW_OP_NAT, ZC_FW_OP_UNKNOWN, true, fw_fill_redir },
        { { "reject", "41", A(1) }, ZC_FW_OP_REJECT, ZC_FW_OP_UNKNOWN, false, fw_fill_reject },
        { { "rt", "44", A(1) | A(2) }, ZC_FW_OP_RT, ZC_FW_OP_LOAD_ANY, false, fw_fill_rt },
        { { "socket", "444", A(1) | A(2) },
          ZC_FW_OP_SOCKET,
          ZC_FW_OP_LOAD_ANY,
          false,
          fw_fill_socket },
        { { "synproxy", "214", 0 }, ZC_FW_OP_SYNPROXY, ZC_FW_OP_UNKNOWN, true, NULL },
        { { "target", "s4b", A(1) | A(2) | A(3) }, XT_TARGET, ZC_FW_OP_UNKNOWN, false, NULL },
        { { "tproxy", "444", A(1) }, ZC_FW_OP_TPROXY, ZC_FW_OP_UNKNOWN, false, fw_fill_tproxy },
        { { "tunnel", "444", A(2) },
          ZC_FW_OP_LOAD_ANY,
          ZC_FW_OP_LOAD_ANY,
          false,
          fw_fill_any_second },
        { { "xfrm", "4414", A(1) }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY, false, fw_fill_any_wide },
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

/** nft_nat_init() asks for the family that it translates, whatever the table's. */
static enum zc_fw_family conntrack_of(const struct fw_place *at, const struct zc_fw_op *op)
{
        if (op->kind == ZC_FW_OP_NAT && (op->dir == ZC_FW_IP || op->dir == ZC_FW_IP6))
                return (enum zc_fw_family)op->dir;
        return at->family;
}

static void decode_known(const struct fw_place *at, const struct row *row,
                         const struct nft_attrs *a)
{
        struct fw_decoding d = { .at = at, .a = a };
        struct zc_fw_op *op = fw_build_op(at->b, (enum zc_fw_op_kind)row->kind, row->schema.name);
        const struct zc_rd none = { 0 };

        if (!op)
                return;
        if (row->fill)
                row->fill(&d, op);
        if (row->conntrack)
                fw_build_conntrack(at->b, conntrack_of(at, op));
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
