/** ipset's networks within networks, as parts that do not overlap: of an address, the longest prefix decides, and an element may say no. */
#include <stdlib.h>
#include <string.h>

#include "ipset.h"

int fw_ipset_by_key(const void *a, const void *b, void *len)
{
        const size_t n = *(const size_t *)len;
        const uint8_t *x = a, *y = b;
        const int c = memcmp(x, y, n);

        return c ? c : memcmp(y + n, x + n, n);
}

enum state { OUT, PERHAPS, IN };

/** What an element makes of a part of another. */
static enum state state_within(enum state below, uint8_t how)
{
        if (!(how & FW_IPSET_FLEETING))
                return how & FW_IPSET_NOMATCH ? OUT : IN;
        return below == (how & FW_IPSET_NOMATCH ? OUT : IN) ? below : PERHAPS;
}

struct sweep {
        struct zc_fw_set *set;
        uint8_t *lo, *hi, *fleeting;
        size_t n, most;
        uint8_t at[16]; /* from here on nothing was put yet */
        bool over;      /* all was */
        struct {
                const uint8_t *hi;
                enum state state;
        } open[130];
        size_t depth;
};

static bool step(uint8_t *key, size_t n, bool up)
{
        while (n-- > 0) {
                if (key[n] != (up ? 0xff : 0)) {
                        key[n] = (uint8_t)(up ? key[n] + 1 : key[n] - 1);
                        return true;
                }
                key[n] = up ? 0 : 0xff;
        }
        return false;
}

/** From where it stands to `to`, in the state of what is open. */
static void put(struct sweep *w, const uint8_t *to)
{
        struct zc_fw_set *set = w->set;
        const enum state state = w->open[w->depth - 1].state;
        const size_t i = set->count;

        if (w->over || memcmp(w->at, to, w->n) > 0)
                return;
        if (state != OUT && i < w->most) {
                memcpy(w->lo + i * w->n, w->at, w->n);
                memcpy(w->hi + i * w->n, to, w->n);
                w->fleeting[i / 8] |= (uint8_t)((state == PERHAPS) << (i % 8));
                set->count++;
        }
        memcpy(w->at, to, w->n);
        w->over = !step(w->at, w->n, true);
}

static void close_until(struct sweep *w, const uint8_t *lo)
{
        while (w->depth > 0 && (!lo || memcmp(w->open[w->depth - 1].hi, lo, w->n) < 0)) {
                put(w, w->open[w->depth - 1].hi);
                w->depth--;
        }
}

static void open_one(struct sweep *w, const uint8_t *record)
{
        const enum state below = w->depth > 0 ? w->open[w->depth - 1].state : OUT;
        uint8_t before[16];

        memcpy(before, record, w->n);
        if (w->depth > 0 && memcmp(w->at, record, w->n) < 0 && step(before, w->n, false))
                put(w, before);
        if (w->depth == ZC_COUNT(w->open))
                return;
        memcpy(w->at, record, w->n);
        w->over = false;
        w->open[w->depth].hi = record + w->n;
        w->open[w->depth++].state = state_within(below, record[2 * w->n]);
}

void fw_ipset_lay_out(struct fw_build *b, uint8_t *records, size_t count, struct zc_fw_set *set)
{
        struct sweep w = { .set = set, .n = set->key_len, .most = 2 * count + 1 };
        const size_t stride = 2 * w.n + 1;

        w.lo = zc_arena_array(b->arena, w.most, w.n);
        w.hi = zc_arena_array(b->arena, w.most, w.n);
        w.fleeting = zc_arena_array(b->arena, w.most / 8 + 1, 1);
        if (!w.lo || !w.hi || !w.fleeting) {
                b->failed = true;
                return;
        }
        if (count > 1)
                qsort_r(records, count, stride, fw_ipset_by_key, &w.n);
        for (size_t i = 0; i < count; i++) {
                close_until(&w, records + i * stride);
                open_one(&w, records + i * stride);
        }
        close_until(&w, NULL);
        set->lo = w.lo;
        set->hi = w.hi;
        set->fleeting = w.fleeting;
}
