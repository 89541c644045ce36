/**
 * Exchange: many short TCP conversations in one poll loop, with one deadline. A conversation is a step machine that does no I/O:
 * it is given the bytes that came in and answers what to do next. Preambles (STARTTLS, SSLRequest) are steps composed in front.
 *
 * What a peer does is a fact in the conversation, never an error. What our own side lacks for a moment (descriptors, local ports,
 * buffers) is waited for; only when it stays away is the conversation ZC_CONNECT_LOCAL. Nothing here is taken for a closed port.
 */
#ifndef ZC_EXCHANGE_H
#define ZC_EXCHANGE_H

#include "zc/addr.h"
#include "zc/clock.h"
#include "zc/err.h"
#include "zc/pace.h"
#include "zc/rd.h"
#include "zc/scope.h"
#include "zc/wr.h"

enum zc_step { ZC_STEP_MORE, ZC_STEP_SEND, ZC_STEP_DONE };

enum zc_event {
        ZC_EV_CONNECTED,
        ZC_EV_DATA,    /* there are new bytes in `in` */
        ZC_EV_SENT,    /* what the last ZC_STEP_SEND filled in is with the kernel; `in` holds what was not consumed before */
        ZC_EV_EOF,     /* the peer closed its side; sending is still possible */
        ZC_EV_RESET,   /* the peer (or a box between) broke the connection; nothing can be sent */
        ZC_EV_TIMEOUT, /* idle_ms passed without a byte, and the peer has all that was sent; MORE waits as long again */
};

#define ZC_EXCHANGE_SEND_MAX ((size_t)64 * 1024) /* room in `out` */

/**
 * @in: all bytes received and not yet consumed; the step advances it past what it consumed.
 * @out: filled when it returns ZC_STEP_SEND.
 * After ZC_EV_EOF and ZC_EV_RESET, and when the conversation is cut, MORE ends it.
 */
typedef enum zc_step (*zc_step_fn)(void *state, enum zc_event ev, struct zc_rd *in, struct zc_wr *out);

enum zc_connect {
        ZC_CONNECT_NONE,        /* not tried: the deadline passed first */
        ZC_CONNECT_OPEN,
        ZC_CONNECT_REFUSED,     /* a RST, or what this kernel cannot tell from one */
        ZC_CONNECT_SILENT,      /* no answer within connect_ms */
        ZC_CONNECT_UNREACHABLE, /* an ICMP error, or nobody answered for the address on the link; sys, icmp_* say which */
        ZC_CONNECT_LOCAL,       /* our own side failed: no port, no route, no descriptor */
        ZC_CONNECT_SCOPE,       /* not in scope: not tried; `verdict` says why */
};

struct zc_conv {
        /* set by the caller */
        const char *name;   /* for scope; may be NULL */
        struct zc_pace *pace; /* the ceiling that it counts against, beside the exchange's own limits; NULL for none */
        zc_step_fn step;    /* NULL: connect only, then reset, which leaves no TIME_WAIT behind */
        void *state;
        int64_t connect_ms; /* how long to wait for the connection, 0: the exchange's deadline only */
        int64_t idle_ms;    /* how long to wait for the next byte, 0: likewise */
        int64_t total_ms;   /* how long it may last once connected, 0: likewise */
        size_t max_bytes;   /* received in all before the conversation is cut; 0: 64 KiB */
        struct zc_addr addr;
        uint16_t port;
        /* set by the exchange */
        bool finished;            /* its step machine said DONE (or it was connect-only and got an answer) */
        bool cut;                 /* max_bytes, total_ms or the deadline ended it */
        struct zc_addr icmp_from; /* who sent the ICMP error that ended the attempt; family 0 when unknown */
        int icmp_type, icmp_code; /* of it (ICMPv6 for IPv6); -1: none, or this kernel does not say */
        enum zc_connect connect;
        enum zc_scope_verdict verdict;
        int sys;                  /* errno behind it, 0 if none */
        int64_t rtt_us;           /* of the connection or its refusal, -1 unknown */
        size_t sent, received;
};

#define ZC_CONV_REASON_LEN 160
/** How the connection went, in words: "refused", "ICMP port unreachable from 192.0.2.1", "no answer", "no route to host". */
void zc_conv_reason(const struct zc_conv *c, char out[ZC_CONV_REASON_LEN]);

struct zc_exchange_limits {
        unsigned at_once;     /* sockets open at the same time, at least 1; lowered to what RLIMIT_NOFILE leaves */
        unsigned per_second;  /* new connections a second, 0: no limit */
};

/**
 * Supplies conversations one by one, so that thousands need no array: returns NULL when there are no more. `done` is called as each
 * ends; the conversation belongs to the caller again. Every conversation that `next` gave is handed to `done` once.
 */
struct zc_exchange_source {
        struct zc_conv *(*next)(void *ctx);
        void (*done)(void *ctx, struct zc_conv *c);
        void *ctx;
        bool (*stopping)(void *ctx); /* NULL, or asked a few times a second: true ends the exchange as its deadline would */
        /* For a source that makes up its mind while conversations are under way, asked every ZC_EXCHANGE_TICK ms; NULL for others. */
        bool (*more)(void *ctx); /* next() had none: will it have one later? */
        /** Until when (zc_mono_ms) a connection that was begun at started_ms is waited for; stands in for connect_ms. */
        int64_t (*until)(void *ctx, const struct zc_conv *c, int64_t started_ms);
};
#define ZC_EXCHANGE_TICK 10

/**
 * Runs until all are done or the deadline passes; those left then are reported as cut. Every address is checked against the scope
 * before its connect. Fails only for reasons of our own side, after every conversation was handed back.
 */
bool zc_exchange_run(const struct zc_scope *scope, const struct zc_exchange_source *source, const struct zc_exchange_limits *limits,
                     struct zc_deadline deadline, struct zc_err *err) ZC_MUST_USE;

/** An array of conversations, at most limits->at_once at a time, with one deadline; each tells how it went. */
bool zc_exchange_all(const struct zc_scope *scope, struct zc_conv *convs, size_t count, const struct zc_exchange_limits *limits,
                     struct zc_deadline deadline, struct zc_err *err) ZC_MUST_USE;
/** The same for one. */
bool zc_exchange_one(const struct zc_scope *scope, struct zc_conv *conv, struct zc_deadline deadline, struct zc_err *err) ZC_MUST_USE;

/**
 * Two step machines, one after the other, as one: when `first` is DONE and `go_on` says so, `next` hears ZC_EV_CONNECTED and has the
 * rest of the conversation, beginning with what `first` did not consume. A chain may stand in a chain.
 */
struct zc_step_chain {
        zc_step_fn first;
        void *first_state;
        bool (*go_on)(void *first_state); /* NULL: always */
        zc_step_fn next;
        void *next_state;
        bool passed; /* set by the chain: `next` has it */
};
enum zc_step zc_step_chain(void *chain, enum zc_event ev, struct zc_rd *in, struct zc_wr *out);

#endif
