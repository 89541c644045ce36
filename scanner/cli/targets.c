/** Which targets: the command line's and the --targets file's; else the configuration's; else, on a terminal, this machine. */
#include <string.h>

#include "settings.h"
#include "zc/file.h"
#include "zc/listing.h"
#include "zc/log.h"
#include "zc/text.h"

#define FILE_CAP ((size_t)16 << 20)
#define TARGETS_MAX 200000u

/** Room for one more; zeroed. */
static struct zc_job_target *target_new(struct zc_settings *s, struct zc_err *err)
{
        struct zc_arena *arena = s->o->arena;

        if (s->job.target_count >= TARGETS_MAX) {
                zc_fail(err, ZC_E_USAGE,
                        "more than %u targets; name blocks (10.0.0.0/16), or run in parts",
                        TARGETS_MAX);
                return NULL;
        }
        if (s->job.target_count == s->target_room) {
                size_t room = s->target_room ? 2 * s->target_room : 16;
                struct zc_job_target *more = zc_arena_array(arena, room, sizeof(*more));

                if (!more) {
                        zc_fail(err, ZC_E_NOMEM, "no memory for the targets");
                        return NULL;
                }
                if (s->targets)
                        memcpy(more, s->targets, s->job.target_count * sizeof(*more));
                s->targets = more;
                s->target_room = room;
        }
        s->job.targets = s->targets;
        return &s->targets[s->job.target_count++];
}

static bool target_name(struct zc_settings *s, const char *text, struct zc_err *err)
{
        struct zc_target *named = zc_arena_new_of(s->o->arena, struct zc_target);
        struct zc_job_target *t;

        if (!named)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the targets");
        if (!zc_target_parse(s->o->arena, text, named, err))
                return false;
        t = target_new(s, err);
        if (!t)
                return false;
        *t = (struct zc_job_target){
                .id = "", .named = named, .named_count = 1, .wait_ms = s->o->wait_ms
        };
        return true;
}

static bool configured_hosts(struct zc_settings *s, const json_t *json, struct zc_job_target *t,
                             const char *pointer, struct zc_err *err)
{
        const json_t *hosts = json_object_get(json, "hosts");
        const json_t *v;
        size_t i;

        t->named = zc_arena_array(s->o->arena, json_array_size(hosts), sizeof(*t->named));
        if (!t->named)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the targets");
        json_array_foreach (hosts, i, v) {
                if (!zc_target_parse(s->o->arena, json_string_value(v), &t->named[i], err))
                        return zc_config_fail(s->config, pointer, err, "%s", err->text);
        }
        t->named_count = json_array_size(hosts);
        return true;
}

static bool configured_ports(struct zc_settings *s, const json_t *json, struct zc_job_target *t,
                             const char *pointer, struct zc_err *err)
{
        const json_t *ports = json_object_get(json, "ports");
        struct zc_portset *tcp, *udp;
        char number[24];

        if (!ports || s->o->ports)
                return true;
        tcp = zc_arena_new_of(s->o->arena, struct zc_portset);
        udp = zc_arena_new_of(s->o->arena, struct zc_portset);
        if (!tcp || !udp)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the targets");
        snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(ports));
        if (!zc_portset_parse_both(json_is_string(ports) ? json_string_value(ports) : number, tcp,
                                   udp, err))
                return zc_config_fail(s->config, pointer, err, "ports: %s", err->text);
        t->ports = tcp;
        t->udp = zc_portset_count(udp) > 0 ? udp : NULL;
        return true;
}

/** One element of the configuration's targets. */
static bool configured(struct zc_settings *s, const json_t *json, size_t index, struct zc_err *err)
{
        const char *evidence = zc_json_str(json, "evidence", NULL);
        const char *wait = zc_json_str(json, "wait", NULL);
        ZC_AUTO_MEM char *path = NULL;
        struct zc_job_target *t;
        char pointer[48];

        snprintf(pointer, sizeof(pointer), "/targets/%zu", index);
        if (evidence) {
                const char *copy;

                path = zc_config_path(s->config, evidence);
                copy = path ? zc_arena_strdup(s->o->arena, path) : NULL;
                return copy ? zc_list_add(s->o->arena, &s->evidence, copy, err)
                            : zc_fail(err, ZC_E_NOMEM, "no memory for the targets");
        }
        t = target_new(s, err);
        if (!t)
                return false;
        *t = (struct zc_job_target){
                .id = zc_json_str(json, "id", ""),
                .tags = json_object_get(json, "tags"),
                .zone = zc_json_str(json, "zone", NULL),
                .public_address = zc_json_str(json, "public", NULL),
                .require = json_object_get(json, "require"),
                .wait_ms = s->o->wait_ms,
        };
        if (wait && s->o->wait_ms == 0 && !zc_duration_parse(wait, &t->wait_ms))
                return zc_config_fail(s->config, pointer, err, "wait: \"%s\" is no duration", wait);
        return configured_hosts(s, json, t, pointer, err) &&
               configured_ports(s, json, t, pointer, err);
}

/** A word of the command line may be the id of a configured target: it then means all that is configured of it. */
static bool named(struct zc_settings *s, const char *text, struct zc_err *err)
{
        const json_t *targets =
                s->config ? json_object_get(zc_config_root(s->config), "targets") : NULL;
        const json_t *v;
        size_t i;

        json_array_foreach (targets, i, v) {
                if (strcmp(zc_json_str(v, "id", ""), text) == 0)
                        return configured(s, v, i, err);
        }
        return target_name(s, text, err);
}

/** One a line: what a word of the command line may be. */
static bool from_file(struct zc_settings *s, const char *path, struct zc_err *err)
{
        const char *shown = strcmp(path, "-") == 0 ? "standard input" : path;
        size_t len = 0, before = s->job.target_count + s->evidence.count;
        ZC_AUTO_MEM char *buf = NULL;
        struct zc_listing l;

        if (!zc_file_read(path, FILE_CAP, &buf, &len, err))
                return false;
        zc_listing_start(&l, shown, buf, len);
        while (zc_listing_next(&l, err)) {
                const char *word = zc_arena_strndup(s->o->arena, l.word, l.n);

                if (!word)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for the targets");
                if (!named(s, word, err))
                        return zc_ctx(err, "%s:%u:%zu", shown, l.line, l.column);
        }
        if (l.failed)
                return false;
        if (s->job.target_count + s->evidence.count == before)
                return zc_fail(err, ZC_E_USAGE, "%s: there is no target in it; write one a line",
                               shown);
        return true;
}

static bool from_config(struct zc_settings *s, struct zc_err *err)
{
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(zc_config_root(s->config), "targets"), i, v) {
                if (!configured(s, v, i, err))
                        return false;
        }
        return true;
}

const json_t *zc_settings_evidence_target(const struct zc_settings *s, size_t i)
{
        const json_t *v;
        size_t k;

        json_array_foreach (json_object_get(zc_config_root(s->config), "targets"), k, v) {
                if (zc_json_str(v, "evidence", NULL) && i-- == 0)
                        return v;
        }
        return NULL;
}

bool zc_settings_targets(struct zc_settings *s, struct zc_err *err)
{
        const struct zc_options *o = s->o;

        for (size_t i = 0; i < o->args.count; i++) {
                if (!named(s, o->args.item[i], err))
                        return false;
        }
        if (o->targets && !from_file(s, o->targets, err))
                return false;
        if (o->args.count == 0 && !o->targets && s->config && !from_config(s, err))
                return false;
        if (s->job.target_count + s->evidence.count > 0)
                return true;
        /* An empty list in a script must not turn into an audit of whatever machine it runs on. */
        if (o->terminal_in && (o->terminal_out || o->terminal_err))
                return target_name(s, "local", err);
        return zc_fail(err, ZC_E_USAGE,
                       "no target is named; to audit this machine, write: zerocrit %s local",
                       o->command->name);
}
