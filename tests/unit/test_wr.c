#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zc/rd.h"
#include "zc/wr.h"

static void write_all(struct zc_wr *w)
{
        size_t outer, inner;

        zc_wr_u8(w, 0x01);
        zc_wr_u16(w, 0x0203);
        zc_wr_u24(w, 0x040506);
        zc_wr_u32(w, 0x0708090a);
        zc_wr_u64(w, 0x0b0c0d0e0f101112);
        outer = zc_wr_open16(w);
        inner = zc_wr_open8(w);
        zc_wr_str(w, "ab");
        zc_wr_close8(w, inner);
        zc_wr_bytes(w, NULL, 0);
        zc_wr_close16(w, outer);
}

static const uint8_t all[] = {
        1, 2, 3, 4,   5,   6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, /* integers */
        0, 3, 2, 'a', 'b',
};

static void bytes_are_big_endian_and_nested(void **state)
{
        uint8_t buf[64];
        struct zc_wr w;

        (void)state;
        zc_wr_init(&w, buf, sizeof(buf));
        write_all(&w);
        assert_false(w.failed);
        assert_int_equal(w.len, sizeof(all));
        assert_memory_equal(buf, all, sizeof(all));
}

/** At every smaller size the writer fails, stays failed, and writes only inside. */
static void every_short_buffer_fails(void **state)
{
        (void)state;
        for (size_t cap = 0; cap <= sizeof(all); cap++) {
                uint8_t *exact = malloc(cap + (cap == 0));
                struct zc_wr w;

                zc_wr_init(&w, exact, cap);
                write_all(&w);
                assert_int_equal(w.failed, cap < sizeof(all));
                assert_true(w.len <= cap);
                zc_wr_u8(&w, 0);
                assert_true(w.failed);
                free(exact);
        }
}

static void a_length_that_does_not_fit_fails(void **state)
{
        static const struct {
                size_t (*open)(struct zc_wr *);
                void (*close)(struct zc_wr *, size_t);
                size_t width, most;
        } rows[] = {
                { zc_wr_open8, zc_wr_close8, 1, 0xff },
                { zc_wr_open16, zc_wr_close16, 2, 0xffff },
                { zc_wr_open24, zc_wr_close24, 3, 0xffffff },
                { zc_wr_open32, zc_wr_close32, 4, 0x1000000 },
        };
        const size_t cap = 0x1000010;
        uint8_t *buf = malloc(cap), *body = calloc(1, cap);

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                for (size_t more = 0; more < 2; more++) {
                        struct zc_wr w;
                        size_t mark;

                        zc_wr_init(&w, buf, cap);
                        mark = rows[i].open(&w);
                        zc_wr_bytes(&w, body, rows[i].most + more);
                        rows[i].close(&w, mark);
                        assert_int_equal(w.failed, more == 1 && rows[i].width < 4);
                        assert_int_equal(w.len, rows[i].width + rows[i].most + more);
                        if (more == 0)
                                assert_int_equal(buf[rows[i].width - 1], rows[i].most & 0xff);
                }
        }
        free(buf);
        free(body);
}

static void a_number_that_does_not_fit_fails(void **state)
{
        uint8_t buf[8];
        struct zc_wr w;

        (void)state;
        zc_wr_init(&w, buf, sizeof(buf));
        zc_wr_u24(&w, 0x1000000);
        assert_true(w.failed);
        zc_wr_close8(&w, 0);
        assert_true(w.failed);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bytes_are_big_endian_and_nested),
                cmocka_unit_test(every_short_buffer_fails),
                cmocka_unit_test(a_length_that_does_not_fit_fails),
                cmocka_unit_test(a_number_that_does_not_fit_fails),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
