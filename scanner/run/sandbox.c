#include "sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(ZC_COVERAGE)
const struct zc_sandbox_build zc_sandbox_build = { .name = "coverage",
                                                   .keeps_uid = true,
                                                   .writes_files = true,
                                                   .reads_self = true,
                                                   .keeps_stderr = true,
                                                   .traces_self = true };
#elif defined(ZC_SANITIZED)
const struct zc_sandbox_build zc_sandbox_build = {
        .name = "sanitizer", .reads_self = true, .keeps_stderr = true, .traces_self = true
};
#else
const struct zc_sandbox_build zc_sandbox_build = { .name = "release" };
#endif

/** Supplementary groups, then gid, then uid: the other way round the first two would be refused. */
static bool become_nobody(void)
{
        return setgroups(0, NULL) == 0 &&
               setresgid(ZC_SANDBOX_UID, ZC_SANDBOX_UID, ZC_SANDBOX_UID) == 0 &&
               setresuid(ZC_SANDBOX_UID, ZC_SANDBOX_UID, ZC_SANDBOX_UID) == 0;
}

/**
 * Root becomes nobody. In a user namespace that maps one uid (unshare -Ur, rootless containers) there is nobody to become,
 * and in a container without CAP_SETUID no way: the uid stays, and losing every capability is what counts.
 */
static void uid_drop(struct zc_sandbox *out)
{
        if (geteuid() != 0 || zc_sandbox_build.keeps_uid)
                return;
        if (become_nobody())
                return;
        out->uid_kept = true;
        snprintf(out->uid_why, sizeof out->uid_why,
                 "cannot become uid %u: %s (a user namespace that maps one uid, or no CAP_SETUID)",
                 (unsigned)ZC_SANDBOX_UID, strerror(errno));
}

/** The bounding set goes while CAP_SETPCAP is still there; without it the set is what it was, and no_new_privs makes it moot. */
static bool capabilities_drop(struct zc_sandbox *out, struct zc_err *err)
{
        capng_clear(CAPNG_SELECT_BOTH);
        if (capng_apply(CAPNG_SELECT_BOUNDS) != 0)
                errno = 0;
        uid_drop(out);
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
                return zc_fail_errno(err, "cannot clear ambient capabilities");
        capng_clear(CAPNG_SELECT_BOTH);
        if (capng_apply(CAPNG_SELECT_CAPS) != 0)
                return zc_fail_errno(err, "cannot give up capabilities");
        return true;
}

/** Not believed but looked at: what the kernel says we still have. */
static bool capabilities_gone(struct zc_err *err)
{
        if (capng_get_caps_process() != 0)
                return zc_fail_errno(err, "cannot read back our capabilities");
        if (capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
                return zc_fail(err, ZC_E_DENIED,
                               "capabilities are still held after giving them up");
        return true;
}

static bool limits_set(struct zc_err *err)
{
        const struct rlimit none = { 0, 0 };

        if (setrlimit(RLIMIT_CORE, &none) != 0)
                return zc_fail_errno(err, "cannot forbid core dumps");
        if (!zc_sandbox_build.writes_files && setrlimit(RLIMIT_FSIZE, &none) != 0)
                return zc_fail_errno(err, "cannot forbid writing to files");
        return true;
}

bool zc_sandbox_enter(const char *root, struct zc_sandbox *out, struct zc_err *err)
{
        memset(out, 0, sizeof *out);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
                return zc_fail_errno(err, "cannot set no_new_privs");
        if (!limits_set(err) || !capabilities_drop(out, err) || !capabilities_gone(err))
                return false;
        /* A change of uid resets both, so they come after it. Nothing of us outlives the parent. */
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
            prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
                return zc_fail_errno(err, "cannot make the collector undumpable and mortal");
        out->landlock = zc_landlock_enter(root, out->landlock_why);
        out->seccomp = zc_seccomp_enter(out->seccomp_why);
        if (out->seccomp || !zc_seccomp_exists())
                return true;
        return zc_fail(err, ZC_E_DENIED,
                       "%s, though this kernel has filters; nothing is asked of strangers without "
                       "one (a container's seccomp profile must allow seccomp and prctl)",
                       out->seccomp_why);
}
