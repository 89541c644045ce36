/** Payloads of key exchanges and of what stands in front of them. Nothing is ever agreed on. */
#include <string.h>

#include "rows.h"

#define EIGHT ZC_UDP_MARK

static void fill(struct zc_wr *out, uint8_t byte, size_t n)
{
        while (n-- > 0)
                zc_wr_u8(out, byte);
}

/* ---- IKEv2 (RFC 7296 sections 3.1, 3.3, 3.4, 3.9): AES-CBC-256, SHA-256, Curve25519 ---- */

static void transform_write(struct zc_wr *out, bool more, uint8_t type, uint16_t id, uint16_t bits)
{
        zc_wr_u8(out, more ? 3 : 0);
        zc_wr_u8(out, 0);
        zc_wr_u16(out, bits ? 12 : 8);
        zc_wr_u8(out, type);
        zc_wr_u8(out, 0);
        zc_wr_u16(out, id);
        if (bits) {
                zc_wr_u16(out, 0x800e); /* key length */
                zc_wr_u16(out, bits);
        }
}

static void payload_head(struct zc_wr *out, uint8_t next, size_t body)
{
        zc_wr_u8(out, next);
        zc_wr_u8(out, 0);
        zc_wr_u16(out, (uint16_t)(body + 4));
}

void udp_ike_write(struct zc_wr *out)
{
        enum { SA = 8 + 12 + 8 + 8 + 8, KE = 4 + 32, NONCE = 32 };

        zc_wr_str(out, EIGHT); /* our number; theirs is not known */
        fill(out, 0, 8);
        zc_wr_bytes(out, "\x21\x20\x22\x08\0\0\0\0", 8);
        zc_wr_u32(out, 28 + 4 + SA + 4 + KE + 4 + NONCE);
        payload_head(out, 34, SA);
        zc_wr_bytes(out, "\0\0", 2); /* the last proposal */
        zc_wr_u16(out, SA);
        zc_wr_bytes(out, "\1\1\0\4", 4); /* the first, IKE, no SPI, four transforms */
        transform_write(out, true, 1, 12, 256);
        transform_write(out, true, 2, 5, 0);
        transform_write(out, true, 3, 12, 0);
        transform_write(out, false, 4, 31, 0);
        payload_head(out, 40, KE);
        zc_wr_u32(out, 31u << 16);
        fill(out, 9, 32); /* a point, of nobody's key */
        payload_head(out, 0, NONCE);
        fill(out, 0x7a, NONCE);
}

/** Our number, then a response of IKE 2, or what IKE 1 has to say. */
bool udp_ike_read(struct zc_rd in)
{
        return in.n >= 28 && memcmp(in.p, EIGHT, 8) == 0 &&
               (in.p[17] >> 4 == 1 || (in.p[17] >> 4 == 2 && (in.p[19] & 0x20)));
}

/** RFC 3948 section 2.2: four zeros tell IKE from ESP. */
void udp_ike_nat_write(struct zc_wr *out)
{
        fill(out, 0, 4);
        udp_ike_write(out);
}

bool udp_ike_nat_read(struct zc_rd in)
{
        uint32_t zero;

        return zc_rd_u32(&in, &zero) && zero == 0 && udp_ike_read(in);
}

/* ---- QUIC (RFC 9000 sections 6, 15, 17.2.1): a version that exists to be refused, in 1200 bytes ---- */

#define OUR_ID "zc-quic0"

void udp_quic_write(struct zc_wr *out)
{
        size_t begin = out->len;

        zc_wr_u8(out, 0xc0);
        zc_wr_u32(out, 0x1a2a3a4a);
        zc_wr_u8(out, 8);
        zc_wr_str(out, EIGHT);
        zc_wr_u8(out, 8);
        zc_wr_str(out, OUR_ID);
        fill(out, 0, 1200 - (out->len - begin));
}

bool udp_quic_read(struct zc_rd in)
{
        uint8_t first;
        uint32_t version;
        struct zc_rd to, from;

        return zc_rd_u8(&in, &first) && zc_rd_u32(&in, &version) && zc_rd_vec8(&in, &to) &&
               zc_rd_vec8(&in, &from) && (first & 0x80) && version == 0 && zc_rd_is(to, OUR_ID) &&
               zc_rd_is(from, EIGHT) && in.n >= 4 && in.n % 4 == 0;
}

/* ---- DTLS 1.2 (RFC 6347 sections 4.1, 4.2) ---- */

void udp_dtls_write(struct zc_wr *out)
{
        static const uint8_t body[] = {
                0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x0a, 0xc0, 0x14,
                0,    0x9c, 0,    0x2f, 0xc0, 0xae, 0,    0xa8,
        };
        static const uint8_t extensions[] = {
                0, 10, 0, 6,  0, 4, 0, 23, 0, 29,             /* groups */
                0, 11, 0, 2,  1, 0,                           /* point formats */
                0, 13, 0, 10, 0, 8, 4, 3,  8, 4,  4, 1, 5, 1, /* signatures */
        };
        size_t record, n = 2 + 32 + 1 + 1 + 2 + sizeof body + 2 + 2 + sizeof extensions;

        zc_wr_bytes(out, "\x16\xfe\xfd\0\0\0\0\0\0\0\0", 11);
        record = zc_wr_open16(out);
        zc_wr_u8(out, 1); /* ClientHello, in one piece */
        zc_wr_u24(out, (uint32_t)n);
        zc_wr_u16(out, 0);
        zc_wr_u24(out, 0);
        zc_wr_u24(out, (uint32_t)n);
        zc_wr_u16(out, 0xfefd);
        fill(out, 0x7a, 32);
        zc_wr_u16(out, 0); /* no session, no cookie */
        zc_wr_u16(out, sizeof body);
        zc_wr_bytes(out, body, sizeof body);
        zc_wr_u16(out, 0x0100);
        zc_wr_u16(out, sizeof extensions);
        zc_wr_bytes(out, extensions, sizeof extensions);
        zc_wr_close16(out, record);
}

/** A handshake record that verifies us or greets back, or an alert. */
bool udp_dtls_read(struct zc_rd in)
{
        uint8_t type, first;
        uint16_t version, len;

        if (!zc_rd_u8(&in, &type) || !zc_rd_u16(&in, &version) || !zc_rd_skip(&in, 8) ||
            !zc_rd_u16(&in, &len) || !zc_rd_u8(&in, &first) ||
            (version != 0xfeff && version != 0xfefd))
                return false;
        return (type == 22 && (first == 2 || first == 3)) || (type == 21 && len == 2 && first <= 2);
}

/* ---- STUN (RFC 8489 sections 5, 14) ---- */

#define COOKIE 0x2112a442u

void udp_stun_write(struct zc_wr *out)
{
        zc_wr_u32(out, 0x00010000);
        zc_wr_u32(out, COOKIE);
        zc_wr_str(out, "zerocritstun");
}

bool udp_stun_read(struct zc_rd in)
{
        uint16_t type, len;
        uint32_t cookie;

        return zc_rd_u16(&in, &type) && zc_rd_u16(&in, &len) && zc_rd_u32(&in, &cookie) &&
               (type == 0x0101 || type == 0x0111) && cookie == COOKIE &&
               zc_rd_starts(in, "zerocritstun", 12);
}

void udp_stun_detail(struct zc_rd in, struct zc_said *out)
{
        struct zc_rd value;
        uint16_t type;

        if (!zc_rd_skip(&in, 20))
                return;
        while (zc_rd_u16(&in, &type) && zc_rd_vec16(&in, &value)) {
                if (type == 0x8022) { /* SOFTWARE */
                        zc_said_put(out->product, value);
                        return;
                }
                if (!zc_rd_skip(&in, (4 - value.n % 4) % 4))
                        return;
        }
}

/* ---- OpenVPN (protocol document): P_CONTROL_HARD_RESET_CLIENT_V2 ---- */

void udp_openvpn_write(struct zc_wr *out)
{
        zc_wr_u8(out, 7 << 3);
        zc_wr_str(out, EIGHT);
        zc_wr_u8(out, 0);
        zc_wr_u32(out, 0);
}

bool udp_openvpn_read(struct zc_rd in)
{
        return in.n >= 9 && in.p[0] == 8 << 3;
}
