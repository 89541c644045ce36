/**
 * Fuzz target: the first byte says as what the others are read: a manifest, a trust file, a signature, a key. A manifest that is taken names only
 * files below its folder, each once; nothing is signed that the one key did not sign.
 */
#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

#include "pack_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* RFC 8032, 7.1, test 2: a key, what it signed, and how. */
static const uint8_t public_key[32] = { 0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a,
                                        0x92, 0xb7, 0x0a, 0xa7, 0x4d, 0x1b, 0x7e, 0xbc,
                                        0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4, 0x96, 0x8c,
                                        0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c };
static const uint8_t signed_byte[1] = { 0x72 };
static const uint8_t good[64] = { 0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8, 0x72, 0x0e, 0x82,
                                  0x0b, 0x5f, 0x64, 0x25, 0x40, 0xa2, 0xb2, 0x7b, 0x54, 0x16, 0x50,
                                  0x3f, 0x8f, 0xb3, 0x76, 0x22, 0x23, 0xeb, 0xdb, 0x69, 0xda, 0x08,
                                  0x5a, 0xc1, 0xe4, 0x3e, 0x15, 0x99, 0x6e, 0x45, 0x8f, 0x36, 0x13,
                                  0xd0, 0xf1, 0x1d, 0x8c, 0x38, 0x7b, 0x2e, 0xae, 0xb4, 0x30, 0x2a,
                                  0xee, 0xb0, 0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c, 0x00 };

static void manifest(const char *s, size_t n)
{
        struct zc_err err = { 0 };
        struct zc_manifest m;

        if (!zc_manifest_parse("f", s, n, &m, &err)) {
                assert(err.code != ZC_OK && err.text[0] != '\0');
                return;
        }
        assert(m.file_count > 0 && zc_pack_name_ok(m.name) && !memchr(s, '\r', n) &&
               !memchr(s, '\0', n));
        for (size_t i = 0; i < m.file_count; i++) {
                assert(m.files[i].path[0] != '/' && strncmp(m.files[i].path, "../", 3) != 0 &&
                       !strstr(m.files[i].path, "/.."));
                assert(strlen(m.files[i].sha256) == 64);
                assert(i == 0 || strcmp(m.files[i - 1].path, m.files[i].path) < 0);
        }
        zc_manifest_release(&m);
}

static void trust(const char *s, size_t n)
{
        struct zc_trust *t = NULL;
        struct zc_err err = { 0 };

        if (!zc_trust_parse("f", s, n, &t, &err)) {
                assert(err.code != ZC_OK && err.text[0] != '\0');
                return;
        }
        assert(!zc_trust_signer(t, good, "another text", 12, &err));
        zc_trust_free(t);
}

static void signature(const uint8_t *s, size_t n)
{
        uint8_t sig[ZC_SIGNATURE_SIZE];
        char text[89];
        struct zc_err err = { 0 };

        if (!zc_signature_read(s, n, sig, &err)) {
                assert(n != 64 && err.code == ZC_E_USAGE);
                return;
        }
        assert(n == 64 || n == 88);
        if (n == 88) {
                EVP_EncodeBlock((unsigned char *)text, sig, 64);
                assert(memcmp(text, s, 88) == 0);
        }
        assert(zc_signature_verify(public_key, sig, signed_byte, 1) ==
               (memcmp(sig, good, 64) == 0));
}

static void key(const char *s, size_t n)
{
        char *text = strndup(s, n);
        uint8_t bytes[ZC_SIGNING_KEY_SIZE];
        struct zc_err err = { 0 };

        if (text && zc_signing_key_read(text, bytes, &err))
                assert(zc_signature_verify(bytes, good, signed_byte, 1) ==
                       (memcmp(bytes, public_key, 32) == 0));
        else
                assert(!text || err.code == ZC_E_USAGE);
        free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *s = (const char *)data + 1;

        if (size == 0)
                return 0;
        switch (data[0] % 4) {
        case 0:
                manifest(s, size - 1);
                break;
        case 1:
                trust(s, size - 1);
                break;
        case 2:
                signature(data + 1, size - 1);
                break;
        default:
                key(s, size - 1);
        }
        return 0;
}
