/* The evidence object, and writing a stream: every record is in the file before the next one is taken. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "internal.h"
#include "zc/clock.h"

static const char *const record_names[] = {
        [ZC_RECORD_HOST] = "host",
        [ZC_RECORD_ENDPOINT] = "endpoint",
        [ZC_RECORD_SCAN] = "scan",
        [ZC_RECORD_PROBLEM] = "problem",
};
_Static_assert(ZC_COUNT(record_names) == ZC_RECORD_COUNT, "every record form has a name");

const char *zc_record_name(enum zc_record form)
{
        return record_names[form];
}

enum zc_record zc_record_form(const json_t *record, const json_t **value)
{
        if (json_object_size(record) != 1)
                return ZC_RECORD_COUNT;
        for (enum zc_record form = 0; form < ZC_RECORD_COUNT; form++) {
                *value = json_object_get(record, record_names[form]);
                if (*value)
                        return form;
        }
        return ZC_RECORD_COUNT;
}

struct zc_evidence *zc_evidence_new(const char *name, struct zc_err *err)
{
        struct zc_evidence *ev = calloc(1, sizeof(*ev));

        if (ev) {
                ev->fd = -1;
                ev->name = strdup(name);
        }
        if (!ev || !ev->name) {
                zc_evidence_free(ev);
                zc_fail(err, ZC_E_NOMEM, "no memory for evidence");
                return NULL;
        }
        return ev;
}

void zc_evidence_free(struct zc_evidence *ev)
{
        if (!ev)
                return;
        for (size_t i = 0; i < ZC_RECORD_COUNT; i++)
                free(ev->index[i].at);
        free(ev->identities.slot);
        json_decref(ev->run);
        json_decref(ev->host);
        if (ev->fd >= 0)
                close(ev->fd);
        free(ev->machine);
        free(ev->name);
        free(ev);
}

const char *zc_evidence_name(const struct zc_evidence *ev)
{
        return ev->name;
}

const json_t *zc_evidence_run(const struct zc_evidence *ev)
{
        return ev->run;
}

const json_t *zc_evidence_host(const struct zc_evidence *ev)
{
        return ev->host;
}

bool zc_evidence_finished(const struct zc_evidence *ev)
{
        return ev->finished;
}

bool zc_evidence_asks_host(const struct zc_evidence *ev)
{
        const json_t *targets = json_object_get(ev->run, "targets"), *target;
        size_t i;

        json_array_foreach (targets, i, target) {
                if (strcmp(zc_json_str(target, "named", ""), "local") == 0)
                        return true;
        }
        return ev->host && json_array_size(targets) == 0;
}

const char *zc_evidence_vantage(const struct zc_evidence *ev)
{
        return zc_json_str(ev->run, "vantage.id", "");
}

bool zc_evidence_adopt(struct zc_evidence *ev, const json_t *target, struct zc_err *err)
{
        static const char *const said[] = { "id", "tags", "zone", "public", "require" };
        json_t *targets = json_deep_copy(json_object_get(ev->run, "targets")), *own;
        bool ok = true;
        size_t i;

        json_array_foreach (targets, i, own) {
                if (strcmp(zc_json_str(own, "named", ""), "local") != 0)
                        continue;
                for (size_t k = 0; k < ZC_COUNT(said); k++) {
                        json_t *value = json_object_get(target, said[k]);

                        ok = ok && (!value || json_object_set(own, said[k], value) == 0);
                }
        }
        if (targets && ok && json_object_set(ev->run, "targets", targets) != 0)
                ok = false;
        json_decref(targets);
        return ok || zc_fail(err, ZC_E_NOMEM, "no memory for the targets of %s", ev->name);
}

const char *zc_evidence_asset(const struct zc_evidence *ev)
{
        const json_t *targets = json_object_get(ev->run, "targets"), *target;
        size_t i;

        json_array_foreach (targets, i, target) {
                const char *id = zc_json_str(target, "id", "");

                if (strcmp(zc_json_str(target, "named", ""), "local") == 0 && *id &&
                    strcmp(id, "auto") != 0)
                        return id;
        }
        return ev->machine ? ev->machine : zc_evidence_vantage(ev);
}

/* ---- taking records in ---- */

static bool index_add(struct zc_index *index, const struct zc_slice *at, struct zc_err *err)
{
        if (index->count == index->cap) {
                size_t cap = index->cap ? index->cap * 2 : 16;
                struct zc_slice *more = reallocarray(index->at, cap, sizeof(*more));

                if (!more)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for an index of %zu records",
                                       cap);
                index->at = more;
                index->cap = cap;
        }
        index->at[index->count++] = *at;
        return true;
}

/** The same identity replaces, and keeps the place that it had. */
static bool endpoint_take(struct zc_evidence *ev, const json_t *endpoint, const struct zc_slice *at,
                          struct zc_err *err)
{
        struct zc_index *index = &ev->index[ZC_RECORD_ENDPOINT];
        uint8_t key[16];
        size_t position;

        if (!zc_identity_key(endpoint, key, err))
                return false;
        position = zc_identities_put(&ev->identities, key, index->count);
        if (position == SIZE_MAX)
                return zc_fail(err, ZC_E_NOMEM, "no memory to tell %zu endpoints apart",
                               index->count);
        if (position == index->count)
                return index_add(index, at, err);
        index->at[position] = *at;
        return true;
}

/** A later member replaces the earlier one; outcomes of probes are merged one by one. */
static bool host_take(struct zc_evidence *ev, const json_t *host, const struct zc_slice *at,
                      struct zc_err *err)
{
        json_auto_t *copy = json_deep_copy(host);
        json_t *probes = json_object_get(ev->host, "probes"), *more;

        if (ev->wrapped && ev->host_bytes + at->len > ZC_EVIDENCE_HOST_MAX)
                return zc_fail(err, ZC_E_LIMIT, "more than %zu bytes of evidence about one host",
                               ZC_EVIDENCE_HOST_MAX);
        if (!copy)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the host's evidence");
        ev->host_bytes += at->len;
        if (!ev->host) {
                ev->host = ZC_TAKE(copy);
                return true;
        }
        more = json_object_get(copy, "probes");
        if (probes && more &&
            (json_object_update(probes, more) != 0 || json_object_del(copy, "probes") != 0))
                return zc_fail(err, ZC_E_NOMEM, "no memory for the host's evidence");
        return json_object_update(ev->host, copy) == 0 ||
               zc_fail(err, ZC_E_NOMEM, "no memory for the host's evidence");
}

bool zc_evidence_take(struct zc_evidence *ev, enum zc_record form, const json_t *value,
                      const struct zc_slice *at, struct zc_err *err)
{
        if (form == ZC_RECORD_HOST)
                return host_take(ev, value, at, err);
        if (form == ZC_RECORD_ENDPOINT)
                return endpoint_take(ev, value, at, err);
        return index_add(&ev->index[form], at, err);
}

/* ---- writing ---- */

int zc_temporary(struct zc_err *err)
{
        const char *folder = getenv("TMPDIR");
        char path[4096];
        int fd, n;

        if (!folder || !*folder)
                folder = "/tmp";
        n = snprintf(path, sizeof(path), "%s/zerocrit.XXXXXX", folder);
        if (n < 0 || (size_t)n >= sizeof(path)) {
                zc_fail(err, ZC_E_USAGE, "TMPDIR is too long a path: set it to a shorter one");
                return -1;
        }
        fd = mkostemp(path, O_CLOEXEC);
        if (fd < 0)
                zc_fail_errno(err,
                              "cannot make a temporary file in %s (set TMPDIR to another folder)",
                              folder);
        else
                unlink(path);
        return fd;
}

/** A new file at path; what a run before left there is replaced, anything but a file is not. */
static int stream_create(const char *path, struct zc_err *err)
{
        struct stat st;
        int fd;

        if (lstat(path, &st) == 0) {
                if (!S_ISREG(st.st_mode)) {
                        zc_fail(err, ZC_E_USAGE,
                                "cannot write %s: it is there and is no ordinary file", path);
                        return -1;
                }
                unlink(path);
        }
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                zc_fail_errno(err, "cannot write %s", path);
        else
                zc_file_give(fd);
        return fd;
}

/** The line and its LF, or nothing: what a full disk let through is cut off again. */
static bool line_write(struct zc_evidence *ev, char *line, size_t n, struct zc_err *err)
{
        size_t done = 0;

        line[n++] = '\n'; /* in place of the NUL */
        while (done < n) {
                ssize_t put = pwrite(ev->fd, line + done, n - done, (off_t)(ev->size + done));

                if (put < 0 && errno == EINTR)
                        continue;
                if (put < 0) {
                        zc_fail_errno(err, "cannot write %s", ev->name);
                        if (ftruncate(ev->fd, (off_t)ev->size) != 0)
                                zc_ctx(err, "the last line is cut");
                        return false;
                }
                done += (size_t)put;
        }
        ev->size += n;
        return true;
}

/** Writes one value as a line. *at: where it stands. */
static bool record_write(struct zc_evidence *ev, const json_t *record, struct zc_slice *at,
                         struct zc_err *err)
{
        ZC_AUTO_MEM char *line = zc_json_line(record);
        size_t n = line ? strlen(line) : 0;

        if (!line)
                return zc_fail(err, ZC_E_NOMEM, "no memory to write a record to %s", ev->name);
        if (n > ZC_EVIDENCE_LINE_MAX)
                return zc_fail(err, ZC_E_LIMIT, "a record of %zu bytes is larger than %zu", n,
                               ZC_EVIDENCE_LINE_MAX);
        *at = (struct zc_slice){ .off = ev->size, .len = (uint32_t)n, .line = 1, .column = 1 };
        return line_write(ev, line, n, err);
}

bool zc_evidence_create(const char *path, const json_t *run, struct zc_evidence **out,
                        struct zc_err *err)
{
        ZC_AUTO(zc_evidence) ev = zc_evidence_new(path ? path : "evidence", err);
        json_auto_t *head =
                json_pack("{ssso}", "schema", ZC_EVIDENCE_SCHEMA, "run", json_deep_copy(run));
        struct zc_slice at = { 0 };

        if (!ev)
                return false;
        if (!head)
                return zc_fail(err, ZC_E_NOMEM, "no memory for evidence");
        if (!zc_evidence_check("run", run, err))
                return false;
        ev->fd = path ? stream_create(path, err) : zc_temporary(err);
        if (ev->fd < 0 || !record_write(ev, head, &at, err))
                return false;
        ev->run = json_incref(json_object_get(head, "run"));
        ev->wrapped = ev->writable = true;
        *out = ZC_TAKE(ev);
        return true;
}

bool zc_evidence_rename(struct zc_evidence *ev, const char *path, struct zc_err *err)
{
        char *name = strdup(path);

        if (!name)
                return zc_fail(err, ZC_E_NOMEM, "no memory for evidence");
        if (rename(ev->name, path) != 0) {
                free(name);
                return zc_fail_errno(err, "cannot write %s", path);
        }
        free(ev->name);
        ev->name = name;
        return true;
}

bool zc_evidence_put(struct zc_evidence *ev, const json_t *record, struct zc_err *err)
{
        const json_t *value = NULL;
        enum zc_record form = zc_record_form(record, &value);
        struct zc_slice at = { 0 };

        if (!ev->writable)
                return zc_fail(err, ZC_E_USAGE, "%s is finished: no more evidence can join it",
                               ev->name);
        if (form == ZC_RECORD_COUNT)
                return zc_fail(err, ZC_E_MALFORMED,
                               "a record is one of {host}, {endpoint}, {scan} and {problem}");
        if (!zc_evidence_check(record_names[form], value, err))
                return zc_ctx(err, "a record {%s}", record_names[form]);
        return record_write(ev, record, &at, err) && zc_evidence_take(ev, form, value, &at, err);
}

bool zc_evidence_finish(struct zc_evidence *ev, struct zc_err *err)
{
        char now[ZC_TIME_LEN];
        json_auto_t *record = NULL;
        struct zc_slice at = { 0 };

        if (!ev->writable)
                return zc_fail(err, ZC_E_USAGE, "%s is finished already", ev->name);
        zc_time_format(zc_wall_ms(), now);
        record = json_pack("{ss}", "finished", now);
        if (!record || json_object_set_new(ev->run, "finished", json_string(now)) != 0)
                return zc_fail(err, ZC_E_NOMEM, "no memory to finish %s", ev->name);
        if (!record_write(ev, record, &at, err))
                return false;
        ev->finished = true;
        ev->writable = false;
        return true;
}
