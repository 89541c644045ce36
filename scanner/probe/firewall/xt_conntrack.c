/** Which of iptables' matches and targets turn connection tracking on when they are loaded (their checkentry calls nf_ct_netns_get). */
#include <string.h>

#include "decode.h"

#define CT_NOTRACK 1

bool fw_xt_conntrack(const char *name, bool target, struct zc_rd info)
{
        static const char *const matches[] = { "conntrack", "state",     "connmark", "connbytes",
                                               "connlabel", "connlimit", "helper",   "cluster" };
        static const char *const targets[] = { "CONNMARK", "CONNSECMARK", "CT",     "DNAT",
                                               "SNAT",     "MASQUERADE",  "NETMAP", "REDIRECT",
                                               "SYNPROXY", "CLUSTERIP" };
        const char *const *list = target ? targets : matches;
        const size_t count = target ? ZC_COUNT(targets) : ZC_COUNT(matches);
        uint16_t flags = 0;

        for (size_t i = 0; i < count; i++) {
                if (strcmp(list[i], name) == 0) /* struct xt_ct_target_info starts with its flags */
                        return strcmp(name, "CT") != 0 || !zc_rd_u16host(&info, &flags) ||
                               !(flags & CT_NOTRACK);
        }
        return false;
}
