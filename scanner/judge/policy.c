/** The policy: the security team's file, which a project may only be stricter than. What it does to rules is terms.c's. */
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"
#include "zc/clock.h"
#include "zc/file.h"

static const char *const severities[] = { "info", "low", "medium", "high", "critical", NULL };

static const struct zc_shape least_shape[] = {
        { "rule", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "at_least", ZC_SHAPE_WORD, true, severities, NULL },
        { 0 },
};
static const struct zc_shape waivers_shape[] = {
        { "approvers", ZC_SHAPE_TEXTS, false, NULL, NULL },
        { "longest", ZC_SHAPE_TEXT, false, NULL, NULL },
        { "never", ZC_SHAPE_TEXTS, false, NULL, NULL },
        { "ticket", ZC_SHAPE_BOOL, false, NULL, NULL },
        { 0 },
};
static const struct zc_shape policy_shape[] = {
        { "policy", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "owner", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "profile", ZC_SHAPE_TEXT, false, NULL, NULL },
        { "rules", ZC_SHAPE_TEXTS, false, NULL, NULL },
        { "severities", ZC_SHAPE_OBJECTS, false, NULL, least_shape },
        { "may_lower", ZC_SHAPE_TEXTS, false, NULL, NULL },
        { "isolated", ZC_SHAPE_TEXTS, false, NULL, NULL },
        { "params", ZC_SHAPE_OBJECT, false, NULL, NULL },
        { "gate", ZC_SHAPE_OBJECT, false, NULL, zc_gate_shape },
        { "waivers", ZC_SHAPE_OBJECT, false, NULL, waivers_shape },
        { 0 },
};

/* ---- the file ---- */

static bool check_longest(const struct zc_yaml *y, struct zc_err *err)
{
        const char *longest = zc_json_str(zc_yaml_root(y), "waivers.longest", NULL);
        int64_t ms;

        return !longest || (zc_duration_parse(longest, &ms) && ms > 0) ||
               zc_yaml_fail(y, "/waivers/longest", err,
                            "\"%.40s\" is no duration; write a number and a unit, such as 90d",
                            longest);
}

static bool check_profile(const struct zc_yaml *y, struct zc_err *err)
{
        const char *profile = zc_json_str(zc_yaml_root(y), "profile", NULL);

        return !profile || !zc_profile_is_file(profile) ||
               zc_yaml_fail(y, "/profile", err,
                            "a policy asks for a profile by its name, not by a file");
}

bool zc_policy_parse(const char *file, const char *text, size_t len, struct zc_policy **out,
                     struct zc_err *err)
{
        ZC_AUTO(zc_policy) p = calloc(1, sizeof(*p));

        if (!p || !zc_digest(text, len, p->digest))
                return zc_fail(err, ZC_E_NOMEM, "no memory for a policy");
        if (!zc_yaml_parse(file, text, len, &p->yaml, err) ||
            !zc_shape_check(p->yaml, "", zc_yaml_root(p->yaml), "a policy", policy_shape, err) ||
            !check_longest(p->yaml, err) || !check_profile(p->yaml, err))
                return false;
        *out = ZC_TAKE(p);
        return true;
}

bool zc_policy_load(const char *path, struct zc_policy **out, struct zc_err *err)
{
        ZC_AUTO_MEM char *text = NULL;
        size_t len = 0;

        if (!zc_file_guard(path, err) || !zc_file_read(path, ZC_YAML_MAX, &text, &len, err)) {
                err->code = ZC_E_USAGE; /* the user named it */
                return zc_ctx(err, "policy");
        }
        return zc_policy_parse(path, text, len, out, err);
}

void zc_policy_free(struct zc_policy *p)
{
        if (!p)
                return;
        zc_yaml_free(p->yaml);
        free(p);
}

const char *zc_policy_profile(const struct zc_policy *p)
{
        return zc_json_str(zc_yaml_root(p->yaml), "profile", NULL);
}

/* ---- the gate ---- */

/** Does a list of fail_on hold the word, or one that is stricter? A severity holds what is new of it too. */
static bool list_holds(const json_t *list, const char *word)
{
        const char *broader = strncmp(word, "new-", 4) == 0 ? word + 4 : word;
        const json_t *v;
        size_t i;

        json_array_foreach (list, i, v) {
                const char *s = json_string_value(v) ? json_string_value(v) : "";

                if (strcmp(s, word) == 0 || strcmp(s, broader) == 0)
                        return true;
        }
        return false;
}

static bool holds_fail_on(const struct zc_policy *p, const struct zc_demand *d, struct zc_err *err)
{
        const json_t *v;
        size_t i;

        json_array_foreach (zc_json_at(zc_yaml_root(p->yaml), "gate.fail_on"), i, v) {
                char pointer[64], place[ZC_PLACE_LEN];

                if (!d->fail_on || list_holds(d->fail_on, json_string_value(v)))
                        continue;
                snprintf(pointer, sizeof(pointer), "/gate/fail_on/%zu", i);
                zc_place(p->yaml, pointer, place);
                return zc_demand_fail(d, "fail_on", err,
                                      "leaves out \"%.60s\", which the policy asks for (%s); add "
                                      "it",
                                      json_string_value(v), place);
        }
        return true;
}

static bool holds_new(const struct zc_policy *p, const struct zc_demand *d, struct zc_err *err)
{
        const json_t *most = zc_json_at(zc_yaml_root(p->yaml), "gate.max_new");
        const char *rules = zc_json_str(zc_yaml_root(p->yaml), "gate.new_rules", NULL);
        enum zc_new_rules least = ZC_NEW_RULES_IGNORE, wanted = ZC_NEW_RULES_FAIL;
        char place[ZC_PLACE_LEN];

        if (most && d->max_new && json_integer_value(d->max_new) > json_integer_value(most)) {
                zc_place(p->yaml, "/gate/max_new", place);
                return zc_demand_fail(d, "max_new", err,
                                      "%lld is more than the policy's %lld (%s); lower it",
                                      (long long)json_integer_value(d->max_new),
                                      (long long)json_integer_value(most), place);
        }
        if (rules && d->new_rules && zc_new_rules_parse(rules, &least) &&
            zc_new_rules_parse(d->new_rules, &wanted) && wanted < least) {
                zc_place(p->yaml, "/gate/new_rules", place);
                return zc_demand_fail(d, "new_rules", err,
                                      "\"%s\" is laxer than the policy's \"%s\" (%s)", d->new_rules,
                                      rules, place);
        }
        return true;
}

bool zc_policy_holds(const struct zc_policy *p, const struct zc_demand *d, struct zc_err *err)
{
        return d->shipped || (holds_fail_on(p, d, err) && holds_new(p, d, err));
}

bool zc_policy_isolates(const struct zc_policy *p, const json_t *assets, const char *asset)
{
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(zc_yaml_root(p->yaml), "isolated"), i, v) {
                if (zc_asset_selected(assets, json_string_value(v), asset, NULL))
                        return true;
        }
        return false;
}

/* ---- waivers ---- */

/* One waiver before the policy. */
struct trial {
        const struct zc_policy *p;
        const struct zc_pack *pack, *view;
        const json_t *waiver;
        struct zc_err *err;
};

static bool refuse(const struct trial *t, const char *pointer, const char *fmt, ...)
        ZC_PRINTF(3, 4);
static bool refuse(const struct trial *t, const char *pointer, const char *fmt, ...)
{
        char words[200], place[ZC_PLACE_LEN];
        const char *at = zc_json_str(t->waiver, "at", NULL);
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(words, sizeof(words), fmt, ap);
        va_end(ap);
        zc_place(t->p->yaml, pointer, place);
        return zc_fail(t->err, ZC_E_USAGE, "%s%swaiver %.60s: %s (%s)", at ? at : "",
                       at ? ": " : "", zc_json_str(t->waiver, "id", ""), words, place);
}

static bool try_approver(const struct trial *t)
{
        const json_t *approvers = zc_json_at(zc_yaml_root(t->p->yaml), "waivers.approvers");
        const char *approver = zc_json_str(t->waiver, "approver", "");
        const json_t *v;
        size_t i;

        json_array_foreach (approvers, i, v) {
                if (zc_glob(json_string_value(v), approver))
                        return true;
        }
        return !approvers ||
               refuse(t, "/waivers/approvers", "the policy does not let %.60s approve", approver);
}

static int64_t time_of(const json_t *waiver, const char *key)
{
        int64_t ms = 0;

        return zc_time_parse(zc_json_str(waiver, key, ""), &ms) ? ms : 0;
}

static bool try_length(const struct trial *t)
{
        const char *longest = zc_json_str(zc_yaml_root(t->p->yaml), "waivers.longest", NULL);
        int64_t most = 0;

        return !longest || !zc_duration_parse(longest, &most) ||
               time_of(t->waiver, "expires") - time_of(t->waiver, "created") <= most ||
               refuse(t, "/waivers/longest", "it lasts longer than the policy's %s", longest);
}

static bool try_ticket(const struct trial *t)
{
        return !json_is_true(zc_json_at(zc_yaml_root(t->p->yaml), "waivers.ticket")) ||
               json_object_get(t->waiver, "ticket") ||
               refuse(t, "/waivers/ticket", "the policy asks for a ticket");
}

/** Whether it selects the rule as it is written, or as it judges: no override takes a rule out of the policy's reach. */
static bool is_never(const struct trial *t, const struct zc_rule *r, const char *selector)
{
        const struct zc_rule *judges = zc_pack_find(t->view, r->id);

        return zc_rule_selected(r, selector) || (judges && zc_rule_selected(judges, selector));
}

/** No rule that the waiver means is one that the policy never waives. */
static bool try_never(const struct trial *t)
{
        const json_t *never = zc_json_at(zc_yaml_root(t->p->yaml), "waivers.never");
        const char *rule = zc_json_str(t->waiver, "rule", "");
        const json_t *v;
        size_t i;

        json_array_foreach (never, i, v) {
                const char *selector = json_string_value(v);
                char pointer[64];

                snprintf(pointer, sizeof(pointer), "/waivers/never/%zu", i);
                if (zc_glob(rule, selector) || zc_glob(selector, rule))
                        return refuse(t, pointer, "the policy never waives %.60s", selector);
                for (size_t k = 0; k < zc_pack_count(t->pack); k++) {
                        const struct zc_rule *r = zc_pack_rule(t->pack, k);

                        if (zc_glob(rule, r->id) && is_never(t, r, selector))
                                return refuse(t, pointer,
                                              "it is for %s, which the policy never waives", r->id);
                }
        }
        return true;
}

bool zc_policy_waivers(const struct zc_policy *p, const struct zc_pack *pack,
                       const struct zc_pack *view, const json_t *waivers, int64_t now_ms,
                       struct zc_err *err)
{
        struct trial t = { .p = p, .pack = pack, .view = view, .err = err };
        size_t i;

        json_array_foreach (waivers, i, t.waiver) {
                if (time_of(t.waiver, "expires") <= now_ms)
                        continue;
                if (!try_approver(&t) || !try_length(&t) || !try_ticket(&t) || !try_never(&t))
                        return false;
        }
        return true;
}
