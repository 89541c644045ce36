/** Packets from the network header on. See include/zc/packet.h. */
#include "zc/packet.h"

#include <netinet/in.h>
#include <string.h>

#define EXTENSIONS_MAX 8u /* headers between IPv6 and what it carries */
#define FRAGMENT_OFFSET 0x1fffu
#define MSS 1460u
#define WINDOW 64240u
#define HOPS 64u

/* ICMP types that report a packet of ours: RFC 792, RFC 4443 section 3. A packet too big (2) is none of a SYN. */
enum { UNREACHABLE4 = 3, EXCEEDED4 = 11, PARAMETER4 = 12 };
enum { UNREACHABLE6 = 1, EXCEEDED6 = 3, PARAMETER6 = 4, SOLICITATION = 135, ADVERTISEMENT = 136 };
enum { OPTION_SOURCE_LINK = 1, OPTION_TARGET_LINK = 2 };

/* ---- checksums ---- */

uint32_t zc_checksum_add(uint32_t sum, const uint8_t *p, size_t n)
{
        for (; n > 1; n -= 2, p += 2)
                sum += (uint32_t)p[0] << 8 | p[1];
        return n ? sum + ((uint32_t)p[0] << 8) : sum;
}

uint16_t zc_checksum_end(uint32_t sum)
{
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        return (uint16_t)~sum;
}

static size_t addr_size(const struct zc_addr *a)
{
        return a->family == AF_INET6 ? 16 : 4;
}

/* RFC 9293 section 3.1, RFC 8200 section 8.1. */
static uint32_t pseudo_header(const struct zc_addr *src, const struct zc_addr *dst,
                              uint8_t protocol, size_t length)
{
        uint32_t sum = zc_checksum_add(0, src->bytes, addr_size(src));

        return zc_checksum_add(sum, dst->bytes, addr_size(dst)) + protocol + (uint32_t)length;
}

static void patch16(struct zc_wr *w, size_t at, uint16_t v)
{
        if (w->failed)
                return;
        w->p[at] = (uint8_t)(v >> 8);
        w->p[at + 1] = (uint8_t)v;
}

/* ---- parsing: IP ---- */

/* What an IP header says of its packet. */
struct datagram {
        struct zc_addr src, dst;
        uint8_t protocol, ttl;
        struct zc_rd body;
        bool later_fragment; /* the transport's header is in another packet */
};

/*
 *  0                   1                   2                   3
 *  version|ihl| tos |  total length  | id | flags,offset | ttl | protocol | checksum | source | destination | options
 */
static bool ipv4(struct zc_rd in, bool quoted, struct datagram *d)
{
        uint8_t first, tos;
        uint16_t total, id, fragment, sum;
        struct zc_rd body;
        size_t header;

        *d = (struct datagram){ .src.family = AF_INET, .dst.family = AF_INET };
        if (!zc_rd_u8(&in, &first) || !zc_rd_u8(&in, &tos) || !zc_rd_u16(&in, &total) ||
            !zc_rd_u16(&in, &id) || !zc_rd_u16(&in, &fragment) || !zc_rd_u8(&in, &d->ttl) ||
            !zc_rd_u8(&in, &d->protocol) || !zc_rd_u16(&in, &sum) ||
            !zc_rd_copy(&in, d->src.bytes, 4) || !zc_rd_copy(&in, d->dst.bytes, 4))
                return false;
        header = (size_t)(first & 15u) * 4;
        if (first >> 4 != 4 || header < 20 || total < header || !zc_rd_skip(&in, header - 20))
                return false;
        body = in;
        if (body.n > total - header)
                body.n = total - header;
        else if (body.n < total - header && !quoted) /* an error quotes as much as it likes */
                return false;
        d->later_fragment = (fragment & FRAGMENT_OFFSET) != 0;
        d->body = body;
        return true;
}

/* RFC 8200 section 4: to the header of what is carried. */
static bool extensions_skip(struct datagram *d)
{
        for (unsigned i = 0; i < EXTENSIONS_MAX; i++) {
                uint8_t next, length;
                uint16_t offset;
                uint32_t id;

                switch (d->protocol) {
                case IPPROTO_HOPOPTS:
                case IPPROTO_ROUTING:
                case IPPROTO_DSTOPTS:
                        if (!zc_rd_u8(&d->body, &next) || !zc_rd_u8(&d->body, &length) ||
                            !zc_rd_skip(&d->body, (size_t)length * 8 + 6))
                                return false;
                        break;
                case IPPROTO_AH: /* RFC 4302: counted in words of 4 bytes, less 2 */
                        if (!zc_rd_u8(&d->body, &next) || !zc_rd_u8(&d->body, &length) ||
                            !zc_rd_skip(&d->body, (size_t)length * 4 + 6))
                                return false;
                        break;
                case IPPROTO_FRAGMENT:
                        if (!zc_rd_u8(&d->body, &next) || !zc_rd_u8(&d->body, &length) ||
                            !zc_rd_u16(&d->body, &offset) || !zc_rd_u32(&d->body, &id))
                                return false;
                        d->later_fragment |= offset >> 3 != 0;
                        break;
                default:
                        return true;
                }
                d->protocol = next;
        }
        return false;
}

/* version, class, label (4 bytes) | payload length | next header | hop limit | source | destination */
static bool ipv6(struct zc_rd in, bool quoted, struct datagram *d)
{
        uint32_t first;
        uint16_t length;

        *d = (struct datagram){ .src.family = AF_INET6, .dst.family = AF_INET6 };
        if (!zc_rd_u32(&in, &first) || first >> 28 != 6 || !zc_rd_u16(&in, &length) ||
            !zc_rd_u8(&in, &d->protocol) || !zc_rd_u8(&in, &d->ttl) ||
            !zc_rd_copy(&in, d->src.bytes, 16) || !zc_rd_copy(&in, d->dst.bytes, 16) ||
            (in.n < length && !quoted))
                return false;
        if (in.n > length)
                in.n = length;
        d->body = in;
        return extensions_skip(d);
}

static bool datagram(struct zc_rd in, bool quoted, struct datagram *d)
{
        if (in.n == 0)
                return false;
        return in.p[0] >> 4 == 6 ? ipv6(in, quoted, d) : ipv4(in, quoted, d);
}

/* ---- parsing: what it carries ---- */

/* sport | dport | seq | ack | offset,reserved | flags | window | checksum | urgent; an error quotes at least the first 8 bytes. */
static bool segment(const struct datagram *d, bool quoted, struct zc_segment *s)
{
        struct zc_rd in = d->body;
        uint8_t offset;

        *s = (struct zc_segment){ .src = d->src, .dst = d->dst, .ttl = d->ttl };
        if (d->protocol != IPPROTO_TCP || d->later_fragment || !zc_rd_u16(&in, &s->sport) ||
            !zc_rd_u16(&in, &s->dport) || !zc_rd_u32(&in, &s->seq))
                return false;
        if (!zc_rd_u32(&in, &s->ack) || !zc_rd_u8(&in, &offset) || !zc_rd_u8(&in, &s->flags)) {
                s->ack = 0;
                return quoted;
        }
        return quoted || ((offset >> 4) >= 5 && d->body.n >= (size_t)(offset >> 4) * 4);
}

/* Options of RFC 4861 section 4.6: type, length in units of 8 bytes. */
static bool target_link(struct zc_rd options, uint8_t out[6])
{
        uint8_t type, length;
        struct zc_rd value;

        while (zc_rd_u8(&options, &type) && zc_rd_u8(&options, &length)) {
                if (length == 0 || !zc_rd_take(&options, (size_t)length * 8 - 2, &value))
                        return false;
                if (type == OPTION_TARGET_LINK && length == 1)
                        return zc_rd_copy(&value, out, 6);
        }
        return false;
}

/* RFC 4861 section 7.1.2: hop limit 255, code 0, a target that is no group. */
static bool advertisement(const struct datagram *d, struct zc_rd in, uint8_t code,
                          struct zc_packet_seen *out)
{
        uint32_t flags;

        out->kind = ZC_PACKET_NEIGHBOUR;
        out->from = (struct zc_addr){ .family = AF_INET6 };
        return d->ttl == 255 && code == 0 && zc_rd_u32(&in, &flags) &&
               zc_rd_copy(&in, out->from.bytes, 16) && out->from.bytes[0] != 0xff &&
               target_link(in, out->link);
}

static bool is_error(uint8_t family, uint8_t type)
{
        return family == AF_INET ? type == UNREACHABLE4 || type == EXCEEDED4 || type == PARAMETER4
                                 : type == UNREACHABLE6 || type == EXCEEDED6 || type == PARAMETER6;
}

/* type | code | checksum | four bytes that differ | the packet it is about */
static bool icmp(const struct datagram *d, struct zc_packet_seen *out)
{
        struct zc_rd in = d->body;
        uint8_t type, code;
        uint16_t sum;
        uint32_t rest;
        struct datagram quoted;

        if (d->later_fragment || !zc_rd_u8(&in, &type) || !zc_rd_u8(&in, &code) ||
            !zc_rd_u16(&in, &sum))
                return false;
        if (d->src.family == AF_INET6 && type == ADVERTISEMENT)
                return advertisement(d, in, code, out);
        out->kind = ZC_PACKET_ICMP;
        out->icmp_type = type;
        out->icmp_code = code;
        return is_error(d->src.family, type) && zc_rd_u32(&in, &rest) &&
               datagram(in, true, &quoted) && quoted.src.family == d->src.family &&
               segment(&quoted, true, &out->segment);
}

bool zc_packet_parse(struct zc_rd bytes, struct zc_packet_seen *out)
{
        struct zc_packet_seen seen = { .icmp_type = -1, .icmp_code = -1 };
        struct datagram d;
        bool ok = false;

        if (!datagram(bytes, false, &d))
                return false;
        seen.from = d.src;
        seen.ttl = d.ttl;
        if (d.protocol == IPPROTO_TCP) {
                seen.kind = ZC_PACKET_TCP;
                ok = segment(&d, false, &seen.segment);
        } else if (d.protocol == (d.src.family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
                ok = icmp(&d, &seen);
        }
        if (ok)
                *out = seen;
        return ok;
}

bool zc_arp_parse(struct zc_rd in, struct zc_packet_seen *out)
{
        struct zc_packet_seen seen = { .kind = ZC_PACKET_NEIGHBOUR,
                                       .from.family = AF_INET,
                                       .icmp_type = -1,
                                       .icmp_code = -1 };
        uint16_t hardware, protocol, operation;
        uint8_t link_size, addr_len;

        if (!zc_rd_u16(&in, &hardware) || !zc_rd_u16(&in, &protocol) ||
            !zc_rd_u8(&in, &link_size) || !zc_rd_u8(&in, &addr_len) ||
            !zc_rd_u16(&in, &operation) || hardware != 1 || protocol != 0x0800 || link_size != 6 ||
            addr_len != 4 || operation != 2 || !zc_rd_copy(&in, seen.link, 6) ||
            !zc_rd_copy(&in, seen.from.bytes, 4) || !zc_rd_skip(&in, 10))
                return false;
        *out = seen;
        return true;
}

/* ---- building ---- */

static void ip_header(struct zc_wr *w, const struct zc_addr *src, const struct zc_addr *dst,
                      uint8_t protocol, uint8_t hops, size_t length)
{
        size_t start = w->len;

        if (src->family == AF_INET6) {
                zc_wr_u32(w, 6u << 28);
                zc_wr_u16(w, (uint16_t)length);
                zc_wr_u8(w, protocol);
                zc_wr_u8(w, hops);
                zc_wr_bytes(w, src->bytes, 16);
                zc_wr_bytes(w, dst->bytes, 16);
                return;
        }
        zc_wr_u16(w, 0x4500);
        zc_wr_u16(w, (uint16_t)(20 + length));
        zc_wr_u32(w, 0x00004000); /* no id is needed where nothing is fragmented: RFC 6864 */
        zc_wr_u8(w, hops);
        zc_wr_u8(w, protocol);
        zc_wr_u16(w, 0);
        zc_wr_bytes(w, src->bytes, 4);
        zc_wr_bytes(w, dst->bytes, 4);
        if (!w->failed)
                patch16(w, start + 10, zc_checksum_end(zc_checksum_add(0, w->p + start, 20)));
}

void zc_segment_write(struct zc_wr *w, const struct zc_segment *s)
{
        bool syn = s->flags & ZC_TCP_SYN;
        size_t length = syn ? 24 : 20, start;

        ip_header(w, &s->src, &s->dst, IPPROTO_TCP, s->ttl ? s->ttl : HOPS, length);
        start = w->len;
        zc_wr_u16(w, s->sport);
        zc_wr_u16(w, s->dport);
        zc_wr_u32(w, s->seq);
        zc_wr_u32(w, s->ack);
        zc_wr_u8(w, (uint8_t)(length / 4 << 4));
        zc_wr_u8(w, s->flags);
        zc_wr_u16(w, syn ? WINDOW : 0);
        zc_wr_u32(w, 0);
        if (syn) /* RFC 9293 section 3.7.1 */
                zc_wr_u32(w, 0x02040000u | (s->src.family == AF_INET6 ? MSS - 20 : MSS));
        if (!w->failed)
                patch16(w, start + 16,
                        zc_checksum_end(zc_checksum_add(
                                pseudo_header(&s->src, &s->dst, IPPROTO_TCP, length), w->p + start,
                                length)));
}

static void solicited_group(const struct zc_addr *target, struct zc_addr *out)
{
        static const uint8_t prefix[13] = { 0xff, 0x02, [11] = 0x01, [12] = 0xff };

        *out = (struct zc_addr){ .family = AF_INET6 };
        memcpy(out->bytes, prefix, sizeof prefix);
        memcpy(out->bytes + 13, target->bytes + 13, 3);
}

static void arp_request(struct zc_wr *w, const struct zc_addr *source, const uint8_t link[6],
                        const struct zc_addr *target)
{
        static const uint8_t nobody[6] = { 0 };

        zc_wr_u16(w, 1);
        zc_wr_u16(w, 0x0800);
        zc_wr_u16(w, 0x0604);
        zc_wr_u16(w, 1);
        zc_wr_bytes(w, link, 6);
        zc_wr_bytes(w, source->bytes, 4);
        zc_wr_bytes(w, nobody, 6);
        zc_wr_bytes(w, target->bytes, 4);
}

void zc_solicit_write(struct zc_wr *w, const struct zc_addr *source, const uint8_t link[6],
                      const struct zc_addr *target)
{
        struct zc_addr group;
        size_t start;

        if (target->family == AF_INET) {
                arp_request(w, source, link, target);
                return;
        }
        solicited_group(target, &group);
        ip_header(w, source, &group, IPPROTO_ICMPV6, 255, 32);
        start = w->len;
        zc_wr_u32(w, (uint32_t)SOLICITATION << 24);
        zc_wr_u32(w, 0);
        zc_wr_bytes(w, target->bytes, 16);
        zc_wr_u8(w, OPTION_SOURCE_LINK);
        zc_wr_u8(w, 1);
        zc_wr_bytes(w, link, 6);
        if (!w->failed)
                patch16(w, start + 2,
                        zc_checksum_end(
                                zc_checksum_add(pseudo_header(source, &group, IPPROTO_ICMPV6, 32),
                                                w->p + start, 32)));
}

void zc_solicit_link(const struct zc_addr *target, uint8_t out[6])
{
        if (target->family == AF_INET) {
                memset(out, 0xff, 6);
                return;
        }
        out[0] = out[1] = 0x33;
        out[2] = 0xff;
        memcpy(out + 3, target->bytes + 13, 3);
}
