/** zerocrit config check: is a configuration good, without sending anything? */
#include <string.h>

#include "commands.h"
#include "zc/config.h"
#include "zc/log.h"

static bool config_run(struct zc_options *o, int *status, struct zc_err *err)
{
        /* As on a terminal: a configuration without targets is for those that are named beside it. */
        struct zc_options audit = { .arena = o->arena,
                                    .command = &zc_command_audit,
                                    .terminal_in = true,
                                    .terminal_err = true };
        ZC_AUTO(zc_out) out = NULL;
        size_t targets;
        const char *path = o->args.count > 1 ? o->args.item[1] : o->config;

        if (o->args.count > 2)
                return zc_fail(err, ZC_E_USAGE,
                               "one configuration at a time: \"%s\" is one too many",
                               o->args.item[2]);
        if (o->args.count > 1 && o->config)
                return zc_fail(err, ZC_E_USAGE, "%s and --config %s: name one", o->args.item[1],
                               o->config);
        if (!path)
                path = ZC_CONFIG_DEFAULT;
        audit.config = path;
        if (!zc_audit_check(&audit, &targets, err))
                return false;
        *status = ZC_EXIT_FAULT;
        if (!zc_out_open("-", 0600, &out, err))
                return false;
        if (!o->quiet)
                zc_out_printf(out, "%s: good; %zu target%s\n",
                              strcmp(path, "-") == 0 ? "standard input" : path, targets,
                              targets == 1 ? "" : "s");
        if (!zc_out_commit(out, err))
                return false;
        *status = ZC_EXIT_MET;
        return true;
}

const struct zc_command zc_command_config = {
        .name = "config",
        .bit = ZC_CMD_CONFIG,
        .arguments = "check [FILE]",
        .summary = "check a configuration, and send nothing",
        .words = (const char *const[]){ "check", NULL },
        .examples =
                (const struct zc_example[]){
                        { "zerocrit config check audit.yaml",
                          "Shape, meaning, and whether this version can do all it asks." },
                        { "zerocrit config check", "The one at " ZC_CONFIG_DEFAULT "." },
                        { NULL, NULL } },
        .details = "Files that a configuration names (waivers, baseline, evidence) are relative to "
                   "its own folder; what it writes is relative to "
                   "where zerocrit runs. docs/ and reports/schema/config.schema.json describe "
                   "every key.",
        .status = "0 good, 2 wrong: one line says file, line, column and what to write instead.",
        .run = config_run,
};
