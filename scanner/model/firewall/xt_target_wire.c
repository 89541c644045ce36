/** What iptables' targets do to a packet, out of the structs that the kernel keeps for them. */
#include "xt.h"

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_CONNMARK.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_DSCP.h>
#include <linux/netfilter/xt_MARK.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/netfilter/xt_TPROXY.h>
#include <linux/netfilter/xt_dscp.h>
#include <linux/netfilter_ipv4/ipt_TTL.h>

static const uint8_t zeros[16];

/* ---- refusals ---- */

/** NFT_REJECT_* and its code for each of enum ipt_reject_with, ip6t_reject_with; what answers nothing drops. */
enum { UNREACH, RESET, NO_ANSWER };
static const struct {
        uint8_t type, code;
} rejects[2][9] = {
        { { UNREACH, 0 }, { UNREACH, 1 }, { UNREACH, 2 }, { UNREACH, 3 }, { NO_ANSWER, 0 }, { UNREACH, 9 },
          { UNREACH, 10 }, { RESET, 0 }, { UNREACH, 13 } },
        { { UNREACH, 0 }, { UNREACH, 1 }, { UNREACH, 2 }, { UNREACH, 3 }, { UNREACH, 4 }, { NO_ANSWER, 0 },
          { RESET, 0 }, { UNREACH, 5 }, { UNREACH, 6 } },
};

static bool reject(struct xt *x)
{
        struct zc_fw_op *op;
        uint32_t with;

        if (!zc_rd_u32host(&x->in, &with) || with >= ZC_COUNT(rejects[0]))
                return false;
        if (rejects[x->six][with].type == NO_ANSWER) {
                xt_op(x, ZC_FW_OP_VERDICT)->u.verdict = (struct zc_fw_verdict){ .code = ZC_FW_DROP };
                return true;
        }
        op = xt_op(x, ZC_FW_OP_REJECT);
        op->op = rejects[x->six][with].type;
        op->key = rejects[x->six][with].code;
        return true;
}

/* ---- marks ---- */

static void set_from(struct xt *x, enum zc_fw_op_kind kind, unsigned key)
{
        struct zc_fw_op *op = xt_op(x, kind);

        op->key = (uint8_t)key;
        op->sreg = XT_SLOT;
}

static void set_mark(struct xt *x, uint32_t clear, uint32_t flip)
{
        uint32_t keep = ~clear;

        xt_meta(x, FW_META_MARK, XT_SLOT);
        xt_mask_xor(x, XT_SLOT, &keep, &flip, 4);
        set_from(x, ZC_FW_OP_META_SET, FW_META_MARK);
}

static bool mark(struct xt *x)
{
        struct xt_mark_tginfo2 i;

        if (!zc_rd_copy(&x->in, &i, sizeof(i)))
                return false;
        set_mark(x, i.mask, i.mark);
        return true;
}

/* to = (to & ~clear) ^ (from & taken, shifted) */
static void copy_mark(struct xt *x, const struct xt_connmark_tginfo2 *i, bool save)
{
        uint32_t taken = save ? i->nfmask : i->ctmask, keep = ~(save ? i->ctmask : i->nfmask);

        xt_ct(x, FW_CT_MARK, ZC_FW_NO_SLOT, save ? XT_SLOT : XT_SECOND);
        xt_meta(x, FW_META_MARK, save ? XT_SECOND : XT_SLOT);
        xt_mask_xor(x, XT_SECOND, &taken, zeros, 4);
        if (i->shift_bits)
                xt_shift(x, XT_SECOND, i->shift_dir == D_SHIFT_LEFT, i->shift_bits);
        xt_mask_xor(x, XT_SLOT, &keep, zeros, 4);
        xt_combine(x, ZC_FW_BIT_XOR, XT_SLOT, XT_SECOND);
        set_from(x, save ? ZC_FW_OP_CT_SET : ZC_FW_OP_META_SET, save ? FW_CT_MARK : FW_META_MARK);
}

static bool connmark(struct xt *x)
{
        struct xt_connmark_tginfo1 old;
        struct xt_connmark_tginfo2 i;
        uint32_t keep;

        if (x->revision == 1) {
                if (!zc_rd_copy(&x->in, &old, sizeof(old)))
                        return false;
                i = (struct xt_connmark_tginfo2){ old.ctmark, old.ctmask, old.nfmask, 0, 0, old.mode };
        } else if (!zc_rd_copy(&x->in, &i, sizeof(i))) {
                return false;
        }
        if (i.mode > XT_CONNMARK_RESTORE || i.shift_bits > 31)
                return false;
        if (i.mode != XT_CONNMARK_SET) {
                copy_mark(x, &i, i.mode == XT_CONNMARK_SAVE);
                return true;
        }
        keep = ~i.ctmask;
        xt_ct(x, FW_CT_MARK, ZC_FW_NO_SLOT, XT_SLOT);
        xt_mask_xor(x, XT_SLOT, &keep, &i.ctmark, 4);
        if (i.shift_bits)
                xt_shift(x, XT_SLOT, i.shift_dir == D_SHIFT_LEFT, i.shift_bits);
        set_from(x, ZC_FW_OP_CT_SET, FW_CT_MARK);
        return true;
}

/* ---- connection tracking ---- */

static bool notrack(struct xt *x)
{
        (void)xt_op(x, ZC_FW_OP_NOTRACK);
        return true;
}

static bool ct(struct xt *x)
{
        uint16_t flags; /* struct xt_ct_target_info begins with them */

        if (!zc_rd_u16host(&x->in, &flags) || x->in.n < offsetof(struct xt_ct_target_info, ct) - 2)
                return false;
        (void)xt_op(x, flags & XT_CT_NOTRACK ? ZC_FW_OP_NOTRACK : ZC_FW_OP_NEUTRAL);
        return true;
}

static bool synproxy(struct xt *x)
{
        (void)xt_op(x, ZC_FW_OP_SYNPROXY);
        return true;
}

/* ---- translation ---- */

/* What the older structs say, in the newest: only the first of several ranges was ever used. */
static bool range_read(struct xt *x, bool old, struct nf_nat_range2 *out)
{
        struct nf_nat_ipv4_multi_range_compat multi;

        if (!old)
                return zc_rd_copy(&x->in, out,
                                  x->revision == 2 ? sizeof(*out) : sizeof(struct nf_nat_range));
        if (!zc_rd_copy(&x->in, &multi, sizeof(multi)) || multi.rangesize != 1)
                return false;
        out->flags = multi.range[0].flags;
        out->min_addr.ip = multi.range[0].min_ip;
        out->max_addr.ip = multi.range[0].max_ip;
        out->min_proto = multi.range[0].min;
        out->max_proto = multi.range[0].max;
        return true;
}

static bool translate(struct xt *x, enum zc_fw_nat kind, bool old)
{
        struct nf_nat_range2 r = { .flags = 0 };
        unsigned n = x->six ? 16 : 4;
        struct zc_fw_op *op;
        bool addr, port;

        if (!range_read(x, old, &r))
                return false;
        addr = (r.flags & NF_NAT_RANGE_MAP_IPS) && (kind == ZC_FW_SNAT || kind == ZC_FW_DNAT);
        port = r.flags & NF_NAT_RANGE_PROTO_SPECIFIED;
        if (addr) {
                xt_immediate(x, XT_ADDR_MIN, &r.min_addr, n);
                xt_immediate(x, XT_ADDR_MAX, &r.max_addr, n);
        }
        if (port) {
                xt_immediate(x, XT_SLOT, &r.min_proto.all, 2);
                xt_immediate(x, XT_SECOND, &r.max_proto.all, 2);
        }
        op = xt_op(x, ZC_FW_OP_NAT);
        op->op = (uint8_t)kind;
        op->dir = x->six ? ZC_FW_IP6 : ZC_FW_IP;
        op->flags = r.flags;
        op->u.nat.addr_min = addr ? XT_ADDR_MIN : ZC_FW_NO_SLOT;
        op->u.nat.addr_max = addr ? XT_ADDR_MAX : ZC_FW_NO_SLOT;
        op->u.nat.port_min = port ? XT_SLOT : ZC_FW_NO_SLOT;
        op->u.nat.port_max = port ? XT_SECOND : ZC_FW_NO_SLOT;
        return true;
}

static bool dnat(struct xt *x)
{
        return translate(x, ZC_FW_DNAT, x->revision == 0);
}

static bool snat(struct xt *x)
{
        return translate(x, ZC_FW_SNAT, x->revision == 0);
}

static bool redirect(struct xt *x)
{
        return translate(x, ZC_FW_REDIR, !x->six);
}

static bool masquerade(struct xt *x)
{
        return translate(x, ZC_FW_MASQ, !x->six);
}

/* ---- to a program ---- */

static bool nfqueue(struct xt *x)
{
        static const size_t sizes[] = { sizeof(struct xt_NFQ_info), sizeof(struct xt_NFQ_info_v1),
                                        sizeof(struct xt_NFQ_info_v2), sizeof(struct xt_NFQ_info_v3) };
        struct xt_NFQ_info_v3 i = { 0 };
        struct zc_fw_op *op;

        if (!zc_rd_copy(&x->in, &i, sizes[x->revision & 3]))
                return false;
        op = xt_op(x, ZC_FW_OP_QUEUE);
        op->amount = i.queuenum;
        op->flags = i.flags & NFQ_FLAG_BYPASS;
        return true;
}

/* Without a socket that takes the packet it is dropped, unlike nftables' own. */
static bool tproxy(struct xt *x)
{
        struct xt_tproxy_target_info_v1 i;

        if (!zc_rd_copy(&x->in, &i,
                        x->revision == 0 ? sizeof(struct xt_tproxy_target_info) : sizeof(i)))
                return false;
        set_mark(x, i.mark_mask, i.mark_value);
        (void)xt_op(x, ZC_FW_OP_QUEUE);
        return true;
}

/* ---- the IP header ---- */

static void write_header(struct xt *x, unsigned offset, unsigned len)
{
        struct zc_fw_op *op = xt_op(x, ZC_FW_OP_PAYLOAD_SET);

        op->key = ZC_FW_BASE_NETWORK;
        op->sreg = XT_SLOT;
        op->offset = (uint16_t)offset;
        op->len = (uint8_t)len;
}

static bool hop_limit(struct xt *x)
{
        struct ipt_TTL_info i; /* as struct ip6t_HL_info */

        if (!zc_rd_copy(&x->in, &i, sizeof(i)) || i.mode > IPT_TTL_MAXMODE)
                return false;
        if (i.mode == IPT_TTL_SET) {
                xt_immediate(x, XT_SLOT, &i.ttl, 1);
        } else {
                struct zc_fw_op *op = xt_op(x, ZC_FW_OP_LOAD_ANY);

                op->dreg = XT_SLOT;
                op->len = 1;
        }
        write_header(x, x->six ? 7 : 8, 1);
        return true;
}

/* The second byte of IPv4; in IPv6 it lies across the first two. */
static void set_class(struct xt *x, uint8_t clear, uint8_t flip)
{
        uint8_t keep[2] = { (uint8_t)~clear }, value[2] = { flip };
        unsigned n = x->six ? 2 : 1, at = x->six ? 0 : 1;

        if (x->six) {
                xt_be16(keep, 0xffff & ~((unsigned)clear << 4));
                xt_be16(value, (unsigned)flip << 4);
        }
        xt_payload(x, ZC_FW_BASE_NETWORK, at, n);
        xt_mask_xor(x, XT_SLOT, keep, value, n);
        write_header(x, at, n);
}

static bool dscp(struct xt *x)
{
        struct xt_DSCP_info i;

        if (!zc_rd_copy(&x->in, &i, sizeof(i)) || i.dscp > XT_DSCP_MAX)
                return false;
        set_class(x, XT_DSCP_MASK, (uint8_t)(i.dscp << XT_DSCP_SHIFT));
        return true;
}

static bool tos(struct xt *x)
{
        struct xt_tos_target_info i;

        if (!zc_rd_copy(&x->in, &i, sizeof(i)))
                return false;
        set_class(x, i.tos_mask, i.tos_value);
        return true;
}

/* Without a function: the packet goes on as it is. */
const struct xt_row xt_targets[] = {
        { "AUDIT", 0, 0, XT_BOTH, NULL },
        { "CHECKSUM", 0, 0, XT_BOTH, NULL },
        { "CLASSIFY", 0, 0, XT_BOTH, NULL },
        { "CONNMARK", 1, 2, XT_BOTH, connmark },
        { "CONNSECMARK", 0, 0, XT_BOTH, NULL },
        { "CT", 0, 2, XT_BOTH, ct },
        { "DNAT", 0, 0, XT_V4, dnat },
        { "DNAT", 1, 2, XT_BOTH, dnat },
        { "DSCP", 0, 0, XT_BOTH, dscp },
        { "HL", 0, 0, XT_V6, hop_limit },
        { "IDLETIMER", 0, 1, XT_BOTH, NULL },
        { "LED", 0, 0, XT_BOTH, NULL },
        { "LOG", 0, 0, XT_BOTH, NULL },
        { "MARK", 2, 2, XT_BOTH, mark },
        { "MASQUERADE", 0, 0, XT_BOTH, masquerade },
        { "NFLOG", 0, 0, XT_BOTH, NULL },
        { "NFQUEUE", 0, 3, XT_BOTH, nfqueue },
        { "NOTRACK", 0, 0, XT_BOTH, notrack },
        { "RATEEST", 0, 0, XT_BOTH, NULL },
        { "REDIRECT", 0, 0, XT_BOTH, redirect },
        { "REJECT", 0, 0, XT_BOTH, reject },
        { "SECMARK", 0, 1, XT_BOTH, NULL },
        { "SNAT", 0, 0, XT_V4, snat },
        { "SNAT", 1, 2, XT_BOTH, snat },
        { "SYNPROXY", 0, 0, XT_BOTH, synproxy },
        { "TCPMSS", 0, 0, XT_BOTH, NULL },
        { "TCPOPTSTRIP", 0, 0, XT_BOTH, NULL },
        { "TEE", 0, 1, XT_BOTH, NULL },
        { "TOS", 1, 1, XT_BOTH, tos },
        { "TPROXY", 0, 1, XT_BOTH, tproxy },
        { "TRACE", 0, 0, XT_BOTH, NULL },
        { "TTL", 0, 0, XT_V4, hop_limit },
        { "ULOG", 0, 0, XT_V4, NULL },
};
const size_t xt_target_count = ZC_COUNT(xt_targets);
