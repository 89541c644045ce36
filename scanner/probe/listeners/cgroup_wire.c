/**
 * Paths of control groups. systemd puts slices around units: /user.slice/user-1000.slice/user@1000.service/app.slice/…; the first
 * part that is no slice is the system's unit. Container runtimes name their groups by a prefix, a parent, or a bare identifier.
 */
#include "cgroup_wire.h"

#include <string.h>

#define ID_LEN 64

static bool ends(struct zc_rd s, const char *tail)
{
        size_t n = strlen(tail);

        return s.n > n && memcmp(s.p + s.n - n, tail, n) == 0;
}

static struct zc_rd without(struct zc_rd s, const char *tail)
{
        return ends(s, tail) ? (struct zc_rd){ s.p, s.n - strlen(tail) } : s;
}

static bool is_id(struct zc_rd s)
{
        for (size_t i = 0; i < s.n; i++) {
                if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
                        return false;
        }
        return s.n == ID_LEN;
}

/** The next part of a path. False at its end. */
static bool next_part(struct zc_rd *path, struct zc_rd *part)
{
        while (path->n > 0 && path->p[0] == '/') {
                path->p++;
                path->n--;
        }
        if (path->n == 0)
                return false;
        if (!zc_rd_until(path, '/', part)) {
                *part = *path;
                *path = (struct zc_rd){ path->p + path->n, 0 };
        }
        return true;
}

static bool is_unit(struct zc_rd part)
{
        static const char *const kinds[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

        for (size_t i = 0; i < ZC_COUNT(kinds); i++) {
                if (ends(part, kinds[i]))
                        return true;
        }
        return false;
}

static struct zc_rd unit_of(struct zc_rd path)
{
        struct zc_rd part;

        while (next_part(&path, &part)) {
                if (part.n > 1 &&
                    part.p[0] ==
                            '_') /* systemd's escape of names that the kernel keeps for itself */
                        part = (struct zc_rd){ part.p + 1, part.n - 1 };
                if (is_unit(part))
                        return part;
                if (!ends(part, ".slice"))
                        break;
        }
        return (struct zc_rd){ 0 };
}

static const struct {
        const char *prefix, *runtime;
        bool named; /* what follows is a name, not an identifier */
} prefixes[] = {
        { "docker-", "docker", false },      { "libpod-payload-", "podman", false },
        { "libpod-", "podman", false },      { "cri-containerd-", "containerd", false },
        { "nerdctl-", "containerd", false }, { "crio-", "cri-o", false },
        { "lxc.payload.", "lxc", true },     { "systemd-nspawn@", "nspawn", true },
};

/** A folder whose members are containers. */
static const struct {
        const char *parent, *runtime;
        bool named;
} parents[] = {
        { "docker", "docker", false },
        { "lxc", "lxc", true },
        { "lxc.payload", "lxc", true },
        { "libpod_parent", "podman", false },
};

static bool accept(struct zc_cgroup *out, const char *runtime, struct zc_rd id, bool named)
{
        if (named ? id.n == 0 : !is_id(id))
                return false;
        out->runtime = runtime;
        out->container = id;
        return true;
}

static bool by_prefix(struct zc_rd part, struct zc_cgroup *out)
{
        for (size_t i = 0; i < ZC_COUNT(prefixes); i++) {
                size_t n = strlen(prefixes[i].prefix);
                struct zc_rd rest = without(without(part, ".scope"), ".service");

                if (rest.n > n && zc_rd_starts(rest, prefixes[i].prefix, n) &&
                    accept(out, prefixes[i].runtime, (struct zc_rd){ rest.p + n, rest.n - n },
                           prefixes[i].named))
                        return true;
        }
        return false;
}

static bool by_parent(struct zc_rd parent, struct zc_rd part, struct zc_cgroup *out)
{
        for (size_t i = 0; i < ZC_COUNT(parents); i++) {
                if (zc_rd_is(parent, parents[i].parent) &&
                    accept(out, parents[i].runtime, part, parents[i].named))
                        return true;
        }
        return false;
}

/** systemd-nspawn registers machine-NAME.scope; so does libvirt for virtual machines ("qemu\x2d…"), which are no containers. */
static bool by_machine(struct zc_rd parent, struct zc_rd part, struct zc_cgroup *out)
{
        struct zc_rd name = without(part, ".scope");

        if (!zc_rd_is(parent, "machine.slice") || name.n == part.n ||
            !zc_rd_starts(name, "machine-", 8) || zc_rd_starts(name, "machine-qemu", 12))
                return false;
        return accept(out, "nspawn", (struct zc_rd){ name.p + 8, name.n - 8 }, true);
}

/** The outermost container: the one that this machine manages. */
static void container_of(struct zc_rd path, struct zc_cgroup *out)
{
        struct zc_rd parent = { 0 };
        struct zc_rd part;
        bool kubernetes = false;

        while (next_part(&path, &part)) {
                if (by_prefix(part, out) || by_parent(parent, part, out) ||
                    by_machine(parent, part, out))
                        return;
                kubernetes |= zc_rd_starts(part, "kubepods", 8);
                if (accept(out, kubernetes ? "kubernetes" : "container", part, false))
                        return;
                parent = part;
        }
}

void zc_cgroup_path(struct zc_rd path, struct zc_cgroup *out)
{
        if (out->unit.n == 0)
                out->unit = unit_of(path);
        if (!out->runtime)
                container_of(path, out);
}

void zc_cgroup_parse(struct zc_rd file, struct zc_cgroup *out)
{
        struct zc_cgroup systemd = { 0 };
        struct zc_cgroup unified = { 0 };
        struct zc_cgroup rest = { 0 };

        while (file.n > 0) {
                struct zc_rd line;
                struct zc_rd number;
                struct zc_rd controllers;

                if (!zc_rd_line(&file, &line)) {
                        line = file;
                        file.n = 0;
                }
                if (!zc_rd_until(&line, ':', &number) || !zc_rd_until(&line, ':', &controllers))
                        continue;
                zc_cgroup_path(line, zc_rd_is(controllers, "name=systemd")         ? &systemd
                                     : zc_rd_is(number, "0") && controllers.n == 0 ? &unified
                                                                                   : &rest);
        }
        /* With both hierarchies mounted systemd's own tells the unit; any of them the container. */
        *out = systemd;
        if (out->unit.n == 0)
                out->unit = unified.unit;
        for (const struct zc_cgroup *other = &unified; !out->runtime && other;
             other = other == &unified ? &rest : NULL) {
                out->runtime = other->runtime;
                out->container = other->container;
        }
}
