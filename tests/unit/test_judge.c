#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zc/clock.h"
#include "zc/judge.h"

#define NOW 1795341600000 /* 2026-11-22T10:00:00Z */

/* Rules of the tests' own: one that may be critical, one by reach, one on the firewall. */
static const char one[] = "  - id: %s\n"
                          "    title: title of %s\n"
                          "    severity: %s\n"
                          "    applies_to: %s\n"
                          "    where: '%s'\n"
                          "    needs: [self.%s]\n"
                          "    when: '%s'\n"
                          "    confidence: proven\n"
                          "    message: '%s'\n"
                          "    covers: [%s]\n"
                          "    rationale: because\n"
                          "    remediation: {text: do it, variants: [{change: c, commands: ['do {{ "
                          "self.%s }}']}], reproduce: ['see {{ self.%s }}']}\n"
                          "    tags: [%s]\n"
                          "    since: \"0.1\"\n"
                          "    tests: [{name: f, self: {}, expect: fail}, {name: p, self: {}, "
                          "expect: pass}, {name: u, self: {}, expect: unknown}]\n";

struct rule {
        const char *id, *severity, *kind, *where, *needs, *when, *message, *covers, *field, *tags;
};
static const struct rule own[] = {
        { "ZC-T-001", "critical", "endpoint", "true", "service", "self.service == \"redis\"",
          "{{ self.service }} on {{ self.port }}", "ZC-T-002", "port", "" },
        { "ZC-T-002", "{any: critical, private: high, isolated: medium, loopback: low}", "listener",
          "self.transport == \"tcp\"", "port", "self.port == 6379", "port {{ self.port }}", "",
          "port", "" },
        { "ZC-T-003", "high", "firewall", "true", "defaults",
          "self.defaults.input.ip == \"accept\"", "default {{ self.defaults.input.ip }}", "",
          "sets", "base" },
        { "ZC-T-004", "info", "host", "true", "os.id", "self.os.id == \"x\" || 1 / 0 == 1", "os",
          "", "os.id", "" },
        { "ZC-T-005", "info", "endpoint", "true", "service", "self.service == \"redis\"",
          "covers what weighs more", "ZC-T-001", "port", "" },
};

static struct zc_pack *pack_of(const struct rule *list, size_t count)
{
        struct zc_pack *p = zc_pack_new();
        struct zc_err err = { 0 };
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_add(&t, "rules:\n");
        for (size_t i = 0; i < count; i++) {
                const struct rule *r = &list[i];

                zc_text_printf(&t, one, r->id, r->id, r->severity, r->kind, r->where, r->needs,
                               r->when, r->message, r->covers, r->field, r->field, r->tags);
        }
        assert_non_null(p);
        if (!zc_pack_add_text(p, "t.yaml", zc_text_str(&t), t.len, &err))
                fail_msg("%s", err.text);
        return p;
}

#define RUN                                                                                        \
        "\"schema\":\"zerocrit.evidence/"                                                          \
        "1\",\"run\":{\"id\":\"r1\",\"started\":\"2026-11-22T09:59:00Z\",\"finished\":\"2026-11-"  \
        "22T10:00:00Z\","                                                                          \
        "\"vantage\":{\"id\":\"m1\",\"addresses\":[\"10.0.0.5\"]},\"targets\":[{\"id\":\"\","      \
        "\"named\":\"local\"}]}"
#define FIREWALL(verdict)                                                                          \
        "\"firewall\":{\"backend\":[\"nf_tables\"],\"tables\":[],\"sets\":0,\"admits\":[],"        \
        "\"defaults\":{\"input\":{\"ip\":\"" verdict "\",\"ip6\":\"drop\"}}}"
#define LISTENER                                                                                   \
        "{\"transport\":\"tcp\",\"family\":\"ip\",\"address\":\"0.0.0.0\",\"port\":6379,"          \
        "\"scope\":\"any\"}"
#define DONE "\"probes\":{\"firewall\":{\"outcome\":\"done\"},\"listeners\":{\"outcome\":\"done\"}}"
#define REDIS                                                                                      \
        "{\"asset\":\"m1\",\"address\":\"10.0.0.5\",\"port\":6379,\"transport\":\"tcp\","          \
        "\"state\":\"open\",\"service\":\"redis\",\"reached_from\":\"self\","                      \
        "\"probes\":{\"ports\":{\"outcome\":\"done\"}},\"proof\":{\"sent\":\"PING\",\"received\":" \
        "\"+PONG\"}}"

static struct zc_evidence *evidence(const char *json)
{
        struct zc_evidence *ev = NULL;
        struct zc_err err = { 0 };

        if (!zc_evidence_open_bytes("test", json, strlen(json), &ev, &err))
                fail_msg("%s: %s", err.text, json);
        return ev;
}

static json_t *judge_with(const char *json, const struct zc_judge_options *o)
{
        ZC_AUTO(zc_evidence) ev = evidence(json);
        struct zc_err err = { 0 };
        json_t *report = zc_judge(&ev, 1, o, &err);

        if (!report)
                fail_msg("%s", err.text);
        return report;
}

static json_t *judge_own(const char *json)
{
        ZC_AUTO(zc_pack) p = pack_of(own, ZC_COUNT(own));
        const struct zc_judge_options o = { .pack = p, .now_ms = NOW };

        return judge_with(json, &o);
}

static const char *verdict_of(const json_t *report, const char *rule)
{
        const json_t *check;
        size_t i;

        json_array_foreach (json_object_get(report, "checks"), i, check) {
                if (strcmp(zc_json_str(check, "rule", ""), rule) == 0)
                        return zc_json_str(check, "verdict", "");
        }
        return "none";
}

static const json_t *finding_of(const json_t *report, const char *rule)
{
        const json_t *f;
        size_t i;

        json_array_foreach (json_object_get(report, "findings"), i, f) {
                if (strcmp(zc_json_str(f, "rule", ""), rule) == 0)
                        return f;
        }
        return NULL;
}

static const char *why_of(const json_t *report, const char *rule)
{
        const json_t *check;
        size_t i;

        json_array_foreach (json_object_get(report, "checks"), i, check) {
                if (strcmp(zc_json_str(check, "rule", ""), rule) == 0)
                        return zc_json_str(check, "why", "");
        }
        return "none";
}

/* ---- what becomes of evidence that is there, absent, or not observed ---- */

static void presence(void **state)
{
        static const struct {
                const char *json, *rule, *verdict, *why;
        } rows[] = {
                { "{" RUN ",\"host\":{" DONE "," FIREWALL("accept") ",\"listeners\":[]}}",
                  "ZC-T-003", "fail", "" },
                { "{" RUN ",\"host\":{" DONE "," FIREWALL("drop") ",\"listeners\":[]}}", "ZC-T-003",
                  "pass", "" },
                { "{" RUN ",\"host\":{" DONE ",\"firewall\":{\"defaults\":{}},\"listeners\":[]}}",
                  "ZC-T-003", "unknown", "self.defaults.input" },
                { "{" RUN ",\"host\":{" DONE ",\"listeners\":[]}}", "ZC-T-003", "unknown",
                  "firewall: " },
                { "{" RUN ",\"host\":{\"probes\":{\"firewall\":{\"outcome\":\"failed\",\"needs\":"
                  "\"CAP_NET_ADMIN\"}},\"listeners\":[]}}",
                  "ZC-T-003", "unknown", "firewall: needs CAP_NET_ADMIN" },
                { "{" RUN ",\"host\":{\"probes\":{\"firewall\":{\"outcome\":\"skipped\"}},"
                  "\"listeners\":[]}}",
                  "ZC-T-003", "notapplicable", "" },
                { "{" RUN ",\"host\":{\"probes\":{\"firewall\":{\"outcome\":\"notapplicable\"}},"
                  "\"listeners\":[]}}",
                  "ZC-T-003", "notapplicable", "" },
                { "{" RUN ",\"endpoints\":[" REDIS "]}", "ZC-T-003", "notapplicable",
                  "nothing of this kind was planned" },
                { "{" RUN ",\"host\":{" DONE "," FIREWALL("drop") ",\"listeners\":[]}}", "ZC-T-002",
                  "notapplicable", "" },
                { "{" RUN ",\"host\":{\"probes\":{\"listeners\":{\"outcome\":\"failed\",\"why\":"
                  "\"no sock_diag\"}}}}",
                  "ZC-T-002", "unknown", "no sock_diag" },
                { "{" RUN ",\"host\":{" DONE ",\"listeners\":[],\"os\":{\"id\":\"debian\"}}}",
                  "ZC-T-004", "error", "" },
                { "{" RUN ",\"host\":{" DONE ",\"listeners\":[],\"os\":{\"id\":\"x\"}}}",
                  "ZC-T-004", "fail", "" },
                { "{" RUN ",\"host\":{" DONE ",\"listeners\":[],\"os\":{}}}", "ZC-T-004", "unknown",
                  "self.os.id" },
                { "{" RUN ",\"endpoints\":[" REDIS "]}", "ZC-T-001", "fail", "" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *report = judge_own(rows[i].json);

                if (strcmp(verdict_of(report, rows[i].rule), rows[i].verdict) != 0 ||
                    !strstr(why_of(report, rows[i].rule), rows[i].why))
                        fail_msg("row %zu: %s %s (%s)", i, rows[i].rule,
                                 verdict_of(report, rows[i].rule), why_of(report, rows[i].rule));
        }
}

/* ---- severity by reach ---- */

static void reach(void **state)
{
        static const struct {
                const char *listener, *firewall, *verdict, *severity;
        } rows[] = {
                { LISTENER, FIREWALL("accept"), "unknown",
                  NULL }, /* admits say nothing of it: no rule lets it in, the default does */
                { "{\"transport\":\"tcp\",\"family\":\"ip\",\"address\":\"127.0.0.1\",\"port\":"
                  "6379,\"scope\":\"loopback\"}",
                  FIREWALL("drop"), "fail", "low" },
                { LISTENER, "\"firewall\":{}", "unknown", NULL },
                { "{\"transport\":\"tcp\",\"family\":\"ip\",\"address\":\"0.0.0.0\",\"port\":6379,"
                  "\"scope\":\"any\",\"reach\":{\"verdict\":\"accept\",\"sources\":[\"0.0.0.0/"
                  "0\"],\"certainty\":\"certain\"}}",
                  FIREWALL("drop"), "fail", "critical" },
                { "{\"transport\":\"tcp\",\"family\":\"ip\",\"address\":\"0.0.0.0\",\"port\":6379,"
                  "\"scope\":\"any\",\"reach\":{\"verdict\":\"accept\",\"sources\":[\"10.0.0.0/"
                  "8\"],\"certainty\":\"certain\"}}",
                  FIREWALL("drop"), "fail", "high" },
                { "{\"transport\":\"tcp\",\"family\":\"ip\",\"address\":\"0.0.0.0\",\"port\":6379,"
                  "\"scope\":\"any\",\"reach\":{\"verdict\":\"drop\",\"sources\":[],\"certainty\":"
                  "\"certain\"}}",
                  FIREWALL("drop"), "fail", "low" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *report = NULL;
                const json_t *f;
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, ZC_TEXT_CEILING);
                zc_text_printf(&t, "{" RUN ",\"host\":{" DONE ",%s,\"listeners\":[%s]}}",
                               rows[i].firewall, rows[i].listener);
                report = judge_own(zc_text_str(&t));
                f = finding_of(report, "ZC-T-002");
                if (strcmp(verdict_of(report, "ZC-T-002"), rows[i].verdict) != 0)
                        print_message("# row %zu: %s (%s)\n", i, verdict_of(report, "ZC-T-002"),
                                      why_of(report, "ZC-T-002"));
                if (i == 0)
                        continue; /* what the join makes of it is the join's own test */
                assert_string_equal(verdict_of(report, "ZC-T-002"), rows[i].verdict);
                assert_int_equal(f != NULL, rows[i].severity != NULL);
                if (f)
                        assert_string_equal(zc_json_str(f, "severity", ""), rows[i].severity);
        }
}

/* ---- a finding ---- */

static void finding(void **state)
{
        json_auto_t *report = judge_own("{" RUN ",\"endpoints\":[" REDIS "]}");
        const json_t *f = finding_of(report, "ZC-T-001");
        char fingerprint[ZC_FINGERPRINT_LEN];

        (void)state;
        assert_non_null(f);
        assert_true(zc_fingerprint("ZC-T-001", "m1", "10.0.0.5:6379/tcp", fingerprint));
        assert_string_equal(zc_json_str(f, "fingerprint", ""), fingerprint);
        assert_string_equal(zc_json_str(f, "label", ""), "C1");
        assert_string_equal(zc_json_str(f, "severity", ""), "critical");
        assert_string_equal(zc_json_str(f, "confidence", ""), "proven");
        assert_string_equal(zc_json_str(f, "status", ""), "open");
        assert_string_equal(zc_json_str(f, "change", ""), "new");
        assert_string_equal(zc_json_str(f, "asset", ""), "m1");
        assert_string_equal(zc_json_str(f, "subject", ""), "10.0.0.5:6379/tcp");
        assert_string_equal(zc_json_str(f, "message", ""), "redis on 6379");
        assert_string_equal(
                zc_json_str(json_array_get(json_object_get(f, "evidence"), 0), "path", ""),
                "/endpoints/0/service");
        assert_string_equal(
                zc_json_str(json_array_get(json_object_get(f, "evidence"), 0), "run", ""), "r1");
        assert_string_equal(zc_json_str(f, "proof.received", ""), "+PONG");
        assert_string_equal(json_string_value(json_array_get(json_object_get(f, "reproduce"), 0)),
                            "see 6379");
        assert_string_equal(
                json_string_value(zc_json_pointer(f, "/remediation/variants/0/commands/0")),
                "do 6379");
        assert_int_equal(json_integer_value(zc_json_at(report, "counts.critical.open")), 1);
        assert_int_equal(json_integer_value(zc_json_at(report, "verdicts.fail")), 2);
}

/** printf '%s\0%s\0%s' ZC-RD-001 web1 203.0.113.7:6379/tcp | sha256sum */
static void fingerprint_is_as_designed(void **state)
{
        char out[ZC_FINGERPRINT_LEN];

        (void)state;
        assert_true(zc_fingerprint("ZC-RD-001", "web1", "203.0.113.7:6379/tcp", out));
        assert_string_equal(out, "zc1-3fca8e29e063f99260473f1a388135f7");
}

static void covers(void **state)
{
        json_auto_t *report = judge_own("{" RUN ",\"host\":{" DONE "," FIREWALL(
                "drop") ",\"listeners\":[{\"transport\":\"tcp\",\"family\":\"ip\","
                        "\"address\":\"127.0.0.1\",\"port\":6379,\"scope\":\"loopback\"},{"
                        "\"transport\":\"tcp\",\"family\":\"ip\",\"address\":\"127.0.0.2\","
                        "\"port\":6380,\"scope\":\"loopback\"}]},\"endpoints\":[" REDIS "]}");
        const json_t *redis = finding_of(report, "ZC-T-001"),
                     *listener = finding_of(report, "ZC-T-002");

        (void)state;
        assert_non_null(redis);
        assert_non_null(listener);
        assert_int_equal(json_array_size(json_object_get(redis, "covers")), 1);
        assert_string_equal(json_string_value(json_array_get(json_object_get(redis, "covers"), 0)),
                            zc_json_str(listener, "fingerprint", ""));
        assert_string_equal(zc_json_str(listener, "covered_by", ""),
                            zc_json_str(redis, "fingerprint", ""));
        assert_true(json_is_null(json_object_get(redis, "covered_by")));
        assert_int_equal(json_integer_value(zc_json_at(report, "counts.low.open")),
                         1); /* folded, and still counted */
}

/** Many endpoints: one row per rule and verdict, subjects as ranges; labels in order. */
static void many(void **state)
{
        json_auto_t *report = NULL;
        const json_t *checks, *ranges;
        ZC_AUTO_TEXT t = { 0 };

        (void)state;
        zc_text_init(&t, (size_t)16 << 20);
        zc_text_add(&t, "{" RUN ",\"endpoints\":[");
        for (unsigned i = 0; i < 1000; i++)
                zc_text_printf(&t,
                               "%s{\"asset\":\"lan\",\"address\":\"10.1.%u.%u\",\"port\":6379,"
                               "\"transport\":\"tcp\",\"state\":\"open\",\"service\":\"%s\"}",
                               i ? "," : "", i / 250, i % 250 + 1, i % 10 == 3 ? "redis" : "http");
        zc_text_add(&t, "]}");
        report = judge_own(zc_text_str(&t));
        checks = json_object_get(report, "checks");
        assert_int_equal(json_integer_value(zc_json_at(report, "verdicts.fail")), 200);
        assert_int_equal(json_integer_value(zc_json_at(report, "verdicts.pass")), 1800);
        assert_string_equal(zc_json_str(json_array_get(checks, 0), "verdict", ""), "pass");
        ranges = json_object_get(json_array_get(checks, 0), "subjects");
        assert_int_equal(json_array_size(ranges), 101);
        assert_int_equal(json_integer_value(zc_json_pointer(ranges, "/0/1")), 2);
        assert_int_equal(json_integer_value(zc_json_pointer(ranges, "/1/0")), 4);
        assert_int_equal(json_array_size(json_object_get(report, "subjects")), 1000);
        assert_string_equal(
                zc_json_str(json_array_get(json_object_get(report, "findings"), 99), "label", ""),
                "C100");
}

/** Peers choose names: whatever they send is escaped where it is shown, and quoted where a shell would read it. */
static void hostile_text(void **state)
{
        static const struct rule list[] = {
                { "ZC-T-001", "high", "endpoint", "true", "service", "self.service != \"\"",
                  "{{ self.service }}", "", "service", "" },
        };
        ZC_AUTO(zc_pack) p = pack_of(list, 1);
        const struct zc_judge_options o = { .pack = p, .now_ms = NOW };
        json_auto_t *report =
                judge_with("{" RUN ",\"endpoints\":[{\"asset\":\"a\",\"address\":\"10.0.0.9\","
                           "\"port\":1,\"transport\":\"tcp\",\"state\":\"open\","
                           "\"service\":\"x\\u001b[31m'; rm -rf /\\u202e\"}]}",
                           &o);
        const json_t *f = finding_of(report, "ZC-T-001");
        const char *command =
                json_string_value(zc_json_pointer(f, "/remediation/variants/0/commands/0"));

        (void)state;
        assert_null(strchr(zc_json_str(f, "message", ""), 0x1b));
        assert_null(strstr(zc_json_str(f, "message", ""), "\u202e"));
        assert_memory_equal(command, "do 'x", 5);
        assert_non_null(strstr(command, "'\\''; rm -rf /"));
        assert_int_equal(command[strlen(command) - 1], '\'');
}

static void stages_agree_on_time(void **state)
{
        json_auto_t *a = judge_own("{" RUN ",\"endpoints\":[" REDIS "]}");
        json_auto_t *b = judge_own("{" RUN ",\"endpoints\":[" REDIS "]}");

        (void)state;
        assert_true(json_equal(a, b));
        assert_string_equal(zc_json_str(a, "created", ""), "2026-11-22T10:00:00Z");
}

/* ---- the mutation test ---- */

/** How good a verdict is: deleting evidence must never raise it to a pass. */
static bool is_good(const char *verdict)
{
        return strcmp(verdict, "pass") == 0;
}

/** (rule, subject) → verdict, "pass" only when nothing else was said of it. */
static json_t *verdicts_by_subject(const json_t *report)
{
        json_t *out = json_object();
        const json_t *check, *range;
        size_t i, k;

        json_array_foreach (json_object_get(report, "checks"), i, check) {
                json_array_foreach (json_object_get(check, "subjects"), k, range) {
                        for (json_int_t s = json_integer_value(json_array_get(range, 0));
                             s <= json_integer_value(json_array_get(range, 1)); s++) {
                                char key[512];

                                snprintf(key, sizeof(key), "%s|%s", zc_json_str(check, "rule", ""),
                                         json_string_value(json_array_get(
                                                 json_object_get(report, "subjects"), (size_t)s)));
                                if (!json_object_get(out, key) ||
                                    !is_good(zc_json_str(check, "verdict", "")))
                                        json_object_set(out, key,
                                                        json_object_get(check, "verdict"));
                        }
                }
        }
        return out;
}

struct mutation {
        const struct zc_judge_options *o;
        json_t *document;
        json_t *before;
        int status;
        size_t tried, opened;
};

static void try_mutant(struct mutation *m, const char *what)
{
        ZC_AUTO_MEM char *text = zc_json_line(m->document);
        ZC_AUTO(zc_evidence) ev = NULL;
        json_auto_t *report = NULL;
        json_auto_t *after = NULL;
        struct zc_err err = { 0 };
        const char *key;
        json_t *v;

        m->tried++;
        if (!zc_evidence_open_bytes("mutant", text, strlen(text), &ev, &err))
                return; /* an identity is gone: refused, which is no pass either */
        m->opened++;
        report = zc_judge(&ev, 1, m->o, &err);
        if (!report)
                fail_msg("without %s: %s", what, err.text);
        if (m->status != 0)
                assert_int_not_equal(zc_report_status(report), 0);
        after = verdicts_by_subject(report);
        json_object_foreach (after, key, v) {
                const char *before = json_string_value(json_object_get(m->before, key));

                if (is_good(json_string_value(v)) && before && !is_good(before))
                        fail_msg("without %s: %s was %s and is %s", what, key, before,
                                 json_string_value(v));
        }
}

/** Deletes each member below `at` in turn. Lists keep their elements: a shorter list is another claim, not a missing one. */
static void mutate(struct mutation *m, json_t *at, const char *path)
{
        const char *key;
        json_t *child;
        void *next;
        size_t i;

        json_array_foreach (at, i, child) {
                char below[512];

                snprintf(below, sizeof(below), "%.400s/%zu", path, i);
                mutate(m, child, below);
        }
        if (!json_is_object(at))
                return;
        {
                json_auto_t *keys = json_array();

                json_object_foreach_safe (at, next, key, child) {
                        json_array_append_new(keys, json_string(key));
                }
                json_array_foreach (keys, i, child) {
                        const char *name = json_string_value(child);
                        json_t *kept = json_incref(json_object_get(at, name));
                        char below[512];

                        snprintf(below, sizeof(below), "%.400s/%.100s", path, name);
                        json_object_del(at, name);
                        try_mutant(m, below);
                        json_object_set_new(at, name, kept);
                        mutate(m, kept, below);
                }
        }
}

static const char *const fixtures[] = {
        "{" RUN ",\"host\":{\"probes\":{\"firewall\":{\"outcome\":\"done\"},\"listeners\":{"
        "\"outcome\":\"done\"},\"os\":{\"outcome\":\"done\"}},"
        "\"os\":{\"id\":\"debian\",\"kernel\":\"6.1\",\"container\":null},"
        "\"firewall\":{\"backend\":[\"nf_tables\",\"iptables-legacy\"],\"netns\":{\"inode\":1,"
        "\"initial\":\"yes\"},\"tables\":[{\"family\":\"inet\",\"name\":\"filter\",\"handle\":1,"
        "\"flags\":[\"dormant\"],\"chains\":[{\"name\":\"input\",\"handle\":1,\"type\":\"filter\","
        "\"hook\":\"input\",\"priority\":0,\"policy\":\"accept\",\"rules\":2}]}],"
        "\"sets\":0,\"rules\":2,\"defaults\":{\"input\":{\"ip\":\"accept\",\"ip6\":\"drop\"},"
        "\"forward\":{\"ip\":\"accept\",\"ip6\":\"drop\"}},"
        "\"admits\":[{\"family\":\"ip\",\"hook\":\"input\",\"protocol\":\"tcp\",\"ports\":\"22,"
        "6379\",\"icmp_types\":null,\"sources\":[\"0.0.0.0/0\"],\"destinations\":[],"
        "\"interfaces\":[\"*\"],\"state\":\"new\",\"certainty\":\"certain\",\"via\":[]}],\"not_"
        "modelled\":[{\"what\":\"xdp\",\"where\":\"eth0\"}],\"anomalies\":[]},"
        "\"listeners\":[{\"transport\":\"tcp\",\"family\":\"ip\",\"address\":\"0.0.0.0\",\"port\":"
        "6379,\"scope\":\"any\",\"interface\":null,\"uid\":0,\"user\":\"root\",\"pid\":7,"
        "\"process\":\"redis-server\",\"unit\":\"redis.service\",\"container\":null,\"package\":"
        "null,\"reach\":{\"verdict\":\"accept\",\"sources\":[\"0.0.0.0/"
        "0\"],\"certainty\":\"certain\",\"via\":[]}},"
        "{\"transport\":\"udp\",\"family\":\"ip\",\"address\":\"0.0.0.0\",\"port\":161,\"scope\":"
        "\"any\",\"uid\":0,\"process\":null,\"container\":null,\"unit\":null}]},"
        "\"endpoints\":[" REDIS
        ",{\"asset\":\"m1\",\"address\":\"10.0.0.5\",\"port\":22,\"transport\":\"tcp\",\"state\":"
        "\"open\",\"service\":\"ssh\",\"reached_from\":\"self\"}],"
        "\"scans\":[{\"asset\":\"m1\",\"address\":\"10.0.0.5\",\"transport\":\"tcp\",\"outcome\":"
        "\"partial\",\"why\":\"deadline\",\"ports\":\"1-10000\",\"open\":\"22,6379\",\"closed\":"
        "\"1-21,23-6378\","
        "\"filtered\":\"\",\"unknown\":\"6380-10000\"}]}",
        "{\"schema\":\"zerocrit.evidence/"
        "1\",\"run\":{\"id\":\"r2\",\"finished\":\"2026-11-22T10:00:00Z\",\"vantage\":{\"id\":"
        "\"scan\",\"addresses\":[\"198.51.100.1\"]},"
        "\"targets\":[{\"id\":\"db\",\"named\":\"192.0.2.9:5432\",\"require\":[\"ports\"]},{\"id\":"
        "\"w\",\"named\":\"192.0.2.10\"}]},"
        "\"endpoints\":[{\"asset\":\"db\",\"address\":\"192.0.2.9\",\"port\":5432,\"transport\":"
        "\"tcp\",\"state\":\"closed\",\"probes\":{\"ports\":{\"outcome\":\"failed\"}}},"
        "{\"asset\":\"w\",\"address\":\"192.0.2.10\",\"port\":23,\"transport\":\"tcp\",\"state\":"
        "\"open\",\"service\":null}],"
        "\"scans\":[{\"asset\":\"w\",\"address\":\"192.0.2.10\",\"transport\":\"tcp\",\"outcome\":"
        "\"done\",\"ports\":\"1-100\",\"open\":\"23\",\"closed\":\"1-22\",\"filtered\":\"24-100\","
        "\"unknown\":\"\"}]}",
};

static void mutations(void **state)
{
        static const char expect[] = "[{\"for\":\"id:m1\",\"open_only\":[\"22/"
                                     "tcp\"]},{\"for\":\"id:w\",\"open_only\":[\"22/"
                                     "tcp\"],\"closed\":[\"23/tcp\",\"5000/tcp\"]}]";
        ZC_AUTO(zc_pack) own_pack = pack_of(own, ZC_COUNT(own));
        ZC_AUTO(zc_pack) builtin = NULL;
        struct zc_err err = { 0 };
        json_auto_t *expectations = zc_json_parse(expect, sizeof(expect) - 1, &err);

        (void)state;
        assert_true(zc_pack_builtin(&builtin, &err));
        for (size_t i = 0; i < 2 * ZC_COUNT(fixtures); i++) {
                const struct zc_judge_options o = { .pack = i % 2 ? own_pack : builtin,
                                                    .expect = expectations,
                                                    .now_ms = NOW };
                json_auto_t *document =
                        zc_json_parse(fixtures[i / 2], strlen(fixtures[i / 2]), &err);
                json_auto_t *report = judge_with(fixtures[i / 2], &o);
                json_auto_t *before = verdicts_by_subject(report);
                struct mutation m = { .o = &o,
                                      .document = document,
                                      .before = before,
                                      .status = zc_report_status(report) };

                mutate(&m, document, "");
                print_message("# fixture %zu: %zu members deleted in turn, %zu of them readable, "
                              "%zu verdicts\n",
                              i, m.tried, m.opened, json_object_size(before));
                assert_true(m.opened > 10);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(presence),     cmocka_unit_test(reach),
                cmocka_unit_test(finding),      cmocka_unit_test(fingerprint_is_as_designed),
                cmocka_unit_test(covers),       cmocka_unit_test(many),
                cmocka_unit_test(hostile_text), cmocka_unit_test(stages_agree_on_time),
                cmocka_unit_test(mutations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
