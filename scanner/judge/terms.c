/** What a profile, a policy and the configuration come to: which rules judge, at which severity, with which parameters. */
#include <stdio.h>
#include <string.h>

#include "terms.h"

/* ---- which rules ---- */

static struct zc_demand demand_of(const struct zc_profile_file *f)
{
        return (struct zc_demand){ .y = f->yaml, .at = "", .shipped = f->shipped };
}

static void mark_set(struct terms_mark *m, const struct zc_profile_file *f, const char *key,
                     size_t i)
{
        m->file = f;
        snprintf(m->pointer, sizeof(m->pointer), "/%s/%zu", key, i);
}

/** The last file that has an `include`; NULL for none. */
static const struct zc_profile_file *includer(const struct zc_profile *p)
{
        for (size_t k = 0; k < p->count; k++) {
                if (json_object_get(zc_yaml_root(p->files[k].yaml), "include"))
                        return &p->files[k];
        }
        return NULL;
}

static bool include(struct terms_work *w)
{
        const struct zc_profile_file *f = includer(w->profile);
        struct zc_demand d = { 0 };
        const json_t *v;
        size_t i, n = zc_pack_count(w->pack);

        for (size_t r = 0; r < n; r++) {
                w->choices[r].keep = !f;
                if (f)
                        mark_set(&w->fates[r].dropped, f, "include", 0);
        }
        if (!f)
                return true;
        d = demand_of(f);
        json_array_foreach (json_object_get(zc_yaml_root(f->yaml), "include"), i, v) {
                const char *s = json_string_value(v);
                char key[40];

                snprintf(key, sizeof(key), "include/%zu", i);
                if (!zc_selector_check(w->pack, &d, key, s, false, w->err))
                        return false;
                for (size_t r = 0; r < n; r++)
                        w->choices[r].keep |= zc_rule_selected(zc_pack_rule(w->pack, r), s);
        }
        return true;
}

static bool exclude(struct terms_work *w, const struct zc_profile_file *f)
{
        struct zc_demand d = demand_of(f);
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(zc_yaml_root(f->yaml), "exclude"), i, v) {
                const char *s = json_string_value(v);
                char key[40];

                snprintf(key, sizeof(key), "exclude/%zu", i);
                if (!zc_selector_check(w->pack, &d, key, s, false, w->err))
                        return false;
                for (size_t r = 0; r < zc_pack_count(w->pack); r++) {
                        if (!zc_rule_selected(zc_pack_rule(w->pack, r), s))
                                continue;
                        w->choices[r].keep = false;
                        mark_set(&w->fates[r].dropped, f, "exclude", i);
                }
        }
        return true;
}

/* ---- at which severity ---- */

static bool is_placed(const struct zc_kind *kind)
{
        return strncmp(kind->at, "endpoints[]", 11) == 0 ||
               strncmp(kind->at, "exposure[]", 10) == 0 || strcmp(kind->name, "listener") == 0;
}

/** Gives one rule the severity of an override, if it can carry it. */
static bool override_rule(struct terms_work *w, const struct zc_profile_file *f, size_t i,
                          size_t at, const json_t *severity)
{
        struct zc_rule changed = *zc_pack_rule(w->pack, at);
        char pointer[64];

        zc_rule_set_severity(&changed, severity);
        snprintf(pointer, sizeof(pointer), "/override/%zu/severity", i);
        if (zc_rule_worst(&changed) > zc_confidence_carries(changed.confidence))
                return zc_yaml_fail(f->yaml, pointer, w->err,
                                    "%s is %s, which carries %s at most, not %s", changed.id,
                                    zc_confidence_name(changed.confidence),
                                    zc_severity_name(zc_confidence_carries(changed.confidence)),
                                    zc_severity_name(zc_rule_worst(&changed)));
        if (changed.by_reach && !is_placed(changed.kind))
                return zc_yaml_fail(f->yaml, pointer, w->err,
                                    "%s is about a %s, which has no reach; write one severity",
                                    changed.id, changed.kind->name);
        memcpy(w->choices[at].severity, changed.severity, sizeof(changed.severity));
        mark_set(&w->fates[at].changed, f, "override", i);
        return true;
}

static bool override(struct terms_work *w, const struct zc_profile_file *f)
{
        struct zc_demand d = demand_of(f);
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(zc_yaml_root(f->yaml), "override"), i, v) {
                const char *s = zc_json_str(v, "rule", "");
                char key[40];

                snprintf(key, sizeof(key), "override/%zu/rule", i);
                if (!zc_selector_check(w->pack, &d, key, s, false, w->err))
                        return false;
                for (size_t r = 0; r < zc_pack_count(w->pack); r++) {
                        if (zc_rule_selected(zc_pack_rule(w->pack, r), s) &&
                            !override_rule(w, f, i, r, json_object_get(v, "severity")))
                                return false;
                }
        }
        return true;
}

/* ---- with which parameters ---- */

bool zc_terms_param(struct terms_work *w, const struct zc_yaml *y, const char *pointer,
                    const char *name, const json_t *value, const char *reason, const char *from)
{
        json_auto_t *one = json_pack("{s:O}", name, value);
        json_auto_t *checked = one ? zc_pack_params(w->pack, one, w->err) : NULL;
        const struct zc_err cause = *w->err;

        if (!checked)
                return y ? zc_yaml_fail(y, pointer, w->err, "%s", cause.text) : false;
        return (json_object_set(w->t->params, name, (json_t *)(uintptr_t)value) == 0 &&
                json_object_set_new(json_object_get(w->t->selection, "params"), name,
                                    json_pack("{s:O, s:s, s:s?}", "value", value, "from", from,
                                              "reason", reason)) == 0) ||
               zc_fail(w->err, ZC_E_NOMEM, "no memory for parameters");
}

static bool params_of_profile(struct terms_work *w, const struct zc_profile_file *f)
{
        const char *name;
        json_t *v;

        json_object_foreach (json_object_get(zc_yaml_root(f->yaml), "params"), name, v) {
                ZC_AUTO_TEXT pointer = { 0 };

                zc_text_init(&pointer, 512);
                zc_text_add(&pointer, "/params");
                zc_json_pointer_add(&pointer, name);
                if (!zc_terms_param(w, f->yaml, zc_text_str(&pointer), name,
                                    json_object_get(v, "value"), zc_json_str(v, "reason", NULL),
                                    f->name))
                        return false;
        }
        return true;
}

static bool params_of_config(struct terms_work *w)
{
        const char *name;
        json_t *v;

        json_object_foreach ((json_t *)(uintptr_t)w->o->params, name, v) {
                ZC_AUTO_TEXT pointer = { 0 };

                zc_text_init(&pointer, 512);
                zc_text_add(&pointer, "/params");
                zc_json_pointer_add(&pointer, name);
                if (!zc_terms_param(w, w->o->config, zc_text_str(&pointer), name, v, NULL,
                                    "configuration"))
                        return false;
        }
        return true;
}

/* ---- for the report ---- */

static json_t *severity_json(const struct zc_rule *r, const enum zc_severity s[ZC_REACH_COUNT])
{
        struct zc_rule now = *r;

        memcpy(now.severity, s, sizeof(now.severity));
        return json_string(zc_severity_name(zc_rule_worst(&now)));
}

static const char *mark_reason(const struct terms_mark *m, const char *key)
{
        const json_t *at =
                m->file ? zc_json_pointer(zc_yaml_root(m->file->yaml), m->pointer) : NULL;

        return at ? zc_json_str(at, key, "") : "the policy's least";
}

/** Which rules do not judge, and which judge at another severity than their own. */
static bool selection_rules(struct terms_work *w)
{
        json_t *left_out = json_object_get(w->t->selection, "left_out");
        json_t *severities = json_object_get(w->t->selection, "severities");
        bool ok = left_out && severities;

        for (size_t r = 0; ok && r < zc_pack_count(w->pack); r++) {
                const struct zc_rule *rule = zc_pack_rule(w->pack, r);
                const struct zc_rule_choice *c = &w->choices[r];

                if (!c->keep)
                        ok = json_array_append_new(left_out, json_string(rule->id)) == 0;
                else if (memcmp(&c->severity[ZC_REACH_NONE], &rule->severity[ZC_REACH_NONE],
                                sizeof(c->severity) - ZC_REACH_NONE * sizeof(c->severity[0])) != 0)
                        ok = json_array_append_new(
                                     severities,
                                     json_pack("{s:s, s:o, s:o, s:s}", "rule", rule->id, "from",
                                               severity_json(rule, rule->severity), "to",
                                               severity_json(rule, c->severity), "reason",
                                               mark_reason(&w->fates[r].changed, "reason"))) == 0;
        }
        return ok;
}

static json_t *selection_new(const struct zc_profile *p)
{
        const json_t *root = zc_yaml_root(p->files[0].yaml);
        json_t *extends = json_array();
        ZC_AUTO_TEXT chain = { 0 };
        char digest[ZC_DIGEST_LEN];

        zc_text_init(&chain, 4096);
        for (size_t i = 0; i < p->count; i++) {
                zc_text_printf(&chain, "%s\n", p->files[i].digest);
                if (i)
                        json_array_append_new(extends, json_string(p->files[i].name));
        }
        if (!zc_digest(zc_text_str(&chain), chain.len, digest)) {
                json_decref(extends);
                return NULL;
        }
        return json_pack("{s:s, s:s, s:o, s:s, s:[], s:[], s:{}}", "profile", zc_profile_name(p),
                         "title", zc_json_str(root, "title", ""), "extends", extends, "digest",
                         digest, "left_out", "severities", "params");
}

static json_t *policy_json(const struct zc_policy *p)
{
        return p ? json_pack("{s:s, s:s, s:s}", "name",
                             zc_json_str(zc_yaml_root(p->yaml), "policy", ""), "owner",
                             zc_json_str(zc_yaml_root(p->yaml), "owner", ""), "digest", p->digest)
                 : json_null();
}

/* ---- the whole ---- */

static bool settle(struct terms_work *w)
{
        if (!include(w))
                return false;
        for (size_t i = w->profile->count; i-- > 0;) {
                const struct zc_profile_file *f = &w->profile->files[i];

                if (!exclude(w, f) || !override(w, f) || !params_of_profile(w, f))
                        return false;
        }
        return params_of_config(w) && (!w->o->policy || zc_terms_bound(w, w->o->policy));
}

static bool start(struct terms_work *w)
{
        size_t n = zc_pack_count(w->pack);

        w->choices = calloc(n + 1, sizeof(*w->choices));
        w->fates = calloc(n + 1, sizeof(*w->fates));
        w->t->selection = selection_new(w->profile);
        w->t->policy = policy_json(w->o->policy);
        if (!w->choices || !w->fates || !w->t->selection || !w->t->policy)
                return zc_fail(w->err, ZC_E_NOMEM, "no memory for the profile");
        for (size_t i = 0; i < n; i++)
                memcpy(w->choices[i].severity, zc_pack_rule(w->pack, i)->severity,
                       sizeof(w->choices[i].severity));
        w->t->params = zc_pack_params(w->pack, NULL, w->err);
        return w->t->params != NULL;
}

static bool finish(struct terms_work *w)
{
        if (!selection_rules(w) || !(w->t->pack = zc_pack_view(w->pack, w->choices)))
                return zc_fail(w->err, ZC_E_NOMEM, "no memory for the profile");
        if (zc_pack_count(w->t->pack) == 0 && zc_pack_count(w->pack) > 0)
                return zc_yaml_fail(w->profile->files[0].yaml, "/exclude", w->err,
                                    "the profile %.60s leaves no rule to judge by",
                                    zc_profile_name(w->profile));
        return !w->o->policy || zc_policy_waivers(w->o->policy, w->pack, w->t->pack, w->o->waivers,
                                                  w->o->now_ms, w->err);
}

bool zc_terms_init(struct zc_terms *t, const struct zc_judge_options *o, struct zc_err *err)
{
        ZC_AUTO(zc_profile) shipped = NULL;
        struct terms_work w = {
                .o = o, .profile = o->profile, .pack = o->pack, .t = t, .err = err
        };
        bool ok;

        *t = (struct zc_terms){ 0 };
        if (!w.profile && !zc_profile_load("default", NULL, &shipped, err))
                return false;
        if (!w.profile)
                w.profile = shipped;
        ok = start(&w) && settle(&w) && finish(&w);
        free(w.choices);
        free(w.fates);
        return ok;
}

void zc_terms_release(struct zc_terms *t)
{
        zc_pack_free(t->pack);
        json_decref(t->params);
        json_decref(t->selection);
        json_decref(t->policy);
}
