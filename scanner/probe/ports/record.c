/** What a port scan leaves in the evidence, and the probe itself. */
#include <stdio.h>

#include "zc/json.h"
#include "zc/ports.h"
#include "zc/probe.h"

/* The ports of one state as ranges. */
static json_t *ranges(const struct zc_ports_result *r, enum zc_port_state state)
{
        struct zc_portset s = { 0 };
        ZC_AUTO_TEXT text = { 0 };

        zc_text_init(&text, ZC_TEXT_CEILING);
        for (int p = zc_portset_next(&r->asked, 1); p >= 0; p = zc_portset_next(&r->asked, p + 1))
                if (zc_ports_state(r, (uint16_t)p) == state)
                        zc_portset_add(&s, (uint16_t)p);
        zc_portset_format(&s, &text);
        return text.failed ? NULL : json_string(zc_text_str(&text));
}

static json_t *asked(const struct zc_ports_result *r)
{
        ZC_AUTO_TEXT text = { 0 };

        zc_text_init(&text, ZC_TEXT_CEILING);
        zc_portset_format(&r->asked, &text);
        return text.failed ? NULL : json_string(zc_text_str(&text));
}

static enum zc_outcome outcome(const struct zc_ports_result *r)
{
        unsigned known =
                r->counts[ZC_PORT_OPEN] + r->counts[ZC_PORT_CLOSED] + r->counts[ZC_PORT_FILTERED];

        if (r->counts[ZC_PORT_UNKNOWN] == 0)
                return ZC_DONE;
        return known > 0 ? ZC_PARTIAL : ZC_FAILED;
}

static bool put(json_t *o, const char *key, json_t *value)
{
        return json_object_set_new(o, key, value) == 0;
}

/* The members that both kinds of record begin with. */
static json_t *start(const struct zc_ports_job *job)
{
        json_auto_t *o = json_object();
        char address[ZC_ADDR_LEN];

        zc_addr_format(&job->addr, address);
        if (!o || !put(o, "asset", json_string(job->asset)) ||
            !put(o, "address", json_string(address)) || !put(o, "transport", json_string("tcp")) ||
            (job->self && !put(o, "reached_from", json_string("self"))))
                return NULL;
        return ZC_TAKE(o);
}

json_t *zc_ports_scan_record(const struct zc_ports_job *job, const struct zc_ports_result *r)
{
        static const enum zc_port_state order[] = { ZC_PORT_OPEN, ZC_PORT_CLOSED, ZC_PORT_FILTERED,
                                                    ZC_PORT_UNKNOWN };
        json_auto_t *o = start(job);

        if (!o || !put(o, "outcome", json_string(zc_outcome_name(outcome(r)))) ||
            (r->why[0] && !put(o, "why", json_string(r->why))) || !put(o, "ports", asked(r)))
                return NULL;
        for (size_t i = 0; i < ZC_COUNT(order); i++)
                if (!put(o, zc_port_state_name(order[i]), ranges(r, order[i])))
                        return NULL;
        return json_pack("{s:O}", "scan", o);
}

static json_t *proof(const struct zc_ports_result *r, const struct zc_port_note *n)
{
        char at[ZC_TIME_LEN];

        zc_time_format(n->at_ms, at);
        return json_pack("{s:s, s:i, s:s, s:s}", "observed_at", at, "attempts", (int)n->attempts,
                         "sent", r->packets ? "TCP SYN" : "TCP connect", "received", n->reason);
}

json_t *zc_ports_endpoint_record(const struct zc_ports_job *job, const struct zc_ports_result *r,
                                 uint16_t port)
{
        const struct zc_port_note *n = zc_ports_note(r, port);
        json_auto_t *o = start(job);

        if (!n || !o || !put(o, "port", json_integer(port)) ||
            !put(o, "name", job->name ? json_string(job->name) : json_null()) ||
            !put(o, "state", json_string(zc_port_state_name(zc_ports_state(r, port)))) ||
            !put(o, "reason", json_string(n->reason)) ||
            !put(o, "rtt_ms", n->rtt_us >= 0 ? json_real((double)n->rtt_us / 1000) : json_null()) ||
            !put(o, "proof", proof(r, n)))
                return NULL;
        return json_pack("{s:O}", "endpoint", o);
}

/* ---- the probe ---- */

static bool emit(struct zc_io *io, json_t *record, struct zc_err *err)
{
        if (!record)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a record");
        io->emit(io->ctx, record);
        return true;
}

/* What a scan under way hands over. */
struct finding {
        struct zc_io *io;
        bool failed;
        struct zc_err err;
};

/** An open port is news at once: what listens there can be asked while others are waited for. */
static void found(void *ctx, const struct zc_ports_job *job, const struct zc_ports_result *r,
                  uint16_t port)
{
        struct finding *f = ctx;

        if (zc_ports_note(r, port) && !f->failed)
                f->failed = !emit(f->io, zc_ports_endpoint_record(job, r, port), &f->err);
}

/** The others that were asked for by name, and the scan. */
static bool emit_rest(const struct zc_ports_job *job, const struct zc_ports_result *r,
                      bool named_port, struct zc_io *io, struct zc_err *err)
{
        for (size_t i = 0; i < r->note_count && named_port; i++) {
                uint16_t port = r->notes[i].port;

                if (zc_ports_state(r, port) != ZC_PORT_OPEN &&
                    !emit(io, zc_ports_endpoint_record(job, r, port), err))
                        return false;
        }
        return emit(io, zc_ports_scan_record(job, r), err);
}

/** What a sweep over many addresses found at this one. */
static bool swept(const struct zc_ports_job *job, struct zc_ports_result *from,
                  struct zc_ports_result *out)
{
        *out = *from;
        from->notes = NULL;
        from->note_count = 0;
        for (size_t i = 0; i < out->note_count; i++)
                job->found(job->found_ctx, job, out, out->notes[i].port);
        return true;
}

static bool ports_run(const struct zc_subject *subject, struct zc_io *io, json_t *out,
                      struct zc_err *err)
{
        struct finding finding = { .io = io };
        struct zc_ports_job job = { .asset = subject->asset,
                                    .addr = subject->addr,
                                    .name = subject->name,
                                    .ports = subject->ports,
                                    .scope = io->scope,
                                    .deadline = io->deadline,
                                    .syn = io->syn,
                                    .progress = io->progress,
                                    .pace = io->pace,
                                    .capped = io->capped,
                                    .at_once = io->at_once,
                                    .per_second = io->per_second,
                                    .self = subject->local,
                                    .found = found,
                                    .found_ctx = &finding };
        struct zc_ports_result r;
        bool ok = subject->swept ? swept(&job, subject->swept, &r) : zc_ports_scan(&job, &r, err);

        (void)out;
        if (ok && finding.failed) {
                *err = finding.err;
                ok = false;
        }
        if (ok)
                ok = emit_rest(&job, &r, subject->named_port, io, err);
        if (ok && outcome(&r) == ZC_FAILED)
                ok = zc_fail(err, ZC_E_IO, "%s", r.why);
        else if (ok && outcome(&r) == ZC_PARTIAL)
                zc_io_partial(io, "", "%s", r.why);
        if (r.notes_cut)
                zc_io_problem(io, "", "more than 1024 ports are open: only the first are endpoints",
                              "a tarpit or a proxy in front may answer for every port");
        zc_ports_release(&r);
        return ok;
}

/** --ports may name UDP ports alone. */
static bool ports_applies(const struct zc_subject *subject)
{
        return !subject->ports || zc_portset_count(subject->ports) > 0;
}

const struct zc_probe zc_probe_ports = {
        .id = "ports",
        .summary = "which TCP ports answer, refuse or stay silent",
        .scope = ZC_SCOPE_TARGET,
        .side = ZC_SIDE_COLLECTOR,
        .level = ZC_LEVEL_OBSERVE,
        .sweeps = true,
        .needs = ZC_NEED_TCP | ZC_NEED_NET_RAW,
        .evidence = "scans",
        .sends =
                "with CAP_NET_RAW a TCP SYN to each port, to which the answer is a reset; asked "
                "again, "
                "from another port, as often as the measured loss calls for: at least twice more, "
                "at "
                "most 24 times in all; on networks of this machine's own as fast as it is "
                "answered, "
                "beyond them at most 2000 packets a second; ARP and neighbour discovery for the "
                "way "
                "there. Without it one TCP handshake to each port, ended by a reset as soon as it "
                "stands; up to three more to ports that stay silent, seven where the network loses "
                "packets; off this machine at most 500 a second, 1000 where no more than 1024 "
                "ports "
                "are asked. No data",
        .applies = ports_applies,
        .run = ports_run,
};
