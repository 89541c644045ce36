/** What a port's number makes likely: only the order of the questions. */
#ifndef ZC_IDENTIFY_HINTS_H
#define ZC_IDENTIFY_HINTS_H

#include "zc/identify.h"

struct hint {
        enum zc_asked first;  /* ZC_ASKED_NOTHING: no hint */
        enum zc_asked within; /* inside TLS, likewise */
};
struct hint hint_of_port(uint16_t port);
struct hint hint_of_scheme(enum zc_scheme scheme);

#endif
