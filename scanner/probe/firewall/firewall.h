/** The firewall probe's parts: which namespace, what decides besides nftables. */
#ifndef ZC_FIREWALL_H
#define ZC_FIREWALL_H

#include <jansson.h>

#include "ruleset.h"
#include "zc/text.h"

enum fw_initial { FW_INITIAL_UNKNOWN, FW_INITIAL_YES, FW_INITIAL_NO };
const char *fw_initial_name(enum fw_initial i);

struct fw_netns {
        uint64_t inode; /* 0: not to be seen */
        enum fw_initial initial;
        bool own_user_namespace; /* we run in, or it belongs to, a user namespace that is not the initial one */
};
void fw_netns_look(struct fw_netns *out);

/** What decides about packets and is not in the nftables ruleset: listed for not_modelled. */
struct fw_others {
        json_t *list;       /* [{what, where}]; owned */
        json_t *backends;   /* names of legacy front ends with tables; owned */
        bool legacy[2];     /* legacy tables are there, or could not be looked for: ip, ip6 */
        bool netfilter_bpf; /* programs at netfilter's hooks are there */
        bool deciders; /* anything at all is in the list that can stop a packet, or could not be looked for */
        bool failed; /* out of memory: the list is not whole */
        uint64_t netns;
        size_t count;
};

enum fw_weight { FW_REMARK, FW_DECIDES };

/** Add an entry; `where` may hold escaped foreign text. */
void fw_others_add(struct fw_others *o, enum fw_weight weight, const char *what, const char *where);
/** Look for all of them. Cheap, and reads only. */
void fw_others_look(struct fw_others *o);
/** The part of it that asks the kernel for BPF programs. */
void fw_others_bpf(struct fw_others *o);
void fw_others_release(struct fw_others *o);

#endif
