/** Packs: what is no signature, no key, no manifest, no trust; and folders that are not what their manifest says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <ftw.h>
#include <openssl/evp.h>

#include "zc/pack.h"

#define NOW 1795341600000 /* 2026-11-22T10:00:00Z */

/* RFC 8032, 7.1, test 2. */
static const char key_hex[] = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
static const char secret_hex[] = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
static const char signature_hex[] =
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
static const char key_base64[] = "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";
static const char key_der[] = "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";

static void unhex(const char *hex, uint8_t *out)
{
        for (size_t i = 0; hex[2 * i]; i++) {
                char two[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

                out[i] = (uint8_t)strtoul(two, NULL, 16);
        }
}

/* ---- signatures ---- */

static void verifies(void **state)
{
        /* Added to S it gives the same number modulo the group's order. */
        static const char order[] =
                "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
        uint8_t key[32], sig[64], l[32], bad[64];
        unsigned carry = 0;

        (void)state;
        unhex(key_hex, key);
        unhex(signature_hex, sig);
        unhex(order, l);
        assert_true(zc_signature_verify(key, sig, "\x72", 1));
        assert_false(zc_signature_verify(key, sig, "\x73", 1));
        assert_false(zc_signature_verify(key, sig, "", 0));
        for (size_t bit = 0; bit < 512; bit++) {
                memcpy(bad, sig, sizeof(bad));
                bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
                assert_false(zc_signature_verify(key, bad, "\x72", 1));
        }
        memcpy(bad, sig, sizeof(bad));
        for (size_t i = 0; i < 32; i++) {
                carry += (unsigned)bad[32 + i] + l[i];
                bad[32 + i] = (uint8_t)carry;
                carry >>= 8;
        }
        assert_false(zc_signature_verify(key, bad, "\x72", 1));
        memset(key, 0, sizeof(key)); /* of order 4: with R and S of its kind it would sign much */
        memset(bad, 0, sizeof(bad));
        assert_false(zc_signature_verify(key, bad, "\x72", 1));
}

static void signatures_are_read_one_way(void **state)
{
        uint8_t sig[64], out[64];
        char text[200];
        static const struct {
                const char *name, *put; /* instead of the last characters; NULL: as is */
                size_t cut, len;
                bool good;
        } rows[] = {
                { "as is", "", 0, 88, true },
                { "a line feed", "\n", 0, 89, false },
                { "CR and LF", "\r\n", 0, 90, false },
                { "a CR in it", "\r", 1, 88, false },
                { "no padding", "", 2, 86, false },
                { "a space for =", " ", 1, 88, false },
                { "spare bits set", "B==", 3, 88, false },
                { "a NUL behind", "", 0, 89, false },
                { "url safe", "-A==", 4, 88, false },
        };

        (void)state;
        unhex(signature_hex, sig);
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_err err = { 0 };

                memset(text, 0, sizeof(text));
                EVP_EncodeBlock((unsigned char *)text, sig, 64);
                snprintf(text + 88 - rows[i].cut, sizeof(text) - 88, "%s", rows[i].put);
                if (zc_signature_read(text, rows[i].len, out, &err) != rows[i].good)
                        fail_msg("%s", rows[i].name);
        }
        for (size_t n = 0; n < 200;
             n++) { /* two of them, half of one, and one with something behind */
                struct zc_err err = { 0 };

                memset(text, 'A', sizeof(text));
                if (n != 64 && n != 88)
                        assert_false(zc_signature_read(text, n, out, &err));
        }
}

static void keys_are_read(void **state)
{
        static const struct {
                const char *text;
                bool good;
        } rows[] = {
                { key_base64, true },
                { key_der, true },
                { "-----BEGIN PUBLIC "
                  "KEY-----\nMCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n-----"
                  "END PUBLIC KEY-----",
                  true },
                { "-----BEGIN PUBLIC "
                  "KEY-----\nMCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n-----"
                  "END PUBLIC KEY-----\n",
                  true },
                { "-----BEGIN PUBLIC "
                  "KEY-----\nMCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n-----"
                  "END PUBLIC KEY-----\nx",
                  false },
                { "-----BEGIN PUBLIC "
                  "KEY-----\r\nMCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\r\n----"
                  "-END PUBLIC KEY-----",
                  false },
                { "-----BEGIN PUBLIC "
                  "KEY-----\nMCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",
                  false },
                { "MCowBQYDK2VuAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",
                  false }, /* X25519 */
                { "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", false },
                { "", false },
        };
        /* Points of order 1, 2, 4 and 8, with either sign of x, and y not reduced. */
        static const char *const weak[] = {
                "0100000000000000000000000000000000000000000000000000000000000000",
                "0100000000000000000000000000000000000000000000000000000000000080",
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0000000000000000000000000000000000000000000000000000000000000080",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
                "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_err err = { 0 };
                uint8_t key[32];

                if (zc_signing_key_read(rows[i].text, key, &err) != rows[i].good)
                        fail_msg("row %zu: %s", i, err.text);
        }
        for (size_t i = 0; i < ZC_COUNT(weak); i++) {
                struct zc_err err = { 0 };
                uint8_t key[32];
                char text[48];

                unhex(weak[i], key);
                EVP_EncodeBlock((unsigned char *)text, key, 32);
                assert_false(zc_signing_key_read(text, key, &err));
                assert_non_null(strstr(err.text, "anyone could sign"));
        }
}

/* ---- manifests ---- */

#define DIGEST "sha256:87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"
static const char manifest[] = "schema: zerocrit.pack/1\n"
                               "name: acme-web\n"
                               "version: 1.4.0\n"
                               "min_zerocrit: 0.1.0\n"
                               "created: 2026-11-22T10:00:00Z\n"
                               "files:\n"
                               "  web/b.yaml: " DIGEST "\n"
                               "  a.yaml: " DIGEST "\n";

/** `text` with the first `find` replaced; free(). */
static char *variant(const char *text, const char *find, const char *with)
{
        const char *at = strstr(text, find);
        struct zc_text t;

        assert_non_null(at);
        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_addn(&t, text, (size_t)(at - text));
        zc_text_add(&t, with);
        zc_text_add(&t, at + strlen(find));
        return zc_text_steal(&t);
}

static void manifests(void **state)
{
        static const struct {
                const char *find, *with, *starts, *says;
        } rows[] = {
                { "pack/1", "pack/2", "m:1:1: ", "zerocrit.pack/1" },
                { "name: acme-web\n", "", "m:1:1: ", "needs \"name\"" },
                { "name: acme-web", "name: Acme", "m:2:1: ", "no name of a pack" },
                { "name: acme-web", "name: ../acme", "m:2:1: ", "no name of a pack" },
                { "name: acme-web", "nam: acme-web", "m:2:1: ", "did you mean name" },
                { "1.4.0", "1.4", "m:3:1: ", "should be text" },
                { "1.4.0", "'1.4'", "m:3:1: ", "three numbers" },
                { "1.4.0", "1.04.0", "m:3:1: ", "three numbers" },
                { "1.4.0", "1.4.0-rc1", "m:3:1: ", "three numbers" },
                { "1.4.0", "1.4.9999999999", "m:3:1: ", "three numbers" },
                { "0.1.0", "x", "m:4:1: ", "three numbers" },
                { "2026-11-22T10:00:00Z", "yesterday", "m:5:1: ", "a time" },
                { "web/b.yaml", "../b.yaml", "m:7:3: ", "below the folder" },
                { "web/b.yaml", "/etc/b.yaml", "m:7:3: ", "below the folder" },
                { "web/b.yaml", "web/../../b.yaml", "m:7:3: ", "below the folder" },
                { "web/b.yaml", "web//b.yaml", "m:7:3: ", "below the folder" },
                { "web/b.yaml", "./b.yaml", "m:7:3: ", "below the folder" },
                { "web/b.yaml", "web/.b.yaml", "m:7:3: ", "below the folder" },
                { "web/b.yaml", "pack.sig", "m:7:3: ", "below the folder" },
                { "web/b.yaml", "\"web\\\\b.yaml\"", "m:7:3: ", "below the folder" },
                { "web/b.yaml", "a/a/a/a/a/a/a/a/b.yaml", "m:7:3: ", "below the folder" },
                { "web/b.yaml", "a.yaml", "m:8:3: ", "twice" },
                { DIGEST, "sha256:00", "m:7:3: ", "64 small hex digits" },
                { DIGEST, "md5:87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7",
                  "m:7:3: ", "64 small" },
                { "name: acme-web\n", "name: acme-web\r\n", "m:2:15: ", "line feed alone" },
                { "acme-web", "acme-\xc3\xa4", "m:2:12: ", "printable ASCII" },
                { "acme-web", "acme\tweb", "m:2:11: ", "printable ASCII" },
                { "name: acme-web", "name: &a acme-web", "m:2:", "anchor" },
                { "name: acme-web", "name: !!str acme-web", "m:2:", "tag" },
                { "  a.yaml: " DIGEST "\n", "  a.yaml: " DIGEST "\n---\nname: b\n",
                  "m:9:", "second document" },
        };
        struct zc_manifest m;
        struct zc_err err = { 0 };
        size_t wrong = 0;

        (void)state;
        if (!zc_manifest_parse("m", manifest, sizeof(manifest) - 1, &m, &err))
                fail_msg("%s", err.text);
        assert_string_equal(m.name, "acme-web");
        assert_int_equal(m.file_count, 2);
        assert_string_equal(m.files[0].path, "a.yaml");
        assert_int_equal(m.number.part[1], 4);
        zc_manifest_release(&m);
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO_MEM char *text = variant(manifest, rows[i].find, rows[i].with);
                bool ok = zc_manifest_parse("m", text, strlen(text), &m, &err);

                if (ok)
                        zc_manifest_release(&m);
                if (!ok && strncmp(err.text, rows[i].starts, strlen(rows[i].starts)) == 0 &&
                    strstr(err.text, rows[i].says))
                        continue;
                wrong++;
                print_message("# row %zu (%s): %s\n", i, rows[i].with, ok ? "accepted" : err.text);
        }
        assert_int_equal(wrong, 0);
        /* Without all of its first file it is none; the second may be missing. */
        for (size_t n = 0; n < sizeof(manifest) - 1 - strlen("\n  a.yaml: " DIGEST "\n"); n++)
                assert_false(zc_manifest_parse("m", manifest, n, &m, &err));
}

static void versions(void **state)
{
        static const char *const rising[] = { "0.0.0", "0.0.9",  "0.0.10",       "0.9.0",
                                              "1.0.0", "10.0.0", "999999999.0.0" };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rising); i++) {
                for (size_t k = 0; k < ZC_COUNT(rising); k++) {
                        struct zc_version a = { 0 }, b = { 0 };

                        assert_true(zc_version_parse(rising[i], &a) &&
                                    zc_version_parse(rising[k], &b));
                        assert_int_equal(zc_version_compare(a, b), i < k ? -1 : i > k);
                }
        }
}

/* ---- trust ---- */

static const char trust_text[] =
        "schema: zerocrit.trust/1\n"
        "keys:\n"
        "  - id: acme-2026\n"
        "    key: MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"
        "    packs: [acme-*]\n"
        "    from: 2026-01-01T00:00:00Z\n"
        "    until: 2027-01-01T00:00:00Z\n"
        "    revoked: false\n"
        "minimum: {acme-web: 1.4.0}\n";

static void trust_files(void **state)
{
        static const struct {
                const char *find, *with, *starts, *says;
        } rows[] = {
                { "trust/1", "trust/2", "t:1:1: ", "zerocrit.trust/1" },
                { "acme-2026", "Acme", "t:3:5: ", "small letters" },
                { "MCow", "MCox", "t:4:5: ", "no Ed25519 public key" },
                { "[acme-*]", "[]", "t:5:5: ", "may sign" },
                { "packs: [acme-*]", "pakcs: [acme-*]", "t:5:5: ", "did you mean packs" },
                { "2027-01-01", "2025-01-01", "t:7:5: ", "ends before" },
                { "revoked: false", "revoked: no", "t:8:5: ", "true or false" },
                { "{acme-web: 1.4.0}", "{acme-web: 1.4}", "t:9:11: ", "three numbers" },
                { "minimum:", "  - {id: acme-2026, key: x, packs: [a]}\nminimum:", "t:9:6: ",
                  "stands above" },
        };
        ZC_AUTO(zc_trust) t = NULL;
        struct zc_err err = { 0 };
        uint8_t sig[64];
        size_t wrong = 0;

        (void)state;
        if (!zc_trust_parse("t", trust_text, sizeof(trust_text) - 1, &t, &err))
                fail_msg("%s", err.text);
        unhex(signature_hex, sig);
        assert_string_equal(zc_trust_signer(t, sig, "\x72", 1, &err), "acme-2026");
        assert_null(zc_trust_signer(t, sig, "\x71", 1, &err));
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO_MEM char *text = variant(trust_text, rows[i].find, rows[i].with);
                ZC_AUTO(zc_trust) none = NULL;

                if (!zc_trust_parse("t", text, strlen(text), &none, &err) &&
                    strncmp(err.text, rows[i].starts, strlen(rows[i].starts)) == 0 &&
                    strstr(err.text, rows[i].says))
                        continue;
                wrong++;
                print_message("# row %zu (%s): %s\n", i, rows[i].with,
                              none ? "accepted" : err.text);
        }
        assert_int_equal(wrong, 0);
}

static void who_may_sign_what(void **state)
{
        static const struct {
                const char *find, *with; /* in the trust file */
                const char *pack_find, *pack_with;
                int64_t now;
                const char *says; /* NULL: allowed */
        } rows[] = {
                { "x", NULL, "x", NULL, NOW, NULL },
                { "revoked: false", "revoked: true", "x", NULL, NOW, "is revoked" },
                { "x", NULL, "x", NULL, NOW + (int64_t)366 * 86400000,
                  "ended 2027-01-01T00:00:00Z" },
                { "x", NULL, "x", NULL, NOW - (int64_t)366 * 86400000, "not yet" },
                { "[acme-*]", "[other, acme-db]", "x", NULL, NOW,
                  "may not sign a pack called acme-web" },
                { "x", NULL, "1.4.0", "1.3.9", NOW, "older than 1.4.0, the trust file's minimum" },
                { "x", NULL, "1.4.0", "1.10.0", NOW, NULL },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO_MEM char *text = rows[i].with
                                                 ? variant(trust_text, rows[i].find, rows[i].with)
                                                 : strdup(trust_text);
                ZC_AUTO_MEM char *pack =
                        rows[i].pack_with ? variant(manifest, rows[i].pack_find, rows[i].pack_with)
                                          : strdup(manifest);
                ZC_AUTO(zc_trust) t = NULL;
                struct zc_manifest m;
                struct zc_err err = { 0 };
                bool ok;

                assert_true(zc_trust_parse("t", text, strlen(text), &t, &err));
                assert_true(zc_manifest_parse("m", pack, strlen(pack), &m, &err));
                ok = zc_trust_allows(t, "acme-2026", &m, rows[i].now, &err);
                zc_manifest_release(&m);
                if (ok != !rows[i].says || (!ok && !strstr(err.text, rows[i].says)))
                        fail_msg("row %zu: %s", i, ok ? "allowed" : err.text);
        }
}

/* ---- folders ---- */

static const char rule[] = "rules:\n"
                           "  - id: ZC-ACME-001\n"
                           "    title: t\n"
                           "    severity: high\n"
                           "    applies_to: firewall\n"
                           "    needs: [self.rules]\n"
                           "    when: self.rules == 0\n"
                           "    confidence: derived\n"
                           "    message: m\n"
                           "    rationale: r\n"
                           "    remediation: {text: x, reproduce: [y]}\n"
                           "    since: \"1\"\n"
                           "    tests: [{name: f, self: {rules: 0}, expect: fail}, {name: p, self: "
                           "{rules: 1}, expect: pass}, {name: u, self: {}, expect: unknown}]\n";

static char dir[64];

static void put(const char *path, const void *bytes, size_t n)
{
        char full[256];
        FILE *f;

        snprintf(full, sizeof(full), "%s/%s", dir, path);
        f = fopen(full, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, n, f), n);
        fclose(f);
}

static void sign(const char *path)
{
        uint8_t secret[32], sig[64];
        char full[256], text[4096];
        size_t n, len = sizeof(sig);
        EVP_PKEY *key;
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        FILE *f;

        snprintf(full, sizeof(full), "%s/%s", dir, path);
        f = fopen(full, "r");
        assert_non_null(f);
        n = fread(text, 1, sizeof(text), f);
        fclose(f);
        unhex(secret_hex, secret);
        key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, 32);
        assert_int_equal(EVP_DigestSignInit(md, NULL, NULL, NULL, key), 1);
        assert_int_equal(EVP_DigestSign(md, sig, &len, (const unsigned char *)text, n), 1);
        EVP_MD_CTX_free(md);
        EVP_PKEY_free(key);
        put("pack/pack.sig", sig, 64);
}

/** A good pack, signed, in dir/pack; its source in dir/source. */
static void pack_build(const char *version)
{
        const struct zc_pack_export e = { .folder = NULL,
                                          .name = "acme-web",
                                          .version = version,
                                          .created = "2026-11-22T10:00:00Z" };
        struct zc_pack_export own = e;
        struct zc_err err = { 0 };
        char source[128], path[128];
        size_t files = 0;

        snprintf(dir, sizeof(dir), "/tmp/zc-pack-XXXXXX");
        assert_non_null(mkdtemp(dir));
        snprintf(source, sizeof(source), "%s/source", dir);
        snprintf(path, sizeof(path), "%s/pack", dir);
        assert_int_equal(mkdir(source, 0700), 0);
        put("source/a.yaml", rule, sizeof(rule) - 1);
        put("source/README.md", "words\n", 6);
        snprintf(source + strlen(source), sizeof(source) - strlen(source), "/web");
        assert_int_equal(mkdir(source, 0700), 0);
        put("source/web/notes.txt", "words\n", 6);
        source[strlen(source) - 4] = '\0';
        own.folder = source;
        if (!zc_pack_export_folder(&own, path, &files, &err))
                fail_msg("%s", err.text);
        assert_int_equal(files, 3);
        sign("pack/pack.yaml");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
        (void)st;
        (void)type;
        (void)at;
        return remove(path);
}

static void pack_remove(void)
{
        assert_int_equal(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static bool pack_take(const struct zc_trust *t, bool allow_unsigned, struct zc_pack **out,
                      struct zc_err *err)
{
        const struct zc_pack_policy policy = {
                .trust = t, .trust_path = "t", .allow_unsigned = allow_unsigned, .now_ms = NOW
        };
        char path[128];

        *out = zc_pack_new();
        snprintf(path, sizeof(path), "%s/pack", dir);
        assert_non_null(*out);
        return zc_pack_open(*out, path, &policy, err);
}

static void link_in(void)
{
        char path[128];

        snprintf(path, sizeof(path), "%s/pack/web/passwd.yaml", dir);
        assert_int_equal(symlink("/etc/passwd", path), 0);
}

static void link_for_file(void)
{
        char path[128];

        snprintf(path, sizeof(path), "%s/pack/a.yaml", dir);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink("../source/a.yaml", path), 0);
}

static void fifo_in(void)
{
        char path[128];

        snprintf(path, sizeof(path), "%s/pack/pipe.yaml", dir);
        assert_int_equal(mkfifo(path, 0600), 0);
}

static void fifo_for_signature(void)
{
        char path[128];

        snprintf(path, sizeof(path), "%s/pack/pack.sig", dir);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
}

static void unlisted(void)
{
        put("pack/b.yaml", rule, sizeof(rule) - 1);
}

static void hidden(void)
{
        put("pack/.b.yaml", rule, sizeof(rule) - 1);
}

static void changed(void)
{
        put("pack/a.yaml", rule, sizeof(rule) - 2);
}

static void missing(void)
{
        char path[128];

        snprintf(path, sizeof(path), "%s/pack/README.md", dir);
        assert_int_equal(unlink(path), 0);
}

static void manifest_changed(void)
{
        put("pack/pack.yaml", manifest, sizeof(manifest) - 1);
}

static void no_signature(void)
{
        char path[128];

        snprintf(path, sizeof(path), "%s/pack/pack.sig", dir);
        assert_int_equal(unlink(path), 0);
}

static void signature_twice(void)
{
        uint8_t two[128] = { 0 };

        put("pack/pack.sig", two, sizeof(two));
}

static void nothing(void)
{
}

static void folders(void **state)
{
        static const struct {
                void (*spoil)(void);
                bool trust, allow;
                const char *says; /* NULL: taken */
                enum zc_pack_origin origin;
        } rows[] = {
                { nothing, true, false, NULL, ZC_PACK_SIGNED },
                { nothing, true, true, NULL, ZC_PACK_SIGNED },
                { nothing, false, false, "no trust file t", 0 },
                { nothing, false, true, NULL, ZC_PACK_UNSIGNED },
                { no_signature, true, false, "there is no pack.sig", 0 },
                { no_signature, true, true, NULL, ZC_PACK_UNSIGNED },
                { link_in, true, true, "is a symbolic link", 0 },
                { link_for_file, true, true, "is a symbolic link", 0 },
                { fifo_in, true, true, "is a FIFO", 0 },
                { fifo_for_signature, true, true, "is a FIFO", 0 },
                { unlisted, true, true, "b.yaml is not in the manifest", 0 },
                { hidden, true, true, ".b.yaml is not in the manifest", 0 },
                { changed, true, true, "a.yaml is not the file that the manifest names", 0 },
                { missing, true, true, "names README.md, and", 0 },
                { manifest_changed, true, true, "not that of any key", 0 },
                { signature_twice, true, true, "128 bytes are no signature", 0 },
                { signature_twice, false, true, "128 bytes are no signature", 0 },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO(zc_pack) p = NULL;
                ZC_AUTO(zc_trust) t = NULL;
                struct zc_err err = { 0 };
                bool ok;

                pack_build("1.4.0");
                rows[i].spoil();
                assert_true(zc_trust_parse("t", trust_text, sizeof(trust_text) - 1, &t, &err));
                ok = pack_take(rows[i].trust ? t : NULL, rows[i].allow, &p, &err);
                pack_remove();
                if (ok != !rows[i].says || (!ok && !strstr(err.text, rows[i].says)))
                        fail_msg("row %zu: %s", i, ok ? "taken" : err.text);
                assert_int_equal(zc_pack_count(p), ok);
                assert_int_equal(zc_pack_part_count(p), ok);
                if (!ok)
                        continue;
                assert_int_equal(zc_pack_part(p, 0)->origin, rows[i].origin);
                assert_string_equal(zc_pack_part(p, 0)->name, "acme-web");
                assert_string_equal(zc_pack_part(p, 0)->version, "1.4.0");
                assert_string_equal(zc_pack_part(p, 0)->key,
                                    rows[i].origin == ZC_PACK_SIGNED ? "acme-2026" : "");
        }
}

/** What was taken once is not taken older. */
static void rollback(void **state)
{
        static const struct {
                const char *version;
                bool taken;
        } rows[] = { { "1.5.0", true },
                     { "1.4.9", false },
                     { "1.5.0", true },
                     { "2.0.0", true },
                     { "1.5.0", false } };
        char trust[] = "/tmp/zc-trust-XXXXXX";
        char accepted[64];
        FILE *f;

        (void)state;
        assert_non_null(mkdtemp(trust));
        snprintf(accepted, sizeof(accepted), "%s/t.yaml", trust);
        f = fopen(accepted, "w");
        assert_non_null(f);
        fputs(trust_text, f);
        fclose(f);
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO(zc_pack) p = NULL;
                ZC_AUTO(zc_trust) t = NULL;
                struct zc_err err = { 0 };
                bool ok;

                if (!zc_trust_load(accepted, &t, &err))
                        fail_msg("%s", err.text);
                pack_build(rows[i].version);
                ok = pack_take(t, false, &p, &err);
                pack_remove();
                if (ok != rows[i].taken || (!ok && !strstr(err.text, "as a rollback")))
                        fail_msg("row %zu: %s", i, ok ? "taken" : err.text);
                if (ok)
                        zc_trust_accept(t, p);
        }
        assert_int_equal(unlink(accepted), 0);
        snprintf(accepted, sizeof(accepted), "%s/t.yaml.accepted", trust);
        assert_int_equal(unlink(accepted), 0);
        assert_int_equal(rmdir(trust), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(verifies),          cmocka_unit_test(signatures_are_read_one_way),
                cmocka_unit_test(keys_are_read),     cmocka_unit_test(manifests),
                cmocka_unit_test(versions),          cmocka_unit_test(trust_files),
                cmocka_unit_test(who_may_sign_what), cmocka_unit_test(folders),
                cmocka_unit_test(rollback),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
