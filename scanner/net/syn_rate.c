/** See syn_rate.h. */
#include "syn_rate.h"

#include <math.h>
#include <string.h>

#define RATE_FIRST 4000.0
/* As fast as it gets where most stay silent, so that nothing says whether it is too fast; on our own network, where something answered at all. */
#define RATE_UNHEARD 20000.0
#define RATE_HEARD_NEAR 100000.0
#define RATE_LEAST 100.0
#define BURST_S 0.01
#define BURST_MOST 4096.0
#define QUANTUM_S 0.001
#define QUANTUM_MOST 64.0

#define EPOCH_US 4000
#define EPOCH_SENT 16u
#define SAMPLE 16  /* answers, expected or got, less of which say nothing */
#define STANDS 0.8 /* of the share, is as much */
#define HELPED 1.2
#define SURE 4.0
#define CUT_MOST 32.0
#define GROW_CAREFUL 1.05
#define FIRSTS_SILENT                                                                              \
        256u /* when so many first probes have not brought SAMPLE answers, most stay silent */

/* Of a retransmission, in us: a ring's block is handed over after some ms, and a busy machine takes longer. RFC 6298 has 1 s where nothing is known. */
#define SPACING_NEAR 15000
#define SPACING_AWAY 60000
#define SPACING_UNHEARD 1000000
#define SPACING_MOST 1000000
/* Until silence counts. */
#define PATIENCE_NEAR 300000
#define PATIENCE_AWAY 1000000
#define PATIENCE_UNHEARD 1500000
#define PATIENCE_MOST 3500000

/* What is thought of the loss before anything is known of it, as if so many had been lost of so many. */
#define LOSS_LOST 0.5
#define LOSS_TRIES 5.0

#define NEED_UNHEARD 2u
#define NEED_LEAST 3u
#define MISSED 0.001 /* pairs that would have answered and are called silent, in a whole run */

void syn_rate_init(struct syn_rate *r, double ceiling, bool near, int64_t now_us)
{
        memset(r, 0, sizeof *r);
        r->ceiling = ceiling;
        r->near = near;
        r->rate = ceiling < RATE_FIRST ? ceiling : RATE_FIRST;
        r->filled_us = now_us;
        r->tokens = 1;
}

/* ---- tokens ---- */

static struct syn_epoch *epoch_open(struct syn_rate *r)
{
        struct syn_epoch *e = &r->epochs[(r->next - 1) % SYN_EPOCHS];

        return r->next != r->first && e->end_us == 0 ? e : NULL;
}

/* Packets go together, not one by one: what a millisecond brings. */
static double quantum(const struct syn_rate *r)
{
        double q = r->rate * QUANTUM_S;

        return q < 1 ? 1 : q > QUANTUM_MOST ? QUANTUM_MOST : q;
}

unsigned syn_rate_room(struct syn_rate *r, int64_t now_us)
{
        double most = r->rate * BURST_S;

        most = most < 1 ? 1 : most > BURST_MOST ? BURST_MOST : most;
        r->tokens += r->rate * 1e-6 * (double)(now_us - r->filled_us);
        r->filled_us = now_us;
        if (r->tokens > most)
                r->tokens = most;
        return r->tokens >= 1 ? (unsigned)r->tokens : 0;
}

void syn_rate_spend(struct syn_rate *r, unsigned packets)
{
        struct syn_epoch *e = epoch_open(r);

        r->tokens -= packets;
        if (e)
                e->packets += packets;
}

int64_t syn_rate_wait_us(const struct syn_rate *r)
{
        double enough = quantum(r);

        return r->tokens >= enough ? 0 : (int64_t)((enough - r->tokens) / r->rate * 1e6) + 1;
}

/* ---- epochs ---- */

static void rate_set(struct syn_rate *r, double rate)
{
        r->rate = rate > r->ceiling ? r->ceiling : rate < RATE_LEAST ? RATE_LEAST : rate;
        if (r->rate > r->ceiling)
                r->rate = r->ceiling;
}

/* As long as nothing speaks against it, for the first answers are under way: twice as fast; a little where that was too fast before. */
static void epoch_close(struct syn_rate *r, struct syn_epoch *e, int64_t now_us)
{
        double blind = r->near && r->answers > 0 ? RATE_HEARD_NEAR : RATE_UNHEARD;

        e->end_us = now_us;
        if (r->cut)
                return;
        if (r->share > 0)
                rate_set(r, r->rate * (r->careful ? GROW_CAREFUL : 2));
        else if (r->firsts >= FIRSTS_SILENT && r->rate < blind)
                rate_set(r, r->rate * 2 < blind ? r->rate * 2 : blind);
}

uint16_t syn_rate_first(struct syn_rate *r, int64_t now_us)
{
        struct syn_epoch *e = epoch_open(r);
        int64_t least = r->srtt_us > EPOCH_US ? r->srtt_us : EPOCH_US;

        if (e && now_us - e->start_us >= least && e->sent >= EPOCH_SENT) {
                epoch_close(r, e, now_us);
                e = NULL;
        }
        if (!e && r->next - r->first < SYN_EPOCHS) {
                e = &r->epochs[r->next++ % SYN_EPOCHS];
                *e = (struct syn_epoch){ .start_us = now_us };
        }
        r->firsts++;
        if (!e)
                return SYN_NO_EPOCH;
        e->sent++;
        return (uint16_t)((r->next - 1) % SYN_EPOCHS);
}

/* The share stands. It is followed upwards; downwards hardly, or a slow fall would never be seen. */
static void stands(struct syn_rate *r, double share)
{
        r->share =
                r->share <= 0 ? share : r->share + (share - r->share) / (share > r->share ? 4 : 64);
        r->careful |= r->cut;
        r->cut = false;
}

/* As many a second as were answered, if it is for our speed; if it is not, the share will be no better for that. */
static void falls(struct syn_rate *r, double share, double speed, int64_t now_us)
{
        double least = r->share / CUT_MOST, part = (share > least ? share : least) / r->share;

        if (r->cut && share < r->cut_share * HELPED) {
                r->share = share;
                rate_set(r, r->cut_rate);
                r->cut = false;
                return;
        }
        r->cut_rate = r->cut ? r->cut_rate : r->rate;
        r->cut = true;
        r->cut_us = now_us;
        r->cut_share = share;
        rate_set(r, (speed < r->rate ? speed : r->rate) * part);
}

/* Below what stands, but not by more than chance does where packets are lost: four times the deviation. More will tell. */
static bool chance(const struct syn_rate *r, double share, unsigned n)
{
        double least = 0.02, spread = r->share * (1 - r->share), below = r->share - share;

        spread = spread > least ? spread : least;
        return share < r->share * STANDS && below * below * n < SURE * SURE * spread;
}

/* Epochs are put together until they are enough to tell; those from before a cut say nothing of what it did. */
static void epoch_judge(struct syn_rate *r, const struct syn_epoch *e, int64_t now_us)
{
        struct syn_epoch *all = &r->judged;
        double share, speed;

        if (r->cut && e->start_us < r->cut_us)
                return;
        all->sent += e->sent;
        all->answered += e->answered;
        all->packets += e->packets;
        all->end_us += e->end_us - e->start_us;
        share = (double)all->answered / all->sent;
        if ((all->answered < SAMPLE && r->share * all->sent < SAMPLE) ||
            chance(r, share, all->sent))
                return;
        speed = all->packets * 1e6 / (double)all->end_us;
        *all = (struct syn_epoch){ 0 };
        if (r->share <= 0 || share >= r->share * STANDS)
                stands(r, share);
        else
                falls(r, share, speed, now_us);
}

/* Its first probes had the time to be answered, or all were. */
static bool epoch_over(const struct syn_rate *r, const struct syn_epoch *e, int64_t now_us)
{
        return e->end_us != 0 &&
               (e->answered == e->sent || now_us >= e->end_us + syn_rate_spacing(r, 1));
}

void syn_rate_tick(struct syn_rate *r, int64_t now_us)
{
        for (; r->first != r->next && epoch_over(r, &r->epochs[r->first % SYN_EPOCHS], now_us);
             r->first++)
                epoch_judge(r, &r->epochs[r->first % SYN_EPOCHS], now_us);
}

void syn_rate_overrun(struct syn_rate *r, int64_t now_us)
{
        if (r->cut && now_us - r->cut_us < 10 * EPOCH_US)
                return;
        r->cut = true;
        r->cut_us = now_us;
        r->cut_rate = r->rate / 2;
        r->cut_share = 0;
        rate_set(r, r->rate / 2);
}

/* ---- answers ---- */

void syn_rate_answer(struct syn_rate *r, uint16_t epoch, unsigned attempt, int64_t rtt_us)
{
        int64_t off;

        r->answers++;
        r->tries += attempt;
        r->lost += attempt - 1;
        if (attempt == 1 && epoch < SYN_EPOCHS)
                r->epochs[epoch].answered++;
        if (rtt_us < 0)
                return;
        if (rtt_us > r->slowest_us)
                r->slowest_us = rtt_us;
        if (r->srtt_us == 0) {
                r->srtt_us = rtt_us > 0 ? rtt_us : 1;
                r->rttvar_us = rtt_us / 2;
                return;
        }
        off = r->srtt_us > rtt_us ? r->srtt_us - rtt_us : rtt_us - r->srtt_us;
        r->rttvar_us += (off - r->rttvar_us) / 4;
        r->srtt_us += (rtt_us - r->srtt_us) / 8;
}

double syn_rate_loss(const struct syn_rate *r)
{
        return ((double)r->lost + LOSS_LOST) / ((double)r->tries + LOSS_TRIES);
}

/*
 * Of the A pairs that answer, A * loss^n are missed after n attempts. Those that never answer cost attempts, and say nothing about the loss.
 */
unsigned syn_rate_need(const struct syn_rate *r)
{
        double n;

        if (r->answers == 0)
                return NEED_UNHEARD;
        n = ceil(log(MISSED / (double)r->answers) / log(syn_rate_loss(r)));
        if (n < NEED_LEAST)
                return NEED_LEAST;
        return n > SYN_ATTEMPTS_MOST ? SYN_ATTEMPTS_MOST : (unsigned)n;
}

static int64_t between(int64_t v, int64_t least, int64_t most)
{
        return v < least ? least : v > most ? most : v;
}

int64_t syn_rate_spacing(const struct syn_rate *r, unsigned attempt)
{
        unsigned need = syn_rate_need(r);
        int64_t again = between(r->srtt_us + 4 * r->rttvar_us,
                                r->near ? SPACING_NEAR : SPACING_AWAY, SPACING_MOST);
        int64_t patience =
                between(2 * r->slowest_us, r->near ? PATIENCE_NEAR : PATIENCE_AWAY, PATIENCE_MOST);

        if (r->answers == 0) {
                again = SPACING_UNHEARD;
                patience = PATIENCE_UNHEARD;
        }
        if (attempt >= need)
                return patience;
        /* The last one stands apart: what takes all the others with it is often over by then. */
        return attempt + 1 == need && again < patience / 2 ? patience / 2 : again;
}
