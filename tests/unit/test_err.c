#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zc/err.h"
#include "zc/text.h"

static void fail_replaces_everything(void **state)
{
        struct zc_err err = { .code = ZC_E_IO, .sys = 5, .text = "earlier" };

        (void)state;
        assert_false(zc_fail(&err, ZC_E_MALFORMED, "%d bytes left", 3));
        assert_int_equal(err.code, ZC_E_MALFORMED);
        assert_int_equal(err.sys, 0);
        assert_string_equal(err.text, "3 bytes left");
}

static void context_goes_in_front(void **state)
{
        struct zc_err err = { 0 };

        (void)state;
        zc_fail(&err, ZC_E_TIMEOUT, "no answer");
        assert_false(zc_ctx(&err, "reading the banner"));
        assert_false(zc_ctx(&err, "asking %s", "192.0.2.7"));
        assert_string_equal(err.text, "asking 192.0.2.7: reading the banner: no answer");
        assert_int_equal(err.code, ZC_E_TIMEOUT);
}

static void an_error_may_quote_itself(void **state)
{
        struct zc_err err = { 0 };

        (void)state;
        zc_fail(&err, ZC_E_IO, "inner");
        zc_fail(&err, ZC_E_LIMIT, "outer (%s)", err.text);
        assert_string_equal(err.text, "outer (inner)");
        zc_ctx(&err, "again %s", err.text);
        assert_string_equal(err.text, "again outer (inner): outer (inner)");
}

static void errno_is_kept_and_named(void **state)
{
        static const struct {
                int sys;
                enum zc_code code;
                const char *text;
        } rows[] = {
                { ENOENT, ZC_E_IO, "cannot open x: No such file or directory" },
                { EACCES, ZC_E_DENIED, "cannot open x: Permission denied" },
                { EPERM, ZC_E_DENIED, "cannot open x: Operation not permitted" },
                { 9999, ZC_E_IO, "cannot open x: Unknown error 9999" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_err err = { 0 };

                errno = rows[i].sys;
                assert_false(zc_fail_errno(&err, "cannot open %s", "x"));
                assert_int_equal(err.sys, rows[i].sys);
                assert_int_equal(err.code, rows[i].code);
                assert_string_equal(err.text, rows[i].text);
        }
}

static void what_could_act_on_a_terminal_is_replaced(void **state)
{
        static const struct {
                const char *in, *out;
        } rows[] = {
                { "a\x1b[31mb\nc\td\x7f", "a?[31mb?c?d?" },
                { "r\xc3\xa9sum\xc3\xa9 \xe6\xbc\xa2", "r\xc3\xa9sum\xc3\xa9 \xe6\xbc\xa2" },
                { "c1 \xc2\x9b 31m", "c1 ?? 31m" },
                { "bad \xff\xc0\x80 end \xe2\x82", "bad ??? end ??" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_err err = { 0 };

                zc_fail(&err, ZC_E_IO, "%s", rows[i].in);
                assert_string_equal(err.text, rows[i].out);
        }
}

/** Whatever the lengths, the text ends inside its array and no character is cut in two. */
static void long_texts_are_cut_at_a_character(void **state)
{
        char words[1200];

        (void)state;
        for (size_t n = 380; n < sizeof(words) - 4; n++) {
                struct zc_err err = { 0 };

                memset(words, 'x', n % 7);
                for (size_t i = n % 7; i + 3 <= n; i += 3)
                        memcpy(words + i, "\xe2\x82\xac", 4);
                zc_fail(&err, ZC_E_IO, "%s", words);
                assert_true(strlen(err.text) < sizeof(err.text));
                assert_true(strlen(err.text) + 4 >= sizeof(err.text) || strlen(err.text) + 3 > n);
                assert_true(zc_utf8_valid(err.text, strlen(err.text)));
                errno = ENOSPC;
                zc_fail_errno(&err, "%s", words);
                assert_non_null(strstr(err.text, ": No space left on device"));
                assert_true(zc_utf8_valid(err.text, strlen(err.text)));
        }
}

static void a_long_context_leaves_the_cause(void **state)
{
        struct zc_err err = { 0 };
        char words[1000];

        (void)state;
        memset(words, 'w', sizeof(words) - 1);
        words[sizeof(words) - 1] = '\0';
        zc_fail(&err, ZC_E_IO, "the cause");
        for (int i = 0; i < 5; i++)
                zc_ctx(&err, "%s", words);
        assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
        zc_fail(&err, ZC_E_IO, "the cause");
        zc_ctx(&err, "%s", words);
        assert_non_null(strstr(err.text, ": the cause"));
        zc_fail(&err, ZC_E_IO, "%s", words);
        zc_ctx(&err, "reading");
        assert_memory_equal(err.text, "reading: www", 12);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(fail_replaces_everything),
                cmocka_unit_test(context_goes_in_front),
                cmocka_unit_test(an_error_may_quote_itself),
                cmocka_unit_test(errno_is_kept_and_named),
                cmocka_unit_test(what_could_act_on_a_terminal_is_replaced),
                cmocka_unit_test(long_texts_are_cut_at_a_character),
                cmocka_unit_test(a_long_context_leaves_the_cause),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
