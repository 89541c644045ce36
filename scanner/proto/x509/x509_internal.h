/** What the files of x509/ share. */
#ifndef ZC_PROTO_X509_INTERNAL_H
#define ZC_PROTO_X509_INTERNAL_H

#include <openssl/x509.h>

#include "zc/x509.h"

#define ZC_X509_TEXT_MAX 512u /* of one name */

static inline void zc_x509_freep(X509 **x)
{
        X509_free(*x);
}
#define ZC_AUTO_X509 __attribute__((cleanup(zc_x509_freep))) X509 *

/** NULL when the bytes are no certificate, or more than one. */
X509 *zc_x509_decode(struct zc_rd der);
/** A distinguished name as text (RFC 4514), escaped and capped. */
json_t *zc_x509_dn(const X509_NAME *name);

#endif
