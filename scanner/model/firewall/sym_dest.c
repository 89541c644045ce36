/** Routing tables as partitions of the addresses: longest prefix, then lowest metric; the table of local addresses first (as route.c asks them). */
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "sym.h"

#define ROUTES 4096 /* more are not spelt out */

zc_bdd sym_from(struct sym *s, uint32_t index)
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

static struct sym_dest *same_way(struct sym *s, struct sym_dests *d, struct sym_dest way)
{
        for (size_t i = 0; i < d->n; i++) {
                if (d->list[i].type == way.type && d->list[i].oif == way.oif &&
                    d->list[i].doubt == way.doubt)
                        return &d->list[i];
        }
        if (d->n == d->cap) {
                size_t cap = d->cap ? d->cap * 2 : 8;
                struct sym_dest *more = realloc(d->list, cap * sizeof(*more));

                if (!more) {
                        s->lost = true;
                        return NULL;
                }
                d->list = more;
                d->cap = cap;
        }
        way.to = BDD_NONE;
        d->list[d->n] = way;
        return &d->list[d->n++];
}

static void give(struct sym *s, struct sym_dests *d, struct sym_dest way, zc_bdd to)
{
        struct sym_dest *w = to == BDD_NONE ? NULL : same_way(s, d, way);

        if (w)
                w->to = bdd_or(s->b, w->to, to);
}

/* One table. */

/** The worst first, so that the best has the last word; of equal ones the first (as the kernel lists them). */
static int by_worth(const void *a, const void *b)
{
        const struct zc_fw_route *x = *(const struct zc_fw_route *const *)a,
                                 *y = *(const struct zc_fw_route *const *)b;
        int d = memcmp(x->dst, y->dst, sizeof(x->dst));

        if (x->prefix != y->prefix)
                return x->prefix < y->prefix ? -1 : 1;
        if (d != 0)
                return d;
        if (x->metric != y->metric)
                return x->metric > y->metric ? -1 : 1;
        return x > y ? -1 : x < y;
}

static bool same_net(const struct zc_fw_route *x, const struct zc_fw_route *y)
{
        return x->prefix == y->prefix && memcmp(x->dst, y->dst, sizeof(x->dst)) == 0;
}

struct lookup {
        unsigned var;
        uint32_t strict; /* only of this device; 0: any */
        zc_bdd within;   /* addresses that are asked for */
};

static struct sym_dest way_of(const struct sym *s, const struct zc_fw_route *const *group, size_t n)
{
        const struct zc_fw_route *best = group[n - 1];
        struct sym_dest out = { best->type, best->multipath ? SYM_MULTIPATH : SYM_SURE, best->oif,
                                BDD_NONE };

        for (size_t i = 0; i + 1 < n && s->q.family == ZC_FW_IP6; i++) {
                if (group[i]->metric == best->metric && group[i]->oif != best->oif &&
                    group[i]->type == ZC_FW_UNICAST)
                        out.doubt = SYM_UNSURE;
        }
        return out;
}

static void take_routes(struct sym *s, const struct lookup *l, const struct zc_fw_route **list,
                        size_t n, struct sym_dests *out)
{
        for (size_t i = 0, k; i < n; i = k) {
                for (k = i + 1; k < n && same_net(list[i], list[k]); k++)
                        continue;

                zc_bdd to = bdd_and(s->b, l->within,
                                    sym_prefix(s, l->var, list[i]->dst, list[i]->prefix));

                for (size_t w = 0; w < out->n; w++)
                        out->list[w].to = bdd_diff(s->b, out->list[w].to, to);
                give(s, out, way_of(s, list + i, k - i), to);
        }
}

static void of_table(struct sym *s, const struct lookup *l, uint32_t table, struct sym_dests *out)
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

                if (r->family == s->q.family && r->table == table && r->prefix <= s->at.addr_bits &&
                    (!l->strict || !r->oif || r->oif == l->strict))
                        list[n++] = r;
        }
        if (n > 1)
                qsort(list, n, sizeof(const struct zc_fw_route *), by_worth);
        if (n <= ROUTES) {
                give(s, out, (struct sym_dest){ 0 }, l->within);
                take_routes(s, l, list, n, out);
        } else {
                give(s, out, (struct sym_dest){ ZC_FW_UNICAST, SYM_UNSURE, 0, BDD_NONE },
                     l->within);
        }
        free(list);
}

/* The three. */

/** Of IPv4 the local table and the main one may be one: where the latter has the longer prefix, it may win. */
static zc_bdd contested(struct sym *s, unsigned var)
{
        zc_bdd out = BDD_NONE;

        for (size_t i = 0; i < s->host->route_count && s->q.family == ZC_FW_IP; i++) {
                const struct zc_fw_route *local = &s->host->routes[i];

                if (local->family != ZC_FW_IP || local->table != RT_TABLE_LOCAL ||
                    local->prefix >= 32)
                        continue;
                for (size_t k = 0; k < s->host->route_count; k++) {
                        const struct zc_fw_route *r = &s->host->routes[k];

                        if (r->family == ZC_FW_IP && r->table == RT_TABLE_MAIN &&
                            r->prefix > local->prefix && r->prefix <= 32)
                                out = bdd_or(s->b, out,
                                             bdd_and(s->b,
                                                     sym_prefix(s, var, local->dst, local->prefix),
                                                     sym_prefix(s, var, r->dst, r->prefix)));
                }
        }
        return out;
}

static void ask_tables(struct sym *s, const struct lookup *l, struct sym_dests *out)
{
        struct sym_dests local = { 0 }, main_table = { 0 }, last = { 0 };
        zc_bdd doubt = contested(s, l->var), rest = BDD_NONE, none = BDD_NONE;

        of_table(s, l, RT_TABLE_LOCAL, &local);
        of_table(s, l, RT_TABLE_MAIN, &main_table);
        of_table(s, l, RT_TABLE_DEFAULT, &last);
        for (size_t i = 0; i < local.n; i++) {
                struct sym_dest way = local.list[i];

                if (way.type == 0) {
                        rest = way.to;
                        continue;
                }
                give(s, out, way, bdd_diff(s->b, way.to, doubt));
                way.doubt = SYM_UNSURE;
                give(s, out, way, bdd_and(s->b, local.list[i].to, doubt));
        }
        for (size_t i = 0; i < main_table.n; i++) {
                const struct sym_dest *way = &main_table.list[i];
                zc_bdd to = bdd_and(s->b, way->to, rest);

                if (way->type == 0 || way->type == RTN_THROW)
                        none = bdd_or(s->b, none, to);
                else
                        give(s, out, *way, to);
        }
        for (size_t i = 0; i < last.n; i++)
                give(s, out, last.list[i], bdd_and(s->b, last.list[i].to, none));
        free(local.list);
        free(main_table.list);
        free(last.list);
}

zc_bdd sym_link_local(struct sym *s, unsigned var)
{
        static const uint8_t v6[] = { 0xfe, 0x80 };

        return s->q.family == ZC_FW_IP6 ? sym_prefix(s, var, v6, 10) : BDD_NONE;
}

zc_bdd sym_strange_link_local(struct sym *s, unsigned var)
{
        static const uint8_t v6[16] = { 0xfe, 0x80 };
        zc_bdd all = sym_prefix(s, var, v6, 10), usual = sym_prefix(s, var, v6, 64);

        return bdd_or(s->b, bdd_diff(s->b, all, usual), sym_prefix(s, var, v6, 128));
}

void sym_dests_of(struct sym *s, unsigned var, bool strict, struct sym_dests *out)
{
        zc_bdd link = strict ? sym_link_local(s, var) : BDD_NONE;
        struct lookup l = { .var = var, .within = bdd_diff(s->b, BDD_ALL, link) };

        *out = (struct sym_dests){ 0 };
        ask_tables(s, &l, out);
        for (size_t i = 0; i < s->host->interface_count && link != BDD_NONE; i++) {
                l.strict = s->host->interfaces[i].index;
                l.within = bdd_and(s->b, link, sym_from(s, l.strict));
                if (l.within != BDD_NONE)
                        ask_tables(s, &l, out);
        }
}

void sym_local_of(struct sym *s, unsigned var, struct sym_dests *out)
{
        struct lookup l = { .var = var, .within = BDD_ALL };

        *out = (struct sym_dests){ 0 };
        of_table(s, &l, RT_TABLE_LOCAL, out);
}
