/** Waivers: a named person accepts a finding, or an unanswered check, until a date. Never hidden, never silent when they end. */
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"
#include "zc/addr.h"
#include "zc/clock.h"

#define EXPIRING_MS ((int64_t)14 * 24 * 3600 * 1000)

static const char *const verdicts[] = { "fail", "unknown", NULL };

static const struct zc_shape waiver_shape[] = {
        { "id", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "rule", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "target", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "verdict", ZC_SHAPE_WORD, true, verdicts, NULL },
        { "owner", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "approver", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "reason", ZC_SHAPE_TEXT, true, NULL, NULL },
        { "ticket", ZC_SHAPE_TEXT, false, NULL, NULL },
        { "created", ZC_SHAPE_TIME, true, NULL, NULL },
        { "expires", ZC_SHAPE_TIME, true, NULL, NULL },
        { 0 },
};
static const struct zc_shape file_shape[] = {
        { "waivers", ZC_SHAPE_OBJECTS, true, NULL, waiver_shape },
        { 0 },
};

/* ---- the file ---- */

static int64_t time_of(const json_t *waiver, const char *key)
{
        int64_t ms = 0;

        return zc_time_parse(zc_json_str(waiver, key, ""), &ms) ? ms : 0;
}

/** A target that is written as a prefix must be one: as a glob it would match nothing. */
static bool check_target(const struct zc_yaml *y, const char *target, size_t i, struct zc_err *err)
{
        size_t n = strspn(target, "0123456789abcdefABCDEF.:");
        struct zc_prefix prefix;
        struct zc_err cause = { 0 };
        char pointer[64];

        if (target[n] != '/' || n == 0 || target[n + 1] == '\0' ||
            target[n + 1 + strspn(target + n + 1, "0123456789")] != '\0' ||
            zc_prefix_parse(target, &prefix, &cause))
                return true;
        snprintf(pointer, sizeof(pointer), "/waivers/%zu/target", i);
        return zc_yaml_fail(y, pointer, err, "%s", cause.text);
}

/** A pattern begins with the area that it is about: "ZC-FW-*", not "ZC-*" or "*-001". */
static bool is_of_one_area(const char *rule)
{
        size_t fixed = strcspn(rule, "*?"), area;

        if (rule[fixed] == '\0')
                return true;
        if (strncmp(rule, "ZC-", 3) != 0)
                return false;
        area = strspn(rule + 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
        return area > 0 && rule[3 + area] == '-' && 3 + area < fixed;
}

/** Who accepts it, who let them and why are said, not merely there. */
static bool check_said(const struct zc_yaml *y, const json_t *w, size_t i, struct zc_err *err)
{
        static const char *const said[] = { "id", "owner", "approver", "reason", "ticket" };

        for (size_t k = 0; k < ZC_COUNT(said); k++) {
                const char *s = zc_json_str(w, said[k], "x");
                char pointer[64];

                if (s[strspn(s, " \t\r\n")] != '\0')
                        continue;
                snprintf(pointer, sizeof(pointer), "/waivers/%zu/%s", i, said[k]);
                return zc_yaml_fail(y, pointer, err, "%s is blank; say it, or leave the waiver out",
                                    said[k]);
        }
        return true;
}

static bool check_waiver(const struct zc_yaml *y, const json_t *w, size_t i, json_t *ids,
                         struct zc_err *err)
{
        const char *id = zc_json_str(w, "id", "");
        const char *rule = zc_json_str(w, "rule", "");
        char pointer[64];

        snprintf(pointer, sizeof(pointer), "/waivers/%zu/id", i);
        if (json_object_get(ids, id))
                return zc_yaml_fail(y, pointer, err, "the waiver id %.60s stands here twice", id);
        json_object_set_new(ids, id, json_true());
        snprintf(pointer, sizeof(pointer), "/waivers/%zu/rule", i);
        if (!is_of_one_area(rule))
                return zc_yaml_fail(y, pointer, err,
                                    "rule \"%.20s\" would waive everything, or something in every "
                                    "area; name a rule, or a group of one area such as "
                                    "\"ZC-FW-*\"",
                                    rule);
        if (strncmp(rule, "ZC-", 3) != 0 && !strpbrk(rule, "*?"))
                return zc_yaml_fail(y, pointer, err,
                                    "\"%.60s\" is not a rule id; write one such as ZC-FW-001, or a "
                                    "group such as \"ZC-FW-*\"",
                                    rule);
        if (!check_said(y, w, i, err) || !check_target(y, zc_json_str(w, "target", ""), i, err))
                return false;
        snprintf(pointer, sizeof(pointer), "/waivers/%zu/expires", i);
        return time_of(w, "created") < time_of(w, "expires") ||
               zc_yaml_fail(y, pointer, err, "expires before it was created");
}

/** Where each waiver stands, and its rule, for what is said about it later: its members "at" and "rule_at". */
static json_t *with_places(const struct zc_yaml *y, const json_t *list)
{
        json_t *out = json_deep_copy(list);
        json_t *w;
        size_t i;

        json_array_foreach (out, i, w) {
                char pointer[64], place[ZC_PLACE_LEN];

                snprintf(pointer, sizeof(pointer), "/waivers/%zu", i);
                zc_place(y, pointer, place);
                json_object_set_new(w, "at", zc_json_bytes(place, strlen(place), ZC_PLACE_LEN));
                snprintf(pointer, sizeof(pointer), "/waivers/%zu/rule", i);
                zc_place(y, pointer, place);
                json_object_set_new(w, "rule_at",
                                    zc_json_bytes(place, strlen(place), ZC_PLACE_LEN));
        }
        return out;
}

static json_t *waivers_of(const struct zc_yaml *y, struct zc_err *err)
{
        json_auto_t *ids = json_object();
        const json_t *list, *w;
        size_t i;

        if (!zc_shape_check(y, "", zc_yaml_root(y), "a waiver file", file_shape, err))
                return NULL;
        list = json_object_get(zc_yaml_root(y), "waivers");
        json_array_foreach (list, i, w) {
                if (!check_waiver(y, w, i, ids, err))
                        return NULL;
        }
        return with_places(y, list);
}

json_t *zc_waivers_load(const char *path, struct zc_err *err)
{
        ZC_AUTO(zc_yaml) y = NULL;

        return zc_yaml_load(path, &y, err) ? waivers_of(y, err) : NULL;
}

json_t *zc_waivers_parse(const char *name, const char *text, size_t len, struct zc_err *err)
{
        ZC_AUTO(zc_yaml) y = NULL;

        return zc_yaml_parse(name, text, len, &y, err) ? waivers_of(y, err) : NULL;
}

static bool is_matched(const char *glob, const char *const *ids)
{
        for (; *ids; ids++) {
                if (zc_glob(glob, *ids))
                        return true;
        }
        return false;
}

bool zc_waivers_rules(const json_t *list, const struct zc_pack *pack, struct zc_err *err)
{
        const char *const *ids = zc_pack_ids(pack);
        const json_t *w;
        size_t i;

        json_array_foreach (list, i, w) {
                const char *rule = zc_json_str(w, "rule", "");
                const char *at = zc_json_str(w, "rule_at", "the waivers");
                const char *near;

                if (is_matched(rule, ids) || is_matched(rule, zc_expected_rules))
                        continue;
                if (strpbrk(rule, "*?"))
                        return zc_fail(err, ZC_E_USAGE,
                                       "%s: no rule is called like \"%.60s\": this waiver can "
                                       "never hold; `zerocrit rules list` names them",
                                       at, rule);
                near = zc_nearest(rule, ids);
                return zc_fail(err, ZC_E_USAGE, "%s: there is no rule %.60s%s%s%s", at, rule,
                               near ? "; did you mean " : "", near ? near : "",
                               near ? "?" : "; `zerocrit rules list` names them");
        }
        return true;
}

/* ---- at work ---- */

struct waiver {
        const json_t *record;
        const char *id, *rule, *target;
        enum zc_verdict verdict;
        bool expired, early;
        bool expiring;
        size_t matched;
};

struct zc_waivers {
        json_t *list; /* owned, so that the ids handed out live long enough */
        const json_t *assets;
        struct waiver *all;
        size_t count;
};

static void waiver_fill(struct waiver *w, const json_t *record, int64_t now_ms)
{
        int64_t expires = time_of(record, "expires");

        *w = (struct waiver){
                .record = record,
                .id = zc_json_str(record, "id", ""),
                .rule = zc_json_str(record, "rule", ""),
                .target = zc_json_str(record, "target", ""),
                .verdict = strcmp(zc_json_str(record, "verdict", ""), "fail") == 0 ? ZC_FAIL
                                                                                   : ZC_UNKNOWN,
                .expired = expires <= now_ms,
                .early = time_of(record, "created") > now_ms,
                .expiring = expires > now_ms && expires - now_ms <= EXPIRING_MS,
        };
}

static bool fill(struct zc_waivers *w, const json_t *list, int64_t now_ms)
{
        const json_t *record;
        size_t i;

        w->list = list ? json_deep_copy(list) : json_array();
        w->all = calloc(json_array_size(list) + 1, sizeof(*w->all));
        if (!w->list || !w->all)
                return false;
        json_array_foreach (w->list, i, record) {
                waiver_fill(&w->all[w->count++], record, now_ms);
        }
        return true;
}

bool zc_waivers_new(const json_t *list, const json_t *assets, int64_t now_ms,
                    struct zc_waivers **out, struct zc_err *err)
{
        ZC_AUTO(zc_waivers) w = calloc(1, sizeof(*w));

        if (!w || !fill(w, list, now_ms))
                return zc_fail(err, ZC_E_NOMEM, "no memory for waivers");
        w->assets = assets;
        *out = ZC_TAKE(w);
        return true;
}

void zc_waivers_free(struct zc_waivers *w)
{
        if (!w)
                return;
        json_decref(w->list);
        free(w->all);
        free(w);
}

const char *zc_waivers_match(struct zc_waivers *w, const char *rule, const char *asset,
                             const char *subject, enum zc_verdict verdict)
{
        for (size_t i = 0; w && i < w->count; i++) {
                struct waiver *one = &w->all[i];

                if (one->expired || one->early || one->verdict != verdict ||
                    !zc_glob(one->rule, rule) ||
                    !zc_asset_selected(w->assets, one->target, asset, subject))
                        continue;
                one->matched++;
                return one->id;
        }
        return NULL;
}

static void list_add(json_t *report, const char *key, const struct waiver *w)
{
        json_t *copy = json_copy((json_t *)(uintptr_t)w->record);

        json_object_del(copy, "at");
        json_object_del(copy, "rule_at");
        json_object_set_new(copy, "matched", json_integer((json_int_t)w->matched));
        json_array_append_new(json_object_get(report, key), copy);
}

json_t *zc_waivers_report(const struct zc_waivers *w)
{
        json_t *out =
                json_pack("{s:[], s:[], s:[], s:[]}", "active", "expiring", "expired", "unused");

        for (size_t i = 0; w && out && i < w->count; i++) {
                const struct waiver *one = &w->all[i];

                if (one->expired) {
                        list_add(out, "expired", one);
                        continue;
                }
                if (!one->early)
                        list_add(out, "active", one);
                if (one->expiring)
                        list_add(out, "expiring", one);
                if (one->matched == 0)
                        list_add(out, "unused", one);
        }
        return out;
}
