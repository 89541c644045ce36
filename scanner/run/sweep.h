/**
 * Blocks by packets of our own: some members of a block with all of their ports in one run of the SYN engine, in permuted order, so that no host
 * and no network gets its packets all at once. Two bits a pair, and a note for what is open.
 */
#ifndef ZC_RUN_SWEEP_H
#define ZC_RUN_SWEEP_H

#include "collector_work.h"
#include "zc/permute.h"
#include "zc/ports.h"

#define ZC_SWEEP_MEMBERS 65536u
#define ZC_SWEEP_PAIRS (UINT64_C(4) << 20) /* a MiB of states */

struct zc_sweep;

/** @ports: a copy is made. Members are those from `first` on. */
struct zc_sweep *zc_sweep_new(struct zc_collector *c, const struct zc_prefix *block, uint64_t first, uint64_t members, const struct zc_portset *ports);
/** Who keeps one while others may let it go. */
void zc_sweep_hold(struct zc_sweep *s);
void zc_sweep_drop(struct zc_sweep *s);
/** A member is to be swept. */
void zc_sweep_take(struct zc_sweep *s, uint64_t member);
/** Until all that were taken are answered, or time is over. False: not even begun. */
bool zc_sweep_run(struct zc_sweep *s);
/** Something was found out about the member. */
bool zc_sweep_knows(const struct zc_sweep *s, uint64_t member);
/** What was found at a member: a new result, to be released and freed; NULL where packets did not get there, or there is no memory. */
struct zc_ports_result *zc_sweep_result(const struct zc_sweep *s, uint64_t member);

#endif
