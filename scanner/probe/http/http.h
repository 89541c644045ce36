/** What the http probe saw, before it becomes evidence. */
#ifndef ZC_PROBE_HTTP_H
#define ZC_PROBE_HTTP_H

#include "zc/http.h"
#include "zc/probe.h"

/** The hops of the walk that this very endpoint served. */
struct zc_http_seen {
        const struct zc_http_walk *walk;
        bool named;                    /* by a name, not by its address */
        const struct zc_http_hop *own; /* the last that it answered */
        bool own_failed;               /* it led to itself, and that was not answered */
        unsigned attempts;
};

/** Whether a hop is of the endpoint that the first one asked. */
bool zc_http_own(const struct zc_http_walk *w, const struct zc_http_hop *h);
/** Fills endpoint.http. */
bool zc_http_evidence(const struct zc_http_seen *s, json_t *out);
/** The headers that say how a browser is to protect itself, of one response. */
json_t *zc_http_headers_json(const struct zc_http_head *h);
/** All fields in order; values only of those that hold no secret. */
json_t *zc_http_fields_json(const struct zc_http_hop *h);
/** Adds the cookies that a hop sets; one of the same name, domain and path replaces. */
void zc_http_cookies_add(json_t *cookies, const struct zc_http_hop *h);

#endif
