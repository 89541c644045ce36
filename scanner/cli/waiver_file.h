/** A waiver more in a file that people write: the rest of the file stays as it is, byte for byte. */
#ifndef ZC_CLI_WAIVER_FILE_H
#define ZC_CLI_WAIVER_FILE_H

#include "zc/err.h"
#include "zc/json.h"

/** "W-8": one more than the highest of the list, which may be NULL. */
void zc_waiver_next_id(const json_t *list, char out[32]);

/**
 * Pure. @text: the file, or "" for none. @waiver: an object of strings, in the order to write. *out: the text with it, free(). What comes out has been
 * read again: it holds the old waivers and the new one. ZC_E_USAGE where the layout leaves no place for one more.
 */
bool zc_waiver_add(const char *name, const char *text, size_t len, const json_t *waiver, char **out,
                   size_t *out_len, struct zc_err *err) ZC_MUST_USE;

#endif
