#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "zc/cvss.h"

/* Scores that the published calculators give. */
static const struct {
        const char *vector;
        unsigned tenths;
} published[] = {
#include "cvss_vectors.h"
};

static struct zc_cvss parse(const char *s)
{
        struct zc_err err = { 0 };
        struct zc_cvss v;

        if (!zc_cvss_parse(s, &v, &err))
                fail_msg("%s: %s", s, err.text);
        return v;
}

static void test_published(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(published); i++) {
                struct zc_cvss v = parse(published[i].vector);
                char macro[7];

                zc_cvss_macro(&v, macro);
                if (zc_cvss_score(&v) != published[i].tenths)
                        fail_msg("%s (%s): %u, published %u", published[i].vector, macro,
                                 zc_cvss_score(&v), published[i].tenths);
        }
}

/* Section 8.1: the MacroVector; threat and environmental metrics change it. */
static void test_macro(void **state)
{
        static const struct {
                const char *more, *macro;
        } rows[] = {
                { "", "000100" },
                { "/E:P", "000110" },
                { "/E:U", "000120" },
                { "/E:X/CR:X/MAV:X", "000100" },
                { "/CR:L/IR:M/AR:M", "000101" },
                { "/MAV:P", "200100" },
                { "/MAC:H", "010100" },
                { "/MSC:N/MSI:N/MSA:N", "000200" },
                { "/MSI:S", "000000" },
                { "/MVC:N/MVI:N/MVA:N", "002101" },
                { "/S:P/AU:Y/R:I/V:C/RE:H/U:Red", "000100" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                char text[256], macro[7];
                struct zc_cvss v;

                snprintf(text, sizeof(text),
                         "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H%s",
                         rows[i].more);
                v = parse(text);
                zc_cvss_macro(&v, macro);
                assert_string_equal(macro, rows[i].macro);
        }
}

#define GOOD "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"

static void test_refused(void **state)
{
        static const struct {
                const char *vector, *words;
        } rows[] = {
                { "", "begins with CVSS:4.0/" },
                { "CVSS:3.1/AV:N", "begins with CVSS:4.0/" },
                { "CVSS:4.0/", "no metric \"\"" },
                { GOOD "/", "no metric \"\"" },
                { GOOD "/E", "no metric \"E\"" },
                { GOOD "/E:Z", "E has no value \"Z\"" },
                { GOOD "/E:", "E has no value \"\"" },
                { GOOD "/e:A", "no metric \"e:A\"" },
                { GOOD "/E:A/E:A", "E stands twice" },
                { GOOD "/CR:H/E:A", "E stands after CR" },
                { GOOD "/U:Redd", "no value \"Redd\"" },
                { "CVSS:4.0/AC:L/AV:N/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                  "AV stands after AC" },
                { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N",
                  "base metric SA is missing" },
                { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:S/SA:N",
                  "SI has no value \"S\"" },
                { " " GOOD, "begins with" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_err err = { 0 };
                struct zc_cvss v;

                assert_false(zc_cvss_parse(rows[i].vector, &v, &err));
                assert_int_equal(err.code, ZC_E_USAGE);
                if (!strstr(err.text, rows[i].words))
                        fail_msg("%s: %s", rows[i].vector, err.text);
        }
}

/* Every truncation is refused, and what is read is written back as it was. */
static void test_sweep(void **state)
{
        static const char whole[] = GOOD "/E:A/CR:H/IR:M/AR:X/MAV:A/MSI:S/S:N/U:Amber";
        ZC_AUTO_TEXT t = { 0 };
        struct zc_cvss v = parse(whole);

        (void)state;
        zc_text_init(&t, 512);
        zc_cvss_text(&v, &t);
        assert_string_equal(zc_text_str(&t), whole);
        for (size_t n = 0; n < sizeof(GOOD) - 1; n++) {
                char *cut = strndup(GOOD, n);

                assert_false(zc_cvss_parse(cut, &v, &(struct zc_err){ 0 }));
                free(cut);
        }
}

/* What is worse in one metric never scores less. */
static void test_monotonic(void **state)
{
        unsigned before = 100;
        static const char *const rows[] = {
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
                "CVSS:4.0/AV:A/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
                "CVSS:4.0/AV:A/AC:H/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:L/SI:H/SA:H",
                "CVSS:4.0/AV:A/AC:H/AT:P/PR:L/UI:N/VC:H/VI:L/VA:H/SC:L/SI:L/SA:H",
                "CVSS:4.0/AV:L/AC:H/AT:P/PR:L/UI:P/VC:L/VI:L/VA:L/SC:L/SI:L/SA:L",
                "CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:N/VI:N/VA:L/SC:N/SI:N/SA:N",
                "CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N",
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_cvss v = parse(rows[i]);

                assert_true(zc_cvss_score(&v) <= before);
                before = zc_cvss_score(&v);
        }
        assert_int_equal(before, 0);
}

static void test_bands(void **state)
{
        static const struct {
                unsigned tenths;
                enum zc_severity band;
        } rows[] = {
                { 0, ZC_INFO },    { 1, ZC_LOW },       { 39, ZC_LOW },
                { 40, ZC_MEDIUM }, { 69, ZC_MEDIUM },   { 70, ZC_HIGH },
                { 89, ZC_HIGH },   { 90, ZC_CRITICAL }, { 100, ZC_CRITICAL },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++)
                assert_int_equal(zc_cvss_band(rows[i].tenths), rows[i].band);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_published), cmocka_unit_test(test_macro),
                cmocka_unit_test(test_refused),   cmocka_unit_test(test_sweep),
                cmocka_unit_test(test_monotonic), cmocka_unit_test(test_bands),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
