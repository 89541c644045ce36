#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zc/clock.h"

static void deadlines(void **state)
{
        struct zc_deadline past = { zc_mono_ms() - 1 }, soon = zc_deadline_in(3600000);

        (void)state;
        assert_true(zc_deadline_passed(past));
        assert_int_equal(zc_deadline_left(past), 0);
        assert_false(zc_deadline_passed(soon));
        assert_true(zc_deadline_left(soon) > 0 && zc_deadline_left(soon) <= 3600000);
        assert_false(zc_deadline_passed(ZC_NEVER));
        assert_int_equal(zc_deadline_left(ZC_NEVER), INT_MAX);
        assert_int_equal(zc_deadline_in(INT64_MAX).at_ms, INT64_MAX);
        assert_true(zc_deadline_passed(zc_deadline_in(INT64_MIN)));
        assert_true(zc_deadline_passed(zc_deadline_in(0)));
        assert_int_equal(zc_deadline_min(past, soon).at_ms, past.at_ms);
        assert_int_equal(zc_deadline_min(ZC_NEVER, past).at_ms, past.at_ms);
        assert_true(zc_mono_us() / 1000 <= zc_mono_ms());
        assert_true(zc_wall_ms() > INT64_C(1700000000000));
}

static const struct {
        const char *text;
        int64_t ms;
        const char *canonical; /* NULL: text is it */
} good_times[] = {
        { "1970-01-01T00:00:00Z", 0, NULL },
        { "2026-11-21T02:14:07Z", 1795227247000, NULL },
        { "2026-11-21T02:14:07.123Z", 1795227247123, NULL },
        { "2026-11-21T02:14:07.1239999Z", 1795227247123, "2026-11-21T02:14:07.123Z" },
        { "2026-11-21T02:14:07.5Z", 1795227247500, "2026-11-21T02:14:07.500Z" },
        { "2026-11-21T02:14:07.000000001Z", 1795227247000, "2026-11-21T02:14:07Z" },
        { "2026-11-21t02:14:07z", 1795227247000, "2026-11-21T02:14:07Z" },
        { "2026-11-21T04:44:07+02:30", 1795227247000, "2026-11-21T02:14:07Z" },
        { "2026-11-20T18:14:07-08:00", 1795227247000, "2026-11-21T02:14:07Z" },
        { "2026-11-21T02:14:07-00:00", 1795227247000, "2026-11-21T02:14:07Z" },
        { "1969-12-31T23:59:59.999Z", -1, NULL },
        { "2000-02-29T00:00:00Z", 951782400000, NULL },
        { "2016-12-31T23:59:60Z", 1483228799000, "2016-12-31T23:59:59Z" },
        { "2017-01-01T01:59:60+02:00", 1483228799000, "2016-12-31T23:59:59Z" },
        { "0000-01-01T00:00:00Z", -62167219200000, NULL },
        { "9999-12-31T23:59:59.999Z", 253402300799999, NULL },
};

static void times_are_read_and_written(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(good_times); i++) {
                const char *canonical =
                        good_times[i].canonical ? good_times[i].canonical : good_times[i].text;
                char out[ZC_TIME_LEN];
                int64_t ms = 77;

                assert_true(zc_time_parse(good_times[i].text, &ms));
                assert_int_equal(ms, good_times[i].ms);
                zc_time_format(ms, out);
                assert_string_equal(out, canonical);
        }
}

static void other_times_are_refused(void **state)
{
        static const char *const bad[] = {
                "2026-13-01T00:00:00Z",
                "2026-00-01T00:00:00Z",
                "2026-02-29T00:00:00Z",
                "1900-02-29T00:00:00Z",
                "2026-04-31T00:00:00Z",
                "2026-01-00T00:00:00Z",
                "2026-01-01T24:00:00Z",
                "2026-01-01T00:60:00Z",
                "2026-01-01T00:00:61Z",
                "2026-01-01T00:00:60Z",
                "2026-01-01T23:59:60+01:00",
                "2026-01-01 00:00:00Z",
                "2026-01-01T00:00:00",
                "2026-01-01T00:00:00+0100",
                "2026-01-01T00:00:00+24:00",
                "2026-01-01T00:00:00+01:60",
                "2026-01-01T00:00:00+1:00",
                "2026-01-01T00:00:00.Z",
                "2026-01-01T00:00:00.1234567890Z",
                "2026-01-01T00:00:00,5Z",
                "2026-1-01T00:00:00Z",
                "02026-01-01T00:00:00Z",
                "-026-01-01T00:00:00Z",
                "+2026-01-01T00:00:00Z",
                "2026-01-01T00:00Z",
                "2026-W01-1T00:00:00Z",
                "0000-01-01T00:00:00+00:01",
                "9999-12-31T23:59:59-00:01",
                " 2026-01-01T00:00:00Z",
                "2026-01-01T00:00:00Z ",
                "2026-01-01T00:00:00ZZ",
                "20260101T000000Z",
                "now",
                "",
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(bad); i++) {
                int64_t ms = 77;

                assert_false(zc_time_parse(bad[i], &ms));
                assert_int_equal(ms, 77);
        }
}

static void every_truncation_is_refused(void **state)
{
        static const char whole[] = "2026-11-21T04:44:07.123+02:30";

        (void)state;
        for (size_t n = 0; n < sizeof(whole) - 1; n++) {
                char *exact = calloc(1, n + 1);

                memcpy(exact, whole, n);
                assert_false(zc_time_parse(exact, &(int64_t){ 0 }));
                free(exact);
        }
}

static void far_times_are_held_to_what_can_be_written(void **state)
{
        char out[ZC_TIME_LEN];

        (void)state;
        zc_time_format(INT64_MAX, out);
        assert_string_equal(out, "9999-12-31T23:59:59.999Z");
        zc_time_format(INT64_MIN, out);
        assert_string_equal(out, "0000-01-01T00:00:00Z");
}

static void every_day_of_the_calendar_round_trips(void **state)
{
        (void)state;
        for (int64_t ms = -62167219200000; ms < 253402300800000;
             ms += 86400000 * INT64_C(13) + 3661001) {
                char out[ZC_TIME_LEN];
                int64_t back;

                zc_time_format(ms, out);
                assert_true(zc_time_parse(out, &back));
                assert_int_equal(back, ms);
        }
}

static void durations(void **state)
{
        static const struct {
                const char *s;
                int64_t ms; /* -1: refused */
        } rows[] = {
                { "500ms", 500 },
                { "60s", 60000 },
                { "3m", 180000 },
                { "24h", 86400000 },
                { "400d", 34560000000 },
                { "0s", 0 },
                { "9223372036854775807ms", INT64_MAX },
                { "9223372036854775808ms", -1 },
                { "9223372036854775807s", -1 },
                { "106751991167d", 9223372036828800000 },
                { "106751991168d", -1 },
                { "99999999999999999999s", -1 },
                { "", -1 },
                { "s", -1 },
                { "5", -1 },
                { "-5s", -1 },
                { "+5s", -1 },
                { "1.5s", -1 },
                { "5 s", -1 },
                { " 5s", -1 },
                { "5s ", -1 },
                { "5S", -1 },
                { "1h30m", -1 },
                { "5w", -1 },
                { "5msx", -1 },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                int64_t ms = -1;

                assert_int_equal(zc_duration_parse(rows[i].s, &ms), rows[i].ms >= 0);
                assert_int_equal(ms, rows[i].ms);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(deadlines),
                cmocka_unit_test(times_are_read_and_written),
                cmocka_unit_test(other_times_are_refused),
                cmocka_unit_test(every_truncation_is_refused),
                cmocka_unit_test(far_times_are_held_to_what_can_be_written),
                cmocka_unit_test(every_day_of_the_calendar_round_trips),
                cmocka_unit_test(durations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
