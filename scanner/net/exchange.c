/** The loop over many conversations. See include/zc/exchange.h; one conversation's I/O is conv.c. */
#include "zc/exchange.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "conv.h"

#define EVENTS_PER_TURN 256
#define FILES_KEPT_FREE 64u  /* descriptors for the rest of the program */
#define STOP_ASKED_EVERY 200 /* ms */
#define WAIT_FIRST 10        /* ms, before asking again for what our side lacks; doubles */
#define WAIT_MOST 320
#define WAIT_TRIES 6
#define TOKENS_FIRST 16 /* as far as the bucket holds them */

struct exchange {
        const struct zc_scope *scope;
        const struct zc_exchange_source *source;
        struct conv_loop loop;
        struct conv_slot *slots;
        unsigned *free_slots; /* a stack of indices */
        unsigned free_count, count;
        unsigned at_once; /* at most count; lowered while our side lacks something */
        bool exhausted;   /* next() said NULL, and no more will come */
        int64_t quiet_until; /* next() had none: when it is asked again, unless something ends before */
        int64_t asked_at; /* when the source was last asked how long connections are waited for */
        int64_t wake_at;  /* no slot's wake_at is earlier */
        /* pacing: a bucket that fills with time and holds at most a tenth of a second */
        double tokens, per_ms;
        int64_t filled_us;
        /* the conversation that our own side could not start yet */
        struct zc_conv *waiting;
        int64_t retry_at, retry_wait;
        unsigned tries;
        int hopeless; /* errno that stayed although nothing of ours was open; until something works again */
};

static unsigned active(const struct exchange *x)
{
        return x->count - x->free_count;
}

/* ---- limits ---- */

/* As many descriptors as wanted, raising the soft limit where that is allowed. */
static unsigned descriptors(unsigned want)
{
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        rlim_t need = (rlim_t)want + FILES_KEPT_FREE;
        struct rlimit r, raised;

        pthread_mutex_lock(&lock);
        if (getrlimit(RLIMIT_NOFILE, &r) != 0)
                r.rlim_cur = r.rlim_max = 256;
        raised = r;
        raised.rlim_cur = need < r.rlim_max ? need : r.rlim_max;
        if (r.rlim_cur < need && raised.rlim_cur > r.rlim_cur &&
            setrlimit(RLIMIT_NOFILE, &raised) == 0)
                r.rlim_cur = raised.rlim_cur;
        pthread_mutex_unlock(&lock);
        if (r.rlim_cur >= need)
                return want;
        return r.rlim_cur > FILES_KEPT_FREE ? (unsigned)r.rlim_cur - FILES_KEPT_FREE : 1;
}

static double bucket_of(double per_ms)
{
        return per_ms * 100 > 1 ? per_ms * 100 : 1;
}

static void fill_bucket(struct exchange *x)
{
        int64_t now = zc_mono_us();
        double most = bucket_of(x->per_ms);

        x->tokens += x->per_ms * (double)(now - x->filled_us) / 1000;
        if (x->tokens > most)
                x->tokens = most;
        x->filled_us = now;
}

static bool may_start(struct exchange *x)
{
        if (x->loop.no_memory || active(x) >= x->at_once || (x->exhausted && !x->waiting))
                return false;
        if (zc_mono_ms() < (x->waiting ? x->retry_at : x->quiet_until))
                return false;
        if (x->per_ms > 0) {
                fill_bucket(x);
                return x->tokens >= 1;
        }
        return true;
}

/* ---- starting ---- */

static void hand_back(struct exchange *x, struct zc_conv *c)
{
        x->source->done(x->source->ctx, c);
        x->quiet_until = 0;
}

static void end(struct exchange *x, struct conv_slot *s)
{
        struct zc_conv *c = s->c;

        conv_close(s);
        zc_pace_leave(c->pace);
        x->free_slots[x->free_count++] = (unsigned)(s - x->slots);
        if (x->waiting)
                x->tries = 0; /* something of ours was given back */
        hand_back(x, c);
}

/* Our side lacks descriptors, ports or buffers: fewer at once, and again in a moment; a few times, for nothing may ever come free. */
static void start_later(struct exchange *x, struct zc_conv *c)
{
        if (active(x) > 0)
                x->at_once = active(x);
        if (active(x) == 0 && (x->hopeless == c->sys || x->tries >= WAIT_TRIES)) {
                x->hopeless = c->sys;
                x->tries = 0;
                hand_back(x, c);
                return;
        }
        x->retry_wait = x->tries == 0 ? WAIT_FIRST : x->retry_wait * 2;
        if (x->tries < WAIT_TRIES)
                x->tries++;
        if (x->retry_wait > WAIT_MOST)
                x->retry_wait = WAIT_MOST;
        x->waiting = c;
        x->retry_at = zc_deadline_in(x->retry_wait).at_ms;
}

static bool in_scope(struct exchange *x, struct zc_conv *c)
{
        c->verdict = zc_scope_check(x->scope, c->name, &c->addr);
        if (c->verdict == ZC_SCOPE_IN)
                return true;
        c->connect = ZC_CONNECT_SCOPE;
        hand_back(x, c);
        return false;
}

/* The next conversation, checked; NULL when there is none to start now. */
static struct zc_conv *take(struct exchange *x)
{
        struct zc_conv *c = ZC_TAKE(x->waiting);

        if (!c)
                c = x->source->next(x->source->ctx);
        if (!c) {
                x->exhausted = !x->source->more || !x->source->more(x->source->ctx);
                x->quiet_until = zc_deadline_in(ZC_EXCHANGE_TICK).at_ms;
                return NULL;
        }
        conv_reset(c);
        return in_scope(x, c) ? c : NULL;
}

/* The ceiling that it counts against has no room now. */
static bool must_wait(struct exchange *x, struct zc_conv *c)
{
        int64_t again;

        if (zc_pace_enter(c->pace, &again))
                return false;
        x->waiting = c;
        x->retry_at = zc_deadline_in(again).at_ms;
        return true;
}

/* A socket was had: what was missing is back, and there may be room for one more. */
static void works_again(struct exchange *x)
{
        x->tries = 0;
        x->hopeless = 0;
        if (x->at_once < x->count)
                x->at_once++;
}

static void start_one(struct exchange *x)
{
        struct zc_conv *c = take(x);
        struct conv_slot *s;

        if (!c || must_wait(x, c))
                return;
        s = &x->slots[x->free_slots[--x->free_count]];
        *s = (struct conv_slot){ .c = c, .fd = -1 };
        switch (conv_connect(&x->loop, s)) {
        case CONV_LATER:
                conv_close(s);
                zc_pace_leave(c->pace);
                x->free_slots[x->free_count++] = (unsigned)(s - x->slots);
                start_later(x, c);
                return;
        case CONV_GOES_ON:
                works_again(x);
                x->wake_at = s->wake_at < x->wake_at ? s->wake_at : x->wake_at;
                break;
        case CONV_ENDED:
                if (c->connect != ZC_CONNECT_LOCAL)
                        works_again(x);
                end(x, s);
                break;
        }
        x->tokens -= 1;
}

static void start_some(struct exchange *x)
{
        for (unsigned i = 0; i < EVENTS_PER_TURN && may_start(x); i++)
                start_one(x);
}

/* ---- turning ---- */

/* The source may have thought better of how long connections are waited for. */
static void ask_until(struct exchange *x, int64_t now)
{
        if (!x->source->until || now < x->asked_at + ZC_EXCHANGE_TICK)
                return;
        x->asked_at = now;
        for (unsigned i = 0; i < x->count; i++) {
                struct conv_slot *s = &x->slots[i];
                int64_t at;

                if (s->phase != CONV_CONNECTING)
                        continue;
                at = x->source->until(x->source->ctx, s->c, s->started_us / 1000);
                s->wake_at = at < x->loop.deadline_at ? at : x->loop.deadline_at;
                if (s->wake_at < x->wake_at)
                        x->wake_at = s->wake_at;
        }
}

static void expire(struct exchange *x)
{
        int64_t now = zc_mono_ms();

        ask_until(x, now);
        if (now < x->wake_at)
                return;
        x->wake_at = INT64_MAX;
        for (unsigned i = 0; i < x->count; i++) {
                struct conv_slot *s = &x->slots[i];

                if (s->phase == CONV_FREE)
                        continue;
                if (s->wake_at <= now && conv_expire(&x->loop, s, now) == CONV_ENDED)
                        end(x, s);
                else if (s->wake_at < x->wake_at)
                        x->wake_at = s->wake_at;
        }
}

static int until(int64_t at_ms)
{
        return zc_deadline_left((struct zc_deadline){ at_ms });
}

/* How long epoll may sleep: until a slot wakes, a token or a retry falls due, the deadline, or the next look for a stop. */
static int patience(const struct exchange *x)
{
        int64_t at = x->wake_at < x->loop.deadline_at ? x->wake_at : x->loop.deadline_at;
        int ms;

        if (x->waiting && active(x) < x->at_once && x->retry_at < at)
                at = x->retry_at;
        ms = until(at);
        if (!x->exhausted && !x->waiting && active(x) < x->at_once) {
                int token = x->per_ms > 0 && x->tokens < 1 ? (int)((1 - x->tokens) / x->per_ms) + 1
                                                           : 0,
                    quiet = until(x->quiet_until);

                token = quiet > token ? quiet : token;
                ms = token < ms ? token : ms;
        }
        if (x->source->until && ms > ZC_EXCHANGE_TICK)
                ms = ZC_EXCHANGE_TICK;
        return x->source->stopping && ms > STOP_ASKED_EVERY ? STOP_ASKED_EVERY : ms;
}

static bool turn(struct exchange *x, struct zc_err *err)
{
        struct epoll_event events[EVENTS_PER_TURN];
        int n = epoll_wait(x->loop.epoll, events, EVENTS_PER_TURN, patience(x));

        if (n < 0 && errno != EINTR)
                return zc_fail_errno(err, "waiting for connections");
        for (int i = 0; i < n; i++) {
                struct conv_slot *s = events[i].data.ptr;

                if (conv_ready(&x->loop, s, events[i].events) == CONV_ENDED)
                        end(x, s);
                else if (s->wake_at < x->wake_at)
                        x->wake_at = s->wake_at;
        }
        expire(x);
        return true;
}

static bool over(const struct exchange *x)
{
        return zc_mono_ms() >= x->loop.deadline_at || x->loop.no_memory ||
               (x->source->stopping && x->source->stopping(x->source->ctx));
}

/* Everything that was asked for comes back, whatever ended the exchange. */
static void cut_all(struct exchange *x)
{
        struct zc_conv *c;

        for (unsigned i = 0; x->slots && i < x->count; i++) {
                struct conv_slot *s = &x->slots[i];

                if (s->phase == CONV_FREE)
                        continue;
                conv_cut(&x->loop, s);
                end(x, s);
        }
        if (x->waiting) {
                x->waiting->cut = true;
                hand_back(x, ZC_TAKE(x->waiting));
        }
        while (!x->exhausted && (c = x->source->next(x->source->ctx)) != NULL) {
                conv_reset(c);
                c->cut = true;
                hand_back(x, c);
        }
}

static bool run(struct exchange *x, struct zc_err *err)
{
        bool ok = true;

        while (ok && !over(x)) {
                start_some(x);
                if (x->exhausted && !x->waiting && active(x) == 0)
                        return true;
                ok = turn(x, err);
        }
        cut_all(x);
        return ok && !x->loop.no_memory ? true
               : ok                     ? zc_fail(err, ZC_E_NOMEM, "no memory for a conversation")
                                        : false;
}

static bool prepare(struct exchange *x, struct zc_err *err)
{
        x->slots = calloc(x->count, sizeof *x->slots);
        x->free_slots = calloc(x->count, sizeof *x->free_slots);
        x->loop.scratch = malloc(ZC_EXCHANGE_SEND_MAX);
        if (!x->slots || !x->free_slots || !x->loop.scratch)
                return zc_fail(err, ZC_E_NOMEM, "no memory for %u conversations", x->count);
        for (unsigned i = 0; i < x->count; i++) {
                x->slots[i].fd = -1;
                x->free_slots[x->free_count++] = x->count - 1 - i;
        }
        x->loop.epoll = epoll_create1(EPOLL_CLOEXEC);
        return x->loop.epoll >= 0 || zc_fail_errno(err, "opening epoll");
}

bool zc_exchange_run(const struct zc_scope *scope, const struct zc_exchange_source *source,
                     const struct zc_exchange_limits *limits, struct zc_deadline deadline,
                     struct zc_err *err)
{
        struct exchange x = { .scope = scope,
                              .source = source,
                              .loop = { .epoll = -1, .deadline_at = deadline.at_ms },
                              .count = descriptors(limits->at_once ? limits->at_once : 1),
                              .wake_at = INT64_MAX,
                              .tokens = TOKENS_FIRST,
                              .per_ms = limits->per_second / 1000.0,
                              .filled_us = zc_mono_us() };
        bool ok;

        assert(scope && source->next && source->done);
        x.at_once = x.count;
        ok = prepare(&x, err);
        if (ok)
                ok = run(&x, err);
        else
                cut_all(&x);
        if (x.loop.epoll >= 0)
                close(x.loop.epoll);
        free(x.slots);
        free(x.free_slots);
        free(x.loop.scratch);
        return ok;
}
