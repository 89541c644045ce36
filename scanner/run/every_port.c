/** A host that answers on every port: a tarpit, a proxy, or a firewall that completes handshakes in others' names. */
#include "every_port.h"

#include "zc/portset.h"

/** With fewer asked, a host may well have as many services. */
#define ASKED_LEAST 64u

static unsigned count(const json_t *scan, const char *key)
{
        const char *text = zc_json_str(scan, key, "");
        struct zc_portset ports;
        struct zc_err none = { 0 };

        return *text != '\0' && zc_portset_parse(text, &ports, &none) ? zc_portset_count(&ports)
                                                                      : 0;
}

enum zc_every_port zc_every_port(const json_t *scan, unsigned *asked, unsigned *open)
{
        *asked = count(scan, "ports");
        *open = count(scan, "open");
        if (*asked < ASKED_LEAST)
                return ZC_EVERY_PORT_UNKNOWN;
        return (uint64_t)*open * 4 >= (uint64_t)*asked * 3 ? ZC_EVERY_PORT_YES : ZC_EVERY_PORT_NO;
}
