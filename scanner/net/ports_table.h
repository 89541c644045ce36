/** The data behind portset.c: service names and the order in which ports are worth asking. */
#ifndef ZC_PORTS_TABLE_H
#define ZC_PORTS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define ZC_PORT_TCP 1u
#define ZC_PORT_UDP 2u
#define ZC_PORT_BOTH 3u
#define ZC_PORT_ALIAS 4u /* accepted when typed, never printed */

struct zc_port_row {
        uint16_t port;
        unsigned transports;
        const char *name;
};
extern const struct zc_port_row zc_ports[];
extern const size_t zc_ports_count;

extern const uint16_t zc_ports_top[];
extern const size_t zc_ports_top_count;
/** Where more of the same is found: top-1000 is the top-100, every TCP port that has a name here, these, and the lowest ports up to a thousand. */
struct zc_port_range {
        uint16_t first, last;
};
extern const struct zc_port_range zc_ports_near[];
extern const size_t zc_ports_near_count;

#endif
