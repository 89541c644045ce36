/** Files that hold one thing a line: blanks around it, empty lines, and what follows a # do not count. */
#ifndef ZC_LISTING_H
#define ZC_LISTING_H

#include "zc/err.h"

#define ZC_LISTING_WORD_MAX 2048u /* bytes */

struct zc_listing {
        const char *name; /* of the file, for messages */
        const char *p, *end;
        unsigned line;
        const char *word; /* not NUL-terminated */
        size_t n, column; /* its length; where it begins, from 1 */
        bool failed;
};

void zc_listing_start(struct zc_listing *l, const char *name, const char *text, size_t n);
/** The next thing; false at the end, and with failed and err (ZC_E_USAGE) where a line is too long or holds a NUL byte. */
bool zc_listing_next(struct zc_listing *l, struct zc_err *err);

#endif
