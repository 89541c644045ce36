/** Who stands at a netfilter hook (NFNL_SUBSYS_HOOK, Linux 5.14 and later): bytes in, windows out. Pure. */
#ifndef ZC_FW_HOOKS_WIRE_H
#define ZC_FW_HOOKS_WIRE_H

#include "zc/err.h"
#include "zc/rd.h"

#define ZC_HOOK_SUBSYSTEM 12u
#define ZC_HOOK_TYPE(n) (uint16_t)(ZC_HOOK_SUBSYSTEM << 8 | (n))
enum { ZC_HOOK_GET = 0 };

/** One function at a hook. They come in the order in which they run. */
struct fw_hook_entry {
        int32_t priority;
        struct zc_rd function, module; /* empty: not told */
        struct zc_rd table, chain;     /* of a base chain of nf_tables; empty otherwise */
        uint8_t family;                /* of its table */
        bool is_chain;
};
/** @payload: with struct nfgenmsg. */
bool fw_hook_entry_parse(struct zc_rd payload, struct fw_hook_entry *out,
                         struct zc_err *err) ZC_MUST_USE;

#endif
