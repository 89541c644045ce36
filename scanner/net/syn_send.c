/** Building and sending. See syn_run.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "syn_run.h"

#define ROOM_TRIES 50
#define ROOM_WAIT_MS 2

void syn_run_clock(struct syn_run *r)
{
        struct timespec real;

        clock_gettime(CLOCK_REALTIME, &real);
        r->real_us = (int64_t)real.tv_sec * 1000000 + real.tv_nsec / 1000;
        r->now_us = zc_mono_us();
}

void syn_run_spend(struct syn_run *r)
{
        syn_rate_spend(&r->rate, 1);
        r->room -= r->room > 0;
}

static void add(struct syn_run *r, const struct zc_segment *segment, const struct hop *hop,
                const uint8_t *link, uint32_t slot)
{
        struct syn_batch *b = &r->batch;
        unsigned i = b->count++;
        struct zc_wr w;

        zc_wr_init(&w, b->bytes[i], sizeof b->bytes[i]);
        zc_segment_write(&w, segment);
        b->parts[i] = (struct iovec){ b->bytes[i], w.len };
        b->to[i] = (struct sockaddr_ll){
                .sll_family = AF_PACKET,
                .sll_protocol = htons(segment->dst.family == AF_INET6 ? ETH_P_IPV6 : ETH_P_IP),
                .sll_ifindex = (int)hop->index,
                .sll_halen = link ? 6 : 0
        };
        if (link)
                memcpy(b->to[i].sll_addr, link, 6);
        b->messages[i].msg_hdr = (struct msghdr){ .msg_name = &b->to[i],
                                                  .msg_namelen = sizeof b->to[i],
                                                  .msg_iov = &b->parts[i],
                                                  .msg_iovlen = 1 };
        b->slots[i] = slot;
        syn_run_spend(r);
        if (b->count == SYN_BATCH)
                syn_send_flush(r);
}

void syn_send_probe(struct syn_run *r, uint32_t number, const struct syn_way *way)
{
        struct syn_slot *slot = &r->slots.slots[number];
        struct zc_segment s = { .src = way->hop.source,
                                .dst = slot->target.addr,
                                .dport = slot->target.port,
                                .flags = ZC_TCP_SYN };

        if (slot->attempts == 0) {
                slot->port = syn_port(&r->syn->key, &s.dst, s.dport);
                slot->epoch = syn_rate_first(&r->rate, r->now_us);
        }
        slot->attempts++;
        slot->sent_us = r->now_us;
        slot->real_us = r->real_us;
        slot->unsent = false;
        s.sport = syn_port_of(slot->port, slot->attempts);
        s.seq = syn_sequence(&r->syn->key, &s, number);
        syn_slots_move(&r->slots, number, SYN_SENT + slot->attempts);
        add(r, &s, &way->hop,
            way->neigh == NEIGH_NONE ? NULL : neigh_at(r->syn->hops, way->neigh)->link, number);
}

void syn_send_reset(struct syn_run *r, const struct zc_segment *got)
{
        struct hop hop = hop_find(r->syn->hops, &got->src);
        struct zc_segment s = { .src = got->dst,
                                .dst = got->src,
                                .sport = got->dport,
                                .dport = got->sport,
                                .seq = got->ack,
                                .flags = ZC_TCP_RST };
        uint32_t neigh;

        if (hop.kind == HOP_PLAIN) {
                add(r, &s, &hop, NULL, SYN_NONE);
                return;
        }
        neigh = hop.kind == HOP_LINK ? neigh_of(r->syn->hops, &hop) : NEIGH_NONE;
        if (neigh != NEIGH_NONE && neigh_at(r->syn->hops, neigh)->state == NEIGH_KNOWN)
                add(r, &s, &hop, neigh_at(r->syn->hops, neigh)->link, SYN_NONE);
}

/* The device's queue is full: we were too fast. */
static void wait_for_room(struct syn_run *r)
{
        struct pollfd fd = { .fd = r->syn->capture.fd[ZC_CAPTURE_SEND], .events = POLLOUT };
        const struct timespec moment = { 0, ROOM_WAIT_MS * 1000000L };

        syn_rate_overrun(&r->rate, r->now_us);
        if (poll(&fd, 1, ROOM_WAIT_MS) > 0) /* ENOBUFS comes with room in our own buffer */
                nanosleep(&moment, NULL);
        syn_run_clock(r);
}

/* What was not sent counts as sent and lost, but never as asked. */
static void skip(struct syn_run *r, unsigned i)
{
        if (r->batch.slots[i] != SYN_NONE)
                r->slots.slots[r->batch.slots[i]].unsent = true;
}

void syn_send_flush(struct syn_run *r)
{
        struct syn_batch *b = &r->batch;
        int fd = r->syn->capture.fd[ZC_CAPTURE_SEND];
        unsigned at = 0, tries = 0;

        while (at < b->count) {
                int n = sendmmsg(fd, b->messages + at, b->count - at, MSG_DONTWAIT);

                if (n > 0) {
                        at += (unsigned)n;
                        r->stats->sent += (unsigned)n;
                        tries = 0;
                } else if (errno == EINTR) {
                        continue;
                } else if ((errno == EAGAIN || errno == ENOBUFS) && tries++ < ROOM_TRIES) {
                        wait_for_room(r);
                } else {
                        skip(r, at++);
                }
        }
        b->count = 0;
        syn_run_clock(r);
}
