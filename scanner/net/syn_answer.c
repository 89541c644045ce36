/** What comes back. See syn_run.h. */
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>

#include "syn_run.h"

#define DROPS_EVERY_US 5000
#define RTT_MOST_US (60 * 1000000)

void syn_conclude(struct syn_run *r, uint32_t number, const struct zc_syn_answer *a)
{
        const struct zc_syn_target target = r->slots.slots[number].target;

        syn_slots_move(&r->slots, number, SYN_FREE);
        r->source->done(r->source->ctx, &target, a);
}

/* A neighbour's waiting slots are the WAITING list's that go by it: few wait at a time, so the list is walked. */
void syn_neigh_settled(struct syn_run *r, uint32_t neigh)
{
        const struct neigh *n = neigh_at(r->syn->hops, neigh);
        const struct zc_syn_answer silent = {
                .how = ZC_SYN_NO_NEIGHBOUR, .icmp_type = -1, .icmp_code = -1, .rtt_us = -1
        };
        bool known = n->state == NEIGH_KNOWN;
        uint32_t i = n->waiting, next;

        neigh_at(r->syn->hops, neigh)->waiting = NEIGH_NONE;
        for (; i != SYN_NONE; i = next) {
                next = r->slots.slots[i].same;
                if (known)
                        syn_slots_move(&r->slots, i, SYN_READY);
                else
                        syn_conclude(r, i, &silent);
        }
}

/* ---- whose answer ---- */

/* As it was sent: from us to the target. */
static bool slot_of(struct syn_run *r, const struct zc_segment *sent, uint32_t seq,
                    uint32_t *number, unsigned *attempt)
{
        const struct syn_slot *slot;

        if (!syn_number(&r->syn->key, sent, seq, number)) {
                r->stats->strangers++;
                return false;
        }
        slot = *number < r->slots.touched ? &r->slots.slots[*number] : NULL;
        if (!slot || slot->list == SYN_FREE || slot->attempts == 0 ||
            slot->target.port != sent->dport || slot->target.addr.family != sent->dst.family ||
            memcmp(slot->target.addr.bytes, sent->dst.bytes, sizeof sent->dst.bytes) != 0) {
                r->stats->duplicates++; /* ours, and answered before */
                return false;
        }
        *attempt = syn_attempt_of(slot->port, sent->sport);
        if (*attempt <= slot->attempts)
                return true;
        r->stats->strangers++;
        return false;
}

static void answer(struct syn_run *r, const struct zc_packet *p, const struct zc_packet_seen *seen,
                   const struct zc_segment *sent, uint32_t seq, enum zc_syn_how how)
{
        struct zc_syn_answer a = { .how = how,
                                   .ttl = seen->ttl,
                                   .icmp_type = seen->icmp_type,
                                   .icmp_code = seen->icmp_code,
                                   .rtt_us = -1 };
        const struct syn_slot *slot;
        unsigned attempt;
        uint32_t number;

        if (!slot_of(r, sent, seq, &number, &attempt))
                return;
        slot = &r->slots.slots[number];
        a.attempts = slot->attempts;
        if (how == ZC_SYN_ICMP)
                a.icmp_from = seen->from;
        if (attempt == slot->attempts)
                a.rtt_us = p->at_us - slot->real_us;
        if (a.rtt_us < 0 ||
            a.rtt_us > RTT_MOST_US) /* the clock was set, or an earlier one's answer */
                a.rtt_us = -1;
        r->stats->answers++;
        syn_rate_answer(&r->rate, slot->epoch, attempt, a.rtt_us);
        syn_conclude(r, number, &a);
}

static void tcp(struct syn_run *r, const struct zc_packet *p, const struct zc_packet_seen *seen)
{
        const struct zc_segment *got = &seen->segment;
        const struct zc_segment sent = {
                .src = got->dst, .dst = got->src, .sport = got->dport, .dport = got->sport
        };
        uint8_t kind = got->flags & (ZC_TCP_SYN | ZC_TCP_RST | ZC_TCP_ACK);
        uint32_t number;

        if (kind == (ZC_TCP_SYN | ZC_TCP_ACK)) {
                /* Each probe that was answered so left something half open, the second one of a pair too. */
                if (syn_number(&r->syn->key, &sent, got->ack - 1, &number))
                        syn_send_reset(r, got);
                answer(r, p, seen, &sent, got->ack - 1, ZC_SYN_OPEN);
        } else if (kind == (ZC_TCP_RST | ZC_TCP_ACK)) {
                answer(r, p, seen, &sent, got->ack - 1, ZC_SYN_CLOSED);
        } else {
                r->stats->strangers++;
        }
}

static void neighbour(struct syn_run *r, const struct zc_packet_seen *seen, uint32_t index)
{
        uint32_t neigh = neigh_heard(r->syn->hops, seen, index);

        if (neigh != NEIGH_NONE)
                syn_neigh_settled(r, neigh);
}

static void packet(struct syn_run *r, const struct zc_packet *p)
{
        struct zc_packet_seen seen;

        if (!zc_packet_parse(p->bytes, &seen))
                return;
        switch (seen.kind) {
        case ZC_PACKET_TCP:
                tcp(r, p, &seen);
                break;
        case ZC_PACKET_ICMP:
                answer(r, p, &seen, &seen.segment, seen.segment.seq, ZC_SYN_ICMP);
                break;
        case ZC_PACKET_NEIGHBOUR:
                neighbour(r, &seen, p->index);
                break;
        }
}

/* ---- taking them ---- */

static void arp_take(struct syn_run *r)
{
        int fd = r->syn->capture.fd[ZC_CAPTURE_ARP];
        struct zc_packet_seen seen;
        struct sockaddr_ll from = { 0 };
        uint8_t buf[64];

        for (;;) {
                socklen_t size = sizeof from;
                ssize_t n = recvfrom(fd, buf, sizeof buf, MSG_DONTWAIT, (struct sockaddr *)&from,
                                     &size);

                if (n < 0)
                        return;
                if (size == sizeof from && zc_arp_parse((struct zc_rd){ buf, (size_t)n }, &seen))
                        neighbour(r, &seen, (uint32_t)from.sll_ifindex);
        }
}

/* What was dropped may have been any answer of those that are waited for. */
static void drops_look(struct syn_run *r)
{
        unsigned dropped;

        if (r->now_us - r->dropped_at < DROPS_EVERY_US)
                return;
        r->dropped_at = r->now_us;
        dropped = zc_ring_drops(r->syn->ring);
        if (dropped == 0)
                return;
        r->stats->dropped += dropped;
        r->dropped_us = r->now_us;
        syn_rate_overrun(&r->rate, r->now_us);
}

void syn_take_answers(struct syn_run *r)
{
        struct zc_packet p;

        if (neigh_next_us(r->syn->hops) != INT64_MAX)
                arp_take(r);
        while (zc_ring_next(r->syn->ring, &p))
                packet(r, &p);
        drops_look(r);
}
