/**
 * The collector's sandbox (design section 3): what reads strangers' bytes runs as nobody, without capabilities, and may open a few
 * files for reading, make TCP and UDP connections, and write to the descriptors it was given. Entered once, before threads.
 */
#ifndef ZC_RUN_SANDBOX_H
#define ZC_RUN_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "zc/err.h"

/** What this kernel and user namespace gave. Whatever is missing is named in the evidence. */
struct zc_sandbox {
        bool uid_kept; /* we are root and no second uid is mapped: root's uid stays, without capabilities */
        int landlock; /* the ABI in force, 0: none */
        bool seccomp;
        char landlock_why[96]; /* of an absence */
        char seccomp_why[96];
        char uid_why[160];
};

/** uid and gid "nobody" everywhere we run; the name is not looked up, because that could load modules. */
#define ZC_SANDBOX_UID ((uid_t)65534)

/**
 * @root: --root DIR whose files may be read, "" for none.
 * Fails when privilege could not be given up, or when a kernel that has system call filters refused ours: then the caller must not go on.
 * A kernel without Landlock or without filters is no failure.
 */
bool zc_sandbox_enter(const char *root, struct zc_sandbox *out, struct zc_err *err) ZC_MUST_USE;

/** The highest Landlock ABI of this kernel, 0 when there is none. */
int zc_landlock_abi(void);
/** Restrict files to the reading list, TCP to connecting, signals to ourselves. Returns the ABI in force, 0 with `why`. */
int zc_landlock_enter(const char *root, char why[96]);
/** Whether this kernel has system call filters at all. */
bool zc_seccomp_exists(void);
/** Restrict system calls to the allow-list; everything else is ENOSYS. */
bool zc_seccomp_enter(char why[96]);

/** What sanitizer and coverage runtimes need is permitted in their builds only, and this row says what it is. */
struct zc_sandbox_build {
        const char *name;
        bool keeps_uid;    /* coverage counters are written by the caller's uid at exit */
        bool writes_files; /* ... and so files are written */
        bool reads_self;   /* reports name functions: /proc/self, the program, its libraries */
        bool keeps_stderr; /* reports go there */
        bool traces_self; /* at exit the parent attaches to itself to look for leaks */
};
extern const struct zc_sandbox_build zc_sandbox_build;

#endif
