/** What iptables' matches ask of a packet, out of the structs that the kernel keeps for them (linux/netfilter/xt_*.h, in host order). */
#include "xt.h"

#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_dscp.h>
#include <linux/netfilter/xt_iprange.h>
#include <linux/netfilter/xt_length.h>
#include <linux/netfilter/xt_mac.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_pkttype.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ipt_ttl.h>

static const uint8_t zeros[16];

/* ---- ports ---- */

static void port_range(struct xt *x, unsigned offset, const uint16_t range[2], bool invert)
{
        if (range[0] == 0 && range[1] == UINT16_MAX && !invert)
                return;
        xt_payload(x, ZC_FW_BASE_TRANSPORT, offset, 2);
        xt_ports_between(x, range[0], range[1], invert);
}

static void tcp_option(struct xt *x, uint8_t option, bool invert)
{
        struct zc_fw_op *op = xt_op(x, ZC_FW_OP_EXTHDR);
        uint8_t there = 1;

        op->op = 1;    /* NFT_EXTHDR_OP_TCPOPT */
        op->flags = 1; /* NFT_EXTHDR_F_PRESENT */
        op->key = option;
        op->dreg = XT_SLOT;
        op->len = 1;
        xt_equals(x, &there, 1, invert);
}

static bool tcp(struct xt *x)
{
        struct xt_tcp i;

        if (!zc_rd_copy(&x->in, &i, sizeof(i)))
                return false;
        port_range(x, 0, i.spts, i.invflags & XT_TCP_INV_SRCPT);
        port_range(x, 2, i.dpts, i.invflags & XT_TCP_INV_DSTPT);
        if (i.flg_mask || i.flg_cmp || (i.invflags & XT_TCP_INV_FLAGS)) {
                xt_payload(x, ZC_FW_BASE_TRANSPORT, 13, 1);
                xt_mask_xor(x, XT_SLOT, &i.flg_mask, zeros, 1);
                xt_equals(x, &i.flg_cmp, 1, i.invflags & XT_TCP_INV_FLAGS);
        }
        if (i.option)
                tcp_option(x, i.option, i.invflags & XT_TCP_INV_OPTION);
        return true;
}

static bool udp(struct xt *x)
{
        struct xt_udp i;

        if (!zc_rd_copy(&x->in, &i, sizeof(i)))
                return false;
        port_range(x, 0, i.spts, i.invflags & XT_UDP_INV_SRCPT);
        port_range(x, 2, i.dpts, i.invflags & XT_UDP_INV_DSTPT);
        return true;
}

struct span {
        unsigned lo, hi;
};

/* Sorted, and joined where they touch. */
static size_t join(struct span *s, size_t n)
{
        size_t out = 0;

        for (size_t i = 1; i < n; i++) {
                for (size_t k = i; k > 0 && s[k].lo < s[k - 1].lo; k--) {
                        struct span t = s[k];

                        s[k] = s[k - 1];
                        s[k - 1] = t;
                }
        }
        for (size_t i = 0; i < n; i++) {
                if (out > 0 && s[i].lo <= s[out - 1].hi + 1) {
                        if (s[i].hi > s[out - 1].hi)
                                s[out - 1].hi = s[i].hi;
                } else {
                        s[out++] = s[i];
                }
        }
        return out;
}

static void one_side(struct xt *x, const struct span *s, size_t n, unsigned offset, bool invert)
{
        struct zc_fw_set *set;
        uint8_t *lo, *hi;

        xt_payload(x, ZC_FW_BASE_TRANSPORT, offset, 2);
        if (!(set = xt_lookup(x, 2, n, invert, &lo, &hi)))
                return;
        set->count = n;
        for (size_t i = 0; i < n; i++) {
                xt_be16(lo + 2 * i, s[i].lo);
                xt_be16(hi + 2 * i, s[i].hi);
        }
}

/* The one port is in a range, or the other is: a concatenation of both, each range in either place. */
static void either_side(struct xt *x, const struct span *s, size_t n, bool invert)
{
        static const uint8_t fields[] = { 2, 2 };
        struct zc_fw_set *set;
        uint8_t *lo, *hi;

        xt_payload(x, ZC_FW_BASE_TRANSPORT, 2, 2);
        if (!x->failed)
                x->ops->list[x->ops->count - 1].dreg = XT_SECOND;
        xt_payload(x, ZC_FW_BASE_TRANSPORT, 0, 2);
        if (!(set = xt_lookup(x, 8, 2 * n, invert, &lo, &hi)))
                return;
        set->ordered = true;
        set->fields = fields;
        set->field_count = ZC_COUNT(fields);
        set->count = 2 * n;
        for (size_t i = 0; i < 2 * n; i++, lo += 8, hi += 8) {
                size_t here = i % 2 * 4;

                xt_be16(lo + here, s[i / 2].lo);
                xt_be16(hi + here, s[i / 2].hi);
                xt_be16(hi + (4 - here), UINT16_MAX);
        }
}

static bool multiport(struct xt *x)
{
        struct xt_multiport_v1 i = { .count = 0 };
        struct span spans[XT_MULTI_PORTS];
        size_t n = 0;

        if (!zc_rd_copy(&x->in, &i, x->revision == 0 ? sizeof(struct xt_multiport) : sizeof(i)) ||
            i.count > XT_MULTI_PORTS)
                return false;
        for (unsigned p = 0; p < i.count; p++) {
                spans[n].lo = spans[n].hi = i.ports[p];
                if (i.pflags[p]) {
                        if (++p == i.count)
                                return false;
                        spans[n].hi = i.ports[p];
                }
                n += spans[n].lo <= spans[n].hi;
        }
        n = join(spans, n);
        if (i.flags == XT_MULTIPORT_EITHER)
                either_side(x, spans, n, i.invert);
        else if (i.flags <= XT_MULTIPORT_DESTINATION)
                one_side(x, spans, n, i.flags == XT_MULTIPORT_SOURCE ? 0 : 2, i.invert);
        else
                return false;
        return true;
}

/* ---- ICMP ---- */

static bool icmp(struct xt *x)
{
        uint8_t i[4]; /* struct ipt_icmp, ip6t_icmp: type, least and greatest code, invert */
        uint8_t lo[2], hi[2];

        if (!zc_rd_copy(&x->in, i, sizeof(i)))
                return false;
        if (i[0] == 0xff && !x->six) {
                if (i[3] & 1)
                        xt_never(x);
                return true;
        }
        memcpy(lo, i, 2);
        hi[0] = i[0];
        hi[1] = i[2];
        if (lo[1] > hi[1]) {
                if (!(i[3] & 1))
                        xt_never(x);
                return true;
        }
        xt_payload(x, ZC_FW_BASE_TRANSPORT, 0, 2);
        xt_between(x, lo, hi, 2, i[3] & 1);
        return true;
}

/* ---- addresses ---- */

static void load_address(struct xt *x, bool dst)
{
        if (x->six)
                xt_payload(x, ZC_FW_BASE_NETWORK, dst ? 24 : 8, 16);
        else
                xt_payload(x, ZC_FW_BASE_NETWORK, dst ? 16 : 12, 4);
}

static void type_in(struct xt *x, bool dst, unsigned types, uint32_t device, bool invert)
{
        struct zc_fw_op *fib = xt_op(x, ZC_FW_OP_FIB);
        struct zc_fw_set *set;
        uint8_t *lo, *hi;

        fib->key = FW_FIB_ADDRTYPE;
        fib->flags = (dst ? FW_FIB_F_DADDR : FW_FIB_F_SADDR) | device;
        fib->dreg = XT_SLOT;
        if (!(set = xt_lookup(x, 4, 16, invert, &lo, &hi)))
                return;
        for (uint32_t type = 0; type < 16; type++) {
                if (!(types >> type & 1))
                        continue;
                memcpy(lo + 4 * set->count, &type, 4);
                set->count++;
        }
        set->hi = set->lo;
}

/* xt_addrtype's match_type6: multicast and unicast are read off the address, and the three others ask its route; all that are named must hold. */
static void type6(struct xt *x, bool dst, unsigned types, uint32_t device, bool invert)
{
        static const uint8_t multicast[16] = { 0xff };
        const unsigned routed = XT_ADDRTYPE_LOCAL | XT_ADDRTYPE_ANYCAST | XT_ADDRTYPE_UNREACHABLE;
        unsigned asked =
                types & (routed | XT_ADDRTYPE_MULTICAST | XT_ADDRTYPE_UNICAST | XT_ADDRTYPE_UNSPEC);
        unsigned refused = XT_ADDRTYPE_BLACKHOLE | XT_ADDRTYPE_PROHIBIT | XT_ADDRTYPE_THROW;

        if (asked == 0) {
                if (invert)
                        xt_never(x);
        } else if (!(asked & ~routed)) {
                type_in(x, dst, asked | (asked & XT_ADDRTYPE_UNREACHABLE ? refused : 0), device,
                        invert);
        } else if (asked == XT_ADDRTYPE_MULTICAST) {
                load_address(x, dst);
                xt_mask_xor(x, XT_SLOT, multicast, zeros, 16);
                xt_equals(x, multicast, 16, invert);
        } else if (asked == XT_ADDRTYPE_UNICAST && !invert) {
                load_address(x, dst);
                xt_equals(x, zeros, 16, true);
                xt_mask_xor(x, XT_SLOT, multicast, zeros, 16);
                xt_equals(x, multicast, 16, true);
        } else if (asked == XT_ADDRTYPE_UNSPEC) {
                load_address(x, dst);
                xt_equals(x, zeros, 16, invert);
        } else {
                xt_maybe(x);
        }
}

static bool addrtype(struct xt *x)
{
        struct xt_addrtype_info old;
        struct xt_addrtype_info_v1 i;
        uint32_t device;

        if (x->revision == 0) {
                if (!zc_rd_copy(&x->in, &old, sizeof(old)))
                        return false;
                i = (struct xt_addrtype_info_v1){
                        old.source, old.dest,
                        (old.invert_source ? XT_ADDRTYPE_INVERT_SOURCE : 0u) |
                                (old.invert_dest ? XT_ADDRTYPE_INVERT_DEST : 0u)
                };
        } else if (!zc_rd_copy(&x->in, &i, sizeof(i))) {
                return false;
        }
        device = i.flags & XT_ADDRTYPE_LIMIT_IFACE_IN    ? FW_FIB_F_IIF
                 : i.flags & XT_ADDRTYPE_LIMIT_IFACE_OUT ? FW_FIB_F_OIF
                                                         : 0u;
        if (i.source)
                (x->six ? type6 : type_in)(x, false, i.source, device,
                                           i.flags & XT_ADDRTYPE_INVERT_SOURCE);
        if (i.dest)
                (x->six ? type6 : type_in)(x, true, i.dest, device,
                                           i.flags & XT_ADDRTYPE_INVERT_DEST);
        return true;
}

static bool iprange(struct xt *x)
{
        struct xt_iprange_mtinfo i;

        if (!zc_rd_copy(&x->in, &i, sizeof(i)))
                return false;
        if (i.flags & IPRANGE_SRC) {
                load_address(x, false);
                xt_between(x, &i.src_min, &i.src_max, x->six ? 16 : 4, i.flags & IPRANGE_SRC_INV);
        }
        if (i.flags & IPRANGE_DST) {
                load_address(x, true);
                xt_between(x, &i.dst_min, &i.dst_max, x->six ? 16 : 4, i.flags & IPRANGE_DST_INV);
        }
        return true;
}

static bool mac(struct xt *x)
{
        const uint16_t ether = FW_ARPHRD_ETHER;
        struct xt_mac_info i;

        if (!zc_rd_copy(&x->in, &i, sizeof(i)))
                return false;
        xt_meta(x, FW_META_IIFTYPE, XT_SLOT);
        xt_equals(x, &ether, 2, false);
        xt_payload(x, ZC_FW_BASE_LINK, 6, 6);
        xt_equals(x, i.srcaddr, 6, i.invert);
        return true;
}

/* ---- marks ---- */

static bool mark_read(struct xt *x, struct xt_mark_mtinfo1 *i)
{
        struct {
                unsigned long mark, mask;
                uint8_t invert;
        } old;

        if (x->revision > 0)
                return zc_rd_copy(&x->in, i, sizeof(*i));
        if (!zc_rd_copy(&x->in, &old, sizeof(old)))
                return false;
        *i = (struct xt_mark_mtinfo1){ (uint32_t)old.mark, (uint32_t)old.mask, old.invert };
        return true;
}

static bool mark(struct xt *x)
{
        struct xt_mark_mtinfo1 i;

        if (!mark_read(x, &i))
                return false;
        xt_meta(x, FW_META_MARK, XT_SLOT);
        xt_bits_of_number(x, XT_SLOT, i.mask);
        xt_equals(x, &i.mark, 4, i.invert);
        return true;
}

static bool connmark(struct xt *x)
{
        struct xt_mark_mtinfo1 i; /* as struct xt_connmark_mtinfo1 */

        if (!mark_read(x, &i))
                return false;
        xt_ct(x, FW_CT_MARK, ZC_FW_NO_SLOT, XT_SLOT);
        xt_bits_of_number(x, XT_SLOT, i.mask);
        xt_equals(x, &i.mark, 4, i.invert);
        return true;
}

/* ---- the IP header ---- */

static bool hop_limit(struct xt *x)
{
        static const uint8_t ops[] = { [IPT_TTL_EQ] = ZC_FW_EQ,
                                       [IPT_TTL_NE] = ZC_FW_NE,
                                       [IPT_TTL_LT] = ZC_FW_LT,
                                       [IPT_TTL_GT] = ZC_FW_GT };
        struct ipt_ttl_info i; /* as struct ip6t_hl_info */

        if (!zc_rd_copy(&x->in, &i, sizeof(i)) || i.mode >= ZC_COUNT(ops))
                return false;
        xt_payload(x, ZC_FW_BASE_NETWORK, x->six ? 7 : 8, 1);
        xt_compare(x, ops[i.mode], &i.ttl, 1);
        return true;
}

static bool routing_header(struct xt *x)
{
        struct zc_fw_op *op = xt_op(x, ZC_FW_OP_EXTHDR);
        uint8_t there = 1;

        op->op = 0;    /* NFT_EXTHDR_OP_IPV6 */
        op->flags = 1; /* NFT_EXTHDR_F_PRESENT */
        op->key = 43;
        op->dreg = XT_SLOT;
        op->len = 1;
        xt_equals(x, &there, 1, false);
        xt_maybe(x);
        return true;
}

static bool pkttype(struct xt *x)
{
        struct xt_pkttype_info i;
        uint8_t type;

        if (!zc_rd_copy(&x->in, &i, sizeof(i)))
                return false;
        type = (uint8_t)i.pkttype;
        xt_meta(x, FW_META_PKTTYPE, XT_SLOT);
        xt_equals(x, &type, 1, i.invert);
        return true;
}

/* In IPv6 the header counts, which its own length field leaves out. */
static bool length(struct xt *x)
{
        struct xt_length_info i;
        unsigned header = x->six ? 40 : 0;

        if (!zc_rd_copy(&x->in, &i, sizeof(i)))
                return false;
        if (i.max < header || i.min > i.max) {
                if (!i.invert)
                        xt_never(x);
                return true;
        }
        xt_payload(x, ZC_FW_BASE_NETWORK, x->six ? 4 : 2, 2);
        xt_ports_between(x, i.min < header ? 0 : i.min - header, i.max - header, i.invert);
        return true;
}

/* The second byte of IPv4; in IPv6 it lies across the first two. */
static void traffic_class(struct xt *x, uint8_t mask, uint8_t value, bool invert)
{
        uint8_t m[2], v[2];

        if (!x->six) {
                xt_payload(x, ZC_FW_BASE_NETWORK, 1, 1);
                xt_mask_xor(x, XT_SLOT, &mask, zeros, 1);
                xt_equals(x, &value, 1, invert);
                return;
        }
        xt_be16(m, (unsigned)mask << 4);
        xt_be16(v, (unsigned)value << 4);
        xt_payload(x, ZC_FW_BASE_NETWORK, 0, 2);
        xt_mask_xor(x, XT_SLOT, m, zeros, 2);
        xt_equals(x, v, 2, invert);
}

static bool dscp(struct xt *x)
{
        struct xt_dscp_info i;

        if (!zc_rd_copy(&x->in, &i, sizeof(i)) || i.dscp > XT_DSCP_MAX)
                return false;
        traffic_class(x, XT_DSCP_MASK, (uint8_t)(i.dscp << XT_DSCP_SHIFT), i.invert);
        return true;
}

static bool tos(struct xt *x)
{
        struct xt_tos_match_info i;

        if (!zc_rd_copy(&x->in, &i, sizeof(i)))
                return false;
        traffic_class(x, i.tos_mask, i.tos_value, i.invert);
        return true;
}

static bool nothing(struct xt *x)
{
        (void)x;
        return true;
}

/* Without a function: what it asks is known, and not of the model. ipset's sets are not read, so `set` is none of them. */
const struct xt_row xt_matches[] = {
        { "addrtype", 0, 0, XT_V4, addrtype },   { "addrtype", 1, 1, XT_BOTH, addrtype },
        { "ah", 0, 0, XT_BOTH, NULL },           { "bpf", 0, 1, XT_BOTH, NULL },
        { "cgroup", 0, 2, XT_BOTH, NULL },       { "cluster", 0, 0, XT_BOTH, NULL },
        { "comment", 0, 0, XT_BOTH, nothing },   { "connbytes", 0, 0, XT_BOTH, NULL },
        { "connlabel", 0, 0, XT_BOTH, NULL },    { "connlimit", 0, 1, XT_BOTH, NULL },
        { "connmark", 0, 1, XT_BOTH, connmark }, { "conntrack", 1, 3, XT_BOTH, xt_conntrack },
        { "cpu", 0, 0, XT_BOTH, NULL },          { "dccp", 0, 0, XT_BOTH, NULL },
        { "devgroup", 0, 0, XT_BOTH, NULL },     { "dscp", 0, 0, XT_BOTH, dscp },
        { "ecn", 0, 0, XT_BOTH, NULL },          { "esp", 0, 0, XT_BOTH, NULL },
        { "frag", 0, 0, XT_V6, NULL },           { "hashlimit", 1, 3, XT_BOTH, NULL },
        { "helper", 0, 0, XT_BOTH, NULL },       { "hl", 0, 0, XT_V6, hop_limit },
        { "icmp", 0, 0, XT_V4, icmp },           { "icmp6", 0, 0, XT_V6, icmp },
        { "iprange", 1, 1, XT_BOTH, iprange },   { "length", 0, 0, XT_BOTH, length },
        { "limit", 0, 0, XT_BOTH, NULL },        { "mac", 0, 0, XT_BOTH, mac },
        { "mark", 0, 1, XT_BOTH, mark },         { "multiport", 0, 1, XT_BOTH, multiport },
        { "nfacct", 0, 1, XT_BOTH, nothing },    { "osf", 0, 0, XT_BOTH, NULL },
        { "owner", 0, 1, XT_BOTH, NULL },        { "physdev", 0, 0, XT_BOTH, NULL },
        { "pkttype", 0, 0, XT_BOTH, pkttype },   { "policy", 0, 0, XT_BOTH, NULL },
        { "quota", 0, 1, XT_BOTH, NULL },        { "rateest", 0, 0, XT_BOTH, NULL },
        { "realm", 0, 0, XT_BOTH, NULL },        { "recent", 0, 1, XT_BOTH, NULL },
        { "rpfilter", 0, 0, XT_BOTH, NULL },     { "rt", 0, 0, XT_V6, routing_header },
        { "sctp", 0, 0, XT_BOTH, NULL },         { "socket", 0, 3, XT_BOTH, NULL },
        { "state", 0, 0, XT_BOTH, xt_state },    { "statistic", 0, 0, XT_BOTH, NULL },
        { "string", 0, 1, XT_BOTH, NULL },       { "tcp", 0, 0, XT_BOTH, tcp },
        { "tcpmss", 0, 0, XT_BOTH, NULL },       { "time", 0, 0, XT_BOTH, NULL },
        { "tos", 1, 1, XT_BOTH, tos },           { "ttl", 0, 0, XT_V4, hop_limit },
        { "u32", 0, 0, XT_BOTH, NULL },          { "udp", 0, 0, XT_BOTH, udp },
};
const size_t xt_match_count = ZC_COUNT(xt_matches);
