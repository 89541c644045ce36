/** Bytes as evidence, judged by the built-in rules: refused with words, or a report whose counts agree with its checks. */
#include <assert.h>
#include <string.h>

#include "zc/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct zc_pack *pack;
static json_t *expect;

static void start(void)
{
        static const char text[] =
                "[{\"for\":\"*\",\"open_only\":[\"22/tcp\"],\"closed\":[\"23/tcp\",\"161/udp\"]}]";
        struct zc_err err = { 0 };

        if (pack)
                return;
        expect = zc_json_parse(text, sizeof(text) - 1, &err);
        assert(zc_pack_builtin(&pack, &err) && expect);
}

static json_int_t sum(const json_t *checks, const char *verdict)
{
        const json_t *check;
        json_int_t n = 0;
        size_t i;

        json_array_foreach (checks, i, check) {
                if (strcmp(zc_json_str(check, "verdict", ""), verdict) == 0)
                        n += json_integer_value(json_object_get(check, "count"));
        }
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        ZC_AUTO(zc_evidence) ev = NULL;
        ZC_AUTO_MEM char *verdict = NULL;
        json_auto_t *report = NULL;
        struct zc_judge_options o = { .now_ms = 1795341600000 };
        struct zc_err err = { 0 };

        start();
        o.pack = pack;
        o.expect = expect;
        if (!zc_evidence_open_bytes("f", data, size, &ev, &err))
                return 0;
        report = zc_judge(&ev, 1, &o, &err);
        if (!report) {
                assert(err.code != ZC_OK && err.text[0] != '\0');
                return 0;
        }
        for (enum zc_verdict v = ZC_PASS; v <= ZC_NOTAPPLICABLE_V; v++)
                assert(sum(json_object_get(report, "checks"), zc_verdict_name(v)) ==
                       json_integer_value(json_object_get(json_object_get(report, "verdicts"),
                                                          zc_verdict_name(v))));
        verdict = zc_report_verdict(report);
        assert(verdict && verdict[0] != '\0');
        return 0;
}
