/** See include/zc/datagram.h. */
#include "zc/datagram.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define AT_ONCE 64u
#define ROUNDS 2u
#define SPACE_AWAY 20 /* ms between datagrams */
#define WAIT_AWAY 1000
#define WAIT_SELF 250
#define SLOWLY_MS 1050 /* Linux: icmp_ratelimit */

struct open_port {
        struct zc_datagram *d;
        int fd;
        int64_t sent_us;
};

struct batch {
        const struct zc_datagram_job *job;
        struct open_port p[AT_ONCE];
        struct pollfd poll[AT_ONCE];
        size_t count;
        bool errors;
};

/* ---- one port ---- */

static bool waits(const struct open_port *p)
{
        return p->fd >= 0 && p->d->end == ZC_DATAGRAM_SILENT;
}

static void local_failed(struct open_port *p, int sys)
{
        p->d->end = ZC_DATAGRAM_LOCAL;
        p->d->sys = sys;
}

/** Connected, unless the answer may come from elsewhere: the kernel then hands over that address's datagrams and errors alone. */
static void port_open(const struct zc_datagram_job *job, struct open_port *p)
{
        bool v4 = job->addr.family == AF_INET;
        struct sockaddr_storage to;
        socklen_t len = zc_addr_to_sockaddr(&job->addr, p->d->port, &to);
        int on = 1;

        p->d->end = ZC_DATAGRAM_SILENT;
        p->fd = socket(job->addr.family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (p->fd < 0) {
                local_failed(p, errno);
                return;
        }
        (void)setsockopt(p->fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, &on,
                         sizeof on);
        if (!p->d->other_port && connect(p->fd, (const struct sockaddr *)&to, len) != 0)
                local_failed(p, errno);
}

static void port_close(struct open_port *p)
{
        if (p->fd >= 0)
                close(p->fd);
        p->fd = -1;
}

/** The ICMP error that is kept for the socket; false when there is none. */
static bool error_read(struct open_port *p)
{
        uint8_t control[512];
        struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof control };

        if (recvmsg(p->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
                return false;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
                struct {
                        struct sock_extended_err e;
                        struct sockaddr_storage from;
                } got = { 0 };
                bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
                bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
                size_t n = c->cmsg_len - CMSG_LEN(0);

                if ((!v4 && !v6) || n < sizeof got.e)
                        continue;
                memcpy(&got, CMSG_DATA(c), n < sizeof got ? n : sizeof got);
                if (got.e.ee_origin != SO_EE_ORIGIN_ICMP && got.e.ee_origin != SO_EE_ORIGIN_ICMP6)
                        continue;
                p->d->icmp_type = got.e.ee_type;
                p->d->icmp_code = got.e.ee_code;
                if (!zc_addr_from_sockaddr((const struct sockaddr *)&got.from, &p->d->icmp_from,
                                           NULL))
                        p->d->icmp_from = (struct zc_addr){ 0 };
                return true;
        }
        return false;
}

/** An error while sending or receiving: from the network, or our own. */
static void port_failed(struct batch *b, struct open_port *p, int sys)
{
        bool icmp = error_read(p);

        if (!icmp && sys != ECONNREFUSED) {
                local_failed(p, sys);
                return;
        }
        p->d->end = ZC_DATAGRAM_ICMP;
        p->d->sys = sys;
        p->d->rtt_us = zc_mono_us() - p->sent_us;
        p->d->at_ms = zc_wall_ms();
        b->errors = true;
}

static void port_send(struct batch *b, struct open_port *p)
{
        struct sockaddr_storage to;
        socklen_t len = zc_addr_to_sockaddr(&b->job->addr, p->d->port, &to);
        ssize_t n;

        p->sent_us = zc_mono_us();
        n = p->d->other_port ? sendto(p->fd, p->d->ask, p->d->ask_n, MSG_NOSIGNAL,
                                      (const struct sockaddr *)&to, len)
                             : send(p->fd, p->d->ask, p->d->ask_n, MSG_NOSIGNAL);
        p->d->attempts++;
        if (n < 0 && errno != EAGAIN && errno != ENOBUFS) /* those are a loss like others */
                port_failed(b, p, errno);
}

static bool from_peer(const struct batch *b, const struct sockaddr_storage *from)
{
        struct zc_addr a;

        return zc_addr_from_sockaddr((const struct sockaddr *)from, &a, NULL) &&
               zc_addr_cmp(&a, &b->job->addr) == 0;
}

static void port_receive(struct batch *b, struct open_port *p)
{
        struct sockaddr_storage from = { 0 };
        socklen_t len = sizeof from;
        ssize_t n = recvfrom(p->fd, p->d->answer, sizeof p->d->answer, 0, (struct sockaddr *)&from,
                             &len);

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                if (error_read(p)) /* an error of an unconnected socket */
                        port_failed(b, p, ECONNREFUSED);
                return;
        }
        if (n < 0) {
                port_failed(b, p, errno);
                return;
        }
        if (p->d->other_port && !from_peer(b, &from))
                return;
        p->d->end = ZC_DATAGRAM_ANSWERED;
        p->d->answer_n = (size_t)n;
        p->d->rtt_us = zc_mono_us() - p->sent_us;
        p->d->at_ms = zc_wall_ms();
}

/* ---- many ---- */

/** Hears all that still wait, until then or until none is left. */
static void listen_until(struct batch *b, int64_t until_ms)
{
        for (;;) {
                int64_t left = until_ms - zc_mono_ms();
                nfds_t n = 0;

                for (size_t i = 0; i < b->count; i++) {
                        bool open = waits(&b->p[i]);

                        b->poll[i] =
                                (struct pollfd){ .fd = open ? b->p[i].fd : -1, .events = POLLIN };
                        n += open;
                }
                if (n == 0 || left <= 0 || zc_deadline_passed(b->job->deadline))
                        return;
                if (poll(b->poll, b->count, (int)(left < 100 ? left : 100)) <= 0)
                        continue;
                for (size_t i = 0; i < b->count; i++)
                        if (b->poll[i].fd >= 0 && b->poll[i].revents)
                                port_receive(b, &b->p[i]);
        }
}

static int64_t patience(const struct zc_datagram_job *job)
{
        return job->self ? WAIT_SELF : WAIT_AWAY + 3 * job->rtt_ms;
}

/** Asks all that are silent, and hears them. False: the deadline passed. */
static bool round_run(struct batch *b, int64_t wait_ms)
{
        bool sent = false;

        for (size_t i = 0; i < b->count; i++) {
                if (!waits(&b->p[i]))
                        continue;
                if (!zc_pace_wait(b->job->pace, b->job->deadline))
                        return false;
                port_send(b, &b->p[i]);
                zc_pace_leave(b->job->pace);
                sent = true;
                listen_until(b, zc_mono_ms() + (b->job->self ? 0 : SPACE_AWAY));
        }
        if (sent)
                listen_until(b, zc_mono_ms() + wait_ms);
        return !zc_deadline_passed(b->job->deadline);
}

static void batch_close(struct batch *b)
{
        for (size_t i = 0; i < b->count; i++) {
                port_close(&b->p[i]);
                if (b->p[i].d->attempts == 0 && b->p[i].d->end == ZC_DATAGRAM_SILENT)
                        b->p[i].d->end = ZC_DATAGRAM_UNASKED;
        }
        b->count = 0;
}

static void batch_add(struct batch *b, struct zc_datagram *d)
{
        struct open_port *p = &b->p[b->count++];

        *p = (struct open_port){ .d = d };
        port_open(b->job, p);
}

/** One more look at the silent, as often as errors are sent. */
static void slowly(struct batch *b, struct zc_datagram *list, size_t count)
{
        unsigned left = ZC_DATAGRAM_SLOWLY;

        for (size_t i = 0; i < count && left > 0 && !zc_deadline_passed(b->job->deadline); i++) {
                int64_t next = zc_mono_ms() + SLOWLY_MS;

                if (list[i].end != ZC_DATAGRAM_SILENT)
                        continue;
                left--;
                batch_add(b, &list[i]);
                (void)round_run(b, SLOWLY_MS);
                batch_close(b);
                while (zc_mono_ms() < next && !zc_deadline_passed(b->job->deadline))
                        poll(NULL, 0, (int)(next - zc_mono_ms() > 0 ? next - zc_mono_ms() : 0));
        }
}

bool zc_datagram_all(const struct zc_datagram_job *job, struct zc_datagram *list, size_t count,
                     bool *errors, struct zc_err *err)
{
        enum zc_scope_verdict v = zc_scope_check(job->scope, job->name, &job->addr);
        struct batch b = { .job = job };

        *errors = false;
        if (v != ZC_SCOPE_IN)
                return zc_fail(err, ZC_E_DENIED, "not contacted: %s", zc_scope_verdict_name(v));
        for (size_t i = 0; i < count; i++) {
                list[i].icmp_type = list[i].icmp_code = -1;
                list[i].rtt_us = -1;
        }
        for (size_t i = 0; i < count && !zc_deadline_passed(job->deadline);) {
                while (b.count < AT_ONCE && i < count)
                        batch_add(&b, &list[i++]);
                for (unsigned r = 0; r < ROUNDS; r++)
                        if (!round_run(&b, patience(job)))
                                break;
                batch_close(&b);
        }
        if (b.errors && !job->self)
                slowly(&b, list, count);
        *errors = b.errors;
        return true;
}
