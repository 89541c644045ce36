/** Tables of the terminal page. */
#include <stdio.h>
#include <string.h>

#include "page.h"
#include "zc/text.h"

#define CELL_MIN 6u
#define GAP 2u

struct row {
        char *cells[PAGE_CELLS_MAX];
        enum page_colour colour;
};

struct page_table {
        const char *heads[PAGE_CELLS_MAX];
        unsigned columns;
        struct row *rows;
        size_t count, room;
};

struct page_table *page_table_new(const char *const *heads)
{
        struct page_table *t = calloc(1, sizeof(*t));

        if (!t)
                return NULL;
        for (; t->columns < PAGE_CELLS_MAX && heads[t->columns]; t->columns++)
                t->heads[t->columns] = heads[t->columns];
        return t;
}

void page_table_free(struct page_table *t)
{
        if (!t)
                return;
        for (size_t i = 0; i < t->count; i++) {
                for (unsigned c = 0; c < t->columns; c++)
                        free(t->rows[i].cells[c]);
        }
        free(t->rows);
        free(t);
}

bool page_table_add(struct page_table *t, const char *const *cells, enum page_colour colour,
                    struct zc_err *err)
{
        struct row *row;

        if (t->count == t->room) {
                size_t room = t->room ? 2 * t->room : 16;
                struct row *more = reallocarray(t->rows, room, sizeof(*more));

                if (!more)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for a table");
                t->rows = more;
                t->room = room;
        }
        row = &t->rows[t->count++];
        *row = (struct row){ .colour = colour };
        for (unsigned c = 0; c < t->columns; c++) {
                row->cells[c] = strdup(cells[c]);
                if (!row->cells[c])
                        return zc_fail(err, ZC_E_NOMEM, "no memory for a table");
        }
        return true;
}

void page_table_optional(struct page_table *t, unsigned column)
{
        for (size_t i = 0; i < t->count; i++) {
                if (strcmp(t->rows[i].cells[column], "-") != 0)
                        return;
        }
        t->columns--;
        for (size_t i = 0; i < t->count; i++) {
                char **cells = t->rows[i].cells;

                free(cells[column]);
                for (unsigned c = column; c < t->columns; c++)
                        cells[c] = cells[c + 1];
        }
        for (unsigned c = column; c < t->columns; c++)
                t->heads[c] = t->heads[c + 1];
}

/** The widest cell of a column. */
static unsigned cells_wide(const struct page_table *t, unsigned c)
{
        unsigned out = 0;

        for (size_t i = 0; i < t->count; i++) {
                unsigned wide = (unsigned)zc_utf8_columns(t->rows[i].cells[c]);

                out = wide > out ? wide : out;
        }
        return out;
}

/** What of a heading stands on its first line: all, or the words that fit. */
static size_t head_first(const char *head, unsigned width)
{
        size_t n = strlen(head);

        while (n > width) {
                const char *space = memrchr(head, ' ', n);

                if (!space)
                        return strlen(head);
                n = (size_t)(space - head);
        }
        return n;
}

/** The width that a heading needs when it may take two lines. */
static unsigned head_least(const char *head)
{
        size_t all = strlen(head), first = all;

        while (first > CELL_MIN && head_first(head, (unsigned)first - 1) < all &&
               all - head_first(head, (unsigned)first - 1) - 1 < first)
                first--;
        return (unsigned)first;
}

/** Takes from the widest of the columns until they fit, or none is above its least. */
static void widths_shrink(unsigned *total, unsigned page, unsigned *widths, const unsigned *least,
                          unsigned columns)
{
        while (*total > page) {
                unsigned widest = columns;

                for (unsigned c = 0; c < columns; c++) {
                        if (widths[c] > least[c] &&
                            (widest == columns || widths[c] > widths[widest]))
                                widest = c;
                }
                if (widest == columns)
                        return;
                widths[widest]--;
                (*total)--;
        }
}

/** Headings give way before what stands under them. */
static void widths_fit(const struct page_table *t, unsigned page, unsigned widths[PAGE_CELLS_MAX])
{
        unsigned total = 0, least[PAGE_CELLS_MAX] = { 0 };

        for (unsigned c = 0; c < t->columns; c++) {
                unsigned cells = cells_wide(t, c), head = (unsigned)strlen(t->heads[c]),
                         broken = head_least(t->heads[c]);

                widths[c] = cells > head ? cells : head;
                least[c] = cells > broken ? cells : broken;
                total += widths[c] + (c ? GAP : 0);
        }
        widths_shrink(&total, page, widths, least, t->columns);
        for (unsigned c = 0; c < t->columns; c++)
                least[c] = CELL_MIN;
        widths_shrink(&total, page, widths, least, t->columns);
}

static void print_cell(struct page *p, const char *text, unsigned width, bool last,
                       enum page_colour colour)
{
        ZC_AUTO_MEM char *cut = page_cut(text, width);
        unsigned wide = cut ? (unsigned)zc_utf8_columns(cut) : 0;

        page_paint(p, last ? colour : PAGE_PLAIN, cut ? cut : "");
        if (!last)
                zc_out_printf(p->out, "%*s", (int)(width - (wide < width ? wide : width) + GAP),
                              "");
}

/** The part of a heading that stands on a line (0 or 1) of a column. */
static void head_part(const char *head, unsigned width, unsigned line, char *part, size_t size)
{
        size_t first = head_first(head, width);

        if (line == 0)
                snprintf(part, size, "%.*s", (int)first, head);
        else
                snprintf(part, size, "%s", head[first] ? head + first + 1 : "");
}

static void print_heads(const struct page_table *t, struct page *p, const unsigned *widths)
{
        char part[64];

        for (unsigned line = 0; line < 2; line++) {
                unsigned end = 0; /* columns up to the last that has something here */

                for (unsigned c = 0; c < t->columns; c++) {
                        head_part(t->heads[c], widths[c], line, part, sizeof(part));
                        end = *part ? c + 1 : end;
                }
                for (unsigned c = 0; c < end; c++) {
                        head_part(t->heads[c], widths[c], line, part, sizeof(part));
                        print_cell(p, part, widths[c], c + 1 == end, PAGE_PLAIN);
                }
                zc_out_puts(p->out, end ? "\n" : "");
        }
}

void page_table_print(const struct page_table *t, struct page *p)
{
        unsigned widths[PAGE_CELLS_MAX];

        widths_fit(t, p->columns, widths);
        print_heads(t, p, widths);
        for (size_t i = 0; i < t->count; i++) {
                for (unsigned c = 0; c < t->columns; c++)
                        print_cell(p, t->rows[i].cells[c], widths[c], c + 1 == t->columns,
                                   t->rows[i].colour);
                zc_out_puts(p->out, "\n");
        }
}
