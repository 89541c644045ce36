/** Which process holds which socket: one pass over /proc, relative to open folders, that copes with processes which go away. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "listeners.h"

#define USER_NS_INITIAL 0xEFFFFFFDu
#define PID_NS_INITIAL 0xEFFFFFFCu

struct slot {
        uint32_t inode;
        struct listener *l;
};

/** Listeners by inode. */
struct index {
        struct slot *p;
        size_t count;
        size_t missing; /* inodes that still have no process but perhaps the first */
};

static int by_inode(const void *a, const void *b)
{
        const struct slot *x = a;
        const struct slot *y = b;

        return (x->inode > y->inode) - (x->inode < y->inode);
}

static struct listener *find(const struct index *ix, uint32_t inode)
{
        const struct slot key = { .inode = inode };
        const struct slot *hit = bsearch(&key, ix->p, ix->count, sizeof *ix->p, by_inode);

        return hit ? hit->l : NULL;
}

/** A small file of /proc, as it stands; 0 when it is gone. */
static size_t slurp(int folder, const char *name, char *buf, size_t size)
{
        ZC_AUTO_FD int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
        size_t len = 0;

        while (fd >= 0 && len < size) {
                ssize_t n = read(fd, buf + len, size - len);

                if (n <= 0)
                        break;
                len += (size_t)n;
        }
        return len;
}

/** A C string of what fits. */
static void copy(char *out, size_t size, struct zc_rd in)
{
        size_t n = in.n < size - 1 ? in.n : size - 1;

        if (n > 0)
                memcpy(out, in.p, n);
        out[n] = '\0';
}

void listener_place(struct listener *l, const struct zc_cgroup *group)
{
        int id = (int)(group->container.n == 64  ? 12
                       : group->container.n < 64 ? group->container.n
                                                 : 64);

        copy(l->unit, sizeof l->unit, group->unit);
        if (group->runtime)
                snprintf(l->container, sizeof l->container, "%s:%.*s", group->runtime, id,
                         (const char *)group->container.p);
        l->placed = true;
}

/** Name and control group of the process whose folder this is. */
static void describe(struct listener *l, int folder, uint32_t pid)
{
        char buf[16384];
        size_t n = slurp(folder, "comm", buf, sizeof l->process);
        struct zc_cgroup group;

        while (n > 0 && buf[n - 1] == '\n')
                n--;
        copy(l->process, sizeof l->process, (struct zc_rd){ (const uint8_t *)buf, n });
        l->pid = pid;
        l->placed = false;
        l->unit[0] = l->container[0] = '\0';
        n = slurp(folder, "cgroup", buf, sizeof buf);
        if (n > 0) {
                zc_cgroup_parse((struct zc_rd){ (const uint8_t *)buf, n }, &group);
                listener_place(l, &group);
        }
}

static bool refused(void)
{
        return errno == EACCES || errno == EPERM;
}

/** *hidden is set when the link is not ours to read: with more privileges than ours, a process shows its folder and not its files. */
static bool socket_inode(int folder, const char *name, uint32_t *out, bool *hidden)
{
        char link[64];
        ssize_t n = readlinkat(folder, name, link, sizeof link);
        uint64_t inode;

        *hidden |= n < 0 && refused();
        if (n < 10 || memcmp(link, "socket:[", 8) != 0 || link[n - 1] != ']' ||
            !zc_parse_uint(link + 8, (size_t)n - 9, UINT32_MAX, &inode))
                return false;
        *out = (uint32_t)inode;
        return true;
}

static void look_in(struct index *ix, DIR *fds, int folder, uint32_t pid, bool *hidden)
{
        for (const struct dirent *e; (e = readdir(fds)) != NULL;) {
                struct listener *l;
                uint32_t inode;

                if (!isdigit((unsigned char)e->d_name[0]) ||
                    !socket_inode(dirfd(fds), e->d_name, &inode, hidden))
                        continue;
                l = find(ix, inode);
                if (l &&
                    l->pid <=
                            1) { /* the first process hands its sockets on: whoever else holds one is the service */
                        ix->missing -= pid > 1;
                        describe(l, folder, pid);
                }
        }
}

/** One process. False when its files are not ours to see; gone is fine. */
static bool look_at(struct index *ix, int proc, const char *name, uint32_t pid)
{
        ZC_AUTO_FD int folder = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bool hidden = false;
        DIR *d;
        int fds;

        if (folder < 0)
                return !refused();
        fds = openat(folder, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fds < 0)
                return !refused();
        d = fdopendir(fds);
        if (!d) {
                close(fds);
                return false;
        }
        look_in(ix, d, folder, pid, &hidden);
        closedir(d);
        return !hidden;
}

/** The pass, in the order of pids; it ends early when every socket has its process. */
static bool walk(struct index *ix)
{
        DIR *d = opendir("/proc");
        bool all = d != NULL;

        while (d && ix->missing > 0) {
                const struct dirent *e = readdir(d);
                uint64_t pid;

                if (!e)
                        break;
                if (zc_parse_uint(e->d_name, strlen(e->d_name), UINT32_MAX, &pid))
                        all &= look_at(ix, dirfd(d), e->d_name, (uint32_t)pid);
        }
        if (d)
                closedir(d);
        return all;
}

static bool namespace_is(const char *path, uint64_t inode)
{
        struct stat st;

        return stat(path, &st) == 0 && (uint64_t)st.st_ino == inode;
}

bool listeners_can_ptrace(void)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct caps[2] = { { 0 } };

        return syscall(SYS_capget, &header, caps) == 0 &&
               (caps[0].effective & (1u << CAP_SYS_PTRACE));
}

/** Whether /proc shows every process of the machine to us. */
static bool sees_all(void)
{
        return listeners_can_ptrace() && namespace_is("/proc/self/ns/user", USER_NS_INITIAL) &&
               namespace_is("/proc/self/ns/pid", PID_NS_INITIAL);
}

bool listeners_find_owners(struct listeners *l)
{
        struct index ix = { .p = calloc(l->count + 1, sizeof(struct slot)),
                            .count = l->count,
                            .missing = l->count };
        bool all;

        if (!ix.p)
                return false;
        for (size_t i = 0; i < l->count; i++)
                ix.p[i] = (struct slot){ l->p[i].sock.inode, &l->p[i] };
        qsort(ix.p, ix.count, sizeof *ix.p, by_inode);
        all = walk(&ix);
        free(ix.p);
        return all && sees_all();
}

/* ---- by control group ---- */

#define GROUPS_MAX 50000
#define GROUPS_DEPTH 24

struct groups {
        struct listeners *l;
        size_t seen;
        char path[4096];
};

static void place_all(struct groups *g, uint64_t id, size_t root)
{
        for (size_t i = 0; i < g->l->count; i++) {
                struct listener *l = &g->l->p[i];
                struct zc_cgroup group = { 0 };

                if (l->pid != 0 || l->placed || l->sock.cgroup != id)
                        continue;
                zc_cgroup_path(zc_rd_str(g->path + root), &group);
                /* no unit may only mean that this hierarchy is not the one in use; the first process makes sockets for others */
                if ((group.unit.n > 0 && !zc_rd_is(group.unit, "init.scope")) || group.runtime)
                        listener_place(l, &group);
        }
}

/** The identifier of a control group is the inode of its folder. */
static void groups_under(struct groups *g, size_t root, unsigned depth)
{
        size_t len = strlen(g->path);
        DIR *d = depth < GROUPS_DEPTH ? opendir(g->path) : NULL;

        for (const struct dirent *e; d && (e = readdir(d)) != NULL && g->seen < GROUPS_MAX;) {
                if (e->d_type != DT_DIR || e->d_name[0] == '.' ||
                    len + 1 + strlen(e->d_name) >= sizeof g->path)
                        continue;
                g->seen++;
                snprintf(g->path + len, sizeof g->path - len, "/%s", e->d_name);
                place_all(g, e->d_ino, root);
                groups_under(g, root, depth + 1);
                g->path[len] = '\0';
        }
        if (d)
                closedir(d);
}

void listeners_find_groups(struct listeners *l)
{
        static const char *const roots[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };
        struct groups *g = NULL;
        bool wanted = false;

        for (size_t i = 0; i < l->count; i++)
                wanted |= l->p[i].pid == 0 && l->p[i].sock.cgroup > 1;
        if (!wanted || !(g = calloc(1, sizeof *g)))
                return;
        g->l = l;
        for (size_t i = 0; i < ZC_COUNT(roots); i++) {
                char control[64];

                snprintf(control, sizeof control, "%s/cgroup.controllers",
                         roots[i]); /* only the unified hierarchy has it */
                if (access(control, F_OK) != 0)
                        continue;
                snprintf(g->path, sizeof g->path, "%s", roots[i]);
                groups_under(g, strlen(roots[i]), 0);
                break;
        }
        free(g);
}
