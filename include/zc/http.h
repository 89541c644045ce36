/**
 * HTTP conversations through libcurl: one GET over one connection of ours. The address is pinned and checked against the scope at the moment of
 * connecting; nothing else is contacted (no proxy, no resolver, no redirect by the library). No cookie is kept or sent, no credential, no
 * certificate verified: certificates are judged elsewhere. What a server answers, or does not, is a fact.
 */
#ifndef ZC_HTTP_H
#define ZC_HTTP_H

#include "zc/addr.h"
#include "zc/clock.h"
#include "zc/http_wire.h"
#include "zc/pace.h"
#include "zc/scope.h"

#define ZC_HTTP_HEAD_MAX ((size_t)64 * 1024) /* bytes of status lines and fields, interim responses included */
#define ZC_HTTP_BODY_MAX ((size_t)16 * 1024) /* bytes of a body that are waited for */
#define ZC_HTTP_REQUEST_MS 10000
#define ZC_HTTP_REDIRECTS 5u
#define ZC_HTTP_WHY_LEN 160

/** Once per process, before threads and before the sandbox. */
bool zc_http_init(struct zc_err *err) ZC_MUST_USE;
void zc_http_release(void);

struct zc_http_request {
        const struct zc_scope *scope;
        struct zc_pace *pace; /* what its connections count against; NULL for nothing */
        const char *named; /* the name that was authorised, on whose behalf a name of its site is contacted; NULL: host */
        struct zc_addr addr;
        uint16_t port;
        bool https;
        const char *host; /* Host and SNI; NULL: the address */
        const char *path; /* with its query; NULL: "/" */
        struct zc_deadline deadline;
};

enum zc_http_result {
        ZC_HTTP_ANSWERED,   /* `head` is filled; where its end never came, head.cut */
        ZC_HTTP_SCOPE,      /* not in scope: nothing was sent */
        ZC_HTTP_UNREACHED,  /* no connection */
        ZC_HTTP_NO_TLS,     /* no TLS session */
        ZC_HTTP_SILENT,     /* connected; no whole head within the time */
        ZC_HTTP_FOREIGN,    /* an answer that is not HTTP */
        ZC_HTTP_BROKEN,     /* a head of which not even the first line can be told */
};

struct zc_http_answer {
        enum zc_http_result result;
        char why[ZC_HTTP_WHY_LEN]; /* where it is not ANSWERED; where the head is cut, or the body broken */
        struct zc_http_head head;  /* of the final response; windows into `bytes` */
        unsigned interim;          /* 1xx responses before it */
        bool body_cut;             /* the body had more than was waited for */
        bool body_broken;          /* it did not end as the head said */
        size_t body_len;
        int64_t at_ms;             /* wall clock, when it was asked */
        int64_t time_ms;           /* from the request to the first byte of the answer, the connection included */
        unsigned connections;
        uint8_t *bytes; /* owned */
        size_t len;
};

/** False only for what is our own lack; the answer must be released either way. */
bool zc_http_get(const struct zc_http_request *request, struct zc_http_answer *out, struct zc_err *err) ZC_MUST_USE;
void zc_http_answer_release(struct zc_http_answer *a);

/* ---- addresses of documents ---- */

#define ZC_HTTP_HOST_MAX 256u

struct zc_http_url {
        bool https;
        char host[ZC_HTTP_HOST_MAX]; /* lower case, without brackets or trailing dot */
        uint16_t port;
        char *path; /* with its query, without fragment; owned */
};

/**
 * A Location resolved against where it was said (RFC 3986 section 5). False, with why: nothing that HTTP can fetch. A password in it is dropped.
 */
bool zc_http_url_resolve(const struct zc_http_url *base, struct zc_rd location, struct zc_http_url *out, const char **why) ZC_MUST_USE;
void zc_http_url_release(struct zc_http_url *u);
/**
 * For evidence: what may hold a secret (the query, parameters in the path) is left out, and that it was there is said. Escaped, capped. NULL when
 * out of memory; free().
 */
char *zc_http_url_shown(const struct zc_http_url *u) ZC_MUST_USE;
/** Whether two names are one host, or of one registrable domain (public suffix list). */
bool zc_http_same_site(const char *a, const char *b);

/* ---- a walk along redirects ---- */

struct zc_http_hop {
        struct zc_http_url url;
        struct zc_addr addr;
        struct zc_http_answer answer;
        bool redirects;          /* a 3xx with a Location */
        bool leads;              /* `to` is filled */
        struct zc_http_url to;
        bool followed;
        char why[ZC_HTTP_WHY_LEN]; /* where it was not */
};

struct zc_http_walk {
        struct zc_http_hop hops[ZC_HTTP_REDIRECTS + 1];
        size_t count;
};

/**
 * GET, then where redirects lead: the same host or registrable domain, in scope, at most ZC_HTTP_REDIRECTS times, never twice to one place. What
 * is not followed is written down. `start->host` of a hop that is a name of its own is resolved with zc_resolve().
 */
bool zc_http_follow(const struct zc_http_request *start, struct zc_http_walk *out, struct zc_err *err) ZC_MUST_USE;
void zc_http_walk_release(struct zc_http_walk *w);

#endif
