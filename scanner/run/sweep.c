/** See sweep.h. */
#include "sweep.h"

#include <stdio.h>
#include <string.h>

#define NOTES_MOST ((size_t)256 << 10) /* beyond, an open port is told without its time */
#define PER_SECOND_AWAY 2000u

struct note {
        uint64_t pair;
        int64_t at_ms;
        int32_t rtt_us; /* -1 unknown */
        uint8_t attempts;
};

struct zc_sweep {
        struct zc_collector *c;
        atomic_uint held;
        struct zc_prefix block;
        uint64_t first, members;
        struct zc_portset asked;
        uint16_t *ports;
        size_t port_count;
        uint8_t *states;          /* 2 bits a pair: enum zc_port_state */
        uint8_t *taken, *reached; /* a bit a member */
        uint64_t taken_count;
        struct note *notes; /* sorted by pair once the run is over */
        size_t note_count, note_room;
        int64_t ended_ms;
        struct zc_pairs pairs;
        struct zc_syn_stats stats;
        bool ran;
};

static bool bit_get(const uint8_t *bits, uint64_t i)
{
        return bits[i / 8] >> (i % 8) & 1;
}

static void bit_set(uint8_t *bits, uint64_t i)
{
        bits[i / 8] |= (uint8_t)(1u << (i % 8));
}

static void sweep_free(struct zc_sweep *s)
{
        free(s->ports);
        free(s->states);
        free(s->taken);
        free(s->reached);
        free(s->notes);
        free(s);
}

struct zc_sweep *zc_sweep_new(struct zc_collector *c, const struct zc_prefix *block, uint64_t first,
                              uint64_t members, const struct zc_portset *ports)
{
        struct zc_sweep *s = calloc(1, sizeof *s);

        if (!s)
                return NULL;
        s->c = c;
        atomic_init(&s->held, 1);
        s->block = *block;
        s->first = first;
        s->members = members;
        s->asked = *ports;
        s->ports = calloc(zc_portset_count(ports) + 1, sizeof *s->ports);
        if (s->ports)
                s->port_count = zc_portset_list(ports, s->ports);
        s->states = calloc((size_t)(members * s->port_count / 4) + 1, 1);
        s->taken = calloc((size_t)(members / 8) + 1, 1);
        s->reached = calloc((size_t)(members / 8) + 1, 1);
        if (s->ports && s->states && s->taken && s->reached)
                return s;
        sweep_free(s);
        return NULL;
}

void zc_sweep_hold(struct zc_sweep *s)
{
        atomic_fetch_add(&s->held, 1);
}

void zc_sweep_drop(struct zc_sweep *s)
{
        if (s && atomic_fetch_sub(&s->held, 1) == 1)
                sweep_free(s);
}

void zc_sweep_take(struct zc_sweep *s, uint64_t member)
{
        bit_set(s->taken, member - s->first);
        s->taken_count++;
}

/* ---- the run ---- */

static enum zc_syn_next sweep_next(void *ctx, struct zc_syn_target *out)
{
        struct zc_sweep *s = ctx;
        struct zc_pair pair;

        while (zc_pairs_next(&s->pairs, &pair)) {
                uint64_t member = pair.member - s->first;

                if (!bit_get(s->taken, member))
                        continue;
                *out = (struct zc_syn_target){ .addr = pair.addr,
                                               .port = s->ports[pair.port],
                                               .tag = member * s->port_count + pair.port };
                return ZC_SYN_NEXT;
        }
        return ZC_SYN_END;
}

static enum zc_port_state state_of(enum zc_syn_how how)
{
        switch (how) {
        case ZC_SYN_OPEN:
                return ZC_PORT_OPEN;
        case ZC_SYN_CLOSED:
                return ZC_PORT_CLOSED;
        case ZC_SYN_SILENT:
        case ZC_SYN_ICMP:
        case ZC_SYN_NO_NEIGHBOUR:
                return ZC_PORT_FILTERED;
        case ZC_SYN_NO_ROUTE:
        case ZC_SYN_SCOPE:
        case ZC_SYN_LEFT:
        case ZC_SYN_DROPPED:
                break;
        }
        return ZC_PORT_UNKNOWN;
}

static void note_add(struct zc_sweep *s, uint64_t pair, const struct zc_syn_answer *a)
{
        if (s->note_count == s->note_room) {
                size_t room = s->note_room ? 2 * s->note_room : 256;
                struct note *more =
                        room > NOTES_MOST ? NULL : reallocarray(s->notes, room, sizeof *more);

                if (!more)
                        return;
                s->notes = more;
                s->note_room = room;
        }
        s->notes[s->note_count++] =
                (struct note){ .pair = pair,
                               .at_ms = zc_wall_ms(),
                               .rtt_us = a->rtt_us > INT32_MAX ? INT32_MAX : (int32_t)a->rtt_us,
                               .attempts = a->attempts };
}

static void sweep_done(void *ctx, const struct zc_syn_target *t, const struct zc_syn_answer *a)
{
        struct zc_sweep *s = ctx;
        enum zc_port_state state = state_of(a->how);

        s->states[t->tag / 4] |= (uint8_t)((unsigned)state << 2 * (t->tag % 4));
        if (state != ZC_PORT_UNKNOWN || a->how == ZC_SYN_DROPPED) { /* else it is left to others */
                bit_set(s->reached, t->tag / s->port_count);
                zc_progress_asked(s->c->spec->job->progress, 1, state == ZC_PORT_OPEN);
        }
        if (state == ZC_PORT_OPEN)
                note_add(s, t->tag, a);
}

static bool sweep_stopping(void *ctx)
{
        return zc_collector_over(((struct zc_sweep *)ctx)->c);
}

static int note_order(const void *a, const void *b)
{
        const struct note *l = a, *r = b;

        return (l->pair > r->pair) - (l->pair < r->pair);
}

/** What the user allows; else politeness beyond this machine's own networks. */
static struct zc_syn_limits limits(const struct zc_sweep *s)
{
        const struct zc_job *job = s->c->spec->job;
        struct zc_addr first = zc_block_at(&s->block, s->first);
        struct zc_addr last = zc_block_at(&s->block, s->first + s->members - 1);
        struct zc_syn_limits l = { .per_second = job->per_second,
                                   .near = zc_syn_on_link(s->c->syn, &first) &&
                                           zc_syn_on_link(s->c->syn, &last) };
        uint64_t by_host = (uint64_t)job->per_host * s->taken_count;

        if (l.per_second == 0 && !l.near)
                l.per_second = PER_SECOND_AWAY;
        if (by_host && (l.per_second == 0 || by_host < l.per_second))
                l.per_second = (unsigned)by_host;
        return l;
}

bool zc_sweep_run(struct zc_sweep *s)
{
        const struct zc_collector *c = s->c;
        const struct zc_syn_source source = {
                .next = sweep_next, .done = sweep_done, .stopping = sweep_stopping, .ctx = s
        };
        struct zc_syn_limits l;
        struct zc_err err = { 0 };

        if (s->taken_count == 0 || !zc_pairs_start(&s->pairs, c->spec->job->shard.seed, &s->block,
                                                   s->first, s->members, s->ports, s->port_count))
                return false;
        l = limits(s);
        s->ran = zc_syn_run(c->syn, c->spec->job->scope, &source, &l, c->spec->deadline, &s->stats,
                            &err);
        s->ended_ms = zc_wall_ms();
        if (s->note_count > 0)
                qsort(s->notes, s->note_count, sizeof *s->notes, note_order);
        return s->ran;
}

/* ---- what was found ---- */

static const struct note *note_find(const struct zc_sweep *s, uint64_t pair)
{
        const struct note key = { .pair = pair };

        return s->note_count ? bsearch(&key, s->notes, s->note_count, sizeof key, note_order)
                             : NULL;
}

static void result_note(const struct zc_sweep *s, struct zc_ports_result *r, uint64_t pair,
                        uint16_t port)
{
        const struct note *n = note_find(s, pair);

        if (r->note_count == ZC_PORTS_NOTES_MAX) {
                r->notes_cut = true;
                return;
        }
        r->notes[r->note_count] = (struct zc_port_note){ .port = port,
                                                         .attempts = n ? n->attempts : 1,
                                                         .rtt_us = n ? n->rtt_us : -1,
                                                         .at_ms = n ? n->at_ms : s->ended_ms };
        snprintf(r->notes[r->note_count++].reason, sizeof r->notes->reason, "SYN-ACK");
}

bool zc_sweep_knows(const struct zc_sweep *s, uint64_t member)
{
        return s->ran && bit_get(s->reached, member - s->first);
}

struct zc_ports_result *zc_sweep_result(const struct zc_sweep *s, uint64_t member)
{
        uint64_t first = (member - s->first) * s->port_count;
        unsigned open = 0;
        struct zc_ports_result *r;

        if (!zc_sweep_knows(s, member))
                return NULL;
        for (size_t i = 0; i < s->port_count; i++)
                open += (s->states[(first + i) / 4] >> 2 * ((first + i) % 4) & 3) == ZC_PORT_OPEN;
        open = open < ZC_PORTS_NOTES_MAX ? open : ZC_PORTS_NOTES_MAX;
        r = calloc(1, sizeof *r);
        if (!r || (open > 0 && !(r->notes = calloc(open, sizeof *r->notes)))) {
                free(r);
                return NULL;
        }
        r->asked = s->asked;
        r->packets = true;
        r->stats = s->stats;
        for (size_t i = 0; i < s->port_count; i++) {
                unsigned state = s->states[(first + i) / 4] >> 2 * ((first + i) % 4) & 3;
                uint16_t port = s->ports[i];

                r->states[port / 4] |= (uint8_t)(state << 2 * (port % 4));
                r->counts[state]++;
                if (state == ZC_PORT_OPEN)
                        result_note(s, r, first + i, port);
        }
        if (r->counts[ZC_PORT_UNKNOWN] > 0)
                snprintf(r->why, sizeof r->why, "%s (%u ports)",
                         s->stats.dropped
                                 ? "answers were dropped by this machine's kernel meanwhile"
                                 : "no answer before the deadline",
                         r->counts[ZC_PORT_UNKNOWN]);
        return r;
}
