/** LDAP's root DSE, and over TCP: a name server's version and ONC RPC. */
#include <string.h>

#include "question.h"
#include "zc/udp.h"

/* ---- LDAP (RFC 4511 sections 4.1.1, 4.5; RFC 4512 section 5.1) ---- */

void ldap_write(struct zc_wr *out)
{
        static const char *const wanted[] = { "vendorName", "vendorVersion", "objectClass",
                                              "forestFunctionality" };
        size_t message, search, list;

        zc_wr_u8(out, 0x30);
        message = zc_wr_open8(out);
        zc_wr_bytes(out, "\2\1\1\x63", 4); /* number 1, SearchRequest */
        search = zc_wr_open8(out);
        /* of "", the base only, no aliases, one entry, five seconds, values too, (objectClass=*) */
        zc_wr_bytes(out, "\4\0\x0a\1\0\x0a\1\0\2\1\1\2\1\5\1\1\0\x87\x0bobjectClass", 30);
        zc_wr_u8(out, 0x30);
        list = zc_wr_open8(out);
        for (size_t i = 0; i < ZC_COUNT(wanted); i++) {
                zc_wr_u8(out, 4);
                zc_wr_u8(out, (uint8_t)strlen(wanted[i]));
                zc_wr_str(out, wanted[i]);
        }
        zc_wr_close8(out, list);
        zc_wr_close8(out, search);
        zc_wr_close8(out, message);
}

/** One BER element with a definite length: its tag, and what of its contents is there. False when its head is not. */
static bool ber_head(struct zc_rd *in, uint8_t *tag, size_t *len)
{
        uint8_t first, b;

        if (!zc_rd_u8(in, tag) || !zc_rd_u8(in, &first))
                return false;
        *len = first & 0x7f;
        if (!(first & 0x80))
                return true;
        if (*len == 0 || *len > 4)
                return false;
        *len = 0;
        for (unsigned i = 0; i < (first & 0x7fu); i++) {
                if (!zc_rd_u8(in, &b))
                        return false;
                *len = *len << 8 | b;
        }
        return true;
}

/** The next whole element of that tag, or what there is of it where `part` will do. */
static bool ber_take(struct zc_rd *in, uint8_t tag, bool part, struct zc_rd *out)
{
        struct zc_rd at = *in;
        uint8_t seen;
        size_t len;

        if (!ber_head(&at, &seen, &len) || seen != tag || (!part && len > at.n))
                return false;
        if (!zc_rd_take(&at, len < at.n ? len : at.n, out))
                return false;
        *in = at;
        return true;
}

/** The message that answers ours: a found entry or the end of the search. */
enum zc_told ldap_read(struct zc_rd in)
{
        struct zc_rd message, number;
        uint8_t seen = 0;

        if (in.p[0] != 0x30)
                return ZC_TOLD_NOTHING;
        if (in.n < 12)
                return ZC_TOLD_MORE;
        if (!ber_take(&in, 0x30, true, &message) || !ber_take(&message, 2, false, &number) ||
            number.n != 1 || number.p[0] > 1)
                return ZC_TOLD_NOTHING;
        return zc_rd_u8(&message, &seen) && (seen == 0x64 || seen == 0x65 || seen == 0x78)
                       ? ZC_TOLD_SERVICE
                       : ZC_TOLD_NOTHING;
}

static void attribute_take(struct zc_rd type, struct zc_rd values, struct zc_said *out)
{
        struct zc_rd value;

        while (ber_take(&values, 4, false, &value)) {
                if (zc_rd_is(type, "vendorName"))
                        zc_said_put(out->product, value);
                else if (zc_rd_is(type, "vendorVersion"))
                        zc_said_put(out->version, value);
                else if (zc_rd_is(type, "forestFunctionality"))
                        zc_said_put(out->product, zc_rd_str("Active Directory"));
                else if (zc_rd_is(value, "OpenLDAProotDSE") && !out->product[0])
                        zc_said_put(out->product, zc_rd_str("OpenLDAP"));
        }
}

void ldap_detail(struct zc_rd in, struct zc_said *out)
{
        struct zc_rd message, part, list, pair, type;

        if (!ber_take(&in, 0x30, true, &message) || !ber_take(&message, 2, false, &part) ||
            !ber_take(&message, 0x64, true, &part) || !ber_take(&part, 4, false, &type) ||
            !ber_take(&part, 0x30, true, &list))
                return;
        while (ber_take(&list, 0x30, false, &pair))
                if (ber_take(&pair, 4, false, &type) && ber_take(&pair, 0x31, false, &part))
                        attribute_take(type, part, out);
}

/* ---- DNS over TCP (RFC 1035 section 4.2.2): a length in front ---- */

void dns_write(struct zc_wr *out)
{
        size_t mark = zc_wr_open16(out);

        zc_udp_dns_write(out);
        zc_wr_close16(out, mark);
}

enum zc_told dns_read(struct zc_rd in)
{
        uint16_t len;

        if (in.n < 2 + 12)
                return in.p[0] < 16 ? ZC_TOLD_MORE : ZC_TOLD_NOTHING;
        return zc_rd_u16(&in, &len) && len >= 12 && len < 4096 && zc_udp_dns_read(in)
                       ? ZC_TOLD_SERVICE
                       : ZC_TOLD_NOTHING;
}

void dns_detail(struct zc_rd in, struct zc_said *out)
{
        if (zc_rd_skip(&in, 2))
                zc_udp_dns_detail(in, out);
}

/* ---- ONC RPC over TCP (RFC 5531 section 11): one record, the last ---- */

static void rpc_write(struct zc_wr *out, uint32_t program, uint32_t version)
{
        zc_wr_u32(out, 0x80000000u | 40);
        zc_udp_rpc_write(out, program, version);
}

void rpcbind_write(struct zc_wr *out)
{
        rpc_write(out, 100000, 2);
}

void nfs_write(struct zc_wr *out)
{
        rpc_write(out, 100003, 3);
}

enum zc_told rpc_read(struct zc_rd in)
{
        uint32_t mark;

        if (in.p[0] != 0x80)
                return ZC_TOLD_NOTHING;
        if (in.n < 4 + 12)
                return ZC_TOLD_MORE;
        return zc_rd_u32(&in, &mark) && zc_udp_rpc_read(in) ? ZC_TOLD_SERVICE : ZC_TOLD_NOTHING;
}
