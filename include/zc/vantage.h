/** The machine that observes: where evidence was seen from, and the addresses at which it is itself. */
#ifndef ZC_VANTAGE_H
#define ZC_VANTAGE_H

#include "zc/err.h"
#include "zc/json.h"

/**
 * A new {id, hostname, addresses}, addresses canonical and with loopback.
 * @id: --vantage ID; NULL: the machine id, else the host name.
 */
json_t *zc_vantage(const char *id, struct zc_err *err) ZC_MUST_USE;

#endif
