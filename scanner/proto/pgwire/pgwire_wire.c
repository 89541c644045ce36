/** Messages of the PostgreSQL protocol. Pure. See include/zc/pgwire.h. */
#include "zc/pgwire.h"

#include <string.h>

/* What a server sends before and at the end of authentication. */
static bool is_server_type(uint8_t type)
{
        return type != 0 && strchr("RESZKNv", type) != NULL;
}

/*
 *  0       1               5
 *  +-------+---------------+------------
 *  | type  | int32 length  | length - 4 bytes
 *  +-------+---------------+------------
 */
enum zc_pg_next zc_pg_message_next(struct zc_rd *in, struct zc_pg_message *out)
{
        struct zc_rd rest = *in;
        struct zc_pg_message m;
        uint32_t length;

        if (!zc_rd_u8(&rest, &m.type))
                return ZC_PG_MORE;
        if (!is_server_type(m.type))
                return ZC_PG_FOREIGN;
        if (!zc_rd_u32(&rest, &length))
                return ZC_PG_MORE;
        if (length < 4 || length > ZC_PG_MESSAGE_MAX)
                return ZC_PG_FOREIGN;
        if (!zc_rd_take(&rest, length - 4, &m.body))
                return ZC_PG_MORE;
        *in = rest;
        *out = m;
        return ZC_PG_MESSAGE;
}

/** SASL: mechanism names, each ended by NUL, the list by an empty one. */
static bool mechanisms_parse(struct zc_rd body, struct zc_pg_auth *a, struct zc_err *err)
{
        struct zc_rd name;

        for (;;) {
                if (!zc_rd_until(&body, 0, &name))
                        return zc_fail(err, ZC_E_MALFORMED,
                                       "the list of SASL mechanisms has no end");
                if (name.n == 0)
                        break;
                if (a->mechanism_count == ZC_PG_MECHANISMS_MAX)
                        return zc_fail(err, ZC_E_LIMIT, "more than %d SASL mechanisms",
                                       ZC_PG_MECHANISMS_MAX);
                a->mechanisms[a->mechanism_count++] = name;
        }
        if (body.n != 0)
                return zc_fail(err, ZC_E_MALFORMED, "%zu bytes after the SASL mechanisms", body.n);
        return true;
}

bool zc_pg_auth_parse(struct zc_rd body, struct zc_pg_auth *out, struct zc_err *err)
{
        struct zc_pg_auth a = { 0 };

        if (!zc_rd_u32(&body, &a.code))
                return zc_fail(err, ZC_E_MALFORMED, "authentication request of %zu bytes", body.n);
        if (a.code == ZC_PG_AUTH_SASL && !mechanisms_parse(body, &a, err))
                return false;
        if (a.code == ZC_PG_AUTH_MD5 ? body.n != 4 : a.code != ZC_PG_AUTH_SASL && body.n != 0)
                return zc_fail(err, ZC_E_MALFORMED, "%zu bytes after authentication code %u",
                               body.n, a.code);
        *out = a;
        return true;
}

/** Fields: a letter, text, NUL; the list ends with a NUL in a letter's place. Unknown letters are passed over, as the definition asks. */
bool zc_pg_error_parse(struct zc_rd body, struct zc_pg_error *out, struct zc_err *err)
{
        struct zc_pg_error e = { 0 };
        uint8_t letter;

        while (zc_rd_u8(&body, &letter)) {
                struct zc_rd text;

                if (letter == 0) {
                        if (body.n != 0)
                                return zc_fail(err, ZC_E_MALFORMED,
                                               "%zu bytes after the error's fields", body.n);
                        *out = e;
                        return true;
                }
                if (!zc_rd_until(&body, 0, &text))
                        break;
                switch (letter) {
                case 'V': /* not translated; 'S' is */
                        e.severity = text;
                        break;
                case 'C':
                        e.sqlstate = text;
                        break;
                case 'M':
                        e.message = text;
                        break;
                case 'F':
                        e.file = text;
                        break;
                case 'L':
                        e.line = text;
                        break;
                case 'R':
                        e.routine = text;
                        break;
                default:
                        break;
                }
        }
        return zc_fail(err, ZC_E_MALFORMED, "the error's fields have no end");
}

bool zc_pg_status_parse(struct zc_rd body, struct zc_rd *name, struct zc_rd *value,
                        struct zc_err *err)
{
        struct zc_rd n, v;

        if (!zc_rd_until(&body, 0, &n) || !zc_rd_until(&body, 0, &v) || body.n != 0)
                return zc_fail(err, ZC_E_MALFORMED, "a parameter status that is no name and value");
        *name = n;
        *value = v;
        return true;
}

static void put_pair(struct zc_wr *w, const char *name, const char *value)
{
        zc_wr_str(w, name);
        zc_wr_u8(w, 0);
        zc_wr_str(w, value);
        zc_wr_u8(w, 0);
}

void zc_pg_startup_write(struct zc_wr *w, const char *user, const char *database, bool replication)
{
        size_t start = w->len;
        size_t length;

        zc_wr_u32(w, 0); /* the length counts itself: filled in below */
        zc_wr_u32(w, 0x00030000);
        put_pair(w, "user", user);
        put_pair(w, "database", database);
        if (replication)
                put_pair(w, "replication", "true");
        put_pair(w, "application_name", "zerocrit");
        zc_wr_u8(w, 0);
        if (w->failed)
                return;
        length = w->len - start;
        for (size_t i = 0; i < 4; i++)
                w->p[start + i] = (uint8_t)(length >> (24 - 8 * i));
}
