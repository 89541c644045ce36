/**
 * The log: standard error, one line a message, safe from several threads. Foreign text in a message
 * is escaped as zc_text_escape() does, but backslashes stay: it may have been escaped already. Never give it a secret: it knows none.
 */
#ifndef ZC_LOG_H
#define ZC_LOG_H

#include "zc/def.h"

enum zc_level { ZC_LOG_ERROR, ZC_LOG_WARN, ZC_LOG_INFO, ZC_LOG_DEBUG };

/** Default: ZC_LOG_WARN. -q sets ZC_LOG_ERROR, -v ZC_LOG_INFO, -vv ZC_LOG_DEBUG. */
void zc_log_set(enum zc_level level);
enum zc_level zc_log_get(void);
void zc_log(enum zc_level level, const char *fmt, ...) ZC_PRINTF(2, 3);

#endif
