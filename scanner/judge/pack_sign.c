/** Ed25519 (RFC 8032), strictly: one encoding of a signature, one of a key, and no point that would sign everything. */
#include <openssl/evp.h>
#include <string.h>

#include "zc/pack.h"

#define BASE64_SIZE(n) (((n) + 2) / 3 * 4)
#define FIELD_TOP 0x7f /* of the last byte: the rest is the sign of x */

/* ---- base64 ---- */

/**
 * Exactly `size` bytes in their canonical base64 (RFC 4648, section 4: padded, unused bits zero, no white space), or not at all. What was
 * read is written again and compared, for OpenSSL's reader lets spaces pass.
 */
static bool base64_read(const char *text, size_t len, uint8_t *out, size_t size)
{
        unsigned char wide[BASE64_SIZE(ZC_SIGNATURE_SIZE)];
        unsigned char again[BASE64_SIZE(ZC_SIGNATURE_SIZE) + 1];
        int n;

        if (len != BASE64_SIZE(size) || size > ZC_SIGNATURE_SIZE)
                return false;
        n = EVP_DecodeBlock(wide, (const unsigned char *)text, (int)len);
        if (n < 0 || (size_t)n < size)
                return false;
        n = EVP_EncodeBlock(again, wide, (int)size);
        if ((size_t)n != len || memcmp(again, text, len) != 0)
                return false;
        memcpy(out, wide, size);
        return true;
}

/* ---- points and numbers ---- */

/* y of the points of order 1, 2, 4 and 8, little endian (RFC 8032, 5.1; the last two are 1 and 0 written another way). */
static const uint8_t small_order[][32] = {
        { 0 },
        { 1 },
        { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
          0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
          0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
        { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
          0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
          0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
        { 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
          0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
          0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
};
static const uint8_t field_prime[32] = {
        0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
};
static const uint8_t group_order[32] = {
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
        0xa2, 0xde, 0xf9, 0xde, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
};

/** Little-endian numbers of 32 bytes. All that is compared here is public. */
static bool below(const uint8_t a[32], const uint8_t b[32])
{
        for (size_t i = 32; i-- > 0;) {
                if (a[i] != b[i])
                        return a[i] < b[i];
        }
        return false;
}

/** The encoding of a point: y below the prime, and not one of the few that vanish when multiplied by 8. */
static bool point_ok(const uint8_t point[32])
{
        uint8_t y[32];

        memcpy(y, point, sizeof(y));
        y[31] &= FIELD_TOP;
        for (size_t i = 0; i < ZC_COUNT(small_order); i++) {
                if (memcmp(y, small_order[i], sizeof(y)) == 0)
                        return false;
        }
        return below(y, field_prime);
}

/* ---- reading ---- */

bool zc_signature_read(const void *bytes, size_t len, uint8_t out[ZC_SIGNATURE_SIZE],
                       struct zc_err *err)
{
        if (len == ZC_SIGNATURE_SIZE) {
                memcpy(out, bytes, ZC_SIGNATURE_SIZE);
                return true;
        }
        return base64_read(bytes, len, out, ZC_SIGNATURE_SIZE) ||
               zc_fail(err, ZC_E_USAGE,
                       "%zu bytes are no signature: it is 64 bytes, or 88 characters of base64 "
                       "with "
                       "no line break, and there is one",
                       len);
}

/** The base64 between a PEM's BEGIN and END lines, which is one line; the text itself when it has none; NULL when they do not match. */
static const char *pem_body(const char *text, size_t *n)
{
        static const char begin[] = "-----BEGIN PUBLIC KEY-----\n";
        static const char end[] = "\n-----END PUBLIC KEY-----";
        const char *body = text + sizeof(begin) - 1, *stop, *rest;

        *n = strlen(text);
        if (strncmp(text, begin, sizeof(begin) - 1) != 0)
                return text;
        stop = strstr(body, end);
        rest = stop ? stop + sizeof(end) - 1 : "more";
        *n = stop ? (size_t)(stop - body) : 0;
        return rest[*rest == '\n'] == '\0' ? body : NULL;
}

bool zc_signing_key_read(const char *text, uint8_t out[ZC_SIGNING_KEY_SIZE], struct zc_err *err)
{
        /* SubjectPublicKeyInfo of an Ed25519 key, up to its 32 bytes (RFC 8410, section 4). */
        static const uint8_t head[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                        0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
        uint8_t der[sizeof(head) + ZC_SIGNING_KEY_SIZE];
        size_t n = 0;
        const char *body = pem_body(text, &n);

        if (body && base64_read(body, n, der, sizeof(der)) && memcmp(der, head, sizeof(head)) == 0)
                memcpy(out, der + sizeof(head), ZC_SIGNING_KEY_SIZE);
        else if (!body || !base64_read(body, n, out, ZC_SIGNING_KEY_SIZE))
                return zc_fail(err, ZC_E_USAGE,
                               "this is no Ed25519 public key; put here what `openssl pkey -in "
                               "KEY.pem -pubout` prints");
        return point_ok(out) ||
               zc_fail(err, ZC_E_USAGE,
                       "this key is of small order or not canonical: anyone could sign with it");
}

/* ---- verifying ---- */

bool zc_signature_verify(const uint8_t key[ZC_SIGNING_KEY_SIZE],
                         const uint8_t signature[ZC_SIGNATURE_SIZE], const void *bytes, size_t len)
{
        EVP_PKEY *pkey = NULL;
        EVP_MD_CTX *md = NULL;
        bool ok;

        if (!point_ok(key) || !point_ok(signature) || !below(signature + 32, group_order))
                return false;
        pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, ZC_SIGNING_KEY_SIZE);
        md = EVP_MD_CTX_new();
        ok = pkey && md && EVP_DigestVerifyInit(md, NULL, NULL, NULL, pkey) == 1 &&
             EVP_DigestVerify(md, signature, ZC_SIGNATURE_SIZE, bytes, len) == 1;
        EVP_MD_CTX_free(md);
        EVP_PKEY_free(pkey);
        return ok;
}
