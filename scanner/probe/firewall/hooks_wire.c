/**
 * An entry of a hook (linux/netfilter/nfnetlink_hook.h):
 *
 *   nfgenmsg | HOOKNUM be32 | PRIORITY be32 | DEV | FUNCTION_NAME | MODULE_NAME | CHAIN_INFO { DESC { TABLE | FAMILY u8 | NAME } | TYPE be32 }
 */
#include "hooks_wire.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_hook.h>

#include "zc/netlink.h"

/** The names of a base chain. */
static bool describe(struct zc_rd desc, struct fw_hook_entry *e)
{
        struct zc_rd v;
        uint16_t type;
        bool bad = false;

        while (zc_nla_next(&desc, &type, &v, &bad)) {
                if (type == NFNLA_CHAIN_TABLE)
                        e->table = zc_nla_text(v);
                else if (type == NFNLA_CHAIN_NAME)
                        e->chain = zc_nla_text(v);
                else if (type == NFNLA_CHAIN_FAMILY && !zc_nla_u8(v, &e->family))
                        return false;
        }
        return !bad;
}

static bool chain_info(struct zc_rd info, struct fw_hook_entry *e)
{
        struct zc_rd v, desc = { 0 };
        uint32_t kind = 0;
        uint16_t type;
        bool bad = false;

        while (zc_nla_next(&info, &type, &v, &bad)) {
                if (type == NFNLA_HOOK_INFO_DESC)
                        desc = v;
                else if (type == NFNLA_HOOK_INFO_TYPE && !zc_nla_be32(v, &kind))
                        return false;
        }
        if (kind == NFNL_HOOK_TYPE_NFTABLES) {
                e->is_chain = true;
                return !bad && describe(desc, e);
        }
        return !bad; /* of BPF and of flow tables: their functions have names */
}

bool fw_hook_entry_parse(struct zc_rd payload, struct fw_hook_entry *out, struct zc_err *err)
{
        struct fw_hook_entry e = { .priority = 0 };
        struct zc_rd v;
        uint32_t priority = 0;
        uint16_t type;
        bool bad = false, ok = zc_rd_skip(&payload, sizeof(struct nfgenmsg)), told = false;

        while (ok && zc_nla_next(&payload, &type, &v, &bad)) {
                if (type == NFNLA_HOOK_PRIORITY)
                        told = ok = zc_nla_be32(v, &priority);
                else if (type == NFNLA_HOOK_FUNCTION_NAME)
                        e.function = zc_nla_text(v);
                else if (type == NFNLA_HOOK_MODULE_NAME)
                        e.module = zc_nla_text(v);
                else if (type == NFNLA_HOOK_CHAIN_INFO)
                        ok = chain_info(v, &e);
        }
        if (!ok || bad || !told)
                return zc_fail(err, ZC_E_MALFORMED, "an entry of a hook ends early");
        e.priority = (int32_t)priority;
        *out = e;
        return true;
}
