/** One conversation's socket and buffers: what exchange.c schedules and conv.c carries out. */
#ifndef ZC_NET_CONV_H
#define ZC_NET_CONV_H

#include "zc/exchange.h"

enum conv_phase { CONV_FREE, CONV_CONNECTING, CONV_READING, CONV_SENDING };

/** What a call leaves behind. */
enum conv_result {
        CONV_GOES_ON,
        CONV_ENDED,
        CONV_LATER, /* connect only: our side lacks something now; errno in sys, nothing is open */
};

struct conv_slot {
        struct zc_conv *c;
        enum conv_phase phase;
        int fd;
        bool eof;
        int gone; /* errno that a call other than recv() was given: the connection is broken, though data may remain */
        int64_t started_us;
        int64_t total_at; /* ms, of total_ms; INT64_MAX for none */
        int64_t wake_at;  /* ms, when conv_expire() is due */
        uint8_t *in;
        size_t in_len, in_off, in_cap;
        uint8_t *out;
        size_t out_len, out_off;
};

/** What all slots of one exchange share. */
struct conv_loop {
        int epoll;
        int64_t deadline_at; /* ms */
        uint8_t *scratch;    /* ZC_EXCHANGE_SEND_MAX bytes */
        bool no_memory;
};

/** Fills what the exchange sets. */
void conv_reset(struct zc_conv *c);
enum conv_result conv_connect(struct conv_loop *loop, struct conv_slot *s) ZC_MUST_USE;
/** Events came in from epoll. */
enum conv_result conv_ready(struct conv_loop *loop, struct conv_slot *s,
                            uint32_t events) ZC_MUST_USE;
/** wake_at has passed. */
enum conv_result conv_expire(struct conv_loop *loop, struct conv_slot *s,
                             int64_t now_ms) ZC_MUST_USE;
/** Ends it whatever it does; its step hears ZC_EV_TIMEOUT once more. */
void conv_cut(struct conv_loop *loop, struct conv_slot *s);
/** Closes and frees what the slot holds; c is left alone. */
void conv_close(struct conv_slot *s);

#endif
