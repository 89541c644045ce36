#include "zc/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include "zc/text.h"

#define LINE_MAX_BYTES 4096u

static _Atomic int log_level = ZC_LOG_WARN;

void zc_log_set(enum zc_level level)
{
        atomic_store(&log_level, (int)level);
}

enum zc_level zc_log_get(void)
{
        return (enum zc_level)atomic_load(&log_level);
}

/** Escapes, but lets a backslash stand: what was escaped once must not be escaped again. */
static void add_escaped(struct zc_text *line, const char *s)
{
        for (;;) {
                size_t plain = strcspn(s, "\\");

                zc_text_escape(line, s, plain);
                if (s[plain] == '\0')
                        return;
                zc_text_addc(line, '\\');
                s += plain + 1;
        }
}

/** One write for one line, so that lines of several threads and processes do not mix. */
static void line_write(const char *p, size_t n)
{
        while (n > 0) {
                ssize_t done = write(STDERR_FILENO, p, n);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done <= 0)
                        return;
                p += done;
                n -= (size_t)done;
        }
}

void zc_log(enum zc_level level, const char *fmt, ...)
{
        static const char *const names[] = { "error", "warning", "info", "debug" };
        ZC_AUTO_TEXT message = { 0 };
        ZC_AUTO_TEXT line = { 0 };
        int saved = errno;
        va_list ap;

        _Static_assert(ZC_COUNT(names) == ZC_LOG_DEBUG + 1, "a name per level");
        zc_text_init(&message, LINE_MAX_BYTES);
        zc_text_init(&line, LINE_MAX_BYTES);
        if (level > zc_log_get())
                return;
        va_start(ap, fmt);
        zc_text_vprintf(&message, fmt, ap);
        va_end(ap);
        zc_text_printf(&line, "zerocrit: %s: ", names[level]);
        add_escaped(&line, zc_text_str(&message));
        line.ceiling += 4;
        if (message.cut || line.cut) {
                line.cut = false;
                zc_text_add(&line, "…");
        }
        zc_text_addc(&line, '\n');
        line_write(zc_text_str(&line), line.len);
        errno = saved;
}
