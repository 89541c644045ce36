/** What cannot be meant: the search, and what is told of what it finds. */
#include "anomalies.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN 256  /* packets that are kept for rules */
#define WITHOUT 32 /* rules whose absence is tried on a packet */

void anomaly_add(struct looking *l, const struct zc_fw_anomaly *a)
{
        if (l->count == l->cap) {
                size_t cap = l->cap ? l->cap * 2 : 16;
                struct zc_fw_anomaly *more = zc_arena_array(l->arena, cap, sizeof(*more));

                if (!more) {
                        l->nomem = true;
                        return;
                }
                if (l->count)
                        memcpy(more, l->list, l->count * sizeof(*more));
                l->list = more;
                l->cap = cap;
        }
        l->list[l->count++] = *a;
}

void anomaly_keep(struct looking *l, size_t rule, zc_bdd set)
{
        struct sym *s = l->s;
        struct zc_fw_packet packet;

        if (l->packet_count == SHOWN || !sym_witness(s, set, &packet))
                return;
        if (!l->packets)
                l->packets = calloc(SHOWN, sizeof(*l->packets));
        l->nomem |= !l->packets;
        if (!l->packets)
                return;
        l->packets[l->packet_count++] = packet;
        l->shown[rule] = (uint32_t)l->packet_count;
}

static bool show_by(const struct zc_fw_machine *machine, struct zc_fw_anomaly *a,
                    const struct zc_fw_packet *packet, struct zc_fw_answer *answer)
{
        if (!machine)
                return false;
        *answer = (struct zc_fw_answer){ 0 };
        zc_fw_eval(machine, packet, NULL, answer);
        if (answer->outcome == ZC_FW_IS_UNKNOWN)
                return false;
        a->shown = true;
        a->packet = *packet;
        memcpy(a->via, answer->via, sizeof(a->via));
        a->via_count = answer->via_count;
        return true;
}

bool anomaly_show(struct looking *l, struct zc_fw_anomaly *a, const struct zc_fw_packet *packet,
                  struct zc_fw_answer *answer)
{
        return show_by(l->machine, a, packet, answer);
}

/* Rules that no packet meets. */

static bool decides(const struct zc_fw_anomaly *a)
{
        for (size_t i = 0; i < a->via_count; i++) {
                if (a->via[i].chain == a->chain && a->via[i].handle == a->handle)
                        return true;
        }
        return false;
}

static void unmet_rule(struct looking *l, size_t c, size_t r)
{
        size_t number = l->first_rule[c] + r;
        struct zc_fw_anomaly a = { .kind = ZC_FW_UNREACHABLE_RULE,
                                   .chain = (uint32_t)c,
                                   .handle = l->rs->chains[c].rules[r].handle };
        struct zc_fw_answer answer;

        if (l->seen[number] & RULE_UNMET)
                a.kind = ZC_FW_SHADOWED_RULE;
        if (l->shown[number] && anomaly_show(l, &a, &l->packets[l->shown[number] - 1], &answer) &&
            decides(&a))
                return; /* the two evaluators do not agree: nothing is said */
        anomaly_add(l, &a);
}

/* Rules that could as well not be there. */

/** The packet without the rule: it must come to the same end as with it. */
static bool same_without(struct looking *l, struct zc_fw_anomaly *a,
                         const struct zc_fw_packet *packet, size_t rule)
{
        const struct zc_fw_chain *chain = &l->rs->chains[a->chain];
        struct zc_fw_ruleset rs = *l->rs;
        struct zc_fw_answer with, without = { 0 };
        struct zc_fw_machine *m = NULL;
        bool same = true;

        rs.chains = malloc(rs.chain_count * sizeof(*rs.chains));
        struct zc_fw_rule *rules = malloc(chain->rule_count * sizeof(*rules));

        if (rs.chains && rules) {
                memcpy(rs.chains, l->rs->chains, rs.chain_count * sizeof(*rs.chains));
                memcpy(rules, chain->rules, chain->rule_count * sizeof(*rules));
                rules[rule].idle = true;
                rules[rule].count = 0;
                rs.chains[a->chain].rules = rules;
                m = zc_fw_machine_new(&rs, l->host);
        }
        if (m && anomaly_show(l, a, packet, &with) && show_by(m, a, packet, &without))
                same = with.outcome == without.outcome && with.certainty == without.certainty;
        l->nomem |= !m;
        zc_fw_machine_free(m);
        free(rules);
        free(rs.chains);
        return same;
}

static void redundant_rule(struct looking *l, size_t c, size_t r, size_t *tried)
{
        size_t number = l->first_rule[c] + r;
        struct zc_fw_anomaly a = { .kind = ZC_FW_REDUNDANT_RULE,
                                   .chain = (uint32_t)c,
                                   .handle = l->rs->chains[c].rules[r].handle };

        if (l->machine && l->shown[number] && (*tried)++ < WITHOUT &&
            !same_without(l, &a, &l->packets[l->shown[number] - 1], r))
                return;
        anomaly_add(l, &a);
}

static void all_rules(struct looking *l)
{
        size_t tried = 0;

        for (size_t c = 0; c < l->rs->chain_count; c++) {
                const struct zc_fw_chain *chain = &l->rs->chains[c];
                const uint8_t *seen = l->seen + l->first_rule[c];

                if (chain->rule_count == 0 || !(seen[0] & SYM_VISITED))
                        continue; /* of another way, or of no packets at all */
                for (size_t r = 0; r < chain->rule_count; r++) {
                        if (chain->rules[r].idle)
                                continue;
                        if (!(seen[r] & SYM_VISITED) ||
                            ((seen[r] & SYM_POSSIBLE) && !(seen[r] & SYM_HIT)))
                                unmet_rule(l, c, r);
                        else if ((seen[r] & RULE_TRIED) && !(seen[r] & (RULE_NEEDED | RULE_TOLD)))
                                redundant_rule(l, c, r, &tried);
                }
        }
}

/* The whole. */

static bool begin(struct looking *l, size_t *rules)
{
        *rules = 0;
        l->first_rule = calloc(l->rs->chain_count + 1, sizeof(*l->first_rule));
        for (size_t c = 0; l->first_rule && c < l->rs->chain_count; c++) {
                l->first_rule[c] = *rules;
                *rules += l->rs->chains[c].rule_count;
        }
        l->seen = calloc(*rules + 1, 1);
        l->shown = calloc(*rules + 1, sizeof(*l->shown));
        return l->first_rule && l->seen && l->shown;
}

static void search(struct looking *l, struct zc_fw_anomalies *out)
{
        anomalies_walk(l);
        if (!l->lost)
                anomalies_walk_again(l);
        out->whole = !l->lost;
        if (!l->lost)
                all_rules(l);
        else
                l->count = 0;
}

bool zc_fw_anomalies(const struct zc_fw_ruleset *rs, const struct zc_fw_host *host,
                     const struct zc_fw_machine *machine, const struct zc_fw_admits *admits,
                     struct zc_arena *arena, struct zc_fw_anomalies *out, struct zc_err *err)
{
        struct looking l = { .rs = rs, .host = host, .machine = machine, .arena = arena };
        size_t rules = 0;

        *out = (struct zc_fw_anomalies){ 0 };
        l.nomem = !begin(&l, &rules);
        if (!l.nomem && host->known && rules <= ZC_FW_ANOMALY_RULES)
                search(&l, out);
        if (!l.nomem) {
                anomalies_static(&l);
                anomalies_front_ends(&l);
                if (admits && host->known)
                        anomalies_parity(&l, admits);
        }
        free(l.first_rule);
        free(l.seen);
        free(l.shown);
        free(l.packets);
        out->list = l.list;
        out->count = l.count;
        return l.nomem ? zc_fail(err, ZC_E_NOMEM, "the ruleset's anomalies") : true;
}
