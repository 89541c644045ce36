/** The part of the host that decides with the rules: interfaces, addresses, routes, switches. */
#ifndef ZC_FW_HOST_H
#define ZC_FW_HOST_H

#include "build.h"
#include "zc/rtnl.h"

/** In `b` only the arena and the gaps are used. What could not be read is a gap, and `known` is false then. */
bool fw_host_read(struct fw_build *b, struct zc_fw_host *out, struct zc_err *err) ZC_MUST_USE;

/** From messages of rtnetlink: links and addresses, routes, rules. Pure. */
struct fw_host_parts {
        struct fw_build *b;
        struct fw_list interfaces, addresses, routes;
        uint8_t rp_filter_all;
        bool route_localnet_all, accept_local_all, forwarding6_all;
        bool tunnels;
        bool policy_routing[2];
};
bool fw_host_take(void *parts, uint16_t type, struct zc_rd payload, struct zc_err *err) ZC_MUST_USE;

#endif
