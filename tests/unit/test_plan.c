/** The plan: what runs for which job, what is skipped and why, and how the job is shown and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../scanner/run/observe.h"
#include "../../scanner/run/plan.h"
#include "../../scanner/run/track.h"
#include "zc/evidence.h"
#include "zc/file.h"

static bool never_run(const struct zc_subject *s, struct zc_io *io, json_t *out, struct zc_err *err)
{
        (void)s;
        (void)io;
        (void)out;
        (void)err;
        fail();
        return false;
}

static const char *const after_firewall[] = { "firewall", NULL };
static const char *const after_ports[] = { "ports", NULL };
static const char *const after_tls[] = { "tls", NULL };

static const struct zc_probe probes[] = {
        { .id = "firewall",
          .scope = ZC_SCOPE_HOST,
          .side = ZC_SIDE_PARENT,
          .needs = ZC_NEED_NET_ADMIN,
          .run = never_run },
        { .id = "listeners",
          .scope = ZC_SCOPE_HOST,
          .side = ZC_SIDE_PARENT,
          .after = after_firewall,
          .run = never_run },
        { .id = "os", .scope = ZC_SCOPE_HOST, .side = ZC_SIDE_COLLECTOR, .run = never_run },
        { .id = "ports", .scope = ZC_SCOPE_TARGET, .side = ZC_SIDE_COLLECTOR, .run = never_run },
        { .id = "tls",
          .scope = ZC_SCOPE_ENDPOINT,
          .side = ZC_SIDE_COLLECTOR,
          .level = ZC_LEVEL_SAFE,
          .after = after_ports,
          .run = never_run },
        { .id = "http",
          .scope = ZC_SCOPE_ENDPOINT,
          .side = ZC_SIDE_COLLECTOR,
          .level = ZC_LEVEL_ACTIVE,
          .after = after_tls,
          .run = never_run },
};
#define PROBES 6
static const struct zc_probe *const registry[] = { &probes[0], &probes[1], &probes[2], &probes[3],
                                                   &probes[4], &probes[5], NULL };

/* A job of up to three targets and one word in each of --only and --skip. */
struct fixture {
        struct zc_arena *arena;
        struct zc_target named[3];
        struct zc_job_target jt;
        struct zc_job job;
        const char *only[3], *skip[3];
};

static void fixture_make(struct fixture *f, const char *const *targets, const char *only,
                         const char *skip, enum zc_probe_level level)
{
        struct zc_err err = { 0 };

        memset(f, 0, sizeof *f);
        f->arena = zc_arena_new(0);
        for (; targets[f->jt.named_count]; f->jt.named_count++)
                assert_true(zc_target_parse(f->arena, targets[f->jt.named_count],
                                            &f->named[f->jt.named_count], &err));
        f->jt.id = "";
        f->jt.named = f->named;
        f->only[0] = only;
        f->skip[0] = skip;
        f->job =
                (struct zc_job){ .targets = &f->jt, .target_count = 1, .level = level, .root = "" };
        f->job.only = only ? f->only : NULL;
        f->job.skip = skip ? f->skip : NULL;
}

static void fixture_release(struct fixture *f)
{
        zc_arena_free(f->arena);
}

/* How each probe is planned, one letter each: R run, N needed by others, S skipped, - not planned. */
static const struct {
        const char *targets[4];
        const char *only, *skip;
        enum zc_probe_level level;
        const char *want; /* firewall listeners os ports tls http */
} plans[] = {
        { { "local" }, NULL, NULL, ZC_LEVEL_SAFE, "RRRRRS" },
        { { "local" }, NULL, NULL, ZC_LEVEL_ACTIVE, "RRRRRR" },
        { { "local" }, NULL, NULL, ZC_LEVEL_OBSERVE, "RRRRSS" },
        { { "192.0.2.7" }, NULL, NULL, ZC_LEVEL_SAFE, "---RRS" },
        { { "192.0.2.0/30", "local" }, NULL, NULL, ZC_LEVEL_SAFE, "RRRRRS" },
        { { "local" }, "firewall", NULL, ZC_LEVEL_SAFE, "RSSSSS" },
        { { "local" }, "listeners", NULL, ZC_LEVEL_SAFE, "NRSSSS" },
        { { "local" }, "listeners", "firewall", ZC_LEVEL_SAFE, "SRSSSS" },
        { { "local" }, "ports", NULL, ZC_LEVEL_SAFE, "NNSRSS" },
        { { "local" }, "ports", "listeners", ZC_LEVEL_SAFE, "SSSRSS" },
        { { "192.0.2.7:443" }, "tls", NULL, ZC_LEVEL_SAFE, "---NRS" },
        { { "192.0.2.7:443" }, "http", NULL, ZC_LEVEL_ACTIVE, "---NNR" },
        { { "192.0.2.7:443" }, "tls", "ports", ZC_LEVEL_SAFE, "---SRS" },
        { { "local" }, NULL, "ports", ZC_LEVEL_SAFE, "RRRSRS" },
        { { "local" }, NULL, "firewall", ZC_LEVEL_SAFE, "SRRRRS" },
};

static void test_plans(void **state)
{
        static const char letters[] = "-RNS";

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(plans); i++) {
                struct fixture f;
                struct zc_plan plan;
                struct zc_err err = { 0 };
                char got[PROBES + 1] = "";

                fixture_make(&f, plans[i].targets, plans[i].only, plans[i].skip, plans[i].level);
                if (!zc_plan_from(registry, &f.job, &plan, &err))
                        fail_msg("plan %zu: %s", i, err.text);
                assert_int_equal(plan.count, PROBES);
                for (size_t p = 0; p < plan.count; p++) {
                        got[p] = letters[plan.rows[p].how];
                        assert_int_equal(plan.rows[p].how == ZC_PLAN_SKIPPED,
                                         plan.rows[p].why != NULL);
                }
                if (strcmp(got, plans[i].want) != 0)
                        fail_msg("plan %zu: %s, expected %s", i, got, plans[i].want);
                fixture_release(&f);
        }
}

static const struct {
        const char *targets[4];
        const char *only, *skip;
        const char *says;
} refusals[] = {
        { { "local" },
          "firewal",
          NULL,
          "--only firewal: there is no such probe; did you mean firewall?" },
        { { "local" }, NULL, "zzzzzz", "there are firewall, listeners, os, ports, tls, http" },
        { { "192.0.2.7" }, "firewall", NULL, "add the target local" },
        { { "local" }, "os", "os", "--only and --skip together leave nothing to do" },
        { { "local" }, "http", NULL, "--only leaves nothing to do" },
        { { NULL }, NULL, NULL, "no target" },
};

static void test_refusals(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(refusals); i++) {
                struct fixture f;
                struct zc_plan plan;
                struct zc_err err = { 0 };

                fixture_make(&f, refusals[i].targets, refusals[i].only, refusals[i].skip,
                             ZC_LEVEL_SAFE);
                assert_false(zc_plan_from(registry, &f.job, &plan, &err));
                assert_int_equal(err.code, ZC_E_USAGE);
                if (!strstr(err.text, refusals[i].says))
                        fail_msg("refusal %zu: %s", i, err.text);
                fixture_release(&f);
        }
}

static void ports_are(const struct zc_job *job, const struct zc_job_target *jt,
                      const struct zc_target *t, unsigned count, uint16_t one)
{
        struct zc_portset ports;
        struct zc_err err = { 0 };
        const char *word;

        assert_true(zc_plan_ports(job, jt, t, true, &ports, &word, &err));
        assert_int_equal(zc_portset_count(&ports), count);
        assert_true(zc_portset_has(&ports, one));
}

/** Its own port before the target's, the target's before the job's, the job's before top-100. */
static void test_ports(void **state)
{
        struct fixture f;
        struct zc_portset job_ports, target_ports;
        struct zc_err err = { 0 };

        (void)state;
        fixture_make(&f,
                     (const char *const[]){ "192.0.2.7", "192.0.2.7:8443", "192.0.2.0/30", NULL },
                     NULL, NULL, ZC_LEVEL_SAFE);
        assert_true(zc_portset_parse("1-10", &job_ports, &err));
        assert_true(zc_portset_parse("7,8,9", &target_ports, &err));
        ports_are(&f.job, &f.jt, &f.named[0], 100, 22);
        ports_are(&f.job, &f.jt, &f.named[1], 1, 8443);
        ports_are(&f.job, &f.jt, &f.named[2], 100, 443);
        f.job.ports = &job_ports;
        ports_are(&f.job, &f.jt, &f.named[0], 10, 10);
        f.jt.ports = &target_ports;
        ports_are(&f.job, &f.jt, &f.named[0], 3, 9);
        ports_are(&f.job, &f.jt, &f.named[1], 1, 8443);
        fixture_release(&f);
}

/** Design section 1: whose a finding is. */
static void test_assets(void **state)
{
        static const struct {
                const char *id, *target, *want;
        } rows[] = {
                { "", "local", "machine" },
                { "auto", "local", "machine" },
                { "web1", "local", "web1" },
                { "", "https://www.example.org/x", "www.example.org" },
                { "", "192.0.2.7:443", "192.0.2.7" },
                { "www", "https://www.example.org", "www" },
                { "", "192.0.2.0/24", "192.0.2.9" },
                { "lan", "192.0.2.0/24", "lan" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct fixture f;

                fixture_make(&f, (const char *const[]){ rows[i].target, NULL }, NULL, NULL,
                             ZC_LEVEL_SAFE);
                f.jt.id = rows[i].id;
                assert_string_equal(zc_plan_asset(&f.jt, &f.named[0], "machine", "192.0.2.9"),
                                    rows[i].want);
                fixture_release(&f);
        }
}

static void test_needs(void **state)
{
        char text[ZC_NEEDS_LEN];

        (void)state;
        zc_needs_format(ZC_NEED_TCP, text);
        assert_string_equal(text, "");
        zc_needs_format(ZC_NEED_NET_ADMIN | ZC_NEED_PTRACE | ZC_NEED_TCP, text);
        assert_string_equal(text, "CAP_NET_ADMIN, CAP_SYS_PTRACE");
        assert_int_equal(zc_needs_missing(ZC_NEED_TCP), 0);
}

/* ---- tracking ---- */

static void into_list(void *ctx, json_t *record)
{
        json_array_append_new(ctx, record);
}

static struct zc_record begin(size_t named, const char *address)
{
        return (struct zc_record){ .kind = ZC_RECORD_BEGIN, .named = named, .address = address };
}

static struct zc_record end(size_t named, bool answered)
{
        return (struct zc_record){ .kind = ZC_RECORD_END, .named = named, .answered = answered };
}

static size_t count_of(const json_t *list, const char *kind, const char *outcome)
{
        size_t i, n = 0;
        json_t *r;

        json_array_foreach (list, i, r) {
                const json_t *body = json_object_get(r, kind);

                n += body && (!outcome || strcmp(zc_json_str(body, "outcome", ""), outcome) == 0);
        }
        return n;
}

/** A collector that ends early: what it began and what it never began are told, what it ended is not. */
static void test_track(void **state)
{
        struct fixture f;
        struct zc_plan plan;
        struct zc_track t;
        struct zc_err err = { 0 };
        json_auto_t *list = json_array();
        const struct zc_sink sink = { into_list, list };
        struct zc_record r;

        (void)state;
        fixture_make(
                &f,
                (const char *const[]){ "192.0.2.7", "www.example.org:443", "192.0.2.0/30", NULL },
                NULL, NULL, ZC_LEVEL_SAFE);
        assert_true(zc_plan_from(registry, &f.job, &plan, &err));
        assert_true(zc_track_init(&t, &f.job, &plan, "machine", &err));
        assert_int_equal(t.count, 3);
        r = begin(0, "192.0.2.7");
        assert_true(zc_track_record(&t, &r, &err));
        r = end(0, true);
        assert_true(zc_track_record(&t, &r, &err));
        r = begin(2, "192.0.2.1");
        assert_true(zc_track_record(&t, &r, &err));
        r = end(0, true);
        assert_false(zc_track_record(&t, &r, &err)); /* twice */
        r = begin(0, "192.0.2.7");
        assert_false(zc_track_record(&t, &r, &err)); /* after its end */
        r = begin(3, "192.0.2.7");
        assert_false(zc_track_record(&t, &r, &err)); /* no such target */
        zc_track_finish(&t, "it died", &sink);
        /* 192.0.2.1 was begun; the name and the rest of the block were not. */
        assert_int_equal(count_of(list, "scan", "failed"), 3);
        assert_int_equal(count_of(list, "endpoint", NULL), 1);
        assert_int_equal(count_of(list, "problem", NULL), 2);
        assert_true(zc_track_missing(&t));
        zc_track_release(&t);

        /* A name's first address was looked at; whether it had more is not known. */
        json_array_clear(list);
        assert_true(zc_track_init(&t, &f.job, &plan, "machine", &err));
        r = begin(1, "192.0.2.7");
        assert_true(zc_track_record(&t, &r, &err));
        r = (struct zc_record){ .kind = ZC_RECORD_SCAN,
                                .body = json_pack("{s:s}", "address", "192.0.2.7") };
        assert_true(zc_track_record(&t, &r, &err));
        json_decref((json_t *)(uintptr_t)r.body);
        r = end(0, true);
        assert_true(zc_track_record(&t, &r, &err));
        r = end(2, true);
        assert_true(zc_track_record(&t, &r, &err));
        zc_track_finish(&t, "it died", &sink);
        assert_int_equal(count_of(list, "scan", "failed"), 1);
        assert_int_equal(count_of(list, "endpoint", NULL), 0);
        zc_track_release(&t);
        fixture_release(&f);
}

static void test_track_complete(void **state)
{
        struct fixture f;
        struct zc_plan plan;
        struct zc_track t;
        struct zc_err err = { 0 };
        json_auto_t *list = json_array();
        const struct zc_sink sink = { into_list, list };
        struct zc_record r;

        (void)state;
        fixture_make(&f, (const char *const[]){ "192.0.2.7", "192.0.2.0/30", NULL }, NULL, NULL,
                     ZC_LEVEL_SAFE);
        assert_true(zc_plan_from(registry, &f.job, &plan, &err));
        assert_true(zc_track_init(&t, &f.job, &plan, "machine", &err));
        for (size_t i = 0; i < 2; i++) {
                r = end(i, i == 0);
                assert_true(zc_track_record(&t, &r, &err));
        }
        zc_track_finish(&t, "it died", &sink);
        assert_int_equal(json_array_size(list), 0);
        assert_false(zc_track_missing(&t)); /* silent members of a block are not missing */
        zc_track_release(&t);
        fixture_release(&f);
}

/** More addresses at once than there can be workers is a lie. */
static void test_track_flood(void **state)
{
        struct fixture f;
        struct zc_plan plan;
        struct zc_track t;
        struct zc_err err = { 0 };
        size_t taken = 0;
        struct zc_record r = begin(0, "192.0.2.1");

        (void)state;
        fixture_make(&f, (const char *const[]){ "192.0.2.0/24", NULL }, NULL, NULL, ZC_LEVEL_SAFE);
        assert_true(zc_plan_from(registry, &f.job, &plan, &err));
        assert_true(zc_track_init(&t, &f.job, &plan, "machine", &err));
        while (taken < 10000 && zc_track_record(&t, &r, &err))
                taken++;
        assert_int_equal(taken, ZC_TRACK_OPEN_MAX);
        assert_int_equal(err.code, ZC_E_LIMIT);
        zc_track_release(&t);
        fixture_release(&f);
}

/* ---- outcomes ---- */

static void outcome_is(json_t *got, const char *want)
{
        ZC_AUTO_MEM char *text = zc_json_canonical(got);

        assert_string_equal(text, want);
        json_decref(got);
}

static void test_outcomes(void **state)
{
        struct zc_io io = { 0 };

        (void)state;
        outcome_is(zc_io_outcome(&io), "{\"outcome\":\"done\"}");
        zc_io_partial(&io, "CAP_NET_ADMIN", "half of %s", "it");
        outcome_is(zc_io_outcome(&io),
                   "{\"needs\":\"CAP_NET_ADMIN\",\"outcome\":\"partial\",\"why\":\"half of it\"}");
        io.whole = true;
        outcome_is(zc_io_outcome(&io), "{\"needs\":\"CAP_NET_ADMIN\",\"outcome\":\"partial\","
                                       "\"whole\":true,\"why\":\"half of it\"}");
        outcome_is(zc_outcome_json(ZC_FAILED, "bytes \xff", ""),
                   "{\"outcome\":\"failed\",\"why\":\"bytes \\\\xFF\"}");
        outcome_is(zc_problem_record("tls", "a", "", "w", NULL),
                   "{\"problem\":{\"probe\":\"tls\",\"subject\":\"a\",\"what\":\"w\"}}");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_plans),          cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_ports),          cmocka_unit_test(test_assets),
                cmocka_unit_test(test_needs),          cmocka_unit_test(test_track),
                cmocka_unit_test(test_track_complete), cmocka_unit_test(test_track_flood),
                cmocka_unit_test(test_outcomes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
