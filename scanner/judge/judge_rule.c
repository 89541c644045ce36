/** One rule on one entity. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"

const char *zc_verdict_name(enum zc_verdict v)
{
        static const char *const names[] = { "pass", "fail", "unknown", "error", "notapplicable" };

        _Static_assert(ZC_COUNT(names) == ZC_VERDICT_COUNT, "a name for each verdict");
        return names[v];
}

size_t zc_judge_bind(const struct zc_judge_context *c, struct zc_cel_binding vars[ZC_BINDINGS_MAX])
{
        const struct zc_cel_binding all[] = {
                { "self", c->self, c->self_pointer },
                { "host", c->host, c->host_pointer },
                { "endpoint", c->endpoint, c->endpoint_pointer },
                { "run", c->run, c->run_pointer },
                { "params", c->params, NULL },
        };
        size_t n = 0;

        for (size_t i = 0; i < ZC_COUNT(all); i++) {
                if (all[i].json)
                        vars[n++] = all[i];
        }
        return n;
}

static void reads_add(struct zc_judgement *out, const struct zc_cel_result *r)
{
        for (size_t i = 0; i < r->read_count; i++) {
                bool seen = r->reads[i].pointer == NULL;

                for (size_t k = 0; k < out->read_count && !seen; k++)
                        seen = strcmp(out->reads[k].pointer, r->reads[i].pointer) == 0;
                if (!seen && out->read_count < ZC_CEL_READS_MAX)
                        out->reads[out->read_count++] = r->reads[i];
        }
}

/* How a rule is judged: the verdict alone, or with all that stands behind it. */
struct judging {
        const struct zc_cel_binding *vars;
        size_t count;
        struct zc_arena *arena;
        const struct zc_cel_trace *trace;
        uint64_t *left;
        bool quick;
};

/** Evaluates a condition. True when it has a value, which is then in *truth; otherwise the verdict is in out. */
static bool condition(const struct judging *g, const struct zc_cel *e, const char *stage,
                      struct zc_judgement *out, bool *truth)
{
        bool cut = g->left && *g->left < ZC_CEL_BUDGET;
        uint32_t budget = cut ? (uint32_t)*g->left : ZC_CEL_BUDGET;
        struct zc_cel_result r;

        if (g->quick)
                zc_cel_test(e, g->vars, g->count, budget, g->arena, &r);
        else
                zc_cel_eval(e, g->vars, g->count, budget, g->arena, g->trace, &r);
        out->stage = stage;
        if (g->left)
                *g->left -= r.nodes < budget ? r.nodes : budget;
        reads_add(out, &r);
        *truth = r.outcome == ZC_CEL_VALUE && r.truth;
        if (r.outcome != ZC_CEL_VALUE) {
                out->verdict = r.outcome == ZC_CEL_UNKNOWN ? ZC_UNKNOWN : ZC_ERROR;
                snprintf(out->why, sizeof(out->why), "%s",
                         cut && r.outcome == ZC_CEL_ERROR
                                 ? "the rules together cost more than a run may take"
                                 : r.why);
        }
        zc_cel_result_release(&r);
        return r.outcome == ZC_CEL_VALUE;
}

/** Copies the member's name that *path goes on with, ".name" or "['name']", and steps over it. */
static bool path_key(const char **path, char *key, size_t size)
{
        bool quoted = **path == '[';
        const char *s = *path + (quoted ? 2 : **path == '.');
        size_t n = quoted ? strcspn(s, "'\"") : strcspn(s, ".[");

        if (n == 0 || n >= size || (quoted && (s[n] == '\0' || s[n + 1] != ']')))
                return false;
        memcpy(key, s, n);
        key[n] = '\0';
        *path = s + n + (quoted ? 2 : 0);
        return true;
}

static bool path_observed(const json_t *at, const char *path);

/** Every element of a list, every value of a map. */
static bool elements_observed(const json_t *of, const char *path)
{
        const json_t *item;
        const char *key;
        json_t *v;
        size_t i;

        json_array_foreach (of, i, item) {
                if (!path_observed(item, path))
                        return false;
        }
        json_object_foreach ((json_t *)(uintptr_t)of, key, v) {
                if (!path_observed(v, path))
                        return false;
        }
        return json_is_array(of) || json_is_object(of);
}

/** Whether everything on a path is in the evidence; what is written as null ends the path and is there. */
static bool path_observed(const json_t *at, const char *path)
{
        char key[128];

        while (*path && at && !json_is_null(at)) {
                if (path[0] == '[' && path[1] == ']')
                        return elements_observed(at, path + 2);
                at = path_key(&path, key, sizeof(key)) ? json_object_get(at, key) : NULL;
        }
        return at != NULL;
}

static bool need_observed(const char *path, const struct zc_cel_binding *vars, size_t n)
{
        size_t root = strcspn(path, ".[");

        for (size_t i = 0; i < n; i++) {
                if (strlen(vars[i].name) == root && strncmp(vars[i].name, path, root) == 0)
                        return path_observed(vars[i].json, path + root);
        }
        return false;
}

static void judge_with(const struct zc_rule *rule, const struct judging *g,
                       struct zc_judgement *out)
{
        bool truth = true;

        out->verdict = ZC_NOTAPPLICABLE_V;
        out->stage = "where";
        out->why[0] = '\0';
        out->read_count = 0;
        if (rule->where && (!condition(g, rule->where, "where", out, &truth) || !truth))
                return;
        for (const char *const *need = rule->must; *need; need++) {
                if (need_observed(*need, g->vars, g->count))
                        continue;
                out->verdict = ZC_UNKNOWN;
                out->stage = "needs";
                snprintf(out->why, sizeof(out->why), "%s", *need);
                return;
        }
        if (condition(g, rule->when, "when", out, &truth))
                out->verdict = truth ? ZC_FAIL : ZC_PASS;
}

/** Most rules pass: what a condition read is asked for once it has failed. */
void zc_rule_judge(const struct zc_rule *rule, const struct zc_judge_context *c,
                   struct zc_arena *arena, const struct zc_cel_trace *trace,
                   struct zc_judgement *out)
{
        struct zc_cel_binding vars[ZC_BINDINGS_MAX];
        struct judging g = { .vars = vars,
                             .count = zc_judge_bind(c, vars),
                             .arena = arena,
                             .trace = trace,
                             .left = c->left,
                             .quick = !trace };

        judge_with(rule, &g, out);
        if (!g.quick || out->verdict != ZC_FAIL)
                return;
        g.quick = false;
        judge_with(rule, &g, out);
}

char *zc_rule_message(const struct zc_rule *rule, const struct zc_judge_context *c,
                      struct zc_arena *arena)
{
        struct zc_cel_binding vars[ZC_BINDINGS_MAX];
        size_t n = zc_judge_bind(c, vars);

        return zc_message_render(rule->message, vars, n, false, arena);
}
