/** The words for how far away someone can stand. */
#include <string.h>

#include "zc/evidence.h"

static const char *const reach_names[] = {
        [ZC_REACH_UNKNOWN] = "unknown",   [ZC_REACH_NONE] = "none",
        [ZC_REACH_LOOPBACK] = "loopback", [ZC_REACH_ISOLATED] = "isolated",
        [ZC_REACH_PRIVATE] = "private",   [ZC_REACH_ANY] = "any",
};

const char *zc_reach_name(enum zc_reach r)
{
        return reach_names[r];
}

bool zc_reach_parse(const char *s, enum zc_reach *out)
{
        for (size_t i = 0; i < ZC_COUNT(reach_names); i++) {
                if (strcmp(reach_names[i], s) == 0) {
                        *out = (enum zc_reach)i;
                        return true;
                }
        }
        return false;
}
