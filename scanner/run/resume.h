/** What a run that was cut had finished, for the collector. */
#ifndef ZC_RUN_RESUME_H
#define ZC_RUN_RESUME_H

#include "zc/json.h"
#include "zc/run.h"

/* Which states were found. */
#define ZC_DONE_OPEN 1u
#define ZC_DONE_CLOSED 2u

/** Whether these ports of the address need not be asked again, and then what was found there. d NULL: nothing is finished. */
bool zc_done_has(const struct zc_done *d, const char *asset, const char *address, const char *ports,
                 unsigned *found);
#endif
