/**
 * The states of many TCP ports of one address: by SYN packets of our own where there are packet sockets, else by ordinary connections. Either
 * ends as soon as it stands.
 *
 *   open      the handshake was completed
 *   closed    the connection was refused (RST)
 *   filtered  an ICMP error came back, or nothing did, more than once
 *   unknown   we cannot say: our own side failed or dropped answers, the deadline passed, or the host seems to have blocked us on the way
 *
 * Two bits a port; more is kept only of open ports, and of all ports when few were asked.
 */
#ifndef ZC_PORTS_H
#define ZC_PORTS_H

#include <jansson.h>

#include "zc/addr.h"
#include "zc/clock.h"
#include "zc/err.h"
#include "zc/exchange.h"
#include "zc/portset.h"
#include "zc/progress.h"
#include "zc/scope.h"
#include "zc/syn.h"

enum zc_port_state { ZC_PORT_UNKNOWN, ZC_PORT_OPEN, ZC_PORT_CLOSED, ZC_PORT_FILTERED };
/** "unknown", "open", "closed", "filtered" */
const char *zc_port_state_name(enum zc_port_state s);

struct zc_ports_result;
struct zc_ports_job {
        const char *asset;
        struct zc_addr addr;
        const char *name;            /* NULL for none; for scope and the endpoint records */
        const struct zc_portset *ports;
        const struct zc_scope *scope;
        struct zc_deadline deadline;
        struct zc_pace *pace;        /* the ceiling over all; NULL for none */
        unsigned at_once, per_second; /* 0: our own manners (off this machine 500 a second, 1000 where few ports are asked) */
        struct zc_syn *syn;          /* packets of our own where they get there; NULL: connections */
        bool capped;                 /* pace is the user's, not our manners: it counts on our own networks as well */
        struct zc_progress *progress; /* counts what was asked; NULL: nobody looks */
        bool self;                   /* an address of this machine: goes over lo, as fast as it can */
        /** NULL, or called as soon as a port is known to be open, while others are still waited for; its note stands in r. */
        void (*found)(void *ctx, const struct zc_ports_job *job, const struct zc_ports_result *r, uint16_t port);
        void *found_ctx;
};

#define ZC_PORTS_FEW 16u         /* asked for no more than this, every port gets a note */
#define ZC_PORTS_NOTES_MAX 1024u /* a host that answers on every port is a fact of one line, not 65,535 endpoints */

struct zc_port_note {
        uint16_t port;
        uint8_t attempts;
        int64_t rtt_us; /* -1 unknown */
        int64_t at_ms;  /* wall clock */
        char reason[ZC_CONV_REASON_LEN];
};

struct zc_ports_result {
        struct zc_portset asked;
        uint8_t states[16384];        /* 2 bits a port: zc_ports_state() */
        unsigned counts[4];           /* by enum zc_port_state */
        struct zc_port_note *notes;   /* sorted by port */
        size_t note_count;
        bool packets;                 /* asked by packets: stats says how that went */
        struct zc_syn_stats stats;
        bool notes_cut;               /* more ports are open than ZC_PORTS_NOTES_MAX */
        char why[256];                /* of unknown ports, most frequent reason first; "" when there are none */
};

enum zc_port_state zc_ports_state(const struct zc_ports_result *r, uint16_t port);
const struct zc_port_note *zc_ports_note(const struct zc_ports_result *r, uint16_t port);
void zc_ports_release(struct zc_ports_result *r);

/**
 * Scan. All ports are under way beside one another. How soon a silent one is asked again, how often and how long it is waited for follows
 * what the host's own answers took, and how many were lost; at least twice, and where nothing answers at all with much patience. A port
 * that answered is asked again at the end, and where it has fallen silent since, what was silent after its last answer is unknown
 * ("perhaps blocked"). Fails only for reasons of our own side
 * (no memory, no descriptor at all); out then still needs zc_ports_release(), and what was seen stands in it.
 */
bool zc_ports_scan(const struct zc_ports_job *job, struct zc_ports_result *out, struct zc_err *err) ZC_MUST_USE;

/** {"scan": {...}} of design section 4; NULL when out of memory. */
json_t *zc_ports_scan_record(const struct zc_ports_job *job, const struct zc_ports_result *r) ZC_MUST_USE;
/** {"endpoint": {...}} for a port that has a note; NULL when out of memory, or without one. */
json_t *zc_ports_endpoint_record(const struct zc_ports_job *job, const struct zc_ports_result *r, uint16_t port) ZC_MUST_USE;

#endif
