/**
 * Rules: data that judges evidence (design section 5). A pack is loaded whole or refused whole: syntax, the record's shape, the types of its
 * expressions against the evidence schema, severities that the confidence allows.
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

/** How far away someone can stand and still get in; widest last. */
enum zc_reach { ZC_REACH_NONE, ZC_REACH_LOOPBACK, ZC_REACH_ISOLATED, ZC_REACH_PRIVATE, ZC_REACH_ANY, ZC_REACH_UNKNOWN };
const char *zc_reach_name(enum zc_reach r);
bool zc_reach_parse(const char *s, enum zc_reach *out) ZC_MUST_USE;

enum zc_confidence { ZC_VERSION_ONLY, ZC_DERIVED, ZC_PROVEN };

struct zc_rule {
        const char *id; /* "ZC-FW-001" */
        const char *title;
        enum zc_severity severity[ZC_REACH_UNKNOWN]; /* by reach; all the same unless by_reach */
        bool by_reach;
        const struct zc_kind *kind;
        struct zc_cel *where; /* NULL: true */
        struct zc_cel *when;
        const char *where_source, *when_source;
        const char *const *needs; /* dotted paths, NULL-terminated */
        enum zc_confidence confidence;
        struct zc_message *message; /* compiled template */
        const json_t *record;       /* the whole record as read: rationale, remediation, refs, params, tags, covers, tests, ... */
        const char *file;           /* "rules/firewall/defaults.yaml" */
        unsigned line;
};

struct zc_pack;

/** The rules compiled into the program. */
bool zc_pack_builtin(struct zc_pack **out, struct zc_err *err) ZC_MUST_USE;
/** Add every *.yaml below a folder (or one file). Nothing is added on failure. An id that exists already is an error. */
bool zc_pack_add(struct zc_pack *p, const char *path, struct zc_err *err) ZC_MUST_USE;
struct zc_pack *zc_pack_new(void) ZC_MUST_USE; /* empty */
void zc_pack_free(struct zc_pack *p);
ZC_FREEP(zc_pack);

size_t zc_pack_count(const struct zc_pack *p);
const struct zc_rule *zc_pack_rule(const struct zc_pack *p, size_t i); /* sorted by id */
const struct zc_rule *zc_pack_find(const struct zc_pack *p, const char *id);
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
