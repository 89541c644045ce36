/** Reads protobuf text format, as far as the CEL conformance data uses it, to a tree of fields. */
#ifndef TEXTPROTO_H
#define TEXTPROTO_H

#include "zc/arena.h"
#include "zc/err.h"

/** One field: a message has fields below it; anything else has its text, strings unquoted (they may hold any byte). */
struct tp {
        const char *name;
        const char *text;
        size_t len;
        bool quoted;
        struct tp *fields; /* the first field of a message */
        bool message;
        struct tp *next;   /* in the message around it */
};

/** The message in the buffer, as a nameless field; in the arena. Errors carry the line. */
struct tp *tp_parse(struct zc_arena *a, const char *buf, size_t len, struct zc_err *err);
/** The first field of that name, or the next one after `after`; NULL when there is none. */
const struct tp *tp_field(const struct tp *message, const char *name, const struct tp *after);
/** The text of a field, or NULL. */
const char *tp_text(const struct tp *message, const char *name);

#endif
