/** The worker pool. See include/zc/pool.h. */
#include "zc/pool.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define STACK ((size_t)512 * 1024)
#define QUEUE_PER_WORKER 4u

struct job {
        struct zc_addr host;
        void (*task)(void *arg);
        void *arg;
};

/* A mutex and three conditions; the queue is short, so finding a job whose host is free is a walk. */
struct zc_pool {
        pthread_mutex_t lock;
        pthread_cond_t work;  /* a job came, or a host became free, or the end */
        pthread_cond_t room;  /* the queue is no longer full */
        pthread_cond_t quiet; /* nothing queued, nothing running */
        pthread_t *threads;
        unsigned started;
        struct job *queue; /* in order of arrival */
        size_t queued, capacity;
        struct zc_addr *running; /* hosts of running jobs */
        size_t running_count;
        unsigned per_host;
        bool ending;
        atomic_bool stopping;
};

static bool host_free(const struct zc_pool *p, const struct zc_addr *host)
{
        unsigned n = 0;

        for (size_t i = 0; i < p->running_count && p->per_host; i++)
                n += zc_addr_cmp(&p->running[i], host) == 0;
        return p->per_host == 0 || n < p->per_host;
}

/* Takes the first job that may run now out of the queue. */
static bool take(struct zc_pool *p, struct job *out)
{
        for (size_t i = 0; i < p->queued; i++) {
                if (!host_free(p, &p->queue[i].host))
                        continue;
                *out = p->queue[i];
                for (p->queued--; i < p->queued; i++)
                        p->queue[i] = p->queue[i + 1];
                p->running[p->running_count++] = out->host;
                return true;
        }
        return false;
}

static void ended(struct zc_pool *p, const struct zc_addr *host)
{
        size_t i = 0;

        while (zc_addr_cmp(&p->running[i], host) != 0)
                i++;
        p->running[i] = p->running[--p->running_count];
        pthread_cond_broadcast(&p->work); /* perhaps its host was what others waited for */
        if (p->running_count == 0 && p->queued == 0)
                pthread_cond_broadcast(&p->quiet);
}

static void *worker(void *arg)
{
        struct zc_pool *p = arg;
        struct job job;

        pthread_mutex_lock(&p->lock);
        for (;;) {
                if (take(p, &job)) {
                        pthread_cond_signal(&p->room);
                        pthread_mutex_unlock(&p->lock);
                        job.task(job.arg);
                        pthread_mutex_lock(&p->lock);
                        ended(p, &job.host);
                } else if (p->ending && p->queued == 0) {
                        break;
                } else {
                        pthread_cond_wait(&p->work, &p->lock);
                }
        }
        pthread_mutex_unlock(&p->lock);
        return NULL;
}

/* Signals belong to the thread that made the pool; workers never see one. */
static bool start_workers(struct zc_pool *p, unsigned workers, struct zc_err *err)
{
        pthread_attr_t attr;
        sigset_t all, before;
        int sys = pthread_attr_init(&attr);

        if (sys != 0)
                return zc_fail(err, ZC_E_NOMEM, "no memory for worker threads");
        (void)pthread_attr_setstacksize(
                &attr, STACK > (size_t)PTHREAD_STACK_MIN ? STACK : (size_t)PTHREAD_STACK_MIN);
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        while (p->started < workers &&
               (sys = pthread_create(&p->threads[p->started], &attr, worker, p)) == 0)
                p->started++;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attr);
        if (p->started > 0)
                return true; /* fewer than wished for still do all the work */
        zc_fail(err, ZC_E_LIMIT,
                "no worker thread can be started: raise the limit of processes (ulimit -u)");
        err->sys = sys;
        return false;
}

bool zc_pool_new(unsigned workers, unsigned per_host, struct zc_pool **out, struct zc_err *err)
{
        struct zc_pool *p = calloc(1, sizeof *p);

        if (!p)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a worker pool");
        workers = workers ? workers : 1;
        pthread_mutex_init(&p->lock, NULL);
        pthread_cond_init(&p->work, NULL);
        pthread_cond_init(&p->room, NULL);
        pthread_cond_init(&p->quiet, NULL);
        p->per_host = per_host;
        p->capacity = (size_t)workers * QUEUE_PER_WORKER;
        p->threads = calloc(workers, sizeof *p->threads);
        p->queue = calloc(p->capacity, sizeof *p->queue);
        p->running = calloc(workers, sizeof *p->running);
        if (!p->threads || !p->queue || !p->running) {
                zc_fail(err, ZC_E_NOMEM, "no memory for a worker pool");
                goto failed;
        }
        if (!start_workers(p, workers, err))
                goto failed;
        *out = p;
        return true;
failed:
        zc_pool_free(p);
        return false;
}

bool zc_pool_add(struct zc_pool *p, const struct zc_addr *host, void (*task)(void *arg), void *arg,
                 struct zc_err *err)
{
        static const struct zc_addr none;
        bool ok;

        assert(task);
        pthread_mutex_lock(&p->lock);
        while (p->queued == p->capacity && !p->stopping)
                pthread_cond_wait(&p->room, &p->lock);
        ok = !p->stopping;
        if (ok) {
                p->queue[p->queued++] = (struct job){ host ? *host : none, task, arg };
                pthread_cond_signal(&p->work);
        }
        pthread_mutex_unlock(&p->lock);
        return ok || zc_fail(err, ZC_E_LIMIT, "stopping");
}

void zc_pool_wait(struct zc_pool *p)
{
        pthread_mutex_lock(&p->lock);
        while (p->queued > 0 || p->running_count > 0)
                pthread_cond_wait(&p->quiet, &p->lock);
        pthread_mutex_unlock(&p->lock);
}

void zc_pool_stop(struct zc_pool *p, void (*drop)(void *arg))
{
        pthread_mutex_lock(&p->lock);
        p->stopping = true;
        for (size_t i = 0; i < p->queued && drop; i++)
                drop(p->queue[i].arg);
        p->queued = 0;
        pthread_cond_broadcast(&p->room);
        pthread_cond_broadcast(&p->work);
        if (p->running_count == 0)
                pthread_cond_broadcast(&p->quiet);
        pthread_mutex_unlock(&p->lock);
}

bool zc_pool_stopping(const struct zc_pool *p)
{
        return p->stopping;
}

void zc_pool_free(struct zc_pool *p)
{
        if (!p)
                return;
        pthread_mutex_lock(&p->lock);
        p->ending = true;
        pthread_cond_broadcast(&p->work);
        pthread_mutex_unlock(&p->lock);
        for (unsigned i = 0; i < p->started; i++)
                pthread_join(p->threads[i], NULL);
        pthread_cond_destroy(&p->quiet);
        pthread_cond_destroy(&p->room);
        pthread_cond_destroy(&p->work);
        pthread_mutex_destroy(&p->lock);
        free(p->running);
        free(p->queue);
        free(p->threads);
        free(p);
}
