/** iptables' matches and targets: those that nobody knows may hold or not, or do anything. */
#include "zc/fw.h"

#include <string.h>

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

bool zc_fw_xt_match(struct zc_fw_ops *ops, const char *name, uint32_t revision, struct zc_rd info,
                    enum zc_fw_family family, bool *known, struct zc_err *err)
{
        (void)revision;
        (void)info;
        (void)family;
        return unknown(ops, ZC_FW_OP_MAYBE, "match", name, known, err);
}

bool zc_fw_xt_target(struct zc_fw_ops *ops, const char *name, uint32_t revision, struct zc_rd info,
                     enum zc_fw_family family, bool *known, struct zc_err *err)
{
        (void)revision;
        (void)info;
        (void)family;
        return unknown(ops, ZC_FW_OP_UNKNOWN, "target", name, known, err);
}
