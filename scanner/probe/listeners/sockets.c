/** Asking sock_diag: no privilege is needed, and the answer is the kernel's own list. */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "listeners.h"
#include "zc/netlink.h"

#define LISTENERS_MAX ((size_t)65536)

struct dump {
        struct listeners *l;
        size_t before; /* where this dump began */
        bool udp;
};

void listeners_release(struct listeners *l)
{
        free(l->p);
        memset(l, 0, sizeof *l);
}

static bool add(struct listeners *l, const struct zc_diag *sock, bool udp, struct zc_err *err)
{
        if (l->count >= LISTENERS_MAX) {
                l->cut = true;
                return true;
        }
        if (l->count == l->cap) {
                size_t cap = l->cap ? l->cap * 2 : 64;
                struct listener *p = realloc(l->p, cap * sizeof *p);

                if (!p)
                        return zc_fail(err, ZC_E_NOMEM, "%zu listeners", cap);
                l->p = p;
                l->cap = cap;
        }
        l->p[l->count++] = (struct listener){ .udp = udp, .sock = *sock };
        return true;
}

static bool take(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        const struct dump *d = ctx;
        struct zc_diag sock;

        if (type != SOCK_DIAG_BY_FAMILY)
                return true;
        return zc_diag_parse(payload, &sock, err) && add(d->l, &sock, d->udp, err);
}

static void forget(void *ctx)
{
        struct dump *d = ctx;

        d->l->count = d->before;
}

static bool ask(struct zc_nl *nl, uint8_t family, bool udp, struct listeners *l, struct zc_err *err)
{
        /* A UDP socket that is bound and has no peer is in the state that TCP calls closed. */
        struct inet_diag_req_v2 want = { .sdiag_family = family,
                                         .sdiag_protocol = udp ? IPPROTO_UDP : IPPROTO_TCP,
                                         .idiag_states = 1u << (udp ? TCP_CLOSE : TCP_LISTEN) };
        struct dump d = { l, l->count, udp };
        uint8_t buf[128] __attribute__((aligned(8)));
        void *extra;
        struct nlmsghdr *req =
                zc_nl_message(buf, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof want, &extra);

        memcpy(extra, &want, sizeof want);
        return zc_nl_request(nl, req, take, forget, &d, err);
}

/** A kernel without the module for a protocol says ENOENT: its sockets are not known then. */
bool listeners_read(struct listeners *out, struct zc_err *err)
{
        static const uint8_t families[] = { AF_INET, AF_INET6 };
        struct listeners l = { 0 };
        struct zc_nl *nl = NULL;
        bool ok = zc_nl_open(NETLINK_SOCK_DIAG, &nl, err);

        for (size_t i = 0; ok && i < 2 * ZC_COUNT(families); i++) {
                bool udp = i % 2 != 0;
                bool *unlisted = udp ? &l.no_udp : &l.no_tcp;

                ok = ask(nl, families[i / 2], udp, &l, err);
                if (!ok && err->sys == ENOENT)
                        ok = *unlisted = true;
        }
        zc_nl_close(nl);
        if (!ok || (l.no_tcp && l.no_udp)) {
                listeners_release(&l);
                return zc_ctx(err, "listing sockets");
        }
        *out = l;
        return true;
}
