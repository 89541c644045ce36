/** Which service says such things. Pure. See include/zc/identify.h. */
#include <string.h>

#include "zc/identify.h"
#include "zc/pgwire.h"

#define ANY ((1u << ZC_ASKED_COUNT) - 1)
#define UNASKED (1u << ZC_ASKED_NOTHING)
#define PING (1u << ZC_ASKED_PING)
#define LINE_MAX_BYTES ((size_t)512)

/* The first row that fits. `holds`: the first line has this in it, whatever its case. */
static const struct {
        unsigned asked;
        const char *starts, *holds, *service;
} rows[] = {
        { ANY, "SSH-2.0-", NULL, "ssh" }, /* RFC 4253 section 4.2 */
        { ANY, "SSH-1.", NULL, "ssh" },
        { ANY, "HTTP/0.", NULL, "http" },
        { ANY, "HTTP/1.", NULL, "http" }, /* RFC 9112 section 4 */
        { ANY, "HTTP/2", NULL, "http" },
        { ANY, "220", "FTP", "ftp" },
        { ANY, "220", "SMTP", "smtp" },
        { ANY, "220", "LMTP", "lmtp" },
        { ANY, "421", "FTP", "ftp" },
        { ANY, "554", "SMTP", "smtp" },
        { UNASKED, "+OK", NULL, "pop3" }, /* RFC 1939 section 4 */
        { ANY, "* OK", NULL, "imap" },    /* RFC 9051 section 7.1 */
        { ANY, "* PREAUTH", NULL, "imap" },
        { ANY, "* BYE", "IMAP", "imap" },
        { ANY, "RFB 003.", NULL, "vnc" }, /* RFC 6143 section 7.1.1 */
        { ANY, "@RSYNCD:", NULL, "rsync" },
        { ANY, "AMQP", NULL, "amqp" },
        { ANY, "-DENIED ", NULL, "redis" }, /* said unasked, in protected mode */
        { ANY, "-ERR max number of clients reached", NULL, "redis" },
        { PING, "+PONG", NULL, "redis" },
        { PING, "-NOAUTH", NULL, "redis" },
        { PING, "-NOPERM", NULL, "redis" },
        { PING, "-LOADING", NULL, "redis" },
        { PING, "-MASTERDOWN", NULL, "redis" },
        { PING, "-MISCONF", NULL, "redis" },
        { PING, "-BUSY", NULL, "redis" },
        { PING, "-ERR operation not permitted", NULL, "redis" }, /* before 2.8.1 */
};

const char *zc_asked_name(enum zc_asked asked)
{
        static const char *const names[] = { "banner", "tls", "ping", "http", "sslrequest" };

        _Static_assert(ZC_COUNT(names) == ZC_ASKED_COUNT, "a name for each");
        return names[asked];
}

static bool holds(struct zc_rd text, const char *word)
{
        size_t n = strlen(word);

        for (size_t i = 0; i + n <= text.n; i++)
                if (strncasecmp((const char *)text.p + i, word, n) == 0)
                        return true;
        return false;
}

static enum zc_told told(const char *name, const char **service)
{
        *service = name;
        return ZC_TOLD_SERVICE;
}

/** Text that begins with what a row begins with. MORE: it may yet. */
static enum zc_told by_text(struct zc_rd in, enum zc_asked asked, bool whole, const char **service)
{
        bool more = false;

        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                size_t n = strlen(rows[i].starts), have = in.n < n ? in.n : n;
                struct zc_rd rest = in, line;
                bool ended;

                if (!(rows[i].asked & 1u << asked) || memcmp(in.p, rows[i].starts, have) != 0)
                        continue;
                if (have < n) {
                        more = true;
                        continue;
                }
                ended = zc_rd_line(&rest, &line);
                if (!ended)
                        line = in;
                if (!rows[i].holds || holds(line, rows[i].holds))
                        return told(rows[i].service, service);
                more = more || (!ended && in.n < LINE_MAX_BYTES);
        }
        return more && !whole ? ZC_TOLD_MORE : ZC_TOLD_NOTHING;
}

/*
 * MySQL greets with a packet: length (3 bytes, the lowest first), number 0, then protocol version 10 and the server's version, ended
 * by NUL; or 0xFF, an error number and words for a host that it does not let in.
 */
static enum zc_told by_mysql(struct zc_rd in, bool whole, const char **service)
{
        uint16_t low, number;
        uint8_t high, sequence, version;
        struct zc_rd text;

        if (!zc_rd_u16le(&in, &low) || !zc_rd_u8(&in, &high) || !zc_rd_u8(&in, &sequence) ||
            !zc_rd_u8(&in, &version))
                return whole ? ZC_TOLD_NOTHING : ZC_TOLD_MORE;
        if (high != 0 || sequence != 0 || low < 8 || low > 1024)
                return ZC_TOLD_NOTHING;
        if (version == 0xff && !zc_rd_u16le(&in, &number))
                return whole ? ZC_TOLD_NOTHING : ZC_TOLD_MORE;
        if (version == 0xff)
                return number >= 1000 && number < 5000 ? told("mysql", service) : ZC_TOLD_NOTHING;
        if (version != 10)
                return ZC_TOLD_NOTHING;
        if (!zc_rd_until(&in, 0, &text))
                return whole || in.n > 64 ? ZC_TOLD_NOTHING : ZC_TOLD_MORE;
        return text.n >= 3 && text.n < 64 && text.p[0] >= '1' && text.p[0] <= '9'
                       ? told("mysql", service)
                       : ZC_TOLD_NOTHING;
}

/** RFC 854: IAC, then WILL, WON'T, DO or DON'T. */
static bool is_telnet(struct zc_rd in)
{
        uint8_t iac, verb, option;

        return zc_rd_u8(&in, &iac) && zc_rd_u8(&in, &verb) && zc_rd_u8(&in, &option) &&
               iac == 0xff && verb >= 0xfb && verb <= 0xfe;
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

enum zc_told zc_identify_bytes(struct zc_rd in, enum zc_asked asked, bool whole,
                               const char **service)
{
        enum zc_told t;

        if (in.n == 0)
                return whole ? ZC_TOLD_NOTHING : ZC_TOLD_MORE;
        t = by_text(in, asked, whole, service);
        if (t != ZC_TOLD_NOTHING)
                return t;
        if (asked == ZC_ASKED_PG && (t = by_postgresql(in, whole, service)) != ZC_TOLD_NOTHING)
                return t;
        if (is_telnet(in))
                return told("telnet", service);
        if (asked == ZC_ASKED_NOTHING)
                return by_mysql(in, whole, service);
        return ZC_TOLD_NOTHING;
}
