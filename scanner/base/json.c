#include "zc/json.h"

#include <stdarg.h>
#include <string.h>

#include "json_read.h"
#include "zc/file.h"

#define DEPTH_MAX 64u
#define KEY_MAX 256u

/* Where a scan over JSON text stands. Columns count characters, as jansson's do. */
struct place {
        int line, column;
};

static void place_next(struct place *at, char c)
{
        if (c == '\n') {
                at->line++;
                at->column = 0;
        } else if (((uint8_t)c & 0xc0) != 0x80) {
                at->column++;
        }
}

/** Nesting is counted before jansson recurses into it; broken JSON is left for jansson to name. */
static bool depth_check(const char *buf, size_t len, struct zc_err *err)
{
        struct place at = { 1, 0 };
        unsigned int depth = 0;
        bool string = false, escaped = false;

        for (size_t i = 0; i < len; i++) {
                char c = buf[i];

                place_next(&at, c);
                if (string) {
                        string = escaped || c != '"';
                        escaped = !escaped && c == '\\';
                } else if (c == '"') {
                        string = true;
                } else if (c == '[' || c == '{') {
                        if (++depth > DEPTH_MAX)
                                return zc_fail(err, ZC_E_LIMIT,
                                               "line %d, column %d: more than %u levels of nesting",
                                               at.line, at.column, DEPTH_MAX);
                } else if ((c == ']' || c == '}') && depth > 0) {
                        depth--;
                }
        }
        return true;
}

json_t *zc_json_parse(const char *buf, size_t len, struct zc_err *err)
{
        json_t *value = zc_json_read(buf, len, DEPTH_MAX);
        json_error_t why;
        ZC_AUTO_TEXT text = { 0 };

        if (value)
                return value;
        zc_text_init(&text, sizeof(why.text) * 4);
        if (!depth_check(buf, len, err))
                return NULL;
        value = json_loadb(buf, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
        if (value)
                return value;
        if (why.text[0] == '\0') { /* jansson names every error but this one */
                zc_fail(err, ZC_E_NOMEM, "no memory for %zu bytes of JSON", len);
                return NULL;
        }
        zc_text_escape(&text, why.text, strlen(why.text));
        zc_fail(err,
                json_error_code(&why) == json_error_out_of_memory || text.failed ? ZC_E_NOMEM
                                                                                 : ZC_E_MALFORMED,
                "line %d, column %d: %s", why.line, why.column < 0 ? 0 : why.column,
                zc_text_str(&text));
        return NULL;
}

json_t *zc_json_load(const char *path, size_t cap, struct zc_err *err)
{
        ZC_AUTO_MEM char *buf = NULL;
        size_t len = 0;
        json_t *value;

        if (!zc_file_read(path, cap, &buf, &len, err))
                return NULL;
        value = zc_json_parse(buf, len, err);
        if (!value)
                zc_ctx(err, "%s", strcmp(path, "-") == 0 ? "standard input" : path);
        return value;
}

json_t *zc_json_bytes(const void *p, size_t n, size_t cap)
{
        static const char ellipsis[] = "…";
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, cap);
        zc_text_escape(&t, p, n);
        if (t.cut && cap >= sizeof(ellipsis) - 1) {
                zc_text_clear(&t);
                t.ceiling = cap - (sizeof(ellipsis) - 1);
                zc_text_escape(&t, p, n);
                t.ceiling = cap;
                t.cut = false;
                zc_text_add(&t, ellipsis);
        }
        return t.failed ? NULL : json_stringn(zc_text_str(&t), t.len);
}

json_t *zc_json_printf(const char *fmt, ...)
{
        ZC_AUTO_TEXT t = { 0 };
        va_list ap;

        zc_text_init(&t, ZC_TEXT_CEILING);
        va_start(ap, fmt);
        zc_text_vprintf(&t, fmt, ap);
        va_end(ap);
        if (t.failed)
                return NULL;
        return zc_utf8_valid(zc_text_str(&t), t.len)
                       ? json_stringn(zc_text_str(&t), t.len)
                       : zc_json_bytes(zc_text_str(&t), t.len, ZC_TEXT_CEILING);
}

json_t *zc_json_at(const json_t *root, const char *dotted)
{
        const json_t *at = root;
        char key[KEY_MAX];

        while (at && *dotted) {
                size_t n = strcspn(dotted, ".");

                if (n >= sizeof(key))
                        return NULL;
                memcpy(key, dotted, n);
                key[n] = '\0';
                at = json_object_get(at, key);
                dotted += n;
                dotted += *dotted == '.';
        }
        return (json_t *)(uintptr_t)at;
}

/** Undoes ~1 and ~0 in place; false for any other tilde. */
static bool token_unescape(char *s)
{
        char *to = s;

        for (; *s; s++, to++) {
                *to = *s;
                if (*s != '~')
                        continue;
                s++;
                if (*s != '0' && *s != '1')
                        return false;
                *to = *s == '0' ? '~' : '/';
        }
        *to = '\0';
        return true;
}

static const json_t *token_step(const json_t *at, const char *token)
{
        uint64_t index;
        size_t n = strlen(token);

        if (json_is_object(at))
                return json_object_get(at, token);
        if (!json_is_array(at) || (n > 1 && token[0] == '0') ||
            !zc_parse_uint(token, n, SIZE_MAX, &index))
                return NULL;
        return json_array_get(at, (size_t)index);
}

json_t *zc_json_pointer(const json_t *root, const char *pointer)
{
        char room[KEY_MAX];
        size_t n = strlen(pointer) + 1;
        ZC_AUTO_MEM char *heap = n > sizeof(room) ? malloc(n) : NULL;
        char *token = heap ? heap : room;
        const json_t *at = root;

        if ((n > sizeof(room) && !heap) || (*pointer && *pointer != '/'))
                return NULL;
        memcpy(token, pointer, n);
        while (at && token && *token == '/') {
                char *end = strchr(token + 1, '/');

                if (end)
                        *end = '\0';
                if (!token_unescape(token + 1))
                        return NULL;
                at = token_step(at, token + 1);
                token = end;
                if (end)
                        *end = '/';
        }
        return (json_t *)(uintptr_t)at;
}

void zc_json_pointer_add(struct zc_text *pointer, const char *key)
{
        zc_text_addc(pointer, '/');
        for (;;) {
                size_t plain = strcspn(key, "~/");

                zc_text_addn(pointer, key, plain);
                key += plain;
                if (*key == '\0')
                        return;
                zc_text_add(pointer, *key == '~' ? "~0" : "~1");
                key++;
        }
}

const char *zc_json_str(const json_t *root, const char *dotted, const char *fallback)
{
        const char *s = json_string_value(zc_json_at(root, dotted));

        return s ? s : fallback;
}

void zc_json_share(json_t *object, const json_t *like)
{
        const char *key;
        json_t *value;

        json_object_foreach (object, key, value) {
                json_t *same = json_object_get(like, key);

                if (same && same != value && json_equal(same, value))
                        json_object_set(object, key, same);
        }
}
