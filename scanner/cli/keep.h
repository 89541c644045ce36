/** Collecting into evidence that is kept: as a stream while it runs, as a document when it is done, and whatever there is after a signal. */
#ifndef ZC_CLI_KEEP_H
#define ZC_CLI_KEEP_H

#include "outputs.h"
#include "settings.h"

struct zc_keep {
        const char *path;   /* the document; NULL: none is wanted, or the stream is all */
        const char *stream; /* NULL: a spool without a name */
        struct zc_evidence *from; /* --resume: what goes on; NULL: nothing */
        struct zc_done *done;
};

/**
 * Where evidence goes that the user wants at `path` (NULL: nowhere): PATH.ndjson while it runs and PATH after; a PATH that ends in .ndjson is the
 * stream itself; "-", devices and pipes get the document at the end. Adds them to w.
 */
bool zc_keep_plan(struct zc_keep *k, struct zc_outputs *w, const char *path, const char *named,
                  struct zc_err *err) ZC_MUST_USE;
/** --resume: open the stream, and see whether it is of this very run. Its path is where it goes on, unless there is another. */
bool zc_keep_resume(struct zc_keep *k, const struct zc_settings *s, struct zc_err *err) ZC_MUST_USE;
void zc_keep_release(struct zc_keep *k);
#define ZC_AUTO_KEEP __attribute__((cleanup(zc_keep_release))) struct zc_keep
/** Create the evidence; nothing is sent yet. */
bool zc_keep_create(const struct zc_keep *k, const struct zc_settings *s, struct zc_evidence **out,
                    struct zc_err *err) ZC_MUST_USE;
/**
 * Collect into it, and keep it. After a signal: what there is stays, we say where, and c->signal is set.
 */
bool zc_keep_collect(const struct zc_keep *k, const struct zc_settings *s, struct zc_evidence *ev,
                     struct zc_collected *c, struct zc_err *err) ZC_MUST_USE;

#endif
