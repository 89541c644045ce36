/** Output formats: a report in, bytes out. One file per format, one line in scanner/report/formats.def. Pure. */
#ifndef ZC_REPORT_H
#define ZC_REPORT_H

#include "zc/err.h"
#include "zc/file.h"
#include "zc/json.h"

struct zc_render {
        unsigned columns; /* terminal: 0 means 80 */
        bool colour;      /* terminal */
        int verbose;      /* 0, 1 (-v: every finding in full), 2 */
        const char *const
                *files; /* terminal: what else was written, NULL-terminated; NULL for nothing */
};

struct zc_format {
        const char *name; /* "terminal" */
        const char *summary;
        const char *file; /* usual file name: "report.json", NULL for terminal */
        bool (*render)(const json_t *report, const struct zc_render *how, struct zc_out *out,
                       struct zc_err *err);
};
extern const struct zc_format *const zc_formats[]; /* NULL-terminated */
const struct zc_format *zc_format_find(const char *name);
/** NULL-terminated, for "did you mean". */
const char *const *zc_format_names(void);

/** One finding of a report in full: evidence, proof, why it matters, fix, how to see it oneself, references. */
void zc_report_explain(const json_t *report, const json_t *finding, const struct zc_render *how, struct zc_out *out);

/**
 * Write text in lines of at most `columns`; each line after the first begins with `indent` spaces. The cursor stands at `at`. A word
 * longer than a line is broken. The text is valid UTF-8 without control characters but \n, which begins a line. Ends without a newline.
 */
void zc_wrap(struct zc_out *out, const char *text, unsigned at, unsigned indent, unsigned columns);

#endif
