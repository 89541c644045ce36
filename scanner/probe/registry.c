/** The registry of probes: one line of probes.def each. Apart from probe.c, so that a test may bring its own. */
#include <string.h>

#include "zc/probe.h"

#define X(id) extern const struct zc_probe zc_probe_##id;
#include "probes.def"
#undef X

const struct zc_probe *const zc_probes[] = {
#define X(id) &zc_probe_##id,
#include "probes.def"
#undef X
        NULL,
};

const struct zc_probe *zc_probe_find(const char *id)
{
        for (const struct zc_probe *const *p = zc_probes; *p; p++) {
                if (strcmp((*p)->id, id) == 0)
                        return *p;
        }
        return NULL;
}
