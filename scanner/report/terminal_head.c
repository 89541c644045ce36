/** Whose audit this is: the host or hosts, by which rules, from where. */
#include <string.h>

#include "page.h"
#include "zc/clock.h"
#include "zc/text.h"

#define ADDRESSES_MAX 4u
#define NAMES_MAX 6u

/** From the first run's start to the last one's end; -1 when a time is missing. */
static int64_t duration_ms(const json_t *report)
{
        int64_t first = INT64_MAX, last = 0, at;
        const json_t *run;
        size_t i;

        json_array_foreach (json_object_get(report, "runs"), i, run) {
                if (!zc_time_parse(zc_json_str(run, "started", ""), &at))
                        return -1;
                first = at < first ? at : first;
                if (!zc_time_parse(zc_json_str(run, "finished", ""), &at))
                        return -1;
                last = at > last ? at : last;
        }
        return last >= first ? last - first : -1;
}

/** "root", "uid 1000", or "" where no run says so or they differ. */
static void privilege(const json_t *report, struct zc_text *t)
{
        const json_t *uid =
                zc_json_at(json_array_get(json_object_get(report, "runs"), 0), "options.uid");
        const json_t *run;
        size_t i;

        if (!json_is_integer(uid))
                return;
        json_array_foreach (json_object_get(report, "runs"), i, run) {
                const json_t *other = zc_json_at(run, "options.uid");

                if (json_integer_value(other) != json_integer_value(uid))
                        return;
        }
        if (json_integer_value(uid) == 0)
                zc_text_add(t, ", root");
        else
                zc_text_printf(t, ", uid %lld", (long long)json_integer_value(uid));
}

/** "profile default, 15 rules 0.1.0, root, 0.3 s" */
static void how_text(const json_t *report, struct zc_text *t)
{
        const json_t *count = zc_json_at(report, "pack.rules");
        int64_t ms = duration_ms(report);

        zc_text_add(t, "profile ");
        page_clean(t, zc_json_str(report, "profile", "default"));
        if (zc_json_str(report, "policy.name", NULL)) {
                zc_text_add(t, ", policy ");
                page_clean(t, zc_json_str(report, "policy.name", ""));
        }
        if (json_is_integer(count))
                zc_text_printf(t, ", %lld rule%s", (long long)json_integer_value(count),
                               json_integer_value(count) == 1 ? "" : "s");
        privilege(report, t);
        if (ms >= 1000)
                zc_text_printf(t, ", %lld.%lld s", (long long)(ms / 1000),
                               (long long)(ms % 1000 / 100));
        else if (ms >= 0)
                zc_text_printf(t, ", %lld ms", (long long)ms);
}

/** The hosts as keys; where nothing was judged, who looked. */
static json_t *assets_of(const json_t *report)
{
        json_t *seen = page_hosts(report);
        const json_t *run;
        size_t i;

        json_array_foreach (json_object_get(report, "runs"), i, run) {
                if (json_object_size(seen) == 0)
                        json_object_set_new(seen, page_own(run), json_null());
        }
        return seen;
}

/** The one asset's name, as people know it, and its addresses. */
static void one_text(const json_t *report, const char *asset, struct zc_text *t)
{
        const char *known = page_vantage(report, asset);
        const json_t *run, *v;
        size_t i, j, shown = 0;

        page_clean(t, known ? known : asset);
        json_array_foreach (json_object_get(report, "runs"), i, run) {
                const json_t *addresses = zc_json_at(run, "vantage.addresses");

                if (strcmp(page_own(run), asset) != 0)
                        continue;
                json_array_foreach (addresses, j, v) {
                        if (!json_is_string(v) || shown == ADDRESSES_MAX)
                                break;
                        if (!*json_string_value(v))
                                continue;
                        zc_text_add(t, shown++ ? ", " : "  ");
                        page_clean(t, json_string_value(v));
                }
                if (json_is_array(addresses) && shown == 0)
                        zc_text_add(t, "  (no address)");
                if (json_array_size(addresses) > shown)
                        zc_text_printf(t, " and %zu more", json_array_size(addresses) - shown);
                return;
        }
}

static void many_text(const json_t *assets, struct zc_text *t)
{
        const json_t *v;
        const char *key;
        size_t n = 0;

        zc_text_printf(t, "%zu hosts  ", json_object_size(assets));
        json_object_foreach ((json_t *)(uintptr_t)assets, key, v) {
                if (n == NAMES_MAX) {
                        zc_text_printf(t, " and %zu more", json_object_size(assets) - n);
                        return;
                }
                zc_text_add(t, n++ ? ", " : "");
                page_clean(t, key);
        }
}

/** "seen from  web1 itself; scan-out": the vantages, and which of them is the audited host. */
static void seen_text(const json_t *report, const json_t *assets, struct zc_text *t)
{
        const json_t *run;
        size_t i;

        json_array_foreach (json_object_get(report, "runs"), i, run) {
                zc_text_add(t, i ? "; " : "");
                page_clean(t, page_run_name(run));
                if (json_object_get(assets, page_own(run)))
                        zc_text_add(t, " itself");
                if (!json_is_string(json_object_get(run, "finished")))
                        zc_text_add(t, " (ended early)");
        }
}

bool page_head(struct page *p, struct zc_err *err)
{
        json_auto_t *assets = assets_of(p->report);
        ZC_AUTO_TEXT who = { 0 };
        ZC_AUTO_TEXT how = { 0 };
        ZC_AUTO_TEXT seen = { 0 };
        ZC_AUTO_TEXT packs = { 0 };
        unsigned wide;

        zc_text_init(&who, ZC_TEXT_CEILING);
        zc_text_init(&how, ZC_TEXT_CEILING);
        zc_text_init(&seen, ZC_TEXT_CEILING);
        zc_text_init(&packs, ZC_TEXT_CEILING);
        if (!assets)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the page");
        if (json_object_size(assets) == 1)
                one_text(p->report, json_object_iter_key(json_object_iter(assets)), &who);
        else
                many_text(assets, &who);
        how_text(p->report, &how);
        seen_text(p->report, assets, &seen);
        page_packs(p->report, &packs);
        if (who.failed || how.failed || seen.failed || packs.failed)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the page");
        wide = (unsigned)(zc_utf8_columns(zc_text_str(&who)) + 4 +
                          zc_utf8_columns(zc_text_str(&how)));
        if (wide <= p->columns) {
                zc_out_printf(p->out, "%s    %s\n", zc_text_str(&who), zc_text_str(&how));
        } else {
                zc_wrap(p->out, zc_text_str(&who), 0, 2, p->columns);
                zc_out_puts(p->out, "\n");
                zc_wrap(p->out, zc_text_str(&how), 0, 2, p->columns);
                zc_out_puts(p->out, "\n");
        }
        if (seen.len > 0) {
                zc_out_puts(p->out, "seen from  ");
                zc_wrap(p->out, zc_text_str(&seen), 11, 11, p->columns);
                zc_out_puts(p->out, "\n");
        }
        if (packs.len > 0) {
                zc_out_puts(p->out, "rules from ");
                zc_wrap(p->out, zc_text_str(&packs), 11, 11, p->columns);
                zc_out_puts(p->out, "\n");
        }
        return true;
}
