/** Which service answers: the order of the questions. See include/zc/identify.h. */
#include <stdio.h>
#include <string.h>

#include "asking.h"
#include "question.h"
#include "zc/text.h"

#define CONNECT_MS 7500 /* the kernel asks at 0, 1, 3 and 7 s */
#define TOTAL_MS 10000
#define QUESTIONS 5
/* ms of an idle period, beside the round trip; the rest in idle periods */
#define IDLE_NEAR 100
#define IDLE_AWAY 110
#define WAIT_NEAR 2u /* for a greeting */
#define WAIT_AWAY 3u
#define WAIT_LITTLE 1u
#define PATIENCE 7u /* for an answer */
#define PATIENCE_HTTP 9u
#define HTTP_LATER 1u

/* What is asked in which order, each on a connection of its own; `listen`: a greeting is waited for first. */
enum listen { LISTEN_NOT, LISTEN_LITTLE, LISTEN };
struct question {
        enum listen listen;
        enum zc_asked ask;
};
struct order {
        struct question q[QUESTIONS];
        size_t count;
};

static void order_add(struct order *o, enum zc_asked ask)
{
        for (size_t i = 0; i < o->count; i++)
                if (o->q[i].ask == ask)
                        return;
        o->q[o->count++] = (struct question){ LISTEN_NOT, ask };
}

/**
 * First what is likely, then what is common. A greeting is waited for before the first question that is not the likely one; what may be a
 * Redis is listened to a little, for it may be too full or too guarded to be asked.
 */
static struct order order_of(enum zc_asked first)
{
        static const enum zc_asked common[] = { ZC_ASKED_TLS, ZC_ASKED_PING, ZC_ASKED_HTTP,
                                                ZC_ASKED_PG };
        struct order o = { .count = 0 };

        if (first != ZC_ASKED_NOTHING)
                order_add(&o, first);
        for (size_t i = 0; i < ZC_COUNT(common); i++)
                order_add(&o, common[i]);
        if (first == ZC_ASKED_PING)
                o.q[0].listen = LISTEN_LITTLE;
        else
                o.q[first == ZC_ASKED_NOTHING ? 0 : 1].listen = LISTEN;
        return o;
}

/** Inside TLS; the first is asked over the connection that showed it to be TLS. */
static struct order order_within(enum zc_asked first)
{
        static const enum zc_asked common[] = { ZC_ASKED_PING, ZC_ASKED_HTTP, ZC_ASKED_PG };
        struct order o = { .count = 0 };

        if (first != ZC_ASKED_NOTHING)
                order_add(&o, first);
        for (size_t i = 0; i < ZC_COUNT(common); i++)
                order_add(&o, common[i]);
        if (first != ZC_ASKED_PING)
                o.q[first == ZC_ASKED_NOTHING ? 0 : 1].listen = LISTEN;
        return o;
}

/* ---- writing down ---- */

void asking_text(char *out, size_t size, const uint8_t *p, size_t n)
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
        asking_text(id->banner, sizeof id->banner, line.p, line.n);
}

static void told(struct asking *a, const char *service, enum zc_asked by, const uint8_t *p,
                 size_t n)
{
        struct zc_identity *id = a->out;
        size_t first = n < 100 ? n : 100;

        id->service = service;
        id->by = by;
        id->at = zc_wall_ms();
        snprintf(id->sent, sizeof id->sent, "%s%s", a->tls_seen ? "inside TLS: " : "",
                 question_rows[by].sent);
        asking_text(id->received, sizeof id->received, p, first);
        a->perhaps = n > 12 && memcmp(p, "HTTP/1.", 7) == 0 && memcmp(p + 8, " 400", 4) == 0;
        zc_identify_detail((struct zc_rd){ p, n }, by, service, &id->said);
        id->access_asked = id->said.access != ZC_ACCESS_UNKNOWN;
        if (greeting_in_words(service))
                banner_put(id, p, n); /* these greet, however late */
}

static void why_put(struct asking *a, const char *what)
{
        if (!a->out->why[0])
                snprintf(a->out->why, sizeof a->out->why, "%s", what);
}

/* ---- one connection ---- */

struct talk asking_talk(const struct asking *a, enum zc_asked question)
{
        return (struct talk){ .question = question,
                              .patience = question == ZC_ASKED_HTTP ? PATIENCE_HTTP : PATIENCE,
                              .host = a->peer->name ? a->peer->name : a->host };
}

static struct talk talk_make(const struct asking *a, struct question q)
{
        const unsigned waits[] = {
                [LISTEN_NOT] = 0, [LISTEN_LITTLE] = WAIT_LITTLE, [LISTEN] = a->wait
        };

        struct talk t = asking_talk(a, q.ask);

        t.wait = waits[q.listen];
        return t;
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
bool asking_converse(struct asking *a, zc_step_fn step, void *state, struct zc_err *err)
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

        if (!asking_converse(a, talk_step, &t, err))
                return false;
        a->silent = a->silent && !t.ended; /* it will not have that: the next question, at once */
        take(a, &t);
        return true;
}

bool asking_room(const struct asking *a)
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

/* What we would speak: HTTP/1.1 is asked for before HTTP/2, because its answer says more at once. */
static const char *const *alpn_of(const struct asking *a)
{
        static const char *const some[] = { "http/1.1", "postgresql", NULL };
        static const char *const other[] = { "h2", NULL };

        return a->no_alpn ? NULL : a->h2_only ? other : some;
}

/** The conversation that leads to TLS, with what may stand in front of it. */
struct session {
        struct zc_tls_session *tls;
        struct hello hello;
        struct talk before;
        struct zc_step_chain chain;
};

static bool session_run(struct asking *a, struct session *s, struct talk *within,
                        bool listen_before, struct zc_err *err)
{
        const struct zc_tls_session_options o = {
                .sni = a->peer->name, .alpn = alpn_of(a), .inner = talk_step, .inner_state = within
        };

        if (!zc_tls_session_new(&o, &s->tls, err))
                return false;
        s->hello = (struct hello){ .patience = PATIENCE, .session = s->tls };
        within->within = s->tls;
        s->before = talk_make(a, (struct question){ LISTEN, ZC_ASKED_NOTHING });
        s->chain = (struct zc_step_chain){ .first = talk_step,
                                           .first_state = &s->before,
                                           .go_on = talk_go_on,
                                           .next = hello_step,
                                           .next_state = &s->hello };
        return asking_converse(a, listen_before ? zc_step_chain : hello_step,
                               listen_before ? (void *)&s->chain : &s->hello, err);
}

bool asking_session(struct asking *a, struct talk *t, bool *established, struct zc_err *err)
{
        struct session s = { 0 };
        bool ok = session_run(a, &s, t, false, err);

        *established = ok && zc_tls_session_facts(s.tls)->progress == ZC_TLS_ESTABLISHED;
        t->within = NULL;
        zc_tls_session_free(s.tls);
        return ok;
}

/** What the session showed. True: another is worth it, with other words in the handshake. */
static bool session_take(struct asking *a, const struct session *s, const struct talk *t)
{
        const struct zc_tls_facts *f = zc_tls_session_facts(s->tls);

        a->tls_asked = true;
        a->out->client_certificate = a->out->client_certificate || f->client_certificate_asked;
        if (f->progress == ZC_TLS_ESTABLISHED) {
                a->tls_seen = true;
                take(a, t);
                return false;
        }
        if (!a->no_alpn && f->alert == ALERT_NO_APPLICATION_PROTOCOL) {
                a->no_alpn = a->h2_only;
                a->h2_only = true;
                return true;
        }
        take_raw(a, &s->hello, f);
        return false;
}

/** One session; q is asked within. */
static bool ask_tls(struct asking *a, struct question q, bool listen_before, struct zc_err *err)
{
        struct talk t = talk_make(a, q);
        struct session s = { 0 };
        bool ok = session_run(a, &s, &t, listen_before, err), again = false;

        if (ok && listen_before)
                take(a, &s.before);
        if (ok && listen_before &&
            !s.chain.passed) /* closed unasked: perhaps not, when we speak first */
                again = s.before.ended && s.before.got_n == 0 && asking_room(a);
        else if (ok)
                again = session_take(a, &s, &t);
        zc_tls_session_free(s.tls);
        return ok && (!again || ask_tls(a, q, false, err));
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
        struct order o = order_within(a->hint.within);
        size_t i = 1;

        if (!ask_tls(a, o.q[0], listen_before, err))
                return false;
        for (; a->tls_seen && !a->out->service && asking_room(a) && i < o.count; i++)
                if (!ask_tls(a, o.q[i], false, err))
                        return false;
        a->out->asked_all = a->tls_seen && i == o.count;
        return true;
}

/**
 * The first question met silence: the others are put beside one another, TLS last. HTTP is not said to what may be a Redis: it
 * waits a little, and is left out when PING was answered.
 */
static bool rest_ask(struct asking *a, const struct order *o, struct zc_err *err)
{
        static const struct zc_exchange_limits limits = { .at_once = QUESTIONS };
        struct talk talks[QUESTIONS];
        struct zc_conv convs[QUESTIONS];
        const struct talk *ping = NULL; /* asked before HTTP in every row that has both */
        size_t n = 0;

        for (size_t i = 1; i < o->count; i++) {
                if (o->q[i].ask == ZC_ASKED_TLS)
                        continue;
                talks[n] = talk_make(a, o->q[i]);
                if (o->q[i].ask == ZC_ASKED_PING) {
                        ping = &talks[n];
                } else if (o->q[i].ask == ZC_ASKED_HTTP) {
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
        return a->tls_asked || a->out->service || !asking_room(a) || inside(a, false, err);
}

/** The questions in their order, until one is answered. *count: how many were put; all of them when the rest was put at once. */
static bool ask_all(struct asking *a, const struct order *o, size_t *count, struct zc_err *err)
{
        for (*count = 0; *count < o->count && !a->tls_seen && asking_room(a); ++*count) {
                struct question q = o->q[*count];
                bool ok = true;

                if (q.ask == ZC_ASKED_TLS)
                        ok = inside(a, q.listen && !a->perhaps, err);
                else if (!a->out->service)
                        ok = ask_plain(a, q, err);
                if (!ok)
                        return false;
                if (a->out->service && !(a->perhaps && !a->tls_asked))
                        return true;
                if (*count == 0 && a->silent && asking_room(a)) {
                        *count = o->count;
                        return rest_ask(a, o, err);
                }
        }
        return true;
}

bool zc_identify(const struct zc_identify_peer *peer, struct zc_identity *out, struct zc_err *err)
{
        struct asking a = { .peer = peer,
                            .out = out,
                            .hint = peer->scheme != ZC_SCHEME_NONE ? hint_of_scheme(peer->scheme)
                                                                   : hint_of_port(peer->port),
                            .wait = peer->near ? WAIT_NEAR : WAIT_AWAY,
                            .idle_ms = (peer->near ? IDLE_NEAR : IDLE_AWAY) + peer->rtt_ms };
        struct order o = order_of(a.hint.first);
        size_t asked;

        host_put(&a);
        *out = (struct zc_identity){ 0 };
        if (!ask_all(&a, &o, &asked, err))
                return false;
        if (!a.tls_seen)
                out->asked_all = asked == o.count;
        if (a.stop && out->banner[0])
                out->asked_all = true; /* it said what it is, in words we do not know */
        if (a.tls_seen && !out->service && out->client_certificate) {
                out->asked_all = false;
                why_put(&a, "it asks for a client certificate");
        }
        out->wrapped = wrapped_of(&a);
        return !out->service || follow(&a, err);
}
