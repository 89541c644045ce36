#include "zc/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "zc/text.h"

#define READ_FIRST 4096u
#define BUFFER_SIZE 65536u
#define PRINTF_CEILING ((size_t)64 << 20)

/** The size to begin with: /proc files say 0, FIFOs nothing, and a liar only costs one more round. */
static size_t read_first(int fd, size_t most)
{
        struct stat st;
        size_t size = READ_FIRST;

        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
                size = (uintmax_t)st.st_size < SIZE_MAX - 2 ? (size_t)st.st_size + 2 : SIZE_MAX;
        return size < most ? size : most;
}

/** Reads to the end, or to one byte more than cap, which tells that there is too much. */
static bool read_all(int fd, const char *name, size_t cap, char **buf, size_t *len,
                     struct zc_err *err)
{
        size_t most =
                cap < SIZE_MAX - 2 ? cap + 2 : SIZE_MAX; /* one to see excess, one for the NUL */
        size_t size = read_first(fd, most);
        size_t used = 0;
        ZC_AUTO_MEM char *p = malloc(size);

        for (;;) {
                ssize_t n;

                if (!p)
                        return zc_fail(err, ZC_E_NOMEM, "no memory to read %s", name);
                n = read(fd, p + used, size - used - 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return zc_fail_errno(err, "cannot read %s", name);
                if (n == 0)
                        break;
                used += (size_t)n;
                if (used > cap)
                        return zc_fail(err, ZC_E_LIMIT,
                                       "%s is larger than the %zu bytes allowed here", name, cap);
                if (used == size - 1) {
                        char *more;

                        size = size < most / 2 ? size * 2 : most;
                        more = realloc(p, size);
                        if (!more)
                                return zc_fail(err, ZC_E_NOMEM, "no memory to read %s", name);
                        p = more;
                }
        }
        p[used] = '\0';
        *len = used;
        *buf = ZC_TAKE(p);
        return true;
}

bool zc_file_read_fd(int fd, const char *name, size_t cap, char **buf, size_t *len,
                     struct zc_err *err)
{
        return read_all(fd, name, cap, buf, len, err);
}

bool zc_file_read(const char *path, size_t cap, char **buf, size_t *len, struct zc_err *err)
{
        ZC_AUTO_FD int fd = -1;

        if (strcmp(path, "-") == 0)
                return read_all(STDIN_FILENO, "standard input", cap, buf, len, err);
        do
                fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        while (fd < 0 && errno == EINTR);
        if (fd < 0)
                return zc_fail_errno(err, "cannot open %s", path);
        return read_all(fd, path, cap, buf, len, err);
}

struct zc_out {
        char *path; /* what to rename to, symbolic links resolved; NULL: the descriptor or memory is the output */
        char *temporary;  /* the file to rename; NULL once renamed */
        const char *name; /* for messages; owned through shown */
        char *shown;
        int fd; /* -1 for memory */
        bool memory, borrowed;
        struct zc_err first; /* the first error; code ZC_OK while there is none */
        struct zc_text text; /* what is not written yet, or the memory */
};

static struct zc_out *out_new(const char *name, size_t ceiling)
{
        struct zc_out *o = calloc(1, sizeof(*o));

        if (!o)
                return NULL;
        o->fd = -1;
        o->shown = strdup(name);
        o->name = o->shown;
        zc_text_init(&o->text, ceiling);
        if (!o->shown) {
                zc_out_free(o);
                return NULL;
        }
        return o;
}

static bool link_is_ours(const char *path, const struct stat *st, struct zc_err *err)
{
        return st->st_uid == 0 || st->st_uid == geteuid() ||
               zc_fail(err, ZC_E_USAGE, "%s is another user's symbolic link: name the file itself",
                       path);
}

/**
 * Where PATH's contents will stand. A symbolic link is followed, but only one of ours or root's: in a
 * folder that everyone may write, anyone else's would choose the file that we replace.
 */
static bool out_resolve(const char *path, char **out, struct zc_err *err)
{
        struct stat st;

        if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
                if (!link_is_ours(path, &st, err))
                        return false;
                *out = realpath(path, NULL);
                return *out || zc_fail_errno(err, "cannot follow %s", path);
        }
        *out = strdup(path);
        return *out || zc_fail(err, ZC_E_NOMEM, "no memory to write %s", path);
}

static bool out_open_temporary(struct zc_out *o, const char *path, mode_t mode, struct zc_err *err)
{
        struct zc_text t;

        if (!out_resolve(path, &o->path, err))
                return false;
        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_printf(&t, "%s.XXXXXX", o->path);
        o->temporary = zc_text_steal(&t);
        if (!o->temporary)
                return zc_fail(err, ZC_E_NOMEM, "no memory to write %s", path);
        o->fd = mkostemp(o->temporary, O_CLOEXEC);
        if (o->fd < 0) {
                int sys = errno;

                free(ZC_TAKE(o->temporary)); /* not ours to remove */
                errno = sys;
                return zc_fail_errno(err, "cannot write %s", path);
        }
        if (fchmod(o->fd, mode) != 0)
                return zc_fail_errno(err, "cannot write %s", path);
        zc_file_give(o->fd);
        return true;
}

static bool env_id(const char *name, uint64_t *id)
{
        const char *s = getenv(name);

        return s && zc_parse_uint(s, strlen(s), UINT32_MAX - 1, id);
}

/** Names of descriptors that we were given open: whoever opened them chose them for us. */
static bool is_descriptor(const char *path)
{
        static const char *const places[] = { "/dev/stdout", "/dev/stderr", "/dev/fd/",
                                              "/proc/self/fd/" };

        for (size_t i = 0; i < ZC_COUNT(places); i++) {
                if (strncmp(path, places[i], strlen(places[i])) == 0)
                        return true;
        }
        return false;
}

/** Ours, root's, or of the user who became root by sudo. */
static bool is_ours(const struct stat *st)
{
        uint64_t uid;

        return st->st_uid == 0 || st->st_uid == geteuid() ||
               (geteuid() == 0 && env_id("SUDO_UID", &uid) && st->st_uid == uid);
}

static bool refuse_other(const char *path, const struct stat *st, struct zc_err *err)
{
        return zc_fail(err, ZC_E_USAGE, "%s is another user's %s: name a file of your own", path,
                       S_ISFIFO(st->st_mode) ? "FIFO" : "device or file");
}

/**
 * A device or a FIFO: in a folder that everyone may write another user could have made one to read what we write. What the name means
 * may change until it is open, so the open descriptor is asked.
 */
static bool out_open_special(struct zc_out *o, const char *path, struct zc_err *err)
{
        struct stat st;
        bool given = is_descriptor(path), link = lstat(path, &st) == 0 && S_ISLNK(st.st_mode);

        if (link && !given && !link_is_ours(path, &st, err))
                return false;
        if (!given && stat(path, &st) == 0 &&
            !is_ours(&st)) /* opening a FIFO waits for its reader */
                return refuse_other(path, &st, err);
        do
                o->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | (link ? 0 : O_NOFOLLOW));
        while (o->fd < 0 && errno == EINTR);
        if (o->fd < 0 || fstat(o->fd, &st) != 0)
                return zc_fail_errno(err, "cannot write %s", path);
        return given || (is_ours(&st) && !S_ISREG(st.st_mode)) || refuse_other(path, &st, err);
}

/** Standard output, a device or a FIFO is written to directly; everything else beside its place. */
static bool out_open_into(struct zc_out *o, const char *path, mode_t mode, struct zc_err *err)
{
        struct stat st;

        if (strcmp(path, "-") == 0) {
                o->fd = STDOUT_FILENO;
                o->borrowed = true;
                return true;
        }
        if (path[0] == '\0')
                return zc_fail(err, ZC_E_USAGE,
                               "an output needs a file name: the one given is empty");
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
                return zc_fail(err, ZC_E_USAGE,
                               "cannot write %s: it is a directory; name a file in it", path);
        if (stat(path, &st) != 0 || S_ISREG(st.st_mode))
                return out_open_temporary(o, path, mode, err);
        return out_open_special(o, path, err);
}

bool zc_out_open(const char *path, mode_t mode, struct zc_out **out, struct zc_err *err)
{
        ZC_AUTO(zc_out)
        o = out_new(strcmp(path, "-") == 0 ? "standard output" : path, SIZE_MAX - 1);

        if (!o)
                return zc_fail(err, ZC_E_NOMEM, "no memory to write %s", path);
        if (!out_open_into(o, path, mode, err))
                return false;
        *out = ZC_TAKE(o);
        return true;
}

struct zc_out *zc_out_memory(size_t ceiling)
{
        struct zc_out *o = out_new("memory", ceiling);

        if (o)
                o->memory = true;
        return o;
}

/** Waits while a non-blocking descriptor is full. */
static bool wait_writable(int fd)
{
        struct pollfd p = { .fd = fd, .events = POLLOUT };

        return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

static void out_flush(struct zc_out *o)
{
        const char *p = zc_text_str(&o->text);
        size_t left = o->text.len;

        while (left > 0 && o->first.code == ZC_OK) {
                ssize_t n = write(o->fd, p, left);

                if (n >= 0) {
                        p += n;
                        left -= (size_t)n;
                } else if (errno != EINTR && !(errno == EAGAIN && wait_writable(o->fd))) {
                        zc_fail_errno(&o->first, "cannot write %s", o->name);
                }
        }
        zc_text_clear(&o->text);
}

/** What the text could not take is an error of the output. */
static void out_check(struct zc_out *o)
{
        if (o->text.failed)
                zc_fail(&o->first, ZC_E_NOMEM, "no memory to write %s", o->name);
        else if (o->text.cut)
                zc_fail(&o->first, ZC_E_LIMIT, "%s would be larger than the %zu bytes allowed",
                        o->name, o->text.ceiling);
}

void zc_out_write(struct zc_out *o, const void *p, size_t n)
{
        const char *from = p;

        while (n > 0 && o->first.code == ZC_OK) {
                size_t part = o->memory || n < BUFFER_SIZE ? n : BUFFER_SIZE;

                zc_text_addn(&o->text, from, part);
                out_check(o);
                from += part;
                n -= part;
                if (!o->memory && o->text.len >= BUFFER_SIZE)
                        out_flush(o);
        }
}

void zc_out_puts(struct zc_out *o, const char *s)
{
        zc_out_write(o, s, strlen(s));
}

void zc_out_printf(struct zc_out *o, const char *fmt, ...)
{
        ZC_AUTO_TEXT t = { 0 };
        va_list ap;

        zc_text_init(&t, PRINTF_CEILING);
        va_start(ap, fmt);
        zc_text_vprintf(&t, fmt, ap);
        va_end(ap);
        if (o->first.code == ZC_OK && t.failed)
                zc_fail(&o->first, ZC_E_NOMEM, "no memory to write %s", o->name);
        else if (o->first.code == ZC_OK && t.cut)
                zc_fail(&o->first, ZC_E_LIMIT, "more than %zu bytes at once for %s", PRINTF_CEILING,
                        o->name);
        zc_out_write(o, zc_text_str(&t), t.len);
}

const char *zc_out_data(const struct zc_out *o, size_t *len)
{
        if (len)
                *len = o->text.len;
        return zc_text_str(&o->text);
}

/** Makes the rename last; a file system that cannot is no reason to call a complete file a failure. */
static void directory_sync(const char *path)
{
        const char *slash = strrchr(path, '/');
        ZC_AUTO_MEM char *folder =
                slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
        ZC_AUTO_FD int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

        if (fd >= 0)
                (void)fsync(fd);
}

static bool out_rename(struct zc_out *o, struct zc_err *err)
{
        int fd = o->fd;

        /* EINVAL, EROFS: the file system has no fsync; close reports what NFS and quotas held back. */
        if (fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
                return zc_fail_errno(err, "cannot write %s", o->name);
        o->fd = -1;
        if (close(fd) != 0 && errno != EINTR)
                return zc_fail_errno(err, "cannot write %s", o->name);
        if (rename(o->temporary, o->path) != 0)
                return zc_fail_errno(err, "cannot put %s in its place", o->name);
        free(ZC_TAKE(o->temporary));
        directory_sync(o->path);
        return true;
}

bool zc_out_commit(struct zc_out *o, struct zc_err *err)
{
        if (!o->memory)
                out_flush(o);
        if (o->first.code != ZC_OK) {
                *err = o->first;
                return false;
        }
        return !o->temporary || out_rename(o, err);
}

void zc_out_free(struct zc_out *o)
{
        if (!o)
                return;
        if (o->temporary)
                unlink(o->temporary);
        if (o->fd >= 0 && !o->borrowed)
                close(o->fd);
        zc_text_release(&o->text);
        free(o->temporary);
        free(o->path);
        free(o->shown);
        free(o);
}

void zc_file_give(int fd)
{
        uint64_t uid, gid;

        if (geteuid() != 0 || !env_id("SUDO_UID", &uid) || !env_id("SUDO_GID", &gid))
                return;
        if (fchown(fd, (uid_t)uid, (gid_t)gid) != 0)
                return; /* the file stays root's, which is safe */
}
