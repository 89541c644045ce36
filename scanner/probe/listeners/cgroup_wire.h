/** Which unit and which container a process belongs to, from its /proc/PID/cgroup. Pure; windows point into the text. */
#ifndef ZC_CGROUP_WIRE_H
#define ZC_CGROUP_WIRE_H

#include "zc/rd.h"

struct zc_cgroup {
        struct zc_rd unit;      /* "sshd.service"; empty for none */
        const char *runtime;    /* "docker", "podman", …; NULL for none */
        struct zc_rd container; /* its id (hexadecimal, whole) or its name */
};

/** The whole file: lines "number:controllers:path". Lines that are not of that form are passed over. */
void zc_cgroup_parse(struct zc_rd file, struct zc_cgroup *out);
/** One path, "/system.slice/sshd.service". Fills what is not yet filled. */
void zc_cgroup_path(struct zc_rd path, struct zc_cgroup *out);

#endif
