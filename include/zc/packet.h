/**
 * IPv4, IPv6, TCP and ICMP packets from the network header on, ARP and neighbour discovery: built and parsed, pure. Windows point into the
 * packet. RFC 791, 792, 826, 4443, 4861, 8200, 9293.
 */
#ifndef ZC_PACKET_H
#define ZC_PACKET_H

#include "zc/addr.h"
#include "zc/rd.h"
#include "zc/wr.h"

#define ZC_TCP_FIN 0x01u
#define ZC_TCP_SYN 0x02u
#define ZC_TCP_RST 0x04u
#define ZC_TCP_ACK 0x10u

/** A TCP segment without data, or what an ICMP error quotes of one (then ack, flags are 0 where it quotes too little). */
struct zc_segment {
        struct zc_addr src, dst; /* of one family */
        uint16_t sport, dport;
        uint32_t seq, ack;
        uint8_t flags;
        uint8_t ttl; /* or hop limit */
};

enum zc_packet_kind {
        ZC_PACKET_TCP,
        ZC_PACKET_ICMP,      /* an error about a TCP segment: `segment` is the quoted one */
        ZC_PACKET_NEIGHBOUR, /* ARP reply or neighbour advertisement: who is where */
};

struct zc_packet_seen {
        enum zc_packet_kind kind;
        struct zc_segment segment; /* of NEIGHBOUR: nothing */
        struct zc_addr from;       /* who sent it; of NEIGHBOUR: whose link address it is */
        uint8_t ttl;               /* of the packet itself */
        int icmp_type, icmp_code;  /* of ICMP, else -1 */
        uint8_t link[6];           /* of NEIGHBOUR */
};

/** From an IP header on. False: none of these, cut short or malformed. Bytes behind the packet's own length are the link's padding. */
bool zc_packet_parse(struct zc_rd bytes, struct zc_packet_seen *out) ZC_MUST_USE;
/** An ARP packet: only replies, of Ethernet and IPv4. */
bool zc_arp_parse(struct zc_rd bytes, struct zc_packet_seen *out) ZC_MUST_USE;

#define ZC_SEGMENT_MAX 64u /* what zc_segment_write() writes at most */
/** With its headers and checksums; a SYN says what segments fit (mss). */
void zc_segment_write(struct zc_wr *w, const struct zc_segment *s);

/** "Who has target? Tell me", from the link header's end on: ARP for IPv4, neighbour solicitation (to its multicast group) for IPv6. */
void zc_solicit_write(struct zc_wr *w, const struct zc_addr *source, const uint8_t link[6], const struct zc_addr *target);
/** Where a solicitation for the target goes: all, or the group of RFC 2464. */
void zc_solicit_link(const struct zc_addr *target, uint8_t out[6]);

/** The Internet checksum's sum (RFC 1071) of bytes, added to sum; zc_checksum_end() folds and complements it. */
uint32_t zc_checksum_add(uint32_t sum, const uint8_t *p, size_t n);
uint16_t zc_checksum_end(uint32_t sum);

#endif
