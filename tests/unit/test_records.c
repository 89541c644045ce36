/** Records of the collector: what the parent takes and what it refuses, and how bytes become lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../scanner/run/record_wire.h"
#include "zc/def.h"

static const char *const ids[] = { "os", NULL };
static const struct zc_record_rules rules = { ids, ids };

static const struct {
        const char *line;
        enum zc_record_kind kind;
} good[] = {
        { "{\"host\":{\"os\":{\"id\":\"debian\"},\"probes\":{\"os\":{\"outcome\":\"done\"}}}}",
          ZC_RECORD_HOST },
        { "{\"host\":{}}", ZC_RECORD_HOST },
        { "{\"scan\":{\"asset\":\"a\",\"address\":\"192.0.2.7\",\"transport\":\"tcp\",\"outcome\":"
          "\"done\"}}",
          ZC_RECORD_SCAN },
        { "{\"endpoint\":{\"asset\":\"a\",\"address\":\"::1\",\"port\":65535,\"transport\":\"udp\","
          "\"name\":null}}",
          ZC_RECORD_ENDPOINT },
        { "{\"endpoint\":{\"asset\":\"a\",\"address\":\"::1\",\"port\":1,\"transport\":\"tcp\","
          "\"name\":\"www\"}}",
          ZC_RECORD_ENDPOINT },
        { "{\"problem\":{\"what\":\"w\"}}", ZC_RECORD_PROBLEM },
        { "{\"begin\":{\"target\":0,\"named\":3,\"address\":\"192.0.2.7\"}}", ZC_RECORD_BEGIN },
        { "{\"end\":{\"target\":2,\"named\":0,\"answered\":true}}", ZC_RECORD_END },
};

static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"host\":{}} x",
        "{\"host\":{},\"scan\":{}}",
        "{\"host\":[]}",
        "{\"host\":{\"firewall\":{}}}",
        "{\"host\":{\"listeners\":[]}}",
        "{\"host\":{\"probes\":[]}}",
        "{\"host\":{\"probes\":{\"firewall\":{\"outcome\":\"done\"}}}}",
        "{\"host\":{\"probes\":{\"os\":{}}}}",
        "{\"host\":{\"probes\":{\"os\":null}}}",
        "{\"host\":{\"os\":{},\"os\":{}}}",
        "{\"schema\":\"zerocrit.evidence/1\"}",
        "{\"run\":{}}",
        "{\"finished\":\"2026-11-21T02:14:07Z\"}",
        "{\"scan\":{\"asset\":\"a\",\"address\":\"b\",\"transport\":\"tcp\"}}",
        "{\"scan\":{\"asset\":\"a\",\"address\":\"b\",\"transport\":\"ip\",\"outcome\":\"done\"}}",
        "{\"scan\":{\"asset\":1,\"address\":\"b\",\"transport\":\"tcp\",\"outcome\":\"done\"}}",
        "{\"endpoint\":{\"asset\":\"a\",\"address\":\"b\",\"port\":0,\"transport\":\"tcp\"}}",
        "{\"endpoint\":{\"asset\":\"a\",\"address\":\"b\",\"port\":65536,\"transport\":\"tcp\"}}",
        "{\"endpoint\":{\"asset\":\"a\",\"address\":\"b\",\"port\":-1,\"transport\":\"tcp\"}}",
        "{\"endpoint\":{\"asset\":\"a\",\"address\":\"b\",\"port\":\"1\",\"transport\":\"tcp\"}}",
        /* clang-format off */
        "{\"endpoint\":{\"asset\":\"a\",\"address\":\"b\",\"port\":1,\"transport\":\"tcp\",\"name\":7}}",
        /* clang-format on */
        "{\"problem\":{\"what\":null}}",
        "{\"begin\":{\"target\":-1,\"named\":0,\"address\":\"a\"}}",
        "{\"begin\":{\"target\":0,\"named\":0}}",
        "{\"begin\":{\"target\":0,\"named\":0,\"address\":\"a\",\"more\":1}}",
        "{\"begin\":{\"target\":9223372036854775807,\"named\":0,\"address\":\"a\"}}",
        "{\"end\":{\"target\":0,\"named\":0}}",
        "{\"end\":{\"target\":0,\"named\":0,\"answered\":1}}",
        "{\"end\":{\"target\":0,\"answered\":true,\"x\":0}}",
};

static void test_good(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(good); i++) {
                struct zc_record r;
                struct zc_err err = { 0 };

                if (!zc_record_parse(good[i].line, strlen(good[i].line), &rules, &r, &err))
                        fail_msg("%s: %s", good[i].line, err.text);
                assert_int_equal(r.kind, good[i].kind);
                assert_non_null(r.body);
                zc_record_release(&r);
        }
}

static void test_bad(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(bad); i++) {
                struct zc_record r;
                struct zc_err err = { 0 };

                if (zc_record_parse(bad[i], strlen(bad[i]), &rules, &r, &err))
                        fail_msg("taken: %s", bad[i]);
                assert_int_equal(err.code, ZC_E_MALFORMED);
        }
}

/** Every truncation of every good record is refused, from an exact-size copy; bytes after it too. */
static void test_truncated(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(good); i++) {
                size_t whole = strlen(good[i].line);

                for (size_t n = 1; n < whole; n++) {
                        char *exact = memcpy(malloc(n), good[i].line, n);
                        struct zc_record r;
                        struct zc_err err = { 0 };

                        assert_false(zc_record_parse(exact, n, &rules, &r, &err));
                        free(exact);
                }
        }
}

static void test_members(void **state)
{
        static const char line[] =
                "{\"begin\":{\"target\":4,\"named\":2,\"address\":\"192.0.2.9\"}}";
        static const char ended[] = "{\"end\":{\"target\":4,\"named\":2,\"answered\":false}}";
        struct zc_record r;
        struct zc_err err = { 0 };

        (void)state;
        assert_true(zc_record_parse(line, sizeof line - 1, &rules, &r, &err));
        assert_int_equal(r.target, 4);
        assert_int_equal(r.named, 2);
        assert_string_equal(r.address, "192.0.2.9");
        zc_record_release(&r);
        assert_true(zc_record_parse(ended, sizeof ended - 1, &rules, &r, &err));
        assert_false(r.answered);
        zc_record_release(&r);
}

/** No rules: no host member is the collector's. */
static void test_no_rules(void **state)
{
        static const struct zc_record_rules none = { NULL, NULL };
        struct zc_record r;
        struct zc_err err = { 0 };

        (void)state;
        assert_false(zc_record_parse(good[0].line, strlen(good[0].line), &none, &r, &err));
}

/** Lines come out the same whatever the size of the pieces that go in. */
static void test_lines(void **state)
{
        static const char stream[] = "one\n\ntwo and more\nthree\nrest";
        static const char *const want[] = { "one", "", "two and more", "three" };

        (void)state;
        for (size_t piece = 1; piece <= sizeof stream; piece++) {
                struct zc_lines lines;
                struct zc_err err = { 0 };
                size_t got = 0;

                zc_lines_init(&lines, 64);
                for (size_t at = 0; at < sizeof stream - 1;) {
                        size_t room, len, n = sizeof stream - 1 - at;
                        const char *line;
                        char *to = zc_lines_room(&lines, &room, &err);

                        assert_non_null(to);
                        n = n < piece ? n : piece;
                        memcpy(to, stream + at, n);
                        zc_lines_filled(&lines, n);
                        at += n;
                        while (zc_lines_next(&lines, &line, &len)) {
                                assert_true(got < ZC_COUNT(want));
                                assert_int_equal(len, strlen(want[got]));
                                assert_memory_equal(line, want[got], len);
                                got++;
                        }
                }
                assert_int_equal(got, ZC_COUNT(want));
                assert_int_equal(zc_lines_rest(&lines), 4);
                zc_lines_release(&lines);
        }
}

/** A line without an end is refused once it is longer than may be, and costs no more memory than that. */
static void test_endless_line(void **state)
{
        struct zc_lines lines;
        struct zc_err err = { 0 };
        size_t room, total = 0;
        char *to;

        (void)state;
        zc_lines_init(&lines, 100000);
        while ((to = zc_lines_room(&lines, &room, &err)) != NULL) {
                const char *line;
                size_t len;

                memset(to, 'x', room);
                zc_lines_filled(&lines, room);
                total += room;
                assert_false(zc_lines_next(&lines, &line, &len));
                assert_true(total < 1000000);
        }
        assert_int_equal(err.code, ZC_E_LIMIT);
        zc_lines_release(&lines);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),         cmocka_unit_test(test_bad),
                cmocka_unit_test(test_truncated),    cmocka_unit_test(test_members),
                cmocka_unit_test(test_no_rules),     cmocka_unit_test(test_lines),
                cmocka_unit_test(test_endless_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
