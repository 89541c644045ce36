/**
 * Enters the collector's sandbox and tries what it must not be able to do, and what it must. TAP on standard output, with the
 * process's own status as the kernel shows it. Run as root, as a user, and in a user namespace by tests/integration/sandbox.sh.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../../scanner/run/sandbox.h"
#include "zc/run.h"

static int status_fd;     /* /proc/self/status, opened before it is out of reach */
static int listener_port; /* a TCP listener of the process outside */
static char victim[96];   /* a file of the process outside, in its own folder */
static char folder[64];
static pid_t outside;
static char scratch[256];

/* Each attempt returns 0 or more when it worked, -1 with errno when not. */
static int open_at(const char *name, int flags)
{
        char path[128];

        snprintf(path, sizeof path, "%s/%s", folder, name);
        return open(path, flags | O_CLOEXEC, 0600);
}

static int open_new(void)
{
        return open_at("new", O_WRONLY | O_CREAT);
}
static int open_tmpfile(void)
{
        return open(folder, O_TMPFILE | O_RDWR, 0600);
}
static int open_append(void)
{
        return open_at("victim", O_WRONLY | O_APPEND);
}
static int open_truncate(void)
{
        return open_at("victim", O_RDONLY | O_TRUNC);
}
static int exec_true(void)
{
        char *const argv[] = { "true", NULL };

        return execve("/bin/true", argv, NULL);
}
static int exec_at(void)
{
        char *const argv[] = { "true", NULL };

        return (int)syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, NULL, 0);
}
static int fork_it(void)
{
        return (int)fork();
}
static int vfork_it(void)
{
        long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

        if (pid == 0)
                _exit(0);
        return (int)pid;
}
static int clone3_it(void)
{
        struct {
                uint64_t words[11];
        } args = { { 0, 0, 0, 0, SIGCHLD } };
        long pid = syscall(SYS_clone3, &args, sizeof args);

        if (pid == 0)
                _exit(0);
        return (int)pid;
}
static int socket_pair(void)
{
        int ends[2];

        return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}
static int listen_tcp(void)
{
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        return fd < 0 ? -1 : listen(fd, 1);
}
static int bind_tcp(void)
{
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(24999) };
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        return fd < 0 ? -1 : bind(fd, (struct sockaddr *)&a, sizeof a);
}
static int option_filter(void)
{
        int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

        return fd < 0 ? -1 : setsockopt(fd, SOL_IP, 64 /* IPT_SO_SET_REPLACE */, &on, sizeof on);
}
static int option_device(void)
{
        int fd = socket(AF_INET, SOCK_DGRAM, 0);

        return fd < 0 ? -1 : setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
}
static int trace_outside(void)
{
        return (int)ptrace(PTRACE_ATTACH, outside, NULL, NULL);
}
static int read_outside(void)
{
        char c;
        struct iovec to = { &c, 1 }, from = { &c, 1 };

        return (int)syscall(SYS_process_vm_readv, outside, &to, 1, &from, 1, 0);
}
static int kill_outside(void)
{
        return kill(outside, SIGTERM);
}
static int tgkill_outside(void)
{
        return (int)syscall(SYS_tgkill, outside, outside, SIGTERM);
}
static int pidfd_outside(void)
{
        return (int)syscall(SYS_pidfd_open, outside, 0);
}
static int make_dir(void)
{
        char path[128];

        snprintf(path, sizeof path, "%s/dir", folder);
        return mkdir(path, 0700);
}
static int rename_file(void)
{
        char path[128];

        snprintf(path, sizeof path, "%s/other", folder);
        return rename(victim, path);
}
static int map_executable(void)
{
        void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        return p == MAP_FAILED ? -1 : 0;
}
static int protect_executable(void)
{
        void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        return p == MAP_FAILED ? 0 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
}
static int limit_raise(void)
{
        const struct rlimit l = { 1, 1 };

        return setrlimit(RLIMIT_NOFILE, &l);
}
static int terminal_push(void)
{
        char c = 'x';

        return ioctl(0, TIOCSTI, &c);
}

/* What it needs. */
static int connect_tcp(void)
{
        struct sockaddr_in a = { .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)listener_port),
                                 .sin_addr = { htonl(INADDR_LOOPBACK) } };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

        if (fd < 0)
                return -1;
        return connect(fd, (struct sockaddr *)&a, sizeof a) == 0 || errno == EINPROGRESS ? 0 : -1;
}
static int udp_out(void)
{
        struct sockaddr_in a = { .sin_family = AF_INET,
                                 .sin_port = htons(9),
                                 .sin_addr = { htonl(INADDR_LOOPBACK) } };
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        return fd < 0 ? -1 : (int)sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof a);
}
static int nodelay(void)
{
        int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

        return fd < 0 ? -1 : setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}
static void *thread_main(void *arg)
{
        return arg;
}
static int thread_run(void)
{
        pthread_t t;
        pthread_attr_t a;

        pthread_attr_init(&a);
        pthread_attr_setstacksize(&a, 256 * 1024);
        errno = pthread_create(&t, &a, thread_main, NULL);
        pthread_attr_destroy(&a);
        return errno != 0 || pthread_join(t, NULL) != 0 ? -1 : 0;
}
static int memory_large(void)
{
        char *p = malloc((size_t)32 << 20);

        if (!p)
                return -1;
        p[1 << 20] = 1;
        free(p);
        return 0;
}
static int raise_self(void)
{
        return raise(SIGWINCH);
}

/* What Landlock alone forbids is let through where the kernel has none. */
enum by { SECCOMP, LANDLOCK, WORKS };

static const struct {
        const char *what;
        int (*attempt)(void);
        enum by by;
        long call, args[5]; /* where there is no function */
} attempts[] = {
        { "open a new file for writing", open_new, SECCOMP, 0, { 0 } },
        { "open an unnamed temporary file", open_tmpfile, SECCOMP, 0, { 0 } },
        { "open a file for appending", open_append, SECCOMP, 0, { 0 } },
        { "truncate while opening for reading", open_truncate, SECCOMP, 0, { 0 } },
        { "open a device for writing",
          NULL,
          SECCOMP,
          SYS_openat,
          { AT_FDCWD, (long)"/dev/null", O_RDWR } },
        { "create while opening for reading",
          NULL,
          SECCOMP,
          SYS_openat,
          { AT_FDCWD, (long)victim, O_CREAT, 0600 } },
        { "read /etc/passwd",
          NULL,
          LANDLOCK,
          SYS_openat,
          { AT_FDCWD, (long)"/etc/passwd", O_RDONLY } },
        { "read /etc/shadow",
          NULL,
          LANDLOCK,
          SYS_openat,
          { AT_FDCWD, (long)"/etc/shadow", O_RDONLY } },
        { "list /", NULL, LANDLOCK, SYS_openat, { AT_FDCWD, (long)"/", O_RDONLY | O_DIRECTORY } },
        { "list /proc",
          NULL,
          LANDLOCK,
          SYS_openat,
          { AT_FDCWD, (long)"/proc", O_RDONLY | O_DIRECTORY } },
        { "execve", exec_true, SECCOMP, 0, { 0 } },
        { "execveat", exec_at, SECCOMP, 0, { 0 } },
        { "fork", fork_it, SECCOMP, 0, { 0 } },
        { "clone without a thread's flags", vfork_it, SECCOMP, 0, { 0 } },
        { "clone3", clone3_it, SECCOMP, 0, { 0 } },
        { "a netlink socket", NULL, SECCOMP, SYS_socket, { AF_NETLINK, SOCK_RAW, 0 } },
        { "a unix socket", NULL, SECCOMP, SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } },
        { "a packet socket", NULL, SECCOMP, SYS_socket, { AF_PACKET, SOCK_RAW, 0 } },
        { "a raw socket", NULL, SECCOMP, SYS_socket, { AF_INET, SOCK_RAW, IPPROTO_ICMP } },
        { "a ping socket", NULL, SECCOMP, SYS_socket, { AF_INET, SOCK_DGRAM, IPPROTO_ICMP } },
        { "an SCTP socket", NULL, SECCOMP, SYS_socket, { AF_INET, SOCK_STREAM, IPPROTO_SCTP } },
        { "a socket pair", socket_pair, SECCOMP, 0, { 0 } },
        { "a vsock socket", NULL, SECCOMP, SYS_socket, { 40 /* AF_VSOCK */, SOCK_STREAM, 0 } },
        { "listen", listen_tcp, SECCOMP, 0, { 0 } },
        { "bind", bind_tcp, SECCOMP, 0, { 0 } },
        { "replace a netfilter table by setsockopt", option_filter, SECCOMP, 0, { 0 } },
        { "bind a socket to a device", option_device, SECCOMP, 0, { 0 } },
        { "ptrace another process", trace_outside, SECCOMP, 0, { 0 } },
        { "read another process's memory", read_outside, SECCOMP, 0, { 0 } },
        { "signal another process", kill_outside, SECCOMP, 0, { 0 } },
        { "signal the process group", NULL, SECCOMP, SYS_kill, { 0, SIGUSR1 } },
        { "signal another process's thread", tgkill_outside, SECCOMP, 0, { 0 } },
        { "a pidfd of another process", pidfd_outside, SECCOMP, 0, { 0 } },
        { "mkdir", make_dir, SECCOMP, 0, { 0 } },
        { "unlink", NULL, SECCOMP, SYS_unlinkat, { AT_FDCWD, (long)victim, 0 } },
        { "rename", rename_file, SECCOMP, 0, { 0 } },
        { "symlink", NULL, SECCOMP, SYS_symlinkat, { (long)"/etc", AT_FDCWD, (long)victim } },
        { "chmod", NULL, SECCOMP, SYS_fchmodat, { AT_FDCWD, (long)victim, 0777 } },
        { "chown", NULL, SECCOMP, SYS_fchownat, { AT_FDCWD, (long)victim, 0, 0, 0 } },
        { "truncate", NULL, SECCOMP, SYS_truncate, { (long)victim, 0 } },
        { "chdir", NULL, SECCOMP, SYS_chdir, { (long)"/" } },
        { "chroot", NULL, SECCOMP, SYS_chroot, { (long)"/" } },
        { "mount", NULL, SECCOMP, SYS_mount, { (long)"none", (long)folder, (long)"tmpfs", 0, 0 } },
        { "a new user namespace", NULL, SECCOMP, SYS_unshare, { 0x10000000 /* CLONE_NEWUSER */ } },
        { "become root again", NULL, SECCOMP, SYS_setresuid, { 0, 0, 0 } },
        { "io_uring", NULL, SECCOMP, SYS_io_uring_setup, { 8, (long)scratch } },
        { "bpf", NULL, SECCOMP, SYS_bpf, { 0, (long)scratch, 128 } },
        { "perf_event_open", NULL, SECCOMP, SYS_perf_event_open, { (long)scratch, 0, -1, -1, 0 } },
        { "add a key", NULL, SECCOMP, SYS_add_key, { (long)"user", (long)"zc", (long)"x", 1, -3 } },
        { "userfaultfd", NULL, SECCOMP, SYS_userfaultfd, { 0 } },
        { "memfd_create", NULL, SECCOMP, SYS_memfd_create, { (long)"zc", 0 } },
        { "inotify", NULL, SECCOMP, SYS_inotify_init1, { 0 } },
        { "map memory executable", map_executable, SECCOMP, 0, { 0 } },
        { "make memory executable", protect_executable, SECCOMP, 0, { 0 } },
        { "become dumpable", NULL, SECCOMP, SYS_prctl, { PR_SET_DUMPABLE, 1 } },
        { "change a limit", limit_raise, SECCOMP, 0, { 0 } },
        { "push input into a terminal", terminal_push, SECCOMP, 0, { 0 } },
        { "connect over TCP", connect_tcp, WORKS, 0, { 0 } },
        { "send over UDP", udp_out, WORKS, 0, { 0 } },
        { "set TCP_NODELAY", nodelay, WORKS, 0, { 0 } },
        { "read /etc/hosts", NULL, WORKS, SYS_openat, { AT_FDCWD, (long)"/etc/hosts", O_RDONLY } },
        { "read /etc/os-release",
          NULL,
          WORKS,
          SYS_openat,
          { AT_FDCWD, (long)"/etc/os-release", O_RDONLY } },
        { "read the kernel's release",
          NULL,
          WORKS,
          SYS_openat,
          { AT_FDCWD, (long)"/proc/sys/kernel/osrelease", O_RDONLY } },
        { "run a thread", thread_run, WORKS, 0, { 0 } },
        { "allocate much memory", memory_large, WORKS, 0, { 0 } },
        { "signal itself", raise_self, WORKS, 0, { 0 } },
};

static int number;

static void tap(bool ok, const char *what, const char *detail)
{
        char line[512];
        int n = snprintf(line, sizeof line, "%s %d - %s%s%s\n", ok ? "ok" : "not ok", ++number,
                         what, detail[0] ? ": " : "", detail);

        if (write(STDOUT_FILENO, line, (size_t)n) < 0)
                _exit(1);
}

static void skip(const char *what, const char *why)
{
        char line[256];
        int n = snprintf(line, sizeof line, "ok %d - %s # SKIP %s\n", ++number, what, why);

        if (write(STDOUT_FILENO, line, (size_t)n) < 0)
                _exit(1);
}

/** The kernel's words: a line of /proc/self/status. */
static void status_line(const char *key, char out[128])
{
        static char text[8192];
        ssize_t n = pread(status_fd, text, sizeof text - 1, 0);
        const char *at;

        out[0] = '\0';
        text[n > 0 ? n : 0] = '\0';
        at = strstr(text, key);
        if (at)
                snprintf(out, 128, "%.*s", (int)strcspn(at + strlen(key), "\n"), at + strlen(key));
}

static void status_check(const struct zc_sandbox *box)
{
        static const struct {
                const char *key, *value;
        } lines[] = { { "\nNoNewPrivs:", "\t1" },
                      { "\nSeccomp:", "\t2" },
                      { "\nCapInh:", "\t0000000000000000" },
                      { "\nCapPrm:", "\t0000000000000000" },
                      { "\nCapEff:", "\t0000000000000000" },
                      { "\nCapAmb:", "\t0000000000000000" } };
        char value[128], want[64];

        for (size_t i = 0; i < ZC_COUNT(lines); i++) {
                status_line(lines[i].key, value);
                snprintf(want, sizeof want, "status says%s%s", lines[i].key + 1,
                         lines[i].value + 1);
                tap(strcmp(value, lines[i].value) == 0, want, value);
        }
        if (box->uid_kept) {
                status_line("\nUid:", value);
                tap(strcmp(value, "\t0\t0\t0\t0") == 0 && box->uid_why[0] != '\0',
                    "the uid stays, and the report says why", box->uid_why);
                return;
        }
        if (getenv("ZC_WAS_ROOT")) {
                status_line("\nUid:", value);
                tap(strcmp(value, "\t65534\t65534\t65534\t65534") == 0,
                    "status says Uid 65534 four times", value);
                status_line("\nGroups:", value);
                tap(strspn(value, "\t ") == strlen(value), "status says no supplementary groups",
                    value);
                status_line("\nCapBnd:", value);
                tap(strcmp(value, "\t0000000000000000") == 0, "status says CapBnd is empty", value);
        }
}

static int attempt_make(size_t i)
{
        const long *a = attempts[i].args;

        return attempts[i].attempt ? attempts[i].attempt()
                                   : (int)syscall(attempts[i].call, a[0], a[1], a[2], a[3], a[4]);
}

static void attempt(size_t i, const struct zc_sandbox *box)
{
        char detail[128] = "";
        int error, result, refusal = attempts[i].by == LANDLOCK ? EACCES : ENOSYS; /* who refused */

        if (attempts[i].by == LANDLOCK && (box->landlock == 0 || zc_sandbox_build.reads_self)) {
                skip(attempts[i].what,
                     box->landlock == 0 ? "no Landlock here" : "this build's runtime reads files");
                return;
        }
        errno = 0;
        result = attempt_make(i);
        error = errno;
        snprintf(detail, sizeof detail, "%s", result < 0 ? strerror(error) : "worked");
        tap(attempts[i].by == WORKS ? result >= 0 : result < 0 && error == refusal,
            attempts[i].what, detail);
}

/** The process outside: a listener, a file, and someone to attack. */
static void outside_prepare(void)
{
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
        socklen_t len = sizeof a;
        int fd = socket(AF_INET, SOCK_STREAM, 0), file;

        if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 8) != 0 ||
            getsockname(fd, (struct sockaddr *)&a, &len) != 0)
                _exit(1);
        listener_port = ntohs(a.sin_port);
        snprintf(folder, sizeof folder, "/tmp/zc-sandbox-XXXXXX");
        if (!mkdtemp(folder) || chmod(folder, 0777) != 0)
                _exit(1);
        snprintf(victim, sizeof victim, "%s/victim", folder);
        file = open(victim, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (file < 0 || fchmod(file, 0666) != 0 || write(file, "x", 1) != 1)
                _exit(1);
        close(file);
        outside = getpid();
}

static void inside(void)
{
        struct zc_sandbox box;
        struct zc_err err = { 0 };

        if (!zc_sandbox_enter("", &box, &err)) {
                tap(false, "enter the sandbox", err.text);
                _exit(1);
        }
        tap(true, "enter the sandbox", "");
        if (box.seccomp)
                status_check(&box);
        else
                skip("the status", box.seccomp_why);
        for (size_t i = 0; i < ZC_COUNT(attempts) && box.seccomp; i++)
                attempt(i, &box);
        _exit(0);
}

/** Lets no filter be put in force any more: EPERM as an outer sandbox says it, EINVAL as a kernel without filters. */
static bool filters_forbid(int sys)
{
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
        bool ok = filter &&
                  seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)sys), SCMP_SYS(prctl), 1,
                                   SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP, 0)) == 0 &&
                  seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)sys), SCMP_SYS(seccomp), 0) ==
                          0 &&
                  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && seccomp_load(filter) == 0;

        if (filter)
                seccomp_release(filter);
        return ok;
}

/** Without a filter the collector goes on only where the kernel has none. */
static int without_filter(const char *how)
{
        bool lacks = strcmp(how, "lacks") == 0, entered;
        struct zc_sandbox box;
        struct zc_err err = { 0 };

        if (!filters_forbid(lacks ? EINVAL : EPERM)) {
                printf("1..0 # SKIP no filter can be put in force here\n");
                return 0;
        }
        entered = zc_sandbox_enter("", &box, &err);
        if (lacks)
                printf("%s 1 - a kernel without filters: entered, and it is told\n",
                       entered && !box.seccomp && box.seccomp_why[0] ? "ok" : "not ok");
        else
                printf("%s 1 - a kernel whose filters are forbidden: refused\n",
                       !entered && strstr(err.text, "though this kernel has filters") ? "ok"
                                                                                      : "not ok");
        return 0;
}

int main(int argc, char **argv)
{
        int status = 0;
        pid_t pid;

        if (argc == 2)
                return without_filter(argv[1]);

        if (zc_sandbox_build.writes_files) {
                printf("1..0 # SKIP a %s build's runtime writes files\n", zc_sandbox_build.name);
                return 0;
        }
        zc_harden();
        outside_prepare();
        pid = fork();
        if (pid == 0) {
                status_fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
                inside();
        }
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        unlink(victim);
        if (rmdir(folder) != 0)
                printf("not ok 999 - something was left in %s\n", folder);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
