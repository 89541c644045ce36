/** Which service says such things: greetings and answers in rows, each cut at every byte; and the talk that hears them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "../../scanner/proto/identify/question.h"
#include "../../scanner/proto/identify/talk.h"
#include "zc/file.h"

#define ROW(bytes) (bytes), sizeof(bytes) - 1

static const struct {
        const char *bytes;
        size_t n;
        enum zc_asked asked;
        const char *service; /* NULL: not told */
} rows[] = {
        { ROW("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"), ZC_ASKED_NOTHING, "ssh" },
        { ROW("SSH-1.99-Cisco-1.25\n"), ZC_ASKED_NOTHING, "ssh" },
        { ROW("SSH-2.0-x\r\n"), ZC_ASKED_TLS, "ssh" }, /* a greeting that came late */
        { ROW("SSH-3"), ZC_ASKED_NOTHING, NULL },
        { ROW("HTTP/1.1 200 OK\r\n\r\n"), ZC_ASKED_HTTP, "http" },
        { ROW("HTTP/1.1 400 Bad Request\r\n"), ZC_ASKED_TLS, "http" },
        { ROW("HTTP/1.0 400"), ZC_ASKED_PING, "http" },
        { ROW("HTTPS"), ZC_ASKED_HTTP, NULL },
        { ROW("220 mail.example ESMTP Postfix\r\n"), ZC_ASKED_NOTHING, "smtp" },
        { ROW("220-mail.example ESMTP\r\n220 x\r\n"), ZC_ASKED_PG, "smtp" },
        { ROW("220 ProFTPD Server ready.\r\n"), ZC_ASKED_NOTHING, "ftp" },
        { ROW("220 (vsFTPd 3.0.3)\r\n"), ZC_ASKED_NOTHING, "ftp" },
        { ROW("220 ready\r\n"), ZC_ASKED_NOTHING, NULL }, /* either of two */
        { ROW("220 ready\r\nFTP"), ZC_ASKED_NOTHING, NULL },
        { ROW("+OK Dovecot ready.\r\n"), ZC_ASKED_NOTHING, "pop3" },
        { ROW("+OK\r\n"), ZC_ASKED_PING, NULL },
        { ROW("* OK [CAPABILITY IMAP4rev1] ready.\r\n"), ZC_ASKED_NOTHING, "imap" },
        { ROW("RFB 003.008\n"), ZC_ASKED_NOTHING, "vnc" },
        { ROW("@RSYNCD: 31.0\n"), ZC_ASKED_NOTHING, "rsync" },
        { ROW("AMQP\x00\x00\x09\x01"), ZC_ASKED_TLS, "amqp" },
        { ROW("-DENIED Redis is running in protected mode because\r\n"), ZC_ASKED_NOTHING,
          "redis" },
        { ROW("+PONG\r\n"), ZC_ASKED_PING, "redis" },
        { ROW("+PONG\r\n"), ZC_ASKED_NOTHING, NULL },
        { ROW("-NOAUTH Authentication required.\r\n"), ZC_ASKED_PING, "redis" },
        { ROW("-ERR unknown command\r\n"), ZC_ASKED_PING, NULL }, /* others speak so, too */
        { ROW("S"), ZC_ASKED_PG, "postgresql" },
        { ROW("N"), ZC_ASKED_PG, "postgresql" },
        { ROW("N"), ZC_ASKED_PING, NULL },
        { ROW("No\r\n"), ZC_ASKED_PG, NULL },
        { ROW("E\0\0\0\x1dSFATAL\0C53300\0Mtoo many\0\0"), ZC_ASKED_PG, "postgresql" },
        { ROW("E\0\0\0\x17SFATAL\0C5\0Mtoo many\0\0"), ZC_ASKED_PG, NULL },
        { ROW("Error\r\n"), ZC_ASKED_PG, NULL },
        { ROW("J\0\0\0\x0a"
              "8.0.36\0\x08\0\0\0"),
          ZC_ASKED_NOTHING, "mysql" },
        { ROW("E\0\0\0\xff\x6a\x04Host is not allowed"), ZC_ASKED_NOTHING, "mysql" },
        { ROW("J\0\0\0\x0a\0\0\0\0"), ZC_ASKED_NOTHING, NULL },
        { ROW("J\0\0\0\x09"
              "3.21\0"),
          ZC_ASKED_NOTHING, NULL },
        { ROW("\xff\xfd\x18\xff\xfd\x20"), ZC_ASKED_NOTHING, "telnet" },
        { ROW("\xff\xff\xff"), ZC_ASKED_NOTHING, NULL },
        { ROW("\x15\x03\x01\0\2\2\x28"), ZC_ASKED_TLS, NULL },
        { ROW(""), ZC_ASKED_NOTHING, NULL },
        { ROW("VERSION 1.6.18\r\n"), ZC_ASKED_MEMCACHED, "memcached" },
        { ROW("VERSION 1.6.18\r\n"), ZC_ASKED_PING, NULL },
        { ROW("ERROR\r\nERROR\r\nERROR\r\n"), ZC_ASKED_PING, "memcached" },
        { ROW("ERROR\r\n"), ZC_ASKED_PING, NULL }, /* others speak so, too */
        { ROW("\x20\2\0\0"), ZC_ASKED_MQTT, "mqtt" },
        { ROW("\x20\2\0\6"), ZC_ASKED_MQTT, NULL }, /* there is no such answer */
        { ROW("\0\0\x11\x11"), ZC_ASKED_EPMD, "epmd" },
        { ROW("\0\0\x11\x12"), ZC_ASKED_EPMD, NULL },
        { ROW("AB\0\1\x09"), ZC_ASKED_AJP, "ajp" },
        { ROW("\0\0\4\4"), ZC_ASKED_BOLT, "bolt" },
        { ROW("\0\0\4\4more"), ZC_ASKED_BOLT, NULL },
        { ROW("\0\0\0\0"), ZC_ASKED_BOLT, NULL }, /* none of ours */
        { ROW("\0\0\0\x0a"
              "zcri\0\0\0\0\0\0"),
          ZC_ASKED_KAFKA, "kafka" },
        { ROW("\0\0\0\x0a"
              "zcrj\0\0\0\0\0\0"),
          ZC_ASKED_KAFKA, NULL }, /* it answers somebody else */
        { ROW("\0\x0c\x7a\x63\x80\5\0\0\0\0\0\0\0\0"), ZC_ASKED_DNS, "domain" },
        { ROW("\0\x0c\x7a\x64\x80\5\0\0\0\0\0\0\0\0"), ZC_ASKED_DNS, NULL },
        { ROW("\0\0\x06\4\0\0\0\0\0\0\5\0\0@\0"), ZC_ASKED_HTTP, "h2c" },
        { ROW("\0\0\x05\4\0\0\0\0\0\0\5\0\0@"), ZC_ASKED_HTTP, NULL },
};

static void test_bytes(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_rd in = { (const uint8_t *)rows[i].bytes, rows[i].n };
                const char *name = NULL;
                enum zc_told t = zc_identify_bytes(in, rows[i].asked, true, &name);

                if (t != (rows[i].service ? ZC_TOLD_SERVICE : ZC_TOLD_NOTHING) ||
                    (name && (!rows[i].service || strcmp(name, rows[i].service) != 0)))
                        fail_msg("row %zu, %s: told %s", i, rows[i].bytes, name ? name : "nothing");
        }
}

/** A beginning says "more" or the same; never "nothing", and never something else. */
static void test_beginnings(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                for (size_t n = 0; rows[i].service && n < rows[i].n; n++) {
                        uint8_t *exact = memcpy(malloc(n + 1), rows[i].bytes, n);
                        const char *name = NULL;
                        enum zc_told t = zc_identify_bytes((struct zc_rd){ exact, n },
                                                           rows[i].asked, false, &name);

                        if (t == ZC_TOLD_NOTHING ||
                            (t == ZC_TOLD_SERVICE && strcmp(name, rows[i].service) != 0))
                                fail_msg("row %zu, %zu bytes: told %d %s", i, n, t,
                                         name ? name : "");
                        free(exact);
                }
        }
}

/* ---- what it says of itself ---- */

static const struct {
        const char *bytes;
        size_t n;
        enum zc_asked asked;
        const char *service, *product, *version;
        enum zc_access access;
} details[] = {
        { ROW("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), ZC_ASKED_NOTHING, "ssh", "OpenSSH", "9.2p1",
          0 },
        { ROW("SSH-2.0-own_1\x1b[0m\r\n"), ZC_ASKED_NOTHING, "ssh", "own_1\\u{1b}[0m", "", 0 },
        { ROW("220 (vsFTPd 3.0.3)\r\n"), ZC_ASKED_TLS, "ftp", "vsFTPd", "3.0.3", 0 },
        { ROW("220 (vsFTPd)\r\n3.0.3"), ZC_ASKED_TLS, "ftp", "vsFTPd", "", 0 },
        { ROW("HTTP/1.1 200 OK\r\nServer: nginx/1.22.1 (x)\r\n\r\n"), ZC_ASKED_HTTP, "http",
          "nginx", "1.22.1", 0 },
        { ROW("HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nX-Jenk"), ZC_ASKED_HTTP, "http", "nginx",
          "1.22.1", 0 },
        { ROW("HTTP/1.1 200 OK\r\nServer: x\r\nX-Jenkins: 2.4\r\n\r\n"), ZC_ASKED_PING, "http",
          "Jenkins", "2.4", 0 },
        { ROW("HTTP/1.1 200 OK\r\n\r\n{\"version\" : {\"number\" : \"8.7\"},\"tagline\":\"You "
              "Know, for Search\"}"),
          ZC_ASKED_HTTP, "http", "Elasticsearch", "8.7", 0 },
        { ROW("\x20\2\0\5"), ZC_ASKED_MQTT, "mqtt", "", "", ZC_ACCESS_REFUSED },
        { ROW("\x20\2\0\2"), ZC_ASKED_MQTT, "mqtt", "", "", ZC_ACCESS_UNKNOWN },
        { ROW("\0\x16\x0b\0\0\0\6\0No protocol specified\n"), ZC_ASKED_X11, "x11", "", "",
          ZC_ACCESS_REFUSED },
        { ROW("\1\0\x0b\0\0\0"), ZC_ASKED_X11, "x11", "", "", ZC_ACCESS_OPEN },
};

static void test_details(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(details); i++) {
                struct zc_rd in = { (const uint8_t *)details[i].bytes, details[i].n };
                struct zc_said said;

                zc_identify_detail(in, details[i].asked, details[i].service, &said);
                assert_string_equal(said.product, details[i].product);
                assert_string_equal(said.version, details[i].version);
                assert_int_equal(said.access, details[i].access);
        }
}

/** Each kept answer, cut at every byte, from a copy of that very size: what is told of a part is told of the whole, or is undecided. */
static void cut_everywhere(const char *path)
{
        ZC_AUTO_MEM char *bytes = NULL;
        size_t len;
        struct zc_err err = { 0 };

        assert_true(zc_file_read(path, (size_t)64 << 10, &bytes, &len, &err));
        for (size_t n = 1; n < len; n++) {
                uint8_t *exact = memcpy(malloc(n), bytes + 1, n);
                enum zc_asked asked = (uint8_t)bytes[0] % ZC_ASKED_COUNT;
                const char *name = NULL;
                struct zc_said said;

                (void)zc_identify_bytes((struct zc_rd){ exact, n }, asked, true, &name);
                if (name)
                        zc_identify_detail((struct zc_rd){ exact, n }, asked, name, &said);
                (void)zc_identify_wants((struct zc_rd){ exact, n }, asked, name ? name : "http");
                free(exact);
        }
}

static void test_cut_answers(void **state)
{
        glob_t found;

        (void)state;
        assert_int_equal(glob("tests/corpus/identify/*", 0, NULL, &found), 0);
        assert_true(found.gl_pathc > 60);
        for (size_t i = 0; i < found.gl_pathc; i++)
                cut_everywhere(found.gl_pathv[i]);
        globfree(&found);
}

/** Every question has a name, says what it sends, and writes it; what answers it is read. */
static void test_questions(void **state)
{
        (void)state;
        for (int i = 0; i < ZC_ASKED_COUNT; i++) {
                const struct question_row *q = &question_rows[i];
                uint8_t out[1024];
                struct zc_wr w;

                assert_non_null(q->name);
                assert_non_null(q->sent);
                assert_true(!q->write == !q->read && !q->write == !q->service);
                if (!q->write)
                        continue;
                zc_wr_init(&w, out, sizeof out);
                q->write(&w);
                assert_true(!w.failed && w.len > 0);
        }
}

/* ---- a talk ---- */

static enum zc_step step(struct talk *t, enum zc_event ev, const char *bytes, uint8_t out[256],
                         size_t *sent)
{
        struct zc_rd in = zc_rd_str(bytes);
        struct zc_wr w;
        enum zc_step s;

        zc_wr_init(&w, out, 256);
        s = talk_step(t, ev, &in, &w);
        *sent = w.len;
        return s;
}

static void test_talk(void **state)
{
        struct talk t = { .question = ZC_ASKED_PING, .wait = 2, .patience = 2 };
        uint8_t out[256];
        size_t n;

        (void)state;
        assert_int_equal(step(&t, ZC_EV_CONNECTED, "", out, &n), ZC_STEP_MORE);
        assert_int_equal(step(&t, ZC_EV_TIMEOUT, "", out, &n), ZC_STEP_MORE);
        assert_int_equal(step(&t, ZC_EV_TIMEOUT, "", out, &n), ZC_STEP_SEND);
        assert_true(t.asked && n == 14 && memcmp(out, "*1\r\n$4\r\nPING\r\n", 14) == 0);
        assert_int_equal(step(&t, ZC_EV_SENT, "", out, &n), ZC_STEP_MORE);
        assert_int_equal(step(&t, ZC_EV_DATA, "+PO", out, &n), ZC_STEP_MORE);
        assert_int_equal(step(&t, ZC_EV_DATA, "+PONG\r\n", out, &n), ZC_STEP_DONE);
        assert_string_equal(t.service, "redis");
        assert_int_equal(t.got_n, 7);
}

static void test_talk_silence(void **state)
{
        struct talk t = { .question = ZC_ASKED_HTTP, .patience = 2, .host = "www.example" };
        uint8_t out[256];
        size_t n;

        (void)state;
        assert_int_equal(step(&t, ZC_EV_CONNECTED, "", out, &n), ZC_STEP_SEND);
        assert_non_null(memmem(out, n, "\r\nHost: www.example\r\n", 21));
        assert_int_equal(step(&t, ZC_EV_SENT, "", out, &n), ZC_STEP_MORE);
        assert_int_equal(step(&t, ZC_EV_TIMEOUT, "", out, &n), ZC_STEP_MORE);
        assert_int_equal(step(&t, ZC_EV_TIMEOUT, "", out, &n), ZC_STEP_DONE);
        assert_null(t.service);
        assert_true(talk_go_on(&t));
}

/** Unasked words are heard out to the end of their line, then nothing is asked. */
static void test_talk_greeting(void **state)
{
        struct talk t = { .question = ZC_ASKED_NOTHING, .wait = 2 };
        uint8_t out[256];
        size_t n;

        (void)state;
        assert_int_equal(step(&t, ZC_EV_CONNECTED, "", out, &n), ZC_STEP_MORE);
        assert_int_equal(step(&t, ZC_EV_DATA, "SSH-2.0-Open", out, &n), ZC_STEP_MORE);
        assert_int_equal(step(&t, ZC_EV_DATA, "SSH-2.0-OpenSSH\r\n", out, &n), ZC_STEP_DONE);
        assert_string_equal(t.service, "ssh");
        assert_false(talk_go_on(&t));
        t = (struct talk){ .question = ZC_ASKED_NOTHING, .wait = 1 };
        assert_int_equal(step(&t, ZC_EV_TIMEOUT, "", out, &n), ZC_STEP_DONE);
        assert_true(talk_go_on(&t));
        t = (struct talk){ .question = ZC_ASKED_NOTHING, .wait = 1 };
        assert_int_equal(step(&t, ZC_EV_EOF, "", out, &n), ZC_STEP_DONE);
        assert_false(talk_go_on(&t));
}

/** HTTP is not said to what answered PING beside it. */
static void test_talk_unless(void **state)
{
        struct talk ping = { .question = ZC_ASKED_PING, .got_n = 7 };
        struct talk t = { .question = ZC_ASKED_HTTP, .wait = 1, .unless = &ping };
        uint8_t out[256];
        size_t n;

        (void)state;
        assert_int_equal(step(&t, ZC_EV_TIMEOUT, "", out, &n), ZC_STEP_DONE);
        assert_true(n == 0 && !t.asked);
        ping.got_n = 0;
        assert_int_equal(step(&t, ZC_EV_TIMEOUT, "", out, &n), ZC_STEP_SEND);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bytes),        cmocka_unit_test(test_beginnings),
                cmocka_unit_test(test_details),      cmocka_unit_test(test_cut_answers),
                cmocka_unit_test(test_questions),    cmocka_unit_test(test_talk),
                cmocka_unit_test(test_talk_silence), cmocka_unit_test(test_talk_greeting),
                cmocka_unit_test(test_talk_unless),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
