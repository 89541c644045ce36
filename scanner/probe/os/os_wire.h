/** os-release(5): assignments as a shell would read them, and no more than that. Pure. */
#ifndef ZC_OS_WIRE_H
#define ZC_OS_WIRE_H

#include "zc/rd.h"
#include "zc/text.h"

/**
 * The next assignment. @value: cleared, then the text with quotes and escapes undone, raw bytes; the caller escapes it.
 * Comments, empty lines and what is no assignment (a value with an open quote, or words behind it) are passed over. False at the end.
 */
bool zc_os_release_next(struct zc_rd *file, struct zc_rd *key, struct zc_text *value);

#endif
