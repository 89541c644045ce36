/** See include/zc/permute.h. */
#include "zc/permute.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define COUNT_MOST (UINT64_C(1) << 62)
#define SHARDS_MOST 65536u

/** Every bit of x decides about every bit of the result (the finaliser of SplitMix64). */
static uint64_t mix(uint64_t x)
{
        x += UINT64_C(0x9e3779b97f4a7c15);
        x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
        return x ^ (x >> 31);
}

uint64_t zc_seed_hash(uint64_t seed, const void *bytes, size_t n)
{
        const uint8_t *p = bytes;
        uint64_t h = mix(seed ^ n);

        for (size_t i = 0; i < n; i++)
                h = mix(h ^ p[i]);
        return h;
}

/* ---- the permutation ---- */

/*
 * A number is a place in a grid of `left` rows and `right` columns. Each round moves it along one side by as much as its place on the other side and
 * the round's key say, which can be undone: so each is a permutation of the grid (Black and Rogaway, "Ciphers with Arbitrary Finite Domains"). The
 * grid is hardly larger than n; what falls outside is sent through again until it is inside.
 */
void zc_permute_init(struct zc_permute *p, uint64_t seed, uint64_t n)
{
        uint64_t side = (uint64_t)sqrt((double)n);

        assert(n <= COUNT_MOST);
        while (side * side < n)
                side++;
        side = side ? side : 1;
        *p = (struct zc_permute){ .n = n, .left = side, .right = (n + side - 1) / side };
        p->right = p->right ? p->right : 1;
        for (unsigned i = 0; i < ZC_PERMUTE_ROUNDS; i++)
                p->key[i] = mix(seed + i);
}

static uint64_t once(const struct zc_permute *p, uint64_t x)
{
        uint64_t row = x / p->right, column = x % p->right;

        for (unsigned i = 0; i < ZC_PERMUTE_ROUNDS; i += 2) {
                row = (row + mix(p->key[i] ^ column) % p->left) % p->left;
                column = (column + mix(p->key[i + 1] ^ row) % p->right) % p->right;
        }
        return row * p->right + column;
}

uint64_t zc_permute_at(const struct zc_permute *p, uint64_t i)
{
        assert(i < p->n);
        do
                i = once(p, i);
        while (i >= p->n);
        return i;
}

/* ---- shards ---- */

bool zc_shard_parse(const char *s, struct zc_shard *out, struct zc_err *err)
{
        const char *slash = strchr(s, '/');
        uint64_t index, count;

        if (!slash || !zc_parse_uint(s, (size_t)(slash - s), SHARDS_MOST, &index) ||
            !zc_parse_uint(slash + 1, strlen(slash + 1), SHARDS_MOST, &count))
                return zc_fail(err, ZC_E_USAGE,
                               "\"%.40s\" is no shard: write which of how many, as in 1/4, at most "
                               "of %u",
                               s, SHARDS_MOST);
        if (index == 0 || index > count)
                return zc_fail(err, ZC_E_USAGE,
                               "there is no shard %.40s: they are counted from 1 to %llu", s,
                               (unsigned long long)(count ? count : 1));
        out->index = (unsigned)index;
        out->count = (unsigned)count;
        return true;
}

static bool has(const struct zc_shard *s, const void *bytes, size_t n)
{
        return s->count <= 1 || zc_seed_hash(s->seed, bytes, n) % s->count == s->index - 1;
}

bool zc_shard_has_address(const struct zc_shard *s, const struct zc_addr *a)
{
        return has(s, a->bytes, a->family == AF_INET ? 4 : 16);
}

bool zc_shard_has_name(const struct zc_shard *s, const char *name)
{
        return has(s, name, strlen(name));
}

bool zc_shard_has(const struct zc_shard *s, const struct zc_target *t)
{
        if (t->kind == ZC_TARGET_BLOCK || t->kind == ZC_TARGET_LOCAL)
                return true;
        return t->literal ? zc_shard_has_address(s, &t->addr) : zc_shard_has_name(s, t->host);
}

/* ---- blocks ---- */

static unsigned host_bits(const struct zc_prefix *block)
{
        return (block->addr.family == AF_INET ? 32u : 128u) - block->bits;
}

/** The first address of an IPv4 network is its name, the last is everybody. */
static uint64_t left_out(const struct zc_prefix *block)
{
        return block->addr.family == AF_INET && block->bits < 31 ? 1 : 0;
}

uint64_t zc_block_count(const struct zc_prefix *block)
{
        unsigned bits = host_bits(block);

        return bits >= 62 ? COUNT_MOST : (UINT64_C(1) << bits) - 2 * left_out(block);
}

struct zc_addr zc_block_at(const struct zc_prefix *block, uint64_t i)
{
        struct zc_addr a = block->addr;
        uint64_t carry = i + left_out(block);

        assert(i < zc_block_count(block));
        for (size_t b = a.family == AF_INET ? 4 : 16; b-- > 0 && carry > 0;) {
                carry += a.bytes[b];
                a.bytes[b] = (uint8_t)carry;
                carry >>= 8;
        }
        return a;
}

/* ---- pairs ---- */

bool zc_pairs_start(struct zc_pairs *p, uint64_t seed, const struct zc_prefix *block,
                    uint64_t first, uint64_t members, const uint16_t *ports, uint64_t port_count)
{
        uint64_t all;

        if (__builtin_mul_overflow(members, port_count, &all) || all > COUNT_MOST)
                return false;
        *p = (struct zc_pairs){
                .block = *block, .first = first, .ports = ports, .port_count = port_count
        };
        zc_permute_init(&p->order, seed, all);
        return true;
}

bool zc_pairs_next(struct zc_pairs *p, struct zc_pair *out)
{
        uint64_t at;

        if (p->next >= p->order.n)
                return false;
        at = zc_permute_at(&p->order, p->next++);
        *out = (struct zc_pair){ .member = p->first + at / p->port_count,
                                 .port = at % p->port_count };
        out->addr = zc_block_at(&p->block, out->member);
        return true;
}

size_t zc_portset_list(const struct zc_portset *s, uint16_t *out)
{
        size_t n = 0;

        for (int port = zc_portset_next(s, 0); port >= 0; port = zc_portset_next(s, port + 1))
                out[n++] = (uint16_t)port;
        return n;
}
