/** Routes and links. See hop.h; who shares a route is in hop_classes.c, neighbours are in neigh.c. */
#include "hop.h"

#include <linux/if_arp.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "hop_tables.h"
#include "zc/rtnl.h"

/* ---- asking the kernel ---- */

static bool take_route(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        struct route_answer *a = ctx;

        if (type != RTM_NEWROUTE)
                return true;
        a->any = true;
        return zc_rt_route_parse(payload, &a->route, err);
}

static bool route_ask(struct hops *h, const struct zc_addr *to, struct route_answer *out)
{
        uint8_t buf[256] = { 0 };
        struct zc_err err = { 0 };
        struct rtmsg *m;
        size_t size = to->family == AF_INET6 ? 16 : 4;
        struct nlmsghdr *req = zc_nl_message(buf, RTM_GETROUTE, 0, sizeof *m, (void **)&m);

        m->rtm_family = to->family;
        m->rtm_dst_len = (uint8_t)(size * 8);
        mnl_attr_put(req, RTA_DST, size, to->bytes);
        if (to->zone != 0)
                mnl_attr_put_u32(req, RTA_OIF, to->zone);
        *out = (struct route_answer){ 0 };
        return zc_nl_request(h->nl, req, take_route, NULL, out, &err) && out->any;
}

static bool take_link(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        struct link *l = ctx;
        struct zc_rt_link w;

        if (type != RTM_NEWLINK)
                return true;
        if (!zc_rt_link_parse(payload, &w, err))
                return false;
        l->type = w.type;
        l->flags = w.flags;
        l->has_address = w.address.n == sizeof l->address &&
                         zc_rd_copy(&w.address, l->address, sizeof l->address);
        return true;
}

/* NULL: there is no such interface. */
static const struct link *link_of(struct hops *h, uint32_t index)
{
        uint8_t buf[256] = { 0 };
        struct zc_err err = { 0 };
        struct ifinfomsg *m;
        struct nlmsghdr *req;
        struct link *l;

        for (size_t i = 0; i < h->link_count; i++) {
                if (h->links[i].index == index)
                        return &h->links[i];
        }
        l = &h->links[h->link_count < LINKS_MAX ? h->link_count : LINKS_MAX - 1];
        *l = (struct link){ .index = index };
        req = zc_nl_message(buf, RTM_GETLINK, 0, sizeof *m, (void **)&m);
        m->ifi_index = (int)index;
        if (!zc_nl_request(h->nl, req, take_link, NULL, l, &err))
                return NULL;
        if (h->link_count < LINKS_MAX)
                h->link_count++;
        return l;
}

/* ---- what they mean ---- */

/* Devices whose packets begin with the network header, and Ethernet, behind whose header ours begin all the same. */
static enum hop_kind kind_of(const struct link *l)
{
        static const uint16_t plain[] = { ARPHRD_NONE,  ARPHRD_PPP,   ARPHRD_TUNNEL, ARPHRD_TUNNEL6,
                                          ARPHRD_RAWIP, ARPHRD_IPGRE, ARPHRD_IP6GRE, ARPHRD_SIT };

        if (l->type == ARPHRD_ETHER)
                return l->flags & IFF_NOARP ? HOP_PLAIN : l->has_address ? HOP_LINK : HOP_FOREIGN;
        for (size_t i = 0; i < ZC_COUNT(plain); i++) {
                if (l->type == plain[i])
                        return HOP_PLAIN;
        }
        return HOP_FOREIGN;
}

static struct hop hop_ask(struct hops *h, const struct zc_addr *to)
{
        struct hop hop = { .kind = HOP_NO_ROUTE };
        struct route_answer a;
        const struct link *l;

        if (!route_ask(h, to, &a) || (a.route.type != RTN_UNICAST && a.route.type != RTN_LOCAL))
                return hop;
        hop.kind = a.route.type == RTN_LOCAL ? HOP_OWN : HOP_FOREIGN;
        l = link_of(h, a.route.oif);
        if (hop.kind == HOP_OWN || !l || !a.route.has_source)
                return hop;
        hop.kind = l->flags & IFF_LOOPBACK ? HOP_OWN : kind_of(l);
        hop.index = a.route.oif;
        hop.on_link = a.route.gateway_family == 0;
        hop.source.family = to->family;
        memcpy(hop.source.bytes, a.route.source, sizeof hop.source.bytes);
        hop.via = *to;
        if (!hop.on_link) {
                hop.via = (struct zc_addr){ .family = a.route.gateway_family };
                memcpy(hop.via.bytes, a.route.gateway, sizeof hop.via.bytes);
        }
        hop.via.zone = 0;
        memcpy(hop.own, l->address, sizeof hop.own);
        return hop;
}

/* ---- remembering ---- */

static size_t place_of(const struct zc_addr *a)
{
        uint32_t x = a->zone;

        for (size_t i = 0; i < sizeof a->bytes; i++)
                x = x * 31 + a->bytes[i];
        return (x ^ x >> 12) % HOPS_KEPT;
}

struct hop hop_find(struct hops *h, const struct zc_addr *to)
{
        struct class_end *class = class_of(h, to);
        struct kept *k = &h->kept[place_of(to)];

        if (class) {
                struct hop hop;

                if (!class->known)
                        class->hop = hop_ask(h, to);
                class->known = true;
                hop = class->hop;
                if (hop.on_link)
                        hop.via = *to;
                return hop;
        }

        if (!k->used || zc_addr_cmp(&k->to, to) != 0)
                *k = (struct kept){ .used = true, .to = *to, .hop = hop_ask(h, to) };
        return k->hop;
}

void hops_forget(struct hops *h)
{
        memset(h->kept, 0, sizeof h->kept);
        classes_forget(h);
        h->link_count = 0;
        neighs_forget(h);
}

bool hops_new(const struct zc_capture *c, enum zc_capture_fd fd, struct hops **out,
              struct zc_err *err)
{
        struct hops *h = calloc(1, sizeof *h);

        if (!h)
                return zc_fail(err, ZC_E_NOMEM, "no memory for next hops");
        h->send = c->fd[ZC_CAPTURE_SEND];
        neighs_forget(h);
        if (!zc_nl_adopt(c->fd[fd], &h->nl, err)) {
                free(h);
                return false;
        }
        *out = h;
        return true;
}

void hops_free(struct hops *h)
{
        if (!h)
                return;
        neighs_forget(h);
        classes_forget(h);
        zc_nl_close(h->nl);
        free(h);
}
