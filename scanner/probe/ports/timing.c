/** See timing.h. */
#include "timing.h"

#define ATTEMPTS_UNHEARD 2u /* with more from the kernel, which asks again after 1 s */
#define ATTEMPTS_MANY 3u
#define ATTEMPTS_MOST 8u
#define SPACING_LEAST 60 /* ms; half as long again each time: a loss seldom comes alone */
#define SPACING_MOST 1000
#define PATIENCE_MOST 3500

/* Nothing has answered yet; RFC 6298 section 2.1 waits for 1 s. ms between attempts, and for the last; among few together longer than the
 * kernel looks for an address on the link (3 s). */
static const struct {
        int64_t spacing, patience;
} unheard_self = { 250, 1000 }, unheard_few = { 1000, 2200 }, unheard_many = { 1500, 1500 };

/* The least patience once something answered, in ms: an open port speaks for the host, a refusal may be a box before it. */
#define LEAST_OPEN 250
#define LEAST_REFUSED 1000
#define LEAST_MANY 400
#define LEAST_SELF 100

void timing_answer(struct timing *t, unsigned attempt, int64_t rtt_us, bool open)
{
        t->open = t->open || open;
        if (attempt > 1 && attempt > t->lost)
                t->lost = attempt;
        if (rtt_us < 0)
                return;
        if (!t->answered) {
                t->srtt_us = rtt_us;
                t->rttvar_us = rtt_us / 2;
        } else {
                int64_t off = t->srtt_us > rtt_us ? t->srtt_us - rtt_us : rtt_us - t->srtt_us;

                t->rttvar_us += (off - t->rttvar_us) / 4;
                t->srtt_us += (rtt_us - t->srtt_us) / 8;
        }
        t->answered = true;
        if (rtt_us > t->slowest_us)
                t->slowest_us = rtt_us;
}

/* RFC 6298's retransmission timer, without its floor of a second; ms. */
static int64_t rto(const struct timing *t)
{
        return (t->srtt_us + 4 * t->rttvar_us) / 1000;
}

unsigned timing_attempts(const struct timing *t)
{
        unsigned n = !t->answered         ? ATTEMPTS_UNHEARD
                     : t->self || !t->few ? ATTEMPTS_MANY
                                          : TIMING_ATTEMPTS_FEW,
                 lossy = t->lost ? 2 * t->lost + 1 : 0;

        n = lossy > n ? lossy : n;
        return n < ATTEMPTS_MOST ? n : ATTEMPTS_MOST;
}

int64_t timing_spacing(const struct timing *t, unsigned attempt)
{
        int64_t ms = rto(t);

        if (!t->answered)
                return t->self  ? unheard_self.spacing
                       : t->few ? unheard_few.spacing
                                : unheard_many.spacing;
        if (ms < SPACING_LEAST)
                ms = SPACING_LEAST;
        for (unsigned i = 1; i < attempt && ms < SPACING_MOST; i++)
                ms += ms / 2;
        return ms < SPACING_MOST ? ms : SPACING_MOST;
}

int64_t timing_patience(const struct timing *t)
{
        int64_t least = t->self    ? LEAST_SELF
                        : !t->open ? LEAST_REFUSED
                        : t->few   ? LEAST_OPEN
                                   : LEAST_MANY,
                ms = rto(t), twice = 2 * t->slowest_us / 1000;

        if (!t->answered)
                return t->self  ? unheard_self.patience
                       : t->few ? unheard_few.patience
                                : unheard_many.patience;
        ms = twice > ms ? twice : ms;
        ms = ms > least ? ms : least;
        return ms < PATIENCE_MOST ? ms : PATIENCE_MOST;
}
