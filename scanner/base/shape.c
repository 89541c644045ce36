#include "zc/shape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "zc/clock.h"

/* One check under way: where it stands grows and shrinks with the walk. */
struct walk {
        const struct zc_yaml *y;
        struct zc_text pointer;
        struct zc_err *err;
};

bool zc_shape_fail(const struct zc_yaml *y, const char *pointer, struct zc_err *err,
                   const char *fmt, ...)
{
        char text[sizeof(err->text)];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        if (y)
                return zc_yaml_fail(y, pointer, err, "%s", text);
        return zc_fail(err, ZC_E_USAGE, "%s: %s", pointer, text);
}

#define FAIL(w, ...) zc_shape_fail((w)->y, zc_text_str(&(w)->pointer), (w)->err, __VA_ARGS__)

static size_t enter(struct walk *w, const char *key)
{
        size_t len = w->pointer.len;

        zc_json_pointer_add(&w->pointer, key);
        return len;
}

static size_t enter_index(struct walk *w, size_t i)
{
        size_t len = w->pointer.len;

        if (i < 10) { /* nearly always, and quicker */
                zc_text_addc(&w->pointer, '/');
                zc_text_addc(&w->pointer, (char)('0' + i));
        } else {
                zc_text_printf(&w->pointer, "/%zu", i);
        }
        return len;
}

static void leave(struct walk *w, size_t len)
{
        w->pointer.len = len;
        if (w->pointer.p)
                w->pointer.p[len] = '\0';
}

static bool check_object(struct walk *w, const json_t *object, const char *what,
                         const struct zc_shape *rows);

static const char *type_words(enum zc_shape_type type)
{
        static const char *const words[] = {
                [ZC_SHAPE_TEXT] = "text that is not empty",
                [ZC_SHAPE_TIME] = "a time such as 2026-12-31T00:00:00Z",
                [ZC_SHAPE_INTEGER] = "a whole number, 0 or more",
                [ZC_SHAPE_BOOL] = "true or false",
                [ZC_SHAPE_WORD] = "a word",
                [ZC_SHAPE_OBJECT] = "a mapping (key: value)",
                [ZC_SHAPE_TEXTS] = "a list of texts",
                [ZC_SHAPE_WORDS] = "a list of words",
                [ZC_SHAPE_OBJECTS] = "a list of mappings",
                [ZC_SHAPE_MAP] = "a mapping of mappings",
                [ZC_SHAPE_LISTS] = "a mapping of lists",
        };

        return words[type];
}

static const char *json_words(const json_t *v)
{
        static const char *const words[] = {
                [JSON_OBJECT] = "a mapping", [JSON_ARRAY] = "a list",
                [JSON_STRING] = "text",      [JSON_INTEGER] = "a whole number",
                [JSON_REAL] = "a number",    [JSON_TRUE] = "true",
                [JSON_FALSE] = "false",      [JSON_NULL] = "nothing",
        };

        return words[json_typeof(v)];
}

static bool is_text(const json_t *v)
{
        return json_is_string(v) && json_string_length(v) > 0;
}

static bool is_time(const json_t *v)
{
        int64_t ms;

        return json_is_string(v) && zc_time_parse(json_string_value(v), &ms);
}

/** Whether the value has the type, its members aside. */
static bool type_fits(enum zc_shape_type type, const json_t *v)
{
        switch (type) {
        case ZC_SHAPE_TEXT:
        case ZC_SHAPE_WORD:
                return is_text(v);
        case ZC_SHAPE_TIME:
                return is_time(v);
        case ZC_SHAPE_INTEGER:
                return json_is_integer(v) && json_integer_value(v) >= 0;
        case ZC_SHAPE_BOOL:
                return json_is_boolean(v);
        case ZC_SHAPE_OBJECT:
        case ZC_SHAPE_MAP:
        case ZC_SHAPE_LISTS:
                return json_is_object(v);
        case ZC_SHAPE_TEXTS:
        case ZC_SHAPE_WORDS:
        case ZC_SHAPE_OBJECTS:
                return json_is_array(v);
        case ZC_SHAPE_ANY:
        case ZC_SHAPE_END:
                break;
        }
        return true;
}

static bool word_check(struct walk *w, const json_t *v, const char *const *words)
{
        const char *s = json_string_value(v);
        const char *near;
        ZC_AUTO_TEXT list = { 0 };

        for (const char *const *p = words; *p; p++) {
                if (s && strcmp(s, *p) == 0)
                        return true;
        }
        zc_text_init(&list, 200);
        for (const char *const *p = words; *p; p++)
                zc_text_printf(&list, "%s%s", p == words ? "" : ", ", *p);
        near = s ? zc_nearest(s, words) : NULL;
        if (near)
                return FAIL(w, "\"%.60s\" is not known here; did you mean %s?", s, near);
        return FAIL(w, "%s%.60s%s is not known here; one of: %s", s ? "\"" : "",
                    s ? s : json_words(v), s ? "\"" : "", zc_text_str(&list));
}

static bool list_check(struct walk *w, const json_t *list, const struct zc_shape *row)
{
        bool ok = true;
        const json_t *v;
        size_t i;

        json_array_foreach (list, i, v) {
                size_t len = enter_index(w, i);

                if (row->type == ZC_SHAPE_TEXTS)
                        ok = is_text(v) || FAIL(w, "%s should be text that is not empty, not %s",
                                                row->key, json_words(v));
                else if (row->type == ZC_SHAPE_WORDS)
                        ok = word_check(w, v, row->words);
                else
                        ok = check_object(w, v, row->key, row->members);
                if (!ok)
                        return false;
                leave(w, len);
        }
        return true;
}

static bool map_check(struct walk *w, const json_t *map, const struct zc_shape *row)
{
        static const struct zc_shape list = { .key = "an entry", .type = ZC_SHAPE_OBJECTS };
        struct zc_shape entry = list;
        const char *key;
        json_t *v;
        bool ok;

        entry.members = row->members;
        json_object_foreach ((json_t *)(uintptr_t)map, key, v) {
                size_t len = enter(w, key);
                json_auto_t *name = json_string(key);

                if (row->type == ZC_SHAPE_MAP)
                        ok = check_object(w, v, row->key, row->members);
                else if (!word_check(w, name, row->words))
                        ok = false;
                else if (!json_is_array(v))
                        ok = FAIL(w, "%s should be a list, not %s", key, json_words(v));
                else
                        ok = list_check(w, v, &entry);
                if (!ok)
                        return false;
                leave(w, len);
        }
        return true;
}

static bool value_check(struct walk *w, const json_t *v, const struct zc_shape *row)
{
        if (!type_fits(row->type, v))
                return FAIL(w, "%s should be %s, not %s", row->key, type_words(row->type),
                            json_words(v));
        switch (row->type) {
        case ZC_SHAPE_WORD:
                return word_check(w, v, row->words);
        case ZC_SHAPE_OBJECT:
                return !row->members || check_object(w, v, row->key, row->members);
        case ZC_SHAPE_TEXTS:
        case ZC_SHAPE_WORDS:
        case ZC_SHAPE_OBJECTS:
                return list_check(w, v, row);
        case ZC_SHAPE_MAP:
        case ZC_SHAPE_LISTS:
                return map_check(w, v, row);
        default:
                return true;
        }
}

static const struct zc_shape *row_find(const struct zc_shape *rows, const char *key)
{
        for (; rows->type != ZC_SHAPE_END; rows++) {
                if (strcmp(rows->key, key) == 0)
                        return rows;
        }
        return NULL;
}

#define ROWS_MAX 32u

static bool unknown_member(struct walk *w, const char *key, const char *what,
                           const struct zc_shape *rows)
{
        const char *names[ROWS_MAX + 1] = { NULL };
        const char *near;
        ZC_AUTO_TEXT list = { 0 };

        zc_text_init(&list, 250);
        for (size_t i = 0; i < ROWS_MAX && rows[i].type != ZC_SHAPE_END; i++) {
                names[i] = rows[i].key;
                zc_text_printf(&list, "%s%s", i ? ", " : "", rows[i].key);
        }
        near = zc_nearest(key, names);
        if (near)
                return FAIL(w, "%s has no \"%.60s\"; did you mean %s?", what, key, near);
        return FAIL(w, "%s has no \"%.60s\"; it has %s", what, key, zc_text_str(&list));
}

static bool check_object(struct walk *w, const json_t *object, const char *what,
                         const struct zc_shape *rows)
{
        const char *key;
        json_t *v;

        if (!json_is_object(object))
                return FAIL(w, "%s should be a mapping (key: value), not %s", what,
                            object ? json_words(object) : "nothing");
        json_object_foreach ((json_t *)(uintptr_t)object, key, v) {
                const struct zc_shape *row = row_find(rows, key);
                size_t len = enter(w, key);

                if (!row)
                        return unknown_member(w, key, what, rows);
                if (!value_check(w, v, row))
                        return false;
                leave(w, len);
        }
        for (const struct zc_shape *row = rows; row->type != ZC_SHAPE_END; row++) {
                if (row->required && !json_object_get(object, row->key))
                        return FAIL(w, "%s needs \"%s\": %s", what, row->key,
                                    row->type == ZC_SHAPE_ANY ? "it is missing"
                                                              : type_words(row->type));
        }
        return true;
}

bool zc_shape_check(const struct zc_yaml *y, const char *pointer, const json_t *object,
                    const char *what, const struct zc_shape *rows, struct zc_err *err)
{
        struct walk w = { .y = y, .err = err };
        bool ok;

        zc_text_init(&w.pointer, (size_t)64 * 1024);
        zc_text_add(&w.pointer, pointer);
        ok = check_object(&w, object, what, rows);
        zc_text_release(&w.pointer);
        return ok;
}
