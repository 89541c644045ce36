/** One connection of the identification: wait for a greeting, then perhaps ask one question. */
#ifndef ZC_IDENTIFY_TALK_H
#define ZC_IDENTIFY_TALK_H

#include "zc/identify.h"
#include "zc/tls_session.h"

#define TALK_BYTES ((size_t)4096)
#define HELLO_BYTES ((size_t)512)

struct talk {
        /* set by the caller */
        enum zc_asked question;        /* ZC_ASKED_NOTHING: only listen */
        unsigned wait;                 /* idle periods to wait for a greeting, 0: ask at once */
        unsigned patience;             /* idle periods to wait for the answer */
        const char *host;              /* for HTTP: what Host says; NULL for nothing */
        const char *path, *body;       /* HTTP: NULL for "/"; a body makes it a POST of JSON */
        struct zc_tls_session *within; /* NULL, or the session that it speaks in */
        const struct talk
                *unless; /* NULL, or one that makes the question needless when it hears anything */
        /* what came of it */
        bool asked, ended, by_alpn;
        const char *service;
        uint8_t got[TALK_BYTES];
        size_t got_n;
};
/** The step function; its state is the talk. */
enum zc_step talk_step(void *talk, enum zc_event ev, struct zc_rd *in, struct zc_wr *out);
/** For zc_step_chain: it was silent and is still there. */
bool talk_go_on(void *talk);

/** A TLS session that is waited for, and whose first bytes are kept as they came: they may be no TLS. */
struct hello {
        struct zc_tls_session *session;
        unsigned patience;
        uint8_t raw[HELLO_BYTES];
        size_t raw_n;
};
enum zc_step hello_step(void *hello, enum zc_event ev, struct zc_rd *in, struct zc_wr *out);

#endif
