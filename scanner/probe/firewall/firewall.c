/** The firewall probe: tables, chains, hooks, policies, counts; what becomes of a packet that no rule names; what was not understood. */
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "firewall.h"
#include "zc/json.h"
#include "zc/probe.h"

#define NAME_MAX_JSON 1024

static json_t *name(struct zc_rd text)
{
        return zc_json_bytes(text.p, text.n, NAME_MAX_JSON);
}

/* A document that lacks a chain would be a false one: every failure to add something sets *bad, and fails the probe. */

static void set(json_t *object, const char *key, json_t *value, bool *bad)
{
        *bad |= json_object_set_new(object, key, value) != 0;
}

static void add(json_t *array, json_t *value, bool *bad)
{
        *bad |= json_array_append_new(array, value) != 0;
}

struct flag {
        uint32_t bit;
        const char *name;
};

static json_t *flag_names(uint32_t flags, const struct flag *rows, size_t count, bool *bad)
{
        json_t *list = json_array();

        for (size_t i = 0; i < count; i++) {
                if (flags & rows[i].bit)
                        add(list, json_string(rows[i].name), bad);
        }
        return list;
}

static json_t *device_names(const struct fw_chain *chain, bool *bad)
{
        json_t *list = json_array();

        for (size_t i = 0; i < chain->device_count; i++) {
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, 256);
                zc_text_escape(&t, chain->devices[i].name.p, chain->devices[i].name.n);
                if (chain->devices[i].prefix)
                        zc_text_addc(&t, '*');
                add(list, json_string(zc_text_str(&t)), bad);
        }
        return list;
}

/** A chain at a hook. What the kernel says and we have no name for is omitted here and told in not_modelled. */
static void add_base(json_t *out, const struct zc_nft_chain *c, bool *bad)
{
        const char *hook = fw_hook_name(c->family, c->hook);

        set(out, "type", name(c->type), bad);
        if (hook)
                set(out, "hook", json_string(hook), bad);
        set(out, "priority", json_integer(c->priority), bad);
        if (c->has_policy && c->policy <= ZC_NFT_POLICY_ACCEPT)
                set(out, "policy", json_string(c->policy == ZC_NFT_POLICY_DROP ? "drop" : "accept"),
                    bad);
}

static json_t *chain_json(const struct fw_chain *chain, bool *bad)
{
        static const struct flag flags[] = { { ZC_NFT_CHAIN_HW_OFFLOAD, "offload" },
                                             { ZC_NFT_CHAIN_BINDING, "binding" } };
        json_t *out = json_pack("{s:o, s:I}", "name", name(chain->c.name), "handle",
                                (json_int_t)chain->c.handle);

        if (!out)
                return NULL;
        if (chain->c.base)
                add_base(out, &chain->c, bad);
        else
                *bad |= json_object_update_new(out, json_pack("{s:n, s:n, s:n, s:n}", "type",
                                                              "hook", "priority", "policy")) != 0;
        set(out, "devices", device_names(chain, bad), bad);
        set(out, "flags", flag_names(chain->c.flags, flags, ZC_COUNT(flags), bad), bad);
        set(out, "rules", json_integer((json_int_t)chain->rules), bad);
        return out;
}

static json_t *table_json(const struct fw_ruleset *rs, const struct fw_table *t, bool *bad)
{
        static const struct flag flags[] = { { ZC_NFT_TABLE_DORMANT, "dormant" },
                                             { ZC_NFT_TABLE_OWNER, "owner" },
                                             { ZC_NFT_TABLE_PERSIST, "persist" } };
        json_t *chains = json_array();

        for (size_t i = 0; i < rs->chain_count; i++) {
                if (rs->chains[i].c.family == t->family && fw_same(rs->chains[i].c.table, t->name))
                        add(chains, chain_json(&rs->chains[i], bad), bad);
        }
        return json_pack("{s:s, s:o, s:I, s:o, s:o}", "family", fw_family_name(t->family), "name",
                         name(t->name), "handle", (json_int_t)t->handle, "flags",
                         flag_names(t->flags, flags, ZC_COUNT(flags), bad), "chains", chains);
}

static void add_tables(json_t *out, const struct fw_ruleset *rs, bool *bad)
{
        json_t *tables = json_array();

        for (size_t i = 0; i < rs->table_count; i++) {
                if (fw_family_name(rs->tables[i].family)) /* the others are in not_modelled */
                        add(tables, table_json(rs, &rs->tables[i], bad), bad);
        }
        set(out, "tables", tables, bad);
        set(out, "sets", json_integer((json_int_t)rs->sets), bad);
        set(out, "rules", json_integer((json_int_t)rs->rules), bad);
}

static const struct {
        enum fw_path path;
        const char *name;
} paths[] = { { FW_INPUT, "input" }, { FW_FORWARD, "forward" } };

static const struct {
        uint8_t family;
        const char *name, *any;
} ip_families[] = { { ZC_NFT_IP, "ip", "0.0.0.0/0" }, { ZC_NFT_IP6, "ip6", "::/0" } };

static void tell_unclear(struct fw_others *o, const struct fw_doubt *doubt, const char *path,
                         const char *family)
{
        const struct fw_chain *chain = doubt->chain;
        ZC_AUTO_TEXT what = { 0 };
        ZC_AUTO_TEXT where = { 0 };

        zc_text_init(&what, 256);
        zc_text_init(&where, 2048);
        zc_text_printf(&what, "the default of %s for %s%s", path, family,
                       doubt->handle ? ": a rule whose condition is not evaluated may accept or "
                                       "drop what no rule names"
                                     : "");
        zc_text_printf(&where, "%s ",
                       fw_family_name(chain->c.family) ? fw_family_name(chain->c.family)
                                                       : "family unknown");
        zc_text_escape(&where, chain->c.table.p, chain->c.table.n);
        zc_text_addc(&where, ' ');
        zc_text_escape(&where, chain->c.name.p, chain->c.name.n);
        if (doubt->handle)
                zc_text_printf(&where, " handle %llu", (unsigned long long)doubt->handle);
        fw_others_add(o, FW_DECIDES, zc_text_str(&what), zc_text_str(&where));
}

/**
 * What becomes of a packet that meets no condition. A drop in nftables is final whatever else there is; an accept only stands when
 * nothing else at netfilter's hooks could decide. What cannot be told is omitted.
 */
static void add_defaults(json_t *out, const struct fw_ruleset *rs, struct fw_others *o, bool *bad)
{
        json_t *defaults = json_object();

        for (size_t p = 0; p < ZC_COUNT(paths); p++) {
                json_t *by_family = json_object();

                for (size_t f = 0; f < ZC_COUNT(ip_families); f++) {
                        struct fw_doubt where;
                        enum fw_fate fate =
                                fw_path_fate(rs, paths[p].path, ip_families[f].family, &where);

                        if (where.chain)
                                tell_unclear(o, &where, paths[p].name, ip_families[f].name);
                        if (fate == FW_DROP)
                                set(by_family, ip_families[f].name, json_string("drop"), bad);
                        else if (fate == FW_ACCEPT && !o->legacy[f] && !o->netfilter_bpf)
                                set(by_family, ip_families[f].name, json_string("accept"), bad);
                }
                set(defaults, paths[p].name, by_family, bad);
        }
        set(out, "defaults", defaults, bad);
}

static json_t *open_line(size_t family, const char *hook)
{
        return json_pack("{s:s, s:s, s:n, s:n, s:n, s:[s], s:[], "
                         "s:[s], s:s, s:s, s:[]}",
                         "family", ip_families[family].name, "hook", hook, "protocol", "ports",
                         "icmp_types", "sources", ip_families[family].any, "destinations",
                         "interfaces", "*", "state", "new", "certainty", "certain", "via");
}

/**
 * Where each path is certain as a whole (nothing stands at its hooks, or all is dropped) and nothing else decides, that is all that is
 * let in: a line for each open path, none for a closed one. Otherwise the list is omitted.
 */
static void add_admits(json_t *out, const struct fw_ruleset *rs, bool *bad)
{
        json_t *admits = json_array();
        bool whole = true;

        for (size_t p = 0; p < ZC_COUNT(paths); p++) {
                for (size_t f = 0; f < ZC_COUNT(ip_families); f++) {
                        enum fw_whole one = fw_path_whole(rs, paths[p].path, ip_families[f].family);

                        whole = whole && one != FW_SOME;
                        if (one == FW_ALL)
                                add(admits, open_line(f, paths[p].name), bad);
                }
        }
        if (whole)
                set(out, "admits", admits, bad);
        else
                json_decref(admits);
}

static void add_backends(json_t *out, const struct fw_ruleset *rs, const struct fw_others *o,
                         bool *bad)
{
        json_t *list = json_array();

        if (rs->table_count > 0)
                add(list, json_string("nf_tables"), bad);
        *bad |= json_array_extend(list, o->backends) != 0;
        set(out, "backend", list, bad);
}

/** Anyone may make such a namespace for himself: what it would do to packets says nothing about the machine, and is not told. */
static bool toy(const struct fw_netns *ns)
{
        return ns->own_user_namespace && ns->initial != FW_INITIAL_YES;
}

static bool fill(json_t *out, const struct fw_ruleset *rs, const struct fw_netns *ns)
{
        struct fw_others o = { .netns = ns->inode };
        bool bad = false;

        fw_others_look(&o);
        for (const struct fw_strange *s = rs->strange; s; s = s->next)
                fw_others_add(&o, FW_DECIDES, s->what, s->where);
        add_backends(out, rs, &o, &bad);
        add_tables(out, rs, &bad);
        if (!toy(ns)) {
                add_defaults(out, rs, &o, &bad);
                if (!o.deciders)
                        add_admits(out, rs, &bad);
        }
        bad |= o.failed;
        set(out, "not_modelled", json_incref(o.list), &bad);
        fw_others_release(&o);
        return !bad;
}

static void add_netns(json_t *out, const struct fw_netns *ns, bool *bad)
{
        json_t *o = json_object();

        if (ns->inode)
                set(o, "inode", json_integer((json_int_t)ns->inode), bad);
        set(o, "initial", json_string(fw_initial_name(ns->initial)), bad);
        set(out, "netns", o, bad);
}

static bool denied(struct zc_io *io, struct zc_err *err)
{
        snprintf(io->needs, sizeof io->needs, "CAP_NET_ADMIN");
        return zc_fail(err, ZC_E_DENIED,
                       "the kernel shows its packet filter only to CAP_NET_ADMIN in the user "
                       "namespace that owns this network namespace: "
                       "run as root (sudo)");
}

/** An absent nf_tables is an empty ruleset: legacy tables may still be there, and are looked for. */
static bool read_ruleset(struct fw_ruleset *rs, struct zc_io *io, struct zc_err *err)
{
        struct zc_nl *nl = NULL;
        bool ok = zc_nl_open(NETLINK_NETFILTER, &nl, err) && fw_ruleset_read(nl, rs, err);

        zc_nl_close(nl);
        if (ok)
                return true;
        if (err->code == ZC_E_DENIED)
                return denied(io, err);
        if (err->code == ZC_E_UNSUPPORTED)
                return fw_ruleset_init(rs, err);
        return false;
}

static bool firewall_run(const struct zc_subject *subject, struct zc_io *io, json_t *out,
                         struct zc_err *err)
{
        struct fw_ruleset rs = { 0 };
        struct fw_netns ns;
        bool bad = false;

        (void)subject;
        fw_netns_look(&ns);
        add_netns(out, &ns, &bad);
        if (!read_ruleset(&rs, io, err))
                return false;
        bad |= !fill(out, &rs, &ns);
        fw_ruleset_release(&rs);
        if (bad) {
                json_object_clear(out);
                return zc_fail(err, ZC_E_NOMEM, "the firewall's evidence");
        }
        if (toy(&ns))
                zc_io_partial(io, "CAP_NET_ADMIN",
                              "these are the rules of network namespace net:[%llu], made in a user "
                              "namespace of its own: what protects the machine was not seen: "
                              "run as root (sudo) outside of it",
                              (unsigned long long)ns.inode);
        return true;
}

const struct zc_probe zc_probe_firewall = {
        .id = "firewall",
        .summary = "the kernel's packet filter: tables, chains, hooks, policies, and what decides "
                   "beside them",
        .scope = ZC_SCOPE_HOST,
        .side = ZC_SIDE_PARENT,
        .level = ZC_LEVEL_OBSERVE,
        .needs = ZC_NEED_NET_ADMIN,
        .evidence = "host.firewall",
        .sends = "nothing: reads the kernel over netlink",
        .run = firewall_run,
};
