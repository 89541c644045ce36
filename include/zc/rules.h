/**
 * Rules: data that judges evidence (design section 5). A pack is loaded whole or refused whole: syntax, the record's shape, the types of its
 * expressions against the evidence schema, severities that the confidence allows. Errors read "FILE:LINE:COLUMN: what; how to mend it".
 *
 * A rule file is a YAML mapping `rules: [ … ]`, one record a rule:
 *
 *   rules:
 *     - id: ZC-FW-001                    # ZC-<AREA>-<NNN>, never reused
 *       title: …
 *       severity: high                   # or by reach: {any: high, private: high, isolated: medium, loopback: low}
 *       applies_to: firewall             # an entity kind
 *       where: self.present              # CEL, default true; false means notapplicable
 *       needs: [self.defaults.input.ip]  # the evidence that `when` reads, all of it, and nothing else
 *       when: self.defaults.input.ip == "accept"
 *       confidence: derived              # proven | derived | version
 *       cvss: "CVSS:4.0/AV:N/…"          # scored; another band than the (worst) severity needs severity_override_reason: WHY
 *       message: "… {{ self.defaults.input.ip }} …"
 *       covers: [ZC-FW-002]              # rules that one fix of this also ends
 *       rationale: …
 *       remediation:
 *         text: …
 *         variants: [{when: CEL, change: …, commands: [ … ], risk: restart|lockout|data, undo: …, verify: …}]
 *         reproduce: [ … ]               # commands with standard tools
 *       refs: {cwe: [{id: CWE-284, title: our words}]}
 *       params: {name: {type: int, default: 1, min: 0, max: 9, summary: …}}
 *       tags: [baseline]
 *       since: "0.1"
 *       tests:                           # at least one fail, one pass, one unknown
 *         - {name: …, self: {…}, host: {…}, endpoint: {…}, run: {…}, params: {…}, reach: any, expect: fail, severity: high, message: …}
 *
 * `needs` lists what the condition reads: a path (self.tls.offered, self.answers[].result, self.versions['TLSv1.3'].offered) or one that it
 * stands under (self.answers). What `where` reads may stand there too. Where such evidence was not observed the verdict is unknown, unless
 * another operand of && or || decides; a path that ends in ! must have been observed whatever the others say.
 *
 * Expressions see self, host, run, params, and below endpoints also endpoint. `{{ }}` stands in message, and in the change, commands,
 * undo, verify and reproduce of a remediation, where text is quoted for a shell.
 */
#ifndef ZC_RULES_H
#define ZC_RULES_H

#include "zc/cel.h"
#include "zc/err.h"
#include "zc/evidence.h"
#include "zc/json.h"

enum zc_severity { ZC_INFO, ZC_LOW, ZC_MEDIUM, ZC_HIGH, ZC_CRITICAL };
#define ZC_SEVERITY_COUNT 5
const char *zc_severity_name(enum zc_severity s); /* "info" ... "critical" */
bool zc_severity_parse(const char *s, enum zc_severity *out) ZC_MUST_USE;


enum zc_confidence { ZC_VERSION_ONLY, ZC_DERIVED, ZC_PROVEN };
const char *zc_confidence_name(enum zc_confidence c); /* "version", "derived", "proven" */

struct zc_message;

struct zc_rule {
        const char *id; /* "ZC-FW-001" */
        const char *title;
        enum zc_severity severity[ZC_REACH_COUNT]; /* by reach; all the same unless by_reach */
        bool by_reach;                               /* the values differ */
        const struct zc_kind *kind;
        struct zc_cel *where; /* NULL: true */
        struct zc_cel *when;
        const char *where_source, *when_source; /* where_source: NULL when there is none */
        const char *const *needs;               /* what it rests on, NULL-terminated: self.answers[].result */
        const char *const *must;                /* those of them that must have been observed whatever the others say */
        enum zc_confidence confidence;
        struct zc_message *message; /* compiled template */
        const json_t *tags;         /* the record's, or NULL */
        const json_t *record;       /* the whole record as read: rationale, remediation, refs, params, tags, covers, tests, ... */
        const char *file;           /* "rules/firewall/defaults.yaml" */
        unsigned line;
};

/** The highest severity the rule can have. */
enum zc_severity zc_rule_worst(const struct zc_rule *r);
/** The highest severity that the confidence can carry: only what is proven may be critical. */
enum zc_severity zc_confidence_carries(enum zc_confidence c);
/** "tag:NAME", "severity:WORD" (the worst a rule can be), "id:GLOB", or a glob over ids. */
bool zc_rule_selected(const struct zc_rule *r, const char *selector);
/** Whether the rule has the tag. */
bool zc_rule_tagged(const struct zc_rule *r, const char *tag);

struct zc_pack;

/** The rules compiled into the program. */
bool zc_pack_builtin(struct zc_pack **out, struct zc_err *err) ZC_MUST_USE;
/**
 * Add every *.yaml below a folder, its profiles/ aside, or one file, whoever wrote it: zc/pack.h has the door for strangers. Nothing is added on
 * failure. An id that exists already is an error, and so is anything in the folder that is neither a file nor a folder.
 */
bool zc_pack_add(struct zc_pack *p, const char *path, struct zc_err *err) ZC_MUST_USE;
/** The same from memory; name is used in messages. */
bool zc_pack_add_text(struct zc_pack *p, const char *name, const char *text, size_t len, struct zc_err *err) ZC_MUST_USE;
struct zc_pack *zc_pack_new(void) ZC_MUST_USE; /* empty */
/** Rules that are added to p may cover those of `other`, too, which must outlive it. */
void zc_pack_beside(struct zc_pack *p, const struct zc_pack *other);
void zc_pack_free(struct zc_pack *p);
ZC_FREEP(zc_pack);

size_t zc_pack_count(const struct zc_pack *p);
const struct zc_rule *zc_pack_rule(const struct zc_pack *p, size_t i); /* sorted by id */
const struct zc_rule *zc_pack_find(const struct zc_pack *p, const char *id);
/** What a view changes of one rule. */
struct zc_rule_choice {
        bool keep;
        enum zc_severity severity[ZC_REACH_COUNT];
};
/** The pack with some rules left out and severities changed; choices[i] is of rule i. Its digest is the pack's, which must outlive it. NULL: no memory. */
struct zc_pack *zc_pack_view(const struct zc_pack *p, const struct zc_rule_choice *choices) ZC_MUST_USE;
/** NULL-terminated ids, for "did you mean". */
const char *const *zc_pack_ids(const struct zc_pack *p);
/** "sha256:..." over the rule files in path order. */
const char *zc_pack_digest(const struct zc_pack *p);
/** Parameter values: built-in defaults overlaid by `overrides` (object name → value; NULL for none). Unknown names and wrong types are errors. New object. */
json_t *zc_pack_params(const struct zc_pack *p, const json_t *overrides, struct zc_err *err);

/** One test of a rule file, run. */
struct zc_rule_test {
        const struct zc_rule *rule;
        const char *name, *expected, *got;
        const char *why; /* of a difference; "" */
        bool ok;
};
/** Run the tests of one rule (NULL: all), calling fn for each. Returns false only on a failure of our own. */
bool zc_rules_test(const struct zc_pack *p, const struct zc_rule *rule, void (*fn)(void *ctx, const struct zc_rule_test *t), void *ctx, struct zc_err *err);

#endif
