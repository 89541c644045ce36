/** Reading a command line: rows of words and what they come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zc/cli.h"

#define WORDS_MAX 8

struct row {
        const char *words[WORDS_MAX];
        const char *error; /* a part of it; NULL: good */
};

static const struct row rows[] = {
        { { "config", "check" }, NULL },
        { { "config", "check", "-" }, NULL },
        { { "-v", "config", "check", "-qv" }, NULL },
        { { "config", "check", "--config=x" }, NULL },
        { { "config", "check", "--config", "x" }, NULL },
        { { "config", "--", "check" }, NULL },
        { { "config", "--help" }, NULL },
        { { "help" }, NULL },
        { { "help", "config" }, NULL },
        { { "--version" }, NULL },
        { { NULL }, NULL },
        { { "confg" }, "did you mean `zerocrit config`?" },
        { { "zzzzzzzz" }, "`zerocrit --help` lists them" },
        { { "" }, "there is no command \"\"" },
        { { "config" }, "needs a word more: zerocrit config check" },
        { { "config", "chekc" }, "did you mean `zerocrit config check`?" },
        { { "config", "frobnicate" }, "write zerocrit config check" },
        { { "config", "check", "--confg", "x" },
          "there is no option --confg; did you mean --config?" },
        { { "config", "check", "--frobnicate" }, "there is no option --frobnicate" },
        { { "config", "check", "--config" }, "--config needs FILE" },
        { { "config", "check", "--config=" }, "--config needs FILE: the one given is empty" },
        { { "config", "check", "--config=a", "--config=b" }, "--config is given twice" },
        { { "config", "check", "--quiet=1" }, "--quiet takes no value" },
        { { "config", "check", "-x" }, "there is no option -x" },
        { { "config", "check", "--owner", "x" }, "`zerocrit config` takes no --owner" },
        { { "--owner", "x", "config", "check" }, "`zerocrit config` takes no --owner" },
        { { "config", "check", "--active", "x" }, "there is no option --active" },
};

static size_t count(const char *const *words)
{
        size_t n = 0;

        while (n < WORDS_MAX && words[n])
                n++;
        return n;
}

static bool parse(struct zc_arena *arena, const char *const *words, size_t n, struct zc_options *o,
                  struct zc_err *err)
{
        char *argv[64] = { (char *)(uintptr_t) "zerocrit" };

        for (size_t i = 0; i < n; i++)
                argv[i + 1] = (char *)(uintptr_t)words[i];
        return zc_options_parse(o, arena, (int)n + 1, argv, err);
}

static void test_rows(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO(zc_arena) arena = zc_arena_new(0);
                struct zc_err err = { 0 };
                struct zc_options o;
                bool ok = parse(arena, rows[i].words, count(rows[i].words), &o, &err);

                if (ok != !rows[i].error ||
                    (!ok && (!strstr(err.text, rows[i].error) || err.code != ZC_E_USAGE)))
                        fail_msg("row %zu: %s, wanted %s", i, ok ? "good" : err.text,
                                 rows[i].error ? rows[i].error : "good");
        }
}

/* Options that only some commands take are tried without a command: which take them is checked once there is one. */
static const struct row values[] = {
        { { "--only", "ports,listeners" }, NULL },
        { { "--only", "ports,,listeners" }, "--only: column 7: nothing stands between the commas" },
        { { "--only", "ports," }, "--only: column 7" },
        { { "--deadline", "3m" }, NULL },
        { { "--deadline", "3" }, "is no time" },
        { { "--deadline", "0s" }, "is no time" },
        { { "--deadline", "-1s" }, "is no time" },
        { { "--rate", "1000000" }, NULL },
        { { "--rate", "max" }, NULL },
        { { "--rate", "maxi" }, "nor max" },
        { { "--concurrency", "max" }, "is no whole number from 1 to 65000" },
        { { "--rate", "1000001" }, "is no whole number from 1 to 1000000" },
        { { "--rate", "0" }, "is no whole number" },
        { { "--rate", "1e3" }, "is no whole number" },
        { { "--concurrency", "65001" }, "from 1 to 65000" },
        { { "-o" }, "--output needs PATH" },
        { { "-oa", "--output", "b" }, "--output is given twice" },
};

static void test_values(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(values); i++) {
                ZC_AUTO(zc_arena) arena = zc_arena_new(0);
                struct zc_err err = { 0 };
                struct zc_options o;
                bool ok = parse(arena, values[i].words, count(values[i].words), &o, &err);

                if (ok != !values[i].error || (!ok && !strstr(err.text, values[i].error)))
                        fail_msg("row %zu: %s, wanted %s", i, ok ? "good" : err.text,
                                 values[i].error ? values[i].error : "good");
        }
}

static void test_fields(void **state)
{
        static const char *const words[] = { "--only",   "a,b",      "--only=c", "-oX",
                                             "--wait",   "60s",      "--rate=7", "-vvq",
                                             "--report", "json=a,b", "--report", "json=c",
                                             "--dry-run" };
        ZC_AUTO(zc_arena) arena = zc_arena_new(0);
        struct zc_err err = { 0 };
        struct zc_options o;

        (void)state;
        assert_true(parse(arena, words, ZC_COUNT(words), &o, &err));
        assert_int_equal(o.only.count, 3);
        assert_string_equal(o.only.item[2], "c");
        assert_null(o.only.item[3]);
        assert_string_equal(o.output, "X");
        assert_int_equal(o.wait_ms, 60000);
        assert_int_equal(o.rate, 7);
        assert_int_equal(o.verbose, 2);
        assert_true(o.quiet);
        assert_true(o.dry_run);
        assert_int_equal(o.reports.count, 2);
        assert_string_equal(o.reports.item[0], "json=a,b");
        assert_null(o.command);
}

static void test_list_grows(void **state)
{
        ZC_AUTO(zc_arena) arena = zc_arena_new(0);
        struct zc_err err = { 0 };
        struct zc_list l = { 0 };
        char word[16];

        (void)state;
        for (unsigned i = 0; i < 4096; i++) {
                snprintf(word, sizeof(word), "%u", i);
                assert_true(zc_list_add(arena, &l, zc_arena_strdup(arena, word), &err));
                assert_null(l.item[l.count]);
        }
        for (unsigned i = 0; i < 4096; i++) {
                snprintf(word, sizeof(word), "%u", i);
                assert_string_equal(l.item[i], word);
        }
        assert_false(zc_list_add(arena, &l, "x", &err));
        assert_non_null(strstr(err.text, "--targets FILE"));
}

/** Every help fits its width and ends in a newline. */
static void test_help(void **state)
{
        static const unsigned widths[] = { 60, 80, 100, 200 };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(widths); i++) {
                for (size_t c = 0;; c++) {
                        ZC_AUTO(zc_out) out = zc_out_memory((size_t)1 << 20);
                        const char *text;
                        size_t n = 0;

                        if (zc_commands[c])
                                zc_help_command(zc_commands[c], out, widths[i]);
                        else
                                zc_help_program(out, widths[i]);
                        text = zc_out_data(out, &n);
                        assert_true(n > 100 && text[n - 1] == '\n');
                        assert_non_null(strstr(text, "Examples"));
                        assert_non_null(strstr(text, "xit status"));
                        if (!zc_commands[c])
                                break;
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),   cmocka_unit_test(test_values),
                cmocka_unit_test(test_fields), cmocka_unit_test(test_list_grows),
                cmocka_unit_test(test_help),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
