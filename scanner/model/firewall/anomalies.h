/** Anomalies under construction: what the parts of the search share. */
#ifndef ZC_FW_ANOMALIES_H
#define ZC_FW_ANOMALIES_H

#include "sym.h"
#include "zc/fw_sym.h"

/** What is known of a rule beside SYM_VISITED and its like. */
enum { RULE_NEEDED = 8, RULE_TRIED = 16, RULE_TOLD = 32, RULE_UNMET = 64 };

struct looking {
        const struct zc_fw_ruleset *rs;
        const struct zc_fw_host *host;
        const struct zc_fw_machine *machine; /* of the two; NULL: no packets are shown */
        struct zc_arena *arena;
        struct zc_fw_anomaly *list;
        size_t count, cap;
        size_t *first_rule; /* of each chain in `seen` */
        uint8_t *seen;      /* flags per rule */
        uint32_t *shown; /* by rule: the packet that shows it is unmet, number + 1 in `packets` */
        struct zc_fw_packet *packets;
        size_t packet_count, packet_cap;
        bool lost, nomem;
        uint32_t base; /* the base chain that is under way */
        /* of the question that is being asked */
        struct sym *s;
        struct sym_list explicit_accepts; /* now.mark: chain, now.ct_mark: rule */
        struct sym_list ends;             /* of INPUT */
        struct sym_list fresh;            /* what new packets of the protocol may reach */
};

static inline size_t rule_number(const struct looking *l, const struct zc_fw_chain *chain,
                                 size_t rule)
{
        return l->first_rule[chain - l->rs->chains] + rule;
}

/** Copied. */
void anomaly_add(struct looking *l, const struct zc_fw_anomaly *a);
/** A packet of the set shows it, where there is one to tell. */
void anomaly_keep(struct looking *l, size_t rule, zc_bdd set);
/** What shows the anomaly: the packet, the rules that decide about it, and what the concrete evaluator says of it, told in *answer; false where it does not say. */
bool anomaly_show(struct looking *l, struct zc_fw_anomaly *a, const struct zc_fw_packet *packet,
                  struct zc_fw_answer *answer);

/* anomalies_walk.c */
/** Every kind of packet through everything: fills `seen`, finds accepts that are overruled and invalid packets that are let in. */
void anomalies_walk(struct looking *l);
/** Again, for what the flags alone do not say: rules whose absence would change nothing, packets that show what is unmet. */
void anomalies_walk_again(struct looking *l);

/* anomalies_fate.c */
/** A state at a base chain: marks its rules NEEDED, or only TRIED. */
void anomalies_try(struct looking *l, const struct zc_fw_chain *chain,
                   const struct sym_state *state);

/* anomalies_static.c */
/** What needs no packet: chains that nothing jumps to, interfaces that are not there. */
void anomalies_static(struct looking *l);
/** Ports open to anyone over IPv6 alone. */
void anomalies_parity(struct looking *l, const struct zc_fw_admits *admits);
/** Front ends that each believe the ruleset theirs. */
void anomalies_front_ends(struct looking *l);
#endif
