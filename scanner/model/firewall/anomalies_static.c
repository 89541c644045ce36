/** What needs no packet to be seen: chains that nothing jumps to, interfaces that are not there, families and front ends that differ. */
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "anomalies.h"

static void found(struct looking *l, enum zc_fw_anomaly_kind kind, size_t chain, uint64_t handle,
                  const char *name)
{
        anomaly_add(l, &(struct zc_fw_anomaly){ .kind = kind,
                                                .chain = (uint32_t)chain,
                                                .handle = handle,
                                                .name = name });
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

void anomalies_static(struct looking *l)
{
        uncalled_chains(l);
        if (l->host->known)
                all_absent(l);
}

/* IPv6 beside IPv4: ports that anyone may reach. */

enum { PORTS = 65536 };

static bool to_anyone(const struct zc_fw_admit *a)
{
        bool listed = a->sources_cut || (a->source_count && !a->sources_except);

        for (size_t i = 0; i < a->set_count; i++)
                listed |= a->sets[i].in;
        return !listed && !a->source_port_count && !a->translated;
}

static bool has_address(const struct zc_fw_host *host, enum zc_fw_family family)
{
        for (size_t i = 0; i < host->address_count; i++) {
                const struct zc_fw_address *a = &host->addresses[i];

                if (a->family == family && a->addr[0] != 127 && a->addr[0] != 0 &&
                    !(family == ZC_FW_IP6 && a->addr[0] == 0xfe))
                        return true;
        }
        return false;
}

static void mark_open(uint8_t *open, const struct zc_fw_admit *a, uint8_t bit)
{
        for (size_t i = 0; i < a->port_count; i++) {
                for (uint32_t port = a->ports[i].lo; port <= a->ports[i].hi && port < PORTS; port++)
                        open[port] |= bit;
        }
}

/** Bits: open over IPv4 to anyone; over IPv6. Possibly open counts for IPv4 alone. */
static void look_at_rows(const struct zc_fw_admits *admits, enum zc_fw_hook hook, int protocol,
                         uint8_t *open)
{
        memset(open, 0, PORTS);
        for (size_t i = 0; i < admits->count; i++) {
                const struct zc_fw_admit *a = &admits->rows[i];

                if (a->hook != hook || a->protocol != protocol || !to_anyone(a))
                        continue;
                if (a->family == ZC_FW_IP)
                        mark_open(open, a, 1);
                else if (a->certainty == ZC_FW_CERTAIN)
                        mark_open(open, a, 2);
        }
}

static void add_span(struct looking *l, struct zc_fw_anomaly *a, struct zc_fw_span *list,
                     uint32_t port)
{
        (void)l;
        if (a->port_count && list[a->port_count - 1].hi + 1 == port)
                list[a->port_count - 1].hi = port;
        else
                list[a->port_count++] = (struct zc_fw_span){ port, port };
}

/** A packet to the first of the ports, for the rule that lets it in. */
static void show_open(struct looking *l, struct zc_fw_anomaly *a)
{
        struct zc_fw_packet p = { .family = ZC_FW_IP6,
                                  .protocol = (uint8_t)a->protocol,
                                  .saddr = { 0x20, 0x01, 0x0d, 0xb8, [15] = 9 },
                                  .sport = 40000,
                                  .dport = (uint16_t)a->ports[0].lo,
                                  .flags = 2,
                                  .ct = ZC_FW_CT_NEW,
                                  .ttl = 64,
                                  .known = ZC_FW_KNOWN_ALL };
        struct zc_fw_answer answer = { 0 };

        for (size_t i = 0; i < l->host->address_count && a->hook == ZC_FW_INPUT; i++) {
                const struct zc_fw_address *own = &l->host->addresses[i];

                if (own->family != ZC_FW_IP6 || own->addr[0] == 0 || own->addr[0] == 0xfe)
                        continue;
                p.iif = own->interface;
                memcpy(p.daddr, own->addr, sizeof(p.daddr));
                if (!anomaly_show(l, a, &p, &answer) || answer.outcome != ZC_FW_IS_ACCEPT)
                        continue;
                for (size_t k = 0; k < a->via_count; k++) {
                        a->chain = a->via[k].chain;
                        a->handle = a->via[k].handle;
                }
                return;
        }
        a->shown = false;
        a->via_count = 0;
}

static void only_over_six(struct looking *l, const struct zc_fw_admits *admits,
                          enum zc_fw_hook hook, int protocol, uint8_t *open)
{
        struct zc_fw_anomaly a = { .kind = ZC_FW_OPEN_OVER_IPV6,
                                   .chain = UINT32_MAX,
                                   .hook = hook,
                                   .protocol = protocol };
        struct zc_fw_span *ports;
        size_t n = 0;

        look_at_rows(admits, hook, protocol, open);
        for (uint32_t port = 0; port < PORTS; port++)
                n += open[port] == 2 && (port == 0 || open[port - 1] != 2);
        if (n == 0)
                return;
        ports = zc_arena_array(l->arena, n, sizeof(*ports));
        l->nomem |= !ports;
        for (uint32_t port = 0; ports && port < PORTS; port++) {
                if (open[port] == 2)
                        add_span(l, &a, ports, port);
        }
        a.ports = ports;
        if (ports)
                show_open(l, &a);
        anomaly_add(l, &a);
}

void anomalies_parity(struct looking *l, const struct zc_fw_admits *admits)
{
        static const enum zc_fw_hook hooks[] = { ZC_FW_INPUT, ZC_FW_FORWARD };
        static const int protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
        uint8_t *open = malloc(PORTS);

        if (!open) {
                l->nomem = true;
                return;
        }
        for (unsigned h = 0; h < 2; h++) {
                bool known = !admits->unknown[0][h] && !admits->unknown[1][h];

                for (unsigned p = 0; p < 2 && known && has_address(l->host, ZC_FW_IP) &&
                                     has_address(l->host, ZC_FW_IP6);
                     p++)
                        only_over_six(l, admits, hooks[h], protocols[p], open);
        }
        free(open);
}
