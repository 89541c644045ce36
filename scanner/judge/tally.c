/** Everything that was judged, counted while it arrives: one row per rule, verdict and why; subjects by number. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"

#define SEPARATOR "\x1f"

char *zc_key(const char *a, const char *b, const char *c)
{
        struct zc_text t;

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_add(&t, a);
        zc_text_add(&t, SEPARATOR);
        zc_text_add(&t, b);
        zc_text_add(&t, SEPARATOR);
        zc_text_add(&t, c ? c : "");
        return zc_text_steal(&t);
}

struct zc_tally *zc_tally_new(const struct zc_gate *gate, struct zc_waivers *waivers)
{
        struct zc_tally *t = calloc(1, sizeof(*t));

        if (!t)
                return NULL;
        t->gate = gate;
        t->waivers = waivers;
        t->row_index = json_object();
        t->subjects = json_array();
        t->assets = json_array();
        t->subject_index = json_object();
        t->findings = json_array();
        t->finding_index = json_object();
        t->sights = json_array();
        t->cleared = json_object();
        t->missing = json_array();
        t->missing_index = json_object();
        t->warnings = json_array();
        t->risen = json_object();
        t->scratch = zc_arena_new(0);
        zc_text_init(&t->last_asset, ZC_TEXT_CEILING);
        zc_text_init(&t->last_subject, ZC_TEXT_CEILING);
        if (!t->row_index || !t->subjects || !t->assets || !t->subject_index || !t->findings ||
            !t->finding_index || !t->sights || !t->cleared || !t->missing || !t->missing_index ||
            !t->risen || !t->warnings || !t->scratch) {
                zc_tally_free(t);
                return NULL;
        }
        return t;
}

static void row_release(struct zc_row *r)
{
        free(r->rule);
        free(r->why);
        free(r->waived);
        free(r->probe);
        free(r->needs);
        free((void *)r->ranges);
}

void zc_tally_free(struct zc_tally *t)
{
        if (!t)
                return;
        for (size_t i = 0; i < t->row_count; i++)
                row_release(&t->rows[i]);
        free(t->rows);
        json_decref(t->row_index);
        json_decref(t->subjects);
        json_decref(t->assets);
        json_decref(t->subject_index);
        zc_text_release(&t->last_asset);
        zc_text_release(&t->last_subject);
        json_decref(t->findings);
        json_decref(t->finding_index);
        json_decref(t->sights);
        json_decref(t->cleared);
        json_decref(t->missing);
        json_decref(t->missing_index);
        json_decref(t->warnings);
        json_decref(t->risen);
        zc_arena_free(t->scratch);
        free(t);
}

static bool no_memory(struct zc_err *err)
{
        return zc_fail(err, ZC_E_NOMEM, "no memory for the report");
}

/** NULL stays NULL. */
static bool copy(const char *s, char **out)
{
        *out = s ? strdup(s) : NULL;
        return !s || *out;
}

static bool row_new(struct zc_tally *t, const struct zc_check *c, const char *waived,
                    const char *key, size_t *out)
{
        struct zc_row *r;

        if (t->row_count == t->row_cap) {
                size_t cap = t->row_cap ? t->row_cap * 2 : 64;
                struct zc_row *more = realloc(t->rows, cap * sizeof(*more));

                if (!more)
                        return false;
                t->rows = more;
                t->row_cap = cap;
        }
        r = &t->rows[t->row_count];
        *r = (struct zc_row){ .verdict = c->verdict };
        if (!copy(c->rule, &r->rule) || !copy(c->why, &r->why) || !copy(waived, &r->waived) ||
            !copy(c->probe, &r->probe) || !copy(c->needs, &r->needs) ||
            json_object_set_new(t->row_index, key, json_integer((json_int_t)t->row_count)) != 0) {
                row_release(r);
                return false;
        }
        *out = t->row_count++;
        return true;
}

/** Is it the row that the rule's last check of that verdict went to? */
static bool row_same(const struct zc_row *r, const struct zc_check *c, const char *waived)
{
        return strcmp(r->why, c->why) == 0 &&
               (waived ? r->waived && strcmp(r->waived, waived) == 0 : !r->waived);
}

static bool row_find(struct zc_tally *t, const struct zc_check *c, const char *waived, size_t *out)
{
        size_t *memo = c->memo ? &c->memo->row[c->verdict] : NULL;
        ZC_AUTO_MEM char *head = NULL;
        ZC_AUTO_MEM char *key = NULL;
        const json_t *known;
        bool ok = true;

        if (memo && *memo && row_same(&t->rows[*memo - 1], c, waived)) {
                *out = *memo - 1;
                return true;
        }
        head = zc_key(c->rule, zc_verdict_name(c->verdict), waived);
        key = head ? zc_key(head, c->why, NULL) : NULL;
        if (!key)
                return false;
        known = json_object_get(t->row_index, key);
        if (known)
                *out = (size_t)json_integer_value(known);
        else
                ok = row_new(t, c, waived, key, out);
        if (ok && memo)
                *memo = *out + 1;
        return ok;
}

static bool subject_find(struct zc_tally *t, const char *asset, const char *subject, size_t *out)
{
        ZC_AUTO_MEM char *key = zc_key(asset, subject, NULL);
        const json_t *known = key ? json_object_get(t->subject_index, key) : NULL;
        size_t n = json_array_size(t->subjects);

        if (!key)
                return false;
        if (known) {
                *out = (size_t)json_integer_value(known);
                return true;
        }
        *out = n;
        return json_array_append_new(t->subjects, json_string(subject)) == 0 &&
               json_array_append_new(t->assets, json_string(asset)) == 0 &&
               json_object_set_new(t->subject_index, key, json_integer((json_int_t)n)) == 0;
}

static bool range_add(struct zc_row *r, size_t subject)
{
        if (r->range_count > 0) {
                size_t *last = r->ranges[r->range_count - 1];

                if (subject >= last[0] && subject <= last[1])
                        return true;
                if (subject == last[1] + 1) {
                        last[1]++;
                        return true;
                }
        }
        if (r->range_count == r->range_cap) {
                size_t cap = r->range_cap ? r->range_cap * 2 : 4;
                size_t(*more)[2] = realloc((void *)r->ranges, cap * sizeof(*more));

                if (!more)
                        return false;
                r->ranges = more;
                r->range_cap = cap;
        }
        r->ranges[r->range_count][0] = subject;
        r->ranges[r->range_count][1] = subject;
        r->range_count++;
        return true;
}

/** Most checks are of what the one before was of. */
static bool is_last(const struct zc_tally *t, const struct zc_check *c)
{
        return t->last > 0 && strcmp(zc_text_str(&t->last_subject), c->subject) == 0 &&
               strcmp(zc_text_str(&t->last_asset), c->asset) == 0;
}

static bool last_set(struct zc_tally *t, const struct zc_check *raw, size_t subject)
{
        zc_text_clear(&t->last_asset);
        zc_text_clear(&t->last_subject);
        zc_text_add(&t->last_asset, raw->asset);
        zc_text_add(&t->last_subject, raw->subject);
        t->last = t->last_asset.cut || t->last_subject.cut ? 0 : subject + 1;
        return !t->last_asset.failed && !t->last_subject.failed;
}

/** The check with every text of foreign origin made safe. */
static struct zc_check check_shown(struct zc_tally *t, const struct zc_check *c)
{
        struct zc_check out = *c;

        if (is_last(t, c)) {
                out.asset = json_string_value(json_array_get(t->assets, t->last - 1));
                out.subject = json_string_value(json_array_get(t->subjects, t->last - 1));
        } else {
                out.asset = zc_shown(t->scratch, c->asset);
                out.subject = zc_shown(t->scratch, c->subject);
        }
        out.why = zc_shown(t->scratch, c->why);
        out.named = c->named ? zc_shown(t->scratch, c->named) : NULL;
        out.needs = c->needs ? zc_shown(t->scratch, c->needs) : NULL;
        return out;
}

/** A waiver may call it by either asset. */
static const char *waiver_of(struct zc_tally *t, const struct zc_check *c)
{
        const char *id = zc_waivers_match(t->waivers, c->rule, c->asset, c->subject, c->verdict);

        return id || !c->named || strcmp(c->named, c->asset) == 0
                       ? id
                       : zc_waivers_match(t->waivers, c->rule, c->named, c->subject, c->verdict);
}

static bool is_required(const struct zc_tally *t, const struct zc_check *c)
{
        unsigned char *memo = c->memo ? &c->memo->required[c->severity] : NULL;
        bool required;

        if (c->verdict == ZC_NOTAPPLICABLE_V || c->told)
                return false;
        if (c->failed)
                return zc_gate_could_fail(t->gate, c->rule, c->tags, c->severity);
        if (memo && *memo)
                return *memo == 2;
        required = zc_gate_requires(t->gate, c->rule, c->tags, c->severity);
        if (memo)
                *memo = required ? 2 : 1;
        return required;
}

bool zc_tally_check(struct zc_tally *t, const struct zc_check *raw, const char **waived,
                    struct zc_err *err)
{
        const struct zc_check c = check_shown(t, raw);
        bool unanswered = c.verdict == ZC_UNKNOWN || c.verdict == ZC_ERROR;
        bool required = is_required(t, &c);
        const char *id = NULL;
        size_t row = 0, subject = t->last - 1;

        if (c.verdict == ZC_FAIL || c.verdict == ZC_UNKNOWN)
                id = waiver_of(t, &c);
        if (!row_find(t, &c, id, &row))
                return no_memory(err);
        if (!is_last(t, raw) &&
            (!subject_find(t, c.asset, c.subject, &subject) || !last_set(t, raw, subject)))
                return no_memory(err);
        if (!range_add(&t->rows[row], subject))
                return no_memory(err);
        t->rows[row].count++;
        t->rows[row].required = t->rows[row].required || required;
        t->verdicts[c.verdict]++;
        t->required_of += required;
        t->required_done += required && !unanswered;
        t->required_waived += required && unanswered && id;
        if (waived)
                *waived = id;
        return true;
}

bool zc_tally_unplanned(struct zc_tally *t, const char *rule, struct zc_err *err)
{
        const struct zc_check c = { .rule = rule,
                                    .verdict = ZC_NOTAPPLICABLE_V,
                                    .why = "nothing of this kind was planned" };
        size_t row = 0;

        return row_find(t, &c, NULL, &row) || no_memory(err);
}

/** The report's members in the schema's order are the caller's; these are the tally's. */
static bool stamp(json_t *finding, const char *waived)
{
        return json_object_set_new(finding, "status", json_string(waived ? "waived" : "open")) ==
                       0 &&
               json_object_set_new(finding, "waiver", waived ? json_string(waived) : json_null()) ==
                       0 &&
               json_object_set_new(finding, "change", json_string("new")) == 0;
}

bool zc_tally_finding(struct zc_tally *t, json_t *finding, const char *waived,
                      const struct zc_sight *sight, struct zc_err *err)
{
        const char *fingerprint = zc_json_str(finding, "fingerprint", "");
        const json_t *known = json_object_get(t->finding_index, fingerprint);
        size_t n = json_array_size(t->findings);

        if (!stamp(finding, waived)) {
                json_decref(finding);
                return no_memory(err);
        }
        if (known) { /* two entities or two vantages, one subject */
                size_t i = (size_t)json_integer_value(known);
                json_t *one = zc_twins_merge(json_incref(json_array_get(t->findings, i)), finding);

                return (one && json_array_set_new(t->findings, i, one) == 0) || no_memory(err);
        }
        if (json_object_set_new(t->finding_index, fingerprint, json_integer((json_int_t)n)) != 0 ||
            json_array_append_new(t->findings, finding) != 0 ||
            json_array_append_new(t->sights, zc_sight_json(sight)) != 0)
                return no_memory(err);
        return true;
}

bool zc_tally_missing(struct zc_tally *t, struct zc_err *err, const char *fmt, ...)
{
        char text[512];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        if (json_object_get(t->missing_index, text))
                return true;
        return (json_object_set_new(t->missing_index, text, json_true()) == 0 &&
                json_array_append_new(t->missing, json_string(zc_shown(t->scratch, text))) == 0) ||
               no_memory(err);
}

/* ---- into the report ---- */

static int row_compare(const void *a, const void *b)
{
        const struct zc_row *x = a, *y = b;
        int c = strcmp(x->rule, y->rule);

        if (c == 0)
                c = (int)x->verdict - (int)y->verdict;
        if (c == 0)
                c = strcmp(x->why, y->why);
        return c ? c : strcmp(x->waived ? x->waived : "", y->waived ? y->waived : "");
}

static int range_compare(const void *a, const void *b)
{
        const size_t *x = a, *y = b;

        return x[0] < y[0] ? -1 : x[0] > y[0];
}

/** In order, and joined where they touch. */
static json_t *row_ranges(struct zc_row *r)
{
        json_t *out = json_array();
        size_t i = 0;

        if (r->range_count)
                qsort((void *)r->ranges, r->range_count, sizeof(r->ranges[0]), range_compare);
        while (i < r->range_count) {
                size_t first = r->ranges[i][0], last = r->ranges[i][1];

                for (i++; i < r->range_count && r->ranges[i][0] <= last + 1; i++)
                        last = r->ranges[i][1] > last ? r->ranges[i][1] : last;
                json_array_append_new(out, json_pack("[I,I]", (json_int_t)first, (json_int_t)last));
        }
        return out;
}

static json_t *rows_json(struct zc_tally *t)
{
        json_t *out = json_array();

        if (t->row_count)
                qsort(t->rows, t->row_count, sizeof(*t->rows), row_compare);
        for (size_t i = 0; i < t->row_count; i++) {
                struct zc_row *r = &t->rows[i];

                json_array_append_new(
                        out, json_pack("{s:s, s:s, s:s, s:b, s:I, s:s?, s:o}", "rule", r->rule,
                                       "verdict", zc_verdict_name(r->verdict), "why", r->why,
                                       "required", r->required, "count", (json_int_t)r->count,
                                       "waived", r->waived, "subjects", row_ranges(r)));
        }
        return out;
}

static json_t *verdicts_json(const struct zc_tally *t)
{
        json_t *out = json_object();

        for (enum zc_verdict v = ZC_PASS; v <= ZC_NOTAPPLICABLE_V; v++)
                json_object_set_new(out, zc_verdict_name(v),
                                    json_integer((json_int_t)t->verdicts[v]));
        return out;
}

bool zc_tally_report(struct zc_tally *t, const json_t *baseline, json_t *report, struct zc_err *err)
{
        json_auto_t *checks = rows_json(t);
        json_auto_t *newly = json_array();
        json_auto_t *none = json_null();

        if (!zc_twins_settle(t, err) || !zc_findings_settle(t->findings, err) ||
            !zc_baseline_compare(baseline, checks, t->subjects, t->assets, t->findings, t->risen,
                                 newly, err))
                return false;
        if (json_object_set_new(report, "gate", zc_gate_close(t, t->findings)) != 0 ||
            json_object_set_new(report, "counts", zc_findings_counts(t->findings)) != 0 ||
            json_object_set_new(report, "verdicts", verdicts_json(t)) != 0 ||
            json_object_set_new(report, "areas", zc_areas(t, t->findings)) != 0 ||
            json_object_set(report, "findings", t->findings) != 0 ||
            json_object_set(report, "subjects", t->subjects) != 0 ||
            json_object_set(report, "assets", t->assets) != 0 ||
            json_object_set(report, "checks", checks) != 0 ||
            json_object_set(report, "newly_unknown", baseline ? newly : none) != 0 ||
            json_object_set_new(report, "grades", zc_grades(t, t->findings)) != 0 ||
            json_object_set_new(report, "grading", json_string(zc_grading_words)) != 0 ||
            json_object_set_new(report, "waivers", zc_waivers_report(t->waivers)) != 0)
                return no_memory(err);
        return true;
}
