/**
 * What a ruleset lets in, for all packets at once (scanner/model/firewall/sym*.c): new connections from elsewhere, through every hook, as few rows
 * as the truth allows. Pure. Where the rows say `certain`, every packet of the row passes; what no row names does not pass, or comes
 * from this host itself. `possible`: something that cannot be told (a limit, a set that learns) may let it pass, or it passes in one of several ways.
 * Sources that no packet from elsewhere has (this host's own, loopback, multicast, and what routing refuses whatever the rules say) are not told apart.
 */
#ifndef ZC_FW_SYM_H_
#define ZC_FW_SYM_H_

#include "zc/fw.h"

struct zc_fw_span {
        uint32_t lo, hi;
};
struct zc_fw_cidr {
        uint8_t addr[16];
        uint8_t prefix;
};
struct zc_fw_in_set {
        const struct zc_fw_set *set;
        bool in;
};

enum { ZC_FW_OTHER_PROTOCOLS = -1 };

/** One row. An empty list is "any", but for `ports` of protocols that have none. Lists are in the arena, sorted. */
struct zc_fw_admit {
        enum zc_fw_family family; /* IP or IP6 */
        enum zc_fw_hook hook;     /* INPUT or FORWARD */
        int protocol;             /* IPPROTO_*; ZC_FW_OTHER_PROTOCOLS: those in `protocols` */
        const struct zc_fw_span *protocols, *ports, *source_ports, *icmp_types;
        size_t protocol_count, port_count, source_port_count, icmp_type_count;
        const struct zc_fw_cidr *sources, *destinations;
        size_t source_count, destination_count;
        bool sources_except; /* any source but the listed ones */
        bool sources_cut,
                destinations_cut; /* more than could be listed: the row is then wider than the truth, and only possible */
        const struct zc_fw_in_set *sets; /* and in (or not in) these large sets */
        size_t set_count;
        const uint32_t *interfaces; /* numbers in zc_fw_host.interfaces */
        size_t interface_count;
        uint32_t out;    /* FORWARD: index of the interface it leaves by; 0: not known */
        bool translated; /* the destination is another afterwards */
        bool address_known, port_known; /* of the translation */
        uint8_t address[16];
        uint16_t port;
        enum zc_fw_certainty certainty;
        struct zc_fw_via via
                [ZC_FW_VIA_MAX]; /* the rules (or policies) that decide about the row's packets */
        size_t via_count;
};

struct zc_fw_admits {
        struct zc_fw_admit *rows;
        size_t count, cap;
        bool unknown
                [2]
                [2]; /* IPv4, IPv6 × INPUT, FORWARD: the ruleset was too much for it: nothing is said */
};

enum zc_fw_extent { ZC_FW_ALL_PROTOCOLS, ZC_FW_TCP_AND_UDP };

/** @machine: of the same ruleset and host, for the deciding rules; NULL: they are not told. False when out of memory. */
bool zc_fw_admits(const struct zc_fw_ruleset *rs, const struct zc_fw_host *host,
                  const struct zc_fw_machine *machine, enum zc_fw_extent extent,
                  struct zc_arena *arena, struct zc_fw_admits *out, struct zc_err *err) ZC_MUST_USE;

/* What cannot be meant. */
enum zc_fw_anomaly_kind {
        ZC_FW_SHADOWED_RULE, /* packets that it names come into its chain, and earlier rules decide about all of them */
        ZC_FW_REDUNDANT_RULE, /* it decides about packets, and without it (and all others that are told) they would come to the same end */
        ZC_FW_UNREACHABLE_RULE, /* no packet comes as far, or none that it names comes into its chain */
        ZC_FW_UNREACHABLE_CHAIN, /* nothing jumps to it */
        ZC_FW_NO_SUCH_INTERFACE, /* a rule for an interface that is not there */
        ZC_FW_OVERRULED_ACCEPT, /* new packets that it accepts, by name, are dropped by a later base chain of the same hook */
        ZC_FW_INVALID_ACCEPTED,   /* packets of no connection get where a new one does not */
        ZC_FW_OPEN_OVER_IPV6,     /* ports that are open to anyone over IPv6 and not over IPv4 */
        ZC_FW_SEVERAL_FRONT_ENDS, /* two of them filter at the same hook */
        ZC_FW_ANOMALY_KINDS
};
struct zc_fw_anomaly {
        enum zc_fw_anomaly_kind kind;
        uint32_t chain;       /* UINT32_MAX: of none */
        uint64_t handle;      /* 0: the chain as a whole, or its policy */
        const char *name;     /* of the interface; of the front ends */
        enum zc_fw_hook hook; /* OPEN_OVER_IPV6, SEVERAL_FRONT_ENDS; NO_HOOK for others */
        int protocol;         /* OPEN_OVER_IPV6, and its ports */
        const struct zc_fw_span *ports;
        size_t port_count;
        bool shown; /* a packet that shows it, and the rules that decide about it: in its stead, or against it; of a redundant one: without it */
        struct zc_fw_packet packet;
        struct zc_fw_via via[ZC_FW_VIA_MAX];
        size_t via_count;
};

/**
 * Found by letting every kind of packet (each protocol, new, established, related, invalid, untracked, lo too) through the whole ruleset, not by
 * pattern; what a packet can show is told only if the concrete evaluator agrees. Rulesets of more than `ZC_FW_ANOMALY_RULES` are not looked at. *whole
 * false: something was too much, and of rules only what needs no packet is told. @machine and @admits: of the same ruleset and host, or NULL.
 */
#define ZC_FW_ANOMALY_RULES 5000
struct zc_fw_anomalies {
        const struct zc_fw_anomaly *list;
        size_t count;
        bool whole;
};
bool zc_fw_anomalies(const struct zc_fw_ruleset *rs, const struct zc_fw_host *host,
                     const struct zc_fw_machine *machine, const struct zc_fw_admits *admits,
                     struct zc_arena *arena, struct zc_fw_anomalies *out,
                     struct zc_err *err) ZC_MUST_USE;

#endif
