/** Every kind of packet through everything, twice: once for what rules meet, once for what would be without them. */
#include <string.h>

#include "anomalies.h"

#define ACCEPTS 512 /* explicit ones that are kept in mind */

static bool by_condition(const struct looking *l, const struct zc_fw_rule *rule)
{
        for (uint32_t i = 0; i < rule->count; i++) {
                unsigned kind = l->rs->ops[rule->first + i].kind;

                if (kind == ZC_FW_OP_CMP || kind == ZC_FW_OP_RANGE || kind == ZC_FW_OP_LOOKUP)
                        return true;
        }
        return false;
}

/** Whether several base chains filter at the hook. */
static bool several_filter(const struct looking *l, enum zc_fw_hook hook)
{
        unsigned n = 0;

        for (size_t i = 0; i < l->rs->chain_count; i++)
                n += l->rs->chains[i].base && !l->rs->chains[i].nat &&
                     l->rs->chains[i].hook == hook;
        return n > 1;
}

/* Accepts that a later base chain overrules. */

static void at_base(void *ctx, const struct zc_fw_chain *chain, const struct sym_state *state)
{
        struct looking *l = ctx;

        (void)state;
        l->base = (uint32_t)(chain - l->rs->chains);
}

static void at_accept(void *ctx, const struct zc_fw_chain *chain, size_t rule,
                      const struct sym_state *state)
{
        struct looking *l = ctx;
        const struct zc_fw_chain *base = &l->rs->chains[l->base];
        struct sym_state kept = { .set = state->set,
                                  .now = { .mark = (uint32_t)(chain - l->rs->chains),
                                           .ct_mark = (uint32_t)rule,
                                           .oif = l->base } };

        if (base->nat || l->s->q.ct != ZC_FW_CT_NEW || l->explicit_accepts.n >= ACCEPTS ||
            (base->hook != ZC_FW_INPUT && base->hook != ZC_FW_FORWARD) ||
            !by_condition(l, &chain->rules[rule]) || !several_filter(l, base->hook))
                return;
        sym_list_add(l->s, &l->explicit_accepts, &kept);
}

static bool names(const struct zc_fw_answer *answer, uint32_t chain, uint64_t handle)
{
        for (size_t i = 0; i < answer->via_count; i++) {
                if (answer->via[i].chain == chain && answer->via[i].handle == handle)
                        return true;
        }
        return false;
}

static void overruled(struct looking *l, const struct sym_state *accept, zc_bdd packets)
{
        const struct zc_fw_chain *chain = &l->rs->chains[accept->now.mark];
        const struct zc_fw_rule *rule = &chain->rules[accept->now.ct_mark];
        uint8_t *flags = &l->seen[rule_number(l, chain, accept->now.ct_mark)];
        struct zc_fw_anomaly a = { .kind = ZC_FW_OVERRULED_ACCEPT,
                                   .chain = accept->now.mark,
                                   .handle = rule->handle };
        struct zc_fw_answer answer = { 0 };
        struct zc_fw_packet packet;

        if ((*flags & RULE_TOLD) || !sym_witness(l->s, packets, &packet) ||
            !anomaly_show(l, &a, &packet, &answer))
                return;
        if ((answer.outcome != ZC_FW_IS_DROP && answer.outcome != ZC_FW_IS_REJECT) ||
            answer.certainty != ZC_FW_CERTAIN || !names(&answer, a.chain, a.handle))
                return;
        *flags |= RULE_TOLD;
        anomaly_add(l, &a);
}

static void at_drop(void *ctx, const struct zc_fw_chain *chain, zc_bdd packets)
{
        struct looking *l = ctx;
        struct sym *s = l->s;

        if (chain->nat || !l->machine || !l->explicit_accepts.n)
                return;
        packets = bdd_and(s->b, packets, bdd_and(s->b, sym_elsewhere(s), sym_valid_sources(s)));
        for (size_t i = 0; i < l->explicit_accepts.n; i++) {
                const struct sym_state *accept = &l->explicit_accepts.states[i];
                zc_bdd both = bdd_and(s->b, accept->set, packets);

                if (both != BDD_NONE && &l->rs->chains[accept->now.oif] != chain &&
                    l->rs->chains[accept->now.oif].hook == chain->hook)
                        overruled(l, accept, both);
        }
}

/* Packets of no connection that reach what a new one does not. */

static void at_end(void *ctx, enum zc_fw_hook hook, const struct sym_state *state)
{
        struct looking *l = ctx;
        struct sym_state kept = { .set = state->set };

        if (hook == ZC_FW_INPUT)
                sym_list_add(l->s, &l->ends, &kept);
}

static zc_bdd whole(const struct sym_list *list)
{
        return list->n ? list->states[0].set : BDD_NONE;
}

static void invalid_packets(struct looking *l)
{
        struct sym *s = l->s;
        zc_bdd in = bdd_diff(s->b, whole(&l->ends), bdd_or(s->b, s->dropped, whole(&l->fresh)));
        struct zc_fw_anomaly a = { .kind = ZC_FW_INVALID_ACCEPTED };
        struct zc_fw_answer answer = { 0 };
        struct zc_fw_packet packet;

        in = bdd_and(s->b, bdd_and(s->b, in, s->here),
                     bdd_and(s->b, sym_elsewhere(s), sym_valid_sources(s)));
        if (!l->machine || !sym_witness(s, in, &packet) || !anomaly_show(l, &a, &packet, &answer) ||
            answer.outcome != ZC_FW_IS_ACCEPT || answer.certainty != ZC_FW_CERTAIN ||
            !answer.via_count)
                return;
        for (size_t i = 0; i < answer.via_count; i++) {
                a.chain = answer.via[i].chain;
                a.handle = answer.via[i].handle;
        }
        anomaly_add(l, &a);
}

/* The second time. */

static void at_unmet(void *ctx, const struct zc_fw_chain *chain, size_t rule, zc_bdd named)
{
        struct looking *l = ctx;
        size_t number = rule_number(l, chain, rule);

        if ((l->seen[number] & SYM_HIT) || l->shown[number])
                return;
        l->seen[number] |= RULE_UNMET;
        anomaly_keep(l, number, named);
}

static void at_base_again(void *ctx, const struct zc_fw_chain *chain, const struct sym_state *state)
{
        if (!chain->nat)
                anomalies_try(ctx, chain, state);
}

/* The questions. */

static void ask(struct looking *l, int protocol, uint8_t ct, bool again)
{
        const struct sym_watch first = { .ctx = l,
                                         .entering = at_base,
                                         .accepted = at_accept,
                                         .dropped = at_drop },
                               second = { .ctx = l, .entering = at_base_again, .unmet = at_unmet };
        struct sym *s = l->s;

        sym_ask(s, protocol, ct);
        s->watch = again ? &second : &first;
        sym_list_open(s, &l->explicit_accepts);
        sym_list_open(s, &l->ends);
        sym_walk(s);
        l->lost |= s->lost;
        if (!l->lost && !again && ct == ZC_FW_CT_NEW && l->ends.n)
                sym_list_add(s, &l->fresh, &l->ends.states[0]);
        if (!l->lost && !again && ct == ZC_FW_CT_INVALID && protocol == IPPROTO_TCP &&
            l->rs->conntrack[s->q.family == ZC_FW_IP6])
                invalid_packets(l);
        sym_list_close(s, &l->ends);
        sym_list_close(s, &l->explicit_accepts);
        s->watch = NULL;
}

static void ask_family(struct looking *l, enum zc_fw_family family, bool again)
{
        static const uint8_t told[][4] = { { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP },
                                           { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP,
                                             IPPROTO_ICMPV6 } };
        static const uint8_t states[] = { ZC_FW_CT_NEW, ZC_FW_CT_ESTABLISHED, ZC_FW_CT_RELATED,
                                          ZC_FW_CT_INVALID, ZC_FW_CT_UNTRACKED };
        const uint8_t *protocols = told[family == ZC_FW_IP6];
        struct sym_question q = {
                .family = family, .but = protocols, .but_count = ZC_COUNT(told[0]), .loopback = true
        };

        l->s = sym_new(l->rs, l->host, &q);
        if (!l->s) {
                l->nomem = true;
                return;
        }
        l->s->seen = l->seen;
        l->s->first_rule = l->first_rule;
        l->s->ended = at_end;
        l->s->ctx = l;
        for (size_t p = 0; p <= ZC_COUNT(told[0]); p++) {
                sym_list_open(l->s, &l->fresh);
                for (size_t c = 0; c < ZC_COUNT(states) && !l->lost && !l->nomem; c++)
                        ask(l, p < ZC_COUNT(told[0]) ? protocols[p] : ZC_FW_OTHER_PROTOCOLS,
                            states[c], again);
                sym_list_close(l->s, &l->fresh);
        }
        sym_free(l->s);
        l->s = NULL;
}

void anomalies_walk(struct looking *l)
{
        ask_family(l, ZC_FW_IP, false);
        ask_family(l, ZC_FW_IP6, false);
}

void anomalies_walk_again(struct looking *l)
{
        ask_family(l, ZC_FW_IP, true);
        ask_family(l, ZC_FW_IP6, true);
}
