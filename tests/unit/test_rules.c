#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "zc/judge.h"

struct tally {
        size_t run, failed;
};

static void one_test(void *ctx, const struct zc_rule_test *t)
{
        struct tally *n = ctx;

        n->run++;
        if (t->ok)
                return;
        n->failed++;
        print_message("# %s \"%s\": expected %s, got %s (%s)\n", t->rule->id, t->name, t->expected, t->got, t->why);
}

static void builtin_rules(void **state)
{
        ZC_AUTO(zc_pack) p = NULL;
        struct zc_err err = { 0 };
        struct tally n = { 0 };

        (void)state;
        if (!zc_pack_builtin(&p, &err))
                fail_msg("%s", err.text);
        assert_true(zc_rules_test(p, NULL, one_test, &n, &err));
        print_message("# %zu rules, %zu tests of their own\n", zc_pack_count(p), n.run);
        assert_int_equal(n.failed, 0);
        assert_true(n.run >= 3 * zc_pack_count(p));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(builtin_rules),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
