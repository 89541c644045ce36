#include "collector.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "collector_work.h"
#include "privilege.h"
#include "sandbox.h"
#include "sweep.h"
#include "zc/evidence.h"
#include "zc/http.h"
#include "zc/tls_session.h"
#include "zc/x509.h"

#ifdef ZC_COVERAGE
void __gcov_dump(void);
#endif

#define WORKERS_MAX 64u
#define LOCAL_ADDRESSES 8u /* of this machine, looked at beside one another */
#define AT_ONCE_DEFAULT 4096u
#define PER_SECOND_DEFAULT 2000u
#define RESOLVE_MS 10000
#define RESOLVE_AGAIN_MS 500

/* ---- leaving ---- */

/** _exit: exit handlers belong to the parent, and a leak checker could not work in here. */
_Noreturn static void leave(int status)
{
#ifdef ZC_COVERAGE
        __gcov_dump();
#endif
        _exit(status);
}

/* ---- records ---- */

/** A parent that is gone wants no more records. */
static void pipe_write(const char *p, size_t n)
{
        while (n > 0) {
                ssize_t done = write(ZC_COLLECTOR_PIPE, p, n);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done <= 0)
                        leave(ZC_COLLECTOR_SELF);
                p += done;
                n -= (size_t)done;
        }
}

/** Sink of this side: a whole line, or a problem in its place. Steals the record. */
static void record_put(void *ctx, json_t *record)
{
        struct zc_collector *c = ctx;
        ZC_AUTO_MEM char *line = record ? zc_json_line(record) : NULL;
        static const char lost[] = "{\"problem\":{\"probe\":\"collector\",\"what\":\"a record was "
                                   "too large or there was no memory for it\"}}";
        const char *text = line && strlen(line) < ZC_EVIDENCE_LINE_MAX ? line : lost;

        json_decref(record);
        pthread_mutex_lock(&c->lock);
        pipe_write(text, strlen(text));
        pipe_write("\n", 1);
        pthread_mutex_unlock(&c->lock);
}

static void put(struct zc_collector *c, json_t *record)
{
        c->sink.put(c->sink.ctx, record);
}

bool zc_collector_over(const struct zc_collector *c)
{
        return zc_deadline_passed(c->spec->deadline) || (c->pool && zc_pool_stopping(c->pool));
}

/* ---- items: what the user named ---- */

/** The last one out says that nothing more comes. */
static void item_close(struct zc_item *item)
{
        if (atomic_fetch_sub(&item->open, 1) != 1)
                return;
        put(item->collector,
            json_pack("{s:{s:i, s:i, s:b}}", "end", "target", (int)item->target, "named",
                      (int)item->named, "answered", (int)atomic_load(&item->answered)));
}

/* A task of the pool. */
struct task {
        struct zc_item *item;
        struct zc_addr addr;
        struct zc_portset ports;
        bool local;
        struct zc_sweep *sweep; /* held: it may have asked the ports already; NULL */
        uint64_t member;        /* of its block */
};

/** One address, by literal, member or listener. */
static void task_address(void *arg)
{
        ZC_AUTO_MEM struct task *t = arg;
        char member[ZC_ADDR_LEN];
        struct zc_work work = {
                .item = t->item, .addr = t->addr, .ports = &t->ports, .local = t->local
        };

        zc_addr_format(&t->addr, member);
        work.asset = zc_plan_asset(t->item->jt, t->item->t, t->item->collector->vantage, member);
        if (t->sweep)
                work.swept = zc_sweep_result(t->sweep, t->member);
        zc_address_observe(&work);
        if (work.swept)
                zc_ports_release(work.swept);
        free(work.swept);
        zc_sweep_drop(t->sweep);
        item_close(t->item);
}

/** With --wait a name may appear while we wait. */
static bool name_resolve(const struct zc_item *item, struct zc_addrs *out, struct zc_err *err)
{
        const struct zc_collector *c = item->collector;
        struct zc_deadline wait = zc_deadline_in(item->jt->wait_ms);

        for (;;) {
                const struct timespec again = { 0, RESOLVE_AGAIN_MS * 1000000L };

                if (zc_resolve(item->t->host,
                               zc_deadline_min(zc_deadline_in(RESOLVE_MS), c->spec->deadline), out,
                               err))
                        return true;
                if (zc_deadline_passed(wait) || zc_collector_over(c))
                        return false;
                nanosleep(&again, NULL);
        }
}

static bool is_own(const struct zc_collector *c, const struct zc_addr *a)
{
        const json_t *own = json_object_get(c->spec->vantage, "addresses");
        char text[ZC_ADDR_LEN];
        const json_t *v;
        size_t i;

        if (zc_addr_class(a) == ZC_ADDR_LOOPBACK)
                return true;
        zc_addr_format(a, text);
        json_array_foreach (own, i, v) {
                if (json_is_string(v) && strcmp(json_string_value(v), text) == 0)
                        return true;
        }
        return false;
}

/** A name: all its addresses, one after the other. */
static void task_name(void *arg)
{
        ZC_AUTO_MEM struct task *t = arg;
        struct zc_item *item = t->item;
        struct zc_addrs found = { 0 };
        struct zc_err err = { 0 };

        if (!name_resolve(item, &found, &err))
                zc_name_leave(item, err.text);
        else if (found.count == 0)
                zc_name_leave(item, "it resolves to nothing");
        for (size_t i = 0; i < found.count; i++) {
                struct zc_work work = { .item = item, .addr = found.list[i], .ports = &t->ports };

                work.asset =
                        zc_plan_asset(item->jt, item->t, item->collector->vantage, item->t->host);
                work.local = is_own(item->collector, &work.addr);
                zc_address_observe(&work);
        }
        if (found.cut)
                put(item->collector,
                    zc_problem_record("resolve", item->t->named, "",
                                      "the name has more addresses than are looked at",
                                      "only the first 64 were"));
        item_close(item);
}

static void task_add(struct zc_item *item, const struct task *t, void (*run)(void *))
{
        struct task *copy = malloc(sizeof *copy);
        struct zc_err err = { 0 };

        atomic_fetch_add(&item->open, 1);
        if (item->t->kind != ZC_TARGET_BLOCK) /* of a block all were told before */
                zc_progress_plan(item->collector->spec->job->progress, zc_portset_count(&t->ports));
        if (copy)
                *copy = *t;
        if (t->sweep)
                zc_sweep_hold(t->sweep);
        if (copy && zc_pool_add(item->collector->pool, &copy->addr, run, copy, &err))
                return;
        put(item->collector,
            zc_problem_record("collector", item->t->named, "", "a target was not looked at",
                              copy ? err.text : "out of memory"));
        zc_sweep_drop(t->sweep);
        free(copy);
        item_close(item);
}

/** Members of a block, as many as one sweep takes; the rest of a shard is none of this run's. */
struct span {
        uint64_t first, count;
};

/** Whether packets of our own ask the members of blocks. */
static bool sweeps(const struct zc_collector *c)
{
        const struct zc_plan_row *row = zc_plan_row(c->spec->plan, "ports");

        return c->syn && c->spec->capture->packets && zc_plan_runs(row) && row->probe->sweeps;
}

static struct zc_sweep *span_sweep(struct zc_item *item, const struct task *t, struct span span)
{
        struct zc_collector *c = item->collector;
        const struct zc_prefix *block = &item->t->block;
        struct zc_sweep *s =
                sweeps(c) ? zc_sweep_new(c, block, span.first, span.count, &t->ports) : NULL;

        for (uint64_t i = span.first; s && i < span.first + span.count; i++) {
                struct zc_work w = { .item = item,
                                     .addr = zc_block_at(block, i),
                                     .ports = &t->ports };
                char member[ZC_ADDR_LEN];

                if (!zc_shard_has_address(&c->spec->job->shard, &w.addr) || is_own(c, &w.addr) ||
                    zc_scope_check(c->spec->job->scope, NULL, &w.addr) != ZC_SCOPE_IN)
                        continue;
                zc_addr_format(&w.addr, member);
                w.asset = zc_plan_asset(item->jt, item->t, c->vantage, member);
                if (!zc_address_is_done(&w))
                        zc_sweep_take(s, i);
        }
        if (s)
                zc_sweep_run(s);
        return s;
}

/** Time was over before these had their turn: one record tells of all. */
static void span_leave(struct zc_item *item, const struct zc_addr *next, uint64_t left)
{
        char member[ZC_ADDR_LEN], why[192];

        zc_addr_format(next, member);
        snprintf(why, sizeof why,
                 "the run's deadline passed before %s and %llu more of its members had their turn",
                 member, (unsigned long long)(left - 1));
        put(item->collector, zc_scan_record(zc_plan_asset(item->jt, item->t,
                                                          item->collector->vantage, item->t->named),
                                            item->t->named, ZC_FAILED, why, ""));
}

/** Each member is looked at by a worker. False: time is over. @after: members of spans after this. */
static bool span_add(struct zc_item *item, struct task *t, struct span span, uint64_t after)
{
        const struct zc_shard *shard = &item->collector->spec->job->shard;
        struct zc_permute order;
        struct zc_addr next = { 0 };
        uint64_t left = 0;

        t->sweep = span_sweep(item, t, span);
        zc_permute_init(&order, shard->seed, span.count);
        for (uint64_t i = 0; i < span.count; i++) {
                t->member = span.first + zc_permute_at(&order, i);
                t->addr = zc_block_at(&item->t->block, t->member);
                if (!zc_shard_has_address(shard, &t->addr))
                        continue;
                if (!zc_collector_over(item->collector) ||
                    (t->sweep && zc_sweep_knows(t->sweep, t->member))) {
                        t->local = is_own(item->collector, &t->addr);
                        task_add(item, t, task_address);
                        continue;
                }
                if (left++ == 0)
                        next = t->addr;
                if (!t->sweep) { /* nor is anything known of those after it */
                        left = span.count - i;
                        break;
                }
        }
        zc_sweep_drop(t->sweep);
        if (left > 0)
                span_leave(item, &next, left + after);
        return left == 0;
}

/** Members are generated while workers are free, in an order that spares each network. */
static void block_add(struct zc_item *item, struct task *t)
{
        uint64_t count = zc_block_count(&item->t->block), ports = zc_portset_count(&t->ports);
        uint64_t most = ZC_SWEEP_PAIRS / (ports ? ports : 1);
        const struct zc_shard *shard = &item->collector->spec->job->shard;
        struct zc_permute order;
        uint64_t spans;

        zc_progress_plan(item->collector->spec->job->progress,
                         count / (shard->count ? shard->count : 1) * ports);
        most = most > ZC_SWEEP_MEMBERS ? ZC_SWEEP_MEMBERS : most > 0 ? most : 1;
        spans = (count + most - 1) / most;
        zc_permute_init(&order, item->collector->spec->job->shard.seed, spans);
        for (uint64_t i = 0; i < spans; i++) {
                uint64_t first = zc_permute_at(&order, i) * most;
                struct span span = { first, count - first < most ? count - first : most };
                uint64_t left = (spans - i - 1) * most;

                if (!span_add(item, t, span, left < count ? left : count))
                        return;
        }
}

/** A listener that only an interface reaches: what it does is not known from here. */
static void bound_leave(struct zc_item *item, const json_t *listener)
{
        struct zc_collector *c = item->collector;
        const char *asset = zc_plan_asset(item->jt, item->t, c->vantage, "");
        const char *address = zc_json_str(listener, "address", "");
        char why[128];

        snprintf(why, sizeof why, "bound to %.32s, which this machine does not reach by itself",
                 zc_json_str(listener, "interface", ""));
        zc_bound_leave(c, asset, address, json_object_get(listener, "port"), why);
}

/** This machine: where its listeners are reached. Without their list nothing is tried. */
static void local_add(struct zc_item *item, struct task *t)
{
        struct zc_collector *c = item->collector;
        ZC_AUTO_MEM struct zc_own *own = NULL;
        json_auto_t *bound = json_array();
        size_t count = 0, i;
        const json_t *l;

        t->local = true;
        atomic_store(&item->answered, true);
        if (!zc_own_listeners(c->spec->host, &own, &count, bound))
                put(c, zc_scan_record(zc_plan_asset(item->jt, item->t, c->vantage, ""), "127.0.0.1",
                                      ZC_FAILED, "no memory for the list of listeners", ""));
        for (i = 0; i < count; i++) {
                t->addr = own[i].addr;
                t->ports = own[i].ports;
                task_add(item, t, task_address);
        }
        json_array_foreach (bound, i, l) {
                bound_leave(item, l);
        }
}

static void item_start(struct zc_item *item)
{
        struct zc_collector *c = item->collector;
        const struct zc_capture *capture = c->spec->capture;
        bool packets = capture && capture->packets;
        struct task t = { .item = item };
        struct zc_err err = { 0 };
        const char *word;

        if (item->t->kind == ZC_TARGET_LOCAL) {
                local_add(item, &t);
        } else if (!zc_plan_ports(c->spec->job, item->jt, item->t, packets, &t.ports, &word,
                                  &err)) {
                put(c, zc_problem_record("collector", item->t->named, "",
                                         "a target was not looked at", err.text));
        } else if (item->t->kind == ZC_TARGET_BLOCK) {
                block_add(item, &t);
        } else if (item->t->literal) {
                t.addr = item->t->addr;
                t.local = is_own(c, &t.addr);
                task_add(item, &t, task_address);
        } else {
                task_add(item, &t, task_name);
        }
        item_close(item);
}

static size_t items_count(const struct zc_job *job)
{
        size_t n = 0;

        for (size_t i = 0; i < job->target_count; i++)
                n += job->targets[i].named_count;
        return n;
}

/** Blocks fill every worker, and this machine has a few addresses; otherwise a worker per name is enough. */
static unsigned workers_useful(const struct zc_job *job)
{
        size_t n = items_count(job);

        for (size_t i = 0; i < job->target_count; i++) {
                for (size_t j = 0; j < job->targets[i].named_count; j++) {
                        if (job->targets[i].named[j].kind == ZC_TARGET_BLOCK)
                                return WORKERS_MAX;
                        if (job->targets[i].named[j].kind == ZC_TARGET_LOCAL)
                                n += LOCAL_ADDRESSES;
                }
        }
        return n == 0 ? 1 : n < WORKERS_MAX ? (unsigned)n : WORKERS_MAX;
}

/** Each worker's share of a ceiling is at least one, so there are never more workers than a ceiling says. */
static unsigned workers_wanted(const struct zc_job *job)
{
        unsigned n = workers_useful(job);

        if (job->per_second && job->per_second < n)
                n = job->per_second;
        if (job->concurrency && job->concurrency < n)
                n = job->concurrency;
        return n;
}

static unsigned share(unsigned all, unsigned workers)
{
        return all / workers ? all / workers : 1;
}

/** Connections at once over all workers that our descriptors carry: some are left for epoll, files and the resolver. */
static unsigned at_once_default(void)
{
        struct rlimit l;
        rlim_t most = AT_ONCE_DEFAULT;

        if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur / 4 * 3 < most)
                most = l.rlim_cur / 4 * 3;
        return (unsigned)most;
}

static void targets_observe(struct zc_collector *c)
{
        const struct zc_job *job = c->spec->job;
        size_t count = items_count(job), n = 0;
        unsigned workers = workers_wanted(job);
        ZC_AUTO_MEM struct zc_item *items = calloc(count ? count : 1, sizeof *items);
        unsigned rate = job->per_second ? job->per_second : PER_SECOND_DEFAULT;
        struct zc_err err = { 0 };

        c->at_once = job->concurrency ? job->concurrency : at_once_default();
        c->at_once_each = share(c->at_once, workers);
        c->per_second_each = share(rate, workers);
        if (!items || !zc_pace_new(rate, c->at_once, &c->pace, &err) ||
            !zc_pool_new(workers, 0, &c->pool, &err)) {
                put(c, zc_problem_record("collector", "run", "", "no target was looked at",
                                         items ? err.text : "out of memory"));
                zc_pace_free(ZC_TAKE(c->pace));
                return;
        }
        for (size_t i = 0; i < job->target_count; i++) {
                for (size_t j = 0; j < job->targets[i].named_count; j++) {
                        if (!zc_shard_has(&job->shard, &job->targets[i].named[j]))
                                continue;
                        items[n].collector = c;
                        items[n].target = i;
                        items[n].named = j;
                        items[n].jt = &job->targets[i];
                        items[n].t = &job->targets[i].named[j];
                        atomic_init(&items[n].open, 1);
                        item_start(&items[n++]);
                }
        }
        zc_pool_wait(c->pool);
        if (zc_collector_over(c))
                put(c,
                    zc_problem_record("collector", "run", "",
                                      "the run's deadline passed while targets were looked at",
                                      "what had its turn too late says so; --deadline gives more"));
        zc_pool_free(ZC_TAKE(c->pool));
        zc_pace_free(ZC_TAKE(c->pace));
}

/* ---- the process ---- */

/** What the kernel or the namespace did not give is said, so that nobody takes it as given. */
static void sandbox_report(struct zc_collector *c, const struct zc_sandbox *box)
{
        if (box->uid_kept)
                put(c, zc_problem_record("sandbox", "collector", "",
                                         "the collector keeps its uid, without capabilities",
                                         box->uid_why));
        if (box->landlock == 0 && !zc_sandbox_build.writes_files)
                put(c, zc_problem_record("sandbox", "collector", "",
                                         "the collector runs without Landlock", box->landlock_why));
        if (!box->seccomp)
                put(c, zc_problem_record("sandbox", "collector", "",
                                         "the collector runs without a system call filter",
                                         box->seccomp_why));
}

static void host_observe(struct zc_collector *c)
{
        const struct zc_collector_spec *spec = c->spec;

        for (size_t i = 0; i < spec->plan->count; i++) {
                const struct zc_plan_row *row = &spec->plan->rows[i];

                if (row->probe->scope == ZC_SCOPE_HOST && row->probe->side == ZC_SIDE_COLLECTOR &&
                    zc_plan_runs(row))
                        zc_host_observe(row, c->vantage, spec->job->root ? spec->job->root : "",
                                        spec->deadline, spec->host, &c->sink);
        }
}

_Noreturn void zc_collector_main(const struct zc_collector_spec *spec)
{
        struct zc_collector c = { .spec = spec, .sink = { record_put, &c } };
        struct zc_sandbox box;
        struct zc_err err = { 0 };
        bool net;

        c.vantage = zc_json_str(spec->vantage, "id", "");
        pthread_mutex_init(&c.lock, NULL);
        signal(SIGPIPE, SIG_IGN);
        if (!zc_collector_descriptors(spec))
                leave(ZC_COLLECTOR_SELF);
        net = zc_plan_scope_runs(spec->plan, ZC_SCOPE_TARGET) ||
              zc_plan_scope_runs(spec->plan, ZC_SCOPE_ENDPOINT);
        c.endpoint_probes = zc_plan_scope_runs(spec->plan, ZC_SCOPE_ENDPOINT);
        if (net && !zc_resolve_init(&err))
                put(&c,
                    zc_problem_record("resolve", "run", "", "names cannot be resolved", err.text));
        if (c.endpoint_probes && (!zc_tls_init(&err) || !zc_x509_init(&err)))
                put(&c, zc_problem_record("tls", "run", "", "TLS cannot be looked at", err.text));
        if (c.endpoint_probes && !zc_http_init(&err))
                put(&c, zc_problem_record("http", "run", "", "HTTP cannot be looked at", err.text));
        if (!zc_sandbox_enter(spec->job->root ? spec->job->root : "", &box, &err)) {
                put(&c, zc_problem_record("sandbox", "collector", "",
                                          "the collector could not give up its privileges, so it "
                                          "looked at nothing",
                                          err.text));
                leave(ZC_COLLECTOR_SANDBOX);
        }
        sandbox_report(&c, &box);
        host_observe(&c);
        if (net && spec->capture && !zc_syn_new(spec->capture, &c.syn, &err))
                put(&c,
                    zc_problem_record("ports", "run", "",
                                      "ports are asked by connections, not by packets", err.text));
        if (net)
                targets_observe(&c);
        zc_syn_free(c.syn);
        if (net)
                zc_resolve_release();
        leave(ZC_COLLECTOR_DONE);
}
