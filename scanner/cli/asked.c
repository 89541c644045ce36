/** Finding what is meant in a report. */
#include "asked.h"

#include <string.h>
#include <unistd.h>

#include "outputs.h"
#include "zc/text.h"

#define PREFIX_MIN 8u
#define NAMED_MAX 5u

bool zc_asked_read(struct zc_asked *q, const struct zc_options *o, const char *verb,
                   struct zc_err *err)
{
        const char **a = o->args.item;
        size_t n = o->args.count;

        *q = (struct zc_asked){ .verb = verb, .what = n > 0 ? a[0] : "" };
        if (n == 0)
                return zc_fail(err, ZC_E_USAGE,
                               "%s what? a label (C1), a fingerprint, or RULE SUBJECT", verb);
        q->rule = strncmp(q->what, "ZC-", 3) == 0;
        if (q->rule && n > 1 && (n > 2 || access(a[1], F_OK) != 0)) {
                q->subject = a[1];
                a++;
                n--;
        }
        if (n > 2)
                return zc_fail(err, ZC_E_USAGE,
                               "\"%.64s\" is one word too many: %s WHAT [REPORT], or RULE "
                               "SUBJECT [REPORT]",
                               a[2], verb);
        q->report = n > 1 ? a[1] : zc_report_usual();
        return q->report ||
               zc_fail(err, ZC_E_USAGE,
                       "there is no report.json here, nor build/audit/report.json: name a report");
}

bool zc_asked_finding(const struct zc_asked *q, const json_t *f)
{
        size_t n = strlen(q->what);

        if (q->rule)
                return strcmp(zc_json_str(f, "rule", ""), q->what) == 0 &&
                       (!q->subject || strcmp(zc_json_str(f, "subject", ""), q->subject) == 0);
        return zc_ascii_eq(zc_json_str(f, "label", "-"), q->what) ||
               (n >= PREFIX_MIN && strncmp(zc_json_str(f, "fingerprint", ""), q->what, n) == 0);
}

/* ---- among the checks ---- */

/** Positions in subjects[] that a row of checks counts; visits each until fn returns false. */
static bool each_subject(const json_t *report, const json_t *check,
                         bool (*fn)(void *ctx, const char *asset, const char *subject), void *ctx)
{
        const json_t *subjects = json_object_get(report, "subjects");
        const json_t *assets = json_object_get(report, "assets");
        const json_t *range;
        size_t i;

        json_array_foreach (json_object_get(check, "subjects"), i, range) {
                json_int_t first = json_integer_value(json_array_get(range, 0));
                json_int_t last = json_integer_value(json_array_get(range, 1));

                for (json_int_t k = first < 0 ? 0 : first;
                     k <= last && (size_t)k < json_array_size(subjects); k++) {
                        const char *s = json_string_value(json_array_get(subjects, (size_t)k));
                        const char *a = json_string_value(json_array_get(assets, (size_t)k));

                        if (s && a && !fn(ctx, a, s))
                                return false;
                }
        }
        return true;
}

static bool other_subject(void *ctx, const char *asset, const char *subject)
{
        (void)asset;
        return strcmp(ctx, subject) != 0;
}

bool zc_asked_check(const struct zc_asked *q, const json_t *report, const json_t *check)
{
        if (strcmp(zc_json_str(check, "rule", ""), q->what) != 0)
                return false;
        return !q->subject ||
               !each_subject(report, check, other_subject, (void *)(uintptr_t)q->subject);
}

struct among {
        const char *subject;    /* NULL for any */
        const char *asset_only; /* NULL for any */
        const json_t *check;
        struct zc_asked_one *out;
        size_t count;
};

static bool take_subject(void *ctx, const char *asset, const char *subject)
{
        struct among *m = ctx;
        const char *rule = zc_json_str(m->check, "rule", "");
        bool again = m->count > 0 && strcmp(m->out->asset, asset) == 0 &&
                     strcmp(m->out->subject, subject) == 0;

        if ((m->subject && strcmp(m->subject, subject) != 0) ||
            (m->asset_only && strcmp(m->asset_only, asset) != 0))
                return true;
        m->count += !again;
        *m->out = (struct zc_asked_one){ .rule = rule,
                                         .asset = asset,
                                         .subject = subject,
                                         .verdict = zc_json_str(m->check, "verdict", ""),
                                         .why = zc_json_str(m->check, "why", ""),
                                         .waived = zc_json_str(m->check, "waived", NULL) };
        return true;
}

/** How many (asset, subject) the rule has a check of; out is the last. */
static size_t among_checks(const json_t *report, const char *rule, const char *asset,
                           const char *subject, struct zc_asked_one *out)
{
        struct among m = { .subject = subject, .asset_only = asset, .out = out };
        size_t i;

        json_array_foreach (json_object_get(report, "checks"), i, m.check) {
                if (strcmp(zc_json_str(m.check, "rule", ""), rule) == 0)
                        each_subject(report, m.check, take_subject, &m);
        }
        return m.count;
}

/* ---- the one ---- */

static bool is_gone(const json_t *f)
{
        return strcmp(zc_json_str(f, "change", ""), "absent") == 0;
}

static struct zc_asked_one of_finding(const json_t *f)
{
        return (struct zc_asked_one){ .finding = f,
                                      .rule = zc_json_str(f, "rule", ""),
                                      .asset = zc_json_str(f, "asset", ""),
                                      .subject = zc_json_str(f, "subject", ""),
                                      .verdict = "fail",
                                      .why = "",
                                      .waived = zc_json_str(f, "waiver", NULL) };
}

static bool several(const struct zc_asked *q, const json_t *report, size_t n, struct zc_err *err)
{
        const json_t *f;
        size_t i, named = 0;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 256);
        json_array_foreach (json_object_get(report, "findings"), i, f) {
                if (!is_gone(f) && zc_asked_finding(q, f) && named++ < NAMED_MAX)
                        zc_text_printf(&t, "%s%s", t.len ? ", " : "", zc_json_str(f, "label", "?"));
        }
        if (named > 0)
                return zc_fail(err, ZC_E_USAGE, "%s has %zu findings \"%.64s\": %s which? %s%s",
                               q->report, n, q->what, q->verb, zc_text_str(&t),
                               named > NAMED_MAX ? ", …" : "");
        return zc_fail(err, ZC_E_USAGE,
                       "%s has %zu checks of %.64s%s: name the subject, as checks[] and "
                       "subjects[] of the report do",
                       q->report, n, q->what,
                       q->subject ? " on that subject, on several hosts" : "");
}

bool zc_asked_one(const struct zc_asked *q, const json_t *report, struct zc_asked_one *out,
                  struct zc_err *err)
{
        const json_t *f;
        size_t i, n = 0;

        json_array_foreach (json_object_get(report, "findings"), i, f) {
                if (is_gone(f) || !zc_asked_finding(q, f))
                        continue;
                *out = of_finding(f);
                n++;
        }
        if (n == 0 && q->rule)
                n = among_checks(report, q->what, NULL, q->subject, out);
        if (n == 1)
                return true;
        if (n > 1)
                return several(q, report, n, err);
        if (q->rule && q->subject)
                return zc_fail(err, ZC_E_USAGE,
                               "%s has no check of %.64s on \"%.128s\"; checks[] and subjects[] of "
                               "the report name them",
                               q->report, q->what, q->subject);
        return zc_fail(err, ZC_E_USAGE,
                       "%s has no \"%.64s\"; `zerocrit report %s -v` shows what it has", q->report,
                       q->what, q->report);
}

bool zc_asked_again(const struct zc_asked_one *one, const json_t *report, struct zc_asked_one *out)
{
        const json_t *f;
        size_t i;

        json_array_foreach (json_object_get(report, "findings"), i, f) {
                *out = of_finding(f);
                if (!is_gone(f) && strcmp(out->rule, one->rule) == 0 &&
                    strcmp(out->asset, one->asset) == 0 && strcmp(out->subject, one->subject) == 0)
                        return true;
        }
        return among_checks(report, one->rule, one->asset, one->subject, out) > 0;
}
