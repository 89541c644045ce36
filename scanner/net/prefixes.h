/** A set of addresses as prefixes: sorted, and none inside another, so that a question is answered by bisecting. Zones do not matter. */
#ifndef ZC_NET_PREFIXES_H
#define ZC_NET_PREFIXES_H

#include <stddef.h>

#include "zc/addr.h"

struct zc_prefixes {
        struct zc_prefix *list;
        size_t n, cap;
};

/** False when out of memory: the set is unchanged. In order of address it takes the least time. */
bool zc_prefixes_add(struct zc_prefixes *s, const struct zc_prefix *p) ZC_MUST_USE;
bool zc_prefixes_has(const struct zc_prefixes *s, const struct zc_addr *a);
/** Whether every address of p is in the set. */
bool zc_prefixes_cover(const struct zc_prefixes *s, const struct zc_prefix *p);
/** Room for one more at list[n], for who fills a list first and sorts it. */
bool zc_prefixes_room(struct zc_prefixes *s) ZC_MUST_USE;
void zc_prefixes_release(struct zc_prefixes *s);
/** By address, then the wider first: for qsort. */
int zc_prefix_order(const void *a, const void *b);

#endif
