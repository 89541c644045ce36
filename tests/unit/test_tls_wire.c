/** ClientHello and what comes back: OpenSSL's server as the other side, then rows, truncations and cuts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#include "zc/tls_wire.h"

/* ---- OpenSSL answers ---- */

static SSL_CTX *server_new(int min, int max)
{
        SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
        EVP_PKEY *key = EVP_RSA_gen(2048);
        X509 *x = X509_new();

        X509_gmtime_adj(X509_getm_notBefore(x), 0);
        X509_gmtime_adj(X509_getm_notAfter(x), 3600);
        X509_set_pubkey(x, key);
        assert_true(X509_sign(x, key, EVP_sha256()) > 0);
        SSL_CTX_set_security_level(ctx, 0);
        SSL_CTX_set_min_proto_version(ctx, min);
        SSL_CTX_set_max_proto_version(ctx, max);
        SSL_CTX_set_cipher_list(ctx, "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
        assert_int_equal(SSL_CTX_use_certificate(ctx, x), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
        EVP_PKEY_free(key);
        X509_free(x);
        return ctx;
}

static struct zc_tls_hello hello_of(uint16_t version, enum zc_tls_suites which, uint16_t *suites)
{
        struct zc_tls_hello h = { .version = version, .suites = suites, .sni = "www.example.org" };

        h.suite_count = zc_tls_suites(version, which, suites);
        RAND_bytes(h.random, sizeof h.random);
        RAND_bytes(h.session, sizeof h.session);
        RAND_bytes(h.x25519, sizeof h.x25519);
        return h;
}

/* What the server says to a hello; returns how many bytes. */
static size_t server_says(SSL_CTX *ctx, const struct zc_tls_hello *h, uint8_t *out, size_t cap)
{
        SSL *ssl = SSL_new(ctx);
        BIO *in = BIO_new(BIO_s_mem()), *back = BIO_new(BIO_s_mem());
        uint8_t buf[ZC_TLS_HELLO_MAX];
        struct zc_wr w;
        int n;

        zc_wr_init(&w, buf, sizeof buf);
        zc_tls_hello_write(&w, h);
        assert_false(w.failed);
        SSL_set_bio(ssl, in, back);
        SSL_set_accept_state(ssl);
        assert_int_equal(BIO_write(in, buf, (int)w.len), (int)w.len);
        SSL_do_handshake(ssl);
        n = BIO_read(back, out, (int)cap);
        SSL_free(ssl);
        return n > 0 ? (size_t)n : 0;
}

static void test_openssl_answers(void **state)
{
        static const struct {
                uint16_t version, which;
                bool bare, also_older;
                int min, max; /* of the server */
                enum zc_tls_answer_kind kind;
                int chosen, alert;
        } rows[] = {
                { ZC_TLS10, ZC_SUITES_USUAL, false, false, 0x301, 0x304, ZC_TLS_ANSWER_HELLO, 0x301,
                  0 },
                { ZC_TLS11, ZC_SUITES_USUAL, false, false, 0x301, 0x304, ZC_TLS_ANSWER_HELLO, 0x302,
                  0 },
                { ZC_TLS12, ZC_SUITES_USUAL, false, false, 0x301, 0x304, ZC_TLS_ANSWER_HELLO, 0x303,
                  0 },
                { ZC_TLS13, ZC_SUITES_USUAL, false, false, 0x301, 0x304, ZC_TLS_ANSWER_HELLO, 0x304,
                  0 },
                { ZC_TLS10, ZC_SUITES_REST, false, false, 0x301, 0x304, ZC_TLS_ANSWER_HELLO, 0x301,
                  0 },
                { ZC_TLS12, ZC_SUITES_REST, false, false, 0x301, 0x304, ZC_TLS_ANSWER_HELLO, 0x303,
                  0 },
                { ZC_TLS10, ZC_SUITES_FEW, true, false, 0x301, 0x304, ZC_TLS_ANSWER_HELLO, 0x301,
                  0 },
                { ZC_TLS12, ZC_SUITES_FEW, true, false, 0x301, 0x304, ZC_TLS_ANSWER_HELLO, 0x303,
                  0 },
                { ZC_TLS13, ZC_SUITES_FEW, false, true, 0x301, 0x304, ZC_TLS_ANSWER_HELLO, 0x304,
                  0 },
                { ZC_TLS13, ZC_SUITES_FEW, false, true, 0x301, 0x303, ZC_TLS_ANSWER_HELLO, 0x303,
                  0 },
                { ZC_TLS13, ZC_SUITES_USUAL, false, false, 0x301, 0x303, ZC_TLS_ANSWER_ALERT, 0,
                  70 },
                { ZC_TLS10, ZC_SUITES_USUAL, false, false, 0x303, 0x304, ZC_TLS_ANSWER_ALERT, 0,
                  70 },
                { ZC_TLS12, ZC_SUITES_USUAL, false, false, 0x304, 0x304, ZC_TLS_ANSWER_ALERT, 0,
                  70 },
                { ZC_TLS12, ZC_SUITES_USUAL, false, false, 0x301, 0x302, ZC_TLS_ANSWER_HELLO, 0x302,
                  0 },
                /* SSL 3.0 has no alert protocol_version */
                { ZC_SSL3, ZC_SUITES_USUAL, false, false, 0x301, 0x304, ZC_TLS_ANSWER_ALERT, 0,
                  40 },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                SSL_CTX *ctx = server_new(rows[i].min, rows[i].max);
                uint16_t suites[2 * ZC_TLS_SUITES_MAX];
                struct zc_tls_hello h =
                        hello_of(rows[i].version, (enum zc_tls_suites)rows[i].which, suites);
                uint8_t bytes[8192], scratch[ZC_TLS_ANSWER_SCRATCH];
                struct zc_tls_answer a;
                size_t n;

                h.bare = rows[i].bare;
                h.also_older = rows[i].also_older;
                if (h.also_older)
                        h.suite_count +=
                                zc_tls_suites(ZC_TLS12, ZC_SUITES_FEW, suites + h.suite_count);
                n = server_says(ctx, &h, bytes, sizeof bytes);
                zc_tls_answer_parse((struct zc_rd){ bytes, n }, scratch, &a);
                if (a.kind != rows[i].kind || a.version != rows[i].chosen ||
                    a.alert != rows[i].alert)
                        fail_msg("row %zu: kind %d version %04x alert %u %s", i, a.kind, a.version,
                                 a.alert, a.why);
                if (a.kind == ZC_TLS_ANSWER_HELLO) {
                        bool offered = false;

                        for (size_t s = 0; s < h.suite_count; s++)
                                offered = offered || h.suites[s] == a.cipher;
                        assert_true(offered);
                        assert_int_equal(a.secure_renegotiation, a.version != 0x304);
                        if (rows[i].version == 0x304 && a.version == 0x304)
                                assert_int_equal(a.group, 29);
                }
                SSL_CTX_free(ctx);
        }
}

/* A server without our shares' groups asks for another one, which tells the version. */
static void test_openssl_retries(void **state)
{
        SSL_CTX *ctx = server_new(0x304, 0x304);
        uint16_t suites[ZC_TLS_SUITES_MAX];
        struct zc_tls_hello h = hello_of(ZC_TLS13, ZC_SUITES_USUAL, suites);
        uint8_t bytes[8192], scratch[ZC_TLS_ANSWER_SCRATCH];
        struct zc_tls_answer a;
        size_t n;

        (void)state;
        assert_int_equal(SSL_CTX_set1_groups_list(ctx, "P-384"), 1);
        n = server_says(ctx, &h, bytes, sizeof bytes);
        zc_tls_answer_parse((struct zc_rd){ bytes, n }, scratch, &a);
        assert_int_equal(a.kind, ZC_TLS_ANSWER_RETRY);
        assert_int_equal(a.version, 0x304);
        assert_int_equal(a.group, 24);
        SSL_CTX_free(ctx);
}

/* Both of our shares are keys: the server computes with them. */
static void test_openssl_shares(void **state)
{
        static const char *const groups[] = { "X25519", "P-256" };

        (void)state;
        for (size_t i = 0; i < 2; i++) {
                SSL_CTX *ctx = server_new(0x304, 0x304);
                uint16_t suites[ZC_TLS_SUITES_MAX];
                struct zc_tls_hello h = hello_of(ZC_TLS13, ZC_SUITES_USUAL, suites);
                uint8_t bytes[8192], scratch[ZC_TLS_ANSWER_SCRATCH];
                struct zc_tls_answer a;
                size_t n;

                assert_int_equal(SSL_CTX_set1_groups_list(ctx, groups[i]), 1);
                n = server_says(ctx, &h, bytes, sizeof bytes);
                zc_tls_answer_parse((struct zc_rd){ bytes, n }, scratch, &a);
                assert_int_equal(a.kind, ZC_TLS_ANSWER_HELLO);
                assert_int_equal(a.group, i == 0 ? 29 : 23);
                SSL_CTX_free(ctx);
        }
}

static void test_hello_sizes(void **state)
{
        static char name[300];

        (void)state;
        for (uint16_t v = ZC_SSL3; v <= ZC_TLS13; v++) {
                for (int which = ZC_SUITES_USUAL; which <= ZC_SUITES_FEW; which++) {
                        uint16_t suites[ZC_TLS_SUITES_MAX];
                        struct zc_tls_hello h = hello_of(v, (enum zc_tls_suites)which, suites);
                        uint8_t buf[ZC_TLS_HELLO_MAX];
                        struct zc_wr w;

                        assert_true(h.suite_count > 0 && h.suite_count < ZC_TLS_SUITES_MAX);
                        for (size_t i = 0; i < h.suite_count; i++)
                                for (size_t j = 0; j < i; j++)
                                        assert_int_not_equal(suites[i], suites[j]);
                        zc_wr_init(&w, buf, sizeof buf);
                        zc_tls_hello_write(&w, &h);
                        assert_false(w.failed);
                        assert_int_equal(buf[1] << 8 | buf[2], v == ZC_SSL3 ? 0x300 : 0x301);
                        assert_int_equal(buf[3] << 8 | buf[4], (int)w.len - 5);
                        /* between 256 and 511 bytes some servers hang */
                        if (v > ZC_SSL3)
                                assert_true(w.len - 5 < 256 || w.len - 5 >= 512);
                        zc_wr_init(&w, buf, 40);
                        zc_tls_hello_write(&w, &h);
                        assert_true(w.failed);
                }
        }
        memset(name, 'a',
               sizeof name -
                       1); /* longer than a name can be, and still written whole or not at all */
        {
                uint16_t suites[ZC_TLS_SUITES_MAX];
                struct zc_tls_hello h = hello_of(ZC_TLS12, ZC_SUITES_FEW, suites);
                uint8_t buf[ZC_TLS_HELLO_MAX];
                struct zc_wr w;

                h.sni = name;
                zc_wr_init(&w, buf, sizeof buf);
                zc_tls_hello_write(&w, &h);
                assert_int_equal(buf[3] << 8 | buf[4], (int)w.len - 5);
        }
}

/* ---- rows ---- */

#define RANDOM "0123456789abcdef0123456789abcdef"
#define HELLO_BODY "\x03\x03" RANDOM "\0\xc0\x2f\0" /* 38 bytes: no session, no extensions */

static const struct {
        const char *name, *bytes;
        size_t n;
        enum zc_tls_answer_kind kind;
        uint16_t version;
        const char *why;
} answers[] = {
#define ROW(name, bytes, kind, version, why)                                                       \
        {                                                                                          \
                (name), (bytes), sizeof(bytes) - 1, (kind), (version), (why)                       \
        }
        ROW("bare", "\x16\x03\x03\0\x2a\x02\0\0\x26" HELLO_BODY, ZC_TLS_ANSWER_HELLO, 0x303, ""),
        ROW("more after it", "\x16\x03\x03\0\x2e\x02\0\0\x26" HELLO_BODY "\x0b\0\0\x05",
            ZC_TLS_ANSWER_HELLO, 0x303, ""),
        ROW("a warning first",
            "\x15\x03\x03\0\x02\x01\x70\x16\x03\x03\0\x2a\x02\0\0\x26" HELLO_BODY,
            ZC_TLS_ANSWER_HELLO, 0x303, ""),
        ROW("HelloRequest first", "\x16\x03\x03\0\x2e\0\0\0\0\x02\0\0\x26" HELLO_BODY,
            ZC_TLS_ANSWER_HELLO, 0x303, ""),
        ROW("alert", "\x15\x03\x01\0\x02\x02\x46", ZC_TLS_ANSWER_ALERT, 0, ""),
        ROW("close_notify", "\x15\x03\x01\0\x02\x01\x00", ZC_TLS_ANSWER_ALERT, 0, ""),
        ROW("only a warning", "\x15\x03\x01\0\x02\x01\x70", ZC_TLS_ANSWER_MORE, 0, ""),
        ROW("nothing", "", ZC_TLS_ANSWER_MORE, 0, ""),
        ROW("HTTP", "HTTP/1.1 400 Bad Request\r\n", ZC_TLS_ANSWER_FOREIGN, 0, ""),
        ROW("SSH", "SSH-2.0-x\r\n", ZC_TLS_ANSWER_FOREIGN, 0, ""),
        ROW("major 2", "\x16\x02\x00\0\x2a", ZC_TLS_ANSWER_FOREIGN, 0, ""),
        ROW("a record too long", "\x16\x03\x03\xff\xff", ZC_TLS_ANSWER_FOREIGN, 0, ""),
        ROW("another version", "\x16\x03\x03\0\x2a\x02\0\0\x26\x7f\x12" RANDOM "\0\xc0\x2f\0",
            ZC_TLS_ANSWER_MALFORMED, 0x7f12, "ServerHello of a version that is none"),
        ROW("certificate first", "\x16\x03\x03\0\x04\x0b\0\0\0", ZC_TLS_ANSWER_MALFORMED, 0,
            "another message in place of ServerHello"),
        ROW("application data", "\x17\x03\x03\0\x01x", ZC_TLS_ANSWER_MALFORMED, 0,
            "a record of another type in place of ServerHello"),
        ROW("change cipher spec", "\x14\x03\x03\0\x01\x01", ZC_TLS_ANSWER_MALFORMED, 0,
            "a record of another type in place of ServerHello"),
        ROW("empty fragment", "\x16\x03\x03\0\0", ZC_TLS_ANSWER_MALFORMED, 0,
            "an empty handshake fragment"),
        ROW("a very long hello", "\x16\x03\x03\0\x04\x02\x01\0\0", ZC_TLS_ANSWER_MALFORMED, 0,
            "a ServerHello longer than any"),
        ROW("short alert", "\x15\x03\x01\0\x01\x02", ZC_TLS_ANSWER_MALFORMED, 0,
            "an alert of a wrong length"),
        ROW("no level", "\x15\x03\x01\0\x02\x07\x28", ZC_TLS_ANSWER_MALFORMED, 0,
            "an alert of no level"),
        ROW("interleaved", "\x16\x03\x03\0\x02\x02\0\x15\x03\x03\0\x02\x01\x70",
            ZC_TLS_ANSWER_MALFORMED, 0, "an alert in the middle of a message"),
        ROW("alert in the middle", "\x16\x03\x03\0\x02\x02\0\x15\x03\x03\0\x02\x02\x28",
            ZC_TLS_ANSWER_ALERT, 0, ""),
        ROW("long session",
            "\x16\x03\x03\0\x4b\x02\0\0\x47\x03\x03" RANDOM "\x21" RANDOM "x\xc0\x2f\0",
            ZC_TLS_ANSWER_MALFORMED, 0x303, "a session id longer than 32 bytes"),
        ROW("trailing byte", "\x16\x03\x03\0\x2b\x02\0\0\x27" HELLO_BODY "x",
            ZC_TLS_ANSWER_MALFORMED, 0x303, "bytes after ServerHello"),
        ROW("short hello", "\x16\x03\x03\0\x29\x02\0\0\x25\x03\x03" RANDOM "\0\xc0\x2f",
            ZC_TLS_ANSWER_MALFORMED, 0x303, "ServerHello ends early"),
        ROW("twice", "\x16\x03\x03\0\x34\x02\0\0\x30" HELLO_BODY "\0\x08\0\x17\0\0\0\x17\0\0",
            ZC_TLS_ANSWER_MALFORMED, 0x303, "one extension twice"),
        ROW("extension too long", "\x16\x03\x03\0\x30\x02\0\0\x2c" HELLO_BODY "\0\x04\0\x17\0\x09",
            ZC_TLS_ANSWER_MALFORMED, 0x303, "an extension ends early"),
        ROW("versions", "\x16\x03\x03\0\x32\x02\0\0\x2e" HELLO_BODY "\0\x06\0\x2b\0\x02\x03\x04",
            ZC_TLS_ANSWER_HELLO, 0x304, ""),
        ROW("versions of one byte",
            "\x16\x03\x03\0\x31\x02\0\0\x2d" HELLO_BODY "\0\x05\0\x2b\0\x01\x03",
            ZC_TLS_ANSWER_MALFORMED, 0x303, "supported_versions of a wrong length"),
#undef ROW
};

static void test_answers(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(answers); i++) {
                uint8_t *exact = memcpy(malloc(answers[i].n + 1), answers[i].bytes, answers[i].n);
                uint8_t scratch[ZC_TLS_ANSWER_SCRATCH];
                struct zc_tls_answer a;

                zc_tls_answer_parse((struct zc_rd){ exact, answers[i].n }, scratch, &a);
                if (a.kind != answers[i].kind || a.version != answers[i].version ||
                    strcmp(a.why, answers[i].why) != 0)
                        fail_msg("%s: kind %d, version %04x, %s", answers[i].name, a.kind,
                                 a.version, a.why);
                free(exact);
        }
}

/* Cut short anywhere it is only not whole yet; in records of one byte each it says the same. */
static void test_cuts(void **state)
{
        const uint8_t *good = (const uint8_t *)answers[0].bytes;
        size_t n = answers[0].n;
        uint8_t scratch[ZC_TLS_ANSWER_SCRATCH], pieces[512];
        struct zc_tls_answer a;
        size_t len = 0;

        (void)state;
        for (size_t cut = 0; cut < n; cut++) {
                uint8_t *exact = memcpy(malloc(cut + 1), good, cut);

                zc_tls_answer_parse((struct zc_rd){ exact, cut }, scratch, &a);
                assert_int_equal(a.kind, ZC_TLS_ANSWER_MORE);
                free(exact);
        }
        for (size_t i = 5; i < n; i++) {
                const uint8_t record[] = { 22, 3, 1, 0, 1, good[i] };

                memcpy(pieces + len, record, sizeof record);
                len += sizeof record;
        }
        zc_tls_answer_parse((struct zc_rd){ pieces, len }, scratch, &a);
        assert_int_equal(a.kind, ZC_TLS_ANSWER_HELLO);
        assert_int_equal(a.cipher, 0xc02f);
}

/* Every byte changed to its extremes: some answer, and never a crash. */
static void test_bytes_changed(void **state)
{
        static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };
        uint8_t bytes[256], scratch[ZC_TLS_ANSWER_SCRATCH];
        struct zc_tls_answer a;

        (void)state;
        for (size_t row = 0; row < ZC_COUNT(answers); row++) {
                for (size_t i = 0; i < answers[row].n; i++) {
                        for (size_t v = 0; v < ZC_COUNT(values); v++) {
                                memcpy(bytes, answers[row].bytes, answers[row].n);
                                bytes[i] = values[v];
                                zc_tls_answer_parse((struct zc_rd){ bytes, answers[row].n },
                                                    scratch, &a);
                                assert_true(a.kind <= ZC_TLS_ANSWER_MALFORMED);
                        }
                }
        }
}

static void test_names(void **state)
{
        (void)state;
        assert_string_equal(zc_tls_version_name(ZC_SSL3), "SSLv3");
        assert_string_equal(zc_tls_version_name(ZC_TLS13), "TLSv1.3");
        assert_null(zc_tls_version_name(0x305));
        assert_null(zc_tls_version_name(0x2ff));
        assert_string_equal(zc_tls_alert_name(70), "protocol_version");
        assert_null(zc_tls_alert_name(1));
        assert_null(zc_tls_alert_name(255));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_openssl_answers), cmocka_unit_test(test_openssl_retries),
                cmocka_unit_test(test_openssl_shares),  cmocka_unit_test(test_hello_sizes),
                cmocka_unit_test(test_answers),         cmocka_unit_test(test_cuts),
                cmocka_unit_test(test_bytes_changed),   cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
