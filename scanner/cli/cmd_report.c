/** zerocrit report: render a saved report. */
#include <string.h>

#include "commands.h"
#include "outputs.h"
#include "zc/judge.h"

static bool report_run(struct zc_options *o, int *status, struct zc_err *err)
{
        const char *path = o->args.count > 0 ? o->args.item[0] : zc_report_usual();
        struct zc_outputs w = { .o = o };
        json_auto_t *report = NULL;

        if (o->args.count > 1)
                return zc_fail(err, ZC_E_USAGE, "one report at a time: \"%.128s\" is one too many",
                               o->args.item[1]);
        if (!path)
                return zc_fail(
                        err, ZC_E_USAGE,
                        "there is no report.json here, nor build/audit/report.json: name a report");
        if (!zc_outputs_reports(&w, o, "terminal", NULL, err) || !zc_outputs_spare(&w, path, err))
                return false;
        report = zc_report_load(path, err);
        if (!report)
                return false;
        *status = ZC_EXIT_FAULT;
        if (!zc_outputs_write(&w, report, err))
                return false;
        *status = ZC_EXIT_MET;
        return true;
}

const struct zc_command zc_command_report = {
        .name = "report",
        .bit = ZC_CMD_REPORT,
        .arguments = "[REPORT]",
        .summary = "render a saved report in another form",
        .examples =
                (const struct zc_example[]){
                        { "zerocrit report",
                          "./report.json, else build/audit/report.json, as a page." },
                        { "zerocrit report report.json -v",
                          "Every finding in full, and every reason." },
                        { "zerocrit report report.json --format json -o copy.json",
                          "The same report, checked and indented." },
                        { NULL, NULL } },
        .details = "",
        .status =
                "0 rendered (whatever the verdict says), 2 wrong input, 4 it could not be written.",
        .run = report_run,
};
