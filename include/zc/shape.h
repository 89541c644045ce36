/**
 * The shape of a file that people write (rules, waivers, profiles): which members, of which type, which are needed. Tables instead of
 * code; an unknown member is refused with the nearest right name, and every error points at its line.
 */
#ifndef ZC_SHAPE_H
#define ZC_SHAPE_H

#include "zc/yaml.h"

enum zc_shape_type {
        ZC_SHAPE_END, /* ends a table */
        ZC_SHAPE_TEXT,    /* a non-empty string */
        ZC_SHAPE_TIME,    /* RFC 3339 */
        ZC_SHAPE_INTEGER, /* not negative */
        ZC_SHAPE_BOOL,
        ZC_SHAPE_WORD,    /* one of `words` */
        ZC_SHAPE_ANY,     /* checked elsewhere */
        ZC_SHAPE_OBJECT,  /* of `members`, or any members when NULL */
        ZC_SHAPE_TEXTS,   /* a list of non-empty strings */
        ZC_SHAPE_WORDS,   /* a list of `words` */
        ZC_SHAPE_OBJECTS, /* a list of objects of `members` */
        ZC_SHAPE_MAP,     /* any keys, each value an object of `members` */
        ZC_SHAPE_LISTS,   /* any of the keys in `words`, each a list of objects of `members` */
};

struct zc_shape {
        const char *key;
        enum zc_shape_type type;
        bool required;
        const char *const *words;       /* NULL-terminated */
        const struct zc_shape *members; /* ends with a row of type ZC_SHAPE_END */
};

/**
 * Check the object at `pointer` of y against the rows. @what: "a rule", for messages. Without y (values that came another way) errors
 * name `pointer` instead of a line.
 */
bool zc_shape_check(const struct zc_yaml *y, const char *pointer, const json_t *object, const char *what, const struct zc_shape *rows,
                    struct zc_err *err) ZC_MUST_USE;

/** "NAME:LINE:COLUMN: words", or "POINTER: words" without y. ZC_E_USAGE; returns false. */
bool zc_shape_fail(const struct zc_yaml *y, const char *pointer, struct zc_err *err, const char *fmt, ...) ZC_PRINTF(4, 5);

#endif
