/** Tables of the terminal page. */
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
        const char *const *heads;
        unsigned columns;
        struct row *rows;
        size_t count, room;
};

struct page_table *page_table_new(const char *const *heads)
{
        struct page_table *t = calloc(1, sizeof(*t));

        if (!t)
                return NULL;
        t->heads = heads;
        while (t->columns < PAGE_CELLS_MAX && heads[t->columns])
                t->columns++;
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

static void widths_fit(const struct page_table *t, unsigned page, unsigned widths[PAGE_CELLS_MAX])
{
        unsigned total = 0;

        for (unsigned c = 0; c < t->columns; c++) {
                widths[c] = (unsigned)strlen(t->heads[c]);
                for (size_t i = 0; i < t->count; i++) {
                        unsigned wide = (unsigned)zc_utf8_columns(t->rows[i].cells[c]);

                        if (wide > widths[c])
                                widths[c] = wide;
                }
                total += widths[c] + (c ? GAP : 0);
        }
        while (total > page) {
                unsigned widest = 0;

                for (unsigned c = 1; c < t->columns; c++) {
                        if (widths[c] > widths[widest])
                                widest = c;
                }
                if (widths[widest] <= CELL_MIN)
                        return;
                widths[widest]--;
                total--;
        }
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

void page_table_print(const struct page_table *t, struct page *p)
{
        unsigned widths[PAGE_CELLS_MAX];

        widths_fit(t, p->columns, widths);
        for (unsigned c = 0; c < t->columns; c++)
                print_cell(p, t->heads[c], widths[c], c + 1 == t->columns, PAGE_PLAIN);
        zc_out_puts(p->out, "\n");
        for (size_t i = 0; i < t->count; i++) {
                for (unsigned c = 0; c < t->columns; c++)
                        print_cell(p, t->rows[i].cells[c], widths[c], c + 1 == t->columns,
                                   t->rows[i].colour);
                zc_out_puts(p->out, "\n");
        }
}
