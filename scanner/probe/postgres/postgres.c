/** The postgres probe: a few logins that stop before any secret, in the clear and inside TLS, one at a time. */
#include "postgres.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "zc/json.h"
#include "zc/tls_session.h"

#define BUDGET_MS 25000
#define CONNECT_MS 7500 /* the kernel asks at 0, 1, 3 and 7 s */
#define IDLE_MS 3000
#define TOTAL_MS 6000 /* an unfinished login holds a place in the server */

struct asking {
        const struct zc_subject *s;
        const struct zc_io *io;
        struct zc_deadline deadline;
        struct pg_seen seen;
        bool foreign;    /* something said that is not PostgreSQL */
        unsigned silent; /* questions in a row without an answer */
        char why[160];
};

static bool postgres_applies(const struct zc_subject *s)
{
        static const uint16_t ports[] = { 5432, 5433, 6432 };
        const json_t *service = json_object_get(s->endpoint, "service");

        if (s->scheme == ZC_SCHEME_POSTGRES)
                return true;
        if (service)
                return json_is_string(service) &&
                       strcmp(json_string_value(service), "postgresql") == 0;
        for (size_t i = 0; i < ZC_COUNT(ports); i++)
                if (ports[i] == s->port)
                        return true;
        return false;
}

/* ---- one connection ---- */

static bool converse(struct asking *a, struct pg_question *q, zc_step_fn step, void *state,
                     struct zc_err *err)
{
        struct zc_conv c = { .name = a->s->name,
                             .pace = a->io->pace,
                             .step = step,
                             .state = state,
                             .connect_ms = CONNECT_MS,
                             .idle_ms = IDLE_MS,
                             .total_ms = TOTAL_MS,
                             .addr = a->s->addr,
                             .port = a->s->port };

        q->put = true;
        q->at = zc_wall_ms();
        if (!zc_exchange_one(a->io->scope, &c, a->deadline, err))
                return false;
        if (c.connect != ZC_CONNECT_OPEN)
                zc_conv_reason(&c, q->why);
        else if (!pg_answered(q) && c.cut)
                snprintf(q->why, sizeof q->why, "it went on without an answer");
        return true;
}

static bool ask_tls(struct asking *a, struct pg_question *q, struct zc_err *err)
{
        const struct zc_tls_session_options o = { .sni = a->s->name,
                                                  .inner = zc_pg_ask_step,
                                                  .inner_state = &q->ask };
        ZC_AUTO(zc_tls_session) session = NULL;
        struct zc_starttls pre;
        struct zc_step_chain chain = { .first = zc_starttls_step,
                                       .first_state = &pre,
                                       .go_on = zc_starttls_go_on,
                                       .next = zc_tls_session_step };
        bool wrapped = a->seen.wrapped, established;

        zc_starttls_init(&pre, zc_starttls_find("postgresql"));
        if (!zc_tls_session_new(&o, &session, err))
                return false;
        chain.next_state = session;
        if (!converse(a, q, wrapped ? zc_tls_session_step : zc_step_chain,
                      wrapped ? (void *)session : &chain, err))
                return false;
        established = zc_tls_session_facts(session)->progress == ZC_TLS_ESTABLISHED;
        a->seen.tls_established = a->seen.tls_established || established;
        if (!wrapped && !a->seen.pre_put) {
                a->seen.pre = pre;
                a->seen.pre_put = true;
                a->seen.pre_at = q->at;
        }
        if (!wrapped && !zc_starttls_go_on(&pre))
                q->put = false; /* TLS is not to be had: nothing was asked */
        else if (!established && !q->why[0])
                snprintf(q->why, sizeof q->why, "no TLS handshake: %.120s",
                         zc_tls_session_facts(session)->why);
        return true;
}

/* ---- all of them ---- */

/** A name that nobody has: what it is answered says how unknown users are treated. */
static void name_make(char out[24])
{
        uint8_t random[5];

        if (getrandom(random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
                memset(random, 0x5a, sizeof random);
        snprintf(out, 24, "zc%02x%02x%02x%02x%02x", random[0], random[1], random[2], random[3],
                 random[4]);
}

static void questions_make(struct pg_seen *seen)
{
        for (int t = 0; t < PG_TRANSPORTS; t++) {
                struct pg_question *q = seen->questions[t];

                q[0].ask = (struct zc_pg_ask){ .user = "postgres", .database = "postgres" };
                q[1].ask = (struct zc_pg_ask){ .user = seen->user, .database = seen->user };
                q[1].random = true;
                q[2].ask = (struct zc_pg_ask){ .user = "postgres",
                                               .database = "postgres",
                                               .replication = true };
                q[3].ask = (struct zc_pg_ask){ .user = "postgres", .database = "pgbouncer" };
                q[4].ask = (struct zc_pg_ask){ .user = "pgbouncer", .database = "pgbouncer" };
        }
}

/** True while it is worth asking on. */
static bool note_answer(struct asking *a, const struct pg_question *q)
{
        if (!q->put)
                return false;
        if (pg_answered(q)) {
                a->silent = 0;
                return true;
        }
        a->foreign = a->foreign || q->ask.answer == ZC_PG_NOT_PG;
        a->silent++;
        if (!a->why[0])
                snprintf(a->why, sizeof a->why, "%s", q->why[0] ? q->why : q->ask.why);
        return !a->foreign && a->silent < 2;
}

/** One code for everything, and no routine of PostgreSQL's own: so PgBouncer refuses. Its port says the same. */
static bool pooled(const struct asking *a)
{
        bool is = a->s->port == 6432;

        for (int t = 0; t < PG_TRANSPORTS; t++) {
                for (size_t i = 0; i < PG_USUAL; i++) {
                        const struct zc_pg_ask *q = &a->seen.questions[t][i].ask;

                        is |= q->answer == ZC_PG_ERROR && strcmp(q->sqlstate, "08P01") == 0 &&
                              !q->routine[0];
                }
        }
        return is;
}

/** PostgreSQL 17 and newer take a ClientHello first, with their own name in ALPN; older ones close. */
static bool ask_direct(struct asking *a, struct zc_err *err)
{
        static const char *const alpn[] = { "postgresql", NULL };
        const struct zc_tls_session_options o = { .sni = a->s->name, .alpn = alpn };
        struct pg_question q = { 0 };
        ZC_AUTO(zc_tls_session) session = NULL;
        const struct zc_tls_facts *f;

        if (a->seen.wrapped || a->seen.pre.result != ZC_STARTTLS_OFFERED ||
            zc_deadline_passed(a->deadline))
                return true;
        if (!zc_tls_session_new(&o, &session, err) ||
            !converse(a, &q, zc_tls_session_step, session, err))
                return false;
        f = zc_tls_session_facts(session);
        a->seen.direct = f->progress == ZC_TLS_ESTABLISHED;
        a->seen.direct_put = a->seen.direct || f->not_tls || f->alert >= 0 ||
                             strncmp(f->why, "closed", 6) == 0 || strncmp(f->why, "reset", 5) == 0;
        return true;
}

static bool ask_all(struct asking *a, struct zc_err *err)
{
        for (int t = a->seen.wrapped ? PG_TLS : PG_PLAIN; t < PG_TRANSPORTS; t++) {
                for (size_t i = 0; i < PG_TUPLES && !zc_deadline_passed(a->deadline); i++) {
                        struct pg_question *q = &a->seen.questions[t][i];

                        if (i == PG_USUAL && !pooled(a))
                                break;
                        if (!(t == PG_PLAIN ? converse(a, q, zc_pg_ask_step, &q->ask, err)
                                            : ask_tls(a, q, err)))
                                return false;
                        if (!note_answer(a, q))
                                break;
                }
                if (a->foreign)
                        return true;
        }
        return ask_direct(a, err);
}

static void account_silence(const struct pg_question *q, enum pg_transport t, struct zc_io *io)
{
        const char *what = t == PG_TLS ? "a login inside TLS was not answered"
                                       : "a login in the clear was not answered";
        const char *why = q->why[0] ? q->why : q->ask.why;

        zc_io_problem(io, "/postgres/answers", what, why);
        zc_io_partial(io, "", "%s: %s", what, why);
}

/** What was not answered, said. */
static size_t account(const struct asking *a, struct zc_io *io)
{
        size_t answered = 0;

        for (int t = 0; t < PG_TRANSPORTS; t++) {
                for (size_t i = 0; i < PG_TUPLES; i++) {
                        const struct pg_question *q = &a->seen.questions[t][i];

                        answered += pg_answered(q);
                        if (q->put && !pg_answered(q))
                                account_silence(q, (enum pg_transport)t, io);
                }
        }
        if (a->seen.pre_put && a->seen.pre.result != ZC_STARTTLS_OFFERED &&
            a->seen.pre.result != ZC_STARTTLS_REFUSED) {
                zc_io_problem(io, "/postgres/tls", "whether TLS is offered is not known",
                              a->seen.pre.why);
                zc_io_partial(io, "", "whether TLS is offered is not known: %s", a->seen.pre.why);
        }
        if (a->seen.pre.surplus > 0)
                zc_io_problem(io, "/postgres/tls", "bytes came in the clear before TLS could begin",
                              "they were kept out of the TLS session");
        return answered;
}

static const char *from_of(const struct zc_subject *s)
{
        return zc_addr_class(&s->addr) == ZC_ADDR_LOOPBACK ? "loopback"
               : s->local                                  ? "self"
                                                           : "network";
}

static bool postgres_run(const struct zc_subject *s, struct zc_io *io, json_t *out,
                         struct zc_err *err)
{
        struct asking a = { .s = s,
                            .io = io,
                            .deadline = zc_deadline_min(io->deadline, zc_deadline_in(BUDGET_MS)) };
        size_t answered;

        a.seen.from = from_of(s);
        a.seen.wrapped = json_is_string(json_object_get(s->endpoint, "wrapped"));
        name_make(a.seen.user);
        questions_make(&a.seen);
        if (!ask_all(&a, err))
                return zc_ctx(err, "asking PostgreSQL");
        answered = account(&a, io);
        if (answered == 0 && a.foreign && s->scheme != ZC_SCHEME_POSTGRES) {
                zc_io_notapplicable(io, "the answer is not PostgreSQL's");
                return true;
        }
        if (answered == 0)
                return zc_fail(err, ZC_E_TIMEOUT, "no answer to a login: %s",
                               a.foreign  ? "what came back is not PostgreSQL's"
                               : a.why[0] ? a.why
                                          : "there was no time to ask");
        return pg_evidence(&a.seen, out) || zc_fail(err, ZC_E_NOMEM, "no memory");
}

const struct zc_probe zc_probe_postgres = {
        .id = "postgres",
        .summary =
                "what PostgreSQL asks of whom before it lets them in, in the clear and inside TLS",
        .scope = ZC_SCOPE_ENDPOINT,
        .side = ZC_SIDE_COLLECTOR,
        .level = ZC_LEVEL_SAFE,
        .needs = ZC_NEED_TCP,
        .after = (const char *const[]){ "ports", "identify", NULL },
        .evidence = "endpoint.postgres",
        .sends = "three startup messages to what answers as PostgreSQL (user postgres, a name that "
                 "nobody has, and postgres for replication), the same after SSLRequest inside TLS, "
                 "one connection at a time; of what looks like PgBouncer two more each, for its "
                 "console (users postgres and pgbouncer); where TLS is offered, one ClientHello "
                 "without SSLRequest; no password, no query; where the server lets us in, "
                 "Terminate. Each refusal is a line in the server's log, application_name zerocrit",
        .applies = postgres_applies,
        .run = postgres_run,
};
