/** CEL on evidence: what is omitted is unknown, whatever the expression does with it; what was read is reported. */
#include "cel_help.h"

static const char evidence[] =
        "{\"name\":\"web1\",\"mode\":\"direct\",\"port\":443,\"ratio\":2,\"on\":true,\"proxy\":null,\"ratios\":[1,2.5],"
        "\"tls\":{\"required\":false,\"days_left\":null,\"outer\":{\"port\":1}},"
        "\"versions\":{\"SSLv3\":{\"offered\":false,\"wire\":768},\"TLSv1.2\":{\"offered\":true,\"wire\":771}},"
        "\"open\":{\"k\":\"v\"},\"list\":[{\"offered\":true,\"wire\":1},{\"wire\":2}],\"words\":[\"a\",\"b\"],\"any\":{\"x\":1}}";

/* T true, F false, U unknown, E error, by operand. */
static const char *const operand[] = { "true", "false", "any.gone", "1 / 0 == 1" };
static const char letters[] = "TFUE";

static char outcome(struct cel_help *h, const char *src, const json_t *doc)
{
        char buf[256];
        const char *got = cel_answer(h, src, doc, ZC_CEL_BUDGET, buf, sizeof buf, NULL);

        if (strcmp(got, "unknown any.gone") == 0)
                return 'U';
        if (strcmp(got, "error divide by zero") == 0)
                return 'E';
        return strcmp(got, "true") == 0 ? 'T' : strcmp(got, "false") == 0 ? 'F' : '?';
}

/** The form with its first $ replaced by the left operand, its second by the right one. */
static void put_operands(const char *form, const char *left, const char *right, char *out, size_t size)
{
        const char *first = strchr(form, '$'), *second = strchr(first + 1, '$');

        snprintf(out, size, "%.*s%s%.*s%s%s", (int)(first - form), form, left, (int)(second - first - 1), first + 1, right, second + 1);
}

/** The whole truth table of a form with two operands, row by row for the left one. */
static void truth_table(const char *form, const char *want)
{
        struct cel_help h;
        char src[256];
        json_t *doc = json_object();

        cel_help_open(&h);
        for (size_t i = 0; i < 16; i++) {
                put_operands(form, operand[i / 4], operand[i % 4], src, sizeof src);
                if (outcome(&h, src, doc) != want[i])
                        fail_msg("%s gives %c, not %c", src, outcome(&h, src, doc), want[i]);
        }
        cel_help_close(&h);
        json_decref(doc);
}

static void logic_tables(void **state)
{
        (void)state;
        /*                                 TTTT FFFF UUUU EEEE */
        truth_table("$ && $",           "TFUE" "FFFF" "UFUU" "EFUE");
        truth_table("$ || $",           "TTTT" "TFUE" "TUUU" "TEUE");
        truth_table("($) == ($)",       "TFUE" "FTUE" "UUUU" "EEUE");
        truth_table("[$, $].size() > 0", "TTUE" "TTUE" "UUUU" "EEUE");
        truth_table("($) ? ($) : true", "TFUE" "TTTT" "UUUU" "EEEE");
        truth_table("[1, 2].all(i, i == 1 ? ($) : ($))", "TFUE" "FFFF" "UFUU" "EFUE");
        truth_table("[1, 2].exists(i, i == 1 ? ($) : ($))", "TTTT" "TFUE" "TUUU" "TEUE");
        truth_table("[1, 2].exists_one(i, i == 1 ? ($) : ($))", "FTUE" "TFUE" "UUUU" "EEUE");
        truth_table("[1, 2].filter(i, i == 1 ? ($) : ($)).size() > -1", "TTUE" "TTUE" "UUUU" "EEUE");
        truth_table("[1, 2].map(i, i == 1 ? ($) : ($)).size() == 2", "TTUE" "TTUE" "UUUU" "EEUE");
        for (size_t i = 0; i < 4; i++) {
                char want[17];

                snprintf(want, sizeof want, "%.4s%.4s%.4s%.4s", letters, letters, letters, letters);
                truth_table("cel.bind(x, $, $)", want); /* what is not used does not count */
        }
}

static void missing(void **state)
{
        static const struct cel_case cases[] = {
                { "self.name", "\"web1\"" },
                { "self.tls.required", "false" },
                { "self.tls.outer.on", "unknown self.tls.outer.on" },
                { "self.tls.outer.tls.required", "unknown self.tls.outer.tls" },
                { "has(self.tls.outer.on)", "unknown self.tls.outer.on" },
                { "has(self.on)", "true" },
                { "has(self.proxy)", "false" },
                { "has(any.gone.more)", "unknown any.gone" },
                { "!has(any.gone)", "unknown any.gone" },
                { "any.?gone.hasValue()", "unknown any.gone" },
                { "any.?proxy.hasValue()", "false" },
                { "any.?name.orValue('x')", "\"web1\"" },
                { "any[?'gone']", "unknown any.gone" },
                { "'gone' in any", "unknown any.gone" },
                { "'proxy' in any", "false" },
                { "'name' in any", "true" },
                { "self.open['z']", "unknown self.open.z" },
                { "self.list[1].offered", "unknown self.list[1].offered" },
                { "self.list[5].offered", "error index out of range" },
                { "any.name.more", "error no such overload: string has no member 'more'" },
                { "self.proxy == null", "true" },
                { "self.tls.days_left < 5", "error no such overload" },
                { "params.gone", "error no such key: 'gone'" },
                { "has(params.gone)", "false" },
                { "has(params.proxy)", "true" },
                { "'gone' in params", "false" },
                { "params.open.gone", "error no such key" },
                { "size(params.open)", "1" },
                { "size(self.open)", "unknown self.open[]" },
                { "self.open.exists(k, k == 'k')", "true" },
                { "self.open.exists(k, k == 'z')", "unknown self.open[]" },
                { "self.open.all(k, k == 'z')", "false" },
                { "self.open.all(k, true)", "unknown self.open[]" },
                { "self.open.map(k, k)", "unknown self.open[]" },
                { "self.versions.exists(v, self.versions[v].wire < 700)", "false" },
                { "self.versions.exists(k, v, v.wire == 771)", "true" },
                { "self.versions.transformList(k, v, v.wire)", "[768,771]" },
                { "any.versions.exists(k, false)", "unknown any.versions[]" },
                { "self.list.exists(v, v.offered)", "true" },
                { "self.list.all(v, v.offered)", "unknown self.list[1].offered" },
                { "self.list.exists(v, v.wire == 9 || v.offered == false)", "unknown self.list[1].offered" },
                { "self.list.map(v, v.wire)", "[1,2]" },
                { "self.list == []", "false" },
                { "self.open == {'k': 'v'}", "unknown self.open[]" },
                { "self.open == {'k': 'w'}", "false" },
                { "self.open != {'k': 'v', 'z': 'y'}", "unknown self.open[]" },
                { "{'k': 'w'} == self.open", "false" },
                { "[1] == any.words", "false" },
                { "{'offered': true} in any.list", "unknown any.list[0][]" },
                { "'b' in self.words && !('c' in self.words)", "true" },
                { "'%s'.format([self.open])", "unknown self.open[]" },
                { "optional.of(self.tls).required.orValue(true)", "false" },
                { "optional.of(any.tls).gone.hasValue()", "unknown any.tls.gone" },
                { "cel.bind(t, self.tls, t.outer.mode)", "unknown self.tls.outer.mode" },
                { "self.ratio / 4.0 + self.ratios[0] * 0.5 + self.ratios.map(r, r * 1.0)[1]", "3.5" },
                { "self.ratios.exists(r, r == 1)", "true" },
        };

        (void)state;
        cel_check_cases(cases, ZC_COUNT(cases), evidence);
}

static void unbound(void **state)
{
        static const struct cel_case cases[] = {
                { "self.name", "unknown self" }, { "params.x", "unknown params" }, { "self.on || true", "true" }, { "has(self.tls)", "unknown self" },
        };

        (void)state;
        cel_check_cases(cases, ZC_COUNT(cases), NULL);
}

/* ---- reads ---- */

static void check_reads(const char *src, const char *want)
{
        struct zc_arena *arena = zc_arena_new(0);
        struct cel_help h;
        struct zc_err err;
        json_t *doc = zc_json_parse(evidence, strlen(evidence), &err);
        const struct zc_cel_binding vars[] = { { "self", doc, "/host" }, { "any", doc, NULL }, { "params", doc, "/params" } };
        struct zc_cel_result r;
        struct zc_cel *e;
        ZC_AUTO_TEXT got = { 0 };

        cel_help_open(&h);
        zc_text_init(&got, ZC_TEXT_CEILING);
        if (!zc_cel_compile(h.env, src, ZC_CEL_T_DYN, &e, &err))
                fail_msg("%s: %s", src, err.text);
        zc_cel_eval(e, vars, ZC_COUNT(vars), ZC_CEL_BUDGET, arena, NULL, &r);
        for (size_t i = 0; i < r.read_count; i++) {
                char *value = json_dumps(r.reads[i].value, JSON_ENCODE_ANY | JSON_COMPACT);

                zc_text_printf(&got, "%s%s=%s", i ? " " : "", r.reads[i].pointer ? r.reads[i].pointer : "-", value);
                free(value);
        }
        if (strcmp(zc_text_str(&got), want) != 0)
                fail_msg("%s\n  reads %s\n  want  %s", src, zc_text_str(&got), want);
        zc_cel_result_release(&r);
        zc_cel_free(e);
        cel_help_close(&h);
        json_decref(doc);
        zc_arena_free(arena);
}

static void reads(void **state)
{
        (void)state;
        check_reads("self.port > 1 && self.name == 'web1'", "/host/port=443 /host/name=\"web1\"");
        /* what decides stands alone; where nothing does, everything was needed */
        check_reads("self.port > 1 && self.name == 'x'", "/host/name=\"web1\"");
        check_reads("self.name == 'x' || self.port > 1", "/host/port=443");
        check_reads("self.name == 'x' || self.port == 1", "/host/name=\"web1\" /host/port=443");
        check_reads("self.list.exists(v, v.wire == 3)", "/host/list/0/wire=1 /host/list/1/wire=2");
        check_reads("!self.list.exists(v, v.wire == 3)", "/host/list/0/wire=1 /host/list/1/wire=2");
        check_reads("self.list.exists(v, v.wire == 2 && self.port > 1)", "/host/list/1/wire=2 /host/port=443");
        check_reads("self.list.all(v, v.wire < 2)", "/host/list/1/wire=2");
        check_reads("self.name == 'x' && self.port > 1", "/host/name=\"web1\"");
        check_reads("self.name == self.name", "/host/name=\"web1\"");
        check_reads("self.list.exists(v, v.wire == 2)", "/host/list/1/wire=2");
        check_reads("self.words.exists(w, w == 'a')", "/host/words/0=\"a\"");
        check_reads("self.tls.outer.port == 1 && self.versions['TLSv1.2'].offered",
                    "/host/tls/outer/port=1 /host/versions/TLSv1.2/offered=true");
        check_reads("size(self.words) > 0", "/host/words=[\"a\",\"b\"]");
        check_reads("has(self.proxy)", "/host/proxy=null");
        check_reads("self.tls == null", "/host/tls={\"required\":false,\"days_left\":null,\"outer\":{\"port\":1}}");
        check_reads("self.open.exists(k, v, v == 'v')", "/host/open/k=\"v\"");
        check_reads("any.port > 0", "-=443");
        check_reads("params.port > 0", "");
        check_reads("[1, 2, 3, 4].all(i, self.list.all(v, v.wire > 0))", "/host/list/0/wire=1 /host/list/1/wire=2");
}

static void reads_are_capped(void **state)
{
        struct zc_arena *arena = zc_arena_new(0);
        json_t *doc = json_object(), *list = json_array();
        const struct zc_cel_binding vars[] = { { "any", doc, "" } };
        struct cel_help h;
        struct zc_cel_result r;
        struct zc_err err;
        struct zc_cel *e;

        (void)state;
        for (int i = 0; i < 100; i++)
                json_array_append_new(list, json_integer(i));
        json_object_set_new(doc, "a/b", list);
        cel_help_open(&h);
        assert_true(zc_cel_compile(h.env, "any['a/b'].all(x, x >= 0)", ZC_CEL_T_BOOL, &e, &err));
        zc_cel_eval(e, vars, 1, ZC_CEL_BUDGET, arena, NULL, &r);
        assert_true(r.truth);
        assert_int_equal(r.read_count, ZC_CEL_READS_MAX);
        assert_string_equal(r.reads[31].pointer, "/a~1b/31");
        zc_cel_result_release(&r);
        zc_cel_free(e);
        cel_help_close(&h);
        json_decref(doc);
        zc_arena_free(arena);
}

/* ---- deleting evidence ---- */

/** Calls fn for the document with each member, at any depth, deleted in turn. */
static void each_deletion(const json_t *doc, json_t *at, void (*fn)(void *ctx, const json_t *cut, const char *key), void *ctx)
{
        const char *key, *keys[32];
        json_t *value;
        size_t i, n = 0;

        for (i = 0; i < json_array_size(at); i++)
                each_deletion(doc, json_array_get(at, i), fn, ctx);
        json_object_foreach(at, key, value)
                keys[n++] = key;
        for (i = 0; i < n; i++) { /* putting it back moves it behind the others */
                char *name = strdup(keys[i]);

                value = json_incref(json_object_get(at, name));
                json_object_del(at, name);
                fn(ctx, doc, name);
                json_object_set_new(at, name, value);
                each_deletion(doc, value, fn, ctx);
                free(name);
        }
}

struct mutation {
        struct cel_help *h;
        const char *src, *whole;
        size_t count;
};

static void no_new_value(void *ctx, const json_t *cut, const char *key)
{
        struct mutation *m = ctx;
        char buf[512];
        const char *got = cel_answer(m->h, m->src, cut, ZC_CEL_BUDGET, buf, sizeof buf, NULL);

        m->count++;
        if (strncmp(got, "unknown ", 8) != 0 && strcmp(got, m->whole) != 0)
                fail_msg("%s\n  gives %s, and without %s %s", m->src, m->whole, key, got);
}

/** Less evidence gives the same value or unknown: never another, so that no silence becomes a pass. */
static void deletion_is_never_a_pass(void **state)
{
        static const char *const sources[] = {
                "self.tls.required",
                "!self.tls.required",
                "self.on && !self.tls.required",
                "self.tls == null || self.tls.days_left == null",
                "has(self.proxy) || self.mode == 'starttls'",
                "!has(self.proxy)",
                "!(has(self.name) && has(self.tls.outer))",
                "self.list.exists(v, v.offered && v.wire < 3)",
                "self.list.all(v, v.wire > 0)",
                "self.list.exists_one(v, v.wire == 2)",
                "self.list.filter(v, v.wire == 7).size() > 0",
                "self.versions.exists(v, self.versions[v].offered && self.versions[v].wire < 0x0303)",
                "self.versions.all(k, v, v.wire >= 768)",
                "self.versions.exists_one(k, v, v.offered)",
                "self.open.exists(k, k == 'k')",
                "!self.open.all(k, self.open[k] == 'v')",
                "'k' in self.open",
                "!('k' in any.open)",
                "size(any.open) == 1",
                "any.open == {'k': 'v'}",
                "any.open != {'k': 'v'}",
                "any.open != {'k': 'v', 'j': 'v'}",
                "{'x': 1} in [any.any]",
                "any.tls.days_left == null ? any.port == 443 : false",
                "any.?tls.?days_left.hasValue()",
                "cel.bind(t, any.tls, !t.required && t.outer.port == 1)",
                "any.words.map(w, w + any.name).join(',') == 'aweb1,bweb1'",
                "'%s %d'.format([self.name, self.port]) == 'web1 443'",
                "optional.of(any.open).hasValue() && self.ratio > 1.5",
                "any.list.map(v, v.wire).sort() == [1, 2]",
                "[any.open].distinct().size() == 1",
                "1 / (self.port - 443) > 0 || self.on",
        };
        struct cel_help h;
        struct zc_err err;
        json_t *doc = zc_json_parse(evidence, strlen(evidence), &err);
        char whole[512];

        (void)state;
        cel_help_open(&h);
        for (size_t i = 0; i < ZC_COUNT(sources); i++) {
                struct mutation m = { .h = &h, .src = sources[i] };

                m.whole = cel_answer(&h, sources[i], doc, ZC_CEL_BUDGET, whole, sizeof whole, NULL);
                assert_true(strncmp(m.whole, "refused", 7) != 0);
                each_deletion(doc, doc, no_new_value, &m);
                assert_true(m.count > 20);
        }
        cel_help_close(&h);
        json_decref(doc);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(logic_tables),     cmocka_unit_test(missing), cmocka_unit_test(unbound),
                cmocka_unit_test(reads),            cmocka_unit_test(reads_are_capped), cmocka_unit_test(deletion_is_never_a_pass),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
