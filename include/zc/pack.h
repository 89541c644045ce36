/**
 * Packs: rules that come from elsewhere, and whether to believe them.
 *
 * A pack is a folder with a manifest, pack.yaml, and beside it its signature, pack.sig:
 *
 *   schema: zerocrit.pack/1
 *   name: acme-web                       # small letters, digits and - ; what the trust file names
 *   version: 1.4.0                       # three numbers
 *   min_zerocrit: 0.1.0
 *   created: 2026-11-22T10:00:00Z
 *   files:                               # every file of the folder but these two, and nothing else
 *     web/headers.yaml: sha256:6ab3…     # 64 hex digits
 *
 * The signature is Ed25519 (RFC 8032) over the bytes of pack.yaml: 64 bytes, or the same in base64, 88 characters; nothing before, after or
 * between. It is checked before anything is parsed, then the manifest, then every file's bytes against it, and only then does YAML see them.
 * `openssl pkeyutl -sign -rawin` makes one; `zerocrit rules export` writes a folder that is ready for it.
 *
 * Whom to believe stands in the trust file, /etc/zerocrit/trust.yaml or --trust:
 *
 *   schema: zerocrit.trust/1
 *   keys:
 *     - id: acme-2026
 *       key: MCowBQYDK2VwAyEA…           # what `openssl pkey -pubout` prints, with or without its BEGIN and END lines; or the 32 bytes in base64
 *       packs: [acme-*]                  # the names it may sign
 *       from: 2026-01-01T00:00:00Z       # optional, as is until
 *       until: 2027-01-01T00:00:00Z
 *       revoked: false                   # optional
 *   minimum: {acme-web: 1.2.0}           # optional: the oldest version taken
 *   accepted: /var/lib/zerocrit/packs    # optional: where the highest version taken so far is kept
 *
 * A version below `minimum`, or below the highest that was taken before, is refused. That is kept in /var/lib/zerocrit/packs for the trust file
 * of /etc, else in FILE.accepted beside it.
 *
 * Rules without a signature (a folder without manifest or without pack.sig, a file) are taken only when asked for, and the report says so.
 */
#ifndef ZC_PACK_H
#define ZC_PACK_H

#include <stdint.h>

#include "zc/file.h"
#include "zc/rules.h"

#define ZC_PACK_MANIFEST "pack.yaml"
#define ZC_PACK_SIGNATURE "pack.sig"
#define ZC_PACK_SCHEMA "zerocrit.pack/1"
#define ZC_TRUST_SCHEMA "zerocrit.trust/1"
#define ZC_TRUST_DEFAULT "/etc/zerocrit/trust.yaml"
#define ZC_PACK_BUILTIN_NAME "zerocrit"
#define ZC_PACK_FILES_MAX 4096u
#define ZC_PACK_BYTES_MAX ((size_t)4 << 20) /* of all files together */
#define ZC_PACK_VALUES_MAX 65536u           /* of YAML, in all files together */
#define ZC_PACK_NAME_MAX 64
#define ZC_PACK_VERSION_MAX 32

/* ---- signatures ---- */

#define ZC_SIGNATURE_SIZE 64u
#define ZC_SIGNING_KEY_SIZE 32u

/** From the bytes of pack.sig: 64 of them, or 88 of base64 in its one canonical form. */
bool zc_signature_read(const void *bytes, size_t len, uint8_t out[ZC_SIGNATURE_SIZE],
                       struct zc_err *err) ZC_MUST_USE;
/** A public key as people paste it. Points of small order and encodings that are not canonical are refused. */
bool zc_signing_key_read(const char *text, uint8_t out[ZC_SIGNING_KEY_SIZE],
                         struct zc_err *err) ZC_MUST_USE;
/** Strictly: S below the group's order, R canonical and not of small order. */
bool zc_signature_verify(const uint8_t key[ZC_SIGNING_KEY_SIZE],
                         const uint8_t signature[ZC_SIGNATURE_SIZE], const void *bytes, size_t len);

/* ---- manifests ---- */

struct zc_version {
        uint32_t part[3];
};
bool zc_version_parse(const char *s, struct zc_version *out) ZC_MUST_USE;
int zc_version_compare(struct zc_version a, struct zc_version b);

struct zc_manifest_file {
        const char *path;   /* "web/headers.yaml" */
        const char *sha256; /* 64 hex digits */
};
struct zc_manifest {
        struct zc_yaml *yaml; /* owns the texts */
        const char *name, *version, *created;
        struct zc_version number, least; /* least: min_zerocrit */
        struct zc_manifest_file *files;  /* by path */
        size_t file_count;
};
/** @name: for messages. Printable ASCII and line feeds only, so that no two readers see two manifests. */
bool zc_manifest_parse(const char *name, const char *bytes, size_t len, struct zc_manifest *out,
                       struct zc_err *err) ZC_MUST_USE;
void zc_manifest_release(struct zc_manifest *m);

/* ---- trust ---- */

struct zc_trust;

bool zc_trust_parse(const char *name, const char *bytes, size_t len, struct zc_trust **out,
                    struct zc_err *err) ZC_MUST_USE;
/** With the versions that were taken before. Refused where others could have written it and we run as root. */
bool zc_trust_load(const char *path, struct zc_trust **out, struct zc_err *err) ZC_MUST_USE;
void zc_trust_free(struct zc_trust *t);
ZC_FREEP(zc_trust);

/** The id of the key that signed these bytes; NULL with err when none of the file did. */
const char *zc_trust_signer(const struct zc_trust *t, const uint8_t signature[ZC_SIGNATURE_SIZE],
                            const void *bytes, size_t len, struct zc_err *err);
/** Whether that key may sign this pack at that time, and the pack is not older than one taken before. */
bool zc_trust_allows(const struct zc_trust *t, const char *key, const struct zc_manifest *m,
                     int64_t now_ms, struct zc_err *err) ZC_MUST_USE;
/** Keep the versions of p's signed packs as taken. A file that cannot be written is told to the log, and is no failure. */
void zc_trust_accept(struct zc_trust *t, const struct zc_pack *p);

/* ---- packs ---- */

struct zc_pack_policy {
        const struct zc_trust *trust; /* NULL: there is no trust file */
        const char *trust_path;       /* for messages */
        bool allow_unsigned;
        int64_t now_ms;
};
/**
 * As zc_pack_add(), if the policy lets it. A pack called as the built-in one takes its place, and must be signed, no older, and come first: so
 * rules can be renewed without the program.
 */
bool zc_pack_open(struct zc_pack *p, const char *path, const struct zc_pack_policy *policy,
                  struct zc_err *err) ZC_MUST_USE;

enum zc_pack_origin { ZC_PACK_BUILTIN, ZC_PACK_SIGNED, ZC_PACK_UNSIGNED };

/** One part of what was loaded. */
struct zc_pack_part {
        enum zc_pack_origin origin;
        char name[ZC_PACK_NAME_MAX +
                  1]; /* the manifest's; of rules without one, the last part of their path, cut */
        char version[ZC_PACK_VERSION_MAX + 1]; /* "" without a manifest */
        char key[ZC_PACK_NAME_MAX + 1];        /* id of the key that signed it; "" */
        char digest[sizeof("sha256:") + 64];   /* of the manifest; without one, of the files */
        size_t rules;
};
size_t zc_pack_part_count(const struct zc_pack *p);
const struct zc_pack_part *zc_pack_part(const struct zc_pack *p, size_t i);
/**
 * Its profiles, profiles/NAME.yaml of each pack, by "PACK:NAME"; NULL for none. They are signed as all files of a pack are, and are checked with it. The
 * text of one (NULL when there is none), and what its file is called.
 */
const json_t *zc_pack_profiles(const struct zc_pack *p);
const char *zc_pack_profile(const struct zc_pack *p, const char *name, const char **file);
/** [{origin, name, version, key, digest, rules}], for the report; a new array. */
json_t *zc_pack_parts_json(const struct zc_pack *p);

/* ---- export ---- */

/** What to export: the rules compiled in, or those of a folder under a name and version. */
struct zc_pack_export {
        const char *folder;         /* NULL: compiled in */
        const char *name, *version; /* NULL: the folder's own manifest says */
        const char *created;        /* RFC 3339 */
};
/** Write the pack into a new folder (path), or as one YAML stream to an output, manifest first. */
bool zc_pack_export_folder(const struct zc_pack_export *e, const char *path, size_t *files,
                           struct zc_err *err) ZC_MUST_USE;
bool zc_pack_export_stream(const struct zc_pack_export *e, struct zc_out *out,
                           struct zc_err *err) ZC_MUST_USE;

#endif
