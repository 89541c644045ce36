/** Files compiled into the program (rule packs, schemas, templates), by their path in the source tree. */
#ifndef ZC_EMBED_H
#define ZC_EMBED_H

#include <stddef.h>

struct zc_embedded {
        const char *path; /* "rules/firewall/defaults.yaml" */
        const char *data; /* followed by a NUL that does not count */
        const char *end;
};

extern const struct zc_embedded zc_embedded[];
extern const size_t zc_embedded_count;

/** NULL when there is none. */
const struct zc_embedded *zc_embedded_find(const char *path);

#endif
