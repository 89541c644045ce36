/** The parts of a SARIF log. */
#ifndef ZC_REPORT_SARIF_H
#define ZC_REPORT_SARIF_H

#include "zc/json.h"

#define SARIF_RESULTS_MAX 25000u /* of a run; GitHub refuses a file with more */
#define SARIF_RULES_MAX 25000u
#define SARIF_TAGS_MAX 10u   /* of a rule; more are not kept */
#define SARIF_TEXT_MAX 1024u /* bytes; a longer description is refused */

struct sarif {
        const json_t *report;
        json_t *index; /* rule -> its place in the rules array */
        size_t cut;    /* findings left out */
};

bool sarif_put(json_t *object, const char *name, json_t *value) ZC_MUST_USE;
/** A clean string of at most SARIF_TEXT_MAX bytes, "-" for nothing. */
json_t *sarif_text(const char *s) ZC_MUST_USE;
/** {"text": …} */
json_t *sarif_message(const char *s) ZC_MUST_USE;
const char *sarif_level(unsigned severity);
/** Does it read as RFC 3339, as the schema asks? */
bool sarif_time(const char *s);
/** The rules array; fills the index. */
json_t *sarif_rules(struct sarif *s) ZC_MUST_USE;
json_t *sarif_finding_properties(const json_t *finding) ZC_MUST_USE;

#endif
