/** A set of ports as a bitmap: 8 KiB, O(1) tests, and the text forms "22,80,1000-2000", "top-100", "top-1000", "all", service names. */
#ifndef ZC_PORTSET_H
#define ZC_PORTSET_H

#include <stdbool.h>
#include <stdint.h>

#include "zc/err.h"
#include "zc/text.h"

struct zc_portset {
        uint64_t bits[1024];
};

/** "1-65535", "22,80", "top-100", "top-1000", "all", "ssh,postgresql" or any mix with commas. Errors name the offending part and its column. Port 0 is refused. */
bool zc_portset_parse(const char *spec, struct zc_portset *out, struct zc_err *err) ZC_MUST_USE;
/** The same with UDP beside TCP: "22,udp:53,123/udp". At most ZC_PORTSET_UDP_MOST of UDP: a closed one is told once a second. */
bool zc_portset_parse_both(const char *spec, struct zc_portset *tcp, struct zc_portset *udp,
                           struct zc_err *err) ZC_MUST_USE;
#define ZC_PORTSET_UDP_MOST 1024u
void zc_portset_add(struct zc_portset *s, uint16_t port);
bool zc_portset_has(const struct zc_portset *s, uint16_t port);
unsigned zc_portset_count(const struct zc_portset *s);
/** The next member at or above `from`; -1 when there is none. for (int p = zc_portset_next(s, 1); p >= 0; p = zc_portset_next(s, p + 1)) */
int zc_portset_next(const struct zc_portset *s, int from);
/** "22,80,1000-2000"; "" when empty. */
void zc_portset_format(const struct zc_portset *s, struct zc_text *out);
/** IANA name of a well-known port that we list ("ssh"), or NULL. */
const char *zc_port_name(uint16_t port, bool udp);

#endif
