/** How each kind of entity is called: the functions of the kinds' table. Each adds to a text; parent is NULL but for a chain's table. */
#ifndef ZC_EVIDENCE_SUBJECT_H
#define ZC_EVIDENCE_SUBJECT_H

#include "zc/evidence.h"

#define ZC_SUBJECT_MAX 1024u

/** Add evidence text, made safe to print; backslashes stay as they are, since probes have escaped already. */
void zc_subject_text(struct zc_text *t, const char *s);

typedef void zc_subject_add(struct zc_text *t, const json_t *self, const json_t *parent);

zc_subject_add zc_subject_host_add, zc_subject_os_add, zc_subject_firewall_add, zc_subject_table_add, zc_subject_chain_add,
        zc_subject_admit_add, zc_subject_anomaly_add, zc_subject_listener_add, zc_subject_exposure_add, zc_subject_endpoint_add,
        zc_subject_scan_add, zc_subject_cookie_add;

#endif
