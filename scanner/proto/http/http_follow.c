/** Where redirects lead, one request after another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zc/http.h"
#include "zc/resolve.h"
#include "zc/text.h"

static void refuse(struct zc_http_hop *h, const char *why)
{
        snprintf(h->why, sizeof h->why, "%.*s", ZC_HTTP_WHY_LEN - 1, why);
}

static bool same_place(const struct zc_http_url *a, const struct zc_http_url *b)
{
        return a->https == b->https && a->port == b->port && zc_ascii_eq(a->host, b->host) &&
               strcmp(a->path, b->path) == 0;
}

/* 301, 302, 303, 307, 308 with a Location (RFC 9110 section 15.4) */
static void redirect_read(struct zc_http_hop *h)
{
        static const unsigned codes[] = { 301, 302, 303, 307, 308 };
        const struct zc_rd *location = zc_http_find(&h->answer.head, "Location", 0);
        const char *why;

        for (size_t i = 0; i < ZC_COUNT(codes) && location; i++)
                h->redirects |= h->answer.head.status == codes[i];
        if (!location || !h->redirects)
                return;
        h->leads = zc_http_url_resolve(&h->url, *location, &h->to, &why);
        if (!h->leads)
                refuse(h, why);
}

/** The address to ask: the same host stays where it is; another name of the site is resolved, and has to be in scope there. */
static bool address_of(const struct zc_http_request *start, struct zc_http_hop *h,
                       struct zc_addr *out)
{
        struct zc_addrs found = { 0 };
        struct zc_err err = { 0 };
        enum zc_scope_verdict v = ZC_SCOPE_OUTSIDE;

        *out = h->addr;
        if (zc_ascii_eq(h->url.host, h->to.host))
                return true;
        if (!zc_resolve(h->to.host, start->deadline, &found, &err)) {
                refuse(h, err.text);
                return false;
        }
        for (size_t i = 0; i < found.count; i++) {
                v = zc_scope_check_from(start->scope, start->named ? start->named : start->host,
                                        h->to.host, &found.list[i]);
                if (v == ZC_SCOPE_IN) {
                        *out = found.list[i];
                        return true;
                }
        }
        refuse(h, zc_scope_verdict_name(v));
        return false;
}

static bool may_follow(const struct zc_http_walk *w, struct zc_http_hop *h)
{
        if (!zc_http_same_site(w->hops[0].url.host, h->to.host)) {
                refuse(h, "it leads to another site");
                return false;
        }
        for (size_t i = 0; i < w->count; i++) {
                if (same_place(&w->hops[i].url, &h->to)) {
                        refuse(h, "it leads back to where it came from");
                        return false;
                }
        }
        if (w->count == ZC_COUNT(w->hops)) {
                refuse(h, "it is one redirect too many");
                return false;
        }
        return true;
}

/** One request, and what its answer leads to. */
static bool hop(const struct zc_http_request *start, struct zc_http_hop *h, struct zc_err *err)
{
        struct zc_http_request r = *start;

        r.named = start->named ? start->named : start->host;
        r.addr = h->addr;
        r.port = h->url.port;
        r.https = h->url.https;
        r.host = h->url.host;
        r.path = h->url.path;
        if (!start->host && zc_addr_cmp(&start->addr, &h->addr) == 0)
                r.host = NULL; /* the address itself: no name to send or to ask the scope for */
        if (!zc_http_get(&r, &h->answer, err))
                return false;
        if (h->answer.result == ZC_HTTP_ANSWERED)
                redirect_read(h);
        return true;
}

static bool begin(const struct zc_http_request *start, struct zc_http_hop *h)
{
        struct zc_addr plain = start->addr;
        char text[ZC_ADDR_LEN];

        plain.zone = 0;
        zc_addr_format(&plain, text);
        h->url.https = start->https;
        h->url.port = start->port;
        snprintf(h->url.host, sizeof h->url.host, "%s", start->host ? start->host : text);
        h->url.path = strdup(start->path ? start->path : "/");
        h->addr = start->addr;
        return h->url.path != NULL;
}

/** The next hop's place; false when the walk is over. */
static bool step(const struct zc_http_request *start, struct zc_http_walk *w)
{
        struct zc_http_hop *h = &w->hops[w->count - 1], *next;
        struct zc_addr addr;
        char *path;

        if (!h->leads || !may_follow(w, h) || !address_of(start, h, &addr))
                return false;
        path = strdup(h->to.path);
        if (!path)
                return false;
        next = &w->hops[w->count];
        next->url = h->to;
        next->url.path = path;
        next->addr = addr;
        h->followed = true;
        return true;
}

bool zc_http_follow(const struct zc_http_request *start, struct zc_http_walk *out,
                    struct zc_err *err)
{
        *out = (struct zc_http_walk){ 0 };
        if (!begin(start, &out->hops[0]))
                return zc_fail(err, ZC_E_NOMEM, "no memory for an HTTP request");
        do {
                struct zc_http_hop *h = &out->hops[out->count++];

                if (!hop(start, h, err))
                        return false;
        } while (step(start, out));
        return true;
}

void zc_http_walk_release(struct zc_http_walk *w)
{
        for (size_t i = 0; i < ZC_COUNT(w->hops); i++) {
                zc_http_url_release(&w->hops[i].url);
                zc_http_url_release(&w->hops[i].to);
                zc_http_answer_release(&w->hops[i].answer);
        }
}
