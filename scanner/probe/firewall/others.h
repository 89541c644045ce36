/** What decides about packets and is not in the rules: none of it is understood, and each is told as a gap. */
#ifndef ZC_FW_OTHERS_H
#define ZC_FW_OTHERS_H

#include "build.h"

/** Programs there stand among the rules: an accept in nftables alone says nothing. */
#define FW_OTHERS_AT_HOOKS "BPF programs at netfilter hooks"

/** Look for all of them that can stop a packet. Cheap, and reads only. @netns: inode of ours, 0 when it is not known. */
void fw_others_look(struct fw_build *b, uint64_t netns);
/** The part of it that asks the kernel for BPF programs. */
void fw_others_bpf(struct fw_build *b, uint64_t netns);
/** Other network namespaces, which have rules of their own: a remark. Goes through all processes. */
void fw_others_namespaces(struct fw_build *b, uint64_t netns);

#endif
