/** Writing JSON: the canonical form, one line, and the indented form that people read. Numbers read back as they were. */
#include <stdio.h>
#include <string.h>

#include "zc/file.h"
#include "zc/json.h"

#define PIECE ((size_t)64 * 1024)
#define DEPTH_MAX 2048u /* jansson's own; documents that we read stop at 64 */
#define INDENT "  "

struct style {
        bool sorted, indented;
        struct zc_out *out; /* where it goes in pieces; NULL: it stays in memory */
};

static void write_value(struct zc_text *t, const json_t *value, struct style style,
                        unsigned int depth);

static void write_break(struct zc_text *t, struct style style, unsigned int depth)
{
        if (!style.indented)
                return;
        zc_text_addc(t, '\n');
        for (unsigned int i = 0; i < depth; i++)
                zc_text_add(t, INDENT);
}

/** RFC 8259 section 7: quotation mark, backslash and C0 must be escaped; nothing else is. */
static void write_string(struct zc_text *t, const char *s, size_t n)
{
        static const char spelt[0x60] = {
                ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n',  ['\f'] = 'f',
                ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\',
        };
        size_t plain = 0; /* where the text that stands as it is began */

        zc_text_addc(t, '"');
        for (size_t i = 0; i < n; i++) {
                uint8_t c = (uint8_t)s[i];
                char letter = c < sizeof(spelt) ? spelt[c] : '\0';

                if (c >= 0x20 && !letter)
                        continue;
                zc_text_addn(t, s + plain, i - plain);
                plain = i + 1;
                if (letter)
                        zc_text_printf(t, "\\%c", letter);
                else
                        zc_text_printf(t, "\\u%04x", c);
        }
        zc_text_addn(t, s + plain, n - plain);
        zc_text_addc(t, '"');
}

/** The fewest digits that read back as the same number, always with a point or an exponent: it stays a real. */
static void write_real(struct zc_text *t, double v)
{
        double size = v < 0 ? -v : v;
        char digits[40];
        char *exponent;
        /* Digits before the point are all written: 100.0, not 1e2. */
        int least = size >= 1 && size < 1e15 ? snprintf(digits, sizeof(digits), "%.0f", size) : 1;

        for (int precision = least; precision <= 17; precision++) {
                snprintf(digits, sizeof(digits), "%.*g", precision, v);
                if (strtod(digits, NULL) >= v && strtod(digits, NULL) <= v)
                        break;
        }
        exponent = strchr(digits, 'e');
        if (!exponent) {
                zc_text_add(t, digits);
                zc_text_add(t, strchr(digits, '.') ? "" : ".0");
                return;
        }
        *exponent++ = '\0';
        zc_text_printf(t, "%se%s", digits, *exponent == '-' ? "-" : "");
        exponent += strspn(exponent, "+-0"); /* "e+05" is written e5 */
        zc_text_add(t, exponent);
}

/** What was written so far goes out, once it is that much. */
static void hand_over(struct zc_text *t, struct style style, size_t piece)
{
        if (!style.out || t->failed || t->len < piece)
                return;
        zc_out_write(style.out, zc_text_str(t), t->len);
        zc_text_clear(t);
}

static void write_array(struct zc_text *t, const json_t *array, struct style style,
                        unsigned int depth)
{
        size_t i;
        const json_t *item;

        zc_text_addc(t, '[');
        json_array_foreach (array, i, item) {
                if (i)
                        zc_text_addc(t, ',');
                write_break(t, style, depth + 1);
                write_value(t, item, style, depth + 1);
                hand_over(t, style, PIECE);
        }
        if (json_array_size(array))
                write_break(t, style, depth);
        zc_text_addc(t, ']');
}

static int key_compare(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/** The object's member names, in their order or sorted; NULL when out of memory. */
static const char **object_keys(const json_t *object, bool sorted)
{
        const char **keys = calloc(json_object_size(object) + 1, sizeof(*keys));
        json_t *members =
                (json_t *)(uintptr_t)object; /* jansson iterates only what it could change */
        size_t n = 0;

        if (!keys)
                return NULL;
        for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at))
                keys[n++] = json_object_iter_key(at);
        if (sorted && n)
                qsort(keys, n, sizeof(*keys), key_compare);
        return keys;
}

static void write_object(struct zc_text *t, const json_t *object, struct style style,
                         unsigned int depth)
{
        const char **keys = object_keys(object, style.sorted);

        if (!keys) {
                t->failed = true;
                return;
        }
        zc_text_addc(t, '{');
        for (size_t i = 0; keys[i]; i++) {
                if (i)
                        zc_text_addc(t, ',');
                write_break(t, style, depth + 1);
                write_string(t, keys[i], strlen(keys[i]));
                zc_text_add(t, style.indented ? ": " : ":");
                write_value(t, json_object_get(object, keys[i]), style, depth + 1);
        }
        if (keys[0])
                write_break(t, style, depth);
        zc_text_addc(t, '}');
        free(keys);
}

static void write_value(struct zc_text *t, const json_t *value, struct style style,
                        unsigned int depth)
{
        if (t->failed || depth > DEPTH_MAX) {
                t->failed = true;
                return;
        }
        switch (json_typeof(value)) {
        case JSON_OBJECT:
                write_object(t, value, style, depth);
                break;
        case JSON_ARRAY:
                write_array(t, value, style, depth);
                break;
        case JSON_STRING:
                write_string(t, json_string_value(value), json_string_length(value));
                break;
        case JSON_INTEGER:
                zc_text_printf(t, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
                break;
        case JSON_REAL:
                write_real(t, json_real_value(value));
                break;
        case JSON_TRUE:
                zc_text_add(t, "true");
                break;
        case JSON_FALSE:
                zc_text_add(t, "false");
                break;
        case JSON_NULL:
                zc_text_add(t, "null");
                break;
        }
}

static char *write_all(const json_t *value, struct style style)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, SIZE_MAX - 1);
        write_value(&t, value, style, 0);
        return zc_text_steal(&t);
}

char *zc_json_canonical(const json_t *value)
{
        return write_all(value, (struct style){ .sorted = true });
}

char *zc_json_line(const json_t *value)
{
        return write_all(value, (struct style){ 0 });
}

char *zc_json_pretty(const json_t *value)
{
        return write_all(value, (struct style){ .indented = true });
}

bool zc_json_write(struct zc_out *out, const json_t *value, struct zc_err *err)
{
        const struct style style = { .indented = true, .out = out };
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, SIZE_MAX - 1);
        write_value(&t, value, style, 0);
        hand_over(&t, style, 0);
        zc_out_puts(out, "\n");
        return !t.failed || zc_fail(err, ZC_E_NOMEM, "no memory to write JSON");
}
