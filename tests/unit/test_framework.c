#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "zc/file.h"
#include "zc/framework.h"

static struct zc_pack *builtin(void)
{
        struct zc_pack *p = NULL;
        struct zc_err err = { 0 };

        if (!zc_pack_builtin(&p, &err))
                fail_msg("%s", err.text);
        return p;
}

static struct zc_framework *parse(const char *text)
{
        struct zc_framework *f = NULL;
        struct zc_err err = { 0 };

        if (!zc_framework_parse("f.yaml", text, strlen(text), &f, &err))
                fail_msg("%s", err.text);
        return f;
}

#define HEAD "framework: pci-dss\ntitle: t\nversion: \"1\"\n"

/* Ours are checked in full: no selector selects nothing, and what rules refer to is listed. */
static void shipped(void **state)
{
        ZC_AUTO(zc_pack) pack = builtin();
        struct zc_framework_names names;
        struct zc_err err = { 0 };

        (void)state;
        zc_framework_names(&names);
        for (size_t i = 0; names.list[i]; i++) {
                ZC_AUTO(zc_framework) f = NULL;
                json_auto_t *coverage = NULL;
                const json_t *control;
                char path[128];
                size_t k;

                snprintf(path, sizeof(path), "rules/frameworks/%s.yaml", names.list[i]);
                if (!zc_framework_load(path, &f, &err) ||
                    !(coverage = zc_framework_coverage(f, pack, NULL, &err)))
                        fail_msg("%s", err.text);
                assert_string_equal(zc_json_str(coverage, "framework", ""), names.list[i]);
                json_array_foreach (json_object_get(coverage, "controls"), k, control) {
                        if (json_array_size(json_object_get(control, "rules")) == 0)
                                fail_msg("%s %s has no rule", path, zc_json_str(control, "id", ""));
                }
                print_message("# %s: %zu controls, %zu rules of %zu bear upon none\n",
                              names.list[i], k,
                              json_array_size(json_object_get(coverage, "unmapped")),
                              zc_pack_count(pack));
        }
        assert_true(names.list[0] != NULL);
}

static void verdicts(void **state)
{
        static const char checks[] =
                "[{\"rule\":\"ZC-TLS-001\",\"verdict\":\"fail\"},{\"rule\":\"ZC-TLS-001\","
                "\"verdict\":\"pass\"},{\"rule\":\"ZC-TLS-002\",\"verdict\":\"pass\"},{\"rule\":"
                "\"ZC-TLS-002\",\"verdict\":\"error\"},{\"rule\":\"ZC-FW-001\",\"verdict\":"
                "\"pass\"},{\"rule\":\"ZC-RD-001\",\"verdict\":\"notapplicable\"}]";
        static const char *const want[] = { "fail", "unknown", "pass", "notapplicable" };
        ZC_AUTO(zc_pack) pack = builtin();
        ZC_AUTO(zc_framework) f = parse("framework: none\ntitle: t\nversion: \"1\"\ncontrols:\n"
                                        "  - {id: a, title: t, rules: [\"ZC-TLS-00*\"]}\n"
                                        "  - {id: b, title: t, rules: [ZC-TLS-002, ZC-FW-001]}\n"
                                        "  - {id: c, title: t, rules: [ZC-FW-001, ZC-RD-001]}\n"
                                        "  - {id: d, title: t, rules: [ZC-RD-001]}\n");
        struct zc_err err = { 0 };
        json_auto_t *list = zc_json_parse(checks, strlen(checks), &err);
        json_auto_t *coverage = zc_framework_coverage(f, pack, list, &err);
        const json_t *controls = json_object_get(coverage, "controls");

        (void)state;
        assert_int_equal(json_array_size(controls), ZC_COUNT(want));
        for (size_t i = 0; i < ZC_COUNT(want); i++)
                assert_string_equal(zc_json_str(json_array_get(controls, i), "verdict", ""),
                                    want[i]);
        assert_string_equal(json_string_value(json_array_get(
                                    json_object_get(json_array_get(controls, 0), "failed"), 0)),
                            "ZC-TLS-001");
}

/* What rules refer to and the file does not list is added, with the rule's words. */
static void referred(void **state)
{
        ZC_AUTO(zc_pack) pack = builtin();
        ZC_AUTO(zc_framework) f = parse(HEAD "controls: [{id: x, title: t, rules: [ZC-FW-004]}]\n");
        struct zc_err err = { 0 };
        json_auto_t *coverage = zc_framework_coverage(f, pack, NULL, &err);
        const json_t *control;
        bool found = false;
        size_t i;

        (void)state;
        json_array_foreach (json_object_get(coverage, "controls"), i, control) {
                found = found || strcmp(zc_json_str(control, "id", ""), "4.2.1") == 0;
        }
        assert_true(found);
}

static void refused(void **state)
{
        static const struct {
                const char *text, *says;
        } rows[] = {
                { "framework: x\n", "f.yaml:1:1: a framework needs \"title\"" },
                { HEAD "controls: [{id: 1.2.3, title: t}]\n",
                  "f.yaml:4:12: controls needs \"rules\"" },
                { HEAD "controls: [{id: a, title: t, rules: [ZC-FW-999]}]\n",
                  "f.yaml:4:38: controls: no rule is selected" },
                { HEAD "controls: [{id: a, title: t, rules: []}, {id: a, title: t, rules: []}]\n",
                  "f.yaml:4:43: the control a stands here twice" },
        };
        ZC_AUTO(zc_pack) pack = builtin();

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO(zc_framework) f = NULL;
                struct zc_err err = { 0 };
                json_auto_t *coverage =
                        zc_framework_parse("f.yaml", rows[i].text, strlen(rows[i].text), &f, &err)
                                ? zc_framework_coverage(f, pack, NULL, &err)
                                : NULL;

                if (coverage || err.code != ZC_E_USAGE || !strstr(err.text, rows[i].says))
                        fail_msg("row %zu: %s", i, coverage ? "accepted" : err.text);
        }
        {
                struct zc_framework *f = NULL;
                struct zc_err err = { 0 };

                assert_false(zc_framework_load("pci-ds", &f, &err));
                assert_non_null(strstr(err.text, "did you mean pci-dss?"));
                assert_false(zc_framework_load("./none.yaml", &f, &err));
                assert_int_equal(err.code, ZC_E_USAGE);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(shipped),
                cmocka_unit_test(verdicts),
                cmocka_unit_test(referred),
                cmocka_unit_test(refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
