/** What a person means by WHAT in a report: a label (C1), a fingerprint or its beginning, or RULE SUBJECT. */
#ifndef ZC_CLI_ASKED_H
#define ZC_CLI_ASKED_H

#include "zc/cli.h"
#include "zc/json.h"

struct zc_asked {
        const char *verb;                    /* "explain": for messages */
        const char *what, *subject, *report; /* subject: NULL for any */
        bool rule;                           /* what is a rule's id */
};

/** `WHAT [REPORT]`, or `RULE [SUBJECT [REPORT]]`: what follows a rule is a subject, unless it is a file. */
bool zc_asked_read(struct zc_asked *q, const struct zc_options *o, const char *verb,
                   struct zc_err *err) ZC_MUST_USE;
/** Is it this finding? Is it among what this row of checks counts? */
bool zc_asked_finding(const struct zc_asked *q, const json_t *finding);
bool zc_asked_check(const struct zc_asked *q, const json_t *report, const json_t *check);

/** One rule on one subject, as a report has it; borrowed from the report. */
struct zc_asked_one {
        const json_t *finding; /* NULL: it is none */
        const char *rule, *asset, *subject;
        const char *verdict, *why; /* "fail", "unknown", ...; why: "" for none */
        const char *waived;        /* the waiver's id, NULL for none */
};
/** The one that is meant. None, or several: ZC_E_USAGE, and the text says which there are. */
bool zc_asked_one(const struct zc_asked *q, const json_t *report, struct zc_asked_one *out,
                  struct zc_err *err) ZC_MUST_USE;
/** The same by rule, asset and subject, in another report of the same things. False when it is not there. */
bool zc_asked_again(const struct zc_asked_one *one, const json_t *report, struct zc_asked_one *out);

#endif
