/** Ports that were never asked, or whose evidence was lost: what the rules on services and on exposure would have said of them is not known. */
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"
#include "zc/portset.h"
#include "zc/starttls.h"

/* ---- scans that were cut ---- */

/** Whether each port that the scan asked has a state: a list that is not there, or cannot be read, says nothing of any. */
static bool is_accounted(const json_t *scan)
{
        static const char *const states[] = { "open", "closed", "filtered" };
        struct zc_portset asked = { 0 }, told = { 0 };
        struct zc_err why = { 0 };
        const char *ports = zc_json_str(scan, "ports", NULL);

        if (!ports || !zc_portset_parse(ports, &asked, &why))
                return false;
        for (size_t i = 0; i < ZC_COUNT(states); i++) {
                struct zc_portset some = { 0 };
                const char *list = zc_json_str(scan, states[i], NULL);

                if (!list || (*list && !zc_portset_parse(list, &some, &why)))
                        return false;
                for (int p = zc_portset_next(&some, 1); p >= 0; p = zc_portset_next(&some, p + 1))
                        zc_portset_add(&told, (uint16_t)p);
        }
        for (int p = zc_portset_next(&asked, 1); p >= 0; p = zc_portset_next(&asked, p + 1)) {
                if (!zc_portset_has(&told, (uint16_t)p))
                        return false;
        }
        return true;
}

/** Whether the scan has ports that it meant to ask and did not. Silent ports were asked; what was taken out of the plan was not meant.
 * A scan that does not say how it went is not taken for a whole one. */
static bool is_cut(const json_t *scan)
{
        const char *outcome = zc_json_str(scan, "outcome", "");

        if (strcmp(outcome, "skipped") == 0 || strcmp(outcome, "notapplicable") == 0)
                return false;
        return strcmp(outcome, "done") != 0 || *zc_json_str(scan, "unknown", "") ||
               !is_accounted(scan);
}

/** Rules on exposure judge any port; of those on services, the ones that the gate needs: the others would only fill the page. */
static bool concerns(const struct zc_tally *t, const struct zc_rule *r)
{
        if (strcmp(r->kind->name, "exposure") == 0)
                return true;
        return strncmp(r->kind->at, "endpoints[]", 11) == 0 &&
               zc_gate_requires(t->gate, r->id, r->tags, zc_rule_worst(r));
}

static bool tally_rules(struct zc_tally *t, const struct zc_pack *pack, const struct zc_check *as,
                        bool *judged, struct zc_err *err)
{
        for (size_t i = 0; i < zc_pack_count(pack); i++) {
                const struct zc_rule *r = zc_pack_rule(pack, i);
                struct zc_check c = *as;

                if (!concerns(t, r))
                        continue;
                c.rule = r->id;
                c.tags = r->tags;
                c.severity = zc_rule_worst(r);
                judged[i] = true;
                if (!zc_tally_check(t, &c, NULL, err))
                        return false;
        }
        return true;
}

bool zc_untried(struct zc_tally *t, const struct zc_pack *pack, const json_t *scan,
                const struct zc_check *as, bool *judged, struct zc_err *err)
{
        const char *why = zc_json_str(scan, "why", "");
        bool v6 = strchr(zc_json_str(scan, "address", ""), ':') != NULL;
        struct zc_check c = *as;
        ZC_AUTO_TEXT subject = { 0 }, words = { 0 };

        zc_text_init(&subject, ZC_TEXT_CEILING);
        zc_text_init(&words, ZC_WHY_LEN - 1);
        if (!is_cut(scan))
                return true;
        zc_kind_find("scan")->subject(&subject, scan, NULL);
        if (c.told)
                zc_text_printf(&words, "%s: %s%s", v6 ? "IPv6" : "IPv4", why, as->why);
        else
                zc_text_printf(&words, "ports: not all were asked%s%s", *why ? ", " : "", why);
        c.subject = zc_text_str(&subject);
        c.verdict = ZC_UNKNOWN;
        c.why = zc_text_str(&words);
        c.probe = "ports";
        c.needs = zc_json_str(scan, "needs", "");
        if (strncmp(c.needs, ZC_NEEDS_ROUTE, sizeof(ZC_NEEDS_ROUTE) - 1) == 0)
                c.needs = ""; /* its words say it, and no privilege helps */
        return tally_rules(t, pack, &c, judged, err);
}

/* ---- open ports without an endpoint ---- */

/** "asset address transport/port" */
static char *port_key(const json_t *part, long long port)
{
        char tail[48];

        snprintf(tail, sizeof(tail), "%.16s/%lld", zc_json_str(part, "transport", "tcp"), port);
        return zc_key(zc_json_str(part, "asset", ""), zc_json_str(part, "address", ""), tail);
}

bool zc_met_add(json_t *met, const json_t *endpoint, struct zc_err *err)
{
        ZC_AUTO_MEM char *key = NULL;

        if (strcmp(zc_json_str(endpoint, "state", "open"), "open") != 0)
                return true;
        key = port_key(endpoint, json_integer_value(json_object_get(endpoint, "port")));
        return (key && json_object_set_new(met, key, json_true()) == 0) ||
               zc_fail(err, ZC_E_NOMEM, "no memory to judge");
}

/** Those of the scan's open ports whose endpoint was not met: in words, nothing when all were. */
static bool unmet_words(const json_t *met, const json_t *scan, struct zc_text *words)
{
        const char *open = zc_json_str(scan, "open", "");
        struct zc_portset said = { 0 }, unmet = { 0 };
        struct zc_err why = { 0 };
        unsigned n;

        if (*open && !zc_portset_parse(open, &said, &why)) {
                zc_text_add(words, "ports: which ports the scan says are open cannot be read");
                return true;
        }
        for (int p = zc_portset_next(&said, 1); p >= 0; p = zc_portset_next(&said, p + 1)) {
                ZC_AUTO_MEM char *key = port_key(scan, p);

                if (!key)
                        return false;
                if (!json_object_get(met, key))
                        zc_portset_add(&unmet, (uint16_t)p);
        }
        n = zc_portset_count(&unmet);
        if (n == 0)
                return true;
        zc_text_printf(words, "ports: the scan says %s open, and %s not in the evidence: ",
                       n == 1 ? "a port is" : "ports are",
                       n == 1 ? "its endpoint is" : "their endpoints are");
        zc_portset_format(&unmet, words);
        return true;
}

bool zc_unmet(struct zc_tally *t, const struct zc_pack *pack, const json_t *met, const json_t *scan,
              const struct zc_check *as, bool *judged, struct zc_err *err)
{
        struct zc_check c = *as;
        ZC_AUTO_TEXT subject = { 0 }, words = { 0 };

        zc_text_init(&subject, ZC_TEXT_CEILING);
        zc_text_init(&words, ZC_WHY_LEN - 1);
        if (!unmet_words(met, scan, &words))
                return zc_fail(err, ZC_E_NOMEM, "no memory to judge");
        if (words.len == 0)
                return true;
        zc_kind_find("scan")->subject(&subject, scan, NULL);
        c.subject = zc_text_str(&subject);
        c.told = false;
        c.verdict = ZC_UNKNOWN;
        c.why = zc_text_str(&words);
        c.probe = "ports";
        c.needs = "";
        return tally_rules(t, pack, &c, judged, err);
}

/* ---- endpoints without outcomes ---- */

static bool holds(const json_t *list, const char *word)
{
        const json_t *v;
        size_t i;

        json_array_foreach (list, i, v) {
                if (json_is_string(v) && strcmp(json_string_value(v), word) == 0)
                        return true;
        }
        return false;
}

bool zc_left_out(const json_t *run, const char *probe)
{
        const json_t *options = json_object_get(run, "options");
        const json_t *only = json_object_get(options, "only");

        return holds(json_object_get(options, "skip"), probe) ||
               (json_array_size(only) > 0 && !holds(only, probe));
}

/** What was identified is what the probe asks about. */
static bool is_of_kind(const json_t *endpoint, const char *probe)
{
        static const char *const speaks[][2] = {
                { "http", "http" },
                { "postgres", "postgresql" },
                { "redis", "redis" },
        };
        const char *service = zc_json_str(endpoint, "service", "");
        const json_t *wrapped = json_object_get(endpoint, "wrapped");

        for (size_t i = 0; i < ZC_COUNT(speaks); i++) {
                if (strcmp(speaks[i][0], probe) == 0)
                        return strcmp(speaks[i][1], service) == 0;
        }
        return json_is_string(wrapped) || (*service && (!wrapped || zc_starttls_find(service)));
}

/** Whether the kind's probe belongs to this endpoint, as far as anyone can tell. */
static bool is_probed(const json_t *endpoint, const struct zc_kind *kind)
{
        static const char *const nothing[] = { "closed", "filtered" };
        const char *state = zc_json_str(endpoint, "state", "open");
        const json_t *probes = json_object_get(endpoint, "probes");
        bool identified = json_object_get(endpoint, "service") &&
                          strcmp(zc_json_str(json_object_get(probes, "identify"), "outcome", ""),
                                 "done") == 0;

        for (size_t i = 0; i < ZC_COUNT(nothing); i++) {
                if (strcmp(state, nothing[i]) == 0)
                        return false;
        }
        if (!kind->probe || strcmp(kind->probe, "ports") == 0 ||
            strcmp(zc_json_str(endpoint, "transport", "tcp"), "tcp") != 0)
                return false;
        return !identified || is_of_kind(endpoint, kind->probe);
}

bool zc_outcome_lost(const json_t *run, const json_t *endpoint, const struct zc_kind *kind)
{
        return is_probed(endpoint, kind) && !zc_left_out(run, kind->probe);
}

bool zc_outcome_cut(const json_t *run, const json_t *endpoint, const struct zc_kind *kind)
{
        const json_t *outcome =
                kind->probe ? json_object_get(json_object_get(endpoint, "probes"), kind->probe)
                            : NULL;

        if (!is_probed(endpoint, kind))
                return false;
        return outcome ? strcmp(zc_json_str(outcome, "outcome", ""), "skipped") == 0
                       : zc_left_out(run, kind->probe);
}
