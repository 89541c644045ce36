/**
 * Configuration: zerocrit.yaml. It is checked whole before anything is sent: its shape against reports/schema/config.schema.json, then what it
 * means, then that this version can do what it asks. Every error is ZC_E_USAGE and says file, line and column.
 */
#ifndef ZC_CONFIG_H
#define ZC_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zc/err.h"
#include "zc/json.h"
#include "zc/yaml.h"

#define ZC_CONFIG_SCHEMA "zerocrit.config/1"
#define ZC_CONFIG_DEFAULT "/etc/zerocrit/zerocrit.yaml"

struct zc_config;

/** @path: "-" is standard input. Running as root, a file that others can write, or whose folder they can, is refused. */
bool zc_config_load(const char *path, struct zc_config **out, struct zc_err *err) ZC_MUST_USE;
/** The same from memory. @name: for messages; relative paths in it are relative to its folder. Pure. */
bool zc_config_parse(const char *name, const char *buf, size_t len, struct zc_config **out,
                     struct zc_err *err) ZC_MUST_USE;
void zc_config_free(struct zc_config *c);
ZC_FREEP(zc_config);

/** Borrowed: the whole document, of the schema's shape. */
const json_t *zc_config_root(const struct zc_config *c);
const char *zc_config_name(const struct zc_config *c);
const struct zc_yaml *zc_config_yaml(const struct zc_config *c);
/** An error that points into the file. Returns false. */
bool zc_config_fail(const struct zc_config *c, const char *pointer, struct zc_err *err,
                    const char *fmt, ...) ZC_PRINTF(4, 5);
/** Is `now` within authorisation.from and .until? True without an authorisation. */
bool zc_config_authorised(const struct zc_config *c, int64_t now_ms,
                          struct zc_err *err) ZC_MUST_USE;
/** A file that the configuration names, relative to the configuration's own folder. free(); NULL when out of memory. */
char *zc_config_path(const struct zc_config *c, const char *path) ZC_MUST_USE;

/**
 * Check a YAML document against a schema of the subset that we use: type, properties, required, items, additionalProperties, enum, format,
 * $ref to $defs. Unknown keys and words name the nearest. A value where the schema refers to $defs/secret must be a reference.
 */
bool zc_config_shape_check(const struct zc_yaml *y, const json_t *schema, struct zc_err *err) ZC_MUST_USE;

#endif
