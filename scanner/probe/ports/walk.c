/** See walk.h. */
#include "walk.h"

#include <assert.h>
#include <stdlib.h>

#define AT_ONCE_SELF 256u
#define AT_ONCE_AWAY 512u
#define PER_SECOND_FEW 1000u
#define PER_SECOND_AWAY 500u
#define LIFE_LEAST 1000 /* ms, of an attempt that need not make room for the next */

/* A port under way: asked a few times, each time by a connection of its own, so that a late answer is still heard. */
struct flight {
        uint16_t port; /* 0: free */
        bool decided;
        uint8_t attempts, out; /* begun; still waited for */
        int64_t last_at;       /* ms, when the last attempt was begun */
};

/* One attempt. */
struct attempt {
        struct zc_conv conv; /* its state is this */
        struct flight *flight;
        uint8_t number;
};

struct walking {
        struct walk *w;
        struct zc_portset first;
        int at; /* the next port, -1 none */
        bool in_first;
        bool unpaced;
        bool roomy; /* attempts need not make room for one another */
        struct attempt *attempts, **idle;
        size_t count, idle_count;
        struct flight *flights;
        unsigned flying;
};

/* On a network of this machine's own there is no need of manners: what it answers is what it gets. */
static bool near_by(const struct zc_ports_job *job)
{
        return job->syn && zc_syn_on_link(job->syn, &job->addr);
}

static struct zc_exchange_limits limits(const struct walk *w)
{
        const struct zc_ports_job *job = w->job;
        unsigned ports = zc_portset_count(w->ports);
        struct zc_exchange_limits l = { job->self ? AT_ONCE_SELF : AT_ONCE_AWAY,
                                        job->self || near_by(job) ? 0
                                        : ports <= WALK_FEW       ? PER_SECOND_FEW
                                                                  : PER_SECOND_AWAY };

        if (ports < l.at_once / TIMING_ATTEMPTS_FEW)
                l.at_once = (ports ? ports : 1) * TIMING_ATTEMPTS_FEW;
        if (job->at_once && job->at_once < l.at_once)
                l.at_once = job->at_once;
        if (job->per_second) /* who says a rate means it */
                l.per_second = job->per_second;
        return l;
}

/* ---- which is next ---- */

/* The next that nobody asked yet, -1 none: those of `first`, then the others. */
static int fresh_port(struct walking *g)
{
        while (g->at >= 0) {
                int port = zc_portset_next(g->w->ports, g->at);

                if (port < 0 && g->in_first) {
                        g->in_first = false;
                        g->at = 1;
                        continue;
                }
                g->at = port < 0 ? -1 : port + 1;
                if (port >= 0 && zc_portset_has(&g->first, (uint16_t)port) == g->in_first)
                        return port;
        }
        return -1;
}

static bool wants_more(const struct walking *g, const struct flight *f)
{
        return f->port && !f->decided && f->attempts < timing_attempts(g->w->timing);
}

/* A port whose answer is overdue. */
static struct flight *overdue(struct walking *g)
{
        int64_t now = zc_mono_ms();

        for (size_t i = 0; g->flying > 0 && i < g->count; i++) {
                struct flight *f = &g->flights[i];

                if (wants_more(g, f) &&
                    now >= f->last_at + timing_spacing(g->w->timing, f->attempts))
                        return f;
        }
        return NULL;
}

static struct flight *fresh(struct walking *g)
{
        int port = g->flying < g->count ? fresh_port(g) : -1;
        size_t i = 0;

        if (port < 0)
                return NULL;
        while (g->flights[i].port)
                i++;
        g->flights[i] = (struct flight){ .port = (uint16_t)port };
        g->flying++;
        return &g->flights[i];
}

static struct zc_conv *walk_next(void *ctx)
{
        struct walking *g = ctx;
        struct flight *f = overdue(g);
        struct attempt *a;

        if (!f)
                f = fresh(g);
        if (!f)
                return NULL;
        assert(g->idle_count > 0);
        a = g->idle[--g->idle_count];
        f->attempts++;
        f->out++;
        f->last_at = zc_mono_ms();
        *a = (struct attempt){ .flight = f, .number = f->attempts };
        a->conv = (struct zc_conv){ .addr = g->w->job->addr,
                                    .port = f->port,
                                    .name = g->w->job->name,
                                    .pace = g->unpaced ? NULL : g->w->job->pace,
                                    .state = a };
        return &a->conv;
}

static bool walk_more(void *ctx)
{
        const struct walking *g = ctx;

        return g->flying > 0 || g->at >= 0;
}

/* ---- how long ---- */

static int64_t walk_until(void *ctx, const struct zc_conv *c, int64_t started_ms)
{
        const struct walking *g = ctx;
        const struct attempt *a = c->state;
        int64_t patience = timing_patience(g->w->timing), more = 3 * patience;

        if (a->flight->decided)
                return 0;
        if (!g->roomy || a->number == a->flight->attempts)
                return started_ms + patience;
        /* An earlier one goes on beside the later ones, and ends with the last of them. */
        more = more > LIFE_LEAST ? more : LIFE_LEAST;
        return wants_more(g, a->flight) || a->flight->last_at + patience > started_ms + more
                       ? started_ms + more
                       : a->flight->last_at + patience;
}

/* ---- what came of it ---- */

static void conclude(struct walking *g, struct flight *f, const struct zc_conv *c,
                     unsigned attempts)
{
        f->decided = true;
        g->w->concluded(g->w->ctx, c, attempts, NULL);
}

/* Nothing is out, and nothing more is asked. */
static void unanswered(struct walking *g, struct flight *f, const struct zc_conv *c)
{
        struct walk *w = g->w;
        int64_t patience = timing_patience(w->timing);

        if (c->connect == ZC_CONNECT_SILENT && !c->cut) {
                if (w->least_attempts == 0 || f->attempts < w->least_attempts)
                        w->least_attempts = f->attempts;
                if (w->least_patience == 0 || patience < w->least_patience)
                        w->least_patience = patience;
        }
        conclude(g, f, c, f->attempts);
}

static void heard(struct walking *g, const struct attempt *a)
{
        const struct zc_conv *c = &a->conv;

        if (c->connect == ZC_CONNECT_OPEN || c->connect == ZC_CONNECT_REFUSED)
                timing_answer(g->w->timing, a->flight->decided ? 1 : a->number, c->rtt_us,
                              c->connect == ZC_CONNECT_OPEN);
        if (!a->flight->decided)
                conclude(g, a->flight, c, a->number);
}

static void walk_done(void *ctx, struct zc_conv *c)
{
        struct walking *g = ctx;
        struct attempt *a = c->state;
        struct flight *f = a->flight;

        f->out--;
        switch (c->connect) {
        case ZC_CONNECT_OPEN:
        case ZC_CONNECT_REFUSED:
        case ZC_CONNECT_UNREACHABLE:
        case ZC_CONNECT_SCOPE:
                heard(g, a);
                break;
        case ZC_CONNECT_SILENT:
        case ZC_CONNECT_NONE:
                if (!f->decided && f->out == 0 && (c->cut || !wants_more(g, f)))
                        unanswered(g, f, c);
                break;
        case ZC_CONNECT_LOCAL: /* no attempt at all */
                f->attempts--;
                if (!f->decided && f->out == 0)
                        unanswered(g, f, c);
        }
        if (f->decided && f->out == 0) {
                f->port = 0;
                g->flying--;
        }
        g->idle[g->idle_count++] = a;
}

/* The deadline, or our own side, came first. */
static void leave(struct walking *g)
{
        struct zc_conv c = { .connect = ZC_CONNECT_NONE, .cut = true, .rtt_us = -1 };
        int port;

        for (size_t i = 0; g->flying > 0 && i < g->count; i++) {
                c.port = g->flights[i].port;
                if (c.port && !g->flights[i].decided)
                        conclude(g, &g->flights[i], &c, g->flights[i].attempts);
        }
        while ((port = fresh_port(g)) >= 0) {
                c.port = (uint16_t)port;
                g->w->concluded(g->w->ctx, &c, 0, NULL);
        }
}

static bool prepare(struct walking *g, unsigned at_once, struct zc_err *err)
{
        g->count = (size_t)at_once +
                   2; /* one waits for what our side lacks, one is being handed over */
        g->attempts = calloc(g->count, sizeof *g->attempts);
        g->idle = calloc(g->count, sizeof(struct attempt *));
        g->flights = calloc(g->count, sizeof *g->flights);
        if (!g->attempts || !g->idle || !g->flights)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a port scan");
        for (size_t i = 0; i < g->count; i++)
                g->idle[g->idle_count++] = &g->attempts[i];
        return true;
}

bool walk_run(struct walk *w, struct zc_err *err)
{
        struct walking g = { .w = w, .at = 1, .in_first = true };
        struct zc_exchange_limits l = limits(w);
        struct zc_exchange_source source = { .next = walk_next,
                                             .done = walk_done,
                                             .ctx = &g,
                                             .more = walk_more,
                                             .until = walk_until };
        bool ok = zc_portset_parse("top-100", &g.first, err) && prepare(&g, l.at_once, err);

        g.unpaced = !w->job->capped && near_by(w->job);
        w->timing->few = zc_portset_count(w->ports) <= WALK_FEW;
        g.roomy = zc_portset_count(w->ports) * TIMING_ATTEMPTS_FEW <= l.at_once;
        if (ok) {
                ok = zc_exchange_run(w->job->scope, &source, &l, w->job->deadline, err);
                leave(&g);
        }
        free(g.attempts);
        free(g.idle);
        free(g.flights);
        return ok;
}
