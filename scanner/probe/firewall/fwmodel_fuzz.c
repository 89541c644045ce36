/** A whole answer of nf_tables into the model: whatever comes, what the model promises holds. */
#include <stdlib.h>
#include <string.h>

#include "expr_wire.h"
#include "nft.h"
#include "zc/netlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
        if (!holds)
                abort();
}

static bool slot_fits(uint8_t slot)
{
        return slot == ZC_FW_NO_SLOT || slot < ZC_FW_SLOTS;
}

static void check_op(const struct zc_fw_ruleset *rs, const struct zc_fw_op *op)
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

static void check_set(const struct zc_fw_ruleset *rs, const struct zc_fw_set *s)
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

static void check(const struct zc_fw_ruleset *rs, size_t rules)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_arena *arena = zc_arena_new((size_t)64 << 20);
        struct zc_rd in = { data, size };
        struct zc_fw_ruleset rs;
        struct zc_err err = { 0 };
        struct fw_build b;
        struct fw_nft nft;
        struct zc_nlmsg m;
        size_t rules;
        bool bad, wanted = false;

        if (!arena)
                return 0;
        fw_build_init(&b, arena);
        fw_nft_init(&nft, &b);
        while (zc_nlmsg_next(&in, &m, &bad)) {
                if (m.type == ZC_NFT_TYPE(ZC_NFT_NEWSETELEM) && !wanted) {
                        fw_nft_want(&nft);
                        wanted = true;
                }
                err.code = ZC_OK;
                if (!fw_nft_take(&nft, m.type, m.payload, &err) && err.code == ZC_OK)
                        abort();
        }
        for (size_t i = 0; i < nft.sets.count; i++)
                fw_nft_set_done(&nft, i);
        fw_nft_release(&nft);
        rules = b.rules.count;
        if (fw_build_finish(&b, &rs, &err))
                check(&rs, rules);
        else
                fw_build_release(&b);
        zc_arena_free(arena);
        return 0;
}
