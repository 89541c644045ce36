#include "zc/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "zc/text.h"

/* What zc_ctx() leaves for its own words even when the earlier text fills everything. */
#define WORDS_MIN 96u

/** Texts end up on terminals and in documents: what is not printable UTF-8 becomes '?', a cut character goes. */
static void text_settle(char *s)
{
        size_t n = strlen(s);
        size_t i = 0;

        while (i < n) {
                uint32_t code = 0;
                size_t used = zc_utf8_next((const uint8_t *)s + i, n - i, &code);
                bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);

                if (used == 0 && n - i < 4 && n + 1 == sizeof(((struct zc_err *)0)->text)) {
                        s[i] = '\0'; /* the ceiling went through a character */
                        return;
                }
                if (used == 0 || control)
                        memset(s + i, '?', used ? used : 1);
                i += used ? used : 1;
        }
}

static void text_vformat(char *out, size_t size, const char *fmt, va_list ap) ZC_PRINTF(3, 0);
static void text_vformat(char *out, size_t size, const char *fmt, va_list ap)
{
        if (vsnprintf(out, size, fmt, ap) < 0)
                out[0] = '\0';
}

/** Formats apart and copies then, so that an argument may be err->text itself. */
static bool fail_with(struct zc_err *err, enum zc_code code, int sys, const char *text)
{
        err->code = code;
        err->sys = sys;
        memcpy(err->text, text, strlen(text) + 1);
        text_settle(err->text);
        return false;
}

bool zc_fail(struct zc_err *err, enum zc_code code, const char *fmt, ...)
{
        char text[sizeof(err->text)];
        va_list ap;

        va_start(ap, fmt);
        text_vformat(text, sizeof(text), fmt, ap);
        va_end(ap);
        return fail_with(err, code, 0, text);
}

bool zc_fail_errno(struct zc_err *err, const char *fmt, ...)
{
        int sys = errno; /* before anything can change it */
        char text[sizeof(err->text)];
        char why[128];
        const char *reason = strerror_r(sys, why, sizeof(why));
        size_t tail = strlen(reason) + 2;
        size_t used;
        va_list ap;

        va_start(ap, fmt);
        text_vformat(text, sizeof(text) - tail, fmt, ap);
        va_end(ap);
        used = strlen(text);
        snprintf(text + used, sizeof(text) - used, ": %s", reason);
        return fail_with(err, sys == EPERM || sys == EACCES ? ZC_E_DENIED : ZC_E_IO, sys, text);
}

/** The cause stands last and matters most: the words in front give way first, down to WORDS_MIN. */
bool zc_ctx(struct zc_err *err, const char *fmt, ...)
{
        char text[sizeof(err->text)];
        size_t old = strlen(err->text);
        size_t room = sizeof(text) - 1 - 2;
        size_t words = old < room - WORDS_MIN ? room - old : WORDS_MIN;
        size_t used;
        va_list ap;

        va_start(ap, fmt);
        text_vformat(text, words + 1, fmt, ap);
        va_end(ap);
        used = strlen(text);
        if (used + 2 + old > sizeof(text) - 1)
                old = sizeof(text) - 1 - 2 - used;
        memcpy(text + used, ": ", 2);
        memcpy(text + used + 2, err->text, old);
        text[used + 2 + old] = '\0';
        return fail_with(err, err->code, err->sys, text);
}
