/** Is what runs also what boots? From the files of the managers that load a firewall at boot, against the tables in the kernel. */
#ifndef ZC_FIREWALL_PERSIST_H
#define ZC_FIREWALL_PERSIST_H

#include <jansson.h>

#include "zc/fw.h"

/** Sets `persistence` of host.firewall. @root: "" or what stands before every path. False when out of memory. */
bool fw_persist_tell(const struct zc_fw_ruleset *rs, const char *root, json_t *firewall);

#endif
