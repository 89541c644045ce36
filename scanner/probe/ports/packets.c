/** A walk over the ports of a host by packets of our own: the engine's targets and answers as a walk's. See walk.h. */
#include <errno.h>

#include "walk.h"

#define PER_SECOND_AWAY 2000u /* packets, beyond this machine's own networks */

struct packets {
        struct walk *w;
        struct zc_portset first;
        int at;
        bool in_first, rechecked;
};

/* Of a target that is asked a second time. */
#define TAG_AGAIN 1u

/* The sign of life, last of all. */
static enum zc_syn_next again(struct packets *p, struct zc_syn_target *out)
{
        if (p->rechecked || *p->w->answering == 0)
                return ZC_SYN_END;
        p->rechecked = true;
        *out = (struct zc_syn_target){ .addr = p->w->job->addr,
                                       .port = *p->w->answering,
                                       .tag = TAG_AGAIN };
        return ZC_SYN_NEXT;
}

/* Those of `first`, then the others. */
static enum zc_syn_next packets_next(void *ctx, struct zc_syn_target *out)
{
        struct packets *p = ctx;

        for (;;) {
                int port = zc_portset_next(p->w->ports, p->at);

                if (port < 0 && !p->in_first)
                        return again(p, out);
                if (port < 0) {
                        p->in_first = false;
                        p->at = 1;
                        continue;
                }
                p->at = port + 1;
                if (zc_portset_has(&p->first, (uint16_t)port) != p->in_first)
                        continue;
                *out = (struct zc_syn_target){ .addr = p->w->job->addr, .port = (uint16_t)port };
                return ZC_SYN_NEXT;
        }
}

/* As a connection that came to the same would tell it. */
static struct zc_conv as_conv(const struct zc_syn_target *t, const struct zc_syn_answer *a)
{
        static const struct {
                enum zc_connect connect;
                int sys;
        } table[] = {
                [ZC_SYN_SILENT] = { ZC_CONNECT_SILENT, 0 },
                [ZC_SYN_OPEN] = { ZC_CONNECT_OPEN, 0 },
                [ZC_SYN_CLOSED] = { ZC_CONNECT_REFUSED, 0 },
                [ZC_SYN_ICMP] = { ZC_CONNECT_UNREACHABLE, 0 },
                [ZC_SYN_NO_NEIGHBOUR] = { ZC_CONNECT_UNREACHABLE, EHOSTUNREACH },
                [ZC_SYN_NO_ROUTE] = { ZC_CONNECT_LOCAL, EHOSTUNREACH },
                [ZC_SYN_SCOPE] = { ZC_CONNECT_SCOPE, 0 },
                [ZC_SYN_LEFT] = { ZC_CONNECT_NONE, 0 },
                [ZC_SYN_DROPPED] = { ZC_CONNECT_LOCAL, ENOBUFS },
        };

        return (struct zc_conv){ .addr = t->addr,
                                 .port = t->port,
                                 .connect = table[a->how].connect,
                                 .cut = a->how == ZC_SYN_LEFT,
                                 .sys = table[a->how].sys,
                                 .rtt_us = a->rtt_us,
                                 .icmp_type = a->icmp_type,
                                 .icmp_code = a->icmp_code,
                                 .icmp_from = a->icmp_from };
}

static void packets_done(void *ctx, const struct zc_syn_target *t, const struct zc_syn_answer *a)
{
        static const char *const words[] = {
                [ZC_SYN_OPEN] = "SYN-ACK",
                [ZC_SYN_DROPPED] = "answers were dropped by this machine's kernel meanwhile",
        };
        struct packets *p = ctx;
        struct zc_conv c = as_conv(t, a);

        if (t->tag == TAG_AGAIN) {
                p->w->again = c.connect;
                return;
        }
        if (a->how == ZC_SYN_SCOPE)
                c.verdict = zc_scope_check(p->w->job->scope, p->w->job->name, &t->addr);
        p->w->concluded(p->w->ctx, &c, a->attempts,
                        (size_t)a->how < ZC_COUNT(words) ? words[a->how] : NULL);
}

/* What was not even begun. */
static void leave(struct packets *p)
{
        const struct zc_syn_answer left = {
                .how = ZC_SYN_LEFT, .icmp_type = -1, .icmp_code = -1, .rtt_us = -1
        };
        struct zc_syn_target t;

        while (packets_next(p, &t) == ZC_SYN_NEXT)
                packets_done(p, &t, &left);
}

bool walk_packets(struct walk *w, struct zc_syn_stats *stats, struct zc_err *err)
{
        struct packets p = { .w = w, .at = 1, .in_first = true };
        struct zc_syn_source source = {
                .next = packets_next, .done = packets_done, .name = w->job->name, .ctx = &p
        };
        struct zc_syn_limits limits = { .per_second = w->job->per_second,
                                        .near = zc_syn_on_link(w->job->syn, &w->job->addr) };
        bool ok = zc_portset_parse("top-100", &p.first, err);

        if (limits.per_second == 0 && !limits.near)
                limits.per_second = PER_SECOND_AWAY;
        if (ok)
                ok = zc_syn_run(w->job->syn, w->job->scope, &source, &limits, w->job->deadline,
                                stats, err);
        p.rechecked = true;
        leave(&p);
        return ok;
}
