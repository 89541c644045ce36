#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zc/portset.h"

static const struct {
        const char *spec, *text; /* NULL: refused */
        const char *message;
} rows[] = {
        { "22", "22", NULL },
        { "22,80,443", "22,80,443", NULL },
        { "443,22,80", "22,80,443", NULL },
        { "1-3,2-5", "1-5", NULL },
        { "1,2,3", "1-3", NULL },
        { "63-65", "63-65", NULL },
        { "65535", "65535", NULL },
        { "all", "1-65535", NULL },
        { "1-65535", "1-65535", NULL },
        { " 22 ,\t80 ", "22,80", NULL },
        { "ssh,postgresql", "22,5432", NULL },
        { "SSH,Redis", "22,6379", NULL },
        { "postgres,rdp,memcached", "3389,5432,11211", NULL },
        { "7-7", "7", NULL },
        { "", NULL, "column 1: a port is missing" },
        { "22,", NULL, "column 4: a port is missing" },
        { ",22", NULL, "column 1: a port is missing" },
        { "22,,80", NULL, "column 4: a port is missing" },
        { "0", NULL, "column 1: 0 is not a port" },
        { "0-5", NULL, "column 1: 0 is not a port" },
        { "22,65536", NULL, "column 4: 65536 is not a port" },
        { "99999999999999999999999", NULL, "is not a port" },
        { "1-70000", NULL, "column 3: 70000" },
        { "9-3", NULL, "write 3-9" },
        { "80-", NULL, "column 4: \"80-\" lacks an end" },
        { "-80", NULL, "column 1: \"-80\" lacks an end" },
        { "1-2-3", NULL, "column 3" },
        { "22/tcp", NULL, "column 1: \"22/tcp\" is not a port" },
        { "sshh", NULL, "did you mean \"ssh\"?" },
        { "22,redsi", NULL, "column 4: no service is called \"redsi\"; did you mean \"redis\"?" },
        { "qqqqqqqq", NULL, "write numbers" },
        { "top-500", NULL, "\"top-500\" is not a list we have: write top-100, top-1000" },
        { "top-", NULL, "column 1" },
        { "22,a\x1b[1m", NULL, "\\u{1b}" },
        { "2\xff", NULL, "\\xff" },
};

static void test_parse(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_portset s, again;
                struct zc_err err = { 0 };
                ZC_AUTO_TEXT text = { 0 };

                zc_text_init(&text, ZC_TEXT_CEILING);
                if (!rows[i].text) {
                        assert_false(zc_portset_parse(rows[i].spec, &s, &err));
                        assert_int_equal(err.code, ZC_E_USAGE);
                        if (strcasestr(err.text, rows[i].message) == NULL)
                                fail_msg("%s: %s", rows[i].spec, err.text);
                        continue;
                }
                if (!zc_portset_parse(rows[i].spec, &s, &err))
                        fail_msg("%s: %s", rows[i].spec, err.text);
                zc_portset_format(&s, &text);
                assert_string_equal(zc_text_str(&text), rows[i].text);
                assert_true(zc_portset_parse(zc_text_str(&text), &again, &err));
                assert_memory_equal(&s, &again, sizeof s);
        }
}

static void test_walk(void **state)
{
        struct zc_portset s = { 0 };
        unsigned n = 0;

        (void)state;
        assert_int_equal(zc_portset_next(&s, 0), -1);
        zc_portset_add(&s, 1);
        zc_portset_add(&s, 63);
        zc_portset_add(&s, 64);
        zc_portset_add(&s, 65535);
        assert_int_equal(zc_portset_count(&s), 4);
        assert_int_equal(zc_portset_next(&s, -1), 1);
        assert_int_equal(zc_portset_next(&s, 2), 63);
        assert_int_equal(zc_portset_next(&s, 65), 65535);
        assert_int_equal(zc_portset_next(&s, 65536), -1);
        for (int p = zc_portset_next(&s, 1); p >= 0; p = zc_portset_next(&s, p + 1))
                n++;
        assert_int_equal(n, 4);
        assert_true(zc_portset_parse("all", &s, &(struct zc_err){ 0 }));
        assert_int_equal(zc_portset_count(&s), 65535);
        assert_false(zc_portset_has(&s, 0));
}

static void test_top(void **state)
{
        struct zc_portset s, top;
        struct zc_err err = { 0 };

        (void)state;
        assert_true(zc_portset_parse("top-100", &s, &err));
        assert_int_equal(zc_portset_count(&s), 100);
        for (size_t i = 0; i < 6; i++)
                assert_true(zc_portset_has(
                        &s, ((const uint16_t[]){ 22, 80, 443, 5432, 6379, 2375 })[i]));
        top = s;
        assert_true(zc_portset_parse("top-1000", &s, &err));
        assert_int_equal(zc_portset_count(&s), 1000);
        for (int p = zc_portset_next(&top, 1); p >= 0; p = zc_portset_next(&top, p + 1))
                assert_true(zc_portset_has(&s, (uint16_t)p));
        assert_true(zc_portset_has(&s, 2376) && zc_portset_has(&s, 50000) && zc_portset_has(&s, 1));
        assert_false(zc_portset_has(&s, 51820)); /* UDP */
        assert_true(zc_portset_parse("top-100,1", &s, &err));
        assert_int_equal(zc_portset_count(&s), 101);
}

/** UDP beside TCP, each part on its own. */
static void test_both(void **state)
{
        struct zc_portset tcp, udp;
        struct zc_err err = { 0 };

        (void)state;
        assert_true(zc_portset_parse_both(
                "22,udp:53, 123/UDP,443/tcp,tcp:80,udp:8000-8002,udp:snmp", &tcp, &udp, &err));
        assert_int_equal(zc_portset_count(&tcp), 3);
        assert_int_equal(zc_portset_count(&udp), 6);
        assert_true(zc_portset_has(&tcp, 443) && zc_portset_has(&udp, 123) &&
                    zc_portset_has(&udp, 161));
        assert_false(zc_portset_parse_both("22,udp:", &tcp, &udp, &err));
        assert_non_null(strstr(err.text, "column 8"));
        err = (struct zc_err){ 0 };
        assert_false(zc_portset_parse_both("udp:70000", &tcp, &udp, &err));
        assert_non_null(strstr(err.text, "column 5"));
        err = (struct zc_err){ 0 };
        assert_false(zc_portset_parse_both("udp:all", &tcp, &udp, &err));
        assert_non_null(strstr(err.text, "1024"));
        assert_false(zc_portset_parse("udp:53", &tcp, &(struct zc_err){ 0 }));
}

static void test_names(void **state)
{
        (void)state;
        assert_string_equal(zc_port_name(22, false), "ssh");
        assert_string_equal(zc_port_name(443, true), "https");
        assert_string_equal(zc_port_name(5432, false), "postgresql");
        assert_string_equal(zc_port_name(6379, false), "redis");
        assert_string_equal(zc_port_name(514, true), "syslog");
        assert_string_equal(zc_port_name(514, false), "shell");
        assert_null(zc_port_name(6379, true));
        assert_null(zc_port_name(1, false));
        for (unsigned p = 0; p <= 65535;
             p++) { /* every printed name means the port it is printed for */
                const char *name = zc_port_name((uint16_t)p, false);
                struct zc_portset s;

                if (!name)
                        continue;
                assert_true(zc_portset_parse(name, &s, &(struct zc_err){ 0 }));
                assert_true(zc_portset_has(&s, (uint16_t)p));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_parse),
                                            cmocka_unit_test(test_walk), cmocka_unit_test(test_top),
                                            cmocka_unit_test(test_names),
                                            cmocka_unit_test(test_both) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
