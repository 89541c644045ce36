/** This machine as it is reached from itself. */
#ifndef ZC_RUN_OWN_H
#define ZC_RUN_OWN_H

#include "zc/addr.h"
#include "zc/json.h"
#include "zc/portset.h"

/** One address of this machine and the ports that listen there. */
struct zc_own {
        struct zc_addr addr;
        struct zc_portset ports;
};

/**
 * The TCP listeners of a host object, by the address at which each is reached over lo. *out is a new array of *count, NULL when there are none.
 * @bound: appended (borrowed values): the TCP listeners that are bound to an interface and so are never reached over lo. False when out of memory.
 */
bool zc_own_listeners(const json_t *host, struct zc_own **out, size_t *count,
                      json_t *bound) ZC_MUST_USE;
/** Whether this machine has the address; loopback, which every machine has, aside. */
bool zc_own_address(const struct zc_addr *a);

#endif
