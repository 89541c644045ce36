/** The record of one rule: which members, of which type, and what must agree with what before any expression is compiled. */
#include <stdio.h>
#include <string.h>

#include "rule_internal.h"
#include "zc/cvss.h"

static const char *const severities[] = { "info", "low", "medium", "high", "critical", NULL };
static const char *const reaches[] = { "none", "loopback", "isolated", "private",
                                       "any",  "unknown",  NULL };
static const char *const confidences[] = { "version", "derived", "proven", NULL };
static const char *const risks[] = { "restart", "lockout", "data", NULL };
static const char *const types[] = { "int", "double", "string", "bool", "strings", NULL };
static const char *const expects[] = { "fail", "pass", "unknown", "notapplicable", "error", NULL };
static const char *const frameworks[] = { "cwe",     "cis",       "nist-800-53",
                                          "pci-dss", "iso-27001", "owasp-asvs",
                                          "rfc",     "cve",       NULL };

static const struct zc_shape by_reach_shape[] = {
        { "any", ZC_SHAPE_WORD, true, severities, NULL },
        { "private", ZC_SHAPE_WORD, true, severities, NULL },
        { "isolated", ZC_SHAPE_WORD, true, severities, NULL },
        { "loopback", ZC_SHAPE_WORD, true, severities, NULL },
        { 0 },
};
static const struct zc_shape variant_shape[] = {
        { "when", ZC_SHAPE_TEXT, false, NULL, NULL },
        { "change", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "commands", ZC_SHAPE_TEXTS, false, NULL, NULL },
        { "risk", ZC_SHAPE_WORD, false, risks, NULL },
        { "undo", ZC_SHAPE_TEXT, false, NULL, NULL },
        { "verify", ZC_SHAPE_TEXT, false, NULL, NULL },
        { 0 },
};
static const struct zc_shape remediation_shape[] = {
        { "text", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "variants", ZC_SHAPE_OBJECTS, false, NULL, variant_shape },
        { "reproduce", ZC_SHAPE_TEXTS, true, NULL, NULL },
        { 0 },
};
static const struct zc_shape ref_shape[] = {
        { "id", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "title", ZC_SHAPE_TEXT, true, NULL, NULL },
        { 0 },
};
static const struct zc_shape param_shape[] = {
        { "type", ZC_SHAPE_WORD, true, types, NULL },
        { "default", ZC_SHAPE_ANY, true, NULL, NULL },
        { "min", ZC_SHAPE_ANY, false, NULL, NULL },
        { "max", ZC_SHAPE_ANY, false, NULL, NULL },
        { "summary", ZC_SHAPE_TEXT, true, NULL, NULL },
        { 0 },
};
static const struct zc_shape test_shape[] = {
        { "name", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "self", ZC_SHAPE_ANY, true, NULL, NULL },
        { "host", ZC_SHAPE_OBJECT, false, NULL, NULL },
        { "endpoint", ZC_SHAPE_OBJECT, false, NULL, NULL },
        { "run", ZC_SHAPE_OBJECT, false, NULL, NULL },
        { "params", ZC_SHAPE_OBJECT, false, NULL, NULL },
        { "reach", ZC_SHAPE_WORD, false, reaches, NULL },
        { "expect", ZC_SHAPE_WORD, true, expects, NULL },
        { "severity", ZC_SHAPE_WORD, false, severities, NULL },
        { "message", ZC_SHAPE_TEXT, false, NULL, NULL },
        { 0 },
};
static const struct zc_shape rule_shape[] = {
        { "id", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "title", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "severity", ZC_SHAPE_ANY, true, NULL, NULL },
        { "cvss", ZC_SHAPE_TEXT, false, NULL, NULL },
        { "severity_override_reason", ZC_SHAPE_TEXT, false, NULL, NULL },
        { "applies_to", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "where", ZC_SHAPE_TEXT, false, NULL, NULL },
        { "needs", ZC_SHAPE_TEXTS, false, NULL, NULL },
        { "when", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "confidence", ZC_SHAPE_WORD, true, confidences, NULL },
        { "message", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "covers", ZC_SHAPE_TEXTS, false, NULL, NULL },
        { "rationale", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "remediation", ZC_SHAPE_OBJECT, true, NULL, remediation_shape },
        { "refs", ZC_SHAPE_LISTS, false, frameworks, ref_shape },
        { "params", ZC_SHAPE_MAP, false, NULL, param_shape },
        { "tags", ZC_SHAPE_TEXTS, false, NULL, NULL },
        { "since", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "tests", ZC_SHAPE_OBJECTS, true, NULL, test_shape },
        { 0 },
};

/* ---- names ---- */

const char *zc_severity_name(enum zc_severity s)
{
        return severities[s];
}

static bool word_index(const char *s, const char *const *words, size_t *out)
{
        for (size_t i = 0; words[i]; i++) {
                if (strcmp(words[i], s) == 0) {
                        *out = i;
                        return true;
                }
        }
        return false;
}

bool zc_severity_parse(const char *s, enum zc_severity *out)
{
        size_t i;

        if (!word_index(s, severities, &i))
                return false;
        *out = (enum zc_severity)i;
        return true;
}

const char *zc_confidence_name(enum zc_confidence c)
{
        return confidences[c];
}

bool zc_rule_id_ok(const char *id)
{
        const char *s = id;
        size_t area, number;

        if (strncmp(s, "ZC-", 3) != 0)
                return false;
        s += 3;
        area = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
        if (area == 0 || area > 12 || s[area] != '-')
                return false;
        s += area + 1;
        number = strspn(s, "0123456789");
        return number == 3 && s[number] == '\0';
}

/* ---- what must agree ---- */

struct record {
        const struct zc_yaml *y;
        const char *pointer;
        const json_t *json;
        struct zc_err *err;
};

static bool fail_in(const struct record *r, const char *below, const char *fmt, ...)
        ZC_PRINTF(3, 4);
static bool fail_in(const struct record *r, const char *below, const char *fmt, ...)
{
        char text[400];
        char pointer[512];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        snprintf(pointer, sizeof(pointer), "%s%s", r->pointer, below);
        return zc_shape_fail(r->y, pointer, r->err, "%s", text);
}

static bool check_id(const struct record *r)
{
        const char *id = json_string_value(json_object_get(r->json, "id"));

        if (strncmp(id, "ZC-EXPECT-", 10) == 0)
                return fail_in(r, "/id",
                               "ids that begin ZC-EXPECT- belong to `expect` of the configuration; "
                               "choose another area");
        return zc_rule_id_ok(id) ||
               fail_in(r, "/id",
                       "\"%.60s\" is not a rule id; write ZC-AREA-123: capitals, then three digits",
                       id);
}

enum zc_severity zc_confidence_carries(enum zc_confidence c)
{
        static const enum zc_severity most[] = {
                [ZC_VERSION_ONLY] = ZC_MEDIUM, [ZC_DERIVED] = ZC_HIGH, [ZC_PROVEN] = ZC_CRITICAL
        };

        return most[c];
}

/** A severity against what the confidence can carry. */
static bool check_severity_word(const struct record *r, const char *below, const char *word)
{
        const char *confidence = json_string_value(json_object_get(r->json, "confidence"));
        enum zc_severity severity = ZC_INFO;
        size_t c = 0;

        if (!word_index(confidence, confidences, &c) || !zc_severity_parse(word, &severity))
                return fail_in(
                        r, below,
                        "\"%.40s\" is not a severity; one of: info, low, medium, high, critical",
                        word);
        if (severity <= zc_confidence_carries((enum zc_confidence)c))
                return true;
        return fail_in(r, below,
                       "severity %s needs more than confidence %s, which carries %s at most; only "
                       "proven may be critical",
                       word, confidence, severities[zc_confidence_carries((enum zc_confidence)c)]);
}

static bool check_severity(const struct record *r)
{
        const json_t *severity = json_object_get(r->json, "severity");
        char pointer[512];
        const char *key;
        json_t *v;

        if (json_is_string(severity))
                return check_severity_word(r, "/severity", json_string_value(severity));
        snprintf(pointer, sizeof(pointer), "%s/severity", r->pointer);
        if (!json_is_object(severity))
                return fail_in(r, "/severity",
                               "severity should be a word, or a mapping by reach (any, private, "
                               "isolated, loopback)");
        if (!zc_shape_check(r->y, pointer, severity, "severity", by_reach_shape, r->err))
                return false;
        json_object_foreach ((json_t *)(uintptr_t)severity, key, v) {
                snprintf(pointer, sizeof(pointer), "/severity/%s", key);
                if (!check_severity_word(r, pointer, json_string_value(v)))
                        return false;
        }
        return true;
}

/** The worst of a severity that was checked: what a vector speaks of. */
static enum zc_severity worst_of(const json_t *severity)
{
        enum zc_severity worst = ZC_INFO, one = ZC_INFO;
        const char *key;
        json_t *v;

        if (zc_severity_parse(json_is_string(severity) ? json_string_value(severity) : "", &worst))
                return worst;
        json_object_foreach ((json_t *)(uintptr_t)severity, key, v) {
                if (zc_severity_parse(json_string_value(v), &one) && one > worst)
                        worst = one;
        }
        return worst;
}

/** A vector that scores in another band than the rule's severity needs a reason, and a reason needs such a vector. */
static bool check_cvss(const struct record *r)
{
        const char *vector = json_string_value(json_object_get(r->json, "cvss"));
        const json_t *reason = json_object_get(r->json, "severity_override_reason");
        enum zc_severity severity = worst_of(json_object_get(r->json, "severity")), band;
        struct zc_cvss v;
        unsigned tenths;

        if (!vector)
                return !reason || fail_in(r, "/severity_override_reason",
                                          "the rule has no cvss that could differ; remove this");
        if (!zc_cvss_parse(vector, &v, r->err)) {
                const struct zc_err cause = *r->err;

                return fail_in(r, "/cvss", "%s", cause.text);
        }
        tenths = zc_cvss_score(&v);
        band = zc_cvss_band(tenths);
        if (band != severity && !reason)
                return fail_in(r, "/cvss",
                               "the vector scores %u.%u, which is %s, and the severity is %s; "
                               "correct one of them, or say why in severity_override_reason",
                               tenths / 10, tenths % 10, severities[band], severities[severity]);
        return band != severity || !reason ||
               fail_in(r, "/severity_override_reason",
                       "the vector scores %u.%u, which is the severity's band; remove this",
                       tenths / 10, tenths % 10);
}

/** Only things that listen or answer have a reach. */
static bool check_kind(const struct record *r)
{
        const char *name = json_string_value(json_object_get(r->json, "applies_to"));
        const struct zc_kind *kind = zc_kind_find(name);
        const char *near;

        if (!kind) {
                near = zc_nearest(name, zc_kind_names());
                return fail_in(r, "/applies_to", "no entity kind \"%.60s\"%s%s", name,
                               near ? "; did you mean "
                                    : "; `zerocrit rules explain --kinds` lists them",
                               near ? near : "");
        }
        if (json_is_object(json_object_get(r->json, "severity")) &&
            strncmp(kind->at, "endpoints[]", 11) != 0 && strncmp(kind->at, "exposure[]", 10) != 0 &&
            strcmp(kind->name, "listener") != 0)
                return fail_in(r, "/severity", "a %s has no reach; write one severity", name);
        return true;
}

static bool check_covers(const struct record *r)
{
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(r->json, "covers"), i, v) {
                if (!zc_rule_id_ok(json_string_value(v)))
                        return fail_in(r, "/covers", "\"%.60s\" is not a rule id",
                                       json_string_value(v));
        }
        return true;
}

static bool is_number_type(const char *type)
{
        return strcmp(type, "int") == 0 || strcmp(type, "double") == 0;
}

/** Whether a default, or a value given for it, has the parameter's type, and is in its range. */
bool zc_rule_param_fits(const json_t *param, const json_t *v)
{
        const char *type = zc_json_str(param, "type", "");
        const json_t *item;
        size_t i;

        if (strcmp(type, "string") == 0)
                return json_is_string(v);
        if (strcmp(type, "bool") == 0)
                return json_is_boolean(v);
        if (strcmp(type, "strings") == 0) {
                json_array_foreach (v, i, item) {
                        if (!json_is_string(item))
                                return false;
                }
                return json_is_array(v);
        }
        if (strcmp(type, "int") == 0 ? !json_is_integer(v) : !json_is_number(v))
                return false;
        return json_number_value(v) >= json_number_value(json_object_get(param, "min")) &&
               json_number_value(v) <= json_number_value(json_object_get(param, "max"));
}

bool zc_rule_param_fail(const char *name, const json_t *param, struct zc_err *err)
{
        const char *type = zc_json_str(param, "type", "");
        const char *summary = zc_json_str(param, "summary", "");

        if (!is_number_type(type))
                return zc_fail(err, ZC_E_USAGE, "params: %s should be a %s: %s", name,
                               strcmp(type, "strings") == 0 ? "list of texts" : type, summary);
        return zc_fail(err, ZC_E_USAGE, "params: %s should be %s from %.15g to %.15g: %s", name,
                       strcmp(type, "int") == 0 ? "an int" : "a double",
                       json_number_value(json_object_get(param, "min")),
                       json_number_value(json_object_get(param, "max")), summary);
}

/** A number says how far it may be turned: a threshold of any value would be a rule that can be turned off. */
static bool check_range(const struct record *r, const char *below, const json_t *param)
{
        const char *type = zc_json_str(param, "type", "");
        const json_t *min = json_object_get(param, "min"), *max = json_object_get(param, "max");

        if (!is_number_type(type))
                return (!min && !max) ||
                       fail_in(r, below, "only an int or a double has min and max");
        if (!min || !max)
                return fail_in(r, below,
                               "a parameter of type %s needs min and max: how far it may "
                               "be turned and still mean something",
                               type);
        if (strcmp(type, "int") == 0 ? !json_is_integer(min) || !json_is_integer(max)
                                     : !json_is_number(min) || !json_is_number(max))
                return fail_in(r, below, "min and max should be of its type, %s", type);
        return json_number_value(min) <= json_number_value(max) ||
               fail_in(r, below, "min is more than max");
}

static bool check_params(const struct record *r)
{
        const char *name;
        json_t *param;

        json_object_foreach (json_object_get(r->json, "params"), name, param) {
                char below[300];

                snprintf(below, sizeof(below), "/params/%s", name);
                if (name[0] < 'a' || name[0] > 'z' ||
                    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name))
                        return fail_in(r, below,
                                       "a parameter is named with small letters, digits and _");
                if (!check_range(r, below, param))
                        return false;
                if (!zc_rule_param_fits(param, json_object_get(param, "default")))
                        return fail_in(r, below, "the default is not a %s within min and max",
                                       zc_json_str(param, "type", ""));
        }
        return true;
}

static bool check_tests(const struct record *r)
{
        static const struct {
                const char *expect, *words;
        } wanted[] = {
                { "fail", "where the rule fails" },
                { "pass", "where it passes" },
                { "unknown", "where evidence is missing (expect: unknown)" },
        };
        const json_t *tests = json_object_get(r->json, "tests");
        const json_t *t;
        size_t i;

        for (size_t w = 0; w < ZC_COUNT(wanted); w++) {
                bool seen = false;

                json_array_foreach (tests, i, t) {
                        seen = seen || strcmp(zc_json_str(t, "expect", ""), wanted[w].expect) == 0;
                }
                if (!seen)
                        return fail_in(r, "/tests", "the rule needs a test %s", wanted[w].words);
        }
        return true;
}

bool zc_rule_record_check(const struct zc_yaml *y, const char *pointer, const json_t *record,
                          struct zc_err *err)
{
        const struct record r = { y, pointer, record, err };

        return zc_shape_check(y, pointer, record, "a rule", rule_shape, err) && check_id(&r) &&
               check_kind(&r) && check_severity(&r) && check_cvss(&r) && check_covers(&r) &&
               check_params(&r) && check_tests(&r);
}
