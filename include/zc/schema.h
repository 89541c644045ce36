/**
 * JSON Schema (2020-12), exactly the subset that our schemas use: type (a name or several), properties, required, items,
 * additionalProperties (true, false or a schema), enum, minimum, maximum, $ref to "#" or "#/$defs/NAME", and format with date-time, ipv4
 * and ipv6 (any other format says nothing). Titles and descriptions are read over, "x-…" too.
 */
#ifndef ZC_SCHEMA_H
#define ZC_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

#include "zc/err.h"
#include "zc/text.h"

/**
 * Whether a schema keeps to the subset, with every $ref leading somewhere. A keyword that would silently not be checked is an error here,
 * in the tests, so that zc_schema_check() may read over what it does not know.
 */
bool zc_schema_sound(const json_t *schema, struct zc_err *err) ZC_MUST_USE;

/**
 * Whether a value follows a sound schema.
 * @closed  False: "additionalProperties": false does not count. A document from a newer version may have gained members.
 * @where   Initialised by the caller. Set to the JSON Pointer of the first violation, in document order ("" is the whole document); "" when
 *          there is none. A missing member is reported at its object.
 * @err     ZC_E_MALFORMED: what is wrong there and what is expected, without the place ("unknown member \"tragets\": did you mean
 *          \"targets\"?"). ZC_E_LIMIT: nested deeper than 64, or references that lead in a circle.
 */
bool zc_schema_check(const json_t *schema, const json_t *value, bool closed, struct zc_text *where, struct zc_err *err) ZC_MUST_USE;

/** The same for a part of a document, against the subschema at a JSON Pointer ("/$defs/endpoint") of the schema that its references mean. */
bool zc_schema_check_at(const json_t *schema, const char *pointer, const json_t *value, bool closed, struct zc_text *where,
                        struct zc_err *err) ZC_MUST_USE;

#endif
