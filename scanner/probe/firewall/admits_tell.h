/** The model's words as evidence: what rows and anomalies share. */
#ifndef ZC_FIREWALL_ADMITS_TELL_H
#define ZC_FIREWALL_ADMITS_TELL_H

#include "admits.h"
#include "zc/fw_sym.h"

struct telling {
        const struct zc_fw_live *live;
        const struct zc_fw_admits *admits;
        const struct zc_fw_machine *machine;
        size_t comes_in; /* interfaces that are not lo */
        bool bad;
};

void fw_tell_set(struct telling *t, json_t *object, const char *key, json_t *value);
void fw_tell_add(struct telling *t, json_t *list, json_t *value);
/** "22,80,1000-2000"; null for none. */
json_t *fw_tell_spans(const struct zc_fw_span *list, size_t n);
json_t *fw_tell_via(struct telling *t, const struct zc_fw_via *via, size_t n);
/** Sets `anomalies`; omitted when the ruleset was too much for it. */
bool fw_tell_anomalies(struct telling *t, json_t *firewall, struct zc_err *err);

#endif
