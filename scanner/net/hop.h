/**
 * Next hops: by which interface, from which address and to whose link address a packet for a destination goes. Routes and links are asked of
 * the kernel, and remembered for a run; neighbours are found by our own ARP and neighbour discovery, which leaves the kernel's table alone.
 */
#ifndef ZC_NET_HOP_H
#define ZC_NET_HOP_H

#include "zc/addr.h"
#include "zc/capture.h"
#include "zc/err.h"
#include "zc/packet.h"

enum hop_kind {
        HOP_NO_ROUTE,
        HOP_OWN,     /* an address of this machine */
        HOP_FOREIGN, /* by a device that we do not speak over */
        HOP_PLAIN,   /* there is no link address to put in front */
        HOP_LINK,    /* a neighbour's is needed */
};

struct hop {
        enum hop_kind kind;
        bool on_link;   /* no router between */
        uint32_t index; /* interface */
        struct zc_addr source;
        struct zc_addr via; /* the gateway, or the destination itself */
        uint8_t own[6];     /* the interface's link address */
};

struct hops;
/** @fd: which of the netlink sockets is used. */
bool hops_new(const struct zc_capture *c, enum zc_capture_fd fd, struct hops **out, struct zc_err *err) ZC_MUST_USE;
void hops_free(struct hops *h);
/** What was known of routes and neighbours is asked anew. */
void hops_forget(struct hops *h);
struct hop hop_find(struct hops *h, const struct zc_addr *to);

enum neigh_state { NEIGH_ASKING, NEIGH_KNOWN, NEIGH_SILENT };

#define NEIGH_NONE UINT32_MAX

struct neigh {
        struct zc_addr addr;
        uint32_t index;
        enum neigh_state state;
        uint8_t link[6];
        uint8_t asked;    /* times */
        int64_t due_us;   /* ASKING: when it is asked again, or given up */
        uint32_t waiting; /* the user's: first of what waits for it, NEIGH_NONE for none */
        struct hop hop;
};

/** Number of the neighbour that a hop goes to, new and ASKING where it is not known yet; NEIGH_NONE: no memory. */
uint32_t neigh_of(struct hops *h, const struct hop *hop);
/** Valid until the next neigh_of(). */
struct neigh *neigh_at(struct hops *h, uint32_t number);
/** Somebody said where he is. Number of the neighbour that is KNOWN by it now and was not, NEIGH_NONE for none. */
uint32_t neigh_heard(struct hops *h, const struct zc_packet_seen *seen, uint32_t index);
/** A neighbour whose time has come: asked again (NEIGH_NONE is then returned when no other is due), or SILENT from now on and returned. */
uint32_t neigh_due(struct hops *h, int64_t now_us);
/** When neigh_due() is worth calling, INT64_MAX never. */
int64_t neigh_next_us(const struct hops *h);

#endif
