/** What becomes of a packet that meets no condition: names, chains, and paths through the hooks. Pure. */
#include <stdint.h>

#include "cover.h"
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

/** What a walk finds of packets that no rule names. */
enum { MAY_ACCEPT = 1, MAY_DROP = 2, MAY_UNKNOWN = 4, MAY_REWRITE = 8 };

struct walk {
        const struct fw_ruleset *rs;
        uint8_t family;
        bool early;     /* connections may not be tracked yet: every packet is "invalid" here */
        bool protocols; /* rules decide about protocols other than TCP and UDP */
        unsigned found, steps;
        struct fw_cover accepted, dropped, rewritten; /* what is picked out, and may go so */
        struct fw_doubt doubt;
};

static enum fw_cond_kind weigh(const struct walk *w, const struct fw_cond *c)
{
        const uint32_t never = 2 | 4 | (w->early ? 0 : 1); /* established, related; invalid */

        switch (c->kind) {
        case FW_CT:
                return (c->mask & ~never) == 0 ? FW_NEVER : FW_WIDE;
        case FW_FAMILY:
                return c->family == w->family ? FW_TRUE : FW_NEVER;
        case FW_RANGE: /* the bytes of the other family's address are something else */
                return (c->field == FW_SADDR4 && w->family != ZC_NFT_IP) ||
                                       (c->field == FW_SADDR6 && w->family != ZC_NFT_IP6)
                               ? FW_WIDE
                               : FW_RANGE;
        default:
                return c->kind;
        }
}

/** Sets that are read, and whose keys are of the field. */
static const struct fw_set *set_of(const struct walk *w, const struct fw_chain *chain,
                                   struct zc_rd name, enum fw_field field)
{
        const struct fw_set *s = fw_set_find(w->rs, chain->c.family, chain->c.table, name);

        return s && s->read && field != FW_NO_FIELD && s->key_size == fw_field_size(field) ? s
                                                                                           : NULL;
}

/** All keys never: never. All of them a range: a range. Else wide. */
static enum fw_cond_kind weigh_set(const struct walk *w, const struct fw_chain *chain,
                                   const struct fw_cond *c)
{
        const struct fw_set *set = set_of(w, chain, c->set, c->field);
        enum fw_cond_kind all = FW_NEVER;

        for (size_t i = 0; set && i < set->element_count; i++) {
                struct fw_cond one = fw_cond_of(c->field, &set->elements[i].range, set->key_size);
                enum fw_cond_kind kind = weigh(w, &one);

                if (kind == FW_WIDE || kind == FW_TRUE)
                        return FW_WIDE;
                if (kind == FW_RANGE)
                        all = FW_RANGE;
        }
        return set ? all : FW_WIDE;
}

/** How much of its dimension it takes, by the first two bytes of keys. */
static size_t width(const struct fw_range *r)
{
        size_t lo = (size_t)r->lo[0] << 8 | r->lo[1], hi = (size_t)r->hi[0] << 8 | r->hi[1];

        return hi < lo ? 0 : hi - lo + 1;
}

static size_t cond_width(const struct walk *w, const struct fw_chain *chain,
                         const struct fw_cond *c)
{
        const struct fw_set *set;
        size_t sum = 0;

        if (c->kind == FW_RANGE)
                return width(&c->range);
        set = set_of(w, chain, c->set, c->field);
        for (size_t i = 0; set && i < set->element_count; i++)
                sum += width(&set->elements[i].range);
        return sum;
}

/** The whole of a step: its strongest condition. @best: for FW_RANGE, the narrowest one. */
static enum fw_cond_kind weigh_step(const struct walk *w, const struct fw_chain *chain,
                                    const struct fw_step *s, const struct fw_cond **best)
{
        enum fw_cond_kind all = FW_TRUE;
        size_t narrowest = SIZE_MAX;

        for (const struct fw_cond *c = s->conds; c; c = c->next) {
                enum fw_cond_kind kind = c->kind == FW_SET ? weigh_set(w, chain, c) : weigh(w, c);

                if (kind == FW_NEVER)
                        return FW_NEVER;
                if (kind == FW_RANGE && cond_width(w, chain, c) < narrowest) {
                        narrowest = cond_width(w, chain, c);
                        *best = c;
                        all = FW_RANGE;
                } else if (kind == FW_WIDE && all == FW_TRUE) {
                        all = FW_WIDE;
                }
        }
        return all;
}

static bool goes_on(enum zc_nft_effect e)
{
        return e == ZC_NFT_JUMPS || e == ZC_NFT_GOES || e == ZC_NFT_RETURNS || e == ZC_NFT_MAPS ||
               e == ZC_NFT_DECIDES_UNKNOWN;
}

/** Packets that a rule picks out, and that may go this way. */
static void pick(struct walk *w, enum zc_nft_effect effect, enum fw_field field,
                 const struct fw_range *range)
{
        if (effect == ZC_NFT_ACCEPTS || effect == ZC_NFT_REWRITES || goes_on(effect))
                fw_cover_add(&w->accepted, field, range);
        if (effect == ZC_NFT_DROPS || goes_on(effect))
                fw_cover_add(&w->dropped, field, range);
        if (effect == ZC_NFT_REWRITES || goes_on(effect))
                fw_cover_add(&w->rewritten, field, range);
}

static void pick_cond(struct walk *w, const struct fw_chain *chain, const struct fw_step *s,
                      const struct fw_cond *c)
{
        const struct fw_set *set;

        if (c->kind == FW_RANGE) {
                pick(w, s->effect, c->field, &c->range);
                return;
        }
        set = set_of(w, chain, c->set, c->field);
        for (size_t i = 0; set && i < set->element_count; i++)
                pick(w, s->effect, c->field, &set->elements[i].range);
}

static bool walk(struct walk *w, const struct fw_chain *chain, unsigned depth);

static void doubt(struct walk *w, const struct fw_chain *chain, const struct fw_step *s)
{
        if (!w->doubt.chain)
                w->doubt = (struct fw_doubt){ chain, s->handle };
}

/** A verdict that packets meet. Whether they may come back from where it leads. */
static bool follow(struct walk *w, const struct fw_chain *chain, enum zc_nft_effect effect,
                   struct zc_rd name, unsigned depth)
{
        const struct fw_chain *to;

        switch (effect) {
        case ZC_NFT_ACCEPTS:
                w->found |= MAY_ACCEPT;
                return false;
        case ZC_NFT_DROPS:
                w->found |= MAY_DROP;
                return false;
        case ZC_NFT_REWRITES:
                w->found |= MAY_ACCEPT | MAY_REWRITE;
                return false;
        case ZC_NFT_RETURNS:
                return true;
        case ZC_NFT_JUMPS:
        case ZC_NFT_GOES:
                to = fw_chain_find(w->rs, chain->c.family, chain->c.table, name);
                if (to && depth < DEPTH_MAX && ++w->steps <= 10000)
                        return walk(w, to, depth + 1);
                w->found |= MAY_UNKNOWN | MAY_REWRITE;
                return true;
        default:
                w->found |= MAY_UNKNOWN | MAY_REWRITE;
                return false;
        }
}

/** A verdict map: every key with its verdict is a rule of its own. Whether packets may leave the chain by its end. */
static bool follow_map(struct walk *w, const struct fw_chain *chain, const struct fw_step *s,
                       unsigned depth)
{
        const struct fw_set *map = fw_set_find(w->rs, chain->c.family, chain->c.table, s->map);
        bool leaves = false;

        if (!map || !map->read) {
                doubt(w, chain, s);
                w->found |= MAY_UNKNOWN | MAY_REWRITE;
                return true;
        }
        for (size_t i = 0; i < map->element_count; i++) {
                const struct fw_element *e = &map->elements[i];
                struct fw_cond c = { .kind = FW_WIDE };
                enum fw_cond_kind kind;
                bool back;

                if (map->key_size == fw_field_size(s->field))
                        c = fw_cond_of(s->field, &e->range, map->key_size);
                if ((kind = weigh(w, &c)) == FW_NEVER || e->effect == ZC_NFT_NEUTRAL ||
                    e->effect == ZC_NFT_CONDITION)
                        continue;
                if (kind == FW_RANGE) {
                        pick(w, e->effect, s->field, &e->range);
                        continue;
                }
                doubt(w, chain, s);
                back = follow(w, chain, e->effect, e->chain, depth);
                leaves |= back && e->effect != ZC_NFT_JUMPS;
        }
        return leaves;
}

/** Whether packets may fall off the chain's end, or return before it. */
static bool walk(struct walk *w, const struct fw_chain *chain, unsigned depth)
{
        bool leaves = false;

        for (const struct fw_step *s = chain->steps; s; s = s->next) {
                const struct fw_cond *best = NULL;
                enum fw_cond_kind kind = weigh_step(w, chain, s, &best);
                bool back;

                for (const struct fw_cond *c = s->conds; c; c = c->next)
                        w->protocols |= c->field == FW_L4PROTO;
                if (kind == FW_NEVER)
                        continue;
                if (kind == FW_RANGE) {
                        pick_cond(w, chain, s, best);
                        continue;
                }
                if (s->effect == ZC_NFT_MAPS) {
                        leaves |= follow_map(w, chain, s, depth);
                        continue;
                }
                if (kind != FW_TRUE)
                        doubt(w, chain, s);
                back = follow(w, chain, s->effect, s->chain, depth);
                /* what falls off a goto's end is back behind the jump before it */
                leaves |= back && s->effect != ZC_NFT_JUMPS;
                if (kind == FW_TRUE && !(back && s->effect == ZC_NFT_JUMPS))
                        return leaves;
        }
        return true;
}

/** One base chain, to its policy. */
static void walk_base(struct walk *w, const struct fw_chain *base)
{
        const bool before_tracking =
                base->c.priority <= -200 || base->c.family == ZC_NFT_NETDEV || base->c.hook > 4;

        w->early = before_tracking && base->c.hook != 1 && base->c.hook != 2;
        if (!walk(w, base, 0))
                return;
        if (!base->c.has_policy || base->c.policy > ZC_NFT_POLICY_ACCEPT)
                w->found |= MAY_UNKNOWN;
        else
                w->found |= base->c.policy == ZC_NFT_POLICY_DROP ? MAY_DROP : MAY_ACCEPT;
}

static void walk_release(struct walk *w)
{
        fw_cover_release(&w->accepted);
        fw_cover_release(&w->dropped);
        fw_cover_release(&w->rewritten);
}

static bool dormant(const struct fw_ruleset *rs, const struct fw_chain *chain)
{
        const struct fw_table *t = fw_table_of(rs, chain);

        return t && (t->flags & ZC_NFT_TABLE_DORMANT);
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

/** An ingress chain at loopback devices alone sees nothing from elsewhere. */
static bool at_loopback(const struct fw_chain *chain)
{
        for (size_t i = 0; i < chain->device_count; i++) {
                if (chain->devices[i].prefix || !zc_rd_is(chain->devices[i].name, "lo"))
                        return false;
        }
        return chain->device_count > 0;
}

static enum bearing bears(const struct fw_ruleset *rs, const struct fw_chain *chain,
                          enum fw_path path, uint8_t family)
{
        if (!chain->c.base || dormant(rs, chain) || at_loopback(chain))
                return NONE;
        return chain_bearing(chain, path, family);
}

/** What is written into packets before their filter sees them: MAY_REWRITE when it can be any packet, and the ranges that are picked out. */
static unsigned path_rewrites(const struct fw_ruleset *rs, enum fw_path path, uint8_t family,
                              struct fw_cover *picked)
{
        unsigned found = 0;

        for (size_t i = 0; i < rs->chain_count; i++) {
                struct walk w = { .rs = rs, .family = family };

                if (!bears(rs, &rs->chains[i], path, family) ||
                    (rs->chains[i].c.family != ZC_NFT_NETDEV && rs->chains[i].c.hook == 4))
                        continue;
                walk_base(&w, &rs->chains[i]);
                found |= w.found & MAY_REWRITE;
                fw_cover_merge(picked, &w.rewritten);
                walk_release(&w);
        }
        return found;
}

/** One chain's fate. @rewrites, @rewritten: of the whole path; what it drops is added to @dropped. */
static enum fw_fate base_fate(struct walk *w, unsigned rewrites, const struct fw_cover *rewritten)
{
        unsigned found = w->found & ~(unsigned)MAY_REWRITE;

        if (found == MAY_ACCEPT)
                return FW_ACCEPT;
        if (found != MAY_DROP)
                return FW_UNKNOWN;
        if (fw_cover_empty(&w->accepted))
                return FW_DROP;
        fw_cover_merge(&w->accepted, rewritten);
        return rewrites || fw_cover_full(&w->accepted) ? FW_UNKNOWN : FW_DROP;
}

static void unclear(struct fw_doubt *where, const struct walk *w, const struct fw_chain *chain)
{
        if (!where->chain)
                *where = w->doubt.chain ? w->doubt : (struct fw_doubt){ chain, 0 };
}

enum fw_fate fw_path_fate(const struct fw_ruleset *rs, enum fw_path path, uint8_t family,
                          struct fw_doubt *where)
{
        struct fw_cover rewritten = { 0 }, dropped = { 0 };
        unsigned rewrites = path_rewrites(rs, path, family, &rewritten);
        const struct fw_chain *last = NULL;
        bool sure = false;

        *where = (struct fw_doubt){ 0 };
        for (size_t i = 0; i < rs->chain_count && !sure; i++) {
                struct walk w = { .rs = rs, .family = family };
                enum bearing bearing = bears(rs, &rs->chains[i], path, family);
                enum fw_fate fate;

                if (!bearing)
                        continue;
                last = &rs->chains[i];
                walk_base(&w, last);
                fate = base_fate(&w, rewrites, &rewritten);
                sure = fate == FW_DROP && bearing == ALL; /* nothing undoes a drop */
                if (fate != FW_ACCEPT)
                        unclear(where, &w, last);
                fw_cover_merge(&dropped, &w.dropped);
                walk_release(&w);
        }
        if (sure)
                where->chain = NULL;
        else if (!where->chain && fw_cover_full(&dropped))
                where->chain = last;
        fw_cover_release(&rewritten);
        fw_cover_release(&dropped);
        return sure ? FW_DROP : where->chain ? FW_UNKNOWN : FW_ACCEPT;
}

enum fw_whole fw_path_whole(const struct fw_ruleset *rs, enum fw_path path, uint8_t family)
{
        enum fw_whole whole = FW_ALL;

        for (size_t i = 0; i < rs->chain_count; i++) {
                struct walk w = { .rs = rs, .family = family };
                enum bearing bearing = bears(rs, &rs->chains[i], path, family);
                bool none;

                if (!bearing)
                        continue;
                whole = FW_SOME;
                walk_base(&w, &rs->chains[i]);
                none = bearing == ALL && w.found == MAY_DROP && fw_cover_empty(&w.accepted) &&
                       !w.protocols;
                walk_release(&w);
                if (none)
                        return FW_NONE;
        }
        return whole;
}
