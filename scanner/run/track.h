/** What the parent knows of the collector's work, so that whatever happens to it every planned thing leaves an outcome. */
#ifndef ZC_RUN_TRACK_H
#define ZC_RUN_TRACK_H

#include "observe.h"
#include "record_wire.h"

#define ZC_TRACK_OPEN_MAX 1024u /* addresses being looked at; far more than workers */
#define ZC_TRACK_ADDRESS_MAX 129u

/* One thing that the user named. */
struct zc_tracked {
        const struct zc_job_target *jt;
        const struct zc_target *t;
        size_t target, named;
        bool begun, ended, answered;
};

/* An address that was begun and has no scan record yet. */
struct zc_track_open {
        size_t item;
        char address[ZC_TRACK_ADDRESS_MAX];
};

struct zc_track {
        const struct zc_job *job;
        const struct zc_plan *plan;
        const char *vantage;
        struct zc_tracked *items;
        size_t count;
        struct zc_track_open *open;
        size_t open_count;
        bool outcome[ZC_PLAN_PROBES]; /* of the plan's rows: the host probe has left one */
};

bool zc_track_init(struct zc_track *t, const struct zc_job *job, const struct zc_plan *plan,
                   const char *vantage, struct zc_err *err) ZC_MUST_USE;
void zc_track_release(struct zc_track *t);
/** Take note of a record. False when it fits nothing that was planned: then its sender lies. */
bool zc_track_record(struct zc_track *t, const struct zc_record *r, struct zc_err *err) ZC_MUST_USE;
/** Outcomes for everything that has none, with the reason. Nothing when all is there. */
void zc_track_finish(struct zc_track *t, const char *why, const struct zc_sink *sink);
/** Outcomes for what no probe of the plan looks at, because the user took those probes out. */
void zc_track_skipped(struct zc_track *t, const struct zc_sink *sink);
/** A host, host:port or URL that was named did not answer. */
bool zc_track_missing(const struct zc_track *t);

#endif
