/** What collector.c and its parts share. */
#ifndef ZC_RUN_COLLECTOR_WORK_H
#define ZC_RUN_COLLECTOR_WORK_H

#include <pthread.h>
#include <stdatomic.h>

#include "collector.h"
#include "observe.h"
#include "own.h"
#include "zc/pace.h"
#include "zc/pool.h"
#include "zc/ports.h"
#include "zc/resolve.h"
#include "zc/syn.h"

struct zc_collector {
        const struct zc_collector_spec *spec;
        const char *vantage;
        struct zc_pool *pool;
        struct zc_syn *syn; /* NULL: none */
        struct zc_pace *
                pace; /* over all connections away from this machine, and over all that the user set ceilings for */
        unsigned at_once; /* over all */
        unsigned at_once_each,
                per_second_each; /* a worker's share, where it is to be reckoned with; 0 none */
        pthread_mutex_t lock;    /* of the pipe */
        struct zc_sink sink;
        bool endpoint_probes; /* any is run */
};

/** One thing that the user named, while addresses of it are looked at. */
struct zc_item {
        struct zc_collector *collector;
        size_t target, named; /* indexes, for the parent */
        const struct zc_job_target *jt;
        const struct zc_target *t;
        atomic_uint open; /* tasks, and one for whoever adds them */
        atomic_bool answered;
};

/** One address to look at. */
struct zc_work {
        struct zc_item *item;
        const char *asset;
        struct zc_addr addr;
        const struct zc_portset *ports;
        struct zc_ports_result *swept; /* what a sweep found; NULL: the ports are still to be asked */
        bool local;
};

/** An earlier run, that was cut, looked at it to the end. */
bool zc_address_is_done(const struct zc_work *work);
/** Look at one address to the end: its ports, then what is open there. Every record of it is written. */
void zc_address_observe(const struct zc_work *work);
/** The name that was used to get to it, or NULL. */
const char *zc_work_name(const struct zc_work *w);
struct zc_io zc_work_io(const struct zc_work *w, struct zc_deadline deadline);
struct zc_subject zc_work_subject(const struct zc_work *w);
/** The user's ceilings have room for several things at a time. */
bool zc_work_roomy(const struct zc_work *w);
/** Runs the endpoint probes, fills in what they find, and writes the record. */
void zc_endpoint_observe(const struct zc_work *w, json_t *endpoint, struct zc_deadline deadline);
/** The records of an address that was not looked at. */
void zc_address_leave(const struct zc_work *work, enum zc_outcome outcome, const char *why);
/** The record of a listener of this machine that cannot be reached from it; every probe of an endpoint has failed there. */
void zc_bound_leave(struct zc_collector *c, const char *asset, const char *address,
                    const json_t *port, const char *why);
/** The records of a name that has no address. */
void zc_name_leave(struct zc_item *item, const char *why);
/** Time is up, or the run is being stopped. */
bool zc_collector_over(const struct zc_collector *c);

#endif
