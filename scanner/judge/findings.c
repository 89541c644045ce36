/** Findings once all are known: their order, labels, folds and counts. */
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"

static enum zc_severity severity_of(const json_t *finding)
{
        enum zc_severity s = ZC_INFO;

        return zc_severity_parse(zc_json_str(finding, "severity", ""), &s) ? s : ZC_INFO;
}

static bool is(const json_t *finding, const char *key, const char *value)
{
        return strcmp(zc_json_str(finding, key, ""), value) == 0;
}

static int finding_compare(const void *a, const void *b)
{
        static const char *const keys[] = { "rule", "asset", "subject" };
        const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
        int c = (int)severity_of(y) - (int)severity_of(x);

        if (c == 0)
                c = (int)is(x, "status", "waived") - (int)is(y, "status", "waived");
        for (size_t i = 0; i < ZC_COUNT(keys) && c == 0; i++)
                c = strcmp(zc_json_str(x, keys[i], ""), zc_json_str(y, keys[i], ""));
        return c;
}

static bool sort(json_t *findings)
{
        size_t n = json_array_size(findings);
        json_t **list = n ? calloc(n, sizeof(json_t *)) : NULL;

        if (n == 0)
                return true;
        if (!list)
                return false;
        for (size_t i = 0; i < n; i++)
                list[i] = json_incref(json_array_get(findings, i));
        qsort((void *)list, n, sizeof(json_t *), finding_compare);
        json_array_clear(findings);
        for (size_t i = 0; i < n; i++)
                json_array_append_new(findings, list[i]);
        free((void *)list);
        return json_array_size(findings) == n;
}

static void label(json_t *findings)
{
        static const char letters[ZC_SEVERITY_COUNT] = { [ZC_INFO] = 'I',
                                                         [ZC_LOW] = 'L',
                                                         [ZC_MEDIUM] = 'M',
                                                         [ZC_HIGH] = 'H',
                                                         [ZC_CRITICAL] = 'C' };
        size_t next[ZC_SEVERITY_COUNT] = { 0 };
        json_t *f;
        size_t i;

        json_array_foreach (findings, i, f) {
                enum zc_severity s = severity_of(f);

                json_object_set_new(f, "label", json_sprintf("%c%zu", letters[s], ++next[s]));
        }
}

/* ---- folding ---- */

/** "6379/tcp" of any subject that has a port; "" otherwise: what one fix ends has the same port. */
static const char *port_of(const char *subject, char out[32])
{
        const char *slash = strrchr(subject, '/');
        const char *start = slash;
        size_t n;

        out[0] = '\0';
        if (!slash || (strncmp(slash, "/tcp", 4) != 0 && strncmp(slash, "/udp", 4) != 0))
                return out;
        while (start > subject && start[-1] >= '0' && start[-1] <= '9')
                start--;
        n = (size_t)(slash - start) + 4;
        if (start == slash || n >= 32)
                return out;
        memcpy(out, start, n);
        out[n] = '\0';
        return out;
}

static char *fold_key(const json_t *finding, const char *rule)
{
        char port[32];

        return zc_key(rule, zc_json_str(finding, "asset", ""),
                      port_of(zc_json_str(finding, "subject", ""), port));
}

/** (rule, asset, port) → [positions] */
static json_t *fold_index(const json_t *findings)
{
        json_t *index = json_object();
        const json_t *f;
        size_t i;

        json_array_foreach (findings, i, f) {
                ZC_AUTO_MEM char *key = fold_key(f, zc_json_str(f, "rule", ""));
                json_t *list = key ? json_object_get(index, key) : NULL;

                if (key && !list) {
                        list = json_array();
                        json_object_set_new(index, key, list);
                }
                json_array_append_new(list, json_integer((json_int_t)i));
        }
        return index;
}

/** Everything that `f` covers and nothing else has covered yet; what weighs more than `f` stands by itself. */
static void fold_one(json_t *findings, json_t *f, const json_t *index)
{
        json_auto_t *rules = json_incref(json_object_get(f, "covers"));
        json_t *folded = json_array();
        const json_t *rule, *at;
        size_t i, k;

        json_object_set_new(f, "covers", folded);
        if (!is(f, "status", "open") || json_is_string(json_object_get(f, "covered_by")))
                return;
        json_array_foreach (rules, i, rule) {
                ZC_AUTO_MEM char *key = fold_key(f, json_string_value(rule));

                json_array_foreach (key ? json_object_get(index, key) : NULL, k, at) {
                        json_t *other = json_array_get(findings, (size_t)json_integer_value(at));

                        if (other == f || severity_of(other) > severity_of(f) ||
                            json_is_string(json_object_get(other, "covered_by")))
                                continue;
                        json_object_set(other, "covered_by", json_object_get(f, "fingerprint"));
                        json_array_append(folded, json_object_get(other, "fingerprint"));
                }
        }
}

bool zc_findings_settle(json_t *findings, struct zc_err *err)
{
        json_auto_t *index = NULL;
        json_t *f;
        size_t i;

        if (!sort(findings))
                return zc_fail(err, ZC_E_NOMEM, "no memory for the report");
        label(findings);
        json_array_foreach (findings, i, f) {
                json_object_set_new(f, "covered_by", json_null());
        }
        index = fold_index(findings);
        json_array_foreach (findings, i, f) {
                fold_one(findings, f, index);
        }
        return true;
}

/* ---- counts ---- */

json_t *zc_findings_counts(const json_t *findings)
{
        size_t n[ZC_SEVERITY_COUNT][2] = { { 0 } };
        json_t *out = json_object();
        const json_t *f;
        size_t i;

        json_array_foreach (findings, i, f) {
                if (!is(f, "change", "absent"))
                        n[severity_of(f)][is(f, "status", "waived")]++;
        }
        for (size_t s = ZC_SEVERITY_COUNT; s-- > 0;)
                json_object_set_new(out, zc_severity_name((enum zc_severity)s),
                                    json_pack("{s:I, s:I}", "open", (json_int_t)n[s][0], "waived",
                                              (json_int_t)n[s][1]));
        return out;
}
