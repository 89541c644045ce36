/** zerocrit config: is a configuration good, and what does it come to? Nothing is sent. */
#include <string.h>

#include "commands.h"
#include "config_show.h"
#include "zc/config.h"

static bool config_check(const struct zc_options *o, const char *path, int *status,
                         struct zc_err *err)
{
        /* As on a terminal: a configuration without targets is for those that are named beside it. */
        struct zc_options audit = *o;
        ZC_AUTO(zc_out) out = NULL;
        size_t targets;

        if (!path)
                path = ZC_CONFIG_DEFAULT;
        audit.command = &zc_command_audit;
        audit.args = (struct zc_list){ 0 };
        audit.terminal_in = audit.terminal_err = true;
        audit.config = path;
        audit.format = NULL;
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

static bool config_run(struct zc_options *o, int *status, struct zc_err *err)
{
        const char *path = o->args.count > 1 ? o->args.item[1] : o->config;
        bool show = strcmp(o->args.item[0], "show") == 0;

        if (o->args.count > 2)
                return zc_fail(err, ZC_E_USAGE,
                               "one configuration at a time: \"%s\" is one too many",
                               o->args.item[2]);
        if (o->args.count > 1 && o->config)
                return zc_fail(err, ZC_E_USAGE, "%s and --config %s: name one", o->args.item[1],
                               o->config);
        if (!show && (o->origin || o->format))
                return zc_fail(err, ZC_E_USAGE,
                               "`zerocrit config check` takes no --%s; `config show` does",
                               o->origin ? "origin" : "format");
        return show ? zc_config_show(o, path, status, err) : config_check(o, path, status, err);
}

const struct zc_command zc_command_config = {
        .name = "config",
        .bit = ZC_CMD_CONFIG,
        .arguments = "check [FILE] | show [--origin] [FILE]",
        .summary = "check a configuration, or show every setting; nothing is sent",
        .words = (const char *const[]){ "check", "show", NULL },
        .examples =
                (const struct zc_example[]){
                        { "zerocrit config check audit.yaml",
                          "Shape, meaning, and whether this version can do all it asks." },
                        { "zerocrit config check", "The one at " ZC_CONFIG_DEFAULT "." },
                        { "zerocrit config show --origin audit.yaml --profile strict",
                          "What an audit with that file and that option would go by, and what set "
                          "it: built-in, profile, file:line:column, option or environment." },
                        { "zerocrit config show --origin --format json", "The same for programs." },
                        { NULL, NULL } },
        .details =
                "Files that a configuration names (waivers, baseline, evidence) are relative to "
                "its own folder; what it writes is relative to "
                "where zerocrit runs. docs/ and reports/schema/config.schema.json describe "
                "every key. Options are those of an audit, and win over the file as they do there.",
        .status = "0 good, 2 wrong: one line says file, line, column and what to write instead.",
        .run = config_run,
};
