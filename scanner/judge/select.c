/** Selectors: which rules, assets and subjects a profile, a waiver or an expectation means. */
#include <string.h>

#include "judge_internal.h"
#include "zc/addr.h"
#include "zc/target.h"

bool zc_glob(const char *pattern, const char *text)
{
        const char *star = NULL, *mark = NULL;

        while (*text) {
                if (*pattern == '*') {
                        star = pattern++;
                        mark = text;
                } else if (*pattern == '?' || *pattern == *text) {
                        pattern++;
                        text++;
                } else if (star) {
                        pattern = star + 1;
                        text = ++mark;
                } else {
                        return false;
                }
        }
        while (*pattern == '*')
                pattern++;
        return *pattern == '\0';
}

static bool array_has(const json_t *list, const char *word)
{
        const json_t *v;
        size_t i;

        json_array_foreach (list, i, v) {
                if (strcmp(json_string_value(v) ? json_string_value(v) : "", word) == 0)
                        return true;
        }
        return false;
}

bool zc_selector_matches(const char *selector, const char *rule, const json_t *tags)
{
        if (strncmp(selector, "tag:", 4) == 0)
                return array_has(tags, selector + 4);
        if (strncmp(selector, "id:", 3) == 0)
                selector += 3;
        return zc_glob(selector, rule);
}

bool zc_rule_selected(const struct zc_rule *r, const char *selector)
{
        enum zc_severity s = ZC_INFO;

        if (strncmp(selector, "severity:", 9) == 0)
                return zc_severity_parse(selector + 9, &s) && zc_rule_worst(r) == s;
        return zc_selector_matches(selector, r->id, r->tags);
}

/* ---- assets ---- */

/** The asset that a target's findings belong to (design section 1); NULL for a block without an id: its members are assets. */
static const char *target_asset(struct zc_arena *arena, const struct zc_evidence *ev,
                                const json_t *target)
{
        const char *id = zc_json_str(target, "id", "");
        struct zc_target t = { 0 };
        struct zc_err err = { 0 };
        bool parsed = zc_target_parse(arena, zc_json_str(target, "named", ""), &t, &err);

        if (strcmp(id, "auto") == 0 || (*id == '\0' && parsed && t.kind == ZC_TARGET_LOCAL))
                return zc_evidence_asset(ev);
        if (*id)
                return id;
        return parsed ? zc_target_asset(&t) : NULL;
}

static void asset_add(json_t *assets, const char *asset, const json_t *target)
{
        json_t *row = json_object_get(assets, asset);
        const json_t *v;
        size_t i;

        if (!row) {
                row = json_pack("{s:[], s:[]}", "ids", "tags");
                json_object_set_new(assets, asset, row);
        }
        if (!target)
                return;
        if (!array_has(json_object_get(row, "ids"), zc_json_str(target, "id", "")))
                json_array_append(json_object_get(row, "ids"), json_object_get(target, "id"));
        json_array_foreach (json_object_get(target, "tags"), i, v) {
                if (json_is_string(v) &&
                    !array_has(json_object_get(row, "tags"), json_string_value(v)))
                        json_array_append(json_object_get(row, "tags"), (json_t *)(uintptr_t)v);
        }
}

json_t *zc_assets(struct zc_evidence *const *evs, size_t count)
{
        ZC_AUTO(zc_arena) arena = zc_arena_new((size_t)64 << 20);
        json_t *assets = json_object();

        for (size_t e = 0; e < count && arena; e++) {
                const json_t *target;
                size_t i;

                json_array_foreach (json_object_get(zc_evidence_run(evs[e]), "targets"), i,
                                    target) {
                        const char *asset = target_asset(arena, evs[e], target);

                        if (asset)
                                asset_add(assets, asset, target);
                }
                if (zc_evidence_host(evs[e]) && zc_evidence_asks_host(evs[e]))
                        asset_add(assets, zc_evidence_asset(evs[e]), NULL);
        }
        return assets;
}

/** "web1", or "web1 host/firewall": one asset, and there, subjects of a pattern. No id has a blank. */
static bool id_selected(const json_t *row, const char *id, const char *asset, const char *subject)
{
        const char *blank = strchr(id, ' ');
        size_t n = blank ? (size_t)(blank - id) : strlen(id);
        const json_t *v;
        size_t i;

        if (blank && (!subject || !zc_glob(blank + 1, subject)))
                return false;
        if (strlen(asset) == n && strncmp(asset, id, n) == 0)
                return true;
        json_array_foreach (json_object_get(row, "ids"), i, v) {
                if (json_string_length(v) == n && strncmp(json_string_value(v), id, n) == 0)
                        return true;
        }
        return false;
}

/** The address that a text begins with: an asset's own, or a subject's ("192.0.2.7:443/tcp", "listener [2001:db8::1]:22/tcp"). */
static bool address_of(const char *s, struct zc_addr *out)
{
        static const char listener[] = "listener ";
        char text[ZC_ADDR_LEN];
        struct zc_err err = { 0 };
        size_t n;

        if (strncmp(s, listener, sizeof(listener) - 1) == 0)
                s += sizeof(listener) - 1;
        if (*s == '[')
                n = strcspn(++s, "]");
        else /* an IPv6 address without brackets stands alone, as an asset */
                n = strchr(s, ':') != strrchr(s, ':') ? strlen(s) : strcspn(s, ":/");
        if (n >= sizeof(text))
                return false;
        memcpy(text, s, n);
        text[n] = '\0';
        return zc_addr_parse(text, out, &err);
}

static bool holds(const struct zc_prefix *prefix, const char *text)
{
        struct zc_addr addr;

        return text && address_of(text, &addr) && zc_prefix_contains(prefix, &addr);
}

/** Is the selector an address, or a prefix, that holds the address of the asset, or of the subject? */
static bool prefix_selected(const char *selector, const char *asset, const char *subject)
{
        struct zc_prefix prefix = { 0 };
        struct zc_err err = { 0 };

        return selector[strspn(selector, "0123456789abcdefABCDEF:./")] == '\0' &&
               zc_prefix_parse(selector, &prefix, &err) &&
               (holds(&prefix, asset) || holds(&prefix, subject));
}

bool zc_asset_selected(const json_t *assets, const char *selector, const char *asset,
                       const char *subject)
{
        const json_t *row = json_object_get(assets, asset);

        if (strncmp(selector, "tag:", 4) == 0)
                return array_has(json_object_get(row, "tags"), selector + 4);
        if (strncmp(selector, "id:", 3) == 0)
                return id_selected(row, selector + 3, asset, subject);
        return zc_glob(selector, asset) || (subject && zc_glob(selector, subject)) ||
               prefix_selected(selector, asset, subject);
}
