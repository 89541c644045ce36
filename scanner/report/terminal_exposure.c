/** The table of ports, as wide as the page, the quiet rows counted rather than shown where there are many. */
#include <string.h>

#include "page.h"
#include "view.h"

#define ROWS_MAX 40u
#define ROWS_FOLD 16u /* with more rows than this, the quiet ones become one line */

static enum page_colour row_colour(const struct view_row *r)
{
        if (r->worst < PAGE_SEVERITIES)
                return page_severity_colour(page_severities[r->worst]);
        return r->unknown || r->left ? PAGE_YELLOW : PAGE_PLAIN;
}

/** Counts that the line under the table tells. */
struct left_out {
        size_t shown, quiet, more;
};

/** Is the row shown? What is left out without -v is counted. */
static bool row_shown(const struct page *p, const struct view_row *r, struct left_out *out)
{
        size_t rows = json_array_size(json_object_get(p->report, "exposure"));

        if (p->how->verbose == 0 && r->quiet && rows > ROWS_FOLD) {
                out->quiet++;
                return false;
        }
        if (p->how->verbose == 0 && out->shown >= ROWS_MAX && r->worst > 1) {
                out->more++;
                return false;
        }
        out->shown++;
        return true;
}

/** Doors that lead to nobody: told in a line, for there may be thousands. */
static void unused_print(struct page *p, const struct view_exposure *x)
{
        static const char label[] = "let in, and nobody listens: ";
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 4096);
        if (view_unused(x, p->how->verbose > 0, &t) == 0)
                return;
        zc_out_puts(p->out, label);
        zc_wrap(p->out, zc_text_str(&t), sizeof(label) - 1, 2, p->columns);
        zc_out_puts(p->out, "\n");
}

bool page_exposure(struct page *p, struct zc_err *err)
{
        ZC_AUTO(view_exposure) x = view_exposure_new(p->report, err);
        unsigned skip = x && x->many ? VIEW_HOST : VIEW_PORT;
        ZC_AUTO(page_table) table = x ? page_table_new(view_heads + skip) : NULL;
        struct left_out out = { 0 };

        if (!x)
                return false;
        if (x->count == 0) {
                unused_print(p, x);
                return true;
        }
        if (!table)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the table of ports");
        for (size_t i = 0; i < x->count; i++) {
                const struct view_row *r = &x->rows[i];

                if (row_shown(p, r, &out) &&
                    !page_table_add(table, (const char *const *)r->cells + skip, row_colour(r),
                                    err))
                        return false;
        }
        zc_out_puts(p->out, "\n");
        page_table_optional(table, VIEW_ACCESS - skip);
        page_table_print(table, p);
        if (out.quiet > 0)
                zc_out_printf(p->out, "and %zu on loopback or let in by nothing, ok (-v)\n",
                              out.quiet);
        if (out.more > 0)
                zc_out_printf(p->out, "and %zu rows more, none high or critical (-v)\n", out.more);
        unused_print(p, x);
        return true;
}
