/**
 * Which network namespace this is. What is read belongs to it alone, and an empty ruleset of a namespace that somebody made for
 * himself (unshare -Urn) must never pass for the machine's. So "yes" and "no" are only said on a sign that proves it:
 *
 *   yes  the inode is the one that Linux 6.18 and later fix for the initial namespace; or ours is that of process 1, seen from the
 *        initial process namespace; or our namespace has the sysctls that are registered, writable, in the initial one alone
 *   no   its owner is a user namespace other than the initial one; or process 1, seen so, has another; or those sysctls are missing
 */
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zc/fw_read.h"

/* include/linux/proc_ns.h, include/uapi/linux/nsfs.h: fixed for ever; that of the network since 6.18. */
#define USER_NS_INITIAL 0xEFFFFFFDu
#define PID_NS_INITIAL 0xEFFFFFFCu
#define NET_NS_INITIAL 0xEFFFFFF9u

static uint64_t inode_of(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 ? (uint64_t)st.st_ino : 0;
}

/** The user namespace that owns our network namespace; 0 when it is above ours and so not ours to see. */
static uint64_t owner_of_netns(void)
{
        ZC_AUTO_FD int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        ZC_AUTO_FD int owner = -1;
        struct stat st;

        if (fd < 0 || (owner = ioctl(fd, NS_GET_USERNS)) < 0 || fstat(owner, &st) != 0)
                return 0;
        return (uint64_t)st.st_ino;
}

/** Whether /proc shows our own process namespace, and that is the initial one: only then is /proc/1 the machine's first process. */
static bool sees_first_process(void)
{
        char self[32] = { 0 };
        char pid[32];

        snprintf(pid, sizeof pid, "%d", (int)getpid());
        return readlink("/proc/self", self, sizeof self - 1) > 0 && strcmp(self, pid) == 0 &&
               inode_of("/proc/self/ns/pid") == PID_NS_INITIAL;
}

static enum zc_fw_initial by_sysctls(void)
{
        struct stat st;

        if (stat("/proc/sys/net/core/somaxconn", &st) != 0) /* every namespace has this one */
                return ZC_FW_INITIAL_UNKNOWN;
        if (stat("/proc/sys/net/core/netdev_max_backlog", &st) != 0)
                return ZC_FW_INITIAL_NO;
        return st.st_mode & S_IWUSR ? ZC_FW_INITIAL_YES : ZC_FW_INITIAL_UNKNOWN;
}

static enum zc_fw_initial initial(uint64_t inode)
{
        uint64_t owner = owner_of_netns();
        uint64_t first = sees_first_process() ? inode_of("/proc/1/ns/net") : 0;

        if (inode == NET_NS_INITIAL)
                return ZC_FW_INITIAL_YES;
        if (owner != 0 && owner != USER_NS_INITIAL)
                return ZC_FW_INITIAL_NO;
        if (first != 0 && inode != 0)
                return first == inode ? ZC_FW_INITIAL_YES : ZC_FW_INITIAL_NO;
        return by_sysctls();
}

void zc_fw_netns_look(struct zc_fw_netns *out)
{
        uint64_t user = inode_of("/proc/self/ns/user");
        uint64_t owner = owner_of_netns();
        bool own =
                (user != 0 && user != USER_NS_INITIAL) || (owner != 0 && owner != USER_NS_INITIAL);

        out->inode = inode_of("/proc/self/ns/net");
        out->initial = initial(out->inode);
        out->toy = own && out->initial != ZC_FW_INITIAL_YES;
}
