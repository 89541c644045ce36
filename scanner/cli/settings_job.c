/** Options and configuration, made one: what collecting needs. */
#include <string.h>

#include "config_format.h"
#include "settings.h"
#include "zc/clock.h"
#include "zc/log.h"
#include "zc/pace.h"

#define EXCLUDE_FILE_CAP ((size_t)64 << 20)

/** What it excludes binds like --exclude; the evidence keeps a digest of it, which tells whether another run had the same. */
static bool exclude_read(struct zc_settings *s, const char *path, struct zc_err *err)
{
        const char *shown = strcmp(path, "-") == 0 ? "standard input" : path;
        ZC_AUTO_MEM char *text = NULL;
        size_t n = 0;

        if (!zc_file_read(path, EXCLUDE_FILE_CAP, &text, &n, err))
                return false;
        s->job.excluded = zc_seed_hash(s->job.excluded, text, n);
        return zc_scope_exclude_list(s->scope, shown, text, n, err);
}

static bool scope_build(struct zc_settings *s, struct zc_err *err)
{
        const struct zc_list *exclude = &s->o->exclude;
        const json_t *v;
        size_t i;

        s->scope = zc_scope_new();
        if (!s->scope)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the scope");
        json_array_foreach (zc_settings_at(s, "scope.allow"), i, v) {
                if (!zc_scope_allow(s->scope, json_string_value(v), err))
                        return zc_config_fail(s->config, "/scope/allow", err, "%s", err->text);
        }
        json_array_foreach (zc_settings_at(s, "scope.exclude"), i, v) {
                if (!zc_scope_exclude(s->scope, json_string_value(v), err))
                        return zc_config_fail(s->config, "/scope/exclude", err, "%s", err->text);
        }
        for (i = 0; i < exclude->count; i++) {
                if (!zc_scope_exclude(s->scope, exclude->item[i], err))
                        return zc_ctx(err, "--exclude");
        }
        for (i = 0; i < s->o->exclude_files.count; i++) {
                if (!exclude_read(s, s->o->exclude_files.item[i], err))
                        return zc_ctx(err, "--exclude-file");
        }
        s->job.scope = s->scope;
        return true;
}

static bool ports_build(struct zc_settings *s, struct zc_err *err)
{
        struct zc_portset *tcp, *udp;

        if (!s->o->ports)
                return true;
        tcp = zc_arena_new_of(s->o->arena, struct zc_portset);
        udp = zc_arena_new_of(s->o->arena, struct zc_portset);
        if (!tcp || !udp)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the ports");
        if (!zc_portset_parse_both(s->o->ports, tcp, udp, err))
                return zc_ctx(err, "--ports");
        s->job.ports = tcp;
        s->job.udp = zc_portset_count(udp) > 0 ? udp : NULL;
        return true;
}

static bool limits_build(struct zc_settings *s, struct zc_err *err)
{
        const char *deadline = json_string_value(zc_settings_at(s, "limits.deadline"));
        const char *rate = json_string_value(zc_settings_at(s, "scope.rate.total"));
        const char *per_host = json_string_value(zc_settings_at(s, "scope.rate.per_host"));
        const json_t *concurrency = zc_settings_at(s, "limits.concurrency");

        if (rate && !zc_rate_parse(rate, &s->job.per_second))
                return zc_config_fail(s->config, "/scope/rate/total", err, "\"%s\" is no rate",
                                      rate);
        if (per_host && !zc_rate_parse(per_host, &s->job.per_host))
                return zc_config_fail(s->config, "/scope/rate/per_host", err, "\"%s\" is no rate",
                                      per_host);
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
        if (s->o->rate == ZC_RATE_MOST && !s->o->dry_run)
                zc_log(ZC_LOG_WARN, "--rate max: nothing is held back but what goes unanswered; "
                                    "firewalls and routers on the way may fill their tables");
        if (s->o->deadline_ms)
                s->job.deadline_ms = s->o->deadline_ms;
        if (s->o->concurrency)
                s->job.concurrency = (unsigned)s->o->concurrency;
        return true;
}

static void option_integer(json_t *options, const char *name, int64_t value)
{
        if (value > 0)
                json_object_set_new(options, name, json_integer(value));
}

static json_t *hash_json(uint64_t hash)
{
        return zc_json_printf("%016llx", (unsigned long long)hash);
}

/**
 * The same targets have the same order and the same shards, on whatever machine: so the seed comes from what is named and from nothing else.
 */
static bool shard_build(struct zc_settings *s, struct zc_err *err)
{
        struct zc_shard *shard = &s->job.shard;

        for (size_t i = 0; i < s->job.target_count; i++) {
                for (size_t k = 0; k < s->job.targets[i].named_count; k++) {
                        const char *named = s->job.targets[i].named[k].named;

                        shard->seed = zc_seed_hash(shard->seed, named, strlen(named));
                }
        }
        return !s->o->shard || zc_shard_parse(s->o->shard, shard, err) || zc_ctx(err, "--shard");
}

/** What the user chose, for the evidence; no secrets are among it. */
static bool options_build(struct zc_settings *s, struct zc_err *err)
{
        const struct zc_options *o = s->o;
        json_t *options = json_object();

        s->run_options = options;
        json_object_set_new(options, "profile", json_string(zc_settings_profile(s)));
        json_object_set_new(options, "level", json_string("safe"));
        json_object_set_new(options, "only", zc_settings_list(&o->only));
        json_object_set_new(options, "skip", zc_settings_list(&o->skip));
        json_object_set_new(options, "exclude", zc_settings_list(&o->exclude));
        if (o->ports)
                json_object_set_new(options, "ports",
                                    zc_json_bytes(o->ports, strlen(o->ports), 1024));
        json_object_set_new(options, "uid", json_integer((json_int_t)geteuid()));
        if (s->job.shard.count) {
                json_object_set_new(options, "seed", hash_json(s->job.shard.seed));
                json_object_set_new(
                        options, "shard",
                        zc_json_printf("%u/%u", s->job.shard.index, s->job.shard.count));
        }
        if (s->job.excluded)
                json_object_set_new(options, "excluded", hash_json(s->job.excluded));
        option_integer(options, "rate", s->job.per_second);
        option_integer(options, "rate_per_host", s->job.per_host);
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
            !limits_build(s, err) || !shard_build(s, err) || !options_build(s, err))
                return false;
        return s->job.target_count == 0 || zc_job_check(&s->job, err);
}
