#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "zc/text.h"

static void texts_grow(void **state)
{
        ZC_AUTO_TEXT t = { 0 };
        char *s;

        (void)state;
        zc_text_init(&t, ZC_TEXT_CEILING);
        assert_string_equal(zc_text_str(&t), "");
        for (int i = 0; i < 1000; i++)
                zc_text_printf(&t, "%03d,", i);
        assert_int_equal(t.len, 4000);
        assert_memory_equal(zc_text_str(&t) + 3996, "999,", 5);
        zc_text_clear(&t);
        assert_string_equal(zc_text_str(&t), "");
        zc_text_add(&t, "abc");
        zc_text_addc(&t, 'd');
        zc_text_addn(&t, "efg", 2);
        zc_text_addn(&t, NULL, 0);
        s = zc_text_steal(&t);
        assert_string_equal(s, "abcdef");
        free(s);
        assert_string_equal(zc_text_str(&t), "");
        s = zc_text_steal(&t);
        assert_string_equal(s, "");
        free(s);
}

/** Each way of adding, with every ceiling: never past it, never half a character, cut set exactly when cut. */
static void ceilings_cut_between_characters(void **state)
{
        static const char sample[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
        static const size_t whole[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11 };

        (void)state;
        for (size_t ceiling = 0; ceiling <= sizeof(sample); ceiling++) {
                for (int way = 0; way < 3; way++) {
                        ZC_AUTO_TEXT t = { 0 };
                        size_t expected =
                                ceiling < ZC_COUNT(whole) ? whole[ceiling] : sizeof(sample) - 1;

                        zc_text_init(&t, ceiling);
                        if (way == 0)
                                zc_text_add(&t, sample);
                        else if (way == 1)
                                zc_text_printf(&t, "%s", sample);
                        else
                                for (const char *c = sample; *c; c++)
                                        zc_text_addc(&t, *c);
                        assert_int_equal(t.len, expected);
                        assert_int_equal(strlen(zc_text_str(&t)), expected);
                        assert_memory_equal(zc_text_str(&t), sample, expected);
                        assert_int_equal(t.cut, ceiling < sizeof(sample) - 1);
                        zc_text_add(&t, t.cut ? "more" : "");
                        assert_int_equal(t.len, expected);
                }
        }
}

static void out_of_memory_sticks(void **state)
{
        struct zc_text t;

        (void)state;
        zc_text_init(&t, ZC_TEXT_CEILING);
        alloc_fail_at(1);
        zc_text_add(&t, "abc");
        assert_true(t.failed);
        alloc_fail_at(0);
        zc_text_add(&t, "abc");
        zc_text_printf(&t, "%d", 3);
        zc_text_escape(&t, "x", 1);
        assert_string_equal(zc_text_str(&t), "");
        assert_null(zc_text_steal(&t));
        assert_false(t.failed);
        zc_text_add(&t, "abc");
        alloc_fail_at(1);
        for (int i = 0; i < 100; i++)
                zc_text_add(&t, "0123456789");
        assert_true(t.failed);
        assert_null(zc_text_steal(&t));
        alloc_fail_at(0);
}

static void foreign_bytes_are_escaped(void **state)
{
        static const struct {
                const char *in, *out;
        } rows[] = {
                { "plain text, 100%", "plain text, 100%" },
                { "a\tb\r\nc", "a\\tb\\r\\nc" },
                { "back\\slash", "back\\\\slash" },
                { "\x1b[31m\x07\x7f", "\\u{1b}[31m\\u{7}\\u{7f}" },
                { "\xc2\x9b", "\\u{9b}" },                              /* C1: CSI in one */
                { "\xe2\x80\xaegnp.exe", "\\u{202e}gnp.exe" },          /* right-to-left override */
                { "\xe2\x81\xa6x\xe2\x81\xa9", "\\u{2066}x\\u{2069}" }, /* isolates */
                { "a\xe2\x80\x8b\xe2\x80\x8d\xef\xbb\xbf", "a\\u{200b}\\u{200d}\\u{feff}" },
                { "\xe2\x80\xa8\xe2\x80\xa9\xc2\x85", "\\u{2028}\\u{2029}\\u{85}" },
                { "\xc2\xad\xef\xbf\xbe\xf4\x8f\xbf\xbf", "\\u{ad}\\u{fffe}\\u{10ffff}" },
                { "\xee\x80\x80\xf3\xa0\x81\x81", "\\u{e000}\\u{e0041}" }, /* private use, tag */
                { "\xf0\x9f\xbf\xbe", "\\u{1fffe}" },
                { "\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80", "\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80" },
                { "\xef\xbf\xbd", "\xef\xbf\xbd" },
                { "\xff\xfe", "\\xFF\\xFE" },
                { "\xc0\x80\xe0\x80\x80", "\\xC0\\x80\\xE0\\x80\\x80" }, /* overlong */
                { "\xed\xa0\x80", "\\xED\\xA0\\x80" },                   /* surrogate */
                { "\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80" },          /* past U+10FFFF */
                { "\xe2\x82", "\\xE2\\x82" },
                { "\xe2\x82x", "\\xE2\\x82x" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, ZC_TEXT_CEILING);
                zc_text_escape(&t, rows[i].in, strlen(rows[i].in));
                assert_string_equal(zc_text_str(&t), rows[i].out);
                assert_false(t.cut);
        }
}

static void a_nul_is_escaped_and_escapes_stay_whole(void **state)
{
        ZC_AUTO_TEXT t = { 0 };

        (void)state;
        zc_text_init(&t, 100);
        zc_text_escape(&t, "a\0b", 3);
        assert_string_equal(zc_text_str(&t), "a\\u{0}b");
        for (size_t ceiling = 0; ceiling < 7; ceiling++) {
                zc_text_clear(&t);
                t.ceiling = ceiling;
                zc_text_escape(&t, "a\0b", 3);
                assert_true(t.cut);
                assert_string_equal(zc_text_str(&t), ceiling == 0  ? ""
                                                     : ceiling < 6 ? "a"
                                                                   : "a\\u{0}");
        }
}

/** The encoder knows no table: every code point is encoded by hand and must come back, and nothing else may decode. */
static void utf8_is_rfc_3629(void **state)
{
        (void)state;
        for (uint32_t code = 0; code <= 0x1fffff; code += code < 0x11000 ? 1 : 251) {
                size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
                uint8_t bytes[4];
                uint32_t back = 77, rest = code;
                bool good = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);

                for (size_t i = n; i > 1; i--, rest >>= 6)
                        bytes[i - 1] = (uint8_t)(0x80 | (rest & 0x3f));
                bytes[0] = (uint8_t)(n == 1 ? rest : (0xf00u >> n & 0xff) | rest);
                assert_int_equal(zc_utf8_next(bytes, n, &back), good ? n : 0);
                assert_int_equal(back, good ? code : 77);
                assert_int_equal(zc_utf8_next(bytes, n - 1, &back), 0);
                assert_int_equal(zc_utf8_valid(bytes, n), good);
        }
        assert_true(zc_utf8_valid(NULL, 0));
        assert_int_equal(zc_utf8_next(NULL, 0, &(uint32_t){ 0 }), 0);
}

/** Two bytes decode only as RFC 3629's table says. */
static void no_other_pair_decodes(void **state)
{
        (void)state;
        for (unsigned int a = 0x80; a < 0x100; a++) {
                for (unsigned int b = 0; b < 0x100; b++) {
                        uint8_t pair[] = { (uint8_t)a, (uint8_t)b };
                        uint32_t code;
                        bool good = a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf;

                        assert_int_equal(zc_utf8_next(pair, 2, &code), good ? 2 : 0);
                }
        }
}

static void columns_on_a_terminal(void **state)
{
        static const struct {
                const char *text;
                size_t columns;
        } rows[] = {
                { "", 0 },
                { "abc", 3 },
                { "\xc3\xa9", 1 },
                { "e\xcc\x81", 1 },                            /* e, combining acute */
                { "\xe6\xbc\xa2\xe5\xad\x97", 4 },             /* two ideographs */
                { "\xed\x95\x9c", 2 },                         /* Hangul */
                { "\xef\xbc\xa1", 2 },                         /* fullwidth A */
                { "\xf0\x9f\x98\x80", 2 },                     /* emoji */
                { "\xf0\xa0\x80\x80", 2 },                     /* plane 2 */
                { "\xe2\x80\xa6\xe2\x94\x80\xe2\x96\xb6", 3 }, /* ellipsis, box drawing, triangle */
                { "\xd7\x90\xd6\xb0", 1 },                     /* Hebrew with a point */
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++)
                assert_int_equal(zc_utf8_columns(rows[i].text), rows[i].columns);
}

static void ascii_knows_no_locale(void **state)
{
        char s[] = "MiXeD \xc3\x89 @[`{";

        (void)state;
        zc_ascii_lower(s);
        assert_string_equal(s, "mixed \xc3\x89 @[`{");
        assert_true(zc_ascii_eq("Content-Type", "content-tYPE"));
        assert_true(zc_ascii_eq("", ""));
        assert_false(zc_ascii_eq("a", "ab"));
        assert_false(zc_ascii_eq("ab", "a"));
        assert_false(zc_ascii_eq("@", "`"));
        assert_false(zc_ascii_eq("\xc3\x89", "\xc3\xa9"));
}

static void whole_decimal_numbers(void **state)
{
        static const struct {
                const char *s;
                uint64_t max, value;
                bool good;
        } rows[] = {
                { "0", 10, 0, true },
                { "10", 10, 10, true },
                { "11", 10, 0, false },
                { "0080", 65535, 80, true },
                { "65535", 65535, 65535, true },
                { "65536", 65535, 0, false },
                { "18446744073709551615", UINT64_MAX, UINT64_MAX, true },
                { "18446744073709551616", UINT64_MAX, 0, false },
                { "99999999999999999999999", UINT64_MAX, 0, false },
                { "", 10, 0, false },
                { "-1", 10, 0, false },
                { "+1", 10, 0, false },
                { " 1", 10, 0, false },
                { "1 ", 10, 0, false },
                { "0x1", 10, 0, false },
                { "1.0", 10, 0, false },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                uint64_t v = 77;

                assert_int_equal(zc_parse_uint(rows[i].s, strlen(rows[i].s), rows[i].max, &v),
                                 rows[i].good);
                assert_int_equal(v, rows[i].good ? rows[i].value : 77);
        }
        assert_true(zc_parse_uint("123456", 3, 1000, &(uint64_t){ 0 }));
}

static void the_nearest_word(void **state)
{
        static const char *const words[] = {
                "audit",
                "collect",
                "judge",
                "report",
                "explain",
                "rules",
                "tls",
                "a-word-that-is-longer-than-sixty-four-bytes-cannot-be-meant-by-anyone-here",
                NULL
        };
        static const struct {
                const char *word, *nearest;
        } rows[] = {
                { "audit", "audit" },
                { "AUDIT", "audit" },
                { "aduit", "audit" },
                { "audt", "audit" },
                { "colect", "collect" },
                { "jugde", "judge" },
                { "reprot", "report" },
                { "explian", "explain" },
                { "tsl", "tls" },
                { "rule", "rules" },
                { "xyz", NULL },
                { "", NULL },
                { "a", NULL },
                { "tl", NULL },
                { "auditors-all", NULL },
                { "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
                  NULL },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                const char *got = zc_nearest(rows[i].word, words);

                assert_string_equal(got ? got : "(none)",
                                    rows[i].nearest ? rows[i].nearest : "(none)");
        }
        assert_null(zc_nearest("audit", (const char *const[]){ NULL }));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(texts_grow),
                cmocka_unit_test(ceilings_cut_between_characters),
                cmocka_unit_test(out_of_memory_sticks),
                cmocka_unit_test(foreign_bytes_are_escaped),
                cmocka_unit_test(a_nul_is_escaped_and_escapes_stay_whole),
                cmocka_unit_test(utf8_is_rfc_3629),
                cmocka_unit_test(no_other_pair_decodes),
                cmocka_unit_test(columns_on_a_terminal),
                cmocka_unit_test(ascii_knows_no_locale),
                cmocka_unit_test(whole_decimal_numbers),
                cmocka_unit_test(the_nearest_word),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
