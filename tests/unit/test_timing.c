/** How long a host is waited for and how often asked, by what it answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../scanner/probe/ports/timing.h"
#include "zc/def.h"

/* What was answered, `answers` times alike, and what follows. */
static const struct {
        const char *name;
        bool self, few, open;
        unsigned answers, attempt;
        int64_t rtt_ms;
        unsigned attempts; /* at least twice, whatever happens */
        int64_t patience_least, patience_most;
} rows[] = {
        { "nothing yet", false, true, false, 0, 0, 0, 2, 2000, 3500 },
        { "nothing yet, many ports", false, false, false, 0, 0, 0, 2, 1500, 1500 },
        { "nothing yet, over lo", true, true, false, 0, 0, 0, 2, 1000, 1000 },
        { "near", false, true, true, 10, 1, 1, 4, 250, 250 },
        { "near, but only refusals", false, true, false, 10, 1, 1, 4, 1000, 1000 },
        { "near, many ports", false, false, true, 10, 1, 1, 3, 400, 400 },
        { "over lo", true, true, true, 10, 1, 0, 3, 100, 100 },
        { "far, its first answer", false, true, true, 1, 1, 600, 4, 1800, 1800 },
        { "far, some answers later", false, true, true, 10, 1, 600, 4, 1200, 1500 },
        { "so far that it is given up", false, true, true, 3, 1, 9000, 4, 3500, 3500 },
        { "near and lossy", false, true, true, 10, 2, 1, 5, 250, 250 },
        { "very lossy", false, true, true, 10, 3, 1, 7, 250, 250 },
        { "hardly there", false, true, true, 10, 8, 1, 8, 250, 250 },
};

static struct timing after(size_t i)
{
        struct timing t = { .self = rows[i].self, .few = rows[i].few };

        for (unsigned n = 0; n < rows[i].answers; n++)
                timing_answer(&t, rows[i].attempt, rows[i].rtt_ms * 1000, rows[i].open);
        return t;
}

static void test_rows(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct timing t = after(i);
                int64_t patience = timing_patience(&t);

                if (timing_attempts(&t) != rows[i].attempts || patience < rows[i].patience_least ||
                    patience > rows[i].patience_most)
                        fail_msg("%s: %u attempts, patience %lld", rows[i].name,
                                 timing_attempts(&t), (long long)patience);
        }
}

/* Whatever was seen: the attempts grow further apart, never beyond a second and a half, and there is time left for the last. */
static void test_spacing(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct timing t = after(i);
                int64_t before = 0;

                for (unsigned n = 1; n <= timing_attempts(&t); n++) {
                        int64_t ms = timing_spacing(&t, n);

                        if (ms < before || ms < 60 || ms > 1500)
                                fail_msg("%s: %lld ms after attempt %u", rows[i].name,
                                         (long long)ms, n);
                        before = ms;
                }
                assert_true(timing_patience(&t) >= timing_spacing(&t, 1));
        }
}

/* An answer without a round trip says that packets were lost, and nothing of time. */
static void test_no_time(void **state)
{
        struct timing t = { .few = true };

        (void)state;
        timing_answer(&t, 2, -1, true);
        assert_false(t.answered);
        assert_int_equal(timing_attempts(&t), 5);
        assert_true(timing_patience(&t) >= 2000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_spacing),
                cmocka_unit_test(test_no_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
