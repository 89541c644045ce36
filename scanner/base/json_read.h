/** Shared by the files that read JSON; everyone else uses zc/json.h. */
#ifndef ZC_JSON_READ_H
#define ZC_JSON_READ_H

#include "zc/json.h"

/** What jansson would read of it, a member's name standing once; NULL for what is not well-formed, deeper than `depth`, or left to jansson. */
json_t *zc_json_read(const char *buf, size_t len, unsigned int depth);

#endif
