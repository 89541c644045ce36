/** endpoint.redis: what a Redis, or one of its kin, does for someone without a password, and whether TLS is around it. */
#include <stdio.h>
#include <string.h>

#include "zc/json.h"
#include "zc/probe.h"
#include "zc/resp.h"
#include "zc/tls_session.h"

#define BUDGET_MS 20000
#define CONNECT_MS 7500 /* the kernel asks at 0, 1, 3 and 7 s */
#define TOTAL_MS 8000
/* ms of an idle period, beside the round trip; and how many of them */
#define IDLE_LOCAL 60
#define IDLE_AWAY 100
#define PATIENCE 24u
#define PATIENCE_WRAPPED 9u

struct looking {
        const struct zc_subject *s;
        const struct zc_io *io;
        struct zc_deadline deadline;
        unsigned connections;
        int64_t at;
        char why[ZC_CONV_REASON_LEN];
        bool client_certificate;
        bool cut; /* the last connection: by its budget */
};

static bool redis_applies(const struct zc_subject *s)
{
        static const uint16_t ports[] = { 6379, 6380, 26379 };
        const json_t *service = json_object_get(s->endpoint, "service");

        if (s->scheme == ZC_SCHEME_REDIS || s->scheme == ZC_SCHEME_REDISS)
                return true;
        if (service)
                return json_is_string(service) && strcmp(json_string_value(service), "redis") == 0;
        for (size_t i = 0; i < ZC_COUNT(ports); i++)
                if (ports[i] == s->port)
                        return true;
        return false;
}

/** One connection; step's state is an ask, or a session with an ask inside. */
static bool converse(struct looking *l, zc_step_fn step, void *state, struct zc_err *err)
{
        struct zc_conv c = { .name = l->s->name,
                             .pace = l->io->pace,
                             .step = step,
                             .state = state,
                             .connect_ms = CONNECT_MS,
                             .idle_ms = (l->s->local ? IDLE_LOCAL : IDLE_AWAY) +
                                        zc_subject_rtt_ms(l->s),
                             .total_ms = TOTAL_MS,
                             .addr = l->s->addr,
                             .port = l->s->port };

        l->connections++;
        l->at = zc_wall_ms();
        if (!zc_exchange_one(l->io->scope, &c, l->deadline, err))
                return false;
        l->why[0] = '\0';
        if (c.connect != ZC_CONNECT_OPEN)
                zc_conv_reason(&c, l->why);
        l->cut = c.cut;
        if (c.cut)
                snprintf(l->why, sizeof l->why, "it went on without an answer");
        return true;
}

/** Waits longer for the handshake than for words unasked. */
struct within {
        struct zc_tls_session *session;
        unsigned patience;
};

static enum zc_step within_step(void *state, enum zc_event ev, struct zc_rd *in, struct zc_wr *out)
{
        struct within *w = state;

        if (ev == ZC_EV_TIMEOUT && w->patience > 1 &&
            zc_tls_session_facts(w->session)->progress != ZC_TLS_ESTABLISHED) {
                w->patience--;
                return ZC_STEP_MORE;
        }
        return zc_tls_session_step(w->session, ev, in, out);
}

static bool ask_tls(struct looking *l, struct zc_resp_ask *ask, bool *spoken, struct zc_err *err)
{
        const struct zc_tls_session_options o = { .sni = l->s->name,
                                                  .inner = zc_resp_ask_step,
                                                  .inner_state = ask };
        ZC_AUTO(zc_tls_session) session = NULL;
        struct within w = { .patience = PATIENCE };

        if (!zc_tls_session_new(&o, &session, err))
                return false;
        w.session = session;
        if (!converse(l, within_step, &w, err))
                return false;
        *spoken = zc_tls_session_facts(session)->progress == ZC_TLS_ESTABLISHED;
        l->client_certificate = zc_tls_session_facts(session)->client_certificate_asked;
        if (!*spoken && !l->why[0])
                snprintf(l->why, sizeof l->why, "%s", zc_tls_session_facts(session)->why);
        return true;
}

static bool answered(const struct zc_resp_ask *a)
{
        enum zc_resp_answer r = a->answers[ZC_RESP_PING];

        return r >= ZC_RESP_RUNS && r <= ZC_RESP_OTHER;
}

/* ---- evidence ---- */

static void put(json_t *o, const char *key, json_t *value)
{
        if (value)
                json_object_set_new(o, key, value);
}

/** Over loopback protected mode lets everyone in, so that only the configuration tells. */
static json_t *protected_mode(const struct zc_resp_ask *a)
{
        if (a->answers[ZC_RESP_PING] == ZC_RESP_DENIED)
                return json_true();
        if (a->answers[ZC_RESP_PING] != ZC_RESP_RUNS)
                return NULL;
        if (!a->config)
                return json_false();
        return a->protected_mode[0] ? json_boolean(strcmp(a->protected_mode, "no") != 0) : NULL;
}

static json_t *auth(const struct zc_resp_ask *a)
{
        enum zc_resp_answer ping = a->answers[ZC_RESP_PING];
        json_t *o = json_object();

        if (ping != ZC_RESP_RUNS && ping != ZC_RESP_NOAUTH && ping != ZC_RESP_DENIED &&
            ping != ZC_RESP_NOPERM) /* which is said after the login */
                return o;
        put(o, "required", json_boolean(ping == ZC_RESP_NOAUTH));
        put(o, "protected_mode", protected_mode(a));
        put(o, "default_user_nopass", json_boolean(ping != ZC_RESP_NOAUTH));
        return o;
}

/**
 * It says what this caller may do; silence, another language and passing errors (loading, busy, no room) do not. A command that is not
 * known is so before any login is asked for: of PING, which comes first, it says nothing.
 */
static bool decides(size_t command, enum zc_resp_answer r)
{
        return r == ZC_RESP_RUNS || r == ZC_RESP_NOAUTH || r == ZC_RESP_DENIED ||
               r == ZC_RESP_NOPERM || (r == ZC_RESP_UNKNOWN_COMMAND && command != ZC_RESP_PING);
}

static json_t *commands(const struct zc_resp_ask *a)
{
        static const char *const keys[ZC_RESP_COMMANDS] = { "ping", "hello", "info", "config" };
        json_t *o = json_object();

        for (size_t i = 0; i < ZC_RESP_COMMANDS; i++)
                if (decides(i, a->answers[i]))
                        put(o, keys[i], json_string(zc_resp_answer_name(a->answers[i])));
        return o;
}

/** One port speaks either way, never both: a server that answers in the clear offers no TLS there. */
static json_t *tls(const struct looking *l, bool within)
{
        json_t *o = json_object();

        put(o, "offered", json_boolean(within));
        put(o, "required", json_string(within ? "yes" : "no"));
        if (within)
                put(o, "client_certificate", json_boolean(l->client_certificate));
        return o;
}

static json_t *proof(const struct looking *l, const struct zc_resp_ask *a, bool within)
{
        json_t *o = json_object();
        char time[ZC_TIME_LEN];

        zc_time_format(l->at, time);
        put(o, "observed_at", json_string(time));
        put(o, "attempts", json_integer((json_int_t)l->connections));
        put(o, "sent", zc_json_printf("%s%s", within ? "inside TLS: " : "", a->sent));
        put(o, "received", json_string(a->received));
        return o;
}

static bool write_down(const struct looking *l, const struct zc_resp_ask *a, bool within,
                       json_t *out)
{
        bool runs = a->answers[ZC_RESP_INFO] == ZC_RESP_RUNS;

        put(out, "tls", tls(l, within));
        put(out, "auth", auth(a));
        put(out, "commands", commands(a));
        if (a->version[0])
                put(out, "version", json_string(a->version));
        if (a->fork)
                put(out, "fork", json_string(a->fork));
        if (a->mode[0])
                put(out, "mode", json_string(a->mode));
        else if (runs) /* looked for and not there */
                put(out, "mode", json_null());
        if (a->role[0])
                put(out, "role", json_string(a->role));
        put(out, "proof", proof(l, a, within));
        return json_object_get(out, "proof") != NULL;
}

static void account(const struct looking *l, const struct zc_resp_ask *a, struct zc_io *io)
{
        for (size_t i = 0; i < ZC_RESP_COMMANDS; i++) {
                const char *name = zc_resp_command_name((enum zc_resp_command)i);
                const char *why =
                        a->answers[i] == ZC_RESP_NOT_RESP ? "the answer is not RESP"
                        : a->answers[i] == ZC_RESP_OTHER || a->answers[i] == ZC_RESP_UNKNOWN_COMMAND
                                ? a->received
                        : a->why[0] ? a->why
                                    : l->why;

                if (a->answers[i] == ZC_RESP_NOT_ASKED || decides(i, a->answers[i]))
                        continue;
                zc_io_problem(io, "/redis/commands", name, why);
                zc_io_partial(io, "", "%s: %s", name, why);
        }
}

/* ---- the run ---- */

static bool nothing_said(const struct looking *l, const struct zc_resp_ask *a, bool within,
                         struct zc_io *io, struct zc_err *err)
{
        bool foreign = a->answers[ZC_RESP_PING] == ZC_RESP_NOT_RESP;
        bool named = l->s->scheme == ZC_SCHEME_REDIS || l->s->scheme == ZC_SCHEME_REDISS;
        const char *why = foreign ? "what came back is not RESP" : l->why[0] ? l->why : a->why;

        if (foreign && !named) {
                zc_io_notapplicable(io, "the answer to PING is not RESP");
                return true;
        }
        if (within && l->client_certificate)
                return zc_fail(err, ZC_E_DENIED, "it answers only to a client certificate: %s",
                               a->why);
        zc_io_problem(io, "/redis", "nothing was learned of what it does", why);
        return zc_fail(err, ZC_E_TIMEOUT, "no answer to PING: %s", why);
}

static bool redis_run(const struct zc_subject *s, struct zc_io *io, json_t *out, struct zc_err *err)
{
        struct looking l = { .s = s,
                             .io = io,
                             .deadline = zc_deadline_min(io->deadline, zc_deadline_in(BUDGET_MS)) };
        const struct zc_resp_ask fresh = { .wait = 1,
                                           .patience = PATIENCE,
                                           .config = zc_addr_class(&s->addr) == ZC_ADDR_LOOPBACK };
        bool wrapped = json_is_string(json_object_get(s->endpoint, "wrapped"));
        struct zc_resp_ask ask = fresh;
        bool within = false;

        ask.patience =
                wrapped ? PATIENCE_WRAPPED
                        : PATIENCE; /* a TLS port says nothing to PING; that is all that is asked */
        if (!converse(&l, zc_resp_ask_step, &ask, err))
                return zc_ctx(err, "asking Redis");
        if (!answered(&ask) && !l.why[0] &&
            (wrapped || ask.answers[ZC_RESP_PING] == ZC_RESP_NO_ANSWER)) {
                ask = fresh;
                if (!ask_tls(&l, &ask, &within, err))
                        return zc_ctx(err, "asking Redis inside TLS");
        }
        if (l.cut && ask.asked && ask.answers[ask.now] == ZC_RESP_NOT_ASKED)
                ask.answers[ask.now] = ZC_RESP_NO_ANSWER;
        if (!answered(&ask))
                return nothing_said(&l, &ask, within, io, err);
        account(&l, &ask, io);
        return write_down(&l, &ask, within, out) || zc_fail(err, ZC_E_NOMEM, "no memory");
}

const struct zc_probe zc_probe_redis = {
        .id = "redis",
        .summary = "what a Redis or Valkey does without a password, and whether it speaks TLS",
        .scope = ZC_SCOPE_ENDPOINT,
        .side = ZC_SIDE_COLLECTOR,
        .level = ZC_LEVEL_OBSERVE,
        .needs = ZC_NEED_TCP,
        .after = (const char *const[]){ "ports", "identify", NULL },
        .evidence = "endpoint.redis",
        .sends = "one or two connections to what answers as Redis: PING, and only when that is "
                 "obeyed HELLO and "
                 "INFO server (over loopback CONFIG GET protected-mode too); never AUTH, nothing "
                 "that writes",
        .applies = redis_applies,
        .run = redis_run,
};
