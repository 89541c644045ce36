/** What the kernel says of its nftables ruleset, message by message (linux/netfilter/nf_tables.h). Pure; windows point into the message. */
#ifndef ZC_NFT_WIRE_H
#define ZC_NFT_WIRE_H

#include "zc/err.h"
#include "zc/rd.h"

/* Message types within the subsystem; only ones that read, and never one of the *_RESET kind (they zero counters). */
#define ZC_NFT_SUBSYSTEM 10
#define ZC_NFT_TYPE(n) ((uint16_t)(ZC_NFT_SUBSYSTEM << 8 | (n)))
enum {
        ZC_NFT_NEWTABLE = 0,
        ZC_NFT_GETTABLE = 1,
        ZC_NFT_NEWCHAIN = 3,
        ZC_NFT_GETCHAIN = 4,
        ZC_NFT_NEWRULE = 6,
        ZC_NFT_GETRULE = 7,
        ZC_NFT_NEWSET = 9,
        ZC_NFT_GETSET = 10,
        ZC_NFT_NEWSETELEM = 12,
        ZC_NFT_GETSETELEM = 13,
        ZC_NFT_NEWGEN = 15,
        ZC_NFT_GETGEN = 16,
        ZC_NFT_NEWOBJ = 18,
        ZC_NFT_GETOBJ = 19,
        ZC_NFT_NEWFLOWTABLE = 22,
        ZC_NFT_GETFLOWTABLE = 23
};

/* Families: the NFPROTO_* of linux/netfilter.h. */
enum {
        ZC_NFT_INET = 1,
        ZC_NFT_IP = 2,
        ZC_NFT_ARP = 3,
        ZC_NFT_NETDEV = 5,
        ZC_NFT_BRIDGE = 7,
        ZC_NFT_IP6 = 10
};

enum { ZC_NFT_TABLE_DORMANT = 1, ZC_NFT_TABLE_OWNER = 2, ZC_NFT_TABLE_PERSIST = 4 };
enum { ZC_NFT_CHAIN_BASE = 1, ZC_NFT_CHAIN_HW_OFFLOAD = 2, ZC_NFT_CHAIN_BINDING = 4 };
enum {
        ZC_NFT_SET_ANONYMOUS = 1,
        ZC_NFT_SET_INTERVAL = 4,
        ZC_NFT_SET_MAP = 8,
        ZC_NFT_SET_TIMEOUT = 0x10,
        ZC_NFT_SET_EVAL = 0x20,
        ZC_NFT_SET_OBJECT = 0x40,
        ZC_NFT_SET_CONCAT = 0x80
};
#define ZC_NFT_DATA_VERDICT 0xffffff00u
enum { ZC_NFT_POLICY_DROP = 0, ZC_NFT_POLICY_ACCEPT = 1 };

/* In all of them, `unknown` is the type of the first attribute that is not in our schema; 0 for none. */

struct zc_nft_table {
        uint8_t family;
        struct zc_rd name;
        uint32_t flags;
        uint64_t handle;
        uint32_t unknown;
};

struct zc_nft_chain {
        uint8_t family;
        struct zc_rd table, name;
        uint64_t handle;
        uint32_t flags;
        bool base; /* it stands at a hook; the rest is meaningless otherwise */
        bool has_policy;
        uint32_t hook, policy;
        int32_t priority;
        struct zc_rd type;
        struct zc_rd device;  /* the one device it stands at; empty for none or several */
        struct zc_rd devices; /* several: for zc_nft_device_next() */
        bool devices_unknown; /* more is said of them than that */
        uint32_t unknown;
};

struct zc_nft_rule {
        uint8_t family;
        struct zc_rd table, chain;
        uint64_t handle;
        struct zc_rd expressions; /* for zc_nft_expr_next() */
        struct zc_rd userdata;
        uint32_t unknown;
};

struct zc_nft_set {
        uint8_t family;
        struct zc_rd table, name;
        uint32_t flags;
        uint32_t key_size, count;              /* count: 0 before Linux 6.18 */
        uint32_t data_type, data_size, object; /* data_type ZC_NFT_DATA_VERDICT: verdicts */
        struct zc_rd expression, expressions;  /* what runs at a hit: one, or a list */
        struct zc_rd description;              /* for zc_nft_fields() */
        uint32_t unknown;
};

bool zc_nft_table_parse(struct zc_rd payload, struct zc_nft_table *out,
                        struct zc_err *err) ZC_MUST_USE;
bool zc_nft_chain_parse(struct zc_rd payload, struct zc_nft_chain *out,
                        struct zc_err *err) ZC_MUST_USE;
bool zc_nft_rule_parse(struct zc_rd payload, struct zc_nft_rule *out,
                       struct zc_err *err) ZC_MUST_USE;
bool zc_nft_set_parse(struct zc_rd payload, struct zc_nft_set *out, struct zc_err *err) ZC_MUST_USE;
/** The place of a message of elements, and the elements. */
struct zc_nft_elements {
        uint8_t family;
        struct zc_rd table, set;
        struct zc_rd list; /* for zc_nft_element_next() */
        uint32_t unknown;
};
bool zc_nft_elements_parse(struct zc_rd payload, struct zc_nft_elements *out,
                           struct zc_err *err) ZC_MUST_USE;
enum { ZC_NFT_ELEMENT_END = 1, ZC_NFT_ELEMENT_CATCHALL = 2 };
struct zc_nft_element {
        struct zc_rd key;
        uint32_t flags;
        bool key_end;                         /* a range by itself: of a set over several fields */
        struct zc_rd end;                     /* its upper end, included */
        struct zc_rd value, verdict;          /* of a map: one or the other */
        bool timed;                           /* it goes away by itself */
        struct zc_rd expression, expressions; /* what runs at a hit: one, or a list */
        uint32_t unknown;
};
/** False at the end or on a malformed one; *bad tells. */
bool zc_nft_element_next(struct zc_rd *list, struct zc_nft_element *out, bool *bad);
/** The generation of the ruleset: a number that every change raises. */
bool zc_nft_gen_parse(struct zc_rd payload, uint32_t *generation, struct zc_err *err) ZC_MUST_USE;

/** A device's name, and whether it stands for all names that start so. False at the end; the list was checked by the chain's parser. */
bool zc_nft_device_next(struct zc_rd *devices, struct zc_rd *name, bool *prefix);

struct zc_nft_expr {
        struct zc_rd name, data;
};
/** False at the end or on a malformed one; *bad tells. */
bool zc_nft_expr_next(struct zc_rd *list, struct zc_nft_expr *out, bool *bad);

/** One expression by itself. */
bool zc_nft_expr_parse(struct zc_rd attrs, struct zc_nft_expr *out) ZC_MUST_USE;

/** The widths in bytes of a concatenation's fields, from a set's description: their number, 0 for none or a malformed one. */
size_t zc_nft_fields(struct zc_rd description, uint8_t *widths, size_t max);
/** A rule's comment among its user data ({u8 type, u8 length, bytes}, type 0); empty for none. */
struct zc_rd zc_nft_comment(struct zc_rd userdata);

/** What is neither a rule nor a set: a named object or a flow table. */
struct zc_nft_named {
        uint8_t family;
        struct zc_rd table, name;
        uint32_t type; /* of an object: NFT_OBJECT_* */
};
bool zc_nft_object_parse(struct zc_rd payload, struct zc_nft_named *out,
                         struct zc_err *err) ZC_MUST_USE;
bool zc_nft_flowtable_parse(struct zc_rd payload, struct zc_nft_named *out,
                            struct zc_err *err) ZC_MUST_USE;

#endif
