/** zerocrit rules new: a rule to begin with. It loads, its types agree, and its three tests pass: what is left is to say what is meant. */
#include <assert.h>
#include <string.h>

#include "cmd_rules.h"
#include "settings.h"

#define KIND_USUAL "listener"
#define DEPTH_MAX 3u

/* The member that the condition of the new rule reads, and what it is compared with. */
struct field {
        struct zc_text path;    /* "auth.required" */
        const char *bad, *good; /* as YAML and CEL write them alike */
        char bad_text[64], good_text[64];
};

struct fresh {
        const struct zc_options *o;
        const char *id, *path;
        const struct zc_kind *kind;
        struct field field;
        struct zc_text text;
};

/* ---- a member to begin with ---- */

static const json_t *resolved(const json_t *schema, const json_t *node)
{
        const char *ref = zc_json_str(node, "$ref", NULL);

        return ref ? zc_json_pointer(schema, ref + (*ref == '#')) : node;
}

static bool has_type(const json_t *node, const char *type)
{
        const json_t *t = json_object_get(node, "type"), *v;
        size_t i;

        json_array_foreach (t, i, v) {
                if (strcmp(json_string_value(v), type) == 0)
                        return true;
        }
        return json_is_string(t) && strcmp(json_string_value(t), type) == 0;
}

static bool is_required(const json_t *object, const char *key)
{
        const json_t *v;
        size_t i;

        json_array_foreach (json_object_get(object, "required"), i, v) {
                if (strcmp(json_string_value(v), key) == 0)
                        return true;
        }
        return false;
}

/** Words of an enumeration that can be written as they are. */
static bool take_words(struct field *f, const json_t *node)
{
        const json_t *words = json_object_get(node, "enum");
        const char *a = json_string_value(json_array_get(words, 0));
        const char *b = json_string_value(json_array_get(words, 1));

        if (!a || !b || strlen(a) + strlen(b) > 60)
                return false;
        snprintf(f->bad_text, sizeof(f->bad_text), "\"%s\"", a);
        snprintf(f->good_text, sizeof(f->good_text), "\"%s\"", b);
        f->bad = f->bad_text;
        f->good = f->good_text;
        return true;
}

static bool take(struct field *f, const json_t *node, const char *type)
{
        if (!has_type(node, type))
                return false;
        if (strcmp(type, "string") == 0 && json_object_get(node, "enum"))
                return take_words(f, node);
        f->bad = strcmp(type, "boolean") == 0   ? "true"
                 : strcmp(type, "integer") == 0 ? "1"
                                                : "\"bad\"";
        f->good = strcmp(type, "boolean") == 0   ? "false"
                  : strcmp(type, "integer") == 0 ? "2"
                                                 : "\"good\"";
        return true;
}

/** Members of a kind of their own, and those that only say how others came about, are no good first example. */
static bool find(struct field *f, const json_t *schema, const json_t *object, const char *type,
                 unsigned depth)
{
        size_t len = f->path.len;
        const char *key;
        json_t *v;

        json_object_foreach (json_object_get(object, "properties"), key, v) {
                const json_t *node = resolved(schema, v);
                bool struct_like = json_object_get(node, "properties") != NULL;

                if (is_required(object, key) || strcmp(key, "proof") == 0 ||
                    strcmp(key, "probes") == 0)
                        continue;
                zc_text_printf(&f->path, "%s%s", len ? "." : "", key);
                if (take(f, node, type) ||
                    (struct_like && depth > 1 && find(f, schema, node, type, depth - 1)))
                        return true;
                zc_text_shorten(&f->path, len);
        }
        return false;
}

static bool field_find(struct fresh *n, struct zc_err *err)
{
        static const char *const types[] = { "boolean", "integer", "string" };
        const json_t *schema = zc_evidence_schema(err);
        const json_t *def;

        assert(n->kind); /* asked for */
        def = json_object_get(json_object_get(schema, "$defs"), n->kind->def);

        if (!schema)
                return false;
        zc_text_init(&n->field.path, 256);
        for (unsigned depth = 1; depth <= DEPTH_MAX; depth++) {
                for (size_t i = 0; i < ZC_COUNT(types); i++) {
                        if (find(&n->field, schema, def, types[i], depth))
                                return true;
                }
        }
        return zc_fail(err, ZC_E_UNSUPPORTED, "%s has no member to begin with", n->kind->name);
}

/* ---- the file ---- */

/** "{auth: {required: true}}" */
static void fragment(struct zc_text *t, const char *path, const char *value)
{
        size_t deep = 1;

        zc_text_addc(t, '{');
        for (const char *s = path; *s; s++) {
                zc_text_add(t, *s == '.' ? ": {" : "");
                if (*s != '.')
                        zc_text_addc(t, *s);
                deep += *s == '.';
        }
        zc_text_printf(t, ": %s", value);
        while (deep-- > 0)
                zc_text_addc(t, '}');
}

static void tests_write(struct fresh *n)
{
        const struct field *f = &n->field;
        struct zc_text *t = &n->text;

        zc_text_add(t, "    tests:                     # the least: one that fails, one that "
                       "passes, one whose evidence is missing\n"
                       "      - {name: it is so, self: ");
        fragment(t, zc_text_str(&f->path), f->bad);
        zc_text_add(t, ", expect: fail}\n      - {name: it is not, self: ");
        fragment(t, zc_text_str(&f->path), f->good);
        zc_text_add(t,
                    ", expect: pass}\n      - {name: nobody looked, self: {}, expect: unknown}\n");
}

static void rule_write(struct fresh *n)
{
        const char *path = zc_text_str(&n->field.path);
        struct zc_text *t = &n->text;

        zc_text_printf(
                t,
                "# docs/rules.md explains every part. After a change: `zerocrit rules check FILE`, "
                "`zerocrit rules test FILE`.\n"
                "rules:\n"
                "  - id: %s\n"
                "    title: Say in one line what is wrong\n"
                "    severity: medium           # critical high medium low info; or {any: high, "
                "private: medium, isolated: low, loopback: info}\n"
                "    applies_to: %s  # %s\n"
                "    # where: …                 # CEL; where it is false the rule does not apply\n"
                "    needs: [self.%s]  # without it the answer is unknown, never pass\n"
                "    when: self.%s == %s\n"
                "    confidence: derived        # proven (seen directly), derived (follows), "
                "version (only a number says so)\n"
                "    message: \"say what is so: {{ self.%s }}\"\n"
                "    rationale: Say why it matters.\n"
                "    remediation:\n"
                "      text: Say what to do.\n"
                "      reproduce: [\"a command with standard tools that shows it\"]\n"
                "    tags: [local]\n"
                "    since: \"1.0\"\n",
                n->id, n->kind->name, n->kind->summary, path, path, n->field.bad, path);
        tests_write(n);
}

static void count_bad(void *ctx, const struct zc_rule_test *t)
{
        *(size_t *)ctx += !t->ok;
}

/** What is written must be what it claims: it loads, and its tests pass. */
static bool prove(const struct fresh *n, struct zc_err *err)
{
        ZC_AUTO(zc_pack) pack = zc_pack_new();
        size_t bad = 0;

        if (!pack || n->text.failed)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the rule");
        return zc_pack_add_text(pack, n->path, zc_text_str(&n->text), n->text.len, err) &&
               zc_rules_test(pack, NULL, count_bad, &bad, err) &&
               (bad == 0 || zc_fail(err, ZC_E_UNSUPPORTED, "the tests of a new rule fail"));
}

/* ---- the word ---- */

/** "ZC-ACME-001": a part in capitals and digits between, three digits at the end. */
static bool id_check(const char *id, struct zc_err *err)
{
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
        size_t n = strlen(id);

        if (strncmp(id, "ZC-", 3) == 0 && n > 7 && n < 40 && strspn(id, letters) == n &&
            id[n - 4] == '-' && strspn(id + n - 3, "0123456789") == 3)
                return true;
        return zc_fail(err, ZC_E_USAGE,
                       "\"%.64s\" is no rule id: write ZC-AREA-NNN, such as ZC-ACME-001", id);
}

static bool asked(struct fresh *n, struct zc_err *err)
{
        const struct zc_options *o = n->o;
        const char *kind = o->kind ? o->kind : KIND_USUAL;
        const char *near;

        if (o->args.count != 2)
                return zc_fail(err, ZC_E_USAGE, "which id? zerocrit rules new ZC-ACME-001");
        n->id = o->args.item[1];
        if (!id_check(n->id, err))
                return false;
        n->kind = zc_kind_find(kind);
        near = n->kind ? NULL : zc_nearest(kind, zc_kind_names());
        if (!n->kind)
                return zc_fail(err, ZC_E_USAGE, "--kind: there is no \"%.64s\"%s%s%s", kind,
                               near ? "; did you mean "
                                    : " (host, firewall, listener, endpoint, exposure, …)",
                               near ? near : "", near ? "?" : "");
        n->path = o->output ? o->output : zc_arena_printf(o->arena, "%s.yaml", n->id);
        return n->path || zc_fail(err, ZC_E_NOMEM, "no memory for the rule");
}

static bool is_free(const struct fresh *n, struct zc_err *err)
{
        ZC_AUTO(zc_pack) pack = NULL;
        const struct zc_rule *r;

        assert(n->path); /* asked for */
        if (!zc_settings_pack(n->o, &pack, err))
                return false;
        r = zc_pack_find(pack, n->id);
        if (r)
                return zc_fail(err, ZC_E_USAGE, "%s is taken (%s:%u): an id is never used again",
                               n->id, r->file, r->line);
        return strcmp(n->path, "-") == 0 || access(n->path, F_OK) != 0 ||
               zc_fail(err, ZC_E_USAGE,
                       "%s is there already, and is not replaced: -o PATH writes another", n->path);
}

static bool rule_save(const struct fresh *n, struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;

        if (!zc_out_open(n->path, 0600, &out, err))
                return false;
        zc_out_write(out, zc_text_str(&n->text), n->text.len);
        return zc_out_commit(out, err);
}

bool zc_rules_new(const struct zc_options *o, int *status, struct zc_err *err)
{
        struct fresh n = { .o = o };
        ZC_AUTO(zc_out) out = NULL;
        bool ok = asked(&n, err) && is_free(&n, err) && field_find(&n, err);

        zc_text_init(&n.text, ZC_TEXT_CEILING);
        if (ok)
                rule_write(&n);
        ok = ok && prove(&n, err);
        *status = ok ? ZC_EXIT_FAULT : *status;
        ok = ok && rule_save(&n, err);
        zc_text_release(&n.text);
        zc_text_release(&n.field.path);
        if (!ok || !zc_out_open(strcmp(n.path, "-") == 0 ? "/dev/null" : "-", 0600, &out, err))
                return false;
        if (!o->quiet)
                zc_out_printf(out,
                              "%s: written; change it, then: zerocrit rules check %s && zerocrit "
                              "rules test %s\n",
                              n.path, n.path, n.path);
        return zc_rules_finish(out, status, err);
}
