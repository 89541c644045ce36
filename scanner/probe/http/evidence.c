/** endpoint.http: requests, redirects, what the endpoint's own answer says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "zc/json.h"

#define PROOF_MAX 400

static void put(json_t *o, const char *key, json_t *value)
{
        if (value)
                json_object_set_new(o, key, value);
}

static json_t *url_json(const struct zc_http_url *u)
{
        ZC_AUTO_MEM char *shown = zc_http_url_shown(u);

        return shown ? json_string(shown) : NULL;
}

/* ---- requests and redirects ---- */

static json_t *version(const struct zc_http_head *h)
{
        return h->major >= 2 ? zc_json_printf("%u", h->major)
                             : zc_json_printf("%u.%u", h->major, h->minor);
}

static json_t *request(const struct zc_http_hop *h)
{
        json_t *o = json_object();

        put(o, "url", url_json(&h->url));
        if (h->answer.result != ZC_HTTP_ANSWERED) {
                put(o, "why", json_string(h->answer.why));
                return o;
        }
        put(o, "status", json_integer(h->answer.head.status));
        put(o, "version", version(&h->answer.head));
        put(o, "headers", zc_http_fields_json(h));
        put(o, "malformed", json_integer((json_int_t)h->answer.head.malformed));
        put(o, "time_ms", json_integer(h->answer.time_ms));
        put(o, "whole", json_boolean(zc_http_head_whole(&h->answer.head)));
        if (h->answer.why[0])
                put(o, "why", json_string(h->answer.why));
        return o;
}

static json_t *redirect(const struct zc_http_hop *h)
{
        json_t *o = json_object();

        put(o, "from", url_json(&h->url));
        put(o, "to", h->leads ? url_json(&h->to) : json_null());
        put(o, "status", json_integer(h->answer.head.status));
        put(o, "followed", json_boolean(h->followed));
        if (!h->followed && h->why[0])
                put(o, "why", zc_json_bytes(h->why, strlen(h->why), sizeof h->why));
        return o;
}

/** Whether a hop leads on is not known: it was not answered, or a Location may stand where the head was not seen. */
static bool may_lead(const struct zc_http_hop *h)
{
        const struct zc_http_head *head = &h->answer.head;

        return h->answer.result != ZC_HTTP_ANSWERED ||
               (head->status / 100 == 3 && !h->redirects && !zc_http_head_whole(head));
}

/** The first redirect of the walk that changes from one scheme to the other; nothing where one may have been missed. */
static json_t *crossing(const struct zc_http_walk *w, bool to_https)
{
        json_t *o = json_object();
        bool found = false;

        for (size_t i = 0; i < w->count && !found; i++) {
                const struct zc_http_hop *h = &w->hops[i];

                if (!h->leads || h->url.https == to_https || h->to.https != to_https)
                        continue;
                found = true;
                put(o, "from", url_json(&h->url));
                put(o, "to", url_json(&h->to));
                put(o, "status", json_integer(h->answer.head.status));
                put(o, "same_host", json_boolean(strcmp(h->url.host, h->to.host) == 0));
        }
        if (found || !may_lead(&w->hops[w->count - 1]))
                put(o, "present", json_boolean(found));
        return o;
}

/* ---- the endpoint's own answer ---- */

static bool is_html(struct zc_rd type)
{
        struct zc_rd media;

        if (!zc_rd_until(&type, ';', &media))
                media = type;
        media = zc_http_trim(media);
        return zc_http_is(media, "text/html") || zc_http_is(media, "application/xhtml+xml");
}

static json_t *answer(const struct zc_http_hop *h)
{
        const struct zc_rd *type = zc_http_find(&h->answer.head, "Content-Type", 0);
        json_t *o = json_object();

        put(o, "status", json_integer(h->answer.head.status));
        if (type || zc_http_head_whole(&h->answer.head)) {
                put(o, "content_type", type ? zc_json_bytes(type->p, type->n, 200) : json_null());
                put(o, "html", json_boolean(type && is_html(*type)));
        }
        if (!may_lead(h))
                put(o, "redirect", json_boolean(h->redirects));
        return o;
}

/** Lower case, each once. */
static void scheme_add(json_t *list, struct zc_rd scheme)
{
        char name[32];
        json_t *known;
        size_t i;

        if (scheme.n >= sizeof name)
                return;
        memcpy(name, scheme.p, scheme.n);
        name[scheme.n] = '\0';
        zc_ascii_lower(name);
        json_array_foreach (list, i, known) {
                if (strcmp(json_string_value(known), name) == 0)
                        return;
        }
        json_array_append_new(list, json_string(name));
}

/** What it asks for: a 401's challenges (RFC 9110 section 11.6.1), of every answer that the endpoint gave; NULL where one was not seen whole. */
static json_t *authentication(const struct zc_http_walk *w)
{
        json_t *list = json_array();
        bool whole = true;

        for (size_t i = 0; i < w->count; i++) {
                const struct zc_http_answer *a = &w->hops[i].answer;
                const struct zc_rd *v;

                if (!zc_http_own(w, &w->hops[i]) || a->result != ZC_HTTP_ANSWERED ||
                    a->head.status != 401)
                        continue;
                whole &= zc_http_head_whole(&a->head);
                for (size_t n = 0; (v = zc_http_find(&a->head, "WWW-Authenticate", n)); n++) {
                        struct zc_rd rest = *v, scheme;

                        while (json_array_size(list) < 16 && zc_challenge_next(&rest, &scheme))
                                scheme_add(list, scheme);
                }
        }
        if (whole)
                return list;
        json_decref(list);
        return NULL;
}

static json_t *cookies(const struct zc_http_walk *w)
{
        json_t *list = json_array();

        for (size_t i = 0; i < w->count; i++)
                if (zc_http_own(w, &w->hops[i]) && w->hops[i].answer.result == ZC_HTTP_ANSWERED)
                        zc_http_cookies_add(list, &w->hops[i]);
        return list;
}

/** The status line, then the fields whose values may stand. */
static void received_write(const struct zc_http_hop *h, struct zc_text *t)
{
        json_auto_t *fields = zc_http_fields_json(h);
        json_t *f;
        size_t i;

        zc_text_printf(t, "HTTP/%u.%u %u", h->answer.head.major, h->answer.head.minor,
                       h->answer.head.status);
        json_array_foreach (fields, i, f) {
                zc_text_printf(t, "; %s: %s", json_string_value(json_array_get(f, 0)),
                               json_string_value(json_array_get(f, 1)));
        }
}

static json_t *proof(const struct zc_http_seen *s)
{
        ZC_AUTO_MEM char *url = zc_http_url_shown(&s->own->url);
        char time[ZC_TIME_LEN];
        ZC_AUTO_TEXT received = { 0 };
        json_t *o = json_object();

        zc_text_init(&received, PROOF_MAX);
        received_write(s->own, &received);
        zc_time_format(s->own->answer.at_ms, time);
        put(o, "observed_at", json_string(time));
        put(o, "attempts", json_integer(s->attempts));
        put(o, "sent", zc_json_printf("GET %s", url ? url : ""));
        put(o, "received", json_string(zc_text_str(&received)));
        return o;
}

bool zc_http_evidence(const struct zc_http_seen *s, json_t *out)
{
        const struct zc_http_hop *first = &s->walk->hops[0];
        json_t *requests = json_array(), *redirects = json_array();

        for (size_t i = 0; i < s->walk->count; i++) {
                json_array_append_new(requests, request(&s->walk->hops[i]));
                if (s->walk->hops[i].redirects)
                        json_array_append_new(redirects, redirect(&s->walk->hops[i]));
        }
        put(out, "scheme", json_string(first->url.https ? "https" : "http"));
        put(out, "url", url_json(&first->url));
        put(out, "named", json_boolean(s->named));
        put(out, "requests", requests);
        put(out, "redirects", redirects);
        put(out, first->url.https ? "downgrade" : "to_https", crossing(s->walk, !first->url.https));
        if (!s->own_failed)
                put(out, "answer", answer(s->own));
        put(out, "headers", zc_http_headers_json(&s->own->answer.head));
        put(out, "cookies", cookies(s->walk));
        put(out, "authentication", authentication(s->walk));
        put(out, "proof", proof(s));
        return requests && redirects && json_object_get(out, "proof");
}
