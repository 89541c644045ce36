/**
 * What answers on a port, whatever its number: few questions, in a polite order. First a short wait for a greeting, then a TLS
 * ClientHello, then one small request after another, each on a connection of its own; inside TLS the same again. Where the first question
 * meets silence, the others are asked beside one another, HTTP a moment later. All waiting grows with the round trip: a silent port nearby
 * costs about two seconds. The port's number and the scheme the user typed only choose what is asked first: a database's own question is put
 * where that database is expected, and nowhere else. HTTP is never the first thing said to what may be a Redis: it takes that for
 * an attack, and logs it. Who is known and has not said its version may be asked once more, in its own words.
 */
#ifndef ZC_IDENTIFY_H
#define ZC_IDENTIFY_H

#include "zc/exchange.h"
#include "zc/said.h"
#include "zc/target.h"

/* ---- telling by bytes, pure (identify_wire.c and its tables) ---- */

/** What had been said when the bytes came. */
enum zc_asked {
        ZC_ASKED_NOTHING,
        ZC_ASKED_TLS,  /* ClientHello */
        ZC_ASKED_PING, /* Redis: PING */
        ZC_ASKED_HTTP, /* GET / */
        ZC_ASKED_PG,   /* PostgreSQL: SSLRequest */
        ZC_ASKED_MEMCACHED,
        ZC_ASKED_MONGODB,
        ZC_ASKED_CASSANDRA,
        ZC_ASKED_ZOOKEEPER,
        ZC_ASKED_BOLT,
        ZC_ASKED_TDS,
        ZC_ASKED_TNS,
        ZC_ASKED_MQTT,
        ZC_ASKED_AMQP,
        ZC_ASKED_KAFKA,
        ZC_ASKED_LDAP,
        ZC_ASKED_DNS,
        ZC_ASKED_RPCBIND,
        ZC_ASKED_NFS,
        ZC_ASKED_SMB,
        ZC_ASKED_RDP,
        ZC_ASKED_X11,
        ZC_ASKED_AJP,
        ZC_ASKED_JDWP,
        ZC_ASKED_RMI,
        ZC_ASKED_EPMD,
        ZC_ASKED_XMPP,
        ZC_ASKED_RTSP,
        ZC_ASKED_SIP,
        ZC_ASKED_COUNT,
};

enum zc_told { ZC_TOLD_MORE, ZC_TOLD_NOTHING, ZC_TOLD_SERVICE };

/**
 * The service that such bytes come from: a static name, "ssh", "http", ... @whole: no more will come, so that the answer is never MORE.
 * A name is given only for what no other service would say.
 */
enum zc_told zc_identify_bytes(struct zc_rd in, enum zc_asked asked, bool whole,
                               const char **service);
/** How a question is called in evidence: "banner", "tls", "ping", "http", "sslrequest", "mongodb", ... */
const char *zc_asked_name(enum zc_asked asked);

/** What such bytes of that service tell beside its name. Pure. */
void zc_identify_detail(struct zc_rd in, enum zc_asked asked, const char *service,
                        struct zc_said *out);
/** Whether more bytes of that answer would tell more than these. */
bool zc_identify_wants(struct zc_rd in, enum zc_asked asked, const char *service);

/* ---- the conversations ---- */

struct zc_identify_peer {
        const struct zc_scope *scope;
        struct zc_addr addr;
        uint16_t port;
        const char *name;      /* for scope, SNI and Host; NULL for none */
        enum zc_scheme scheme; /* what the user typed: a hint */
        struct zc_pace *pace;  /* what its connections count against; NULL for nothing */
        bool near;             /* over lo: a greeting comes at once */
        int64_t rtt_ms; /* what a round trip to it takes, 0 unknown: it is waited for in proportion */
        struct zc_deadline deadline;
};

#define ZC_BANNER_MAX 256
#define ZC_IDENTIFY_CONNECTIONS 8u /* never more */

enum zc_wrapped { ZC_WRAPPED_UNKNOWN, ZC_WRAPPED_NOT, ZC_WRAPPED_TLS };

struct zc_identity {
        const char *service;     /* static; NULL: nothing matched, or it could not be asked */
        struct zc_said said;     /* where service is known */
        bool access_asked; /* something was asked of it that it may want a login for; the proof stands in sent and received */
        enum zc_wrapped wrapped; /* TLS from the first byte */
        enum zc_asked by;        /* which question was answered, where service is known */
        bool by_alpn;            /* the handshake itself told (RFC 7301) */
        bool listened;           /* a greeting was waited for */
        bool asked_all; /* every question was put: a NULL service means that nothing matched */
        bool client_certificate;    /* TLS asks for one */
        char banner[ZC_BANNER_MAX]; /* what it said unasked: escaped, cut; "" for nothing */
        char sent[120];             /* the deciding exchange, escaped */
        char received[ZC_BANNER_MAX];
        unsigned connections;
        int64_t at;    /* wall clock, ms, of the deciding answer */
        char why[160]; /* what kept a question from being answered */
        size_t heard;  /* bytes that came, of whatever kind, over all connections */
        bool closed;   /* a connection was closed or broken before a word */
};

/** What the peer does is in the result; fails for reasons of our own side only. */
bool zc_identify(const struct zc_identify_peer *peer, struct zc_identity *out,
                 struct zc_err *err) ZC_MUST_USE;

#endif
