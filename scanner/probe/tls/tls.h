/** What the tls probe has seen of one endpoint, and how it is written down. */
#ifndef ZC_PROBE_TLS_H
#define ZC_PROBE_TLS_H

#include "zc/probe.h"
#include "zc/tls_session.h"
#include "zc/tls_versions.h"

struct zc_tls_seen {
        const char *sni;                          /* NULL for none */
        bool named; /* by a scheme that means TLS, or a way to it: another answer is no answer */
        const struct zc_starttls_protocol *start; /* NULL: TLS from the first byte */
        struct zc_starttls pre;                   /* of the handshake, where there is a preamble */
        struct zc_step_chain chain;               /* that preamble, then the handshake */
        const struct zc_tls_facts *facts;         /* of the handshake */
        unsigned attempts;                        /* handshakes tried */
        int64_t at;                               /* when, wall clock in ms */
        struct zc_tls_version versions[ZC_TLS_VERSIONS];
        int64_t started_ms;
};

/** Fill endpoint.tls with what was seen and nothing else. False: out of memory. */
bool zc_tls_evidence(const struct zc_tls_seen *seen, json_t *out);

#endif
