/** The tests inside rule files: a fragment of evidence each, and the verdict it must get. */
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"
#include "zc/schema.h"

struct testing {
        const struct zc_pack *pack;
        const json_t *schema; /* of evidence, nothing in it required: a test names what it needs */
        const struct zc_rule *rule;
        const json_t *test;
        struct zc_rule_test out;
        char why[512];
};

static void differ(struct testing *t, const char *what, const char *expected, const char *got)
{
        t->out.ok = false;
        snprintf(t->why, sizeof(t->why), "%s: expected \"%.200s\", got \"%.200s\"", what, expected,
                 got);
}

/** The finding's words and severity, where the test names them. */
static void check_finding(struct testing *t, const struct zc_judge_context *c, enum zc_reach reach,
                          struct zc_arena *arena)
{
        const char *severity = zc_json_str(t->test, "severity", NULL);
        const char *message = zc_json_str(t->test, "message", NULL);
        const char *got = zc_severity_name(zc_rule_severity(t->rule, reach));
        ZC_AUTO_MEM char *words = message ? zc_rule_message(t->rule, c, arena) : NULL;

        if (severity && strcmp(severity, got) != 0)
                differ(t, "severity", severity, got);
        if (message && strcmp(message, words ? words : "") != 0)
                differ(t, "message", message, words ? words : "");
}

/** Takes "required" out of a schema, all the way down; a property of that name is an object and stays. */
static void loosen(json_t *schema)
{
        const char *key;
        json_t *v;
        size_t i;

        if (json_is_array(json_object_get(schema, "required")))
                json_object_del(schema, "required");
        json_object_foreach (schema, key, v) {
                loosen(v);
        }
        json_array_foreach (schema, i, v) {
                loosen(v);
        }
}

/** A test on evidence that cannot exist proves nothing: a misspelt member would read as one that is missing. */
static void check_fragments(struct testing *t)
{
        const char *const parts[][2] = { { "self", t->rule->kind->def },
                                         { "host", "host" },
                                         { "endpoint", "endpoint" },
                                         { "run", "run" } };
        ZC_AUTO_TEXT where = { 0 };

        zc_text_init(&where, ZC_TEXT_CEILING);
        for (size_t i = 0; i < ZC_COUNT(parts) && t->out.ok; i++) {
                const json_t *value = json_object_get(t->test, parts[i][0]);
                struct zc_err why = { 0 };
                char at[96];

                snprintf(at, sizeof(at), "/$defs/%s", parts[i][1]);
                zc_text_clear(&where);
                if (!value || zc_schema_check_at(t->schema, at, value, true, &where, &why))
                        continue;
                t->out.ok = false;
                snprintf(t->why, sizeof(t->why), "%s%.160s: %.300s", parts[i][0],
                         zc_text_str(&where), why.text);
        }
}

static bool test_params(struct testing *t, json_t **out, struct zc_err *err)
{
        *out = zc_pack_params(t->pack, json_object_get(t->test, "params"), err);
        return *out || zc_ctx(err, "rule %s, test \"%s\"", t->rule->id, t->out.name);
}

static bool test_run(struct testing *t, struct zc_err *err)
{
        ZC_AUTO(zc_arena) arena = zc_arena_new((size_t)256 << 20);
        json_auto_t *params = NULL;
        enum zc_reach reach = ZC_REACH_UNKNOWN;
        struct zc_judgement jm;
        struct zc_judge_context c = {
                .self = json_object_get(t->test, "self"),
                .self_pointer = "/self",
                .host = json_object_get(t->test, "host"),
                .host_pointer = "/host",
                .endpoint = json_object_get(t->test, "endpoint"),
                .endpoint_pointer = "/endpoint",
                .run = json_object_get(t->test, "run"),
                .run_pointer = "/run",
        };

        t->out = (struct zc_rule_test){ .rule = t->rule,
                                        .name = zc_json_str(t->test, "name", ""),
                                        .expected = zc_json_str(t->test, "expect", ""),
                                        .why = t->why,
                                        .ok = true };
        t->why[0] = '\0';
        if (!arena)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a test");
        if (!test_params(t, &params, err))
                return false;
        c.params = params;
        if (strcmp(t->rule->kind->name, "exposure") == 0)
                (void)!zc_reach_parse(zc_json_str(c.self, "reach", "unknown"), &reach);
        (void)!zc_reach_parse(zc_json_str(t->test, "reach", zc_reach_name(reach)), &reach);
        zc_rule_judge(t->rule, &c, arena, NULL, &jm);
        zc_judge_reach(t->rule, reach, &jm);
        t->out.got = zc_verdict_name(jm.verdict);
        if (strcmp(t->out.got, t->out.expected) != 0) {
                t->out.ok = false;
                snprintf(t->why, sizeof(t->why), "%s%s%s", jm.stage,
                         *jm.why && strcmp(jm.why, jm.stage) != 0 ? ": " : "",
                         strcmp(jm.why, jm.stage) != 0 ? jm.why : "");
        } else if (jm.verdict == ZC_FAIL) {
                check_finding(t, &c, reach, arena);
        }
        check_fragments(t);
        return true;
}

bool zc_rules_test(const struct zc_pack *p, const struct zc_rule *rule,
                   void (*fn)(void *ctx, const struct zc_rule_test *t), void *ctx,
                   struct zc_err *err)
{
        json_auto_t *schema = json_deep_copy(zc_evidence_schema(err));

        if (!schema)
                return zc_fail(err, ZC_E_NOMEM, "no memory for tests");
        loosen(schema);
        for (size_t i = 0; i < zc_pack_count(p); i++) {
                struct testing t = { .pack = p, .schema = schema, .rule = zc_pack_rule(p, i) };
                size_t k;

                if (rule && rule != t.rule)
                        continue;
                json_array_foreach (json_object_get(t.rule->record, "tests"), k, t.test) {
                        if (!test_run(&t, err))
                                return false;
                        fn(ctx, &t.out);
                }
        }
        return true;
}
