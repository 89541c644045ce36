#include "admits_tell.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "zc/text.h"

#define VIA_MAX 32 /* rules that one line names */

void fw_tell_set(struct telling *t, json_t *object, const char *key, json_t *value)
{
        t->bad |= json_object_set_new(object, key, value) != 0;
}

void fw_tell_add(struct telling *t, json_t *list, json_t *value)
{
        t->bad |= json_array_append_new(list, value) != 0;
}

/* Lists. */

json_t *fw_tell_spans(const struct zc_fw_span *list, size_t n)
{
        ZC_AUTO_TEXT text = { 0 };

        if (n == 0)
                return json_null();
        zc_text_init(&text, (size_t)1 << 20);
        for (size_t i = 0; i < n; i++) {
                zc_text_printf(&text, "%s%u", i ? "," : "", list[i].lo);
                if (list[i].hi != list[i].lo)
                        zc_text_printf(&text, "-%u", list[i].hi);
        }
        return json_string(zc_text_str(&text));
}

static bool is_all_ports(const struct zc_fw_admit *a)
{
        return a->port_count == 1 && a->ports[0].lo == 0 && a->ports[0].hi == 65535;
}

static json_t *cidrs_json(struct telling *t, enum zc_fw_family family,
                          const struct zc_fw_cidr *list, size_t n)
{
        char text[INET6_ADDRSTRLEN] = "";
        json_t *out = json_array();

        for (size_t i = 0; i < n; i++) {
                inet_ntop(family == ZC_FW_IP ? AF_INET : AF_INET6, list[i].addr, text,
                          sizeof(text));
                fw_tell_add(t, out, json_sprintf("%s/%u", text, list[i].prefix));
        }
        return out;
}

static void add_sources(struct telling *t, json_t *out, const struct zc_fw_admit *a)
{
        json_t *any = json_pack("[s]", a->family == ZC_FW_IP ? "0.0.0.0/0" : "::/0");
        bool some = a->source_count && !a->sources_except;

        if (some) {
                json_decref(any);
                any = cidrs_json(t, a->family, a->sources, a->source_count);
        }
        fw_tell_set(t, out, "sources", any);
        fw_tell_set(t, out, "except",
                    cidrs_json(t, a->family, a->sources, a->sources_except ? a->source_count : 0));
}

/** Whether packets come in by another interface instead: a port of a bridge, of a bond. */
static bool is_port(const struct zc_fw_host *host, const struct zc_fw_interface *f)
{
        static const char *const masters[] = { "bridge", "bond", "team" };

        for (size_t i = 0; f->master && i < host->interface_count; i++) {
                for (size_t k = 0; k < ZC_COUNT(masters); k++)
                        if (host->interfaces[i].index == f->master &&
                            strcmp(host->interfaces[i].kind, masters[k]) == 0)
                                return true;
        }
        return false;
}

/** Of the interfaces of a line those by which packets come in. @host: NULL for one that is made up. */
static size_t comes_in(const struct zc_fw_host *host, const struct zc_fw_admit *a)
{
        size_t n = host ? 0 : a->interface_count;

        for (size_t i = 0; host && i < a->interface_count; i++)
                n += !is_port(host, &host->interfaces[a->interfaces[i]]);
        return n;
}

static json_t *interfaces_json(struct telling *t, const struct zc_fw_admit *a)
{
        const struct zc_fw_host *host = &t->live->host;
        size_t named = comes_in(host, a);
        json_t *out = json_array();

        if (named == t->comes_in)
                fw_tell_add(t, out, json_string("*"));
        for (size_t i = 0; i < a->interface_count && named != t->comes_in; i++) {
                const struct zc_fw_interface *f = &host->interfaces[a->interfaces[i]];

                if (named == 0 || !is_port(host, f))
                        fw_tell_add(t, out, json_string(f->name));
        }
        return out;
}

static json_t *outs_json(struct telling *t, const struct zc_fw_admit *a)
{
        const struct zc_fw_host *host = &t->live->host;
        json_t *out = json_array();

        for (size_t i = 0; i < host->interface_count; i++) {
                if (host->interfaces[i].index == a->out)
                        fw_tell_add(t, out, json_string(host->interfaces[i].name));
        }
        return out;
}

static json_t *sets_json(struct telling *t, const struct zc_fw_admit *a)
{
        const struct zc_fw_ruleset *rs = &t->live->ruleset;
        json_t *out = json_array();

        for (size_t i = 0; i < a->set_count; i++) {
                const struct zc_fw_set *s = a->sets[i].set;
                const struct zc_fw_table *table = &rs->tables[s->table];

                fw_tell_add(t, out,
                            json_pack("{s:s, s:s, s:s, s:b}", "family",
                                      zc_fw_family_name(table->family), "table", table->name,
                                      "name", s->name, "member", a->sets[i].in));
        }
        return out;
}

json_t *fw_tell_via(struct telling *t, const struct zc_fw_via *via, size_t n)
{
        const struct zc_fw_ruleset *rs = &t->live->ruleset;
        json_t *out = json_array();

        for (size_t i = 0; i < n; i++) {
                const struct zc_fw_chain *c = &rs->chains[via[i].chain];
                const struct zc_fw_table *table = &rs->tables[c->table];
                json_t *handle =
                        via[i].handle ? json_integer((json_int_t)via[i].handle) : json_null();

                fw_tell_add(t, out,
                            json_pack("{s:s, s:s, s:s, s:o, s:s*}", "family",
                                      zc_fw_family_name(table->family), "table", table->name,
                                      "chain", c->name, "handle", handle, "backend",
                                      zc_fw_legacy_name(table)));
        }
        return out;
}

static json_t *translated_json(const struct zc_fw_admit *a)
{
        char text[INET6_ADDRSTRLEN] = "";

        if (!a->translated)
                return json_null();
        inet_ntop(a->family == ZC_FW_IP ? AF_INET : AF_INET6, a->address, text, sizeof(text));
        return json_pack("{s:o, s:o}", "address",
                         a->address_known ? json_string(text) : json_null(), "port",
                         a->port_known ? json_integer(a->port) : json_null());
}

/* Rows. */

static json_t *protocol_json(const struct zc_fw_admit *a)
{
        static const struct {
                int number;
                const char *name;
        } names[] = { { IPPROTO_TCP, "tcp" },
                      { IPPROTO_UDP, "udp" },
                      { IPPROTO_SCTP, "sctp" },
                      { IPPROTO_ICMP, "icmp" },
                      { IPPROTO_ICMPV6, "icmpv6" } };

        for (size_t i = 0; i < ZC_COUNT(names); i++) {
                if (names[i].number == a->protocol)
                        return json_string(names[i].name);
        }
        return fw_tell_spans(a->protocols, a->protocol_count);
}

static json_t *row_json(struct telling *t, const struct zc_fw_admit *a)
{
        json_t *out = json_pack("{s:s, s:s, s:s}", "family", zc_fw_family_name(a->family), "hook",
                                zc_fw_hook_name(a->hook), "state", "new");

        if (!out) {
                t->bad = true;
                return NULL;
        }
        fw_tell_set(t, out, "protocol", protocol_json(a));
        fw_tell_set(t, out, "ports",
                    is_all_ports(a) ? json_null() : fw_tell_spans(a->ports, a->port_count));
        fw_tell_set(t, out, "icmp_types", fw_tell_spans(a->icmp_types, a->icmp_type_count));
        fw_tell_set(t, out, "source_ports", fw_tell_spans(a->source_ports, a->source_port_count));
        add_sources(t, out, a);
        fw_tell_set(t, out, "destinations",
                    cidrs_json(t, a->family, a->destinations, a->destination_count));
        fw_tell_set(t, out, "interfaces", interfaces_json(t, a));
        if (a->hook == ZC_FW_FORWARD)
                fw_tell_set(t, out, "out_interfaces", outs_json(t, a));
        fw_tell_set(t, out, "sets", sets_json(t, a));
        fw_tell_set(t, out, "translated", translated_json(a));
        fw_tell_set(t, out, "certainty",
                    json_string(a->certainty == ZC_FW_CERTAIN ? "certain" : "possible"));
        fw_tell_set(t, out, "via", fw_tell_via(t, a->via, a->via_count));
        return out;
}

/* Fewer rows: those that differ in one thing alone become one. */

static bool has(const json_t *list, const json_t *value)
{
        const json_t *one;
        size_t i;

        json_array_foreach (list, i, one) {
                if (json_equal(one, value))
                        return true;
        }
        return false;
}

static void take_over(struct telling *t, json_t *to, json_t *from, const char *key, size_t most)
{
        json_t *list = json_object_get(to, key), *value;
        size_t i;

        json_array_foreach (json_object_get(from, key), i, value) {
                if (json_array_size(list) < most && !has(list, value))
                        t->bad |= json_array_append(list, value) != 0;
        }
}

/** What a row says besides the rules that decide and `key`. */
static json_t *rest_of(const json_t *row, const char *key)
{
        json_t *out = json_copy((json_t *)row);

        json_object_del(out, key);
        json_object_del(out, "via");
        return out;
}

static json_t *same_rest(json_t *rests, json_t *rest, size_t *at)
{
        json_t *one;

        for (*at = 0; (one = json_array_get(rests, *at)) != NULL; (*at)++) {
                if (json_equal(one, rest))
                        return one;
        }
        return NULL;
}

/** Rows that differ in where they leave. */
static json_t *join_outs(struct telling *t, json_t *rows)
{
        json_auto_t *rests = json_array();
        json_t *out = json_array(), *row;
        size_t i, at;

        json_array_foreach (rows, i, row) {
                json_auto_t *rest = rest_of(row, "out_interfaces");

                if (same_rest(rests, rest, &at)) {
                        take_over(t, json_array_get(out, at), row, "out_interfaces", SIZE_MAX);
                        take_over(t, json_array_get(out, at), row, "via", VIA_MAX);
                        continue;
                }
                t->bad |= json_array_append(rests, rest) != 0 || json_array_append(out, row) != 0;
        }
        json_decref(rows);
        return out;
}

/** The same for every protocol is said once, with protocol null. `all`: what the protocols of a family are called here, five of them. */
static json_t *join_protocols(struct telling *t, json_t *rows)
{
        /* All numbers but those of the four that have a name of their own in the family. */
        static const char *const four[] = { "0,2-5,7-16,18-131,133-255",
                                            "0-5,7-16,18-57,59-131,133-255" };
        json_auto_t *rests = json_array();
        json_auto_t *counts = json_array();
        json_t *out = json_array(), *row;
        size_t i, at;

        json_array_foreach (rows, i, row) {
                json_auto_t *rest = rest_of(row, "protocol");

                if (!same_rest(rests, rest, &at)) {
                        at = json_array_size(rests);
                        t->bad |= json_array_append(rests, rest) != 0 ||
                                  json_array_append_new(counts, json_array()) != 0;
                }
                t->bad |= json_array_append(json_array_get(counts, at), row) != 0;
        }
        json_array_foreach (counts, i, row) {
                json_t *first = json_array_get(row, 0), *one;
                bool all =
                        json_array_size(row) == 5 && json_is_null(json_object_get(first, "ports"));

                json_array_foreach (row, at, one) {
                        const char *name = json_string_value(json_object_get(one, "protocol"));

                        if (name && name[0] >= '0' && name[0] <= '9' &&
                            strcmp(name, four[0]) != 0 && strcmp(name, four[1]) != 0)
                                all = false;
                }
                json_array_foreach (row, at, one) {
                        if (all && at)
                                take_over(t, first, one, "via", VIA_MAX);
                        else
                                t->bad |= json_array_append(out, one) != 0;
                }
                if (all)
                        fw_tell_set(t, first, "protocol", json_null());
        }
        json_decref(rows);
        return out;
}

static json_t *rows_json(struct telling *t)
{
        json_t *rows = json_array();

        for (size_t i = 0; i < t->admits->count; i++) {
                json_t *row = row_json(t, &t->admits->rows[i]);

                if (row)
                        fw_tell_add(t, rows, row);
        }
        return json_array_size(rows) <= 512 ? join_protocols(t, join_outs(t, rows)) : rows;
}

/* Defaults: what becomes of a packet that no rule names. */

enum { MOST_PORTS = 32768 };

/** A host whose packets come from, and go to, an interface that no rule knows of. */
struct nowhere {
        struct zc_fw_host host;
        struct zc_fw_interface interface;
        struct zc_fw_route routes[4]; /* one address, and all others, of either family */
};

static void make_nowhere(struct nowhere *n)
{
        *n = (struct nowhere){ .interface = { .index = UINT32_MAX,
                                              .name = "?",
                                              .kind = "",
                                              .up = true,
                                              .forwarding = { true, true } } };
        for (unsigned f = 0; f < 2; f++) {
                struct zc_fw_route any = { .family = f ? ZC_FW_IP6 : ZC_FW_IP, .oif = UINT32_MAX };

                n->routes[2 * f] = n->routes[2 * f + 1] = any;
                n->routes[2 * f].type = ZC_FW_UNICAST;
                n->routes[2 * f].table = RT_TABLE_MAIN;
                n->routes[2 * f + 1].type = ZC_FW_LOCAL;
                n->routes[2 * f + 1].table = RT_TABLE_LOCAL;
                memset(n->routes[2 * f + 1].dst, 1, 16);
                n->routes[2 * f + 1].prefix = f ? 128 : 32;
        }
        n->host = (struct zc_fw_host){ .interfaces = &n->interface,
                                       .interface_count = 1,
                                       .routes = n->routes,
                                       .route_count = ZC_COUNT(n->routes),
                                       .known = true };
}

/** Whether packets of the family can be for this host at all: it has an address that is not loopback's. */
static bool has_address(const struct zc_fw_host *host, enum zc_fw_family family)
{
        for (size_t i = 0; i < host->address_count; i++) {
                const struct zc_fw_address *a = &host->addresses[i];

                if (a->family == family && a->addr[0] != 127 && a->addr[0] != 0)
                        return true;
        }
        return false;
}

static bool is_wide(const struct zc_fw_host *host, const struct zc_fw_admit *a, size_t interfaces)
{
        size_t ports = 0;

        for (size_t i = 0; i < a->port_count; i++)
                ports += a->ports[i].hi - a->ports[i].lo + 1;
        return ports >= MOST_PORTS && (a->source_count == 0 || a->sources_except) &&
               a->source_port_count == 0 && a->set_count == 0 && a->destination_count == 0 &&
               !a->translated && comes_in(host, a) == interfaces;
}

/** "accept" when most ports of TCP or UDP are open to anyone on every interface; NULL when that is only possible. */
static const char *default_of(const struct zc_fw_admits *admits, const struct zc_fw_host *host,
                              size_t interfaces, enum zc_fw_family family, enum zc_fw_hook hook)
{
        const char *verdict = "drop";

        if (admits->unknown[family == ZC_FW_IP6][hook == ZC_FW_FORWARD])
                return NULL;
        for (size_t i = 0; i < admits->count; i++) {
                const struct zc_fw_admit *a = &admits->rows[i];

                if (a->family != family || a->hook != hook ||
                    (a->protocol != IPPROTO_TCP && a->protocol != IPPROTO_UDP) ||
                    !is_wide(host, a, interfaces))
                        continue;
                if (a->certainty == ZC_FW_CERTAIN)
                        return "accept";
                verdict = NULL;
        }
        return verdict;
}

/** @elsewhere: of a host that has addresses, interfaces and routes, for those are no rules: all of forward, and input where this one has none. */
static json_t *defaults_json(struct telling *t, const struct zc_fw_admits *elsewhere)
{
        static const enum zc_fw_family families[] = { ZC_FW_IP, ZC_FW_IP6 };
        json_t *out = json_object();

        for (unsigned h = 0; h < 2; h++) {
                enum zc_fw_hook hook = h ? ZC_FW_FORWARD : ZC_FW_INPUT;
                json_t *by_family = json_object();

                for (size_t f = 0; f < ZC_COUNT(families); f++) {
                        bool here = !h && t->comes_in && has_address(&t->live->host, families[f]);
                        const char *verdict =
                                here ? default_of(t->admits, &t->live->host, t->comes_in,
                                                  families[f], hook)
                                     : default_of(elsewhere, NULL, 1, families[f], hook);

                        if (verdict)
                                fw_tell_set(t, by_family, zc_fw_family_name(families[f]),
                                            json_string(verdict));
                }
                fw_tell_set(t, out, zc_fw_hook_name(hook), by_family);
        }
        return out;
}

static bool all_known(const struct zc_fw_admits *a)
{
        return !a->unknown[0][0] && !a->unknown[0][1] && !a->unknown[1][0] && !a->unknown[1][1];
}

/** Whether packets of the row may come in by a bridge. */
static bool by_bridge(const struct zc_fw_host *host, const struct zc_fw_admit *row)
{
        for (size_t i = 0; i < row->interface_count; i++) {
                if (strcmp(host->interfaces[row->interfaces[i]].kind, "bridge") == 0)
                        return true;
        }
        return row->interface_count == 0;
}

static bool tell(struct telling *t, const struct zc_fw_admits *elsewhere,
                 struct zc_fw_admits *admits, json_t *firewall, struct zc_err *err)
{
        const struct zc_fw_host *host = &t->live->host;

        for (size_t i = 0; i < host->interface_count; i++)
                t->comes_in += strcmp(host->interfaces[i].name, "lo") != 0 &&
                               !is_port(host, &host->interfaces[i]);
        fw_tell_set(t, firewall, "defaults", defaults_json(t, elsewhere));
        /* the default is of the other interfaces too, which no bridge stands in front of */
        for (size_t i = 0; i < admits->count && zc_fw_bridge_decides(&t->live->ruleset, host);
             i++) {
                if (by_bridge(host, &admits->rows[i]))
                        admits->rows[i].certainty = ZC_FW_POSSIBLE;
        }
        if (all_known(admits) && host->known)
                fw_tell_set(t, firewall, "admits", rows_json(t));
        return fw_tell_anomalies(t, firewall, err) &&
               (!t->bad || zc_fail(err, ZC_E_NOMEM, "what the firewall admits"));
}

bool fw_admits_tell(const struct zc_fw_live *live, json_t *firewall, struct zc_err *err)
{
        struct zc_fw_admits admits = { 0 }, elsewhere = { 0 };
        struct zc_fw_machine *machine = zc_fw_machine_new(&live->ruleset, &live->host);
        struct telling t = { .live = live, .admits = &admits, .machine = machine };
        struct nowhere nowhere;
        bool ok;

        if (!machine)
                return zc_fail(err, ZC_E_NOMEM, "the firewall model");
        make_nowhere(&nowhere);
        ok = zc_fw_admits(&live->ruleset, &live->host, machine, ZC_FW_ALL_PROTOCOLS, live->arena,
                          &admits, err) &&
             zc_fw_admits(&live->ruleset, &nowhere.host, NULL, ZC_FW_TCP_AND_UDP, live->arena,
                          &elsewhere, err) &&
             tell(&t, &elsewhere, &admits, firewall, err);
        zc_fw_machine_free(machine);
        return ok;
}
