/** iptables' matches and targets in the model's ops: the commonest few; of all others nobody knows what they hold or do. */
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>
#include <stddef.h>
#include <string.h>

#include "zc/fw.h"

#define SCRATCH 12
#define STATES                                                                                     \
        (XT_CONNTRACK_STATE_INVALID | 2 | 4 |                                                      \
         8) /* established, related, new: the same bits in both */

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

static bool unknown(struct zc_fw_ops *ops, enum zc_fw_op_kind kind, const char *what,
                    const char *name, bool *known, struct zc_err *err)
{
        struct zc_fw_op *op = zc_fw_ops_add(ops, kind);

        if (!op || !(op->name = zc_arena_printf(ops->arena, "xt %s %s", what, name)))
                return zc_fail(err, ZC_E_NOMEM, "xt %s %s", what, name);
        *known = false;
        return true;
}

static bool no_memory(struct zc_err *err)
{
        return zc_fail(err, ZC_E_NOMEM, "xt");
}

static const uint8_t *word(struct zc_arena *arena, uint32_t value)
{
        uint8_t *p = zc_arena_alloc(arena, sizeof value);

        if (p)
                memcpy(p, &value, sizeof value);
        return p;
}

/** The state of a connection is one of the mask's, or none of them: ct state, and, and a comparison with nothing. */
static bool state_ops(struct zc_fw_ops *ops, uint32_t mask, bool invert, struct zc_err *err)
{
        const uint8_t *bits = word(ops->arena, mask), *zero = word(ops->arena, 0);
        static const enum zc_fw_op_kind kinds[] = { ZC_FW_OP_CT, ZC_FW_OP_BITWISE, ZC_FW_OP_CMP };
        struct zc_fw_op *op[3];

        for (size_t i = 0; i < 3; i++) {
                if (!bits || !zero || !zc_fw_ops_add(ops, kinds[i]))
                        return no_memory(err);
        }
        for (size_t i = 0; i < 3; i++) {
                op[i] = &ops->list[ops->count - 3 + i];
                op[i]->name = "xt match conntrack";
                op[i]->len = 4;
        }
        op[0]->key = NFT_CT_STATE;
        op[0]->dreg = op[1]->dreg = op[1]->sreg = op[2]->sreg = SCRATCH;
        op[1]->op = ZC_FW_BIT_MASK_XOR;
        op[1]->u.data.a = bits;
        op[1]->u.data.b = zero;
        op[2]->op = invert ? ZC_FW_EQ : ZC_FW_NE;
        op[2]->u.data.a = zero;
        return true;
}

/** A match of nothing but states. *known false, and nothing appended, for one of more. */
static bool conntrack(struct zc_fw_ops *ops, struct zc_rd info, bool *known, struct zc_err *err)
{
        uint16_t flags, invert, states;
        uint32_t mask;

        *known = false;
        if (!zc_rd_skip(&info, offsetof(struct xt_conntrack_mtinfo3, match_flags)) ||
            !zc_rd_u16host(&info, &flags) || !zc_rd_u16host(&info, &invert) ||
            !zc_rd_u16host(&info, &states))
                return zc_fail(err, ZC_E_MALFORMED, "xt match conntrack ends early");
        flags &= (uint16_t)~XT_CONNTRACK_STATE_ALIAS;
        if (flags != XT_CONNTRACK_STATE || (states & ~(STATES | XT_CONNTRACK_STATE_UNTRACKED)))
                return true;
        mask = (states & STATES) | (states & XT_CONNTRACK_STATE_UNTRACKED ? 64u : 0u);
        *known = true;
        return state_ops(ops, mask, invert & XT_CONNTRACK_STATE, err);
}

bool zc_fw_xt_match(struct zc_fw_ops *ops, const char *name, uint32_t revision, struct zc_rd info,
                    enum zc_fw_family family, bool *known, struct zc_err *err)
{
        (void)family;
        *known = false;
        if (strcmp(name, "conntrack") == 0 && (revision == 2 || revision == 3) &&
            !conntrack(ops, info, known, err))
                return false;
        return *known || unknown(ops, ZC_FW_OP_MAYBE, "match", name, known, err);
}

static bool reject(struct zc_fw_ops *ops, struct zc_rd info, enum zc_fw_family family,
                   struct zc_err *err)
{
        const uint32_t reset =
                family == ZC_FW_IP6 ? (uint32_t)IP6T_TCP_RESET : (uint32_t)IPT_TCP_RESET;
        struct zc_fw_op *op;
        uint32_t with;

        if (!zc_rd_u32host(&info, &with))
                return zc_fail(err, ZC_E_MALFORMED, "xt target REJECT ends early");
        op = zc_fw_ops_add(ops, ZC_FW_OP_REJECT);
        if (!op)
                return no_memory(err);
        op->name = "xt target REJECT";
        op->op = with == reset ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMP_UNREACH;
        return true;
}

bool zc_fw_xt_target(struct zc_fw_ops *ops, const char *name, uint32_t revision, struct zc_rd info,
                     enum zc_fw_family family, bool *known, struct zc_err *err)
{
        static const char *const passing[] = { "AUDIT", "CHECKSUM", "LED", "LOG",
                                               "NFLOG", "RATEEST",  "TEE", "TRACE" };
        struct zc_fw_op *op;

        *known = true;
        if (strcmp(name, "REJECT") == 0 && revision == 0)
                return reject(ops, info, family, err);
        for (size_t i = 0; i < ZC_COUNT(passing); i++) {
                if (strcmp(passing[i], name) != 0)
                        continue;
                op = zc_fw_ops_add(ops, ZC_FW_OP_NEUTRAL);
                if (!op)
                        return no_memory(err);
                op->name = passing[i];
                return true;
        }
        return unknown(ops, ZC_FW_OP_UNKNOWN, "target", name, known, err);
}
