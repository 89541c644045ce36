/**
 * Runs the public CEL conformance data: cel_conformance SKIPLIST DIR. Every *.textproto of DIR is one SimpleTestFile. SKIPLIST has
 * lines "file/section/test  reason" (or file/section/<star>, file/<star>). One line a file, then "N passed, N failed, N skipped". Exit 1
 * on a failure that is not listed, and on a listed test that passes.
 */
#include <dirent.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../scanner/judge/cel_impl.h"
#include "../support/textproto.h"
#include "zc/file.h"

#define FILE_MAX ((size_t)1 << 20)
#define SKIPS_MAX 512

struct skip {
        char *pattern; /* file/section/test, with fnmatch's stars */
        size_t used, stale;
};

struct totals {
        unsigned int passed, failed, skipped;
};

/** One test being run; all in one arena. */
struct test {
        struct zc_arena *arena;
        const struct tp *tp;
        struct zc_cel_env *env;
        char why[512];
};

static struct skip skips[SKIPS_MAX];
static size_t skip_count;

/* ---- types ---- */

static const struct zc_cel_type *type_of(struct zc_arena *a, const struct tp *t);

static const struct zc_cel_type *named_type(const char *name)
{
        static const struct { const char *name; enum cel_kind kind; } names[] = {
                { "BOOL", CEL_BOOL },           { "INT64", CEL_INT },      { "UINT64", CEL_UINT },
                { "DOUBLE", CEL_DOUBLE },       { "STRING", CEL_STRING },  { "BYTES", CEL_BYTES },
                { "TIMESTAMP", CEL_TIMESTAMP }, { "DURATION", CEL_DURATION },
                { "google.protobuf.Timestamp", CEL_TIMESTAMP }, { "google.protobuf.Duration", CEL_DURATION },
        };

        for (size_t i = 0; name && i < ZC_COUNT(names); i++) {
                if (strcmp(names[i].name, name) == 0)
                        return &cel_type_of[names[i].kind];
        }
        return NULL;
}

/** NULL for what JSON has no type for. */
static const struct zc_cel_type *type_of(struct zc_arena *a, const struct tp *t)
{
        const struct tp *f = t ? t->fields : NULL;

        if (!f)
                return NULL;
        if (strcmp(f->name, "dyn") == 0)
                return &cel_type_of[CEL_DYN];
        if (strcmp(f->name, "null") == 0)
                return &cel_type_of[CEL_NULL];
        if (strcmp(f->name, "type") == 0)
                return &cel_type_of[CEL_TYPE];
        if (strcmp(f->name, "list_type") == 0)
                return cel_type_list(a, type_of(a, tp_field(f, "elem_type", NULL)));
        if (strcmp(f->name, "map_type") == 0)
                return cel_type_map(a, type_of(a, tp_field(f, "key_type", NULL)), type_of(a, tp_field(f, "value_type", NULL)));
        if (strcmp(f->name, "abstract_type") == 0 && tp_text(f, "name") && strcmp(tp_text(f, "name"), "optional_type") == 0)
                return cel_type_opt(a, type_of(a, tp_field(f, "parameter_types", NULL)));
        return f->message ? NULL : named_type(f->text);
}

/* ---- values ---- */

static bool value_of(struct zc_arena *a, const struct tp *v, struct cel_value *out);

static bool list_value(struct zc_arena *a, const struct tp *m, struct cel_value *out)
{
        struct cel_value *items = zc_arena_array(a, 256, sizeof *items);
        size_t n = 0;

        for (const struct tp *f = tp_field(m, "values", NULL); f && n < 256; f = tp_field(m, "values", f)) {
                if (!value_of(a, f, &items[n++]))
                        return false;
        }
        *out = cel_list_of(items, n);
        return true;
}

static bool map_value(struct zc_arena *a, const struct tp *m, struct cel_value *out)
{
        struct cel_value *keys = zc_arena_array(a, 256, sizeof *keys), *values = zc_arena_array(a, 256, sizeof *values);
        struct cel_map *map = zc_arena_new_of(a, struct cel_map);
        uint32_t n = 0;

        for (const struct tp *f = tp_field(m, "entries", NULL); f && n < 256; f = tp_field(m, "entries", f), n++) {
                if (!value_of(a, tp_field(f, "key", NULL), &keys[n]) || !value_of(a, tp_field(f, "value", NULL), &values[n]))
                        return false;
        }
        *map = (struct cel_map){ keys, values };
        *out = (struct cel_value){ .kind = CEL_MAP, .n = n, .p.map = map };
        return true;
}

/** google.protobuf.Duration and Timestamp are the messages that JSON values can be. */
static bool object_value(const struct tp *m, struct cel_value *out)
{
        const struct tp *any = m->fields;
        int64_t seconds, nanos;

        if (!any || !any->message)
                return false;
        seconds = tp_text(any, "seconds") ? strtoll(tp_text(any, "seconds"), NULL, 10) : 0;
        nanos = tp_text(any, "nanos") ? strtoll(tp_text(any, "nanos"), NULL, 10) : 0;
        if (strstr(any->name, "google.protobuf.Duration"))
                *out = (struct cel_value){ .kind = CEL_DURATION, .p.i = seconds * 1000000000 + nanos };
        else if (strstr(any->name, "google.protobuf.Timestamp"))
                *out = (struct cel_value){ .kind = CEL_TIMESTAMP, .n = (uint32_t)nanos, .p.i = seconds };
        else
                return false;
        return true;
}

static double double_value(const char *text)
{
        return strtod(text, NULL);
}

static bool value_of(struct zc_arena *a, const struct tp *v, struct cel_value *out)
{
        const struct tp *f = v ? v->fields : NULL;

        if (!f)
                return false;
        if (strcmp(f->name, "null_value") == 0)
                *out = cel_null();
        else if (strcmp(f->name, "bool_value") == 0)
                *out = cel_bool(strcmp(f->text, "true") == 0);
        else if (strcmp(f->name, "int64_value") == 0)
                *out = cel_int(strtoll(f->text, NULL, 0));
        else if (strcmp(f->name, "uint64_value") == 0)
                *out = cel_uint(strtoull(f->text, NULL, 0));
        else if (strcmp(f->name, "double_value") == 0)
                *out = cel_double(double_value(f->text));
        else if (strcmp(f->name, "string_value") == 0)
                *out = cel_string_of(CEL_STRING, f->text, f->len);
        else if (strcmp(f->name, "bytes_value") == 0)
                *out = cel_string_of(CEL_BYTES, f->text, f->len);
        else if (strcmp(f->name, "type_value") == 0)
                *out = cel_type_value(f->text);
        else if (strcmp(f->name, "list_value") == 0)
                return list_value(a, f, out);
        else if (strcmp(f->name, "map_value") == 0)
                return map_value(a, f, out);
        else
                return strcmp(f->name, "object_value") == 0 && object_value(f, out);
        return true;
}

/** The same kind and the same value: 1 is not 1.0 here. */
static bool same(struct cel_value a, struct cel_value b)
{
        if (a.kind != b.kind)
                return false;
        if (a.kind == CEL_DOUBLE)
                return (isnan(a.p.d) && isnan(b.p.d)) || a.p.d == b.p.d;
        if (a.kind == CEL_TYPE)
                return strcmp(a.p.s, b.p.s) == 0;
        if (a.kind == CEL_NULL)
                return true;
        if (a.kind == CEL_LIST || a.kind == CEL_MAP) {
                if (a.n != b.n)
                        return false;
                for (uint32_t i = 0; i < a.n; i++) {
                        uint32_t k;

                        if (a.kind == CEL_LIST) {
                                if (!same(a.p.items[i], b.p.items[i]))
                                        return false;
                                continue;
                        }
                        for (k = 0; k < b.n && !same(a.p.map->keys[i], b.p.map->keys[k]);)
                                k++;
                        if (k == b.n || !same(a.p.map->values[i], b.p.map->values[k]))
                                return false;
                }
                return true;
        }
        return cel_compare(a, b) == 0;
}

/* ---- one test ---- */

static bool wrong(struct test *t, const char *what, const char *more)
{
        snprintf(t->why, sizeof t->why, "%s%s%.300s", what, more ? ": " : "", more ? more : "");
        return false;
}

static bool declare(struct test *t)
{
        struct zc_err err;

        for (const struct tp *f = tp_field(t->tp, "type_env", NULL); f; f = tp_field(t->tp, "type_env", f)) {
                const struct zc_cel_type *type = type_of(t->arena, tp_field(tp_field(f, "ident", NULL), "type", NULL));

                if (!type)
                        return wrong(t, "a declaration of no JSON type", tp_text(f, "name"));
                if (!zc_cel_declare(t->env, tp_text(f, "name"), type, false, &err))
                        return wrong(t, "declaring", err.text);
        }
        for (const struct tp *f = tp_field(t->tp, "bindings", NULL); f; f = tp_field(t->tp, "bindings", f)) {
                bool known = false;

                for (size_t i = 0; i < t->env->var_count; i++)
                        known = known || strcmp(t->env->vars[i].name, tp_text(f, "key")) == 0;
                if (!known && !zc_cel_declare(t->env, tp_text(f, "key"), &cel_type_of[CEL_DYN], false, &err))
                        return wrong(t, "declaring", err.text);
        }
        return true;
}

static bool bind(struct test *t, const struct zc_cel *e, struct cel_run *r)
{
        for (uint32_t i = 0; i < e->used_count; i++) {
                const char *name = t->env->vars[e->used[i]].name;
                const struct tp *f = tp_field(t->tp, "bindings", NULL);

                while (f && strcmp(tp_text(f, "key"), name) != 0)
                        f = tp_field(t->tp, "bindings", f);
                if (!f)
                        r->globals[i] = (struct cel_value){ .kind = CEL_ERROR, .p.s = "the variable is not bound" };
                else if (!value_of(t->arena, tp_field(tp_field(f, "value", NULL), "value", NULL), &r->globals[i]))
                        return wrong(t, "a binding that is no JSON value", name);
        }
        return true;
}

static bool compare(struct test *t, struct cel_value got)
{
        const struct tp *typed = tp_field(t->tp, "typed_result", NULL);
        const struct tp *value = tp_field(t->tp, "value", NULL);
        struct cel_value want = cel_bool(true);
        json_t *json;
        char *text;
        bool ok;

        if (!value && typed)
                value = tp_field(typed, "result", NULL);
        if (got.kind == CEL_ERROR)
                return wrong(t, "an error", got.p.s);
        if (value && !value_of(t->arena, value, &want))
                return wrong(t, "the expected value is no JSON value", NULL);
        ok = same(got, want);
        if (ok)
                return true;
        json = cel_to_json(&got, CEL_JSON_MAX);
        text = json ? json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        wrong(t, cel_kind_name((enum cel_kind)got.kind), text);
        free(text);
        json_decref(json);
        return false;
}

static bool deduced(struct test *t, const struct zc_cel *e)
{
        const struct tp *typed = tp_field(t->tp, "typed_result", NULL);
        const struct zc_cel_type *want;
        char a[128], b[128];

        if (!typed || !tp_field(typed, "deduced_type", NULL))
                return true;
        want = type_of(t->arena, tp_field(typed, "deduced_type", NULL));
        if (!want)
                return wrong(t, "the deduced type is no JSON type", NULL);
        if (strcmp(cel_type_name(want, a, sizeof a), cel_type_name(e->root->type, b, sizeof b)) != 0)
                return wrong(t, "the deduced type is", b);
        return true;
}

static bool evaluate(struct test *t, const struct zc_cel *e, bool fails)
{
        struct cel_run r;
        struct cel_value v;
        bool ok;

        cel_run_init(&r, e, ZC_CEL_BUDGET, t->arena);
        ok = bind(t, e, &r);
        if (ok) {
                v = cel_run_value(&r);
                ok = fails ? v.kind == CEL_ERROR || wrong(t, "a value where an error is due", NULL) : compare(t, v);
        }
        cel_run_release(&r);
        return ok;
}

static bool run_in(struct test *t)
{
        bool fails = tp_field(t->tp, "eval_error", NULL) != NULL, ok;
        const char *check_only = tp_text(t->tp, "check_only");
        const struct tp *expr = tp_field(t->tp, "expr", NULL);
        struct zc_cel *e;
        struct zc_err err;

        t->env->container = tp_text(t->tp, "container");
        t->env->lenient = tp_text(t->tp, "disable_check") && strcmp(tp_text(t->tp, "disable_check"), "true") == 0;
        if (!declare(t))
                return false;
        if (!cel_compile(t->env, expr->text, expr->len, ZC_CEL_T_DYN, &e, &err))
                return fails || wrong(t, "refused", err.text);
        ok = deduced(t, e) && (check_only || evaluate(t, e, fails));
        zc_cel_free(e);
        return ok;
}

static bool run_test(const struct tp *tp, char why[512])
{
        struct test t = { .arena = zc_arena_new((size_t)64 << 20), .tp = tp, .env = zc_cel_env_new() };
        bool ok = t.arena && t.env ? run_in(&t) : wrong(&t, "out of memory", NULL);

        snprintf(why, 512, "%s", t.why);
        zc_cel_env_free(t.env);
        zc_arena_free(t.arena);
        return ok;
}

/* ---- files ---- */

static bool load_skips(const char *path)
{
        FILE *f = fopen(path, "r");
        char line[512];

        if (!f)
                return false;
        while (fgets(line, sizeof line, f) && skip_count < SKIPS_MAX) {
                size_t n = strcspn(line, "\t\n");
                char *gap = strstr(line, "  ");

                if (gap && (size_t)(gap - line) < n)
                        n = (size_t)(gap - line);
                if (line[0] == '#' || n == 0)
                        continue;
                skips[skip_count++].pattern = strndup(line, n);
        }
        fclose(f);
        return true;
}

static struct skip *skip_for(const char *name)
{
        for (size_t i = 0; i < skip_count; i++) {
                if (fnmatch(skips[i].pattern, name, 0) == 0)
                        return &skips[i];
        }
        return NULL;
}

static void one(const char *file, const struct tp *section, const struct tp *tp, struct totals *t)
{
        char name[256], why[512];
        struct skip *s;
        bool ok;

        snprintf(name, sizeof name, "%s/%s/%s", file, tp_text(section, "name"), tp_text(tp, "name"));
        s = skip_for(name);
        ok = run_test(tp, why);
        if (s) {
                s->used++;
                s->stale += ok;
                t->skipped++;
                /* A whole file or section may hold a few that pass; an entry for one test may not. */
                if (ok && !strchr(s->pattern, '*')) {
                        printf("  %s is on the skip list and passes\n", name);
                        t->failed++;
                        t->skipped--;
                }
                return;
        }
        t->passed += ok;
        t->failed += !ok;
        if (!ok)
                printf("  %s  %s\n", name, why);
}

static bool run_file(const char *dir, const char *base, struct totals *all)
{
        struct zc_arena *arena = zc_arena_new((size_t)256 << 20);
        struct totals t = { 0 };
        char path[4096], file[128], *buf = NULL;
        struct zc_err err = { 0 };
        struct tp *root = NULL;
        size_t len;

        snprintf(path, sizeof path, "%s/%s", dir, base);
        snprintf(file, sizeof file, "%.*s", (int)(strlen(base) - strlen(".textproto")), base);
        if (arena && zc_file_read(path, FILE_MAX, &buf, &len, &err))
                root = tp_parse(arena, buf, len, &err);
        if (!root)
                printf("  %s: %s\n", base, err.text);
        for (const struct tp *s = tp_field(root, "section", NULL); s; s = tp_field(root, "section", s)) {
                for (const struct tp *x = tp_field(s, "test", NULL); x; x = tp_field(s, "test", x))
                        one(file, s, x, &t);
        }
        printf("%-20s %4u passed, %u failed, %u skipped\n", file, t.passed, t.failed + !root, t.skipped);
        all->passed += t.passed;
        all->failed += t.failed + !root;
        all->skipped += t.skipped;
        free(buf);
        zc_arena_free(arena);
        return root != NULL;
}

static int is_textproto(const struct dirent *e)
{
        size_t n = strlen(e->d_name);

        return n > 10 && strcmp(e->d_name + n - 10, ".textproto") == 0;
}

int main(int argc, char **argv)
{
        struct dirent **files;
        struct totals all = { 0 };
        int n;

        if (argc != 3 || !load_skips(argv[1])) {
                fprintf(stderr, "usage: cel_conformance SKIPLIST DIR\n");
                return 2;
        }
        n = scandir(argv[2], &files, is_textproto, alphasort);
        if (n <= 0) {
                printf("skipped: %s holds no *.textproto\n0 passed, 0 failed, 1 skipped\n", argv[2]);
                return 0;
        }
        for (int i = 0; i < n; i++) {
                run_file(argv[2], files[i]->d_name, &all);
                free(files[i]);
        }
        free(files);
        for (size_t i = 0; i < skip_count; i++) {
                if (skips[i].used == 0 || (skips[i].stale == skips[i].used && strchr(skips[i].pattern, '*'))) {
                        printf("  %s is on the skip list and %s\n", skips[i].pattern, skips[i].used ? "all of it passes" : "names no test");
                        all.failed++;
                }
                free(skips[i].pattern);
        }
        printf("%u passed, %u failed, %u skipped\n", all.passed, all.failed, all.skipped);
        return all.failed != 0;
}
