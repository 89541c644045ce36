/** What is wrong, worst first, one block per cause, with its evidence and its fix. */
#include <ctype.h>
#include <string.h>

#include "page.h"
#include "view.h"
#include "zc/text.h"

#define PLACES_MAX 6u   /* places of one cause that are named without -v */
#define EVIDENCE_MAX 3u /* facts of one finding that are shown without -v */
#define VALUE_MAX 56u
#define LABEL 4u

/** A clean copy of a member. */
static void clean_member(struct zc_text *t, const json_t *object, const char *member)
{
        page_clean(t, zc_json_str(object, member, ""));
}

static void title_below(struct page *p, const char *right)
{
        zc_out_printf(p->out, "\n%*s", (int)LABEL, "");
        zc_wrap(p->out, right, LABEL, LABEL + 2, p->columns);
        zc_out_puts(p->out, "\n");
}

/** "C1  title            ZC-FW-001  proven": what stands right moves to a line of its own when there is no room. */
static void cause_title(struct page *p, const struct view_cause *c, enum page_colour colour)
{
        ZC_AUTO_TEXT title = { 0 };
        ZC_AUTO_TEXT right = { 0 };
        ZC_AUTO_MEM char *label = page_cut(zc_json_str(c->first, "label", "-"), 8);
        unsigned wide, used;

        zc_text_init(&title, ZC_TEXT_CEILING);
        zc_text_init(&right, ZC_TEXT_CEILING);
        clean_member(&title, c->first, "title");
        clean_member(&right, c->first, "rule");
        view_cause_spread(p->report, c, &right);
        zc_text_add(&right, "  ");
        clean_member(&right, c->first, "confidence");
        page_paint(p, colour, label ? label : "-");
        used = label ? (unsigned)zc_utf8_columns(label) : 1;
        zc_out_printf(p->out, "%*s", used < LABEL ? (int)(LABEL - used) : 1, "");
        used = used < LABEL ? LABEL : used + 1;
        zc_wrap(p->out, zc_text_str(&title), used, LABEL, p->columns);
        wide = (unsigned)zc_utf8_columns(zc_text_str(&right));
        used += (unsigned)zc_utf8_columns(zc_text_str(&title));
        if (used + 2 + wide <= p->columns)
                zc_out_printf(p->out, "%*s%s\n", (int)(p->columns - used - wide), "",
                              zc_text_str(&right));
        else
                title_below(p, zc_text_str(&right));
}

/** "192.0.2.7:443/tcp: message", with the host in front where there are several. */
static void place_text(const struct page *p, const json_t *finding, bool host, struct zc_text *t)
{
        const char *asset = zc_json_str(finding, "asset", "");
        const char *known = page_vantage(p->report, asset);

        if (host) {
                page_clean(t, known ? known : asset);
                zc_text_add(t, "  ");
        }
        clean_member(t, finding, "subject");
        zc_text_add(t, ": ");
        clean_member(t, finding, "message");
}

static void cause_places(struct page *p, const struct view_cause *c)
{
        size_t n = json_array_size(c->findings);
        size_t most = p->how->verbose > 0 || n <= PLACES_MAX ? n : PLACES_MAX;
        bool host = page_many_hosts(p->report);

        for (size_t i = 0; i < most; i++) {
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, ZC_TEXT_CEILING);
                place_text(p, json_array_get(c->findings, i), host, &t);
                zc_out_printf(p->out, "%*s", (int)PAGE_BODY, "");
                zc_wrap(p->out, zc_text_str(&t), PAGE_BODY, PAGE_BODY + 2, p->columns);
                zc_out_puts(p->out, "\n");
        }
        if (most < n)
                zc_out_printf(p->out, "%*sand %zu more (-v)\n", (int)PAGE_BODY, "", n - most);
}

/** "/host/firewall/defaults" -> "host.firewall.defaults" */
static void pointer_text(const char *pointer, struct zc_text *t)
{
        ZC_AUTO_MEM char *copy = strdup(*pointer == '/' ? pointer + 1 : pointer);

        for (char *s = copy; s && *s; s++) {
                if (*s == '/')
                        *s = '.';
        }
        page_clean(t, copy ? copy : pointer);
}

/** Whether a fact is of the same object as the first: the finding's own, where other vantages saw the same. */
static bool of_first(const json_t *read, const json_t *first)
{
        const char *a = zc_json_str(read, "path", ""), *b = zc_json_str(first, "path", "");
        static const char below[] = "/endpoints/";
        size_t n = sizeof(below) - 1;

        if (strcmp(zc_json_str(read, "run", ""), zc_json_str(first, "run", "")) != 0)
                return false;
        if (strncmp(a, below, n) != 0 || strncmp(b, below, n) != 0)
                return true;
        return strtoul(a + n, NULL, 10) == strtoul(b + n, NULL, 10);
}

/** Other places at which the same service was seen. */
static void cause_also(struct page *p, const json_t *finding)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        view_also(finding, &t);
        if (t.len > 0)
                page_note(p, "also", zc_text_str(&t));
}

static void cause_evidence(struct page *p, const json_t *finding)
{
        const json_t *reads = json_object_get(finding, "evidence");
        size_t most = p->how->verbose > 0 ? json_array_size(reads) : EVIDENCE_MAX;
        const json_t *r;
        size_t i;

        cause_also(p, finding);
        json_array_foreach (reads, i, r) {
                const json_t *read = json_object_get(r, "value");
                ZC_AUTO_MEM char *value = read ? zc_json_line(read) : NULL;
                ZC_AUTO_MEM char *cut = value ? page_cut(value, VALUE_MAX) : NULL;
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, ZC_TEXT_CEILING);
                if (i == most || (p->how->verbose == 0 && !of_first(r, json_array_get(reads, 0))))
                        return;
                pointer_text(zc_json_str(r, "path", ""), &t);
                zc_text_printf(&t, " = %s", cut ? cut : "?");
                if (view_seen_from(p->report, finding, r)) {
                        zc_text_add(&t, "  from ");
                        page_clean(&t, view_seen_from(p->report, finding, r));
                }
                page_note(p, i ? "" : "saw", zc_text_str(&t));
        }
}

static void cause_proof(struct page *p, const json_t *finding)
{
        const json_t *proof = json_object_get(finding, "proof");
        const char *sent = zc_json_str(proof, "sent", NULL);
        const char *received = zc_json_str(proof, "received", NULL);
        const char *at = zc_json_str(proof, "observed_at", NULL);
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        if (!sent && !received)
                return;
        page_clean(&t, sent ? sent : "nothing");
        zc_text_add(&t, " -> ");
        page_clean(&t, received ? received : "nothing");
        if (at) {
                zc_text_add(&t, "  at ");
                page_clean(&t, at);
        }
        page_note(p, "sent", zc_text_str(&t));
}

/** A rule's own words: they may have lines. */
static void note_json(struct page *p, const char *word, const char *value)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        if (!value || !*value)
                return;
        page_clean_lines(&t, value);
        page_note(p, word, zc_text_str(&t));
}

static void fix_variant(struct page *p, const json_t *v)
{
        const json_t *command;
        size_t i;
        const char *risk = zc_json_str(v, "risk", NULL);

        note_json(p, "", zc_json_str(v, "change", NULL));
        json_array_foreach (json_object_get(v, "commands"), i, command) {
                note_json(p, i ? "" : "run", json_string_value(command));
        }
        if (risk)
                note_json(p, "risk", view_risk(risk));
        note_json(p, "undo", zc_json_str(v, "undo", NULL));
        if (p->how->verbose > 0)
                note_json(p, "check", zc_json_str(v, "verify", NULL));
}

/** The page shows the first way that fits; all of them stand in `explain` and in the longer page. */
static void cause_fix(struct page *p, const json_t *finding)
{
        const json_t *variants = zc_json_at(finding, "remediation.variants"), *variant;
        size_t i, others;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 256);
        note_json(p, "fix", zc_json_str(finding, "remediation.text", NULL));
        json_array_foreach (variants, i, variant) {
                if (i == 0 || p->how->verbose > 0)
                        fix_variant(p, variant);
        }
        others = json_array_size(variants) > 1 ? json_array_size(variants) - 1 : 0;
        if (p->how->verbose > 0 || others == 0)
                return;
        zc_text_printf(&t, "%zu other way%s: zerocrit explain ", others, others == 1 ? "" : "s");
        page_clean(&t, zc_json_str(finding, "label", ""));
        page_note(p, "or", zc_text_str(&t));
}

#define FOLDS_NAMED 6u

/** The rule of the finding with that fingerprint. */
static const char *folded_rule(const struct page *p, const char *fingerprint)
{
        const json_t *f;
        size_t i;

        json_array_foreach (json_object_get(p->report, "findings"), i, f) {
                if (strcmp(zc_json_str(f, "fingerprint", ""), fingerprint) == 0)
                        return zc_json_str(f, "rule", "");
        }
        return "";
}

/** The rules of what is folded, each once, in the findings' order. */
static json_t *folded_rules(const struct page *p, const struct view_cause *c)
{
        json_t *out = json_object();
        const json_t *f, *v;
        size_t i, k;

        json_array_foreach (c->findings, i, f) {
                json_array_foreach (json_object_get(f, "covers"), k, v) {
                        const char *rule = folded_rule(p, json_string_value(v));

                        if (*rule)
                                json_object_set_new(out, rule, json_true());
                }
        }
        return out;
}

/** Findings that one fix of this also ends, by their rules: nothing is folded out of sight. */
static void cause_folds(struct page *p, const struct view_cause *c)
{
        ZC_AUTO_TEXT t = { 0 };
        json_auto_t *rules = NULL;
        const char *rule;
        json_t *v;
        size_t n = 0;

        if (c->folds == 0)
                return;
        rules = folded_rules(p, c);
        zc_text_init(&t, 1024);
        zc_text_printf(&t, "%zu finding%s that this fix ends too", c->folds,
                       c->folds == 1 ? "" : "s");
        json_object_foreach (rules, rule, v) {
                if (n == FOLDS_NAMED && p->how->verbose == 0) {
                        zc_text_printf(&t, " and %zu more", json_object_size(rules) - n);
                        break;
                }
                zc_text_add(&t, n++ ? ", " : ": ");
                page_clean(&t, rule);
        }
        page_note(p, "folds", zc_text_str(&t));
}

static void cause_print(struct page *p, const struct view_cause *c, enum page_colour colour,
                        bool then)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 256);
        cause_title(p, c, colour);
        cause_places(p, c);
        cause_evidence(p, c->first);
        cause_proof(p, c->first);
        cause_fix(p, c->first);
        cause_folds(p, c);
        if (!then)
                return;
        page_again(&t, c->first);
        page_note(p, "then", zc_text_str(&t));
}

/** "HIGH  2": folded findings count too, and it is said where they went. */
static void severity_head(struct page *p, const struct view_causes *all, unsigned severity,
                          enum page_colour colour)
{
        char head[16];
        size_t count = 0, apart = 0, i;
        const json_t *f;

        json_array_foreach (json_object_get(p->report, "findings"), i, f) {
                count += page_finding_open(f) && page_severity(f) == severity;
        }
        snprintf(head, sizeof(head), "%s", page_severities[severity]);
        for (char *s = head; *s; s++)
                *s = (char)toupper((unsigned char)*s);
        if (count == 0)
                return;
        zc_out_puts(p->out, "\n");
        page_paint(p, colour, head);
        for (i = 0; i < all->count; i++)
                apart += all->c[i].severity == severity ? json_array_size(all->c[i].findings) : 0;
        zc_out_printf(p->out, "  %zu", count);
        if (apart < count)
                zc_out_printf(p->out, "%s %zu folded under the finding whose fix ends %s",
                              apart ? ", of these" : ":", count - apart,
                              count - apart == 1 ? "it" : "them");
        zc_out_puts(p->out, "\n");
}

bool page_findings(struct page *p, struct zc_err *err)
{
        unsigned shown =
                p->how->verbose > 0 ? PAGE_SEVERITIES : 2; /* the rest is counted under ALSO */
        ZC_AUTO(view_causes) all = view_causes_new(p->report, p->how->verbose > 0, err);

        if (!all)
                return false;
        for (unsigned s = 0; s < shown; s++) {
                enum page_colour colour = page_severity_colour(page_severities[s]);

                severity_head(p, all, s, colour);
                for (size_t i = 0; i < all->count; i++) {
                        if (all->c[i].severity == s)
                                cause_print(p, &all->c[i], colour, s < 2);
                }
        }
        return true;
}

static void explain_refs(struct page *p, const json_t *finding)
{
        json_t *refs = json_object_get(finding, "refs");
        const json_t *v;
        json_t *list;
        const char *key;
        size_t i;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        json_object_foreach (refs, key, list) {
                json_array_foreach (list, i, v) {
                        zc_text_add(&t, t.len ? ", " : "");
                        page_clean(&t, key);
                        zc_text_add(&t, " ");
                        clean_member(&t, v, "id");
                }
        }
        note_json(p, "refs", zc_text_str(&t));
}

/** What the page leaves out of a finding. */
static void explain_state(struct page *p, const json_t *finding)
{
        static const char *const members[] = { "status", "change", "waiver", "covered_by",
                                               "fingerprint" };
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        clean_member(&t, finding, "severity");
        zc_text_add(&t, ", reach ");
        page_clean(&t, zc_json_str(finding, "reach", "does not matter"));
        for (size_t i = 0; i < ZC_COUNT(members); i++) {
                const char *s = zc_json_str(finding, members[i], NULL);

                if (!s)
                        continue;
                zc_text_add(&t, i == 2 ? ", by " : i == 3 ? ", folded under " : ", ");
                page_clean(&t, s);
        }
        page_note(p, "is", zc_text_str(&t));
}

void zc_report_explain(const json_t *report, const json_t *finding, const struct zc_render *how,
                       struct zc_out *out)
{
        struct zc_render full = *how;
        struct page p = { .out = out,
                          .report = report,
                          .how = &full,
                          .columns = how->columns ? how->columns : 80 };
        json_auto_t *one = json_pack("[O]", (json_t *)(uintptr_t)finding);
        const struct view_cause c = { .findings = one,
                                      .first = finding,
                                      .severity = page_severity(finding),
                                      .assets = 1,
                                      .folds =
                                              json_array_size(json_object_get(finding, "covers")) };
        const json_t *command;
        size_t i;

        full.verbose = 1;
        cause_title(&p, &c, page_severity_colour(zc_json_str(finding, "severity", "")));
        cause_places(&p, &c);
        explain_state(&p, finding);
        cause_evidence(&p, finding);
        cause_proof(&p, finding);
        note_json(&p, "why", zc_json_str(finding, "rationale", NULL));
        cause_fix(&p, finding);
        json_array_foreach (json_object_get(finding, "reproduce"), i, command) {
                note_json(&p, i ? "" : "see", json_string_value(command));
        }
        cause_folds(&p, &c);
        explain_refs(&p, finding);
}
