#include "yaml_internal.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "zc/file.h"

struct builder {
        struct zc_yaml *y;
        yaml_parser_t parser;
        yaml_event_t event;
        bool parser_up, event_up;
        unsigned values;
        struct zc_err *err;
};

static bool fail_at(const struct builder *b, yaml_mark_t mark, const char *fmt, ...)
        ZC_PRINTF(3, 4);
static bool fail_at(const struct builder *b, yaml_mark_t mark, const char *fmt, ...)
{
        char text[384];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        return zc_fail(b->err, ZC_E_USAGE, "%s:%zu:%zu: %s", b->y->name, mark.line + 1,
                       mark.column + 1, text);
}

static bool fail_memory(const struct builder *b)
{
        return zc_fail(b->err, ZC_E_NOMEM, "no memory to read %s", b->y->name);
}

/** The reader knows byte offsets only. */
static yaml_mark_t mark_of_offset(const char *source, size_t offset)
{
        yaml_mark_t mark = { 0 };

        for (size_t i = 0; i < offset; i++) {
                if (source[i] == '\n') {
                        mark.line++;
                        mark.column = 0;
                } else if (((unsigned char)source[i] & 0xc0) != 0x80) {
                        mark.column++;
                }
        }
        return mark;
}

/** libyaml's own words, and where. */
static bool fail_parser(const struct builder *b)
{
        const yaml_parser_t *p = &b->parser;

        switch (p->error) {
        case YAML_MEMORY_ERROR:
                return fail_memory(b);
        case YAML_READER_ERROR:
                return fail_at(b, mark_of_offset(b->y->source, p->problem_offset),
                               "%s; the file must be UTF-8 text", p->problem);
        case YAML_SCANNER_ERROR:
        case YAML_PARSER_ERROR:
                return fail_at(b, p->problem_mark, "%s%s%s", p->context ? p->context : "",
                               p->context ? ", " : "", p->problem);
        case YAML_NO_ERROR:
        case YAML_COMPOSER_ERROR:
        case YAML_WRITER_ERROR:
        case YAML_EMITTER_ERROR:
                break;
        }
        return fail_at(b, p->mark, "not YAML");
}

static bool next_event(struct builder *b)
{
        if (b->event_up)
                yaml_event_delete(&b->event);
        b->event_up = false;
        if (!yaml_parser_parse(&b->parser, &b->event))
                return fail_parser(b);
        b->event_up = true;
        return true;
}

/* ---- plain scalars ---- */

static bool digits(const char *s, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (s[i] < '0' || s[i] > '9')
                        return false;
        }
        return n > 0;
}

/** A number as JSON writes it: -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool json_number(const char *s)
{
        size_t n;

        s += *s == '-';
        n = strspn(s, "0123456789");
        if (n == 0 || (n > 1 && *s == '0'))
                return false;
        s += n;
        if (*s == '.') {
                n = strspn(++s, "0123456789");
                if (n == 0)
                        return false;
                s += n;
        }
        if (*s == 'e' || *s == 'E') {
                s++;
                s += *s == '+' || *s == '-';
                n = strspn(s, "0123456789");
                if (n == 0)
                        return false;
                s += n;
        }
        return *s == '\0';
}

static bool one_of(const char *s, const char *const *words)
{
        for (; *words; words++) {
                if (strcmp(s, *words) == 0)
                        return true;
        }
        return false;
}

/** Text that one version of YAML reads as a number or a constant and another as text. */
static bool ambiguous(const char *s)
{
        static const char *const words[] = { "True",  "TRUE", "False", "FALSE", "Null", "NULL",
                                             ".inf",  ".Inf", ".INF",  "-.inf", ".nan", ".NaN",
                                             "-.Inf", ".NAN", "-.INF", NULL };
        const char *body = s + (*s == '-' || *s == '+');

        if (one_of(s, words))
                return true;
        if (*s == '+' && json_number(body))
                return true;
        if (body[0] == '0' && (body[1] == 'o' || body[1] == 'O') &&
            digits(body + 2, strlen(body + 2)))
                return true;
        if (body[0] != '0' || body[1] < '0' || body[1] > '9')
                return false;
        body += strspn(body, "0123456789"); /* 010, 01.5 */
        return *body == '\0' || (*body == '.' && digits(body + 1, strlen(body + 1)));
}

static bool hexadecimal(const char *s, json_t **out)
{
        unsigned long long v = 0;
        size_t n;

        if (s[0] != '0' || s[1] != 'x')
                return false;
        n = strspn(s + 2, "0123456789abcdefABCDEF");
        if (n == 0 || s[2 + n] != '\0')
                return false;
        for (const char *p = s + 2; *p; p++) {
                unsigned d = *p <= '9' ? (unsigned)(*p - '0') : (unsigned)((*p | 0x20) - 'a' + 10);

                if (v > ((unsigned long long)LLONG_MAX - d) / 16) {
                        *out = NULL;
                        return true;
                }
                v = v * 16 + d;
        }
        *out = json_integer((json_int_t)v);
        return true;
}

/** Most plain scalars begin with what only text begins with: nothing else needs to be tried. */
static bool plainly_text(const char *s)
{
        return *s && !strchr("tfnTFN~+-.0123456789", *s);
}

static bool plain_value(const struct builder *b, const char *s, json_t **out)
{
        static const char *const nulls[] = { "", "~", "null", NULL };

        if (plainly_text(s))
                *out = json_string_nocheck(s); /* the reader saw to UTF-8 */
        else if (one_of(s, nulls))
                *out = json_null();
        else if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0)
                *out = json_boolean(*s == 't');
        else if (json_number(s))
                *out = json_loadb(s, strlen(s), JSON_DECODE_ANY, NULL);
        else if (ambiguous(s))
                return fail_at(b, b->event.start_mark,
                               "%.40s means different things to different readers of YAML; "
                               "quote it (\"%.40s\") or write it plainly",
                               s, s);
        else if (!hexadecimal(s, out))
                *out = json_string(s);
        if (!*out)
                return fail_at(b, b->event.start_mark, "the number %.40s is out of range", s);
        return true;
}

static bool scalar_value(const struct builder *b, json_t **out)
{
        const char *s = (const char *)b->event.data.scalar.value;
        size_t n = b->event.data.scalar.length;

        if (memchr(s, '\0', n))
                return fail_at(b, b->event.start_mark, "a NUL character in text; remove it");
        if (b->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
                return plain_value(b, s, out);
        *out = json_stringn(s, n);
        return *out || fail_at(b, b->event.start_mark, "text that is not UTF-8");
}

/* ---- nodes ---- */

static bool refuse_clever(const struct builder *b, const yaml_char_t *anchor,
                          const yaml_char_t *tag)
{
        if (anchor)
                return fail_at(b, b->event.start_mark,
                               "anchors are refused; write the value out where it is needed");
        if (tag)
                return fail_at(b, b->event.start_mark,
                               "tags (!) are refused; remove it, or quote text that starts with !");
        return true;
}

/** Refuses what this subset does not have, and counts. */
static bool node_check(struct builder *b, unsigned depth)
{
        const yaml_event_t *e = &b->event;

        if (++b->values > ZC_YAML_VALUES_MAX)
                return fail_at(b, e->start_mark, "more than %u values", ZC_YAML_VALUES_MAX);
        if (depth > ZC_YAML_DEPTH_MAX)
                return fail_at(b, e->start_mark, "more than %u levels of nesting",
                               ZC_YAML_DEPTH_MAX);
        switch (e->type) {
        case YAML_SCALAR_EVENT:
                return refuse_clever(b, e->data.scalar.anchor, e->data.scalar.tag);
        case YAML_SEQUENCE_START_EVENT:
                return refuse_clever(b, e->data.sequence_start.anchor, e->data.sequence_start.tag);
        case YAML_MAPPING_START_EVENT:
                return refuse_clever(b, e->data.mapping_start.anchor, e->data.mapping_start.tag);
        case YAML_ALIAS_EVENT:
                return fail_at(b, e->start_mark,
                               "aliases (*) are refused; write the value out, or quote text that "
                               "starts with *");
        default:
                return fail_at(b, e->start_mark, "a value was expected here");
        }
}

static struct zc_yaml_place *place_add(const struct builder *b, struct zc_yaml_place *parent)
{
        struct zc_yaml_place *p = zc_arena_new_of(b->y->arena, struct zc_yaml_place);

        if (!p)
                return NULL;
        p->line = (unsigned)b->event.start_mark.line;
        p->column = (unsigned)b->event.start_mark.column;
        if (!parent)
                return p;
        if (parent->last)
                parent->last->next = p;
        else
                parent->first = p;
        parent->last = p;
        return p;
}

static bool build(struct builder *b, struct zc_yaml_place *place, unsigned depth, json_t **out);

/** The event is a key: its text goes to the place. */
static bool member_key(const struct builder *b, const json_t *object, struct zc_yaml_place *place)
{
        const yaml_event_t *e = &b->event;
        const char *key = (const char *)e->data.scalar.value;
        json_auto_t *value = NULL;
        bool text;

        if (e->type != YAML_SCALAR_EVENT)
                return fail_at(b, e->start_mark, "a key must be text");
        if (!refuse_clever(b, e->data.scalar.anchor, e->data.scalar.tag))
                return false;
        /* A key as it should be costs no copy. */
        text = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && plainly_text(key) &&
               strlen(key) == e->data.scalar.length;
        if (!text && !scalar_value(b, &value))
                return false;
        if (!text && !json_is_string(value))
                return fail_at(b, e->start_mark, "the key %.40s is not text; quote it (\"%.40s\")",
                               *key ? key : "(empty)", key);
        if (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && strcmp(key, "<<") == 0)
                return fail_at(b, e->start_mark, "merge keys (<<) are refused; write the members");
        if (e->data.scalar.length > ZC_YAML_KEY_MAX)
                return fail_at(b, e->start_mark, "a key of more than %u bytes", ZC_YAML_KEY_MAX);
        if (json_object_get(object, key))
                return fail_at(b, e->start_mark, "the key \"%.80s\" stands here twice", key);
        place->key = zc_arena_strdup(b->y->arena, key);
        return place->key || fail_memory(b);
}

static bool build_mapping(struct builder *b, struct zc_yaml_place *place, unsigned depth,
                          json_t *object)
{
        for (;;) {
                struct zc_yaml_place *p;
                json_t *value = NULL;

                if (!next_event(b))
                        return false;
                if (b->event.type == YAML_MAPPING_END_EVENT)
                        return true;
                p = place_add(b, place);
                if (!p)
                        return fail_memory(b);
                if (!member_key(b, object, p) || !next_event(b) || !build(b, p, depth + 1, &value))
                        return false;
                if (json_object_set_new(object, p->key, value) != 0)
                        return fail_memory(b);
        }
}

static bool build_sequence(struct builder *b, struct zc_yaml_place *place, unsigned depth,
                           json_t *array)
{
        for (;;) {
                struct zc_yaml_place *p;
                json_t *value = NULL;

                if (!next_event(b))
                        return false;
                if (b->event.type == YAML_SEQUENCE_END_EVENT)
                        return true;
                p = place_add(b, place);
                if (!p)
                        return fail_memory(b);
                if (!build(b, p, depth + 1, &value))
                        return false;
                if (json_array_append_new(array, value) != 0)
                        return fail_memory(b);
        }
}

/** The value that begins with the current event. */
static bool build(struct builder *b, struct zc_yaml_place *place, unsigned depth, json_t **out)
{
        json_auto_t *value = NULL;
        bool ok;

        if (!node_check(b, depth))
                return false;
        place->text_line = (unsigned)b->event.start_mark.line;
        place->text_column = (unsigned)b->event.start_mark.column;
        switch (b->event.type) {
        case YAML_SCALAR_EVENT:
                place->style = b->event.data.scalar.style;
                return scalar_value(b, out);
        case YAML_SEQUENCE_START_EVENT:
                value = json_array();
                ok = value ? build_sequence(b, place, depth, value) : fail_memory(b);
                break;
        default: /* node_check() let nothing else through */
                value = json_object();
                ok = value ? build_mapping(b, place, depth, value) : fail_memory(b);
                break;
        }
        if (ok)
                *out = ZC_TAKE(value);
        return ok;
}

static bool expect_event(struct builder *b, yaml_event_type_t type, const char *what)
{
        if (!next_event(b))
                return false;
        return b->event.type == type || fail_at(b, b->event.start_mark, "%s", what);
}

static bool build_document(struct builder *b)
{
        struct zc_yaml *y = b->y;

        if (!expect_event(b, YAML_STREAM_START_EVENT, "not a YAML stream") || !next_event(b))
                return false;
        y->places = place_add(b, NULL);
        if (!y->places)
                return fail_memory(b);
        if (b->event.type == YAML_STREAM_END_EVENT) {
                y->root = json_null();
                return true;
        }
        if (b->event.data.document_start.version_directive ||
            b->event.data.document_start.tag_directives.start !=
                    b->event.data.document_start.tag_directives.end)
                return fail_at(b, b->event.start_mark,
                               "directives (%%) are refused; remove the line");
        if (!next_event(b) || !build(b, y->places, 1, &y->root))
                return false;
        return expect_event(b, YAML_DOCUMENT_END_EVENT, "the document should end here") &&
               expect_event(b, YAML_STREAM_END_EVENT,
                            "a second document; put it into a file of its own");
}

static struct zc_yaml *yaml_new(const char *name, const char *buf, size_t len)
{
        struct zc_yaml *y = calloc(1, sizeof(*y));

        if (!y)
                return NULL;
        y->arena = zc_arena_new(0);
        y->name = y->arena ? zc_arena_strdup(y->arena, name) : NULL;
        y->source = y->name ? zc_arena_strndup(y->arena, buf, len) : NULL;
        if (!y->source) {
                zc_yaml_free(y);
                return NULL;
        }
        return y;
}

bool zc_yaml_parse(const char *name, const char *buf, size_t len, struct zc_yaml **out,
                   struct zc_err *err)
{
        struct builder b = { .err = err };
        ZC_AUTO(zc_yaml) y = NULL;
        bool ok;

        if (len > ZC_YAML_MAX)
                return zc_fail(err, ZC_E_USAGE, "%s is larger than the %zu bytes allowed here",
                               name, ZC_YAML_MAX);
        y = yaml_new(name, buf, len);
        if (!y)
                return zc_fail(err, ZC_E_NOMEM, "no memory to read %s", name);
        b.y = y;
        if (!yaml_parser_initialize(&b.parser))
                return fail_memory(&b);
        yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&b.parser, (const unsigned char *)y->source, len);
        ok = build_document(&b);
        y->values = b.values;
        if (b.event_up)
                yaml_event_delete(&b.event);
        yaml_parser_delete(&b.parser);
        if (ok)
                *out = ZC_TAKE(y);
        return ok;
}

bool zc_yaml_load(const char *path, struct zc_yaml **out, struct zc_err *err)
{
        ZC_AUTO_MEM char *buf = NULL;
        size_t len = 0;

        return zc_file_read(path, ZC_YAML_MAX, &buf, &len, err) &&
               zc_yaml_parse(strcmp(path, "-") == 0 ? "standard input" : path, buf, len, out, err);
}

void zc_yaml_free(struct zc_yaml *y)
{
        if (!y)
                return;
        json_decref(y->root);
        zc_arena_free(y->arena);
        free(y);
}

size_t zc_yaml_values(const struct zc_yaml *y)
{
        return y->values;
}

json_t *zc_yaml_root(const struct zc_yaml *y)
{
        return y->root;
}

const char *zc_yaml_name(const struct zc_yaml *y)
{
        return y->name;
}
