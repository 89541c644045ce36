/**
 * How far a run has come: numbers in memory that parent and collector share. The collector counts; the parent, that shows them, believes nothing but
 * that they are numbers.
 */
#ifndef ZC_PROGRESS_H
#define ZC_PROGRESS_H

#include <stdatomic.h>
#include <stdint.h>

#include "zc/err.h"

struct zc_progress {
        _Atomic uint64_t total; /* (address, port) pairs that are known of; grows while names are resolved */
        _Atomic uint64_t asked; /* of these */
        _Atomic uint64_t open;
};

/** All zero; shared with whoever is forked afterwards. */
bool zc_progress_new(struct zc_progress **out, struct zc_err *err) ZC_MUST_USE;
void zc_progress_free(struct zc_progress *p);
ZC_FREEP(zc_progress);
/** p may be NULL. */
void zc_progress_plan(struct zc_progress *p, uint64_t pairs);
void zc_progress_asked(struct zc_progress *p, uint64_t pairs, uint64_t open);

/** What a line on a terminal says. */
struct zc_pace_seen {
        int64_t at_ms;  /* when `asked` was seen last */
        uint64_t asked;
        double per_ms; /* smoothed; 0 until there is one */
};
/** "1,234 of 65,535 ports asked (1 %), 3 open, 2,000 a second, 32 s left": at most n - 1 bytes. */
void zc_progress_line(const struct zc_progress *p, struct zc_pace_seen *seen, int64_t now_ms, char *out, size_t n);

#endif
