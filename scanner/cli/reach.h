/** The parts of `zerocrit reach`, one file each. */
#ifndef ZC_CLI_REACH_H
#define ZC_CLI_REACH_H

#include "zc/cli.h"
#include "zc/fw_read.h"
#include "zc/text.h"

/** One question, as it was told and completed. */
struct zc_reach_question {
        struct zc_fw_packet packet;
        const struct zc_fw_interface *iif;
        const char *by; /* how the interface was chosen; NULL: told */
        bool anyone, any_port, chosen_to;
};

/** What is asked of. machine NULL: the ruleset could not be read, and `why` says so; every answer is then unknown. */
struct zc_reaching {
        const struct zc_options *o;
        struct zc_fw_live live;
        struct zc_fw_machine *machine;
        struct zc_err why;
        struct zc_out *out;
        bool unknown, malformed; /* an answer was; a line was */
        void *printed;           /* the printer's own */
};

/** A form of answers: the way of a question, one that goes the same way as an earlier one, and what stands at the end. */
struct zc_reach_printer {
        bool (*way)(struct zc_reaching *r, const struct zc_reach_question *q, struct zc_err *err);
        bool (*same)(struct zc_reaching *r, const struct zc_reach_question *q, struct zc_err *err);
        bool (*end)(struct zc_reaching *r, struct zc_err *err);
};
extern const struct zc_reach_printer zc_reach_words, zc_reach_json;

/** An address of a family (ZC_FW_IP, ZC_FW_IP6) as text. */
void zc_reach_address(struct zc_text *t, uint8_t family, const uint8_t *bytes);

/** --packets FILE: a line for a line. */
bool zc_reach_packets(struct zc_reaching *r, struct zc_err *err) ZC_MUST_USE;
/** One question, in words or as JSON. */
bool zc_reach_one(struct zc_reaching *r, struct zc_err *err) ZC_MUST_USE;

#endif
