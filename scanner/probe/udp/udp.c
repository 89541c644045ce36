/** endpoints and scans of UDP: who answers a question in his own language, who says that nobody is there, and what silence may mean. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zc/datagram.h"
#include "zc/json.h"
#include "zc/ports.h"
#include "zc/probe.h"
#include "zc/udp.h"

#define BUDGET_MS 120000

struct asked {
        struct zc_datagram *list;
        uint8_t (*payloads)[ZC_UDP_ASK_MAX];
        size_t count;
        bool errors; /* ICMP errors came */
};

static bool udp_applies(const struct zc_subject *s)
{
        return s->udp && zc_portset_count(s->udp) > 0;
}

static bool asked_make(const struct zc_subject *s, struct asked *a, struct zc_err *err)
{
        size_t n = zc_portset_count(s->udp), i = 0;

        a->list = calloc(n, sizeof *a->list);
        a->payloads = malloc(n * sizeof *a->payloads);
        if (!a->list || !a->payloads)
                return zc_fail(err, ZC_E_NOMEM, "no memory for %zu datagrams", n);
        for (int port = zc_portset_next(s->udp, 1); port >= 0;
             port = zc_portset_next(s->udp, port + 1), i++) {
                const struct zc_udp_row *row = zc_udp_row_find((uint16_t)port);
                struct zc_wr w;

                zc_wr_init(&w, a->payloads[i], ZC_UDP_ASK_MAX);
                if (row)
                        row->write(&w);
                a->list[i] = (struct zc_datagram){ .port = (uint16_t)port,
                                                   .ask = a->payloads[i],
                                                   .ask_n = w.len,
                                                   .other_port = row && row->other_port };
        }
        a->count = i;
        return true;
}

static void asked_release(struct asked *a)
{
        free(a->list);
        free(a->payloads);
}

/* ---- what it means ---- */

/** Port unreachable, of IPv4 and IPv6 (RFC 792, RFC 4443 section 3.1). */
static bool says_closed(const struct zc_datagram *d, int family)
{
        return d->icmp_type < 0 || (family == AF_INET ? d->icmp_type == 3 && d->icmp_code == 3
                                                      : d->icmp_type == 1 && d->icmp_code == 4);
}

static enum zc_port_state state_of(const struct zc_datagram *d, int family)
{
        switch (d->end) {
        case ZC_DATAGRAM_ANSWERED:
                return ZC_PORT_OPEN;
        case ZC_DATAGRAM_ICMP:
                return says_closed(d, family) ? ZC_PORT_CLOSED : ZC_PORT_FILTERED;
        default:
                return ZC_PORT_UNKNOWN;
        }
}

static void reason_write(const struct zc_datagram *d, const struct asked *a, char out[400])
{
        const struct zc_udp_row *row = zc_udp_row_find(d->port);
        const struct zc_conv like = { .connect = ZC_CONNECT_UNREACHABLE,
                                      .sys = d->sys,
                                      .icmp_type = d->icmp_type,
                                      .icmp_code = d->icmp_code,
                                      .icmp_from = d->icmp_from };
        char icmp[ZC_CONV_REASON_LEN];

        switch (d->end) {
        case ZC_DATAGRAM_ANSWERED:
                snprintf(out, 400, "an answer came");
                return;
        case ZC_DATAGRAM_ICMP:
                zc_conv_reason(&like, icmp);
                snprintf(out, 400, "%s", d->icmp_type < 0 ? "refused by ICMP" : icmp);
                return;
        case ZC_DATAGRAM_SILENT:
                snprintf(out, 400, "open or filtered: no answer to %u datagrams%s%s%s", d->attempts,
                         row ? "" : " without content, for no language is known for this port",
                         row && row->silence ? "; " : "",
                         row && row->silence ? row->silence
                         : a->errors         ? "; closed is not ruled out, because this host sends "
                                               "ICMP errors only so often"
                                             : "");
                return;
        case ZC_DATAGRAM_LOCAL:
                snprintf(out, 400, "could not be sent: %s", strerror(d->sys));
                return;
        default:
                snprintf(out, 400, "not asked before the deadline");
        }
}

/* ---- records ---- */

static json_t *text_or_null(const char *s)
{
        return *s ? json_string(s) : json_null();
}

/** Who answered, where the answer is in the language that was spoken. */
static void service_write(const struct zc_datagram *d, json_t *endpoint)
{
        const struct zc_udp_row *row = zc_udp_row_find(d->port);
        struct zc_rd in = { d->answer, d->answer_n };
        struct zc_said said = { 0 };
        char time[ZC_TIME_LEN];

        if (!row || (row->read && !row->read(in))) {
                json_object_set_new(endpoint, "service", json_null());
                return;
        }
        if (row->detail)
                row->detail(in, &said);
        zc_time_format(d->at_ms, time);
        json_object_set_new(endpoint, "service", json_string(row->service));
        json_object_set_new(endpoint, "program",
                            json_pack("{s:s, s:o, s:o, s:s}", "service", row->service, "product",
                                      text_or_null(said.product), "version",
                                      text_or_null(said.version), "confidence",
                                      said.likely ? "likely" : "certain"));
        json_object_set_new(
                endpoint, "identified",
                json_pack("{s:s, s:s, s:i, s:s, s:o}", "by", "udp", "observed_at", time, "attempts",
                          (int)d->attempts, "sent", row->sent, "received",
                          zc_json_bytes(d->answer, d->answer_n < 100 ? d->answer_n : 100, 256)));
}

static json_t *endpoint_record(const struct zc_subject *s, const struct asked *a,
                               const struct zc_datagram *d)
{
        char address[ZC_ADDR_LEN], reason[400];
        json_t *e;

        zc_addr_format(&s->addr, address);
        reason_write(d, a, reason);
        e = json_pack("{s:s, s:s, s:i, s:s, s:s?, s:s, s:s, s:o}", "asset", s->asset, "address",
                      address, "port", (int)d->port, "transport", "udp", "name", s->name, "state",
                      zc_port_state_name(state_of(d, s->addr.family)), "reason", reason, "rtt_ms",
                      d->rtt_us >= 0 ? json_real((double)d->rtt_us / 1000) : json_null());
        if (e && d->end == ZC_DATAGRAM_ANSWERED)
                service_write(d, e);
        return json_pack("{s:o}", "endpoint", e);
}

static json_t *scan_record(const struct zc_subject *s, const struct asked *a, unsigned counts[4])
{
        static const char *const members[] = { "unknown", "open", "closed", "filtered" };
        struct zc_portset sets[4] = { 0 };
        char address[ZC_ADDR_LEN];
        ZC_AUTO_TEXT t = { 0 };
        json_t *scan;

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_addr_format(&s->addr, address);
        for (size_t i = 0; i < a->count; i++) {
                enum zc_port_state state = state_of(&a->list[i], s->addr.family);

                zc_portset_add(&sets[state], a->list[i].port);
                counts[state]++;
        }
        zc_portset_format(s->udp, &t);
        scan = json_pack("{s:s, s:s, s:s, s:s}", "asset", s->asset, "address", address, "transport",
                         "udp", "ports", zc_text_str(&t));
        for (size_t i = 0; scan && i < ZC_COUNT(members); i++) {
                zc_text_clear(&t);
                zc_portset_format(&sets[i], &t);
                json_object_set_new(scan, members[i], json_string(zc_text_str(&t)));
        }
        return json_pack("{s:o}", "scan", scan);
}

static bool emit(struct zc_io *io, json_t *record, struct zc_err *err)
{
        if (!record)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a record");
        io->emit(io->ctx, record);
        return true;
}

static bool emit_all(const struct zc_subject *s, const struct asked *a, struct zc_io *io,
                     struct zc_err *err)
{
        unsigned counts[4] = { 0 };

        for (size_t i = 0; i < a->count; i++) {
                const struct zc_datagram *d = &a->list[i];

                if ((d->end == ZC_DATAGRAM_ANSWERED || a->count <= ZC_PORTS_FEW) &&
                    !emit(io, endpoint_record(s, a, d), err))
                        return false;
        }
        if (!emit(io, scan_record(s, a, counts), err))
                return false;
        if (counts[ZC_PORT_UNKNOWN] > 0)
                zc_io_partial(io, "", "%u of %zu UDP ports gave no answer: open or filtered%s",
                              counts[ZC_PORT_UNKNOWN], a->count,
                              a->errors ? ", or closed, because the host sends ICMP errors only so "
                                          "often"
                                        : "");
        return true;
}

static bool udp_run(const struct zc_subject *s, struct zc_io *io, json_t *out, struct zc_err *err)
{
        const struct zc_datagram_job job = {
                .scope = io->scope,
                .addr = s->addr,
                .name = s->name,
                .pace = io->pace,
                .self = s->local,
                .deadline = zc_deadline_min(io->deadline, zc_deadline_in(BUDGET_MS)),
        };
        struct asked a = { 0 };
        bool ok = asked_make(s, &a, err) &&
                  zc_datagram_all(&job, a.list, a.count, &a.errors, err) &&
                  emit_all(s, &a, io, err);

        (void)out;
        asked_release(&a);
        return ok;
}

const struct zc_probe zc_probe_udp = {
        .id = "udp",
        .summary = "which UDP ports answer in their own language",
        .scope = ZC_SCOPE_TARGET,
        .side = ZC_SIDE_COLLECTOR,
        .level = ZC_LEVEL_OBSERVE,
        .evidence = "scans",
        .sends = "only to UDP ports that are asked for (--ports udp:53): one small request of the "
                 "port's own protocol, or an empty datagram, twice, 50 a second; where ICMP errors "
                 "come, up to 30 silent ports once more, one a second; no community, user or file "
                 "is guessed",
        .applies = udp_applies,
        .run = udp_run,
};
