/** What a command writes, and where: no two on one path, none over what it reads. */
#ifndef ZC_CLI_OUTPUTS_H
#define ZC_CLI_OUTPUTS_H

#include "zc/cli.h"
#include "zc/config.h"
#include "zc/report.h"

#define ZC_OUTPUTS_MAX 32u

struct zc_output {
        const char *path;  /* "-" is standard output */
        const char *named; /* what named it: "-o", "--report json=…", "reports.json" */
        const struct zc_format *format; /* NULL: not a report (evidence, or a stream) */
        bool folder;                    /* its folder is ours to make */
};

struct zc_outputs {
        const struct zc_options *o;
        struct zc_output item[ZC_OUTPUTS_MAX];
        size_t count;
};

/** Add one. Paths that are empty, a directory, in no directory, or taken are ZC_E_USAGE. */
bool zc_outputs_add(struct zc_outputs *w, struct zc_output one, struct zc_err *err) ZC_MUST_USE;
/** A report command's own: -o in --format (@usual: when none is given), every --report, and the configuration's reports (c may be NULL). */
bool zc_outputs_reports(struct zc_outputs *w, const struct zc_options *o, const char *usual,
                        const struct zc_config *c, struct zc_err *err) ZC_MUST_USE;
/** An input that no output may replace: ZC_E_USAGE. */
bool zc_outputs_spare(const struct zc_outputs *w, const char *input,
                      struct zc_err *err) ZC_MUST_USE;
/**
 * Render a report into every one of them, the first of the list last, so that a terminal page can name the files beside it. Each file is whole or
 * not there. All are tried; the first failure is returned and the others logged. Where the verdict is not in a terminal page, it goes to
 * standard error.
 */
/** That each can be created, before anything is looked at; leaves nothing behind. */
bool zc_outputs_try(const struct zc_outputs *w, struct zc_err *err) ZC_MUST_USE;
bool zc_outputs_write(const struct zc_outputs *w, const json_t *report,
                      struct zc_err *err) ZC_MUST_USE;
/** Colour is for a person at a terminal that has it and who does not mind. */
bool zc_colour_wanted(const struct zc_options *o, const char *path);
/** An omitted REPORT: ./report.json, else what `make audit` leaves; NULL when neither is there. */
const char *zc_report_usual(void);
/** Write a document of evidence to PATH. */
struct zc_evidence;
bool zc_outputs_evidence(struct zc_evidence *ev, const char *path, struct zc_err *err) ZC_MUST_USE;

#endif
