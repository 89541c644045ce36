/*
 * The symbolic evaluator against the concrete one, on the live ruleset of this network namespace: at the bounds of every row and one beside
 * them, and on random packets. fw_symbolic [SEED [COUNT [-v]]]: prints disagreements and "N packets, N wrong, N vague"; vague: only possible where
 * the concrete one is certain. Exit 1 when one is wrong.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zc/fw_read.h"
#include "zc/fw_sym.h"

struct test {
        struct zc_fw_live live;
        struct zc_fw_machine *machine;
        struct zc_fw_admits admits;
        uint64_t state;
        size_t packets, wrong, vague;
        bool verbose;
};

static uint64_t random_number(struct test *t)
{
        t->state ^= t->state << 13;
        t->state ^= t->state >> 7;
        t->state ^= t->state << 17;
        return t->state;
}

static size_t bytes_of(uint8_t family)
{
        return family == ZC_FW_IP ? 4 : 16;
}

static void print_cidrs(const char *what, const struct zc_fw_admit *a,
                        const struct zc_fw_cidr *list, size_t n)
{
        char text[INET6_ADDRSTRLEN];

        for (size_t i = 0; i < n; i++)
                printf("%s%s/%u", i ? "," : what,
                       inet_ntop(a->family == ZC_FW_IP ? AF_INET : AF_INET6, list[i].addr, text,
                                 sizeof(text)),
                       list[i].prefix);
}

static void print_spans(const char *what, const struct zc_fw_span *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                printf("%s%u-%u", i ? "," : what, list[i].lo, list[i].hi);
}

static void print_row(const struct test *t, const struct zc_fw_admit *a)
{
        printf("#   %s %s %d", zc_fw_family_name(a->family), zc_fw_hook_name(a->hook), a->protocol);
        print_spans(" protocols ", a->protocols, a->protocol_count);
        print_spans(" ports ", a->ports, a->port_count);
        print_spans(" types ", a->icmp_types, a->icmp_type_count);
        print_spans(" source ports ", a->source_ports, a->source_port_count);
        print_cidrs(a->sources_except ? " from all but " : " from ", a, a->sources,
                    a->source_count);
        print_cidrs(" to ", a, a->destinations, a->destination_count);
        for (size_t i = 0; i < a->interface_count; i++)
                printf("%s%s", i ? "," : " over ", t->live.host.interfaces[a->interfaces[i]].name);
        printf("%s%s%s%s\n", a->translated ? " translated" : "",
               a->sources_cut ? " sources cut" : "", a->destinations_cut ? " destinations cut" : "",
               a->certainty == ZC_FW_CERTAIN ? "" : " possible");
}

/* Whether the packet is in the row. */

static bool in_spans(const struct zc_fw_span *list, size_t n, uint32_t value)
{
        for (size_t i = 0; i < n; i++) {
                if (value >= list[i].lo && value <= list[i].hi)
                        return true;
        }
        return n == 0;
}

static bool in_cidrs(const struct zc_fw_cidr *list, size_t n, const uint8_t *addr)
{
        for (size_t i = 0; i < n; i++) {
                unsigned bits = list[i].prefix, whole = bits / 8;

                if (memcmp(list[i].addr, addr, whole) == 0 &&
                    (bits % 8 == 0 || (list[i].addr[whole] ^ addr[whole]) >> (8 - bits % 8) == 0))
                        return true;
        }
        return false;
}

static bool in_interfaces(const struct test *t, const struct zc_fw_admit *a, uint32_t index)
{
        for (size_t i = 0; i < a->interface_count; i++) {
                if (t->live.host.interfaces[a->interfaces[i]].index == index)
                        return true;
        }
        return false;
}

static bool told(uint8_t family, uint8_t protocol)
{
        return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
               protocol == (family == ZC_FW_IP ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static bool in_row(const struct test *t, const struct zc_fw_admit *a, const struct zc_fw_packet *p)
{
        bool icmp = p->protocol == IPPROTO_ICMP || p->protocol == IPPROTO_ICMPV6;

        if (a->family != p->family ||
            (a->protocol >= 0 ? a->protocol != p->protocol
                              : told(p->family, p->protocol) ||
                                        !in_spans(a->protocols, a->protocol_count, p->protocol)))
                return false;
        if (!in_interfaces(t, a, p->iif) ||
            (!icmp && !in_spans(a->ports, a->port_count, p->dport)) ||
            !in_spans(a->icmp_types, a->icmp_type_count, p->type))
                return false;
        if (!icmp && !in_spans(a->source_ports, a->source_port_count, p->sport))
                return false;
        if (a->source_count && in_cidrs(a->sources, a->source_count, p->saddr) == a->sources_except)
                return false;
        return a->destination_count == 0 ||
               in_cidrs(a->destinations, a->destination_count, p->daddr);
}

static bool is_own(const struct test *t, const uint8_t *addr, uint8_t family)
{
        for (size_t i = 0; i < t->live.host.address_count; i++) {
                const struct zc_fw_address *own = &t->live.host.addresses[i];

                if (own->family == family && memcmp(own->addr, addr, bytes_of(family)) == 0)
                        return true;
        }
        return false;
}

/* The comparison. */

static void show(const struct test *t, const char *what, const struct zc_fw_packet *p,
                 const struct zc_fw_answer *answer, const struct zc_fw_admit *row)
{
        char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
        int af = p->family == ZC_FW_IP ? AF_INET : AF_INET6;

        printf("# %s: %s:%u -> %s:%u protocol %u type %u iif %u: concrete %s%s at %s%s%s\n", what,
               inet_ntop(af, p->saddr, from, sizeof(from)), p->sport,
               inet_ntop(af, p->daddr, to, sizeof(to)), p->dport, p->protocol, p->type, p->iif,
               zc_fw_outcome_name(answer->outcome),
               answer->certainty == ZC_FW_CERTAIN ? "" : " possible", zc_fw_hook_name(answer->end),
               answer->blur ? " blur " : "", answer->blur ? answer->blur : "");
        if (row)
                print_row(t, row);
}

static void compare(struct test *t, const struct zc_fw_packet *p)
{
        const struct zc_fw_admit *sure = NULL, *maybe = NULL;
        bool several = false; /* possible ways: each is, and yet the packet passes */
        struct zc_fw_answer answer = { 0 };
        bool own = is_own(t, p->daddr, p->family);

        uint32_t out = own ? 0 : zc_fw_route_to(t->machine, p->family, p->daddr);

        if (!own && out == 0)
                return;
        zc_fw_eval(t->machine, p, NULL, &answer);
        for (size_t i = 0; i < t->admits.count; i++) {
                const struct zc_fw_admit *a = &t->admits.rows[i];

                /* "Any" destination of a row is any of this host's, or any that is routed elsewhere. */
                if (!in_row(t, a, p) ||
                    (!a->translated &&
                     (own ? a->hook != ZC_FW_INPUT : a->hook != ZC_FW_FORWARD || a->out != out)))
                        continue;
                if (a->certainty == ZC_FW_CERTAIN)
                        sure = a;
                else {
                        several |= maybe && (a->hook != maybe->hook || a->out != maybe->out ||
                                             a->translated != maybe->translated);
                        maybe = a;
                }
        }
        t->packets++;
        bool open = answer.outcome == ZC_FW_IS_ACCEPT, certain = answer.certainty == ZC_FW_CERTAIN;

        if ((sure && (!open || !certain)) || (!sure && !maybe && open)) {
                if (t->wrong++ < 5)
                        show(t, sure ? "wrong: a certain row" : "wrong: no row", p, &answer, sure);
        } else if (!sure && maybe && certain && !several) {
                if (t->vague++ < 3 && t->verbose)
                        show(t, "vague", p, &answer, maybe);
        }
}

/* Packets. */

static const struct zc_fw_admit *any_row(struct test *t)
{
        return t->admits.count ? &t->admits.rows[random_number(t) % t->admits.count] : NULL;
}

static uint32_t near_span(struct test *t, const struct zc_fw_span *list, size_t n,
                          uint32_t otherwise)
{
        if (!n)
                return otherwise;

        const struct zc_fw_span *s = &list[random_number(t) % n];
        static const int beside[] = { 0, 0, -1, 1 };

        return (uint32_t)((int)(random_number(t) % 2 ? s->lo : s->hi) +
                          beside[random_number(t) % 4]) &
               0xffff;
}

static void near_cidr(struct test *t, const struct zc_fw_cidr *list, size_t n, uint8_t family,
                      uint8_t *addr)
{
        size_t bytes = bytes_of(family);

        if (n && random_number(t) % 4) {
                const struct zc_fw_cidr *c = &list[random_number(t) % n];
                int step = (int)(random_number(t) % 3) - 1;

                memcpy(addr, c->addr, bytes);
                for (unsigned i = c->prefix; random_number(t) % 2 && i < bytes * 8; i++)
                        addr[i / 8] |= (uint8_t)(0x80 >> i % 8);
                for (size_t i = bytes; step && i-- > 0;) {
                        addr[i] = (uint8_t)(addr[i] + step);
                        if (addr[i] != (step > 0 ? 0 : 0xff))
                                break;
                }
                return;
        }
        for (size_t i = 0; i < bytes; i++)
                addr[i] = (uint8_t)random_number(t);
}

static void some_destination(struct test *t, const struct zc_fw_admit *a, struct zc_fw_packet *p)
{
        const struct zc_fw_host *h = &t->live.host;

        if (random_number(t) % 3 == 0) {
                near_cidr(t, a->destinations, a->destination_count, p->family, p->daddr);
                return;
        }
        for (unsigned tries = 0; tries < 20 && h->address_count; tries++) {
                const struct zc_fw_address *own =
                        &h->addresses[random_number(t) % h->address_count];

                if (own->family != p->family || own->addr[0] == 127 || own->addr[0] == 0)
                        continue;
                memcpy(p->daddr, own->addr, 16);
                p->daddr[bytes_of(p->family) - 1] = (uint8_t)(p->daddr[bytes_of(p->family) - 1] +
                                                              (random_number(t) % 3 == 0) * 4);
                return;
        }
}

/** Sources and destinations that routing refuses whatever the rules say; rows do not go into them. */
static bool ordinary(const struct zc_fw_packet *p)
{
        bool v4 = p->family == ZC_FW_IP;

        if (v4)
                return p->saddr[0] != 127 && p->saddr[0] != 0 && p->saddr[0] < 224 &&
                       p->daddr[0] != 127 && p->daddr[0] != 0 && p->daddr[0] < 224 &&
                       p->daddr[3] != 255;
        if (memcmp(p->daddr + 8, "\0\0\0\0\0\0\0", 8) == 0)
                return false; /* the routers' anycast address of a network */
        return p->saddr[0] != 0xff && p->daddr[0] != 0xff &&
               (p->saddr[0] != 0 || p->saddr[1] != 0) && (p->daddr[0] != 0 || p->daddr[1] != 0) &&
               p->saddr[0] != 0xfe && p->daddr[0] != 0xfe;
}

static void one(struct test *t)
{
        static const struct zc_fw_admit none = { .family = ZC_FW_IP, .protocol = IPPROTO_TCP };
        static const uint8_t types[] = { 8, 0, 13, 128, 129, 135 };
        const struct zc_fw_admit *a = any_row(t);
        struct zc_fw_packet p = { .ct = ZC_FW_CT_NEW, .flags = 2, .ttl = 64 };
        size_t n = t->live.host.interface_count;

        if (!a || random_number(t) % 5 == 0)
                a = &none;
        p.known = ZC_FW_KNOWN_ALL &
                  ~(unsigned)(ZC_FW_KNOWN_TTL | ZC_FW_KNOWN_TOS | ZC_FW_KNOWN_LENGTH);
        p.family = random_number(t) % 8   ? (uint8_t)a->family
                   : random_number(t) % 2 ? ZC_FW_IP
                                          : ZC_FW_IP6;
        p.protocol = (uint8_t)(a->protocol >= 0
                                       ? a->protocol
                                       : (int)near_span(t, a->protocols, a->protocol_count, 132));
        if (random_number(t) % 8 == 0)
                p.protocol = random_number(t) % 2 ? IPPROTO_UDP : IPPROTO_TCP;
        p.dport = (uint16_t)near_span(t, a->ports, a->port_count,
                                      (uint32_t)random_number(t) & 0xffff);
        p.sport = (uint16_t)near_span(t, a->source_ports, a->source_port_count, 40000);
        p.type = (uint8_t)near_span(t, a->icmp_types, a->icmp_type_count,
                                    types[random_number(t) % sizeof(types)]);
        near_cidr(t, a->sources, a->source_count, p.family, p.saddr);
        some_destination(t, a, &p);
        if (a->interface_count && random_number(t) % 3)
                p.iif = t->live.host
                                .interfaces[a->interfaces[random_number(t) % a->interface_count]]
                                .index;
        else
                p.iif = t->live.host.interfaces[random_number(t) % n].index;
        if (strcmp(t->live.host.interfaces[0].name, "lo") == 0 &&
            p.iif == t->live.host.interfaces[0].index)
                return;
        if (ordinary(&p) && !is_own(t, p.saddr, p.family))
                compare(t, &p);
}

int main(int argc, char **argv)
{
        struct test t = { .state = argc > 1 ? strtoull(argv[1], NULL, 10) * 2654435761u + 1
                                            : 88172645463325252ull,
                          .verbose = argc > 3 };
        size_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000;
        struct zc_err err = { 0 };

        if (!zc_fw_read(&t.live, &err)) {
                fprintf(stderr, "%s\n", err.text);
                return 2;
        }
        t.machine = zc_fw_machine_new(&t.live.ruleset, &t.live.host);
        if (!t.machine || !zc_fw_admits(&t.live.ruleset, &t.live.host, t.machine,
                                        ZC_FW_ALL_PROTOCOLS, t.live.arena, &t.admits, &err)) {
                fprintf(stderr, "%s\n", err.text);
                return 2;
        }
        for (size_t i = 0; i < count && t.live.host.interface_count; i++)
                one(&t);
        for (size_t i = 0; t.verbose && i < t.admits.count; i++)
                print_row(&t, &t.admits.rows[i]);
        printf("%zu packets, %zu wrong, %zu vague, %zu rows, unknown %d %d %d %d\n", t.packets,
               t.wrong, t.vague, t.admits.count, t.admits.unknown[0][0], t.admits.unknown[0][1],
               t.admits.unknown[1][0], t.admits.unknown[1][1]);
        zc_fw_machine_free(t.machine);
        zc_fw_live_release(&t.live);
        return t.wrong != 0;
}
