/** `reach` with one question: what is not told is chosen and said, then the way is printed as the kernel goes it. */
#include <netinet/in.h>
#include <string.h>

#include "reach.h"
#include "reach_wire.h"
#include "zc/addr.h"
#include "zc/portset.h"
#include "zc/text.h"

/* ---- the question ---- */

struct question {
        struct zc_fw_packet packet;
        const struct zc_fw_interface *iif;
        const char *by; /* how the interface was chosen; NULL: told */
        bool anyone, any_port, chosen_to;
};

static bool address(const char *option, const char *text, uint8_t *family, uint8_t out[16],
                    struct zc_err *err)
{
        struct zc_addr a;
        uint8_t of;

        if (!zc_addr_parse(text, &a, err))
                return zc_ctx(err, "%s", option);
        of = a.family == AF_INET6 ? ZC_FW_IP6 : ZC_FW_IP;
        if (*family && *family != of)
                return zc_fail(err, ZC_E_USAGE, "%s: %s is not of the family of the other address",
                               option, text);
        *family = of;
        memcpy(out, a.bytes, of == ZC_FW_IP6 ? 16 : 4);
        return true;
}

static bool port(const char *text, struct zc_fw_packet *p, struct zc_err *err)
{
        struct zc_portset set;

        if (!zc_portset_parse(text, &set, err))
                return zc_ctx(err, "--port");
        if (zc_portset_count(&set) != 1)
                return zc_fail(err, ZC_E_USAGE, "--port: one port a question; for more, --packets");
        for (unsigned n = 1; n <= 65535; n++) {
                if (zc_portset_has(&set, (uint16_t)n))
                        p->dport = (uint16_t)n;
        }
        return true;
}

static bool protocol(const struct zc_options *o, struct question *q, struct zc_err *err)
{
        struct zc_fw_packet *p = &q->packet;

        if (!zc_reach_protocol(o->proto ? o->proto : "tcp", p->family, &p->protocol, err)) {
                err->code = ZC_E_USAGE;
                return zc_ctx(err, "--proto");
        }
        if (p->protocol == IPPROTO_ICMP || p->protocol == IPPROTO_ICMPV6)
                p->type = p->protocol == IPPROTO_ICMP ? 8 : 128;
        if (o->port && !zc_reach_has_ports(p->protocol))
                return zc_fail(err, ZC_E_USAGE, "--port: %s has none", o->proto);
        if (o->port)
                return port(o->port, p, err);
        q->any_port = zc_reach_has_ports(p->protocol);
        if (q->any_port)
                p->known &= ~(unsigned)ZC_FW_KNOWN_DPORT;
        return true;
}

static const struct zc_fw_interface *by_index(const struct zc_fw_host *host, uint32_t index)
{
        for (size_t i = 0; i < host->interface_count; i++) {
                if (host->interfaces[i].index == index)
                        return &host->interfaces[i];
        }
        return NULL;
}

static bool interface(const struct zc_reaching *r, struct question *q, struct zc_err *err)
{
        const struct zc_options *o = r->o;
        uint32_t index;

        if (!r->machine) /* nothing is known: nothing is asked */
                return true;
        if (o->iif) {
                q->iif = zc_fw_interface_find(&r->live.host, o->iif);
                if (!q->iif)
                        return zc_fail(err, ZC_E_USAGE,
                                       "--iif: there is no interface \"%.64s\" in this network "
                                       "namespace; see `ip link`",
                                       o->iif);
        } else {
                index = zc_fw_route_to(r->machine, q->packet.family, q->packet.saddr);
                q->iif = index ? by_index(&r->live.host, index) : NULL;
                q->by = q->anyone ? "the default route" : "the way to the sender";
                if (!q->iif)
                        return zc_fail(err, ZC_E_USAGE,
                                       "no one route leads to %s: say by which interface it comes, "
                                       "--iif NAME",
                                       q->anyone ? "everyone" : o->from);
        }
        q->packet.iif = q->iif->index;
        return true;
}

static bool read_question(const struct zc_reaching *r, struct question *q, struct zc_err *err)
{
        const struct zc_options *o = r->o;
        struct zc_fw_packet *p = &q->packet;

        *p = (struct zc_fw_packet){ .flags = 2, .ct = ZC_FW_CT_NEW, .ttl = 64 };
        p->known = ZC_FW_KNOWN_ALL & ~(unsigned)(ZC_FW_KNOWN_SPORT | ZC_FW_KNOWN_LENGTH);
        if (o->from && !address("--from", o->from, &p->family, p->saddr, err))
                return false;
        if (o->to && !address("--to", o->to, &p->family, p->daddr, err))
                return false;
        if (!p->family)
                p->family = ZC_FW_IP;
        q->anyone = !o->from;
        q->chosen_to = !o->to;
        if (!o->from)
                p->known &= ~(unsigned)ZC_FW_KNOWN_SADDR;
        if (o->ct && !zc_reach_ct(o->ct, &p->ct, err)) {
                err->code = ZC_E_USAGE;
                return zc_ctx(err, "--ct");
        }
        return protocol(o, q, err) && interface(r, q, err);
}

/* ---- words ---- */

static void put_address(struct zc_text *t, uint8_t family, const uint8_t *bytes)
{
        struct zc_addr a = { .family = family == ZC_FW_IP6 ? AF_INET6 : AF_INET };
        char text[ZC_ADDR_LEN];

        memcpy(a.bytes, bytes, family == ZC_FW_IP6 ? 16 : 4);
        zc_addr_format(&a, text);
        zc_text_add(t, text);
}

struct shown {
        struct zc_reaching *r;
        const struct question *q;
};

static void step(void *ctx, const struct zc_fw_event *e)
{
        const struct shown *s = ctx;
        struct zc_out *out = s->r->out;
        const struct zc_fw_ruleset *rs = &s->r->live.ruleset;
        int in = 2 + 2 * (int)(e->depth < 20 ? e->depth : 20);

        switch (e->what) {
        case ZC_FW_AT_HOOK:
                break;
        case ZC_FW_AT_CHAIN:
                zc_out_printf(out, "%*s%s: %s %s %s\n", in, "", zc_fw_hook_name(e->hook),
                              zc_fw_family_name(rs->tables[e->chain->table].family),
                              rs->tables[e->chain->table].name, e->chain->name);
                break;
        case ZC_FW_RULE_HOLDS:
                zc_out_printf(out, "%*s  handle %llu of %s\n", in, "",
                              (unsigned long long)e->rule->handle, e->chain->name);
                break;
        case ZC_FW_RULE_MAYBE:
                zc_out_printf(out, "%*s  perhaps: %s\n", in, "", e->text ? e->text : "");
                break;
        case ZC_FW_OTHERWISE:
                zc_out_printf(out, "%*s  otherwise\n", in, "");
                break;
        case ZC_FW_AT_POLICY:
                zc_out_printf(out, "%*s  policy of %s: %s\n", in, "", e->chain->name,
                              e->verdict == ZC_FW_ACCEPT ? "accept" : "drop");
                break;
        case ZC_FW_ROUTED:
                zc_out_printf(out, "%*srouted: %s\n", in, "", e->text ? e->text : "");
                break;
        case ZC_FW_ENDS:
                zc_out_printf(out, "%*s%s%s%s\n", in, "", zc_fw_outcome_name(e->outcome),
                              e->text ? ": " : "", e->text ? e->text : "");
                break;
        default:
                break;
        }
}

bool zc_reach_one(struct zc_reaching *r, struct zc_err *err)
{
        struct question q = { .iif = NULL };
        struct shown s = { r, &q };
        const struct zc_fw_trace trace = { step, &s };
        struct zc_fw_answer x = { .outcome = ZC_FW_IS_UNKNOWN, .certainty = ZC_FW_POSSIBLE };
        ZC_AUTO_TEXT t = { 0 };

        if (!read_question(r, &q, err))
                return false;
        zc_text_init(&t, ZC_TEXT_CEILING);
        if (q.chosen_to && q.iif) {
                for (size_t i = 0; i < r->live.host.address_count; i++) {
                        const struct zc_fw_address *a = &r->live.host.addresses[i];

                        if (a->interface == q.iif->index && a->family == q.packet.family)
                                memcpy(q.packet.daddr, a->addr, 16);
                }
        }
        put_address(&t, q.packet.family, q.packet.saddr);
        zc_text_add(&t, " -> ");
        put_address(&t, q.packet.family, q.packet.daddr);
        zc_out_printf(r->out, "%s\n", zc_text_str(&t));
        if (r->machine)
                zc_fw_eval(r->machine, &q.packet, &trace, &x);
        zc_out_printf(r->out, "%s, %s%s%s\n", zc_fw_outcome_name(x.outcome),
                      x.certainty == ZC_FW_CERTAIN ? "certain" : "possible", x.blur ? ": " : "",
                      x.blur ? x.blur : "");
        r->unknown = x.outcome == ZC_FW_IS_UNKNOWN;
        return true;
}
