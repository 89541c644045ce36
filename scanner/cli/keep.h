/** Collecting into evidence that is kept: as a stream while it runs, as a document when it is done, and whatever there is after a signal. */
#ifndef ZC_CLI_KEEP_H
#define ZC_CLI_KEEP_H

#include "outputs.h"
#include "settings.h"

struct zc_keep {
        const char *path;   /* the document; NULL: none is wanted, or the stream is all */
        const char *stream; /* NULL: a spool without a name */
};

/**
 * Where evidence goes that the user wants at `path` (NULL: nowhere): PATH.ndjson while it runs and PATH after; a PATH that ends in .ndjson is the
 * stream itself; "-", devices and pipes get the document at the end. Adds them to w.
 */
bool zc_keep_plan(struct zc_keep *k, struct zc_outputs *w, const char *path, const char *named,
                  struct zc_err *err) ZC_MUST_USE;
/** Create the evidence; nothing is sent yet. */
bool zc_keep_create(const struct zc_keep *k, const struct zc_settings *s, struct zc_evidence **out,
                    struct zc_err *err) ZC_MUST_USE;
/**
 * Collect into it, and keep it. After a signal: what there is stays, we say where, and c->signal is set.
 */
bool zc_keep_collect(const struct zc_keep *k, const struct zc_settings *s, struct zc_evidence *ev,
                     struct zc_collected *c, struct zc_err *err) ZC_MUST_USE;

#endif
