/** What the parts of a run of the SYN engine share. */
#ifndef ZC_NET_SYN_RUN_H
#define ZC_NET_SYN_RUN_H

#include <linux/if_packet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "hop.h"
#include "syn_slots.h"

#define SYN_BATCH 64u

struct zc_syn {
        struct zc_capture capture;
        struct zc_ring *ring;
        struct hops *hops;
        struct hops *lookup; /* for questions from other threads, under a lock of its own */
        struct syn_key key;
        pthread_mutex_t turn, looking;
};

/* Packets that go with one system call. */
struct syn_batch {
        unsigned count;
        struct mmsghdr messages[SYN_BATCH];
        struct iovec parts[SYN_BATCH];
        struct sockaddr_ll to[SYN_BATCH];
        uint32_t slots[SYN_BATCH]; /* SYN_NONE: of none */
        uint8_t bytes[SYN_BATCH][ZC_SEGMENT_MAX];
};

struct syn_run {
        struct zc_syn *syn;
        const struct zc_scope *scope;
        const struct zc_syn_source *source;
        struct zc_syn_stats *stats;
        struct syn_slots slots;
        struct syn_rate rate;
        struct syn_batch batch;
        int64_t now_us, real_us;
        int64_t dropped_us; /* when the kernel was last seen to have dropped answers; 0 never */
        int64_t dropped_at; /* when it was last asked */
        unsigned room;      /* packets that may be sent in this turn */
        bool ended;         /* the source has no more */
        bool stopped;
};

/** Where packets to an address go now: false when its neighbour is not known yet, or there is no way. */
struct syn_way {
        struct hop hop;
        uint32_t neigh; /* NEIGH_NONE: none is needed */
};
/** The clocks, once a turn. */
void syn_run_clock(struct syn_run *r);
/** A packet was sent. */
void syn_run_spend(struct syn_run *r);
/** A probe to the slot's pair, by this way, into the batch; sent when the batch is full. */
void syn_send_probe(struct syn_run *r, uint32_t number, const struct syn_way *way);
/** Ends what a SYN-ACK began; `got` is the segment that came. */
void syn_send_reset(struct syn_run *r, const struct zc_segment *got);
void syn_send_flush(struct syn_run *r);

/** Everything that has come. */
void syn_take_answers(struct syn_run *r);
/** The slot is done: handed back and free. */
void syn_conclude(struct syn_run *r, uint32_t number, const struct zc_syn_answer *a);
/** The neighbour is known, or silent: what waits for it goes on. */
void syn_neigh_settled(struct syn_run *r, uint32_t neigh);

#endif
