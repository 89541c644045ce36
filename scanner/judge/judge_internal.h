/** What the files that judge share; nobody else includes it. */
#ifndef ZC_JUDGE_INTERNAL_H
#define ZC_JUDGE_INTERNAL_H

#include "rule_internal.h"
#include "zc/judge.h"

#define ZC_BINDINGS_MAX 5
/** The context as the bindings of an expression; how many. */
size_t zc_judge_bind(const struct zc_judge_context *c, struct zc_cel_binding vars[ZC_BINDINGS_MAX]);

/** What the reach makes of a judgement: a fail whose severity depends on an unknown reach becomes unknown. */
void zc_judge_reach(const struct zc_rule *rule, enum zc_reach reach, struct zc_judgement *j);
/** The severity at a reach; of an unknown one, the worst. */
enum zc_severity zc_rule_severity(const struct zc_rule *rule, enum zc_reach reach);

/**
 * A finding without what the tally adds. @ev: NULL for exposure rows, which belong to no single run. @endpoint: the one around the
 * entity, or NULL. @reach: its name, or NULL for what has none. NULL when out of memory.
 */
json_t *zc_finding_new(const struct zc_rule *r, const struct zc_evidence *ev,
                       const json_t *endpoint, const struct zc_entity *e,
                       const struct zc_judge_context *c, const struct zc_judgement *jm,
                       const char *reach, enum zc_severity severity, struct zc_arena *arena);

/* ---- making foreign text safe ---- */

/** The text as a report may hold it: itself, or escaped where it could act on a terminal. */
const char *zc_shown(struct zc_arena *arena, const char *s);
/** The same of every string and key; a new value, or the same one where nothing had to be changed: leave it as it is. */
json_t *zc_json_shown(const json_t *value);

/* ---- profiles and policies ---- */

#define ZC_DIGEST_LEN (sizeof("sha256:") + 64)
bool zc_digest(const void *p, size_t n, char out[ZC_DIGEST_LEN]) ZC_MUST_USE;

#define ZC_PROFILE_CHAIN_MAX 8u
struct zc_profile_file {
        struct zc_yaml *yaml;
        char digest[ZC_DIGEST_LEN]; /* of its bytes */
        const char *name;           /* its own; of a pack's, PACK:NAME */
        bool shipped;               /* ours: nobody's attempt to loosen anything */
        bool packed, signed_pack;   /* a pack's, and somebody answers for the pack */
};
struct zc_profile {
        struct zc_profile_file
                files[ZC_PROFILE_CHAIN_MAX]; /* the named one, then what it extends, … */
        size_t count;
        const struct zc_pack *pack; /* whose profiles there are; NULL for none */
};
struct zc_policy {
        struct zc_yaml *yaml;
        char digest[ZC_DIGEST_LEN];
};
extern const struct zc_shape zc_gate_shape[]; /* fail_on, require, max_new, new_rules */

/* Somebody's demands on the gate, and where they stand. */
struct zc_demand {
        const struct zc_yaml *y; /* NULL: not in a file */
        const char *at; /* JSON Pointer of what holds them, or without y the option's name */
        const json_t *fail_on, *require, *max_new;
        const char *new_rules;
        bool shipped;
};
/** "FILE:LINE:COLUMN: gate.KEY: words", or "--fail-on: words". */
bool zc_demand_fail(const struct zc_demand *d, const char *key, struct zc_err *err, const char *fmt,
                    ...) ZC_PRINTF(4, 5);
/** "FILE:LINE:COLUMN" of a pointer. */
#define ZC_PLACE_LEN 300
void zc_place(const struct zc_yaml *y, const char *pointer, char out[ZC_PLACE_LEN]);

/** A selector of a file that people write must select something. @what: the key, "include". @expectations: ZC-EXPECT-* count. */
/** What an expectation that is not met is called; NULL-terminated. */
extern const char *const zc_expected_rules[];
bool zc_selector_check(const struct zc_pack *pack, const struct zc_demand *d, const char *key,
                       const char *selector, bool expectations, struct zc_err *err) ZC_MUST_USE;

/** Refuses demands that are laxer than the policy. */
bool zc_policy_holds(const struct zc_policy *p, const struct zc_demand *d,
                     struct zc_err *err) ZC_MUST_USE;
/** Refuses waivers that the policy does not allow; those that ended aside. @view: the rules of the pack as they judge. */
bool zc_policy_waivers(const struct zc_policy *p, const struct zc_pack *pack,
                       const struct zc_pack *view, const json_t *waivers, int64_t now_ms,
                       struct zc_err *err) ZC_MUST_USE;

/** Whether the policy lets an asset's declared isolation lower what is found there. */
bool zc_policy_isolates(const struct zc_policy *p, const json_t *assets, const char *asset);

/* What profile, policy and demands come to. */
struct zc_terms {
        struct zc_pack *pack; /* a view */
        json_t *params;
        json_t *selection, *policy; /* the report's */
};
bool zc_terms_init(struct zc_terms *t, const struct zc_judge_options *o,
                   struct zc_err *err) ZC_MUST_USE;
void zc_terms_release(struct zc_terms *t);

/** Every shipped framework, with verdicts; a new array. */
json_t *zc_frameworks_report(const struct zc_pack *pack, const json_t *checks, struct zc_err *err);

/* ---- the gate's settings ---- */

struct zc_gate {
        bool severity[ZC_SEVERITY_COUNT];     /* a finding of it fails the gate */
        bool new_severity[ZC_SEVERITY_COUNT]; /* a new finding of it does */
        json_t *fail_selectors;               /* "tag:x", "id:GLOB" in fail_on */
        json_t *require;                      /* selectors of required rules */
        const json_t *bound;                  /* those of the policy, borrowed; NULL: none */
        json_int_t max_new;                   /* -1: no limit */
        enum zc_new_rules { ZC_NEW_RULES_IGNORE, ZC_NEW_RULES_WARN, ZC_NEW_RULES_FAIL } new_rules;
};
/** @view: the rules that judge. */
bool zc_gate_init(struct zc_gate *g, const struct zc_judge_options *o, const struct zc_pack *view,
                  struct zc_err *err) ZC_MUST_USE;
/** "ignore", "warn", "fail". */
bool zc_new_rules_parse(const char *s, enum zc_new_rules *out);
void zc_gate_release(struct zc_gate *g);
/** Does "tag:x", "id:GLOB" or a plain glob select this rule? */
bool zc_selector_matches(const char *selector, const char *rule, const json_t *tags);
/** Is an unanswered check of this rule, at this severity, one that the gate needs? */
bool zc_gate_requires(const struct zc_gate *g, const char *rule, const json_t *tags,
                      enum zc_severity severity);

/** Does the policy require it? */
bool zc_gate_binds(const struct zc_gate *g, const char *rule, const json_t *tags);
/** Could a finding of this rule, at this severity, fail the gate? */
bool zc_gate_could_fail(const struct zc_gate *g, const char *rule, const json_t *tags,
                        enum zc_severity severity);

/* ---- assets ---- */

/** asset → {"ids": […], "tags": […]} over all runs; an asset's ids are the ids of the targets that it belongs to. */
json_t *zc_assets(struct zc_evidence *const *evs, size_t count) ZC_MUST_USE;
/** "id:x", "id:x SUBJECT" (a glob), "tag:x", a prefix that holds the address of either, or a glob over the asset or the subject. */
bool zc_asset_selected(const json_t *assets, const char *selector, const char *asset,
                       const char *subject);

/* ---- waivers ---- */

struct zc_waivers;
bool zc_waivers_new(const json_t *list, const json_t *assets, int64_t now_ms,
                    struct zc_waivers **out, struct zc_err *err) ZC_MUST_USE;
void zc_waivers_free(struct zc_waivers *w);
ZC_FREEP(zc_waivers);
/** The id of an active waiver for this verdict (fail or unknown), which is then used; NULL for none. */
const char *zc_waivers_match(struct zc_waivers *w, const char *rule, const char *asset,
                             const char *subject, enum zc_verdict verdict);
/** {active, expiring, expired, unused}; a new object. */
json_t *zc_waivers_report(const struct zc_waivers *w);

/* ---- the tally: everything judged, on its way into the report ---- */

struct zc_tally;

/** What the tally remembers of a rule from one check to the next; zeroed at first, and for one tally only. */
struct zc_tally_memo {
        size_t row[ZC_VERDICT_COUNT]; /* the position of its last row of that verdict, and 1 */
        unsigned char
                required[ZC_SEVERITY_COUNT]; /* at that severity: 0 not asked yet, 1 no, 2 yes */
};

/** One verdict of one rule on one subject. Everything is copied, and made safe to show. */
struct zc_check {
        const char *rule, *asset, *subject;
        const char *
                named; /* the asset that its evidence names, where that is another: waivers know it by both; or NULL */
        const json_t *tags; /* of the rule, or NULL */
        enum zc_severity severity;
        enum zc_verdict verdict;
        const char *why;
        bool failed; /* unknown is only how far it reaches: the gate needs it where its severity could fail the gate */
        bool told; /* unknown, and not what the gate needs: the other address family was seen */
        const char *probe,
                *needs; /* of unknown: whose outcome explains it, and what would help; or NULL */
        struct zc_tally_memo *memo; /* of the rule, or NULL */
};
struct zc_tally *zc_tally_new(const struct zc_gate *gate, struct zc_waivers *waivers) ZC_MUST_USE;
void zc_tally_free(struct zc_tally *t);
ZC_FREEP(zc_tally);
/** Counts the check. Returns false when out of memory. *waived: the waiver's id or NULL. */
bool zc_tally_check(struct zc_tally *t, const struct zc_check *c, const char **waived,
                    struct zc_err *err) ZC_MUST_USE;
/**
 * Of what service a finding is, and how it was seen: what two vantages saw of one service is one finding (twins.c).
 * Texts live as long as the entity.
 */
struct zc_sight {
        size_t service; /* zc_place.service; SIZE_MAX: what its subject says is all that is known */
        enum zc_seen seen;
        bool by_name;           /* what is served may differ by name */
        const char *name;       /* "" for none */
        const char *suffix;     /* what its subject has behind the endpoint's */
        enum zc_severity below; /* the rule's severity at loopback */
};
void zc_sight_of(struct zc_sight *s, const struct zc_rule *rule, const struct zc_place *place,
                 const json_t *endpoint, const char *subject);
/** The same to keep, null for none. */
json_t *zc_sight_json(const struct zc_sight *s);
/** Takes a finding (stolen): a report's finding without label, status, waiver, change and covered_by. @waived: a waiver's id or NULL.
 * @sight: NULL for what is no endpoint's. */
bool zc_tally_finding(struct zc_tally *t, json_t *finding, const char *waived,
                      const struct zc_sight *sight, struct zc_err *err) ZC_MUST_USE;
/** The rule passed there: seen from another machine, it also says what a fail over lo is worth. */
bool zc_tally_cleared(struct zc_tally *t, const struct zc_sight *sight, const char *rule,
                      struct zc_err *err) ZC_MUST_USE;
/** Twins become one finding. Before zc_findings_settle(). */
bool zc_twins_settle(struct zc_tally *t, struct zc_err *err) ZC_MUST_USE;
/** The finding that stands for two of one service, with the evidence of both; both are taken. */
json_t *zc_twins_merge(json_t *stands, json_t *joins) ZC_MUST_USE;
/** A rule that judged nothing at all gets its row too. */
bool zc_tally_unplanned(struct zc_tally *t, const char *rule, struct zc_err *err) ZC_MUST_USE;
/** Something that keeps the gate from being shown, in words; the same words once. */
bool zc_tally_missing(struct zc_tally *t, struct zc_err *err, const char *fmt, ...)
        ZC_PRINTF(3, 4) ZC_MUST_USE;
/** Sorts, labels, folds, compares with the baseline, closes the gate: fills the report's gate, counts, areas, findings, checks, … */
bool zc_tally_report(struct zc_tally *t, const json_t *baseline, json_t *report,
                     struct zc_err *err) ZC_MUST_USE;

/* What is known once everything was judged; the report's parts are made from it. */
struct zc_row {
        char *rule, *why, *waived, *probe, *needs; /* waived, probe, needs may be NULL */
        enum zc_verdict verdict;
        bool required;
        size_t count;
        size_t (*ranges)[2];
        size_t range_count, range_cap;
};
struct zc_tally {
        const struct zc_gate *gate;
        struct zc_waivers *waivers;
        struct zc_row *rows;
        size_t row_count, row_cap;
        json_t *row_index;                       /* key → position in rows */
        json_t *subjects, *assets;               /* the report's, index for index */
        json_t *subject_index;                   /* key → position */
        struct zc_text last_asset, last_subject; /* of the check before, as they were given … */
        size_t last;                             /* … and their position, and 1 */
        json_t *findings;                        /* array */
        json_t *finding_index;                   /* fingerprint → position */
        json_t *sights;                          /* index for index: {service, name, …} or null */
        json_t *cleared;          /* keys of twins.c: the rule passed, seen from another machine */
        struct zc_arena *scratch; /* texts that had to be made safe */
        json_t *missing;          /* sentences */
        json_t *missing_index;
        json_t *warnings; /* sentences */
        json_t *risen; /* fingerprints: known to the baseline as less severe, or as waived */
        size_t required_of, required_done, required_waived;
        size_t verdicts[ZC_VERDICT_COUNT];
        bool ports_silent, ports_seen; /* some scan met neither an open nor a closed port; some port was seen */
};

/** The keys of the indexes: parts joined by U+001F, which no escaped text holds. */
char *zc_key(const char *a, const char *b, const char *c) ZC_MUST_USE;

/** Sorted findings: labels, covers, covered_by. */
bool zc_findings_settle(json_t *findings, struct zc_err *err) ZC_MUST_USE;
/** counts; findings with change absent aside. */
json_t *zc_findings_counts(const json_t *findings);
/** areas: letters by area; grades: of services, by subject. What they mean, in one paragraph. */
json_t *zc_areas(const struct zc_tally *t, const json_t *findings);
json_t *zc_grades(const struct zc_tally *t, const json_t *findings);
extern const char zc_grading_words[];
/** The report's gate. */
json_t *zc_gate_close(const struct zc_tally *t, const json_t *findings);

/**
 * Sets change on each finding, and appends those of the baseline that are gone. @risen: gains the fingerprints of what became worse.
 * @newly: an array that gains rows {rule, why, required, count, subjects} of the checks that have no answer now, and had one.
 */
bool zc_baseline_compare(const json_t *baseline, const json_t *checks, const json_t *subjects,
                         const json_t *assets, json_t *findings, json_t *risen, json_t *newly,
                         struct zc_err *err) ZC_MUST_USE;

/** The whole report; the head that only this knows, then the tally's part. */
json_t *zc_judge_report(struct zc_evidence *const *evs, size_t count,
                        const struct zc_judge_options *o, const struct zc_terms *terms,
                        json_t *exposure, struct zc_tally *tally, struct zc_err *err);

/* ---- what the runs themselves owe ---- */

/** Named targets that did not answer, host probes without an outcome, probes that a target requires, streams that did not finish: into the tally. */
bool zc_coverage(struct zc_evidence *const *evs, size_t count, const struct zc_pack *pack,
                 struct zc_tally *t, struct zc_err *err) ZC_MUST_USE;
/** Unknown checks for a scan that did not ask all it meant to; nothing for a whole one. @as: of whom, and how much it matters.
 * @judged: by rule, set where one was counted. */
bool zc_untried(struct zc_tally *t, const struct zc_pack *pack, const json_t *scan,
                const struct zc_check *as, bool *judged, struct zc_err *err) ZC_MUST_USE;
/** An endpoint was met: its port, in a set. */
bool zc_met_add(json_t *met, const json_t *endpoint, struct zc_err *err) ZC_MUST_USE;
/** Unknown checks for the ports that a scan says are open and whose endpoints were not met; otherwise as zc_untried(). */
bool zc_unmet(struct zc_tally *t, const struct zc_pack *pack, const json_t *met, const json_t *scan,
              const struct zc_check *as, bool *judged, struct zc_err *err) ZC_MUST_USE;
/**
 * Whether the kind's probe belongs to this endpoint and left nothing there, not even an outcome: every endpoint that may be open has one of each
 * probe that was not taken out, unless it was identified as a service that the probe does not ask about.
 */
bool zc_outcome_lost(const json_t *run, const json_t *endpoint, const struct zc_kind *kind);
/** Taken out by who ran it. */
bool zc_left_out(const json_t *run, const char *probe);
/** Whether the kind's probe belongs to this endpoint and was taken out of the plan. */
bool zc_outcome_cut(const json_t *run, const json_t *endpoint, const struct zc_kind *kind);
/** What a policy requires was planned, whatever was skipped: each probe of it that a run left out all the same, into the tally. */
bool zc_bound_plan(struct zc_evidence *const *evs, size_t count, const struct zc_pack *pack,
                   struct zc_tally *t, struct zc_err *err) ZC_MUST_USE;
/** The configuration's expectations: ZC-EXPECT-OPEN, ZC-EXPECT-CLOSED. `from`: any | private (default: whoever is not on the machine itself). */
bool zc_expect(struct zc_evidence *const *evs, size_t count, const json_t *expect,
               const json_t *exposure, const struct zc_join *join, const json_t *assets,
               struct zc_tally *t, struct zc_err *err) ZC_MUST_USE;

#endif
