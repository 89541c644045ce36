/** One address: its ports, then what is open there. Reads like what happens, because a worker does one thing at a time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "collector_work.h"
#include "every_port.h"
#include "resume.h"

#define ADDRESS_BUDGET_MS (INT64_C(10) * 60 * 1000) /* one address, all probes */
#define RATE_ASSUMED 100u
#define PORT_ATTEMPTS 8
#define OPEN_MAX 1024u /* more open ports than that are a tarpit, not services */
#define WAIT_STEP_MS 250
#define ENDPOINTS_AT_ONCE 8u /* of one address */
#define QUEUE_PER_WORKER 4u  /* tasks that a pool takes without making us wait */

/* What probes of scope TARGET handed over, while an address is looked at. */
struct seen {
        const struct zc_work *work;
        json_t *records; /* array; kept back until the address need not be tried again */
        json_t *scan;    /* the last scan record's body; kept back until its outcome is known */
        json_t *scans; /* array: those whose outcome is known; the last records of an address, and so the sign that it is finished */
        json_t *open;  /* array of endpoint bodies for the endpoint probes */
        json_t *held; /* array: records of open ports, until it is known whether every port is open */
        size_t early;             /* open ports that were not held */
        size_t open_count, given; /* to the endpoint probes */
        struct zc_pool *pool;     /* of endpoint probes; NULL until the first is begun */
        struct zc_deadline deadline;
        bool any_open, any_closed;
        bool hold; /* trying until it answers: records may yet be thrown away */
};

static const struct zc_sink *sink_of(const struct zc_work *w)
{
        return &w->item->collector->sink;
}

static void put(const struct zc_work *w, json_t *record)
{
        sink_of(w)->put(sink_of(w)->ctx, record);
}

/* ---- records of what was not looked at ---- */

static json_t *endpoint_unknown(const char *asset, const char *address, uint16_t port,
                                const char *name, const char *reason)
{
        return json_pack("{s:{s:o, s:o, s:i, s:s, s:s?, s:s, s:o}}", "endpoint", "asset",
                         zc_text_json(asset), "address", zc_text_json(address), "port", (int)port,
                         "transport", "tcp", "name", name, "state", "unknown", "reason",
                         zc_text_json(reason));
}

static void leave(const struct zc_work *w, enum zc_outcome outcome, const char *why,
                  const char *needs)
{
        const struct zc_target *t = w->item->t;
        char address[ZC_ADDR_LEN];

        zc_addr_format(&w->addr, address);
        put(w, zc_scan_record(w->asset, address, outcome, why, needs));
        if (t->kind == ZC_TARGET_SERVICE)
                put(w, endpoint_unknown(w->asset, address, t->port, zc_work_name(w), why));
}

void zc_address_leave(const struct zc_work *w, enum zc_outcome outcome, const char *why)
{
        leave(w, outcome, why, "");
}

/** A name without an address still has a subject: the name stands where the address would. */
void zc_name_leave(struct zc_item *item, const char *why)
{
        const struct zc_target *t = item->t;
        const struct zc_sink *sink = &item->collector->sink;
        const char *asset = zc_plan_asset(item->jt, t, item->collector->vantage, t->host);

        sink->put(sink->ctx, zc_problem_record("resolve", t->named, "",
                                               "the name has no address to look at", why));
        if (t->kind == ZC_TARGET_SERVICE)
                sink->put(sink->ctx, endpoint_unknown(asset, t->host, t->port, t->host, why));
        else
                sink->put(sink->ctx, zc_scan_record(asset, t->host, ZC_FAILED, why, ""));
}

void zc_bound_leave(struct zc_collector *c, const char *asset, const char *address,
                    const json_t *port, const char *why)
{
        const struct zc_plan *plan = c->spec->plan;
        json_t *record =
                endpoint_unknown(asset, address, (uint16_t)json_integer_value(port), NULL, why);
        json_t *endpoint = json_object_get(record, "endpoint"), *probes = json_object();

        json_object_set_new(endpoint, "reached_from", json_string("self"));
        json_object_set_new(endpoint, "probes", probes);
        for (size_t i = 0; i < plan->count; i++) {
                if (plan->rows[i].probe->scope == ZC_SCOPE_ENDPOINT && zc_plan_runs(&plan->rows[i]))
                        json_object_set_new(probes, plan->rows[i].probe->id,
                                            zc_outcome_json(ZC_FAILED, why, ""));
        }
        c->sink.put(c->sink.ctx, record);
}

/* ---- what the ports probe hands over ---- */

static bool text_filled(const json_t *object, const char *key)
{
        return zc_json_str(object, key, "")[0] != '\0';
}

/** Until the endpoint probes have run, their outcome is that they have not: a stream that is cut here stays honest. */
static void outcomes_pending(const struct zc_collector *c, json_t *endpoint)
{
        const struct zc_plan *plan = c->spec->plan;
        json_t *probes = json_object_get(endpoint, "probes");

        if (!probes) {
                probes = json_object();
                json_object_set_new(endpoint, "probes", probes);
        }
        for (size_t i = 0; i < plan->count; i++) {
                const struct zc_plan_row *row = &plan->rows[i];

                if (row->probe->scope != ZC_SCOPE_ENDPOINT || row->how == ZC_PLAN_NOT)
                        continue;
                json_object_set_new(probes, row->probe->id,
                                    row->how == ZC_PLAN_SKIPPED
                                            ? zc_outcome_json(ZC_SKIPPED, row->why, "")
                                            : zc_outcome_json(ZC_FAILED, "not finished", ""));
        }
}

static bool is_udp(const json_t *record)
{
        return strcmp(zc_json_str(record, "transport", "tcp"), "udp") == 0;
}

static void endpoint_seen(struct seen *s, json_t *endpoint)
{
        const char *state = zc_json_str(endpoint, "state", "");
        bool open = strcmp(state, "open") == 0;

        s->any_open |= open;
        s->any_closed |= strcmp(state, "closed") == 0;
        if (is_udp(endpoint)) {
                if (s->work->local)
                        json_object_set_new(endpoint, "reached_from", json_string("self"));
                return; /* its own probe has asked what there is to ask */
        }
        if (s->work->local && !json_object_get(endpoint, "reached_from"))
                json_object_set_new(endpoint, "reached_from", json_string("self"));
        if (!s->work->item->collector->endpoint_probes)
                return;
        outcomes_pending(s->work->item->collector, endpoint);
        if ((open || s->work->item->t->kind == ZC_TARGET_SERVICE) && s->open_count++ < OPEN_MAX)
                json_array_append(s->open, endpoint);
}

static void endpoints_early(struct seen *s);
static void seen_flush(struct seen *s);

/** An open port takes its place among those that are looked into. */
static void endpoint_take(struct seen *s, json_t *record)
{
        endpoint_seen(s, json_object_get(record, "endpoint"));
        if (s->any_open && s->hold) { /* it answers: this try is the last */
                s->hold = false;
                seen_flush(s);
        }
        if (s->hold) {
                json_array_append_new(s->records, record);
        } else {
                put(s->work, record);
                endpoints_early(s);
        }
}

static void held_take(struct seen *s)
{
        json_t *held = ZC_TAKE(s->held), *record;
        size_t i;

        json_array_foreach (held, i, record) {
                endpoint_take(s, json_incref(record));
        }
        json_decref(held);
}

/** The scan says how many are open. Of a host that answers on every port the first few are enough to see what it does there. */
static void every_port_decide(struct seen *s, json_t *scan)
{
        unsigned asked, open;
        enum zc_every_port every = zc_every_port(scan, &asked, &open);
        char address[ZC_ADDR_LEN], why[192];

        if (s->work->local || is_udp(scan) || every == ZC_EVERY_PORT_UNKNOWN)
                return;
        json_object_set_new(scan, "every_port", json_boolean(every == ZC_EVERY_PORT_YES));
        if (every == ZC_EVERY_PORT_NO)
                return;
        json_decref(ZC_TAKE(s->held));
        zc_addr_format(&s->work->addr, address);
        snprintf(
                why, sizeof why,
                "%u of %u ports are open, as with a tarpit, a proxy or a firewall that answers for "
                "all; only the first %u were looked into",
                open, asked, ZC_EVERY_PORT_FIRST);
        put(s->work, zc_problem_record("ports", address, "", "it answers on every port", why));
}

/** Whether an open port waits until the scan is over. */
static bool held(struct seen *s, const json_t *endpoint, json_t *record)
{
        if (s->work->local || s->work->item->t->kind == ZC_TARGET_SERVICE || is_udp(endpoint) ||
            strcmp(zc_json_str(endpoint, "state", ""), "open") != 0 ||
            s->early++ < ZC_EVERY_PORT_FIRST)
                return false;
        if (!s->held)
                s->held = json_array();
        return json_array_append_new(s->held, record) == 0;
}

static void scan_seen(struct seen *s, json_t *scan)
{
        s->any_open |= text_filled(scan, "open");
        s->any_closed |= text_filled(scan, "closed");
        if (s->work->local && !json_object_get(scan, "reached_from"))
                json_object_set_new(scan, "reached_from", json_string("self"));
        json_decref(s->scan);
        s->scan = json_incref(scan);
        every_port_decide(s, scan);
}

/** io->emit: steals the record. A scan waits for the probe's outcome; what is open can be looked into at once. */
static void seen_emit(void *ctx, json_t *record)
{
        struct seen *s = ctx;
        json_t *endpoint = json_object_get(record, "endpoint");
        json_t *scan = json_object_get(record, "scan");

        if (endpoint && held(s, endpoint, record))
                return;
        if (endpoint) {
                endpoint_take(s, record);
        } else if (scan) {
                scan_seen(s, scan);
                json_decref(record);
        } else if (s->hold) {
                json_array_append_new(s->records, record);
        } else {
                put(s->work, record);
        }
}

static void seen_clear(struct seen *s)
{
        json_decref(s->scan);
        s->scan = NULL;
        json_array_clear(s->records);
        json_array_clear(s->open);
        json_decref(ZC_TAKE(s->held));
        s->early = 0;
        s->open_count = 0;
        s->any_open = s->any_closed = false;
}

static void seen_flush(struct seen *s)
{
        size_t i;
        json_t *r;

        json_array_foreach (s->records, i, r) {
                put(s->work, json_incref(r));
        }
        json_array_clear(s->records);
}

/** The scan record: the probe's own, or one that says only what became of it. */
static void scan_finish(struct seen *s, const struct zc_probe *probe, const struct zc_io *io)
{
        json_auto_t *outcome = zc_io_outcome(io);
        char address[ZC_ADDR_LEN];

        held_take(s);
        zc_addr_format(&s->work->addr, address);
        if (!s->scan)
                s->scan = json_pack("{s:s, s:s, s:s}", "asset", s->work->asset, "address", address,
                                    "transport", strcmp(probe->id, "udp") == 0 ? "udp" : "tcp");
        if (!json_object_get(s->scan, "outcome"))
                json_object_update(s->scan, outcome);
        json_array_append_new(s->scans, json_pack("{s:o}", "scan", ZC_TAKE(s->scan)));
}

/** That of the first probe comes last: where it stands, all others do. */
static void scans_put(struct seen *s)
{
        for (size_t i = json_array_size(s->scans); i-- > 0;)
                put(s->work, json_incref(json_array_get(s->scans, i)));
        json_array_clear(s->scans);
}

/* ---- probes ---- */

static void pause_ms(long ms)
{
        const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

        nanosleep(&t, NULL);
}

/** Once, or with --wait until something answers as a service; only the last try is written. */
static void target_probe(struct seen *s, const struct zc_plan_row *row, struct zc_deadline wait,
                         struct zc_deadline deadline)
{
        const struct zc_subject subject = zc_work_subject(s->work);
        char address[ZC_ADDR_LEN];

        zc_addr_format(&s->work->addr, address);
        if (row->probe->applies && !row->probe->applies(&subject))
                return;
        for (;;) {
                struct zc_io io = zc_work_io(s->work, deadline);

                io.emit = seen_emit;
                io.ctx = s;
                s->hold = !zc_deadline_passed(wait);
                zc_probe_observe(row->probe, &subject, &io, NULL);
                if (!s->hold || s->any_open || zc_deadline_passed(wait) ||
                    zc_collector_over(s->work->item->collector)) {
                        seen_flush(s);
                        scan_finish(s, row->probe, &io);
                        zc_io_report(&io, row->probe->id, address, "", sink_of(s->work));
                        return;
                }
                json_decref(io.problems);
                seen_clear(s);
                pause_ms(WAIT_STEP_MS);
        }
}

/* ---- endpoints, beside one another ---- */

/* One of the endpoints of an address, as a task. */
struct endpoint_task {
        const struct zc_work *work;
        json_t *endpoint;
        struct zc_deadline deadline;
};

static void endpoint_run(void *arg)
{
        ZC_AUTO_MEM struct endpoint_task *t = arg;

        zc_endpoint_observe(t->work, t->endpoint, t->deadline);
}

/** As many as the ceilings allow: each has at least one connection and one a second. */
static unsigned endpoints_at_once(const struct zc_work *w)
{
        const struct zc_job *job = w->item->collector->spec->job;
        unsigned n = zc_portset_count(w->ports);

        if (n > ENDPOINTS_AT_ONCE)
                n = ENDPOINTS_AT_ONCE;
        if (job->concurrency && job->concurrency < n)
                n = job->concurrency;
        if (job->per_second && job->per_second < n)
                n = job->per_second;
        return n;
}

/** Hands the next endpoint to a worker; without threads, or memory for it, it is looked into here. */
static void endpoint_give(struct seen *s)
{
        json_t *endpoint = json_array_get(s->open, s->given++);
        struct endpoint_task *t = s->pool ? malloc(sizeof *t) : NULL;
        struct zc_err err = { 0 };

        if (t)
                *t = (struct endpoint_task){ s->work, endpoint, s->deadline };
        if (t && zc_pool_add(s->pool, NULL, endpoint_run, t, &err))
                return;
        free(t);
        zc_endpoint_observe(s->work, endpoint, s->deadline);
}

static void pool_open(struct seen *s)
{
        unsigned n = endpoints_at_once(s->work);
        struct zc_err err = { 0 };

        if (!s->pool && n > 1 && !zc_pool_new(n, 0, &s->pool, &err))
                s->pool = NULL;
}

/** While other ports are still waited for: as many as are taken without waiting, and only where the ceilings have room for both. */
static void endpoints_early(struct seen *s)
{
        if (s->given == json_array_size(s->open) || !zc_work_roomy(s->work))
                return;
        pool_open(s);
        while (s->pool && s->given < json_array_size(s->open) &&
               s->given < (size_t)endpoints_at_once(s->work) * QUEUE_PER_WORKER)
                endpoint_give(s);
}

/** All that are left. A silent port costs patience: the others of its address do not wait for it. */
static void endpoints_observe(struct seen *s)
{
        if (json_array_size(s->open) > 1)
                pool_open(s);
        while (s->given < json_array_size(s->open))
                endpoint_give(s);
        if (s->pool)
                zc_pool_wait(s->pool);
        zc_pool_free(ZC_TAKE(s->pool));
}

/** --skip ports leaves a named port to be tried as it was named. */
static void endpoint_named(struct seen *s)
{
        const struct zc_target *t = s->work->item->t;
        char address[ZC_ADDR_LEN];
        json_t *e;

        if (t->kind != ZC_TARGET_SERVICE)
                return;
        zc_addr_format(&s->work->addr, address);
        e = json_pack("{s:s, s:s, s:i, s:s, s:s?}", "asset", s->work->asset, "address", address,
                      "port", (int)t->port, "transport", "tcp", "name", zc_work_name(s->work));
        if (e)
                endpoint_seen(s, e);
        json_decref(e);
}

static void probes_run(struct seen *s, struct zc_deadline wait)
{
        const struct zc_plan *plan = s->work->item->collector->spec->plan;
        const json_t *endpoint;
        size_t k;

        for (size_t i = 0; i < plan->count; i++) {
                if (plan->rows[i].probe->scope == ZC_SCOPE_TARGET && zc_plan_runs(&plan->rows[i]))
                        target_probe(s, &plan->rows[i], wait, s->deadline);
        }
        if (!zc_plan_scope_runs(plan, ZC_SCOPE_TARGET))
                endpoint_named(s);
        endpoints_observe(s);
        json_array_foreach (s->open, k, endpoint) {
                s->any_open |= strcmp(zc_json_str(endpoint, "state", ""), "open") == 0;
        }
        if (s->open_count > OPEN_MAX) {
                char address[ZC_ADDR_LEN];

                zc_addr_format(&s->work->addr, address);
                put(s->work,
                    zc_problem_record("ports", address, "", "more open ports than services can be",
                                      "only the first 1024 were looked into"));
        }
}

/** Scope binds every connection. What the user excluded is skipped; what nobody authorised could not be done. */
static bool in_scope(const struct zc_work *w)
{
        enum zc_scope_verdict v =
                zc_scope_check(w->item->collector->spec->job->scope, zc_work_name(w), &w->addr);
        char why[96], address[ZC_ADDR_LEN];

        if (v == ZC_SCOPE_IN)
                return true;
        snprintf(why, sizeof why, "not contacted: %s", zc_scope_verdict_name(v));
        zc_address_leave(w, v == ZC_SCOPE_EXCLUDED ? ZC_SKIPPED : ZC_FAILED, why);
        zc_addr_format(&w->addr, address);
        put(w, zc_problem_record("scope", address, "", "this address was not contacted", why));
        return false;
}

/** Whether anything could be sent to the address: connecting a datagram socket asks the routes and sends nothing. */
static bool has_route(const struct zc_addr *addr)
{
        struct sockaddr_storage to;
        socklen_t len = zc_addr_to_sockaddr(addr, 9, &to);
        ZC_AUTO_FD int fd = socket(addr->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return errno != EAFNOSUPPORT;
        return connect(fd, (const struct sockaddr *)&to, len) == 0 ||
               (errno != ENETUNREACH && errno != EADDRNOTAVAIL);
}

/** A name may have addresses of a family that this machine does not reach: it is told, and not held against the other. */
static bool routed(const struct zc_work *w)
{
        bool v6 = w->addr.family == AF_INET6;

        if (w->local || w->item->t->kind == ZC_TARGET_BLOCK || has_route(&w->addr))
                return true;
        leave(w, ZC_FAILED, "no route from here",
              v6 ? ZC_NEEDS_ROUTE "IPv6" : ZC_NEEDS_ROUTE "IPv4");
        return false;
}

/** A silent member of a block is not waited for, and this machine is here already. */
static int64_t wait_of(const struct zc_work *w)
{
        enum zc_target_kind kind = w->item->t->kind;

        return kind == ZC_TARGET_HOST || kind == ZC_TARGET_SERVICE ? w->item->jt->wait_ms : 0;
}

/** Time for one address: what its ports take at the rate we may go, each as often as it may be asked, and for the probes after them. */
static int64_t budget_of(const struct zc_work *w)
{
        unsigned rate = w->item->collector->per_second_each;
        int64_t ports = w->ports ? (int64_t)zc_portset_count(w->ports) : 1;

        return ADDRESS_BUDGET_MS + PORT_ATTEMPTS * 1000 * ports / (rate ? rate : RATE_ASSUMED);
}

/** A host that refuses is there; a service that is named is not. */
static void note_answer(const struct zc_work *w, bool open, bool closed)
{
        if (open || (closed && w->item->t->kind != ZC_TARGET_SERVICE))
                atomic_store(&w->item->answered, true);
}

bool zc_address_is_done(const struct zc_work *w)
{
        const struct zc_done *done = w->item->collector->spec->job->done;
        ZC_AUTO_TEXT ports = { 0 };
        char address[ZC_ADDR_LEN];
        unsigned found = 0;

        if (!done || w->local)
                return false;
        zc_addr_format(&w->addr, address);
        zc_text_init(&ports, ZC_TEXT_CEILING);
        zc_portset_format(w->ports, &ports);
        if (!zc_done_has(done, w->asset, address, zc_text_str(&ports), &found))
                return false;
        zc_progress_asked(w->item->collector->spec->job->progress, zc_portset_count(w->ports), 0);
        note_answer(w, found & ZC_DONE_OPEN, found & ZC_DONE_CLOSED);
        return true;
}

void zc_address_observe(const struct zc_work *w)
{
        struct seen s = {
                .work = w, .records = json_array(), .open = json_array(), .scans = json_array()
        };
        const struct zc_collector *c = w->item->collector;
        char address[ZC_ADDR_LEN];

        zc_addr_format(&w->addr, address);
        if (zc_address_is_done(w)) {
                ;
        } else if (zc_collector_over(c) && !w->swept) {
                zc_address_leave(w, ZC_FAILED, "the run's deadline passed");
        } else if (in_scope(w) && routed(w)) {
                int64_t wait_ms = wait_of(w);
                struct zc_deadline wait =
                        zc_deadline_min(zc_deadline_in(wait_ms), c->spec->deadline);

                put(w, json_pack("{s:{s:i, s:i, s:s}}", "begin", "target", (int)w->item->target,
                                 "named", (int)w->item->named, "address", address));
                s.deadline =
                        zc_deadline_min(zc_deadline_in(budget_of(w) + wait_ms), c->spec->deadline);
                probes_run(&s, wait);
                scans_put(&s);
        }
        note_answer(w, s.any_open, s.any_closed);
        json_decref(s.scan);
        json_decref(s.records);
        json_decref(s.open);
        json_decref(s.held);
        json_decref(s.scans);
}
