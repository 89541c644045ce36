/**
 * Records: what the collector may say to the parent, one JSON object a line. The collector has read what strangers sent, so the
 * parent believes only the form of a record: nothing here reaches the evidence without being one of these.
 *
 *   {"host": {member: value, "probes": {id: outcome}}}   members and probes of the collector's side only
 *   {"scan": {…}}  {"endpoint": {…}}  {"problem": {…}}   as in evidence
 *   {"begin": {"target": i, "named": j, "address": "…"}} an address is being looked at; its scan record ends that
 *   {"end": {"target": i, "named": j, "answered": bool}} nothing more comes for what the user named
 */
#ifndef ZC_RUN_RECORD_WIRE_H
#define ZC_RUN_RECORD_WIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zc/err.h"

enum zc_record_kind {
        ZC_RECORD_HOST,
        ZC_RECORD_SCAN,
        ZC_RECORD_ENDPOINT,
        ZC_RECORD_PROBLEM,
        ZC_RECORD_BEGIN,
        ZC_RECORD_END,
};
#define ZC_RECORD_KINDS 6

struct zc_record {
        enum zc_record_kind kind;
        json_t *whole;      /* {"scan": {…}}; owned */
        const json_t *body; /* {…}; inside whole */
        /* begin and end */
        size_t target, named;
        const char *address; /* inside whole */
        bool answered;
};

/** Probe ids (and so host members) that a host record may carry, NULL-terminated; NULL for none. */
struct zc_record_rules {
        const char *const *probes;
        const char *const *members;
};

/** One line without its newline. On success the caller releases it. */
bool zc_record_parse(const char *line, size_t len, const struct zc_record_rules *rules,
                     struct zc_record *out, struct zc_err *err) ZC_MUST_USE;
void zc_record_release(struct zc_record *r);

/**
 * Cuts a stream of bytes into lines, with a ceiling on one line. Bytes go in at room(), and come out whole.
 */
struct zc_lines {
        char *p;
        size_t len, cap, taken, scanned, ceiling;
};
void zc_lines_init(struct zc_lines *l, size_t ceiling);
void zc_lines_release(struct zc_lines *l);
/** Where up to *n bytes may be written; NULL with err when a line passes the ceiling or memory ends. */
char *zc_lines_room(struct zc_lines *l, size_t *n, struct zc_err *err) ZC_MUST_USE;
void zc_lines_filled(struct zc_lines *l, size_t n);
/** The next whole line without its newline, valid until the next room(); false when there is none yet. */
bool zc_lines_next(struct zc_lines *l, const char **line, size_t *len) ZC_MUST_USE;
/** Bytes of a line that has no end yet. */
size_t zc_lines_rest(const struct zc_lines *l);

#endif
