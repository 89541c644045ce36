/**
 * Sets of packets: reduced ordered binary decision diagrams over the bits of a packet's fields (Bryant 1986), hash-consed, so that two equal
 * sets are one number. Bits rather than intervals: masks of any shape stay exact, and adding one rule to a set of 20,000 touches only its own path.
 */
#ifndef ZC_FW_BDD_H
#define ZC_FW_BDD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zc/def.h"

/** A set: a node's number in the table and whether it is turned over. Valid until the next bdd_collect() that is not told of it. */
typedef uint32_t zc_bdd;
enum { BDD_NONE, BDD_ALL }; /* the two ends; x ^ 1 is what x is not */

struct bdd;

/** @nodes: ceiling; past it everything is BDD_NONE and bdd_full() is true for good. NULL when out of memory. */
struct bdd *bdd_new(size_t nodes) ZC_MUST_USE;
void bdd_free(struct bdd *b);
bool bdd_full(const struct bdd *b);

zc_bdd bdd_and(struct bdd *b, zc_bdd x, zc_bdd y);
zc_bdd bdd_or(struct bdd *b, zc_bdd x, zc_bdd y);
/** x without y. */
zc_bdd bdd_diff(struct bdd *b, zc_bdd x, zc_bdd y);
/** Where the bit is 1: hi, else lo; of diagrams that may look at earlier bits too. */
zc_bdd bdd_choose(struct bdd *b, unsigned var, zc_bdd lo, zc_bdd hi);
/** The bit alone. */
zc_bdd bdd_bit(struct bdd *b, unsigned var, bool value);
/** The bits var..var+bits-1, most significant first, as a number within [lo, hi] (big-endian bytes, bits of them from the front). */
zc_bdd bdd_range(struct bdd *b, unsigned var, unsigned bits, const uint8_t *lo, const uint8_t *hi);
/** All of the bits as given; in any order. */
zc_bdd bdd_cube(struct bdd *b, const unsigned *vars, const bool *values, size_t n);
/** Union of all in the list, which is used up. */
zc_bdd bdd_union(struct bdd *b, zc_bdd *list, size_t n);

/* Looking in. */
unsigned bdd_var(const struct bdd *b, zc_bdd x); /* UINT_MAX at the ends */
zc_bdd bdd_low(const struct bdd *b, zc_bdd x);
zc_bdd bdd_high(const struct bdd *b, zc_bdd x);
/** Nodes in the table, dead ones too. */
size_t bdd_used(const struct bdd *b);

/**
 * Forget what no root reaches. Numbers change: `roots` calls `root` on each place that holds one. Costs as much as what is kept.
 */
typedef void (*bdd_root_fn)(void *to, zc_bdd *place);
void bdd_collect(struct bdd *b, void (*roots)(void *ctx, bdd_root_fn root, void *to), void *ctx);

#endif
