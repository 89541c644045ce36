#include "slice.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_SIZE 65536u
#define DEPTH_MAX 64u
#define INDENTED 8u /* times as large as without, at most */

bool zc_slicer_init(struct zc_slicer *s, int fd, const char *name, struct zc_err *err)
{
        *s = (struct zc_slicer){ .fd = fd, .name = name, .line = 1, .column = 1 };
        s->buf = malloc(BUFFER_SIZE);
        return s->buf || zc_fail(err, ZC_E_NOMEM, "no memory to read %s", name);
}

void zc_slicer_release(struct zc_slicer *s)
{
        free(s->buf);
        *s = (struct zc_slicer){ .fd = -1 };
}

/** At least one more byte in the buffer; false at the end, and when reading failed. */
static bool refill(struct zc_slicer *s)
{
        ssize_t n;

        if (s->eof)
                return false;
        s->base += s->n;
        s->pos = s->n = 0;
        do
                n = pread(s->fd, s->buf, BUFFER_SIZE, (off_t)s->base);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                zc_fail_errno(&s->io, "cannot read %s", s->name);
        s->eof = n <= 0;
        s->n = n > 0 ? (size_t)n : 0;
        return n > 0;
}

int zc_slicer_peek(struct zc_slicer *s)
{
        return s->pos < s->n || refill(s) ? s->buf[s->pos] : -1;
}

void zc_slicer_next(struct zc_slicer *s)
{
        uint8_t c = s->buf[s->pos++];

        if (c == '\n') {
                s->line++;
                s->column = 1;
        } else if ((c & 0xc0) != 0x80) {
                s->column++;
        }
}

static bool is_space(int c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int zc_slicer_peek_token(struct zc_slicer *s)
{
        int c;

        while (is_space(c = zc_slicer_peek(s)))
                zc_slicer_next(s);
        return c;
}

bool zc_slicer_fail(struct zc_slicer *s, struct zc_err *err, const char *fmt, ...)
{
        char words[384];
        va_list ap;

        if (s->io.code != ZC_OK) {
                *err = s->io;
                return false;
        }
        va_start(ap, fmt);
        vsnprintf(words, sizeof(words), fmt, ap);
        va_end(ap);
        return zc_fail(err, ZC_E_MALFORMED, "%s:%u:%u: %s", s->name, s->line, s->column, words);
}

static uint64_t here(const struct zc_slicer *s)
{
        return s->base + s->pos;
}

static struct zc_slice slice_start(const struct zc_slicer *s)
{
        return (struct zc_slice){ .off = here(s), .line = s->line, .column = s->column };
}

/** What has been read of a value: brackets still open, and whether within a string. */
struct nest {
        size_t bytes; /* without the white space between values: a document counts as the stream that it came from */
        unsigned int depth;
        bool string, escaped;
};

/** Takes one byte of a value into account. False for more levels than any evidence has. */
static bool nest_take(struct nest *n, int c)
{
        n->bytes += n->string || !is_space(c);
        if (n->string) {
                n->string = n->escaped || c != '"';
                n->escaped = !n->escaped && c == '\\';
        } else if (c == '"') {
                n->string = true;
        } else if (c == '[' || c == '{') {
                n->depth++;
        } else if ((c == ']' || c == '}') && n->depth > 0) {
                n->depth--;
        }
        return n->depth <= DEPTH_MAX;
}

/** Whether a number or a word ends before c. */
static bool scalar_ends(int c)
{
        return c < 0 || is_space(c) || c == ',' || c == ']' || c == '}' || c == ':';
}

bool zc_slicer_value(struct zc_slicer *s, size_t cap, struct zc_slice *out, struct zc_err *err)
{
        int c = zc_slicer_peek_token(s);
        bool scalar = c != '{' && c != '[' && c != '"';
        struct zc_slice at = slice_start(s);
        struct nest nest = { 0 };

        if (scalar && scalar_ends(c))
                return zc_slicer_fail(s, err,
                                      c < 0 ? "the text ends where a value should stand: it was cut"
                                            : "a value is missing here");
        do {
                if (c < 0)
                        return zc_slicer_fail(
                                s, err,
                                "the text ends within the value that begins at %u:%u: it was cut",
                                at.line, at.column);
                if (nest.bytes >= cap || here(s) - at.off >= INDENTED * (uint64_t)cap)
                        return zc_slicer_fail(
                                s, err, "the value that begins at %u:%u is larger than %zu bytes",
                                at.line, at.column, cap);
                if (!nest_take(&nest, c))
                        return zc_slicer_fail(s, err, "more than %u levels of nesting", DEPTH_MAX);
                zc_slicer_next(s);
                c = scalar || nest.depth > 0 || nest.string ? zc_slicer_peek(s) : -1;
        } while (scalar ? !scalar_ends(c) : nest.depth > 0 || nest.string);
        at.len = (uint32_t)(here(s) - at.off);
        *out = at;
        return true;
}

bool zc_slicer_line(struct zc_slicer *s, size_t cap, struct zc_slice *out, bool *whole,
                    struct zc_err *err)
{
        struct zc_slice at = slice_start(s);
        int c;

        while ((c = zc_slicer_peek(s)) >= 0 && c != '\n') {
                if (here(s) - at.off >= cap)
                        return zc_slicer_fail(s, err, "a line of more than %zu bytes is no record",
                                              cap);
                zc_slicer_next(s);
        }
        if (s->io.code != ZC_OK)
                return zc_slicer_fail(s, err, "cannot be read");
        at.len = (uint32_t)(here(s) - at.off);
        *whole = c == '\n';
        if (*whole)
                zc_slicer_next(s);
        *out = at;
        return true;
}

static bool read_exact(int fd, const char *name, uint64_t off, char *buf, size_t n,
                       struct zc_err *err)
{
        size_t done = 0;

        while (done < n) {
                ssize_t got = pread(fd, buf + done, n - done, (off_t)(off + done));

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return zc_fail_errno(err, "cannot read %s", name);
                if (got == 0)
                        return zc_fail(err, ZC_E_IO,
                                       "%s became shorter while it was read: run this again when "
                                       "it is complete",
                                       name);
                done += (size_t)got;
        }
        return true;
}

/** Moves over a word and the number behind it. */
static bool number_after(const char **text, const char *word, unsigned long *out)
{
        size_t n = strlen(word);
        char *end;

        if (strncmp(*text, word, n) != 0)
                return false;
        *out = strtoul(*text + n, &end, 10);
        *text = end;
        return true;
}

/** Turns zc_json_parse()'s "line L, column C: words", counted within a part, into the place within the file. */
static void err_place(struct zc_err *err, const char *name, const struct zc_slice *at)
{
        struct zc_err inner = *err;
        const char *words = inner.text;
        unsigned long line, column;

        if (!number_after(&words, "line ", &line) || !number_after(&words, ", column ", &column) ||
            strncmp(words, ": ", 2) != 0) {
                zc_ctx(err, "%s:%u:%u", name, at->line, at->column);
                return;
        }
        column += line <= 1 ? at->column - 1 : 0;
        line += at->line - (line > 0);
        zc_fail(err, inner.code, "%s:%lu:%lu: %s", name, line, column > 0 ? column : 1, words + 2);
}

/** The bytes of a part, NUL-terminated; free(). */
static char *part_read(int fd, const char *name, const struct zc_slice *at, struct zc_err *err)
{
        ZC_AUTO_MEM char *buf = malloc((size_t)at->len + 1);

        if (!buf) {
                zc_fail(err, ZC_E_NOMEM, "no memory to read %s", name);
                return NULL;
        }
        return read_exact(fd, name, at->off, buf, at->len, err) ? ZC_TAKE(buf) : NULL;
}

json_t *zc_slice_load(int fd, const char *name, const struct zc_slice *at, struct zc_err *err)
{
        ZC_AUTO_MEM char *buf = part_read(fd, name, at, err);
        json_t *value = buf ? zc_json_parse(buf, at->len, err) : NULL;

        if (buf && !value)
                err_place(err, name, at);
        return value;
}

/* ---- in brief ---- */

/** The position after the string that begins at `at`, quotes included. */
static size_t string_end(const char *text, size_t len, size_t at)
{
        for (at++; at < len && text[at] != '"'; at++)
                at += text[at] == '\\';
        return at < len ? at + 1 : len;
}

/** The position after the list or object that begins at `at`. */
static size_t nest_end(const char *text, size_t len, size_t at)
{
        unsigned int depth = 0;

        while (at < len) {
                char c = text[at];

                if (c == '"') {
                        at = string_end(text, len, at);
                        continue;
                }
                at++;
                depth += c == '{' || c == '[';
                depth -= c == '}' || c == ']';
                if (depth == 0)
                        break;
        }
        return at;
}

size_t zc_slice_cut(char *text, size_t len, unsigned int depth, const char *keep)
{
        size_t in = 0, out = 0, last = 0, last_len = 0; /* last: the text of the last string, without quotes */
        unsigned int now = 0;

        while (in < len) {
                char c = text[in];
                size_t end = in + 1;

                if (c == '"') {
                        end = string_end(text, len, in);
                        last = out + 1;
                        last_len = end - in >= 2 ? end - in - 2 : 0;
                } else if ((c == '{' || c == '[') && now == depth) {
                        end = nest_end(text, len, in);
                        if (end - in >= 4 &&
                            (last_len != strlen(keep) || memcmp(text + last, keep, last_len) != 0)) {
                                memcpy(text + out, "null", 4);
                                in = end;
                                out += 4;
                                continue;
                        }
                }
                now += end == in + 1 && (c == '{' || c == '[');
                now -= now > 0 && (c == '}' || c == ']');
                memmove(text + out, text + in, end - in);
                out += end - in;
                in = end;
        }
        return out;
}

json_t *zc_slice_brief(int fd, const char *name, const struct zc_slice *at, unsigned int depth,
                       const char *keep, struct zc_err *err)
{
        ZC_AUTO_MEM char *buf = part_read(fd, name, at, err);
        json_t *value =
                buf ? zc_json_parse(buf, zc_slice_cut(buf, at->len, depth, keep), err) : NULL;

        if (buf && !value)
                err_place(err, name, at);
        return value;
}
