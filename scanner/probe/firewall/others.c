/**
 * What decides about packets besides rules. None of it is understood; that it is there, or could not be looked for, is told.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "others.h"
#include "zc/file.h"
#include "zc/netlink.h"
#include "zc/rtnl.h"
#include "zc/text.h"

#define FILE_MAX ((size_t)1 << 20)
#define NETNS_MAX 4096
#define PARENT_INGRESS 0xFFFFFFF2u /* TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS) */

/** Words of a file, separated by ", "; false and *sys set when it cannot be read. */
static bool words_of(const char *path, struct zc_text *out, int *sys)
{
        ZC_AUTO_MEM char *buf = NULL;
        struct zc_err err = { 0 };
        char *rest = NULL;
        size_t len;

        if (!zc_file_read(path, FILE_MAX, &buf, &len, &err)) {
                *sys = err.sys ? err.sys : EIO;
                return false;
        }
        for (char *w = strtok_r(buf, " \n", &rest); w; w = strtok_r(NULL, " \n", &rest)) {
                if (out->len > 0)
                        zc_text_add(out, ", ");
                zc_text_escape(out, w, strlen(w));
        }
        *sys = ENOMEM;
        return !out->failed;
}

/** Two things that only files tell: virtual servers, and ebtables' own tables. */
static void by_files(struct fw_build *b)
{
        static const struct {
                const char *path, *what, *unreadable;
                const char *const signs[5];
        } rows[] = {
                { "/proc/net/ip_vs",
                  "virtual servers (IPVS) take packets at input",
                  "virtual servers (IPVS) could not be listed",
                  { "TCP", "UDP", "SCTP", "FWM", NULL } },
                { "/proc/modules",
                  "legacy ebtables tables",
                  "legacy ebtables tables could not be looked for",
                  { "ebtable_filter", "ebtable_nat", "ebtable_broute", NULL } },
        };

        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO_TEXT words = { 0 };
                ZC_AUTO_TEXT found = { 0 };
                char *rest = NULL;
                int sys = 0;

                zc_text_init(&words, FILE_MAX);
                zc_text_init(&found, 256);
                if (!words_of(rows[i].path, &words, &sys)) {
                        if (sys != ENOENT)
                                fw_build_gap(b, ZC_FW_DECIDES, rows[i].unreadable, rows[i].path);
                        continue;
                }
                if (words.len == 0)
                        continue;
                for (char *w = strtok_r(words.p, ", ", &rest); w && found.len == 0;
                     w = strtok_r(NULL, ", ", &rest)) {
                        for (size_t j = 0; rows[i].signs[j]; j++) {
                                if (strcmp(w, rows[i].signs[j]) == 0)
                                        zc_text_printf(&found, "%s: %s", rows[i].path, w);
                        }
                }
                if (found.len > 0)
                        fw_build_gap(b, ZC_FW_DECIDES, rows[i].what, zc_text_str(&found));
        }
}

/* ---- links and traffic control ---- */

struct links {
        struct fw_build *b;
        struct zc_nl *nl;
        bool bridge;
        uint32_t ingress[256]; /* interfaces with a place for filters before the stack */
        size_t ingress_count;
        bool filters;
};

static void named(struct fw_build *b, enum zc_fw_weight weight, const char *what, struct zc_rd name)
{
        ZC_AUTO_TEXT where = { 0 };

        zc_text_init(&where, 128);
        zc_text_escape(&where, name.p, name.n);
        fw_build_gap(b, weight, what, zc_text_str(&where));
}

static bool take_link(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        struct links *l = ctx;
        struct zc_rt_link link;

        if (type != RTM_NEWLINK)
                return true;
        if (!zc_rt_link_parse(payload, &link, err))
                return false;
        if (link.xdp)
                named(l->b, ZC_FW_DECIDES, "an XDP program sees packets first", link.name);
        if (zc_rd_is(link.kind, "vrf"))
                named(l->b, ZC_FW_REMARK, "a VRF: which socket answers depends on the interface",
                      link.name);
        l->bridge |= zc_rd_is(link.kind, "bridge");
        return true;
}

static bool take_qdisc(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        struct links *l = ctx;
        struct zc_rt_tc tc;

        if (type != RTM_NEWQDISC)
                return true;
        if (!zc_rt_tc_parse(payload, &tc, err))
                return false;
        if ((zc_rd_is(tc.kind, "clsact") || zc_rd_is(tc.kind, "ingress")) &&
            l->ingress_count < ZC_COUNT(l->ingress))
                l->ingress[l->ingress_count++] = tc.index;
        return true;
}

static bool take_filter(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        struct links *l = ctx;

        (void)payload;
        (void)err;
        l->filters |= type == RTM_NEWTFILTER;
        return true;
}

static bool ask_tc(struct links *l, uint16_t type, uint32_t interface, zc_nl_fn fn,
                   struct zc_err *err)
{
        uint8_t buf[128] __attribute__((aligned(8)));
        void *extra;
        struct nlmsghdr *req = zc_nl_message(buf, type, NLM_F_DUMP, sizeof(struct tcmsg), &extra);
        struct tcmsg tc = { .tcm_ifindex = (int)interface,
                            .tcm_parent = interface ? PARENT_INGRESS : 0 };

        memcpy(extra, &tc, sizeof tc);
        return zc_nl_request(l->nl, req, fn, NULL, l, err);
}

static bool ask_links(struct links *l, struct zc_err *err)
{
        uint8_t buf[128] __attribute__((aligned(8)));
        void *extra;
        struct nlmsghdr *req =
                zc_nl_message(buf, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg), &extra);

        return zc_nl_request(l->nl, req, take_link, NULL, l, err);
}

static void by_traffic_control(struct links *l)
{
        struct zc_err err = { 0 };

        if (!ask_tc(l, RTM_GETQDISC, 0, take_qdisc, &err)) {
                if (err.code !=
                    ZC_E_UNSUPPORTED) /* a kernel without traffic control has no filters */
                        fw_build_gap(l->b, ZC_FW_DECIDES,
                                     "traffic control (tc) could not be listed", err.text);
                return;
        }
        for (size_t i = 0; i < l->ingress_count; i++) {
                char where[64];

                snprintf(where, sizeof where, "interface %u", l->ingress[i]);
                l->filters = false;
                if (!ask_tc(l, RTM_GETTFILTER, l->ingress[i], take_filter, &err))
                        fw_build_gap(l->b, ZC_FW_DECIDES,
                                     "traffic control (tc) filters could not be listed", where);
                else if (l->filters)
                        fw_build_gap(l->b, ZC_FW_DECIDES,
                                     "traffic control (tc) filters before the stack", where);
        }
}

/** With a bridge and br_netfilter, frames that are only bridged pass the ip hooks too. */
static void bridge_netfilter(struct fw_build *b)
{
        static const char *const paths[] = { "/proc/sys/net/bridge/bridge-nf-call-iptables",
                                             "/proc/sys/net/bridge/bridge-nf-call-ip6tables",
                                             "/proc/sys/net/bridge/bridge-nf-call-arptables" };

        for (size_t i = 0; i < ZC_COUNT(paths); i++) {
                ZC_AUTO_TEXT value = { 0 };
                int sys;

                zc_text_init(&value, 64);
                if (words_of(paths[i], &value, &sys) && strcmp(zc_text_str(&value), "1") == 0)
                        fw_build_gap(b, ZC_FW_REMARK,
                                     "bridged frames pass the ip hooks (br_netfilter)", paths[i]);
        }
}

static void by_links(struct fw_build *b)
{
        struct links l = { .b = b };
        struct zc_err err = { 0 };

        if (!zc_nl_open(NETLINK_ROUTE, &l.nl, &err) || !ask_links(&l, &err))
                fw_build_gap(b, ZC_FW_DECIDES, "interfaces could not be listed", err.text);
        else
                by_traffic_control(&l);
        if (l.bridge)
                bridge_netfilter(b);
        zc_nl_close(l.nl);
}

/* ---- IPsec ---- */

static bool take_policy(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        unsigned *n = ctx;

        (void)payload;
        (void)err;
        *n += type == XFRM_MSG_NEWPOLICY;
        return true;
}

static void by_ipsec(struct fw_build *b)
{
        uint8_t buf[64] __attribute__((aligned(8)));
        struct zc_err err = { 0 };
        struct zc_nl *nl = NULL;
        struct nlmsghdr *req;
        unsigned n = 0;
        void *extra;
        char where[64];

        req = zc_nl_message(buf, XFRM_MSG_GETPOLICY, NLM_F_DUMP, 0, &extra);
        if (!zc_nl_open(NETLINK_XFRM, &nl, &err) ||
            !zc_nl_request(nl, req, take_policy, NULL, &n, &err)) {
                if (err.code != ZC_E_UNSUPPORTED)
                        fw_build_gap(b, ZC_FW_DECIDES, "IPsec policies could not be listed",
                                     err.text);
        } else if (n > 0) {
                snprintf(where, sizeof where, "%u policies", n);
                fw_build_gap(b, ZC_FW_DECIDES,
                             "IPsec policies (what is not encrypted may be dropped)", where);
        }
        zc_nl_close(nl);
}

/* ---- other network namespaces ---- */

struct spaces {
        uint64_t inode[NETNS_MAX];
        size_t count;
};

static void space_add(struct spaces *s, uint64_t inode)
{
        for (size_t i = 0; i < s->count; i++) {
                if (s->inode[i] == inode)
                        return;
        }
        if (s->count < NETNS_MAX)
                s->inode[s->count++] = inode;
}

/** Every entry of a folder with `suffix` behind it, if it is a namespace. */
static void spaces_under(struct spaces *s, const char *folder, bool numbers, const char *suffix)
{
        DIR *d = opendir(folder);

        for (const struct dirent *e; d && (e = readdir(d)) != NULL;) {
                char path[300];
                struct stat st;

                if (e->d_name[0] == '.' || (numbers && (e->d_name[0] < '0' || e->d_name[0] > '9')))
                        continue;
                snprintf(path, sizeof path, "%s%s", e->d_name, suffix);
                if (fstatat(dirfd(d), path, &st, 0) == 0)
                        space_add(s, (uint64_t)st.st_ino);
        }
        if (d)
                closedir(d);
}

void fw_others_namespaces(struct fw_build *b, uint64_t netns)
{
        ZC_AUTO_MEM struct spaces *s = calloc(1, sizeof *s);
        ZC_AUTO_TEXT where = { 0 };
        size_t shown = 0;

        if (!s) {
                b->failed = true;
                return;
        }
        zc_text_init(&where, 512);
        spaces_under(s, "/proc", true, "/ns/net");
        spaces_under(s, "/run/netns", false, "");
        for (size_t i = 0; i < s->count; i++) {
                if (s->inode[i] == netns)
                        continue;
                if (++shown <= 8)
                        zc_text_printf(&where, "%snet:[%llu]", shown > 1 ? ", " : "",
                                       (unsigned long long)s->inode[i]);
        }
        if (shown > 8)
                zc_text_printf(&where, " and %zu more", shown - 8);
        if (shown > 0)
                fw_build_gap(b, ZC_FW_REMARK, "other network namespaces have their own rules",
                             zc_text_str(&where));
}

void fw_others_look(struct fw_build *b, uint64_t netns)
{
        by_files(b);
        by_links(b);
        by_ipsec(b);
        fw_others_bpf(b, netns);
}
