/** What hop.c, hop_classes.c and neigh.c share. */
#ifndef ZC_NET_HOP_TABLES_H
#define ZC_NET_HOP_TABLES_H

#include "hop.h"
#include "zc/netlink.h"
#include "zc/rtnl.h"

#define LINKS_MAX 64u
#define HOPS_KEPT 4096u

struct route_answer {
        bool any;
        struct zc_rt_route route;
};

struct link {
        uint32_t index, flags;
        uint16_t type;
        bool has_address;
        uint8_t address[6];
};

struct kept {
        bool used;
        struct zc_addr to;
        struct hop hop;
};

/* Addresses from `first` up to the next end share a route. */
struct class_end {
        uint8_t first[16];
        bool known;
        struct hop hop; /* where it is on the link: of another destination */
};

struct classes {
        bool read, usable, selective;
        uint8_t family;
        struct class_end *ends; /* sorted */
        size_t count;
        struct class_end before; /* what lies before the first */
};

struct hops {
        struct zc_nl *nl;
        int send;
        struct link links[LINKS_MAX];
        size_t link_count;
        struct kept kept[HOPS_KEPT]; /* where there are no classes */
        struct classes classes[2];   /* IPv4, IPv6 */
        /* neighbours: an array, a table of numbers into it by hash, and those that are asked for in the order in which they are due */
        struct neigh *neighs;
        uint32_t *table;
        size_t neigh_count, neigh_room, table_size;
        uint32_t *asking;
        size_t asking_first, asking_count;
};

/** NULL: its route has to be asked for. */
struct class_end *class_of(struct hops *h, const struct zc_addr *a);
void classes_forget(struct hops *h);
/** An empty table again. */
void neighs_forget(struct hops *h);

#endif
