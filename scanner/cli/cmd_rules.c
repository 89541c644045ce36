/** zerocrit rules: its words, each in the file of its group. */
#include "cmd_rules.h"

#include <assert.h>
#include <string.h>

#include "commands.h"

bool zc_rules_finish(struct zc_out *out, int *status, struct zc_err *err)
{
        *status = ZC_EXIT_FAULT;
        if (!zc_out_commit(out, err))
                return false;
        *status = ZC_EXIT_MET;
        return true;
}

const struct zc_rule *zc_rules_named(const struct zc_pack *pack, const char *id, struct zc_err *err)
{
        const struct zc_rule *r = zc_pack_find(pack, id);
        const char *near = r ? NULL : zc_nearest(id, zc_pack_ids(pack));

        if (!r && near)
                zc_fail(err, ZC_E_USAGE, "there is no rule %.64s; did you mean %s?", id, near);
        else if (!r)
                zc_fail(err, ZC_E_USAGE, "there is no rule %.64s; `zerocrit rules list` lists them",
                        id);
        return r;
}

/* The words in the order that help shows, and what each does. */
static const char *const word_names[] = { "list",   "explain",  "check", "test",
                                          "export", "coverage", NULL };
static zc_rules_fn *const words[] = { zc_rules_list,        zc_rules_explain, zc_rules_check,
                                      zc_rules_check_tests, zc_rules_export,  zc_rules_coverage };
_Static_assert(ZC_COUNT(words) + 1 == ZC_COUNT(word_names), "a function for each word");

static bool rules_run(struct zc_options *o, int *status, struct zc_err *err)
{
        size_t i = 0;

        while (word_names[i] && strcmp(word_names[i], o->args.item[0]) != 0)
                i++;
        assert(word_names[i]); /* the reader of options knows the words */
        if (o->output && words[i] != zc_rules_export)
                return zc_fail(err, ZC_E_USAGE, "`zerocrit rules %s` takes no --output",
                               word_names[i]);
        if (o->framework && words[i] != zc_rules_coverage)
                return zc_fail(err, ZC_E_USAGE, "`zerocrit rules %s` takes no --framework",
                               word_names[i]);
        return words[i](o, status, err);
}

const struct zc_command zc_command_rules = {
        .name = "rules",
        .bit = ZC_CMD_RULES,
        .arguments = "list|explain RULE|check [PATH…]|test [RULE|PATH…]|export [FOLDER [NAME "
                     "VERSION]]|coverage",
        .summary = "list, explain, check, test and export rules",
        .words = word_names,
        .examples =
                (const struct zc_example[]){
                        { "zerocrit rules list",
                          "Every rule: id, severity, what it judges, title." },
                        { "zerocrit rules explain ZC-FW-001",
                          "Why it matters, when it fails, how to fix it." },
                        { "zerocrit rules check my-rules/",
                          "Are these rule files good? Errors say file, line and column." },
                        { "zerocrit rules test my-rules/", "Run the tests that the files carry." },
                        { "zerocrit rules export my-rules/ acme-web 1.0.0 -o acme-web/",
                          "A pack with its manifest, ready to be signed (docs/rules.md)." },
                        { "zerocrit rules coverage --framework pci-dss",
                          "Which rules bear upon which requirement, and which upon none." },
                        { NULL, NULL } },
        .details = "Without PATH, check and test take the rules compiled in and those of --rules. "
                   "Without "
                   "FOLDER, export writes the rules compiled in; without --output, as one stream "
                   "to read.",
        .status = "0 good, 1 a test failed, 2 wrong input: a rule file is refused whole.",
        .run = rules_run,
};
