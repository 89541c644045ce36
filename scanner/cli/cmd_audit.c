/** zerocrit audit: collect, judge and report in one go. */
#include <string.h>

#include "commands.h"
#include "judging.h"
#include "keep.h"
#include "zc/log.h"

struct audit {
        struct zc_options *o;
        struct zc_settings s;
        struct zc_bundle b;
        struct zc_outputs w;
        struct zc_keep k;
        struct zc_collected c;
};

static void audit_release(struct audit *a)
{
        zc_bundle_release(&a->b);
        zc_keep_release(&a->k);
        zc_settings_release(&a->s);
}

/** All that the user gave is read and checked before anything is sent: by `config check` too. */
static bool audit_prepare(struct audit *a, struct zc_err *err)
{
        struct zc_options *o = a->o;
        const char *const inputs[] = { o->targets, o->config, o->waivers, o->policy };

        if (!zc_settings_open(&a->s, o, err) ||
            !zc_outputs_reports(&a->w, o, "terminal", a->s.config, err) ||
            !zc_keep_plan(&a->k, &a->w, o->evidence, "--evidence", err))
                return false;
        for (size_t i = 0; i < ZC_COUNT(inputs); i++) {
                if (inputs[i] && !zc_outputs_spare(&a->w, inputs[i], err))
                        return false;
        }
        if (!zc_settings_job(&a->s, err) || !zc_settings_judge(&a->s, err) ||
            (a->s.job.target_count > 0 && !zc_keep_resume(&a->k, &a->s, err)))
                return false;
        for (size_t i = 0; i < a->s.evidence.count; i++) {
                if (!zc_outputs_spare(&a->w, a->s.evidence.item[i], err) ||
                    !zc_bundle_open(&a->b, a->s.evidence.item[i], err) ||
                    !zc_evidence_adopt(a->b.ev[a->b.count - 1],
                                       zc_settings_evidence_target(&a->s, i), err))
                        return false;
        }
        return true;
}

static bool audit_print(struct audit *a, struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;

        return zc_out_open("-", 0600, &out, err) && zc_job_print(&a->s.job, out, err) &&
               zc_out_commit(out, err);
}

/** Judging the head of the evidence alone shows what is wrong with selectors and parameters while nothing has been sent. */
static bool audit_rehearse(struct audit *a, struct zc_err *err)
{
        static const struct zc_keep nowhere;
        ZC_AUTO(zc_evidence) ev = NULL;
        json_auto_t *report = NULL;

        if (a->s.job.target_count == 0)
                return true;
        if (!zc_keep_create(&nowhere, &a->s, &ev, err))
                return false;
        report = zc_judge(&ev, 1, &a->s.judge, err);
        return report != NULL;
}

bool zc_audit_check(struct zc_options *o, size_t *targets, struct zc_err *err)
{
        struct audit a = { .o = o, .w = { .o = o } };
        bool ok = audit_prepare(&a, err) && audit_rehearse(&a, err);

        *targets = json_array_size(zc_settings_at(&a.s, "targets"));
        audit_release(&a);
        return ok;
}

static bool audit_collect(struct audit *a, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_evidence) ev = NULL;

        if (a->s.job.target_count == 0)
                return true;
        if (!audit_rehearse(a, err))
                return false;
        *status = ZC_EXIT_FAULT;
        return zc_outputs_try(&a->w, err) && zc_keep_create(&a->k, &a->s, &ev, err) &&
               zc_keep_collect(&a->k, &a->s, ev, &a->c, err) && zc_bundle_take(&a->b, &ev, err);
}

static bool audit_finish(struct audit *a, int *status, struct zc_err *err)
{
        json_auto_t *report = zc_judge(a->b.ev, a->b.count, &a->s.judge, err);

        if (report)
                zc_settings_taken(&a->s);
        if (!report || !zc_outputs_write(&a->w, report, err))
                return false;
        *status = zc_report_status(report);
        return true;
}

static bool audit_steps(struct audit *a, int *status, struct zc_err *err)
{
        if (!audit_prepare(a, err))
                return false;
        if (a->o->dry_run) {
                *status = ZC_EXIT_FAULT;
                if (!audit_print(a, err))
                        return false;
                *status = ZC_EXIT_MET;
                return true;
        }
        if (!audit_collect(a, status, err))
                return false;
        *status = ZC_EXIT_FAULT;
        if (a->c.signal) {
                *status = ZC_EXIT_SIGNAL + a->c.signal;
                return true;
        }
        return audit_finish(a, status, err);
}

static bool audit_run(struct zc_options *o, int *status, struct zc_err *err)
{
        struct audit a = { .o = o, .w = { .o = o } };
        bool ok = audit_steps(&a, status, err);

        audit_release(&a);
        return ok;
}

const struct zc_command zc_command_audit = {
        .name = "audit",
        .bit = ZC_CMD_AUDIT,
        .arguments = "[TARGET…]",
        .observes = true,
        .summary = "collect, judge and report in one go",
        .examples =
                (const struct zc_example[]){
                        { "sudo zerocrit audit local",
                          "This machine: its firewall, what listens, what answers." },
                        { "zerocrit audit 192.0.2.7 --ports all",
                          "A host, from here, every TCP port." },
                        { "zerocrit audit https://app:8443 redis://cache:6379 --wait 60s --report "
                          "json=zc.json",
                          "Named services, as a release gate: each must answer." },
                        { "zerocrit audit --config audit.yaml --evidence evidence.json",
                          "What a configuration names, within its scope; the evidence is kept." },
                        { "zerocrit audit 10.20.0.0/22 --exclude 10.20.1.0/24 --dry-run",
                          "What would be done; nothing is sent." },
                        { NULL, NULL } },
        .details = "TARGET is a host, host:port, URL (http, https, postgres, redis, rediss), CIDR "
                   "block, `local` (this machine), or the id of a "
                   "configured target. Without any, those of the configuration; without these, "
                   "`local`, but only on a terminal. Blocks wider than /24 "
                   "(/112) outside private space need a configured scope.",
        .status = "0 gate met, 1 not met, 2 wrong input (nothing was sent), 3 required evidence is "
                  "missing, 4 a report could not be written, 128+n "
                  "signal n (what was collected is kept).",
        .run = audit_run,
};
