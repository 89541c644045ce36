/** What is under way: a bounded table of pairs, each in one list. Numbers instead of pointers, because packets carry them. */
#ifndef ZC_NET_SYN_SLOTS_H
#define ZC_NET_SYN_SLOTS_H

#include "syn_cookie.h"
#include "syn_rate.h"
#include "zc/syn.h"

#define SYN_NONE UINT32_MAX
#define SYN_SLOTS 65536u
_Static_assert(SYN_SLOTS <= SYN_NUMBERS, "a sequence number carries a slot's number");

/* The lists that a slot can stand in; those of attempts are in the order in which they were sent. */
enum syn_list {
        SYN_FREE,
        SYN_READY,   /* nothing keeps it from being sent, but the rate */
        SYN_WAITING, /* for its neighbour */
        SYN_QUIET,   /* asked often enough, as far as is known yet */
        SYN_SENT,    /* + attempts */
        SYN_LISTS = SYN_SENT + SYN_ATTEMPTS_MOST + 1
};

struct syn_slot {
        struct zc_syn_target target;
        int64_t sent_us; /* CLOCK_MONOTONIC, of the last attempt */
        int64_t real_us; /* CLOCK_REALTIME, likewise: what packets are stamped with */
        uint32_t prev, next;
        uint32_t same; /* the next that waits for the same neighbour */
        uint16_t port; /* of the first attempt */
        uint16_t epoch;
        uint8_t list;
        uint8_t attempts;
        bool unsent;  /* the last attempt did not leave this machine */
        bool doubted; /* answers were dropped meanwhile: it was asked more often for that */
};

struct syn_queue {
        uint32_t first, last, count;
};

struct syn_slots {
        struct syn_slot *slots;
        uint32_t touched; /* those above were never used */
        struct syn_queue lists[SYN_LISTS];
};

bool syn_slots_init(struct syn_slots *s, struct zc_err *err);
void syn_slots_release(struct syn_slots *s);
/** SYN_NONE when all are in use. It stands in no list. */
uint32_t syn_slots_take(struct syn_slots *s);
bool syn_slots_full(const struct syn_slots *s);
/** To the end of a list, from wherever it stands. */
void syn_slots_move(struct syn_slots *s, uint32_t number, enum syn_list to);
static inline uint32_t syn_slots_first(const struct syn_slots *s, unsigned list)
{
        return s->lists[list].first;
}
/** Under way: in any list but FREE and QUIET. */
uint32_t syn_slots_busy(const struct syn_slots *s);

#endif
