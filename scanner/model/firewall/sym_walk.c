/** States through chains and hooks, in the kernel's order. */
#include <stdlib.h>
#include <string.h>

#include "sym.h"

#define DEPTH 40         /* jumps within jumps; the kernel allows 16 */
#define CONNTRACK (-200) /* NF_IP_PRI_CONNTRACK */

void sym_ends_open(struct sym *s, struct sym_ends *ends)
{
        sym_list_open(s, &ends->accepted);
        sym_list_open(s, &ends->returned);
}

void sym_ends_close(struct sym *s, struct sym_ends *ends)
{
        sym_list_close(s, &ends->returned);
        sym_list_close(s, &ends->accepted);
}

static void add_all(struct sym *s, struct sym_list *to, const struct sym_list *from)
{
        for (size_t i = 0; i < from->n; i++)
                sym_list_add(s, to, &from->states[i]);
}

/** A jump comes back behind its rule; a goto ends the chain it stands in. */
static void follow(struct sym *s, const struct zc_fw_verdict *v, const struct sym_state *state,
                   struct sym_list *next, struct sym_ends *ends, unsigned depth)
{
        struct sym_ends inner;

        sym_ends_open(s, &inner);
        if (v->chain < s->rs->chain_count)
                sym_chain(s, &s->rs->chains[v->chain], 0, state, &inner, depth + 1);
        else
                s->lost = true;
        add_all(s, &ends->accepted, &inner.accepted);
        add_all(s, v->code == ZC_FW_JUMP ? next : &ends->returned, &inner.returned);
        sym_ends_close(s, &inner);
}

static void obey(struct sym *s, const struct zc_fw_chain *chain, size_t rule,
                 struct sym_moves *moves, struct sym_list *next, struct sym_ends *ends,
                 unsigned depth)
{
        for (size_t i = 0; i < moves->list.n && !s->lost; i++) {
                struct zc_fw_verdict v = moves->verdicts[i];
                struct sym_state state = moves->list.states[i];

                if (v.code == ZC_FW_ACCEPT && s->watch && s->watch->accepted)
                        s->watch->accepted(s->watch->ctx, chain, rule, &state);
                if (v.code == ZC_FW_ACCEPT)
                        sym_list_add(s, &ends->accepted, &state);
                else if (v.code == ZC_FW_RETURN)
                        sym_list_add(s, &ends->returned, &state);
                else if (v.code == ZC_FW_JUMP || v.code == ZC_FW_GOTO)
                        follow(s, &v, &state, next, ends, depth);
                else
                        sym_drop(s, state.set);
        }
        moves->list.n = 0;
}

/* Runs of rules that only accept, or only drop: their conditions are joined first, pair by pair, and meet the packets once. */

/** How many rules from `first` on were taken; 0 when it does not pay. */
static size_t gather(struct sym *s, const struct zc_fw_chain *chain, size_t first,
                     const struct sym_changes *now, struct sym_batch *b)
{
        size_t i = first, plain = 0;

        b->n = 0;
        for (; i < chain->rule_count && plain < SYM_RUN && !s->lost && !bdd_full(s->b); i++) {
                const struct zc_fw_rule *rule = &chain->rules[i];
                enum zc_fw_code code;
                struct sym_pair p;

                if (rule->idle)
                        continue;
                if (!sym_is_plain(s->rs, rule, &code) || (plain && code != b->code))
                        break;
                b->code = code;
                plain++;
                p = sym_named(s, chain, i, now);
                s->steps++;
                if (p.may == BDD_NONE)
                        continue;
                b->may[b->n] = p.may;
                b->must[b->n++] = p.must;
        }
        return i - first;
}

/** The one state through a run of rules; false when there is no run. */
static bool through_run(struct sym *s, const struct zc_fw_chain *chain, size_t *at,
                        struct sym_list *here, struct sym_ends *ends)
{
        struct sym_batch *b = s->batch;
        struct sym_state *state = &here->states[0], met = *state;
        size_t taken = gather(s, chain, *at, &state->now, b);

        if (taken == 0)
                return false;
        *at += taken;
        met.set = bdd_and(s->b, state->set, bdd_union(s->b, b->may, b->n));
        state->set = bdd_diff(s->b, state->set, bdd_union(s->b, b->must, b->n));
        if (b->code == ZC_FW_ACCEPT && b->n)
                sym_list_add(s, &ends->accepted, &met);
        else if (b->n)
                sym_drop(s, met.set);
        if (state->set == BDD_NONE)
                here->n = 0;
        sym_collect(s);
        return true;
}

static void enter(struct sym *s, const struct sym_list *came)
{
        s->entered = came;
}

void sym_chain(struct sym *s, const struct zc_fw_chain *chain, size_t first,
               const struct sym_state *in, struct sym_ends *ends, unsigned depth)
{
        struct sym_list here, next, came;
        const struct sym_list *before = s->entered;
        struct sym_moves moves = { 0 };
        struct sym_state start = *in;

        if (depth > DEPTH) {
                s->lost = true;
                return;
        }
        sym_list_open(s, &came);
        sym_list_open(s, &here);
        sym_list_open(s, &next);
        sym_list_open(s, &moves.list);
        sym_list_add(s, &here, &start);
        if (s->watch)
                sym_list_add(s, &came, &start);
        enter(s, &came);
        while (first < chain->rule_count && here.n && !s->lost && !bdd_full(s->b)) {
                if (!s->seen && here.n == 1 && through_run(s, chain, &first, &here, ends))
                        continue;
                next.n = 0;
                for (size_t k = 0; k < here.n; k++) {
                        sym_rule(s, chain, first, &here.states[k], &next, &moves);
                        obey(s, chain, first, &moves, &next, ends, depth);
                }
                here.n = 0;
                add_all(s, &here, &next);
                sym_collect(s);
                first++;
        }
        add_all(s, &ends->returned, &here);
        free(moves.verdicts);
        sym_list_close(s, &moves.list);
        sym_list_close(s, &next);
        sym_list_close(s, &here);
        sym_list_close(s, &came);
        s->entered = before;
}

/* Base chains. */

static bool of_family(const struct sym *s, const struct zc_fw_table *t, enum zc_fw_hook hook)
{
        if (hook == ZC_FW_INGRESS)
                return t->family == ZC_FW_NETDEV || t->family == ZC_FW_INET;
        return t->family == s->q.family || t->family == ZC_FW_INET;
}

static int by_priority(const void *a, const void *b, void *family)
{
        const struct zc_fw_chain *x = *(const struct zc_fw_chain *const *)a,
                                 *y = *(const struct zc_fw_chain *const *)b;
        const unsigned six = *(const enum zc_fw_family *)family == ZC_FW_IP6;

        if (x->priority != y->priority)
                return x->priority < y->priority ? -1 : 1;
        if (x->rank[six] != y->rank[six]) /* as the kernel tells it; what it does not tell is last */
                return x->rank[six] - 1 < y->rank[six] - 1 ? -1 : 1;
        return x > y ? -1 : x < y; /* the last to be registered runs first (measured) */
}

/** The base chains of a hook in order; *n of them; freed by the caller. */
static const struct zc_fw_chain **chains_at(struct sym *s, enum zc_fw_hook hook, size_t *n)
{
        const struct zc_fw_chain **out =
                calloc(s->rs->chain_count + 1, sizeof(const struct zc_fw_chain *));

        *n = 0;
        if (!out) {
                s->lost = true;
                return NULL;
        }
        for (size_t i = 0; i < s->rs->chain_count; i++) {
                const struct zc_fw_chain *c = &s->rs->chains[i];
                const struct zc_fw_table *t = &s->rs->tables[c->table];

                if (c->base && c->hook == hook && !t->dormant && of_family(s, t, hook))
                        out[(*n)++] = c;
        }
        qsort_r(out, *n, sizeof(const struct zc_fw_chain *), by_priority, &s->q.family);
        return out;
}

static bool not_asked(const struct zc_fw_chain *chain, const struct sym_changes *now)
{
        return chain->nat &&
               (now->ct != ZC_FW_CT_NEW || (now->translated && chain->hook == ZC_FW_PREROUTING));
}

/** One state through a base chain; what it accepts is added to `out`. */
static void pass_one(struct sym *s, const struct zc_fw_chain *chain, const struct sym_state *state,
                     struct sym_list *out)
{
        struct sym_ends ends;

        if (not_asked(chain, &state->now)) { /* no first packet of a flow, or already translated */
                sym_list_add(s, out, state);
                return;
        }
        if (s->watch && s->watch->entering)
                s->watch->entering(s->watch->ctx, chain, state);
        sym_ends_open(s, &ends);
        sym_chain(s, chain, 0, state, &ends, 0);
        add_all(s, out, &ends.accepted);
        if (chain->policy != ZC_FW_DROP)
                add_all(s, out, &ends.returned);
        for (size_t k = 0; chain->policy != ZC_FW_ACCEPT && k < ends.returned.n; k++)
                sym_drop(s, ends.returned.states[k].set);
        sym_ends_close(s, &ends);
}

/** All states through one base chain; what it accepts stands in `list` afterwards. */
static void pass(struct sym *s, const struct zc_fw_chain *chain, struct sym_list *list)
{
        struct sym_list out, before;
        struct sym_state kept = { .set = s->dropped };

        s->netdev = s->rs->tables[chain->table].family == ZC_FW_NETDEV;
        sym_list_open(s, &before); /* what earlier chains dropped, where the collector finds it */
        sym_list_open(s, &out);
        if (s->watch) {
                sym_list_add(s, &before, &kept);
                s->dropped = BDD_NONE;
        }
        for (size_t i = 0; i < list->n && !s->lost; i++)
                pass_one(s, chain, &list->states[i], &out);
        if (s->watch && s->watch->dropped && s->dropped != BDD_NONE)
                s->watch->dropped(s->watch->ctx, chain, s->dropped);
        if (before.n)
                sym_drop(s, before.states[0].set);
        list->n = 0;
        add_all(s, list, &out);
        sym_list_close(s, &out);
        sym_list_close(s, &before);
}

/* Ingress: a chain stands at devices. */

static bool at_device(const struct zc_fw_chain *c, const char *name)
{
        for (size_t i = 0; i < c->device_count; i++) {
                const struct zc_fw_device *d = &c->devices[i];

                if (d->prefix ? strncmp(name, d->name, strlen(d->name)) == 0
                              : strcmp(name, d->name) == 0)
                        return true;
        }
        return false;
}

static zc_bdd devices_of(struct sym *s, const struct zc_fw_chain *c)
{
        zc_bdd out = BDD_NONE;

        for (size_t i = 0, n = 0; i < s->host->interface_count; i++) {
                if (!sym_comes_in(s, i))
                        continue;
                if (at_device(c, s->host->interfaces[i].name))
                        out = bdd_or(s->b, out, sym_iif(s, n));
                n++;
        }
        return out;
}

static void pass_ingress(struct sym *s, const struct zc_fw_chain *chain, struct sym_list *list)
{
        struct sym_list inside, outside;
        zc_bdd there = devices_of(s, chain);

        sym_list_open(s, &inside);
        sym_list_open(s, &outside);
        for (size_t i = 0; i < list->n; i++) {
                struct sym_state in = list->states[i], out = list->states[i];

                if (!chain->devices_unknown) { /* else it may stand in every way, and in none */
                        in.set = bdd_and(s->b, in.set, there);
                        out.set = bdd_diff(s->b, out.set, there);
                }
                sym_list_add(s, &inside, &in);
                sym_list_add(s, &outside, &out);
        }
        pass(s, chain, &inside);
        list->n = 0;
        add_all(s, list, &inside);
        add_all(s, list, &outside);
        sym_list_close(s, &outside);
        sym_list_close(s, &inside);
}

/* The way in. */

/* Types that connection tracking takes for a first packet, and those that it lets be (nf_conntrack_proto_icmp.c, _icmpv6.c). */
struct icmp_types {
        uint8_t list[16], n;
};

static zc_bdd of_types(struct sym *s, const struct icmp_types *types)
{
        zc_bdd out = BDD_NONE;

        for (uint8_t i = 0; i < types->n; i++)
                out = bdd_or(s->b, out, sym_prefix(s, s->at.sport, &types->list[i], 8));
        return out;
}

static void track_part(struct sym *s, const struct sym_state *in, zc_bdd part, uint8_t ct,
                       struct sym_list *out)
{
        struct sym_state state = *in;

        state.set = bdd_and(s->b, in->set, part);
        state.now.ct = ct;
        sym_list_add(s, out, &state);
}

static void track_icmp(struct sym *s, const struct sym_state *in, struct sym_list *out)
{
        static const struct icmp_types begin[] = { { { 8, 13, 15, 17 }, 4 }, { { 128, 139 }, 2 } };
        static const struct icmp_types pass[] = {
                { { 0 }, 0 }, { { 130, 131, 132, 133, 134, 135, 136, 143 }, 8 }
        };
        bool v6 = s->q.family == ZC_FW_IP6;
        zc_bdd passes = of_types(s, &pass[v6]), begins = of_types(s, &begin[v6]);

        track_part(s, in, passes, ZC_FW_CT_UNTRACKED, out);
        if (s->q.ct != ZC_FW_CT_NEW)
                begins = BDD_NONE;
        track_part(s, in, begins, s->q.ct, out);
        track_part(s, in, bdd_diff(s->b, BDD_ALL, bdd_or(s->b, passes, begins)),
                   s->q.ct == ZC_FW_CT_NEW ? ZC_FW_CT_INVALID : s->q.ct, out);
}

static void track(struct sym *s, struct sym_list *list)
{
        bool v6 = s->q.family == ZC_FW_IP6;
        bool icmp = s->q.protocol == (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
        struct sym_list out;

        if (!s->rs->conntrack[v6])
                return;
        sym_list_open(s, &out);
        for (size_t i = 0; i < list->n; i++) {
                if (list->states[i].now.ct != 0)
                        sym_list_add(s, &out, &list->states[i]);
                else if (icmp)
                        track_icmp(s, &list->states[i], &out);
                else
                        track_part(s, &list->states[i], BDD_ALL, s->q.ct, &out);
        }
        list->n = 0;
        add_all(s, list, &out);
        sym_list_close(s, &out);
}

static void pass_hook(struct sym *s, enum zc_fw_hook hook, struct sym_list *list)
{
        size_t n;
        const struct zc_fw_chain **chains = chains_at(s, hook, &n);
        bool tracked = hook != ZC_FW_PREROUTING;

        s->hook = hook;
        for (size_t i = 0; i < n && !s->lost; i++) {
                if (!tracked && chains[i]->priority >= CONNTRACK) {
                        track(s, list);
                        tracked = true;
                }
                if (hook == ZC_FW_INGRESS)
                        pass_ingress(s, chains[i], list);
                else
                        pass(s, chains[i], list);
        }
        if (!tracked)
                track(s, list);
        free(chains);
}

static zc_bdd all_packets(struct sym *s)
{
        zc_bdd out = BDD_NONE;

        for (size_t i = 0; i < s->iif_count; i++)
                out = bdd_or(s->b, out, sym_iif(s, i));
        for (size_t i = 0; s->q.protocol < 0 && i < s->q.but_count; i++)
                out = bdd_diff(s->b, out, sym_prefix(s, s->at.proto, &s->q.but[i], 8));
        if (!s->q.loopback)
                out = bdd_diff(s->b, out, sym_loopback_net(s));
        return out;
}

static void end(struct sym *s, enum zc_fw_hook hook, const struct sym_list *list)
{
        for (size_t i = 0; i < list->n && s->ended && !s->lost && !bdd_full(s->b); i++)
                s->ended(s->ctx, hook, &list->states[i]);
}

void sym_walk(struct sym *s)
{
        struct sym_list coming, local, onward;
        struct sym_state start = { .set = all_packets(s) };

        sym_list_open(s, &coming);
        sym_list_open(s, &local);
        sym_list_open(s, &onward);
        sym_list_add(s, &coming, &start);
        pass_hook(s, ZC_FW_INGRESS, &coming);
        pass_hook(s, ZC_FW_PREROUTING, &coming);
        for (size_t i = 0; i < coming.n; i++)
                sym_route(s, &coming.states[i], &local, &onward);
        coming.n = 0;
        pass_hook(s, ZC_FW_INPUT, &local);
        end(s, ZC_FW_INPUT, &local);
        pass_hook(s, ZC_FW_FORWARD, &onward);
        pass_hook(s, ZC_FW_POSTROUTING, &onward);
        end(s, ZC_FW_FORWARD, &onward);
        sym_list_close(s, &onward);
        sym_list_close(s, &local);
        sym_list_close(s, &coming);
        s->lost |= bdd_full(s->b);
}
