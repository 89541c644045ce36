/** Options, environment, configuration, profile and what is built in, laid over one another as an audit does it. */
#include "config_show.h"

#include <string.h>

#include "settings.h"

#define KEY_WIDTH 22
#define VALUE_WIDTH 34

struct show {
        const struct zc_options *o;
        struct zc_settings s;
        json_t *rows;   /* {key, value, from, where} */
        json_t *report; /* of no evidence: what profile and policy make of the terms */
};

/** Takes value. */
static void row_add(struct show *w, const char *key, json_t *value, const char *from,
                    const char *where)
{
        json_array_append_new(w->rows,
                              json_pack("{s:s, s:o, s:s, s:s}", "key", key, "value",
                                        value ? value : json_null(), "from", from, "where", where));
}

/* ---- what options and files say ---- */

/** "audit.yaml:7:3" */
static void place(const struct show *w, const char *pointer, struct zc_text *out)
{
        unsigned line = 0, column = 0;

        zc_yaml_where(zc_config_yaml(w->s.config), pointer, &line, &column);
        zc_text_printf(out, "%s:%u:%u", zc_config_name(w->s.config), line, column);
}

static void row_file(struct show *w, const char *key, const char *pointer, const json_t *value)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 4096);
        place(w, pointer, &t);
        row_add(w, key, json_incref((json_t *)(uintptr_t)value), "file", zc_text_str(&t));
}

static json_t *text_json(const char *s)
{
        return s ? zc_json_bytes(s, strlen(s), 4096) : NULL;
}

static json_t *number_json(uint64_t n)
{
        return n ? json_integer((json_int_t)n) : NULL;
}

static json_t *ms_json(int64_t ms)
{
        return ms > 0 ? json_sprintf("%lldms", (long long)ms) : NULL;
}

static json_t *list_json(const struct zc_list *l)
{
        return l->count ? zc_settings_list(l) : NULL;
}

/** One that an option, the file, or nobody sets. @given: stolen. @usual: JSON text of what is built in. */
static void setting(struct show *w, const char *key, const char *option, json_t *given,
                    const char *usual)
{
        const json_t *configured = zc_settings_at(&w->s, key);
        ZC_AUTO_TEXT pointer = { 0 };

        zc_text_init(&pointer, 256);
        for (const char *s = key; *s; s++) {
                zc_text_addc(&pointer, s == key ? '/' : *s == '.' ? '/' : *s);
                if (s == key)
                        zc_text_addc(&pointer, *s);
        }
        if (given)
                row_add(w, key, given, "option", option);
        else if (configured)
                row_file(w, key, zc_text_str(&pointer), configured);
        else
                row_add(w, key, json_loads(usual, JSON_DECODE_ANY, NULL), "built-in", "");
}

static void settings_add(struct show *w)
{
        const struct zc_options *o = w->o;

        setting(w, "profile", "--profile", text_json(o->profile), "\"default\"");
        setting(w, "policy", "--policy", text_json(o->policy), "null");
        setting(w, "scope.allow", "", NULL, "null");
        setting(w, "scope.exclude", "--exclude", list_json(&o->exclude), "[]");
        setting(w, "scope.rate.total", "--rate", number_json(o->rate), "\"2000/s\"");
        setting(w, "scope.rate.per_host", "", NULL, "null");
        setting(w, "limits.concurrency", "--concurrency", number_json(o->concurrency), "4096");
        setting(w, "limits.deadline", "--deadline", ms_json(o->deadline_ms), "null");
        setting(w, "ports", "--ports", text_json(o->ports), "\"top-100\"");
        setting(w, "wait", "--wait", ms_json(o->wait_ms), "null");
        setting(w, "vantage", "--vantage", text_json(o->vantage), "\"machine-id\"");
        setting(w, "waivers", "--waivers", text_json(o->waivers), "null");
        setting(w, "baseline", "--baseline", text_json(o->baseline), "null");
        setting(w, "rules", "--rules", list_json(&o->rules), "[]");
}

/* ---- what the profile says ---- */

static void row_profile(struct show *w, const char *key, json_t *value)
{
        row_add(w, key, value, "profile", zc_json_str(w->report, "profile", "default"));
}

/** --fail-on, the file's, else the profile's: the severities that must not be found. */
static void gate_add(struct show *w)
{
        static const char *const rest[] = { "gate.require", "gate.max_new", "gate.new_rules" };
        json_t *target = zc_json_at(w->report, "gate.target");
        json_t *severities = json_array();
        const char *key;
        json_t *v;

        json_object_foreach (target, key, v) {
                json_array_append_new(severities, json_string(key));
        }
        if (w->o->fail_on.count > 0 || zc_settings_at(&w->s, "gate.fail_on"))
                setting(w, "gate.fail_on", "--fail-on", list_json(&w->o->fail_on), "null");
        else
                row_profile(w, "gate.fail_on", json_incref(severities));
        json_decref(severities);
        for (size_t i = 0; i < ZC_COUNT(rest); i++) {
                if (zc_settings_at(&w->s, rest[i]))
                        setting(w, rest[i], "", NULL, "null");
        }
}

static void params_add(struct show *w)
{
        struct zc_err err = { 0 };
        json_auto_t *usual = zc_pack_params(w->s.pack, NULL, &err);
        const char *name;
        json_t *v;

        json_object_foreach (json_object_get(w->report, "params"), name, v) {
                const json_t *configured = json_object_get(zc_settings_at(&w->s, "params"), name);
                ZC_AUTO_TEXT key = { 0 };
                ZC_AUTO_TEXT pointer = { 0 };

                zc_text_init(&key, 256);
                zc_text_init(&pointer, 256);
                zc_text_printf(&key, "params.%s", name);
                zc_text_add(&pointer, "/params");
                zc_json_pointer_add(&pointer, name);
                if (configured)
                        row_file(w, zc_text_str(&key), zc_text_str(&pointer), v);
                else if (!json_equal(v, json_object_get(usual, name)))
                        row_profile(w, zc_text_str(&key), json_incref(v));
                else
                        row_add(w, zc_text_str(&key), json_incref(v), "built-in", "");
        }
}

/* ---- the rest of the file ---- */

static bool is_shown(const struct show *w, const char *key)
{
        const json_t *row;
        size_t i;

        json_array_foreach (w->rows, i, row) {
                const char *k = zc_json_str(row, "key", "");
                size_t n = strlen(k);

                if (strncmp(k, key, n) == 0 && (key[n] == '\0' || key[n] == '.'))
                        return true;
        }
        return false;
}

/** Members of objects one by one; lists of plain values whole. */
static void file_walk(struct show *w, const json_t *value, struct zc_text *key,
                      struct zc_text *pointer)
{
        size_t k = key->len, p = pointer->len, i;
        const char *name;
        json_t *v;
        bool deep = json_is_object(json_array_get(value, 0));

        if (!json_is_object(value) && !deep) {
                if (!is_shown(w, zc_text_str(key)))
                        row_file(w, zc_text_str(key), zc_text_str(pointer), value);
                return;
        }
        json_object_foreach ((json_t *)(uintptr_t)value, name, v) {
                zc_text_printf(key, "%s%s", k ? "." : "", name);
                zc_json_pointer_add(pointer, name);
                file_walk(w, v, key, pointer);
                zc_text_shorten(key, k);
                zc_text_shorten(pointer, p);
        }
        json_array_foreach (value, i, v) {
                zc_text_printf(key, "[%zu]", i);
                zc_text_printf(pointer, "/%zu", i);
                file_walk(w, v, key, pointer);
                zc_text_shorten(key, k);
                zc_text_shorten(pointer, p);
        }
}

static void file_add(struct show *w)
{
        ZC_AUTO_TEXT key = { 0 };
        ZC_AUTO_TEXT pointer = { 0 };

        zc_text_init(&key, 1024);
        zc_text_init(&pointer, 1024);
        if (w->s.config)
                file_walk(w, zc_config_root(w->s.config), &key, &pointer);
}

/* What of the environment an audit heeds. */
static void environment_add(struct show *w)
{
        static const char *const names[] = { "COLUMNS", "NO_COLOR", "SUDO_UID", "TERM", "TMPDIR" };

        for (size_t i = 0; i < ZC_COUNT(names); i++) {
                const char *v = getenv(names[i]);

                if (v)
                        row_add(w, names[i], text_json(v), "environment", names[i]);
        }
}

/* ---- out ---- */

static void clean(struct zc_text *t, const char *s)
{
        zc_text_escape(t, s, strlen(s));
}

static void row_text(const json_t *row, bool origin, struct zc_out *out)
{
        const json_t *value = json_object_get(row, "value");
        ZC_AUTO_MEM char *line = json_is_string(value) ? NULL : zc_json_line(value);
        const char *from = zc_json_str(row, "from", ""), *where = zc_json_str(row, "where", "");
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        clean(&t, json_is_string(value) ? json_string_value(value)
                  : json_is_null(value) ? "-"
                  : line                ? line
                                        : "");
        zc_out_printf(out, "%-*s  ", KEY_WIDTH, zc_json_str(row, "key", ""));
        zc_out_printf(out, "%-*s", origin ? VALUE_WIDTH : 0, zc_text_str(&t));
        if (origin) {
                bool bare = strcmp(from, "file") == 0 || strcmp(from, "option") == 0;

                zc_text_clear(&t);
                if (strcmp(from, "profile") == 0 || bare)
                        clean(&t, where);
                zc_out_printf(out, "  %s%s%s", bare ? "" : from, !bare && t.len ? " " : "",
                              zc_text_str(&t));
        }
        zc_out_puts(out, "\n");
}

static bool rows_write(const struct show *w, struct zc_err *err)
{
        bool json = w->o->format && strcmp(w->o->format, "json") == 0;
        ZC_AUTO(zc_out) out = NULL;
        ZC_AUTO_MEM char *text = json ? zc_json_pretty(w->rows) : NULL;
        const json_t *row;
        size_t i;

        if (!zc_out_open("-", 0600, &out, err))
                return false;
        if (json)
                zc_out_printf(out, "%s\n", text ? text : "[]");
        json_array_foreach (json ? NULL : w->rows, i, row) {
                row_text(row, w->o->origin, out);
        }
        return zc_out_commit(out, err);
}

static bool show_steps(struct show *w, const struct zc_options *o, int *status, struct zc_err *err)
{
        if (!zc_settings_open(&w->s, o, err) || !zc_settings_judge(&w->s, err))
                return false;
        *status = ZC_EXIT_FAULT;
        w->report = zc_judge(NULL, 0, &w->s.judge, err);
        w->rows = json_array();
        if (!w->report || !w->rows)
                return w->report || zc_fail(err, ZC_E_NOMEM, "no memory for the settings");
        if (w->s.config)
                row_add(w, "config", text_json(zc_config_name(w->s.config)),
                        o->config ? "option" : "built-in", o->config ? "named" : "");
        settings_add(w);
        gate_add(w);
        params_add(w);
        file_add(w);
        environment_add(w);
        if (!rows_write(w, err))
                return false;
        *status = ZC_EXIT_MET;
        return true;
}

bool zc_config_show(struct zc_options *o, const char *path, int *status, struct zc_err *err)
{
        static const char *const forms[] = { "text", "json", NULL };
        struct zc_options audit = *o;
        struct show w = { .o = o };
        bool ok;

        if (o->format && strcmp(o->format, forms[0]) != 0 && strcmp(o->format, forms[1]) != 0)
                return zc_fail(err, ZC_E_USAGE,
                               "--format: there is no \"%.64s\" here; it is text or json",
                               o->format);
        audit.config = path;
        ok = show_steps(&w, &audit, status, err);
        zc_settings_release(&w.s);
        json_decref(w.rows);
        json_decref(w.report);
        return ok;
}
