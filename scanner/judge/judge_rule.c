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

/** Evaluates a condition. True when it has a value, which is then in *truth; otherwise the verdict is in out. */
static bool condition(const struct zc_cel *e, const char *stage, const struct zc_cel_binding *vars,
                      size_t n, struct zc_arena *arena, const struct zc_cel_trace *trace,
                      struct zc_judgement *out, bool *truth)
{
        struct zc_cel_result r = { 0 };

        zc_cel_eval(e, vars, n, ZC_CEL_BUDGET, arena, trace, &r);
        out->stage = stage;
        reads_add(out, &r);
        *truth = r.outcome == ZC_CEL_VALUE && r.truth;
        if (r.outcome != ZC_CEL_VALUE) {
                out->verdict = r.outcome == ZC_CEL_UNKNOWN ? ZC_UNKNOWN : ZC_ERROR;
                snprintf(out->why, sizeof(out->why), "%s", r.why);
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

void zc_rule_judge(const struct zc_rule *rule, const struct zc_judge_context *c,
                   struct zc_arena *arena, const struct zc_cel_trace *trace,
                   struct zc_judgement *out)
{
        struct zc_cel_binding vars[ZC_BINDINGS_MAX];
        size_t n = zc_judge_bind(c, vars);
        bool truth = true;

        *out = (struct zc_judgement){ .verdict = ZC_NOTAPPLICABLE_V, .stage = "where" };
        if (rule->where &&
            (!condition(rule->where, "where", vars, n, arena, trace, out, &truth) || !truth))
                return;
        for (const char *const *need = rule->must; *need; need++) {
                if (need_observed(*need, vars, n))
                        continue;
                out->verdict = ZC_UNKNOWN;
                out->stage = "needs";
                snprintf(out->why, sizeof(out->why), "%s", *need);
                return;
        }
        if (condition(rule->when, "when", vars, n, arena, trace, out, &truth))
                out->verdict = truth ? ZC_FAIL : ZC_PASS;
}

char *zc_rule_message(const struct zc_rule *rule, const struct zc_judge_context *c,
                      struct zc_arena *arena)
{
        struct zc_cel_binding vars[ZC_BINDINGS_MAX];
        size_t n = zc_judge_bind(c, vars);

        return zc_message_render(rule->message, vars, n, false, arena);
}
