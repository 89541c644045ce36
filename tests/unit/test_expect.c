/** Expectations of the configuration: which ports may be open, and what was looked at to say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zc/judge.h"

#define NOW 1795341600000 /* 2026-11-22T10:00:00Z */

#define HEAD(targets)                                                                              \
        "{\"schema\":\"zerocrit.evidence/"                                                         \
        "1\",\"run\":{\"id\":\"r\",\"vantage\":{\"id\":\"v\",\"addresses\":[\"198.51.100.1\"]},"   \
        "\"targets\":[" targets "],\"finished\":\"2026-11-22T10:00:00Z\"}"
#define T(id, named) "{\"id\":\"" id "\",\"named\":\"" named "\"}"
#define E(asset, address, port, state, service)                                                    \
        "{\"asset\":\"" asset "\",\"address\":\"" address "\",\"port\":" port                      \
        ",\"transport\":\"tcp\",\"state\":\"" state "\"" service "}"
#define SERVICE(s) ",\"service\":\"" s "\""
#define WEB "192.0.2.7"

static json_t *judge(const char *text, const char *expect)
{
        ZC_AUTO(zc_pack) p = zc_pack_new(); /* expectations need no rules */
        ZC_AUTO(zc_evidence) ev = NULL;
        struct zc_err err = { 0 };
        json_auto_t *list = zc_json_parse(expect, strlen(expect), &err);
        json_auto_t *fail_on = json_pack("[s]", "tag:release-blocker");
        const struct zc_judge_options o = {
                .pack = p, .fail_on = fail_on, .expect = list, .now_ms = NOW
        };
        json_t *r;

        if (!zc_evidence_open_bytes("e", text, strlen(text), &ev, &err))
                fail_msg("%s: %s", err.text, text);
        r = zc_judge(&ev, 1, &o, &err);
        if (!r)
                fail_msg("%s", err.text);
        return r;
}

#define SCAN(open, closed, filtered, unknown)                                                      \
        "{\"asset\":\"web\",\"address\":\"" WEB                                                    \
        "\",\"transport\":\"tcp\",\"outcome\":\"done\",\"ports\":\"1-65535\",\"open\":\"" open     \
        "\",\"closed\":\"" closed "\",\"filtered\":\"" filtered "\",\"unknown\":\"" unknown "\"}"
#define OUTSIDE(scan, endpoints)                                                                   \
        HEAD("{\"id\":\"web\",\"named\":\"" WEB "\",\"tags\":[\"internet\"]}")                     \
        ",\"scans\":[" scan "],\"endpoints\":[" endpoints "]}"
#define OPEN_AT(port) E("web", WEB, port, "open", SERVICE("http"))
#define ONLY443 "[{\"for\":\"id:web\",\"open_only\":[\"443/tcp\"]}]"
#define CLOSED80 "[{\"for\":\"tag:internet\",\"closed\":[\"80/tcp\"]}]"
#define INSIDE(outcome, listeners)                                                                 \
        HEAD("{\"id\":\"web\",\"named\":\"local\",\"tags\":[\"internet\"]}")                       \
        ",\"host\":{\"probes\":{\"listeners\":{\"outcome\":\"" outcome "\"}}" listeners "}}"
#define L(address, port, reach)                                                                    \
        "{\"transport\":\"tcp\",\"family\":\"ip\",\"address\":\"" address "\",\"port\":" port      \
        ",\"reach\":" reach "}"
#define ACCEPT(from) "{\"verdict\":\"accept\",\"certainty\":\"certain\",\"sources\":[\"" from "\"]}"

static void verdicts_of(const json_t *report, const char *rule, struct zc_text *out)
{
        static const char *const names[] = { "pass", "fail", "unknown", "error",
                                             "notapplicable" };
        const json_t *check;
        size_t i;

        for (size_t v = 0; v < ZC_COUNT(names); v++) {
                json_int_t n = 0;

                json_array_foreach (json_object_get(report, "checks"), i, check) {
                        if (strcmp(zc_json_str(check, "rule", ""), rule) == 0 &&
                            strcmp(zc_json_str(check, "verdict", ""), names[v]) == 0)
                                n += json_integer_value(json_object_get(check, "count"));
                }
                if (n)
                        zc_text_printf(out, "%s%s %lld", out->len ? ", " : "", names[v],
                                       (long long)n);
        }
}

static void expectations(void **state)
{
        static const struct {
                const char *name, *evidence, *expect, *rule, *verdicts;
        } rows[] = {
                { "as expected", OUTSIDE(SCAN("443", "1-442,444-65535", "", ""), OPEN_AT("443")),
                  ONLY443, "ZC-EXPECT-OPEN", "pass 1" },
                { "one more is open",
                  OUTSIDE(SCAN("80,443", "1-79,81-442,444-65535", "", ""),
                          OPEN_AT("443") "," OPEN_AT("80")),
                  ONLY443, "ZC-EXPECT-OPEN", "pass 1, fail 1" },
                { "a port stays unknown",
                  OUTSIDE(SCAN("443", "1-442,444-65000", "", "65001-65535"), OPEN_AT("443")),
                  ONLY443, "ZC-EXPECT-OPEN", "unknown 1" },
                { "only some ports were tried",
                  OUTSIDE(SCAN("443", "1-442", "", ""), OPEN_AT("443")), ONLY443, "ZC-EXPECT-OPEN",
                  "unknown 1" },
                { "filtered is not open",
                  OUTSIDE(SCAN("443", "", "1-442,444-65535", ""), OPEN_AT("443")), ONLY443,
                  "ZC-EXPECT-OPEN", "pass 1" },
                { "nobody scanned", OUTSIDE("", OPEN_AT("443")), ONLY443, "ZC-EXPECT-OPEN",
                  "unknown 1" },
                { "closed as expected", OUTSIDE(SCAN("443", "1-442", "", ""), OPEN_AT("443")),
                  CLOSED80, "ZC-EXPECT-CLOSED", "pass 1" },
                { "open though expected closed", OUTSIDE(SCAN("80", "1-79", "", ""), OPEN_AT("80")),
                  CLOSED80, "ZC-EXPECT-CLOSED", "pass 1, fail 1" },
                { "not tried", OUTSIDE(SCAN("443", "1-79", "", ""), OPEN_AT("443")), CLOSED80,
                  "ZC-EXPECT-CLOSED", "unknown 1" },
                { "from inside, nothing listens", INSIDE("done", ",\"listeners\":[]"), CLOSED80,
                  "ZC-EXPECT-CLOSED", "pass 1" },
                { "from inside, it listens for everyone",
                  INSIDE("done", ",\"listeners\":[" L("0.0.0.0", "80", ACCEPT("0.0.0.0/0")) "]"),
                  CLOSED80, "ZC-EXPECT-CLOSED", "pass 1, fail 1" },
                { "from inside, on loopback",
                  INSIDE("done", ",\"listeners\":[" L("127.0.0.1", "80", ACCEPT("0.0.0.0/0")) "]"),
                  CLOSED80, "ZC-EXPECT-CLOSED", "pass 2" },
                { "from inside, and the firewall is not known",
                  INSIDE("done",
                         ",\"listeners\":[" L("0.0.0.0", "80", "{\"verdict\":\"unknown\"}") "]"),
                  CLOSED80, "ZC-EXPECT-CLOSED", "pass 1, unknown 1" },
                { "from inside, private",
                  INSIDE("done", ",\"listeners\":[" L("0.0.0.0", "80", ACCEPT("10.0.0.0/8")) "]"),
                  CLOSED80, "ZC-EXPECT-CLOSED", "pass 1, fail 1" },
                { "from inside, private, and only everyone counts",
                  INSIDE("done", ",\"listeners\":[" L("0.0.0.0", "80", ACCEPT("10.0.0.0/8")) "]"),
                  "[{\"for\":\"id:web\",\"from\":\"any\",\"closed\":[\"80/tcp\"]}]",
                  "ZC-EXPECT-CLOSED", "pass 2" },
                { "from inside, listeners taken out of the plan", INSIDE("skipped", ""), CLOSED80,
                  "ZC-EXPECT-CLOSED", "notapplicable 1" },
                { "from inside, listeners not read", INSIDE("failed", ""), ONLY443,
                  "ZC-EXPECT-OPEN", "unknown 1" },
                { "from inside, listeners partly read",
                  INSIDE("partial",
                         ",\"listeners\":[" L("127.0.0.1", "80", ACCEPT("0.0.0.0/0")) "]"),
                  ONLY443, "ZC-EXPECT-OPEN", "pass 1, unknown 1" },
                { "another target's", OUTSIDE(SCAN("80,443", "1-79", "", ""), OPEN_AT("80")),
                  "[{\"for\":\"id:db\",\"open_only\":[\"443/tcp\"]}]", "ZC-EXPECT-OPEN", "" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *r = judge(rows[i].evidence, rows[i].expect);
                int status = strstr(rows[i].verdicts, "fail")                            ? 1
                             : strstr(rows[i].verdicts, "unknown") || !*rows[i].verdicts ? 3
                                                                                         : 0;
                ZC_AUTO_TEXT got = { 0 };

                zc_text_init(&got, 256);
                verdicts_of(r, rows[i].rule, &got);
                if (strcmp(zc_text_str(&got), rows[i].verdicts) != 0)
                        fail_msg("%s: %s", rows[i].name, zc_text_str(&got));
                if (zc_report_status(r) != status) {
                        ZC_AUTO_MEM char *line = zc_report_verdict(r);

                        fail_msg("%s: %s", rows[i].name, line);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(expectations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
