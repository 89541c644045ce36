/** Where packets go: the local table, the ways out, and what `fib` says of them. */
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "sym.h"

#define ROUTES 4096 /* more are not spelt out */

static bool is_local_type(unsigned type)
{
        return type == ZC_FW_LOCAL || type == ZC_FW_BROADCAST || type == ZC_FW_ANYCAST ||
               type == ZC_FW_MULTICAST;
}

static zc_bdd multicast(struct sym *s, unsigned var)
{
        static const uint8_t v4[] = { 224 }, v6[] = { 255 };

        return s->q.family == ZC_FW_IP ? sym_prefix(s, var, v4, 4) : sym_prefix(s, var, v6, 8);
}

static zc_bdd limited_broadcast(struct sym *s, unsigned var)
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

/** Addresses of a kind in the local table; of one interface's alone when index is not 0. */
static zc_bdd local_kind(struct sym *s, unsigned var, unsigned type, uint32_t index)
{
        zc_bdd out = BDD_NONE;

        for (size_t i = 0; i < s->host->route_count; i++) {
                const struct zc_fw_route *r = &s->host->routes[i];

                if (r->family == s->q.family && r->table == RT_TABLE_LOCAL && r->type == type &&
                    (!index || r->oif == index))
                        out = bdd_or(s->b, out, sym_prefix(s, var, r->dst, r->prefix));
        }
        return out;
}

static int by_length(const void *a, const void *b)
{
        const struct zc_fw_route *x = *(const struct zc_fw_route *const *)a,
                                 *y = *(const struct zc_fw_route *const *)b;

        if (x->prefix != y->prefix)
                return x->prefix < y->prefix ? -1 : 1;
        return x->metric > y->metric
                       ? -1
                       : x->metric < y->metric; /* the best one last: it has the last word */
}

static struct sym_way *way(struct sym *s, uint32_t oif, bool lost)
{
        for (size_t i = 0; i < s->way_count; i++) {
                if (s->ways[i].oif == oif && s->ways[i].lost == lost)
                        return &s->ways[i];
        }

        struct sym_way *more = realloc(s->ways, (s->way_count + 1) * sizeof(*more));

        if (!more) {
                s->lost = true;
                return NULL;
        }
        s->ways = more;
        s->ways[s->way_count] = (struct sym_way){ oif, lost, BDD_NONE };
        return &s->ways[s->way_count++];
}

static void take_route(struct sym *s, const struct zc_fw_route *r)
{
        zc_bdd to = sym_prefix(s, s->at.daddr, r->dst, r->prefix);
        struct sym_way *w = way(s, r->type == ZC_FW_UNICAST ? r->oif : 0,
                                r->type == ZC_FW_UNICAST && r->multipath);

        if (!w)
                return;
        for (size_t i = 0; i < s->way_count; i++)
                s->ways[i].to = bdd_diff(s->b, s->ways[i].to, to);
        w->to = bdd_or(s->b, w->to, to);
}

static void find_ways(struct sym *s)
{
        const struct zc_fw_route **list =
                calloc(s->host->route_count + 1, sizeof(const struct zc_fw_route *));
        size_t n = 0;

        if (!list) {
                s->lost = true;
                return;
        }
        for (size_t i = 0; i < s->host->route_count; i++) {
                const struct zc_fw_route *r = &s->host->routes[i];

                if (r->family == s->q.family &&
                    (r->table == RT_TABLE_MAIN || r->table == RT_TABLE_DEFAULT))
                        list[n++] = r;
        }
        if (n <= ROUTES) {
                qsort(list, n, sizeof(const struct zc_fw_route *), by_length);
                for (size_t i = 0; i < n; i++)
                        take_route(s, list[i]);
        }
        free(list);
        if (n > ROUTES && way(s, 0, true))
                s->ways[0].to = BDD_ALL;
}

void sym_routes(struct sym *s)
{
        bool v6 = s->q.family == ZC_FW_IP6;

        s->local = bdd_or(s->b, multicast(s, s->at.daddr), limited_broadcast(s, s->at.daddr));
        s->unicast =
                bdd_diff(s->b, BDD_ALL,
                         bdd_or(s->b, s->local, local_kind(s, s->at.daddr, ZC_FW_BROADCAST, 0)));
        for (unsigned type = ZC_FW_LOCAL; type <= ZC_FW_MULTICAST; type++) {
                if (is_local_type(type))
                        s->local = bdd_or(s->b, s->local, local_kind(s, s->at.daddr, type, 0));
        }
        s->here = bdd_diff(s->b, local_kind(s, s->at.daddr, ZC_FW_LOCAL, 0),
                           s->q.loopback ? BDD_NONE : sym_loopback_net(s));
        if (!s->host->known || s->host->policy_routing[v6]) {
                if (way(s, 0, true))
                        s->ways[0].to = BDD_ALL;
                return;
        }
        find_ways(s);
}

/* An address that rules rewrote. */

/** 1: all of its bytes are known and stand in addr; 0: it is the packet's own; -1: not known. */
static int rewritten(struct sym *s, const struct sym_changes *now, bool source, uint8_t *addr)
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

/** Whether the diagram over the bits from var on holds the address. */
static bool holds(const struct sym *s, zc_bdd x, unsigned var, const uint8_t *addr)
{
        while (x > BDD_ALL) {
                unsigned at = bdd_var(s->b, x) - var;

                if (at >= s->at.addr_bits)
                        return true; /* a set of addresses looks at nothing else */
                x = addr[at / 8] >> (7 - at % 8) & 1 ? bdd_high(s->b, x) : bdd_low(s->b, x);
        }
        return x == BDD_ALL;
}

/* fib */

static void option(struct sym *s, uint16_t number, size_t i, zc_bdd where, const void *value,
                   size_t len)
{
        struct sym_option *o = &s->choices[number - 1].options[i];

        o->may = o->must = where;
        memcpy(o->value, value, len);
}

/** The zone of an interface among the question's; BDD_ALL for any. */
static zc_bdd from_interface(struct sym *s, uint32_t index)
{
        for (size_t i = 0, n = 0; i < s->host->interface_count; i++) {
                if (!sym_comes_in(s, i))
                        continue;
                if (s->host->interfaces[i].index == index)
                        return sym_iif(s, n);
                n++;
        }
        return BDD_NONE;
}

static zc_bdd of_type(struct sym *s, unsigned var, uint8_t type, bool by_iif)
{
        zc_bdd out = BDD_NONE;

        if (!by_iif)
                return local_kind(s, var, type, 0);
        for (size_t i = 0; i < s->host->interface_count; i++) {
                uint32_t index = s->host->interfaces[i].index;

                out = bdd_or(
                        s->b, out,
                        bdd_and(s->b, from_interface(s, index), local_kind(s, var, type, index)));
        }
        return out;
}

/** Kinds of addresses as the kernel's nft_fib4_eval_type() tells them: the local table, else unicast. */
static uint16_t type_choice(struct sym *s, unsigned var, bool by_iif)
{
        static const uint32_t types[] = { RTN_MULTICAST, RTN_BROADCAST, RTN_LOCAL, RTN_ANYCAST,
                                          RTN_UNICAST };
        uint16_t number = sym_choice_keep(s, ZC_COUNT(types));
        zc_bdd rest = BDD_ALL;

        if (!number)
                return 0;
        for (size_t i = 0; i < ZC_COUNT(types); i++) {
                zc_bdd where = rest;

                if (types[i] == RTN_MULTICAST)
                        where = multicast(s, var);
                else if (types[i] == RTN_BROADCAST)
                        where = bdd_or(s->b, limited_broadcast(s, var),
                                       of_type(s, var, ZC_FW_BROADCAST, by_iif));
                else if (types[i] == RTN_LOCAL)
                        where = of_type(s, var, ZC_FW_LOCAL, by_iif);
                else if (types[i] == RTN_ANYCAST)
                        where = of_type(s, var, ZC_FW_ANYCAST, by_iif);
                option(s, number, i, bdd_and(s->b, rest, where), &types[i], 4);
                rest = bdd_diff(s->b, rest, where);
        }
        return number;
}

static void type_of_known(struct sym *s, const uint8_t *addr, struct sym_byte *out)
{
        uint32_t type = RTN_UNICAST;
        uint8_t bytes[4];
        unsigned var = s->at.daddr;

        if (holds(s, multicast(s, var), var, addr))
                type = RTN_MULTICAST;
        else if (holds(s,
                       bdd_or(s->b, limited_broadcast(s, var),
                              local_kind(s, var, ZC_FW_BROADCAST, 0)),
                       var, addr))
                type = RTN_BROADCAST;
        else if (holds(s, local_kind(s, var, ZC_FW_LOCAL, 0), var, addr))
                type = RTN_LOCAL;
        else if (holds(s, local_kind(s, var, ZC_FW_ANYCAST, 0), var, addr))
                type = RTN_ANYCAST;
        memcpy(bytes, &type, 4);
        for (unsigned i = 0; i < 4; i++)
                out[i] = sym_byte_known(bytes[i]);
}

static enum sym_load unknown(struct sym_byte *out, unsigned len)
{
        for (unsigned i = 0; i < len; i++)
                out[i] = sym_byte_unknown();
        return SYM_MAY_BREAK;
}

enum sym_load sym_fib(struct sym *s, const struct sym_changes *now, const struct zc_fw_op *op,
                      struct sym_byte *out, unsigned *len)
{
        bool source = op->flags & NFTA_FIB_F_SADDR, by_iif = op->flags & NFTA_FIB_F_IIF;
        uint8_t addr[16] = { 0 };
        int known = rewritten(s, now, source, addr);
        uint16_t number = 0;

        *len = op->key == NFT_FIB_RESULT_OIFNAME ? 16 : 4;
        /* IPv6 asks the routing tables themselves (nft_fib6_eval_type), and results other than the type depend on routes: not spelt out. */
        if (!s->host->known || known < 0 || op->key != NFT_FIB_RESULT_ADDRTYPE ||
            (op->flags & NFTA_FIB_F_OIF))
                return unknown(out, *len);
        if (known > 0 && by_iif)
                return unknown(out, *len);
        if (known > 0) {
                type_of_known(s, addr, out);
                return SYM_LOADED;
        }
        for (size_t i = 0; i < s->fib_count; i++) {
                if (s->fibs[i].flags == op->flags && s->fibs[i].result == op->key)
                        number = s->fibs[i].choice;
        }
        if (!number) {
                number = type_choice(s, source ? s->at.saddr : s->at.daddr, by_iif);
                if (s->fib_count < ZC_COUNT(s->fibs)) {
                        s->fibs[s->fib_count].flags = op->flags;
                        s->fibs[s->fib_count].result = op->key;
                        s->fibs[s->fib_count++].choice = number;
                }
        }
        for (unsigned i = 0; i < 4; i++)
                out[i] = number ? sym_byte_of_choice(number, (uint8_t)i) : sym_byte_unknown();
        return SYM_LOADED;
}

/* Routing. */

static struct sym_state part(struct sym *s, const struct sym_state *in, zc_bdd where)
{
        struct sym_state out = *in;

        out.may = bdd_and(s->b, in->may, where);
        out.must = bdd_and(s->b, in->must, where);
        return out;
}

static struct sym_state unsure(const struct sym_state *in)
{
        struct sym_state out = *in;

        out.must = BDD_NONE;
        return out;
}

static zc_bdd forwarding(struct sym *s)
{
        zc_bdd out = BDD_NONE;

        for (size_t i = 0; i < s->host->interface_count; i++) {
                if (s->host->interfaces[i].forwarding[s->q.family == ZC_FW_IP6])
                        out = bdd_or(s->b, out, from_interface(s, s->host->interfaces[i].index));
        }
        return out;
}

static void send_on(struct sym *s, const struct sym_state *in, const struct sym_way *w,
                    zc_bdd where, struct sym_list *onward)
{
        struct sym_state out = part(s, in, where);

        if (!w->oif && !w->lost)
                return; /* blackhole, unreachable, prohibited */
        out.now.oif = w->lost ? 0 : w->oif;
        out.now.oif_lost = w->lost;
        sym_list_add(s, onward, &out);
}

void sym_route(struct sym *s, const struct sym_state *in, struct sym_list *local,
               struct sym_list *onward)
{
        uint8_t addr[16] = { 0 };
        int known = in->now.to_self ? 0 : rewritten(s, &in->now, false, addr);
        struct sym_state away = part(s, in, forwarding(s)), here;

        if (in->now.to_self) {
                sym_list_add(s, local, in);
        } else if (!s->host->known || known < 0) {
                here = unsure(in);
                sym_list_add(s, local, &here);
                away = unsure(&away);
                away.now.oif_lost = true;
                sym_list_add(s, onward, &away);
        } else if (known > 0) {
                if (holds(s, s->local, s->at.daddr, addr)) {
                        sym_list_add(s, local, in);
                        return;
                }
                for (size_t i = 0; i < s->way_count; i++) {
                        if (holds(s, s->ways[i].to, s->at.daddr, addr))
                                send_on(s, &away, &s->ways[i], BDD_ALL, onward);
                }
        } else {
                here = part(s, in, s->local);
                sym_list_add(s, local, &here);
                for (size_t i = 0; i < s->way_count; i++)
                        send_on(s, &away, &s->ways[i], bdd_diff(s->b, s->ways[i].to, s->local),
                                onward);
        }
}
