/**
 * A run: from a job (what to look at, within what limits) to evidence, with two processes (design section 3). The parent reads what needs
 * privilege, forks the sandboxed collector, and writes down the records that the collector pipes up.
 */
#ifndef ZC_RUN_H
#define ZC_RUN_H

#include "zc/evidence.h"
#include "zc/permute.h"
#include "zc/portset.h"
#include "zc/probe.h"
#include "zc/progress.h"
#include "zc/scope.h"
#include "zc/target.h"

/** One configured target: an id and the things it names. */
struct zc_job_target {
        const char *id; /* "" when none was configured: the asset then follows the target (design section 1) */
        struct zc_target *named;
        size_t named_count;
        const json_t *tags;    /* array, or NULL */
        const char *zone;      /* "isolated" or NULL */
        const char *public_address; /* or NULL */
        const json_t *require; /* array of probe ids, or NULL */
        int64_t wait_ms;       /* wait for it to answer first, 0: do not */
        const struct zc_portset *ports; /* NULL: the job's */
        const struct zc_portset *udp;   /* with ports: NULL for none */
};

struct zc_done;

struct zc_job {
        struct zc_job_target *targets;
        size_t target_count;
        struct zc_scope *scope;
        const char *const *only, *const *skip; /* probe ids, NULL-terminated; NULL for none */
        const struct zc_portset *ports;        /* NULL: the default for the kind of target */
        const struct zc_portset *udp;          /* with ports: NULL for none */
        enum zc_probe_level level;
        int64_t deadline_ms;      /* of the whole run */
        unsigned concurrency;     /* sockets at once over all, 0: default */
        unsigned per_second;      /* packets or new connections a second over all, 0: default; ZC_RATE_MOST: no manners */
        unsigned per_host;        /* the same to one address, 0: default */
        struct zc_shard shard;    /* and the seed of every order */
        struct zc_progress *progress; /* counted up while it runs; NULL: nobody looks */
        void (*tick)(void *ctx);      /* NULL, or called a few times a second while it runs */
        void *tick_ctx;
        const struct zc_done *done; /* what needs no second look; NULL: everything is to be looked at */
        uint64_t excluded;        /* hash of what files exclude, 0: none */
        const char *root;         /* --root, "" for none */
        const char *vantage;      /* --vantage ID, NULL: machine-id */
        const json_t *options;    /* what the user chose, for run.options; no secrets */
};

/**
 * A run that was cut goes on (--resume): what its stream has finished, whether a job with this head is the same run (else ZC_E_USAGE: what differs),
 * and the stream at path that holds what was finished and takes what follows; path may be where it was read from.
 */
void zc_done_free(struct zc_done *d);
ZC_FREEP(zc_done);
bool zc_done_read(struct zc_evidence *from, struct zc_done **out, struct zc_err *err) ZC_MUST_USE;
bool zc_resume_check(const struct zc_evidence *from, const json_t *run, struct zc_err *err) ZC_MUST_USE;
bool zc_resume_begin(struct zc_evidence *from, const struct zc_done *done, const char *path, struct zc_evidence **out, struct zc_err *err) ZC_MUST_USE;

/** Refuse a job that cannot run (unknown probe, nothing left of the plan): ZC_E_USAGE. Authorises every target in the job's scope, so it comes first. */
bool zc_job_check(const struct zc_job *job, struct zc_err *err) ZC_MUST_USE;
/** --dry-run: targets, probes, what each sends, privileges at hand and missing. Sends nothing, resolves nothing. */
bool zc_job_print(const struct zc_job *job, struct zc_out *out, struct zc_err *err) ZC_MUST_USE;
/** A new `run` object for the stream's head. */
json_t *zc_job_head(const struct zc_job *job, struct zc_err *err) ZC_MUST_USE;

struct zc_collected {
        int signal;          /* 0, or the signal that ended the run early: exit 128+n, stream kept and unfinished */
        bool named_missing;  /* a named target was not observed: collect exits 3 */
};

/**
 * Collect into ev (created by the caller with zc_job_head), and finish it (zc_evidence_finish) unless a signal ended the run. Peers' and probes'
 * failures, a collector's death and a passed deadline are evidence, not errors: every planned probe leaves an outcome. Fails only when we cannot go
 * on at all: no pipe, no fork, no disk. Call once per process: it gives up privileges for good (only CAP_DAC_OVERRIDE and CAP_CHOWN stay).
 */
bool zc_collect(const struct zc_job *job, struct zc_evidence *ev, struct zc_collected *out, struct zc_err *err) ZC_MUST_USE;

/**
 * First thing in main: no core dumps, not ptraceable, umask 077, 0 to 2 open, SIGPIPE ignored, other signals as they are by default. Inherited
 * descriptors above 2 (a shell's <(...)) stay open for us alone: nothing that we start inherits them, nor does the collector.
 */
void zc_harden(void);
/**
 * For commands that only read and write documents: keeps CAP_DAC_OVERRIDE and CAP_CHOWN, for outputs, and gives up everything else,
 * before a byte of a file that somebody else wrote is parsed.
 */
bool zc_documents_only(struct zc_err *err) ZC_MUST_USE;
/** Give up every capability and, when root, root: SUDO_UID, else nobody (after outputs are written, before hooks). */
bool zc_drop_all(struct zc_err *err) ZC_MUST_USE;

/** What this machine and caller can do, for `doctor`: a new array of {what, ok, why, grant}. */
json_t *zc_doctor(void) ZC_MUST_USE;

#endif
