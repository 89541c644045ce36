/**
 * The symbolic evaluator's parts. All packets of one question (family, protocol, connection state) go through the hooks at once, as states: a set
 * of packets that may be here, and what rules have changed about them. Where nobody can tell what becomes of a packet it goes every way that it
 * may go; one that may be refused on any of them is in `dropped`, so that what arrives and is not there arrives for certain.
 */
#ifndef ZC_FW_SYM_H
#define ZC_FW_SYM_H

#include <netinet/in.h>

#include "bdd.h"
#include "zc/fw.h"

/** One bit of a register or a packet: 0, 1, nobody knows, or a bit of the question's packet (or its opposite). */
typedef uint16_t sym_bit;
enum { SYM_ZERO, SYM_ONE, SYM_UNKNOWN, SYM_VARS };
#define SYM_VAR(v) ((sym_bit)(SYM_VARS + 2 * (v)))
#define SYM_NOT(bit)                                                                               \
        ((sym_bit)((bit) == SYM_UNKNOWN  ? (bit)                                                   \
                   : (bit) < SYM_UNKNOWN ? !(bit)                                                  \
                                         : (((bit)-SYM_VARS) ^ 1) + SYM_VARS))

/** A byte: eight bits, or the at-th byte of a choice's value. */
struct sym_byte {
        uint16_t choice; /* number + 1; 0 for bits */
        uint16_t
                at; /* which byte of the choice; as wide as this so that no padding spoils memcmp() */
        sym_bit bit[8];
};

struct sym_regs {
        uint64_t valid; /* a bit per byte: written in this rule */
        struct sym_byte byte[ZC_FW_REG_BYTES];
};

/** A value that depends on the packet in a way that bits do not say: the interface's name, the kind of route to an address, what a map gives. */
struct sym_choice {
        size_t n;
        struct sym_option {
                zc_bdd may, must; /* packets for which it is this one */
                uint8_t value[32];
        } * options;
};

/** Packets for which a condition may hold, and those for which it surely does. */
struct sym_pair {
        zc_bdd may, must;
};
#define SYM_ALWAYS ((struct sym_pair){ BDD_ALL, BDD_ALL })
#define SYM_NEVER ((struct sym_pair){ BDD_NONE, BDD_NONE })
#define SYM_MAYBE ((struct sym_pair){ BDD_ALL, BDD_NONE })

/** What rules changed about the packets of a state. Compared as bytes: zero what is not used. */
struct sym_over {
        uint8_t base, offset;
        int16_t value; /* -1: not known */
};
#define SYM_OVERS 24
struct sym_changes {
        struct sym_over over[SYM_OVERS]; /* by base and offset */
        uint32_t overs;
        uint32_t mark, ct_mark;
        uint32_t oif; /* index of the interface it will leave by; 0 none yet */
        uint8_t ct;   /* enum zc_fw_ct; 0: not seen by connection tracking */
        bool mark_lost, ct_mark_lost;
        bool oif_lost;
        bool to_self; /* redirected, or handed to a transparent proxy: delivered here whatever the destination */
        bool translated;      /* by a NAT chain: later ones are not asked */
        bool dnat, dnat_lost; /* the destination is another; or it may be the same one */
};
struct sym_state {
        zc_bdd set;
        struct sym_changes now;
};

/** States that are alive; linked so that the diagrams' collector finds them. */
struct sym_list {
        struct sym_state *states;
        size_t n, cap;
        struct sym_list *prev;
};

/** The question's fields as bits of the diagram, in its order. */
struct sym_layout {
        unsigned proto, iif, dport, saddr, daddr, sport,
                atoms; /* first bit of each; dport: transport bytes 2-3, sport: bytes 0-1 */
        unsigned addr_bits;
};
#define SYM_IIF_BITS 10

/** Membership in a set too large to spell out: one bit of its own. */
struct sym_atom {
        const struct zc_fw_set *set;
        struct sym_byte key[ZC_FW_KEY_MAX];
};
#define SYM_ATOMS 64
#define SYM_LARGE 16384 /* elements from which a set is an atom */

enum { SYM_VISITED = 1, SYM_POSSIBLE = 2, SYM_HIT = 4 };

/** Addresses that routing treats alike. */
enum sym_doubt { SYM_SURE, SYM_MULTIPATH, SYM_UNSURE };
struct sym_dest {
        uint8_t type;  /* enum zc_fw_route_type; 0: no route */
        uint8_t doubt; /* several next hops; or other routes may be taken */
        uint32_t oif;
        zc_bdd to;
};
struct sym_dests {
        struct sym_dest *list;
        size_t n, cap;
};

struct sym_question {
        enum zc_fw_family family; /* IP or IP6 */
        int protocol;             /* -1: all but those in `but` */
        const uint8_t *but;
        size_t but_count;
        uint8_t ct;    /* NEW, …: what connection tracking will say */
        bool syn;      /* TCP: only the flag SYN is set; false: flags are not known */
        bool loopback; /* packets of lo too */
};

/** Conditions of neighbouring rules with one verdict. */
#define SYM_RUN 4096
struct sym_batch {
        zc_bdd may[SYM_RUN], must[SYM_RUN];
        size_t n;
        enum zc_fw_code code;
};

/** What is told about the way to whoever asks. No set outlives the call but in lists. */
struct sym_watch {
        void *ctx;
        /** A state comes to a base chain. */
        void (*entering)(void *ctx, const struct zc_fw_chain *chain, const struct sym_state *state);
        /** A rule accepts it. */
        void (*accepted)(void *ctx, const struct zc_fw_chain *chain, size_t rule,
                         const struct sym_state *state);
        /** What one base chain dropped in all. */
        void (*dropped)(void *ctx, const struct zc_fw_chain *chain, zc_bdd packets);
        /** The rule names packets that come into its chain, and none of them comes to it. */
        void (*unmet)(void *ctx, const struct zc_fw_chain *chain, size_t rule, zc_bdd named);
};

struct sym {
        const struct zc_fw_ruleset *rs;
        const struct zc_fw_host *host;
        struct sym_question q;
        struct bdd *b;
        struct sym_layout at;
        struct sym_list *lists;
        struct sym_choice *choices;
        size_t choice_count, choice_cap,
                choice_kept; /* choices up to `kept` stay; later ones go with the rule that made them */
        struct sym_batch *batch;
        struct sym_atom *atoms;
        size_t atom_count;
        size_t iif_count; /* interfaces, and one more for any other */
        uint16_t c_next, c_name, c_index, c_type, c_group,
                c_kind;         /* choices made once; number + 1, 0 not yet */
        zc_bdd dropped;         /* packets that may end on the way */
        zc_bdd local;           /* destinations that are delivered here */
        zc_bdd unicast;         /* destinations that are neither multicast nor broadcast */
        zc_bdd here;            /* this host's own addresses that packets can come in for */
        struct sym_dests dests; /* destinations by their route, multicast and broadcast left out */
        bool policy;            /* routes other than the local table's are not known … */
        bool anywhere;          /* … and some of them may lead here */
        enum zc_fw_hook hook;   /* where the states are now … */
        bool netdev;            /* … and whether in a device's own table */
        const struct sym_watch *watch;  /* NULL when nobody asks */
        const struct sym_list *entered; /* what came into the present chain; when watched */
        uint8_t *seen; /* flags per rule, in the order of chains; NULL when nobody asks */
        const size_t *first_rule; /* of each chain in `seen` */
        size_t collect_at;        /* nodes at which it is time to give some back */
        size_t steps;             /* rules that were asked so far */
        struct {
                uint32_t flags;
                uint8_t result;
                uint8_t when; /* what else it depends on */
                uint16_t choice;
        } fibs[8];
        size_t fib_count;
        bool lost; /* memory, forks or nodes ran out: nothing can be said */
        void (*ended)(void *ctx, enum zc_fw_hook hook, const struct sym_state *state);
        void *ctx;
};

static inline bool sym_is_icmp(int protocol)
{
        return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* sym.c */
/** Another kind of packet, with what is known already: protocol and connection state may differ. */
void sym_ask(struct sym *s, int protocol, uint8_t ct);
struct sym *sym_new(const struct zc_fw_ruleset *rs, const struct zc_fw_host *host,
                    const struct sym_question *q);
void sym_free(struct sym *s);
/** Whether packets of the question come in by the host's i-th interface; those that do are numbered in order. */
bool sym_comes_in(const struct sym *s, size_t i);
zc_bdd sym_iif(struct sym *s, size_t number);
zc_bdd sym_prefix(struct sym *s, unsigned var, const uint8_t *addr, unsigned bits);
/** Give memory back where it is worth it. Only between rules: what stands in no list is gone. */
void sym_collect(struct sym *s);
/** Push and pop in strict nesting. */
void sym_list_open(struct sym *s, struct sym_list *l);
void sym_list_close(struct sym *s, struct sym_list *l);
/** The last one; its states stay, the caller's to free, and no longer found by the collector. */
void sym_list_unlink(struct sym *s, struct sym_list *l);
/** These may end here. */
void sym_drop(struct sym *s, zc_bdd packets);
/** Adds to a state with the same changes, or as a new one; nothing when it is empty. */
void sym_list_add(struct sym *s, struct sym_list *l, const struct sym_state *state);

/* sym_field.c */
enum sym_load { SYM_LOADED, SYM_MAY_BREAK, SYM_BREAKS };
struct sym_byte sym_byte_known(uint8_t value);
struct sym_byte sym_byte_unknown(void);
struct sym_byte sym_byte_of_choice(uint16_t choice, uint8_t at);
/** False when some bit is not known; value is then partly written. */
bool sym_bytes_known(const struct sym_byte *bytes, unsigned len, uint8_t *value);
enum sym_load sym_payload(struct sym *s, const struct sym_changes *now, unsigned base,
                          unsigned offset, unsigned len, struct sym_byte *out);
void sym_write(struct sym_changes *now, unsigned base, unsigned offset,
               const struct sym_byte *bytes, unsigned len);
enum sym_load sym_meta(struct sym *s, const struct sym_changes *now, unsigned key,
                       struct sym_byte *out, unsigned *len);
enum sym_load sym_ct(struct sym *s, const struct sym_changes *now, unsigned key, unsigned dir,
                     struct sym_byte *out, unsigned *len);
/** A new choice of n options, all empty; its number + 1; 0 when memory ran out. */
uint16_t sym_choice_new(struct sym *s, size_t n);
/** One that outlives its rule. */
uint16_t sym_choice_keep(struct sym *s, size_t n);
/** Packets from interfaces that have a kind: of others, asking for it breaks the rule. */
zc_bdd sym_has_kind(struct sym *s);

/* sym_dest.c: over the address bits from `var` on; out->list is the caller's to free */
/** Packets that come in by the interface. */
zc_bdd sym_from(struct sym *s, uint32_t index);
zc_bdd sym_link_local(struct sym *s, unsigned var);
/** Link-local addresses that nobody has: beyond fe80::/64 (RFC 4291, 2.5.6), and the routers' anycast one. */
zc_bdd sym_strange_link_local(struct sym *s, unsigned var);
/** A partition of the addresses (and, where strict, of the interfaces for those that are link-local). */
void sym_dests_of(struct sym *s, unsigned var, bool strict, struct sym_dests *out);
/** The same of the local table alone. */
void sym_local_of(struct sym *s, unsigned var, struct sym_dests *out);

/* sym_route.c */
/** Destinations that are delivered here, and the ways out of the rest. */
void sym_routes(struct sym *s);
/** Destinations that leave by the interface; `lost`: by one that is not known. */
zc_bdd sym_way_to(struct sym *s, uint32_t oif, bool lost);
zc_bdd sym_multicast(struct sym *s, unsigned var);
zc_bdd sym_limited_broadcast(struct sym *s, unsigned var);
/** Destinations that are martians on any interface but lo. */
zc_bdd sym_loopback_net(struct sym *s);
/** Sources that a packet from elsewhere can have: not this host's own, nor one that routing refuses. Rows need not tell the others apart. */
zc_bdd sym_valid_sources(struct sym *s);
/** Packets that do not come by lo. */
zc_bdd sym_elsewhere(struct sym *s);
/** 1: all of the address is known and stands in addr; 0: it is the packet's own; -1: not known. */
int sym_rewritten(const struct sym *s, const struct sym_changes *now, bool source, uint8_t *addr);
/** What is left of a set when the address bits from var on are these. */
zc_bdd sym_at_address(struct sym *s, zc_bdd x, unsigned var, const uint8_t *addr);
/** The state's packets by where they go, with oif decided. */
void sym_route(struct sym *s, const struct sym_state *in, struct sym_list *local,
               struct sym_list *onward);

/* sym_fib.c */
enum sym_load sym_fib(struct sym *s, const struct sym_changes *now, const struct zc_fw_op *op,
                      struct sym_byte *out, unsigned *len);

/* sym_witness.c */
/** A packet of the set; false when there is none, or none that can be told. */
bool sym_witness(struct sym *s, zc_bdd set, struct zc_fw_packet *out);

/* sym_cond.c */
struct sym_pair sym_compare(struct sym *s, const struct sym_byte *key, unsigned len,
                            enum zc_fw_cmp op, const uint8_t *data);
struct sym_pair sym_between(struct sym *s, const struct sym_byte *key, unsigned len,
                            const uint8_t *lo, const uint8_t *hi);
struct sym_pair sym_not(struct sym *s, struct sym_pair p);
struct sym_pair sym_both(struct sym *s, struct sym_pair p, struct sym_pair q);
/** Where the key is in the set. */
struct sym_pair sym_in_set(struct sym *s, const struct zc_fw_set *set, const struct sym_byte *key);
/** For each element of a map, and the catchall last: where it is the one; a miss is in none of them. False: not told apart. */
bool sym_map_hits(struct sym *s, const struct zc_fw_set *map, const struct sym_byte *key,
                  struct sym_pair *hits);

/* sym_rule.c, sym_walk.c */
struct sym_ends {
        struct sym_list accepted, returned;
};
void sym_ends_open(struct sym *s, struct sym_ends *ends);
void sym_ends_close(struct sym *s, struct sym_ends *ends);
/** What a rule makes of a state: the packets that go on to the next rule, and those that leave, each with its verdict. */
struct sym_moves {
        struct sym_list list;
        struct zc_fw_verdict *verdicts; /* beside list.states */
        size_t cap;
};
/** Packets for which all conditions in front of its verdict, or of what it does besides, may hold, and do. */
struct sym_pair sym_named(struct sym *s, const struct zc_fw_chain *chain, size_t number,
                          const struct sym_changes *now);
/** Whether a rule loads, asks, counts, and then accepts or drops: what it does then depends on nothing but the packet. */
bool sym_is_plain(const struct zc_fw_ruleset *rs, const struct zc_fw_rule *rule,
                  enum zc_fw_code *code);
void sym_rule(struct sym *s, const struct zc_fw_chain *chain, size_t number,
              const struct sym_state *in, struct sym_list *next, struct sym_moves *moves);
/** Rules from `first` on. What falls off the end is in ends->returned too. */
void sym_chain(struct sym *s, const struct zc_fw_chain *chain, size_t first,
               const struct sym_state *in, struct sym_ends *ends, unsigned depth);
/** The whole way in: `ended` is called for each state that is delivered (INPUT) or sent on (FORWARD). */
void sym_walk(struct sym *s);
#endif
