/** TLS through OpenSSL over memory BIOs, as a step machine. See include/zc/tls_session.h. */
#include "zc/tls_session.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "zc/text.h"

#define PLAIN_MAX ((size_t)64 * 1024) /* decrypted bytes that the inner machine has not consumed */

static SSL_CTX *shared; /* made once, before threads; only read after */

struct zc_tls_session {
        SSL *ssl;
        BIO *in, *out; /* owned by ssl */
        zc_step_fn inner;
        void *inner_state;
        bool inner_connected, inner_sent; /* what the inner machine was told / is to be told */
        bool closed;                      /* close_notify, or the transport's end */
        struct zc_tls_facts facts;
        uint8_t *der[ZC_TLS_CHAIN_MAX];
        uint8_t *plain; /* PLAIN_MAX bytes: received, decrypted, not consumed */
        size_t plain_len;
        uint8_t *write; /* PLAIN_MAX bytes: what the inner machine wants sent */
};

/* ---- the library ---- */

/** A peer's alerts are facts; OpenSSL shows them to its info callback only. */
static void on_info(const SSL *ssl, int where, int ret)
{
        struct zc_tls_session *s = SSL_get_app_data(ssl);

        if (s && (where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT &&
            (ret & 0xff) != SSL_AD_CLOSE_NOTIFY)
                s->facts.alert = ret & 0xff;
}

/** Asked for a certificate, we have none; that we were asked is a fact. */
static int on_certificate_request(SSL *ssl, X509 **x, EVP_PKEY **key)
{
        struct zc_tls_session *s = SSL_get_app_data(ssl);

        (void)x;
        (void)key;
        if (s)
                s->facts.client_certificate_asked = true;
        return 0;
}

bool zc_tls_init(struct zc_err *err)
{
        if (shared)
                return true;
        if (OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS |
                                     OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
                             NULL) != 1)
                return zc_fail(err, ZC_E_UNSUPPORTED, "OpenSSL does not start");
        shared = SSL_CTX_new(TLS_client_method());
        if (!shared)
                return zc_fail(err, ZC_E_NOMEM, "no memory for TLS");
        SSL_CTX_set_security_level(shared, 0);
        SSL_CTX_set_min_proto_version(
                shared, 0); /* the system's configuration may ask for more; an audit must not */
        SSL_CTX_set_max_proto_version(shared, 0);
        SSL_CTX_set_cipher_list(shared, "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
        SSL_CTX_set_options(shared, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                            SSL_OP_NO_TICKET);
        SSL_CTX_set_verify(shared, SSL_VERIFY_NONE, NULL);
        SSL_CTX_set_session_cache_mode(shared, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_info_callback(shared, on_info);
        SSL_CTX_set_client_cert_cb(shared, on_certificate_request);
        ERR_clear_error();
        return true;
}

void zc_tls_release(void)
{
        SSL_CTX_free(ZC_TAKE(shared));
}

/* ---- making a session ---- */

/** RFC 7301 section 3.1: each name with a length byte. */
static bool set_alpn(SSL *ssl, const char *const *names)
{
        uint8_t list[256];
        struct zc_wr w;

        zc_wr_init(&w, list, sizeof list);
        for (; names && *names; names++) {
                size_t mark = zc_wr_open8(&w);

                zc_wr_str(&w, *names);
                zc_wr_close8(&w, mark);
        }
        return !w.failed && (w.len == 0 || SSL_set_alpn_protos(ssl, list, (unsigned)w.len) == 0);
}

static bool configure(struct zc_tls_session *s, const struct zc_tls_session_options *o)
{
        s->in = BIO_new(BIO_s_mem());
        s->out = BIO_new(BIO_s_mem());
        if (!s->in || !s->out) {
                BIO_free(s->in);
                BIO_free(s->out);
                return false;
        }
        BIO_set_mem_eof_return(s->in, -1);
        SSL_set_bio(s->ssl, s->in, s->out);
        SSL_set_app_data(s->ssl, s);
        SSL_set_connect_state(s->ssl);
        return (!o->sni || SSL_set_tlsext_host_name(s->ssl, o->sni)) && set_alpn(s->ssl, o->alpn) &&
               SSL_set_min_proto_version(s->ssl, o->min_version) &&
               SSL_set_max_proto_version(s->ssl, o->max_version) &&
               (!o->ciphers || SSL_set_cipher_list(s->ssl, o->ciphers));
}

bool zc_tls_session_new(const struct zc_tls_session_options *o, struct zc_tls_session **out,
                        struct zc_err *err)
{
        ZC_AUTO(zc_tls_session) s = calloc(1, sizeof *s);

        if (!s || !zc_tls_init(err))
                return zc_fail(err, ZC_E_NOMEM, "no memory for a TLS session");
        s->inner = o->inner;
        s->inner_state = o->inner_state;
        s->facts.alert = -1;
        s->plain = malloc(PLAIN_MAX);
        s->write = malloc(PLAIN_MAX);
        s->ssl = SSL_new(shared);
        if (!s->plain || !s->write || !s->ssl || !configure(s, o)) {
                ERR_clear_error();
                return zc_fail(err, ZC_E_NOMEM, "cannot prepare a TLS session");
        }
        *out = ZC_TAKE(s);
        return true;
}

void zc_tls_session_free(struct zc_tls_session *s)
{
        if (!s)
                return;
        for (size_t i = 0; i < ZC_TLS_CHAIN_MAX; i++)
                OPENSSL_free(s->der[i]);
        SSL_free(s->ssl);
        free(s->plain);
        free(s->write);
        free(s);
}

const struct zc_tls_facts *zc_tls_session_facts(const struct zc_tls_session *s)
{
        return &s->facts;
}

/* ---- what the handshake showed ---- */

static void keep_chain(struct zc_tls_session *s)
{
        STACK_OF(X509) *served = SSL_get_peer_cert_chain(s->ssl);
        int n = served ? sk_X509_num(served) : 0;

        for (int i = 0; i < n && s->facts.chain_count < ZC_TLS_CHAIN_MAX; i++) {
                size_t at = s->facts.chain_count;
                int len = i2d_X509(sk_X509_value(served, i), &s->der[at]);

                if (len <= 0)
                        continue;
                s->facts.chain[at] = (struct zc_rd){ s->der[at], (size_t)len };
                s->facts.chain_count++;
        }
        s->facts.chain_cut = n > ZC_TLS_CHAIN_MAX;
}

static void keep_facts(struct zc_tls_session *s)
{
        const SSL_CIPHER *c = SSL_get_current_cipher(s->ssl);
        int nid = (int)SSL_get_negotiated_group(s->ssl);
        const unsigned char *alpn = NULL;
        unsigned alpn_len = 0;

        s->facts.progress = ZC_TLS_ESTABLISHED;
        s->facts.version = (uint16_t)SSL_version(s->ssl);
        s->facts.cipher = c ? SSL_CIPHER_get_protocol_id(c) : 0;
        s->facts.cipher_name = c ? SSL_CIPHER_standard_name(c) : NULL;
        s->facts.group = nid > 0 ? SSL_group_to_name(s->ssl, nid) : NULL;
        SSL_get0_alpn_selected(s->ssl, &alpn, &alpn_len);
        if (alpn_len) {
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, sizeof s->facts.alpn - 1);
                zc_text_escape(&t, alpn, alpn_len);
                snprintf(s->facts.alpn, sizeof s->facts.alpn, "%s", zc_text_str(&t));
        }
        keep_chain(s);
}

static void keep_failure(struct zc_tls_session *s)
{
        unsigned long e = ERR_peek_error();
        int reason = ERR_GET_REASON(e);
        const char *words = ERR_reason_error_string(e);

        s->facts.progress = ZC_TLS_FAILED;
        s->facts.not_tls =
                ERR_GET_LIB(e) == ERR_LIB_SSL &&
                (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
                 reason == SSL_R_HTTP_REQUEST || reason == SSL_R_BAD_PACKET_LENGTH ||
                 reason == SSL_R_RECORD_LENGTH_MISMATCH) &&
                s->facts.alert < 0;
        snprintf(s->facts.why, sizeof s->facts.why, "%s", words ? words : "the handshake failed");
        ERR_clear_error();
}

/* ---- stepping ---- */

/** Gives OpenSSL what came from the network; all of it is taken. */
static void feed(struct zc_tls_session *s, struct zc_rd *in)
{
        while (in->n > 0) {
                int n = BIO_write(s->in, in->p, in->n > INT_MAX ? INT_MAX : (int)in->n);

                if (n <= 0 || !zc_rd_skip(in, (size_t)n))
                        return;
        }
}

/** Moves what OpenSSL wants sent into out; what does not fit stays for the next SENT. */
static enum zc_step flush(struct zc_tls_session *s, struct zc_wr *out)
{
        size_t room = out->cap - out->len;
        int n = room ? BIO_read(s->out, out->p + out->len, room > INT_MAX ? INT_MAX : (int)room)
                     : 0;

        if (n <= 0)
                return ZC_STEP_MORE;
        out->len += (size_t)n;
        return ZC_STEP_SEND;
}

static enum zc_step handshake(struct zc_tls_session *s, enum zc_event ev, struct zc_wr *out)
{
        int r;

        s->facts.progress = ZC_TLS_HANDSHAKING;
        ERR_clear_error();
        r = SSL_do_handshake(s->ssl);
        if (r == 1) {
                keep_facts(s);
                return ZC_STEP_MORE;
        }
        if (SSL_get_error(s->ssl, r) != SSL_ERROR_WANT_READ) {
                keep_failure(s);
                return ZC_STEP_DONE;
        }
        if (ev == ZC_EV_EOF || ev == ZC_EV_RESET || ev == ZC_EV_TIMEOUT) {
                static const char *const why[] = {
                        [ZC_EV_EOF] = "closed", [ZC_EV_RESET] = "reset", [ZC_EV_TIMEOUT] = "silent"
                };

                snprintf(s->facts.why, sizeof s->facts.why, "%s during the handshake", why[ev]);
                return ZC_STEP_DONE;
        }
        return flush(s, out);
}

/** Decrypts what there is room for. True when there is something new. */
static bool decrypt(struct zc_tls_session *s)
{
        size_t before = s->plain_len;

        while (s->plain_len < PLAIN_MAX) {
                int n = SSL_read(s->ssl, s->plain + s->plain_len, (int)(PLAIN_MAX - s->plain_len));

                if (n <= 0) {
                        int e = SSL_get_error(s->ssl, n);

                        s->closed = s->closed ||
                                    (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE);
                        ERR_clear_error();
                        break;
                }
                s->plain_len += (size_t)n;
        }
        return s->plain_len > before;
}

/** What the inner machine is to hear; false when there is nothing to tell it. */
static bool inner_event(struct zc_tls_session *s, enum zc_event outer, bool fresh,
                        enum zc_event *ev)
{
        if (!s->inner_connected) {
                s->inner_connected = true;
                *ev = ZC_EV_CONNECTED;
        } else if (s->inner_sent) {
                s->inner_sent = false;
                *ev = ZC_EV_SENT;
        } else if (fresh) {
                *ev = ZC_EV_DATA;
        } else if (outer == ZC_EV_RESET || outer == ZC_EV_TIMEOUT) {
                *ev = outer;
        } else if (s->closed) {
                *ev = ZC_EV_EOF;
        } else {
                return false;
        }
        return true;
}

static enum zc_step inner_step(struct zc_tls_session *s, enum zc_event ev)
{
        struct zc_rd in = { s->plain, s->plain_len };
        struct zc_wr w;
        enum zc_step step;

        zc_wr_init(&w, s->write, PLAIN_MAX);
        step = s->inner(s->inner_state, ev, &in, &w);
        memmove(s->plain, in.p, in.n);
        s->plain_len = in.n;
        if (step == ZC_STEP_SEND) {
                if (w.len > 0 && (w.failed || SSL_write(s->ssl, w.p, (int)w.len) <= 0)) {
                        ERR_clear_error();
                        return ZC_STEP_DONE;
                }
                s->inner_sent = true;
        }
        return step;
}

enum zc_step zc_tls_session_step(void *session, enum zc_event ev, struct zc_rd *in,
                                 struct zc_wr *out)
{
        struct zc_tls_session *s = session;
        bool ended = ev == ZC_EV_EOF || ev == ZC_EV_RESET;
        bool fresh;
        enum zc_event inner_ev;

        feed(s, in);
        if (s->facts.progress != ZC_TLS_ESTABLISHED) {
                enum zc_step step = handshake(s, ev, out);

                if (s->facts.progress != ZC_TLS_ESTABLISHED)
                        return step;
        }
        if (!s->inner) /* our Finished still goes out, so that the peer sees a whole handshake */
                return flush(s, out) == ZC_STEP_SEND ? ZC_STEP_SEND : ZC_STEP_DONE;
        fresh = decrypt(s);
        s->closed = s->closed || ended;
        while (inner_event(s, ev, fresh, &inner_ev)) {
                enum zc_step step = inner_step(s, inner_ev);

                if (step != ZC_STEP_MORE || inner_ev == ZC_EV_EOF || inner_ev == ZC_EV_RESET ||
                    inner_ev == ZC_EV_TIMEOUT)
                        return step == ZC_STEP_SEND ? flush(s, out) : step;
                if (inner_ev == ZC_EV_DATA)
                        fresh = decrypt(s);
        }
        return flush(s, out);
}
