#include "plan.h"

#include "own.h"

#include <cap-ng.h>
#include <stdio.h>
#include <string.h>

/** What looks at a target of our own goes by this probe's list instead of guessing ports. */
static const char listeners[] = "listeners";
/** Runs only where somebody asks for UDP ports. */
static const char udp[] = "udp";

static bool listed(const char *const *words, const char *word)
{
        for (; words && *words; words++) {
                if (strcmp(*words, word) == 0)
                        return true;
        }
        return false;
}

/** What tells who gets to an address of this machine; without `local` nothing else of it is looked at. */
static bool explains_own(const char *id)
{
        return strcmp(id, "firewall") == 0 || strcmp(id, listeners) == 0;
}

static void targets_count(const struct zc_job *job, struct zc_plan *plan)
{
        for (size_t i = 0; i < job->target_count; i++) {
                for (size_t j = 0; j < job->targets[i].named_count; j++) {
                        const struct zc_target *t = &job->targets[i].named[j];
                        bool local = t->kind == ZC_TARGET_LOCAL;

                        plan->local |= local;
                        plan->remote |= !local;
                        plan->own |= t->literal && zc_own_address(&t->addr);
                }
        }
}

static struct zc_plan_row *row_find(struct zc_plan *plan, const char *id)
{
        for (size_t i = 0; i < plan->count; i++) {
                if (strcmp(plan->rows[i].probe->id, id) == 0)
                        return &plan->rows[i];
        }
        return NULL;
}

const struct zc_plan_row *zc_plan_row(const struct zc_plan *plan, const char *id)
{
        for (size_t i = 0; i < plan->count; i++) {
                if (strcmp(plan->rows[i].probe->id, id) == 0)
                        return &plan->rows[i];
        }
        return NULL;
}

bool zc_plan_runs(const struct zc_plan_row *row)
{
        return row && (row->how == ZC_PLAN_RUN || row->how == ZC_PLAN_NEEDED);
}

bool zc_plan_scope_runs(const struct zc_plan *plan, enum zc_probe_scope scope)
{
        for (size_t i = 0; i < plan->count; i++) {
                if (plan->rows[i].probe->scope == scope && zc_plan_runs(&plan->rows[i]))
                        return true;
        }
        return false;
}

/** Every id of --only or --skip must be a probe's. */
static bool ids_check(struct zc_plan *plan, const char *option, const char *const *ids,
                      struct zc_err *err)
{
        const char *known[ZC_PLAN_PROBES + 1] = { NULL };
        char all[256] = "";
        size_t used = 0;

        for (size_t i = 0; i < plan->count; i++) {
                known[i] = plan->rows[i].probe->id;
                used += (size_t)snprintf(all + used, used < sizeof all ? sizeof all - used : 0,
                                         "%s%s", i ? ", " : "", known[i]);
                used = used < sizeof all ? used : sizeof all - 1;
        }
        for (; ids && *ids; ids++) {
                const char *near;

                if (row_find(plan, *ids))
                        continue;
                near = zc_nearest(*ids, known);
                if (near)
                        return zc_fail(err, ZC_E_USAGE,
                                       "%s %s: there is no such probe; did you mean %s?", option,
                                       *ids, near);
                return zc_fail(err, ZC_E_USAGE, "%s %s: there is no such probe; there are %s",
                               option, *ids, all);
        }
        return true;
}

static bool asks_udp(const struct zc_job *job)
{
        bool any = false;

        for (size_t i = 0; i < job->target_count; i++)
                for (size_t j = 0; j < job->targets[i].named_count; j++)
                        any |= zc_plan_udp(job, &job->targets[i], &job->targets[i].named[j]) !=
                               NULL;
        return any;
}

static void row_decide(const struct zc_job *job, const struct zc_plan *plan,
                       struct zc_plan_row *row)
{
        bool host = row->probe->scope == ZC_SCOPE_HOST;

        row->how = ZC_PLAN_RUN;
        if ((strcmp(row->probe->id, udp) == 0 && !asks_udp(job)) ||
            (host && !plan->local && !(plan->own && explains_own(row->probe->id)))) {
                row->how = ZC_PLAN_NOT;
        } else if (listed(job->skip, row->probe->id)) {
                row->how = ZC_PLAN_SKIPPED;
                row->why = "--skip";
        } else if (job->only && !listed(job->only, row->probe->id)) {
                row->how = ZC_PLAN_SKIPPED;
                row->why = "--only";
        } else if (row->probe->level > job->level) {
                row->how = ZC_PLAN_SKIPPED;
                row->why = "--level";
        }
}

/** What --only left out runs all the same where something that runs comes after it; what --skip took out stays out. */
static bool need(const struct zc_job *job, struct zc_plan *plan, const char *id)
{
        struct zc_plan_row *row = row_find(plan, id);

        if (!row || row->how != ZC_PLAN_SKIPPED || listed(job->skip, id) ||
            row->probe->level > job->level)
                return false;
        row->how = ZC_PLAN_NEEDED;
        row->why = NULL;
        return true;
}

/** Dependencies stand before their dependents, so one pass backwards finds them all. */
static void needs_close(const struct zc_job *job, struct zc_plan *plan)
{
        for (size_t i = plan->count; i-- > 0;) {
                const struct zc_plan_row *row = &plan->rows[i];

                if (!zc_plan_runs(row))
                        continue;
                for (const char *const *id = row->probe->after; id && *id; id++)
                        need(job, plan, *id);
                if (plan->local && row->probe->scope != ZC_SCOPE_HOST)
                        need(job, plan, listeners);
        }
}

static bool nothing_left(const struct zc_job *job, const struct zc_plan *plan, struct zc_err *err)
{
        const struct zc_plan_row *row =
                job->only && job->only[0] ? zc_plan_row(plan, job->only[0]) : NULL;

        if (row && row->how == ZC_PLAN_NOT && strcmp(row->probe->id, udp) == 0)
                return zc_fail(
                        err, ZC_E_USAGE,
                        "--only udp asks UDP ports, and none is named: --ports udp:53,udp:161");
        if (row && row->how == ZC_PLAN_NOT)
                return zc_fail(err, ZC_E_USAGE,
                               "--only %s looks at the machine it runs on, and no target is "
                               "`local`: add the target local",
                               row->probe->id);
        return zc_fail(err, ZC_E_USAGE,
                       "%s nothing to do: name fewer probes in --skip, or others in --only",
                       job->only && job->skip ? "--only and --skip together leave"
                       : job->only            ? "--only leaves"
                       : job->skip            ? "--skip leaves"
                                              : "these targets leave");
}

bool zc_plan_from(const struct zc_probe *const *probes, const struct zc_job *job,
                  struct zc_plan *out, struct zc_err *err)
{
        struct zc_plan plan = { 0 };
        bool any = false;

        targets_count(job, &plan);
        if (plan.local && job->shard.count > 0)
                return zc_fail(err, ZC_E_USAGE,
                               "--shard divides targets among runs, and `local` is another machine "
                               "in each: audit it without --shard");
        if (!plan.local && !plan.remote)
                return zc_fail(err, ZC_E_USAGE,
                               "no target: name a host, a host:port, a URL, a block, or local");
        for (; probes[plan.count] && plan.count < ZC_PLAN_PROBES; plan.count++)
                plan.rows[plan.count].probe = probes[plan.count];
        if (!ids_check(&plan, "--only", job->only, err) ||
            !ids_check(&plan, "--skip", job->skip, err))
                return false;
        for (size_t i = 0; i < plan.count; i++)
                row_decide(job, &plan, &plan.rows[i]);
        needs_close(job, &plan);
        for (size_t i = 0; i < plan.count; i++)
                any |= plan.rows[i].how == ZC_PLAN_RUN;
        if (!any)
                return nothing_left(job, &plan, err);
        *out = plan;
        return true;
}

bool zc_plan_make(const struct zc_job *job, struct zc_plan *out, struct zc_err *err)
{
        return zc_plan_from(zc_probes, job, out, err);
}

static bool named_alone(const struct zc_job *job, const struct zc_target *t)
{
        size_t named = 0;

        for (size_t i = 0; i < job->target_count; i++)
                named += job->targets[i].named_count;
        return named == 1 && t->kind == ZC_TARGET_HOST;
}

bool zc_plan_ports(const struct zc_job *job, const struct zc_job_target *jt,
                   const struct zc_target *t, bool packets, struct zc_portset *out,
                   const char **word, struct zc_err *err)
{
        *word = NULL;
        if (t->port != 0) {
                memset(out, 0, sizeof *out);
                zc_portset_add(out, t->port);
                return true;
        }
        if (jt->ports || job->ports) {
                *out = jt->ports ? *jt->ports : *job->ports;
                return true;
        }
        *word = !named_alone(job, t) ? "top-100" : packets ? "all" : "top-1000";
        return zc_portset_parse(*word, out, err);
}

const struct zc_portset *zc_plan_udp(const struct zc_job *job, const struct zc_job_target *jt,
                                     const struct zc_target *t)
{
        if (t->kind != ZC_TARGET_HOST && t->kind != ZC_TARGET_BLOCK)
                return NULL;
        return jt->ports ? jt->udp : job->udp;
}

const char *zc_plan_asset(const struct zc_job_target *jt, const struct zc_target *t,
                          const char *vantage, const char *member)
{
        const char *said;

        if (jt->id && strcmp(jt->id, "auto") == 0)
                return vantage;
        if (jt->id && jt->id[0] != '\0')
                return jt->id;
        if (t->kind == ZC_TARGET_LOCAL)
                return vantage;
        said = zc_target_asset(t);
        return said ? said : member;
}

static const struct {
        unsigned need;
        unsigned capability;
        const char *name;
} need_names[] = {
        { ZC_NEED_NET_ADMIN, CAP_NET_ADMIN, "CAP_NET_ADMIN" },
        { ZC_NEED_PTRACE, CAP_SYS_PTRACE, "CAP_SYS_PTRACE" },
        { ZC_NEED_NET_RAW, CAP_NET_RAW, "CAP_NET_RAW" },
};

void zc_needs_format(unsigned needs, char out[ZC_NEEDS_LEN])
{
        size_t used = 0;

        out[0] = '\0';
        for (size_t i = 0; i < ZC_COUNT(need_names); i++) {
                int n;

                if (!(needs & need_names[i].need))
                        continue;
                n = snprintf(out + used, ZC_NEEDS_LEN - used, "%s%s", used ? ", " : "",
                             need_names[i].name);
                used += n > 0 && (size_t)n < ZC_NEEDS_LEN - used ? (size_t)n : 0;
        }
}

unsigned zc_needs_missing(unsigned needs)
{
        unsigned missing = 0;

        if (capng_get_caps_process() != 0)
                return needs & (ZC_NEED_NET_ADMIN | ZC_NEED_PTRACE | ZC_NEED_NET_RAW);
        for (size_t i = 0; i < ZC_COUNT(need_names); i++) {
                if ((needs & need_names[i].need) &&
                    capng_have_capability(CAPNG_EFFECTIVE, need_names[i].capability) != 1)
                        missing |= need_names[i].need;
        }
        return missing;
}
