/** Netlink conversations: one request, its answer to the end, restarted when the kernel says that it changed under way. */
#include "zc/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "zc/text.h"

/* Set dumps cost the kernel quadratic time with small buffers; 64 KiB is past the knee, 128 KiB leaves room. */
#define RECEIVE_SIZE ((size_t)128 << 10)
#define SOCKET_BUFFER (1 << 20)
#define RESTARTS 5
#define SILENCE_SECONDS 20

struct zc_nl {
        struct mnl_socket *sock;
        uint32_t seq;
        uint8_t buf[RECEIVE_SIZE];
};

void zc_nl_close(struct zc_nl *nl)
{
        if (!nl)
                return;
        if (nl->sock)
                mnl_socket_close(nl->sock);
        free(nl);
}

/** What an old kernel lacks only makes errors terser. */
static void ask_for_words(struct mnl_socket *sock)
{
        int on = 1;
        int size = SOCKET_BUFFER;

        (void)mnl_socket_setsockopt(sock, NETLINK_EXT_ACK, &on, sizeof on);
        (void)mnl_socket_setsockopt(sock, NETLINK_CAP_ACK, &on, sizeof on);
        (void)setsockopt(mnl_socket_get_fd(sock), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

static bool fail_sys(struct zc_err *err, int error, const char *doing)
{
        errno = error;
        zc_fail_errno(err, "%s", doing);
        if (error == EOPNOTSUPP || error == EPROTONOSUPPORT || error == EAFNOSUPPORT)
                err->code = ZC_E_UNSUPPORTED;
        err->sys = error;
        return false;
}

static bool open_socket(struct zc_nl *nl, int protocol, struct zc_err *err)
{
        struct timeval silence = { .tv_sec = SILENCE_SECONDS };

        nl->sock = mnl_socket_open2(protocol, SOCK_CLOEXEC);
        if (!nl->sock)
                return fail_sys(err, errno, "opening a netlink socket");
        if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0)
                return fail_sys(err, errno, "binding a netlink socket");
        if (setsockopt(mnl_socket_get_fd(nl->sock), SOL_SOCKET, SO_RCVTIMEO, &silence,
                       sizeof silence) != 0)
                return fail_sys(err, errno, "setting a netlink socket's deadline");
        ask_for_words(nl->sock);
        return true;
}

bool zc_nl_open(int protocol, struct zc_nl **out, struct zc_err *err)
{
        struct zc_nl *nl = calloc(1, sizeof *nl);

        if (!nl)
                return zc_fail(err, ZC_E_NOMEM, "netlink socket");
        if (!open_socket(nl, protocol, err)) {
                zc_nl_close(nl);
                return false;
        }
        *out = nl;
        return true;
}

bool zc_nl_adopt(int fd, struct zc_nl **out, struct zc_err *err)
{
        struct zc_nl *nl = calloc(1, sizeof *nl);

        if (nl)
                nl->sock = mnl_socket_fdopen(fd);
        if (!nl || !nl->sock) {
                free(nl);
                return zc_fail(err, ZC_E_NOMEM, "netlink socket");
        }
        *out = nl;
        return true;
}

struct nlmsghdr *zc_nl_message(void *buf, uint16_t type, uint16_t flags, size_t extra_size,
                               void **extra)
{
        struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

        h->nlmsg_type = type;
        h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags |
                                    ((flags & NLM_F_DUMP) == NLM_F_DUMP ? 0 : NLM_F_ACK));
        *extra = mnl_nlmsg_put_extra_header(h, extra_size);
        return h;
}

/** The kernel said no, in its own words where it has some. */
static bool refused(const struct zc_nlack *ack, struct zc_err *err)
{
        fail_sys(err, ack->error, "the kernel refuses");
        if (ack->words.n > 0) {
                ZC_AUTO_TEXT words = { 0 };
                enum zc_code code = err->code;

                zc_text_init(&words, 256);
                zc_text_escape(&words, ack->words.p, ack->words.n);
                zc_fail(err, code, "the kernel refuses: %s (%s)", zc_text_str(&words),
                        strerror(ack->error));
                err->sys = ack->error;
        }
        return false;
}

static void end_of_answer(struct zc_nl_answer *a, const struct zc_nlmsg *m, struct zc_err *err)
{
        struct zc_nlack ack;

        a->over = true;
        if (a->failed)
                return;
        if (!zc_nlack_parse(m, &ack))
                a->failed = !zc_fail(err, ZC_E_MALFORMED,
                                     "a netlink acknowledgement of %zu bytes is malformed",
                                     m->payload.n);
        else if (ack.error == EINTR)
                a->interrupted = true;
        else if (ack.error != 0)
                a->failed = !refused(&ack, err);
}

void zc_nl_feed(struct zc_nl_answer *a, struct zc_rd datagram, struct zc_err *err)
{
        struct zc_nlmsg m;
        bool bad = false;

        while (!a->over && zc_nlmsg_next(&datagram, &m, &bad)) {
                if (m.seq != a->seq || m.portid != a->portid)
                        continue;
                if (m.flags & NLM_F_DUMP_INTR)
                        a->interrupted = true;
                if (m.type == NLMSG_DONE || m.type == NLMSG_ERROR)
                        end_of_answer(a, &m, err);
                else if (m.type == NLMSG_OVERRUN)
                        a->interrupted = true;
                else if (m.type >= NLMSG_MIN_TYPE && !a->failed && !a->interrupted && a->fn)
                        a->failed = !a->fn(a->ctx, m.type, m.payload, err);
        }
        if (bad && !a->failed) {
                a->failed = !zc_fail(err, ZC_E_MALFORMED,
                                     "a netlink message ends early, %zu bytes left", datagram.n);
                a->over = true;
        }
}

/** One datagram, from the kernel (portid 0) and nobody else: any process may write to a netlink socket's address. */
static bool receive(struct zc_nl *nl, struct zc_rd *out, struct zc_err *err)
{
        for (;;) {
                struct sockaddr_nl from = { 0 };
                struct iovec iov = { nl->buf, sizeof nl->buf };
                struct msghdr msg = { .msg_name = &from,
                                      .msg_namelen = sizeof from,
                                      .msg_iov = &iov,
                                      .msg_iovlen = 1 };
                ssize_t n = recvmsg(mnl_socket_get_fd(nl->sock), &msg, 0);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                        return zc_fail(err, ZC_E_TIMEOUT, "the kernel did not answer within %d s",
                                       SILENCE_SECONDS);
                if (n < 0)
                        return fail_sys(err, errno, "receiving from the kernel");
                if (msg.msg_namelen != sizeof from || from.nl_family != AF_NETLINK ||
                    from.nl_pid != 0)
                        continue;
                if (msg.msg_flags & MSG_TRUNC)
                        return zc_fail(err, ZC_E_LIMIT,
                                       "an answer of the kernel is larger than %zu bytes",
                                       sizeof nl->buf);
                *out = (struct zc_rd){ nl->buf, (size_t)n };
                return true;
        }
}

/** Reads to the answer's end even when it failed: what would be left unread would stand in the way of the next request. */
static bool converse(struct zc_nl *nl, struct nlmsghdr *req, struct zc_nl_answer *a,
                     struct zc_err *err)
{
        struct zc_err lost;

        req->nlmsg_seq = a->seq = ++nl->seq;
        a->portid = mnl_socket_get_portid(nl->sock);
        if (mnl_socket_sendto(nl->sock, req, req->nlmsg_len) < 0)
                return fail_sys(err, errno, "asking the kernel");
        while (!a->over) {
                struct zc_rd datagram;

                if (!receive(nl, &datagram, a->failed ? &lost : err))
                        return false;
                zc_nl_feed(a, datagram, err);
        }
        return !a->failed;
}

bool zc_nl_request(struct zc_nl *nl, struct nlmsghdr *req, zc_nl_fn fn, void (*restart)(void *ctx),
                   void *ctx, struct zc_err *err)
{
        for (int i = 0; i <= RESTARTS; i++) {
                struct zc_nl_answer a = { .fn = fn, .ctx = ctx };

                if (i > 0 && restart)
                        restart(ctx);
                if (!converse(nl, req, &a, err))
                        return false;
                if (!a.interrupted)
                        return true;
        }
        return zc_fail(err, ZC_E_IO,
                       "what the kernel was asked for changed under way, %d times in a row",
                       RESTARTS + 1);
}

bool zc_nl_send(struct zc_nl *nl, const void *messages, size_t size, struct zc_err *err)
{
        if (mnl_socket_sendto(nl->sock, messages, size) < 0)
                return fail_sys(err, errno, "asking the kernel");
        return true;
}
