/**
 * What an entry of the legacy tables asks of the IP header itself, as ip_packet_match() and ip6_packet_match() do: struct ipt_ip and
 * struct ip6t_ip6 (linux/netfilter_ipv4/ip_tables.h, linux/netfilter_ipv6/ip6_tables.h) in ops.
 */
#include "xt.h"

#include <netinet/in.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

static const uint8_t zeros[16];

/* What both families ask for, in one shape. */
struct header {
        const uint8_t *addr[2], *mask[2]; /* source, destination */
        const char *device[2];            /* in, out */
        const uint8_t *device_mask[2];
        bool not_addr[2], not_device[2];
        uint16_t protocol;
        bool any_protocol, not_protocol;
};

static bool all_zero(const uint8_t *p, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (p[i])
                        return false;
        }
        return true;
}

/** How many bytes of 0xff the mask begins with, if the rest of it is zero; SIZE_MAX otherwise. */
static size_t run_of(const uint8_t *mask, size_t n)
{
        size_t run = 0;

        while (run < n && mask[run] == 0xff)
                run++;
        return all_zero(mask + run, n - run) ? run : SIZE_MAX;
}

/* IPv6 masks both sides; IPv4 only the packet's, so that bits past the mask can never be equal. */
static void address(struct xt *x, const struct header *h, unsigned side)
{
        const unsigned n = x->six ? 16 : 4;
        const unsigned at = (x->six ? 8u : 12u) + side * n;
        const size_t run = run_of(h->mask[side], n);
        uint8_t want[16];
        bool past = false;

        for (size_t i = 0; i < n; i++) {
                want[i] = h->addr[side][i] & h->mask[side][i];
                past |= !x->six && want[i] != h->addr[side][i];
        }
        if (past || run == 0) {
                if (past != h->not_addr[side])
                        xt_never(x);
                return;
        }
        if (run != SIZE_MAX) { /* whole bytes: only those are loaded, as nft does it */
                xt_payload(x, ZC_FW_BASE_NETWORK, at, (unsigned)run);
                xt_equals(x, want, (unsigned)run, h->not_addr[side]);
                return;
        }
        xt_payload(x, ZC_FW_BASE_NETWORK, at, n);
        xt_mask_xor(x, XT_SLOT, h->mask[side], zeros, n);
        xt_equals(x, want, n, h->not_addr[side]);
}

/* A device that is not there has the empty name. */
static void device(struct xt *x, const struct header *h, unsigned side)
{
        const uint8_t *name = (const uint8_t *)h->device[side];
        const size_t run = run_of(h->device_mask[side], IFNAMSIZ);

        if (run == 0) { /* whatever the name is, nothing of it is looked at: 0 is compared with 0 */
                if (h->not_device[side])
                        xt_never(x);
                return;
        }
        xt_meta(x, side ? FW_META_OIFNAME : FW_META_IIFNAME, XT_SLOT);
        if (run == SIZE_MAX) {
                uint8_t want[IFNAMSIZ];

                for (size_t i = 0; i < sizeof(want); i++)
                        want[i] = name[i] & h->device_mask[side][i];
                xt_mask_xor(x, XT_SLOT, h->device_mask[side], zeros, IFNAMSIZ);
                xt_equals(x, want, IFNAMSIZ, h->not_device[side]);
        } else {
                xt_equals(x, name, (unsigned)run, h->not_device[side]);
        }
}

static void ask(struct xt *x, const struct header *h)
{
        const uint8_t protocol = (uint8_t)h->protocol;

        if (!h->any_protocol && h->protocol > UINT8_MAX) {
                if (!h->not_protocol)
                        xt_never(x);
        } else if (!h->any_protocol) {
                xt_meta(x, FW_META_L4PROTO, XT_SLOT);
                xt_equals(x, &protocol, 1, h->not_protocol);
        }
        for (unsigned side = 0; side < 2; side++) {
                address(x, h, side);
                device(x, h, side);
        }
}

/* Later fragments; the bits of the offset are the low 13. */
static void fragment(struct xt *x, uint8_t flags, uint8_t inverted)
{
        static const uint8_t mask[2] = { 0x1f, 0xff };
        const bool invert = inverted & IPT_INV_FRAG;

        if (!(flags & IPT_F_FRAG)) {
                if (invert)
                        xt_never(x);
                return;
        }
        xt_payload(x, ZC_FW_BASE_NETWORK, 6, 2);
        xt_mask_xor(x, XT_SLOT, mask, zeros, 2);
        xt_equals(x, zeros, 2, !invert);
}

static bool header4(struct xt *x)
{
        struct ipt_ip ip;
        struct header h;

        if (!zc_rd_copy(&x->in, &ip, sizeof(ip)))
                return false;
        h = (struct header){
                .addr = { (const uint8_t *)&ip.src, (const uint8_t *)&ip.dst },
                .mask = { (const uint8_t *)&ip.smsk, (const uint8_t *)&ip.dmsk },
                .device = { ip.iniface, ip.outiface },
                .device_mask = { ip.iniface_mask, ip.outiface_mask },
                .not_addr = { ip.invflags & IPT_INV_SRCIP, ip.invflags & IPT_INV_DSTIP },
                .not_device = { ip.invflags & IPT_INV_VIA_IN, ip.invflags & IPT_INV_VIA_OUT },
                .protocol = ip.proto,
                .any_protocol = ip.proto == 0,
                .not_protocol = ip.invflags & IPT_INV_PROTO,
        };
        ask(x, &h);
        fragment(x, ip.flags, ip.invflags);
        x->strange |= (ip.flags & ~IPT_F_MASK) || (ip.invflags & ~IPT_INV_MASK);
        return true;
}

static bool header6(struct xt *x)
{
        struct ip6t_ip6 ip;
        struct header h;

        if (!zc_rd_copy(&x->in, &ip, sizeof(ip)))
                return false;
        h = (struct header){
                .addr = { (const uint8_t *)&ip.src, (const uint8_t *)&ip.dst },
                .mask = { (const uint8_t *)&ip.smsk, (const uint8_t *)&ip.dmsk },
                .device = { ip.iniface, ip.outiface },
                .device_mask = { ip.iniface_mask, ip.outiface_mask },
                .not_addr = { ip.invflags & IP6T_INV_SRCIP, ip.invflags & IP6T_INV_DSTIP },
                .not_device = { ip.invflags & IP6T_INV_VIA_IN, ip.invflags & IP6T_INV_VIA_OUT },
                .protocol = ip.proto,
                .any_protocol = !(ip.flags & IP6T_F_PROTO) || ip.proto == 0,
                .not_protocol = ip.invflags & IP6T_INV_PROTO,
        };
        ask(x, &h);
        x->strange |= (ip.flags & ~IP6T_F_MASK) || (ip.invflags & ~IP6T_INV_MASK);
        return true;
}

bool zc_fw_xt_header(struct zc_fw_ops *ops, struct zc_rd header, enum zc_fw_family family,
                     bool *known, struct zc_err *err)
{
        struct xt x = { .ops = ops, .in = header, .name = "xt header", .six = family == ZC_FW_IP6 };

        if (!(x.six ? header6 : header4)(&x))
                return zc_fail(err, ZC_E_MALFORMED, "the header of a legacy rule ends early");
        if (x.strange) {
                (void)xt_op(&x, ZC_FW_OP_MAYBE);
                *known = false;
        }
        return !x.failed || zc_fail(err, ZC_E_NOMEM, "a legacy rule");
}
