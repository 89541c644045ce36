/** The firewall probe: tables, chains, hooks, policies, counts; what becomes of a packet that no rule names; what was not understood. */
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "admits.h"
#include "interfaces.h"
#include "others.h"
#include "persist.h"
#include "zc/evidence.h"
#include "zc/fw_read.h"
#include "zc/netlink.h"
#include "zc/probe.h"
#include "zc/text.h"

/** What the document is made of. */
struct source {
        const struct zc_fw_live *live;
        json_t *not_modelled;
};

/* A document that lacks a chain would be a false one: every failure to add something sets *bad, and fails the probe. */

static void set(json_t *object, const char *key, json_t *value, bool *bad)
{
        *bad |= json_object_set_new(object, key, value) != 0;
}

static void add(json_t *array, json_t *value, bool *bad)
{
        *bad |= json_array_append_new(array, value) != 0;
}

static json_t *text(const char *s)
{
        return json_string(s ? s : "");
}

static void add_flag(json_t *list, bool there, const char *name, bool *bad)
{
        if (there)
                add(list, json_string(name), bad);
}

static json_t *device_names(const struct zc_fw_chain *chain, bool *bad)
{
        json_t *list = json_array();

        for (size_t i = 0; i < chain->device_count; i++)
                add(list,
                    json_sprintf("%s%s", chain->devices[i].name,
                                 chain->devices[i].prefix ? "*" : ""),
                    bad);
        return list;
}

/** A chain at a hook. What the kernel says and we have no name for is omitted here and told in not_modelled. */
static void add_base(json_t *out, const struct zc_fw_chain *c, bool *bad)
{
        set(out, "type", text(c->type), bad);
        if (c->hook != ZC_FW_NO_HOOK)
                set(out, "hook", json_string(zc_fw_hook_name(c->hook)), bad);
        set(out, "priority", json_integer(c->priority), bad);
        if (c->policy == ZC_FW_ACCEPT || c->policy == ZC_FW_DROP)
                set(out, "policy", json_string(c->policy == ZC_FW_DROP ? "drop" : "accept"), bad);
}

/** Rules that write a log, in whatever words. */
static size_t logs_of(const struct zc_fw_ruleset *rs, const struct zc_fw_chain *chain)
{
        static const char *const names[] = { "log", "xt target LOG", "xt target NFLOG",
                                             "xt target ULOG" };
        size_t logs = 0;

        for (size_t i = 0; i < chain->rule_count; i++) {
                const struct zc_fw_rule *r = &chain->rules[i];
                bool one = false;

                for (uint32_t o = r->first; o < r->first + r->count; o++)
                        for (size_t n = 0; n < ZC_COUNT(names); n++)
                                one |= rs->ops[o].name && strcmp(rs->ops[o].name, names[n]) == 0;
                logs += one;
        }
        return logs;
}

static json_t *chain_json(const struct zc_fw_ruleset *rs, const struct zc_fw_chain *chain,
                          bool *bad)
{
        json_t *out =
                json_pack("{s:s, s:I}", "name", chain->name, "handle", (json_int_t)chain->handle);
        json_t *flags = json_array();

        if (!out || !flags) {
                json_decref(out);
                json_decref(flags);
                return NULL;
        }
        if (chain->base)
                add_base(out, chain, bad);
        else
                *bad |= json_object_update_new(out, json_pack("{s:n, s:n, s:n, s:n}", "type",
                                                              "hook", "priority", "policy")) != 0;
        add_flag(flags, chain->offload, "offload", bad);
        add_flag(flags, chain->binding, "binding", bad);
        set(out, "devices", device_names(chain, bad), bad);
        set(out, "flags", flags, bad);
        set(out, "rules", json_integer((json_int_t)chain->rule_count), bad);
        set(out, "logs", json_integer((json_int_t)logs_of(rs, chain)), bad);
        return out;
}

static json_t *table_json(const struct zc_fw_ruleset *rs, uint32_t number, bool *bad)
{
        const struct zc_fw_table *t = &rs->tables[number];
        json_t *chains = json_array();
        json_t *flags = json_array();

        for (size_t i = 0; i < rs->chain_count; i++) {
                if (rs->chains[i].table == number)
                        add(chains, chain_json(rs, &rs->chains[i], bad), bad);
        }
        add_flag(flags, t->dormant, "dormant", bad);
        add_flag(flags, t->owned, "owner", bad);
        add_flag(flags, t->persist, "persist", bad);
        return json_pack("{s:s, s:s, s:I, s:o, s:o, s:s*}", "family", zc_fw_family_name(t->family),
                         "name", t->name, "handle", (json_int_t)t->handle, "flags", flags, "chains",
                         chains, "backend", zc_fw_legacy_name(t));
}

/** Tables; sets that have a name of their own; rules of all chains. */
static void add_tables(json_t *out, const struct zc_fw_ruleset *rs, bool *bad)
{
        json_t *tables = json_array();
        size_t sets = 0, rules = 0;

        for (size_t i = 0; i < rs->table_count; i++)
                add(tables, table_json(rs, (uint32_t)i, bad), bad);
        for (size_t i = 0; i < rs->set_count; i++)
                sets += !rs->sets[i].anonymous;
        for (size_t i = 0; i < rs->chain_count; i++)
                rules += rs->chains[i].rule_count;
        set(out, "tables", tables, bad);
        set(out, "sets", json_integer((json_int_t)sets), bad);
        set(out, "rules", json_integer((json_int_t)rules), bad);
}

static void add_backends(json_t *out, const struct zc_fw_ruleset *rs, bool *bad)
{
        static const struct {
                enum zc_fw_backend backend;
                enum zc_fw_family family; /* of legacy tables */
                const char *name;
        } rows[] = {
                { ZC_FW_NF_TABLES, 0, "nf_tables" },
                { ZC_FW_LEGACY, ZC_FW_IP, "iptables-legacy" },
                { ZC_FW_LEGACY, ZC_FW_IP6, "ip6tables-legacy" },
                { ZC_FW_LEGACY, ZC_FW_ARP, "arptables-legacy" },
        };
        json_t *list = json_array();

        for (size_t r = 0; r < ZC_COUNT(rows); r++) {
                bool there = false;

                for (size_t i = 0; i < rs->table_count; i++)
                        there |= rs->tables[i].backend == rows[r].backend &&
                                 (rows[r].backend == ZC_FW_NF_TABLES ||
                                  rs->tables[i].family == rows[r].family);
                add_flag(list, there, rows[r].name, bad);
        }
        set(out, "backend", list, bad);
}

static void add_gap(struct source *s, enum zc_fw_weight weight, const char *what, const char *where,
                    bool *bad)
{
        add(s->not_modelled,
            json_pack("{s:s, s:s, s:b}", "what", what, "where", where, "beyond",
                      weight == ZC_FW_DECIDES || weight == ZC_FW_SOCKETS),
            bad);
}

static void add_gaps(struct source *s, const struct zc_fw_gap *gaps, size_t count, bool *bad)
{
        for (size_t i = 0; i < count; i++)
                add_gap(s, gaps[i].weight, gaps[i].what, gaps[i].where, bad);
}

/** Remarks that only the document has a use for. */
static void add_remarks(struct source *s, bool *bad)
{
        struct zc_fw_ruleset rs = { 0 };
        struct zc_err err = { 0 };
        struct fw_build b;

        fw_build_init(&b, s->live->arena);
        fw_others_namespaces(&b, s->live->netns.inode);
        if (fw_build_finish(&b, &rs, &err))
                add_gaps(s, rs.gaps, rs.gap_count, bad);
        else
                *bad = true;
}

/** Beside each line, how far away its senders may stand. */
static void add_reach(json_t *out, bool *bad)
{
        json_t *admit;
        size_t i;

        json_array_foreach (json_object_get(out, "admits"), i, admit) {
                set(admit, "reach", json_string(zc_reach_name(zc_admit_reach(out, admit))), bad);
        }
}

static bool fill(json_t *out, struct source *s, struct zc_err *err)
{
        bool bad = false;

        s->not_modelled = json_array();
        add_gaps(s, s->live->ruleset.gaps, s->live->ruleset.gap_count, &bad);
        add_backends(out, &s->live->ruleset, &bad);
        add_tables(out, &s->live->ruleset, &bad);
        /* What a toy's rules would do says nothing about the machine. */
        if (!s->live->netns.toy && !fw_admits_tell(s->live, out, err))
                return false;
        bad |= !s->live->netns.toy && !fw_interfaces_tell(&s->live->host, out);
        add_reach(out, &bad);
        add_remarks(s, &bad);
        set(out, "not_modelled", s->not_modelled, &bad);
        return bad ? zc_fail(err, ZC_E_NOMEM, "the firewall's evidence") : true;
}

static void add_netns(json_t *out, const struct zc_fw_netns *ns, bool *bad)
{
        static const char *const names[] = { "unknown", "yes", "no" };
        json_t *o = json_object();

        if (ns->inode)
                set(o, "inode", json_integer((json_int_t)ns->inode), bad);
        set(o, "initial", json_string(names[ns->initial]), bad);
        set(out, "netns", o, bad);
}

/** Files say what boots on the machine, not in a namespace beside it; a --root names its machine itself. */
static bool add_persistence(const struct zc_fw_live *live, const char *root, json_t *out)
{
        if (*root || live->netns.initial == ZC_FW_INITIAL_YES)
                return fw_persist_tell(&live->ruleset, root, out);
        return live->netns.initial != ZC_FW_INITIAL_NO ||
               json_object_set_new(out, "persistence", json_null()) == 0;
}

static bool firewall_run(const struct zc_subject *subject, struct zc_io *io, json_t *out,
                         struct zc_err *err)
{
        struct zc_fw_live live = { 0 };
        struct source s = { .live = &live };
        bool bad = false, ok;

        (void)subject;
        zc_fw_netns_look(&live.netns);
        add_netns(out, &live.netns, &bad);
        if (!zc_fw_read(&live, err)) {
                if (err->code == ZC_E_DENIED)
                        snprintf(io->needs, sizeof io->needs, "CAP_NET_ADMIN");
                zc_fw_live_release(&live);
                return false;
        }
        bad |= !add_persistence(&live, io->root ? io->root : "", out);
        ok = fill(out, &s, err) && (!bad || zc_fail(err, ZC_E_NOMEM, "the firewall's evidence"));
        if (ok && live.netns.toy)
                zc_io_partial(io, "CAP_NET_ADMIN",
                              "these are the rules of network namespace net:[%llu], made in a user "
                              "namespace of its own: what protects the machine was not seen: "
                              "run as root (sudo) outside of it",
                              (unsigned long long)live.netns.inode);
        zc_fw_live_release(&live);
        if (!ok)
                json_object_clear(out);
        return ok;
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
