/**
 * Which versions of SSL and TLS a peer speaks, SSL 3.0 to TLS 1.3, each asked for with a ClientHello that offers that one alone. An answer
 * that could mean something else is asked for again in another way; silence is never taken for a refusal.
 */
#ifndef ZC_TLS_VERSIONS_H
#define ZC_TLS_VERSIONS_H

#include "zc/exchange.h"
#include "zc/starttls.h"
#include "zc/tls_wire.h"

/** Where it speaks, and how TLS begins there. Borrowed. */
struct zc_tls_peer {
        const struct zc_scope *scope;
        struct zc_addr addr;
        uint16_t port;
        const char *name;                         /* for scope and SNI; NULL for none */
        const struct zc_starttls_protocol *start; /* NULL: TLS from the first byte */
        struct zc_exchange_limits limits;
        struct zc_pace *pace; /* what its connections count against; NULL for nothing */
        struct zc_deadline deadline;
};

/** A conversation with the peer, its waiting times set; step and state are the caller's. */
struct zc_conv zc_tls_peer_conv(const struct zc_tls_peer *peer, zc_step_fn step, void *state);

enum zc_tls_offered { ZC_TLS_UNKNOWN, ZC_TLS_OFFERED, ZC_TLS_NOT_OFFERED };

#define ZC_TLS_SAID 160

struct zc_tls_version {
        uint16_t version;
        enum zc_tls_offered offered;
        uint16_t cipher;         /* chosen, where it was offered */
        char why[160];           /* in words, unless offered: what the peer did instead */
        bool closes;             /* while unknown: the peer ended the connection in answer, every time */
        unsigned attempts;       /* hellos sent */
        int64_t observed_at;     /* wall clock, ms, of the deciding answer */
        char sent[ZC_TLS_SAID];  /* the deciding exchange, as hexadecimal, cut */
        char received[ZC_TLS_SAID];
};

#define ZC_TLS_VERSIONS 5
/** In order: SSL 3.0, TLS 1.0, 1.1, 1.2, 1.3. What the peer does is in the results; fails for reasons of our own side only. */
bool zc_tls_versions_ask(const struct zc_tls_peer *peer, struct zc_tls_version out[ZC_TLS_VERSIONS], struct zc_err *err) ZC_MUST_USE;

/**
 * A version that a whole handshake showed (0 for none) is offered, whatever the hellos said; then what the peer did in place of an answer
 * is judged: a connection closed twice says "not offered" only of a peer that answers to another version. The last step of
 * zc_tls_versions_ask() without `seen`; may be called again when a handshake showed more.
 */
void zc_tls_versions_settle(struct zc_tls_version out[ZC_TLS_VERSIONS], uint16_t seen);

#endif
