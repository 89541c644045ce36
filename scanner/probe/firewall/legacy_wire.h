/** A legacy table as getsockopt(IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES) gives it: bytes in, windows out. Pure. */
#ifndef ZC_FW_LEGACY_WIRE_H
#define ZC_FW_LEGACY_WIRE_H

#include "zc/err.h"
#include "zc/rd.h"

enum { FW_LEGACY_HOOKS = 5 }; /* NF_INET_PRE_ROUTING to NF_INET_POST_ROUTING */

/** struct ipt_getinfo, which is struct ip6t_getinfo. */
struct fw_legacy_info {
        uint32_t hooks; /* a bit for each that the table stands at */
        uint32_t entry[FW_LEGACY_HOOKS], underflow[FW_LEGACY_HOOKS];
        uint32_t count, size;
};
bool fw_legacy_info_parse(struct zc_rd in, struct fw_legacy_info *out,
                          struct zc_err *err) ZC_MUST_USE;

enum fw_legacy_kind {
        FW_LEGACY_STANDARD,  /* `verdict` */
        FW_LEGACY_ERROR,     /* a chain of the user begins, `name` is its name; or the table ends */
        FW_LEGACY_EXTENSION, /* a target of its own: `name`, `revision`, `data` */
};

/** One entry: struct ipt_entry or ip6t_entry, its matches, its target. */
struct fw_legacy_entry {
        uint32_t at, next; /* where it begins, and where the one behind it does */
        struct zc_rd header;
        struct zc_rd matches;
        enum fw_legacy_kind kind;
        struct zc_rd name, data;
        uint8_t revision;
        int32_t verdict;    /* an offset to go to, or -(verdict) - 1 */
        bool unconditional; /* nothing is asked of the packet */
        bool go;            /* a goto rather than a jump */
};
/** The next of a window that ends where the table does and began at offset 0 with `size` bytes. False at the end or on a malformed one; *bad tells. */
bool fw_legacy_entry_next(struct zc_rd *rest, uint32_t size, bool six, struct fw_legacy_entry *out,
                          bool *bad);

/** struct xt_entry_match. */
struct fw_legacy_match {
        struct zc_rd name, data;
        uint8_t revision;
};
bool fw_legacy_match_next(struct zc_rd *matches, struct fw_legacy_match *out, bool *bad);

#endif
