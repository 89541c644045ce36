/** ipset over netlink (NFNL_SUBSYS_IPSET; linux/netfilter/ipset/ip_set.h), protocol 6 and 7: bytes in, windows out. Pure. */
#ifndef ZC_FW_IPSET_WIRE_H
#define ZC_FW_IPSET_WIRE_H

#include "zc/err.h"
#include "zc/rd.h"

#define ZC_IPSET_SUBSYSTEM 6u
#define ZC_IPSET_TYPE(n) (uint16_t)(ZC_IPSET_SUBSYSTEM << 8 | (n))
enum { ZC_IPSET_LIST = 7, ZC_IPSET_GET_BYINDEX = 15 };

/** One answer. Of a set that takes several, only the first has a header. */
struct fw_ipset_message {
        struct zc_rd name, type; /* type: empty without a header */
        uint8_t family;          /* AF_INET, AF_INET6; 0: of any, as sets of ports are */
        struct zc_rd create;     /* attributes of the set as it was made */
        struct zc_rd elements;   /* a list */
};
/** @payload: with struct nfgenmsg. An attribute that we do not know is malformed: what it says of the set nobody knows. */
bool fw_ipset_message_parse(struct zc_rd payload, struct fw_ipset_message *out,
                            struct zc_err *err) ZC_MUST_USE;

struct fw_ipset_address {
        uint8_t bytes[16];
        uint8_t len; /* 4, 16; 0: not told */
};

/** What a set or an element says of itself; 0 where it says nothing. */
struct fw_ipset_data {
        struct fw_ipset_address ip, ip_to, ip2;
        uint8_t cidr, cidr2, proto, netmask;
        uint16_t port, port_to;
        uint32_t mark, markmask, flags; /* IPSET_FLAG_* of the upper half */
        uint32_t timeout;
        bool has_timeout, has_cidr, has_cidr2, has_markmask;
        struct fw_ipset_address bitmask;
        struct zc_rd iface, name, ether;
        uint16_t unknown; /* the first attribute that we do not know */
};
bool fw_ipset_create_parse(struct zc_rd create, struct fw_ipset_data *out,
                           struct zc_err *err) ZC_MUST_USE;
/** False at the end or on a malformed one; *bad tells. */
bool fw_ipset_element_next(struct zc_rd *list, struct fw_ipset_data *out, bool *bad);

#endif
