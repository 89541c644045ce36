#include "persist_conf.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "persist_wire.h"
#include "zc/file.h"
#include "zc/json.h"
#include "zc/text.h"

#define FILE_MAX ((size_t)8 << 20) /* sets are often long */
#define SCRIPT_MAX ((size_t)256 << 10)
#define FILES_MAX 64u /* included files, scripts of one folder */
#define DEPTH_MAX 8u
#define MADE_MAX 1024u
#define PATH_LEN 512u

const char *const fw_known_names[] = { [FW_NO] = "no", [FW_YES] = "yes", [FW_UNKNOWN] = "unknown" };

/* ---- paths ---- */

static bool join(char out[PATH_LEN], const char *root, const char *path)
{
        int n = snprintf(out, PATH_LEN, "%s%s", root, path);

        return n > 0 && (size_t)n < PATH_LEN;
}

static bool is_there(const char *root, const char *path)
{
        char full[PATH_LEN];
        struct stat st;

        return join(full, root, path) && lstat(full, &st) == 0;
}

/** Only files: a pipe or a device that somebody put there would be waited for. */
static bool read_capped(const char *full, size_t cap, char **buf, size_t *len)
{
        struct stat st;

        return stat(full, &st) == 0 && S_ISREG(st.st_mode) &&
               zc_file_read(full, cap, buf, len, &(struct zc_err){ 0 });
}

/* ---- what a manager makes ---- */

struct reading {
        struct fw_boot *b;
        size_t manager;
        json_t *configs;
        size_t files;
        unsigned depth;
};

static void make(struct fw_boot *b, size_t manager, enum zc_fw_family family, struct zc_rd name)
{
        struct fw_made *m;

        for (size_t i = 0; i < b->count; i++)
                if (b->made[i].manager == manager && b->made[i].family == family &&
                    zc_rd_is(name, b->made[i].name))
                        return;
        if (b->count >= MADE_MAX || name.n >= sizeof(m->name)) {
                b->unsure[manager] = true;
                return;
        }
        if (b->count == b->cap) {
                size_t cap = b->cap ? b->cap * 2 : 16;
                struct fw_made *more = reallocarray(b->made, cap, sizeof(*more));

                if (!more) {
                        b->bad = true;
                        return;
                }
                b->made = more;
                b->cap = cap;
        }
        m = &b->made[b->count++];
        *m = (struct fw_made){ .manager = manager, .family = family };
        memcpy(m->name, name.p, name.n);
}

static enum zc_fw_family family_of(struct zc_rd word)
{
        static const enum zc_fw_family all[] = { ZC_FW_INET, ZC_FW_IP6, ZC_FW_ARP, ZC_FW_BRIDGE,
                                                 ZC_FW_NETDEV };

        for (size_t i = 0; i < ZC_COUNT(all); i++)
                if (zc_rd_is(word, zc_fw_family_name(all[i])))
                        return all[i];
        return ZC_FW_IP;
}

static void unmake(struct fw_boot *b, size_t manager, const struct fw_conf_item *item)
{
        size_t kept = 0;

        for (size_t i = 0; i < b->count; i++) {
                const struct fw_made *m = &b->made[i];

                if (m->manager != manager ||
                    (item->what == FW_CONF_GONE &&
                     (m->family != family_of(item->family) || !zc_rd_is(item->name, m->name))))
                        b->made[kept++] = *m;
        }
        b->count = kept;
}

static void read_script(struct reading *r, const char *full);

/** A name without a place is looked for in /etc (nft's own folder for them); one with "*" is every file that it fits. */
static void read_include(struct reading *r, struct zc_rd name)
{
        char path[PATH_LEN], full[PATH_LEN];
        glob_t found = { 0 };

        snprintf(path, sizeof(path), "%s%.*s", name.n > 0 && *name.p == '/' ? "" : "/etc/",
                 (int)(name.n < 256 ? name.n : 256), (const char *)name.p);
        if (name.n >= 256 || memchr(name.p, '\0', name.n) || !join(full, r->b->root, path) ||
            r->depth >= DEPTH_MAX) {
                r->b->unsure[r->manager] = true;
                return;
        }
        r->depth++;
        if (glob(full, 0, NULL, &found) == 0) {
                for (size_t i = 0; i < found.gl_pathc; i++)
                        read_script(r, found.gl_pathv[i]);
        } else if (!strpbrk(path, "*?[")) {
                r->b->unsure[r->manager] = true;
        }
        globfree(&found);
        r->depth--;
}

static void read_script(struct reading *r, const char *full)
{
        ZC_AUTO_MEM char *buf = NULL;
        struct fw_conf conf = { 0 };
        struct fw_conf_item item;
        size_t len;

        if (r->files++ >= FILES_MAX || !read_capped(full, FILE_MAX, &buf, &len)) {
                r->b->unsure[r->manager] = true;
                return;
        }
        conf.at = (struct zc_rd){ (const uint8_t *)buf, len };
        while (fw_conf_next(&conf, &item)) {
                if (item.what == FW_CONF_TABLE)
                        make(r->b, r->manager, family_of(item.family), item.name);
                else if (item.what == FW_CONF_GONE || item.what == FW_CONF_FLUSH)
                        unmake(r->b, r->manager, &item);
                else if (item.what == FW_CONF_INCLUDE)
                        read_include(r, item.name);
                else
                        r->b->unsure[r->manager] = true;
        }
}

static void read_saved(struct reading *r, const char *full, enum zc_fw_family family)
{
        ZC_AUTO_MEM char *buf = NULL;
        struct zc_rd at, name;
        size_t len;

        if (!read_capped(full, FILE_MAX, &buf, &len)) {
                r->b->unsure[r->manager] = true;
                return;
        }
        at = (struct zc_rd){ (const uint8_t *)buf, len };
        while (fw_saved_next(&at, &name))
                make(r->b, r->manager, family, name);
}

/** A shell's KEY=VALUE in one of its files; FW_UNKNOWN when that cannot be read or says something else. */
static enum fw_known switched_on(const char *full, const char *key)
{
        ZC_AUTO_MEM char *buf = NULL;
        struct zc_rd value;
        char word[8] = "";
        size_t len;

        if (!read_capped(full, FILE_MAX, &buf, &len) ||
            !fw_setting((struct zc_rd){ (const uint8_t *)buf, len }, key, &value) ||
            value.n >= sizeof(word))
                return FW_UNKNOWN;
        memcpy(word, value.p, value.n);
        if (zc_ascii_eq(word, "yes"))
                return FW_YES;
        return zc_ascii_eq(word, "no") ? FW_NO : FW_UNKNOWN;
}

/* ---- the managers ---- */

enum kind { NFT, SAVED, UFW, FIREWALLD, OTHER };

static const struct manager {
        const char *name;
        enum kind kind;
        const char *configs[2]; /* SAVED: of IPv4 and of IPv6; else the first that is there */
} managers[] = {
        { "nftables", NFT, { "/etc/nftables.conf", "/etc/sysconfig/nftables.conf" } },
        { "netfilter-persistent", SAVED, { "/etc/iptables/rules.v4", "/etc/iptables/rules.v6" } },
        { "iptables", SAVED, { "/etc/sysconfig/iptables", NULL } },
        { "ip6tables", SAVED, { NULL, "/etc/sysconfig/ip6tables" } },
        { "ufw", UFW, { "/etc/ufw/ufw.conf", NULL } },
        { "firewalld", FIREWALLD, { "/etc/firewalld/firewalld.conf", NULL } },
        { "shorewall", OTHER, { "/etc/shorewall/shorewall.conf", NULL } },
        { "ferm", OTHER, { "/etc/ferm/ferm.conf", NULL } },
};
const size_t fw_manager_count = ZC_COUNT(managers);

const char *fw_manager_name(size_t manager)
{
        return managers[manager].name;
}

static const char *const unit_folders[] = { "/etc/systemd/system", "/lib/systemd/system",
                                            "/usr/lib/systemd/system" };

/** Wanted by something that boots: a link in a folder TARGET.wants or TARGET.requires. */
static enum fw_known wanted_in(const char *root, const char *folder, const char *name)
{
        char path[PATH_LEN];
        enum fw_known found = FW_NO;
        const struct dirent *e;
        DIR *d;

        if (!join(path, root, folder) || !(d = opendir(path)))
                return errno == ENOENT ? FW_NO : FW_UNKNOWN;
        while (found != FW_YES && (e = readdir(d)) != NULL) {
                const char *dot = strrchr(e->d_name, '.');
                char link[PATH_LEN + 300];
                struct stat st;

                if (!dot || (strcmp(dot, ".wants") != 0 && strcmp(dot, ".requires") != 0))
                        continue;
                snprintf(link, sizeof(link), "%s/%.200s/%s.service", path, e->d_name, name);
                if (lstat(link, &st) == 0)
                        found = FW_YES;
                else if (errno != ENOENT)
                        found = FW_UNKNOWN;
        }
        closedir(d);
        return found;
}

/** Links to /dev/null: systemd refuses to start it. */
static bool is_masked(const char *root, const char *name)
{
        char path[PATH_LEN + 300], full[PATH_LEN], to[64];
        ssize_t n;

        snprintf(path, sizeof(path), "/etc/systemd/system/%s.service", name);
        if (!join(full, root, path))
                return false;
        n = readlink(full, to, sizeof(to) - 1);
        return n > 0 && strncmp(to, "/dev/null", (size_t)n) == 0;
}

static bool has_unit(const char *root, const char *name)
{
        char path[PATH_LEN];

        for (size_t i = 0; i < ZC_COUNT(unit_folders); i++) {
                snprintf(path, sizeof(path), "%s/%s.service", unit_folders[i], name);
                if (is_there(root, path))
                        return true;
        }
        return false;
}

static enum fw_known is_enabled(const char *root, const char *name)
{
        enum fw_known found = FW_NO;

        if (is_masked(root, name))
                return FW_NO;
        for (size_t i = 0; i < ZC_COUNT(unit_folders) && found != FW_YES; i++) {
                enum fw_known one = wanted_in(root, unit_folders[i], name);

                found = one == FW_NO ? found : one;
        }
        return found;
}

/** Whether the administrator gave the unit other commands: then what it loads is not what its package loads. */
static bool is_changed(const char *root, const char *name)
{
        char path[PATH_LEN];

        snprintf(path, sizeof(path), "/etc/systemd/system/%s.service.d", name);
        if (is_there(root, path))
                return true;
        snprintf(path, sizeof(path), "/etc/systemd/system/%s.service", name);
        return is_there(root, path) && !is_masked(root, name);
}

static void make_all(struct fw_boot *b, size_t manager, const enum zc_fw_family *families, size_t n,
                     const char *name)
{
        for (size_t i = 0; i < n; i++)
                make(b, manager, families[i], zc_rd_str(name));
}

static void read_firewalld(struct reading *r, const char *full)
{
        static const enum zc_fw_family native[] = { ZC_FW_INET, ZC_FW_IP, ZC_FW_IP6 };
        static const enum zc_fw_family both[] = { ZC_FW_IP, ZC_FW_IP6 };
        static const char *const old[] = { "filter", "nat", "mangle", "raw", "security" };
        ZC_AUTO_MEM char *buf = NULL;
        struct zc_rd value = { 0 };
        size_t len;

        if (!read_capped(full, FILE_MAX, &buf, &len)) {
                r->b->unsure[r->manager] = true;
                return;
        }
        if (!fw_setting((struct zc_rd){ (const uint8_t *)buf, len }, "FirewallBackend", &value) ||
            !zc_rd_is(value, "iptables")) {
                make_all(r->b, r->manager, native, ZC_COUNT(native), "firewalld");
                return;
        }
        for (size_t i = 0; i < ZC_COUNT(old); i++)
                make_all(r->b, r->manager, both, ZC_COUNT(both), old[i]);
}

/** ufw loads its rules by iptables-restore; /etc/ufw/before.rules may hold more tables than "filter". */
static void read_ufw(struct reading *r, const char *full)
{
        static const struct {
                const char *path;
                enum zc_fw_family family;
        } files[] = { { "/etc/ufw/before.rules", ZC_FW_IP },
                      { "/etc/ufw/after.rules", ZC_FW_IP },
                      { "/etc/ufw/before6.rules", ZC_FW_IP6 },
                      { "/etc/ufw/after6.rules", ZC_FW_IP6 } };
        enum fw_known on = switched_on(full, "ENABLED");
        char path[PATH_LEN];

        if (on != FW_YES && r->b->enabled[r->manager] != FW_NO)
                r->b->enabled[r->manager] = on;
        for (size_t i = 0; i < ZC_COUNT(files); i++) {
                if (!join(path, r->b->root, files[i].path))
                        continue;
                read_saved(r, path, files[i].family);
        }
}

static void read_config(struct reading *r, const struct manager *m, size_t i)
{
        char full[PATH_LEN];

        if (!m->configs[i] || !is_there(r->b->root, m->configs[i]) ||
            !join(full, r->b->root, m->configs[i]))
                return;
        json_array_append_new(r->configs, json_string(m->configs[i]));
        if (m->kind == NFT && json_array_size(r->configs) == 1)
                read_script(r, full);
        else if (m->kind == SAVED)
                read_saved(r, full, i == 0 ? ZC_FW_IP : ZC_FW_IP6);
        else if (m->kind == UFW)
                read_ufw(r, full);
        else if (m->kind == FIREWALLD)
                read_firewalld(r, full);
        else
                r->b->unsure[r->manager] = true;
}

static json_t *tables_json(const struct fw_boot *b, size_t manager)
{
        json_t *out = json_array();

        for (size_t i = 0; i < b->count; i++) {
                ZC_AUTO_TEXT t = { 0 };

                if (b->made[i].manager != manager)
                        continue;
                zc_text_init(&t, 600);
                zc_text_printf(&t, "%s ", zc_fw_family_name(b->made[i].family));
                zc_text_escape(&t, b->made[i].name, strlen(b->made[i].name));
                json_array_append_new(out, json_string(zc_text_str(&t)));
        }
        return out;
}

static void read_manager(struct fw_boot *b, size_t i)
{
        const struct manager *m = &managers[i];
        struct reading r = { .b = b, .manager = i, .configs = json_array() };
        json_t *out;

        b->enabled[i] = is_enabled(b->root, m->name);
        b->unsure[i] = is_changed(b->root, m->name);
        for (size_t k = 0; k < ZC_COUNT(m->configs); k++)
                read_config(&r, m, k);
        if (!has_unit(b->root, m->name) && b->enabled[i] == FW_NO) {
                json_decref(r.configs);
                return;
        }
        if (m->kind == OTHER && b->enabled[i] != FW_NO)
                b->unsure[i] = true;
        out = json_pack("{ss ss so so}", "name", m->name, "enabled", fw_known_names[b->enabled[i]],
                        "configs", r.configs, "tables", tables_json(b, i));
        if (out && b->unsure[i])
                json_object_del(out, "tables");
        b->bad |= json_array_append_new(b->managers, out) != 0;
}

/* ---- what else may load rules ---- */

static void look_into(struct fw_boot *b, const char *path)
{
        ZC_AUTO_MEM char *buf = NULL;
        char full[PATH_LEN];
        struct stat st;
        size_t len;

        if (!join(full, b->root, path) || stat(full, &st) != 0 || !S_ISREG(st.st_mode))
                return;
        if (!read_capped(full, SCRIPT_MAX, &buf, &len)) {
                b->others_unsure = true;
                return;
        }
        if (fw_calls_firewall((struct zc_rd){ (const uint8_t *)buf, len }))
                b->bad |= json_array_append_new(b->others,
                                                zc_json_bytes(path, strlen(path), 300)) != 0;
}

static bool is_manager_unit(const char *file)
{
        for (size_t i = 0; i < fw_manager_count; i++) {
                size_t n = strlen(managers[i].name);

                if (strncmp(file, managers[i].name, n) == 0 && strcmp(file + n, ".service") == 0)
                        return true;
        }
        return false;
}

static void look_through(struct fw_boot *b, const char *folder)
{
        char path[PATH_LEN];
        const struct dirent *e;
        size_t files = 0;
        DIR *d;

        if (!join(path, b->root, folder))
                return;
        d = opendir(path);
        if (!d) {
                b->others_unsure |= errno != ENOENT && errno != ENOTDIR;
                return;
        }
        while ((e = readdir(d)) != NULL) {
                if (e->d_name[0] == '.' || is_manager_unit(e->d_name))
                        continue;
                if (files++ >= FILES_MAX) {
                        b->others_unsure = true;
                        break;
                }
                snprintf(path, sizeof(path), "%.128s/%.255s", folder, e->d_name);
                look_into(b, path);
        }
        closedir(d);
}

static void read_others(struct fw_boot *b)
{
        static const char *const files[] = { "/etc/rc.local", "/etc/rc.d/rc.local",
                                             "/etc/network/interfaces", "/etc/crontab",
                                             "/var/spool/cron/crontabs/root" };
        static const char *const folders[] = { "/etc/systemd/system",
                                               "/etc/network/if-pre-up.d",
                                               "/etc/network/if-up.d",
                                               "/etc/network/interfaces.d",
                                               "/etc/NetworkManager/dispatcher.d",
                                               "/etc/networkd-dispatcher/routable.d",
                                               "/etc/local.d",
                                               "/etc/cron.d" };

        for (size_t i = 0; i < ZC_COUNT(files); i++)
                look_into(b, files[i]);
        for (size_t i = 0; i < ZC_COUNT(folders); i++)
                look_through(b, folders[i]);
}

bool fw_boot_read(struct fw_boot *b, const char *root)
{
        *b = (struct fw_boot){ .root = root ? root : "",
                               .managers = json_array(),
                               .others = json_array(),
                               .enabled = calloc(fw_manager_count, sizeof(*b->enabled)),
                               .unsure = calloc(fw_manager_count, sizeof(*b->unsure)) };
        if (!b->managers || !b->others || !b->enabled || !b->unsure)
                return false;
        for (size_t i = 0; i < fw_manager_count; i++)
                read_manager(b, i);
        read_others(b);
        return !b->bad;
}

void fw_boot_release(struct fw_boot *b)
{
        json_decref(b->managers);
        json_decref(b->others);
        free(b->enabled);
        free(b->unsure);
        free(b->made);
        *b = (struct fw_boot){ 0 };
}
