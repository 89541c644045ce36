/** NAME=value, NAME='value', NAME="value" with \" \$ \\ \` inside. */
#include "os_wire.h"

#include <string.h>

static bool is_blank(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

static struct zc_rd trim(struct zc_rd s)
{
        while (s.n > 0 && is_blank(s.p[0])) {
                s.p++;
                s.n--;
        }
        while (s.n > 0 && is_blank(s.p[s.n - 1]))
                s.n--;
        return s;
}

static bool is_key(struct zc_rd s)
{
        for (size_t i = 0; i < s.n; i++) {
                uint8_t c = s.p[i];

                if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
                      (i > 0 && c >= '0' && c <= '9')))
                        return false;
        }
        return s.n > 0;
}

/** What a backslash stands before: itself, or (within double quotes) only one of four characters. */
static bool escaped(struct zc_rd s, size_t i, uint8_t quote)
{
        return s.p[i] == '\\' && quote != '\'' && i + 1 < s.n &&
               (quote == 0 || strchr("\"$\\`", s.p[i + 1]) != NULL) && s.p[i + 1] != 0;
}

static bool unquote(struct zc_rd s, struct zc_text *out)
{
        uint8_t quote = 0;

        for (size_t i = 0; i < s.n; i++) {
                if (escaped(s, i, quote)) {
                        zc_text_addc(out, (char)s.p[++i]);
                } else if (quote == 0 && (s.p[i] == '"' || s.p[i] == '\'')) {
                        quote = s.p[i];
                } else if (quote != 0 && s.p[i] == quote) {
                        quote = 0;
                } else if (quote == 0 && is_blank(s.p[i])) {
                        return false;
                } else {
                        zc_text_addc(out, (char)s.p[i]);
                }
        }
        return quote == 0;
}

bool zc_os_release_next(struct zc_rd *file, struct zc_rd *key, struct zc_text *value)
{
        while (file->n > 0) {
                struct zc_rd line;

                if (!zc_rd_line(file, &line)) {
                        line = *file;
                        *file = (struct zc_rd){ file->p + file->n, 0 };
                }
                line = trim(line);
                zc_text_clear(value);
                if (zc_rd_until(&line, '=', key) && is_key(*key) && unquote(line, value))
                        return true;
        }
        return false;
}
