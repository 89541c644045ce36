/** memcached, MongoDB, Cassandra, ZooKeeper and Neo4j's Bolt: the smallest question, and how its answer looks. */
#include <string.h>

#include "question.h"

/* ---- memcached (doc/protocol.txt) ---- */

void memcached_write(struct zc_wr *out)
{
        zc_wr_str(out, "version\r\n");
}

enum zc_told memcached_read(struct zc_rd in)
{
        static const char *const starts[] = { "VERSION ", "CLIENT_ERROR unauthenticated" };

        return said_starts_any(in, starts, ZC_COUNT(starts));
}

void memcached_detail(struct zc_rd in, struct zc_said *out)
{
        bool refused = said_starts(in, "CLIENT", 6) == ZC_TOLD_SERVICE;

        zc_said_put(out->product, zc_rd_str("memcached"));
        out->access = refused ? ZC_ACCESS_REFUSED : ZC_ACCESS_OPEN;
        (void)zc_said_version(in, "VERSION", out->version);
}

/* ---- MongoDB (wire protocol: OP_MSG; BSON 1.1) ---- */

#define OP_MSG 2013u
#define ASKED_LIST 1u /* the requests' numbers */
#define ASKED_BUILD 2u
#define NOT_AUTHORIZED 13

/*
 * length, request, response to, OP_MSG (4 bytes each, the lowest first), flags (4), a section of kind 0: one document
 * {<command>: 1, ..., "$db": "admin"}
 */
static void command_write(struct zc_wr *out, uint32_t number, const char *command, const void *more,
                          size_t more_n)
{
        uint32_t document =
                (uint32_t)(4 + 1 + strlen(command) + 1 + 4 + more_n + 1 + 4 + 4 + 6 + 1);

        zc_wr_u32le(out, 16 + 4 + 1 + document);
        zc_wr_u32le(out, number);
        zc_wr_u32le(out, 0);
        zc_wr_u32le(out, OP_MSG);
        zc_wr_u32le(out, 0);
        zc_wr_u8(out, 0);
        zc_wr_u32le(out, document);
        zc_wr_u8(out, 0x10);
        zc_wr_bytes(out, command, strlen(command) + 1);
        zc_wr_u32le(out, 1);
        zc_wr_bytes(out, more, more_n);
        zc_wr_bytes(out, "\x02$db\0\6\0\0\0admin\0", 15);
        zc_wr_u8(out, 0);
}

/** The list is asked for at most one name that every server has: whether it is given out is what counts. */
void mongodb_write(struct zc_wr *out)
{
        static const char only[] = "\x08nameOnly\0\1"
                                   "\x03"
                                   "filter\0"
                                   "\x15\0\0\0\2name\0\6\0\0\0admin\0\0";

        command_write(out, ASKED_LIST, "listDatabases", only, sizeof only - 1);
        command_write(out, ASKED_BUILD, "buildInfo", NULL, 0);
}

static bool message_next(struct zc_rd *in, uint32_t *to, struct zc_rd *body, bool *whole)
{
        uint32_t len, number, op;

        if (!zc_rd_u32le(in, &len) || !zc_rd_u32le(in, &number) || !zc_rd_u32le(in, to) ||
            !zc_rd_u32le(in, &op) || op != OP_MSG || len < 26)
                return false;
        *whole = in->n >= len - 16;
        return zc_rd_take(in, *whole ? len - 16 : in->n, body);
}

enum zc_told mongodb_read(struct zc_rd in)
{
        struct zc_rd body;
        uint32_t to;
        bool whole;

        if (in.n < 16) /* the highest byte of the length, then what it answers */
                return (in.n < 4 || in.p[3] < 3) && (in.n < 9 || in.p[8] <= ASKED_BUILD)
                               ? ZC_TOLD_MORE
                               : ZC_TOLD_NOTHING;
        return message_next(&in, &to, &body, &whole) && to >= ASKED_LIST && to <= ASKED_BUILD
                       ? ZC_TOLD_SERVICE
                       : ZC_TOLD_NOTHING;
}

/** The length of a BSON value of that type, at the start of in; false for one that we do not know, or that is cut. */
static bool bson_take(struct zc_rd *in, uint8_t type, struct zc_rd *value)
{
        static const struct {
                uint8_t type, len;
        } fixed[] = { { 0x01, 8 }, { 0x07, 12 }, { 0x08, 1 }, { 0x09, 8 }, { 0x0a, 0 },
                      { 0x10, 4 }, { 0x11, 8 },  { 0x12, 8 }, { 0x13, 16 } };
        struct zc_rd at = *in;
        uint32_t len;

        for (size_t i = 0; i < ZC_COUNT(fixed); i++)
                if (fixed[i].type == type)
                        return zc_rd_take(in, fixed[i].len, value);
        if (!zc_rd_u32le(&at, &len))
                return false;
        if (type == 0x02)
                return zc_rd_skip(in, 4) && zc_rd_take(in, len, value);
        if (type == 0x03 || type == 0x04)
                return zc_rd_take(in, len, value);
        return type == 0x05 && zc_rd_skip(in, 5) && zc_rd_take(in, len, value);
}

/** A member of the document in an OP_MSG's body. */
static bool bson_find(struct zc_rd body, const char *name, struct zc_rd *value)
{
        struct zc_rd key;
        uint8_t type;

        if (!zc_rd_skip(&body, 4 + 1 + 4))
                return false;
        while (zc_rd_u8(&body, &type) && type != 0 && zc_rd_until(&body, 0, &key) &&
               bson_take(&body, type, value))
                if (zc_rd_is(key, name))
                        return true;
        return false;
}

static enum zc_access list_access(struct zc_rd body)
{
        static const uint8_t one[] = { 0, 0, 0, 0, 0, 0, 0xf0, 0x3f };
        struct zc_rd value;
        uint32_t code;

        if (bson_find(body, "code", &value))
                return zc_rd_u32le(&value, &code) && code == NOT_AUTHORIZED ? ZC_ACCESS_REFUSED
                                                                            : ZC_ACCESS_UNKNOWN;
        return bson_find(body, "ok", &value) && value.n == sizeof one &&
                               memcmp(value.p, one, sizeof one) == 0
                       ? ZC_ACCESS_OPEN
                       : ZC_ACCESS_UNKNOWN;
}

void mongodb_detail(struct zc_rd in, struct zc_said *out)
{
        struct zc_rd body, value;
        uint32_t to;
        bool whole;

        while (message_next(&in, &to, &body, &whole)) {
                if (to == ASKED_LIST && whole)
                        out->access = list_access(body);
                if (to != ASKED_BUILD || !bson_find(body, "version", &value) || value.n == 0)
                        continue;
                value.n--; /* its NUL */
                zc_said_put(out->product, zc_rd_str("MongoDB"));
                zc_said_put(out->version, value);
        }
}

bool mongodb_complete(struct zc_rd in)
{
        struct zc_rd body, value;
        bool whole, list = false;
        uint32_t to;

        while (message_next(&in, &to, &body, &whole)) {
                list = list || (to == ASKED_LIST && whole);
                if (to == ASKED_BUILD && list && (whole || bson_find(body, "version", &value)))
                        return true;
        }
        return false;
}

/* ---- Cassandra (CQL binary protocol v4, section 2) ---- */

void cassandra_write(struct zc_wr *out)
{
        zc_wr_bytes(out, "\4\0\0\0\5\0\0\0\0", 9); /* version, flags, stream, OPTIONS, length */
}

enum zc_told cassandra_read(struct zc_rd in)
{
        uint8_t version, flags, op;
        uint16_t stream;

        if (!zc_rd_u8(&in, &version) || version < 0x81 || version > 0x86)
                return ZC_TOLD_NOTHING;
        if (!zc_rd_u8(&in, &flags) || !zc_rd_u16(&in, &stream) || !zc_rd_u8(&in, &op))
                return ZC_TOLD_MORE;
        return flags < 0x20 && stream == 0 && (op == 0 || op == 6) ? ZC_TOLD_SERVICE
                                                                   : ZC_TOLD_NOTHING;
}

void cassandra_detail(struct zc_rd in, struct zc_said *out)
{
        bool scylla = zc_said_find(in, "SCYLLA_") != SIZE_MAX;

        zc_said_put(out->product, zc_rd_str(scylla ? "ScyllaDB" : "Apache Cassandra"));
        out->likely = !scylla;
}

/* ---- ZooKeeper (administrator's guide: the four letter words) ---- */

void zookeeper_write(struct zc_wr *out)
{
        zc_wr_str(out, "srvr");
}

enum zc_told zookeeper_read(struct zc_rd in)
{
        static const char *const starts[] = { "Zookeeper version:", "srvr is not executed",
                                              "This ZooKeeper instance" };
        return said_starts_any(in, starts, ZC_COUNT(starts));
}

void zookeeper_detail(struct zc_rd in, struct zc_said *out)
{
        char *dash;

        zc_said_put(out->product, zc_rd_str("Apache ZooKeeper"));
        if (zc_said_version(in, "Zookeeper version:", out->version) &&
            (dash = strchr(out->version, '-')) != NULL)
                *dash = '\0'; /* the commit */
}

/* ---- Bolt (Neo4j: Bolt handshake, four versions offered) ---- */

void bolt_write(struct zc_wr *out)
{
        zc_wr_bytes(out, "\x60\x60\xb0\x17\0\0\0\5\0\0\0\4\0\0\0\3\0\0\0\0", 20);
}

enum zc_told bolt_read(struct zc_rd in)
{
        uint16_t zero;
        uint8_t minor, major;

        if (in.p[0] != 0)
                return ZC_TOLD_NOTHING;
        if (!zc_rd_u16(&in, &zero) || !zc_rd_u8(&in, &minor) || !zc_rd_u8(&in, &major))
                return ZC_TOLD_MORE;
        return zero == 0 && minor < 16 && major >= 3 && major <= 5 && in.n == 0 ? ZC_TOLD_SERVICE
                                                                                : ZC_TOLD_NOTHING;
}
