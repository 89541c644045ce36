/** The forms that text in a configuration can have: the schema's `format` words. */
#ifndef ZC_CLI_CONFIG_FORMAT_H
#define ZC_CLI_CONFIG_FORMAT_H

#include "zc/arena.h"
#include "zc/err.h"

struct zc_config_format {
        const char *name;
        /** Pure. The error says what is wrong and what to write instead. @arena: scratch. */
        bool (*check)(struct zc_arena *arena, const char *s, struct zc_err *err);
};

/** NULL when there is none. */
const struct zc_config_format *zc_config_format_find(const char *name);

/** "50/s", "500/m": per second, rounded up to 1 a second. */
bool zc_rate_parse(const char *s, unsigned *per_second) ZC_MUST_USE;

#endif
