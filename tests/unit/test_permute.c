/** The permutation is one, whatever its size; shards divide what they are shards of; pairs are all there, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "zc/permute.h"

static void is_permutation(uint64_t seed, uint64_t n)
{
        uint8_t *seen = calloc(n ? n : 1, 1);
        struct zc_permute p;

        assert_non_null(seen);
        zc_permute_init(&p, seed, n);
        for (uint64_t i = 0; i < n; i++) {
                uint64_t at = zc_permute_at(&p, i);

                assert_true(at < n);
                assert_int_equal(seen[at]++, 0);
        }
        free(seen);
}

static void every_size_is_permuted(void **state)
{
        static const uint64_t large[] = { 65535, 65536, 65537, 999983, 1000000, UINT64_C(1) << 20 };

        (void)state;
        for (uint64_t n = 0; n <= 700; n++)
                for (uint64_t seed = 0; seed < 3; seed++)
                        is_permutation(seed, n);
        for (size_t i = 0; i < ZC_COUNT(large); i++)
                is_permutation(42, large[i]);
}

static void the_largest_stays_inside(void **state)
{
        struct zc_permute p;

        (void)state;
        zc_permute_init(&p, 7, UINT64_C(1) << 62);
        for (uint64_t i = 0; i < 1000; i++)
                assert_true(zc_permute_at(&p, (UINT64_C(1) << 62) - 1 - i) < UINT64_C(1) << 62);
}

/** Neighbours go far apart: on average a third of the way, and seldom to the same /24. */
static void neighbours_are_scattered(void **state)
{
        struct zc_permute p;
        uint64_t n = 65536, before, near = 0;
        double sum = 0;

        (void)state;
        zc_permute_init(&p, 1, n);
        before = zc_permute_at(&p, 0);
        for (uint64_t i = 1; i < n; i++) {
                uint64_t at = zc_permute_at(&p, i), off = at > before ? at - before : before - at;

                sum += (double)off;
                near += off < 256;
                before = at;
        }
        assert_true(sum / (double)n > 0.30 * (double)n && sum / (double)n < 0.37 * (double)n);
        assert_true(near < 1024);
}

static void seeds_differ(void **state)
{
        struct zc_permute a, b;
        unsigned same = 0;

        (void)state;
        zc_permute_init(&a, 1, 10000);
        zc_permute_init(&b, 2, 10000);
        for (uint64_t i = 0; i < 10000; i++)
                same += zc_permute_at(&a, i) == zc_permute_at(&b, i);
        assert_true(same < 20);
}

static const struct {
        const char *text;
        unsigned index, count; /* 0, 0: refused */
        const char *says;
} shards[] = {
        { "1/1", 1, 1, NULL },
        { "3/4", 3, 4, NULL },
        { "65536/65536", 65536, 65536, NULL },
        { "0/4", 0, 0, "counted from 1 to 4" },
        { "5/4", 0, 0, "there is no shard 5/4" },
        { "1/0", 0, 0, "there is no shard 1/0" },
        { "1/65537", 0, 0, "is no shard" },
        { "1", 0, 0, "as in 1/4" },
        { "", 0, 0, "is no shard" },
        { "/", 0, 0, "is no shard" },
        { "1/", 0, 0, "is no shard" },
        { "/2", 0, 0, "is no shard" },
        { "1/2/3", 0, 0, "is no shard" },
        { "-1/2", 0, 0, "is no shard" },
        { "1 /2", 0, 0, "is no shard" },
        { "0x1/2", 0, 0, "is no shard" },
};

static void shards_are_read(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(shards); i++) {
                struct zc_shard s = { 0 };
                struct zc_err err = { 0 };
                bool ok = zc_shard_parse(shards[i].text, &s, &err);

                assert_int_equal(ok, shards[i].count > 0);
                assert_int_equal(s.index, shards[i].index);
                assert_int_equal(s.count, shards[i].count);
                if (!ok) {
                        assert_int_equal(err.code, ZC_E_USAGE);
                        assert_non_null(strstr(err.text, shards[i].says));
                }
        }
}

/** For every small number of shards each address and each name is in one of them, and none is left empty. */
static void shards_are_the_whole_and_disjoint(void **state)
{
        const struct zc_prefix block = { { AF_INET, { 10, 9, 0, 0 }, 0 }, 22 };
        const struct zc_prefix six = { { AF_INET6, { 0xfd, 1 }, 0 }, 118 };
        const struct zc_prefix *const blocks[] = { &block, &six };

        (void)state;
        for (unsigned n = 1; n <= 17; n++) {
                unsigned in[18] = { 0 };

                for (size_t b = 0; b < ZC_COUNT(blocks); b++) {
                        for (uint64_t i = 0; i < zc_block_count(blocks[b]); i++) {
                                struct zc_addr a = zc_block_at(blocks[b], i);
                                unsigned owners = 0;

                                for (unsigned k = 1; k <= n; k++) {
                                        const struct zc_shard s = { 99, k, n };

                                        owners += zc_shard_has_address(&s, &a);
                                        in[k] += zc_shard_has_address(&s, &a);
                                }
                                assert_int_equal(owners, 1);
                        }
                }
                for (unsigned k = 1; k <= n; k++)
                        assert_true(in[k] > 2046 / n * 7 / 10);
        }
        for (unsigned n = 1; n <= 17; n++) {
                unsigned owners = 0;

                for (unsigned k = 1; k <= n; k++)
                        owners +=
                                zc_shard_has_name(&(struct zc_shard){ 5, k, n }, "db.example.org");
                assert_int_equal(owners, 1);
        }
        assert_true(zc_shard_has_name(&(struct zc_shard){ 0 }, "whole"));
}

static const struct {
        const char *block;
        uint64_t count;
        const char *first, *last;
} blocks[] = {
        { "192.0.2.0/24", 254, "192.0.2.1", "192.0.2.254" },
        { "192.0.2.4/30", 2, "192.0.2.5", "192.0.2.6" },
        { "192.0.2.4/31", 2, "192.0.2.4", "192.0.2.5" },
        { "192.0.2.4/32", 1, "192.0.2.4", "192.0.2.4" },
        { "10.0.0.0/8", 16777214, "10.0.0.1", "10.255.255.254" },
        { "0.0.0.0/0", UINT64_C(4294967294), "0.0.0.1", "255.255.255.254" },
        { "2001:db8::/120", 256, "2001:db8::", "2001:db8::ff" },
        { "2001:db8::1/128", 1, "2001:db8::1", "2001:db8::1" },
        { "2001:db8:0:ff00::/67", UINT64_C(1) << 61,
          "2001:db8:0:ff00::", "2001:db8:0:ff00:1fff:ffff:ffff:ffff" },
        { "2001:db8::/32", UINT64_C(1) << 62, "2001:db8::", "2001:db8::3fff:ffff:ffff:ffff" },
};

static void members_are_numbered(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(blocks); i++) {
                struct zc_prefix block;
                struct zc_addr a;
                struct zc_err err = { 0 };
                char text[ZC_ADDR_LEN];

                assert_true(zc_prefix_parse(blocks[i].block, &block, &err));
                assert_int_equal(zc_block_count(&block), blocks[i].count);
                a = zc_block_at(&block, 0);
                zc_addr_format(&a, text);
                assert_string_equal(text, blocks[i].first);
                a = zc_block_at(&block, blocks[i].count - 1);
                zc_addr_format(&a, text);
                assert_string_equal(text, blocks[i].last);
        }
}

/** Each of 254 × 40 pairs once; and not one host after the other. */
static void pairs_are_all_there_once(void **state)
{
        const struct zc_prefix block = { { AF_INET, { 192, 0, 2, 0 }, 0 }, 24 };
        static uint8_t seen[254][40];
        uint16_t ports[40];
        struct zc_pairs p;
        struct zc_pair pair;
        uint64_t n = 0, changed = 0, before = UINT64_MAX;

        (void)state;
        for (uint16_t i = 0; i < 40; i++)
                ports[i] = (uint16_t)(1000 + i);
        assert_true(zc_pairs_start(&p, 3, &block, 0, 254, ports, 40));
        while (zc_pairs_next(&p, &pair)) {
                assert_true(pair.member < 254 && pair.port < 40);
                assert_int_equal(pair.addr.bytes[3], pair.member + 1);
                assert_int_equal(seen[pair.member][pair.port]++, 0);
                changed += pair.member != before;
                before = pair.member;
                n++;
        }
        assert_int_equal(n, 254 * 40);
        assert_true(changed > n * 9 / 10);
}

static void what_cannot_be_counted_is_refused(void **state)
{
        const struct zc_prefix block = { { AF_INET6, { 0x20, 1 }, 0 }, 32 };
        struct zc_pairs p;

        (void)state;
        assert_false(zc_pairs_start(&p, 0, &block, 0, UINT64_C(1) << 62, NULL, 2));
        assert_true(zc_pairs_start(&p, 0, &block, 0, UINT64_C(1) << 62, NULL, 1));
}

static void ports_are_listed(void **state)
{
        static uint16_t out[65536];
        struct zc_portset s = { 0 };
        struct zc_err err = { 0 };

        (void)state;
        assert_int_equal(zc_portset_list(&s, out), 0);
        assert_true(zc_portset_parse("22,80,65535", &s, &err));
        assert_int_equal(zc_portset_list(&s, out), 3);
        assert_int_equal(out[0], 22);
        assert_int_equal(out[2], 65535);
        assert_true(zc_portset_parse("all", &s, &err));
        assert_int_equal(zc_portset_list(&s, out), 65535);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_size_is_permuted),
                cmocka_unit_test(the_largest_stays_inside),
                cmocka_unit_test(neighbours_are_scattered),
                cmocka_unit_test(seeds_differ),
                cmocka_unit_test(shards_are_read),
                cmocka_unit_test(shards_are_the_whole_and_disjoint),
                cmocka_unit_test(members_are_numbered),
                cmocka_unit_test(pairs_are_all_there_once),
                cmocka_unit_test(what_cannot_be_counted_is_refused),
                cmocka_unit_test(ports_are_listed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
