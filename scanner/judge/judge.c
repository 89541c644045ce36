/** Every rule on every entity of its kind, over all evidence, into one report. */
#include "zc/judge.h"

#include <stdio.h>
#include <string.h>

#include "judge_internal.h"

struct judge {
        struct zc_evidence *const *evs;
        size_t count;
        const struct zc_judge_options *o;
        struct zc_tally *tally;
        const struct zc_terms *terms;
        struct zc_join *join;
        json_t *exposure;
        json_t *reach_by_listener;  /* asset, listener → reach */
        json_t *reach_by_port;      /* asset, port/transport → reach */
        json_t *met;                /* open ports whose endpoints one evidence has */
        bool *judged;               /* by rule: something of its kind was there */
        struct zc_tally_memo *memo; /* by rule */
        size_t *by_kind; /* positions of rules, those of one kind together, in the order of zc_kinds */
        size_t *kind_end; /* by kind: where its rules end in there; they begin where the kind before ends */
        struct zc_arena *scratch; /* of one check */
        struct zc_err *err;
};

/* The rules of a kind at work on the entities of one part. */
struct work {
        struct judge *j;
        const struct zc_rule *rule;
        size_t index;        /* of the rule */
        const size_t *rules; /* positions: of all of the kind */
        size_t rule_count;
        const struct zc_evidence *ev; /* NULL for exposure rows: they belong to no single run */
        size_t number;                /* of the evidence */
        const json_t *host, *endpoint, *part;
        const char *asset; /* of the endpoint: its machine's, where that has evidence of its own */
        const char *endpoint_pointer;
        const char *lost;      /* the probe whose outcome the endpoint lacks, or NULL */
        struct zc_place place; /* of the endpoint */
};

/* ---- reach ---- */

void zc_judge_reach(const struct zc_rule *rule, enum zc_reach reach, struct zc_judgement *j)
{
        if (j->verdict != ZC_FAIL || !rule->by_reach || reach != ZC_REACH_UNKNOWN)
                return;
        j->verdict = ZC_UNKNOWN;
        j->stage = "reach";
        snprintf(j->why, sizeof(j->why), "reach");
}

enum zc_severity zc_rule_severity(const struct zc_rule *rule, enum zc_reach reach)
{
        return reach == ZC_REACH_UNKNOWN ? zc_rule_worst(rule) : rule->severity[reach];
}

/** How wide a reach is taken to be: what is not known may be anything but is not more than `any`. */
static int reach_rank(enum zc_reach reach)
{
        return reach == ZC_REACH_UNKNOWN ? 2 * (int)ZC_REACH_PRIVATE + 1 : 2 * (int)reach;
}

/** The widest of a key. */
static void reach_note(json_t *index, const char *a, const char *b, enum zc_reach reach)
{
        ZC_AUTO_MEM char *key = zc_key(a, b, NULL);
        const json_t *known = key ? json_object_get(index, key) : NULL;

        if (key &&
            (!known || reach_rank((enum zc_reach)json_integer_value(known)) < reach_rank(reach)))
                json_object_set_new(index, key, json_integer((json_int_t)reach));
}

static enum zc_reach reach_look(const json_t *index, const char *a, const char *b)
{
        ZC_AUTO_MEM char *key = zc_key(a, b, NULL);
        const json_t *known = key ? json_object_get(index, key) : NULL;

        return known ? (enum zc_reach)json_integer_value(known) : ZC_REACH_UNKNOWN;
}

static void port_key(const json_t *part, char out[32])
{
        snprintf(out, 32, "%lld/%.4s", (long long)json_integer_value(json_object_get(part, "port")),
                 zc_json_str(part, "transport", ""));
}

static enum zc_reach row_reach(const json_t *row)
{
        enum zc_reach reach = ZC_REACH_UNKNOWN;

        return zc_reach_parse(zc_json_str(row, "reach", "unknown"), &reach) ? reach
                                                                            : ZC_REACH_UNKNOWN;
}

static bool reach_index(struct judge *j)
{
        const json_t *row;
        size_t i;

        j->reach_by_listener = json_object();
        j->reach_by_port = json_object();
        json_array_foreach (j->exposure, i, row) {
                const char *asset = zc_json_str(row, "asset", "");
                const char *listener = zc_json_str(row, "listener", NULL);
                char port[32];

                port_key(row, port);
                reach_note(j->reach_by_port, asset, port, row_reach(row));
                if (listener)
                        reach_note(j->reach_by_listener, asset, listener, row_reach(row));
        }
        return j->reach_by_listener && j->reach_by_port;
}

/** How far away the entity can be reached from; unknown where nothing says so. */
static enum zc_reach reach_of(const struct work *w, const struct zc_entity *e)
{
        const json_t *endpoint = w->endpoint;
        enum zc_reach reach;
        char port[32];

        if (!endpoint && strcmp(w->rule->kind->name, "exposure") == 0)
                return row_reach(e->self);
        if (!endpoint)
                return reach_look(w->j->reach_by_listener, e->asset, e->subject);
        reach = w->place.row == SIZE_MAX ? ZC_REACH_UNKNOWN
                                         : row_reach(json_array_get(w->j->exposure, w->place.row));
        if (reach != ZC_REACH_UNKNOWN)
                return reach;
        port_key(endpoint, port);
        return reach_look(w->j->reach_by_port, w->asset, port);
}

static bool has_reach(const struct zc_kind *kind)
{
        return strncmp(kind->at, "endpoints[]", 11) == 0 || strcmp(kind->name, "exposure") == 0 ||
               strcmp(kind->name, "listener") == 0;
}

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

/** The outcome that explains a judgement: of the kind's probe; behind an unknown reach, the firewall's or the listeners'. */
static struct cause cause_find(const struct work *w, const struct zc_judgement *jm)
{
        static const char *const behind_reach[] = { "firewall", "listeners" };
        struct cause c = { 0 };

        if (jm->verdict != ZC_UNKNOWN)
                return c;
        c = cause_of(w->endpoint ? w->endpoint : w->host, w->rule->kind->probe);
        for (size_t i = 0; i < ZC_COUNT(behind_reach) && !c.probe && has_reach(w->rule->kind); i++)
                c = cause_of(w->host, behind_reach[i]);
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
static const json_t *host_of_asset(const struct judge *j, const char *asset)
{
        for (size_t i = 0; i < j->count; i++) {
                if (zc_evidence_host(j->evs[i]) && strcmp(zc_evidence_asset(j->evs[i]), asset) == 0)
                        return zc_evidence_host(j->evs[i]);
        }
        return NULL;
}

/** The machine behind an endpoint or a scan: of two that have its address, none. */
static const json_t *host_at(const struct judge *j, const struct zc_place *place)
{
        return place->host == SIZE_MAX ? NULL : zc_evidence_host(j->evs[place->host]);
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

static bool judge_finding(const struct work *w, const struct about *a,
                          const struct zc_judgement *jm, const char *waived,
                          const struct zc_sight *sight)
{
        struct judge *j = w->j;
        struct zc_entity safe = *a->e;
        json_t *finding;

        safe.asset = a->asset;
        finding = zc_finding_new(w->rule, w->ev, w->endpoint, &safe, &a->c, jm,
                                 a->has_reach ? zc_reach_name(a->reach) : NULL,
                                 zc_rule_severity(w->rule, a->reach), j->scratch);
        return finding ? zc_tally_finding(j->tally, finding, waived, sight, j->err)
                       : zc_fail(j->err, ZC_E_NOMEM, "no memory for a finding");
}

/** Whether a pass is worth remembering: seen from another machine, it takes back what was found from here. */
static bool is_cleared(const struct work *w)
{
        return w->rule->by_reach && w->endpoint && w->place.seen > ZC_SEEN_SELF &&
               w->place.service != SIZE_MAX;
}

/**
 * What a rule on exposure asks of a firewall that nobody was to read: a remote target plans no probe of its host (design section 5), so
 * the question does not arise, as it does not for rules on the firewall itself.
 */
static void unplanned_firewall(const struct work *w, const struct zc_judge_context *c,
                               struct zc_judgement *jm)
{
        static const char asked[] = "self.firewall";

        if (jm->verdict != ZC_UNKNOWN || c->host || strcmp(w->rule->kind->name, "exposure") != 0 ||
            strncmp(jm->why, asked, sizeof(asked) - 1) != 0)
                return;
        jm->verdict = ZC_NOTAPPLICABLE_V;
        snprintf(jm->why, sizeof(jm->why), "the host itself was not planned");
}

static bool judge_one(struct work *w, const struct about *a)
{
        struct judge *j = w->j;
        struct work explained = *w;
        struct zc_sight sight;
        struct cause cause;
        struct zc_judgement jm;
        char why[ZC_WHY_LEN * 2];
        const char *waived = NULL;

        zc_arena_reset(j->scratch);
        zc_rule_judge(w->rule, &a->c, j->scratch, NULL, &jm);
        unplanned_firewall(w, &a->c, &jm);
        zc_judge_reach(w->rule, a->reach, &jm);
        explained.host = a->c.host;
        cause = cause_find(&explained, &jm);
        if (jm.verdict == ZC_UNKNOWN && strcmp(jm.stage, "reach") == 0 && !a->c.host &&
            w->place.seen <= ZC_SEEN_SELF && w->endpoint)
                snprintf(jm.why, sizeof(jm.why), "%s", own_address);
        why_text(&jm, &cause, why);
        {
                const struct zc_check check = { .rule = w->rule->id,
                                                .asset = a->asset,
                                                .named = a->named,
                                                .subject = a->e->subject,
                                                .tags = json_object_get(w->rule->record, "tags"),
                                                .severity = zc_rule_severity(w->rule, a->reach),
                                                .verdict = jm.verdict,
                                                .failed = jm.verdict == ZC_UNKNOWN &&
                                                          strcmp(jm.stage, "reach") == 0,
                                                .why = why,
                                                .probe = cause.probe,
                                                .needs = cause.needs,
                                                .memo = &j->memo[w->index] };

                if (!zc_tally_check(j->tally, &check, &waived, j->err))
                        return false;
        }
        if (jm.verdict != ZC_FAIL && !(jm.verdict == ZC_PASS && is_cleared(w)))
                return true;
        zc_sight_of(&sight, w->rule, &w->place, w->endpoint, a->e->subject);
        return jm.verdict == ZC_PASS ? zc_tally_cleared(j->tally, &sight, w->rule->id, j->err)
                                     : judge_finding(w, a, &jm, waived, &sight);
}

static void rule_take(struct work *w, size_t i)
{
        w->index = w->rules[i];
        w->rule = zc_pack_rule(w->j->terms->pack, w->index);
}

static bool judge_entity(void *ctx, const struct zc_entity *e)
{
        struct work *w = ctx;
        struct judge *j = w->j;
        bool reaches = has_reach(w->rule->kind);
        ZC_AUTO(zc_arena) arena = zc_arena_new((size_t)16 << 20);
        const struct about a = {
                .e = e,
                .asset = arena ? zc_shown(arena, w->asset ? w->asset : e->asset) : NULL,
                .named = arena ? zc_shown(arena, e->asset) : NULL,
                .has_reach = reaches,
                .reach = reaches ? reach_of(w, e) : ZC_REACH_ANY,
                .c = { .self = e->self,
                       .self_pointer = e->pointer,
                       .host = w->host ? w->host : host_of_asset(j, e->asset),
                       .host_pointer = w->host ? "/host" : NULL,
                       .endpoint = w->endpoint,
                       .endpoint_pointer = w->endpoint_pointer,
                       .run = w->ev ? zc_evidence_run(w->ev) : NULL,
                       .run_pointer = "/run",
                       .params = j->terms->params },
        };

        if (!arena)
                return zc_fail(j->err, ZC_E_NOMEM, "no memory to judge");
        for (size_t i = 0; i < w->rule_count; i++) {
                rule_take(w, i);
                if (!judge_one(w, &a))
                        return false;
        }
        return true;
}

/* ---- one part ---- */

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

/** What the presence of a kind's entities means beyond the entities themselves: one more check, of the whole. */
static bool note_presence(struct work *w, enum zc_presence presence, const char *asset,
                          const char *subject, const char *why)
{
        struct cause cause = cause_of(w->part, w->rule->kind->probe);
        char shut[ZC_WHY_LEN] = "";
        struct zc_check c = { .rule = w->rule->id,
                              .asset = asset,
                              .subject = subject,
                              .tags = json_object_get(w->rule->record, "tags"),
                              .severity = zc_rule_worst(w->rule),
                              .why = "",
                              .memo = &w->j->memo[w->index] };

        shut_write(w->endpoint, shut);
        switch (presence) {
        case ZC_UNPLANNED:
                return true;
        case ZC_PRESENT:
                w->j->judged[w->index] = true;
                return true;
        case ZC_ABSENT:
                c.verdict = ZC_NOTAPPLICABLE_V;
                break;
        case ZC_PARTLY:
        case ZC_UNOBSERVED:
                if (*shut)
                        cause = (struct cause){ "ports", "", shut };
                c.verdict = ZC_UNKNOWN;
                c.why = *shut ? shut : why;
                c.probe = cause.probe ? cause.probe : w->lost;
                c.needs = cause.needs;
                break;
        }
        w->j->judged[w->index] = true;
        return zc_tally_check(w->j->tally, &c, NULL, w->j->err);
}

static bool is_below(const struct zc_kind *kind, const char *root)
{
        return strncmp(kind->at, root, strlen(root)) == 0;
}

/** All rules of one kind, on one part. */
static bool judge_kind(struct work *w, const struct zc_kind *kind, const char *pointer,
                       const char *asset, const char *subject)
{
        struct zc_err *err = w->j->err;
        char why[ZC_WHY_LEN] = "";
        enum zc_presence presence;

        err->code = ZC_OK;
        rule_take(w, 0);
        presence = zc_kind_each(kind, w->part, pointer, asset, judge_entity, w, why);
        if (err->code != ZC_OK)
                return false;
        if (presence == ZC_UNPLANNED && w->endpoint &&
            zc_outcome_lost(zc_evidence_run(w->ev), w->endpoint, kind)) {
                presence = ZC_UNOBSERVED;
                w->lost = kind->probe;
                snprintf(why, sizeof(why), "%s: no outcome of it in the evidence; collect again",
                         kind->probe);
        }
        for (size_t i = 0; i < w->rule_count; i++) {
                rule_take(w, i);
                if (!note_presence(w, presence, asset, subject, why))
                        return false;
        }
        return true;
}

/** All rules whose kind stands below `root`, on one part. @as: what all of them have in common. */
static bool judge_part(const struct work *as, const char *root, const char *pointer,
                       const char *asset, const char *subject)
{
        const struct judge *j = as->j;

        for (size_t k = 0; k < zc_kind_count; k++) {
                size_t first = k > 0 ? j->kind_end[k - 1] : 0;
                struct work w = *as;

                w.rules = j->by_kind + first;
                w.rule_count = j->kind_end[k] - first;
                if (w.rule_count > 0 && is_below(&zc_kinds[k], root) &&
                    !judge_kind(&w, &zc_kinds[k], pointer, asset, subject))
                        return false;
        }
        return true;
}

/** An endpoint or a scan at work: its machine, and the asset that it belongs to. */
static struct work work_at(const struct work *evidence, const json_t *part)
{
        struct work w = *evidence;

        w.part = part;
        w.place = zc_join_place(w.j->join, w.number, part);
        w.host = host_at(w.j, &w.place);
        w.asset = zc_join_asset(w.j->join, &w.place, part);
        return w;
}

static bool visit_endpoint(void *ctx, const json_t *endpoint, size_t index, struct zc_err *err)
{
        struct work w = work_at(ctx, endpoint);
        ZC_AUTO_MEM char *subject = zc_subject_endpoint(endpoint);
        char pointer[48];

        (void)err; /* the judge's own */
        if (!subject)
                return zc_fail(w.j->err, ZC_E_NOMEM, "no memory to judge");
        if (!zc_met_add(w.j->met, endpoint, w.j->err))
                return false;
        snprintf(pointer, sizeof(pointer), "/endpoints/%zu", index);
        w.endpoint = endpoint;
        w.endpoint_pointer = pointer;
        return judge_part(&w, "endpoints[]", pointer, w.asset, subject);
}

static bool visit_scan(void *ctx, const json_t *scan, size_t index, struct zc_err *err)
{
        const struct work w = work_at(ctx, scan);
        const struct zc_check untried = {
                .asset = w.asset,
                .named = zc_json_str(scan, "asset", ""),
                .told = zc_join_other_family(w.j->join, w.number, scan),
                .why = json_object_get(w.host, "firewall") ? "; judged from the firewall only" : "",
        };
        char pointer[48];

        (void)err; /* the judge's own */
        if (*zc_json_str(scan, "open", "") || *zc_json_str(scan, "closed", ""))
                w.j->tally->ports_seen = true;
        else
                w.j->tally->ports_silent = true;
        snprintf(pointer, sizeof(pointer), "/scans/%zu", index);
        return judge_part(&w, "scans[]", pointer, w.asset, zc_json_str(scan, "address", "")) &&
               zc_untried(w.j->tally, w.j->terms->pack, scan, &untried, w.j->judged, w.j->err) &&
               zc_unmet(w.j->tally, w.j->terms->pack, w.j->met, scan, &untried, w.j->judged,
                        w.j->err);
}

/** Whether a port was seen: what the firewall lets in for nobody is none. */
static bool sees_port(const json_t *rows)
{
        const json_t *row;
        size_t i;

        json_array_foreach (rows, i, row) {
                if (strcmp(zc_json_str(row, "kind", ""), "unused") != 0)
                        return true;
        }
        return false;
}

/** Rules on exposure: the rows, then for each host what may be missing behind them. */
static bool judge_exposure(struct judge *j)
{
        const struct zc_kind *listeners = zc_kind_find("listener");
        const struct work rows = { .j = j, .part = j->exposure };

        j->tally->ports_seen = j->tally->ports_seen || sees_port(j->exposure);
        if (json_array_size(j->exposure) > 0 &&
            !judge_part(&rows, "exposure[]", "/exposure", "", "exposure"))
                return false;
        for (size_t e = 0; e < j->count; e++) {
                const json_t *host = zc_evidence_host(j->evs[e]);
                char why[ZC_WHY_LEN] = "";
                enum zc_presence presence =
                        zc_kind_each(listeners, zc_evidence_asks_host(j->evs[e]) ? host : NULL,
                                     "/host", zc_evidence_asset(j->evs[e]), NULL, NULL, why);

                for (size_t i = 0; i < zc_pack_count(j->terms->pack); i++) {
                        struct work w = { .j = j,
                                          .rule = zc_pack_rule(j->terms->pack, i),
                                          .index = i,
                                          .part = host };

                        if (is_below(w.rule->kind, "exposure[]") && presence != ZC_PRESENT &&
                            !note_presence(&w, presence, zc_evidence_asset(j->evs[e]), "host", why))
                                return false;
                }
        }
        return true;
}

static bool judge_evidence(struct judge *j, size_t number)
{
        struct zc_evidence *ev = j->evs[number];
        struct work w = { .j = j, .ev = ev, .number = number };
        const struct zc_evidence_visitor v = { .endpoint = visit_endpoint,
                                               .scan = visit_scan,
                                               .ctx = &w };
        struct work host = w;

        json_object_clear(j->met);
        host.host = host.part = zc_evidence_host(ev);
        if (host.host && zc_evidence_asks_host(ev) &&
            !judge_part(&host, "host", "/host", zc_evidence_asset(ev), "host"))
                return false;
        return zc_evidence_visit(ev, &v, j->err);
}

/* ---- the whole ---- */

/** What is kept by rule, and the rules of each kind together: a part is gone through once for all of them. */
static bool rules_index(struct judge *j)
{
        size_t count = zc_pack_count(j->terms->pack), n = 0;

        j->judged = calloc(count + 1, sizeof(*j->judged));
        j->memo = calloc(count + 1, sizeof(*j->memo));
        j->by_kind = calloc(count + 1, sizeof(*j->by_kind));
        j->kind_end = calloc(zc_kind_count, sizeof(*j->kind_end));
        j->met = json_object();
        j->scratch = zc_arena_new((size_t)256 << 20);
        if (!j->met || !j->judged || !j->memo || !j->by_kind || !j->kind_end || !j->scratch)
                return false;
        for (size_t k = 0; k < zc_kind_count; k++) {
                for (size_t i = 0; i < count; i++) {
                        if (zc_pack_rule(j->terms->pack, i)->kind == &zc_kinds[k])
                                j->by_kind[n++] = i;
                }
                j->kind_end[k] = n;
        }
        return true;
}

static bool judge_all(struct judge *j, const json_t *assets)
{
        for (size_t e = 0; e < j->count; e++) {
                if (!judge_evidence(j, e))
                        return false;
        }
        if (!judge_exposure(j))
                return false;
        for (size_t i = 0; i < zc_pack_count(j->terms->pack); i++) {
                if (!j->judged[i] &&
                    !zc_tally_unplanned(j->tally, zc_pack_rule(j->terms->pack, i)->id, j->err))
                        return false;
        }
        return zc_expect(j->evs, j->count, j->o->expect, j->exposure, j->join, assets, j->tally,
                         j->err) &&
               zc_coverage(j->evs, j->count, j->terms->pack, j->tally, j->err);
}

static json_t *judge_run(struct judge *j, struct zc_gate *gate)
{
        ZC_AUTO(zc_waivers) waivers = NULL;
        ZC_AUTO(zc_tally) tally = NULL;
        json_auto_t *assets = NULL;

        if (!zc_evidence_tell_apart(j->evs, j->count, j->err))
                return NULL;
        assets = zc_assets(j->evs, j->count);
        if (!zc_gate_init(gate, j->o, j->terms->pack, j->err) ||
            !zc_waivers_new(j->o->waivers, assets, j->o->now_ms, &waivers, j->err))
                return NULL;
        tally = zc_tally_new(gate, waivers);
        j->tally = tally;
        j->join = zc_join_new(j->evs, j->count, j->err);
        if (!j->join)
                return NULL;
        j->exposure = zc_json_shown(zc_join_rows(j->join));
        if (!tally || !assets || !rules_index(j) || !reach_index(j)) {
                zc_fail(j->err, ZC_E_NOMEM, "no memory to judge");
                return NULL;
        }
        return judge_all(j, assets) ? zc_judge_report(j->evs, j->count, j->o, j->terms, j->exposure,
                                                      tally, j->err)
                                    : NULL;
}

json_t *zc_judge(struct zc_evidence *const *evs, size_t count, const struct zc_judge_options *o,
                 struct zc_err *err)
{
        struct zc_terms terms;
        struct judge j = { .evs = evs, .count = count, .o = o, .terms = &terms, .err = err };
        struct zc_gate gate = { 0 };
        json_t *report = zc_terms_init(&terms, o, err) ? judge_run(&j, &gate) : NULL;

        zc_gate_release(&gate);
        zc_terms_release(&terms);
        json_decref(j.exposure);
        zc_join_free(j.join);
        json_decref(j.reach_by_listener);
        json_decref(j.reach_by_port);
        json_decref(j.met);
        free(j.judged);
        free(j.memo);
        free(j.by_kind);
        free(j.kind_end);
        zc_arena_free(j.scratch);
        return report;
}

bool zc_judge_check(const struct zc_judge_options *o, struct zc_err *err)
{
        struct zc_terms terms;
        struct zc_gate gate = { 0 };
        bool ok = zc_terms_init(&terms, o, err) && zc_gate_init(&gate, o, terms.pack, err);

        zc_gate_release(&gate);
        zc_terms_release(&terms);
        return ok;
}
