#include "bdd.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct node {
        uint32_t lo, hi, var;
};

enum op { OP_AND, OP_OR, OP_DIFF };

struct cached {
        zc_bdd x, y, result;
        uint32_t op; /* + 1; 0: empty */
};

#define CACHE_BITS 16
#define FIRST_TABLE 4096

struct bdd {
        struct node *nodes;
        size_t used, cap, limit;
        uint32_t *table; /* open addressing; 0: empty, for the ends are never in it */
        size_t slots;    /* a power of two */
        struct cached *cache;
        bool full;
};

struct bdd *bdd_new(size_t nodes)
{
        struct bdd *b = calloc(1, sizeof(*b));

        if (!b)
                return NULL;
        b->limit = nodes < UINT32_MAX / 2 ? nodes : UINT32_MAX / 2;
        b->cap = FIRST_TABLE / 2;
        b->slots = FIRST_TABLE;
        b->nodes = calloc(b->cap, sizeof(*b->nodes));
        b->table = calloc(b->slots, sizeof(*b->table));
        b->cache = calloc((size_t)1 << CACHE_BITS, sizeof(*b->cache));
        if (!b->nodes || !b->table || !b->cache) {
                bdd_free(b);
                return NULL;
        }
        b->nodes[BDD_NONE].var = b->nodes[BDD_ALL].var = UINT_MAX;
        b->used = 2;
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
        return b->nodes[x].var;
}

zc_bdd bdd_low(const struct bdd *b, zc_bdd x)
{
        return b->nodes[x].lo;
}

zc_bdd bdd_high(const struct bdd *b, zc_bdd x)
{
        return b->nodes[x].hi;
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
        size_t at = mix(n->var, n->lo, n->hi) & (b->slots - 1);

        while (b->table[at] != 0 && memcmp(&b->nodes[b->table[at]], n, sizeof(*n)) != 0)
                at = (at + 1) & (b->slots - 1);
        return at;
}

static bool grow(struct bdd *b)
{
        struct node *nodes = realloc(b->nodes, b->cap * 2 * sizeof(*nodes));

        if (!nodes)
                return false;
        b->nodes = nodes;
        b->cap *= 2;

        uint32_t *table = calloc(b->cap * 2, sizeof(*table));

        if (!table)
                return false;
        free(b->table);
        b->table = table;
        b->slots = b->cap * 2;
        for (size_t i = 2; i < b->used; i++)
                b->table[slot_of(b, &b->nodes[i])] = (uint32_t)i;
        return true;
}

static zc_bdd make(struct bdd *b, unsigned var, zc_bdd lo, zc_bdd hi)
{
        struct node n = { lo, hi, var };

        if (lo == hi)
                return lo;

        size_t at = slot_of(b, &n);

        if (b->table[at] != 0)
                return b->table[at];
        if (b->used >= b->limit || (b->used == b->cap && !grow(b))) {
                b->full = true;
                return BDD_NONE;
        }
        at = slot_of(b, &n);
        b->nodes[b->used] = n;
        b->table[at] = (uint32_t)b->used;
        return (zc_bdd)b->used++;
}

/* What the ends alone decide; false when it takes both. */
static bool at_ends(enum op op, zc_bdd x, zc_bdd y, zc_bdd *out)
{
        switch (op) {
        case OP_AND:
                if (x == BDD_NONE || y == BDD_NONE)
                        *out = BDD_NONE;
                else if (x == BDD_ALL || x == y)
                        *out = y;
                else if (y == BDD_ALL)
                        *out = x;
                else
                        return false;
                return true;
        case OP_OR:
                if (x == BDD_ALL || y == BDD_ALL)
                        *out = BDD_ALL;
                else if (x == BDD_NONE || x == y)
                        *out = y;
                else if (y == BDD_NONE)
                        *out = x;
                else
                        return false;
                return true;
        case OP_DIFF:
                if (x == BDD_NONE || y == BDD_ALL || x == y)
                        *out = BDD_NONE;
                else if (y == BDD_NONE)
                        *out = x;
                else
                        return false;
                return true;
        }
        return false;
}

static zc_bdd apply(struct bdd *b, enum op op, zc_bdd x, zc_bdd y)
{
        zc_bdd out;

        if (at_ends(op, x, y, &out))
                return out;
        if (op != OP_DIFF && x > y) {
                zc_bdd t = x;

                x = y;
                y = t;
        }

        size_t at = mix(x, y, (uint32_t)op) & (((size_t)1 << CACHE_BITS) - 1);
        const struct cached *c = &b->cache[at];

        if (c->op == (uint32_t)op + 1 && c->x == x && c->y == y)
                return c->result;
        if (b->full)
                return BDD_NONE;

        struct node nx = b->nodes[x], ny = b->nodes[y];
        unsigned var = nx.var < ny.var ? nx.var : ny.var;
        zc_bdd lo = apply(b, op, nx.var == var ? nx.lo : x, ny.var == var ? ny.lo : y);
        zc_bdd hi = apply(b, op, nx.var == var ? nx.hi : x, ny.var == var ? ny.hi : y);

        out = make(b, var, lo, hi);
        b->cache[at] = (struct cached){ x, y, out, (uint32_t)op + 1 };
        return out;
}

zc_bdd bdd_and(struct bdd *b, zc_bdd x, zc_bdd y)
{
        return apply(b, OP_AND, x, y);
}

zc_bdd bdd_or(struct bdd *b, zc_bdd x, zc_bdd y)
{
        return apply(b, OP_OR, x, y);
}

zc_bdd bdd_diff(struct bdd *b, zc_bdd x, zc_bdd y)
{
        return apply(b, OP_DIFF, x, y);
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

static void mark(struct sweep *s, zc_bdd x)
{
        while (x > BDD_ALL && s->to[x] == 0) {
                s->to[x] = 1;
                mark(s, s->b->nodes[x].lo);
                x = s->b->nodes[x].hi;
        }
}

static void at_root(void *to, zc_bdd *place)
{
        struct sweep *s = to;

        if (*place <= BDD_ALL)
                return;
        if (s->moving)
                *place = s->to[*place];
        else
                mark(s, *place);
}

static void move_down(struct sweep *s)
{
        struct bdd *b = s->b;
        size_t kept = 2;

        for (size_t i = 2; i < b->used; i++) {
                if (s->to[i] == 0)
                        continue;

                struct node n = b->nodes[i];

                n.lo = n.lo > BDD_ALL ? s->to[n.lo] : n.lo;
                n.hi = n.hi > BDD_ALL ? s->to[n.hi] : n.hi;
                s->to[i] = (uint32_t)kept;
                b->nodes[kept++] = n;
        }
        b->used = kept;
        memset(b->table, 0, b->slots * sizeof(*b->table));
        for (size_t i = 2; i < kept; i++)
                b->table[slot_of(b, &b->nodes[i])] = (uint32_t)i;
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
