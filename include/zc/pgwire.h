/**
 * The PostgreSQL protocol, version 3.0, as far as it can be spoken without a login (PostgreSQL documentation, "Message Formats"): what
 * does the server answer to this user, database and transport? No password is ever sent, no query is ever asked.
 */
#ifndef ZC_PGWIRE_H
#define ZC_PGWIRE_H

#include "zc/exchange.h"

/* ---- messages, pure (pgwire_wire.c) ---- */

#define ZC_PG_MESSAGE_MAX ((uint32_t)64 * 1024)

/** type, then int32 length that counts itself, then the body. */
struct zc_pg_message {
        uint8_t type;
        struct zc_rd body;
};
enum zc_pg_next { ZC_PG_MORE, ZC_PG_MESSAGE, ZC_PG_FOREIGN };
/** The next whole message; `in` moves past it. FOREIGN: a length under 4 or over ZC_PG_MESSAGE_MAX, or a type no server sends. */
enum zc_pg_next zc_pg_message_next(struct zc_rd *in, struct zc_pg_message *out);

/** Authentication request codes ('R'). */
enum zc_pg_auth_code {
        ZC_PG_AUTH_OK = 0,
        ZC_PG_AUTH_KERBEROS5 = 2,
        ZC_PG_AUTH_CLEARTEXT = 3,
        ZC_PG_AUTH_MD5 = 5,
        ZC_PG_AUTH_GSS = 7,
        ZC_PG_AUTH_SSPI = 9,
        ZC_PG_AUTH_SASL = 10,
};
#define ZC_PG_MECHANISMS_MAX 8
struct zc_pg_auth {
        uint32_t code;
        struct zc_rd mechanisms[ZC_PG_MECHANISMS_MAX]; /* of SASL */
        size_t mechanism_count;
};
bool zc_pg_auth_parse(struct zc_rd body, struct zc_pg_auth *out, struct zc_err *err) ZC_MUST_USE;

/** ErrorResponse ('E'): fields that are absent have n == 0. C, F, L and R are not translated, M is. */
struct zc_pg_error {
        struct zc_rd severity, sqlstate, message, file, line, routine;
};
bool zc_pg_error_parse(struct zc_rd body, struct zc_pg_error *out, struct zc_err *err) ZC_MUST_USE;

/** ParameterStatus ('S'). */
bool zc_pg_status_parse(struct zc_rd body, struct zc_rd *name, struct zc_rd *value, struct zc_err *err) ZC_MUST_USE;

/** StartupMessage for protocol 3.0 with application_name=zerocrit. */
void zc_pg_startup_write(struct zc_wr *w, const char *user, const char *database, bool replication);

/* ---- the conversation ---- */

enum zc_pg_answer {
        ZC_PG_NO_ANSWER, /* closed, silent or cut: why has the words */
        ZC_PG_READY,     /* R 0 and ReadyForQuery: in, without a secret */
        ZC_PG_OK_ERROR,  /* R 0, then an error: no secret was asked for, and yet not in */
        ZC_PG_OK_ONLY,   /* R 0, then nothing that decides */
        ZC_PG_ASKED,     /* a method was asked for: auth, mechanisms */
        ZC_PG_ERROR,     /* refused before any authentication: sqlstate, message */
        ZC_PG_NOT_PG,    /* what came back is not this protocol */
};

struct zc_pg_ask {
        /* set by the caller; borrowed */
        const char *user, *database;
        bool replication;
        /* filled by the step machine */
        enum zc_pg_answer answer;
        uint32_t auth;             /* of ASKED: enum zc_pg_auth_code */
        char mechanisms[128];      /* "SCRAM-SHA-256-PLUS SCRAM-SHA-256", escaped */
        char sqlstate[6];
        char message[200];         /* escaped */
        char routine[64];
        char server_version[80];   /* ParameterStatus, escaped; "" unless READY */
        char why[160];
        char sent[200], received[300]; /* for proof: escaped, capped */
        bool leaving;
};

/** The step function; its state is a struct zc_pg_ask. One startup message, and Terminate where the server let us in. */
enum zc_step zc_pg_ask_step(void *ask, enum zc_event ev, struct zc_rd *in, struct zc_wr *out);
/** "trust", "password", "md5", "gss", "sspi", "scram-sha-256", "sasl", "unknown": the method that an authentication code stands for. */
const char *zc_pg_method_name(uint32_t auth, const char *mechanisms);

#endif
