/** From a checked record to a rule: plain fields, then every expression against the schema of what the rule applies to. */
#include <stdio.h>
#include <string.h>

#include "rule_internal.h"

/** The error of an expression, at its place in the file. */
bool zc_rule_fail_text(const struct rule_compile *c, const char *below, const char *source)
{
        unsigned line = 1, column = 1, at_line = 1, at_column = 1;
        char words[sizeof(c->err->text)];
        char pointer[512];
        bool placed;

        snprintf(pointer, sizeof(pointer), "%s%s", c->pointer, below);
        snprintf(words, sizeof(words), "%s", zc_place_split(c->err->text, &line, &column));
        placed = strcmp(words, c->err->text) != 0;
        zc_yaml_where_text(c->y, pointer, line, column, &at_line, &at_column);
        if (strchr(source, '\n') && placed)
                return zc_fail(c->err, ZC_E_USAGE,
                               "%s:%u:%u: %s (line %u of the expression, column %u)",
                               zc_yaml_name(c->y), at_line, at_column, words, line, column);
        return zc_fail(c->err, ZC_E_USAGE, "%s:%u:%u: %s", zc_yaml_name(c->y), at_line, at_column,
                       words);
}

static bool declare(const struct rule_compile *c, const char *name, const json_t *root,
                    const json_t *node, bool evidence)
{
        const struct zc_cel_type *type = zc_cel_type_schema(c->r->env, root, node, c->err);

        return type && zc_cel_declare(c->r->env, name, type, evidence, c->err);
}

/** A JSON Schema of the rule's parameters, so that a misspelt one is an error too. */
static json_t *params_schema(const json_t *params)
{
        static const char *const rows[][2] = { { "int", "integer" },
                                               { "double", "number" },
                                               { "string", "string" },
                                               { "bool", "boolean" } };
        json_t *properties = json_object();
        const char *name;
        json_t *param;

        json_object_foreach ((json_t *)(uintptr_t)params, name, param) {
                const char *type = zc_json_str(param, "type", "");
                json_t *node = NULL;

                for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                        if (strcmp(rows[i][0], type) == 0)
                                node = json_pack("{s:s}", "type", rows[i][1]);
                }
                if (!node)
                        node = json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type",
                                         "string");
                json_object_set_new(properties, name, node);
        }
        return json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0,
                         "properties", properties);
}

static bool make_env(struct rule_compile *c)
{
        const json_t *schema = zc_evidence_schema(c->err);
        const json_t *defs = json_object_get(schema, "$defs");
        struct rule_owned *r = c->r;

        if (!schema)
                return false;
        r->env = zc_cel_env_new();
        r->params_schema = params_schema(json_object_get(c->record, "params"));
        if (!r->env || !r->params_schema)
                return zc_fail(c->err, ZC_E_NOMEM, "no memory for a rule");
        if (!declare(c, "self", schema, json_object_get(defs, r->rule.kind->def), true) ||
            !declare(c, "host", schema, json_object_get(defs, "host"), true) ||
            !declare(c, "run", schema, json_object_get(defs, "run"), true) ||
            !declare(c, "params", r->params_schema, r->params_schema, false))
                return zc_ctx(c->err, "rule %s", r->rule.id);
        return strncmp(r->rule.kind->at, "endpoints[]", 11) != 0 ||
               declare(c, "endpoint", schema, json_object_get(defs, "endpoint"), true) ||
               zc_ctx(c->err, "rule %s", r->rule.id);
}

static bool compile_bool(const struct rule_compile *c, const char *key, struct zc_cel **out,
                         const char **source)
{
        const char *text = json_string_value(json_object_get(c->record, key));
        char below[64];

        if (!text)
                return true;
        *source = text;
        snprintf(below, sizeof(below), "/%s", key);
        return zc_cel_compile(c->r->env, text, ZC_CEL_T_BOOL, out, c->err) ||
               zc_rule_fail_text(c, below, text);
}

/* ---- templates ---- */

static bool template_add(struct rule_compile *c, const json_t *text, const char *below)
{
        struct rule_owned *r = c->r;
        const char *s = json_string_value(text);
        struct rule_template *t;

        if (!s || !strstr(s, "{{"))
                return true;
        if (r->template_count == r->template_cap) {
                size_t cap = r->template_cap ? r->template_cap * 2 : 8;
                struct rule_template *more = realloc(r->templates, cap * sizeof(*more));

                if (!more)
                        return zc_fail(c->err, ZC_E_NOMEM, "no memory for a rule");
                r->templates = more;
                r->template_cap = cap;
        }
        t = &r->templates[r->template_count];
        *t = (struct rule_template){ .text = text };
        if (!zc_message_compile(r->env, s, &t->message, c->err))
                return zc_rule_fail_text(c, below, s);
        r->template_count++;
        return true;
}

static bool templates_in_list(struct rule_compile *c, const json_t *list, const char *below)
{
        const json_t *v;
        size_t i;

        json_array_foreach (list, i, v) {
                char at[160];

                snprintf(at, sizeof(at), "%s/%zu", below, i);
                if (!template_add(c, v, at))
                        return false;
        }
        return true;
}

static bool compile_variant(struct rule_compile *c, const json_t *variant, size_t i)
{
        static const char *const keys[] = { "change", "undo", "verify" };
        const char *when = json_string_value(json_object_get(variant, "when"));
        char below[128];

        snprintf(below, sizeof(below), "/remediation/variants/%zu/when", i);
        if (when &&
            !zc_cel_compile(c->r->env, when, ZC_CEL_T_BOOL, &c->r->variants[i].when, c->err))
                return zc_rule_fail_text(c, below, when);
        for (size_t k = 0; k < ZC_COUNT(keys); k++) {
                snprintf(below, sizeof(below), "/remediation/variants/%zu/%s", i, keys[k]);
                if (!template_add(c, json_object_get(variant, keys[k]), below))
                        return false;
        }
        snprintf(below, sizeof(below), "/remediation/variants/%zu/commands", i);
        return templates_in_list(c, json_object_get(variant, "commands"), below);
}

static bool compile_remediation(struct rule_compile *c)
{
        const json_t *remediation = json_object_get(c->record, "remediation");
        const json_t *variants = json_object_get(remediation, "variants");
        const json_t *v;
        size_t i;

        c->r->variants =
                zc_arena_array(c->r->arena, json_array_size(variants) + 1, sizeof(*c->r->variants));
        if (!c->r->variants)
                return zc_fail(c->err, ZC_E_NOMEM, "no memory for a rule");
        c->r->variant_count = json_array_size(variants);
        json_array_foreach (variants, i, v) {
                if (!compile_variant(c, v, i))
                        return false;
        }
        return templates_in_list(c, json_object_get(remediation, "reproduce"),
                                 "/remediation/reproduce");
}

/* ---- plain fields ---- */

void zc_rule_set_severity(struct zc_rule *rule, const json_t *severity)
{
        rule->by_reach = false;
        for (enum zc_reach reach = ZC_REACH_NONE; reach < ZC_REACH_COUNT; reach++) {
                const char *key = reach == ZC_REACH_NONE ? "loopback" : zc_reach_name(reach);
                const char *word = json_is_string(severity) ? json_string_value(severity)
                                                            : zc_json_str(severity, key, "");

                if (!zc_severity_parse(word, &rule->severity[reach]))
                        rule->severity[reach] = ZC_INFO; /* the record was checked */
                rule->by_reach =
                        rule->by_reach || rule->severity[reach] != rule->severity[ZC_REACH_NONE];
        }
}

static void fill_plain(const struct rule_compile *c)
{
        struct zc_rule *rule = &c->r->rule;
        const char *confidence = zc_json_str(c->record, "confidence", "");
        unsigned column = 0;

        rule->record = c->record;
        rule->tags = json_object_get(c->record, "tags");
        rule->id = zc_json_str(c->record, "id", "");
        rule->title = zc_json_str(c->record, "title", "");
        rule->kind = zc_kind_find(zc_json_str(c->record, "applies_to", ""));
        rule->file = zc_yaml_name(c->y);
        zc_yaml_where(c->y, c->pointer, &rule->line, &column);
        for (enum zc_confidence i = ZC_VERSION_ONLY; i <= ZC_PROVEN; i++) {
                if (strcmp(confidence, zc_confidence_name(i)) == 0)
                        rule->confidence = i;
        }
        zc_rule_set_severity(rule, json_object_get(c->record, "severity"));
}

bool zc_rule_compile(const struct zc_yaml *y, const char *pointer, const json_t *record,
                     struct rule_owned *r, struct zc_err *err)
{
        struct rule_compile c = { y, pointer, record, r, err };
        const char *message = zc_json_str(record, "message", "");

        r->arena = zc_arena_new(0);
        if (!r->arena)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a rule");
        fill_plain(&c);
        if (!make_env(&c) || !compile_bool(&c, "where", &r->rule.where, &r->rule.where_source) ||
            !compile_bool(&c, "when", &r->rule.when, &r->rule.when_source) || !zc_rule_needs(&c))
                return false;
        if (!zc_message_compile(r->env, message, &r->rule.message, err))
                return zc_rule_fail_text(&c, "/message", message);
        return compile_remediation(&c);
}

void zc_rule_owned_free(struct rule_owned *r)
{
        if (!r)
                return;
        if (r->borrowed) {
                free(r);
                return;
        }
        for (size_t i = 0; i < r->template_count; i++)
                zc_message_free(r->templates[i].message);
        for (size_t i = 0; i < r->variant_count; i++)
                zc_cel_free(r->variants[i].when);
        free(r->templates);
        zc_message_free(r->rule.message);
        zc_cel_free(r->rule.where);
        zc_cel_free(r->rule.when);
        zc_cel_env_free(r->env);
        json_decref(r->params_schema);
        zc_arena_free(r->arena);
        free(r);
}

/* ---- what a finding says ---- */

/** The string, filled in when it was a template. */
static json_t *fill_text(const struct rule_owned *r, const json_t *text,
                         const struct zc_cel_binding *vars, size_t n, bool shell,
                         struct zc_arena *arena)
{
        for (size_t i = 0; i < r->template_count; i++) {
                if (r->templates[i].text == text) {
                        ZC_AUTO_MEM char *s =
                                zc_message_render(r->templates[i].message, vars, n, shell, arena);

                        return s ? json_string(s) : NULL;
                }
        }
        return json_incref((json_t *)(uintptr_t)text);
}

static json_t *fill_list(const struct rule_owned *r, const json_t *list,
                         const struct zc_cel_binding *vars, size_t n, struct zc_arena *arena)
{
        json_t *out = json_array();
        const json_t *v;
        size_t i;

        json_array_foreach (list, i, v) {
                json_array_append_new(out, fill_text(r, v, vars, n, true, arena));
        }
        return out;
}

static bool variant_applies(const struct rule_owned *r, size_t i, const struct zc_cel_binding *vars,
                            size_t n, struct zc_arena *arena)
{
        struct zc_cel_result result = { 0 };
        bool applies;

        if (!r->variants[i].when)
                return true;
        zc_cel_eval(r->variants[i].when, vars, n, ZC_CEL_BUDGET, arena, NULL, &result);
        applies = result.outcome == ZC_CEL_VALUE && result.truth;
        zc_cel_result_release(&result);
        return applies;
}

static json_t *fill_variant(const struct rule_owned *r, const json_t *variant,
                            const struct zc_cel_binding *vars, size_t n, struct zc_arena *arena)
{
        json_t *out = json_object();
        const char *key;
        json_t *v;

        json_object_foreach ((json_t *)(uintptr_t)variant, key, v) {
                if (strcmp(key, "when") == 0)
                        continue;
                json_object_set_new(
                        out, key,
                        json_is_array(v)
                                ? fill_list(r, v, vars, n, arena)
                                : fill_text(r, v, vars, n, strcmp(key, "change") != 0, arena));
        }
        return out;
}

json_t *zc_rule_remediation(const struct zc_rule *rule, const struct zc_cel_binding *vars, size_t n,
                            struct zc_arena *arena)
{
        const struct rule_owned *r = (const struct rule_owned *)rule;
        const json_t *remediation = json_object_get(rule->record, "remediation");
        json_t *variants = json_array();
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(remediation, "variants"), i, v) {
                if (variant_applies(r, i, vars, n, arena))
                        json_array_append_new(variants, fill_variant(r, v, vars, n, arena));
        }
        return json_pack("{s:O, s:o}", "text", json_object_get(remediation, "text"), "variants",
                         variants);
}

json_t *zc_rule_reproduce(const struct zc_rule *rule, const struct zc_cel_binding *vars, size_t n,
                          struct zc_arena *arena)
{
        return fill_list((const struct rule_owned *)rule,
                         zc_json_at(rule->record, "remediation.reproduce"), vars, n, arena);
}
