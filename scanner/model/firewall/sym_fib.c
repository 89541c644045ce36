/** What `fib` says of an address, for all of them at once (as fib.c says it of one; nft_fib_ipv4.c, nft_fib_ipv6.c). */
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "sym.h"

#define ARPHRD_LO 772

/** One question: where it is asked, of which address, bound to which device. */
struct asked {
        struct sym *s;
        const struct zc_fw_op *op;
        unsigned var;
        bool six, by_iif, by_oif;
        uint32_t oif; /* by_oif: 0 for none */
        uint16_t choice;
};

static void may_be(struct asked *a, size_t option, zc_bdd where, bool sure)
{
        struct sym_option *o = &a->s->choices[a->choice - 1].options[option];

        o->may = bdd_or(a->s->b, o->may, where);
        if (sure)
                o->must = bdd_or(a->s->b, o->must, where);
}

static zc_bdd one_address(const struct asked *a, const uint8_t *addr)
{
        return sym_prefix(a->s, a->var, addr, a->s->at.addr_bits);
}

/** Where the device that the lookup is bound to is this one; everywhere when it is bound to none. */
static zc_bdd bound_to(const struct asked *a, uint32_t index)
{
        if (a->by_iif)
                return sym_from(a->s, index);
        return !a->by_oif || !a->oif || a->oif == index ? BDD_ALL : BDD_NONE;
}

static bool is_bound(const struct asked *a)
{
        return a->by_iif || (a->by_oif && a->oif);
}

/* The kind of an address. */

/** The first ones' places in a choice; the value is the type itself. */
enum { TYPES = RTN_NAT + 1 };

static void of_type(struct asked *a, unsigned type, zc_bdd where, zc_bdd *left)
{
        may_be(a, type < TYPES ? type : RTN_UNICAST, bdd_and(a->s->b, *left, where), true);
        *left = bdd_diff(a->s->b, *left, where);
}

static void types4(struct asked *a)
{
        static const uint8_t zero[4];
        struct sym *s = a->s;
        struct sym_dests local;
        zc_bdd left = BDD_ALL;

        of_type(a, RTN_BROADCAST,
                bdd_or(s->b, sym_limited_broadcast(s, a->var), one_address(a, zero)), &left);
        of_type(a, RTN_MULTICAST, sym_multicast(s, a->var), &left);
        sym_local_of(s, a->var, &local);
        for (size_t i = 0; i < local.n; i++) {
                const struct sym_dest *w = &local.list[i];

                if (w->type)
                        of_type(a, w->type, bdd_and(s->b, w->to, bound_to(a, w->oif)), &left);
        }
        free(local.list);
        of_type(a, RTN_UNICAST, BDD_ALL, &left);
}

/** Addresses of the device that the lookup is bound to. */
static zc_bdd own6(struct asked *a)
{
        struct sym *s = a->s;
        zc_bdd out = BDD_NONE;

        for (size_t i = 0; i < s->host->address_count; i++) {
                const struct zc_fw_address *own = &s->host->addresses[i];

                if (own->family == ZC_FW_IP6)
                        out = bdd_or(s->b, out,
                                     bdd_and(s->b, one_address(a, own->addr),
                                             bound_to(a, own->interface)));
        }
        return out;
}

static void types6(struct asked *a)
{
        static const uint8_t zero[16];
        struct sym *s = a->s;
        struct sym_dests d;
        zc_bdd left = BDD_ALL, local = BDD_NONE;

        /* Of link-local destinations as routing takes them: of whatever interface. */
        sym_dests_of(s, a->var, a->var == s->at.saddr, &d);
        for (size_t i = 0; i < d.n; i++) {
                const struct sym_dest *w = &d.list[i];

                if (w->type == 0) {
                        of_type(a, RTN_MULTICAST, bdd_and(s->b, w->to, sym_multicast(s, a->var)),
                                &left);
                        of_type(a, RTN_UNREACHABLE, w->to, &left);
                } else if (w->type >= RTN_BLACKHOLE || w->type == RTN_ANYCAST) {
                        of_type(a, w->type, w->to, &left);
                } else if (w->type == RTN_LOCAL) {
                        local = bdd_or(s->b, local, w->to);
                }
        }
        free(d.list);
        of_type(a, RTN_LOCAL, is_bound(a) ? own6(a) : local, &left);
        of_type(a, RTN_MULTICAST, sym_multicast(s, a->var), &left);
        of_type(a, RTN_UNSPEC, one_address(a, zero), &left);
        of_type(a, RTN_UNICAST, BDD_ALL, &left);
}

static uint16_t type_choice(struct asked *a)
{
        a->choice = sym_choice_new(a->s, TYPES);
        if (!a->choice)
                return 0;
        for (uint32_t i = 0; i < TYPES; i++)
                memcpy(a->s->choices[a->choice - 1].options[i].value, &i, sizeof(i));
        (a->six ? types6 : types4)(a);
        return a->choice;
}

/* The device that leads to an address: the first option is none, then every interface; or whether there is one. */

static bool is_present(const struct asked *a)
{
        return a->op->flags & NFTA_FIB_F_PRESENT;
}

static size_t place_of(const struct asked *a, uint32_t oif)
{
        const struct zc_fw_host *host = a->s->host;

        for (size_t i = 0; i < host->interface_count; i++) {
                if (host->interfaces[i].index == oif)
                        return is_present(a) ? 1 : i + 1;
        }
        return 0;
}

static void anything(struct asked *a, zc_bdd where)
{
        for (size_t i = 0; i < a->s->choices[a->choice - 1].n; i++)
                may_be(a, i, where, false);
}

/** Addresses of which the kernel asks no route: packets of the loopback device, sources that have no address yet. */
static zc_bdd skipped(struct asked *a)
{
        static const uint8_t zero[16], all[4] = { 255, 255, 255, 255 }, groups[3] = { 224 };
        struct sym *s = a->s;
        bool early = s->hook == ZC_FW_PREROUTING || (a->six && s->hook == ZC_FW_INGRESS);
        zc_bdd nobody = sym_prefix(s, s->at.saddr, zero, s->at.addr_bits), out = BDD_NONE;

        if (!a->six)
                out = bdd_and(s->b, nobody,
                              bdd_or(s->b, sym_prefix(s, s->at.daddr, all, 32),
                                     sym_prefix(s, s->at.daddr, groups, 24)));
        else if (early && s->q.protocol == IPPROTO_ICMPV6)
                out = bdd_and(s->b, nobody, sym_link_local(s, s->at.daddr));
        for (size_t i = 0; early && i < s->host->interface_count; i++) {
                if (s->host->interfaces[i].type == ARPHRD_LO)
                        out = bdd_or(s->b, out, sym_from(s, s->host->interfaces[i].index));
        }
        return out;
}

static void lead(struct asked *a, const struct sym_dest *w, zc_bdd where)
{
        struct sym *s = a->s;
        bool leads = w->type && w->type != RTN_LOCAL &&
                     (a->six ? w->type == RTN_UNICAST || w->type == RTN_MULTICAST
                             : w->type < RTN_BLACKHOLE);

        bool doubt = w->doubt == SYM_UNSURE ||
                     (w->doubt == SYM_MULTIPATH && (is_bound(a) || !is_present(a)));

        if ((s->host->policy_routing[a->six] && w->type != RTN_LOCAL) || (leads && doubt)) {
                anything(a, where);
        } else if (!leads) {
                may_be(a, 0, where, true);
        } else {
                zc_bdd there = bdd_and(s->b, where, bound_to(a, w->oif));

                may_be(a, w->doubt == SYM_MULTIPATH ? 1 : place_of(a, w->oif), there, true);
                may_be(a, 0, bdd_diff(s->b, where, there), true);
        }
}

static void name_options(const struct asked *a)
{
        struct sym_option *options = a->s->choices[a->choice - 1].options;
        const struct zc_fw_host *host = a->s->host;
        const uint32_t one = 1;

        if (is_present(a)) {
                memcpy(options[1].value, &one, sizeof(one));
                return;
        }
        for (size_t i = 0; i < host->interface_count; i++) {
                if (a->op->key == NFT_FIB_RESULT_OIF)
                        memcpy(options[i + 1].value, &host->interfaces[i].index, 4);
                else
                        memcpy(options[i + 1].value, host->interfaces[i].name, 16);
        }
}

static uint16_t device_choice(struct asked *a)
{
        struct sym *s = a->s;
        struct sym_dests d;
        zc_bdd skip;

        a->choice = sym_choice_new(s, is_present(a) ? 2 : s->host->interface_count + 1);
        if (!a->choice)
                return 0;
        name_options(a);
        skip = skipped(a);
        for (size_t i = 0; i < s->host->interface_count; i++) {
                uint32_t index = s->host->interfaces[i].index;

                may_be(a, place_of(a, index), bdd_and(s->b, skip, sym_from(s, index)), true);
        }
        sym_dests_of(s, a->var, true, &d);
        for (size_t i = 0; i < d.n; i++)
                lead(a, &d.list[i], bdd_diff(s->b, d.list[i].to, skip));
        free(d.list);
        return a->choice;
}

/* The expression. */

/** The same of one address: what depends on the packet's own no longer does. */
static void fix_address(struct asked *a, const uint8_t *addr)
{
        struct sym_choice *c = &a->s->choices[a->choice - 1];

        for (size_t i = 0; i < c->n; i++) {
                c->options[i].may = sym_at_address(a->s, c->options[i].may, a->var, addr);
                c->options[i].must = sym_at_address(a->s, c->options[i].must, a->var, addr);
        }
}

static uint16_t choice_for(struct asked *a, const uint8_t *rewritten)
{
        struct sym *s = a->s;
        uint8_t when =
                (uint8_t)((s->hook == ZC_FW_INGRESS) << 2 | (s->hook == ZC_FW_PREROUTING) << 1 |
                          (s->q.protocol == IPPROTO_ICMPV6));
        uint16_t number;

        for (size_t i = 0; i < s->fib_count && !rewritten && !a->by_oif; i++) {
                if (s->fibs[i].flags == a->op->flags && s->fibs[i].result == a->op->key &&
                    s->fibs[i].when == when)
                        return s->fibs[i].choice;
        }
        number = a->op->key == NFT_FIB_RESULT_ADDRTYPE ? type_choice(a) : device_choice(a);
        if (number && rewritten) {
                fix_address(a, rewritten);
        } else if (number && !a->by_oif && s->fib_count < ZC_COUNT(s->fibs) &&
                   s->choice_count == s->choice_kept + 1) {
                s->fibs[s->fib_count].flags = a->op->flags;
                s->fibs[s->fib_count].result = a->op->key;
                s->fibs[s->fib_count].when = when;
                s->fibs[s->fib_count++].choice = number;
                s->choice_kept = s->choice_count;
        }
        return number;
}

static enum sym_load unknown(struct sym_byte *out, unsigned len)
{
        for (unsigned i = 0; i < len; i++)
                out[i] = sym_byte_unknown();
        return SYM_LOADED;
}

enum sym_load sym_fib(struct sym *s, const struct sym_changes *now, const struct zc_fw_op *op,
                      struct sym_byte *out, unsigned *len)
{
        bool source = !(op->flags & NFTA_FIB_F_DADDR), type = op->key == NFT_FIB_RESULT_ADDRTYPE;
        struct asked a = { .s = s,
                           .op = op,
                           .var = source ? s->at.saddr : s->at.daddr,
                           .six = s->q.family == ZC_FW_IP6,
                           .by_iif = op->flags & NFTA_FIB_F_IIF };
        uint8_t addr[16] = { 0 }, other[16] = { 0 };
        int known = sym_rewritten(s, now, source, addr);
        uint32_t local = RTN_LOCAL;
        uint16_t number;

        a.by_oif = !a.by_iif && (op->flags & NFTA_FIB_F_OIF);
        a.oif = now->oif;
        *len = op->key == NFT_FIB_RESULT_OIFNAME && !(op->flags & NFTA_FIB_F_PRESENT) ? 16 : 4;
        if (type && !source && now->to_self && s->host->known && !a.by_oif) {
                for (unsigned i = 0; i < 4; i++)
                        out[i] = sym_byte_known(((uint8_t *)&local)[i]);
                return SYM_LOADED;
        }
        if (!s->host->known || known < 0 || (a.by_oif && now->oif_lost) ||
            (!type && sym_rewritten(s, now, !source, other) != 0) ||
            (type && a.six && s->host->policy_routing[1]))
                return unknown(out, *len);
        number = choice_for(&a, known ? addr : NULL);
        for (unsigned i = 0; i < *len; i++)
                out[i] = number ? sym_byte_of_choice(number, (uint8_t)i) : sym_byte_unknown();
        return SYM_LOADED;
}
