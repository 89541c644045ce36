/** Conditions of rules as sets of packets. */
#include <stdlib.h>
#include <string.h>

#include "sym.h"

struct sym_pair sym_not(struct sym *s, struct sym_pair p)
{
        return (struct sym_pair){ bdd_diff(s->b, BDD_ALL, p.must), bdd_diff(s->b, BDD_ALL, p.may) };
}

struct sym_pair sym_both(struct sym *s, struct sym_pair p, struct sym_pair q)
{
        return (struct sym_pair){ bdd_and(s->b, p.may, q.may), bdd_and(s->b, p.must, q.must) };
}

static struct sym_pair either(struct sym *s, struct sym_pair p, struct sym_pair q)
{
        return (struct sym_pair){ bdd_or(s->b, p.may, q.may), bdd_or(s->b, p.must, q.must) };
}

/* Choices: a condition over a key that holds some is asked for each of their values in turn. */

typedef struct sym_pair (*bits_fn)(struct sym *s, const struct sym_byte *key, unsigned len,
                                   const void *ctx);

static uint16_t first_choice(const struct sym_byte *key, unsigned len)
{
        for (unsigned i = 0; i < len; i++) {
                if (key[i].choice)
                        return key[i].choice;
        }
        return 0;
}

static struct sym_pair over_choices(struct sym *s, const struct sym_byte *key, unsigned len,
                                    bits_fn fn, const void *ctx)
{
        uint16_t number = first_choice(key, len);

        if (!number)
                return fn(s, key, len, ctx);

        const struct sym_choice *c = &s->choices[number - 1];
        struct sym_pair out = SYM_NEVER;

        for (size_t i = 0; i < c->n; i++) {
                struct sym_byte plain[ZC_FW_KEY_MAX];
                const struct sym_option *o = &c->options[i];

                if (o->may == BDD_NONE)
                        continue;
                memcpy(plain, key, len * sizeof(*plain));
                for (unsigned k = 0; k < len; k++) {
                        if (plain[k].choice == number)
                                plain[k] = sym_byte_known(o->value[plain[k].at]);
                }
                out = either(s, out,
                             sym_both(s, (struct sym_pair){ o->may, o->must },
                                      over_choices(s, plain, len, fn, ctx)));
        }
        return out;
}

/* Equality. */

static struct sym_pair equal_bits(struct sym *s, const struct sym_byte *key, unsigned len,
                                  const void *ctx)
{
        const uint8_t *data = ctx;
        unsigned vars[ZC_FW_KEY_MAX * 8] = { 0 };
        bool values[ZC_FW_KEY_MAX * 8] = { 0 };
        size_t n = 0;
        bool unknown = false;

        for (unsigned i = 0; i < len * 8; i++) {
                sym_bit bit = key[i / 8].bit[i % 8];
                bool want = data[i / 8] >> (7 - i % 8) & 1;

                if (bit == SYM_UNKNOWN) {
                        unknown = true;
                } else if (bit < SYM_UNKNOWN) {
                        if ((bit == SYM_ONE) != want)
                                return SYM_NEVER;
                } else {
                        vars[n] = (unsigned)(bit - SYM_VARS) / 2;
                        values[n++] = want ^ ((bit - SYM_VARS) & 1);
                }
        }

        zc_bdd out = bdd_cube(s->b, vars, values, n);

        return (struct sym_pair){ out, unknown ? BDD_NONE : out };
}

/* Order: from the last bit to the first, "less than the rest of the data from here on". */

struct order {
        const uint8_t *data;
        bool or_equal;
};

static struct sym_pair choose(struct sym *s, sym_bit bit, struct sym_pair zero, struct sym_pair one)
{
        if (bit == SYM_ZERO)
                return zero;
        if (bit == SYM_ONE)
                return one;
        if (bit == SYM_UNKNOWN)
                return (struct sym_pair){ bdd_or(s->b, zero.may, one.may),
                                          bdd_and(s->b, zero.must, one.must) };

        unsigned var = (unsigned)(bit - SYM_VARS) / 2;

        if ((bit - SYM_VARS) & 1)
                return choose(s, SYM_VAR(var), one, zero);
        return (struct sym_pair){ bdd_choose(s->b, var, zero.may, one.may),
                                  bdd_choose(s->b, var, zero.must, one.must) };
}

static struct sym_pair less_bits(struct sym *s, const struct sym_byte *key, unsigned len,
                                 const void *ctx)
{
        const struct order *o = ctx;
        struct sym_pair out = o->or_equal ? SYM_ALWAYS : SYM_NEVER;

        for (unsigned i = len * 8; i-- > 0;) {
                sym_bit bit = key[i / 8].bit[i % 8];

                if (o->data[i / 8] >> (7 - i % 8) & 1)
                        out = choose(s, bit, SYM_ALWAYS, out);
                else
                        out = choose(s, bit, out, SYM_NEVER);
        }
        return out;
}

static struct sym_pair less(struct sym *s, const struct sym_byte *key, unsigned len,
                            const uint8_t *data, bool or_equal)
{
        return over_choices(s, key, len, less_bits, &(struct order){ data, or_equal });
}

struct sym_pair sym_compare(struct sym *s, const struct sym_byte *key, unsigned len,
                            enum zc_fw_cmp op, const uint8_t *data)
{
        switch (op) {
        case ZC_FW_EQ:
                return over_choices(s, key, len, equal_bits, data);
        case ZC_FW_NE:
                return sym_not(s, over_choices(s, key, len, equal_bits, data));
        case ZC_FW_LT:
                return less(s, key, len, data, false);
        case ZC_FW_LE:
                return less(s, key, len, data, true);
        case ZC_FW_GT:
                return sym_not(s, less(s, key, len, data, true));
        case ZC_FW_GE:
                return sym_not(s, less(s, key, len, data, false));
        }
        return SYM_MAYBE;
}

/* Ranges. */

/** The first bit's variable when the key is neighbouring variables in order, none of them turned over; UINT16_MAX when it is not. */
static unsigned plain_field(const struct sym_byte *key, unsigned len)
{
        sym_bit first = key[0].bit[0];

        if (first < SYM_VARS || (first - SYM_VARS) % 2 != 0)
                return UINT16_MAX;
        for (unsigned i = 1; i < len * 8; i++) {
                if (key[i / 8].choice || key[i / 8].bit[i % 8] != first + 2 * i)
                        return UINT16_MAX;
        }
        return (unsigned)(first - SYM_VARS) / 2;
}

struct bounds {
        const uint8_t *lo, *hi;
};

static struct sym_pair between_bits(struct sym *s, const struct sym_byte *key, unsigned len,
                                    const void *ctx)
{
        const struct bounds *r = ctx;
        unsigned var = plain_field(key, len);

        if (memcmp(r->lo, r->hi, len) == 0)
                return equal_bits(s, key, len, r->lo);
        if (var != UINT16_MAX) {
                zc_bdd out = bdd_range(s->b, var, len * 8, r->lo, r->hi);

                return (struct sym_pair){ out, out };
        }
        return sym_both(s, sym_not(s, less_bits(s, key, len, &(struct order){ r->lo, false })),
                        less_bits(s, key, len, &(struct order){ r->hi, true }));
}

struct sym_pair sym_between(struct sym *s, const struct sym_byte *key, unsigned len,
                            const uint8_t *lo, const uint8_t *hi)
{
        return over_choices(s, key, len, between_bits, &(struct bounds){ lo, hi });
}

/* Sets. */

/** The element: every field of a concatenation within its own bounds. */
static struct sym_pair element(struct sym *s, const struct zc_fw_set *set, size_t i,
                               const struct sym_byte *key)
{
        const uint8_t *lo = set->lo + i * set->key_len, *hi = set->hi + i * set->key_len;
        struct sym_pair out = SYM_ALWAYS;
        unsigned from = 0;

        if (!set->ordered || set->field_count == 0)
                return between_bits(s, key, set->key_len, &(struct bounds){ lo, hi });
        for (size_t f = 0; f < set->field_count && from < set->key_len; f++) {
                unsigned len = set->fields[f];

                out = sym_both(
                        s, out,
                        between_bits(s, key + from, len, &(struct bounds){ lo + from, hi + from }));
                from += (len + 3) / 4 * 4;
        }
        return out;
}

static bool fleeting(const struct zc_fw_set *set, size_t i)
{
        return set->fleeting && (set->fleeting[i / 8] >> (i % 8) & 1);
}

static int by_bounds(const struct zc_fw_set *set, size_t i, const uint8_t *value)
{
        if (memcmp(value, set->lo + i * set->key_len, set->key_len) < 0)
                return -1;
        return memcmp(value, set->hi + i * set->key_len, set->key_len) > 0;
}

/** The element of a sorted set that a value is in; set->count for none. */
static size_t bisect(const struct zc_fw_set *set, const uint8_t *value)
{
        size_t from = 0, to = set->count;

        while (from < to) {
                size_t mid = from + (to - from) / 2;
                int where = by_bounds(set, mid, value);

                if (where == 0)
                        return mid;
                if (where < 0)
                        to = mid;
                else
                        from = mid + 1;
        }
        return set->count;
}

/** A set too large to spell out: one bit that says whether the key is in it. */
static struct sym_pair atom(struct sym *s, const struct zc_fw_set *set, const struct sym_byte *key)
{
        uint8_t value[ZC_FW_KEY_MAX];
        size_t i;

        if (!set->ordered && sym_bytes_known(key, set->key_len, value)) {
                i = bisect(set, value);
                return i == set->count ? SYM_NEVER : fleeting(set, i) ? SYM_MAYBE : SYM_ALWAYS;
        }
        for (i = 0; i < s->atom_count; i++) {
                if (s->atoms[i].set == set &&
                    memcmp(s->atoms[i].key, key, set->key_len * sizeof(*key)) == 0)
                        break;
        }
        if (i == SYM_ATOMS)
                return SYM_MAYBE;
        if (i == s->atom_count) {
                s->atoms[i].set = set;
                memcpy(s->atoms[i].key, key, set->key_len * sizeof(*key));
                s->atom_count++;
        }

        zc_bdd bit = bdd_bit(s->b, s->at.atoms + (unsigned)i, true);

        return (struct sym_pair){ bit, bit };
}

static struct sym_pair spelt_out(struct sym *s, const struct zc_fw_set *set,
                                 const struct sym_byte *key)
{
        zc_bdd *may = calloc(set->count + 1, sizeof(*may)),
               *must = calloc(set->count + 1, sizeof(*must));
        struct sym_pair out = SYM_MAYBE;
        size_t n = 0, sure = 0;

        if (may && must) {
                for (size_t i = 0; i < set->count; i++) {
                        struct sym_pair p = element(s, set, i, key);

                        if (p.may != BDD_NONE)
                                may[n++] = p.may;
                        if (p.must != BDD_NONE && !fleeting(set, i))
                                must[sure++] = p.must;
                }
                out = (struct sym_pair){ bdd_union(s->b, may, n), bdd_union(s->b, must, sure) };
        } else {
                s->lost = true;
        }
        free(may);
        free(must);
        return out;
}

static struct sym_pair in_set_bits(struct sym *s, const struct sym_byte *key, unsigned len,
                                   const void *ctx)
{
        const struct zc_fw_set *set = ctx;
        struct sym_pair out;

        (void)len;
        if (!set->read)
                return SYM_MAYBE;
        if (set->has_catchall)
                return set->catchall_fleeting ? SYM_MAYBE : SYM_ALWAYS;
        out = set->count > SYM_LARGE ? atom(s, set, key) : spelt_out(s, set, key);
        if (set->weak)
                out.must = BDD_NONE;
        if (set->learns)
                out.may = BDD_ALL;
        return out;
}

struct sym_pair sym_in_set(struct sym *s, const struct zc_fw_set *set, const struct sym_byte *key)
{
        return over_choices(s, key, set->key_len, in_set_bits, set);
}

/* Maps. */

static struct sym_pair element_bits(struct sym *s, const struct sym_byte *key, unsigned len,
                                    const void *ctx)
{
        const struct {
                const struct zc_fw_set *set;
                size_t i;
        } *e = ctx;

        (void)len;
        return element(s, e->set, e->i, key);
}

bool sym_map_hits(struct sym *s, const struct zc_fw_set *map, const struct sym_byte *key,
                  struct sym_pair *hits)
{
        struct sym_pair before = SYM_NEVER;

        if (!map->read || map->learns || map->count > SYM_LARGE)
                return false;
        for (size_t i = 0; i < map->count; i++) {
                struct {
                        const struct zc_fw_set *set;
                        size_t i;
                } e = { map, i };
                struct sym_pair hit = over_choices(s, key, map->key_len, element_bits, &e);

                if (fleeting(map, i) || map->weak)
                        hit.must = BDD_NONE;
                hits[i] = map->ordered ? sym_both(s, hit, sym_not(s, before)) : hit;
                before = either(s, before, hit);
        }
        hits[map->count] = SYM_NEVER;
        if (map->has_catchall) {
                hits[map->count] = sym_not(s, before);
                if (map->catchall_fleeting)
                        hits[map->count].must = BDD_NONE;
        }
        return true;
}
