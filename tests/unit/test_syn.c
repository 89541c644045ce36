/** The SYN engine's pure parts: cookies, the rate, the table of what is under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../../scanner/net/syn_slots.h"

static const struct syn_key key = { { UINT64_C(0x0706050403020100),
                                      UINT64_C(0x0f0e0d0c0b0a0908) } };

/* The paper's test vector: 15 bytes 00..0e under the key 00..0f. */
static void siphash(void **state)
{
        uint8_t in[15];

        (void)state;
        for (size_t i = 0; i < sizeof in; i++)
                in[i] = (uint8_t)i;
        assert_true(syn_hash(&key, in, sizeof in) == UINT64_C(0xa129ca6149be45e5));
}

static struct zc_segment pair(uint16_t sport, uint16_t dport)
{
        return (struct zc_segment){ .src = { AF_INET, { 192, 0, 2, 1 }, 0 },
                                    .dst = { AF_INET, { 192, 0, 2, 7 }, 0 },
                                    .sport = sport,
                                    .dport = dport };
}

static void a_cookie_is_for_its_pair_alone(void **state)
{
        unsigned believed = 0;

        (void)state;
        for (uint32_t i = 0; i < 20000; i++) {
                struct zc_segment s = pair((uint16_t)(61440 + i % 4096), (uint16_t)(i + 1)), t = s;
                uint32_t seq = syn_sequence(&key, &s, i), number;

                assert_true(syn_number(&key, &s, seq, &number));
                assert_int_equal(number, i);
                believed += syn_number(&key, &s, seq + 1, &number) && number == i;
                t.dport++;
                believed += syn_number(&key, &t, seq, &number) && number == i;
                t = s;
                t.sport ^= 1;
                believed += syn_number(&key, &t, seq, &number) && number == i;
                t = s;
                t.dst.bytes[3]++;
                believed += syn_number(&key, &t, seq, &number) && number == i;
        }
        assert_int_equal(believed, 0);
}

static void each_attempt_has_its_port(void **state)
{
        struct zc_addr to = { AF_INET, { 192, 0, 2, 7 }, 0 };

        (void)state;
        for (unsigned port = 1; port < 65536; port += 97) {
                uint16_t first = syn_port(&key, &to, (uint16_t)port);

                for (unsigned n = 1; n <= SYN_ATTEMPTS_MOST; n++) {
                        uint16_t sport = syn_port_of(first, n);

                        assert_true(sport >= ZC_CAPTURE_PORT_FIRST);
                        assert_int_equal(syn_attempt_of(first, sport), n);
                }
        }
}

static void the_table_forgets_nothing(void **state)
{
        struct syn_slots s;
        struct zc_err err;
        uint32_t a, b;

        (void)state;
        assert_true(syn_slots_init(&s, &err));
        a = syn_slots_take(&s);
        b = syn_slots_take(&s);
        assert_int_not_equal(a, b);
        syn_slots_move(&s, a, SYN_READY);
        syn_slots_move(&s, b, SYN_READY);
        assert_int_equal(syn_slots_first(&s, SYN_READY), a);
        syn_slots_move(&s, a, SYN_SENT + 1);
        assert_int_equal(syn_slots_first(&s, SYN_READY), b);
        assert_int_equal(syn_slots_busy(&s), 2);
        syn_slots_move(&s, b, SYN_QUIET);
        assert_int_equal(syn_slots_busy(&s), 1);
        syn_slots_move(&s, a, SYN_FREE);
        assert_int_equal(syn_slots_take(&s), a);
        syn_slots_move(&s, a, SYN_FREE);
        syn_slots_move(&s, b, SYN_FREE);
        for (unsigned i = 0; i < SYN_SLOTS; i++)
                syn_slots_move(&s, syn_slots_take(&s), SYN_WAITING);
        assert_true(syn_slots_full(&s));
        assert_int_equal(syn_slots_take(&s), SYN_NONE);
        syn_slots_release(&s);
}

/* A host that answers, `limit` a second at most (0: all), of which `loss` in a thousand are lost; returns how many were sent until `pairs` were asked once. */
struct host {
        double limit, tokens;
        unsigned loss, silent; /* in a thousand */
        unsigned answered;
};

static bool host_answers(struct host *h, int64_t passed_us)
{
        h->tokens += h->limit * 1e-6 * (double)passed_us;
        if (h->tokens > 10)
                h->tokens = 10;
        if ((unsigned)(random() % 1000) < h->silent || (unsigned)(random() % 1000) < h->loss)
                return false;
        if (h->limit > 0 && h->tokens < 1)
                return false;
        h->tokens -= 1;
        h->answered++;
        return true;
}

/* First probes only, for `us`; answers come after 100 us. */
static void play(struct syn_rate *r, struct host *h, int64_t us)
{
        for (int64_t now = r->filled_us, end = now + us; now < end; now += 50) {
                unsigned room = syn_rate_room(r, now);

                syn_rate_tick(r, now);
                for (unsigned i = 0; i < room; i++) {
                        uint16_t epoch = syn_rate_first(r, now);

                        syn_rate_spend(r, 1);
                        if (host_answers(h, i ? 0 : 50))
                                syn_rate_answer(r, epoch, 1, 100);
                }
                if (room == 0)
                        h->tokens += h->limit * 50e-6;
        }
}

static void the_rate_follows_what_is_answered(void **state)
{
        static const struct {
                struct host host;
                double least, most;
        } rows[] = {
                { { .limit = 0 }, 100000, 1e6 },              /* as fast as it is answered */
                { { .limit = 0, .loss = 200 }, 100000, 1e6 }, /* loss is not for our speed */
                { { .limit = 0, .loss = 360 }, 100000, 1e6 },
                { { .limit = 3000 }, 1000, 8000 }, /* it answers so many a second */
                { { .limit = 0, .silent = 1000 },
                  10000,
                  20000 }, /* nothing says how fast it may be */
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct host h = rows[i].host;
                struct syn_rate r;

                srandom(6);
                syn_rate_init(&r, 1e6, true, 1000000);
                play(&r, &h, 2000000);
                if (r.rate < rows[i].least || r.rate > rows[i].most)
                        fail_msg("row %zu: %.0f a second", i, r.rate);
        }
}

static void a_ceiling_is_kept(void **state)
{
        struct host h = { 0 };
        struct syn_rate r;

        (void)state;
        syn_rate_init(&r, 50, true, 1000000);
        play(&r, &h, 10000000);
        assert_true(h.answered >= 480 && h.answered <= 502);
}

static void as_often_as_the_loss_asks_for(void **state)
{
        struct syn_rate r;

        (void)state;
        syn_rate_init(&r, 1e6, true, 0);
        assert_int_equal(syn_rate_need(&r), 2);
        for (unsigned i = 0; i < 10000; i++)
                syn_rate_answer(&r, SYN_NO_EPOCH, 1, 100);
        assert_int_equal(syn_rate_need(&r), 3);
        for (unsigned i = 0; i < 1000; i++)
                syn_rate_answer(&r, SYN_NO_EPOCH, 2, 100);
        assert_in_range(syn_rate_need(&r), 6, 8); /* 10,000 * 0.083^7 */
        for (unsigned i = 0; i < 9000; i++)
                syn_rate_answer(&r, SYN_NO_EPOCH, 3, 100);
        assert_in_range(syn_rate_need(&r), 15, SYN_ATTEMPTS_MOST);
        for (unsigned k = 1; k <= SYN_ATTEMPTS_MOST; k++)
                assert_in_range(syn_rate_spacing(&r, k), 1000, 3500000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(siphash),
                cmocka_unit_test(a_cookie_is_for_its_pair_alone),
                cmocka_unit_test(each_attempt_has_its_port),
                cmocka_unit_test(the_table_forgets_nothing),
                cmocka_unit_test(the_rate_follows_what_is_answered),
                cmocka_unit_test(a_ceiling_is_kept),
                cmocka_unit_test(as_often_as_the_loss_asks_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
