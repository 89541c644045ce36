/** One legacy table into the model. Pure; legacy.c holds the conversation. */
#ifndef ZC_FW_LEGACY_BUILD_H
#define ZC_FW_LEGACY_BUILD_H

#include "build.h"
#include "legacy_wire.h"

/**
 * Adds the table with its chains and rules. False when the blob is not as iptables lays its tables out, and then nothing was added; out of
 * memory is remembered by the build. What matches and targets say that we do not know is told as a gap of the ops.
 */
bool fw_legacy_add(struct fw_build *b, enum zc_fw_family family, struct zc_rd table,
                   const struct fw_legacy_info *info, struct zc_rd entries,
                   struct zc_err *err) ZC_MUST_USE;

/** Whether the table is one whose hooks and priorities we know: raw, mangle, nat, filter, security. */
bool fw_legacy_known(struct zc_rd table);

/** Tells a gap where chains of legacy tables and of nf_tables share hook and priority, and their order could decide. */
void fw_legacy_order(struct fw_build *b);

#endif
