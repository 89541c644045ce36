/** endpoint.service: which protocol is spoken, and whether TLS is around it. */
#include "zc/identify.h"

#include <stdio.h>
#include <string.h>

#include "zc/json.h"
#include "zc/probe.h"

#define BUDGET_MS 30000

/** Whether what it said shows that it is none of the services we know: a greeting of its own in words, or TLS and nothing known inside. */
static bool is_other(const struct zc_identity *id)
{
        bool words = id->banner[0] && !strstr(id->banner, "\\u{0}");

        return id->asked_all && !id->why[0] && (words || id->wrapped == ZC_WRAPPED_TLS);
}

static json_t *text_or_null(const char *s)
{
        return *s ? json_string(s) : json_null();
}

/** Whether it obeys without a login: null where that was not the question. */
static void guard_write(const struct zc_identity *id, const char *time, json_t *out)
{
        static const char *const results[] = {
                [ZC_ACCESS_OPEN] = "open", [ZC_ACCESS_REFUSED] = "refused"
        };
        const char *to = strcmp(id->service, "http") == 0 ? id->said.product : id->service;
        json_t *guard;

        guard = id->access_asked ? json_pack("{s:s, s:{s:s, s:i, s:s, s:s}}", "to", to, "proof",
                                             "observed_at", time, "attempts", (int)id->connections,
                                             "sent", id->sent, "received", id->received)
                                 : json_null();
        if (id->access_asked && id->said.access != ZC_ACCESS_UNKNOWN)
                json_object_set_new(guard, "result", json_string(results[id->said.access]));
        json_object_set_new(out, "guard", guard);
}

static bool identify_write(const struct zc_identity *id, json_t *out)
{
        char time[ZC_TIME_LEN];
        json_t *by, *program;

        if (id->service || is_other(id))
                json_object_set_new(out, "service",
                                    id->service ? json_string(id->service) : json_null());
        if (id->wrapped != ZC_WRAPPED_UNKNOWN)
                json_object_set_new(out, "wrapped",
                                    id->wrapped == ZC_WRAPPED_TLS ? json_string("tls")
                                                                  : json_null());
        if (id->listened || id->banner[0])
                json_object_set_new(out, "banner",
                                    id->banner[0] ? json_string(id->banner) : json_null());
        if (!id->service)
                return true;
        program =
                json_pack("{s:s, s:o, s:o, s:s}", "service", id->service, "product",
                          text_or_null(id->said.product), "version", text_or_null(id->said.version),
                          "confidence", id->said.likely ? "likely" : "certain");
        json_object_set_new(out, "program", program);
        zc_time_format(id->at, time);
        by = json_pack("{s:s, s:s, s:i, s:s, s:s}", "by",
                       id->by_alpn ? "alpn" : zc_asked_name(id->by), "observed_at", time,
                       "attempts", (int)id->connections, "sent", id->sent, "received",
                       id->received);
        guard_write(id, time, out);
        return by && json_object_set_new(out, "identified", by) == 0;
}

/** A peer that stalls, floods, closes or speaks no language we know is said once, with what it did. */
static void nothing_learned(const struct zc_identity *id, struct zc_io *io)
{
        char why[256];

        if (id->why[0])
                snprintf(why, sizeof why, "%s", id->why);
        else if (id->heard > 0)
                snprintf(why, sizeof why,
                         "%zu bytes came over %u connections, in no known language", id->heard,
                         id->connections);
        else
                snprintf(why, sizeof why, "%s, over %u connections",
                         id->closed ? "it closed or broke the connection without a word"
                                    : "it accepts connections and stays silent",
                         id->connections);
        zc_io_partial(io, "", "%s", why);
        zc_io_problem(io, "/service", "nothing was learned of what it speaks", why);
}

static bool identify_run(const struct zc_subject *s, struct zc_io *io, json_t *out,
                         struct zc_err *err)
{
        const struct zc_identify_peer peer = {
                .scope = io->scope,
                .addr = s->addr,
                .port = s->port,
                .name = s->name,
                .scheme = s->scheme,
                .pace = io->pace,
                .near = s->local,
                .rtt_ms = zc_subject_rtt_ms(s),
                .deadline = zc_deadline_min(io->deadline, zc_deadline_in(BUDGET_MS)),
        };
        struct zc_identity id;

        if (!zc_identify(&peer, &id, err))
                return zc_ctx(err, "asking what it is");
        if (!identify_write(&id, out))
                return zc_fail(err, ZC_E_NOMEM, "no memory");
        if (!id.service && !is_other(&id))
                nothing_learned(&id, io);
        if (!id.service && !id.asked_all)
                return zc_fail(err, ZC_E_IO, "what it speaks is not known: %s",
                               id.why[0] ? id.why : "not every question could be asked");
        return true;
}

const struct zc_probe zc_probe_identify = {
        .id = "identify",
        .summary = "which protocol is spoken at an open port, and whether inside TLS",
        .scope = ZC_SCOPE_ENDPOINT,
        .side = ZC_SIDE_COLLECTOR,
        .level = ZC_LEVEL_OBSERVE,
        .needs = ZC_NEED_TCP,
        .after = (const char *const[]){ "ports", NULL },
        .evidence = "endpoint",
        .sends = "at most eight connections, three at a time, each with nothing at first (a "
                 "greeting "
                 "is waited for) and then one of: a TLS ClientHello, Redis PING, GET / over HTTP, "
                 "PostgreSQL SSLRequest; where the port's number names another service, that "
                 "service's smallest question first (a version, a handshake, a call that does "
                 "nothing); inside TLS the same; it ends with the first answer that tells, and at "
                 "most two requests more to who is known: its version, and one read that shows "
                 "whether it asks for a login; what was read is not kept",
        .run = identify_run,
};
