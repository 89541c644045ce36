/**
 * The wire of nf_tables' answers. Every message is
 *
 *      nfgenmsg  u8 family, u8 version, be16 low bits of the generation     then attributes
 *
 * Integers are big-endian. Nests arrive without NLA_F_NESTED, so what is nested is known from the schema alone. Parsing is by
 * tables of rows; an attribute without a row is reported, never passed over in silence.
 */
#include "nft_wire.h"

#include <string.h>

#include "zc/netlink.h"

enum kind { NAME, TEXT, U32, U64, NEST, KNOWN };

struct row {
        uint16_t type;
        uint16_t at; /* offset in the struct */
        uint8_t kind;
        bool needed;
};

#define AT(type, member) offsetof(struct type, member)

static const struct row table_rows[] = {
        { 1, AT(zc_nft_table, name), NAME, true }, { 2, AT(zc_nft_table, flags), U32, false },
        { 3, 0, KNOWN, false } /* use */,          { 4, AT(zc_nft_table, handle), U64, false },
        { 5, 0, KNOWN, false } /* pad */,          { 6, 0, KNOWN, false } /* user data */,
        { 7, 0, KNOWN, false } /* owner */,
};

static const struct row chain_rows[] = {
        { 1, AT(zc_nft_chain, table), NAME, true },
        { 2, AT(zc_nft_chain, handle), U64, false },
        { 3, AT(zc_nft_chain, name), NAME, true },
        { 4, 0, KNOWN, false }, /* hook: chain_hook() */
        { 5, 0, KNOWN, false }, /* policy: chain_policy() */
        { 6, 0, KNOWN, false }, /* use */
        { 7, AT(zc_nft_chain, type), TEXT, false },
        { 8, 0, KNOWN, false }, /* counters */
        { 9, 0, KNOWN, false }, /* pad */
        { 10, AT(zc_nft_chain, flags), U32, false },
        { 11, 0, KNOWN, false }, /* id */
        { 12, 0, KNOWN, false }, /* user data */
};

static const struct row rule_rows[] = {
        { 1, AT(zc_nft_rule, table), NAME, true },
        { 2, AT(zc_nft_rule, chain), NAME, true },
        { 3, AT(zc_nft_rule, handle), U64, false },
        { 4, AT(zc_nft_rule, expressions), NEST, false },
        { 5, 0, KNOWN, false }, /* compat */
        { 6, 0, KNOWN, false }, /* position */
        { 7, AT(zc_nft_rule, userdata), NEST, false },
        { 8, 0, KNOWN, false },  /* pad */
        { 9, 0, KNOWN, false },  /* id */
        { 10, 0, KNOWN, false }, /* position id */
        { 11, 0, KNOWN, false }, /* chain id */
};

/* Only what counts them is read; 19 (type) and 20 (count) came with 6.18. */
static const struct row set_rows[] = {
        { 1, AT(zc_nft_set, table), NAME, true },
        { 2, AT(zc_nft_set, name), NAME, true },
        { 3, AT(zc_nft_set, flags), U32, false },
        { 4, 0, KNOWN, false },
        { 5, AT(zc_nft_set, key_size), U32, false },
        { 6, AT(zc_nft_set, data_type), U32, false },
        { 7, AT(zc_nft_set, data_size), U32, false },
        { 8, 0, KNOWN, false },
        { 9, AT(zc_nft_set, description), NEST, false },
        { 10, 0, KNOWN, false },
        { 11, 0, KNOWN, false },
        { 12, 0, KNOWN, false },
        { 13, 0, KNOWN, false },
        { 14, 0, KNOWN, false },
        { 15, AT(zc_nft_set, object), U32, false },
        { 16, 0, KNOWN, false },
        { 17, AT(zc_nft_set, expression), NEST, false },
        { 18, AT(zc_nft_set, expressions), NEST, false },
        { 19, 0, KNOWN, false },
        { 20, AT(zc_nft_set, count), U32, false },
};

static const struct row elements_rows[] = {
        { 1, AT(zc_nft_elements, table), NAME, true },
        { 2, AT(zc_nft_elements, set), NAME, true },
        { 3, AT(zc_nft_elements, list), NEST, false },
        { 4, 0, KNOWN, false }, /* set id */
};

static const struct row *row_find(const struct row *rows, size_t count, uint16_t type)
{
        for (size_t i = 0; i < count; i++) {
                if (rows[i].type == type)
                        return &rows[i];
        }
        return NULL;
}

static bool store(const struct row *row, struct zc_rd value, void *out)
{
        uint8_t *at = (uint8_t *)out + row->at;
        struct zc_rd text = zc_nla_text(value);
        uint32_t v32;
        uint64_t v64;

        switch ((enum kind)row->kind) {
        case NAME:
                if (text.n == 0)
                        return false;
                memcpy(at, &text, sizeof text);
                return true;
        case TEXT:
                memcpy(at, &text, sizeof text);
                return true;
        case U32:
                if (!zc_nla_be32(value, &v32))
                        return false;
                memcpy(at, &v32, sizeof v32);
                return true;
        case U64:
                if (!zc_nla_be64(value, &v64))
                        return false;
                memcpy(at, &v64, sizeof v64);
                return true;
        case NEST:
                memcpy(at, &value, sizeof value);
                return true;
        case KNOWN:
                return true;
        }
        return false;
}

/** Reads the attributes of one message or nest by its rows. A later duplicate wins, as in the kernel's own parser. */
static bool by_rows(struct zc_rd attrs, const struct row *rows, size_t count, void *out,
                    uint32_t *unknown, struct zc_err *err)
{
        uint64_t seen = 0;
        struct zc_rd value;
        uint16_t type;
        bool bad = false;

        while (zc_nla_next(&attrs, &type, &value, &bad)) {
                const struct row *row = row_find(rows, count, type);

                if (!row) {
                        *unknown = *unknown ? *unknown : type;
                        continue;
                }
                if (!store(row, value, out))
                        return zc_fail(err, ZC_E_MALFORMED, "attribute %u of %zu bytes", type,
                                       value.n);
                seen |= 1ull << (row - rows);
        }
        if (bad)
                return zc_fail(err, ZC_E_MALFORMED, "an attribute ends early, %zu bytes left",
                               attrs.n);
        for (size_t i = 0; i < count; i++) {
                if (rows[i].needed && !(seen & 1ull << i))
                        return zc_fail(err, ZC_E_MALFORMED, "attribute %u is missing",
                                       rows[i].type);
        }
        return true;
}

static bool family_of(struct zc_rd *payload, uint8_t *family, struct zc_err *err)
{
        if (!zc_rd_u8(payload, family) || !zc_rd_skip(payload, 3))
                return zc_fail(err, ZC_E_MALFORMED, "%zu bytes where the header takes 4",
                               payload->n);
        return true;
}

bool zc_nft_table_parse(struct zc_rd payload, struct zc_nft_table *out, struct zc_err *err)
{
        struct zc_nft_table t = { 0 };

        if (!family_of(&payload, &t.family, err) ||
            !by_rows(payload, table_rows, ZC_COUNT(table_rows), &t, &t.unknown, err))
                return zc_ctx(err, "nftables table");
        *out = t;
        return true;
}

/** A list of devices: {1: name} or {2: what names start with}. */
static bool check_devices(struct zc_rd list, bool *unknown)
{
        struct zc_rd value;
        uint16_t type;
        bool bad = false;

        while (zc_nla_next(&list, &type, &value, &bad))
                *unknown |= type != 1 && type != 2;
        return !bad;
}

/** NFTA_CHAIN_HOOK: number 1, priority 2, one device 3, several 4. */
static bool chain_hook(struct zc_rd hook, struct zc_nft_chain *c)
{
        struct zc_rd value;
        uint32_t priority = 0;
        uint16_t type;
        unsigned seen = 0;
        bool bad = false;

        for (struct zc_rd in = hook; zc_nla_next(&in, &type, &value, &bad);) {
                if (type == 1 && !zc_nla_be32(value, &c->hook))
                        return false;
                if (type == 2 && !zc_nla_be32(value, &priority))
                        return false;
                if (type == 3)
                        c->device = zc_nla_text(value);
                if (type == 4) {
                        if (!check_devices(value, &c->devices_unknown))
                                return false;
                        c->devices = value;
                }
                c->devices_unknown |= type > 4;
                seen |= type < 32 ? 1u << type : 0;
        }
        c->priority = (int32_t)priority;
        c->base = true;
        return !bad && (seen & 6) == 6;
}

static bool chain_place(struct zc_rd attrs, struct zc_nft_chain *c, struct zc_err *err)
{
        struct zc_rd value;
        uint16_t type;
        bool bad = false;

        while (zc_nla_next(&attrs, &type, &value, &bad)) {
                if (type == 4 && !chain_hook(value, c))
                        return zc_fail(err, ZC_E_MALFORMED, "hook of %zu bytes", value.n);
                if (type == 5 && !zc_nla_be32(value, &c->policy))
                        return zc_fail(err, ZC_E_MALFORMED, "policy of %zu bytes", value.n);
                c->has_policy |= type == 5;
        }
        return true;
}

bool zc_nft_chain_parse(struct zc_rd payload, struct zc_nft_chain *out, struct zc_err *err)
{
        struct zc_nft_chain c = { 0 };

        if (!family_of(&payload, &c.family, err) ||
            !by_rows(payload, chain_rows, ZC_COUNT(chain_rows), &c, &c.unknown, err) ||
            !chain_place(payload, &c, err))
                return zc_ctx(err, "nftables chain");
        *out = c;
        return true;
}

bool zc_nft_rule_parse(struct zc_rd payload, struct zc_nft_rule *out, struct zc_err *err)
{
        struct zc_nft_rule r = { 0 };

        if (!family_of(&payload, &r.family, err) ||
            !by_rows(payload, rule_rows, ZC_COUNT(rule_rows), &r, &r.unknown, err))
                return zc_ctx(err, "nftables rule");
        *out = r;
        return true;
}

bool zc_nft_set_parse(struct zc_rd payload, struct zc_nft_set *out, struct zc_err *err)
{
        struct zc_nft_set s = { 0 };

        if (!family_of(&payload, &s.family, err) ||
            !by_rows(payload, set_rows, ZC_COUNT(set_rows), &s, &s.unknown, err))
                return zc_ctx(err, "nftables set");
        *out = s;
        return true;
}

bool zc_nft_elements_parse(struct zc_rd payload, struct zc_nft_elements *out, struct zc_err *err)
{
        struct zc_nft_elements l = { 0 };

        if (!family_of(&payload, &l.family, err) ||
            !by_rows(payload, elements_rows, ZC_COUNT(elements_rows), &l, &l.unknown, err))
                return zc_ctx(err, "nftables elements");
        *out = l;
        return true;
}

/** A nest's one attribute of that type; empty when it is not there. */
static struct zc_rd inside(struct zc_rd nest, uint16_t wanted, bool *bad)
{
        struct zc_rd found = { 0 }, value;
        uint16_t type;

        while (zc_nla_next(&nest, &type, &value, bad)) {
                if (type == wanted)
                        found = value;
        }
        return found;
}

/** What an attribute of an element says. False when it is malformed. */
static bool element_attr(struct zc_nft_element *e, uint16_t type, struct zc_rd value)
{
        bool bad = false;

        switch (type) {
        case 1: /* key */
                e->key = inside(value, 1, &bad);
                break;
        case 2: /* data */
                e->value = inside(value, 1, &bad);
                e->verdict = inside(value, 2, &bad);
                break;
        case 3: /* flags */
                return zc_nla_be32(value, &e->flags);
        case 4: /* timeout, expiration */
        case 5:
                e->timed = true;
                break;
        case 6: /* user data, padding, the name of an object */
        case 8:
        case 9:
                break;
        case 7:
                e->expression = value;
                break;
        case 10: /* key's end */
                e->end = inside(value, 1, &bad);
                e->key_end = true;
                break;
        case 11:
                e->expressions = value;
                break;
        default:
                e->unknown = e->unknown ? e->unknown : type ? type : UINT16_MAX;
        }
        return !bad;
}

bool zc_nft_element_next(struct zc_rd *list, struct zc_nft_element *out, bool *bad)
{
        struct zc_nft_element e = { 0 };
        struct zc_rd attrs, value;
        uint16_t type;

        if (!zc_nla_next(list, &type, &attrs, bad))
                return false;
        while (!*bad && zc_nla_next(&attrs, &type, &value, bad))
                *bad = !element_attr(&e, type, value);
        if (*bad)
                return false;
        *out = e;
        return true;
}

bool zc_nft_gen_parse(struct zc_rd payload, uint32_t *generation, struct zc_err *err)
{
        struct gen {
                uint32_t id;
        } g = { 0 };
        static const struct row rows[] = { { 1, AT(gen, id), U32, true },
                                           { 2, 0, KNOWN, false },
                                           { 3, 0, KNOWN, false } };
        uint32_t unknown = 0;
        uint8_t family;

        if (!family_of(&payload, &family, err) ||
            !by_rows(payload, rows, ZC_COUNT(rows), &g, &unknown, err))
                return zc_ctx(err, "nftables generation");
        *generation = g.id;
        return true;
}

bool zc_nft_device_next(struct zc_rd *devices, struct zc_rd *name, bool *prefix)
{
        struct zc_rd value;
        uint16_t type;
        bool bad;

        while (zc_nla_next(devices, &type, &value, &bad)) {
                if (type != 1 && type != 2)
                        continue;
                *name = zc_nla_text(value);
                *prefix = type == 2;
                return true;
        }
        return false;
}

bool zc_nft_expr_parse(struct zc_rd attrs, struct zc_nft_expr *out)
{
        struct zc_nft_expr e = { 0 };
        struct zc_rd value;
        uint16_t type;
        bool bad = false;

        while (zc_nla_next(&attrs, &type, &value, &bad)) {
                if (type == 1)
                        e.name = zc_nla_text(value);
                else if (type == 2)
                        e.data = value;
        }
        if (!bad)
                *out = e;
        return !bad;
}

bool zc_nft_expr_next(struct zc_rd *list, struct zc_nft_expr *out, bool *bad)
{
        struct zc_rd attrs;
        uint16_t type;

        if (!zc_nla_next(list, &type, &attrs, bad))
                return false;
        *bad = !zc_nft_expr_parse(attrs, out);
        return !*bad;
}

/** {size 1, concatenation 2 {1 {length 1}, …}}: lengths came back in bytes, whatever the header says (measured). */
size_t zc_nft_fields(struct zc_rd description, uint8_t *widths, size_t max)
{
        struct zc_rd fields, field;
        uint32_t width;
        uint16_t type;
        size_t n = 0;
        bool bad = false;

        fields = inside(description, 2, &bad);
        while (!bad && zc_nla_next(&fields, &type, &field, &bad)) {
                if (n == max || !zc_nla_be32(inside(field, 1, &bad), &width) || width == 0 ||
                    width > 64)
                        return 0;
                widths[n++] = (uint8_t)width;
        }
        return bad ? 0 : n;
}

struct zc_rd zc_nft_comment(struct zc_rd userdata)
{
        struct zc_rd none = { 0 }, value;
        uint8_t type;

        while (zc_rd_u8(&userdata, &type) && zc_rd_vec8(&userdata, &value)) {
                if (type == 0)
                        return zc_nla_text(value);
        }
        return none;
}

static bool named_parse(struct zc_rd payload, const struct row *rows, size_t count,
                        struct zc_nft_named *out, struct zc_err *err)
{
        struct zc_nft_named n = { 0 };
        uint32_t unknown = 0;

        if (!family_of(&payload, &n.family, err) ||
            !by_rows(payload, rows, count, &n, &unknown, err))
                return false;
        *out = n;
        return true;
}

bool zc_nft_object_parse(struct zc_rd payload, struct zc_nft_named *out, struct zc_err *err)
{
        static const struct row rows[] = { { 1, AT(zc_nft_named, table), NAME, true },
                                           { 2, AT(zc_nft_named, name), NAME, true },
                                           { 3, AT(zc_nft_named, type), U32, true } };

        return named_parse(payload, rows, ZC_COUNT(rows), out, err)
                       ? true
                       : zc_ctx(err, "nftables object");
}

bool zc_nft_flowtable_parse(struct zc_rd payload, struct zc_nft_named *out, struct zc_err *err)
{
        static const struct row rows[] = { { 1, AT(zc_nft_named, table), NAME, true },
                                           { 2, AT(zc_nft_named, name), NAME, true } };

        return named_parse(payload, rows, ZC_COUNT(rows), out, err)
                       ? true
                       : zc_ctx(err, "nftables flow table");
}
