/** ClientHello: the suites of each version's time, and the bytes. Pure. */
#include <string.h>

#include "zc/tls_wire.h"

/* IANA TLS Cipher Suites, and what was in use before there was a registry; a range holds consecutive ids. */
struct range {
        uint16_t from, to;
};

/* Before TLS 1.2: the best first. ECDHE, DHE, RSA with AES and Camellia, then 3DES, SEED, IDEA, RC4, DES. */
static const struct range usual[] = {
        { 0xc014, 0xc013 }, { 0xc00a, 0xc009 }, { 0x0039, 0x0038 }, { 0x0033, 0x0032 },
        { 0x0035, 0x0035 }, { 0x002f, 0x002f }, { 0x0088, 0x0087 }, { 0x0045, 0x0044 },
        { 0x0084, 0x0084 }, { 0x0041, 0x0041 }, { 0xc012, 0xc012 }, { 0xc008, 0xc008 },
        { 0x0016, 0x0016 }, { 0x0013, 0x0013 }, { 0x000a, 0x000a }, { 0xc00f, 0xc00d },
        { 0xc005, 0xc003 }, { 0x0036, 0x0037 }, { 0x0030, 0x0031 }, { 0x009a, 0x0099 },
        { 0x0096, 0x0096 }, { 0x0007, 0x0007 }, { 0xc011, 0xc011 }, { 0xc007, 0xc007 },
        { 0x0005, 0x0004 }, { 0x0015, 0x0015 }, { 0x0012, 0x0012 }, { 0x0009, 0x0009 },
};

/* Before TLS 1.2: NULL, export, anonymous, static DH, Kerberos (RFC 2712), PSK (4279, 4785), SRP (5054). */
static const struct range rest[] = {
        { 0x0001, 0x0003 }, { 0x0006, 0x0006 }, { 0x0008, 0x0008 }, { 0x000b, 0x0011 },
        { 0x0014, 0x0014 }, { 0x0017, 0x001b }, { 0x001e, 0x002e }, { 0x0034, 0x0034 },
        { 0x003a, 0x003a }, { 0x0042, 0x0043 }, { 0x0046, 0x0046 }, { 0x0060, 0x0066 },
        { 0x0085, 0x0086 }, { 0x0089, 0x0095 }, { 0x0097, 0x0098 }, { 0x009b, 0x009b },
        { 0xc001, 0xc002 }, { 0xc006, 0xc006 }, { 0xc00b, 0xc00c }, { 0xc010, 0xc010 },
        { 0xc015, 0xc022 }, { 0xc033, 0xc036 }, { 0xc039, 0xc039 }, { 0xfefe, 0xfeff },
};

/* TLS 1.2 alone: GCM (RFC 5288, 5289), ChaCha20 (7905), CCM (6655, 7251), CBC with SHA-2 (5246, 5289). */
static const struct range usual12[] = {
        { 0xc02f, 0xc030 }, { 0xc02b, 0xc02c }, { 0xcca8, 0xccaa }, { 0x009e, 0x009f },
        { 0x00a2, 0x00a3 }, { 0xc027, 0xc028 }, { 0xc023, 0xc024 }, { 0x009c, 0x009d },
        { 0x006b, 0x006a }, { 0x0067, 0x0067 }, { 0x0040, 0x0040 }, { 0x003c, 0x003d },
        { 0xc0ac, 0xc0af }, { 0xc09c, 0xc09f }, { 0xc0a2, 0xc0a3 }, { 0xc0a0, 0xc0a1 },
        { 0xcc13, 0xcc15 },
};

/* TLS 1.2 alone: static DH and ECDH, anonymous, NULL, PSK, Camellia and ARIA. */
static const struct range rest12[] = {
        { 0x003b, 0x003b }, { 0x003e, 0x003f }, { 0x0068, 0x0069 }, { 0x006c, 0x006d },
        { 0x00a0, 0x00a1 }, { 0x00a4, 0x00b9 }, { 0x00ba, 0x00c7 }, { 0xc025, 0xc026 },
        { 0xc029, 0xc02a }, { 0xc02d, 0xc02e }, { 0xc031, 0xc032 }, { 0xc037, 0xc03b },
        { 0xc050, 0xc053 }, { 0xc056, 0xc057 }, { 0xc05c, 0xc063 }, { 0xc072, 0xc081 },
        { 0xc086, 0xc08d }, { 0xc0a4, 0xc0ab }, { 0xccab, 0xccae }, { 0xd001, 0xd005 },
};

static const struct range few[] = {
        { 0xc013, 0xc014 }, { 0xc009, 0xc00a }, { 0x0033, 0x0033 }, { 0x002f, 0x002f },
        { 0x0035, 0x0035 }, { 0x000a, 0x000a }, { 0x0004, 0x0005 },
};
static const struct range few12[] = {
        { 0xc02b, 0xc02c },
        { 0xc02f, 0xc030 },
        { 0xcca8, 0xcca9 },
        { 0x009c, 0x009d },
};
static const struct range usual13[] = { { 0x1301, 0x1305 } };
static const struct range rest13[] = { { 0x00c6, 0x00c7 } }; /* SM4 (RFC 8998) */

struct list {
        const struct range *ranges;
        size_t count;
};
#define LIST(r)                                                                                    \
        {                                                                                          \
                r, ZC_COUNT(r)                                                                     \
        }

/* What a list is made of, in order: for TLS 1.3, for TLS 1.2, for those before. */
static const struct list lists13[][2] = {
        [ZC_SUITES_USUAL] = { LIST(usual13) },
        [ZC_SUITES_REST] = { LIST(usual13), LIST(rest13) },
        [ZC_SUITES_FEW] = { LIST(usual13) },
};
static const struct list lists12[][2] = {
        [ZC_SUITES_USUAL] = { LIST(usual12), LIST(usual) },
        [ZC_SUITES_REST] = { LIST(rest12) },
        [ZC_SUITES_FEW] = { LIST(few12), LIST(few) },
};
static const struct list lists[][2] = {
        [ZC_SUITES_USUAL] = { LIST(usual) },
        [ZC_SUITES_REST] = { LIST(rest) },
        [ZC_SUITES_FEW] = { LIST(few) },
};

static size_t add_range(struct range r, uint16_t out[ZC_TLS_SUITES_MAX], size_t n)
{
        int way = r.from <= r.to ? 1 : -1;

        for (int id = r.from; n < ZC_TLS_SUITES_MAX; id += way) {
                out[n++] = (uint16_t)id;
                if (id == r.to)
                        break;
        }
        return n;
}

size_t zc_tls_suites(uint16_t version, enum zc_tls_suites which, uint16_t out[ZC_TLS_SUITES_MAX])
{
        const struct list *parts = version >= ZC_TLS13   ? lists13[which]
                                   : version == ZC_TLS12 ? lists12[which]
                                                         : lists[which];
        size_t n = 0;

        for (size_t i = 0; i < 2; i++)
                for (size_t j = 0; j < parts[i].count; j++)
                        n = add_range(parts[i].ranges[j], out, n);
        return n;
}

/* ---- extensions (IANA TLS ExtensionType Values) ---- */

enum {
        EXT_SERVER_NAME = 0,
        EXT_GROUPS = 10,
        EXT_POINT_FORMATS = 11,
        EXT_SIGNATURES = 13,
        EXT_PADDING = 21,
        EXT_MASTER_SECRET = 23,
        EXT_TICKET = 35,
        EXT_VERSIONS = 43,
        EXT_PSK_MODES = 45,
        EXT_KEY_SHARE = 51,
};
#define GROUP_X25519 29
#define GROUP_P256 23

/* Every server that does elliptic curves has one of these; finite fields (RFC 7919) beside them. */
static const uint16_t groups[] = { GROUP_X25519, GROUP_P256, 30,  24,  25,  22,  14, 26,
                                   27,           28,         256, 257, 258, 259, 260 };

static const uint16_t signatures[] = { 0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x081a, 0x081b,
                                       0x081c, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b,
                                       0x0401, 0x0501, 0x0601, 0x0402, 0x0303, 0x0301, 0x0302,
                                       0x0203, 0x0201, 0x0202, 0x0101 };

/* The base point of P-256 (SEC 2 section 2.4.2), uncompressed: a public key that every server accepts; no secret hangs on it. */
static const uint8_t p256_share[65] = {
        0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5,
        0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4,
        0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a,
        0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33,
        0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
};

static void list16(struct zc_wr *w, uint16_t type, const uint16_t *values, size_t count)
{
        size_t ext, list;

        zc_wr_u16(w, type);
        ext = zc_wr_open16(w);
        list = zc_wr_open16(w);
        for (size_t i = 0; i < count; i++)
                zc_wr_u16(w, values[i]);
        zc_wr_close16(w, list);
        zc_wr_close16(w, ext);
}

/* RFC 6066 section 3 */
static void server_name(struct zc_wr *w, const char *name)
{
        size_t ext, list, host;

        if (!name)
                return;
        zc_wr_u16(w, EXT_SERVER_NAME);
        ext = zc_wr_open16(w);
        list = zc_wr_open16(w);
        zc_wr_u8(w, 0);
        host = zc_wr_open16(w);
        zc_wr_str(w, name);
        zc_wr_close16(w, host);
        zc_wr_close16(w, list);
        zc_wr_close16(w, ext);
}

static void share(struct zc_wr *w, uint16_t group, const uint8_t *key, size_t n)
{
        size_t mark;

        zc_wr_u16(w, group);
        mark = zc_wr_open16(w);
        zc_wr_bytes(w, key, n);
        zc_wr_close16(w, mark);
}

/* RFC 8446 sections 4.2.1, 4.2.8, 4.2.9 */
static void extensions13(struct zc_wr *w, const struct zc_tls_hello *h)
{
        static const uint8_t modes[] = { 0, EXT_PSK_MODES, 0, 2, 1, 1 };
        size_t ext, list;

        zc_wr_u16(w, EXT_VERSIONS);
        ext = zc_wr_open16(w);
        list = zc_wr_open8(w);
        zc_wr_u16(w, ZC_TLS13);
        if (h->also_older)
                zc_wr_u16(w, ZC_TLS12);
        zc_wr_close8(w, list);
        zc_wr_close16(w, ext);
        zc_wr_bytes(w, modes, sizeof modes);
        zc_wr_u16(w, EXT_KEY_SHARE);
        ext = zc_wr_open16(w);
        list = zc_wr_open16(w);
        share(w, GROUP_X25519, h->x25519, sizeof h->x25519);
        share(w, GROUP_P256, p256_share, sizeof p256_share);
        zc_wr_close16(w, list);
        zc_wr_close16(w, ext);
}

/* A hello of 256 to 511 bytes hangs some servers (RFC 7685 section 1). @length_at: where the message's header begins. */
static void padding(struct zc_wr *w, size_t message)
{
        size_t n = w->len - message;

        if (w->failed || n < 256 || n >= 512)
                return;
        n = n + 4 < 512 ? 512 - n - 4 : 0;
        zc_wr_u16(w, EXT_PADDING);
        zc_wr_u16(w, (uint16_t)n);
        for (size_t i = 0; i < n; i++)
                zc_wr_u8(w, 0);
}

static void extensions(struct zc_wr *w, const struct zc_tls_hello *h, size_t message)
{
        static const uint8_t formats[] = { 0, EXT_POINT_FORMATS, 0, 2, 1, 0 };
        static const uint8_t empty[] = { 0, EXT_MASTER_SECRET, 0, 0, 0, EXT_TICKET, 0, 0 };
        size_t all;

        if (h->version == ZC_SSL3 || (h->bare && !h->sni))
                return;
        all = zc_wr_open16(w);
        server_name(w, h->sni);
        if (!h->bare) {
                list16(w, EXT_GROUPS, groups, ZC_COUNT(groups));
                zc_wr_bytes(w, formats, sizeof formats);
                if (h->version >= ZC_TLS12)
                        list16(w, EXT_SIGNATURES, signatures, ZC_COUNT(signatures));
                zc_wr_bytes(w, empty, sizeof empty);
                if (h->version >= ZC_TLS13)
                        extensions13(w, h);
                padding(w, message);
        }
        zc_wr_close16(w, all);
}

void zc_tls_hello_write(struct zc_wr *w, const struct zc_tls_hello *h)
{
        uint16_t legacy = h->version > ZC_TLS12 ? ZC_TLS12 : h->version;
        size_t record, message, mark, start;

        zc_wr_u8(w, 22);
        zc_wr_u16(w, h->version == ZC_SSL3 ? ZC_SSL3 : ZC_TLS10);
        record = zc_wr_open16(w);
        start = w->len;
        zc_wr_u8(w, 1);
        message = zc_wr_open24(w);
        zc_wr_u16(w, legacy);
        zc_wr_bytes(w, h->random, sizeof h->random);
        mark = zc_wr_open8(w);
        if (h->version >= ZC_TLS13)
                zc_wr_bytes(w, h->session, sizeof h->session);
        zc_wr_close8(w, mark);
        mark = zc_wr_open16(w);
        for (size_t i = 0; i < h->suite_count; i++)
                zc_wr_u16(w, h->suites[i]);
        zc_wr_u16(w, 0x00ff); /* TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 section 3.3) */
        zc_wr_close16(w, mark);
        zc_wr_u8(w, 1); /* no compression but null */
        zc_wr_u8(w, 0);
        extensions(w, h, start);
        zc_wr_close24(w, message);
        zc_wr_close16(w, record);
}
