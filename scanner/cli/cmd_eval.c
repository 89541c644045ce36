/** zerocrit eval: try a CEL expression on evidence. */
#include <string.h>

#include "commands.h"
#include "zc/cel.h"
#include "zc/evidence.h"
#include "zc/log.h"
#include "zc/report.h"
#include "zc/text.h"

struct eval {
        struct zc_options *o;
        const struct zc_kind *kind; /* NULL: once, without self */
        struct zc_evidence *ev;
        struct zc_cel *expr;
        struct zc_arena *arena; /* scratch */
        struct zc_out *out;
        const json_t *endpoint; /* the one that is visited */
        const char *endpoint_pointer;
        size_t entities, truths, falses, unknowns;
};

static void out_clean(struct zc_out *out, const char *s)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_escape(&t, s, strlen(s));
        zc_out_puts(out, zc_text_str(&t));
}

/** JSON, which escapes control characters itself; what else could act on a terminal is escaped besides. */
static void out_json(struct zc_out *out, const json_t *value)
{
        ZC_AUTO_MEM char *line = zc_json_line(value);
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        for (const char *s = line; s && *s;) {
                size_t n = strcspn(s, "\\");

                zc_text_escape(&t, s, n);
                s += n;
                if (*s)
                        zc_text_addc(&t, *s++);
        }
        zc_out_puts(out, zc_text_str(&t));
}

/** A number or a text that is written out, and nothing else. */
static bool is_literal(const char *source)
{
        static const char number[] = "0123456789.xXabcdefABCDEFuU";
        size_t n = strlen(source);

        if (strchr("0123456789", source[0]))
                return strspn(source, number) == n;
        return n > 1 && strchr("\"'", source[0]) && strchr(source + 1, source[0]) == source + n - 1;
}

/** A literal says itself, and so does a document by its name. */
static bool says_itself(const struct zc_cel_sub *sub)
{
        static const char *const words[] = { "true", "false", "null" };
        bool name = !strpbrk(sub->source, " .([<>=!&|?+-*/%{\n");

        for (size_t i = 0; i < ZC_COUNT(words); i++) {
                if (strcmp(words[i], sub->source) == 0)
                        return true;
        }
        return is_literal(sub->source) || (name && json_is_object(sub->value));
}

/** "  1:12    self.port == 22  ->  true": inner ones first, and further in. */
static void trace(void *ctx, const struct zc_cel_sub *sub)
{
        struct eval *e = ctx;
        char where[32];

        if (sub->depth > 0 && says_itself(sub))
                return;
        snprintf(where, sizeof(where), "%u:%u", sub->line, sub->column);
        zc_out_printf(e->out, "  %-6s%*s", where, 2 * (sub->depth < 32 ? sub->depth : 32), "");
        out_clean(e->out, sub->source);
        zc_out_puts(e->out, "  ->  ");
        if (sub->value) {
                out_json(e->out, sub->value);
        } else {
                zc_out_puts(e->out, sub->outcome == ZC_CEL_UNKNOWN ? "unknown: "
                                    : sub->outcome == ZC_CEL_ERROR ? "error: "
                                                                   : "");
                out_clean(e->out, sub->why ? sub->why : "");
        }
        zc_out_puts(e->out, "\n");
}

static void print_result(struct eval *e, const struct zc_cel_result *r)
{
        switch (r->outcome) {
        case ZC_CEL_VALUE:
                e->truths += json_is_true(r->value);
                e->falses += json_is_false(r->value);
                out_json(e->out, r->value);
                break;
        case ZC_CEL_UNKNOWN:
                e->unknowns++;
                zc_out_puts(e->out, "unknown: ");
                out_clean(e->out, r->why);
                break;
        case ZC_CEL_ERROR:
                e->unknowns++;
                zc_out_puts(e->out, "error: ");
                out_clean(e->out, r->why);
                break;
        }
        zc_out_puts(e->out, "\n");
}

static void evaluate(struct eval *e, const struct zc_entity *entity)
{
        const struct zc_cel_binding all[] = {
                { "run", zc_evidence_run(e->ev), "/run" },
                { "host", zc_evidence_host(e->ev), "/host" },
                { "self", entity ? entity->self : NULL, entity ? entity->pointer : NULL },
                { "endpoint", e->endpoint, e->endpoint_pointer },
        };
        const struct zc_cel_trace how = { trace, e };
        struct zc_cel_binding vars[ZC_COUNT(all)];
        struct zc_cel_result r;
        size_t n = 0;

        for (size_t i = 0; i < ZC_COUNT(all); i++) {
                if (all[i].json) /* what is not there stays unbound: unknown */
                        vars[n++] = all[i];
        }
        e->entities++;
        if (entity) {
                out_clean(e->out, entity->subject);
                zc_out_puts(e->out, e->o->trace ? "\n" : ": ");
        }
        zc_cel_eval(e->expr, vars, n, ZC_CEL_BUDGET, e->arena, e->o->trace ? &how : NULL, &r);
        print_result(e, &r);
        zc_cel_result_release(&r);
}

static bool each_entity(void *ctx, const struct zc_entity *entity)
{
        evaluate(ctx, entity);
        return true;
}

static bool visit_endpoint(void *ctx, const json_t *endpoint, size_t index, struct zc_err *err)
{
        struct eval *e = ctx;
        char pointer[40], why[ZC_WHY_LEN] = "";

        (void)err;
        snprintf(pointer, sizeof(pointer), "/endpoints/%zu", index);
        e->endpoint = endpoint;
        e->endpoint_pointer = pointer;
        zc_kind_each(e->kind, endpoint, pointer, zc_json_str(endpoint, "asset", ""), each_entity, e,
                     why);
        e->endpoint = NULL;
        e->endpoint_pointer = NULL;
        return true;
}

static bool each_part(struct eval *e, struct zc_err *err)
{
        const struct zc_evidence_visitor endpoints = { .endpoint = visit_endpoint, .ctx = e };
        const char *asset = zc_evidence_asset(e->ev);
        char why[ZC_WHY_LEN] = "";

        if (strncmp(e->kind->at, "endpoints", 9) == 0)
                return zc_evidence_visit(e->ev, &endpoints, err);
        if (strncmp(e->kind->at, "exposure", 8) == 0) {
                json_auto_t *rows = zc_exposure(&e->ev, 1, err);

                if (!rows)
                        return false;
                zc_kind_each(e->kind, rows, "/exposure", asset, each_entity, e, why);
        } else {
                zc_kind_each(e->kind, zc_evidence_host(e->ev), "/host", asset, each_entity, e, why);
        }
        if (*why)
                zc_log(ZC_LOG_WARN, "not all was seen: %s", why);
        return true;
}

/** The variables that a rule of this kind has, with the types of the evidence. */
static bool declare(struct zc_cel_env *env, const struct zc_kind *kind, struct zc_err *err)
{
        const json_t *schema = zc_evidence_schema(err);
        const struct {
                const char *name, *def;
        } vars[] = { { "run", "run" },
                     { "host", "host" },
                     { "endpoint", "endpoint" },
                     { "self", kind ? kind->def : NULL } };

        for (size_t i = 0; schema && i < ZC_COUNT(vars); i++) {
                const json_t *node =
                        vars[i].def ? json_object_get(json_object_get(schema, "$defs"), vars[i].def)
                                    : NULL;
                const struct zc_cel_type *type =
                        node ? zc_cel_type_schema(env, schema, node, err) : NULL;

                if (node && (!type || !zc_cel_declare(env, vars[i].name, type, true, err)))
                        return false;
        }
        return schema != NULL;
}

static bool kind_named(const struct zc_options *o, const struct zc_kind **out, struct zc_err *err)
{
        const char *near;

        *out = o->kind ? zc_kind_find(o->kind) : NULL;
        if (!o->kind || *out)
                return true;
        near = zc_nearest(o->kind, zc_kind_names());
        if (near)
                return zc_fail(err, ZC_E_USAGE, "--kind: there is no \"%.64s\"; did you mean %s?",
                               o->kind, near);
        return zc_fail(
                err, ZC_E_USAGE,
                "--kind: there is no \"%.64s\" (host, firewall, listener, endpoint, exposure, …)",
                o->kind);
}

/** 0 true, 1 false, 3 unknown; of several entities one false is false, else one unknown is unknown. */
static int status_of(const struct eval *e)
{
        if (e->falses > 0)
                return ZC_EXIT_NOT_MET;
        return e->unknowns > 0 || e->entities == 0 ? ZC_EXIT_NOT_SHOWN : ZC_EXIT_MET;
}

static bool eval_steps(struct eval *e, struct zc_cel_env *env, int *status, struct zc_err *err)
{
        if (!declare(env, e->kind, err))
                return false;
        if (!zc_cel_compile(env, e->o->expression, ZC_CEL_T_DYN, &e->expr, err))
                return zc_ctx(err, "-e");
        if (!zc_evidence_open(e->o->args.item[0], &e->ev, err))
                return false;
        *status = ZC_EXIT_FAULT;
        if (!zc_out_open("-", 0600, &e->out, err))
                return false;
        if (!e->kind)
                evaluate(e, NULL);
        else if (!each_part(e, err))
                return false;
        if (e->entities == 0)
                zc_log(ZC_LOG_ERROR, "the evidence has no %s", e->kind->name);
        if (!zc_out_commit(e->out, err))
                return false;
        *status = status_of(e);
        return true;
}

static bool eval_run(struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_cel_env) env = zc_cel_env_new();
        ZC_AUTO(zc_arena) arena = zc_arena_new((size_t)256 << 20);
        struct eval e = { .o = o, .arena = arena };
        bool ok;

        if (!env || !arena)
                return zc_fail(err, ZC_E_NOMEM, "no memory to evaluate");
        if (!o->expression)
                return zc_fail(
                        err, ZC_E_USAGE,
                        "eval what? zerocrit eval -e 'host.firewall.rules > 0' evidence.json");
        if (o->args.count != 1)
                return zc_fail(err, ZC_E_USAGE, "eval on what? name one evidence file");
        if (!kind_named(o, &e.kind, err))
                return false;
        ok = eval_steps(&e, env, status, err);
        zc_cel_free(e.expr); /* before the environment */
        zc_evidence_free(e.ev);
        zc_out_free(e.out);
        return ok;
}

const struct zc_command zc_command_eval = {
        .name = "eval",
        .bit = ZC_CMD_EVAL,
        .arguments = "-e EXPR EVIDENCE",
        .summary = "try a CEL expression on saved evidence",
        .examples =
                (const struct zc_example[]){
                        { "zerocrit eval -e 'host.firewall.defaults.input.ip' evidence.json",
                          "One value." },
                        { "zerocrit eval --kind listener -e 'self.scope == \"any\"' evidence.json",
                          "For every listener: what a rule's `when` would say." },
                        { "zerocrit eval --trace --kind exposure -e 'self.port < 1024 && "
                          "self.reach == \"any\"' evidence.json",
                          "With the value of every part." },
                        { NULL, NULL } },
        .details = "Variables: run, host, endpoint, and with --kind self. A member that the "
                   "evidence does not have is unknown, never false.",
        .status = "0 true (or any other value), 1 false, 2 wrong input, 3 unknown. Of several "
                  "entities one false is false, else one unknown unknown.",
        .run = eval_run,
};
