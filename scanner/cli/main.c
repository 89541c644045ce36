/*
 * zerocrit: is anything critical exposed, and how do you know?
 *
 * The modules, from the top down; each uses only what stands below it.
 *
 *   cli        the command line: commands, options, configuration        scanner/cli/
 *   report     output formats: a report in, bytes out                    scanner/report/
 *   judge      rules, CEL, waivers, baseline, gate: evidence to verdicts scanner/judge/
 *   run        the plan, the two processes, the sandbox                  scanner/run/
 *   probe      one folder per subject: what is asked and what it leaves  scanner/probe/
 *   evidence   the documents, their entities, the exposure join          scanner/evidence/
 *   model      the firewall: packets through hooks                       scanner/model/
 *   proto      bytes and conversations per protocol                      scanner/proto/
 *   net        addresses, targets, scope, resolver, exchange, netlink    scanner/net/
 *   base       errors, memory, bytes, text, time, log, JSON, YAML, files scanner/base/
 *
 * Within cli: options.c (the table of options and its reader), help.c, commands.c (the table of commands), cmd_*.c (one
 * command each), config*.c and settings*.c (zerocrit.yaml, and what it and the options come to), outputs.c (what is written where).
 *
 * Only main prints fatal errors and exits.
 */
#include "zc/cli.h"
#include "zc/log.h"
#include "zc/run.h"

#define ARENA_MAX ((size_t)1 << 30) /* a ceiling for 200000 targets, not a cost */

static bool print_help(const struct zc_options *o, struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;
        const struct zc_command *c = o->command;

        if (!zc_out_open("-", 0600, &out, err))
                return false;
        if (o->version)
                zc_out_puts(out, "zerocrit " ZC_VERSION "\n");
        else if (c)
                zc_help_command(c, out, zc_columns(STDOUT_FILENO));
        else
                zc_help_program(out, zc_columns(STDOUT_FILENO));
        return zc_out_commit(out, err);
}

static void set_log(const struct zc_options *o)
{
        if (o->quiet)
                zc_log_set(ZC_LOG_ERROR);
        else if (o->verbose > 0)
                zc_log_set(o->verbose == 1 ? ZC_LOG_INFO : ZC_LOG_DEBUG);
}

static bool run(struct zc_arena *arena, int argc, char **argv, int *status, struct zc_err *err)
{
        struct zc_options o;

        if (!zc_options_parse(&o, arena, argc, argv, err))
                return false;
        o.terminal_in = isatty(STDIN_FILENO) == 1;
        o.terminal_out = isatty(STDOUT_FILENO) == 1;
        o.terminal_err = isatty(STDERR_FILENO) == 1;
        set_log(&o);
        if (o.help || o.version) {
                *status = ZC_EXIT_FAULT;
                if (!print_help(&o, err))
                        return false;
                *status = ZC_EXIT_MET;
                return true;
        }
        if (!o.command)
                return zc_fail(err, ZC_E_USAGE,
                               "what to do? `zerocrit audit local` audits this machine; `zerocrit "
                               "--help` lists the commands");
        if (!o.command->observes && !zc_documents_only(err))
                return false;
        return o.command->run(&o, status, err);
}

int main(int argc, char **argv)
{
        struct zc_err err = { 0 };
        int status = ZC_EXIT_USAGE;
        struct zc_arena *arena;

        zc_harden();
        arena = zc_arena_new(ARENA_MAX);
        if (!arena)
                zc_fail(&err, ZC_E_NOMEM, "no memory");
        if (!arena || !run(arena, argc, argv, &status, &err)) {
                if (err.code == ZC_E_NOMEM)
                        status = ZC_EXIT_FAULT;
                zc_log(ZC_LOG_ERROR, "%s", err.text);
        }
        zc_arena_free(arena);
        return status;
}
