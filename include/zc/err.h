/**
 * Errors: functions return bool and fill one small struct that carries a chain of context.
 * No heap: it also reports out-of-memory. Library code returns; only main prints or exits.
 * A peer that misbehaves is a fact (evidence), a broken invariant an assert; neither is an error.
 */
#ifndef ZC_ERR_H
#define ZC_ERR_H

#include <stdbool.h>

#include "zc/def.h"

enum zc_code {
        ZC_OK,
        ZC_E_NOMEM,       /* allocation failed */
        ZC_E_IO,          /* the system refused an operation; sys holds errno */
        ZC_E_TIMEOUT,     /* a deadline passed */
        ZC_E_MALFORMED,   /* bytes that do not follow their format */
        ZC_E_LIMIT,       /* a budget, ceiling or count limit was reached */
        ZC_E_USAGE,       /* what the user typed or configured is wrong: exit status 2 */
        ZC_E_DENIED,      /* a privilege is missing; the text names it */
        ZC_E_UNSUPPORTED, /* the system or the peer lacks the feature */
};

struct zc_err {
        enum zc_code code;
        int sys; /* errno, 0 if none */
        char text[512];
};

/** Start an error. Replaces whatever was in err. Returns false, so that one line reports and leaves. */
bool zc_fail(struct zc_err *err, enum zc_code code, const char *fmt, ...) ZC_PRINTF(3, 4);

/** Start a ZC_E_IO error (ZC_E_DENIED for EPERM and EACCES) from errno: ": strerror" is appended. Returns false. */
bool zc_fail_errno(struct zc_err *err, const char *fmt, ...) ZC_PRINTF(2, 3);

/** Put words in front of an error: "words: earlier text". Keeps code and sys. Returns false. */
bool zc_ctx(struct zc_err *err, const char *fmt, ...) ZC_PRINTF(2, 3);

#endif
