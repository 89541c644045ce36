/** What a text says of a value, and what a command says of it: a shell must read what was meant and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../scanner/judge/rule_internal.h"

static const struct {
        const char *template, *text, *command;
} rows[] = {
        { "on {{ self.port }}", "on 1", "on 1" },
        { "{{ self.service }}", "a b", "'a b'" },
        { "nothing{{ self.name == null ? \"\" : \"x\" }}", "nothing", "nothing''" },
        { "{{ self.empty }}", "", "''" },
        { "{{ self.missing }} here", "(unknown) here", "'(unknown)' here" },
        /* a list is a word each, and none of them leaves no gap */
        { "c {{ [\"-servername\", self.service] }} x", "c -servername, a b x",
          "c -servername 'a b' x" },
        { "c {{ self.name == null ? [] : [self.name] }} x", "c  x", "c x" },
        /* within quotes of the command */
        { "c '{{ self.service }}' x", "c 'a b' x", "c 'a b' x" },
        { "c 'p={{ self.quote }}' {{ self.quote }}", "c 'p=x'; $y' x'; $y",
          "c 'p=x'\\''; $y' 'x'\\''; $y'" },
        { "c \"p={{ self.quote }}\"", "c \"p=x'; $y\"", "c \"p=x'; \\$y\"" },
        { "c \\' {{ self.service }}", "c \\' a b", "c \\' 'a b'" },
        { "c ''{{ self.service }}''", "c ''a b''", "c '''a b'''" },
};

static void test_rows(void **state)
{
        json_auto_t *self = json_pack("{s:i, s:s, s:n, s:s, s:s}", "port", 1, "service", "a b",
                                      "name", "empty", "", "quote", "x'; $y");
        const struct zc_cel_binding vars[] = { { "self", self, "/endpoints/0" } };
        ZC_AUTO(zc_cel_env) env = zc_cel_env_new();
        ZC_AUTO(zc_arena) arena = zc_arena_new((size_t)16 << 20);
        struct zc_err err = { 0 };

        (void)state;
        assert_true(zc_cel_declare(env, "self", zc_cel_type_basic(ZC_CEL_T_DYN), true, &err));
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_message *m = NULL;
                char *text, *command;

                if (!zc_message_compile(env, rows[i].template, &m, &err))
                        fail_msg("%s: %s", rows[i].template, err.text);
                text = zc_message_render(m, vars, 1, false, arena);
                command = zc_message_render(m, vars, 1, true, arena);
                assert_string_equal(text, rows[i].text);
                assert_string_equal(command, rows[i].command);
                free(text);
                free(command);
                zc_message_free(m);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
