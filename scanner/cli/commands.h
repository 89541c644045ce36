/** The commands, each defined in its own file. */
#ifndef ZC_CLI_COMMANDS_H
#define ZC_CLI_COMMANDS_H

#include "zc/cli.h"

extern const struct zc_command zc_command_audit, zc_command_collect, zc_command_judge,
        zc_command_report, zc_command_explain, zc_command_rules, zc_command_eval, zc_command_doctor,
        zc_command_config, zc_command_waive, zc_command_recheck, zc_command_init,
        zc_command_reach, zc_command_merge;

/**
 * All that an audit with these options reads and checks before it sends anything, and nothing more: what `config check` calls good, an
 * audit begins with. @targets: how many the configuration has.
 */
bool zc_audit_check(struct zc_options *o, size_t *targets, struct zc_err *err) ZC_MUST_USE;

#endif
