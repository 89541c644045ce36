/** The concrete evaluator's own: a packet's state with what nobody knows of it, and what its parts call each other. */
#ifndef ZC_MODEL_FIREWALL_EVAL_H
#define ZC_MODEL_FIREWALL_EVAL_H

#include <string.h>

#include "zc/fw.h"

/* ---- numbers of the kernel's (linux/netfilter/nf_tables.h and others), which old headers lack ---- */

enum {
        FW_META_LEN,
        FW_META_PROTOCOL,
        FW_META_PRIORITY,
        FW_META_MARK,
        FW_META_IIF,
        FW_META_OIF,
        FW_META_IIFNAME,
        FW_META_OIFNAME,
        FW_META_IIFTYPE,
        FW_META_OIFTYPE,
        FW_META_SKUID,
        FW_META_SKGID,
        FW_META_NFTRACE,
        FW_META_RTCLASSID,
        FW_META_SECMARK,
        FW_META_NFPROTO,
        FW_META_L4PROTO,
        FW_META_BRI_IIFNAME,
        FW_META_BRI_OIFNAME,
        FW_META_PKTTYPE,
        FW_META_CPU,
        FW_META_IIFGROUP,
        FW_META_OIFGROUP,
        FW_META_CGROUP,
        FW_META_PRANDOM,
        FW_META_SECPATH,
        FW_META_IIFKIND,
        FW_META_OIFKIND,
        FW_META_BRI_IIFPVID,
        FW_META_BRI_IIFVPROTO,
        FW_META_TIME_NS,
        FW_META_TIME_DAY,
        FW_META_TIME_HOUR,
        FW_META_SDIF,
        FW_META_SDIFNAME,
        FW_META_KEYS
};
enum {
        FW_CT_STATE,
        FW_CT_DIRECTION,
        FW_CT_STATUS,
        FW_CT_MARK,
        FW_CT_SECMARK,
        FW_CT_EXPIRATION,
        FW_CT_HELPER,
        FW_CT_L3PROTOCOL,
        FW_CT_SRC,
        FW_CT_DST,
        FW_CT_PROTOCOL,
        FW_CT_PROTO_SRC,
        FW_CT_PROTO_DST,
        FW_CT_LABELS,
        FW_CT_PKTS,
        FW_CT_BYTES,
        FW_CT_AVGPKT,
        FW_CT_ZONE,
        FW_CT_EVENTMASK,
        FW_CT_SRC_IP,
        FW_CT_DST_IP,
        FW_CT_SRC_IP6,
        FW_CT_DST_IP6,
        FW_CT_ID
};
enum { FW_FIB_OIF = 1, FW_FIB_OIFNAME, FW_FIB_ADDRTYPE };
enum {
        FW_FIB_F_SADDR = 1,
        FW_FIB_F_DADDR = 2,
        FW_FIB_F_MARK = 4,
        FW_FIB_F_IIF = 8,
        FW_FIB_F_OIF = 16,
        FW_FIB_F_PRESENT = 32
};
enum { /* ct status (linux/netfilter/nf_conntrack_common.h) */
       FW_IPS_SEEN_REPLY = 2,
       FW_IPS_CONFIRMED = 8,
       FW_IPS_SRC_NAT = 16,
       FW_IPS_DST_NAT = 32,
       FW_IPS_SRC_NAT_DONE = 128,
       FW_IPS_DST_NAT_DONE = 256
};
enum { /* NF_NAT_RANGE_* */
       FW_NAT_MAP_IPS = 1,
       FW_NAT_PROTO = 2,
       FW_NAT_PROTO_RANDOM = 4,
       FW_NAT_PROTO_RANDOM_FULLY = 16,
       FW_NAT_PROTO_OFFSET = 32,
       FW_NAT_NETMAP = 64
};
enum { FW_TABLE_DEFAULT = 253, FW_TABLE_MAIN = 254, FW_TABLE_LOCAL = 255, FW_ROUTE_THROW = 9 };
enum {
        FW_TCP = 6,
        FW_UDP = 17,
        FW_ICMP = 1,
        FW_ICMPV6 = 58,
        FW_DCCP = 33,
        FW_SCTP = 132,
        FW_UDPLITE = 136
};
enum { FW_ARPHRD_ETHER = 1, FW_ARPHRD_LOOPBACK = 772 };

/* ---- values of which some bits are not known ---- */

enum fw_tri { FW_NO, FW_YES, FW_EITHER };

#define FW_HEADERS 64 /* bytes of the packet that are modelled: network and transport header */

/** Addresses and ports of a connection in one direction; [0] source, [1] destination. `_u`: bits that nobody knows. */
struct fw_tuple {
        uint8_t addr[2][16], addr_u[2][16];
        uint8_t port[2][2], port_u[2][2];
};

struct fw_number {
        uint32_t v, u; /* value, and the bits that are not known (0 in v) */
};

/** A device, or none (of NULL), or one that is not known. */
struct fw_dev {
        const struct zc_fw_interface *iface;
        bool unknown;
};

/** Where a packet stands and all that rules can see of it. Copied where both outcomes are followed. */
struct fw_state {
        uint8_t v
                [2 *
                 FW_HEADERS]; /* the packet from the network header on, then what is not known of it: fw_u() */
        uint8_t r[2 * ZC_FW_REG_BYTES]; /* the registers, then what is not known of them */
        uint16_t transport, end,
                length; /* offsets: of the transport header, of what is modelled; bytes of the packet */
        uint8_t family, six, protocol, pkttype; /* six: 1 for IPv6, an index */
        bool length_unknown, ports;
        struct fw_dev in, out;
        struct fw_number mark, priority;
        /* connection tracking */
        bool ct_ran, ct_entry, ct_untracked, nat_first;
        uint8_t ct_state; /* ZC_FW_CT_* once it ran, INVALID before */
        uint8_t direction_u;
        struct fw_number ct_mark, ct_status;
        struct fw_tuple original, reply;
        /* the place */
        enum zc_fw_hook hook;
        bool in_chain, in_nat, nat_done, local_out, has_via;
        uint32_t entry, nat_entry;      /* in the hook's list, in the list of nat chains */
        uint32_t base, chain, rule, op; /* of the ruleset */
        uint32_t depth;
        struct {
                uint32_t chain, rule;
        } frame[16];
        bool translated;
        uint32_t via_count;
        struct zc_fw_via via[ZC_FW_VIA_MAX]; /* last: only what is used is copied */
};

/* ---- the machine ---- */

enum fw_entry_kind { FW_ENTRY_CHAIN, FW_ENTRY_CONNTRACK, FW_ENTRY_NAT };
struct fw_entry {
        int32_t priority;
        enum fw_entry_kind kind;
        uint32_t chain;
};
struct fw_list {
        struct fw_entry *entry;
        uint32_t count;
};

/** Routes of one table, longest prefix first, then by address, then by metric. */
struct fw_fib {
        const struct zc_fw_route **route;
        uint32_t count;
        struct {
                uint8_t prefix;
                uint32_t first, count;
        } length[129];
        uint32_t lengths;
};
enum { FW_FIB_LOCAL, FW_FIB_MAIN, FW_FIB_DEFAULT, FW_FIBS };

/** A plain set of more than a few elements: open addressing, element + 1. */
struct fw_set_index {
        uint32_t *slot;
        uint32_t mask;
        bool forgets; /* some rule deletes from it */
};

#define FW_ANY_PROTOCOL 256u

struct zc_fw_machine {
        struct zc_arena *arena;
        const struct zc_fw_ruleset *rs;
        const struct zc_fw_host *host;
        struct fw_list list[ZC_FW_HOOKS][2], nat[ZC_FW_HOOKS][2];
        struct fw_fib fib[2][FW_FIBS];
        struct fw_set_index *set; /* one per set of the ruleset */
        uint16_t *
                protocol; /* by a rule's first op: the only protocol for which it can hold, or FW_ANY_PROTOCOL */
        const struct zc_fw_interface **iface; /* sorted by index */
        bool nat_any[2], nat_does, offloads, bridge_decides, custom_local;
        const char *gap; /* what may decide past the model; NULL for nothing */
        bool tuples; /* some rule reads addresses or ports of a connection */
};

/* ---- a walk ---- */

enum fw_then {
        FW_GO_ON,
        FW_BREAK,  /* the rule does not hold */
        FW_FORK,   /* goes on, and breaks */
        FW_ENDS,   /* w->verdict */
        FW_CHOOSE, /* each of w->option */
};
enum fw_option_kind {
        FW_OPT_VERDICT,
        FW_OPT_END,
        FW_OPT_GO_ON,      /* with the rule's next expression */
        FW_OPT_BREAK,      /* with the next rule */
        FW_OPT_ENTER,      /* the chain, or the nat chains, of this entry */
        FW_OPT_NEXT,       /* entry of the hook */
        FW_OPT_STAY,       /* nothing happens */
        FW_OPT_TRANSLATED, /* to what nobody knows */
        FW_OPT_INPUT,
        FW_OPT_FORWARD
};
struct fw_option {
        enum fw_option_kind kind;
        struct zc_fw_verdict verdict;
        enum zc_fw_outcome outcome;
        struct fw_dev out;
        const char *text;
};
#define FW_OPTIONS 16
#define FW_DEPTH 48
#define FW_FORKS 4096

struct fw_walk {
        const struct zc_fw_machine *m;
        const struct zc_fw_packet *packet;
        const struct zc_fw_trace *trace;
        struct zc_fw_answer *out;
        struct zc_fw_verdict verdict;
        unsigned options;
        const char *cause; /* of the present FORK or CHOOSE */
        const char *blur;
        unsigned forks, depth, seen; /* seen: a bit per outcome */
        bool stop;
        struct fw_option option[FW_OPTIONS]; /* last: only what is used is set */
};

/** One expression. Never touches the place in s. */
typedef enum fw_then fw_op_fn(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op);

fw_op_fn fw_payload, fw_exthdr, fw_meta, fw_rt, fw_socket, fw_immediate, fw_load_any; /* load.c */
fw_op_fn fw_ct, fw_ct_set, fw_notrack;                                                /* track.c */
fw_op_fn fw_fib;                                                                      /* fib.c */
fw_op_fn fw_bitwise, fw_byteorder, fw_cmp, fw_range, fw_maybe; /* compute.c */
fw_op_fn fw_lookup;                                            /* skip.c */
bool fw_index_rules(struct zc_fw_machine *m);

/* lookup.c */
fw_op_fn fw_meta_set, fw_payload_set, fw_exthdr_set, fw_dynset, fw_neutral,
        fw_tproxy;                                                         /* change.c */
fw_op_fn fw_verdict, fw_reject, fw_queue, fw_synproxy, fw_fwd, fw_unknown; /* end.c */
fw_op_fn fw_nat;                                                           /* nat.c */

/* packet.c */
static inline uint8_t *fw_u(struct fw_state *s)
{
        return s->v + FW_HEADERS;
}
void fw_state_init(struct fw_state *s, const struct zc_fw_machine *m, const struct zc_fw_packet *p);
static inline const uint8_t *fw_addr(const struct fw_state *s, bool dst)
{
        return s->v + (s->six ? 8 : 12) + (dst ? (s->six ? 16 : 4) : 0);
}
static inline const uint8_t *fw_addr_u(const struct fw_state *s, bool dst)
{
        return fw_addr(s, dst) + FW_HEADERS;
}
/** Bits of the address that nobody knows. */
bool fw_addr_known(const struct fw_state *s, bool dst);
struct fw_tuple fw_tuple_of(const struct fw_state *s);

/* load.c: into a register; the rest of its last slot is zero */
void fw_store(struct fw_state *s, const struct zc_fw_op *op, const void *v, size_t n);
void fw_store_unknown(struct fw_state *s, const struct zc_fw_op *op, size_t n);
/** A number in host order of which some bits are not known. */
void fw_store_number(struct fw_state *s, const struct zc_fw_op *op, struct fw_number n);

/* track.c */
/** After a translation: what answers will look like. */
void fw_reply_update(struct fw_state *s);
void fw_track(struct fw_walk *w, struct fw_state *s);

/* skip.c */
bool fw_index_rules(struct zc_fw_machine *m);

/* lookup.c */
bool fw_index_sets(struct zc_fw_machine *m);

/* nat.c */
/** Whether the first-packet chains are asked here. */
enum fw_tri fw_nat_asked(const struct fw_walk *w, const struct fw_state *s);
void fw_nat_end(struct fw_walk *w, struct fw_state *s);

/* route.c */
bool fw_index_routes(struct zc_fw_machine *m);
struct fw_found {
        const struct zc_fw_route *route; /* NULL: none */
        bool unsure;                     /* another one may be taken */
};
/** @strict: only of this device (0: any), as for link-local addresses. */
struct fw_found fw_route_find(const struct zc_fw_machine *m, unsigned six, const uint8_t *addr,
                              uint32_t strict);
/** The same in the table of local addresses alone. */
struct fw_found fw_route_local(const struct zc_fw_machine *m, unsigned six, const uint8_t *addr,
                               uint32_t strict);
const struct zc_fw_interface *fw_iface(const struct zc_fw_machine *m, uint32_t index);
bool fw_is_own(const struct zc_fw_machine *m, unsigned six, const uint8_t *addr, uint32_t index);

/* decide.c: what becomes of a packet after prerouting: fills w->option; one option is certain */
void fw_decide(struct fw_walk *w, struct fw_state *s);
/** Refused by the stack before prerouting: why; NULL when it is not. */
const char *fw_martian_early(const struct fw_state *s);

/* hooks.c: at a hook, between chains */
enum fw_then fw_at_hook(struct fw_walk *w, struct fw_state *s);
/** The base chain is done with the packet. */
void fw_leave(struct fw_walk *w, struct fw_state *s);
void fw_take_hook_option(struct fw_walk *w, struct fw_state *s, const struct fw_option *o);

/* eval.c */
void fw_tell(struct fw_walk *w, const struct fw_state *s, struct zc_fw_event event);
#define FW_TELL(w, s, ...)                                                                         \
        do {                                                                                       \
                if ((w)->trace)                                                                    \
                        fw_tell((w), (s), (struct zc_fw_event){ __VA_ARGS__ });                    \
        } while (0)

static inline enum fw_then fw_option_add(struct fw_walk *w, struct fw_option o)
{
        if (w->options < FW_OPTIONS)
                w->option[w->options++] = o;
        return FW_CHOOSE;
}

#endif
