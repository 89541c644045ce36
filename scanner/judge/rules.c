/** Packs: rule files in path order, loaded whole or not at all. pack_*.c find them, and say whether they are to be believed. */
#include "zc/rules.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "pack_internal.h"
#include "rule_internal.h"
#include "zc/embed.h"

#define RULES_MAX 65536u

struct pack_file {
        struct zc_yaml *yaml;
        char digest[65]; /* of its bytes */
};

struct zc_pack {
        struct rule_owned **rules; /* sorted by id */
        size_t count, cap;
        struct pack_file *files; /* sorted by name */
        size_t file_count, values;
        const char **ids; /* as rules, then NULL */
        char digest[sizeof("sha256:") + 64];
        const struct zc_pack *beside; /* whose rules may be covered, too; or NULL */
        json_t *profiles;             /* "PACK:NAME" → {file, text}; NULL for none */
        struct zc_pack_part *parts;   /* in the order they were added */
        size_t part_count;
};

/* ---- digests ---- */

static int file_compare(const void *a, const void *b)
{
        const struct pack_file *x = a;
        const struct pack_file *y = b;

        return strcmp(zc_yaml_name(x->yaml), zc_yaml_name(y->yaml));
}

/** Over "NAME DIGEST" of every file, a line each. */
bool zc_pack_digest_files(struct zc_pack *p, struct zc_err *err)
{
        char hex[65];
        bool ok;
        ZC_AUTO_TEXT t = { 0 };

        if (p->file_count)
                qsort(p->files, p->file_count, sizeof(*p->files), file_compare);
        zc_text_init(&t, (size_t)64 << 20);
        for (size_t i = 0; i < p->file_count; i++)
                zc_text_printf(&t, "%s %s\n", zc_yaml_name(p->files[i].yaml), p->files[i].digest);
        ok = !t.failed && zc_sha256_hex(zc_text_str(&t), t.len, hex);
        if (ok)
                snprintf(p->digest, sizeof(p->digest), "sha256:%s", hex);
        return ok || zc_fail(err, ZC_E_NOMEM, "no SHA-256");
}

/* ---- one file ---- */

/** Takes the rule; on failure it stays the caller's. */
static bool pack_keep(struct zc_pack *p, struct rule_owned *r, struct zc_err *err)
{
        struct rule_owned **rules = p->rules;

        if (p->count >= RULES_MAX)
                return zc_fail(err, ZC_E_LIMIT, "more than %u rules", RULES_MAX);
        if (!rules || p->count == p->cap) {
                rules = realloc((void *)rules, (p->cap + 64) * sizeof(struct rule_owned *));
                if (!rules)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for rules");
                p->rules = rules;
                p->cap += 64;
        }
        rules[p->count++] = r;
        return true;
}

static bool add_record(struct zc_pack *p, const struct zc_yaml *y, size_t i, const json_t *record,
                       struct zc_err *err)
{
        struct rule_owned *r;
        char pointer[32];

        snprintf(pointer, sizeof(pointer), "/rules/%zu", i);
        if (!zc_rule_record_check(y, pointer, record, err))
                return false;
        r = calloc(1, sizeof(*r));
        if (!r)
                return zc_fail(err, ZC_E_NOMEM, "no memory for rules");
        if (!zc_rule_compile(y, pointer, record, r, err) || !pack_keep(p, r, err)) {
                zc_rule_owned_free(r);
                return false;
        }
        return true;
}

static bool add_records(struct zc_pack *p, const struct zc_yaml *y, struct zc_err *err)
{
        static const struct zc_shape file_shape[] = {
                { "rules", ZC_SHAPE_ANY, true, NULL, NULL },
                { 0 },
        };
        const json_t *root = zc_yaml_root(y);
        const json_t *rules;
        const json_t *record;
        size_t i;

        if (!zc_shape_check(y, "", root, "a rule file", file_shape, err))
                return false;
        rules = json_object_get(root, "rules");
        if (json_array_size(rules) == 0)
                return zc_yaml_fail(y, "/rules", err,
                                    "rules should be a list of at least one rule (- id: …)");
        json_array_foreach (rules, i, record) {
                if (!add_record(p, y, i, record, err))
                        return false;
        }
        return true;
}

bool zc_pack_load_text(struct zc_pack *p, const char *name, const char *text, size_t len,
                       struct zc_err *err)
{
        struct pack_file *more;
        struct pack_file f = { 0 };

        if (p->file_count >= ZC_PACK_FILES_MAX)
                return zc_fail(err, ZC_E_LIMIT, "more than %u rule files", ZC_PACK_FILES_MAX);
        if (!zc_sha256_hex(text, len, f.digest))
                return zc_fail(err, ZC_E_NOMEM, "no SHA-256");
        more = realloc(p->files, (p->file_count + 1) * sizeof(*more));
        if (!more)
                return zc_fail(err, ZC_E_NOMEM, "no memory for rules");
        p->files = more;
        if (!zc_yaml_parse(name, text, len, &f.yaml, err))
                return false;
        p->files[p->file_count++] = f;
        p->values += zc_yaml_values(f.yaml);
        if (p->values > ZC_PACK_VALUES_MAX)
                return zc_fail(err, ZC_E_LIMIT, "%s: more than %u values in one pack", name,
                               ZC_PACK_VALUES_MAX);
        return add_records(p, f.yaml, err);
}

/* ---- the whole ---- */

static int rule_compare(const void *a, const void *b)
{
        const struct rule_owned *const *x = a;
        const struct rule_owned *const *y = b;

        return strcmp((*x)->rule.id, (*y)->rule.id);
}

/** Two rules that name one parameter must mean the same. */
static bool check_params_agree(const struct zc_pack *p, struct zc_err *err)
{
        json_auto_t *seen = json_object();

        for (size_t i = 0; i < p->count; i++) {
                const struct zc_rule *r = &p->rules[i]->rule;
                const char *name;
                json_t *param;

                json_object_foreach (json_object_get(r->record, "params"), name, param) {
                        const json_t *before = json_object_get(seen, name);

                        if (before && !json_equal(before, param))
                                return zc_fail(err, ZC_E_USAGE,
                                               "%s:%u:1: rule %s declares the parameter %s "
                                               "otherwise than an earlier rule",
                                               r->file, r->line, r->id, name);
                        if (!before && json_object_set(seen, name, param) != 0)
                                return zc_fail(err, ZC_E_NOMEM, "no memory for rules");
                }
        }
        return true;
}

static bool names(const json_t *list, const char *id)
{
        const json_t *v;
        size_t i;

        json_array_foreach (list, i, v) {
                if (strcmp(json_string_value(v), id) == 0)
                        return true;
        }
        return false;
}

/** Whether what the rule covers is the rule itself, or covers it in turn: then neither says what the fix is. */
static bool check_covers_end(const struct zc_pack *p, const struct zc_rule *r, const char *covered,
                             struct zc_err *err)
{
        const struct zc_rule *other = zc_pack_find(p, covered);

        if (strcmp(covered, r->id) == 0)
                return zc_fail(err, ZC_E_USAGE, "%s:%u:1: rule %s covers itself", r->file, r->line,
                               r->id);
        if (other && names(json_object_get(other->record, "covers"), r->id))
                return zc_fail(err, ZC_E_USAGE,
                               "%s:%u:1: rule %s covers %s, which covers it: one of the two must "
                               "be the cause",
                               r->file, r->line, r->id, covered);
        return true;
}

/** `covers` may only name rules that exist, and not in a circle. */
static bool check_covers(const struct zc_pack *p, struct zc_err *err)
{
        for (size_t i = 0; i < p->count; i++) {
                const struct zc_rule *r = &p->rules[i]->rule;
                const json_t *v;
                size_t k;

                json_array_foreach (json_object_get(r->record, "covers"), k, v) {
                        const char *near;

                        if (!check_covers_end(p, r, json_string_value(v), err))
                                return false;
                        if (zc_pack_find(p, json_string_value(v)) ||
                            (p->beside && zc_pack_find(p->beside, json_string_value(v))))
                                continue;
                        near = zc_nearest(json_string_value(v), zc_pack_ids(p));
                        return zc_fail(err, ZC_E_USAGE,
                                       "%s:%u:1: rule %s covers %.60s, which does not exist%s%s",
                                       r->file, r->line, r->id, json_string_value(v),
                                       near ? "; did you mean " : "", near ? near : "");
                }
        }
        return true;
}

/** Sorts, and checks what only the whole can show. */
bool zc_pack_settle(struct zc_pack *p, struct zc_err *err)
{
        if (p->count)
                qsort((void *)p->rules, p->count, sizeof(struct rule_owned *), rule_compare);
        free((void *)p->ids);
        p->ids = calloc(p->count + 1, sizeof(*p->ids));
        if (!p->ids)
                return zc_fail(err, ZC_E_NOMEM, "no memory for rules");
        for (size_t i = 0; i < p->count; i++) {
                const struct zc_rule *r = &p->rules[i]->rule;
                const struct zc_rule *before = i ? &p->rules[i - 1]->rule : NULL;

                p->ids[i] = r->id;
                if (before && strcmp(before->id, r->id) == 0)
                        return zc_fail(err, ZC_E_USAGE,
                                       "%s:%u:1: the id %s is taken by the rule at %s:%u; ids are "
                                       "never reused",
                                       r->file, r->line, r->id, before->file, before->line);
        }
        if (!check_params_agree(p, err) || !check_covers(p, err))
                return false;
        return zc_pack_digest_files(p, err);
}

/* ---- profiles ---- */

bool zc_pack_keep_profile(struct zc_pack *p, const char *name, const char *file, const char *text,
                          size_t len, struct zc_err *err)
{
        json_t *one = json_pack("{s:s, s:s%}", "file", file, "text", text, len);

        if (!p->profiles)
                p->profiles = json_object();
        return json_object_set_new(p->profiles, name, one) == 0 ||
               zc_fail(err, ZC_E_NOMEM, "no memory for a profile");
}

const char *zc_pack_profile(const struct zc_pack *p, const char *name, const char **file)
{
        const json_t *one = json_object_get(p->profiles, name);

        *file = zc_json_str(one, "file", "");
        return zc_json_str(one, "text", NULL);
}

const json_t *zc_pack_profiles(const struct zc_pack *p)
{
        return p->profiles;
}

/* ---- parts ---- */

/** Room for one part more, so that keeping it cannot fail. */
static bool parts_room(struct zc_pack *p, struct zc_err *err)
{
        struct zc_pack_part *more =
                reallocarray(p->parts, p->part_count + 1, sizeof(struct zc_pack_part));

        if (!more)
                return zc_fail(err, ZC_E_NOMEM, "no memory for rules");
        p->parts = more;
        return true;
}

bool zc_pack_merge(struct zc_pack *p, struct zc_pack *more, const struct zc_pack_part *part,
                   struct zc_err *err)
{
        struct zc_pack both = { .beside = p->beside };

        if (!parts_room(p, err))
                return false;
        both.profiles = more->profiles ? more->profiles : p->profiles;
        if (more->profiles && json_object_update_missing(more->profiles, p->profiles) != 0 &&
            p->profiles)
                return zc_fail(err, ZC_E_NOMEM, "no memory for profiles");
        both.cap = p->count + more->count + 1;
        both.rules = calloc(both.cap, sizeof(struct rule_owned *));
        both.files = calloc(p->file_count + more->file_count + 1, sizeof(*both.files));
        if (!both.rules || !both.files) {
                free((void *)both.rules);
                free(both.files);
                return zc_fail(err, ZC_E_NOMEM, "no memory for rules");
        }
        for (size_t i = 0; i < p->count + more->count; i++)
                both.rules[both.count++] = i < p->count ? p->rules[i] : more->rules[i - p->count];
        for (size_t i = 0; i < p->file_count + more->file_count; i++)
                both.files[both.file_count++] =
                        i < p->file_count ? p->files[i] : more->files[i - p->file_count];
        if (!zc_pack_settle(&both, err)) {
                free((void *)both.rules);
                free(both.files);
                free((void *)both.ids);
                return false;
        }
        free((void *)p->rules);
        free(p->files);
        free((void *)p->ids);
        if (more->profiles)
                json_decref(p->profiles);
        more->profiles = NULL;
        both.parts = p->parts;
        both.part_count = p->part_count;
        *p = both;
        p->parts[p->part_count] = *part;
        p->parts[p->part_count].rules = more->count;
        p->part_count++;
        more->count = 0;
        more->file_count = 0;
        return true;
}

/* ---- the contract ---- */

struct zc_pack *zc_pack_new(void)
{
        struct zc_pack *p = calloc(1, sizeof(*p));
        struct zc_err err = { 0 };

        if (p && !zc_pack_settle(p, &err)) {
                zc_pack_free(p);
                return NULL;
        }
        return p;
}

void zc_pack_clear(struct zc_pack *p)
{
        for (size_t i = 0; i < p->count; i++)
                zc_rule_owned_free(p->rules[i]);
        for (size_t i = 0; i < p->file_count; i++)
                zc_yaml_free(p->files[i].yaml);
        free((void *)p->rules);
        free(p->files);
        free((void *)p->ids);
        json_decref(p->profiles);
        free(p->parts);
        *p = (struct zc_pack){ .beside = p->beside };
}

void zc_pack_free(struct zc_pack *p)
{
        if (p)
                zc_pack_clear(p);
        free(p);
}

bool zc_pack_builtin(struct zc_pack **out, struct zc_err *err)
{
        ZC_AUTO(zc_pack) p = zc_pack_new();
        struct zc_pack_part part = { .origin = ZC_PACK_BUILTIN,
                                     .name = ZC_PACK_BUILTIN_NAME,
                                     .version = ZC_VERSION };

        if (!p)
                return zc_fail(err, ZC_E_NOMEM, "no memory for rules");
        for (size_t i = 0; i < zc_embedded_count; i++) {
                const struct zc_embedded *e = &zc_embedded[i];

                if (strncmp(e->path, "rules/", 6) != 0 || !zc_pack_path_is_rules(e->path + 6))
                        continue;
                if (!zc_pack_load_text(p, e->path, e->data, (size_t)(e->end - e->data), err))
                        return false;
        }
        if (!zc_pack_settle(p, err) || !parts_room(p, err))
                return false;
        assert(p->parts);
        memcpy(part.digest, p->digest, sizeof(part.digest));
        part.rules = p->count;
        p->parts[p->part_count++] = part;
        *out = ZC_TAKE(p);
        return true;
}

/** A copy that shares everything with r but its severities. */
static struct rule_owned *rule_borrow(const struct rule_owned *r,
                                      const enum zc_severity severity[ZC_REACH_COUNT])
{
        struct rule_owned *copy = malloc(sizeof(*copy));

        if (!copy)
                return NULL;
        *copy = *r;
        copy->borrowed = true;
        copy->rule.by_reach = false;
        for (size_t i = ZC_REACH_NONE; i < ZC_REACH_COUNT; i++) {
                copy->rule.severity[i] = severity[i];
                copy->rule.by_reach = copy->rule.by_reach || severity[i] != severity[ZC_REACH_NONE];
        }
        return copy;
}

static bool view_fill(struct zc_pack *view, const struct zc_pack *p,
                      const struct zc_rule_choice *choices)
{
        view->rules = calloc(p->count + 1, sizeof(struct rule_owned *));
        view->ids = calloc(p->count + 1, sizeof(*view->ids));
        view->parts = calloc(p->part_count + 1, sizeof(*view->parts));
        if (!view->rules || !view->ids || !view->parts)
                return false;
        view->cap = p->count + 1;
        memcpy(view->digest, p->digest, sizeof(view->digest));
        if (p->part_count)
                memcpy(view->parts, p->parts, p->part_count * sizeof(*view->parts));
        view->part_count = p->part_count;
        for (size_t i = 0; i < p->count; i++) {
                if (!choices[i].keep)
                        continue;
                view->rules[view->count] = rule_borrow(p->rules[i], choices[i].severity);
                if (!view->rules[view->count])
                        return false;
                view->ids[view->count] = p->ids[i];
                view->count++;
        }
        return true;
}

struct zc_pack *zc_pack_view(const struct zc_pack *p, const struct zc_rule_choice *choices)
{
        struct zc_pack *view = calloc(1, sizeof(*view));

        if (view && !view_fill(view, p, choices)) {
                zc_pack_free(view);
                return NULL;
        }
        return view;
}

void zc_pack_beside(struct zc_pack *p, const struct zc_pack *other)
{
        p->beside = other;
}

size_t zc_pack_part_count(const struct zc_pack *p)
{
        return p->part_count;
}

const struct zc_pack_part *zc_pack_part(const struct zc_pack *p, size_t i)
{
        return &p->parts[i];
}

size_t zc_pack_count(const struct zc_pack *p)
{
        return p->count;
}

const struct zc_rule *zc_pack_rule(const struct zc_pack *p, size_t i)
{
        return &p->rules[i]->rule;
}

const struct zc_rule *zc_pack_find(const struct zc_pack *p, const char *id)
{
        size_t low = 0, high = p->count;

        while (low < high) {
                size_t mid = low + (high - low) / 2;
                int c = strcmp(id, p->rules[mid]->rule.id);

                if (c == 0)
                        return &p->rules[mid]->rule;
                if (c < 0)
                        high = mid;
                else
                        low = mid + 1;
        }
        return NULL;
}

const char *const *zc_pack_ids(const struct zc_pack *p)
{
        return p->ids;
}

const char *zc_pack_digest(const struct zc_pack *p)
{
        return p->digest;
}

enum zc_severity zc_rule_worst(const struct zc_rule *r)
{
        enum zc_severity worst = ZC_INFO;

        for (enum zc_reach reach = ZC_REACH_NONE; reach < ZC_REACH_COUNT; reach++)
                worst = r->severity[reach] > worst ? r->severity[reach] : worst;
        return worst;
}

bool zc_rule_tagged(const struct zc_rule *r, const char *tag)
{
        const json_t *v;
        size_t i;

        json_array_foreach (r->tags, i, v) {
                if (strcmp(json_string_value(v), tag) == 0)
                        return true;
        }
        return false;
}

/* ---- parameters ---- */

static bool params_overlay(json_t *values, const json_t *declared, const json_t *overrides,
                           struct zc_err *err)
{
        const char *names[257] = { NULL };
        size_t n = 0;
        const char *name;
        json_t *v;

        json_object_foreach ((json_t *)(uintptr_t)declared, name, v) {
                if (n < ZC_COUNT(names) - 1)
                        names[n++] = name;
        }
        json_object_foreach ((json_t *)(uintptr_t)overrides, name, v) {
                const json_t *param = json_object_get(declared, name);
                const char *near = param ? NULL : zc_nearest(name, names);

                if (!param)
                        return zc_fail(err, ZC_E_USAGE,
                                       "params: no rule has a parameter \"%.60s\"%s%s", name,
                                       near ? "; did you mean " : "", near ? near : "");
                if (!zc_rule_param_fits(param, v))
                        return zc_rule_param_fail(name, param, err);
                if (json_object_set(values, name, v) != 0)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for parameters");
        }
        return true;
}

json_t *zc_pack_params(const struct zc_pack *p, const json_t *overrides, struct zc_err *err)
{
        json_auto_t *declared = json_object();
        json_auto_t *values = json_object();

        for (size_t i = 0; i < p->count; i++)
                json_object_update(declared, json_object_get(p->rules[i]->rule.record, "params"));
        {
                const char *name;
                json_t *param;

                json_object_foreach (declared, name, param) {
                        json_object_set(values, name, json_object_get(param, "default"));
                }
        }
        if (!params_overlay(values, declared, overrides, err))
                return NULL;
        return ZC_TAKE(values);
}
