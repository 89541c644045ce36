#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zc/judge.h"

#define NOW 1795341600000 /* 2026-11-22T10:00:00Z */

/* A rule for each severity: the service says which fails; no service, and nothing of it is known. */
static struct zc_pack *pack_new(void)
{
        static const char *const severities[] = { "info", "low", "medium", "high", "critical" };
        struct zc_pack *p = zc_pack_new();
        struct zc_err err = { 0 };
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_add(&t, "rules:\n");
        for (size_t i = 0; i < ZC_COUNT(severities); i++)
                zc_text_printf(&t,
                               "  - {id: ZC-TLS-90%zu, title: t, severity: %s, applies_to: "
                               "endpoint, needs: [self.service], when: 'self.service == \"%s\"', "
                               "confidence: proven, message: m, rationale: r,\n"
                               "     remediation: {text: x, reproduce: [y]}, since: \"1\", tests: "
                               "[{name: f, self: {service: %s}, expect: fail}, {name: p, self: "
                               "{service: x}, expect: pass}, {name: u, self: {}, expect: "
                               "unknown}]}\n",
                               i, severities[i], severities[i], severities[i]);
        if (!p || !zc_pack_add_text(p, "t.yaml", zc_text_str(&t), t.len, &err))
                fail_msg("%s", err.text);
        return p;
}

/* So many endpoints of each service; "" has none. */
struct many {
        const char *service;
        unsigned count;
};

static struct zc_evidence *evidence_new(const struct many *of)
{
        struct zc_evidence *ev = NULL;
        struct zc_err err = { 0 };
        unsigned port = 0;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_add(&t, "{\"schema\":\"zerocrit.evidence/1\",\"run\":{\"id\":\"r\",\"vantage\":{"
                        "\"id\":\"v\"},\"targets\":[],\"finished\":\"2026-11-22T10:00:00Z\"},"
                        "\"endpoints\":[");
        for (; of->service; of++) {
                for (unsigned i = 0; i < of->count; i++) {
                        zc_text_printf(&t,
                                       "%s{\"asset\":\"a\",\"address\":\"192.0.2.7\",\"port\":%u,"
                                       "\"transport\":\"tcp\",\"state\":\"open\"",
                                       port ? "," : "", port + 1);
                        if (*of->service)
                                zc_text_printf(&t, ",\"service\":\"%s\"", of->service);
                        zc_text_add(&t, "}");
                        port++;
                }
        }
        zc_text_add(&t, "]}");
        if (!zc_evidence_open_bytes("e", zc_text_str(&t), t.len, &ev, &err))
                fail_msg("%s", err.text);
        return ev;
}

#define WAIVED                                                                                     \
        "waivers:\n  - {id: W-1, rule: ZC-TLS-904, target: a, verdict: fail, owner: o, approver: " \
        "p, reason: r, created: 2026-11-01T00:00:00Z, expires: 2027-11-01T00:00:00Z}\n"
#define WAIVED_UNKNOWN                                                                             \
        "waivers:\n  - {id: W-1, rule: \"ZC-TLS-*\", target: a, verdict: unknown, owner: o, "      \
        "approver: p, reason: r, created: 2026-11-01T00:00:00Z, expires: 2027-11-01T00:00:00Z}\n"

static json_t *report_of(const struct many *of, const char *waivers)
{
        ZC_AUTO(zc_pack) pack = pack_new();
        ZC_AUTO(zc_evidence) ev = evidence_new(of);
        struct zc_err err = { 0 };
        json_auto_t *list =
                waivers ? zc_waivers_parse("w.yaml", waivers, strlen(waivers), &err) : NULL;
        const struct zc_judge_options o = { .pack = pack, .waivers = list, .now_ms = NOW };
        json_t *report = zc_judge(&ev, 1, &o, &err);

        if (!report || (waivers && !list))
                fail_msg("%s", err.text);
        return report;
}

static void letters(void **state)
{
        static const struct {
                const char *name, *waivers;
                struct many of[4];
                const char *grade, *why; /* grade: NULL for none */
        } rows[] = {
                { "nothing", NULL, { { 0 } }, NULL, "nothing of this was judged" },
                { "all well", NULL, { { "x", 3 } }, "A", "no open finding" },
                { "merely informing", NULL, { { "x", 3 }, { "info", 1 } }, "A", "is info" },
                { "low", NULL, { { "low", 1 } }, "B", "is low" },
                { "medium, beside low", NULL, { { "low", 1 }, { "medium", 1 } }, "C", "is medium" },
                { "high", NULL, { { "high", 1 } }, "D", "is high" },
                { "critical", NULL, { { "critical", 1 }, { "x", 30 } }, "F", "is critical" },
                /* the required check of the critical rule has no answer */
                { "one in eleven unknown",
                  NULL,
                  { { "x", 10 }, { "", 1 } },
                  NULL,
                  "5 of 55 checks unknown, a required one among them: no letter" },
                { "the same, waived",
                  WAIVED_UNKNOWN,
                  { { "x", 10 }, { "", 1 } },
                  "A",
                  "no open finding; 5 of 55 checks unknown" },
                { "one in nine unknown, waived",
                  WAIVED_UNKNOWN,
                  { { "x", 8 }, { "", 1 } },
                  NULL,
                  ": too little was seen for a letter" },
                { "high, too little seen",
                  WAIVED_UNKNOWN,
                  { { "high", 1 }, { "", 1 } },
                  NULL,
                  "the worst open finding is high; 5 of 10 checks unknown: too little" },
                /* nothing hides a critical finding */
                { "critical, nothing else seen",
                  NULL,
                  { { "critical", 1 }, { "", 99 } },
                  "F",
                  "the worst open finding is critical; 495 of 500 checks unknown" },
                { "critical, waived: it stays listed, and others decide",
                  WAIVED,
                  { { "critical", 1 }, { "medium", 1 } },
                  "C",
                  "is medium" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *report = report_of(rows[i].of, rows[i].waivers);
                const json_t *area = json_array_get(json_object_get(report, "areas"), 0);
                const char *grade = zc_json_str(area, "grade", NULL);

                assert_string_equal(zc_json_str(area, "name", ""), "tls");
                if (strcmp(grade ? grade : "-", rows[i].grade ? rows[i].grade : "-") != 0 ||
                    !strstr(zc_json_str(area, "why", ""), rows[i].why))
                        fail_msg("%s: %s, %s", rows[i].name, grade ? grade : "no letter",
                                 zc_json_str(area, "why", ""));
        }
}

/* Each service has the letter of its own checks; one that was not seen has none; the whole has none anywhere. */
static void services(void **state)
{
        static const struct many of[] = { { "critical", 1 }, { "x", 1 }, { "", 1 }, { NULL, 0 } };
        json_auto_t *report = report_of(of, NULL);
        const json_t *grades = json_object_get(report, "grades");

        (void)state;
        assert_int_equal(json_array_size(grades), 2);
        assert_string_equal(zc_json_str(json_array_get(grades, 0), "subject", ""),
                            "192.0.2.7:1/tcp");
        assert_string_equal(zc_json_str(json_array_get(grades, 0), "grade", ""), "F");
        assert_string_equal(zc_json_str(json_array_get(grades, 0), "scheme", ""), "tls");
        assert_string_equal(zc_json_str(json_array_get(grades, 1), "subject", ""),
                            "192.0.2.7:2/tcp");
        assert_string_equal(zc_json_str(json_array_get(grades, 1), "grade", ""), "A");
        assert_null(json_object_get(report, "grade"));
        assert_non_null(strstr(zc_json_str(report, "grading", ""), "The whole has no letter"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(letters),
                cmocka_unit_test(services),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
