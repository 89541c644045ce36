/** What the tests of CEL share: one environment, evaluating text on text, and an answer that is compared as text. */
#ifndef ZC_TEST_CEL_HELP_H
#define ZC_TEST_CEL_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "zc/cel.h"

/** The schema of `self` in these tests. */
static const char cel_schema[] =
        "{\"type\":\"object\",\"properties\":{"
        "\"name\":{\"type\":\"string\"},\"mode\":{\"type\":\"string\",\"enum\":[\"direct\",\"starttls\"]},"
        "\"port\":{\"type\":\"integer\"},\"ratio\":{\"type\":\"number\"},\"on\":{\"type\":\"boolean\"},"
        "\"tls\":{\"$ref\":\"#/$defs/tls\"},\"proxy\":{\"type\":[\"string\",\"null\"]},"
        "\"versions\":{\"type\":\"object\",\"properties\":{\"SSLv3\":{\"$ref\":\"#/$defs/v\"},\"TLSv1.2\":{\"$ref\":\"#/$defs/v\"}}},"
        "\"open\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},"
        "\"list\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/v\"}},\"words\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
        "\"ratios\":{\"type\":\"array\",\"items\":{\"type\":\"number\"}},\"any\":{}},"
        "\"$defs\":{\"v\":{\"type\":\"object\",\"properties\":{\"offered\":{\"type\":\"boolean\"},\"wire\":{\"type\":\"integer\"}}},"
        "\"tls\":{\"type\":[\"object\",\"null\"],\"properties\":{\"required\":{\"type\":\"boolean\"},\"days_left\":{\"type\":[\"integer\",\"null\"]},"
        "\"outer\":{\"$ref\":\"#\"}}}}}";

/** Declares self (schema, evidence), any (dyn, evidence), params (map, plain). */
struct cel_help {
        json_t *schema;
        struct zc_cel_env *env;
};

static inline void cel_help_open(struct cel_help *h)
{
        struct zc_err err;

        h->schema = zc_json_parse(cel_schema, strlen(cel_schema), &err);
        h->env = zc_cel_env_new();
        assert_non_null(h->schema);
        assert_non_null(h->env);
        assert_true(zc_cel_declare(h->env, "self", zc_cel_type_schema(h->env, h->schema, h->schema, &err), true, &err));
        assert_true(zc_cel_declare(h->env, "any", zc_cel_type_basic(ZC_CEL_T_DYN), true, &err));
        assert_true(zc_cel_declare(h->env, "params",
                                   zc_cel_type_map(h->env, zc_cel_type_basic(ZC_CEL_T_STRING), zc_cel_type_basic(ZC_CEL_T_DYN)), false,
                                   &err));
}

static inline void cel_help_close(struct cel_help *h)
{
        zc_cel_env_free(h->env);
        json_decref(h->schema);
}

/** "true", "[1,2]", "unknown self.x", "error …" or "refused line 1, column 2: …"; *nodes may be NULL. */
static inline const char *cel_answer(struct cel_help *h, const char *src, const json_t *doc, uint32_t budget, char *buf, size_t size, uint32_t *nodes)
{
        struct zc_arena *arena = zc_arena_new((size_t)32 << 20);
        const struct zc_cel_binding vars[] = { { "self", doc, "/host" }, { "any", doc, NULL }, { "params", doc, NULL } };
        struct zc_cel_result r = { 0 };
        struct zc_err err;
        struct zc_cel *e;

        if (!zc_cel_compile(h->env, src, ZC_CEL_T_DYN, &e, &err)) {
                snprintf(buf, size, "refused %.*s", (int)(size - sizeof "refused "), err.text);
                zc_arena_free(arena);
                return buf;
        }
        zc_cel_eval(e, vars, doc ? ZC_COUNT(vars) : 0, budget, arena, NULL, &r);
        if (r.outcome == ZC_CEL_VALUE) {
                char *text = json_dumps(r.value, JSON_ENCODE_ANY | JSON_COMPACT);

                snprintf(buf, size, "%s", text);
                free(text);
        } else {
                snprintf(buf, size, "%s %.*s", r.outcome == ZC_CEL_UNKNOWN ? "unknown" : "error", (int)(size - sizeof "unknown "), r.why);
        }
        if (nodes)
                *nodes = r.nodes;
        zc_cel_result_release(&r);
        zc_cel_free(e);
        zc_arena_free(arena);
        return buf;
}

struct cel_case {
        const char *src, *want; /* want may be the start of "error …" and "refused …" */
};

/** Every row's answer is what it should be. */
static inline void cel_check_cases(const struct cel_case *cases, size_t n, const char *document)
{
        struct cel_help h;
        struct zc_err err;
        json_t *doc = document ? zc_json_parse(document, strlen(document), &err) : NULL;
        char buf[1024];

        assert_true(!document || doc);
        cel_help_open(&h);
        for (size_t i = 0; i < n; i++) {
                const char *got = cel_answer(&h, cases[i].src, doc, ZC_CEL_BUDGET, buf, sizeof buf, NULL);
                bool prefix = strncmp(cases[i].want, "error", 5) == 0 || strncmp(cases[i].want, "refused", 7) == 0;

                if (prefix ? strncmp(got, cases[i].want, strlen(cases[i].want)) != 0 : strcmp(got, cases[i].want) != 0)
                        fail_msg("%s\n  gives %s\n  want  %s", cases[i].src, got, cases[i].want);
        }
        cel_help_close(&h);
        json_decref(doc);
}

#endif
