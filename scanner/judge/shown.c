/** Evidence is escaped when it is collected; a file from elsewhere need not be. What enters a report is made safe here. */
#include <string.h>

#include "judge_internal.h"

/** Nearly everything is: what escaping never changes. */
static bool is_plain(const char *s, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (s[i] < ' ' || s[i] > '~')
                        return false;
        }
        return true;
}

/** Whether escaping would change more than double the backslashes, which escaped text has anyway. */
static bool is_unsafe(const char *s, size_t n, struct zc_text *escaped)
{
        size_t backslashes = 0;

        if (is_plain(s, n))
                return false;
        for (size_t i = 0; i < n; i++)
                backslashes += s[i] == '\\';
        zc_text_clear(escaped);
        zc_text_escape(escaped, s, n);
        return escaped->len != n + backslashes;
}

const char *zc_shown(struct zc_arena *arena, const char *s)
{
        const char *out = s;
        ZC_AUTO_TEXT t = { 0 };

        if (is_plain(s, strlen(s)))
                return s;
        zc_text_init(&t, ZC_TEXT_CEILING);
        if (is_unsafe(s, strlen(s), &t))
                out = zc_arena_strdup(arena, zc_text_str(&t));
        return out ? out : "";
}

static json_t *shown(const json_t *value, struct zc_text *t);

static json_t *shown_object(const json_t *object, struct zc_text *t)
{
        json_t *out = json_object();
        const char *key;
        json_t *v;

        json_object_foreach ((json_t *)(uintptr_t)object, key, v) {
                json_t *safe = shown(v, t);
                bool bad = is_unsafe(key, strlen(key), t);

                json_object_set_new(out, bad ? zc_text_str(t) : key, safe);
        }
        return out;
}

static json_t *shown(const json_t *value, struct zc_text *t)
{
        const json_t *v;
        json_t *out;
        size_t i;

        switch (json_typeof(value)) {
        case JSON_OBJECT:
                return shown_object(value, t);
        case JSON_ARRAY:
                out = json_array();
                json_array_foreach (value, i, v) {
                        json_array_append_new(out, shown(v, t));
                }
                return out;
        case JSON_STRING:
                if (is_unsafe(json_string_value(value), json_string_length(value), t))
                        return json_stringn(zc_text_str(t), t->len);
                break;
        default:
                break;
        }
        return json_incref((json_t *)(uintptr_t)value);
}

/** Whether it can be shown as it is. */
static bool is_safe(const json_t *value, struct zc_text *t)
{
        const char *key;
        json_t *member;
        const json_t *v;
        size_t i;

        json_array_foreach (value, i, v) {
                if (!is_safe(v, t))
                        return false;
        }
        json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
                if (is_unsafe(key, strlen(key), t) || !is_safe(member, t))
                        return false;
        }
        return !json_is_string(value) ||
               !is_unsafe(json_string_value(value), json_string_length(value), t);
}

json_t *zc_json_shown(const json_t *value)
{
        json_t *out;
        struct zc_text t;

        zc_text_init(&t, (size_t)8 << 20);
        out = is_safe(value, &t) ? json_incref((json_t *)(uintptr_t)value) : shown(value, &t);
        zc_text_release(&t);
        return out;
}
