/** A whole answer of nf_tables into the model: whatever comes, what the model promises holds. */
#include <stdlib.h>

#include "expr_wire.h"
#include "model_fuzz.h"
#include "nft.h"
#include "zc/fw_sym.h"
#include "zc/netlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A small host, and what the two evaluators say of the ruleset on it. */

static const struct zc_fw_interface interfaces[] = {
        { .index = 1, .name = "lo", .type = 772, .kind = "", .up = true },
        { .index = 2, .name = "eth0", .type = 65534, .kind = "tun", .up = true },
};
static const struct zc_fw_address addresses[] = {
        { .interface = 2, .family = ZC_FW_IP, .addr = { 10, 77, 0, 1 }, .prefix = 24 },
        { .interface = 2, .family = ZC_FW_IP6, .addr = { 0xfd, 0x77, [15] = 1 }, .prefix = 64 },
};
static const struct zc_fw_route routes[] = {
        { ZC_FW_IP, ZC_FW_LOCAL, { 10, 77, 0, 1 }, 32, 255, 2, 0, false },
        { ZC_FW_IP, ZC_FW_UNICAST, { 0 }, 0, 254, 2, 0, false },
        { ZC_FW_IP6, ZC_FW_LOCAL, { 0xfd, 0x77, [15] = 1 }, 128, 255, 2, 0, false },
        { ZC_FW_IP6, ZC_FW_UNICAST, { 0 }, 0, 254, 2, 1024, false },
};
static const struct zc_fw_host host = { .interfaces = interfaces,
                                        .interface_count = ZC_COUNT(interfaces),
                                        .addresses = addresses,
                                        .address_count = ZC_COUNT(addresses),
                                        .routes = routes,
                                        .route_count = ZC_COUNT(routes),
                                        .known = true };

/** A row of ports alone, and a packet to each first one: certain rows must be certain for one packet too. */
static void cross_check(const struct zc_fw_machine *m, const struct zc_fw_admit *a)
{
        struct zc_fw_packet p = { .family = (uint8_t)a->family,
                                  .protocol = (uint8_t)a->protocol,
                                  .iif = 2,
                                  .saddr = { 203, 0, 113, 9 },
                                  .sport = 40000,
                                  .flags = 2,
                                  .ct = ZC_FW_CT_NEW,
                                  .ttl = 64,
                                  .known = ZC_FW_KNOWN_ALL &
                                           ~(unsigned)(ZC_FW_KNOWN_TTL | ZC_FW_KNOWN_TOS |
                                                       ZC_FW_KNOWN_LENGTH) };
        struct zc_fw_answer answer;

        if (a->hook != ZC_FW_INPUT || !a->port_count || a->source_count || a->source_port_count ||
            a->set_count || a->destination_count || a->sources_cut || a->destinations_cut ||
            a->certainty != ZC_FW_CERTAIN)
                return;
        memcpy(p.daddr, addresses[a->family == ZC_FW_IP6].addr, sizeof(p.daddr));
        p.dport = (uint16_t)a->ports[0].lo;
        zc_fw_eval(m, &p, NULL, &answer);
        must(answer.outcome == ZC_FW_IS_ACCEPT && answer.certainty == ZC_FW_CERTAIN);
}

static void evaluate(const struct zc_fw_ruleset *rs, struct zc_arena *arena)
{
        struct zc_fw_machine *m = zc_fw_machine_new(rs, &host);
        struct zc_fw_admits admits;
        struct zc_fw_anomalies found;
        struct zc_err err = { 0 };

        if (m && zc_fw_admits(rs, &host, m, ZC_FW_ALL_PROTOCOLS, arena, &admits, &err)) {
                for (size_t i = 0; i < admits.count; i++)
                        cross_check(m, &admits.rows[i]);
                (void)!zc_fw_anomalies(rs, &host, m, &admits, arena, &found, &err);
        }
        zc_fw_machine_free(m);
}

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
        if (fw_build_finish(&b, &rs, &err)) {
                check(&rs, rules);
                if (rules <= 64)
                        evaluate(&rs, arena);
        } else
                fw_build_release(&b);
        zc_arena_free(arena);
        return 0;
}
