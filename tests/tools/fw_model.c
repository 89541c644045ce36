/** Prints the firewall model of this network namespace as text: `tool_fw_model [-c]`, with -c only how many of each. */
#include <stdio.h>
#include <string.h>

#include "zc/fw_read.h"

static const char *const kinds[] = {
        "payload",    "exthdr",    "meta",     "ct",        "fib",     "rt",
        "socket",     "immediate", "bitwise",  "byteorder", "any",     "cmp",
        "range",      "lookup",    "maybe",    "meta-set",  "ct-set",  "payload-set",
        "exthdr-set", "notrack",   "nat",      "dynset",    "neutral", "verdict",
        "reject",     "queue",     "synproxy", "fwd",       "tproxy",  "unknown",
};
static const char *const codes[] = { "accept", "drop",   "continue", "break", "jump",
                                     "goto",   "return", "queue",    "stolen" };

static void hex(const char *name, const uint8_t *p, size_t n)
{
        printf(" %s=", name);
        for (size_t i = 0; p && i < n; i++)
                printf("%02x", p[i]);
}

static void slot(const char *name, uint8_t s)
{
        if (s != ZC_FW_NO_SLOT)
                printf(" %s=%u", name, s);
}

static void verdict(const struct zc_fw_ruleset *rs, const struct zc_fw_verdict *v)
{
        printf(" %s", codes[v->code]);
        if (v->code == ZC_FW_JUMP || v->code == ZC_FW_GOTO)
                printf(" %s", rs->chains[v->chain].name);
}

static void print_op(const struct zc_fw_ruleset *rs, const struct zc_fw_op *op)
{
        printf("      %s", op->kind < ZC_COUNT(kinds) ? kinds[op->kind] : "?");
        slot("sreg", op->sreg);
        slot("sreg2", op->sreg2);
        slot("dreg", op->dreg);
        slot("dir", op->dir);
        printf(" len=%u op=%u key=%u%s off=%u flags=%#x", op->len, op->op, op->key,
               op->invert ? " not" : "", op->offset, op->flags);
        switch ((enum zc_fw_op_kind)op->kind) {
        case ZC_FW_OP_CMP:
        case ZC_FW_OP_IMMEDIATE:
                hex("a", op->u.data.a, op->len);
                break;
        case ZC_FW_OP_RANGE:
        case ZC_FW_OP_BITWISE:
                hex("a", op->u.data.a, op->len);
                hex("b", op->u.data.b, op->len);
                break;
        case ZC_FW_OP_LOOKUP:
        case ZC_FW_OP_DYNSET:
                printf(" set=%s", op->u.set->name ? op->u.set->name : "?");
                break;
        case ZC_FW_OP_VERDICT:
                verdict(rs, &op->u.verdict);
                break;
        case ZC_FW_OP_NAT:
        case ZC_FW_OP_TPROXY:
                slot("amin", op->u.nat.addr_min);
                slot("amax", op->u.nat.addr_max);
                slot("pmin", op->u.nat.port_min);
                slot("pmax", op->u.nat.port_max);
                break;
        default:
                break;
        }
        printf(" amount=%u (%s)\n", op->amount, op->name ? op->name : "");
}

static void print_chain(const struct zc_fw_ruleset *rs, const struct zc_fw_chain *c)
{
        printf("  chain %s handle %llu", c->name, (unsigned long long)c->handle);
        if (c->base)
                printf(" hook %s priority %d policy %s%s", zc_fw_hook_name(c->hook), c->priority,
                       codes[c->policy], c->nat ? " nat" : "");
        for (size_t i = 0; i < c->device_count; i++)
                printf(" dev %s%s", c->devices[i].name, c->devices[i].prefix ? "*" : "");
        printf("%s\n", c->devices_unknown ? " dev ?" : "");
        for (size_t i = 0; i < c->rule_count; i++) {
                const struct zc_fw_rule *r = &c->rules[i];

                printf("    rule %llu%s %s\n", (unsigned long long)r->handle,
                       r->idle ? " idle" : "", r->comment ? r->comment : "");
                for (uint32_t o = 0; o < r->count; o++)
                        print_op(rs, &rs->ops[r->first + o]);
        }
}

static void print_set(const struct zc_fw_ruleset *rs, const struct zc_fw_set *s)
{
        printf("  set %s key=%u data=%u%s%s%s%s%s%s count=%zu fields=%zu objects=%u\n", s->name,
               s->key_len, s->data_len, s->map ? " map" : "", s->verdicts ? " verdicts" : "",
               s->ordered ? " ordered" : "", s->learns ? " learns" : "", s->weak ? " weak" : "",
               s->read ? "" : " UNREAD", s->count, s->field_count, s->objects);
        for (size_t i = 0; i < s->count; i++) {
                printf("   ");
                hex("lo", s->lo + i * s->key_len, s->key_len);
                hex("hi", s->hi + i * s->key_len, s->key_len);
                if (s->data)
                        hex("data", s->data + i * s->data_len, s->data_len);
                if (s->verdict)
                        verdict(rs, &s->verdict[i]);
                printf("%s\n", s->fleeting && (s->fleeting[i / 8] >> i % 8 & 1) ? " fleeting" : "");
        }
        if (s->has_catchall) {
                printf("    catchall");
                if (s->catchall_data)
                        hex("data", s->catchall_data, s->data_len);
                if (s->verdicts)
                        verdict(rs, &s->catchall_verdict);
                printf("%s\n", s->catchall_fleeting ? " fleeting" : "");
        }
}

static void print_ruleset(const struct zc_fw_ruleset *rs)
{
        static const char *const weights[] = { "remark", "sockets", "in ops", "decides" };

        for (uint32_t t = 0; t < rs->table_count; t++) {
                printf("table %s %s handle %llu%s%s%s\n", zc_fw_family_name(rs->tables[t].family),
                       rs->tables[t].name, (unsigned long long)rs->tables[t].handle,
                       rs->tables[t].dormant ? " dormant" : "", rs->tables[t].owned ? " owned" : "",
                       rs->tables[t].backend == ZC_FW_LEGACY ? " legacy" : "");
                for (size_t i = 0; i < rs->set_count; i++) {
                        if (rs->sets[i].table == t)
                                print_set(rs, &rs->sets[i]);
                }
                for (size_t i = 0; i < rs->chain_count; i++) {
                        if (rs->chains[i].table == t)
                                print_chain(rs, &rs->chains[i]);
                }
        }
        for (size_t i = 0; i < rs->gap_count; i++)
                printf("gap %s: %s: %s\n", weights[rs->gaps[i].weight], rs->gaps[i].what,
                       rs->gaps[i].where);
        printf("conntrack ip %d ip6 %d\n", rs->conntrack[0], rs->conntrack[1]);
}

static void print_host(const struct zc_fw_host *h)
{
        for (size_t i = 0; i < h->interface_count; i++) {
                const struct zc_fw_interface *f = &h->interfaces[i];

                printf("interface %u %s type %u group %u kind \"%s\" master %u%s forward %d %d rp "
                       "%u "
                       "localnet %d local %d\n",
                       f->index, f->name, f->type, f->group, f->kind, f->master, f->up ? " up" : "",
                       f->forwarding[0], f->forwarding[1], f->rp_filter, f->route_localnet,
                       f->accept_local);
        }
        for (size_t i = 0; i < h->address_count; i++) {
                printf("address %u", h->addresses[i].interface);
                hex("a", h->addresses[i].addr, h->addresses[i].family == ZC_FW_IP ? 4 : 16);
                printf("/%u\n", h->addresses[i].prefix);
        }
        for (size_t i = 0; i < h->route_count; i++) {
                const struct zc_fw_route *r = &h->routes[i];

                printf("route %u type %u", r->family, r->type);
                hex("dst", r->dst, r->family == ZC_FW_IP ? 4 : 16);
                printf("/%u table %u oif %u metric %u%s\n", r->prefix, r->table, r->oif, r->metric,
                       r->multipath ? " multipath" : "");
        }
        printf("host%s policy %d %d tunnels %d\n", h->known ? "" : " UNKNOWN", h->policy_routing[0],
               h->policy_routing[1], h->gre_tunnels);
}

static void print_counts(const struct zc_fw_ruleset *rs)
{
        size_t rules = 0, elements = 0, unread = 0;

        for (size_t i = 0; i < rs->chain_count; i++)
                rules += rs->chains[i].rule_count;
        for (size_t i = 0; i < rs->set_count; i++) {
                elements += rs->sets[i].count + rs->sets[i].has_catchall;
                unread += !rs->sets[i].read;
        }
        printf("tables %zu chains %zu rules %zu ops %zu sets %zu unread %zu elements %zu gaps "
               "%zu\n",
               rs->table_count, rs->chain_count, rules, rs->op_count, rs->set_count, unread,
               elements, rs->gap_count);
}

int main(int argc, char **argv)
{
        struct zc_fw_live live;
        struct zc_err err = { 0 };

        _Static_assert(ZC_COUNT(kinds) == ZC_FW_OP_UNKNOWN + 1, "a name each");
        if (!zc_fw_read(&live, &err)) {
                fprintf(stderr, "%s\n", err.text);
                return err.code == ZC_E_DENIED ? 3 : 2;
        }
        if (argc > 1 && strcmp(argv[1], "-c") == 0) {
                print_counts(&live.ruleset);
        } else {
                print_ruleset(&live.ruleset);
                print_host(&live.host);
                printf("netns initial %d toy %d\n", live.netns.initial, live.netns.toy);
        }
        zc_fw_live_release(&live);
        return 0;
}
