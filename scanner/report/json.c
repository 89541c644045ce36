/** The report itself, indented for reading, members in their order. */
#include "zc/report.h"

static bool json_render(const json_t *report, const struct zc_render *how, struct zc_out *out,
                        struct zc_err *err)
{
        ZC_AUTO_MEM char *text = zc_json_pretty(report);

        (void)how;
        if (!text)
                return zc_fail(err, ZC_E_NOMEM, "no memory to write the report as JSON");
        zc_out_puts(out, text);
        zc_out_puts(out, "\n");
        return true;
}

const struct zc_format zc_format_json = {
        .name = "json",
        .summary = "the whole report, for programs (reports/schema/report.schema.json)",
        .file = "report.json",
        .render = json_render,
};
