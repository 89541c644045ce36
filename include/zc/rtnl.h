/** Links and queueing disciplines as rtnetlink tells them (linux/rtnetlink.h). Pure; windows point into the message. */
#ifndef ZC_RTNL_H
#define ZC_RTNL_H

#include "zc/err.h"
#include "zc/rd.h"

struct zc_rt_link {
        uint32_t index;
        struct zc_rd name;
        struct zc_rd kind; /* "bridge", "vrf", …; empty for hardware and loopback */
        bool xdp;          /* a program sees its packets before the kernel does */
};

struct zc_rt_tc {
        uint32_t index; /* interface */
        struct zc_rd kind;
};

/** Payload of RTM_NEWLINK, RTM_NEWQDISC or RTM_NEWTFILTER. Attributes that we have no use for are passed over. */
bool zc_rt_link_parse(struct zc_rd payload, struct zc_rt_link *out, struct zc_err *err) ZC_MUST_USE;
bool zc_rt_tc_parse(struct zc_rd payload, struct zc_rt_tc *out, struct zc_err *err) ZC_MUST_USE;

#endif
