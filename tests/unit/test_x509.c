/** Certificates as evidence: a small PKI made here, every kind of wrong chain, names, truncations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "zc/x509.h"

#define NOW INT64_C(1790000000000) /* 2026-09-21 */
#define DAY INT64_C(86400)

/* ---- a PKI ---- */

struct made {
        X509 *x;
        EVP_PKEY *key;
        uint8_t *der;
        struct zc_rd rd;
};

struct order {
        const char *cn, *san;      /* san: NULL for none */
        const struct made *issuer; /* NULL: itself */
        int64_t from_days, to_days;
        bool ca;
        const char *hash;  /* NULL: SHA-256 */
        unsigned rsa;      /* bits; 0: P-256 */
        const char *usage; /* extendedKeyUsage, NULL for none */
};

static void add_ext(X509 *x, int nid, const char *value)
{
        X509V3_CTX ctx;
        X509_EXTENSION *e;

        X509V3_set_ctx_nodb(&ctx);
        X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
        e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
        assert_non_null(e);
        assert_int_equal(X509_add_ext(x, e, -1), 1);
        X509_EXTENSION_free(e);
}

static struct made make(struct order o)
{
        static long serial = 0x1000;
        struct made m = { .x = X509_new(),
                          .key = o.rsa ? EVP_RSA_gen(o.rsa) : EVP_EC_gen("P-256") };
        const struct made *issuer = o.issuer ? o.issuer : &m;
        X509_NAME *name = X509_get_subject_name(m.x);
        int n;

        assert_non_null(m.key);
        X509_set_version(m.x, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(m.x), serial++);
        ASN1_TIME_set(X509_getm_notBefore(m.x), NOW / 1000 + o.from_days * DAY);
        ASN1_TIME_set(X509_getm_notAfter(m.x), NOW / 1000 + o.to_days * DAY);
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)o.cn, -1, -1,
                                   0);
        X509_set_issuer_name(m.x, X509_get_subject_name(issuer->x));
        X509_set_pubkey(m.x, m.key);
        add_ext(m.x, NID_basic_constraints, o.ca ? "critical,CA:TRUE" : "CA:FALSE");
        if (o.san)
                add_ext(m.x, NID_subject_alt_name, o.san);
        if (o.usage)
                add_ext(m.x, NID_ext_key_usage, o.usage);
        assert_true(X509_sign(m.x, issuer->key, EVP_get_digestbyname(o.hash ? o.hash : "SHA256")) >
                    0);
        n = i2d_X509(m.x, &m.der);
        assert_true(n > 0);
        m.rd = (struct zc_rd){ m.der, (size_t)n };
        return m;
}

static struct made root, inter, leaf, expired, early, alone, stray, sha1, wrong_use;
static char file[] = "/tmp/zc-test-x509-XXXXXX";

static int setup(void **state)
{
        FILE *f;
        int fd;
        struct zc_err err = { 0 };

        (void)state;
        root = make((struct order){
                .cn = "Test Root", .from_days = -1000, .to_days = 1000, .ca = true });
        inter = make((struct order){
                .cn = "Test Sub", .issuer = &root, .from_days = -100, .to_days = 500, .ca = true });
        leaf = make((struct order){ .cn = "www.example.org",
                                    .san = "DNS:www.example.org,DNS:*.apps.example.org,IP:192.0.2."
                                           "7,IP:2001:db8::7,email:a@b.c",
                                    .issuer = &inter,
                                    .from_days = -10,
                                    .to_days = 80 });
        expired = make((struct order){
                .cn = "old", .san = "DNS:old", .issuer = &inter, .from_days = -90, .to_days = -1 });
        early = make((struct order){
                .cn = "new", .san = "DNS:new", .issuer = &inter, .from_days = 1, .to_days = 90 });
        alone = make((struct order){ .cn = "alone", .from_days = -1, .to_days = 90, .rsa = 1024 });
        stray = make((struct order){
                .cn = "Stray Root", .from_days = -100, .to_days = 900, .ca = true });
        sha1 = make((struct order){ .cn = "sha1",
                                    .issuer = &inter,
                                    .from_days = -1,
                                    .to_days = 90,
                                    .hash = "SHA1",
                                    .rsa = 2048 });
        wrong_use = make((struct order){ .cn = "mail",
                                         .issuer = &inter,
                                         .from_days = -1,
                                         .to_days = 90,
                                         .usage = "emailProtection" });
        fd = mkstemp(file);
        f = fd < 0 ? NULL : fdopen(fd, "w");
        assert_non_null(f);
        assert_int_equal(PEM_write_X509(f, root.x), 1);
        assert_int_equal(fclose(f), 0);
        setenv("SSL_CERT_FILE", file, 1);
        assert_true(zc_x509_init(&err));
        assert_true(zc_x509_init(&err)); /* once */
        return 0;
}

static int teardown(void **state)
{
        struct made *all[] = { &root,  &inter, &leaf, &expired,  &early,
                               &alone, &stray, &sha1, &wrong_use };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(all); i++) {
                X509_free(all[i]->x);
                EVP_PKEY_free(all[i]->key);
                OPENSSL_free(all[i]->der);
        }
        zc_x509_release();
        unlink(file);
        return 0;
}

/* ---- tests ---- */

static void expect(const json_t *o, const char *members)
{
        json_error_t e;
        json_auto_t *want = json_loads(members, 0, &e);
        const char *key;
        json_t *v;

        assert_non_null(want);
        json_object_foreach (want, key, v) {
                if (!json_equal(json_object_get(o, key), v)) {
                        ZC_AUTO_MEM char *got = zc_json_line(o);

                        fail_msg("%s: not in %s", key, got);
                }
        }
}

static void test_certificate(void **state)
{
        json_auto_t *o = zc_x509_certificate(leaf.rd, NOW);
        json_auto_t *a = zc_x509_certificate(alone.rd, NOW);
        json_auto_t *r = zc_x509_certificate(root.rd, NOW);
        json_auto_t *s = zc_x509_certificate(sha1.rd, NOW);

        (void)state;
        expect(o, "{\"subject\": \"CN=www.example.org\", \"issuer\": \"CN=Test Sub\", \"serial\": "
                  "\"1002\", \"names_total\": 4,"
                  "\"names\": [\"www.example.org\", \"*.apps.example.org\", \"192.0.2.7\", "
                  "\"2001:db8::7\"],"
                  "\"not_before\": \"2026-09-11T14:13:20Z\", \"not_after\": "
                  "\"2026-12-10T14:13:20Z\", \"days_left\": 80,"
                  "\"key\": {\"type\": \"EC\", \"bits\": 256, \"curve\": \"P-256\"}, "
                  "\"signature\": \"ecdsa-with-SHA256\","
                  "\"signature_hash\": \"SHA256\", \"self_signed\": false, \"ca\": false}");
        assert_int_equal(strlen(zc_json_str(o, "fingerprint_sha256", "")), 64);
        expect(a, "{\"self_signed\": true, \"names\": [], \"key\": {\"type\": \"RSA\", \"bits\": "
                  "1024, \"curve\": null}}");
        expect(r, "{\"self_signed\": true, \"ca\": true}");
        expect(s, "{\"signature\": \"ecdsa-with-SHA1\", \"signature_hash\": \"SHA1\", \"key\": "
                  "{\"type\": \"RSA\", \"bits\": 2048, \"curve\": null}}");
}

/* Whole days, rounded down: below 0 exactly when it has expired. */
static void test_days(void **state)
{
        static const struct {
                int64_t at; /* seconds from the certificate's end */
                int days;
        } rows[] = { { -86400, 1 }, { -86399, 0 }, { -1, 0 },    { 0, 0 },
                     { 1, -1 },     { 86400, -1 }, { 86401, -2 } };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *o = zc_x509_certificate(leaf.rd, NOW + (80 * DAY + rows[i].at) * 1000);

                assert_int_equal(json_integer_value(json_object_get(o, "days_left")), rows[i].days);
        }
}

static void test_broken(void **state)
{
        (void)state;
        for (size_t n = 0; n < leaf.rd.n; n++) {
                uint8_t *exact = memcpy(malloc(n + 1), leaf.der, n);
                json_auto_t *o = zc_x509_certificate((struct zc_rd){ exact, n }, NOW);
                json_auto_t *m = zc_x509_name_match((struct zc_rd){ exact, n }, "x");

                expect(o, "{\"malformed\": \"the bytes are no certificate\"}");
                assert_null(json_object_get(m, "matched"));
                free(exact);
        }
        for (size_t i = 0; i < leaf.rd.n; i++) {
                uint8_t *changed = memcpy(malloc(leaf.rd.n + 1), leaf.der, leaf.rd.n);
                json_t *o;

                changed[i] ^= 0xff;
                o = zc_x509_certificate((struct zc_rd){ changed, leaf.rd.n }, NOW);
                assert_non_null(o);
                json_decref(o);
                changed[i] ^= 0xff;
                changed[leaf.rd.n] = 0; /* a byte after it */
                if (i == 0) {
                        o = zc_x509_certificate((struct zc_rd){ changed, leaf.rd.n + 1 }, NOW);
                        assert_non_null(json_object_get(o, "malformed"));
                        json_decref(o);
                }
                free(changed);
        }
}

static void test_names(void **state)
{
        static const struct {
                const char *name;
                bool matched;
        } rows[] = {
                { "www.example.org", true },
                { "WWW.Example.ORG", true },
                { "www.example.org.", true },
                { "a.apps.example.org", true },
                { "192.0.2.7", true },
                { "2001:db8::7", true },
                { "apps.example.org", false }, /* a wildcard is one whole label */
                { "a.b.apps.example.org", false },
                { "example.org", false },
                { "xwww.example.org", false },
                { "192.0.2.8", false },
                { "a@b.c", false },
                { "", false },
        };
        json_auto_t *cn = zc_x509_name_match(alone.rd, "alone");

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *o = zc_x509_name_match(leaf.rd, rows[i].name);

                if (json_is_true(json_object_get(o, "matched")) != rows[i].matched)
                        fail_msg("%s", rows[i].name);
        }
        expect(cn, "{\"matched\": false, \"why\": \"it has no subjectAltName; its common name is "
                   "not looked at (RFC 9525)\"}");
}

static void test_paths(void **state)
{
        struct made *good[] = { &leaf, &inter }, *anchored[] = { &leaf, &inter, &root },
                    *mixed[] = { &leaf, &stray, &inter }, *lone[] = { &leaf },
                    *old[] = { &expired, &inter }, *young[] = { &early, &inter },
                    *self[] = { &alone }, *other[] = { &stray }, *weak[] = { &sha1, &inter },
                    *use[] = { &wrong_use, &inter };
        const struct {
                struct made **served;
                size_t n;
                const char *members;
        } rows[] = {
                { good, 2,
                  "{\"trusted\": true, \"reason\": \"trusted\", \"anchor\": \"CN=Test Root\", "
                  "\"complete\": true, \"at\": null}" },
                { anchored, 3, "{\"trusted\": true, \"complete\": true}" },
                { mixed, 3, "{\"trusted\": true, \"complete\": true}" },
                { lone, 1,
                  "{\"trusted\": false, \"reason\": \"unknown_issuer\", \"at\": "
                  "\"CN=www.example.org\"}" },
                { old, 2, "{\"trusted\": false, \"reason\": \"expired\", \"at\": \"CN=old\"}" },
                { young, 2,
                  "{\"trusted\": false, \"reason\": \"not_yet_valid\", \"at\": \"CN=new\"}" },
                { self, 1, "{\"trusted\": false, \"reason\": \"self_signed\"}" },
                { other, 1, "{\"trusted\": false, \"reason\": \"self_signed\"}" },
                { weak, 2, "{\"trusted\": true, \"reason\": \"trusted\"}" },
                { use, 2, "{\"trusted\": false, \"reason\": \"wrong_purpose\"}" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_rd served[4];
                json_t *o;

                for (size_t k = 0; k < rows[i].n; k++)
                        served[k] = rows[i].served[k]->rd;
                o = zc_x509_path(served, rows[i].n, NOW);
                expect(o, rows[i].members);
                json_decref(o);
        }
}

/* What is wrong besides the date is said first: renewing would not mend it. */
static void test_path_dates_last(void **state)
{
        struct zc_rd served[] = { expired.rd };
        json_auto_t *o = zc_x509_path(served, 1, NOW);
        struct zc_rd whole[] = { leaf.rd, inter.rd };
        json_auto_t *late = zc_x509_path(
                whole, 2, NOW + 600 * DAY * 1000); /* leaf and intermediate both over */
        struct zc_rd junk[] = { { (const uint8_t *)"x", 1 } };
        json_auto_t *bad = zc_x509_path(junk, 1, NOW);
        json_auto_t *none = zc_x509_path(NULL, 0, NOW);

        (void)state;
        expect(o, "{\"trusted\": false, \"reason\": \"unknown_issuer\"}");
        expect(late, "{\"trusted\": false, \"reason\": \"expired\"}");
        expect(bad, "{\"reason\": \"unknown\"}");
        assert_null(json_object_get(bad, "trusted"));
        expect(none, "{\"reason\": \"unknown\"}");
}

static void test_order(void **state)
{
        struct zc_rd good[] = { leaf.rd, inter.rd, root.rd },
                     bad[] = { leaf.rd, root.rd, inter.rd };

        (void)state;
        assert_true(zc_x509_ordered(good, 3));
        assert_true(zc_x509_ordered(good, 1));
        assert_false(zc_x509_ordered(bad, 3));
        bad[1] = (struct zc_rd){ (const uint8_t *)"x", 1 };
        assert_false(zc_x509_ordered(bad, 2));
}

/* More names than are listed: the count tells. */
static void test_many_names(void **state)
{
        static char san[8192];
        struct made m;
        size_t n = 0;

        (void)state;
        for (unsigned i = 0; i < 150; i++)
                n += (size_t)snprintf(san + n, sizeof san - n, "%sDNS:n%u.example", i ? "," : "",
                                      i);
        m = make((struct order){ .cn = "many", .san = san, .to_days = 1 });
        {
                json_auto_t *o = zc_x509_certificate(m.rd, NOW);

                expect(o, "{\"names_total\": 150}");
                assert_int_equal(json_array_size(json_object_get(o, "names")), ZC_X509_NAMES_MAX);
        }
        X509_free(m.x);
        EVP_PKEY_free(m.key);
        OPENSSL_free(m.der);
}

static void test_hostile_text(void **state)
{
        struct made m = make((struct order){ .cn = "a\x1b[31m\nb", .to_days = 1 });
        json_auto_t *o = zc_x509_certificate(m.rd, NOW);
        const char *subject = zc_json_str(o, "subject", "");

        (void)state;
        assert_null(strchr(subject, '\x1b'));
        assert_null(strchr(subject, '\n'));
        X509_free(m.x);
        EVP_PKEY_free(m.key);
        OPENSSL_free(m.der);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_certificate),  cmocka_unit_test(test_days),
                cmocka_unit_test(test_broken),       cmocka_unit_test(test_names),
                cmocka_unit_test(test_paths),        cmocka_unit_test(test_path_dates_last),
                cmocka_unit_test(test_order),        cmocka_unit_test(test_many_names),
                cmocka_unit_test(test_hostile_text),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
