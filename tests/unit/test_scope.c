#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "zc/scope.h"
#include "zc/text.h"

#define MAX 6

/* A scope as the user writes it, and what it says. Lists end at NULL. */
static const struct row {
        const char *allow[MAX], *exclude[MAX], *targets[MAX];
        struct {
                const char *name, *addr;
                enum zc_scope_verdict verdict;
        } ask[MAX];
} rows[] = {
        { .targets = { "192.0.2.7", "https://www.example.org/", "198.51.100.0/24" },
          .ask = { { NULL, "192.0.2.7", ZC_SCOPE_IN },
                   { NULL, "192.0.2.8", ZC_SCOPE_OUTSIDE },
                   { "www.example.org", "203.0.113.9", ZC_SCOPE_IN },
                   { "WWW.example.org.", "203.0.113.9", ZC_SCOPE_IN },
                   { "evil.example.org", "203.0.113.9", ZC_SCOPE_OUTSIDE },
                   { NULL, "198.51.100.200", ZC_SCOPE_IN } } },
        { .targets = { "192.0.2.7" },
          .ask = { { NULL, "::ffff:192.0.2.7", ZC_SCOPE_IN },
                   { "192.0.2.7", "192.0.2.9", ZC_SCOPE_OUTSIDE },
                   { NULL, "127.0.0.1", ZC_SCOPE_OUTSIDE },
                   { NULL, "::1", ZC_SCOPE_OUTSIDE } } },
        /* exclude wins over everything, also after DNS */
        { .allow = { "10.20.0.0/16", "*.acme.example" },
          .exclude = { "10.20.9.0/24", "db.acme.example" },
          .targets = { "10.20.0.0/22", "www.acme.example" },
          .ask = { { NULL, "10.20.9.1", ZC_SCOPE_EXCLUDED },
                   { "www.acme.example", "10.20.9.1", ZC_SCOPE_EXCLUDED },
                   { "db.acme.example", "192.0.2.1", ZC_SCOPE_EXCLUDED },
                   { "www.acme.example", "192.0.2.1", ZC_SCOPE_IN },
                   { NULL, "10.20.77.1", ZC_SCOPE_IN },
                   { NULL, "192.0.2.1", ZC_SCOPE_OUTSIDE } } },
        { .allow = { "*.acme.example" },
          .targets = { "a.b.acme.example" },
          .ask = { { "a.b.acme.example", "192.0.2.1", ZC_SCOPE_IN },
                   { "acme.example", "192.0.2.1", ZC_SCOPE_OUTSIDE },
                   { "xacme.example", "192.0.2.1", ZC_SCOPE_OUTSIDE },
                   { ".acme.example", "192.0.2.1", ZC_SCOPE_OUTSIDE },
                   { "", "192.0.2.1", ZC_SCOPE_OUTSIDE } } },
        { .exclude = { "192.0.2.1", "::ffff:192.0.2.16/124" },
          .targets = { "192.0.2.0/24" },
          .ask = { { NULL, "192.0.2.1", ZC_SCOPE_EXCLUDED },
                   { NULL, "::ffff:192.0.2.1", ZC_SCOPE_EXCLUDED },
                   { NULL, "192.0.2.17", ZC_SCOPE_EXCLUDED },
                   { NULL, "192.0.2.2", ZC_SCOPE_IN } } },
        /* what a translator would make of an IPv6 address is the IPv4 address */
        { .exclude = { "192.0.2.33" },
          .targets = { "nat.example", "64:ff9b:1:c000:2:2100::" },
          .ask = { { "nat.example", "64:ff9b::192.0.2.33", ZC_SCOPE_EXCLUDED },
                   { "nat.example", "64:ff9b::192.0.2.34", ZC_SCOPE_IN },
                   { "nat.example", "64:ff9b:1::192.0.2.33", ZC_SCOPE_EXCLUDED },
                   { NULL, "64:ff9b:1:c000:2:2100::", ZC_SCOPE_EXCLUDED },
                   { "nat.example", "2002:c000:221::1", ZC_SCOPE_EXCLUDED },
                   { "nat.example", "64:ff9b::169.254.169.254", ZC_SCOPE_NEVER } } },
        /* a name that resolves to a metadata service, multicast, broadcast or nothing does not name it */
        { .targets = { "rebind.example", "169.254.0.0/16" },
          .ask = { { "rebind.example", "169.254.169.254", ZC_SCOPE_NEVER },
                   { "rebind.example", "fd00:ec2::254", ZC_SCOPE_NEVER },
                   { "rebind.example", "224.0.0.1", ZC_SCOPE_NEVER },
                   { "rebind.example", "255.255.255.255", ZC_SCOPE_NEVER },
                   { "rebind.example", "0.0.0.0", ZC_SCOPE_NEVER },
                   { NULL, "169.254.169.254", ZC_SCOPE_NEVER } } },
        { .targets = { "rebind.example", "169.254.169.253" },
          .ask = { { "rebind.example", "::ffff:169.254.169.254", ZC_SCOPE_NEVER },
                   { "rebind.example", "ff02::1", ZC_SCOPE_NEVER },
                   { "rebind.example", "::", ZC_SCOPE_NEVER },
                   { NULL, "169.254.169.253", ZC_SCOPE_IN } } },
        { .targets = { "http://169.254.169.254/latest" },
          .ask = { { NULL, "169.254.169.254", ZC_SCOPE_IN } } },
        { .allow = { "169.254.169.254", "169.254.0.0/16" },
          .ask = { { NULL, "169.254.169.254", ZC_SCOPE_IN } } },
        { .allow = { "169.254.0.0/16" },
          .ask = { { NULL, "169.254.169.254", ZC_SCOPE_NEVER },
                   { NULL, "169.254.1.1", ZC_SCOPE_IN } } },
        { .targets = { "local" },
          .ask = { { NULL, "127.0.0.1", ZC_SCOPE_IN },
                   { NULL, "::1", ZC_SCOPE_IN },
                   { NULL, "192.0.2.1", ZC_SCOPE_OUTSIDE } } },
        { .allow = { "192.0.2.0/24" },
          .targets = { "local" },
          .ask = { { NULL, "127.0.0.1", ZC_SCOPE_IN }, { NULL, "192.0.2.1", ZC_SCOPE_IN } } },
        { .exclude = { "127.0.0.0/8" },
          .targets = { "local" },
          .ask = { { NULL, "127.0.0.1", ZC_SCOPE_EXCLUDED } } },
        /* two halves make the whole; private blocks are as wide as they like */
        { .allow = { "10.0.0.0/9", "10.128.0.0/9" },
          .targets = { "10.0.0.0/8" },
          .ask = { { NULL, "10.200.0.1", ZC_SCOPE_IN } } },
        { .targets = { "10.0.0.0/8", "fd00::/8" },
          .ask = { { NULL, "10.200.0.1", ZC_SCOPE_IN }, { NULL, "fd12::1", ZC_SCOPE_IN } } },
        { .allow = { "198.51.0.0/16" },
          .targets = { "198.51.0.0/16" },
          .ask = { { NULL, "198.51.7.7", ZC_SCOPE_IN } } },
        /* a name outside the allowed names still may resolve into the allowed addresses, and only there */
        { .allow = { "192.0.2.0/24", "a.example" },
          .targets = { "www.example.org" },
          .ask = { { "www.example.org", "192.0.2.1", ZC_SCOPE_IN },
                   { "www.example.org", "198.51.100.1", ZC_SCOPE_OUTSIDE } } },
};

static struct zc_target target(struct zc_arena *arena, const char *text)
{
        struct zc_target t = { 0 };
        struct zc_err err = { 0 };

        if (!zc_target_parse(arena, text, &t, &err))
                fail_msg("%s", err.text);
        return t;
}

static bool try_build(struct zc_scope *s, struct zc_arena *arena, const struct row *r,
                      struct zc_err *err)
{
        for (size_t i = 0; i < MAX && r->allow[i]; i++)
                if (!zc_scope_allow(s, r->allow[i], err))
                        return false;
        for (size_t i = 0; i < MAX && r->exclude[i]; i++)
                if (!zc_scope_exclude(s, r->exclude[i], err))
                        return false;
        for (size_t i = 0; i < MAX && r->targets[i]; i++) {
                struct zc_target t;

                if (!zc_target_parse(arena, r->targets[i], &t, err) ||
                    !zc_scope_authorise(s, &t, err))
                        return false;
        }
        return true;
}

static bool build(struct zc_scope *s, struct zc_arena *arena, const struct row *r,
                  struct zc_err *err)
{
        for (size_t i = 0; i < MAX && r->targets[i]; i++)
                (void)target(arena, r->targets[i]); /* the rows' targets are good ones */
        return try_build(s, arena, r, err);
}

static void test_verdicts(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO(zc_arena) arena = zc_arena_new(0);
                ZC_AUTO(zc_scope) s = zc_scope_new();
                struct zc_err err = { 0 };

                if (!build(s, arena, &rows[i], &err))
                        fail_msg("row %zu: %s", i, err.text);
                for (size_t j = 0; j < MAX && rows[i].ask[j].addr; j++) {
                        struct zc_addr a;
                        enum zc_scope_verdict v;

                        assert_true(zc_addr_parse(rows[i].ask[j].addr, &a, &err));
                        v = zc_scope_check(s, rows[i].ask[j].name, &a);
                        if (v != rows[i].ask[j].verdict)
                                fail_msg("row %zu, %s: %s", i, rows[i].ask[j].addr,
                                         zc_scope_verdict_name(v));
                }
        }
}

static const struct {
        struct row scope;
        const char *message;
} refused[] = {
        { { .targets = { "[fe80::1%nosuch0]:22" } }, "no such interface" },
        { { .targets = { "fe80::%nosuch0/120" } }, "no such interface" },
        { { .targets = { "192.0.0.0/23" } }, "wider than /24" },
        { { .targets = { "0.0.0.0/0" } }, "wider than /24" },
        { { .targets = { "8.0.0.0/6" } }, "wider than /24" }, /* holds 10/8, but more */
        { { .targets = { "2001:db8::/111" } }, "/112" },
        { { .targets = { "::/0" } }, "/112" },
        { { .allow = { "10.0.0.0/16" }, .targets = { "10.0.0.0/15" } }, "not all of this block" },
        { { .allow = { "10.0.0.0/16" }, .targets = { "10.1.0.1" } }, "outside scope.allow" },
        { { .allow = { "10.0.0.0/16" }, .targets = { "https://[2001:db8::1]/" } },
          "outside scope.allow" },
        { { .allow = { "*.example.org" }, .targets = { "example.org" } }, "outside scope.allow" },
        { { .allow = { "10.0.0.0/16" }, .exclude = { "10.0.0.0/24" }, .targets = { "10.0.0.7" } },
          "scope.exclude holds it" },
        { { .exclude = { "10.0.0.0/25", "10.0.0.128/25" }, .targets = { "10.0.0.0/24" } },
          "scope.exclude holds it" },
        { { .exclude = { "*.example.org" }, .targets = { "www.example.org:443" } },
          "scope.exclude names it" },
        { { .allow = { "" } }, "scope.allow: empty" },
        { { .allow = { "10.0.0.1/8" } },
          "scope.allow: 10.0.0.1/8 has host bits set: write 10.0.0.0/8" },
        { { .exclude = { "exa mple" } }, "scope.exclude \"exa mple\": no blanks" },
        { { .exclude = { "https://a.example" } }, "without scheme" },
        { { .exclude = { "[::1]" } }, "without scheme, brackets" },
        { { .exclude = { "www.example.org:443" } }, "scope.exclude: " },
        { { .exclude = { "*" } }, "wildcards" },
        { { .exclude = { "a.*.org" } }, "wildcards" },
        { { .exclude = { "*." } }, "scope.exclude \"*.\"" },
};

static void test_refusals(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(refused); i++) {
                ZC_AUTO(zc_arena) arena = zc_arena_new(0);
                ZC_AUTO(zc_scope) s = zc_scope_new();
                struct zc_err err = { 0 };

                if (build(s, arena, &refused[i].scope, &err))
                        fail_msg("refusal %zu: taken", i);
                assert_int_equal(err.code, ZC_E_USAGE);
                if (!strstr(err.text, refused[i].message))
                        fail_msg("refusal %zu: %s", i, err.text);
        }
}

static void test_many(void **state)
{
        ZC_AUTO(zc_scope) s = zc_scope_new();
        struct zc_addr a;
        struct zc_err err = { 0 };

        (void)state;
        for (unsigned i = 0; i < 1000; i++) {
                char text[64];

                snprintf(text, sizeof text, "10.%u.%u.0/24", i / 256, i % 256);
                assert_true(zc_scope_allow(s, text, &err));
                snprintf(text, sizeof text, "h%u.example", i);
                assert_true(zc_scope_exclude(s, text, &err));
        }
        assert_true(zc_addr_parse("10.3.231.9", &a, &err));
        assert_int_equal(zc_scope_check(s, NULL, &a), ZC_SCOPE_IN);
        assert_int_equal(zc_scope_check(s, "h999.example", &a), ZC_SCOPE_EXCLUDED);
        assert_true(zc_addr_parse("10.3.232.9", &a, &err));
        assert_int_equal(zc_scope_check(s, NULL, &a), ZC_SCOPE_OUTSIDE);
        for (int v = ZC_SCOPE_IN; v <= ZC_SCOPE_NEVER; v++)
                assert_non_null(zc_scope_verdict_name((enum zc_scope_verdict)v));
        zc_scope_free(NULL);
}

/* Out of memory at any point is said, and leaves a scope that never lets more through than the whole one does. */
static void test_no_memory(void **state)
{
        const struct row *r = &rows[2]; /* allow, exclude and targets, of addresses and names */
        bool ok = false;

        (void)state;
        assert_non_null(r->exclude[1]);
        for (size_t at = 1; !ok; at++) {
                ZC_AUTO(zc_arena) arena = zc_arena_new(0);
                ZC_AUTO(zc_scope) s = zc_scope_new();
                struct zc_err err = { 0 };
                struct zc_addr a;

                alloc_fail_at(at);
                ok = try_build(s, arena, r, &err);
                alloc_fail_at(0);
                assert_true(at < 100);
                assert_true(ok || err.code == ZC_E_NOMEM);
                assert_true(zc_addr_parse("192.0.2.1", &a, &err));
                assert_int_equal(zc_scope_check(s, NULL, &a), ZC_SCOPE_OUTSIDE);
        }
}

/* ---- files of exclusions ---- */

static const struct {
        const char *text, *error; /* NULL: taken */
} lists[] = {
        { "", NULL },
        { "# nothing\n\n   \n", NULL },
        { "10.0.0.0/8\r\n\t192.0.2.1  # the printer\n*.example.org\n2001:db8::/32", NULL },
        { "10.0.0.0/8\n 10.0.0.1/8\n", "f:2:2: " },
        { "a.example\nexa mple\n", "f:2:1: exclude \"exa mple\": no blanks" },
        { "http://a.example/\n", "f:1:1: exclude" },
        { "300.1.1.1", "f:1:1: " },
};

static void test_lists(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(lists); i++) {
                ZC_AUTO(zc_scope) s = zc_scope_new();
                struct zc_err err = { 0 };
                bool ok = zc_scope_exclude_list(s, "f", lists[i].text, strlen(lists[i].text), &err);

                assert_int_equal(ok, lists[i].error == NULL);
                if (!ok && lists[i].error &&
                    strncmp(err.text, lists[i].error, strlen(lists[i].error)) != 0)
                        fail_msg("%s", err.text);
        }
}

static void test_list_bytes(void **state)
{
        static const char nul[] = "10.0.0.1\n10.0\0.0.2\n";
        ZC_AUTO(zc_scope) s = zc_scope_new();
        struct zc_err err = { 0 }, again = { 0 };
        char line[4000];

        (void)state;
        assert_false(zc_scope_exclude_list(s, "f", nul, sizeof nul - 1, &err));
        assert_non_null(strstr(err.text, "f:2:1: the line holds a NUL byte"));
        memset(line, 'a', sizeof line);
        assert_false(zc_scope_exclude_list(s, "f", line, sizeof line, &again));
        assert_non_null(strstr(again.text, "f:1:1: the line is longer than 2048 bytes"));
}

/** A hundred thousand single addresses, every second of a /15, from the last to the first: each is excluded, and its neighbour is not. */
static void test_long_list(void **state)
{
        ZC_AUTO(zc_scope) s = zc_scope_new();
        ZC_AUTO_TEXT text = { 0 };
        struct zc_err err = { 0 };

        (void)state;
        zc_text_init(&text, (size_t)4 << 20);
        for (unsigned i = 100000; i-- > 0;)
                zc_text_printf(&text, "10.%u.%u.%u\n", 2 * i >> 16, (2 * i >> 8) & 255,
                               2 * i & 255);
        assert_true(zc_scope_allow(s, "10.0.0.0/8", &err));
        assert_true(zc_scope_exclude_list(s, "f", zc_text_str(&text), text.len, &err));
        for (unsigned i = 0; i < 200000; i++) {
                const struct zc_addr a = {
                        AF_INET, { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i }, 0
                };

                assert_int_equal(zc_scope_check(s, NULL, &a),
                                 i % 2 ? ZC_SCOPE_IN : ZC_SCOPE_EXCLUDED);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_verdicts),   cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_many),       cmocka_unit_test(test_lists),
                cmocka_unit_test(test_list_bytes), cmocka_unit_test(test_long_list),
                cmocka_unit_test(test_no_memory)
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
