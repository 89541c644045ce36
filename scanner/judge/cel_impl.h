/**
 * The inside of the CEL engine, shared by scanner/judge/cel_*.c and the conformance tool; everyone else uses zc/cel.h.
 *
 * source -> cel_lex -> cel_parse (tree in an arena) -> cel_check (types, slots, functions, an evaluating
 * function per node) -> cel_eval. Values are 16 bytes and travel by value. A tree is at most CEL_DEPTH
 * high, chains of one operator are one node, so no recursion is deeper than that.
 */
#ifndef ZC_CEL_IMPL_H
#define ZC_CEL_IMPL_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "zc/cel.h"

#define CEL_DEPTH 64         /* height of a tree, nesting of the source */
#define CEL_COMP_DEPTH 4     /* comprehensions in comprehensions */
#define CEL_VALUE_DEPTH 200  /* lists in lists, at run time */
#define CEL_ARGS 32          /* arguments of one call */
#define CEL_RESULT_MAX ((size_t)1 << 20) /* bytes of one string */
#define CEL_JSON_MAX ((size_t)4 << 20)   /* bytes of a whole result */
#define CEL_TRACE_MAX ((size_t)64 << 10) /* of a traced one */
#define CEL_PATTERN_MAX 1024 /* bytes of one regular expression */
#define CEL_PATTERNS 64      /* literal ones in an expression */

/* ---- values ---- */

/** Kinds of value and of type; PARAM and STRUCT are types only, UNKNOWN and ERROR values only. */
enum cel_kind {
        CEL_DYN,
        CEL_NULL,
        CEL_BOOL,
        CEL_INT,
        CEL_UINT,
        CEL_DOUBLE,
        CEL_STRING,
        CEL_BYTES,
        CEL_TIMESTAMP,
        CEL_DURATION,
        CEL_LIST,
        CEL_MAP,
        CEL_TYPE,
        CEL_OPTIONAL,
        CEL_IP,
        CEL_CIDR,
        CEL_STRUCT,
        CEL_PARAM,
        CEL_UNKNOWN,
        CEL_ERROR,
        CEL_KINDS
};

/** A list or an object of a JSON document, and the way to it. A missing member is one without json. */
struct cel_doc {
        const json_t *json;
        const struct cel_doc *up; /* NULL at the variable itself */
        const char *key;          /* member of up; NULL: element `index` of up; at the top the variable's name */
        uint32_t index;
        bool evidence;            /* omission means "not observed" */
        const char *pointer;      /* at the top: where the variable stands in its document, or NULL */
};

struct cel_map;

/**
 * One value. Strings and bytes are NUL-terminated at p.s[n]. A list has n items; a map has n entries. With
 * `doc` set, a list or map is p.doc, in JSON.
 */
struct cel_value {
        uint8_t kind;
        bool doc;
        uint16_t prefix; /* CIDR: prefix length */
        uint32_t n;      /* length; timestamp: nanoseconds 0-999999999; IP, CIDR: family 4 or 6 */
        union {
                bool b;
                int64_t i;        /* INT; TIMESTAMP: seconds since the epoch; DURATION: nanoseconds */
                uint64_t u;
                double d;
                const char *s;    /* STRING, BYTES; ERROR: what went wrong; TYPE: its name */
                const struct cel_value *items;
                const struct cel_map *map;
                const struct cel_doc *at;    /* doc; UNKNOWN: what is missing */
                const struct cel_value *opt; /* OPTIONAL: NULL for none */
                const uint8_t *addr;         /* IP, CIDR: 16 bytes */
        } p;
};
_Static_assert(sizeof(struct cel_value) == 16, "values travel in two registers");

struct cel_map {
        const struct cel_value *keys;
        const struct cel_value *values;
};

static inline bool cel_failed(struct cel_value v)
{
        return v.kind >= CEL_UNKNOWN;
}

/** Bytes of a string, for what looking at it costs; 0 of anything else. */
static inline size_t cel_text_size(struct cel_value v)
{
        return v.kind == CEL_STRING || v.kind == CEL_BYTES ? v.n : 0;
}

static inline struct cel_value cel_null(void)
{
        return (struct cel_value){ .kind = CEL_NULL };
}

static inline struct cel_value cel_bool(bool b)
{
        return (struct cel_value){ .kind = CEL_BOOL, .p.b = b };
}

static inline struct cel_value cel_int(int64_t i)
{
        return (struct cel_value){ .kind = CEL_INT, .p.i = i };
}

static inline struct cel_value cel_uint(uint64_t u)
{
        return (struct cel_value){ .kind = CEL_UINT, .p.u = u };
}

static inline struct cel_value cel_double(double d)
{
        return (struct cel_value){ .kind = CEL_DOUBLE, .p.d = d };
}

static inline struct cel_value cel_type_value(const char *name)
{
        return (struct cel_value){ .kind = CEL_TYPE, .p.s = name };
}

/* ---- types ---- */

struct zc_cel_type {
        enum cel_kind kind;
        bool nullable;
        bool free;                     /* DYN of which nothing is known yet: the elements of [], the value of optional.none() */
        bool open;                     /* MAP of JSON: other keys than the declared ones may exist */
        uint8_t param;                 /* PARAM: 0-3 */
        const struct zc_cel_type *of[2]; /* LIST, OPTIONAL, TYPE: [0]; MAP: key, value */
        const json_t *root, *node;     /* STRUCT, MAP from a schema: the document and the object's node */
        const json_t *allowed;         /* STRING from a schema: its enum */
};

extern const struct zc_cel_type cel_type_of[CEL_KINDS]; /* the simple ones, by kind */
extern const struct zc_cel_type cel_type_free;

const struct zc_cel_type *cel_type_list(struct zc_arena *a, const struct zc_cel_type *of);
const struct zc_cel_type *cel_type_map(struct zc_arena *a, const struct zc_cel_type *k, const struct zc_cel_type *v);
const struct zc_cel_type *cel_type_opt(struct zc_arena *a, const struct zc_cel_type *of);
/** Whether a value of one can be a value of the other: equality and assignment between them can succeed. */
bool cel_type_meets(const struct zc_cel_type *a, const struct zc_cel_type *b);
/** The type that holds values of both: theirs when they agree, else dyn. */
const struct zc_cel_type *cel_type_join(struct zc_arena *a, const struct zc_cel_type *x, const struct zc_cel_type *y);
bool cel_type_same(const struct zc_cel_type *a, const struct zc_cel_type *b);
/** "list(string)", for messages; cut to the buffer. Returns buf. */
const char *cel_type_name(const struct zc_cel_type *t, char *buf, size_t size);
/** The name that type() gives: "int", "null_type", "google.protobuf.Timestamp". */
const char *cel_kind_name(enum cel_kind kind);

/** A JSON Schema node's type, allocated in a; NULL and err when the schema is wrong. */
const struct zc_cel_type *cel_schema_type(struct zc_arena *a, const json_t *root, const json_t *node, struct zc_err *err);
/** The type of a member of a struct, or of a map with declared keys; NULL when it is not declared, or with err->code set. */
const struct zc_cel_type *cel_schema_member(struct zc_arena *a, const struct zc_cel_type *t, const char *name, struct zc_err *err);
/** The declared names of t, NULL-terminated, in the arena; NULL when t declares none (or is out of memory). */
const char *const *cel_schema_names(struct zc_arena *a, const struct zc_cel_type *t);

/* ---- the tree ---- */

struct cel_run;
struct cel_ast;
typedef struct cel_value cel_eval_fn(struct cel_run *r, const struct cel_ast *n);
typedef struct cel_value cel_call_fn(struct cel_run *r, const struct cel_value *arg, uint32_t argc);

enum cel_node {
        CEL_N_LITERAL,
        CEL_N_IDENT,
        CEL_N_SELECT, /* arg[0].name, or arg[0].?name with opt */
        CEL_N_HAS,    /* has(arg[0].name) */
        CEL_N_INDEX,  /* arg[0][arg[1]], or [?…] with opt */
        CEL_N_CALL,   /* name(arg…), or arg[0].name(…) with member */
        CEL_N_LIST,   /* elements */
        CEL_N_MAP,    /* key, value, key, value… */
        CEL_N_AND,    /* all terms of a chain */
        CEL_N_OR,
        CEL_N_COND,
        CEL_N_CHAIN, /* arg[0] step[0] arg[1] step[1] arg[2]… of one precedence */
        CEL_N_NOT,   /* count: how many */
        CEL_N_NEG,
        CEL_N_COMP,  /* macro over arg[0]; bodies arg[1], arg[2] */
};

enum cel_macro { CEL_M_ALL, CEL_M_EXISTS, CEL_M_EXISTS_ONE, CEL_M_MAP, CEL_M_FILTER, CEL_M_TRANSFORM_MAP, CEL_M_BIND, CEL_M_OPT_MAP,
                 CEL_M_OPT_FLAT_MAP };

enum cel_op { CEL_OP_EQ, CEL_OP_NE, CEL_OP_LT, CEL_OP_LE, CEL_OP_GT, CEL_OP_GE, CEL_OP_IN, CEL_OP_ADD, CEL_OP_SUB, CEL_OP_MUL, CEL_OP_DIV,
              CEL_OP_MOD, CEL_OPS };

/**
 * One overload. args and result are prefix codes, one letter a type: * dyn, n null, b bool, i int, u uint, d double, s string,
 * y bytes, t timestamp, D duration, T type, I ip, C cidr, l<e> list, m<k><v> map, o<e> optional, N any number, A B parameters. "+" after the last
 * argument: one or more of it.
 */
struct cel_fn {
        const char *name;
        bool member;
        const char *args, *result;
        cel_call_fn *call;
};

/** Candidates of one call; the first whose arguments fit the values runs. */
struct cel_calls {
        const struct cel_fn *const *fn;
        uint32_t count;
};

struct cel_step {
        enum cel_op op;
        uint32_t pos;
        cel_call_fn *direct; /* comparison and in: no overloads */
        struct cel_calls calls;
};

struct cel_ast {
        cel_eval_fn *eval;
        uint8_t kind;  /* enum cel_node */
        uint8_t macro; /* enum cel_macro */
        uint8_t height;
        bool opt;      /* SELECT, INDEX: .?name, [?key] */
        bool spread;   /* this element of a list, or key of a map, is written ?e: an absent optional leaves it out */
        bool member;
        bool rooted;   /* IDENT written .name */
        bool to_double; /* the declared type is double: an integer from JSON becomes one */
        bool vars2;    /* COMP: two variables */
        bool filter;   /* COMP: arg[1] is a filter, arg[2] the body */
        uint8_t members; /* SELECT: how many are between it and a variable, itself included; 0: something else is between them */
        uint32_t count;    /* NOT, NEG: how many; CALL that is folded: what it costs */
        uint32_t pos, end; /* bytes of the source */
        uint32_t at;       /* where the member's or function's name stands */
        uint32_t n;        /* of arg */
        uint32_t slot, slot2;
        struct cel_ast **arg;
        const char *name;
        const char *var, *var2; /* COMP */
        struct cel_value value; /* LITERAL; CALL of literals that is folded */
        struct cel_step *step;  /* CHAIN: n - 1 of them */
        struct cel_calls calls;
        const struct zc_cel_type *type;
        const char *const *keys; /* COMP over a JSON object: its declared names when it has no others */
        const char *path;        /* what of the evidence this reads: "self.tls.versions[]" */
        pcre2_code *re;          /* CALL of matches(): the compiled literal */
};

/* ---- environment, expression ---- */

struct cel_var {
        const char *name;
        const struct zc_cel_type *type;
        bool evidence;
};

struct zc_cel_env {
        struct zc_arena *arena;
        struct cel_var *vars;
        size_t var_count, var_cap;
        const char *container; /* names resolve in it first; conformance only */
        bool lenient;          /* compile without type errors; conformance only */
        bool dotted;           /* a variable's name has a dot */
};

struct zc_cel {
        struct zc_arena *arena;
        const struct zc_cel_env *env;
        const char *src;
        struct cel_ast *root;
        uint32_t slots;           /* local variables alive at once */
        uint32_t *used;           /* variables of env that it reads; IDENT.slot indexes this */
        uint32_t used_count;
        const char **paths;
        size_t path_count, path_cap;
        struct cel_re *regexes;
};

/** A compiled literal pattern, owned by the expression. */
struct cel_re {
        pcre2_code *code;
        struct cel_re *next;
};

/* ---- compiling ---- */

enum cel_tok {
        CEL_TK_END,
        CEL_TK_IDENT,
        CEL_TK_QUOTED, /* `name` */
        CEL_TK_LITERAL,
        CEL_TK_OP, /* text[0..1] in op */
};

struct cel_token {
        enum cel_tok kind;
        uint32_t pos, end;
        char op[3];
        const char *name;       /* IDENT, QUOTED */
        struct cel_value value; /* LITERAL; numbers are unsigned: see `big` */
        bool big;               /* the INT 9223372036854775808, good only behind a minus */
};

/** One scope of names: comprehension variables. */
struct cel_scope {
        const char *name;
        const struct zc_cel_type *type;
        const char *path;
        uint32_t slot;
        const struct cel_scope *up;
};

struct cel_compiler {
        struct zc_cel_env *env;
        struct zc_cel *e;
        struct zc_arena *arena;
        struct zc_err *err;
        const char *src;
        uint32_t len, at;
        struct cel_token tok;
        uint32_t depth;
        const struct cel_scope *scope;
        uint32_t locals, comps;
};

/** Fail with "line L, column C: …" for a byte offset. */
/** Where a byte of the source stands: line and column, in characters, from 1. */
void cel_where(const char *src, size_t len, uint32_t pos, uint32_t *line, uint32_t *column);
bool cel_fail_at(const struct cel_compiler *c, uint32_t pos, const char *fmt, ...) ZC_PRINTF(3, 4);
bool cel_nomem(const struct cel_compiler *c);
/** zc_cel_compile() of bytes that may hold a NUL (in a literal). */
bool cel_compile(struct zc_cel_env *env, const char *src, size_t len, enum zc_cel_basic want, struct zc_cel **out, struct zc_err *err)
        ZC_MUST_USE;
/** Moves c->tok to the next token. */
bool cel_lex(struct cel_compiler *c);
bool cel_parse(struct cel_compiler *c, struct cel_ast **out);
/** Turns n, a call that is named like a macro, into its comprehension; *n stays when it is none. */
bool cel_macro_expand(struct cel_compiler *c, struct cel_ast **n);
struct cel_ast *cel_ast_new(struct cel_compiler *c, enum cel_node kind, uint32_t pos, uint32_t n);
/** After its args are set: computes the height; fails when the tree is too high. */
bool cel_ast_done(const struct cel_compiler *c, struct cel_ast *n);

bool cel_check(struct cel_compiler *c, struct cel_ast *n);
bool cel_check_comp(struct cel_compiler *c, struct cel_ast *n);
bool cel_check_chain(struct cel_compiler *c, struct cel_ast *n);
bool cel_check_call(struct cel_compiler *c, struct cel_ast *n);
/* Comparisons that can never be true are errors: cel_never.c. */

/** A literal beside a string of which the schema lists the values is one of them. */
bool cel_never_listed(struct cel_compiler *c, const struct zc_cel_type *t, const struct cel_ast *literal);
/** Two strings of which the schema lists the values have one in common. */
bool cel_never_same(struct cel_compiler *c, uint32_t pos, const struct zc_cel_type *a, const struct zc_cel_type *b);
/** No two comparisons among the terms of an && exclude each other. */
bool cel_never_both(struct cel_compiler *c, const struct cel_ast *n);
/** A size is not compared with what is below 0. */
bool cel_never_size(struct cel_compiler *c, const struct cel_ast *n);

/** Finds the overloads that take args; sets *result. what: the call as written, for the message. */
bool cel_resolve(struct cel_compiler *c, uint32_t pos, const char *name, bool member, const struct zc_cel_type *const *args, uint32_t argc,
                 struct cel_calls *calls, const struct zc_cel_type **result);
/** Whether any function (global ones: member false) has that name. */
bool cel_fn_exists(const char *name, bool member);
/** The names of the macros that are methods, NULL-terminated after *count. */
const char *cel_macro_name(size_t i);
/** Remembers that n's path is read, unless n has none. */
bool cel_path_note(struct cel_compiler *c, const struct cel_ast *n);
/** path with a member: path.name, or path['name'] where that is no identifier; path[] for a NULL name. NULL when out of memory. */
const char *cel_path_join(struct zc_arena *a, const char *path, const char *name);
bool cel_path_under(const struct cel_compiler *c, const char *path);

/* ---- evaluating ---- */

/** A leaf that was read: element or member of a JSON container. */
struct cel_seen {
        const struct cel_doc *up; /* NULL: the variable itself, which is `self` */
        const struct cel_doc *self;
        const char *key;
        uint32_t index;
        const json_t *json;
};

#define CEL_FEW 12

struct cel_run {
        const struct zc_cel *e;
        struct zc_arena *arena;
        struct cel_value *locals;
        struct cel_value *globals;
        uint32_t left;     /* nodes left */
        const char *stop;  /* budget or memory is gone: nothing absorbs that */
        uint32_t seen_count;
        int depth;         /* for trace */
        const struct zc_cel_trace *trace;
        pcre2_match_data *match;
        bool quiet; /* nobody will ask what was read */
        uint32_t doc_count;
        struct cel_doc docs[CEL_FEW]; /* the first; more come from the arena */
        struct cel_value slots[CEL_FEW]; /* globals and locals, where they are few */
        struct cel_seen seen[ZC_CEL_READS_MAX];
};

/** Reads that decided nothing: an element of exists() that is not it, an operand of || that is false. */
struct cel_aside {
        uint32_t base, count; /* where they stood in the run's */
        struct cel_seen seen[ZC_CEL_READS_MAX];
};
/** What the run has read since base stands aside, so that what decides the matter is read as if it were alone. */
void cel_reads_aside(struct cel_run *r, struct cel_aside *a);
/** Nothing decided it: all of them did. */
void cel_reads_back(struct cel_run *r, struct cel_aside *a);

/** Evaluate one expression with its variables given as values; the conformance tool's door. globals: one per e->used. */
struct cel_value cel_run_value(struct cel_run *r);
struct cel_doc *cel_doc_more(struct cel_run *r);
void cel_run_init(struct cel_run *r, const struct zc_cel *e, uint32_t budget, struct zc_arena *arena);
void cel_run_release(struct cel_run *r);

struct cel_value cel_eval_traced(struct cel_run *r, const struct cel_ast *n);

static inline struct cel_value cel_stopped(const struct cel_run *r)
{
        return (struct cel_value){ .kind = CEL_ERROR, .p.s = r->stop };
}

struct cel_value cel_stop(struct cel_run *r, const char *why);

/** Room for a document of the run, to be filled; NULL when out of memory, and the run is then stopped. */
static inline struct cel_doc *cel_doc_room(struct cel_run *r)
{
        return r->doc_count < CEL_FEW ? &r->docs[r->doc_count++] : cel_doc_more(r);
}

static inline struct cel_value cel_eval(struct cel_run *r, const struct cel_ast *n)
{
        if (r->left == 0)
                return cel_stop(r, "the expression costs more than its budget");
        r->left--;
        return r->trace ? cel_eval_traced(r, n) : n->eval(r, n);
}

/** Take n more nodes off the budget; false when it is gone. */
static inline bool cel_charge(struct cel_run *r, size_t n)
{
        if (r->left > n) {
                r->left -= (uint32_t)n;
                return true;
        }
        cel_stop(r, "the expression costs more than its budget");
        return false;
}
/** Memory for results, charged; NULL when budget or memory is gone. */
void *cel_alloc(struct cel_run *r, size_t n, size_t size);
struct cel_value cel_error(struct cel_run *r, const char *fmt, ...) ZC_PRINTF(2, 3);
struct cel_value cel_no_overload(struct cel_run *r, const char *what, const struct cel_value *arg, uint32_t argc);
/** A copy of n bytes as a string (or CEL_BYTES). */
struct cel_value cel_string(struct cel_run *r, enum cel_kind kind, const char *s, size_t n);
/** Room for n bytes, filled by the caller; NULL when there is none. */
char *cel_buffer(struct cel_run *r, size_t n);
/** No copy. */
static inline struct cel_value cel_string_of(enum cel_kind kind, const char *s, size_t n)
{
        return (struct cel_value){ .kind = (uint8_t)kind, .n = (uint32_t)n, .p.s = s };
}
struct cel_value cel_list_of(const struct cel_value *items, size_t n);
struct cel_value cel_some(struct cel_run *r, struct cel_value v);
static inline struct cel_value cel_none(void)
{
        return (struct cel_value){ .kind = CEL_OPTIONAL };
}

/** The value of what is no list and no object. */
static inline struct cel_value cel_from_scalar(const json_t *json)
{
        switch (json_typeof(json)) {
        case JSON_STRING:
                return cel_string_of(CEL_STRING, json_string_value(json), json_string_length(json));
        case JSON_INTEGER:
                return cel_int(json_integer_value(json));
        case JSON_REAL:
                return cel_double(json_real_value(json));
        case JSON_TRUE:
        case JSON_FALSE:
                return cel_bool(json_is_true(json));
        default:
                return cel_null();
        }
}

/** The value at json, a member (key) or element (index) of up; leaves of evidence are noted as read. */
struct cel_value cel_from_json(struct cel_run *r, const struct cel_doc *up, const char *key, uint32_t index, const json_t *json);
/** Note a whole container as read, where an operator or a function looks at it as one. */
void cel_touch(struct cel_run *r, struct cel_value v);
struct cel_value cel_missing(struct cel_run *r, const struct cel_doc *up, const char *key);
struct cel_value cel_list_at(struct cel_run *r, struct cel_value list, uint32_t i);
/** found: whether the key is there; the value, UNKNOWN for an absent key of evidence, anything when not found. */
struct cel_value cel_map_find(struct cel_run *r, struct cel_value map, struct cel_value key, bool *found);
/** All entries, in order, into arrays of map.n; false when budget or memory is gone. values may be NULL. */
bool cel_map_entries(struct cel_run *r, struct cel_value map, struct cel_value **keys, struct cel_value **values);
struct cel_value cel_map_build(struct cel_run *r, struct cel_value *keys, struct cel_value *values, uint32_t n);
/** v.name for select and index by string; opt: .?name. */
struct cel_value cel_member(struct cel_run *r, struct cel_value v, struct cel_value key, bool opt);
struct cel_value cel_has(struct cel_run *r, struct cel_value v, struct cel_value key);
struct cel_value cel_index(struct cel_run *r, struct cel_value v, struct cel_value key, bool opt);
/** As JSON, owned by the caller; NULL when out of memory, or when it would take more than limit bytes. */
json_t *cel_to_json(const struct cel_value *v, size_t limit);
/** "self.tls.versions[2].offered" into buf. */
void cel_doc_path(const struct cel_doc *d, char *buf, size_t size);
/** The JSON Pointer of a read leaf, in the arena; NULL when its variable has none. */
const char *cel_seen_pointer(struct zc_arena *a, const struct cel_seen *s);

/** ==: bool, or UNKNOWN where evidence that is not there would decide. */
struct cel_value cel_equal(struct cel_run *r, struct cel_value a, struct cel_value b, int depth);
/** Numbers of any kind, strings, bytes, bools, times: -1, 0, 1; 2 when unordered (NaN); 3 when they have no order. */
int cel_compare(struct cel_value a, struct cel_value b);
extern cel_call_fn *const cel_op_direct[CEL_OPS];
extern const char *const cel_op_name[CEL_OPS]; /* "==": as written */
/** Calls the first overload whose arguments fit. */
struct cel_value cel_call(struct cel_run *r, const struct cel_calls *calls, const struct cel_value *arg, uint32_t argc);
/** First UNKNOWN among them, else first ERROR, else NULL. */
const struct cel_value *cel_first_failed(const struct cel_value *arg, uint32_t n);

cel_eval_fn cel_eval_literal, cel_eval_local, cel_eval_global, cel_eval_unbound, cel_eval_select, cel_eval_has, cel_eval_index, cel_eval_call, cel_eval_folded,
        cel_eval_list, cel_eval_map, cel_eval_and, cel_eval_or, cel_eval_cond, cel_eval_chain, cel_eval_compare, cel_eval_not, cel_eval_neg, cel_eval_comp,
        cel_eval_bind, cel_eval_matches;

/** Longest decimal of a double that reads back the same. */
void cel_double_text(double d, char out[32]);
bool cel_parse_double(const char *s, size_t n, double *out);

/* ---- functions, one table a family ---- */

/** Every function has one shape; most need not look at the count. */
#define CEL_FN(name) static struct cel_value name(struct cel_run *r ZC_UNUSED, const struct cel_value *arg ZC_UNUSED, uint32_t argc ZC_UNUSED)

struct cel_fns {
        const struct cel_fn *fn;
        size_t count;
};
extern const struct cel_fns cel_fns_core, cel_fns_math_ops, cel_fns_convert, cel_fns_string, cel_fns_string_ext, cel_fns_format, cel_fns_time,
        cel_fns_list, cel_fns_optional, cel_fns_math, cel_fns_net, cel_fns_encode;

/** Refuses what RE2 does not have, then compiles. why: 128 bytes. NULL with why set, empty when out of memory. */
pcre2_code *cel_regex_compile(const char *pattern, size_t n, char why[128]);
/** bool, or ERROR at the match limit. */
struct cel_value cel_regex_match(struct cel_run *r, const pcre2_code *code, struct cel_value subject);

/** base64 of n bytes into (n + 2) / 3 * 4 bytes. */
void cel_base64(const uint8_t *in, size_t n, char *out);
/** An IP or CIDR as text; buf: 64 bytes. */
void cel_net_text(struct cel_value v, char *buf);

/** RFC 3339 with nanoseconds; years 1-9999. */
bool cel_time_parse(const char *s, size_t n, struct cel_value *out);
/** "2009-02-13T23:31:30.5Z" */
void cel_time_text(struct cel_value t, char out[40]);
/** "6347s", "1.5s" */
void cel_duration_text(int64_t ns, char out[32]);

#endif
