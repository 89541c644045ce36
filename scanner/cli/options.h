/** The table of options: what help prints and what the reader sets. */
#ifndef ZC_CLI_OPTIONS_H
#define ZC_CLI_OPTIONS_H

#include "zc/cli.h"

enum zc_option_kind {
        ZC_OPT_FLAG,     /* bool */
        ZC_OPT_COUNT,    /* unsigned: how often */
        ZC_OPT_TEXT,     /* const char * */
        ZC_OPT_LIST,     /* struct zc_list, parts between commas */
        ZC_OPT_MANY,     /* struct zc_list, one value each time */
        ZC_OPT_DURATION, /* int64_t, milliseconds */
        ZC_OPT_NUMBER,   /* uint64_t, 1 or more */
};

struct zc_option {
        const char *name;
        char letter;          /* 0 for none */
        const char *argument; /* what help calls it; NULL for none */
        enum zc_option_kind kind;
        unsigned commands; /* enum zc_command_bit: who takes it */
        size_t at;         /* where its value goes in struct zc_options */
        const char *help;
};

extern const struct zc_option zc_options_table[]; /* ended by a NULL name */

#endif
