/** What the firewall of a host lets in to one listener, or to one port, from its evidence alone. */
#ifndef ZC_EVIDENCE_ADMISSION_H
#define ZC_EVIDENCE_ADMISSION_H

#include "zc/evidence.h"

struct zc_admission {
        enum zc_reach widest;     /* UNKNOWN, NONE, PRIVATE or ANY */
        enum zc_reach translated; /* of the lines among them that rewrite the destination; UNKNOWN: there is none */
        json_t *facts; /* as the schema's `admission`, owned; NULL when out of memory */
};

/**
 * @budget: comparisons that may still be made; at zero the answer is unknown, so that a hostile file costs no more than it is worth.
 */
struct zc_admission zc_admission_of(const json_t *host, const json_t *listener, size_t *budget);
/** Of these lines alone (an array of some of host.firewall.admits), wherever they lead. */
struct zc_admission zc_admission_by_lines(const json_t *host, const json_t *lines, size_t *budget);

/** "firewall lets in 0.0.0.0/0 by docker0, ::/0": facts in words. */
void zc_admission_words(const json_t *facts, struct zc_text *out);
/** "A, B, C and 2 more" */
void zc_names_words(const json_t *names, struct zc_text *out);

/* ---- one line (admission_match.c) ---- */

/** The next of "22,80,1000-2000"; false at the end, and where it cannot be read: *text is NULL then. */
bool zc_ports_next(const char **text, uint32_t *low, uint32_t *high);
/** Its packets arrive at the listener: as they are, with another destination written into them, or by way of a container's stand-in. */
bool zc_admission_takes(const json_t *admit, const json_t *listener);
/** Its packets ask for the listener's port and are led elsewhere. */
bool zc_admission_leads_past(const json_t *admit, const json_t *listener);
/** Its packets ask for a port of this host and are passed on to another, or to a container. */
bool zc_admission_is_published(const json_t *admit);

/* ---- how far away (admission_reach.c) ---- */

/** How much of the Internet sources name together: each piece may be an office, and all of them everyone but a few. */
struct zc_space {
        json_t *seen;     /* set of sources, each counted once; NULL: all are counted */
        uint64_t ip, ip6; /* addresses; blocks of 2^80 */
};
bool zc_space_is_wide(const struct zc_space *s);
enum zc_reach zc_sources_reach(const json_t *sources, struct zc_space *space);
/** Everyone but some is everyone, unless what is left out is nearly the whole of the Internet. */
bool zc_line_leaves_public(const json_t *admit);
/** A line of members of a set: which they are is not in the evidence. */
bool zc_line_is_of_set(const json_t *admit);
/** The furthest that its interfaces and destinations allow: ANY, PRIVATE or NONE. @bound: the listener's own interface, or NULL. */
enum zc_reach zc_line_limit(const json_t *firewall, const json_t *admit, const char *bound);

#endif
