/**
 * Elements. Three kinds of sets:
 *
 *      plain      keys                             sorted; hi is lo
 *      intervals  points: starts, exclusive ends   sorted and joined; the last start may have no end, the first end may have no start
 *      ordered    key and key's end (pipapo)       as they came: the first that holds every field wins
 */
#include "elements.h"

#include <string.h>

enum { MARK_TIMED = 1, MARK_END = 0x80 }; /* of two marks the one with an end is the greater */

void fw_elements_release(struct fw_elements *e)
{
        struct fw_list *const lists[] = { &e->keys, &e->ends, &e->data, &e->verdicts, &e->marks };

        for (size_t i = 0; i < ZC_COUNT(lists); i++)
                free(lists[i]->at);
        memset(e, 0, sizeof *e);
}

static void spoil(struct fw_elements *e, const struct fw_place *at, const struct zc_fw_set *set,
                  const char *why, uint32_t number)
{
        e->spoilt = true;
        fw_place_gap(at, ZC_FW_IN_OPS, zc_rd_str(set->name), "an element of a set: %s %u: ", why,
                     (unsigned)number);
}

/** Bytes of the set's own width at the end of a list. */
static bool put(struct fw_elements *e, struct fw_build *b, struct fw_list *list, struct zc_rd bytes,
                uint32_t width)
{
        uint8_t *to;

        if (bytes.n != width || !(to = fw_build_more(b, list, width))) {
                e->spoilt = true;
                return false;
        }
        memcpy(to, bytes.p, width);
        return true;
}

static bool verdict_of(const struct fw_place *at, const struct zc_nft_element *one,
                       struct zc_fw_verdict *out)
{
        return one->verdict.n > 0 && fw_decode_verdict(at, one->verdict, out);
}

static void add_catchall(struct fw_elements *e, const struct fw_place *at, struct zc_fw_set *set,
                         const struct zc_nft_element *one)
{
        set->has_catchall = true;
        set->catchall_fleeting = one->timed;
        if (set->verdicts && !verdict_of(at, one, &set->catchall_verdict))
                spoil(e, at, set, "verdict of the catch-all", 0);
        if (!set->map || set->verdicts)
                return;
        if (one->value.n == set->data_len)
                set->catchall_data = fw_build_bytes(at->b, one->value);
        else
                spoil(e, at, set, "data length", (uint32_t)one->value.n);
}

/** Data of a map. The end of an interval has none. */
static void add_data(struct fw_elements *e, const struct fw_place *at, struct zc_fw_set *set,
                     const struct zc_nft_element *one)
{
        const bool end = one->flags & ZC_NFT_ELEMENT_END;
        struct zc_fw_verdict v = { .code = ZC_FW_BREAK, .chain = FW_NOWHERE };
        struct zc_fw_verdict *kept;
        uint8_t *none;

        if (set->verdicts) {
                if (!end && !verdict_of(at, one, &v))
                        spoil(e, at, set, "verdict", 0);
                if ((kept = fw_build_more(at->b, &e->verdicts, sizeof *kept)))
                        *kept = v;
        } else if (set->map && end) {
                none = fw_build_more(at->b, &e->data, set->data_len);
                e->spoilt |= !none;
        } else if (set->map && !put(e, at->b, &e->data, one->value, set->data_len)) {
                spoil(e, at, set, "data length", (uint32_t)one->value.n);
        }
}

void fw_elements_add(struct fw_elements *e, const struct fw_place *at,
                     const struct zc_nft_element *one)
{
        struct zc_fw_set *set = fw_build_at(at->b->sets, struct zc_fw_set, e->set);
        const uint32_t known = ZC_NFT_ELEMENT_END | ZC_NFT_ELEMENT_CATCHALL;
        uint8_t *mark;

        if (e->spoilt)
                return;
        if (one->unknown || (one->flags & ~known)) {
                spoil(e, at, set, one->unknown ? "attribute" : "flags",
                      one->unknown ? one->unknown : one->flags);
                return;
        }
        set->weak |= fw_decode_may_break(at, one->expression, one->expressions);
        if (one->flags & ZC_NFT_ELEMENT_CATCHALL) {
                add_catchall(e, at, set, one);
                return;
        }
        if (!put(e, at->b, &e->keys, one->key, set->key_len)) {
                spoil(e, at, set, "key length", (uint32_t)one->key.n);
                return;
        }
        if (((e->flags & ZC_NFT_SET_CONCAT) && (e->flags & ZC_NFT_SET_INTERVAL)) &&
            !put(e, at->b, &e->ends, one->key_end ? one->end : one->key, set->key_len))
                spoil(e, at, set, "key's end, length", (uint32_t)one->end.n);
        else if (one->key_end && e->ends.count == 0)
                spoil(e, at, set, "key's end in a set without fields", 0);
        add_data(e, at, set, one);
        if ((mark = fw_build_more(at->b, &e->marks, 1)))
                *mark = (uint8_t)((one->flags & ZC_NFT_ELEMENT_END ? MARK_END : 0) |
                                  (one->timed ? MARK_TIMED : 0));
}

/* ---- order ---- */

/** One pass of a radix sort: by a byte of each, stable. False when all have the same one, and nothing moved. */
static bool pass(const uint32_t *from, uint32_t *to, size_t n, const uint8_t *bytes, size_t stride,
                 uint8_t flip)
{
        size_t at[257] = { 0 };

        for (size_t i = 0; i < n; i++)
                at[(bytes[from[i] * stride] ^ flip) + 1u]++;
        for (size_t i = 1; i <= 256; i++) {
                if (at[i] == n)
                        return false;
                at[i] += at[i - 1];
        }
        for (size_t i = 0; i < n; i++)
                to[at[bytes[from[i] * stride] ^ flip]++] = from[i];
        return true;
}

/** By key, an end before a start: the order of elements as indexes in `order`; both arrays have n. */
static uint32_t *sorted(const struct fw_elements *e, uint32_t key_len, uint32_t *order,
                        uint32_t *other)
{
        const size_t n = e->keys.count;
        const uint8_t *keys = e->keys.at;

        for (size_t i = 0; i < n; i++)
                order[i] = (uint32_t)i;
        for (size_t byte = key_len + 1; byte-- > 0 && n > 0;) {
                const bool marks = byte == key_len; /* the least of the bytes; an end comes first */
                const uint8_t *column = marks ? e->marks.at : keys + byte;

                if (pass(order, other, n, column, marks ? 1 : key_len, marks ? 0xff : 0)) {
                        uint32_t *swap = order;

                        order = other;
                        other = swap;
                }
        }
        return order;
}

/** The key before that one. */
static void before(const uint8_t *key, size_t n, uint8_t *out)
{
        memcpy(out, key, n);
        for (size_t i = n; i-- > 0;) {
                if (out[i]-- != 0)
                        return;
        }
}

struct filling {
        struct fw_elements *e;
        struct zc_fw_set *set;
        uint8_t *lo, *hi, *data, *fleeting;
        struct zc_fw_verdict *verdict;
};

static void fill_one(struct filling *f, size_t from)
{
        const struct fw_elements *e = f->e;
        const size_t to = f->set->count++, width = f->set->data_len;

        memcpy(f->lo + to * f->set->key_len, (const uint8_t *)e->keys.at + from * f->set->key_len,
               f->set->key_len);
        if (f->data)
                memcpy(f->data + to * width, (const uint8_t *)e->data.at + from * width, width);
        if (f->verdict)
                f->verdict[to] = fw_build_at(e->verdicts, struct zc_fw_verdict, from)[0];
        if (f->fleeting && (((const uint8_t *)e->marks.at)[from] & MARK_TIMED))
                f->fleeting[to / 8] |= (uint8_t)(1u << to % 8);
}

/** Starts, each up to before the next point. */
static void fill_intervals(struct filling *f, const uint32_t *order)
{
        const size_t n = f->e->keys.count, len = f->set->key_len;
        const uint8_t *keys = f->e->keys.at, *marks = f->e->marks.at;

        for (size_t i = 0; i < n; i++) {
                uint8_t *hi = f->hi + f->set->count * len;

                if (marks[order[i]] & MARK_END)
                        continue;
                if (i + 1 < n)
                        before(keys + order[i + 1] * len, len, hi);
                else
                        memset(hi, 0xff, len);
                fill_one(f, order[i]);
        }
}

static bool any_timed(const struct fw_elements *e)
{
        for (size_t i = 0; i < e->marks.count; i++) {
                if (((const uint8_t *)e->marks.at)[i] & MARK_TIMED)
                        return true;
        }
        return false;
}

/** How many elements there will be: the ends of intervals are none. */
static size_t starts(const struct fw_elements *e)
{
        size_t n = 0;

        for (size_t i = 0; i < e->marks.count; i++)
                n += !(((const uint8_t *)e->marks.at)[i] & MARK_END);
        return n;
}

static void *room(struct fw_build *b, bool wanted, size_t n, size_t size)
{
        void *p = wanted ? zc_arena_array(b->arena, n, size) : NULL;

        b->failed |= wanted && !p;
        return p;
}

static void fill(struct filling *f, struct fw_build *b, bool intervals)
{
        const size_t n = f->e->keys.count;
        ZC_AUTO_MEM uint32_t *order = calloc(2 * n + 1, sizeof *order);

        if (!order) {
                b->failed = true;
                return;
        }
        if (f->set->ordered) {
                if (n > 0)
                        memcpy(f->hi, f->e->ends.at, n * f->set->key_len);
                for (size_t i = 0; i < n; i++)
                        fill_one(f, i);
                return;
        }
        const uint32_t *by_key = sorted(f->e, f->set->key_len, order, order + n);

        if (intervals)
                fill_intervals(f, by_key);
        for (size_t i = 0; i < n && !intervals; i++)
                fill_one(f, by_key[i]);
}

void fw_elements_finish(struct fw_elements *e, const struct fw_place *at)
{
        struct fw_build *b = at->b;
        struct zc_fw_set *set = fw_build_at(b->sets, struct zc_fw_set, e->set);
        const bool intervals = e->flags & ZC_NFT_SET_INTERVAL;
        const size_t n = starts(e);
        struct filling f = { .e = e, .set = set };

        if (e->spoilt || b->failed)
                return;
        f.lo = room(b, true, n + 1, set->key_len);
        f.hi = room(b, intervals, n + 1, set->key_len);
        f.data = room(b, set->map && !set->verdicts, n + 1, set->data_len);
        f.verdict = room(b, set->verdicts, n + 1, sizeof *f.verdict);
        f.fleeting = room(b, any_timed(e), n / 8 + 1, 1);
        if (b->failed)
                return;
        fill(&f, b, intervals && !set->ordered);
        set->lo = f.lo;
        set->hi = intervals ? f.hi : f.lo;
        set->data = f.data;
        set->verdict = f.verdict;
        set->fleeting = f.fleeting;
        set->read = true;
}
