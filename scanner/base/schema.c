#include "zc/schema.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "zc/clock.h"
#include "zc/json.h"

#define VALUE_DEPTH_MAX 64u
#define SCHEMA_DEPTH_MAX 256u /* steps into subschemas and references together */
#define SHOWN_MAX 60u         /* bytes of a foreign value in a message */
#define ENUM_SHOWN_MAX 300u

/* From 2^53 on no double has a fraction. */
#define WHOLE_FROM 9007199254740992.0

struct check {
        const json_t *root;
        bool closed;
        struct zc_text *where;
        struct zc_err *err;
        unsigned int depth, schema_depth;
};

static bool check_value(struct check *c, const json_t *schema, const json_t *value);

static bool is_object(const json_t *v)
{
        return json_is_object(v);
}

static bool is_array(const json_t *v)
{
        return json_is_array(v);
}

static bool is_string(const json_t *v)
{
        return json_is_string(v);
}

static bool is_number(const json_t *v)
{
        return json_is_number(v);
}

static bool is_boolean(const json_t *v)
{
        return json_is_boolean(v);
}

static bool is_null(const json_t *v)
{
        return json_is_null(v);
}

/** JSON Schema's integer is a number without a fraction, however it is written. */
static bool is_integer(const json_t *v)
{
        double d = json_real_value(v);

        if (!json_is_real(v))
                return json_is_integer(v);
        return d >= WHOLE_FROM || d <= -WHOLE_FROM ||
               !((double)(int64_t)d < d || (double)(int64_t)d > d);
}

/* The names of JSON Schema's types; integers before numbers, so that a value is described by its narrowest name. */
static const struct type_name {
        const char *name, *shown;
        bool (*matches)(const json_t *value);
} type_names[] = {
        { "object", "an object", is_object }, { "array", "a list", is_array },
        { "string", "a text", is_string },    { "integer", "a whole number", is_integer },
        { "number", "a number", is_number },  { "boolean", "true or false", is_boolean },
        { "null", "null", is_null },
};

static const struct type_name *type_find(const char *name)
{
        for (size_t i = 0; name && i < ZC_COUNT(type_names); i++)
                if (strcmp(type_names[i].name, name) == 0)
                        return &type_names[i];
        return NULL;
}

static const char *type_shown(const json_t *value)
{
        for (size_t i = 0; i < ZC_COUNT(type_names); i++)
                if (type_names[i].matches(value))
                        return type_names[i].shown;
        return "nothing";
}

static bool type_matches(const json_t *type, const json_t *value)
{
        const struct type_name *t = type_find(json_string_value(type));

        return t && t->matches(value);
}

/** "a text or null" */
static void types_show(struct zc_text *t, const json_t *types)
{
        size_t i;
        const json_t *type;

        json_array_foreach (types, i, type) {
                const struct type_name *known = type_find(json_string_value(type));

                zc_text_add(t, i ? " or " : "");
                zc_text_add(t, known ? known->shown : "?");
        }
}

static bool check_type(struct check *c, const json_t *type, const json_t *value)
{
        size_t i;
        const json_t *one;
        ZC_AUTO_TEXT expected = { 0 };

        zc_text_init(&expected, ENUM_SHOWN_MAX);
        if (json_is_string(type)) {
                const struct type_name *known = type_find(json_string_value(type));

                if (type_matches(type, value))
                        return true;
                zc_text_add(&expected, known ? known->shown : "?");
        }
        json_array_foreach (type, i, one)
                if (type_matches(one, value))
                        return true;
        types_show(&expected, type);
        return zc_fail(c->err, ZC_E_MALFORMED, "expected %s, found %s", zc_text_str(&expected),
                       type_shown(value));
}

/** -1, 0, 1 for two numbers; whole ones exactly. */
static int number_compare(const json_t *a, const json_t *b)
{
        double x = json_number_value(a), y = json_number_value(b);

        if (json_is_integer(a) && json_is_integer(b)) {
                json_int_t i = json_integer_value(a), j = json_integer_value(b);

                return i < j ? -1 : i > j;
        }
        return x < y ? -1 : x > y;
}

static bool equal(const json_t *a, const json_t *b)
{
        if (json_is_number(a) && json_is_number(b))
                return number_compare(a, b) == 0;
        return json_equal(a, b);
}

/** A value as JSON, escaped and capped: it is foreign. */
static void value_show(struct zc_text *t, const json_t *value)
{
        ZC_AUTO_MEM char *line = zc_json_line(value);
        json_auto_t *shown = line ? zc_json_bytes(line, strlen(line), SHOWN_MAX) : NULL;

        zc_text_add(t, shown ? json_string_value(shown) : "?");
}

static bool check_enum(struct check *c, const json_t *choices, const json_t *value)
{
        size_t i;
        const json_t *choice;
        ZC_AUTO_TEXT found = { 0 };
        ZC_AUTO_TEXT list = { 0 };

        json_array_foreach (choices, i, choice) {
                if (equal(choice, value))
                        return true;
        }
        zc_text_init(&found, SHOWN_MAX + 4);
        zc_text_init(&list, ENUM_SHOWN_MAX);
        json_array_foreach (choices, i, choice) {
                zc_text_add(&list, i ? ", " : "");
                value_show(&list, choice);
        }
        value_show(&found, value);
        return zc_fail(c->err, ZC_E_MALFORMED, "%s is none of %s%s", zc_text_str(&found),
                       zc_text_str(&list), list.cut ? "…" : "");
}

static bool check_range(struct check *c, const json_t *schema, const json_t *value)
{
        const json_t *least = json_object_get(schema, "minimum"),
                     *most = json_object_get(schema, "maximum");
        bool low =
                json_is_number(value) && json_is_number(least) && number_compare(value, least) < 0;
        bool high =
                json_is_number(value) && json_is_number(most) && number_compare(value, most) > 0;
        ZC_AUTO_TEXT found = { 0 };
        ZC_AUTO_TEXT bound = { 0 };

        zc_text_init(&found, SHOWN_MAX);
        zc_text_init(&bound, SHOWN_MAX);
        if (!low && !high)
                return true;
        value_show(&found, value);
        value_show(&bound, low ? least : most);
        return zc_fail(c->err, ZC_E_MALFORMED, "%s is %s %s", zc_text_str(&found),
                       low ? "less than" : "more than", zc_text_str(&bound));
}

static bool format_date_time(const char *s)
{
        int64_t ms;

        return zc_time_parse(s, &ms);
}

static bool format_ipv4(const char *s)
{
        struct in_addr a;

        return inet_pton(AF_INET, s, &a) == 1;
}

static bool format_ipv6(const char *s)
{
        struct in6_addr a;

        return inet_pton(AF_INET6, s, &a) == 1;
}

static bool check_format(struct check *c, const json_t *format, const json_t *value)
{
        static const struct {
                const char *name, *shown;
                bool (*holds)(const char *s);
        } formats[] = {
                { "date-time", "a time such as 2026-11-21T02:14:07Z", format_date_time },
                { "ipv4", "an IPv4 address", format_ipv4 },
                { "ipv6", "an IPv6 address", format_ipv6 },
        };
        const char *name = json_string_value(format), *s = json_string_value(value);
        ZC_AUTO_TEXT found = { 0 };

        zc_text_init(&found, SHOWN_MAX + 4);
        for (size_t i = 0; name && s && i < ZC_COUNT(formats); i++) {
                if (strcmp(formats[i].name, name) != 0)
                        continue;
                if (strlen(s) == json_string_length(value) && formats[i].holds(s))
                        return true;
                value_show(&found, value);
                return zc_fail(c->err, ZC_E_MALFORMED, "%s is not %s", zc_text_str(&found),
                               formats[i].shown);
        }
        return true;
}

static bool check_required(struct check *c, const json_t *required, const json_t *value)
{
        size_t i;
        const json_t *name;

        json_array_foreach (required, i, name)
                if (json_is_object(value) && !json_object_get(value, json_string_value(name)))
                        return zc_fail(c->err, ZC_E_MALFORMED, "member \"%s\" is missing",
                                       json_string_value(name));
        return true;
}

/** Into a member or item; the pointer keeps its name when something is wrong there. */
static bool check_below(struct check *c, const json_t *schema, const char *key, const json_t *value)
{
        size_t len = c->where->len;

        if (c->depth == VALUE_DEPTH_MAX)
                return zc_fail(c->err, ZC_E_LIMIT, "more than %u levels of nesting",
                               VALUE_DEPTH_MAX);
        zc_json_pointer_add(c->where, key);
        if (c->where->failed)
                return zc_fail(c->err, ZC_E_NOMEM, "no memory to check a document");
        c->depth++;
        if (!check_value(c, schema, value))
                return false;
        c->depth--;
        zc_text_shorten(c->where, len);
        return true;
}

/** The schema's own member names, for "did you mean"; NULL when out of memory. */
static const char **property_names(const json_t *properties)
{
        const char **names = calloc(json_object_size(properties) + 1, sizeof(*names));
        json_t *all =
                (json_t *)(uintptr_t)properties; /* jansson iterates only what it could change */
        size_t n = 0;

        for (void *at = names ? json_object_iter(all) : NULL; at;
             at = json_object_iter_next(all, at))
                names[n++] = json_object_iter_key(at);
        return names;
}

static bool unknown_member(struct check *c, const json_t *properties, const char *key)
{
        const char **names = property_names(properties);
        const char *meant = names ? zc_nearest(key, names) : NULL;
        ZC_AUTO_TEXT shown = { 0 };

        zc_text_init(&shown, SHOWN_MAX);
        zc_text_escape(&shown, key, strlen(key));
        free(names);
        zc_json_pointer_add(c->where, key);
        zc_fail(c->err, ZC_E_MALFORMED, "unknown member \"%s\"%s%s%s", zc_text_str(&shown),
                meant ? ": did you mean \"" : "", meant ? meant : "", meant ? "\"?" : "");
        return false;
}

static bool check_members(struct check *c, const json_t *schema, const json_t *object)
{
        const json_t *properties = json_object_get(schema, "properties");
        const json_t *others = json_object_get(schema, "additionalProperties");
        json_t *all = (json_t *)(uintptr_t)object; /* as above */

        for (void *at = json_object_iter(all); at; at = json_object_iter_next(all, at)) {
                const char *key = json_object_iter_key(at);
                const json_t *below = json_object_get(properties, key);

                if (!below && json_is_object(others))
                        below = others;
                if (below && !check_below(c, below, key, json_object_iter_value(at)))
                        return false;
                if (!below && json_is_false(others) && c->closed)
                        return unknown_member(c, properties, key);
        }
        return true;
}

static bool check_items(struct check *c, const json_t *items, const json_t *array)
{
        size_t i;
        const json_t *item;
        char index[24];

        if (!items)
                return true;
        json_array_foreach (array, i, item) {
                snprintf(index, sizeof(index), "%zu", i);
                if (!check_below(c, items, index, item))
                        return false;
        }
        return true;
}

/** The subschema that a reference names; NULL for anything but "#" and "#/$defs/…". */
static const json_t *ref_find(const json_t *root, const json_t *ref)
{
        const char *s = json_string_value(ref);

        if (!s || (strcmp(s, "#") != 0 && strncmp(s, "#/$defs/", 8) != 0))
                return NULL;
        return zc_json_pointer(root, s + 1);
}

static bool check_ref(struct check *c, const json_t *ref, const json_t *value)
{
        const json_t *schema = ref_find(c->root, ref);

        if (!ref)
                return true;
        if (!schema)
                return zc_fail(c->err, ZC_E_UNSUPPORTED,
                               "the schema refers to what it does not define");
        return check_value(c, schema, value);
}

static bool check_keywords(struct check *c, const json_t *schema, const json_t *value)
{
        const json_t *type = json_object_get(schema, "type"),
                     *choices = json_object_get(schema, "enum");

        return check_ref(c, json_object_get(schema, "$ref"), value) &&
               (!type || check_type(c, type, value)) &&
               (!choices || check_enum(c, choices, value)) && check_range(c, schema, value) &&
               check_format(c, json_object_get(schema, "format"), value) &&
               check_required(c, json_object_get(schema, "required"), value) &&
               check_members(c, schema, value) &&
               check_items(c, json_object_get(schema, "items"), value);
}

static bool check_value(struct check *c, const json_t *schema, const json_t *value)
{
        if (c->schema_depth == SCHEMA_DEPTH_MAX)
                return zc_fail(c->err, ZC_E_LIMIT, "the schema's references lead in a circle");
        c->schema_depth++;
        if (!check_keywords(c, schema, value))
                return false;
        c->schema_depth--;
        return true;
}

bool zc_schema_check_at(const json_t *schema, const char *pointer, const json_t *value, bool closed,
                        struct zc_text *where, struct zc_err *err)
{
        struct check c = { .root = schema, .closed = closed, .where = where, .err = err };
        const json_t *part = zc_json_pointer(schema, pointer);

        zc_text_clear(where);
        if (!part)
                return zc_fail(err, ZC_E_UNSUPPORTED, "the schema has no %s", pointer);
        return check_value(&c, part, value);
}

bool zc_schema_check(const json_t *schema, const json_t *value, bool closed, struct zc_text *where,
                     struct zc_err *err)
{
        return zc_schema_check_at(schema, "", value, closed, where, err);
}
