/** Several documents of evidence, judged together. */
#ifndef ZC_CLI_JUDGING_H
#define ZC_CLI_JUDGING_H

#include "settings.h"
#include "zc/text.h"

struct zc_bundle {
        struct zc_evidence **ev; /* owned */
        size_t count;
};

/** Open a file and add it. "-" once. */
bool zc_bundle_open(struct zc_bundle *b, const char *path, struct zc_err *err) ZC_MUST_USE;
/** Add evidence that is open; takes it. */
bool zc_bundle_take(struct zc_bundle *b, struct zc_evidence **ev, struct zc_err *err) ZC_MUST_USE;
void zc_bundle_release(struct zc_bundle *b);

/**
 * Judge the evidence that is named, and write the report. @check: what must be true of the files together, or NULL; what it leaves in missing is
 * said to be missing.
 */
bool zc_judging_run(struct zc_options *o,
                    bool (*check)(const struct zc_bundle *b, struct zc_text *missing,
                                  struct zc_err *err),
                    int *status, struct zc_err *err) ZC_MUST_USE;

#define ZC_AUTO_BUNDLE __attribute__((cleanup(zc_bundle_release))) struct zc_bundle

#endif
