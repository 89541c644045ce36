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

/**
 * A missing 0, 1 or 2 would be the number of the next file we open: a message would then go into our own evidence. In its place stands
 * one that can only be read, so that whatever is to be written there fails, and is not taken for delivered.
 */
static void standard_open(void)
{
        for (int fd = 0; fd <= STDERR_FILENO; fd++) {
                if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
                        continue;
                if (open("/dev/null", O_RDONLY) != fd)
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

/* What the parent keeps for its outputs; the last one in builds whose leak checker attaches to us at exit. */
static const unsigned kept[] = { CAP_DAC_OVERRIDE, CAP_CHOWN, CAP_SYS_PTRACE };
/* Held, but not in force until root is left. */
static const unsigned held[] = { CAP_SETUID, CAP_SETGID };
#define KEPT_MAX (ZC_COUNT(kept) + ZC_COUNT(held) + 1)

struct keeping {
        unsigned cap, sets;
};

static size_t keeping_list(struct keeping out[KEPT_MAX])
{
        size_t count = zc_sandbox_build.traces_self ? ZC_COUNT(kept) : ZC_COUNT(kept) - 1;
        size_t n = 0;

        for (size_t i = 0; i < count; i++)
                out[n++] = (struct keeping){ kept[i], CAPNG_EFFECTIVE | CAPNG_PERMITTED };
        if (geteuid() != 0)
                return n; /* the collector has our uid, and we stay who we are */
        for (size_t i = 0; i < ZC_COUNT(held); i++)
                out[n++] = (struct keeping){ held[i], CAPNG_PERMITTED };
        out[n++] = (struct keeping){ CAP_KILL, CAPNG_EFFECTIVE | CAPNG_PERMITTED };
        return n;
}

/** Without CAP_KILL only a real uid that is the collector's lets us end it; some containers leave root no better. */
static void without_kill(void)
{
        if (geteuid() == 0 && !zc_sandbox_build.keeps_uid &&
            capng_have_capability(CAPNG_PERMITTED, CAP_KILL) != 1 &&
            setresuid(ZC_SANDBOX_UID, (uid_t)-1, (uid_t)-1) != 0)
                errno = 0;
}

bool zc_privilege_keep_outputs(struct zc_err *err)
{
        struct keeping want[KEPT_MAX];
        bool have[KEPT_MAX];
        size_t count = keeping_list(want);

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
                return zc_fail_errno(err, "cannot set no_new_privs");
        if (capng_get_caps_process() != 0)
                return zc_fail_errno(err, "cannot read our capabilities");
        for (size_t i = 0; i < count; i++)
                have[i] = capng_have_capability(CAPNG_PERMITTED, want[i].cap) == 1;
        without_kill();
        capng_clear(CAPNG_SELECT_BOTH);
        (void)capng_apply(
                CAPNG_SELECT_BOUNDS); /* needs CAP_SETPCAP; no_new_privs makes the set moot */
        if (geteuid() == 0 && setgroups(0, NULL) != 0)
                errno = 0; /* a namespace that maps no second gid, or no CAP_SETGID */
        capng_clear(CAPNG_SELECT_BOTH);
        for (size_t i = 0; i < count; i++) {
                if (have[i])
                        capng_update(CAPNG_ADD, want[i].sets, want[i].cap);
        }
        if (capng_apply(CAPNG_SELECT_CAPS) != 0)
                return zc_fail_errno(err, "cannot give up capabilities");
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        return true;
}

bool zc_privilege_collector_ended(struct zc_err *err)
{
        if (capng_get_caps_process() != 0)
                return zc_fail_errno(err, "cannot read our capabilities");
        if (capng_have_capability(CAPNG_PERMITTED, CAP_KILL) != 1)
                return true;
        capng_update(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_KILL);
        if (capng_apply(CAPNG_SELECT_CAPS) != 0)
                return zc_fail_errno(err, "cannot give up CAP_KILL");
        return true;
}

bool zc_documents_only(struct zc_err *err)
{
        return zc_privilege_keep_outputs(err) && zc_privilege_collector_ended(err);
}

/**
 * Root becomes whom it lasts as, with the two capabilities that were held for it. All three ids are root's until here: an id
 * of somebody else among them would let his processes signal us (kill(2) looks at the real and the saved one). A namespace
 * that maps no second uid, or a container without the capabilities, refuses: there root is nobody outside.
 */
static bool root_leave(void)
{
        uid_t uid = lasting_uid("SUDO_UID");
        gid_t gid = lasting_uid("SUDO_GID");

        if (geteuid() != 0 || zc_sandbox_build.keeps_uid || capng_get_caps_process() != 0 ||
            capng_have_capability(CAPNG_PERMITTED, CAP_SETUID) != 1 ||
            capng_have_capability(CAPNG_PERMITTED, CAP_SETGID) != 1)
                return true;
        capng_update(CAPNG_ADD, CAPNG_EFFECTIVE, CAP_SETUID);
        capng_update(CAPNG_ADD, CAPNG_EFFECTIVE, CAP_SETGID);
        if (capng_apply(CAPNG_SELECT_CAPS) != 0)
                return false;
        if (setgroups(0, NULL) != 0)
                errno = 0;
        if (setresgid(gid, gid, gid) != 0 &&
            setresgid(ZC_SANDBOX_UID, ZC_SANDBOX_UID, ZC_SANDBOX_UID) != 0)
                return errno == EINVAL;
        return setresuid(uid, uid, uid) == 0 ||
               setresuid(ZC_SANDBOX_UID, ZC_SANDBOX_UID, ZC_SANDBOX_UID) == 0 || errno == EINVAL;
}

bool zc_drop_all(struct zc_err *err)
{
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
                return zc_fail_errno(err, "cannot set no_new_privs");
        if (!root_leave())
                return zc_fail_errno(err, "cannot give up root");
        capng_clear(CAPNG_SELECT_BOTH);
        if (capng_apply(CAPNG_SELECT_CAPS) != 0)
                return zc_fail_errno(err, "cannot give up capabilities");
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        return true;
}
