/** One endpoint: its probes, those that do not mind each other beside one another, and the record of what they found. */
#include <stdio.h>
#include <string.h>

#include "collector_work.h"

#define RATE_FOR_TWO 200u /* under ceilings lower than these one thing comes after another */
#define PLACES_FOR_TWO 64u
#define BESIDE_MOST 4u /* probes */

static const struct zc_sink *sink_of(const struct zc_work *w)
{
        return &w->item->collector->sink;
}

/* ---- what a probe is given ---- */

const char *zc_work_name(const struct zc_work *w)
{
        const struct zc_target *t = w->item->t;

        return t->literal || t->kind == ZC_TARGET_BLOCK || t->kind == ZC_TARGET_LOCAL ? NULL
                                                                                      : t->host;
}

/** What may go to one address: the lower of the ceilings that the user set. */
static unsigned per_second(const struct zc_work *w, const struct zc_job *job)
{
        if (job->per_host && !w->local && (job->per_second == 0 || job->per_host < job->per_second))
                return job->per_host;
        return job->per_second;
}

struct zc_io zc_work_io(const struct zc_work *w, struct zc_deadline deadline)
{
        const struct zc_collector *c = w->item->collector;
        const struct zc_job *job = c->spec->job;
        bool unhurried = w->local && job->per_second == 0; /* lo needs no manners */

        return (struct zc_io){ .scope = job->scope,
                               .progress = job->progress,
                               .deadline = deadline,
                               .syn = w->item->t->kind == ZC_TARGET_BLOCK ? NULL : c->syn,
                               .pace = unhurried && job->concurrency == 0 ? NULL : c->pace,
                               .capped = job->per_second || job->concurrency,
                               .at_once = unhurried ? c->at_once_each : c->at_once,
                               .per_second = per_second(w, job),
                               .root = job->root ? job->root : "" };
}

struct zc_subject zc_work_subject(const struct zc_work *w)
{
        return (struct zc_subject){ .asset = w->asset,
                                    .addr = w->addr,
                                    .name = zc_work_name(w),
                                    .port = w->item->t->port,
                                    .scheme = w->item->t->scheme,
                                    .path = w->item->t->path,
                                    .started_ms = w->item->collector->spec->started_ms,
                                    .ports = w->ports,
                                    .swept = w->swept,
                                    .udp = zc_plan_udp(w->item->collector->spec->job, w->item->jt,
                                                       w->item->t),
                                    .named_port = w->item->t->kind == ZC_TARGET_SERVICE || w->local,
                                    .local = w->local,
                                    .host = w->item->collector->spec->host };
}

bool zc_work_roomy(const struct zc_work *w)
{
        const struct zc_job *job = w->item->collector->spec->job;

        return (job->per_second == 0 || job->per_second >= RATE_FOR_TWO) &&
               (job->concurrency == 0 || job->concurrency >= PLACES_FOR_TWO);
}

/* ---- one probe ---- */

/* A probe at work on the endpoint. While several are, none of them changes the endpoint. */
struct probing {
        const struct zc_probe *probe;
        struct zc_subject subject;
        struct zc_io io;
        json_t *out;
};

static void probing_start(struct probing *p, const struct zc_work *w, const struct zc_probe *probe,
                          const json_t *endpoint, struct zc_deadline deadline)
{
        *p = (struct probing){ .probe = probe,
                               .subject = zc_work_subject(w),
                               .io = zc_work_io(w, deadline),
                               .out = json_object() };
        p->subject.port = (uint16_t)json_integer_value(json_object_get(endpoint, "port"));
        p->subject.endpoint = endpoint;
}

static bool applies(const struct probing *p)
{
        return !p->probe->applies || p->probe->applies(&p->subject);
}

static void probing_run(void *arg)
{
        struct probing *p = arg;

        if (applies(p))
                zc_probe_observe(p->probe, &p->subject, &p->io, p->out);
        else
                zc_io_notapplicable(&p->io, "not a service of its kind");
}

/** What it found, in the endpoint. */
static void probing_settle(struct probing *p, const struct zc_work *w, json_t *endpoint)
{
        static const char below[] = "endpoint.";
        const char *at = p->probe->evidence ? p->probe->evidence : "";
        const char *member =
                strncmp(at, below, sizeof below - 1) == 0 ? at + sizeof below - 1 : p->probe->id;
        char address[ZC_ADDR_LEN];

        zc_addr_format_port(&w->addr, p->subject.port, address);
        if (strcmp(at, "endpoint") == 0) /* what it finds out is about the endpoint itself */
                json_object_update(endpoint, p->out);
        else if (json_object_size(p->out) > 0 || p->io.outcome == ZC_DONE)
                json_object_set(endpoint, member, p->out);
        json_object_set_new(json_object_get(endpoint, "probes"), p->probe->id,
                            zc_io_outcome(&p->io));
        zc_io_report(&p->io, p->probe->id, address, "", sink_of(w));
        json_decref(p->out);
}

/* ---- several ---- */

/** The last of them here, the others by workers; without threads one after another. */
static void all_run(struct probing *p, size_t count)
{
        ZC_AUTO(zc_pool) pool = NULL;
        struct zc_err err = { 0 };
        size_t working = 0;

        for (size_t i = 0; i < count; i++)
                working += applies(&p[i]);
        if (working > 1 && !zc_pool_new((unsigned)working - 1, 0, &pool, &err))
                pool = NULL;
        for (size_t i = 0; i < count; i++) {
                bool here = !pool || !applies(&p[i]) || --working == 0;

                if (here || !zc_pool_add(pool, NULL, probing_run, &p[i], &err))
                        probing_run(&p[i]);
        }
        if (pool)
                zc_pool_wait(pool);
}

/** The next endpoint probe of the plan, from @from on. */
static const struct zc_probe *next_probe(const struct zc_plan *plan, size_t *from)
{
        while (*from < plan->count) {
                const struct zc_plan_row *row = &plan->rows[(*from)++];

                if (row->probe->scope == ZC_SCOPE_ENDPOINT && zc_plan_runs(row))
                        return row->probe;
        }
        return NULL;
}

/** Whether it may be at work beside those of the set: all share the service, and none waits for what another finds. */
static bool beside(const struct probing *set, size_t n, const struct zc_probe *next)
{
        for (size_t i = 0; i < n; i++) {
                if (!set[i].probe->shares)
                        return false;
                for (size_t j = 0; next->after && next->after[j]; j++)
                        if (strcmp(next->after[j], set[i].probe->id) == 0)
                                return false;
        }
        return n < BESIDE_MOST && next->shares;
}

static void probes_run(const struct zc_work *w, json_t *endpoint, struct zc_deadline deadline)
{
        const struct zc_plan *plan = w->item->collector->spec->plan;
        size_t from = 0;
        const struct zc_probe *probe = next_probe(plan, &from);

        while (probe) {
                /* Where it is not known whether TLS is around it, what one finds tells the next how to ask. */
                bool several = zc_work_roomy(w) && json_object_get(endpoint, "wrapped");
                struct probing set[BESIDE_MOST];
                size_t n = 0;

                do {
                        probing_start(&set[n++], w, probe, endpoint, deadline);
                        probe = next_probe(plan, &from);
                } while (probe && several && beside(set, n, probe));
                all_run(set, n);
                for (size_t i = 0; i < n; i++)
                        probing_settle(&set[i], w, endpoint);
        }
}

/* ---- the endpoint ---- */

/** Whether the probe is about what was named: https:// asks for no database. Without a scheme every probe is. */
static bool was_named(const struct zc_work *w, const struct zc_probe *probe, const json_t *endpoint)
{
        struct zc_subject subject = zc_work_subject(w);

        subject.endpoint = endpoint;
        return subject.scheme == ZC_SCHEME_NONE || !probe->applies || probe->applies(&subject);
}

/** A named port that is not open was planned for, and nothing could be seen of it. */
static void endpoint_closed(const struct zc_work *w, json_t *endpoint)
{
        const struct zc_plan *plan = w->item->collector->spec->plan;
        char why[64];

        snprintf(why, sizeof why, "the port is %s", zc_json_str(endpoint, "state", "unknown"));
        for (size_t i = 0; i < plan->count; i++) {
                const struct zc_plan_row *row = &plan->rows[i];

                if (row->probe->scope != ZC_SCOPE_ENDPOINT || row->how != ZC_PLAN_RUN)
                        continue;
                json_object_set_new(
                        json_object_get(endpoint, "probes"), row->probe->id,
                        was_named(w, row->probe, endpoint)
                                ? zc_outcome_json(ZC_FAILED, why, "")
                                : zc_outcome_json(ZC_NOTAPPLICABLE, "not what was named", ""));
        }
}

/** Without the port probe it is the others' answers that say whether the port is open; what nobody answered is not known. */
static void endpoint_answered(json_t *endpoint)
{
        json_t *outcome;
        const char *id;

        if (json_object_get(endpoint, "state"))
                return;
        json_object_foreach (json_object_get(endpoint, "probes"), id, outcome) {
                const char *word = zc_json_str(outcome, "outcome", "");

                if (strcmp(word, "done") != 0 && strcmp(word, "partial") != 0)
                        continue;
                json_object_set_new(endpoint, "state", json_string("open"));
                json_object_set_new(endpoint, "reason", zc_json_printf("%s was answered", id));
                return;
        }
}

void zc_endpoint_observe(const struct zc_work *w, json_t *endpoint, struct zc_deadline deadline)
{
        /* Without a state ports was taken out: it is tried. */
        if (strcmp(zc_json_str(endpoint, "state", "open"), "open") == 0)
                probes_run(w, endpoint, deadline);
        else
                endpoint_closed(w, endpoint);
        endpoint_answered(endpoint);
        zc_endpoint_settle(endpoint);
        zc_endpoint_access(endpoint);
        sink_of(w)->put(sink_of(w)->ctx, json_pack("{s:O}", "endpoint", endpoint));
}
