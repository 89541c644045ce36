/** One socket as sock_diag tells it (linux/inet_diag.h). Pure. */
#ifndef ZC_DIAG_WIRE_H
#define ZC_DIAG_WIRE_H

#include "zc/addr.h"
#include "zc/err.h"
#include "zc/rd.h"

struct zc_diag {
        struct zc_addr addr; /* local; IPv4-mapped stays IPv6 */
        uint16_t port;
        uint8_t state;
        uint32_t interface; /* it is bound to; 0 for none */
        uint32_t uid;
        uint32_t inode;
        bool has_v6only, v6only;
        uint64_t cgroup; /* where it was made; 0 when the kernel does not say */
};

/** Payload of SOCK_DIAG_BY_FAMILY. Attributes that we have no use for are passed over. */
bool zc_diag_parse(struct zc_rd payload, struct zc_diag *out, struct zc_err *err) ZC_MUST_USE;

#endif
