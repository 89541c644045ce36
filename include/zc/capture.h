/**
 * Packet sockets. Opened by the parent while it has CAP_NET_RAW; the collector, which has no privilege, only uses the descriptors. They send
 * and receive from the network header on ("cooked"): the kernel puts the link's header in front, whatever the device is (Ethernet, VLAN, tunnels
 * without one), and takes it off again.
 */
#ifndef ZC_CAPTURE_H
#define ZC_CAPTURE_H

#include <stdbool.h>

#include "zc/addr.h"
#include "zc/err.h"
#include "zc/rd.h"

/** Source ports of probes: above what kernels hand out to connections by default, so that ours and theirs are told apart. */
#define ZC_CAPTURE_PORT_FIRST 61440u
#define ZC_CAPTURE_PORTS 4096u

enum zc_capture_fd {
        ZC_CAPTURE_SEND,  /* AF_PACKET, bound to nothing: receives nothing */
        ZC_CAPTURE_RING,  /* AF_PACKET with a TPACKET_V3 ring; its filter passes answers to our ports only, and cannot be changed any more */
        ZC_CAPTURE_ARP,   /* AF_PACKET: ARP replies */
        ZC_CAPTURE_ROUTE, /* NETLINK_ROUTE: asks, and has no right to change anything once capabilities are gone */
        ZC_CAPTURE_LOOKUP, /* another one, for whoever asks while an engine runs */
        ZC_CAPTURE_FDS
};

struct zc_capture {
        int fd[ZC_CAPTURE_FDS]; /* -1: not open */
        bool packets;           /* false: there is no CAP_NET_RAW, and only routes can be asked for */
};

/** What was opened is closed again on failure. */
bool zc_capture_open(struct zc_capture *out, struct zc_err *err) ZC_MUST_USE;
void zc_capture_close(struct zc_capture *c);

/* ---- the ring ---- */

struct zc_ring;

/** Maps it; the descriptors stay the caller's. */
bool zc_ring_map(const struct zc_capture *c, struct zc_ring **out, struct zc_err *err) ZC_MUST_USE;
void zc_ring_unmap(struct zc_ring *r);

struct zc_packet {
        struct zc_rd bytes; /* from the network header on; valid until the next call */
        uint16_t protocol;  /* ETH_P_* */
        uint32_t index;     /* of the interface */
        int64_t at_us;      /* CLOCK_REALTIME, when the kernel got it */
};
/** The next packet, without waiting. */
bool zc_ring_next(struct zc_ring *r, struct zc_packet *out);
/** Packets that the kernel had no room for since the last call. */
unsigned zc_ring_drops(struct zc_ring *r);

#endif
