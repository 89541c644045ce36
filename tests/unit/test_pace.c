/** A ceiling over connections: places, tokens, and waiting for either. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloc.h"
#include "zc/pace.h"

static void test_places(void **state)
{
        ZC_AUTO(zc_pace) p = NULL;
        struct zc_err err = { 0 };
        int64_t again = 0;

        (void)state;
        assert_true(zc_pace_new(0, 2, &p, &err));
        assert_true(zc_pace_enter(p, &again));
        assert_true(zc_pace_enter(p, &again));
        assert_false(zc_pace_enter(p, &again));
        assert_true(again > 0);
        assert_false(zc_pace_wait(p, zc_deadline_in(30)));
        zc_pace_leave(p);
        assert_true(zc_pace_wait(p, zc_deadline_in(30)));
        zc_pace_leave(p);
        zc_pace_leave(p);
}

/* One a second: the first at once, the second not before its time; with more a second, a tenth of them at once. */
static void test_tokens(void **state)
{
        static const struct {
                unsigned per_second, at_once;
        } rows[] = { { 1, 1 }, { 10, 1 }, { 20, 2 }, { 1000, 100 } };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO(zc_pace) p = NULL;
                struct zc_err err = { 0 };
                int64_t again = 0;
                unsigned n = 0;

                assert_true(zc_pace_new(rows[i].per_second, 0, &p, &err));
                while (n < 2000 && zc_pace_enter(p, &again))
                        n++;
                /* What a slow machine takes to come here fills the bucket again. */
                assert_true(n >= rows[i].at_once && n < 2000);
                assert_true(again > 0 && again <= 1001);
                while (n-- > 0)
                        zc_pace_leave(p);
        }
}

static void test_none(void **state)
{
        ZC_AUTO(zc_pace) p = NULL;
        struct zc_err err = { 0 };
        int64_t again;

        (void)state;
        assert_true(zc_pace_enter(NULL, &again));
        assert_true(zc_pace_wait(NULL, zc_deadline_in(0)));
        zc_pace_leave(NULL);
        zc_pace_free(NULL);
        assert_true(zc_pace_new(0, 0, &p, &err));
        for (unsigned i = 0; i < 10000; i++)
                assert_true(zc_pace_enter(p, &again));
        for (unsigned i = 0; i < 10000; i++)
                zc_pace_leave(p);
        alloc_fail_at(1);
        assert_false(zc_pace_new(1, 1, &p, &err));
        alloc_fail_at(0);
        assert_int_equal(err.code, ZC_E_NOMEM);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_places),
                cmocka_unit_test(test_tokens),
                cmocka_unit_test(test_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
