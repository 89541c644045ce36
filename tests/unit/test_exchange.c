#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "alloc.h"
#include "zc/exchange.h"

/* ---- peers that misbehave, one thread each ---- */

enum manner {
        PEER_STALL,
        PEER_FLOOD,
        PEER_TRICKLE,
        PEER_RST,
        PEER_CLOSE,
        PEER_ECHO,
        PEER_BANNER_RST,
        PEER_NEVER_ACCEPTS
};

struct peer {
        enum manner manner;
        int fd;
        uint16_t port;
        pthread_t thread;
        atomic_bool stop;
        atomic_int most; /* connections open at the same time */
};

static void serve(struct peer *p, int fd)
{
        static const char junk[65536];
        struct linger now = { 1, 0 };
        char buf[4096];
        ssize_t n;

        switch (p->manner) {
        case PEER_FLOOD:
                while (!p->stop && send(fd, junk, sizeof junk, MSG_NOSIGNAL) > 0)
                        ;
                break;
        case PEER_TRICKLE:
                while (!p->stop && send(fd, "x", 1, MSG_NOSIGNAL) > 0)
                        usleep(5000);
                break;
        case PEER_BANNER_RST:
                if (send(fd, "hello\n", 6, MSG_NOSIGNAL) != 6)
                        break;
                if (recv(fd, buf, sizeof buf, 0) < 0) /* so that hello was read */
                        break;
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
                break;
        case PEER_RST:
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
                break;
        case PEER_ECHO:
                while ((n = recv(fd, buf, sizeof buf, 0)) > 0)
                        if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) < 0)
                                break;
                break;
        case PEER_STALL:
                while (!p->stop)
                        usleep(5000);
                break;
        case PEER_CLOSE:
        case PEER_NEVER_ACCEPTS:
                break;
        }
        close(fd);
}

static void *peer_main(void *arg)
{
        struct peer *p = arg;

        while (!p->stop && p->manner != PEER_NEVER_ACCEPTS) {
                struct pollfd pfd = { p->fd, POLLIN, 0 };

                if (poll(&pfd, 1, 10) == 1) {
                        int fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC);

                        if (fd >= 0)
                                serve(p, fd);
                }
        }
        return NULL;
}

static int listener(uint16_t *port, int backlog)
{
        struct sockaddr_in sin = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof sin;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof sin), 0);
        if (backlog >= 0)
                assert_int_equal(listen(fd, backlog), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &n), 0);
        *port = ntohs(sin.sin_port);
        return fd;
}

static void peer_start(struct peer *p, enum manner manner)
{
        *p = (struct peer){ .manner = manner };
        p->fd = listener(&p->port, 64);
        assert_int_equal(pthread_create(&p->thread, NULL, peer_main, p), 0);
}

static void peer_end(struct peer *p)
{
        p->stop = true;
        pthread_join(p->thread, NULL);
        close(p->fd);
}

/* ---- a step machine that takes notes ---- */

struct notes {
        const char *say; /* sent when connected */
        size_t say_times;
        size_t want; /* done after so many bytes; 0: never */
        unsigned events[ZC_EV_TIMEOUT + 1];
        unsigned patience; /* done after so many timeouts; 0: MORE for ever */
        size_t got;
        char first[16];
};

static enum zc_step note(void *state, enum zc_event ev, struct zc_rd *in, struct zc_wr *out)
{
        struct notes *n = state;

        n->events[ev]++;
        if ((ev == ZC_EV_CONNECTED || ev == ZC_EV_SENT) && n->say && n->say_times > 0) {
                n->say_times--;
                zc_wr_str(out, n->say);
                return ZC_STEP_SEND;
        }
        for (size_t i = 0; i < in->n && n->got + i < sizeof n->first - 1; i++)
                n->first[n->got + i] = (char)in->p[i];
        n->got += in->n;
        assert_true(zc_rd_skip(in, in->n));
        if (ev == ZC_EV_TIMEOUT && n->patience && n->events[ev] >= n->patience)
                return ZC_STEP_DONE;
        return n->want && n->got >= n->want ? ZC_STEP_DONE : ZC_STEP_MORE;
}

/* ---- sources ---- */

struct list {
        struct zc_conv *convs;
        size_t n, given, done;
        size_t stop_after; /* 0: never */
};

static struct zc_conv *list_next(void *ctx)
{
        struct list *l = ctx;

        return l->given < l->n ? &l->convs[l->given++] : NULL;
}

static void list_done(void *ctx, struct zc_conv *c)
{
        struct list *l = ctx;

        assert_true(c >= l->convs && c < l->convs + l->n);
        l->done++;
}

static bool list_stopping(void *ctx)
{
        const struct list *l = ctx;

        return l->stop_after && l->done >= l->stop_after;
}

static struct zc_scope *loopback_scope(void)
{
        struct zc_scope *s = zc_scope_new();

        assert_non_null(s);
        assert_true(zc_scope_allow(s, "127.0.0.0/8", &(struct zc_err){ 0 }));
        assert_true(zc_scope_allow(s, "::1", &(struct zc_err){ 0 }));
        assert_true(zc_scope_allow(s, "198.51.100.1", &(struct zc_err){ 0 }));
        return s;
}

static struct zc_addr addr(const char *text)
{
        struct zc_addr a = { 0 };

        assert_true(zc_addr_parse(text, &a, &(struct zc_err){ 0 }));
        return a;
}

static bool run_limits(struct zc_conv *c, size_t n, struct zc_deadline d,
                       struct zc_exchange_limits limits, struct zc_err *err)
{
        ZC_AUTO(zc_scope) scope = loopback_scope();
        struct list l = { c, n, 0, 0, 0 };
        struct zc_exchange_source source = {
                .next = list_next, .done = list_done, .ctx = &l, .stopping = list_stopping
        };
        bool ok = zc_exchange_run(scope, &source, &limits, d, err);

        assert_int_equal(l.given, n);
        assert_int_equal(l.done, n);
        return ok;
}

static void run(struct zc_conv *c, size_t n, int64_t ms)
{
        struct zc_err err = { 0 };

        if (!run_limits(c, n, zc_deadline_in(ms), (struct zc_exchange_limits){ 100, 0 }, &err))
                fail_msg("%s", err.text);
}

static struct zc_conv to(const struct peer *p, struct notes *n)
{
        return (struct zc_conv){ .addr = addr("127.0.0.1"),
                                 .port = p->port,
                                 .step = n ? note : NULL,
                                 .state = n,
                                 .connect_ms = 5000 };
}

/* ---- what peers do ---- */

static void test_echo(void **state)
{
        struct peer p;
        struct notes n = { .say = "ping", .say_times = 3, .want = 12 };
        struct zc_conv c;

        (void)state;
        peer_start(&p, PEER_ECHO);
        c = to(&p, &n);
        run(&c, 1, 10000);
        peer_end(&p);
        assert_int_equal(c.connect, ZC_CONNECT_OPEN);
        assert_true(c.finished);
        assert_false(c.cut);
        assert_string_equal(n.first, "pingpingping");
        assert_int_equal(c.sent, 12);
        assert_int_equal(c.received, 12);
        assert_int_equal(n.events[ZC_EV_CONNECTED], 1);
        assert_int_equal(n.events[ZC_EV_SENT], 3);
        assert_true(c.rtt_us >= 0);
}

/* More than a socket's buffers hold: the rest is kept and sent as the peer reads. */
static void test_much(void **state)
{
        static char big[60000];
        struct peer p;
        struct notes n = { .say = big, .say_times = 40, .want = 40 * (sizeof big - 1) };
        struct zc_conv c;

        (void)state;
        memset(big, 'a', sizeof big - 1);
        peer_start(&p, PEER_ECHO);
        c = to(&p, &n);
        c.max_bytes = n.want;
        run(&c, 1, 20000);
        assert_int_equal(c.sent, n.want);
        assert_int_equal(n.got, n.want);
        assert_true(c.finished);
        peer_end(&p);
}

static void test_no_reader(void **state)
{
        static char big[60000];
        struct peer p;
        struct notes n = { .say = big, .say_times = SIZE_MAX };
        struct zc_conv c;

        (void)state;
        memset(big, 'a', sizeof big - 1);
        peer_start(&p, PEER_STALL);
        c = to(&p, &n);
        c.idle_ms = 50;
        run(&c, 1, 20000);
        peer_end(&p);
        assert_true(c.cut);
        assert_false(c.finished);
        assert_true(c.sent > 0);
}

static void test_manners(void **state)
{
        static const struct {
                enum manner manner;
                enum zc_event last;
                bool cut;
        } rows[] = {
                { PEER_STALL, ZC_EV_TIMEOUT, true },
                { PEER_FLOOD, ZC_EV_DATA, true },
                { PEER_TRICKLE, ZC_EV_TIMEOUT, true },
                { PEER_RST, ZC_EV_RESET, false },
                { PEER_CLOSE, ZC_EV_EOF, false },
                { PEER_BANNER_RST, ZC_EV_RESET, false },
                { PEER_NEVER_ACCEPTS, ZC_EV_TIMEOUT, true },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct peer p;
                struct notes n = { 0 };
                struct zc_conv c;

                if (rows[i].manner == PEER_BANNER_RST) {
                        n.say = "x";
                        n.say_times = 1;
                }
                peer_start(&p, rows[i].manner);
                c = to(&p, &n);
                c.total_ms = 200;
                c.idle_ms = 60;
                run(&c, 1, 20000);
                peer_end(&p);
                assert_int_equal(c.connect, ZC_CONNECT_OPEN);
                if (c.finished || c.cut != rows[i].cut || n.events[rows[i].last] == 0)
                        fail_msg("manner %d: finished %d, cut %d, sys %d", (int)rows[i].manner,
                                 c.finished, c.cut, c.sys);
                assert_true(c.received <= 65536);
                if (rows[i].manner == PEER_FLOOD)
                        assert_int_equal(c.received, 65536);
                if (rows[i].manner == PEER_TRICKLE)
                        assert_true(n.got >= 1);
                if (rows[i].last == ZC_EV_RESET)
                        assert_int_equal(c.sys, ECONNRESET);
                if (rows[i].manner == PEER_BANNER_RST)
                        assert_string_equal(n.first, "hello\n");
        }
}

static void test_patience(void **state)
{
        struct peer p;
        struct notes n = { .patience = 3 };
        struct zc_conv c;

        (void)state;
        peer_start(&p, PEER_STALL);
        c = to(&p, &n);
        c.idle_ms = 10;
        run(&c, 1, 20000);
        peer_end(&p);
        assert_true(c.finished);
        assert_int_equal(n.events[ZC_EV_TIMEOUT], 3);
}

static void test_connect_only(void **state)
{
        struct zc_conv c[3] = { 0 };
        char why[ZC_CONV_REASON_LEN];
        uint16_t closed;
        struct peer p;
        int fd = listener(&closed, -1); /* bound, not listening */

        (void)state;
        peer_start(&p, PEER_NEVER_ACCEPTS);
        c[0] = to(&p, NULL);
        c[1] = to(&p, NULL);
        c[1].port = closed;
        c[2] = to(&p, NULL);
        c[2].addr = addr("::1");
        run(c, 3, 10000);
        peer_end(&p);
        close(fd);
        assert_int_equal(c[0].connect, ZC_CONNECT_OPEN);
        assert_true(c[0].finished);
        zc_conv_reason(&c[0], why);
        assert_string_equal(why, "connected");
        assert_int_equal(c[1].connect, ZC_CONNECT_REFUSED);
        assert_true(c[1].finished && c[1].rtt_us >= 0);
        assert_int_equal(c[1].icmp_type, -1);
        zc_conv_reason(&c[1], why);
        assert_string_equal(why, "refused");
        assert_true(c[2].connect == ZC_CONNECT_REFUSED ||
                    c[2].connect == ZC_CONNECT_LOCAL /* no IPv6 here */);
}

static void test_scope(void **state)
{
        struct zc_conv c[2] = { { .addr = addr("192.0.2.1"), .port = 1 },
                                { .addr = addr("::ffff:169.254.169.254"), .port = 80 } };
        char why[ZC_CONV_REASON_LEN];

        (void)state;
        run(c, 2, 10000);
        assert_int_equal(c[0].connect, ZC_CONNECT_SCOPE);
        assert_int_equal(c[1].connect, ZC_CONNECT_SCOPE);
        assert_int_equal(c[1].verdict, ZC_SCOPE_NEVER);
        assert_false(c[0].finished || c[0].cut);
        zc_conv_reason(&c[0], why);
        assert_string_equal(why, "outside scope.allow and the targets");
}

static void test_deadline(void **state)
{
        struct zc_conv c[50];
        struct notes n[50] = { 0 };
        struct zc_err err = { 0 };
        struct peer p;
        unsigned tried = 0;

        (void)state;
        peer_start(&p, PEER_STALL);
        for (size_t i = 0; i < ZC_COUNT(c); i++)
                c[i] = to(&p, &n[i]);
        assert_true(run_limits(c, ZC_COUNT(c), zc_deadline_in(0),
                               (struct zc_exchange_limits){ 10, 0 }, &err));
        for (size_t i = 0; i < ZC_COUNT(c); i++)
                assert_true(c[i].cut && !c[i].finished && c[i].connect == ZC_CONNECT_NONE);
        assert_true(run_limits(c, ZC_COUNT(c), zc_deadline_in(150),
                               (struct zc_exchange_limits){ 10, 0 }, &err));
        for (size_t i = 0; i < ZC_COUNT(c); i++) {
                assert_true(c[i].cut && !c[i].finished);
                tried += c[i].connect != ZC_CONNECT_NONE;
        }
        assert_int_equal(tried, 10); /* at_once, and none of them ever ended */
        peer_end(&p);
}

static void test_stop(void **state)
{
        ZC_AUTO(zc_scope) scope = loopback_scope();
        struct zc_conv c[200];
        struct peer p;
        struct list l = { c, ZC_COUNT(c), 0, 0, 20 };
        struct zc_exchange_source source = {
                .next = list_next, .done = list_done, .ctx = &l, .stopping = list_stopping
        };
        struct zc_exchange_limits limits = { 4, 500 };
        struct zc_err err = { 0 };
        unsigned open = 0;

        (void)state;
        peer_start(&p, PEER_CLOSE);
        for (size_t i = 0; i < ZC_COUNT(c); i++)
                c[i] = to(&p, NULL);
        assert_true(zc_exchange_run(scope, &source, &limits, zc_deadline_in(30000), &err));
        peer_end(&p);
        assert_int_equal(l.done, ZC_COUNT(c));
        for (size_t i = 0; i < ZC_COUNT(c); i++)
                open += c[i].connect == ZC_CONNECT_OPEN;
        assert_true(open >= 20 && open < ZC_COUNT(c));
}

static void test_many(void **state)
{
        enum { MANY = 5000 };
        struct zc_conv *c = test_calloc(MANY, sizeof *c);
        struct zc_err err = { 0 };
        uint16_t closed;
        struct peer p;
        int fd = listener(&closed, -1);

        (void)state;
        peer_start(&p, PEER_CLOSE);
        for (size_t i = 0; i < MANY; i++) {
                c[i] = to(&p, NULL);
                if (i % 2)
                        c[i].port = closed;
        }
        assert_true(run_limits(c, MANY, zc_deadline_in(60000),
                               (struct zc_exchange_limits){ 1000, 0 }, &err));
        for (size_t i = 0; i < MANY; i++)
                assert_int_equal(c[i].connect, i % 2 ? ZC_CONNECT_REFUSED : ZC_CONNECT_OPEN);
        assert_true(run_limits(c, 40, zc_deadline_in(60000), (struct zc_exchange_limits){ 3, 1000 },
                               &err));
        for (size_t i = 0; i < 40; i++)
                assert_int_equal(c[i].connect, i % 2 ? ZC_CONNECT_REFUSED : ZC_CONNECT_OPEN);
        peer_end(&p);
        close(fd);
        test_free(c);
}

/* ---- our own side ---- */

/* In a child: its limits and namespaces are its own. Returns what the child found; 77 for "cannot be tried here". */
static int in_child(int (*fn)(void))
{
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0)
                _exit(fn());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}

#define CHECK(cond)                                                                                \
        do {                                                                                       \
                if (!(cond))                                                                       \
                        return __LINE__ % 70 + 1;                                                  \
        } while (0)

static int few_descriptors(void)
{
        struct rlimit r = { 90, 90 };
        struct zc_conv c[300];
        struct zc_err err = { 0 };
        uint16_t closed;
        int held[90], n = 0;

        listener(&closed, -1);
        CHECK(setrlimit(RLIMIT_NOFILE, &r) == 0);
        for (size_t i = 0; i < ZC_COUNT(c); i++)
                c[i] = (struct zc_conv){ .addr = addr("127.0.0.1"), .port = closed };
        CHECK(run_limits(c, ZC_COUNT(c), zc_deadline_in(30000),
                         (struct zc_exchange_limits){ 5000, 0 }, &err));
        while (n < 90 && (held[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
                n++;
        CHECK(n > 3);
        CHECK(!run_limits(c, 3, zc_deadline_in(30000), (struct zc_exchange_limits){ 5, 0 },
                          &err)); /* not even epoll */
        CHECK(c[0].cut && c[0].connect == ZC_CONNECT_NONE);
        close(held[--n]);
        CHECK(run_limits(c, 30, zc_deadline_in(30000), (struct zc_exchange_limits){ 5, 0 },
                         &err)); /* epoll, and no socket */
        for (size_t i = 0; i < 30; i++)
                CHECK(c[i].connect == ZC_CONNECT_LOCAL && c[i].sys == EMFILE && !c[i].finished);
        close(held[--n]);
        CHECK(run_limits(c, ZC_COUNT(c), zc_deadline_in(30000), (struct zc_exchange_limits){ 5, 0 },
                         &err)); /* one socket at a time */
        for (size_t i = 0; i < ZC_COUNT(c); i++)
                CHECK(c[i].connect == ZC_CONNECT_REFUSED);
        return 0;
}

static int few_ports(void)
{
        struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
        struct peer p = { 0 };
        struct zc_conv c[60];
        struct notes n[60] = { 0 };
        struct zc_err err = { 0 };
        int fd, range;

        if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
                return 77;
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (ioctl(fd, SIOCSIFFLAGS, &lo) != 0)
                return 77;
        p.fd = listener(&p.port, 256);
        range = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
        if (range < 0 || write(range, "40000 40009", 11) != 11)
                return 77;
        for (size_t i = 0; i < ZC_COUNT(c); i++) {
                c[i] = to(
                        &p,
                        i < 10 ? &n[i]
                               : NULL); /* ten hold every port for a while, the rest has to wait */
                c[i].total_ms = 100;
        }
        CHECK(run_limits(c, ZC_COUNT(c), zc_deadline_in(60000),
                         (struct zc_exchange_limits){ 60, 0 }, &err));
        for (size_t i = 0; i < ZC_COUNT(c); i++)
                CHECK(c[i].connect == ZC_CONNECT_OPEN && c[i].cut == (i < 10));
        for (size_t i = 0; i < ZC_COUNT(c);
             i++) /* a missing route is our side's matter, not the peer's */
                c[i] = (struct zc_conv){ .addr = addr("198.51.100.1"), .port = 1 };
        CHECK(run_limits(c, ZC_COUNT(c), zc_deadline_in(60000),
                         (struct zc_exchange_limits){ 60, 0 }, &err));
        for (size_t i = 0; i < ZC_COUNT(c); i++)
                CHECK(c[i].connect == ZC_CONNECT_LOCAL && c[i].sys == ENETUNREACH);
        return 0;
}

static void test_descriptors(void **state)
{
        int r = in_child(few_descriptors);

        (void)state;
        if (r != 0)
                fail_msg("child: %d", r);
}

static void test_local_ports(void **state)
{
        int r = in_child(few_ports);

        (void)state;
        if (r == 77)
                skip();
        if (r != 0)
                fail_msg("child: %d", r);
}

static void test_no_memory(void **state)
{
        struct peer p;
        bool ok = false;

        (void)state;
        peer_start(&p, PEER_ECHO);
        for (size_t at = 1; !ok; at++) {
                struct notes n[3] = { 0 };
                struct zc_conv c[3];
                ZC_AUTO(zc_scope) scope = loopback_scope();
                struct list l = { c, 3, 0, 0, 0 };
                struct zc_exchange_source source = { .next = list_next,
                                                     .done = list_done,
                                                     .ctx = &l };
                struct zc_exchange_limits limits = { 2, 0 };
                struct zc_err err = { 0 };

                for (size_t i = 0; i < 3; i++) {
                        n[i] = (struct notes){ .say = "abc", .say_times = 1, .want = 3 };
                        c[i] = to(&p, &n[i]);
                }
                alloc_fail_at(at);
                ok = zc_exchange_run(scope, &source, &limits, zc_deadline_in(20000), &err);
                alloc_fail_at(0);
                assert_int_equal(l.done, 3);
                if (!ok)
                        assert_int_equal(err.code, ZC_E_NOMEM);
                else
                        assert_true(c[0].finished && c[1].finished && c[2].finished);
        }
        peer_end(&p);
}

static void test_reasons(void **state)
{
        static const struct {
                struct zc_conv c;
                const char *words;
        } rows[] = {
                { { .connect = ZC_CONNECT_NONE }, "not tried" },
                { { .connect = ZC_CONNECT_SILENT }, "no answer" },
                { { .connect = ZC_CONNECT_SILENT, .cut = true }, "no answer before the deadline" },
                { { .connect = ZC_CONNECT_UNREACHABLE, .sys = EHOSTUNREACH, .icmp_type = -1 },
                  "unreachable (No route to host)" },
                { { .connect = ZC_CONNECT_UNREACHABLE,
                    .addr.family = AF_INET,
                    .icmp_type = 3,
                    .icmp_code = 13,
                    .icmp_from = { AF_INET, { 192, 0, 2, 1 }, 0 } },
                  "ICMP administratively prohibited from 192.0.2.1" },
                { { .connect = ZC_CONNECT_UNREACHABLE,
                    .addr.family = AF_INET6,
                    .icmp_type = 1,
                    .icmp_code = 4 },
                  "ICMPv6 port unreachable" },
                { { .connect = ZC_CONNECT_UNREACHABLE,
                    .addr.family = AF_INET,
                    .icmp_type = 11,
                    .icmp_code = 0 },
                  "ICMP time exceeded" },
                { { .connect = ZC_CONNECT_UNREACHABLE,
                    .addr.family = AF_INET,
                    .icmp_type = 3,
                    .icmp_code = 99 },
                  "ICMP type 3 code 99" },
                { { .connect = ZC_CONNECT_LOCAL, .sys = ENETUNREACH },
                  "no route from here (Network is unreachable)" },
                { { .connect = ZC_CONNECT_LOCAL, .sys = EMFILE }, "no file descriptor left" },
                { { .connect = ZC_CONNECT_LOCAL, .sys = EADDRNOTAVAIL },
                  "no local address or port left" },
                { { .connect = ZC_CONNECT_LOCAL, .sys = EPERM }, "this machine's own rules" },
                { { .connect = ZC_CONNECT_LOCAL, .sys = EINVAL }, "this machine could not send" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                char why[ZC_CONV_REASON_LEN];

                zc_conv_reason(&rows[i].c, why);
                if (strncmp(why, rows[i].words, strlen(rows[i].words)) != 0)
                        fail_msg("\"%s\", not \"%s\"", why, rows[i].words);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_echo),        cmocka_unit_test(test_much),
                cmocka_unit_test(test_no_reader),   cmocka_unit_test(test_manners),
                cmocka_unit_test(test_patience),    cmocka_unit_test(test_connect_only),
                cmocka_unit_test(test_scope),       cmocka_unit_test(test_deadline),
                cmocka_unit_test(test_stop),        cmocka_unit_test(test_many),
                cmocka_unit_test(test_descriptors), cmocka_unit_test(test_local_ports),
                cmocka_unit_test(test_no_memory),   cmocka_unit_test(test_reasons),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
