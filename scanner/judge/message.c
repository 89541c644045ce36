/** Templates: text with {{ CEL }} in it, compiled when the pack loads. */
#include <stdio.h>
#include <string.h>

#include "rule_internal.h"

#define PARTS_MAX 64u
#define VALUE_MAX ((size_t)300)
#define TEXT_MAX ((size_t)8192)

struct part {
        char *text;         /* literal, or NULL */
        struct zc_cel *cel; /* or an expression */
};

struct zc_message {
        struct part *parts;
        size_t count;
};

void zc_message_free(struct zc_message *m)
{
        if (!m)
                return;
        for (size_t i = 0; i < m->count; i++) {
                free(m->parts[i].text);
                zc_cel_free(m->parts[i].cel);
        }
        free(m->parts);
        free(m);
}
ZC_FREEP(zc_message);

static struct part *part_add(struct zc_message *m)
{
        struct part *more;

        if (m->count >= PARTS_MAX)
                return NULL;
        more = realloc(m->parts, (m->count + 1) * sizeof(*more));
        if (!more)
                return NULL;
        m->parts = more;
        more[m->count] = (struct part){ 0 };
        return &more[m->count++];
}

/** A number after `word`, which it moves past both. */
static bool place_number(const char **s, const char *word, unsigned *out)
{
        const char *p = *s + strlen(word);
        size_t n = strncmp(*s, word, strlen(word)) == 0 ? strspn(p, "0123456789") : 0;
        uint64_t v = 0;

        if (n == 0 || !zc_parse_uint(p, n, UINT32_MAX, &v))
                return false;
        *out = (unsigned)v;
        *s = p + n;
        return true;
}

const char *zc_place_split(const char *text, unsigned *line, unsigned *column)
{
        const char *s = text;

        if (place_number(&s, "line ", line) && place_number(&s, ", column ", column) &&
            strncmp(s, ": ", 2) == 0)
                return s + 2;
        *line = 1;
        *column = 1;
        return text;
}

/** Line and column (characters, from 1) of a place in a text. */
static void place_of(const char *text, const char *at, unsigned *line, unsigned *column)
{
        *line = 1;
        *column = 1;
        for (const char *p = text; p < at; p++) {
                if (*p == '\n') {
                        (*line)++;
                        *column = 1;
                } else if (((unsigned char)*p & 0xc0) != 0x80) {
                        (*column)++;
                }
        }
}

/** "line L, column C: words" of an expression becomes the place within the whole template. */
static bool fail_within(const char *text, const char *open, const char *expression,
                        struct zc_err *err)
{
        unsigned line = 1, column = 1, in_line = 1, in_column = 1;
        char words[sizeof(err->text)];

        snprintf(words, sizeof(words), "%s", zc_place_split(err->text, &in_line, &in_column));
        place_of(text, expression ? expression : open, &line, &column);
        if (in_line == 1)
                column += in_column - 1;
        else
                column = in_column;
        line += in_line - 1;
        return zc_fail(err, err->code, "line %u, column %u: %s", line, column, words);
}

/** The end of an expression: "}}" outside of string literals. */
static const char *expression_end(const char *s)
{
        char quote = '\0';

        for (; *s; s++) {
                if (quote && *s == '\\' && s[1])
                        s++;
                else if (quote)
                        quote = *s == quote ? '\0' : quote;
                else if (*s == '"' || *s == '\'')
                        quote = *s;
                else if (s[0] == '}' && s[1] == '}')
                        return s;
        }
        return NULL;
}

static bool add_literal(struct zc_message *m, const char *s, size_t n, struct zc_err *err)
{
        struct part *p;

        if (n == 0)
                return true;
        p = part_add(m);
        if (!p)
                return zc_fail(err, ZC_E_USAGE, "line 1, column 1: more than %u parts in one text",
                               PARTS_MAX);
        p->text = strndup(s, n);
        return p->text || zc_fail(err, ZC_E_NOMEM, "no memory for a template");
}

static bool add_expression(struct zc_cel_env *env, struct zc_message *m, const char *whole,
                           const char *open, const char *end, struct zc_err *err)
{
        ZC_AUTO_MEM char *source = strndup(open + 2, (size_t)(end - open - 2));
        struct part *p = part_add(m);

        if (!p)
                return zc_fail(err, ZC_E_USAGE, "line 1, column 1: more than %u parts in one text",
                               PARTS_MAX);
        if (!source)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a template");
        return zc_cel_compile(env, source, ZC_CEL_T_DYN, &p->cel, err) ||
               fail_within(whole, open, open + 2, err);
}

bool zc_message_compile(struct zc_cel_env *env, const char *text, struct zc_message **out,
                        struct zc_err *err)
{
        ZC_AUTO(zc_message) m = calloc(1, sizeof(*m));
        const char *s = text;

        if (!m)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a template");
        for (;;) {
                const char *open = strstr(s, "{{");
                const char *end;

                if (!add_literal(m, s, open ? (size_t)(open - s) : strlen(s), err))
                        return false;
                if (!open)
                        break;
                end = expression_end(open + 2);
                if (!end) {
                        zc_fail(err, ZC_E_USAGE, "{{ without }}");
                        return fail_within(text, open, NULL, err);
                }
                if (!add_expression(env, m, text, open, end, err))
                        return false;
                s = end + 2;
        }
        *out = ZC_TAKE(m);
        return true;
}

/* ---- rendering ---- */

static void value_text(const json_t *v, struct zc_text *out);

static void list_text(const json_t *list, struct zc_text *out)
{
        const json_t *v;
        size_t i;

        json_array_foreach (list, i, v) {
                if (i)
                        zc_text_add(out, ", ");
                value_text(v, out);
        }
}

/** What a reader is shown of a value: scalars plainly, lists with commas, the rest as JSON. */
static void value_text(const json_t *v, struct zc_text *out)
{
        ZC_AUTO_MEM char *line = NULL;

        if (json_is_string(v)) {
                zc_text_escape(out, json_string_value(v), json_string_length(v));
        } else if (json_is_array(v)) {
                list_text(v, out);
        } else if (json_is_null(v)) {
                zc_text_add(out, "none");
        } else {
                line = zc_json_line(v);
                if (line)
                        zc_text_escape(out, line, strlen(line));
        }
}

/** Which quotes a shell is in after more of a command. */
static char quotes_after(const char *s, char in)
{
        for (; *s; s++) {
                if (*s == '\\' && in != '\'' && s[1])
                        s++;
                else if (in)
                        in = *s == in ? '\0' : in;
                else if (*s == '\'' || *s == '"')
                        in = *s;
        }
        return in;
}

/** Text within double quotes, where these four mean something. */
static void double_quoted(const char *s, struct zc_text *out)
{
        for (; *s; s++) {
                if (strchr("\"\\$`", *s))
                        zc_text_addc(out, '\\');
                zc_text_addc(out, *s);
        }
}

/** Text within single quotes, which nothing but their end leaves. */
static void single_quoted(const char *s, struct zc_text *out)
{
        for (; *s; s++) {
                if (*s == '\'')
                        zc_text_add(out, "'\\''");
                else
                        zc_text_addc(out, *s);
        }
}

/** A word as a POSIX shell reads it: as it is, or between single quotes; within quotes of the command a part of what they hold. */
static void shell_word(const char *s, char quotes, struct zc_text *out)
{
        static const char plain[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+=,-";

        if (*s && strspn(s, plain) == strlen(s)) {
                zc_text_add(out, s);
        } else if (quotes == '"') {
                double_quoted(s, out);
        } else {
                zc_text_add(out, quotes ? "" : "'");
                single_quoted(s, out);
                zc_text_add(out, quotes ? "" : "'");
        }
}

/** A list is as many words: none of them leaves no gap either. */
static void shell_words(const json_t *list, char quotes, struct zc_text *out)
{
        const json_t *v;
        size_t i;

        if (json_array_size(list) == 0 && out->len > 0 && out->p[out->len - 1] == ' ')
                out->p[--out->len] = '\0';
        json_array_foreach (list, i, v) {
                ZC_AUTO_TEXT word = { 0 };

                zc_text_init(&word, VALUE_MAX);
                value_text(v, &word);
                zc_text_add(out, i ? " " : "");
                shell_word(word.cut ? "(long)" : zc_text_str(&word), quotes, out);
        }
}

/** What is said of an expression: its value, or that there is none. A shell reads it as one word; of a list, each item as one. */
static void render_expression(const struct zc_cel *cel, const struct zc_cel_binding *vars, size_t n,
                              bool shell, char quotes, struct zc_arena *arena, struct zc_text *out)
{
        struct zc_cel_result r = { 0 };
        ZC_AUTO_TEXT value = { 0 };
        const char *words;

        zc_text_init(&value, VALUE_MAX);
        zc_cel_eval(cel, vars, n, ZC_CEL_BUDGET, arena, NULL, &r);
        if (r.outcome == ZC_CEL_VALUE && r.value)
                value_text(r.value, &value);
        words = value.cut                              ? "(long)"
                : r.outcome == ZC_CEL_VALUE && r.value ? zc_text_str(&value)
                                                       : "(unknown)";
        if (shell && json_is_array(r.value))
                shell_words(r.value, quotes, out);
        else if (shell)
                shell_word(words, quotes, out);
        else
                zc_text_add(out, words);
        zc_cel_result_release(&r);
}

char *zc_message_render(const struct zc_message *m, const struct zc_cel_binding *vars, size_t n,
                        bool shell, struct zc_arena *arena)
{
        struct zc_text out;
        char quotes = '\0';

        zc_text_init(&out, TEXT_MAX);
        for (size_t i = 0; i < m->count; i++) {
                const struct part *p = &m->parts[i];

                if (p->text)
                        zc_text_add(&out, p->text);
                else
                        render_expression(p->cel, vars, n, shell, quotes, arena, &out);
                quotes = p->text && shell ? quotes_after(p->text, quotes) : quotes;
        }
        return zc_text_steal(&out);
}
