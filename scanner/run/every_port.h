/** Whether a scan's open ports are services, or something in front that answers for all. */
#ifndef ZC_RUN_EVERY_PORT_H
#define ZC_RUN_EVERY_PORT_H

#include "zc/json.h"

/** Open ports of an address that are looked into before it is known whether every port is open, and no more than these if so. */
#define ZC_EVERY_PORT_FIRST 16u

enum zc_every_port {
        ZC_EVERY_PORT_UNKNOWN, /* too few were asked */
        ZC_EVERY_PORT_NO,
        ZC_EVERY_PORT_YES, /* three in four, and more: no host has as many services */
};

/** From the value of a scan record; how many ports were asked, and are open. */
enum zc_every_port zc_every_port(const json_t *scan, unsigned *asked, unsigned *open);

#endif
