/**
 * What a configuration means, beyond its shape. A key whose feature this version lacks is refused, never ignored: whoever wrote it counts on it.
 */
#include "config_check.h"

#include <stdio.h>
#include <string.h>

#include "zc/clock.h"
#include "zc/probe.h"
#include "zc/profile.h"
#include "zc/report.h"
#include "zc/text.h"

/* Keys of the schema that this version does not serve; * is any list index. One table for `config check` and for every command. */
static const struct {
        const char *path, *why;
} unserved[] = {
        { "credentials", "this version cannot log in to services; remove it" },
        { "targets.*.credentials", "this version cannot log in to services; remove it" },
        { "active", "this version has no active tests; remove it" },
        { "store", "this version keeps no history; remove it, and keep report.json files" },
        { "schedule", "this version feeds no alert; remove it" },
        { "notify", "this version notifies nobody; remove it, and use the exit status" },
        { "scope.rate.per_network", "this version has no rate per network; set scope.rate.total" },
        { "expect.*.tls", "this version has no expectations of TLS; remove it" },
        { "expect.*.auth_required", "this version has no expectations of HTTP; remove it" },
        { "reports.redact",
          "this version cannot redact; remove it, and restrict who reads the report" },
};

/* Probes that the configuration's examples name and that this version has not got. */
static const char *const later_probes[] = {
        "tls", "http", "postgres", "redis", "ssh", "host", NULL
};

struct checker {
        const struct zc_config *c;
        const json_t *root;
        struct zc_err *err;
};

/** The first value at a dotted path with *; its JSON Pointer goes to out. */
static bool path_find(const json_t *at, const char *path, struct zc_text *out)
{
        char key[64];
        size_t n = strcspn(path, ".");
        size_t keep = out->len;
        const json_t *v;
        size_t i;

        if (n == 0 || n >= sizeof(key))
                return n == 0;
        memcpy(key, path, n);
        key[n] = '\0';
        path += n + (path[n] == '.');
        if (strcmp(key, "*") != 0) {
                v = json_object_get(at, key);
                zc_json_pointer_add(out, key);
                return v && path_find(v, path, out);
        }
        json_array_foreach (at, i, v) {
                out->len = keep;
                zc_text_printf(out, "/%zu", i);
                if (path_find(v, path, out))
                        return true;
        }
        return false;
}

static bool check_unserved(const struct checker *k)
{
        for (size_t i = 0; i < ZC_COUNT(unserved); i++) {
                ZC_AUTO_TEXT pointer = { 0 };

                zc_text_init(&pointer, 512);
                if (path_find(k->root, unserved[i].path, &pointer))
                        return zc_config_fail(k->c, zc_text_str(&pointer), k->err, "%s: %s",
                                              unserved[i].path, unserved[i].why);
        }
        return true;
}

static bool word_in(const char *word, const char *const *words)
{
        for (size_t i = 0; words[i]; i++) {
                if (strcmp(words[i], word) == 0)
                        return true;
        }
        return false;
}

static bool check_probe(const struct checker *k, const char *pointer, const char *id)
{
        const char *words[64];
        const char *near;
        size_t n = 0;

        if (zc_probe_find(id))
                return true;
        if (word_in(id, later_probes))
                return zc_config_fail(k->c, pointer, k->err,
                                      "require: this version has no probe \"%s\": it could never "
                                      "be shown; remove it",
                                      id);
        for (size_t i = 0; zc_probes[i] && n < ZC_COUNT(words) - 1; i++)
                words[n++] = zc_probes[i]->id;
        words[n] = NULL;
        near = zc_nearest(id, words);
        if (near)
                return zc_config_fail(k->c, pointer, k->err,
                                      "require: there is no probe \"%.64s\"; did you mean %s?", id,
                                      near);
        return zc_config_fail(k->c, pointer, k->err,
                              "require: there is no probe \"%.64s\"; `zerocrit doctor` lists them",
                              id);
}

static bool check_require(const struct checker *k, const json_t *target, size_t index)
{
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(target, "require"), i, v) {
                char pointer[64];

                snprintf(pointer, sizeof(pointer), "/targets/%zu/require/%zu", index, i);
                if (!check_probe(k, pointer, json_string_value(v)))
                        return false;
        }
        return true;
}

static bool check_target(const struct checker *k, const json_t *target, size_t index)
{
        const json_t *hosts = json_object_get(target, "hosts");
        const char *id = zc_json_str(target, "id", "");
        char pointer[64];

        snprintf(pointer, sizeof(pointer), "/targets/%zu", index);
        if (!hosts && !json_object_get(target, "evidence"))
                return zc_config_fail(
                        k->c, pointer, k->err,
                        "targets[%zu]: names nothing; add hosts: [...], or evidence: FILE", index);
        if (hosts && json_object_get(target, "evidence"))
                return zc_config_fail(
                        k->c, pointer, k->err,
                        "targets[%zu]: has hosts and evidence; make two targets of it", index);
        if (hosts && json_array_size(hosts) == 0)
                return zc_config_fail(
                        k->c, pointer, k->err,
                        "targets[%zu]: hosts is empty; name a host, or remove the target", index);
        for (size_t i = 0; i < index; i++) {
                const json_t *other = json_array_get(json_object_get(k->root, "targets"), i);

                if (strcmp(zc_json_str(other, "id", ""), id) == 0)
                        return zc_config_fail(
                                k->c, pointer, k->err,
                                "targets[%zu]: the id \"%s\" is taken by targets[%zu]", index, id,
                                i);
        }
        return check_require(k, target, index);
}

static bool check_targets(const struct checker *k)
{
        const json_t *targets = json_object_get(k->root, "targets");
        const json_t *v;
        size_t i;

        if (targets && json_array_size(targets) == 0)
                return zc_config_fail(
                        k->c, "/targets", k->err,
                        "targets: the list is empty; name a target, or remove the key");
        json_array_foreach (targets, i, v) {
                if (!check_target(k, v, i))
                        return false;
        }
        return true;
}

/** A file, or a pack's profile, is looked for when it is needed; a name must be one of ours. */
static bool check_profile(const struct checker *k)
{
        const char *profile = zc_json_str(k->root, "profile", "default");
        struct zc_profile_names names;
        const char *near;

        if (zc_profile_is_file(profile) || zc_profile_is_packed(profile) ||
            zc_profile_is_shipped(profile))
                return true;
        zc_profile_names(&names);
        near = zc_nearest(profile, names.list);
        return zc_config_fail(k->c, "/profile", k->err,
                              "profile: there is no profile \"%.64s\"%s%s, nor is it a FILE.yaml",
                              profile, near ? "; did you mean " : "", near ? near : "");
}

static bool check_authorisation(const struct checker *k)
{
        const char *from = zc_json_str(k->root, "authorisation.from", NULL);
        const char *until = zc_json_str(k->root, "authorisation.until", NULL);
        int64_t a, b;

        if (from && until && zc_time_parse(from, &a) && zc_time_parse(until, &b) && a >= b)
                return zc_config_fail(k->c, "/authorisation/until", k->err,
                                      "authorisation.until: not after authorisation.from");
        return true;
}

/** "tag:x" and "id:x" of an expectation must select a target that the configuration has. */
static bool selects(const json_t *targets, const char *selector)
{
        bool tag = strncmp(selector, "tag:", 4) == 0;
        const char *name = strchr(selector, ':') + 1;
        const json_t *t, *v;
        size_t i, j;

        json_array_foreach (targets, i, t) {
                if (!tag && strcmp(zc_json_str(t, "id", ""), name) == 0)
                        return true;
                json_array_foreach (json_object_get(t, "tags"), j, v) {
                        if (tag && strcmp(json_string_value(v), name) == 0)
                                return true;
                }
        }
        return false;
}

static bool check_expect(const struct checker *k)
{
        const json_t *targets = json_object_get(k->root, "targets");
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(k->root, "expect"), i, v) {
                const char *selector = zc_json_str(v, "for", "");
                char pointer[48];

                snprintf(pointer, sizeof(pointer), "/expect/%zu", i);
                if (!json_object_get(v, "open_only") && !json_object_get(v, "closed"))
                        return zc_config_fail(k->c, pointer, k->err,
                                              "expect[%zu]: expects nothing; add open_only: "
                                              "[443/tcp] or closed: [5432/tcp]",
                                              i);
                snprintf(pointer, sizeof(pointer), "/expect/%zu/for", i);
                if (targets && !selects(targets, selector))
                        return zc_config_fail(k->c, pointer, k->err,
                                              "expect[%zu].for: no target has \"%.64s\"", i,
                                              selector);
        }
        return true;
}

static bool check_format(const struct checker *k, const char *pointer, const char *name)
{
        const char *near;
        ZC_AUTO_TEXT have = { 0 };

        zc_text_init(&have, 256);
        if (zc_format_find(name))
                return true;
        for (size_t i = 0; zc_formats[i]; i++)
                zc_text_printf(&have, "%s%s", i ? ", " : "", zc_formats[i]->name);
        near = zc_nearest(name, zc_format_names());
        if (near)
                return zc_config_fail(k->c, pointer, k->err,
                                      "reports: there is no format \"%.64s\"; did you mean %s?",
                                      name, near);
        return zc_config_fail(k->c, pointer, k->err,
                              "reports: this version cannot write %.64s; it has %s", name,
                              zc_text_str(&have));
}

static bool check_reports(const struct checker *k)
{
        json_t *reports = json_object_get(k->root, "reports");
        const json_t *v, *formats = json_object_get(reports, "formats");
        const char *key;
        char pointer[64];
        size_t i;

        if (json_object_get(reports, "dir") && json_array_size(formats) == 0)
                return zc_config_fail(k->c, "/reports/dir", k->err,
                                      "reports.dir: which formats go there? add formats: [json]");
        if (formats && !json_object_get(reports, "dir"))
                return zc_config_fail(k->c, "/reports/formats", k->err,
                                      "reports.formats: where to? add dir: FOLDER");
        json_array_foreach (formats, i, v) {
                const struct zc_format *f = zc_format_find(json_string_value(v));

                snprintf(pointer, sizeof(pointer), "/reports/formats/%zu", i);
                if (!check_format(k, pointer, json_string_value(v)))
                        return false;
                if (!f || !f->file)
                        return zc_config_fail(k->c, pointer, k->err,
                                              "reports.formats: %s has no usual file name; write "
                                              "reports: {%s: PATH}",
                                              json_string_value(v), json_string_value(v));
        }
        json_object_foreach (reports, key, v) {
                snprintf(pointer, sizeof(pointer), "/reports/%.48s", key);
                if (strcmp(key, "dir") != 0 && strcmp(key, "formats") != 0 &&
                    !check_format(k, pointer, key))
                        return false;
        }
        return true;
}

static bool check_numbers(const struct checker *k)
{
        const json_t *max_new = zc_json_at(k->root, "gate.max_new");
        const json_t *concurrency = zc_json_at(k->root, "limits.concurrency");

        if (max_new && json_integer_value(max_new) < 0)
                return zc_config_fail(k->c, "/gate/max_new", k->err,
                                      "gate.max_new: a count is not negative");
        if (concurrency &&
            (json_integer_value(concurrency) < 1 || json_integer_value(concurrency) > 65000))
                return zc_config_fail(k->c, "/limits/concurrency", k->err,
                                      "limits.concurrency: a number from 1 to 65000");
        return true;
}

bool zc_config_meaning(const struct zc_config *c, struct zc_err *err)
{
        const struct checker k = { .c = c, .root = zc_config_root(c), .err = err };

        return check_unserved(&k) && check_profile(&k) && check_authorisation(&k) &&
               check_targets(&k) && check_expect(&k) && check_numbers(&k) && check_reports(&k);
}
