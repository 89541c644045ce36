/** What the process gives away of itself: first thing in main, after collecting, and before hooks. */
#include "privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"
#include "zc/run.h"
#include "zc/text.h"

/* linux/close_range.h, kernel 5.9; the flag is 5.11. */
#define CLOSE_RANGE_CLOEXEC_FLAG 4u

/** A missing 0, 1 or 2 would be the number of the next file we open: a message would then go into our own evidence. */
static void standard_open(void)
{
        for (int fd = 0; fd <= STDERR_FILENO; fd++) {
                if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
                        continue;
                if (open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) != fd)
                        _exit(4);
        }
}

/** What nohup, a container or a careless parent left ignored or blocked would make us deaf to SIGTERM. SIGHUP stays as nohup set it. */
static void signals_reset(void)
{
        static const int reset[] = { SIGINT, SIGTERM, SIGQUIT, SIGCHLD, SIGALRM, SIGUSR1, SIGUSR2 };
        sigset_t none;

        for (size_t i = 0; i < ZC_COUNT(reset); i++)
                signal(reset[i], SIG_DFL);
        signal(SIGPIPE, SIG_IGN);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
}

void zc_fds_close_above(int last)
{
        const struct rlimit fallback = { 1024, 1024 };
        struct rlimit most;

        if (syscall(SYS_close_range, (unsigned)last + 1, ~0u, 0) == 0)
                return;
        if (getrlimit(RLIMIT_NOFILE, &most) != 0)
                most = fallback;
        for (rlim_t fd = (rlim_t)last + 1; fd < most.rlim_cur && fd < 65536; fd++)
                close((int)fd);
}

void zc_harden(void)
{
        const struct rlimit none = { 0, 0 };

        umask(077);
        standard_open();
        signals_reset();
        setrlimit(RLIMIT_CORE, &none);
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        /* Kept open for us, because a shell hands over <(...) as one of them; not for what we start, nor for the collector. */
        syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC_FLAG);
}

/** Who root becomes in the end: the one who called sudo, else nobody. */
static uid_t lasting_uid(const char *variable)
{
        const char *text = getenv(variable);
        uint64_t id;

        if (text && zc_parse_uint(text, strlen(text), UINT32_MAX - 1, &id) && id != 0)
                return (uid_t)id;
        return ZC_SANDBOX_UID;
}

/**
 * Root prepares to leave while CAP_SETUID is there. The effective ids stay 0, for writing outputs; the saved ones become the lasting
 * ones, because changing to an id one already has needs no capability (setresuid(2)); the real one becomes the collector's, because that
 * lets us end it without CAP_KILL (kill(2)). A namespace that maps no second uid refuses all of it: then the collector has our uid
 * too, and root is nobody outside.
 */
static void root_prepare(void)
{
        uid_t uid = lasting_uid("SUDO_UID");
        gid_t gid = lasting_uid("SUDO_GID");

        if (geteuid() != 0 || zc_sandbox_build.keeps_uid || setgroups(0, NULL) != 0)
                return;
        if (setresgid(ZC_SANDBOX_UID, 0, gid) != 0 &&
            setresgid(ZC_SANDBOX_UID, 0, ZC_SANDBOX_UID) != 0)
                return;
        if (setresuid(ZC_SANDBOX_UID, 0, uid) != 0 &&
            setresuid(ZC_SANDBOX_UID, 0, ZC_SANDBOX_UID) != 0)
                errno = 0;
}

/* What the parent keeps for its outputs; the last one in builds whose leak checker attaches to us at exit. */
static const unsigned kept[] = { CAP_DAC_OVERRIDE, CAP_CHOWN, CAP_SYS_PTRACE };

bool zc_privilege_keep_outputs(struct zc_err *err)
{
        size_t count = zc_sandbox_build.traces_self ? ZC_COUNT(kept) : ZC_COUNT(kept) - 1;
        bool have[ZC_COUNT(kept)];

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
                return zc_fail_errno(err, "cannot set no_new_privs");
        if (capng_get_caps_process() != 0)
                return zc_fail_errno(err, "cannot read our capabilities");
        for (size_t i = 0; i < count; i++)
                have[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]) == 1;
        capng_clear(CAPNG_SELECT_BOTH);
        (void)capng_apply(
                CAPNG_SELECT_BOUNDS); /* needs CAP_SETPCAP; no_new_privs makes the set moot */
        root_prepare();
        capng_clear(CAPNG_SELECT_BOTH);
        for (size_t i = 0; i < count; i++) {
                if (have[i])
                        capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
        }
        if (capng_apply(CAPNG_SELECT_CAPS) != 0)
                return zc_fail_errno(err, "cannot give up capabilities");
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        return true;
}

/** From the ids that root_prepare() left: each call asks for one we already have. */
static bool root_leave(void)
{
        uid_t real = 0, effective = 0, saved = 0;
        gid_t real_group = 0, effective_group = 0, saved_group = 0;

        if (getresuid(&real, &effective, &saved) != 0 || saved == 0)
                return true;
        if (getresgid(&real_group, &effective_group, &saved_group) != 0)
                return false;
        return setresgid(saved_group, saved_group, saved_group) == 0 &&
               setresuid(saved, saved, saved) == 0;
}

bool zc_drop_all(struct zc_err *err)
{
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
                return zc_fail_errno(err, "cannot set no_new_privs");
        root_prepare();
        if (!root_leave())
                return zc_fail_errno(err, "cannot give up root");
        capng_clear(CAPNG_SELECT_BOTH);
        if (capng_apply(CAPNG_SELECT_CAPS) != 0)
                return zc_fail_errno(err, "cannot give up capabilities");
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        return true;
}
