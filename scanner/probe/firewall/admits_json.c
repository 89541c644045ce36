/** Rows of zc_fw_admits() into the lines of host.firewall.admits: names for numbers, prefixes for what is left out, fewer lines where protocols agree. */
#include "admits_json.h"

#include <arpa/inet.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>

#include "zc/fw_sym.h"
#include "zc/text.h"

#define PREFIXES_MAX 64

struct lines {
        const struct zc_fw_live *live;
        struct zc_fw_admits *admits; /* plain */
        json_t *out;
        bool beyond; /* something past the model may decide */
        bool bad;
};

static void set(struct lines *l, json_t *o, const char *key, json_t *value)
{
        l->bad |= json_object_set_new(o, key, value) != 0;
}

static void add(struct lines *l, json_t *list, json_t *value)
{
        l->bad |= json_array_append_new(list, value) != 0;
}

/** "22,80,1000-2000", or null for any. */
static json_t *spans(const struct zc_fw_span *list, size_t count)
{
        ZC_AUTO_TEXT t = { 0 };

        if (count == 0)
                return json_null();
        zc_text_init(&t, ZC_TEXT_CEILING);
        for (size_t i = 0; i < count; i++) {
                zc_text_printf(&t, "%s%u", i ? "," : "", list[i].lo);
                if (list[i].hi != list[i].lo)
                        zc_text_printf(&t, "-%u", list[i].hi);
        }
        return t.failed || t.cut ? NULL : json_string(zc_text_str(&t));
}

/** By name where it has one that everyone knows; several by number: "33,47-50". */
static json_t *protocol(const struct zc_fw_admit *a)
{
        static const struct {
                uint8_t number;
                const char *name;
        } names[] = { { IPPROTO_TCP, "tcp" },        { IPPROTO_UDP, "udp" },
                      { IPPROTO_ICMP, "icmp" },      { IPPROTO_ICMPV6, "icmpv6" },
                      { IPPROTO_SCTP, "sctp" },      { IPPROTO_IGMP, "igmp" },
                      { IPPROTO_GRE, "gre" },        { IPPROTO_ESP, "esp" },
                      { IPPROTO_AH, "ah" },          { 112, "vrrp" },
                      { IPPROTO_DCCP, "dccp" },      { 89, "ospf" },
                      { IPPROTO_UDPLITE, "udplite" } };
        const bool one = a->protocol != ZC_FW_OTHER_PROTOCOLS ||
                         (a->protocol_count == 1 && a->protocols->lo == a->protocols->hi);
        const struct zc_fw_span itself = { (uint32_t)a->protocol, (uint32_t)a->protocol };
        const struct zc_fw_span *list = a->protocol_count ? a->protocols : &itself;

        for (size_t i = 0; i < ZC_COUNT(names) && one; i++) {
                if (names[i].number == list->lo)
                        return json_string(names[i].name);
        }
        if (a->protocol == ZC_FW_OTHER_PROTOCOLS && a->protocol_count == 0)
                return json_string("other");
        return spans(list, a->protocol_count ? a->protocol_count : 1);
}

/* ---- addresses ---- */

static json_t *cidr(enum zc_fw_family family, const struct zc_fw_cidr *c)
{
        char text[INET6_ADDRSTRLEN];
        const bool six = family == ZC_FW_IP6;

        if (!inet_ntop(six ? AF_INET6 : AF_INET, c->addr, text, sizeof text))
                return NULL;
        return c->prefix == (six ? 128 : 32) ? json_string(text)
                                             : json_sprintf("%s/%u", text, c->prefix);
}

/** Whether all of b is in a. */
static bool covers(const struct zc_fw_cidr *a, const struct zc_fw_cidr *b)
{
        const size_t whole = a->prefix / 8, rest = a->prefix % 8;

        return a->prefix <= b->prefix && memcmp(a->addr, b->addr, whole) == 0 &&
               (rest == 0 || ((a->addr[whole] ^ b->addr[whole]) & (0xff00 >> rest) & 0xff) == 0);
}

/** What of `part` none of the row's sources covers, halved until it is plain. */
static void outside(struct lines *l, json_t *out, const struct zc_fw_admit *a,
                    struct zc_fw_cidr part)
{
        bool touched = false;

        for (size_t i = 0; i < a->source_count; i++) {
                if (covers(&a->sources[i], &part))
                        return;
                touched |= covers(&part, &a->sources[i]);
        }
        if (json_array_size(out) > PREFIXES_MAX)
                return;
        if (!touched) {
                add(l, out, cidr(a->family, &part));
                return;
        }
        part.prefix++;
        outside(l, out, a, part);
        part.addr[(part.prefix - 1) / 8] |= (uint8_t)(0x80 >> (part.prefix - 1) % 8);
        outside(l, out, a, part);
}

/** *whole false: the list is wider than the row. */
static json_t *sources(struct lines *l, const struct zc_fw_admit *a, bool *whole)
{
        const struct zc_fw_cidr any = { .prefix = 0 };
        json_t *out = json_array();

        *whole = !a->sources_cut && a->set_count == 0;
        for (size_t i = 0; i < a->source_count && !a->sources_except; i++)
                add(l, out, cidr(a->family, &a->sources[i]));
        if (a->source_count > 0 && a->sources_except)
                outside(l, out, a, any);
        if (a->source_count > 0 && json_array_size(out) <= PREFIXES_MAX)
                return out;
        *whole = *whole && a->source_count == 0;
        if (a->source_count > 0 && !a->sources_except) /* all of a long list */
                return out;
        json_array_clear(out);
        add(l, out, cidr(a->family, &any));
        return out;
}

static json_t *destinations(struct lines *l, const struct zc_fw_admit *a)
{
        json_t *out = json_array();

        for (size_t i = 0; i < a->destination_count; i++)
                add(l, out, cidr(a->family, &a->destinations[i]));
        return out;
}

static json_t *interfaces(struct lines *l, const struct zc_fw_admit *a)
{
        json_t *out = json_array();

        for (size_t i = 0; i < a->interface_count; i++)
                add(l, out, json_string(l->live->host.interfaces[a->interfaces[i]].name));
        if (a->interface_count == 0)
                add(l, out, json_string("*"));
        return out;
}

static json_t *translation(const struct zc_fw_admit *a)
{
        const struct zc_fw_cidr to = { .prefix = a->family == ZC_FW_IP6 ? 128 : 32 };
        struct zc_fw_cidr where = to;

        memcpy(where.addr, a->address, sizeof where.addr);
        return json_pack("{s:o, s:o}", "address",
                         a->address_known ? cidr(a->family, &where) : json_null(), "port",
                         a->port_known ? json_integer(a->port) : json_null());
}

static json_t *via(struct lines *l, const struct zc_fw_admit *a)
{
        const struct zc_fw_ruleset *rs = &l->live->ruleset;
        json_t *out = json_array();

        for (size_t i = 0; i < a->via_count; i++) {
                const struct zc_fw_chain *c = &rs->chains[a->via[i].chain];
                const struct zc_fw_table *t = &rs->tables[c->table];

                add(l, out,
                    json_pack("{s:s, s:s, s:s, s:o}", "family", zc_fw_family_name(t->family),
                              "table", t->name, "chain", c->name, "handle",
                              a->via[i].handle ? json_integer((json_int_t)a->via[i].handle)
                                               : json_null()));
        }
        return out;
}

/** @all: of every protocol. */
static void line(struct lines *l, const struct zc_fw_admit *a, bool all)
{
        json_t *o = json_object();
        bool whole = true;

        set(l, o, "family", json_string(zc_fw_family_name(a->family)));
        set(l, o, "hook", json_string(zc_fw_hook_name(a->hook)));
        set(l, o, "protocol", all ? json_null() : protocol(a));
        set(l, o, "ports", spans(a->ports, a->port_count));
        if (a->source_port_count > 0)
                set(l, o, "source_ports", spans(a->source_ports, a->source_port_count));
        set(l, o, "icmp_types", spans(a->icmp_types, a->icmp_type_count));
        set(l, o, "sources", sources(l, a, &whole));
        set(l, o, "destinations", destinations(l, a));
        set(l, o, "interfaces", interfaces(l, a));
        set(l, o, "state", json_string("new"));
        if (a->translated)
                set(l, o, "translated", translation(a));
        whole = whole && !a->destinations_cut && !l->beyond && a->certainty == ZC_FW_CERTAIN;
        set(l, o, "certainty", json_string(whole ? "certain" : "possible"));
        set(l, o, "via", via(l, a));
        add(l, l->out, o);
}

/* ---- fewer words, and fewer lines ---- */

static bool overlap(const struct zc_fw_cidr *a, const struct zc_fw_cidr *b)
{
        return covers(a, b) || covers(b, a);
}

/** A list that leaves out nothing but one prefix takes as many as that is long: one of each length. */
static bool all_but(const struct zc_fw_cidr *list, size_t count, const struct zc_fw_cidr *hole)
{
        for (size_t i = 0; i < count; i++) {
                if (overlap(&list[i], hole))
                        return false;
                for (size_t j = 0; j < i; j++) {
                        if (list[i].prefix == list[j].prefix)
                                return false;
                }
        }
        return count == hole->prefix;
}

/** Every interface but the loopback, which nobody else sends by. */
static bool all_interfaces(const struct zc_fw_host *host, const struct zc_fw_admit *a)
{
        size_t others = 0, told = 0;

        for (size_t i = 0; i < host->interface_count; i++)
                others += host->interfaces[i].type != ARPHRD_LOOPBACK;
        for (size_t i = 0; i < a->interface_count; i++)
                told += host->interfaces[a->interfaces[i]].type != ARPHRD_LOOPBACK;
        return told == others;
}

static bool all_ports(const struct zc_fw_span *list, size_t count)
{
        return count == 1 && list->lo == 0 && list->hi == UINT16_MAX;
}

/** What is said in many words and leaves nothing out is not said. */
static void plain(const struct zc_fw_host *host, struct zc_fw_admit *a)
{
        static const struct zc_fw_cidr own4 = { { 127 }, 8 }, own6 = { { [15] = 1 }, 128 };

        if (all_ports(a->ports, a->port_count))
                a->port_count = 0;
        if (all_ports(a->source_ports, a->source_port_count))
                a->source_port_count = 0;
        if (all_interfaces(host, a))
                a->interface_count = 0;
        if (all_but(a->destinations, a->destination_count, a->family == ZC_FW_IP ? &own4 : &own6))
                a->destination_count = 0;
}

/** The protocols that it is about: a bit per kind of row. All of them together are every protocol. */
enum { OF_TCP = 1, OF_UDP = 2, OF_ICMP = 4, OF_SCTP = 8, OF_REST = 16, OF_ALL = 31 };

static unsigned protocols_of(const struct zc_fw_admit *a)
{
        size_t n = 0;

        switch (a->protocol) {
        case IPPROTO_TCP:
                return OF_TCP;
        case IPPROTO_UDP:
                return OF_UDP;
        case IPPROTO_ICMP:
        case IPPROTO_ICMPV6:
                return OF_ICMP;
        case IPPROTO_SCTP:
                return OF_SCTP;
        case ZC_FW_OTHER_PROTOCOLS:
                for (size_t i = 0; i < a->protocol_count; i++)
                        n += a->protocols[i].hi - a->protocols[i].lo + 1;
                return n == 256 - 4 ? OF_REST : 0; /* all but those above */
        default:
                return 0;
        }
}

static bool same_list(const void *a, size_t a_count, const void *b, size_t b_count, size_t size)
{
        return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * size) == 0);
}

/** It names nothing that belongs to one protocol. */
static bool is_general(const struct zc_fw_admit *a)
{
        return protocols_of(a) && a->port_count == 0 && a->source_port_count == 0 &&
               a->icmp_type_count == 0 && a->set_count == 0 && !a->translated;
}

static bool agree(const struct zc_fw_admit *a, const struct zc_fw_admit *b)
{
        return is_general(a) && is_general(b) && a->family == b->family && a->hook == b->hook &&
               a->certainty == b->certainty && a->sources_except == b->sources_except &&
               a->sources_cut == b->sources_cut && a->destinations_cut == b->destinations_cut &&
               a->out == b->out &&
               same_list(a->sources, a->source_count, b->sources, b->source_count,
                         sizeof *a->sources) &&
               same_list(a->destinations, a->destination_count, b->destinations,
                         b->destination_count, sizeof *a->destinations) &&
               same_list(a->interfaces, a->interface_count, b->interfaces, b->interface_count,
                         sizeof *a->interfaces);
}

/** Rows of all protocols that agree are one line. *first: it is the first of them. */
static bool every_protocol(const struct zc_fw_admits *all, size_t i, bool *first)
{
        unsigned of = 0;

        *first = true;
        for (size_t j = 0; j < all->count; j++) {
                if (!agree(&all->rows[i], &all->rows[j]))
                        continue;
                of |= protocols_of(&all->rows[j]);
                *first = *first && j >= i;
        }
        return of == OF_ALL;
}

static void fill(struct lines *l)
{
        const struct zc_fw_admits *all = l->admits;
        bool first;

        for (size_t i = 0; i < all->count; i++)
                plain(&l->live->host, &all->rows[i]);
        for (size_t i = 0; i < all->count; i++) {
                bool every = every_protocol(all, i, &first);

                if (!every || first)
                        line(l, &all->rows[i], every);
        }
}

static bool is_beyond(const struct zc_fw_ruleset *rs)
{
        for (size_t i = 0; i < rs->gap_count; i++) {
                if (rs->gaps[i].weight == ZC_FW_DECIDES)
                        return true;
        }
        return false;
}

json_t *fw_admits_json(const struct zc_fw_live *live, struct zc_err *err)
{
        struct zc_fw_machine *machine = zc_fw_machine_new(&live->ruleset, &live->host);
        struct zc_fw_admits admits = { 0 };
        struct lines l = { .live = live, .admits = &admits, .beyond = is_beyond(&live->ruleset) };
        bool ok = machine &&
                  zc_fw_admits(&live->ruleset, &live->host, machine, live->arena, &admits, err);

        zc_fw_machine_free(machine);
        if (!ok) {
                zc_fail(err, ZC_E_NOMEM, "what the firewall admits");
                return NULL;
        }
        if (admits.unknown[0][0] || admits.unknown[0][1] || admits.unknown[1][0] ||
            admits.unknown[1][1])
                return NULL;
        l.out = json_array();
        fill(&l);
        if (!l.bad && l.out)
                return l.out;
        json_decref(l.out);
        zc_fail(err, ZC_E_NOMEM, "what the firewall admits");
        return NULL;
}
