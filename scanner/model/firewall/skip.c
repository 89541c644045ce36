/** Which rules need not be tried: those that hold for one transport protocol alone, which is known of every packet. */
#include "eval.h"

/* Loads and conditions: whoever comes past them has changed nothing. */
static bool is_pure(const struct zc_fw_op *op)
{
        switch (op->kind) {
        case ZC_FW_OP_PAYLOAD:
        case ZC_FW_OP_META:
        case ZC_FW_OP_CT:
        case ZC_FW_OP_FIB:
        case ZC_FW_OP_IMMEDIATE:
        case ZC_FW_OP_BITWISE:
        case ZC_FW_OP_BYTEORDER:
        case ZC_FW_OP_CMP:
        case ZC_FW_OP_RANGE:
        case ZC_FW_OP_NEUTRAL:
                return true;
        default:
                return false;
        }
}

static bool loads_protocol(const struct zc_fw_op *op, enum zc_fw_family family, bool rewritten)
{
        if (op->kind == ZC_FW_OP_META)
                return op->key == FW_META_L4PROTO;
        return op->kind == ZC_FW_OP_PAYLOAD && op->key == ZC_FW_BASE_NETWORK && op->len == 1 &&
               !rewritten &&
               ((family == ZC_FW_IP && op->offset == 9) ||
                (family == ZC_FW_IP6 && op->offset == 6));
}

static uint16_t protocol_of(const struct zc_fw_op *op, const struct zc_fw_op *end,
                            enum zc_fw_family family, bool rewritten)
{
        uint8_t slot = ZC_FW_NO_SLOT;

        for (; op < end && is_pure(op); op++) {
                if (loads_protocol(op, family, rewritten))
                        slot = op->dreg;
                else if (op->kind == ZC_FW_OP_CMP && op->sreg == slot && op->op == ZC_FW_EQ &&
                         op->len == 1)
                        return op->u.data.a[0];
                else if (op->kind != ZC_FW_OP_CMP && op->kind != ZC_FW_OP_RANGE &&
                         op->kind != ZC_FW_OP_NEUTRAL)
                        slot = ZC_FW_NO_SLOT; /* perhaps overwritten */
        }
        return FW_ANY_PROTOCOL;
}

bool fw_index_rules(struct zc_fw_machine *m)
{
        const struct zc_fw_ruleset *rs = m->rs;
        bool rewritten = false;

        m->protocol = zc_arena_array(m->arena, rs->op_count + 1, sizeof(*m->protocol));
        if (!m->protocol)
                return false;
        for (size_t i = 0; i <= rs->op_count; i++)
                m->protocol[i] = FW_ANY_PROTOCOL;
        for (size_t i = 0; i < rs->op_count; i++)
                rewritten |= rs->ops[i].kind == ZC_FW_OP_PAYLOAD_SET &&
                             rs->ops[i].key == ZC_FW_BASE_NETWORK && rs->ops[i].offset <= 9;
        for (size_t i = 0; i < rs->chain_count; i++) {
                const struct zc_fw_chain *chain = &rs->chains[i];

                for (size_t r = 0; r < chain->rule_count; r++) {
                        const struct zc_fw_rule *rule = &chain->rules[r];

                        if (rule->count > 0)
                                m->protocol[rule->first] = protocol_of(
                                        rs->ops + rule->first, rs->ops + rule->first + rule->count,
                                        rs->tables[chain->table].family, rewritten);
                }
        }
        return true;
}
