/**
 * One service that several vantages saw is one finding: of the most exposed subject, with the evidence of every run. What one's own address
 * over lo shows is the service's state; where the same rule passed for others, it is worth what it is worth at loopback.
 */
#include <string.h>

#include "judge_internal.h"

/* ---- sights ---- */

void zc_sight_of(struct zc_sight *s, const struct zc_rule *rule, const struct zc_place *place,
                 const json_t *endpoint, const char *subject)
{
        ZC_AUTO_MEM char *of = endpoint ? zc_subject_endpoint(endpoint) : NULL;
        const char *probe = rule->kind->probe ? rule->kind->probe : "";
        size_t n = of ? strlen(of) : 0;

        *s = (struct zc_sight){
                .service = of ? place->service : SIZE_MAX,
                .seen = place->seen,
                .by_name = strcmp(probe, "tls") == 0 || strcmp(probe, "http") == 0,
                .name = zc_json_str(endpoint, "name", ""),
                .suffix = of && strncmp(subject, of, n) == 0 ? subject + n : "",
                .below = zc_rule_severity(rule, ZC_REACH_LOOPBACK),
        };
}

json_t *zc_sight_json(const struct zc_sight *s)
{
        if (!s || s->service == SIZE_MAX)
                return json_null();
        return json_pack("{s:I, s:i, s:b, s:s, s:s, s:i}", "service", (json_int_t)s->service,
                         "seen", (int)s->seen, "by_name", (int)s->by_name, "name", s->name,
                         "suffix", s->suffix, "below", (int)s->below);
}

static enum zc_seen seen_of(const json_t *sight)
{
        return (enum zc_seen)json_integer_value(json_object_get(sight, "seen"));
}

/** rule, service, suffix; what may differ by name is told apart behind it. */
static char *key_of(const char *rule, long long service, const char *suffix, const char *name)
{
        struct zc_text t;

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_printf(&t, "%s\x1f%lld\x1f%s\x1f%s", rule, service, suffix, name);
        return zc_text_steal(&t);
}

static char *cleared_key(const char *rule, const json_t *sight)
{
        return key_of(rule, json_integer_value(json_object_get(sight, "service")),
                      zc_json_str(sight, "suffix", ""),
                      json_is_true(json_object_get(sight, "by_name"))
                              ? zc_json_str(sight, "name", "")
                              : "");
}

bool zc_tally_cleared(struct zc_tally *t, const struct zc_sight *s, const char *rule,
                      struct zc_err *err)
{
        json_auto_t *sight = s->seen > ZC_SEEN_SELF ? zc_sight_json(s) : NULL;
        ZC_AUTO_MEM char *key = json_is_object(sight) ? cleared_key(rule, sight) : NULL;

        if (!json_is_object(sight))
                return true;
        return (key && json_object_set_new(t->cleared, key, json_true()) == 0) ||
               zc_fail(err, ZC_E_NOMEM, "no memory for the report");
}

/* ---- two findings ---- */

static enum zc_severity severity_of(const json_t *finding)
{
        enum zc_severity s = ZC_INFO;

        return zc_severity_parse(zc_json_str(finding, "severity", ""), &s) ? s : ZC_INFO;
}

static enum zc_reach reach_of(const json_t *finding)
{
        enum zc_reach r = ZC_REACH_UNKNOWN;

        return zc_reach_parse(zc_json_str(finding, "reach", ""), &r) ? r : ZC_REACH_UNKNOWN;
}

/** Appends what the list does not hold yet. */
static bool add_all(json_t *list, const json_t *more)
{
        const json_t *item, *known;
        size_t i, k;

        json_array_foreach (more, i, item) {
                bool there = false;

                json_array_foreach (list, k, known) {
                        there = there || json_equal(known, item);
                }
                if (!there && json_array_append(list, (json_t *)(uintptr_t)item) != 0)
                        return false;
        }
        return true;
}

/** The subjects of the other, but for those that the finding is called by. */
static bool add_subjects(json_t *stands, const json_t *joins)
{
        json_auto_t *also = json_array();
        json_auto_t *other = json_pack("[O]", json_object_get(joins, "subject"));
        const json_t *own = json_object_get(stands, "subject"), *subject;
        size_t i;

        if (!also || !other || !add_all(also, json_object_get(stands, "also")) ||
            !add_all(other, json_object_get(joins, "also")))
                return false;
        json_array_foreach (other, i, subject) {
                json_auto_t *one = json_pack("[O]", subject);

                if (!json_equal(subject, own) && !add_all(also, one))
                        return false;
        }
        return json_array_size(also) == 0 || json_object_set(stands, "also", also) == 0;
}

/** The evidence of both: a new list, since the old one may be another finding's too. */
static bool add_evidence(json_t *stands, const json_t *joins)
{
        json_t *both = json_copy(json_object_get(stands, "evidence"));

        if (both && add_all(both, json_object_get(joins, "evidence")))
                return json_object_set_new(stands, "evidence", both) == 0;
        json_decref(both);
        return false;
}

json_t *zc_twins_merge(json_t *stands, json_t *joins)
{
        bool worse = severity_of(joins) > severity_of(stands);
        json_t *first = worse ? joins : stands, *second = worse ? stands : joins;
        bool ok = add_evidence(first, second) && add_subjects(first, second);

        json_decref(second);
        if (!ok)
                json_decref(first);
        return ok ? first : NULL;
}

/* ---- which are one ---- */

/** "/endpoints/3/tls/versions" -> "/tls/versions" */
static const char *below_endpoint(const char *pointer)
{
        const char *at =
                strncmp(pointer, "/endpoints/", 11) == 0 ? strchr(pointer + 11, '/') : NULL;

        return at ? at : pointer;
}

/** Whether the rule read the same of both. */
static bool same_facts(const json_t *a, const json_t *b)
{
        const json_t *x = json_object_get(a, "evidence"), *y = json_object_get(b, "evidence"), *one;
        size_t i;

        if (json_array_size(x) != json_array_size(y))
                return false;
        json_array_foreach (x, i, one) {
                const json_t *other = json_array_get(y, i);

                if (strcmp(below_endpoint(zc_json_str(one, "path", "")),
                           below_endpoint(zc_json_str(other, "path", ""))) != 0 ||
                    !json_equal(json_object_get(one, "value"), json_object_get(other, "value")))
                        return false;
        }
        return true;
}

/** Of what may differ by name, two names are two; one without a name is the one with it when it shows the same. */
static bool same_service(const json_t *f, const json_t *f_sight, const json_t *g,
                         const json_t *g_sight)
{
        const char *a = zc_json_str(f_sight, "name", ""), *b = zc_json_str(g_sight, "name", "");

        if (!json_is_true(json_object_get(f_sight, "by_name")) || strcmp(a, b) == 0)
                return true;
        return (*a == '\0' || *b == '\0') && same_facts(f, g);
}

/** Positive when the first is the more exposed: that one names the finding. */
static int more_exposed(const json_t *f, const json_t *f_sight, const json_t *g,
                        const json_t *g_sight)
{
        int by[] = { (int)severity_of(f) - (int)severity_of(g), (int)reach_of(f) - (int)reach_of(g),
                     (int)seen_of(f_sight) - (int)seen_of(g_sight),
                     (*zc_json_str(f_sight, "name", "") != '\0') -
                             (*zc_json_str(g_sight, "name", "") != '\0') };

        for (size_t i = 0; i < ZC_COUNT(by); i++) {
                if (by[i] != 0)
                        return by[i];
        }
        return strcmp(zc_json_str(g, "subject", ""), zc_json_str(f, "subject", ""));
}

/* What is kept so far. */
struct kept {
        json_t *findings, *sights;
        json_t *index; /* rule, service, suffix → [positions] */
};

/** Joins position `at`, with both findings' evidence; the more exposed one names it. */
static bool join_at(struct kept *k, size_t at, json_t *f, json_t *sight)
{
        json_t *known = json_array_get(k->findings, at), *one;
        bool first = more_exposed(f, sight, known, json_array_get(k->sights, at)) > 0;

        one = first ? zc_twins_merge(json_incref(f), json_incref(known))
                    : zc_twins_merge(json_incref(known), json_incref(f));
        return one && json_array_set_new(k->findings, at, one) == 0 &&
               (!first || json_array_set(k->sights, at, sight) == 0);
}

static bool append(struct kept *k, json_t *f, json_t *sight)
{
        return json_array_append(k->findings, f) == 0 && json_array_append(k->sights, sight) == 0;
}

static bool keep(struct kept *k, json_t *f, json_t *sight)
{
        ZC_AUTO_MEM char *key = NULL;
        json_t *same;
        const json_t *at;
        size_t i;

        if (!json_is_object(sight))
                return append(k, f, sight);
        key = key_of(zc_json_str(f, "rule", ""),
                     json_integer_value(json_object_get(sight, "service")),
                     zc_json_str(sight, "suffix", ""), "");
        same = key ? json_object_get(k->index, key) : NULL;
        json_array_foreach (same, i, at) {
                size_t n = (size_t)json_integer_value(at);

                if (same_service(f, sight, json_array_get(k->findings, n),
                                 json_array_get(k->sights, n)))
                        return join_at(k, n, f, sight);
        }
        if (!same && key) {
                same = json_array();
                if (json_object_set_new(k->index, key, same) != 0)
                        return false;
        }
        return same &&
               json_array_append_new(same,
                                     json_integer((json_int_t)json_array_size(k->findings))) == 0 &&
               append(k, f, sight);
}

/** Only over lo, and the rule passed for others: what is left is what someone on the machine can do. */
static bool demote(const struct zc_tally *t, json_t *f, const json_t *sight)
{
        ZC_AUTO_MEM char *key = NULL;
        enum zc_severity below =
                (enum zc_severity)json_integer_value(json_object_get(sight, "below"));

        if (!json_is_object(sight) || seen_of(sight) > ZC_SEEN_SELF || below >= severity_of(f))
                return true;
        key = cleared_key(zc_json_str(f, "rule", ""), sight);
        if (!key)
                return false;
        return !json_object_get(t->cleared, key) ||
               (json_object_set_new(f, "severity", json_string(zc_severity_name(below))) == 0 &&
                json_object_set_new(f, "reach", json_string("loopback")) == 0);
}

bool zc_twins_settle(struct zc_tally *t, struct zc_err *err)
{
        struct kept k = { json_array(), json_array(), json_object() };
        bool ok = k.findings && k.sights && k.index;
        json_t *f;
        size_t i;

        json_array_foreach (ok ? t->findings : NULL, i, f) {
                json_t *sight = json_array_get(t->sights, i);

                ok = ok && demote(t, f, sight) && keep(&k, f, sight);
        }
        json_decref(k.index);
        if (!ok) {
                json_decref(k.findings);
                json_decref(k.sights);
                return zc_fail(err, ZC_E_NOMEM, "no memory for the report");
        }
        json_decref(t->findings);
        json_decref(t->sights);
        t->findings = k.findings;
        t->sights = k.sights;
        return true;
}
