/** Profiles as files: their shape, and the chain of what each extends. What they come to is terms.c's. */
#include "zc/profile.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"
#include "pack_internal.h"
#include "zc/embed.h"
#include "zc/file.h"

#define PATH_BYTES_MAX ((size_t)4096)

static const char *const new_rules_words[] = { "ignore", "warn", "fail", NULL };

const struct zc_shape zc_gate_shape[] = {
        { "fail_on", ZC_SHAPE_TEXTS, false, NULL, NULL },
        { "require", ZC_SHAPE_TEXTS, false, NULL, NULL },
        { "max_new", ZC_SHAPE_INTEGER, false, NULL, NULL },
        { "new_rules", ZC_SHAPE_WORD, false, new_rules_words, NULL },
        { 0 },
};
static const struct zc_shape override_shape[] = {
        { "rule", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "severity", ZC_SHAPE_ANY, true, NULL, NULL },
        { "reason", ZC_SHAPE_TEXT, true, NULL, NULL },
        { 0 },
};
static const struct zc_shape param_shape[] = {
        { "value", ZC_SHAPE_ANY, true, NULL, NULL },
        { "reason", ZC_SHAPE_TEXT, true, NULL, NULL },
        { 0 },
};
static const struct zc_shape profile_shape[] = {
        { "profile", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "title", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "extends", ZC_SHAPE_TEXT, false, NULL, NULL },
        { "include", ZC_SHAPE_TEXTS, false, NULL, NULL },
        { "exclude", ZC_SHAPE_TEXTS, false, NULL, NULL },
        { "override", ZC_SHAPE_OBJECTS, false, NULL, override_shape },
        { "params", ZC_SHAPE_MAP, false, NULL, param_shape },
        { "gate", ZC_SHAPE_OBJECT, false, NULL, zc_gate_shape },
        { 0 },
};

bool zc_new_rules_parse(const char *s, enum zc_new_rules *out)
{
        for (size_t i = 0; new_rules_words[i]; i++) {
                if (strcmp(new_rules_words[i], s) == 0) {
                        *out = (enum zc_new_rules)i;
                        return true;
                }
        }
        return false;
}

/* ---- names ---- */

void zc_profile_names(struct zc_profile_names *out)
{
        size_t n = 0;

        *out = (struct zc_profile_names){ .list = { NULL } };
        for (size_t i = 0; i < zc_embedded_count && n < ZC_PROFILES_MAX; i++) {
                if (sscanf(zc_embedded[i].path, "rules/profiles/%63[^.].yaml", out->name[n]) == 1) {
                        out->list[n] = out->name[n];
                        n++;
                }
        }
        out->list[n] = NULL;
}

bool zc_profile_is_shipped(const char *name)
{
        struct zc_profile_names names;

        zc_profile_names(&names);
        for (size_t i = 0; names.list[i]; i++) {
                if (strcmp(names.list[i], name) == 0)
                        return true;
        }
        return false;
}

bool zc_profile_is_file(const char *name)
{
        size_t n = strlen(name);

        return strchr(name, '/') || (n > 5 && strcmp(name + n - 5, ".yaml") == 0) ||
               (n > 4 && strcmp(name + n - 4, ".yml") == 0);
}

bool zc_profile_is_packed(const char *name)
{
        return strchr(name, ':') && !zc_profile_is_file(name);
}

/** No pack that was loaded has it. */
static bool fail_packed(const struct zc_pack *packs, const char *name, struct zc_err *err)
{
        const json_t *profiles = packs ? zc_pack_profiles(packs) : NULL;
        const char *names[ZC_PROFILES_MAX + 1] = { NULL }, *key, *near;
        ZC_AUTO_TEXT have = { 0 };
        size_t n = 0;
        json_t *v;

        zc_text_init(&have, 256);
        json_object_foreach ((json_t *)(uintptr_t)profiles, key, v) {
                zc_text_printf(&have, "%s%s", have.len ? ", " : "", key);
                if (n < ZC_PROFILES_MAX)
                        names[n++] = key;
        }
        if (n == 0)
                return zc_fail(err, ZC_E_USAGE,
                               "no profile \"%.60s\": no pack that was named (--rules) has "
                               "profiles",
                               name);
        near = zc_nearest(name, names);
        return zc_fail(err, ZC_E_USAGE, "no profile \"%.60s\"; %s%s", name,
                       near ? "did you mean " : "the packs have ",
                       near ? near : zc_text_str(&have));
}

static bool fail_name(const char *name, struct zc_err *err)
{
        struct zc_profile_names names;
        const char *near;
        ZC_AUTO_TEXT have = { 0 };

        zc_profile_names(&names);
        near = zc_nearest(name, names.list);
        if (near)
                return zc_fail(err, ZC_E_USAGE, "no profile \"%.60s\"; did you mean %s?", name,
                               near);
        zc_text_init(&have, 256);
        for (size_t i = 0; names.list[i]; i++)
                zc_text_printf(&have, "%s%s", i ? ", " : "", names.list[i]);
        return zc_fail(err, ZC_E_USAGE, "no profile \"%.60s\"; there are %s, or name a FILE.yaml",
                       name, zc_text_str(&have));
}

/* ---- the chain ---- */

/** A severity of an override: a word, or a map by reach. */
static bool check_severity(const struct zc_yaml *y, const char *pointer, const json_t *severity,
                           struct zc_err *err)
{
        static const char *const words[] = { "info", "low", "medium", "high", "critical", NULL };
        static const struct zc_shape by_reach[] = {
                { "any", ZC_SHAPE_WORD, true, words, NULL },
                { "private", ZC_SHAPE_WORD, true, words, NULL },
                { "isolated", ZC_SHAPE_WORD, true, words, NULL },
                { "loopback", ZC_SHAPE_WORD, true, words, NULL },
                { 0 },
        };
        const char *near;
        enum zc_severity s;

        if (json_is_object(severity))
                return zc_shape_check(y, pointer, severity, "severity", by_reach, err);
        if (!json_is_string(severity))
                return zc_yaml_fail(y, pointer, err,
                                    "severity should be a word, or a mapping by reach (any, "
                                    "private, isolated, loopback)");
        if (zc_severity_parse(json_string_value(severity), &s))
                return true;
        near = zc_nearest(json_string_value(severity), words);
        return zc_yaml_fail(y, pointer, err, "there is no severity \"%.40s\"%s%s",
                            json_string_value(severity), near ? "; did you mean " : "",
                            near ? near : "");
}

static bool check_overrides(const struct zc_yaml *y, struct zc_err *err)
{
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(zc_yaml_root(y), "override"), i, v) {
                char pointer[64];

                snprintf(pointer, sizeof(pointer), "/override/%zu/severity", i);
                if (!check_severity(y, pointer, json_object_get(v, "severity"), err))
                        return false;
        }
        return true;
}

static bool add_text(struct zc_profile *p, const char *name, const char *text, size_t len,
                     bool shipped, struct zc_err *err)
{
        struct zc_profile_file f = { .shipped = shipped };

        if (!zc_yaml_parse(name, text, len, &f.yaml, err))
                return false;
        f.name = zc_json_str(zc_yaml_root(f.yaml), "profile", "");
        p->files[p->count++] = f; /* freed with the chain, whatever comes */
        return (zc_digest(text, len, p->files[p->count - 1].digest) ||
                zc_fail(err, ZC_E_NOMEM, "no SHA-256")) &&
               zc_shape_check(f.yaml, "", zc_yaml_root(f.yaml), "a profile", profile_shape, err) &&
               check_overrides(f.yaml, err);
}

static bool add_shipped(struct zc_profile *p, const char *name, struct zc_err *err)
{
        const struct zc_embedded *e;
        char path[128];

        snprintf(path, sizeof(path), "rules/profiles/%.80s.yaml", name);
        e = strchr(name, '/') ? NULL : zc_embedded_find(path);
        return e ? add_text(p, path, e->data, (size_t)(e->end - e->data), true, err)
                 : fail_name(name, err);
}

/** Whether a trusted key signed the pack of PACK:NAME. */
static bool is_signed(const struct zc_pack *packs, const char *name)
{
        size_t n = strcspn(name, ":");

        for (size_t i = 0; i < zc_pack_part_count(packs); i++) {
                const struct zc_pack_part *part = zc_pack_part(packs, i);

                if (part->origin == ZC_PACK_SIGNED && strlen(part->name) == n &&
                    strncmp(part->name, name, n) == 0)
                        return true;
        }
        return false;
}

static bool add_packed(struct zc_profile *p, const char *name, struct zc_err *err)
{
        const char *file;
        const char *text = p->pack ? zc_pack_profile(p->pack, name, &file) : NULL;
        struct zc_profile_file *f;

        if (!text)
                return fail_packed(p->pack, name, err);
        if (!add_text(p, file, text, strlen(text), false, err))
                return false;
        f = &p->files[p->count - 1];
        /* the pack's own text: it outlives the chain */
        f->name = json_object_iter_key(
                json_object_iter_at((json_t *)(uintptr_t)zc_pack_profiles(p->pack), name));
        f->packed = true;
        f->signed_pack = is_signed(p->pack, name);
        return true;
}

static bool add_file(struct zc_profile *p, const char *path, struct zc_err *err)
{
        ZC_AUTO_MEM char *text = NULL;
        size_t len = 0;

        if (!zc_file_guard(path, err) || !zc_file_read(path, ZC_YAML_MAX, &text, &len, err)) {
                err->code = ZC_E_USAGE; /* the user named it */
                return false;
        }
        return add_text(p, path, text, len, false, err);
}

/** What the last file extends, as its own path says it. */
static bool add_parent(struct zc_profile *p, const char *name, struct zc_err *err)
{
        const struct zc_profile_file *child = &p->files[p->count - 1];
        const char *from = zc_yaml_name(child->yaml);
        const char *slash = strrchr(from, '/');
        ZC_AUTO_TEXT path = { 0 };

        if (zc_profile_is_packed(name))
                return add_packed(p, name, err);
        if (!zc_profile_is_file(name))
                return add_shipped(p, name, err);
        if (child->shipped || child->packed)
                return zc_fail(err, ZC_E_USAGE, "%s",
                               child->shipped ? "a shipped profile extends shipped ones alone"
                                              : "a pack's profile extends shipped ones, and those "
                                                "of packs (PACK:NAME): no file, which nobody "
                                                "signed");
        zc_text_init(&path, PATH_BYTES_MAX);
        if (slash && *name != '/')
                zc_text_addn(&path, from, (size_t)(slash - from) + 1);
        zc_text_add(&path, name);
        return !path.cut ? add_file(p, zc_text_str(&path), err)
                         : zc_fail(err, ZC_E_USAGE, "the path is too long");
}

static bool add_parents(struct zc_profile *p, struct zc_err *err)
{
        for (;;) {
                const struct zc_yaml *y = p->files[p->count - 1].yaml;
                const char *extends = zc_json_str(zc_yaml_root(y), "extends", NULL);
                size_t before = p->count;

                if (!extends)
                        return true;
                if (p->count == ZC_PROFILE_CHAIN_MAX)
                        return zc_yaml_fail(y, "/extends", err,
                                            "the %uth profile in a row that extends another; does "
                                            "one of them extend itself?",
                                            ZC_PROFILE_CHAIN_MAX);
                if (!add_parent(p, extends, err)) {
                        const struct zc_err cause = *err;

                        return p->count > before /* what it extends is wrong itself */
                                       ? false
                                       : zc_yaml_fail(y, "/extends", err, "%s", cause.text);
                }
        }
}

/* ---- the contract ---- */

static bool add_named(struct zc_profile *p, const char *name, struct zc_err *err)
{
        if (zc_profile_is_packed(name))
                return add_packed(p, name, err);
        return zc_profile_is_file(name) ? add_file(p, name, err) : add_shipped(p, name, err);
}

bool zc_profile_load(const char *name, const struct zc_pack *packs, struct zc_profile **out,
                     struct zc_err *err)
{
        ZC_AUTO(zc_profile) p = calloc(1, sizeof(*p));

        if (!p)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a profile");
        p->pack = packs;
        if (!add_named(p, name, err) || !add_parents(p, err))
                return false;
        *out = ZC_TAKE(p);
        return true;
}

bool zc_profile_parse(const char *file, const char *text, size_t len, struct zc_profile **out,
                      struct zc_err *err)
{
        ZC_AUTO(zc_profile) p = calloc(1, sizeof(*p));

        if (!p)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a profile");
        if (!add_text(p, file, text, len, false, err) || !add_parents(p, err))
                return false;
        *out = ZC_TAKE(p);
        return true;
}

bool zc_profile_check(const char *file, const char *name, const char *text, size_t len,
                      struct zc_err *err)
{
        ZC_AUTO(zc_profile) p = calloc(1, sizeof(*p));
        const struct zc_profile_file *f;

        if (!p)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a profile");
        if (!add_text(p, file, text, len, false, err))
                return false;
        f = &p->files[0];
        return strcmp(f->name, name) == 0 ||
               zc_yaml_fail(f->yaml, "/profile", err,
                            "profile should be %.60s, as the file is called: that is what it is "
                            "asked for by",
                            name);
}

void zc_profile_free(struct zc_profile *p)
{
        if (!p)
                return;
        for (size_t i = 0; i < p->count; i++)
                zc_yaml_free(p->files[i].yaml);
        free(p);
}

const char *zc_profile_name(const struct zc_profile *p)
{
        return p->files[0].name;
}
