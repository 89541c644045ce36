/** Packs on their way out: the files, and a manifest that names them, ready to be signed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pack_internal.h"
#include "zc/embed.h"
#include "zc/file.h"
#include "zc/text.h"

struct item {
        const char *path; /* in the pack */
        const char *bytes;
        size_t len;
        char *own; /* bytes that were read, or NULL */
};

struct export
{
        const struct zc_pack_export *what;
        struct zc_folder folder;
        struct zc_manifest manifest; /* the folder's own, where name and version come from it */
        const char *name, *version;
        struct item *items;
        size_t count;
        struct zc_err *err;
};

static void export_release(struct export *x)
{
        for (size_t i = 0; i < x->count; i++)
                free(x->items[i].own);
        free(x->items);
        zc_manifest_release(&x->manifest);
        zc_folder_close(&x->folder);
}

/* ---- what goes in ---- */

static bool items_room(struct export *x, size_t n)
{
        x->items = calloc(n + 1, sizeof(*x->items));
        return x->items || zc_fail(x->err, ZC_E_NOMEM, "no memory for a pack");
}

static bool take_builtin(struct export *x)
{
        if (!items_room(x, zc_embedded_count))
                return false;
        for (size_t i = 0; i < zc_embedded_count; i++) {
                const struct zc_embedded *e = &zc_embedded[i];

                if (strncmp(e->path, "rules/", 6) == 0)
                        x->items[x->count++] = (struct item){ .path = e->path + 6,
                                                              .bytes = e->data,
                                                              .len = (size_t)(e->end - e->data) };
        }
        x->name = ZC_PACK_BUILTIN_NAME;
        x->version = ZC_VERSION;
        return true;
}

/** Name and version as given, else of the manifest that the folder has, which nothing else is taken from. */
static bool take_name(struct export *x)
{
        const struct zc_pack_export *e = x->what;
        ZC_AUTO_MEM char *buf = NULL;
        struct zc_version v;
        size_t len = 0;
        bool has = false;

        x->name = e->name;
        x->version = e->version;
        if (!e->name) {
                if (!zc_folder_has(e->folder, ZC_PACK_MANIFEST, &has, x->err))
                        return false;
                if (!has)
                        return zc_fail(
                                x->err, ZC_E_USAGE,
                                "what is the pack called? zerocrit rules export %s NAME 1.0.0",
                                e->folder);
                if (!zc_folder_read(&x->folder, ZC_PACK_MANIFEST, ZC_YAML_MAX, &buf, &len,
                                    x->err) ||
                    !zc_manifest_parse(ZC_PACK_MANIFEST, buf, len, &x->manifest, x->err))
                        return false;
                x->name = x->manifest.name;
                x->version = x->manifest.version;
        }
        if (!zc_pack_name_ok(x->name))
                return zc_fail(
                        x->err, ZC_E_USAGE,
                        "\"%.70s\" is no name of a pack: small letters, digits and -, a letter "
                        "first",
                        x->name);
        return zc_version_parse(x->version, &v) ||
               zc_fail(x->err, ZC_E_USAGE, "\"%.40s\" is no version: three numbers, 1.4.0",
                       x->version);
}

static bool take_folder(struct export *x)
{
        struct zc_folder *f = &x->folder;

        if (!zc_folder_open(x->what->folder, ZC_FOLDER_VISIBLE, f, x->err) || !take_name(x) ||
            !items_room(x, f->count))
                return false;
        for (size_t i = 0; i < f->count; i++) {
                struct item *item = &x->items[x->count];

                if (strcmp(f->path[i], ZC_PACK_MANIFEST) == 0 ||
                    strcmp(f->path[i], ZC_PACK_SIGNATURE) == 0)
                        continue;
                if (!zc_pack_path_ok(f->path[i]))
                        return zc_fail(
                                x->err, ZC_E_USAGE,
                                "%s/%.80s cannot be in a pack: its name has other signs than "
                                "letters, digits, _ - and .",
                                f->name, f->path[i]);
                if (!zc_folder_read(f, f->path[i], ZC_YAML_MAX, &item->own, &item->len, x->err))
                        return false;
                item->path = f->path[i];
                item->bytes = item->own;
                x->count++;
        }
        return x->count > 0 || zc_fail(x->err, ZC_E_USAGE, "%s holds no file", x->what->folder);
}

static bool take(struct export *x)
{
        return x->what->folder ? take_folder(x) : take_builtin(x);
}

/* ---- what comes out ---- */

static bool manifest_write(const struct export *x, struct zc_out *out)
{
        zc_out_printf(out,
                      "schema: " ZC_PACK_SCHEMA "\nname: %s\nversion: %s\nmin_zerocrit: " ZC_VERSION
                      "\ncreated: %s\nfiles:\n",
                      x->name, x->version, x->what->created);
        for (size_t i = 0; i < x->count; i++) {
                char hex[65];

                if (!zc_sha256_hex(x->items[i].bytes, x->items[i].len, hex))
                        return zc_fail(x->err, ZC_E_NOMEM, "no SHA-256");
                zc_out_printf(out, "  %s: sha256:%s\n", x->items[i].path, hex);
        }
        return true;
}

bool zc_pack_export_stream(const struct zc_pack_export *e, struct zc_out *out, struct zc_err *err)
{
        struct export x = { .what = e, .folder = { .fd = -1 }, .err = err };
        bool ok = take(&x) && manifest_write(&x, out);

        for (size_t i = 0; ok && i < x.count; i++) {
                zc_out_printf(out, "---\n# %s\n", x.items[i].path);
                zc_out_write(out, x.items[i].bytes, x.items[i].len);
        }
        export_release(&x);
        return ok;
}

/** The folders of a path, one after another; text is the whole path, which stands in a folder that exists up to `from`. */
static bool make_folders(char *text, size_t from, struct zc_err *err)
{
        for (char *s = text + from; (s = strchr(s, '/')) != NULL; s++) {
                bool made;

                *s = '\0';
                made = mkdir(text, 0755) == 0 || errno == EEXIST;
                if (!made)
                        zc_fail_errno(err, "cannot make the folder %s", text);
                *s = '/';
                if (!made)
                        return false;
        }
        return true;
}

static bool file_write(const struct export *x, const char *folder, const char *path,
                       const struct item *item)
{
        ZC_AUTO(zc_out) out = NULL;
        ZC_AUTO_MEM char *full = NULL;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 8192);
        zc_text_printf(&t, "%s/%s", folder, path);
        full = zc_text_steal(&t);
        if (!full)
                return zc_fail(x->err, ZC_E_NOMEM, "no memory for a pack");
        if (!make_folders(full, strlen(folder) + 1, x->err) ||
            !zc_out_open(full, 0644, &out, x->err))
                return false;
        if (item)
                zc_out_write(out, item->bytes, item->len);
        else if (!manifest_write(x, out))
                return false;
        return zc_out_commit(out, x->err);
}

/** A folder of its own; an empty one will do. */
static bool folder_new(const char *path, struct zc_err *err)
{
        struct zc_folder there = { .fd = -1 };
        bool empty;

        if (mkdir(path, 0755) == 0)
                return true;
        if (errno != EEXIST)
                return zc_fail_errno(err, "cannot make the folder %s", path);
        empty = zc_folder_open(path, ZC_FOLDER_ALL, &there, err) && there.seen == 0;
        zc_folder_close(&there);
        return empty || zc_fail(err, ZC_E_USAGE, "%s is there already; name a new folder", path);
}

/** The manifest comes last: a folder without one is no pack. */
bool zc_pack_export_folder(const struct zc_pack_export *e, const char *path, size_t *files,
                           struct zc_err *err)
{
        struct export x = { .what = e, .folder = { .fd = -1 }, .err = err };
        bool ok = take(&x) && folder_new(path, err);

        for (size_t i = 0; ok && i < x.count; i++)
                ok = file_write(&x, path, x.items[i].path, &x.items[i]);
        ok = ok && file_write(&x, path, ZC_PACK_MANIFEST, NULL);
        *files = x.count;
        export_release(&x);
        return ok;
}
