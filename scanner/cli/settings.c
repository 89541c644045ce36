/** Options and configuration, made one. */
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
        json_decref(s->run_options);
        json_decref(s->fail_on);
        json_decref(s->waivers);
        json_decref(s->baseline);
        json_decref(s->params);
        free(s->authorisation);
        zc_config_free(s->config);
        *s = (struct zc_settings){ 0 };
}

/** A value of the configuration; NULL without one. */
static json_t *config_at(const struct zc_settings *s, const char *dotted)
{
        return s->config ? zc_json_at(zc_config_root(s->config), dotted) : NULL;
}

static bool scope_build(struct zc_settings *s, struct zc_err *err)
{
        const struct zc_list *exclude = &s->o->exclude;
        const json_t *v;
        size_t i;

        s->scope = zc_scope_new();
        if (!s->scope)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the scope");
        json_array_foreach (config_at(s, "scope.allow"), i, v) {
                if (!zc_scope_allow(s->scope, json_string_value(v), err))
                        return zc_config_fail(s->config, "/scope/allow", err, "%s", err->text);
        }
        json_array_foreach (config_at(s, "scope.exclude"), i, v) {
                if (!zc_scope_exclude(s->scope, json_string_value(v), err))
                        return zc_config_fail(s->config, "/scope/exclude", err, "%s", err->text);
        }
        for (i = 0; i < exclude->count; i++) {
                if (!zc_scope_exclude(s->scope, exclude->item[i], err))
                        return zc_ctx(err, "--exclude");
        }
        s->job.scope = s->scope;
        return true;
}

static bool ports_build(struct zc_settings *s, struct zc_err *err)
{
        struct zc_portset *set;

        if (!s->o->ports)
                return true;
        set = zc_arena_new_of(s->o->arena, struct zc_portset);
        if (!set)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the ports");
        s->job.ports = set;
        return zc_portset_parse(s->o->ports, set, err) || zc_ctx(err, "--ports");
}

static bool limits_build(struct zc_settings *s, struct zc_err *err)
{
        const char *deadline = json_string_value(config_at(s, "limits.deadline"));
        const char *rate = json_string_value(config_at(s, "scope.rate.total"));
        const json_t *concurrency = config_at(s, "limits.concurrency");

        if (rate && !zc_rate_parse(rate, &s->job.per_second))
                return zc_config_fail(s->config, "/scope/rate/total", err, "\"%s\" is no rate",
                                      rate);
        if (deadline && !zc_duration_parse(deadline, &s->job.deadline_ms))
                return zc_config_fail(s->config, "/limits/deadline", err, "\"%s\" is no duration",
                                      deadline);
        s->job.concurrency = (unsigned)json_integer_value(concurrency);
        /* A configured rate is what the network's owner allows: an option may only go below it. */
        if (rate && s->o->rate > s->job.per_second)
                return zc_fail(err, ZC_E_USAGE,
                               "--rate %llu: %s allows %u a second (scope.rate.total)",
                               (unsigned long long)s->o->rate, zc_config_name(s->config),
                               s->job.per_second);
        if (s->o->rate)
                s->job.per_second = (unsigned)s->o->rate;
        if (s->o->deadline_ms)
                s->job.deadline_ms = s->o->deadline_ms;
        if (s->o->concurrency)
                s->job.concurrency = (unsigned)s->o->concurrency;
        return true;
}

/** --profile, else the configuration's, else "default". */
static const char *profile_of(const struct zc_settings *s)
{
        const char *configured = json_string_value(config_at(s, "profile"));

        if (s->o->profile)
                return s->o->profile;
        return configured ? configured : "default";
}

static json_t *list_json(const struct zc_list *l)
{
        json_t *a = json_array();

        for (size_t i = 0; i < l->count; i++)
                json_array_append_new(a, zc_json_bytes(l->item[i], strlen(l->item[i]), 256));
        return a;
}

static void option_integer(json_t *options, const char *name, int64_t value)
{
        if (value > 0)
                json_object_set_new(options, name, json_integer(value));
}

/** What the user chose, for the evidence; no secrets are among it. */
static bool options_build(struct zc_settings *s, struct zc_err *err)
{
        const struct zc_options *o = s->o;
        json_t *options = json_object();

        s->run_options = options;
        json_object_set_new(options, "profile", json_string(profile_of(s)));
        json_object_set_new(options, "level", json_string("safe"));
        json_object_set_new(options, "only", list_json(&o->only));
        json_object_set_new(options, "skip", list_json(&o->skip));
        json_object_set_new(options, "exclude", list_json(&o->exclude));
        if (o->ports)
                json_object_set_new(options, "ports",
                                    zc_json_bytes(o->ports, strlen(o->ports), 1024));
        json_object_set_new(options, "uid", json_integer((json_int_t)geteuid()));
        option_integer(options, "rate", s->job.per_second);
        option_integer(options, "concurrency", s->job.concurrency);
        option_integer(options, "deadline_ms", s->job.deadline_ms);
        option_integer(options, "wait_ms", o->wait_ms);
        if (!options)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the run");
        s->job.options = options;
        return true;
}

bool zc_settings_job(struct zc_settings *s, struct zc_err *err)
{
        s->job.level = ZC_LEVEL_SAFE;
        s->job.only = s->o->only.item;
        s->job.skip = s->o->skip.item;
        s->job.root = "";
        s->job.vantage = s->o->vantage;
        if (s->o->vantage && !zc_config_format_find("id")->check(s->o->arena, s->o->vantage, err))
                return zc_ctx(err, "--vantage");
        if (!zc_settings_targets(s, err) || !scope_build(s, err) || !ports_build(s, err) ||
            !limits_build(s, err) || !options_build(s, err))
                return false;
        return s->job.target_count == 0 || zc_job_check(&s->job, err);
}

bool zc_settings_pack(const struct zc_options *o, struct zc_pack **out, struct zc_err *err)
{
        ZC_AUTO(zc_pack) pack = NULL;

        if (!zc_pack_builtin(&pack, err))
                return false;
        for (size_t i = 0; i < o->rules.count; i++) {
                if (!zc_pack_add(pack, o->rules.item[i], err))
                        return false;
        }
        *out = ZC_TAKE(pack);
        return true;
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
                s->fail_on = list_json(&s->o->fail_on);
        s->judge.fail_on = s->fail_on ? s->fail_on : config_at(s, "gate.fail_on");
        return true;
}

/** A file that an option names as it is, or the configuration relative to itself; NULL for neither. free() */
static char *file_named(const struct zc_settings *s, const char *option, const char *key)
{
        const char *configured = json_string_value(config_at(s, key));

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
        const json_t *params = config_at(s, "params");

        s->judge.params = params;
        s->params = zc_pack_params(s->pack, params, err);
        if (!s->params && params)
                return zc_config_fail(s->config, "/params", err, "%s", err->text);
        return s->params != NULL;
}

bool zc_settings_judge(struct zc_settings *s, struct zc_err *err)
{
        const json_t *authorisation = config_at(s, "authorisation");

        if (!zc_config_profile_known(profile_of(s)))
                return zc_fail(err, ZC_E_USAGE,
                               "--profile: this version has no profile \"%.64s\", only default",
                               profile_of(s));
        if (!zc_settings_pack(s->o, &s->pack, err))
                return false;
        s->judge.pack = s->pack;
        s->judge.profile = profile_of(s);
        s->judge.require = config_at(s, "gate.require");
        s->judge.max_new = config_at(s, "gate.max_new");
        s->judge.new_rules = json_string_value(config_at(s, "gate.new_rules"));
        s->judge.expect = config_at(s, "expect");
        s->judge.now_ms = zc_wall_ms();
        if (authorisation) {
                s->authorisation = zc_json_line(authorisation);
                if (!s->authorisation)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for the authorisation");
                s->judge.authorisation = s->authorisation;
        }
        return params_check(s, err) && fail_on_build(s, err) && files_load(s, err);
}
