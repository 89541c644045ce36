/** RESP: values in rows with every truncation, limits, what HELLO and INFO tell, and whole conversations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zc/resp.h"

static const struct {
        const char *bytes;
        enum zc_resp_next next;
        enum zc_resp_kind kind;
        const char *text;
        int64_t integer;
        uint64_t items;
} heads[] = {
        { "+PONG\r\n", ZC_RESP_VALUE, ZC_RESP_STRING, "PONG", 0, 0 },
        { "-ERR x\r\n", ZC_RESP_VALUE, ZC_RESP_ERROR, "ERR x", 0, 0 },
        { ":-12\r\n", ZC_RESP_VALUE, ZC_RESP_INTEGER, "", -12, 0 },
        { ":+12\r\n", ZC_RESP_VALUE, ZC_RESP_INTEGER, "", 12, 0 },
        { ":9223372036854775807\r\n", ZC_RESP_VALUE, ZC_RESP_INTEGER, "", INT64_MAX, 0 },
        { ":9223372036854775808\r\n", ZC_RESP_FOREIGN, 0, "", 0, 0 },
        { ":\r\n", ZC_RESP_FOREIGN, 0, "", 0, 0 },
        { "$3\r\nabc\r\n", ZC_RESP_VALUE, ZC_RESP_STRING, "abc", 0, 0 },
        { "$0\r\n\r\n", ZC_RESP_VALUE, ZC_RESP_STRING, "", 0, 0 },
        { "$-1\r\n", ZC_RESP_VALUE, ZC_RESP_NULL, "", 0, 0 },
        { "$3\r\nabcd\r\n", ZC_RESP_FOREIGN, 0, "", 0, 0 },
        { "$3\r\nabc\rx", ZC_RESP_FOREIGN, 0, "", 0, 0 },
        { "$262145\r\n", ZC_RESP_FOREIGN, 0, "", 0, 0 },
        { "$18446744073709551616\r\n", ZC_RESP_FOREIGN, 0, "", 0, 0 },
        { "$-2\r\n", ZC_RESP_FOREIGN, 0, "", 0, 0 },
        { "*2\r\n", ZC_RESP_VALUE, ZC_RESP_LIST, "", 0, 2 },
        { "*-1\r\n", ZC_RESP_VALUE, ZC_RESP_NULL, "", 0, 0 },
        { "*1024\r\n", ZC_RESP_VALUE, ZC_RESP_LIST, "", 0, 1024 },
        { "*1025\r\n", ZC_RESP_FOREIGN, 0, "", 0, 0 },
        { "%7\r\n", ZC_RESP_VALUE, ZC_RESP_MAP, "", 0, 14 },
        { "~1\r\n", ZC_RESP_VALUE, ZC_RESP_LIST, "", 0, 1 },
        { ">1\r\n", ZC_RESP_VALUE, ZC_RESP_LIST, "", 0, 1 },
        { "_\r\n", ZC_RESP_VALUE, ZC_RESP_NULL, "", 0, 0 },
        { "_x\r\n", ZC_RESP_FOREIGN, 0, "", 0, 0 },
        { "#t\r\n", ZC_RESP_VALUE, ZC_RESP_STRING, "t", 0, 0 },
        { "!5\r\nERR x\r\n", ZC_RESP_VALUE, ZC_RESP_ERROR, "ERR x", 0, 0 },
        { "=5\r\ntxt:a\r\n", ZC_RESP_VALUE, ZC_RESP_STRING, "txt:a", 0, 0 },
        { "+PONG\n", ZC_RESP_FOREIGN, 0, "", 0, 0 },
        { "+PO\rNG\r\n", ZC_RESP_FOREIGN, 0, "", 0, 0 },
        { "HTTP/1.1 400 Bad Request\r\n", ZC_RESP_FOREIGN, 0, "", 0, 0 },
        { "SSH-2.0-x\r\n", ZC_RESP_FOREIGN, 0, "", 0, 0 },
        { "", ZC_RESP_MORE, 0, "", 0, 0 },
};

static void test_heads(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(heads); i++) {
                struct zc_rd in = zc_rd_str(heads[i].bytes);
                struct zc_resp r = { 0 };
                enum zc_resp_next next = zc_resp_next(&in, &r);

                if (next != heads[i].next || r.kind != heads[i].kind ||
                    r.integer != heads[i].integer || r.items != heads[i].items ||
                    (next == ZC_RESP_VALUE && !zc_rd_is(r.text, heads[i].text)))
                        fail_msg("row %zu: %s", i, heads[i].bytes);
                assert_int_equal(in.n, next == ZC_RESP_VALUE ? 0 : strlen(heads[i].bytes));
        }
}

static void test_truncated(void **state)
{
        static const char *const whole[] = { "+PONG\r\n", "$3\r\nabc\r\n", ":12\r\n",
                                             "*2\r\n$1\r\na\r\n%1\r\n+k\r\n*1\r\n_\r\n",
                                             "!5\r\nERR x\r\n" };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(whole); i++) {
                size_t size = strlen(whole[i]);

                for (size_t n = 0; n <= size; n++) {
                        uint8_t *exact = memcpy(malloc(n + 1), whole[i], n);
                        struct zc_rd in = { exact, n }, value;

                        assert_int_equal(zc_resp_whole(&in, &value),
                                         n < size ? ZC_RESP_MORE : ZC_RESP_VALUE);
                        assert_int_equal(in.n, n < size ? n : 0);
                        free(exact);
                }
        }
}

static void test_limits(void **state)
{
        static char big[ZC_RESP_LINE_MAX + 8];
        char deep[128] = "";
        struct zc_rd in = { (const uint8_t *)big, sizeof big }, value;
        struct zc_resp r;

        (void)state;
        memset(big, 'x', sizeof big);
        big[0] = '+';
        assert_int_equal(zc_resp_next(&in, &r), ZC_RESP_FOREIGN);
        for (unsigned i = 0; i < ZC_RESP_DEPTH_MAX; i++)
                snprintf(deep + strlen(deep), sizeof deep - strlen(deep), "*1\r\n");
        in = zc_rd_str(deep);
        assert_int_equal(zc_resp_whole(&in, &value), ZC_RESP_MORE);
        snprintf(deep + strlen(deep), sizeof deep - strlen(deep), "*1\r\n");
        in = zc_rd_str(deep);
        assert_int_equal(zc_resp_whole(&in, &value), ZC_RESP_FOREIGN);
}

static void test_pairs(void **state)
{
        struct zc_rd list =
                zc_rd_str("*6\r\n+a\r\n*1\r\n:1\r\n+version\r\n$1\r\n7\r\n+n\r\n:4\r\n");
        struct zc_rd map = zc_rd_str("%2\r\n:1\r\n+x\r\n+version\r\n+8\r\n");
        struct zc_rd info = zc_rd_str("# Server\r\nredis_version:7.0.15\r\nlast:x"), text;

        (void)state;
        assert_true(zc_resp_pair(list, "version", &text) && zc_rd_is(text, "7"));
        assert_false(zc_resp_pair(list, "n", &text)); /* a number is no text */
        assert_false(zc_resp_pair(list, "z", &text));
        assert_true(zc_resp_pair(map, "version", &text) && zc_rd_is(text, "8"));
        assert_false(zc_resp_pair(zc_rd_str("*3\r\n+a\r\n+b\r\n+a\r\n"), "c", &text));
        assert_false(zc_resp_pair(zc_rd_str("*2\r\n+a\r\n"), "a", &text));
        assert_true(zc_resp_info(info, "redis_version", &text) && zc_rd_is(text, "7.0.15"));
        assert_true(zc_resp_info(info, "last", &text) && zc_rd_is(text, "x"));
        assert_false(zc_resp_info(info, "redis", &text));
}

/* ---- conversations: the server's answers, one string each ---- */

#define HELLO "%3\r\n+version\r\n+7.0.15\r\n+mode\r\n+standalone\r\n+role\r\n+master\r\n"

static const struct {
        const char *name;
        const char *answers[4];
        bool config;
        enum zc_event end;
        enum zc_resp_answer ping, hello, info;
        const char *version, *fork, *mode, *protected_mode;
} talks[] = {
        { "open",
          { "+PONG\r\n", HELLO, "$45\r\nredis_version:7.0.15\r\nredis_build_id:abc123\r\n\r\n" },
          false,
          ZC_EV_EOF,
          ZC_RESP_RUNS,
          ZC_RESP_RUNS,
          ZC_RESP_RUNS,
          "7.0.15",
          "redis",
          "standalone",
          "" },
        { "valkey",
          { "+PONG\r\n", HELLO, "$43\r\nredis_version:7.2.4\r\nvalkey_version:8.0.1\r\n\r\n" },
          false,
          ZC_EV_EOF,
          ZC_RESP_RUNS,
          ZC_RESP_RUNS,
          ZC_RESP_RUNS,
          "8.0.1",
          "valkey",
          "standalone",
          "" },
        { "loopback",
          { "+PONG\r\n", HELLO, "$20\r\nredis_version:7.0.15\r\n",
            "*2\r\n$14\r\nprotected-mode\r\n$2\r\nno\r\n" },
          true,
          ZC_EV_EOF,
          ZC_RESP_RUNS,
          ZC_RESP_RUNS,
          ZC_RESP_RUNS,
          "7.0.15",
          "unknown",
          "standalone",
          "no" },
        { "old, without HELLO",
          { "+PONG\r\n", "-ERR unknown command 'HELLO'\r\n", "$20\r\nredis_version:4.0.9\n\r\n" },
          false,
          ZC_EV_EOF,
          ZC_RESP_RUNS,
          ZC_RESP_UNKNOWN_COMMAND,
          ZC_RESP_RUNS,
          "4.0.9",
          "unknown",
          "",
          "" },
        { "password",
          { "-NOAUTH Authentication required.\r\n" },
          false,
          ZC_EV_EOF,
          ZC_RESP_NOAUTH,
          ZC_RESP_NOT_ASKED,
          ZC_RESP_NOT_ASKED,
          "",
          NULL,
          "",
          "" },
        { "protected mode",
          { "-DENIED Redis is running in protected mode\r\n" },
          false,
          ZC_EV_EOF,
          ZC_RESP_DENIED,
          ZC_RESP_NOT_ASKED,
          ZC_RESP_NOT_ASKED,
          "",
          NULL,
          "",
          "" },
        { "limited",
          { "+PONG\r\n", "-NOPERM x\r\n", "-NOPERM y\r\n" },
          false,
          ZC_EV_EOF,
          ZC_RESP_RUNS,
          ZC_RESP_NOPERM,
          ZC_RESP_NOPERM,
          "",
          NULL,
          "",
          "" },
        { "loading",
          { "-LOADING Redis is loading the dataset in memory\r\n" },
          false,
          ZC_EV_EOF,
          ZC_RESP_OTHER,
          ZC_RESP_NOT_ASKED,
          ZC_RESP_NOT_ASKED,
          "",
          NULL,
          "",
          "" },
        { "no Redis",
          { "HTTP/1.1 400 Bad Request\r\n" },
          false,
          ZC_EV_EOF,
          ZC_RESP_NOT_RESP,
          ZC_RESP_NOT_ASKED,
          ZC_RESP_NOT_ASKED,
          "",
          NULL,
          "",
          "" },
        { "an echo",
          { "*1\r\n$4\r\nPING\r\n" },
          false,
          ZC_EV_EOF,
          ZC_RESP_NOT_RESP,
          ZC_RESP_NOT_ASKED,
          ZC_RESP_NOT_ASKED,
          "",
          NULL,
          "",
          "" },
        { "cut",
          { "+PONG\r\n", HELLO, "$42\r\nredis_ver" },
          false,
          ZC_EV_EOF,
          ZC_RESP_RUNS,
          ZC_RESP_RUNS,
          ZC_RESP_NO_ANSWER,
          "7.0.15",
          NULL,
          "standalone",
          "" },
        { "reset",
          { NULL },
          false,
          ZC_EV_RESET,
          ZC_RESP_NO_ANSWER,
          ZC_RESP_NOT_ASKED,
          ZC_RESP_NOT_ASKED,
          "",
          NULL,
          "",
          "" },
};

static enum zc_step hear(struct zc_resp_ask *a, enum zc_event ev, const char *bytes)
{
        uint8_t out[256];
        struct zc_rd in = zc_rd_str(bytes);
        struct zc_wr w;

        zc_wr_init(&w, out, sizeof out);
        return zc_resp_ask_step(a, ev, &in, &w);
}

static void test_talks(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(talks); i++) {
                struct zc_resp_ask a = { .patience = 1, .config = talks[i].config };
                enum zc_step step = hear(&a, ZC_EV_CONNECTED, "");

                for (size_t k = 0; k < 4 && talks[i].answers[k] && step == ZC_STEP_SEND; k++)
                        step = hear(&a, k % 2 ? ZC_EV_DATA : ZC_EV_SENT, talks[i].answers[k]);
                if (step != ZC_STEP_DONE)
                        assert_int_equal(hear(&a, talks[i].end, ""), ZC_STEP_DONE);
                if (a.answers[ZC_RESP_PING] != talks[i].ping ||
                    a.answers[ZC_RESP_HELLO] != talks[i].hello ||
                    a.answers[ZC_RESP_INFO] != talks[i].info ||
                    strcmp(a.version, talks[i].version) != 0 ||
                    strcmp(a.fork ? a.fork : "", talks[i].fork ? talks[i].fork : "") != 0 ||
                    strcmp(a.mode, talks[i].mode) != 0 ||
                    strcmp(a.protected_mode, talks[i].protected_mode) != 0)
                        fail_msg("%s: %d %d %d %s %s", talks[i].name, a.answers[0], a.answers[1],
                                 a.answers[2], a.version, a.why);
        }
}

/** Protected mode speaks first: it is listened for before PING. */
static void test_waits(void **state)
{
        struct zc_resp_ask a = { .wait = 2, .patience = 2 };

        (void)state;
        assert_int_equal(hear(&a, ZC_EV_CONNECTED, ""), ZC_STEP_MORE);
        assert_int_equal(hear(&a, ZC_EV_TIMEOUT, ""), ZC_STEP_MORE);
        assert_int_equal(hear(&a, ZC_EV_TIMEOUT, ""), ZC_STEP_SEND);
        assert_int_equal(hear(&a, ZC_EV_TIMEOUT, ""), ZC_STEP_MORE);
        assert_int_equal(hear(&a, ZC_EV_TIMEOUT, ""), ZC_STEP_DONE);
        assert_string_equal(a.why, "silent without an answer to PING");
        a = (struct zc_resp_ask){ .wait = 2, .patience = 2 };
        assert_int_equal(hear(&a, ZC_EV_DATA, "-DENIED x\r\n"), ZC_STEP_DONE);
        assert_string_equal(a.sent, "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_heads),  cmocka_unit_test(test_truncated),
                cmocka_unit_test(test_limits), cmocka_unit_test(test_pairs),
                cmocka_unit_test(test_talks),  cmocka_unit_test(test_waits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
