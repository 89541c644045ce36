/** What a job says of itself: its head, its dry run; and what `doctor` says of the machine. With the real registry of probes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zc/arena.h"
#include "zc/evidence.h"
#include "zc/run.h"
#include "zc/schema.h"
#include "zc/vantage.h"

struct fixture {
        struct zc_arena *arena;
        struct zc_scope *scope;
        struct zc_target named[4];
        struct zc_job_target jt;
        struct zc_job job;
};

static void fixture_make(struct fixture *f, const char *const *targets)
{
        struct zc_err err = { 0 };

        memset(f, 0, sizeof *f);
        f->arena = zc_arena_new(0);
        f->scope = zc_scope_new();
        for (; targets[f->jt.named_count]; f->jt.named_count++)
                assert_true(zc_target_parse(f->arena, targets[f->jt.named_count],
                                            &f->named[f->jt.named_count], &err));
        f->jt.id = "";
        f->jt.named = f->named;
        f->job = (struct zc_job){ .targets = &f->jt,
                                  .target_count = 1,
                                  .scope = f->scope,
                                  .level = ZC_LEVEL_SAFE,
                                  .root = "",
                                  .vantage = "machine" };
}

static void fixture_release(struct fixture *f)
{
        zc_arena_free(f->arena);
        zc_scope_free(f->scope);
}

static void test_head(void **state)
{
        struct fixture f;
        struct zc_err err = { 0 };
        json_auto_t *tags = json_pack("[s]", "prod");
        json_auto_t *require = json_pack("[s]", "ports");
        json_t *one, *two;
        json_auto_t *schema = NULL;
        ZC_AUTO_TEXT where = { 0 };

        (void)state;
        zc_text_init(&where, 256);
        fixture_make(&f, (const char *const[]){ "local", "https://www.example.org/x",
                                                "192.0.2.0/30", NULL });
        f.jt.tags = tags;
        f.jt.require = require;
        f.jt.zone = "isolated";
        f.jt.public_address = "203.0.113.7";
        one = zc_job_head(&f.job, &err);
        two = zc_job_head(&f.job, &err);
        assert_non_null(one);
        assert_non_null(two);
        assert_int_equal(strlen(zc_json_str(one, "id", "")), 32);
        assert_string_not_equal(zc_json_str(one, "id", ""), zc_json_str(two, "id", ""));
        assert_string_equal(zc_json_str(one, "vantage.id", ""), "machine");
        assert_string_equal(zc_json_str(zc_json_pointer(one, "/targets/0"), "id", ""), "machine");
        assert_string_equal(zc_json_str(zc_json_pointer(one, "/targets/1"), "id", ""),
                            "www.example.org");
        assert_string_equal(zc_json_str(zc_json_pointer(one, "/targets/2"), "id", ""),
                            "192.0.2.0/30");
        assert_string_equal(zc_json_str(zc_json_pointer(one, "/targets/2"), "zone", ""),
                            "isolated");
        schema = json_pack("{s:s, s:O}", "$ref", "#/$defs/run", "$defs",
                           json_object_get(zc_evidence_schema(&err), "$defs"));
        if (!zc_schema_check(schema, one, true, &where, &err))
                fail_msg("%s: %s", zc_text_str(&where), err.text);
        json_decref(one);
        json_decref(two);
        fixture_release(&f);
}

/** Everything a careful reader asks for is on the page, and the page is 80 columns wide. */
static void test_dry_run(void **state)
{
        static const char *const says[] = {
                "nothing is sent", "local ",           "192.0.2.9:443",
                "1 TCP port: 443", "192.0.2.0/30",     "100 TCP ports (top-100)",
                "firewall ",       "listeners ",       "ports ",
                "sends: ",         "CAP_NET_ADMIN",    "level: observe",
                "skipped, --skip", "waits up to 60 s", "at the latest"
        };
        struct fixture f;
        struct zc_err err = { 0 };
        ZC_AUTO(zc_out) out = zc_out_memory(1 << 20);
        const char *const skip[] = { "os", NULL };
        const char *text;
        size_t len;

        (void)state;
        fixture_make(&f, (const char *const[]){ "local", "192.0.2.9:443", "192.0.2.0/30", NULL });
        f.job.skip = skip;
        f.jt.wait_ms = 60000;
        f.job.deadline_ms = 180000;
        assert_true(zc_job_check(&f.job, &err));
        assert_true(zc_job_print(&f.job, out, &err));
        text = zc_out_data(out, &len);
        for (size_t i = 0; i < ZC_COUNT(says); i++) {
                if (!strstr(text, says[i]))
                        fail_msg("\"%s\" is missing in:\n%s", says[i], text);
        }
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
                assert_true(strcspn(line, "\n") <= 80);
        fixture_release(&f);
}

static void test_check(void **state)
{
        const char *const only[] = { "portz", NULL };
        struct fixture f;
        struct zc_err err = { 0 };

        (void)state;
        fixture_make(&f, (const char *const[]){ "192.0.2.9", NULL });
        f.job.only = only;
        assert_false(zc_job_check(&f.job, &err));
        assert_int_equal(err.code, ZC_E_USAGE);
        assert_non_null(strstr(err.text, "did you mean ports?"));
        f.job.only = NULL;
        assert_true(zc_scope_exclude(f.scope, "192.0.2.9", &err));
        assert_false(zc_job_check(&f.job, &err));
        assert_int_equal(err.code, ZC_E_USAGE);
        fixture_release(&f);
}

static void test_doctor(void **state)
{
        json_auto_t *list = zc_doctor();
        const json_t *v;
        size_t i;

        (void)state;
        assert_true(json_array_size(list) >= 8);
        json_array_foreach (list, i, v) {
                assert_true(zc_json_str(v, "what", "")[0] != '\0');
                assert_true(zc_json_str(v, "why", "")[0] != '\0');
                assert_true(json_is_boolean(json_object_get(v, "ok")));
                /* What is not ok says what would make it so. */
                assert_int_equal(json_is_true(json_object_get(v, "ok")),
                                 zc_json_str(v, "grant", "")[0] == '\0');
        }
}

static void test_vantage(void **state)
{
        struct zc_err err = { 0 };
        json_auto_t *named = zc_vantage("scan-out", &err);
        json_auto_t *own = zc_vantage(NULL, &err);
        const json_t *v;
        size_t i;
        bool loopback = false;

        (void)state;
        assert_string_equal(zc_json_str(named, "id", ""), "scan-out");
        assert_true(zc_json_str(own, "id", "")[0] != '\0');
        json_array_foreach (json_object_get(own, "addresses"), i, v) {
                loopback |= strcmp(json_string_value(v), "127.0.0.1") == 0;
        }
        assert_true(loopback || json_array_size(json_object_get(own, "addresses")) == 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_head),    cmocka_unit_test(test_dry_run),
                cmocka_unit_test(test_check),   cmocka_unit_test(test_doctor),
                cmocka_unit_test(test_vantage),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
