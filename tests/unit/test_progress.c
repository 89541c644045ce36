/** What the line on a terminal says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zc/progress.h"

static const struct {
        uint64_t total, before, asked, open; /* before: a second earlier */
        const char *says;
} rows[] = {
        { 0, 0, 0, 0, "looking" },
        { 65535, 0, 0, 0, "0 of 65,535 ports asked, 0 open" },
        { 65535, 1234, 3234, 3,
          "3,234 of 65,535 ports asked (5 %), 3 open, 2,000 a second, 31 s left" },
        { 1000000, 0, 999999, 1234,
          "999,999 of 1,000,000 ports asked (100 %), 1,234 open, 999,999 a second, 1 s left" },
        { 1000000, 0, 100, 0,
          "100 of 1,000,000 ports asked (0 %), 0 open, 100 a second, 3 h left" },
        { 100000, 0, 100, 0,
          "100 of 100,000 ports asked (0 %), 0 open, 100 a second, 17 min left" },
        { 100, 50, 100, 2, "100 ports asked, 2 open: looking into them" },
        { 1, 0, 1, 1, "1 port asked, 1 open: looking into them" },
        { 100, 50, 250, 2, "100 ports asked, 2 open: looking into them" },
};

static void test_lines(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_progress *p = NULL;
                struct zc_pace_seen seen = { 0 };
                struct zc_err err = { 0 };
                char line[128];

                assert_true(zc_progress_new(&p, &err));
                zc_progress_plan(p, rows[i].total);
                zc_progress_asked(p, rows[i].before, 0);
                zc_progress_line(p, &seen, 1000, line, sizeof line);
                zc_progress_asked(p, rows[i].asked - rows[i].before, rows[i].open);
                zc_progress_line(p, &seen, 2000, line, sizeof line);
                assert_string_equal(line, rows[i].says);
                zc_progress_line(p, &seen, 2001, line, 10);
                assert_true(strlen(line) < 10);
                zc_progress_free(p);
        }
        zc_progress_plan(NULL, 1);
        zc_progress_asked(NULL, 1, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
