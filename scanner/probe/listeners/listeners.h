/** The listeners probe's parts: sockets, who holds them, where they were made. */
#ifndef ZC_LISTENERS_H
#define ZC_LISTENERS_H

#include "cgroup_wire.h"
#include "diag_wire.h"
#include "zc/text.h"

struct listener {
        bool udp;
        struct zc_diag sock;
        /* who: from /proc; empty or 0 when not found */
        uint32_t pid;
        char process[64];   /* as in /proc/PID/comm */
        char unit[256];     /* raw bytes */
        char container[96]; /* "docker:0123456789ab" */
        bool placed;        /* unit and container are known, be they none */
};

struct listeners {
        struct listener *p;
        size_t count, cap;
        bool cut;            /* there were more than we keep */
        bool no_tcp, no_udp; /* the kernel does not list them (tcp_diag, udp_diag) */
};

/** Ask sock_diag for every TCP listener and every UDP socket that is bound and not connected. */
bool listeners_read(struct listeners *out, struct zc_err *err) ZC_MUST_USE;
void listeners_release(struct listeners *l);

/**
 * Find the processes that hold them, in one pass over /proc: the lowest pid that is not 1, else 1 (socket activation).
 * Returns whether every process of the machine could be looked at, so that a socket without one is the kernel's own.
 */
bool listeners_find_owners(struct listeners *l);
/** Whether we have CAP_SYS_PTRACE. */
bool listeners_can_ptrace(void);
/** For those without a process: unit and container by the control group in which the socket was made. */
void listeners_find_groups(struct listeners *l);
/** Writes what a control group tells to a listener. */
void listener_place(struct listener *l, const struct zc_cgroup *group);

#endif
