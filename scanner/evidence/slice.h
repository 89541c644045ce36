/**
 * Cutting a large JSON text into its parts without parsing them: a forward scan over a file that tells where a value begins
 * and ends, so that only one part is ever in memory. It checks brackets and strings; the parts' grammar is zc_json_parse()'s.
 */
#ifndef ZC_EVIDENCE_SLICE_H
#define ZC_EVIDENCE_SLICE_H

#include <stdint.h>

#include "zc/json.h"

/** Where a part stands in its file. Lines and columns count from 1, columns in characters. */
struct zc_slice {
        uint64_t off;
        uint32_t len, line, column;
};

struct zc_slicer {
        int fd; /* borrowed, read with pread() */
        const char *name;
        uint8_t *buf;
        size_t pos, n; /* the byte to look at next, and how many there are, in buf */
        uint64_t base; /* file offset of buf[0] */
        uint32_t line, column;
        bool eof;
        struct zc_err io; /* code other than ZC_OK: reading failed; the slicer then stands at its end */
};

bool zc_slicer_init(struct zc_slicer *s, int fd, const char *name, struct zc_err *err) ZC_MUST_USE;
void zc_slicer_release(struct zc_slicer *s);
#define ZC_AUTO_SLICER __attribute__((cleanup(zc_slicer_release))) struct zc_slicer

/** The byte here, -1 at the end. */
int zc_slicer_peek(struct zc_slicer *s);
/** The first byte here that is not white space, -1 at the end. */
int zc_slicer_peek_token(struct zc_slicer *s);
/** Move over one byte, which was peeked. */
void zc_slicer_next(struct zc_slicer *s);
/** The value that begins at the next token, at most cap bytes of it, indentation not counted. cap is at most 256 MiB. */
bool zc_slicer_value(struct zc_slicer *s, size_t cap, struct zc_slice *out, struct zc_err *err) ZC_MUST_USE;
/** The rest of the line, without its LF. *whole: there was an LF. */
bool zc_slicer_line(struct zc_slicer *s, size_t cap, struct zc_slice *out, bool *whole, struct zc_err *err) ZC_MUST_USE;
/** "NAME:LINE:COLUMN: words", or why reading failed. Returns false. */
bool zc_slicer_fail(struct zc_slicer *s, struct zc_err *err, const char *fmt, ...) ZC_PRINTF(3, 4);

/** Read and parse one part; errors say NAME:LINE:COLUMN within the whole file. A new value. */
json_t *zc_slice_load(int fd, const char *name, const struct zc_slice *at, struct zc_err *err) ZC_MUST_USE;
/**
 * The same, but lists and objects that are members at that depth (1: of the value itself) are null, unless they are called `keep`. What is left out
 * is not parsed: for text that was parsed whole before.
 */
json_t *zc_slice_brief(int fd, const char *name, const struct zc_slice *at, unsigned int depth, const char *keep,
                       struct zc_err *err) ZC_MUST_USE;
/** What it leaves out, cut out of the text in place; the new length. Pure. */
size_t zc_slice_cut(char *text, size_t len, unsigned int depth, const char *keep);

#endif
