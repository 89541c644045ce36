/** ipset's sets out of the kernel's answers: keys as the model has them, an element's fields behind each other, each padded to 4 bytes. */
#include "ipset.h"

#include <linux/netfilter/ipset/ip_set.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipset_wire.h"

static const struct fw_ipset_type types[] = {
        { "bitmap:ip", "a" },     { "bitmap:ip,mac", "a?" },    { "bitmap:port", "P" },
        { "hash:ip", "a" },       { "hash:ip,mac", "a?" },      { "hash:ip,mark", "am" },
        { "hash:ip,port", "ap" }, { "hash:ip,port,ip", "apA" }, { "hash:ip,port,net", "apA" },
        { "hash:mac", "?" },      { "hash:net", "a" },          { "hash:net,iface", "ai" },
        { "hash:net,net", "aA" }, { "hash:net,port", "ap" },    { "hash:net,port,net", "apA" },
        { "list:set", "l" },
};

void fw_ipsets_init(struct fw_ipsets *s)
{
        memset(s, 0, sizeof *s);
}

void fw_ipset_clear(struct fw_ipset *set)
{
        for (size_t i = 0; i < set->members.count; i++)
                free(*fw_build_at(set->members, char *, i));
        free(set->members.at);
        free(set->records);
        set->members = (struct fw_list){ 0 };
        set->records = NULL;
        set->count = set->cap = 0;
        set->how = 0;
        set->key_len = 0;
        set->type = NULL;
        set->lost = NULL;
}

void fw_ipsets_release(struct fw_ipsets *s)
{
        for (size_t i = 0; i < s->list.count; i++) {
                fw_ipset_clear(fw_ipset_at(s, (uint32_t)i));
                free(fw_ipset_at(s, (uint32_t)i)->name);
        }
        free(s->list.at);
        free(s->uses.at);
        memset(s, 0, sizeof *s);
}

uint32_t fw_ipsets_want(struct fw_ipsets *s, uint32_t index, struct zc_rd name)
{
        struct fw_ipset *set;

        for (uint32_t i = 0; i < s->list.count; i++) {
                set = fw_ipset_at(s, i);
                if (name.n ? set->name && zc_rd_is(name, set->name) : set->index == index)
                        return i;
        }
        set = fw_build_more(&s->heap, &s->list, sizeof *set);
        if (!set)
                return FW_NOWHERE;
        set->index = index;
        if (name.n > 0 && !(set->name = strndup((const char *)name.p, name.n)))
                s->heap.failed = true;
        return (uint32_t)s->list.count - 1;
}

uint32_t fw_ipsets_next(const struct fw_ipsets *s)
{
        for (uint32_t i = 0; i < s->list.count; i++) {
                if (!fw_ipset_at(s, i)->asked)
                        return i;
        }
        return FW_NOWHERE;
}

void fw_ipsets_done(struct fw_ipsets *s, uint32_t number, const char *lost)
{
        struct fw_ipset *set = fw_ipset_at(s, number);

        set->asked = true;
        if (!set->lost)
                set->lost = lost ? lost : set->type ? NULL : "it was not there";
        for (size_t i = 0; i < fw_ipset_at(s, number)->members.count; i++) /* whose list may move */
                (void)fw_ipsets_want(
                        s, FW_NOWHERE,
                        zc_rd_str(*fw_build_at(fw_ipset_at(s, number)->members, char *, i)));
}

/* ---- how a set was made ---- */

static size_t address_len(const struct fw_ipset *set)
{
        return set->family == AF_INET6 ? 16 : 4;
}

static size_t width_of(const struct fw_ipset *set, char field)
{
        switch (field) {
        case 'a':
        case 'A':
                return address_len(set);
        case 'p':
        case 'P':
                return 8;
        case 'm':
                return 4;
        case 'i':
                return 16;
        default:
                return 0;
        }
}

static void prefix_mask(uint8_t *mask, size_t n, unsigned bits)
{
        for (size_t i = 0; i<n; i++, bits = bits> 8 ? bits - 8 : 0)
                mask[i] = (uint8_t)(bits >= 8 ? 0xff : 0xff00u >> bits);
}

static void lose(struct fw_ipset *set, const char *why)
{
        if (!set->lost)
                set->lost = why;
}

static void header(struct fw_ipset *set, const struct fw_ipset_message *m)
{
        struct fw_ipset_data d;
        struct zc_err err = { 0 };
        const size_t n = m->family == AF_INET6 ? 16 : 4;

        set->family = m->family;
        set->mark_mask = UINT32_MAX;
        for (size_t i = 0; i < ZC_COUNT(types); i++) {
                if (zc_rd_is(m->type, types[i].name))
                        set->type = &types[i];
        }
        if (!set->type)
                lose(set, "a type of set that is not known");
        else if (!fw_ipset_create_parse(m->create, &d, &err) || d.unknown)
                lose(set, "it was made in a way that is not known");
        if (set->lost)
                return;
        for (const char *f = set->type->fields; *f; f++)
                set->key_len += width_of(set, *f);
        if (d.has_markmask)
                set->mark_mask = d.markmask;
        if (d.netmask > 8 * n || (d.bitmask.len && d.bitmask.len != n) ||
            ((d.netmask || d.bitmask.len) && strchr(set->type->fields, 'A')))
                lose(set, "a mask that is not known");
        set->prefix = (uint8_t)(8 * n);
        if (strcmp(set->type->name, "bitmap:ip") == 0 &&
            d.netmask) { /* an element is a network of that size */
                set->prefix = d.netmask;
                return;
        }
        set->mask.there = d.netmask || d.bitmask.len;
        if (d.bitmask.len)
                memcpy(set->mask.bytes, d.bitmask.bytes, n);
        else
                prefix_mask(set->mask.bytes, n, d.netmask);
}

/* ---- elements ---- */

/** Least and greatest of the addresses with this prefix. */
static bool put_address(uint8_t *lo, uint8_t *hi, const struct fw_ipset_address *a, size_t n,
                        unsigned bits)
{
        uint8_t mask[16];

        if (a->len != n || bits > 8 * n)
                return false;
        prefix_mask(mask, n, bits);
        for (size_t i = 0; i < n; i++) {
                lo[i] = a->bytes[i] & mask[i];
                hi[i] = a->bytes[i] | (uint8_t)~mask[i];
        }
        return true;
}

static uint8_t class_of(uint8_t proto)
{
        static const uint8_t with_ports[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP,
                                              IPPROTO_UDPLITE };

        if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
                return FW_IPSET_TYPED;
        return memchr(with_ports, proto, sizeof with_ports) ? 0 : FW_IPSET_PORTLESS;
}

static void put_port(uint8_t *key, uint8_t proto, uint16_t port)
{
        key[0] = proto;
        key[4] = (uint8_t)(port >> 8);
        key[5] = (uint8_t)port;
}

static void put_name(uint8_t *lo, uint8_t *hi, const struct fw_ipset_data *d)
{
        memcpy(lo, d->iface.p, d->iface.n);
        memcpy(hi, lo, 16);
        if (d->flags & IPSET_FLAG_IFACE_WILDCARD)
                memset(hi + d->iface.n, 0xff, 16 - d->iface.n);
}

/** One field of an element; false where it is not as its type has it. */
static bool put_field(const struct fw_ipset *set, char field, uint8_t *lo, uint8_t *hi,
                      const struct fw_ipset_data *d)
{
        const size_t n = address_len(set);

        switch (field) {
        case 'a':
                return put_address(lo, hi, &d->ip, n, d->has_cidr ? d->cidr : set->prefix);
        case 'A':
                return put_address(lo, hi, &d->ip2, n, d->has_cidr2 ? d->cidr2 : (unsigned)n * 8);
        case 'p':
        case 'P':
                put_port(lo, d->proto, d->port);
                put_port(hi, d->proto, d->port);
                return true;
        case 'm':
                memcpy(lo, &d->mark, 4);
                memcpy(hi, &d->mark, 4);
                return true;
        case 'i':
                if (d->iface.n > 0)
                        put_name(lo, hi, d);
                return d->iface.n > 0;
        default:
                return true; /* that it is there is enough */
        }
}

static uint8_t *record_new(struct fw_ipsets *s, struct fw_ipset *set)
{
        const size_t stride = fw_ipset_stride(set);

        if (set->count == set->cap) {
                const size_t wanted = set->cap ? set->cap * 2 : 16;
                uint8_t *more =
                        wanted > SIZE_MAX / stride ? NULL : realloc(set->records, wanted * stride);

                if (!more) {
                        s->heap.failed = true;
                        return NULL;
                }
                set->records = more;
                set->cap = wanted;
        }
        return memset(set->records + set->count++ * stride, 0, stride);
}

static void add_member(struct fw_ipsets *s, struct fw_ipset *set, struct zc_rd name)
{
        char *copy = strndup((const char *)name.p, name.n);
        char **p = copy ? fw_build_more(&s->heap, &set->members, sizeof *p) : NULL;

        if (p)
                *p = copy;
        else
                free(copy);
        s->heap.failed |= !p;
}

static void add_element(struct fw_ipsets *s, struct fw_ipset *set, struct fw_ipset_data *d)
{
        uint8_t *record = record_new(s, set), *lo = record, how = 0;
        bool ok = true;

        if (!record)
                return;
        if (d->unknown || (d->flags & IPSET_FLAG_PHYSDEV))
                lose(set, d->unknown ? "an element that says more than is known"
                                     : "it asks for ports of a bridge");
        for (const char *f = set->type->fields; *f && ok; f++) {
                ok = put_field(set, *f, lo, lo + set->key_len, d);
                how |= *f == 'p' ? class_of(d->proto) : 0;
                lo += width_of(set, *f);
        }
        how |= d->flags & IPSET_FLAG_NOMATCH ? FW_IPSET_NOMATCH : 0;
        how |= d->has_timeout && d->timeout ? FW_IPSET_FLEETING : 0;
        how |= memcmp(record, record + set->key_len, set->key_len) != 0 ? FW_IPSET_RANGED : 0;
        record[2 * set->key_len] = how;
        set->how |= how;
        if (!ok)
                lose(set, "an element that is not as its type has them");
}

bool fw_ipsets_take(struct fw_ipsets *s, uint32_t number, struct zc_rd payload, struct zc_err *err)
{
        struct fw_ipset *set = fw_ipset_at(s, number);
        struct fw_ipset_message m;
        struct fw_ipset_data d;
        bool bad = false;

        if (!fw_ipset_message_parse(payload, &m, err))
                return false;
        if (m.type.n > 0 && !set->type && !set->lost)
                header(set, &m);
        if (!set->type || set->lost)
                return true;
        while (fw_ipset_element_next(&m.elements, &d, &bad)) {
                if (set->type->fields[0] == 'l' && d.name.n > 0)
                        add_member(s, set, d.name);
                else if (set->type->fields[0] == 'l')
                        lose(set, "a member without a name");
                else
                        add_element(s, set, &d);
        }
        if (s->heap.failed)
                return zc_fail(err, ZC_E_NOMEM, "an ipset");
        return bad ? zc_fail(err, ZC_E_MALFORMED, "ipset: an element ends early") : true;
}
