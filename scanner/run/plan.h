/** The plan: which probes look at what. Made from the job alone, so that --dry-run prints what a run does. */
#ifndef ZC_RUN_PLAN_H
#define ZC_RUN_PLAN_H

#include <stddef.h>

#include "zc/addr.h"
#include "zc/run.h"

enum zc_planned {
        ZC_PLAN_NOT,    /* no target of its kind: leaves no trace */
        ZC_PLAN_RUN,    /* its evidence is wanted */
        ZC_PLAN_NEEDED, /* --only left it out, but what it names runs after it: it runs as far as that needs, and a host probe leaves no evidence */
        ZC_PLAN_SKIPPED, /* the user took it out: its outcome says so */
};

struct zc_plan_row {
        const struct zc_probe *probe;
        enum zc_planned how;
        const char *why; /* of a skip: "--skip"; static */
};

#define ZC_PLAN_PROBES 64

struct zc_plan {
        struct zc_plan_row
                rows[ZC_PLAN_PROBES]; /* in the order of the registry, which respects `after` */
        size_t count;
        bool local, remote; /* there is such a target */
        bool own;           /* an address of this machine is named: its firewall and listeners say who gets there */
};

/** Wrong ids and a plan with nothing in it are ZC_E_USAGE. */
bool zc_plan_make(const struct zc_job *job, struct zc_plan *out, struct zc_err *err) ZC_MUST_USE;
/** The same from another registry, for tests. */
bool zc_plan_from(const struct zc_probe *const *probes, const struct zc_job *job,
                  struct zc_plan *out, struct zc_err *err) ZC_MUST_USE;
/** NULL when the registry has no such probe. */
const struct zc_plan_row *zc_plan_row(const struct zc_plan *plan, const char *id);
/** It is run, for itself or for others. */
bool zc_plan_runs(const struct zc_plan_row *row);
/** Any probe of this scope is run. */
bool zc_plan_scope_runs(const struct zc_plan *plan, enum zc_probe_scope scope);

/**
 * Which ports of a named host or block are looked at: its own port, else the target's, else the job's. Else top-100; a host that is named alone
 * is looked at more closely: all ports where packets of our own can be sent, top-1000 where not. *word: its name, NULL when it was chosen.
 */
bool zc_plan_ports(const struct zc_job *job, const struct zc_job_target *jt,
                   const struct zc_target *t, bool packets, struct zc_portset *out,
                   const char **word, struct zc_err *err) ZC_MUST_USE;
/** Which UDP ports of it are asked; NULL for none. What listens here on UDP is told by the kernel. */
const struct zc_portset *zc_plan_udp(const struct zc_job *job, const struct zc_job_target *jt,
                                     const struct zc_target *t);
/** Design section 1: the configured id (`auto` is the vantage), else what the target says, else the member of a block. */
const char *zc_plan_asset(const struct zc_job_target *jt, const struct zc_target *t,
                          const char *vantage, const char *member);

#define ZC_NEEDS_LEN 64
/** The capabilities of a set of enum zc_need, by name: "CAP_NET_ADMIN, CAP_SYS_PTRACE"; "" for none. */
void zc_needs_format(unsigned needs, char out[ZC_NEEDS_LEN]);
/** Those of `needs` that this process has not. */
unsigned zc_needs_missing(unsigned needs);

#endif
