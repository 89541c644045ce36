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

/* ---- networks with interfaces ---- */

struct nets {
        size_t n, key_len; /* bytes of an address; of the whole key, which begins with it */
        uint8_t *out;      /* records */
        size_t count, cap;
};

static int by_net(const void *a, const void *b, void *ctx)
{
        const struct nets *nets = ctx;
        const uint8_t *x = a, *y = b;
        const int c = memcmp(x, y, nets->n);

        return c ? c : memcmp(y + nets->key_len, x + nets->key_len, nets->n);
}

/** One part of the element's network, with the rest of its key. */
static bool part(struct nets *nets, const uint8_t *record, const uint8_t *lo, const uint8_t *hi)
{
        const size_t stride = 2 * nets->key_len + 1;
        uint8_t *to;

        if (nets->count == nets->cap) {
                const size_t wanted = nets->cap ? nets->cap * 2 : 64;
                uint8_t *more =
                        wanted > FW_IPSET_PARTS_MAX ? NULL : realloc(nets->out, wanted * stride);

                if (!more)
                        return false;
                nets->out = more;
                nets->cap = wanted;
        }
        to = nets->out + nets->count++ * stride;
        memcpy(to, record, stride);
        memcpy(to, lo, nets->n);
        memcpy(to + nets->key_len, hi, nets->n);
        return true;
}

/** What of the i-th element's network lies in no narrower one. */
static bool parts_of(struct nets *nets, const uint8_t *records, size_t count, size_t i)
{
        const size_t stride = 2 * nets->key_len + 1;
        const uint8_t *own = records + i * stride, *end = own + nets->key_len;
        uint8_t at[16], before[16];
        bool over = false;

        memcpy(at, own, nets->n);
        for (size_t k = i + 1; k < count && !over; k++) {
                const uint8_t *lo = records + k * stride, *hi = lo + nets->key_len;

                if (memcmp(lo, end, nets->n) > 0)
                        break;
                if ((memcmp(lo, own, nets->n) == 0 && memcmp(hi, end, nets->n) == 0) ||
                    memcmp(lo, at, nets->n) < 0)
                        continue; /* the same network, or within one that was passed */
                memcpy(before, lo, nets->n);
                if (memcmp(at, lo, nets->n) < 0 && step(before, nets->n, false) &&
                    !part(nets, own, at, before))
                        return false;
                memcpy(at, hi, nets->n);
                over = !step(at, nets->n, true);
        }
        return over || memcmp(at, end, nets->n) > 0 || part(nets, own, at, end);
}

bool fw_ipset_own_parts(uint8_t **records, size_t *count, size_t n, size_t key_len)
{
        struct nets nets = { .n = n, .key_len = key_len };
        bool ok = true;

        if (*count > 1)
                qsort_r(*records, *count, 2 * key_len + 1, by_net, &nets);
        for (size_t i = 0; i < *count && ok; i++)
                ok = parts_of(&nets, *records, *count, i);
        if (!ok) {
                free(nets.out);
                return false;
        }
        free(*records);
        *records = nets.out;
        *count = nets.count;
        return true;
}
