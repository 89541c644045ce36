/** The nftables ruleset of this network namespace, read whole at one generation: what the probe tells, and no more. */
#ifndef ZC_FIREWALL_RULESET_H
#define ZC_FIREWALL_RULESET_H

#include "match.h"
#include "nft_wire.h"
#include "zc/arena.h"
#include "zc/netlink.h"

/** What is in a set: the keys as ranges; in a verdict map, each with its verdict. */
struct fw_element {
        struct fw_range range;
        enum zc_nft_effect effect;
        struct zc_rd chain;
        bool end; /* of an interval, which does not hold it; gone when all are read */
};

struct fw_set {
        uint8_t family;
        struct zc_rd table, name;
        uint32_t flags, key_size, count;
        bool wanted, read; /* a rule with a verdict looks in it; its elements are all here */
        struct fw_element *elements;
        size_t element_count, element_cap;
};

/** Texts are the kernel's bytes, in the arena. */
struct fw_table {
        uint8_t family;
        struct zc_rd name;
        uint32_t flags;
        uint64_t handle;
        size_t first, count; /* its chains in fw_ruleset.chains */
};

struct fw_device {
        struct zc_rd name;
        bool prefix;
};

struct fw_chain {
        struct zc_nft_chain c; /* its windows are in the arena; device and devices are empty */
        struct fw_device *devices;
        size_t device_count;
        size_t rules;
        struct fw_step *steps, *steps_last; /* in order */
};

/** Something that the reading did not understand, once per kind: {what, where}. */
struct fw_strange {
        const char *what;  /* "expression foo" */
        const char *where; /* "ip filter INPUT handle 7" */
        struct fw_strange *next;
};

struct fw_ruleset {
        struct zc_arena *arena;
        struct fw_table *tables;
        size_t table_count, table_cap;
        struct fw_chain *chains; /* in the order of their tables */
        size_t chain_count, chain_cap;
        struct fw_set *set_list; /* all, the anonymous ones too */
        size_t set_count, set_cap;
        size_t sets, rules;
        size_t last; /* where the last rule's chain was */
        struct fw_strange *strange;
        uint32_t generation;
        uint64_t digest; /* of names, handles and policies, in order */
};

/**
 * Read it: every table, chain, rule and set of all families, twice the same at one generation; up to 6 readings when it changes.
 * ZC_E_DENIED without CAP_NET_ADMIN over this network namespace; ZC_E_UNSUPPORTED when the kernel has no nf_tables.
 */
bool fw_ruleset_read(struct zc_nl *nl, struct fw_ruleset *out, struct zc_err *err) ZC_MUST_USE;
/** One message of a dump (for tests: without a kernel). */
bool fw_ruleset_take(struct fw_ruleset *rs, uint16_t type, struct zc_rd payload,
                     struct zc_err *err) ZC_MUST_USE;
bool fw_ruleset_init(struct fw_ruleset *rs, struct zc_err *err) ZC_MUST_USE;
void fw_ruleset_release(struct fw_ruleset *rs);

/** NULL when there is none. */
const struct fw_chain *fw_chain_find(const struct fw_ruleset *rs, uint8_t family,
                                     struct zc_rd table, struct zc_rd name);
const struct fw_table *fw_table_of(const struct fw_ruleset *rs, const struct fw_chain *chain);

/** "inet", …; NULL for a family that we do not know. */
const char *fw_family_name(uint8_t family);
/** "input", …; NULL for a hook that we do not know. */
const char *fw_hook_name(uint8_t family, uint32_t hook);

/** Whether two windows hold the same bytes. */
bool fw_same(struct zc_rd a, struct zc_rd b);

/** NULL when there is none. */
struct fw_set *fw_set_find(const struct fw_ruleset *rs, uint8_t family, struct zc_rd table,
                           struct zc_rd name);
bool fw_elements_take(struct fw_ruleset *rs, struct zc_rd payload, struct zc_err *err) ZC_MUST_USE;
/** Mark the sets that the fates read, and no larger ones than they follow. */
void fw_sets_want(struct fw_ruleset *rs);
/** All of its elements were taken: points become ranges. */
void fw_set_done(struct fw_set *set);
void fw_set_forget(struct fw_set *set);

/** What becomes of a packet that no rule names: of a new TCP or UDP packet from elsewhere that is outside of all that rules pick out. */
enum fw_fate { FW_ACCEPT, FW_DROP, FW_UNKNOWN };
/** Why it is not known: a chain, and the rule in it that may decide, if there is one. */
struct fw_doubt {
        const struct fw_chain *chain;
        uint64_t handle;
};

enum fw_path { FW_INPUT, FW_FORWARD };
/** Over all hooks of a path, for family ip or ip6. @where: what made it unknown (chain NULL otherwise). */
enum fw_fate fw_path_fate(const struct fw_ruleset *rs, enum fw_path path, uint8_t family,
                          struct fw_doubt *where);
enum fw_whole { FW_SOME, FW_ALL, FW_NONE };
/** Whether all new packets from elsewhere pass (no chain stands in the way), or none of them whatever they hold. */
enum fw_whole fw_path_whole(const struct fw_ruleset *rs, enum fw_path path, uint8_t family);
#endif
