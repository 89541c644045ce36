/** What the files of the pack loader share; nobody else includes it. */
#ifndef ZC_PACK_INTERNAL_H
#define ZC_PACK_INTERNAL_H

#include "zc/pack.h"
#include "zc/shape.h"

/** Whether the name can be a pack's; whether the path can be of a file in one: relative, and of harmless signs. */
bool zc_pack_name_ok(const char *s);
bool zc_pack_path_ok(const char *path);

bool zc_sha256_hex(const void *p, size_t n, char out[65]);

/* ---- folders ---- */

/* A folder as it was listed: plain files only, by path. Whatever else is in it is an error. */
struct zc_folder {
        int fd;
        const char *name; /* borrowed */
        char **path;      /* "web/headers.yaml"; sorted */
        size_t count, cap;
        size_t seen, bytes; /* entries looked at; bytes read */
        uint64_t size;      /* of the files that will be read, as they were listed, together */
};

enum zc_folder_what {
        ZC_FOLDER_RULES,   /* not what begins with a dot, nor profiles/, nor frameworks/ */
        ZC_FOLDER_VISIBLE, /* not what begins with a dot */
        ZC_FOLDER_ALL,
};
bool zc_folder_open(const char *name, enum zc_folder_what what, struct zc_folder *out,
                    struct zc_err *err) ZC_MUST_USE;
void zc_folder_close(struct zc_folder *f);
/** Refuses more than may be read of a folder. */
bool zc_folder_fits(const struct zc_folder *f, uint64_t bytes, struct zc_err *err) ZC_MUST_USE;
/** Whether the folder itself has a plain file of that name; an error when it is something else. */
bool zc_folder_has(const char *name, const char *file, bool *has, struct zc_err *err) ZC_MUST_USE;
/** A file of it, once: no link is followed on the way. free() */
bool zc_folder_read(struct zc_folder *f, const char *path, size_t cap, char **buf, size_t *len,
                    struct zc_err *err) ZC_MUST_USE;

/* ---- of rules.c ---- */

/** Back to an empty pack. */
void zc_pack_clear(struct zc_pack *p);
/** Reads one rule file into p, which keeps it; zc_pack_settle() when all are in. */
bool zc_pack_load_text(struct zc_pack *p, const char *name, const char *text, size_t len,
                       struct zc_err *err) ZC_MUST_USE;
bool zc_pack_settle(struct zc_pack *p, struct zc_err *err) ZC_MUST_USE;
/** Its digest, of the files that are in so far. */
bool zc_pack_digest_files(struct zc_pack *p, struct zc_err *err) ZC_MUST_USE;
/** p takes what `more` has, and `part` besides; on failure p is as before. */
bool zc_pack_merge(struct zc_pack *p, struct zc_pack *more, const struct zc_pack_part *part,
                   struct zc_err *err) ZC_MUST_USE;
/** Every rule file below a folder, or one file. */
bool zc_pack_load_path(struct zc_pack *p, const char *path, struct zc_err *err) ZC_MUST_USE;
/** A profile of the pack, checked already; its texts are copied. */
bool zc_pack_keep_profile(struct zc_pack *p, const char *name, const char *file, const char *text,
                          size_t len, struct zc_err *err) ZC_MUST_USE;
/** Whether the file can be the profile `name` of a pack. */
bool zc_profile_check(const char *file, const char *name, const char *text, size_t len,
                      struct zc_err *err) ZC_MUST_USE;
/** Whether a path within a pack is a rule file's: *.yaml, and not below profiles/ or frameworks/. */
bool zc_pack_path_is_rules(const char *path);

#endif
