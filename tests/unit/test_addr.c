#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "zc/addr.h"

/* what is parsed, its canonical text (NULL: refused), a piece of the message */
static const struct {
        const char *in, *out, *message;
} literals[] = {
        { "192.0.2.7", "192.0.2.7", NULL },
        { "0.0.0.0", "0.0.0.0", NULL },
        { "255.255.255.255", "255.255.255.255", NULL },
        { "::", "::", NULL },
        { "::1", "::1", NULL },
        { "2001:DB8:0:0:0:0:0:1", "2001:db8::1", NULL },
        { "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", NULL },
        { "::ffff:192.0.2.7", "::ffff:192.0.2.7", NULL },
        { "fe80::1%lo", "fe80::1%lo", NULL },
        { "fe80::1%1", "fe80::1%lo", NULL },
        { "fe80::1%2147483647", "fe80::1%2147483647", NULL },
        { "ff02::1%lo", "ff02::1%lo", NULL },
        { "", NULL, "empty" },
        { "192.0.2", NULL, "four parts" },
        { "192.0.2.256", NULL, "0 to 255" },
        { "192.0.02.1", NULL, "octal" },
        { "192.0.2.7.", NULL, "four parts" },
        { "1", NULL, "four parts" },
        { "2001:db8", NULL, "not an IP address" },
        { "1::2::3", NULL, "not an IP address" },
        { "[::1]", NULL, "not an IP address" },
        { " ::1", NULL, "not an IP address" },
        { "::1%lo", NULL, "not link-local" },
        { "192.0.2.1%lo", NULL, "not link-local" },
        { "169.254.0.1%lo", NULL, "not link-local" },
        { "fe80::1%", NULL, "missing" },
        { "fe80::1%no-such-if", "fe80::1%no-such-if", NULL },
        { "fe80::1%nosuch2", "fe80::1%nosuch2", NULL },
        { "fe80::1%0", NULL, "not an interface name" },
        { "fe80::1%4294967297", NULL, "not an interface name" },
        { "fe80::1%sixteen-letters-", NULL, "not an interface name" },
        { "fe80::1%a/b", NULL, "not an interface name" },
        { "fe80::1%a%b", NULL, "not an interface name" },
        { "fe80::1%..", NULL, "not an interface name" },
        { "fe80::1%a\x1b[31m", NULL, "\\u{1b}" },
        { "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:"
          "0000:0000:0000:0000",
          NULL, "not an IP address" },
};

static void test_literals(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(literals); i++) {
                struct zc_addr a, again;
                struct zc_err err = { 0 };
                char text[ZC_ADDR_LEN];

                if (!literals[i].out) {
                        assert_false(zc_addr_parse(literals[i].in, &a, &err));
                        assert_int_equal(err.code, ZC_E_USAGE);
                        if (!strstr(err.text, literals[i].message))
                                fail_msg("%s: %s", literals[i].in, err.text);
                        continue;
                }
                assert_true(zc_addr_parse(literals[i].in, &a, &err));
                zc_addr_format(&a, text);
                assert_string_equal(text, literals[i].out);
                assert_true(zc_addr_parse(text, &again, &err));
                assert_int_equal(zc_addr_cmp(&a, &again), 0);
        }
}

static const struct {
        const char *in, *out, *message;
} prefixes[] = {
        { "192.0.2.0/24", "192.0.2.0/24", NULL },
        { "192.0.2.7", "192.0.2.7/32", NULL },
        { "0.0.0.0/0", "0.0.0.0/0", NULL },
        { "::/0", "::/0", NULL },
        { "2001:db8::/32", "2001:db8::/32", NULL },
        { "2001:db8::1", "2001:db8::1/128", NULL },
        { "::ffff:192.0.2.0/120", "192.0.2.0/24", NULL },
        { "::ffff:192.0.2.7", "192.0.2.7/32", NULL },
        { "192.0.2.128/25", "192.0.2.128/25", NULL },
        { "192.0.2.7/24", NULL, "write 192.0.2.0/24 for the block, 192.0.2.7 for the one address" },
        { "2001:db8::1/32", NULL, "write 2001:db8::/32 for the block" },
        { "128.0.0.0/0", NULL, "write 0.0.0.0/0" },
        { "192.0.2.0/33", NULL, "from 0 to 32" },
        { "::/129", NULL, "from 0 to 128" },
        { "192.0.2.0/", NULL, "prefix length" },
        { "192.0.2.0/-1", NULL, "prefix length" },
        { "192.0.2.0/+1", NULL, "prefix length" },
        { "192.0.2.0/24/8", NULL, "prefix length" },
        { "192.0.2.0/18446744073709551617", NULL, "prefix length" },
        { "/24", NULL, "empty" },
        { "host/24", NULL, "not an IP address" },
};

static void test_prefixes(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(prefixes); i++) {
                struct zc_prefix p;
                struct zc_err err = { 0 };
                char text[ZC_ADDR_LEN];

                if (!prefixes[i].out) {
                        assert_false(zc_prefix_parse(prefixes[i].in, &p, &err));
                        if (!strstr(err.text, prefixes[i].message))
                                fail_msg("%s: %s", prefixes[i].in, err.text);
                        continue;
                }
                assert_true(zc_prefix_parse(prefixes[i].in, &p, &err));
                zc_prefix_format(&p, text);
                assert_string_equal(text, prefixes[i].out);
        }
}

static struct zc_addr addr(const char *s)
{
        struct zc_addr a = { 0 };

        assert_true(zc_addr_parse(s, &a, &(struct zc_err){ 0 }));
        return a;
}

static struct zc_prefix prefix(const char *s)
{
        struct zc_prefix p = { 0 };

        assert_true(zc_prefix_parse(s, &p, &(struct zc_err){ 0 }));
        return p;
}

/* Names that no interface has stay apart, are the same each time, and are known not to be here. */
static void test_zones(void **state)
{
        struct zc_addr lo = addr("fe80::1%lo"), one = addr("fe80::1%1"), a = addr("fe80::1%away0"),
                       b = addr("fe80::1%away1"), c = addr("fe80::1%away0");
        struct zc_err err = { 0 };
        char text[32];
        bool full = false;

        (void)state;
        assert_int_equal(zc_addr_cmp(&lo, &one), 0);
        assert_int_not_equal(zc_addr_cmp(&a, &b), 0);
        assert_int_equal(zc_addr_cmp(&a, &c), 0);
        assert_true(zc_addr_zone_here(&lo));
        assert_false(zc_addr_zone_here(&a));
        one.zone = 0;
        assert_true(zc_addr_zone_here(&one));
        for (unsigned i = 0; i < 300 && !full; i++) {
                snprintf(text, sizeof text, "fe80::1%%many%u", i);
                full = !zc_addr_parse(text, &b, &err);
        }
        assert_true(full);
        assert_int_equal(err.code, ZC_E_LIMIT);
        assert_true(zc_addr_parse("fe80::1%lo", &b, &err));
}

static void test_contains(void **state)
{
        static const struct {
                const char *block, *one;
                bool inside;
        } rows[] = {
                { "10.0.0.0/8", "10.255.255.255", true },
                { "10.0.0.0/8", "11.0.0.0", false },
                { "0.0.0.0/0", "255.1.2.3", true },
                { "0.0.0.0/0", "::1", false },
                { "192.0.2.7", "192.0.2.7", true },
                { "192.0.2.7", "192.0.2.6", false },
                { "fe80::/10", "febf::1", true },
                { "fe80::/10", "fec0::1", false },
                { "192.0.2.128/25", "192.0.2.127", false },
                { "192.0.2.128/25", "192.0.2.255", true },
                { "fe80::/64", "fe80::1%lo", true },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_prefix p = prefix(rows[i].block), one;
                struct zc_addr a = addr(rows[i].one);

                assert_int_equal(zc_prefix_contains(&p, &a), rows[i].inside);
                one = zc_prefix_of(&a);
                assert_int_equal(zc_prefix_covers(&p, &one), rows[i].inside);
                assert_int_equal(zc_prefix_covers(&one, &p), rows[i].inside && p.bits == one.bits);
        }
}

static void test_class(void **state)
{
        static const struct {
                const char *a;
                enum zc_addr_class class;
        } rows[] = {
                { "0.0.0.0", ZC_ADDR_UNSPECIFIED },     { "0.1.2.3", ZC_ADDR_UNSPECIFIED },
                { "::", ZC_ADDR_UNSPECIFIED },          { "127.0.0.1", ZC_ADDR_LOOPBACK },
                { "127.255.0.1", ZC_ADDR_LOOPBACK },    { "::1", ZC_ADDR_LOOPBACK },
                { "169.254.0.1", ZC_ADDR_LINK },        { "fe80::1", ZC_ADDR_LINK },
                { "10.1.2.3", ZC_ADDR_PRIVATE },        { "172.15.0.1", ZC_ADDR_GLOBAL },
                { "172.16.0.1", ZC_ADDR_PRIVATE },      { "172.31.0.1", ZC_ADDR_PRIVATE },
                { "172.32.0.1", ZC_ADDR_GLOBAL },       { "192.168.0.1", ZC_ADDR_PRIVATE },
                { "100.64.0.1", ZC_ADDR_PRIVATE },      { "100.128.0.1", ZC_ADDR_GLOBAL },
                { "fd00::1", ZC_ADDR_PRIVATE },         { "fec0::1", ZC_ADDR_PRIVATE },
                { "192.0.2.1", ZC_ADDR_GLOBAL },        { "2001:db8::1", ZC_ADDR_GLOBAL },
                { "224.0.0.1", ZC_ADDR_MULTICAST },     { "239.255.255.255", ZC_ADDR_MULTICAST },
                { "ff02::1", ZC_ADDR_MULTICAST },       { "255.255.255.255", ZC_ADDR_BROADCAST },
                { "::ffff:10.0.0.1", ZC_ADDR_PRIVATE }, { "::ffff:127.0.0.1", ZC_ADDR_LOOPBACK },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_addr a = addr(rows[i].a);

                if (zc_addr_class(&a) != rows[i].class)
                        fail_msg("%s: class %d", rows[i].a, (int)zc_addr_class(&a));
        }
}

static void test_order(void **state)
{
        static const char *const sorted[] = { "0.0.0.0", "10.0.0.1", "10.0.0.2",  "255.0.0.0", "::",
                                              "::1",     "fe80::1",  "fe80::1%1", "fe80::1%2" };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(sorted); i++) {
                for (size_t j = 0; j < ZC_COUNT(sorted); j++) {
                        struct zc_addr a = addr(sorted[i]), b = addr(sorted[j]);
                        int c = zc_addr_cmp(&a, &b);

                        assert_int_equal((c > 0) - (c < 0), (i > j) - (i < j));
                }
        }
}

static void test_sockaddr(void **state)
{
        static const struct {
                const char *a, *text;
        } rows[] = {
                { "192.0.2.7", "192.0.2.7:65535" },
                { "2001:db8::1", "[2001:db8::1]:65535" },
                { "fe80::1%lo", "[fe80::1%lo]:65535" },
                { "::ffff:255.255.255.255", "[::ffff:255.255.255.255]:65535" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_addr a = addr(rows[i].a), back;
                struct sockaddr_storage ss;
                uint16_t port = 0;
                char text[ZC_ADDR_LEN];
                socklen_t n = zc_addr_to_sockaddr(&a, 65535, &ss);

                assert_int_equal(n, a.family == AF_INET ? sizeof(struct sockaddr_in)
                                                        : sizeof(struct sockaddr_in6));
                assert_true(zc_addr_from_sockaddr((struct sockaddr *)&ss, &back, &port));
                assert_int_equal(port, 65535);
                assert_int_equal(zc_addr_cmp(&a, &back), 0);
                zc_addr_format_port(&a, port, text);
                assert_string_equal(text, rows[i].text);
        }
        assert_false(zc_addr_from_sockaddr(NULL, &(struct zc_addr){ 0 }, NULL));
        assert_false(zc_addr_from_sockaddr(&(struct sockaddr){ .sa_family = AF_UNIX },
                                           &(struct zc_addr){ 0 }, NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_literals), cmocka_unit_test(test_prefixes),
                cmocka_unit_test(test_contains), cmocka_unit_test(test_class),
                cmocka_unit_test(test_order),    cmocka_unit_test(test_sockaddr),
                cmocka_unit_test(test_zones),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
