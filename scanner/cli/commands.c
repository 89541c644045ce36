/** The table of commands: one file each, cmd_<name>.c. */
#include <string.h>

#include "commands.h"

const struct zc_command *const zc_commands[] = {
        &zc_command_audit,   &zc_command_collect, &zc_command_judge,
        &zc_command_merge,   &zc_command_report,  &zc_command_explain,
        &zc_command_recheck, &zc_command_waive,   &zc_command_reach,
        &zc_command_rules,   &zc_command_eval,    &zc_command_doctor,
        &zc_command_config,  &zc_command_init,    NULL,
};

const struct zc_command *zc_command_find(const char *name)
{
        for (size_t i = 0; zc_commands[i]; i++) {
                if (strcmp(zc_commands[i]->name, name) == 0)
                        return zc_commands[i];
        }
        return NULL;
}
