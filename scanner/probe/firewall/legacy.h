/** Tables of the legacy iptables, which nf_tables knows nothing of. */
#ifndef ZC_FW_LEGACY_H
#define ZC_FW_LEGACY_H

#include "build.h"

/**
 * Adds the legacy tables that /proc/net/ip*_tables_names lists, in the words of the model (asking for one that is not listed would
 * register it). What could not be read is told as a gap. False only when out of memory or when the reading must end.
 */
bool fw_legacy_read(struct fw_build *b, struct zc_err *err) ZC_MUST_USE;

#endif
