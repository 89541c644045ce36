/** Reads the live ruleset and the host around it into the model: the only way from the kernel to zc/fw.h. */
#ifndef ZC_FW_READ_H
#define ZC_FW_READ_H

#include "zc/fw.h"
#include "zc/netlink.h"

/** A namespace that somebody made for himself says nothing about the machine. */
enum zc_fw_initial { ZC_FW_INITIAL_UNKNOWN, ZC_FW_INITIAL_YES, ZC_FW_INITIAL_NO };
struct zc_fw_netns {
        uint64_t inode; /* 0: not to be seen */
        enum zc_fw_initial initial;
        bool toy; /* of a user namespace of its own, which anyone may make, and not the initial one */
};
void zc_fw_netns_look(struct zc_fw_netns *out);

struct zc_fw_live {
        struct zc_fw_ruleset ruleset;
        struct zc_fw_host host;
        struct zc_fw_netns netns;
        struct zc_arena *arena; /* of all */
};

/**
 * Where it runs is what it reads: the network namespace of this thread; netns.toy says that its rules protect nothing but itself.
 *
 * Read nf_tables (consistent: one generation), the legacy tables that /proc/net/ip*_tables_names lists, interfaces, addresses, routes, switches.
 * ZC_E_DENIED without CAP_NET_ADMIN over this network namespace; what is there but could not be read becomes a gap. Reads only.
 */
bool zc_fw_read(struct zc_fw_live *out, struct zc_err *err) ZC_MUST_USE;
void zc_fw_live_release(struct zc_fw_live *live);

#endif
