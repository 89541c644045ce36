/** Port states. See include/zc/ports.h. */
#include "zc/ports.h"

#include <stdio.h>
#include <string.h>

#include "walk.h"

#define WAIT_SELF 1000    /* ms for the last look at a port that answered before */
#define WAIT_PATIENT 3500 /* the kernel asks again after 1 s and 3 s */
#define REASONS 8u

/* Why ports are unknown: each reason once, and how often. */
struct reason {
        char text[ZC_CONV_REASON_LEN];
        unsigned count;
};

struct scan {
        const struct zc_ports_job *job;
        struct zc_ports_result *out;
        struct timing timing;
        bool no_memory;
        bool few;
        bool again;               /* the second look at silent ports: only an answer is news */
        struct zc_portset silent; /* may be looked at again */
        struct zc_portset later;  /* negative since the last sign that we are not blocked */
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

static void take_note(struct scan *s, const struct zc_conv *c, unsigned attempts,
                      const char *reason)
{
        struct zc_port_note *n = note_for(s, c->port);

        if (!n)
                return;
        n->attempts = (uint8_t)attempts;
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

        if (s->answering == 0 || (open && !s->answering_open)) {
                s->answering = c->port;
                s->answering_open = open;
        }
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

/* What the walk says of a port. */
static void concluded(void *ctx, const struct zc_conv *c, unsigned attempts, const char *said)
{
        struct scan *s = ctx;
        enum zc_port_state state = judge(c);
        char reason[ZC_CONV_REASON_LEN];

        if (s->again && state != ZC_PORT_OPEN && state != ZC_PORT_CLOSED)
                return;
        if (said)
                snprintf(reason, sizeof reason, "%s", said);
        else
                zc_conv_reason(c, reason);
        zc_progress_asked(s->job->progress, !s->again, state == ZC_PORT_OPEN);
        set_state(s->out, c->port, state);
        if (state == ZC_PORT_OPEN)
                memset(&s->later, 0, sizeof s->later); /* what came before was not a block */
        else if (state != ZC_PORT_UNKNOWN)
                zc_portset_add(&s->later, c->port);
        if (state == ZC_PORT_OPEN || state == ZC_PORT_CLOSED)
                answered(s, c);
        if (state == ZC_PORT_UNKNOWN)
                count_reason(s, reason);
        if (c->connect == ZC_CONNECT_SILENT && state == ZC_PORT_FILTERED)
                zc_portset_add(&s->silent, c->port);
        if (state == ZC_PORT_OPEN || s->few)
                take_note(s, c, attempts, reason);
        if (state == ZC_PORT_OPEN && s->job->found && !s->no_memory)
                s->job->found(s->job->found_ctx, s->job, s->out, c->port);
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
                        take_note(s, &none, 0, reason);
        }
}

/* What the last look at the port that answered before says of those that were negative since. */
static void recheck_judge(struct scan *s, enum zc_connect how, bool cut)
{
        char reason[ZC_CONV_REASON_LEN];

        snprintf(reason, sizeof reason,
                 "perhaps blocked: port %u answered before, and no longer does", s->answering);
        if ((how == ZC_CONNECT_SILENT && !cut) || how == ZC_CONNECT_UNREACHABLE)
                doubt(s, ZC_PORT_FILTERED, reason);
        else if (how == ZC_CONNECT_REFUSED && s->answering_open)
                doubt(s, ZC_PORT_CLOSED, reason);
}

static bool recheck(struct scan *s, struct zc_err *err)
{
        struct zc_conv c = { .addr = s->job->addr,
                             .port = s->answering,
                             .name = s->job->name,
                             .pace = s->job->pace,
                             .connect_ms = s->job->self ? WAIT_SELF : WAIT_PATIENT };

        if (s->answering == 0 || zc_portset_next(&s->later, 1) < 0 ||
            zc_deadline_passed(s->job->deadline))
                return true;
        if (!zc_exchange_one(s->job->scope, &c, s->job->deadline, err))
                return false;
        recheck_judge(s, c.connect, c.cut);
        return true;
}

/* The engine asks again as often as the loss calls for; where it had no sign of life in time, a connection is the sign. */
static bool scan_packets(struct scan *s, struct walk *w, struct zc_err *err)
{
        w->answering = &s->answering;
        if (!walk_packets(w, &s->out->stats, err))
                return false;
        if (w->again == ZC_CONNECT_NONE)
                return recheck(s, err);
        recheck_judge(s, w->again, false);
        return true;
}

static bool scan(struct scan *s, struct zc_err *err)
{
        struct walk w = { .job = s->job,
                          .ports = s->job->ports,
                          .timing = &s->timing,
                          .concluded = concluded,
                          .ctx = s };
        bool ok;

        if (s->out->packets)
                return scan_packets(s, &w, err);
        ok = walk_run(&w, err);
        /* What was called silent before the network showed to be slow or to lose packets is asked once more, as it should be. */
        if (ok && w.least_attempts > 0 && s->timing.answered &&
            (timing_attempts(&s->timing) > w.least_attempts ||
             timing_patience(&s->timing) > w.least_patience)) {
                const struct zc_portset silent = s->silent;

                s->again = true;
                w.ports = &silent;
                ok = walk_run(&w, err);
        }
        if (ok && s->no_memory)
                ok = zc_fail(err, ZC_E_NOMEM, "no memory for port states");
        return ok && recheck(s, err);
}

bool zc_ports_scan(const struct zc_ports_job *job, struct zc_ports_result *out, struct zc_err *err)
{
        struct scan s = { .job = job, .out = out, .timing = { .self = job->self } };
        bool ok;

        *out = (struct zc_ports_result){ .asked = *job->ports };
        out->counts[ZC_PORT_UNKNOWN] = zc_portset_count(job->ports);
        out->packets = job->syn && !job->self && zc_syn_reaches(job->syn, &job->addr);
        s.few = out->counts[ZC_PORT_UNKNOWN] <= ZC_PORTS_FEW;
        ok = scan(&s, err);
        write_why(&s);
        return ok;
}

void zc_ports_release(struct zc_ports_result *r)
{
        free(ZC_TAKE(r->notes));
        r->note_count = 0;
}
