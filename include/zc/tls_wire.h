/**
 * TLS in bytes: a ClientHello of our own making, which OpenSSL would refuse to send, and what a server answers to one, read no further
 * than ServerHello. Pure. RFC 6101 (SSL 3.0), 2246, 4346, 5246, 8446.
 */
#ifndef ZC_TLS_WIRE_H
#define ZC_TLS_WIRE_H

#include "zc/err.h"
#include "zc/rd.h"
#include "zc/wr.h"

#define ZC_SSL3 0x0300
#define ZC_TLS10 0x0301
#define ZC_TLS11 0x0302
#define ZC_TLS12 0x0303
#define ZC_TLS13 0x0304

/** "TLSv1.2"; NULL for a number that is none of the five. */
const char *zc_tls_version_name(uint16_t version);
/** "handshake_failure"; "alert 200" has no name: NULL (IANA TLS Alerts). */
const char *zc_tls_alert_name(uint8_t alert);

/* ---- what we say ---- */

/** Lists of suites, none longer than 127: servers exist that fail beyond. */
enum zc_tls_suites {
        ZC_SUITES_USUAL, /* what clients of that version's time sent */
        ZC_SUITES_REST,  /* what else the registry knows: NULL, anonymous, export, PSK, SRP, Kerberos, ARIA, ... */
        ZC_SUITES_FEW,   /* a handful that nearly everyone has */
};

#define ZC_TLS_SUITES_MAX 127
/** The suites of a list that a version can use, by preference; returns how many. */
size_t zc_tls_suites(uint16_t version, enum zc_tls_suites which, uint16_t out[ZC_TLS_SUITES_MAX]);

struct zc_tls_hello {
        uint16_t version;     /* the one offered; with `also_older` the highest */
        bool also_older;      /* TLS 1.3 only: offer 1.2 beside it, as a browser does */
        bool bare;            /* no extensions but the name; never with TLS 1.3. SSL 3.0 has none anyway */
        const uint16_t *suites;
        size_t suite_count;
        const char *sni;      /* NULL for none */
        uint8_t random[32];   /* fresh for every hello */
        uint8_t session[32];  /* TLS 1.3: looks like a resumption to boxes between (RFC 8446 appendix D.4) */
        uint8_t x25519[32];   /* TLS 1.3: a public key; every 32 bytes are one (RFC 7748 section 5) */
};
#define ZC_TLS_HELLO_MAX ((size_t)2048)

/** One record. A name too long for the wire sets w->failed. */
void zc_tls_hello_write(struct zc_wr *w, const struct zc_tls_hello *h);

/* ---- what comes back ---- */

enum zc_tls_answer_kind {
        ZC_TLS_ANSWER_MORE,      /* not whole yet */
        ZC_TLS_ANSWER_HELLO,     /* ServerHello */
        ZC_TLS_ANSWER_RETRY,     /* HelloRetryRequest: speaks TLS 1.3, wants another group */
        ZC_TLS_ANSWER_ALERT,     /* a fatal alert instead */
        ZC_TLS_ANSWER_FOREIGN,   /* no TLS at all */
        ZC_TLS_ANSWER_MALFORMED, /* TLS records, but what they hold breaks the protocol; why has the words */
};

struct zc_tls_answer {
        enum zc_tls_answer_kind kind;
        uint16_t version;        /* negotiated: supported_versions where it is, else ServerHello's own */
        uint16_t cipher, group;  /* group: of key_share, 0 when there is none */
        uint8_t compression;
        uint8_t alert;           /* of a fatal alert */
        int warning;             /* the last warning alert before the answer, -1 for none */
        uint8_t random[32];
        struct zc_rd session, alpn;
        bool secure_renegotiation; /* RFC 5746 */
        bool extended_master_secret;
        bool sentinel;           /* random ends in DOWNGRD: the server could do better (RFC 8446 section 4.1.3) */
        char why[80];
};

/** Reads from the start of what was received; `in` is not moved. Windows point into in, or into scratch where records were fragmented. */
#define ZC_TLS_ANSWER_SCRATCH ((size_t)4096) /* no ServerHello is longer */
void zc_tls_answer_parse(struct zc_rd in, uint8_t scratch[ZC_TLS_ANSWER_SCRATCH], struct zc_tls_answer *out);

#endif
