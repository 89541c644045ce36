/**
 * CVSS v4.0 vectors and their scores (FIRST, "Common Vulnerability Scoring System version 4.0: Specification Document", sections 7 and 8).
 * Pure integers: the published table of MacroVectors, and the interpolation between two of them, give the same tenth everywhere.
 */
#ifndef ZC_CVSS_H
#define ZC_CVSS_H

#include "zc/err.h"
#include "zc/rules.h"
#include "zc/text.h"

#define ZC_CVSS_METRICS 32u

/** A vector of version 4.0. value[i]: 0 for a metric that was not given, else 1 + its place among the metric's values. */
struct zc_cvss {
        uint8_t value[ZC_CVSS_METRICS];
};

/** "CVSS:4.0/AV:N/AC:L/…": every base metric, each metric once and in the order of the specification. */
bool zc_cvss_parse(const char *s, struct zc_cvss *out, struct zc_err *err) ZC_MUST_USE;
/** The vector as text again. */
void zc_cvss_text(const struct zc_cvss *v, struct zc_text *out);
/** Tenths, 0 to 100: of the base, threat and environmental metrics that were given. */
unsigned zc_cvss_score(const struct zc_cvss *v);
/** The MacroVector as six digits, EQ1 to EQ6. */
void zc_cvss_macro(const struct zc_cvss *v, char out[7]);
/** The qualitative band of a score; ZC_INFO stands for none (0.0). */
enum zc_severity zc_cvss_band(unsigned tenths);

#endif
