/**
 * The parent of the two processes: reads what needs privilege, forks the collector, gives privilege up, and writes down what the
 * collector says until it ends, the deadline passes or a signal comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#include "collector.h"
#include "observe.h"
#include "privilege.h"
#include "record_wire.h"
#include "track.h"
#include "zc/run.h"
#include "zc/schema.h"

#define DEADLINE_DEFAULT_MS (INT64_C(6) * 60 * 60 * 1000)
#define END_TRIES 100u
#define TICK_MS 250
#define GRACE_MS 3000                        /* for the collector to end by itself */
#define RECORD_BYTES_MAX (UINT64_C(4) << 30) /* what a collector may say in all */

static const int watched[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP };

struct parent {
        const struct zc_job *job;
        struct zc_plan plan;
        struct zc_evidence *ev;
        struct zc_track track;
        struct zc_sink sink;
        json_t *host; /* the host object so far */
        struct zc_deadline deadline;
        bool failed; /* the evidence could not be written: why says how */
        struct zc_err why;
        int signals; /* signalfd */
        int signal;  /* the one that came, 0 for none */
        sigset_t before;
        pid_t child;
        int pipe;
        uint64_t received;
        json_t *schemas[ZC_RECORD_KINDS]; /* what the value of each record form must follow */
        const char *members[ZC_PLAN_PROBES + 1],
                *probes[ZC_PLAN_PROBES + 1]; /* the collector's own, for its host records */
};

/* ---- the evidence ---- */

/** Sink of this side. The first failure is kept; after it nothing is written. */
static void evidence_put(void *ctx, json_t *record)
{
        struct parent *p = ctx;

        if (!record && !p->failed)
                p->failed = !zc_fail(&p->why, ZC_E_NOMEM, "no memory for a record");
        else if (!p->failed)
                p->failed = !zc_evidence_put(p->ev, record, &p->why);
        json_decref(record);
}

static void problem(struct parent *p, const char *what, const char *why)
{
        evidence_put(p, zc_problem_record("collector", "run", "", what, why));
}

/* ---- signals ---- */

/** From here to signals_restore() they only make a descriptor readable: no record is ever cut in two. */
static bool signals_take(struct parent *p, struct zc_err *err)
{
        sigset_t set;

        signal(SIGCHLD, SIG_DFL); /* ignored, it would reap the collector behind our back */
        sigemptyset(&set);
        for (size_t i = 0; i < ZC_COUNT(watched); i++) {
                struct sigaction now;

                /* What nohup or a shell's background made ignored stays so. */
                if (sigaction(watched[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN)
                        continue;
                sigaddset(&set, watched[i]);
        }
        if (sigprocmask(SIG_BLOCK, &set, &p->before) != 0)
                return zc_fail_errno(err, "cannot block signals");
        p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return p->signals >= 0 || zc_fail_errno(err, "cannot watch signals");
}

static void signals_restore(struct parent *p)
{
        if (p->signals >= 0)
                close(p->signals);
        p->signals = -1;
        sigprocmask(SIG_SETMASK, &p->before, NULL);
}

static bool signal_came(struct parent *p)
{
        struct signalfd_siginfo info;

        if (p->signal == 0 && read(p->signals, &info, sizeof info) == (ssize_t)sizeof info)
                p->signal = (int)info.ssi_signo;
        return p->signal != 0;
}

/* ---- the parent's own probes ---- */

static void outcome_note(struct parent *p, const struct zc_plan_row *row)
{
        p->track.outcome[row - p->plan.rows] = true;
}

static void host_observe(struct parent *p)
{
        for (size_t i = 0; i < p->plan.count; i++) {
                const struct zc_plan_row *row = &p->plan.rows[i];

                if (row->probe->scope != ZC_SCOPE_HOST || row->probe->side != ZC_SIDE_PARENT ||
                    !zc_plan_runs(row))
                        continue;
                if (signal_came(p) || p->failed || zc_deadline_passed(p->deadline))
                        return;
                zc_host_observe(row, p->track.vantage, p->job->root ? p->job->root : "",
                                p->deadline, p->host, &p->sink);
                outcome_note(p, row);
        }
}

/* ---- the collector ---- */

static bool collector_wanted(const struct parent *p)
{
        for (size_t i = 0; i < p->plan.count; i++) {
                const struct zc_plan_row *row = &p->plan.rows[i];

                if (zc_plan_runs(row) &&
                    (row->probe->scope != ZC_SCOPE_HOST || row->probe->side == ZC_SIDE_COLLECTOR))
                        return true;
        }
        return false;
}

/** Its host records may carry what its own probes observe, and nothing of ours. */
static void rules_make(struct parent *p)
{
        size_t n = 0;

        for (size_t i = 0; i < p->plan.count; i++) {
                const struct zc_plan_row *row = &p->plan.rows[i];

                if (row->probe->scope != ZC_SCOPE_HOST || row->probe->side != ZC_SIDE_COLLECTOR ||
                    !zc_plan_runs(row))
                        continue;
                p->members[n] = zc_host_member(row->probe);
                p->probes[n++] = row->probe->id;
        }
}

/** Each record form has a definition in the schema, of the same name. */
static bool schemas_make(struct parent *p, struct zc_err *err)
{
        static const char *const defs[ZC_RECORD_KINDS] = { [ZC_RECORD_HOST] = "#/$defs/host",
                                                           [ZC_RECORD_SCAN] = "#/$defs/scan",
                                                           [ZC_RECORD_ENDPOINT] =
                                                                   "#/$defs/endpoint",
                                                           [ZC_RECORD_PROBLEM] =
                                                                   "#/$defs/problem" };
        const json_t *schema = zc_evidence_schema(err);

        if (!schema)
                return false;
        for (size_t i = 0; i < ZC_RECORD_KINDS; i++) {
                if (!defs[i])
                        continue;
                p->schemas[i] = json_pack("{s:s, s:O}", "$ref", defs[i], "$defs",
                                          json_object_get(schema, "$defs"));
                if (!p->schemas[i])
                        return zc_fail(err, ZC_E_NOMEM, "no memory for the schema of records");
        }
        return true;
}

/** Packet sockets are for ports of other machines; who has not the right to them connects instead. */
static bool capture_open(struct parent *p, struct zc_capture *out)
{
        const struct zc_plan_row *row = zc_plan_row(&p->plan, "ports");
        struct zc_err err = { 0 };

        if (!p->plan.remote || !row || !zc_plan_runs(row))
                return false;
        if (zc_capture_open(out, &err))
                return true;
        evidence_put(p,
                     zc_problem_record("ports", "run", "",
                                       "ports are asked by connections, not by packets", err.text));
        return false;
}

static bool collector_fork(struct parent *p, struct zc_err *err)
{
        struct zc_capture capture;
        bool packets = capture_open(p, &capture);
        int ends[2];
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) != 0)
                return zc_fail_errno(err, "cannot make a pipe for the collector");
        pid = fork();
        if (pid == 0) {
                const json_t *run = zc_evidence_run(p->ev);
                struct zc_collector_spec spec = { .job = p->job,
                                                  .plan = &p->plan,
                                                  .vantage = json_object_get(run, "vantage"),
                                                  .host = p->host,
                                                  .fd = ends[1],
                                                  .capture = packets ? &capture : NULL,
                                                  .deadline = p->deadline };

                if (!zc_time_parse(zc_json_str(run, "started", ""), &spec.started_ms))
                        spec.started_ms = zc_wall_ms();
                zc_collector_main(&spec);
        }
        close(ends[1]);
        if (packets)
                zc_capture_close(&capture);
        if (pid < 0) {
                close(ends[0]);
                return zc_fail_errno(err, "cannot start the collector");
        }
        p->child = pid;
        p->pipe = ends[0];
        return true;
}

/** Values follow the evidence schema to the letter: what a stranger may have taken over cannot spoil the document for its readers. */
static bool value_check(struct parent *p, const struct zc_record *r, struct zc_err *err)
{
        ZC_AUTO_TEXT where = { 0 };

        zc_text_init(&where, 256);
        if (!p->schemas[r->kind] ||
            zc_schema_check(p->schemas[r->kind], r->body, true, &where, err))
                return true;
        return zc_ctx(err, "%s", zc_text_str(&where));
}

/** One line of the collector's. False with err: it is not to be trusted any longer. */
static bool line_take(struct parent *p, const char *line, size_t len, struct zc_err *err)
{
        const struct zc_record_rules rules = { .probes = p->probes, .members = p->members };
        struct zc_record r;
        bool ok;

        if (!zc_record_parse(line, len, &rules, &r, err))
                return false;
        ok = value_check(p, &r, err) && zc_track_record(&p->track, &r, err);
        if (ok && r.kind != ZC_RECORD_BEGIN && r.kind != ZC_RECORD_END && !p->failed) {
                struct zc_err put = { 0 };

                /* A record that the evidence refuses is the collector's fault; a full disk is not. */
                if (!zc_evidence_put(p->ev, r.whole, &put) && put.code == ZC_E_MALFORMED) {
                        *err = put;
                        ok = false;
                } else if (put.code != ZC_OK) {
                        p->failed = true;
                        p->why = put;
                }
        }
        zc_record_release(&r);
        return ok;
}

enum heard { HEARD_MORE, HEARD_END, HEARD_LIE };

/** What one readable pipe holds. */
static enum heard pipe_take(struct parent *p, struct zc_lines *lines, struct zc_err *err)
{
        const char *line;
        size_t room, len;
        char *at = zc_lines_room(lines, &room, err);
        ssize_t n;

        if (!at)
                return HEARD_LIE;
        n = read(p->pipe, at, room);
        if (n < 0)
                return errno == EINTR || errno == EAGAIN ? HEARD_MORE : HEARD_END;
        if (n == 0)
                return HEARD_END;
        zc_lines_filled(lines, (size_t)n);
        p->received += (uint64_t)n;
        if (p->received > RECORD_BYTES_MAX) {
                zc_fail(err, ZC_E_LIMIT, "it wrote more than 4 GiB of records");
                return HEARD_LIE;
        }
        while (zc_lines_next(lines, &line, &len)) {
                if (!line_take(p, line, len, err))
                        return HEARD_LIE;
        }
        return HEARD_MORE;
}

/**
 * Killed if it is not gone already, and reaped: no zombie is left. Should we not be allowed to kill it, it is given a moment, and
 * the kernel ends it with us.
 */
static int collector_end(struct parent *p)
{
        bool killed = kill(p->child, SIGKILL) == 0;
        int status = 0;

        for (unsigned i = 0; i < END_TRIES; i++) {
                const struct timespec moment = { 0, 10 * 1000000L };
                pid_t got = waitpid(p->child, &status, killed ? 0 : WNOHANG);

                if (got == p->child || (got < 0 && errno != EINTR))
                        break;
                if (!killed)
                        nanosleep(&moment, NULL);
        }
        p->child = 0;
        return status;
}

/** What it had written before it was stopped is still in the pipe. */
static void pipe_drain(struct parent *p, struct zc_lines *lines)
{
        struct zc_err err = { 0 };

        while (!p->failed && pipe_take(p, lines, &err) == HEARD_MORE)
                ;
}

/** How a collector's end reads in the evidence; false when it ended well. */
static bool death_text(int status, char why[128])
{
        if (WIFSIGNALED(status))
                snprintf(why, 128, "killed by signal %d (%s)", WTERMSIG(status),
                         strsignal(WTERMSIG(status)));
        else
                snprintf(why, 128, "exit status %d", WEXITSTATUS(status));
        return WIFSIGNALED(status) || WEXITSTATUS(status) != ZC_COLLECTOR_DONE;
}

static struct zc_deadline later(struct zc_deadline d, int64_t ms)
{
        d.at_ms = d.at_ms < INT64_MAX - ms ? d.at_ms + ms : INT64_MAX;
        return d;
}

/** Until something comes; shorter where somebody watches. */
static int poll_ms(const struct parent *p, struct zc_deadline last)
{
        int left = zc_deadline_left(last);

        return p->job->tick && left > TICK_MS ? TICK_MS : left;
}

/**
 * Until the collector closes its pipe. Returns true with `why` when it did not end well by itself.
 */
static bool collector_listen(struct parent *p, struct zc_lines *lines, char why[640])
{
        const struct zc_deadline last = later(p->deadline, GRACE_MS);
        struct pollfd fds[2] = { { .fd = p->pipe, .events = POLLIN },
                                 { .fd = p->signals, .events = POLLIN } };
        struct zc_err err = { 0 };

        while (!signal_came(p) && !p->failed) {
                enum heard h;

                if (zc_deadline_passed(last)) {
                        snprintf(why, 640, "the run's deadline passed");
                        return true;
                }
                if (poll(fds, ZC_COUNT(fds), poll_ms(p, last)) < 0 && errno != EINTR) {
                        snprintf(why, 640, "poll: %s", strerror(errno));
                        return true;
                }
                if (p->job->tick)
                        p->job->tick(p->job->tick_ctx);
                if (!(fds[0].revents & (POLLIN | POLLHUP | POLLERR)))
                        continue;
                h = pipe_take(p, lines, &err);
                if (h == HEARD_LIE) {
                        snprintf(why, 640, "stopped, because it sent what no collector sends: %s",
                                 err.text);
                        return true;
                }
                if (h == HEARD_END)
                        return false;
        }
        return false;
}

static void collector_run(struct parent *p)
{
        struct zc_lines lines;
        char why[640] = "", death[128];
        bool stopped;
        int status;

        zc_lines_init(&lines, ZC_EVIDENCE_LINE_MAX);
        stopped = collector_listen(p, &lines, why);
        status = collector_end(p);
        if (p->signal != 0)
                pipe_drain(p, &lines);
        zc_lines_release(&lines);
        close(p->pipe);
        p->pipe = -1;
        if (p->signal != 0 || p->failed)
                return;
        if (!stopped && death_text(status, death)) {
                snprintf(why, sizeof why, "the collector died: %s", death);
                stopped = true;
        }
        if (stopped)
                problem(p, "the collector ended before its work did", why);
        zc_track_finish(&p->track, stopped ? why : "the collector left it out", &p->sink);
}

/* ---- the whole ---- */

/** Reads with privilege, then lives without: in this order nothing that strangers send is near a capability. */
static bool collect(struct parent *p, struct zc_err *err)
{
        bool wanted = collector_wanted(p);

        zc_track_skipped(&p->track, &p->sink);
        host_observe(p);
        rules_make(p);
        if (signal_came(p) || p->failed)
                wanted = false;
        if (wanted && !collector_fork(p, err))
                return false;
        if (!zc_privilege_keep_outputs(err)) {
                if (p->child > 0)
                        collector_end(p);
                return false;
        }
        if (wanted)
                collector_run(p);
        else if (p->signal == 0)
                zc_track_finish(&p->track, "the run's deadline passed", &p->sink);
        if (!zc_privilege_collector_ended(err))
                return false;
        if (p->failed) {
                *err = p->why;
                return false;
        }
        return p->signal != 0 || zc_evidence_finish(p->ev, err);
}

static bool parent_init(struct parent *p, const struct zc_job *job, struct zc_evidence *ev,
                        struct zc_err *err)
{
        const char *vantage = zc_json_str(zc_evidence_run(ev), "vantage.id", "");
        int64_t limit = job->deadline_ms > 0 ? job->deadline_ms : DEADLINE_DEFAULT_MS;

        *p = (struct parent){
                .job = job, .ev = ev, .signals = -1, .pipe = -1, .deadline = zc_deadline_in(limit)
        };
        p->sink = (struct zc_sink){ evidence_put, p };
        if (!zc_plan_make(job, &p->plan, err) ||
            !zc_track_init(&p->track, job, &p->plan, vantage, err))
                return false;
        if (!schemas_make(p, err))
                return false;
        p->host = json_object();
        return p->host || zc_fail(err, ZC_E_NOMEM, "no memory for the host's evidence");
}

bool zc_collect(const struct zc_job *job, struct zc_evidence *ev, struct zc_collected *out,
                struct zc_err *err)
{
        struct parent p;
        bool ok = parent_init(&p, job, ev, err) && signals_take(&p, err);

        if (ok) {
                ok = collect(&p, err);
                out->signal = p.signal;
                out->named_missing = zc_track_missing(&p.track);
                signals_restore(&p);
        }
        zc_track_release(&p.track);
        for (size_t i = 0; i < ZC_RECORD_KINDS; i++)
                json_decref(p.schemas[i]);
        json_decref(p.host);
        return ok;
}
