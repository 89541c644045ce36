/** Links, addresses and queueing disciplines as rtnetlink tells them (linux/rtnetlink.h). Pure; windows point into the message. */
#ifndef ZC_RTNL_H
#define ZC_RTNL_H

#include "zc/addr.h"
#include "zc/err.h"
#include "zc/rd.h"

struct zc_rt_link {
        uint32_t index;
        struct zc_rd name;
        struct zc_rd kind; /* "bridge", "vrf", …; empty for hardware and loopback */
        bool xdp;          /* a program sees its packets before the kernel does */
};

struct zc_rt_addr {
        struct zc_addr addr; /* with the interface as zone when it is link-local */
        uint32_t index;
        uint8_t scope; /* RT_SCOPE_* */
};

struct zc_rt_tc {
        uint32_t index; /* interface */
        struct zc_rd kind;
};

/** Payload of RTM_NEWLINK, RTM_NEWADDR, RTM_NEWQDISC or RTM_NEWTFILTER. Attributes that we have no use for are passed over. */
bool zc_rt_link_parse(struct zc_rd payload, struct zc_rt_link *out, struct zc_err *err) ZC_MUST_USE;
/** False without an error (err->code ZC_OK) for an address of a family that is neither IPv4 nor IPv6. */
bool zc_rt_addr_parse(struct zc_rd payload, struct zc_rt_addr *out, struct zc_err *err) ZC_MUST_USE;
bool zc_rt_tc_parse(struct zc_rd payload, struct zc_rt_tc *out, struct zc_err *err) ZC_MUST_USE;

#endif
