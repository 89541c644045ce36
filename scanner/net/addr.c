/** IP addresses and prefixes. See include/zc/addr.h. */
#include "zc/addr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "zc/text.h"
#include "zone.h"

static unsigned width(uint8_t family)
{
        return family == AF_INET ? 32 : 128;
}

/* ---- parsing ---- */

/* Foreign text inside an error: escaped, and never longer than what an error can carry. */
static const char *shown(struct zc_text *t, const char *s, size_t n)
{
        zc_text_init(t, 96);
        zc_text_escape(t, s, n);
        return zc_text_str(t);
}

static bool zone_allowed(const struct zc_addr *a)
{
        bool link_multicast =
                a->bytes[0] == 0xff && ((a->bytes[1] & 0x0f) == 1 || (a->bytes[1] & 0x0f) == 2);

        return a->family == AF_INET6 && (link_multicast || zc_addr_class(a) == ZC_ADDR_LINK);
}

/* What the kernel takes for one, and no bracket or percent sign, which addresses use. */
static bool interface_name(const char *s)
{
        size_t n = strlen(s);

        for (const char *p = s; *p; p++)
                if (*p <= 0x20 || *p >= 0x7f || strchr("/:%[]", *p))
                        return false;
        return n > 0 && n < IF_NAMESIZE && strspn(s, "0123456789") < n && strcmp(s, ".") != 0 &&
               strcmp(s, "..") != 0;
}

static bool zone_parse(const char *zone, struct zc_addr *a, struct zc_err *err)
{
        ZC_AUTO_TEXT t = { 0 };
        uint64_t index;
        const char *text = shown(&t, zone, strlen(zone));

        if (!zone_allowed(a))
                return zc_fail(err, ZC_E_USAGE,
                               "zone \"%%%s\" on an address that is not link-local: leave it out",
                               text);
        if (zone[0] == '\0')
                return zc_fail(err, ZC_E_USAGE,
                               "the interface is missing after \"%%\": write fe80::1%%eth0");
        if (zc_parse_uint(zone, strlen(zone), INT32_MAX, &index) && index > 0) {
                a->zone = (uint32_t)index;
                return true;
        }
        if (!interface_name(zone))
                return zc_fail(err, ZC_E_USAGE, "\"%s\" is not an interface name: see `ip link`",
                               text);
        return zone_of_name(zone, &a->zone) ||
               zc_fail(err, ZC_E_LIMIT, "more than 256 interface names in addresses");
}

/* Why a text of digits and dots is not an IPv4 address. */
static const char *ipv4_reason(const char *s)
{
        unsigned dots = 0;

        for (const char *p = s; *p != '\0'; p++) {
                dots += *p == '.';
                if (*p == '0' && (p == s || p[-1] == '.') && p[1] >= '0' && p[1] <= '9')
                        return "a leading zero could mean octal: leave it out";
        }
        return dots == 3 ? "each part is a number from 0 to 255"
                         : "write four parts, as in 192.0.2.7";
}

static bool literal_read(const char *s, struct zc_addr *a)
{
        if (inet_pton(AF_INET, s, a->bytes) == 1)
                a->family = AF_INET;
        else if (inet_pton(AF_INET6, s, a->bytes) == 1)
                a->family = AF_INET6;
        return a->family != 0;
}

static bool literal_parse(const char *s, size_t n, struct zc_addr *a, struct zc_err *err)
{
        char buf[INET6_ADDRSTRLEN] = "";
        ZC_AUTO_TEXT t = { 0 };

        if (n == 0)
                return zc_fail(err, ZC_E_USAGE, "the address is empty");
        if (n < sizeof buf && memchr(s, '\0', n) == NULL) {
                memcpy(buf, s, n);
                buf[n] = '\0';
                if (literal_read(buf, a))
                        return true;
                if (strspn(buf, "0123456789.") == n)
                        return zc_fail(err, ZC_E_USAGE, "\"%s\" is not an IPv4 address: %s",
                                       shown(&t, s, n), ipv4_reason(buf));
        }
        return zc_fail(err, ZC_E_USAGE, "\"%s\" is not an IP address", shown(&t, s, n));
}

bool zc_addr_parse(const char *s, struct zc_addr *out, struct zc_err *err)
{
        struct zc_addr a = { 0 };
        const char *percent = strchr(s, '%');

        if (!literal_parse(s, percent ? (size_t)(percent - s) : strlen(s), &a, err))
                return false;
        if (percent && !zone_parse(percent + 1, &a, err))
                return false;
        *out = a;
        return true;
}

static struct zc_prefix prefix_unmap(struct zc_prefix p);

/* Zero every bit past the first `bits`; tells whether any was set. */
static bool mask(struct zc_addr *a, unsigned bits)
{
        bool any = false;

        for (unsigned i = 0; i < width(a->family) / 8; i++) {
                unsigned keep = bits <= i * 8 ? 0 : bits - i * 8;
                unsigned m = keep >= 8 ? 0xffu : (0xff00u >> keep) & 0xffu;

                any |= (a->bytes[i] & ~m) != 0;
                a->bytes[i] = (uint8_t)(a->bytes[i] & m);
        }
        return any;
}

bool zc_prefix_parse(const char *s, struct zc_prefix *out, struct zc_err *err)
{
        const char *slash = strchr(s, '/');
        char text[ZC_ADDR_LEN], block[ZC_ADDR_LEN], one[ZC_ADDR_LEN];
        struct zc_prefix p = { 0 };
        uint64_t bits;
        size_t n = slash ? (size_t)(slash - s) : strlen(s);
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 96);
        if (n >= sizeof text)
                return zc_fail(err, ZC_E_USAGE, "\"%s\" is not an IP address", shown(&t, s, n));
        memcpy(text, s, n);
        text[n] = '\0';
        if (!zc_addr_parse(text, &p.addr, err))
                return false;
        bits = width(p.addr.family);
        if (slash && !zc_parse_uint(slash + 1, strlen(slash + 1), bits, &bits))
                return zc_fail(err, ZC_E_USAGE,
                               "prefix length \"%s\": write a number from 0 to %u after \"/\"",
                               shown(&t, slash + 1, strlen(slash + 1)), width(p.addr.family));
        p.bits = (uint8_t)bits;
        zc_addr_format(&p.addr, one);
        if (mask(&p.addr, p.bits)) {
                zc_prefix_format(&p, block);
                return zc_fail(
                        err, ZC_E_USAGE,
                        "%s/%u has host bits set: write %s for the block, %s for the one address",
                        one, p.bits, block, one);
        }
        *out = prefix_unmap(p);
        return true;
}

/* ---- text ---- */

void zc_addr_format(const struct zc_addr *a, char out[ZC_ADDR_LEN])
{
        char ip[INET6_ADDRSTRLEN], name[IF_NAMESIZE];

        assert(a->family == AF_INET || a->family == AF_INET6);
        if (!inet_ntop(a->family, a->bytes, ip, sizeof ip))
                ip[0] = '\0';
        if (a->zone == 0)
                snprintf(out, ZC_ADDR_LEN, "%s", ip);
        else if (zone_name(a->zone, name))
                snprintf(out, ZC_ADDR_LEN, "%s%%%s", ip, name);
        else
                snprintf(out, ZC_ADDR_LEN, "%s%%%u", ip, a->zone);
}

void zc_prefix_format(const struct zc_prefix *p, char out[ZC_ADDR_LEN])
{
        struct zc_addr a = p->addr;
        size_t n;

        a.zone = 0;
        zc_addr_format(&a, out);
        n = strlen(out);
        snprintf(out + n, ZC_ADDR_LEN - n, "/%u", p->bits);
}

void zc_addr_format_port(const struct zc_addr *a, uint16_t port, char out[ZC_ADDR_LEN])
{
        char ip[ZC_ADDR_LEN];

        zc_addr_format(a, ip);
        /* The longest address leaves room: 45 of IPv6, 16 of "%interface", 8 of "[]:65535". */
        snprintf(out, ZC_ADDR_LEN, a->family == AF_INET6 ? "[%.54s]:%u" : "%.54s:%u", ip, port);
}

/* ---- order and kind ---- */

static int compare(uint32_t a, uint32_t b)
{
        return (a > b) - (a < b);
}

int zc_addr_cmp(const struct zc_addr *a, const struct zc_addr *b)
{
        int c;

        if (a->family != b->family)
                return a->family == AF_INET ? -1 : 1;
        c = memcmp(a->bytes, b->bytes, width(a->family) / 8);
        return c ? c : compare(a->zone, b->zone);
}

bool zc_prefix_contains(const struct zc_prefix *p, const struct zc_addr *a)
{
        struct zc_addr m = *a;

        if (m.family != p->addr.family)
                return false;
        mask(&m, p->bits);
        return memcmp(m.bytes, p->addr.bytes, width(m.family) / 8) == 0;
}

bool zc_prefix_covers(const struct zc_prefix *outer, const struct zc_prefix *inner)
{
        return outer->bits <= inner->bits && zc_prefix_contains(outer, &inner->addr);
}

struct zc_prefix zc_prefix_of(const struct zc_addr *a)
{
        struct zc_prefix p = { .addr = *a, .bits = (uint8_t)width(a->family) };

        p.addr.zone = 0;
        return p;
}

static const struct zc_prefix mapped = {
        { .family = AF_INET6, .bytes = { [10] = 0xff, [11] = 0xff } }, 96
};

struct zc_addr zc_addr_unmap(struct zc_addr a)
{
        struct zc_addr v4 = { .family = AF_INET };

        if (!zc_prefix_contains(&mapped, &a))
                return a;
        memcpy(v4.bytes, a.bytes + 12, 4);
        return v4;
}

static struct zc_prefix prefix_unmap(struct zc_prefix p)
{
        if (!zc_prefix_covers(&mapped, &p))
                return p;
        return (struct zc_prefix){ zc_addr_unmap(p.addr), (uint8_t)(p.bits - mapped.bits) };
}

bool zc_addr_zone_here(const struct zc_addr *a)
{
        return a->zone == 0 || zone_is_here(a->zone);
}

/* The first row that holds the address decides. RFC 6890 and the registries it names. */
static const struct {
        struct zc_prefix block;
        enum zc_addr_class class;
} classes[] = {
        { { { AF_INET, { 0 }, 0 }, 8 }, ZC_ADDR_UNSPECIFIED },
        { { { AF_INET, { 127 }, 0 }, 8 }, ZC_ADDR_LOOPBACK },
        { { { AF_INET, { 169, 254 }, 0 }, 16 }, ZC_ADDR_LINK },
        { { { AF_INET, { 10 }, 0 }, 8 }, ZC_ADDR_PRIVATE },
        { { { AF_INET, { 172, 16 }, 0 }, 12 }, ZC_ADDR_PRIVATE },
        { { { AF_INET, { 192, 168 }, 0 }, 16 }, ZC_ADDR_PRIVATE },
        { { { AF_INET, { 100, 64 }, 0 }, 10 }, ZC_ADDR_PRIVATE },
        { { { AF_INET, { 224 }, 0 }, 4 }, ZC_ADDR_MULTICAST },
        { { { AF_INET, { 255, 255, 255, 255 }, 0 }, 32 }, ZC_ADDR_BROADCAST },
        { { { AF_INET6, { 0 }, 0 }, 128 }, ZC_ADDR_UNSPECIFIED },
        { { { AF_INET6, { [15] = 1 }, 0 }, 128 }, ZC_ADDR_LOOPBACK },
        { { { AF_INET6, { 0xfe, 0x80 }, 0 }, 10 }, ZC_ADDR_LINK },
        { { { AF_INET6, { 0xfe, 0xc0 }, 0 }, 10 }, ZC_ADDR_PRIVATE },
        { { { AF_INET6, { 0xfc }, 0 }, 7 }, ZC_ADDR_PRIVATE },
        { { { AF_INET6, { 0xff }, 0 }, 8 }, ZC_ADDR_MULTICAST },
};

enum zc_addr_class zc_addr_class(const struct zc_addr *a)
{
        struct zc_addr u = zc_addr_unmap(*a);

        for (size_t i = 0; i < ZC_COUNT(classes); i++)
                if (zc_prefix_contains(&classes[i].block, &u))
                        return classes[i].class;
        return ZC_ADDR_GLOBAL;
}

/* ---- sockets ---- */

socklen_t zc_addr_to_sockaddr(const struct zc_addr *a, uint16_t port, struct sockaddr_storage *out)
{
        struct sockaddr_in *v4 = (struct sockaddr_in *)out;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

        memset(out, 0, sizeof *out);
        out->ss_family = a->family;
        if (a->family == AF_INET) {
                v4->sin_port = htons(port);
                memcpy(&v4->sin_addr, a->bytes, 4);
                return sizeof *v4;
        }
        v6->sin6_port = htons(port);
        v6->sin6_scope_id = a->zone;
        memcpy(&v6->sin6_addr, a->bytes, 16);
        return sizeof *v6;
}

bool zc_addr_from_sockaddr(const struct sockaddr *sa, struct zc_addr *out, uint16_t *port)
{
        struct zc_addr a = { 0 };
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;

        if (!sa || (sa->sa_family != AF_INET && sa->sa_family != AF_INET6))
                return false;
        a.family = (uint8_t)sa->sa_family;
        if (a.family == AF_INET) {
                memcpy(&v4, sa, sizeof v4);
                memcpy(a.bytes, &v4.sin_addr, 4);
                if (port)
                        *port = ntohs(v4.sin_port);
        } else {
                memcpy(&v6, sa, sizeof v6);
                memcpy(a.bytes, &v6.sin6_addr, 16);
                a.zone = zone_allowed(&a) ? v6.sin6_scope_id : 0;
                if (port)
                        *port = ntohs(v6.sin6_port);
        }
        *out = a;
        return true;
}
