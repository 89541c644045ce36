/**
 * Strict YAML into jansson: block and flow style of the YAML 1.2 JSON schema and nothing clever. Refused, with line and column: anchors,
 * aliases, tags, directives, merge keys, duplicate keys, keys that are not text, a second document, NUL, depth over 32, a file over its cap.
 * Plain scalars: null, ~ and empty are null; true and false are booleans; decimal and 0x integers are integers; JSON decimals are reals;
 * everything else is a string. What YAML versions read differently (010, 0o10, +1, True, NULL, .inf) is refused with the advice to quote it.
 * Quoted and block scalars are strings.
 */
#ifndef ZC_YAML_H
#define ZC_YAML_H

#include "zc/err.h"
#include "zc/json.h"

struct zc_yaml;

#define ZC_YAML_MAX ((size_t)1 << 20)
#define ZC_YAML_DEPTH_MAX 32u
#define ZC_YAML_VALUES_MAX 65536u
#define ZC_YAML_KEY_MAX 256u

/**
 * @name: for messages ("rules/firewall/defaults.yaml"); JSON input is fine too, being YAML. Nothing but comments is null.
 * Errors (ZC_E_USAGE): "NAME:LINE:COLUMN: what; how to mend it".
 */
bool zc_yaml_parse(const char *name, const char *buf, size_t len, struct zc_yaml **out, struct zc_err *err) ZC_MUST_USE;
/** From a file of at most ZC_YAML_MAX bytes, "-" for standard input. */
bool zc_yaml_load(const char *path, struct zc_yaml **out, struct zc_err *err) ZC_MUST_USE;
void zc_yaml_free(struct zc_yaml *y);
ZC_FREEP(zc_yaml);

/** Borrowed. */
json_t *zc_yaml_root(const struct zc_yaml *y);
const char *zc_yaml_name(const struct zc_yaml *y);
/** How many values it holds: what it costs in memory. */
size_t zc_yaml_values(const struct zc_yaml *y);
/** Where the value at a JSON Pointer stands (its key's position for members); the nearest ancestor's when it is absent. From 1. */
void zc_yaml_where(const struct zc_yaml *y, const char *pointer, unsigned *line, unsigned *column);
/**
 * Where line and column (from 1) of the text of the string at `pointer` stand in the file. Exact for one-line scalars without
 * escapes and for literal blocks (|); for folded text it is where the value begins.
 */
void zc_yaml_where_text(const struct zc_yaml *y, const char *pointer, unsigned text_line, unsigned text_column, unsigned *line,
                        unsigned *column);
/** Start an error (ZC_E_USAGE) that points there: "NAME:LINE:COLUMN: message". Returns false. */
bool zc_yaml_fail(const struct zc_yaml *y, const char *pointer, struct zc_err *err, const char *fmt, ...) ZC_PRINTF(4, 5);

#endif
