/**
 * Fuzz target: the input is an expression, checked against a schema. What it is said to read are paths that people can write, and that lead to
 * the same place; an error says where it is.
 */
#include <assert.h>
#include <string.h>

#include "cel_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema_text[] =
        "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"mode\":{\"type\":\"string\",\"enum\":[\"direct\",\"starttls\"]},"
        "\"other\":{\"type\":\"string\",\"enum\":[\"x\",\"direct\"]},\"port\":{\"type\":\"integer\"},\"ratio\":{\"type\":\"number\"},"
        "\"on\":{\"type\":\"boolean\"},\"tls\":{\"type\":[\"object\",\"null\"],\"properties\":{\"deep\":{\"$ref\":\"#\"},\"days\":{\"type\":[\"integer\",\"null\"]}}},"
        "\"versions\":{\"type\":\"object\",\"properties\":{\"TLSv1.2\":{\"$ref\":\"#/$defs/v\"},\"TLSv1.3\":{\"$ref\":\"#/$defs/v\"}}},"
        "\"open\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},\"any\":{},"
        "\"list\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/v\"}},\"words\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"
        "\"$defs\":{\"v\":{\"type\":\"object\",\"properties\":{\"o\":{\"type\":\"boolean\"},\"w\":{\"type\":\"integer\"}}}}}";

static json_t *schema;

static struct zc_cel_env *env_new(void)
{
        struct zc_cel_env *env = zc_cel_env_new();
        struct zc_err err = { 0 };
        bool ok;

        if (!schema)
                schema = zc_json_parse(schema_text, strlen(schema_text), &err);
        assert(env && schema);
        ok = zc_cel_declare(env, "self", zc_cel_type_schema(env, schema, schema, &err), true, &err) &&
             zc_cel_declare(env, "host", zc_cel_type_basic(ZC_CEL_T_DYN), true, &err) &&
             zc_cel_declare(env, "params", zc_cel_type_map(env, zc_cel_type_basic(ZC_CEL_T_STRING), zc_cel_type_basic(ZC_CEL_T_DYN)), false, &err);
        assert(ok);
        return env;
}

static void look_at(struct zc_cel_env *env, const struct zc_cel *e)
{
        size_t count = 0;
        const char *const *paths = zc_cel_paths(e, &count);

        for (size_t i = 0; i < count; i++) {
                struct zc_err err = { 0 };
                const char *again = NULL;

                if (strlen(paths[i]) <= 500) {
                        bool ok = zc_cel_path(env, paths[i], &again, &err);

                        assert(ok && strcmp(paths[i], again) == 0);
                }
                for (size_t k = 0; k < i; k++)
                        assert(strcmp(paths[i], paths[k]) != 0);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_cel_env *env = env_new();
        char *src = size <= ZC_CEL_SOURCE_MAX + 1 ? malloc(size + 1) : NULL;
        struct zc_cel *e = NULL;
        struct zc_err err = { 0 };
        const char *path = NULL;

        if (src) {
                memcpy(src, data, size);
                src[size] = '\0';
                if (zc_cel_compile(env, src, ZC_CEL_T_DYN, &e, &err)) {
                        look_at(env, e);
                } else {
                        e = NULL;
                        assert(err.code == ZC_E_NOMEM || strncmp(err.text, "line ", 5) == 0);
                }
                if (!zc_cel_path(env, src, &path, &err))
                        assert(err.code == ZC_E_NOMEM || strncmp(err.text, "line ", 5) == 0);
        }
        zc_cel_free(e);
        zc_cel_env_free(env);
        free(src);
        return 0;
}
