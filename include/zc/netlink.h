/** Netlink over libmnl: sockets, requests, dumps that are read whole or not at all, the kernel's extended errors as text. */
#ifndef ZC_NETLINK_H
#define ZC_NETLINK_H

#include <libmnl/libmnl.h>

#include "zc/err.h"
#include "zc/rd.h"

struct zc_nl;

/** @protocol: NETLINK_NETFILTER, NETLINK_SOCK_DIAG, NETLINK_ROUTE. Receive buffers are at least 64 KiB. */
bool zc_nl_open(int protocol, struct zc_nl **out, struct zc_err *err) ZC_MUST_USE;
/** Over a socket that was opened and bound earlier; it is closed with the rest. */
bool zc_nl_adopt(int fd, struct zc_nl **out, struct zc_err *err) ZC_MUST_USE;
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
 * The kernel's refusal is an error with its extended ACK text; EPERM and EACCES are ZC_E_DENIED, a protocol or a subsystem that
 * the kernel does not have is ZC_E_UNSUPPORTED; err->sys holds the errno. Requests that are no dumps are acknowledged (NLM_F_ACK).
 */
bool zc_nl_request(struct zc_nl *nl, struct nlmsghdr *req, zc_nl_fn fn, void (*restart)(void *ctx), void *ctx,
                   struct zc_err *err) ZC_MUST_USE;

/** Send messages that nobody answers when all is well. The kernel has done what they say when this returns. */
bool zc_nl_send(struct zc_nl *nl, const void *messages, size_t size, struct zc_err *err) ZC_MUST_USE;

/** A request under construction: a message of `type` over `buf` with `extra` zeroed bytes of the protocol's own header behind it. */
struct nlmsghdr *zc_nl_message(void *buf, uint16_t type, uint16_t flags, size_t extra_size, void **extra);

/* The wire (RFC 3549; linux/netlink.h): pure, and all in host byte order but for what a protocol says of its own attributes. */

/** Attributes, bounded: the next one of a window (type without the NESTED and NET_BYTEORDER bits, payload window). False at the end or on a malformed one; *bad tells. */
bool zc_nla_next(struct zc_rd *attrs, uint16_t *type, struct zc_rd *payload, bool *bad);
/** An attribute of exactly this size; false otherwise. `be` is network order, as nfnetlink writes all its integers. */
bool zc_nla_u8(struct zc_rd payload, uint8_t *out) ZC_MUST_USE;
bool zc_nla_u32(struct zc_rd payload, uint32_t *out) ZC_MUST_USE;
bool zc_nla_be32(struct zc_rd payload, uint32_t *out) ZC_MUST_USE;
bool zc_nla_be64(struct zc_rd payload, uint64_t *out) ZC_MUST_USE;
/** The text of a string attribute: up to its NUL, which may be missing. */
struct zc_rd zc_nla_text(struct zc_rd payload);

struct zc_nlmsg {
        uint16_t type, flags;
        uint32_t seq, portid;
        struct zc_rd payload;
};

/** The next message of a datagram. False at the end or on a malformed one; *bad tells. */
bool zc_nlmsg_next(struct zc_rd *datagram, struct zc_nlmsg *out, bool *bad);

/** What NLMSG_ERROR and the end of a dump carry: 0 or an errno, and the kernel's own words (a window; empty when it has none). */
struct zc_nlack {
        int error;
        struct zc_rd words;
};
/** False when it is malformed. */
bool zc_nlack_parse(const struct zc_nlmsg *m, struct zc_nlack *out);

/** Collects one answer, datagram after datagram. */
struct zc_nl_answer {
        uint32_t seq, portid;
        zc_nl_fn fn;
        void *ctx;
        bool over;        /* the last message came */
        bool interrupted; /* what was handed to fn is not one consistent dump */
        bool failed;      /* err is filled; fn is not called again */
};
/** Messages of other sequences or ports are passed over: they answer a request that was given up. */
void zc_nl_feed(struct zc_nl_answer *a, struct zc_rd datagram, struct zc_err *err);

#endif
