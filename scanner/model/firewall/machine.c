/** A ruleset and a host made ready for questions: who stands at each hook, in the kernel's order, and what makes lookups quick. */
#include <stdlib.h>

#include "eval.h"

#define MACHINE_MAX ((size_t)1 << 30)

enum { PRIORITY_CONNTRACK = -200, PRIORITY_NAT_DST = -100, PRIORITY_NAT_SRC = 100 };

/* One candidate for a hook's list. */
struct candidate {
        struct fw_entry entry;
        uint32_t order; /* of registration, or such that what the kernel tells comes of it */
};

/* At equal priority the last to be registered runs first (nf_hook_entries_grow). */
static int by_priority(const void *a, const void *b)
{
        const struct candidate *x = a, *y = b;

        if (x->entry.priority != y->entry.priority)
                return x->entry.priority < y->entry.priority ? -1 : 1;
        return x->order > y->order ? -1 : x->order < y->order;
}

static bool sees(enum zc_fw_family family, unsigned six, enum zc_fw_hook hook)
{
        switch (family) {
        case ZC_FW_INET:
                return true;
        case ZC_FW_IP:
                return !six;
        case ZC_FW_IP6:
                return six;
        case ZC_FW_NETDEV:
                return hook == ZC_FW_INGRESS || hook == ZC_FW_EGRESS;
        default:
                return false;
        }
}

static bool list_of(struct zc_fw_machine *m, struct fw_list *list, struct candidate *c, uint32_t n)
{
        if (n > 1)
                qsort(c, n, sizeof(*c), by_priority);
        list->entry = zc_arena_array(m->arena, n + 1, sizeof(*list->entry));
        if (!list->entry)
                return false;
        list->count = n;
        for (uint32_t i = 0; i < n; i++)
                list->entry[i] = c[i].entry;
        return true;
}

static bool tracks(enum zc_fw_hook hook)
{
        return hook == ZC_FW_PREROUTING || hook == ZC_FW_OUTPUT;
}

static bool translates(enum zc_fw_hook hook)
{
        return tracks(hook) || hook == ZC_FW_INPUT || hook == ZC_FW_POSTROUTING;
}

/* Who stands at one hook for one family; nat chains stand together, behind one entry. */
static bool hook_lists(struct zc_fw_machine *m, enum zc_fw_hook hook, unsigned six,
                       struct candidate *c)
{
        const struct zc_fw_ruleset *rs = m->rs;
        struct candidate *nat = c + rs->chain_count + 2;
        uint32_t n = 0, nats = 0;

        for (size_t i = 0; i < rs->chain_count; i++) {
                const struct zc_fw_chain *chain = &rs->chains[i];
                const struct zc_fw_table *t = &rs->tables[chain->table];
                struct candidate one = { { chain->priority, FW_ENTRY_CHAIN, (uint32_t)i },
                                         chain->rank[six] ? UINT32_MAX - chain->rank[six]
                                                          : (uint32_t)i };

                if (!chain->base || chain->hook != hook || t->dormant ||
                    !sees(t->family, six, hook))
                        continue;
                if (chain->nat)
                        nat[nats++] = one;
                else
                        c[n++] = one;
        }
        if (tracks(hook) && rs->conntrack[six])
                c[n++] = (struct candidate){ { PRIORITY_CONNTRACK, FW_ENTRY_CONNTRACK, 0 },
                                             UINT32_MAX };
        if (translates(hook) && m->nat_any[six])
                c[n++] = (struct candidate){ { tracks(hook) ? PRIORITY_NAT_DST : PRIORITY_NAT_SRC,
                                               FW_ENTRY_NAT, 0 },
                                             nats ? nat[0].order : 0 };
        return list_of(m, &m->nat[hook][six], nat, nats) && list_of(m, &m->list[hook][six], c, n);
}

static int by_index(const void *a, const void *b)
{
        uint32_t x = (*(const struct zc_fw_interface *const *)a)->index;
        uint32_t y = (*(const struct zc_fw_interface *const *)b)->index;

        return x < y ? -1 : x > y;
}

static bool index_interfaces(struct zc_fw_machine *m)
{
        size_t n = m->host->interface_count;

        m->iface = zc_arena_array(m->arena, n + 1, sizeof(struct zc_fw_interface *));
        if (!m->iface)
                return false;
        for (size_t i = 0; i < n; i++)
                m->iface[i] = &m->host->interfaces[i];
        if (n > 1)
                qsort(m->iface, n, sizeof(struct zc_fw_interface *), by_index);
        return true;
}

const char *zc_fw_decides(const struct zc_fw_ruleset *rs)
{
        for (size_t i = 0; i < rs->gap_count; i++) {
                if (rs->gaps[i].weight == ZC_FW_DECIDES)
                        return rs->gaps[i].what;
        }
        return NULL;
}

static bool has_name(const struct zc_fw_chain *chain, const char *name)
{
        for (size_t i = 0; i < chain->device_count; i++) {
                const struct zc_fw_device *d = &chain->devices[i];

                if (d->prefix ? strncmp(d->name, name, strlen(d->name)) == 0
                              : strcmp(d->name, name) == 0)
                        return true;
        }
        return chain->devices_unknown;
}

/** Whether the chain stands at a device that belongs to another. */
static bool at_port(const struct zc_fw_chain *chain, const struct zc_fw_host *host)
{
        for (size_t i = 0; i < host->interface_count; i++) {
                if (host->interfaces[i].master && has_name(chain, host->interfaces[i].name))
                        return true;
        }
        return false;
}

bool zc_fw_bridge_decides(const struct zc_fw_ruleset *rs, const struct zc_fw_host *host)
{
        for (size_t i = 0; i < rs->chain_count; i++) {
                const struct zc_fw_chain *chain = &rs->chains[i];
                const struct zc_fw_table *t = &rs->tables[chain->table];
                bool bridge = t->family == ZC_FW_BRIDGE &&
                              (chain->hook == ZC_FW_PREROUTING || chain->hook == ZC_FW_INPUT);

                if (chain->base && !t->dormant &&
                    (chain->rule_count > 0 || chain->policy != ZC_FW_ACCEPT) &&
                    (bridge || (chain->hook == ZC_FW_INGRESS && at_port(chain, host))))
                        return true;
        }
        return false;
}

/* What decides beside the hooks of IP. */
static void survey(struct zc_fw_machine *m)
{
        const struct zc_fw_ruleset *rs = m->rs;

        for (size_t i = 0; i < rs->chain_count; i++) {
                const struct zc_fw_chain *chain = &rs->chains[i];
                const struct zc_fw_table *t = &rs->tables[chain->table];

                if (!chain->base || t->dormant)
                        continue;
                for (unsigned six = 0; six < 2; six++)
                        m->nat_any[six] |= chain->nat && sees(t->family, six, chain->hook);
        }
        m->bridge_decides = zc_fw_bridge_decides(rs, m->host);
        m->gap = zc_fw_decides(rs);
        for (size_t i = 0; i < rs->op_count; i++) {
                m->nat_does |= rs->ops[i].kind == ZC_FW_OP_NAT;
                m->tuples |= rs->ops[i].kind == ZC_FW_OP_CT && rs->ops[i].key >= FW_CT_L3PROTOCOL;
                m->offloads |= rs->ops[i].kind == ZC_FW_OP_NEUTRAL && rs->ops[i].name &&
                               strcmp(rs->ops[i].name, "flow_offload") == 0;
        }
}

static bool build(struct zc_fw_machine *m)
{
        struct candidate *scratch;

        survey(m);
        scratch = zc_arena_array(m->arena, 2 * m->rs->chain_count + 4, sizeof(*scratch));
        if (!scratch)
                return false;
        for (unsigned hook = 0; hook < ZC_FW_HOOKS; hook++) {
                for (unsigned six = 0; six < 2; six++) {
                        if (!hook_lists(m, (enum zc_fw_hook)hook, six, scratch))
                                return false;
                }
        }
        return index_interfaces(m) && fw_index_sets(m) && fw_index_routes(m) && fw_index_rules(m);
}

struct zc_fw_machine *zc_fw_machine_new(const struct zc_fw_ruleset *rs,
                                        const struct zc_fw_host *host)
{
        struct zc_arena *arena = zc_arena_new(MACHINE_MAX);
        struct zc_fw_machine *m = arena ? zc_arena_new_of(arena, struct zc_fw_machine) : NULL;

        if (!m) {
                zc_arena_free(arena);
                return NULL;
        }
        m->arena = arena;
        m->rs = rs;
        m->host = host;
        if (build(m))
                return m;
        zc_fw_machine_free(m);
        return NULL;
}

void zc_fw_machine_free(struct zc_fw_machine *m)
{
        if (m)
                zc_arena_free(m->arena);
}
