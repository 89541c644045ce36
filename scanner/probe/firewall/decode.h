/** Expressions of one rule, from the wire into the model. Pure. */
#ifndef ZC_FW_DECODE_H
#define ZC_FW_DECODE_H

#include "build.h"

/** Where something stands, for what is told of it. */
struct fw_place {
        struct fw_build *b;
        enum zc_fw_family family;
        uint32_t table;
        const char *chain; /* escaped; NULL: of the table itself */
        uint64_t handle;   /* 0: of the chain itself */
};

/** Tells a gap at this place, once per kind; `what` is made of the words and a foreign name (may be empty). */
void fw_place_gap(const struct fw_place *at, enum zc_fw_weight weight, struct zc_rd name,
                  const char *fmt, ...) ZC_PRINTF(4, 5);

/** Appends the ops of a rule's expressions. False when the list itself is malformed; an expression that we cannot read becomes UNKNOWN. */
bool fw_decode_rule(const struct fw_place *at, struct zc_rd expressions,
                    struct zc_err *err) ZC_MUST_USE;

/** A verdict of a rule or an element. False for one that we do not know. */
bool fw_decode_verdict(const struct fw_place *at, struct zc_rd attrs, struct zc_fw_verdict *out);

/** Whether what runs at a hit in a set may end the rule: a limit, a quota, anything unknown. Either may be empty. */
bool fw_decode_may_break(const struct fw_place *at, struct zc_rd one, struct zc_rd list);

/** Whether a match or target of iptables asks for conntrack. */
bool fw_xt_conntrack(const char *name, bool target, struct zc_rd info);

#endif
