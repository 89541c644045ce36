/** zerocrit judge: evidence of one or more vantages in, a report out. */
#include "commands.h"
#include "judging.h"

static bool judge_run(struct zc_options *o, int *status, struct zc_err *err)
{
        if (o->args.count == 0)
                return zc_fail(err, ZC_E_USAGE,
                               "judge what? name evidence files: zerocrit judge evidence.json");
        return zc_judging_run(o, NULL, status, err);
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
