/** Headers and cookies as evidence. What may be a secret is not kept: only fields that are known to hold none keep their values. */
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "zc/json.h"

#define VALUE_MAX 1024
#define NAME_MAX_BYTES 128
#define DIRECTIVES_MAX 64u
#define POLICIES_MAX 16u
#define COOKIES_MAX 64u
#define NOT_KEPT "[not kept]"

static void put(json_t *o, const char *key, json_t *value)
{
        if (value)
                json_object_set_new(o, key, value);
}

static json_t *bytes(struct zc_rd in, size_t cap)
{
        return in.n > 0 ? zc_json_bytes(in.p, in.n, cap) : json_string("");
}

/* ---- all fields, in order ---- */

static const char *const kept[] = {
        "Accept-Ranges",
        "Access-Control-Allow-Credentials",
        "Access-Control-Allow-Headers",
        "Access-Control-Allow-Methods",
        "Access-Control-Allow-Origin",
        "Access-Control-Max-Age",
        "Age",
        "Allow",
        "Alt-Svc",
        "Cache-Control",
        "Clear-Site-Data",
        "Connection",
        "Content-Encoding",
        "Content-Language",
        "Content-Length",
        "Content-Security-Policy",
        "Content-Security-Policy-Report-Only",
        "Content-Type",
        "Cross-Origin-Embedder-Policy",
        "Cross-Origin-Opener-Policy",
        "Cross-Origin-Resource-Policy",
        "Date",
        "Expires",
        "Feature-Policy",
        "Keep-Alive",
        "Last-Modified",
        "Origin-Agent-Cluster",
        "Permissions-Policy",
        "Pragma",
        "Referrer-Policy",
        "Retry-After",
        "Server",
        "Strict-Transport-Security",
        "Transfer-Encoding",
        "Upgrade",
        "Vary",
        "Via",
        "X-AspNet-Version",
        "X-AspNetMvc-Version",
        "X-Content-Type-Options",
        "X-DNS-Prefetch-Control",
        "X-Download-Options",
        "X-Frame-Options",
        "X-Permitted-Cross-Domain-Policies",
        "X-Powered-By",
        "X-Robots-Tag",
        "X-UA-Compatible",
        "X-XSS-Protection",
};

static json_t *cookie_shown(struct zc_rd v)
{
        struct zc_cookie c;
        const char *why;
        json_auto_t *name = NULL;

        if (!zc_cookie_parse(v, &c, &why))
                return json_string(NOT_KEPT);
        name = bytes(c.name, NAME_MAX_BYTES);
        return name ? zc_json_printf("%s=" NOT_KEPT, json_string_value(name)) : NULL;
}

static json_t *location_shown(const struct zc_http_hop *h)
{
        ZC_AUTO_MEM char *shown = h->leads ? zc_http_url_shown(&h->to) : NULL;

        return json_string(shown ? shown : NOT_KEPT);
}

/** The schemes alone: what stands beside them may be a token. */
static json_t *challenges_shown(struct zc_rd v)
{
        struct zc_rd scheme;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, VALUE_MAX);
        while (zc_challenge_next(&v, &scheme)) {
                zc_text_add(&t, t.len > 0 ? ", " : "");
                zc_text_escape(&t, scheme.p, scheme.n);
        }
        return json_string(zc_text_str(&t));
}

static json_t *value_shown(const struct zc_http_hop *h, const struct zc_http_field *f)
{
        for (size_t i = 0; i < ZC_COUNT(kept); i++)
                if (zc_http_is(f->name, kept[i]))
                        return bytes(f->value, VALUE_MAX);
        if (zc_http_is(f->name, "Set-Cookie"))
                return cookie_shown(f->value);
        if (zc_http_is(f->name, "Location"))
                return location_shown(h);
        if (zc_http_is(f->name, "WWW-Authenticate"))
                return challenges_shown(f->value);
        return json_string(NOT_KEPT);
}

json_t *zc_http_fields_json(const struct zc_http_hop *h)
{
        const struct zc_http_head *head = &h->answer.head;
        json_t *list = json_array();

        for (size_t i = 0; i < head->count; i++)
                json_array_append_new(list, json_pack("[o, o]",
                                                      bytes(head->fields[i].name, NAME_MAX_BYTES),
                                                      value_shown(h, &head->fields[i])));
        return list;
}

/* ---- the protective headers ---- */

static json_t *present(bool is)
{
        json_t *o = json_object();

        put(o, "present", json_boolean(is));
        return o;
}

/** All fields of a name as one value, as Fetch combines them (section 2.2.2). */
static void combine(const struct zc_http_head *h, const char *name, struct zc_text *t)
{
        const struct zc_rd *v;

        zc_text_init(t, ZC_HTTP_HEAD_MAX);
        for (size_t n = 0; (v = zc_http_find(h, name, n)); n++) {
                zc_text_add(t, n > 0 ? ", " : "");
                zc_text_addn(t, (const char *)v->p, v->n);
        }
}

static struct zc_rd window(const struct zc_text *t)
{
        return (struct zc_rd){ (const uint8_t *)zc_text_str(t), t->len };
}

static json_t *hsts(const struct zc_http_head *h, const char *name)
{
        struct zc_hsts s = zc_hsts_parse(*zc_http_find(h, name, 0));
        json_t *o = present(true);

        put(o, "count", json_integer((json_int_t)zc_http_count(h, name)));
        put(o, "valid", json_boolean(s.valid));
        if (!s.valid) {
                put(o, "why", json_string(s.why));
                return o;
        }
        put(o, "max_age", json_integer(s.max_age));
        put(o, "include_subdomains", json_boolean(s.include_subdomains));
        put(o, "preload", json_boolean(s.preload));
        return o;
}

static bool directive_known(const json_t *list, const char *name)
{
        const json_t *d;
        size_t i;

        json_array_foreach (list, i, d) {
                if (strcmp(zc_json_str(d, "name", ""), name) == 0)
                        return true;
        }
        return false;
}

static json_t *directive(struct zc_rd name, struct zc_rd value)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, NAME_MAX_BYTES);
        zc_text_escape(&t, name.p, name.n);
        if (t.p)
                zc_ascii_lower(t.p);
        return json_pack("{s:s, s:o}", "name", zc_text_str(&t), "value", bytes(value, VALUE_MAX));
}

static json_t *policy_json(struct zc_rd policy)
{
        json_t *list = json_array();
        struct zc_rd name, value;

        while (json_array_size(list) < DIRECTIVES_MAX &&
               zc_csp_directive_next(&policy, &name, &value)) {
                json_t *d = directive(name, value);

                if (directive_known(list, zc_json_str(d, "name", "")))
                        json_decref(d); /* the first counts */
                else
                        json_array_append_new(list, d);
        }
        return json_pack("{s:o}", "directives", list);
}

static bool policies_name(const json_t *policies, const char *name)
{
        const json_t *p;
        size_t i;

        json_array_foreach (policies, i, p) {
                if (directive_known(json_object_get(p, "directives"), name))
                        return true;
        }
        return false;
}

static json_t *csp(const struct zc_http_head *h, const char *name)
{
        json_t *o = present(true), *policies = json_array();
        struct zc_rd rest, policy;
        ZC_AUTO_TEXT all = { 0 };

        combine(h, name, &all);
        rest = window(&all);
        while (json_array_size(policies) < POLICIES_MAX && zc_csp_policy_next(&rest, &policy))
                json_array_append_new(policies, policy_json(policy));
        put(o, "frame_ancestors", json_boolean(policies_name(policies, "frame-ancestors")));
        put(o, "policies", policies);
        return o;
}

static json_t *plain(const struct zc_http_head *h, const char *name)
{
        json_t *o = present(true);
        ZC_AUTO_TEXT all = { 0 };

        combine(h, name, &all);
        put(o, "value", bytes(window(&all), VALUE_MAX));
        return o;
}

/* HTML section 7.1.6: several different values, one of them known, refuse framing; one unknown value does nothing. */
static json_t *frame_options(const struct zc_http_head *h, const char *name)
{
        static const char *const known[] = { "deny", "sameorigin", "allowall" };
        bool seen[ZC_COUNT(known)] = { false }, other = false, more = true;
        json_t *o = plain(h, name);
        struct zc_rd rest, part;
        size_t kinds = 0;
        ZC_AUTO_TEXT all = { 0 };

        combine(h, name, &all);
        rest = window(&all);
        while (zc_http_part(&rest, ',', &more, &part)) {
                bool hit = false;

                for (size_t i = 0; i < ZC_COUNT(known); i++)
                        if (zc_http_is(part, known[i]))
                                hit = seen[i] = true;
                other |= !hit;
        }
        for (size_t i = 0; i < ZC_COUNT(known); i++)
                kinds += seen[i];
        put(o, "effective",
            json_string(kinds > 0 && kinds + other > 1 ? "deny"
                        : seen[0]                      ? "deny"
                        : seen[1]                      ? "sameorigin"
                                                       : "none"));
        return o;
}

/* Fetch section 3.6: the first of the list decides. */
static json_t *content_type_options(const struct zc_http_head *h, const char *name)
{
        json_t *o = plain(h, name);
        struct zc_rd rest, part = { NULL, 0 };
        bool more = true;
        ZC_AUTO_TEXT all = { 0 };

        combine(h, name, &all);
        rest = window(&all);
        put(o, "nosniff",
            json_boolean(zc_http_part(&rest, ',', &more, &part) && zc_http_is(part, "nosniff")));
        return o;
}

/* Referrer Policy section 8.1: the last word that is known. */
static json_t *referrer_policy(const struct zc_http_head *h, const char *name)
{
        static const char *const known[] = {
                "no-referrer",
                "no-referrer-when-downgrade",
                "same-origin",
                "origin",
                "strict-origin",
                "origin-when-cross-origin",
                "strict-origin-when-cross-origin",
                "unsafe-url",
        };
        json_t *o = plain(h, name);
        struct zc_rd rest, part;
        const char *last = NULL;
        bool more = true;
        ZC_AUTO_TEXT all = { 0 };

        combine(h, name, &all);
        rest = window(&all);
        while (zc_http_part(&rest, ',', &more, &part))
                for (size_t i = 0; i < ZC_COUNT(known); i++)
                        if (zc_http_is(part, known[i]))
                                last = known[i];
        put(o, "policy", last ? json_string(last) : json_null());
        return o;
}

json_t *zc_http_headers_json(const struct zc_http_head *h)
{
        static const struct {
                const char *key, *name;
                json_t *(*read)(const struct zc_http_head *h, const char *name);
                bool first; /* the first of several decides: what was not looked at changes nothing */
        } rows[] = {
                { "hsts", "Strict-Transport-Security", hsts, true },
                { "csp", "Content-Security-Policy", csp, false },
                { "csp_report_only", "Content-Security-Policy-Report-Only", csp, false },
                { "x_frame_options", "X-Frame-Options", frame_options, false },
                { "x_content_type_options", "X-Content-Type-Options", content_type_options, true },
                { "referrer_policy", "Referrer-Policy", referrer_policy, false },
                { "permissions_policy", "Permissions-Policy", plain, false },
                { "server", "Server", plain, true },
        };
        bool whole = zc_http_head_whole(h);
        json_t *o = json_object();

        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                bool is = zc_http_find(h, rows[i].name, 0) != NULL;

                if (is && (whole || rows[i].first))
                        put(o, rows[i].key, rows[i].read(h, rows[i].name));
                else if (!is && whole)
                        put(o, rows[i].key, present(false));
        }
        return o;
}

/* ---- cookies ---- */

static json_t *or_null(struct zc_rd in)
{
        return in.n > 0 ? zc_json_bytes(in.p, in.n, 256) : json_null();
}

static json_t *same_site(enum zc_same_site s)
{
        static const char *const names[] = {
                [ZC_SAME_SITE_STRICT] = "Strict",
                [ZC_SAME_SITE_LAX] = "Lax",
                [ZC_SAME_SITE_NONE] = "None",
                [ZC_SAME_SITE_OTHER] = "invalid",
        };

        return s == ZC_SAME_SITE_ABSENT ? json_null() : json_string(names[s]);
}

/** It takes a cookie away: a life that is over (RFC 6265bis section 5.7); Max-Age goes before Expires. */
static bool deletes(const struct zc_cookie *c, int64_t now_ms)
{
        return c->has_max_age ? c->max_age <= 0 : c->has_expires && c->expires * 1000 <= now_ms;
}

static json_t *cookie_json(const struct zc_cookie *c, const struct zc_http_hop *h)
{
        const char *refused = zc_cookie_refused(c, h->url.https);
        json_t *o = json_object();

        put(o, "name", bytes(c->name, NAME_MAX_BYTES));
        put(o, "domain", or_null(c->domain));
        put(o, "path", or_null(c->path));
        put(o, "https", json_boolean(h->url.https));
        put(o, "secure", json_boolean(c->secure));
        put(o, "http_only", json_boolean(c->http_only));
        put(o, "same_site", same_site(c->same_site));
        put(o, "persistent", json_boolean(c->has_max_age || c->has_expires));
        put(o, "deletes", json_boolean(deletes(c, h->answer.at_ms)));
        put(o, "stored", json_boolean(!refused));
        put(o, "why", refused ? json_string(refused) : json_null());
        return o;
}

static bool same_cookie(const json_t *a, const json_t *b)
{
        return json_equal(json_object_get(a, "name"), json_object_get(b, "name")) &&
               json_equal(json_object_get(a, "domain"), json_object_get(b, "domain")) &&
               json_equal(json_object_get(a, "path"), json_object_get(b, "path"));
}

static void cookie_add(json_t *list, json_t *cookie)
{
        const json_t *known;
        size_t i;

        json_array_foreach (list, i, known) {
                if (same_cookie(known, cookie)) {
                        json_array_set_new(list, i, cookie);
                        return;
                }
        }
        if (json_array_size(list) < COOKIES_MAX)
                json_array_append_new(list, cookie);
        else
                json_decref(cookie);
}

void zc_http_cookies_add(json_t *cookies, const struct zc_http_hop *h)
{
        const struct zc_rd *v;
        const char *why;

        for (size_t n = 0; (v = zc_http_find(&h->answer.head, "Set-Cookie", n)); n++) {
                struct zc_cookie c;

                if (zc_cookie_parse(*v, &c, &why))
                        cookie_add(cookies, cookie_json(&c, h));
        }
}
