/** zerocrit collect: evidence only. */
#include <string.h>

#include "commands.h"
#include "keep.h"
#include "zc/log.h"

static bool dry_run(const struct zc_settings *s, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;

        *status = ZC_EXIT_FAULT;
        if (!zc_out_open("-", 0600, &out, err) || !zc_job_print(&s->job, out, err) ||
            !zc_out_commit(out, err))
                return false;
        *status = ZC_EXIT_MET;
        return true;
}

static bool collect_run(struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO_SETTINGS s = { 0 };
        ZC_AUTO(zc_evidence) ev = NULL;
        struct zc_outputs w = { .o = o };
        struct zc_collected c = { 0 };
        ZC_AUTO_KEEP k = { 0 };

        if (!zc_settings_open(&s, o, err) ||
            !zc_keep_plan(&k, &w, o->output ? o->output : "-", "-o", err))
                return false;
        if ((o->targets && !zc_outputs_spare(&w, o->targets, err)) ||
            (o->config && !zc_outputs_spare(&w, o->config, err)) || !zc_settings_job(&s, err))
                return false;
        if (s.job.target_count == 0)
                return zc_fail(
                        err, ZC_E_USAGE,
                        "every configured target is evidence already: there is nothing to collect");
        if (!zc_keep_resume(&k, &s, err))
                return false;
        if (o->dry_run)
                return dry_run(&s, status, err);
        *status = ZC_EXIT_FAULT;
        if (!zc_keep_create(&k, &s, &ev, err) || !zc_keep_collect(&k, &s, ev, &c, err))
                return false;
        *status = ZC_EXIT_MET;
        if (c.named_missing && !c.signal) {
                zc_log(ZC_LOG_ERROR,
                       "a named target was not observed; the evidence says which and why");
                *status = ZC_EXIT_NOT_SHOWN;
        }
        if (c.signal)
                *status = ZC_EXIT_SIGNAL + c.signal;
        return true;
}

const struct zc_command zc_command_collect = {
        .name = "collect",
        .bit = ZC_CMD_COLLECT,
        .arguments = "[TARGET…]",
        .observes = true,
        .summary = "evidence only: facts, saved to be judged later or elsewhere",
        .examples =
                (const struct zc_example[]){
                        { "sudo zerocrit collect local -o evidence.json",
                          "This machine; evidence.json.ndjson while it runs." },
                        { "ssh web1 sudo zerocrit collect local -o - > web1.json",
                          "Another machine, from within." },
                        { "zerocrit collect 192.0.2.0/28 --ports top-100 -o out.ndjson",
                          "A block, from here, as a stream." },
                        { "zerocrit collect --targets hosts.txt --dry-run",
                          "What would be done; nothing is sent." },
                        { NULL, NULL } },
        .details = "TARGET is a host, host:port, URL (http, https, postgres, redis, rediss), CIDR "
                   "block, `local` (this machine), or the id of a "
                   "configured target. Without any, those of the configuration; without these, "
                   "`local`, but only on a terminal.",
        .status = "0 collected, 2 wrong input (nothing was sent), 3 a named target was not "
                  "observed, 4 it could not be written, 128+n signal n.",
        .run = collect_run,
};
