/**
 * Helpers over jansson. Memory: `json_auto_t` for what a scope owns, the `_new` (stealing) calls for
 * building. Foreign text enters a document only through zc_json_bytes().
 */
#ifndef ZC_JSON_H
#define ZC_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "zc/err.h"
#include "zc/text.h"

/** Parse one JSON value: duplicate keys refused, depth <= 64, nothing after it. Errors carry line and column. */
json_t *zc_json_parse(const char *buf, size_t len, struct zc_err *err) ZC_MUST_USE;
/** The same from a file of at most cap bytes. Errors name the file. */
json_t *zc_json_load(const char *path, size_t cap, struct zc_err *err) ZC_MUST_USE;

/** A new string from foreign bytes: escaped, and cut to at most cap bytes (with "…" when cut). NULL when out of memory. */
json_t *zc_json_bytes(const void *p, size_t n, size_t cap) ZC_MUST_USE;
json_t *zc_json_printf(const char *fmt, ...) ZC_PRINTF(1, 2) ZC_MUST_USE;

/** Borrowed value at a dotted path of object members ("firewall.tables"); NULL when any step is absent. */
json_t *zc_json_at(const json_t *root, const char *dotted);
/** Borrowed value at an RFC 6901 JSON Pointer; NULL when absent. */
json_t *zc_json_pointer(const json_t *root, const char *pointer);
/** Add one reference token ("/key", escaped per RFC 6901) to a pointer under construction. */
void zc_json_pointer_add(struct zc_text *pointer, const char *key);
/** String at a dotted path, or fallback. */
const char *zc_json_str(const json_t *root, const char *dotted, const char *fallback);

/** Compact, members sorted, "\u" only where JSON needs it, the fewest digits that read back the same: the form for digests. NULL when out of memory; free(). */
char *zc_json_canonical(const json_t *value) ZC_MUST_USE;
/** Compact, member order kept: one line of a stream, or what a person is shown. free(). */
char *zc_json_line(const json_t *value) ZC_MUST_USE;
/** Indented, member order kept, no newline at the end: a document that people read and diff. free(). */
char *zc_json_pretty(const json_t *value) ZC_MUST_USE;
/** The same, and a newline, to an output piece by piece: a large document is never in memory as text. */
struct zc_out;
bool zc_json_write(struct zc_out *out, const json_t *value, struct zc_err *err) ZC_MUST_USE;

/** Members of an object that equal the other's become the very same values: of many objects that are much alike, what they have in common is held
 * once. Shared values must not be changed any more. @like: NULL for none. */
void zc_json_share(json_t *object, const json_t *like);

#endif
