#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zc/judge.h"

static const char base[] = "waivers:\n"
                           "  - {id: W-1, rule: ZC-FW-001, target: \"id:web\", verdict: fail, "
                           "owner: o@example.org, approver: a@example.org,\n"
                           "     reason: legacy, ticket: T-1, created: 2026-11-01T00:00:00Z, "
                           "expires: 2026-12-31T00:00:00Z}\n";

static void reads(void **state)
{
        struct zc_err err = { 0 };
        json_auto_t *list = zc_waivers_parse("w.yaml", base, sizeof(base) - 1, &err);

        (void)state;
        if (!list)
                fail_msg("%s", err.text);
        assert_int_equal(json_array_size(list), 1);
        assert_string_equal(zc_json_str(json_array_get(list, 0), "id", ""), "W-1");
}

static void refuses(void **state)
{
        static const struct {
                const char *find, *with, *starts, *says;
        } rows[] = {
                { "waivers:", "waiver:", "w.yaml:1:1: ", "did you mean waivers" },
                { "owner: o@example.org, ", "", "w.yaml:2:5: ", "needs \"owner\"" },
                { "approver: a@example.org,", "", "w.yaml:2:5: ", "needs \"approver\"" },
                { "expires: 2026-12-31T00:00:00Z", "expires: 2026-12-31",
                  "w.yaml:3:", "a time such as" },
                { "expires: 2026-12-31T00:00:00Z", "expires: 2025-12-31T00:00:00Z",
                  "w.yaml:3:", "before it was created" },
                { "expires: 2026-12-31T00:00:00Z", "expries: 2026-12-31T00:00:00Z",
                  "w.yaml:3:", "did you mean expires" },
                { "verdict: fail", "verdict: error", "w.yaml:2:", "one of: fail, unknown" },
                { "rule: ZC-FW-001", "rule: \"*\"", "w.yaml:2:15: ", "would waive everything" },
                { "rule: ZC-FW-001", "rule: ZC-*", "w.yaml:2:15: ", "would waive everything" },
                { "rule: ZC-FW-001", "rule: \"?C-*\"", "w.yaml:2:15: ", "would waive everything" },
                { "rule: ZC-FW-001", "rule: FW-001", "w.yaml:2:15: ", "not a rule id" },
                { "target: \"id:web\"", "target: 10.0.0.1/8", "w.yaml:2:32: ", "10.0.0.0/8" },
                { "target: \"id:web\"", "target: 10.0.0.0/33", "w.yaml:2:32: ", "33" },
                { "rule: ZC-FW-001", "rule: \"*-00?\"", "w.yaml:2:15: ", "in every area" },
                { "rule: ZC-FW-001", "rule: \"ZC-?*-001\"", "w.yaml:2:15: ", "in every area" },
                { "rule: ZC-FW-001", "rule: \"ZC-FW*\"", "w.yaml:2:15: ", "in every area" },
                { "reason: legacy", "reason: '  '", "w.yaml:3:6: ", "reason is blank" },
                { "reason: legacy", "reason: ''", "w.yaml:3:6: ", "not empty" },
                { "2026-12-31T00:00:00Z}\n",
                  "2026-12-31T00:00:00Z}\n  - {id: W-1, rule: ZC-A-001, target: x, verdict: fail, "
                  "owner: o, approver: a, reason: r, created: 2026-11-01T00:00:00Z, "
                  "expires: 2026-12-31T00:00:00Z}\n",
                  "w.yaml:4:6: ", "twice" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                const char *at = strstr(base, rows[i].find);
                struct zc_err err = { 0 };
                json_t *list;
                ZC_AUTO_TEXT t = { 0 };

                assert_non_null(at);
                zc_text_init(&t, 4096);
                zc_text_addn(&t, base, (size_t)(at - base));
                zc_text_add(&t, rows[i].with);
                zc_text_add(&t, at + strlen(rows[i].find));
                list = zc_waivers_parse("w.yaml", zc_text_str(&t), t.len, &err);
                if (list || err.code != ZC_E_USAGE ||
                    strncmp(err.text, rows[i].starts, strlen(rows[i].starts)) != 0 ||
                    !strstr(err.text, rows[i].says))
                        fail_msg("row %zu: %s", i, list ? "accepted" : err.text);
        }
}

static void globs(void **state)
{
        static const struct {
                const char *pattern, *text;
                bool matches;
        } rows[] = {
                { "", "", true },
                { "", "a", false },
                { "*", "", true },
                { "*", "abc", true },
                { "a*c", "abbbc", true },
                { "a*c", "abbb", false },
                { "?", "a", true },
                { "?", "", false },
                { "ZC-FW-*", "ZC-FW-001", true },
                { "ZC-FW-*", "ZC-TLS-001", false },
                { "**a**", "bab", true },
                { "*a*b*c", "xxaxxbxxc", true },
                { "*a*b*c", "xxaxxcxxb", false },
        };
        char many[201];

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                if (zc_glob(rows[i].pattern, rows[i].text) != rows[i].matches)
                        fail_msg("%s / %s", rows[i].pattern, rows[i].text);
        }
        memset(many, 'a', 200); /* no exponential time */
        many[200] = '\0';
        assert_false(zc_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", many));
}

/* ---- at work ---- */

#define EVIDENCE                                                                                   \
        "{\"schema\":\"zerocrit.evidence/"                                                         \
        "1\",\"run\":{\"id\":\"r\",\"finished\":\"2026-11-22T10:00:00Z\",\"vantage\":{\"id\":"     \
        "\"m1\"},"                                                                                 \
        "\"targets\":[{\"id\":\"web\",\"named\":\"local\",\"tags\":[\"prod\"]}]},\"host\":{"       \
        "\"probes\":{\"firewall\":{\"outcome\":\"%s\"},"                                           \
        "\"listeners\":{\"outcome\":\"done\"}},%s\"listeners\":[]}}"
#define OPEN                                                                                       \
        "\"firewall\":{\"tables\":[{\"family\":\"inet\",\"name\":\"f\",\"chains\":[{\"name\":"     \
        "\"i\",\"hook\":\"input\"}]}],\"defaults\":{\"input\":{\"ip\":\"accept\",\"ip6\":"         \
        "\"accept\"}},\"admits\":[],\"anomalies\":[]},"

static json_t *judge(bool seen, const char *waivers, int64_t now)
{
        ZC_AUTO(zc_pack) p = NULL;
        ZC_AUTO(zc_evidence) ev = NULL;
        struct zc_err err = { 0 };
        json_auto_t *list = zc_waivers_parse("w", waivers, strlen(waivers), &err);
        json_auto_t *fail_on = json_pack("[s]", "high");
        struct zc_judge_options o = { .waivers = list, .fail_on = fail_on, .now_ms = now };
        json_t *report;
        char text[2048];

        if (!list)
                fail_msg("%s", err.text);
        snprintf(text, sizeof(text), EVIDENCE, seen ? "done" : "failed", seen ? OPEN : "");
        assert_true(zc_pack_builtin(&p, &err));
        o.pack = p;
        if (!zc_evidence_open_bytes("e", text, strlen(text), &ev, &err))
                fail_msg("%s", err.text);
        report = zc_judge(&ev, 1, &o, &err);
        if (!report)
                fail_msg("%s", err.text);
        return report;
}

#define W(id, rule, target, verdict, created, expires)                                             \
        "  - {id: " id ", rule: \"" rule "\", target: \"" target "\", verdict: " verdict           \
        ", owner: o, approver: a, reason: r, created: " created ", expires: " expires "}\n"
#define FROM "2026-11-01T00:00:00Z"
#define UNTIL "2027-01-31T00:00:00Z"
#define NOW 1795341600000 /* 2026-11-22T10:00:00Z */

static void at_work(void **state)
{
        static const struct {
                size_t seen;
                const char *waivers;
                long status;
                size_t active, expiring, expired, unused;
        } rows[] = {
                { 1, "waivers: []\n", 1, 0, 0, 0, 0 },
                { 1, "waivers:\n" W("A", "ZC-FW-002", "id:web", "fail", FROM, UNTIL), 0, 1, 0, 0,
                  0 },
                { 1, "waivers:\n" W("A", "ZC-FW-*", "tag:prod", "fail", FROM, UNTIL), 0, 1, 0, 0,
                  0 },
                { 1, "waivers:\n" W("A", "ZC-FW-*", "web", "fail", FROM, UNTIL), 0, 1, 0, 0, 0 },
                { 1, "waivers:\n" W("A", "ZC-FW-*", "host/fire*", "fail", FROM, UNTIL), 0, 1, 0, 0,
                  0 },
                { 1, "waivers:\n" W("A", "ZC-FW-002", "id:db", "fail", FROM, UNTIL), 1, 1, 0, 0,
                  1 },
                { 1, "waivers:\n" W("A", "ZC-FW-002", "tag:test", "fail", FROM, UNTIL), 1, 1, 0, 0,
                  1 },
                { 1, "waivers:\n" W("A", "ZC-FW-002", "id:web", "unknown", FROM, UNTIL), 1, 1, 0, 0,
                  1 },
                { 1,
                  "waivers:\n" W("A", "ZC-FW-002", "id:web", "fail", FROM, "2026-11-22T10:00:00Z"),
                  1, 0, 0, 1, 0 }, /* ends to the second */
                { 1,
                  "waivers:\n" W("A", "ZC-FW-002", "id:web", "fail", FROM, "2026-11-22T10:00:01Z"),
                  0, 1, 1, 0, 0 },
                { 1,
                  "waivers:\n" W("A", "ZC-FW-002", "id:web", "fail", FROM,
                                 "2026-11-22T12:00:01+02:00"),
                  0, 1, 1, 0, 0 },
                { 1,
                  "waivers:\n" W("A", "ZC-FW-002", "id:web", "fail", "2026-11-23T00:00:00Z", UNTIL),
                  1, 0, 0, 0, 1 }, /* not yet */
                { 1,
                  "waivers:\n" W("A", "ZC-FW-002", "id:web", "fail", FROM, UNTIL)
                          W("B", "ZC-TLS-*", "*", "fail", FROM, UNTIL),
                  0, 2, 0, 0, 1 },
                { 0, "waivers: []\n", 3, 0, 0, 0, 0 },
                { 0, "waivers:\n" W("A", "ZC-FW-*", "id:web", "unknown", FROM, UNTIL), 0, 1, 0, 0,
                  0 },
                { 0, "waivers:\n" W("A", "ZC-FW-*", "id:web", "fail", FROM, UNTIL), 3, 1, 0, 0, 1 },
                { 0, "waivers:\n" W("A", "ZC-FW-001", "id:web", "unknown", FROM, UNTIL), 3, 1, 0, 0,
                  0 }, /* the others stay required */
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *r = judge(rows[i].seen != 0, rows[i].waivers, NOW);

                if (zc_report_status(r) != rows[i].status ||
                    json_array_size(zc_json_at(r, "waivers.active")) != rows[i].active ||
                    json_array_size(zc_json_at(r, "waivers.expiring")) != rows[i].expiring ||
                    json_array_size(zc_json_at(r, "waivers.expired")) != rows[i].expired ||
                    json_array_size(zc_json_at(r, "waivers.unused")) != rows[i].unused) {
                        ZC_AUTO_MEM char *gate = zc_json_line(json_object_get(r, "gate"));
                        ZC_AUTO_MEM char *waivers = zc_json_line(json_object_get(r, "waivers"));

                        fail_msg("row %zu: status %d, %s\n%s", i, zc_report_status(r), gate,
                                 waivers);
                }
        }
}

/** Waived, and still there to be seen. */
static void never_hidden(void **state)
{
        json_auto_t *r =
                judge(true, "waivers:\n" W("A", "ZC-FW-002", "id:web", "fail", FROM, UNTIL), NOW);
        json_auto_t *u =
                judge(false, "waivers:\n" W("B", "ZC-FW-*", "id:web", "unknown", FROM, UNTIL), NOW);
        const json_t *f = json_array_get(json_object_get(r, "findings"), 0);
        const json_t *check;
        bool seen = false;
        size_t i;

        (void)state;
        assert_string_equal(zc_json_str(f, "rule", ""), "ZC-FW-002");
        assert_string_equal(zc_json_str(f, "status", ""), "waived");
        assert_string_equal(zc_json_str(f, "waiver", ""), "A");
        assert_int_equal(json_integer_value(zc_json_at(r, "counts.high.waived")), 1);
        assert_int_equal(json_integer_value(zc_json_at(r, "counts.high.open")), 0);
        json_array_foreach (json_object_get(u, "checks"), i, check) {
                seen = seen || (strcmp(zc_json_str(check, "verdict", ""), "unknown") == 0 &&
                                strcmp(zc_json_str(check, "waived", ""), "B") == 0);
        }
        assert_true(seen);
        assert_int_equal(json_integer_value(zc_json_at(u, "gate.required.waived")),
                         json_integer_value(zc_json_at(u, "gate.required.of")) -
                                 json_integer_value(zc_json_at(u, "gate.required.done")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads),   cmocka_unit_test(refuses),      cmocka_unit_test(globs),
                cmocka_unit_test(at_work), cmocka_unit_test(never_hidden),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
