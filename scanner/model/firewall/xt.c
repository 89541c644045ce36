/** iptables' matches and targets in the model's ops: those that nobody knows may hold or not, or do anything. */
#include "xt.h"

struct zc_fw_op *zc_fw_ops_add(struct zc_fw_ops *ops, enum zc_fw_op_kind kind)
{
        struct zc_fw_op *op;

        if (ops->count == ops->cap) {
                size_t wanted = ops->cap ? ops->cap * 2 : 4;
                struct zc_fw_op *more = zc_arena_array(ops->arena, wanted, sizeof *more);

                if (!more)
                        return NULL;
                if (ops->count > 0)
                        memcpy(more, ops->list, ops->count * sizeof *more);
                ops->list = more;
                ops->cap = wanted;
        }
        op = &ops->list[ops->count++];
        *op = (struct zc_fw_op){ .kind = (uint8_t)kind,
                                 .sreg = ZC_FW_NO_SLOT,
                                 .dreg = ZC_FW_NO_SLOT,
                                 .sreg2 = ZC_FW_NO_SLOT,
                                 .dir = ZC_FW_NO_SLOT };
        return op;
}

/* ---- steps ---- */

struct zc_fw_op *xt_op(struct xt *x, enum zc_fw_op_kind kind)
{
        struct zc_fw_op *op = zc_fw_ops_add(x->ops, kind);

        if (!op) {
                x->failed = true;
                op = &x->spill;
        }
        op->name = x->name;
        return op;
}

static const uint8_t *kept(struct xt *x, const void *data, size_t len)
{
        static const uint8_t none[ZC_FW_REG_BYTES];
        uint8_t *p = zc_arena_alloc(x->ops->arena, len);

        if (!p) {
                x->failed = true;
                return none;
        }
        memcpy(p, data, len);
        return p;
}

static struct zc_fw_op *load(struct xt *x, enum zc_fw_op_kind kind, unsigned key, unsigned slot)
{
        struct zc_fw_op *op = xt_op(x, kind);

        op->key = (uint8_t)key;
        op->dreg = (uint8_t)slot;
        return op;
}

void xt_payload(struct xt *x, enum zc_fw_base base, unsigned offset, unsigned len)
{
        struct zc_fw_op *op = load(x, ZC_FW_OP_PAYLOAD, base, XT_SLOT);

        op->offset = (uint16_t)offset;
        op->len = (uint8_t)len;
}

void xt_meta(struct xt *x, unsigned key, unsigned slot)
{
        (void)load(x, ZC_FW_OP_META, key, slot);
}

void xt_ct(struct xt *x, unsigned key, unsigned dir, unsigned slot)
{
        load(x, ZC_FW_OP_CT, key, slot)->dir = (uint8_t)dir;
}

void xt_immediate(struct xt *x, unsigned slot, const void *data, unsigned len)
{
        struct zc_fw_op *op = load(x, ZC_FW_OP_IMMEDIATE, 0, slot);

        op->len = (uint8_t)len;
        op->u.data.a = kept(x, data, len);
}

void xt_mask_xor(struct xt *x, unsigned slot, const void *mask, const void *flip, unsigned len)
{
        struct zc_fw_op *op = load(x, ZC_FW_OP_BITWISE, 0, slot);

        op->op = ZC_FW_BIT_MASK_XOR;
        op->sreg = (uint8_t)slot;
        op->len = (uint8_t)len;
        op->u.data.a = kept(x, mask, len);
        op->u.data.b = kept(x, flip, len);
}

void xt_combine(struct xt *x, enum zc_fw_bitwise how, unsigned slot, unsigned second)
{
        struct zc_fw_op *op = load(x, ZC_FW_OP_BITWISE, 0, slot);

        op->op = (uint8_t)how;
        op->sreg = (uint8_t)slot;
        op->sreg2 = (uint8_t)second;
        op->len = 4;
}

void xt_shift(struct xt *x, unsigned slot, bool left, unsigned by)
{
        struct zc_fw_op *op = load(x, ZC_FW_OP_BITWISE, 0, slot);

        op->op = left ? ZC_FW_BIT_LSHIFT : ZC_FW_BIT_RSHIFT;
        op->sreg = (uint8_t)slot;
        op->len = 4;
        op->amount = by;
}

void xt_compare(struct xt *x, enum zc_fw_cmp how, const void *data, unsigned len)
{
        struct zc_fw_op *op = xt_op(x, ZC_FW_OP_CMP);

        op->op = (uint8_t)how;
        op->sreg = XT_SLOT;
        op->len = (uint8_t)len;
        op->u.data.a = kept(x, data, len);
}

void xt_equals(struct xt *x, const void *data, unsigned len, bool invert)
{
        xt_compare(x, invert ? ZC_FW_NE : ZC_FW_EQ, data, len);
}

void xt_never(struct xt *x)
{
        static const uint8_t zeros[4];

        xt_immediate(x, XT_SLOT, zeros, 4);
        xt_equals(x, zeros, 4, true);
}

void xt_between(struct xt *x, const void *lo, const void *hi, unsigned len, bool invert)
{
        struct zc_fw_op *op = xt_op(x, ZC_FW_OP_RANGE);

        op->sreg = XT_SLOT;
        op->len = (uint8_t)len;
        op->invert = invert;
        op->u.data.a = kept(x, lo, len);
        op->u.data.b = kept(x, hi, len);
}

struct zc_fw_set *xt_lookup(struct xt *x, unsigned key_len, size_t most, bool invert, uint8_t **lo,
                            uint8_t **hi)
{
        struct zc_fw_set *set = zc_arena_new_of(x->ops->arena, struct zc_fw_set);
        struct zc_fw_op *op;

        *lo = zc_arena_array(x->ops->arena, most + 1, key_len);
        *hi = zc_arena_array(x->ops->arena, most + 1, key_len);
        if (!set || !*lo || !*hi) {
                x->failed = true;
                return NULL;
        }
        *set = (struct zc_fw_set){ .name = "__xt",
                                   .key_len = key_len,
                                   .anonymous = true,
                                   .read = true,
                                   .lo = *lo,
                                   .hi = *hi };
        op = xt_op(x, ZC_FW_OP_LOOKUP);
        op->sreg = XT_SLOT;
        op->len = (uint8_t)key_len;
        op->invert = invert;
        op->u.set = set;
        return set;
}

void xt_maybe(struct xt *x)
{
        (void)xt_op(x, ZC_FW_OP_MAYBE);
}

void xt_ports_between(struct xt *x, unsigned lo, unsigned hi, bool invert)
{
        uint8_t from[2], to[2];

        xt_be16(from, lo);
        xt_be16(to, hi);
        xt_between(x, from, to, 2, invert);
}

void xt_bits_of_number(struct xt *x, unsigned slot, uint32_t mask)
{
        static const uint8_t zeros[sizeof(mask)];

        xt_mask_xor(x, slot, &mask, zeros, sizeof(mask));
}

void xt_be16(uint8_t out[2], unsigned v)
{
        out[0] = (uint8_t)(v >> 8);
        out[1] = (uint8_t)v;
}

/* ---- the two entrances ---- */

static const struct xt_row *row_find(const struct xt_row *rows, size_t n, const char *name,
                                     uint32_t revision, enum zc_fw_family family)
{
        unsigned bit = family == ZC_FW_IP ? XT_V4 : family == ZC_FW_IP6 ? XT_V6 : 0;

        for (size_t i = 0; i < n; i++) {
                if ((rows[i].families & bit) && revision >= rows[i].first &&
                    revision <= rows[i].last && strcmp(rows[i].name, name) == 0)
                        return &rows[i];
        }
        return NULL;
}

static bool read_one(struct xt *x, const struct xt_row *row, enum zc_fw_op_kind plain,
                     enum zc_fw_op_kind strange, bool *known, struct zc_err *err)
{
        if (row && !row->fn)
                (void)xt_op(x, plain);
        else if (row && !row->fn(x))
                return zc_fail(err, ZC_E_MALFORMED,
                               "%s, revision %u: %zu bytes that say nothing sensible", x->name,
                               (unsigned)x->revision, x->in.n);
        if (!row || x->strange) {
                (void)xt_op(x, strange);
                *known = false;
        }
        if (x->failed)
                return zc_fail(err, ZC_E_NOMEM, "%s", x->name);
        return true;
}

static bool begin(struct xt *x, const char *what, const char *name, struct zc_err *err)
{
        x->name = zc_arena_printf(x->ops->arena, "xt %s %s", what, name);
        return x->name || zc_fail(err, ZC_E_NOMEM, "xt %s %s", what, name);
}

bool zc_fw_xt_match(struct zc_fw_ops *ops, const char *name, uint32_t revision, struct zc_rd info,
                    enum zc_fw_family family, bool *known, struct zc_err *err)
{
        struct xt x = { .ops = ops, .in = info, .revision = revision, .six = family == ZC_FW_IP6 };

        return begin(&x, "match", name, err) &&
               read_one(&x, row_find(xt_matches, xt_match_count, name, revision, family),
                        ZC_FW_OP_MAYBE, ZC_FW_OP_MAYBE, known, err);
}

bool zc_fw_xt_target(struct zc_fw_ops *ops, const char *name, uint32_t revision, struct zc_rd info,
                     enum zc_fw_family family, bool *known, struct zc_err *err)
{
        struct xt x = { .ops = ops, .in = info, .revision = revision, .six = family == ZC_FW_IP6 };

        return begin(&x, "target", name, err) &&
               read_one(&x, row_find(xt_targets, xt_target_count, name, revision, family),
                        ZC_FW_OP_NEUTRAL, ZC_FW_OP_UNKNOWN, known, err);
}
