/** zerocrit judge: evidence of one or more vantages in, a report out. */
#include <string.h>

#include "commands.h"
#include "judging.h"
#include "outputs.h"

static bool judge_run(struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO_SETTINGS s = { 0 };
        ZC_AUTO_BUNDLE b = { 0 };
        struct zc_outputs w = { .o = o };
        json_auto_t *report = NULL;

        if (o->args.count == 0)
                return zc_fail(err, ZC_E_USAGE,
                               "judge what? name evidence files: zerocrit judge evidence.json");
        if (!zc_settings_open(&s, o, err) || !zc_outputs_reports(&w, o, "json", s.config, err))
                return false;
        for (size_t i = 0; i < o->args.count; i++) {
                if (!zc_outputs_spare(&w, o->args.item[i], err) ||
                    !zc_bundle_open(&b, o->args.item[i], err))
                        return false;
        }
        if (!zc_settings_judge(&s, err))
                return false;
        report = zc_judge(b.ev, b.count, &s.judge, err);
        if (!report)
                return false;
        zc_settings_taken(&s);
        *status = ZC_EXIT_FAULT;
        if (!zc_outputs_write(&w, report, err))
                return false;
        *status = zc_report_status(report);
        return true;
}

const struct zc_command zc_command_judge = {
        .name = "judge",
        .bit = ZC_CMD_JUDGE,
        .arguments = "EVIDENCE…",
        .summary = "judge saved evidence, of one vantage or several together",
        .examples =
                (const struct zc_example[]){
                        { "zerocrit judge evidence.json -o report.json",
                          "The report as JSON; the verdict on standard error." },
                        { "zerocrit judge web1.json scan-out.json --format terminal",
                          "A host seen from within and from outside." },
                        { "zerocrit judge evidence.json --baseline report.json --fail-on "
                          "critical,new-high",
                          "What is new since, and a gate that minds it." },
                        { NULL, NULL } },
        .details = "Documents and streams (.ndjson) are taken alike, - is standard input. The same "
                   "evidence, rules and settings give the same report.",
        .status = "0 gate met, 1 not met, 2 wrong input, 3 required evidence is missing, 4 a "
                  "report could not be written.",
        .run = judge_run,
};
