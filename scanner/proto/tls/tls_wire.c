/** What a server answers to a ClientHello: records, alerts, ServerHello, HelloRetryRequest. Pure. */
#include "zc/tls_wire.h"

#include <stdio.h>
#include <string.h>

/* Record: type 1, version 2, length 2, fragment. Handshake: type 1, length 3, body. */
enum { RECORD_ALERT = 21, RECORD_HANDSHAKE = 22 };
enum { HELLO_REQUEST = 0, SERVER_HELLO = 2 };
#define RECORD_MAX 18432u /* 2^14 + 2048: RFC 5246 section 6.2.3 */
#define RECORDS_MAX 8192u
#define WARNINGS_MAX 16u
#define EXTENSIONS_MAX 64u

const char *zc_tls_version_name(uint16_t version)
{
        static const char *const names[] = { "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3" };

        return version >= ZC_SSL3 && version <= ZC_TLS13 ? names[version - ZC_SSL3] : NULL;
}

const char *zc_tls_alert_name(uint8_t alert)
{
        static const char *const names[] = {
                [0] = "close_notify",
                [10] = "unexpected_message",
                [20] = "bad_record_mac",
                [21] = "decryption_failed",
                [22] = "record_overflow",
                [30] = "decompression_failure",
                [40] = "handshake_failure",
                [41] = "no_certificate",
                [42] = "bad_certificate",
                [43] = "unsupported_certificate",
                [44] = "certificate_revoked",
                [45] = "certificate_expired",
                [46] = "certificate_unknown",
                [47] = "illegal_parameter",
                [48] = "unknown_ca",
                [49] = "access_denied",
                [50] = "decode_error",
                [51] = "decrypt_error",
                [60] = "export_restriction",
                [70] = "protocol_version",
                [71] = "insufficient_security",
                [80] = "internal_error",
                [86] = "inappropriate_fallback",
                [90] = "user_canceled",
                [100] = "no_renegotiation",
                [109] = "missing_extension",
                [110] = "unsupported_extension",
                [111] = "certificate_unobtainable",
                [112] = "unrecognized_name",
                [113] = "bad_certificate_status_response",
                [115] = "unknown_psk_identity",
                [116] = "certificate_required",
                [120] = "no_application_protocol",
                [121] = "ech_required",
        };

        return alert < ZC_COUNT(names) ? names[alert] : NULL;
}

/** The answer as far as it was read. */
struct reading {
        struct zc_tls_answer *out;
        uint8_t *message; /* ZC_TLS_ANSWER_SCRATCH bytes: handshake fragments, joined */
        size_t len;
        unsigned warnings;
};

/* Every function below returns false when reading is over: out->kind says how. */
static bool over(struct reading *r, enum zc_tls_answer_kind kind, const char *why)
{
        r->out->kind = kind;
        snprintf(r->out->why, sizeof r->out->why, "%s", why);
        return false;
}

static bool malformed(struct reading *r, const char *why)
{
        return over(r, ZC_TLS_ANSWER_MALFORMED, why);
}

/* ---- ServerHello (RFC 5246 section 7.4.1.3, RFC 8446 section 4.1.3) ---- */

static bool ext_versions(struct reading *r, struct zc_rd body)
{
        if (!zc_rd_u16(&body, &r->out->version) || body.n != 0)
                return malformed(r, "supported_versions of a wrong length");
        return true;
}

/* The key itself is not ours to use; a HelloRetryRequest has the group alone. */
static bool ext_key_share(struct reading *r, struct zc_rd body)
{
        struct zc_rd key;

        if (!zc_rd_u16(&body, &r->out->group) ||
            (body.n != 0 && (!zc_rd_vec16(&body, &key) || body.n != 0)))
                return malformed(r, "key_share of a wrong length");
        return true;
}

/* RFC 7301 section 3.1: a list of exactly one name */
static bool ext_alpn(struct reading *r, struct zc_rd body)
{
        struct zc_rd list;

        if (!zc_rd_vec16(&body, &list) || body.n != 0 || !zc_rd_vec8(&list, &r->out->alpn) ||
            list.n != 0 || r->out->alpn.n == 0)
                return malformed(r, "ALPN of a wrong length");
        return true;
}

static bool ext_renegotiation(struct reading *r, struct zc_rd body)
{
        struct zc_rd verify;

        if (!zc_rd_vec8(&body, &verify) || body.n != 0 || verify.n != 0)
                return malformed(r, "renegotiation_info that is not empty");
        r->out->secure_renegotiation = true;
        return true;
}

static bool ext_master_secret(struct reading *r, struct zc_rd body)
{
        if (body.n != 0)
                return malformed(r, "extended_master_secret that is not empty");
        r->out->extended_master_secret = true;
        return true;
}

static const struct {
        uint16_t type;
        bool (*read)(struct reading *r, struct zc_rd body);
} known[] = {
        { 16, ext_alpn },      { 23, ext_master_secret },     { 43, ext_versions },
        { 51, ext_key_share }, { 0xff01, ext_renegotiation },
};

static bool ext_one(struct reading *r, uint16_t type, struct zc_rd body)
{
        for (size_t i = 0; i < ZC_COUNT(known); i++)
                if (known[i].type == type)
                        return known[i].read(r, body);
        return true;
}

static bool extensions(struct reading *r, struct zc_rd all)
{
        uint16_t seen[EXTENSIONS_MAX];
        size_t count = 0;

        while (all.n > 0) {
                struct zc_rd body;
                uint16_t type;

                if (!zc_rd_u16(&all, &type) || !zc_rd_vec16(&all, &body))
                        return malformed(r, "an extension ends early");
                for (size_t i = 0; i < count; i++)
                        if (seen[i] == type)
                                return malformed(r, "one extension twice");
                if (count == EXTENSIONS_MAX)
                        return malformed(r, "too many extensions");
                seen[count++] = type;
                if (!ext_one(r, type, body))
                        return false;
        }
        return true;
}

/* RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest" */
static const uint8_t retry_random[32] = {
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
        0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
        0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

static bool server_hello(struct reading *r, struct zc_rd body)
{
        static const uint8_t sentinel[7] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D' };
        struct zc_tls_answer *a = r->out;
        struct zc_rd all = { 0 };

        if (!zc_rd_u16(&body, &a->version) || !zc_rd_copy(&body, a->random, sizeof a->random) ||
            !zc_rd_vec8(&body, &a->session) || !zc_rd_u16(&body, &a->cipher) ||
            !zc_rd_u8(&body, &a->compression))
                return malformed(r, "ServerHello ends early");
        if (a->session.n > 32)
                return malformed(r, "a session id longer than 32 bytes");
        if (body.n > 0 && (!zc_rd_vec16(&body, &all) || body.n != 0))
                return malformed(r, "bytes after ServerHello");
        if (!extensions(r, all))
                return false;
        if (a->version >> 8 != 3)
                return malformed(r, "ServerHello of a version that is none");
        a->sentinel = memcmp(a->random + 24, sentinel, sizeof sentinel) == 0 && a->random[31] <= 1;
        return over(r,
                    memcmp(a->random, retry_random, sizeof retry_random) == 0 ? ZC_TLS_ANSWER_RETRY
                                                                              : ZC_TLS_ANSWER_HELLO,
                    "");
}

/* ---- messages and records ---- */

/* A message that is whole among the joined fragments, if there is one. */
static bool messages(struct reading *r)
{
        struct zc_rd in = { r->message, r->len };
        struct zc_rd body;
        uint8_t type;

        while (in.n >= 4) {
                struct zc_rd at = in;
                uint32_t length = (uint32_t)in.p[1] << 16 | (uint32_t)in.p[2] << 8 | in.p[3];

                if (in.p[0] != SERVER_HELLO && (in.p[0] != HELLO_REQUEST || length != 0))
                        return malformed(r, "another message in place of ServerHello");
                if (length > ZC_TLS_ANSWER_SCRATCH - 4)
                        return malformed(r, "a ServerHello longer than any");
                if (!zc_rd_u8(&in, &type) || !zc_rd_vec24(&in, &body)) {
                        in = at;
                        break;
                }
                if (type == SERVER_HELLO)
                        return server_hello(r, body);
        }
        memmove(r->message, in.p, in.n);
        r->len = in.n;
        return true;
}

static bool handshake(struct reading *r, struct zc_rd fragment)
{
        if (fragment.n == 0)
                return malformed(r, "an empty handshake fragment"); /* RFC 8446 section 5.1 */
        while (fragment.n > 0) {
                size_t room = ZC_TLS_ANSWER_SCRATCH - r->len,
                       n = fragment.n < room ? fragment.n : room;

                if (!zc_rd_copy(&fragment, r->message + r->len, n))
                        return false;
                r->len += n;
                if (!messages(r))
                        return false;
        }
        return true;
}

static bool alerts(struct reading *r, struct zc_rd fragment)
{
        uint8_t level, description;

        if (fragment.n == 0 || fragment.n % 2 != 0)
                return malformed(r, "an alert of a wrong length");
        if (r->len > 0 && fragment.p[0] == 1)
                return malformed(r, "an alert in the middle of a message");
        while (zc_rd_u8(&fragment, &level) && zc_rd_u8(&fragment, &description)) {
                if (level == 2 || description == 0) { /* close_notify ends it whatever its level */
                        r->out->alert = description;
                        return over(r, ZC_TLS_ANSWER_ALERT, "");
                }
                if (level != 1)
                        return malformed(r, "an alert of no level");
                r->out->warning = description;
                if (++r->warnings > WARNINGS_MAX)
                        return malformed(r, "too many warnings");
        }
        return true;
}

static bool one_record(struct reading *r, struct zc_rd *in)
{
        struct zc_rd fragment;
        uint16_t version, length;
        uint8_t type;

        if (in->n == 0)
                return false;
        if (in->p[0] < 20 || in->p[0] > 24 || (in->n > 1 && in->p[1] != 3))
                return over(r, ZC_TLS_ANSWER_FOREIGN, "");
        if (in->n < 5)
                return false;
        length = (uint16_t)(in->p[3] << 8 | in->p[4]);
        if (length > RECORD_MAX)
                return over(r, ZC_TLS_ANSWER_FOREIGN, "");
        if (in->p[0] != RECORD_ALERT && in->p[0] != RECORD_HANDSHAKE)
                return malformed(r, "a record of another type in place of ServerHello");
        if (!zc_rd_u8(in, &type) || !zc_rd_u16(in, &version) || !zc_rd_vec16(in, &fragment))
                return false;
        return type == RECORD_ALERT ? alerts(r, fragment) : handshake(r, fragment);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): it is written through r.message */
void zc_tls_answer_parse(struct zc_rd in, uint8_t scratch[ZC_TLS_ANSWER_SCRATCH],
                         struct zc_tls_answer *out)
{
        struct reading r = { .out = out, .message = scratch };

        *out = (struct zc_tls_answer){ .warning = -1 };
        for (unsigned n = 0; one_record(&r, &in); n++) {
                if (n == RECORDS_MAX) {
                        malformed(&r, "too many records");
                        return;
                }
        }
}
