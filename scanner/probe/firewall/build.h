/**
 * The firewall model under construction: whatever reads rules (nf_tables, legacy tables) adds to it, and fw_build_finish() makes the
 * ruleset. Everything that is kept stands in the arena. Out of memory is remembered: check fw_build_finish() alone.
 */
#ifndef ZC_FW_BUILD_H
#define ZC_FW_BUILD_H

#include "zc/fw.h"

#define FW_NOWHERE UINT32_MAX

/** A growing array on the heap. */
struct fw_list {
        void *at;
        size_t count, cap;
};

struct fw_ipsets;

struct fw_names {
        struct fw_name *slots;
        size_t count, cap;
};

struct fw_build {
        struct zc_arena *arena; /* not owned */
        struct fw_list tables;  /* struct zc_fw_table */
        struct fw_list chains;  /* struct zc_fw_chain */
        struct fw_list rules;   /* struct fw_build_rule */
        struct fw_list ops;     /* struct zc_fw_op */
        struct fw_list sets;    /* struct zc_fw_set */
        struct fw_list gaps;    /* struct zc_fw_gap */
        struct fw_names names;
        struct fw_ipsets *ipsets; /* not owned; NULL: what rules say of ipset is not followed */
        bool conntrack[2];
        bool failed;
};

struct fw_build_rule {
        uint32_t chain;
        struct zc_fw_rule rule;
};

void fw_build_init(struct fw_build *b, struct zc_arena *arena);
void fw_build_release(struct fw_build *b);

/** Room for one more, zeroed, of this size; NULL (and failed) when out of memory. Valid until the next one. */
void *fw_build_more(struct fw_build *b, struct fw_list *list, size_t size);
#define fw_build_at(list, type, i) (&((type *)(list).at)[i])

/** Escaped copy in the arena; NULL (and failed) when out of memory. */
const char *fw_build_text(struct fw_build *b, struct zc_rd text);
/** Copied bytes; never NULL but for failed. */
const uint8_t *fw_build_bytes(struct fw_build *b, struct zc_rd bytes);

/** Name spaces: tables within a family, chains and sets within a table. */
enum fw_space { FW_TABLES, FW_CHAINS, FW_SETS };
/** The index kept under this name, or FW_NOWHERE. @within: family, or the table's index. */
uint32_t fw_build_find(struct fw_build *b, enum fw_space space, uint32_t within, struct zc_rd name);
/** Adds an entry under its name; the struct's `name` and place are filled. NULL when out of memory. */
struct zc_fw_table *fw_build_table(struct fw_build *b, enum zc_fw_family family, struct zc_rd name);
struct zc_fw_chain *fw_build_chain(struct fw_build *b, uint32_t table, struct zc_rd name);
struct zc_fw_set *fw_build_set(struct fw_build *b, uint32_t table, struct zc_rd name);

/** Opens a rule at the end of the chain: ops that follow are its own. */
void fw_build_rule_open(struct fw_build *b, uint32_t chain, uint64_t handle);
struct zc_fw_op *fw_build_op(struct fw_build *b, enum zc_fw_op_kind kind, const char *name);
/** Ops that were made elsewhere, behind it. */
void fw_build_ops(struct fw_build *b, const struct zc_fw_ops *ops);
/** Its comment, unless it has one; an empty one is none. */
void fw_build_comment(struct fw_build *b, struct zc_rd comment);
/** Ends it, and judges whether it is idle. */
void fw_build_rule_close(struct fw_build *b);

/** Something asks for conntrack, as nf_ct_netns_get() does it for a family. */
void fw_build_conntrack(struct fw_build *b, enum zc_fw_family family);

/** Both are copied, and safe to print. Past 200 they are told no more one by one. */
void fw_build_gap(struct fw_build *b, enum zc_fw_weight weight, const char *what,
                  const char *where);

bool fw_build_told(const struct fw_build *b, const char *what);

/** The ruleset, in the arena. What was built is released. */
bool fw_build_finish(struct fw_build *b, struct zc_fw_ruleset *out, struct zc_err *err) ZC_MUST_USE;

#endif
