/** The nftables ruleset of this network namespace, read whole at one generation: what the probe tells, and no more. */
#ifndef ZC_FIREWALL_RULESET_H
#define ZC_FIREWALL_RULESET_H

#include "nft_wire.h"
#include "zc/arena.h"
#include "zc/netlink.h"

/** A rule whose verdict stands without a condition. */
struct fw_sure {
        enum zc_nft_effect effect;
        struct zc_rd chain; /* where to, for jumps */
        uint64_t handle;
        struct fw_sure *next;
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
        struct fw_sure *sure, *sure_last; /* in order */
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

/** What becomes of a packet that meets no condition. */
enum fw_fate { FW_ACCEPT, FW_DROP, FW_UNKNOWN };
/** In one base chain: its sure rules, jumps followed, then its policy. */
enum fw_fate fw_chain_fate(const struct fw_ruleset *rs, const struct fw_chain *base);

enum fw_path { FW_INPUT, FW_FORWARD };
/** Over all hooks of a path, for family ip or ip6. @where: the chain that made it unknown (NULL otherwise). */
enum fw_fate fw_path_fate(const struct fw_ruleset *rs, enum fw_path path, uint8_t family,
                          const struct fw_chain **where);
/** Whether any chain that is not dormant stands at a hook. */
bool fw_any_base(const struct fw_ruleset *rs);

#endif
