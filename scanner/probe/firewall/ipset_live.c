/**
 * The conversation with ipset: only about sets that some rule looks in, so that nothing is loaded that was not there. A set is asked for by its
 * number, read by its name, and asked for again: between two readings it may have been swapped for another.
 */
#include <errno.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipset.h"
#include "ipset_wire.h"
#include "zc/netlink.h"

#define READINGS 4
#define SETS_MOST 1024

struct conversation {
        struct fw_ipsets *sets;
        uint32_t number;
        struct zc_nl *nl;
        char name[IPSET_MAXNAMELEN];
        bool interrupted;
};

static void put(struct nlmsghdr *req, uint16_t type, const void *data, size_t n)
{
        uint8_t *at = (uint8_t *)req + req->nlmsg_len;
        const struct nlattr head = { (uint16_t)(sizeof head + n), type };

        memcpy(at, &head, sizeof head);
        memcpy(at + sizeof head, data, n);
        req->nlmsg_len += (uint32_t)NLA_ALIGN(head.nla_len);
}

static bool take_name(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        struct conversation *c = ctx;
        struct fw_ipset_message m;

        (void)type;
        if (!fw_ipset_message_parse(payload, &m, err))
                return false;
        if (m.name.n >= sizeof c->name)
                return zc_fail(err, ZC_E_MALFORMED, "ipset: a name of %zu bytes", m.name.n);
        memcpy(c->name, m.name.p, m.name.n);
        c->name[m.name.n] = 0;
        return true;
}

static bool take_set(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        struct conversation *c = ctx;

        (void)type;
        return c->interrupted || fw_ipsets_take(c->sets, c->number, payload, err);
}

static void interrupted(void *ctx)
{
        struct conversation *c = ctx;

        c->interrupted = true;
}

/** The name of the set that has this number now. */
static bool ask_name(struct conversation *c, uint32_t index, struct zc_err *err)
{
        uint8_t buf[128] __attribute__((aligned(8))) = { 0 };
        const uint8_t protocol = 7, number[2] = { (uint8_t)(index >> 8), (uint8_t)index };
        void *extra;
        struct nlmsghdr *req = zc_nl_message(buf, ZC_IPSET_TYPE(ZC_IPSET_GET_BYINDEX), 0,
                                             sizeof(struct nfgenmsg), &extra);

        put(req, IPSET_ATTR_PROTOCOL, &protocol, 1);
        put(req, IPSET_ATTR_INDEX | NLA_F_NET_BYTEORDER, number, 2);
        c->name[0] = 0;
        return zc_nl_request(c->nl, req, take_name, NULL, c, err) &&
               (c->name[0] || zc_fail(err, ZC_E_MALFORMED, "ipset: a set without a name"));
}

static bool ask_set(struct conversation *c, const char *name, struct zc_err *err)
{
        uint8_t buf[192] __attribute__((aligned(8))) = { 0 };
        const uint8_t protocol = 6; /* older kernels know no other, and newer ones take it */
        void *extra;
        struct nlmsghdr *req = zc_nl_message(buf, ZC_IPSET_TYPE(ZC_IPSET_LIST), NLM_F_DUMP,
                                             sizeof(struct nfgenmsg), &extra);

        put(req, IPSET_ATTR_PROTOCOL, &protocol, 1);
        put(req, IPSET_ATTR_SETNAME, name, strlen(name) + 1);
        return zc_nl_request(c->nl, req, take_set, interrupted, c, err);
}

/** *again: it was another one in between, or changed. */
static bool read_once(struct conversation *c, bool *again, struct zc_err *err)
{
        struct fw_ipset *set = fw_ipset_at(c->sets, c->number);
        char before[IPSET_MAXNAMELEN];

        *again = false;
        c->interrupted = false;
        fw_ipset_clear(set);
        if (set->index == FW_NOWHERE) {
                snprintf(before, sizeof before, "%s", set->name ? set->name : "");
        } else {
                if (!ask_name(c, set->index, err))
                        return false;
                memcpy(before, c->name, sizeof before);
        }
        if (!ask_set(c, before, err)) {
                *again = c->interrupted || err->sys == ENOENT;
                return false;
        }
        if (set->index != FW_NOWHERE && !ask_name(c, set->index, err))
                return false;
        *again = c->interrupted || (set->index != FW_NOWHERE && strcmp(before, c->name) != 0);
        if (*again)
                return false;
        if (!set->name && !(set->name = strdup(before)))
                return zc_fail(err, ZC_E_NOMEM, "an ipset");
        return true;
}

static void read_set(struct conversation *c)
{
        struct zc_err err = { 0 };
        bool again = true, ok = false;

        for (int i = 0; i < READINGS && again && !ok; i++) {
                err = (struct zc_err){ 0 };
                ok = read_once(c, &again, &err);
        }
        fw_ipsets_done(c->sets, c->number,
                       ok                             ? NULL
                       : again                        ? "it changed during each reading"
                       : err.code == ZC_E_UNSUPPORTED ? "this kernel does not tell its name"
                                                      : "the kernel did not tell what it holds");
}

bool fw_ipsets_fetch(struct fw_ipsets *s)
{
        struct conversation c = { .sets = s };
        struct zc_err err = { 0 };
        bool any = false;

        if (fw_ipsets_next(s) == FW_NOWHERE)
                return false;
        if (!zc_nl_open(NETLINK_NETFILTER, &c.nl, &err))
                c.nl = NULL;
        while ((c.number = fw_ipsets_next(s)) != FW_NOWHERE) {
                any = true;
                if (!c.nl || c.number >= SETS_MOST)
                        fw_ipsets_done(s, c.number,
                                       c.nl ? "there are too many" : "no socket to ask with");
                else
                        read_set(&c);
        }
        zc_nl_close(c.nl);
        return any;
}
