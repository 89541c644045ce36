/** Microsoft SQL Server (MS-TDS) and Oracle's listener. */
#include <stdio.h>
#include <string.h>

#include "question.h"

/* ---- TDS: PRELOGIN (MS-TDS section 2.2.6.5) ---- */

void tds_write(struct zc_wr *out)
{
        static const uint8_t prelogin[] = {
                0x12, 1, 0,  41, 0, 0, 1, 0, /* type, end of message, length, process, packet */
                0,    0, 21, 0,  6,          /* VERSION: offset, length */
                1,    0, 27, 0,  1,          /* ENCRYPTION */
                2,    0, 28, 0,  1,          /* INSTOPT */
                3,    0, 29, 0,  4,          /* THREADID */
                0xff,                        /* the end */
                9,    0, 0,  0,  0, 0, 0, 0, /* ours; encryption of the login only */
                0,    0, 0,  0,
        };

        zc_wr_bytes(out, prelogin, sizeof prelogin);
}

/** A packet of type 4 whose first option is VERSION, of six bytes. */
static bool tds_version(struct zc_rd in, struct zc_rd *version, bool *more)
{
        uint16_t len, offset = 0, option = 0;
        uint8_t type, status, token = 1;
        struct zc_rd payload = { 0 };

        *more = false;
        if (!zc_rd_u8(&in, &type) || type != 4)
                return false;
        if (!zc_rd_u8(&in, &status) || !zc_rd_u16(&in, &len) || !zc_rd_skip(&in, 4)) {
                *more = true;
                return false;
        }
        payload = in;
        if (status > 1 || len < 20 || len > 1024)
                return false;
        if (!zc_rd_u8(&in, &token) || !zc_rd_u16(&in, &offset) || !zc_rd_u16(&in, &option)) {
                *more = token == 0 || in.n == 0;
                return false;
        }
        if (token != 0 || option != 6 || offset < 11 || offset > len)
                return false;
        *more = payload.n < (size_t)offset + 6;
        return zc_rd_skip(&payload, offset) && zc_rd_take(&payload, 6, version);
}

enum zc_told tds_read(struct zc_rd in)
{
        struct zc_rd version;
        bool more;

        if (tds_version(in, &version, &more))
                return ZC_TOLD_SERVICE;
        return more ? ZC_TOLD_MORE : ZC_TOLD_NOTHING;
}

void tds_detail(struct zc_rd in, struct zc_said *out)
{
        struct zc_rd version;
        uint8_t major, minor;
        uint16_t build;
        bool more;

        if (!tds_version(in, &version, &more) || !zc_rd_u8(&version, &major) ||
            !zc_rd_u8(&version, &minor) || !zc_rd_u16(&version, &build))
                return;
        zc_said_put(out->product, zc_rd_str("Microsoft SQL Server"));
        snprintf(out->version, sizeof out->version, "%u.%u.%u", major, minor, build);
}

/* ---- TNS: CONNECT, as tnsping asks (Oracle Net; layout as in public dissectors) ---- */

void tns_write(struct zc_wr *out)
{
        static const char asked[] = "(CONNECT_DATA=(COMMAND=ping))";
        size_t begin = out->len;

        zc_wr_u16(out, (uint16_t)(58 + sizeof asked - 1));
        zc_wr_u16(out, 0); /* checksum */
        zc_wr_u8(out, 1);  /* CONNECT */
        zc_wr_u8(out, 0);
        zc_wr_u16(out, 0);
        zc_wr_u16(out, 314); /* version, and the lowest that is fine */
        zc_wr_u16(out, 300);
        zc_wr_u16(out, 0);
        zc_wr_u16(out, 8192); /* session and transport data units */
        zc_wr_u16(out, 32767);
        zc_wr_u16(out, 0x7f08);
        zc_wr_u16(out, 0);
        zc_wr_u16(out, 0x0100); /* 1 in our byte order */
        zc_wr_u16(out, (uint16_t)(sizeof asked - 1));
        zc_wr_u16(out, 58); /* where the data begin */
        while (out->len - begin < 58 && !out->failed)
                zc_wr_u8(out, 0);
        zc_wr_bytes(out, asked, sizeof asked - 1);
}

enum zc_told tns_read(struct zc_rd in)
{
        uint16_t len, sum, head_sum;
        uint8_t type, reserved;
        size_t had = in.n;

        if (in.p[0] > 0x20) /* of the length */
                return ZC_TOLD_NOTHING;
        if (!zc_rd_u16(&in, &len) || !zc_rd_u16(&in, &sum) || !zc_rd_u8(&in, &type) ||
            !zc_rd_u8(&in, &reserved) || !zc_rd_u16(&in, &head_sum))
                return ZC_TOLD_MORE;
        return len >= 8 && sum == 0 && (type == 2 || type == 4 || type == 5 || type == 11) &&
                               head_sum == 0 && had <= len
                       ? ZC_TOLD_SERVICE
                       : ZC_TOLD_NOTHING;
}

/** VSNNUM: the first version number is the highest byte; before 18 the others are 4, 8, 4 and 8 bits wide. */
void tns_detail(struct zc_rd in, struct zc_said *out)
{
        size_t at = zc_said_find(in, "(VSNNUM=");
        uint32_t n = 0;

        zc_said_put(out->product, zc_rd_str("Oracle Net Listener"));
        if (at == SIZE_MAX || !zc_rd_skip(&in, at + 8))
                return;
        for (uint8_t c; zc_rd_u8(&in, &c) && c >= '0' && c <= '9' && n < 400000000;)
                n = n * 10 + (uint32_t)(c - '0');
        if (n >> 24 >= 18)
                snprintf(out->version, sizeof out->version, "%u", n >> 24);
        else if (n >> 24 > 0)
                snprintf(out->version, sizeof out->version, "%u.%u.%u.%u.%u", n >> 24, n >> 20 & 15,
                         n >> 12 & 255, n >> 8 & 15, n & 255);
}
