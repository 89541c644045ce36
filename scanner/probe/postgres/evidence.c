/** endpoint.postgres: answers one by one, and what they say together about TLS. */
#include <string.h>

#include "postgres.h"
#include "zc/json.h"

static void put(json_t *o, const char *key, json_t *value)
{
        if (value)
                json_object_set_new(o, key, value);
}

static json_t *proof(int64_t at, const char *sent, const char *received)
{
        json_t *o = json_object();
        char time[ZC_TIME_LEN];

        zc_time_format(at, time);
        put(o, "observed_at", json_string(time));
        put(o, "attempts", json_integer(1));
        put(o, "sent", json_string(sent));
        put(o, "received", json_string(received));
        return o;
}

/* ---- one answer ---- */

/* By enum zc_pg_answer; NULL: not observed. Worse answers have higher ranks. */
static const struct {
        const char *result;
        unsigned rank;
} results[] = {
        [ZC_PG_NO_ANSWER] = { NULL, 0 }, [ZC_PG_READY] = { "ready", 5 },
        [ZC_PG_OK_ERROR] = { "ok", 4 },  [ZC_PG_OK_ONLY] = { "ok", 3 },
        [ZC_PG_ASKED] = { "asked", 2 },  [ZC_PG_ERROR] = { "refused", 1 },
        [ZC_PG_NOT_PG] = { NULL, 0 },
};

bool pg_answered(const struct pg_question *q)
{
        return q->put && results[q->ask.answer].result;
}

bool pg_console(const struct pg_question *q)
{
        return q->put && q->ask.answer == ZC_PG_READY &&
               strcmp(q->ask.database, "pgbouncer") == 0 &&
               strstr(q->ask.server_version, "/bouncer") != NULL;
}

/** It may log in that way, with a secret or without. */
static bool may_log_in(const struct pg_question *q)
{
        return pg_answered(q) && results[q->ask.answer].rank > 1;
}

/** Turned away for what it is (class 28), or by a pooler, which has one code for everything; not for want of room. */
static bool turned_away(const struct pg_question *q)
{
        return q->put && q->ask.answer == ZC_PG_ERROR &&
               (strncmp(q->ask.sqlstate, "28", 2) == 0 || strcmp(q->ask.sqlstate, "08P01") == 0);
}

static json_t *method(const struct zc_pg_ask *a)
{
        switch (a->answer) {
        case ZC_PG_READY:
        case ZC_PG_OK_ERROR:
        case ZC_PG_OK_ONLY:
                return json_string("trust");
        case ZC_PG_ASKED:
                return json_string(zc_pg_method_name(a->auth, a->mechanisms));
        default:
                return json_null();
        }
}

static json_t *answer_proof(const struct pg_question *q, enum pg_transport t)
{
        json_auto_t *sent = zc_json_printf("%s%s", t == PG_TLS ? "inside TLS: " : "", q->ask.sent);

        return proof(q->at, sent ? json_string_value(sent) : "", q->ask.received);
}

static json_t *answer(const struct pg_question *q, enum pg_transport t)
{
        const struct zc_pg_ask *a = &q->ask;
        const char *why = q->why[0] ? q->why : a->why;
        json_t *o = json_object();

        put(o, "user", json_string(a->user));
        put(o, "random", json_boolean(q->random));
        put(o, "database", json_string(a->database));
        put(o, "replication", json_boolean(a->replication));
        put(o, "transport", json_string(t == PG_TLS ? "tls" : "plain"));
        if (!pg_answered(q)) {
                put(o, "why", json_string(why));
                return o;
        }
        put(o, "result", json_string(results[a->answer].result));
        put(o, "method", method(a));
        put(o, "console", json_boolean(pg_console(q)));
        put(o, "code", a->sqlstate[0] ? json_string(a->sqlstate) : json_null());
        if (a->message[0])
                put(o, "message", json_string(a->message));
        if (a->mechanisms[0])
                put(o, "mechanisms", json_string(a->mechanisms));
        put(o, "proof", answer_proof(q, t));
        return o;
}

/* ---- all together ---- */

/** Whether a login has to be inside TLS, by what each question got in the clear and inside. */
static const char *required(const struct pg_seen *s)
{
        unsigned yes = 0, no = 0;

        if (s->wrapped)
                return "yes";
        for (size_t i = 0; i < PG_TUPLES; i++) {
                const struct pg_question *plain = &s->questions[PG_PLAIN][i];

                no += may_log_in(plain);
                yes += turned_away(plain) && may_log_in(&s->questions[PG_TLS][i]);
        }
        return yes && no ? "mixed" : yes ? "yes" : no ? "no" : "unknown";
}

static json_t *tls(const struct pg_seen *s)
{
        json_t *o = json_object();

        if (s->wrapped)
                put(o, "offered", json_true());
        else if (s->pre_put &&
                 (s->pre.result == ZC_STARTTLS_OFFERED || s->pre.result == ZC_STARTTLS_REFUSED))
                put(o, "offered", json_boolean(s->pre.result == ZC_STARTTLS_OFFERED));
        put(o, "required", json_string(required(s)));
        if (s->wrapped || s->direct_put)
                put(o, "direct", json_boolean(s->wrapped || s->direct));
        if (s->pre_put)
                put(o, "proof", proof(s->pre_at, s->pre.sent, s->pre.received));
        return o;
}

/** The whole's proof is the answer that lets in the most. */
static json_t *worst_proof(const struct pg_seen *s)
{
        const struct pg_question *worst = NULL;
        enum pg_transport at = PG_PLAIN;

        for (int t = 0; t < PG_TRANSPORTS; t++) {
                for (size_t i = 0; i < PG_TUPLES; i++) {
                        const struct pg_question *q = &s->questions[t][i];

                        if (!pg_answered(q) || (worst && results[q->ask.answer].rank <=
                                                                 results[worst->ask.answer].rank))
                                continue;
                        worst = q;
                        at = (enum pg_transport)t;
                }
        }
        return worst ? answer_proof(worst, at) : NULL;
}

bool pg_evidence(const struct pg_seen *s, json_t *out)
{
        json_t *answers = json_array();

        put(out, "from", json_string(s->from));
        put(out, "tls", tls(s));
        for (int t = 0; t < PG_TRANSPORTS; t++) {
                for (size_t i = 0; i < PG_TUPLES; i++) {
                        const struct pg_question *q = &s->questions[t][i];

                        if (q->put)
                                json_array_append_new(answers, answer(q, (enum pg_transport)t));
                        if (q->ask.server_version[0] && !json_object_get(out, "version"))
                                put(out, "version", json_string(q->ask.server_version));
                }
        }
        put(out, "answers", answers);
        put(out, "proof", worst_proof(s));
        return answers != NULL;
}
