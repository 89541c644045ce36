/**
 * What a `set` match asks (xt_set.c, ip_set_core.c, ip_set_hash_gen.h): the key of the packet, looked up in a set of the model. Networks are
 * tried from the longest prefix on, so that an element that says `nomatch` takes its part out of a wider one.
 */
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_set.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipset.h"

#define SCRATCH 12u /* the slots of iptables' code: 12 to 15 */
#define SLOTS_OF_OTHERS 4u
#define KEY_MOST ((ZC_FW_SLOTS - SLOTS_OF_OTHERS) * 4)

/** One lookup under construction. */
struct making {
        const struct fw_place *at;
        struct fw_ipsets *sets;
        const struct fw_ipset *s;
        uint32_t number;
        const char *name; /* of ops */
        unsigned flags;   /* IPSET_DIM_*_SRC, IPSET_INV_MATCH */
        unsigned start, slot;
        uint8_t widths[8];
        size_t fields, key_len;
        uint8_t *records; /* of the lookup's own key: least, greatest, how */
        size_t count;
        bool ranged;
};

static struct fw_build *build_of(const struct making *m)
{
        return m->at->b;
}

static bool source(const struct making *m, unsigned dimension)
{
        return m->flags >> dimension & 1; /* IPSET_DIM_ONE_SRC and on */
}

static void maybe(struct fw_build *b, const char *name)
{
        (void)fw_build_op(b, ZC_FW_OP_MAYBE, name);
}

/* ---- loads ---- */

static struct zc_fw_op *load(struct making *m, enum zc_fw_op_kind kind, unsigned key, unsigned len)
{
        struct zc_fw_op *op = fw_build_op(build_of(m), kind, m->name);

        if (op) {
                op->key = (uint8_t)key;
                op->dreg = (uint8_t)m->slot;
                op->len = (uint8_t)len;
        }
        m->slot += (len + 3) / 4;
        return op;
}

static void mask(const struct making *m, unsigned slot, const void *bytes, size_t len)
{
        static const uint8_t zeros[16];
        struct zc_fw_op *op = fw_build_op(build_of(m), ZC_FW_OP_BITWISE, m->name);

        if (!op)
                return;
        op->op = ZC_FW_BIT_MASK_XOR;
        op->sreg = op->dreg = (uint8_t)slot;
        op->len = (uint8_t)len;
        op->u.data.a = fw_build_bytes(build_of(m), (struct zc_rd){ bytes, len });
        op->u.data.b = fw_build_bytes(build_of(m), (struct zc_rd){ zeros, len });
}

static void load_address(struct making *m, bool src)
{
        const bool six = m->at->family == ZC_FW_IP6;
        const unsigned n = six ? 16 : 4, slot = m->slot;
        struct zc_fw_op *op = load(m, ZC_FW_OP_PAYLOAD, ZC_FW_BASE_NETWORK, n);

        if (op)
                op->offset = (uint16_t)((six ? 8u : 12u) + (src ? 0u : n));
        if (m->s->mask.there)
                mask(m, slot, m->s->mask.bytes, n);
}

/** Two bytes of the transport header; where the packet ends before, the port is 0. */
static void load_port(struct making *m, unsigned offset)
{
        struct zc_fw_op *op = load(m, ZC_FW_OP_PAYLOAD, ZC_FW_BASE_TRANSPORT, 2);

        if (!op)
                return;
        op->offset = (uint16_t)offset;
        op->invert = true;
}

/** Which two bytes a lookup needs: what is a port, and of ICMP the type and code, which stand where the source port does. */
static bool needs(const struct making *m, unsigned offset, bool src)
{
        return offset == 0 ? src || (m->s->how & FW_IPSET_TYPED) : !src;
}

static void load_field(struct making *m, char field, unsigned dimension)
{
        const bool src = source(m, dimension);
        unsigned slot = m->slot;

        switch (field) {
        case 'a':
        case 'A':
                load_address(m, src);
                break;
        case 'p':
        case 'P':
                (void)load(m, ZC_FW_OP_META, NFT_META_L4PROTO, 1);
                for (unsigned offset = 0; offset < 4; offset += 2) {
                        if (needs(m, offset, src))
                                load_port(m, offset);
                }
                break;
        case 'm':
                (void)load(m, ZC_FW_OP_META, NFT_META_MARK, 4);
                mask(m, slot, &m->s->mark_mask, 4);
                break;
        default:
                (void)load(m, ZC_FW_OP_META, src ? NFT_META_IIFNAME : NFT_META_OIFNAME, 16);
                break;
        }
}

/* ---- keys ---- */

static void width(struct making *m, unsigned n)
{
        m->widths[m->fields++] = (uint8_t)n;
        m->key_len += (n + 3) & ~3u;
}

static void measure(struct making *m)
{
        unsigned dimension = 1;

        for (const char *f = m->s->type->fields; *f; f++, dimension++) {
                const bool src = source(m, dimension);

                if (*f == 'a' || *f == 'A')
                        width(m, m->at->family == ZC_FW_IP6 ? 16 : 4);
                else if (*f == 'm')
                        width(m, 4);
                else if (*f == 'i')
                        width(m, 16);
                else
                        width(m, 1);
                for (unsigned offset = 0; offset < 4 && (*f == 'p' || *f == 'P'); offset += 2) {
                        if (needs(m, offset, src))
                                width(m, 2);
                }
        }
}

/** The part of a key that is a protocol and two bytes of its header or four; `lo` and `hi` are what the set has: protocol, port. */
static unsigned put_ports(const struct making *m, bool src, const uint8_t *lo, uint8_t how,
                          uint8_t *to_lo, uint8_t *to_hi)
{
        unsigned at = 4;

        to_lo[0] = to_hi[0] = lo[0];
        for (unsigned offset = 0; offset < 4; offset += 2) {
                const bool here = how & FW_IPSET_TYPED ? offset == 0 : (offset == 0) == src;

                if (!needs(m, offset, src))
                        continue;
                if (here && !(how & FW_IPSET_PORTLESS)) {
                        memcpy(to_lo + at, lo + 4, 2);
                        memcpy(to_hi + at, lo + 4, 2);
                } else {
                        memset(to_hi + at, 0xff, 2);
                }
                at += 4;
        }
        return at;
}

/** One element in the lookup's own key. */
static void convert(const struct making *m, const uint8_t *from, uint8_t *to, uint8_t proto)
{
        const struct fw_ipset *s = m->s;
        const uint8_t *lo = from, *hi = from + s->key_len;
        uint8_t *to_lo = to, *to_hi = to + m->key_len;
        const uint8_t how = from[2 * s->key_len];
        unsigned dimension = 1;

        for (const char *f = s->type->fields; *f; f++, dimension++) {
                const unsigned n = *f == 'm'                    ? 4
                                   : *f == 'i'                  ? 16
                                   : m->at->family == ZC_FW_IP6 ? 16
                                                                : 4;

                if (*f == 'p' || *f == 'P') {
                        uint8_t pair[8];
                        unsigned wide;

                        memcpy(pair, lo, 8);
                        if (*f == 'P')
                                pair[0] = proto;
                        wide = put_ports(m, source(m, dimension), pair, how, to_lo, to_hi);
                        lo += 8;
                        hi += 8;
                        to_lo += wide;
                        to_hi += wide;
                        continue;
                }
                memcpy(to_lo, lo, n);
                memcpy(to_hi, hi, n);
                lo += n;
                hi += n;
                to_lo += n;
                to_hi += n;
        }
        to[2 * m->key_len] = how;
}

static bool convert_all(struct making *m)
{
        static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
        const struct fw_ipset *s = m->s;
        const size_t each = s->type->fields[0] == 'P' ? 2 : 1, stride = 2 * m->key_len + 1;

        m->records = calloc(s->count * each + 1, stride);
        if (!m->records)
                return false;
        for (size_t i = 0; i < s->count; i++) {
                for (size_t p = 0; p < each; p++) {
                        uint8_t *to = m->records + m->count++ * stride;

                        convert(m, s->records + i * fw_ipset_stride(s), to, protocols[p]);
                        m->ranged |= memcmp(to, to + m->key_len, m->key_len) != 0;
                }
        }
        if (strchr(s->type->fields, 'i'))
                return fw_ipset_own_parts(&m->records, &m->count, m->widths[0], m->key_len);
        return true;
}

/* ---- lists of sets ---- */

/** The members of a list of sets, as one; false where they are not all of that kind. */
static bool gather(struct making *m)
{
        const size_t n = m->at->family == ZC_FW_IP6 ? 16 : 4, stride = 2 * n + 1;
        const struct fw_ipset *list = m->s;
        bool fits = true;

        m->key_len = n;
        for (size_t i = 0; i < list->members.count; i++) {
                const char *name = *fw_build_at(list->members, char *, i);
                const uint32_t at = fw_ipsets_want(m->sets, FW_NOWHERE, zc_rd_str(name));
                const struct fw_ipset *s = at == FW_NOWHERE ? NULL : fw_ipset_at(m->sets, at);
                uint8_t *more;

                fits = fits && s && s->asked && !s->lost;
                if (!fits || (s->family && s->family != (n == 16 ? AF_INET6 : AF_INET)))
                        continue; /* a set of the other family never matches */
                fits = strcmp(s->type->fields, "a") == 0 && s->key_len == n &&
                       !(s->how & FW_IPSET_NOMATCH) && !s->mask.there;
                more = fits ? realloc(m->records, (m->count + s->count + 1) * stride) : NULL;
                if (!more)
                        continue;
                m->records = more;
                if (s->count > 0)
                        memcpy(more + m->count * stride, s->records, s->count * stride);
                m->count += s->count;
        }
        return fits;
}

/* ---- sets of several fields ---- */

static int by_fleeting(const void *a, const void *b, void *len)
{
        const size_t at = 2 * *(const size_t *)len;
        const uint8_t *x = a, *y = b;

        return (x[at] & FW_IPSET_FLEETING) - (y[at] & FW_IPSET_FLEETING);
}

static void spread(struct making *m, struct zc_fw_set *set)
{
        struct fw_build *b = build_of(m);
        const size_t n = m->key_len, stride = 2 * n + 1;
        uint8_t *lo = zc_arena_array(b->arena, m->count + 1, n);
        uint8_t *hi = m->ranged ? zc_arena_array(b->arena, m->count + 1, n) : lo;
        uint8_t *fleeting = zc_arena_array(b->arena, m->count / 8 + 1, 1);

        if (!lo || !hi || !fleeting) {
                b->failed = true;
                return;
        }
        if (m->count > 1)
                qsort_r(m->records, m->count, stride, m->ranged ? by_fleeting : fw_ipset_by_key,
                        &m->key_len);
        for (size_t i = 0; i < m->count; i++) {
                const uint8_t *r = m->records + i * stride;

                memcpy(lo + i * n, r, n);
                memcpy(hi + i * n, r + n, n);
                if (r[2 * n] & FW_IPSET_FLEETING)
                        fleeting[i / 8] |= (uint8_t)(1u << i % 8);
        }
        set->count = m->count;
        set->lo = lo;
        set->hi = hi;
        set->fleeting = fleeting;
        set->ordered = m->ranged;
        set->fields = fw_build_bytes(b, (struct zc_rd){ m->widths, m->fields });
        set->field_count = m->fields;
}

static struct zc_fw_set *new_set(struct making *m)
{
        struct fw_build *b = build_of(m);
        struct zc_fw_set *set = zc_arena_new_of(b->arena, struct zc_fw_set);
        struct fw_ipset_use *use = fw_build_more(&m->sets->heap, &m->sets->uses, sizeof *use);

        if (!set || !use) {
                b->failed = true;
                return NULL;
        }
        *use = (struct fw_ipset_use){ set, m->number };
        set->table = m->at->table;
        set->name = fw_build_text(b, zc_rd_str(m->s->name));
        set->key_len = (uint32_t)m->key_len;
        set->read = true;
        return set;
}

/* ---- the match ---- */

/** Holds for no packet, or with `invert` for every one. */
static void never(const struct making *m)
{
        static const uint8_t zeros[4];
        struct fw_build *b = build_of(m);
        struct zc_fw_op *op;

        if (m->flags & IPSET_INV_MATCH)
                return;
        op = fw_build_op(b, ZC_FW_OP_IMMEDIATE, m->name);
        if (op) {
                op->dreg = SCRATCH;
                op->len = 4;
                op->u.data.a = fw_build_bytes(b, (struct zc_rd){ zeros, 4 });
        }
        op = fw_build_op(b, ZC_FW_OP_CMP, m->name);
        if (op) {
                op->op = ZC_FW_NE;
                op->sreg = SCRATCH;
                op->len = 4;
                op->u.data.a = fw_build_bytes(b, (struct zc_rd){ zeros, 4 });
        }
}

/** Slots before iptables' own that the key takes may hold what the rule loaded to use later. */
static bool slots_free(const struct making *m)
{
        const struct fw_build *b = build_of(m);
        const struct zc_fw_rule *r =
                &fw_build_at(b->rules, struct fw_build_rule, b->rules.count - 1)->rule;

        for (size_t i = r->first; i < b->ops.count && m->start < SCRATCH && !b->failed; i++) {
                const struct zc_fw_op *op = fw_build_at(b->ops, struct zc_fw_op, i);

                if (op->dreg != ZC_FW_NO_SLOT && op->dreg < SCRATCH &&
                    op->dreg * 4u + op->len > m->start * 4u)
                        return false;
        }
        return true;
}

static void look_up(struct making *m)
{
        const bool address =
                strcmp(m->s->type->fields, "l") == 0 || strcmp(m->s->type->fields, "a") == 0;
        struct zc_fw_set *set = new_set(m);
        unsigned dimension = 1;
        struct zc_fw_op *op;

        if (!set)
                return;
        if (address)
                fw_ipset_lay_out(build_of(m), m->records, m->count, set);
        else
                spread(m, set);
        m->slot = m->start;
        if (strcmp(m->s->type->fields, "l") == 0)
                load_address(m, source(m, 1));
        else
                for (const char *f = m->s->type->fields; *f; f++, dimension++)
                        load_field(m, *f, dimension);
        op = fw_build_op(build_of(m), ZC_FW_OP_LOOKUP, m->name);
        if (op) {
                op->sreg = (uint8_t)m->start;
                op->len = (uint8_t)m->key_len;
                op->invert = m->flags & IPSET_INV_MATCH;
                op->u.set = set;
        }
}

static bool modelled(const struct making *m)
{
        const char *fields = m->s->type->fields;

        if (strchr(fields, 'i') && (m->s->how & FW_IPSET_FLEETING))
                return false; /* what it hides while it lasts */
        return !strchr(fields, '?') &&
               (!(m->s->how & FW_IPSET_NOMATCH) || strcmp(fields, "a") == 0);
}

/** @sure: nothing but the set's elements decides. */
static void match(struct making *m, unsigned dimensions, bool sure)
{
        struct fw_build *b = build_of(m);
        const char *fields = m->s->type->fields;
        const bool list = fields[0] == 'l';

        if ((m->s->family && m->s->family != m->at->family) || dimensions < strlen(fields) ||
            (m->s->count == 0 && !list)) {
                never(m);
                return;
        }
        if (!list)
                measure(m);
        m->start = m->key_len > 16 ? (unsigned)(ZC_FW_SLOTS - m->key_len / 4) : SCRATCH;
        if (!modelled(m) || m->key_len > KEY_MOST || !slots_free(m) ||
            (!sure && (m->flags & IPSET_INV_MATCH)) || !(list ? gather(m) : convert_all(m))) {
                maybe(b, m->name);
                return;
        }
        look_up(m);
        if (!sure)
                maybe(b, m->name);
}

/** index u16 | dimensions u8 | flags u8 */
static bool info_take(struct zc_rd *info, uint16_t *index, uint8_t *dimensions, uint8_t *flags)
{
        return zc_rd_u16host(info, index) && zc_rd_u8(info, dimensions) && zc_rd_u8(info, flags);
}

/** Whether counters or `nomatch` take part in it, which only the packets that came tell. */
static bool plain_match(struct zc_rd info, uint32_t revision, uint8_t flags, bool *ok)
{
        struct xt_set_info_match_v3 v3;
        struct xt_set_info_match_v4 v4;

        *ok = true;
        if (revision < 3)
                return !(flags & IPSET_RETURN_NOMATCH);
        if (revision == 3) {
                *ok = zc_rd_copy(&info, &v3, sizeof v3);
                return *ok && !v3.packets.op && !v3.bytes.op &&
                       !(v3.flags & IPSET_FLAG_RETURN_NOMATCH);
        }
        *ok = zc_rd_copy(&info, &v4, sizeof v4);
        return *ok && !v4.packets.op && !v4.bytes.op && !(v4.flags & IPSET_FLAG_RETURN_NOMATCH);
}

void fw_ipset_match(const struct fw_place *at, struct zc_rd info, uint32_t revision)
{
        struct making m = { .at = at, .sets = at->b->ipsets };
        const struct zc_rd none = { 0 };
        struct zc_rd rest = info;
        uint8_t dimensions = 0, flags = 0;
        uint16_t index = 0;
        bool sure, ok;

        if (at->b->failed)
                return;
        ok = info_take(&rest, &index, &dimensions, &flags);
        sure = plain_match(info, revision, flags, &ok) && ok;
        if (!ok || revision == 0 || revision > 4 ||
            (at->family != ZC_FW_IP && at->family != ZC_FW_IP6)) {
                maybe(at->b, "xt match set");
                fw_place_gap(at, ZC_FW_IN_OPS, none, "xt match, revision %u: set",
                             (unsigned)revision);
                return;
        }
        m.number = fw_ipsets_want(m.sets, index, none);
        m.s = m.number == FW_NOWHERE ? NULL : fw_ipset_at(m.sets, m.number);
        m.flags = flags;
        m.name = "xt match set";
        if (m.s && m.s->name)
                m.name = zc_arena_printf(at->b->arena, "ipset %s",
                                         fw_build_text(at->b, zc_rd_str(m.s->name)));
        if (!m.s || !m.name || !m.s->asked || m.s->lost) {
                maybe(at->b, m.name ? m.name : "xt match set");
                if (m.s && m.s->lost)
                        fw_place_gap(at, ZC_FW_IN_OPS,
                                     zc_rd_str(m.s->name ? m.s->name : "of a rule"),
                                     "an ipset that could not be read (%s): ", m.s->lost);
                return;
        }
        match(&m, dimensions, sure);
        free(m.records);
}

/* ---- the target ---- */

static void mark_change(struct fw_ipsets *sets, uint16_t index, bool adds)
{
        const struct zc_rd none = { 0 };
        uint32_t at;

        if (index == IPSET_INVALID_ID || (at = fw_ipsets_want(sets, index, none)) == FW_NOWHERE)
                return;
        fw_ipset_at(sets, at)->learns |= adds;
        fw_ipset_at(sets, at)->forgets |= !adds;
}

/** What a set says of the mark or the priority is its elements' own. */
static void changed(const struct fw_place *at, unsigned key)
{
        struct zc_fw_op *op = fw_build_op(at->b, ZC_FW_OP_LOAD_ANY, "xt target SET");

        if (op) {
                op->dreg = SCRATCH;
                op->len = 4;
        }
        op = fw_build_op(at->b, ZC_FW_OP_META_SET, "xt target SET");
        if (op) {
                op->key = (uint8_t)key;
                op->sreg = SCRATCH;
        }
}

void fw_ipset_target(const struct fw_place *at, struct zc_rd info, uint32_t revision)
{
        struct xt_set_info_target_v3 i = { .map_set.index = IPSET_INVALID_ID };
        const size_t size = revision == 3 ? sizeof i : sizeof(struct xt_set_info_target_v1);
        const struct zc_rd none = { 0 };

        if (revision == 0 || revision > 3 || !zc_rd_copy(&info, &i, size)) {
                (void)fw_build_op(at->b, ZC_FW_OP_UNKNOWN, "xt target SET");
                fw_place_gap(at, ZC_FW_IN_OPS, none, "xt target, revision %u: SET",
                             (unsigned)revision);
                return;
        }
        mark_change(at->b->ipsets, i.add_set.index, true);
        mark_change(at->b->ipsets, i.del_set.index, false);
        if (revision == 3 && (i.flags & IPSET_FLAG_MAP_SKBMARK))
                changed(at, NFT_META_MARK);
        if (revision == 3 && (i.flags & IPSET_FLAG_MAP_SKBPRIO))
                changed(at, NFT_META_PRIORITY);
        (void)fw_build_op(at->b, ZC_FW_OP_NEUTRAL, "xt target SET");
}

static bool holds(const struct fw_ipset *list, const struct fw_ipset *member)
{
        for (size_t i = 0; i < list->members.count && member->name; i++) {
                if (strcmp(*fw_build_at(list->members, char *, i), member->name) == 0)
                        return true;
        }
        return false;
}

/** A list changes with its members, and they with it. */
static void settle_one(const struct fw_ipsets *s, const struct fw_ipset_use *use)
{
        const struct fw_ipset *of = fw_ipset_at(s, use->number);

        for (uint32_t i = 0; i < s->list.count; i++) {
                const struct fw_ipset *other = fw_ipset_at(s, i);

                if (other == of || holds(of, other) || holds(other, of)) {
                        use->set->learns |= other->learns;
                        use->set->weak |= other->forgets;
                }
        }
}

void fw_ipsets_settle(struct fw_ipsets *s)
{
        for (size_t i = 0; i < s->uses.count; i++)
                settle_one(s, fw_build_at(s->uses, struct fw_ipset_use, i));
        s->uses.count = 0;
        for (uint32_t i = 0; i < s->list.count; i++)
                fw_ipset_at(s, i)->learns = fw_ipset_at(s, i)->forgets = false;
}
