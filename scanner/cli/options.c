/** The table of options, and reading a command line with it. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "zc/clock.h"
#include "zc/pace.h"
#include "zc/text.h"

#define CONCURRENCY_MAX 65000u
#define LIST_MAX 4096u

#define AUDIT ZC_CMD_AUDIT
#define COLLECT ZC_CMD_COLLECT
#define JUDGE (ZC_CMD_JUDGE | ZC_CMD_MERGE)
#define REPORT ZC_CMD_REPORT
#define OBSERVE (ZC_CMD_AUDIT | ZC_CMD_COLLECT)
#define GATE (ZC_CMD_AUDIT | JUDGE)
#define RECHECK ZC_CMD_RECHECK
#define WAIVE ZC_CMD_WAIVE
#define AT(member) offsetof(struct zc_options, member)

/* In the order that help shows them. */
const struct zc_option zc_options_table[] = {
        { "output", 'o', "PATH", ZC_OPT_TEXT,
          OBSERVE | JUDGE | REPORT | WAIVE | ZC_CMD_INIT | ZC_CMD_RULES, AT(output),
          "write the command's own document to PATH (- is standard output)" },
        { "format", 0, "FORMAT", ZC_OPT_TEXT,
          GATE | REPORT | ZC_CMD_REACH | ZC_CMD_RULES | ZC_CMD_CONFIG, AT(format),
          "the form of that document: terminal, json, sarif, junit, …; a wrong one lists all" },
        { "report", 0, "FORMAT=PATH", ZC_OPT_MANY, GATE, AT(reports),
          "write the report in FORMAT to PATH as well; may be repeated" },
        { "evidence", 0, "PATH", ZC_OPT_TEXT, AUDIT, AT(evidence),
          "keep the evidence (PATH.ndjson while running)" },
        { "targets", 0, "FILE", ZC_OPT_TEXT, OBSERVE, AT(targets),
          "read more targets from FILE: one a line, # starts a comment" },
        { "exclude", 0, "LIST", ZC_OPT_LIST, ZC_CMD_CONFIG | OBSERVE, AT(exclude),
          "addresses, prefixes and names never to contact; wins over everything" },
        { "exclude-file", 0, "FILE", ZC_OPT_MANY, ZC_CMD_CONFIG | OBSERVE, AT(exclude_files),
          "the same from FILE: one a line, # starts a comment; may be repeated" },
        { "ports", 0, "PORTS", ZC_OPT_TEXT, ZC_CMD_CONFIG | OBSERVE, AT(ports),
          "22,80,8000-8100, top-100, top-1000, all, or service names; udp:53 for UDP" },
        { "only", 0, "PROBES", ZC_OPT_LIST, OBSERVE, AT(only),
          "run these probes alone, and of others what they need" },
        { "skip", 0, "PROBES", ZC_OPT_LIST, OBSERVE, AT(skip),
          "leave these probes out of the plan" },
        { "wait", 0, "TIME", ZC_OPT_DURATION, ZC_CMD_CONFIG | OBSERVE | RECHECK, AT(wait_ms),
          "wait up to TIME (60s) for a target to answer first" },
        { "deadline", 0, "TIME", ZC_OPT_DURATION, ZC_CMD_CONFIG | OBSERVE | RECHECK,
          AT(deadline_ms), "end the whole run after TIME (3m)" },
        { "rate", 0, "N|max", ZC_OPT_NUMBER, ZC_CMD_CONFIG | OBSERVE, AT(rate),
          "at most N packets or new connections a second; max: as many as are answered" },
        { "concurrency", 0, "N", ZC_OPT_NUMBER, ZC_CMD_CONFIG | OBSERVE, AT(concurrency),
          "at most N connections at once" },
        { "shard", 0, "I/N", ZC_OPT_TEXT, OBSERVE, AT(shard),
          "only part I of N of the targets: each host is in one part alone" },
        { "resume", 0, "STREAM", ZC_OPT_TEXT, OBSERVE, AT(resume),
          "go on with a run that was cut, by its .ndjson; give the same targets and options" },
        { "vantage", 0, "ID", ZC_OPT_TEXT, ZC_CMD_CONFIG | OBSERVE, AT(vantage),
          "name this machine ID in the evidence; default: its machine id" },
        { "dry-run", 0, NULL, ZC_OPT_FLAG, OBSERVE | RECHECK, AT(dry_run),
          "print targets, probes and what each sends; send nothing" },
        { "rules", 0, "DIR", ZC_OPT_MANY, ZC_CMD_CONFIG | GATE | RECHECK | ZC_CMD_RULES, AT(rules),
          "add the rules of a folder or file; may be repeated" },
        { "trust", 0, "FILE", ZC_OPT_TEXT, ZC_CMD_CONFIG | GATE | RECHECK | ZC_CMD_RULES, AT(trust),
          "whose signatures on rules count; default: /etc/zerocrit/trust.yaml" },
        { "allow-unsigned", 0, NULL, ZC_OPT_FLAG, ZC_CMD_CONFIG | GATE | RECHECK | ZC_CMD_RULES,
          AT(allow_unsigned), "take --rules that nobody signed; the report says so" },
        { "profile", 0, "NAME|FILE", ZC_OPT_TEXT, ZC_CMD_CONFIG | GATE, AT(profile),
          "which rules judge, and what the gate allows: default, pipeline, strict, …" },
        { "policy", 0, "FILE", ZC_OPT_TEXT, ZC_CMD_CONFIG | GATE | WAIVE, AT(policy),
          "the security team's bounds: profile, gate and waivers may only be stricter" },
        { "framework", 0, "NAME|FILE", ZC_OPT_TEXT, ZC_CMD_RULES, AT(framework),
          "for coverage: cis, pci-dss, nist-800-53, iso-27001, owasp-asvs, or a table of your "
          "own" },
        { "waivers", 0, "FILE", ZC_OPT_TEXT, ZC_CMD_CONFIG | GATE | WAIVE, AT(waivers),
          "accepted findings, with owner, reason and end" },
        { "baseline", 0, "REPORT", ZC_OPT_TEXT, ZC_CMD_CONFIG | GATE, AT(baseline),
          "an earlier report.json: says what is new since" },
        { "fail-on", 0, "LIST", ZC_OPT_LIST, ZC_CMD_CONFIG | GATE, AT(fail_on),
          "what the gate does not allow: critical (default), high, new-high, tag:NAME" },
        { "owner", 0, "WHO", ZC_OPT_TEXT, WAIVE, AT(owner), "who accepts it" },
        { "approver", 0, "WHO", ZC_OPT_TEXT, WAIVE, AT(approver), "who approved it" },
        { "reason", 0, "TEXT", ZC_OPT_TEXT, WAIVE, AT(reason), "why it is accepted" },
        { "ticket", 0, "ID", ZC_OPT_TEXT, WAIVE, AT(ticket), "where it is followed" },
        { "expires", 0, "TIME", ZC_OPT_TEXT, WAIVE, AT(expires),
          "until when: 2026-12-31 (to its end, UTC), 2026-12-31T12:00:00Z, or 90d" },
        { "from", 0, "ADDRESS", ZC_OPT_TEXT, ZC_CMD_REACH, AT(from),
          "who sends the packet; default: anyone who comes by the interface" },
        { "to", 0, "ADDRESS", ZC_OPT_TEXT, ZC_CMD_REACH, AT(to),
          "to whom; default: each address of this host" },
        { "port", 0, "PORT", ZC_OPT_TEXT, ZC_CMD_REACH, AT(port), "to which port: 22, ssh" },
        { "proto", 0, "PROTOCOL", ZC_OPT_TEXT, ZC_CMD_REACH, AT(proto),
          "tcp (default), udp, icmp, icmpv6, sctp, …, or a number" },
        { "iif", 0, "INTERFACE", ZC_OPT_TEXT, ZC_CMD_REACH, AT(iif),
          "by which interface it comes; default: the one of the route to the sender" },
        { "ct", 0, "STATE", ZC_OPT_TEXT, ZC_CMD_REACH, AT(ct),
          "of its connection: new (default), established, related, invalid, untracked" },
        { "packets", 0, "FILE", ZC_OPT_TEXT, ZC_CMD_REACH, AT(packets),
          "many packets, one JSON object a line (- is standard input), and an answer a line" },
        { "explain", 0, NULL, ZC_OPT_FLAG, ZC_CMD_REACH, AT(explain),
          "show the rules that did not match too, and why" },
        { "expression", 'e', "EXPR", ZC_OPT_TEXT, ZC_CMD_EVAL, AT(expression),
          "the CEL expression" },
        { "kind", 0, "KIND", ZC_OPT_TEXT, ZC_CMD_EVAL | ZC_CMD_RULES, AT(kind),
          "the kind of entity: `eval` binds `self` to each in turn, a new rule judges it" },
        { "trace", 0, NULL, ZC_OPT_FLAG, ZC_CMD_EVAL, AT(trace),
          "show the value of every part of the expression" },
        { "origin", 0, NULL, ZC_OPT_FLAG, ZC_CMD_CONFIG, AT(origin),
          "where each setting comes from" },
        { "config", 0, "FILE", ZC_OPT_TEXT, OBSERVE | JUDGE | RECHECK | WAIVE | ZC_CMD_CONFIG,
          AT(config), "read FILE instead of /etc/zerocrit/zerocrit.yaml" },
        { "no-color", 0, NULL, ZC_OPT_FLAG, GATE | REPORT | RECHECK | ZC_CMD_EXPLAIN, AT(no_color),
          "no colour, as with NO_COLOR or TERM=dumb" },
        { "quiet", 'q', NULL, ZC_OPT_FLAG, ZC_CMD_ANY, AT(quiet),
          "say only what went wrong, and the verdict" },
        { "verbose", 'v', NULL, ZC_OPT_COUNT, ZC_CMD_ANY, AT(verbose),
          "say more: every finding in full, what is being done" },
        { "help", 'h', NULL, ZC_OPT_FLAG, ZC_CMD_ANY, AT(help), "this help" },
        { "version", 0, NULL, ZC_OPT_FLAG, ZC_CMD_ANY, AT(version), "the version" },
        { 0 },
};

/** Where the reader stands. */
struct reader {
        struct zc_options *o;
        struct zc_err *err;
        char *const *argv;
        int argc, at;
        unsigned seen[ZC_COUNT(
                zc_options_table)]; /* how often each was given, for what must not be given twice and for the command */
};

bool zc_list_add(struct zc_arena *arena, struct zc_list *l, const char *s, struct zc_err *err)
{
        const char **more;

        if (l->count >= LIST_MAX)
                return zc_fail(err, ZC_E_USAGE,
                               "more than %u values in one list; put targets into a file and give "
                               "--targets FILE",
                               LIST_MAX);
        /* 0, 1, 3, 7, ...: room for as many again, and the NULL */
        if ((l->count & (l->count + 1)) == 0) {
                more = zc_arena_array(arena, 2 * l->count + 2, sizeof(*more));
                if (!more)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for the command line");
                if (l->count > 0)
                        memcpy(more, l->item, l->count * sizeof(*more));
                l->item = more;
        }
        l->item[l->count++] = s;
        l->item[l->count] = NULL;
        return true;
}

/** "tls,http": the parts, none of them empty. */
static bool list_split(struct reader *r, const struct zc_option *opt, struct zc_list *l,
                       const char *value)
{
        for (const char *s = value;; s++) {
                size_t n = strcspn(s, ",");
                const char *part;

                if (n == 0)
                        return zc_fail(
                                r->err, ZC_E_USAGE,
                                "--%s: column %zu: nothing stands between the commas of \"%s\"",
                                opt->name, (size_t)(s - value) + 1, value);
                part = zc_arena_strndup(r->o->arena, s, n);
                if (!part)
                        return zc_fail(r->err, ZC_E_NOMEM, "no memory for the command line");
                if (!zc_list_add(r->o->arena, l, part, r->err))
                        return false;
                s += n;
                if (*s == '\0')
                        return true;
        }
}

static bool set_duration(struct reader *r, const struct zc_option *opt, int64_t *out,
                         const char *value)
{
        if (!zc_duration_parse(value, out) || *out <= 0)
                return zc_fail(r->err, ZC_E_USAGE,
                               "--%s: \"%s\" is no time: write a number and a unit, such as 500ms, "
                               "60s, 3m or 24h",
                               opt->name, value);
        return true;
}

static bool set_number(struct reader *r, const struct zc_option *opt, uint64_t *out,
                       const char *value)
{
        bool is_rate = opt->at == AT(rate);
        uint64_t most = is_rate ? ZC_RATE_MOST : CONCURRENCY_MAX;

        if (is_rate && strcmp(value, "max") == 0) {
                *out = ZC_RATE_MOST;
                return true;
        }
        if (!zc_parse_uint(value, strlen(value), most, out) || *out == 0)
                return zc_fail(r->err, ZC_E_USAGE,
                               "--%s: \"%s\" is no whole number from 1 to %llu%s", opt->name, value,
                               (unsigned long long)most, is_rate ? ", nor max" : "");
        return true;
}

static void flag_set(const struct zc_option *opt, char *field)
{
        if (opt->kind == ZC_OPT_COUNT)
                (*(unsigned *)(void *)field)++;
        else
                *(bool *)field = true;
}

static bool value_set(struct reader *r, const struct zc_option *opt, void *field, const char *value)
{
        switch (opt->kind) {
        case ZC_OPT_LIST:
                return list_split(r, opt, field, value);
        case ZC_OPT_MANY:
                return zc_list_add(r->o->arena, field, value, r->err);
        case ZC_OPT_DURATION:
                return set_duration(r, opt, field, value);
        case ZC_OPT_NUMBER:
                return set_number(r, opt, field, value);
        default:
                *(const char **)field = value;
                return true;
        }
}

/** @value: NULL for options without an argument. */
static bool option_set(struct reader *r, const struct zc_option *opt, const char *value)
{
        char *field = (char *)r->o + opt->at;
        size_t index = (size_t)(opt - zc_options_table);
        bool many = opt->kind == ZC_OPT_LIST || opt->kind == ZC_OPT_MANY;

        r->seen[index]++;
        if (!opt->argument) {
                flag_set(opt, field);
                return true;
        }
        if (r->seen[index] > 1 && !many)
                return zc_fail(r->err, ZC_E_USAGE, "--%s is given twice: leave one", opt->name);
        if (!value || *value == '\0')
                return zc_fail(r->err, ZC_E_USAGE, "--%s needs %s: the one given is empty",
                               opt->name, opt->argument);
        return value_set(r, opt, field, value);
}

static const struct zc_option *option_find(const char *name, size_t n)
{
        for (const struct zc_option *opt = zc_options_table; opt->name; opt++) {
                if (strlen(opt->name) == n && memcmp(opt->name, name, n) == 0)
                        return opt;
        }
        return NULL;
}

static const struct zc_option *option_letter(char c)
{
        for (const struct zc_option *opt = zc_options_table; opt->name; opt++) {
                if (opt->letter == c)
                        return opt;
        }
        return NULL;
}

/** The command as far as it is known yet: options may stand before it. */
static unsigned command_bits(const struct reader *r)
{
        return r->o->command ? r->o->command->bit : ZC_CMD_ANY;
}

static bool option_unknown(struct reader *r, const char *name, size_t n)
{
        const char *words[ZC_COUNT(zc_options_table)];
        ZC_AUTO_MEM char *copy = strndup(name, n);
        const char *near = NULL;
        size_t count = 0;

        for (const struct zc_option *opt = zc_options_table; opt->name; opt++) {
                if (opt->commands & command_bits(r))
                        words[count++] = opt->name;
        }
        words[count] = NULL;
        if (copy)
                near = zc_nearest(copy, words);
        if (near)
                return zc_fail(r->err, ZC_E_USAGE, "there is no option --%.*s; did you mean --%s?",
                               (int)(n < 64 ? n : 64), name, near);
        return zc_fail(r->err, ZC_E_USAGE,
                       "there is no option --%.*s; `zerocrit %s%s--help` lists them",
                       (int)(n < 64 ? n : 64), name, r->o->command ? r->o->command->name : "",
                       r->o->command ? " " : "");
}

/** The argument of an option: the rest of its word, or the next word. */
static bool option_value(struct reader *r, const struct zc_option *opt, const char *rest,
                         const char **out)
{
        *out = rest;
        if (rest)
                return true;
        if (r->at >= r->argc)
                return zc_fail(r->err, ZC_E_USAGE, "--%s needs %s", opt->name, opt->argument);
        *out = r->argv[r->at++];
        return true;
}

static bool read_long(struct reader *r, const char *word)
{
        size_t n = strcspn(word, "=");
        const struct zc_option *opt = option_find(word, n);
        const char *value = NULL;

        if (!opt)
                return option_unknown(r, word, n);
        if (!opt->argument && word[n] == '=')
                return zc_fail(r->err, ZC_E_USAGE, "--%s takes no value", opt->name);
        if (opt->argument && !option_value(r, opt, word[n] == '=' ? word + n + 1 : NULL, &value))
                return false;
        return option_set(r, opt, value);
}

/** "-qv", "-o PATH", "-oPATH". */
static bool read_letters(struct reader *r, const char *word)
{
        for (const char *c = word; *c; c++) {
                const struct zc_option *opt = option_letter(*c);
                const char *value = NULL;

                if (!opt)
                        return zc_fail(r->err, ZC_E_USAGE,
                                       "there is no option -%c; `zerocrit --help` lists them", *c);
                if (opt->argument && !option_value(r, opt, c[1] ? c + 1 : NULL, &value))
                        return false;
                if (!option_set(r, opt, value))
                        return false;
                if (opt->argument)
                        return true;
        }
        return true;
}

static bool command_unknown(const char *word, struct zc_err *err)
{
        const char *words[32];
        const char *near;
        size_t count = 0;

        for (size_t i = 0; zc_commands[i] && count < ZC_COUNT(words) - 1; i++)
                words[count++] = zc_commands[i]->name;
        words[count] = NULL;
        near = zc_nearest(word, words);
        if (near)
                return zc_fail(err, ZC_E_USAGE,
                               "there is no command \"%.64s\"; did you mean `zerocrit %s`?", word,
                               near);
        return zc_fail(err, ZC_E_USAGE,
                       "there is no command \"%.64s\"; `zerocrit --help` lists them", word);
}

/** `help` is a word for --help, before or in place of a command. */
static bool read_word(struct reader *r, const char *word)
{
        if (r->o->command)
                return zc_list_add(r->o->arena, &r->o->args, word, r->err);
        if (strcmp(word, "help") == 0) {
                r->o->help = true;
                return true;
        }
        r->o->command = zc_command_find(word);
        return r->o->command || command_unknown(word, r->err);
}

/** Options may have been given before the command was: only now is it known which it takes. */
static bool check_taken(const struct reader *r)
{
        const struct zc_command *c = r->o->command;

        for (size_t i = 0; c && zc_options_table[i].name; i++) {
                if (r->seen[i] > 0 && !(zc_options_table[i].commands & c->bit))
                        return zc_fail(r->err, ZC_E_USAGE,
                                       "`zerocrit %s` takes no --%s; `zerocrit %s --help` lists "
                                       "what it takes",
                                       c->name, zc_options_table[i].name, c->name);
        }
        return true;
}

/** The first argument of a command that knows its words. */
static bool check_word(const struct zc_options *o, struct zc_err *err)
{
        const struct zc_command *c = o->command;
        const char *near;

        if (!c || !c->words || o->help)
                return true;
        if (o->args.count == 0)
                return zc_fail(err, ZC_E_USAGE, "`zerocrit %s` needs a word more: zerocrit %s %s",
                               c->name, c->name, c->arguments);
        for (size_t i = 0; c->words[i]; i++) {
                if (strcmp(c->words[i], o->args.item[0]) == 0)
                        return true;
        }
        near = zc_nearest(o->args.item[0], c->words);
        if (near)
                return zc_fail(err, ZC_E_USAGE,
                               "there is no `zerocrit %s %.64s`; did you mean `zerocrit %s %s`?",
                               c->name, o->args.item[0], c->name, near);
        return zc_fail(err, ZC_E_USAGE, "there is no `zerocrit %s %.64s`; write zerocrit %s %s",
                       c->name, o->args.item[0], c->name, c->arguments);
}

bool zc_options_parse(struct zc_options *o, struct zc_arena *arena, int argc, char *const *argv,
                      struct zc_err *err)
{
        struct reader r = { .o = o, .err = err, .argv = argv, .argc = argc, .at = 1 };
        bool words_only = false;

        *o = (struct zc_options){ .arena = arena };
        while (r.at < argc) {
                const char *word = argv[r.at++];
                bool ok;

                if (!words_only && strcmp(word, "--") == 0) {
                        words_only = true;
                        continue;
                }
                if (words_only || word[0] != '-' || word[1] == '\0')
                        ok = read_word(&r, word);
                else if (word[1] == '-')
                        ok = read_long(&r, word + 2);
                else
                        ok = read_letters(&r, word + 1);
                if (!ok)
                        return false;
        }
        return check_taken(&r) && check_word(o, err);
}
