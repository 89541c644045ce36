#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "zc/pool.h"

/* What tasks see of one another. */
static struct {
        atomic_uint ran, dropped, now[4], most[4], all_now, all_most;
        atomic_bool hold;
        struct zc_pool *pool;
} seen;

struct task {
        unsigned host;
};

static void up(atomic_uint *now, atomic_uint *most)
{
        unsigned n = ++*now, before = *most;

        while (n > before && !atomic_compare_exchange_weak(most, &before, n))
                ;
}

static void task(void *arg)
{
        unsigned host = ((struct task *)arg)->host;

        up(&seen.now[host], &seen.most[host]);
        up(&seen.all_now, &seen.all_most);
        while (seen.hold && !zc_pool_stopping(seen.pool))
                usleep(1000);
        usleep(200);
        seen.all_now--;
        seen.now[host]--;
        seen.ran++;
}

static void drop(void *arg)
{
        (void)arg;
        seen.dropped++;
}

static int reset(void **state)
{
        (void)state;
        memset(&seen, 0, sizeof seen);
        return 0;
}

static struct zc_addr host(unsigned i)
{
        return (struct zc_addr){ .family = AF_INET, .bytes = { 192, 0, 2, (uint8_t)i } };
}

static void test_limits(void **state)
{
        static struct task tasks[400];
        struct zc_err err = { 0 };

        (void)state;
        assert_true(zc_pool_new(8, 2, &seen.pool, &err));
        for (unsigned i = 0; i < ZC_COUNT(tasks); i++) {
                struct zc_addr a = host(i % 4);

                tasks[i].host = i % 4;
                assert_true(zc_pool_add(seen.pool, &a, task, &tasks[i], &err));
        }
        zc_pool_wait(seen.pool);
        assert_int_equal(seen.ran, ZC_COUNT(tasks));
        for (unsigned i = 0; i < 4; i++)
                assert_in_range(seen.most[i], 1, 2);
        assert_in_range(seen.all_most, 1, 8);
        zc_pool_free(seen.pool);
}

/* One busy host does not keep the others from running. */
static void test_overtaking(void **state)
{
        static struct task busy[3] = { { 0 }, { 0 }, { 0 } }, other = { 1 };
        struct zc_addr a = host(0), b = host(1);
        struct zc_err err = { 0 };

        (void)state;
        seen.hold = true;
        assert_true(zc_pool_new(2, 1, &seen.pool, &err));
        for (unsigned i = 0; i < 3; i++)
                assert_true(zc_pool_add(seen.pool, &a, task, &busy[i], &err));
        assert_true(zc_pool_add(seen.pool, &b, task, &other, &err));
        while (seen.now[1] == 0) /* ends only because it overtakes */
                usleep(1000);
        assert_int_equal(seen.now[0], 1);
        seen.hold = false;
        zc_pool_free(seen.pool); /* waits */
        assert_int_equal(seen.ran, 4);
        assert_int_equal(seen.most[0], 1);
}

static void test_stop(void **state)
{
        static struct task tasks[6];
        struct zc_err err = { 0 };

        (void)state;
        seen.hold = true;
        assert_true(zc_pool_new(2, 0, &seen.pool, &err));
        assert_false(zc_pool_stopping(seen.pool));
        for (unsigned i = 0; i < ZC_COUNT(tasks); i++)
                assert_true(zc_pool_add(seen.pool, NULL, task, &tasks[i], &err));
        while (seen.now[0] < 2)
                usleep(1000);
        zc_pool_stop(seen.pool, drop);
        assert_true(zc_pool_stopping(seen.pool));
        assert_false(zc_pool_add(seen.pool, NULL, task, &tasks[0], &err));
        assert_int_equal(err.code, ZC_E_LIMIT);
        zc_pool_wait(seen.pool);
        assert_int_equal(seen.ran, 2);
        assert_int_equal(seen.dropped, 4);
        zc_pool_free(seen.pool);
}

static void test_empty(void **state)
{
        struct zc_err err = { 0 };

        (void)state;
        assert_true(zc_pool_new(0, 0, &seen.pool, &err));
        zc_pool_wait(seen.pool);
        zc_pool_stop(seen.pool, NULL);
        zc_pool_free(seen.pool);
        zc_pool_free(NULL);
}

static void test_no_memory(void **state)
{
        struct zc_err err = { 0 };

        (void)state;
        for (size_t n = 1; alloc_fail_at(n), !zc_pool_new(3, 1, &seen.pool, &err); n++) {
                assert_int_equal(err.code, ZC_E_NOMEM);
                assert_true(n < 10);
        }
        alloc_fail_at(0);
        zc_pool_free(seen.pool);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_limits, reset),
                cmocka_unit_test_setup(test_overtaking, reset),
                cmocka_unit_test_setup(test_stop, reset),
                cmocka_unit_test_setup(test_empty, reset),
                cmocka_unit_test_setup(test_no_memory, reset),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
