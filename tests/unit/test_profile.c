#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "zc/file.h"
#include "zc/judge.h"
#include "zc/yaml.h"

#define NOW 1795341600000 /* 2026-11-22T10:00:00Z */

/* One rule of each severity; the medium one differs by reach and has a parameter. */
static const char rules[] =
        "rules:\n  - {id: ZC-T-001, title: t, severity: critical, applies_to: endpoint, needs: "
        "[self.port], when: 'self.port == 1', confidence: proven, message: m, rationale: r,\n     "
        "remediation: {text: x, reproduce: [y]}, since: \"1\", tags: [baseline, data],\n     "
        "tests: [{name: f, self: {port: 1}, expect: fail}, {name: p, self: {port: 2}, expect: "
        "pass}, {name: u, self: {}, expect: unknown}]}\n  - {id: ZC-T-002, title: t, severity: "
        "high, applies_to: endpoint, needs: [self.port], when: 'self.port == 2', confidence: "
        "derived, message: m, rationale: r,\n     remediation: {text: x, reproduce: [y]}, since: "
        "\"1\", tags: [release-blocker],\n     tests: [{name: f, self: {port: 2}, expect: fail}, "
        "{name: p, self: {port: 1}, expect: pass}, {name: u, self: {}, expect: unknown}]}\n  - "
        "{id: ZC-T-003, title: t, severity: {any: medium, private: medium, isolated: low, "
        "loopback: info}, applies_to: endpoint, needs: [self.port], when: 'self.port == "
        "params.port',\n     confidence: derived, message: m, rationale: r, remediation: {text: x, "
        "reproduce: [y]}, since: \"1\",\n     params: {port: {type: int, default: 3, min: 1, max: "
        "9, summary: the port}},\n     tests: [{name: f, self: {port: 3}, expect: fail, reach: "
        "any}, {name: p, self: {port: 1}, expect: pass}, {name: u, self: {}, expect: unknown}]}\n  "
        "- {id: ZC-U-001, title: t, severity: low, applies_to: firewall, needs: [self.rules], "
        "when: 'self.rules == 0', confidence: derived, message: m, rationale: r,\n     "
        "remediation: {text: x, reproduce: [y]}, since: \"1\",\n     tests: [{name: f, self: "
        "{rules: 0}, expect: fail}, {name: p, self: {rules: 1}, expect: pass}, {name: u, self: {}, "
        "expect: unknown}]}\n";

/* Ports 1 to 4 of one host are open. */
static const char evidence[] =
        "{\"schema\":\"zerocrit.evidence/1\",\"run\":{\"id\":\"r\",\"vantage\":{\"id\":\"v\"},"
        "\"targets\":[{\"id\":\"a\",\"named\":\"192.0.2.7\"}],\"finished\":\"2026-11-22T10:00:"
        "00Z\"},\"endpoints\":["
        "{\"asset\":\"a\",\"address\":\"192.0.2.7\",\"port\":1,\"transport\":\"tcp\",\"state\":"
        "\"open\"},"
        "{\"asset\":\"a\",\"address\":\"192.0.2.7\",\"port\":2,\"transport\":\"tcp\",\"state\":"
        "\"open\"},"
        "{\"asset\":\"a\",\"address\":\"192.0.2.7\",\"port\":3,\"transport\":\"tcp\",\"state\":"
        "\"open\"}]}";

static struct zc_pack *pack_new(void)
{
        struct zc_pack *p = zc_pack_new();
        struct zc_err err = { 0 };

        if (!p || !zc_pack_add_text(p, "t.yaml", rules, sizeof(rules) - 1, &err))
                fail_msg("%s", err.text);
        return p;
}

/* What is asked, in files: NULL where there is none. */
enum asked { PROFILE, POLICY, CONFIG, WAIVERS, FAIL_ON, ASKED };

static bool judged(const char *const a[ASKED], json_t **report, struct zc_err *err)
{
        ZC_AUTO(zc_pack) pack = pack_new();
        ZC_AUTO(zc_profile) profile = NULL;
        ZC_AUTO(zc_policy) policy = NULL;
        ZC_AUTO(zc_yaml) config = NULL;
        ZC_AUTO(zc_evidence) ev = NULL;
        json_auto_t *waivers = NULL;
        json_auto_t *fail_on = a[FAIL_ON] ? json_pack("[s]", a[FAIL_ON]) : NULL;
        struct zc_judge_options o = { .pack = pack, .now_ms = NOW };
        const json_t *gate;
        json_t *root = NULL;

        if ((a[PROFILE] &&
             !zc_profile_parse("p.yaml", a[PROFILE], strlen(a[PROFILE]), &profile, err)) ||
            (a[POLICY] && !zc_policy_parse("b.yaml", a[POLICY], strlen(a[POLICY]), &policy, err)) ||
            (a[CONFIG] && !zc_yaml_parse("c.yaml", a[CONFIG], strlen(a[CONFIG]), &config, err)) ||
            (a[WAIVERS] &&
             !(waivers = zc_waivers_parse("w.yaml", a[WAIVERS], strlen(a[WAIVERS]), err))))
                return false;
        root = config ? zc_yaml_root(config) : NULL;
        gate = json_object_get(root, "gate");
        o.profile = profile;
        o.policy = policy;
        o.config = config;
        o.waivers = waivers;
        o.params = json_object_get(root, "params");
        o.require = json_object_get(gate, "require");
        o.max_new = json_object_get(gate, "max_new");
        o.new_rules = zc_json_str(gate, "new_rules", NULL);
        o.fail_on = fail_on ? fail_on : json_object_get(gate, "fail_on");
        o.fail_on_from = fail_on ? "--fail-on" : NULL;
        if (!report)
                return zc_judge_check(&o, err);
        if (!zc_evidence_open_bytes("e", evidence, strlen(evidence), &ev, err))
                return false;
        *report = zc_judge(&ev, 1, &o, err);
        return *report != NULL;
}

#define P "profile: mine\ntitle: t\n"
#define B "policy: acme\nowner: o\n"

/* ---- what profiles come to ---- */

static void profiles(void **state)
{
        static const struct {
                const char *name;
                const char *a[ASKED];
                int status;
                const char *findings; /* rule severity, … of those that are not absent */
        } rows[] = {
                { "the default", { 0 }, 1, "ZC-T-001 critical ZC-T-002 high ZC-T-003 medium " },
                { "one rule left out",
                  { P "exclude: [ZC-T-001]\n" },
                  0,
                  "ZC-T-002 high ZC-T-003 medium " },
                { "by tag",
                  { P "exclude: [\"tag:data\"]\n" },
                  0,
                  "ZC-T-002 high ZC-T-003 medium " },
                { "by severity",
                  { P "exclude: [\"severity:critical\"]\n" },
                  0,
                  "ZC-T-002 high ZC-T-003 medium " },
                { "by glob, but one",
                  { P "include: [\"ZC-T-*\"]\nexclude: [\"id:ZC-T-001\"]\n" },
                  0,
                  "ZC-T-002 high ZC-T-003 medium " },
                { "these alone",
                  { P "include: [ZC-T-002]\ngate: {fail_on: [high]}\n" },
                  1,
                  "ZC-T-002 high " },
                { "a lower severity",
                  { P "extends: default\noverride: [{rule: ZC-T-001, severity: high, reason: "
                      "r}]\n" },
                  0,
                  "ZC-T-001 high ZC-T-002 high ZC-T-003 medium " },
                { "the last override decides",
                  { P "extends: default\noverride: [{rule: \"ZC-T-*\", severity: low, reason: r}, "
                      "{rule: ZC-T-002, severity: high, reason: r}]\ngate: {fail_on: [high]}\n" },
                  1,
                  "ZC-T-002 high ZC-T-001 low ZC-T-003 low " },
                { "severities by reach",
                  { P "override: [{rule: ZC-T-003, severity: medium, reason: r}]\n" },
                  1,
                  "ZC-T-001 critical ZC-T-002 high ZC-T-003 medium " },
                { "a parameter of the profile",
                  { P "override: [{rule: ZC-T-003, severity: medium, reason: r}]\nparams: {port: "
                      "{value: 2, reason: r}}\n" },
                  1,
                  "ZC-T-001 critical ZC-T-002 high ZC-T-003 medium " },
                { "no gate of its own, and none that it extends",
                  { P },
                  1,
                  "ZC-T-001 critical ZC-T-002 high ZC-T-003 medium " },
                { "a gate that does not say what fails it",
                  { P "gate: {require: [ZC-T-001], new_rules: warn}\n" },
                  1,
                  "ZC-T-001 critical ZC-T-002 high ZC-T-003 medium " },
                { "a gate that fails on nothing, in so many words",
                  { P "gate: {fail_on: []}\n" },
                  0,
                  "ZC-T-001 critical ZC-T-002 high ZC-T-003 medium " },
                { "a gate of its own",
                  { P "gate: {fail_on: [\"tag:release-blocker\"]}\n" },
                  1,
                  "ZC-T-001 critical ZC-T-002 high ZC-T-003 medium " },
                { "the configuration replaces its fail_on",
                  { P "gate: {fail_on: [critical]}\n", NULL,
                    "gate: {fail_on: [\"id:ZC-U-001\"]}\n" },
                  0,
                  "ZC-T-001 critical ZC-T-002 high ZC-T-003 medium " },
                { "--fail-on replaces both",
                  // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one text of two literals
                  { [PROFILE] = P "exclude: [ZC-T-001]\ngate: {fail_on: [critical]}\n",
                    [CONFIG] = "gate: {fail_on: [critical]}\n",
                    [FAIL_ON] = "new-high" },
                  1,
                  "ZC-T-002 high ZC-T-003 medium " },
                { "a policy's gate is the least",
                  { P "exclude: [ZC-T-001]\n", B "gate: {fail_on: [high]}\n" },
                  1,
                  "ZC-T-002 high ZC-T-003 medium " },
                { "a policy's severity is the least",
                  { NULL, B "severities: [{rule: ZC-T-003, at_least: medium}]\n" },
                  1,
                  "ZC-T-001 critical ZC-T-002 high ZC-T-003 medium " },
                { "a policy's new findings",
                  { P "exclude: [ZC-T-001]\n", B "gate: {max_new: 0}\n" },
                  1,
                  "ZC-T-002 high ZC-T-003 medium " },
                { "stricter than the policy",
                  { P "exclude: [ZC-T-001]\n", B "gate: {max_new: 5, fail_on: [critical]}\n",
                    "gate: {max_new: 0, fail_on: [critical, high]}\n" },
                  1,
                  "ZC-T-002 high ZC-T-003 medium " },
                { "a broader severity holds what is new of it",
                  { P "exclude: [ZC-T-001]\n", B "gate: {fail_on: [new-high]}\n",
                    "gate: {fail_on: [high]}\n" },
                  1,
                  "ZC-T-002 high ZC-T-003 medium " },
                { "an override that the policy allows",
                  { P "extends: default\nexclude: [ZC-T-002]\noverride: [{rule: ZC-T-001, "
                      "severity: low, reason: r}]\n",
                    B "may_lower: [\"tag:data\"]\n" },
                  0,
                  "ZC-T-003 medium ZC-T-001 low " },
                { "an override upwards needs no leave",
                  { P "extends: default\nexclude: [ZC-T-001]\noverride: [{rule: ZC-T-003, "
                      "severity: high, reason: r}]\ngate: {fail_on: [critical]}\n",
                    B },
                  0,
                  "ZC-T-002 high ZC-T-003 high " },
                { "a policy's profile, extended",
                  { P "extends: strict\nexclude: [ZC-T-001]\n", B "profile: strict\n" },
                  1,
                  "ZC-T-002 high ZC-T-003 medium " },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *report = NULL;
                struct zc_err err = { 0 };
                const json_t *f;
                size_t k;
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, 4096);
                if (!judged(rows[i].a, &report, &err))
                        fail_msg("%s: %s", rows[i].name, err.text);
                json_array_foreach (json_object_get(report, "findings"), k, f) {
                        zc_text_printf(&t, "%s %s ", zc_json_str(f, "rule", ""),
                                       zc_json_str(f, "severity", ""));
                }
                if (strcmp(zc_text_str(&t), rows[i].findings) != 0 ||
                    zc_report_status(report) != rows[i].status)
                        fail_msg("%s: status %d, %s", rows[i].name, zc_report_status(report),
                                 zc_text_str(&t));
        }
}

/* ---- what is refused ---- */

#define W(more)                                                                                    \
        "waivers:\n  - {id: W-1, rule: ZC-T-002, target: a, verdict: fail, owner: o, reason: r, "  \
        "created: 2026-11-01T00:00:00Z, " more "}\n"
#define SOON "expires: 2026-12-01T00:00:00Z, approver: ciso@x.example"

static void refused(void **state)
{
        static const struct {
                const char *a[ASKED];
                const char *starts, *says;
        } rows[] = {
                /* the files */
                { { "profil: x\ntitle: t\n" }, "p.yaml:1:1: ", "did you mean profile" },
                { { P "gate: {fail_at: []}\n" }, "p.yaml:3:8: ", "did you mean fail_on" },
                { { P "override: [{rule: ZC-T-001, severity: high}]\n" },
                  "p.yaml:3:12: ",
                  "needs \"reason\"" },
                { { P "params: {port: {value: 4}}\n" }, "p.yaml:3:10: ", "needs \"reason\"" },
                { { P "override: [{rule: ZC-T-001, severity: hihg, reason: r}]\n" },
                  "p.yaml:3:29: ",
                  "did you mean high" },
                { { P "extends: defualt\n" }, "p.yaml:3:1: ", "did you mean default" },
                { { P "extends: nowhere.yaml\n" }, "p.yaml:3:1: ", "nowhere.yaml" },
                { { P "gate: {new_rules: always}\n" }, "p.yaml:3:8: ", "ignore, warn, fail" },
                { { P "gate: {max_new: -1}\n" }, "p.yaml:3:8: ", "0 or more" },
                /* selections that match nothing */
                { { P "exclude:\n  - ZC-T-009\n" },
                  "p.yaml:4:5: exclude: ",
                  "no rule is selected by \"ZC-T-009\"; did you mean ZC-T-00" },
                { { P "include: [\"tag:dta\"]\n" },
                  "p.yaml:3:11: include: ",
                  "did you mean tag:data" },
                { { P "exclude: [\"severity:hihg\"]\n" },
                  "p.yaml:3:11: ",
                  "did you mean severity:high" },
                { { P "exclude: [\"ZC-X-*\"]\n" }, "p.yaml:3:11: ", "no rule is selected" },
                { { P "override: [{rule: ZC-T-03, severity: high, reason: r}]\n" },
                  "p.yaml:3:13: ",
                  "did you mean ZC-T-003" },
                { { P "exclude: [\"ZC-*\"]\n" }, "p.yaml:3:1: ", "leaves no rule" },
                { { P "gate: {fail_on: [\"tag:blocker\"]}\n" },
                  "p.yaml:3:18: gate.fail_on: ",
                  "no rule is selected" },
                { { P "gate: {fail_on: [hihg]}\n" },
                  "p.yaml:3:18: gate.fail_on: ",
                  "did you mean high" },
                { { P "gate: {require: [ZC-T-03]}\n" },
                  "p.yaml:3:18: gate.require: ",
                  "did you mean ZC-T-003" },
                { { P "exclude: [ZC-T-001]\ngate: {fail_on: [\"id:ZC-T-001\"]}\n" },
                  "p.yaml:4:18: ",
                  "no rule is selected" },
                { { NULL, NULL, "gate: {fail_on: [\"id:ZC-T-01\"]}\n" },
                  "c.yaml:1:18: gate.fail_on: ",
                  "did you mean id:ZC-T-001" },
                { { [FAIL_ON] = "hihg" }, "--fail-on: ", "did you mean high" },
                /* what a rule cannot carry */
                { { P "override: [{rule: ZC-T-002, severity: critical, reason: r}]\n" },
                  "p.yaml:3:29: ",
                  "derived, which carries high at most" },
                { { P "override: [{rule: ZC-U-001, severity: {any: high, private: low, isolated: "
                      "low, loopback: low}, reason: r}]\n" },
                  "p.yaml:3:29: ",
                  "has no reach" },
                /* parameters */
                { { P "params: {prot: {value: 4, reason: r}}\n" },
                  "p.yaml:3:10: ",
                  "did you mean port" },
                { { P "params: {port: {value: 10, reason: r}}\n" },
                  "p.yaml:3:10: ",
                  "an int from 1 to 9" },
                { { NULL, NULL, "params:\n  prot: 4\n" }, "c.yaml:2:3: ", "did you mean port" },
                { { NULL, NULL, "params: {port: x}\n" },
                  "c.yaml:1:10: ",
                  "should be an int from 1 to 9" },
                /* policies: the file */
                { { NULL, "policy: x\n" }, "b.yaml:1:1: ", "needs \"owner\"" },
                { { NULL, B "waivers: {longest: soon}\n" }, "b.yaml:3:11: ", "no duration" },
                { { NULL, B "profile: ./x.yaml\n" }, "b.yaml:3:1: ", "by its name" },
                { { NULL, B "rules: [ZC-T-009]\n" }, "b.yaml:3:9: rules: ", "no rule is selected" },
                { { NULL, B "severities: [{rule: ZC-T-002, at_least: critical}]\n" },
                  "b.yaml:3:31: ",
                  "carries high at most" },
                { { NULL, B "params: {prot: 1}\n" }, "b.yaml:3:10: ", "did you mean port" },
                /* attempts to loosen one: both places */
                { { P "gate: {fail_on: [critical]}\n", B "gate: {fail_on: [critical, high]}\n" },
                  "p.yaml:3:8: gate.fail_on: ",
                  "leaves out \"high\", which the policy asks for (b.yaml:3:28)" },
                { { NULL, B "gate: {fail_on: [critical]}\n", "gate: {fail_on: [new-critical]}\n" },
                  "c.yaml:1:8: gate.fail_on: ",
                  "(b.yaml:3:18)" },
                // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one text of two literals
                { { [POLICY] = B "gate: {fail_on: [critical]}\n", [FAIL_ON] = "high" },
                  "--fail-on: leaves out \"critical\"",
                  "(b.yaml:3:18)" },
                { { NULL, B "gate: {max_new: 2}\n", "gate: {max_new: 3}\n" },
                  "c.yaml:1:8: gate.max_new: ",
                  "more than the policy's 2 (b.yaml:3:8)" },
                { { NULL, B "gate: {new_rules: fail}\n", "gate: {new_rules: warn}\n" },
                  "c.yaml:1:8: gate.new_rules: ",
                  "(b.yaml:3:8)" },
                { { NULL, B "gate: {new_rules: warn}\n", "gate: {new_rules: ignore}\n" },
                  "c.yaml:1:8: ",
                  "laxer than the policy's \"warn\"" },
                { { P "exclude: [\"severity:low\", \"tag:data\"]\n",
                    B "rules: [\"tag:baseline\"]\n" },
                  "p.yaml:3:27: ",
                  "leaves out ZC-T-001, which the policy asks for (b.yaml:3:9)" },
                { { P "include: [\"ZC-U-*\"]\n", B "rules: [ZC-T-001]\n" },
                  "p.yaml:3:11: ",
                  "(b.yaml:3:9)" },
                { { P "override: [{rule: ZC-T-001, severity: low, reason: r}]\n",
                    B "severities: [{rule: ZC-T-001, at_least: high}]\n" },
                  "p.yaml:3:12: ",
                  "makes ZC-T-001 low, and the policy asks for high at least (b.yaml:3:31)" },
                { { P "override: [{rule: \"*\", severity: info, reason: because}]\n", B },
                  "p.yaml:3:12: ",
                  "makes ZC-T-001 info where it is critical, which the policy acme does not" },
                { { P "override: [{rule: ZC-T-003, severity: {any: medium, private: medium, "
                      "isolated: low, loopback: info}, reason: r}, {rule: ZC-T-003, severity: "
                      "{any: medium, private: low, isolated: low, loopback: info}, reason: r}]\n",
                    B "may_lower: [ZC-T-001]\n" },
                  "p.yaml:3:114: ",
                  "makes ZC-T-003 low where it is medium" },
                { { P, B "may_lower: [ZC-T-03]\n" },
                  "b.yaml:3:13: may_lower: ",
                  "did you mean ZC-T-003" },
                { { P "params: {port: {value: 4, reason: r}}\n", B "params: {port: 5}\n" },
                  "p.yaml:3:10: ",
                  "the policy's to set (b.yaml:3:10)" },
                { { NULL, B "params: {port: 5}\n", "params: {port: 6}\n" },
                  "c.yaml:1:10: ",
                  "(b.yaml:3:10)" },
                { { P, B "profile: strict\n" }, "profile: ", "does not extend it" },
                { { "profile: strict\ntitle: t\n", B "profile: strict\n" },
                  "profile: ",
                  "does not extend it" },
                /* waivers that it does not allow */
                { { NULL, B "waivers: {approvers: [\"*@sec.example\"]}\n", NULL, W(SOON) },
                  "w.yaml:2:5: waiver W-1: ",
                  "does not let ciso@x.example approve (b.yaml:3:11)" },
                { { NULL, B "waivers: {longest: 7d}\n", NULL, W(SOON) },
                  "w.yaml:2:5: ",
                  "longer than the policy's 7d (b.yaml:3:11)" },
                { { NULL, B "waivers: {ticket: true}\n", NULL, W(SOON) },
                  "w.yaml:2:5: ",
                  "asks for a ticket" },
                { { NULL, B "waivers: {never: [\"severity:high\"]}\n", NULL, W(SOON) },
                  "w.yaml:2:5: ",
                  "it is for ZC-T-002, which the policy never waives (b.yaml:3:19)" },
                { { NULL, B "waivers: {never: [\"ZC-T-*\"]}\n", NULL, W(SOON) },
                  "w.yaml:2:5: ",
                  "never waives" },
                /* an override that the policy allows does not make its rule another one */
                { { P "override: [{rule: ZC-T-002, severity: info, reason: r}]\n",
                    B "may_lower: [\"ZC-T-*\"]\nwaivers: {never: [\"severity:high\"]}\n", NULL,
                    W(SOON) },
                  "w.yaml:2:5: ",
                  "it is for ZC-T-002, which the policy never waives (b.yaml:4:19)" },
                /* what protects nothing */
                { { NULL, B "waivers: {never: [ZC-T-02]}\n" },
                  "b.yaml:3:19: waivers.never: ",
                  "did you mean ZC-T-002" },
                { { NULL, B "waivers: {never: [\"severity:crit\"]}\n" },
                  "b.yaml:3:19: waivers.never: ",
                  "did you mean severity:critical" },
                { { NULL, B "waivers: {never: [\"severity:worst\"]}\n" },
                  "b.yaml:3:19: waivers.never: ",
                  "critical, high, medium, low or info" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_err err = { 0 };

                if (judged(rows[i].a, NULL, &err) || err.code != ZC_E_USAGE ||
                    strncmp(err.text, rows[i].starts, strlen(rows[i].starts)) != 0 ||
                    !strstr(err.text, rows[i].says))
                        fail_msg("row %zu, \"%s\": %s", i, rows[i].says,
                                 err.code ? err.text : "accepted");
        }
}

static void waivers_allowed(void **state)
{
        static const char *const rows[][ASKED] = {
                { NULL, B "waivers: {approvers: [\"*@x.example\"], longest: 30d}\n", NULL,
                  W(SOON) },
                { NULL, B "waivers: {never: [\"severity:critical\"]}\n", NULL, W(SOON) },
                { NULL, B "waivers: {ticket: true}\n", NULL, W(SOON ", ticket: T-1") },
                /* one that ended binds nobody */
                { NULL, B "waivers: {approvers: [nobody]}\n", NULL,
                  W("expires: 2026-11-02T00:00:00Z, approver: x") },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *report = NULL;
                struct zc_err err = { 0 };

                if (!judged(rows[i], &report, &err))
                        fail_msg("row %zu: %s", i, err.text);
                assert_null(json_object_get(json_array_get(zc_json_at(report, "waivers.active"), 0),
                                            "at"));
        }
}

/* What a waiver's target means. */
static void targets(void **state)
{
        static const struct {
                const char *target;
                json_int_t matched;
        } rows[] = {
                { "a", 1 },
                { "*", 1 },
                { "id:a", 1 },
                { "id:b", 0 },
                { "tag:a", 0 },
                { "192.0.2.7:2/tcp", 1 },
                { "192.0.2.7:3/tcp", 0 },
                { "192.0.2.*", 1 },
                { "192.0.2.7/32", 1 },
                { "192.0.2.7", 1 },
                { "192.0.2.8", 0 },
                { "2001:db8::1", 0 },
                { "192.0.2.0/24", 1 },
                { "0.0.0.0/0", 1 },
                { "192.0.3.0/24", 0 },
                { "::/0", 0 },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *report = NULL;
                struct zc_err err = { 0 };
                char text[512];
                const char *const a[ASKED] = { [WAIVERS] = text };

                snprintf(text, sizeof(text),
                         "waivers:\n  - {id: W-1, rule: ZC-T-002, target: \"%s\", verdict: fail, "
                         "owner: o, reason: r, created: 2026-11-01T00:00:00Z, " SOON "}\n",
                         rows[i].target);
                if (!judged(a, &report, &err))
                        fail_msg("%s: %s", rows[i].target, err.text);
                if (json_integer_value(json_object_get(
                            json_array_get(zc_json_at(report, "waivers.active"), 0), "matched")) !=
                    rows[i].matched)
                        fail_msg("%s", rows[i].target);
        }
}

/* ---- shipped ones, files, the report ---- */

/* Every selector, override and parameter of ours means something to our own rules: what --rules leaves unchecked at load. */
static void shipped(void **state)
{
        struct zc_profile_names names;
        struct zc_err err = { 0 };
        ZC_AUTO(zc_pack) pack = NULL;

        (void)state;
        if (!zc_pack_builtin(&pack, &err))
                fail_msg("%s", err.text);
        zc_profile_names(&names);
        assert_true(zc_profile_is_shipped("default"));
        assert_false(zc_profile_is_shipped("defaul"));
        for (size_t i = 0; names.list[i]; i++) {
                ZC_AUTO(zc_profile) p = NULL;
                char path[128];
                struct zc_judge_options o = { .pack = pack, .now_ms = NOW };
                ZC_AUTO(zc_profile) foreign = NULL;
                char *text = NULL;
                size_t len = 0;

                if (!zc_profile_load(names.list[i], NULL, &p, &err))
                        fail_msg("%s", err.text);
                assert_string_equal(zc_profile_name(p), names.list[i]);
                o.profile = p;
                if (!zc_judge_check(&o, &err))
                        fail_msg("%s", err.text);
                /* the same file as somebody's own is checked in full */
                snprintf(path, sizeof(path), "rules/profiles/%s.yaml", names.list[i]);
                if (!zc_file_read(path, ZC_YAML_MAX, &text, &len, &err) ||
                    !zc_profile_parse(path, text, len, &foreign, &err))
                        fail_msg("%s", err.text);
                free(text);
                o.profile = foreign;
                if (!zc_judge_check(&o, &err))
                        fail_msg("%s", err.text);
        }
}

static void write_file(const char *path, const char *text)
{
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static void files(void **state)
{
        char folder[] = "/tmp/zc-profile-XXXXXX";
        char path[2][64];
        struct zc_err err = { 0 };
        struct zc_profile *p = NULL;

        (void)state;
        assert_non_null(mkdtemp(folder));
        snprintf(path[0], sizeof(path[0]), "%s/a.yaml", folder);
        snprintf(path[1], sizeof(path[1]), "%s/b.yaml", folder);
        write_file(path[0], "profile: a\ntitle: t\nextends: b.yaml\n");
        write_file(path[1], "profile: b\ntitle: t\nextends: strict\n");
        if (!zc_profile_load(path[0], NULL, &p, &err))
                fail_msg("%s", err.text);
        assert_string_equal(zc_profile_name(p), "a");
        zc_profile_free(p);
        write_file(path[1], "profile: b\ntitle: t\nextends: a.yaml\n");
        assert_false(zc_profile_load(path[0], NULL, &p, &err));
        assert_non_null(strstr(err.text, "does one of them extend itself?"));
        write_file(path[1], "profile: b\n");
        assert_false(zc_profile_load(path[0], NULL, &p, &err));
        assert_non_null(strstr(err.text, "b.yaml:1:1: ")); /* its own place, not its child's */
        unlink(path[0]);
        unlink(path[1]);
        assert_int_equal(rmdir(folder), 0);
        assert_false(zc_profile_load(path[0], NULL, &p, &err));
        assert_int_equal(err.code, ZC_E_USAGE);
        assert_false(zc_profile_load("strickt", NULL, &p, &err));
        assert_non_null(strstr(err.text, "did you mean strict?"));
        assert_false(zc_policy_load(path[0], &(struct zc_policy *){ NULL }, &err));
        assert_int_equal(err.code, ZC_E_USAGE);
}

static void reported(void **state)
{
        const char *const a[ASKED] = {
                P "extends: default\nexclude: [ZC-U-001]\noverride: [{rule: ZC-T-001, severity: "
                  "high, reason: we mend it on Monday}]\nparams: {port: {value: 4, reason: r}}\n",
                B "severities: [{rule: ZC-T-003, at_least: medium}]\nmay_lower: [ZC-T-001]\n", NULL,
                NULL, NULL
        };
        json_auto_t *report = NULL;
        struct zc_err err = { 0 };
        const json_t *s;

        (void)state;
        if (!judged(a, &report, &err))
                fail_msg("%s", err.text);
        s = json_object_get(report, "selection");
        assert_string_equal(zc_json_str(report, "profile", ""), "mine");
        assert_string_equal(zc_json_str(s, "left_out.0", ""), "");
        assert_string_equal(json_string_value(json_array_get(json_object_get(s, "left_out"), 0)),
                            "ZC-U-001");
        assert_string_equal(json_string_value(json_array_get(json_object_get(s, "extends"), 0)),
                            "default");
        assert_int_equal(json_array_size(json_object_get(s, "severities")), 2);
        assert_string_equal(
                zc_json_str(json_array_get(json_object_get(s, "severities"), 0), "reason", ""),
                "we mend it on Monday");
        assert_string_equal(
                zc_json_str(json_array_get(json_object_get(s, "severities"), 1), "reason", ""),
                "the policy's least");
        assert_int_equal(json_integer_value(zc_json_at(s, "params.port.value")), 4);
        assert_string_equal(zc_json_str(report, "policy.name", ""), "acme");
        assert_int_equal(strncmp(zc_json_str(report, "policy.digest", ""), "sha256:", 7), 0);
        assert_int_equal(json_integer_value(zc_json_at(report, "pack.rules")), 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(profiles),        cmocka_unit_test(refused),
                cmocka_unit_test(waivers_allowed), cmocka_unit_test(targets),
                cmocka_unit_test(shipped),         cmocka_unit_test(files),
                cmocka_unit_test(reported),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
