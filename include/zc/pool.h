/** A worker pool (pthreads, small stacks): one task at a time per worker, with a ceiling per host and in all. */
#ifndef ZC_POOL_H
#define ZC_POOL_H

#include "zc/addr.h"
#include "zc/err.h"

struct zc_pool;

/**
 * @workers: threads, at least 1; fewer when the system grants no more. @per_host: tasks with the same host key that may run at
 * once, 0 for no limit. Workers have all signals blocked. Stacks are 512 KiB: keep large buffers off them.
 */
bool zc_pool_new(unsigned workers, unsigned per_host, struct zc_pool **out, struct zc_err *err) ZC_MUST_USE;
/**
 * Blocks while the queue is full, so a generator of a million targets needs no memory; order of arrival, but for tasks whose
 * host is at its limit, which others overtake. The task runs on a worker, and must not add tasks itself.
 * @host: NULL for tasks that belong to none; they count as one host.
 * False (ZC_E_LIMIT) once the pool is stopping: the task will not run, arg is still the caller's.
 */
bool zc_pool_add(struct zc_pool *p, const struct zc_addr *host, void (*task)(void *arg), void *arg, struct zc_err *err) ZC_MUST_USE;
/** Returns when every task added so far has run. */
void zc_pool_wait(struct zc_pool *p);
/**
 * Queued tasks are dropped through `drop` (may be NULL, is called with the pool locked), running ones see zc_pool_stopping(),
 * later ones are refused. Not for a signal handler: the handler sets a flag, the main thread calls this.
 */
void zc_pool_stop(struct zc_pool *p, void (*drop)(void *arg));
bool zc_pool_stopping(const struct zc_pool *p);
/** Waits for what was added, then ends the workers. */
void zc_pool_free(struct zc_pool *p);
ZC_FREEP(zc_pool);

#endif
