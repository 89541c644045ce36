/** The TLS session as a step machine, against an OpenSSL server in the same process, over memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#include "zc/tls_session.h"

struct server {
        SSL_CTX *ctx;
        SSL *ssl;
        BIO *in, *out;
        char got[64];
        int got_len;
        bool echo; /* answers "pong" once it has read */
};

static X509 *self_signed(EVP_PKEY *key)
{
        X509 *x = X509_new();
        X509_NAME *name = X509_get_subject_name(x);

        X509_set_version(x, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
        X509_gmtime_adj(X509_getm_notBefore(x), 0);
        X509_gmtime_adj(X509_getm_notAfter(x), 3600);
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test.example",
                                   -1, -1, 0);
        X509_set_issuer_name(x, name);
        X509_set_pubkey(x, key);
        assert_true(X509_sign(x, key, EVP_sha256()) > 0);
        return x;
}

static int pick_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
                     const unsigned char *in, unsigned inlen, void *arg)
{
        (void)ssl;
        (void)arg;
        if (inlen < 1)
                return SSL_TLSEXT_ERR_NOACK;
        *out = in + 1;
        *outlen = in[0];
        return SSL_TLSEXT_ERR_OK;
}

static void server_start(struct server *s, int max_version)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *cert = self_signed(key);

        *s = (struct server){ .ctx = SSL_CTX_new(TLS_server_method()) };
        SSL_CTX_set_security_level(s->ctx, 0);
        SSL_CTX_set_min_proto_version(s->ctx, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(s->ctx, max_version);
        SSL_CTX_set_cipher_list(s->ctx, "ALL:@SECLEVEL=0");
        assert_int_equal(SSL_CTX_use_certificate(s->ctx, cert), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(s->ctx, key), 1);
        SSL_CTX_set_alpn_select_cb(s->ctx, pick_alpn, NULL);
        s->ssl = SSL_new(s->ctx);
        s->in = BIO_new(BIO_s_mem());
        s->out = BIO_new(BIO_s_mem());
        BIO_set_mem_eof_return(s->in, -1);
        SSL_set_bio(s->ssl, s->in, s->out);
        SSL_set_accept_state(s->ssl);
        X509_free(cert);
        EVP_PKEY_free(key);
}

static void server_stop(struct server *s)
{
        SSL_free(s->ssl);
        SSL_CTX_free(s->ctx);
}

/** Gives the server bytes; what it answers is appended to net. */
static void server_turn(struct server *s, const uint8_t *p, size_t n, uint8_t *net, size_t *net_len,
                        size_t cap)
{
        int r;

        if (n)
                BIO_write(s->in, p, (int)n);
        if (SSL_do_handshake(s->ssl) == 1) {
                r = SSL_read(s->ssl, s->got + s->got_len, (int)sizeof s->got - s->got_len - 1);
                if (r > 0) {
                        s->got_len += r;
                        SSL_write(s->ssl, "pong", 4);
                }
        }
        r = BIO_read(s->out, net + *net_len, (int)(cap - *net_len));
        if (r > 0)
                *net_len += (size_t)r;
}

struct ping {
        char got[16];
        size_t got_len;
        bool connected, sent;
};

static enum zc_step ping_step(void *state, enum zc_event ev, struct zc_rd *in, struct zc_wr *out)
{
        struct ping *p = state;

        switch (ev) {
        case ZC_EV_CONNECTED:
                p->connected = true;
                zc_wr_str(out, "ping");
                return ZC_STEP_SEND;
        case ZC_EV_SENT:
                p->sent = true;
                return ZC_STEP_MORE;
        case ZC_EV_DATA:
                p->got_len = in->n < sizeof p->got ? in->n : sizeof p->got;
                if (!zc_rd_copy(in, p->got, p->got_len))
                        return ZC_STEP_DONE;
                return p->got_len >= 4 ? ZC_STEP_DONE : ZC_STEP_MORE;
        default:
                return ZC_STEP_DONE;
        }
}

/** Runs both sides until the client is done or nothing moves; `piece` bytes at a time reach the client. */
static enum zc_step converse(struct zc_tls_session *c, struct server *s, size_t piece)
{
        static uint8_t send[ZC_EXCHANGE_SEND_MAX], net[1 << 17];
        size_t net_len = 0;
        enum zc_event ev = ZC_EV_CONNECTED;
        struct zc_rd none = { net, 0 };
        struct zc_wr w;
        enum zc_step step;

        zc_wr_init(&w, send, sizeof send);
        step = zc_tls_session_step(c, ev, &none, &w);
        for (int turns = 0; turns < 100000 && step != ZC_STEP_DONE; turns++) {
                struct zc_rd in;

                if (step == ZC_STEP_SEND) {
                        server_turn(s, w.p, w.len, net, &net_len, sizeof net);
                        ev = ZC_EV_SENT;
                        in = (struct zc_rd){ net, 0 };
                } else if (net_len > 0) {
                        ev = ZC_EV_DATA;
                        in = (struct zc_rd){ net, net_len < piece ? net_len : piece };
                } else {
                        ev = ZC_EV_EOF;
                        in = (struct zc_rd){ net, 0 };
                }
                size_t gave = in.n;

                zc_wr_init(&w, send, sizeof send);
                step = zc_tls_session_step(c, ev, &in, &w);
                memmove(net, net + (gave - in.n), net_len - (gave - in.n));
                net_len -= gave - in.n;
                if (ev == ZC_EV_EOF && step == ZC_STEP_MORE)
                        break;
        }
        return step;
}

static void check_session(int version, size_t piece)
{
        static const char *const alpn[] = { "http/1.1", NULL };
        struct ping ping = { .connected = false };
        struct server server;
        struct zc_tls_session *c = NULL;
        struct zc_err err;
        const struct zc_tls_facts *f;

        server_start(&server, version);
        assert_true(zc_tls_session_new(&(struct zc_tls_session_options){ .sni = "test.example",
                                                                         .alpn = alpn,
                                                                         .inner = ping_step,
                                                                         .inner_state = &ping },
                                       &c, &err));
        assert_int_equal(converse(c, &server, piece), ZC_STEP_DONE);
        f = zc_tls_session_facts(c);
        assert_int_equal(f->progress, ZC_TLS_ESTABLISHED);
        assert_int_equal(f->version, version);
        assert_string_equal(f->alpn, "http/1.1");
        assert_int_equal(f->chain_count, 1);
        assert_int_equal(f->chain[0].p[0], 0x30);
        assert_non_null(f->cipher_name);
        assert_true(ping.connected && ping.sent);
        assert_memory_equal(ping.got, "pong", 4);
        assert_string_equal(server.got, "ping");
        assert_string_equal(SSL_get_servername(server.ssl, TLSEXT_NAMETYPE_host_name),
                            "test.example");
        zc_tls_session_free(c);
        server_stop(&server);
}

static void test_versions(void **state)
{
        (void)state;
        for (int v = TLS1_VERSION; v <= TLS1_3_VERSION; v++) {
                check_session(v, SIZE_MAX);
                check_session(v, 1);
                check_session(v, 7);
        }
}

static void test_handshake_only(void **state)
{
        struct server server;
        struct zc_tls_session *c = NULL;
        struct zc_err err;

        (void)state;
        server_start(&server, TLS1_3_VERSION);
        assert_true(zc_tls_session_new(&(struct zc_tls_session_options){ .sni = NULL }, &c, &err));
        assert_int_equal(converse(c, &server, 100), ZC_STEP_DONE);
        assert_int_equal(zc_tls_session_facts(c)->progress, ZC_TLS_ESTABLISHED);
        assert_int_equal(SSL_do_handshake(server.ssl), 1); /* it saw our Finished */
        zc_tls_session_free(c);
        server_stop(&server);
}

static void test_no_common_version(void **state)
{
        struct server server;
        struct zc_tls_session *c = NULL;
        struct zc_err err;

        (void)state;
        server_start(&server, TLS1_2_VERSION);
        assert_true(zc_tls_session_new(&(struct zc_tls_session_options){ .min_version = 0x0304 },
                                       &c, &err));
        assert_int_equal(converse(c, &server, SIZE_MAX), ZC_STEP_DONE);
        assert_int_equal(zc_tls_session_facts(c)->progress, ZC_TLS_FAILED);
        assert_int_equal(zc_tls_session_facts(c)->alert,
                         70); /* protocol_version, RFC 8446 section 6.2 */
        assert_false(zc_tls_session_facts(c)->not_tls);
        zc_tls_session_free(c);
        server_stop(&server);
}

/** Peers that speak something else, hang up, or send rubbish: a fact each time, never a crash. */
static void test_other_peers(void **state)
{
        static const struct {
                const char *bytes;
                size_t n;
                enum zc_tls_progress progress;
                bool not_tls;
        } rows[] = {
                { "HTTP/1.1 400 Bad Request\r\n\r\n", 28, ZC_TLS_FAILED, true },
                { "SSH-2.0-OpenSSH_9.2\r\n", 21, ZC_TLS_FAILED, true },
                { "-ERR unknown command\r\n", 22, ZC_TLS_FAILED, true },
                { "", 0, ZC_TLS_HANDSHAKING, false },
                { "\x15\x03\x01\x00\x02\x02\x28", 7, ZC_TLS_FAILED,
                  false }, /* alert handshake_failure */
                { "\x16\x03\x03", 3, ZC_TLS_HANDSHAKING, false },
                { "\x16\x03\x03\x00\x04\x02\x00\x00\x00", 9, ZC_TLS_FAILED, false },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_tls_session *c = NULL;
                struct zc_err err;
                uint8_t send[ZC_EXCHANGE_SEND_MAX];
                struct zc_wr w;
                struct zc_rd in = { NULL, 0 };
                enum zc_step step;

                assert_true(zc_tls_session_new(
                        &(struct zc_tls_session_options){ .sni = "x.example" }, &c, &err));
                zc_wr_init(&w, send, sizeof send);
                assert_int_equal(zc_tls_session_step(c, ZC_EV_CONNECTED, &in, &w), ZC_STEP_SEND);
                in = (struct zc_rd){ (const uint8_t *)rows[i].bytes, rows[i].n };
                zc_wr_init(&w, send, sizeof send);
                step = in.n ? zc_tls_session_step(c, ZC_EV_DATA, &in, &w) : ZC_STEP_MORE;
                if (step != ZC_STEP_DONE)
                        step = zc_tls_session_step(c, ZC_EV_EOF, &in, &w);
                assert_int_equal(step, ZC_STEP_DONE);
                assert_int_equal(zc_tls_session_facts(c)->progress, rows[i].progress);
                assert_int_equal(zc_tls_session_facts(c)->not_tls, rows[i].not_tls);
                assert_true(zc_tls_session_facts(c)->why[0]);
                if (rows[i].n == 7)
                        assert_int_equal(zc_tls_session_facts(c)->alert, 40);
                zc_tls_session_free(c);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_versions),
                cmocka_unit_test(test_handshake_only),
                cmocka_unit_test(test_no_common_version),
                cmocka_unit_test(test_other_peers),
        };
        struct zc_err err;
        int failed;

        if (!zc_tls_init(&err))
                return 1;
        failed = cmocka_run_group_tests(tests, NULL, NULL);
        zc_tls_release();
        return failed;
}
