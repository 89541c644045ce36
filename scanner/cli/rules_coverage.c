/** zerocrit rules coverage: which members of the evidence no rule reads. */
#include <string.h>

#include "cmd_rules.h"
#include "settings.h"
#include "zc/report.h"

#define DEPTH_MAX 16u
#define PATHS_MAX 4096u
#define NOTE 16u

/* The objects that evidence is made of, and the schemas of each. */
static const struct {
        const char *name, *def;
} roots[] = {
        { "run", "run" },   { "host", "host" },         { "endpoint", "endpoint" },
        { "scan", "scan" }, { "exposure", "exposure" },
};

struct coverage {
        const struct zc_pack *pack;
        const json_t *schema;
        json_t *read;  /* whole paths that rules read → true */
        json_t *kinds; /* name → {kind, fields, read, unread} */
        struct zc_text path;
        unsigned depth;
};

/* ---- the schema ---- */

static const json_t *resolved(const json_t *schema, const json_t *node)
{
        const char *ref = zc_json_str(node, "$ref", NULL);

        return ref ? zc_json_pointer(schema, ref + (*ref == '#')) : node;
}

/** Members by any name: additionalProperties, or properties that are all of one type (as CEL sees a map). */
static const json_t *map_value(const json_t *node)
{
        const json_t *others = json_object_get(node, "additionalProperties");
        const json_t *properties = json_object_get(node, "properties");
        const char *ref = NULL, *key;
        json_t *v;

        if (json_is_object(others))
                return others;
        json_object_foreach ((json_t *)(uintptr_t)properties, key, v) {
                const char *one = zc_json_str(v, "$ref", NULL);

                if (!one || (ref && strcmp(ref, one) != 0))
                        return NULL;
                ref = one;
        }
        return ref && json_object_size(properties) > 1
                       ? json_object_iter_value(json_object_iter((json_t *)(uintptr_t)properties))
                       : NULL;
}

/* ---- what rules read ---- */

/** One step of a path: ".name", "['name']" or "[]". The name goes to out; "" for any element. */
static const char *step(const char *s, char out[128])
{
        size_t n;

        out[0] = '\0';
        if (*s == '[') {
                n = strcspn(s, "]");
                return s[n] ? s + n + 1 : s + n;
        }
        s += *s == '.';
        n = strcspn(s, ".[");
        if (n > 0 && n < 128) {
                memcpy(out, s, n);
                out[n] = '\0';
        }
        return s + n;
}

/** The path as the walk below writes it: names of members, none for the elements of lists and maps. */
static void read_note(struct coverage *c, const char *root, const json_t *node, const char *rest)
{
        ZC_AUTO_TEXT t = { 0 };
        char name[128];

        zc_text_init(&t, 1024);
        zc_text_add(&t, root);
        while (*rest && node) {
                const json_t *at = resolved(c->schema, node);
                const json_t *any = map_value(at);

                rest = step(rest, name);
                if (json_object_get(at, "items")) {
                        node = json_object_get(at, "items");
                } else if (any) {
                        node = any;
                } else {
                        node = json_object_get(json_object_get(at, "properties"), name);
                        zc_text_printf(&t, ".%s", name);
                }
        }
        json_object_set_new(c->read, zc_text_str(&t), json_true());
}

/** "self" of a kind is a place below a root: "host.listeners", "endpoint.tls". */
static void kind_place(const struct zc_kind *kind, struct zc_text *out)
{
        const char *at = kind->at;
        size_t n = strcspn(at, ".[");

        zc_text_clear(out);
        for (size_t i = 0; i < ZC_COUNT(roots); i++) { /* "endpoints[]" is of endpoint */
                if (strncmp(at, roots[i].name, strlen(roots[i].name)) == 0)
                        zc_text_add(out, roots[i].name);
        }
        for (at += n; *at; at++) {
                if (*at != '[' && *at != ']')
                        zc_text_addc(out, *at);
        }
}

static void reads_of(struct coverage *c, const struct zc_rule *r, const char *path)
{
        const json_t *defs = json_object_get(c->schema, "$defs");
        size_t n = strcspn(path, ".[");
        ZC_AUTO_TEXT place = { 0 };

        zc_text_init(&place, 256);
        if (n == 4 && strncmp(path, "self", 4) == 0) {
                kind_place(r->kind, &place);
                read_note(c, zc_text_str(&place), json_object_get(defs, r->kind->def), path + n);
                return;
        }
        for (size_t i = 0; i < ZC_COUNT(roots); i++) {
                if (strlen(roots[i].name) == n && strncmp(roots[i].name, path, n) == 0)
                        read_note(c, roots[i].name, json_object_get(defs, roots[i].def), path + n);
        }
}

static void rules_read(struct coverage *c)
{
        for (size_t i = 0; i < zc_pack_count(c->pack); i++) {
                const struct zc_rule *r = zc_pack_rule(c->pack, i);
                const struct zc_cel *const parts[] = { r->where, r->when };

                for (size_t k = 0; k < ZC_COUNT(parts); k++) {
                        size_t count = 0;
                        const char *const *paths = parts[k] ? zc_cel_paths(parts[k], &count) : NULL;

                        for (size_t p = 0; p < count; p++)
                                reads_of(c, r, paths[p]);
                }
        }
}

/* ---- the walk ---- */

/** Read itself, or with something that it stands below. */
static bool is_read(const struct coverage *c, const char *path)
{
        char above[1024];
        size_t n = strlen(path);

        if (n >= sizeof(above))
                return false;
        memcpy(above, path, n + 1);
        for (;;) {
                char *dot;

                if (json_object_get(c->read, above))
                        return true;
                dot = strrchr(above, '.');
                if (!dot)
                        return false;
                *dot = '\0';
        }
}

static json_t *kind_row(struct coverage *c, const char *kind)
{
        json_t *row = json_object_get(c->kinds, kind);

        if (row)
                return row;
        row = json_pack("{s:s, s:i, s:i, s:[]}", "kind", kind, "fields", 0, "read", 0, "unread");
        json_object_set_new(c->kinds, kind, row);
        return row;
}

static void count(json_t *row, const char *key)
{
        json_object_set_new(row, key,
                            json_integer(json_integer_value(json_object_get(row, key)) + 1));
}

static void leaf(struct coverage *c, const char *kind, size_t from)
{
        json_t *row = kind_row(c, kind);
        const char *path = zc_text_str(&c->path);

        count(row, "fields");
        if (is_read(c, path))
                count(row, "read");
        else
                json_array_append_new(json_object_get(row, "unread"),
                                      json_string(path + from + (path[from] == '.')));
}

/** The kind whose objects stand here, if there is one. */
static const char *kind_here(const struct coverage *c)
{
        const char *found = NULL;
        ZC_AUTO_TEXT place = { 0 };

        zc_text_init(&place, 256);
        for (size_t i = 0; i < zc_kind_count && !found; i++) {
                kind_place(&zc_kinds[i], &place);
                if (strcmp(zc_text_str(&place), zc_text_str(&c->path)) == 0)
                        found = zc_kinds[i].name;
        }
        return found;
}

/** @from: where in the path the members of the kind begin. What says how something was observed is no fact of its own. */
static void walk(struct coverage *c, const json_t *node, const char *kind, size_t from)
{
        const json_t *at = resolved(c->schema, node);
        const json_t *properties = json_object_get(at, "properties");
        const json_t *below = json_object_get(at, "items");
        const char *own = kind_here(c);
        size_t len = c->path.len;
        const char *key;
        json_t *v;

        if (own && strcmp(own, kind) != 0) {
                kind = own;
                from = len;
        }
        below = below ? below : map_value(at);
        if (++c->depth > DEPTH_MAX) {
                c->depth--;
                return;
        }
        if (below) {
                walk(c, below, kind, from);
        } else if (!properties) {
                leaf(c, kind, from);
        } else {
                json_object_foreach ((json_t *)(uintptr_t)properties, key, v) {
                        if (strcmp(key, "proof") == 0 || strcmp(key, "probes") == 0)
                                continue;
                        zc_text_printf(&c->path, ".%s", key);
                        walk(c, v, kind, from);
                        zc_text_shorten(&c->path, len);
                }
        }
        c->depth--;
}

static json_t *coverage_json(const struct zc_pack *pack, struct zc_err *err)
{
        struct coverage c = { .pack = pack, .schema = zc_evidence_schema(err) };
        json_t *out = json_array();
        const char *key;
        json_t *row;

        if (!c.schema)
                return NULL;
        c.read = json_object();
        c.kinds = json_object();
        zc_text_init(&c.path, 1024);
        rules_read(&c);
        for (size_t i = 0; i < ZC_COUNT(roots); i++) {
                zc_text_clear(&c.path);
                zc_text_add(&c.path, roots[i].name);
                walk(&c, json_object_get(json_object_get(c.schema, "$defs"), roots[i].def),
                     roots[i].name, c.path.len);
        }
        json_object_foreach (c.kinds, key, row) {
                json_array_append(out, row);
        }
        zc_text_release(&c.path);
        json_decref(c.read);
        json_decref(c.kinds);
        return out;
}

/* ---- as text ---- */

static void kind_text(const json_t *row, struct zc_out *out, unsigned columns)
{
        const json_t *v;
        size_t i;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_printf(&t, "%lld of %lld read",
                       (long long)json_integer_value(json_object_get(row, "read")),
                       (long long)json_integer_value(json_object_get(row, "fields")));
        json_array_foreach (json_object_get(row, "unread"), i, v) {
                zc_text_printf(&t, "%s%s", i ? ", " : "; not: ", json_string_value(v));
        }
        zc_out_printf(out, "%-*s", (int)NOTE, zc_json_str(row, "kind", ""));
        zc_wrap(out, zc_text_str(&t), NOTE, NOTE, columns);
        zc_out_puts(out, "\n");
}

bool zc_rules_coverage(const struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_pack) pack = NULL;
        ZC_AUTO(zc_out) out = NULL;
        json_auto_t *rows = NULL;
        const json_t *row;
        size_t i;
        bool json;

        if (o->framework)
                return zc_rules_framework(o, status, err);
        if (o->args.count > 1)
                return zc_fail(err, ZC_E_USAGE, "coverage takes no \"%.64s\"; --rules adds rules",
                               o->args.item[1]);
        if (!zc_rules_format(o, &json, err) || !zc_settings_pack(o, &pack, err))
                return false;
        *status = ZC_EXIT_FAULT;
        rows = coverage_json(pack, err);
        if (!rows || !zc_out_open("-", 0600, &out, err))
                return false;
        if (json)
                zc_rules_json(out, rows);
        json_array_foreach (json ? NULL : rows, i, row) {
                kind_text(row, out, zc_columns(STDOUT_FILENO));
        }
        return zc_rules_finish(out, status, err);
}
