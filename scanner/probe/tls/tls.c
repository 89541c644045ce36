/** The tls probe: one handshake for what is agreed on and served, then a hello for each version. */
#include "tls.h"

#include <stdio.h>
#include <string.h>

#include "zc/json.h"

#define BUDGET_MS 45000
#define AT_ONCE 5u /* connections to one service at a time */
#define CHAIN_BYTES ((size_t)256 * 1024)
#define HANDSHAKES 2u

/* IANA Service Name and Port Number Registry: TLS from the first byte. Only where nothing better is known. */
static const uint16_t tls_ports[] = { 443, 465, 563,  636,  853,  989,  990,  992,  993,
                                      994, 995, 5061, 5671, 6514, 6697, 8443, 8883, 9443 };

/* ---- does it apply ---- */

static bool scheme_says(enum zc_scheme scheme)
{
        return scheme == ZC_SCHEME_HTTPS || scheme == ZC_SCHEME_REDISS;
}

static bool port_says(uint16_t port)
{
        for (size_t i = 0; i < ZC_COUNT(tls_ports); i++)
                if (tls_ports[i] == port)
                        return true;
        return false;
}

/** What `identify` says: TLS from the first byte, none, or nothing. */
enum wrapped { WRAPPED_UNKNOWN, WRAPPED_NOT, WRAPPED_TLS };

static enum wrapped wrapped_of(const struct zc_subject *s)
{
        const json_t *wrapped = json_object_get(s->endpoint, "wrapped");

        return json_is_string(wrapped) ? WRAPPED_TLS
               : json_is_null(wrapped) ? WRAPPED_NOT
                                       : WRAPPED_UNKNOWN;
}

/** How TLS begins at this endpoint, NULL for from the first byte. */
static const struct zc_starttls_protocol *start_of(const struct zc_subject *s)
{
        const char *service = zc_json_str(s->endpoint, "service", "");
        enum wrapped wrapped = wrapped_of(s);

        if (wrapped == WRAPPED_TLS ||
            (wrapped == WRAPPED_UNKNOWN && (scheme_says(s->scheme) || port_says(s->port))))
                return NULL;
        return zc_starttls_find(service[0]                        ? service
                                : s->scheme == ZC_SCHEME_POSTGRES ? "postgresql"
                                                                  : "");
}

static bool tls_applies(const struct zc_subject *s)
{
        enum wrapped wrapped = wrapped_of(s);

        if (wrapped == WRAPPED_TLS || start_of(s))
                return true;
        if (wrapped == WRAPPED_NOT) /* but the user says it is: asked once more */
                return scheme_says(s->scheme);
        return scheme_says(s->scheme) || port_says(s->port) || s->named_port;
}

/* ---- the handshake ---- */

/** One session over one connection. True when it ended in a handshake or a preamble's no, so that trying again would tell nothing new. */
static bool handshake(const struct zc_tls_peer *peer, struct zc_tls_seen *seen, bool with_alpn,
                      struct zc_tls_session **session, struct zc_conv *conv, struct zc_err *err)
{
        static const char *const alpn[] = { "h2", "http/1.1", NULL };
        struct zc_tls_session_options o = { .sni = peer->name,
                                            .alpn = with_alpn && !peer->start ? alpn : NULL };

        zc_tls_session_free(ZC_TAKE(*session));
        if (!zc_tls_session_new(&o, session, err))
                return false;
        *conv = zc_tls_peer_conv(peer, zc_tls_session_step, *session);
        if (peer->start) {
                zc_starttls_init(&seen->pre, peer->start);
                seen->chain = (struct zc_step_chain){ .first = zc_starttls_step,
                                                      .first_state = &seen->pre,
                                                      .go_on = zc_starttls_go_on,
                                                      .next = zc_tls_session_step,
                                                      .next_state = *session };
                conv->step = zc_step_chain;
                conv->state = &seen->chain;
        }
        conv->max_bytes = CHAIN_BYTES;
        seen->attempts++;
        seen->at = zc_wall_ms();
        return zc_exchange_one(peer->scope, conv, peer->deadline, err);
}

static bool handshakes(const struct zc_tls_peer *peer, struct zc_tls_seen *seen,
                       struct zc_tls_session **session, struct zc_conv *conv, struct zc_err *err)
{
        for (unsigned i = 0; i < HANDSHAKES; i++) {
                if (!handshake(peer, seen, i == 0, session, conv, err))
                        return false;
                seen->facts = zc_tls_session_facts(*session);
                if (seen->facts->progress == ZC_TLS_ESTABLISHED || seen->facts->not_tls ||
                    conv->cut ||
                    seen->facts->progress ==
                            ZC_TLS_HANDSHAKING || /* ended without a word: the hellos will show more */
                    conv->connect != ZC_CONNECT_OPEN ||
                    (peer->start && !zc_starttls_go_on(&seen->pre)))
                        break;
        }
        return true;
}

/* ---- what became of it ---- */

static bool any(const struct zc_tls_seen *seen, enum zc_tls_offered what)
{
        for (size_t i = 0; i < ZC_TLS_VERSIONS; i++)
                if (seen->versions[i].offered == what)
                        return true;
        return false;
}

/** Words in the clear that nobody asked for, where TLS was to begin: from the server, or from someone on the way. */
static void account_surplus(const struct zc_tls_seen *seen, struct zc_io *io)
{
        char why[96];

        if (seen->pre.surplus == 0)
                return;
        snprintf(why, sizeof why, "%zu bytes; they were kept out of the TLS session",
                 seen->pre.surplus);
        zc_io_problem(io, "/tls/entry/surplus",
                      "bytes came in the clear that answer no question, before TLS could begin",
                      why);
}

/** What could not be seen, said. */
static void account(const struct zc_tls_seen *seen, struct zc_io *io)
{
        for (size_t i = 0; i < ZC_TLS_VERSIONS; i++) {
                const struct zc_tls_version *v = &seen->versions[i];
                char path[64];

                if (v->offered != ZC_TLS_UNKNOWN)
                        continue;
                snprintf(path, sizeof path, "/tls/versions/%s", zc_tls_version_name(v->version));
                zc_io_problem(io, path, "whether this version is offered is not known", v->why);
                zc_io_partial(io, "", "%s: %s", zc_tls_version_name(v->version), v->why);
        }
        if (seen->facts->progress != ZC_TLS_ESTABLISHED) {
                zc_io_problem(io, "/tls/chains", "no handshake could be finished",
                              seen->facts->why);
                zc_io_partial(io, "", "no handshake could be finished: %s", seen->facts->why);
        }
}

/** No handshake, no version: what the peer did in their place. */
static bool nothing(struct zc_io *io, struct zc_err *err, enum zc_code code, const char *what,
                    const char *why)
{
        zc_io_problem(io, "/tls", what, why[0] ? why : "it said nothing that tells");
        return zc_fail(err, code, "%s: %s", what, why);
}

/** Nothing that speaks TLS. Filled: the words for it. */
static bool none_here(const struct zc_tls_seen *seen, const struct zc_conv *conv, struct zc_io *io,
                      struct zc_err *err)
{
        char reason[ZC_CONV_REASON_LEN];

        if (conv->connect != ZC_CONNECT_OPEN) {
                zc_conv_reason(conv, reason);
                return nothing(io, err, ZC_E_IO, "no connection", reason);
        }
        if (seen->start && seen->pre.result == ZC_STARTTLS_FOREIGN && !seen->named) {
                zc_io_notapplicable(io, "%s", seen->pre.why);
                return true;
        }
        if (seen->start && seen->pre.result != ZC_STARTTLS_OFFERED)
                return nothing(io, err, ZC_E_TIMEOUT, "TLS could not begin", seen->pre.why);
        if (seen->facts->not_tls && seen->start)
                return nothing(io, err, ZC_E_MALFORMED, "it said to begin TLS, and did not",
                               "what came then is not TLS");
        if (seen->facts->not_tls && seen->named)
                return nothing(io, err, ZC_E_MALFORMED, "no TLS where TLS was named",
                               "the answer to a ClientHello is not TLS");
        if (seen->facts->not_tls) {
                zc_io_notapplicable(io, "the answer to a ClientHello is not TLS");
                return true;
        }
        return nothing(io, err, ZC_E_TIMEOUT, "no answer to a ClientHello",
                       conv->cut && !seen->facts->why[0] ? "it went on without an answer"
                                                         : seen->facts->why);
}

static bool look(const struct zc_tls_peer *peer, struct zc_tls_seen *seen, struct zc_io *io,
                 json_t *out, struct zc_err *err)
{
        ZC_AUTO(zc_tls_session) session = NULL;
        struct zc_conv conv = { 0 };
        bool starts;

        if (!handshakes(peer, seen, &session, &conv, err))
                return zc_ctx(err, "TLS handshake");
        if (seen->start)
                account_surplus(seen, io);
        if (seen->start && seen->pre.result == ZC_STARTTLS_REFUSED)
                return zc_tls_evidence(seen, out) || zc_fail(err, ZC_E_NOMEM, "no memory");
        starts = conv.connect == ZC_CONNECT_OPEN && !seen->facts->not_tls &&
                 (!seen->start || zc_starttls_go_on(&seen->pre));
        if (starts && !zc_tls_versions_ask(peer, seen->versions, err))
                return zc_ctx(err, "TLS versions");
        if (seen->facts->progress == ZC_TLS_ESTABLISHED)
                zc_tls_versions_settle(seen->versions, seen->facts->version);
        if (!starts || (!any(seen, ZC_TLS_OFFERED) && seen->facts->progress != ZC_TLS_ESTABLISHED &&
                        seen->facts->alert < 0))
                return none_here(seen, &conv, io, err);
        io->whole = seen->facts->progress ==
                    ZC_TLS_ESTABLISHED; /* the chain is there, whatever else is not */
        account(seen, io);
        return zc_tls_evidence(seen, out) ||
               zc_fail(err, ZC_E_NOMEM, "no memory for what TLS showed");
}

static bool tls_run(const struct zc_subject *s, struct zc_io *io, json_t *out, struct zc_err *err)
{
        struct zc_tls_peer peer = {
                .scope = io->scope,
                .addr = s->addr,
                .port = s->port,
                .name = s->name,
                .start = start_of(s),
                .pace = io->pace,
                .limits = { .at_once = io->at_once && io->at_once < AT_ONCE ? io->at_once : AT_ONCE,
                            .per_second = io->per_second },
                .deadline = zc_deadline_min(io->deadline, zc_deadline_in(BUDGET_MS)),
        };
        struct zc_tls_seen seen = { .sni = s->name,
                                    .start = peer.start,
                                    .named = scheme_says(s->scheme) ||
                                             s->scheme == ZC_SCHEME_POSTGRES,
                                    .started_ms = s->started_ms ? s->started_ms : zc_wall_ms() };

        return look(&peer, &seen, io, out, err);
}

const struct zc_probe zc_probe_tls = {
        .id = "tls",
        .summary = "versions of SSL and TLS, what a handshake agrees on, the certificates served",
        .scope = ZC_SCOPE_ENDPOINT,
        .side = ZC_SIDE_COLLECTOR,
        .level = ZC_LEVEL_SAFE,
        .needs = ZC_NEED_TCP,
        .after = (const char *const[]){ "ports", "identify", NULL },
        .shares = true,
        .evidence = "endpoint.tls",
        .sends = "one or two ordinary TLS handshakes, then one ClientHello for each of SSL 3.0, "
                 "TLS 1.0, 1.1, 1.2 and 1.3, at most "
                 "three each; where TLS begins after words in the clear, those first (PostgreSQL: "
                 "SSLRequest; SMTP: EHLO, STARTTLS)",
        .applies = tls_applies,
        .run = tls_run,
};
