/** See syn_cookie.h. */
#include "syn_cookie.h"

#include <string.h>

#include "zc/capture.h"

static uint64_t rotate(uint64_t x, unsigned n)
{
        return x << n | x >> (64 - n);
}

static void rounds(uint64_t v[4], unsigned count)
{
        while (count-- > 0) {
                v[0] += v[1];
                v[1] = rotate(v[1], 13) ^ v[0];
                v[0] = rotate(v[0], 32);
                v[2] += v[3];
                v[3] = rotate(v[3], 16) ^ v[2];
                v[0] += v[3];
                v[3] = rotate(v[3], 21) ^ v[0];
                v[2] += v[1];
                v[1] = rotate(v[1], 17) ^ v[2];
                v[2] = rotate(v[2], 32);
        }
}

static uint64_t word_at(const uint8_t *p, size_t n)
{
        uint64_t w = 0;

        for (size_t i = 0; i < n; i++)
                w |= (uint64_t)p[i] << (8 * i);
        return w;
}

uint64_t syn_hash(const struct syn_key *key, const uint8_t *p, size_t n)
{
        uint64_t v[4] = { key->k[0] ^ UINT64_C(0x736f6d6570736575),
                          key->k[1] ^ UINT64_C(0x646f72616e646f6d),
                          key->k[0] ^ UINT64_C(0x6c7967656e657261),
                          key->k[1] ^ UINT64_C(0x7465646279746573) };
        uint64_t last = (uint64_t)n << 56;

        for (; n >= 8; n -= 8, p += 8) {
                uint64_t m = word_at(p, 8);

                v[3] ^= m;
                rounds(v, 2);
                v[0] ^= m;
        }
        last |= word_at(p, n);
        v[3] ^= last;
        rounds(v, 2);
        v[0] ^= last;
        v[2] ^= 0xff;
        rounds(v, 4);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* family | source | destination | ports; what is not known is 0 */
static uint64_t pair_hash(const struct syn_key *key, const struct zc_addr *src,
                          const struct zc_addr *dst, uint16_t sport, uint16_t dport)
{
        uint8_t m[40] = { 0 };

        if (src)
                memcpy(m, src->bytes, 16);
        memcpy(m + 16, dst->bytes, 16);
        m[32] = (uint8_t)(sport >> 8);
        m[33] = (uint8_t)sport;
        m[34] = (uint8_t)(dport >> 8);
        m[35] = (uint8_t)dport;
        m[36] = dst->family;
        return syn_hash(key, m, sizeof m);
}

uint16_t syn_port(const struct syn_key *key, const struct zc_addr *dst, uint16_t dport)
{
        return (uint16_t)(ZC_CAPTURE_PORT_FIRST +
                          pair_hash(key, NULL, dst, 0, dport) % ZC_CAPTURE_PORTS);
}

uint16_t syn_port_of(uint16_t first, unsigned attempt)
{
        return (uint16_t)(ZC_CAPTURE_PORT_FIRST +
                          (first - ZC_CAPTURE_PORT_FIRST + attempt - 1) % ZC_CAPTURE_PORTS);
}

unsigned syn_attempt_of(uint16_t first, uint16_t port)
{
        return ((unsigned)port + ZC_CAPTURE_PORTS - first) % ZC_CAPTURE_PORTS + 1;
}

/* The lower half of the hash hides the number and 14 bits of the upper half, which say on the way back that it is ours. */
uint32_t syn_sequence(const struct syn_key *key, const struct zc_segment *s, uint32_t number)
{
        uint64_t h = pair_hash(key, &s->src, &s->dst, s->sport, s->dport);

        return (uint32_t)h ^ ((uint32_t)(h >> 32) << SYN_NUMBER_BITS | number);
}

bool syn_number(const struct syn_key *key, const struct zc_segment *s, uint32_t seq, uint32_t *out)
{
        uint64_t h = pair_hash(key, &s->src, &s->dst, s->sport, s->dport);
        uint32_t hidden = seq ^ (uint32_t)h;

        *out = hidden & (SYN_NUMBERS - 1);
        return hidden >> SYN_NUMBER_BITS ==
               ((uint32_t)(h >> 32) & ((1u << (32 - SYN_NUMBER_BITS)) - 1));
}
