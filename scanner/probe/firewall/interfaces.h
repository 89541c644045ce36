/** The host's interfaces as evidence: how far away those may stand who come in by them. */
#ifndef ZC_FIREWALL_INTERFACES_H
#define ZC_FIREWALL_INTERFACES_H

#include <jansson.h>

#include "zc/fw.h"

/** Sets `interfaces` of host.firewall: names, addresses, and the families whose way to the Internet leaves there. Omitted where routing is not known. */
bool fw_interfaces_tell(const struct zc_fw_host *host, json_t *firewall);

#endif
