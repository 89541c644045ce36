/**
 * The collector's system calls: one table, and everything outside it is ENOSYS, so that libraries fall back instead of dying
 * (glibc: clone3 to clone). Arguments are compared in their low 32 bits, which is what the kernel reads of an int.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

#define LOW32 UINT64_C(0xffffffff)
#define ARGS_MAX 3u

/* A call is allowed when every one of its conditions holds: (argument & mask) == value. */
struct condition {
        bool used;
        uint8_t arg;
        bool self; /* value is our own pid */
        uint64_t mask, value;
};
struct row {
        int nr;
        struct condition when[ARGS_MAX];
};

/* clang-format off */
#define ANY(name) { SCMP_SYS(name), { { 0 } } }
#define IS(n, v) { .used = true, .arg = (n), .mask = LOW32, .value = (uint64_t)(v) }
#define HAS(n, m, v) { .used = true, .arg = (n), .mask = (uint64_t)(m), .value = (uint64_t)(v) }
#define OWN_PID(n) { .used = true, .arg = (n), .self = true, .mask = LOW32 }
#define SOCKET(domain, type, protocol) { SCMP_SYS(socket), { IS(0, domain), HAS(1, SOCK_KIND, type), IS(2, protocol) } }
#define OPTION(level, name) { SCMP_SYS(setsockopt), { IS(1, level), IS(2, name) } }
#define FCNTL(cmd) { SCMP_SYS(fcntl), { IS(1, cmd) } }
/* clang-format on */

/* O_TMPFILE is O_DIRECTORY and one bit more: the bit alone tells. */
#define OPEN_WRITES (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))
/* pthread_create's clone: a thread of ours, in no new namespace. */
#define CLONE_THREADS                                                                              \
        (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define CLONE_NEVER                                                                                \
        (0x00000080u /* NEWTIME */ | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
         CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_VFORK | CLONE_PTRACE |                \
         CLONE_UNTRACED)
#define SOCK_KIND (LOW32 & ~(uint64_t)(SOCK_NONBLOCK | SOCK_CLOEXEC))

static const struct row allowed[] = {
        /* memory: never executable */
        { SCMP_SYS(mmap), { HAS(2, PROT_EXEC, 0) } },
        { SCMP_SYS(mprotect), { HAS(2, PROT_EXEC, 0) } },
        ANY(munmap),
        ANY(mremap),
        ANY(brk),
        ANY(madvise),

        /* threads, of this process only */
        { SCMP_SYS(clone), { HAS(0, CLONE_THREADS | CLONE_NEVER, CLONE_THREADS) } },
        { SCMP_SYS(tgkill), { OWN_PID(0) } },
        ANY(set_robust_list),
        ANY(rseq),
        ANY(futex),
        ANY(exit),
        ANY(exit_group),
        ANY(sched_yield),
        ANY(sched_getaffinity),
        ANY(gettid),
        ANY(getpid),
        ANY(rt_sigaction),
        ANY(rt_sigprocmask),
        ANY(rt_sigreturn),
        ANY(sigaltstack),
        ANY(restart_syscall),
        { SCMP_SYS(prctl), { IS(0, PR_SET_NAME) } },
        { SCMP_SYS(prctl), { IS(0, PR_SET_VMA) } },

        /* time, chance, who we are */
        ANY(clock_gettime),
        ANY(clock_getres),
        ANY(gettimeofday),
        ANY(time),
        ANY(nanosleep),
        ANY(clock_nanosleep),
        ANY(getrandom),
        ANY(uname),
        ANY(getuid),
        ANY(geteuid),
        ANY(getgid),
        ANY(getegid),
        { SCMP_SYS(prlimit64), { IS(0, 0), HAS(2, UINT64_MAX, 0) } },
        ANY(getrlimit),

        /* files: what Landlock lists, for reading */
        { SCMP_SYS(openat), { HAS(2, OPEN_WRITES, O_RDONLY) } },
        { SCMP_SYS(open), { HAS(1, OPEN_WRITES, O_RDONLY) } },
        ANY(read),
        ANY(pread64),
        ANY(readv),
        ANY(lseek),
        ANY(close),
        ANY(fstat),
        ANY(stat),
        ANY(newfstatat),
        ANY(statx),
        ANY(readlink),
        ANY(readlinkat),
        ANY(access),
        ANY(faccessat),
        ANY(faccessat2),
        ANY(getdents64),
        FCNTL(F_GETFD),
        FCNTL(F_SETFD),
        FCNTL(F_GETFL),
        FCNTL(F_SETFL),
        FCNTL(F_DUPFD_CLOEXEC),

        /* waiting, waking a waiter, handing records to the parent */
        ANY(poll),
        ANY(ppoll),
        ANY(select),
        ANY(pselect6),
        ANY(epoll_create1),
        ANY(epoll_ctl),
        ANY(epoll_wait),
        ANY(epoll_pwait),
        ANY(eventfd2),
        ANY(pipe2),
        ANY(write),
        ANY(writev),
        { SCMP_SYS(ioctl), { IS(1, FIONREAD) } },
        { SCMP_SYS(ioctl), { IS(1, FIONBIO) } },

        /* the network: TCP and UDP over IPv4 and IPv6, outwards */
        SOCKET(AF_INET, SOCK_STREAM, 0),
        SOCKET(AF_INET, SOCK_STREAM, IPPROTO_TCP),
        SOCKET(AF_INET, SOCK_DGRAM, 0),
        SOCKET(AF_INET, SOCK_DGRAM, IPPROTO_UDP),
        SOCKET(AF_INET6, SOCK_STREAM, 0),
        SOCKET(AF_INET6, SOCK_STREAM, IPPROTO_TCP),
        SOCKET(AF_INET6, SOCK_DGRAM, 0),
        SOCKET(AF_INET6, SOCK_DGRAM, IPPROTO_UDP),
        ANY(connect),
        ANY(sendto),
        ANY(sendmsg),
        ANY(sendmmsg),
        ANY(recvfrom),
        ANY(recvmsg),
        ANY(recvmmsg),
        ANY(shutdown),
        ANY(getsockname),
        ANY(getpeername),
        ANY(getsockopt),
        OPTION(SOL_SOCKET, SO_RCVBUF),
        OPTION(SOL_SOCKET, SO_SNDBUF),
        OPTION(SOL_SOCKET, SO_REUSEADDR),
        OPTION(SOL_SOCKET, SO_KEEPALIVE),
        OPTION(SOL_SOCKET, SO_LINGER),
        OPTION(SOL_SOCKET, SO_RCVTIMEO),
        OPTION(SOL_SOCKET, SO_SNDTIMEO),
        OPTION(IPPROTO_TCP, TCP_NODELAY),
        OPTION(IPPROTO_TCP, TCP_QUICKACK),
        OPTION(IPPROTO_TCP, TCP_SYNCNT),
        OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT),
        OPTION(IPPROTO_TCP, TCP_MAXSEG),
        OPTION(IPPROTO_TCP, TCP_FASTOPEN_CONNECT),
        OPTION(IPPROTO_IP, IP_RECVERR),
        OPTION(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT),
        OPTION(IPPROTO_IPV6, IPV6_V6ONLY),
        OPTION(IPPROTO_IPV6, IPV6_RECVERR),

#ifdef ZC_SANITIZED
        /* runtimes of sanitizers: memory use, probing an address through a pipe */
        ANY(getrusage),
        ANY(sysinfo),
        ANY(pipe),
        ANY(getppid),
        ANY(getcwd),
        ANY(mincore),
        ANY(dup2),
        ANY(dup3),
        ANY(sched_getparam),
        ANY(sched_getscheduler),
#endif
#ifdef ZC_COVERAGE
        /* gcov merges its counters into files at exit */
        ANY(openat),
        ANY(fcntl),
        ANY(ftruncate),
        ANY(mkdir),
        ANY(umask),
#endif
};

static int row_add(scmp_filter_ctx filter, const struct row *r)
{
        struct scmp_arg_cmp cmp[ARGS_MAX];
        unsigned n = 0;

        for (; n < ARGS_MAX && r->when[n].used; n++) {
                const struct condition *c = &r->when[n];

                cmp[n] = (struct scmp_arg_cmp){
                        .arg = c->arg,
                        .op = SCMP_CMP_MASKED_EQ,
                        .datum_a = c->mask,
                        .datum_b = c->self ? (uint64_t)getpid() : c->value,
                };
        }
        return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, r->nr, n, cmp);
}

/** A call that this architecture has not (open on arm64) gives -EDOM, and one that an older libseccomp does not know is negative. */
static int rows_add(scmp_filter_ctx filter)
{
        for (size_t i = 0; i < ZC_COUNT(allowed); i++) {
                int rc = allowed[i].nr < 0 ? 0 : row_add(filter, &allowed[i]);

                if (rc != 0 && rc != -EDOM)
                        return rc;
        }
        return 0;
}

bool zc_seccomp_exists(void)
{
        /* A filter of NULL: EFAULT where filters exist, EINVAL or ENOSYS where not; any other refusal is somebody's decision. */
        return prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, NULL, 0, 0) == 0 ||
               (errno != EINVAL && errno != ENOSYS);
}

bool zc_seccomp_enter(char why[96])
{
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
        int rc = filter ? rows_add(filter) : -ENOMEM;

        if (rc == 0)
                rc = seccomp_load(filter);
        if (filter)
                seccomp_release(filter);
        if (rc != 0)
                snprintf(why, 96, "seccomp filter refused: %s", strerror(-rc));
        return rc == 0;
}
