/** Running one probe and saying what became of it: what both processes share. */
#ifndef ZC_RUN_OBSERVE_H
#define ZC_RUN_OBSERVE_H

#include "plan.h"
#include "zc/json.h"

/** Where records go: the evidence in the parent, the pipe in the collector. Steals the record; NULL is ignored. */
struct zc_sink {
        void (*put)(void *ctx, json_t *record);
        void *ctx;
};

/** Text of ours, or of an error that may carry escaped foreign text, as JSON. Never NULL but when out of memory. */
json_t *zc_text_json(const char *text);
/** {outcome, why, needs, whole}: members that say nothing are left out. */
json_t *zc_outcome_json(enum zc_outcome outcome, const char *why, const char *needs);
json_t *zc_io_outcome(const struct zc_io *io);

/** {"problem": {…}}; any text may be NULL. */
json_t *zc_problem_record(const char *probe, const char *subject, const char *path,
                          const char *what, const char *why);
/** {"scan": {…}} of an address of which nothing is known but an outcome. */
json_t *zc_scan_record(const char *asset, const char *address, enum zc_outcome outcome,
                       const char *why, const char *needs);

/** Calls run; a failure becomes the outcome `failed` with its reason and the privilege it lacked. */
void zc_probe_observe(const struct zc_probe *probe, const struct zc_subject *subject,
                      struct zc_io *io, json_t *out);
/** Its problems as records, and io's memory given back. @prefix: in front of their paths. */
void zc_io_report(struct zc_io *io, const char *probe, const char *subject, const char *prefix,
                  const struct zc_sink *sink);

/**
 * A probe of scope HOST: run, and {"host": {member: value, "probes": {id: outcome}}} put into the sink. What was only needed by others leaves
 * no evidence. host: the host object so far, which gains the member.
 */
void zc_host_observe(const struct zc_plan_row *row, const char *asset, const char *root,
                     struct zc_deadline deadline, json_t *host, const struct zc_sink *sink);
/** "firewall" of "host.firewall"; the id when the probe has no place below host. */
const char *zc_host_member(const struct zc_probe *probe);

#endif
