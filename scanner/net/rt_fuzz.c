/** The first byte picks the message; windows of what parses lie inside it. */
#include <stdlib.h>

#include "zc/rtnl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct zc_rd window, struct zc_rd all)
{
        if (window.n > 0 && (window.p < all.p || window.p + window.n > all.p + all.n))
                abort();
}

static void check_link(struct zc_rd in)
{
        struct zc_err err = { 0 };
        struct zc_rt_link link;

        if (!zc_rt_link_parse(in, &link, &err))
                return;
        inside(link.name, in);
        inside(link.kind, in);
        inside(link.conf4, in);
        inside(link.conf6, in);
        inside(link.address, in);
        for (size_t i = 0; i < 80; i++)
                (void)zc_rt_conf(link.conf4, i);
}

static void check_tc(struct zc_rd in)
{
        struct zc_err err = { 0 };
        struct zc_rt_tc tc;

        if (zc_rt_tc_parse(in, &tc, &err))
                inside(tc.kind, in);
}

static void check_address(struct zc_rd in)
{
        struct zc_err err = { 0 };
        struct zc_rt_addr a;

        if (zc_rt_addr_parse(in, &a, &err) && a.prefix > 128)
                abort();
}

static void check_route(struct zc_rd in)
{
        struct zc_err err = { 0 };
        struct zc_rt_route r;

        if (zc_rt_route_parse(in, &r, &err) && r.multipath && r.oif != 0)
                abort();
}

static void check_neigh(struct zc_rd in)
{
        struct zc_err err = { 0 };
        struct zc_rt_neigh n;

        if (zc_rt_neigh_parse(in, &n, &err))
                inside(n.link, in);
}

static void check_rule(struct zc_rd in)
{
        struct zc_err err = { 0 };
        struct zc_rt_rule r;

        (void)!zc_rt_rule_parse(in, &r, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static void (*const checks[])(struct zc_rd in) = { check_link,  check_tc,   check_address,
                                                           check_route, check_rule, check_neigh };
        struct zc_rd in = { data, size };
        uint8_t which;

        if (zc_rd_u8(&in, &which))
                checks[which % ZC_COUNT(checks)](in);
        return 0;
}
