/** Which service says such things. Pure. See include/zc/identify.h. */
#include <string.h>

#include "question.h"
#include "zc/pgwire.h"

static enum zc_told told(const char *name, const char **service)
{
        *service = name;
        return ZC_TOLD_SERVICE;
}

/** RFC 854: IAC, then WILL, WON'T, DO or DON'T. */
static bool is_telnet(struct zc_rd in)
{
        uint8_t iac, verb, option;

        return zc_rd_u8(&in, &iac) && zc_rd_u8(&in, &verb) && zc_rd_u8(&in, &option) &&
               iac == 0xff && verb >= 0xfb && verb <= 0xfe;
}

/** RFC 9113 section 6.5: HTTP/2 without TLS begins with SETTINGS: a length, a multiple of 6 (3 bytes), type 4, no flags, stream 0. */
static enum zc_told by_h2(struct zc_rd in, bool whole, const char **service)
{
        static const uint8_t frame[] = { 4, 0, 0, 0, 0, 0 };
        uint32_t len = 0;
        enum zc_told t;

        if (in.p[0] != 0)
                return ZC_TOLD_NOTHING;
        if (!zc_rd_u24(&in, &len) || in.n == 0)
                return whole ? ZC_TOLD_NOTHING : ZC_TOLD_MORE;
        t = len % 6 == 0 && len <= 600 ? said_starts(in, frame, sizeof frame) : ZC_TOLD_NOTHING;
        if (t == ZC_TOLD_SERVICE)
                return told("h2c", service);
        return whole ? ZC_TOLD_NOTHING : t;
}

/** The answer to SSLRequest is one byte and nothing behind it; or an error, of a server that has no room or is very old. */
static enum zc_told by_postgresql(struct zc_rd in, bool whole, const char **service)
{
        struct zc_pg_message m;
        struct zc_pg_error e;
        struct zc_err err;

        if (in.n == 1 && (in.p[0] == 'S' || in.p[0] == 'N'))
                return told("postgresql", service);
        if (in.p[0] != 'E')
                return ZC_TOLD_NOTHING;
        switch (zc_pg_message_next(&in, &m)) {
        case ZC_PG_MORE:
                return whole ? ZC_TOLD_NOTHING : ZC_TOLD_MORE;
        case ZC_PG_MESSAGE:
                return zc_pg_error_parse(m.body, &e, &err) && e.sqlstate.n == 5
                               ? told("postgresql", service)
                               : ZC_TOLD_NOTHING;
        default:
                return ZC_TOLD_NOTHING;
        }
}

/** The question's own reader. */
static enum zc_told by_question(struct zc_rd in, enum zc_asked asked, bool whole,
                                const char **service)
{
        const struct question_row *q = &question_rows[asked];
        enum zc_told t;

        if (asked == ZC_ASKED_PG)
                return by_postgresql(in, whole, service);
        t = q->read ? q->read(in) : ZC_TOLD_NOTHING;
        if (t == ZC_TOLD_SERVICE)
                return told(q->service, service);
        return whole ? ZC_TOLD_NOTHING : t;
}

enum zc_told zc_identify_bytes(struct zc_rd in, enum zc_asked asked, bool whole,
                               const char **service)
{
        enum zc_told t;

        if (in.n == 0)
                return whole ? ZC_TOLD_NOTHING : ZC_TOLD_MORE;
        t = by_question(in, asked, whole, service);
        if (t == ZC_TOLD_NOTHING)
                t = greeting_read(in, asked, whole, service);
        if (t != ZC_TOLD_NOTHING)
                return t;
        if (is_telnet(in))
                return told("telnet", service);
        t = by_h2(in, whole, service);
        if (t == ZC_TOLD_SERVICE || asked != ZC_ASKED_NOTHING)
                return t;
        return t == ZC_TOLD_MORE ? t : greeting_mysql(in, whole, service);
}

/** The question whose answer these bytes are read as: the one that was asked, or one that some services are known to answer unasked. */
static const struct question_row *row_of(enum zc_asked asked, const char *service)
{
        if (strcmp(service, "http") == 0)
                return &question_rows[ZC_ASKED_HTTP];
        if (question_rows[asked].service && strcmp(question_rows[asked].service, service) == 0)
                return &question_rows[asked];
        return NULL;
}

void zc_identify_detail(struct zc_rd in, enum zc_asked asked, const char *service,
                        struct zc_said *out)
{
        const struct question_row *row = row_of(asked, service);

        *out = (struct zc_said){ 0 };
        if (row && row->detail)
                row->detail(in, out);
        else if (!row)
                greeting_detail(in, service, out);
}

bool zc_identify_wants(struct zc_rd in, enum zc_asked asked, const char *service)
{
        const struct question_row *row = row_of(asked, service);

        return row && row->complete && !row->complete(in);
}
