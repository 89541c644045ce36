/**
 * SARIF 2.1.0 as GitHub code scanning reads it (OASIS SARIF 2.1.0; GitHub Docs, "SARIF support for code scanning"): every result has a location with a
 * relative path and a full region, severities are numbers in text, and `results` is there even when nothing was found, so that alerts close.
 */
#include <string.h>

#include "page.h"
#include "sarif.h"
#include "view.h"
#include "zc/report.h"

#define CONFIGURATION "zerocrit.yaml" /* alerts stand in the committed configuration */
#define NOTES_MAX 200u

bool sarif_put(json_t *object, const char *name, json_t *value)
{
        return json_object_set_new(object, name, value) == 0;
}

json_t *sarif_text(const char *s)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, SARIF_TEXT_MAX);
        page_clean_lines(&t, s);
        if (t.cut) {
                zc_text_shorten(&t, t.len > 3 ? t.len - 3 : 0);
                while (t.len > 0 && !zc_utf8_valid(zc_text_str(&t), t.len))
                        zc_text_shorten(&t, t.len - 1);
                zc_text_add(&t, "…");
        }
        return json_string(t.len ? zc_text_str(&t) : "-");
}

json_t *sarif_message(const char *s)
{
        return json_pack("{s:o}", "text", sarif_text(s));
}

/** Where an alert stands: the configuration that names the target. The endpoint itself is a logical location. */
static json_t *locations(const json_t *f)
{
        ZC_AUTO_TEXT full = { 0 };

        zc_text_init(&full, SARIF_TEXT_MAX);
        page_clean(&full, zc_json_str(f, "asset", ""));
        zc_text_add(&full, "/");
        page_clean(&full, zc_json_str(f, "subject", ""));
        return json_pack("[{s:{s:{s:s}, s:{s:i, s:i, s:i, s:i}}, s:[{s:o, s:s, s:s}]}]",
                         "physicalLocation", "artifactLocation", "uri", CONFIGURATION, "region",
                         "startLine", 1, "startColumn", 1, "endLine", 1, "endColumn", 2,
                         "logicalLocations", "name", sarif_text(zc_json_str(f, "subject", "")),
                         "fullyQualifiedName", zc_text_str(&full), "kind", "resource");
}

static const char *baseline_state(const json_t *f)
{
        const char *change = zc_json_str(f, "change", "");

        if (strcmp(change, "unchanged") == 0 || strcmp(change, "updated") == 0 ||
            strcmp(change, "absent") == 0)
                return change;
        return "new";
}

/** Who accepted it and until when, from the waiver that the finding names. */
static json_t *suppressions(const json_t *report, const json_t *f)
{
        static const char *const lists[] = { "active", "expiring" };
        const char *id = zc_json_str(f, "waiver", "");
        const json_t *w;
        size_t i;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, SARIF_TEXT_MAX);
        zc_text_add(&t, "waived: ");
        page_clean(&t, id);
        for (size_t l = 0; l < ZC_COUNT(lists); l++) {
                json_array_foreach (json_object_get(json_object_get(report, "waivers"), lists[l]),
                                    i, w) {
                        if (strcmp(zc_json_str(w, "id", ""), id) != 0)
                                continue;
                        zc_text_add(&t, ", ");
                        page_clean(&t, zc_json_str(w, "reason", ""));
                        zc_text_add(&t, "; approved by ");
                        page_clean(&t, zc_json_str(w, "approver", "?"));
                        zc_text_add(&t, ", ends ");
                        page_clean(&t, zc_json_str(w, "expires", "?"));
                        l = ZC_COUNT(lists) - 1;
                        break;
                }
        }
        return json_pack("[{s:s, s:s, s:s}]", "kind", "external", "status", "accepted",
                         "justification", zc_text_str(&t));
}

static json_t *result_message(const json_t *f)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, SARIF_TEXT_MAX);
        zc_text_add(&t, zc_json_str(f, "subject", ""));
        zc_text_add(&t, ": ");
        zc_text_add(&t, zc_json_str(f, "message", ""));
        return sarif_message(zc_text_str(&t));
}

static json_t *result(const struct sarif *s, const json_t *f)
{
        const char *rule = zc_json_str(f, "rule", "");
        const json_t *index = json_object_get(s->index, rule);
        json_t *r = json_pack(
                "{s:o, s:I, s:s, s:s, s:o, s:o, s:{s:o, s:o}, s:s}", "ruleId", sarif_text(rule),
                "ruleIndex", json_integer_value(index), "level", sarif_level(page_severity(f)),
                "kind", "fail", "message", result_message(f), "locations", locations(f),
                "partialFingerprints", "primaryLocationLineHash",
                sarif_text(zc_json_str(f, "fingerprint", "")), "zerocritFingerprint/v1",
                sarif_text(zc_json_str(f, "fingerprint", "")), "baselineState", baseline_state(f));

        if (!r || !sarif_put(r, "properties", sarif_finding_properties(f)))
                return json_decref(r), NULL;
        if (strcmp(zc_json_str(f, "status", ""), "waived") == 0 &&
            !sarif_put(r, "suppressions", suppressions(s->report, f)))
                return json_decref(r), NULL;
        return r;
}

/** The report is sorted by severity: what is cut at GitHub's limit is the least. */
static bool results_add(struct sarif *s, json_t *results)
{
        const json_t *f;
        size_t i;

        json_array_foreach (json_object_get(s->report, "findings"), i, f) {
                if (!json_object_get(s->index, zc_json_str(f, "rule", "")) ||
                    json_array_size(results) == SARIF_RESULTS_MAX) {
                        s->cut++;
                        continue;
                }
                if (json_array_append_new(results, result(s, f)) != 0)
                        return false;
        }
        return true;
}

static bool note_add(json_t *notes, const char *level, const char *text)
{
        return json_array_append_new(notes, json_pack("{s:s, s:o}", "level", level, "message",
                                                      sarif_message(text))) == 0;
}

static bool notes_unseen(json_t *notes, const struct view_unseen *unseen)
{
        for (size_t i = 0; i < unseen->count && i < NOTES_MAX; i++) {
                const struct view_reason *r = &unseen->r[i];
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, SARIF_TEXT_MAX);
                zc_text_add(&t, "not seen: ");
                view_reason_what(r, &t);
                zc_text_add(&t, " (");
                view_reason_checks(r, &t);
                zc_text_add(&t, ")");
                if (!note_add(notes, r->required ? "error" : "warning", zc_text_str(&t)))
                        return false;
        }
        return true;
}

static bool notes_problems(json_t *notes, const json_t *problems)
{
        const json_t *v;
        size_t i;

        json_array_foreach (problems, i, v) {
                ZC_AUTO_TEXT t = { 0 };

                if (i == NOTES_MAX)
                        break;
                zc_text_init(&t, SARIF_TEXT_MAX);
                zc_text_printf(&t, "%s %s: %s", zc_json_str(v, "probe", ""),
                               zc_json_str(v, "subject", ""), zc_json_str(v, "what", ""));
                if (*zc_json_str(v, "why", ""))
                        zc_text_printf(&t, ": %s", zc_json_str(v, "why", ""));
                if (!note_add(notes, "warning", zc_text_str(&t)))
                        return false;
        }
        return true;
}

static json_t *notifications(const struct sarif *s, struct zc_err *err)
{
        ZC_AUTO(view_unseen) unseen = view_unseen_new(s->report, err);
        json_auto_t *notes = json_array();
        char text[128];

        snprintf(text, sizeof(text), "%zu results are left out: %u is the most that is read",
                 s->cut, SARIF_RESULTS_MAX);
        if (!unseen || (s->cut > 0 && !note_add(notes, "warning", text)) ||
            !notes_unseen(notes, unseen) ||
            !notes_problems(notes, json_object_get(s->report, "problems")))
                return NULL;
        return json_incref(notes);
}

/** An audit that could not show what the gate asks did not succeed, whatever it found. */
static json_t *invocation(const struct sarif *s, struct zc_err *err)
{
        const json_t *run = json_array_get(json_object_get(s->report, "runs"), 0);
        bool shown = strcmp(zc_json_str(s->report, "gate.verdict", ""), "incomplete") != 0;
        json_t *inv = json_pack("{s:b, s:o}", "executionSuccessful", (int)shown,
                                "toolExecutionNotifications", notifications(s, err));

        if (inv && sarif_time(zc_json_str(run, "started", "")) &&
            !sarif_put(inv, "startTimeUtc", json_string(zc_json_str(run, "started", ""))))
                return json_decref(inv), NULL;
        if (inv && sarif_time(zc_json_str(run, "finished", "")) &&
            !sarif_put(inv, "endTimeUtc", json_string(zc_json_str(run, "finished", ""))))
                return json_decref(inv), NULL;
        return inv;
}

static json_t *log_of(struct sarif *s, struct zc_err *err)
{
        json_auto_t *rules = sarif_rules(s);
        json_auto_t *results = json_array();
        json_t *inv;

        if (!rules || !results || !results_add(s, results))
                return NULL;
        inv = invocation(s, err);
        return json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:o, s:O}}, s:[o], s:{s:s}, s:s, s:O}]}",
                         "$schema", "https://json.schemastore.org/sarif-2.1.0.json", "version",
                         "2.1.0", "runs", "tool", "driver", "name", "zerocrit", "version",
                         sarif_text(zc_json_str(s->report, "version", "")), "rules", rules,
                         "invocations", inv, "automationDetails", "id", "zerocrit/", "columnKind",
                         "unicodeCodePoints", "results", results);
}

static bool sarif_render(const json_t *report, const struct zc_render *how, struct zc_out *out,
                         struct zc_err *err)
{
        json_auto_t *index = json_object();
        struct sarif s = { .report = report, .index = index };
        json_auto_t *log = NULL;

        (void)how;
        if (index)
                log = log_of(&s, err);
        return log ? zc_json_write(out, log, err)
                   : zc_fail(err, ZC_E_NOMEM, "no memory to write the report as SARIF");
}

const struct zc_format zc_format_sarif = {
        .name = "sarif",
        .summary = "SARIF 2.1.0, for code scanning",
        .file = "zerocrit.sarif",
        .render = sarif_render,
};
