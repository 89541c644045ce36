/** How long a host is waited for, and how often asked: from what its own answers took (RFC 6298) and how many were lost. */
#ifndef ZC_PORTS_TIMING_H
#define ZC_PORTS_TIMING_H

#include <stdbool.h>
#include <stdint.h>

#define TIMING_ATTEMPTS_FEW 4u /* where few ports are asked and none is lost */

struct timing {
        /* set by the caller */
        bool self; /* over lo */
        bool few;  /* so few ports that there is time for each */
        /* learned */
        bool answered,
                open; /* anything; an open port: the host itself, not a box in front of it that refuses in its name */
        int64_t srtt_us, rttvar_us, slowest_us;
        unsigned
                lost; /* the latest attempt that was answered while those before it were not; 0 none */
};

/** An answer came, to which attempt (from 1) and after how long. */
void timing_answer(struct timing *t, unsigned attempt, int64_t rtt_us, bool open);
/** How often a port is asked before its silence counts: at least twice. */
unsigned timing_attempts(const struct timing *t);
/** ms between an attempt (from 1) and the next. */
int64_t timing_spacing(const struct timing *t, unsigned attempt);
/** ms that the last attempt is waited for. */
int64_t timing_patience(const struct timing *t);

#endif
