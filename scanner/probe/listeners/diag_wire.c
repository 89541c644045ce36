/**
 * The wire of a socket, in host byte order but for ports and addresses:
 *
 *      inet_diag_msg     u8 family, u8 state, u8 timer, u8 retransmits, sockid,
 *                        u32 expires, u32 receive queue, u32 send queue, u32 uid, u32 inode       then attributes
 *      inet_diag_sockid  be16 port, be16 peer's port, 16 bytes address, 16 bytes peer's, u32 interface, u32 cookie[2]
 */
#include "diag_wire.h"

#include <linux/inet_diag.h>
#include <string.h>

#include "zc/netlink.h"

#define ATTR_CGROUP_ID 21 /* since 5.7 */

static bool head(struct zc_rd *in, struct zc_diag *d)
{
        struct zc_rd address;

        if (!zc_rd_u8(in, &d->addr.family) || !zc_rd_u8(in, &d->state) || !zc_rd_skip(in, 2) ||
            !zc_rd_u16(in, &d->port) || !zc_rd_skip(in, 2) || !zc_rd_take(in, 16, &address) ||
            !zc_rd_skip(in, 16) || !zc_rd_u32host(in, &d->interface) || !zc_rd_skip(in, 8 + 12) ||
            !zc_rd_u32host(in, &d->uid) || !zc_rd_u32host(in, &d->inode))
                return false;
        memcpy(d->addr.bytes, address.p, d->addr.family == AF_INET ? 4 : 16);
        return true;
}

bool zc_diag_parse(struct zc_rd payload, struct zc_diag *out, struct zc_err *err)
{
        struct zc_diag d = { 0 };
        struct zc_rd value;
        uint16_t type;
        uint8_t flag;
        bool bad = false;

        if (!head(&payload, &d))
                return zc_fail(err, ZC_E_MALFORMED, "socket: ends early, %zu bytes left",
                               payload.n);
        if (d.addr.family != AF_INET && d.addr.family != AF_INET6)
                return zc_fail(err, ZC_E_MALFORMED, "socket: family %u", d.addr.family);
        while (zc_nla_next(&payload, &type, &value, &bad)) {
                if (type == INET_DIAG_SKV6ONLY && zc_nla_u8(value, &flag)) {
                        d.has_v6only = true;
                        d.v6only = flag != 0;
                } else if (type == ATTR_CGROUP_ID && value.n == 8) {
                        memcpy(&d.cgroup, value.p, 8);
                }
        }
        if (bad)
                return zc_fail(err, ZC_E_MALFORMED,
                               "socket: an attribute ends early, %zu bytes left", payload.n);
        *out = d;
        return true;
}
