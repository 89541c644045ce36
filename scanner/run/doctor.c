/** doctor: what this machine and caller can do, and what to grant. Looks; changes nothing and sends nothing but to the kernel. */
#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "observe.h"
#include "plan.h"
#include "sandbox.h"
#include "zc/netlink.h"
#include "zc/run.h"

#define NOFILE_WANTED 1024u

/* One answer. */
struct finding {
        bool ok;
        char why[256];
        const char *grant; /* what would make it ok; "" for nothing that the caller can do */
};

static void found(struct finding *f, bool ok, const char *grant, const char *fmt, ...)
        ZC_PRINTF(4, 5);

static void found(struct finding *f, bool ok, const char *grant, const char *fmt, ...)
{
        va_list ap;

        f->ok = ok;
        f->grant = ok ? "" : grant;
        va_start(ap, fmt);
        vsnprintf(f->why, sizeof f->why, fmt, ap);
        va_end(ap);
}

static void look_capabilities(struct finding *f)
{
        unsigned missing = zc_needs_missing(ZC_NEED_NET_ADMIN | ZC_NEED_PTRACE);
        char text[ZC_NEEDS_LEN];

        zc_needs_format(missing, text);
        if (missing == 0)
                found(f, true, "", "CAP_NET_ADMIN and CAP_SYS_PTRACE are at hand");
        else
                found(f, false,
                      "sudo zerocrit …, or AmbientCapabilities=CAP_NET_ADMIN CAP_SYS_PTRACE in the "
                      "unit",
                      "missing %s", text);
}

static bool ignore_answer(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        (void)ctx;
        (void)type;
        (void)payload;
        (void)err;
        return true;
}

/** The smallest question to nf_tables: which generation is its ruleset. */
static void look_firewall(struct finding *f)
{
        char buf[64];
        struct nlmsghdr *nlh = mnl_nlmsg_put_header(memset(buf, 0, sizeof buf));
        struct nfgenmsg *nfg;
        struct zc_nl *nl = NULL;
        struct zc_err err = { 0 };

        nlh->nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN;
        nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
        nfg = mnl_nlmsg_put_extra_header(nlh, sizeof *nfg);
        nfg->nfgen_family = AF_UNSPEC;
        nfg->version = NFNETLINK_V0;
        if (zc_nl_open(NETLINK_NETFILTER, &nl, &err) &&
            zc_nl_request(nl, nlh, ignore_answer, NULL, NULL, &err))
                found(f, true, "", "nf_tables answers");
        else
                found(f, false,
                      err.code == ZC_E_DENIED ? "CAP_NET_ADMIN (sudo zerocrit …)"
                                              : "a kernel with nf_tables",
                      "%.200s", err.text);
        zc_nl_close(nl);
}

/** Only the list of names is read: asking legacy iptables itself would register its tables. */
static void look_legacy(struct finding *f)
{
        static const char *const lists[] = { "/proc/net/ip_tables_names",
                                             "/proc/net/ip6_tables_names" };

        for (size_t i = 0; i < ZC_COUNT(lists); i++) {
                ZC_AUTO_FD int fd = open(lists[i], O_RDONLY | O_CLOEXEC);

                if (fd < 0 && errno != ENOENT) {
                        found(f, false, "root (sudo zerocrit …)", "%s: %s", lists[i],
                              strerror(errno));
                        return;
                }
        }
        found(f, true, "", "whether iptables-legacy rules exist can be read");
}

/** Another user's process is needed to tell; the init process is always there. */
static void look_processes(struct finding *f)
{
        DIR *d = opendir("/proc/1/fd");

        if (d)
                found(f, true, "", "listeners can be told by process and unit");
        else
                found(f, false, "CAP_SYS_PTRACE (sudo zerocrit …)",
                      "/proc/1/fd: %s; listeners of other users stay without process",
                      strerror(errno));
        if (d)
                closedir(d);
}

static void look_landlock(struct finding *f)
{
        int abi = zc_landlock_abi();

        if (abi > 0)
                found(f, true, "", "ABI %d: the collector reads only what it is listed for", abi);
        else
                found(f, false,
                      "a kernel with Landlock (5.13) that has it in lsm=", "no Landlock: %s",
                      strerror(errno));
}

static void look_seccomp(struct finding *f)
{
        /* A filter of NULL: EFAULT where filters exist, EINVAL where not. */
        bool ok = prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, NULL, 0, 0) != 0 &&
                  errno == EFAULT;
        int sys = errno;

        if (ok)
                found(f, true, "", "the collector makes only the system calls it is listed for");
        else if (zc_seccomp_exists())
                found(f, false, "a seccomp profile of the container that allows seccomp and prctl",
                      "the system call filter is forbidden (%s): nothing is collected without it",
                      strerror(sys));
        else
                found(f, false, "a kernel with CONFIG_SECCOMP_FILTER", "no system call filter: %s",
                      strerror(sys));
}

/** Lines of /proc/self/uid_map: first uid inside, first outside, how many. */
static bool uid_mapped(uid_t uid)
{
        char line[128];
        FILE *map = fopen("/proc/self/uid_map", "re");
        bool mapped = false;

        while (map && !mapped && fgets(line, sizeof line, map)) {
                char *at = line;
                unsigned long first = strtoul(at, &at, 10), count;

                (void)strtoul(at, &at, 10);
                count = strtoul(at, &at, 10);
                mapped = first <= uid && uid - first < count;
        }
        if (map)
                fclose(map);
        return mapped;
}

/** Root in a user namespace that maps one uid keeps that uid in the collector. */
static void look_uid(struct finding *f)
{
        if (geteuid() != 0)
                found(f, true, "", "not root: the collector keeps uid %u, without capabilities",
                      (unsigned)geteuid());
        else if (uid_mapped(ZC_SANDBOX_UID))
                found(f, true, "", "the collector becomes uid %u", (unsigned)ZC_SANDBOX_UID);
        else
                found(f, false, "a user namespace that maps uid 65534",
                      "no second uid here: the collector keeps root's, without capabilities");
}

static void look_resolver(struct finding *f)
{
        char line[512];
        unsigned servers = 0;
        FILE *conf = fopen("/etc/resolv.conf", "re");

        if (!conf) {
                found(f, false, "a nameserver in /etc/resolv.conf",
                      "/etc/resolv.conf: %s; only addresses can be targets", strerror(errno));
                return;
        }
        while (fgets(line, sizeof line, conf))
                servers += strncmp(line, "nameserver", 10) == 0;
        fclose(conf);
        if (servers > 0)
                found(f, true, "", "%u nameserver%s in /etc/resolv.conf", servers,
                      servers == 1 ? "" : "s");
        else
                found(f, false, "a nameserver in /etc/resolv.conf",
                      "no nameserver in /etc/resolv.conf; names in /etc/hosts resolve");
}

/** A UDP connect asks the routing table and sends nothing. 2001:db8::/32 is for documentation. */
static void look_ipv6(struct finding *f)
{
        static const struct zc_addr somewhere = { AF_INET6,
                                                  { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
                                                  0 };
        struct sockaddr_storage to;
        socklen_t len = zc_addr_to_sockaddr(&somewhere, 9, &to);
        ZC_AUTO_FD int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, len) == 0)
                found(f, true, "", "there is a route to the IPv6 internet");
        else
                found(f, false, "an IPv6 route, or a vantage that has one",
                      "no IPv6 route (%s): IPv6 is judged from the firewall only", strerror(errno));
}

static void look_files(struct finding *f)
{
        struct rlimit l = { 0, 0 };

        if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur >= NOFILE_WANTED)
                found(f, true, "", "%llu file descriptors", (unsigned long long)l.rlim_cur);
        else
                found(f, false, "ulimit -n 4096",
                      "%llu file descriptors: fewer connections at once, so ports take longer",
                      (unsigned long long)l.rlim_cur);
}

static const struct {
        const char *what;
        void (*look)(struct finding *f);
} looks[] = {
        { "capabilities", look_capabilities },
        { "firewall", look_firewall },
        { "legacy iptables", look_legacy },
        { "processes", look_processes },
        { "landlock", look_landlock },
        { "seccomp", look_seccomp },
        { "collector uid", look_uid },
        { "resolver", look_resolver },
        { "ipv6", look_ipv6 },
        { "file descriptors", look_files },
};

json_t *zc_doctor(void)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < ZC_COUNT(looks); i++) {
                struct finding f = { .grant = "" };

                looks[i].look(&f);
                json_array_append_new(list, json_pack("{s:s, s:b, s:o, s:s}", "what", looks[i].what,
                                                      "ok", (int)f.ok, "why", zc_text_json(f.why),
                                                      "grant", f.grant));
        }
        return list;
}
