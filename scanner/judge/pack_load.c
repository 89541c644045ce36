/** From a path to rules: a file, a folder, or a pack whose signature, manifest and digests are held against each other first. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pack_internal.h"
#include "zc/file.h"
#include "zc/text.h"

#define SIGNATURE_FILE_MAX ((size_t)4096)

/* A pack while it is opened. */
struct opening {
        const char *path;
        const struct zc_pack_policy *policy;
        struct zc_folder folder;
        struct zc_manifest manifest;
        struct zc_pack_part part;
        char *bytes; /* of the manifest */
        size_t len;
        struct zc_err *err;
};

/* ---- plain rules ---- */

static bool has_suffix(const char *s, const char *end)
{
        size_t n = strlen(s), m = strlen(end);

        return n >= m && strcmp(s + n - m, end) == 0;
}

bool zc_pack_path_is_rules(const char *path)
{
        bool yaml = has_suffix(path, ".yaml") || has_suffix(path, ".yml");

        return yaml && strncmp(path, "profiles/", 9) != 0 && !strstr(path, "/profiles/") &&
               strncmp(path, "frameworks/", 11) != 0 && !strstr(path, "/frameworks/") &&
               strcmp(path, ZC_PACK_MANIFEST) != 0;
}

static bool load_below(struct zc_pack *p, struct zc_folder *f, struct zc_err *err)
{
        for (size_t i = 0; i < f->count; i++) {
                ZC_AUTO_MEM char *buf = NULL;
                ZC_AUTO_TEXT name = { 0 };
                size_t len = 0;

                if (!zc_pack_path_is_rules(f->path[i]))
                        continue;
                zc_text_init(&name, 8192);
                zc_text_printf(&name, "%s/%s", f->name, f->path[i]);
                if (!zc_folder_read(f, f->path[i], ZC_YAML_MAX, &buf, &len, err) ||
                    !zc_pack_load_text(p, zc_text_str(&name), buf, len, err))
                        return false;
        }
        return true;
}

bool zc_pack_load_path(struct zc_pack *p, const char *path, struct zc_err *err)
{
        ZC_AUTO_MEM char *buf = NULL;
        struct zc_folder f;
        struct stat st;
        size_t len = 0;
        bool ok;

        if (stat(path, &st) != 0)
                return zc_fail_errno(err, "cannot read rules from %s", path);
        if (!S_ISDIR(st.st_mode))
                return zc_file_read(path, ZC_YAML_MAX, &buf, &len, err) &&
                       zc_pack_load_text(p, path, buf, len, err);
        if (!zc_folder_open(path, ZC_FOLDER_RULES, &f, err))
                return false;
        ok = zc_folder_fits(&f, f.size, err) && load_below(p, &f, err);
        zc_folder_close(&f);
        return ok;
}

/** A part without a manifest is called as the last part of its path. */
static void part_plain(struct zc_pack_part *part, const char *path, const struct zc_pack *p)
{
        size_t end = strlen(path), start;
        ZC_AUTO_TEXT name = { 0 };

        while (end > 1 && path[end - 1] == '/')
                end--;
        for (start = end; start > 0 && path[start - 1] != '/';)
                start--;
        zc_text_init(&name, sizeof(part->name) - 1);
        zc_text_escape(&name, path + start, end - start);
        *part = (struct zc_pack_part){ .origin = ZC_PACK_UNSIGNED };
        snprintf(part->name, sizeof(part->name), "%s", zc_text_str(&name));
        snprintf(part->digest, sizeof(part->digest), "%s", zc_pack_digest(p));
}

bool zc_pack_add(struct zc_pack *p, const char *path, struct zc_err *err)
{
        ZC_AUTO(zc_pack) more = zc_pack_new();
        struct zc_pack_part part;

        if (!more)
                return zc_fail(err, ZC_E_NOMEM, "no memory for rules");
        if (!zc_pack_load_path(more, path, err))
                return false;
        if (zc_pack_count(more) == 0)
                return zc_fail(err, ZC_E_USAGE, "%s holds no rule file (*.yaml)", path);
        if (!zc_pack_digest_files(more, err))
                return false;
        part_plain(&part, path, more);
        return zc_pack_merge(p, more, &part, err);
}

bool zc_pack_add_text(struct zc_pack *p, const char *name, const char *text, size_t len,
                      struct zc_err *err)
{
        ZC_AUTO(zc_pack) more = zc_pack_new();
        struct zc_pack_part part;

        if (!more)
                return zc_fail(err, ZC_E_NOMEM, "no memory for rules");
        if (!zc_pack_load_text(more, name, text, len, err) || !zc_pack_digest_files(more, err))
                return false;
        part_plain(&part, name, more);
        return zc_pack_merge(p, more, &part, err);
}

/* ---- signed packs ---- */

static bool unsigned_refused(const struct opening *o, const char *what)
{
        if (o->policy->allow_unsigned)
                return true;
        return zc_fail(
                o->err, ZC_E_USAGE,
                "%s: %s, so nobody answers for these rules; sign it (docs/rules.md), or take "
                "it with --allow-unsigned, which the report will say",
                o->path, what);
}

/** The signature, before anything of the pack is parsed. */
static bool check_signature(struct opening *o)
{
        ZC_AUTO_MEM char *buf = NULL;
        uint8_t signature[ZC_SIGNATURE_SIZE];
        const char *key;
        size_t len = 0;
        bool has = false;

        if (!zc_folder_has(o->path, ZC_PACK_SIGNATURE, &has, o->err))
                return false;
        if (!has)
                return unsigned_refused(o, "there is no " ZC_PACK_SIGNATURE);
        if (!zc_folder_read(&o->folder, ZC_PACK_SIGNATURE, SIGNATURE_FILE_MAX, &buf, &len, o->err))
                return false;
        if (!zc_signature_read(buf, len, signature, o->err))
                return zc_ctx(o->err, "%s/" ZC_PACK_SIGNATURE, o->path);
        if (!o->policy->trust)
                return o->policy->allow_unsigned ||
                       zc_fail(o->err, ZC_E_USAGE,
                               "%s is signed, and there is no trust file %s to say by whom it may "
                               "be; name one with --trust",
                               o->path, o->policy->trust_path);
        key = zc_trust_signer(o->policy->trust, signature, o->bytes, o->len, o->err);
        if (!key)
                return zc_ctx(o->err, "%s", o->path);
        o->part.origin = ZC_PACK_SIGNED;
        snprintf(o->part.key, sizeof(o->part.key), "%s", key);
        return true;
}

/** Who may sign it, what it needs, and that it is not older than what was there before. */
static bool check_manifest(struct opening *o)
{
        struct zc_manifest *m = &o->manifest;
        struct zc_version own;
        ZC_AUTO_TEXT name = { 0 };

        zc_text_init(&name, 8192);
        zc_text_printf(&name, "%s/" ZC_PACK_MANIFEST, o->path);
        if (!zc_manifest_parse(zc_text_str(&name), o->bytes, o->len, m, o->err))
                return false;
        snprintf(o->part.name, sizeof(o->part.name), "%s", m->name);
        snprintf(o->part.version, sizeof(o->part.version), "%s", m->version);
        if (o->part.origin == ZC_PACK_SIGNED &&
            !zc_trust_allows(o->policy->trust, o->part.key, m, o->policy->now_ms, o->err))
                return zc_ctx(o->err, "%s", o->path);
        return !zc_version_parse(ZC_VERSION, &own) || zc_version_compare(own, m->least) >= 0 ||
               zc_yaml_fail(m->yaml, "/min_zerocrit", o->err,
                            "%s %s needs a newer zerocrit than this one, " ZC_VERSION, m->name,
                            m->version);
}

/** Two sorted lists: what is there and what the manifest names must be the same. */
static bool check_listing(const struct opening *o)
{
        const struct zc_folder *f = &o->folder;
        const struct zc_manifest *m = &o->manifest;
        size_t i = 0, k = 0;

        while (i < f->count || k < m->file_count) {
                int c = i == f->count        ? 1
                        : k == m->file_count ? -1
                                             : strcmp(f->path[i], m->files[k].path);

                if (c < 0 && strcmp(f->path[i], ZC_PACK_MANIFEST) != 0 &&
                    strcmp(f->path[i], ZC_PACK_SIGNATURE) != 0) {
                        ZC_AUTO_TEXT shown = { 0 };

                        zc_text_init(&shown, 200);
                        zc_text_escape(&shown, f->path[i], strlen(f->path[i]));
                        return zc_fail(o->err, ZC_E_USAGE,
                                       "%s/%s is not in the manifest, which names every file",
                                       o->path, zc_text_str(&shown));
                }
                if (c > 0)
                        return zc_fail(o->err, ZC_E_USAGE,
                                       "the manifest names %.200s, and %s has no such file",
                                       m->files[k].path, o->path);
                i += c <= 0;
                k += c >= 0;
        }
        return true;
}

/** "profiles/NAME.yaml": the pack's profile PACK:NAME; other files are none. */
static bool take_profile(const struct opening *o, struct zc_pack *p, const char *path,
                         const char *file, const char *buf, size_t len)
{
        static const char folder[] = "profiles/";
        const char *stem = path + sizeof(folder) - 1, *dot = strrchr(path, '.');
        ZC_AUTO_TEXT name = { 0 };
        ZC_AUTO_TEXT called = { 0 };

        if (strncmp(path, folder, sizeof(folder) - 1) != 0 || strchr(stem, '/') ||
            !(has_suffix(path, ".yaml") || has_suffix(path, ".yml")))
                return true;
        zc_text_init(&name, 512);
        zc_text_addn(&name, stem, (size_t)(dot - stem));
        zc_text_init(&called, 512);
        zc_text_printf(&called, "%s:%s", o->manifest.name, zc_text_str(&name));
        return zc_profile_check(file, zc_text_str(&name), buf, len, o->err) &&
               zc_pack_keep_profile(p, zc_text_str(&called), file, buf, len, o->err);
}

/** Every file's bytes against the manifest; those of rules and profiles are parsed only then. */
static bool load_files(struct opening *o, struct zc_pack *p)
{
        for (size_t i = 0; i < o->manifest.file_count; i++) {
                const struct zc_manifest_file *file = &o->manifest.files[i];
                ZC_AUTO_MEM char *buf = NULL;
                ZC_AUTO_TEXT name = { 0 };
                char hex[65];
                size_t len = 0;

                if (!zc_folder_read(&o->folder, file->path, ZC_YAML_MAX, &buf, &len, o->err))
                        return false;
                zc_text_init(&name, 8192);
                zc_text_printf(&name, "%s/%s", o->path, file->path);
                if (!zc_sha256_hex(buf, len, hex))
                        return zc_fail(o->err, ZC_E_NOMEM, "no SHA-256");
                if (strcmp(hex, file->sha256) != 0)
                        return zc_fail(
                                o->err, ZC_E_USAGE,
                                "%s is not the file that the manifest names: its SHA-256 is %s",
                                zc_text_str(&name), hex);
                if (zc_pack_path_is_rules(file->path) &&
                    !zc_pack_load_text(p, zc_text_str(&name), buf, len, o->err))
                        return false;
                if (!take_profile(o, p, file->path, zc_text_str(&name), buf, len))
                        return false;
        }
        return zc_pack_count(p) > 0 ||
               zc_fail(o->err, ZC_E_USAGE, "%s holds no rule file (*.yaml)", o->path);
}

static bool open_manifest(struct opening *o, struct zc_pack *p)
{
        char hex[65];

        if (!zc_folder_open(o->path, ZC_FOLDER_ALL, &o->folder, o->err) ||
            !zc_folder_fits(&o->folder, o->folder.size, o->err) ||
            !zc_folder_read(&o->folder, ZC_PACK_MANIFEST, ZC_YAML_MAX, &o->bytes, &o->len,
                            o->err) ||
            !check_signature(o) || !check_manifest(o) || !check_listing(o) || !load_files(o, p))
                return false;
        if (!zc_sha256_hex(o->bytes, o->len, hex))
                return zc_fail(o->err, ZC_E_NOMEM, "no SHA-256");
        snprintf(o->part.digest, sizeof(o->part.digest), "sha256:%s", hex);
        return true;
}

/* ---- in place of the rules compiled in ---- */

/** The pack that `rules export` writes, changed or not, stands for the rules that it came from. */
static bool replaces_builtin(const struct opening *o, const struct zc_pack *p)
{
        return strcmp(o->part.name, ZC_PACK_BUILTIN_NAME) == 0 && zc_pack_part_count(p) > 0 &&
               zc_pack_part(p, 0)->origin == ZC_PACK_BUILTIN;
}

static bool drop_builtin(const struct opening *o, struct zc_pack *p)
{
        struct zc_version own;

        if (o->part.origin != ZC_PACK_SIGNED)
                return zc_fail(
                        o->err, ZC_E_USAGE,
                        "%s calls itself " ZC_PACK_BUILTIN_NAME
                        ", and would take the place of the rules compiled in: nobody who may "
                        "has signed it; give it another name to add it to them",
                        o->path);
        if (zc_pack_part_count(p) > 1)
                return zc_fail(
                        o->err, ZC_E_USAGE,
                        "%s takes the place of the rules compiled in; name it before the other "
                        "--rules",
                        o->path);
        if (zc_version_parse(ZC_VERSION, &own) && zc_version_compare(o->manifest.number, own) < 0)
                return zc_fail(o->err, ZC_E_USAGE,
                               "%s %s is older than the rules compiled in, " ZC_VERSION
                               ": refused, as a rollback",
                               o->path, o->manifest.version);
        zc_pack_clear(p);
        return true;
}

bool zc_pack_open(struct zc_pack *p, const char *path, const struct zc_pack_policy *policy,
                  struct zc_err *err)
{
        struct opening o = { .path = path,
                             .policy = policy,
                             .folder = { .fd = -1 },
                             .part = { .origin = ZC_PACK_UNSIGNED },
                             .err = err };
        ZC_AUTO(zc_pack) more = zc_pack_new();
        struct stat st;
        bool has = false, ok;

        if (!more)
                return zc_fail(err, ZC_E_NOMEM, "no memory for rules");
        if (stat(path, &st) != 0)
                return zc_fail_errno(err, "cannot read rules from %s", path);
        if (S_ISDIR(st.st_mode) && !zc_folder_has(path, ZC_PACK_MANIFEST, &has, err))
                return false;
        if (!has)
                return unsigned_refused(&o, S_ISDIR(st.st_mode) ? "there is no " ZC_PACK_MANIFEST
                                                                : "it is not a pack") &&
                       zc_pack_add(p, path, err);
        ok = open_manifest(&o, more) && (!replaces_builtin(&o, p) || drop_builtin(&o, p)) &&
             zc_pack_merge(p, more, &o.part, err);
        zc_folder_close(&o.folder);
        zc_manifest_release(&o.manifest);
        free(o.bytes);
        return ok;
}

/* ---- parts ---- */

json_t *zc_pack_parts_json(const struct zc_pack *p)
{
        static const char *const origins[] = { [ZC_PACK_BUILTIN] = "built-in",
                                               [ZC_PACK_SIGNED] = "signed",
                                               [ZC_PACK_UNSIGNED] = "unsigned" };
        json_t *out = json_array();

        for (size_t i = 0; i < zc_pack_part_count(p); i++) {
                const struct zc_pack_part *part = zc_pack_part(p, i);

                json_array_append_new(out, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "origin",
                                                     origins[part->origin], "name", part->name,
                                                     "version", part->version, "key", part->key,
                                                     "digest", part->digest, "rules",
                                                     (json_int_t)part->rules));
        }
        return out;
}
