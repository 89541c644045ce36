/** What the parent keeps and gives up of its privilege. */
#ifndef ZC_RUN_PRIVILEGE_H
#define ZC_RUN_PRIVILEGE_H

#include "zc/err.h"

/** After the fork: of all capabilities only CAP_DAC_OVERRIDE and CAP_CHOWN stay, for writing outputs; no_new_privs for good. */
bool zc_privilege_keep_outputs(struct zc_err *err) ZC_MUST_USE;
/** Close every descriptor above `last`. */
void zc_fds_close_above(int last);

#endif
