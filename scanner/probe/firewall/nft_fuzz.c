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
        struct zc_rd chain = { 0 };
        struct zc_rd unknown = { 0 };
        struct zc_nft_rule r;
        bool bad;

        if (!zc_nft_rule_parse(payload, &r, &err))
                return;
        inside(r.table, payload);
        inside(r.chain, payload);
        inside(r.expressions, payload);
        zc_nft_rule_effect(&r, &chain, &unknown, &bad);
        inside(chain, payload);
        inside(unknown, payload);
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
                check_chain(m.payload);
                err.code = ZC_OK;
                if (!fw_ruleset_take(&rs, m.type, m.payload, &err) && err.code == ZC_OK)
                        abort();
        }
        for (size_t i = 0; i < rs.chain_count; i++)
                rules += rs.chains[i].rules;
        if (rules != rs.rules) /* every rule is in one chain */
                abort();
        for (size_t f = 0; f < ZC_COUNT(families); f++) {
                const struct fw_chain *where;

                for (int path = FW_INPUT; path <= FW_FORWARD; path++) {
                        if ((fw_path_fate(&rs, (enum fw_path)path, families[f], &where) ==
                             FW_UNKNOWN) != (where != NULL))
                                abort();
                }
        }
        fw_any_base(&rs);
        fw_ruleset_release(&rs);
        return 0;
}
