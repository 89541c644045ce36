/** Names to addresses with c-ares: every address of both families, within a deadline. */
#ifndef ZC_RESOLVE_H
#define ZC_RESOLVE_H

#include "zc/addr.h"
#include "zc/clock.h"
#include "zc/err.h"

#define ZC_RESOLVE_MAX 64 /* addresses kept per name */

struct zc_addrs {
        struct zc_addr list[ZC_RESOLVE_MAX];
        size_t count;
        bool cut; /* there were more */
};

/** Once per process, before threads and before the sandbox: reads resolv.conf. */
bool zc_resolve_init(struct zc_err *err) ZC_MUST_USE;
void zc_resolve_release(void);
/** Duplicates removed, IPv4 first, each family in canonical order. ZC_E_TIMEOUT, or ZC_E_IO with the resolver's reason ("no such name"). */
bool zc_resolve(const char *name, struct zc_deadline deadline, struct zc_addrs *out, struct zc_err *err) ZC_MUST_USE;

#endif
