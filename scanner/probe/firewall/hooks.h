/** What stands at the hooks of netfilter, where the kernel tells it: the order of base chains, and what is neither rules nor known to let packets pass. */
#ifndef ZC_FW_HOOKS_H
#define ZC_FW_HOOKS_H

#include "build.h"

/** One hook of a family, entry after entry in the order in which they run. */
struct fw_hooks {
        struct fw_build *b;
        unsigned six; /* 1 for IPv6 */
        enum zc_fw_hook hook;
        uint32_t count;
};

/** Takes an answer. Pure. */
bool fw_hooks_take(struct fw_hooks *h, struct zc_rd payload, struct zc_err *err) ZC_MUST_USE;

/** Asks for all hooks that packets of IPv4 and IPv6 pass, after all rules were read. A kernel that does not tell them is none the worse. */
void fw_hooks_read(struct fw_build *b);

#endif
