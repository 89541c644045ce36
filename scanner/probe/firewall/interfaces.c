#include "interfaces.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>

#include "zc/err.h"

/* A route as wide as this leads to a part of the Internet (a tunnel for everything is often two halves). */
#define WIDE_IP 8
#define WIDE_IP6 16

static bool is_wide(const struct zc_fw_route *r)
{
        return r->type == ZC_FW_UNICAST && r->table != RT_TABLE_LOCAL &&
               r->prefix <= (r->family == ZC_FW_IP6 ? WIDE_IP6 : WIDE_IP);
}

static bool leads_out(const struct zc_fw_host *host, uint32_t index, uint8_t family)
{
        for (size_t i = 0; i < host->route_count; i++) {
                const struct zc_fw_route *r = &host->routes[i];

                if (r->family == family && r->oif == index && is_wide(r))
                        return true;
        }
        return false;
}

/** Of a route with several next hops it is not known which they are. */
static bool ways_are_known(const struct zc_fw_host *host)
{
        for (size_t i = 0; i < host->route_count; i++)
                if (is_wide(&host->routes[i]) && host->routes[i].multipath)
                        return false;
        return host->known;
}

static json_t *addresses_json(const struct zc_fw_host *host, uint32_t index)
{
        json_t *out = json_array();

        for (size_t i = 0; i < host->address_count; i++) {
                const struct zc_fw_address *a = &host->addresses[i];
                char text[INET6_ADDRSTRLEN];

                if (a->interface == index && inet_ntop(a->family == ZC_FW_IP6 ? AF_INET6 : AF_INET,
                                                       a->addr, text, sizeof(text)))
                        json_array_append_new(out, json_sprintf("%s/%u", text, a->prefix));
        }
        return out;
}

static json_t *gateway_json(const struct zc_fw_host *host, uint32_t index)
{
        static const struct {
                uint8_t family;
                const char *name;
        } families[] = { { ZC_FW_IP, "ip" }, { ZC_FW_IP6, "ip6" } };
        json_t *out = json_array();

        for (size_t i = 0; i < ZC_COUNT(families); i++)
                if (leads_out(host, index, families[i].family))
                        json_array_append_new(out, json_string(families[i].name));
        return out;
}

bool fw_interfaces_tell(const struct zc_fw_host *host, json_t *firewall)
{
        json_t *list = json_array();

        if (!ways_are_known(host)) {
                json_decref(list);
                return true;
        }
        for (size_t i = 0; i < host->interface_count; i++) {
                const struct zc_fw_interface *f = &host->interfaces[i];
                json_t *kind = *f->kind ? json_string(f->kind) : json_null();
                json_t *one = json_pack("{s:s, s:o, s:b, s:o, s:o}", "name", f->name, "kind", kind,
                                        "up", f->up, "addresses", addresses_json(host, f->index),
                                        "gateway", gateway_json(host, f->index));

                if (json_array_append_new(list, one) != 0) {
                        json_decref(list);
                        return false;
                }
        }
        return json_object_set_new(firewall, "interfaces", list) == 0;
}
