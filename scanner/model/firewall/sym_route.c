/** The routing decision: to this host, through it, or nowhere (as decide.c makes it for one packet). */
#include <linux/rtnetlink.h>
#include <string.h>

#include "sym.h"

zc_bdd sym_multicast(struct sym *s, unsigned var)
{
        static const uint8_t v4[] = { 224 }, v6[] = { 255 };

        return s->q.family == ZC_FW_IP ? sym_prefix(s, var, v4, 4) : sym_prefix(s, var, v6, 8);
}

zc_bdd sym_limited_broadcast(struct sym *s, unsigned var)
{
        static const uint8_t all[] = { 255, 255, 255, 255 };

        return s->q.family == ZC_FW_IP ? sym_prefix(s, var, all, 32) : BDD_NONE;
}

zc_bdd sym_loopback_net(struct sym *s)
{
        static const uint8_t v4[] = { 127 }, v6[16] = { [15] = 1 };

        return s->q.family == ZC_FW_IP ? sym_prefix(s, s->at.daddr, v4, 8)
                                       : sym_prefix(s, s->at.daddr, v6, 128);
}

zc_bdd sym_valid_sources(struct sym *s)
{
        static const uint8_t zero[16], loopback[16] = { 127 }, class_e[] = { 240 },
                                       one[16] = { [15] = 1 };
        unsigned var = s->at.saddr;
        bool v4 = s->q.family == ZC_FW_IP;
        zc_bdd never = sym_multicast(s, var);

        never = bdd_or(s->b, never, sym_prefix(s, var, zero, v4 ? 8 : 128));
        never = bdd_or(s->b, never,
                       v4 ? sym_prefix(s, var, loopback, 8) : sym_prefix(s, var, one, 128));
        if (v4)
                never = bdd_or(s->b, never, sym_prefix(s, var, class_e, 4));
        else
                never = bdd_or(s->b, never, sym_strange_link_local(s, var));
        for (size_t i = 0; i < s->host->address_count; i++) {
                const struct zc_fw_address *own = &s->host->addresses[i];

                if (own->family == s->q.family)
                        never = bdd_or(s->b, never, sym_prefix(s, var, own->addr, s->at.addr_bits));
        }
        return never ^ 1;
}

zc_bdd sym_elsewhere(struct sym *s)
{
        zc_bdd lo = BDD_NONE;

        for (size_t i = 0; i < s->host->interface_count; i++) {
                if (strcmp(s->host->interfaces[i].name, "lo") == 0)
                        lo = sym_from(s, s->host->interfaces[i].index);
        }
        return bdd_diff(s->b, lo ^ 1, sym_loopback_net(s));
}

/** Local routes in tables that rules of policy routing may ask (transparent proxies have them). */
static bool may_be_local_elsewhere(const struct sym *s)
{
        for (size_t i = 0; i < s->host->route_count; i++) {
                const struct zc_fw_route *r = &s->host->routes[i];

                if (r->family == s->q.family && r->type == ZC_FW_LOCAL &&
                    r->table != RT_TABLE_LOCAL)
                        return true;
        }
        return false;
}

/** Whether the way is to this host. Link-local addresses of another interface are taken for its own: rows need not tell interfaces apart for them. */
static bool is_here(const struct sym *s, const struct sym_dest *w)
{
        return w->type == ZC_FW_LOCAL ||
               w->type == (s->q.family == ZC_FW_IP ? ZC_FW_BROADCAST : ZC_FW_ANYCAST);
}

/** Sent on; else it ends here. */
static bool leads_on(const struct sym *s, const struct sym_dest *w)
{
        return s->q.family == ZC_FW_IP ? w->type == ZC_FW_UNICAST
                                       : w->type > 0 && w->type < ZC_FW_BLACKHOLE && !is_here(s, w);
}

void sym_routes(struct sym *s)
{
        bool v6 = s->q.family == ZC_FW_IP6;
        zc_bdd multi =
                bdd_or(s->b, sym_multicast(s, s->at.daddr), sym_limited_broadcast(s, s->at.daddr));

        sym_dests_of(s, s->at.daddr, false, &s->dests);
        s->policy = !s->host->known || s->host->policy_routing[v6];
        s->anywhere = !s->host->known || (s->policy && may_be_local_elsewhere(s));
        s->local = s->unicast = multi;
        s->here = BDD_NONE;
        for (size_t i = 0; i < s->dests.n; i++) {
                struct sym_dest *w = &s->dests.list[i];

                w->to = bdd_diff(s->b, w->to, multi);
                if (w->doubt == SYM_SURE && is_here(s, w))
                        s->local = bdd_or(s->b, s->local, w->to);
                if (w->type == ZC_FW_LOCAL)
                        s->here = bdd_or(s->b, s->here, w->to);
                if (w->type == ZC_FW_BROADCAST)
                        s->unicast = bdd_or(s->b, s->unicast, w->to);
        }
        s->unicast ^= 1;
        if (!s->q.loopback)
                s->here = bdd_diff(s->b, s->here, sym_loopback_net(s));
}

zc_bdd sym_way_to(struct sym *s, uint32_t oif, bool lost)
{
        zc_bdd out = BDD_NONE;

        if (s->policy)
                return lost ? bdd_diff(s->b, BDD_ALL, bdd_or(s->b, s->local, sym_loopback_net(s)))
                            : BDD_NONE;
        for (size_t i = 0; i < s->dests.n; i++) {
                const struct sym_dest *w = &s->dests.list[i];

                if (leads_on(s, w) && (w->doubt != SYM_SURE) == lost && (lost || w->oif == oif))
                        out = bdd_or(s->b, out, w->to);
        }
        return bdd_diff(s->b, out, sym_loopback_net(s));
}

/* An address that rules rewrote. */

int sym_rewritten(const struct sym *s, const struct sym_changes *now, bool source, uint8_t *addr)
{
        unsigned len = s->at.addr_bits / 8, offset = s->q.family == ZC_FW_IP ? 12 : 8;
        unsigned known = 0, touched = 0;

        offset += source ? 0 : len;
        for (uint32_t i = 0; i < now->overs; i++) {
                const struct sym_over *o = &now->over[i];

                if (o->base != ZC_FW_BASE_NETWORK || o->offset < offset ||
                    o->offset >= offset + len)
                        continue;
                touched++;
                if (o->value >= 0) {
                        addr[o->offset - offset] = (uint8_t)o->value;
                        known++;
                }
        }
        return touched == 0 ? 0 : known == len ? 1 : -1;
}

zc_bdd sym_at_address(struct sym *s, zc_bdd x, unsigned var, const uint8_t *addr)
{
        unsigned at = bdd_var(s->b, x);

        if (x <= BDD_ALL || at >= var + s->at.addr_bits)
                return x;
        if (at < var)
                return bdd_choose(s->b, at, sym_at_address(s, bdd_low(s->b, x), var, addr),
                                  sym_at_address(s, bdd_high(s->b, x), var, addr));
        at -= var;
        return sym_at_address(
                s, addr[at / 8] >> (7 - at % 8) & 1 ? bdd_high(s->b, x) : bdd_low(s->b, x), var,
                addr);
}

/* The decision. */

static zc_bdd forwarding(struct sym *s)
{
        zc_bdd out = BDD_NONE;

        for (size_t i = 0; i < s->host->interface_count; i++) {
                if (s->host->interfaces[i].forwarding[s->q.family == ZC_FW_IP6])
                        out = bdd_or(s->b, out, sym_from(s, s->host->interfaces[i].index));
        }
        return out;
}

struct decision {
        struct sym *s;
        const struct sym_state *in;
        struct sym_list *local, *onward;
        zc_bdd left; /* not yet sent anywhere */
};

static void deliver(struct decision *d, zc_bdd where)
{
        struct sym_state out = *d->in;

        out.set = bdd_and(d->s->b, out.set, where);
        d->left = bdd_diff(d->s->b, d->left, out.set);
        sym_list_add(d->s, d->local, &out);
}

static void send_on(struct decision *d, zc_bdd where, uint32_t oif, bool lost)
{
        struct sym_state out = *d->in;

        out.set = bdd_and(d->s->b, bdd_and(d->s->b, out.set, where), forwarding(d->s));
        out.now.oif = lost ? 0 : oif;
        out.now.oif_lost = lost;
        d->left = bdd_diff(d->s->b, d->left, out.set);
        sym_list_add(d->s, d->onward, &out);
}

/** Nobody knows where these go. */
static void send_anywhere(struct decision *d, zc_bdd where, bool here_too)
{
        if (here_too)
                deliver(d, where);
        send_on(d, where, 0, true);
        sym_drop(d->s, bdd_and(d->s->b, d->in->set, where));
}

/** @addr: NULL where the destination is the packet's own. */
static void follow_routes(struct decision *d, const uint8_t *addr)
{
        struct sym *s = d->s;
        zc_bdd local = addr ? sym_at_address(s, s->local, s->at.daddr, addr) : s->local;

        deliver(d, local);
        if (s->policy) {
                send_anywhere(d, local ^ 1, s->anywhere);
                return;
        }
        for (size_t i = 0; i < s->dests.n; i++) {
                const struct sym_dest *w = &s->dests.list[i];
                zc_bdd to = addr ? sym_at_address(s, w->to, s->at.daddr, addr) : w->to;

                if (is_here(s, w) && w->doubt != SYM_SURE)
                        send_anywhere(d, to, true);
                else if (leads_on(s, w))
                        send_on(d, to, w->oif, w->doubt != SYM_SURE);
        }
}

void sym_route(struct sym *s, const struct sym_state *in, struct sym_list *local,
               struct sym_list *onward)
{
        struct decision d = { s, in, local, onward, in->set };
        uint8_t addr[16] = { 0 };
        int known = sym_rewritten(s, &in->now, false, addr);

        if (in->now.to_self)
                deliver(&d, BDD_ALL);
        else if (!s->host->known || known < 0)
                send_anywhere(&d, BDD_ALL, true);
        else
                follow_routes(&d, known ? addr : NULL);
        sym_drop(s, d.left);
}
