/** A profile held to a policy: what somebody loosened is refused, what is merely ours is raised. */
#include <stdio.h>
#include <string.h>

#include "terms.h"

/** Whether a file is the profile that is asked for; only ours goes by the name of one of ours, and only a signed pack's by the name of a pack's. */
static bool is_profile(const struct zc_profile_file *f, const char *wanted)
{
        return (f->shipped || !zc_profile_is_shipped(wanted)) &&
               (f->signed_pack || !zc_profile_is_packed(wanted)) && strcmp(f->name, wanted) == 0;
}

static bool bound_profile(struct terms_work *w, const struct zc_policy *p)
{
        const char *wanted = zc_policy_profile(p);
        char place[ZC_PLACE_LEN];

        if (!wanted)
                return true;
        for (size_t i = 0; i < w->profile->count; i++) {
                if (is_profile(&w->profile->files[i], wanted))
                        return true;
        }
        zc_place(p->yaml, "/profile", place);
        return zc_fail(w->err, ZC_E_USAGE,
                       "%s: the profile %.60s is not %.60s and does not extend it, which the "
                       "policy asks for (%s)",
                       w->o->profile_from ? w->o->profile_from : "profile",
                       zc_profile_name(w->profile), wanted, place);
}

/** A rule that must judge does. */
static bool bound_kept(struct terms_work *w, const struct zc_policy *p, const char *pointer,
                       size_t r)
{
        const struct terms_mark *m = &w->fates[r].dropped;
        const struct zc_rule *rule = zc_pack_rule(w->pack, r);
        char place[ZC_PLACE_LEN];

        if (w->choices[r].keep)
                return true;
        zc_place(p->yaml, pointer, place);
        return zc_yaml_fail(m->file->yaml, m->pointer, w->err,
                            "leaves out %s, which the policy asks for (%s)", rule->id, place);
}

/** What the policy names in a list judges: what it requires cannot be left out either. */
static bool bound_rules(struct terms_work *w, const struct zc_policy *p, const char *list)
{
        const struct zc_demand d = { .y = p->yaml, .at = "" };
        const json_t *v;
        size_t i;

        json_array_foreach (zc_json_pointer(zc_yaml_root(p->yaml), list), i, v) {
                const char *s = json_string_value(v);
                char pointer[48], *key = pointer + 1;

                snprintf(pointer, sizeof(pointer), "%s/%zu", list, i);
                if (!zc_selector_check(w->pack, &d, key, s, false, w->err))
                        return false;
                for (size_t r = 0; r < zc_pack_count(w->pack); r++) {
                        if (zc_rule_selected(zc_pack_rule(w->pack, r), s) &&
                            !bound_kept(w, p, pointer, r))
                                return false;
                }
        }
        return true;
}

/** Raises a rule to the policy's least; somebody's own override below it is refused. */
static bool bound_severity(struct terms_work *w, const struct zc_policy *p, const char *pointer,
                           size_t r, enum zc_severity least)
{
        const struct zc_rule *rule = zc_pack_rule(w->pack, r);
        const struct terms_mark *m = &w->fates[r].changed;
        char place[ZC_PLACE_LEN];

        if (least > zc_confidence_carries(rule->confidence))
                return zc_yaml_fail(p->yaml, pointer, w->err,
                                    "%s is %s, which carries %s at most, not %s", rule->id,
                                    zc_confidence_name(rule->confidence),
                                    zc_severity_name(zc_confidence_carries(rule->confidence)),
                                    zc_severity_name(least));
        for (enum zc_reach reach = ZC_REACH_NONE; reach < ZC_REACH_COUNT; reach++) {
                enum zc_severity *s = &w->choices[r].severity[reach];

                if (*s >= least)
                        continue;
                zc_place(p->yaml, pointer, place);
                if (m->file && !m->file->shipped && *s < rule->severity[reach])
                        return zc_yaml_fail(m->file->yaml, m->pointer, w->err,
                                            "makes %s %s, and the policy asks for %s at least (%s)",
                                            rule->id, zc_severity_name(*s), zc_severity_name(least),
                                            place);
                *s = least;
        }
        return true;
}

static bool bound_severities(struct terms_work *w, const struct zc_policy *p)
{
        const struct zc_demand d = { .y = p->yaml, .at = "" };
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(zc_yaml_root(p->yaml), "severities"), i, v) {
                const char *s = zc_json_str(v, "rule", "");
                enum zc_severity least = ZC_INFO;
                char key[48], pointer[64];

                snprintf(key, sizeof(key), "severities/%zu/rule", i);
                snprintf(pointer, sizeof(pointer), "/severities/%zu/at_least", i);
                if (!zc_selector_check(w->pack, &d, key, s, false, w->err) ||
                    !zc_severity_parse(zc_json_str(v, "at_least", ""), &least))
                        return false;
                for (size_t r = 0; r < zc_pack_count(w->pack); r++) {
                        if (zc_rule_selected(zc_pack_rule(w->pack, r), s) &&
                            !bound_severity(w, p, pointer, r, least))
                                return false;
                }
        }
        return true;
}

/** Whether the policy lets a profile lower the rule. */
static bool may_lower(const struct zc_policy *p, const struct zc_rule *rule)
{
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(zc_yaml_root(p->yaml), "may_lower"), i, v) {
                if (zc_rule_selected(rule, json_string_value(v)))
                        return true;
        }
        return false;
}

/** No rule weighs less than it was written to: somebody's own override is refused, one of ours does not count. */
static bool bound_lowered(struct terms_work *w, const struct zc_policy *p)
{
        for (size_t r = 0; r < zc_pack_count(w->pack); r++) {
                const struct zc_rule *rule = zc_pack_rule(w->pack, r);
                const struct terms_mark *m = &w->fates[r].changed;

                if (!m->file || may_lower(p, rule))
                        continue;
                for (enum zc_reach reach = ZC_REACH_NONE; reach < ZC_REACH_COUNT; reach++) {
                        enum zc_severity *s = &w->choices[r].severity[reach];

                        if (*s >= rule->severity[reach])
                                continue;
                        if (!m->file->shipped)
                                return zc_yaml_fail(
                                        m->file->yaml, m->pointer, w->err,
                                        "makes %s %s where it is %s, which the policy %.60s does "
                                        "not let a profile do (its `may_lower` would name the "
                                        "rule)",
                                        rule->id, zc_severity_name(*s),
                                        zc_severity_name(rule->severity[reach]),
                                        zc_json_str(zc_yaml_root(p->yaml), "policy", ""));
                        *s = rule->severity[reach];
                }
        }
        return true;
}

/** What a list of the policy selects must be there: a misspelt one would bind nobody. @at: of what holds the list. */
static bool bound_selectors(struct terms_work *w, const struct zc_policy *p, const char *at,
                            const char *list)
{
        const struct zc_demand d = { .y = p->yaml, .at = at };
        char pointer[48];
        const json_t *v;
        size_t i;

        snprintf(pointer, sizeof(pointer), "%s/%s", at, list);
        json_array_foreach (zc_json_pointer(zc_yaml_root(p->yaml), pointer), i, v) {
                const char *s = json_string_value(v);
                enum zc_severity severity = ZC_INFO;
                char key[64];

                snprintf(key, sizeof(key), "%.24s/%zu", list, i);
                if (strncmp(s, "severity:", 9) == 0 && zc_severity_parse(s + 9, &severity))
                        continue; /* of a severity there may be no rule now */
                if (!zc_selector_check(w->pack, &d, key, s, true, w->err))
                        return false;
        }
        return true;
}

/** Where a parameter was set other than by ours, as a place; "" for nowhere. */
static void param_place(const struct terms_work *w, const char *name, char out[ZC_PLACE_LEN])
{
        ZC_AUTO_TEXT pointer = { 0 };

        zc_text_init(&pointer, 512);
        zc_text_add(&pointer, "/params");
        zc_json_pointer_add(&pointer, name);
        out[0] = '\0';
        if (json_object_get(w->o->params, name)) {
                if (w->o->config)
                        zc_place(w->o->config, zc_text_str(&pointer), out);
                else
                        snprintf(out, ZC_PLACE_LEN, "params");
                return;
        }
        for (size_t i = 0; i < w->profile->count; i++) {
                const struct zc_profile_file *f = &w->profile->files[i];

                if (json_object_get(json_object_get(zc_yaml_root(f->yaml), "params"), name)) {
                        if (!f->shipped)
                                zc_place(f->yaml, zc_text_str(&pointer), out);
                        return;
                }
        }
}

static bool bound_params(struct terms_work *w, const struct zc_policy *p)
{
        const char *name;
        json_t *v;

        json_object_foreach (json_object_get(zc_yaml_root(p->yaml), "params"), name, v) {
                char theirs[ZC_PLACE_LEN], place[ZC_PLACE_LEN];
                ZC_AUTO_TEXT pointer = { 0 };

                zc_text_init(&pointer, 512);
                zc_text_add(&pointer, "/params");
                zc_json_pointer_add(&pointer, name);
                param_place(w, name, theirs);
                if (*theirs && !json_equal(json_object_get(w->t->params, name), v)) {
                        zc_place(p->yaml, zc_text_str(&pointer), place);
                        return zc_fail(w->err, ZC_E_USAGE,
                                       "%s: params: %.60s is the policy's to set (%s); remove it",
                                       theirs, name, place);
                }
                if (!zc_terms_param(w, p->yaml, zc_text_str(&pointer), name, v, NULL, "policy"))
                        return false;
        }
        return true;
}

bool zc_terms_bound(struct terms_work *w, const struct zc_policy *p)
{
        return bound_profile(w, p) && bound_selectors(w, p, "", "may_lower") &&
               bound_selectors(w, p, "/waivers", "never") && bound_rules(w, p, "/rules") &&
               bound_rules(w, p, "/gate/require") && bound_severities(w, p) &&
               bound_lowered(w, p) && bound_params(w, p);
}
