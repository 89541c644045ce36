/**
 * The wire of rtnetlink's answers, in host byte order. Each is a fixed header, then attributes:
 *
 *      ifinfomsg  u8 family, pad, u16 type, i32 index, u32 flags, u32 change
 *      tcmsg      u8 family, 3 pad, i32 index, u32 handle, u32 parent, u32 info
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "zc/netlink.h"
#include "zc/rtnl.h"

static bool ends_early(struct zc_err *err, const char *what, size_t left)
{
        return zc_fail(err, ZC_E_MALFORMED, "%s: ends early, %zu bytes left", what, left);
}

static bool find_in(struct zc_rd nest, uint16_t wanted, struct zc_rd *out)
{
        struct zc_rd value;
        uint16_t type;
        bool bad;

        while (zc_nla_next(&nest, &type, &value, &bad)) {
                if (type == wanted) {
                        *out = value;
                        return true;
                }
        }
        return false;
}

bool zc_rt_link_parse(struct zc_rd payload, struct zc_rt_link *out, struct zc_err *err)
{
        struct zc_rt_link link = { 0 };
        struct zc_rd value;
        struct zc_rd inner;
        uint16_t type;
        uint8_t attached = 0;
        bool bad = false;

        if (!zc_rd_skip(&payload, 4) || !zc_rd_u32host(&payload, &link.index) ||
            !zc_rd_skip(&payload, 8))
                return ends_early(err, "link", payload.n);
        while (zc_nla_next(&payload, &type, &value, &bad)) {
                if (type == IFLA_IFNAME)
                        link.name = zc_nla_text(value);
                else if (type == IFLA_LINKINFO && find_in(value, IFLA_INFO_KIND, &inner))
                        link.kind = zc_nla_text(inner);
                else if (type == IFLA_XDP && find_in(value, IFLA_XDP_ATTACHED, &inner) &&
                         zc_nla_u8(inner, &attached))
                        link.xdp = attached != XDP_ATTACHED_NONE;
        }
        if (bad)
                return ends_early(err, "link", payload.n);
        *out = link;
        return true;
}

bool zc_rt_tc_parse(struct zc_rd payload, struct zc_rt_tc *out, struct zc_err *err)
{
        struct zc_rt_tc tc = { 0 };
        struct zc_rd value;
        uint16_t type;
        bool bad = false;

        if (!zc_rd_skip(&payload, 4) || !zc_rd_u32host(&payload, &tc.index) ||
            !zc_rd_skip(&payload, 12))
                return ends_early(err, "tc", payload.n);
        while (zc_nla_next(&payload, &type, &value, &bad)) {
                if (type == TCA_KIND)
                        tc.kind = zc_nla_text(value);
        }
        if (bad)
                return ends_early(err, "tc", payload.n);
        *out = tc;
        return true;
}
