/**
 * One question a port over UDP, asked of one address. Silence says little over UDP: an ICMP error is what tells a closed port, and a host sends
 * those only so often (RFC 1812 section 4.3.2.8; Linux: about six at once, then one a second). So all are asked twice beside one another, and where
 * errors came, those that stay silent are asked once more at that pace.
 */
#ifndef ZC_DATAGRAM_H
#define ZC_DATAGRAM_H

#include "zc/addr.h"
#include "zc/clock.h"
#include "zc/err.h"
#include "zc/pace.h"
#include "zc/scope.h"

enum zc_datagram_end {
        ZC_DATAGRAM_UNASKED, /* the deadline passed first */
        ZC_DATAGRAM_ANSWERED,
        ZC_DATAGRAM_ICMP, /* an ICMP error: icmp_* say which */
        ZC_DATAGRAM_SILENT,
        ZC_DATAGRAM_LOCAL, /* our own side could not send: sys */
};

#define ZC_DATAGRAM_MAX 1500u

struct zc_datagram {
        /* set by the caller */
        uint16_t port;
        const void *ask; /* borrowed */
        size_t ask_n;
        bool other_port; /* the answer may come from another port of the address */
        /* what came of it */
        enum zc_datagram_end end;
        unsigned attempts;
        int sys;
        int icmp_type, icmp_code; /* -1: none, or not said */
        struct zc_addr icmp_from;
        int64_t rtt_us, at_ms; /* -1 and 0 unknown */
        uint8_t answer[ZC_DATAGRAM_MAX];
        size_t answer_n;
};

struct zc_datagram_job {
        const struct zc_scope *scope;
        struct zc_addr addr;
        const char *name;     /* for scope; NULL for none */
        struct zc_pace *pace; /* NULL for none */
        bool self;            /* over lo, where errors are not held back */
        int64_t rtt_ms;       /* 0 unknown */
        struct zc_deadline deadline;
};

#define ZC_DATAGRAM_SLOWLY 30u /* ports that are asked once more, one a second */

/** What the peer does is in the datagrams. *errors: ICMP errors came, so that silence is not the way of this host. Fails where it is out of scope. */
bool zc_datagram_all(const struct zc_datagram_job *job, struct zc_datagram *list, size_t count,
                     bool *errors, struct zc_err *err) ZC_MUST_USE;

#endif
