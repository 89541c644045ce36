/** /etc/passwd, line by line (passwd(5)). Pure. */
#ifndef ZC_PASSWD_WIRE_H
#define ZC_PASSWD_WIRE_H

#include "zc/rd.h"

/** The next account; lines that are none (comments, NIS) are passed over. False at the end. */
bool zc_passwd_next(struct zc_rd *file, struct zc_rd *name, uint32_t *uid);

#endif
