/** The gate's settings: what fails it, and what it needs to have seen. gate_close.c has the verdict. */
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"

/* ---- settings ---- */

static bool no_memory(struct zc_err *err)
{
        return zc_fail(err, ZC_E_NOMEM, "no memory for the gate");
}

/** One word of fail_on; @key: where it stands. */
static bool fail_on_add(struct zc_gate *g, const struct zc_demand *d, const char *key,
                        const char *word, const struct zc_pack *pack, struct zc_err *err)
{
        static const char *const words[] = { "critical", "high",         "medium",   "low",
                                             "info",     "new-critical", "new-high", "new-medium",
                                             "new-low",  "new-info",     NULL };
        enum zc_severity s = ZC_INFO;
        const char *near;

        if (zc_severity_parse(word, &s)) {
                g->severity[s] = true;
                return true;
        }
        if (strncmp(word, "new-", 4) == 0 && zc_severity_parse(word + 4, &s)) {
                g->new_severity[s] = true;
                return true;
        }
        if (strncmp(word, "tag:", 4) == 0 || strncmp(word, "id:", 3) == 0) {
                if (!zc_selector_check(pack, d, key, word, true, err))
                        return false;
                return json_array_append_new(g->fail_selectors, json_string(word)) == 0 ||
                       no_memory(err);
        }
        near = zc_nearest(word, words);
        return zc_demand_fail(d, key, err,
                              "\"%.60s\" is not a severity, new-SEVERITY, tag:NAME or id:RULE%s%s",
                              word, near ? "; did you mean " : "", near ? near : "");
}

/** A list of fail_on, beside what is there. */
static bool fail_on_take(struct zc_gate *g, const struct zc_demand *d, const struct zc_pack *pack,
                         struct zc_err *err)
{
        const json_t *v;
        size_t i;

        json_array_foreach (d->fail_on, i, v) {
                char key[40];

                snprintf(key, sizeof(key), "fail_on/%zu", i);
                if (!fail_on_add(g, d, key, json_string_value(v) ? json_string_value(v) : "", pack,
                                 err))
                        return false;
        }
        return true;
}

static bool require_take(struct zc_gate *g, const struct zc_demand *d, const struct zc_pack *pack,
                         struct zc_err *err)
{
        const json_t *v;
        size_t i;

        json_array_foreach (d->require, i, v) {
                const char *s = json_string_value(v);
                char key[40];

                snprintf(key, sizeof(key), "require/%zu", i);
                if (!s)
                        return zc_demand_fail(d, key, err, "should be text");
                if (!zc_selector_check(pack, d, key, s, true, err))
                        return false;
                if (json_array_append(g->require, (json_t *)(uintptr_t)v) != 0)
                        return no_memory(err);
        }
        return true;
}

/** A demand replaces what was there, require aside, to which it adds. */
static bool demand_take(struct zc_gate *g, const struct zc_demand *d, const struct zc_pack *pack,
                        struct zc_err *err)
{
        if (d->fail_on) {
                memset(g->severity, 0, sizeof(g->severity));
                memset(g->new_severity, 0, sizeof(g->new_severity));
                json_array_clear(g->fail_selectors);
        }
        if (json_is_integer(d->max_new))
                g->max_new = json_integer_value(d->max_new);
        if (d->new_rules && !zc_new_rules_parse(d->new_rules, &g->new_rules))
                return zc_demand_fail(d, "new_rules", err, "\"%.40s\" is not fail, warn or ignore",
                                      d->new_rules);
        return fail_on_take(g, d, pack, err) && require_take(g, d, pack, err);
}

static struct zc_demand demand_of(const struct zc_yaml *y, bool shipped)
{
        const json_t *gate = json_object_get(zc_yaml_root(y), "gate");

        return (struct zc_demand){ .y = y,
                                   .at = "/gate",
                                   .fail_on = json_object_get(gate, "fail_on"),
                                   .require = json_object_get(gate, "require"),
                                   .max_new = json_object_get(gate, "max_new"),
                                   .new_rules = zc_json_str(gate, "new_rules", NULL),
                                   .shipped = shipped };
}

/* Demands come from the profiles, from what extends nothing on, then the configuration's, then those of the command line. */
#define DEMANDS_MAX (ZC_PROFILE_CHAIN_MAX + 2)

static size_t demands(const struct zc_judge_options *o, const struct zc_profile *p,
                      struct zc_demand out[DEMANDS_MAX])
{
        size_t n = 0;

        for (size_t i = p->count; i-- > 0;)
                out[n++] = demand_of(p->files[i].yaml, p->files[i].shipped);
        out[n++] = (struct zc_demand){ .y = o->config,
                                       .at = o->config ? "/gate" : NULL,
                                       .fail_on = o->fail_on_from ? NULL : o->fail_on,
                                       .require = o->require,
                                       .max_new = o->max_new,
                                       .new_rules = o->new_rules };
        if (o->fail_on_from)
                out[n++] = (struct zc_demand){ .at = o->fail_on_from, .fail_on = o->fail_on };
        return n;
}

/** The policy's own demands, on top of everybody's. */
static bool policy_take(struct zc_gate *g, const struct zc_policy *p, const struct zc_pack *pack,
                        struct zc_err *err)
{
        const struct zc_demand d = demand_of(p->yaml, false);
        enum zc_new_rules least = ZC_NEW_RULES_IGNORE;

        if (json_is_integer(d.max_new) &&
            (g->max_new < 0 || json_integer_value(d.max_new) < g->max_new))
                g->max_new = json_integer_value(d.max_new);
        if (d.new_rules && zc_new_rules_parse(d.new_rules, &least) && least > g->new_rules)
                g->new_rules = least;
        g->bound = d.require;
        return fail_on_take(g, &d, pack, err) && require_take(g, &d, pack, err);
}

/** The gate of the profile that a policy asks for is the least, too: nobody extends it away. */
static bool policy_profile_take(struct zc_gate *g, const struct zc_policy *policy,
                                const struct zc_profile *p, const struct zc_pack *pack,
                                struct zc_err *err)
{
        const char *wanted = zc_policy_profile(policy);
        size_t i = 0;

        while (wanted && i < p->count && strcmp(p->files[i].name, wanted) != 0)
                i++;
        for (; wanted && i < p->count; i++) {
                const struct zc_demand d = demand_of(p->files[i].yaml, p->files[i].shipped);

                if (!require_take(g, &d, pack, err))
                        return false;
                if (d.fail_on)
                        return fail_on_take(g, &d, pack, err);
        }
        return true;
}

static bool gate_fill(struct zc_gate *g, const struct zc_judge_options *o,
                      const struct zc_profile *p, const struct zc_pack *view, struct zc_err *err)
{
        struct zc_demand list[DEMANDS_MAX];
        size_t n = demands(o, p, list);

        for (size_t i = 0; i < n; i++) {
                if (!demand_take(g, &list[i], view, err) ||
                    (o->policy && !zc_policy_holds(o->policy, &list[i], err)))
                        return false;
        }
        return !o->policy || (policy_profile_take(g, o->policy, p, view, err) &&
                              policy_take(g, o->policy, view, err));
}

bool zc_gate_init(struct zc_gate *g, const struct zc_judge_options *o, const struct zc_pack *view,
                  struct zc_err *err)
{
        ZC_AUTO(zc_profile) shipped = NULL;

        *g = (struct zc_gate){ .max_new = -1,
                               .new_rules = ZC_NEW_RULES_FAIL,
                               .severity[ZC_CRITICAL] = true, /* where nobody says otherwise */
                               .fail_selectors = json_array(),
                               .require = json_array() };
        if (!g->fail_selectors || !g->require)
                return no_memory(err);
        if (!o->profile && !zc_profile_load("default", NULL, &shipped, err))
                return false;
        return gate_fill(g, o, o->profile ? o->profile : shipped, view, err);
}

void zc_gate_release(struct zc_gate *g)
{
        json_decref(g->fail_selectors);
        json_decref(g->require);
}

static bool any_selects(const json_t *selectors, const char *rule, const json_t *tags)
{
        const json_t *v;
        size_t i;

        json_array_foreach (selectors, i, v) {
                if (zc_selector_matches(json_string_value(v), rule, tags))
                        return true;
        }
        return false;
}

bool zc_gate_binds(const struct zc_gate *g, const char *rule, const json_t *tags)
{
        return any_selects(g->bound, rule, tags);
}

bool zc_gate_could_fail(const struct zc_gate *g, const char *rule, const json_t *tags,
                        enum zc_severity severity)
{
        return g->severity[severity] || g->new_severity[severity] || g->max_new >= 0 ||
               any_selects(g->fail_selectors, rule, tags);
}

bool zc_gate_requires(const struct zc_gate *g, const char *rule, const json_t *tags,
                      enum zc_severity severity)
{
        return g->severity[severity] || g->new_severity[severity] ||
               any_selects(g->fail_selectors, rule, tags) || any_selects(g->require, rule, tags);
}
