/** Evidence on its way to disk. */
#include "keep.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "zc/clock.h"
#include "zc/log.h"
#include "zc/text.h"

static bool ends_in(const char *s, const char *end)
{
        size_t n = strlen(s), m = strlen(end);

        return n >= m && strcmp(s + n - m, end) == 0;
}

static bool is_plain(const char *path)
{
        struct stat st;

        return strcmp(path, "-") != 0 && (stat(path, &st) != 0 || S_ISREG(st.st_mode));
}

bool zc_keep_plan(struct zc_keep *k, struct zc_outputs *w, const char *path, const char *named,
                  struct zc_err *err)
{
        const char *stream;

        *k = (struct zc_keep){ 0 };
        if (!path)
                return true;
        if (!zc_outputs_add(w, (struct zc_output){ .path = path, .named = named }, err))
                return false;
        if (is_plain(path) && ends_in(path, ".ndjson")) {
                k->stream = path;
                return true;
        }
        k->path = path;
        if (!is_plain(path))
                return true;
        stream = zc_arena_printf(w->o->arena, "%s.ndjson", path);
        if (!stream)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the outputs");
        k->stream = stream;
        for (size_t i = 0; i + 1 < w->count; i++) {
                if (strcmp(w->item[i].path, stream) == 0)
                        return zc_fail(err, ZC_E_USAGE,
                                       "%s writes %s while it runs, and %s would write it too: "
                                       "give it another path",
                                       named, stream, w->item[i].named);
        }
        return true;
}

bool zc_keep_resume(struct zc_keep *k, const struct zc_settings *s, struct zc_err *err)
{
        const char *path = s->o->resume;
        json_auto_t *head = NULL;

        if (!path)
                return true;
        head = zc_job_head(&s->job, err);
        if (!head)
                return false;
        if (!is_plain(path))
                return zc_fail(err, ZC_E_USAGE, "--resume %s: the stream must be a file", path);
        if (!zc_evidence_open(path, &k->from, err) || !zc_resume_check(k->from, head, err) ||
            !zc_done_read(k->from, &k->done, err))
                return zc_ctx(err, "--resume %s", path);
        if (!k->stream)
                k->stream = path;
        return true;
}

void zc_keep_release(struct zc_keep *k)
{
        zc_evidence_free(ZC_TAKE(k->from));
        zc_done_free(ZC_TAKE(k->done));
}

bool zc_keep_create(const struct zc_keep *k, const struct zc_settings *s, struct zc_evidence **out,
                    struct zc_err *err)
{
        json_auto_t *head = NULL;

        if (k->from)
                return zc_resume_begin(k->from, k->done, k->stream, out, err);
        head = zc_job_head(&s->job, err);
        return head && zc_evidence_create(k->stream, head, out, err);
}

#define WATCH_MS 200

/* One line on a terminal while we wait: written over where it changed, and gone in the end. */
struct watch {
        struct zc_progress *progress;
        struct zc_pace_seen seen;
        int64_t shown_ms;
        char shown[128];
};

static bool watched(const struct zc_options *o)
{
        const char *term = getenv("TERM");

        return o->terminal_err && !o->quiet && !(term && strcmp(term, "dumb") == 0);
}

static void watch_tick(void *ctx)
{
        struct watch *w = ctx;
        unsigned columns = zc_columns(STDERR_FILENO);
        int64_t now = zc_mono_ms();
        char line[sizeof w->shown];

        if (now - w->shown_ms < WATCH_MS)
                return;
        w->shown_ms = now;
        zc_progress_line(w->progress, &w->seen, now, line,
                         columns < sizeof line ? columns : sizeof line);
        if (strcmp(line, w->shown) == 0)
                return;
        memcpy(w->shown, line, sizeof line);
        fprintf(stderr, "\r%s\033[K", line);
        fflush(stderr);
}

static void watch_end(struct watch *w)
{
        if (w->shown[0] == '\0')
                return;
        fputs("\r\033[K", stderr);
        fflush(stderr);
}

/** After a signal the spool without a name would be gone: it gets one, where we are or else in the folder for temporary files. */
static bool keep_unnamed(struct zc_evidence *ev, const struct zc_options *o, const char **where,
                         struct zc_err *err)
{
        const char *id = zc_json_str(zc_evidence_run(ev), "id", "run");
        const char *tmp = getenv("TMPDIR");
        const char *here = zc_arena_printf(o->arena, "zerocrit-%.12s.evidence.json", id);
        const char *there = zc_arena_printf(o->arena, "%s/zerocrit-%.12s.evidence.json",
                                            tmp && *tmp ? tmp : "/tmp", id);

        if (!here || !there)
                return zc_fail(err, ZC_E_NOMEM, "no memory to keep the evidence");
        *where = here;
        if (zc_outputs_evidence(ev, here, err))
                return true;
        *where = there;
        return zc_outputs_evidence(ev, there, err);
}

static bool keep_interrupted(const struct zc_keep *k, struct zc_evidence *ev,
                             const struct zc_options *o, int signal, struct zc_err *err)
{
        const char *name = sigabbrev_np(signal);
        const char *where = k->stream;

        if (!where && k->path) {
                where = strcmp(k->path, "-") == 0 ? "standard output" : k->path;
                if (!zc_outputs_evidence(ev, k->path, err))
                        return false;
        } else if (!where && !keep_unnamed(ev, o, &where, err)) {
                return false;
        }
        zc_log(ZC_LOG_ERROR, "ended by SIG%s; what was collected until then is kept: %s",
               name ? name : "?", where);
        return true;
}

bool zc_keep_collect(const struct zc_keep *k, const struct zc_settings *s, struct zc_evidence *ev,
                     struct zc_collected *c, struct zc_err *err)
{
        ZC_AUTO(zc_progress) progress = NULL;
        struct zc_job job = s->job;
        struct watch w = { 0 };
        struct zc_err none = { 0 };
        bool ok;

        if (watched(s->o) && zc_progress_new(&progress, &none)) {
                w.progress = job.progress = progress;
                job.tick = watch_tick;
                job.tick_ctx = &w;
        }
        job.done = k->done;
        ok = zc_collect(&job, ev, c, err);
        watch_end(&w);
        if (!ok)
                return k->stream ? zc_ctx(err, "what was collected is in %s", k->stream) : false;
        if (c->signal)
                return keep_interrupted(k, ev, s->o, c->signal, err);
        if (!k->path)
                return true;
        if (!zc_outputs_evidence(ev, k->path, err))
                return k->stream ? zc_ctx(err, "the evidence stays in %s", k->stream) : false;
        if (k->stream && unlink(k->stream) != 0)
                zc_log(ZC_LOG_WARN, "cannot remove %s", k->stream);
        return true;
}
