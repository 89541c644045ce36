/** Folders of rules, read as if somebody hostile had filled them: counted before they are opened, no link followed, nothing but plain files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "pack_internal.h"
#include "zc/file.h"
#include "zc/text.h"

#define DEPTH_MAX 8u

struct listing {
        struct zc_folder *f;
        enum zc_folder_what what;
        struct zc_err *err;
};

/* ---- what may be in one ---- */

/** What a thing that is neither a file nor a folder is called. */
static const char *type_words(mode_t mode)
{
        return S_ISLNK(mode)    ? "a symbolic link"
               : S_ISFIFO(mode) ? "a FIFO"
               : S_ISSOCK(mode) ? "a socket"
               : S_ISDIR(mode)  ? "a folder"
                                : "a device";
}

static bool fail_type(const char *name, const char *path, mode_t mode, struct zc_err *err)
{
        return zc_fail(err, ZC_E_USAGE, "%s/%.200s is %s: a folder of rules holds plain files only",
                       name, path, type_words(mode));
}

static bool keep_path(struct zc_folder *f, const char *path, struct zc_err *err)
{
        char *copy;

        if (f->count == f->cap) {
                size_t cap = f->cap ? f->cap * 2 : 64;
                char **more = reallocarray((void *)f->path, cap, sizeof(char *));

                if (!more)
                        return zc_fail(err, ZC_E_NOMEM, "no memory to list %s", f->name);
                f->path = more;
                f->cap = cap;
        }
        copy = strdup(path);
        if (!copy)
                return zc_fail(err, ZC_E_NOMEM, "no memory to list %s", f->name);
        f->path[f->count++] = copy;
        return true;
}

static bool list_folder(const struct listing *l, int parent, const char *name, const char *path,
                        unsigned depth);

static bool list_entry(const struct listing *l, int fd, const char *name, const char *path,
                       unsigned depth)
{
        struct stat st;

        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
                return zc_fail_errno(l->err, "cannot read %s/%.200s", l->f->name, path);
        if (S_ISDIR(st.st_mode))
                return depth < DEPTH_MAX ? list_folder(l, fd, name, path, depth + 1)
                                         : zc_fail(l->err, ZC_E_LIMIT,
                                                   "%s/%.200s is more than %u folders deep",
                                                   l->f->name, path, DEPTH_MAX);
        if (S_ISREG(st.st_mode) && (l->what == ZC_FOLDER_ALL || zc_pack_path_is_rules(path)))
                l->f->size += (uint64_t)st.st_size;
        return S_ISREG(st.st_mode) ? keep_path(l->f, path, l->err)
                                   : fail_type(l->f->name, path, st.st_mode, l->err);
}

static bool passed_over(const struct listing *l, const char *name)
{
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return true;
        return (l->what != ZC_FOLDER_ALL && name[0] == '.') ||
               (l->what == ZC_FOLDER_RULES &&
                (strcmp(name, "profiles") == 0 || strcmp(name, "frameworks") == 0));
}

static bool list_open(const struct listing *l, DIR *dir, const char *path, unsigned depth)
{
        const struct dirent *e;

        for (;;) {
                ZC_AUTO_TEXT below = { 0 };

                errno = 0;
                e = readdir(dir); // NOLINT(concurrency-mt-unsafe): a stream of our own
                if (!e)
                        return errno == 0 || zc_fail_errno(l->err, "cannot read %s", l->f->name);
                if (passed_over(l, e->d_name))
                        continue;
                if (++l->f->seen > ZC_PACK_FILES_MAX)
                        return zc_fail(l->err, ZC_E_LIMIT, "%s holds more than %u files",
                                       l->f->name, ZC_PACK_FILES_MAX);
                zc_text_init(&below, 4096);
                zc_text_printf(&below, "%s%s%s", path, *path ? "/" : "", e->d_name);
                if (below.cut)
                        return zc_fail(l->err, ZC_E_LIMIT, "a path in %s is too long", l->f->name);
                if (!list_entry(l, dirfd(dir), e->d_name, zc_text_str(&below), depth))
                        return false;
        }
}

static bool list_folder(const struct listing *l, int parent, const char *name, const char *path,
                        unsigned depth)
{
        int fd =
                openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (*path ? O_NOFOLLOW : 0));
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        bool ok;

        if (!dir) {
                ok = zc_fail_errno(l->err, "cannot read the folder %s%s%.200s", l->f->name,
                                   *path ? "/" : "", path);
                if (fd >= 0)
                        close(fd);
                return ok;
        }
        ok = list_open(l, dir, path, depth);
        closedir(dir);
        return ok;
}

static int path_compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

bool zc_folder_open(const char *name, enum zc_folder_what what, struct zc_folder *out,
                    struct zc_err *err)
{
        struct listing l = { out, what, err };

        *out = (struct zc_folder){ .fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                                   .name = name };
        if (out->fd < 0)
                return zc_fail_errno(err, "cannot read the folder %s", name);
        if (!list_folder(&l, out->fd, ".", "", 0)) {
                zc_folder_close(out);
                return false;
        }
        if (out->count)
                qsort((void *)out->path, out->count, sizeof(char *), path_compare);
        return true;
}

void zc_folder_close(struct zc_folder *f)
{
        for (size_t i = 0; i < f->count; i++)
                free(f->path[i]);
        free((void *)f->path);
        if (f->fd >= 0)
                close(f->fd);
        *f = (struct zc_folder){ .fd = -1 };
}

bool zc_folder_has(const char *name, const char *file, bool *has, struct zc_err *err)
{
        ZC_AUTO_FD int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct stat st;

        *has = false;
        if (fd < 0)
                return zc_fail_errno(err, "cannot read the folder %s", name);
        if (fstatat(fd, file, &st, AT_SYMLINK_NOFOLLOW) != 0)
                return errno == ENOENT || zc_fail_errno(err, "cannot read %s/%s", name, file);
        *has = true;
        return S_ISREG(st.st_mode) || fail_type(name, file, st.st_mode, err);
}

/* ---- reading ---- */

bool zc_folder_fits(const struct zc_folder *f, uint64_t bytes, struct zc_err *err)
{
        return bytes <= ZC_PACK_BYTES_MAX ||
               zc_fail(err, ZC_E_LIMIT, "the files of %s are more than %zu bytes together", f->name,
                       ZC_PACK_BYTES_MAX);
}

/** Opens the last part of a path below fd, each folder on the way in turn; O_NONBLOCK: a FIFO that took the file's place is not waited for. */
static int open_below(int fd, const char *path)
{
        int at = dup(fd);

        for (const char *s = path; at >= 0;) {
                char part[256];
                size_t n = strcspn(s, "/");
                bool last = s[n] == '\0';
                int next = -1;

                if (n < sizeof(part)) {
                        memcpy(part, s, n);
                        part[n] = '\0';
                        next = openat(at, part,
                                      O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
                                              (last ? 0 : O_DIRECTORY));
                }
                close(at);
                if (last)
                        return next;
                at = next;
                s += n + 1;
        }
        return at;
}

bool zc_folder_read(struct zc_folder *f, const char *path, size_t cap, char **buf, size_t *len,
                    struct zc_err *err)
{
        ZC_AUTO_FD int fd = open_below(f->fd, path);
        ZC_AUTO_TEXT name = { 0 };
        struct stat st;

        if (fd < 0 || fstat(fd, &st) != 0)
                return zc_fail_errno(err, "cannot read %s/%.200s", f->name, path);
        if (!S_ISREG(st.st_mode))
                return fail_type(f->name, path, st.st_mode, err);
        zc_text_init(&name, 4096);
        zc_text_printf(&name, "%s/%s", f->name, path);
        if (!zc_file_read_fd(fd, zc_text_str(&name), cap, buf, len, err))
                return false;
        f->bytes += *len;
        if (zc_folder_fits(f, f->bytes, err))
                return true;
        free(*buf);
        *buf = NULL;
        return false;
}
