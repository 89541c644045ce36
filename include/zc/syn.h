/**
 * The SYN engine: many (address, port) pairs asked by packets of our own, over zc/capture.h.
 *
 * What is sent can be recognised when it comes back: source port and sequence number are a keyed hash of the pair, so an answer with
 * another port, number or host creates nothing. A pair that stays silent is asked again, each time from another source port, as often as the
 * loss that was measured asks for. The rate follows the share of probes that is answered: it falls when asking faster is answered less often, not
 * because a packet is lost. Memory is that of what is under way, whatever the number of pairs.
 *
 * One run at a time for each engine; others wait for their turn.
 */
#ifndef ZC_SYN_H
#define ZC_SYN_H

#include "zc/addr.h"
#include "zc/capture.h"
#include "zc/clock.h"
#include "zc/err.h"
#include "zc/scope.h"

struct zc_syn;

/** The capture's descriptors are borrowed. Where it has none for packets, no address is reached, and zc_syn_run() is not to be called. */
bool zc_syn_new(const struct zc_capture *c, struct zc_syn **out, struct zc_err *err) ZC_MUST_USE;
void zc_syn_free(struct zc_syn *s);
ZC_FREEP(zc_syn);

/** Whether packets get there: there is a route, by a device that we can speak over, and it is no address of this machine. Others are for connections. */
bool zc_syn_reaches(struct zc_syn *s, const struct zc_addr *addr);
/** It is on a network of this machine's own: no router between. */
bool zc_syn_on_link(struct zc_syn *s, const struct zc_addr *addr);

struct zc_syn_target {
        struct zc_addr addr;
        uint16_t port;
        uint64_t tag; /* the caller's own */
};

enum zc_syn_how {
        ZC_SYN_SILENT,       /* asked as often as it takes, and nothing came: filtered */
        ZC_SYN_OPEN,         /* SYN-ACK; it was ended with a RST */
        ZC_SYN_CLOSED,       /* RST */
        ZC_SYN_ICMP,         /* an ICMP error that quotes our packet: filtered, and icmp_* say why */
        ZC_SYN_NO_NEIGHBOUR, /* nobody answers for the address, or for its gateway, on the link: filtered */
        ZC_SYN_NO_ROUTE,     /* nothing could be sent: unknown, as all below */
        ZC_SYN_SCOPE,        /* not in scope: nothing was sent */
        ZC_SYN_LEFT,         /* the deadline, or stopping(), came first */
        ZC_SYN_DROPPED,      /* silent, but this machine dropped answers meanwhile */
};

struct zc_syn_answer {
        enum zc_syn_how how;
        uint8_t attempts; /* packets sent to it */
        uint8_t ttl;      /* of the answer, 0 none */
        int icmp_type, icmp_code; /* ICMP, ICMPv6 for IPv6; -1 none */
        struct zc_addr icmp_from; /* family 0: none */
        int64_t rtt_us;           /* -1 unknown */
};

enum zc_syn_next { ZC_SYN_NEXT, ZC_SYN_WAIT /* none now, perhaps later */, ZC_SYN_END };

/** All are called on the thread that runs. Every target that next() gave is handed to done() once. */
struct zc_syn_source {
        enum zc_syn_next (*next)(void *ctx, struct zc_syn_target *out);
        void (*done)(void *ctx, const struct zc_syn_target *t, const struct zc_syn_answer *a);
        bool (*stopping)(void *ctx); /* NULL, or asked a few times a second */
        const char *name;            /* for scope; NULL for literals */
        void *ctx;
};

struct zc_syn_limits {
        unsigned per_second; /* packets; 0: as fast as is answered */
        bool near;           /* all are on networks of this machine's own: silence is waited for less long */
};

struct zc_syn_stats {
        uint64_t sent, answers, duplicates;
        uint64_t strangers; /* came to our ports, and are no answers to what we sent */
        uint64_t dropped;   /* by this machine's kernel, for want of room */
        unsigned loss_permille; /* of probes and answers together, as far as measured */
        unsigned per_second;    /* the rate now */
};

/**
 * Run until every target is done, or the deadline passes. stats (never NULL) is kept up to date meanwhile. Fails only for reasons of our own
 * side, after every target was handed back.
 */
bool zc_syn_run(struct zc_syn *s, const struct zc_scope *scope, const struct zc_syn_source *source, const struct zc_syn_limits *limits,
                struct zc_deadline deadline, struct zc_syn_stats *stats, struct zc_err *err) ZC_MUST_USE;

#endif
