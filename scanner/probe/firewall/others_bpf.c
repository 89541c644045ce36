/** BPF programs that can stop a packet: at netfilter's hooks, before the stack (tcx, netkit), at a cgroup, or choosing the socket. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "others.h"

#define IDS_MAX 20000

/* Numbers of newer kernels than the headers that we may be built with. */
enum {
        LINK_NETNS = 5,
        LINK_NETFILTER = 10,
        LINK_TCX = 11,
        LINK_NETKIT = 13,
        PROG_CGROUP_SKB = 8,
        ATTACH_SK_LOOKUP = 36
};

/** What BPF_OBJ_GET_INFO_BY_FD begins with, for links and programs: struct bpf_link_info, struct bpf_prog_info. */
struct info {
        uint32_t type, id, prog_id, pad;
        uint32_t a,
                b; /* link: netns inode and attach type; interface and attach type; family and hook */
        uint8_t rest[232];
};

struct seen {
        unsigned netfilter, lookup, tcx, cgroup;
};

static int call(enum bpf_cmd cmd, union bpf_attr *attr)
{
        return (int)syscall(SYS_bpf, cmd, attr, sizeof *attr);
}

static bool info_of(enum bpf_cmd open_by_id, uint32_t id, struct info *out)
{
        union bpf_attr attr;
        int fd;
        bool ok;

        memset(&attr, 0, sizeof attr);
        attr.prog_id = id; /* the same place as link_id */
        fd = call(open_by_id, &attr);
        if (fd < 0)
                return false; /* it went away */
        memset(&attr, 0, sizeof attr);
        memset(out, 0, sizeof *out);
        attr.info.bpf_fd = (uint32_t)fd;
        attr.info.info_len = open_by_id == BPF_PROG_GET_FD_BY_ID
                                     ? 8
                                     : sizeof *out; /* of a program only its type */
        attr.info.info = (uint64_t)(uintptr_t)out;
        ok = call(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0;
        close(fd);
        return ok;
}

static void count_link(const struct info *info, uint64_t netns, struct seen *seen)
{
        seen->netfilter += info->type == LINK_NETFILTER;
        seen->tcx += info->type == LINK_TCX || info->type == LINK_NETKIT;
        seen->lookup += info->type == LINK_NETNS && info->a == netns && info->b == ATTACH_SK_LOOKUP;
}

/** Walks all ids. False when they may not be listed; a kernel without BPF or without links has none. */
static bool walk(enum bpf_cmd next, enum bpf_cmd open_by_id, uint64_t netns, struct seen *seen)
{
        uint32_t id = 0;

        for (unsigned i = 0; i < IDS_MAX; i++) {
                union bpf_attr attr;
                struct info info;

                memset(&attr, 0, sizeof attr);
                attr.start_id = id;
                if (call(next, &attr) != 0)
                        return errno == ENOENT || errno == ENOSYS || errno == EINVAL;
                id = attr.next_id;
                if (!info_of(open_by_id, id, &info))
                        continue;
                if (open_by_id == BPF_LINK_GET_FD_BY_ID)
                        count_link(&info, netns, seen);
                else
                        seen->cgroup += info.type == PROG_CGROUP_SKB;
        }
        return false;
}

static void tell(struct fw_build *b, enum zc_fw_weight weight, unsigned n, const char *what,
                 const char *where)
{
        char text[160];

        if (n == 0)
                return;
        snprintf(text, sizeof text, "%s: %u", where, n);
        fw_build_gap(b, weight, what, text);
}

void fw_others_bpf(struct fw_build *b, uint64_t netns)
{
        struct seen seen = { 0 };

        if (!walk(BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID, netns, &seen) ||
            !walk(BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID, netns, &seen))
                fw_build_gap(b, ZC_FW_DECIDES, "BPF programs",
                             "could not be listed: needs CAP_SYS_ADMIN");
        tell(b, ZC_FW_DECIDES, seen.netfilter, FW_OTHERS_AT_HOOKS, "links on this machine");
        tell(b, ZC_FW_DECIDES, seen.tcx, "BPF programs at interfaces (tcx, netkit)",
             "links on this machine");
        tell(b, ZC_FW_SOCKETS, seen.lookup, "BPF programs that choose the socket (sk_lookup)",
             "links in this network namespace");
        tell(b, ZC_FW_SOCKETS, seen.cgroup,
             "BPF programs for the packets of a cgroup (IPAddressDeny= and the like)",
             "programs on this machine");
}
