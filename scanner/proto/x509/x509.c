/** One certificate as evidence, and the names it is for. See include/zc/x509.h. */
#include <limits.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "x509_internal.h"
#include "zc/addr.h"
#include "zc/clock.h"

#define DAY_MS INT64_C(86400000)
#define SERIAL_MAX 64 /* bytes; RFC 5280 section 4.1.2.2 allows 20 */

X509 *zc_x509_decode(struct zc_rd der)
{
        const uint8_t *p = der.p;
        X509 *x = der.n > 0 && der.n <= ZC_X509_DER_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;

        ERR_clear_error();
        if (x && p != der.p + der.n) {
                X509_free(x);
                return NULL;
        }
        return x;
}

static void put(json_t *o, const char *key, json_t *value)
{
        if (value)
                json_object_set_new(o, key, value);
}

/* ---- members ---- */

json_t *zc_x509_dn(const X509_NAME *name)
{
        BIO *out = BIO_new(BIO_s_mem());
        json_t *text = NULL;
        char *p = NULL;
        long n;

        if (out &&
            X509_NAME_print_ex(out, name, 0,
                               XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
                n = BIO_get_mem_data(out, &p);
                text = zc_json_bytes(n > 0 ? p : "", n > 0 ? (size_t)n : 0, ZC_X509_TEXT_MAX);
        }
        BIO_free(out);
        ERR_clear_error();
        return text;
}

static json_t *hex_json(const uint8_t *p, size_t n)
{
        char out[2 * SERIAL_MAX + 1] = "";

        for (size_t i = 0; i < n && i < SERIAL_MAX; i++)
                snprintf(out + 2 * i, 3, "%02x", p[i]);
        return json_string(out);
}

static json_t *fingerprint(struct zc_rd der)
{
        uint8_t md[EVP_MAX_MD_SIZE];
        unsigned len = 0;

        if (EVP_Digest(der.p, der.n, md, &len, EVP_sha256(), NULL) != 1)
                return NULL;
        return hex_json(md, len);
}

/** False for what is no time, or lies outside the years that RFC 3339 can write. */
static bool time_ms(const ASN1_TIME *t, int64_t *out)
{
        struct tm tm;
        time_t seconds;

        if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
                return false;
        seconds = timegm(&tm);
        if (tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
                return false;
        *out = (int64_t)seconds * 1000;
        return true;
}

static json_t *time_json(int64_t ms)
{
        char text[ZC_TIME_LEN];

        zc_time_format(ms, text);
        return json_string(text);
}

/** Whole days, rounded down: the last day is 0, after it -1. */
static int64_t days_between(int64_t from_ms, int64_t to_ms)
{
        int64_t ms = to_ms - from_ms;

        return ms >= 0 ? ms / DAY_MS : -((-ms + DAY_MS - 1) / DAY_MS);
}

static void add_times(json_t *o, const X509 *x, int64_t at_ms)
{
        int64_t ms;

        if (time_ms(X509_get0_notBefore(x), &ms))
                put(o, "not_before", time_json(ms));
        if (!time_ms(X509_get0_notAfter(x), &ms))
                return;
        put(o, "not_after", time_json(ms));
        put(o, "days_left", json_integer(days_between(at_ms, ms)));
}

/** NIST's name where it has one ("P-256"), else the registered one. */
static const char *curve_name(const char *curve)
{
        const char *nist = EC_curve_nid2nist(OBJ_txt2nid(curve));

        return nist ? nist : curve;
}

static json_t *key_json(X509 *x)
{
        const EVP_PKEY *key = X509_get0_pubkey(x);
        const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
        json_t *o = json_object();
        char curve[80] = "";
        size_t n = 0;

        if (type)
                put(o, "type", json_string(type));
        if (key && EVP_PKEY_get_bits(key) > 0)
                put(o, "bits", json_integer(EVP_PKEY_get_bits(key)));
        if (type && strcmp(type, "EC") == 0 &&
            EVP_PKEY_get_group_name(key, curve, sizeof curve, &n) == 1)
                put(o, "curve", json_string(curve_name(curve)));
        else if (type && strcmp(type, "EC") != 0)
                put(o, "curve", json_null());
        ERR_clear_error();
        return o;
}

/** The algorithm by name, and the hash in it: null for one that has none of its own (Ed25519). */
static void add_signature(json_t *o, X509 *x)
{
        const X509_ALGOR *algorithm = NULL;
        const ASN1_OBJECT *oid = NULL;
        char name[80] = "";
        int hash = NID_undef;

        X509_get0_signature(NULL, &algorithm, x);
        X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
        if (oid && OBJ_obj2txt(name, sizeof name, oid, 0) > 0)
                put(o, "signature", json_string(name));
        if (X509_get_signature_info(x, &hash, NULL, NULL, NULL) == 1)
                put(o, "signature_hash",
                    hash == NID_undef ? json_null() : json_string(OBJ_nid2sn(hash)));
        else if (X509_get_signature_nid(x) !=
                         NID_undef && /* an algorithm whose strength nobody rates, such as MD5 */
                 OBJ_find_sigid_algs(X509_get_signature_nid(x), &hash, NULL) == 1 &&
                 hash != NID_undef)
                put(o, "signature_hash", json_string(OBJ_nid2sn(hash)));
        ERR_clear_error();
}

/* ---- subjectAltName ---- */

static json_t *address_json(const ASN1_STRING *ip)
{
        struct zc_addr a = { 0 };
        char text[ZC_ADDR_LEN];
        int n = ASN1_STRING_length(ip);

        if (n != 4 && n != 16)
                return NULL;
        a.family = n == 4 ? AF_INET : AF_INET6;
        memcpy(a.bytes, ASN1_STRING_get0_data(ip), (size_t)n);
        zc_addr_format(&a, text);
        return json_string(text);
}

static json_t *general_name_json(const GENERAL_NAME *name)
{
        int type;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);

        if (type == GEN_DNS)
                return zc_json_bytes(ASN1_STRING_get0_data(value),
                                     (size_t)ASN1_STRING_length(value), 260);
        return type == GEN_IPADD ? address_json(value) : NULL;
}

/** DNS names and addresses in their order; [] where there is no such extension, left out where it cannot be read. */
static void add_names(json_t *o, X509 *x)
{
        int critical = -1;
        GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, &critical, NULL);
        json_t *names = json_array();
        int total = 0;

        if (!all && critical != -1) { /* there, and broken or twice */
                json_decref(names);
                ERR_clear_error();
                return;
        }
        for (int i = 0; all && i < sk_GENERAL_NAME_num(all); i++) {
                json_t *name = general_name_json(sk_GENERAL_NAME_value(all, i));

                total += name != NULL;
                if (name && json_array_size(names) < ZC_X509_NAMES_MAX)
                        json_array_append(names, name);
                json_decref(name);
        }
        put(o, "names", names);
        put(o, "names_total", json_integer(total));
        GENERAL_NAMES_free(all);
}

/* ---- the certificate ---- */

json_t *zc_x509_certificate(struct zc_rd der, int64_t at_ms)
{
        ZC_AUTO_X509 x = zc_x509_decode(der);
        json_t *o = json_object();
        const ASN1_INTEGER *serial;

        if (!x) {
                put(o, "malformed", json_string("the bytes are no certificate"));
                put(o, "fingerprint_sha256", fingerprint(der));
                return o;
        }
        serial = X509_get0_serialNumber(x);
        put(o, "subject", zc_x509_dn(X509_get_subject_name(x)));
        put(o, "issuer", zc_x509_dn(X509_get_issuer_name(x)));
        put(o, "serial",
            hex_json(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
        add_names(o, x);
        add_times(o, x, at_ms);
        put(o, "key", key_json(x));
        add_signature(o, x);
        put(o, "fingerprint_sha256", fingerprint(der));
        put(o, "self_signed", json_boolean(X509_self_signed(x, 1) == 1));
        put(o, "ca", json_boolean(X509_check_ca(x) == 1));
        ERR_clear_error();
        return o;
}

/* ---- matching ---- */

static bool has_names(X509 *x)
{
        return X509_get_ext_by_NID(x, NID_subject_alt_name, -1) >= 0;
}

static int match(X509 *x, const char *name)
{
        struct zc_addr a;
        size_t n = strlen(name);

        if (zc_addr_parse(name, &a, &(struct zc_err){ 0 }))
                return X509_check_ip(x, a.bytes, a.family == AF_INET ? 4 : 16, 0);
        if (n > 0 && name[n - 1] == '.') /* the root's dot is not part of what is compared */
                n--;
        return X509_check_host(
                x, name, n,
                X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL);
}

json_t *zc_x509_name_match(struct zc_rd der, const char *name)
{
        ZC_AUTO_X509 x = zc_x509_decode(der);
        json_t *o = json_object();
        int r = x ? match(x, name) : -1;

        put(o, "name", zc_json_bytes(name, strlen(name), ZC_X509_TEXT_MAX));
        if (r == 1 || r == 0)
                put(o, "matched", json_boolean(r == 1));
        put(o, "why",
            json_string(r == 1         ? "one of its names matches"
                        : !x           ? "the bytes are no certificate"
                        : r < 0        ? "its names cannot be compared"
                        : has_names(x) ? "none of its names matches"
                                       : "it has no subjectAltName; its common name is not looked "
                                         "at (RFC 9525)"));
        ERR_clear_error();
        return o;
}

bool zc_x509_ordered(const struct zc_rd *served, size_t count)
{
        for (size_t i = 0; i + 1 < count; i++) {
                ZC_AUTO_X509 x = zc_x509_decode(served[i]);
                ZC_AUTO_X509 issuer = zc_x509_decode(served[i + 1]);

                if (!x || !issuer || X509_check_issued(issuer, x) != X509_V_OK)
                        return false;
        }
        return true;
}
