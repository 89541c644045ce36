/**
 * What is asked over UDP, a datagram at a time, and how the answers look. Some of it is asked over TCP, too, in proto/identify. Pure: the
 * conversation is the udp probe's.
 */
#ifndef ZC_UDP_H
#define ZC_UDP_H

#include "zc/rd.h"
#include "zc/said.h"
#include "zc/wr.h"

/** RFC 1035: version.bind, CHAOS, TXT. */
void zc_udp_dns_write(struct zc_wr *out);
bool zc_udp_dns_read(struct zc_rd in);
void zc_udp_dns_detail(struct zc_rd in, struct zc_said *out);

/** RFC 5531: a NULL call, which does nothing. */
void zc_udp_rpc_write(struct zc_wr *out, uint32_t program, uint32_t version);
bool zc_udp_rpc_read(struct zc_rd in);

/** RFC 3261 section 11: OPTIONS. @transport: "UDP", "TCP". */
void zc_udp_sip_write(struct zc_wr *out, const char *transport);

/** What is asked at one port. */
struct zc_udp_row {
        uint16_t port;
        const char *service;
        const char *sent; /* in words */
        void (*write)(struct zc_wr *out);
        bool (*read)(struct zc_rd in); /* NULL: whatever comes is its answer */
        void (*detail)(struct zc_rd in, struct zc_said *out); /* NULL: it does not say */
        bool other_port;     /* the answer may come from another port */
        const char *silence; /* NULL, or why it may be silent though it is there */
};
extern const struct zc_udp_row zc_udp_rows[]; /* sorted by port */
extern const size_t zc_udp_row_count;
/** NULL: nothing is known to be there; an empty datagram is all that can be sent. */
const struct zc_udp_row *zc_udp_row_find(uint16_t port);

#define ZC_UDP_ASK_MAX 1232 /* bytes: IPv6's least packet without its heads */

#endif
