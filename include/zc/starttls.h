/**
 * Preambles: what is said in the clear before TLS begins on a port that also speaks without it (STARTTLS, SSLRequest). Each is a row of
 * one table and runs as a step machine (include/zc/exchange.h), composed in front of a TLS session by zc_step_chain():
 *
 *         struct zc_starttls pre;
 *         zc_starttls_init(&pre, zc_starttls_find("postgresql"));
 *         struct zc_step_chain chain = { .first = zc_starttls_step, .first_state = &pre, .go_on = zc_starttls_go_on,
 *                                        .next = zc_tls_session_step, .next_state = session };
 */
#ifndef ZC_STARTTLS_H
#define ZC_STARTTLS_H

#include "zc/exchange.h"

enum zc_starttls_result {
        ZC_STARTTLS_UNKNOWN, /* no answer, or one that says neither; why has the words */
        ZC_STARTTLS_OFFERED, /* the peer said to begin */
        ZC_STARTTLS_REFUSED, /* it speaks the protocol and does not offer TLS now */
        ZC_STARTTLS_FOREIGN, /* what it said is not this protocol */
};

#define ZC_STARTTLS_SAID 400

struct zc_starttls_protocol;

/** One run of a preamble; storage of the caller, nothing to release. */
struct zc_starttls {
        const struct zc_starttls_protocol *protocol;
        unsigned stage;
        enum zc_starttls_result result;
        char why[160];                   /* in words, of anything but offered */
        char sent[ZC_STARTTLS_SAID];     /* what was said, escaped and capped */
        char received[ZC_STARTTLS_SAID]; /* what came back, likewise */
        /*
         * Bytes that answer nothing: they came before their question, or with the word to begin and before TLS. Never legitimate (RFC 3207
         * section 6, CVE-2011-0411, CVE-2021-23222); they are noted, and dropped, so that neither TLS nor the next question takes them for its own.
         */
        size_t surplus;
        bool clear; /* seen: what the service is for is to be had without TLS; false: not seen */
};

/** By service name: "postgresql", "smtp". NULL when there is none. */
const struct zc_starttls_protocol *zc_starttls_find(const char *service);
/** The service's name; static. */
const char *zc_starttls_name(const struct zc_starttls_protocol *p);
/** What it sends, in words, for probe descriptors. */
const char *zc_starttls_sends(const struct zc_starttls_protocol *p);

void zc_starttls_init(struct zc_starttls *s, const struct zc_starttls_protocol *p);
/** The step function; its state is the struct. DONE once the result is known. */
enum zc_step zc_starttls_step(void *starttls, enum zc_event ev, struct zc_rd *in, struct zc_wr *out);
/** For zc_step_chain: TLS may begin. */
bool zc_starttls_go_on(void *starttls);

/* ---- the replies, pure (starttls_wire.c) ---- */

enum zc_reply { ZC_REPLY_MORE, ZC_REPLY_DONE, ZC_REPLY_FOREIGN };

#define ZC_SMTP_LINE_MAX ((size_t)2048) /* RFC 5321 section 4.5.3.1.5 asks for 512; extensions may be longer */
#define ZC_SMTP_LINES_MAX 128u

struct zc_smtp_reply {
        unsigned code;      /* 200 ... 599 */
        unsigned lines;
        bool starttls;      /* one of the lines after the first is the keyword STARTTLS (RFC 3207 section 4) */
        bool auth;          /* likewise AUTH (RFC 4954 section 3): a login is taken as things stand */
        struct zc_rd first; /* the first line's text */
};

/** One whole reply, all of its lines (RFC 5321 section 4.2); `in` moves past it only when it is whole. */
enum zc_reply zc_smtp_reply_parse(struct zc_rd *in, struct zc_smtp_reply *out);

enum zc_pg_ssl_answer { ZC_PG_SSL_YES, ZC_PG_SSL_NO, ZC_PG_SSL_ERROR };
/** The one byte that answers SSLRequest: S, N, or an ErrorResponse, which is left in `in`. */
enum zc_reply zc_pg_ssl_parse(struct zc_rd *in, enum zc_pg_ssl_answer *out);

#endif
