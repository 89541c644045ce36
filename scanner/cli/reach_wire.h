/** One line of `reach --packets`: JSON of the packet that is asked about (design section 6). Pure. */
#ifndef ZC_CLI_REACH_WIRE_H
#define ZC_CLI_REACH_WIRE_H

#include "zc/err.h"
#include "zc/fw.h"
#include "zc/rd.h"

/**
 * The packet of a line. Interfaces are those of the host (NULL: it was not read, any will do). What is malformed is ZC_E_MALFORMED: its text says where, and what was expected.
 * `again`: a line like the one before may share its answer to what interface is meant; zeroed before the first line.
 */
struct zc_reach_memory {
        const struct zc_fw_interface *iif;
};
bool zc_reach_line(struct zc_rd line, const struct zc_fw_host *host, struct zc_reach_memory *memory,
                   struct zc_fw_packet *out, struct zc_err *err) ZC_MUST_USE;

/** Words that the command line takes too. False: unknown. */
bool zc_reach_protocol(const char *s, uint8_t family, uint8_t *out, struct zc_err *err) ZC_MUST_USE;
bool zc_reach_flags(const char *s, uint8_t *out, struct zc_err *err) ZC_MUST_USE;
bool zc_reach_ct(const char *s, uint8_t *out, struct zc_err *err) ZC_MUST_USE;
const char *zc_reach_protocol_name(uint8_t protocol); /* NULL: it has none here */
/** Do its packets carry ports? */
bool zc_reach_has_ports(uint8_t protocol);

#endif
