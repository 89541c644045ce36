/** The parts of `zerocrit reach`, one file each. */
#ifndef ZC_CLI_REACH_H
#define ZC_CLI_REACH_H

#include "zc/cli.h"
#include "zc/fw_read.h"

/** What is asked of. machine NULL: the ruleset could not be read, and `why` says so; every answer is then unknown. */
struct zc_reaching {
        const struct zc_options *o;
        struct zc_fw_live live;
        struct zc_fw_machine *machine;
        struct zc_err why;
        struct zc_out *out;
        bool unknown, malformed; /* an answer was; a line was */
};

/** --packets FILE: a line for a line. */
bool zc_reach_packets(struct zc_reaching *r, struct zc_err *err) ZC_MUST_USE;
/** One question, in words or as JSON. */
bool zc_reach_one(struct zc_reaching *r, struct zc_err *err) ZC_MUST_USE;

#endif
