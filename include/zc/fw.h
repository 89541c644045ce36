/**
 * The firewall model: a ruleset as the kernel runs it (chains of small programs over registers, nf_tables(8), linux/netfilter/nf_tables.h),
 * the part of the host that decides with it (interfaces, routes, switches), and packets. Pure: built by a reader, asked by the evaluators.
 * Legacy iptables tables are written in the same words. Everything lives in the arena of its owner and is read-only once built.
 *
 * Bytes stand as the kernel has them: payload in network order, meta and ct values in host order (trap: memcmp over raw bytes is the truth).
 */
#ifndef ZC_FW_H
#define ZC_FW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zc/arena.h"
#include "zc/err.h"
#include "zc/rd.h"

/* Families of tables: the NFPROTO_* of linux/netfilter.h. */
enum zc_fw_family {
        ZC_FW_INET = 1,
        ZC_FW_IP = 2,
        ZC_FW_ARP = 3,
        ZC_FW_NETDEV = 5,
        ZC_FW_BRIDGE = 7,
        ZC_FW_IP6 = 10
};

/* One place a packet passes, whatever the family numbers it. */
enum zc_fw_hook {
        ZC_FW_NO_HOOK,
        ZC_FW_INGRESS, /* netdev and inet ingress: of one device */
        ZC_FW_PREROUTING,
        ZC_FW_INPUT,
        ZC_FW_FORWARD,
        ZC_FW_OUTPUT,
        ZC_FW_POSTROUTING,
        ZC_FW_EGRESS,
        ZC_FW_HOOKS
};

enum zc_fw_code {
        ZC_FW_ACCEPT,
        ZC_FW_DROP,
        ZC_FW_CONTINUE,
        ZC_FW_BREAK,
        ZC_FW_JUMP,
        ZC_FW_GOTO,
        ZC_FW_RETURN,
        ZC_FW_QUEUE,
        ZC_FW_STOLEN
};
struct zc_fw_verdict {
        enum zc_fw_code code;
        uint32_t chain; /* for JUMP and GOTO: index in zc_fw_ruleset.chains */
        uint16_t queue;
};

/* The registers: 16 slots of 4 bytes. NFT_REG_1..4 are slots 0, 4, 8, 12; NFT_REG32_00..15 are slots 0..15. */
#define ZC_FW_SLOTS 16
#define ZC_FW_REG_BYTES (ZC_FW_SLOTS * 4)
#define ZC_FW_KEY_MAX 64

enum zc_fw_op_kind {
        /* what they load or compute is exact over the packet and the host; a load past the end breaks the rule */
        ZC_FW_OP_PAYLOAD, /* dreg = len bytes at base+offset */
        ZC_FW_OP_EXTHDR,  /* dreg = an option or extension header */
        ZC_FW_OP_META,    /* dreg = key */
        ZC_FW_OP_CT,      /* dreg = key (dir) */
        ZC_FW_OP_FIB,
        ZC_FW_OP_RT,
        ZC_FW_OP_SOCKET,
        ZC_FW_OP_IMMEDIATE, /* dreg = data */
        ZC_FW_OP_BITWISE,
        ZC_FW_OP_BYTEORDER,
        ZC_FW_OP_LOAD_ANY, /* dreg gets bytes that nobody can tell: numgen, hash, osf, tunnel, xfrm, last, … `name` says which; may break */
        /* conditions: the rule ends when they do not hold */
        ZC_FW_OP_CMP,
        ZC_FW_OP_RANGE,
        ZC_FW_OP_LOOKUP, /* also loads when the set is a map; a verdict map gives a verdict */
        ZC_FW_OP_MAYBE, /* limit, quota, connlimit, unknown expression, …: may hold or not; `name` says which */
        /* what they change */
        ZC_FW_OP_META_SET,
        ZC_FW_OP_CT_SET,
        ZC_FW_OP_PAYLOAD_SET,
        ZC_FW_OP_EXTHDR_SET,
        ZC_FW_OP_NOTRACK,
        ZC_FW_OP_NAT,    /* snat, dnat, masq, redir: terminal accept of the nat chain */
        ZC_FW_OP_DYNSET, /* adds to or deletes from a set; may fail (full), then breaks; set.learns */
        ZC_FW_OP_NEUTRAL, /* counter, log, dup, objref, flow_offload, nftrace */
        /* terminal */
        ZC_FW_OP_VERDICT,
        ZC_FW_OP_REJECT,
        ZC_FW_OP_QUEUE,
        ZC_FW_OP_SYNPROXY,
        ZC_FW_OP_FWD, /* stolen: leaves by another device */
        ZC_FW_OP_TPROXY,
        ZC_FW_OP_UNKNOWN, /* nobody knows what becomes of the packet or the registers: may be anything, a verdict included */
};

enum zc_fw_base { ZC_FW_BASE_LINK, ZC_FW_BASE_NETWORK, ZC_FW_BASE_TRANSPORT, ZC_FW_BASE_INNER };
enum zc_fw_cmp { ZC_FW_EQ, ZC_FW_NE, ZC_FW_LT, ZC_FW_LE, ZC_FW_GT, ZC_FW_GE }; /* NFT_CMP_* */
enum zc_fw_bitwise {
        ZC_FW_BIT_MASK_XOR,
        ZC_FW_BIT_LSHIFT,
        ZC_FW_BIT_RSHIFT,
        ZC_FW_BIT_AND,
        ZC_FW_BIT_OR,
        ZC_FW_BIT_XOR
};
enum zc_fw_nat { ZC_FW_SNAT, ZC_FW_DNAT, ZC_FW_MASQ, ZC_FW_REDIR };

struct zc_fw_set;

/** One expression. Slots are numbers of 4-byte registers; no_slot where there is none. Data is in the arena. */
#define ZC_FW_NO_SLOT 0xff
struct zc_fw_op {
        uint8_t kind; /* enum zc_fw_op_kind */
        uint8_t sreg, dreg, sreg2;
        uint8_t len; /* bytes */
        uint8_t op; /* enum zc_fw_cmp, zc_fw_bitwise, zc_fw_nat; byteorder: NFT_BYTEORDER_*; exthdr: NFT_EXTHDR_OP_*; reject: NFT_REJECT_* */
        uint8_t key; /* payload: enum zc_fw_base; meta, ct, rt, socket: NFT_{META,CT,RT,SOCKET}_*; fib: NFT_FIB_RESULT_*; exthdr: header or option type; reject: ICMP code; byteorder: element size */
        uint8_t dir; /* ct: 0 original, 1 reply, ZC_FW_NO_SLOT none; nat: family */
        bool invert; /* lookup, range != (NFT_RANGE_NEQ); payload: zeros where the packet ends before, rather than a break */
        uint16_t offset;
        uint32_t
                flags; /* fib, exthdr, queue (bypass), nat (NF_NAT_RANGE_*), payload write: checksum type, its flags << 8 */
        uint32_t
                amount; /* bitwise shift; queue number; socket level; payload write: checksum offset; lookup, dynset: index of the set (none when it is of an xt match) */
        union {
                struct {
                        const uint8_t *a,
                                *b; /* len bytes each: cmp data; range from, to; bitwise mask, xor; immediate data */
                } data;
                struct {
                        uint8_t addr_min, addr_max, port_min, port_max; /* slots */
                } nat; /* tproxy too: addr_min, port_min */
                struct zc_fw_set *set;
                struct zc_fw_verdict verdict;
        } u;
        const char
                *name; /* the expression's own name, for what blurs: "limit", "xt match recent" */
};

struct zc_fw_rule {
        uint64_t handle;       /* nft: its handle; legacy: 1-based number in the chain */
        uint32_t first, count; /* its ops in zc_fw_ruleset.ops */
        const char *comment;   /* of its user data, escaped; NULL for none */
        bool idle; /* it changes nothing and has no verdict (it counts, logs): may be passed over */
};

struct zc_fw_device {
        const char *name;
        bool prefix; /* all names that start so */
};

struct zc_fw_chain {
        uint32_t table; /* index */
        const char *name;
        uint64_t handle;
        bool base;
        const char *type; /* of a base chain: "filter", "nat", "route" */
        bool offload, binding;
        bool nat; /* type nat: the first packet of a flow only, and only where conntrack runs */
        enum zc_fw_hook hook;
        int32_t priority;
        uint32_t rank[2]; /* its place among all at its hook, of IPv4 and IPv6, where the kernel tells it (from 1); 0: not told */
        enum zc_fw_code policy;             /* ACCEPT or DROP; CONTINUE: not known */
        const struct zc_fw_device *devices; /* of ingress and egress; none: at no device */
        size_t device_count;
        bool devices_unknown; /* the kernel says more of its devices than we know: may be at any */
        struct zc_fw_rule *rules;
        size_t rule_count;
};

enum zc_fw_backend { ZC_FW_NF_TABLES, ZC_FW_LEGACY };
struct zc_fw_table {
        enum zc_fw_family family;
        enum zc_fw_backend backend;
        const char *name; /* as all names: escaped */
        bool dormant, owned, persist;
        uint64_t handle;
};

/** Bounds are inclusive. Keys are key_len bytes; a plain set has lo == hi. */
struct zc_fw_set {
        uint32_t table;
        const char *name;
        uint32_t key_len, data_len;
        bool anonymous;     /* part of its rule */
        bool map, verdicts; /* data per element; the data are verdicts */
        bool ordered; /* concatenation with ranges (pipapo): the first element in order that holds every field wins */
        bool learns;     /* some rule adds to it at run time: a miss may be a hit */
        bool read;       /* its elements are all here; false: nobody knows */
        uint8_t objects; /* NFT_OBJECT_* of the objects that it names; 0: none */
        bool weak; /* an element may carry a limit or the like: a hit may break all the same */
        size_t count;
        const uint8_t *lo,
                *hi; /* count * key_len; sorted by lo and disjoint unless ordered; hi == lo for plain sets (the same pointer) */
        const uint8_t *data;                 /* count * data_len of a map that holds data */
        const struct zc_fw_verdict *verdict; /* count, of a verdict map */
        const uint8_t *fleeting;             /* a bit per element that times out; NULL for none */
        const uint8_t *
                fields; /* widths in bytes of a concatenation's fields (each padded to 4), field_count of them */
        size_t field_count;
        bool has_catchall, catchall_fleeting;
        const uint8_t *catchall_data;
        struct zc_fw_verdict catchall_verdict;
        const void *index; /* an evaluator's own */
};

/** Something that is not in the model: {what, where}, as for not_modelled; text is escaped. */
enum zc_fw_weight {
        ZC_FW_REMARK, /* decides about nothing that is asked here */
        ZC_FW_SOCKETS, /* may keep packets from some sockets */
        ZC_FW_IN_OPS, /* may decide, and the ops say where: MAYBE, UNKNOWN, LOAD_ANY, a set that is not read */
        ZC_FW_DECIDES, /* may decide about any packet, past the model */
};
struct zc_fw_gap {
        const char *what, *where;
        enum zc_fw_weight weight;
};

struct zc_fw_host;
struct zc_fw_ruleset {
        struct zc_arena *arena;
        struct zc_fw_table *tables;
        size_t table_count;
        struct zc_fw_chain *
                chains; /* in the order of registration, as far as it is known: at equal priority the later runs first (measured) */
        size_t chain_count;
        struct zc_fw_op *ops;
        size_t op_count;
        struct zc_fw_set *sets;
        size_t set_count;
        const struct zc_fw_gap *gaps;
        size_t gap_count;
        const struct zc_fw_host
                *host; /* whose interfaces rules in words name; NULL: they are named by number */
        bool conntrack[2]; /* it runs for IPv4, IPv6: something asks for it (nf_ct_netns_get) */
};

/* The host. */

struct zc_fw_interface {
        uint32_t index;
        char name[16];
        uint16_t type; /* ARPHRD_* */
        uint32_t group;
        const char *kind; /* "bridge", "veth"; "" for none */
        uint32_t master;  /* index, 0 for none */
        bool up;
        bool forwarding[2]; /* IPv4: net.ipv4.conf.IF.forwarding; IPv6: net.ipv6.conf.all.forwarding, or IF.force_forwarding */
        uint8_t rp_filter;  /* the greater of all and IF */
        bool route_localnet, accept_local;
};

struct zc_fw_address {
        uint32_t interface; /* index */
        uint8_t family;     /* ZC_FW_IP, ZC_FW_IP6 */
        uint8_t addr[16];
        uint8_t prefix;
};

enum zc_fw_route_type {
        ZC_FW_UNICAST = 1,
        ZC_FW_LOCAL,
        ZC_FW_BROADCAST,
        ZC_FW_ANYCAST,
        ZC_FW_MULTICAST,
        ZC_FW_BLACKHOLE,
        ZC_FW_UNREACHABLE,
        ZC_FW_PROHIBIT
}; /* RTN_* */
struct zc_fw_route {
        uint8_t family;
        uint8_t type;
        uint8_t dst[16], prefix;
        uint32_t table, oif, metric; /* RT_TABLE_*; several next hops: oif 0 and multipath */
        bool multipath;
};

struct zc_fw_host {
        const struct zc_fw_interface *interfaces;
        size_t interface_count;
        const struct zc_fw_address *addresses;
        size_t address_count;
        const struct zc_fw_route *routes; /* all tables */
        size_t route_count;
        bool policy_routing
                [2]; /* rules other than the three of the kernel: which table is asked after the local one is not known */
        bool known;       /* it was read; false: routing is not known */
        bool gre_tunnels; /* tunnels may deliver packets that the outer rules saw in another shape */
};

/* Packets. */

enum zc_fw_ct {
        ZC_FW_CT_INVALID = 1,
        ZC_FW_CT_ESTABLISHED = 2,
        ZC_FW_CT_RELATED = 4,
        ZC_FW_CT_NEW = 8,
        ZC_FW_CT_UNTRACKED = 64
};
enum zc_fw_known { /* what the question left open: bytes that nobody knows */
                   ZC_FW_KNOWN_SPORT = 1,
                   ZC_FW_KNOWN_DPORT = 2,
                   ZC_FW_KNOWN_SADDR = 4,
                   ZC_FW_KNOWN_DADDR = 8,
                   ZC_FW_KNOWN_IIF = 16,
                   ZC_FW_KNOWN_TTL = 32,
                   ZC_FW_KNOWN_TOS = 64,
                   ZC_FW_KNOWN_LENGTH = 128,
                   ZC_FW_KNOWN_MARK = 256,
                   ZC_FW_KNOWN_ALL = 511
};

/** One packet as `reach` asks for it. Ports in host order. */
struct zc_fw_packet {
        uint8_t family;               /* ZC_FW_IP or ZC_FW_IP6 */
        uint8_t protocol;             /* IPPROTO_* */
        uint32_t iif;                 /* interface index */
        uint8_t saddr[16], daddr[16]; /* IPv4 in the first four */
        uint16_t sport, dport;
        uint8_t flags;      /* TCP */
        uint8_t type, code; /* ICMP, ICMPv6 */
        uint8_t ct;         /* one of enum zc_fw_ct */
        uint8_t ttl, tos;
        uint8_t pkttype; /* PACKET_HOST … of linux/if_packet.h */
        uint16_t length; /* of the whole IP packet; 0: just the headers */
        uint32_t mark;
        unsigned known; /* enum zc_fw_known */
};

/* Answers. */

enum zc_fw_outcome {
        ZC_FW_IS_ACCEPT,
        ZC_FW_IS_REJECT,
        ZC_FW_IS_DROP,
        ZC_FW_IS_UNKNOWN
}; /* from open to closed */
enum zc_fw_certainty { ZC_FW_CERTAIN, ZC_FW_POSSIBLE };

struct zc_fw_via {
        uint32_t chain;  /* index */
        uint64_t handle; /* 0: the chain's policy */
};
#define ZC_FW_VIA_MAX 24

struct zc_fw_answer {
        enum zc_fw_outcome outcome; /* the most open of the outcomes that can happen */
        enum zc_fw_certainty certainty;
        enum zc_fw_hook end; /* INPUT or FORWARD when it got so far, else where it ended */
        struct zc_fw_via via
                [ZC_FW_VIA_MAX]; /* the rules (or policies) that decide, one per base chain passed, in order */
        size_t via_count;
        const char *blur; /* the first expression that made it POSSIBLE or UNKNOWN; NULL for none */
        bool translated;  /* the destination is another than the packet's */
        uint8_t daddr[16];
        uint16_t dport;
        uint32_t mark;
};

/** What the evaluator tells while it walks, in the order of the kernel. */
enum zc_fw_step {
        ZC_FW_AT_HOOK,
        ZC_FW_AT_CHAIN,   /* a base chain begins */
        ZC_FW_RULE_HOLDS, /* op: what decides; NULL when the rule ends without a verdict */
        ZC_FW_RULE_FAILS, /* op: the one that did not hold, value: what it saw */
        ZC_FW_RULE_MAYBE, /* both are followed: what comes next is where it holds … */
        ZC_FW_OTHERWISE,  /* … and from here on where it does not */
        ZC_FW_AT_POLICY,
        ZC_FW_ROUTED,    /* text: where to and why */
        ZC_FW_REWRITTEN, /* address and port: the new destination (or source, at postrouting) */
        ZC_FW_TRACKED,   /* text: the state that connection tracking gives */
        ZC_FW_ENDS       /* outcome; text: why, where no rule says so */
};
struct zc_fw_event {
        enum zc_fw_step what;
        enum zc_fw_hook hook;
        const struct zc_fw_chain *chain;
        const struct zc_fw_rule *rule;
        const struct zc_fw_op *op;
        const uint8_t *value, *unknown; /* what op's register held, and which bits of it nobody knows; NULL for none */
        const char *text;
        const uint8_t *address;
        uint16_t port;
        enum zc_fw_outcome outcome;
        enum zc_fw_code verdict; /* of RULE_HOLDS with an op, AT_POLICY */
        unsigned depth;          /* how many doubts are open */
};
struct zc_fw_trace {
        void (*step)(void *ctx, const struct zc_fw_event *event);
        void *ctx;
};

struct zc_text;
/** A rule in words near to nft's own; names are escaped as they stand in the model. */
void zc_fw_rule_words(const struct zc_fw_ruleset *rs, const struct zc_fw_rule *rule, struct zc_text *out);
/** Of RULE_FAILS and RULE_MAYBE: what the deciding condition saw, "tcp dport is 443". Nothing is added where there is nothing to say. */
void zc_fw_why_words(const struct zc_fw_ruleset *rs, const struct zc_fw_event *event, struct zc_text *out);

/** A ruleset and a host made ready for questions: chains per hook and device in kernel order, indexes. NULL when out of memory. Free before the two. */
struct zc_fw_machine;
struct zc_fw_machine *zc_fw_machine_new(const struct zc_fw_ruleset *rs,
                                        const struct zc_fw_host *host) ZC_MUST_USE;
void zc_fw_machine_free(struct zc_fw_machine *m);

/** What may decide about any packet past the model, in words; NULL for nothing. */
const char *zc_fw_decides(const struct zc_fw_ruleset *rs);
/** Whether a bridge's own tables, or a chain at one of its ports, see packets before they come in by the bridge; that is not modelled further. */
bool zc_fw_bridge_decides(const struct zc_fw_ruleset *rs, const struct zc_fw_host *host);

/**
 * The concrete evaluator: one packet through every hook it passes. Does not allocate; may be called from several threads. A packet by
 * the loopback device is one that the host sends to itself: it passes output and postrouting first. A source that is not told is a valid one.
 */
void zc_fw_eval(const struct zc_fw_machine *m, const struct zc_fw_packet *packet,
                const struct zc_fw_trace *trace, struct zc_fw_answer *out);

/** The interface by which packets to this address leave: 0 where there is no route, or routing is not known. */
uint32_t zc_fw_route_to(const struct zc_fw_machine *m, uint8_t family, const uint8_t *addr);

const struct zc_fw_interface *zc_fw_interface_find(const struct zc_fw_host *host, const char *name);
const char *zc_fw_family_name(enum zc_fw_family f);
/** Whose table it is, where it is not of nf_tables: "iptables-legacy"; NULL for nf_tables. */
const char *zc_fw_legacy_name(const struct zc_fw_table *t);
const char *zc_fw_hook_name(enum zc_fw_hook h);
const char *zc_fw_outcome_name(enum zc_fw_outcome o); /* "accept", "reject", "drop", "unknown" */

/* xt: iptables' matches and targets, from nf_tables' compat expressions and from legacy tables (linux/netfilter/xt_*.h), are written in the ops
 * above wherever those can say it (multiport as a lookup in a concatenation of ports, addrtype as fib, REJECT, DNAT, MARK, …), so that whoever
 * evaluates needs no word of xt. What they cannot say is ZC_FW_OP_MAYBE or ZC_FW_OP_UNKNOWN with the name "xt match recent". */

/** A rule's ops under construction; the list is in the arena and grows by doubling. */
struct zc_fw_ops {
        struct zc_arena *arena;
        struct zc_fw_op *list;
        size_t count, cap;
};
/** One more, zeroed, with ZC_FW_NO_SLOT in sreg, dreg, sreg2, dir; NULL when out of memory. */
struct zc_fw_op *zc_fw_ops_add(struct zc_fw_ops *ops, enum zc_fw_op_kind kind);

/**
 * Append what the match or target does; slots 12..15 are its scratch. *known false: we do not know it or its revision (a MAYBE or an
 * UNKNOWN was appended). False for a malformed one or out of memory.
 */
bool zc_fw_xt_match(struct zc_fw_ops *ops, const char *name, uint32_t revision, struct zc_rd info,
                    enum zc_fw_family family, bool *known, struct zc_err *err) ZC_MUST_USE;
/** What an entry of a legacy table asks of the IP header: struct ipt_ip, or struct ip6t_ip6. */
bool zc_fw_xt_header(struct zc_fw_ops *ops, struct zc_rd header, enum zc_fw_family family,
                     bool *known, struct zc_err *err) ZC_MUST_USE;
bool zc_fw_xt_target(struct zc_fw_ops *ops, const char *name, uint32_t revision, struct zc_rd info,
                     enum zc_fw_family family, bool *known, struct zc_err *err) ZC_MUST_USE;

#endif
