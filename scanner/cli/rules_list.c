/** zerocrit rules list, rules explain. */
#include <string.h>

#include "cmd_rules.h"
#include "settings.h"
#include "zc/cvss.h"
#include "zc/log.h"
#include "zc/report.h"
#include "zc/text.h"

#define NOTE 12u

/** "critical", or "critical (any, private), high (isolated), low (loopback)" in short: "critical..low". */
static void severity_text(const struct zc_rule *r, struct zc_text *t)
{
        enum zc_severity least = ZC_CRITICAL;

        for (unsigned i = ZC_REACH_LOOPBACK; i < ZC_REACH_COUNT; i++)
                least = r->severity[i] < least ? r->severity[i] : least;
        zc_text_add(t, zc_severity_name(zc_rule_worst(r)));
        if (r->by_reach && least != zc_rule_worst(r))
                zc_text_printf(t, "..%s", zc_severity_name(least));
}

static void rule_line(const struct zc_rule *r, struct zc_out *out)
{
        ZC_AUTO_TEXT severity = { 0 };
        ZC_AUTO_TEXT title = { 0 };

        zc_text_init(&severity, 64);
        zc_text_init(&title, 512);
        severity_text(r, &severity);
        zc_text_escape(&title, r->title, strlen(r->title));
        zc_out_printf(out, "%-14s %-16s %-10s %s\n", r->id, zc_text_str(&severity), r->kind->name,
                      zc_text_str(&title));
}

bool zc_rules_list(const struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_pack) pack = NULL;
        ZC_AUTO(zc_out) out = NULL;

        if (o->args.count > 1)
                return zc_fail(err, ZC_E_USAGE,
                               "`zerocrit rules list` takes no \"%.64s\"; did you mean `zerocrit "
                               "rules explain %.64s`?",
                               o->args.item[1], o->args.item[1]);
        if (!zc_settings_pack(o, &pack, err) || !zc_out_open("-", 0600, &out, err))
                return false;
        for (size_t i = 0; i < zc_pack_count(pack); i++)
                rule_line(zc_pack_rule(pack, i), out);
        zc_log(ZC_LOG_INFO, "%zu rule%s, %s", zc_pack_count(pack),
               zc_pack_count(pack) == 1 ? "" : "s", zc_pack_digest(pack));
        return zc_rules_finish(out, status, err);
}

struct notes {
        struct zc_out *out;
        unsigned columns;
};

/** "severity    critical": a word and wrapped text; rule texts have lines of their own. */
static void note(const struct notes *n, const char *word, const char *text)
{
        ZC_AUTO_TEXT clean = { 0 };

        zc_text_init(&clean, ZC_TEXT_CEILING);
        if (!text || !*text)
                return;
        for (const char *s = text;; s++) {
                size_t line = strcspn(s, "\n");

                zc_text_escape(&clean, s, line);
                s += line;
                if (*s == '\0' || s[1] == '\0')
                        break;
                zc_text_addc(&clean, '\n');
        }
        zc_out_printf(n->out, "%-*s", (int)NOTE, word);
        zc_wrap(n->out, zc_text_str(&clean), NOTE, NOTE, n->columns);
        zc_out_puts(n->out, "\n");
}

static void note_list(const struct notes *n, const char *word, const json_t *list)
{
        const json_t *v;
        size_t i;

        json_array_foreach (list, i, v) {
                const char *s = json_is_object(v) ? zc_json_str(v, "id", "") : json_string_value(v);

                note(n, i ? "" : word, s);
        }
}

static void note_severity(const struct notes *n, const struct zc_rule *r)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 256);
        if (!r->by_reach) {
                note(n, "severity", zc_severity_name(zc_rule_worst(r)));
                return;
        }
        for (unsigned i = ZC_REACH_COUNT; i-- > ZC_REACH_LOOPBACK;)
                zc_text_printf(&t, "%s%s where reach is %s", t.len ? ", " : "",
                               zc_severity_name(r->severity[i]), zc_reach_name((enum zc_reach)i));
        note(n, "severity", zc_text_str(&t));
}

static void note_fix(const struct notes *n, const json_t *record)
{
        const json_t *v;
        size_t i;

        note(n, "fix", zc_json_str(record, "remediation.text", ""));
        json_array_foreach (zc_json_at(record, "remediation.variants"), i, v) {
                note(n, "", zc_json_str(v, "change", ""));
                note_list(n, "  run", json_object_get(v, "commands"));
                note(n, "  risk", zc_json_str(v, "risk", ""));
                note(n, "  undo", zc_json_str(v, "undo", ""));
                note(n, "  check", zc_json_str(v, "verify", ""));
        }
}

static void note_refs(const struct notes *n, const json_t *record)
{
        const json_t *refs = json_object_get(record, "refs");
        const json_t *list, *v;
        const char *key;
        size_t i;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        json_object_foreach ((json_t *)(uintptr_t)refs, key, list) {
                json_array_foreach (list, i, v) {
                        const char *id =
                                json_is_object(v) ? zc_json_str(v, "id", "") : json_string_value(v);

                        zc_text_printf(&t, "%s%s %s", t.len ? ", " : "", key, id ? id : "");
                }
        }
        note(n, "refs", zc_text_str(&t));
}

/** "9.3, CVSS:4.0/AV:N/…", and why the severity is of another band. */
static void note_cvss(struct notes *n, const json_t *record)
{
        const char *vector = zc_json_str(record, "cvss", NULL);
        struct zc_err none = { 0 };
        struct zc_cvss v;
        ZC_AUTO_TEXT t = { 0 };

        if (!vector || !zc_cvss_parse(vector, &v, &none))
                return;
        zc_text_init(&t, 512);
        zc_text_printf(&t, "%u.%u, %s", zc_cvss_score(&v) / 10, zc_cvss_score(&v) % 10, vector);
        note(n, "cvss", zc_text_str(&t));
        note(n, "although", zc_json_str(record, "severity_override_reason", ""));
}

/** "days_left  21 (0 to 400): days before the end that are too few" */
static void note_params(struct notes *n, const json_t *record)
{
        bool first = true;
        const char *name;
        json_t *p;

        json_object_foreach (json_object_get(record, "params"), name, p) {
                ZC_AUTO_MEM char *value = zc_json_line(json_object_get(p, "default"));
                ZC_AUTO_MEM char *min = zc_json_line(json_object_get(p, "min"));
                ZC_AUTO_MEM char *max = zc_json_line(json_object_get(p, "max"));
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, 1024);
                zc_text_printf(&t, "%s = %s", name, value ? value : "?");
                if (json_object_get(p, "min") || json_object_get(p, "max"))
                        zc_text_printf(&t, " (%s to %s)",
                                       json_object_get(p, "min") && min ? min : "any",
                                       json_object_get(p, "max") && max ? max : "any");
                zc_text_printf(&t, ": %s", zc_json_str(p, "summary", ""));
                note(n, first ? "params" : "", zc_text_str(&t));
                first = false;
        }
}

bool zc_rules_explain(const struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_pack) pack = NULL;
        ZC_AUTO(zc_out) out = NULL;
        struct notes n = { .columns = zc_columns(STDOUT_FILENO) };
        const struct zc_rule *r;
        ZC_AUTO_TEXT where = { 0 };

        zc_text_init(&where, 512);
        if (o->args.count != 2)
                return zc_fail(err, ZC_E_USAGE,
                               "explain which rule? zerocrit rules explain ZC-FW-001; `zerocrit "
                               "rules list` lists them");
        if (!zc_settings_pack(o, &pack, err))
                return false;
        r = zc_rules_named(pack, o->args.item[1], err);
        if (!r || !zc_out_open("-", 0600, &out, err))
                return false;
        n.out = out;
        note(&n, r->id, r->title);
        note_severity(&n, r);
        note_cvss(&n, r->record);
        note(&n, "confidence", zc_confidence_name(r->confidence));
        note(&n, "judges", r->kind->name);
        note(&n, "where", r->where_source);
        note(&n, "fails when", r->when_source);
        note(&n, "because", zc_json_str(r->record, "rationale", ""));
        note_fix(&n, r->record);
        note_list(&n, "reproduce", zc_json_at(r->record, "remediation.reproduce"));
        note_list(&n, "covers", json_object_get(r->record, "covers"));
        note_params(&n, r->record);
        note_refs(&n, r->record);
        note_list(&n, "tags", r->tags);
        zc_text_printf(&where, "%s:%u", r->file, r->line);
        note(&n, "file", zc_text_str(&where));
        return zc_rules_finish(out, status, err);
}
