/** Files that decide what we do: nobody else may choose what root does. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "zc/file.h"
#include "zc/text.h"

/** Root's own, or of the one who called sudo: nobody else chooses what root does. */
static bool owner_trusted(uid_t uid)
{
        const char *s = getenv("SUDO_UID");
        uint64_t caller;

        return uid == 0 ||
               (s && zc_parse_uint(s, strlen(s), UINT32_MAX - 1, &caller) && uid == (uid_t)caller);
}

static bool guard(const char *path, const char *what, struct zc_err *err)
{
        struct stat st;

        if (stat(path, &st) != 0) {
                zc_fail_errno(err, "cannot read %s", path);
                err->code = ZC_E_USAGE;
                return false;
        }
        if (!owner_trusted(st.st_uid))
                return zc_fail(err, ZC_E_USAGE,
                               "%s belongs to user %u, and we run as root: chown root the %s, or "
                               "run as that user",
                               path, (unsigned)st.st_uid, what);
        if (st.st_mode & (S_IWGRP | S_IWOTH))
                return zc_fail(
                        err, ZC_E_USAGE,
                        "others can write the %s %s (mode %04o), and we run as root: chmod go-w it",
                        what, path, (unsigned)(st.st_mode & 07777));
        return true;
}

/** The folder decides which file a name is: it is guarded as the file is. */
static bool guard_with_folder(const char *path, struct zc_err *err)
{
        const char *slash = strrchr(path, '/');
        ZC_AUTO_MEM char *folder =
                slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");

        if (!folder)
                return zc_fail(err, ZC_E_NOMEM, "no memory for %s", path);
        return guard(path, "file", err) && guard(folder, "folder", err);
}

bool zc_file_guard(const char *path, struct zc_err *err)
{
        ZC_AUTO_MEM char *real = NULL;

        if (geteuid() != 0 || strcmp(path, "-") == 0)
                return true;
        real = realpath(path, NULL);
        if (!real)
                return zc_fail(err, ZC_E_USAGE, "cannot read %s: %s", path,
                               strerror(errno)); // NOLINT(concurrency-mt-unsafe): before any thread
        return guard_with_folder(path, err) && guard_with_folder(real, err);
}
