/** Options and configuration, made one: what judging needs. settings_job.c has what collecting needs. */
#include "settings.h"

#include <errno.h>
#include <string.h>

#include "config_format.h"
#include "zc/clock.h"
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
        json_decref(s->params);
        free(s->authorisation);
        zc_config_free(s->config);
        *s = (struct zc_settings){ 0 };
}

json_t *zc_settings_at(const struct zc_settings *s, const char *dotted)
{
        return s->config ? zc_json_at(zc_config_root(s->config), dotted) : NULL;
}

/** --profile, else the configuration's, else "default". */
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

static bool files_load(struct zc_settings *s, struct zc_err *err)
{
        ZC_AUTO_MEM char *waivers = file_named(s, s->o->waivers, "waivers");
        ZC_AUTO_MEM char *baseline = file_named(s, s->o->baseline, "baseline");

        if (waivers && !(s->waivers = zc_waivers_load(waivers, err)))
                return false;
        if (baseline && !(s->baseline = zc_report_load(baseline, err)))
                return zc_ctx(err, "baseline");
        s->judge.waivers = s->waivers;
        s->judge.baseline = s->baseline;
        return true;
}

static bool params_check(struct zc_settings *s, struct zc_err *err)
{
        const json_t *params = zc_settings_at(s, "params");

        s->judge.params = params;
        s->params = zc_pack_params(s->pack, params, err);
        if (!s->params && params)
                return zc_config_fail(s->config, "/params", err, "%s", err->text);
        return s->params != NULL;
}

bool zc_settings_judge(struct zc_settings *s, struct zc_err *err)
{
        const json_t *authorisation = zc_settings_at(s, "authorisation");

        if (!zc_config_profile_known(zc_settings_profile(s)))
                return zc_fail(err, ZC_E_USAGE,
                               "--profile: this version has no profile \"%.64s\", only default",
                               zc_settings_profile(s));
        if (!zc_settings_trusted(s, err))
                return false;
        s->judge.pack = s->pack;
        s->judge.profile = zc_settings_profile(s);
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
        return params_check(s, err) && fail_on_build(s, err) && files_load(s, err);
}
