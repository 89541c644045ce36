/** Every rule on every entity of its kind, over all evidence, into one report. */
#include "zc/judge.h"

#include <stdio.h>
#include <string.h>

#include "judge_work.h"

/* ---- one part ---- */

static bool is_below(const struct zc_kind *kind, const char *root)
{
        return strncmp(kind->at, root, strlen(root)) == 0;
}

/** All rules of one kind, on one part. */
static bool judge_kind(struct zc_work *w, const struct zc_kind *kind, const char *pointer,
                       const char *asset, const char *subject)
{
        struct zc_err *err = w->j->err;
        char why[ZC_WHY_LEN] = "";
        enum zc_presence presence;

        err->code = ZC_OK;
        zc_work_rule(w, 0);
        presence = zc_kind_each(kind, w->part, pointer, asset, zc_work_entity, w, why);
        if (err->code != ZC_OK)
                return false;
        if (presence == ZC_UNPLANNED && w->endpoint &&
            zc_outcome_lost(zc_evidence_run(w->ev), w->endpoint, kind)) {
                presence = ZC_UNOBSERVED;
                w->lost = kind->probe;
                snprintf(why, sizeof(why), "%s: no outcome of it in the evidence; collect again",
                         kind->probe);
        }
        return zc_work_presence(w, presence, asset, subject, why);
}

/** All rules whose kind stands below `root`, on one part. @as: what all of them have in common. */
static bool judge_part(const struct zc_work *as, const char *root, const char *pointer,
                       const char *asset, const char *subject)
{
        const struct zc_judge_run *j = as->j;

        for (size_t k = 0; k < zc_kind_count; k++) {
                size_t first = k > 0 ? j->kind_end[k - 1] : 0;
                struct zc_work w = *as;

                w.rules = j->by_kind + first;
                w.rule_count = j->kind_end[k] - first;
                if (w.rule_count > 0 && is_below(&zc_kinds[k], root) &&
                    !judge_kind(&w, &zc_kinds[k], pointer, asset, subject))
                        return false;
        }
        return true;
}

/** The machine behind an endpoint or a scan: of two that have its address, none. */
static const json_t *host_at(const struct zc_judge_run *j, const struct zc_place *place)
{
        return place->host == SIZE_MAX ? NULL : zc_evidence_host(j->evs[place->host]);
}

/** An endpoint or a scan at work: its machine, and the asset that it belongs to. */
static struct zc_work work_at(const struct zc_work *evidence, const json_t *part)
{
        struct zc_work w = *evidence;

        w.part = part;
        w.place = zc_join_place(w.j->join, w.number, part);
        w.host = host_at(w.j, &w.place);
        w.asset = zc_join_asset(w.j->join, &w.place, part);
        return w;
}

static bool visit_endpoint(void *ctx, const json_t *endpoint, size_t index, struct zc_err *err)
{
        struct zc_work w = work_at(ctx, endpoint);
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
        const struct zc_work w = work_at(ctx, scan);
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
static bool judge_exposure(struct zc_judge_run *j)
{
        const struct zc_kind *listeners = zc_kind_find("listener");
        const struct zc_work rows = { .j = j, .part = j->exposure };

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
                        struct zc_work w = { .j = j,
                                             .rule = zc_pack_rule(j->terms->pack, i),
                                             .rules = &i,
                                             .rule_count = 1,
                                             .part = host };

                        if (is_below(w.rule->kind, "exposure[]") && presence != ZC_PRESENT &&
                            !zc_work_presence(&w, presence, zc_evidence_asset(j->evs[e]), "host",
                                              why))
                                return false;
                }
        }
        return true;
}

static bool judge_evidence(struct zc_judge_run *j, size_t number)
{
        struct zc_evidence *ev = j->evs[number];
        struct zc_work w = { .j = j, .ev = ev, .number = number };
        const struct zc_evidence_visitor v = { .endpoint = visit_endpoint,
                                               .scan = visit_scan,
                                               .ctx = &w };
        struct zc_work host = w;

        j->left += ZC_NODES_PER_EVIDENCE;
        json_object_clear(j->met);
        host.host = host.part = zc_evidence_host(ev);
        if (host.host && zc_evidence_asks_host(ev) &&
            !judge_part(&host, "host", "/host", zc_evidence_asset(ev), "host"))
                return false;
        return zc_evidence_visit(ev, &v, j->err);
}

/* ---- the whole ---- */

/** What is kept by rule, and the rules of each kind together: a part is gone through once for all of them. */
static bool rules_index(struct zc_judge_run *j)
{
        size_t count = zc_pack_count(j->terms->pack), n = 0;

        j->judged = calloc(count + 1, sizeof(*j->judged));
        j->memo = calloc(count + 1, sizeof(*j->memo));
        j->like = (json_t **)calloc(count + 1, sizeof(*j->like));
        j->by_kind = calloc(count + 1, sizeof(*j->by_kind));
        j->kind_end = calloc(zc_kind_count, sizeof(*j->kind_end));
        j->met = json_object();
        j->scratch = zc_arena_new((size_t)256 << 20);
        if (!j->met || !j->judged || !j->memo || !j->like || !j->by_kind || !j->kind_end ||
            !j->scratch)
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

static bool judge_all(struct zc_judge_run *j, const json_t *assets)
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
               (!j->o->missing || zc_tally_missing(j->tally, j->err, "%s", j->o->missing)) &&
               zc_coverage(j->evs, j->count, j->terms->pack, j->tally, j->err) &&
               zc_bound_plan(j->evs, j->count, j->terms->pack, j->tally, j->err);
}

static bool is_said(const json_t *list, const json_t *words)
{
        const json_t *v;
        size_t i;

        json_array_foreach (list, i, v) {
                if (json_equal(v, words))
                        return true;
        }
        return false;
}

/** Under a policy, what a project says of its own networks lowers only what the policy lets it. */
static bool believed(void *ctx, const char *asset)
{
        struct zc_judge_run *j = ctx;
        json_auto_t *words = NULL;

        if (zc_policy_isolates(j->o->policy, j->assets, asset))
                return true;
        words = zc_json_printf("%s is said to be isolated, which the policy does not let lower "
                               "anything",
                               zc_shown(j->tally->scratch, asset));
        if (words && !is_said(j->tally->warnings, words))
                json_array_append(j->tally->warnings, words);
        return false;
}

static json_t *judge_run(struct zc_judge_run *j, struct zc_gate *gate)
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
        j->assets = assets;
        if (!tally || !assets) {
                zc_fail(j->err, ZC_E_NOMEM, "no memory to judge");
                return NULL;
        }
        j->join = zc_join_believing(j->evs, j->count, j->o->policy ? believed : NULL, j, j->err);
        if (!j->join)
                return NULL;
        j->exposure = zc_json_shown(zc_join_rows(j->join));
        if (!rules_index(j) || !zc_work_reach_index(j)) {
                zc_fail(j->err, ZC_E_NOMEM, "no memory to judge");
                return NULL;
        }
        return judge_all(j, assets) ? zc_judge_report(j->evs, j->count, j->o, j->terms, j->exposure,
                                                      tally, j->err)
                                    : NULL;
}

/** All but the terms. */
static void run_release(struct zc_judge_run *j)
{
        json_decref(j->exposure);
        zc_join_free(j->join);
        json_decref(j->reach_by_listener);
        json_decref(j->reach_by_port);
        json_decref(j->met);
        for (size_t i = 0; j->like && i < zc_pack_count(j->terms->pack); i++)
                json_decref(j->like[i]);
        free((void *)j->like);
        free(j->judged);
        free(j->memo);
        free(j->by_kind);
        free(j->kind_end);
        zc_arena_free(j->scratch);
}

json_t *zc_judge(struct zc_evidence *const *evs, size_t count, const struct zc_judge_options *o,
                 struct zc_err *err)
{
        struct zc_terms terms;
        struct zc_judge_run j = { .evs = evs, .count = count, .o = o, .terms = &terms, .err = err };
        struct zc_gate gate = { 0 };
        json_t *report = zc_terms_init(&terms, o, err) ? judge_run(&j, &gate) : NULL;

        run_release(&j);
        zc_gate_release(&gate);
        zc_terms_release(&terms);
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
