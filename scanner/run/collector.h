/** The collector: the process that speaks to strangers. Forked by the parent, it enters the sandbox and pipes records up. */
#ifndef ZC_RUN_COLLECTOR_H
#define ZC_RUN_COLLECTOR_H

#include "plan.h"
#include "zc/capture.h"
#include "zc/json.h"

/** What it inherits. Borrowed, and never written to. */
struct zc_collector_spec {
        const struct zc_job *job;
        const struct zc_plan *plan;
        const json_t *vantage;      /* id and addresses */
        json_t *host;               /* the host object so far: listeners */
        int fd;                     /* records go here */
        struct zc_capture *capture; /* NULL: packets of our own cannot be sent */
        struct zc_deadline deadline;
        int64_t started_ms; /* run.started */
};

#define ZC_COLLECTOR_PIPE 3 /* the descriptor that records go to */
/** What is inherited is moved into place, and everything else closed; as many more as we may have can be opened. */
bool zc_collector_descriptors(const struct zc_collector_spec *spec) ZC_MUST_USE;

/** Exit statuses of the collector; anything else is a death. */
enum { ZC_COLLECTOR_DONE = 0, ZC_COLLECTOR_SANDBOX = 3, ZC_COLLECTOR_SELF = 4 };

_Noreturn void zc_collector_main(const struct zc_collector_spec *spec);

#endif
