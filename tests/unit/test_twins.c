/** What several vantages saw of one service: one finding at its most exposed subject; and whose host an endpoint is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zc/judge.h"

#define NOW 1795341600000 /* 2026-11-22T10:00:00Z */
#define MAP "{any: critical, private: critical, isolated: high, loopback: low}"

/* One rule whose severity hangs on reach, one about TLS, which differs by name, and one that reads the host. */
#define RULE(id, severity, kind, needs, when)                                                      \
        "  - id: " id "\n    title: t\n    severity: " severity "\n    applies_to: " kind          \
        "\n    needs: [" needs "]"                                                                 \
        "\n    when: " when "\n    confidence: proven\n    message: m\n    rationale: r\n"         \
        "    remediation: {text: t, variants: [{change: c, commands: [c]}], reproduce: [r]}\n"     \
        "    since: \"0.1\"\n    tests: [{name: f, self: {}, expect: fail}, {name: p, self: {}, "  \
        "expect: pass}, {name: u, self: {}, expect: unknown}]\n"
static const char rules[] = "rules:\n" RULE("ZC-T-001", MAP, "redis", "self.commands.ping",
                                            "self.commands.ping == \"runs\"")
        RULE("ZC-T-002", "high", "tls", "\"self.versions['TLSv1.0'].offered\"",
             "self.versions[\"TLSv1.0\"].offered")
                RULE("ZC-T-003", "high", "endpoint", "host.os.id", "host.os.id == \"b\"");

static struct zc_pack *pack_new(void)
{
        struct zc_pack *p = zc_pack_new();
        struct zc_err err = { 0 };

        assert_non_null(p);
        if (!zc_pack_add_text(p, "t.yaml", rules, strlen(rules), &err))
                fail_msg("%s", err.text);
        return p;
}

/** Evidence from a fragment in single quotes. */
static struct zc_evidence *evidence(const char *run, const char *body)
{
        struct zc_evidence *ev = NULL;
        struct zc_err err = { 0 };
        char text[8192];

        snprintf(text, sizeof(text),
                 "{'schema':'zerocrit.evidence/1','run':{%s,'finished':'2026-11-22T10:00:00Z'},%s}",
                 run, body);
        for (char *p = text; *p; p++)
                *p = *p == '\'' ? '"' : *p;
        if (!zc_evidence_open_bytes("e", text, strlen(text), &ev, &err))
                fail_msg("%s\n%s", err.text, text);
        return ev;
}

#define RUN(id, addresses, targets)                                                                \
        "'id':'" id "','started':'2026-11-22T09:59:00Z','vantage':{'id':'" id                      \
        "','hostname':'h','addresses':[" addresses "]},'targets':[" targets "]"
#define LOCAL(id) "{'id':'" id "','named':'local'}"
#define WEB RUN("web", "'127.0.0.1','10.0.4.17','192.0.2.7','2001:db8::7'", LOCAL("web"))
#define OUT RUN("out", "'127.0.0.1','203.0.113.9'", "{'id':'','named':'192.0.2.7'}")
#define IN RUN("in", "'127.0.0.1','10.0.4.18'", "{'id':'db','named':'10.0.4.17'}")
#define FILTER                                                                                     \
        "'firewall':{'admits':[{'family':'ip','hook':'input','sources':['0.0.0.0/"                 \
        "0']},{'family':'ip6','hook':'input','sources':['::/"                                      \
        "0']}],'not_modelled':[]},'probes':{'firewall':{'outcome':'done'},'listeners':{'outcome':" \
        "'done'}}"
#define LISTENS(family, address, rest)                                                             \
        "{'transport':'tcp','family':'" family "','address':'" address "','port':6379" rest "}"
#define HOST(listeners) "'host':{" FILTER ",'listeners':[" listeners "]}"
#define AT(asset, address, rest)                                                                   \
        "{'asset':'" asset "','address':'" address "','port':6379,'transport':'tcp',"              \
        "'state':'open','service':'redis','wrapped':null,'probes':{'identify':{'outcome':'done'}," \
        "'"                                                                                        \
        "redis':{'outcome':'done'}}," rest "}"
#define RUNS "'redis':{'commands':{'ping':'runs'}}"
#define ASKS "'redis':{'commands':{'ping':'noauth'}}"
#define OLD(name, cipher) "'name':" name ",'tls':{'versions':{'TLSv1.0':{'offered':" cipher "}}}"
#define ENDPOINTS(list) ",'endpoints':[" list "]"

/* Vantages, and the findings of the rules by reach and by name: "rule asset subject reach severity runs|also". */
static const struct {
        const char *name, *run[3], *body[3], *findings;
} rows[] = {
        { "loopback alone",
          { WEB },
          { HOST(LISTENS("ip", "127.0.0.1", "")) ENDPOINTS(AT("web", "127.0.0.1", RUNS)) },
          "ZC-T-001 web 127.0.0.1:6379/tcp loopback low 1|" },
        { "over lo, offered to all",
          { WEB },
          { HOST(LISTENS("ip", "0.0.0.0", "")) ENDPOINTS(AT("web", "127.0.0.1", RUNS)) },
          "ZC-T-001 web 127.0.0.1:6379/tcp any critical 1|" },
        { "over lo and at an own address that was named",
          { WEB },
          { HOST(LISTENS("ip", "0.0.0.0", "")) ENDPOINTS(
                  AT("web", "127.0.0.1", RUNS) "," AT("10.0.4.17", "10.0.4.17", RUNS)) },
          "ZC-T-001 web 10.0.4.17:6379/tcp any critical 1|127.0.0.1:6379/tcp" },
        { "from inside the machine, the network and outside",
          { WEB, OUT, IN },
          { HOST(LISTENS("ip", "0.0.0.0", "")) ENDPOINTS(AT("web", "127.0.0.1", RUNS)),
            "'problems':[]" ENDPOINTS(AT("192.0.2.7", "192.0.2.7", RUNS)),
            "'problems':[]" ENDPOINTS(AT("db", "10.0.4.17", RUNS)) },
          "ZC-T-001 web 192.0.2.7:6379/tcp any critical 3|10.0.4.17:6379/tcp,127.0.0.1:6379/tcp" },
        { "in another order",
          { IN, OUT, WEB },
          { "'problems':[]" ENDPOINTS(AT("db", "10.0.4.17", RUNS)),
            "'problems':[]" ENDPOINTS(AT("192.0.2.7", "192.0.2.7", RUNS)),
            HOST(LISTENS("ip", "0.0.0.0", "")) ENDPOINTS(AT("web", "127.0.0.1", RUNS)) },
          "ZC-T-001 web 192.0.2.7:6379/tcp any critical 3|10.0.4.17:6379/tcp,127.0.0.1:6379/tcp" },
        { "an own address that was named, beside saved evidence of the same machine",
          { RUN("scan", "'127.0.0.1','10.0.4.17'", "{'id':'www','named':'10.0.4.17'}"),
            RUN("m1", "'127.0.0.1','10.0.4.17'", LOCAL("web")) },
          { HOST(LISTENS("ip", "0.0.0.0", "")) ENDPOINTS(AT("www", "10.0.4.17", RUNS)),
            HOST(LISTENS("ip", "0.0.0.0", "")) ENDPOINTS(AT("m1", "127.0.0.1", RUNS)) },
          "ZC-T-001 web 10.0.4.17:6379/tcp any critical 2|127.0.0.1:6379/tcp" },
        { "the same address on another machine is another",
          { RUN("scan", "'127.0.0.1','10.0.4.18','172.17.0.1'",
                "{'id':'www','named':'172.17.0.1'}"),
            RUN("m1", "'127.0.0.1','10.0.4.17','172.17.0.1'", LOCAL("web")) },
          { HOST(LISTENS("ip", "0.0.0.0", "")) ENDPOINTS(AT("www", "172.17.0.1", RUNS)),
            HOST(LISTENS("ip", "127.0.0.1", "")) ENDPOINTS(AT("m1", "127.0.0.1", RUNS)) },
          "ZC-T-001 www 172.17.0.1:6379/tcp any critical 1|\n"
          "ZC-T-001 web 127.0.0.1:6379/tcp loopback low 1|" },
        { "another listener, on loopback, is another service",
          { WEB, OUT },
          { HOST(LISTENS("ip", "127.0.0.1", "") "," LISTENS("ip", "192.0.2.7", ""))
                    ENDPOINTS(AT("web", "127.0.0.1", RUNS)),
            "'problems':[]" ENDPOINTS(AT("192.0.2.7", "192.0.2.7", RUNS)) },
          "ZC-T-001 web 192.0.2.7:6379/tcp any critical 1|\n"
          "ZC-T-001 web 127.0.0.1:6379/tcp loopback low 1|" },
        { "over lo it obeys, and others it asks for a password",
          { WEB, OUT },
          { HOST(LISTENS("ip", "0.0.0.0", "")) ENDPOINTS(AT("web", "127.0.0.1", RUNS)),
            "'problems':[]" ENDPOINTS(AT("192.0.2.7", "192.0.2.7", ASKS)) },
          "ZC-T-001 web 127.0.0.1:6379/tcp loopback low 1|" },
        { "over lo it obeys, and what it does for others was not seen",
          { WEB, OUT },
          { HOST(LISTENS("ip", "0.0.0.0", "")) ENDPOINTS(AT("web", "127.0.0.1", RUNS)),
            "'problems':[]" ENDPOINTS(AT("192.0.2.7", "192.0.2.7", "'redis':{}")) },
          "ZC-T-001 web 127.0.0.1:6379/tcp any critical 1|" },
        { "it asks over lo, and obeys others",
          { WEB, OUT },
          { HOST(LISTENS("ip", "0.0.0.0", "")) ENDPOINTS(AT("web", "127.0.0.1", ASKS)),
            "'problems':[]" ENDPOINTS(AT("192.0.2.7", "192.0.2.7", RUNS)) },
          "ZC-T-001 web 192.0.2.7:6379/tcp any critical 1|" },
        { "one program on every address of both families",
          { WEB },
          { HOST(LISTENS("ip", "0.0.0.0", ",'uid':1,'process':'r'") "," LISTENS(
                  "ip6", "::", ",'v6only':true,'uid':1,'process':'r'"))
                    ENDPOINTS(AT("web", "127.0.0.1", RUNS) "," AT("web", "::1", RUNS)) },
          "ZC-T-001 web 127.0.0.1:6379/tcp any critical 1|[::1]:6379/tcp" },
        { "two programs, one for each family",
          { WEB },
          { HOST(LISTENS("ip", "0.0.0.0", ",'uid':1,'process':'r'") "," LISTENS(
                  "ip6", "::", ",'v6only':true,'uid':1,'process':'x'"))
                    ENDPOINTS(AT("web", "127.0.0.1", RUNS) "," AT("web", "::1", RUNS)) },
          "ZC-T-001 web 127.0.0.1:6379/tcp any critical 1|\nZC-T-001 web [::1]:6379/tcp any "
          "critical 1|" },
        { "two vantages, and no evidence of the machine itself",
          { OUT, RUN("far", "'203.0.113.77'", "{'id':'','named':'192.0.2.7'}") },
          { "'problems':[]" ENDPOINTS(AT("192.0.2.7", "192.0.2.7", RUNS)),
            "'problems':[]" ENDPOINTS(AT("192.0.2.7", "192.0.2.7", RUNS)) },
          "ZC-T-001 192.0.2.7 192.0.2.7:6379/tcp any critical 2|" },
        { "two machines with their own loopback",
          { WEB, RUN("db", "'127.0.0.1','10.0.4.99'", LOCAL("db")) },
          { HOST(LISTENS("ip", "0.0.0.0", "")) ENDPOINTS(AT("web", "127.0.0.1", RUNS)),
            HOST(LISTENS("ip", "127.0.0.1", "")) ENDPOINTS(AT("db", "127.0.0.1", RUNS)) },
          "ZC-T-001 web 127.0.0.1:6379/tcp any critical 1|\n"
          "ZC-T-001 db 127.0.0.1:6379/tcp loopback low 1|" },
        { "two names on one address are two services of TLS",
          { WEB, OUT },
          { HOST(LISTENS("ip", "0.0.0.0", "")),
            "'problems':[]" ENDPOINTS(AT("192.0.2.7", "192.0.2.7", OLD("'a'", "true")) "," AT(
                    "192.0.2.7", "192.0.2.7", OLD("'b'", "true"))) },
          "ZC-T-002 web 192.0.2.7:6379/tcp#a any high 1|\nZC-T-002 web 192.0.2.7:6379/tcp#b any "
          "high 1|" },
        { "what has no name and shows the same is the one that has",
          { WEB, OUT },
          { HOST(LISTENS("ip", "0.0.0.0", ""))
                    ENDPOINTS(AT("web", "127.0.0.1", OLD("null", "true"))),
            "'problems':[]" ENDPOINTS(AT("192.0.2.7", "192.0.2.7", OLD("'a'", "true"))) },
          "ZC-T-002 web 192.0.2.7:6379/tcp#a any high 2|127.0.0.1:6379/tcp" },
};

static size_t runs_of(const json_t *finding)
{
        json_auto_t *seen = json_object();
        const json_t *read;
        size_t i;

        json_array_foreach (json_object_get(finding, "evidence"), i, read) {
                json_object_set_new(seen, zc_json_str(read, "run", ""), json_true());
        }
        return json_object_size(seen);
}

static int by_text(const void *a, const void *b)
{
        return strcmp(json_string_value(*(json_t *const *)a),
                      json_string_value(*(json_t *const *)b));
}

static void also_add(struct zc_text *t, const json_t *also)
{
        const json_t *sorted[8];
        size_t n = json_array_size(also);

        assert_true(n <= ZC_COUNT(sorted));
        for (size_t i = 0; i < n; i++)
                sorted[i] = json_array_get(also, i);
        qsort((void *)sorted, n, sizeof(sorted[0]), by_text);
        for (size_t i = 0; i < n; i++)
                zc_text_printf(t, "%s%s", i ? "," : "", json_string_value(sorted[i]));
}

static char *findings_of(const json_t *report)
{
        const json_t *f;
        struct zc_text t;
        size_t i;

        zc_text_init(&t, ZC_TEXT_CEILING);
        json_array_foreach (json_object_get(report, "findings"), i, f) {
                if (strcmp(zc_json_str(f, "rule", ""), "ZC-T-003") == 0)
                        continue;
                zc_text_printf(&t, "%s%s %s %s %s %s %zu|", t.len ? "\n" : "",
                               zc_json_str(f, "rule", ""), zc_json_str(f, "asset", ""),
                               zc_json_str(f, "subject", ""), zc_json_str(f, "reach", ""),
                               zc_json_str(f, "severity", ""), runs_of(f));
                also_add(&t, json_object_get(f, "also"));
        }
        return zc_text_steal(&t);
}

static json_t *judge_since(struct zc_evidence *const *evs, size_t count, const json_t *waivers,
                           const json_t *baseline)
{
        ZC_AUTO(zc_pack) p = pack_new();
        const struct zc_judge_options o = {
                .pack = p, .waivers = waivers, .baseline = baseline, .now_ms = NOW
        };
        struct zc_err err = { 0 };
        json_t *report = zc_judge(evs, count, &o, &err);

        if (!report)
                fail_msg("%s", err.text);
        return report;
}

static json_t *judge(struct zc_evidence *const *evs, size_t count, const json_t *waivers)
{
        return judge_since(evs, count, waivers, NULL);
}

/** "rule count" of each row that has no answer now and had one. */
static void newly_is(const json_t *report, const char *want)
{
        const json_t *row;
        ZC_AUTO_TEXT t = { 0 };
        size_t i;

        zc_text_init(&t, ZC_TEXT_CEILING);
        json_array_foreach (json_object_get(report, "newly_unknown"), i, row) {
                zc_text_printf(&t, "%s%s %lld", i ? ", " : "", zc_json_str(row, "rule", ""),
                               (long long)json_integer_value(json_object_get(row, "count")));
        }
        assert_string_equal(zc_text_str(&t), want);
}

/** What had an answer in the baseline and has none now; and a finding that became part of another one is not gone. */
static void test_since(void **state)
{
        struct zc_evidence *told = evidence(WEB, HOST(LISTENS("ip", "0.0.0.0", ""))
                                                         ENDPOINTS(AT("web", "127.0.0.1", RUNS)));
        struct zc_evidence *silent = evidence(WEB, HOST(LISTENS("ip", "0.0.0.0", "")) ENDPOINTS(
                                                           AT("web", "127.0.0.1", "'redis':{}")));
        struct zc_evidence *both[] = {
                told, evidence(OUT, "'problems':[]" ENDPOINTS(AT("192.0.2.7", "192.0.2.7", RUNS)))
        };
        json_auto_t *first = judge(&told, 1, NULL);
        json_auto_t *second = judge_since(&silent, 1, NULL, first);
        json_auto_t *third = judge_since(&silent, 1, NULL, second);
        json_auto_t *back = judge_since(&told, 1, NULL, third);
        json_auto_t *wider = judge_since(both, 2, NULL, first);
        const json_t *f;
        size_t i;

        (void)state;
        assert_true(json_is_null(json_object_get(first, "newly_unknown")));
        newly_is(second, "ZC-T-001 1");
        newly_is(third, "");
        newly_is(back, "");
        newly_is(wider, "ZC-T-003 1"); /* of the address that nobody had looked at */
        json_array_foreach (json_object_get(wider, "findings"), i, f) {
                assert_string_not_equal(zc_json_str(f, "change", ""), "absent");
        }
        zc_evidence_free(told);
        zc_evidence_free(silent);
        zc_evidence_free(both[1]);
}

static void test_rows(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_evidence *evs[3] = { NULL };
                json_auto_t *report = NULL;
                size_t count = 0;
                char *got;

                for (; count < 3 && rows[i].run[count]; count++)
                        evs[count] = evidence(rows[i].run[count], rows[i].body[count]);
                report = judge(evs, count, NULL);
                got = findings_of(report);
                if (strcmp(got, rows[i].findings) != 0)
                        fail_msg("%s:\n%s\nwanted\n%s", rows[i].name, got, rows[i].findings);
                free(got);
                for (size_t e = 0; e < count; e++)
                        zc_evidence_free(evs[e]);
        }
}

/** A waiver may call a service by the machine or by the target that led to it. */
static void test_waivers(void **state)
{
        static const struct {
                const char *target, *status;
        } by[] = { { "id:web", "waived" }, { "id:db", "waived" }, { "id:other", "open" } };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(by); i++) {
                struct zc_evidence *evs[] = {
                        evidence(WEB, HOST(LISTENS("ip", "0.0.0.0", ""))),
                        evidence(IN, "'problems':[]" ENDPOINTS(AT("db", "10.0.4.17", RUNS))),
                };
                json_auto_t *waivers =
                        json_pack("[{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}]", "id", "W",
                                  "rule", "ZC-T-001", "target", by[i].target, "verdict", "fail",
                                  "owner", "a@b", "approver", "a@b", "reason", "r", "created",
                                  "2026-01-01T00:00:00Z", "expires", "2027-01-01T00:00:00Z");
                json_auto_t *report = judge(evs, 2, waivers);
                const json_t *f = json_array_get(json_object_get(report, "findings"), 0);

                assert_string_equal(zc_json_str(f, "asset", ""), "web");
                assert_string_equal(zc_json_str(f, "status", ""), by[i].status);
                zc_evidence_free(evs[0]);
                zc_evidence_free(evs[1]);
        }
}

/** `host` of a rule on an endpoint is the endpoint's own machine: loopback is everyone's address, and one that two have is nobody's. */
static void test_host(void **state)
{
        static const struct {
                const char *name, *first, *second, *endpoint, *verdict;
        } hosts[] = {
                { "loopback is the vantage's own", "'127.0.0.1','10.0.0.1'",
                  "'127.0.0.1','10.0.0.2'", "127.0.0.1", "pass" },
                { "the other's address", "'127.0.0.1','10.0.0.1'", "'127.0.0.1','10.0.0.2'",
                  "10.0.0.2", "fail" },
                { "an address that both have is the vantage's own", "'10.0.0.1','172.17.0.1'",
                  "'10.0.0.2','172.17.0.1'", "172.17.0.1", "pass" },
                { "nobody's address", "'10.0.0.1'", "'10.0.0.2'", "10.0.0.3", "unknown" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(hosts); i++) {
                char run[2][512], body[512];
                struct zc_evidence *evs[2];
                json_auto_t *report = NULL;
                const json_t *check, *checks;
                size_t k;

                snprintf(run[0], sizeof(run[0]), RUN("a", "%s", LOCAL("a")), hosts[i].first);
                snprintf(run[1], sizeof(run[1]), RUN("b", "%s", LOCAL("b")), hosts[i].second);
                snprintf(body, sizeof(body),
                         "'host':{'os':{'id':'a'}},'endpoints':[{'asset':'x','address':'%s','port':"
                         "1,'transport':'tcp','name':null,'state':'open','probes':{'ports':{'"
                         "outcome':'done'}}}]",
                         hosts[i].endpoint);
                evs[0] = evidence(run[0], body);
                evs[1] = evidence(run[1], "'host':{'os':{'id':'b'}}");
                report = judge(evs, 2, NULL);
                checks = json_object_get(report, "checks");
                json_array_foreach (checks, k, check) {
                        if (strcmp(zc_json_str(check, "rule", ""), "ZC-T-003") == 0 &&
                            strcmp(zc_json_str(check, "verdict", ""), hosts[i].verdict) != 0)
                                fail_msg("%s: %s", hosts[i].name, zc_json_line(check));
                }
                zc_evidence_free(evs[0]);
                zc_evidence_free(evs[1]);
        }
}

/** Saved evidence under a configured id: its machine, and what several vantages saw of it, are that target's. */
static void test_adopt(void **state)
{
        struct zc_evidence *evs[] = {
                evidence(RUN("m1", "'127.0.0.1','10.0.4.17'", LOCAL("")),
                         HOST(LISTENS("ip", "0.0.0.0", "")) ENDPOINTS(AT("m1", "127.0.0.1", RUNS))),
                evidence(IN, "'problems':[]" ENDPOINTS(AT("db", "10.0.4.17", RUNS))),
        };
        json_auto_t *target = json_pack("{s:s, s:[s], s:s}", "id", "web1", "tags", "data",
                                        "evidence", "web1.json");
        json_auto_t *report = NULL;
        struct zc_err err = { 0 };
        char *got;

        (void)state;
        assert_string_equal(zc_evidence_asset(evs[0]), "m1");
        for (size_t i = 0; i < ZC_COUNT(evs); i++)
                assert_true(zc_evidence_adopt(evs[i], target, &err));
        assert_string_equal(zc_evidence_asset(evs[0]), "web1");
        report = judge(evs, 2, NULL);
        got = findings_of(report);
        assert_string_equal(got,
                            "ZC-T-001 web1 10.0.4.17:6379/tcp any critical 2|127.0.0.1:6379/tcp");
        free(got);
        zc_evidence_free(evs[0]);
        zc_evidence_free(evs[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows),
                                            cmocka_unit_test(test_waivers),
                                            cmocka_unit_test(test_host),
                                            cmocka_unit_test(test_since),
                                            cmocka_unit_test(test_adopt) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
