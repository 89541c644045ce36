#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "zc/json.h"

static json_t *parse(const char *s)
{
        struct zc_err err = { 0 };
        json_t *value = zc_json_parse(s, strlen(s), &err);

        if (!value)
                fail_msg("%s: %s", s, err.text);
        return value;
}

static void what_is_refused_says_where(void **state)
{
        static const struct {
                const char *in, *starts;
                enum zc_code code;
        } rows[] = {
                { "", "line 1, column 0: ", ZC_E_MALFORMED },
                { "  \n ", "line 2, column 1: ", ZC_E_MALFORMED },
                { "{\"a\":1,\n \"a\":2}", "line 2, column 4: duplicate object key",
                  ZC_E_MALFORMED },
                { "[1,2", "line 1, column 4: ", ZC_E_MALFORMED },
                { "[1] x", "line 1, column 5: ", ZC_E_MALFORMED },
                { "{} {}", "line 1, column 4: ", ZC_E_MALFORMED },
                { "[\"\x1b\"]", "line 1, column 2: ", ZC_E_MALFORMED },
                { "\"\xff\"", "line 1, column 1: ", ZC_E_MALFORMED },
                { "[99999999999999999999]", "line 1, column 21: too big integer", ZC_E_MALFORMED },
                { "[1e999]", "line 1, column 6: real number overflow", ZC_E_MALFORMED },
                { "\"\\u0000\"", "line 1, column 8: ", ZC_E_MALFORMED },
                { "nul", "line 1, column 3: ", ZC_E_MALFORMED },
                { "[NaN]", "line 1, column 4: ", ZC_E_MALFORMED },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_err err = { 0 };

                assert_null(zc_json_parse(rows[i].in, strlen(rows[i].in), &err));
                assert_int_equal(err.code, rows[i].code);
                if (strncmp(err.text, rows[i].starts, strlen(rows[i].starts)) != 0)
                        fail_msg("%s: \"%s\" should start \"%s\"", rows[i].in, err.text,
                                 rows[i].starts);
        }
}

/** The quick reader gives what jansson gives, or leaves it alone; every truncation is refused. */
static void what_is_read_is_what_jansson_reads(void **state)
{
        static const char *const rows[] = {
                "null",
                " [ true , false\n,null ] ",
                "-0",
                "0",
                "-12",
                "123456789012345678",
                "9223372036854775807",
                "-9223372036854775808",
                "1.5",
                "-0.0",
                "1e5",
                "1.25E-3",
                "2.2250738585072011e-308",
                "0.1000000000000000055511151231257827021181583404541015625000000000000",
                "[]",
                "{}",
                "{\"a\":{},\"b\":[],\"\":0}",
                "\"\"",
                "\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\t\"",
                "\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"",
                "\"\\u007f\\u07ff\\u0800\\uFFFD\"",
                "\"\xc3\xa9 \xf0\x9f\x98\x80 \x7f\"",
                "{\"\\u0061\\n\":1,\"caf\xc3\xa9\":[1,2,{\"x\":[]}]}",
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                size_t n = strlen(rows[i]);
                json_t *value = parse(rows[i]),
                       *theirs = json_loadb(rows[i], n, JSON_DECODE_ANY, NULL);

                assert_true(json_equal(value, theirs));
                json_decref(value);
                json_decref(theirs);
                for (size_t cut = 0; cut < n; cut++) {
                        char *exact = memcpy(malloc(cut + 1), rows[i], cut);
                        struct zc_err err = { 0 };

                        value = zc_json_parse(exact, cut, &err);
                        theirs = json_loadb(exact, cut, JSON_DECODE_ANY, NULL);
                        assert_int_equal(value != NULL, theirs != NULL);
                        assert_true(!value || json_equal(value, theirs));
                        json_decref(value);
                        json_decref(theirs);
                        free(exact);
                }
        }
}

/** Long texts with escapes, in a value and in a name: what they take of their own is given back. */
static void long_texts_are_read_too(void **state)
{
        char text[2000], name[640];

        (void)state;
        for (size_t n = 250; n <= 260; n++) {
                json_t *value, *member;

                memset(name, 'n', n);
                name[n] = '\0';
                snprintf(text, sizeof(text), "{\"%s\\t\": \"%s\\n%s\"}", name, name, name);
                value = parse(text);
                name[n] = '\t';
                name[n + 1] = '\0';
                member = json_object_get(value, name);
                assert_int_equal(json_string_length(member), 2 * n + 1);
                assert_int_equal(json_string_value(member)[n], '\n');
                json_decref(value);
        }
}

static void nesting_stops_at_64(void **state)
{
        char text[200];

        (void)state;
        for (size_t depth = 63; depth <= 66; depth++) {
                struct zc_err err = { 0 };
                json_t *value;

                memset(text, '[', depth);
                memset(text + depth, ']', depth);
                value = zc_json_parse(text, depth * 2, &err);
                assert_int_equal(value != NULL, depth <= 64);
                if (!value) {
                        assert_int_equal(err.code, ZC_E_LIMIT);
                        assert_string_equal(err.text,
                                            "line 1, column 65: more than 64 levels of nesting");
                }
                json_decref(value);
        }
        memset(text, '[', 100);
        text[0] = text[99] = '"';
        json_decref(parse((text[100] = '\0', text)));
        json_decref(parse("\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                          "[[[[[[[\""));
        json_decref(parse("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]"
                          ",[],[],[],[],"
                          "[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],"
                          "[],[],[],[],[],[],"
                          "[],[],[],[],[],[],[],[],[],[],[],[],[]]"));
}

static void every_truncation_is_refused(void **state)
{
        static const char whole[] =
                "{\"a\":[1,-2.5e3,true,false,null,{\"b\":\"\\u00e9\\n\xc3\xa9\"}],\"c\":{}}";

        (void)state;
        for (size_t n = 0; n < sizeof(whole) - 1; n++) {
                char *exact = memcpy(malloc(n + (n == 0)), whole, n);
                struct zc_err err = { 0 };

                assert_null(zc_json_parse(exact, n, &err));
                assert_int_equal(err.code, ZC_E_MALFORMED);
                free(exact);
        }
        json_decref(parse(whole));
}

static void any_value_stands_alone(void **state)
{
        static const char *const rows[] = { "1", "-0.5", "\"x\"", "true", "null", "[]", "{}" };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *value = parse(rows[i]);
                char *line = zc_json_line(value);

                assert_string_equal(line, rows[i]);
                free(line);
        }
}

static void canonical_form(void **state)
{
        static const struct {
                const char *in, *canonical, *line;
        } rows[] = {
                { " { \"b\" : 1 , \"a\" : { \"d\" : [ 2, 1 ], \"c\" : null } } ",
                  "{\"a\":{\"c\":null,\"d\":[2,1]},\"b\":1}",
                  "{\"b\":1,\"a\":{\"d\":[2,1],\"c\":null}}" },
                { "[0.1,0.3,1e10,100.0,9.99,1e15,1e-7,1e300,5e-324,1.7976931348623157e308,-0.0,123."
                  "456]",
                  "[0.1,0.3,10000000000.0,100.0,9.99,1e15,1e-7,1e300,5e-324,1.7976931348623157e308,"
                  "-0.0,123.456]",
                  NULL },
                { "\"\\u00e9\\/\\u001b\\t\\\"\\\\\\u007f\"", "\"\xc3\xa9/\\u001b\\t\\\"\\\\\x7f\"",
                  NULL },
                { "{\"\":0,\"B\":1,\"a\":2,\"\xc3\xa9\":3,\"aa\":4}",
                  "{\"\":0,\"B\":1,\"a\":2,\"aa\":4,\"\xc3\xa9\":3}",
                  "{\"\":0,\"B\":1,\"a\":2,\"\xc3\xa9\":3,\"aa\":4}" },
                { "9223372036854775807", "9223372036854775807", NULL },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *value = parse(rows[i].in);
                char *canonical = zc_json_canonical(value), *line = zc_json_line(value);

                assert_string_equal(canonical, rows[i].canonical);
                assert_string_equal(line, rows[i].line ? rows[i].line : rows[i].canonical);
                free(canonical);
                free(line);
        }
}

static void pretty_form(void **state)
{
        json_auto_t *value = parse("{\"b\":[1,{\"c\":null}],\"a\":{},\"l\":[]}");
        char *pretty = zc_json_pretty(value);

        (void)state;
        assert_string_equal(pretty, "{\n  \"b\": [\n    1,\n    {\n      \"c\": null\n    }\n  "
                                    "],\n  \"a\": {},\n  \"l\": []\n}");
        free(pretty);
}

static void foreign_bytes_are_escaped_and_capped(void **state)
{
        static const struct {
                const char *in;
                size_t cap;
                const char *out;
        } rows[] = {
                { "plain", 100, "plain" },
                { "plain", 5, "plain" },
                { "plain", 4, "p\xe2\x80\xa6" },
                { "plain", 3, "\xe2\x80\xa6" },
                { "plain", 2, "pl" },
                { "plain", 0, "" },
                { "", 0, "" },
                { "a\x1b\xff", 100, "a\\u{1b}\\xFF" },
                { "a\x1b\xff", 10, "a\\u{1b}\xe2\x80\xa6" },
                { "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 7, "\xc3\xa9\xc3\xa9\xe2\x80\xa6" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *value = zc_json_bytes(rows[i].in, strlen(rows[i].in), rows[i].cap);

                assert_string_equal(json_string_value(value), rows[i].out);
                assert_true(json_string_length(value) <= rows[i].cap);
        }
        {
                json_auto_t *a = zc_json_printf("%s:%d", "host", 443),
                            *b = zc_json_printf("%s", "bad \xff");
                json_auto_t *nul = zc_json_bytes("a\0b", 3, 100);

                assert_string_equal(json_string_value(a), "host:443");
                assert_string_equal(json_string_value(b), "bad \\xFF");
                assert_string_equal(json_string_value(nul), "a\\u{0}b");
        }
}

static void dotted_paths(void **state)
{
        json_auto_t *root = parse("{\"a\":{\"b\":{\"c\":\"deep\"}},\"n\":1,\"l\":[{\"x\":1}]}");

        (void)state;
        assert_string_equal(zc_json_str(root, "a.b.c", "none"), "deep");
        assert_string_equal(zc_json_str(root, "a.b", "none"), "none");
        assert_string_equal(zc_json_str(root, "a.x.c", "none"), "none");
        assert_null(zc_json_str(root, "n", NULL));
        assert_int_equal(json_integer_value(zc_json_at(root, "n")), 1);
        assert_null(zc_json_at(root, "l.x"));
        assert_null(zc_json_at(root, "l.0"));
        assert_null(zc_json_at(root, "n.x"));
        assert_null(zc_json_at(NULL, "n"));
        assert_ptr_equal(zc_json_at(root, ""), root);
}

/** RFC 6901 section 5, and what its grammar forbids. */
static void pointers(void **state)
{
        char long_key[1000];
        json_auto_t *root = parse("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/"
                                  "b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,"
                                  "\"k\\\"l\":6,\" \":7,\"m~n\":8,\"d\":{\"~1\":9}}");
        static const struct {
                const char *pointer, *value;
        } rows[] = {
                { "/foo", "[\"bar\",\"baz\"]" },
                { "/foo/0", "\"bar\"" },
                { "/foo/1", "\"baz\"" },
                { "/", "0" },
                { "/a~1b", "1" },
                { "/c%d", "2" },
                { "/e^f", "3" },
                { "/g|h", "4" },
                { "/i\\j", "5" },
                { "/k\"l", "6" },
                { "/ ", "7" },
                { "/m~0n", "8" },
                { "/d/~01", "9" },
                { "/foo/2", NULL },
                { "/foo/-", NULL },
                { "/foo/00", NULL },
                { "/foo/01", NULL },
                { "/foo/+1", NULL },
                { "/foo/18446744073709551616", NULL },
                { "/foo/", NULL },
                { "/foo/0/x", NULL },
                { "foo", NULL },
                { "/m~n", NULL },
                { "/m~", NULL },
                { "/m~2n", NULL },
                { "/none/none", NULL },
        };

        (void)state;
        assert_ptr_equal(zc_json_pointer(root, ""), root);
        long_key[0] = '/';
        memset(long_key + 1, 'k', sizeof(long_key) - 2);
        long_key[sizeof(long_key) - 1] = '\0';
        assert_int_equal(json_object_set_new(root, long_key + 1, json_integer(10)), 0);
        assert_int_equal(json_integer_value(zc_json_pointer(root, long_key)), 10);
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                const json_t *got = zc_json_pointer(root, rows[i].pointer);
                char *line = got ? zc_json_line(got) : NULL;

                assert_string_equal(line ? line : "(none)",
                                    rows[i].value ? rows[i].value : "(none)");
                free(line);
        }
}

static void pointers_are_built(void **state)
{
        json_auto_t *root = parse("{\"a/b\":{\"m~n\":{\"\":[7]}}}");
        ZC_AUTO_TEXT t = { 0 };

        (void)state;
        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_json_pointer_add(&t, "a/b");
        zc_json_pointer_add(&t, "m~n");
        zc_json_pointer_add(&t, "");
        zc_json_pointer_add(&t, "0");
        assert_string_equal(zc_text_str(&t), "/a~1b/m~0n//0");
        assert_int_equal(json_integer_value(zc_json_pointer(root, zc_text_str(&t))), 7);
}

static void files_are_named_in_errors(void **state)
{
        char path[] = "/tmp/zc-json-XXXXXX";
        int fd = mkstemp(path);
        struct zc_err err = { 0 };
        char expected[200];
        json_t *value;

        (void)state;
        assert_int_equal(write(fd, "{\"a\":\n[1,]}", 11), 11);
        close(fd);
        assert_null(zc_json_load(path, 100, &err));
        snprintf(expected, sizeof(expected), "%s: line 2, column ", path);
        assert_memory_equal(err.text, expected, strlen(expected));
        assert_null(zc_json_load(path, 10, &err));
        assert_int_equal(err.code, ZC_E_LIMIT);
        assert_int_equal(truncate(path, 0), 0);
        assert_null(zc_json_load(path, 10, &err));
        unlink(path);
        assert_null(zc_json_load(path, 10, &err));
        assert_int_equal(err.code, ZC_E_IO);
        value = zc_json_load("/proc/sys/kernel/pid_max", 100, &err);
        assert_true(json_is_integer(value));
        json_decref(value);
}

static void allocation_failures_lose_nothing(void **state)
{
        static const char text[] = "{\"b\":[1,2.5,\"x\"],\"a\":{}}";
        struct zc_err err = { 0 };

        (void)state;
        for (size_t n = 1;; n++) {
                json_t *value;
                char *canonical;

                alloc_fail_at(n);
                value = zc_json_parse(text, sizeof(text) - 1, &err);
                canonical = value ? zc_json_canonical(value) : NULL;
                json_decref(value);
                free(canonical);
                if (!alloc_failed())
                        break;
                assert_null(canonical);
        }
        for (size_t n = 1; alloc_fail_at(n), true; n++) {
                json_t *value = zc_json_bytes("some\x1b bytes", 11, 8);
                bool failed = alloc_failed();

                assert_int_equal(value == NULL, failed);
                json_decref(value);
                if (!failed)
                        break;
        }
        alloc_fail_at(0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_refused_says_where),
                cmocka_unit_test(what_is_read_is_what_jansson_reads),
                cmocka_unit_test(long_texts_are_read_too),
                cmocka_unit_test(nesting_stops_at_64),
                cmocka_unit_test(every_truncation_is_refused),
                cmocka_unit_test(any_value_stands_alone),
                cmocka_unit_test(canonical_form),
                cmocka_unit_test(pretty_form),
                cmocka_unit_test(foreign_bytes_are_escaped_and_capped),
                cmocka_unit_test(dotted_paths),
                cmocka_unit_test(pointers),
                cmocka_unit_test(pointers_are_built),
                cmocka_unit_test(files_are_named_in_errors),
                cmocka_unit_test(allocation_failures_lose_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
