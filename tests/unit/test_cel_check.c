/** CEL against the schema: what a rule author gets wrong is an error with a place and a remedy; what an expression reads is known. */
#include "alloc.h"
#include "cel_help.h"

static void mistakes(void **state)
{
        static const struct cel_case cases[] = {
                { "self.nam == 'x'", "refused line 1, column 6: self has no member 'nam'; did you mean 'name'?" },
                { "true &&\n self.tls.requird", "refused line 2, column 11: self.tls has no member 'requird'; did you mean 'required'?" },
                { "has(self.tsl.required)", "refused line 1, column 10: self has no member 'tsl'; did you mean 'tls'?" },
                { "has(self.tls.requird)", "refused line 1, column 14: self.tls has no member 'requird'; did you mean" },
                { "self['nam']", "refused line 1, column 6: self has no member 'nam'; did you mean 'name'?" },
                { "self.versions.TLSv1", "refused line 1, column 15: self.versions has no member 'TLSv1'" },
                { "self.versions['TLSv1.3'].offered", "refused line 1, column 15: self.versions has no member 'TLSv1.3'; did you mean" },
                { "self.versions['TLSv1.2'].offerd", "refused line 1, column 26: self.versions['TLSv1.2'] has no member 'offerd'; did you" },
                { "self.list.exists(v, v.wir == 1)", "refused line 1, column 23: self.list[] has no member 'wir'; did you mean 'wire'?" },
                { "self.tls.outer.tls.outer.prt", "refused line 1, column 26: self.tls.outer.tls.outer has no member 'prt'; did" },
                { "slef.name", "refused line 1, column 1: there is no variable 'slef'; did you mean 'self'?" },
                { "self.port == '443'", "refused line 1, column 11: '==' does not go between int and string" },
                { "self.on > 1", "refused line 1, column 9: '>' does not go between bool and int" },
                { "self.tls < self.tls", "refused line 1, column 10: '<' does not go between object or null and object or null" },
                { "self.port == null", "refused line 1, column 11: int is never null here" },
                { "null != self.list", "refused line 1, column 6: list(object) is never null here" },
                { "self.mode == 'startls'", "refused line 1, column 14: this value never occurs here; did you mean 'starttls'?" },
                { "'ssh' != self.mode", "refused line 1, column 1: this value never occurs here; the schema allows 'direct' and others" },
                { "self.port == 3.5", "refused line 1, column 14: a whole number is never this" },
                { "self.port in [22, 'a']", "refused line 1, column 19: '==' does not go between int and string" },
                { "self.mode in ['direct', 'dirct']", "refused line 1, column 25: this value never occurs here; did you mean 'direct'?" },
                { "'TLSv9' in self.versions", "refused line 1, column 1: self.versions never has this member" },
                { "'x' in self.words + [1]", "refused line 1, column 19: '+' does not go between list(string) and list(int)" },
                { "1 in self.words", "refused line 1, column 3: 'in' does not go between int and list(string)" },
                { "self.name.foo", "refused line 1, column 11: '.foo': string has no members" },
                { "self[self.name]", "refused line 1, column 6: the members of this object have different types" },
                { "self.name.startsWith(1)", "refused line 1, column 11: no form of startsWith takes these arguments: string.startsWith(int)" },
                { "self.list.map(v, v.wire + 'a')", "refused line 1, column 25: '+' does not go between int and string" },
                { "self.port ? 1 : 2", "refused line 1, column 1: the condition before '?' is a bool; this is int" },
                { "self.port && true", "refused line 1, column 1: an operand of && is a bool; this is int" },
                { "self.tls == null ? self.port : self.tls.days_left", "5" },
                { "self.proxy != null && self.proxy.startsWith('h')", "false" },
                { "self.open.anything == 'x'", "unknown self.open.anything" },
                { "self.any.what.ever == 1", "unknown self.any" },
                { "type(self.port) == int", "true" },
                /* never true */
                { "self.port > 100 && self.port < 50", "refused line 1, column 20: this can never hold beside 'self.port > 100'" },
                { "self.port > 5 && self.on && self.port < 6", "refused line 1, column 29: this can never hold beside 'self.port > 5'" },
                { "self.port >= 5 && (5 > self.port && self.on)", "refused line 1, column 20: this can never hold beside" },
                { "self.port == -1 && self.port > 0", "refused line 1, column 20: this can never hold beside 'self.port == -1'" },
                { "self.name == 'a' && self.name == 'b'", "refused line 1, column 21: this can never hold beside 'self.name == 'a''" },
                { "self.mode == 'direct' && self.mode == 'starttls'", "refused line 1, column 26: this can never hold beside" },
                { "self.words.size() < 0", "refused line 1, column 1: a size is never below 0" },
                { "0 > size(self.words)", "refused line 1, column 1: a size is never below 0" },
                { "size(self.name) == -1", "refused line 1, column 1: a size is never below 0" },
                { "self.port > 4 && self.port < 6", "true" },
                { "self.port >= 5 && self.port <= 5", "true" },
                { "self.port > 5 || self.port < 5", "false" },
                { "self.ratio > 5 && self.ratio < 6", "unknown self.ratio" },
                { "self.port != 4 && self.port != 6", "true" },
                { "self.list.exists(v, v.wire > 5) && self.list.exists(v, v.wire < 5)", "unknown self.list" },
                { "self.words.size() > -1", "true" },
        };

        (void)state;
        cel_check_cases(cases, ZC_COUNT(cases), "{\"port\":5,\"tls\":null,\"proxy\":null,\"words\":[],\"open\":{},\"name\":\"n\",\"mode\":\"direct\"}");
}

static void wanted_type(void **state)
{
        struct cel_help h;
        struct zc_err err;
        struct zc_cel *e;

        (void)state;
        cel_help_open(&h);
        assert_false(zc_cel_compile(h.env, "self.port", ZC_CEL_T_BOOL, &e, &err));
        assert_string_equal(err.text, "line 1, column 1: the expression is to give bool and gives int");
        assert_true(zc_cel_compile(h.env, "any.port", ZC_CEL_T_BOOL, &e, &err));
        zc_cel_free(e);
        zc_cel_free(NULL);
        assert_false(zc_cel_declare(h.env, "self", zc_cel_type_basic(ZC_CEL_T_INT), false, &err));
        assert_string_equal(err.text, "the variable 'self' is declared twice");
        cel_help_close(&h);
}

/* ---- paths ---- */

static void paths(void **state)
{
        static const struct cel_case cases[] = {
                { "self.tls.required && self.port > 1 && self.tls.required", "self.tls.required self.port" },
                { "self.list.exists(v, v.offered && v.wire < 3)", "self.list[].offered self.list[].wire" },
                { "self.words.exists(w, isCIDR(w))", "self.words[]" },
                { "self.words.exists(w, true)", "self.words" },
                { "self.versions['TLSv1.2'].wire > 1", "self.versions['TLSv1.2'].wire" },
                { "self.versions.all(k, self.versions[k].offered)", "self.versions[].offered" },
                { "self.versions.all(k, v, v.offered)", "self.versions[].offered" },
                { "self.list[0].wire > self.list[1].wire", "self.list[].wire" },
                { "has(self.tls.days_left)", "self.tls.days_left" },
                { "self.list.filter(v, v.offered).exists(v, v.wire == 1)", "self.list[].offered self.list[].wire" },
                { "size(self.words) > 0 && 'a' in self.words", "self.words" },
                { "cel.bind(t, self.tls, t.required)", "self.tls.required" },
                { "params.x == 1 && any.a.b[0].c == 2", "any.a.b[].c" },
                { "[self.name].exists(n, n == self.mode)", "self.name self.mode" },
                { "self.?tls.?days_left.orValue(1) == 1", "self.tls.days_left" },
                { "self.words.map(w, w + self.name).size() == 1", "self.words[] self.name" },
                { "1 == 1", "" },
                { "self", "self" },
        };
        struct cel_help h;

        (void)state;
        cel_help_open(&h);
        for (size_t i = 0; i < ZC_COUNT(cases); i++) {
                struct zc_err err;
                struct zc_cel *e;
                ZC_AUTO_TEXT got = { 0 };
                size_t n;

                zc_text_init(&got, ZC_TEXT_CEILING);
                if (!zc_cel_compile(h.env, cases[i].src, ZC_CEL_T_DYN, &e, &err))
                        fail_msg("%s: %s", cases[i].src, err.text);
                const char *const *list = zc_cel_paths(e, &n);
                for (size_t k = 0; k < n; k++)
                        zc_text_printf(&got, "%s%s", k ? " " : "", list[k]);
                if (strcmp(zc_text_str(&got), cases[i].want) != 0)
                        fail_msg("%s\n  reads %s\n  want  %s", cases[i].src, zc_text_str(&got), cases[i].want);
                zc_cel_free(e);
        }
        cel_help_close(&h);
}

/* ---- schemas ---- */

static void schemas(void **state)
{
        static const struct { const char *schema, *src, *want; } rows[] = {
                { "{\"$ref\":\"#/$defs/x\"}", "", "the schema has no \"#/$defs/x\"" },
                { "{\"$ref\":\"#\"}", "", "the schema's \"$ref\" runs in a circle" },
                { "{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}", "v[0][0][0][0][0][0][0][0][0][0][0] == 1", NULL },
                { "{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"},\"b\":{\"$ref\":\"#\"}}}", "v.a.b.a.b.a == v.b", NULL },
                { "{\"type\":[\"string\",\"integer\"]}", "v == 1 || v == 'a'", NULL },
                { "{\"type\":\"null\"}", "v == null", NULL },
                { "{}", "v.x[1].y == 'z'", NULL },
                { "{\"type\":\"object\"}", "v.x[1].y == 'z'", NULL },
                { "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"additionalProperties\":{\"type\":\"integer\"}}",
                  "v.a == 'x' && v.b == 1", NULL },
                { "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}", "v.a == 'x'",
                  "line 1, column 5: '==' does not go between int and string" },
                { "{\"type\":\"array\"}", "v[0].x == 1", NULL },
                { "{\"type\":\"string\",\"format\":\"date-time\"}", "timestamp(v) > timestamp(0)", NULL },
                { "{\"type\":\"string\",\"format\":\"date-time\"}", "v > timestamp(0)", "line 1, column 3: '>' does not go between string and timestamp" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_err err = { 0 };
                json_t *schema = zc_json_parse(rows[i].schema, strlen(rows[i].schema), &err);
                struct zc_cel_env *env = zc_cel_env_new();
                const struct zc_cel_type *t = zc_cel_type_schema(env, schema, schema, &err);
                struct zc_cel *e = NULL;

                if (t) {
                        assert_true(zc_cel_declare(env, "v", t, true, &err));
                        if (zc_cel_compile(env, rows[i].src, ZC_CEL_T_BOOL, &e, &err) != !rows[i].want)
                                fail_msg("%s: %s", rows[i].src, err.text);
                }
                if (rows[i].want)
                        assert_string_equal(err.text, rows[i].want);
                zc_cel_free(e);
                zc_cel_env_free(env);
                json_decref(schema);
        }
}

/* ---- out of memory ---- */

static bool whole_life(struct zc_err *err)
{
        static const char src[] = "self.list.exists(v, v.offered && v.wire < params.min) || 'a'.matches('^[a-z]+$') && "
                                  "'%s'.format([self.list.map(v, v.wire)]) == string(timestamp(0))";
        static const char doc_text[] = "{\"list\":[{\"offered\":false,\"wire\":1}],\"min\":5}";
        json_t *schema = zc_json_parse(cel_schema, strlen(cel_schema), err), *doc = zc_json_parse(doc_text, strlen(doc_text), err);
        struct zc_cel_env *env = zc_cel_env_new();
        struct zc_arena *arena = zc_arena_new(0);
        const struct zc_cel_binding vars[] = { { "self", doc, "" }, { "params", doc, NULL } };
        const struct zc_cel_type *dyn = zc_cel_type_basic(ZC_CEL_T_DYN);
        struct zc_cel_result r = { 0 };
        struct zc_cel *e = NULL;
        bool ok = schema && doc && env && arena;

        if (!ok)
                zc_fail(err, ZC_E_NOMEM, "set-up");
        ok = ok && zc_cel_declare(env, "self", zc_cel_type_schema(env, schema, schema, err), true, err) &&
             zc_cel_declare(env, "params", dyn, false, err) && zc_cel_compile(env, src, ZC_CEL_T_BOOL, &e, err);
        if (ok) {
                zc_cel_eval(e, vars, 2, ZC_CEL_BUDGET, arena, NULL, &r);
                ok = r.outcome == ZC_CEL_VALUE || zc_fail(err, ZC_E_NOMEM, "%s", r.why);
                if (ok)
                        assert_false(r.truth);
                zc_cel_result_release(&r);
        }
        zc_cel_free(e);
        zc_cel_env_free(env);
        zc_arena_free(arena);
        json_decref(schema);
        json_decref(doc);
        return ok;
}

static void out_of_memory(void **state)
{
        struct zc_err err;
        size_t n = 1;

        (void)state;
        for (;; n++) {
                bool ok;

                alloc_fail_at(n);
                err = (struct zc_err){ 0 };
                ok = whole_life(&err);
                if (ok || n > 2000)
                        break;
                if (err.code != ZC_E_NOMEM)
                        fail_msg("allocation %zu: %s", n, err.text);
        }
        alloc_fail_at(0);
        assert_in_range(n, 5, 2000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(mistakes), cmocka_unit_test(wanted_type),   cmocka_unit_test(paths),
                cmocka_unit_test(schemas),  cmocka_unit_test(out_of_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
