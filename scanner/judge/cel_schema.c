/** Types from a JSON Schema (design section 5): the subset that reports/schema uses. Resolved one level at a time, so schemas may recurse. */
#include <string.h>

#include "cel_impl.h"

#define REF_MAX 16 /* $ref to $ref to … */
#define NEST_MAX 8 /* list of list of …: beyond, the type is dyn */

/** Follows "$ref": "#/…"; NULL and err when it leads nowhere. */
static const json_t *follow(const json_t *root, const json_t *node, struct zc_err *err)
{
        for (int i = 0; i < REF_MAX; i++) {
                const char *ref = json_string_value(json_object_get(node, "$ref"));

                if (!ref)
                        return node;
                node = ref[0] == '#' ? zc_json_pointer(root, ref + 1) : NULL;
                if (!node) {
                        zc_fail(err, ZC_E_MALFORMED, "the schema has no \"%s\"", ref);
                        return NULL;
                }
        }
        zc_fail(err, ZC_E_MALFORMED, "the schema's \"$ref\" runs in a circle");
        return NULL;
}

static enum cel_kind kind_of(const char *type)
{
        static const struct { const char *name; enum cel_kind kind; } names[] = {
                { "integer", CEL_INT }, { "number", CEL_DOUBLE }, { "string", CEL_STRING }, { "boolean", CEL_BOOL },
                { "array", CEL_LIST },  { "object", CEL_STRUCT }, { "null", CEL_NULL },
        };

        for (size_t i = 0; i < ZC_COUNT(names); i++) {
                if (strcmp(names[i].name, type) == 0)
                        return names[i].kind;
        }
        return CEL_DYN;
}

/** "type": one name, or a list in which "null" makes it nullable; two other names make it dyn. */
static enum cel_kind declared_kind(const json_t *node, bool *nullable)
{
        const json_t *type = json_object_get(node, "type");
        enum cel_kind kind = CEL_DYN;
        size_t others = 0;

        if (json_is_string(type))
                return kind_of(json_string_value(type));
        for (size_t i = 0; i < json_array_size(type); i++) {
                const char *name = json_string_value(json_array_get(type, i));
                enum cel_kind k = name ? kind_of(name) : CEL_DYN;

                if (k == CEL_NULL) {
                        *nullable = true;
                } else {
                        kind = k;
                        others++;
                }
        }
        if (others == 0 && *nullable)
                return CEL_NULL;
        return others > 1 ? CEL_DYN : kind;
}

/** The $ref that all declared properties share, or NULL. */
static const json_t *shared_ref(const json_t *properties)
{
        const json_t *first = NULL;
        const char *key;
        json_t *p;

        json_object_foreach((json_t *)properties, key, p) {
                const json_t *ref = json_object_get(p, "$ref");

                if (!ref || (first && strcmp(json_string_value(json_object_get(first, "$ref")), json_string_value(ref)) != 0))
                        return NULL;
                if (!first)
                        first = p;
        }
        return first;
}

static const struct zc_cel_type *resolve(struct zc_arena *a, const json_t *root, const json_t *node, int depth, struct zc_err *err);

static const struct zc_cel_type *object_type(struct zc_arena *a, const json_t *root, const json_t *node, bool nullable, int depth,
                                             struct zc_err *err)
{
        const json_t *more = json_object_get(node, "additionalProperties"), *properties = json_object_get(node, "properties");
        const json_t *shared = json_object_size(properties) > 0 ? shared_ref(properties) : NULL;
        const json_t *value = json_is_object(more) ? more : shared;
        struct zc_cel_type *t = zc_arena_new_of(a, struct zc_cel_type);

        if (!t) {
                zc_fail(err, ZC_E_NOMEM, "schema type");
                return NULL;
        }
        *t = (struct zc_cel_type){ .kind = CEL_STRUCT, .nullable = nullable, .root = root, .node = node };
        if (!value && json_object_size(properties) > 0)
                return t;
        t->kind = CEL_MAP; /* an object of which nothing is said is a map of anything */
        t->open = !shared || json_is_object(more);
        t->of[0] = &cel_type_of[CEL_STRING];
        t->of[1] = value ? resolve(a, root, value, depth + 1, err) : &cel_type_of[CEL_DYN];
        return t->of[1] ? t : NULL;
}

static const struct zc_cel_type *resolve(struct zc_arena *a, const json_t *root, const json_t *node, int depth, struct zc_err *err)
{
        bool nullable = false;
        struct zc_cel_type *t;
        enum cel_kind kind;

        if (depth > NEST_MAX)
                return &cel_type_of[CEL_DYN];
        node = follow(root, node, err);
        if (!node)
                return NULL;
        kind = declared_kind(node, &nullable);
        if (kind == CEL_STRUCT)
                return object_type(a, root, node, nullable, depth, err);
        if (!(t = zc_arena_new_of(a, struct zc_cel_type))) {
                zc_fail(err, ZC_E_NOMEM, "schema type");
                return NULL;
        }
        t->kind = kind;
        t->nullable = nullable;
        if (kind == CEL_STRING)
                t->allowed = json_object_get(node, "enum");
        if (kind == CEL_LIST) {
                const json_t *items = json_object_get(node, "items");

                t->of[0] = items ? resolve(a, root, items, depth + 1, err) : &cel_type_of[CEL_DYN];
                if (!t->of[0])
                        return NULL;
        }
        return t;
}

const struct zc_cel_type *cel_schema_type(struct zc_arena *a, const json_t *root, const json_t *node, struct zc_err *err)
{
        return resolve(a, root, node, 0, err);
}

const struct zc_cel_type *zc_cel_type_schema(struct zc_cel_env *env, const json_t *root, const json_t *node, struct zc_err *err)
{
        return cel_schema_type(env->arena, root, node, err);
}

const struct zc_cel_type *cel_schema_member(struct zc_arena *a, const struct zc_cel_type *t, const char *name, struct zc_err *err)
{
        const json_t *p = json_object_get(json_object_get(t->node, "properties"), name);

        err->code = ZC_OK;
        if (p)
                return cel_schema_type(a, t->root, p, err);
        return t->kind == CEL_MAP && t->open ? t->of[1] : NULL;
}

const char *const *cel_schema_names(struct zc_arena *a, const struct zc_cel_type *t)
{
        const json_t *properties = json_object_get(t->node, "properties");
        const char **names, *key;
        size_t n = 0;
        json_t *p;

        if (json_object_size(properties) == 0)
                return NULL;
        names = zc_arena_array(a, json_object_size(properties) + 1, sizeof *names);
        if (!names)
                return NULL;
        json_object_foreach((json_t *)properties, key, p)
                names[n++] = key;
        return names;
}
