/** Evaluating: one small function per kind of node. Strict nodes pass UNKNOWN on before ERROR; && and || absorb both. */
#include <string.h>

#include "cel_impl.h"

struct cel_value cel_eval_literal(struct cel_run *r, const struct cel_ast *n)
{
        (void)r;
        return n->value;
}

/** "number" in the schema, an integer in the document. */
static inline struct cel_value as_declared(const struct cel_ast *n, struct cel_value v)
{
        return n->to_double && v.kind == CEL_INT ? cel_double((double)v.p.i) : v;
}

struct cel_value cel_eval_local(struct cel_run *r, const struct cel_ast *n)
{
        return as_declared(n, r->locals[n->slot]);
}

struct cel_value cel_eval_global(struct cel_run *r, const struct cel_ast *n)
{
        return as_declared(n, r->globals[n->slot]);
}

struct cel_value cel_eval_unbound(struct cel_run *r, const struct cel_ast *n)
{
        return cel_error(r, "undeclared reference to '%.100s'", n->name);
}

/** A member by the name of n, which has no NUL in it; jansson measures it where it cannot be told. */
static inline const json_t *member(const json_t *object, const struct cel_ast *n)
{
#if JANSSON_VERSION_HEX >= 0x020e00
        return json_object_getn(object, n->value.p.s, n->value.n);
#else
        return json_object_get(object, n->value.p.s);
#endif
}

/** The variable behind n, one member away, where it is JSON; else NULL. */
static inline const struct cel_doc *variable(const struct cel_run *r, const struct cel_ast *n)
{
        const struct cel_ast *of = n->arg[0];
        const struct cel_value *v = of->eval == cel_eval_local ? &r->locals[of->slot] : &r->globals[of->slot];

        return v->kind == CEL_MAP && v->doc ? v->p.at : NULL;
}

/** The JSON that names alone lead to from a variable; NULL where one leads to nothing, or the variable is no JSON. */
static const json_t *along(const struct cel_run *r, const struct cel_ast *n)
{
        const struct cel_doc *doc = n->members > 1 ? NULL : variable(r, n);

        return member(doc ? doc->json : n->members > 1 ? along(r, n->arg[0]) : NULL, n);
}

/**
 * Nearly all that rules do: a member of an object in a document. Where nobody asks what was read, the documents on the way to a plain value
 * are not made; it costs what the long way costs.
 */
struct cel_value cel_eval_select(struct cel_run *r, const struct cel_ast *n)
{
        const json_t *json = r->quiet && n->members && r->left > n->members ? along(r, n) : NULL;
        struct cel_value v;

        if (json && !json_is_object(json) && !json_is_array(json)) {
                r->left -= n->members;
                return as_declared(n, cel_from_scalar(json));
        }
        if (json && n->members == 1) {
                r->left--;
                return cel_from_json(r, variable(r, n), n->value.p.s, 0, json);
        }
        v = cel_eval(r, n->arg[0]);

        if (v.kind != CEL_MAP || !v.doc || n->opt)
                return cel_failed(v) ? v : as_declared(n, cel_member(r, v, n->value, n->opt));
        json = member(v.p.at->json, n);
        return json ? as_declared(n, cel_from_json(r, v.p.at, n->value.p.s, 0, json)) : cel_member(r, v, n->value, false);
}

struct cel_value cel_eval_has(struct cel_run *r, const struct cel_ast *n)
{
        struct cel_value v = cel_eval(r, n->arg[0]);

        return cel_failed(v) ? v : cel_has(r, v, n->value);
}

struct cel_value cel_eval_index(struct cel_run *r, const struct cel_ast *n)
{
        struct cel_value v[2] = { cel_eval(r, n->arg[0]), cel_eval(r, n->arg[1]) };
        const struct cel_value *failed = cel_first_failed(v, 2);

        return failed ? *failed : as_declared(n, cel_index(r, v[0], v[1], n->opt));
}

struct cel_value cel_eval_call(struct cel_run *r, const struct cel_ast *n)
{
        struct cel_value arg[CEL_ARGS + 1];
        const struct cel_value *failed;

        for (uint32_t i = 0; i < n->n; i++)
                arg[i] = cel_eval(r, n->arg[i]);
        failed = cel_first_failed(arg, n->n);
        if (failed)
                return *failed;
        if (n->calls.count == 0)
                return cel_error(r, "unbound function '%.100s'", n->name);
        for (uint32_t i = 0; i < n->n; i++)
                cel_touch(r, arg[i]);
        return cel_call(r, &n->calls, arg, n->n);
}

/** Of literals alone: its value is known. It costs what the call costs; whoever traces sees the call. */
struct cel_value cel_eval_folded(struct cel_run *r, const struct cel_ast *n)
{
        if (r->trace || r->left <= n->count)
                return cel_eval_call(r, n);
        r->left -= n->count;
        return n->value;
}

struct cel_value cel_eval_matches(struct cel_run *r, const struct cel_ast *n)
{
        struct cel_value v = cel_eval(r, n->arg[0]);

        if (cel_failed(v))
                return v;
        return v.kind == CEL_STRING ? cel_regex_match(r, n->re, v) : cel_no_overload(r, "matches", &v, 1);
}

/* ---- literals ---- */

/** What `?e` contributes: *keep is false for optional.none(). */
static struct cel_value spread(struct cel_run *r, struct cel_value v, bool *keep)
{
        *keep = true;
        if (cel_failed(v))
                return v;
        if (v.kind != CEL_OPTIONAL)
                return cel_error(r, "behind '?' stands an optional value, not %s", cel_kind_name((enum cel_kind)v.kind));
        *keep = v.p.opt != NULL;
        return v.p.opt ? *v.p.opt : v;
}

struct cel_value cel_eval_list(struct cel_run *r, const struct cel_ast *n)
{
        struct cel_value *items = cel_alloc(r, n->n, sizeof *items);
        const struct cel_value *failed;
        uint32_t count = 0;

        if (!items)
                return cel_stopped(r);
        for (uint32_t i = 0; i < n->n; i++) {
                bool keep = true;

                items[count] = cel_eval(r, n->arg[i]);
                if (n->arg[i]->spread)
                        items[count] = spread(r, items[count], &keep);
                count += keep;
        }
        failed = cel_first_failed(items, count);
        return failed ? *failed : cel_list_of(items, count);
}

struct cel_value cel_eval_map(struct cel_run *r, const struct cel_ast *n)
{
        struct cel_value *keys = cel_alloc(r, n->n / 2, sizeof *keys), *values = cel_alloc(r, n->n / 2, sizeof *values);
        const struct cel_value *failed[2];
        uint32_t count = 0;

        if (!keys || !values)
                return cel_stopped(r);
        for (uint32_t i = 0; i + 1 < n->n; i += 2) {
                bool keep = true;

                keys[count] = cel_eval(r, n->arg[i]);
                values[count] = cel_eval(r, n->arg[i + 1]);
                if (n->arg[i]->spread)
                        values[count] = spread(r, values[count], &keep);
                count += keep;
        }
        failed[0] = cel_first_failed(keys, count);
        failed[1] = cel_first_failed(values, count);
        if (failed[0] && (failed[0]->kind == CEL_UNKNOWN || !failed[1]))
                return *failed[0];
        return failed[1] ? *failed[1] : cel_map_build(r, keys, values, count);
}

/* ---- operators ---- */

/**
 * && with decider false, || with decider true: a deciding operand wins over unknown and error, unknown over error. @aside: takes what the others
 * have read; NULL: nobody asks.
 */
static inline struct cel_value logic(struct cel_run *r, const struct cel_ast *n, bool decider, struct cel_aside *aside)
{
        struct cel_value failed = cel_bool(!decider);

        for (uint32_t i = 0; i < n->n; i++) {
                struct cel_value v;

                if (aside)
                        cel_reads_aside(r, aside);
                v = cel_eval(r, n->arg[i]);
                if (v.kind == CEL_BOOL) {
                        if (v.p.b == decider)
                                return v;
                        continue;
                }
                if (!cel_failed(v))
                        v = cel_no_overload(r, decider ? "||" : "&&", &v, 1);
                if (r->stop)
                        return cel_stopped(r);
                if (failed.kind == CEL_BOOL || (failed.kind == CEL_ERROR && v.kind == CEL_UNKNOWN))
                        failed = v;
        }
        if (aside)
                cel_reads_back(r, aside);
        return failed;
}

static struct cel_value logic_noted(struct cel_run *r, const struct cel_ast *n, bool decider)
{
        struct cel_aside aside;

        aside.base = r->seen_count;
        aside.count = 0;
        return logic(r, n, decider, &aside);
}

struct cel_value cel_eval_and(struct cel_run *r, const struct cel_ast *n)
{
        return r->quiet ? logic(r, n, false, NULL) : logic_noted(r, n, false);
}

struct cel_value cel_eval_or(struct cel_run *r, const struct cel_ast *n)
{
        return r->quiet ? logic(r, n, true, NULL) : logic_noted(r, n, true);
}

struct cel_value cel_eval_cond(struct cel_run *r, const struct cel_ast *n)
{
        struct cel_value v = cel_eval(r, n->arg[0]);

        if (cel_failed(v))
                return v;
        if (v.kind != CEL_BOOL)
                return cel_no_overload(r, "?:", &v, 1);
        return cel_eval(r, n->arg[v.p.b ? 1 : 2]);
}

struct cel_value cel_eval_chain(struct cel_run *r, const struct cel_ast *n)
{
        struct cel_value v[2];

        v[0] = cel_eval(r, n->arg[0]);
        for (uint32_t i = 1; i < n->n; i++) {
                const struct cel_step *s = &n->step[i - 1];
                const struct cel_value *failed;

                v[1] = cel_eval(r, n->arg[i]);
                failed = cel_first_failed(v, 2);
                if (failed)
                        v[0] = *failed;
                else
                        v[0] = s->direct ? s->direct(r, v, 2) : cel_call(r, &s->calls, v, 2);
        }
        return v[0];
}

static struct cel_value compare_any(struct cel_run *r, const struct cel_step *s, struct cel_value a, struct cel_value b)
{
        const struct cel_value v[2] = { a, b };
        const struct cel_value *failed = cel_first_failed(v, 2);

        return failed ? *failed : s->direct(r, v, 2);
}

/** Two values, one comparison: of integers here, of anything else as in a chain. */
struct cel_value cel_eval_compare(struct cel_run *r, const struct cel_ast *n)
{
        const struct cel_value x = cel_eval(r, n->arg[0]), y = cel_eval(r, n->arg[1]);
        int64_t a = x.p.i, b = y.p.i;

        if (x.kind != CEL_INT || y.kind != CEL_INT || r->left < 2)
                return compare_any(r, &n->step[0], x, y);
        r->left -= n->step[0].op <= CEL_OP_NE; /* as cel_equal() has it */
        switch (n->step[0].op) {
        case CEL_OP_EQ:
                return cel_bool(a == b);
        case CEL_OP_NE:
                return cel_bool(a != b);
        case CEL_OP_LT:
                return cel_bool(a < b);
        case CEL_OP_LE:
                return cel_bool(a <= b);
        case CEL_OP_GT:
                return cel_bool(a > b);
        default:
                return cel_bool(a >= b);
        }
}

struct cel_value cel_eval_not(struct cel_run *r, const struct cel_ast *n)
{
        struct cel_value v = cel_eval(r, n->arg[0]);

        if (cel_failed(v))
                return v;
        if (v.kind != CEL_BOOL)
                return cel_no_overload(r, "!", &v, 1);
        return cel_bool(v.p.b != (n->count % 2 == 1));
}

struct cel_value cel_eval_neg(struct cel_run *r, const struct cel_ast *n)
{
        struct cel_value v = cel_eval(r, n->arg[0]);

        if (cel_failed(v))
                return v;
        if (v.kind == CEL_DOUBLE)
                return n->count % 2 == 1 ? cel_double(-v.p.d) : v;
        if (v.kind != CEL_INT && v.kind != CEL_DURATION)
                return cel_no_overload(r, "-", &v, 1);
        if (v.p.i == INT64_MIN)
                return cel_error(r, "integer overflow");
        if (n->count % 2 == 1)
                v.p.i = -v.p.i;
        return v;
}

/* ---- comprehensions ---- */

/** cel.bind, optMap, optFlatMap */
struct cel_value cel_eval_bind(struct cel_run *r, const struct cel_ast *n)
{
        struct cel_value v = cel_eval(r, n->arg[0]);

        if (n->macro != CEL_M_BIND) {
                if (cel_failed(v))
                        return v;
                if (v.kind != CEL_OPTIONAL)
                        return cel_no_overload(r, n->name, &v, 1);
                if (!v.p.opt)
                        return v;
                v = *v.p.opt;
        }
        r->locals[n->slot] = v;
        v = cel_eval(r, n->arg[1]);
        if (n->macro == CEL_M_OPT_MAP && !cel_failed(v))
                return cel_some(r, v);
        if (n->macro == CEL_M_OPT_FLAT_MAP && !cel_failed(v) && v.kind != CEL_OPTIONAL)
                return cel_no_overload(r, n->name, &v, 1);
        return v;
}

/** One pass over a range. */
struct comp {
        struct cel_value range, *keys, *values; /* a map's entries */
        struct cel_value *out, *out_keys;       /* what map, filter, transform* gather */
        uint32_t count;                         /* gathered, or true for exists_one */
        struct cel_value failed;                /* the first failure that counts; else null */
};

static struct cel_value json_value(struct cel_run *r, const struct cel_doc *doc, const char *key)
{
        return cel_from_json(r, doc, key, 0, json_object_get(doc->json, key));
}

/** Binds the variables for element i; the failure of an element is one of the body. */
static void bind_vars(struct cel_run *r, const struct cel_ast *n, const struct comp *c, uint32_t i)
{
        bool map = c->range.kind == CEL_MAP;

        if (!n->vars2) {
                r->locals[n->slot] = map ? c->keys[i] : cel_list_at(r, c->range, i);
                return;
        }
        r->locals[n->slot] = map ? c->keys[i] : cel_int(i);
        if (map && c->range.doc) /* only now: what is not gone over is not read */
                r->locals[n->slot2] = json_value(r, c->range.p.at, c->keys[i].p.s);
        else
                r->locals[n->slot2] = map ? c->values[i] : cel_list_at(r, c->range, i);
}

static void comp_fail(struct comp *c, struct cel_value v)
{
        if (c->failed.kind == CEL_NULL || (c->failed.kind == CEL_ERROR && v.kind == CEL_UNKNOWN))
                c->failed = v;
}

/** A body or filter that must be bool; false with the failure noted when it is not. */
static bool comp_test(struct cel_run *r, const struct cel_ast *n, struct comp *c, bool *truth)
{
        struct cel_value v = cel_eval(r, n);

        if (v.kind != CEL_BOOL) {
                comp_fail(c, cel_failed(v) ? v : cel_no_overload(r, "a comprehension's condition", &v, 1));
                return false;
        }
        *truth = v.p.b;
        return true;
}

/** One element. True when the result is decided: all() and exists() stop there. */
static bool comp_step(struct cel_run *r, const struct cel_ast *n, struct comp *c)
{
        bool truth = true;
        struct cel_value v;

        if (n->macro <= CEL_M_EXISTS_ONE) {
                if (!comp_test(r, n->arg[1], c, &truth))
                        return false;
                c->count += truth;
                return (n->macro == CEL_M_ALL && !truth) || (n->macro == CEL_M_EXISTS && truth);
        }
        if ((n->filter || n->macro == CEL_M_FILTER) && !comp_test(r, n->arg[1], c, &truth))
                return false;
        if (!truth)
                return false;
        v = n->macro == CEL_M_FILTER ? r->locals[n->slot] : cel_eval(r, n->arg[n->n - 1]);
        if (cel_failed(v)) {
                comp_fail(c, v);
                return false;
        }
        if (n->macro == CEL_M_TRANSFORM_MAP)
                c->out_keys[c->count] = r->locals[n->slot];
        c->out[c->count++] = v;
        return false;
}

/**
 * An object of evidence may have had more members than were observed. With declared names the first that is not there is
 * missing; without them something always may be.
 */
static struct cel_value incomplete(struct cel_run *r, const struct cel_ast *n, struct cel_value range)
{
        if (range.kind != CEL_MAP || !range.doc || !range.p.at->evidence)
                return cel_null();
        if (!n->keys)
                return cel_missing(r, range.p.at, "[]");
        for (const char *const *k = n->keys; *k; k++) {
                if (!json_object_get(range.p.at->json, *k))
                        return cel_missing(r, range.p.at, *k);
        }
        return cel_null();
}

static struct cel_value comp_result(struct cel_run *r, const struct cel_ast *n, struct comp *c)
{
        struct cel_value missing = incomplete(r, n, c->range);

        if (missing.kind != CEL_NULL)
                comp_fail(c, missing);
        if (c->failed.kind != CEL_NULL)
                return c->failed;
        switch ((enum cel_macro)n->macro) {
        case CEL_M_ALL:
                return cel_bool(true);
        case CEL_M_EXISTS:
                return cel_bool(false);
        case CEL_M_EXISTS_ONE:
                return cel_bool(c->count == 1);
        case CEL_M_TRANSFORM_MAP:
                return cel_map_build(r, c->out_keys, c->out, c->count);
        default:
                return cel_list_of(c->out, c->count);
        }
}

static bool comp_start(struct cel_run *r, const struct cel_ast *n, struct comp *c)
{
        bool gathers = n->macro > CEL_M_EXISTS_ONE;

        if (c->range.kind == CEL_MAP && !cel_map_entries(r, c->range, &c->keys, n->vars2 && !c->range.doc ? &c->values : NULL))
                return false;
        if (gathers && !(c->out = cel_alloc(r, c->range.n, sizeof *c->out)))
                return false;
        if (n->macro == CEL_M_TRANSFORM_MAP && !(c->out_keys = cel_alloc(r, c->range.n, sizeof *c->out_keys)))
                return false;
        if (c->range.n == 0)
                cel_touch(r, c->range); /* that there is none is what was read */
        return true;
}

/**
 * all() and exists() over a list of objects, where nobody asks what was read: the elements follow each other in one document. True when one
 * decides, *i stands at the first that is no object, or behind the last.
 */
static bool comp_objects(struct cel_run *r, const struct cel_ast *n, struct comp *c, uint32_t *i)
{
        const json_t *list = c->range.p.at->json;
        struct cel_doc *doc = cel_doc_room(r);
        uint32_t docs = r->doc_count;
        bool all = n->macro == CEL_M_ALL;

        if (!doc)
                return false;
        *doc = (struct cel_doc){ .up = c->range.p.at, .evidence = c->range.p.at->evidence };
        for (; *i < c->range.n && !r->stop; ++*i) {
                const json_t *json = json_array_get(list, *i);
                bool truth = all;

                if (!json_is_object(json))
                        return false;
                doc->json = json;
                doc->index = *i;
                r->locals[n->slot] = (struct cel_value){
                        .kind = CEL_MAP, .doc = true, .n = (uint32_t)json_object_size(json), .p.at = doc
                };
                if (comp_test(r, n->arg[1], c, &truth) && truth != all)
                        return cel_charge(r, 1);
                if (!cel_charge(r, 1))
                        return false;
                if (c->failed.kind != CEL_NULL) { /* it may have the document's name in it */
                        ++*i;
                        return false;
                }
                r->doc_count = docs;
        }
        return false;
}

struct cel_value cel_eval_comp(struct cel_run *r, const struct cel_ast *n)
{
        struct comp c = { .range = cel_eval(r, n->arg[0]), .failed = cel_null() };
        struct cel_aside aside;
        uint32_t docs = r->doc_count, i = 0;

        if (cel_failed(c.range))
                return c.range;
        if (c.range.kind != CEL_LIST && c.range.kind != CEL_MAP)
                return cel_no_overload(r, n->name, &c.range, 1);
        if (!comp_start(r, n, &c))
                return cel_stopped(r);
        aside.base = r->seen_count;
        aside.count = 0;
        if (r->quiet && n->macro <= CEL_M_EXISTS && c.range.kind == CEL_LIST && c.range.doc && !n->vars2) {
                if (comp_objects(r, n, &c, &i))
                        return cel_bool(n->macro == CEL_M_EXISTS);
                if (r->stop)
                        return cel_stopped(r);
        }
        for (; i < c.range.n; i++) {
                bool decided;

                if (!r->quiet && n->macro <= CEL_M_EXISTS) /* of those that ask until one decides */
                        cel_reads_aside(r, &aside);
                if (r->quiet && n->macro <= CEL_M_EXISTS_ONE && c.failed.kind == CEL_NULL)
                        r->doc_count = docs; /* the element before left nothing but its truth */
                bind_vars(r, n, &c, i);
                decided = comp_step(r, n, &c);
                if (!cel_charge(r, 1) || r->stop)
                        return cel_stopped(r);
                if (decided)
                        return cel_bool(n->macro == CEL_M_EXISTS);
        }
        cel_reads_back(r, &aside);
        return comp_result(r, n, &c);
}
