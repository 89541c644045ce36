/** The listeners probe: what this machine listens on, in this network namespace, and who. */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "listeners.h"
#include "passwd_wire.h"
#include "zc/file.h"
#include "zc/json.h"
#include "zc/probe.h"

#define PASSWD_MAX ((size_t)4 << 20)
#define UID_OVERFLOW 65534u

struct view {
        const struct listeners *l;
        bool all_processes; /* a socket without a process is the kernel's own */
        bool own_user_namespace;
        struct zc_rd passwd;
        bool has_passwd;
};

/** How far the address reaches: the widest that the socket can be asked from. */
static const char *scope_of(const struct zc_addr *a, const char *interface)
{
        bool link_multicast = a->family == AF_INET
                                      ? a->bytes[0] == 224 && a->bytes[1] == 0 && a->bytes[2] == 0
                                      : a->bytes[0] == 0xff && (a->bytes[1] & 0xf) <= 2;

        if (strcmp(interface, "lo") == 0)
                return "loopback";
        switch (zc_addr_class(a)) {
        case ZC_ADDR_LOOPBACK:
                return "loopback";
        case ZC_ADDR_LINK:
                return "link";
        case ZC_ADDR_PRIVATE:
                return "private";
        case ZC_ADDR_MULTICAST:
                return link_multicast ? "link" : "any";
        default:
                return "any";
        }
}

static json_t *user_of(const struct view *v, uint32_t uid)
{
        struct zc_rd file = v->passwd;
        struct zc_rd name;
        uint32_t other;

        while (zc_passwd_next(&file, &name, &other)) {
                if (other == uid)
                        return zc_json_bytes(name.p, name.n, 256);
        }
        return json_null();
}

/** Null is said only of what was looked for and not there. */
static json_t *text_or_null(const char *s)
{
        return *s ? zc_json_bytes(s, strlen(s), 512) : json_null();
}

static void add_owner(json_t *out, const struct view *v, const struct listener *l)
{
        if (l->pid != 0) {
                json_object_set_new(out, "pid", json_integer(l->pid));
                if (*l->process) /* else it went away before its name was read */
                        json_object_set_new(out, "process", text_or_null(l->process));
        } else if (v->all_processes) {
                json_object_update_new(out, json_pack("{s:n, s:n}", "pid", "process"));
        }
        if (l->placed || (l->pid == 0 && v->all_processes)) {
                json_object_set_new(out, "unit", text_or_null(l->unit));
                json_object_set_new(out, "container", text_or_null(l->container));
        }
}

static void add_user(json_t *out, const struct view *v, uint32_t uid)
{
        if (v->own_user_namespace && uid == UID_OVERFLOW) /* somebody who is not mapped here */
                return;
        json_object_set_new(out, "uid", json_integer(uid));
        if (v->has_passwd)
                json_object_set_new(out, "user", user_of(v, uid));
}

static json_t *listener_json(const struct view *v, const struct listener *l)
{
        struct zc_addr a = zc_addr_unmap(l->sock.addr);
        char interface[IF_NAMESIZE] = "";
        char text[ZC_ADDR_LEN];
        json_t *out;

        if (l->sock.interface && !if_indextoname(l->sock.interface, interface))
                snprintf(interface, sizeof interface, "%u", l->sock.interface);
        if (a.family == AF_INET6 && zc_addr_class(&a) == ZC_ADDR_LINK)
                a.zone = l->sock.interface;
        zc_addr_format(&a, text);
        out = json_pack("{s:s, s:s, s:s, s:i, s:s}", "transport", l->udp ? "udp" : "tcp", "family",
                        a.family == AF_INET ? "ip" : "ip6", "address", text, "port",
                        (int)l->sock.port, "scope", scope_of(&a, interface));
        if (!out)
                return NULL;
        if (a.family == AF_INET)
                json_object_set_new(out, "v6only", json_null());
        else if (l->sock.has_v6only)
                json_object_set_new(out, "v6only", json_boolean(l->sock.v6only));
        json_object_set_new(out, "interface", text_or_null(interface));
        add_user(out, v, l->sock.uid);
        add_owner(out, v, l);
        return out;
}

/** Order of the document, and what makes two sockets one listener: SO_REUSEPORT gives every worker a socket of its own. */
static int compare(const void *x, const void *y)
{
        const struct listener *a = x;
        const struct listener *b = y;
        int c;

        if (a->udp != b->udp)
                return a->udp ? 1 : -1;
        if (a->sock.port != b->sock.port)
                return a->sock.port < b->sock.port ? -1 : 1;
        if ((c = zc_addr_cmp(&a->sock.addr, &b->sock.addr)) != 0)
                return c;
        if (a->sock.interface != b->sock.interface)
                return a->sock.interface < b->sock.interface ? -1 : 1;
        if (a->sock.v6only != b->sock.v6only)
                return a->sock.v6only ? 1 : -1;
        if (a->sock.uid != b->sock.uid)
                return a->sock.uid < b->sock.uid ? -1 : 1;
        if ((c = strcmp(a->unit, b->unit)) != 0 || (c = strcmp(a->container, b->container)) != 0)
                return c;
        return strcmp(a->process, b->process);
}

/** Then the one with a process before the one without, the lowest pid first. */
static int compare_all(const void *x, const void *y)
{
        const struct listener *a = x;
        const struct listener *b = y;
        int c = compare(x, y);

        if (c != 0)
                return c;
        return (a->pid - 1 > b->pid - 1) - (a->pid - 1 < b->pid - 1); /* 0 becomes the highest */
}

static void tell_missing(struct zc_io *io, const struct listeners *l, bool all)
{
        size_t missing = 0;

        for (size_t i = 0; i < l->count; i++)
                missing += l->p[i].pid == 0;
        if (l->no_tcp || l->no_udp)
                zc_io_partial(io, "",
                              "the kernel does not list %s sockets: its module %s is missing",
                              l->no_tcp ? "TCP" : "UDP", l->no_tcp ? "tcp_diag" : "udp_diag");
        if (l->cut)
                zc_io_partial(io, "", "more than %zu listeners: the rest was not kept", l->count);
        if (missing == 0 || all)
                return;
        io->whole = !l->cut; /* the kernel listed every socket; only whose they are is not known */
        if (listeners_can_ptrace())
                zc_io_partial(io, "",
                              "%zu of %zu listening sockets have no known process: it is hidden "
                              "from us, or outside this process "
                              "namespace",
                              missing, l->count);
        else
                zc_io_partial(io, "CAP_SYS_PTRACE",
                              "%zu of %zu listening sockets have no known process: other users' "
                              "processes take "
                              "CAP_SYS_PTRACE (sudo)",
                              missing, l->count);
}

static bool fill(json_t *out, const struct view *v, struct zc_err *err)
{
        for (size_t i = 0; i < v->l->count; i++) {
                if (i > 0 && compare(&v->l->p[i - 1], &v->l->p[i]) == 0)
                        continue;
                if (json_array_append_new(out, listener_json(v, &v->l->p[i])) != 0) {
                        json_array_clear(out); /* half a list would look like a whole one */
                        return zc_fail(err, ZC_E_NOMEM, "listeners");
                }
        }
        return true;
}

static bool in_own_user_namespace(void)
{
        char map[64] = "";
        FILE *f = fopen("/proc/self/uid_map", "re");
        bool whole = f && fgets(map, sizeof map, f) && strstr(map, "4294967295");

        if (f)
                fclose(f);
        return !whole;
}

static bool listeners_run(const struct zc_subject *subject, struct zc_io *io, json_t *out,
                          struct zc_err *err)
{
        struct listeners l;
        struct view v = { .l = &l };
        ZC_AUTO_MEM char *passwd = NULL;
        struct zc_err ignored = { 0 };
        size_t len = 0;
        bool ok;

        (void)subject;
        if (!listeners_read(&l, err))
                return false;
        v.all_processes = listeners_find_owners(&l);
        if (!v.all_processes)
                listeners_find_groups(&l);
        tell_missing(io, &l, v.all_processes);
        v.own_user_namespace = in_own_user_namespace();
        v.has_passwd = zc_file_read("/etc/passwd", PASSWD_MAX, &passwd, &len, &ignored);
        v.passwd = (struct zc_rd){ (const uint8_t *)passwd, len };
        if (l.count > 0)
                qsort(l.p, l.count, sizeof *l.p, compare_all);
        ok = fill(out, &v, err);
        listeners_release(&l);
        return ok;
}

const struct zc_probe zc_probe_listeners = {
        .id = "listeners",
        .summary = "the TCP and UDP sockets that wait for strangers, and whose they are",
        .scope = ZC_SCOPE_HOST,
        .side = ZC_SIDE_PARENT,
        .level = ZC_LEVEL_OBSERVE,
        .needs = ZC_NEED_PTRACE,
        .evidence = "host.listeners",
        .sends = "nothing: reads the kernel over netlink, and /proc",
        .run = listeners_run,
};
