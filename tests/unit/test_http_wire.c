/** Responses as bytes: heads, HSTS, CSP, cookies, challenges; in rows, then every truncation from an exact copy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zc/http_wire.h"

static uint8_t *exact(const char *bytes, size_t n)
{
        uint8_t *p = malloc(n ? n : 1);

        assert_non_null(p);
        if (n > 0)
                memcpy(p, bytes, n);
        return p;
}

/* ---- heads ---- */

static void test_heads(void **state)
{
        static const struct {
                const char *bytes;
                enum zc_code code;
                unsigned status, major, minor;
                size_t count, malformed, folded;
                const char *name, *value; /* one of the fields */
        } rows[] = {
                { "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", ZC_OK, 200, 1, 1, 1, 0, 0, "a", "b" },
                { "HTTP/1.1 200 OK\nA:b \t\n\nrest", ZC_OK, 200, 1, 1, 1, 0, 0, "A", "b" },
                { "HTTP/1.0 404\r\n\r\n", ZC_OK, 404, 1, 0, 0, 0, 0, NULL, NULL },
                { "HTTP/1.1 404 \r\n\r\n", ZC_OK, 404, 1, 1, 0, 0, 0, NULL, NULL },
                { "HTTP/2 200\r\nx-y:\r\n\r\n", ZC_OK, 200, 2, 0, 1, 0, 0, "X-Y", "" },
                { "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\td\r\nE: f\r\n\r\n", ZC_OK, 200, 1, 1, 2, 0, 2,
                  "A", "b   c  \td" },
                { "HTTP/1.1 200 OK\r\n c\r\nE: f\r\n\r\n", ZC_OK, 200, 1, 1, 1, 1, 0, "E", "f" },
                { "HTTP/1.1 200 OK\r\nA : b\r\n: c\r\nnone\r\nE: f\r\n\r\n", ZC_OK, 200, 1, 1, 1, 3,
                  0, "E", "f" },
                { "HTTP/1.1 200 OK\r\nA: b: c\r\n\r\n", ZC_OK, 200, 1, 1, 1, 0, 0, "A", "b: c" },
                { "", ZC_E_LIMIT, 0, 0, 0, 0, 0, 0, NULL, NULL },
                { "HTTP/1.1 200 OK\r\nA: b\r\n", ZC_E_LIMIT, 0, 0, 0, 0, 0, 0, NULL, NULL },
                { "HTTP/1.1 2000 OK\r\n\r\n", ZC_E_MALFORMED, 0, 0, 0, 0, 0, 0, NULL, NULL },
                { "HTTP/1.1 099 OK\r\n\r\n", ZC_E_MALFORMED, 0, 0, 0, 0, 0, 0, NULL, NULL },
                { "HTTP/11 200 OK\r\n\r\n", ZC_E_MALFORMED, 0, 0, 0, 0, 0, 0, NULL, NULL },
                { "HTTP/1.1  200 OK\r\n\r\n", ZC_E_MALFORMED, 0, 0, 0, 0, 0, 0, NULL, NULL },
                { "http/1.1 200 OK\r\n\r\n", ZC_E_MALFORMED, 0, 0, 0, 0, 0, 0, NULL, NULL },
                { "SSH-2.0-OpenSSH_9.2\r\n", ZC_E_MALFORMED, 0, 0, 0, 0, 0, 0, NULL, NULL },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                size_t n = strlen(rows[i].bytes), used = 0;
                uint8_t *p = exact(rows[i].bytes, n);
                struct zc_http_head h = { 0 };
                struct zc_err err = { 0 };
                bool ok = zc_http_head_parse(p, n, &h, &used, &err);
                const struct zc_rd *v = rows[i].name ? zc_http_find(&h, rows[i].name, 0) : NULL;

                if (ok != (rows[i].code == ZC_OK) || (!ok && err.code != rows[i].code) ||
                    h.status != rows[i].status || h.major != rows[i].major ||
                    h.minor != rows[i].minor || h.count != rows[i].count ||
                    h.malformed != rows[i].malformed || h.folded != rows[i].folded ||
                    (rows[i].name && (!v || !zc_rd_is(*v, rows[i].value))))
                        fail_msg("row %zu: %s (%s)", i, rows[i].bytes, err.text);
                free(p);
        }
}

static void test_heads_truncated(void **state)
{
        static const char good[] = "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nSet-Cookie: a=b\r\n\r\n";

        (void)state;
        for (size_t n = 0; n < sizeof good - 1; n++) {
                uint8_t *p = exact(good, n);
                struct zc_http_head h;
                struct zc_err err = { 0 };
                size_t used;

                assert_false(zc_http_head_parse(p, n, &h, &used, &err));
                assert_int_equal(err.code, ZC_E_LIMIT);
                free(p);
        }
}

/* What stands in whole lines is taken, whatever comes of the rest. */
static void test_heads_cut(void **state)
{
        static const char good[] = "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nSet-Cookie: a=b\r\n\r\n";

        (void)state;
        for (size_t n = 0; n <= sizeof good - 1; n++) {
                uint8_t *p = exact(good, n);
                struct zc_http_head h;
                struct zc_err err = { 0 };
                bool ok = zc_http_head_parse_cut(p, n, &h, &err);

                assert_int_equal(ok, n >= 17);
                if (ok) {
                        assert_int_equal(h.status, 200);
                        assert_int_equal(h.count, (n >= 23) + (n >= 44));
                        assert_true(h.cut && !zc_http_head_whole(&h));
                } else {
                        assert_int_equal(err.code, ZC_E_LIMIT);
                }
                free(p);
        }
}

static void test_heads_many(void **state)
{
        static const size_t counts[] = { ZC_HTTP_FIELDS_MAX - 1, ZC_HTTP_FIELDS_MAX,
                                         ZC_HTTP_FIELDS_MAX + 1, ZC_HTTP_FIELDS_MAX * 4 };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(counts); i++) {
                char *p = malloc(64 + counts[i] * 8);
                struct zc_http_head h;
                struct zc_err err = { 0 };
                size_t n, used;

                assert_non_null(p);
                n = (size_t)sprintf(p, "HTTP/1.1 200 OK\r\n");
                for (size_t k = 0; k < counts[i]; k++)
                        n += (size_t)sprintf(p + n, "A: b\r\n");
                n += (size_t)sprintf(p + n, "\r\n");
                assert_true(zc_http_head_parse((uint8_t *)p, n, &h, &used, &err));
                assert_int_equal(used, n);
                assert_int_equal(h.count + h.dropped, counts[i]);
                assert_int_equal(zc_http_count(&h, "a"), h.count);
                assert_null(zc_http_find(&h, "a", h.count));
                free(p);
        }
}

/* ---- Strict-Transport-Security ---- */

static void test_hsts(void **state)
{
        static const struct {
                const char *value;
                bool valid;
                int64_t age;
                bool subdomains, preload;
        } rows[] = {
                { "max-age=31536000", true, 31536000, false, false },
                { "max-age = 31536000", true, 31536000, false, false },
                { "max-age=\"31536000\"", true, 31536000, false, false },
                { "MAX-AGE=1;IncludeSubdomains;PRELOAD", true, 1, true, true },
                { ";;max-age=0; ;", true, 0, false, false },
                { "max-age=1; unknown; other=token; third=\"a;b\"", true, 1, false, false },
                { "max-age=1; preload=1", true, 1, false, false },
                { "max-age=99999999999999999999999", true, 9007199254740991, false, false },
                { "", false, 0, false, false },
                { "includeSubDomains", false, 0, false, false },
                { "max-age", false, 0, false, false },
                { "max-age=", false, 0, false, false },
                { "max-age=abc", false, 0, false, false },
                { "max-age=31536000a", false, 0, false, false },
                { "max-age=-1", false, 0, false, false },
                { "max-age=+1", false, 0, false, false },
                { "max-age=1.5", false, 0, false, false },
                { "max-age=\"\"", false, 0, false, false },
                { "max-age=\"1", false, 0, false, false },
                { "max-age=1; max-age=1", false, 0, false, false },
                { "max-age=1; includeSubDomains; includesubdomains", false, 0, false, false },
                { "max-age=1; includeSubDomains=1", false, 0, false, false },
                { "max-age=1, includeSubDomains", false, 0, false, false },
                { "max-age=1 includeSubDomains", false, 0, false, false },
                { "max-age=1; a=", false, 0, false, false },
                { "max-age=1; non,token", false, 0, false, false },
                { "31536000; max-age=0", true, 0, false,
                  false }, /* digits are a token too: unknown */
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                size_t n = strlen(rows[i].value);
                uint8_t *p = exact(rows[i].value, n);
                struct zc_hsts h = zc_hsts_parse((struct zc_rd){ p, n });

                if (h.valid != rows[i].valid || h.max_age != rows[i].age ||
                    h.include_subdomains != rows[i].subdomains || h.preload != rows[i].preload ||
                    h.valid == (h.why != NULL))
                        fail_msg("row %zu: %s (%s)", i, rows[i].value, h.why ? h.why : "valid");
                free(p);
        }
}

/* ---- Content-Security-Policy ---- */

static void test_csp(void **state)
{
        static const struct {
                const char *value, *shown; /* policies in [], directives name=value in | */
        } rows[] = {
                { "default-src 'self'", "[default-src='self'|]" },
                { "default-src 'self'; script-src\t'none' https://a ;;",
                  "[default-src='self'|script-src='none' https://a|]" },
                { "default-src 'self', frame-ancestors 'none'",
                  "[default-src='self'|][frame-ancestors='none'|]" },
                { " , ;, sandbox", "[][sandbox=|]" },
                { "img-src \xc3\xa9; base-uri 'none'", "[base-uri='none'|]" },
                { "", "" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                size_t n = strlen(rows[i].value), len = 0;
                uint8_t *p = exact(rows[i].value, n);
                struct zc_rd in = { p, n }, policy, name, value;
                char shown[256] = "";

                while (zc_csp_policy_next(&in, &policy)) {
                        len += (size_t)sprintf(shown + len, "[");
                        while (zc_csp_directive_next(&policy, &name, &value))
                                len += (size_t)sprintf(shown + len, "%.*s=%.*s|", (int)name.n,
                                                       name.p, (int)value.n, value.p);
                        len += (size_t)sprintf(shown + len, "]");
                }
                assert_string_equal(shown, rows[i].shown);
                free(p);
        }
}

/* ---- cookies ---- */

static void test_cookies(void **state)
{
        static const struct {
                const char *value, *name;
                bool ok, secure, http_only;
                enum zc_same_site same_site;
                const char *domain, *path;
                bool aged;
                int64_t max_age;
                bool refused; /* over https */
        } rows[] = {
                { "a=b", "a", true, false, false, ZC_SAME_SITE_ABSENT, "", "", false, 0, false },
                { "a=b; Secure; HttpOnly; SameSite=Strict", "a", true, true, true,
                  ZC_SAME_SITE_STRICT, "", "", false, 0, false },
                { " a = b ;secure ; HTTPONLY=x; samesite = LAX", "a", true, true, true,
                  ZC_SAME_SITE_LAX, "", "", false, 0, false },
                { "a=b; SameSite=None", "a", true, false, false, ZC_SAME_SITE_NONE, "", "", false,
                  0, true },
                { "a=b; SameSite=None; Secure", "a", true, true, false, ZC_SAME_SITE_NONE, "", "",
                  false, 0, false },
                { "a=b; SameSite=", "a", true, false, false, ZC_SAME_SITE_OTHER, "", "", false, 0,
                  false },
                { "a=b; SameSite=Lax; SameSite=wrong", "a", true, false, false, ZC_SAME_SITE_OTHER,
                  "", "", false, 0, false },
                { "a=b; Domain=.example.org; Path=/x", "a", true, false, false, ZC_SAME_SITE_ABSENT,
                  "example.org", "/x", false, 0, false },
                { "a=b; Path=x", "a", true, false, false, ZC_SAME_SITE_ABSENT, "", "", false, 0,
                  false },
                { "a=b; Max-Age=-1", "a", true, false, false, ZC_SAME_SITE_ABSENT, "", "", true, -1,
                  false },
                { "a=b; Max-Age=3600", "a", true, false, false, ZC_SAME_SITE_ABSENT, "", "", true,
                  3600, false },
                { "a=b; Max-Age=99999999999999999999", "a", true, false, false, ZC_SAME_SITE_ABSENT,
                  "", "", true, 34560000, false },
                { "a=b; Max-Age=1x", "a", true, false, false, ZC_SAME_SITE_ABSENT, "", "", false, 0,
                  false },
                { "value only", "", true, false, false, ZC_SAME_SITE_ABSENT, "", "", false, 0,
                  false },
                { "=v", "", true, false, false, ZC_SAME_SITE_ABSENT, "", "", false, 0, false },
                { "a=b=c; secure", "a", true, true, false, ZC_SAME_SITE_ABSENT, "", "", false, 0,
                  false },
                { "__Secure-a=b", "__Secure-a", true, false, false, ZC_SAME_SITE_ABSENT, "", "",
                  false, 0, true },
                { "__secure-a=b; Secure", "__secure-a", true, true, false, ZC_SAME_SITE_ABSENT, "",
                  "", false, 0, false },
                { "__Host-a=b; Secure; Path=/", "__Host-a", true, true, false, ZC_SAME_SITE_ABSENT,
                  "", "/", false, 0, false },
                { "__Host-a=b; Secure", "__Host-a", true, true, false, ZC_SAME_SITE_ABSENT, "", "",
                  false, 0, true },
                { "__Host-a=b; Secure; Path=/; Domain=a.b", "__Host-a", true, true, false,
                  ZC_SAME_SITE_ABSENT, "a.b", "/", false, 0, true },
                { "", "", false, false, false, ZC_SAME_SITE_ABSENT, "", "", false, 0, false },
                { "=; Secure", "", false, false, false, ZC_SAME_SITE_ABSENT, "", "", false, 0,
                  false },
                { "a=\x01", "", false, false, false, ZC_SAME_SITE_ABSENT, "", "", false, 0, false },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                size_t n = strlen(rows[i].value);
                uint8_t *p = exact(rows[i].value, n);
                struct zc_cookie c = { 0 };
                const char *why = NULL;
                bool ok = zc_cookie_parse((struct zc_rd){ p, n }, &c, &why);

                if (ok != rows[i].ok || ok == (why != NULL) || !zc_rd_is(c.name, rows[i].name) ||
                    c.secure != rows[i].secure || c.http_only != rows[i].http_only ||
                    c.same_site != rows[i].same_site || !zc_rd_is(c.domain, rows[i].domain) ||
                    !zc_rd_is(c.path, rows[i].path) || c.has_max_age != rows[i].aged ||
                    c.max_age != rows[i].max_age ||
                    (ok && (zc_cookie_refused(&c, true) != NULL) != rows[i].refused))
                        fail_msg("row %zu: %s", i, rows[i].value);
                free(p);
        }
}

static void test_cookie_sizes(void **state)
{
        (void)state;
        for (size_t n = 4094; n <= 4098; n++) { /* name 1, value n - 2 */
                char *p = malloc(n);
                struct zc_cookie c;
                const char *why;

                assert_non_null(p);
                memset(p, 'x', n);
                p[1] = '=';
                assert_int_equal(zc_cookie_parse((struct zc_rd){ (uint8_t *)p, n }, &c, &why),
                                 n - 1 <= 4096);
                free(p);
        }
}

static void test_dates(void **state)
{
        static const struct {
                const char *text;
                bool ok;
                int64_t at;
        } rows[] = {
                { "Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777 },
                { "Sunday, 06-Nov-94 08:49:37 GMT", true, 784111777 },
                { "Sun Nov  6 08:49:37 1994", true, 784111777 },
                { "Thu, 01 Jan 1970 00:00:00 GMT", true, 0 },
                { "Thu, 01-Jan-1970 00:00:01 GMT", true, 1 },
                { "Fri, 31 Dec 9999 23:59:59 GMT", true, 253402300799 },
                { "29 feb 2024 1:2:3", true, 1709168523 },
                { "Mon, 01 Jan 1600 00:00:00 GMT", false, 0 },
                { "32 Jan 2020 00:00:00", false, 0 },
                { "1 Jan 2020 24:00:00", false, 0 },
                { "1 Jan 2020", false, 0 },
                { "0", false, 0 },
                { "", false, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                size_t n = strlen(rows[i].text);
                uint8_t *p = exact(rows[i].text, n);
                int64_t at = 0;

                if (zc_cookie_date((struct zc_rd){ p, n }, &at) != rows[i].ok || at != rows[i].at)
                        fail_msg("row %zu: %s: %lld", i, rows[i].text, (long long)at);
                free(p);
        }
}

static void test_challenges(void **state)
{
        static const struct {
                const char *value, *schemes;
        } rows[] = {
                { "Basic realm=\"a\"", "Basic," },
                { "Basic", "Basic," },
                { "Basic realm=\"a, Digest b\", Bearer", "Basic,Bearer," },
                { "Negotiate dG9rZW4=, Basic realm = x , charset=\"UTF-8\"", "Negotiate,Basic," },
                { "Digest qop=\"auth,auth-int\", nonce=abc, NTLM", "Digest,NTLM," },
                { "NTLM TlRMTVNTUAAB==", "NTLM," },
                { ", ,Basic", "Basic," },
                { "", "" },
                { "\"quoted\"", "quoted," },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                size_t n = strlen(rows[i].value), len = 0;
                uint8_t *p = exact(rows[i].value, n);
                struct zc_rd in = { p, n }, scheme;
                char seen[128] = "";

                while (zc_challenge_next(&in, &scheme))
                        len += (size_t)sprintf(seen + len, "%.*s,", (int)scheme.n, scheme.p);
                assert_string_equal(seen, rows[i].schemes);
                free(p);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_heads),     cmocka_unit_test(test_heads_truncated),
                cmocka_unit_test(test_heads_cut), cmocka_unit_test(test_heads_many),
                cmocka_unit_test(test_hsts),      cmocka_unit_test(test_csp),
                cmocka_unit_test(test_cookies),   cmocka_unit_test(test_cookie_sizes),
                cmocka_unit_test(test_dates),     cmocka_unit_test(test_challenges),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
