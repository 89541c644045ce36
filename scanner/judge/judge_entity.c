/** The rules of a kind on one entity, and what it means that there is none. */
#include <stdio.h>
#include <string.h>

#include "judge_work.h"

/* ---- why something is unknown ---- */

/* What stands behind an unknown: an outcome that is not done. */
struct cause {
        const char *probe, *needs, *why;
};

static struct cause cause_of(const json_t *part, const char *probe)
{
        const json_t *o = probe ? json_object_get(json_object_get(part, "probes"), probe) : NULL;
        const char *outcome = zc_json_str(o, "outcome", "done");

        if (!o || strcmp(outcome, "done") == 0 || strcmp(outcome, "skipped") == 0)
                return (struct cause){ 0 };
        return (struct cause){ probe, zc_json_str(o, "needs", ""), zc_json_str(o, "why", "") };
}

/** The outcome that explains an unknown: of the kind's probe; behind an unknown reach, the firewall's or the listeners'. */
static struct cause cause_find(const struct zc_work *w, const json_t *host)
{
        static const char *const behind_reach[] = { "firewall", "listeners" };
        struct cause c = cause_of(w->endpoint ? w->endpoint : host, w->rule->kind->probe);

        for (size_t i = 0;
             i < ZC_COUNT(behind_reach) && !c.probe && zc_kind_has_reach(w->rule->kind); i++)
                c = cause_of(host, behind_reach[i]);
        return c;
}

/** "self.reach (firewall: needs CAP_NET_ADMIN)" */
static void why_text(const struct zc_judgement *jm, const struct cause *c, char out[ZC_WHY_LEN * 2])
{
        size_t used;
        bool words = c->why && *c->why,
             needs = c->needs && *c->needs && !(words && strstr(c->why, c->needs));

        snprintf(out, ZC_WHY_LEN, "%s", jm->why);
        used = strlen(out);
        if (!c->probe)
                return;
        snprintf(out + used, ZC_WHY_LEN * 2 - used, " (%s: %s%s%s%s)", c->probe,
                 words ? c->why : "", words && needs ? ", " : "", needs ? "needs " : "",
                 needs ? c->needs : "");
}

/* ---- one entity ---- */

/** The host that an exposure row or an endpoint belongs to, among all evidence; NULL for none. */
static const json_t *host_of_asset(const struct zc_judge_run *j, const char *asset)
{
        for (size_t i = 0; i < j->count; i++) {
                if (zc_evidence_host(j->evs[i]) && strcmp(zc_evidence_asset(j->evs[i]), asset) == 0)
                        return zc_evidence_host(j->evs[i]);
        }
        return NULL;
}

/* Why the reach of one's own address is not known. */
static const char own_address[] = "reach: this is the vantage's own address, which says nothing of "
                                  "who else gets there; name local too, for its firewall";

/* What is the same for every rule on an entity. */
struct about {
        const struct zc_entity *e;
        const char *asset, *named; /* its machine's, and its own; safe to show */
        enum zc_reach reach;
        bool has_reach;
        struct zc_judge_context c;
};

/** What two findings of a rule say alike is held once: a fleet has thousands of them. */
static void finding_share(json_t *finding, const json_t *like)
{
        static const char *const lists[] = { "evidence", "remediation.variants" };
        json_t *item;
        size_t i;

        zc_json_share(finding, like);
        for (size_t k = 0; k < ZC_COUNT(lists); k++) {
                const json_t *other = zc_json_at(like, lists[k]);

                json_array_foreach (zc_json_at(finding, lists[k]), i, item) {
                        zc_json_share(item, json_array_get(other, i));
                }
        }
}

static bool judge_finding(const struct zc_work *w, const struct about *a,
                          const struct zc_judgement *jm, const char *waived,
                          const struct zc_sight *sight)
{
        struct zc_judge_run *j = w->j;
        struct zc_entity safe = *a->e;
        json_t *finding;

        safe.asset = a->asset;
        finding = zc_finding_new(w->rule, w->ev, w->endpoint, &safe, &a->c, jm,
                                 a->has_reach ? zc_reach_name(a->reach) : NULL,
                                 zc_rule_severity(w->rule, a->reach), j->scratch);
        if (finding) {
                finding_share(finding, j->like[w->index]);
                json_decref(j->like[w->index]);
                j->like[w->index] = json_incref(finding);
        }
        return finding ? zc_tally_finding(j->tally, finding, waived, sight, j->err)
                       : zc_fail(j->err, ZC_E_NOMEM, "no memory for a finding");
}

/** Whether a pass is worth remembering: seen from another machine, it takes back what was found from here. */
static bool is_cleared(const struct zc_work *w)
{
        return w->rule->by_reach && w->endpoint && w->place.seen > ZC_SEEN_SELF &&
               w->place.service != SIZE_MAX;
}

/**
 * What a rule on exposure asks of a firewall that nobody was to read: a remote target plans no probe of its host (design section 5), so
 * the question does not arise, as it does not for rules on the firewall itself.
 */
static void unplanned_firewall(const struct zc_work *w, const struct zc_judge_context *c,
                               struct zc_judgement *jm)
{
        static const char asked[] = "self.firewall";

        if (jm->verdict != ZC_UNKNOWN || c->host || strcmp(w->rule->kind->name, "exposure") != 0 ||
            strncmp(jm->why, asked, sizeof(asked) - 1) != 0)
                return;
        jm->verdict = ZC_NOTAPPLICABLE_V;
        snprintf(jm->why, sizeof(jm->why), "the host itself was not planned");
}

/** What becomes of a judgement: a check of it is counted. *waived: the waiver's id or NULL. */
static bool judge_count(const struct zc_work *w, const struct about *a,
                        const struct zc_judgement *jm, const char **waived)
{
        struct zc_check check = { .rule = w->rule->id,
                                  .asset = a->asset,
                                  .named = a->named,
                                  .subject = a->e->subject,
                                  .tags = w->rule->tags,
                                  .severity = zc_rule_severity(w->rule, a->reach),
                                  .verdict = jm->verdict,
                                  .why = "",
                                  .memo = &w->j->memo[w->index] };
        char why[ZC_WHY_LEN * 2];

        if (jm->verdict == ZC_UNKNOWN) {
                const struct cause cause = cause_find(w, a->c.host);

                why_text(jm, &cause, why);
                check.failed = strcmp(jm->stage, "reach") == 0;
                check.why = why;
                check.probe = cause.probe;
                check.needs = cause.needs;
        } else if (jm->why[0]) {
                why_text(jm, &(struct cause){ 0 }, why);
                check.why = why;
        }
        return zc_tally_check(w->j->tally, &check, waived, w->j->err);
}

static bool judge_one(struct zc_work *w, const struct about *a)
{
        struct zc_judge_run *j = w->j;
        struct zc_sight sight;
        struct zc_judgement jm;
        const char *waived = NULL;

        zc_arena_reset(j->scratch);
        j->left += ZC_NODES_PER_CHECK;
        zc_rule_judge(w->rule, &a->c, j->scratch, NULL, &jm);
        unplanned_firewall(w, &a->c, &jm);
        zc_judge_reach(w->rule, a->reach, &jm);
        if (jm.verdict == ZC_UNKNOWN && strcmp(jm.stage, "reach") == 0 && !a->c.host &&
            w->place.seen <= ZC_SEEN_SELF && w->endpoint)
                snprintf(jm.why, sizeof(jm.why), "%s", own_address);
        if (!judge_count(w, a, &jm, &waived))
                return false;
        if (jm.verdict != ZC_FAIL && !(jm.verdict == ZC_PASS && is_cleared(w)))
                return true;
        zc_sight_of(&sight, w->rule, &w->place, w->endpoint, a->e->subject);
        return jm.verdict == ZC_PASS ? zc_tally_cleared(j->tally, &sight, w->rule->id, j->err)
                                     : judge_finding(w, a, &jm, waived, &sight);
}

void zc_work_rule(struct zc_work *w, size_t i)
{
        w->index = w->rules[i];
        w->rule = zc_pack_rule(w->j->terms->pack, w->index);
}

bool zc_work_entity(void *ctx, const struct zc_entity *e)
{
        struct zc_work *w = ctx;
        struct zc_judge_run *j = w->j;
        bool reaches = zc_kind_has_reach(w->rule->kind);
        ZC_AUTO(zc_arena) arena = zc_arena_new((size_t)16 << 20);
        const struct about a = {
                .e = e,
                .asset = arena ? zc_shown(arena, w->asset ? w->asset : e->asset) : NULL,
                .named = arena ? zc_shown(arena, e->asset) : NULL,
                .has_reach = reaches,
                .reach = reaches ? zc_work_reach(w, e) : ZC_REACH_ANY,
                .c = { .self = e->self,
                       .self_pointer = e->pointer,
                       .host = w->host ? w->host : host_of_asset(j, e->asset),
                       .host_pointer = w->host ? "/host" : NULL,
                       .endpoint = w->endpoint,
                       .endpoint_pointer = w->endpoint_pointer,
                       .run = w->ev ? zc_evidence_run(w->ev) : NULL,
                       .run_pointer = "/run",
                       .params = j->terms->params,
                       .left = &j->left },
        };

        if (!arena)
                return zc_fail(j->err, ZC_E_NOMEM, "no memory to judge");
        for (size_t i = 0; i < w->rule_count; i++) {
                zc_work_rule(w, i);
                if (!judge_one(w, &a))
                        return false;
        }
        return true;
}

/* ---- presence ---- */

/** A port that is not open hides everything behind it: one reason for all that is. */
static void shut_write(const json_t *endpoint, char out[ZC_WHY_LEN])
{
        const char *state = zc_json_str(endpoint, "state", "open");

        if (strcmp(state, "unknown") == 0)
                snprintf(out, ZC_WHY_LEN, "whether the port is open is not known: %.160s",
                         zc_json_str(endpoint, "reason", "it was not tried"));
        else if (strcmp(state, "open") != 0)
                snprintf(out, ZC_WHY_LEN, "the port that was named is %.24s", state);
}

/** The check that all rules of a kind have in common. */
static struct zc_check presence_check(const struct zc_work *w, enum zc_presence presence,
                                      const char *why, const char *shut)
{
        const struct cause cause = *shut ? (struct cause){ "ports", "", shut }
                                         : cause_of(w->part, w->rule->kind->probe);

        if (presence == ZC_ABSENT)
                return (struct zc_check){ .verdict = ZC_NOTAPPLICABLE_V, .why = "" };
        return (struct zc_check){ .verdict = ZC_UNKNOWN,
                                  .why = *shut ? shut : why,
                                  .probe = cause.probe ? cause.probe : w->lost,
                                  .needs = cause.needs };
}

bool zc_work_presence(struct zc_work *w, enum zc_presence presence, const char *asset,
                      const char *subject, const char *why)
{
        char shut[ZC_WHY_LEN] = "";
        struct zc_check c;

        if (presence == ZC_UNPLANNED)
                return true;
        zc_work_rule(w, 0);
        shut_write(w->endpoint, shut);
        c = presence_check(w, presence, why, shut);
        c.asset = asset;
        c.subject = subject;
        for (size_t i = 0; i < w->rule_count; i++) {
                zc_work_rule(w, i);
                w->j->judged[w->index] = true;
                c.rule = w->rule->id;
                c.tags = w->rule->tags;
                c.severity = zc_rule_worst(w->rule);
                c.memo = &w->j->memo[w->index];
                if (presence != ZC_PRESENT && !zc_tally_check(w->j->tally, &c, NULL, w->j->err))
                        return false;
        }
        return true;
}
