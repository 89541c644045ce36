/** Netlink over libmnl: sockets, requests, dumps that are read whole or not at all, the kernel's extended errors as text. */
#ifndef ZC_NETLINK_H
#define ZC_NETLINK_H

#include <libmnl/libmnl.h>

#include "zc/err.h"
#include "zc/rd.h"

struct zc_nl;

/** @protocol: NETLINK_NETFILTER, NETLINK_SOCK_DIAG, NETLINK_ROUTE. Receive buffers are at least 64 KiB. */
bool zc_nl_open(int protocol, struct zc_nl **out, struct zc_err *err) ZC_MUST_USE;
void zc_nl_close(struct zc_nl *nl);
static inline void zc_nl_freep(struct zc_nl **p)
{
        zc_nl_close(*p);
}

/** One message of an answer: its type and its payload after the nlmsghdr. Return false to stop, with err filled. */
typedef bool (*zc_nl_fn)(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err);

/**
 * Send one request (NLM_F_DUMP set for a dump) and hand every answer to fn. A dump that the kernel says was interrupted
 * (NLM_F_DUMP_INTR, EINTR) is restarted up to 5 times: `restart` (may be NULL) is called first so that the caller forgets what it has.
 * The kernel's refusal is an error with its extended ACK text; EPERM is ZC_E_DENIED.
 */
bool zc_nl_request(struct zc_nl *nl, struct nlmsghdr *req, zc_nl_fn fn, void (*restart)(void *ctx), void *ctx, struct zc_err *err) ZC_MUST_USE;

/** Attributes, bounded: the next one of a window (type without the NESTED and NET_BYTEORDER bits, payload window). False at the end or on a malformed one; *bad tells. */
bool zc_nla_next(struct zc_rd *attrs, uint16_t *type, struct zc_rd *payload, bool *bad);

#endif
