/**
 * An expression's attributes. Each is one row of letters: an attribute without a letter is reported by its number, one of another
 * size than its letter's is refused, and so is the lack of one that is needed.
 */
#include "expr_wire.h"

#include <string.h>

#include "zc/netlink.h"

static bool number_of(size_t size, struct zc_rd value, uint64_t *out)
{
        uint64_t n = 0;

        if (value.n != size)
                return false;
        for (size_t i = 0; i < size; i++)
                n = n << 8 | value.p[i];
        *out = n;
        return true;
}

/** {1: value} or {2: verdict}. */
static bool data_of(struct zc_rd nest, struct zc_rd *out, bool *verdict)
{
        struct zc_rd value;
        uint16_t type;
        bool bad = false, found = false;

        while (zc_nla_next(&nest, &type, &value, &bad)) {
                if (type != 1 && type != 2)
                        return false;
                *out = value;
                *verdict = type == 2;
                found = true;
        }
        return found && !bad;
}

static bool take(char kind, unsigned n, struct zc_rd value, struct nft_attrs *a)
{
        bool verdict = false;

        switch ((enum nft_attr_kind)kind) {
        case NFT_ATTR_U8:
        case NFT_ATTR_BE16:
        case NFT_ATTR_BE32:
        case NFT_ATTR_BE64:
                return number_of((size_t)(kind - '0'), value, &a->number[n]);
        case NFT_ATTR_TEXT:
                a->bytes[n] = zc_nla_text(value);
                return a->bytes[n].n > 0;
        case NFT_ATTR_BYTES:
        case NFT_ATTR_NEST:
                a->bytes[n] = value;
                return true;
        case NFT_ATTR_DATA:
                if (!data_of(value, &a->bytes[n], &verdict))
                        return false;
                a->verdicts =
                        (uint16_t)(verdict ? a->verdicts | NFT_BIT(n) : a->verdicts & ~NFT_BIT(n));
                return true;
        case NFT_ATTR_PAD:
                return true;
        }
        return false;
}

bool nft_attrs_parse(const struct nft_schema *schema, struct zc_rd data, struct nft_attrs *out,
                     struct zc_err *err)
{
        const size_t known = strlen(schema->kinds);
        struct nft_attrs a = { 0 };
        struct zc_rd value;
        uint16_t type;
        bool bad = false;

        while (zc_nla_next(&data, &type, &value, &bad)) {
                if (type == 0 || type > known) {
                        a.unknown = a.unknown ? a.unknown : type ? type : UINT16_MAX;
                        continue;
                }
                if (!take(schema->kinds[type - 1], type, value, &a))
                        return zc_fail(err, ZC_E_MALFORMED, "%s: attribute %u of %zu bytes",
                                       schema->name, type, value.n);
                a.there |= NFT_BIT(type);
        }
        if (bad)
                return zc_fail(err, ZC_E_MALFORMED, "%s: an attribute ends early, %zu bytes left",
                               schema->name, data.n);
        if ((a.there & schema->needs) != schema->needs)
                return zc_fail(err, ZC_E_MALFORMED, "%s: of the attributes %#x only %#x are there",
                               schema->name, schema->needs, a.there);
        *out = a;
        return true;
}

bool nft_verdict_parse(struct zc_rd verdict, int32_t *code, struct zc_rd *chain, struct zc_err *err)
{
        static const struct nft_schema schema = { "verdict", "4s4", NFT_BIT(1) };
        struct nft_attrs a = { 0 };

        if (!nft_attrs_parse(&schema, verdict, &a, err))
                return false;
        if (a.unknown)
                return zc_fail(err, ZC_E_MALFORMED, "verdict: attribute %u", a.unknown);
        *code = (int32_t)a.number[1];
        *chain = a.bytes[2];
        return true;
}
