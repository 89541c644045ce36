/*
 * Opening saved evidence. Both forms begin with an object that has `schema` and `run`; when nothing else stands in it, it is a
 * stream's head and lines of records may follow, else it is the document. It is cut into parts, never read whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "internal.h"
#include "zc/clock.h"

#define KEY_MAX 256u
#define COPY_SIZE 65536u
#define SPOOL_MAX ((uint64_t)64 << 30)
#define SCHEMA_STEM "zerocrit.evidence/"

/** The members of a document that this version knows. */
enum member { SCHEMA, RUN, HOST, ENDPOINTS, SCANS, PROBLEMS, EXPOSURE, MEMBER_COUNT };

static const struct member_row {
        const char *name;
        size_t cap;            /* bytes of the value or of one element */
        enum zc_record record; /* what it is taken in as; ZC_RECORD_COUNT: not at all */
        bool list;             /* an array, taken element by element */
} members[] = {
        [SCHEMA] = { "schema", 256, ZC_RECORD_COUNT, false },
        [RUN] = { "run", ZC_EVIDENCE_LINE_MAX, ZC_RECORD_COUNT, false },
        [HOST] = { "host", ZC_EVIDENCE_HOST_MAX, ZC_RECORD_HOST, false },
        [ENDPOINTS] = { "endpoints", ZC_EVIDENCE_LINE_MAX, ZC_RECORD_ENDPOINT, true },
        [SCANS] = { "scans", ZC_EVIDENCE_LINE_MAX, ZC_RECORD_SCAN, true },
        [PROBLEMS] = { "problems", ZC_EVIDENCE_LINE_MAX, ZC_RECORD_PROBLEM, true },
        [EXPOSURE] = { "exposure", ZC_EVIDENCE_LINE_MAX, ZC_RECORD_COUNT,
                       true }, /* computed anew */
};
_Static_assert(ZC_COUNT(members) == MEMBER_COUNT, "every member has a row");

/** A document being read: which members have been seen. */
struct reader {
        struct zc_evidence *ev;
        struct zc_slicer s;
        bool seen[MEMBER_COUNT];
};

static bool fail_at(const struct reader *r, const struct zc_slice *at, struct zc_err *err)
{
        return zc_ctx(err, "%s:%u:%u", r->ev->name, at->line, at->column);
}

/** The schema's name, an older or newer major, or something else altogether. */
static bool schema_check(const json_t *value, struct zc_err *err)
{
        const char *name = json_string_value(value);
        ZC_AUTO_TEXT shown = { 0 };

        zc_text_init(&shown, 64);
        if (name && strcmp(name, ZC_EVIDENCE_SCHEMA) == 0)
                return true;
        zc_text_escape(&shown, name ? name : "", json_string_length(value));
        if (name && strncmp(name, SCHEMA_STEM, strlen(SCHEMA_STEM)) == 0)
                return zc_fail(err, ZC_E_UNSUPPORTED,
                               "this evidence is \"%s\" and this zerocrit reads \"%s\": read it "
                               "with the version that wrote it",
                               zc_text_str(&shown), ZC_EVIDENCE_SCHEMA);
        return zc_fail(err, ZC_E_MALFORMED, "\"schema\" is \"%s\": evidence has \"%s\"",
                       zc_text_str(&shown), ZC_EVIDENCE_SCHEMA);
}

static bool record_take(struct zc_evidence *ev, enum zc_record form, const json_t *value,
                        const struct zc_slice *at, struct zc_err *err)
{
        return zc_evidence_check(zc_record_name(form), value, err) &&
               zc_evidence_take(ev, form, value, at, err);
}

/** One value of a document, or one element of its arrays. */
static bool part_take(struct reader *r, enum member m, struct zc_err *err)
{
        struct zc_slice at;
        json_auto_t *value = NULL;
        bool ok = true;

        if (!zc_slicer_value(&r->s, members[m].cap, &at, err))
                return false;
        value = zc_slice_load(r->ev->fd, r->ev->name, &at, err);
        if (!value)
                return false;
        if (m == SCHEMA)
                ok = schema_check(value, err);
        else if (m == RUN)
                ok = zc_evidence_check("run", value, err);
        else if (members[m].record != ZC_RECORD_COUNT)
                ok = record_take(r->ev, members[m].record, value, &at, err);
        if (!ok)
                return fail_at(r, &at, err);
        if (m == RUN)
                r->ev->run = json_incref(value);
        return true;
}

/** After a value: true when another follows; *end when the list is closed. */
static bool comma(struct zc_slicer *s, char close, bool *end, struct zc_err *err)
{
        int c = zc_slicer_peek_token(s);

        if (c != ',' && c != close)
                return zc_slicer_fail(s, err,
                                      c < 0 ? "the text ends before '%c': it was cut"
                                            : "',' or '%c' is missing here",
                                      close);
        zc_slicer_next(s);
        *end = c == close;
        return true;
}

static bool list_take(struct reader *r, enum member m, struct zc_err *err)
{
        bool end = false;

        if (zc_slicer_peek_token(&r->s) != '[')
                return zc_slicer_fail(&r->s, err, "\"%s\" must be an array", members[m].name);
        zc_slicer_next(&r->s);
        if (zc_slicer_peek_token(&r->s) == ']') {
                zc_slicer_next(&r->s);
                return true;
        }
        while (!end)
                if (!part_take(r, m, err) || !comma(&r->s, ']', &end, err))
                        return false;
        return true;
}

/** A member's name and its colon. *m: MEMBER_COUNT for one that a newer version has. */
static bool name_take(struct reader *r, enum member *m, struct zc_err *err)
{
        struct zc_slice at;
        json_auto_t *name = NULL;

        if (zc_slicer_peek_token(&r->s) != '"')
                return zc_slicer_fail(&r->s, err, "a member's name in quotes must stand here");
        if (!zc_slicer_value(&r->s, KEY_MAX, &at, err))
                return false;
        name = zc_slice_load(r->ev->fd, r->ev->name, &at, err);
        if (!name)
                return false;
        for (*m = 0; *m < MEMBER_COUNT; (*m)++)
                if (strcmp(members[*m].name, json_string_value(name)) == 0)
                        break;
        if (*m < MEMBER_COUNT && r->seen[*m])
                return zc_slicer_fail(&r->s, err, "\"%s\" stands here twice", members[*m].name);
        if (zc_slicer_peek_token(&r->s) != ':')
                return zc_slicer_fail(&r->s, err, "':' is missing here");
        zc_slicer_next(&r->s);
        return true;
}

/** A member that only newer versions know: its syntax is checked, and it is left alone. */
static bool unknown_take(struct reader *r, struct zc_err *err)
{
        struct zc_slice at;
        json_auto_t *value = NULL;

        if (!zc_slicer_value(&r->s, ZC_EVIDENCE_HOST_MAX, &at, err))
                return false;
        value = zc_slice_load(r->ev->fd, r->ev->name, &at, err);
        return value != NULL;
}

static bool member_take(struct reader *r, struct zc_err *err)
{
        enum member m = MEMBER_COUNT;

        if (!name_take(r, &m, err))
                return false;
        if (m == MEMBER_COUNT)
                return unknown_take(r, err);
        r->seen[m] = true;
        return members[m].list ? list_take(r, m, err) : part_take(r, m, err);
}

/** The object that both forms begin with. */
static bool object_take(struct reader *r, struct zc_err *err)
{
        int c = zc_slicer_peek_token(&r->s);
        bool end = false;

        if (c != '{')
                return zc_slicer_fail(&r->s, err,
                                      c < 0 ? "this is empty: evidence begins with {\"schema\": "
                                              "\"%s\", \"run\": ..."
                                            : "this is no evidence, which begins with {\"schema\": "
                                              "\"%s\", \"run\": ...",
                                      ZC_EVIDENCE_SCHEMA);
        zc_slicer_next(&r->s);
        while (!end)
                if (!member_take(r, err) || !comma(&r->s, '}', &end, err))
                        return false;
        for (enum member m = SCHEMA; m <= RUN; m++)
                if (!r->seen[m])
                        return zc_slicer_fail(&r->s, err, "\"%s\" is missing: this is no evidence",
                                              members[m].name);
        r->ev->finished = json_object_get(r->ev->run, "finished") != NULL;
        return true;
}

/* ---- the records of a stream ---- */

static bool finished_take(struct zc_evidence *ev, const json_t *when, struct zc_err *err)
{
        int64_t ms;

        if (!json_is_string(when) || !zc_time_parse(json_string_value(when), &ms))
                return zc_fail(err, ZC_E_MALFORMED,
                               "\"finished\" must be a time such as 2026-11-21T02:14:07Z");
        if (json_object_set(ev->run, "finished", (json_t *)(uintptr_t)when) != 0)
                return zc_fail(err, ZC_E_NOMEM, "no memory to read %s", ev->name);
        ev->finished = true;
        return true;
}

/** Records of forms that only newer versions know are passed over; one of ours with something beside it would be lost. */
static bool form_unknown(const json_t *record, struct zc_err *err)
{
        for (enum zc_record form = 0; form < ZC_RECORD_COUNT; form++) {
                if (json_object_get(record, zc_record_name(form)))
                        return zc_fail(err, ZC_E_MALFORMED,
                                       "a record {%s} with other members beside it: a line holds "
                                       "one record",
                                       zc_record_name(form));
        }
        return true;
}

static bool line_parsed(struct reader *r, const json_t *record, const struct zc_slice *at,
                        struct zc_err *err)
{
        const json_t *value = NULL;
        enum zc_record form = zc_record_form(record, &value);
        const json_t *finished = json_object_get(record, "finished");

        if (!json_is_object(record))
                return zc_fail(err, ZC_E_MALFORMED, "a record of a stream is an object");
        if (r->ev->finished)
                return zc_fail(err, ZC_E_MALFORMED, "a record after {finished}: two files in one");
        if (json_object_get(record, "schema"))
                return zc_fail(err, ZC_E_MALFORMED,
                               "a second head: two files in one; give them as two");
        if (form == ZC_RECORD_COUNT && !form_unknown(record, err))
                return false;
        if (finished)
                return finished_take(r->ev, finished, err);
        return form == ZC_RECORD_COUNT || record_take(r->ev, form, value, at, err);
}

/** One line; a last one that was cut is dropped. */
static bool line_take(struct reader *r, struct zc_err *err)
{
        struct zc_slice at;
        json_auto_t *record = NULL;
        bool whole;

        if (!zc_slicer_line(&r->s, ZC_EVIDENCE_LINE_MAX, &at, &whole, err))
                return false;
        record = zc_slice_load(r->ev->fd, r->ev->name, &at, err);
        if (!record && !whole && err->code == ZC_E_MALFORMED) {
                r->ev->cut = true;
                return true;
        }
        if (!record)
                return false;
        return line_parsed(r, record, &at, err) || fail_at(r, &at, err);
}

static bool records_take(struct reader *r, struct zc_err *err)
{
        r->ev->wrapped = true;
        while (zc_slicer_peek_token(&r->s) >= 0)
                if (!line_take(r, err))
                        return false;
        return r->s.io.code == ZC_OK || zc_slicer_fail(&r->s, err, "cannot be read");
}

static bool form_take(struct reader *r, struct zc_err *err)
{
        bool document = false;

        if (!object_take(r, err))
                return false;
        for (enum member m = HOST; m < MEMBER_COUNT; m++)
                document = document || r->seen[m];
        if (!document)
                return records_take(r, err);
        return zc_slicer_peek_token(&r->s) < 0
                       ? r->s.io.code == ZC_OK || zc_slicer_fail(&r->s, err, "cannot be read")
                       : zc_slicer_fail(&r->s, err, "more text after the end of the document");
}

/* ---- where it comes from ---- */

static bool write_all(int fd, const char *p, size_t n)
{
        while (n > 0) {
                ssize_t put = write(fd, p, n);

                if (put < 0 && errno == EINTR)
                        continue;
                if (put < 0)
                        return false;
                p += put;
                n -= (size_t)put;
        }
        return true;
}

static bool copy_all(int from, int to, const char *name, struct zc_err *err)
{
        ZC_AUTO_MEM char *buf = malloc(COPY_SIZE);
        uint64_t total = 0;
        ssize_t n;

        if (!buf)
                return zc_fail(err, ZC_E_NOMEM, "no memory to read %s", name);
        while ((n = read(from, buf, COPY_SIZE)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return zc_fail_errno(err, "cannot read %s", name);
                total += (uint64_t)n;
                if (total > SPOOL_MAX)
                        return zc_fail(err, ZC_E_LIMIT, "%s is larger than any evidence", name);
                if (!write_all(to, buf, (size_t)n))
                        return zc_fail_errno(err, "cannot keep %s in a temporary file", name);
        }
        return true;
}

/** Copies what can be read only once (a pipe, standard input) into a temporary file. */
static int spool(int from, const char *name, struct zc_err *err)
{
        int to = zc_temporary(err);

        if (to >= 0 && !copy_all(from, to, name, err)) {
                close(to);
                return -1;
        }
        return to;
}

static int open_path(const char *path, const char *name, struct zc_err *err)
{
        struct stat st;
        int fd, spooled = -1;

        if (strcmp(path, "-") == 0)
                return spool(STDIN_FILENO, name, err);
        do
                fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        while (fd < 0 && errno == EINTR);
        if (fd < 0) {
                zc_fail_errno(err, "cannot open %s", name);
                return -1;
        }
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
                return fd;
        if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
                zc_fail(err, ZC_E_USAGE, "%s is a folder: name the evidence file in it", name);
        else
                spooled = spool(fd, name, err);
        close(fd);
        return spooled;
}

/** Reads what ev->fd holds. */
static bool evidence_read(struct zc_evidence *ev, struct zc_err *err)
{
        struct reader r = { .ev = ev };
        bool ok;

        if (!zc_slicer_init(&r.s, ev->fd, ev->name, err))
                return false;
        ok = form_take(&r, err);
        zc_slicer_release(&r.s);
        return ok;
}

bool zc_evidence_open(const char *path, struct zc_evidence **out, struct zc_err *err)
{
        ZC_AUTO(zc_evidence) ev =
                zc_evidence_new(strcmp(path, "-") == 0 ? "standard input" : path, err);

        if (!ev)
                return false;
        ev->fd = open_path(path, ev->name, err);
        if (ev->fd < 0 || !evidence_read(ev, err))
                return false;
        *out = ZC_TAKE(ev);
        return true;
}

bool zc_evidence_open_bytes(const char *name, const void *p, size_t n, struct zc_evidence **out,
                            struct zc_err *err)
{
        ZC_AUTO(zc_evidence) ev = zc_evidence_new(name, err);

        if (!ev)
                return false;
        ev->fd = memfd_create("evidence", MFD_CLOEXEC);
        if (ev->fd < 0)
                return zc_fail_errno(err, "cannot keep %s in memory", name);
        if (!write_all(ev->fd, p, n))
                return zc_fail_errno(err, "cannot keep %s in memory", name);
        if (!evidence_read(ev, err))
                return false;
        *out = ZC_TAKE(ev);
        return true;
}
