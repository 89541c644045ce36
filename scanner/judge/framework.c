/** Frameworks: tables of controls, and the rules that bear upon each. */
#include "zc/framework.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"
#include "zc/embed.h"
#include "zc/file.h"

struct zc_framework {
        struct zc_yaml *yaml;
        bool shipped;
};

static const struct zc_shape control_shape[] = {
        { "id", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "title", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "rules", ZC_SHAPE_TEXTS, true, NULL, NULL },
        { 0 },
};
static const struct zc_shape framework_shape[] = {
        { "framework", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "title", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "version", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "controls", ZC_SHAPE_OBJECTS, true, NULL, control_shape },
        { 0 },
};

/* ---- files ---- */

void zc_framework_names(struct zc_framework_names *out)
{
        size_t n = 0;

        *out = (struct zc_framework_names){ .list = { NULL } };
        for (size_t i = 0; i < zc_embedded_count && n < ZC_FRAMEWORKS_MAX; i++) {
                if (sscanf(zc_embedded[i].path, "rules/frameworks/%63[^.].yaml", out->name[n]) ==
                    1) {
                        out->list[n] = out->name[n];
                        n++;
                }
        }
        out->list[n] = NULL;
}

static bool check_ids(const struct zc_yaml *y, struct zc_err *err)
{
        json_auto_t *seen = json_object();
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(zc_yaml_root(y), "controls"), i, v) {
                const char *id = zc_json_str(v, "id", "");
                char pointer[48];

                snprintf(pointer, sizeof(pointer), "/controls/%zu/id", i);
                if (json_object_get(seen, id))
                        return zc_yaml_fail(y, pointer, err, "the control %.60s stands here twice",
                                            id);
                if (json_object_set_new(seen, id, json_true()) != 0)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for a framework");
        }
        return true;
}

static bool parse(const char *file, const char *text, size_t len, bool shipped,
                  struct zc_framework **out, struct zc_err *err)
{
        ZC_AUTO(zc_framework) f = calloc(1, sizeof(*f));

        if (!f)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a framework");
        f->shipped = shipped;
        if (!zc_yaml_parse(file, text, len, &f->yaml, err) ||
            !zc_shape_check(f->yaml, "", zc_yaml_root(f->yaml), "a framework", framework_shape,
                            err) ||
            !check_ids(f->yaml, err))
                return false;
        *out = ZC_TAKE(f);
        return true;
}

bool zc_framework_parse(const char *file, const char *text, size_t len, struct zc_framework **out,
                        struct zc_err *err)
{
        return parse(file, text, len, false, out, err);
}

static bool fail_name(const char *name, struct zc_err *err)
{
        struct zc_framework_names names;
        const char *near;
        ZC_AUTO_TEXT have = { 0 };

        zc_framework_names(&names);
        near = zc_nearest(name, names.list);
        if (near)
                return zc_fail(err, ZC_E_USAGE, "no framework \"%.60s\"; did you mean %s?", name,
                               near);
        zc_text_init(&have, 256);
        for (size_t i = 0; names.list[i]; i++)
                zc_text_printf(&have, "%s%s", i ? ", " : "", names.list[i]);
        return zc_fail(err, ZC_E_USAGE, "no framework \"%.60s\"; there are %s, or name a FILE.yaml",
                       name, zc_text_str(&have));
}

bool zc_framework_load(const char *name, struct zc_framework **out, struct zc_err *err)
{
        const struct zc_embedded *e;
        ZC_AUTO_MEM char *text = NULL;
        char path[128];
        size_t len = 0;

        if (zc_profile_is_file(name)) {
                if (zc_file_read(name, ZC_YAML_MAX, &text, &len, err))
                        return parse(name, text, len, false, out, err);
                err->code = ZC_E_USAGE; /* the user named it */
                return false;
        }
        snprintf(path, sizeof(path), "rules/frameworks/%.80s.yaml", name);
        e = zc_embedded_find(path);
        return e ? parse(path, e->data, (size_t)(e->end - e->data), true, out, err)
                 : fail_name(name, err);
}

void zc_framework_free(struct zc_framework *f)
{
        if (!f)
                return;
        zc_yaml_free(f->yaml);
        free(f);
}

/* ---- what rules said ---- */

/** rule → "fail", "unknown", "pass", the worst of its rows, waived ones too; those that judged nothing are not there. */
static json_t *verdicts_of(const json_t *checks)
{
        static const char *const worst_first[] = { "fail", "unknown", "pass" };
        json_t *out = json_object();
        const json_t *v;
        size_t i;

        json_array_foreach (checks, i, v) {
                const char *rule = zc_json_str(v, "rule", "");
                const char *verdict = zc_json_str(v, "verdict", "");
                const char *before = json_string_value(json_object_get(out, rule));

                if (strcmp(verdict, "error") == 0)
                        verdict = "unknown";
                for (size_t w = 0; w < ZC_COUNT(worst_first); w++) {
                        if (before && strcmp(before, worst_first[w]) == 0)
                                break;
                        if (strcmp(verdict, worst_first[w]) == 0) {
                                json_object_set_new(out, rule, json_string(verdict));
                                break;
                        }
                }
        }
        return out;
}

/* ---- controls ---- */

struct cover {
        const struct zc_framework *f;
        const struct zc_pack *pack;
        const json_t *verdicts; /* or NULL */
        json_t *mapped;         /* rule → true */
        struct zc_err *err;
};

static bool refs_name(const struct zc_rule *r, const char *framework, const char *id)
{
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(json_object_get(r->record, "refs"), framework), i, v) {
                if (strcmp(zc_json_str(v, "id", ""), id) == 0)
                        return true;
        }
        return false;
}

static bool control_has(const struct cover *c, const json_t *control, const struct zc_rule *r)
{
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(control, "rules"), i, v) {
                if (zc_rule_selected(r, json_string_value(v)))
                        return true;
        }
        return refs_name(r, zc_json_str(zc_yaml_root(c->f->yaml), "framework", ""),
                         zc_json_str(control, "id", ""));
}

static bool check_selectors(const struct cover *c, const json_t *control, size_t index)
{
        const struct zc_demand d = { .y = c->f->yaml, .at = "", .shipped = c->f->shipped };
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(control, "rules"), i, v) {
                char key[64];

                snprintf(key, sizeof(key), "controls/%zu/rules/%zu", index, i);
                if (!zc_selector_check(c->pack, &d, key, json_string_value(v), true, c->err))
                        return false;
        }
        return true;
}

/** One control; @control: of the file, or a new object with the id and title of a rule's own reference. */
static json_t *control_json(const struct cover *c, const json_t *control)
{
        json_t *out =
                json_pack("{s:O, s:O, s:[], s:[], s:[]}", "id", json_object_get(control, "id"),
                          "title", json_object_get(control, "title"), "rules", "failed", "unknown");
        bool passed = false;

        for (size_t i = 0; out && i < zc_pack_count(c->pack); i++) {
                const struct zc_rule *r = zc_pack_rule(c->pack, i);
                const char *verdict = zc_json_str(c->verdicts, r->id, "");

                if (!control_has(c, control, r))
                        continue;
                json_object_set_new(c->mapped, r->id, json_true());
                json_array_append_new(json_object_get(out, "rules"), json_string(r->id));
                if (strcmp(verdict, "fail") == 0)
                        json_array_append_new(json_object_get(out, "failed"), json_string(r->id));
                else if (strcmp(verdict, "unknown") == 0)
                        json_array_append_new(json_object_get(out, "unknown"), json_string(r->id));
                passed = passed || strcmp(verdict, "pass") == 0;
        }
        if (out && c->verdicts)
                json_object_set_new(
                        out, "verdict",
                        json_string(json_array_size(json_object_get(out, "failed"))    ? "fail"
                                    : json_array_size(json_object_get(out, "unknown")) ? "unknown"
                                    : passed                                           ? "pass"
                                             : "notapplicable"));
        return out;
}

static bool add_listed(const struct cover *c, json_t *controls, json_t *ids)
{
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(zc_yaml_root(c->f->yaml), "controls"), i, v) {
                if (!check_selectors(c, v, i))
                        return false;
                if (json_object_set_new(ids, zc_json_str(v, "id", ""), json_true()) != 0 ||
                    json_array_append_new(controls, control_json(c, v)) != 0)
                        return zc_fail(c->err, ZC_E_NOMEM, "no memory for a framework");
        }
        return true;
}

/** Controls that rules refer to and the file does not list: with the rule's own words. */
static bool add_referred(const struct cover *c, json_t *controls, json_t *ids)
{
        const char *name = zc_json_str(zc_yaml_root(c->f->yaml), "framework", "");

        for (size_t i = 0; i < zc_pack_count(c->pack); i++) {
                const struct zc_rule *r = zc_pack_rule(c->pack, i);
                const json_t *v;
                size_t k;

                json_array_foreach (json_object_get(json_object_get(r->record, "refs"), name), k,
                                    v) {
                        const char *id = zc_json_str(v, "id", "");

                        if (json_object_get(ids, id))
                                continue;
                        if (json_object_set_new(ids, id, json_true()) != 0 ||
                            json_array_append_new(controls, control_json(c, v)) != 0)
                                return zc_fail(c->err, ZC_E_NOMEM, "no memory for a framework");
                }
        }
        return true;
}

static json_t *unmapped(const struct cover *c)
{
        json_t *out = json_array();

        for (size_t i = 0; i < zc_pack_count(c->pack); i++) {
                const char *id = zc_pack_rule(c->pack, i)->id;

                if (!json_object_get(c->mapped, id))
                        json_array_append_new(out, json_string(id));
        }
        return out;
}

json_t *zc_framework_coverage(const struct zc_framework *f, const struct zc_pack *pack,
                              const json_t *checks, struct zc_err *err)
{
        json_auto_t *verdicts = checks ? verdicts_of(checks) : NULL;
        json_auto_t *mapped = json_object();
        json_auto_t *controls = json_array();
        json_auto_t *ids = json_object();
        const struct cover c = { f, pack, verdicts, mapped, err };
        const json_t *root = zc_yaml_root(f->yaml);

        if (!add_listed(&c, controls, ids) || !add_referred(&c, controls, ids))
                return NULL;
        return json_pack(
                "{s:O, s:O, s:O, s:O, s:o}", "framework", json_object_get(root, "framework"),
                "title", json_object_get(root, "title"), "version",
                json_object_get(root, "version"), "controls", controls, "unmapped", unmapped(&c));
}

json_t *zc_frameworks_report(const struct zc_pack *pack, const json_t *checks, struct zc_err *err)
{
        json_auto_t *out = json_array();
        struct zc_framework_names names;

        zc_framework_names(&names);
        for (size_t i = 0; names.list[i]; i++) {
                ZC_AUTO(zc_framework) f = NULL;
                json_t *one = NULL;

                if (!zc_framework_load(names.list[i], &f, err))
                        return NULL;
                assert(f); /* a success of ours */
                one = zc_framework_coverage(f, pack, checks, err);
                if (!one)
                        return NULL;
                json_object_del(one, "unmapped"); /* about the rules, not about what was seen */
                json_array_append_new(out, one);
        }
        return ZC_TAKE(out);
}
