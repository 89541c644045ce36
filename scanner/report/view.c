/** Causes, and the small things that formats share. */
#include "view.h"

#include <string.h>

#include "page.h"
#include "zc/judge.h"

size_t view_distinct(const json_t *texts)
{
        json_auto_t *seen = json_object();
        const json_t *v;
        size_t i;

        json_array_foreach (texts, i, v) {
                if (json_is_string(v))
                        json_object_set_new(seen, json_string_value(v), json_true());
        }
        return json_object_size(seen);
}

const char *view_risk(const char *risk)
{
        static const char *const words[][2] = {
                { "restart", "restarts the service" },
                { "lockout", "may lock you out: keep a second session open" },
                { "data", "may lose data: keep a copy" },
        };

        for (size_t i = 0; i < ZC_COUNT(words); i++) {
                if (strcmp(words[i][0], risk) == 0)
                        return words[i][1];
        }
        return risk;
}

bool view_newly_unknown(const json_t *report, size_t *count)
{
        const json_t *rows = json_object_get(report, "newly_unknown"), *row;
        size_t i;

        *count = 0;
        json_array_foreach (rows, i, row) {
                *count += (size_t)json_integer_value(json_object_get(row, "count"));
        }
        return json_is_array(rows);
}

/** Whether the evidence is of more runs than one. */
static bool many_runs(const json_t *finding)
{
        const json_t *reads = json_object_get(finding, "evidence"), *read;
        size_t i;

        json_array_foreach (reads, i, read) {
                if (strcmp(zc_json_str(read, "run", ""),
                           zc_json_str(json_array_get(reads, 0), "run", "")) != 0)
                        return true;
        }
        return false;
}

const char *view_seen_from(const json_t *report, const json_t *finding, const json_t *read)
{
        const char *id = zc_json_str(read, "run", NULL);
        const json_t *run;
        size_t i;

        json_array_foreach (id &&many_runs(finding) ? json_object_get(report, "runs") : NULL, i,
                            run) {
                if (strcmp(zc_json_str(run, "id", ""), id) == 0)
                        return page_run_name(run);
        }
        return NULL;
}

void view_also(const json_t *finding, struct zc_text *t)
{
        const json_t *subject;
        size_t i;

        json_array_foreach (json_object_get(finding, "also"), i, subject) {
                zc_text_add(t, i ? ", " : "");
                page_clean(t, json_string_value(subject) ? json_string_value(subject) : "?");
        }
}

bool view_subject(const json_t *report, json_int_t i, const char **asset, const char **subject)
{
        const json_t *subjects = json_object_get(report, "subjects");
        const char *s, *a;

        if (i < 0 || (size_t)i >= json_array_size(subjects))
                return false;
        s = json_string_value(json_array_get(subjects, (size_t)i));
        a = json_string_value(json_array_get(json_object_get(report, "assets"), (size_t)i));
        *subject = s ? s : "";
        *asset = a ? a : "";
        return true;
}

static bool has_tag(const json_t *finding, const char *tag)
{
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(finding, "tags"), i, v) {
                if (json_is_string(v) && strcmp(json_string_value(v), tag) == 0)
                        return true;
        }
        return false;
}

bool view_gate_counts(const json_t *report, const json_t *finding)
{
        const char *severity = zc_json_str(finding, "severity", "");
        bool fresh = strncmp(zc_json_str(finding, "change", ""), "new", 3) == 0;
        const char *word;
        json_t *allowed;

        if (!page_finding_open(finding))
                return false;
        json_object_foreach (zc_json_at(report, "gate.target"), word, allowed) {
                if (strcmp(word, severity) == 0 ||
                    (strncmp(word, "new-", 4) == 0 && fresh && strcmp(word + 4, severity) == 0) ||
                    (strncmp(word, "tag:", 4) == 0 && has_tag(finding, word + 4)) ||
                    (strncmp(word, "id:", 3) == 0 &&
                     zc_glob(word + 3, zc_json_str(finding, "rule", ""))))
                        return true;
        }
        return false;
}

const json_t *view_waiver(const json_t *report, const char *id)
{
        const char *state;
        json_t *list;
        const json_t *w;
        size_t i;

        json_object_foreach (json_object_get(report, "waivers"), state, list) {
                json_array_foreach (list, i, w) {
                        if (strcmp(zc_json_str(w, "id", ""), id) == 0)
                                return w;
                }
        }
        return NULL;
}

/* ---- causes ---- */

/** One more cause, of this finding so far; NULL when out of memory. */
static struct view_cause *cause_new(struct view_causes *all, unsigned severity,
                                    const json_t *finding)
{
        struct view_cause *c = reallocarray(all->c, all->count + 1, sizeof(*c));
        json_t *findings = json_array();

        if (c)
                all->c = c;
        if (!c || !findings) {
                json_decref(findings);
                return NULL;
        }
        c += all->count++;
        *c = (struct view_cause){ .findings = findings, .first = finding, .severity = severity };
        return c;
}

static bool cause_add(struct view_causes *all, json_t *index, unsigned severity, json_t *finding)
{
        const char *rule = zc_json_str(finding, "rule", "");
        const json_t *at = json_object_get(index, rule);
        struct view_cause *c;

        if (at && all->c)
                c = &all->c[json_integer_value(at)];
        else if (json_object_set_new(index, rule, json_integer((json_int_t)all->count)) == 0)
                c = cause_new(all, severity, finding);
        else
                c = NULL;
        if (!c)
                return false;
        c->folds += json_array_size(json_object_get(finding, "covers"));
        return json_array_append(c->findings, finding) == 0;
}

static bool causes_of(struct view_causes *all, const json_t *report, unsigned severity, bool folded)
{
        json_auto_t *index = json_object();
        json_t *f;
        size_t i;

        json_array_foreach (json_object_get(report, "findings"), i, f) {
                if (!page_finding_open(f) || page_severity(f) != severity ||
                    (!folded && json_is_string(json_object_get(f, "covered_by"))))
                        continue;
                if (!index || !cause_add(all, index, severity, f))
                        return false;
        }
        return true;
}

static size_t cause_assets(const json_t *findings)
{
        json_auto_t *seen = json_object();
        const json_t *f;
        size_t i;

        json_array_foreach (findings, i, f) {
                json_object_set_new(seen, zc_json_str(f, "asset", ""), json_true());
        }
        return json_object_size(seen);
}

void view_causes_free(struct view_causes *causes)
{
        if (!causes)
                return;
        for (size_t i = 0; i < causes->count; i++)
                json_decref(causes->c[i].findings);
        free(causes->c);
        free(causes);
}

struct view_causes *view_causes_new(const json_t *report, bool folded, struct zc_err *err)
{
        ZC_AUTO(view_causes) all = calloc(1, sizeof(*all));

        for (unsigned s = 0; s < PAGE_SEVERITIES; s++) {
                if (!all || !causes_of(all, report, s, folded)) {
                        zc_fail(err, ZC_E_NOMEM, "no memory for the findings");
                        return NULL;
                }
        }
        for (size_t i = 0; i < all->count; i++)
                all->c[i].assets = cause_assets(all->c[i].findings);
        return ZC_TAKE(all);
}

void view_cause_spread(const json_t *report, const struct view_cause *c, struct zc_text *t)
{
        size_t n = json_array_size(c->findings);

        if (c->assets > 1)
                zc_text_printf(t, " on %zu of %zu hosts", c->assets,
                               view_distinct(json_object_get(report, "assets")));
        else if (n > 1)
                zc_text_printf(t, " in %zu places", n);
}
