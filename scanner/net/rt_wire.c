/**
 * The wire of rtnetlink's answers, in host byte order. Each is a fixed header, then attributes:
 *
 *      ifinfomsg  u8 family, pad, u16 type, i32 index, u32 flags, u32 change
 *      ifaddrmsg  u8 family, u8 prefix, u8 flags, u8 scope, u32 index
 *      rtmsg      u8 family, u8 dst_len, u8 src_len, u8 tos, u8 table, u8 protocol, u8 scope, u8 type, u32 flags
 *      ndmsg      u8 family, 3 pad, i32 index, u16 state, u8 flags, u8 type
 *      fib_rule   u8 family, u8 dst_len, u8 src_len, u8 tos, u8 table, 2 reserved, u8 action, u32 flags
 *      tcmsg      u8 family, 3 pad, i32 index, u32 handle, u32 parent, u32 info
 */
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <string.h>
#include <sys/socket.h>

#include "zc/netlink.h"
#include "zc/rtnl.h"

static bool ends_early(struct zc_err *err, const char *what, size_t left)
{
        return zc_fail(err, ZC_E_MALFORMED, "%s: ends early, %zu bytes left", what, left);
}

static bool find_in(struct zc_rd nest, uint16_t wanted, struct zc_rd *out)
{
        struct zc_rd value;
        uint16_t type;
        bool bad;

        while (zc_nla_next(&nest, &type, &value, &bad)) {
                if (type == wanted) {
                        *out = value;
                        return true;
                }
        }
        return false;
}

/** IFLA_AF_SPEC: {family: {1: switches}} with the numbers of IFLA_INET_CONF and IFLA_INET6_CONF (2). */
static void conf_of(struct zc_rd spec, struct zc_rt_link *link)
{
        struct zc_rd value;

        if (find_in(spec, AF_INET, &value))
                (void)find_in(value, IFLA_INET_CONF, &link->conf4);
        if (find_in(spec, AF_INET6, &value))
                (void)find_in(value, IFLA_INET6_CONF, &link->conf6);
}

static bool link_attr(struct zc_rt_link *link, uint16_t type, struct zc_rd value)
{
        struct zc_rd inner;
        uint8_t attached = 0;

        switch (type) {
        case IFLA_ADDRESS:
                link->address = value;
                return true;
        case IFLA_IFNAME:
                link->name = zc_nla_text(value);
                return true;
        case IFLA_LINKINFO:
                if (find_in(value, IFLA_INFO_KIND, &inner))
                        link->kind = zc_nla_text(inner);
                return true;
        case IFLA_XDP:
                if (find_in(value, IFLA_XDP_ATTACHED, &inner) && zc_nla_u8(inner, &attached))
                        link->xdp = attached != XDP_ATTACHED_NONE;
                return true;
        case IFLA_MASTER:
                return zc_nla_u32(value, &link->master);
        case IFLA_GROUP:
                return zc_nla_u32(value, &link->group);
        case IFLA_AF_SPEC:
                conf_of(value, link);
                return true;
        default:
                return true;
        }
}

bool zc_rt_link_parse(struct zc_rd payload, struct zc_rt_link *out, struct zc_err *err)
{
        struct zc_rt_link link = { 0 };
        struct zc_rd value;
        uint16_t type;
        bool bad = false;

        if (!zc_rd_skip(&payload, 2) || !zc_rd_u16host(&payload, &link.type) ||
            !zc_rd_u32host(&payload, &link.index) || !zc_rd_u32host(&payload, &link.flags) ||
            !zc_rd_skip(&payload, 4))
                return ends_early(err, "link", payload.n);
        while (zc_nla_next(&payload, &type, &value, &bad)) {
                if (!link_attr(&link, type, value))
                        return zc_fail(err, ZC_E_MALFORMED, "link: attribute %u of %zu bytes", type,
                                       value.n);
        }
        if (bad)
                return ends_early(err, "link", payload.n);
        *out = link;
        return true;
}

uint32_t zc_rt_conf(struct zc_rd conf, size_t number)
{
        uint32_t value = 0;

        if (number > conf.n / 4 || !zc_rd_skip(&conf, number * 4) || !zc_rd_u32host(&conf, &value))
                return 0;
        return value;
}

static size_t address_size(uint8_t family)
{
        return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

/** An address of the family's own size. */
static bool address_of(struct zc_rd value, uint8_t family, uint8_t *out)
{
        if (address_size(family) == 0)
                return true;
        return value.n == address_size(family) && zc_rd_copy(&value, out, value.n);
}

bool zc_rt_addr_parse(struct zc_rd payload, struct zc_rt_addr *out, struct zc_err *err)
{
        struct zc_rt_addr a = { 0 };
        struct zc_rd value;
        uint16_t type;
        bool bad = false, local = false, fits = true;

        if (!zc_rd_u8(&payload, &a.family) || !zc_rd_u8(&payload, &a.prefix) ||
            !zc_rd_skip(&payload, 2) || !zc_rd_u32host(&payload, &a.index))
                return ends_early(err, "address", payload.n);
        while (zc_nla_next(&payload, &type, &value, &bad)) {
                if (type == IFA_LOCAL || (type == IFA_ADDRESS && !local))
                        fits = fits && address_of(value, a.family, a.address);
                local |= type == IFA_LOCAL;
        }
        if (bad || !fits || a.prefix > address_size(a.family) * 8)
                return ends_early(err, "address", payload.n);
        *out = a;
        return true;
}

/* struct rtvia: u16 family, then an address of it, which need not be the route's family. */
static bool via_of(struct zc_rd value, struct zc_rt_route *r)
{
        uint16_t family;

        if (!zc_rd_u16host(&value, &family) || (family != AF_INET && family != AF_INET6))
                return false;
        r->gateway_family = (uint8_t)family;
        return address_of(value, r->gateway_family, r->gateway);
}

static bool route_attr(struct zc_rt_route *r, uint16_t type, struct zc_rd value)
{
        switch (type) {
        case RTA_DST:
                return address_of(value, r->family, r->dst);
        case RTA_GATEWAY:
                r->gateway_family = r->family;
                return address_of(value, r->family, r->gateway);
        case RTA_VIA:
                return via_of(value, r);
        case RTA_PREFSRC:
                r->has_source = true;
                return address_of(value, r->family, r->source);
        case RTA_OIF:
                return zc_nla_u32(value, &r->oif);
        case RTA_PRIORITY:
                return zc_nla_u32(value, &r->metric);
        case RTA_TABLE:
                return zc_nla_u32(value, &r->table);
        case RTA_MULTIPATH:
        case RTA_NH_ID: /* a next hop by number may be a group */
                r->multipath = true;
                return true;
        default:
                return true;
        }
}

bool zc_rt_route_parse(struct zc_rd payload, struct zc_rt_route *out, struct zc_err *err)
{
        struct zc_rt_route r = { 0 };
        struct zc_rd value;
        uint32_t flags = 0;
        uint16_t type;
        uint8_t table = 0;
        bool bad = false, fits = true;

        if (!zc_rd_u8(&payload, &r.family) || !zc_rd_u8(&payload, &r.prefix) ||
            !zc_rd_skip(&payload, 2) || !zc_rd_u8(&payload, &table) || !zc_rd_skip(&payload, 2) ||
            !zc_rd_u8(&payload, &r.type) || !zc_rd_u32host(&payload, &flags))
                return ends_early(err, "route", payload.n);
        r.table = table;
        r.cloned = flags & RTM_F_CLONED;
        while (zc_nla_next(&payload, &type, &value, &bad))
                fits = fits && route_attr(&r, type, value);
        if (bad || !fits || (address_size(r.family) && r.prefix > address_size(r.family) * 8))
                return ends_early(err, "route", payload.n);
        if (r.multipath && r.oif != 0)
                r.multipath = false;
        *out = r;
        return true;
}

bool zc_rt_neigh_parse(struct zc_rd payload, struct zc_rt_neigh *out, struct zc_err *err)
{
        struct zc_rt_neigh n = { 0 };
        struct zc_rd value;
        uint16_t type;
        bool bad = false, fits = true;

        if (!zc_rd_u8(&payload, &n.family) || !zc_rd_skip(&payload, 3) ||
            !zc_rd_u32host(&payload, &n.index) || !zc_rd_u16host(&payload, &n.state) ||
            !zc_rd_skip(&payload, 2))
                return ends_early(err, "neighbour", payload.n);
        while (zc_nla_next(&payload, &type, &value, &bad)) {
                if (type == NDA_DST)
                        fits = fits && address_of(value, n.family, n.address);
                else if (type == NDA_LLADDR)
                        n.link = value;
        }
        if (bad || !fits)
                return ends_early(err, "neighbour", payload.n);
        *out = n;
        return true;
}

bool zc_rt_rule_parse(struct zc_rd payload, struct zc_rt_rule *out, struct zc_err *err)
{
        struct zc_rt_rule r = { 0 };
        struct zc_rd value;
        uint32_t flags = 0;
        uint16_t type;
        uint8_t dst = 0, src = 0, tos = 0, table = 0;
        bool bad = false, fits = true;

        if (!zc_rd_u8(&payload, &r.family) || !zc_rd_u8(&payload, &dst) ||
            !zc_rd_u8(&payload, &src) || !zc_rd_u8(&payload, &tos) || !zc_rd_u8(&payload, &table) ||
            !zc_rd_skip(&payload, 2) || !zc_rd_u8(&payload, &r.action) ||
            !zc_rd_u32host(&payload, &flags))
                return ends_early(err, "routing rule", payload.n);
        r.table = table;
        r.selects = dst || src || tos || (flags & FIB_RULE_INVERT);
        while (zc_nla_next(&payload, &type, &value, &bad)) {
                if (type == FRA_PRIORITY)
                        fits = fits && zc_nla_u32(value, &r.priority);
                else if (type == FRA_TABLE)
                        fits = fits && zc_nla_u32(value, &r.table);
                else if (type != FRA_PROTOCOL && type != FRA_SUPPRESS_PREFIXLEN)
                        r.selects = true;
        }
        if (bad || !fits)
                return ends_early(err, "routing rule", payload.n);
        *out = r;
        return true;
}

bool zc_rt_tc_parse(struct zc_rd payload, struct zc_rt_tc *out, struct zc_err *err)
{
        struct zc_rt_tc tc = { 0 };
        struct zc_rd value;
        uint16_t type;
        bool bad = false;

        if (!zc_rd_skip(&payload, 4) || !zc_rd_u32host(&payload, &tc.index) ||
            !zc_rd_skip(&payload, 12))
                return ends_early(err, "tc", payload.n);
        while (zc_nla_next(&payload, &type, &value, &bad)) {
                if (type == TCA_KIND)
                        tc.kind = zc_nla_text(value);
        }
        if (bad)
                return ends_early(err, "tc", payload.n);
        *out = tc;
        return true;
}
