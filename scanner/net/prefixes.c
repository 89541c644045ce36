/** See prefixes.h. */
#include "prefixes.h"

#include <string.h>

static int order(const struct zc_addr *a, const struct zc_addr *b)
{
        if (a->family != b->family)
                return a->family < b->family ? -1 : 1;
        return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

int zc_prefix_order(const void *a, const void *b)
{
        const struct zc_prefix *l = a, *r = b;
        int by_address = order(&l->addr, &r->addr);

        return by_address ? by_address : (int)l->bits - (int)r->bits;
}

/** How many begin at or before the address: the last of them is the only one that can hold it. */
static size_t upto(const struct zc_prefixes *s, const struct zc_addr *a)
{
        size_t low = 0, high = s->n;

        while (low < high) {
                size_t mid = low + (high - low) / 2;

                if (order(&s->list[mid].addr, a) <= 0)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

bool zc_prefixes_has(const struct zc_prefixes *s, const struct zc_addr *a)
{
        size_t n = upto(s, a);

        return n > 0 && zc_prefix_contains(&s->list[n - 1], a);
}

bool zc_prefixes_room(struct zc_prefixes *s)
{
        size_t want = s->cap ? s->cap * 2 : 8;
        struct zc_prefix *more;

        if (s->n < s->cap)
                return true;
        more = reallocarray(s->list, want, sizeof *more);
        if (!more)
                return false;
        s->list = more;
        s->cap = want;
        return true;
}

bool zc_prefixes_add(struct zc_prefixes *s, const struct zc_prefix *p)
{
        size_t at = upto(s, &p->addr), last;

        if (at > 0 && zc_prefix_covers(&s->list[at - 1], p))
                return true;
        if (!zc_prefixes_room(s))
                return false;
        at -= at > 0 && order(&s->list[at - 1].addr, &p->addr) == 0; /* narrower: replaced */
        for (last = at; last < s->n && zc_prefix_covers(p, &s->list[last]);)
                last++;
        memmove(s->list + at + 1, s->list + last, (s->n - last) * sizeof *s->list);
        s->list[at] = *p;
        s->n = s->n - (last - at) + 1;
        return true;
}

/** Whether the prefixes of list[0 … n-1], all inside p, are all of it: one is p itself, or both halves are. */
static bool filled(const struct zc_prefix *list, size_t n, struct zc_prefix p)
{
        struct zc_prefix high = p;
        size_t below = 0;

        if (n == 0)
                return false;
        if (list[0].bits == p.bits)
                return true;
        high.addr.bytes[p.bits / 8] |= (uint8_t)(0x80u >> (p.bits % 8));
        high.bits = ++p.bits;
        while (below < n && order(&list[below].addr, &high.addr) < 0)
                below++;
        return filled(list, below, p) && filled(list + below, n - below, high);
}

bool zc_prefixes_cover(const struct zc_prefixes *s, const struct zc_prefix *p)
{
        size_t at = upto(s, &p->addr), last;

        if (at > 0 && zc_prefix_covers(&s->list[at - 1], p))
                return true;
        at -= at > 0 && order(&s->list[at - 1].addr, &p->addr) == 0;
        for (last = at; last < s->n && zc_prefix_covers(p, &s->list[last]);)
                last++;
        return filled(s->list + at, last - at, *p);
}

void zc_prefixes_release(struct zc_prefixes *s)
{
        free(s->list);
        *s = (struct zc_prefixes){ 0 };
}
