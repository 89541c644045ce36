/** The socket of one conversation. See conv.h; scheduling is exchange.c's. */
#include "conv.h"

#include <assert.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define READ_CHUNK ((size_t)16 * 1024)
#define READS_PER_TURN 4 /* then others have their turn */
#define SENDS_PER_TURN 16
#define MAX_BYTES_DEFAULT ((size_t)64 * 1024)

void conv_reset(struct zc_conv *c)
{
        c->connect = ZC_CONNECT_NONE;
        c->verdict = ZC_SCOPE_IN;
        c->sys = 0;
        c->icmp_type = c->icmp_code = -1;
        c->icmp_from = (struct zc_addr){ 0 };
        c->rtt_us = -1;
        c->sent = c->received = 0;
        c->finished = c->cut = false;
}

/* ---- time ---- */

static int64_t after(int64_t ms)
{
        return ms > 0 ? zc_deadline_in(ms).at_ms : INT64_MAX;
}

static int64_t earlier(int64_t a, int64_t b)
{
        return a < b ? a : b;
}

static void rearm(const struct conv_loop *loop, struct conv_slot *s, int64_t ms)
{
        s->wake_at = earlier(earlier(after(ms), s->total_at), loop->deadline_at);
}

/* ---- opening and closing ---- */

static void set(int fd, int level, int option, int value)
{
        (void)setsockopt(fd, level, option, &value,
                         sizeof value); /* each only improves manners or detail */
}

/* Close with a reset: no TIME_WAIT, no data of ours that lingers on for a peer that does not read. */
static void reset_on_close(int fd)
{
        const struct linger now = { .l_onoff = 1, .l_linger = 0 };

        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void conv_close(struct conv_slot *s)
{
        if (s->fd >= 0) {
                if (s->c && s->c->cut)
                        reset_on_close(s->fd);
                close(s->fd); /* leaves epoll by itself: the descriptor was never duplicated */
        }
        free(s->in);
        free(s->out);
        *s = (struct conv_slot){ .fd = -1 };
}

static bool watch(const struct conv_loop *loop, const struct conv_slot *s, int op, uint32_t events)
{
        struct epoll_event ev = { .events = events, .data = { .ptr = (void *)(uintptr_t)s } };

        return epoll_ctl(loop->epoll, op, s->fd, &ev) == 0;
}

/* Our own side ended it: out of memory, or epoll refused. */
static enum conv_result broken(struct conv_loop *loop, struct conv_slot *s)
{
        loop->no_memory = true;
        s->c->sys = errno ? errno : ENOMEM;
        s->c->cut = true;
        return CONV_ENDED;
}

/* ---- the step machine ---- */

static bool keep_unsent(struct conv_slot *s, const uint8_t *p, size_t n)
{
        s->out = malloc(n);
        if (!s->out)
                return false;
        memcpy(s->out, p, n);
        s->out_len = n;
        s->out_off = 0;
        return true;
}

/* Bytes taken by the kernel; 0 when it takes none now, or when the connection is gone (which reading then finds). */
static size_t send_some(struct conv_slot *s, const uint8_t *p, size_t n)
{
        ssize_t sent = send(s->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
                s->gone = errno;
        if (sent <= 0)
                return 0;
        s->c->sent += (size_t)sent;
        return (size_t)sent;
}

static enum conv_result wait_to_read(struct conv_loop *loop, struct conv_slot *s)
{
        if (s->phase != CONV_READING && !watch(loop, s, EPOLL_CTL_MOD, EPOLLIN | EPOLLRDHUP))
                return broken(loop, s);
        s->phase = CONV_READING;
        rearm(loop, s, s->c->idle_ms);
        return CONV_GOES_ON;
}

static enum conv_result wait_to_send(struct conv_loop *loop, struct conv_slot *s, const uint8_t *p,
                                     size_t n)
{
        if (n > 0 && !keep_unsent(s, p, n))
                return broken(loop, s);
        if (!watch(loop, s, EPOLL_CTL_MOD, EPOLLOUT))
                return broken(loop, s);
        s->phase = CONV_SENDING;
        rearm(loop, s, s->c->idle_ms);
        return CONV_GOES_ON;
}

static enum conv_result drive(struct conv_loop *loop, struct conv_slot *s, enum zc_event ev)
{
        for (unsigned round = 0;; round++) {
                static const uint8_t nothing[1];
                struct zc_rd in = { s->in ? s->in + s->in_off : nothing, s->in_len - s->in_off };
                size_t had = in.n, n;
                struct zc_wr out;
                enum zc_step step;

                zc_wr_init(&out, loop->scratch, ZC_EXCHANGE_SEND_MAX);
                step = s->c->step(s->c->state, ev, &in, &out);
                assert(in.n <= had && !out.failed);
                s->in_off += had - in.n;
                if (step == ZC_STEP_DONE) {
                        s->c->finished = true;
                        return CONV_ENDED;
                }
                if (ev == ZC_EV_RESET)
                        return CONV_ENDED;
                if (step == ZC_STEP_MORE || out.len == 0)
                        return s->eof ? CONV_ENDED : wait_to_read(loop, s);
                n = send_some(s, out.p, out.len);
                if (n < out.len)
                        return wait_to_send(loop, s, out.p + n, out.len - n);
                if (round == SENDS_PER_TURN)
                        return wait_to_send(loop, s, NULL, 0);
                ev = ZC_EV_SENT;
        }
}

/* ---- connecting ---- */

static bool transient(int sys)
{
        return sys == EMFILE || sys == ENFILE || sys == ENOBUFS || sys == ENOMEM ||
               sys == EADDRNOTAVAIL || sys == EAGAIN;
}

static enum conv_result connect_ended(struct conv_slot *s, enum zc_connect how, int sys)
{
        s->c->connect = how;
        s->c->sys = sys;
        s->c->finished = !s->c->step && how != ZC_CONNECT_LOCAL;
        return CONV_ENDED;
}

/* The ICMP error behind a failed attempt, where the kernel tells (5.10 and newer for TCP); with it, a refusal is not the host's own. */
static bool read_icmp(struct conv_slot *s)
{
        uint8_t control[512];
        struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof control };

        if (recvmsg(s->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
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
                s->c->icmp_type = got.e.ee_type;
                s->c->icmp_code = got.e.ee_code;
                if (!zc_addr_from_sockaddr((const struct sockaddr *)&got.from, &s->c->icmp_from,
                                           NULL))
                        s->c->icmp_from = (struct zc_addr){ 0 };
                return true;
        }
        return false;
}

/* An error that came while waiting: from the network, not from our own side. */
static enum conv_result connect_failed(struct conv_slot *s, int sys)
{
        bool icmp = read_icmp(s);

        s->c->rtt_us = zc_mono_us() - s->started_us;
        if (sys == ECONNREFUSED)
                return connect_ended(s, icmp ? ZC_CONNECT_UNREACHABLE : ZC_CONNECT_REFUSED, sys);
        if (sys == ETIMEDOUT) {
                s->c->rtt_us = -1;
                connect_ended(s, ZC_CONNECT_SILENT, sys);
                s->c->finished = false;
                return CONV_ENDED;
        }
        return connect_ended(s, transient(sys) ? ZC_CONNECT_LOCAL : ZC_CONNECT_UNREACHABLE, sys);
}

static enum conv_result connected(struct conv_loop *loop, struct conv_slot *s)
{
        s->c->connect = ZC_CONNECT_OPEN;
        s->c->rtt_us = zc_mono_us() - s->started_us;
        if (!s->c->step) {
                s->c->finished = true;
                return CONV_ENDED;
        }
        /* From here an ICMP error is a rumour that TCP outlives: back to the kernel's usual judgement. */
        set(s->fd, IPPROTO_IP, IP_RECVERR, 0);
        if (s->c->addr.family == AF_INET6)
                set(s->fd, IPPROTO_IPV6, IPV6_RECVERR, 0);
        s->total_at = after(s->c->total_ms);
        return drive(loop, s, ZC_EV_CONNECTED);
}

/* A refusal reads ECONNREFUSED; these two say that the handshake was over before the peer broke off. */
static bool was_open(int sys)
{
        return sys == ECONNRESET || sys == EPIPE;
}

static int socket_error(int fd)
{
        int sys = 0;
        socklen_t n = sizeof sys;

        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys, &n) == 0 ? sys : errno;
}

static bool open_socket(struct conv_slot *s)
{
        s->fd = socket(s->c->addr.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
        if (s->fd < 0)
                return false;
        if (s->c->step)
                set(s->fd, IPPROTO_TCP, TCP_NODELAY, 1);
        else
                reset_on_close(s->fd);
        set(s->fd, s->c->addr.family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
            s->c->addr.family == AF_INET ? IP_RECVERR : IPV6_RECVERR, 1);
        return true;
}

enum conv_result conv_connect(struct conv_loop *loop, struct conv_slot *s)
{
        struct sockaddr_storage to;
        socklen_t n = zc_addr_to_sockaddr(&s->c->addr, s->c->port, &to);
        int sys;

        s->total_at = INT64_MAX;
        s->started_us = zc_mono_us();
        if (!open_socket(s) ||
            (connect(s->fd, (struct sockaddr *)&to, n) != 0 && errno != EINPROGRESS)) {
                sys = errno;
                if (s->fd >= 0 && sys == ECONNREFUSED)
                        return connect_failed(s, sys);
                connect_ended(s, ZC_CONNECT_LOCAL, sys);
                return transient(sys) ? CONV_LATER : CONV_ENDED;
        }
        sys = socket_error(s->fd); /* on loopback a refusal is already there */
        if (was_open(sys))
                s->gone = sys;
        else if (sys != 0)
                return connect_failed(s, sys);
        if (!watch(loop, s, EPOLL_CTL_ADD, EPOLLOUT)) {
                connect_ended(s, ZC_CONNECT_LOCAL, errno);
                return transient(errno) ? CONV_LATER : CONV_ENDED;
        }
        s->phase = CONV_CONNECTING;
        rearm(loop, s, s->c->connect_ms);
        return CONV_GOES_ON;
}

/* ---- data ---- */

static size_t ceiling(const struct zc_conv *c)
{
        return c->max_bytes ? c->max_bytes : MAX_BYTES_DEFAULT;
}

/* Room for another chunk behind what was not consumed; never more than the conversation may receive. */
static bool make_room(struct conv_slot *s, size_t want)
{
        size_t held = s->in_len - s->in_off;
        uint8_t *p;

        if (s->in_off > 0) {
                memmove(s->in, s->in + s->in_off, held);
                s->in_off = 0;
                s->in_len = held;
        }
        if (s->in_cap - s->in_len >= want)
                return true;
        p = realloc(s->in, s->in_len + want);
        if (!p)
                return false;
        s->in = p;
        s->in_cap = s->in_len + want;
        return true;
}

static enum conv_result lost(struct conv_loop *loop, struct conv_slot *s, int sys)
{
        s->c->sys = sys;
        return drive(loop, s, ZC_EV_RESET);
}

static enum conv_result receive(struct conv_loop *loop, struct conv_slot *s)
{
        for (unsigned i = 0; i < READS_PER_TURN; i++) {
                size_t left = ceiling(s->c) - s->c->received,
                       want = left < READ_CHUNK ? left : READ_CHUNK;
                enum conv_result r;
                ssize_t n;

                if (!make_room(s, want))
                        return broken(loop, s);
                n = recv(s->fd, s->in + s->in_len, want, MSG_DONTWAIT);
                if (n < 0)
                        return errno == EAGAIN || errno == EINTR ? CONV_GOES_ON
                                                                 : lost(loop, s, errno);
                if (n == 0 && s->gone)
                        return lost(loop, s, s->gone);
                s->in_len += (size_t)n;
                s->c->received += (size_t)n;
                s->eof = n == 0;
                r = drive(loop, s, n == 0 ? ZC_EV_EOF : ZC_EV_DATA);
                if (r != CONV_GOES_ON)
                        return r;
                if (s->c->received >= ceiling(s->c)) {
                        s->c->cut = true;
                        return CONV_ENDED;
                }
                if (s->phase != CONV_READING)
                        return r;
        }
        return CONV_GOES_ON;
}

static enum conv_result send_rest(struct conv_loop *loop, struct conv_slot *s)
{
        size_t left = s->out_len - s->out_off,
               n = left > 0 ? send_some(s, s->out + s->out_off, left) : 0;

        if (n < left && !s->gone) {
                s->out_off += n;
                if (n > 0)
                        rearm(loop, s, s->c->idle_ms);
                return CONV_GOES_ON;
        }
        free(ZC_TAKE(s->out));
        s->out_len = s->out_off = 0;
        /* Broken; but what the peer said before may still be there to read. */
        return s->gone ? wait_to_read(loop, s) : drive(loop, s, ZC_EV_SENT);
}

enum conv_result conv_ready(struct conv_loop *loop, struct conv_slot *s, uint32_t events)
{
        int sys;

        switch (s->phase) {
        case CONV_CONNECTING:
                sys = socket_error(s->fd);
                if (was_open(sys))
                        s->gone = sys;
                else if (sys != 0)
                        return connect_failed(s, sys);
                return events & (EPOLLOUT | EPOLLERR | EPOLLHUP) ? connected(loop, s)
                                                                 : CONV_GOES_ON;
        case CONV_READING:
                return receive(loop, s);
        case CONV_SENDING:
                return send_rest(loop, s);
        case CONV_FREE:
                break;
        }
        return CONV_GOES_ON;
}

/* ---- ends ---- */

void conv_cut(struct conv_loop *loop, struct conv_slot *s)
{
        (void)loop;
        s->c->cut = true;
        if (s->phase == CONV_CONNECTING)
                connect_ended(s, ZC_CONNECT_SILENT, ETIMEDOUT);
        s->c->finished = false;
        if (s->phase == CONV_READING || s->phase == CONV_SENDING) {
                struct zc_rd in = { s->in ? s->in + s->in_off : (const uint8_t *)"",
                                    s->in_len - s->in_off };
                struct zc_wr out;

                zc_wr_init(&out, loop->scratch, ZC_EXCHANGE_SEND_MAX);
                s->c->finished = s->c->step(s->c->state, ZC_EV_TIMEOUT, &in, &out) == ZC_STEP_DONE;
        }
}

/* What we said was not acknowledged yet: a packet was lost, and its silence is no answer. */
static bool under_way(const struct conv_slot *s)
{
        struct tcp_info info = { 0 };
        socklen_t n = sizeof info;

        return getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 && info.tcpi_unacked > 0;
}

enum conv_result conv_expire(struct conv_loop *loop, struct conv_slot *s, int64_t now_ms)
{
        if (s->phase == CONV_CONNECTING && now_ms < loop->deadline_at) {
                connect_ended(s, ZC_CONNECT_SILENT, ETIMEDOUT);
                s->c->finished = false;
                return CONV_ENDED;
        }
        if (s->phase == CONV_READING && now_ms < loop->deadline_at && now_ms < s->total_at) {
                if (!under_way(s))
                        return drive(loop, s, ZC_EV_TIMEOUT);
                rearm(loop, s, s->c->idle_ms);
                return CONV_GOES_ON;
        }
        conv_cut(loop, s);
        return CONV_ENDED;
}
