/** Interfaces, addresses, routes and rules over rtnetlink; the switches of all interfaces in /proc. */
#include "host.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "zc/file.h"
#include "zc/netlink.h"

/* Since Linux 6.17 (net.ipv6.conf.IF.force_forwarding): IPv6 is forwarded here even when not everywhere. */
#define FORCE_FORWARDING6 59

static const char *const tunnels[] = { "ipip",    "gre", "gretap", "sit",       "ip6tnl",
                                       "ip6gre",  "vti", "vti6",   "xfrm",      "vxlan",
                                       "geneve",  "gtp", "erspan", "ip6erspan", "wireguard",
                                       "bareudp", "l2tp" };

static bool is_tunnel(const char *kind)
{
        for (size_t i = 0; i < ZC_COUNT(tunnels); i++) {
                if (strcmp(tunnels[i], kind) == 0)
                        return true;
        }
        return false;
}

static bool take_link(struct fw_host_parts *p, struct zc_rd payload, struct zc_err *err)
{
        struct zc_fw_interface *i;
        struct zc_rt_link link;
        uint8_t rp_filter;

        if (!zc_rt_link_parse(payload, &link, err))
                return false;
        i = fw_build_more(p->b, &p->interfaces, sizeof *i);
        if (!i || !(i->kind = fw_build_text(p->b, link.kind)))
                return true;
        i->index = link.index;
        memcpy(i->name, link.name.p,
               link.name.n < sizeof i->name ? link.name.n : sizeof i->name - 1);
        i->type = link.type;
        i->group = link.group;
        i->master = link.master;
        i->up = link.flags & IFF_UP;
        i->forwarding[0] = zc_rt_conf(link.conf4, IPV4_DEVCONF_FORWARDING - 1) != 0;
        i->forwarding[1] = p->forwarding6_all || zc_rt_conf(link.conf6, FORCE_FORWARDING6) != 0;
        rp_filter = (uint8_t)zc_rt_conf(link.conf4, IPV4_DEVCONF_RP_FILTER - 1);
        i->rp_filter = rp_filter > p->rp_filter_all ? rp_filter : p->rp_filter_all;
        i->route_localnet = p->route_localnet_all ||
                            zc_rt_conf(link.conf4, IPV4_DEVCONF_ROUTE_LOCALNET - 1) != 0;
        i->accept_local =
                p->accept_local_all || zc_rt_conf(link.conf4, IPV4_DEVCONF_ACCEPT_LOCAL - 1) != 0;
        p->tunnels |= i->up && is_tunnel(i->kind);
        return true;
}

static uint8_t family_of(uint8_t af)
{
        return af == AF_INET ? ZC_FW_IP : af == AF_INET6 ? ZC_FW_IP6 : 0;
}

static bool take_address(struct fw_host_parts *p, struct zc_rd payload, struct zc_err *err)
{
        struct zc_fw_address *a;
        struct zc_rt_addr w;

        if (!zc_rt_addr_parse(payload, &w, err))
                return false;
        if (!family_of(w.family) || !(a = fw_build_more(p->b, &p->addresses, sizeof *a)))
                return true;
        a->interface = w.index;
        a->family = family_of(w.family);
        a->prefix = w.prefix;
        memcpy(a->addr, w.address, sizeof a->addr);
        return true;
}

static bool take_route(struct fw_host_parts *p, struct zc_rd payload, struct zc_err *err)
{
        struct zc_fw_route *r;
        struct zc_rt_route w;

        if (!zc_rt_route_parse(payload, &w, err))
                return false;
        if (!family_of(w.family) || w.cloned || !(r = fw_build_more(p->b, &p->routes, sizeof *r)))
                return true;
        r->family = family_of(w.family);
        r->type = w.type;
        r->prefix = w.prefix;
        r->table = w.table;
        r->oif = w.oif;
        r->metric = w.metric;
        r->multipath = w.multipath;
        memcpy(r->dst, w.dst, sizeof r->dst);
        return true;
}

/** Local first, then main, then default: those three are always there, and ask for nothing. */
static bool is_ordinary(const struct zc_rt_rule *r)
{
        static const struct {
                uint32_t priority, table;
        } rows[] = { { 0, RT_TABLE_LOCAL }, { 32766, RT_TABLE_MAIN }, { 32767, RT_TABLE_DEFAULT } };

        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                if (rows[i].priority == r->priority && rows[i].table == r->table)
                        return !r->selects && r->action == FR_ACT_TO_TBL;
        }
        return false;
}

static bool take_rule(struct fw_host_parts *p, struct zc_rd payload, struct zc_err *err)
{
        struct zc_rt_rule r;

        if (!zc_rt_rule_parse(payload, &r, err))
                return false;
        if (family_of(r.family) && !is_ordinary(&r))
                p->policy_routing[r.family == AF_INET6] = true;
        return true;
}

bool fw_host_take(void *parts, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        struct fw_host_parts *p = parts;

        if (p->b->failed)
                return zc_fail(err, ZC_E_NOMEM, "the host's interfaces and routes");
        switch (type) {
        case RTM_NEWLINK:
                return take_link(p, payload, err);
        case RTM_NEWADDR:
                return take_address(p, payload, err);
        case RTM_NEWROUTE:
                return take_route(p, payload, err);
        case RTM_NEWRULE:
                return take_rule(p, payload, err);
        default:
                return true;
        }
}

/* ---- asking ---- */

static const struct {
        uint16_t get;
        uint8_t family;
        const char *what;
} dumps[] = {
        { RTM_GETLINK, AF_UNSPEC, "interfaces" },
        { RTM_GETADDR, AF_UNSPEC, "addresses" },
        { RTM_GETROUTE, AF_INET, "IPv4 routes" },
        { RTM_GETROUTE, AF_INET6, "IPv6 routes" },
        { RTM_GETRULE, AF_INET, "IPv4 routing rules" },
        { RTM_GETRULE, AF_INET6, "IPv6 routing rules" },
};

struct asking {
        struct fw_host_parts *p;
        struct fw_host_parts before;
};

static bool take(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        const struct asking *a = ctx;

        return fw_host_take(a->p, type, payload, err);
}

/** A dump starts again: back to what was there before it. */
static void forget(void *ctx)
{
        const struct asking *a = ctx;
        struct fw_host_parts *p = a->p;

        p->interfaces.count = a->before.interfaces.count;
        p->addresses.count = a->before.addresses.count;
        p->routes.count = a->before.routes.count;
        memcpy(p->policy_routing, a->before.policy_routing, sizeof p->policy_routing);
}

static bool ask(struct zc_nl *nl, size_t i, struct fw_host_parts *p, struct zc_err *err)
{
        uint8_t buf[128] __attribute__((aligned(8)));
        struct asking a = { p, *p };
        uint8_t *family;
        void *extra;
        struct nlmsghdr *req = zc_nl_message(buf, dumps[i].get, NLM_F_DUMP,
                                             dumps[i].get == RTM_GETLINK ? sizeof(struct ifinfomsg)
                                                                         : sizeof(struct rtmsg),
                                             &extra);

        family = extra; /* all of these headers start with it */
        *family = dumps[i].family;
        return zc_nl_request(nl, req, take, forget, &a, err);
}

/** A number in /proc/sys. A switch that is not there is off. */
static uint8_t number_at(const char *path)
{
        ZC_AUTO_MEM char *text = NULL;
        struct zc_err err = { 0 };
        size_t len;

        if (!zc_file_read(path, 64, &text, &len, &err) || len == 0 || text[0] < '0' ||
            text[0] > '9')
                return 0;
        return (uint8_t)(text[0] - '0');
}

static void read_switches(struct fw_host_parts *p)
{
        p->rp_filter_all = number_at("/proc/sys/net/ipv4/conf/all/rp_filter");
        p->route_localnet_all = number_at("/proc/sys/net/ipv4/conf/all/route_localnet") != 0;
        p->accept_local_all = number_at("/proc/sys/net/ipv4/conf/all/accept_local") != 0;
        p->forwarding6_all = number_at("/proc/sys/net/ipv6/conf/all/forwarding") != 0;
}

static void *settle(struct fw_build *b, struct fw_list *list, size_t size)
{
        void *p = zc_arena_array(b->arena, list->count + 1, size);

        if (p && list->count > 0)
                memcpy(p, list->at, list->count * size);
        b->failed |= !p;
        free(list->at);
        list->at = NULL;
        return p;
}

bool fw_host_read(struct fw_build *b, struct zc_fw_host *out, struct zc_err *err)
{
        struct fw_host_parts p = { .b = b };
        struct zc_fw_host host = { .known = true };
        struct zc_err lost = { 0 };
        struct zc_nl *nl = NULL;

        read_switches(&p);
        if (!zc_nl_open(NETLINK_ROUTE, &nl, &lost))
                host.known = false;
        for (size_t i = 0; i < ZC_COUNT(dumps) && host.known; i++) {
                if (ask(nl, i, &p, &lost) ||
                    lost.code == ZC_E_UNSUPPORTED) /* a kernel without IPv6 */
                        continue;
                host.known = false;
        }
        if (!host.known)
                fw_build_gap(b, ZC_FW_DECIDES, "interfaces and routes could not be read",
                             lost.text);
        zc_nl_close(nl);
        host.interface_count = p.interfaces.count;
        host.address_count = p.addresses.count;
        host.route_count = p.routes.count;
        host.interfaces = settle(b, &p.interfaces, sizeof *host.interfaces);
        host.addresses = settle(b, &p.addresses, sizeof *host.addresses);
        host.routes = settle(b, &p.routes, sizeof *host.routes);
        memcpy(host.policy_routing, p.policy_routing, sizeof host.policy_routing);
        host.gre_tunnels = p.tunnels;
        if (b->failed)
                return zc_fail(err, ZC_E_NOMEM, "the host's interfaces and routes");
        *out = host;
        return true;
}
