/**
 * Certificates, through OpenSSL: DER to evidence (design section 4), whether a name is covered, whether a served chain leads to a root that
 * this system trusts. What a certificate says is a fact; a broken one is a fact too. No opinion, no I/O but the trust store's folder.
 */
#ifndef ZC_X509_H
#define ZC_X509_H

#include <stdint.h>

#include "zc/json.h"
#include "zc/rd.h"

#define ZC_X509_DER_MAX ((size_t)64 * 1024)
#define ZC_X509_NAMES_MAX 100u /* names listed of one certificate; names_total counts all */

/**
 * Opens the system's trust store, once per process, before threads and before the sandbox: the hashed folder that SSL_CERT_DIR names, else
 * that of OpenSSL's default place, whose files are read when a path asks for them; and SSL_CERT_FILE where that is set, which is read now (as
 * OpenSSL's default file is where there is no such folder).
 * Without any root in either, paths are `unknown`, never untrusted.
 */
bool zc_x509_init(struct zc_err *err) ZC_MUST_USE;
void zc_x509_release(void);

/**
 * A new object (`certificate` of the evidence schema). What the bytes do not tell is left out; bytes that are no certificate give
 * {malformed, fingerprint_sha256}. @at_ms: days_left counts from there: whole days, below 0 once it has expired. NULL when out of memory.
 */
json_t *zc_x509_certificate(struct zc_rd der, int64_t at_ms) ZC_MUST_USE;

/**
 * {name, matched, why}: whether the certificate is for this DNS name or literal address, by its subjectAltName alone (RFC 9525: wildcards are
 * a whole leftmost label, the common name is not looked at). `matched` is left out when the certificate cannot be read.
 */
json_t *zc_x509_name_match(struct zc_rd der, const char *name) ZC_MUST_USE;

/**
 * {trusted, reason, detail, at, anchor, complete, store} (`chain_path`): from served[0] over what was served to a root of the store, for a TLS
 * server, at a time. reason tells what is wrong first, and a wrong date only when nothing else is. `at`: the subject where it went wrong.
 * `complete`, of a path that was found: whether it needs nothing but what was served and the root.
 */
json_t *zc_x509_path(const struct zc_rd *served, size_t count, int64_t at_ms) ZC_MUST_USE;

/** Whether each certificate was issued by the one after it (RFC 5246 section 7.4.2). False when one cannot be read. */
bool zc_x509_ordered(const struct zc_rd *served, size_t count);

#endif
