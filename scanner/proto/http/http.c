/** One GET through libcurl, over a socket that is ours. */
#include "zc/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "zc/text.h"

#define URL_MAX 8192u

bool zc_http_init(struct zc_err *err)
{
        CURLcode rc = curl_global_init(CURL_GLOBAL_DEFAULT);

        return rc == CURLE_OK || zc_fail(err, ZC_E_IO, "libcurl: %s", curl_easy_strerror(rc));
}

void zc_http_release(void)
{
        curl_global_cleanup();
}

/* One request under way. */
struct get {
        const struct zc_http_request *request;
        struct zc_http_answer *answer;
        CURL *curl;
        enum zc_scope_verdict verdict;
        bool head_full, no_memory, no_socket;
        size_t room;
        char said[CURL_ERROR_SIZE]; /* the library's own words */
};

/* ---- what the library asks us ---- */

/** Whatever address it thinks of, it gets a socket for ours, once, and only in scope. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
        struct get *g = ctx;
        struct sockaddr_storage at;
        socklen_t n = zc_addr_to_sockaddr(&g->request->addr, g->request->port, &at);
        int fd;

        g->verdict = zc_scope_check_from(g->request->scope, g->request->named, g->request->host,
                                         &g->request->addr);
        if (purpose != CURLSOCKTYPE_IPCXN || g->verdict != ZC_SCOPE_IN ||
            g->answer->connections > 0 || n > to->addrlen)
                return CURL_SOCKET_BAD;
        fd = socket(g->request->addr.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0) {
                g->no_socket = true;
                return CURL_SOCKET_BAD;
        }
        to->family = g->request->addr.family;
        to->socktype = SOCK_STREAM;
        to->protocol = 0;
        to->addrlen = n;
        memcpy(&to->addr, &at, n);
        g->answer->connections++;
        return fd;
}

static bool keep(struct get *g, const char *p, size_t n)
{
        struct zc_http_answer *a = g->answer;

        if (n > ZC_HTTP_HEAD_MAX - a->len) {
                g->head_full = true;
                return false;
        }
        if (a->len + n > g->room) {
                size_t room = (a->len + n) * 2;
                uint8_t *grown = realloc(a->bytes, room);

                if (!grown) {
                        g->no_memory = true;
                        return false;
                }
                a->bytes = grown;
                g->room = room;
        }
        memcpy(a->bytes + a->len, p, n);
        a->len += n;
        return true;
}

static size_t on_head(char *p, size_t size, size_t n, void *ctx)
{
        return keep(ctx, p, size * n) ? size * n : 0;
}

/** Counted, not kept: what a body says is not asked for yet. */
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
        struct get *g = ctx;

        (void)p;
        g->answer->body_len += size * n;
        if (g->answer->body_len <= ZC_HTTP_BODY_MAX)
                return size * n;
        g->answer->body_len = ZC_HTTP_BODY_MAX;
        g->answer->body_cut = true;
        return 0;
}

/** We look at servers as they are: old ciphers, old renegotiation, a connection cut instead of closed. */
static CURLcode on_tls(CURL *curl, void *ssl, void *ctx)
{
        (void)curl;
        (void)ctx;
        SSL_CTX_set_security_level(ssl, 0);
        SSL_CTX_set_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF);
        SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
        return CURLE_OK;
}

/* ---- what we tell the library ---- */

static bool is_literal(const char *host)
{
        struct zc_err ignored = { 0 };
        struct zc_addr a;

        return zc_addr_parse(host, &a, &ignored);
}

/** The host as it stands in a URL: brackets around IPv6, no zone. */
static void host_write(const struct zc_http_request *r, char out[ZC_HTTP_HOST_MAX])
{
        struct zc_addr plain = r->addr;
        char text[ZC_ADDR_LEN];

        plain.zone = 0;
        zc_addr_format(&plain, text);
        snprintf(out, ZC_HTTP_HOST_MAX, strchr(r->host ? r->host : text, ':') ? "[%s]" : "%s",
                 r->host ? r->host : text);
}

static bool path_ok(const char *path)
{
        for (const char *p = path; *p; p++)
                if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '#')
                        return false;
        return path[0] == '/';
}

/** For a name: its address, so that nobody is asked for it. */
static struct curl_slist *pin(const struct zc_http_request *r)
{
        char row[ZC_HTTP_HOST_MAX + ZC_ADDR_LEN + 16], text[ZC_ADDR_LEN];
        struct zc_addr plain = r->addr;

        if (!r->host || is_literal(r->host))
                return NULL;
        plain.zone = 0;
        zc_addr_format(&plain, text);
        snprintf(row, sizeof row, strchr(text, ':') ? "%s:%u:[%s]" : "%s:%u:%s", r->host, r->port,
                 text);
        return curl_slist_append(NULL, row);
}

static bool set_limits(CURL *c, const struct zc_http_request *r)
{
        struct zc_deadline d = zc_deadline_min(r->deadline, zc_deadline_in(ZC_HTTP_REQUEST_MS));
        long left = zc_deadline_left(d);

        if (left < 1)
                left = 1;
#if LIBCURL_VERSION_NUM >= 0x075500
        if (curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK)
                return false;
#else
        if (curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS)) !=
            CURLE_OK)
                return false;
#endif
        return curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, left) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, left) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_NOPROXY, "*") == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_HTTP_CONTENT_DECODING, 0L) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 16384L) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_USERAGENT, "zerocrit/" ZC_VERSION) == CURLE_OK;
}

/** Nothing is verified, and nothing is read from files for it. */
static bool set_tls(CURL *c)
{
        return curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_CAINFO, NULL) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_CAPATH, NULL) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_0) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_SSL_CIPHER_LIST, "ALL:@SECLEVEL=0") == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_tls) == CURLE_OK;
}

static bool set_hooks(CURL *c, struct get *g)
{
        return curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, g) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_head) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_HEADERDATA, g) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_ERRORBUFFER, g->said) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
               curl_easy_setopt(c, CURLOPT_WRITEDATA, g) == CURLE_OK;
}

static bool set_url(CURL *c, const struct zc_http_request *r, struct curl_slist *pinned)
{
        char host[ZC_HTTP_HOST_MAX], url[URL_MAX];
        int n;

        host_write(r, host);
        n = snprintf(url, sizeof url, "%s://%s:%u%s", r->https ? "https" : "http", host, r->port,
                     r->path ? r->path : "/");
        return n > 0 && (size_t)n < sizeof url &&
               curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
               (!pinned || curl_easy_setopt(c, CURLOPT_RESOLVE, pinned) == CURLE_OK);
}

/* ---- what came of it ---- */

static void say(struct zc_http_answer *a, enum zc_http_result result, const char *why)
{
        a->result = result;
        snprintf(a->why, sizeof a->why, "%.*s", ZC_HTTP_WHY_LEN - 1, why);
}

static bool timed_out(CURLcode rc)
{
        return rc == CURLE_OPERATION_TIMEDOUT;
}

/** 101 ends what HTTP has to say (RFC 9110 section 15.2.2); the other 1xx come before the answer. */
static bool is_interim(unsigned status)
{
        return status < 200 && status != 101;
}

/** The last head that is no interim one, or what there is of it. False: there is none. */
static bool final_head(struct zc_http_answer *a, struct zc_err *why)
{
        size_t at = 0, used = 0;

        while (zc_http_head_parse(a->bytes + at, a->len - at, &a->head, &used, why)) {
                if (!is_interim(a->head.status))
                        return true;
                at += used;
                a->interim++;
        }
        return why->code == ZC_E_LIMIT &&
               zc_http_head_parse_cut(a->bytes + at, a->len - at, &a->head, why) &&
               !is_interim(a->head.status);
}

/** Why the head has no end: what the peer did, else what the library says of it. */
static void head_cut(const struct get *g, CURLcode rc, struct zc_http_answer *a)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_HTTP_WHY_LEN - 1);
        if (g->head_full)
                zc_text_printf(&t, "the headers have more than %zu bytes", ZC_HTTP_HEAD_MAX);
        else if (timed_out(rc))
                zc_text_add(&t, "the headers did not end in time");
        else if (rc == CURLE_OUT_OF_MEMORY) /* what it says of a line that grows too long */
                zc_text_add(&t, "a header line is too long, or there is no memory for it");
        else if (rc == CURLE_OK || rc == CURLE_GOT_NOTHING || rc == CURLE_RECV_ERROR)
                zc_text_add(&t, "the headers are cut off");
        else {
                zc_text_add(&t, "the headers are not well-formed: ");
                zc_text_escape(&t, g->said, strlen(g->said));
        }
        snprintf(a->why, sizeof a->why, "%s", zc_text_str(&t));
}

static void body_broken(CURLcode rc, struct zc_http_answer *a)
{
        a->body_broken = true;
        snprintf(a->why, sizeof a->why, "%s",
                 timed_out(rc)              ? "the body did not end in time"
                 : rc == CURLE_PARTIAL_FILE ? "the body is shorter than the headers say"
                 : rc == CURLE_RECV_ERROR   ? "the body was cut off, or its chunks are broken"
                                            : "the body is not as the headers say");
}

/** No head: how far it got says what it is. */
static void no_head(const struct get *g, CURLcode rc, const struct zc_err *why)
{
        struct zc_http_answer *a = g->answer;
        curl_off_t connected = 0, secured = 0;

        curl_easy_getinfo(g->curl, CURLINFO_CONNECT_TIME_T, &connected);
        curl_easy_getinfo(g->curl, CURLINFO_APPCONNECT_TIME_T, &secured);
        if (!g->head_full && (rc == CURLE_UNSUPPORTED_PROTOCOL || why->code == ZC_E_MALFORMED))
                say(a, ZC_HTTP_FOREIGN, "the answer is not HTTP");
        else if (connected == 0)
                say(a, ZC_HTTP_UNREACHED, timed_out(rc) ? "no answer" : curl_easy_strerror(rc));
        else if (g->request->https && secured == 0)
                say(a, ZC_HTTP_NO_TLS,
                    timed_out(rc) ? "the TLS handshake did not end in time"
                                  : "no TLS session could be made");
        else if (a->len > 0)
                say(a, ZC_HTTP_BROKEN, "interim answers, and none that is final");
        else
                say(a, ZC_HTTP_SILENT,
                    timed_out(rc) ? "no answer to a request" : "closed without an answer");
}

static void account(struct get *g, CURLcode rc)
{
        struct zc_http_answer *a = g->answer;
        struct zc_err why = { 0 };
        curl_off_t first = 0;

        curl_easy_getinfo(g->curl, CURLINFO_STARTTRANSFER_TIME_T, &first);
        a->time_ms = (int64_t)(first / 1000);
        if (g->verdict != ZC_SCOPE_IN)
                say(a, ZC_HTTP_SCOPE, zc_scope_verdict_name(g->verdict));
        else if (a->len > 0 && final_head(a, &why))
                a->result = ZC_HTTP_ANSWERED;
        else
                no_head(g, rc, &why);
        if (a->result == ZC_HTTP_ANSWERED && a->head.cut)
                head_cut(g, rc, a);
        else if (a->result == ZC_HTTP_ANSWERED && rc != CURLE_OK && !a->body_cut)
                body_broken(rc, a);
}

/** Out of memory before anything was asked is our own lack; after, it is what the library says of a header line that grows too long. */
static bool lacks_memory(const struct get *g, CURLcode rc)
{
        long asked = 0;

        curl_easy_getinfo(g->curl, CURLINFO_REQUEST_SIZE, &asked);
        return g->no_memory || (rc == CURLE_OUT_OF_MEMORY && asked == 0);
}

static bool perform(struct get *g, struct curl_slist *pinned, struct zc_err *err)
{
        const struct zc_http_request *r = g->request;
        CURLcode rc;

        if (r->path && !path_ok(r->path)) {
                say(g->answer, ZC_HTTP_BROKEN, "the path cannot be asked for");
                return true;
        }
        if (!set_limits(g->curl, r) || !set_tls(g->curl) || !set_hooks(g->curl, g) ||
            !set_url(g->curl, r, pinned))
                return zc_fail(err, ZC_E_NOMEM, "libcurl: a request could not be prepared");
        g->answer->at_ms = zc_wall_ms();
        rc = curl_easy_perform(g->curl);
        if (lacks_memory(g, rc))
                return zc_fail(err, ZC_E_NOMEM, "no memory for an HTTP answer");
        if (g->no_socket)
                return zc_fail(err, ZC_E_IO, "no socket for an HTTP request");
        account(g, rc);
        return true;
}

/** One connection, counted while it is open. */
static bool counted(struct get *g, struct curl_slist *pinned, struct zc_err *err)
{
        bool ok;

        if (!zc_pace_wait(g->request->pace, g->request->deadline)) {
                say(g->answer, ZC_HTTP_UNREACHED, "there was no time left to ask");
                return true;
        }
        ok = perform(g, pinned, err);
        curl_easy_cleanup(ZC_TAKE(g->curl)); /* closes it */
        zc_pace_leave(g->request->pace);
        return ok;
}

bool zc_http_get(const struct zc_http_request *request, struct zc_http_answer *out,
                 struct zc_err *err)
{
        struct get g = { .request = request, .answer = out, .verdict = ZC_SCOPE_IN };
        struct curl_slist *pinned = pin(request);
        bool ok;

        *out = (struct zc_http_answer){ 0 };
        g.curl = curl_easy_init();
        ok = g.curl ? counted(&g, pinned, err) : zc_fail(err, ZC_E_NOMEM, "libcurl: no handle");
        curl_easy_cleanup(g.curl);
        curl_slist_free_all(pinned);
        return ok;
}

void zc_http_answer_release(struct zc_http_answer *a)
{
        free(a->bytes);
        a->bytes = NULL;
        a->len = 0;
}
