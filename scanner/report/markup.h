/** Text inside HTML and XML: whatever a document carries, nothing of it can act as markup or on a terminal. */
#ifndef ZC_REPORT_MARKUP_H
#define ZC_REPORT_MARKUP_H

#include "zc/file.h"
#include "zc/text.h"

/** Clean text as character data or a quoted attribute: & < > " ' as references, what XML 1.0 cannot carry escaped away. Lines stay. */
void markup_text(struct zc_out *out, const char *s);
/** The same, at most `cap` bytes of it, cut with "…". */
void markup_cut(struct zc_out *out, const char *s, size_t cap);
/** Text that is clean already. */
void markup_clean(struct zc_out *out, const char *clean);
/** Literal markup with %s for text: each is escaped. No other conversion but %%. */
void markup_fmt(struct zc_out *out, const char *fmt, ...);

#endif
