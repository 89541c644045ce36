/** What the model says is let in, as evidence. */
#ifndef ZC_FIREWALL_ADMITS_H
#define ZC_FIREWALL_ADMITS_H

#include <jansson.h>

#include "zc/fw_read.h"

/**
 * Sets `admits` and `defaults` of host.firewall, as far as they can be told; what cannot is omitted.
 */
bool fw_admits_tell(const struct zc_fw_live *live, json_t *firewall, struct zc_err *err);

#endif
