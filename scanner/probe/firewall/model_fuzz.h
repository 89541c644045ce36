/** What the model promises of a ruleset that was built, whatever it was built from: for fuzz targets. Aborts where it does not hold. */
#ifndef ZC_FW_MODEL_FUZZ_H
#define ZC_FW_MODEL_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "zc/fw.h"

static inline void must(bool holds)
{
        if (!holds)
                abort();
}

static inline bool slot_fits(uint8_t slot)
{
        return slot == ZC_FW_NO_SLOT || slot < ZC_FW_SLOTS;
}

static inline void check_op(const struct zc_fw_ruleset *rs, const struct zc_fw_op *op)
{
        must(op->kind <= ZC_FW_OP_UNKNOWN && op->name && op->len <= ZC_FW_REG_BYTES);
        must(slot_fits(op->sreg) && slot_fits(op->dreg) && slot_fits(op->sreg2));
        if (op->dreg != ZC_FW_NO_SLOT)
                must(op->dreg * 4u + op->len <= ZC_FW_REG_BYTES);
        if (op->kind == ZC_FW_OP_CMP || op->kind == ZC_FW_OP_RANGE)
                must(op->u.data.a && op->sreg != ZC_FW_NO_SLOT &&
                     op->sreg * 4u + op->len <= ZC_FW_REG_BYTES);
        if (op->kind == ZC_FW_OP_LOOKUP || op->kind == ZC_FW_OP_DYNSET)
                must(op->u.set && op->sreg != ZC_FW_NO_SLOT);
        if (op->kind == ZC_FW_OP_VERDICT &&
            (op->u.verdict.code == ZC_FW_JUMP || op->u.verdict.code == ZC_FW_GOTO))
                must(op->u.verdict.chain < rs->chain_count);
}

static inline void check_set(const struct zc_fw_ruleset *rs, const struct zc_fw_set *s)
{
        const size_t n = s->key_len;

        must(s->table < rs->table_count && s->name);
        if (!s->read)
                return;
        must(n > 0 && n <= ZC_FW_KEY_MAX && (!s->ordered || s->field_count > 0));
        for (size_t i = 0; i < s->count && !s->ordered; i++)
                must(i == 0 || memcmp(s->hi + (i - 1) * n, s->lo + i * n, n) <= 0);
        for (size_t i = 0; i < s->count && s->verdicts; i++) {
                const struct zc_fw_verdict *v = &s->verdict[i];

                must((v->code != ZC_FW_JUMP && v->code != ZC_FW_GOTO) ||
                     v->chain < rs->chain_count);
        }
        must(!s->map || s->verdicts || s->objects || s->count == 0 || s->data);
}

/** @rules: how many were opened. */
static inline void check(const struct zc_fw_ruleset *rs, size_t rules)
{
        for (size_t i = 0; i < rs->chain_count; i++) {
                const struct zc_fw_chain *c = &rs->chains[i];

                must(c->table < rs->table_count && c->name);
                rules -= c->rule_count;
                for (size_t r = 0; r < c->rule_count; r++)
                        must(c->rules[r].first + c->rules[r].count <= rs->op_count);
        }
        must(rules == 0); /* every rule is in one chain */
        for (size_t i = 0; i < rs->op_count; i++)
                check_op(rs, &rs->ops[i]);
        for (size_t i = 0; i < rs->set_count; i++)
                check_set(rs, &rs->sets[i]);
        for (size_t i = 0; i < rs->gap_count; i++)
                must(rs->gaps[i].what && rs->gaps[i].where);
}

#endif
