/** A worker pool (pthreads, small stacks): one task at a time per worker, with a ceiling per host and in all. */
#ifndef ZC_POOL_H
#define ZC_POOL_H

#include "zc/addr.h"
#include "zc/err.h"

struct zc_pool;

/** @workers: threads; @per_host: tasks with the same host key that may run at once, 0 for no limit. */
bool zc_pool_new(unsigned workers, unsigned per_host, struct zc_pool **out, struct zc_err *err) ZC_MUST_USE;
/** Blocks while the queue is full, so a generator of a million targets needs no memory. The task runs on a worker. */
bool zc_pool_add(struct zc_pool *p, const struct zc_addr *host, void (*task)(void *arg), void *arg, struct zc_err *err) ZC_MUST_USE;
/** Returns when every task added so far has run. */
void zc_pool_wait(struct zc_pool *p);
/** From a signal-driven stop: queued tasks are dropped through `drop` (may be NULL), running ones see zc_pool_stopping(). */
void zc_pool_stop(struct zc_pool *p, void (*drop)(void *arg));
bool zc_pool_stopping(const struct zc_pool *p);
/** Waits, then ends the workers. */
void zc_pool_free(struct zc_pool *p);
ZC_FREEP(zc_pool);

#endif
