/** Ports that were never asked, for reasons of our own: what the rules on services and on exposure would have said of them is not known. */
#include <string.h>

#include "judge_internal.h"

/** Whether the scan has ports that it meant to ask and did not. Silent ports were asked; what was taken out of the plan was not meant.
 * A scan that does not say how it went is not taken for a whole one. */
static bool is_cut(const json_t *scan)
{
        const char *outcome = zc_json_str(scan, "outcome", "");

        return *outcome == '\0' || strcmp(outcome, "partial") == 0 ||
               strcmp(outcome, "failed") == 0 || *zc_json_str(scan, "unknown", "");
}

/** Rules on exposure judge any port; of those on services, the ones that the gate needs: the others would only fill the page. */
static bool concerns(const struct zc_tally *t, const struct zc_rule *r)
{
        if (strcmp(r->kind->name, "exposure") == 0)
                return true;
        return strncmp(r->kind->at, "endpoints[]", 11) == 0 &&
               zc_gate_requires(t->gate, r->id, json_object_get(r->record, "tags"),
                                zc_rule_worst(r));
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
                c.tags = json_object_get(r->record, "tags");
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
        ZC_AUTO_TEXT subject, words;

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
