/** Outputs: distinct, whole or absent. */
#include "outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "zc/evidence.h"
#include "zc/judge.h"
#include "zc/log.h"
#include "zc/text.h"

/** Devices and pipes are not replaced, and may be named twice. */
static bool is_file(const char *path)
{
        struct stat st;

        return stat(path, &st) != 0 || S_ISREG(st.st_mode);
}

/** Where a path leads, its last part existing or not; NULL when its folder does not exist. free() */
static char *place(const char *path)
{
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        ZC_AUTO_MEM char *folder = NULL;
        ZC_AUTO_MEM char *real = realpath(path, NULL);
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 2 * (size_t)PATH_MAX);
        if (real)
                return ZC_TAKE(real);
        folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
        real = folder ? realpath(folder, NULL) : NULL;
        if (!real)
                return NULL;
        zc_text_printf(&t, "%s/%s", real, name);
        return zc_text_steal(&t);
}

/** Is standard output this very file? */
static bool is_stdout(const char *path)
{
        struct stat a, b;

        if (strcmp(path, "-") == 0)
                return true;
        return stat(path, &a) == 0 && fstat(STDOUT_FILENO, &b) == 0 && !S_ISCHR(a.st_mode) &&
               a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool same_place(const char *a, const char *b)
{
        ZC_AUTO_MEM char *x = NULL;
        ZC_AUTO_MEM char *y = NULL;

        if (is_stdout(a) && is_stdout(b))
                return true;
        if (strcmp(a, "-") == 0 || strcmp(b, "-") == 0 || !is_file(a) || !is_file(b))
                return false;
        x = place(a);
        y = place(b);
        return x && y ? strcmp(x, y) == 0 : strcmp(a, b) == 0;
}

static bool path_check(const struct zc_output *one, struct zc_err *err)
{
        struct stat st;
        ZC_AUTO_MEM char *where = NULL;
        size_t n = strlen(one->path);

        if (n == 0)
                return zc_fail(err, ZC_E_USAGE, "%s: the file name is empty", one->named);
        if (strcmp(one->path, "-") == 0)
                return true;
        if ((stat(one->path, &st) == 0 && S_ISDIR(st.st_mode)) || one->path[n - 1] == '/')
                return zc_fail(err, ZC_E_USAGE, "%s: %s is a directory; name a file in it",
                               one->named, one->path);
        where = place(one->path);
        if (!where && !one->folder)
                return zc_fail(err, ZC_E_USAGE,
                               "%s: cannot write %s: its folder does not exist; make it first",
                               one->named, one->path);
        return true;
}

bool zc_outputs_add(struct zc_outputs *w, struct zc_output one, struct zc_err *err)
{
        if (!path_check(&one, err))
                return false;
        for (size_t i = 0; i < w->count; i++) {
                if (same_place(w->item[i].path, one.path))
                        return zc_fail(err, ZC_E_USAGE,
                                       "%s and %s would both write %s: give each a path of its own",
                                       w->item[i].named, one.named,
                                       strcmp(one.path, "-") == 0 ? "standard output" : one.path);
        }
        if (w->count == ZC_OUTPUTS_MAX)
                return zc_fail(err, ZC_E_USAGE, "more than %u outputs", ZC_OUTPUTS_MAX);
        w->item[w->count++] = one;
        return true;
}

static const struct zc_format *format_named(const char *name, const char *option,
                                            struct zc_err *err)
{
        const struct zc_format *f = zc_format_find(name);
        const char *near = zc_nearest(name, zc_format_names());
        ZC_AUTO_TEXT have = { 0 };

        zc_text_init(&have, 256);
        for (size_t i = 0; zc_formats[i]; i++)
                zc_text_printf(&have, "%s%s", i ? ", " : "", zc_formats[i]->name);
        if (!f && near)
                zc_fail(err, ZC_E_USAGE, "%s: there is no format \"%.64s\"; did you mean %s?",
                        option, name, near);
        else if (!f)
                zc_fail(err, ZC_E_USAGE, "%s: there is no format \"%.64s\"; this version has %s",
                        option, name, zc_text_str(&have));
        return f;
}

/** --report FORMAT=PATH */
static bool add_option(struct zc_outputs *w, const char *value, struct zc_err *err)
{
        struct zc_arena *arena = w->o->arena;
        const char *equals = strchr(value, '=');
        struct zc_output one = { 0 };
        const char *name;

        if (!equals)
                return zc_fail(err, ZC_E_USAGE,
                               "--report %.128s: write FORMAT=PATH, such as json=report.json",
                               value);
        name = zc_arena_strndup(arena, value, (size_t)(equals - value));
        one.named = zc_arena_printf(arena, "--report %s", value);
        if (!name || !one.named)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the outputs");
        one.path = equals + 1;
        one.format = format_named(name, "--report", err);
        return one.format && zc_outputs_add(w, one, err);
}

/** reports: {dir: out, formats: [json], json: out/zc.json}; config_check has seen to the formats. Relative to where we run. */
static bool add_configured(struct zc_outputs *w, const struct zc_config *c, struct zc_err *err)
{
        json_t *reports = json_object_get(zc_config_root(c), "reports");
        const char *dir = zc_json_str(reports, "dir", NULL);
        const json_t *v;
        const char *key;
        size_t i;

        json_array_foreach (json_object_get(reports, "formats"), i, v) {
                const struct zc_format *f = zc_format_find(json_string_value(v));
                const char *path = f && f->file && dir
                                           ? zc_arena_printf(w->o->arena, "%s/%s", dir, f->file)
                                           : NULL;

                if (!path)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for the outputs");
                if (!zc_outputs_add(w, (struct zc_output){ path, "reports.dir", f, true }, err))
                        return false;
        }
        json_object_foreach (reports, key, v) {
                const struct zc_format *f = zc_format_find(key);
                const char *named = f ? zc_arena_printf(w->o->arena, "reports.%s", key) : NULL;

                if (f && named &&
                    !zc_outputs_add(w, (struct zc_output){ json_string_value(v), named, f, false },
                                    err))
                        return false;
        }
        return true;
}

bool zc_outputs_reports(struct zc_outputs *w, const struct zc_options *o, const char *usual,
                        const struct zc_config *c, struct zc_err *err)
{
        struct zc_output own = { .path = o->output ? o->output : "-",
                                 .named = o->output ? "-o" : "the command's own document" };

        w->o = o;
        own.format = format_named(o->format ? o->format : usual, "--format", err);
        if (!own.format || !zc_outputs_add(w, own, err))
                return false;
        for (size_t i = 0; i < o->reports.count; i++) {
                if (!add_option(w, o->reports.item[i], err))
                        return false;
        }
        return !c || add_configured(w, c, err);
}

bool zc_outputs_spare(const struct zc_outputs *w, const char *input, struct zc_err *err)
{
        for (size_t i = 0; i < w->count; i++) {
                if (strcmp(input, "-") != 0 && strcmp(w->item[i].path, "-") != 0 &&
                    same_place(w->item[i].path, input))
                        return zc_fail(
                                err, ZC_E_USAGE,
                                "%s would write over %s, which is read: give it a path of its own",
                                w->item[i].named, input);
        }
        return true;
}

/** One folder, not its parents: a misspelt path must not grow a tree. */
static bool make_folder(const char *path, struct zc_err *err)
{
        const char *slash = strrchr(path, '/');
        ZC_AUTO_MEM char *folder =
                slash && slash != path ? strndup(path, (size_t)(slash - path)) : NULL;
        ZC_AUTO_FD int fd = -1;

        if (!folder)
                return true;
        if (mkdir(folder, 0700) != 0)
                return errno == EEXIST || zc_fail_errno(err, "cannot make the folder %s", folder);
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
                zc_file_give(fd);
        return true;
}

bool zc_colour_wanted(const struct zc_options *o, const char *path)
{
        const char *term = getenv("TERM");
        const char *no = getenv("NO_COLOR");

        return strcmp(path, "-") == 0 && o->terminal_out && !o->no_color && !(no && *no) &&
               !(term && strcmp(term, "dumb") == 0);
}

static bool write_one(const struct zc_outputs *w, const struct zc_output *one,
                      const char *const *files, const json_t *report, struct zc_err *err)
{
        struct zc_render how = { .columns = zc_columns(STDOUT_FILENO),
                                 .verbose = (int)(w->o->verbose > 2 ? 2 : w->o->verbose),
                                 .files = files };
        ZC_AUTO(zc_out) out = NULL;

        how.colour = zc_colour_wanted(w->o, one->path);
        if (one->folder && !make_folder(one->path, err))
                return false;
        return zc_out_open(one->path, 0600, &out, err) &&
               one->format->render(report, &how, out, err) && zc_out_commit(out, err);
}

/** The page ends in the verdict; whoever reads something else, or keeps the page in a file, gets it on standard error. */
static bool say_verdict(const struct zc_outputs *w, const json_t *report, struct zc_err *err)
{
        ZC_AUTO_MEM char *verdict = NULL;
        ZC_AUTO_TEXT clean = { 0 };

        zc_text_init(&clean, ZC_TEXT_CEILING);
        for (size_t i = 0; i < w->count; i++) {
                if (strcmp(w->item[i].path, "-") == 0 && w->item[i].format &&
                    !w->item[i].format->file)
                        return true;
        }
        verdict = zc_report_verdict(report);
        if (!verdict)
                return true;
        zc_text_escape(&clean, verdict, strlen(verdict));
        if (fprintf(stderr, "%s\n", zc_text_str(&clean)) < 0 || fflush(stderr) != 0)
                return zc_fail_errno(err, "cannot write the verdict to standard error");
        return true;
}

/** A folder that is still to be made: is the one above it ours to write in? */
static bool try_folder(const struct zc_output *one, bool *there, struct zc_err *err)
{
        const char *slash = strrchr(one->path, '/');
        ZC_AUTO_MEM char *folder = slash && slash != one->path
                                           ? strndup(one->path, (size_t)(slash - one->path))
                                           : NULL;
        char *above;

        *there = !folder || access(folder, F_OK) == 0;
        if (*there)
                return true;
        above = strrchr(folder, '/');
        if (above)
                above[above == folder] = '\0';
        return access(above ? folder : ".", W_OK | X_OK) == 0 ||
               zc_fail_errno(err, "cannot write %s", one->path);
}

bool zc_outputs_try(const struct zc_outputs *w, struct zc_err *err)
{
        for (size_t i = 0; i < w->count; i++) {
                const struct zc_output *one = &w->item[i];
                ZC_AUTO(zc_out) out = NULL;
                bool there = true;

                if (strcmp(one->path, "-") == 0 || !is_file(one->path))
                        continue;
                if ((one->folder && !try_folder(one, &there, err)) ||
                    (there && !zc_out_open(one->path, 0600, &out, err)))
                        return zc_ctx(err, "%s; nothing was sent", one->named);
        }
        return true;
}

bool zc_outputs_write(const struct zc_outputs *w, const json_t *report, struct zc_err *err)
{
        const char *files[ZC_OUTPUTS_MAX + 1] = { NULL };
        struct zc_err unsaid = { 0 };
        size_t written = 0;
        bool good = true;

        for (size_t i = w->count; i-- > 0;) {
                const struct zc_output *one = &w->item[i];
                struct zc_err why = { 0 };

                if (!one->format) { /* evidence: written already */
                        files[written++] = one->path;
                } else if (write_one(w, one, files, report, &why)) {
                        if (strcmp(one->path, "-") != 0)
                                files[written++] = one->path;
                } else if (good) {
                        *err = why;
                        good = false;
                } else {
                        zc_log(ZC_LOG_ERROR, "%s", why.text);
                }
        }
        if (!say_verdict(w, report, &unsaid) && good) {
                *err = unsaid;
                good = false;
        }
        return good;
}

bool zc_outputs_evidence(struct zc_evidence *ev, const char *path, struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;

        return zc_out_open(path, 0600, &out, err) && zc_evidence_document(ev, out, err) &&
               zc_out_commit(out, err);
}

const char *zc_report_usual(void)
{
        static const char *const usual[] = { "report.json", "build/audit/report.json" };

        for (size_t i = 0; i < ZC_COUNT(usual); i++) {
                if (access(usual[i], F_OK) == 0)
                        return usual[i];
        }
        return NULL;
}
