/** Port states by ordinary connections. See include/zc/ports.h. */
#include "zc/ports.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define AT_ONCE_SELF 256u
#define AT_ONCE_AWAY 512u
#define PER_SECOND_AWAY 500u
#define WAIT_SELF 1000    /* ms for an answer */
#define WAIT_AWAY 1500    /* the kernel sends again after 1 s */
#define WAIT_PATIENT 3500 /* and after 3 s: where few ports are silent there is time */
#define WAIT_LEAST 400
#define FEW_SILENT 64u
#define REASONS 8u

/* Why ports are unknown: each reason once, and how often. */
struct reason {
        char text[ZC_CONV_REASON_LEN];
        unsigned count;
};

/* One walk over ports: which, in what order, how patiently. */
struct pass {
        const struct zc_portset *ports, *first; /* those that are also in `first` come first */
        int at;
        bool in_first;
        int64_t wait_ms;
        uint8_t attempt;
};

struct scan {
        const struct zc_ports_job *job;
        struct zc_ports_result *out;
        struct pass pass;
        struct zc_conv *convs, **idle; /* as many as can be under way */
        size_t idle_count;
        bool no_memory;
        bool few;
        bool again;               /* the pass is the second look at silent ports */
        struct zc_portset silent; /* once; to be asked again */
        struct zc_portset later;  /* negative since the last sign that we are not blocked */
        int64_t slowest_us;       /* answer so far, -1 none */
        uint16_t answering;       /* a port that answered, 0 none; an open one where there is one */
        bool answering_open;
        struct reason reasons[REASONS];
};

/* ---- states ---- */

const char *zc_port_state_name(enum zc_port_state s)
{
        static const char *const names[] = { "unknown", "open", "closed", "filtered" };

        return names[s];
}

enum zc_port_state zc_ports_state(const struct zc_ports_result *r, uint16_t port)
{
        return (enum zc_port_state)(((unsigned)r->states[port / 4] >> (port % 4u * 2u)) & 3u);
}

static void set_state(struct zc_ports_result *r, uint16_t port, enum zc_port_state s)
{
        unsigned shift = port % 4u * 2u;

        r->counts[zc_ports_state(r, port)]--;
        r->counts[s]++;
        r->states[port / 4] =
                (uint8_t)((r->states[port / 4] & ~(3u << shift)) | ((unsigned)s << shift));
}

/* ---- notes and reasons ---- */

static size_t note_place(const struct zc_ports_result *r, uint16_t port)
{
        size_t low = 0, high = r->note_count;

        while (low < high) {
                size_t mid = low + (high - low) / 2;

                if (r->notes[mid].port < port)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

const struct zc_port_note *zc_ports_note(const struct zc_ports_result *r, uint16_t port)
{
        size_t i = note_place(r, port);

        return i < r->note_count && r->notes[i].port == port ? &r->notes[i] : NULL;
}

static struct zc_port_note *note_for(struct scan *s, uint16_t port)
{
        struct zc_ports_result *r = s->out;
        size_t i = note_place(r, port);
        struct zc_port_note *notes;

        if (i < r->note_count && r->notes[i].port == port)
                return &r->notes[i];
        if (r->note_count == ZC_PORTS_NOTES_MAX) {
                r->notes_cut = true;
                return NULL;
        }
        notes = realloc(r->notes, (r->note_count + 1) * sizeof *notes);
        if (!notes) {
                s->no_memory = true;
                return NULL;
        }
        r->notes = notes;
        memmove(&notes[i + 1], &notes[i], (r->note_count - i) * sizeof *notes);
        r->note_count++;
        notes[i] = (struct zc_port_note){ .port = port };
        return &notes[i];
}

static void take_note(struct scan *s, const struct zc_conv *c, const char *reason)
{
        struct zc_port_note *n = note_for(s, c->port);

        if (!n)
                return;
        n->attempts = s->pass.attempt;
        n->rtt_us = c->rtt_us;
        n->at_ms = zc_wall_ms();
        snprintf(n->reason, sizeof n->reason, "%s", reason);
}

static void count_reason(struct scan *s, const char *text)
{
        size_t i = 0;

        while (i < REASONS && s->reasons[i].count && strcmp(s->reasons[i].text, text) != 0)
                i++;
        if (i == REASONS)
                return; /* there are too many to read anyway */
        if (s->reasons[i].count++ == 0)
                snprintf(s->reasons[i].text, sizeof s->reasons[i].text, "%s", text);
}

/* "perhaps blocked (12 ports); no answer before the deadline (3 ports)" */
static void write_why(struct scan *s)
{
        size_t n = 0, room = sizeof s->out->why;

        for (;;) {
                struct reason *most = &s->reasons[0];
                int len;

                for (size_t i = 1; i < REASONS; i++)
                        if (s->reasons[i].count > most->count)
                                most = &s->reasons[i];
                if (most->count == 0)
                        return;
                len = snprintf(s->out->why + n, room - n, "%s%s (%u port%s)", n ? "; " : "",
                               most->text, most->count, most->count == 1 ? "" : "s");
                if (len < 0 || (size_t)len >= room - n) {
                        s->out->why[n] = '\0'; /* whole reasons only */
                        return;
                }
                n += (size_t)len;
                most->count = 0;
        }
}

/* ---- what an answer means ---- */

static void answered(struct scan *s, const struct zc_conv *c)
{
        bool open = c->connect == ZC_CONNECT_OPEN;

        if (c->rtt_us > s->slowest_us)
                s->slowest_us = c->rtt_us;
        if (s->answering == 0 || (open && !s->answering_open)) {
                s->answering = c->port;
                s->answering_open = open;
        }
}

/* Silence counts only the second time. */
static bool ask_again(struct scan *s, const struct zc_conv *c)
{
        if (c->connect != ZC_CONNECT_SILENT || c->cut || s->again)
                return false;
        zc_portset_add(&s->silent, c->port);
        return true;
}

static enum zc_port_state judge(const struct zc_conv *c)
{
        switch (c->connect) {
        case ZC_CONNECT_OPEN:
                return ZC_PORT_OPEN;
        case ZC_CONNECT_REFUSED:
                return ZC_PORT_CLOSED;
        case ZC_CONNECT_UNREACHABLE:
                return ZC_PORT_FILTERED;
        case ZC_CONNECT_SILENT:
                return c->cut ? ZC_PORT_UNKNOWN : ZC_PORT_FILTERED;
        case ZC_CONNECT_NONE:
        case ZC_CONNECT_LOCAL:
        case ZC_CONNECT_SCOPE:
                break;
        }
        return ZC_PORT_UNKNOWN;
}

static void conclude(struct scan *s, const struct zc_conv *c)
{
        enum zc_port_state state = judge(c);
        char reason[ZC_CONV_REASON_LEN];

        zc_conv_reason(c, reason);
        set_state(s->out, c->port, state);
        if (state == ZC_PORT_OPEN)
                memset(&s->later, 0, sizeof s->later); /* what came before was not a block */
        else if (state != ZC_PORT_UNKNOWN)
                zc_portset_add(&s->later, c->port);
        if (state == ZC_PORT_OPEN || state == ZC_PORT_CLOSED)
                answered(s, c);
        if (state == ZC_PORT_UNKNOWN)
                count_reason(s, reason);
        if (state == ZC_PORT_OPEN || s->few)
                take_note(s, c, reason);
}

/* ---- the exchange's two ends ---- */

static int next_port(struct pass *p)
{
        for (;;) {
                int port = zc_portset_next(p->ports, p->at);

                if (port < 0 && p->in_first) {
                        p->in_first = false;
                        p->at = 1;
                        continue;
                }
                p->at = port + 1;
                if (port < 0 || zc_portset_has(p->first, (uint16_t)port) == p->in_first)
                        return port;
        }
}

/* Once answers are known to come fast, silence shows sooner. */
static int64_t patience(const struct scan *s)
{
        int64_t enough = s->slowest_us / 1000 * 5 + WAIT_LEAST;

        return s->again || s->slowest_us < 0 || enough > s->pass.wait_ms ? s->pass.wait_ms : enough;
}

static struct zc_conv *scan_next(void *ctx)
{
        struct scan *s = ctx;
        int port = s->pass.at < 0 ? -1 : next_port(&s->pass);
        struct zc_conv *c;

        if (port < 0) {
                s->pass.at = -1;
                return NULL;
        }
        assert(s->idle_count > 0);
        c = s->idle[--s->idle_count];
        *c = (struct zc_conv){ .addr = s->job->addr,
                               .port = (uint16_t)port,
                               .name = s->job->name,
                               .connect_ms = patience(s) };
        return c;
}

static void scan_done(void *ctx, struct zc_conv *c)
{
        struct scan *s = ctx;

        if (!ask_again(s, c))
                conclude(s, c);
        s->idle[s->idle_count++] = c;
}

static void recheck_done(void *ctx, struct zc_conv *c)
{
        struct scan *s = ctx;

        s->idle[s->idle_count++] = c; /* and stays as it is: the caller reads it */
}

static struct zc_exchange_limits limits(const struct zc_ports_job *job)
{
        struct zc_exchange_limits l = { job->self ? AT_ONCE_SELF : AT_ONCE_AWAY,
                                        job->self ? 0 : PER_SECOND_AWAY };

        unsigned ports = zc_portset_count(job->ports);

        if (ports < l.at_once)
                l.at_once = ports ? ports : 1;
        if (job->at_once && job->at_once < l.at_once)
                l.at_once = job->at_once;
        if (job->per_second && (l.per_second == 0 || job->per_second < l.per_second))
                l.per_second = job->per_second;
        return l;
}

static bool walk(struct scan *s, const struct zc_portset *ports, int64_t wait_ms,
                 void (*done)(void *ctx, struct zc_conv *c), struct zc_err *err)
{
        struct zc_exchange_source source = { scan_next, done, s, NULL };
        struct zc_exchange_limits l = limits(s->job);
        struct zc_portset first;

        if (!zc_portset_parse("top-100", &first, err))
                return false;
        s->pass = (struct pass){ .ports = ports,
                                 .first = &first,
                                 .at = 1,
                                 .in_first = true,
                                 .wait_ms = wait_ms,
                                 .attempt = (uint8_t)(s->pass.attempt + 1) };
        if (!zc_exchange_run(s->job->scope, &source, &l, s->job->deadline, err))
                return false;
        return !s->no_memory || zc_fail(err, ZC_E_NOMEM, "no memory for port states");
}

/* ---- the whole ---- */

/* Silence since the last sign of life is no state of a port when the sign no longer comes. */
static void doubt(struct scan *s, enum zc_port_state state, const char *reason)
{
        for (int p = zc_portset_next(&s->later, 1); p >= 0; p = zc_portset_next(&s->later, p + 1)) {
                uint16_t port = (uint16_t)p;
                struct zc_conv none = { .port = port, .rtt_us = -1 };

                if (zc_ports_state(s->out, port) != state || port == s->answering)
                        continue;
                set_state(s->out, port, ZC_PORT_UNKNOWN);
                count_reason(s, reason);
                if (s->few)
                        take_note(s, &none, reason);
        }
}

static bool recheck(struct scan *s, struct zc_err *err)
{
        struct zc_portset one = { 0 };
        const struct zc_conv *c;
        char reason[ZC_CONV_REASON_LEN];

        if (s->answering == 0 || zc_portset_next(&s->later, 1) < 0 ||
            zc_deadline_passed(s->job->deadline))
                return true;
        zc_portset_add(&one, s->answering);
        s->again = true;
        if (!walk(s, &one, s->job->self ? WAIT_SELF : WAIT_PATIENT, recheck_done, err))
                return false;
        c = s->idle[s->idle_count - 1];
        snprintf(reason, sizeof reason,
                 "perhaps blocked: port %u answered before, and no longer does", s->answering);
        if ((c->connect == ZC_CONNECT_SILENT && !c->cut) || c->connect == ZC_CONNECT_UNREACHABLE)
                doubt(s, ZC_PORT_FILTERED, reason);
        else if (c->connect == ZC_CONNECT_REFUSED && s->answering_open)
                doubt(s, ZC_PORT_CLOSED, reason);
        return true;
}

static bool scan(struct scan *s, struct zc_err *err)
{
        unsigned silent;

        if (!walk(s, s->job->ports, s->job->self ? WAIT_SELF : WAIT_AWAY, scan_done, err))
                return false;
        silent = zc_portset_count(&s->silent);
        s->again = true;
        if (silent > 0 && !walk(s, &s->silent,
                                s->job->self           ? WAIT_SELF
                                : silent <= FEW_SILENT ? WAIT_PATIENT
                                                       : WAIT_AWAY,
                                scan_done, err))
                return false;
        return recheck(s, err);
}

static bool prepare(struct scan *s, struct zc_err *err)
{
        size_t n = (size_t)limits(s->job).at_once +
                   2; /* one waits for what our side lacks, one is being handed over */

        s->convs = calloc(n, sizeof *s->convs);
        s->idle = calloc(n, sizeof(struct zc_conv *));
        if (!s->convs || !s->idle)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a port scan");
        for (size_t i = 0; i < n; i++)
                s->idle[s->idle_count++] = &s->convs[i];
        return true;
}

bool zc_ports_scan(const struct zc_ports_job *job, struct zc_ports_result *out, struct zc_err *err)
{
        struct scan s = { .job = job, .out = out, .slowest_us = -1 };
        bool ok;

        *out = (struct zc_ports_result){ .asked = *job->ports };
        out->counts[ZC_PORT_UNKNOWN] = zc_portset_count(job->ports);
        s.few = out->counts[ZC_PORT_UNKNOWN] <= ZC_PORTS_FEW;
        ok = prepare(&s, err) && scan(&s, err);
        write_why(&s);
        free(s.convs);
        free(s.idle);
        return ok;
}

void zc_ports_release(struct zc_ports_result *r)
{
        free(ZC_TAKE(r->notes));
        r->note_count = 0;
}
