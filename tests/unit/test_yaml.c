#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zc/clock.h"
#include "zc/yaml.h"

#define N_(s) (s), sizeof(s) - 1

static void reads(void **state)
{
        static const struct {
                const char *yaml, *json;
        } rows[] = {
                { "", "null" },
                { "# nothing\n", "null" },
                { "a: 1\nb: [x, 2, ~, true]\n", "{\"a\":1,\"b\":[\"x\",2,null,true]}" },
                { "{\"a\": {\"b\": [1.5, -2e3, \"x\\u00e9\"]}}",
                  "{\"a\":{\"b\":[1.5,-2000.0,\"x\u00e9\"]}}" },
                { "a: 0x0303\n", "{\"a\":771}" },
                { "a: -0\n", "{\"a\":0}" },
                { "a: yes\nb: on\nc: No\n", "{\"a\":\"yes\",\"b\":\"on\",\"c\":\"No\"}" },
                { "on: [a]\n", "{\"on\":[\"a\"]}" },
                { "a: 2026-11-01T00:00:00Z\n", "{\"a\":\"2026-11-01T00:00:00Z\"}" },
                { "a: 10.0.0.1\nb: 01.02.2024\nc: 1:30\n",
                  "{\"a\":\"10.0.0.1\",\"b\":\"01.02.2024\",\"c\":\"1:30\"}" },
                { "a: \"010\"\nb: '~'\nc: 'true'\n", "{\"a\":\"010\",\"b\":\"~\",\"c\":\"true\"}" },
                { "a:\nb: ''\n", "{\"a\":null,\"b\":\"\"}" },
                { "a: |\n  one\n  two\n", "{\"a\":\"one\\ntwo\\n\"}" },
                { "a: >-\n  one\n  two\n", "{\"a\":\"one two\"}" },
                { "a: 80/tcp\nb: 0xzz\nc: 1_000\n",
                  "{\"a\":\"80/tcp\",\"b\":\"0xzz\",\"c\":\"1_000\"}" },
                { "---\na: 1\n...\n", "{\"a\":1}" },
                { "\xef\xbb\xbf"
                  "a: 1\n",
                  "{\"a\":1}" },
                { "\"22\": x\n", "{\"22\":\"x\"}" },
                { "a: 9223372036854775807\n", "{\"a\":9223372036854775807}" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO(zc_yaml) y = NULL;
                struct zc_err err = { 0 };
                ZC_AUTO_MEM char *line = NULL;

                if (!zc_yaml_parse("t", rows[i].yaml, strlen(rows[i].yaml), &y, &err))
                        fail_msg("row %zu: %s", i, err.text);
                line = zc_json_line(zc_yaml_root(y));
                assert_string_equal(line, rows[i].json);
        }
}

static void refuses(void **state)
{
        static const struct {
                const char *yaml;
                size_t len;
                const char *starts, *says;
        } rows[] = {
                { N_("a: &x 1\n"), "t:1:4: ", "anchors" },
                { N_("a: &x [1]\n"), "t:1:4: ", "anchors" },
                { N_("&x a: 1\n"), "t:1:1: ", "anchors" },
                { N_("a: *x\n"), "t:1:4: ", "aliases" },
                { N_("*x : 1\n"), "t:1:1: ", "key must be text" },
                { N_("a: !!int 1\n"), "t:1:4: ", "tags" },
                { N_("a: ! x\n"), "t:1:4: ", "tags" },
                { N_("- a: 1\n  <<: {b: 1}\n"), "t:2:3: ", "merge keys" },
                { N_("a: 1\nb: 2\na: 3\n"), "t:3:1: ", "\"a\" stands here twice" },
                { N_("{\"a\": 1, \"\\u0061\": 2}"), "t:1:10: ", "twice" },
                { N_("22: x\n"), "t:1:1: ", "quote it (\"22\")" },
                { N_("true: x\n"), "t:1:1: ", "quote it" },
                { N_("? [a]\n: x\n"), "t:1:3: ", "key must be text" },
                { N_("a: 1\n---\nb: 2\n"), "t:2:1: ", "second document" },
                { N_("%YAML 1.1\n---\na: 1\n"), "t:1:1: ", "directives" },
                { N_("a: 010\n"), "t:1:4: ", "quote it (\"010\")" },
                { N_("a: -01\n"), "t:1:4: ", "quote it" },
                { N_("a: 01.5\n"), "t:1:4: ", "quote it" },
                { N_("a: +5\n"), "t:1:4: ", "quote it" },
                { N_("a: 0o17\n"), "t:1:4: ", "quote it" },
                { N_("a: True\n"), "t:1:4: ", "quote it" },
                { N_("a: .inf\n"), "t:1:4: ", "quote it" },
                { N_("a: 9223372036854775808\n"), "t:1:4: ", "out of range" },
                { N_("a: 0x8000000000000000\n"), "t:1:4: ", "out of range" },
                { N_("a: 1e999\n"), "t:1:4: ", "out of range" },
                { N_("a: \"x\\0y\"\n"), "t:1:4: ", "NUL" },
                { N_("a: [1, 2\n"), "t:2:1: ", "" },
                { N_("a: b: c\n"), "t:1:5: ", "mapping values" },
                { N_("a:\n\t- b\n"), "t:2:1: ", "" },
                { N_("a: \"\\ud800\"\n"), "t:1:", "" },
                { N_("a: x\xff\n"), "t:1:5: ", "UTF-8" },
                { N_("a: x\0y\n"), "t:1:5: ", "control" },
                { N_("\xff\xfe"
                     "a\0"),
                  "t:1:1: ", "UTF-8" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_yaml *y = NULL;
                struct zc_err err = { 0 };

                if (zc_yaml_parse("t", rows[i].yaml, rows[i].len, &y, &err))
                        fail_msg("row %zu was accepted: %s", i, rows[i].yaml);
                assert_null(y);
                assert_int_equal(err.code, ZC_E_USAGE);
                if (strncmp(err.text, rows[i].starts, strlen(rows[i].starts)) != 0 ||
                    !strstr(err.text, rows[i].says))
                        fail_msg("row %zu: %s", i, err.text);
        }
}

static void places(void **state)
{
        static const char yaml[] = "rules:\n"
                                   "  - id: X\n"
                                   "    when: 'self.a > 1'\n"
                                   "  - id: Y\n"
                                   "    when: |\n"
                                   "      self.a\n"
                                   "        && self.b\n"
                                   "    plain: self.c == 3\n"
                                   "a/b: {m~n: 1}\n";
        static const struct {
                const char *pointer;
                unsigned line, column;
        } rows[] = {
                { "", 1, 1 },
                { "/rules", 1, 1 },
                { "/rules/0", 2, 5 },
                { "/rules/0/id", 2, 5 },
                { "/rules/1/when", 5, 5 },
                { "/rules/1/nothing", 4, 5 },
                { "/rules/7", 1, 1 },
                { "/rules/x", 1, 1 },
                { "/a~1b", 9, 1 },
                { "/a~1b/m~0n", 9, 7 },
                { "/a", 1, 1 },
        };
        static const struct {
                const char *pointer;
                unsigned text_line, text_column, line, column;
        } texts[] = {
                { "/rules/0/when", 1, 1, 3, 12 },
                { "/rules/0/when", 1, 6, 3, 17 },
                { "/rules/1/when", 1, 1, 6, 7 },
                { "/rules/1/plain", 1, 6, 8, 17 },
        };
        ZC_AUTO(zc_yaml) y = NULL;
        struct zc_err err = { 0 };
        unsigned line = 0, column = 0;

        (void)state;
        assert_true(zc_yaml_parse("t", N_(yaml), &y, &err));
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                zc_yaml_where(y, rows[i].pointer, &line, &column);
                if (line != rows[i].line || column != rows[i].column)
                        fail_msg("%s: %u:%u", rows[i].pointer, line, column);
        }
        for (size_t i = 0; i < ZC_COUNT(texts); i++) {
                zc_yaml_where_text(y, texts[i].pointer, texts[i].text_line, texts[i].text_column,
                                   &line, &column);
                if (line != texts[i].line || column != texts[i].column)
                        fail_msg("text %zu: %u:%u", i, line, column);
        }
        assert_false(zc_yaml_fail(y, "/rules/1/id", &err, "%s", "no"));
        assert_string_equal(err.text, "t:4:5: no");
}

/** n times `unit`, then `end`: refused quickly, whatever it is. */
static void hostile(const char *unit, size_t n, const char *end)
{
        struct zc_yaml *y = NULL;
        struct zc_err err = { 0 };
        int64_t before = zc_mono_ms();
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_YAML_MAX);
        for (size_t i = 0; i < n; i++)
                zc_text_add(&t, unit);
        zc_text_add(&t, end);
        assert_false(zc_yaml_parse("t", zc_text_str(&t), t.len, &y, &err));
        assert_true(err.code != ZC_OK);
        print_message("# %zu x \"%.10s\": %lld ms, %.60s\n", n, unit,
                      (long long)(zc_mono_ms() - before), err.text);
}

static void hostile_files(void **state)
{
        ZC_AUTO_MEM char *big = calloc(1, ZC_YAML_MAX + 1);
        struct zc_yaml *y = NULL;
        struct zc_err err = { 0 };

        (void)state;
        hostile("[", 900000, "");
        hostile("{a: ", 200000, "");
        hostile("- ", 400000, "x\n");
        hostile("? ", 400000, "x\n");
        hostile("a: &a [*a,*a]\n", 50000, "");
        hostile("- x\n", 250000, "");
        hostile("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", 20000, ": 1\n");
        hostile("\"", 900001, "");
        assert_non_null(big);
        assert_false(zc_yaml_parse("t", big, ZC_YAML_MAX + 1, &y, &err));
        assert_non_null(strstr(err.text, "larger than"));
}

static void depth_limit(void **state)
{
        (void)state;
        for (unsigned depth = ZC_YAML_DEPTH_MAX - 1; depth <= ZC_YAML_DEPTH_MAX + 1; depth++) {
                ZC_AUTO(zc_yaml) y = NULL;
                struct zc_err err = { 0 };
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, 1024);
                for (unsigned i = 1; i < depth; i++)
                        zc_text_addc(&t, '[');
                zc_text_addc(&t, '1');
                for (unsigned i = 1; i < depth; i++)
                        zc_text_addc(&t, ']');
                assert_int_equal(zc_yaml_parse("t", zc_text_str(&t), t.len, &y, &err),
                                 depth <= ZC_YAML_DEPTH_MAX);
        }
}

/** Every truncation is read or refused, from an exact-size copy. */
static void truncations(void **state)
{
        static const char yaml[] = "rules:\n  - {id: \"X\\u00e9\", when: 'a'}\n  - id: |\n      "
                                   "x\n    b: [1, 0x2, ~]\n";

        (void)state;
        for (size_t n = 0; n < sizeof(yaml); n++) {
                char *exact = memcpy(malloc(n ? n : 1), yaml, n);
                struct zc_yaml *y = NULL;
                struct zc_err err = { 0 };

                if (zc_yaml_parse("t", exact, n, &y, &err))
                        zc_yaml_free(y);
                else
                        assert_memory_equal(err.text, "t:", 2);
                free(exact);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads),       cmocka_unit_test(refuses),
                cmocka_unit_test(places),      cmocka_unit_test(hostile_files),
                cmocka_unit_test(depth_limit), cmocka_unit_test(truncations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
