/** One walk over the ports of a host: all under way beside one another, each asked again until it answers or its silence counts. */
#ifndef ZC_PORTS_WALK_H
#define ZC_PORTS_WALK_H

#include "timing.h"
#include "zc/ports.h"

#define WALK_FEW 1024u /* ports that there is time for */

struct walk {
        /* set by the caller */
        const struct zc_ports_job *job;
        const struct zc_portset *ports; /* those of the top-100 come first */
        struct timing *timing;
        /** Called once for each port, with what decided it: the answer, or the last that stayed without one. reason NULL: the conversation's own. */
        void (*concluded)(void *ctx, const struct zc_conv *c, unsigned attempts,
                          const char *reason);
        void *ctx;
        const uint16_t *
                answering; /* by packets: a port that answered, 0 none yet: it is asked again when all were asked */
        enum zc_connect again; /* what came of that; ZC_CONNECT_NONE: it was not asked */
        /* what silence cost: the least that was done before a port was called silent */
        unsigned least_attempts;
        int64_t least_patience;
};
bool walk_run(struct walk *w, struct zc_err *err) ZC_MUST_USE;
/** The same by packets, for an address that they get to; how often and how fast is the engine's own affair. */
bool walk_packets(struct walk *w, struct zc_syn_stats *stats, struct zc_err *err) ZC_MUST_USE;

#endif
