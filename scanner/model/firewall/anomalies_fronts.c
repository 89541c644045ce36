/** Who wrote the ruleset: front ends by the names that they give, and two of them at the same hook. */
#include <string.h>

#include "anomalies.h"
#include "zc/text.h"

/** Those that believe the whole filter theirs; what only adds to another's (docker, libvirt, fail2ban, Kubernetes) is not among them. */
enum front { FRONT_NONE, UFW, FIREWALLD, SHOREWALL, IPTABLES, LEGACY, NFTABLES, FRONTS };
static const char *const names[FRONTS] = {
        [UFW] = "ufw",           [FIREWALLD] = "firewalld",    [SHOREWALL] = "shorewall",
        [IPTABLES] = "iptables", [LEGACY] = "legacy iptables", [NFTABLES] = "a table of nftables"
};

/** Tables of programs that filter for their own ends. */
static const char *const guests[] = {
        "docker-bridges", "libvirt_network", "f2b-table", "crowdsec", "crowdsec6", "kube-proxy",
        "netavark",       "miniupnpd",       "lxc",       "incus",    "lxd"
};

static bool begins(const char *text, const char *with)
{
        return strncmp(text, with, strlen(with)) == 0;
}

static bool has_chain(const struct looking *l, uint32_t table, const char *with)
{
        for (size_t i = 0; i < l->rs->chain_count; i++) {
                if (l->rs->chains[i].table == table && begins(l->rs->chains[i].name, with))
                        return true;
        }
        return false;
}

static enum front front_of(const struct looking *l, const struct zc_fw_chain *chain)
{
        const struct zc_fw_table *t = &l->rs->tables[chain->table];

        for (size_t i = 0; i < ZC_COUNT(guests); i++) {
                if (strcmp(t->name, guests[i]) == 0)
                        return FRONT_NONE;
        }
        if (has_chain(l, chain->table, "ufw-") || has_chain(l, chain->table, "ufw6-"))
                return UFW;
        if (begins(t->name, "firewalld"))
                return FIREWALLD;
        if (begins(t->name, "shorewall") || has_chain(l, chain->table, "shorewall"))
                return SHOREWALL;
        if (t->backend == ZC_FW_LEGACY)
                return LEGACY;
        if ((t->family == ZC_FW_IP || t->family == ZC_FW_IP6) && strcmp(t->name, "filter") == 0 &&
            (strcmp(chain->name, "INPUT") == 0 || strcmp(chain->name, "FORWARD") == 0))
                return IPTABLES;
        return NFTABLES;
}

/** It refuses something: by its policy, or by a rule of its own. */
static bool refuses(const struct looking *l, const struct zc_fw_chain *chain, unsigned depth)
{
        if (chain->base && chain->policy == ZC_FW_DROP)
                return true;
        for (size_t r = 0; r < chain->rule_count && depth < 20; r++) {
                for (uint32_t i = 0; i < chain->rules[r].count; i++) {
                        const struct zc_fw_op *op = &l->rs->ops[chain->rules[r].first + i];
                        const struct zc_fw_verdict *v = &op->u.verdict;

                        if (op->kind == ZC_FW_OP_REJECT)
                                return true;
                        if (op->kind != ZC_FW_OP_VERDICT)
                                continue;
                        if (v->code == ZC_FW_DROP ||
                            ((v->code == ZC_FW_JUMP || v->code == ZC_FW_GOTO) &&
                             v->chain < l->rs->chain_count &&
                             refuses(l, &l->rs->chains[v->chain], depth + 1)))
                                return true;
                }
        }
        return false;
}

static void at_hook(struct looking *l, enum zc_fw_hook hook)
{
        const struct zc_fw_chain *of[FRONTS] = { NULL };
        struct zc_fw_anomaly a = { .kind = ZC_FW_SEVERAL_FRONT_ENDS, .hook = hook };
        ZC_AUTO_TEXT text = { 0 };
        unsigned fronts = 0;

        zc_text_init(&text, 256);
        for (size_t i = 0; i < l->rs->chain_count; i++) {
                const struct zc_fw_chain *c = &l->rs->chains[i];
                enum front f = c->base && c->hook == hook && !c->nat &&
                                               !l->rs->tables[c->table].dormant && refuses(l, c, 0)
                                       ? front_of(l, c)
                                       : FRONT_NONE;

                if (f == FRONT_NONE || of[f])
                        continue;
                of[f] = c;
                zc_text_add(&text, fronts++ ? ", " : "");
                zc_text_add(&text, names[f]);
                a.chain = (uint32_t)i; /* the last one against the first ones */
                a.via[a.via_count++].chain = (uint32_t)i;
        }
        if (fronts < 2)
                return;
        a.via_count--;
        a.name = zc_arena_strdup(l->arena, zc_text_str(&text));
        l->nomem |= !a.name;
        anomaly_add(l, &a);
}

void anomalies_front_ends(struct looking *l)
{
        at_hook(l, ZC_FW_INPUT);
        at_hook(l, ZC_FW_FORWARD);
}
