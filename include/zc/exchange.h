/**
 * Exchange: many short TCP conversations in one poll loop, with one deadline. A conversation is a step machine that does no I/O:
 * it is given the bytes that came in and answers what to do next. Preambles (STARTTLS, SSLRequest) are steps composed in front.
 */
#ifndef ZC_EXCHANGE_H
#define ZC_EXCHANGE_H

#include "zc/addr.h"
#include "zc/clock.h"
#include "zc/err.h"
#include "zc/rd.h"
#include "zc/scope.h"
#include "zc/wr.h"

enum zc_step { ZC_STEP_MORE, ZC_STEP_SEND, ZC_STEP_DONE };

enum zc_event { ZC_EV_CONNECTED, ZC_EV_DATA, ZC_EV_EOF, ZC_EV_TIMEOUT };

/**
 * @in: all bytes received and not yet consumed; the step advances it past what it consumed.
 * @out: filled when it returns ZC_STEP_SEND; called again with the same event's rest after the send.
 */
typedef enum zc_step (*zc_step_fn)(void *state, enum zc_event ev, struct zc_rd *in, struct zc_wr *out);

enum zc_connect { ZC_CONNECT_NONE, ZC_CONNECT_OPEN, ZC_CONNECT_REFUSED, ZC_CONNECT_SILENT, ZC_CONNECT_UNREACHABLE,
                  ZC_CONNECT_LOCAL /* our own side failed: no port, no route, no descriptor */, ZC_CONNECT_SCOPE /* not in scope: not tried */ };

struct zc_conv {
        /* set by the caller */
        struct zc_addr addr;
        uint16_t port;
        const char *name;     /* for scope; may be NULL */
        zc_step_fn step;      /* NULL: connect only, then close */
        void *state;
        int64_t connect_ms;   /* how long to wait for the connection, 0: the exchange's deadline only */
        int64_t idle_ms;      /* how long to wait for the next byte, 0: likewise */
        size_t max_bytes;     /* received in all before the conversation is cut; 0: 64 KiB */
        /* set by the exchange */
        enum zc_connect connect;
        int sys;              /* errno behind it, 0 if none */
        int64_t rtt_us;       /* of the connection, -1 unknown */
        size_t sent, received;
        bool finished;        /* its step machine said DONE (or it was connect-only and got an answer) */
        bool cut;             /* max_bytes or the deadline ended it */
};

struct zc_exchange_limits {
        unsigned at_once;     /* sockets open at the same time; lowered to what RLIMIT_NOFILE leaves */
        unsigned per_second;  /* new connections a second, 0: no limit */
};

/**
 * Supplies conversations one by one, so that thousands need no array: returns NULL when there are no more. `done` is called as each
 * ends; the conversation belongs to the caller again.
 */
struct zc_exchange_source {
        struct zc_conv *(*next)(void *ctx);
        void (*done)(void *ctx, struct zc_conv *c);
        void *ctx;
};

/** Runs until all are done or the deadline passes (those left are reported as cut). Fails only for reasons of our own side. */
bool zc_exchange_run(const struct zc_scope *scope, const struct zc_exchange_source *source, const struct zc_exchange_limits *limits,
                     struct zc_deadline deadline, struct zc_err *err) ZC_MUST_USE;

#endif
