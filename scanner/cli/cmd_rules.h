/** The words of `zerocrit rules`, one file a group, and what they share. */
#ifndef ZC_CLI_CMD_RULES_H
#define ZC_CLI_CMD_RULES_H

#include "zc/cli.h"
#include "zc/rules.h"

/** What a word does; o->args.item[0] is the word itself. */
typedef bool zc_rules_fn(const struct zc_options *o, int *status, struct zc_err *err);

zc_rules_fn zc_rules_list, zc_rules_explain;                       /* rules_list.c */
zc_rules_fn zc_rules_check, zc_rules_check_tests, zc_rules_export; /* rules_check.c */
zc_rules_fn zc_rules_framework;                                    /* rules_framework.c */
zc_rules_fn zc_rules_new;                                          /* rules_new.c */
zc_rules_fn zc_rules_diff;                                         /* rules_diff.c */
zc_rules_fn zc_rules_coverage;                                     /* rules_coverage.c */

/** --format: text, or json. */
bool zc_rules_format(const struct zc_options *o, bool *json, struct zc_err *err) ZC_MUST_USE;
/** A document on its own line. */
void zc_rules_json(struct zc_out *out, const json_t *value);
/** Commit an output and say so in the status. */
bool zc_rules_finish(struct zc_out *out, int *status, struct zc_err *err) ZC_MUST_USE;
/** The rule, or NULL with an error that names the nearest. */
const struct zc_rule *zc_rules_named(const struct zc_pack *pack, const char *id,
                                     struct zc_err *err) ZC_MUST_USE;

#endif
