/** What the files of the rule loader share; nobody else includes it. */
#ifndef ZC_RULE_INTERNAL_H
#define ZC_RULE_INTERNAL_H

#include "zc/arena.h"
#include "zc/rules.h"
#include "zc/shape.h"

/* A compiled template of the remediation, beside the string it stands for. */
struct rule_template {
        const json_t *text;
        struct zc_message *message;
};

/* A rule as the pack owns it. */
struct rule_owned {
        struct zc_rule rule; /* first: a zc_rule is cast back */
        struct zc_arena *arena;
        struct zc_cel_env *env;
        json_t *params_schema;
        struct rule_template *templates;
        size_t template_count, template_cap;
        struct rule_variant *variants; /* by position in remediation.variants */
        size_t variant_count;
        bool borrowed; /* of a view: all but the severities belongs to the rule of the pack behind it */
};
struct rule_variant {
        struct zc_cel *when; /* NULL: always */
};

/* A rule while its expressions are compiled. */
struct rule_compile {
        const struct zc_yaml *y;
        const char *pointer;
        const json_t *record;
        struct rule_owned *r;
        struct zc_err *err;
};
/** The error of an expression ("line L, column C: …" in c->err) at its place in the file; below: "/when". Returns false. */
bool zc_rule_fail_text(const struct rule_compile *c, const char *below, const char *source);
/** Reads `needs`, and holds it against what `where` and `when` read. */
bool zc_rule_needs(struct rule_compile *c) ZC_MUST_USE;

/** Shape and plain semantics of the record at `pointer`. */
bool zc_rule_record_check(const struct zc_yaml *y, const char *pointer, const json_t *record,
                          struct zc_err *err) ZC_MUST_USE;
/** Fills the plain fields and compiles every expression and template of a checked record. */
bool zc_rule_compile(const struct zc_yaml *y, const char *pointer, const json_t *record,
                     struct rule_owned *r, struct zc_err *err) ZC_MUST_USE;
void zc_rule_owned_free(struct rule_owned *r);

/** Severities from a word, or from a map by reach, that were checked. */
void zc_rule_set_severity(struct zc_rule *rule, const json_t *severity);
/** Whether a value has the type, and stands within min and max, of a `params` entry. */
bool zc_rule_param_fits(const json_t *param, const json_t *v);
/** What it should be. Returns false. */
bool zc_rule_param_fail(const char *name, const json_t *param, struct zc_err *err);
/** Whether the name is the id of a rule: ZC-<AREA>-<NNN>. */
bool zc_rule_id_ok(const char *id);

/** "line L, column C: words": the words, with line and column filled; the text itself, with 1 and 1, when it does not begin so. */
const char *zc_place_split(const char *text, unsigned *line, unsigned *column);

/* ---- templates ---- */

/** On failure err starts "line L, column C: " within the text. */
bool zc_message_compile(struct zc_cel_env *env, const char *text, struct zc_message **out,
                        struct zc_err *err) ZC_MUST_USE;
void zc_message_free(struct zc_message *m);
/** The text with its values, escaped; @shell: values are quoted for a shell where they need it. Unknown values are "(unknown)". */
char *zc_message_render(const struct zc_message *m, const struct zc_cel_binding *vars, size_t n,
                        bool shell, struct zc_arena *arena) ZC_MUST_USE;
/** The rule's remediation without reproduce, variants that do not apply left out, templates filled in; a new object. */
json_t *zc_rule_remediation(const struct zc_rule *rule, const struct zc_cel_binding *vars, size_t n,
                            struct zc_arena *arena);
/** The rule's reproduce list, filled in; a new array. */
json_t *zc_rule_reproduce(const struct zc_rule *rule, const struct zc_cel_binding *vars, size_t n,
                          struct zc_arena *arena);

#endif
