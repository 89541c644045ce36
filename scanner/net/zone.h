/** Names of interfaces in addresses (RFC 4007 zones), kept for the life of the process. */
#ifndef ZC_NET_ZONE_H
#define ZC_NET_ZONE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A name is asked of the kernel once; from then on this process writes and reads it the same way, in a sandbox that may not
 * ask as well. A name that no interface here has (evidence of another machine) gets a number of its own with the top bit
 * set, which no interface has.
 */

/** False: the table is full (256 names). */
bool zone_of_name(const char *name, uint32_t *zone);
/** False: no name is known for it. */
bool zone_name(uint32_t zone, char out[IF_NAMESIZE]);
/** Whether an interface of this machine has it. */
bool zone_is_here(uint32_t zone);

#endif
