/** See include/zc/progress.h. */
#include "zc/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define SMOOTH 0.3 /* of what is new */
#define SEEN_LEAST_MS 200

bool zc_progress_new(struct zc_progress **out, struct zc_err *err)
{
        void *p =
                mmap(NULL, sizeof **out, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED)
                return zc_fail_errno(err, "no memory for the progress");
        *out = p;
        return true;
}

void zc_progress_free(struct zc_progress *p)
{
        if (p)
                munmap(p, sizeof *p);
}

void zc_progress_plan(struct zc_progress *p, uint64_t pairs)
{
        if (p)
                atomic_fetch_add_explicit(&p->total, pairs, memory_order_relaxed);
}

void zc_progress_asked(struct zc_progress *p, uint64_t pairs, uint64_t open)
{
        if (!p)
                return;
        atomic_fetch_add_explicit(&p->asked, pairs, memory_order_relaxed);
        if (open)
                atomic_fetch_add_explicit(&p->open, open, memory_order_relaxed);
}

/** 1234567 as 1,234,567. */
static void grouped(uint64_t v, char out[32])
{
        char digits[24];
        int n = snprintf(digits, sizeof digits, "%" PRIu64, v), at = 0;

        for (int i = 0; i < n; i++) {
                if (i > 0 && (n - i) % 3 == 0)
                        out[at++] = ',';
                out[at++] = digits[i];
        }
        out[at] = '\0';
}

static void span(double ms, char out[32])
{
        double s = ms / 1000;

        if (s < 90)
                snprintf(out, 32, "%.0f s", s < 1 ? 1 : s);
        else if (s < 5400)
                snprintf(out, 32, "%.0f min", s / 60);
        else
                snprintf(out, 32, "%.0f h", s / 3600 < 1e6 ? s / 3600 : 1e6);
}

static void rate_see(struct zc_pace_seen *seen, uint64_t asked, int64_t now_ms)
{
        double per_ms;

        if (seen->at_ms == 0 || asked < seen->asked) {
                seen->at_ms = now_ms;
                seen->asked = asked;
                return;
        }
        if (now_ms - seen->at_ms < SEEN_LEAST_MS)
                return;
        per_ms = (double)(asked - seen->asked) / (double)(now_ms - seen->at_ms);
        seen->per_ms = seen->per_ms > 0 ? seen->per_ms + SMOOTH * (per_ms - seen->per_ms) : per_ms;
        seen->at_ms = now_ms;
        seen->asked = asked;
}

void zc_progress_line(const struct zc_progress *p, struct zc_pace_seen *seen, int64_t now_ms,
                      char *out, size_t n)
{
        uint64_t total = atomic_load_explicit(&p->total, memory_order_relaxed);
        uint64_t asked = atomic_load_explicit(&p->asked, memory_order_relaxed);
        uint64_t open = atomic_load_explicit(&p->open, memory_order_relaxed);
        char all[32], done[32], found[32], rate[32], left[32];

        asked = asked < total ? asked : total;
        rate_see(seen, asked, now_ms);
        grouped(total, all);
        grouped(asked, done);
        grouped(open, found);
        if (total == 0)
                snprintf(out, n, "looking");
        else if (asked == total)
                snprintf(out, n, "%s port%s asked, %s open: looking into them", all,
                         total == 1 ? "" : "s", found);
        else if (seen->per_ms < 1e-6)
                snprintf(out, n, "%s of %s ports asked, %s open", done, all, found);
        else {
                grouped((uint64_t)(seen->per_ms * 1000), rate);
                span((double)(total - asked) / seen->per_ms, left);
                snprintf(out, n, "%s of %s ports asked (%.0f %%), %s open, %s a second, %s left",
                         done, all, 100.0 * (double)asked / (double)total, found, rate, left);
        }
}
