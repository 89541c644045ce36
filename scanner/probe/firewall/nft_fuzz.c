/** A whole answer of the kernel: every message through its parser, all of them into a ruleset, and the ruleset through the fates. */
#include <stdlib.h>

#include "ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct zc_rd window, struct zc_rd all)
{
        if (window.n > 0 && (window.p < all.p || window.p + window.n > all.p + all.n))
                abort();
}

static void check_rule(struct zc_rd payload)
{
        struct zc_err err = { 0 };
        struct zc_rd unknown = { 0 };
        struct zc_nft_rule r;
        struct fw_step *steps;
        struct zc_arena *arena;
        bool bad;

        if (!zc_nft_rule_parse(payload, &r, &err))
                return;
        inside(r.table, payload);
        inside(r.chain, payload);
        inside(r.expressions, payload);
        if ((arena = zc_arena_new(1 << 20)) && fw_rule_steps(arena, &r, &steps, &unknown, &bad))
                inside(unknown, payload);
        zc_arena_free(arena);
}

static void check_chain(struct zc_rd payload)
{
        struct zc_err err = { 0 };
        struct zc_nft_chain c;
        struct zc_rd name;
        bool prefix;

        if (!zc_nft_chain_parse(payload, &c, &err))
                return;
        inside(c.name, payload);
        inside(c.type, payload);
        inside(c.device, payload);
        while (zc_nft_device_next(&c.devices, &name, &prefix))
                inside(name, payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const uint8_t families[] = { ZC_NFT_IP, ZC_NFT_IP6 };
        struct zc_rd in = { data, size };
        struct fw_ruleset rs;
        struct zc_err err = { 0 };
        struct zc_nlmsg m;
        bool bad;
        size_t rules = 0;

        if (!fw_ruleset_init(&rs, &err))
                return 0;
        while (zc_nlmsg_next(&in, &m, &bad)) {
                check_rule(m.payload);
                if (m.type == ZC_NFT_TYPE(ZC_NFT_NEWSETELEM))
                        fw_sets_want(&rs);
                check_chain(m.payload);
                err.code = ZC_OK;
                if (!fw_ruleset_take(&rs, m.type, m.payload, &err) && err.code == ZC_OK)
                        abort();
        }
        for (size_t i = 0; i < rs.chain_count; i++)
                rules += rs.chains[i].rules;
        if (rules != rs.rules) /* every rule is in one chain */
                abort();
        fw_sets_want(
                &rs); /* after their elements here: those are passed over, and the sets are empty */
        for (size_t f = 0; f < ZC_COUNT(families); f++) {
                struct fw_doubt where;

                for (int path = FW_INPUT; path <= FW_FORWARD; path++) {
                        if ((fw_path_fate(&rs, (enum fw_path)path, families[f], &where) ==
                             FW_UNKNOWN) != (where.chain != NULL))
                                abort();
                }
        }
        for (size_t i = 0; i < rs.set_count; i++)
                fw_set_done(&rs.set_list[i]);
        for (int path = FW_INPUT; path <= FW_FORWARD; path++)
                fw_path_whole(&rs, (enum fw_path)path, ZC_NFT_IP);
        fw_ruleset_release(&rs);
        return 0;
}
