/** zerocrit rules check, rules test. */
#include <string.h>

#include "cmd_rules.h"
#include "settings.h"

/** Files and folders given, each as a pack of its own: what is compiled in is not in the way of its own source. */
bool zc_rules_check(const struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;
        ZC_AUTO(zc_pack) pack = zc_pack_new();

        if (!pack)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the rules");
        if (o->args.count == 1 && !zc_settings_pack(o, &pack, err))
                return false;
        for (size_t i = 1; i < o->args.count; i++) {
                if (!zc_pack_add(pack, o->args.item[i], err))
                        return false;
        }
        if (!zc_out_open("-", 0600, &out, err))
                return false;
        if (!o->quiet)
                zc_out_printf(out, "%zu rule%s, good; %s\n", zc_pack_count(pack),
                              zc_pack_count(pack) == 1 ? "" : "s", zc_pack_digest(pack));
        return zc_rules_finish(out, status, err);
}

struct testing {
        struct zc_out *out;
        size_t good, bad;
        bool verbose;
};

static void test_one(void *ctx, const struct zc_rule_test *t)
{
        struct testing *x = ctx;

        x->good += t->ok;
        x->bad += !t->ok;
        if (!t->ok)
                zc_out_printf(x->out, "%s:%u: %s, \"%s\": expected %s, got %s%s%s\n", t->rule->file,
                              t->rule->line, t->rule->id, t->name, t->expected, t->got,
                              t->why && *t->why ? ": " : "", t->why ? t->why : "");
        else if (x->verbose)
                zc_out_printf(x->out, "%s, \"%s\": %s, as expected\n", t->rule->id, t->name,
                              t->got);
}

/** `rules test`: all; `rules test ZC-FW-001`: one; `rules test PATH…`: the files' own. */
bool zc_rules_check_tests(const struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_pack) pack = NULL;
        ZC_AUTO(zc_out) out = NULL;
        const struct zc_rule *rule = NULL;
        const char *word = o->args.count > 1 ? o->args.item[1] : NULL;
        struct testing x = { .verbose = o->verbose > 0 };
        bool file = word && access(word, F_OK) == 0;

        if (file && !(pack = zc_pack_new()))
                return zc_fail(err, ZC_E_NOMEM, "no memory for the rules");
        if (!file && !zc_settings_pack(o, &pack, err))
                return false;
        if (word && !file && !(rule = zc_rules_named(pack, word, err)))
                return false;
        for (size_t i = file ? 1 : 2; i < o->args.count; i++) {
                if (!file)
                        return zc_fail(err, ZC_E_USAGE,
                                       "one rule at a time: \"%.64s\" is one too many",
                                       o->args.item[i]);
                if (!zc_pack_add(pack, o->args.item[i], err))
                        return false;
        }
        *status = ZC_EXIT_FAULT;
        if (!zc_out_open("-", 0600, &out, err))
                return false;
        x.out = out;
        if (!zc_rules_test(pack, rule, test_one, &x, err))
                return false;
        zc_out_printf(out, "%zu passed, %zu failed\n", x.good, x.bad);
        if (!zc_rules_finish(out, status, err))
                return false;
        *status = x.bad > 0 ? ZC_EXIT_NOT_MET : ZC_EXIT_MET;
        return true;
}
