/** What becomes of a packet that meets no condition: names, chains, and paths through the hooks. Pure. */
#include <limits.h>

#include "ruleset.h"

/* The kernel refuses more (NFT_JUMP_STACK_SIZE), and loops. */
#define DEPTH_MAX 16

static const struct {
        uint8_t family;
        const char *name;
        const char *const hooks[6];
} families[] = {
        { ZC_NFT_INET,
          "inet",
          { "prerouting", "input", "forward", "output", "postrouting", "ingress" } },
        { ZC_NFT_IP, "ip", { "prerouting", "input", "forward", "output", "postrouting" } },
        { ZC_NFT_ARP, "arp", { "input", "output", "forward" } },
        { ZC_NFT_NETDEV, "netdev", { "ingress", "egress" } },
        { ZC_NFT_BRIDGE, "bridge", { "prerouting", "input", "forward", "output", "postrouting" } },
        { ZC_NFT_IP6, "ip6", { "prerouting", "input", "forward", "output", "postrouting" } },
};

const char *fw_family_name(uint8_t family)
{
        for (size_t i = 0; i < ZC_COUNT(families); i++) {
                if (families[i].family == family)
                        return families[i].name;
        }
        return NULL;
}

const char *fw_hook_name(uint8_t family, uint32_t hook)
{
        for (size_t i = 0; i < ZC_COUNT(families); i++) {
                if (families[i].family == family)
                        return hook < ZC_COUNT(families[i].hooks) ? families[i].hooks[hook] : NULL;
        }
        return NULL;
}

const struct fw_chain *fw_chain_find(const struct fw_ruleset *rs, uint8_t family,
                                     struct zc_rd table, struct zc_rd name)
{
        for (size_t i = 0; i < rs->chain_count; i++) {
                const struct zc_nft_chain *c = &rs->chains[i].c;

                if (c->family == family && fw_same(c->name, name) && fw_same(c->table, table))
                        return &rs->chains[i];
        }
        return NULL;
}

const struct fw_table *fw_table_of(const struct fw_ruleset *rs, const struct fw_chain *chain)
{
        for (size_t i = 0; i < rs->table_count; i++) {
                if (rs->tables[i].family == chain->c.family &&
                    fw_same(rs->tables[i].name, chain->c.table))
                        return &rs->tables[i];
        }
        return NULL;
}

/* Beside the fates, a walk can fall off a chain's end. */
#define FELL_THROUGH (-1)

static int walk(const struct fw_ruleset *rs, const struct fw_chain *chain, unsigned depth,
                unsigned *steps)
{
        for (const struct fw_sure *s = chain->sure; s; s = s->next) {
                const struct fw_chain *to;
                int fate;

                switch (s->effect) {
                case ZC_NFT_ACCEPTS:
                        return FW_ACCEPT;
                case ZC_NFT_DROPS:
                        return FW_DROP;
                case ZC_NFT_RETURNS:
                        return FELL_THROUGH;
                case ZC_NFT_JUMPS:
                case ZC_NFT_GOES:
                        to = fw_chain_find(rs, chain->c.family, chain->c.table, s->chain);
                        if (!to || depth == DEPTH_MAX || ++*steps > 10000)
                                return FW_UNKNOWN;
                        fate = walk(rs, to, depth + 1, steps);
                        if (fate != FELL_THROUGH || s->effect == ZC_NFT_GOES)
                                return fate; /* what falls off a goto's end is back behind the jump before it */
                        break;
                default:
                        return FW_UNKNOWN;
                }
        }
        return FELL_THROUGH;
}

enum fw_fate fw_chain_fate(const struct fw_ruleset *rs, const struct fw_chain *base)
{
        unsigned steps = 0;
        int fate = walk(rs, base, 0, &steps);

        if (fate != FELL_THROUGH)
                return (enum fw_fate)fate;
        if (!base->c.has_policy || base->c.policy > ZC_NFT_POLICY_ACCEPT)
                return FW_UNKNOWN;
        return base->c.policy == ZC_NFT_POLICY_DROP ? FW_DROP : FW_ACCEPT;
}

static bool dormant(const struct fw_ruleset *rs, const struct fw_chain *chain)
{
        const struct fw_table *t = fw_table_of(rs, chain);

        return t && (t->flags & ZC_NFT_TABLE_DORMANT);
}

bool fw_any_base(const struct fw_ruleset *rs)
{
        for (size_t i = 0; i < rs->chain_count; i++) {
                if (rs->chains[i].c.base && !dormant(rs, &rs->chains[i]))
                        return true;
        }
        return false;
}

/** How far a chain bears on a path. */
enum bearing { NONE, SOME /* only some packets: a device, a new connection */, ALL };

static enum bearing chain_bearing(const struct fw_chain *chain, enum fw_path path, uint8_t family)
{
        static const bool on_path[][5] = {
                [FW_INPUT] = { true, true }, [FW_FORWARD] = { [0] = true, [2] = true, [4] = true }
        };
        const struct zc_nft_chain *c = &chain->c;

        if (c->family == ZC_NFT_NETDEV)
                return c->hook == 0 ? SOME : fw_hook_name(c->family, c->hook) ? NONE : SOME;
        if (c->family != ZC_NFT_INET && c->family != family)
                return NONE; /* ARP and bridge frames; the other family */
        if (c->hook >= ZC_COUNT(on_path[0]))
                return SOME; /* inet ingress, or one that we do not know */
        if (!on_path[path][c->hook])
                return NONE;
        return zc_rd_is(c->type, "filter")
                       ? ALL
                       : SOME; /* nat sees the first packet of a connection, and only when they are tracked */
}

enum fw_fate fw_path_fate(const struct fw_ruleset *rs, enum fw_path path, uint8_t family,
                          const struct fw_chain **where)
{
        const struct fw_chain *unclear = NULL;

        *where = NULL;
        for (size_t i = 0; i < rs->chain_count; i++) {
                const struct fw_chain *chain = &rs->chains[i];
                enum bearing bearing;
                enum fw_fate fate;

                if (!chain->c.base || dormant(rs, chain) ||
                    !(bearing = chain_bearing(chain, path, family)))
                        continue;
                fate = fw_chain_fate(rs, chain);
                if (fate == FW_DROP && bearing == ALL)
                        return FW_DROP; /* nothing undoes a drop */
                if (fate != FW_ACCEPT && !unclear)
                        unclear = chain;
        }
        *where = unclear;
        return unclear ? FW_UNKNOWN : FW_ACCEPT;
}
