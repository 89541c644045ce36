/** Translation: who is asked, and what becomes of addresses and ports. */
#include "eval.h"

enum fw_tri fw_nat_asked(const struct fw_walk *w, const struct fw_state *s)
{
        bool again = s->local_out && (s->hook == ZC_FW_PREROUTING || s->hook == ZC_FW_INPUT);

        (void)w;
        if (!s->ct_entry || again)
                return FW_NO;
        if (s->nat_first)
                return FW_YES;
        if (s->ct_state == ZC_FW_CT_RELATED && s->protocol != FW_ICMP && s->protocol != FW_ICMPV6)
                return FW_EITHER;
        return FW_NO;
}

static bool to_source(const struct fw_state *s)
{
        return s->hook == ZC_FW_POSTROUTING || s->hook == ZC_FW_INPUT;
}

void fw_nat_end(struct fw_walk *w, struct fw_state *s)
{
        uint32_t done = to_source(s) ? FW_IPS_SRC_NAT_DONE : FW_IPS_DST_NAT_DONE;

        (void)w;
        s->ct_status.v |= done;
        s->ct_status.u &= ~done;
}

static const uint8_t *value(const struct fw_state *s, uint8_t slot)
{
        return s->r + 4 * (size_t)(slot & 15);
}

static void set_unknown(struct fw_state *s, size_t at, size_t n)
{
        memset(s->v + at, 0, n);
        memset(fw_u(s) + at, 0xff, n);
}

/* One of least … most: the bits that both begin with are known. */
static void set_between(struct fw_state *s, size_t at, size_t n, const uint8_t *least,
                        const uint8_t *most)
{
        bool differ = false;

        for (size_t i = 0; i < n; i++) {
                uint8_t u = (uint8_t)(least[i] ^ most[i]);

                for (unsigned by = 1; by < 8; by *= 2)
                        u |= (uint8_t)(u >> by);
                u |= least[i + ZC_FW_REG_BYTES] | most[i + ZC_FW_REG_BYTES];
                if (differ)
                        u = 0xff;
                differ |= u != 0;
                s->v[at + i] = (uint8_t)(least[i] & ~u);
                fw_u(s)[at + i] = u;
        }
}

/* The network part of the new address, the host part of the old one. */
static void set_mapped(struct fw_state *s, size_t at, size_t n, const uint8_t *least,
                       const uint8_t *most)
{
        for (size_t i = 0; i < n; i++) {
                uint8_t host = least[i] ^ most[i];
                uint8_t u = least[i + ZC_FW_REG_BYTES] | most[i + ZC_FW_REG_BYTES];

                u |= fw_u(s)[at + i] & host;
                s->v[at + i] = (uint8_t)(((s->v[at + i] & host) | (least[i] & ~host)) & ~u);
                fw_u(s)[at + i] = u;
        }
}

static size_t addr_at(const struct fw_state *s, bool dst)
{
        return (size_t)(fw_addr(s, dst) - s->v);
}

static void set_address(struct fw_state *s, const struct zc_fw_op *op, bool dst)
{
        const uint8_t *least = value(s, op->u.nat.addr_min);
        const uint8_t *most =
                op->u.nat.addr_max == ZC_FW_NO_SLOT ? least : value(s, op->u.nat.addr_max);
        size_t n = s->six ? 16 : 4;

        if (op->flags & FW_NAT_NETMAP)
                set_mapped(s, addr_at(s, dst), n, least, most);
        else
                set_between(s, addr_at(s, dst), n, least, most);
}

static bool known2(const uint8_t *r)
{
        return (r[ZC_FW_REG_BYTES] | r[ZC_FW_REG_BYTES + 1]) == 0;
}

/* A port that lies in the range already stays, unless a random one is wanted. */
static bool port_stays(const struct fw_state *s, const struct zc_fw_op *op, size_t at,
                       const uint8_t *least, const uint8_t *most)
{
        const uint8_t *u = s->v + FW_HEADERS + at;

        return !(op->flags &
                 (FW_NAT_PROTO_RANDOM | FW_NAT_PROTO_RANDOM_FULLY | FW_NAT_PROTO_OFFSET)) &&
               (u[0] | u[1]) == 0 && memcmp(s->v + at, least, 2) >= 0 &&
               memcmp(s->v + at, most, 2) <= 0;
}

static void set_port(struct fw_state *s, const struct zc_fw_op *op, bool dst)
{
        size_t at = s->transport + (dst ? 2u : 0u);
        const uint8_t *least = value(s, op->u.nat.port_min);
        const uint8_t *most =
                op->u.nat.port_max == ZC_FW_NO_SLOT ? least : value(s, op->u.nat.port_max);

        if (!s->ports)
                return;
        if (!known2(least) || !known2(most) || op->flags & FW_NAT_PROTO_OFFSET)
                set_unknown(s, at, 2);
        else if (memcmp(least, most, 2) != 0 && !port_stays(s, op, at, least, most))
                set_between(s, at, 2, least, most);
        else if (memcmp(least, most, 2) == 0)
                set_between(s, at, 2, least, least);
}

/* redirect: the first address of the device it came in by; of IPv6, one of the destination's scope. */
static const struct zc_fw_address *own_address(const struct fw_walk *w, const struct fw_state *s)
{
        const struct zc_fw_host *host = w->m->host;
        const uint8_t *d = fw_addr(s, true);
        bool link = s->six && d[0] == 0xfe && (d[1] & 0xc0) == 0x80;

        for (size_t i = 0; s->in.iface && i < host->address_count; i++) {
                const struct zc_fw_address *a = &host->addresses[i];

                if (a->interface != s->in.iface->index || a->family != s->family)
                        continue;
                if (!link || (a->addr[0] == 0xfe && (a->addr[1] & 0xc0) == 0x80))
                        return a;
        }
        return NULL;
}

static enum fw_then drop(struct fw_walk *w, const char *text)
{
        w->options = 0;
        return fw_option_add(
                w,
                (struct fw_option){ .kind = FW_OPT_END, .outcome = ZC_FW_IS_DROP, .text = text });
}

/* False: the device has no address to use, and the kernel drops. */
static bool redirect(struct fw_walk *w, struct fw_state *s)
{
        static const uint8_t loopback[2][16] = { { 127, 0, 0, 1 }, { [15] = 1 } };
        size_t n = s->six ? 16 : 4, at = addr_at(s, true);
        const struct zc_fw_address *a = own_address(w, s);
        const uint8_t *to = s->hook == ZC_FW_OUTPUT ? loopback[s->six] : a ? a->addr : NULL;

        if (!to && !s->in.unknown && w->m->host->known)
                return false;
        if (!to) {
                set_unknown(s, at, n);
                return true;
        }
        memcpy(s->v + at, to, n);
        memset(fw_u(s) + at, 0, n);
        return true;
}

/* False: as for redirect. Which of the device's addresses is taken decides nothing here. */
static bool masquerade(struct fw_walk *w, struct fw_state *s)
{
        const struct zc_fw_host *host = w->m->host;
        bool any = s->out.unknown || !host->known;

        for (size_t i = 0; s->out.iface && i < host->address_count && !any; i++)
                any = host->addresses[i].interface == s->out.iface->index &&
                      host->addresses[i].family == s->family;
        set_unknown(s, addr_at(s, false), s->six ? 16 : 4);
        return any;
}

/* What the translation did to the connection's status: a bit for each direction that changed. */
static void note(struct fw_walk *w, struct fw_state *s, const struct fw_tuple *before, bool dst)
{
        uint32_t bit = dst ? FW_IPS_DST_NAT : FW_IPS_SRC_NAT;
        struct fw_tuple after = fw_tuple_of(s);
        uint16_t port = (uint16_t)(after.port[dst][0] << 8 | after.port[dst][1]);
        static const uint8_t none[16];
        bool known =
                memcmp(after.addr_u[dst], none, 16) == 0 && memcmp(after.port_u[dst], none, 2) == 0;
        bool changed = memcmp(after.addr[dst], before->addr[dst], 16) != 0 ||
                       memcmp(after.port[dst], before->port[dst], 2) != 0;

        s->nat_done = true;
        if (!known)
                s->ct_status.u |= bit;
        else if (changed)
                s->ct_status.v |= bit;
        if (dst && (changed || !known))
                s->translated = true;
        fw_reply_update(s);
        FW_TELL(w, s, .what = ZC_FW_REWRITTEN, .address = known ? fw_addr(s, dst) : NULL,
                .port = s->ports ? port : 0, .text = dst ? "to" : "from");
}

/* Measured with ESP over IPv6: the kernel drops what it translates of such a protocol, and not always. */
static enum fw_then perhaps_lost(struct fw_walk *w)
{
        if (!w->cause)
                w->cause = "translation of this protocol over IPv6";
        (void)drop(w, w->cause);
        return fw_option_add(w, (struct fw_option){ .kind = FW_OPT_VERDICT,
                                                    .verdict = w->verdict,
                                                    .text = w->cause });
}

enum fw_then fw_nat(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        struct fw_tuple before = fw_tuple_of(s);
        bool dst = op->op == ZC_FW_DNAT || op->op == ZC_FW_REDIR;

        if ((op->dir == ZC_FW_IP && s->six) || (op->dir == ZC_FW_IP6 && !s->six))
                return FW_GO_ON; /* of the other family: says nothing */
        if (op->op == ZC_FW_REDIR && !redirect(w, s))
                return drop(w, "redirect, and the interface has no address");
        if (op->op == ZC_FW_MASQ && !masquerade(w, s))
                return drop(w, "masquerade, and the interface has no address");
        if ((op->op == ZC_FW_DNAT || op->op == ZC_FW_SNAT) && op->u.nat.addr_min != ZC_FW_NO_SLOT)
                set_address(s, op, dst);
        if (op->u.nat.port_min != ZC_FW_NO_SLOT)
                set_port(s, op, dst);
        else if (op->op == ZC_FW_MASQ || (op->op == ZC_FW_SNAT && op->flags))
                set_unknown(s, s->transport, s->ports ? 2 : 0);
        note(w, s, &before, dst);
        w->verdict = (struct zc_fw_verdict){ .code = ZC_FW_ACCEPT };
        if (s->six && !s->ports && s->protocol != FW_ICMPV6)
                return perhaps_lost(w);
        return FW_ENDS;
}
