/** zerocrit recheck: look again at one finding alone, and say whether it is gone. */
#include <string.h>

#include "commands.h"
#include "keep.h"
#include "recheck_plan.h"
#include "zc/log.h"
#include "zc/vantage.h"

#define COVERED_MAX 64u

enum state { GONE, STILL, UNSHOWN };

struct recheck {
        struct zc_options *o;
        struct zc_options narrowed; /* what an audit of that alone would have been given */
        struct zc_settings s;
        struct zc_asked q;
        json_t *before, *after; /* reports */
        struct zc_evidence *ev;
        struct zc_asked_one one;
        const struct zc_rule *rule;
        struct zc_again plan;
        const json_t *vantage;              /* ours now; of the evidence */
        const json_t *covered[COVERED_MAX]; /* findings of the report before */
        bool asked[COVERED_MAX];            /* the same look shows these too */
        size_t covered_count;
        struct zc_out *out;
};

static void recheck_release(struct recheck *r)
{
        zc_settings_release(&r->s);
        json_decref(r->before);
        json_decref(r->after);
        zc_evidence_free(r->ev);
        zc_out_free(r->out);
}

/* ---- before ---- */

static const json_t *finding_of(const json_t *report, const char *fingerprint)
{
        const json_t *f;
        size_t i;

        json_array_foreach (json_object_get(report, "findings"), i, f) {
                if (strcmp(zc_json_str(f, "fingerprint", ""), fingerprint) == 0)
                        return f;
        }
        return NULL;
}

static struct zc_asked_one as_asked(const json_t *f)
{
        return (struct zc_asked_one){ .finding = f,
                                      .rule = zc_json_str(f, "rule", ""),
                                      .asset = zc_json_str(f, "asset", ""),
                                      .subject = zc_json_str(f, "subject", "") };
}

/** What the same fix ends is asked with it, where the same look shows it. */
static void covered_join(struct recheck *r)
{
        const json_t *fingerprint;
        size_t i;

        json_array_foreach (json_object_get(r->one.finding, "covers"), i, fingerprint) {
                const char *s = json_string_value(fingerprint);
                const json_t *f = s ? finding_of(r->before, s) : NULL;
                struct zc_asked_one other = as_asked(f);
                const struct zc_rule *rule = f ? zc_pack_find(r->s.pack, other.rule) : NULL;
                struct zc_again plan;
                struct zc_err err = { 0 };

                if (!f || r->covered_count == COVERED_MAX)
                        continue;
                r->covered[r->covered_count] = f;
                r->asked[r->covered_count++] =
                        rule && zc_again_plan(r->o->arena, rule, &other, r->before, &plan, &err) &&
                        zc_again_join(&r->plan, &plan);
        }
}

static bool rule_find(struct recheck *r, struct zc_err *err)
{
        r->rule = zc_pack_find(r->s.pack, r->one.rule);
        if (r->rule)
                return true;
        if (strncmp(r->one.rule, "ZC-EXPECT-", 10) == 0)
                return zc_fail(err, ZC_E_USAGE,
                               "%.32s comes of the configuration: audit with --config again",
                               r->one.rule);
        return zc_fail(err, ZC_E_USAGE, "there is no rule %.64s here; --rules DIR adds its file",
                       r->one.rule);
}

static bool here_check(const struct recheck *r, struct zc_err *err)
{
        json_auto_t *vantage = r->plan.local ? zc_vantage(r->o->vantage, err) : json_null();

        if (!vantage)
                return false;
        return !r->plan.local ||
               zc_again_here(&r->one, r->before, zc_json_str(vantage, "id", "")) ||
               zc_fail(err, ZC_E_USAGE,
                       "%.128s belongs to %.64s, and this is another machine: run recheck there",
                       r->one.subject, r->one.asset);
}

/** A configuration's targets and outputs are an audit's; its scope, limits and parameters hold here too. */
static bool settings_make(struct recheck *r, struct zc_err *err)
{
        static const char *item[2];
        struct zc_options *n = &r->narrowed;

        *n = *r->o;
        item[0] = r->plan.target;
        n->args = (struct zc_list){ item, 1 };
        n->only = (struct zc_list){ r->plan.only, r->plan.only_count };
        r->s.o = n;
        if (!zc_settings_job(&r->s, err))
                return false;
        for (size_t i = 0; i < r->s.job.target_count; i++) {
                struct zc_job_target *t = &r->s.targets[i];

                t->id = r->one.asset;
                t->tags = json_object_get(r->plan.known, "tags");
                t->zone = zc_json_str(r->plan.known, "zone", NULL);
                t->public_address = zc_json_str(r->plan.known, "public", NULL);
        }
        r->s.judge.expect = r->s.judge.waivers = r->s.judge.baseline = NULL;
        r->s.judge.require = NULL;
        return true;
}

static bool prepare(struct recheck *r, struct zc_err *err)
{
        if (!zc_asked_read(&r->q, r->o, "recheck", err))
                return false;
        r->before = zc_report_load(r->q.report, err);
        if (!r->before || !zc_asked_one(&r->q, r->before, &r->one, err) ||
            !zc_settings_open(&r->s, r->o, err) || !zc_settings_judge(&r->s, err) ||
            !rule_find(r, err) ||
            !zc_again_plan(r->o->arena, r->rule, &r->one, r->before, &r->plan, err) ||
            !here_check(r, err))
                return false;
        covered_join(r);
        return settings_make(r, err);
}

/* ---- after ---- */

struct part {
        const struct recheck *r;
        const json_t *found; /* owned */
};

static bool visit_part(void *ctx, const json_t *endpoint, size_t index, struct zc_err *err)
{
        struct part *p = ctx;
        ZC_AUTO_MEM char *subject = zc_subject_endpoint(endpoint);

        (void)index;
        (void)err;
        if (!p->found && subject && strcmp(subject, p->r->plan.part) == 0)
                p->found = json_deep_copy(endpoint);
        return true;
}

/** Where the rule's entities stand now: the host, or the endpoint. New reference or NULL. */
static json_t *part_now(const struct recheck *r)
{
        struct part p = { .r = r };
        const struct zc_evidence_visitor v = { .endpoint = visit_part, .ctx = &p };
        struct zc_err err = { 0 };

        if (!r->plan.part)
                return json_incref((json_t *)(uintptr_t)zc_evidence_host(r->ev));
        if (!zc_evidence_visit(r->ev, &v, &err))
                zc_log(ZC_LOG_WARN, "%s", err.text);
        return (json_t *)(uintptr_t)p.found;
}

/** Answered so by the host itself: not only silent. */
static bool is_closed(const struct recheck *r)
{
        json_auto_t *part = part_now(r);

        return strcmp(zc_json_str(part, "state", ""), "closed") == 0;
}

/** Of the service that answers there now: its name. "" for none that is known. */
static const char *answers_now(const struct recheck *r, const json_t *part)
{
        const char *service = zc_json_str(part, "service", "");
        const char *text =
                *service ? zc_arena_printf(r->o->arena, "%.64s answers there now", service) : NULL;

        return text ? text : "it is open, and what answers there is not recognised";
}

/** The service itself is what the rule is about, not one of several things in it. */
static bool is_service(const struct zc_rule *rule)
{
        const char *at = rule->kind->at;
        size_t n = strlen(at);

        return strncmp(at, "endpoints[]", 11) == 0 &&
               (n < 2 || strcmp(at + n - 2, "[]") != 0 || n == 11);
}

/** No such entity any more: gone only where it was listed whole; a service never is by its absence. */
static enum state state_absent(const struct recheck *r, const struct zc_rule *rule,
                               const char **why)
{
        json_auto_t *part = part_now(r);
        const json_t *o = json_object_get(json_object_get(part, "probes"), rule->kind->probe);
        const char *outcome = zc_json_str(o, "outcome", "");
        const char *state = zc_json_str(part, "state", "");
        bool whole = strcmp(outcome, "done") == 0 || json_is_true(json_object_get(o, "whole"));

        *why = "it is no longer there";
        if (strcmp(state, "closed") == 0) {
                *why = "the port is closed";
                return GONE;
        }
        if (whole && !is_service(rule) &&
            (r->plan.local || json_is_string(json_object_get(part, "service"))))
                return GONE;
        if (strcmp(state, "open") == 0)
                *why = answers_now(r, part);
        else
                *why = strcmp(state, "filtered") == 0
                               ? "nothing answers there: dropped on the way, or the host is down"
                               : "it could not be observed";
        return UNSHOWN;
}

/** An unknown reach leaves a severity open, not whether it is so. Gone is only what passed, or whose port is closed. */
static enum state state_seen(const struct recheck *r, const struct zc_asked_one *one,
                             const char **why)
{
        const struct zc_rule *rule = zc_pack_find(r->s.pack, one->rule);
        struct zc_asked_one now;

        if (!zc_asked_again(one, r->after, &now))
                return state_absent(r, rule, why);
        *why = now.why;
        if (strcmp(now.verdict, "fail") == 0)
                return STILL;
        if (strcmp(now.verdict, "pass") == 0)
                return GONE;
        if (is_closed(r)) {
                *why = "the port is closed";
                return GONE;
        }
        if (strcmp(now.verdict, "unknown") == 0 && strncmp(now.why, "reach", 5) == 0 &&
            (now.why[5] == '\0' || now.why[5] == ' '))
                return STILL;
        if (strcmp(now.verdict, "notapplicable") == 0 && !*now.why)
                *why = "the rule does not apply to what is there now";
        return UNSHOWN;
}

/** Whether a "gone" holds wherever one looks from: a rule that passed there, whatever the way. */
static bool holds_anywhere(const struct recheck *r, const struct zc_asked_one *one)
{
        const struct zc_rule *rule = zc_pack_find(r->s.pack, one->rule);

        return !rule->by_reach && strncmp(rule->kind->at, "endpoints[]", 11) == 0 &&
               strcmp(rule->kind->at, "endpoints[]") != 0 && !is_closed(r) &&
               !zc_again_is_near(one->subject);
}

static enum state state_of(const struct recheck *r, const struct zc_asked_one *one,
                           const char **why)
{
        enum state state = state_seen(r, one, why);

        if (state != GONE || r->plan.local || zc_again_from(one, r->before, r->vantage) ||
            holds_anywhere(r, one))
                return state;
        *why = zc_arena_printf(
                r->o->arena,
                "not so from here, and it was seen from elsewhere: run recheck on %.64s",
                zc_again_vantage(one, r->before));
        if (!*why)
                *why = "not so from here, and it was seen from elsewhere";
        return UNSHOWN;
}

static void escape(struct zc_text *t, const char *s)
{
        zc_text_escape(t, s, strlen(s));
}

static void line(const struct recheck *r, enum state state, const struct zc_asked_one *one,
                 const char *why)
{
        static const char *const words[] = { "gone", "still there", "not shown" };
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 2048);
        zc_text_printf(&t, "%-11s  %s %s on ", words[state], zc_json_str(one->finding, "label", ""),
                       one->rule);
        escape(&t, one->subject);
        if (*why) {
                zc_text_add(&t, ": ");
                escape(&t, why);
        }
        zc_out_printf(r->out, "%s\n", zc_text_str(&t));
}

static void explain_now(const struct recheck *r)
{
        const struct zc_render how = { .columns = zc_columns(STDOUT_FILENO),
                                       .colour = zc_colour_wanted(r->o, "-") };
        struct zc_asked_one now;

        if (r->o->quiet || !zc_asked_again(&r->one, r->after, &now) || !now.finding)
                return;
        zc_out_puts(r->out, "\n");
        zc_report_explain(r->after, now.finding, &how, r->out);
}

/** Another place to look from sees other things: that is said first. */
static void elsewhere_note(const struct recheck *r)
{
        ZC_AUTO_TEXT t = { 0 };

        if (r->plan.local || zc_again_from(&r->one, r->before, r->vantage))
                return;
        zc_text_init(&t, 1024);
        zc_text_add(&t, "looked at from ");
        escape(&t, zc_json_str(r->vantage, "hostname", "here"));
        zc_text_add(&t, ", another vantage than the report's: ");
        escape(&t, zc_again_vantage(&r->one, r->before));
        zc_out_printf(r->out, "%s\n", zc_text_str(&t));
}

/** The worst of what was asked: still there, then not shown. */
static enum state answer(struct recheck *r)
{
        const char *why = "";
        enum state worst = state_of(r, &r->one, &why);

        elsewhere_note(r);
        line(r, worst, &r->one, why);
        for (size_t i = 0; i < r->covered_count; i++) {
                struct zc_asked_one other = as_asked(r->covered[i]);
                enum state s = UNSHOWN;

                why = "not asked here; recheck it by itself";
                if (r->asked[i])
                        s = state_of(r, &other, &why);
                line(r, s, &other, why);
                if (r->asked[i] && s != GONE && worst != STILL)
                        worst = s;
        }
        return worst;
}

static bool dry_run(struct recheck *r, struct zc_err *err)
{
        return zc_out_open("-", 0600, &r->out, err) && zc_job_print(&r->s.job, r->out, err) &&
               zc_out_commit(r->out, err);
}

static bool recheck_steps(struct recheck *r, int *status, struct zc_err *err)
{
        static const int statuses[] = { ZC_EXIT_MET, ZC_EXIT_NOT_MET, ZC_EXIT_NOT_SHOWN };
        static const struct zc_keep nowhere;
        struct zc_collected c = { 0 };
        enum state worst;

        if (!prepare(r, err))
                return false;
        *status = ZC_EXIT_FAULT;
        if (r->o->dry_run) {
                if (!dry_run(r, err))
                        return false;
                *status = ZC_EXIT_MET;
                return true;
        }
        if (!zc_keep_create(&nowhere, &r->s, &r->ev, err) ||
            !zc_keep_collect(&nowhere, &r->s, r->ev, &c, err))
                return false;
        if (c.signal) {
                *status = ZC_EXIT_SIGNAL + c.signal;
                return true;
        }
        r->vantage = json_object_get(zc_evidence_run(r->ev), "vantage");
        r->after = zc_judge(&r->ev, 1, &r->s.judge, err);
        if (!r->after || !zc_out_open("-", 0600, &r->out, err))
                return false;
        worst = answer(r);
        explain_now(r);
        if (!zc_out_commit(r->out, err))
                return false;
        *status = statuses[worst];
        return true;
}

static bool recheck_run(struct zc_options *o, int *status, struct zc_err *err)
{
        struct recheck r = { .o = o };
        bool ok = recheck_steps(&r, status, err);

        recheck_release(&r);
        return ok;
}

const struct zc_command zc_command_recheck = {
        .name = "recheck",
        .bit = ZC_CMD_RECHECK,
        .arguments = "WHAT [REPORT]",
        .observes = true,
        .summary = "look again at one finding alone: is it gone?",
        .examples =
                (const struct zc_example[]){
                        { "zerocrit recheck C1",
                          "The finding C1 of ./report.json, else build/audit/report.json; what its "
                          "fix ends too is asked along." },
                        { "sudo zerocrit recheck ZC-FW-001 host/firewall report.json",
                          "One rule on one subject; of a host, on that host." },
                        { "zerocrit recheck C1 --wait 60s",
                          "After a restart: wait for an answer." },
                        { "zerocrit recheck C1 --dry-run",
                          "What would be asked; nothing is sent." },
                        { NULL, NULL } },
        .details = "Only the endpoint, or the machine, that the finding is about is looked at, and "
                   "only with the probes that its rule reads. From --config come scope, limits, "
                   "profile and parameters. Gone is what its rule passes now, or whose port is "
                   "closed; "
                   "silence, an answer that is not recognised, another service and a look from "
                   "elsewhere are no proof, and not shown.",
        .status =
                "0 gone, 1 still there, 2 wrong input (nothing was sent), 3 not shown, 4 it could "
                "not be written, 128+n signal n.",
        .run = recheck_run,
};
