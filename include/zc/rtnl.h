/** Links, addresses, routes, neighbours, routing rules and queueing disciplines as rtnetlink tells them (linux/rtnetlink.h). Pure; windows point into the message. */
#ifndef ZC_RTNL_H
#define ZC_RTNL_H

#include "zc/err.h"
#include "zc/rd.h"

struct zc_rt_link {
        uint32_t index;
        struct zc_rd name;
        struct zc_rd kind; /* "bridge", "vrf", …; empty for hardware and loopback */
        bool xdp;          /* a program sees its packets before the kernel does */
        uint16_t type;     /* ARPHRD_* */
        uint32_t flags;    /* IFF_* */
        uint32_t master, group;
        struct zc_rd conf4, conf6; /* switches: for zc_rt_conf() */
        struct zc_rd address;      /* of its own on the link */
};
/** A switch of an interface: u32 in host order by number (IPV4_DEVCONF_* minus 1, DEVCONF_* of linux/ipv6.h). 0 when it is not there. */
uint32_t zc_rt_conf(struct zc_rd conf, size_t number);

struct zc_rt_addr {
        uint8_t family; /* AF_* */
        uint8_t prefix;
        uint32_t index;
        uint8_t address[16]; /* its own: of a point-to-point link not the other end's */
};

struct zc_rt_route {
        uint8_t family, type, prefix; /* AF_*, RTN_* */
        bool cloned;                  /* of a cache: no route by itself */
        bool multipath;
        uint8_t dst[16];
        uint32_t table, oif, metric;
        uint8_t gateway_family; /* AF_*, 0: none, it is on the link */
        uint8_t gateway[16];
        bool has_source;
        uint8_t source[16]; /* where packets come from that the kernel sends by it */
};

/** How a neighbour stands with the kernel: NUD_* */
struct zc_rt_neigh {
        uint8_t family;
        uint32_t index;
        uint16_t state;
        uint8_t address[16];
        struct zc_rd link;
};

struct zc_rt_rule {
        uint8_t family, action;
        bool selects; /* it asks for anything: addresses, interfaces, marks, ports */
        uint32_t priority, table;
};

struct zc_rt_tc {
        uint32_t index; /* interface */
        struct zc_rd kind;
};

/** Payload of RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWNEIGH, RTM_NEWRULE, RTM_NEWQDISC or RTM_NEWTFILTER. Attributes that we have no use for are passed over. */
bool zc_rt_link_parse(struct zc_rd payload, struct zc_rt_link *out, struct zc_err *err) ZC_MUST_USE;
bool zc_rt_addr_parse(struct zc_rd payload, struct zc_rt_addr *out, struct zc_err *err) ZC_MUST_USE;
bool zc_rt_route_parse(struct zc_rd payload, struct zc_rt_route *out,
                       struct zc_err *err) ZC_MUST_USE;
bool zc_rt_neigh_parse(struct zc_rd payload, struct zc_rt_neigh *out,
                       struct zc_err *err) ZC_MUST_USE;
bool zc_rt_rule_parse(struct zc_rd payload, struct zc_rt_rule *out, struct zc_err *err) ZC_MUST_USE;
bool zc_rt_tc_parse(struct zc_rd payload, struct zc_rt_tc *out, struct zc_err *err) ZC_MUST_USE;

#endif
