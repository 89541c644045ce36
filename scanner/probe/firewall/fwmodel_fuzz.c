/** A whole answer of nf_tables into the model: whatever comes, what the model promises holds. */
#include <stdlib.h>

#include "expr_wire.h"
#include "model_fuzz.h"
#include "nft.h"
#include "zc/netlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
