/** How far away the senders of a line may stand: by their addresses, by the interface, by what they may write to. */
#include "admission.h"

#include <stdio.h>
#include <string.h>

#include "zc/addr.h"

#define WIDE_IP 8 /* a prefix as short as this, outside private space, is part of "any but ..." */
#define WIDE_IP6 16

static bool is_near(enum zc_addr_class c)
{
        return c == ZC_ADDR_PRIVATE || c == ZC_ADDR_LINK || c == ZC_ADDR_LOOPBACK;
}

/** The last address of a prefix. */
static struct zc_addr prefix_last(const struct zc_prefix *p)
{
        size_t bytes = p->addr.family == AF_INET ? 4 : 16;
        struct zc_addr last = p->addr;

        for (size_t i = 0; i < bytes; i++) {
                unsigned int kept = p->bits > i * 8 ? p->bits - (unsigned int)i * 8 : 0;

                if (kept < 8)
                        last.bytes[i] |= (uint8_t)(0xffu >> kept);
        }
        return last;
}

/**
 * How far away a source may stand. A named piece of the Internet (one office) is a closed circle, as a private network is;
 * a piece so large that it can only be a part of "everyone but" is everyone. Text that cannot be read may be everyone.
 */
static enum zc_reach source_reach(const char *text)
{
        struct zc_prefix p;
        struct zc_addr last;

        if (!text || !zc_prefix_parse(text, &p, &(struct zc_err){ 0 }))
                return ZC_REACH_ANY;
        last = prefix_last(&p);
        if (zc_addr_class(&p.addr) == ZC_ADDR_LOOPBACK && zc_addr_class(&last) == ZC_ADDR_LOOPBACK)
                return ZC_REACH_NONE;
        if (p.bits == 0)
                return ZC_REACH_ANY;
        if (is_near(zc_addr_class(&p.addr)) && is_near(zc_addr_class(&last)))
                return ZC_REACH_PRIVATE;
        return p.bits <= (p.addr.family == AF_INET ? WIDE_IP : WIDE_IP6) ? ZC_REACH_ANY
                                                                         : ZC_REACH_PRIVATE;
}

static void space_add(struct zc_space *s, const char *text)
{
        struct zc_prefix p;

        if (!text || source_reach(text) != ZC_REACH_PRIVATE ||
            !zc_prefix_parse(text, &p, &(struct zc_err){ 0 }) || is_near(zc_addr_class(&p.addr)) ||
            (s->seen && json_object_get(s->seen, text)))
                return;
        if (s->seen)
                json_object_set_new(s->seen, text, json_true());
        if (p.addr.family == AF_INET)
                s->ip += UINT64_C(1) << (32 - p.bits);
        else if (p.bits <= 48)
                s->ip6 += UINT64_C(1) << (48 - p.bits);
}

bool zc_space_is_wide(const struct zc_space *s)
{
        return s->ip >= UINT64_C(1) << (32 - WIDE_IP) || s->ip6 >= UINT64_C(1) << (48 - WIDE_IP6);
}

enum zc_reach zc_sources_reach(const json_t *sources, struct zc_space *space)
{
        enum zc_reach widest = ZC_REACH_NONE;
        const json_t *source;
        size_t i;

        json_array_foreach (sources, i, source) {
                enum zc_reach one = source_reach(json_string_value(source));

                widest = one > widest ? one : widest;
                space_add(space, json_string_value(source));
        }
        return zc_space_is_wide(space) ? ZC_REACH_ANY : widest;
}

/** Blocks of the Internet in a prefix: /32 of IPv4, /48 of IPv6; what is no part of it is not counted. */
static uint64_t public_size(const char *text)
{
        static const char *const others[] = { "0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8",
                                              "224.0.0.0/3" };
        struct zc_prefix p, other;
        uint64_t size;

        if (!text || !zc_prefix_parse(text, &p, &(struct zc_err){ 0 }))
                return 0;
        if (p.addr.family == AF_INET6) {
                bool global = zc_prefix_parse("2000::/3", &other, &(struct zc_err){ 0 });

                if (global && zc_prefix_covers(&p, &other))
                        return UINT64_C(1) << 45;
                return global && zc_prefix_covers(&other, &p) && p.bits <= 48
                               ? UINT64_C(1) << (48 - p.bits)
                               : 0;
        }
        size = UINT64_C(1) << (32 - p.bits);
        for (size_t i = 0; i < ZC_COUNT(others); i++) {
                if (!zc_prefix_parse(others[i], &other, &(struct zc_err){ 0 }))
                        continue;
                if (zc_prefix_covers(&other, &p))
                        return 0;
                if (zc_prefix_covers(&p, &other))
                        size -= UINT64_C(1) << (32 - other.bits);
        }
        return size;
}

/** Everyone but some is everyone, unless what is left out is nearly the whole of the Internet. */
bool zc_line_leaves_public(const json_t *admit)
{
        bool ip6 = strcmp(zc_json_str(admit, "family", ""), "ip6") == 0;
        uint64_t all = public_size(ip6 ? "::/0" : "0.0.0.0/0"), gone = 0;
        const json_t *item;
        size_t i;

        json_array_foreach (json_object_get(admit, "except"), i, item) {
                gone += public_size(json_string_value(item));
        }
        return gone < all && all - gone >= UINT64_C(1) << (ip6 ? 48 - WIDE_IP6 : 32 - WIDE_IP);
}

/** A line of members of a set: which they are is not in the evidence. */
bool zc_line_is_of_set(const json_t *admit)
{
        const json_t *item;
        size_t i;

        json_array_foreach (json_object_get(admit, "sets"), i, item) {
                if (json_is_true(json_object_get(item, "member")))
                        return true;
        }
        return false;
}

/* ---- where they come in, and what they write to ---- */

/** How far away the senders of what an interface brings may stand: who is behind a bridge of containers is not on the Internet. */
static enum zc_reach interface_reach(const json_t *interface, const char *family)
{
        const json_t *gateways = json_object_get(interface, "gateway"), *item;
        size_t i;

        if (!json_is_array(gateways) || !json_is_array(json_object_get(interface, "addresses")))
                return ZC_REACH_ANY;
        json_array_foreach (gateways, i, item) {
                if (json_is_string(item) && strcmp(json_string_value(item), family) == 0)
                        return ZC_REACH_ANY;
        }
        json_array_foreach (json_object_get(interface, "addresses"), i, item) {
                char text[ZC_ADDR_LEN];
                struct zc_addr a;

                snprintf(text, sizeof(text), "%.*s",
                         (int)strcspn(json_string_value(item) ? json_string_value(item) : "", "/"),
                         json_string_value(item) ? json_string_value(item) : "");
                if (!zc_addr_parse(text, &a, &(struct zc_err){ 0 }) ||
                    ((a.family == AF_INET6) == (strcmp(family, "ip6") == 0) &&
                     zc_addr_class(&a) == ZC_ADDR_GLOBAL))
                        return ZC_REACH_ANY;
        }
        return ZC_REACH_PRIVATE;
}

/** A name of which nothing is known, or a pattern, may be anything. */
static enum zc_reach named_reach(const json_t *firewall, const char *name, const char *family)
{
        const json_t *interface;
        size_t i;

        json_array_foreach (json_object_get(firewall, "interfaces"), i, interface) {
                if (strcmp(zc_json_str(interface, "name", ""), name) == 0)
                        return interface_reach(interface, family);
        }
        return ZC_REACH_ANY;
}

/** Addresses that no router hands on: RFC 5771 section 4, RFC 4291 sections 2.5.6 and 2.7, RFC 919. */
static bool stays_on_link(const json_t *destinations)
{
        static const char *const near[] = { "224.0.0.0/24", "255.255.255.255/32", "169.254.0.0/16",
                                            "fe80::/10",    "ff01::/16",          "ff02::/16" };
        const json_t *item;
        size_t i;

        json_array_foreach (destinations, i, item) {
                struct zc_prefix p, block;
                bool yes = false;

                if (!json_is_string(item) ||
                    !zc_prefix_parse(json_string_value(item), &p, &(struct zc_err){ 0 }))
                        return false;
                for (size_t k = 0; k < ZC_COUNT(near) && !yes; k++)
                        yes = zc_prefix_parse(near[k], &block, &(struct zc_err){ 0 }) &&
                              zc_prefix_covers(&block, &p);
                if (!yes)
                        return false;
        }
        return json_array_size(destinations) > 0;
}

enum zc_reach zc_line_limit(const json_t *firewall, const json_t *admit, const char *bound)
{
        const char *family = zc_json_str(admit, "family", "ip");
        const json_t *list = json_object_get(admit, "interfaces"), *item;
        enum zc_reach widest = ZC_REACH_NONE;
        size_t i;

        if (stays_on_link(json_object_get(admit, "destinations")))
                return ZC_REACH_PRIVATE;
        if (bound)
                return named_reach(firewall, bound, family);
        json_array_foreach (list, i, item) {
                const char *name = json_string_value(item);
                enum zc_reach one = name ? named_reach(firewall, name, family) : ZC_REACH_ANY;

                widest = one > widest ? one : widest;
        }
        return json_array_size(list) == 0 ? ZC_REACH_ANY : widest;
}

enum zc_reach zc_admit_reach(const json_t *firewall, const json_t *admit)
{
        struct zc_space space = { 0 };
        enum zc_reach limit = zc_line_limit(firewall, admit, NULL);
        enum zc_reach reach = zc_sources_reach(json_object_get(admit, "sources"), &space);

        if (reach == ZC_REACH_ANY && !zc_space_is_wide(&space) && !zc_line_leaves_public(admit))
                reach = ZC_REACH_PRIVATE;
        return reach < limit ? reach : limit;
}
