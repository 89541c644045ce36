/** `config show`: every setting that an audit would have, and where each comes from. */
#ifndef ZC_CLI_CONFIG_SHOW_H
#define ZC_CLI_CONFIG_SHOW_H

#include "zc/cli.h"

/** Prints to standard output. @path: the configuration; NULL: the usual one, if it is there. */
bool zc_config_show(struct zc_options *o, const char *path, int *status,
                    struct zc_err *err) ZC_MUST_USE;

#endif
