/** Where in its file a value of a YAML document stands. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "yaml_internal.h"

/** Whether an escaped reference token (RFC 6901) spells this key. */
static bool token_is(const char *token, size_t n, const char *key)
{
        for (size_t i = 0; i < n; i++, key++) {
                char c = token[i];

                if (c == '~' && i + 1 < n)
                        c = token[++i] == '1' ? '/' : '~';
                if (*key != c || c == '\0')
                        return false;
        }
        return *key == '\0';
}

static const struct zc_yaml_place *place_step(const struct zc_yaml_place *at, const char *token,
                                              size_t n)
{
        uint64_t index = 0;

        if (at->first && !at->first->key && !zc_parse_uint(token, n, SIZE_MAX, &index))
                return NULL;
        for (const struct zc_yaml_place *p = at->first; p; p = p->next) {
                if (p->key ? token_is(token, n, p->key) : index-- == 0)
                        return p;
        }
        return NULL;
}

/** The place of the value, or of its nearest ancestor. */
static const struct zc_yaml_place *place_find(const struct zc_yaml *y, const char *pointer)
{
        const struct zc_yaml_place *at = y->places;

        while (*pointer == '/') {
                size_t n = strcspn(pointer + 1, "/");
                const struct zc_yaml_place *p = place_step(at, pointer + 1, n);

                if (!p)
                        break;
                at = p;
                pointer += 1 + n;
        }
        return at;
}

void zc_yaml_where(const struct zc_yaml *y, const char *pointer, unsigned *line, unsigned *column)
{
        const struct zc_yaml_place *p = place_find(y, pointer);

        *line = p->line + 1;
        *column = p->column + 1;
}

/** The line of the source, from 0; NULL past its end. */
static const char *source_line(const struct zc_yaml *y, unsigned line)
{
        const char *s = y->source;

        for (; line > 0 && s; line--) {
                s = strchr(s, '\n');
                s = s ? s + 1 : NULL;
        }
        return s;
}

void zc_yaml_where_text(const struct zc_yaml *y, const char *pointer, unsigned text_line,
                        unsigned text_column, unsigned *line, unsigned *column)
{
        const struct zc_yaml_place *p = place_find(y, pointer);
        bool quoted = p->style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
                      p->style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;

        *line = p->text_line + 1;
        *column = p->text_column + 1;
        if (p->style == YAML_LITERAL_SCALAR_STYLE) {
                const char *s = source_line(y, p->text_line + text_line);

                *line += text_line;
                *column = text_column + (s ? (unsigned)strspn(s, " ") : 0);
        } else if (text_line == 1 && p->style != YAML_FOLDED_SCALAR_STYLE) {
                *column += text_column - 1 + quoted;
        }
}

bool zc_yaml_fail(const struct zc_yaml *y, const char *pointer, struct zc_err *err, const char *fmt,
                  ...)
{
        char text[sizeof(err->text)];
        unsigned line, column;
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        zc_yaml_where(y, pointer, &line, &column);
        return zc_fail(err, ZC_E_USAGE, "%s:%u:%u: %s", y->name, line, column, text);
}
