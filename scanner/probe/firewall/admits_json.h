/** What the ruleset admits, as evidence. */
#ifndef ZC_FW_ADMITS_JSON_H
#define ZC_FW_ADMITS_JSON_H

#include <jansson.h>

#include "zc/fw_read.h"

/**
 * A new array of lines. NULL, and no error, when the ruleset was too much for it; NULL and an error when out of memory.
 * A line is certain only when nothing past the model may decide.
 */
json_t *fw_admits_json(const struct zc_fw_live *live, struct zc_err *err);

#endif
