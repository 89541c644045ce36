/**
 * Addresses that share a route. Between two neighbouring ends of prefixes in any table the kernel's answer is the same for all, so that one question
 * serves a whole network. Where rules pick tables by more than their order, or there are more routes than are worth reading, each address is asked for.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "hop_tables.h"

#define ENDS_MAX 8192u

static int end_order(const void *a, const void *b)
{
        return memcmp(a, b, sizeof((struct class_end *)0)->first);
}

/* The first address of a prefix, and the first behind it. */
static void ends_of(const struct zc_rt_route *r, struct class_end out[2], bool *last)
{
        size_t size = r->family == AF_INET6 ? 16 : 4;
        unsigned i = r->prefix;
        bool carry = true;

        memset(out, 0, 2 * sizeof *out);
        memcpy(out[0].first, r->dst, size);
        out[1] = out[0];
        while (i > 0 && carry) { /* one is added at the prefix's last bit */
                uint8_t bit = (uint8_t)(0x80 >> ((i - 1) % 8));

                carry = out[1].first[(i - 1) / 8] & bit;
                out[1].first[(i - 1) / 8] ^= bit;
                i--;
        }
        *last = carry; /* nothing is behind it */
}

static bool take_route(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        struct classes *c = ctx;
        struct zc_rt_route r;
        struct class_end ends[2];
        bool last;

        if (type != RTM_NEWROUTE)
                return true;
        if (!zc_rt_route_parse(payload, &r, err))
                return false;
        if (r.cloned || r.family != c->family)
                return true;
        if (c->count + 2 > ENDS_MAX)
                return zc_fail(err, ZC_E_LIMIT, "more routes than are read");
        ends_of(&r, ends, &last);
        c->ends[c->count++] = ends[0];
        if (!last)
                c->ends[c->count++] = ends[1];
        return true;
}

/* The three that every system has ask for nothing; any other may. */
static bool take_rule(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        struct classes *c = ctx;
        struct zc_rt_rule r;

        if (type != RTM_NEWRULE)
                return true;
        if (!zc_rt_rule_parse(payload, &r, err))
                return false;
        c->selective |= r.selects;
        return true;
}

static void restart(void *ctx)
{
        struct classes *c = ctx;

        c->count = 0;
        c->selective = false;
}

static bool dump(struct hops *h, struct classes *c, uint16_t type, zc_nl_fn fn)
{
        uint8_t buf[256] = { 0 };
        struct zc_err err = { 0 };
        struct rtmsg *m;
        struct nlmsghdr *req = zc_nl_message(buf, type, NLM_F_DUMP, sizeof *m, (void **)&m);

        m->rtm_family = c->family;
        return zc_nl_request(h->nl, req, fn, restart, c, &err);
}

static void unique(struct classes *c)
{
        size_t n = 0;

        qsort(c->ends, c->count, sizeof *c->ends, end_order);
        for (size_t i = 0; i < c->count; i++) {
                if (n == 0 || end_order(&c->ends[n - 1], &c->ends[i]) != 0)
                        c->ends[n++] = c->ends[i];
        }
        c->count = n;
}

static void classes_read(struct hops *h, struct classes *c, uint8_t family)
{
        *c = (struct classes){ .read = true, .family = family };
        c->ends = calloc(ENDS_MAX, sizeof *c->ends);
        if (!c->ends)
                return;
        c->usable = dump(h, c, RTM_GETRULE, take_rule) && !c->selective &&
                    dump(h, c, RTM_GETROUTE, take_route);
        if (c->usable)
                unique(c);
}

struct class_end *class_of(struct hops *h, const struct zc_addr *a)
{
        struct classes *c = &h->classes[a->family == AF_INET6];
        size_t low = 0, high;

        if (!c->read)
                classes_read(h, c, a->family);
        if (!c->usable || a->zone != 0)
                return NULL;
        for (high = c->count; low < high;) { /* the first end behind it */
                size_t mid = low + (high - low) / 2;

                if (memcmp(c->ends[mid].first, a->bytes, sizeof a->bytes) <= 0)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low > 0 ? &c->ends[low - 1] : &c->before;
}

void classes_forget(struct hops *h)
{
        for (size_t i = 0; i < ZC_COUNT(h->classes); i++) {
                free(h->classes[i].ends);
                h->classes[i] = (struct classes){ 0 };
        }
}
