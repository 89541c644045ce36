/** Lines of a given width. */
#include <stdint.h>
#include <string.h>

#include "zc/report.h"
#include "zc/text.h"

struct line {
        struct zc_out *out;
        unsigned at, indent, columns;
        bool empty; /* nothing of the text stands in it yet */
};

static void line_break(struct line *l)
{
        zc_out_printf(l->out, "\n%*s", (int)l->indent, "");
        l->at = l->indent;
        l->empty = true;
}

/** Columns of the first n bytes, and how many bytes fit `room` columns (one character at least). */
static unsigned measure(const char *s, size_t n, unsigned room, size_t *fits)
{
        unsigned columns = 0;

        *fits = 0;
        for (size_t i = 0; i < n;) {
                char one[5] = { 0 };
                uint32_t code;
                size_t used = zc_utf8_next((const uint8_t *)s + i, n - i, &code);

                if (used == 0)
                        used = 1;
                memcpy(one, s + i, used);
                columns += (unsigned)zc_utf8_columns(one);
                i += used;
                if (columns <= room || *fits == 0)
                        *fits = i;
        }
        return columns;
}

/** @gap: spaces that stood before the word; they stay, but at a line's end. */
static void add_word(struct line *l, unsigned gap, const char *s, size_t n)
{
        size_t fits;
        unsigned wide = measure(s, n, UINT32_MAX, &fits);

        if (!l->empty && l->at + gap + wide > l->columns)
                line_break(l);
        if (!l->empty) {
                zc_out_printf(l->out, "%*s", (int)gap, "");
                l->at += gap;
        }
        while (l->at + wide > l->columns && n > 1) { /* longer than a line */
                measure(s, n, l->columns > l->at ? l->columns - l->at : 1, &fits);
                zc_out_write(l->out, s, fits);
                s += fits;
                n -= fits;
                if (n == 0) {
                        l->empty = false;
                        return;
                }
                line_break(l);
                wide = measure(s, n, UINT32_MAX, &fits);
        }
        zc_out_write(l->out, s, n);
        l->at += wide;
        l->empty = false;
}

void zc_wrap(struct zc_out *out, const char *text, unsigned at, unsigned indent, unsigned columns)
{
        struct line l = { out, at, indent, columns, true };

        for (;;) {
                size_t gap = strspn(text, " ");
                size_t n = strcspn(text + gap, " \n");

                if (n > 0)
                        add_word(&l, gap < columns ? (unsigned)gap : columns, text + gap, n);
                text += gap + n;
                if (*text == '\0')
                        return;
                if (*text == '\n' && text[1] != '\0')
                        line_break(&l);
                text += *text == '\n';
        }
}
