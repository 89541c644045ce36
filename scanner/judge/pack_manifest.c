/** The manifest of a pack: what it is called, and the digest of every file. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "pack_internal.h"
#include "zc/clock.h"
#include "zc/text.h"

#define PART_MAX 999999999u
#define PATH_MAX_LEN 200u
#define PATH_PARTS_MAX 8u

static const char *const schemas[] = { ZC_PACK_SCHEMA, NULL };
static const struct zc_shape manifest_shape[] = {
        { "schema", ZC_SHAPE_WORD, true, schemas, NULL },
        { "name", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "version", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "min_zerocrit", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "created", ZC_SHAPE_TIME, true, NULL, NULL },
        { "files", ZC_SHAPE_OBJECT, true, NULL, NULL },
        { 0 },
};

/* ---- versions ---- */

/** One number without leading zeroes; the rest, or NULL. */
static const char *version_part(const char *s, uint32_t *out)
{
        size_t n = strspn(s, "0123456789");
        uint64_t v;

        if (n == 0 || n > 9 || (n > 1 && s[0] == '0') || !zc_parse_uint(s, n, PART_MAX, &v))
                return NULL;
        *out = (uint32_t)v;
        return s + n;
}

bool zc_version_parse(const char *s, struct zc_version *out)
{
        for (size_t i = 0; i < ZC_COUNT(out->part); i++) {
                s = version_part(s, &out->part[i]);
                if (!s || *s != (i + 1 < ZC_COUNT(out->part) ? '.' : '\0'))
                        return false;
                s++;
        }
        return true;
}

int zc_version_compare(struct zc_version a, struct zc_version b)
{
        for (size_t i = 0; i < ZC_COUNT(a.part); i++) {
                if (a.part[i] != b.part[i])
                        return a.part[i] < b.part[i] ? -1 : 1;
        }
        return 0;
}

/* ---- names ---- */

bool zc_pack_name_ok(const char *s)
{
        size_t n = strlen(s);

        return n > 0 && n <= ZC_PACK_NAME_MAX && s[0] >= 'a' && s[0] <= 'z' &&
               strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/** One part of a path: no dot first, so neither "." nor ".." nor what is hidden. */
static bool part_ok(const char *s, size_t n)
{
        static const char signs[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

        return n > 0 && s[0] != '.' && s[0] != '-' && strspn(s, signs) >= n;
}

bool zc_pack_path_ok(const char *path)
{
        size_t parts = 0;

        if (strlen(path) > PATH_MAX_LEN || strcmp(path, ZC_PACK_MANIFEST) == 0 ||
            strcmp(path, ZC_PACK_SIGNATURE) == 0)
                return false;
        for (const char *s = path;; s++) {
                size_t n = strcspn(s, "/");

                if (!part_ok(s, n) || ++parts > PATH_PARTS_MAX)
                        return false;
                s += n;
                if (*s == '\0')
                        return true;
        }
}

/* ---- files ---- */

bool zc_sha256_hex(const void *p, size_t n, char out[65])
{
        unsigned char md[EVP_MAX_MD_SIZE];
        unsigned int len = 0;

        if (EVP_Digest(p, n, md, &len, EVP_sha256(), NULL) != 1 || len != 32)
                return false;
        for (unsigned int i = 0; i < len; i++)
                snprintf(out + (size_t)2 * i, 3, "%02x", md[i]);
        return true;
}

static bool file_take(struct zc_manifest *m, const char *path, const json_t *digest,
                      struct zc_err *err)
{
        static const char lead[] = "sha256:";
        const char *text = json_string_value(digest);
        const char *hex = text ? text + sizeof(lead) - 1 : NULL;
        ZC_AUTO_TEXT pointer = { 0 };

        zc_text_init(&pointer, 1024);
        zc_text_add(&pointer, "/files");
        zc_json_pointer_add(&pointer, path);
        if (!zc_pack_path_ok(path))
                return zc_yaml_fail(m->yaml, zc_text_str(&pointer), err,
                                    "\"%.80s\" cannot be a file of a pack: write folder/name, of "
                                    "letters, digits, _ - and . (not first), below the folder",
                                    path);
        if (!text || strncmp(text, lead, sizeof(lead) - 1) != 0 || strlen(hex) != 64 ||
            strspn(hex, "0123456789abcdef") != 64)
                return zc_yaml_fail(m->yaml, zc_text_str(&pointer), err,
                                    "the digest of %.80s should be sha256: and 64 small hex digits",
                                    path);
        m->files[m->file_count++] = (struct zc_manifest_file){ path, hex };
        return true;
}

static int file_compare(const void *a, const void *b)
{
        const struct zc_manifest_file *x = a;
        const struct zc_manifest_file *y = b;

        return strcmp(x->path, y->path);
}

static bool files_take(struct zc_manifest *m, struct zc_err *err)
{
        const json_t *files = json_object_get(zc_yaml_root(m->yaml), "files");
        const char *path;
        json_t *digest;

        if (json_object_size(files) == 0)
                return zc_yaml_fail(m->yaml, "/files", err, "a pack has at least one file");
        if (json_object_size(files) > ZC_PACK_FILES_MAX)
                return zc_yaml_fail(m->yaml, "/files", err, "a pack has at most %u files",
                                    ZC_PACK_FILES_MAX);
        m->files = calloc(json_object_size(files), sizeof(*m->files));
        if (!m->files)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a manifest");
        json_object_foreach ((json_t *)(uintptr_t)files, path, digest) {
                if (!file_take(m, path, digest, err))
                        return false;
        }
        qsort(m->files, m->file_count, sizeof(*m->files), file_compare);
        return true;
}

/* ---- the whole ---- */

/** What one reader takes for a line's end and another does not has no place in what is signed. */
static bool bytes_ok(const char *name, const char *bytes, size_t len, struct zc_err *err)
{
        unsigned line = 1, column = 1;

        for (size_t i = 0; i < len; i++, column++) {
                unsigned char c = (unsigned char)bytes[i];

                if (c == '\n') {
                        line++;
                        column = 0;
                } else if (c < 0x20 || c > 0x7e) {
                        return zc_fail(err, ZC_E_USAGE,
                                       "%s:%u:%u: byte 0x%02x: a manifest is printable ASCII, its "
                                       "lines end in a line feed alone",
                                       name, line, column, c);
                }
        }
        return true;
}

static bool plain_take(struct zc_manifest *m, struct zc_err *err)
{
        const json_t *root = zc_yaml_root(m->yaml);
        const char *least = zc_json_str(root, "min_zerocrit", "");

        m->name = zc_json_str(root, "name", "");
        m->version = zc_json_str(root, "version", "");
        m->created = zc_json_str(root, "created", "");
        if (!zc_pack_name_ok(m->name))
                return zc_yaml_fail(
                        m->yaml, "/name", err,
                        "\"%.70s\" is no name of a pack: small letters, digits and -, a "
                        "letter first, at most %d",
                        m->name, ZC_PACK_NAME_MAX);
        if (!zc_version_parse(m->version, &m->number))
                return zc_yaml_fail(m->yaml, "/version", err,
                                    "\"%.40s\" is no version: three numbers, 1.4.0", m->version);
        return zc_version_parse(least, &m->least) ||
               zc_yaml_fail(m->yaml, "/min_zerocrit", err,
                            "\"%.40s\" is no version: three numbers, 0.1.0", least);
}

bool zc_manifest_parse(const char *name, const char *bytes, size_t len, struct zc_manifest *out,
                       struct zc_err *err)
{
        struct zc_manifest m = { 0 };

        *out = m;
        if (!bytes_ok(name, bytes, len, err) || !zc_yaml_parse(name, bytes, len, &m.yaml, err))
                return false;
        if (!zc_shape_check(m.yaml, "", zc_yaml_root(m.yaml), "a manifest", manifest_shape, err) ||
            !plain_take(&m, err) || !files_take(&m, err)) {
                zc_manifest_release(&m);
                return false;
        }
        *out = m;
        return true;
}

void zc_manifest_release(struct zc_manifest *m)
{
        free(m->files);
        zc_yaml_free(m->yaml);
        *m = (struct zc_manifest){ 0 };
}
