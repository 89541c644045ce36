/** A legacy table into the model: its family and name, struct ipt_getinfo, its entries. Whatever they are, what the model promises holds. */
#include <stddef.h>

#include <netinet/in.h>

#include <linux/netfilter_ipv4/ip_tables.h>

#include "legacy_build.h"
#include "model_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const names[] = { "filter", "nat", "mangle", "raw" };
        struct zc_arena *arena = zc_arena_new((size_t)64 << 20);
        struct zc_rd in = { data, size }, head;
        struct fw_legacy_info info;
        struct zc_fw_ruleset rs;
        struct zc_err err = { 0 };
        struct fw_build b;
        uint8_t which;
        size_t rules;
        bool ok = false;

        if (!arena)
                return 0;
        fw_build_init(&b, arena);
        if (zc_rd_u8(&in, &which) && zc_rd_take(&in, sizeof(struct ipt_getinfo), &head) &&
            fw_legacy_info_parse(head, &info, &err)) {
                info.size = (uint32_t)in.n;
                ok = fw_legacy_add(&b, which & 4 ? ZC_FW_IP6 : ZC_FW_IP,
                                   zc_rd_str(names[which & 3]), &info, in, &err);
                must(ok || err.code != ZC_OK);
                must(ok || b.failed || (b.tables.count == 0 && b.rules.count == 0));
        }
        fw_legacy_order(&b);
        rules = b.rules.count;
        if (fw_build_finish(&b, &rs, &err))
                check(&rs, rules);
        else
                fw_build_release(&b);
        zc_arena_free(arena);
        return 0;
}
