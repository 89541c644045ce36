/* The compiled-in schema, and the check of every value that comes in. */
#include <pthread.h>
#include <string.h>

#include "internal.h"
#include "zc/embed.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static json_t *schema;
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
}

const json_t *zc_evidence_schema(struct zc_err *err)
{
        pthread_once(&once, schema_parse);
        if (!schema)
                *err = schema_err;
        return schema;
}

/* What the readers of this layer rely on. */
static const struct need {
        const char *def, *member;
        bool required;
        json_type type;
} needs[] = {
        { "run", "id", true, JSON_STRING },
        { "run", "vantage", true, JSON_OBJECT },
        { "run", "targets", false, JSON_ARRAY },
        { "vantage", "id", true, JSON_STRING },
        { "vantage", "addresses", false, JSON_ARRAY },
        { "host", "probes", false, JSON_OBJECT },
        { "host", "firewall", false, JSON_OBJECT },
        { "host", "listeners", false, JSON_ARRAY },
        { "endpoint", "asset", true, JSON_STRING },
        { "endpoint", "address", true, JSON_STRING },
        { "endpoint", "port", true, JSON_INTEGER },
        { "endpoint", "transport", true, JSON_STRING },
        { "endpoint", "probes", false, JSON_OBJECT },
        { "scan", "asset", true, JSON_STRING },
        { "scan", "address", true, JSON_STRING },
        { "scan", "transport", true, JSON_STRING },
        { "problem", "what", true, JSON_STRING },
};

static const char *const type_names[] = {
        [JSON_OBJECT] = "an object",
        [JSON_ARRAY] = "an array",
        [JSON_STRING] = "a string",
        [JSON_INTEGER] = "an integer",
};

static bool need_check(const struct need *need, const json_t *value, struct zc_err *err)
{
        const json_t *member = json_object_get(value, need->member);

        if (!member && !need->required)
                return true;
        if (!member)
                return zc_fail(err, ZC_E_MALFORMED, "\"%s\" is missing", need->member);
        return json_typeof(member) == need->type ||
               zc_fail(err, ZC_E_MALFORMED, "\"%s\" must be %s", need->member,
                       type_names[need->type]);
}

bool zc_evidence_check(const char *def, const json_t *value, struct zc_err *err)
{
        const json_t *port = json_object_get(value, "port");

        if (!json_is_object(value))
                return zc_fail(err, ZC_E_MALFORMED, "%s must be an object", def);
        for (size_t i = 0; i < ZC_COUNT(needs); i++)
                if (strcmp(needs[i].def, def) == 0 && !need_check(&needs[i], value, err))
                        return false;
        if (json_is_integer(port) &&
            (json_integer_value(port) < 0 || json_integer_value(port) > UINT16_MAX))
                return zc_fail(err, ZC_E_MALFORMED, "\"port\" must be between 0 and 65535");
        return strcmp(def, "run") != 0 ||
               zc_evidence_check("vantage", json_object_get(value, "vantage"), err);
}
