/** The http probe: one GET, where it leads, and what the answers say. */
#include "http.h"

#include <stdio.h>
#include <string.h>

#include "zc/json.h"

#define BUDGET_MS 30000

/* ---- does it apply ---- */

/* IANA: http, https, http-alt; and 8443 by habit. Only where nobody could tell what the service is. */
static const struct {
        uint16_t port;
        bool https;
} ports[] = { { 80, false }, { 443, true }, { 8080, false }, { 8443, true } };

static bool scheme_says(enum zc_scheme scheme)
{
        return scheme == ZC_SCHEME_HTTP || scheme == ZC_SCHEME_HTTPS;
}

static bool http_applies(const struct zc_subject *s)
{
        const json_t *service = json_object_get(s->endpoint, "service");

        if (scheme_says(s->scheme))
                return true;
        if (service)
                return strcmp(zc_json_str(s->endpoint, "service", ""), "http") == 0;
        for (size_t i = 0; i < ZC_COUNT(ports); i++)
                if (ports[i].port == s->port)
                        return true;
        return false;
}

/* ---- inside TLS or not ---- */

/** True: it is known. */
static bool https_known(const struct zc_subject *s, bool *https)
{
        const json_t *wrapped = json_object_get(s->endpoint, "wrapped");

        *https = s->scheme == ZC_SCHEME_HTTPS;
        if (scheme_says(s->scheme))
                return true;
        *https = json_is_string(wrapped);
        if (wrapped)
                return true;
        *https = zc_json_at(s->endpoint, "tls.negotiated") &&
                 strcmp(zc_json_str(s->endpoint, "tls.entry.mode", ""), "direct") == 0;
        if (*https)
                return true;
        for (size_t i = 0; i < ZC_COUNT(ports); i++)
                *https |= ports[i].port == s->port && ports[i].https;
        return false;
}

/** An answer that the other way of asking might mend. */
static bool may_be_the_other(const struct zc_http_walk *w)
{
        enum zc_http_result r = w->hops[0].answer.result;

        return r == ZC_HTTP_NO_TLS || r == ZC_HTTP_SILENT || r == ZC_HTTP_FOREIGN ||
               r == ZC_HTTP_BROKEN;
}

/* ---- asking ---- */

static struct zc_http_request request_of(const struct zc_subject *s, const struct zc_io *io,
                                         bool https)
{
        return (struct zc_http_request){
                .scope = io->scope,
                .pace = io->pace,
                .named = s->name,
                .addr = s->addr,
                .port = s->port,
                .https = https,
                .host = s->name,
                .path = s->path,
                .deadline = zc_deadline_min(io->deadline, zc_deadline_in(BUDGET_MS)),
        };
}

static bool ask(const struct zc_subject *s, const struct zc_io *io, struct zc_http_walk *w,
                unsigned *attempts, struct zc_err *err)
{
        bool https, known = https_known(s, &https);
        struct zc_http_request r = request_of(s, io, https);

        if (!zc_http_follow(&r, w, err))
                return false;
        *attempts = (unsigned)w->count;
        if (known || !may_be_the_other(w))
                return true;
        zc_http_walk_release(w);
        r.https = !https;
        if (!zc_http_follow(&r, w, err))
                return false;
        *attempts += (unsigned)w->count;
        return true;
}

/* ---- what became of it ---- */

bool zc_http_own(const struct zc_http_walk *w, const struct zc_http_hop *h)
{
        const struct zc_http_hop *first = &w->hops[0];

        return h->url.https == first->url.https && h->url.port == first->url.port &&
               strcmp(h->url.host, first->url.host) == 0 &&
               zc_addr_cmp(&h->addr, &first->addr) == 0;
}

static void own_find(struct zc_http_seen *s)
{
        for (size_t i = 0; i < s->walk->count; i++) {
                const struct zc_http_hop *h = &s->walk->hops[i];
                bool own = zc_http_own(s->walk, h);

                if (own && h->answer.result == ZC_HTTP_ANSWERED)
                        s->own = h;
                s->own_failed = own && h->answer.result != ZC_HTTP_ANSWERED;
        }
}

/** One answer of this endpoint's own; false when more than its body is missing. */
static bool account_hop(const struct zc_http_hop *h, struct zc_io *io)
{
        const struct zc_http_answer *a = &h->answer;
        char many[64];

        snprintf(many, sizeof many, "there are more than %u headers", ZC_HTTP_FIELDS_MAX);
        if (!zc_http_head_whole(&a->head)) {
                const char *why = a->head.cut ? a->why : many;

                zc_io_problem(io, "/http/headers", "not all headers could be looked at", why);
                zc_io_partial(io, "", "%s", why);
                return false;
        }
        if (a->body_broken) {
                zc_io_problem(io, "/http/requests", "an answer did not end as it should", a->why);
                zc_io_partial(io, "", "%s", a->why);
        }
        return true;
}

/** What could not be seen, said. */
static void account(const struct zc_http_seen *s, struct zc_io *io)
{
        const struct zc_http_hop *last = &s->walk->hops[s->walk->count - 1];
        bool whole = !s->own_failed;

        if (s->own_failed) {
                zc_io_problem(io, "/http/answer", "the page it leads to could not be fetched",
                              last->answer.why);
                zc_io_partial(io, "", "the page it leads to: %s", last->answer.why);
        }
        for (size_t i = 0; i < s->walk->count; i++) {
                const struct zc_http_hop *h = &s->walk->hops[i];

                if (zc_http_own(s->walk, h) && h->answer.result == ZC_HTTP_ANSWERED)
                        whole &= account_hop(h, io);
        }
        io->whole = whole;
}

/** No answer at all. Who named it as HTTP has not seen it by being answered something else. */
static bool none(const struct zc_http_answer *a, bool named, struct zc_io *io, struct zc_err *err)
{
        if (a->result == ZC_HTTP_FOREIGN && !named) {
                zc_io_notapplicable(io, "%s", a->why);
                return true;
        }
        if (a->result == ZC_HTTP_SCOPE)
                return zc_fail(err, ZC_E_LIMIT, "not contacted: %s", a->why);
        zc_io_problem(io, "/http", "nothing was learned of what a web server answers here", a->why);
        return zc_fail(err, ZC_E_TIMEOUT, "GET: %s", a->why);
}

static bool http_run(const struct zc_subject *s, struct zc_io *io, json_t *out, struct zc_err *err)
{
        struct zc_http_walk walk = { 0 };
        struct zc_http_seen seen = { .walk = &walk, .named = s->name != NULL };
        bool ok = ask(s, io, &walk, &seen.attempts, err);

        if (ok)
                own_find(&seen);
        if (ok && !seen.own) {
                ok = none(&walk.hops[0].answer, scheme_says(s->scheme), io, err);
        } else if (ok) {
                account(&seen, io);
                ok = zc_http_evidence(&seen, out) ||
                     zc_fail(err, ZC_E_NOMEM, "no memory for what HTTP showed");
        }
        zc_http_walk_release(&walk);
        return ok;
}

const struct zc_probe zc_probe_http = {
        .id = "http",
        .summary = "what a web server answers: redirects, protective headers, cookies",
        .scope = ZC_SCOPE_ENDPOINT,
        .side = ZC_SIDE_COLLECTOR,
        .level = ZC_LEVEL_OBSERVE,
        .needs = ZC_NEED_TCP,
        .after = (const char *const[]){ "ports", "identify", NULL },
        .shares = true,
        .evidence = "endpoint.http",
        .sends =
                "one GET / (or the path of the URL that was named) over HTTP/1.1, in TLS where the "
                "service is; then one GET for each redirect, at most 5, that stays within the same "
                "host or registrable domain and in scope; no cookie, no credential",
        .applies = http_applies,
        .run = http_run,
};
