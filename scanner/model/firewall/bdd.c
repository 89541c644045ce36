#include "bdd.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* An edge is a node's number and, in its last bit, whether it stands for all that the node does not (complement edges: a set and what is left of a
 * rule's input without it share their nodes). Node 0 is the end; its plain edge is the empty set. For one form only, no lo is turned over. */
struct node {
        uint32_t lo, hi, var;
};

/** With the node's hash beside it most others are told apart without a look at them. */
struct slot {
        uint32_t node, hash;
};

struct cached {
        zc_bdd x, y, result; /* x and y; x 0: empty, for nothing is asked of the empty set */
};

#define CACHE_BITS 16
#define FIRST_TABLE 4096

struct bdd {
        struct node *nodes;
        size_t used, cap, limit;
        struct slot *table; /* open addressing; node 0: empty, for the ends are never in it */
        size_t slots;       /* a power of two */
        struct cached *cache;
        bool full;
};

struct bdd *bdd_new(size_t nodes)
{
        struct bdd *b = calloc(1, sizeof(*b));

        if (!b)
                return NULL;
        b->limit = nodes < UINT32_MAX / 4 ? nodes : UINT32_MAX / 4;
        b->cap = FIRST_TABLE / 2;
        b->slots = FIRST_TABLE;
        b->nodes = calloc(b->cap, sizeof(*b->nodes));
        b->table = calloc(b->slots, sizeof(*b->table));
        b->cache = calloc((size_t)1 << CACHE_BITS, sizeof(*b->cache));
        if (!b->nodes || !b->table || !b->cache) {
                bdd_free(b);
                return NULL;
        }
        b->nodes[0].var = UINT_MAX;
        b->used = 1;
        return b;
}

void bdd_free(struct bdd *b)
{
        if (!b)
                return;
        free(b->nodes);
        free(b->table);
        free(b->cache);
        free(b);
}

bool bdd_full(const struct bdd *b)
{
        return b->full;
}

size_t bdd_used(const struct bdd *b)
{
        return b->used;
}

unsigned bdd_var(const struct bdd *b, zc_bdd x)
{
        return b->nodes[x >> 1].var;
}

zc_bdd bdd_low(const struct bdd *b, zc_bdd x)
{
        return b->nodes[x >> 1].lo ^ (x & 1);
}

zc_bdd bdd_high(const struct bdd *b, zc_bdd x)
{
        return b->nodes[x >> 1].hi ^ (x & 1);
}

static uint32_t mix(uint32_t a, uint32_t b, uint32_t c)
{
        uint64_t h = a * UINT64_C(0x9e3779b97f4a7c15);

        h = (h ^ b) * UINT64_C(0xc2b2ae3d27d4eb4f);
        h = (h ^ c) * UINT64_C(0x165667b19e3779f9);
        return (uint32_t)(h >> 32);
}

static size_t slot_of(const struct bdd *b, const struct node *n)
{
        uint32_t hash = mix(n->var, n->lo, n->hi);
        size_t at = hash & (b->slots - 1);

        while (b->table[at].node != 0 && (b->table[at].hash != hash ||
                                          memcmp(&b->nodes[b->table[at].node], n, sizeof(*n)) != 0))
                at = (at + 1) & (b->slots - 1);
        b->table[at].hash = hash;
        return at;
}

static bool grow(struct bdd *b)
{
        size_t cap = b->cap + b->cap / 2, slots = b->slots;
        struct node *nodes = realloc(b->nodes, cap * sizeof(*nodes));

        if (!nodes)
                return false;
        b->nodes = nodes;
        b->cap = cap;
        if (slots >= cap / 3 * 4)
                return true;
        while (slots < cap / 3 * 4)
                slots *= 2;

        struct slot *table = calloc(slots, sizeof(*table));

        if (!table)
                return false;
        free(b->table);
        b->table = table;
        b->slots = slots;
        for (size_t i = 1; i < b->used; i++)
                b->table[slot_of(b, &b->nodes[i])].node = (uint32_t)i;
        return true;
}

static zc_bdd make(struct bdd *b, unsigned var, zc_bdd lo, zc_bdd hi)
{
        uint32_t turned = lo & 1;
        struct node n = { lo ^ turned, hi ^ turned, var };

        if (lo == hi)
                return lo;

        size_t at = slot_of(b, &n);

        if (b->table[at].node != 0)
                return b->table[at].node << 1 | turned;
        if (b->used >= b->limit) {
                b->full = true;
                return BDD_NONE;
        }
        if (b->used == b->cap) {
                if (!grow(b)) {
                        b->full = true;
                        return BDD_NONE;
                }
                at = slot_of(b, &n);
        }
        b->nodes[b->used] = n;
        b->table[at].node = (uint32_t)b->used;
        return (zc_bdd)b->used++ << 1 | turned;
}

static zc_bdd and_nodes(struct bdd *b, zc_bdd x, zc_bdd y)
{
        size_t at = mix(x, y, 0) & (((size_t)1 << CACHE_BITS) - 1);
        const struct cached *c = &b->cache[at];

        if (c->x == x && c->y == y)
                return c->result;

        unsigned vx = bdd_var(b, x), vy = bdd_var(b, y), var = vx < vy ? vx : vy;
        zc_bdd x0 = vx == var ? bdd_low(b, x) : x, x1 = vx == var ? bdd_high(b, x) : x;
        zc_bdd y0 = vy == var ? bdd_low(b, y) : y, y1 = vy == var ? bdd_high(b, y) : y;
        zc_bdd lo = bdd_and(b, x0, y0);
        zc_bdd out = make(b, var, lo, bdd_and(b, x1, y1));

        b->cache[at] = (struct cached){ x, y, out };
        return out;
}

zc_bdd bdd_and(struct bdd *b, zc_bdd x, zc_bdd y)
{
        if (x == BDD_NONE || y == BDD_NONE || (x ^ y) == 1 || b->full)
                return BDD_NONE;
        if (x == BDD_ALL || x == y)
                return y;
        if (y == BDD_ALL)
                return x;
        return x < y ? and_nodes(b, x, y) : and_nodes(b, y, x);
}

zc_bdd bdd_or(struct bdd *b, zc_bdd x, zc_bdd y)
{
        return bdd_and(b, x ^ 1, y ^ 1) ^ 1;
}

zc_bdd bdd_diff(struct bdd *b, zc_bdd x, zc_bdd y)
{
        return bdd_and(b, x, y ^ 1);
}

zc_bdd bdd_bit(struct bdd *b, unsigned var, bool value)
{
        return make(b, var, value ? BDD_NONE : BDD_ALL, value ? BDD_ALL : BDD_NONE);
}

zc_bdd bdd_choose(struct bdd *b, unsigned var, zc_bdd lo, zc_bdd hi)
{
        if (var < bdd_var(b, lo) && var < bdd_var(b, hi))
                return make(b, var, lo, hi);

        zc_bdd bit = bdd_bit(b, var, true);

        return bdd_or(b, bdd_and(b, bit, hi), bdd_diff(b, lo, bit));
}

zc_bdd bdd_cube(struct bdd *b, const unsigned *vars, const bool *values, size_t n)
{
        zc_bdd out = BDD_ALL;

        for (size_t i = n; i-- > 0;) {
                if (vars[i] < bdd_var(b, out))
                        out = values[i] ? make(b, vars[i], BDD_NONE, out)
                                        : make(b, vars[i], out, BDD_NONE);
                else
                        out = bdd_and(b, out, bdd_bit(b, vars[i], values[i]));
        }
        return out;
}

static bool bit_of(const uint8_t *bytes, unsigned at)
{
        return bytes[at / 8] >> (7 - at % 8) & 1;
}

/* The last bit first, so that each node is made once: numbers at least lo, at most hi, and both at once, from this bit on. */
zc_bdd bdd_range(struct bdd *b, unsigned var, unsigned bits, const uint8_t *lo, const uint8_t *hi)
{
        zc_bdd least = BDD_ALL, most = BDD_ALL, both = BDD_ALL;

        for (unsigned at = bits; at-- > 0;) {
                bool l = bit_of(lo, at), h = bit_of(hi, at);

                if (l == h)
                        both = l ? make(b, var + at, BDD_NONE, both)
                                 : make(b, var + at, both, BDD_NONE);
                else if (h)
                        both = make(b, var + at, least, most);
                else
                        both = BDD_NONE;
                least = l ? make(b, var + at, BDD_NONE, least) : make(b, var + at, least, BDD_ALL);
                most = h ? make(b, var + at, BDD_ALL, most) : make(b, var + at, most, BDD_NONE);
        }
        return both;
}

zc_bdd bdd_union(struct bdd *b, zc_bdd *list, size_t n)
{
        for (; n > 1; n = (n + 1) / 2) {
                for (size_t i = 0; i < n / 2; i++)
                        list[i] = bdd_or(b, list[2 * i], list[2 * i + 1]);
                if (n % 2)
                        list[n / 2] = list[n - 1];
        }
        return n ? list[0] : BDD_NONE;
}

/* Collecting: what is kept moves down; a node's children have smaller numbers than itself, so one pass in order does. */

struct sweep {
        struct bdd *b;
        uint32_t *to; /* the new number; 0: not kept */
        bool moving;
};

static void mark(struct sweep *s, uint32_t n)
{
        while (n != 0 && s->to[n] == 0) {
                s->to[n] = 1;
                mark(s, s->b->nodes[n].lo >> 1);
                n = s->b->nodes[n].hi >> 1;
        }
}

static void at_root(void *to, zc_bdd *place)
{
        struct sweep *s = to;

        if (s->moving)
                *place = s->to[*place >> 1] << 1 | (*place & 1);
        else
                mark(s, *place >> 1);
}

static void move_down(struct sweep *s)
{
        struct bdd *b = s->b;
        size_t kept = 1;

        for (size_t i = 1; i < b->used; i++) {
                if (s->to[i] == 0)
                        continue;

                struct node n = b->nodes[i];

                n.lo = s->to[n.lo >> 1] << 1 | (n.lo & 1);
                n.hi = s->to[n.hi >> 1] << 1 | (n.hi & 1);
                s->to[i] = (uint32_t)kept;
                b->nodes[kept++] = n;
        }
        b->used = kept;
        memset(b->table, 0, b->slots * sizeof(*b->table));
        for (size_t i = 1; i < kept; i++)
                b->table[slot_of(b, &b->nodes[i])].node = (uint32_t)i;
        memset(b->cache, 0, sizeof(*b->cache) << CACHE_BITS);
}

void bdd_collect(struct bdd *b, void (*roots)(void *ctx, bdd_root_fn root, void *to), void *ctx)
{
        struct sweep s = { .b = b, .to = calloc(b->used, sizeof(*s.to)) };

        if (!s.to)
                return; /* nothing is forgotten then */
        roots(ctx, at_root, &s);
        move_down(&s);
        s.moving = true;
        roots(ctx, at_root, &s);
        free(s.to);
}
