/** Landlock by its three system calls: distributions' headers are older than the ABIs that kernels have. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/linux/landlock.h; the numbers are the same on every architecture that has Landlock. */
#define LL_CREATE 444
#define LL_ADD_RULE 445
#define LL_RESTRICT_SELF 446
#define LL_VERSION 1u
#define LL_PATH_BENEATH 1

#define LL_FS_READ_FILE (UINT64_C(1) << 2)
#define LL_FS_READ_DIR (UINT64_C(1) << 3)
#define LL_NET_BIND_TCP (UINT64_C(1) << 0)
#define LL_SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0)
#define LL_SCOPE_SIGNAL (UINT64_C(1) << 1)

struct ll_ruleset {
        uint64_t fs, net, scoped;
};

struct ll_path_beneath {
        uint64_t allowed;
        int32_t fd;
} __attribute__((packed));

/** What each ABI can forbid: we forbid all of it, then allow the reading list. Sorted by ABI; the last row at or below ours holds. */
static const struct {
        int abi;
        size_t size; /* of the ruleset structure it knows */
        struct ll_ruleset handled;
} abis[] = {
        { 1, 8, { .fs = 0x1fff } },
        { 2, 8, { .fs = 0x3fff } },                          /* + refer */
        { 3, 8, { .fs = 0x7fff } },                          /* + truncate */
        { 4, 16, { .fs = 0x7fff, .net = LL_NET_BIND_TCP } }, /* + TCP; connecting stays free */
        { 5, 16, { .fs = 0xffff, .net = LL_NET_BIND_TCP } }, /* + ioctl on devices */
        { 6,
          24,
          { .fs = 0xffff,
            .net = LL_NET_BIND_TCP,
            .scoped = LL_SCOPE_ABSTRACT_UNIX | LL_SCOPE_SIGNAL } },
};

/** What the resolver, TLS trust and the `os` probe read. A path that is absent is no loss. */
static const char *const readable[] = {
        "/etc/resolv.conf",
        "/etc/hosts",
        "/etc/nsswitch.conf",
        "/etc/host.conf",
        "/etc/gai.conf",
        "/etc/services",
        "/etc/os-release",
        "/etc/localtime",
        "/etc/ssl",
        "/etc/ca-certificates",
        "/etc/pki",
        "/usr/lib/os-release",
        "/usr/lib/ssl",
        "/usr/share/ca-certificates",
        "/usr/local/share/ca-certificates",
        "/usr/share/zoneinfo",
        "/run/systemd/resolve",
        "/proc/sys/kernel",
        "/proc/version",
        "/dev/null",
        "/dev/urandom",
};

/** What the runtimes of sanitizer builds read to name functions in a report. */
static const char *const readable_by_runtimes[] = { "/proc", "/usr/lib", "/lib", "/lib64", "." };

int zc_landlock_abi(void)
{
        long abi = syscall(LL_CREATE, NULL, 0, LL_VERSION);

        return abi > 0 ? (int)abi : 0;
}

/** O_PATH needs no permission on the file itself; a symbolic link is followed, so that the file it leads to is readable. */
static bool path_allow(int ruleset, const char *path)
{
        struct ll_path_beneath rule = { .allowed = LL_FS_READ_FILE };
        struct stat st;
        ZC_AUTO_FD int fd = open(path, O_PATH | O_CLOEXEC);

        if (fd < 0 || fstat(fd, &st) != 0)
                return false;
        if (S_ISDIR(st.st_mode))
                rule.allowed |= LL_FS_READ_DIR;
        rule.fd = fd;
        return syscall(LL_ADD_RULE, ruleset, LL_PATH_BENEATH, &rule, 0) == 0;
}

static void paths_allow(int ruleset, const char *root)
{
        for (size_t i = 0; i < ZC_COUNT(readable); i++)
                (void)path_allow(ruleset, readable[i]);
        if (root[0] != '\0')
                (void)path_allow(ruleset, root);
        if (!zc_sandbox_build.reads_self)
                return;
        for (size_t i = 0; i < ZC_COUNT(readable_by_runtimes); i++)
                (void)path_allow(ruleset, readable_by_runtimes[i]);
}

int zc_landlock_enter(const char *root, char why[96])
{
        int abi = zc_landlock_abi();
        size_t row = 0;
        ZC_AUTO_FD int ruleset = -1;

        if (zc_sandbox_build.writes_files) {
                snprintf(why, 96, "a %s build writes files", zc_sandbox_build.name);
                return 0;
        }
        if (abi < abis[0].abi) {
                snprintf(why, 96, "this kernel has no Landlock (%s)", strerror(errno));
                return 0;
        }
        while (row + 1 < ZC_COUNT(abis) && abis[row + 1].abi <= abi)
                row++;
        ruleset = (int)syscall(LL_CREATE, &abis[row].handled, abis[row].size, 0);
        if (ruleset >= 0) {
                paths_allow(ruleset, root);
                if (syscall(LL_RESTRICT_SELF, ruleset, 0) == 0)
                        return abis[row].abi;
        }
        snprintf(why, 96, "Landlock refused: %s", strerror(errno));
        return 0;
}
