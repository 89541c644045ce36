/**
 * Strict YAML into jansson: block and flow style of the YAML 1.2 JSON schema and nothing clever. Refused, with line and column: anchors,
 * aliases, tags, merge keys, duplicate keys, non-string keys, a second document, depth over 32, a file over its cap. Plain scalars: null, ~ and
 * empty are null; true and false are booleans; decimal and 0x integers are integers (a leading zero is refused: quote it); decimals
 * are reals; everything else is a string. Quoted and block scalars are strings.
 */
#ifndef ZC_YAML_H
#define ZC_YAML_H

#include "zc/err.h"
#include "zc/json.h"

struct zc_yaml;

#define ZC_YAML_MAX ((size_t)1 << 20)

/** @name: for messages ("rules/firewall/defaults.yaml"); JSON input is fine too, being YAML. Errors: "NAME:LINE:COLUMN: what". */
bool zc_yaml_parse(const char *name, const char *buf, size_t len, struct zc_yaml **out, struct zc_err *err) ZC_MUST_USE;
/** From a file of at most ZC_YAML_MAX bytes, "-" for standard input. */
bool zc_yaml_load(const char *path, struct zc_yaml **out, struct zc_err *err) ZC_MUST_USE;
void zc_yaml_free(struct zc_yaml *y);
ZC_FREEP(zc_yaml);

/** Borrowed. */
json_t *zc_yaml_root(const struct zc_yaml *y);
const char *zc_yaml_name(const struct zc_yaml *y);
/** Where the value at a JSON Pointer stands (its key's position for members); the nearest ancestor's when it is absent. */
void zc_yaml_where(const struct zc_yaml *y, const char *pointer, unsigned *line, unsigned *column);
/** Start an error (ZC_E_USAGE) that points there: "NAME:LINE:COLUMN: message". Returns false. */
bool zc_yaml_fail(const struct zc_yaml *y, const char *pointer, struct zc_err *err, const char *fmt, ...) ZC_PRINTF(4, 5);

#endif
