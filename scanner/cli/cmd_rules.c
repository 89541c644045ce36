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

bool zc_rules_format(const struct zc_options *o, bool *json, struct zc_err *err)
{
        static const char *const forms[] = { "text", "json", NULL };
        const char *near = o->format ? zc_nearest(o->format, forms) : NULL;

        *json = o->format && strcmp(o->format, "json") == 0;
        if (!o->format || *json || strcmp(o->format, "text") == 0)
                return true;
        return zc_fail(err, ZC_E_USAGE, "--format: there is no \"%.64s\" here; %s", o->format,
                       near ? near : "it is text or json");
}

void zc_rules_json(struct zc_out *out, const json_t *value)
{
        ZC_AUTO_MEM char *text = zc_json_pretty(value);

        zc_out_puts(out, text ? text : "");
        zc_out_puts(out, "\n");
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
static const char *const word_names[] = { "list", "explain",  "check",  "test", "new",
                                          "diff", "coverage", "export", NULL };
static zc_rules_fn *const words[] = { zc_rules_list,        zc_rules_explain, zc_rules_check,
                                      zc_rules_check_tests, zc_rules_new,     zc_rules_diff,
                                      zc_rules_coverage,    zc_rules_export };
_Static_assert(ZC_COUNT(words) + 1 == ZC_COUNT(word_names), "a function for each word");

/** Options that only some words take. */
static bool options_taken(const struct zc_options *o, zc_rules_fn *word, const char *name,
                          struct zc_err *err)
{
        const struct {
                const char *given, *option;
                zc_rules_fn *takers[2];
        } some[] = {
                { o->output, "output", { zc_rules_export, zc_rules_new } },
                { o->kind, "kind", { zc_rules_new, NULL } },
                { o->format, "format", { zc_rules_diff, zc_rules_coverage } },
                { o->framework, "framework", { zc_rules_coverage, NULL } },
        };

        for (size_t i = 0; i < ZC_COUNT(some); i++) {
                if (some[i].given && word != some[i].takers[0] && word != some[i].takers[1])
                        return zc_fail(err, ZC_E_USAGE, "`zerocrit rules %s` takes no --%s", name,
                                       some[i].option);
        }
        return true;
}

static bool rules_run(struct zc_options *o, int *status, struct zc_err *err)
{
        size_t i = 0;

        while (word_names[i] && strcmp(word_names[i], o->args.item[0]) != 0)
                i++;
        assert(word_names[i]); /* the reader of options knows the words */
        if (!options_taken(o, words[i], word_names[i], err))
                return false;
        return words[i](o, status, err);
}

const struct zc_command zc_command_rules = {
        .name = "rules",
        .bit = ZC_CMD_RULES,
        .arguments = "list|explain RULE|check [PATH…]|test [RULE|PATH…]|new ID|diff A "
                     "B|coverage|export [FOLDER [NAME VERSION]]",
        .summary = "list, explain, write, check, test, compare and export rules",
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
                        { "zerocrit rules new ZC-ACME-001 --kind redis -o my-rules/redis.yaml",
                          "A rule to begin with, whose tests pass; an id or a file that is taken "
                          "is "
                          "refused." },
                        { "zerocrit rules diff builtin my-rules/",
                          "Rules added, removed and changed, member by member; --format json." },
                        { "zerocrit rules coverage",
                          "Which members of the evidence no rule reads." },
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
