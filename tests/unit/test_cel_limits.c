/** CEL under hostile expressions: each ends within its budget, its depth and its memory, and says so. */
#include "cel_help.h"

static struct cel_help help;

static int setup(void **state)
{
        (void)state;
        cel_help_open(&help);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        cel_help_close(&help);
        return 0;
}

/** The answer begins with want, and costs no more than the budget. */
static void expect(const char *src, const char *want)
{
        char buf[512];
        uint32_t nodes = 0;
        const char *got = cel_answer(&help, src, NULL, ZC_CEL_BUDGET, buf, sizeof buf, &nodes);

        if (strncmp(got, want, strlen(want)) != 0)
                fail_msg("%.200s…\n  gives %s\n  want  %s", src, got, want);
        assert_in_range(nodes, 0, ZC_CEL_BUDGET);
}

/** open × n, middle, close × n */
static void nested(const char *before, const char *middle, const char *after, size_t n, const char *want)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        for (size_t i = 0; i < n; i++)
                zc_text_add(&t, before);
        zc_text_add(&t, middle);
        for (size_t i = 0; i < n; i++)
                zc_text_add(&t, after);
        expect(zc_text_str(&t), want);
}

static void depth(void **state)
{
        static const struct { const char *before, *middle, *after; } forms[] = {
                { "(", "1", ")" },          { "[", "1", "]" },          { "{1:", "1", "}" },        { "!(", "true", ")" },
                { "-(", "1", ")" },         { "true?1:", "1", "" },     { "", "{}", ".a" },         { "", "[]", "[0]" },
                { "int(", "1", ")" },       { "1+(", "1", ")" },        { "true&&(", "true", ")" }, { "[1].map(x,", "1", ")" },
                { "cel.bind(x,1,", "x", ")" }, { "", "''", ".trim()" }, { "", "{}", ".?a" },        { "true?(", "1", "):1" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(forms); i++) {
                nested(forms[i].before, forms[i].middle, forms[i].after, 1000, "refused line 1, column ");
                if (strcmp(forms[i].before, "[1].map(x,") != 0) {
                        char buf[256];
                        ZC_AUTO_TEXT t = { 0 };

                        zc_text_init(&t, ZC_TEXT_CEILING);
                        for (size_t n = 0; n < 32; n++)
                                zc_text_add(&t, forms[i].before);
                        zc_text_add(&t, forms[i].middle);
                        for (size_t n = 0; n < 32; n++)
                                zc_text_add(&t, forms[i].after);
                        /* What the definition asks for at least is accepted. */
                        cel_answer(&help, zc_text_str(&t), NULL, ZC_CEL_BUDGET, buf, sizeof buf, NULL);
                        if (strncmp(buf, "refused", 7) == 0)
                                fail_msg("%s: %s", zc_text_str(&t), buf);
                }
        }
}

static void chains(void **state)
{
        (void)state;
        /* One operator repeated is one node, however long. */
        nested("1+", "1", "", 4000, "4001");
        nested("true&&", "false", "", 2000, "false");
        nested("false||", "true", "", 2000, "true");
        nested("2*3/2-", "1", "", 1000, "-2995");
        nested("!", "true", "", 3000, "true");
        nested("-", "1", "", 3001, "-1");
        nested("'a'+", "'a'", "", 3000, "\"aaaa");
        nested("1==1==", "true", "", 1000, "refused"); /* (1 == 1) == 1 has no form */
        nested("true==", "true", "", 2000, "true");
}

static void sizes(void **state)
{
        char *big = malloc(ZC_CEL_SOURCE_MAX + 2);

        (void)state;
        memset(big, ' ', ZC_CEL_SOURCE_MAX + 1);
        big[0] = '1';
        big[ZC_CEL_SOURCE_MAX] = '\0';
        expect(big, "1");
        big[ZC_CEL_SOURCE_MAX] = ' ';
        big[ZC_CEL_SOURCE_MAX + 1] = '\0';
        expect(big, "refused line 1, column 1: the expression is longer than 16384 bytes");
        free(big);
        expect("f(1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33)",
               "refused line 1, column 1: more than 32 arguments");
}

/** Doubling what is bound, n times over: 2^n of it. */
static void doubling(const char *seed, const char *twice, size_t n, const char *body, const char *want)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_printf(&t, "cel.bind(a0, %s, ", seed);
        for (size_t i = 1; i <= n; i++) {
                zc_text_printf(&t, "cel.bind(a%zu, ", i);
                for (const char *p = twice; *p; p++) {
                        if (*p == '$')
                                zc_text_printf(&t, "a%zu", i - 1);
                        else
                                zc_text_addc(&t, *p);
                }
                zc_text_add(&t, ", ");
        }
        for (const char *p = body; *p; p++) {
                if (*p == '$')
                        zc_text_printf(&t, "a%zu", n);
                else
                        zc_text_addc(&t, *p);
        }
        for (size_t i = 0; i <= n; i++)
                zc_text_addc(&t, ')');
        expect(zc_text_str(&t), want);
}

static void budget(void **state)
{
        static const char over[] = "error the expression costs more than its budget";
        static const char large[] = "error a result is larger than its limit";

        (void)state;
        doubling("'ab'", "$ + $", 40, "size($)", large);
        doubling("[1, 2]", "$ + $", 40, "size($)", large);
        doubling("['ab']", "[$, $]", 40, "$ == $", over);
        doubling("['ab']", "[$, $]", 40, "'%s'.format([$])", over);
        doubling("'ab'", "$.replace('b', $)", 40, "size($)", "error ");
        doubling("'ab'", "[$, $, $].join($)", 40, "size($)", "error ");
        doubling("'ab'", "'%s%s%s'.format([$, $, $])", 40, "size($)", "error ");
        doubling("b'ab'", "bytes(base64.encode($))", 60, "size($)", "error ");
        doubling("[0]", "$.map(x, $)", 30, "size($)", "1");
        doubling("[0, 1]", "$.map(x, $)", 40, "$ == []", "false");
        doubling("[[0, 1]]", "$ + $", 14, "$.flatten().map(x, $.flatten().map(y, $.flatten().map(z, x + y + z)))", over);
        expect("lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, lists.range(1000).all(d, true))))", over);
        expect("lists.range(60000).map(a, lists.range(60000))", "error ");
        expect("lists.range(9223372036854775807)", "error lists.range");
        expect("lists.range(3000).map(x, string(x)).map(x, {x: x}).distinct().size()", over);
        expect("cel.bind(s, lists.range(4000).map(x, 'abcdefgh').join(''), lists.range(60000).map(x, s))", large);
        expect("cel.bind(s, lists.range(4000).map(x, 'abcdefgh').join(''), lists.range(60000).map(x, string(bytes(s))).size())", over);
        expect("cel.bind(s, lists.range(4000).map(x, 'abcdefgh').join(''), lists.range(60000).map(x, s + 'a' == s + 'a').size())", over);
        expect("cel.bind(s, lists.range(4000).map(x, '00000000').join('') + 's', lists.range(60000).map(x, duration(s)).size())", over);
        expect("cel.bind(s, lists.range(4000).map(x, '00000000').join(''), lists.range(60000).map(x, int(s)).size())", over);
        expect("lists.range(60000).map(x, '%.100f'.format([1.0e300])).size()", over);
        expect("lists.range(3000).transformMap(i, v, v).size()", "3000");
        expect("lists.range(30000).transformMap(i, v, v).size()", over);
        expect("true || lists.range(1000).all(a, lists.range(10000).all(b, true))", "true");
        expect("lists.range(1000).all(a, lists.range(10000).all(b, true)) || true", over); /* nothing absorbs that */
        expect("lists.range(1000).exists(a, lists.range(10000).all(b, true) && false) || true", over);
}

static void regex_bombs(void **state)
{
        static const char text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
        static const char *const bombs[] = {
                "^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "(.*a){20}$x", "^((a+)(a+))+$", "(a?){64}a{64}b", "^(([a-z])+.)+[A-Z]([a-z])+$",
        };
        char src[512];

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(bombs); i++) {
                char buf[256];
                uint32_t nodes;

                snprintf(src, sizeof src, "'%s'.matches('%s')", text, bombs[i]);
                cel_answer(&help, src, NULL, ZC_CEL_BUDGET, buf, sizeof buf, &nodes);
                if (strcmp(buf, "false") != 0 && strncmp(buf, "error the regular expression backtracks", 39) != 0)
                        fail_msg("%s: %s", bombs[i], buf);
                /* Many of them end the budget. */
                snprintf(src, sizeof src, "lists.range(100000).exists(i, '%s'.matches('%s')) || 1 / 0 == 1", text, bombs[i]);
                expect(src, "error ");
        }
        expect("lists.range(60000).exists(i, 'x'.matches('(a{1,100}){1,9}' + string(i)))", "error the expression costs more");
        nested("'x'.matches('(((a{1,30}){1,30}){1,9})') || ", "true", "", 200, "refused line 1, column ");
        expect("'x'.matches('((((a{1000}){1000}){1000}){1000})')", "refused line 1, column 13: the regular expression:");
        doubling("'aaaa'", "$ + $", 16, "$.matches('(a*)*b')", "error the expression costs more");
}

static void small_budgets(void **state)
{
        static const char src[] = "[1, 2, 3].map(x, x * 2).filter(x, x > 2).exists(x, string(x).matches('4')) && {'a': 'b'}.a + 'c' == 'bc'";
        char buf[256];
        uint32_t nodes, needed = 0;

        (void)state;
        assert_string_equal(cel_answer(&help, src, NULL, ZC_CEL_BUDGET, buf, sizeof buf, &needed), "true");
        for (uint32_t n = 0; n < needed; n++) {
                cel_answer(&help, src, NULL, n, buf, sizeof buf, &nodes);
                if (strncmp(buf, "error the expression costs more than its budget", 40) != 0)
                        fail_msg("with %u of %u nodes: %s", n, needed, buf);
        }
        assert_string_equal(cel_answer(&help, src, NULL, needed + 1, buf, sizeof buf, &nodes), "true");
}

/** A small arena is an error, never a crash. */
static void small_arenas(void **state)
{
        static const char src[] = "lists.range(100).map(x, string(x)).join(',').split(',').map(x, x + x).size() == 100";
        struct zc_err err;
        struct zc_cel *e;
        bool done = false;

        (void)state;
        assert_true(zc_cel_compile(help.env, src, ZC_CEL_T_BOOL, &e, &err));
        for (size_t limit = 64; !done && limit < 1u << 20; limit = limit * 5 / 4) {
                struct zc_arena *arena = zc_arena_new(limit);
                struct zc_cel_result r;

                zc_cel_eval(e, NULL, 0, ZC_CEL_BUDGET, arena, NULL, &r);
                done = r.outcome == ZC_CEL_VALUE;
                if (!done)
                        assert_string_equal(r.why, "out of memory");
                zc_cel_result_release(&r);
                zc_arena_free(arena);
        }
        assert_true(done);
        zc_cel_free(e);
}

/* ---- trace ---- */

static void note(void *ctx, const struct zc_cel_sub *sub)
{
        char *text = sub->value ? json_dumps(sub->value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

        zc_text_printf(ctx, "%d %u:%u %s %s %s\n", sub->depth, sub->line, sub->column, sub->source,
                       sub->outcome == ZC_CEL_UNKNOWN ? "?" : sub->outcome == ZC_CEL_ERROR ? "!" : "=", text ? text : sub->why);
        free(text);
}

static void trace(void **state)
{
        json_t *doc = json_pack("{s:i}", "port", 5);
        const struct zc_cel_binding vars[] = { { "self", doc, "" } };
        struct zc_arena *arena = zc_arena_new(0);
        struct zc_cel_result r;
        struct zc_err err;
        struct zc_cel *e;
        ZC_AUTO_TEXT got = { 0 };
        const struct zc_cel_trace t = { note, &got };

        (void)state;
        zc_text_init(&got, ZC_TEXT_CEILING);
        assert_true(zc_cel_compile(help.env, "has(self.name) ||\n [1, 5].exists(x, x ==  self.port )", ZC_CEL_T_BOOL, &e, &err));
        zc_cel_eval(e, vars, 1, ZC_CEL_BUDGET, arena, &t, &r);
        assert_string_equal(zc_text_str(&got), "2 1:5 self = {\"port\":5}\n"
                                               "1 1:1 has(self.name) ? self.name\n"
                                               "3 2:3 1 = 1\n"
                                               "3 2:6 5 = 5\n"
                                               "2 2:2 [1, 5] = [1,5]\n"
                                               "3 2:19 x = 1\n"
                                               "4 2:25 self = {\"port\":5}\n"
                                               "3 2:25 self.port = 5\n"
                                               "2 2:19 x ==  self.port = false\n"
                                               "3 2:19 x = 5\n"
                                               "4 2:25 self = {\"port\":5}\n"
                                               "3 2:25 self.port = 5\n"
                                               "2 2:19 x ==  self.port = true\n"
                                               "1 2:2 [1, 5].exists(x, x ==  self.port ) = true\n"
                                               "0 1:1 has(self.name) ||\n [1, 5].exists(x, x ==  self.port ) = true\n");
        zc_cel_result_release(&r);
        zc_cel_free(e);
        zc_arena_free(arena);
        json_decref(doc);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(depth),       cmocka_unit_test(chains),        cmocka_unit_test(sizes),        cmocka_unit_test(budget),
                cmocka_unit_test(regex_bombs), cmocka_unit_test(small_budgets), cmocka_unit_test(small_arenas), cmocka_unit_test(trace),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
