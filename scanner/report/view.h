/** What the formats share of a report: the ports as rows, causes, what was not seen, what counts in the gate. Text in them is clean. */
#ifndef ZC_REPORT_VIEW_H
#define ZC_REPORT_VIEW_H

#include "zc/err.h"
#include "zc/json.h"
#include "zc/text.h"

/* ---- the exposure, one row per service ---- */

enum view_cell {
        VIEW_HOST,
        VIEW_PORT,
        VIEW_SERVICE,
        VIEW_LISTENS,
        VIEW_FIREWALL,
        VIEW_REACHED,
        VIEW_ACCESS, /* what is asked of who connects, and the TLS */
        VIEW_WORST,
        VIEW_CELLS
};
extern const char *const view_heads[VIEW_CELLS + 1]; /* NULL-terminated */

struct view_row {
        const json_t *json; /* the first of the exposure's rows that read the same */
        char *cells[VIEW_CELLS];
        unsigned worst; /* severity index; PAGE_SEVERITIES: nothing found */
        bool unknown;   /* a check on it could not be made */
        const char *
                left; /* "not known", "not judged": nothing was found, for want of looking; static or NULL */
        bool quiet; /* loopback or unreachable, and nothing found */
};

struct view_exposure {
        const json_t *json;    /* all rows as the report has them */
        struct view_row *rows; /* without the ports that nobody listens on: view_unused() */
        size_t count;
        bool many;    /* more than one asset: VIEW_HOST tells them apart */
        bool outside; /* some vantage is not the audited host */
};

/** Points into the report, which must outlive it. NULL when out of memory. */
struct view_exposure *view_exposure_new(const json_t *report, struct zc_err *err) ZC_MUST_USE;
void view_exposure_free(struct view_exposure *x);
ZC_FREEP(view_exposure);

/** What the firewall lets in, as a cell: "any", "10.0.0.0/8 by eth1", "nothing". @listens: the cell beside it. */
char *view_lets_in(const json_t *row, const char *listens) ZC_MUST_USE;
/** "6379/tcp", "2000-3000/tcp"; @t is emptied first. */
const char *view_port(const json_t *row, struct zc_text *t);
/** "8080/tcp from any; 2000-3000/udp from 10.0.0.0/8": let in, and nobody listens. Their number. @full: every one. */
size_t view_unused(const struct view_exposure *x, bool full, struct zc_text *t);

/* ---- what a profile changed (view_terms.c) ---- */

/** "ZC-RD-001 info, not critical (because); …": severities that are not the rules' own, the lowered first. Their number. @most: in words. */
size_t view_changed(const json_t *report, size_t most, struct zc_text *t);

/* ---- what nobody looked at (view_left.c) ---- */

/** The probes that the user took out of the plans: "firewall, ports (--skip); all but http (--only)". 0 without a word. */
size_t view_skipped(const json_t *report, struct zc_text *t);
/** What the port reads where nothing was found at it; NULL: it was seen and judged. @judged: some rule had an answer of it. */
const char *view_row_left(const json_t *report, const json_t *row, bool judged);
/** "2 ports whose service is not known or was not judged: 9001/tcp, …". @full: with the ports. Their number, 0 without a word. */
size_t view_left(const struct view_exposure *x, bool full, struct zc_text *t);

/* ---- what was not seen: unanswered checks by their reason, required ones first ---- */

struct view_reason {
        char *why; /* as the report has it, without the member's name where a cause stands behind it */
        size_t checks, rules;
        size_t required;      /* of the checks */
        struct zc_text names; /* the first rules */
};

struct view_unseen {
        struct view_reason *r;
        size_t count, room;
        size_t checks, required; /* in all */
        json_t *index;           /* why -> position in r */
};

struct view_unseen *view_unseen_new(const json_t *report, struct zc_err *err) ZC_MUST_USE;
void view_unseen_free(struct view_unseen *u);
ZC_FREEP(view_unseen);
/** "firewall: needs CAP_NET_ADMIN; run as root, or see zerocrit doctor" */
void view_reason_what(const struct view_reason *r, struct zc_text *t);
/** "1 required check: ZC-LS-001" */
void view_reason_checks(const struct view_reason *r, struct zc_text *t);

/* ---- causes: open findings of one rule and severity ---- */

struct view_cause {
        json_t *findings; /* array; never empty */
        const json_t *first;
        unsigned severity;
        size_t assets;
        size_t folds; /* findings that its fix ends too */
};

struct view_causes {
        struct view_cause *c;
        size_t count;
};

/** Worst first, in the report's order; folded findings aside unless `folded`. */
struct view_causes *view_causes_new(const json_t *report, bool folded,
                                    struct zc_err *err) ZC_MUST_USE;
void view_causes_free(struct view_causes *causes);
ZC_FREEP(view_causes);
/** " on 212 of 300 hosts", " in 3 places", or nothing. */
void view_cause_spread(const json_t *report, const struct view_cause *c, struct zc_text *t);

/* ---- small things ---- */

/** Distinct texts in an array. */
size_t view_distinct(const json_t *texts);
/** What a fix may do: "restarts the service". */
const char *view_risk(const char *risk);
/** The waiver with that id: {rule, target, owner, expires, …}, borrowed; NULL where the report has none. */
const json_t *view_waiver(const json_t *report, const char *id);
/** Does the gate count this finding? */
bool view_gate_counts(const json_t *report, const json_t *finding);
/** How many checks have no answer and had one in the baseline; false where the report does not say. */
bool view_newly_unknown(const json_t *report, size_t *count);
/** The vantage that saw one fact of a finding's evidence; NULL where one run saw all of it. */
const char *view_seen_from(const json_t *report, const json_t *finding, const json_t *read);
/** The other subjects of the service that a finding is about, with commas; nothing for none. */
void view_also(const json_t *finding, struct zc_text *t);
/** The subject of a checks row's range, and its asset; false past the end. */
bool view_subject(const json_t *report, json_int_t i, const char **asset, const char **subject);

#endif
