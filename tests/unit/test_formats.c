/** Every format of a rich report: whole without memory trouble, and an error that says so with it, at whichever allocation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../scanner/report/markup.h"
#include "../../scanner/report/view.h"
#include "alloc.h"
#include "zc/report.h"

#define SAMPLE "reports/samples/web1.json"
#define NO_TROUBLE 200000u

static json_t *sample(void)
{
        struct zc_err err = { 0 };
        json_t *report = zc_json_load(SAMPLE, (size_t)1 << 20, &err);

        if (!report)
                fail_msg("%s", err.text);
        return report;
}

static const struct {
        const char *text, *want;
} texts[] = {
        { "", "" },
        { "plain", "plain" },
        { "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;" },
        { "\" onload='x' &amp;", "&quot; onload=&#39;x&#39; &amp;amp;" },
        { "a\033[31m\007", "a\\u{1b}[31m\\u{7}" },
        { "line\nline", "line\nline" },
        { "\xe2\x80\xaetxt.exe", "\\u{202e}txt.exe" },
        { "\xef\xbf\xbf", "\\u{ffff}" },
        { "]]>", "]]&gt;" },
};

static void test_markup(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(texts); i++) {
                ZC_AUTO(zc_out) out = zc_out_memory(4096);

                markup_text(out, texts[i].text);
                assert_string_equal(zc_out_data(out, NULL), texts[i].want);
        }
}

/** A sample of the allocations, each at its own place: all of them would take minutes. */
static void test_memory(void **state)
{
        json_t *report = sample();

        (void)state;
        for (size_t f = 0; zc_formats[f]; f++) {
                for (size_t n = 1; n < NO_TROUBLE; n += 1 + n / 8) {
                        const struct zc_render how = { .verbose = 1 };
                        struct zc_err err = { 0 };
                        struct zc_out *out = zc_out_memory((size_t)1 << 24);
                        bool good, failed;

                        assert_non_null(out);
                        alloc_fail_at(n);
                        good = zc_formats[f]->render(report, &how, out, &err) &&
                               zc_out_commit(out, &err);
                        failed = alloc_failed();
                        alloc_fail_at(0);
                        if (!good)
                                assert_int_equal(err.code, ZC_E_NOMEM);
                        zc_out_free(out);
                        if (!failed)
                                break;
                }
        }
        json_decref(report);
}

static void test_gate(void **state)
{
        static const struct {
                const char *target, *severity, *change, *tag;
                bool counts;
        } rows[] = {
                { "critical", "critical", "new", "", true },
                { "critical", "high", "new", "", false },
                { "critical", "critical", "absent", "", false },
                { "new-high", "high", "new", "", true },
                { "new-high", "high", "new-data", "", true },
                { "new-high", "high", "unchanged", "", false },
                { "tag:release-blocker", "low", "unchanged", "release-blocker", true },
                { "tag:release-blocker", "low", "unchanged", "other", false },
                { "id:ZC-X-*", "info", "unchanged", "", true },
                { "id:ZC-Y-*", "info", "unchanged", "", false },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_t *report = json_pack("{s:{s:{s:i}}}", "gate", "target", rows[i].target, 0);
                json_t *f = json_pack("{s:s, s:s, s:s, s:s, s:[s]}", "rule", "ZC-X-001", "status",
                                      "open", "severity", rows[i].severity, "change",
                                      rows[i].change, "tags", rows[i].tag);

                if (view_gate_counts(report, f) != rows[i].counts)
                        fail_msg("row %zu: %s", i, rows[i].target);
                json_decref(report);
                json_decref(f);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_markup),
                cmocka_unit_test(test_gate),
                cmocka_unit_test(test_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
