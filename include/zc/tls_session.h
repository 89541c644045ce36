/**
 * A TLS client session as a step machine (include/zc/exchange.h): it does the handshake through OpenSSL over memory, then speaks for
 * an inner step machine, whose bytes travel encrypted. It observes and verifies nothing: every certificate, version from TLS 1.0 and
 * legacy cipher that OpenSSL can do is taken, for what a peer offers is a fact to be judged elsewhere. What OpenSSL refuses to speak
 * (SSLv2, SSLv3, export suites, ...) needs raw ClientHello bytes.
 */
#ifndef ZC_TLS_SESSION_H
#define ZC_TLS_SESSION_H

#include "zc/exchange.h"

/** Once per process, before threads and before the sandbox: loads what OpenSSL reads from files. */
bool zc_tls_init(struct zc_err *err) ZC_MUST_USE;
void zc_tls_release(void);

struct zc_tls_session;

#define ZC_TLS_CHAIN_MAX 16 /* certificates kept of a served chain */

struct zc_tls_session_options {
        const char *sni;               /* NULL for none; never a literal address (RFC 6066 section 3) */
        const char *const *alpn;       /* NULL-terminated protocol names, NULL for none */
        uint16_t min_version, max_version; /* 0x0301 ... 0x0304; 0: what OpenSSL can do */
        const char *ciphers;           /* OpenSSL cipher string for TLS 1.2 and below, NULL: everything */
        zc_step_fn inner;              /* NULL: the handshake is all; the session is DONE after it */
        void *inner_state;
};

enum zc_tls_progress {
        ZC_TLS_NOT_STARTED,
        ZC_TLS_HANDSHAKING,  /* cut or closed before its end */
        ZC_TLS_ESTABLISHED,
        ZC_TLS_FAILED,       /* alert received or sent, or not TLS at all */
};

struct zc_tls_facts {
        enum zc_tls_progress progress;
        uint16_t version;            /* 0x0303; 0 before ServerHello */
        uint16_t cipher;             /* IANA id */
        const char *cipher_name;     /* IANA name; static */
        const char *group;           /* key exchange group ("x25519"), NULL when there is none or OpenSSL does not say */
        char alpn[64];               /* selected protocol, escaped; "" for none */
        int alert;                   /* the last alert received, -1 for none (RFC 8446 section 6) */
        bool not_tls;                /* the answer was no TLS record */
        char why[160];               /* of a failure, in words */
        size_t chain_count;          /* certificates served, leaf first, at most ZC_TLS_CHAIN_MAX */
        bool chain_cut;              /* there were more */
        struct zc_rd chain[ZC_TLS_CHAIN_MAX]; /* DER; valid until the session is freed */
        bool client_certificate_asked;
};

/** Strings are copied. */
bool zc_tls_session_new(const struct zc_tls_session_options *o, struct zc_tls_session **out, struct zc_err *err) ZC_MUST_USE;
/** The step function; its state is the session. */
enum zc_step zc_tls_session_step(void *session, enum zc_event ev, struct zc_rd *in, struct zc_wr *out);
/** Facts so far; valid until the session is freed. */
const struct zc_tls_facts *zc_tls_session_facts(const struct zc_tls_session *s);
void zc_tls_session_free(struct zc_tls_session *s);
ZC_FREEP(zc_tls_session);

#endif
