#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "admits_tell.h"
#include "zc/text.h"

static const struct {
        const char *kind, *what;
} words[] = {
        [ZC_FW_SHADOWED_RULE] = { "shadowed_rule",
                                  "earlier rules decide about every packet that it names" },
        [ZC_FW_REDUNDANT_RULE] = { "redundant_rule",
                                   "without it every packet would come to the same end" },
        [ZC_FW_UNREACHABLE_RULE] = { "unreachable_rule",
                                     "no packet that it names comes as far as this rule" },
        [ZC_FW_UNREACHABLE_CHAIN] = { "unreachable_chain", "nothing jumps to it" },
        [ZC_FW_NO_SUCH_INTERFACE] = { "no_such_interface",
                                      "it is for an interface that is not there" },
        [ZC_FW_OVERRULED_ACCEPT] = { "overruled_accept",
                                     "it accepts what a later chain of the same hook drops" },
        [ZC_FW_INVALID_ACCEPTED] = { "invalid_accepted",
                                     "packets of no connection get where a new one does not" },
        [ZC_FW_OPEN_OVER_IPV6] = { "open_over_ipv6",
                                   "open to anyone over IPv6, and not over IPv4" },
        [ZC_FW_SEVERAL_FRONT_ENDS] = { "several_front_ends", "each filters at this hook" },
};
_Static_assert(ZC_COUNT(words) == ZC_FW_ANOMALY_KINDS, "a row for each kind");

static const struct zc_fw_rule *rule_of(const struct zc_fw_chain *chain, uint64_t handle)
{
        for (size_t i = 0; handle && i < chain->rule_count; i++) {
                if (chain->rules[i].handle == handle)
                        return &chain->rules[i];
        }
        return NULL;
}

static void add_place(struct telling *t, json_t *out, const struct zc_fw_anomaly *a)
{
        const struct zc_fw_ruleset *rs = &t->live->ruleset;
        const struct zc_fw_chain *chain = &rs->chains[a->chain];
        const struct zc_fw_table *table = &rs->tables[chain->table];
        const struct zc_fw_rule *rule = rule_of(chain, a->handle);
        ZC_AUTO_TEXT text = { 0 };

        fw_tell_set(t, out, "family", json_string(zc_fw_family_name(table->family)));
        fw_tell_set(t, out, "table", json_string(table->name));
        fw_tell_set(t, out, "chain", json_string(chain->name));
        fw_tell_set(t, out, "handle",
                    a->handle ? json_integer((json_int_t)a->handle) : json_null());
        if (!rule)
                return;
        zc_text_init(&text, 4096);
        zc_fw_rule_words(rs, rule, &text);
        fw_tell_set(t, out, "rule", json_string(zc_text_str(&text)));
}

static const char *state_name(uint8_t ct)
{
        return ct == ZC_FW_CT_NEW           ? "new"
               : ct == ZC_FW_CT_ESTABLISHED ? "established"
               : ct == ZC_FW_CT_RELATED     ? "related"
               : ct == ZC_FW_CT_INVALID     ? "invalid"
                                            : "untracked";
}

/** As `reach --packets` reads it. */
static json_t *packet_json(struct telling *t, const struct zc_fw_packet *p)
{
        static const struct {
                uint8_t number;
                const char *name;
        } names[] = { { IPPROTO_TCP, "tcp" },
                      { IPPROTO_UDP, "udp" },
                      { IPPROTO_SCTP, "sctp" },
                      { IPPROTO_ICMP, "icmp" },
                      { IPPROTO_ICMPV6, "icmpv6" } };
        const struct zc_fw_host *host = &t->live->host;
        int family = p->family == ZC_FW_IP ? AF_INET : AF_INET6;
        bool icmp = p->protocol == IPPROTO_ICMP || p->protocol == IPPROTO_ICMPV6;
        char from[INET6_ADDRSTRLEN] = "", to[INET6_ADDRSTRLEN] = "";
        json_t *out = json_object();
        json_t *protocol = json_sprintf("%u", p->protocol);

        for (size_t i = 0; i < ZC_COUNT(names); i++) {
                if (names[i].number == p->protocol) {
                        json_decref(protocol);
                        protocol = json_string(names[i].name);
                }
        }
        inet_ntop(family, p->saddr, from, sizeof(from));
        inet_ntop(family, p->daddr, to, sizeof(to));
        for (size_t i = 0; i < host->interface_count; i++) {
                if (host->interfaces[i].index == p->iif)
                        fw_tell_set(t, out, "iif", json_string(host->interfaces[i].name));
        }
        fw_tell_set(t, out, "family", json_string(zc_fw_family_name((enum zc_fw_family)p->family)));
        fw_tell_set(t, out, "protocol", protocol);
        fw_tell_set(t, out, "saddr", json_string(from));
        fw_tell_set(t, out, "daddr", json_string(to));
        fw_tell_set(t, out, icmp ? "type" : "sport", json_integer(icmp ? p->type : p->sport));
        fw_tell_set(t, out, icmp ? "code" : "dport", json_integer(icmp ? p->code : p->dport));
        fw_tell_set(t, out, "ct", json_string(state_name(p->ct)));
        return out;
}

static json_t *anomaly_json(struct telling *t, const struct zc_fw_anomaly *a)
{
        json_t *out = json_object();
        ZC_AUTO_TEXT what = { 0 };

        fw_tell_set(t, out, "kind", json_string(words[a->kind].kind));
        if (a->chain < t->live->ruleset.chain_count)
                add_place(t, out, a);
        if (a->hook != ZC_FW_NO_HOOK)
                fw_tell_set(t, out, "hook", json_string(zc_fw_hook_name(a->hook)));
        if (a->port_count) {
                fw_tell_set(t, out, "protocol",
                            json_string(a->protocol == IPPROTO_TCP ? "tcp" : "udp"));
                fw_tell_set(t, out, "ports", fw_tell_spans(a->ports, a->port_count));
        }
        zc_text_init(&what, 256);
        zc_text_add(&what, words[a->kind].what);
        if (a->name) {
                zc_text_add(&what, ": ");
                zc_text_escape(&what, a->name, strlen(a->name));
        }
        fw_tell_set(t, out, "what", json_string(zc_text_str(&what)));
        if (a->via_count)
                fw_tell_set(t, out, "via", fw_tell_via(t, a->via, a->via_count));
        if (a->shown)
                fw_tell_set(t, out, "packet", packet_json(t, &a->packet));
        return out;
}

bool fw_tell_anomalies(struct telling *t, json_t *firewall, struct zc_err *err)
{
        struct zc_fw_anomalies found;
        json_t *out;

        if (!zc_fw_anomalies(&t->live->ruleset, &t->live->host, t->machine, t->admits,
                             t->live->arena, &found, err))
                return false;
        if (!found.whole)
                return true;
        out = json_array();
        for (size_t i = 0; i < found.count; i++)
                fw_tell_add(t, out, anomaly_json(t, &found.list[i]));
        fw_tell_set(t, firewall, "anomalies", out);
        return true;
}
