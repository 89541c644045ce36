/**
 * A rule's expressions, followed through its registers. A register holds a field that we know, or nothing that we know; a comparison
 * of the latter is wide. Numbers of meta and ct are in the machine's byte order, those of headers in the network's.
 */
#include "match.h"

#include <netinet/in.h> /* before the kernel's own, which then leave out the same */

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_conntrack.h>
#include <string.h>

#include "zc/netlink.h"

#define SLOTS 16
#define LOOPBACK_INDEX 1u

struct reg {
        enum fw_field field;
        size_t size;
        bool masked;
        uint8_t mask[FW_KEY];
};

struct work {
        struct zc_arena *arena;
        struct reg regs[SLOTS];
        struct fw_cond *conds;
        struct fw_step *first, **end;
        uint64_t handle;
        bool no_memory;
};

static bool attr(struct zc_rd attrs, uint16_t wanted, struct zc_rd *out)
{
        struct zc_rd value;
        uint16_t type;
        bool bad;

        while (zc_nla_next(&attrs, &type, &value, &bad)) {
                if (type == wanted) {
                        *out = value;
                        return true;
                }
        }
        return false;
}

static uint32_t number(struct zc_rd attrs, uint16_t wanted, uint32_t otherwise)
{
        struct zc_rd value;
        uint32_t n;

        return attr(attrs, wanted, &value) && zc_nla_be32(value, &n) ? n : otherwise;
}

/** {value: bytes} within an attribute. */
static bool bytes_of(struct zc_rd attrs, uint16_t wanted, struct zc_rd *out)
{
        struct zc_rd value;

        return attr(attrs, wanted, &value) && attr(value, NFTA_DATA_VALUE, out);
}

bool fw_range_one(struct zc_rd bytes, struct fw_range *out)
{
        if (bytes.n > FW_KEY)
                return false;
        memset(out->lo, 0, FW_KEY);
        memset(out->hi, 0xff, FW_KEY);
        if (bytes.n > 0) {
                memcpy(out->lo, bytes.p, bytes.n);
                memcpy(out->hi, bytes.p, bytes.n);
        }
        return true;
}

size_t fw_field_size(enum fw_field field)
{
        static const uint8_t sizes[] = {
                [FW_SPORT] = 2,    [FW_DPORT] = 2,   [FW_SADDR4] = 4, [FW_SADDR6] = 16,
                [FW_CT_STATE] = 4, [FW_L4PROTO] = 1, [FW_IIF] = 4,    [FW_IIFNAME] = 16,
                [FW_NFPROTO] = 1,  [FW_PROTOCOL] = 2
        };

        return sizes[field];
}

static struct fw_cond of_protocol(const uint8_t *v)
{
        struct fw_cond c = { .kind = FW_WIDE };

        if (v[0] == 0x08 && v[1] == 0x00)
                c = (struct fw_cond){ .kind = FW_FAMILY, .family = ZC_NFT_IP };
        else if (v[0] == 0x86 && v[1] == 0xdd)
                c = (struct fw_cond){ .kind = FW_FAMILY, .family = ZC_NFT_IP6 };
        return c;
}

struct fw_cond fw_cond_of(enum fw_field field, const struct fw_range *range, size_t n)
{
        struct fw_cond c = { .kind = FW_WIDE, .field = field };
        uint32_t host;

        if (field != FW_NO_FIELD && field < FW_DIMS) {
                c.kind = FW_RANGE;
                c.range = *range;
                return c;
        }
        if (n > FW_KEY || n == 0 || memcmp(range->lo, range->hi, n) != 0)
                return c;
        memcpy(&host, range->lo, sizeof host);
        switch (field) {
        case FW_CT_STATE:
                if (n == sizeof host)
                        c = (struct fw_cond){ .kind = FW_CT, .mask = host };
                break;
        case FW_L4PROTO:
                c.kind = range->lo[0] == IPPROTO_TCP || range->lo[0] == IPPROTO_UDP ? FW_WIDE
                                                                                    : FW_NEVER;
                break;
        case FW_IIF:
                c.kind = n == sizeof host && host == LOOPBACK_INDEX ? FW_NEVER : FW_WIDE;
                break;
        case FW_IIFNAME:
                c.kind = n >= 3 && memcmp(range->lo, "lo", 3) == 0 ? FW_NEVER : FW_WIDE;
                break;
        case FW_NFPROTO:
                if (range->lo[0] == NFPROTO_IPV4 || range->lo[0] == NFPROTO_IPV6)
                        c = (struct fw_cond){ .kind = FW_FAMILY, .family = range->lo[0] };
                break;
        case FW_PROTOCOL:
                return n == 2 ? of_protocol(range->lo) : c;
        default:
                break;
        }
        return c;
}

static void add_cond(struct work *w, struct fw_cond c)
{
        struct fw_cond *kept;

        for (kept = w->conds; c.kind == FW_RANGE && kept; kept = kept->next) {
                if (kept->kind != FW_RANGE || kept->field != c.field)
                        continue;
                if (memcmp(kept->range.lo, c.range.lo, FW_KEY) < 0)
                        memcpy(kept->range.lo, c.range.lo, FW_KEY);
                if (memcmp(kept->range.hi, c.range.hi, FW_KEY) > 0)
                        memcpy(kept->range.hi, c.range.hi, FW_KEY);
                return;
        }
        if (!(kept = zc_arena_new_of(w->arena, struct fw_cond))) {
                w->no_memory = true;
                return;
        }
        *kept = c;
        kept->next = w->conds;
        w->conds = kept;
}

static void add_wide(struct work *w)
{
        add_cond(w, (struct fw_cond){ .kind = FW_WIDE });
}

static struct zc_rd kept_text(struct work *w, struct zc_rd text)
{
        char *copy = zc_arena_strndup(w->arena, (const char *)text.p, text.n);

        w->no_memory |= !copy;
        return (struct zc_rd){ (const uint8_t *)copy, copy ? text.n : 0 };
}

static struct fw_step *add_step(struct work *w, enum zc_nft_effect effect)
{
        struct fw_step *s = zc_arena_new_of(w->arena, struct fw_step);

        if (!s) {
                w->no_memory = true;
                return NULL;
        }
        *s = (struct fw_step){ .effect = effect, .handle = w->handle, .conds = w->conds };
        *w->end = s;
        w->end = &s->next;
        return s;
}

/** Registers 1 to 4 are of 16 bytes, 8 to 23 the same in pieces of 4. SLOTS for none of them. */
static size_t slot(uint32_t reg)
{
        return reg >= 1 && reg <= 4 ? (reg - 1) * 4 : reg >= 8 && reg <= 23 ? reg - 8 : SLOTS;
}

static void forget_all(struct work *w)
{
        memset(w->regs, 0, sizeof w->regs);
}

/** What lies over the new value, and a value that began before it, is gone. */
static void load(struct work *w, uint32_t reg, struct reg value)
{
        size_t at = slot(reg), words = (value.size + 3) / 4;

        if (at == SLOTS || value.field == FW_NO_FIELD || at + words > SLOTS) {
                forget_all(w);
                return;
        }
        for (size_t i = 0; i < SLOTS; i++) {
                if (i < at + words && i + (w->regs[i].size + 3) / 4 > at)
                        w->regs[i] = (struct reg){ 0 };
        }
        w->regs[at] = value;
}

static struct reg reg_of(const struct work *w, uint32_t reg)
{
        static const struct reg unknown;
        size_t at = slot(reg);

        return at == SLOTS ? unknown : w->regs[at];
}

static enum fw_field payload_field(uint32_t base, uint32_t offset, uint32_t size)
{
        static const struct {
                uint32_t base, offset, most;
                bool prefix; /* fewer bytes are its beginning */
                enum fw_field field;
        } rows[] = {
                { NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2, false, FW_SPORT },
                { NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, false, FW_DPORT },
                { NFT_PAYLOAD_NETWORK_HEADER, 12, 4, true, FW_SADDR4 },
                { NFT_PAYLOAD_NETWORK_HEADER, 8, 16, true, FW_SADDR6 },
        };

        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                if (rows[i].base == base && rows[i].offset == offset && size > 0 &&
                    (size == rows[i].most || (rows[i].prefix && size < rows[i].most)))
                        return rows[i].field;
        }
        return FW_NO_FIELD;
}

/** The protocol's byte stands at 9 in IPv4 and at 6 in IPv6, where the other family has something else. */
static enum fw_field protocol_byte(uint8_t family, uint32_t base, uint32_t offset, uint32_t size)
{
        return base == NFT_PAYLOAD_NETWORK_HEADER && size == 1 &&
                               ((family == ZC_NFT_IP && offset == 9) ||
                                (family == ZC_NFT_IP6 && offset == 6))
                       ? FW_L4PROTO
                       : FW_NO_FIELD;
}

static void on_payload(struct work *w, uint8_t family, struct zc_rd data)
{
        uint32_t base = number(data, NFTA_PAYLOAD_BASE, UINT32_MAX);
        uint32_t offset = number(data, NFTA_PAYLOAD_OFFSET, UINT32_MAX);
        uint32_t size = number(data, NFTA_PAYLOAD_LEN, UINT32_MAX);
        struct reg r = { .field = payload_field(base, offset, size), .size = size };
        struct zc_rd source;

        if (attr(data, NFTA_PAYLOAD_SREG, &source)) {
                add_wide(w); /* a packet too short ends the rule */
                if (base != NFT_PAYLOAD_NETWORK_HEADER || offset >= 8 || size > 8 - offset)
                        add_step(w, ZC_NFT_REWRITES); /* what later rules compare is another */
                return;
        }
        if (r.field == FW_NO_FIELD)
                r.field = protocol_byte(family, base, offset, size);
        if (r.field == FW_NO_FIELD)
                add_wide(w);
        load(w, number(data, NFTA_PAYLOAD_DREG, 0), r);
}

static void on_meta(struct work *w, struct zc_rd data)
{
        static const struct {
                uint32_t key;
                enum fw_field field;
        } rows[] = { { NFT_META_PROTOCOL, FW_PROTOCOL },
                     { NFT_META_IIF, FW_IIF },
                     { NFT_META_IIFNAME, FW_IIFNAME },
                     { NFT_META_NFPROTO, FW_NFPROTO },
                     { NFT_META_L4PROTO, FW_L4PROTO } };
        uint32_t key = number(data, NFTA_META_KEY, UINT32_MAX);
        struct reg r = { 0 };

        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                if (rows[i].key == key)
                        r = (struct reg){ .field = rows[i].field,
                                          .size = fw_field_size(rows[i].field) };
        }
        if (r.field == FW_NO_FIELD)
                add_wide(w);
        load(w, number(data, NFTA_META_DREG, 0), r);
}

static void on_ct(struct work *w, struct zc_rd data)
{
        struct reg r = { .field = FW_CT_STATE, .size = 4 };

        if (number(data, NFTA_CT_KEY, UINT32_MAX) != NFT_CT_STATE) {
                r.field = FW_NO_FIELD;
                add_wide(w);
        }
        load(w, number(data, NFTA_CT_DREG, 0), r);
}

static bool all_zero(struct zc_rd bytes)
{
        for (size_t i = 0; i < bytes.n; i++) {
                if (bytes.p[i])
                        return false;
        }
        return true;
}

static void on_bitwise(struct work *w, struct zc_rd data)
{
        struct reg r = reg_of(w, number(data, NFTA_BITWISE_SREG, 0));
        struct zc_rd mask = { 0 }, xor = {
                0
        };

        if (r.field == FW_NO_FIELD || r.masked ||
            number(data, NFTA_BITWISE_OP, NFT_BITWISE_BOOL) != NFT_BITWISE_BOOL ||
            !bytes_of(data, NFTA_BITWISE_MASK, &mask) || !bytes_of(data, NFTA_BITWISE_XOR, &xor) ||
            mask.n != r.size || mask.n > FW_KEY || !all_zero(xor))
                r.field = FW_NO_FIELD;
        else
                memcpy(r.mask, mask.p, mask.n);
        r.masked = true;
        load(w, number(data, NFTA_BITWISE_DREG, 0), r);
}

/** Whether a mask is ones, then zeros. */
static bool is_prefix(const uint8_t *mask, size_t n)
{
        bool over = false;

        for (size_t i = 0; i < n * 8; i++) {
                bool one = mask[i / 8] & 0x80u >> i % 8;

                if (one && over)
                        return false;
                over |= !one;
        }
        return true;
}

static struct fw_cond masked_cond(const struct reg *r, uint32_t op, struct zc_rd value)
{
        struct fw_cond c = { .kind = FW_WIDE };

        if (r->field == FW_CT_STATE && op == NFT_CMP_NEQ && all_zero(value)) {
                c.kind = FW_CT;
                memcpy(&c.mask, r->mask, sizeof c.mask);
        } else if (r->field < FW_DIMS && op == NFT_CMP_EQ && is_prefix(r->mask, r->size) &&
                   fw_range_one(value, &c.range)) {
                c.kind = FW_RANGE;
                c.field = r->field;
                for (size_t i = 0; i < r->size; i++)
                        c.range.hi[i] |= (uint8_t)~r->mask[i];
        }
        return c;
}

static struct fw_cond not_equal(const struct reg *r, const struct fw_range *one, size_t n)
{
        struct fw_cond c = fw_cond_of(r->field, one, n);
        bool loopback = r->field == FW_IIF || r->field == FW_IIFNAME;

        return (struct fw_cond){ .kind = loopback && c.kind == FW_NEVER ? FW_TRUE : FW_WIDE };
}

static struct fw_cond compared(const struct reg *r, uint32_t op, struct zc_rd value)
{
        struct fw_cond wide = { .kind = FW_WIDE };
        struct fw_range range;

        if (r->field == FW_NO_FIELD || value.n == 0 || value.n > r->size ||
            (value.n != r->size && r->field != FW_IIFNAME) || !fw_range_one(value, &range))
                return wide;
        if (r->masked)
                return masked_cond(r, op, value);
        if (op == NFT_CMP_EQ)
                return fw_cond_of(r->field, &range, value.n);
        if (op == NFT_CMP_NEQ)
                return not_equal(r, &range, value.n);
        if (r->field >= FW_DIMS)
                return wide;
        if (op == NFT_CMP_LT || op == NFT_CMP_LTE) /* one more than LT says does no harm */
                memset(range.lo, 0, FW_KEY);
        else
                memset(range.hi, 0xff, FW_KEY);
        return fw_cond_of(r->field, &range, value.n);
}

static void on_cmp(struct work *w, struct zc_rd data)
{
        struct reg r = reg_of(w, number(data, NFTA_CMP_SREG, 0));
        struct zc_rd value = { 0 };

        if (bytes_of(data, NFTA_CMP_DATA, &value))
                add_cond(w, compared(&r, number(data, NFTA_CMP_OP, UINT32_MAX), value));
        else
                add_wide(w);
}

static void on_range(struct work *w, struct zc_rd data)
{
        struct reg r = reg_of(w, number(data, NFTA_RANGE_SREG, 0));
        struct zc_rd from = { 0 }, to = { 0 };
        struct fw_range low, high;

        if (r.field == FW_NO_FIELD || r.field >= FW_DIMS || r.masked ||
            number(data, NFTA_RANGE_OP, NFT_RANGE_NEQ) != NFT_RANGE_EQ ||
            !bytes_of(data, NFTA_RANGE_FROM_DATA, &from) ||
            !bytes_of(data, NFTA_RANGE_TO_DATA, &to) || from.n != r.size || to.n != r.size ||
            !fw_range_one(from, &low) || !fw_range_one(to, &high)) {
                add_wide(w);
                return;
        }
        memcpy(low.hi, high.hi, FW_KEY);
        add_cond(w, fw_cond_of(r.field, &low, r.size));
}

static void on_lookup(struct work *w, struct zc_rd data)
{
        struct reg r = reg_of(w, number(data, NFTA_LOOKUP_SREG, 0));
        struct fw_cond c = { .kind = FW_SET, .field = r.field };
        struct zc_rd name = { 0 };
        bool map = attr(data, NFTA_LOOKUP_DREG, &name);
        bool verdict = map && number(data, NFTA_LOOKUP_DREG, 1) == NFT_REG_VERDICT;

        if (r.masked || r.size != fw_field_size(r.field))
                c.field = FW_NO_FIELD;
        if (attr(data, NFTA_LOOKUP_SET, &name))
                c.set = kept_text(w, zc_nla_text(name));
        if (verdict) {
                struct fw_step *s = add_step(w, ZC_NFT_MAPS);

                if (s) {
                        s->map = c.set;
                        s->field = c.field;
                }
        }
        if (map || c.field == FW_NO_FIELD || number(data, NFTA_LOOKUP_FLAGS, 0) != 0)
                c.kind = FW_WIDE;
        if (map && !verdict)
                forget_all(w);
        add_cond(w, c);
}

/** xt_conntrack in its revisions 2 and 3, which begin the same. */
static struct fw_cond xt_conntrack(struct zc_rd info)
{
        struct fw_cond c = { .kind = FW_WIDE };
        struct xt_conntrack_mtinfo2 m;

        if (info.n < sizeof m)
                return c;
        memcpy(&m, info.p, sizeof m);
        if ((m.match_flags & XT_CONNTRACK_STATE) && !(m.invert_flags & XT_CONNTRACK_STATE))
                c = (struct fw_cond){ .kind = FW_CT, .mask = m.state_mask };
        return c;
}

static void on_match(struct work *w, struct zc_rd data)
{
        struct zc_rd name = { 0 }, info = { 0 };
        uint32_t rev = number(data, NFTA_MATCH_REV, UINT32_MAX);

        if (attr(data, NFTA_MATCH_NAME, &name))
                name = zc_nla_text(name);
        if (attr(data, NFTA_MATCH_INFO, &info) && zc_rd_is(name, "conntrack") &&
            (rev == 2 || rev == 3))
                add_cond(w, xt_conntrack(info));
        else if (!zc_rd_is(name, "comment"))
                add_wide(w);
}

/** What holds back a rule, by expression; false: it is not one that does and that we follow. */
static bool follow(struct work *w, uint8_t family, const struct zc_nft_expr *e)
{
        static const struct {
                const char *name;
                void (*on)(struct work *w, struct zc_rd data);
        } rows[] = { { "meta", on_meta },  { "ct", on_ct },       { "bitwise", on_bitwise },
                     { "cmp", on_cmp },    { "range", on_range }, { "lookup", on_lookup },
                     { "match", on_match } };

        if (zc_rd_is(e->name, "payload")) {
                on_payload(w, family, e->data);
                return true;
        }
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                if (zc_rd_is(e->name, rows[i].name)) {
                        rows[i].on(w, e->data);
                        return true;
                }
        }
        return false;
}

/** One expression. True: what follows it is not reached. */
static bool take(struct work *w, uint8_t family, const struct zc_nft_expr *e, bool *known)
{
        struct zc_rd chain = { 0 };
        enum zc_nft_effect effect = zc_nft_expr_effect(e, &chain, known);
        struct fw_step *s;

        if (effect == ZC_NFT_NEUTRAL) {
                if (zc_rd_is(e->name, "immediate"))
                        forget_all(w);
                return false;
        }
        if (effect == ZC_NFT_CONDITION) {
                if (!follow(w, family, e)) {
                        forget_all(w);
                        add_wide(w);
                }
                return false;
        }
        if ((s = add_step(w, effect)) && chain.n > 0)
                s->chain = kept_text(w, chain);
        return true;
}

bool fw_rule_steps(struct zc_arena *arena, const struct zc_nft_rule *r, struct fw_step **out,
                   struct zc_rd *unknown, bool *bad)
{
        struct work w = { .arena = arena, .handle = r->handle };
        struct zc_rd list = r->expressions;
        struct zc_nft_expr e;
        bool over = false;

        w.end = &w.first;
        *bad = false;
        while (zc_nft_expr_next(&list, &e, bad)) {
                struct zc_rd chain;
                bool known;

                if (!over)
                        over = take(&w, r->family, &e, &known);
                else
                        zc_nft_expr_effect(&e, &chain, &known);
                if (!known && unknown->n == 0)
                        *unknown = e.name;
        }
        *out = w.first;
        return !*bad && !w.no_memory;
}
