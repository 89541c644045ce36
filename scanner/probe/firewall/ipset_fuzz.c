/** ipset's answers and a match that looks in the first set: whatever they say, what the model promises holds. */
#include <linux/netfilter/xt_set.h>
#include <stdlib.h>

#include "ipset.h"
#include "ipset_wire.h"
#include "model_fuzz.h"
#include "zc/netlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(struct fw_ipsets *sets, struct zc_rd in)
{
        struct fw_ipset_message m;
        struct zc_err err = { 0 };
        struct zc_nlmsg msg;
        bool bad;

        while (zc_nlmsg_next(&in, &msg, &bad)) {
                uint32_t at;

                if (!fw_ipset_message_parse(msg.payload, &m, &err))
                        continue;
                at = fw_ipsets_want(sets, FW_NOWHERE, m.name);
                if (at != FW_NOWHERE && !fw_ipset_at(sets, at)->asked &&
                    !fw_ipsets_take(sets, at, msg.payload, &err))
                        fw_ipsets_done(sets, at, err.text[0] ? "it was malformed" : NULL);
        }
        for (uint32_t at; (at = fw_ipsets_next(sets)) != FW_NOWHERE;)
                fw_ipsets_done(sets, at, NULL);
}

/* The family, dimensions and flags of the match, then the answers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_arena *arena = zc_arena_new((size_t)64 << 20);
        struct zc_rd in = { data, size };
        struct xt_set_info_match_v1 info = { 0 };
        struct fw_place at = { .family = ZC_FW_IP };
        struct fw_ipsets sets;
        struct zc_fw_ruleset rs;
        struct zc_err err = { 0 };
        struct fw_build b;
        uint8_t head[3] = { 0 };
        size_t rules;

        if (!arena)
                return 0;
        fw_build_init(&b, arena);
        fw_ipsets_init(&sets);
        b.ipsets = &sets;
        at.b = &b;
        if (zc_rd_copy(&in, head, sizeof head) && fw_build_table(&b, ZC_FW_IP, zc_rd_str("t")) &&
            fw_build_chain(&b, 0, zc_rd_str("c"))) {
                at.family = head[0] & 1 ? ZC_FW_IP6 : ZC_FW_IP;
                info.match_set.dim = head[1] & 7;
                info.match_set.flags = head[2];
                feed(&sets, in);
                if (sets.list.count > 0)
                        fw_ipset_at(&sets, 0)->index = 0;
                fw_build_rule_open(&b, 0, 1);
                fw_ipset_match(&at, (struct zc_rd){ (const uint8_t *)&info, sizeof info },
                               head[0] & 2 ? 2 : 1);
                fw_build_rule_close(&b);
        }
        rules = b.rules.count;
        if (fw_build_finish(&b, &rs, &err)) {
                check(&rs, rules);
                for (size_t i = 0; i < sets.uses.count; i++)
                        check_set(&rs, fw_build_at(sets.uses, struct fw_ipset_use, i)->set);
        }
        fw_ipsets_settle(&sets);
        fw_ipsets_release(&sets);
        fw_build_release(&b);
        zc_arena_free(arena);
        return 0;
}
