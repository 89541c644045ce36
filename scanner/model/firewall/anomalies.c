/** What cannot be meant: rules that no packet meets, chains that nothing jumps to, interfaces that are not there. */
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "sym.h"
#include "zc/fw_sym.h"

struct looking {
        const struct zc_fw_ruleset *rs;
        const struct zc_fw_host *host;
        struct zc_fw_anomaly *list;
        size_t count, cap;
        size_t *first_rule; /* of each chain in `seen` */
        uint8_t *seen;
        struct zc_arena *arena;
        bool lost, nomem;
};

static void found(struct looking *l, enum zc_fw_anomaly_kind kind, size_t chain, uint64_t handle,
                  const char *name)
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
        l->list[l->count++] = (struct zc_fw_anomaly){ kind, (uint32_t)chain, handle, name };
}

/* Every kind of packet through everything. */

static void one_question(struct looking *l, enum zc_fw_family family, int protocol,
                         const uint8_t *but, size_t buts, uint8_t ct)
{
        struct sym_question q = { .family = family,
                                  .protocol = protocol,
                                  .but = but,
                                  .but_count = buts,
                                  .ct = ct,
                                  .loopback = true };
        struct sym *s = sym_new(l->rs, l->host, &q);

        if (!s) {
                l->nomem = true;
                return;
        }
        s->seen = l->seen;
        s->first_rule = l->first_rule;
        sym_walk(s);
        l->lost |= s->lost;
        sym_free(s);
}

static void ask_all(struct looking *l)
{
        static const uint8_t told[][4] = { { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP },
                                           { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP,
                                             IPPROTO_ICMPV6 } };
        static const uint8_t states[] = { ZC_FW_CT_NEW, ZC_FW_CT_ESTABLISHED, ZC_FW_CT_RELATED,
                                          ZC_FW_CT_INVALID, ZC_FW_CT_UNTRACKED };

        for (unsigned f = 0; f < 2; f++) {
                for (size_t p = 0; p <= ZC_COUNT(told[f]); p++) {
                        for (size_t c = 0; c < ZC_COUNT(states) && !l->lost && !l->nomem; c++)
                                one_question(l, f ? ZC_FW_IP6 : ZC_FW_IP,
                                             p < ZC_COUNT(told[f]) ? told[f][p]
                                                                   : ZC_FW_OTHER_PROTOCOLS,
                                             told[f], ZC_COUNT(told[f]), states[c]);
                }
        }
}

static void unmet_rules(struct looking *l)
{
        for (size_t c = 0; c < l->rs->chain_count; c++) {
                const struct zc_fw_chain *chain = &l->rs->chains[c];
                const uint8_t *seen = l->seen + l->first_rule[c];

                if (chain->rule_count == 0 || !(seen[0] & SYM_VISITED))
                        continue; /* of another way, or of no packets at all */
                for (size_t r = 0; r < chain->rule_count; r++) {
                        if (chain->rules[r].idle)
                                continue;
                        if (!(seen[r] & SYM_VISITED))
                                found(l, ZC_FW_UNREACHABLE_RULE, c, chain->rules[r].handle, NULL);
                        else if ((seen[r] & SYM_POSSIBLE) && !(seen[r] & SYM_HIT))
                                found(l, ZC_FW_SHADOWED_RULE, c, chain->rules[r].handle, NULL);
                }
        }
}

/* Chains that nothing jumps to. */

static void mark_target(bool *called, const struct zc_fw_ruleset *rs, const struct zc_fw_verdict *v)
{
        if ((v->code == ZC_FW_JUMP || v->code == ZC_FW_GOTO) && v->chain < rs->chain_count)
                called[v->chain] = true;
}

static void mark_targets(bool *called, const struct zc_fw_ruleset *rs, const struct zc_fw_op *op)
{
        if (op->kind == ZC_FW_OP_VERDICT)
                mark_target(called, rs, &op->u.verdict);
        if (op->kind != ZC_FW_OP_LOOKUP || !op->u.set || !op->u.set->verdicts)
                return;
        for (size_t i = 0; i < op->u.set->count; i++)
                mark_target(called, rs, &op->u.set->verdict[i]);
        if (op->u.set->has_catchall)
                mark_target(called, rs, &op->u.set->catchall_verdict);
}

static void uncalled_chains(struct looking *l)
{
        const struct zc_fw_ruleset *rs = l->rs;
        bool *called = calloc(rs->chain_count + 1, sizeof(*called));

        if (!called) {
                l->nomem = true;
                return;
        }
        for (size_t i = 0; i < rs->op_count; i++)
                mark_targets(called, rs, &rs->ops[i]);
        for (size_t c = 0; c < rs->chain_count; c++) {
                const struct zc_fw_chain *chain = &rs->chains[c];

                if (!chain->base && !called[c] && chain->rule_count &&
                    rs->tables[chain->table].backend == ZC_FW_NF_TABLES)
                        found(l, ZC_FW_UNREACHABLE_CHAIN, c, 0, NULL);
        }
        free(called);
}

/* Interfaces that are not there: a name that is loaded, and compared with one that no interface has. */

static bool is_name(const struct zc_fw_op *op)
{
        return op->kind == ZC_FW_OP_META &&
               (op->key == NFT_META_IIFNAME || op->key == NFT_META_OIFNAME);
}

static bool any_has(const struct zc_fw_host *host, const uint8_t *name, size_t n)
{
        for (size_t i = 0; i < host->interface_count; i++) {
                if (memcmp(host->interfaces[i].name, name, n < 16 ? n : 16) == 0)
                        return true;
        }
        return false;
}

static void absent_interfaces(struct looking *l, size_t c, const struct zc_fw_rule *rule)
{
        const struct zc_fw_op *ops = l->rs->ops + rule->first;

        for (uint32_t i = 0; i + 1 < rule->count; i++) {
                const struct zc_fw_op *cmp = &ops[i + 1];
                const char *name;

                if (!is_name(&ops[i]) || cmp->kind != ZC_FW_OP_CMP || cmp->op != ZC_FW_EQ ||
                    cmp->sreg != ops[i].dreg || any_has(l->host, cmp->u.data.a, cmp->len))
                        continue;
                name = zc_arena_strndup(
                        l->arena, (const char *)cmp->u.data.a,
                        strnlen((const char *)cmp->u.data.a, cmp->len < 15 ? cmp->len : 15));
                l->nomem |= !name;
                found(l, ZC_FW_NO_SUCH_INTERFACE, c, rule->handle, name);
        }
}

static void all_absent(struct looking *l)
{
        for (size_t c = 0; c < l->rs->chain_count; c++) {
                for (size_t r = 0; r < l->rs->chains[c].rule_count; r++)
                        absent_interfaces(l, c, &l->rs->chains[c].rules[r]);
        }
}

bool zc_fw_anomalies(const struct zc_fw_ruleset *rs, const struct zc_fw_host *host,
                     struct zc_arena *arena, struct zc_fw_anomaly **out, size_t *count, bool *whole,
                     struct zc_err *err)
{
        struct looking l = { .rs = rs, .host = host, .arena = arena };
        size_t rules = 0;

        l.first_rule = calloc(rs->chain_count + 1, sizeof(*l.first_rule));
        for (size_t c = 0; l.first_rule && c < rs->chain_count; c++) {
                l.first_rule[c] = rules;
                rules += rs->chains[c].rule_count;
        }
        l.seen = calloc(rules + 1, 1);
        l.nomem = !l.first_rule || !l.seen;
        *whole = host->known && rules <= ZC_FW_ANOMALY_RULES;
        if (!l.nomem && *whole) {
                ask_all(&l);
                *whole = !l.lost;
                if (!l.lost)
                        unmet_rules(&l);
        }
        if (!l.nomem) {
                uncalled_chains(&l);
                if (host->known)
                        all_absent(&l);
        }
        free(l.first_rule);
        free(l.seen);
        *out = l.list;
        *count = l.count;
        return l.nomem ? zc_fail(err, ZC_E_NOMEM, "the ruleset's anomalies") : true;
}
