/** See include/zc/said.h. */
#include "zc/said.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "zc/text.h"

size_t zc_said_find(struct zc_rd text, const char *word)
{
        size_t n = strlen(word);

        for (size_t i = 0; i + n <= text.n; i++)
                if (strncasecmp((const char *)text.p + i, word, n) == 0)
                        return i;
        return SIZE_MAX;
}

void zc_said_put(char out[ZC_SAID_LEN], struct zc_rd text)
{
        ZC_AUTO_TEXT t = { 0 };

        while (text.n > 0 && (text.p[text.n - 1] == '\r' || text.p[text.n - 1] == '\n' ||
                              text.p[text.n - 1] == ' '))
                text.n--;
        zc_text_init(&t, ZC_SAID_LEN - 1);
        zc_text_escape(&t, text.p, text.n < 256 ? text.n : 256);
        snprintf(out, ZC_SAID_LEN, "%s", zc_text_str(&t));
}

bool zc_said_version(struct zc_rd text, const char *word, char out[ZC_SAID_LEN])
{
        size_t at = zc_said_find(text, word), n = 0;

        if (at == SIZE_MAX || !zc_rd_skip(&text, at + strlen(word)))
                return false;
        for (unsigned i = 0; i < 3 && text.n > 0 && strchr(" /_-:(v\"", text.p[0]); i++)
                if (!zc_rd_skip(&text, 1))
                        return false;
        if (text.n == 0 || !isdigit(text.p[0]))
                return false;
        while (n < text.n && (isalnum(text.p[n]) || (text.p[n] && strchr(".+~_-", text.p[n]))))
                n++;
        text.n = n;
        zc_said_put(out, text);
        return true;
}

bool zc_said_member(struct zc_rd json, const char *name, struct zc_rd *value)
{
        char quoted[40];
        int n = snprintf(quoted, sizeof quoted, "\"%s\"", name);
        size_t at = zc_said_find(json, quoted);

        if (at == SIZE_MAX || !zc_rd_skip(&json, at + (size_t)n))
                return false;
        while (json.n > 0 && json.p[0] && strchr(" \t\r\n:", json.p[0]))
                if (!zc_rd_skip(&json, 1))
                        return false;
        return json.n > 0 && json.p[0] == '"' && zc_rd_skip(&json, 1) &&
               zc_rd_until(&json, '"', value);
}
