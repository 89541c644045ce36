/** What the postgres probe has asked one server, and how it is written down. */
#ifndef ZC_PROBE_POSTGRES_H
#define ZC_PROBE_POSTGRES_H

#include "zc/pgwire.h"
#include "zc/probe.h"
#include "zc/starttls.h"

enum pg_transport { PG_PLAIN, PG_TLS, PG_TRANSPORTS };

#define PG_TUPLES 5u
#define PG_USUAL 3u /* the rest is asked of what looks like PgBouncer */

/* One question and its answer. */
struct pg_question {
        struct zc_pg_ask ask;
        bool put;      /* it was asked: what the answer says counts */
        bool random;   /* the user is a name that nobody has */
        int64_t at;    /* wall clock, ms */
        char why[160]; /* no connection, no TLS */
};

struct pg_seen {
        const char *
                from; /* "network", "self", "loopback": where the questions came from, for a server may answer by that */
        struct pg_question questions[PG_TRANSPORTS][PG_TUPLES];
        struct zc_starttls pre; /* of the first question inside TLS */
        bool pre_put, wrapped;
        bool direct_put, direct; /* TLS from the first byte: seen to be taken, or refused */
        bool tls_established;
        int64_t pre_at;
        char user[24]; /* the name that nobody has */
};

/** Fill endpoint.postgres with what was seen and nothing else. False: out of memory. */
bool pg_evidence(const struct pg_seen *seen, json_t *out);
/** Let in where PgBouncer is administered, not in a database of that name. */
bool pg_console(const struct pg_question *q);
/** It spoke PostgreSQL to that question. */
bool pg_answered(const struct pg_question *q);

#endif
