/** A bucket that fills with time, and places. See include/zc/pace.h. */
#include "zc/pace.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define AGAIN_FULL 10 /* ms, until a place may be free */

struct zc_pace {
        pthread_mutex_t lock;
        double tokens, most, per_us; /* per_us 0: no ceiling */
        int64_t filled_us;
        unsigned inside, places; /* places 0: no ceiling */
};

bool zc_pace_new(unsigned per_second, unsigned at_once, struct zc_pace **out, struct zc_err *err)
{
        struct zc_pace *p = calloc(1, sizeof *p);

        if (!p)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a ceiling over connections");
        pthread_mutex_init(&p->lock, NULL);
        p->most =
                per_second > 10 ? per_second / 10.0 : 1; /* a tenth of a second may come at once */
        p->tokens = p->most;
        p->per_us = per_second / 1e6;
        p->filled_us = zc_mono_us();
        p->places = at_once;
        *out = p;
        return true;
}

void zc_pace_free(struct zc_pace *p)
{
        if (!p)
                return;
        assert(p->inside == 0);
        pthread_mutex_destroy(&p->lock);
        free(p);
}

static void fill(struct zc_pace *p)
{
        int64_t now = zc_mono_us();

        p->tokens += p->per_us * (double)(now - p->filled_us);
        if (p->tokens > p->most)
                p->tokens = p->most;
        p->filled_us = now;
}

bool zc_pace_enter(struct zc_pace *p, int64_t *again_ms)
{
        bool room, token;

        if (!p)
                return true;
        pthread_mutex_lock(&p->lock);
        fill(p);
        room = p->places == 0 || p->inside < p->places;
        token = p->per_us <= 0 || p->tokens >= 1;
        if (room && token) {
                p->inside++;
                p->tokens -= p->per_us > 0 ? 1 : 0;
        } else {
                *again_ms = room ? (int64_t)((1 - p->tokens) / p->per_us / 1000) + 1 : AGAIN_FULL;
        }
        pthread_mutex_unlock(&p->lock);
        return room && token;
}

bool zc_pace_wait(struct zc_pace *p, struct zc_deadline deadline)
{
        int64_t ms;

        while (!zc_pace_enter(p, &ms)) {
                struct timespec t;
                int left = zc_deadline_left(deadline);

                if (left == 0)
                        return false;
                if (ms > left)
                        ms = left;
                t = (struct timespec){ ms / 1000, ms % 1000 * 1000000L };
                nanosleep(&t, NULL);
        }
        return true;
}

void zc_pace_leave(struct zc_pace *p)
{
        if (!p)
                return;
        pthread_mutex_lock(&p->lock);
        assert(p->inside > 0);
        p->inside--;
        pthread_mutex_unlock(&p->lock);
}
