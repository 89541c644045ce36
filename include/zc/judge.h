/**
 * Judging: evidence of one or more vantages and rules in, a report out. Pure but for the files it is handed; the same evidence, rules and
 * settings give the same report (times of the report itself aside).
 */
#ifndef ZC_JUDGE_H
#define ZC_JUDGE_H

#include "zc/evidence.h"
#include "zc/rules.h"

enum zc_verdict { ZC_PASS, ZC_FAIL, ZC_UNKNOWN, ZC_ERROR, ZC_NOTAPPLICABLE_V };
const char *zc_verdict_name(enum zc_verdict v);

/** One rule on one entity. `why` for unknown and error; reads for the finding's evidence. */
struct zc_judgement {
        enum zc_verdict verdict;
        char why[256];
        struct zc_cel_result when; /* release with zc_judgement_release() */
};
struct zc_judge_context {
        const json_t *self, *host, *endpoint, *run, *params; /* NULL members are unbound: unknown */
        const char *self_pointer, *host_pointer, *endpoint_pointer, *run_pointer;
};
void zc_rule_judge(const struct zc_rule *rule, const struct zc_judge_context *c, struct zc_arena *arena, const struct zc_cel_trace *trace, struct zc_judgement *out);
void zc_judgement_release(struct zc_judgement *j);

struct zc_judge_options {
        const struct zc_pack *pack;
        const char *profile;      /* "default" */
        const json_t *params;     /* overrides by name, or NULL */
        const json_t *fail_on;    /* array of "critical", "high", "new-high", "tag:release-blocker"; NULL: ["critical"] */
        const json_t *require;    /* gate.require: rule ids, globs, tags; NULL: none */
        const json_t *max_new;    /* integer or NULL */
        const char *new_rules;    /* "warn" or NULL */
        const json_t *expect;     /* configuration's expect list, or NULL */
        const json_t *waivers;    /* the `waivers` list of a checked waiver file, or NULL */
        const json_t *policy;     /* a checked policy, or NULL */
        const json_t *baseline;   /* an earlier report, or NULL */
        const char *authorisation;/* JSON text to carry into the report, or NULL */
        int64_t now_ms;           /* the report's time */
};

/** A new report (zerocrit.report/1), or NULL with err. */
json_t *zc_judge(struct zc_evidence *const *evs, size_t count, const struct zc_judge_options *o, struct zc_err *err) ZC_MUST_USE;

/** Exit status by the report's gate: 0 met, 1 not met, 3 not shown. */
int zc_report_status(const json_t *report);
/** "MET  0 critical ..." / "NOT MET  1 critical (allowed 0), ..." / "NOT SHOWN  0 critical found; ...": one line, free(). */
char *zc_report_verdict(const json_t *report) ZC_MUST_USE;

/** "zc1-" and 32 hex digits of SHA-256(rule NUL asset NUL subject). */
#define ZC_FINGERPRINT_LEN 37
void zc_fingerprint(const char *rule, const char *asset, const char *subject, char out[ZC_FINGERPRINT_LEN]);

/** Read and check a waiver file, a policy file, a report. Errors carry file, line and column. New values. */
json_t *zc_waivers_load(const char *path, struct zc_err *err);
json_t *zc_policy_load(const char *path, struct zc_err *err);
json_t *zc_report_load(const char *path, struct zc_err *err);

#endif
