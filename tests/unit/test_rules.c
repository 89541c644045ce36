#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "zc/file.h"
#include "zc/judge.h"

static const char base[] =
        "rules:\n"                                                                   /* 1 */
        "  - id: ZC-T-001\n"                                                         /* 2 */
        "    title: a title\n"                                                       /* 3 */
        "    severity: high\n"                                                       /* 4 */
        "    applies_to: firewall\n"                                                 /* 5 */
        "    where: self.rules >= 0\n"                                               /* 6 */
        "    needs: [self.defaults.input.ip]\n"                                      /* 7 */
        "    when: self.defaults.input.ip == \"accept\"\n"                           /* 8 */
        "    confidence: derived\n"                                                  /* 9 */
        "    message: \"default {{ self.defaults.input.ip }}\"\n"                    /* 10 */
        "    rationale: because\n"                                                   /* 11 */
        "    remediation:\n"                                                         /* 12 */
        "      text: do it\n"                                                        /* 13 */
        "      variants: [{change: c, commands: [x], risk: restart}]\n"              /* 14 */
        "      reproduce: [nft list ruleset]\n"                                      /* 15 */
        "    params: {limit: {type: int, default: 3, min: 0, max: 9, summary: s}}\n" /* 16 */
        "    tags: [t]\n"                                                            /* 17 */
        "    since: \"0.1\"\n"                                                       /* 18 */
        "    tests:\n"                                                               /* 19 */
        "      - {name: f, self: {rules: 1, defaults: {input: {ip: accept}}}, expect: fail}\n"
        "      - {name: p, self: {rules: 1, defaults: {input: {ip: drop}}}, expect: pass}\n"
        "      - {name: u, self: {rules: 1}, expect: unknown}\n";

/** base with the first `find` replaced; free(). */
static char *variant(const char *find, const char *with)
{
        const char *at = strstr(base, find);
        struct zc_text t;

        assert_non_null(at);
        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_addn(&t, base, (size_t)(at - base));
        zc_text_add(&t, with);
        zc_text_add(&t, at + strlen(find));
        return zc_text_steal(&t);
}

static void loads(void **state)
{
        ZC_AUTO(zc_pack) p = zc_pack_new();
        struct zc_err err = { 0 };
        const struct zc_rule *r;

        (void)state;
        if (!zc_pack_add_text(p, "t.yaml", base, sizeof(base) - 1, &err))
                fail_msg("%s", err.text);
        assert_int_equal(zc_pack_count(p), 1);
        r = zc_pack_find(p, "ZC-T-001");
        assert_ptr_equal(r, zc_pack_rule(p, 0));
        assert_string_equal(r->file, "t.yaml");
        assert_int_equal(r->line, 2);
        assert_int_equal(r->severity[ZC_REACH_NONE], ZC_HIGH);
        assert_false(r->by_reach);
        assert_string_equal(r->needs[0], "self.defaults.input.ip");
        assert_null(r->needs[1]);
        assert_true(zc_rule_tagged(r, "t"));
        assert_false(zc_rule_tagged(r, "u"));
        assert_string_equal(zc_pack_ids(p)[0], "ZC-T-001");
        assert_null(zc_pack_ids(p)[1]);
        assert_memory_equal(zc_pack_digest(p), "sha256:", 7);
        assert_null(zc_pack_find(p, "ZC-T-002"));
}

#define VECTOR "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H"

static const struct {
        const char *find, *with, *starts, *says;
} refused[] = {
        { "id: ZC-T-001", "id: ZC-T-1", "t.yaml:2:5: ", "not a rule id" },
        { "id: ZC-T-001", "id: ZC-EXPECT-001", "t.yaml:2:5: ", "belong to `expect`" },
        { "title: a title", "titel: a title", "t.yaml:3:5: ", "did you mean title" },
        { "    title: a title\n", "", "t.yaml:2:5: ", "needs \"title\"" },
        { "title: a title", "title: 3", "t.yaml:3:5: ", "should be text" },
        { "title: a title", "title: ''", "t.yaml:3:5: ", "not empty" },
        { "title: a title", "title: [a]", "t.yaml:3:5: ", "not a list" },
        { "severity: high", "severity: hihg", "t.yaml:4:5: ", "not a severity" },
        { "severity: high", "severity: critical", "t.yaml:4:5: ", "only proven may be critical" },
        { "severity: high", "severity: 3", "t.yaml:4:5: ", "should be a word" },
        { "severity: high\n    applies_to: firewall",
          "severity: {any: high}\n    applies_to: listener", "t.yaml:4:5: ", "needs \"private\"" },
        { "severity: high", "severity: {any: high, private: high, isolated: low, loopback: low}",
          "t.yaml:4:5: ", "has no reach" },
        { "severity: high",
          "severity: {any: critical, private: high, isolated: low, loopback: low}",
          "t.yaml:4:5: ", "has no reach" },
        { "confidence: derived", "confidence: version", "t.yaml:4:5: ", "carries medium at most" },
        { "severity: high", "severity: high\n    cvss: " VECTOR "/VI:H/VA:H/SC:N/SI:N/SA:N",
          "t.yaml:5:5: ", "scores 9.3, which is critical, and the severity is high; correct" },
        { "severity: high", "severity: high\n    cvss: " VECTOR "/VI:H/VA:H/SC:N/SI:N",
          "t.yaml:5:5: ", "base metric SA is missing" },
        { "severity: high",
          "severity: high\n    cvss: " VECTOR
          "/VI:N/VA:N/SC:N/SI:N/SA:N\n    severity_override_reason: r",
          "t.yaml:6:5: ", "scores 8.7, which is the severity's band; remove this" },
        { "severity: high", "severity: high\n    severity_override_reason: r",
          "t.yaml:5:5: ", "no cvss that could differ" },
        { "confidence: derived", "confidence: sure",
          "t.yaml:9:5: ", "one of: version, derived, proven" },
        { "confidence: derived", "confidence: provn", "t.yaml:9:5: ", "did you mean proven" },
        { "applies_to: firewall", "applies_to: firewal", "t.yaml:5:5: ", "did you mean firewall" },
        { "applies_to: firewall", "applies_to: endpoint", "t.yaml:6:17: ", "rules" },
        { "where: self.rules >= 0", "where: self.rulez >= 0", "t.yaml:6:1", "rules" },
        { "where: self.rules >= 0", "where: self.rules", "t.yaml:6:12: ", "bool" },
        { "where: self.rules >= 0", "where: endpoint.port == 1", "t.yaml:6:12: ", "endpoint" },
        { "where: self.rules >= 0", "where: self.rules > params.limt", "t.yaml:6:", "limit" },
        { "needs: [self.defaults.input.ip]", "needs: [self.defaults.input.ipx]",
          "t.yaml:7:33: ", "did you mean 'ip'" },
        { "needs: [self.defaults.input.ip]", "needs: ['self.rules > 1']",
          "t.yaml:7:24: ", "not as an expression" },
        { "needs: [self.defaults.input.ip]", "needs: [slef.rules]",
          "t.yaml:7:13: ", "did you mean 'self'" },
        { "needs: [self.defaults.input.ip]", "needs: [self.defaults.input.ip6]", "t.yaml:7:13: ",
          "which the condition does not read; did you mean self.defaults.input.ip?" },
        { "needs: [self.defaults.input.ip]", "needs: [self.defaults.input.ip, self.backend]",
          "t.yaml:7:37: ",
          "needs lists self.backend, which the condition does not read: take it out" },
        { "needs: [self.defaults.input.ip]", "needs: [self.rules]",
          "t.yaml:7:5: ", "needs: [self.rules, self.defaults.input.ip]" },
        { "    needs: [self.defaults.input.ip]\n", "",
          "t.yaml:7:5: ", "which needs does not list; needs: [self.defaults.input.ip]" },
        { "when: self.defaults.input.ip == \"accept\"", "when: params.limit > 2",
          "t.yaml:8:5: ", "reads no evidence" },
        { "when: self.defaults.input.ip == \"accept\"",
          "when: self.defaults.input.ip == \"accept\" && self.defaults.input.ip == \"drop\"",
          "t.yaml:8:", "can never hold beside" },
        { "needs: [self.defaults.input.ip]", "needs: self.rules",
          "t.yaml:7:5: ", "a list of texts" },
        { "when: self.defaults.input.ip == \"accept\"",
          "when: |\n      self.rules > 1\n        && self.bakend.size() > 0",
          "t.yaml:10:", "backend" },
        { "when: self.defaults.input.ip == \"accept\"", "when: 'self.rules >'",
          "t.yaml:8:24: ", "" },
        { "message: \"default {{ self.defaults.input.ip }}\"",
          "message: \"default {{ self.defaultz }}\"", "t.yaml:10:", "defaults" },
        { "message: \"default {{ self.defaults.input.ip }}\"", "message: \"default {{ self.rules\"",
          "t.yaml:10:23: ", "{{ without }}" },
        { "risk: restart", "risk: reboot", "t.yaml:14:", "one of: restart, lockout, data" },
        { "change: c,", "change: c, when: self.rulez > 1,", "t.yaml:14:", "rules" },
        { "commands: [x]", "commands: ['x {{ self.rulez }}']", "t.yaml:14:", "rules" },
        { "reproduce: [nft list ruleset]", "reproduce: ['{{ 1 + }}']", "t.yaml:15:", "" },
        { "{type: int, default: 3, min: 0, max: 9, summary: s}",
          "{type: int, default: x, min: 0, max: 9, summary: s}",
          "t.yaml:16:14: ", "default is not a int" },
        { "{type: int, default: 3, min: 0, max: 9, summary: s}",
          "{type: int, default: 3, min: 0, max: 2, summary: s}", "t.yaml:16:14: ", "within" },
        { "{type: int, default: 3, min: 0, max: 9, summary: s}",
          "{type: int, default: 3, summary: s}", "t.yaml:16:14: ", "needs min and max" },
        { "{type: int, default: 3, min: 0, max: 9, summary: s}",
          "{type: double, default: 3, min: 0, summary: s}", "t.yaml:16:14: ", "needs min and max" },
        { "{type: int, default: 3, min: 0, max: 9, summary: s}",
          "{type: int, default: 3, min: 0.5, max: 9, summary: s}",
          "t.yaml:16:14: ", "of its type, int" },
        { "{type: int, default: 3, min: 0, max: 9, summary: s}",
          "{type: int, default: 3, min: 9, max: 0, summary: s}",
          "t.yaml:16:14: ", "min is more than max" },
        { "{type: int, default: 3, min: 0, max: 9, summary: s}",
          "{type: bool, default: true, max: 9, summary: s}",
          "t.yaml:16:14: ", "only an int or a double" },
        { "{limit: {", "{Limit: {", "t.yaml:16:14: ", "small letters" },
        { "    tags: [t]\n", "    tags: [t]\n    covers: [ZC-T-009]\n",
          "t.yaml:2:1: ", "does not exist" },
        { "    tags: [t]\n", "    tags: [t]\n    covers: [ZC-T-001]\n",
          "t.yaml:2:1: ", "covers itself" },
        { "    tags: [t]\n", "    refs: {cwd: []}\n", "t.yaml:17:12: ", "did you mean cwe" },
        { "    tags: [t]\n", "    refs: {cwe: [{id: CWE-1}]}\n",
          "t.yaml:17:18: ", "needs \"title\"" },
        { "expect: fail}", "expect: pass}", "t.yaml:19:5: ", "where the rule fails" },
        { "expect: unknown}", "expect: pass}", "t.yaml:19:5: ", "evidence is missing" },
        { "expect: unknown}", "expect: unkown}", "t.yaml:22:", "did you mean unknown" },
        { "rules:\n", "rulez:\n", "t.yaml:1:1: ", "did you mean rules" },
};

static void refuses(void **state)
{
        size_t wrong = 0;

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(refused); i++) {
                ZC_AUTO_MEM char *text = variant(refused[i].find, refused[i].with);
                ZC_AUTO(zc_pack) p = zc_pack_new();
                struct zc_err err = { 0 };

                bool accepted = zc_pack_add_text(p, "t.yaml", text, strlen(text), &err);

                assert_int_equal(zc_pack_count(p), accepted);
                if (!accepted && err.code == ZC_E_USAGE &&
                    strncmp(err.text, refused[i].starts, strlen(refused[i].starts)) == 0 &&
                    strstr(err.text, refused[i].says))
                        continue;
                wrong++;
                print_message("# row %zu (%s): %s\n", i, refused[i].with,
                              accepted ? "accepted" : err.text);
        }
        assert_int_equal(wrong, 0);
}

static void whole_files(void **state)
{
        static const struct {
                const char *text, *says;
        } rows[] = {
                { "", "should be a mapping" },           { "[]", "should be a mapping" },
                { "rules: []", "at least one rule" },    { "rules: {}", "at least one rule" },
                { "rules: [3]", "should be a mapping" }, { "rules: [{}]", "needs \"id\"" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO(zc_pack) p = zc_pack_new();
                struct zc_err err = { 0 };

                assert_false(
                        zc_pack_add_text(p, "t.yaml", rows[i].text, strlen(rows[i].text), &err));
                if (!strstr(err.text, rows[i].says))
                        fail_msg("row %zu: %s", i, err.text);
        }
}

static void an_id_is_used_once(void **state)
{
        ZC_AUTO(zc_pack) p = zc_pack_new();
        struct zc_err err = { 0 };
        char digest[128];

        (void)state;
        assert_true(zc_pack_add_text(p, "a.yaml", base, sizeof(base) - 1, &err));
        snprintf(digest, sizeof(digest), "%s", zc_pack_digest(p));
        assert_false(zc_pack_add_text(p, "b.yaml", base, sizeof(base) - 1, &err));
        assert_non_null(strstr(err.text, "is taken by the rule at"));
        assert_int_equal(zc_pack_count(p), 1); /* as it was */
        assert_string_equal(zc_pack_digest(p), digest);
}

static void write_file(const char *path, const char *text)
{
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        fputs(text, f);
        fclose(f);
}

static void folders(void **state)
{
        char dir[] = "/tmp/zc-rules-XXXXXX";
        ZC_AUTO(zc_pack) p = zc_pack_new();
        ZC_AUTO_MEM char *second = variant("ZC-T-001", "ZC-T-002");
        ZC_AUTO_MEM char *clash = variant("{type: int, default: 3, min: 0, max: 9, summary: s}",
                                          "{type: int, default: 4, min: 0, max: 9, summary: s}");
        static const char *const left[] = { "/notes.txt", "/b.yml", "/sub/a.yaml", "/sub", "" };
        struct zc_err err = { 0 };
        char path[128];

        (void)state;
        assert_non_null(mkdtemp(dir));
        assert_false(zc_pack_add(p, dir, &err));
        assert_non_null(strstr(err.text, "holds no rule file"));
        snprintf(path, sizeof(path), "%s/sub", dir);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(path, sizeof(path), "%s/sub/a.yaml", dir);
        write_file(path, second);
        snprintf(path, sizeof(path), "%s/b.yml", dir);
        write_file(path, base);
        snprintf(path, sizeof(path), "%s/notes.txt", dir);
        write_file(path, "not a rule");
        if (!zc_pack_add(p, dir, &err))
                fail_msg("%s", err.text);
        assert_int_equal(zc_pack_count(p), 2);
        assert_string_equal(zc_pack_rule(p, 1)->id, "ZC-T-002");
        assert_false(zc_pack_add(p, "/nonexistent", &err));
        strstr(clash, "ZC-T-001")[7] = '3';
        assert_false(zc_pack_add_text(p, "c.yaml", clash, strlen(clash), &err));
        assert_non_null(strstr(err.text, "declares the parameter limit otherwise"));
        for (size_t i = 0; i < ZC_COUNT(left); i++) {
                snprintf(path, sizeof(path), "%s%s", dir, left[i]);
                assert_int_equal(remove(path), 0);
        }
}

static void params(void **state)
{
        static const struct {
                const char *json, *says; /* NULL: accepted */
        } rows[] = {
                { "{}", NULL },
                { "{\"limit\": 5}", NULL },
                { "{\"limit\": \"5\"}", "should be an int from 0 to 9" },
                { "{\"limit\": 10}", "should be an int from 0 to 9" },
                { "{\"limit\": -5}", "should be an int from 0 to 9" },
                { "{\"limt\": 5}", "did you mean limit" },
        };
        ZC_AUTO(zc_pack) p = zc_pack_new();
        struct zc_err err = { 0 };

        (void)state;
        assert_true(zc_pack_add_text(p, "t.yaml", base, sizeof(base) - 1, &err));
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *given = zc_json_parse(rows[i].json, strlen(rows[i].json), &err);
                json_auto_t *values = zc_pack_params(p, given, &err);

                assert_int_equal(values != NULL, rows[i].says == NULL);
                if (rows[i].says && !strstr(err.text, rows[i].says))
                        fail_msg("row %zu: %s", i, err.text);
                if (values)
                        assert_int_equal(json_integer_value(json_object_get(values, "limit")),
                                         i == 1 ? 5 : 3);
        }
}

/* ---- tests of the rules themselves ---- */

struct tally {
        size_t run, failed;
};

static void one_test(void *ctx, const struct zc_rule_test *t)
{
        struct tally *n = ctx;

        n->run++;
        if (t->ok)
                return;
        n->failed++;
        print_message("# %s \"%s\": expected %s, got %s (%s)\n", t->rule->id, t->name, t->expected,
                      t->got, t->why);
}

static void builtin_rules(void **state)
{
        ZC_AUTO(zc_pack) p = NULL;
        struct zc_err err = { 0 };
        struct tally n = { 0 };

        (void)state;
        if (!zc_pack_builtin(&p, &err))
                fail_msg("%s", err.text);
        assert_true(zc_rules_test(p, NULL, one_test, &n, &err));
        print_message("# %zu rules, %zu tests of their own\n", zc_pack_count(p), n.run);
        assert_int_equal(n.failed, 0);
        assert_true(n.run >= 3 * zc_pack_count(p));
}

static void a_wrong_test_is_told(void **state)
{
        static const char *const wrong[][2] = {
                { "expect: fail}", "expect: fail, message: other}" },
                { "expect: fail}", "expect: fail, severity: low}" },
                { "{name: p, self: {rules: 1, defaults: {input: {ip: drop}}}",
                  "{name: p, self: {rules: 1, defaults: {input: {ip: accept}}}" },
                { "{name: u, self: {rules: 1}", "{name: u, self: {rules: -1}" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(wrong); i++) {
                ZC_AUTO_MEM char *text = variant(wrong[i][0], wrong[i][1]);
                ZC_AUTO(zc_pack) p = zc_pack_new();
                struct zc_err err = { 0 };
                struct tally n = { 0 };

                if (!zc_pack_add_text(p, "t.yaml", text, strlen(text), &err))
                        fail_msg("%s", err.text);
                assert_true(zc_rules_test(p, zc_pack_rule(p, 0), one_test, &n, &err));
                assert_int_equal(n.run, 3);
                assert_int_equal(n.failed, 1);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(loads),         cmocka_unit_test(refuses),
                cmocka_unit_test(whole_files),   cmocka_unit_test(an_id_is_used_once),
                cmocka_unit_test(folders),       cmocka_unit_test(params),
                cmocka_unit_test(builtin_rules), cmocka_unit_test(a_wrong_test_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
