/** Payloads of services that need no cryptography, and how their answers look. */
#include <string.h>

#include "rows.h"

#define ID 0x7a63u

/* ---- what others know, too ---- */

/** RFC 6763 section 9, asked from a port of our own (RFC 6762 section 6.7): the answer comes back to it, with our number. */
void udp_mdns_write(struct zc_wr *out)
{
        static const char name[] = "\x09_services\x07_dns-sd\x04_udp\x05local";

        zc_wr_u16(out, ID);
        zc_wr_u16(out, 0);
        zc_wr_u16(out, 1);
        zc_wr_u16(out, 0);
        zc_wr_u32(out, 0);
        zc_wr_bytes(out, name, sizeof name);
        zc_wr_u16(out, 12);
        zc_wr_u16(out, 0x8001);
}

void udp_rpcbind_write(struct zc_wr *out)
{
        zc_udp_rpc_write(out, 100000, 2);
}

void udp_nfs_write(struct zc_wr *out)
{
        zc_udp_rpc_write(out, 100003, 3);
}

void udp_sip_write(struct zc_wr *out)
{
        zc_udp_sip_write(out, "UDP");
}

bool udp_sip_read(struct zc_rd in)
{
        return zc_rd_starts(in, "SIP/2.0 ", 8);
}

/* ---- NTP (RFC 5905 section 7.3): a client's packet; the transmit timestamp comes back as the origin ---- */

void udp_ntp_write(struct zc_wr *out)
{
        zc_wr_u32(out, 0x23000000u);
        for (unsigned i = 0; i < 9; i++)
                zc_wr_u32(out, 0);
        zc_wr_str(out, ZC_UDP_MARK);
}

bool udp_ntp_read(struct zc_rd in)
{
        return in.n >= 48 && (in.p[0] & 7) == 4 && memcmp(in.p + 24, ZC_UDP_MARK, 8) == 0;
}

/* ---- SNMPv3 (RFC 3412 section 6, RFC 3414 section 4): discovery, without a user ---- */

void udp_snmp_write(struct zc_wr *out)
{
        static const uint8_t discovery[] = {
                0x30, 0x3a, 2,    1,    3,                                  /* version 3 */
                0x30, 0x0f, 2,    2,    0x7a, 0x63, 2, 3, 0, 0xff, 0xe3,    /* number, size */
                4,    1,    4,    2,    1,    3,                            /* reportable; USM */
                4,    0x10, 0x30, 0x0e, 4,    0,    2, 1, 0, 2,    1,    0, /* no engine */
                4,    0,    4,    0,    4,    0,                            /* nobody */
                0x30, 0x12, 4,    0,    4,    0,                            /* no context */
                0xa0, 0x0c, 2,    2,    0x7a, 0x63, 2, 1, 0, 2,    1,    0, /* get nothing */
                0x30, 0,
        };

        zc_wr_bytes(out, discovery, sizeof discovery);
}

/** One BER element (X.690 section 8.1) that is whole: its tag and contents. */
static bool ber_take(struct zc_rd *in, uint8_t *tag, struct zc_rd *body)
{
        struct zc_rd at = *in;
        uint8_t first, b;
        size_t len = 0;

        if (!zc_rd_u8(&at, tag) || !zc_rd_u8(&at, &first) || first > 0x84)
                return false;
        for (unsigned i = 0; first > 0x80 && i < (first & 0x7fu); i++) {
                if (!zc_rd_u8(&at, &b))
                        return false;
                len = len << 8 | b;
        }
        if (!zc_rd_take(&at, first < 0x80 ? first : len, body))
                return false;
        *in = at;
        return true;
}

/** The next element, of that tag. */
static bool ber_is(struct zc_rd *in, uint8_t tag, struct zc_rd *body)
{
        uint8_t seen;

        return ber_take(in, &seen, body) && seen == tag;
}

/** Version 3, and a report or a response in the open. */
bool udp_snmp_read(struct zc_rd in)
{
        struct zc_rd message, part, pdu;
        uint8_t tag = 0;

        return ber_is(&in, 0x30, &message) && ber_is(&message, 2, &part) && part.n == 1 &&
               part.p[0] == 3 && ber_is(&message, 0x30, &part) && ber_is(&message, 4, &part) &&
               ber_is(&message, 0x30, &pdu) && ber_is(&pdu, 4, &part) && ber_is(&pdu, 4, &part) &&
               ber_take(&pdu, &tag, &part) && (tag == 0xa8 || tag == 0xa2);
}

/** RFC 3411 section 5: an engine's number begins with its maker's. */
void udp_snmp_detail(struct zc_rd in, struct zc_said *out)
{
        static const struct {
                uint8_t maker[4];
                const char *product;
        } makers[] = { { { 0x80, 0, 0x1f, 0x88 }, "Net-SNMP" }, { { 0x80, 0, 0, 9 }, "Cisco" } };

        for (; in.n >= 4; in.p++, in.n--)
                for (size_t i = 0; i < ZC_COUNT(makers); i++)
                        if (memcmp(in.p, makers[i].maker, 4) == 0) {
                                zc_said_put(out->product, zc_rd_str(makers[i].product));
                                out->likely = true;
                                return;
                        }
}

/* ---- SSDP (UPnP Device Architecture 2.0, section 1.3.2) ---- */

void udp_ssdp_write(struct zc_wr *out)
{
        zc_wr_str(out, "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "
                       "\"ssdp:discover\"\r\nMX: 1\r\nST: upnp:rootdevice\r\n\r\n");
}

bool udp_ssdp_read(struct zc_rd in)
{
        return zc_rd_starts(in, "HTTP/1.1 ", 9);
}

void udp_ssdp_detail(struct zc_rd in, struct zc_said *out)
{
        struct zc_rd line;

        while (zc_rd_line(&in, &line) && line.n > 0) {
                if (zc_said_find(line, "SERVER:") != 0 || !zc_rd_skip(&line, 7))
                        continue;
                while (line.n > 0 && line.p[0] == ' ' && zc_rd_skip(&line, 1))
                        ;
                zc_said_put(out->product, line);
                return;
        }
}

/* ---- memcached (doc/protocol.txt, UDP protocol): number, sequence, datagrams, reserved ---- */

void udp_memcached_write(struct zc_wr *out)
{
        zc_wr_u16(out, ID);
        zc_wr_u16(out, 0);
        zc_wr_u16(out, 1);
        zc_wr_u16(out, 0);
        zc_wr_str(out, "version\r\n");
}

bool udp_memcached_read(struct zc_rd in)
{
        uint16_t id;

        return zc_rd_u16(&in, &id) && id == ID && zc_rd_skip(&in, 6) &&
               (zc_rd_starts(in, "VERSION ", 8) || zc_rd_starts(in, "ERROR", 5) ||
                zc_rd_starts(in, "CLIENT_ERROR", 12));
}

void udp_memcached_detail(struct zc_rd in, struct zc_said *out)
{
        zc_said_put(out->product, zc_rd_str("memcached"));
        (void)zc_said_version(in, "VERSION", out->version);
}

/* ---- TFTP (RFC 1350 section 5) ---- */

void udp_tftp_write(struct zc_wr *out)
{
        zc_wr_bytes(out, "\0\1zerocrit-asks-for-nothing\0octet\0", 34);
}

bool udp_tftp_read(struct zc_rd in)
{
        uint16_t op;

        return zc_rd_u16(&in, &op) && (op == 3 || op == 5) && in.n >= 2;
}

/* ---- NetBIOS names (RFC 1002 section 4.2.17): "*", in half bytes ---- */

void udp_netbios_write(struct zc_wr *out)
{
        zc_wr_u16(out, ID);
        zc_wr_u16(out, 0);
        zc_wr_u16(out, 1);
        zc_wr_u16(out, 0);
        zc_wr_u32(out, 0);
        zc_wr_str(out, " CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        zc_wr_u8(out, 0);
        zc_wr_u16(out, 0x21);
        zc_wr_u16(out, 1);
}

bool udp_netbios_read(struct zc_rd in)
{
        uint16_t id, flags;

        return zc_rd_u16(&in, &id) && zc_rd_u16(&in, &flags) && id == ID && (flags & 0x8000) &&
               in.n >= 8;
}

/* ---- LDAP without a connection (MS-ADTS section 3.1.1.3; RFC 4511): the root's entry, no attributes ---- */

void udp_cldap_write(struct zc_wr *out)
{
        zc_wr_bytes(out,
                    "\x30\x2a\2\1\1\x63\x25\4\0\x0a\1\0\x0a\1\0\2\1\0\2\1\0\1\1\0\x87\x0b"
                    "objectClass\x30\5\4\3"
                    "1.1",
                    44);
}

bool udp_cldap_read(struct zc_rd in)
{
        struct zc_rd message, part;
        uint8_t tag = 0;

        return ber_is(&in, 0x30, &message) && ber_is(&message, 2, &part) && part.n == 1 &&
               part.p[0] == 1 && ber_take(&message, &tag, &part) && (tag == 0x64 || tag == 0x65);
}

/* ---- CoAP (RFC 7252 section 3; RFC 6690 section 4) ---- */

void udp_coap_write(struct zc_wr *out)
{
        zc_wr_bytes(out, "\x40\1\x7a\x63\xbb.well-known\4core", 21);
}

bool udp_coap_read(struct zc_rd in)
{
        uint8_t first, code;
        uint16_t id;

        return zc_rd_u8(&in, &first) && zc_rd_u8(&in, &code) && zc_rd_u16(&in, &id) && id == ID &&
               (first & 0xe0) == 0x60; /* version 1, ACK or reset */
}

/* ---- SQL Server Resolution Protocol (MC-SQLR section 2.2) ---- */

void udp_sqlbrowser_write(struct zc_wr *out)
{
        zc_wr_u8(out, 3);
}

bool udp_sqlbrowser_read(struct zc_rd in)
{
        uint8_t type;
        uint16_t len;

        return zc_rd_u8(&in, &type) && zc_rd_u16le(&in, &len) && type == 5 &&
               zc_rd_starts(in, "ServerName;", 11);
}

void udp_sqlbrowser_detail(struct zc_rd in, struct zc_said *out)
{
        zc_said_put(out->product, zc_rd_str("Microsoft SQL Server"));
        if (zc_said_find(in, "Version;") != SIZE_MAX &&
            zc_rd_skip(&in, zc_said_find(in, "Version;") + 8)) {
                struct zc_rd version;

                if (zc_rd_until(&in, ';', &version))
                        zc_said_put(out->version, version);
        }
}

/* ---- RMCP (IPMI 2.0 section 13.2.3: ASF presence ping) ---- */

void udp_rmcp_write(struct zc_wr *out)
{
        zc_wr_bytes(out, "\6\0\xff\6\0\0\x11\xbe\x80\x63\0\0", 12);
}

bool udp_rmcp_read(struct zc_rd in)
{
        static const uint8_t pong[] = { 0, 0, 0x11, 0xbe, 0x40 };

        return in.n >= 12 && in.p[0] == 6 &&
               zc_rd_starts((struct zc_rd){ in.p + 4, in.n - 4 }, pong, sizeof pong);
}

/* ---- XDMCP (version 1: Query; Willing and Unwilling) ---- */

void udp_xdmcp_write(struct zc_wr *out)
{
        zc_wr_bytes(out, "\0\1\0\2\0\1\0", 7);
}

bool udp_xdmcp_read(struct zc_rd in)
{
        uint16_t version, op;

        return zc_rd_u16(&in, &version) && zc_rd_u16(&in, &op) && version == 1 &&
               (op == 5 || op == 6);
}
