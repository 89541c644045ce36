#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zc/target.h"
#include "zc/text.h"

static const struct {
        const char *text;
        enum zc_target_kind kind;
        const char *host;
        bool literal;
        uint16_t port;
        enum zc_scheme scheme;
        const char *path;
} good[] = {
        { "local", ZC_TARGET_LOCAL, NULL, false, 0, ZC_SCHEME_NONE, NULL },
        { "www.example.org", ZC_TARGET_HOST, "www.example.org", false, 0, ZC_SCHEME_NONE, NULL },
        { "WWW.Example.ORG.", ZC_TARGET_HOST, "www.example.org", false, 0, ZC_SCHEME_NONE, NULL },
        { "db", ZC_TARGET_HOST, "db", false, 0, ZC_SCHEME_NONE, NULL },
        { "_dmarc.x-1.example", ZC_TARGET_HOST, "_dmarc.x-1.example", false, 0, ZC_SCHEME_NONE,
          NULL },
        { "localhost", ZC_TARGET_HOST, "localhost", false, 0, ZC_SCHEME_NONE, NULL },
        { "local.example", ZC_TARGET_HOST, "local.example", false, 0, ZC_SCHEME_NONE, NULL },
        { "3com.example", ZC_TARGET_HOST, "3com.example", false, 0, ZC_SCHEME_NONE, NULL },
        { "192.0.2.7", ZC_TARGET_HOST, "192.0.2.7", true, 0, ZC_SCHEME_NONE, NULL },
        { "::1", ZC_TARGET_HOST, "::1", true, 0, ZC_SCHEME_NONE, NULL },
        { "2001:DB8::1", ZC_TARGET_HOST, "2001:db8::1", true, 0, ZC_SCHEME_NONE, NULL },
        { "2001:db8::1:443", ZC_TARGET_HOST, "2001:db8::1:443", true, 0, ZC_SCHEME_NONE, NULL },
        { "[2001:db8::1]", ZC_TARGET_HOST, "2001:db8::1", true, 0, ZC_SCHEME_NONE, NULL },
        { "::ffff:192.0.2.7", ZC_TARGET_HOST, "192.0.2.7", true, 0, ZC_SCHEME_NONE, NULL },
        { "fe80::1%lo", ZC_TARGET_HOST, "fe80::1%lo", true, 0, ZC_SCHEME_NONE, NULL },
        { "[fe80::1%lo]:22", ZC_TARGET_SERVICE, "fe80::1%lo", true, 22, ZC_SCHEME_NONE, NULL },
        { "[::1]:443", ZC_TARGET_SERVICE, "::1", true, 443, ZC_SCHEME_NONE, NULL },
        { "www.example.org:443", ZC_TARGET_SERVICE, "www.example.org", false, 443, ZC_SCHEME_NONE,
          NULL },
        { "www.example.org.:443", ZC_TARGET_SERVICE, "www.example.org", false, 443, ZC_SCHEME_NONE,
          NULL },
        { "192.0.2.7:65535", ZC_TARGET_SERVICE, "192.0.2.7", true, 65535, ZC_SCHEME_NONE, NULL },
        { "https://www.example.org", ZC_TARGET_SERVICE, "www.example.org", false, 443,
          ZC_SCHEME_HTTPS, "/" },
        { "HTTP://Example.org:8080/a/B?c=d#frag", ZC_TARGET_SERVICE, "example.org", false, 8080,
          ZC_SCHEME_HTTP, "/a/B?c=d" },
        { "https://example.org?q=1", ZC_TARGET_SERVICE, "example.org", false, 443, ZC_SCHEME_HTTPS,
          "/?q=1" },
        { "https://example.org#top", ZC_TARGET_SERVICE, "example.org", false, 443, ZC_SCHEME_HTTPS,
          "/" },
        { "https://example.org/a@b", ZC_TARGET_SERVICE, "example.org", false, 443, ZC_SCHEME_HTTPS,
          "/a@b" },
        { "https://example.org/a%20b", ZC_TARGET_SERVICE, "example.org", false, 443,
          ZC_SCHEME_HTTPS, "/a%20b" },
        { "https://[2001:db8::1]:8443/x", ZC_TARGET_SERVICE, "2001:db8::1", true, 8443,
          ZC_SCHEME_HTTPS, "/x" },
        { "https://[fe80::1%25lo]/", ZC_TARGET_SERVICE, "fe80::1%lo", true, 443, ZC_SCHEME_HTTPS,
          "/" },
        { "https://[fe80::1%lo]/", ZC_TARGET_SERVICE, "fe80::1%lo", true, 443, ZC_SCHEME_HTTPS,
          "/" },
        { "http://192.0.2.7", ZC_TARGET_SERVICE, "192.0.2.7", true, 80, ZC_SCHEME_HTTP, "/" },
        { "postgres://db:5432", ZC_TARGET_SERVICE, "db", false, 5432, ZC_SCHEME_POSTGRES, NULL },
        { "postgresql://db/app?sslmode=require", ZC_TARGET_SERVICE, "db", false, 5432,
          ZC_SCHEME_POSTGRES, "/app?sslmode=require" },
        { "redis://cache", ZC_TARGET_SERVICE, "cache", false, 6379, ZC_SCHEME_REDIS, NULL },
        { "rediss://cache:6380/0", ZC_TARGET_SERVICE, "cache", false, 6380, ZC_SCHEME_REDISS,
          "/0" },
};

static void same(const char *a, const char *b, const char *what)
{
        if ((a == NULL) != (b == NULL) || (a && strcmp(a, b) != 0))
                fail_msg("%s: %s, not %s", what, a ? a : "NULL", b ? b : "NULL");
}

static void test_good(void **state)
{
        ZC_AUTO(zc_arena) arena = zc_arena_new(0);

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(good); i++) {
                struct zc_target t;
                struct zc_err err = { 0 };

                if (!zc_target_parse(arena, good[i].text, &t, &err))
                        fail_msg("%s: %s", good[i].text, err.text);
                assert_int_equal(t.kind, good[i].kind);
                same(t.host, good[i].host, good[i].text);
                same(zc_target_asset(&t), good[i].host, good[i].text);
                same(t.path, good[i].path, good[i].text);
                same(t.named, good[i].text, good[i].text);
                assert_int_equal(t.literal, good[i].literal);
                assert_int_equal(t.port, good[i].port);
                assert_int_equal(t.scheme, good[i].scheme);
                assert_int_equal(t.absolute,
                                 good[i].text[0] != 'h' && strstr(good[i].text, ".:443") != NULL
                                         ? true
                                         : good[i].text[strlen(good[i].text) - 1] == '.');
        }
}

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
        const char *text, *message;
} bad[] = {
        { "", "empty target" },
        { "Local", "lower case" },
        { "local:22", "127.0.0.1" },
        { " host", "column 1: no blanks" },
        { "host name", "column 5: no blanks" },
        { "a\nb", "column 2: no blanks" },
        { "bücher.example", "column 2: a name is ASCII here: write its xn-- form" },
        { "exa%6dple.org", "column 4: no percent-encoding" },
        { "https://exa%6dple.org/", "column 12: no percent-encoding" },
        { "*.example.org", "column 1: wildcards" },
        { "a..b", "column 3: a label is empty" },
        { ".a", "column 1: a label is empty" },
        { "a..", "column 3: a label is empty" },
        { ".", "column 1: " },
        { "-a.example", "column 1: a label neither" },
        { "a-.example", "column 1: a label neither" },
        { "b.-a", "column 3: a label neither" },
        { L63 "a.example", "at most 63" },
        { L63 "." L63 "." L63 "." L63, "at most 253" },
        { "example.123", "column 9: a name's last part is not a number" },
        { "a.0x7f", "column 3: a name's last part is not a number" },
        { "0x7f000001", "not a number" },
        { "2130706433", "four parts" },
        { "10.1", "four parts" },
        { "256.0.0.1", "0 to 255" },
        { "010.0.0.1", "octal" },
        { "host:", "column 6: the port is missing" },
        { "host:0", "column 6: this is not a port" },
        { "host:65536", "column 6: this is not a port" },
        { "host:22,80", "column 6: this is not a port" },
        { "host:22-80", "column 6: this is not a port" },
        { "host:+22", "column 6: this is not a port" },
        { "host:https", "column 6: a port is a number here: write 443 for https" },
        { ":443", "column 1: the host is missing" },
        { "[::1", "column 1: the bracket is not closed" },
        { "[::1]443", "column 6: only \":port\"" },
        { "[::1]:", "the port is missing" },
        { "[192.0.2.1]:80", "column 2: brackets are for IPv6" },
        { "[]:80", "empty" },
        { "[host]:80", "not an IP address" },
        { "::1::", "not an IP address" },
        { "2001:db8:0:0:0:0:0:1:443", "write [2001:db8::1]:443" },
        { "fe80::1%no such", "not an interface name" },
        { "::1%lo", "not link-local" },
        { "192.0.2.7/24",
          "column 1: 192.0.2.7/24 has host bits set: write 192.0.2.0/24 for the block" },
        { "192.0.2.0/33", "column 11: prefix length" },
        { "192.0.2.0/24:80", "column 11: prefix length" },
        { "[2001:db8::]/32", "without brackets" },
        { "example.org/path", "column 12: a path needs a scheme" },
        { "example.org:8080/path", "column 17: a path needs a scheme" },
        { "example.org/24", "column 12: a path needs a scheme" },
        { "//example.org/", "a path needs a scheme" },
        { "ftp://example.org", "unknown scheme" },
        { "htps://example.org", "did you mean https://?" },
        { "://example.org", "unknown scheme" },
        { "https://", "the host is missing" },
        { "https:///path", "the host is missing" },
        { "https://:443/", "the host is missing" },
        { "https://::1/", "in brackets" },
        { "https://example.org:/", "the port is missing" },
        { "https://example.org/a b", "column 22: a URL's path" },
        { "https://example.org/\xc3\xa9", "column 21: a URL's path" },
        { "https://example.org/\x1b[2J", "\\u{1b}" },
        { "192.0.2.1-20", "written as blocks" },
};

static void test_bad(void **state)
{
        ZC_AUTO(zc_arena) arena = zc_arena_new(0);

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(bad); i++) {
                struct zc_target t;
                struct zc_err err = { 0 };

                if (zc_target_parse(arena, bad[i].text, &t, &err))
                        fail_msg("%s: taken", bad[i].text);
                assert_int_equal(err.code, ZC_E_USAGE);
                if (!strstr(err.text, bad[i].message))
                        fail_msg("%s: %s", bad[i].text, err.text);
                for (const char *p = err.text; *p; p++)
                        assert_true((unsigned char)*p >= 0x20);
        }
}

static void test_secrets(void **state)
{
        static const char *const texts[] = {
                "https://me:hunter2@example.org/",
                "https://hunter2@example.org",
                "postgres://u:hunter2@db/app",
                "redis://:hunter2@cache",
                "u:hunter2@example.org",
                "hunter2@example.org",
                "https://u:hunter2@/",
                "postgres://db/app?password=hunter2",
                "postgres://db/a?x=1&sslpassword=hunter2",
                "redis://:p@hunter2@host",
                "u:hunter2/more@example.org",
                "ftp://u:hunter2@example.org",
        };
        ZC_AUTO(zc_arena) arena = zc_arena_new(0);

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(texts); i++) {
                struct zc_target t;
                struct zc_err err = { 0 };

                assert_false(zc_target_parse(arena, texts[i], &t, &err));
                assert_int_equal(err.code, ZC_E_USAGE);
                if (strstr(err.text, "hunter2"))
                        fail_msg("%s: %s", texts[i], err.text);
                if (texts[i][0] != 'f')
                        assert_non_null(strstr(err.text, "`credentials`"));
        }
}

static void test_long(void **state)
{
        ZC_AUTO(zc_arena) arena = zc_arena_new(0);
        char text[ZC_TARGET_MAX + 2];
        struct zc_target t;
        struct zc_err err = { 0 };

        (void)state;
        memset(text, 'a', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        assert_false(zc_target_parse(arena, text, &t, &err));
        assert_non_null(strstr(err.text, "longer than 4096"));
        memcpy(text, "https://a/", 10);
        text[ZC_TARGET_MAX] = '\0';
        assert_true(zc_target_parse(arena, text, &t, &err));
}

/* Every ceiling of the arena gives either the target or "no memory", and never half a target. */
static void test_no_memory(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(good); i++) {
                for (size_t limit = 1; limit < 400; limit += 3) {
                        ZC_AUTO(zc_arena) arena = zc_arena_new(limit);
                        struct zc_target t = { 0 };
                        struct zc_err err = { 0 };

                        if (zc_target_parse(arena, good[i].text, &t, &err))
                                break;
                        assert_int_equal(err.code, ZC_E_NOMEM);
                        assert_null(t.named);
                }
        }
}

static void test_blocks(void **state)
{
        static const struct {
                const char *block, *first, *last;
                unsigned count; /* 0: too many to walk */
        } rows[] = {
                { "192.0.2.0/24", "192.0.2.1", "192.0.2.254", 254 },
                { "192.0.2.4/30", "192.0.2.5", "192.0.2.6", 2 },
                { "192.0.2.4/31", "192.0.2.4", "192.0.2.5", 2 },
                { "192.0.2.4/32", "192.0.2.4", "192.0.2.4", 1 },
                { "10.0.0.0/16", "10.0.0.1", "10.0.255.254", 65534 },
                { "255.255.255.255/32", "255.255.255.255", "255.255.255.255", 1 },
                { "255.255.255.252/30", "255.255.255.253", "255.255.255.254", 2 },
                { "2001:db8::/126", "2001:db8::", "2001:db8::3", 4 },
                { "2001:db8::1/128", "2001:db8::1", "2001:db8::1", 1 },
                { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/124",
                  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0",
                  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 16 },
                { "0.0.0.0/0", "0.0.0.1", NULL, 0 },
                { "::/0", "::", NULL, 0 },
        };
        ZC_AUTO(zc_arena) arena = zc_arena_new(0);

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_target t;
                struct zc_block_iter it;
                struct zc_addr a = { 0 };
                char text[ZC_ADDR_LEN];
                unsigned n = 0;

                assert_true(zc_target_parse(arena, rows[i].block, &t, &(struct zc_err){ 0 }));
                assert_int_equal(t.kind, ZC_TARGET_BLOCK);
                assert_null(zc_target_asset(&t));
                zc_block_start(&it, &t.block);
                while ((n == 0 || rows[i].count) && zc_block_next(&it, &a)) {
                        if (n++ == 0) {
                                zc_addr_format(&a, text);
                                assert_string_equal(text, rows[i].first);
                        }
                }
                if (rows[i].count) {
                        zc_addr_format(&a, text);
                        assert_string_equal(text, rows[i].last);
                        assert_int_equal(n, rows[i].count);
                        assert_false(zc_block_next(&it, &a));
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),      cmocka_unit_test(test_bad),
                cmocka_unit_test(test_secrets),   cmocka_unit_test(test_long),
                cmocka_unit_test(test_no_memory), cmocka_unit_test(test_blocks)
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
