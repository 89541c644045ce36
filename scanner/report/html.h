/** The parts of the HTML page. Everything that a document carries goes through markup_text() or its kin. */
#ifndef ZC_REPORT_HTML_H
#define ZC_REPORT_HTML_H

#include "markup.h"
#include "view.h"
#include "zc/report.h"

#define HTML_TEXT_MAX 4096u /* bytes of one text; a document may carry more, a reader does not */

struct html {
        struct zc_out *out;
        const json_t *report;
        const struct view_exposure *exposure;
        const struct view_unseen *unseen;
        const struct view_causes *causes; /* folded findings aside */
        const struct view_causes *all;    /* folded ones too */
        char *verdict;                    /* "NOT MET  1 critical …" */
};

/* In the order of the page. */
void html_verdict(const struct html *h);
void html_unseen(const struct html *h);
bool html_picture(const struct html *h, struct zc_err *err) ZC_MUST_USE;
void html_first(const struct html *h);
void html_numbers(const struct html *h);
void html_changes(const struct html *h);
void html_findings(const struct html *h);
void html_checks(const struct html *h);
void html_frameworks(const struct html *h);
void html_tail(const struct html *h);

/* What the parts share. */
/** What the profile changed, within the tail. */
void html_terms(const struct html *h);
/** The name people know an asset by. */
const char *html_host(const struct html *h, const char *asset);
/** Several assets: a subject needs its host beside it. */
bool html_hosts(const struct html *h);
/** One way of mending: its change, commands, risk, how to undo and check it. `brief` leaves the last two out. */
void html_variant(const struct html *h, const json_t *variant, bool brief);
/** The anchor of a cause: "f-ZC-RD-001-critical", whatever the rule is called. */
void html_anchor(const struct html *h, const struct view_cause *c);

#endif
