/** Neighbours on the link. See hop.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "hop_tables.h"
#include "zc/clock.h"

#define ROOM_FIRST 64u
#define ASKED_MOST 4u

/* How long an answer is waited for, in us; together as long as the kernel looks for an address (RFC 4861 section 10: three times a second). */
static const int64_t patience[ASKED_MOST] = { 100000, 400000, 1000000, 1500000 };

void neighs_forget(struct hops *h)
{
        free(ZC_TAKE(h->neighs));
        free(ZC_TAKE(h->table));
        free(ZC_TAKE(h->asking));
        h->neigh_count = h->neigh_room = h->table_size = 0;
        h->asking_first = h->asking_count = 0;
}

/* ---- the table ---- */

static size_t place_of(const struct hops *h, const struct zc_addr *a, uint32_t index)
{
        uint32_t x = index;

        for (size_t i = 0; i < sizeof a->bytes; i++)
                x = (x ^ a->bytes[i]) * 16777619u;
        return (x ^ x >> 15) & (h->table_size - 1);
}

/* The number found, or the empty place where it belongs. */
static uint32_t look_up(const struct hops *h, const struct zc_addr *a, uint32_t index, size_t *at)
{
        size_t i = place_of(h, a, index);

        for (; h->table[i] != NEIGH_NONE; i = (i + 1) & (h->table_size - 1)) {
                const struct neigh *n = &h->neighs[h->table[i]];

                if (n->index == index && zc_addr_cmp(&n->addr, a) == 0)
                        break;
        }
        *at = i;
        return h->table[i];
}

/* At most half full, so that there is always an empty place. */
static bool grow(struct hops *h)
{
        size_t room = h->neigh_room ? h->neigh_room * 2 : ROOM_FIRST, at;
        struct neigh *neighs = realloc(h->neighs, room * sizeof *neighs);
        uint32_t *asking, *table;

        if (!neighs)
                return false;
        h->neighs = neighs;
        asking = calloc(room, sizeof *asking);
        table = calloc(room * 2, sizeof *table);
        if (!asking || !table) {
                free(asking);
                free(table);
                return false;
        }
        for (size_t i = 0; i < h->asking_count && h->neigh_room > 0; i++)
                asking[i] = h->asking[(h->asking_first + i) % h->neigh_room];
        free(h->asking);
        free(h->table);
        h->asking = asking;
        h->asking_first = 0;
        h->table = table;
        h->neigh_room = room;
        h->table_size = room * 2;
        memset(table, 0xff, h->table_size * sizeof *table);
        for (size_t i = 0; i < h->neigh_count; i++) {
                (void)look_up(h, &h->neighs[i].addr, h->neighs[i].index, &at);
                table[at] = (uint32_t)i;
        }
        return true;
}

static void asking_add(struct hops *h, uint32_t number)
{
        h->asking[(h->asking_first + h->asking_count++) % h->neigh_room] = number;
}

/* ---- the kernel's own table ---- */

static bool take_neigh(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        struct neigh *n = ctx;
        struct zc_rt_neigh w;

        if (type != RTM_NEWNEIGH)
                return true;
        if (!zc_rt_neigh_parse(payload, &w, err))
                return false;
        if ((w.state & (NUD_PERMANENT | NUD_REACHABLE)) && w.link.n == sizeof n->link &&
            zc_rd_copy(&w.link, n->link, sizeof n->link))
                n->state = NEIGH_KNOWN;
        return true;
}

/* What an administrator wrote there need not answer ARP at all. Kernels before 5.0 tell no single one. */
static void kernel_ask(struct hops *h, struct neigh *n)
{
        uint8_t buf[256] = { 0 };
        struct zc_err err = { 0 };
        struct ndmsg *m;
        struct nlmsghdr *req = zc_nl_message(buf, RTM_GETNEIGH, 0, sizeof *m, (void **)&m);

        m->ndm_family = n->addr.family;
        m->ndm_ifindex = (int)n->index;
        mnl_attr_put(req, NDA_DST, n->addr.family == AF_INET6 ? 16 : 4, n->addr.bytes);
        if (!zc_nl_request(h->nl, req, take_neigh, NULL, n, &err))
                n->state = NEIGH_ASKING;
}

/* ---- asking ---- */

/* Solicitations of a gateway of the other family come from no address of that family: ARP then says 0.0.0.0 (RFC 5227), and IPv6 has a link-local one. */
static struct zc_addr asks_from(const struct neigh *n)
{
        struct zc_addr from = n->hop.source;

        if (from.family != n->addr.family)
                from = (struct zc_addr){ .family = n->addr.family };
        return from;
}

static void solicit(struct hops *h, struct neigh *n)
{
        uint8_t buf[128];
        struct zc_wr w;
        struct zc_addr from = asks_from(n);
        struct sockaddr_ll to = { .sll_family = AF_PACKET,
                                  .sll_ifindex = (int)n->index,
                                  .sll_halen = 6,
                                  .sll_protocol = htons(n->addr.family == AF_INET6 ? ETH_P_IPV6
                                                                                   : ETH_P_ARP) };

        zc_wr_init(&w, buf, sizeof buf);
        zc_solicit_write(&w, &from, n->hop.own, &n->addr);
        zc_solicit_link(&n->addr, to.sll_addr);
        if (sendto(h->send, buf, w.len, MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof to) < 0)
                errno = 0; /* as if it had been lost: it is asked again */
        n->due_us = zc_mono_us() + patience[n->asked];
        n->asked++;
}

uint32_t neigh_of(struct hops *h, const struct hop *hop)
{
        uint32_t number;
        struct neigh *n;
        size_t at;

        if (h->neigh_count == h->neigh_room && !grow(h))
                return NEIGH_NONE;
        number = look_up(h, &hop->via, hop->index, &at);
        if (number != NEIGH_NONE)
                return number;
        number = (uint32_t)h->neigh_count++;
        h->table[at] = number;
        n = &h->neighs[number];
        *n = (struct neigh){ .addr = hop->via,
                             .index = hop->index,
                             .state = NEIGH_ASKING,
                             .waiting = NEIGH_NONE,
                             .hop = *hop };
        kernel_ask(h, n);
        if (n->state == NEIGH_ASKING) {
                solicit(h, n);
                asking_add(h, number);
        }
        return number;
}

struct neigh *neigh_at(struct hops *h, uint32_t number)
{
        return &h->neighs[number];
}

uint32_t neigh_heard(struct hops *h, const struct zc_packet_seen *seen, uint32_t index)
{
        uint32_t number;
        bool news;
        size_t at;

        if (h->table_size == 0)
                return NEIGH_NONE;
        number = look_up(h, &seen->from, index, &at);
        if (number == NEIGH_NONE)
                return NEIGH_NONE;
        news = h->neighs[number].state != NEIGH_KNOWN;
        /* A second answer changes nothing: whoever comes late may be an impostor. */
        if (news)
                memcpy(h->neighs[number].link, seen->link, sizeof seen->link);
        h->neighs[number].state = NEIGH_KNOWN;
        return news ? number : NEIGH_NONE;
}

int64_t neigh_next_us(const struct hops *h)
{
        return h->asking_count ? h->neighs[h->asking[h->asking_first]].due_us : INT64_MAX;
}

uint32_t neigh_due(struct hops *h, int64_t now_us)
{
        /* Each turn takes one from the front: those that were asked again stand at the end. Not all wait equally long, so some are late. */
        for (size_t turns = h->asking_count; turns > 0 && neigh_next_us(h) <= now_us; turns--) {
                uint32_t number = h->asking[h->asking_first];
                struct neigh *n = &h->neighs[number];

                h->asking_first = (h->asking_first + 1) % h->neigh_room;
                h->asking_count--;
                if (n->state != NEIGH_ASKING)
                        continue;
                if (n->asked == ASKED_MOST) {
                        n->state = NEIGH_SILENT;
                        return number;
                }
                solicit(h, n);
                asking_add(h, number);
        }
        return NEIGH_NONE;
}
