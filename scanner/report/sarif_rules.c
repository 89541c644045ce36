/** The rules of a SARIF log: one for each that found something, with the severity of its worst finding. */
#include <string.h>

#include "page.h"
#include "sarif.h"
#include "view.h"
#include "zc/clock.h"

/* GitHub's bands: over 9.0 critical, 7.0-8.9 high, 4.0-6.9 medium, 0.1-3.9 low. "info" has no band of its own. */
static const struct {
        const char *level, *number;
} levels[PAGE_SEVERITIES + 1] = {
        { "error", "9.5" }, { "error", "8.0" }, { "warning", "5.5" },
        { "note", "2.0" },  { "note", "0.1" },  { "note", "0.1" },
};

static const struct {
        const char *confidence, *precision;
} precisions[] = {
        { "proven", "very-high" },
        { "derived", "high" },
        { "version", "medium" },
};

const char *sarif_level(unsigned severity)
{
        return levels[severity <= PAGE_SEVERITIES ? severity : PAGE_SEVERITIES].level;
}

bool sarif_time(const char *s)
{
        int64_t ms;

        return zc_time_parse(s, &ms);
}

static const char *precision(const json_t *f)
{
        const char *confidence = zc_json_str(f, "confidence", "");

        for (size_t i = 0; i < ZC_COUNT(precisions); i++) {
                if (strcmp(precisions[i].confidence, confidence) == 0)
                        return precisions[i].precision;
        }
        return "low";
}

static bool tag_add(json_t *tags, const char *s)
{
        json_auto_t *tag = sarif_text(s);
        const json_t *v;
        size_t i;

        json_array_foreach (tags, i, v) { /* the schema wants each once */
                if (json_equal(v, tag))
                        return true;
        }
        return json_array_size(tags) == SARIF_TAGS_MAX || json_array_append(tags, tag) == 0;
}

static json_t *tags_of(const json_t *f)
{
        json_auto_t *tags = json_array();
        const json_t *v;
        size_t i;

        if (!tags || !tag_add(tags, "security"))
                return NULL;
        json_array_foreach (zc_json_at(f, "refs.cwe"), i, v) {
                ZC_AUTO_TEXT t = { 0 };
                const char *id = zc_json_str(v, "id", "");

                zc_text_init(&t, 128);
                zc_text_printf(&t, "external/cwe/%s%s", *id >= '0' && *id <= '9' ? "cwe-" : "", id);
                if (!tag_add(tags, zc_text_str(&t)))
                        return NULL;
        }
        json_array_foreach (json_object_get(f, "tags"), i, v) {
                if (json_is_string(v) && *json_string_value(v) &&
                    !tag_add(tags, json_string_value(v)))
                        return NULL;
        }
        return json_incref(tags);
}

static void help_text(const json_t *f, bool markdown, struct zc_text *t)
{
        const json_t *v, *command;
        size_t i, j;

        zc_text_add(t, zc_json_str(f, "rationale", ""));
        zc_text_add(t, "\n\n");
        zc_text_add(t, zc_json_str(f, "remediation.text", ""));
        json_array_foreach (zc_json_at(f, "remediation.variants"), i, v) {
                zc_text_printf(t, "\n\n%s%s", markdown ? "- " : "", zc_json_str(v, "change", ""));
                json_array_foreach (json_object_get(v, "commands"), j, command) {
                        const char *s = json_string_value(command);

                        zc_text_printf(t, markdown ? "\n\n      %s" : "\n  %s", s ? s : "");
                }
                if (*zc_json_str(v, "risk", ""))
                        zc_text_printf(t, "\n\n%sRisk: %s", markdown ? "  " : "",
                                       view_risk(zc_json_str(v, "risk", "")));
        }
}

/** Rules' own words; what stands in them of a report made by anyone is clean all the same. Markup in it is GitHub's to sanitise. */
static json_t *help_of(const json_t *f)
{
        ZC_AUTO_TEXT text = { 0 };
        ZC_AUTO_TEXT markdown = { 0 };

        zc_text_init(&text, ZC_TEXT_CEILING);
        zc_text_init(&markdown, ZC_TEXT_CEILING);
        help_text(f, false, &text);
        help_text(f, true, &markdown);
        return json_pack("{s:o, s:o}", "text", sarif_text(zc_text_str(&text)), "markdown",
                         sarif_text(zc_text_str(&markdown)));
}

/** @f: its worst finding. */
static json_t *rule_of(const json_t *f)
{
        unsigned severity = page_severity(f);

        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:{s:s}, s:{s:o, s:s, s:s}}", "id",
                         sarif_text(zc_json_str(f, "rule", "")), "name",
                         sarif_text(zc_json_str(f, "rule", "")), "shortDescription",
                         sarif_message(zc_json_str(f, "title", "")), "fullDescription",
                         sarif_message(zc_json_str(f, "rationale", "")), "help", help_of(f),
                         "defaultConfiguration", "level", sarif_level(severity), "properties",
                         "tags", tags_of(f), "precision", precision(f), "security-severity",
                         levels[severity].number);
}

json_t *sarif_rules(struct sarif *s)
{
        json_auto_t *rules = json_array();
        const json_t *f;
        size_t i;

        if (!rules)
                return NULL;
        for (unsigned severity = 0; severity <= PAGE_SEVERITIES; severity++) {
                json_array_foreach (json_object_get(s->report, "findings"), i, f) {
                        const char *id = zc_json_str(f, "rule", "");

                        if (page_severity(f) != severity || json_object_get(s->index, id) ||
                            json_array_size(rules) == SARIF_RULES_MAX)
                                continue;
                        if (!sarif_put(s->index, id,
                                       json_integer((json_int_t)json_array_size(rules))) ||
                            json_array_append_new(rules, rule_of(f)) != 0)
                                return NULL;
                }
        }
        return json_incref(rules);
}

json_t *sarif_finding_properties(const json_t *f)
{
        return json_pack("{s:o, s:o, s:o, s:s}", "asset", sarif_text(zc_json_str(f, "asset", "")),
                         "reach", sarif_text(zc_json_str(f, "reach", "unknown")), "confidence",
                         sarif_text(zc_json_str(f, "confidence", "")), "security-severity",
                         levels[page_severity(f)].number);
}
