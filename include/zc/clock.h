/** Time: monotonic deadlines for everything that waits, RFC 3339 UTC for everything that is written down. */
#ifndef ZC_CLOCK_H
#define ZC_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zc/def.h"

/** A point on the monotonic clock, in milliseconds; ZC_NEVER never passes. */
struct zc_deadline {
        int64_t at_ms;
};
#define ZC_NEVER ((struct zc_deadline){ INT64_MAX })

int64_t zc_mono_ms(void);
int64_t zc_mono_us(void);
struct zc_deadline zc_deadline_in(int64_t ms);
/** The earlier of the two. */
struct zc_deadline zc_deadline_min(struct zc_deadline a, struct zc_deadline b);
/** Milliseconds left, never negative, at most INT_MAX: fits poll(). */
int zc_deadline_left(struct zc_deadline d);
bool zc_deadline_passed(struct zc_deadline d);

/** Wall clock, milliseconds since the epoch. */
int64_t zc_wall_ms(void);

#define ZC_TIME_LEN sizeof("2026-11-21T02:14:07.123Z")
/** "2026-11-21T02:14:07Z", with ".123" where ms has a fraction. */
void zc_time_format(int64_t ms, char out[ZC_TIME_LEN]);
/** RFC 3339, any offset, up to nanoseconds (cut to ms); false for anything else, leap seconds count as :59. */
bool zc_time_parse(const char *s, int64_t *ms) ZC_MUST_USE;
/** "500ms", "60s", "3m", "24h", "400d": a number and one unit. */
bool zc_duration_parse(const char *s, int64_t *ms) ZC_MUST_USE;

#endif
