/**
 * A probe gathers one subject's evidence. It is one folder under scanner/probe/ and one line in probes.def; it keeps no
 * file-scope state and reaches the network, the host and the document only through its struct zc_io.
 */
#ifndef ZC_PROBE_H
#define ZC_PROBE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "zc/addr.h"
#include "zc/clock.h"
#include "zc/err.h"
#include "zc/pace.h"
#include "zc/portset.h"
#include "zc/progress.h"
#include "zc/scope.h"
#include "zc/syn.h"
#include "zc/target.h"

enum zc_probe_scope {
        ZC_SCOPE_HOST,     /* once, about the machine we run on */
        ZC_SCOPE_TARGET,   /* once per address of a target */
        ZC_SCOPE_ENDPOINT, /* once per endpoint found or named */
};

/** Where it runs: the parent reads the kernel's own answers with privilege; the sandboxed collector everything else. */
enum zc_probe_side { ZC_SIDE_PARENT, ZC_SIDE_COLLECTOR };

/** What the user lets us send (design section 3). */
enum zc_probe_level { ZC_LEVEL_OBSERVE, ZC_LEVEL_SAFE, ZC_LEVEL_ACTIVE };

enum zc_need {
        ZC_NEED_NOTHING = 0,
        ZC_NEED_NET_ADMIN = 1u << 0,  /* CAP_NET_ADMIN: nfnetlink answers */
        ZC_NEED_PTRACE = 1u << 1,     /* CAP_SYS_PTRACE: other users' /proc/PID/fd */
        ZC_NEED_TCP = 1u << 2,        /* ordinary TCP connections */
        ZC_NEED_NET_RAW = 1u << 3,    /* CAP_NET_RAW: packets of our own */
};

enum zc_outcome { ZC_DONE, ZC_PARTIAL, ZC_FAILED, ZC_SKIPPED, ZC_NOTAPPLICABLE };
const char *zc_outcome_name(enum zc_outcome o); /* "done" ... */

struct zc_ports_result;

/** What a probe is run on. Fields beyond its scope are NULL or zero. Borrowed. */
struct zc_subject {
        const char *asset;
        struct zc_addr addr;
        const char *name; /* SNI/Host, NULL for none */
        uint16_t port;
        enum zc_scheme scheme; /* of the URL that named this very port */
        const char *path;      /* of that URL with its query, NULL for none */
        int64_t started_ms;    /* run.started; 0: now */
        const struct zc_portset *ports; /* ports probe: which ports */
        const struct zc_portset *udp;   /* udp probe: which ports; NULL for none */
        struct zc_ports_result *swept; /* ports probe: they were asked already, together with those of other addresses; taken over. NULL: they were not */
        bool named_port;                /* the user named this very port: report it whatever its state */
        bool local;                     /* an address of this machine, over lo: reached_from self */
        const json_t *endpoint;         /* the endpoint's evidence so far */
        const json_t *host;             /* the host's evidence so far */
};

/** What a round trip to the subject's endpoint took, in ms rounded up; 0 unknown. */
int64_t zc_subject_rtt_ms(const struct zc_subject *s);

/** The probe's only way out. Made by run/; a test makes its own. */
struct zc_io {
        const struct zc_scope *scope;
        struct zc_deadline deadline;
        struct zc_syn *syn;           /* packets of our own; NULL: this run has none */
        struct zc_progress *progress; /* ports probe: counts what was asked; NULL: nobody looks */
        struct zc_pace *pace;         /* the run's ceiling, that every connection counts against; NULL for none */
        bool capped;                  /* the user set a ceiling, so that pace counts everywhere */
        unsigned at_once, per_second; /* ceilings for this probe on this subject; 0: its own manners */
        const char *root;             /* "" or --root DIR: put in front of absolute paths */
        /** Hands a whole record (endpoint, scan) to the stream; steals it. NULL for probes that only fill `out`. */
        void (*emit)(void *ctx, json_t *record);
        void *ctx;
        /* filled by the probe through the functions below */
        enum zc_outcome outcome; /* starts as ZC_DONE */
        char why[256];
        char needs[64];
        bool whole;      /* set with partial when every entity is in the list and only members are missing: outcome's `whole` */
        json_t *problems; /* array of {path, what, why}; NULL until the first */
};

/** Part of the subject could not be observed: outcome becomes partial. needs: "CAP_NET_ADMIN", "" for nothing that helps. */
void zc_io_partial(struct zc_io *io, const char *needs, const char *fmt, ...) ZC_PRINTF(3, 4);
/** The subject does not have what this probe is about. */
void zc_io_notapplicable(struct zc_io *io, const char *fmt, ...) ZC_PRINTF(2, 3);
/** One thing that went wrong, for problems[]. path: JSON Pointer below the subject ("/firewall/sets"), or "". */
void zc_io_problem(struct zc_io *io, const char *path, const char *what, const char *why);

struct zc_probe {
        const char *id;      /* "firewall" */
        const char *summary; /* one line */
        enum zc_probe_scope scope;
        enum zc_probe_side side;
        enum zc_probe_level level;
        unsigned needs;           /* enum zc_need: the most it can use */
        const char *const *after; /* ids that run first, NULL-terminated; NULL for none */
        bool shares;              /* endpoint probes: others that share may speak to the service meanwhile */
        bool sweeps;              /* of TCP ports: takes what a sweep over many addresses found (subject.swept) */
        const char *evidence;     /* "host.firewall": where its facts go */
        const char *sends;        /* what goes over the wire, for --dry-run and docs/what-we-send.md */
        /** NULL: always. */
        bool (*applies)(const struct zc_subject *subject);
        /**
         * Fill `out` (an object: the value at `evidence`; listeners: an array) with what was observed and nothing else.
         * True: io->outcome says done, partial or notapplicable. False: failed, err says why (ZC_E_DENIED: what it needs); what
         * stands in out by then is kept.
         */
        bool (*run)(const struct zc_subject *subject, struct zc_io *io, json_t *out, struct zc_err *err);
};

/** All probes, in an order that respects `after`; NULL-terminated. */
extern const struct zc_probe *const zc_probes[];
const struct zc_probe *zc_probe_find(const char *id);

#endif
