/**
 * Frameworks: which controls of a standard our rules bear upon. Numbers are the standard's, titles are ours. One YAML file each
 * (rules/frameworks/NAME.yaml, compiled in) or a user's:
 *
 *   framework: pci-dss                  # the name in a rule's refs too: those add to what stands here
 *   title: PCI DSS
 *   version: 4.0.1
 *   controls:
 *     - {id: 4.2.1, title: our words, rules: ["ZC-TLS-*", "tag:tls"]}
 *
 * A table says what was looked at, never that a control is met: no audit of a host can show that.
 */
#ifndef ZC_FRAMEWORK_H
#define ZC_FRAMEWORK_H

#include "zc/err.h"
#include "zc/json.h"
#include "zc/rules.h"

struct zc_framework;

/** @name: a shipped framework, or a FILE (with a '/' or an end of .yaml or .yml). */
bool zc_framework_load(const char *name, struct zc_framework **out, struct zc_err *err) ZC_MUST_USE;
bool zc_framework_parse(const char *file, const char *text, size_t len, struct zc_framework **out,
                        struct zc_err *err) ZC_MUST_USE;
void zc_framework_free(struct zc_framework *f);
ZC_FREEP(zc_framework);

/** The shipped ones. */
#define ZC_FRAMEWORKS_MAX 32u
struct zc_framework_names {
        char name[ZC_FRAMEWORKS_MAX][64];
        const char *list[ZC_FRAMEWORKS_MAX + 1]; /* NULL-terminated */
};
void zc_framework_names(struct zc_framework_names *out);

/**
 * {framework, title, version, controls: [{id, title, rules, failed, unknown, verdict}], unmapped: [rules]}; a new object.
 * @checks: a report's, from which the verdicts come; NULL: controls have rules only. A control's verdict is fail, unknown, pass, or
 * notapplicable (none of its rules judged anything); failed and unknown name the rules.
 */
json_t *zc_framework_coverage(const struct zc_framework *f, const struct zc_pack *pack,
                              const json_t *checks, struct zc_err *err);

#endif
