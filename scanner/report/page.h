/** A page for a terminal: clean text, lines, colour, tables. */
#ifndef ZC_REPORT_PAGE_H
#define ZC_REPORT_PAGE_H

#include "zc/report.h"

#define PAGE_TAG 10u  /* "NOT SEEN  ": the left column of the page's tail */
#define PAGE_BODY 4u  /* a finding's body */
#define PAGE_TEXT 10u /* "    fix   ": its text */

struct page {
        struct zc_out *out;
        const json_t *report;
        const struct zc_render *how;
        unsigned columns;
};

enum page_colour {
        PAGE_PLAIN,
        PAGE_RED,
        PAGE_BRIGHT_RED,
        PAGE_YELLOW,
        PAGE_GREEN,
        PAGE_BOLD,
        PAGE_COLOURS
};

/**
 * Add text that a document carries. It was escaped when the document was made; a document may have been made by anyone, so what can act on
 * a terminal is escaped again. Backslashes stay, so that text escaped once reads the same.
 */
void page_clean(struct zc_text *t, const char *s);
/** The same, and line ends stay line ends. */
void page_clean_lines(struct zc_text *t, const char *s);
/** A new clean string, at most `cap` columns, cut with "…"; "" when out of memory is not told apart: free(). */
char *page_cut(const char *s, unsigned cap);
/** Text in a colour, where there is colour. */
void page_paint(struct page *p, enum page_colour c, const char *clean);
/** "fix   text, wrapped": a word in the body's margin. `text` is clean. */
void page_note(struct page *p, const char *word, const char *text);
/** "NOT SEEN  text, wrapped": a word in the page's margin. `text` is clean. */
void page_tag(struct page *p, const char *word, const char *text);
enum page_colour page_severity_colour(const char *severity);

/** A small table: columns are as wide as their cells need, and give way from the widest when the page is too narrow. */
#define PAGE_CELLS_MAX 8u
struct page_table;
struct page_table *page_table_new(const char *const *heads);
void page_table_free(struct page_table *t);
ZC_FREEP(page_table);
/** @cells: clean, one per head; copied. @colour: of the last cell. */
bool page_table_add(struct page_table *t, const char *const *cells, enum page_colour colour,
                    struct zc_err *err) ZC_MUST_USE;
/** A column that has nothing but "-" is not printed. */
void page_table_optional(struct page_table *t, unsigned column);
void page_table_print(const struct page_table *t, struct page *p);

/* The parts of the terminal page, in their order. */
bool page_head(struct page *p, struct zc_err *err) ZC_MUST_USE;
bool page_exposure(struct page *p, struct zc_err *err) ZC_MUST_USE;
bool page_findings(struct page *p, struct zc_err *err) ZC_MUST_USE;
bool page_tail(struct page *p, struct zc_err *err) ZC_MUST_USE;

/* What the parts share of a report. */
#define PAGE_SEVERITIES 5u
extern const char *const page_severities[PAGE_SEVERITIES]; /* "critical" first */
/** 0 critical ... 4 info; PAGE_SEVERITIES for anything else. */
unsigned page_severity(const json_t *finding);
/** Open, and there now: not waived, and not only in the baseline. */
bool page_finding_open(const json_t *finding);

/**
 * Whose rules judged, where not only those compiled in did: "zerocrit 0.1.0, 64 rules; acme-web 1.4.0, 12 rules, signed by acme-2026; my, 3 rules,
 * UNSIGNED". Clean.
 */
void page_packs(const json_t *report, struct zc_text *t);

/* host.c: whose names are whose. Everything returned is the report's. */
/** The name people know a run's vantage by: the id they gave it; where it is the machine's own, the host name. */
const char *page_run_name(const json_t *run);
/** The same by the vantage's id; NULL when no run has it. */
const char *page_vantage(const json_t *report, const char *id);
/** The asset that a run's vantage itself is: the id of the target `local`, else the vantage's. */
const char *page_own(const json_t *run);
/** The own asset of the one vantage that this asset is, by name or by address; NULL for none, and where two could be meant. */
const char *page_self(const json_t *report, const char *asset);
/** The report's assets as the keys of a new object, each machine once: one that was seen by itself and by others stands under its own asset. */
json_t *page_hosts(const json_t *report);
bool page_many_hosts(const json_t *report);

/** The command that looks at a finding again: `zerocrit recheck C1`; what the configuration expects is looked at by an audit alone. */
void page_again(struct zc_text *t, const json_t *finding);

#endif
