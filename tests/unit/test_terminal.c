/** Lines and tables: what fits, what breaks where, and that wide characters count as two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../scanner/report/page.h"
#include "zc/text.h"

static const struct {
        const char *text;
        unsigned at, indent, columns;
        const char *want;
} wraps[] = {
        { "", 0, 0, 20, "" },
        { "one two", 0, 0, 20, "one two" },
        { "one two three", 0, 2, 8, "one two\n  three" },
        { "one  two", 0, 0, 20, "one  two" },
        { "one  two", 0, 0, 7, "one\ntwo" },
        { "  one", 0, 0, 20, "one" },
        { "one\ntwo", 0, 4, 20, "one\n    two" },
        { "one\n", 0, 4, 20, "one" },
        { "one\n\ntwo", 0, 0, 20, "one\n\ntwo" },
        { "abcdefghij", 0, 0, 4, "abcd\nefgh\nij" },
        { "abcdefghij", 0, 2, 4, "abcd\n  ef\n  gh\n  ij" },
        { "ab abcdefgh", 0, 0, 4, "ab\nabcd\nefgh" },
        { "世界世界", 0, 0, 4, "世界\n世界" },
        { "世界世界", 0, 0, 5, "世界\n世界" },
        { "世", 0, 0, 1, "世" },
        { "late", 18, 2, 20, "la\n  te" },
};

static void test_wrap(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(wraps); i++) {
                ZC_AUTO(zc_out) out = zc_out_memory(4096);

                zc_wrap(out, wraps[i].text, wraps[i].at, wraps[i].indent, wraps[i].columns);
                if (strcmp(zc_out_data(out, NULL), wraps[i].want) != 0)
                        fail_msg("row %zu: \"%s\", wanted \"%s\"", i, zc_out_data(out, NULL),
                                 wraps[i].want);
        }
}

static const struct {
        const char *text;
        unsigned cap;
        const char *want;
} cuts[] = {
        { "", 5, "" },
        { "abc", 3, "abc" },
        { "abcd", 3, "ab…" },
        { "世界", 4, "世界" },
        { "世界", 3, "世…" },
        { "世界", 2, "…" },
        { "a\033[1m", 20, "a\\u{1b}[1m" },
        { "a\\u{1b}", 20, "a\\u{1b}" },
        { "a\nb", 9, "a\\nb" },
};

static void test_cut(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(cuts); i++) {
                ZC_AUTO_MEM char *got = page_cut(cuts[i].text, cuts[i].cap);

                if (!got || strcmp(got, cuts[i].want) != 0)
                        fail_msg("row %zu: \"%s\", wanted \"%s\"", i, got ? got : "nothing",
                                 cuts[i].want);
        }
}

/** Every line of a table is as wide as the page at most, whatever stands in it, down to the narrowest page. */
static void test_table(void **state)
{
        static const char *const heads[] = { "PORT", "SERVICE", "WORST", NULL };
        static const char *const rows[][3] = {
                { "22/tcp", "ssh", "ok" },
                { "5432/tcp", "a service with a long name 世界", "CRITICAL" },
        };

        (void)state;
        for (unsigned columns = 24; columns < 120; columns++) {
                const struct zc_render how = { .columns = columns };
                ZC_AUTO(zc_out) out = zc_out_memory(1 << 16);
                struct page p = { .out = out, .how = &how, .columns = columns };
                ZC_AUTO(page_table) t = page_table_new(heads);
                struct zc_err err = { 0 };
                const char *s;

                for (size_t i = 0; i < ZC_COUNT(rows); i++)
                        assert_true(page_table_add(t, rows[i], PAGE_PLAIN, &err));
                page_table_print(t, &p);
                for (s = zc_out_data(out, NULL); *s; s += strcspn(s, "\n") + 1) {
                        ZC_AUTO_MEM char *line = strndup(s, strcspn(s, "\n"));

                        assert_true(zc_utf8_columns(line) <= columns);
                }
        }
}

static void test_formats(void **state)
{
        const char *const *names = zc_format_names();

        (void)state;
        for (size_t i = 0; zc_formats[i]; i++) {
                assert_string_equal(names[i], zc_formats[i]->name);
                assert_ptr_equal(zc_format_find(names[i]), zc_formats[i]);
        }
        assert_null(zc_format_find("html5"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_wrap),
                cmocka_unit_test(test_cut),
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_formats),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
