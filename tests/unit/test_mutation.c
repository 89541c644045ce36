/**
 * Silence is never a pass. Every member of every piece of evidence that the rules' own tests and the kept documents hold is deleted in turn, and
 * every rule judges what is left: nothing passes that did not pass before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zc/judge.h"

#define NOW 1795341600000 /* 2026-11-22T10:00:00Z */

/* What a deletion is tried on: `judge` says how it goes without the member at `path`. */
struct mutant {
        void (*judge)(struct mutant *m, const char *path);
        size_t tried;
};

/** Lists keep their elements: a shorter list is another claim, not a missing one. But the scans say which endpoints there are. */
static void mutate_endpoints(struct mutant *m, json_t *list, const char *path)
{
        char below[512];

        for (size_t i = 0; i < json_array_size(list); i++) {
                json_t *held = json_incref(json_array_get(list, i));

                snprintf(below, sizeof(below), "%s/%zu", path, i);
                json_array_remove(list, i);
                m->tried++;
                m->judge(m, below);
                json_array_insert_new(list, i, held);
        }
}

/** Deletes each member below `at` in turn, and puts it back. */
static void mutate(struct mutant *m, json_t *at, const char *path)
{
        json_auto_t *keys = json_array();
        json_t *child, *name;
        const char *key;
        char below[512];
        size_t i;

        if (strcmp(path, "/endpoints") == 0)
                mutate_endpoints(m, at, path);
        json_array_foreach (at, i, child) {
                snprintf(below, sizeof(below), "%s/%zu", path, i);
                mutate(m, child, below);
        }
        json_object_foreach (at, key, child) {
                json_array_append_new(keys, json_string(key));
        }
        json_array_foreach (keys, i, name) {
                json_t *held = json_incref(json_object_get(at, json_string_value(name)));

                snprintf(below, sizeof(below), "%s/%s", path, json_string_value(name));
                mutate(m, held, below);
                json_object_del(at, json_string_value(name));
                m->tried++;
                m->judge(m, below);
                json_object_set_new(at, json_string_value(name), held);
        }
}

/* ---- rules on the evidence of each other's tests ---- */

struct judged {
        struct mutant m; /* first: cast back */
        const struct zc_rule *rule, *origin;
        json_t *test, *params;
        struct zc_arena *arena;
        enum zc_verdict before;
};

static enum zc_verdict verdict_of(const struct judged *j)
{
        const struct zc_judge_context c = { .self = json_object_get(j->test, "self"),
                                            .host = json_object_get(j->test, "host"),
                                            .endpoint = json_object_get(j->test, "endpoint"),
                                            .run = json_object_get(j->test, "run"),
                                            .params = j->params };
        struct zc_judgement out;

        zc_rule_judge(j->rule, &c, j->arena, NULL, &out);
        return out.verdict;
}

static void rule_mutant(struct mutant *m, const char *path)
{
        struct judged *j = (struct judged *)m;
        enum zc_verdict after = verdict_of(j);

        if (after == ZC_PASS && j->before != ZC_PASS)
                fail_msg("%s on a test of %s, \"%s\": was %s, passes without %s", j->rule->id,
                         j->origin->id, zc_json_str(j->test, "name", ""),
                         zc_verdict_name(j->before), path);
}

/** One rule on one piece of evidence, whole and without each of its members. */
static size_t judge_fixture(const struct zc_rule *rule, const struct zc_rule *origin,
                            const json_t *test, json_t *params)
{
        static const char *const roots[] = { "self", "host", "endpoint", "run" };
        struct judged j = { .m = { .judge = rule_mutant },
                            .rule = rule,
                            .origin = origin,
                            .test = json_deep_copy(test),
                            .params = params,
                            .arena = zc_arena_new((size_t)256 << 20) };

        assert_non_null(j.arena);
        j.before = verdict_of(&j);
        for (size_t i = 0; i < ZC_COUNT(roots); i++) {
                json_t *held = json_incref(json_object_get(j.test, roots[i]));

                if (!held)
                        continue;
                mutate(&j.m, held, roots[i]);
                json_object_del(j.test, roots[i]);
                j.m.tried++;
                rule_mutant(&j.m, roots[i]);
                json_object_set_new(j.test, roots[i], held);
        }
        json_decref(j.test);
        zc_arena_free(j.arena);
        return j.m.tried;
}

static void rules_on_fixtures(void **state)
{
        ZC_AUTO(zc_pack) p = NULL;
        json_auto_t *params = NULL;
        struct zc_err err = { 0 };
        size_t fixtures = 0, tried = 0;

        (void)state;
        assert_true(zc_pack_builtin(&p, &err));
        params = zc_pack_params(p, NULL, &err);
        assert_non_null(params);
        for (size_t i = 0; i < zc_pack_count(p); i++) {
                const struct zc_rule *origin = zc_pack_rule(p, i);
                const json_t *test;
                size_t k;

                json_array_foreach (json_object_get(origin->record, "tests"), k, test) {
                        fixtures++;
                        for (size_t r = 0; r < zc_pack_count(p); r++) {
                                if (zc_pack_rule(p, r)->kind == origin->kind)
                                        tried += judge_fixture(zc_pack_rule(p, r), origin, test,
                                                               params);
                        }
                }
        }
        print_message("# %zu pieces of evidence, %zu judgements without a member\n", fixtures,
                      tried);
        assert_true(tried > 10 * fixtures);
}

/* ---- whole documents ---- */

struct whole {
        struct mutant m; /* first: cast back */
        const struct zc_judge_options *o;
        const char *name;
        json_t *document;
        json_t *before; /* rule → how often it passed */
        int status;
        size_t opened;
};

/** How often each rule passed: whatever a deletion makes of a subject's name, no rule may pass more often. */
static json_t *passes(const json_t *report)
{
        json_t *out = json_object();
        const json_t *check;
        size_t i;

        json_array_foreach (json_object_get(report, "checks"), i, check) {
                const char *rule = zc_json_str(check, "rule", "");
                json_int_t n = json_integer_value(json_object_get(out, rule));

                if (strcmp(zc_json_str(check, "verdict", ""), "pass") == 0)
                        json_object_set_new(out, rule,
                                            json_integer(n + json_integer_value(json_object_get(
                                                                     check, "count"))));
        }
        return out;
}

static json_t *judge_text(const struct whole *w, const char *text, size_t len)
{
        ZC_AUTO(zc_evidence) ev = NULL;
        struct zc_err err = { 0 };

        return zc_evidence_open_bytes("mutant", text, len, &ev, &err) ? zc_judge(&ev, 1, w->o, &err)
                                                                      : NULL;
}

static void whole_mutant(struct mutant *m, const char *path)
{
        struct whole *w = (struct whole *)m;
        ZC_AUTO_MEM char *text = zc_json_line(w->document);
        json_auto_t *report = judge_text(w, text, strlen(text));
        json_auto_t *after = report ? passes(report) : NULL;
        const char *rule;
        json_t *n;

        if (!report)
                return; /* an identity is gone: refused, which is no pass either */
        w->opened++;
        if (w->status != 0 && zc_report_status(report) == 0)
                fail_msg("%s: the gate is met without %s", w->name, path);
        json_object_foreach (after, rule, n) {
                if (json_integer_value(n) > json_integer_value(json_object_get(w->before, rule)))
                        fail_msg("%s: %s passes more often without %s", w->name, rule, path);
        }
}

static void documents(void **state)
{
        static const char *const files[] = { "tests/golden/evidence/web1.json",
                                             "tests/golden/evidence/scan-out.json",
                                             "tests/corpus/judge/critical.json",
                                             "tests/corpus/judge/open.json",
                                             "tests/corpus/judge/blind.json" };
        ZC_AUTO(zc_pack) p = NULL;
        struct zc_err err = { 0 };
        struct zc_judge_options o = { .now_ms = NOW };

        (void)state;
        assert_true(zc_pack_builtin(&p, &err));
        o.pack = p;
        for (size_t i = 0; i < ZC_COUNT(files); i++) {
                json_auto_t *document = zc_json_load(files[i], (size_t)1 << 20, &err);
                struct whole w = { .m = { .judge = whole_mutant },
                                   .o = &o,
                                   .name = files[i],
                                   .document = document };
                ZC_AUTO_MEM char *text = document ? zc_json_line(document) : NULL;
                json_auto_t *report = text ? judge_text(&w, text, strlen(text)) : NULL;
                json_auto_t *before = report ? passes(report) : NULL;

                if (!before)
                        fail_msg("%s: %s", files[i], err.text);
                w.before = before;
                w.status = zc_report_status(report);
                mutate(&w.m, document, "");
                print_message("# %s: %zu members deleted in turn, %zu documents left to judge\n",
                              files[i], w.m.tried, w.opened);
                assert_true(w.opened > 10);
        }
}

/* ---- an endpoint that was lost, or stripped ---- */

/* What an endpoint loses at once; NULL: itself. */
static const struct loss {
        const char *what;
        const char *const *members;
} losses[] = {
        { "the endpoint", NULL },
        { "all but its identity",
          (const char *const[]){ "service", "probes", "wrapped", "identified", "banner", "tls",
                                 "http", "postgres", "redis", NULL } },
        { "probes and what they found",
          (const char *const[]){ "probes", "tls", "http", "postgres", "redis", NULL } },
        { "service and what was found",
          (const char *const[]){ "service", "probes", "tls", "http", "postgres", "redis", NULL } },
};

/** The document with one endpoint, which its scan knows as the only open port. A new value. */
static json_t *alone(const json_t *document, size_t i)
{
        json_t *d = json_deep_copy(document);
        json_t *endpoint = json_incref(json_array_get(json_object_get(d, "endpoints"), i));
        json_t *scan = json_array_get(json_object_get(d, "scans"), 0);

        json_object_set_new(scan, "open",
                            zc_json_printf("%lld", (long long)json_integer_value(
                                                           json_object_get(endpoint, "port"))));
        json_object_set_new(d, "endpoints", json_pack("[o]", endpoint));
        return d;
}

static void lose(const struct loss *l, json_t *document)
{
        json_t *endpoints = json_object_get(document, "endpoints");

        if (!l->members)
                json_array_clear(endpoints);
        for (const char *const *m = l->members; m && *m; m++)
                json_object_del(json_array_get(endpoints, 0), *m);
}

static bool says(const json_t *report, const char *words)
{
        const json_t *reason;
        size_t i;

        json_array_foreach (zc_json_at(report, "gate.reasons"), i, reason) {
                if (strstr(json_string_value(reason), words))
                        return true;
        }
        return false;
}

static void endpoints_lost(void **state)
{
        ZC_AUTO(zc_pack) p = NULL;
        struct zc_err err = { 0 };
        struct zc_judge_options o = { .now_ms = NOW };
        json_auto_t *document =
                zc_json_load("tests/corpus/judge/critical.json", (size_t)1 << 20, &err);
        struct whole w = { .o = &o };
        size_t count = json_array_size(json_object_get(document, "endpoints"));

        (void)state;
        assert_true(zc_pack_builtin(&p, &err));
        o.pack = p;
        assert_true(count > 3);
        for (size_t i = 0; i < count * ZC_COUNT(losses); i++) {
                const struct loss *l = &losses[i % ZC_COUNT(losses)];
                json_auto_t *one = alone(document, i / ZC_COUNT(losses));
                ZC_AUTO_MEM char *text = NULL;
                json_auto_t *report = NULL;

                lose(l, one);
                text = zc_json_line(one);
                report = judge_text(&w, text, strlen(text));
                assert_non_null(report);
                if (zc_report_status(report) != 3)
                        fail_msg("endpoint %zu without %s: status %d", i / ZC_COUNT(losses),
                                 l->what, zc_report_status(report));
                if (!says(report, l->members ? "no outcome of it in the evidence"
                                             : "the scan says a port is open"))
                        fail_msg("endpoint %zu without %s: the gate does not say so",
                                 i / ZC_COUNT(losses), l->what);
        }
}

/** What was taken out by who ran it is not missing; nor is what a service of another kind would have been asked. */
static void not_lost(void **state)
{
        static const struct {
                const char *endpoint, *options;
                int status;
        } rows[] = {
                { "\"service\":\"ssh\",\"wrapped\":null,\"probes\":{\"identify\":{\"outcome\":"
                  "\"done\"}}",
                  "{}", 0 },
                { "\"service\":null,\"probes\":{\"identify\":{\"outcome\":\"done\"}}", "{}", 0 },
                { "\"service\":null,\"probes\":{\"identify\":{\"outcome\":\"failed\"}}", "{}", 3 },
                { "\"service\":\"ssh\",\"wrapped\":null", "{}", 3 },
                { "\"probes\":{\"identify\":{\"outcome\":\"done\"}}", "{}", 3 },
                { "\"service\":\"redis\",\"wrapped\":null,\"probes\":{\"identify\":{\"outcome\":"
                  "\"done\"}}",
                  "{}", 3 },
                { "\"service\":\"http\",\"wrapped\":\"tls\",\"probes\":{\"identify\":{"
                  "\"outcome\":\"done\"},\"http\":{\"outcome\":\"skipped\"}}",
                  "{}", 3 },
                { "\"service\":\"smtp\",\"wrapped\":null,\"probes\":{\"identify\":{\"outcome\":"
                  "\"done\"}}",
                  "{}", 3 },
                { "\"reason\":\"connected\"", "{\"only\":[\"ports\"]}", 0 },
                { "\"reason\":\"connected\"", "{\"skip\":[\"tls\",\"http\",\"postgres\"]}", 3 },
                { "\"reason\":\"connected\"",
                  "{\"skip\":[\"tls\",\"http\",\"postgres\",\"redis\"]}", 0 },
        };
        ZC_AUTO(zc_pack) p = NULL;
        struct zc_err err = { 0 };
        json_auto_t *fail_on = json_pack("[ss]", "critical", "high");
        struct zc_judge_options o = { .now_ms = NOW, .fail_on = fail_on };
        struct whole w = { .o = &o };

        (void)state;
        assert_true(zc_pack_builtin(&p, &err));
        o.pack = p;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                char text[2048];
                json_auto_t *report = NULL;

                snprintf(text, sizeof(text),
                         "{\"schema\":\"zerocrit.evidence/1\",\"run\":{\"id\":\"r\",\"started\":"
                         "\"2026-11-22T09:59:00Z\",\"finished\":\"2026-11-22T10:00:00Z\","
                         "\"vantage\":{\"id\":\"v\",\"addresses\":[]},\"targets\":[{\"id\":\"\","
                         "\"named\":\"192.0.2.9\"}],\"options\":%s},\"endpoints\":[{\"asset\":"
                         "\"192.0.2.9\",\"address\":\"192.0.2.9\",\"port\":9999,\"transport\":"
                         "\"tcp\",\"state\":\"open\",%s}],\"scans\":[{\"asset\":\"192.0.2.9\","
                         "\"address\":\"192.0.2.9\",\"transport\":\"tcp\",\"outcome\":\"done\","
                         "\"ports\":\"9999\",\"open\":\"9999\",\"closed\":\"\",\"filtered\":\"\","
                         "\"unknown\":\"\"}]}",
                         rows[i].options, rows[i].endpoint);
                report = judge_text(&w, text, strlen(text));
                assert_non_null(report);
                if (zc_report_status(report) != rows[i].status)
                        fail_msg("row %zu: status %d, not %d", i, zc_report_status(report),
                                 rows[i].status);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rules_on_fixtures),
                cmocka_unit_test(documents),
                cmocka_unit_test(endpoints_lost),
                cmocka_unit_test(not_lost),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
