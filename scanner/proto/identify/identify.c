/** Which service answers: the order of the questions. See include/zc/identify.h. */
#include <stdio.h>
#include <string.h>

#include "talk.h"
#include "zc/text.h"

#define CONNECT_MS 7500 /* the kernel asks at 0, 1, 3 and 7 s */
#define TOTAL_MS 10000
#define QUESTIONS 4
/* ms of an idle period, beside the round trip; the rest in idle periods */
#define IDLE_NEAR 100
#define IDLE_AWAY 110
#define WAIT_NEAR 2u /* for a greeting */
#define WAIT_AWAY 3u
#define WAIT_LITTLE 1u
#define PATIENCE 7u /* for an answer */
#define PATIENCE_HTTP 9u
#define HTTP_LATER 1u

enum hint { HINT_NONE, HINT_HTTPS, HINT_TLS, HINT_HTTP, HINT_POSTGRESQL, HINT_REDIS, HINT_COUNT };

/* What is asked in which order, each on a connection of its own; `listen`: a greeting is waited for first. */
enum listen { LISTEN_NOT, LISTEN_LITTLE, LISTEN };
struct question {
        enum listen listen;
        enum zc_asked ask;
};
static const struct question plain[HINT_COUNT][QUESTIONS] = {
        [HINT_NONE] = { { LISTEN, ZC_ASKED_TLS },
                        { LISTEN_NOT, ZC_ASKED_PING },
                        { LISTEN_NOT, ZC_ASKED_HTTP },
                        { LISTEN_NOT, ZC_ASKED_PG } },
        [HINT_HTTPS] = { { LISTEN_NOT, ZC_ASKED_TLS },
                         { LISTEN, ZC_ASKED_PING },
                         { LISTEN_NOT, ZC_ASKED_HTTP },
                         { LISTEN_NOT, ZC_ASKED_PG } },
        [HINT_TLS] = { { LISTEN_NOT, ZC_ASKED_TLS },
                       { LISTEN, ZC_ASKED_PING },
                       { LISTEN_NOT, ZC_ASKED_HTTP },
                       { LISTEN_NOT, ZC_ASKED_PG } },
        [HINT_HTTP] = { { LISTEN_NOT, ZC_ASKED_HTTP },
                        { LISTEN, ZC_ASKED_TLS },
                        { LISTEN_NOT, ZC_ASKED_PING },
                        { LISTEN_NOT, ZC_ASKED_PG } },
        [HINT_POSTGRESQL] = { { LISTEN_NOT, ZC_ASKED_PG },
                              { LISTEN, ZC_ASKED_TLS },
                              { LISTEN_NOT, ZC_ASKED_PING },
                              { LISTEN_NOT, ZC_ASKED_HTTP } },
        [HINT_REDIS] = { { LISTEN_LITTLE, ZC_ASKED_PING },
                         { LISTEN_NOT, ZC_ASKED_TLS },
                         { LISTEN_NOT, ZC_ASKED_HTTP },
                         { LISTEN_NOT, ZC_ASKED_PG } },
};
/* Inside TLS; the first is asked over the connection that showed it to be TLS. */
enum inner { INNER_ANY, INNER_HTTP, INNER_REDIS };
static const struct question within[][QUESTIONS - 1] = {
        [INNER_ANY] = { { LISTEN, ZC_ASKED_PING },
                        { LISTEN_NOT, ZC_ASKED_HTTP },
                        { LISTEN_NOT, ZC_ASKED_PG } },
        [INNER_HTTP] = { { LISTEN_NOT, ZC_ASKED_HTTP },
                         { LISTEN, ZC_ASKED_PING },
                         { LISTEN_NOT, ZC_ASKED_PG } },
        [INNER_REDIS] = { { LISTEN_NOT, ZC_ASKED_PING },
                          { LISTEN_NOT, ZC_ASKED_HTTP },
                          { LISTEN_NOT, ZC_ASKED_PG } },
};

/* IANA Service Name and Port Number Registry, and customs. */
static const struct {
        uint16_t port;
        enum hint hint;
} ports[] = {
        { 80, HINT_HTTP },         { 443, HINT_HTTPS },       { 465, HINT_TLS },
        { 636, HINT_TLS },         { 853, HINT_TLS },         { 990, HINT_TLS },
        { 993, HINT_TLS },         { 995, HINT_TLS },         { 3000, HINT_HTTP },
        { 5432, HINT_POSTGRESQL }, { 5433, HINT_POSTGRESQL }, { 6379, HINT_REDIS },
        { 6380, HINT_REDIS },      { 6432, HINT_POSTGRESQL }, { 8000, HINT_HTTP },
        { 8008, HINT_HTTP },       { 8080, HINT_HTTP },       { 8081, HINT_HTTP },
        { 8443, HINT_HTTPS },      { 8883, HINT_TLS },        { 9443, HINT_HTTPS },
        { 26379, HINT_REDIS },
};

struct asking {
        const struct zc_identify_peer *peer;
        struct zc_identity *out;
        enum hint hint;
        unsigned wait; /* idle periods, for a greeting */
        int64_t idle_ms;
        bool tls_asked, tls_seen, no_alpn;
        char host[ZC_ADDR_LEN + 2]; /* the address as HTTP's Host */
        bool silent; /* the last conversation was connected and stayed so, and nothing came of it in its time */
        bool stop;    /* nothing more is to be asked */
        bool perhaps; /* "400" from what may want TLS */
};

static enum hint hint_of(const struct zc_identify_peer *p)
{
        static const enum hint by_scheme[] = {
                [ZC_SCHEME_HTTP] = HINT_HTTP,           [ZC_SCHEME_HTTPS] = HINT_HTTPS,
                [ZC_SCHEME_POSTGRES] = HINT_POSTGRESQL, [ZC_SCHEME_REDIS] = HINT_REDIS,
                [ZC_SCHEME_REDISS] = HINT_TLS,
        };

        if (p->scheme != ZC_SCHEME_NONE)
                return by_scheme[p->scheme];
        for (size_t i = 0; i < ZC_COUNT(ports); i++)
                if (ports[i].port == p->port)
                        return ports[i].hint;
        return HINT_NONE;
}

/* ---- writing down ---- */

static void text_put(char *out, size_t size, const uint8_t *p, size_t n)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, size - 1);
        zc_text_escape(&t, p, n);
        snprintf(out, size, "%s", zc_text_str(&t));
}

static void banner_put(struct zc_identity *id, const uint8_t *p, size_t n)
{
        struct zc_rd in = { p, n }, line;

        if (!zc_rd_line(&in, &line))
                line = in;
        text_put(id->banner, sizeof id->banner, line.p, line.n);
}

static void told(struct asking *a, const char *service, enum zc_asked by, const uint8_t *p,
                 size_t n)
{
        static const char *const said[] = {
                [ZC_ASKED_NOTHING] = "nothing", [ZC_ASKED_TLS] = "ClientHello",
                [ZC_ASKED_PING] = "PING",       [ZC_ASKED_HTTP] = "GET / HTTP/1.1",
                [ZC_ASKED_PG] = "SSLRequest",
        };
        struct zc_identity *id = a->out;
        size_t first = n < 100 ? n : 100;

        id->service = service;
        id->by = by;
        id->at = zc_wall_ms();
        snprintf(id->sent, sizeof id->sent, "%s%s", a->tls_seen ? "inside TLS: " : "", said[by]);
        text_put(id->received, sizeof id->received, p, first);
        a->perhaps = n > 12 && memcmp(p, "HTTP/1.", 7) == 0 && memcmp(p + 8, " 400", 4) == 0;
        if (strcmp(service, "http") != 0 && strcmp(service, "redis") != 0 &&
            strcmp(service, "postgresql") != 0)
                banner_put(id, p, n); /* these greet, however late */
}

static void why_put(struct asking *a, const char *what)
{
        if (!a->out->why[0])
                snprintf(a->out->why, sizeof a->out->why, "%s", what);
}

/* ---- one connection ---- */

static struct talk talk_make(const struct asking *a, struct question q)
{
        const unsigned waits[] = {
                [LISTEN_NOT] = 0, [LISTEN_LITTLE] = WAIT_LITTLE, [LISTEN] = a->wait
        };

        return (struct talk){ .question = q.ask,
                              .wait = waits[q.listen],
                              .patience = q.ask == ZC_ASKED_HTTP ? PATIENCE_HTTP : PATIENCE,
                              .host = a->peer->name ? a->peer->name : a->host };
}

static struct zc_conv conv_make(const struct asking *a, zc_step_fn step, void *state)
{
        return (struct zc_conv){ .name = a->peer->name,
                                 .pace = a->peer->pace,
                                 .step = step,
                                 .state = state,
                                 .connect_ms = CONNECT_MS,
                                 .idle_ms = a->idle_ms,
                                 .total_ms = TOTAL_MS,
                                 .addr = a->peer->addr,
                                 .port = a->peer->port };
}

/** How it went on the wire. */
static void conversed(struct asking *a, const struct zc_conv *c)
{
        char reason[ZC_CONV_REASON_LEN];

        a->out->heard += c->received;
        a->silent = c->connect == ZC_CONNECT_OPEN && c->received == 0 && c->finished;
        if (c->connect != ZC_CONNECT_OPEN) {
                zc_conv_reason(c, reason);
                why_put(a, reason);
                a->stop = true;
        } else if (c->cut) {
                why_put(a, "it went on without saying what it is");
        }
}

/** RFC 9110 section 7.2: what stands in the URL, in brackets where it is IPv6. */
static void host_put(struct asking *a)
{
        struct zc_addr unzoned = a->peer->addr;
        char text[ZC_ADDR_LEN];

        unzoned.zone = 0;
        zc_addr_format(&unzoned, text);
        snprintf(a->host, sizeof a->host, unzoned.family == AF_INET6 ? "[%s]" : "%s", text);
}

/** False: our own side failed. Whether it was connected is in c. */
static bool converse(struct asking *a, zc_step_fn step, void *state, struct zc_err *err)
{
        const struct zc_identify_peer *p = a->peer;
        struct zc_conv c = conv_make(a, step, state);

        a->out->connections++;
        if (!zc_exchange_one(p->scope, &c, p->deadline, err))
                return false;
        conversed(a, &c);
        return true;
}

/** What a talk showed; unasked words that match nothing end the asking: it speaks first, and we do not know its language. */
static void take(struct asking *a, const struct talk *t)
{
        a->out->closed = a->out->closed || (t->ended && t->got_n == 0);
        a->out->listened = a->out->listened || !t->asked || t->wait > 0;
        if (t->service)
                told(a, t->service, t->asked ? t->question : ZC_ASKED_NOTHING, t->got, t->got_n);
        if (t->by_alpn) {
                a->out->by_alpn = true;
                a->out->by = ZC_ASKED_TLS;
                snprintf(a->out->sent, sizeof a->out->sent, "ClientHello with ALPN");
                snprintf(a->out->received, sizeof a->out->received, "ALPN %s",
                         zc_tls_session_facts(t->within)->alpn);
        }
        if (!t->asked && t->got_n > 0) {
                banner_put(a->out, t->got, t->got_n);
                a->stop = true;
        }
}

static bool ask_plain(struct asking *a, struct question q, struct zc_err *err)
{
        struct talk t = talk_make(a, q);

        if (!converse(a, talk_step, &t, err))
                return false;
        a->silent = a->silent && !t.ended; /* it will not have that: the next question, at once */
        take(a, &t);
        return true;
}

static bool room(const struct asking *a)
{
        return !a->stop && a->out->connections < ZC_IDENTIFY_CONNECTIONS &&
               !zc_deadline_passed(a->peer->deadline);
}

/* ---- TLS ---- */

/** No handshake: what came instead may be another service's words, or TLS that does not want us. */
static void take_raw(struct asking *a, const struct hello *h, const struct zc_tls_facts *f)
{
        const char *service = NULL;
        struct zc_rd raw = { h->raw, h->raw_n };

        if (f->alert >= 0) {
                a->tls_seen = true;
                snprintf(a->out->why, sizeof a->out->why, "TLS, and no handshake: %.100s", f->why);
        } else if (zc_identify_bytes(raw, ZC_ASKED_TLS, true, &service) == ZC_TOLD_SERVICE) {
                told(a, service, ZC_ASKED_TLS, raw.p, raw.n);
        }
}

#define ALERT_NO_APPLICATION_PROTOCOL 120 /* RFC 7301 section 3.2 */

/** One session; q is asked within. */
static bool ask_tls(struct asking *a, struct question q, bool listen_before, struct zc_err *err)
{
        static const char *const alpn[] = { "h2", "http/1.1", "postgresql", NULL };
        struct talk before = talk_make(a, (struct question){ LISTEN, ZC_ASKED_NOTHING });
        struct talk t = talk_make(a, q);
        const struct zc_tls_session_options o = { .sni = a->peer->name,
                                                  .alpn = a->no_alpn ? NULL : alpn,
                                                  .inner = talk_step,
                                                  .inner_state = &t };
        ZC_AUTO(zc_tls_session) session = NULL;
        struct hello h = { .patience = PATIENCE };
        struct zc_step_chain chain = { .first = talk_step,
                                       .first_state = &before,
                                       .go_on = talk_go_on,
                                       .next = hello_step,
                                       .next_state = &h };
        const struct zc_tls_facts *f;

        if (!zc_tls_session_new(&o, &session, err))
                return false;
        h.session = t.within = session;
        if (!converse(a, listen_before ? zc_step_chain : hello_step,
                      listen_before ? (void *)&chain : &h, err))
                return false;
        if (listen_before)
                take(a, &before);
        if (listen_before && !chain.passed) /* closed unasked: perhaps not, when we speak first */
                return before.ended && before.got_n == 0 && room(a) ? ask_tls(a, q, false, err)
                                                                    : true;
        a->tls_asked = true;
        f = zc_tls_session_facts(session);
        a->out->client_certificate = a->out->client_certificate || f->client_certificate_asked;
        if (f->progress == ZC_TLS_ESTABLISHED) {
                a->tls_seen = true;
                take(a, &t);
        } else if (!a->no_alpn && f->alert == ALERT_NO_APPLICATION_PROTOCOL) {
                a->no_alpn = true;
                return ask_tls(a, q, false, err);
        } else {
                take_raw(a, &h, f);
        }
        return true;
}

/** PostgreSQL from version 17 on takes TLS at once, beside its own way into it: nothing is wrapped around it. */
static enum zc_wrapped wrapped_of(const struct asking *a)
{
        if (a->tls_seen)
                return a->out->by_alpn && strcmp(a->out->service, "postgresql") == 0
                               ? ZC_WRAPPED_NOT
                               : ZC_WRAPPED_TLS;
        return a->out->service || a->tls_asked ? ZC_WRAPPED_NOT : ZC_WRAPPED_UNKNOWN;
}

static bool inside(struct asking *a, bool listen_before, struct zc_err *err)
{
        const struct question *q = within[a->hint == HINT_HTTP || a->hint == HINT_HTTPS ? INNER_HTTP
                                          : a->hint == HINT_REDIS ? INNER_REDIS
                                                                  : INNER_ANY];
        size_t i = 1;

        if (!ask_tls(a, q[0], listen_before, err))
                return false;
        for (; a->tls_seen && !a->out->service && room(a) && i < QUESTIONS - 1; i++)
                if (!ask_tls(a, q[i], false, err))
                        return false;
        a->out->asked_all = a->tls_seen && i == QUESTIONS - 1;
        return true;
}

/**
 * The first question met silence: the others are put beside one another, TLS last. HTTP is not said to what may be a Redis: it
 * waits a little, and is left out when PING was answered.
 */
static bool rest_ask(struct asking *a, const struct question q[QUESTIONS], struct zc_err *err)
{
        static const struct zc_exchange_limits limits = { .at_once = QUESTIONS };
        struct talk talks[QUESTIONS];
        struct zc_conv convs[QUESTIONS];
        const struct talk *ping = NULL; /* asked before HTTP in every row that has both */
        size_t n = 0;

        for (size_t i = 1; i < QUESTIONS; i++) {
                if (q[i].ask == ZC_ASKED_TLS)
                        continue;
                talks[n] = talk_make(a, q[i]);
                if (q[i].ask == ZC_ASKED_PING) {
                        ping = &talks[n];
                } else if (q[i].ask == ZC_ASKED_HTTP) {
                        talks[n].wait += HTTP_LATER;
                        talks[n].wait += ping ? ping->wait : 0;
                        talks[n].unless = ping;
                }
                convs[n] = conv_make(a, talk_step, &talks[n]);
                n++;
        }
        a->out->connections += (unsigned)n;
        if (!zc_exchange_all(a->peer->scope, convs, n, &limits, a->peer->deadline, err))
                return false;
        for (size_t i = 0; i < n; i++) {
                conversed(a, &convs[i]);
                if (!a->out->service)
                        take(a, &talks[i]);
        }
        return a->tls_asked || a->out->service || !room(a) || inside(a, false, err);
}

bool zc_identify(const struct zc_identify_peer *peer, struct zc_identity *out, struct zc_err *err)
{
        struct asking a = { .peer = peer,
                            .out = out,
                            .hint = hint_of(peer),
                            .wait = peer->near ? WAIT_NEAR : WAIT_AWAY,
                            .idle_ms = (peer->near ? IDLE_NEAR : IDLE_AWAY) + peer->rtt_ms };
        size_t i;

        host_put(&a);
        *out = (struct zc_identity){ 0 };
        for (i = 0; i < QUESTIONS && !a.tls_seen && room(&a); i++) {
                struct question q = plain[a.hint][i];
                bool ok = true;

                if (q.ask == ZC_ASKED_TLS)
                        ok = inside(&a, q.listen && !a.perhaps, err);
                else if (!out->service)
                        ok = ask_plain(&a, q, err);
                if (!ok)
                        return false;
                if (out->service && !(a.perhaps && !a.tls_asked))
                        break;
                if (i == 0 && a.silent && room(&a)) {
                        if (!rest_ask(&a, plain[a.hint], err))
                                return false;
                        i = QUESTIONS;
                        break;
                }
        }
        if (!a.tls_seen)
                out->asked_all = i == QUESTIONS;
        if (a.stop && out->banner[0])
                out->asked_all = true; /* it said what it is, in words we do not know */
        if (a.tls_seen && !out->service && out->client_certificate) {
                out->asked_all = false;
                why_put(&a, "it asks for a client certificate");
        }
        out->wrapped = wrapped_of(&a);
        return true;
}
