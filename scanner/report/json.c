/** The report itself, indented for reading, members in their order. */
#include "zc/report.h"

static bool json_render(const json_t *report, const struct zc_render *how, struct zc_out *out,
                        struct zc_err *err)
{
        (void)how;
        return zc_json_write(out, report, err);
}

const struct zc_format zc_format_json = {
        .name = "json",
        .summary = "the whole report, for programs (reports/schema/report.schema.json)",
        .file = "report.json",
        .render = json_render,
};
