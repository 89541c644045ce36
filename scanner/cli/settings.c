/** Options and configuration, made one: what judging needs. settings_job.c has what collecting needs. */
#include "settings.h"

#include <errno.h>
#include <string.h>

#include "config_format.h"
#include "zc/clock.h"
#include "zc/file.h"
#include "zc/log.h"
#include "zc/text.h"

bool zc_settings_open(struct zc_settings *s, const struct zc_options *o, struct zc_err *err)
{
        const char *path = o->config;

        *s = (struct zc_settings){ .o = o };
        if (!path && access(ZC_CONFIG_DEFAULT, F_OK) != 0 && errno == ENOENT)
                return true;
        if (!path)
                path = ZC_CONFIG_DEFAULT;
        if (!zc_config_load(path, &s->config, err))
                return false;
        zc_log(ZC_LOG_INFO, "configuration: %s", path);
        return zc_config_authorised(s->config, zc_wall_ms(), err);
}

void zc_settings_release(struct zc_settings *s)
{
        zc_scope_free(s->scope);
        zc_pack_free(s->pack);
        zc_trust_free(s->trust);
        json_decref(s->run_options);
        json_decref(s->fail_on);
        json_decref(s->waivers);
        json_decref(s->baseline);
        zc_profile_free(s->profile);
        zc_policy_free(s->policy);
        free(s->profile_from);
        free(s->authorisation);
        zc_config_free(s->config);
        *s = (struct zc_settings){ 0 };
}

json_t *zc_settings_at(const struct zc_settings *s, const char *dotted)
{
        return s->config ? zc_json_at(zc_config_root(s->config), dotted) : NULL;
}

const char *zc_settings_profile(const struct zc_settings *s)
{
        const char *configured = json_string_value(zc_settings_at(s, "profile"));

        if (s->o->profile)
                return s->o->profile;
        return configured ? configured : "default";
}

json_t *zc_settings_list(const struct zc_list *l)
{
        json_t *a = json_array();

        for (size_t i = 0; i < l->count; i++)
                json_array_append_new(a, zc_json_bytes(l->item[i], strlen(l->item[i]), 256));
        return a;
}

/** --fail-on, else gate.fail_on. */
static bool fail_on_build(struct zc_settings *s, struct zc_err *err)
{
        const struct zc_config_format *form = zc_config_format_find("gate");

        for (size_t i = 0; i < s->o->fail_on.count; i++) {
                if (!form->check(s->o->arena, s->o->fail_on.item[i], err))
                        return zc_ctx(err, "--fail-on");
        }
        if (s->o->fail_on.count > 0)
                s->fail_on = zc_settings_list(&s->o->fail_on);
        s->judge.fail_on = s->fail_on ? s->fail_on : zc_settings_at(s, "gate.fail_on");
        s->judge.fail_on_from = s->fail_on ? "--fail-on" : NULL;
        return true;
}

/** A file that an option names as it is, or the configuration relative to itself; NULL for neither. free() */
static char *file_named(const struct zc_settings *s, const char *option, const char *key)
{
        const char *configured = json_string_value(zc_settings_at(s, key));

        if (option)
                return strdup(option);
        return configured ? zc_config_path(s->config, configured) : NULL;
}

/** What an earlier report knew stands in its checks: without them, all would look as if its rule were new. */
static bool baseline_load(const char *path, json_t **out, struct zc_err *err)
{
        json_auto_t *report = zc_report_load(path, err);

        if (!report)
                return zc_ctx(err, "baseline");
        if (json_integer_value(zc_json_at(report, "pack.rules")) > 0 &&
            json_array_size(json_object_get(report, "checks")) == 0)
                return zc_fail(err, ZC_E_USAGE,
                               "baseline: %s: its `checks` are gone, so that nobody can tell what "
                               "it knew; use the report as it was written",
                               path);
        *out = ZC_TAKE(report);
        return true;
}

static bool files_load(struct zc_settings *s, struct zc_err *err)
{
        ZC_AUTO_MEM char *waivers = file_named(s, s->o->waivers, "waivers");
        ZC_AUTO_MEM char *baseline = file_named(s, s->o->baseline, "baseline");

        /* they decide about the verdict, as the configuration does */
        if ((waivers && !zc_file_guard(waivers, err)) ||
            (baseline && !zc_file_guard(baseline, err)))
                return false;
        if (waivers && (!(s->waivers = zc_waivers_load(waivers, err)) ||
                        !zc_waivers_rules(s->waivers, s->pack, err)))
                return false;
        if (baseline && !baseline_load(baseline, &s->baseline, err))
                return false;
        s->judge.waivers = s->waivers;
        s->judge.baseline = s->baseline;
        return true;
}

/** What named the profile, for messages; NULL where nothing did. */
static bool profile_from(struct zc_settings *s, struct zc_err *err)
{
        unsigned line = 0, column = 0;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 512);
        if (s->o->profile) {
                zc_text_add(&t, "--profile");
        } else if (zc_settings_at(s, "profile")) {
                zc_yaml_where(zc_config_yaml(s->config), "/profile", &line, &column);
                zc_text_printf(&t, "%s:%u:%u", zc_config_name(s->config), line, column);
        } else {
                return true;
        }
        s->profile_from = zc_text_steal(&t);
        s->judge.profile_from = s->profile_from;
        return s->profile_from || zc_fail(err, ZC_E_NOMEM, "no memory for the profile");
}

/** --profile, else the configuration's, else the one that the policy asks for, else ours by default. */
static bool profile_load(struct zc_settings *s, struct zc_err *err)
{
        const char *configured = json_string_value(zc_settings_at(s, "profile"));
        const char *wanted = s->policy ? zc_policy_profile(s->policy) : NULL;
        ZC_AUTO_MEM char *file = NULL;

        if (!s->o->profile && configured && zc_profile_is_file(configured)) {
                file = zc_config_path(s->config, configured);
                if (!file)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for the profile");
        }
        if (!zc_profile_load(s->o->profile ? s->o->profile
                             : file        ? file
                             : configured  ? configured
                             : wanted      ? wanted
                                           : "default",
                             s->pack, &s->profile, err))
                return s->o->profile && !zc_profile_is_file(s->o->profile)
                               ? zc_ctx(err, "--profile")
                               : false;
        s->judge.profile = s->profile;
        return profile_from(s, err);
}

static bool policy_load(struct zc_settings *s, struct zc_err *err)
{
        ZC_AUTO_MEM char *file = file_named(s, s->o->policy, "policy");

        if (file && !zc_policy_load(file, &s->policy, err))
                return false;
        s->judge.policy = s->policy;
        return true;
}

bool zc_settings_waivable(struct zc_settings *s, const json_t *waivers, struct zc_err *err)
{
        if (!policy_load(s, err))
                return false;
        if (!s->policy)
                return true;
        s->judge.waivers = waivers;
        s->judge.now_ms = zc_wall_ms();
        if (!zc_settings_trusted(s, err))
                return false;
        s->judge.pack = s->pack;
        return profile_load(s, err) && fail_on_build(s, err) && zc_judge_check(&s->judge, err);
}

bool zc_settings_judge(struct zc_settings *s, struct zc_err *err)
{
        const json_t *authorisation = zc_settings_at(s, "authorisation");

        if (!zc_settings_trusted(s, err))
                return false;
        s->judge.pack = s->pack;
        s->judge.config = s->config ? zc_config_yaml(s->config) : NULL;
        s->judge.params = zc_settings_at(s, "params");
        s->judge.require = zc_settings_at(s, "gate.require");
        s->judge.max_new = zc_settings_at(s, "gate.max_new");
        s->judge.new_rules = json_string_value(zc_settings_at(s, "gate.new_rules"));
        s->judge.expect = zc_settings_at(s, "expect");
        s->judge.now_ms = zc_wall_ms();
        if (authorisation) {
                s->authorisation = zc_json_line(authorisation);
                if (!s->authorisation)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for the authorisation");
                s->judge.authorisation = s->authorisation;
        }
        return policy_load(s, err) && profile_load(s, err) && fail_on_build(s, err) &&
               files_load(s, err) && zc_judge_check(&s->judge, err);
}
