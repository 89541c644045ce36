/** Terms on their way: shared by terms.c, which follows the profile, and bounds.c, which holds it to the policy. */
#ifndef ZC_JUDGE_TERMS_H
#define ZC_JUDGE_TERMS_H

#include "judge_internal.h"

/* Why a rule is as it is: the last file that said so. */
struct terms_mark {
        const struct zc_profile_file *file; /* NULL: nobody said */
        char pointer[64];
};
struct terms_fate {
        struct terms_mark dropped, changed;
};

struct terms_work {
        const struct zc_judge_options *o;
        const struct zc_profile *profile;
        const struct zc_pack *pack;
        struct zc_rule_choice *choices; /* by rule */
        struct terms_fate *fates;             /* by rule */
        struct zc_terms *t;
        struct zc_err *err;
};

/** One parameter's value, checked where it stands. @reason: may be NULL. @from: for the report, who set it. */
bool zc_terms_param(struct terms_work *w, const struct zc_yaml *y, const char *pointer,
                    const char *name, const json_t *value, const char *reason,
                    const char *from) ZC_MUST_USE;
/** Refuses what is laxer than the policy, and raises what is ours. */
bool zc_terms_bound(struct terms_work *w, const struct zc_policy *p) ZC_MUST_USE;

#endif
