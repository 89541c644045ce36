#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zc/rd.h"

/* Each reader under one signature, so that one loop tries them all. */
#define AS_U64(name, type)                                                                         \
        static bool as_##name(struct zc_rd *rd, uint64_t *out)                                     \
        {                                                                                          \
                type v;                                                                            \
                                                                                                   \
                if (!zc_rd_##name(rd, &v))                                                         \
                        return false;                                                              \
                *out = v;                                                                          \
                return true;                                                                       \
        }

AS_U64(u8, uint8_t)
AS_U64(u16, uint16_t)
AS_U64(u24, uint32_t)
AS_U64(u32, uint32_t)
AS_U64(u64, uint64_t)
AS_U64(u16le, uint16_t)
AS_U64(u32le, uint32_t)
AS_U64(u64le, uint64_t)
AS_U64(u16host, uint16_t)
AS_U64(u32host, uint32_t)
AS_U64(u64host, uint64_t)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST(be, le) le
#else
#define HOST(be, le) be
#endif

static void integers(void **state)
{
        static const uint8_t bytes[] = { 0xf1, 0x02, 0x83, 0x04, 0x95, 0x06, 0xa7, 0x08, 0xff };
        static const struct {
                bool (*read)(struct zc_rd *, uint64_t *);
                size_t width;
                uint64_t value;
        } rows[] = {
                { as_u8, 1, 0xf1 },
                { as_u16, 2, 0xf102 },
                { as_u24, 3, 0xf10283 },
                { as_u32, 4, 0xf1028304 },
                { as_u64, 8, 0xf10283049506a708 },
                { as_u16le, 2, 0x02f1 },
                { as_u32le, 4, 0x048302f1 },
                { as_u64le, 8, 0x08a70695048302f1 },
                { as_u16host, 2, HOST(0xf102, 0x02f1) },
                { as_u32host, 4, HOST(0xf1028304, 0x048302f1) },
                { as_u64host, 8, HOST(0xf10283049506a708, 0x08a70695048302f1) },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                for (size_t n = 0; n <= sizeof(bytes); n++) {
                        uint8_t *exact = n ? memcpy(malloc(n), bytes, n) : NULL;
                        struct zc_rd rd = { exact, n };
                        uint64_t v = 77;
                        bool enough = n >= rows[i].width;

                        assert_int_equal(rows[i].read(&rd, &v), enough);
                        assert_int_equal(v, enough ? rows[i].value : 77);
                        assert_int_equal(rd.n, enough ? n - rows[i].width : n);
                        assert_ptr_equal(rd.p, enough ? exact + rows[i].width : exact);
                        free(exact);
                }
        }
}

static void windows(void **state)
{
        struct zc_rd rd = zc_rd_str("abcdef");
        struct zc_rd out = { 0 };
        char copy[3] = "";

        (void)state;
        assert_false(zc_rd_take(&rd, 7, &out));
        assert_false(zc_rd_take(&rd, SIZE_MAX, &out));
        assert_false(zc_rd_skip(&rd, 7));
        assert_true(zc_rd_is(rd, "abcdef"));
        assert_true(zc_rd_take(&rd, 2, &out));
        assert_true(zc_rd_is(out, "ab"));
        assert_true(zc_rd_copy(&rd, copy, 2));
        assert_string_equal(copy, "cd");
        assert_false(zc_rd_copy(&rd, copy, 3));
        assert_string_equal(copy, "cd");
        assert_true(zc_rd_skip(&rd, 2));
        assert_int_equal(rd.n, 0);
        assert_true(zc_rd_take(&rd, 0, &out) && out.n == 0);
        rd = (struct zc_rd){ NULL, 0 };
        assert_true(zc_rd_take(&rd, 0, &out) && zc_rd_skip(&rd, 0) && zc_rd_copy(&rd, copy, 0));
        assert_true(zc_rd_is(rd, ""));
        assert_true(zc_rd_starts(rd, "", 0));
}

static void vectors(void **state)
{
        static bool (*const read[])(struct zc_rd *, struct zc_rd *) = { zc_rd_vec8, zc_rd_vec16,
                                                                        zc_rd_vec24, zc_rd_vec32 };

        (void)state;
        for (size_t width = 1; width <= ZC_COUNT(read); width++) {
                uint8_t good[8] = { 0 };
                size_t all = width + 3;

                good[width - 1] = 3;
                memcpy(good + width, "xyz", 3);
                for (size_t n = 1; n <= all; n++) {
                        uint8_t *exact = memcpy(malloc(n), good, n);
                        struct zc_rd rd = { exact, n }, out = { 0 };

                        assert_int_equal(read[width - 1](&rd, &out), n == all);
                        assert_int_equal(rd.n, n == all ? 0 : n);
                        assert_true(n != all || zc_rd_is(out, "xyz"));
                        free(exact);
                }
                for (size_t i = 0; i < width; i++) {
                        struct zc_rd rd = { good, all }, out;

                        memset(good, 0xff, width);
                        good[i] = 0;
                        if (width > 1)
                                assert_false(read[width - 1](&rd, &out));
                }
                memset(good, 0xff, width);
                assert_false(read[width - 1](&(struct zc_rd){ good, all }, &(struct zc_rd){ 0 }));
                memset(good, 0, width);
                assert_true(read[width - 1](&(struct zc_rd){ good, width }, &(struct zc_rd){ 0 }));
        }
}

static void lines(void **state)
{
        static const struct {
                const char *in, *line, *rest;
        } rows[] = {
                { "a\r\nb", "a", "b" }, { "a\nb", "a", "b" },     { "\n", "", "" },
                { "\r\n", "", "" },     { "a\r\r\n", "a\r", "" }, { "", NULL, "" },
                { "a", NULL, "a" },     { "a\r", NULL, "a\r" },   { "\n\n", "", "\n" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_rd rd = zc_rd_str(rows[i].in), out = { 0 };

                assert_int_equal(zc_rd_line(&rd, &out), rows[i].line != NULL);
                assert_true(!rows[i].line || zc_rd_is(out, rows[i].line));
                assert_true(zc_rd_is(rd, rows[i].rest));
        }
}

static void until_and_comparisons(void **state)
{
        struct zc_rd rd = zc_rd_str("key: value"), out = { 0 };

        (void)state;
        assert_true(zc_rd_starts(rd, "key", 3));
        assert_false(zc_rd_starts(rd, "kex", 3));
        assert_false(zc_rd_starts(rd, "key: value!", 11));
        assert_false(zc_rd_is(rd, "key"));
        assert_false(zc_rd_until(&rd, '=', &out));
        assert_true(zc_rd_until(&rd, ':', &out));
        assert_true(zc_rd_is(out, "key") && zc_rd_is(rd, " value"));
        rd.n = 0;
        assert_false(zc_rd_until(&rd, ' ', &out));
        assert_false(zc_rd_until(&(struct zc_rd){ NULL, 0 }, ' ', &out));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(integers),
                cmocka_unit_test(windows),
                cmocka_unit_test(vectors),
                cmocka_unit_test(lines),
                cmocka_unit_test(until_and_comparisons),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
