/**
 * Rules whose absence would change nothing. From the last rule to the first: what may become of packets from here on, so that a rule whose packets
 * would come to the same end behind it is found by one comparison. Proofs rest on later rules alone: all that are told may go at once.
 */
#include <stdlib.h>
#include <string.h>

#include "anomalies.h"

enum {
        ENDS_ACCEPTED,
        ENDS_DROPPED,
        ENDS_REJECTED,
        ENDS_NOTICED,
        ENDS
}; /* noticed: logged, learnt, changed */
#define DEPTH 20

/** Packets that may end so. */
struct fate {
        zc_bdd can[ENDS];
};

/** What a rule makes of all packets there could be. */
struct step {
        struct sym_moves moves;
        zc_bdd fall, in; /* goes on with the next rule; comes to this one */
        zc_bdd changed;  /* goes on otherwise than it came: not followed */
        zc_bdd dropped, noticed;
        bool skip, reject;
};

/** A chain that is being tried. */
struct trial {
        struct looking *l;
        const struct zc_fw_chain *chain;
        const struct sym_changes *now;
        const struct fate *after; /* of what returns from it */
        unsigned depth;
};

static struct fate try_chain(const struct trial *t, zc_bdd in);

static bool is_noticed(const struct zc_fw_ruleset *rs, const struct zc_fw_rule *rule)
{
        for (uint32_t i = 0; i < rule->count; i++) {
                const struct zc_fw_op *op = &rs->ops[rule->first + i];

                if (op->kind == ZC_FW_OP_DYNSET ||
                    (op->kind == ZC_FW_OP_NEUTRAL && strcmp(op->name, "counter") != 0 &&
                     strcmp(op->name, "last") != 0))
                        return true;
        }
        return false;
}

static bool same_changes(const struct sym_changes *a, const struct sym_changes *b)
{
        return memcmp(a, b, sizeof(*a)) == 0; /* no padding, and zero where unused */
}

static void look_at(const struct trial *t, size_t number, struct step *out)
{
        struct sym *s = t->l->s;
        const struct zc_fw_rule *rule = &t->chain->rules[number];
        const struct sym_state all = { .set = BDD_ALL, .now = *t->now };
        struct sym_list next;

        out->fall = BDD_ALL;
        if (is_noticed(t->l->rs, rule))
                out->noticed = sym_named(s, t->chain, number, t->now).may;
        if (rule->idle || out->skip)
                return;
        out->reject =
                rule->count && t->l->rs->ops[rule->first + rule->count - 1].kind == ZC_FW_OP_REJECT;
        out->fall = BDD_NONE;
        sym_list_open(s, &next);
        sym_list_open(s, &out->moves.list);
        sym_rule(s, t->chain, number, &all, &next, &out->moves);
        sym_list_unlink(s, &out->moves.list);
        for (size_t i = 0; i < next.n; i++) {
                if (same_changes(&next.states[i].now, t->now))
                        out->fall = bdd_or(s->b, out->fall, next.states[i].set);
                else
                        out->changed = bdd_or(s->b, out->changed, next.states[i].set);
        }
        for (size_t i = 0; i < out->moves.list.n; i++) {
                if (!same_changes(&out->moves.list.states[i].now, t->now))
                        out->changed = bdd_or(s->b, out->changed, out->moves.list.states[i].set);
        }
        sym_list_close(s, &next);
        out->dropped = s->dropped;
        s->dropped = BDD_NONE;
}

static struct fate fate_of(const struct trial *t, const struct step *step, size_t move,
                           const struct fate *behind)
{
        struct zc_fw_verdict v = step->moves.verdicts[move];
        struct fate out = { { BDD_NONE } };
        struct trial inner = *t;

        switch (v.code) {
        case ZC_FW_ACCEPT:
                out.can[ENDS_ACCEPTED] = BDD_ALL;
                return out;
        case ZC_FW_RETURN:
                return *t->after;
        case ZC_FW_JUMP:
        case ZC_FW_GOTO:
                if (v.chain >= t->l->rs->chain_count)
                        break;
                inner.chain = &t->l->rs->chains[v.chain];
                inner.after = v.code == ZC_FW_JUMP ? behind : t->after;
                inner.depth++;
                return try_chain(&inner,
                                 bdd_and(t->l->s->b, step->in, step->moves.list.states[move].set));
        default:
                break;
        }
        out.can[step->reject ? ENDS_REJECTED : ENDS_DROPPED] = BDD_ALL;
        return out;
}

/** Whether some of the packets would end otherwise. */
static bool differs(struct sym *s, zc_bdd packets, const struct fate *a, const struct fate *b)
{
        for (size_t i = 0; i < ENDS; i++) {
                if (bdd_and(s->b, packets, a->can[i]) != bdd_and(s->b, packets, b->can[i]))
                        return true;
        }
        return false;
}

/** The rule in front of what is behind it. */
static void put_before(const struct trial *t, size_t number, const struct step *step,
                       struct fate *f)
{
        struct sym *s = t->l->s;
        size_t rule = rule_number(t->l, t->chain, number);
        struct fate with = { { BDD_NONE } };
        bool needed =
                step->changed != BDD_NONE || step->dropped != BDD_NONE || step->noticed != BDD_NONE;
        zc_bdd met = BDD_NONE;

        for (size_t k = 0; k < step->moves.list.n; k++) {
                zc_bdd set = step->moves.list.states[k].set;
                struct fate one = fate_of(t, step, k, f);
                enum zc_fw_code code = step->moves.verdicts[k].code;

                for (size_t i = 0; i < ENDS; i++)
                        with.can[i] = bdd_or(s->b, with.can[i], bdd_and(s->b, set, one.can[i]));
                set = bdd_and(s->b, set, step->in);
                met = bdd_or(s->b, met, set);
                needed = needed || code == ZC_FW_JUMP || code == ZC_FW_GOTO ||
                         differs(s, set, &one, f);
        }
        for (size_t i = 0; i < ENDS; i++)
                f->can[i] = bdd_or(s->b, bdd_or(s->b, with.can[i], step->changed),
                                   bdd_and(s->b, f->can[i], step->fall));
        f->can[ENDS_DROPPED] = bdd_or(s->b, f->can[ENDS_DROPPED], step->dropped);
        f->can[ENDS_NOTICED] = bdd_or(s->b, f->can[ENDS_NOTICED], step->noticed);
        if (met == BDD_NONE)
                return;
        t->l->seen[rule] |= needed ? RULE_NEEDED : RULE_TRIED;
        if (!needed && !(t->l->seen[rule] & RULE_NEEDED) && !t->l->shown[rule])
                anomaly_keep(t->l, rule, met);
}

static struct fate nobody_knows(void)
{
        return (struct fate){ { BDD_ALL, BDD_ALL, BDD_ALL, BDD_ALL } };
}

static struct fate try_chain(const struct trial *t, zc_bdd in)
{
        size_t n = t->chain->rule_count;
        struct step *steps = calloc(n + 1, sizeof(*steps));
        struct fate f = t->after ? *t->after : nobody_knows();
        struct sym *s = t->l->s;

        if (!steps || t->depth > DEPTH || s->lost || in == BDD_NONE) {
                t->l->nomem |= !steps;
                free(steps);
                return in == BDD_NONE ? f : nobody_knows();
        }
        for (size_t i = 0; i < n; i++) {
                const uint8_t seen = t->l->seen[rule_number(t->l, t->chain, i)];

                steps[i].in = in;
                steps[i].skip = !(seen & SYM_HIT) && !t->chain->rules[i].idle;
                look_at(t, i, &steps[i]);

                zc_bdd on = steps[i].fall;

                for (size_t k = 0; k < steps[i].moves.list.n; k++) {
                        if (steps[i].moves.verdicts[k].code == ZC_FW_JUMP)
                                on = bdd_or(s->b, on, steps[i].moves.list.states[k].set);
                }
                in = bdd_and(s->b, in, on);
        }
        for (size_t i = n; i-- > 0;) {
                put_before(t, i, &steps[i], &f);
                free(steps[i].moves.list.states);
                free(steps[i].moves.verdicts);
        }
        free(steps);
        return f;
}

void anomalies_try(struct looking *l, const struct zc_fw_chain *chain,
                   const struct sym_state *state)
{
        struct sym *s = l->s;
        struct fate policy = { { BDD_NONE } };
        struct sym_changes now = state->now;
        const struct trial t = { .l = l, .chain = chain, .now = &now, .after = &policy };
        const struct sym_watch *watch = s->watch;
        uint8_t *seen = s->seen;
        zc_bdd dropped = s->dropped;

        if (chain->policy != ZC_FW_DROP)
                policy.can[ENDS_ACCEPTED] = BDD_ALL;
        if (chain->policy != ZC_FW_ACCEPT)
                policy.can[ENDS_DROPPED] = BDD_ALL;
        s->watch = NULL;
        s->seen = NULL;
        s->dropped = BDD_NONE;
        (void)try_chain(&t, state->set);
        s->dropped = dropped;
        s->seen = seen;
        s->watch = watch;
}
