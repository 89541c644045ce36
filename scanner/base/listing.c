/** See include/zc/listing.h. */
#include "zc/listing.h"

#include <string.h>

void zc_listing_start(struct zc_listing *l, const char *name, const char *text, size_t n)
{
        *l = (struct zc_listing){ .name = name, .p = text, .end = text + n };
}

static bool blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

bool zc_listing_next(struct zc_listing *l, struct zc_err *err)
{
        while (l->p < l->end) {
                const char *start = l->p, *lf = memchr(start, '\n', (size_t)(l->end - start));
                const char *end = lf ? lf : l->end, *comment;

                l->p = lf ? lf + 1 : l->end;
                l->line++;
                comment = memchr(start, '#', (size_t)(end - start));
                end = comment ? comment : end;
                l->word = start;
                while (l->word < end && blank(*l->word))
                        l->word++;
                while (l->word < end && blank(end[-1]))
                        end--;
                l->n = (size_t)(end - l->word);
                l->column = (size_t)(l->word - start) + 1;
                l->failed = l->n > ZC_LISTING_WORD_MAX || memchr(l->word, '\0', l->n);
                if (l->n > ZC_LISTING_WORD_MAX)
                        return zc_fail(err, ZC_E_USAGE,
                                       "%s:%u:%zu: the line is longer than %u bytes: write one a "
                                       "line",
                                       l->name, l->line, l->column, ZC_LISTING_WORD_MAX);
                if (l->failed)
                        return zc_fail(err, ZC_E_USAGE,
                                       "%s:%u:%zu: the line holds a NUL byte: this is no text file",
                                       l->name, l->line, l->column);
                if (l->n > 0)
                        return true;
        }
        return false;
}
