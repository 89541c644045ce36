#include "persist.h"

#include <stdio.h>
#include <string.h>

#include "persist_conf.h"
#include "zc/text.h"

/* Programs that make their tables when they start, and undo them when they stop: no file at boot names these. */
static const struct {
        const char *chains, *table, *who;
} makers[] = {
        { "DOCKER", NULL, "docker" },
        { NULL, "docker-bridges", "docker" },
        { NULL, "netavark", "podman" },
        { "NETAVARK", NULL, "podman" },
        { "CNI-", NULL, "CNI" },
        { "LIBVIRT_", NULL, "libvirt" },
        { NULL, "libvirt_network", "libvirt" },
        { "KUBE-", NULL, "kubernetes" },
        { NULL, "kube-proxy", "kubernetes" },
        { "cali-", NULL, "calico" },
        { "CILIUM_", NULL, "cilium" },
        { "f2b-", NULL, "fail2ban" },
        { NULL, "f2b-table", "fail2ban" },
        { NULL, "io.systemd.nat", "systemd-networkd" },
        { NULL, "lxd", "lxd" },
        { NULL, "incus", "incus" },
        { NULL, "wg-quick-", "wg-quick" },
        { "sshguard", "sshguard", "sshguard" },
};

struct telling {
        const struct zc_fw_ruleset *rs;
        struct fw_boot boot;
        json_t *tables, *differs;
        bool unknown; /* of some table, or of some manager, it is not known */
        bool bad;
};

static bool starts(const char *text, const char *with)
{
        return with && strncmp(text, with, strlen(with)) == 0;
}

static const char *maker_of(const struct zc_fw_ruleset *rs, uint32_t table)
{
        for (size_t m = 0; m < ZC_COUNT(makers); m++) {
                if (starts(rs->tables[table].name, makers[m].table))
                        return makers[m].who;
                for (size_t i = 0; i < rs->chain_count; i++)
                        if (rs->chains[i].table == table &&
                            starts(rs->chains[i].name, makers[m].chains))
                                return makers[m].who;
        }
        return NULL;
}

/** What a table has at its hooks; a table without any decides nothing. */
struct decides {
        bool any, input;
};

static struct decides decides(const struct zc_fw_ruleset *rs, uint32_t table)
{
        struct decides d = { 0 };

        for (size_t i = 0; i < rs->chain_count; i++) {
                const struct zc_fw_chain *c = &rs->chains[i];

                if (c->table != table || !c->base ||
                    (c->rule_count == 0 && c->policy == ZC_FW_ACCEPT))
                        continue;
                d.any = true;
                d.input |= c->hook == ZC_FW_INPUT;
        }
        return d;
}

static void add_text(struct telling *t, json_t *list, const char *words, enum zc_fw_family family,
                     const char *name)
{
        ZC_AUTO_TEXT text = { 0 };

        zc_text_init(&text, 700);
        zc_text_printf(&text, "%s %s ", words, zc_fw_family_name(family));
        zc_text_escape(&text, name, strlen(name));
        t->bad |= json_array_append_new(list, json_string(zc_text_str(&text))) != 0;
}

/** Which enabled managers make the table at boot. FW_UNKNOWN: one may, and its files do not say. */
static enum fw_known made_at_boot(struct telling *t, const struct zc_fw_table *table, json_t *by)
{
        enum fw_known found = FW_NO;

        for (size_t m = 0; m < fw_manager_count; m++) {
                const struct fw_boot *b = &t->boot;
                bool names = false;

                for (size_t i = 0; i < b->count; i++)
                        names |= b->made[i].manager == m && b->made[i].family == table->family &&
                                 strcmp(b->made[i].name, table->name) == 0;
                if (b->enabled[m] == FW_YES && names) {
                        t->bad |= json_array_append_new(by, json_string(fw_manager_name(m))) != 0;
                        found = FW_YES;
                } else if (found != FW_YES &&
                           ((b->enabled[m] == FW_YES && b->unsure[m]) ||
                            (b->enabled[m] == FW_UNKNOWN && (names || b->unsure[m])))) {
                        found = FW_UNKNOWN;
                }
        }
        return found;
}

static void tell_table(struct telling *t, uint32_t number)
{
        const struct zc_fw_table *table = &t->rs->tables[number];
        const char *maker = maker_of(t->rs, number);
        struct decides d = decides(t->rs, number);
        json_t *by = json_array();
        enum fw_known boots;

        if (!d.any) {
                json_decref(by);
                return;
        }
        boots = made_at_boot(t, table, by);
        if (boots != FW_YES && maker) {
                t->bad |= json_array_append_new(by, json_string(maker)) != 0;
                boots = d.input ? FW_UNKNOWN : FW_YES; /* others write in its table too */
        }
        if (boots == FW_NO && (json_array_size(t->boot.others) > 0 || t->boot.others_unsure))
                boots = FW_UNKNOWN;
        if (boots == FW_NO)
                add_text(t, t->differs, "no manager that is enabled loads the table", table->family,
                         table->name);
        t->unknown |= boots == FW_UNKNOWN;
        t->bad |= json_array_append_new(t->tables, json_pack("{ss ss so ss}", "family",
                                                             zc_fw_family_name(table->family),
                                                             "name", table->name, "loaded_by", by,
                                                             "boots", fw_known_names[boots])) != 0;
}

static bool runs(const struct zc_fw_ruleset *rs, const struct fw_made *made)
{
        for (size_t i = 0; i < rs->table_count; i++)
                if (rs->tables[i].family == made->family &&
                    strcmp(rs->tables[i].name, made->name) == 0)
                        return true;
        return false;
}

/** What is loaded at boot and does not run now: the next boot changes the firewall. firewalld and ufw make some tables only where there is need. */
static void tell_stale(struct telling *t)
{
        static const char *const lazy[] = { "firewalld", "ufw" };

        for (size_t i = 0; i < t->boot.count; i++) {
                const struct fw_made *m = &t->boot.made[i];
                bool main_table = m->family == ZC_FW_INET || strcmp(m->name, "filter") == 0;
                bool is_lazy = false;

                for (size_t k = 0; k < ZC_COUNT(lazy); k++)
                        is_lazy |= strcmp(fw_manager_name(m->manager), lazy[k]) == 0;
                if (t->boot.enabled[m->manager] == FW_YES && !runs(t->rs, m) &&
                    (main_table || !is_lazy))
                        add_text(t, t->differs,
                                 "what boots has a table that does not run:", m->family, m->name);
        }
}

static bool some_unknown(const struct fw_boot *b)
{
        for (size_t i = 0; i < fw_manager_count; i++)
                if (b->enabled[i] == FW_UNKNOWN || (b->enabled[i] == FW_YES && b->unsure[i]))
                        return true;
        return false;
}

static json_t *take(json_t **value)
{
        json_t *taken = *value;

        *value = NULL;
        return taken;
}

bool fw_persist_tell(const struct zc_fw_ruleset *rs, const char *root, json_t *firewall)
{
        struct telling t = { .rs = rs, .tables = json_array(), .differs = json_array() };
        bool ok = t.tables && t.differs && fw_boot_read(&t.boot, root);
        enum fw_known boots;
        json_t *out = NULL;

        for (uint32_t i = 0; ok && i < rs->table_count; i++)
                tell_table(&t, i);
        if (ok)
                tell_stale(&t);
        t.unknown = t.unknown || (ok && some_unknown(&t.boot));
        boots = json_array_size(t.differs) > 0 ? FW_NO : t.unknown ? FW_UNKNOWN : FW_YES;
        if (ok && !t.bad)
                out = json_pack("{ss so so so}", "boots", fw_known_names[boots], "managers",
                                take(&t.boot.managers), "tables", take(&t.tables), "others",
                                take(&t.boot.others));
        if (out && boots != FW_UNKNOWN) /* what is not known is left out */
                json_object_set(out, "differs", t.differs);
        fw_boot_release(&t.boot);
        json_decref(t.tables);
        json_decref(t.differs);
        return out && json_object_set_new(firewall, "persistence", out) == 0;
}
