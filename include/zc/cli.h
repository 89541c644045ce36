/**
 * The command line: a table of commands and a table of options. A command is a function from options to an exit status; only main
 * prints fatal errors and exits. Pure but for the commands themselves.
 */
#ifndef ZC_CLI_H
#define ZC_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zc/arena.h"
#include "zc/err.h"
#include "zc/file.h"

/** Exit status, the same for every format (design section 5). On signal n: ZC_EXIT_SIGNAL + n. */
enum zc_exit {
        ZC_EXIT_MET = 0,     /* gate met; or the command did what it was asked */
        ZC_EXIT_NOT_MET = 1, /* gate not met, a test failed, an expression is false */
        ZC_EXIT_USAGE =
                2, /* command line, configuration, rules, waivers or input documents: nothing was sent */
        ZC_EXIT_NOT_SHOWN = 3, /* required evidence is missing */
        ZC_EXIT_FAULT = 4,     /* an output could not be written, or a fault of our own */
        ZC_EXIT_SIGNAL = 128,
};

/** Which commands take an option: one bit each. */
enum zc_command_bit {
        ZC_CMD_AUDIT = 1u << 0,
        ZC_CMD_COLLECT = 1u << 1,
        ZC_CMD_JUDGE = 1u << 2,
        ZC_CMD_REPORT = 1u << 3,
        ZC_CMD_RULES = 1u << 4,
        ZC_CMD_EVAL = 1u << 5,
        ZC_CMD_DOCTOR = 1u << 6,
        ZC_CMD_CONFIG = 1u << 7,
        ZC_CMD_EXPLAIN = 1u << 8,
        ZC_CMD_WAIVE = 1u << 9,
        ZC_CMD_RECHECK = 1u << 10,
        ZC_CMD_INIT = 1u << 11,
        ZC_CMD_REACH = 1u << 12,
        ZC_CMD_MERGE = 1u << 13,
        ZC_CMD_ANY = 0xffffu,
};

/** Words in the order given; NULL-terminated, NULL when there are none. */
struct zc_list {
        const char **item;
        size_t count;
};

struct zc_command;

/** What was typed. Strings live in the arena or in argv. NULL, 0 and false mean "not given". */
struct zc_options {
        struct zc_arena *arena;
        const struct zc_command *command;
        struct zc_list args; /* what is neither an option nor the command */
        const char *output, *format, *evidence, *config, *targets, *waivers, *policy, *framework,
                *baseline, *ports, *shard, *resume, *root, *vantage, *profile, *expression, *kind, *trust, *owner,
                *approver, *reason, *ticket, *expires;
        const char *from, *to, *port, *proto, *iif, *ct, *packets; /* reach */
        struct zc_list reports, only, skip, exclude, exclude_files, fail_on, rules;
        int64_t wait_ms, deadline_ms; /* 0: not given */
        uint64_t rate, concurrency;   /* 0: not given */
        bool allow_unsigned, dry_run, explain, no_color, origin, trace, quiet, help, version;
        unsigned verbose;
        bool terminal_in, terminal_out, terminal_err; /* what 0, 1 and 2 are; filled by main */
};

struct zc_example {
        const char *line, *what;
};

struct zc_command {
        const char *name;
        unsigned bit;
        bool observes; /* looks at machines, and gives privileges up itself; the others only read and write documents */
        const char *arguments; /* "[TARGET…]" */
        const char *summary;
        const char *const *
                words; /* what its first argument may be (rules list|check|…), NULL-terminated; NULL for anything */
        const struct zc_example *examples; /* ended by a NULL line */
        const char *details;               /* paragraphs under the options; "" for none */
        const char *status;                /* exit status in words */
        /**
         * @status  ZC_EXIT_USAGE on entry: what main exits with when the command fails while it still reads what the user gave. A
         *          command sets ZC_EXIT_FAULT once all input is read, and the result when it is done.
         */
        bool (*run)(struct zc_options *o, int *status, struct zc_err *err);
};

extern const struct zc_command
        *const zc_commands[]; /* NULL-terminated, in the order that help shows */
const struct zc_command *zc_command_find(const char *name);

/**
 * Read argv. Misspelt commands and options, options that the command does not take, values that are none and values given twice are
 * ZC_E_USAGE; the text names what was probably meant.
 */
bool zc_options_parse(struct zc_options *o, struct zc_arena *arena, int argc, char *const *argv,
                      struct zc_err *err) ZC_MUST_USE;

/** The program's help, or a command's. @columns: of the terminal. */
void zc_help_program(struct zc_out *out, unsigned columns);
void zc_help_command(const struct zc_command *c, struct zc_out *out, unsigned columns);
/** Columns to write in: $COLUMNS, else the terminal's, else 80; never below 60. */
unsigned zc_columns(int fd);

/** Append to a list (in the arena). */
bool zc_list_add(struct zc_arena *arena, struct zc_list *l, const char *s,
                 struct zc_err *err) ZC_MUST_USE;

#endif
