/** What a configuration of the right shape may still get wrong. */
#ifndef ZC_CLI_CONFIG_CHECK_H
#define ZC_CLI_CONFIG_CHECK_H

#include "zc/config.h"

/** Keys that this version does not serve, names it does not know, and parts that contradict each other. */
bool zc_config_meaning(const struct zc_config *c, struct zc_err *err) ZC_MUST_USE;

#endif
