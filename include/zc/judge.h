/**
 * Judging: evidence of one or more vantages and rules in, a report out. Pure but for the files it is handed; the same evidence, rules and
 * settings give the same report, `now_ms` included.
 *
 * The report is reports/schema/report.schema.json. Worth knowing before rendering one:
 * - findings are sorted: severity, open before waived, rule, asset, subject. A finding that another one's `covers` folds has `covered_by` (the
 *   other's fingerprint) and still counts. Findings of a baseline that are gone stand last with change "absent" and label null:
 *   they count nowhere.
 * - counts.SEVERITY.open|waived count findings; verdicts.pass|fail|unknown|error|notapplicable count checks.
 * - gate.reasons are sentences, most important first.
 */
#ifndef ZC_JUDGE_H
#define ZC_JUDGE_H

#include "zc/evidence.h"
#include "zc/profile.h"
#include "zc/rules.h"

#define ZC_REPORT_SCHEMA "zerocrit.report/1"

enum zc_verdict { ZC_PASS, ZC_FAIL, ZC_UNKNOWN, ZC_ERROR, ZC_NOTAPPLICABLE_V };
#define ZC_VERDICT_COUNT 5
const char *zc_verdict_name(enum zc_verdict v);

/** One rule on one entity. */
struct zc_judgement {
        enum zc_verdict verdict;
        char why[256];                              /* unknown and error: what is missing, "self.reach.sources"; what went wrong */
        const char *stage;                          /* which part decided: "where", "needs", "when" */
        struct zc_cel_read reads[ZC_CEL_READS_MAX]; /* of a fail: evidence read by where and when, each once; point into the documents and the arena */
        size_t read_count;
};
struct zc_judge_context {
        const json_t *self, *host, *endpoint, *run, *params; /* NULL members are unbound: unknown */
        const char *self_pointer, *host_pointer, *endpoint_pointer, *run_pointer;
        uint64_t *left; /* nodes that all rules together may still cost; NULL: no limit but each one's own */
};
/** Reach is not considered here: a fail is a fail. @trace: of `where` and `when`, or NULL. */
void zc_rule_judge(const struct zc_rule *rule, const struct zc_judge_context *c, struct zc_arena *arena, const struct zc_cel_trace *trace,
                   struct zc_judgement *out);
/** The rule's message for that context; free(). */
char *zc_rule_message(const struct zc_rule *rule, const struct zc_judge_context *c, struct zc_arena *arena) ZC_MUST_USE;

struct zc_judge_options {
        const struct zc_pack *pack;
        const struct zc_profile *profile; /* NULL: the shipped default */
        const char *profile_from;         /* what named it: "--profile", "zerocrit.yaml:3:1"; NULL: nothing did */
        const struct zc_policy *policy;   /* or NULL */
        const struct zc_yaml *config;     /* the file in which the demands below stand (gate, params), or NULL */
        const char *fail_on_from;         /* "--fail-on" where fail_on is not the file's; or NULL */
        const json_t *params;      /* overrides by name, or NULL */
        const json_t *fail_on;     /* array of "critical", "new-high", "tag:release-blocker", "id:ZC-FW-001"; NULL: the profile's */
        const json_t *require;     /* gate.require: rule ids, globs, "tag:x"; besides the profile's; NULL: none */
        const json_t *max_new;     /* integer or NULL */
        const char *new_rules; /* findings of rules that the baseline did not have: "fail" the gate (default), only "warn", or "ignore" */
        const json_t *expect;      /* configuration's expect list, or NULL */
        const json_t *waivers;     /* what zc_waivers_load() gave, or NULL */
        const json_t *baseline;    /* an earlier report, or NULL */
        const char *missing;       /* evidence that there should be besides, in words; NULL: none */
        const char *authorisation; /* JSON text to carry into the report, or NULL */
        int64_t now_ms;            /* the report's time: waivers expire against it */
};

/** A new report (zerocrit.report/1), or NULL with err (ZC_E_USAGE: a selector that names nothing, a bad parameter, an unknown profile). */
json_t *zc_judge(struct zc_evidence *const *evs, size_t count, const struct zc_judge_options *o, struct zc_err *err) ZC_MUST_USE;

/** What is wrong with profile, policy, demands and waivers before there is any evidence: ZC_E_USAGE, with its place. */
bool zc_judge_check(const struct zc_judge_options *o, struct zc_err *err) ZC_MUST_USE;

/** Exit status by the report's gate: 0 met, 1 not met, 3 not shown. */
int zc_report_status(const json_t *report);
/** "MET  0 critical ..." / "NOT MET  1 critical (allowed 0), ..." / "NOT SHOWN  0 critical found; ...": one line, free(). */
char *zc_report_verdict(const json_t *report) ZC_MUST_USE;

/** "zc1-" and 32 hex digits of SHA-256(rule NUL asset NUL subject). */
#define ZC_FINGERPRINT_LEN 37
bool zc_fingerprint(const char *rule, const char *asset, const char *subject, char out[ZC_FINGERPRINT_LEN]);

/** "*" and "?" in pattern, otherwise literal; bounded time. */
bool zc_glob(const char *pattern, const char *text);

/** Read and check a waiver file (its `waivers` list, each with its place as `at`), a report. Errors carry file, line and column. New values. */
json_t *zc_waivers_load(const char *path, struct zc_err *err);
json_t *zc_waivers_parse(const char *name, const char *text, size_t len, struct zc_err *err);
/** That each names a rule which there is: of the pack, added folders included, or of an expectation; a pattern, one at least. */
bool zc_waivers_rules(const json_t *list, const struct zc_pack *pack, struct zc_err *err) ZC_MUST_USE;
json_t *zc_report_load(const char *path, struct zc_err *err);

#endif
