/**
 * CEL, the Common Expression Language (public definition: cel-spec, doc/langdef.md), over JSON.
 *
 * An environment declares variables and their types; an expression is parsed and type-checked against
 * it once and evaluated many times, from several threads. Evaluation has no clock, no I/O and a budget
 * of nodes, so it ends whatever the expression says.
 *
 * Evidence variables follow the rule that omission means "not observed": reading a member that an
 * evidence object does not have, has() included, gives UNKNOWN with the member's path, never false and
 * never an error. UNKNOWN passes through operators and calls; && and ||, all() and exists() absorb it (and
 * errors) when another operand decides. Where both occur UNKNOWN wins over ERROR, as the definition says of
 * partial state. Plain maps (literals, params) keep the definition's errors.
 *
 * What follows from omission: an object of evidence whose schema does not list its members may always have more of
 * them, so going over it decides only what the members that are there decide, its size is UNKNOWN, and two objects can be
 * shown to differ but not to be equal. null in evidence says "looked for and not there": has() of it is false, .? of it
 * is none.
 *
 * Beyond the standard definition: the strings (with format), math, lists, network, encoders, optional, two-variable and
 * cel.bind extensions. Refused: messages, named time zones, look-around and back-references in matches().
 */
#ifndef ZC_CEL_H
#define ZC_CEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zc/arena.h"
#include "zc/err.h"
#include "zc/json.h"

/* ---- types ---- */

/** Immutable, owned by the environment's arena (or static); compare with zc_cel_type_eq(). */
struct zc_cel_type;

enum zc_cel_basic { ZC_CEL_T_DYN, ZC_CEL_T_BOOL, ZC_CEL_T_INT, ZC_CEL_T_UINT, ZC_CEL_T_DOUBLE, ZC_CEL_T_STRING,
                    ZC_CEL_T_BYTES, ZC_CEL_T_NULL, ZC_CEL_T_TIMESTAMP, ZC_CEL_T_DURATION };

struct zc_cel_env;

struct zc_cel_env *zc_cel_env_new(void) ZC_MUST_USE;
/** Free it after every expression that was compiled in it. */
void zc_cel_env_free(struct zc_cel_env *env);
ZC_FREEP(zc_cel_env);

const struct zc_cel_type *zc_cel_type_basic(enum zc_cel_basic basic);
/** NULL when out of memory, or when a part is NULL: check once, at zc_cel_declare(). */
const struct zc_cel_type *zc_cel_type_list(struct zc_cel_env *env, const struct zc_cel_type *of);
const struct zc_cel_type *zc_cel_type_map(struct zc_cel_env *env, const struct zc_cel_type *key, const struct zc_cel_type *value);

/**
 * The type that a JSON Schema node gives (design section 5): integer int, number double, string (date-time included)
 * string, boolean bool, array list(T), ["T","null"] T that may be null; an object whose declared properties all share
 * one $ref, or with additionalProperties: {...}, map(string, T) with declared keys checked; every other object a struct
 * whose undeclared members are errors when the expression is compiled. Structs are resolved lazily, so schemas may recurse.
 * @root: the whole schema document, for "$ref": "#/$defs/...". Both must outlive the environment.
 */
const struct zc_cel_type *zc_cel_type_schema(struct zc_cel_env *env, const json_t *root, const json_t *node, struct zc_err *err);

/** Declare a variable. @evidence: its members follow the missing-evidence rule above. The name is copied. */
bool zc_cel_declare(struct zc_cel_env *env, const char *name, const struct zc_cel_type *type, bool evidence, struct zc_err *err);

/* ---- expressions ---- */

#define ZC_CEL_SOURCE_MAX ((size_t)16 * 1024)

struct zc_cel;

/**
 * Parse and check. The error's text starts "line L, column C: " (L is 1 for one-line sources; columns count characters from
 * 1) and names the nearest declared name for a misspelt one.
 * @want: the type the result must have (ZC_CEL_T_DYN for any).
 */
bool zc_cel_compile(struct zc_cel_env *env, const char *src, enum zc_cel_basic want, struct zc_cel **out, struct zc_err *err) ZC_MUST_USE;
void zc_cel_free(struct zc_cel *e);
ZC_FREEP(zc_cel);

/**
 * The dotted paths an expression reads of a declared evidence variable ("self.tls.required"; "[]" stands for any element or
 * key: "self.reach.sources[]"), in order of appearance, each once; `count` of them. Owned by e.
 */
const char *const *zc_cel_paths(const struct zc_cel *e, size_t *count);
/**
 * A path as a person writes it (self.port, self.list[].name, self.versions['TLSv1.2'].offered) of a declared evidence variable, in the form
 * of zc_cel_paths(); errors as zc_cel_compile()'s. *out belongs to env.
 */
bool zc_cel_path(struct zc_cel_env *env, const char *path, const char **out, struct zc_err *err) ZC_MUST_USE;

/* ---- evaluation ---- */

/** What one variable is bound to. json is borrowed. pointer: where it stands in its document ("/host/listeners/3"), or NULL. */
struct zc_cel_binding {
        const char *name;
        const json_t *json;
        const char *pointer;
};

enum zc_cel_outcome { ZC_CEL_VALUE, ZC_CEL_UNKNOWN, ZC_CEL_ERROR };

/** One evidence leaf that was read: borrowed JSON value and its pointer (NULL pointers were not recorded). */
struct zc_cel_read {
        const char *pointer;
        const json_t *value;
};

struct zc_cel_result {
        enum zc_cel_outcome outcome;
        json_t *value;                 /* ZC_CEL_VALUE: as JSON (timestamps and durations as strings); owned by the result */
        bool truth;                    /* ZC_CEL_VALUE of type bool */
        char why[256];                 /* ZC_CEL_UNKNOWN: the missing path, "self.tls.required"; ZC_CEL_ERROR: the error in words */
        uint32_t nodes;                /* what it cost */
        struct zc_cel_read *reads;     /* evidence leaves that the result rests on (not the operands of || and the elements of exists() that decided nothing), in order of first appearance, at most ZC_CEL_READS_MAX */
        size_t read_count;
};
#define ZC_CEL_READS_MAX 32
#define ZC_CEL_BUDGET 1000000u

/**
 * Evaluate. Variables that are declared and not bound are unknown. Never fails: out of memory and budget are ZC_CEL_ERROR.
 * @arena: scratch; results point into it. Reset it between evaluations by freeing it, or reuse it and let it grow.
 * @trace: NULL, or called after each sub-expression, inner ones first.
 */
struct zc_cel_sub {
        const char *source;
        uint32_t line, column; /* where it begins, from 1; columns count characters */
        int depth;             /* 0: the whole expression */
        enum zc_cel_outcome outcome;
        const json_t *value; /* ZC_CEL_VALUE; NULL for one too large to show */
        const char *why;     /* else: the missing path, or the error in words; NULL with a value */
};
struct zc_cel_trace {
        void (*sub)(void *ctx, const struct zc_cel_sub *sub);
        void *ctx;
};
void zc_cel_eval(const struct zc_cel *e, const struct zc_cel_binding *vars, size_t var_count, uint32_t budget, struct zc_arena *arena,
                 const struct zc_cel_trace *trace, struct zc_cel_result *out);
/** The same without a trace, and the result without `value` and `reads`: is it true? */
void zc_cel_test(const struct zc_cel *e, const struct zc_cel_binding *vars, size_t var_count, uint32_t budget, struct zc_arena *arena,
                 struct zc_cel_result *out);
void zc_cel_result_release(struct zc_cel_result *r);

#endif
