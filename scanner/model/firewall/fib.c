/** The fib expression: what routing says of an address (nft_fib_ipv4.c, nft_fib_ipv6.c). */
#include "eval.h"

static const uint8_t zero[16];

static bool is_multicast(unsigned six, const uint8_t *a)
{
        return six ? a[0] == 0xff : (a[0] & 0xf0) == 0xe0;
}

static bool is_link_local(const uint8_t *a)
{
        return a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
}

/* The device that the lookup is bound to. */
static struct fw_dev bound(const struct fw_state *s, const struct zc_fw_op *op)
{
        if (op->flags & FW_FIB_F_IIF)
                return s->in;
        return op->flags & FW_FIB_F_OIF ? s->out : (struct fw_dev){ .iface = NULL };
}

static enum fw_then any(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        if (!w->cause)
                w->cause = "fib";
        fw_store_unknown(s, op,
                         op->key == FW_FIB_OIFNAME && !(op->flags & FW_FIB_F_PRESENT) ? 16 : 4);
        return FW_GO_ON;
}

static enum fw_then give(struct fw_state *s, const struct zc_fw_op *op, uint32_t v)
{
        fw_store_number(s, op, (struct fw_number){ v, 0 });
        return FW_GO_ON;
}

static enum fw_then give_device(struct fw_state *s, const struct zc_fw_op *op,
                                const struct zc_fw_interface *dev)
{
        char name[16] = { 0 };

        if (op->flags & FW_FIB_F_PRESENT)
                return give(s, op, dev != NULL);
        if (op->key == FW_FIB_OIF)
                return give(s, op, dev ? dev->index : 0);
        if (dev)
                memcpy(name, dev->name, strnlen(dev->name, sizeof(name)));
        fw_store(s, op, name, 16);
        return FW_GO_ON;
}

/* ---- the type of an address ---- */

static enum fw_then type4(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op,
                          const uint8_t *a)
{
        static const uint8_t all[4] = { 255, 255, 255, 255 };
        struct fw_dev dev = bound(s, op);
        struct fw_found f;

        if (memcmp(a, zero, 4) == 0 || memcmp(a, all, 4) == 0)
                return give(s, op, ZC_FW_BROADCAST);
        if (is_multicast(0, a))
                return give(s, op, ZC_FW_MULTICAST);
        f = fw_route_local(w->m, 0, a, 0);
        if (!f.route)
                return give(s, op, ZC_FW_UNICAST);
        if (dev.unknown || f.unsure)
                return any(w, s, op);
        return give(s, op,
                    !dev.iface || dev.iface->index == f.route->oif ? f.route->type : ZC_FW_UNICAST);
}

static enum fw_then type6(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op,
                          const uint8_t *a)
{
        struct fw_dev dev = bound(s, op);
        const struct zc_fw_interface *strict = dev.iface                      ? dev.iface
                                               : s->out.iface && !s->in.iface ? s->out.iface
                                                                              : s->in.iface;
        bool link = is_link_local(a);
        struct fw_found f;

        if (dev.unknown || w->m->host->policy_routing[1])
                return any(w, s, op);
        f = fw_route_find(w->m, 1, a, link && strict ? strict->index : 0);
        if (!f.route)
                return give(s, op, is_multicast(1, a) ? ZC_FW_MULTICAST : ZC_FW_UNREACHABLE);
        switch (f.route->type) {
        case ZC_FW_BLACKHOLE:
        case ZC_FW_UNREACHABLE:
        case ZC_FW_PROHIBIT:
        case FW_ROUTE_THROW:
        case ZC_FW_ANYCAST:
                return give(s, op, f.route->type);
        default:
                break;
        }
        if (dev.iface ? fw_is_own(w->m, 1, a, dev.iface->index) : f.route->type == ZC_FW_LOCAL)
                return give(s, op, ZC_FW_LOCAL);
        if (is_multicast(1, a))
                return give(s, op, ZC_FW_MULTICAST);
        return give(s, op, memcmp(a, zero, 16) == 0 ? 0 : ZC_FW_UNICAST);
}

/* ---- the device that leads to an address ---- */

static enum fw_then oif_by_route(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op,
                                 const uint8_t *a)
{
        struct fw_dev dev = bound(s, op);
        bool strict = s->six && is_link_local(a);
        struct fw_found f = fw_route_find(w->m, s->six, a,
                                          !strict       ? 0
                                          : dev.iface   ? dev.iface->index
                                          : s->in.iface ? s->in.iface->index
                                                        : 0);
        const struct zc_fw_route *r = f.route;

        if (w->m->host->policy_routing[s->six] && (!r || r->type != ZC_FW_LOCAL))
                return any(w, s, op);
        if (!r || r->type == ZC_FW_LOCAL ||
            (s->six ? r->type != ZC_FW_UNICAST && r->type != ZC_FW_MULTICAST
                    : r->type >= ZC_FW_BLACKHOLE))
                return give_device(s, op, NULL);
        if (f.unsure || dev.unknown ||
            (r->multipath && (dev.iface || !(op->flags & FW_FIB_F_PRESENT))))
                return any(w, s, op);
        if (dev.iface && dev.iface->index != r->oif)
                return give_device(s, op, NULL);
        return give_device(s, op, fw_iface(w->m, r->oif));
}

/* Where the kernel does not ask the routes: its own loopback traffic, and sources that have no address yet. */
static bool oif_skips(const struct fw_state *s, const uint8_t *a)
{
        static const uint8_t all[4] = { 255, 255, 255, 255 };
        const uint8_t *src = fw_addr(s, false), *dst = fw_addr(s, true);
        bool early = s->hook == ZC_FW_PREROUTING || (s->six && s->hook == ZC_FW_INGRESS);

        (void)a;
        if (early && s->in.iface && s->in.iface->type == FW_ARPHRD_LOOPBACK)
                return true;
        if (s->six)
                return early && s->protocol == FW_ICMPV6 && memcmp(src, zero, 16) == 0 &&
                       is_link_local(dst);
        return memcmp(src, zero, 4) == 0 &&
               (memcmp(dst, all, 4) == 0 || (dst[0] == 224 && dst[1] == 0 && dst[2] == 0));
}

enum fw_then fw_fib(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        bool dst = op->flags & FW_FIB_F_DADDR;
        const uint8_t *a = fw_addr(s, dst);

        if (!w->m->host->known || !fw_addr_known(s, dst) ||
            (op->key != FW_FIB_ADDRTYPE && !fw_addr_known(s, !dst)))
                return any(w, s, op);
        if (op->key == FW_FIB_ADDRTYPE)
                return s->six ? type6(w, s, op, a) : type4(w, s, op, a);
        if (oif_skips(s, a))
                return give_device(s, op, s->in.iface);
        return oif_by_route(w, s, op, a);
}
