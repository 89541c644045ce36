/** What the firewall of a host lets in to one listener, from its evidence alone. */
#ifndef ZC_EVIDENCE_ADMISSION_H
#define ZC_EVIDENCE_ADMISSION_H

#include "zc/evidence.h"

struct zc_admission {
        enum zc_reach widest;     /* UNKNOWN, NONE, PRIVATE or ANY */
        enum zc_reach translated; /* of the lines among them that rewrite the destination; UNKNOWN: there is none */
        json_t *facts;        /* {verdict, sources, certainty, via}, owned; NULL when out of memory */
};

/**
 * @budget: comparisons that may still be made; at zero the answer is unknown, so that a hostile file costs no more than it is worth.
 */
struct zc_admission zc_admission_of(const json_t *host, const json_t *listener, size_t *budget);

#endif
