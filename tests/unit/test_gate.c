#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zc/judge.h"

#define NOW 1795341600000 /* 2026-11-22T10:00:00Z */

/* Three severities on endpoints, and a critical one that reads the firewall. */
static const char rule_text[] =
        "  - {id: %s, title: t, severity: %s, applies_to: %s, when: '%s', needs: [self.%s], "
        "confidence: proven, message: m,\n"
        "     rationale: r, remediation: {text: x, reproduce: [y]}, since: \"1\", tags: [%s],\n"
        "     tests: [{name: f, self: {}, expect: fail}, {name: p, self: {}, expect: pass}, {name: "
        "u, self: {}, expect: unknown}]}\n";
static const struct {
        const char *id, *severity, *kind, *when, *needs, *tags;
} rules[] = {
        { "ZC-T-001", "critical", "endpoint", "self.service == \"redis\"", "service", "" },
        { "ZC-T-002", "high", "endpoint", "self.service == \"telnet\"", "service",
          "release-blocker" },
        { "ZC-T-003", "medium", "endpoint", "self.service == \"smtp\"", "service", "" },
        { "ZC-T-004", "critical", "firewall", "self.rules == 0", "rules", "" },
};

static struct zc_pack *pack_new(void)
{
        struct zc_pack *p = zc_pack_new();
        struct zc_err err = { 0 };
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_add(&t, "rules:\n");
        for (size_t i = 0; i < ZC_COUNT(rules); i++)
                zc_text_printf(&t, rule_text, rules[i].id, rules[i].severity, rules[i].kind,
                               rules[i].when, rules[i].needs, rules[i].tags);
        if (!p || !zc_pack_add_text(p, "t.yaml", zc_text_str(&t), t.len, &err))
                fail_msg("%s", err.text);
        return p;
}

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
#define SCAN(address, outcome, closed, filtered, unknown)                                          \
        "{\"asset\":\"" address "\",\"address\":\"" address                                        \
        "\",\"transport\":\"tcp\",\"outcome\":\"" outcome "\",\"why\":\"the deadline "             \
        "passed\",\"ports\":\"1-100\",\"open\":\"\",\"closed\":\"" closed                          \
        "\",\"filtered\":\"" filtered "\",\"unknown\":\"" unknown "\"}"

#define LISTENS                                                                                    \
        HEAD(T("", "local"))                                                                       \
        ",\"host\":{\"firewall\":{\"rules\":3},\"probes\":{\"firewall\":{\"outcome\":\"done\"},"   \
        "\"listeners\":{\"outcome\":\"done\"},\"os\":{\"outcome\":\"done\"}},\"listeners\":[{"     \
        "\"transport\":\"tcp\",\"family\":\"ip\",\"address\":\"0.0.0.0\",\"port\":22,\"scope\":"   \
        "\"any\"}]}"

struct setting {
        const char *fail_on, *require, *expect, *baseline, *new_rules;
        int max_new; /* 0: none, else max_new - 1 */
};

static json_t *parse(const char *text)
{
        struct zc_err err = { 0 };
        json_t *v = text ? zc_json_parse(text, strlen(text), &err) : NULL;

        if (text && !v)
                fail_msg("%s: %s", err.text, text);
        return v;
}

static json_t *judge_err(const char *text, const struct setting *s, const json_t *baseline,
                         struct zc_err *err)
{
        ZC_AUTO(zc_pack) p = pack_new();
        ZC_AUTO(zc_evidence) ev = NULL;
        json_auto_t *fail_on = parse(s->fail_on), *require = parse(s->require),
                    *expect = parse(s->expect);
        json_auto_t *max_new = s->max_new ? json_integer(s->max_new - 1) : NULL;
        const struct zc_judge_options o = { .pack = p,
                                            .fail_on = fail_on,
                                            .require = require,
                                            .expect = expect,
                                            .max_new = max_new,
                                            .baseline = baseline,
                                            .new_rules = s->new_rules,
                                            .now_ms = NOW };

        if (!zc_evidence_open_bytes("e", text, strlen(text), &ev, err))
                fail_msg("%s: %s", err->text, text);
        return zc_judge(&ev, 1, &o, err);
}

static json_t *judge(const char *text, const struct setting *s, const json_t *baseline)
{
        struct zc_err err = { 0 };
        json_t *r = judge_err(text, s, baseline, &err);

        if (!r)
                fail_msg("%s", err.text);
        return r;
}

/* ---- the truth table ---- */

#define LOCAL_OK                                                                                   \
        "\"host\":{\"probes\":{\"firewall\":{\"outcome\":\"done\"}},\"firewall\":{\"rules\":3}}"
#define LOCAL_BLIND                                                                                \
        "\"host\":{\"probes\":{\"firewall\":{\"outcome\":\"failed\",\"why\":\"cannot read the "    \
        "ruleset\",\"needs\":\"CAP_NET_ADMIN\"}}}"

static const struct {
        const char *name, *evidence;
        struct setting s;
        int status;
        const char *verdict; /* part of the line, or NULL */
} table
        [] = {
                { "all seen, nothing found",
                  HEAD(T("", "local")) "," LOCAL_OK "}",
                  { 0 },
                  0,
                  "MET  0 critical; 1 of 1 required checks done" },
                { "one critical",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(WEB, WEB, "6379", "open",
                                                        SERVICE("redis")) "]}",
                  { 0 },
                  1,
                  "NOT MET  1 critical (allowed 0); 1 of 1 required checks done" },
                { "a high does not count by default",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(WEB, WEB, "23", "open",
                                                        SERVICE("telnet")) "]}",
                  { 0 },
                  0,
                  "MET  0 critical, 1 high; " },
                { "a high counts when asked",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(WEB, WEB, "23", "open",
                                                        SERVICE("telnet")) "]}",
                  { .fail_on = "[\"critical\",\"high\"]" },
                  1,
                  "NOT MET  1 high (allowed 0)" },
                { "a tag counts when asked",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(WEB, WEB, "23", "open",
                                                        SERVICE("telnet")) "]}",
                  { .fail_on = "[\"critical\",\"tag:release-blocker\"]" },
                  1,
                  "1 tag:release-blocker (allowed 0)" },
                { "a rule counts when named",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(WEB, WEB, "25", "open",
                                                        SERVICE("smtp")) "]}",
                  { .fail_on = "[\"id:ZC-T-003\"]" },
                  1,
                  "1 id:ZC-T-003 (allowed 0)" },
                { "without a baseline everything is new",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(WEB, WEB, "23", "open",
                                                        SERVICE("telnet")) "]}",
                  { .fail_on = "[\"new-high\"]" },
                  1,
                  "1 new-high (allowed 0)" },
                { "a required check without evidence",
                  HEAD(T("", "local")) "," LOCAL_BLIND "}",
                  { 0 },
                  3,
                  "NOT SHOWN  0 critical found; firewall not readable (needs CAP_NET_ADMIN): "
                  "zerocrit doctor" },
                { "not met outranks not shown",
                  HEAD(T("", "local")) "," LOCAL_BLIND ",\"endpoints\":[" E(
                          "v", WEB, "6379", "open", SERVICE("redis")) "]}",
                  { 0 },
                  1,
                  "NOT MET" },
                { "an unknown that nobody requires",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(WEB, WEB, "80", "open", "") "]}",
                  { .fail_on = "[\"info\"]" },
                  0,
                  NULL },
                { "an unknown of a required severity",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(WEB, WEB, "80", "open", "") "]}",
                  { 0 },
                  3,
                  "ZC-T-001 not answered on 192.0.2.7:80/tcp: self.service" },
                { "an unknown of a rule that is named",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(WEB, WEB, "80", "open", "") "]}",
                  { .fail_on = "[\"info\"]", .require = "[\"ZC-T-003\"]" },
                  3,
                  "ZC-T-003 not answered" },
                { "by a glob",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(WEB, WEB, "80", "open", "") "]}",
                  { .fail_on = "[\"info\"]", .require = "[\"ZC-T-*\"]" },
                  3,
                  NULL },
                { "by a tag",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(WEB, WEB, "80", "open", "") "]}",
                  { .fail_on = "[\"info\"]", .require = "[\"tag:release-blocker\"]" },
                  3,
                  "ZC-T-002" },
                { "a rule whose subject was not planned",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(WEB, WEB, "80", "open",
                                                        SERVICE("http")) "]}",
                  { .require = "[\"ZC-T-004\"]" },
                  0,
                  NULL },
                { "skipped openly",
                  HEAD(T("", "local")) ",\"host\":{\"probes\":{\"firewall\":{\"outcome\":"
                                       "\"skipped\"}}}}",
                  { 0 },
                  0,
                  NULL },
                { "a service that is closed",
                  HEAD(T("", "192.0.2.7:443")) ",\"endpoints\":[" E(WEB, WEB, "443", "closed",
                                                                    ",\"service\":null") "]}",
                  { .fail_on = "[\"info\"]" },
                  3,
                  "192.0.2.7:443 did not answer as a service (closed)" },
                { "a service that is filtered",
                  HEAD(T("", "192.0.2.7:443")) ",\"endpoints\":[" E(WEB, WEB, "443", "filtered",
                                                                    "") "]}",
                  { .fail_on = "[\"info\"]" },
                  3,
                  "(filtered)" },
                { "a service that was never reached",
                  HEAD(T("", "https://www.example.org")) "}",
                  { 0 },
                  3,
                  "https://www.example.org did not answer as a service" },
                { "a service that answers",
                  HEAD(T("", "https://www.example.org")) ",\"endpoints\":[" E(
                          "www.example.org", WEB, "443", "open",
                          SERVICE("http") ",\"wrapped\":\"tls\",\"name\":\"www.example.org\"") "]}",
                  { 0 },
                  0,
                  NULL },
                { "one of two addresses answers",
                  HEAD(T("", "www.example.org:80")) ",\"endpoints\":[" E(
                          "www.example.org", WEB, "80", "open",
                          SERVICE("http")) "," E("www.example.org", "2001:db8::7", "80", "filtered",
                                                 SERVICE("http")) "]}",
                  { 0 },
                  0,
                  NULL },
                { "another name answers",
                  HEAD(T("x", "a.example.org:80") "," T(
                          "x",
                          "b.example.org:80")) ",\"endpoints\":[" E("x", WEB, "80", "open",
                                                                    SERVICE("http") ",\"name\""
                                                                                    ":\"a."
                                                                                    "example."
                                                                                    "org\"") "]}",
                  { 0 },
                  3,
                  "b.example.org:80 did not answer" },
                { "an address answers, and its asset's name was never resolved",
                  HEAD(T("x", WEB) "," T("x", "b.example.org:80")) ",\"endpoints\":[" E(
                          "x", WEB, "80", "open",
                          SERVICE("http") ",\"name\""
                                          ":null") "]}",
                  { 0 },
                  3,
                  "b.example.org:80 did not answer" },
                { "a host that is silent",
                  HEAD(T("", WEB)) ",\"scans\":[{\"asset\":\"" WEB "\",\"address\":\"" WEB
                                   "\",\"transport\":\"tcp\",\"outcome\":\"done\",\"ports\":\"1-"
                                   "100\",\"open\":\"\","
                                   "\"closed\":\"\",\"filtered\":\"1-100\",\"unknown\":\"\"}]}",
                  { 0 },
                  3,
                  "nothing answered on 192.0.2.7" },
                { "a host that refuses everything",
                  HEAD(T("", WEB)) ",\"scans\":[{\"asset\":\"" WEB "\",\"address\":\"" WEB
                                   "\",\"transport\":\"tcp\",\"outcome\":\"done\",\"ports\":\"1-"
                                   "100\",\"open\":\"\","
                                   "\"closed\":\"1-100\",\"filtered\":\"\",\"unknown\":\"\"}]}",
                  { 0 },
                  0,
                  NULL },
                { "ports that nobody asked",
                  HEAD(T("", WEB)) ",\"scans\":[" SCAN(WEB, "partial", "1-3", "", "4-100") "]}",
                  { 0 },
                  3,
                  "ports: not all were asked, the deadline passed" },
                { "ports that nobody asked, beside an open one",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(
                          WEB, WEB, "80", "open",
                          SERVICE("http")) "],\"scans\":[" SCAN(WEB, "partial", "", "",
                                                                "4-100") "]}",
                  { 0 },
                  3,
                  "not all were asked" },
                { "an address of a block that was never begun",
                  HEAD(T("", "192.0.2.0/24")) ",\"scans\":[" SCAN(WEB, "failed", "", "", "") "]}",
                  { 0 },
                  3,
                  "not all were asked" },
                { "ports that nobody asked, and no rule that needs them",
                  HEAD(T("", WEB)) ",\"scans\":[" SCAN(WEB, "partial", "1-3", "", "4-100") "]}",
                  { .fail_on = "[\"info\"]" },
                  0,
                  NULL },
                { "ports taken out of the plan",
                  HEAD(T("", "192.0.2.0/24")) ",\"scans\":[" SCAN(WEB, "skipped", "", "", "") "]}",
                  { 0 },
                  0,
                  NULL },
                { "silent ports of a whole scan",
                  HEAD(T("", WEB)) ",\"scans\":[" SCAN(WEB, "done", "1-3", "4-100", "") "]}",
                  { 0 },
                  0,
                  NULL },
                { "a silent member of a block",
                  HEAD(T("", "192.0.2.0/24")) ",\"scans\":[" SCAN(WEB, "done", "", "1-100",
                                                                  "") "]}",
                  { 0 },
                  0,
                  NULL },
                { "a scan that does not say how every port was",
                  HEAD(T("", WEB)) ",\"scans\":[" SCAN(WEB, "done", "1-3", "5-100", "") "]}",
                  { 0 },
                  3,
                  "not all were asked" },
                { "what listens, asked what it is",
                  LISTENS ",\"scans\":[" SCAN("127.0.0.1", "done", "1-100", "", "") "]}",
                  { 0 },
                  0,
                  NULL },
                { "what listens, and was not asked what it is",
                  LISTENS "}",
                  { 0 },
                  3,
                  "what listens on 22 was not asked" },
                { "a block of which nothing is told",
                  HEAD(T("", "192.0.2.0/24")) "}",
                  { 0 },
                  3,
                  "nothing of it is in the evidence" },
                { "this machine, and nothing of it",
                  HEAD(T("", "local")) "}",
                  { 0 },
                  3,
                  "nothing of this machine" },
                { "this machine, of which only ports are told",
                  HEAD(T("", "local")) ",\"endpoints\":[" E("v", WEB, "80", "open",
                                                            SERVICE("http")) "]}",
                  { 0 },
                  3,
                  "nothing of this machine" },
                { "this machine, and a host record that says nothing",
                  HEAD(T("", "local")) ",\"host\":{}}",
                  { 0 },
                  3,
                  "nothing of this machine" },
                { "this machine, and another probe's outcome only",
                  HEAD(T("", "local")) ",\"host\":{\"probes\":{\"os\":{\"outcome\":\"done\"}}}}",
                  { 0 },
                  3,
                  "no outcome of the probe firewall" },
                { "evidence without targets",
                  "{\"schema\":\"zerocrit.evidence/"
                  "1\",\"run\":{\"id\":\"r\",\"vantage\":{\"id\":\"v\"},\"finished\":\"2026-11-"
                  "22T10:00:00Z\"}}",
                  { 0 },
                  3,
                  "does not say what" },
                { "a stream that was cut",
                  "{\"schema\":\"zerocrit.evidence/"
                  "1\",\"run\":{\"id\":\"r\",\"vantage\":{\"id\":\"v\"},\"targets\":[" T(
                          "", "local") "]}}\n{\"host\":{"
                                       "\"firewall\":{\"rules\":3}"
                                       "}}\n",
                  { 0 },
                  3,
                  "did not finish" },
                { "a probe that the target requires",
                  HEAD("{\"id\":\"db\",\"named\":\"192.0.2.7:5432\",\"require\":[\"postgres\"]}") ",\"endpoints\":[" E(
                          "db", WEB, "5432", "open",
                          SERVICE("postgresql") ",\"probes\":{\"postgres\":{\"outcome\":\"failed\","
                                                "\"why\":\"no login\"}}") "]}",
                  { 0 },
                  3,
                  "requires the probe postgres: failed, no login" },
                { "a probe that the target requires, done",
                  HEAD("{\"id\":\"db\",\"named\":\"192.0.2.7:5432\",\"require\":[\"postgres\"]}") ",\"endpoints\":[" E(
                          "db", WEB, "5432", "open",
                          SERVICE("postgresql") ",\"probes\":{\"postgres\":{\"outcome\":\"done\"}}") "]}",
                  { 0 },
                  0,
                  NULL },
                { "a required probe that was taken out",
                  HEAD("{\"id\":\"db\",\"named\":\"192.0.2.7:5432\",\"require\":[\"postgres\"]}") ",\"endpoints\":[" E(
                          "db", WEB, "5432", "open",
                          SERVICE("postgresql") ",\"probes\":{\"postgres\":{\"outcome\":"
                                                "\"skipped\"}}") "]}",
                  { 0 },
                  3,
                  "requires the probe postgres: skipped" },
                { "more new ones than allowed",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(
                          WEB, WEB, "25", "open", SERVICE("smtp")) "," E(WEB, WEB, "26", "open",
                                                                         SERVICE("smtp")) "]}",
                  { .max_new = 2 },
                  1,
                  "2 new (allowed 1)" },
                { "as many new ones as allowed",
                  HEAD(T("", WEB)) ",\"endpoints\":[" E(WEB, WEB, "25", "open",
                                                        SERVICE("smtp")) "]}",
                  { .max_new = 2 },
                  0,
                  NULL },
        };

static void truth_table(void **state)
{
        size_t wrong = 0;

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(table); i++) {
                json_auto_t *r = judge(table[i].evidence, &table[i].s, NULL);
                ZC_AUTO_MEM char *line = zc_report_verdict(r);
                static const char *const words[] = { "MET  ", "NOT MET  ", "", "NOT SHOWN  " };

                if (zc_report_status(r) == table[i].status &&
                    (!table[i].verdict || strstr(line, table[i].verdict)) &&
                    strncmp(line, words[table[i].status], strlen(words[table[i].status])) == 0)
                        continue;
                wrong++;
                print_message("# %s: status %d, \"%s\"\n", table[i].name, zc_report_status(r),
                              line);
        }
        assert_int_equal(wrong, 0);
}

static void refused_settings(void **state)
{
        static const struct {
                struct setting s;
                const char *says;
        } rows[] = {
                { { .fail_on = "[\"critcal\"]" }, "did you mean critical" },
                { { .fail_on = "[\"new-hihg\"]" }, "did you mean new-high" },
                { { .fail_on = "[\"tag:nobody\"]" }, "no rule is selected" },
                { { .require = "[\"ZC-X-*\"]" }, "no rule is selected" },
                { { .expect = "[{\"for\":\"id:x\",\"open_only\":[\"80\"]}]" },
                  "not a port such as" },
                { { .expect = "[{\"for\":\"id:x\",\"closed\":[\"0/tcp\"]}]" },
                  "not a port such as" },
                { { .expect = "[{\"open_only\":[\"80/tcp\"]}]" }, "needs \"for\"" },
                { { .expect = "[{\"for\":\"id:x\",\"opn_only\":[\"80/tcp\"]}]" },
                  "did you mean open_only" },
                { { .expect =
                            "[{\"for\":\"id:x\",\"open_only\":[\"80/tcp\"],\"from\":\"space\"}]" },
                  "from is any" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_err err = { 0 };
                json_t *r =
                        judge_err(HEAD(T("", "local")) "," LOCAL_OK "}", &rows[i].s, NULL, &err);

                if (r || err.code != ZC_E_USAGE || !strstr(err.text, rows[i].says))
                        fail_msg("row %zu: %s", i, r ? "accepted" : err.text);
        }
}

/* ---- baselines ---- */

static const char *change_of(const json_t *report, const char *subject)
{
        const json_t *f;
        size_t i;

        json_array_foreach (json_object_get(report, "findings"), i, f) {
                if (strcmp(zc_json_str(f, "subject", ""), subject) == 0)
                        return zc_json_str(f, "change", "");
        }
        return "none";
}

#define ONE(port, service) E(WEB, WEB, port, "open", SERVICE(service))
#define DOC(list) HEAD(T("", WEB)) ",\"endpoints\":[" list "]}"
#define S25 WEB ":25/tcp"

static void baseline(void **state)
{
        static const struct {
                const char *before, *after, *subject, *change;
                struct setting s;
                int status;
        } rows[] = {
                { DOC(ONE("25", "smtp")),
                  DOC(ONE("25", "smtp")),
                  S25,
                  "unchanged",
                  { .fail_on = "[\"new-medium\"]" },
                  0 },
                { DOC(ONE("25", "http")),
                  DOC(ONE("25", "smtp")),
                  S25,
                  "new",
                  { .fail_on = "[\"new-medium\"]" },
                  1 },
                { DOC(ONE("80", "http")),
                  DOC(ONE("80", "http") "," ONE("25", "smtp")),
                  S25,
                  "new",
                  { .fail_on = "[\"new-medium\"]" },
                  1 },
                { DOC(E(WEB, WEB, "25", "open", "")),
                  DOC(ONE("25", "smtp")),
                  S25,
                  "new-data",
                  { .fail_on = "[\"new-medium\"]" },
                  1 },
                { HEAD(T("", "192.0.2.8")) "}",
                  DOC(ONE("25", "smtp")),
                  S25,
                  "new-data",
                  { .max_new = 1 },
                  1 },
                { DOC(ONE("25", "smtp")),
                  DOC(ONE("25", "http")),
                  S25,
                  "absent",
                  { .fail_on = "[\"medium\"]" },
                  0 },
                { DOC(ONE("25", "smtp")),
                  DOC(E(WEB, WEB, "25", "open", "")),
                  S25,
                  "none",
                  { .fail_on = "[\"info\"]" },
                  0 }, /* not seen is not gone */
                { DOC(ONE("25", "smtp")),
                  HEAD(T("", "local")) "," LOCAL_OK "}",
                  S25,
                  "none",
                  { 0 },
                  0 },
                { DOC(ONE("6379", "redis")),
                  DOC(ONE("6379", "redis")),
                  WEB ":6379/tcp",
                  "unchanged",
                  { 0 },
                  1 }, /* a baseline never excuses */
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                const struct setting plain = { 0 };
                json_auto_t *old = judge(rows[i].before, &plain, NULL);
                json_auto_t *r = judge(rows[i].after, &rows[i].s, old);

                if (strcmp(change_of(r, rows[i].subject), rows[i].change) != 0 ||
                    zc_report_status(r) != rows[i].status) {
                        ZC_AUTO_MEM char *line = zc_report_verdict(r);

                        fail_msg("row %zu: %s, %s", i, change_of(r, rows[i].subject), line);
                }
        }
}

static void new_rules(void **state)
{
        /* a severity, a rule or a tag counts whatever the baseline says; only what counts by being new is excused */
        static const struct {
                struct setting s;
                int status;
        } rows[] = {
                { { .fail_on = "[\"critical\"]", .new_rules = "warn" }, 1 },
                { { .fail_on = "[\"critical\"]", .new_rules = "ignore" }, 1 },
                { { .fail_on = "[\"id:ZC-T-001\"]", .new_rules = "ignore" }, 1 },
                { { .fail_on = "[\"new-critical\"]", .new_rules = "warn" }, 0 },
                { { .fail_on = "[\"new-critical\"]", .new_rules = "ignore" }, 0 },
                { { .fail_on = "[\"new-critical\"]", .new_rules = "fail" }, 1 },
                { { .fail_on = "[\"high\"]", .new_rules = "warn", .max_new = 1 }, 0 },
                { { .fail_on = "[\"high\"]", .new_rules = "fail", .max_new = 1 }, 1 },
        };
        const struct setting plain = { 0 }, strict = { .fail_on = "[\"critical\"]" };
        json_auto_t *old = judge(DOC(ONE("6379", "http")), &plain, NULL);
        json_t *checks = json_object_get(old, "checks");

        (void)state;
        for (size_t i = json_array_size(checks); i-- > 0;) {
                if (strcmp(zc_json_str(json_array_get(checks, i), "rule", ""), "ZC-T-001") == 0)
                        json_array_remove(checks, i);
        }
        {
                json_auto_t *a = judge(DOC(ONE("6379", "redis")), &strict, old);

                assert_string_equal(change_of(a, WEB ":6379/tcp"), "new-rule");
                assert_int_equal(zc_report_status(a), 1);
        }
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *r = judge(DOC(ONE("6379", "redis")), &rows[i].s, old);

                if (zc_report_status(r) != rows[i].status)
                        fail_msg("row %zu: status %d", i, zc_report_status(r));
                assert_int_equal(json_array_size(zc_json_at(r, "gate.warnings")),
                                 strcmp(rows[i].s.new_rules, "warn") == 0);
        }
}

/** What the baseline knew as waived, or as less severe, is updated; and new at the severity that it has now. */
static void updated(void **state)
{
        static const struct {
                const char *member, *before, *change;
                struct setting s;
                int status;
        } rows[] = {
                { "status", "waived", "updated", { .fail_on = "[\"new-medium\"]" }, 1 },
                { "severity", "low", "updated", { .fail_on = "[\"new-medium\"]" }, 1 },
                { "severity", "low", "updated", { .fail_on = "[\"new-low\"]" }, 0 },
                { "severity", "high", "updated", { .fail_on = "[\"new-medium\"]" }, 0 },
                { "severity", "medium", "unchanged", { .fail_on = "[\"new-medium\"]" }, 0 },
                { "severity", "low", "updated", { .max_new = 1 }, 0 },
        };
        const struct setting plain = { 0 };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *old = judge(DOC(ONE("25", "smtp")), &plain, NULL);
                json_auto_t *r = NULL;

                json_object_set_new(json_array_get(json_object_get(old, "findings"), 0),
                                    rows[i].member, json_string(rows[i].before));
                r = judge(DOC(ONE("25", "smtp")), &rows[i].s, old);
                assert_string_equal(change_of(r, S25), rows[i].change);
                if (zc_report_status(r) != rows[i].status)
                        fail_msg("row %zu: status %d", i, zc_report_status(r));
        }
}

/** What all rules together may cost is kept: beyond it is an error, never a pass. */
static void total_budget(void **state)
{
        ZC_AUTO(zc_pack) p = pack_new();
        ZC_AUTO(zc_arena) arena = zc_arena_new(0);
        json_auto_t *self = parse("{\"service\":\"http\"}");
        uint64_t left = 1000;
        struct zc_judge_context c = { .self = self, .left = &left };
        struct zc_judgement j;

        (void)state;
        zc_rule_judge(zc_pack_find(p, "ZC-T-001"), &c, arena, NULL, &j);
        assert_int_equal(j.verdict, ZC_PASS);
        assert_true(left < 1000);
        left = 1;
        zc_rule_judge(zc_pack_find(p, "ZC-T-001"), &c, arena, NULL, &j);
        assert_int_equal(j.verdict, ZC_ERROR);
        assert_non_null(strstr(j.why, "together cost more"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(truth_table), cmocka_unit_test(refused_settings),
                cmocka_unit_test(baseline),    cmocka_unit_test(new_rules),
                cmocka_unit_test(updated),     cmocka_unit_test(total_budget),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
