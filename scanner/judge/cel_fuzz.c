/**
 * Fuzz target: the input is an expression. It is compiled against a schema and evaluated on whole evidence and on the same evidence
 * with one member missing. What less evidence decides, more evidence decides alike: a value must never come of an omission.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "zc/cel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BUDGET 20000u

static const char schema_text[] =
        "{\"type\":\"object\",\"properties\":{"
        "\"name\":{\"type\":\"string\"},\"mode\":{\"type\":\"string\",\"enum\":[\"direct\",\"starttls\"]},"
        "\"port\":{\"type\":\"integer\"},\"ratio\":{\"type\":\"number\"},\"on\":{\"type\":\"boolean\"},"
        "\"tls\":{\"type\":[\"object\",\"null\"],\"properties\":{\"required\":{\"type\":\"boolean\"},\"deep\":{\"$ref\":\"#\"},"
        "\"days\":{\"type\":[\"integer\",\"null\"]}}},"
        "\"versions\":{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#/$defs/v\"},\"b\":{\"$ref\":\"#/$defs/v\"}}},"
        "\"open\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},"
        "\"list\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/v\"}},\"words\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"
        "\"$defs\":{\"v\":{\"type\":\"object\",\"properties\":{\"o\":{\"type\":\"boolean\"},\"w\":{\"type\":\"integer\"}}}}}";

static const char evidence_text[] =
        "{\"name\":\"web1.example\",\"mode\":\"direct\",\"port\":443,\"ratio\":2,\"on\":false,"
        "\"tls\":{\"required\":true,\"days\":null,\"deep\":{\"port\":1,\"tls\":null}},"
        "\"versions\":{\"a\":{\"o\":true,\"w\":769},\"b\":{\"o\":false,\"w\":772}},"
        "\"open\":{\"k\":\"v\",\"x\":\"y\"},\"list\":[{\"o\":true,\"w\":1},{\"o\":false,\"w\":2},{\"o\":true,\"w\":3}],"
        "\"words\":[\"10.0.0.0/8\",\"0.0.0.0/0\",\"2026-01-01T00:00:00Z\"]}";

/* The object that loses a member, and which. */
static const char *const cuts[][2] = {
        { "", "name" },          { "", "mode" },       { "", "port" },   { "", "ratio" }, { "", "on" },      { "", "tls" },
        { "/tls", "required" },  { "/tls", "days" },   { "/tls/deep", "port" }, { "", "versions" }, { "/versions", "a" },
        { "/versions/b", "o" },  { "", "open" },       { "/open", "k" }, { "/open", "x" }, { "", "list" },   { "/list/0", "o" },
        { "/list/2", "w" },      { "", "words" },
};

static struct zc_cel_env *env;
static json_t *schema, *whole, *cut[sizeof cuts / sizeof cuts[0]];

static void build(void)
{
        struct zc_err err;
        bool ok;

        env = zc_cel_env_new();
        schema = zc_json_parse(schema_text, strlen(schema_text), &err);
        whole = zc_json_parse(evidence_text, strlen(evidence_text), &err);
        assert(env && schema && whole);
        ok = zc_cel_declare(env, "self", zc_cel_type_schema(env, schema, schema, &err), true, &err) &&
             zc_cel_declare(env, "host", zc_cel_type_basic(ZC_CEL_T_DYN), true, &err) &&
             zc_cel_declare(env, "params", zc_cel_type_map(env, zc_cel_type_basic(ZC_CEL_T_STRING), zc_cel_type_basic(ZC_CEL_T_DYN)), false, &err);
        assert(ok);
        for (size_t i = 0; i < ZC_COUNT(cuts); i++) {
                cut[i] = json_deep_copy(whole);
                ok = json_object_del(zc_json_pointer(cut[i], cuts[i][0]), cuts[i][1]) == 0;
                assert(ok);
        }
}

static void evaluate(const struct zc_cel *e, const json_t *json, struct zc_arena *arena, const struct zc_cel_trace *trace,
                     struct zc_cel_result *out)
{
        const struct zc_cel_binding vars[] = { { "self", json, "/host" }, { "host", json, "/host" }, { "params", whole, NULL } };

        zc_cel_eval(e, vars, ZC_COUNT(vars), BUDGET, arena, trace, out);
        assert(out->nodes <= BUDGET);
        assert(out->outcome == ZC_CEL_VALUE || out->why[0] != '\0');
        assert(out->read_count <= ZC_CEL_READS_MAX);
}

static void traced(void *ctx, const struct zc_cel_sub *sub)
{
        size_t *count = ctx;

        assert(sub->source && sub->line && sub->column && sub->depth >= 0 && (sub->value || sub->why));
        ++*count;
}

/** Whether JSON text compares: objects and lists may show less when less is there. */
static bool scalar(const struct zc_cel_result *r)
{
        return r->outcome == ZC_CEL_VALUE && !json_is_object(r->value) && !json_is_array(r->value);
}

static void compare(const struct zc_cel *e, const struct zc_cel_result *full)
{
        for (size_t i = 0; i < ZC_COUNT(cuts); i++) {
                struct zc_arena *arena = zc_arena_new((size_t)32 << 20);
                struct zc_cel_result less;

                evaluate(e, cut[i], arena, NULL, &less);
                if (scalar(&less) && !(full->outcome == ZC_CEL_ERROR && full->nodes == BUDGET))
                        assert(full->outcome == ZC_CEL_VALUE && json_equal(full->value, less.value));
                zc_cel_result_release(&less);
                zc_arena_free(arena);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *src = size <= ZC_CEL_SOURCE_MAX + 1 ? malloc(size + 1) : NULL;
        struct zc_arena *arena = zc_arena_new((size_t)32 << 20);
        struct zc_cel_result full;
        struct zc_cel *e = NULL;
        struct zc_err err = { 0 };
        size_t count = 0;
        const struct zc_cel_trace trace = { traced, &count };

        if (!env)
                build();
        if (src) {
                memcpy(src, data, size);
                src[size] = '\0';
        }
        if (src && !zc_cel_compile(env, src, ZC_CEL_T_DYN, &e, &err)) {
                e = NULL;
                assert(err.code == ZC_E_NOMEM || strncmp(err.text, "line ", 5) == 0);
        }
        if (e) {
                evaluate(e, whole, arena, size % 8 == 0 ? &trace : NULL, &full);
                compare(e, &full);
                zc_cel_result_release(&full);
        }
        zc_cel_free(e);
        zc_arena_free(arena);
        free(src);
        return 0;
}
