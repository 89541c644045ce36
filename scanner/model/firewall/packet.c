/** From a question to the bytes of a packet; what the question does not tell is not known. */
#include "eval.h"

static void put16(uint8_t *p, uint16_t v)
{
        p[0] = (uint8_t)(v >> 8);
        p[1] = (uint8_t)v;
}

static void unknown(struct fw_state *s, size_t at, size_t n)
{
        memset(s->v + at, 0, n);
        memset(fw_u(s) + at, 0xff, n);
}

static size_t transport_size(uint8_t protocol)
{
        switch (protocol) {
        case FW_TCP:
                return 20;
        case FW_UDP:
        case FW_UDPLITE:
        case FW_ICMP:
        case FW_ICMPV6:
                return 8;
        case FW_SCTP:
        case FW_DCCP:
                return 12;
        default:
                return 0;
        }
}

static bool has_ports(uint8_t protocol)
{
        return protocol == FW_TCP || protocol == FW_UDP || protocol == FW_UDPLITE ||
               protocol == FW_SCTP || protocol == FW_DCCP;
}

static void address(struct fw_state *s, size_t at, size_t n, const uint8_t *addr, bool known)
{
        if (known)
                memcpy(s->v + at, addr, n);
        else
                unknown(s, at, n);
}

static void network4(struct fw_state *s, const struct zc_fw_packet *p)
{
        s->v[0] = 0x45;
        s->v[1] = p->tos;
        put16(s->v + 2, s->length);
        unknown(s, 4, 2); /* identification */
        s->v[6] = 0;
        fw_u(s)[6] = 0x40; /* not a fragment; DF is not told */
        s->v[8] = p->ttl;
        s->v[9] = p->protocol;
        unknown(s, 10, 2);
        address(s, 12, 4, p->saddr, p->known & ZC_FW_KNOWN_SADDR);
        address(s, 16, 4, p->daddr, p->known & ZC_FW_KNOWN_DADDR);
        if (!(p->known & ZC_FW_KNOWN_TOS))
                unknown(s, 1, 1);
        if (!(p->known & ZC_FW_KNOWN_TTL))
                unknown(s, 8, 1);
        if (s->length_unknown)
                unknown(s, 2, 2);
}

static void network6(struct fw_state *s, const struct zc_fw_packet *p)
{
        s->v[0] = (uint8_t)(0x60 | p->tos >> 4);
        s->v[1] = (uint8_t)(p->tos << 4);
        fw_u(s)[1] = 0x0f; /* the flow label */
        unknown(s, 2, 2);
        put16(s->v + 4, (uint16_t)(s->length - 40));
        s->v[6] = p->protocol;
        s->v[7] = p->ttl;
        address(s, 8, 16, p->saddr, p->known & ZC_FW_KNOWN_SADDR);
        address(s, 24, 16, p->daddr, p->known & ZC_FW_KNOWN_DADDR);
        if (!(p->known & ZC_FW_KNOWN_TOS)) {
                s->v[0] = 0x60;
                fw_u(s)[0] = 0x0f;
                unknown(s, 1, 1);
        }
        if (!(p->known & ZC_FW_KNOWN_TTL))
                unknown(s, 7, 1);
        if (s->length_unknown)
                unknown(s, 4, 2);
}

static void transport(struct fw_state *s, const struct zc_fw_packet *p)
{
        size_t at = s->transport, n = s->end - at;

        unknown(s, at, n);
        if (s->ports) {
                memset(fw_u(s) + at, 0, 4);
                put16(s->v + at, p->sport);
                put16(s->v + at + 2, p->dport);
                if (!(p->known & ZC_FW_KNOWN_SPORT))
                        unknown(s, at, 2);
                if (!(p->known & ZC_FW_KNOWN_DPORT))
                        unknown(s, at + 2, 2);
        }
        if (p->protocol == FW_TCP) { /* no options */
                s->v[at + 12] = 0x50;
                s->v[at + 13] = p->flags;
                memset(fw_u(s) + at + 12, 0, 2);
        } else if (p->protocol == FW_UDP && !s->length_unknown) {
                put16(s->v + at + 4, (uint16_t)(s->length - at));
                memset(fw_u(s) + at + 4, 0, 2);
        } else if (p->protocol == FW_ICMP || p->protocol == FW_ICMPV6) {
                s->v[at] = p->type;
                s->v[at + 1] = p->code;
                memset(fw_u(s) + at, 0, 2);
        }
}

static struct fw_dev device(const struct zc_fw_machine *m, const struct zc_fw_packet *p)
{
        struct fw_dev d = { .unknown = !(p->known & ZC_FW_KNOWN_IIF) };

        if (!d.unknown)
                d.iface = fw_iface(m, p->iif);
        return d;
}

void fw_state_init(struct fw_state *s, const struct zc_fw_machine *m, const struct zc_fw_packet *p)
{
        memset(s, 0, offsetof(struct fw_state, via));
        s->six = p->family == ZC_FW_IP6;
        s->family = p->family;
        s->protocol = p->protocol;
        s->pkttype = p->pkttype;
        s->transport = s->six ? 40 : 20;
        s->end = (uint16_t)(s->transport + transport_size(p->protocol));
        s->length = p->length > s->end ? p->length : s->end;
        s->length_unknown = !(p->known & ZC_FW_KNOWN_LENGTH);
        s->ports = has_ports(p->protocol);
        if (s->six)
                network6(s, p);
        else
                network4(s, p);
        transport(s, p);
        s->in = device(m, p);
        s->mark = p->known & ZC_FW_KNOWN_MARK ? (struct fw_number){ p->mark, 0 }
                                              : (struct fw_number){ 0, UINT32_MAX };
        s->ct_state = ZC_FW_CT_INVALID; /* what rules see before connection tracking */
        s->hook = ZC_FW_INGRESS;
}

bool fw_addr_known(const struct fw_state *s, bool dst)
{
        static const uint8_t zero[16];

        return memcmp(fw_addr_u(s, dst), zero, s->six ? 16 : 4) == 0;
}

struct fw_tuple fw_tuple_of(const struct fw_state *s)
{
        struct fw_tuple t = { 0 };
        size_t n = s->six ? 16 : 4, at = s->transport;

        for (int i = 0; i < 2; i++) {
                memcpy(t.addr[i], fw_addr(s, i), n);
                memcpy(t.addr_u[i], fw_addr_u(s, i), n);
                if (s->ports) {
                        memcpy(t.port[i], s->v + at + 2 * i, 2);
                        memcpy(t.port_u[i], s->v + FW_HEADERS + at + 2 * i, 2);
                }
        }
        if (s->protocol == FW_ICMP ||
            s->protocol == FW_ICMPV6) { /* the identifier; type and code */
                memset(t.port_u[0], 0xff, 2);
                memcpy(t.port[1], s->v + at, 2);
                memcpy(t.port_u[1], s->v + FW_HEADERS + at, 2);
        }
        return t;
}
