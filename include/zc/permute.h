/**
 * An order that looks like chance and needs no memory: a permutation of 0 … n-1, keyed by a seed. Neighbours in it are far apart, so that no host
 * and no network gets a run's packets all at once; the same seed gives the same order everywhere, so that a run can be divided and taken up again.
 */
#ifndef ZC_PERMUTE_H
#define ZC_PERMUTE_H

#include "zc/addr.h"
#include "zc/err.h"
#include "zc/portset.h"
#include "zc/target.h"

#define ZC_PERMUTE_ROUNDS 6

struct zc_permute {
        uint64_t n, left, right; /* left * right >= n: the two halves of a Feistel network */
        uint64_t key[ZC_PERMUTE_ROUNDS];
};

/** @n: at most 2^62. */
void zc_permute_init(struct zc_permute *p, uint64_t seed, uint64_t n);
/** Where i, below n, goes: another number below n for every i. */
uint64_t zc_permute_at(const struct zc_permute *p, uint64_t i);

/** A keyed hash of some bytes; not for secrets. */
uint64_t zc_seed_hash(uint64_t seed, const void *bytes, size_t n);

/* ---- shards ---- */

/** One of several parts of a run: together they are the whole, and no two have anything in common. count 0: the whole. */
struct zc_shard {
        uint64_t seed;
        unsigned index, count; /* 1 … count */
};

/** "1/4". False with the reason: it is no shard. The seed stays. */
bool zc_shard_parse(const char *s, struct zc_shard *out, struct zc_err *err) ZC_MUST_USE;
/** A host is in one part alone, whatever of it is named: by its address, or by its name where that has yet to be resolved. */
bool zc_shard_has_address(const struct zc_shard *s, const struct zc_addr *a);
bool zc_shard_has_name(const struct zc_shard *s, const char *name);
/** What a user named: a block has members in every part, and `local` is in each. */
bool zc_shard_has(const struct zc_shard *s, const struct zc_target *t);

/* ---- pairs ---- */

/** How many members the block has, without the network and broadcast addresses of an IPv4 block wider than /31; 2^62 where there are more. */
uint64_t zc_block_count(const struct zc_prefix *block);
/** Member i, in order of address; i is below the count. */
struct zc_addr zc_block_at(const struct zc_prefix *block, uint64_t i);

/** Every (address, port) of some members of a block once, in permuted order. */
struct zc_pairs {
        struct zc_prefix block;
        uint64_t first; /* of the members */
        struct zc_permute order;
        const uint16_t *ports; /* borrowed */
        uint64_t port_count, next;
};

struct zc_pair {
        uint64_t member; /* of the block: zc_block_at() */
        uint64_t port;   /* index in ports[] */
        struct zc_addr addr;
};

/** Of `members` from `first` on. False when there are more pairs than can be counted. */
bool zc_pairs_start(struct zc_pairs *p, uint64_t seed, const struct zc_prefix *block, uint64_t first, uint64_t members, const uint16_t *ports,
                    uint64_t port_count) ZC_MUST_USE;
bool zc_pairs_next(struct zc_pairs *p, struct zc_pair *out);
/** The members of the set in order, at most 65,536; how many there are. */
size_t zc_portset_list(const struct zc_portset *s, uint16_t *out);

#endif
