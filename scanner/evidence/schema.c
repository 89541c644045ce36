/* The compiled-in schema, and the check of every value that comes in. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "zc/embed.h"
#include "zc/schema.h"

#define WHERE_MAX 128u

/* What is checked on its own: each becomes a schema that refers to its definition. */
static const char *const checked[] = { "run", "host", "endpoint", "scan", "problem" };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static json_t *schema, *checks[ZC_COUNT(checked)];
static struct zc_err schema_err;

static void schema_parse(void)
{
        const struct zc_embedded *file = zc_embedded_find("reports/schema/evidence.schema.json");

        if (!file) {
                zc_fail(&schema_err, ZC_E_UNSUPPORTED,
                        "built without reports/schema/evidence.schema.json");
                return;
        }
        schema = zc_json_parse(file->data, (size_t)(file->end - file->data), &schema_err);
        if (!schema)
                zc_ctx(&schema_err, "reports/schema/evidence.schema.json");
        for (size_t i = 0; schema && i < ZC_COUNT(checked); i++)
                checks[i] = json_pack("{sosO}", "$ref", zc_json_printf("#/$defs/%s", checked[i]),
                                      "$defs", json_object_get(schema, "$defs"));
}

const json_t *zc_evidence_schema(struct zc_err *err)
{
        pthread_once(&once, schema_parse);
        if (!schema)
                *err = schema_err;
        return schema;
}

static const json_t *check_find(const char *def)
{
        for (size_t i = 0; i < ZC_COUNT(checked); i++)
                if (strcmp(checked[i], def) == 0)
                        return checks[i];
        return NULL;
}

/* What the schema's subset of JSON Schema cannot say: names are repeated row by row, so they are short. */
static const struct short_name {
        const char *def, *member;
} short_names[] = {
        { "run", "id" },           { "run", "vantage.id" }, { "endpoint", "asset" },
        { "endpoint", "address" }, { "endpoint", "name" },  { "endpoint", "service" },
        { "scan", "asset" },       { "scan", "address" },
};

static bool name_check(const char *def, const char *member, const json_t *name, struct zc_err *err)
{
        return json_string_length(name) <= ZC_EVIDENCE_NAME_MAX ||
               zc_fail(err, ZC_E_LIMIT, "%s %s: longer than %zu bytes", def, member,
                       ZC_EVIDENCE_NAME_MAX);
}

static bool names_check(const char *def, const json_t *value, struct zc_err *err)
{
        const json_t *targets = strcmp(def, "run") == 0 ? json_object_get(value, "targets") : NULL;
        const json_t *target;
        size_t i;

        for (i = 0; i < ZC_COUNT(short_names); i++) {
                const struct short_name *n = &short_names[i];

                if (strcmp(n->def, def) == 0 &&
                    !name_check(def, n->member, zc_json_at(value, n->member), err))
                        return false;
        }
        json_array_foreach (targets, i, target) {
                if (!name_check(def, "targets.id", json_object_get(target, "id"), err))
                        return false;
        }
        return true;
}

static bool port_check(const char *at, const json_t *port, struct zc_err *err)
{
        return !port || (json_integer_value(port) >= 0 && json_integer_value(port) <= UINT16_MAX) ||
               zc_fail(err, ZC_E_MALFORMED, "%s/port: must be between 0 and 65535", at);
}

static bool ports_check(const char *def, const json_t *value, struct zc_err *err)
{
        const json_t *listener;
        char at[64];
        size_t i;

        snprintf(at, sizeof(at), "%s ", def);
        if (!port_check(at, json_object_get(value, "port"), err))
                return false;
        json_array_foreach (json_object_get(value, "listeners"), i, listener) {
                snprintf(at, sizeof(at), "%s /listeners/%zu", def, i);
                if (!port_check(at, json_object_get(listener, "port"), err))
                        return false;
        }
        return true;
}

bool zc_evidence_check(const char *def, const json_t *value, struct zc_err *err)
{
        const json_t *against;
        ZC_AUTO_TEXT where, shown;

        zc_text_init(&where, ZC_TEXT_CEILING);
        zc_text_init(&shown, WHERE_MAX);
        if (!zc_evidence_schema(err))
                return false;
        against = check_find(def);
        if (!against)
                return zc_fail(err, ZC_E_NOMEM, "no memory to check evidence");
        if (!zc_schema_check(against, value, false, &where, err)) {
                zc_text_escape(&shown, zc_text_str(&where), where.len);
                return zc_ctx(err, "%s%s%s", def, where.len > 0 ? " " : "", zc_text_str(&shown));
        }
        return ports_check(def, value, err) && names_check(def, value, err);
}
