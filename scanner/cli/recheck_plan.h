/** What one finding needs to be observed again: a target, and the probes behind its rule. */
#ifndef ZC_CLI_RECHECK_PLAN_H
#define ZC_CLI_RECHECK_PLAN_H

#include "asked.h"
#include "zc/rules.h"

#define ZC_AGAIN_PROBES 16u

struct zc_again {
        bool local;         /* the machine that we run on; else: */
        const char *target; /* "https://www.example.org", "192.0.2.7:6379": in the arena */
        const char *
                part; /* its endpoint's subject, "192.0.2.7:443/tcp#www.example.org"; NULL for none */
        const json_t *
                known; /* the report's own row of that target, or NULL: its tags, zone and public address */
        const char *only[ZC_AGAIN_PROBES + 1]; /* NULL-terminated */
        size_t only_count;
};

/** Pure. What cannot be asked again (an expectation, UDP) is ZC_E_USAGE and says what to do instead. */
bool zc_again_plan(struct zc_arena *arena, const struct zc_rule *rule,
                   const struct zc_asked_one *one, const json_t *report, struct zc_again *out,
                   struct zc_err *err) ZC_MUST_USE;
/** Add the probes of another; false when it looks at something else, and nothing is added. */
bool zc_again_join(struct zc_again *a, const struct zc_again *other);
/** Does the report hold the asset as the very machine with that vantage id? */
bool zc_again_here(const struct zc_asked_one *one, const json_t *report, const char *vantage);
/** A vantage's {id, hostname, addresses}: is it one that the finding was seen from (of what is no finding: one of the report's)? */
bool zc_again_from(const struct zc_asked_one *one, const json_t *report, const json_t *vantage);
/** The name of the first vantage that it was seen from. */
const char *zc_again_vantage(const struct zc_asked_one *one, const json_t *report);
/** Its address means another machine from elsewhere: loopback or link-local. */
bool zc_again_is_near(const char *subject);

#endif
