/** Where a document is, where a Location leads, and what of it may be written down. */
#include <curl/curl.h>
#include <libpsl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "zc/http.h"
#include "zc/target.h"
#include "zc/text.h"

#define LOCATION_MAX 4096u
#define SHOWN_MAX 512u

static const char *host_bracketed(const struct zc_http_url *u, char out[ZC_HTTP_HOST_MAX + 2])
{
        snprintf(out, ZC_HTTP_HOST_MAX + 2, strchr(u->host, ':') ? "[%s]" : "%s", u->host);
        return out;
}

void zc_http_url_release(struct zc_http_url *u)
{
        free(u->path);
        u->path = NULL;
}

/* ---- resolving ---- */

static bool set_base(CURLU *c, const struct zc_http_url *base)
{
        char host[ZC_HTTP_HOST_MAX + 2];
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, (size_t)2 * LOCATION_MAX);
        zc_text_printf(&t, "%s://%s:%u%s", base->https ? "https" : "http",
                       host_bracketed(base, host), base->port, base->path);
        return !t.failed && !t.cut &&
               curl_url_set(c, CURLUPART_URL, zc_text_str(&t), 0) == CURLUE_OK;
}

/** Copies a part and gives the library its own back. */
static bool part(CURLU *c, CURLUPart what, unsigned flags, char *out, size_t cap)
{
        char *s = NULL;
        bool ok = curl_url_get(c, what, &s, flags) == CURLUE_OK && s && strlen(s) < cap;

        if (ok)
                memcpy(out, s, strlen(s) + 1);
        curl_free(s);
        return ok;
}

/** A name as DNS has it, or a literal in its canonical form without brackets. */
static bool host_take(CURLU *c, char out[ZC_HTTP_HOST_MAX])
{
        char text[ZC_HTTP_HOST_MAX + 2];
        struct zc_err ignored = { 0 };
        struct zc_addr a;
        const char *why;
        size_t n, at;

        if (!part(c, CURLUPART_HOST, 0, text, sizeof text))
                return false;
        n = strlen(text);
        if (text[0] == '[' && n > 2 && text[n - 1] == ']') {
                text[n - 1] = '\0';
                memmove(text, text + 1, n - 1);
                n -= 2;
        }
        while (n > 1 && text[n - 1] == '.')
                text[--n] = '\0';
        zc_ascii_lower(text);
        if (zc_addr_parse(text, &a, &ignored))
                zc_addr_format(&a, text);
        else if (!zc_name_check(text, n, &at, &why))
                return false;
        n = strlen(text);
        if (n >= ZC_HTTP_HOST_MAX)
                return false;
        memcpy(out, text, n + 1);
        return true;
}

static bool path_take(CURLU *c, char **out)
{
        char path[LOCATION_MAX], query[LOCATION_MAX] = "";
        size_t n;

        if (!part(c, CURLUPART_PATH, 0, path, sizeof path))
                return false;
        part(c, CURLUPART_QUERY, 0, query, sizeof query);
        n = strlen(path) + strlen(query) + 2;
        *out = malloc(n);
        if (!*out)
                return false;
        snprintf(*out, n, "%s%s%s", path, query[0] ? "?" : "", query);
        return true;
}

static bool take(CURLU *c, struct zc_http_url *out, const char **why)
{
        struct zc_http_url u = { 0 };
        char scheme[16], port[8];
        uint64_t number;

        *why = "it leads to something other than HTTP";
        if (!part(c, CURLUPART_SCHEME, 0, scheme, sizeof scheme))
                return false;
        u.https = zc_ascii_eq(scheme, "https");
        if (!u.https && !zc_ascii_eq(scheme, "http"))
                return false;
        *why = "it names no host that can be looked up";
        if (!host_take(c, u.host) ||
            !part(c, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof port) ||
            !zc_parse_uint(port, strlen(port), 65535, &number) || number == 0)
                return false;
        u.port = (uint16_t)number;
        *why = "its path cannot be asked for";
        if (!path_take(c, &u.path))
                return false;
        *out = u;
        *why = NULL;
        return true;
}

/** Printable ASCII only: what a client would have to guess about is not guessed. */
static bool location_text(struct zc_rd in, char out[LOCATION_MAX])
{
        if (in.n == 0 || in.n >= LOCATION_MAX)
                return false;
        for (size_t i = 0; i < in.n; i++)
                if (in.p[i] <= ' ' || in.p[i] >= 0x7f || in.p[i] == '\\')
                        return false;
        memcpy(out, in.p, in.n);
        out[in.n] = '\0';
        out[strcspn(out, "#")] = '\0';
        return true;
}

bool zc_http_url_resolve(const struct zc_http_url *base, struct zc_rd location,
                         struct zc_http_url *out, const char **why)
{
        char text[LOCATION_MAX];
        CURLU *c;
        bool ok;

        *why = "its Location is not a URL";
        if (!location_text(location, text))
                return false;
        c = curl_url();
        ok = c && set_base(c, base) &&
             (text[0] == '\0' ||
              curl_url_set(c, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK) &&
             take(c, out, why);
        curl_url_cleanup(c);
        return ok;
}

/* ---- showing ---- */

char *zc_http_url_shown(const struct zc_http_url *u)
{
        char host[ZC_HTTP_HOST_MAX + 2];
        size_t path = strcspn(u->path, ";?");
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, SHOWN_MAX);
        zc_text_printf(&t, "%s://%s", u->https ? "https" : "http", host_bracketed(u, host));
        if (u->port != (u->https ? 443 : 80))
                zc_text_printf(&t, ":%u", u->port);
        zc_text_escape(&t, u->path, path);
        if (u->path[path])
                zc_text_printf(&t, "%c...", u->path[path]);
        return zc_text_steal(&t);
}

/* ---- sites ---- */

/** As the public suffix list has names: lower case, no dot at the end. */
static bool site_name(const char *host, char out[ZC_HTTP_HOST_MAX])
{
        size_t n = strlen(host);

        while (n > 1 && host[n - 1] == '.')
                n--;
        if (n == 0 || n >= ZC_HTTP_HOST_MAX)
                return false;
        memcpy(out, host, n);
        out[n] = '\0';
        zc_ascii_lower(out);
        return true;
}

/** An address, or what some clients take for one: a name whose last label begins with a digit (no such top level domain exists). */
static bool is_numeric(const char *host)
{
        const char *dot = strrchr(host, '.');
        const char *last = dot ? dot + 1 : host;

        return strchr(host, ':') || (*last >= '0' && *last <= '9');
}

bool zc_http_same_site(const char *a, const char *b)
{
        const psl_ctx_t *psl = psl_builtin();
        char na[ZC_HTTP_HOST_MAX], nb[ZC_HTTP_HOST_MAX];
        const char *ra, *rb;

        if (!site_name(a, na) || !site_name(b, nb))
                return false;
        if (strcmp(na, nb) == 0)
                return true;
        if (!psl || is_numeric(na) || is_numeric(nb))
                return false;
        ra = psl_registrable_domain(psl, na);
        rb = psl_registrable_domain(psl, nb);
        return ra && rb && strcmp(ra, rb) == 0;
}
