/** What judging one part needs to know, shared by the files that do it; nobody else includes it. */
#ifndef ZC_JUDGE_WORK_H
#define ZC_JUDGE_WORK_H

#include "judge_internal.h"

/*
 * What all rules together may cost: each has a budget of its own for one entity, and three hundred that use it up would take minutes of a fleet. So
 * many nodes for each evidence, whatever is in it, and what a check usually takes, several times over.
 */
#define ZC_NODES_PER_EVIDENCE ((uint64_t)64 << 20)
#define ZC_NODES_PER_CHECK ((uint64_t)512)

struct zc_judge_run {
        struct zc_evidence *const *evs;
        size_t count;
        const struct zc_judge_options *o;
        struct zc_tally *tally;
        const struct zc_terms *terms;
        const json_t *assets;
        struct zc_join *join;
        json_t *exposure;
        json_t *reach_by_listener;  /* asset, listener → reach */
        json_t *reach_by_port;      /* asset, port/transport → reach */
        json_t *met;                /* open ports whose endpoints one evidence has */
        bool *judged;               /* by rule: something of its kind was there */
        struct zc_tally_memo *memo; /* by rule */
        json_t **like;              /* by rule: its last finding, or NULL */
        size_t *by_kind; /* positions of rules, those of one kind together, in the order of zc_kinds */
        size_t *kind_end; /* by kind: where its rules end in there; they begin where the kind before ends */
        uint64_t left;            /* nodes */
        struct zc_arena *scratch; /* of one check */
        struct zc_err *err;
};

/* The rules of a kind at work on the entities of one part. */
struct zc_work {
        struct zc_judge_run *j;
        const struct zc_rule *rule;
        size_t index;        /* of the rule */
        const size_t *rules; /* positions: of all of the kind */
        size_t rule_count;
        const struct zc_evidence *ev; /* NULL for exposure rows: they belong to no single run */
        size_t number;                /* of the evidence */
        const json_t *host, *endpoint, *part;
        const char *asset; /* of the endpoint: its machine's, where that has evidence of its own */
        const char *endpoint_pointer;
        const char *lost;      /* the probe whose outcome the endpoint lacks, or NULL */
        struct zc_place place; /* of the endpoint */
};

/* ---- reach ---- */

bool zc_work_reach_index(struct zc_judge_run *j) ZC_MUST_USE;
/** Whether entities of the kind are reached from anywhere, or not. */
bool zc_kind_has_reach(const struct zc_kind *kind);
/** How far away the entity can be reached from; unknown where nothing says so. */
enum zc_reach zc_work_reach(const struct zc_work *w, const struct zc_entity *e);

/* ---- entities ---- */

/** The work turns to the i-th of its rules. */
void zc_work_rule(struct zc_work *w, size_t i);
/** All its rules on one entity: for zc_kind_each(). @ctx: the work. */
bool zc_work_entity(void *ctx, const struct zc_entity *e);
/** What the presence of a kind's entities means for all its rules beyond the entities themselves: one more check each, of the whole. */
bool zc_work_presence(struct zc_work *w, enum zc_presence presence, const char *asset,
                      const char *subject, const char *why) ZC_MUST_USE;

#endif
