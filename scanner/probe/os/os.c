/** The os probe: which system this is, by its own files and the kernel's answer. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "os_wire.h"
#include "zc/file.h"
#include "zc/json.h"
#include "zc/probe.h"

#define FILE_MAX ((size_t)64 << 10)
#define VALUE_MAX 256
#define PATH_SIZE 4096

static const struct {
        const char *key, *member;
} members[] = { { "ID", "id" },
                { "NAME", "name" },
                { "PRETTY_NAME", "pretty_name" },
                { "VERSION_ID", "version" } };

static void add_release(json_t *out, struct zc_rd file)
{
        struct zc_text value;
        struct zc_rd key;

        zc_text_init(&value, FILE_MAX);
        while (zc_os_release_next(&file, &key, &value)) {
                for (size_t i = 0; i < ZC_COUNT(members); i++) {
                        if (zc_rd_is(key, members[i].key))
                                json_object_set_new(
                                        out, members[i].member,
                                        zc_json_bytes(zc_text_str(&value), value.len, VALUE_MAX));
                }
        }
        zc_text_release(&value);
        if (!json_object_get(out, "version")) /* rolling distributions have none */
                json_object_set_new(out, "version", json_null());
}

/** Below a root, an absolute link means what it would mean with that root as "/". */
static void below(const char *root, const char *path, char out[PATH_SIZE])
{
        char to[1024];
        ssize_t n;

        snprintf(out, PATH_SIZE, "%s%s", root, path);
        if (*root == '\0' || (n = readlink(out, to, sizeof to - 1)) <= 0)
                return;
        to[n] = '\0';
        if (to[0] == '/')
                snprintf(out, PATH_SIZE, "%s%s", root, to);
}

/** /etc/os-release, else /usr/lib/os-release (os-release(5)). */
static bool read_release(const char *root, char **buf, size_t *len, struct zc_err *err)
{
        static const char *const paths[] = { "/etc/os-release", "/usr/lib/os-release" };

        for (size_t i = 0; i < ZC_COUNT(paths); i++) {
                char path[PATH_SIZE];

                below(root, paths[i], path);
                if (zc_file_read(path, FILE_MAX, buf, len, err))
                        return true;
        }
        return false;
}

static void add_kernel(json_t *out)
{
        struct utsname u;

        if (uname(&u) != 0)
                return;
        json_object_set_new(out, "kernel", zc_json_bytes(u.release, strlen(u.release), VALUE_MAX));
        json_object_set_new(out, "architecture",
                            zc_json_bytes(u.machine, strlen(u.machine), VALUE_MAX));
}

/** One of this process's namespaces, against the inode that the kernel fixes for the initial one (include/linux/proc_ns.h). */
static bool is_initial(const char *path, uint64_t inode, bool *known)
{
        struct stat st;

        *known = stat(path, &st) == 0;
        return *known && (uint64_t)st.st_ino == inode;
}

/** The runtime by the mark that it leaves; NULL for none. A machine made of a container's image keeps the mark and is none. */
static const char *mark_of_runtime(void)
{
        static const struct {
                const char *path, *runtime;
        } marks[] = { { "/run/.containerenv", "podman" },
                      { "/.dockerenv", "docker" },
                      { "/run/systemd/container", "container" } };
        struct stat st;

        for (size_t i = 0; i < ZC_COUNT(marks); i++) {
                if (stat(marks[i].path, &st) == 0)
                        return marks[i].runtime;
        }
        return NULL;
}

/**
 * Whether this system is a container. With processes, host name and IPC of the machine itself it is none, whatever marks there are;
 * without a mark, processes of its own make it one. What cannot be looked at is not guessed.
 */
static void add_container(json_t *out)
{
        bool known[3];
        bool pid = is_initial("/proc/self/ns/pid", 0xEFFFFFFC, &known[0]);
        bool uts = is_initial("/proc/self/ns/uts", 0xEFFFFFFE, &known[1]);
        bool ipc = is_initial("/proc/self/ns/ipc", 0xEFFFFFFF, &known[2]);
        const char *mark = mark_of_runtime();

        if (!known[0] || !known[1] || !known[2])
                return;
        if ((pid && uts && ipc) || (pid && !mark))
                json_object_set_new(out, "container", json_null());
        else
                json_object_set_new(out, "container", json_string(mark ? mark : "container"));
}

static bool os_run(const struct zc_subject *subject, struct zc_io *io, json_t *out,
                   struct zc_err *err)
{
        ZC_AUTO_MEM char *buf = NULL;
        struct zc_err why = { 0 };
        size_t len = 0;

        (void)subject;
        (void)err;
        if (read_release(io->root, &buf, &len, &why))
                add_release(out, (struct zc_rd){ (const uint8_t *)buf, len });
        else
                zc_io_partial(io, "", "%s", why.text);
        if (*io->root == '\0') { /* of another root's kernel nothing is known */
                add_kernel(out);
                add_container(out);
        }
        return true;
}

const struct zc_probe zc_probe_os = {
        .id = "os",
        .summary = "the system: distribution, version, kernel, architecture",
        .scope = ZC_SCOPE_HOST,
        .side = ZC_SIDE_COLLECTOR,
        .level = ZC_LEVEL_OBSERVE,
        .evidence = "host.os",
        .sends = "nothing: reads os-release and asks the kernel for its version",
        .run = os_run,
};
