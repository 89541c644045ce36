/**
 * The network extension: ip() and cidr() and what they answer. Zones are refused, and so is an IPv4 address in IPv6 dress ("::ffff:1.2.3.4");
 * "::ffff:102:304" is the IPv4 address it maps.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "cel_impl.h"
#include "zc/addr.h"
#include "zc/text.h"

static unsigned int bits_of(uint32_t family)
{
        return family == 4 ? 32 : 128;
}

static struct zc_addr to_addr(struct cel_value v)
{
        struct zc_addr a = { .family = v.n == 4 ? AF_INET : AF_INET6 };

        memcpy(a.bytes, v.p.addr, v.n == 4 ? 4 : 16);
        return a;
}

static struct cel_value from_addr(struct cel_run *r, enum cel_kind kind, const struct zc_addr *a, unsigned int prefix)
{
        uint8_t *bytes = cel_alloc(r, 16, 1);

        if (!bytes)
                return cel_stopped(r);
        memcpy(bytes, a->bytes, a->family == AF_INET ? 4 : 16);
        return (struct cel_value){ .kind = (uint8_t)kind, .prefix = (uint16_t)prefix, .n = a->family == AF_INET ? 4 : 6, .p.addr = bytes };
}

/** why: NULL or what is wrong. */
static bool parse_ip(const char *s, size_t n, struct zc_addr *out, const char **why)
{
        char text[64];
        struct zc_err err;

        *why = "parse error during conversion from string";
        if (n == 0 || n >= sizeof text || memchr(s, '\0', n))
                return false;
        memcpy(text, s, n);
        text[n] = '\0';
        if (strchr(text, '%'))
                *why = "zone value is not allowed";
        else if (strchr(text, ':') && strchr(text, '.'))
                *why = "IPv4-mapped IPv6 address is not allowed";
        else if (zc_addr_parse(text, out, &err))
                *why = NULL;
        if (*why)
                return false;
        *out = zc_addr_unmap(*out);
        return true;
}

static bool parse_cidr(const char *s, size_t n, struct zc_addr *out, unsigned int *prefix, const char **why)
{
        const char *slash = memchr(s, '/', n);
        uint64_t bits;

        *why = "network address parse error during conversion from string";
        if (!slash || slash + 1 == s + n || (slash[1] == '0' && slash + 2 != s + n))
                return false;
        if (!parse_ip(s, (size_t)(slash - s), out, why))
                return false;
        *why = "network address parse error during conversion from string";
        if (!zc_parse_uint(slash + 1, (size_t)(s + n - slash - 1), out->family == AF_INET ? 32 : 128, &bits))
                return false;
        *prefix = (unsigned int)bits;
        return true;
}

void cel_net_text(struct cel_value v, char *buf)
{
        struct zc_addr a = to_addr(v);
        char text[ZC_ADDR_LEN];

        zc_addr_format(&a, text);
        if (v.kind == CEL_CIDR)
                snprintf(buf, 64, "%.48s/%u", text, (unsigned int)v.prefix);
        else
                snprintf(buf, 64, "%.60s", text);
}

/* ---- making them ---- */

static struct cel_value make_ip(struct cel_run *r, struct cel_value s)
{
        struct zc_addr a;
        const char *why;

        if (!parse_ip(s.p.s, s.n, &a, &why))
                return cel_error(r, "IP address '%.60s': %s", s.p.s, why);
        return from_addr(r, CEL_IP, &a, 0);
}

static struct cel_value make_cidr(struct cel_run *r, struct cel_value s)
{
        struct zc_addr a;
        unsigned int prefix;
        const char *why;

        if (!parse_cidr(s.p.s, s.n, &a, &prefix, &why))
                return cel_error(r, "CIDR '%.60s': %s", s.p.s, why);
        return from_addr(r, CEL_CIDR, &a, prefix);
}

CEL_FN(ip_of_string)
{
        return make_ip(r, arg[0]);
}

CEL_FN(cidr_of_string)
{
        return make_cidr(r, arg[0]);
}

CEL_FN(same_value)
{
        return arg[0];
}

CEL_FN(is_ip)
{
        struct zc_addr a;
        const char *why;

        return cel_bool(parse_ip(arg[0].p.s, arg[0].n, &a, &why));
}

CEL_FN(is_cidr)
{
        struct zc_addr a;
        unsigned int prefix;
        const char *why;

        return cel_bool(parse_cidr(arg[0].p.s, arg[0].n, &a, &prefix, &why));
}

CEL_FN(is_canonical)
{
        struct cel_value v = make_ip(r, arg[0]);
        char text[64];

        if (cel_failed(v))
                return v;
        cel_net_text(v, text);
        return cel_bool(strlen(text) == arg[0].n && memcmp(text, arg[0].p.s, arg[0].n) == 0);
}

CEL_FN(text_of)
{
        char text[64];

        cel_net_text(arg[0], text);
        return cel_string(r, CEL_STRING, text, strlen(text));
}

/* ---- what an address is ---- */

CEL_FN(family)
{
        return cel_int(arg[0].n);
}

static bool all_zero(const uint8_t *p, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (p[i])
                        return false;
        }
        return true;
}

CEL_FN(is_unspecified)
{
        return cel_bool(all_zero(arg[0].p.addr, arg[0].n == 4 ? 4 : 16));
}

static bool is_class(struct cel_value v, enum zc_addr_class class)
{
        struct zc_addr a = to_addr(v);

        return zc_addr_class(&a) == class;
}

CEL_FN(is_loopback)
{
        return cel_bool(is_class(arg[0], ZC_ADDR_LOOPBACK));
}

CEL_FN(is_link_local_unicast)
{
        return cel_bool(is_class(arg[0], ZC_ADDR_LINK));
}

CEL_FN(is_link_local_multicast)
{
        const uint8_t *p = arg[0].p.addr;

        return cel_bool(arg[0].n == 4 ? p[0] == 224 && p[1] == 0 && p[2] == 0 : p[0] == 0xFF && (p[1] & 0x0F) == 2);
}

CEL_FN(is_private)
{
        return cel_bool(is_class(arg[0], ZC_ADDR_PRIVATE));
}

CEL_FN(is_global_unicast)
{
        struct zc_addr a = to_addr(arg[0]);
        enum zc_addr_class class = zc_addr_class(&a);

        return cel_bool(class == ZC_ADDR_GLOBAL || class == ZC_ADDR_PRIVATE ||
                        (class == ZC_ADDR_UNSPECIFIED && !all_zero(a.bytes, a.family == AF_INET ? 4 : 16)));
}

/* ---- containment ---- */

/** Whether the first `prefix` bits are the same. */
static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned int prefix)
{
        unsigned int whole = prefix / 8, rest = prefix % 8;

        return memcmp(a, b, whole) == 0 && (rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0);
}

static struct cel_value contains(struct cel_value net, struct cel_value inner)
{
        unsigned int least = inner.kind == CEL_CIDR ? inner.prefix : bits_of(inner.n);

        return cel_bool(net.n == inner.n && least >= net.prefix && same_bits(net.p.addr, inner.p.addr, net.prefix));
}

CEL_FN(contains_value)
{
        return contains(arg[0], arg[1]);
}

CEL_FN(contains_ip_text)
{
        struct cel_value v = make_ip(r, arg[1]);

        return cel_failed(v) ? v : contains(arg[0], v);
}

CEL_FN(contains_cidr_text)
{
        struct cel_value v = make_cidr(r, arg[1]);

        return cel_failed(v) ? v : contains(arg[0], v);
}

CEL_FN(ip_of_cidr)
{
        struct zc_addr a = to_addr(arg[0]);

        return from_addr(r, CEL_IP, &a, 0);
}

CEL_FN(masked)
{
        struct zc_addr a = to_addr(arg[0]);

        for (unsigned int bit = arg[0].prefix; bit < bits_of(arg[0].n); bit++)
                a.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
        return from_addr(r, CEL_CIDR, &a, arg[0].prefix);
}

CEL_FN(prefix_length)
{
        return cel_int(arg[0].prefix);
}

static const struct cel_fn net[] = {
        { "ip", false, "s", "I", ip_of_string },
        { "ip", false, "I", "I", same_value },
        { "cidr", false, "s", "C", cidr_of_string },
        { "cidr", false, "C", "C", same_value },
        { "isIP", false, "s", "b", is_ip },
        { "isCIDR", false, "s", "b", is_cidr },
        { "ip.isCanonical", false, "s", "b", is_canonical },
        { "string", false, "I", "s", text_of },
        { "string", false, "C", "s", text_of },
        { "family", true, "I", "i", family },
        { "isUnspecified", true, "I", "b", is_unspecified },
        { "isLoopback", true, "I", "b", is_loopback },
        { "isLinkLocalUnicast", true, "I", "b", is_link_local_unicast },
        { "isLinkLocalMulticast", true, "I", "b", is_link_local_multicast },
        { "isGlobalUnicast", true, "I", "b", is_global_unicast },
        { "isPrivate", true, "I", "b", is_private },
        { "containsIP", true, "CI", "b", contains_value },
        { "containsIP", true, "Cs", "b", contains_ip_text },
        { "containsCIDR", true, "CC", "b", contains_value },
        { "containsCIDR", true, "Cs", "b", contains_cidr_text },
        { "ip", true, "C", "I", ip_of_cidr },
        { "masked", true, "C", "C", masked },
        { "prefixLength", true, "C", "i", prefix_length },
};
const struct cel_fns cel_fns_net = { net, ZC_COUNT(net) };
