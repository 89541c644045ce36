/** What stands below the findings: the rest in numbers, waived, new, not seen, areas, files. */
#include <stdint.h>
#include <string.h>

#include "page.h"
#include "view.h"
#include "zc/text.h"

#define REASONS_MAX 6u
#define LABELS_MAX 5u
#define CHANGES_MAX 3u

static void tag_if(struct page *p, const char *word, struct zc_text *t)
{
        if (t->len > 0)
                page_tag(p, word, zc_text_str(t));
}

static void tail_also(struct page *p, struct zc_text *t)
{
        unsigned from = p->how->verbose > 0 ? PAGE_SEVERITIES : 2;
        size_t n[PAGE_SEVERITIES + 1] = { 0 };
        const json_t *f;
        size_t i;

        json_array_foreach (json_object_get(p->report, "findings"), i, f) {
                n[page_severity(f)] += page_finding_open(f);
        }
        for (unsigned s = from; s < PAGE_SEVERITIES; s++) {
                if (n[s] > 0)
                        zc_text_printf(t, "%s%zu %s", t->len ? ", " : "", n[s], page_severities[s]);
        }
        if (t->len > 0)
                zc_text_add(t, " (-v)");
}

/** The day of a time. */
static void clean_date(struct zc_text *t, const char *time)
{
        ZC_AUTO_MEM char *day = strndup(time, strcspn(time, "T"));

        page_clean(t, day ? day : time);
}

/** What the user took out of the plan is not seen either, and openly so. */
static void tail_skipped(struct page *p, struct zc_text *t)
{
        if (view_skipped(p->report, t) > 0)
                zc_text_add(t, ", left out on request");
}

/** A profile that made rules weigh less is part of the verdict. */
static void tail_changed(struct page *p, struct zc_text *t)
{
        ZC_AUTO_TEXT words = { 0 };

        zc_text_init(&words, ZC_TEXT_CEILING);
        if (view_changed(p->report, p->how->verbose > 0 ? SIZE_MAX : CHANGES_MAX, &words) == 0)
                return;
        zc_text_add(t, "severities, by the profile: ");
        zc_text_add(t, zc_text_str(&words));
        if (p->how->verbose == 0 &&
            json_array_size(zc_json_at(p->report, "selection.severities")) > CHANGES_MAX)
                zc_text_add(t, " (-v)");
}

/** What does not fail the gate and should be looked at. */
static void tail_warnings(struct page *p, struct zc_text *t)
{
        const json_t *v;
        size_t i;

        json_array_foreach (zc_json_at(p->report, "gate.warnings"), i, v) {
                zc_text_add(t, i ? "; " : "");
                page_clean(t, json_string_value(v) ? json_string_value(v) : "");
        }
}

/** "1 high, ends 2026-12-31": the first end among the waivers that matched. */
static void tail_waived(struct page *p, struct zc_text *t)
{
        static const char *const lists[] = { "active", "expiring" };
        const char *end = NULL;
        const json_t *w;
        size_t i;

        for (unsigned s = 0; s < PAGE_SEVERITIES; s++) {
                char path[48];

                snprintf(path, sizeof(path), "counts.%s.waived", page_severities[s]);
                if (json_integer_value(zc_json_at(p->report, path)) > 0)
                        zc_text_printf(t, "%s%lld %s", t->len ? ", " : "",
                                       (long long)json_integer_value(zc_json_at(p->report, path)),
                                       page_severities[s]);
        }
        for (size_t l = 0; l < ZC_COUNT(lists); l++) {
                json_array_foreach (
                        json_object_get(json_object_get(p->report, "waivers"), lists[l]), i, w) {
                        const char *at = zc_json_str(w, "expires", NULL);

                        if (at && json_integer_value(json_object_get(w, "matched")) > 0 &&
                            (!end || strcmp(at, end) < 0))
                                end = at;
                }
        }
        if (t->len > 0 && end) {
                zc_text_add(t, ", the first ends ");
                clean_date(t, end);
        }
}

#define WAIVED_MAX 10u

/** "Certificate expires, ZC-TLS-021, 443/tcp: W-7 of dba@acme.example, until 2026-12-31" */
static void waived_line(struct page *p, const json_t *f)
{
        const char *id = zc_json_str(f, "waiver", "");
        const json_t *w = view_waiver(p->report, id);
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        page_clean(&t, zc_json_str(f, "severity", ""));
        zc_text_add(&t, ": ");
        page_clean(&t, zc_json_str(f, "title", ""));
        zc_text_add(&t, ", ");
        page_clean(&t, zc_json_str(f, "rule", ""));
        zc_text_add(&t, ", ");
        page_clean(&t, zc_json_str(f, "subject", ""));
        zc_text_add(&t, "; ");
        page_clean(&t, id);
        zc_text_add(&t, " of ");
        page_clean(&t, zc_json_str(w, "owner", "nobody"));
        zc_text_add(&t, ", until ");
        clean_date(&t, zc_json_str(w, "expires", "?"));
        page_tag(p, "", zc_text_str(&t));
}

/** What is waived stays on the page: critical and high by name, the rest with -v. */
static void waived_names(struct page *p)
{
        unsigned worst = p->how->verbose > 0 ? PAGE_SEVERITIES : 2;
        size_t n = 0, i;
        const json_t *f;

        json_array_foreach (json_object_get(p->report, "findings"), i, f) {
                if (strcmp(zc_json_str(f, "status", ""), "waived") != 0 ||
                    page_severity(f) >= worst)
                        continue;
                if (n++ < WAIVED_MAX || p->how->verbose > 0)
                        waived_line(p, f);
        }
        if (n > WAIVED_MAX && p->how->verbose == 0) {
                char more[48];

                snprintf(more, sizeof(more), "and %zu more (-v)", n - WAIVED_MAX);
                page_tag(p, "", more);
        }
}

/** What the profile left out is judged by nobody. */
static void tail_left_out(struct page *p, struct zc_text *t)
{
        const json_t *rules = zc_json_at(p->report, "selection.left_out"), *v;
        size_t n = json_array_size(rules), i;

        if (n == 0)
                return;
        zc_text_printf(t, "%zu rule%s, by the profile", n, n == 1 ? "" : "s");
        json_array_foreach (p->how->verbose > 0 ? rules : NULL, i, v) {
                zc_text_add(t, i ? ", " : ": ");
                page_clean(t, json_is_string(v) ? json_string_value(v) : zc_json_str(v, "id", "?"));
        }
        zc_text_add(t, p->how->verbose > 0 ? "" : " (-v)");
}

/** Waivers that do nothing any more, by id. */
static void tail_stale(struct page *p, const char *list, const char *words, struct zc_text *t)
{
        const json_t *w;
        size_t i;

        json_array_foreach (json_object_get(json_object_get(p->report, "waivers"), list), i, w) {
                zc_text_add(t, i ? ", " : words);
                page_clean(t, zc_json_str(w, "id", "?"));
        }
}

static void tail_since(struct page *p, struct zc_text *t)
{
        const char *created = zc_json_str(p->report, "baseline.created", NULL);
        size_t fresh = 0, fixed = 0, changed = 0, unknown, i;
        const json_t *f;
        ZC_AUTO_TEXT labels = { 0 };

        zc_text_init(&labels, 512);
        if (!created)
                return;
        json_array_foreach (json_object_get(p->report, "findings"), i, f) {
                const char *change = zc_json_str(f, "change", "");

                fixed += strcmp(change, "absent") == 0;
                changed += strcmp(change, "updated") == 0;
                if (strncmp(change, "new", 3) != 0 || !page_finding_open(f))
                        continue;
                if (fresh++ < LABELS_MAX) {
                        zc_text_add(&labels, labels.len ? ", " : "");
                        page_clean(&labels, zc_json_str(f, "label", "-"));
                }
        }
        page_clean(t, created);
        zc_text_printf(t, ": %zu new", fresh);
        if (fresh > 0)
                zc_text_printf(t, " (%s%s)", zc_text_str(&labels), fresh > LABELS_MAX ? ", …" : "");
        zc_text_printf(t, ", %zu fixed, %zu changed", fixed, changed);
        if (view_newly_unknown(p->report, &unknown))
                zc_text_printf(t, ", %zu newly unknown", unknown);
}

static bool tail_not_seen(struct page *p, struct zc_err *err)
{
        ZC_AUTO(view_unseen) all = view_unseen_new(p->report, err);
        ZC_AUTO(view_exposure) ports = all ? view_exposure_new(p->report, err) : NULL;
        ZC_AUTO_TEXT left = { 0 };
        size_t most;

        if (!ports)
                return false;
        most = p->how->verbose > 0 || all->count <= REASONS_MAX ? all->count : REASONS_MAX;
        for (size_t i = 0; i < most; i++) {
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, ZC_TEXT_CEILING);
                view_reason_what(&all->r[i], &t);
                zc_text_add(&t, " (");
                view_reason_checks(&all->r[i], &t);
                zc_text_add(&t, ")");
                page_tag(p, i ? "" : "NOT SEEN", zc_text_str(&t));
        }
        if (most < all->count) {
                char more[64];

                snprintf(more, sizeof(more), "and %zu reasons more (-v)", all->count - most);
                page_tag(p, "", more);
        }
        zc_text_init(&left, ZC_TEXT_CEILING);
        if (view_left(ports, true, &left) > 0)
                page_tag(p, all->count ? "" : "NOT SEEN", zc_text_str(&left));
        return true;
}

static void tail_problems(struct page *p)
{
        const json_t *problems = json_object_get(p->report, "problems");
        const json_t *v;
        size_t i;

        if (json_array_size(problems) > 0 && p->how->verbose == 0) {
                char text[64];

                snprintf(text, sizeof(text), "%zu while looking (-v)", json_array_size(problems));
                page_tag(p, "PROBLEMS", text);
                return;
        }
        json_array_foreach (problems, i, v) {
                static const char *const parts[] = { "probe", "subject", "what", "why" };
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, ZC_TEXT_CEILING);
                for (size_t k = 0; k < ZC_COUNT(parts); k++) {
                        const char *s = zc_json_str(v, parts[k], "");

                        if (*s) {
                                zc_text_add(&t, t.len ? (k == 1 ? " " : ": ") : "");
                                page_clean(&t, s);
                        }
                }
                page_tag(p, i ? "" : "PROBLEMS", zc_text_str(&t));
        }
}

static void tail_areas(struct page *p, struct zc_text *t)
{
        const json_t *area;
        size_t i;

        json_array_foreach (json_object_get(p->report, "areas"), i, area) {
                if (json_integer_value(json_object_get(area, "checks")) == 0)
                        continue; /* nothing here is of its kind */
                zc_text_add(t, t->len ? ", " : "");
                page_clean(t, zc_json_str(area, "name", "?"));
                zc_text_add(t, " ");
                page_clean(t, zc_json_str(area, "grade", "not known"));
        }
}

static void tail_files(struct page *p)
{
        zc_out_puts(p->out, "\n");
        for (size_t i = 0; p->how->files && p->how->files[i]; i++) {
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, ZC_TEXT_CEILING);
                page_clean(&t, p->how->files[i]);
                page_tag(p, i ? "" : "wrote", zc_text_str(&t));
        }
}

bool page_tail(struct page *p, struct zc_err *err)
{
        static const struct {
                const char *word;
                void (*text)(struct page *p, struct zc_text *t);
                void (*below)(struct page *p); /* lines of its own; NULL for none */
        } lines[] = { { "ALSO", tail_also, NULL },         { "WAIVED", tail_waived, waived_names },
                      { "SINCE", tail_since, NULL },       { "SKIPPED", tail_skipped, NULL },
                      { "LEFT OUT", tail_left_out, NULL }, { "CHANGED", tail_changed, NULL },
                      { "WARNING", tail_warnings, NULL } };
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_out_puts(p->out, "\n");
        for (size_t i = 0; i < ZC_COUNT(lines); i++) {
                zc_text_clear(&t);
                lines[i].text(p, &t);
                tag_if(p, lines[i].word, &t);
                if (lines[i].below)
                        lines[i].below(p);
        }
        zc_text_clear(&t);
        tail_stale(p, "expiring", "waivers that end within two weeks: ", &t);
        tag_if(p, "ENDING", &t);
        zc_text_clear(&t);
        tail_stale(p, "expired", "waivers that ended: ", &t);
        tag_if(p, "EXPIRED", &t);
        zc_text_clear(&t);
        tail_stale(p, "unused", "waivers that match nothing: ", &t);
        tag_if(p, "UNUSED", &t);
        if (!tail_not_seen(p, err))
                return false;
        tail_problems(p);
        zc_text_clear(&t);
        tail_areas(p, &t);
        tag_if(p, "AREAS", &t);
        tail_files(p);
        return t.failed ? zc_fail(err, ZC_E_NOMEM, "no memory for the page") : true;
}
