/** An entry of a hook: a base chain gets its rank, legacy tables theirs, the kernel's own is passed over, and what else may decide is told. */
#include "hooks.h"

#include <stdio.h>
#include <string.h>

#include "hooks_wire.h"
#include "zc/text.h"

/** How a function's name begins. */
static const struct {
        const char *begins;
        bool told; /* it is a gap: */
        enum zc_fw_weight weight;
} known[] = {
        { "arpt_do_table", false, 0 },
        { "ip6t_do_table", false, 0 },
        { "ip6table_", false, 0 },
        { "ipt_do_table", false, 0 },
        { "iptable_", false, 0 },
        { "nft_do_chain", false, 0 },
        { "nf_nat_", false, 0 }, /* translation, whose chains are in the model */
        { "ipv4_conntrack_", false, 0 },
        { "ipv6_conntrack_", false, 0 },
        { "ipv6_defrag", false, 0 },
        { "nf_confirm", false, 0 },
        { "nf_conntrack_", false, 0 },
        { "nf_ct_", false, 0 },
        { "ipv4_confirm", false, 0 },
        { "ipv6_confirm", false, 0 },
        { "ipv4_helper", false, 0 },
        { "ipv6_helper", false, 0 },
        { "ipv4_synproxy_hook", false, 0 },
        { "ipv6_synproxy_hook", false, 0 },
        { "ip_sabotage_in", false, 0 }, /* of br_netfilter: no second time through prerouting */
        { "nf_flow_offload_", false, 0 },
        { "ip_vs_", false, 0 }, /* both are told of elsewhere */
        { "selinux_", true, ZC_FW_SOCKETS },
        { "smack_", true, ZC_FW_SOCKETS },
        { "apparmor_", true, ZC_FW_SOCKETS },
};

static const char *const names_of_families[] = { "ip", "ip6" };

static void tell(const struct fw_hooks *h, const struct fw_hook_entry *e)
{
        enum zc_fw_weight weight = ZC_FW_DECIDES;
        ZC_AUTO_TEXT where = { 0 };

        for (size_t i = 0; i < ZC_COUNT(known); i++) {
                if (!zc_rd_starts(e->function, known[i].begins, strlen(known[i].begins)))
                        continue;
                if (!known[i].told)
                        return;
                weight = known[i].weight;
        }
        if (e->function.n == 0) /* a kernel without names tells those of none */
                weight = ZC_FW_REMARK;
        zc_text_init(&where, 512);
        zc_text_printf(&where, "%s %s, priority %d", names_of_families[h->six],
                       zc_fw_hook_name(h->hook), (int)e->priority);
        zc_text_add(&where, e->function.n ? ": " : "");
        zc_text_escape(&where, e->function.p, e->function.n);
        if (e->module.n > 0) {
                zc_text_add(&where, " of ");
                zc_text_escape(&where, e->module.p, e->module.n);
        }
        fw_build_gap(h->b, weight, "functions at netfilter hooks that are no rules",
                     zc_text_str(&where));
}

static struct zc_fw_chain *nft_chain(const struct fw_hooks *h, const struct fw_hook_entry *e)
{
        const uint32_t table = fw_build_find(h->b, FW_TABLES, e->family, e->table);
        const uint32_t chain =
                table == FW_NOWHERE ? FW_NOWHERE : fw_build_find(h->b, FW_CHAINS, table, e->chain);

        return chain == FW_NOWHERE ? NULL : fw_build_at(h->b->chains, struct zc_fw_chain, chain);
}

/** The legacy chain at this hook with this priority; those of the table nat are asked by translation. */
static struct zc_fw_chain *legacy_chain(const struct fw_hooks *h, const struct fw_hook_entry *e)
{
        static const char *const begins[] = { "ipt_do_table", "ip6t_do_table", "iptable_",
                                              "ip6table_" };
        bool legacy = false;

        for (size_t i = 0; i < ZC_COUNT(begins); i++)
                legacy |= zc_rd_starts(e->function, begins[i], strlen(begins[i]));
        for (size_t i = 0; i < h->b->chains.count && legacy; i++) {
                struct zc_fw_chain *c = fw_build_at(h->b->chains, struct zc_fw_chain, i);
                const struct zc_fw_table *t =
                        fw_build_at(h->b->tables, struct zc_fw_table, c->table);

                if (c->base && !c->nat && t->backend == ZC_FW_LEGACY && c->hook == h->hook &&
                    c->priority == e->priority && t->family == (h->six ? ZC_FW_IP6 : ZC_FW_IP))
                        return c;
        }
        return NULL;
}

bool fw_hooks_take(struct fw_hooks *h, struct zc_rd payload, struct zc_err *err)
{
        struct fw_hook_entry e;
        struct zc_fw_chain *c;

        if (!fw_hook_entry_parse(payload, &e, err))
                return false;
        h->count++;
        c = e.is_chain ? nft_chain(h, &e) : legacy_chain(h, &e);
        if (c && c->base && c->hook == h->hook)
                c->rank[h->six] = h->count;
        else if (!e.is_chain)
                tell(h, &e);
        return true;
}
