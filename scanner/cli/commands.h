/** The commands, each defined in its own file. */
#ifndef ZC_CLI_COMMANDS_H
#define ZC_CLI_COMMANDS_H

#include "zc/cli.h"

extern const struct zc_command zc_command_audit, zc_command_collect, zc_command_judge,
        zc_command_report, zc_command_explain, zc_command_rules, zc_command_eval, zc_command_doctor,
        zc_command_config;

#endif
