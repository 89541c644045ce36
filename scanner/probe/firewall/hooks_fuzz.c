/** Entries of a hook, whatever they say. */
#include <stdlib.h>

#include "hooks.h"
#include "model_fuzz.h"
#include "zc/netlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_arena *arena = zc_arena_new((size_t)16 << 20);
        struct zc_rd in = { data, size };
        struct fw_hooks h = { .hook = ZC_FW_INPUT };
        struct zc_fw_ruleset rs;
        struct zc_err err = { 0 };
        struct fw_build b;
        struct zc_nlmsg m;
        bool bad;

        if (!arena)
                return 0;
        fw_build_init(&b, arena);
        h.b = &b;
        if (fw_build_table(&b, ZC_FW_INET, zc_rd_str("t"))) {
                struct zc_fw_chain *c = fw_build_chain(&b, 0, zc_rd_str("c"));

                if (c) {
                        c->base = true;
                        c->hook = ZC_FW_INPUT;
                }
        }
        while (zc_nlmsg_next(&in, &m, &bad)) {
                err = (struct zc_err){ 0 };
                must(fw_hooks_take(&h, m.payload, &err) || err.code != ZC_OK);
        }
        if (fw_build_finish(&b, &rs, &err)) {
                must(rs.chain_count == 1 && rs.chains[0].rank[0] <= h.count);
                check(&rs, 0);
        } else {
                fw_build_release(&b);
        }
        zc_arena_free(arena);
        return 0;
}
