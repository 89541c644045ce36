/** Configurations: what is good, what is refused, where, and with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zc/clock.h"
#include "zc/config.h"

#define HEAD "schema: zerocrit.config/1\n"

struct row {
        const char *text;
        const char *error; /* its whole beginning; NULL: good */
};

static const struct row rows[] = {
        { HEAD, NULL },
        { HEAD "profile: default\n", NULL },
        { HEAD "profile: pipeline\npolicy: p.yaml\n", NULL },
        { HEAD "profile: ./mine.yaml\ngate: {new_rules: ignore}\n", NULL },
        { HEAD "targets: [{id: a, hosts: [local]}]\n", NULL },
        { HEAD "targets: [{id: a, evidence: e.json}]\n", NULL },
        { HEAD "targets: [{id: a, hosts: [\"10.0.0.1:5432\"], ports: \"22,80\", wait: 60s, zone: "
               "isolated, public: 203.0.113.7, tags: [x]}]\n",
          NULL },
        { HEAD "targets: [{id: a, hosts: [h], tags: [t]}]\nexpect: [{for: \"tag:t\", closed: "
               "[22/tcp]}, {for: \"id:a\", open_only: []}]\n",
          NULL },
        { HEAD "gate: {fail_on: [critical, new-high, \"tag:x\"], max_new: 0, new_rules: warn, "
               "require: [ZC-FW-001]}\n",
          NULL },
        { HEAD "limits: {deadline: 3m, concurrency: 9}\nparams: {a: 1, b: x}\n", NULL },
        { HEAD "reports: {dir: out, formats: [json]}\n", NULL },
        { HEAD "reports: {json: out.json}\n", NULL },
        { HEAD "authorisation: {owner: me, from: 2026-12-01T00:00:00Z, until: "
               "2026-12-15T00:00:00+01:00}\n",
          NULL },
        { HEAD "scope: {allow: [10.0.0.0/8, \"*.acme.example\"], exclude: [\"10.0.0.1\"], rate: "
               "{total: 600/m}}\n",
          NULL },
        /* shape */
        { "", "c.yaml:1:1: " },
        { "[]\n", "c.yaml:1:1: the document: a mapping (key: value) is wanted here, not a list" },
        { "profile: default\n", "c.yaml:1:1: the document: the key \"schema\" is missing" },
        { "schema: zerocrit.config/2\n", "c.yaml:1:1: schema: there is no \"zerocrit.config/2\"; "
                                         "did you mean zerocrit.config/1?" },
        { "schema: x\n", "c.yaml:1:1: schema: \"x\" is none of zerocrit.config/1" },
        { HEAD "profil: x\n",
          "c.yaml:2:1: the document: there is no key \"profil\" here; did you mean profile?" },
        { HEAD "qqqqqq: x\n",
          "c.yaml:2:1: the document: there is no key \"qqqqqq\" here; the keys are schema, " },
        { HEAD "targets:\n", "c.yaml:2:1: targets: a list is wanted here, not nothing" },
        { HEAD "targets:\n  - id: a\n    hosts: [local]\n    tag: [x]\n",
          "c.yaml:5:5: targets[0]: there is no key \"tag\" here; did you mean tags?" },
        { HEAD "targets: [{hosts: [local]}]\n",
          "c.yaml:2:11: targets[0]: the key \"id\" is missing" },
        { HEAD "targets: [{id: 7, hosts: [local]}]\n",
          "c.yaml:2:12: targets[0].id: text is wanted here, not a whole number" },
        { HEAD "scope: {rate: {total: 50}}\n",
          "c.yaml:2:16: scope.rate.total: text is wanted here, not a whole number" },
        /* forms */
        { HEAD "scope: {rate: {total: 50/h}}\n",
          "c.yaml:2:16: scope.rate.total: \"50/h\" is no rate; write 50/s" },
        { HEAD "scope: {rate: {total: 0/s}}\n",
          "c.yaml:2:16: scope.rate.total: \"0/s\" is no rate" },
        { HEAD "scope: {exclude: [\"10.0.0.1/8\"]}\n",
          "c.yaml:2:19: scope.exclude[0]: 10.0.0.1/8 has host bits set" },
        { HEAD "limits: {deadline: 3}\n",
          "c.yaml:2:10: limits.deadline: text is wanted here, not a whole number" },
        { HEAD "limits: {deadline: soon}\n",
          "c.yaml:2:10: limits.deadline: \"soon\" is no duration" },
        { HEAD "authorisation: {owner: me, from: tomorrow}\n",
          "c.yaml:2:28: authorisation.from: \"tomorrow\" is no time; write 2026-" },
        { HEAD "gate: {fail_on: [critcal]}\n",
          "c.yaml:2:18: gate.fail_on[0]: there is no \"critcal\"; did you mean critical?" },
        { HEAD "gate: {fail_on: [everything]}\n",
          "c.yaml:2:18: gate.fail_on[0]: \"everything\" is no severity" },
        { HEAD "expect: [{for: all, closed: [22/tcp]}]\n",
          "c.yaml:2:11: expect[0].for: \"all\" selects nothing; write tag:NAME or id:TARGET" },
        { HEAD "expect: [{for: \"id:a\", closed: [\"22\"]}]\n",
          "c.yaml:2:33: expect[0].closed[0]: \"22\" is no port; write 443/tcp" },
        { HEAD "expect: [{for: \"id:a\", closed: [\"0/tcp\"]}]\n",
          "c.yaml:2:33: expect[0].closed[0]: \"0/tcp\" is no port" },
        { HEAD "waivers: \"\"\n", "c.yaml:2:1: waivers: the file name is empty" },
        { HEAD "targets: [{id: a, hosts: [\"\"]}]\n", "c.yaml:2:27: targets[0].hosts[0]: " },
        { HEAD "targets: [{id: a, hosts: [\"https://u:p@h/\"]}]\n",
          "c.yaml:2:27: targets[0].hosts[0]: " },
        { HEAD "targets: [{id: a, hosts: [h], ports: \"22,99999\"}]\n",
          "c.yaml:2:31: targets[0].ports: " },
        { HEAD "targets: [{id: a, hosts: [h], public: www}]\n",
          "c.yaml:2:31: targets[0].public: " },
        { HEAD "targets: [{id: \"a b\", hosts: [h]}]\n",
          "c.yaml:2:12: targets[0].id: \"a b\": names have letters" },
        { HEAD "targets: [{id: \"\", hosts: [h]}]\n",
          "c.yaml:2:12: targets[0].id: the name is empty" },
        { HEAD "targets: [{id: a, hosts: [h], zone: dmz}]\n",
          "c.yaml:2:31: targets[0].zone: \"dmz\" is none of isolated" },
        /* secrets */
        { HEAD "credentials: {a: {type: redis, password: hunter2}}\n",
          "c.yaml:2:32: credentials.a.password: a secret must not stand here in clear" },
        { HEAD "notify: [{on: [x], webhook: {url: \"https://h/secret\"}}]\n",
          "c.yaml:2:30: notify[0].webhook.url: a secret must not stand" },
        /* what this version lacks */
        { HEAD "credentials: {a: {type: redis, password: {env: A}}}\n",
          "c.yaml:2:1: credentials: this version cannot log in to services; remove it" },
        { HEAD "targets: [{id: b, hosts: [h]}, {id: a, hosts: [h], credentials: [x]}]\n",
          "c.yaml:2:52: targets.*.credentials: this version cannot" },
        { HEAD "active: [rate-limit]\n", "c.yaml:2:1: active: this version" },
        { HEAD "store: {sqlite: /x}\n", "c.yaml:2:1: store: this version" },
        { HEAD "schedule: {every: 24h}\n", "c.yaml:2:1: schedule: this version" },
        { HEAD "notify: [{on: [always]}]\n", "c.yaml:2:1: notify: this version" },
        { HEAD "scope: {rate: {per_host: 5/s}}\n", NULL },
        { HEAD "scope: {rate: {per_network: 5/s}}\n",
          "c.yaml:2:16: scope.rate.per_network: this version" },
        { HEAD "scope: {rate: {per_network: 5/s}}\n",
          "c.yaml:2:16: scope.rate.per_network: this version" },
        { HEAD "expect: [{for: \"id:a\", tls: {min: TLSv1.2}}]\n",
          "c.yaml:2:24: expect.*.tls: this version" },
        { HEAD "reports: {json: a, redact: [users]}\n",
          "c.yaml:2:20: reports.redact: this version" },
        { HEAD "reports: {csv: a}\n",
          "c.yaml:2:11: reports: this version cannot write csv; it has " },
        { HEAD "reports: {dir: out, formats: [csv]}\n",
          "c.yaml:2:31: reports: this version cannot write csv; it has " },
        { HEAD "profile: pipelin\n",
          "c.yaml:2:1: profile: there is no profile \"pipelin\"; did you mean pipeline, nor" },
        { HEAD "targets: [{id: a, hosts: [h], require: [ssh]}]\n",
          "c.yaml:2:41: require: this version has no probe \"ssh\"" },
        { HEAD "targets: [{id: a, hosts: [h], require: [qqqqqqqq]}]\n",
          "c.yaml:2:41: require: there is no probe \"qqqqqqqq\"" },
        /* meaning */
        { HEAD "targets: []\n", "c.yaml:2:1: targets: the list is empty" },
        { HEAD "targets: [{id: a}]\n", "c.yaml:2:11: targets[0]: names nothing" },
        { HEAD "targets: [{id: a, hosts: []}]\n", "c.yaml:2:11: targets[0]: hosts is empty" },
        { HEAD "targets: [{id: a, hosts: [h], evidence: e}]\n",
          "c.yaml:2:11: targets[0]: has hosts and evidence" },
        { HEAD "targets: [{id: a, hosts: [h]}, {id: a, hosts: [i]}]\n",
          "c.yaml:2:32: targets[1]: the id \"a\" is taken by targets[0]" },
        { HEAD "targets: [{id: a, hosts: [h]}]\nexpect: [{for: \"id:b\", closed: [1/tcp]}]\n",
          "c.yaml:3:11: expect[0].for: no target has \"id:b\"" },
        { HEAD "expect: [{for: \"id:b\"}]\n", "c.yaml:2:10: expect[0]: expects nothing" },
        { HEAD "reports: {dir: out}\n", "c.yaml:2:11: reports.dir: which formats" },
        { HEAD "reports: {formats: [json]}\n", "c.yaml:2:11: reports.formats: where to?" },
        { HEAD "gate: {max_new: -1}\n", "c.yaml:2:8: gate.max_new: a count is not negative" },
        { HEAD "limits: {concurrency: 0}\n",
          "c.yaml:2:10: limits.concurrency: a number from 1 to 65000" },
        { HEAD
          "authorisation: {owner: me, from: 2026-12-02T00:00:00Z, until: 2026-12-01T00:00:00Z}\n",
          "c.yaml:2:56: authorisation.until: not after" },
};

static void test_rows(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO(zc_config) c = NULL;
                struct zc_err err = { 0 };
                bool ok = zc_config_parse("c.yaml", rows[i].text, strlen(rows[i].text), &c, &err);

                if (ok != !rows[i].error ||
                    (!ok && (strncmp(err.text, rows[i].error, strlen(rows[i].error)) != 0 ||
                             err.code != ZC_E_USAGE)))
                        fail_msg("%s-> %s\nwanted %s", rows[i].text, ok ? "good" : err.text,
                                 rows[i].error ? rows[i].error : "good");
        }
}

/** A message never repeats a secret. */
static void test_secret_unsaid(void **state)
{
        static const char text[] = HEAD "credentials: {a: {type: redis, password: hunter2}}\n";
        ZC_AUTO(zc_config) c = NULL;
        struct zc_err err = { 0 };

        (void)state;
        assert_false(zc_config_parse("c.yaml", text, sizeof(text) - 1, &c, &err));
        assert_null(strstr(err.text, "hunter2"));
}

static void test_authorised(void **state)
{
        static const char text[] = HEAD "authorisation: {owner: me, from: 2026-12-01T00:00:00Z, "
                                        "until: 2026-12-15T00:00:00Z}\n";
        static const struct {
                const char *now;
                const char *error;
        } times[] = {
                { "2026-11-30T23:59:59Z",
                  "c.yaml:2:28: authorisation.from: the authorisation begins 2026-12-01T00:00:00Z, "
                  "and it is 2026-11-30T23:59:59Z" },
                { "2026-12-01T00:00:00Z", NULL },
                { "2026-12-14T23:59:59Z", NULL },
                { "2026-12-15T00:00:00Z",
                  "c.yaml:2:56: authorisation.until: the authorisation ended" },
        };
        ZC_AUTO(zc_config) c = NULL;
        struct zc_err err = { 0 };

        (void)state;
        assert_true(zc_config_parse("c.yaml", text, sizeof(text) - 1, &c, &err));
        for (size_t i = 0; i < ZC_COUNT(times); i++) {
                int64_t now;
                bool ok;

                assert_true(zc_time_parse(times[i].now, &now));
                ok = zc_config_authorised(c, now, &err);
                assert_int_equal(ok, !times[i].error);
                if (times[i].error)
                        assert_non_null(strstr(err.text, times[i].error));
        }
}

static void test_paths(void **state)
{
        static const struct {
                const char *config, *path, *want;
        } paths[] = {
                { "c.yaml", "w.yaml", "w.yaml" },
                { "/etc/zerocrit/c.yaml", "w.yaml", "/etc/zerocrit/w.yaml" },
                { "a/c.yaml", "../w.yaml", "a/../w.yaml" },
                { "a/c.yaml", "/w.yaml", "/w.yaml" },
                { "a/c.yaml", "-", "-" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(paths); i++) {
                ZC_AUTO(zc_config) c = NULL;
                ZC_AUTO_MEM char *path = NULL;
                struct zc_err err = { 0 };

                assert_true(zc_config_parse(paths[i].config, HEAD, sizeof(HEAD) - 1, &c, &err));
                path = zc_config_path(c, paths[i].path);
                assert_string_equal(path, paths[i].want);
        }
}

/** Every prefix of a good configuration is good or an error that says where. */
static void test_truncations(void **state)
{
        const char *text = rows[4].text;

        (void)state;
        for (size_t n = 0; n <= strlen(text); n++) {
                char *exact = memcpy(malloc(n + (n == 0)), text, n);
                ZC_AUTO(zc_config) c = NULL;
                struct zc_err err = { 0 };

                if (!zc_config_parse("c.yaml", exact, n, &c, &err))
                        assert_int_equal(strncmp(err.text, "c.yaml:", 7), 0);
                free(exact);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),        cmocka_unit_test(test_secret_unsaid),
                cmocka_unit_test(test_authorised),  cmocka_unit_test(test_paths),
                cmocka_unit_test(test_truncations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
