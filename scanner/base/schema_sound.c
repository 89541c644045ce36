/** Whether a schema keeps to the subset that zc_schema_check() knows: one row per keyword. */
#include <string.h>

#include "zc/json.h"
#include "zc/schema.h"

#define DEPTH_MAX 64u

struct sound {
        const json_t *root;
        struct zc_text at; /* JSON Pointer into the schema */
        struct zc_err *err;
        unsigned int depth;
};

static bool sound_schema(struct sound *s, const json_t *schema);

static bool sound_below(struct sound *s, const char *key, const json_t *schema)
{
        size_t len = s->at.len;

        zc_json_pointer_add(&s->at, key);
        if (!sound_schema(s, schema))
                return false;
        zc_text_shorten(&s->at, len);
        return true;
}

static bool is_annotation(struct sound *s, const json_t *v)
{
        (void)s;
        (void)v;
        return true;
}

static bool is_type(struct sound *s, const json_t *v)
{
        static const char *const names[] = { "object", "array",   "string", "integer",
                                             "number", "boolean", "null" };
        size_t i;
        const json_t *one;

        json_array_foreach (v, i, one)
                if (json_is_array(one) || !is_type(s, one))
                        return false;
        if (json_is_array(v))
                return json_array_size(v) > 0;
        for (i = 0; json_is_string(v) && i < ZC_COUNT(names); i++)
                if (strcmp(names[i], json_string_value(v)) == 0)
                        return true;
        return false;
}

static bool is_schemas(struct sound *s, const json_t *v)
{
        json_t *all = (json_t *)(uintptr_t)v; /* jansson iterates only what it could change */

        for (void *at = json_object_iter(all); at; at = json_object_iter_next(all, at))
                if (!sound_below(s, json_object_iter_key(at), json_object_iter_value(at)))
                        return false;
        return json_is_object(v);
}

static bool is_schema(struct sound *s, const json_t *v)
{
        return json_is_object(v) && sound_schema(s, v);
}

static bool is_boolean_or_schema(struct sound *s, const json_t *v)
{
        return json_is_boolean(v) || is_schema(s, v);
}

static bool is_names(struct sound *s, const json_t *v)
{
        size_t i;
        const json_t *name;

        (void)s;
        json_array_foreach (v, i, name)
                if (!json_is_string(name))
                        return false;
        return json_is_array(v);
}

static bool is_choices(struct sound *s, const json_t *v)
{
        (void)s;
        return json_array_size(v) > 0;
}

static bool is_number(struct sound *s, const json_t *v)
{
        (void)s;
        return json_is_number(v);
}

static bool is_format(struct sound *s, const json_t *v)
{
        (void)s;
        return json_is_string(v);
}

static bool is_ref(struct sound *s, const json_t *v)
{
        const char *ref = json_string_value(v);

        if (!ref || (strcmp(ref, "#") != 0 && strncmp(ref, "#/$defs/", 8) != 0))
                return false;
        return json_is_object(zc_json_pointer(s->root, ref + 1));
}

static const struct {
        const char *name;
        bool (*holds)(struct sound *s, const json_t *value);
        const char *expected;
} keywords[] = {
        { "$comment", is_annotation, "" },
        { "$defs", is_schemas, "an object of schemas" },
        { "$id", is_annotation, "" },
        { "$ref", is_ref, "\"#\" or \"#/$defs/NAME\" of a schema that is there" },
        { "$schema", is_annotation, "" },
        { "additionalProperties", is_boolean_or_schema, "true, false or a schema" },
        { "default", is_annotation, "" },
        { "deprecated", is_annotation, "" },
        { "description", is_annotation, "" },
        { "enum", is_choices, "a list of values" },
        { "examples", is_annotation, "" },
        { "format", is_format, "a name" },
        { "items", is_schema, "a schema" },
        { "maximum", is_number, "a number" },
        { "minimum", is_number, "a number" },
        { "properties", is_schemas, "an object of schemas" },
        { "required", is_names, "a list of names" },
        { "title", is_annotation, "" },
        { "type", is_type, "the name of a type, or several" },
};

static bool sound_keyword(struct sound *s, const char *name, const json_t *value)
{
        size_t len = s->at.len;

        zc_json_pointer_add(&s->at, name);
        for (size_t i = 0; i < ZC_COUNT(keywords); i++) {
                if (strcmp(keywords[i].name, name) != 0)
                        continue;
                if (!keywords[i].holds(s, value))
                        return s->err->code != ZC_OK
                                       ? false
                                       : zc_fail(s->err, ZC_E_MALFORMED, "schema %s: expected %s",
                                                 zc_text_str(&s->at), keywords[i].expected);
                zc_text_shorten(&s->at, len);
                return true;
        }
        return zc_fail(s->err, ZC_E_UNSUPPORTED, "schema %s: this keyword would not be checked",
                       zc_text_str(&s->at));
}

static bool sound_schema(struct sound *s, const json_t *schema)
{
        json_t *all = (json_t *)(uintptr_t)schema; /* as above */

        if (s->depth == DEPTH_MAX)
                return zc_fail(s->err, ZC_E_LIMIT, "schema: more than %u levels", DEPTH_MAX);
        if (!json_is_object(schema))
                return zc_fail(s->err, ZC_E_MALFORMED, "schema %s: expected an object",
                               zc_text_str(&s->at));
        s->depth++;
        for (void *at = json_object_iter(all); at; at = json_object_iter_next(all, at)) {
                const char *name = json_object_iter_key(at);

                if (strncmp(name, "x-", 2) != 0 &&
                    !sound_keyword(s, name, json_object_iter_value(at)))
                        return false;
        }
        s->depth--;
        return true;
}

bool zc_schema_sound(const json_t *schema, struct zc_err *err)
{
        struct sound s = { .root = schema, .err = err };
        bool sound;

        *err = (struct zc_err){ 0 };
        zc_text_init(&s.at, ZC_TEXT_CEILING);
        sound = sound_schema(&s, schema);
        zc_text_release(&s.at);
        return sound;
}
