/** The head of an HTTP response. Pure. */
#include "zc/http_wire.h"

#include <string.h>
#include <strings.h>

/* ---- pieces ---- */

bool zc_http_tchar(uint8_t c)
{
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               (c != 0 && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_white(uint8_t c)
{
        return c == ' ' || c == '\t';
}

struct zc_rd zc_http_trim(struct zc_rd in)
{
        while (in.n > 0 && is_white(in.p[0])) {
                in.p++;
                in.n--;
        }
        while (in.n > 0 && is_white(in.p[in.n - 1]))
                in.n--;
        return in;
}

bool zc_http_is(struct zc_rd bytes, const char *text)
{
        return bytes.n == strlen(text) && strncasecmp((const char *)bytes.p, text, bytes.n) == 0;
}

bool zc_http_part(struct zc_rd *in, uint8_t c, bool *more, struct zc_rd *part)
{
        if (!*more)
                return false;
        *more = zc_rd_until(in, c, part);
        if (!*more) {
                *part = *in;
                in->p += in->n;
                in->n = 0;
        }
        *part = zc_http_trim(*part);
        return true;
}

size_t zc_http_token(struct zc_rd in)
{
        size_t n = 0;

        while (n < in.n && zc_http_tchar(in.p[n]))
                n++;
        return n;
}

size_t zc_http_quoted(struct zc_rd in)
{
        if (in.n == 0 || in.p[0] != '"')
                return 0;
        for (size_t i = 1; i < in.n; i++) {
                if (in.p[i] == '"')
                        return i + 1;
                if (in.p[i] == '\\')
                        i++;
        }
        return 0;
}

/* ---- the head ---- */

static bool digits(struct zc_rd *in, size_t count, unsigned *out)
{
        unsigned v = 0;
        uint8_t c;

        for (size_t i = 0; i < count; i++) {
                if (!zc_rd_u8(in, &c) || c < '0' || c > '9')
                        return false;
                v = v * 10 + (c - '0');
        }
        *out = v;
        return true;
}

/* "HTTP/1.1 200 OK", and "HTTP/2 200" as clients write it down for a version without lines (RFC 9112 section 4) */
static bool status_line(struct zc_rd line, struct zc_http_head *h)
{
        if (!zc_rd_starts(line, "HTTP/", 5) || !zc_rd_skip(&line, 5) ||
            !digits(&line, 1, &h->major))
                return false;
        if (zc_rd_starts(line, ".", 1) && (!zc_rd_skip(&line, 1) || !digits(&line, 1, &h->minor)))
                return false;
        if (!zc_rd_starts(line, " ", 1) || !zc_rd_skip(&line, 1) || !digits(&line, 3, &h->status) ||
            h->status < 100)
                return false;
        if (line.n > 0 && line.p[0] != ' ')
                return false;
        h->reason = zc_http_trim(line);
        return true;
}

/* field-name ":" OWS field-value OWS; no white space before the colon (RFC 9112 section 5.1) */
static bool field_line(struct zc_rd line, struct zc_http_field *f)
{
        size_t n = zc_http_token(line);

        if (n == 0 || n >= line.n || line.p[n] != ':')
                return false;
        f->name = (struct zc_rd){ line.p, n };
        f->value = zc_http_trim((struct zc_rd){ line.p + n + 1, line.n - n - 1 });
        return true;
}

/** A line that begins with white space goes on with the one before: its line end becomes spaces, so that both are one window. */
static void unfold(uint8_t *p, const struct zc_rd *line)
{
        uint8_t *end = p + (line->p - p);

        while (end > p && (end[-1] == '\n' || end[-1] == '\r'))
                *--end = ' ';
}

static void field_add(struct zc_http_head *h, struct zc_rd line)
{
        struct zc_http_field f;

        if (!field_line(line, &f))
                h->malformed++;
        else if (h->count == ZC_HTTP_FIELDS_MAX)
                h->dropped++;
        else
                h->fields[h->count++] = f;
}

/** Everything up to the empty line, true when there is one; a field is taken when the line after it shows that it has ended. */
static bool fields(uint8_t *p, struct zc_rd *in, struct zc_http_head *h)
{
        struct zc_rd line, held = { NULL, 0 };

        while (zc_rd_line(in, &line)) {
                if (held.p && line.n > 0 && is_white(line.p[0])) {
                        unfold(p, &line);
                        held.n = (size_t)(line.p - held.p) + line.n;
                        h->folded++;
                        continue;
                }
                if (held.p)
                        field_add(h, held);
                if (line.n == 0)
                        return true;
                held = line;
        }
        if (held.p)
                field_add(h, held);
        return false;
}

static bool status_take(struct zc_rd *in, struct zc_http_head *h, struct zc_err *err)
{
        size_t n = in->n;
        struct zc_rd line;

        if (!zc_rd_line(in, &line))
                return zc_fail(err, ZC_E_LIMIT, "the status line has no end in %zu bytes", n);
        return status_line(line, h) ||
               zc_fail(err, ZC_E_MALFORMED, "the answer does not begin as HTTP does");
}

bool zc_http_head_parse_cut(uint8_t *p, size_t n, struct zc_http_head *out, struct zc_err *err)
{
        struct zc_http_head h = { .cut = true };
        struct zc_rd in = { p, n };

        if (!status_take(&in, &h, err))
                return false;
        (void)fields(p, &in, &h);
        *out = h;
        return true;
}

bool zc_http_head_whole(const struct zc_http_head *head)
{
        return !head->cut && head->dropped == 0;
}

bool zc_http_head_parse(uint8_t *p, size_t n, struct zc_http_head *out, size_t *used,
                        struct zc_err *err)
{
        struct zc_http_head h = { 0 };
        struct zc_rd in = { p, n };

        if (!status_take(&in, &h, err))
                return false;
        if (!fields(p, &in, &h))
                return zc_fail(err, ZC_E_LIMIT, "the headers have no end in %zu bytes", n);
        *used = n - in.n;
        *out = h;
        return true;
}

const struct zc_rd *zc_http_find(const struct zc_http_head *head, const char *name, size_t n)
{
        for (size_t i = 0; i < head->count; i++)
                if (zc_http_is(head->fields[i].name, name) && n-- == 0)
                        return &head->fields[i].value;
        return NULL;
}

size_t zc_http_count(const struct zc_http_head *head, const char *name)
{
        size_t n = 0;

        while (zc_http_find(head, name, n))
                n++;
        return n;
}
