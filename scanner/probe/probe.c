/** What a probe says of its own outcome. */
#include "zc/probe.h"

#include <stdarg.h>
#include <stdio.h>

#include "zc/json.h"

const char *zc_outcome_name(enum zc_outcome o)
{
        static const char *const names[] = { "done", "partial", "failed", "skipped",
                                             "notapplicable" };

        return names[o];
}

int64_t zc_subject_rtt_ms(const struct zc_subject *s)
{
        double ms = json_number_value(json_object_get(s->endpoint, "rtt_ms"));

        return ms > 0 && ms < 60000 ? (int64_t)ms + 1 : 0;
}

void zc_io_partial(struct zc_io *io, const char *needs, const char *fmt, ...)
{
        va_list ap;

        if (io->outcome == ZC_PARTIAL) /* the first reason stands; the rest are problems */
                return;
        io->outcome = ZC_PARTIAL;
        snprintf(io->needs, sizeof io->needs, "%s", needs);
        va_start(ap, fmt);
        vsnprintf(io->why, sizeof io->why, fmt, ap);
        va_end(ap);
}

void zc_io_notapplicable(struct zc_io *io, const char *fmt, ...)
{
        va_list ap;

        io->outcome = ZC_NOTAPPLICABLE;
        va_start(ap, fmt);
        vsnprintf(io->why, sizeof io->why, fmt, ap);
        va_end(ap);
}

void zc_io_problem(struct zc_io *io, const char *path, const char *what, const char *why)
{
        if (!io->problems)
                io->problems = json_array();
        if (io->problems)
                json_array_append_new(io->problems, json_pack("{s:s, s:s, s:s}", "path", path,
                                                              "what", what, "why", why));
}
