/** Names to addresses. See include/zc/resolve.h. */
#include "zc/resolve.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "zc/file.h"
#include "zc/target.h"
#include "zc/text.h"

#define CHANNELS                                                                                   \
        8 /* names looked up at the same time; each channel is made before the sandbox, for making one reads files */
#define SOCKETS 32 /* of one channel: one or two per server */
#define HOSTS_MAX ((size_t)4 << 20)
#define TIMEOUT_MS 2000
#define TRIES 3

/* `usual` passes over servers that fail until one answers, and then cannot say how they failed; `telling` says it. */
struct channel {
        ares_channel usual, telling;
        bool busy;
        struct pollfd fds[SOCKETS];
        nfds_t count;
};

/* Made once, then only the `busy` flags change. */
static struct {
        bool ready;
        struct channel channels[CHANNELS];
        char *hosts;
        size_t hosts_len;
        pthread_mutex_t lock;
        pthread_cond_t idle;
} resolver = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- once ---- */

/* c-ares says which sockets it waits on. */
static void watch(void *data, ares_socket_t fd, int readable, int writable)
{
        struct channel *c = data;
        short events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
        nfds_t i = 0;

        while (i < c->count && c->fds[i].fd != fd)
                i++;
        if (events == 0) {
                if (i < c->count)
                        c->fds[i] = c->fds[--c->count];
                return;
        }
        if (i == SOCKETS)
                return; /* c-ares times that server out */
        c->fds[i] = (struct pollfd){ .fd = fd, .events = events };
        c->count += i == c->count;
}

static bool make_ares(struct channel *c, ares_channel *out, int flags,
                      const struct zc_resolve_options *o, struct zc_err *err)
{
        char lookups[] = "b"; /* DNS; the hosts file is ours */
        struct ares_options options = { .flags = flags,
                                        .timeout = o->timeout_ms ? o->timeout_ms : TIMEOUT_MS,
                                        .tries = o->tries ? o->tries : TRIES,
                                        .lookups = lookups,
                                        .sock_state_cb = watch,
                                        .sock_state_cb_data = c };
        /* No domains: a name is asked as it was named. A search list would make others of it, which nobody authorised. */
        int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                   ARES_OPT_SOCK_STATE_CB | ARES_OPT_DOMAINS;
        int status = ares_init_options(out, &options, mask);

        if (status == ARES_SUCCESS && o->servers)
                status = ares_set_servers_ports_csv(*out, o->servers);
        if (status != ARES_SUCCESS)
                return zc_fail(err, status == ARES_ENOMEM ? ZC_E_NOMEM : ZC_E_IO,
                               "preparing the resolver: %s", ares_strerror(status));
        return true;
}

static bool make_channel(struct channel *c, const struct zc_resolve_options *o, struct zc_err *err)
{
        return make_ares(c, &c->usual, 0, o, err) &&
               make_ares(c, &c->telling, ARES_FLAG_NOCHECKRESP, o, err);
}

static bool make_idle(struct zc_err *err)
{
        pthread_condattr_t attr;

        if (pthread_condattr_init(&attr) != 0)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the resolver");
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&resolver.idle, &attr);
        pthread_condattr_destroy(&attr);
        return true;
}

bool zc_resolve_init_with(const struct zc_resolve_options *options, struct zc_err *err)
{
        static const struct zc_resolve_options none;
        const struct zc_resolve_options *o = options ? options : &none;
        int status = ares_library_init(ARES_LIB_INIT_ALL);

        if (status != ARES_SUCCESS)
                return zc_fail(err, ZC_E_IO, "preparing the resolver: %s", ares_strerror(status));
        if (!make_idle(err))
                return false;
        resolver.ready = true;
        for (size_t i = 0; i < CHANNELS; i++) {
                if (!make_channel(&resolver.channels[i], o, err)) {
                        zc_resolve_release();
                        return false;
                }
        }
        if (!zc_file_read(o->hosts ? o->hosts : "/etc/hosts", HOSTS_MAX, &resolver.hosts,
                          &resolver.hosts_len, &(struct zc_err){ 0 }))
                resolver.hosts = NULL;
        return true;
}

bool zc_resolve_init(struct zc_err *err)
{
        return zc_resolve_init_with(NULL, err);
}

void zc_resolve_release(void)
{
        if (!resolver.ready)
                return;
        for (size_t i = 0; i < CHANNELS; i++) {
                if (resolver.channels[i].usual)
                        ares_destroy(resolver.channels[i].usual);
                if (resolver.channels[i].telling)
                        ares_destroy(resolver.channels[i].telling);
                resolver.channels[i] = (struct channel){ 0 };
        }
        free(ZC_TAKE(resolver.hosts));
        resolver.hosts_len = 0;
        pthread_cond_destroy(&resolver.idle);
        ares_library_cleanup();
        resolver.ready = false;
}

/* ---- channels ---- */

static struct channel *idle_channel(void)
{
        for (size_t i = 0; i < CHANNELS; i++)
                if (!resolver.channels[i].busy)
                        return &resolver.channels[i];
        return NULL;
}

static struct channel *take_channel(struct zc_deadline deadline)
{
        int64_t at = zc_mono_ms() + zc_deadline_left(deadline);
        struct timespec ts = { .tv_sec = (time_t)(at / 1000),
                               .tv_nsec = (long)(at % 1000) * 1000000 };
        struct channel *c;
        int r = 0;

        pthread_mutex_lock(&resolver.lock);
        while (!(c = idle_channel()) && r == 0)
                r = pthread_cond_timedwait(&resolver.idle, &resolver.lock, &ts);
        if (c)
                c->busy = true;
        pthread_mutex_unlock(&resolver.lock);
        return c;
}

static void give_channel(struct channel *c)
{
        pthread_mutex_lock(&resolver.lock);
        c->busy = false;
        pthread_cond_signal(&resolver.idle);
        pthread_mutex_unlock(&resolver.lock);
}

/* ---- questions ---- */

/* One family's question; the answer's addresses go to the list that both share. */
struct question {
        const char *family;
        struct zc_addrs *out;
        bool ended;
        int status;
};

static void answered(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
        struct question *q = arg;

        (void)timeouts;
        q->ended = true;
        q->status = status;
        for (const struct ares_addrinfo_node *n = info ? info->nodes : NULL; n; n = n->ai_next) {
                struct zc_addr a;

                if (zc_addr_from_sockaddr(n->ai_addr, &a, NULL))
                        zc_addrs_add(q->out, &a);
        }
        if (info)
                ares_freeaddrinfo(info);
}

static int patience(ares_channel ares, struct zc_deadline deadline)
{
        struct timeval most = { .tv_sec = 1 }, tv;
        const struct timeval *next = ares_timeout(ares, &most, &tv);
        int ms = (int)(next->tv_sec * 1000 + next->tv_usec / 1000) + 1,
            left = zc_deadline_left(deadline);

        return ms < left ? ms : left;
}

static void process(struct channel *c, ares_channel ares, struct zc_deadline deadline)
{
        struct pollfd fds[SOCKETS];
        nfds_t count = c->count; /* c-ares changes its list while it is called */

        memcpy(fds, c->fds, sizeof fds[0] * count);
        if (poll(fds, count, patience(ares, deadline)) <= 0) {
                ares_process_fd(ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* its own timeouts */
                return;
        }
        for (nfds_t i = 0; i < count; i++) {
                bool in = fds[i].revents & (POLLIN | POLLERR | POLLHUP),
                     out = fds[i].revents & POLLOUT;

                if (in || out)
                        ares_process_fd(ares, in ? fds[i].fd : ARES_SOCKET_BAD,
                                        out ? fds[i].fd : ARES_SOCKET_BAD);
        }
}

/* Asks what has not ended yet, of both families at once. */
static void ask(struct channel *c, ares_channel ares, const char *name, struct zc_deadline deadline,
                struct question q[2])
{
        static const int families[] = { AF_INET, AF_INET6 };

        for (size_t i = 0; i < 2; i++) {
                struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT,
                                                     .ai_family = families[i],
                                                     .ai_socktype = SOCK_STREAM };

                if (!q[i].ended)
                        ares_getaddrinfo(ares, name, NULL, &hints, answered, &q[i]);
        }
        while ((!q[0].ended || !q[1].ended) && !zc_deadline_passed(deadline))
                process(c, ares, deadline);
        if (!q[0].ended || !q[1].ended)
                ares_cancel(ares); /* calls answered() for what is left */
}

/* ---- answers ---- */

static const struct {
        int status;
        enum zc_code code;
        const char *words;
} answers[] = {
        { ARES_ENOTFOUND, ZC_E_IO, "no such name" },
        { ARES_ENODATA, ZC_E_IO, "the name has no address" },
        { ARES_ETIMEOUT, ZC_E_TIMEOUT, "no name server answered in time" },
        { ARES_ECANCELLED, ZC_E_TIMEOUT, "no name server answered in time" },
        { ARES_ESERVFAIL, ZC_E_IO, "the name server failed (SERVFAIL)" },
        { ARES_EREFUSED, ZC_E_IO, "the name server refused the question" },
        { ARES_ENOTIMP, ZC_E_IO, "the name server does not answer such questions" },
        { ARES_EFORMERR, ZC_E_IO, "the name server found the question malformed" },
        { ARES_EBADRESP, ZC_E_IO, "the name server's answer is malformed" },
        { ARES_ECONNREFUSED, ZC_E_IO, "no name server can be reached" },
        { ARES_EBADNAME, ZC_E_USAGE, "not a host name" },
        { ARES_ENOMEM, ZC_E_NOMEM, "no memory for an answer" },
};

static size_t answer_row(int status)
{
        size_t i = 0;

        while (i < ZC_COUNT(answers) && answers[i].status != status)
                i++;
        return i;
}

static const char *words(int status)
{
        size_t i = answer_row(status);

        return i < ZC_COUNT(answers) ? answers[i].words : ares_strerror(status);
}

/* Whether a family's answer is known: there it is, or there is none. */
static bool settled(int status)
{
        return status == ARES_SUCCESS || status == ARES_ENOTFOUND || status == ARES_ENODATA;
}

static bool refuse(const char *name, int status, struct zc_err *err)
{
        size_t i = answer_row(status);

        return zc_fail(err, i < ZC_COUNT(answers) ? answers[i].code : ZC_E_IO, "resolving %s: %s",
                       name, words(status));
}

/* With addresses of one family, the other's failure is a gap; without any, it is the reason. */
static bool conclude(const char *name, const struct question q[2], struct zc_addrs *found,
                     struct zc_err *err)
{
        for (size_t i = 0; i < 2; i++) {
                if (settled(q[i].status))
                        continue;
                if (found->count == 0)
                        return refuse(name, q[i].status, err);
                snprintf(found->missing, sizeof found->missing, "%s: %s", q[i].family,
                         words(q[i].status));
        }
        if (found->count > 0)
                return true;
        return refuse(name,
                      q[0].status == ARES_ENODATA || q[1].status == ARES_ENODATA ? ARES_ENODATA
                                                                                 : q[0].status,
                      err);
}

static bool from_dns(const char *name, struct zc_deadline deadline, struct zc_addrs *found,
                     struct zc_err *err)
{
        struct question q[2] = { { .family = "IPv4", .out = found },
                                 { .family = "IPv6", .out = found } };
        struct channel *c = take_channel(deadline);

        if (!c)
                return zc_fail(err, ZC_E_TIMEOUT, "resolving %s: too many names at once", name);
        ask(c, c->usual, name, deadline, q);
        for (size_t i = 0; i < 2; i++)
                q[i].ended = q[i].status != ARES_ECONNREFUSED;
        if (!q[0].ended || !q[1].ended)
                ask(c, c->telling, name, deadline, q);
        give_channel(c);
        return conclude(name, q, found, err);
}

/* ---- without asking ---- */

static bool is_localhost(const char *name)
{
        size_t n = strlen(name), len = strlen("localhost");

        return n >= len && zc_ascii_eq(name + n - len, "localhost") &&
               (n == len || name[n - len - 1] == '.');
}

static void from_files(const char *name, struct zc_addrs *found)
{
        static const struct zc_addr loopback[] = { { AF_INET, { 127, 0, 0, 1 }, 0 },
                                                   { AF_INET6, { [15] = 1 }, 0 } };

        if (resolver.hosts)
                zc_hosts_find((struct zc_rd){ (const uint8_t *)resolver.hosts, resolver.hosts_len },
                              name, found);
        for (size_t i = 0; i < ZC_COUNT(loopback) && is_localhost(name); i++)
                zc_addrs_add(found, &loopback[i]);
}

static bool check_name(const char *name, struct zc_err *err)
{
        size_t n = strlen(name), at;
        const char *why;
        ZC_AUTO_TEXT text = { 0 };

        zc_text_init(&text, 120);
        if (n > 1 && name[n - 1] == '.')
                n--;
        if (zc_name_check(name, n, &at, &why))
                return true;
        zc_text_escape(&text, name, strlen(name));
        return zc_fail(err, ZC_E_USAGE, "\"%s\" is not a host name, column %zu: %s",
                       zc_text_str(&text), at + 1, why);
}

bool zc_resolve(const char *name, struct zc_deadline deadline, struct zc_addrs *out,
                struct zc_err *err)
{
        struct zc_addrs found = { 0 };
        struct zc_addr literal;
        char bare[256];

        if (zc_addr_parse(name, &literal, &(struct zc_err){ 0 })) {
                zc_addrs_add(&found, &literal);
                *out = found;
                return true;
        }
        if (!check_name(name, err))
                return false;
        snprintf(bare, sizeof bare, "%.*s", (int)(strlen(name) - (name[strlen(name) - 1] == '.')),
                 name);
        from_files(bare, &found);
        if (found.count == 0 && !resolver.ready)
                return zc_fail(err, ZC_E_IO, "resolving %s: the resolver is not prepared", bare);
        if (found.count == 0 && !from_dns(name, deadline, &found, err))
                return false;
        *out = found;
        return true;
}
