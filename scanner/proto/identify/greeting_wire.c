/** What services say unasked, or whatever they are asked: how it begins, and the product and version in it. */
#include <string.h>

#include "question.h"

#define ANY ((1u << ZC_ASKED_COUNT) - 1)
#define UNASKED (1u << ZC_ASKED_NOTHING)
#define PING (1u << ZC_ASKED_PING)
#define HTTP (1u << ZC_ASKED_HTTP)
#define LINE_MAX_BYTES ((size_t)512)
#define B(bytes) (bytes), sizeof(bytes) - 1

_Static_assert(ZC_ASKED_COUNT < 32, "a bit for each question");

/* The first row that fits. `holds`: the first line has this in it, whatever its case. */
static const struct {
        unsigned asked;
        const char *starts;
        size_t n;
        const char *holds, *service;
        bool words; /* the first line is for people */
} rows[] = {
        { ANY, B("SSH-2.0-"), NULL, "ssh", true }, /* RFC 4253 section 4.2 */
        { ANY, B("SSH-1."), NULL, "ssh", true },
        { ANY, B("HTTP/0."), NULL, "http", false },
        { ANY, B("HTTP/1."), NULL, "http", false }, /* RFC 9112 section 4 */
        { ANY, B("HTTP/2"), NULL, "http", false },
        { ANY, B("220"), "FTP", "ftp", true },
        { ANY, B("220"), "FileZilla", "ftp", true },
        { ANY, B("220"), "SMTP", "smtp", true },
        { ANY, B("220"), "LMTP", "lmtp", true },
        { ANY, B("421"), "FTP", "ftp", true },
        { ANY, B("554"), "SMTP", "smtp", true },
        { ANY, B("200 "), "NNTP", "nntp", true }, /* RFC 3977 section 5.1 */
        { ANY, B("200 "), "InterNetNews", "nntp", true },
        { ANY, B("200 "), "news", "nntp", true },
        { ANY, B("201 "), "NNTP", "nntp", true },
        { ANY, B("201 "), "InterNetNews", "nntp", true },
        { ANY, B("201 "), "news", "nntp", true },
        { UNASKED, B("+OK"), NULL, "pop3", true }, /* RFC 1939 section 4 */
        { ANY, B("* OK"), NULL, "imap", true },    /* RFC 9051 section 7.1 */
        { ANY, B("* PREAUTH"), NULL, "imap", true },
        { ANY, B("* BYE"), "IMAP", "imap", true },
        { ANY, B("\"IMPLEMENTATION\""), NULL, "sieve", true }, /* RFC 5804 section 1.7 */
        { ANY, B("RFB 003."), NULL, "vnc", true },             /* RFC 6143 section 7.1.1 */
        { ANY, B("RFB 004."), NULL, "vnc", true },
        { ANY, B("@RSYNCD:"), NULL, "rsync", true },
        { ANY, B("( success ( "), NULL, "svn", true }, /* Subversion, protocol document */
        { ANY, B("INFO {\""), "server_id", "nats", true },
        { ANY, B("# munin node at "), NULL, "munin", true },
        { ANY, B("Asterisk Call Manager/"), NULL, "asterisk", true },
        { ANY, B("OK MPD "), NULL, "mpd", true },
        { ANY, B("Tarantool "), NULL, "tarantool", true },
        { ANY, B("{\"class\":\"VERSION\""), NULL, "gpsd", true },
        { ANY, B("NOTICE AUTH :"), NULL, "irc", true },
        { ANY, B(":"), " NOTICE ", "irc", true }, /* RFC 2812 section 2.3 */
        { ANY, B("ERROR :"), NULL, "irc", true },
        { ANY, B("NBDMAGIC"), NULL, "nbd", false },
        { ANY, B("AMQP"), NULL, "amqp", false },
        /* RFC 4271 section 4.1: sixteen ones, a length, OPEN */
        { ANY, B("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0"), NULL, "bgp",
          false },
        { ANY, B("It looks like you are trying to access MongoDB"), NULL, "mongodb", false },
        { ANY, B("-DENIED "), NULL, "redis", false }, /* said unasked, in protected mode */
        { ANY, B("-ERR max number of clients reached"), NULL, "redis", false },
        { PING, B("+PONG"), NULL, "redis", false },
        { PING, B("-NOAUTH"), NULL, "redis", false },
        { PING, B("-NOPERM"), NULL, "redis", false },
        { PING, B("-LOADING"), NULL, "redis", false },
        { PING, B("-MASTERDOWN"), NULL, "redis", false },
        { PING, B("-MISCONF"), NULL, "redis", false },
        { PING, B("-BUSY"), NULL, "redis", false },
        { PING, B("-ERR operation not permitted"), NULL, "redis", false }, /* before 2.8.1 */
        { PING | HTTP, B("ERROR\r\nERROR\r\n"), NULL, "memcached", false },
        { PING | HTTP, B("CLIENT_ERROR unauthenticated"), NULL, "memcached", false },
        { PING, B("UNKNOWN COMMAND\n"), NULL, "clamd", true },
};

/** Text that begins with what a row begins with. MORE: it may yet. */
enum zc_told greeting_read(struct zc_rd in, enum zc_asked asked, bool whole, const char **service)
{
        bool more = false;

        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                enum zc_told t = rows[i].asked & 1u << asked
                                         ? said_starts(in, rows[i].starts, rows[i].n)
                                         : ZC_TOLD_NOTHING;
                struct zc_rd rest = in, line;
                bool ended;

                if (t != ZC_TOLD_SERVICE) {
                        more = more || t == ZC_TOLD_MORE;
                        continue;
                }
                ended = zc_rd_line(&rest, &line);
                if (!ended)
                        line = in;
                if (!rows[i].holds || zc_said_find(line, rows[i].holds) != SIZE_MAX) {
                        *service = rows[i].service;
                        return ZC_TOLD_SERVICE;
                }
                more = more || (!ended && in.n < LINE_MAX_BYTES);
        }
        return more && !whole ? ZC_TOLD_MORE : ZC_TOLD_NOTHING;
}

bool greeting_in_words(const char *service)
{
        for (size_t i = 0; i < ZC_COUNT(rows); i++)
                if (strcmp(rows[i].service, service) == 0)
                        return rows[i].words;
        return strcmp(service, "telnet") == 0 || strncmp(service, "mysql", 5) == 0;
}

/* ---- MySQL ---- */

/** X Protocol: a length (4 bytes, the lowest first), NOTICE (11), then an empty hello (type 5) as a protocol buffer. */
static bool is_mysqlx(struct zc_rd in)
{
        uint32_t len;
        uint8_t type, tag, kind;

        return zc_rd_u32le(&in, &len) && zc_rd_u8(&in, &type) && zc_rd_u8(&in, &tag) &&
               zc_rd_u8(&in, &kind) && len >= 3 && len <= 64 && type == 11 && tag == 8 && kind == 5;
}

/*
 * MySQL greets with a packet: length (3 bytes, the lowest first), number 0, then protocol version 10 and the server's version, ended
 * by NUL; or 0xFF, an error number and words for a host that it does not let in.
 */
static enum zc_told by_packet(struct zc_rd in, bool whole)
{
        const enum zc_told open = whole ? ZC_TOLD_NOTHING : ZC_TOLD_MORE;
        uint16_t low, number;
        uint8_t high, sequence, version;
        struct zc_rd text;

        if (!zc_rd_u16le(&in, &low) || !zc_rd_u8(&in, &high) || !zc_rd_u8(&in, &sequence) ||
            !zc_rd_u8(&in, &version))
                return open;
        if (high != 0 || sequence != 0 || low < 8 || low > 1024)
                return ZC_TOLD_NOTHING;
        if (version == 0xff && !zc_rd_u16le(&in, &number))
                return open;
        if (version == 0xff)
                return number >= 1000 && number < 5000 ? ZC_TOLD_SERVICE : ZC_TOLD_NOTHING;
        if (version != 10)
                return ZC_TOLD_NOTHING;
        if (!zc_rd_until(&in, 0, &text))
                return in.n > 64 ? ZC_TOLD_NOTHING : open;
        return text.n >= 3 && text.n < 64 && text.p[0] >= '1' && text.p[0] <= '9' ? ZC_TOLD_SERVICE
                                                                                  : ZC_TOLD_NOTHING;
}

enum zc_told greeting_mysql(struct zc_rd in, bool whole, const char **service)
{
        enum zc_told t = by_packet(in, whole);

        if (t == ZC_TOLD_SERVICE) {
                *service = "mysql";
        } else if (t == ZC_TOLD_NOTHING && is_mysqlx(in)) {
                *service = "mysqlx";
                t = ZC_TOLD_SERVICE;
        } else if (t == ZC_TOLD_NOTHING && !whole && in.n < 7) {
                t = ZC_TOLD_MORE;
        }
        return t;
}

/** "8.0.36", "5.5.5-10.11.3-MariaDB-1": the first number is there for old replicas. */
static void mysql_detail(struct zc_rd in, struct zc_said *out)
{
        struct zc_rd text;
        size_t at;

        if (!zc_rd_skip(&in, 5) || !zc_rd_until(&in, 0, &text))
                return;
        at = zc_said_find(text, "-MariaDB");
        zc_said_put(out->product, zc_rd_str(at == SIZE_MAX ? "MySQL" : "MariaDB"));
        if (at != SIZE_MAX) {
                text.n = at;
                if (zc_rd_starts(text, "5.5.5-", 6) && !zc_rd_skip(&text, 6))
                        return;
        }
        zc_said_put(out->version, text);
}

/* ---- products ---- */

/* The service's greeting has this word; the version stands behind it. */
static const struct {
        const char *service, *word, *product;
} products[] = {
        { "ssh", "OpenSSH_", "OpenSSH" },
        { "ssh", "dropbear_", "Dropbear" },
        { "ssh", "dropbear", "Dropbear" },
        { "ssh", "libssh_", "libssh" },
        { "ssh", "libssh-", "libssh" },
        { "ssh", "mod_sftp", "ProFTPD mod_sftp" },
        { "ssh", "Cisco-", "Cisco SSH" },
        { "ftp", "vsFTPd", "vsFTPd" },
        { "ftp", "ProFTPD", "ProFTPD" },
        { "ftp", "Pure-FTPd", "Pure-FTPd" },
        { "ftp", "FileZilla Server", "FileZilla Server" },
        { "ftp", "Microsoft FTP Service", "Microsoft FTP Service" },
        { "smtp", "Postfix", "Postfix" },
        { "smtp", "Exim", "Exim" },
        { "smtp", "Sendmail", "Sendmail" },
        { "smtp", "OpenSMTPD", "OpenSMTPD" },
        { "smtp", "Microsoft ESMTP MAIL Service, Version:", "Microsoft SMTP" },
        { "smtp", "Microsoft ESMTP", "Microsoft SMTP" },
        { "lmtp", "Dovecot", "Dovecot" },
        { "lmtp", "Cyrus", "Cyrus" },
        { "pop3", "Dovecot", "Dovecot" },
        { "pop3", "Cyrus POP3", "Cyrus" },
        { "pop3", "Microsoft Exchange", "Microsoft Exchange" },
        { "imap", "Dovecot", "Dovecot" },
        { "imap", "Courier-IMAP", "Courier" },
        { "imap", "Cyrus IMAP", "Cyrus" },
        { "imap", "Microsoft Exchange", "Microsoft Exchange" },
        { "sieve", "Dovecot Pigeonhole", "Dovecot Pigeonhole" },
        { "sieve", "Cyrus timsieved", "Cyrus" },
        { "nntp", "INN", "INN" },
        { "nntp", "InterNetNews", "INN" },
        { "asterisk", "Asterisk Call Manager", "Asterisk" },
        { "mpd", "MPD", "MPD" },
        { "tarantool", "Tarantool", "Tarantool" },
        { "clamd", "UNKNOWN COMMAND", "ClamAV" },
        { "svn", "success", "Subversion" },
        { "munin", "munin node", "Munin" },
        { "rsync", "@RSYNCD:", "rsync" },
        { "redis", "-DENIED Redis", "Redis" },
};
/* Those whose number is the protocol's, not the program's. */
static const char *const protocol_numbers[] = { "asterisk", "rsync", "svn" };

static bool numbers_protocol(const char *service)
{
        for (size_t i = 0; i < ZC_COUNT(protocol_numbers); i++)
                if (strcmp(protocol_numbers[i], service) == 0)
                        return true;
        return false;
}

/** Greetings that are JSON: {"version": "2.9.10"}. */
static void json_detail(struct zc_rd in, const char *product, const char *member,
                        struct zc_said *out)
{
        struct zc_rd value;

        zc_said_put(out->product, zc_rd_str(product));
        if (zc_said_member(in, member, &value))
                zc_said_put(out->version, value);
}

/** RFC 4253 section 4.2: "SSH-", the protocol's version, "-", the program up to a space. */
static void ssh_detail(struct zc_rd line, struct zc_said *out)
{
        struct zc_rd protocol, word;

        if (!zc_rd_skip(&line, 4) || !zc_rd_until(&line, '-', &protocol))
                return;
        if (!zc_rd_until(&line, ' ', &word))
                word = line;
        zc_said_put(out->product, word);
}

void greeting_detail(struct zc_rd in, const char *service, struct zc_said *out)
{
        struct zc_rd rest = in, line;

        if (strcmp(service, "mysql") == 0) {
                mysql_detail(in, out);
                return;
        }
        if (!zc_rd_line(&rest, &line))
                line = in;
        if (strcmp(service, "nats") == 0)
                json_detail(line, "NATS", "version", out);
        else if (strcmp(service, "gpsd") == 0)
                json_detail(line, "gpsd", "release", out);
        for (size_t i = 0; i < ZC_COUNT(products); i++) {
                if (strcmp(products[i].service, service) != 0 ||
                    zc_said_find(line, products[i].word) == SIZE_MAX)
                        continue;
                zc_said_put(out->product, zc_rd_str(products[i].product));
                if (!numbers_protocol(service))
                        (void)zc_said_version(line, products[i].word, out->version);
                return;
        }
        if (strcmp(service, "ssh") == 0)
                ssh_detail(line, out);
}
