/** What makes a probe of ours known again: a keyed hash in its source port and sequence number. Pure. */
#ifndef ZC_NET_SYN_COOKIE_H
#define ZC_NET_SYN_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "zc/packet.h"

struct syn_key {
        uint64_t k[2];
};

#define SYN_NUMBER_BITS 18u
#define SYN_NUMBERS (1u << SYN_NUMBER_BITS)

/** SipHash-2-4 (Aumasson, Bernstein 2012). */
uint64_t syn_hash(const struct syn_key *key, const uint8_t *p, size_t n);

/** The source port of a pair's first probe; the next ones follow it, around. */
uint16_t syn_port(const struct syn_key *key, const struct zc_addr *dst, uint16_t dport);
uint16_t syn_port_of(uint16_t first, unsigned attempt);
/** Which attempt, from 1, a source port belongs to; perhaps one that never was. */
unsigned syn_attempt_of(uint16_t first, uint16_t port);

/** The sequence number that carries `number` (below SYN_NUMBERS) from src:sport to dst:dport. */
uint32_t syn_sequence(const struct syn_key *key, const struct zc_segment *s, uint32_t number);
/** The number that the sequence number `seq` of such a segment carries; false when it is none of ours. */
bool syn_number(const struct syn_key *key, const struct zc_segment *s, uint32_t seq, uint32_t *out);

#endif
