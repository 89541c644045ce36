/** The trust file: whose signature is believed, on which packs, until when; and which versions were taken before. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pack_internal.h"
#include "zc/clock.h"
#include "zc/file.h"
#include "zc/judge.h"
#include "zc/log.h"
#include "zc/text.h"

#define KEYS_MAX 64u
#define ACCEPTED_SCHEMA "zerocrit.packs/1"
#define ACCEPTED_DEFAULT "/var/lib/zerocrit/packs"

struct key {
        const char *id;
        uint8_t bytes[ZC_SIGNING_KEY_SIZE];
        const json_t *packs;
        const char *from, *until; /* or NULL */
        int64_t from_ms, until_ms;
        bool revoked;
        char pointer[32];
};

struct zc_trust {
        struct zc_yaml *yaml;
        struct key *keys;
        size_t count;
        char *accepted_path; /* NULL: nothing is kept */
        json_t *accepted;    /* name → version */
};

static const char *const schemas[] = { ZC_TRUST_SCHEMA, NULL };
static const char *const accepted_schemas[] = { ACCEPTED_SCHEMA, NULL };
static const struct zc_shape key_shape[] = {
        { "id", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "key", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "packs", ZC_SHAPE_TEXTS, true, NULL, NULL },
        { "from", ZC_SHAPE_TIME, false, NULL, NULL },
        { "until", ZC_SHAPE_TIME, false, NULL, NULL },
        { "revoked", ZC_SHAPE_BOOL, false, NULL, NULL },
        { 0 },
};
static const struct zc_shape trust_shape[] = {
        { "schema", ZC_SHAPE_WORD, true, schemas, NULL },
        { "keys", ZC_SHAPE_OBJECTS, true, NULL, key_shape },
        { "minimum", ZC_SHAPE_OBJECT, false, NULL, NULL },
        { "accepted", ZC_SHAPE_TEXT, false, NULL, NULL },
        { 0 },
};
static const struct zc_shape accepted_shape[] = {
        { "schema", ZC_SHAPE_WORD, true, accepted_schemas, NULL },
        { "packs", ZC_SHAPE_OBJECT, true, NULL, NULL },
        { 0 },
};

/* ---- reading ---- */

static bool key_fail(const struct zc_trust *t, const struct key *k, const char *member,
                     struct zc_err *err, const char *words)
{
        char pointer[48];

        snprintf(pointer, sizeof(pointer), "%s/%s", k->pointer, member);
        return zc_yaml_fail(t->yaml, pointer, err, "%s", words);
}

static bool key_times(const struct zc_trust *t, struct key *k, struct zc_err *err)
{
        if ((k->from && !zc_time_parse(k->from, &k->from_ms)) ||
            (k->until && !zc_time_parse(k->until, &k->until_ms)))
                return key_fail(t, k, "from", err, "this is no time");
        return !k->from || !k->until || k->from_ms < k->until_ms ||
               key_fail(t, k, "until", err, "the key ends before it begins");
}

static bool key_take(struct zc_trust *t, const json_t *record, size_t i, struct zc_err *err)
{
        struct key *k = &t->keys[i];
        char why[sizeof(err->text)];

        k->id = zc_json_str(record, "id", "");
        k->packs = json_object_get(record, "packs");
        k->from = zc_json_str(record, "from", NULL);
        k->until = zc_json_str(record, "until", NULL);
        k->revoked = json_is_true(json_object_get(record, "revoked"));
        snprintf(k->pointer, sizeof(k->pointer), "/keys/%zu", i);
        if (!zc_pack_name_ok(k->id))
                return key_fail(
                        t, k, "id", err,
                        "the id of a key is of small letters, digits and -, a letter first");
        for (size_t j = 0; j < i; j++) {
                if (strcmp(t->keys[j].id, k->id) == 0)
                        return key_fail(t, k, "id", err, "a key of this id stands above");
        }
        if (json_array_size(k->packs) == 0)
                return key_fail(t, k, "packs", err,
                                "name the packs that this key may sign, such as acme-*");
        if (!zc_signing_key_read(zc_json_str(record, "key", ""), k->bytes, err)) {
                snprintf(why, sizeof(why), "%s", err->text);
                return key_fail(t, k, "key", err, why);
        }
        return key_times(t, k, err);
}

/** An object of versions by pack. */
static bool versions_ok(const struct zc_yaml *y, const char *at, const json_t *versions,
                        struct zc_err *err)
{
        struct zc_version v;
        const char *name;
        json_t *value;

        json_object_foreach ((json_t *)(uintptr_t)versions, name, value) {
                ZC_AUTO_TEXT pointer = { 0 };

                zc_text_init(&pointer, 1024);
                zc_text_add(&pointer, at);
                zc_json_pointer_add(&pointer, name);
                if (!zc_pack_name_ok(name))
                        return zc_yaml_fail(y, zc_text_str(&pointer), err,
                                            "\"%.70s\" is no name of a pack", name);
                if (!json_is_string(value) || !zc_version_parse(json_string_value(value), &v))
                        return zc_yaml_fail(y, zc_text_str(&pointer), err,
                                            "a version is three numbers, 1.4.0");
        }
        return true;
}

static bool keys_take(struct zc_trust *t, struct zc_err *err)
{
        const json_t *keys = json_object_get(zc_yaml_root(t->yaml), "keys");
        const json_t *record;
        size_t i;

        if (json_array_size(keys) > KEYS_MAX)
                return zc_yaml_fail(t->yaml, "/keys", err, "more than %u keys", KEYS_MAX);
        t->keys = calloc(json_array_size(keys) + 1, sizeof(*t->keys));
        if (!t->keys)
                return zc_fail(err, ZC_E_NOMEM, "no memory for keys");
        json_array_foreach (keys, i, record) {
                if (!key_take(t, record, i, err))
                        return false;
                t->count++;
        }
        return true;
}

bool zc_trust_parse(const char *name, const char *bytes, size_t len, struct zc_trust **out,
                    struct zc_err *err)
{
        ZC_AUTO(zc_trust) t = calloc(1, sizeof(*t));
        const char *accepted;

        if (!t || !(t->accepted = json_object()))
                return zc_fail(err, ZC_E_NOMEM, "no memory for keys");
        if (!zc_yaml_parse(name, bytes, len, &t->yaml, err) ||
            !zc_shape_check(t->yaml, "", zc_yaml_root(t->yaml), "a trust file", trust_shape, err) ||
            !keys_take(t, err) ||
            !versions_ok(t->yaml, "/minimum", json_object_get(zc_yaml_root(t->yaml), "minimum"),
                         err))
                return false;
        accepted = zc_json_str(zc_yaml_root(t->yaml), "accepted", NULL);
        if (accepted && !(t->accepted_path = strdup(accepted)))
                return zc_fail(err, ZC_E_NOMEM, "no memory for keys");
        *out = ZC_TAKE(t);
        return true;
}

/* ---- what was taken before ---- */

static bool accepted_read(struct zc_trust *t, struct zc_err *err)
{
        ZC_AUTO(zc_yaml) y = NULL;
        json_t *packs;

        if (access(t->accepted_path, F_OK) != 0 && errno == ENOENT)
                return true;
        if (!zc_file_guard(t->accepted_path, err) || !zc_yaml_load(t->accepted_path, &y, err))
                return false;
        if (!zc_shape_check(y, "", zc_yaml_root(y), "the list of packs taken", accepted_shape, err))
                return false;
        packs = json_object_get(zc_yaml_root(y), "packs");
        return versions_ok(y, "/packs", packs, err) &&
               (json_object_update(t->accepted, packs) == 0 ||
                zc_fail(err, ZC_E_NOMEM, "no memory for %s", t->accepted_path));
}

static char *accepted_place(const char *trust_path)
{
        ZC_AUTO_TEXT s = { 0 };

        if (strcmp(trust_path, ZC_TRUST_DEFAULT) == 0)
                return strdup(ACCEPTED_DEFAULT);
        zc_text_init(&s, 8192);
        zc_text_printf(&s, "%s.accepted", trust_path);
        return zc_text_steal(&s);
}

bool zc_trust_load(const char *path, struct zc_trust **out, struct zc_err *err)
{
        ZC_AUTO(zc_trust) t = NULL;
        ZC_AUTO_MEM char *buf = NULL;
        size_t len = 0;

        if (!zc_file_guard(path, err))
                return false;
        if (!zc_file_read(path, ZC_YAML_MAX, &buf, &len, err)) {
                err->code = err->code == ZC_E_NOMEM ? ZC_E_NOMEM : ZC_E_USAGE;
                return false;
        }
        if (!zc_trust_parse(path, buf, len, &t, err))
                return false;
        assert(t);
        if (!t->accepted_path && strcmp(path, "-") != 0 &&
            !(t->accepted_path = accepted_place(path)))
                return zc_fail(err, ZC_E_NOMEM, "no memory for keys");
        if (t->accepted_path && !accepted_read(t, err))
                return false;
        *out = ZC_TAKE(t);
        return true;
}

void zc_trust_free(struct zc_trust *t)
{
        if (!t)
                return;
        zc_yaml_free(t->yaml);
        json_decref(t->accepted);
        free(t->accepted_path);
        free(t->keys);
        free(t);
}

/** Whether the version is above what is kept of that pack. */
static bool is_news(const struct zc_trust *t, const struct zc_pack_part *part)
{
        const char *before = zc_json_str(t->accepted, part->name, NULL);
        struct zc_version a, b;

        return part->origin == ZC_PACK_SIGNED && zc_version_parse(part->version, &a) &&
               (!before || (zc_version_parse(before, &b) && zc_version_compare(a, b) > 0));
}

static bool accepted_write(const struct zc_trust *t, struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;
        const char *name;
        json_t *version;

        if (!zc_out_open(t->accepted_path, 0644, &out, err))
                return false;
        zc_out_puts(out, "# The highest version of each signed pack that was taken; older ones are "
                         "refused.\n"
                         "schema: " ACCEPTED_SCHEMA "\npacks:\n");
        json_object_foreach (t->accepted, name, version) {
                zc_out_printf(out, "  %s: %s\n", name, json_string_value(version));
        }
        return zc_out_commit(out, err);
}

void zc_trust_accept(struct zc_trust *t, const struct zc_pack *p)
{
        struct zc_err err = { 0 };
        bool news = false;

        for (size_t i = 0; i < zc_pack_part_count(p); i++) {
                const struct zc_pack_part *part = zc_pack_part(p, i);

                if (!is_news(t, part))
                        continue;
                news = json_object_set_new(t->accepted, part->name, json_string(part->version)) ==
                               0 ||
                       news;
        }
        if (news && t->accepted_path && !accepted_write(t, &err))
                zc_log(ZC_LOG_WARN,
                       "%s: an older pack cannot be told from a newer one next time; set minimum "
                       "in the trust file",
                       err.text);
}

/* ---- asking ---- */

const char *zc_trust_signer(const struct zc_trust *t, const uint8_t signature[ZC_SIGNATURE_SIZE],
                            const void *bytes, size_t len, struct zc_err *err)
{
        for (size_t i = 0; i < t->count; i++) {
                if (zc_signature_verify(t->keys[i].bytes, signature, bytes, len))
                        return t->keys[i].id;
        }
        zc_fail(err, ZC_E_USAGE,
                "the signature is not that of any key in %s on this " ZC_PACK_MANIFEST
                ": it was changed, or somebody else signed it",
                zc_yaml_name(t->yaml));
        return NULL;
}

static bool key_allows(const struct zc_trust *t, const struct key *k, const struct zc_manifest *m,
                       int64_t now_ms, struct zc_err *err)
{
        bool named = false;
        const json_t *v;
        size_t i;

        if (k->revoked)
                return zc_yaml_fail(t->yaml, k->pointer, err,
                                    "the key %s that signed %s is revoked", k->id, m->name);
        if (k->from && now_ms < k->from_ms)
                return zc_yaml_fail(t->yaml, k->pointer, err,
                                    "the key %s that signed %s begins %s: that is not yet", k->id,
                                    m->name, k->from);
        if (k->until && now_ms >= k->until_ms)
                return zc_yaml_fail(t->yaml, k->pointer, err,
                                    "the key %s that signed %s ended %s: get the pack signed by a "
                                    "newer one",
                                    k->id, m->name, k->until);
        json_array_foreach (k->packs, i, v) {
                named = named || zc_glob(json_string_value(v), m->name);
        }
        return named || zc_yaml_fail(t->yaml, k->pointer, err,
                                     "the key %s may not sign a pack called %s; its `packs` say "
                                     "which it may",
                                     k->id, m->name);
}

static bool not_older(const json_t *versions, const struct zc_manifest *m, const char *what,
                      struct zc_err *err)
{
        const char *least = zc_json_str(versions, m->name, NULL);
        struct zc_version v;

        if (!least || !zc_version_parse(least, &v) || zc_version_compare(m->number, v) >= 0)
                return true;
        return zc_fail(err, ZC_E_USAGE, "%s %s is older than %s, %s: refused, as a rollback",
                       m->name, m->version, least, what);
}

bool zc_trust_allows(const struct zc_trust *t, const char *key, const struct zc_manifest *m,
                     int64_t now_ms, struct zc_err *err)
{
        for (size_t i = 0; i < t->count; i++) {
                if (strcmp(t->keys[i].id, key) == 0 && !key_allows(t, &t->keys[i], m, now_ms, err))
                        return false;
        }
        return not_older(json_object_get(zc_yaml_root(t->yaml), "minimum"), m,
                         "the trust file's minimum", err) &&
               not_older(t->accepted, m, "which was taken before", err);
}
