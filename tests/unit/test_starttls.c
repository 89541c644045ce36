/** Preambles in front of TLS: replies in rows, truncations, whole conversations, and the chain of two machines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "zc/starttls.h"

static void test_smtp_replies(void **state)
{
        static const struct {
                const char *bytes;
                enum zc_reply reply;
                unsigned code, lines;
                bool starttls;
        } rows[] = {
                { "220 mail ESMTP\r\n", ZC_REPLY_DONE, 220, 1, false },
                { "220\r\n", ZC_REPLY_DONE, 220, 1, false },
                { "220 lf only\n", ZC_REPLY_DONE, 220, 1, false },
                { "250-mail\r\n250-PIPELINING\r\n250 STARTTLS\r\n", ZC_REPLY_DONE, 250, 3, true },
                { "250-mail\r\n250-starttls\r\n250 HELP\r\n", ZC_REPLY_DONE, 250, 3, true },
                { "250-mail\r\n250 STARTTLSX\r\n", ZC_REPLY_DONE, 250, 2, false },
                /* the greeting's own text is a name, not a keyword */
                { "250 STARTTLS\r\n", ZC_REPLY_DONE, 250, 1, false },
                { "250-STARTTLS\r\n250 HELP\r\n", ZC_REPLY_DONE, 250, 2, false },
                { "", ZC_REPLY_MORE, 0, 0, false },
                { "250-mail\r\n", ZC_REPLY_MORE, 0, 0, false },
                { "250", ZC_REPLY_MORE, 0, 0, false },
                { "250-mail\r\n220 other\r\n", ZC_REPLY_FOREIGN, 0, 0, false },
                { "25\r\n", ZC_REPLY_FOREIGN, 0, 0, false },
                { "199 low\r\n", ZC_REPLY_FOREIGN, 0, 0, false },
                { "600 high\r\n", ZC_REPLY_FOREIGN, 0, 0, false },
                { "250_x\r\n", ZC_REPLY_FOREIGN, 0, 0, false },
                { "SSH-2.0-OpenSSH_9.2\r\n", ZC_REPLY_FOREIGN, 0, 0, false },
                { "\r\n", ZC_REPLY_FOREIGN, 0, 0, false },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_rd in = zc_rd_str(rows[i].bytes);
                struct zc_smtp_reply r = { 0 };

                if (zc_smtp_reply_parse(&in, &r) != rows[i].reply || r.code != rows[i].code ||
                    r.lines != rows[i].lines || r.starttls != rows[i].starttls)
                        fail_msg("row %zu: %s", i, rows[i].bytes);
                assert_int_equal(in.n, rows[i].reply == ZC_REPLY_DONE ? 0 : strlen(rows[i].bytes));
        }
}

static void test_smtp_truncated(void **state)
{
        static const char good[] = "250-mail.example\r\n250-SIZE 1\r\n250 STARTTLS\r\n";

        (void)state;
        for (size_t n = 0; n < sizeof good - 1; n++) {
                uint8_t *exact = memcpy(malloc(n + 1), good, n);
                struct zc_rd in = { exact, n };
                struct zc_smtp_reply r;

                assert_int_equal(zc_smtp_reply_parse(&in, &r), ZC_REPLY_MORE);
                assert_int_equal(in.n, n);
                free(exact);
        }
}

static void test_smtp_limits(void **state)
{
        static const char line[7] = { '2', '5', '0', '-', 'a', '\r', '\n' };
        static char big[ZC_SMTP_LINES_MAX * 8 + 4096];
        struct zc_rd in = { (const uint8_t *)big, ZC_SMTP_LINE_MAX + 1 };
        struct zc_smtp_reply r;
        size_t n = 0;

        (void)state;
        memset(big, '2', sizeof big);
        assert_int_equal(zc_smtp_reply_parse(&in, &r), ZC_REPLY_FOREIGN);
        for (unsigned i = 0; i <= ZC_SMTP_LINES_MAX; i++, n += 7)
                memcpy(big + n, line, sizeof line);
        in = (struct zc_rd){ (const uint8_t *)big, n };
        assert_int_equal(zc_smtp_reply_parse(&in, &r), ZC_REPLY_FOREIGN);
}

/* ---- conversations: the peer's turns in one string each, '|' between what needs a word of ours first ---- */

static const struct {
        const char *service, *peer;
        enum zc_event end; /* what follows the last turn */
        enum zc_starttls_result result;
        const char *why;
        size_t surplus;
} talks[] = {
        { "postgresql", "|S", ZC_EV_EOF, ZC_STARTTLS_OFFERED, "", 0 },
        { "postgresql", "|Sx", ZC_EV_EOF, ZC_STARTTLS_OFFERED, "", 1 },
        { "postgresql", "|N", ZC_EV_EOF, ZC_STARTTLS_REFUSED, "answered N to SSLRequest", 0 },
        { "postgresql", "|E\x01\x02", ZC_EV_EOF, ZC_STARTTLS_UNKNOWN,
          "answered SSLRequest with an error", 0 },
        { "postgresql", "|HTTP/1.1 400 Bad Request\r\n", ZC_EV_EOF, ZC_STARTTLS_FOREIGN,
          "the answer is not postgresql", 0 },
        { "postgresql", "|", ZC_EV_TIMEOUT, ZC_STARTTLS_UNKNOWN, "no answer before saying anything",
          0 },
        { "postgresql", "|", ZC_EV_RESET, ZC_STARTTLS_UNKNOWN,
          "reset the connection before saying anything", 0 },
        { "smtp", "220 hi\r\n|250-me\r\n250 STARTTLS\r\n|220 go\r\n", ZC_EV_EOF,
          ZC_STARTTLS_OFFERED, "", 0 },
        { "smtp", "220 hi\r\n|250-me\r\n250 STARTTLS\r\n|220 go\r\n250 x\r\n", ZC_EV_EOF,
          ZC_STARTTLS_OFFERED, "", 7 },
        /* all answers before their questions: none of them counts */
        { "smtp", "220 hi\r\n250-me\r\n250 STARTTLS\r\n220 go\r\n|", ZC_EV_TIMEOUT,
          ZC_STARTTLS_UNKNOWN, "no answer before TLS could begin", 30 },
        { "smtp", "220 hi\r\n|250-me\r\n250 STARTTLS\r\n220 go\r\n|220 go\r\n", ZC_EV_EOF,
          ZC_STARTTLS_OFFERED, "", 8 },
        { "smtp", "220 hi\r\n|250 me\r\n", ZC_EV_EOF, ZC_STARTTLS_REFUSED,
          "EHLO does not list STARTTLS", 0 },
        { "smtp", "220 hi\r\n|502 what\r\n", ZC_EV_EOF, ZC_STARTTLS_REFUSED,
          "answered EHLO with 502", 0 },
        { "smtp", "220 hi\r\n|250-me\r\n250 STARTTLS\r\n|454 not now\r\n", ZC_EV_EOF,
          ZC_STARTTLS_UNKNOWN, "answered STARTTLS with 454", 0 },
        { "smtp", "554 go away\r\n", ZC_EV_EOF, ZC_STARTTLS_UNKNOWN,
          "answered the connection with 554", 0 },
        { "smtp", "220 hi\r\n|", ZC_EV_EOF, ZC_STARTTLS_UNKNOWN,
          "closed the connection before TLS could begin", 0 },
        { "smtp", "", ZC_EV_TIMEOUT, ZC_STARTTLS_UNKNOWN, "no answer before saying anything", 0 },
        { "smtp", "SSH-2.0-x\r\n", ZC_EV_EOF, ZC_STARTTLS_FOREIGN, "the answer is not smtp", 0 },
};

/* Shows the peer's turns byte by byte or turn by turn. */
static void converse(struct zc_starttls *s, const char *peer, enum zc_event end, bool bytewise)
{
        uint8_t buf[256];
        size_t from = 0, shown = 0;
        enum zc_event ev = ZC_EV_CONNECTED;

        for (unsigned i = 0; i < 200; i++) {
                struct zc_rd in = { (const uint8_t *)peer + from, shown - from };
                struct zc_wr out;
                enum zc_step step;

                zc_wr_init(&out, buf, sizeof buf);
                step = zc_starttls_step(s, ev, &in, &out);
                from = shown - in.n;
                if (step == ZC_STEP_DONE)
                        return;
                if (step == ZC_STEP_SEND) {
                        assert_int_equal(peer[shown], '|');
                        from = ++shown;
                        ev = ZC_EV_SENT;
                        continue;
                }
                ev = peer[shown] == '|' || peer[shown] == '\0' ? end : ZC_EV_DATA;
                if (ev == ZC_EV_DATA)
                        shown += bytewise ? 1 : strcspn(peer + shown, "|");
        }
        fail_msg("no end: %s", peer);
}

static void test_talks(void **state)
{
        (void)state;
        for (size_t i = 0; i < 2 * ZC_COUNT(talks); i++) {
                struct zc_starttls s;
                size_t row = i / 2;

                if (i % 2 && talks[row].surplus > 0)
                        continue; /* one by one, each comes after a question */
                zc_starttls_init(&s, zc_starttls_find(talks[row].service));
                converse(&s, talks[row].peer, talks[row].end, i % 2);
                assert_int_equal(s.result, talks[row].result);
                assert_string_equal(s.why, talks[row].why);
                assert_int_equal(zc_starttls_go_on(&s), s.result == ZC_STARTTLS_OFFERED);
                assert_int_equal(s.surplus, talks[row].surplus);
        }
}

/* Without TLS to be had, or with a login taken before it, the service is to be had in the clear. */
static void test_clear(void **state)
{
        static const struct {
                const char *ehlo;
                bool clear;
        } rows[] = {
                { "220 x\r\n|250-me\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n|220 go\r\n", true },
                { "220 x\r\n|250-me\r\n250-AUTH=LOGIN\r\n250 STARTTLS\r\n|220 go\r\n", true },
                { "220 x\r\n|250-me\r\n250-AUTHX\r\n250 STARTTLS\r\n|220 go\r\n", false },
                { "220 x\r\n|250-AUTH PLAIN\r\n250 STARTTLS\r\n|220 go\r\n", false },
                { "220 x\r\n|250 me\r\n", true },
                { "220 x\r\n|502 no\r\n", false },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_starttls s;

                zc_starttls_init(&s, zc_starttls_find("smtp"));
                converse(&s, rows[i].ehlo, ZC_EV_EOF, false);
                assert_int_equal(s.clear, rows[i].clear);
        }
}

static void test_said(void **state)
{
        struct zc_starttls s;

        (void)state;
        zc_starttls_init(&s, zc_starttls_find("smtp"));
        converse(&s, "220 \x1b[1m\r\n|250 me\r\n", ZC_EV_EOF, false);
        assert_string_equal(s.sent, "EHLO zerocrit.invalid\\r\\n");
        assert_string_equal(s.received, "220 \\u{1b}[1m\\r\\n250 me\\r\\n");
        assert_null(zc_starttls_find("gopher"));
        assert_string_equal(zc_starttls_name(s.protocol), "smtp");
        assert_non_null(strstr(zc_starttls_sends(s.protocol), "EHLO"));
}

/* A peer that says much fills what is kept and no more. */
static void test_said_capped(void **state)
{
        static char much[4096];
        struct zc_starttls s;

        (void)state;
        memset(much, 'a', sizeof much - 1);
        memcpy(much, "220 ", 4);
        memcpy(much + 1500, "\r\n|", 3);
        much[1503] = '\0';
        zc_starttls_init(&s, zc_starttls_find("smtp"));
        converse(&s, much, ZC_EV_EOF, false);
        assert_true(strlen(s.received) < sizeof s.received);
        assert_true(strlen(s.received) > 300);
}

/* ---- the chain ---- */

struct part {
        char takes; /* consumes up to and with this byte, then is done */
        bool says_go;
        char heard[32]; /* 'C' connected, 'S' sent, 'E' end, else the data's bytes */
};

static enum zc_step part_step(void *state, enum zc_event ev, struct zc_rd *in, struct zc_wr *out)
{
        struct part *p = state;
        struct zc_rd got;
        size_t n = strlen(p->heard);

        (void)out;
        if (ev == ZC_EV_CONNECTED || ev == ZC_EV_SENT || ev == ZC_EV_EOF) {
                p->heard[n++] = ev == ZC_EV_CONNECTED ? 'C' : ev == ZC_EV_SENT ? 'S' : 'E';
                if (ev == ZC_EV_CONNECTED)
                        return ZC_STEP_MORE;
        }
        if (zc_rd_until(in, (uint8_t)p->takes, &got)) {
                memcpy(p->heard + n, got.p, got.n);
                return ZC_STEP_DONE;
        }
        return ZC_STEP_MORE;
}

static bool part_go(void *state)
{
        const struct part *p = state;

        return p->says_go;
}

static enum zc_step chain_hears(struct zc_step_chain *c, enum zc_event ev, const char *bytes)
{
        struct zc_rd in = zc_rd_str(bytes);
        uint8_t buf[8];
        struct zc_wr out;

        zc_wr_init(&out, buf, sizeof buf);
        return zc_step_chain(c, ev, &in, &out);
}

static void test_chain(void **state)
{
        struct part a = { .takes = ';', .says_go = true }, b = { .takes = '.' };
        struct zc_step_chain c = { .first = part_step,
                                   .first_state = &a,
                                   .go_on = part_go,
                                   .next = part_step,
                                   .next_state = &b };

        (void)state;
        assert_int_equal(chain_hears(&c, ZC_EV_CONNECTED, ""), ZC_STEP_MORE);
        assert_int_equal(chain_hears(&c, ZC_EV_DATA, "ab"), ZC_STEP_MORE);
        assert_string_equal(b.heard, "");
        assert_int_equal(chain_hears(&c, ZC_EV_DATA, "ab;cd."), ZC_STEP_DONE);
        assert_true(c.passed);
        assert_string_equal(a.heard, "Cab");
        assert_string_equal(b.heard, "Ccd");
}

static void test_chain_ends(void **state)
{
        struct part a = { .takes = ';' }, b = { .takes = '.' };
        struct zc_step_chain c = { .first = part_step,
                                   .first_state = &a,
                                   .go_on = part_go,
                                   .next = part_step,
                                   .next_state = &b };

        (void)state;
        assert_int_equal(chain_hears(&c, ZC_EV_DATA, "x;y."), ZC_STEP_DONE); /* refused: no next */
        assert_false(c.passed);
        assert_string_equal(b.heard, "");
        c.go_on = NULL;
        assert_int_equal(chain_hears(&c, ZC_EV_EOF, ";"), ZC_STEP_MORE);
        assert_string_equal(b.heard, "CE"); /* the end is news to the next as well */
        c = (struct zc_step_chain){ .first = part_step, .first_state = &a };
        assert_int_equal(chain_hears(&c, ZC_EV_DATA, ";"), ZC_STEP_DONE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_smtp_replies), cmocka_unit_test(test_smtp_truncated),
                cmocka_unit_test(test_smtp_limits),  cmocka_unit_test(test_talks),
                cmocka_unit_test(test_said),         cmocka_unit_test(test_clear),
                cmocka_unit_test(test_said_capped),  cmocka_unit_test(test_chain),
                cmocka_unit_test(test_chain_ends),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
