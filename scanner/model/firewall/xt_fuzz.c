/** A match or target of iptables, whatever its bytes: the ops keep what the model promises of them. */
#include <stdlib.h>

#include "xt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
        if (!holds)
                abort();
}

static void check_op(const struct zc_fw_op *op)
{
        const struct zc_fw_set *s = op->u.set;

        must(op->kind <= ZC_FW_OP_UNKNOWN && op->name && op->len <= ZC_FW_REG_BYTES);
        if (op->dreg != ZC_FW_NO_SLOT)
                must(op->dreg >= XT_ADDR_MIN && op->dreg * 4u + op->len <= ZC_FW_REG_BYTES);
        if (op->sreg != ZC_FW_NO_SLOT)
                must(op->sreg * 4u + op->len <= ZC_FW_REG_BYTES);
        if (op->kind == ZC_FW_OP_CMP || op->kind == ZC_FW_OP_RANGE)
                must(op->u.data.a && op->sreg != ZC_FW_NO_SLOT);
        if (op->kind != ZC_FW_OP_LOOKUP)
                return;
        must(s && s->read && s->key_len <= ZC_FW_KEY_MAX);
        for (size_t i = 1; i < s->count && !s->ordered; i++)
                must(memcmp(s->hi + (i - 1) * s->key_len, s->lo + i * s->key_len, s->key_len) < 0);
}

/* Which one, its family and revision, then its struct. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_rd in = { data, size };
        struct zc_arena *arena = zc_arena_new((size_t)1 << 20);
        struct zc_fw_ops ops = { .arena = arena };
        struct zc_err err = { 0 };
        uint8_t which, how;
        bool known = true;

        if (arena && zc_rd_u8(&in, &which) && zc_rd_u8(&in, &how)) {
                bool target = how & 128;
                const struct xt_row *row = target ? &xt_targets[which % xt_target_count]
                                                  : &xt_matches[which % xt_match_count];
                enum zc_fw_family family = how & 64 ? ZC_FW_IP6 : ZC_FW_IP;

                if ((target ? zc_fw_xt_target : zc_fw_xt_match)(&ops, row->name, how & 3, in, family, &known, &err))
                        must(known || ops.count > 0);
                for (size_t i = 0; i < ops.count; i++)
                        check_op(&ops.list[i]);
        }
        zc_arena_free(arena);
        return 0;
}
