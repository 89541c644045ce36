/** A name server's version (RFC 1035; version.bind is BIND's custom, RFC 4892 section 2), a NULL call (RFC 5531), SIP's OPTIONS. */
#include <string.h>

#include "zc/udp.h"

#define DNS_ID 0x7a63u
#define TYPE_TXT 16u
#define CLASS_CHAOS 3u

void zc_udp_dns_write(struct zc_wr *out)
{
        zc_wr_u16(out, DNS_ID);
        zc_wr_u16(out, 0); /* a query, and no recursion */
        zc_wr_u16(out, 1);
        zc_wr_u16(out, 0);
        zc_wr_u32(out, 0);
        zc_wr_bytes(out, "\7version\4bind\0", 14);
        zc_wr_u16(out, TYPE_TXT);
        zc_wr_u16(out, CLASS_CHAOS);
}

/** The head of an answer to ours, and how many questions and answers follow. */
static bool dns_head(struct zc_rd *in, uint16_t *flags, uint16_t *questions, uint16_t *answers)
{
        uint16_t id;

        return zc_rd_u16(in, &id) && zc_rd_u16(in, flags) && zc_rd_u16(in, questions) &&
               zc_rd_u16(in, answers) && zc_rd_skip(in, 4) && id == DNS_ID &&
               (*flags & 0xf800) == 0x8000 && *questions <= 1;
}

bool zc_udp_dns_read(struct zc_rd in)
{
        uint16_t flags, questions, answers;

        return dns_head(&in, &flags, &questions, &answers);
}

/** Section 4.1.4: labels up to the root, or to a pointer. */
static bool name_skip(struct zc_rd *in)
{
        uint8_t n;

        while (zc_rd_u8(in, &n) && n != 0) {
                if (n >= 0xc0)
                        return zc_rd_skip(in, 1);
                if (n > 63 || !zc_rd_skip(in, n))
                        return false;
        }
        return n == 0;
}

/** The text of the first answer. */
static bool dns_text(struct zc_rd in, struct zc_rd *text)
{
        uint16_t flags, questions, answers, type, class_id;
        struct zc_rd data;

        if (!dns_head(&in, &flags, &questions, &answers) || (flags & 15) || answers == 0)
                return false;
        if (questions == 1 && (!name_skip(&in) || !zc_rd_skip(&in, 4)))
                return false;
        return name_skip(&in) && zc_rd_u16(&in, &type) && zc_rd_u16(&in, &class_id) &&
               zc_rd_skip(&in, 4) && zc_rd_vec16(&in, &data) && type == TYPE_TXT &&
               class_id == CLASS_CHAOS && zc_rd_vec8(&data, text);
}

void zc_udp_dns_detail(struct zc_rd in, struct zc_said *out)
{
        static const char *const names[] = {
                "dnsmasq",           "unbound",  "PowerDNS Authoritative Server",
                "PowerDNS Recursor", "Knot DNS", "NSD",
                "Microsoft DNS"
        };
        struct zc_rd text;

        if (!dns_text(in, &text) || text.n == 0)
                return;
        for (size_t i = 0; i < ZC_COUNT(names); i++) {
                if (zc_said_find(text, names[i]) == SIZE_MAX)
                        continue;
                zc_said_put(out->product, zc_rd_str(names[i]));
                (void)zc_said_version(text, names[i], out->version);
                return;
        }
        if (text.p[0] == '9' && text.n > 2 && text.p[1] == '.') {
                zc_said_put(out->product, zc_rd_str("BIND"));
                (void)zc_said_version(text, "", out->version);
        } else {
                zc_said_put(out->product, text);
                out->likely = true; /* the operator's own words, perhaps */
        }
}

/* ---- RPC ---- */

#define RPC_ID 0x7a637269u

void zc_udp_rpc_write(struct zc_wr *out, uint32_t program, uint32_t version)
{
        zc_wr_u32(out, RPC_ID);
        zc_wr_u32(out, 0); /* CALL */
        zc_wr_u32(out, 2); /* of RPC version 2 */
        zc_wr_u32(out, program);
        zc_wr_u32(out, version);
        zc_wr_u32(out, 0); /* NULL */
        zc_wr_u64(out, 0); /* no credentials */
        zc_wr_u64(out, 0);
}

/** REPLY, accepted or denied. */
bool zc_udp_rpc_read(struct zc_rd in)
{
        uint32_t id, reply, status;

        return zc_rd_u32(&in, &id) && zc_rd_u32(&in, &reply) && zc_rd_u32(&in, &status) &&
               id == RPC_ID && reply == 1 && status <= 1;
}

/* ---- SIP ---- */

void zc_udp_sip_write(struct zc_wr *out, const char *transport)
{
        zc_wr_str(out, "OPTIONS sip:nobody@invalid SIP/2.0\r\nVia: SIP/2.0/");
        zc_wr_str(out, transport);
        zc_wr_str(out, " invalid;branch=z9hG4bKzerocrit;rport\r\n"
                       "Max-Forwards: 70\r\n"
                       "From: <sip:zerocrit@invalid>;tag=zerocrit\r\n"
                       "To: <sip:nobody@invalid>\r\n"
                       "Call-ID: zerocrit@invalid\r\n"
                       "CSeq: 1 OPTIONS\r\n"
                       "User-Agent: zerocrit\r\n"
                       "Accept: application/sdp\r\n"
                       "Content-Length: 0\r\n\r\n");
}
