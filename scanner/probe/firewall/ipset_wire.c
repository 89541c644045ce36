/**
 * A set's answer:
 *
 *   nfgenmsg | PROTOCOL u8 | SETNAME | TYPENAME | FAMILY u8 | REVISION u8 | DATA { as it was made } | ADT { DATA { element } … }
 *
 * Integers are in network order, addresses in a nest of their own: { IPADDR_IPV4 | IPADDR_IPV6 }.
 */
#include "ipset_wire.h"

#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>

#include "zc/netlink.h"

/* Of newer kernels than the headers that we may be built with. */
enum { ATTR_BITMASK = 12 };

static bool be16(struct zc_rd r, uint16_t *out)
{
        return r.n == 2 && zc_rd_u16(&r, out);
}

bool fw_ipset_message_parse(struct zc_rd payload, struct fw_ipset_message *out, struct zc_err *err)
{
        struct fw_ipset_message m = { .family = 0 };
        struct zc_rd v;
        uint16_t type;
        bool bad = false, ok = zc_rd_skip(&payload, sizeof(struct nfgenmsg));

        while (ok && zc_nla_next(&payload, &type, &v, &bad)) {
                switch (type) {
                case IPSET_ATTR_PROTOCOL:
                case IPSET_ATTR_REVISION:
                case IPSET_ATTR_INDEX:
                        break;
                case IPSET_ATTR_SETNAME:
                        m.name = zc_nla_text(v);
                        break;
                case IPSET_ATTR_TYPENAME:
                        m.type = zc_nla_text(v);
                        break;
                case IPSET_ATTR_FAMILY:
                        ok = zc_nla_u8(v, &m.family);
                        break;
                case IPSET_ATTR_DATA:
                        m.create = v;
                        break;
                case IPSET_ATTR_ADT:
                        m.elements = v;
                        break;
                default:
                        return zc_fail(err, ZC_E_MALFORMED, "ipset: attribute %u of a set",
                                       (unsigned)type);
                }
        }
        if (!ok || bad || m.name.n == 0)
                return zc_fail(err, ZC_E_MALFORMED, "ipset: a set's answer ends early");
        *out = m;
        return true;
}

static bool address(struct zc_rd nest, struct fw_ipset_address *out)
{
        struct zc_rd v;
        uint16_t type;
        bool bad;

        if (!zc_nla_next(&nest, &type, &v, &bad))
                return false;
        out->len = (uint8_t)(type == IPSET_ATTR_IPADDR_IPV4 ? 4 : 16);
        return (type == IPSET_ATTR_IPADDR_IPV4 || type == IPSET_ATTR_IPADDR_IPV6) &&
               v.n == out->len && zc_rd_copy(&v, out->bytes, out->len);
}

/** One attribute that sets and elements share, or that says nothing of packets. */
static bool take(uint16_t type, struct zc_rd v, struct fw_ipset_data *d)
{
        switch (type) {
        case IPSET_ATTR_IP:
                return address(v, &d->ip);
        case IPSET_ATTR_IP_TO:
                return address(v, &d->ip_to);
        case IPSET_ATTR_CIDR:
                d->has_cidr = true;
                return zc_nla_u8(v, &d->cidr);
        case IPSET_ATTR_PORT:
                return be16(v, &d->port);
        case IPSET_ATTR_PORT_TO:
                return be16(v, &d->port_to);
        case IPSET_ATTR_TIMEOUT:
                d->has_timeout = true;
                return zc_nla_be32(v, &d->timeout);
        case IPSET_ATTR_PROTO:
                return zc_nla_u8(v, &d->proto);
        case IPSET_ATTR_CADT_FLAGS:
                return zc_nla_be32(v, &d->flags);
        case IPSET_ATTR_MARK:
                return zc_nla_be32(v, &d->mark);
        case IPSET_ATTR_MARKMASK:
                d->has_markmask = true;
                return zc_nla_be32(v, &d->markmask);
        case IPSET_ATTR_CADT_LINENO:
                return true;
        default:
                d->unknown = d->unknown ? d->unknown : type;
                return true;
        }
}

static bool take_create(uint16_t type, struct zc_rd v, struct fw_ipset_data *d)
{
        switch (type) {
        case ATTR_BITMASK:
                return address(v, &d->bitmask);
        case IPSET_ATTR_NETMASK:
                return zc_nla_u8(v, &d->netmask);
        case IPSET_ATTR_INITVAL:
        case IPSET_ATTR_HASHSIZE:
        case IPSET_ATTR_MAXELEM:
        case IPSET_ATTR_BUCKETSIZE:
        case IPSET_ATTR_RESIZE:
        case IPSET_ATTR_SIZE:
        case IPSET_ATTR_ELEMENTS:
        case IPSET_ATTR_REFERENCES:
        case IPSET_ATTR_MEMSIZE:
                return true;
        default:
                return take(type, v, d);
        }
}

static bool take_element(uint16_t type, struct zc_rd v, struct fw_ipset_data *d)
{
        switch (type) {
        case IPSET_ATTR_ETHER:
                d->ether = v;
                return v.n == 6;
        case IPSET_ATTR_NAME:
                d->name = zc_nla_text(v);
                return true;
        case IPSET_ATTR_IP2:
                return address(v, &d->ip2);
        case IPSET_ATTR_CIDR2:
                d->has_cidr2 = true;
                return zc_nla_u8(v, &d->cidr2);
        case IPSET_ATTR_IFACE:
                d->iface = zc_nla_text(v);
                return d->iface.n < 16;
        case IPSET_ATTR_BYTES:
        case IPSET_ATTR_PACKETS:
        case IPSET_ATTR_COMMENT:
        case IPSET_ATTR_SKBMARK:
        case IPSET_ATTR_SKBPRIO:
        case IPSET_ATTR_SKBQUEUE:
        case IPSET_ATTR_PAD:
                return true;
        default:
                return take(type, v, d);
        }
}

static bool take_all(struct zc_rd attrs,
                     bool (*one)(uint16_t, struct zc_rd, struct fw_ipset_data *),
                     struct fw_ipset_data *out)
{
        struct fw_ipset_data d = { .cidr = 0 };
        struct zc_rd v;
        uint16_t type;
        bool bad = false;

        while (zc_nla_next(&attrs, &type, &v, &bad)) {
                if (!one(type, v, &d))
                        return false;
        }
        *out = d;
        return !bad;
}

bool fw_ipset_create_parse(struct zc_rd create, struct fw_ipset_data *out, struct zc_err *err)
{
        return take_all(create, take_create, out) ||
               zc_fail(err, ZC_E_MALFORMED, "ipset: what a set was made of is not as it should be");
}

bool fw_ipset_element_next(struct zc_rd *list, struct fw_ipset_data *out, bool *bad)
{
        struct zc_rd v;
        uint16_t type;

        if (!zc_nla_next(list, &type, &v, bad))
                return false;
        *bad = type != IPSET_ATTR_DATA || !take_all(v, take_element, out);
        return !*bad;
}
