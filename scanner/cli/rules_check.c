/** zerocrit rules check, rules test, rules export. */
#include <string.h>

#include "cmd_rules.h"
#include "settings.h"
#include "zc/clock.h"
#include "zc/log.h"

/**
 * The rules of the words behind `check` or `test`, without those compiled in, which are not in the way of their own source and may be covered;
 * without words, all.
 */
static bool rules_of_words(const struct zc_options *o, struct zc_pack **builtin,
                           struct zc_pack **out, struct zc_err *err)
{
        if (o->args.count == 1)
                return zc_settings_pack(o, out, err);
        return zc_pack_builtin(builtin, err) &&
               zc_settings_pack_of(o, o->args.item + 1, o->args.count - 1, *builtin, out, err);
}

bool zc_rules_check(const struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;
        ZC_AUTO(zc_pack) builtin = NULL;
        ZC_AUTO(zc_pack) pack = NULL;

        if (!rules_of_words(o, &builtin, &pack, err))
                return false;
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
        bool other = strcmp(t->got, t->expected) != 0;

        if (!t->ok)
                zc_out_printf(x->out, "%s:%u: %s, \"%s\": %s%s%s%s%s%s\n", t->rule->file,
                              t->rule->line, t->rule->id, t->name, other ? "expected " : "",
                              other ? t->expected : "", other ? ", got " : "", other ? t->got : "",
                              other && t->why && *t->why ? ": " : "", t->why ? t->why : "");
        else if (x->verbose)
                zc_out_printf(x->out, "%s, \"%s\": %s, as expected\n", t->rule->id, t->name,
                              t->got);
}

/** `rules test`: all; `rules test ZC-FW-001`: one; `rules test PATH…`: the files' own. */
bool zc_rules_check_tests(const struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_pack) builtin = NULL;
        ZC_AUTO(zc_pack) pack = NULL;
        ZC_AUTO(zc_out) out = NULL;
        const struct zc_rule *rule = NULL;
        const char *word = o->args.count > 1 ? o->args.item[1] : NULL;
        struct testing x = { .verbose = o->verbose > 0 };
        bool file = word && access(word, F_OK) == 0;

        if (word && !file && o->args.count > 2)
                return zc_fail(err, ZC_E_USAGE, "one rule at a time: \"%.64s\" is one too many",
                               o->args.item[2]);
        if (file ? !rules_of_words(o, &builtin, &pack, err) : !zc_settings_pack(o, &pack, err))
                return false;
        if (word && !file && !(rule = zc_rules_named(pack, word, err)))
                return false;
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

static bool export_words(const struct zc_options *o, struct zc_pack_export *e, struct zc_err *err)
{
        ZC_AUTO(zc_pack) builtin = NULL;
        ZC_AUTO(zc_pack) pack = zc_pack_new();
        size_t n = o->args.count - 1;

        if (n == 0)
                return true;
        if (n != 1 && n != 3)
                return zc_fail(err, ZC_E_USAGE,
                               "export what? zerocrit rules export [FOLDER [NAME VERSION]]");
        e->folder = o->args.item[1];
        e->name = n == 3 ? o->args.item[2] : NULL;
        e->version = n == 3 ? o->args.item[3] : NULL;
        if (!pack || !zc_pack_builtin(&builtin, err))
                return pack || zc_fail(err, ZC_E_NOMEM, "no memory for the rules");
        zc_pack_beside(pack, builtin);
        return zc_pack_add(pack, e->folder, err); /* what is wrong is not packed */
}

/** The rules compiled in, or a folder's, with a manifest: to a new folder, or to read on standard output. */
bool zc_rules_export(const struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;
        struct zc_pack_export e = { 0 };
        char now[ZC_TIME_LEN];
        size_t files = 0;

        zc_time_format(zc_wall_ms(), now);
        e.created = now;
        if (!export_words(o, &e, err))
                return false;
        if (!o->output || strcmp(o->output, "-") == 0)
                return zc_out_open("-", 0644, &out, err) && zc_pack_export_stream(&e, out, err) &&
                       zc_rules_finish(out, status, err);
        if (!zc_pack_export_folder(&e, o->output, &files, err))
                return false;
        zc_log(ZC_LOG_INFO,
               "%zu files and " ZC_PACK_MANIFEST " in %s; to sign it: openssl pkeyutl -sign "
               "-rawin -inkey KEY.pem -in %s/" ZC_PACK_MANIFEST " -out %s/" ZC_PACK_SIGNATURE,
               files, o->output, o->output, o->output);
        *status = ZC_EXIT_MET;
        return true;
}
