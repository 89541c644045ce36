/** Where a Location leads, what of an address is written down, which names are one site, and what headers come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../scanner/probe/http/http.h"
#include "alloc.h"
#include "zc/json.h"

static void test_locations(void **state)
{
        static const struct {
                const char *location, *shown; /* NULL: refused */
                const char *path;
        } rows[] = {
                /* said at http://www.example.org:8080/a/b?c=d */
                { "https://www.example.org/x", "https://www.example.org/x", "/x" },
                { "HTTPS://WWW.Example.ORG./x", "https://www.example.org/x", "/x" },
                { "/x", "http://www.example.org:8080/x", "/x" },
                { "x", "http://www.example.org:8080/a/x", "/a/x" },
                { "../x", "http://www.example.org:8080/x", "/x" },
                { "?q=1", "http://www.example.org:8080/a/b?...", "/a/b?q=1" },
                { "//other.example/x", "http://other.example/x", "/x" },
                { "https://a.example:8443/p;s=1?q=2#f", "https://a.example:8443/p;...",
                  "/p;s=1?q=2" },
                { "https://user:secret@a.example/", "https://a.example/", "/" },
                { "https://[2001:DB8::1]:444/", "https://[2001:db8::1]:444/", "/" },
                { "https://192.0.2.7", "https://192.0.2.7/", "/" },
                { "ftp://a.example/", NULL, NULL },
                { "file:///etc/passwd", NULL, NULL },
                { "javascript:alert(1)", NULL, NULL },
                { "", NULL, NULL },
                { "https://a.example/ b", NULL, NULL },
                { "https:\\\\a.example", NULL, NULL },
                { "https://a.example:0/", NULL, NULL },
                { "https://a.example:65536/", NULL, NULL },
                { "https://a b/", NULL, NULL },
                { "https://-/", NULL, NULL },
                { "https://[::1/", NULL, NULL },
                { "https://\xc3\xa9.example/", NULL, NULL },
        };
        char path[] = "/a/b?c=d";
        const struct zc_http_url base = { .host = "www.example.org", .port = 8080, .path = path };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_http_url u = { 0 };
                const char *why = NULL;
                bool ok = zc_http_url_resolve(&base, zc_rd_str(rows[i].location), &u, &why);
                char *shown = ok ? zc_http_url_shown(&u) : NULL;

                if (ok != (rows[i].shown != NULL) || (!ok && !why) ||
                    (ok &&
                     (strcmp(shown, rows[i].shown) != 0 || strcmp(u.path, rows[i].path) != 0)))
                        fail_msg("row %zu: %s: %s", i, rows[i].location, ok ? shown : why);
                free(shown);
                zc_http_url_release(&u);
        }
}

static void test_location_sizes(void **state)
{
        char path[] = "/";
        const struct zc_http_url base = { .host = "a.example", .port = 80, .path = path };
        static const size_t sizes[] = { 4000, 4095, 4096, 70000 };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(sizes); i++) {
                char *text = malloc(sizes[i]);
                struct zc_http_url u = { 0 };
                const char *why;

                assert_non_null(text);
                memset(text, 'x', sizes[i]);
                text[0] = '/';
                assert_int_equal(zc_http_url_resolve(&base,
                                                     (struct zc_rd){ (uint8_t *)text, sizes[i] },
                                                     &u, &why),
                                 sizes[i] < 4096);
                free(text);
                zc_http_url_release(&u);
        }
}

static void test_sites(void **state)
{
        static const struct {
                const char *a, *b;
                bool same;
        } rows[] = {
                { "example.org", "example.org", true },
                { "example.org", "EXAMPLE.org", true },
                { "example.org", "www.example.org", true },
                { "a.example.org", "b.example.org", true },
                { "a.example.co.uk", "b.example.co.uk", true },
                { "example.co.uk", "other.co.uk", false },
                { "a.github.io", "b.github.io", false },
                { "example.org", "example.com", false },
                { "org", "example.org", false },
                { "localhost", "localhost", true },
                { "localhost", "a.localhost", false },
                { "192.0.2.7", "192.0.2.7", true },
                { "192.0.2.7", "193.0.2.7", false },
                { "10.0.2.7", "11.0.2.7", false },
                { "2001:db8::1", "2001:db8::2", false },
                { "2001:db8::1", "2001:DB8::1", true },
                { "10.0.2.7", "::ffff:10.0.2.7", false },
                { "www.0.2.7", "mail.0.2.7", false }, /* a client may take either for an address */
                { "a.0x7f", "b.0x7f", false },
                { "EXAMPLE.org", "www.Example.ORG", true },
                { "example.org.", "www.example.org", true },
                { "www.example.org", "example.org..", true },
                { "co.uk", "co.uk", true }, /* the same host, whatever it is */
                { "co.uk", "example.co.uk", false },
                { "uk", "co.uk", false },
                { "github.io", "a.github.io", false },
                { "a.ck", "b.ck", false }, /* *.ck, but not www.ck */
                { "www.ck", "a.www.ck", true },
                { "b.xn--p1ai", "a.b.xn--p1ai", true },
                { "a.xn--p1ai", "b.xn--p1ai", false },
                { "xn--mnchen-3ya.example", "www.xn--mnchen-3ya.example", true },
                { "evilexample.org", "example.org", false },
                { "example.org.evil.test", "example.org", false },
                { "intranet", "a.intranet", false },
                { "a.corp.internal-lan", "b.corp.internal-lan", true },
                { "", "example.org", false },
                { ".", "example.org", false },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++)
                if (zc_http_same_site(rows[i].a, rows[i].b) != rows[i].same)
                        fail_msg("row %zu: %s, %s", i, rows[i].a, rows[i].b);
}

/** A name of the site, without and with scope.allow; what is excluded stays so. */
static void test_scope_from(void **state)
{
        ZC_AUTO(zc_scope) s = zc_scope_new();
        ZC_AUTO(zc_arena) arena = zc_arena_new(0);
        struct zc_target t;
        struct zc_err err = { 0 };
        struct zc_addr a, metadata;

        (void)state;
        assert_true(zc_addr_parse("192.0.2.7", &a, &err));
        assert_true(zc_addr_parse("169.254.169.254", &metadata, &err));
        assert_true(zc_target_parse(arena, "http://example.org", &t, &err));
        assert_true(zc_scope_exclude(s, "b.example.org", &err));
        assert_true(zc_scope_authorise(s, &t, &err));
        assert_int_equal(zc_scope_check_from(s, "example.org", "www.example.org", &a), ZC_SCOPE_IN);
        assert_int_equal(zc_scope_check_from(s, NULL, "www.example.org", &a), ZC_SCOPE_OUTSIDE);
        assert_int_equal(zc_scope_check_from(s, "example.org", "b.example.org", &a),
                         ZC_SCOPE_EXCLUDED);
        assert_int_equal(zc_scope_check_from(s, "example.org", "www.example.org", &metadata),
                         ZC_SCOPE_NEVER);
        assert_true(zc_scope_allow(s, "example.org", &err));
        assert_int_equal(zc_scope_check_from(s, "example.org", "www.example.org", &a),
                         ZC_SCOPE_OUTSIDE);
        assert_int_equal(zc_scope_check_from(s, "example.org", "example.org", &a), ZC_SCOPE_IN);
}

static json_t *headers_of(const char *fields)
{
        struct zc_http_head h;
        struct zc_err err = { 0 };
        uint8_t bytes[1024];
        size_t used;
        int n = snprintf((char *)bytes, sizeof bytes, "HTTP/1.1 200 OK\r\n%s\r\n", fields);

        assert_true(zc_http_head_parse(bytes, (size_t)n, &h, &used, &err));
        return zc_http_headers_json(&h);
}

static void test_headers(void **state)
{
        static const struct {
                const char *fields, *at, *want; /* want: JSON */
        } rows[] = {
                { "", "hsts", "{\"present\":false}" },
                { "Strict-Transport-Security: max-age=1\r\nStrict-Transport-Security: x\r\n",
                  "hsts.count", "2" },
                { "Strict-Transport-Security: max-age=1\r\nStrict-Transport-Security: x\r\n",
                  "hsts.valid", "true" },
                { "Strict-Transport-Security: x\r\nStrict-Transport-Security: max-age=1\r\n",
                  "hsts.valid", "false" },
                { "X-Frame-Options: deny\r\n", "x_frame_options.effective", "\"deny\"" },
                { "X-Frame-Options: SAMEORIGIN, sameorigin\r\n", "x_frame_options.effective",
                  "\"sameorigin\"" },
                { "X-Frame-Options: SAMEORIGIN\r\nX-Frame-Options: DENY\r\n",
                  "x_frame_options.effective", "\"deny\"" },
                { "X-Frame-Options: SAMEORIGIN, x\r\n", "x_frame_options.effective", "\"deny\"" },
                { "X-Frame-Options: ALLOW-FROM https://a\r\n", "x_frame_options.effective",
                  "\"none\"" },
                { "X-Frame-Options: ALLOWALL\r\n", "x_frame_options.effective", "\"none\"" },
                { "X-Frame-Options:\r\n", "x_frame_options.effective", "\"none\"" },
                { "X-Content-Type-Options: NoSniff\r\n", "x_content_type_options.nosniff", "true" },
                { "X-Content-Type-Options: nosniff, x\r\n", "x_content_type_options.nosniff",
                  "true" },
                { "X-Content-Type-Options: x, nosniff\r\n", "x_content_type_options.nosniff",
                  "false" },
                { "Referrer-Policy: no-referrer, wrong\r\n", "referrer_policy.policy",
                  "\"no-referrer\"" },
                { "Referrer-Policy: no-referrer\r\nReferrer-Policy: unsafe-url\r\n",
                  "referrer_policy.policy", "\"unsafe-url\"" },
                { "Referrer-Policy: wrong\r\n", "referrer_policy.policy", "null" },
                { "Content-Security-Policy: A b; a c\r\n", "csp.policies",
                  "[{\"directives\":[{\"name\":\"a\",\"value\":\"b\"}]}]" },
                { "Content-Security-Policy: a\r\nContent-Security-Policy: Frame-Ancestors "
                  "'none'\r\n",
                  "csp.frame_ancestors", "true" },
                { "Content-Security-Policy-Report-Only: frame-ancestors 'none'\r\n", "csp.present",
                  "false" },
                { "Server: a\x1b[2Jb\r\n", "server.value", "\"a\\\\u{1b}[2Jb\"" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *h = headers_of(rows[i].fields);
                char *line = json_dumps(zc_json_at(h, rows[i].at), JSON_ENCODE_ANY | JSON_COMPACT);

                if (!line || strcmp(line, rows[i].want) != 0)
                        fail_msg("row %zu: %s: %s", i, rows[i].fields, line ? line : "nothing");
                free(line);
        }
}

/* ---- without memory ---- */

/** Everything that a says, b says, too. */
static bool within(const json_t *a, json_t *b)
{
        const char *key;
        const json_t *v;
        json_t *w;
        size_t i, k;

        if (json_is_object(a)) {
                json_object_foreach ((json_t *)(uintptr_t)a, key, w)
                        if (!within(w, json_object_get(b, key)))
                                return false;
                return json_is_object(b);
        }
        json_array_foreach (a, i, v) {
                bool found = false;

                json_array_foreach (b, k, w)
                        found = found || within(v, w);
                if (!found)
                        return false;
        }
        return json_is_array(a) ? json_is_array(b) : json_equal(a, b);
}

static json_t *told(const struct zc_http_hop *h)
{
        json_t *o = json_object(), *cookies = json_array();

        zc_http_cookies_add(cookies, h);
        json_object_set_new(o, "headers", zc_http_headers_json(&h->answer.head));
        json_object_set_new(o, "fields", zc_http_fields_json(h));
        json_object_set_new(o, "cookies", cookies);
        return o;
}

/* Where there is no memory something is left out, and nothing is said that is not so. */
static void test_no_memory(void **state)
{
        static const char said[] =
                "HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=1; preload\r\n"
                "X-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\n"
                "Referrer-Policy: no-referrer\r\nPermissions-Policy: x=()\r\nServer: a\r\n"
                "Content-Security-Policy: default-src 'self'; frame-ancestors 'none', img-src *\r\n"
                "Set-Cookie: a=b; Path=/; Secure\r\nSet-Cookie: a=c; Path=/\r\n"
                "Set-Cookie: d=e; HttpOnly; Max-Age=5\r\nWWW-Authenticate: Basic realm=x\r\n\r\n";
        char path[] = "/";
        struct zc_http_hop h = { .url = { .host = "a.example", .port = 80, .path = path } };
        uint8_t bytes[sizeof said];
        struct zc_err err = { 0 };
        json_t *all = NULL;
        bool lacked = true;
        size_t used;

        (void)state;
        memcpy(bytes, said, sizeof said);
        assert_true(zc_http_head_parse(bytes, sizeof said - 1, &h.answer.head, &used, &err));
        alloc_fail_at(0);
        all = told(&h);
        for (size_t n = 1; lacked; n++) {
                json_t *o;

                alloc_fail_at(n);
                o = told(&h);
                lacked = alloc_failed();
                alloc_fail_at(0);
                if (o && !within(o, all))
                        fail_msg("%zu: %s", n, json_dumps(o, JSON_COMPACT));
                json_decref(o);
        }
        json_decref(all);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_locations), cmocka_unit_test(test_location_sizes),
                cmocka_unit_test(test_sites),     cmocka_unit_test(test_scope_from),
                cmocka_unit_test(test_headers),   cmocka_unit_test(test_no_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
