/** The words of `zerocrit rules`, one file a group, and what they share. */
#ifndef ZC_CLI_CMD_RULES_H
#define ZC_CLI_CMD_RULES_H

#include "zc/cli.h"
#include "zc/rules.h"

/** What a word does; o->args.item[0] is the word itself. */
typedef bool zc_rules_fn(const struct zc_options *o, int *status, struct zc_err *err);

zc_rules_fn zc_rules_list, zc_rules_explain;                       /* rules_list.c */
zc_rules_fn zc_rules_check, zc_rules_check_tests, zc_rules_export; /* rules_check.c */
zc_rules_fn zc_rules_coverage, zc_rules_framework;                 /* rules_framework.c */

/** Commit an output and say so in the status. */
bool zc_rules_finish(struct zc_out *out, int *status, struct zc_err *err) ZC_MUST_USE;
/** The rule, or NULL with an error that names the nearest. */
const struct zc_rule *zc_rules_named(const struct zc_pack *pack, const char *id,
                                     struct zc_err *err) ZC_MUST_USE;

#endif
