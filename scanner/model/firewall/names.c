/** Words of the model: families, hooks, outcomes; interfaces by name. */
#include <string.h>

#include "zc/fw.h"

const char *zc_fw_family_name(enum zc_fw_family f)
{
        switch (f) {
        case ZC_FW_INET:
                return "inet";
        case ZC_FW_IP:
                return "ip";
        case ZC_FW_ARP:
                return "arp";
        case ZC_FW_NETDEV:
                return "netdev";
        case ZC_FW_BRIDGE:
                return "bridge";
        case ZC_FW_IP6:
                return "ip6";
        }
        return "unknown";
}

const char *zc_fw_hook_name(enum zc_fw_hook h)
{
        static const char *const names[] = { "none",    "ingress", "prerouting",  "input",
                                             "forward", "output",  "postrouting", "egress" };
        _Static_assert(ZC_COUNT(names) == ZC_FW_HOOKS, "a name each");

        return (size_t)h < ZC_COUNT(names) ? names[h] : "unknown";
}

const char *zc_fw_outcome_name(enum zc_fw_outcome o)
{
        static const char *const names[] = { "accept", "reject", "drop", "unknown" };

        return (size_t)o < ZC_COUNT(names) ? names[o] : "unknown";
}

const struct zc_fw_interface *zc_fw_interface_find(const struct zc_fw_host *host, const char *name)
{
        for (size_t i = 0; i < host->interface_count; i++) {
                if (strcmp(host->interfaces[i].name, name) == 0)
                        return &host->interfaces[i];
        }
        return NULL;
}

const char *zc_fw_legacy_name(const struct zc_fw_table *t)
{
        static const struct {
                enum zc_fw_family family;
                const char *name;
        } rows[] = {
                { ZC_FW_IP, "iptables-legacy" },
                { ZC_FW_IP6, "ip6tables-legacy" },
                { ZC_FW_ARP, "arptables-legacy" },
        };

        for (size_t i = 0; t->backend == ZC_FW_LEGACY && i < ZC_COUNT(rows); i++) {
                if (rows[i].family == t->family)
                        return rows[i].name;
        }
        return NULL;
}
