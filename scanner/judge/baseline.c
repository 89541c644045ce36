/** An earlier report beside this one: what is new, what is gone, and what merely could not be seen then or now. */
#include <stdint.h>
#include <string.h>

#include "judge_internal.h"

/* What one report knows of (rule, asset, subject). A fleet has millions of answers: subjects go by number. */
struct known {
        json_t *rules;     /* rule → its number, from 1: it judged something, or could have */
        json_t *partly;    /* rule, asset → true: some of it was unknown */
        json_t *subjects;  /* asset, subject → its number */
        json_t *assets;    /* asset → true */
        uint8_t **unknown; /* by rule: a bit for each subject; NULL for none */
        size_t rule_count, subject_count;
};

static void known_release(struct known *k)
{
        json_decref(k->rules);
        json_decref(k->partly);
        json_decref(k->subjects);
        json_decref(k->assets);
        for (size_t i = 0; k->unknown && i < k->rule_count; i++)
                free(k->unknown[i]);
        free((void *)k->unknown);
}

static bool put(json_t *set, const char *a, const char *b, json_t *value)
{
        ZC_AUTO_MEM char *key = zc_key(a, b, NULL);

        if (key)
                return json_object_set_new(set, key, value) == 0;
        json_decref(value);
        return false;
}

static const json_t *look(const json_t *set, const char *a, const char *b)
{
        ZC_AUTO_MEM char *key = zc_key(a, b, NULL);

        return key ? json_object_get(set, key) : NULL;
}

static const char *text_at(const json_t *list, size_t i)
{
        const char *s = json_string_value(json_array_get(list, i));

        return s ? s : "";
}

/** The bits of the rule's subjects, made at their first use; NULL when out of memory. */
static uint8_t *bits_of(struct known *k, const char *rule)
{
        uint8_t **bits = &k->unknown[json_integer_value(json_object_get(k->rules, rule)) - 1];

        if (!*bits)
                *bits = calloc(k->subject_count / 8 + 1, 1);
        return *bits;
}

/** A row without an answer: its subjects are unknown, and their assets are partly. */
static bool known_unknown(struct known *k, const json_t *check, const json_t *assets)
{
        const char *rule = zc_json_str(check, "rule", ""), *last = NULL;
        uint8_t *bits = bits_of(k, rule);
        const json_t *range;
        size_t r;

        json_array_foreach (bits ? json_object_get(check, "subjects") : NULL, r, range) {
                json_int_t i = json_integer_value(json_array_get(range, 0));
                json_int_t end = json_integer_value(json_array_get(range, 1));

                for (; i >= 0 && i <= end && (size_t)i < k->subject_count; i++) {
                        const char *asset = text_at(assets, (size_t)i);

                        bits[i / 8] |= (uint8_t)(1u << i % 8);
                        if (last && strcmp(asset, last) == 0)
                                continue;
                        last = asset;
                        if (!put(k->partly, rule, asset, json_true()))
                                return false;
                }
        }
        return bits != NULL;
}

static bool known_rules(struct known *k, const json_t *checks)
{
        const json_t *v;
        size_t i;

        k->unknown = (uint8_t **)calloc(json_array_size(checks) + 1, sizeof(*k->unknown));
        json_array_foreach (k->unknown ? checks : NULL, i, v) {
                const char *rule = zc_json_str(v, "rule", "");

                if (json_object_get(k->rules, rule))
                        continue;
                if (json_object_set_new(k->rules, rule,
                                        json_integer((json_int_t)++k->rule_count)) != 0)
                        return false;
        }
        return k->unknown != NULL;
}

static bool known_init(struct known *k, const json_t *checks, const json_t *subjects,
                       const json_t *assets)
{
        const json_t *v;
        size_t i;

        *k = (struct known){ .rules = json_object(),
                             .partly = json_object(),
                             .subjects = json_object(),
                             .assets = json_object(),
                             .subject_count = json_array_size(subjects) };
        if (!k->rules || !k->partly || !k->subjects || !k->assets || !known_rules(k, checks))
                return false;
        json_array_foreach (checks, i, v) {
                const char *verdict = zc_json_str(v, "verdict", "");

                if ((strcmp(verdict, "unknown") == 0 || strcmp(verdict, "error") == 0) &&
                    !known_unknown(k, v, assets))
                        return false;
        }
        json_array_foreach (subjects, i, v) {
                json_object_set_new(k->assets, text_at(assets, i), json_true());
                if (!put(k->subjects, text_at(assets, i),
                         json_string_value(v) ? json_string_value(v) : "",
                         json_integer((json_int_t)i)))
                        return false;
        }
        return true;
}

/** Whether the rule had no answer for a subject; NULL: for one that the report does not have. */
static bool is_unknown(const struct known *k, const char *rule, const json_t *subject)
{
        json_int_t number = json_integer_value(json_object_get(k->rules, rule));
        json_int_t i = json_integer_value(subject);
        const uint8_t *bits = number && subject ? k->unknown[number - 1] : NULL;

        return bits && (bits[i / 8] >> i % 8 & 1) != 0;
}

/** Whether the report could not tell, when it was made, what this finding tells. */
static bool was_blind(const struct known *k, const json_t *finding)
{
        const char *rule = zc_json_str(finding, "rule", "");
        const char *asset = zc_json_str(finding, "asset", "");
        const json_t *subject = look(k->subjects, asset, zc_json_str(finding, "subject", ""));

        if (!json_object_get(k->assets, asset) || is_unknown(k, rule, subject))
                return true;
        return !subject && look(k->partly, rule, asset);
}

static const char *change_of(const struct known *then, const json_t *before, const json_t *finding)
{
        static const char *const bands[] = { "severity", "status" };

        if (before) {
                for (size_t i = 0; i < ZC_COUNT(bands); i++) {
                        if (strcmp(zc_json_str(before, bands[i], ""),
                                   zc_json_str(finding, bands[i], "")) != 0)
                                return "updated";
                }
                return "unchanged";
        }
        if (!json_object_get(then->rules, zc_json_str(finding, "rule", "")))
                return "new-rule";
        return was_blind(then, finding) ? "new-data" : "new";
}

/** Whether what the baseline knew weighs more now: its severity rose, or its waiver ended. */
static bool has_risen(const json_t *before, const json_t *finding)
{
        enum zc_severity was = ZC_INFO, is = ZC_INFO;

        if (!before || strcmp(zc_json_str(finding, "status", ""), "open") != 0)
                return false;
        if (strcmp(zc_json_str(before, "status", ""), "waived") == 0)
                return true;
        return zc_severity_parse(zc_json_str(before, "severity", ""), &was) &&
               zc_severity_parse(zc_json_str(finding, "severity", ""), &is) && is > was;
}

/** fingerprint → finding, those that were gone already aside. */
static json_t *by_fingerprint(const json_t *findings)
{
        json_t *out = json_object();
        json_t *f;
        size_t i;

        json_array_foreach (findings, i, f) {
                if (strcmp(zc_json_str(f, "change", ""), "absent") != 0)
                        json_object_set(out, zc_json_str(f, "fingerprint", ""), f);
        }
        return out;
}

/** A finding that has become part of another, of the same service, is not gone. */
static void add_parts(json_t *present, const json_t *findings)
{
        const json_t *f, *also;
        size_t i, k;

        json_array_foreach (findings, i, f) {
                json_array_foreach (json_object_get(f, "also"), k, also) {
                        char fingerprint[ZC_FINGERPRINT_LEN];

                        if (json_is_string(also) &&
                            zc_fingerprint(zc_json_str(f, "rule", ""), zc_json_str(f, "asset", ""),
                                           json_string_value(also), fingerprint))
                                json_object_set_new(present, fingerprint, json_true());
                }
        }
}

/** What the baseline had and is gone; what cannot be told now is not gone. */
static bool append_absent(const json_t *before, const struct known *now, json_t *findings)
{
        json_auto_t *present = by_fingerprint(findings);
        const char *fingerprint;
        json_t *old;

        add_parts(present, findings);
        json_object_foreach ((json_t *)(uintptr_t)before, fingerprint, old) {
                json_t *gone;

                if (json_object_get(present, fingerprint) ||
                    !json_object_get(now->rules, zc_json_str(old, "rule", "")) ||
                    was_blind(now, old))
                        continue;
                gone = json_copy(old);
                if (!gone || json_object_set_new(gone, "change", json_string("absent")) != 0 ||
                    json_object_set_new(gone, "label", json_null()) != 0 ||
                    json_object_set_new(gone, "covered_by", json_null()) != 0 ||
                    json_object_set_new(gone, "covers", json_array()) != 0 ||
                    json_array_append_new(findings, gone) != 0)
                        return false;
        }
        return true;
}

/** The ranges of a row's subjects that the baseline could answer for; NULL when out of memory. */
static json_t *newly_ranges(const struct known *then, const json_t *check, const json_t *subjects,
                            const json_t *assets, json_int_t *count)
{
        const char *rule = zc_json_str(check, "rule", "");
        json_t *out = json_array();
        const json_t *range;
        size_t r;

        json_array_foreach (json_object_get(check, "subjects"), r, range) {
                json_int_t first = json_integer_value(json_array_get(range, 0));
                json_int_t last = json_integer_value(json_array_get(range, 1));

                for (json_int_t i = first; i >= 0 && i <= last; i++) {
                        json_t *end = json_array_get(out, json_array_size(out) - 1);

                        if (is_unknown(then, rule,
                                       look(then->subjects, text_at(assets, (size_t)i),
                                            text_at(subjects, (size_t)i))))
                                continue;
                        (*count)++;
                        if (end && json_integer_value(json_array_get(end, 1)) == i - 1)
                                json_array_set_new(end, 1, json_integer(i));
                        else
                                json_array_append_new(out, json_pack("[I,I]", i, i));
                }
        }
        return out;
}

/** Checks without an answer now that were not so then. Of rules that the baseline did not have there is nothing to compare. */
static bool newly_add(const struct known *then, const json_t *checks, const json_t *subjects,
                      const json_t *assets, json_t *newly)
{
        const json_t *check;
        size_t i;

        json_array_foreach (checks, i, check) {
                const char *verdict = zc_json_str(check, "verdict", "");
                const char *rule = zc_json_str(check, "rule", "");
                json_int_t count = 0;
                json_t *ranges;

                if ((strcmp(verdict, "unknown") != 0 && strcmp(verdict, "error") != 0) ||
                    json_is_string(json_object_get(check, "waived")) ||
                    !json_object_get(then->rules, rule))
                        continue;
                ranges = newly_ranges(then, check, subjects, assets, &count);
                if (!ranges)
                        return false;
                if (count == 0)
                        json_decref(ranges);
                else if (json_array_append_new(
                                 newly, json_pack("{s:s, s:O, s:O, s:I, s:o}", "rule", rule, "why",
                                                  json_object_get(check, "why"), "required",
                                                  json_object_get(check, "required"), "count",
                                                  count, "subjects", ranges)) != 0)
                        return false;
        }
        return true;
}

bool zc_baseline_compare(const json_t *baseline, const json_t *checks, const json_t *subjects,
                         const json_t *assets, json_t *findings, json_t *risen, json_t *newly,
                         struct zc_err *err)
{
        json_auto_t *before = NULL;
        struct known then = { 0 }, now = { 0 };
        bool ok;
        json_t *f;
        size_t i;

        if (!baseline) /* every finding came in as new */
                return true;
        before = by_fingerprint(json_object_get(baseline, "findings"));
        ok = known_init(&then, json_object_get(baseline, "checks"),
                        json_object_get(baseline, "subjects"),
                        json_object_get(baseline, "assets")) &&
             known_init(&now, checks, subjects, assets);
        json_array_foreach (ok ? findings : NULL, i, f) {
                const json_t *old = json_object_get(before, zc_json_str(f, "fingerprint", ""));

                json_object_set_new(f, "change", json_string(change_of(&then, old, f)));
                if (has_risen(old, f) &&
                    json_object_set_new(risen, zc_json_str(f, "fingerprint", ""), json_true()) != 0)
                        ok = false;
        }
        ok = ok && append_absent(before, &now, findings) &&
             newly_add(&then, checks, subjects, assets, newly);
        known_release(&then);
        known_release(&now);
        return ok || zc_fail(err, ZC_E_NOMEM, "no memory to compare with the baseline");
}
