/** From a served chain to a root that this system trusts. See include/zc/x509.h. */
#include <dirent.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "x509_internal.h"

#define DEPTH_MAX 16

/* Made once, before threads. Its folder's files are read as they are asked for, under its own lock. */
static X509_STORE *store;
static char store_name[512]; /* "" when it holds no root */

/* ---- the store ---- */

/** A hashed folder holds HASH.0, HASH.1, ...: links that c_rehash or update-ca-certificates made. */
static bool holds_roots(const char *path)
{
        DIR *d = opendir(path);
        bool found = false;

        for (const struct dirent *e; d && !found && (e = readdir(d)) != NULL;)
                found = strlen(e->d_name) == 10 && strspn(e->d_name, "0123456789abcdef") == 8 &&
                        e->d_name[8] == '.';
        if (d)
                closedir(d);
        return found;
}

/** Of a variable that OpenSSL's own programs read, too; an empty one counts as none. */
static const char *named(const char *variable)
{
        const char *value = secure_getenv(variable);

        return value && value[0] ? value : NULL;
}

bool zc_x509_init(struct zc_err *err)
{
        const char *named_file = named(X509_get_default_cert_file_env());
        const char *named_dir = named(X509_get_default_cert_dir_env());
        const char *file = named_file ? named_file : X509_get_default_cert_file();
        const char *dir = named_dir ? named_dir : X509_get_default_cert_dir();
        bool from_file, from_dir;

        if (store)
                return true;
        store = X509_STORE_new();
        if (!store)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the trust store");
        from_dir = holds_roots(dir) && X509_STORE_load_path(store, dir) == 1;
        from_file = (!from_dir || named_file) && X509_STORE_load_file(store, file) == 1;
        snprintf(store_name, sizeof store_name, "%s%s%s", from_dir ? dir : "",
                 from_dir && from_file ? ", " : "", from_file ? file : "");
        ERR_clear_error();
        return true;
}

void zc_x509_release(void)
{
        X509_STORE_free(ZC_TAKE(store));
        store_name[0] = '\0';
}

/* ---- verifying ---- */

static const struct {
        int error;
        const char *reason;
} reasons[] = {
        { X509_V_ERR_CERT_HAS_EXPIRED, "expired" },
        { X509_V_ERR_CERT_NOT_YET_VALID, "not_yet_valid" },
        { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "self_signed" },
        { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "unknown_root" },
        { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "unknown_issuer" },
        { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "unknown_issuer" },
        { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "unknown_issuer" },
        { X509_V_ERR_CERT_SIGNATURE_FAILURE, "bad_signature" },
        { X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, "bad_signature" },
        { X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, "bad_signature" },
        { X509_V_ERR_INVALID_CA, "invalid_ca" },
        { X509_V_ERR_INVALID_NON_CA, "invalid_ca" },
        { X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "invalid_ca" },
        { X509_V_ERR_PATH_LENGTH_EXCEEDED, "invalid_ca" },
        { X509_V_ERR_INVALID_PURPOSE, "wrong_purpose" },
        { X509_V_ERR_CERT_UNTRUSTED, "wrong_purpose" },
        { X509_V_ERR_CERT_REJECTED, "wrong_purpose" },
        { X509_V_ERR_PERMITTED_VIOLATION, "name_constraint" },
        { X509_V_ERR_EXCLUDED_VIOLATION, "name_constraint" },
        { X509_V_ERR_SUBTREE_MINMAX, "name_constraint" },
        /* our own side, or nobody's fault */
        { X509_V_ERR_OUT_OF_MEM, "unknown" },
        { X509_V_ERR_UNSPECIFIED, "unknown" },
        { X509_V_ERR_STORE_LOOKUP, "unknown" },
        { X509_V_ERR_INVALID_CALL, "unknown" },
};

static const char *reason_of(int error)
{
        for (size_t i = 0; i < ZC_COUNT(reasons); i++)
                if (reasons[i].error == error)
                        return reasons[i].reason;
        return "other";
}

/** The first wrong date on the way; dates are looked at and passed, so that what else is wrong shows. */
struct dates {
        int error;
        json_t *at;
};

static int on_error(int ok, X509_STORE_CTX *ctx)
{
        struct dates *d = X509_STORE_CTX_get_app_data(ctx);
        int error = X509_STORE_CTX_get_error(ctx);
        const X509 *x = X509_STORE_CTX_get_current_cert(ctx);

        if (ok || (error != X509_V_ERR_CERT_HAS_EXPIRED && error != X509_V_ERR_CERT_NOT_YET_VALID))
                return ok;
        if (d->error == 0) {
                d->error = error;
                d->at = x ? zc_x509_dn(X509_get_subject_name(x)) : NULL;
        }
        return 1;
}

static bool was_served(const X509 *x, const STACK_OF(X509) * served)
{
        for (int i = 0; i < sk_X509_num(served); i++)
                if (X509_cmp(sk_X509_value(served, i), x) == 0)
                        return true;
        return false;
}

/** Whatever stands between the leaf and the root came with the chain. */
static void add_path(json_t *o, X509_STORE_CTX *ctx, const STACK_OF(X509) * served)
{
        const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);
        int n = path ? sk_X509_num(path) : 0;
        bool complete = true;

        if (n == 0)
                return;
        for (int i = 0; i + 1 < n; i++)
                complete = complete && was_served(sk_X509_value(path, i), served);
        json_object_set_new(o, "anchor",
                            zc_x509_dn(X509_get_subject_name(sk_X509_value(path, n - 1))));
        json_object_set_new(o, "complete", json_boolean(complete));
}

static void say(json_t *o, int error, json_t *at)
{
        const char *reason = error == X509_V_OK ? "trusted" : reason_of(error);

        if (strcmp(reason, "unknown") != 0)
                json_object_set_new(o, "trusted", json_boolean(error == X509_V_OK));
        json_object_set_new(o, "reason", json_string(reason));
        if (error != X509_V_OK)
                json_object_set_new(o, "detail", json_string(X509_verify_cert_error_string(error)));
        json_object_set_new(o, "at", at ? at : json_null());
}

static void verify(json_t *o, X509_STORE_CTX *ctx, const STACK_OF(X509) * served, int64_t at_ms)
{
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
        struct dates d = { 0 };
        const X509 *where;
        int error;

        X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
        X509_VERIFY_PARAM_set_auth_level(param,
                                         0); /* weak keys and hashes have rules of their own */
        X509_VERIFY_PARAM_set_depth(param, DEPTH_MAX);
        X509_VERIFY_PARAM_set_time(param, (time_t)(at_ms / 1000));
        X509_STORE_CTX_set_app_data(ctx, &d);
        X509_STORE_CTX_set_verify_cb(ctx, on_error);
        if (X509_verify_cert(ctx) == 1) {
                say(o, d.error, d.at);
                add_path(o, ctx, served);
                return;
        }
        json_decref(d.at);
        error = X509_STORE_CTX_get_error(ctx);
        where = X509_STORE_CTX_get_current_cert(ctx);
        say(o, error == X509_V_OK ? X509_V_ERR_UNSPECIFIED : error,
            where ? zc_x509_dn(X509_get_subject_name(where)) : NULL);
}

static STACK_OF(X509) * decode_all(const struct zc_rd *served, size_t count)
{
        STACK_OF(X509) *all = sk_X509_new_null();

        for (size_t i = 0; all && i < count; i++) {
                X509 *x = zc_x509_decode(served[i]);

                if (x && sk_X509_push(all, x) <= 0)
                        X509_free(x);
                if (!x && i == 0)
                        break; /* no leaf, no path */
        }
        return all;
}

static json_t *unknown(json_t *o, const char *detail)
{
        json_object_set_new(o, "reason", json_string("unknown"));
        json_object_set_new(o, "detail", json_string(detail));
        return o;
}

json_t *zc_x509_path(const struct zc_rd *served, size_t count, int64_t at_ms)
{
        json_t *o = json_object();
        STACK_OF(X509) *all = NULL;
        X509_STORE_CTX *ctx = NULL;

        json_object_set_new(o, "store", store_name[0] ? json_string(store_name) : json_null());
        if (!store_name[0])
                return unknown(o, "this system has no trust store (package ca-certificates)");
        all = decode_all(served, count);
        ctx = X509_STORE_CTX_new();
        if (!all || sk_X509_num(all) == 0 || !ctx ||
            X509_STORE_CTX_init(ctx, store, sk_X509_value(all, 0), all) != 1)
                unknown(o, "the leaf cannot be read");
        else
                verify(o, ctx, all, at_ms);
        X509_STORE_CTX_free(ctx);
        sk_X509_pop_free(all, X509_free);
        ERR_clear_error();
        return o;
}
