/** See syn_slots.h. */
#include "syn_slots.h"

#include <assert.h>
#include <stdlib.h>

#define LOOSE SYN_LISTS /* in no list */

bool syn_slots_init(struct syn_slots *s, struct zc_err *err)
{
        *s = (struct syn_slots){ 0 };
        for (size_t i = 0; i < ZC_COUNT(s->lists); i++)
                s->lists[i] = (struct syn_queue){ SYN_NONE, SYN_NONE, 0 };
        s->slots =
                calloc(SYN_SLOTS, sizeof *s->slots); /* pages that are never touched cost nothing */
        return s->slots || zc_fail(err, ZC_E_NOMEM, "no memory for a port scan");
}

void syn_slots_release(struct syn_slots *s)
{
        free(ZC_TAKE(s->slots));
}

static void unlink_slot(struct syn_slots *s, struct syn_slot *slot)
{
        struct syn_queue *q;

        if (slot->list == LOOSE)
                return;
        q = &s->lists[slot->list];
        if (slot->prev != SYN_NONE)
                s->slots[slot->prev].next = slot->next;
        else
                q->first = slot->next;
        if (slot->next != SYN_NONE)
                s->slots[slot->next].prev = slot->prev;
        else
                q->last = slot->prev;
        q->count--;
        slot->list = LOOSE;
}

void syn_slots_move(struct syn_slots *s, uint32_t number, enum syn_list to)
{
        struct syn_slot *slot = &s->slots[number];
        struct syn_queue *q = &s->lists[to];

        unlink_slot(s, slot);
        slot->list = (uint8_t)to;
        slot->prev = q->last;
        slot->next = SYN_NONE;
        if (q->last != SYN_NONE)
                s->slots[q->last].next = number;
        else
                q->first = number;
        q->last = number;
        q->count++;
}

bool syn_slots_full(const struct syn_slots *s)
{
        return s->lists[SYN_FREE].count == 0 && s->touched == SYN_SLOTS;
}

uint32_t syn_slots_take(struct syn_slots *s)
{
        uint32_t number = s->lists[SYN_FREE].first;

        if (number != SYN_NONE)
                unlink_slot(s, &s->slots[number]);
        else if (s->touched < SYN_SLOTS)
                number = s->touched++;
        else
                return SYN_NONE;
        s->slots[number] = (struct syn_slot){ .list = LOOSE };
        return number;
}

uint32_t syn_slots_busy(const struct syn_slots *s)
{
        assert(s->touched >= s->lists[SYN_FREE].count + s->lists[SYN_QUIET].count);
        return s->touched - s->lists[SYN_FREE].count - s->lists[SYN_QUIET].count;
}
