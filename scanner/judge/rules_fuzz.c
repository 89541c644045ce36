/** Bytes as a rule file: refused with words, or loaded, tested, and judged on fixed evidence; the gate then has a verdict. */
#include <assert.h>
#include <string.h>

#include "zc/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] =
        "{\"schema\":\"zerocrit.evidence/"
        "1\",\"run\":{\"id\":\"r\",\"finished\":\"2026-11-22T10:00:00Z\",\"vantage\":{\"id\":\"v\","
        "\"addresses\":[\"10.0.0.5\"]},"
        "\"targets\":[{\"id\":\"\",\"named\":\"local\"}]},\"host\":{\"probes\":{\"firewall\":{"
        "\"outcome\":\"done\"},\"listeners\":{\"outcome\":\"done\"}},"
        "\"firewall\":{\"backend\":[\"nf_tables\"],\"tables\":[{\"family\":\"inet\",\"name\":"
        "\"filter\",\"flags\":[],\"chains\":[{\"name\":\"input\",\"hook\":\"input\","
        "\"policy\":\"accept\",\"rules\":2}]}],\"rules\":2,\"defaults\":{\"input\":{\"ip\":"
        "\"accept\"}},\"admits\":[],\"not_modelled\":[]},"
        "\"listeners\":[{\"transport\":\"tcp\",\"family\":\"ip\",\"address\":\"0.0.0.0\",\"port\":"
        "6379,\"scope\":\"any\",\"uid\":0,\"process\":null}]},"
        "\"endpoints\":[{\"asset\":\"v\",\"address\":\"10.0.0.5\",\"port\":6379,\"transport\":"
        "\"tcp\",\"state\":\"open\",\"service\":\"redis\"}]}";

static void ignore(void *ctx, const struct zc_rule_test *t)
{
        (void)ctx;
        assert(t->expected && t->got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        ZC_AUTO(zc_pack) pack = zc_pack_new();
        ZC_AUTO(zc_evidence) ev = NULL;
        ZC_AUTO_MEM char *verdict = NULL;
        json_auto_t *report = NULL;
        struct zc_err err = { 0 };
        struct zc_judge_options o = { .pack = pack, .now_ms = 1795341600000 };

        if (!pack || !zc_pack_add_text(pack, "f", (const char *)data, size, &err)) {
                assert(err.code != ZC_OK && err.text[0] != '\0');
                assert(!pack || zc_pack_count(pack) == 0);
                return 0;
        }
        assert(zc_pack_count(pack) > 0);
        if (!zc_rules_test(pack, NULL, ignore, NULL, &err) ||
            !zc_evidence_open_bytes("e", document, sizeof(document) - 1, &ev, &err))
                return 0;
        report = zc_judge(&ev, 1, &o, &err);
        if (!report)
                return 0;
        verdict = zc_report_verdict(report);
        assert(verdict && verdict[0] != '\0');
        return 0;
}
