/**
 * How fast probes are sent, how soon a silent one is sent again, and how often. Pure: the clock is the caller's.
 *
 * The rate follows the share of first probes that is answered. It doubles while that share stands, and is halved when it falls; where the share is
 * no better at half the rate, packets are lost for other reasons, and the rate is taken up again. Loss alone never slows a scan down.
 */
#ifndef ZC_NET_SYN_RATE_H
#define ZC_NET_SYN_RATE_H

#include <stdbool.h>
#include <stdint.h>

#define SYN_EPOCHS 64u
#define SYN_NO_EPOCH UINT16_MAX
#define SYN_ATTEMPTS_MOST 24u

/* A short time of sending, and what came of its first probes. */
struct syn_epoch {
        int64_t start_us, end_us; /* 0: it is still going on */
        uint32_t sent, answered, packets; /* first probes, answers to them, all packets */
};

struct syn_rate {
        double ceiling; /* packets a second */
        double rate, tokens;
        int64_t filled_us;
        bool near; /* own network: short floors */
        struct syn_epoch epochs[SYN_EPOCHS];
        uint32_t first, next; /* epochs under way: [first, next) modulo */
        struct syn_epoch judged; /* sums of those that were too few to tell; end_us: how long they were */
        uint64_t firsts;
        double share;         /* of first probes answered, as it should be; 0: not known */
        bool cut;             /* it was halved, to see whether that helps */
        bool careful;         /* that helped once */
        int64_t cut_us;
        double cut_rate, cut_share;
        /* answers */
        uint64_t answers, lost, tries;
        int64_t srtt_us, rttvar_us, slowest_us;
};

void syn_rate_init(struct syn_rate *r, double ceiling, bool near, int64_t now_us);
/** Packets that may be sent now. */
unsigned syn_rate_room(struct syn_rate *r, int64_t now_us);
/** So many were. */
void syn_rate_spend(struct syn_rate *r, unsigned packets);
/** us until there is room for a few. */
int64_t syn_rate_wait_us(const struct syn_rate *r);
/** A first probe is sent: the epoch that it belongs to. */
uint16_t syn_rate_first(struct syn_rate *r, int64_t now_us);
/** An answer to attempt `attempt`; epoch is that of the first probe, rtt_us -1 when it is not known. */
void syn_rate_answer(struct syn_rate *r, uint16_t epoch, unsigned attempt, int64_t rtt_us);
/** Once in a while: looks back at what epochs came to. */
void syn_rate_tick(struct syn_rate *r, int64_t now_us);
/** This machine itself could not keep up. */
void syn_rate_overrun(struct syn_rate *r, int64_t now_us);

/** How often a pair is asked before its silence counts. */
unsigned syn_rate_need(const struct syn_rate *r);
/** us between an attempt (from 1) and the next, or until silence after the last counts. */
int64_t syn_rate_spacing(const struct syn_rate *r, unsigned attempt);
/** Of packets and answers together. */
double syn_rate_loss(const struct syn_rate *r);

#endif
