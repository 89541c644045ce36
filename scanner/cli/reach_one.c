/** `reach` with one question: what is not told is chosen and said, then the way is printed as the kernel goes it. */
#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "reach.h"
#include "reach_wire.h"
#include "zc/addr.h"
#include "zc/portset.h"
#include "zc/text.h"

#define TO_MAX 256 /* addresses of this host that are asked about when none is told */

/* ---- the question ---- */

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

static bool protocol(const struct zc_options *o, struct zc_reach_question *q, struct zc_err *err)
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

static bool interface(const struct zc_reaching *r, struct zc_reach_question *q, struct zc_err *err)
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

static bool read_question(const struct zc_reaching *r, struct zc_reach_question *q,
                          struct zc_err *err)
{
        const struct zc_options *o = r->o;
        struct zc_fw_packet *p = &q->packet;

        *p = (struct zc_fw_packet){ .flags = 2, .ct = ZC_FW_CT_NEW, .ttl = 64 };
        p->known = ZC_FW_KNOWN_ALL & ~(unsigned)(ZC_FW_KNOWN_SPORT | ZC_FW_KNOWN_LENGTH |
                                                 ZC_FW_KNOWN_TTL | ZC_FW_KNOWN_TOS);
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

/* ---- to whom ---- */

static bool worth_asking(const struct zc_reach_question *q, const struct zc_fw_address *a)
{
        bool six = a->family == ZC_FW_IP6;
        bool loopback = six ? a->addr[15] == 1 && memcmp(a->addr, (const uint8_t[15]){ 0 }, 15) == 0
                            : a->addr[0] == 127;
        bool link = six && a->addr[0] == 0xfe && (a->addr[1] & 0xc0) == 0x80;

        assert(q->iif); /* it was chosen */
        if (a->family != q->packet.family)
                return false;
        if (loopback)
                return strcmp(q->iif->name, "lo") == 0;
        return !link || a->interface == q->iif->index;
}

static bool same(const struct zc_fw_answer *a, const struct zc_fw_answer *b)
{
        if (a->outcome != b->outcome || a->certainty != b->certainty || a->end != b->end ||
            a->translated != b->translated || a->via_count != b->via_count)
                return false;
        for (size_t i = 0; i < a->via_count; i++) {
                if (a->via[i].chain != b->via[i].chain || a->via[i].handle != b->via[i].handle)
                        return false;
        }
        return true;
}

/* An answer for each, and the way of the first of those that are alike. */
static bool ask_each(struct zc_reaching *r, struct zc_reach_question *q,
                     const struct zc_reach_printer *print, struct zc_err *err)
{
        const struct zc_fw_address *asked[TO_MAX];
        struct zc_fw_answer *answers;
        size_t n = 0;

        for (size_t i = 0; i < r->live.host.address_count && n < TO_MAX; i++) {
                if (worth_asking(q, &r->live.host.addresses[i]))
                        asked[n++] = &r->live.host.addresses[i];
        }
        if (n == 0)
                return zc_fail(err, ZC_E_USAGE,
                               "this host has no address of family %s to ask about: say --to",
                               zc_fw_family_name(q->packet.family));
        answers = zc_arena_array(r->o->arena, n, sizeof(*answers));
        if (!answers)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the answers");
        for (size_t i = 0; i < n; i++) {
                size_t first = 0;

                memcpy(q->packet.daddr, asked[i]->addr, 16);
                memset(&answers[i], 0, sizeof(answers[i]));
                zc_fw_eval(r->machine, &q->packet, NULL, &answers[i]);
                while (!same(&answers[first], &answers[i]))
                        first++;
                if (!(first < i ? print->same(r, q, err) : print->way(r, q, err)))
                        return false;
                r->unknown |= answers[i].outcome == ZC_FW_IS_UNKNOWN;
        }
        return true;
}

static bool ask_one(struct zc_reaching *r, struct zc_reach_question *q,
                    const struct zc_reach_printer *print, struct zc_err *err)
{
        if (r->machine && q->chosen_to)
                return ask_each(r, q, print, err);
        if (!r->machine)
                r->unknown = true;
        return print->way(r, q, err);
}

bool zc_reach_one(struct zc_reaching *r, struct zc_err *err)
{
        static const struct {
                const char *name;
                const struct zc_reach_printer *printer;
        } formats[] = { { "terminal", &zc_reach_words }, { "json", &zc_reach_json } };
        const char *format = r->o->format ? r->o->format : "terminal";
        struct zc_reach_question q = { .iif = NULL };

        for (size_t i = 0; i < ZC_COUNT(formats); i++) {
                const struct zc_reach_printer *p = formats[i].printer;

                if (strcmp(formats[i].name, format) == 0)
                        return read_question(r, &q, err) && ask_one(r, &q, p, err) &&
                               p->end(r, err);
        }
        return zc_fail(err, ZC_E_USAGE, "--format: \"%.32s\" is not one of terminal, json", format);
}
