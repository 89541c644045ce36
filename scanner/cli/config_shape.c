/** The shape of a configuration: a small reader of JSON Schema whose errors point into the YAML. */
#include <string.h>

#include "config_format.h"
#include "zc/config.h"

#define NAMES_MAX 64u
#define DEPTH_MAX 40u

struct walk {
        const struct zc_yaml *y;
        const json_t *schema;
        struct zc_text pointer;
        struct zc_arena *arena;
        struct zc_err *err;
        unsigned depth;
};

static bool check(struct walk *w, const json_t *node, const json_t *value);

/** "/targets/0/id" as people write it: targets[0].id. */
static const char *shown(struct walk *w)
{
        ZC_AUTO_TEXT t = { 0 };
        const char *s = zc_text_str(&w->pointer);
        const char *out;

        zc_text_init(&t, 256);
        while (*s == '/') {
                size_t n = strcspn(++s, "/");
                bool index = n > 0 && strspn(s, "0123456789") >= n;

                if (index)
                        zc_text_printf(&t, "[%.*s]", (int)n, s);
                else
                        zc_text_printf(&t, "%s%.*s", t.len ? "." : "", (int)n, s);
                s += n;
        }
        out = zc_arena_strdup(w->arena, t.len ? zc_text_str(&t) : "the document");
        return out ? out : "";
}

#define FAIL(w, ...) zc_yaml_fail((w)->y, zc_text_str(&(w)->pointer), (w)->err, __VA_ARGS__)

static const char *type_of(const json_t *v)
{
        switch (json_typeof(v)) {
        case JSON_OBJECT:
                return "object";
        case JSON_ARRAY:
                return "array";
        case JSON_STRING:
                return "string";
        case JSON_INTEGER:
                return "integer";
        case JSON_REAL:
                return "number";
        case JSON_TRUE:
        case JSON_FALSE:
                return "boolean";
        case JSON_NULL:
                break;
        }
        return "null";
}

/* What a type is called in a message. */
static const char *const type_words[][2] = {
        { "object", "a mapping (key: value)" },
        { "array", "a list" },
        { "string", "text" },
        { "integer", "a whole number" },
        { "number", "a number" },
        { "boolean", "true or false" },
        { "null", "nothing" },
};

static const char *type_word(const char *type)
{
        for (size_t i = 0; i < ZC_COUNT(type_words); i++) {
                if (strcmp(type_words[i][0], type) == 0)
                        return type_words[i][1];
        }
        return type;
}

static bool type_check(struct walk *w, const json_t *type, const json_t *value)
{
        const char *is = type_of(value);
        const json_t *one;
        size_t i;

        if (!type || (json_is_string(type) && strcmp(json_string_value(type), is) == 0))
                return true;
        json_array_foreach (type, i, one) {
                if (strcmp(json_string_value(one), is) == 0)
                        return true;
        }
        one = json_is_array(type) ? json_array_get(type, 0) : type;
        return FAIL(w, "%s: %s is wanted here, not %s", shown(w), type_word(json_string_value(one)),
                    type_word(is));
}

/** NULL-terminated words of an array of strings, or of an object's keys. */
static size_t words_of(const json_t *from, const char *words[NAMES_MAX + 1])
{
        const json_t *v;
        const char *key;
        size_t i, n = 0;

        json_array_foreach (from, i, v) {
                if (n < NAMES_MAX && json_is_string(v))
                        words[n++] = json_string_value(v);
        }
        if (json_is_object(from)) {
                json_object_foreach ((json_t *)(uintptr_t)from, key, v) {
                        if (n < NAMES_MAX)
                                words[n++] = key;
                }
        }
        words[n] = NULL;
        return n;
}

static void words_join(struct zc_text *t, const char *const *words)
{
        for (size_t i = 0; words[i]; i++)
                zc_text_printf(t, "%s%s", i ? ", " : "", words[i]);
}

static bool enum_check(struct walk *w, const json_t *words, const json_t *value)
{
        const char *list[NAMES_MAX + 1];
        const char *is = json_string_value(value);
        const char *near;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 256);
        words_of(words, list);
        for (size_t i = 0; is && list[i]; i++) {
                if (strcmp(list[i], is) == 0)
                        return true;
        }
        near = is ? zc_nearest(is, list) : NULL;
        if (near)
                return FAIL(w, "%s: there is no \"%.64s\"; did you mean %s?", shown(w), is, near);
        words_join(&t, list);
        return FAIL(w, "%s: \"%.64s\" is none of %s", shown(w), is ? is : "", zc_text_str(&t));
}

static bool format_check(struct walk *w, const char *format, const json_t *value)
{
        const struct zc_config_format *f = zc_config_format_find(format);
        const char *s = json_string_value(value);
        struct zc_err why = { 0 };

        if (!f || !s || f->check(w->arena, s, &why))
                return true;
        if (why.code == ZC_E_NOMEM) {
                *w->err = why;
                return false;
        }
        return FAIL(w, "%s: %s", shown(w), why.text);
}

static bool check_member(struct walk *w, const json_t *node, const char *key, const json_t *value)
{
        size_t keep = w->pointer.len;
        bool ok;

        zc_json_pointer_add(&w->pointer, key);
        ok = check(w, node, value);
        w->pointer.len = keep;
        if (w->pointer.p)
                w->pointer.p[keep] = '\0';
        return ok;
}

static bool key_unknown(struct walk *w, const json_t *properties, const char *key)
{
        const char *list[NAMES_MAX + 1];
        ZC_AUTO_TEXT t = { 0 };
        const char *near;
        const char *at = shown(w);

        zc_text_init(&t, 300);
        words_of(properties, list);
        near = zc_nearest(key, list);
        zc_json_pointer_add(&w->pointer, key);
        if (near)
                return FAIL(w, "%s: there is no key \"%.64s\" here; did you mean %s?", at, key,
                            near);
        words_join(&t, list);
        return FAIL(w, "%s: there is no key \"%.64s\" here; the keys are %s", at, key,
                    zc_text_str(&t));
}

static bool object_check(struct walk *w, const json_t *node, const json_t *value)
{
        const json_t *properties = json_object_get(node, "properties");
        const json_t *rest = json_object_get(node, "additionalProperties");
        const json_t *v, *sub, *required = json_object_get(node, "required");
        const char *key;
        size_t i;

        json_object_foreach ((json_t *)(uintptr_t)value, key, v) {
                sub = json_object_get(properties, key);
                if (!sub && json_is_false(rest))
                        return key_unknown(w, properties, key);
                if (!sub && json_is_object(rest))
                        sub = rest;
                if (sub && !check_member(w, sub, key, v))
                        return false;
        }
        json_array_foreach (required, i, v) {
                if (!json_object_get(value, json_string_value(v)))
                        return FAIL(w, "%s: the key \"%s\" is missing", shown(w),
                                    json_string_value(v));
        }
        return true;
}

static bool array_check(struct walk *w, const json_t *node, const json_t *value)
{
        const json_t *items = json_object_get(node, "items");
        const json_t *v;
        size_t i;

        json_array_foreach (value, i, v) {
                char key[24];

                snprintf(key, sizeof(key), "%zu", i);
                if (items && !check_member(w, items, key, v))
                        return false;
        }
        return true;
}

static bool value_check(struct walk *w, const json_t *node, const json_t *value)
{
        const json_t *words = json_object_get(node, "enum");
        const char *format = json_string_value(json_object_get(node, "format"));

        if (!type_check(w, json_object_get(node, "type"), value))
                return false;
        if (words && !enum_check(w, words, value))
                return false;
        if (format && !format_check(w, format, value))
                return false;
        if (json_is_object(value))
                return object_check(w, node, value);
        return !json_is_array(value) || array_check(w, node, value);
}

static bool check(struct walk *w, const json_t *node, const json_t *value)
{
        const char *ref = json_string_value(json_object_get(node, "$ref"));
        bool ok;

        if (ref && strcmp(ref, "#/$defs/secret") == 0 && !json_is_object(value))
                return FAIL(w,
                            "%s: a secret must not stand here in clear; write {file: PATH} or "
                            "{env: NAME}",
                            shown(w));
        if (ref)
                node = zc_json_pointer(w->schema, ref + 1);
        if (!node || ++w->depth > DEPTH_MAX)
                return FAIL(w, "%s: nested too deeply", shown(w));
        ok = value_check(w, node, value);
        w->depth--;
        return ok;
}

bool zc_config_shape_check(const struct zc_yaml *y, const json_t *schema, struct zc_err *err)
{
        struct walk w = {
                .y = y, .schema = schema, .arena = zc_arena_new((size_t)4 << 20), .err = err
        };
        bool ok;

        if (!w.arena)
                return zc_fail(err, ZC_E_NOMEM, "no memory to check %s", zc_yaml_name(y));
        zc_text_init(&w.pointer, ZC_TEXT_CEILING);
        ok = check(&w, schema, zc_yaml_root(y));
        zc_text_release(&w.pointer);
        zc_arena_free(w.arena);
        return ok;
}
