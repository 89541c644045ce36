#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "zc/arena.h"

static void memory_is_zeroed_aligned_and_apart(void **state)
{
        ZC_AUTO(zc_arena) a = zc_arena_new(0);
        static const size_t sizes[] = { 0, 1, 15, 16, 17, 100, 4096, 4097, 16384, 100000 };
        uint8_t *got[ZC_COUNT(sizes) * 8];

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(got); i++) {
                size_t size = sizes[i % ZC_COUNT(sizes)];

                got[i] = zc_arena_alloc(a, size);
                assert_non_null(got[i]);
                assert_int_equal((uintptr_t)got[i] % _Alignof(max_align_t), 0);
                for (size_t j = 0; j < size; j++)
                        assert_int_equal(got[i][j], 0);
                memset(got[i], (int)i + 1, size);
        }
        for (size_t i = 0; i < ZC_COUNT(got); i++)
                for (size_t j = 0; j < sizes[i % ZC_COUNT(sizes)]; j++)
                        assert_int_equal(got[i][j], i + 1);
}

static void the_ceiling_holds_and_the_arena_stays_usable(void **state)
{
        ZC_AUTO(zc_arena) a = zc_arena_new(100);

        (void)state;
        assert_null(zc_arena_alloc(a, 101));
        assert_non_null(zc_arena_alloc(a, 60));
        assert_null(zc_arena_alloc(a, 41));
        assert_null(zc_arena_strdup(a, "a text of forty bytes and a NUL, exactly"));
        assert_int_equal(zc_arena_used(a), 60);
        assert_non_null(zc_arena_alloc(a, 40));
        assert_int_equal(zc_arena_used(a), 100);
        assert_null(zc_arena_alloc(a, 1));
}

static void sizes_that_overflow_are_refused(void **state)
{
        ZC_AUTO(zc_arena) a = zc_arena_new(0);

        (void)state;
        assert_null(zc_arena_alloc(a, SIZE_MAX));
        assert_null(zc_arena_alloc(a, SIZE_MAX - 15));
        assert_null(zc_arena_alloc(a, SIZE_MAX - 40));
        assert_null(zc_arena_array(a, SIZE_MAX / 2, 3));
        assert_null(zc_arena_strndup(a, "x", SIZE_MAX));
        assert_non_null(zc_arena_array(a, 3, 5));
        assert_int_equal(zc_arena_used(a), 15);
}

static void texts_are_copied(void **state)
{
        ZC_AUTO(zc_arena) a = zc_arena_new(0);
        char long_text[20000];

        (void)state;
        memset(long_text, 'x', sizeof(long_text) - 1);
        long_text[sizeof(long_text) - 1] = '\0';
        assert_string_equal(zc_arena_strdup(a, ""), "");
        assert_string_equal(zc_arena_strdup(a, "abc"), "abc");
        assert_string_equal(zc_arena_strndup(a, "abc", 2), "ab");
        assert_string_equal(zc_arena_strndup(a, NULL, 0), "");
        assert_string_equal(zc_arena_printf(a, "%s:%d", "host", 443), "host:443");
        assert_string_equal(zc_arena_printf(a, "%s", long_text), long_text);
        assert_non_null(zc_arena_new_of(
                a, struct { int x; }));
}

/** A reset arena is a new one, whatever was in it: zeroed, and with all of its room. */
static void a_reset_arena_is_new(void **state)
{
        static const size_t sizes[] = { 1, 100, 900, 5000, 20000 };
        struct zc_arena *a = zc_arena_new(30000);

        (void)state;
        assert_non_null(a);
        zc_arena_reset(a);
        for (size_t round = 0; round < 3; round++) {
                for (size_t i = 0; i < ZC_COUNT(sizes); i++) {
                        size_t size = sizes[(i + round) % ZC_COUNT(sizes)];
                        uint8_t *p = zc_arena_alloc(a, size);

                        assert_non_null(p);
                        for (size_t k = 0; k < size; k++)
                                assert_int_equal(p[k], 0);
                        memset(p, 0xff, size);
                }
                assert_null(zc_arena_alloc(a, 29000));
                zc_arena_reset(a);
                assert_int_equal(zc_arena_used(a), 0);
        }
        zc_arena_free(a);
}

static void out_of_memory_is_null(void **state)
{
        struct zc_arena *a;

        (void)state;
        alloc_fail_at(1);
        assert_null(zc_arena_new(0));
        alloc_fail_at(2);
        a = zc_arena_new(0);
        assert_null(zc_arena_alloc(a, 8));
        assert_null(zc_arena_printf(a, "%d", 1));
        alloc_fail_at(0);
        assert_non_null(zc_arena_alloc(a, 8));
        zc_arena_free(a);
        zc_arena_free(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
                cmocka_unit_test(the_ceiling_holds_and_the_arena_stays_usable),
                cmocka_unit_test(sizes_that_overflow_are_refused),
                cmocka_unit_test(texts_are_copied),
                cmocka_unit_test(a_reset_arena_is_new),
                cmocka_unit_test(out_of_memory_is_null),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
