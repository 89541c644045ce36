/** What runtimes speak among themselves: AJP, the Java debugger and remote objects, Erlang's port mapper; and XMPP, RTSP, SIP. */
#include <string.h>

#include "question.h"
#include "zc/udp.h"

#define STARTS(in, text) said_starts(in, text, sizeof(text) - 1)

/* ---- AJP 1.3 (Apache Tomcat Connectors: CPing, CPong) ---- */

void ajp_write(struct zc_wr *out)
{
        zc_wr_bytes(out, "\x12\x34\0\1\x0a", 5);
}

enum zc_told ajp_read(struct zc_rd in)
{
        return STARTS(in, "AB\0\1\x09");
}

/* ---- JDWP (Java Debug Wire Protocol, handshake) ---- */

void jdwp_write(struct zc_wr *out)
{
        zc_wr_str(out, "JDWP-Handshake");
}

enum zc_told jdwp_read(struct zc_rd in)
{
        return STARTS(in, "JDWP-Handshake");
}

/** There is no login: who shakes hands may run what he likes. */
void jdwp_detail(struct zc_rd in, struct zc_said *out)
{
        (void)in;
        out->access = ZC_ACCESS_OPEN;
}

/* ---- Java RMI (specification, section 10.2): StreamProtocol, acknowledged with the client's address ---- */

void rmi_write(struct zc_wr *out)
{
        zc_wr_bytes(out, "JRMI\0\2K", 7);
}

enum zc_told rmi_read(struct zc_rd in)
{
        uint16_t len;
        uint8_t ack;

        if (in.p[0] != 0x4e)
                return ZC_TOLD_NOTHING;
        if (!zc_rd_u8(&in, &ack) || !zc_rd_u16(&in, &len))
                return ZC_TOLD_MORE;
        return len >= 1 && len < 256 ? ZC_TOLD_SERVICE : ZC_TOLD_NOTHING;
}

/* ---- Erlang's port mapper (Erlang distribution protocol: NAMES_REQ) ---- */

void epmd_write(struct zc_wr *out)
{
        zc_wr_bytes(out, "\0\1n", 3);
}

enum zc_told epmd_read(struct zc_rd in)
{
        return STARTS(in, "\0\0\x11\x11"); /* its own port, 4369 */
}

/* ---- XMPP (RFC 6120 section 4.2) ---- */

void xmpp_write(struct zc_wr *out)
{
        zc_wr_str(out, "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
                       "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>");
}

enum zc_told xmpp_read(struct zc_rd in)
{
        static const char *const starts[] = { "<stream:", "<?xml" };
        enum zc_told t = said_starts_any(in, starts, ZC_COUNT(starts));

        if (t != ZC_TOLD_SERVICE || zc_said_find(in, "<stream:stream") != SIZE_MAX)
                return t;
        return in.n < 256 ? ZC_TOLD_MORE : ZC_TOLD_NOTHING;
}

/* ---- RTSP (RFC 2326 section 10.1) and SIP (RFC 3261 section 11) ---- */

void rtsp_write(struct zc_wr *out)
{
        zc_wr_str(out, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: zerocrit\r\n\r\n");
}

enum zc_told rtsp_read(struct zc_rd in)
{
        return STARTS(in, "RTSP/1.0 ");
}

void sip_write(struct zc_wr *out)
{
        zc_udp_sip_write(out, "TCP");
}

enum zc_told sip_read(struct zc_rd in)
{
        return STARTS(in, "SIP/2.0 ");
}

void server_line_detail(struct zc_rd in, struct zc_said *out)
{
        static const char *const names[] = { "Server:", "User-Agent:" };
        struct zc_rd line, product;

        while (zc_rd_line(&in, &line) && line.n > 0) {
                for (size_t i = 0; i < ZC_COUNT(names); i++) {
                        if (zc_said_find(line, names[i]) != 0 ||
                            !zc_rd_skip(&line, strlen(names[i])))
                                continue;
                        while (line.n > 0 && line.p[0] == ' ' && zc_rd_skip(&line, 1))
                                ;
                        if (zc_rd_until(&line, '/', &product))
                                zc_said_put(out->version, line);
                        else
                                product = line;
                        zc_said_put(out->product, product);
                        return;
                }
        }
}
