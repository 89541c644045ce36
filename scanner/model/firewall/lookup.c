/** Sets and maps: found at once where the key is known, element by element where part of it is not. */
#include <stdlib.h>

#include "eval.h"

#define HASHED 16u  /* a plain set of more elements gets a hash */
#define TRIED 4096u /* of how many elements we look at each, where the key is not known */

static uint32_t hash(const uint8_t *key, size_t n)
{
        uint64_t h = 0xcbf29ce484222325u;

        for (size_t i = 0; i < n; i++)
                h = (h ^ key[i]) * 0x100000001b3u;
        return (uint32_t)(h ^ h >> 32);
}

static const uint8_t *low(const struct zc_fw_set *set, size_t i)
{
        return set->lo + i * set->key_len;
}

static const uint8_t *high(const struct zc_fw_set *set, size_t i)
{
        return set->hi + i * set->key_len;
}

static const struct fw_set_index *index_of(const struct zc_fw_machine *m,
                                           const struct zc_fw_set *set)
{
        const struct zc_fw_set *first = m->rs->sets;

        return set >= first && set < first + m->rs->set_count ? &m->set[set - first] : NULL;
}

static bool index_one(struct zc_arena *arena, const struct zc_fw_set *set, struct fw_set_index *out)
{
        size_t size = 32;

        if (set->count <= HASHED || set->lo != set->hi || set->ordered ||
            set->count > UINT32_MAX / 4)
                return true;
        while (size < 2 * set->count)
                size *= 2;
        out->slot = zc_arena_array(arena, size, sizeof(*out->slot));
        if (!out->slot)
                return false;
        out->mask = (uint32_t)size - 1;
        for (size_t i = 0; i < set->count; i++) {
                uint32_t at = hash(low(set, i), set->key_len) & out->mask;

                while (out->slot[at])
                        at = (at + 1) & out->mask;
                out->slot[at] = (uint32_t)i + 1;
        }
        return true;
}

bool fw_index_sets(struct zc_fw_machine *m)
{
        enum { DYNSET_DELETE = 2 };
        const struct zc_fw_ruleset *rs = m->rs;

        m->set = zc_arena_array(m->arena, rs->set_count + 1, sizeof(*m->set));
        if (!m->set)
                return false;
        for (size_t i = 0; i < rs->set_count; i++) {
                if (!index_one(m->arena, &rs->sets[i], &m->set[i]))
                        return false;
        }
        for (size_t i = 0; i < rs->op_count; i++) {
                const struct zc_fw_op *op = &rs->ops[i];

                if (op->kind == ZC_FW_OP_DYNSET && op->op == DYNSET_DELETE &&
                    op->u.set >= rs->sets && op->u.set < rs->sets + rs->set_count)
                        m->set[op->u.set - rs->sets].forgets = true;
        }
        return true;
}

/* ---- one element ---- */

static enum fw_tri holds_part(const uint8_t *key, const uint8_t *unknown, const uint8_t *lo,
                              const uint8_t *hi, size_t n)
{
        uint8_t least[ZC_FW_KEY_MAX] = { 0 }, most[ZC_FW_KEY_MAX] = { 0 };
        bool point = memcmp(lo, hi, n) == 0, known = true;

        for (size_t i = 0; i < n; i++) {
                least[i] = (uint8_t)(key[i] & ~unknown[i]);
                most[i] = key[i] | unknown[i];
                known &= unknown[i] == 0;
                if (point && ((key[i] ^ lo[i]) & ~unknown[i]))
                        return FW_NO;
        }
        if (memcmp(most, lo, n) < 0 || memcmp(least, hi, n) > 0)
                return FW_NO;
        return known || (!point && memcmp(least, lo, n) >= 0 && memcmp(most, hi, n) <= 0)
                       ? FW_YES
                       : FW_EITHER;
}

/* Field by field where it is a concatenation of ranges, else the key as a whole. */
static enum fw_tri holds(const struct zc_fw_set *set, size_t i, const uint8_t *key,
                         const uint8_t *unknown)
{
        enum fw_tri all = FW_YES;
        size_t at = 0;

        if (!set->ordered || set->field_count == 0)
                return holds_part(key, unknown, low(set, i), high(set, i), set->key_len);
        for (size_t f = 0; f < set->field_count && at + set->fields[f] <= set->key_len; f++) {
                enum fw_tri t = holds_part(key + at, unknown + at, low(set, i) + at,
                                           high(set, i) + at, set->fields[f]);

                if (t == FW_NO)
                        return FW_NO;
                if (t == FW_EITHER)
                        all = FW_EITHER;
                at += (set->fields[f] + 3u) & ~3u;
        }
        return all;
}

static bool fleeting(const struct zc_fw_set *set, size_t i)
{
        return set->fleeting && set->fleeting[i / 8] >> (i % 8) & 1;
}

/* ---- a key that is known ---- */

#define NOT_FOUND SIZE_MAX

static size_t find_hashed(const struct zc_fw_set *set, const struct fw_set_index *x,
                          const uint8_t *key)
{
        uint32_t at = hash(key, set->key_len) & x->mask;

        for (; x->slot[at]; at = (at + 1) & x->mask) {
                if (memcmp(low(set, x->slot[at] - 1), key, set->key_len) == 0)
                        return x->slot[at] - 1;
        }
        return NOT_FOUND;
}

/* The last element that begins at or before the key: the elements do not overlap. */
static size_t find_sorted(const struct zc_fw_set *set, const uint8_t *key)
{
        size_t from = 0, to = set->count;

        while (from < to) {
                size_t mid = from + (to - from) / 2;

                if (memcmp(low(set, mid), key, set->key_len) <= 0)
                        from = mid + 1;
                else
                        to = mid;
        }
        if (from == 0 || memcmp(key, high(set, from - 1), set->key_len) > 0)
                return NOT_FOUND;
        return from - 1;
}

static bool in_fields(const struct zc_fw_set *set, size_t i, const uint8_t *key)
{
        size_t at = 0;

        for (size_t f = 0; f < set->field_count && at + set->fields[f] <= set->key_len; f++) {
                size_t n = set->fields[f];

                if (memcmp(key + at, low(set, i) + at, n) < 0 ||
                    memcmp(key + at, high(set, i) + at, n) > 0)
                        return false;
                at += (n + 3) & ~(size_t)3;
        }
        return true;
}

static size_t find_ordered(const struct zc_fw_set *set, const uint8_t *key)
{
        if (set->field_count == 0)
                return find_sorted(set, key);
        for (size_t i = 0; i < set->count; i++) {
                if (in_fields(set, i, key))
                        return i;
        }
        return NOT_FOUND;
}

static size_t find(const struct zc_fw_machine *m, const struct zc_fw_set *set, const uint8_t *key)
{
        const struct fw_set_index *x = index_of(m, set);

        if (x && x->slot)
                return find_hashed(set, x, key);
        return set->ordered ? find_ordered(set, key) : find_sorted(set, key);
}

/* ---- what a lookup gives: a few elements that may be the one, and whether none may be ---- */

struct hits {
        size_t element[FW_OPTIONS - 2]; /* NOT_FOUND: the catchall */
        size_t count;
        bool miss;    /* there may be none */
        bool unknown; /* nobody knows which: too many, or the set was not read */
};

static void hit(struct hits *h, size_t i)
{
        if (h->count < ZC_COUNT(h->element))
                h->element[h->count++] = i;
        else
                h->unknown = true;
}

/* No element holds, or none may: what the set says of the rest. */
static void rest(const struct zc_fw_set *set, struct hits *h)
{
        if (set->learns && set->map)
                h->unknown = true;
        if (!set->has_catchall) {
                h->miss = true;
                return;
        }
        hit(h, NOT_FOUND);
        if (set->catchall_fleeting)
                h->miss = true;
}

static void search_known(const struct fw_walk *w, const struct zc_fw_set *set, const uint8_t *key,
                         struct hits *h)
{
        const struct fw_set_index *x = index_of(w->m, set);
        size_t i = find(w->m, set, key);

        if (i == NOT_FOUND) {
                rest(set, h);
                return;
        }
        hit(h, i);
        if (fleeting(set, i) || (x && x->forgets))
                rest(set, h);
}

static void search_unknown(const struct zc_fw_set *set, const uint8_t *key, const uint8_t *unknown,
                           struct hits *h)
{
        if (set->count > TRIED) {
                h->unknown = h->miss = true;
                return;
        }
        for (size_t i = 0; i < set->count; i++) {
                enum fw_tri t = holds(set, i, key, unknown);

                if (t == FW_NO)
                        continue;
                hit(h, i);
                if (t == FW_YES && !fleeting(set, i))
                        return;
        }
        rest(set, h);
}

/* ---- the expression ---- */

static struct zc_fw_verdict verdict_of(const struct zc_fw_set *set, size_t i)
{
        return i == NOT_FOUND ? set->catchall_verdict : set->verdict[i];
}

static bool option_is(const struct fw_option *o, struct zc_fw_verdict v)
{
        return o->kind == FW_OPT_VERDICT && o->verdict.code == v.code &&
               o->verdict.chain == v.chain && o->verdict.queue == v.queue;
}

static enum fw_then verdicts(struct fw_walk *w, const struct zc_fw_set *set, const struct hits *h)
{
        if (h->unknown)
                return fw_option_add(w, (struct fw_option){ .kind = FW_OPT_END,
                                                            .outcome = ZC_FW_IS_UNKNOWN,
                                                            .text = set->name });
        if (h->count == 1 && !h->miss) {
                w->verdict = verdict_of(set, h->element[0]);
                return FW_ENDS;
        }
        for (size_t i = 0; i < h->count; i++) {
                struct zc_fw_verdict v = verdict_of(set, h->element[i]);
                bool have = false;

                for (unsigned o = 0; o < w->options; o++)
                        have |= option_is(&w->option[o], v);
                if (!have)
                        fw_option_add(w,
                                      (struct fw_option){ .kind = FW_OPT_VERDICT, .verdict = v });
        }
        if (h->miss)
                fw_option_add(w, (struct fw_option){ .kind = FW_OPT_BREAK });
        return FW_CHOOSE;
}

/* The data of all that may be hit: bits on which they differ are not known. */
static void data(struct fw_state *s, const struct zc_fw_op *op, const struct zc_fw_set *set,
                 const struct hits *h)
{
        size_t at = 4 * (size_t)(op->dreg & 15), n = set->data_len;

        n = at + n > ZC_FW_REG_BYTES ? ZC_FW_REG_BYTES - at : n;
        if (h->unknown || h->count == 0) {
                fw_store_unknown(s, op, n);
                return;
        }
        for (size_t i = 0; i < h->count; i++) {
                const uint8_t *d = h->element[i] == NOT_FOUND
                                           ? set->catchall_data
                                           : set->data + h->element[i] * set->data_len;

                if (!d) {
                        fw_store_unknown(s, op, n);
                        return;
                }
                if (i == 0) {
                        fw_store(s, op, d, n);
                        continue;
                }
                for (size_t b = 0; b < n; b++) {
                        uint8_t *v = s->r + at + b, *u = v + ZC_FW_REG_BYTES;

                        *u |= *v ^ (d[b] & (uint8_t) ~*u);
                        *v &= (uint8_t) ~*u;
                }
        }
}

static enum fw_then condition(struct fw_walk *w, const struct zc_fw_op *op, const struct hits *h)
{
        bool may = h->count > 0 || h->unknown || op->u.set->learns, must = may && !h->miss;

        if (op->u.set->weak)
                must = false;
        if (may && !must) {
                if (!w->cause)
                        w->cause = op->u.set->name;
                return FW_FORK;
        }
        return may != op->invert ? FW_GO_ON : FW_BREAK;
}

enum fw_then fw_lookup(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        const struct zc_fw_set *set = op->u.set;
        size_t at = 4 * (size_t)(op->sreg & 15), n = set->key_len;
        const uint8_t *key = s->r + at;
        struct hits h = { .count = 0 };
        uint8_t any = 0;

        if (at + n > ZC_FW_REG_BYTES || !set->read) {
                w->cause = set->name;
                h.unknown = h.miss = true;
        } else {
                for (size_t i = 0; i < n; i++)
                        any |= key[i + ZC_FW_REG_BYTES];
                if (any)
                        search_unknown(set, key, key + ZC_FW_REG_BYTES, &h);
                else
                        search_known(w, set, key, &h);
        }
        w->options = 0;
        if (set->verdicts && !op->invert) {
                if (set->weak)
                        h.miss = true;
                if (!w->cause)
                        w->cause = set->name;
                return h.count == 0 && !h.unknown ? FW_BREAK : verdicts(w, set, &h);
        }
        if (set->map && op->dreg != ZC_FW_NO_SLOT && !set->objects)
                data(s, op, set, &h);
        return condition(w, op, &h);
}
