/** One page for a person: what is reachable, what is wrong, what to do, what was not seen, and the verdict as its last line. */
#include <string.h>

#include "page.h"
#include "zc/judge.h"
#include "zc/text.h"

#define COLUMNS_MIN 60u
#define COLUMNS_DEFAULT 80u

/** The last line; its words are the judge's. */
static bool page_verdict(struct page *p, struct zc_err *err)
{
        static const struct {
                const char *words;
                enum page_colour colour;
        } starts[] = { { "NOT MET", PAGE_BRIGHT_RED },
                       { "NOT SHOWN", PAGE_YELLOW },
                       { "MET", PAGE_GREEN } };
        ZC_AUTO_MEM char *verdict = zc_report_verdict(p->report);
        ZC_AUTO_TEXT clean = { 0 };
        const char *s;

        zc_text_init(&clean, ZC_TEXT_CEILING);
        if (!verdict)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the verdict");
        page_clean(&clean, verdict);
        s = zc_text_str(&clean);
        for (size_t i = 0; i < ZC_COUNT(starts); i++) {
                size_t n = strlen(starts[i].words);

                if (strncmp(s, starts[i].words, n) != 0)
                        continue;
                page_paint(p, starts[i].colour, starts[i].words);
                s += n;
                break;
        }
        zc_out_printf(p->out, "%s\n", s);
        return true;
}

static bool terminal_render(const json_t *report, const struct zc_render *how, struct zc_out *out,
                            struct zc_err *err)
{
        struct page p = { .out = out,
                          .report = report,
                          .how = how,
                          .columns = how->columns ? how->columns : COLUMNS_DEFAULT };

        if (p.columns < COLUMNS_MIN)
                p.columns = COLUMNS_MIN;
        return page_head(&p, err) && page_exposure(&p, err) && page_findings(&p, err) &&
               page_tail(&p, err) && page_verdict(&p, err);
}

const struct zc_format zc_format_terminal = {
        .name = "terminal",
        .summary = "one page for a person",
        .file = NULL,
        .render = terminal_render,
};
