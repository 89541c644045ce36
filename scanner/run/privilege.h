/** What the parent keeps and gives up of its privilege. */
#ifndef ZC_RUN_PRIVILEGE_H
#define ZC_RUN_PRIVILEGE_H

#include "zc/err.h"

/**
 * After the fork: of all capabilities only CAP_DAC_OVERRIDE and CAP_CHOWN stay in force, for writing outputs, and CAP_KILL until the
 * collector, who is somebody else, has ended; held back are CAP_SETUID and CAP_SETGID, for leaving root. no_new_privs for good.
 */
bool zc_privilege_keep_outputs(struct zc_err *err) ZC_MUST_USE;
/** The collector is gone: so is CAP_KILL. */
bool zc_privilege_collector_ended(struct zc_err *err) ZC_MUST_USE;
/** Close every descriptor above `last`. */
void zc_fds_close_above(int last);

#endif
