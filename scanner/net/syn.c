/** The SYN engine: one loop that sends, listens and waits. See include/zc/syn.h. */
#include "zc/syn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "syn_run.h"

#define WAITING_MOST                                                                               \
        4096u /* for neighbours; so many addresses of a link are looked for beside one another */
#define RATE_MOST 1e6
#define TURN_MOST (2 * SYN_BATCH) /* packets between two looks at what came */
#define LOOK_UP_US 100000         /* stopping() is asked so often */
#define SLEEP_LEAST_US 100
#define SLEEP_MOST_US 100000
#define SOURCE_AGAIN_US 5000

/* ---- the engine ---- */

bool zc_syn_new(const struct zc_capture *c, struct zc_syn **out, struct zc_err *err)
{
        struct zc_syn *s = calloc(1, sizeof *s);

        if (!s)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a port scan");
        s->capture = *c;
        pthread_mutex_init(&s->turn, NULL);
        pthread_mutex_init(&s->looking, NULL);
        if (getrandom(&s->key, sizeof s->key, 0) != (ssize_t)sizeof s->key) {
                zc_fail_errno(err, "no random key");
                zc_syn_free(s);
                return false;
        }
        if ((c->packets && !zc_ring_map(c, &s->ring, err)) ||
            !hops_new(c, ZC_CAPTURE_ROUTE, &s->hops, err) ||
            !hops_new(c, ZC_CAPTURE_LOOKUP, &s->lookup, err)) {
                zc_syn_free(s);
                return false;
        }
        *out = s;
        return true;
}

void zc_syn_free(struct zc_syn *s)
{
        if (!s)
                return;
        zc_ring_unmap(s->ring);
        hops_free(s->hops);
        hops_free(s->lookup);
        pthread_mutex_destroy(&s->turn);
        pthread_mutex_destroy(&s->looking);
        free(s);
}

static struct hop hop_of(struct zc_syn *s, const struct zc_addr *addr)
{
        struct hop hop;

        pthread_mutex_lock(&s->looking);
        hop = hop_find(s->lookup, addr);
        pthread_mutex_unlock(&s->looking);
        return hop;
}

bool zc_syn_reaches(struct zc_syn *s, const struct zc_addr *addr)
{
        struct hop hop = hop_of(s, addr);

        return s->ring && (hop.kind == HOP_PLAIN || hop.kind == HOP_LINK);
}

bool zc_syn_on_link(struct zc_syn *s, const struct zc_addr *addr)
{
        return hop_of(s, addr).on_link;
}

/* ---- what goes out ---- */

static struct zc_syn_answer without(const struct syn_slot *slot, enum zc_syn_how how)
{
        return (struct zc_syn_answer){ .how = how,
                                       .attempts = slot->attempts,
                                       .icmp_type = -1,
                                       .icmp_code = -1,
                                       .rtt_us = -1 };
}

static void end(struct syn_run *r, uint32_t number, enum zc_syn_how how)
{
        struct zc_syn_answer a = without(&r->slots.slots[number], how);

        syn_conclude(r, number, &a);
}

/* By which way its packets go. False: it waits for a neighbour, or is done for. */
static bool way_of(struct syn_run *r, uint32_t number, struct syn_way *way)
{
        struct syn_slot *slot = &r->slots.slots[number];
        struct neigh *n;

        way->hop = hop_find(r->syn->hops, &slot->target.addr);
        way->neigh = NEIGH_NONE;
        if (way->hop.kind == HOP_PLAIN)
                return true;
        if (way->hop.kind == HOP_LINK)
                way->neigh = neigh_of(r->syn->hops, &way->hop);
        if (way->neigh == NEIGH_NONE) {
                end(r, number, ZC_SYN_NO_ROUTE);
                return false;
        }
        n = neigh_at(r->syn->hops, way->neigh);
        if (n->state == NEIGH_KNOWN)
                return true;
        if (n->state == NEIGH_SILENT) {
                end(r, number, ZC_SYN_NO_NEIGHBOUR);
                return false;
        }
        if (n->waiting == NEIGH_NONE)
                syn_run_spend(r); /* it was asked for */
        slot->same = n->waiting;
        n->waiting = number;
        syn_slots_move(&r->slots, number, SYN_WAITING);
        return false;
}

static void probe(struct syn_run *r, uint32_t number)
{
        struct syn_way way;

        if (way_of(r, number, &way))
                syn_send_probe(r, number, &way);
}

/* It was asked as often as it takes. Answers that this machine dropped may have been its own: then once more. */
static bool asked_enough(struct syn_run *r, const struct syn_slot *slot, unsigned need)
{
        return slot->attempts >= SYN_ATTEMPTS_MOST ||
               (slot->attempts >= need && r->dropped_us < slot->sent_us);
}

static void silent(struct syn_run *r, uint32_t number)
{
        const struct syn_slot *slot = &r->slots.slots[number];

        end(r, number,
            slot->unsent                     ? ZC_SYN_NO_ROUTE
            : r->dropped_us >= slot->sent_us ? ZC_SYN_DROPPED
                                             : ZC_SYN_SILENT);
}

/*
 * Those whose answer is overdue, the oldest of each attempt first: sent again as long as there is room, or quiet from now on. While it is found out
 * whether slower is better they would be asked in vain, and stand in the way of those by which that is seen.
 */
static void overdue(struct syn_run *r)
{
        unsigned need = syn_rate_need(&r->rate);

        if (r->rate.cut && !r->ended)
                return;
        for (unsigned k = 1; k <= SYN_ATTEMPTS_MOST; k++) {
                uint32_t number = syn_slots_first(&r->slots, SYN_SENT + k);
                int64_t spacing = number == SYN_NONE ? 0 : syn_rate_spacing(&r->rate, k);

                for (; number != SYN_NONE; number = syn_slots_first(&r->slots, SYN_SENT + k)) {
                        const struct syn_slot *slot = &r->slots.slots[number];

                        if (slot->sent_us + spacing > r->now_us)
                                break;
                        if (asked_enough(r, slot, need)) {
                                syn_slots_move(&r->slots, number, SYN_QUIET);
                                continue;
                        }
                        if (r->room == 0)
                                return;
                        probe(r, number);
                }
        }
}

static void ready(struct syn_run *r)
{
        uint32_t number;

        while ((number = syn_slots_first(&r->slots, SYN_READY)) != SYN_NONE && r->room > 0)
                probe(r, number);
}

/* A place for one more; the one that has been quiet longest makes room. */
static uint32_t place(struct syn_run *r)
{
        if (syn_slots_full(&r->slots)) {
                uint32_t quiet = syn_slots_first(&r->slots, SYN_QUIET);

                if (quiet == SYN_NONE)
                        return SYN_NONE;
                silent(r, quiet);
        }
        return syn_slots_take(&r->slots);
}

/* False: the source has none now. */
static bool fresh_one(struct syn_run *r)
{
        struct zc_syn_target t;
        enum zc_syn_next next;
        uint32_t number = place(r);

        if (number == SYN_NONE)
                return false;
        next = r->source->next(r->source->ctx, &t);
        if (next != ZC_SYN_NEXT) {
                syn_slots_move(&r->slots, number, SYN_FREE);
                r->ended = next == ZC_SYN_END;
                return false;
        }
        r->slots.slots[number].target = t;
        if (zc_scope_check(r->scope, r->source->name, &t.addr) != ZC_SCOPE_IN)
                end(r, number, ZC_SYN_SCOPE);
        else
                probe(r, number);
        return true;
}

static void fresh(struct syn_run *r)
{
        while (!r->ended && r->slots.lists[SYN_WAITING].count < WAITING_MOST && r->room > 0 &&
               fresh_one(r))
                ;
}

static void neighbours(struct syn_run *r)
{
        uint32_t silent_one;

        while ((silent_one = neigh_due(r->syn->hops, r->now_us)) != NEIGH_NONE)
                syn_neigh_settled(r, silent_one);
}

/* ---- waiting ---- */

/* us until something is due. */
static int64_t wait_us(const struct syn_run *r)
{
        int64_t next = neigh_next_us(r->syn->hops) - r->now_us;
        int64_t room = syn_rate_wait_us(&r->rate);

        for (unsigned k = 1; k <= SYN_ATTEMPTS_MOST; k++) {
                uint32_t number = syn_slots_first(&r->slots, SYN_SENT + k);
                int64_t due;

                if (number == SYN_NONE)
                        continue;
                due = r->slots.slots[number].sent_us + syn_rate_spacing(&r->rate, k) - r->now_us;
                due = due > room ? due : room;
                next = due < next ? due : next;
        }
        if (syn_slots_first(&r->slots, SYN_READY) != SYN_NONE && room < next)
                next = room;
        if (!r->ended && !syn_slots_full(&r->slots)) {
                room = room > SOURCE_AGAIN_US ? room : room > 0 ? room : SOURCE_AGAIN_US;
                next = room < next ? room : next;
        }
        return next < SLEEP_LEAST_US ? SLEEP_LEAST_US : next > SLEEP_MOST_US ? SLEEP_MOST_US : next;
}

static void rest(struct syn_run *r)
{
        struct pollfd fds[] = {
                { .fd = r->syn->capture.fd[ZC_CAPTURE_RING], .events = POLLIN },
                { .fd = r->syn->capture.fd[ZC_CAPTURE_ARP], .events = POLLIN },
        };
        bool asking = neigh_next_us(r->syn->hops) != INT64_MAX;
        int64_t us = wait_us(r);
        const struct timespec t = { us / 1000000, us % 1000000 * 1000 };

        if (ppoll(fds, asking ? 2 : 1, &t, NULL) < 0)
                errno = 0; /* a signal: it is looked at again at once */
}

/* ---- the run ---- */

/* Before the loss was known some were given up too early: they go on. False: nothing is left to do. */
static bool quiet_again(struct syn_run *r)
{
        unsigned need = syn_rate_need(&r->rate);
        uint32_t number = syn_slots_first(&r->slots, SYN_QUIET), next;
        bool any = false;

        for (; number != SYN_NONE; number = next) {
                next = r->slots.slots[number].next;
                if (!asked_enough(r, &r->slots.slots[number], need)) {
                        syn_slots_move(&r->slots, number, SYN_READY);
                        any = true;
                }
        }
        return any;
}

static void hand_back(struct syn_run *r)
{
        uint32_t number;

        while ((number = syn_slots_first(&r->slots, SYN_QUIET)) != SYN_NONE)
                silent(r, number);
        for (unsigned list = SYN_READY; list < SYN_LISTS; list++) {
                while ((number = syn_slots_first(&r->slots, list)) != SYN_NONE)
                        end(r, number, ZC_SYN_LEFT);
        }
}

static void stats_tell(struct syn_run *r)
{
        r->stats->per_second = (unsigned)r->rate.rate;
        r->stats->loss_permille =
                r->stats->answers ? (unsigned)(syn_rate_loss(&r->rate) * 1000) : 0;
}

static bool go_on(struct syn_run *r, struct zc_deadline deadline, int64_t *asked_us)
{
        if (zc_deadline_passed(deadline))
                return false;
        if (r->now_us - *asked_us < LOOK_UP_US)
                return true;
        *asked_us = r->now_us;
        stats_tell(r);
        return !r->source->stopping || !r->source->stopping(r->source->ctx);
}

static void loop(struct syn_run *r, struct zc_deadline deadline)
{
        int64_t asked_us = r->now_us;

        while (go_on(r, deadline, &asked_us)) {
                uint64_t before = r->stats->sent;

                syn_run_clock(r);
                syn_take_answers(r);
                neighbours(r);
                syn_rate_tick(&r->rate, r->now_us);
                r->room = syn_rate_room(&r->rate, r->now_us);
                r->room = r->room < TURN_MOST ? r->room : TURN_MOST;
                overdue(r);
                ready(r);
                fresh(r);
                syn_send_flush(r);
                if (r->ended && syn_slots_busy(&r->slots) == 0 && !quiet_again(r))
                        return;
                if (r->stats->sent == before)
                        rest(r);
        }
}

bool zc_syn_run(struct zc_syn *s, const struct zc_scope *scope, const struct zc_syn_source *source,
                const struct zc_syn_limits *limits, struct zc_deadline deadline,
                struct zc_syn_stats *stats, struct zc_err *err)
{
        struct syn_run *r = calloc(1, sizeof *r);

        *stats = (struct zc_syn_stats){ 0 };
        if (!r || !syn_slots_init(&r->slots, err)) {
                free(r);
                return zc_fail(err, ZC_E_NOMEM, "no memory for a port scan");
        }
        pthread_mutex_lock(&s->turn);
        r->syn = s;
        r->scope = scope;
        r->source = source;
        r->stats = stats;
        syn_run_clock(r);
        hops_forget(s->hops);
        (void)zc_ring_drops(s->ring); /* what others dropped is not ours */
        syn_rate_init(&r->rate, limits->per_second ? limits->per_second : RATE_MOST, limits->near,
                      r->now_us);
        loop(r, deadline);
        hand_back(r);
        stats_tell(r);
        pthread_mutex_unlock(&s->turn);
        syn_slots_release(&r->slots);
        free(r);
        return true;
}
