/** Values of RESP. Pure. See include/zc/resp.h. */
#include <string.h>

#include "zc/resp.h"
#include "zc/text.h"

/** A line ended by CR LF. FOREIGN: a bare CR or LF, or too long. */
static enum zc_resp_next line_next(struct zc_rd *in, struct zc_rd *out)
{
        for (size_t i = 0; i < in->n && i <= ZC_RESP_LINE_MAX; i++) {
                struct zc_rd rest = *in;

                if (in->p[i] == '\n')
                        return ZC_RESP_FOREIGN;
                if (in->p[i] != '\r')
                        continue;
                if (i + 1 == in->n)
                        return ZC_RESP_MORE;
                if (in->p[i + 1] != '\n' || !zc_rd_take(&rest, i, out) || !zc_rd_skip(&rest, 2))
                        return ZC_RESP_FOREIGN;
                *in = rest;
                return ZC_RESP_VALUE;
        }
        return in->n > ZC_RESP_LINE_MAX ? ZC_RESP_FOREIGN : ZC_RESP_MORE;
}

/** A length: digits, or -1 for null (RESP2). Streamed lengths ("?") have no user. */
static bool length_parse(struct zc_rd line, uint64_t max, uint64_t *out, bool *null)
{
        *null = zc_rd_is(line, "-1");
        *out = 0;
        return *null || zc_parse_uint((const char *)line.p, line.n, max, out);
}

static bool integer_parse(struct zc_rd line, int64_t *out)
{
        bool minus = line.n > 0 && line.p[0] == '-';
        uint64_t value;

        if (line.n > 0 && (line.p[0] == '-' || line.p[0] == '+') && !zc_rd_skip(&line, 1))
                return false;
        if (!zc_parse_uint((const char *)line.p, line.n, INT64_MAX, &value))
                return false;
        *out = minus ? -(int64_t)value : (int64_t)value;
        return true;
}

/* The first byte: what follows its line. */
enum shape { LINE, NUMBER, NOTHING, BULK, ITEMS };
static const struct {
        int first;
        enum shape shape;
        enum zc_resp_kind kind;
        unsigned each; /* values that an item of the list is */
} types[] = {
        { '+', LINE, ZC_RESP_STRING, 0 },    { '-', LINE, ZC_RESP_ERROR, 0 },
        { ':', NUMBER, ZC_RESP_INTEGER, 0 }, { '$', BULK, ZC_RESP_STRING, 0 },
        { '*', ITEMS, ZC_RESP_LIST, 1 },     { '_', NOTHING, ZC_RESP_NULL, 0 },
        { '#', LINE, ZC_RESP_STRING, 0 },    { ',', LINE, ZC_RESP_STRING, 0 },
        { '(', LINE, ZC_RESP_STRING, 0 },    { '!', BULK, ZC_RESP_ERROR, 0 },
        { '=', BULK, ZC_RESP_STRING, 0 },    { '%', ITEMS, ZC_RESP_MAP, 2 },
        { '|', ITEMS, ZC_RESP_MAP, 2 },      { '~', ITEMS, ZC_RESP_LIST, 1 },
        { '>', ITEMS, ZC_RESP_LIST, 1 },
};

static int type_find(uint8_t first)
{
        for (size_t i = 0; i < ZC_COUNT(types); i++)
                if (types[i].first == first)
                        return (int)i;
        return -1;
}

/** $5 CR LF, five bytes, CR LF. */
static enum zc_resp_next bulk_next(struct zc_rd *rest, struct zc_rd line, struct zc_resp *r)
{
        uint64_t length;
        bool null;

        if (!length_parse(line, ZC_RESP_BULK_MAX, &length, &null))
                return ZC_RESP_FOREIGN;
        if (null) {
                r->kind = ZC_RESP_NULL;
                return ZC_RESP_VALUE;
        }
        if (!zc_rd_take(rest, (size_t)length, &r->text))
                return ZC_RESP_MORE;
        if (rest->n > 0 && rest->p[0] != '\r')
                return ZC_RESP_FOREIGN;
        if (rest->n < 2)
                return ZC_RESP_MORE;
        return rest->p[1] == '\n' && zc_rd_skip(rest, 2) ? ZC_RESP_VALUE : ZC_RESP_FOREIGN;
}

static enum zc_resp_next items_head(struct zc_rd line, unsigned each, struct zc_resp *r)
{
        bool null;

        if (!length_parse(line, ZC_RESP_ITEMS_MAX, &r->items, &null))
                return ZC_RESP_FOREIGN;
        r->items *= each;
        if (null)
                r->kind = ZC_RESP_NULL;
        return ZC_RESP_VALUE;
}

enum zc_resp_next zc_resp_next(struct zc_rd *in, struct zc_resp *out)
{
        struct zc_rd rest = *in, line;
        struct zc_resp r = { 0 };
        enum zc_resp_next next;
        uint8_t first;
        int type;

        if (!zc_rd_u8(&rest, &first))
                return ZC_RESP_MORE;
        type = type_find(first);
        if (type < 0)
                return ZC_RESP_FOREIGN;
        next = line_next(&rest, &line);
        if (next != ZC_RESP_VALUE)
                return next;
        r.kind = types[type].kind;
        switch (types[type].shape) {
        case LINE:
                r.text = line;
                break;
        case NUMBER:
                if (!integer_parse(line, &r.integer))
                        return ZC_RESP_FOREIGN;
                break;
        case NOTHING:
                if (line.n != 0)
                        return ZC_RESP_FOREIGN;
                break;
        case BULK:
                next = bulk_next(&rest, line, &r);
                break;
        case ITEMS:
                next = items_head(line, types[type].each, &r);
                break;
        }
        if (next == ZC_RESP_VALUE) {
                *in = rest;
                *out = r;
        }
        return next;
}

enum zc_resp_next zc_resp_whole(struct zc_rd *in, struct zc_rd *value)
{
        uint64_t left[ZC_RESP_DEPTH_MAX + 1] = { 1 }; /* values to come at each depth */
        struct zc_rd rest = *in;
        unsigned depth = 0, values = 0;

        for (;;) {
                struct zc_resp r;
                enum zc_resp_next next;

                while (left[depth] == 0 && depth > 0)
                        depth--;
                if (left[depth] == 0)
                        break;
                next = zc_resp_next(&rest, &r);
                if (next != ZC_RESP_VALUE)
                        return next;
                if (++values > ZC_RESP_VALUES_MAX)
                        return ZC_RESP_FOREIGN;
                left[depth]--;
                if (r.items == 0)
                        continue;
                if (++depth > ZC_RESP_DEPTH_MAX)
                        return ZC_RESP_FOREIGN;
                left[depth] = r.items;
        }
        *value = (struct zc_rd){ in->p, in->n - rest.n };
        *in = rest;
        return ZC_RESP_VALUE;
}

bool zc_resp_pair(struct zc_rd whole, const char *key, struct zc_rd *out)
{
        struct zc_resp head;

        if (zc_resp_next(&whole, &head) != ZC_RESP_VALUE)
                return false;
        for (uint64_t i = 0; i + 1 < head.items; i += 2) {
                struct zc_rd name_bytes, value_bytes;
                struct zc_resp name, value;

                if (zc_resp_whole(&whole, &name_bytes) != ZC_RESP_VALUE ||
                    zc_resp_whole(&whole, &value_bytes) != ZC_RESP_VALUE ||
                    zc_resp_next(&name_bytes, &name) != ZC_RESP_VALUE ||
                    zc_resp_next(&value_bytes, &value) != ZC_RESP_VALUE)
                        return false;
                if (name.kind != ZC_RESP_STRING || !zc_rd_is(name.text, key))
                        continue;
                *out = value.text;
                return value.kind == ZC_RESP_STRING;
        }
        return false;
}

bool zc_resp_info(struct zc_rd text, const char *key, struct zc_rd *out)
{
        size_t n = strlen(key);

        while (text.n > 0) {
                struct zc_rd line;

                if (!zc_rd_line(&text, &line)) {
                        line = text;
                        text.n = 0;
                }
                if (line.n > n && line.p[n] == ':' && zc_rd_starts(line, key, n) &&
                    zc_rd_skip(&line, n + 1)) {
                        *out = line;
                        return true;
                }
        }
        return false;
}
