/**
 * One ceiling over everybody who opens connections: so many new ones a second, so many at a time, whichever thread they are opened by. What
 * the user allows with --rate and --concurrency is one of these.
 */
#ifndef ZC_PACE_H
#define ZC_PACE_H

#include "zc/clock.h"
#include "zc/err.h"

/** The most that can be said, and what `--rate max` says: faster than anything is answered. */
#define ZC_RATE_MOST 1000000u

struct zc_pace;

/** 0: no ceiling. */
bool zc_pace_new(unsigned per_second, unsigned at_once, struct zc_pace **out, struct zc_err *err) ZC_MUST_USE;
void zc_pace_free(struct zc_pace *p);
ZC_FREEP(zc_pace);

/** A connection may be opened; zc_pace_leave() when it is closed. False: not now; in *again_ms it is worth asking again. NULL allows everything. */
bool zc_pace_enter(struct zc_pace *p, int64_t *again_ms) ZC_MUST_USE;
/** The same, waiting for it; false: the deadline passed first. */
bool zc_pace_wait(struct zc_pace *p, struct zc_deadline deadline) ZC_MUST_USE;
void zc_pace_leave(struct zc_pace *p);

#endif
