/** PostgreSQL without a login: messages in rows with every truncation, and whole conversations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "zc/pgwire.h"

#define BYTES(text)                                                                                \
        {                                                                                          \
                (const uint8_t *)(text), sizeof(text) - 1                                          \
        }

#define SCRAM "R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"
#define SCRAM_PLUS "R\0\0\0\x2a\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"
#define OK "R\0\0\0\x08\0\0\0\0"
#define READY "Z\0\0\0\x05I"
#define VERSION                                                                                    \
        "S\0\0\0\x19server_version\0"                                                              \
        "15.20\0"
#define NO_ENTRY "E\0\0\0\x28SFATAL\0VFATAL\0C28000\0Mno pg_hba\0Rx\0\0"

static void test_messages(void **state)
{
        static const struct {
                struct zc_rd in;
                enum zc_pg_next next;
                uint8_t type;
                size_t body;
        } rows[] = {
                { BYTES(OK), ZC_PG_MESSAGE, 'R', 4 },
                { BYTES(READY), ZC_PG_MESSAGE, 'Z', 1 },
                { BYTES("S\0\0\0\4"), ZC_PG_MESSAGE, 'S', 0 },
                { BYTES("S\0\0\0\3"), ZC_PG_FOREIGN, 0, 0 },
                { BYTES("S\0\0\0\0"), ZC_PG_FOREIGN, 0, 0 },
                { BYTES("S\xff\xff\xff\xff"), ZC_PG_FOREIGN, 0, 0 },
                { BYTES("S\0\1\0\0"), ZC_PG_MORE, 0, 0 }, /* ZC_PG_MESSAGE_MAX */
                { BYTES("S\0\1\0\1"), ZC_PG_FOREIGN, 0, 0 },
                { BYTES("HTTP/1.1 400"), ZC_PG_FOREIGN, 0, 0 },
                { BYTES("\0\0\0\0\0"), ZC_PG_FOREIGN, 0, 0 },
                { BYTES("T\0\0\0\4"), ZC_PG_FOREIGN, 0,
                  0 }, /* no server says that before a query */
                { BYTES(""), ZC_PG_MORE, 0, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_rd in = rows[i].in;
                struct zc_pg_message m = { 0 };

                if (zc_pg_message_next(&in, &m) != rows[i].next || m.type != rows[i].type ||
                    m.body.n != rows[i].body)
                        fail_msg("row %zu", i);
                assert_int_equal(in.n, rows[i].next == ZC_PG_MESSAGE ? 0 : rows[i].in.n);
        }
}

static void test_truncated(void **state)
{
        static const struct zc_rd whole[] = { BYTES(SCRAM_PLUS), BYTES(NO_ENTRY), BYTES(VERSION) };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(whole); i++) {
                for (size_t n = 0; n < whole[i].n; n++) {
                        uint8_t *exact = memcpy(malloc(n + 1), whole[i].p, n);
                        struct zc_rd in = { exact, n };
                        struct zc_pg_message m;

                        assert_int_equal(zc_pg_message_next(&in, &m), ZC_PG_MORE);
                        free(exact);
                }
        }
}

static bool parses(char type, struct zc_rd body)
{
        struct zc_err err = { 0 };
        struct zc_pg_auth auth;
        struct zc_pg_error e;
        struct zc_rd name, value;

        switch (type) {
        case 'R':
                return zc_pg_auth_parse(body, &auth, &err);
        case 'E':
                return zc_pg_error_parse(body, &e, &err);
        default:
                return zc_pg_status_parse(body, &name, &value, &err);
        }
}

static void test_bodies(void **state)
{
        static const struct {
                char type;
                struct zc_rd body;
                bool good;
        } rows[] = {
                { 'R', BYTES("\0\0\0\0"), true },
                { 'R', BYTES("\0\0\0\5abcd"), true },
                { 'R', BYTES("\0\0\0\5abc"), false },
                { 'R', BYTES("\0\0\0\0x"), false },
                { 'R', BYTES("\0\0\0\x0aSCRAM-SHA-256\0\0"), true },
                { 'R', BYTES("\0\0\0\x0aSCRAM-SHA-256\0"), false },
                { 'R', BYTES("\0\0\0\x0aSCRAM-SHA-256\0\0x"), false },
                { 'R',
                  BYTES("\0\0\0\x0a"
                        "a\0b\0c\0d\0e\0f\0g\0h\0\0"),
                  true },
                { 'R',
                  BYTES("\0\0\0\x0a"
                        "a\0b\0c\0d\0e\0f\0g\0h\0i\0\0"),
                  false },
                { 'R', BYTES("\0\0"), false },
                { 'E', BYTES("C28000\0Mno\0?new\0\0"), true },
                { 'E', BYTES("\0"), true },
                { 'E', BYTES("C28000\0Mno"), false },
                { 'E', BYTES("C28000\0"), false },
                { 'E', BYTES("C28000\0\0x"), false },
                { 'E', BYTES(""), false },
                { 'S', BYTES("a\0b\0"), true },
                { 'S', BYTES("a\0b"), false },
                { 'S', BYTES("a\0b\0c"), false },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++)
                if (parses(rows[i].type, rows[i].body) != rows[i].good)
                        fail_msg("row %zu", i);
}

static void test_startup(void **state)
{
        static const char expected[] =
                "\0\0\0\x4d\0\3\0\0user\0postgres\0database\0db\0replication\0true\0"
                "application_name\0zerocrit\0";
        uint8_t buf[128];
        struct zc_wr w;

        (void)state;
        zc_wr_init(&w, buf, sizeof buf);
        zc_pg_startup_write(&w, "postgres", "db", true);
        assert_false(w.failed);
        assert_int_equal(w.len, sizeof expected);
        assert_int_equal(w.p[3], w.len);
        assert_memory_equal(w.p + 4, expected + 4, sizeof expected - 4);
        zc_wr_init(&w, buf, 40);
        zc_pg_startup_write(&w, "postgres", "db", true);
        assert_true(w.failed);
}

/* ---- conversations ---- */

static const struct {
        const char *name;
        struct zc_rd said;
        enum zc_event end;
        enum zc_pg_answer answer;
        const char *method, *sqlstate, *version;
} talks[] = {
        { "trust", BYTES(OK VERSION READY), ZC_EV_EOF, ZC_PG_READY, NULL, "", "15.20" },
        { "trust, no such database", BYTES(OK NO_ENTRY), ZC_EV_EOF, ZC_PG_OK_ERROR, NULL, "28000",
          "" },
        { "R 0, then nothing", BYTES(OK), ZC_EV_EOF, ZC_PG_OK_ONLY, NULL, "", "" },
        { "R 0, then garbage", BYTES(OK "garbage"), ZC_EV_EOF, ZC_PG_OK_ONLY, NULL, "", "" },
        { "scram", BYTES(SCRAM), ZC_EV_EOF, ZC_PG_ASKED, "scram-sha-256", "", "" },
        { "scram inside TLS", BYTES(SCRAM_PLUS), ZC_EV_EOF, ZC_PG_ASKED, "scram-sha-256", "", "" },
        { "md5", BYTES("R\0\0\0\x0c\0\0\0\5salt"), ZC_EV_EOF, ZC_PG_ASKED, "md5", "", "" },
        { "password", BYTES("R\0\0\0\x08\0\0\0\3"), ZC_EV_EOF, ZC_PG_ASKED, "password", "", "" },
        { "gss", BYTES("R\0\0\0\x08\0\0\0\7"), ZC_EV_EOF, ZC_PG_ASKED, "gss", "", "" },
        { "sspi", BYTES("R\0\0\0\x08\0\0\0\x09"), ZC_EV_EOF, ZC_PG_ASKED, "sspi", "", "" },
        { "oauth", BYTES("R\0\0\0\x15\0\0\0\x0aOAUTHBEARER\0\0"), ZC_EV_EOF, ZC_PG_ASKED, "sasl",
          "", "" },
        { "a new code", BYTES("R\0\0\0\x08\0\0\0\x63"), ZC_EV_EOF, ZC_PG_NO_ANSWER, NULL, "", "" },
        { "no entry", BYTES(NO_ENTRY), ZC_EV_EOF, ZC_PG_ERROR, NULL, "28000", "" },
        { "ready without R 0", BYTES(READY), ZC_EV_EOF, ZC_PG_NOT_PG, NULL, "", "" },
        { "HTTP", BYTES("HTTP/1.1 400 Bad Request\r\n"), ZC_EV_EOF, ZC_PG_NOT_PG, NULL, "", "" },
        { "closed", BYTES(""), ZC_EV_EOF, ZC_PG_NO_ANSWER, NULL, "", "" },
        { "silent", BYTES(""), ZC_EV_TIMEOUT, ZC_PG_NO_ANSWER, NULL, "", "" },
        { "reset", BYTES("R\0\0"), ZC_EV_RESET, ZC_PG_NO_ANSWER, NULL, "", "" },
};

/** All at once, or byte by byte: the same. */
static void talk(size_t row, size_t piece, struct zc_pg_ask *a)
{
        struct zc_rd said = talks[row].said, in = { said.p, 0 };
        uint8_t out[256];
        struct zc_wr w;
        enum zc_step step;
        size_t fed = 0;

        zc_wr_init(&w, out, sizeof out);
        step = zc_pg_ask_step(a, ZC_EV_CONNECTED, &in, &w);
        assert_int_equal(step, ZC_STEP_SEND);
        while (fed < said.n && step != ZC_STEP_DONE) {
                size_t n = said.n - fed < piece ? said.n - fed : piece;

                in.n += n;
                fed += n;
                zc_wr_init(&w, out, sizeof out);
                step = zc_pg_ask_step(a, ZC_EV_DATA, &in, &w);
                if (step == ZC_STEP_SEND) { /* Terminate */
                        assert_true(w.len == 5 && out[0] == 'X');
                        step = zc_pg_ask_step(a, ZC_EV_SENT, &in, &w);
                }
        }
        if (step != ZC_STEP_DONE)
                assert_int_equal(zc_pg_ask_step(a, talks[row].end, &in, &w), ZC_STEP_DONE);
}

static void test_talks(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(talks); i++) {
                for (size_t piece = 1; piece <= 64; piece *= 8) {
                        struct zc_pg_ask a = { .user = "u", .database = "d" };
                        const char *method;

                        talk(i, piece, &a);
                        method = a.answer == ZC_PG_ASKED ? zc_pg_method_name(a.auth, a.mechanisms)
                                                         : NULL;
                        if (a.answer != talks[i].answer ||
                            (method != NULL) != (talks[i].method != NULL) ||
                            (method && strcmp(method, talks[i].method) != 0) ||
                            strcmp(a.sqlstate, talks[i].sqlstate) != 0 ||
                            strcmp(a.server_version, talks[i].version) != 0)
                                fail_msg("%s, pieces of %zu: %d %s %s %s", talks[i].name, piece,
                                         a.answer, a.sqlstate, a.server_version, a.why);
                        if (a.answer == ZC_PG_NO_ANSWER)
                                assert_string_not_equal(a.why, "");
                        assert_non_null(strstr(a.sent, "user=u database=d"));
                }
        }
}

/** What a peer says is kept as text, however much it is. */
static void test_escaped(void **state)
{
        struct zc_pg_ask a = { .user = "u", .database = "d" };
        static const uint8_t said[] = "E\0\0\0\x17"
                                      "C2\x1b[m8\0M\xff\x07"
                                      "bell\0Rx\0\0";
        struct zc_rd in = { said, sizeof said - 1 };
        uint8_t out[64];
        struct zc_wr w;

        (void)state;
        zc_wr_init(&w, out, sizeof out);
        assert_int_equal(zc_pg_ask_step(&a, ZC_EV_DATA, &in, &w), ZC_STEP_DONE);
        assert_string_equal(a.message, "\\xFF\\u{7}bell");
        assert_null(strchr(a.sqlstate, '\x1b'));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_messages), cmocka_unit_test(test_truncated),
                cmocka_unit_test(test_bodies),   cmocka_unit_test(test_startup),
                cmocka_unit_test(test_talks),    cmocka_unit_test(test_escaped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
