/**
 * IP addresses and prefixes: parsing, canonical text (RFC 5952), order, and what kind of address it is. Pure, but for
 * interface names in zones, which the kernel is asked for once each.
 */
#ifndef ZC_ADDR_H
#define ZC_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "zc/err.h"

struct zc_addr {
        uint8_t family;    /* AF_INET or AF_INET6 */
        uint8_t bytes[16]; /* network order; the first 4 for AF_INET */
        uint32_t zone;     /* of a link-local address: its interface's index, or a number of this process for a name that no interface here has; else 0 */
};

struct zc_prefix {
        struct zc_addr addr; /* host bits are zero */
        uint8_t bits;
};

#define ZC_ADDR_LEN 64 /* "[" address "%" interface "]" fits */

/**
 * A literal without brackets, with an optional "%zone" (a name or an index) on link-local addresses. No octal, no short
 * forms. A zone whose interface this machine lacks is taken, for evidence may come from another one: zc_addr_zone_here()
 * tells. The error says what is wrong with the text, and what to write instead where that is clear.
 */
bool zc_addr_parse(const char *s, struct zc_addr *out, struct zc_err *err) ZC_MUST_USE;
/** "192.0.2.7/24", "2001:db8::/32", or a single address. Set host bits are an error that names the prefix meant. IPv4-mapped becomes IPv4. */
bool zc_prefix_parse(const char *s, struct zc_prefix *out, struct zc_err *err) ZC_MUST_USE;
/** RFC 5952; a zone as its interface's name, or its index where no interface has it. */
void zc_addr_format(const struct zc_addr *a, char out[ZC_ADDR_LEN]);
void zc_prefix_format(const struct zc_prefix *p, char out[ZC_ADDR_LEN]);
/** "192.0.2.7:443" or "[2001:db8::1]:443". */
void zc_addr_format_port(const struct zc_addr *a, uint16_t port, char out[ZC_ADDR_LEN]);
/** Families, then bytes, then zone: <0, 0, >0. */
int zc_addr_cmp(const struct zc_addr *a, const struct zc_addr *b);
/** Zones do not matter; an IPv4-mapped address is not an IPv4 one: unmap it first. */
bool zc_prefix_contains(const struct zc_prefix *p, const struct zc_addr *a);
/** Whether every address of `inner` is one of `outer`. */
bool zc_prefix_covers(const struct zc_prefix *outer, const struct zc_prefix *inner);
/** The prefix that holds one address. */
struct zc_prefix zc_prefix_of(const struct zc_addr *a);
/** Whether the address has no zone, or one that is an interface of this machine. */
bool zc_addr_zone_here(const struct zc_addr *a);
/** IPv4-mapped IPv6 (::ffff:a.b.c.d) becomes IPv4; others are unchanged. */
struct zc_addr zc_addr_unmap(struct zc_addr a);

enum zc_addr_class {
        ZC_ADDR_UNSPECIFIED, /* 0.0.0.0/8 (RFC 1122: "this network"), :: */
        ZC_ADDR_LOOPBACK,    /* 127/8, ::1 */
        ZC_ADDR_LINK,        /* 169.254/16, fe80::/10 */
        ZC_ADDR_PRIVATE,     /* RFC 1918, RFC 6598, fc00::/7, the old fec0::/10 */
        ZC_ADDR_GLOBAL,
        ZC_ADDR_MULTICAST,
        ZC_ADDR_BROADCAST, /* 255.255.255.255 */
};
/** Of an IPv4-mapped address, the class of its IPv4 address. */
enum zc_addr_class zc_addr_class(const struct zc_addr *a);

socklen_t zc_addr_to_sockaddr(const struct zc_addr *a, uint16_t port, struct sockaddr_storage *out);
bool zc_addr_from_sockaddr(const struct sockaddr *sa, struct zc_addr *out, uint16_t *port) ZC_MUST_USE;

#endif
