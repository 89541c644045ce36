/** SMB, Remote Desktop and X11. */
#include <stdio.h>
#include <string.h>

#include "question.h"

/* ---- SMB 2 and 3 (MS-SMB2 sections 2.1, 2.2.1, 2.2.3) ---- */

static void zeros_write(struct zc_wr *out, size_t n)
{
        while (n-- > 0)
                zc_wr_u8(out, 0);
}

void smb_write(struct zc_wr *out)
{
        static const uint16_t dialects[] = { 0x0202, 0x0210, 0x0300, 0x0302 };
        size_t mark;

        zc_wr_u8(out, 0);
        mark = zc_wr_open24(out);
        zc_wr_bytes(out, "\xfeSMB", 4);
        zc_wr_u16le(out, 64);
        zeros_write(out, 8); /* credits charged, status, command NEGOTIATE */
        zc_wr_u16le(out, 1); /* credits asked for */
        zeros_write(out, 4 + 4 + 8 + 4 + 4 + 8 + 16);
        zc_wr_u16le(out, 36);
        zc_wr_u16le(out, ZC_COUNT(dialects));
        zc_wr_u16le(out, 1); /* signing is possible */
        zeros_write(out, 2 + 4);
        zc_wr_str(out, "zerocrit-client0"); /* a GUID's sixteen bytes */
        zeros_write(out, 8);
        for (size_t i = 0; i < ZC_COUNT(dialects); i++)
                zc_wr_u16le(out, dialects[i]);
        zc_wr_close24(out, mark);
}

enum zc_told smb_read(struct zc_rd in)
{
        uint32_t len = 0;

        if (in.p[0] != 0)
                return ZC_TOLD_NOTHING;
        if (!zc_rd_skip(&in, 1) || !zc_rd_u24(&in, &len) || in.n < 4)
                return ZC_TOLD_MORE;
        return len >= 32 && (memcmp(in.p, "\xfeSMB", 4) == 0 || memcmp(in.p, "\xffSMB", 4) == 0)
                       ? ZC_TOLD_SERVICE
                       : ZC_TOLD_NOTHING;
}

/* ---- Remote Desktop (MS-RDPBCGR sections 2.2.1.1, 2.2.1.2) ---- */

void rdp_write(struct zc_wr *out)
{
        /* TPKT; X.224 CR; negotiation: TLS or CredSSP */
        zc_wr_bytes(out, "\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0", 19);
}

enum zc_told rdp_read(struct zc_rd in)
{
        uint16_t len;
        uint8_t version, zero, li, code;

        if (in.n < 6)
                return said_starts(in, "\3\0\0", in.n < 3 ? in.n : 3) == ZC_TOLD_NOTHING
                               ? ZC_TOLD_NOTHING
                               : ZC_TOLD_MORE;
        return zc_rd_u8(&in, &version) && zc_rd_u8(&in, &zero) && zc_rd_u16(&in, &len) &&
                               zc_rd_u8(&in, &li) && zc_rd_u8(&in, &code) && version == 3 &&
                               zero == 0 && len >= 11 && len <= 64 && li == len - 5 && code == 0xd0
                       ? ZC_TOLD_SERVICE
                       : ZC_TOLD_NOTHING;
}

/* ---- X11 (X Window System Protocol, chapter 8) ---- */

void x11_write(struct zc_wr *out)
{
        zc_wr_bytes(out, "l\0\x0b\0\0\0\0\0\0\0\0\0",
                    12); /* the lowest byte first, 11.0, no cookie */
}

/** Failed (0) with a reason, or let in (1): then 11 and 0. */
enum zc_told x11_read(struct zc_rd in)
{
        uint16_t major, minor;
        uint8_t result, reason;

        if (in.p[0] > 1)
                return ZC_TOLD_NOTHING;
        if (!zc_rd_u8(&in, &result) || !zc_rd_u8(&in, &reason) || !zc_rd_u16le(&in, &major) ||
            !zc_rd_u16le(&in, &minor))
                return ZC_TOLD_MORE;
        return major == 11 && minor == 0 ? ZC_TOLD_SERVICE : ZC_TOLD_NOTHING;
}

void x11_detail(struct zc_rd in, struct zc_said *out)
{
        uint32_t release;
        uint16_t vendor_n;
        uint8_t result;
        struct zc_rd vendor;

        if (!zc_rd_u8(&in, &result))
                return;
        out->access = result == 1 ? ZC_ACCESS_OPEN : ZC_ACCESS_REFUSED;
        if (result != 1 || !zc_rd_skip(&in, 7) || !zc_rd_u32le(&in, &release) ||
            !zc_rd_skip(&in, 12) || !zc_rd_u16le(&in, &vendor_n) || !zc_rd_skip(&in, 14) ||
            !zc_rd_take(&in, vendor_n, &vendor))
                return;
        zc_said_put(out->product, vendor);
        if (zc_said_find(vendor, "X.Org") != SIZE_MAX) /* 12101004 is 1.21.1.4 */
                snprintf(out->version, sizeof out->version, "%u.%u.%u", release / 10000000,
                         release / 100000 % 100, release / 1000 % 100);
}
