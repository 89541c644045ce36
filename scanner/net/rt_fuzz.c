/** The first byte picks the message; windows of what parses lie inside it. */
#include <stdlib.h>

#include "zc/rtnl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct zc_rd window, struct zc_rd all)
{
        if (window.n > 0 && (window.p < all.p || window.p + window.n > all.p + all.n))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_rd in = { data, size };
        struct zc_err err = { 0 };
        struct zc_rt_link link;
        struct zc_rt_tc tc;
        uint8_t which;

        if (!zc_rd_u8(&in, &which))
                return 0;
        if (which % 2 == 0 && zc_rt_link_parse(in, &link, &err)) {
                inside(link.name, in);
                inside(link.kind, in);
        } else if (which % 2 == 1 && zc_rt_tc_parse(in, &tc, &err)) {
                inside(tc.kind, in);
        }
        return 0;
}
