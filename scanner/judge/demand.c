/** What people ask for in profiles, policies and configurations: where it stands, and whether a selector selects anything. */
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"

void zc_place(const struct zc_yaml *y, const char *pointer, char out[ZC_PLACE_LEN])
{
        unsigned line = 0, column = 0;

        zc_yaml_where(y, pointer, &line, &column);
        snprintf(out, ZC_PLACE_LEN, "%.240s:%u:%u", zc_yaml_name(y), line, column);
}

bool zc_demand_fail(const struct zc_demand *d, const char *key, struct zc_err *err, const char *fmt,
                    ...)
{
        char words[sizeof(err->text)], pointer[128];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(words, sizeof(words), fmt, ap);
        va_end(ap);
        snprintf(pointer, sizeof(pointer), "%s/%s", d->y ? d->at : "", key);
        if (!d->y)
                return zc_fail(err, ZC_E_USAGE, "%s: %s", d->at ? d->at : key, words);
        return zc_yaml_fail(d->y, pointer, err, "%s%s%.*s: %s", d->at + (*d->at == '/'),
                            *d->at ? "." : "", (int)strcspn(key, "/"), key, words);
}

/** The tag that was probably meant, with "tag:" in front; NULL for none. */
static const char *near_tag(const struct zc_pack *pack, const char *tag)
{
        const char *tags[257] = { NULL };
        size_t n = 0;

        for (size_t i = 0; i < zc_pack_count(pack); i++) {
                const json_t *v;
                size_t k;

                json_array_foreach (zc_pack_rule(pack, i)->tags, k, v) {
                        if (n < ZC_COUNT(tags) - 1)
                                tags[n++] = json_string_value(v);
                }
        }
        return zc_nearest(tag, tags);
}

/** Or the one that it is short for. */
static const char *near_severity(const char *word)
{
        static const char *const words[] = { "info", "low", "medium", "high", "critical", NULL };

        for (size_t i = 0; *word && words[i]; i++) {
                if (strncmp(words[i], word, strlen(word)) == 0)
                        return words[i];
        }
        return zc_nearest(word, words);
}

static bool fail_selector(const struct zc_pack *pack, const struct zc_demand *d, const char *key,
                          const char *selector, struct zc_err *err)
{
        const char *colon = strchr(selector, ':');
        size_t head = colon ? (size_t)(colon - selector) + 1 : 0;
        const char *near;

        if (strncmp(selector, "tag:", 4) == 0)
                near = near_tag(pack, selector + 4);
        else if (strncmp(selector, "severity:", 9) == 0)
                near = near_severity(selector + 9);
        else
                near = zc_nearest(selector + head, zc_pack_ids(pack));
        if (!near && strncmp(selector, "severity:", 9) == 0)
                return zc_demand_fail(d, key, err,
                                      "no rule is selected by \"%.60s\": a severity is critical, "
                                      "high, medium, low or info",
                                      selector);
        return zc_demand_fail(d, key, err, "no rule is selected by \"%.60s\"%s%.*s%s", selector,
                              near ? "; did you mean " : "", near ? (int)head : 0, selector,
                              near ? near : "");
}

const char *const zc_expected_rules[] = { "ZC-EXPECT-OPEN", "ZC-EXPECT-CLOSED", "ZC-EXPECT-TLS",
                                          "ZC-EXPECT-AUTH", NULL };

bool zc_selector_check(const struct zc_pack *pack, const struct zc_demand *d, const char *key,
                       const char *selector, bool expectations, struct zc_err *err)
{
        json_auto_t *tags = json_pack("[s]", "release-blocker");

        if (d->shipped) /* it may stand beside a pack that has none of ours; a test checks it against our own */
                return true;
        for (size_t i = 0; expectations && zc_expected_rules[i]; i++) {
                if (zc_selector_matches(selector, zc_expected_rules[i], tags))
                        return true;
        }
        for (size_t i = 0; i < zc_pack_count(pack); i++) {
                if (zc_rule_selected(zc_pack_rule(pack, i), selector))
                        return true;
        }
        return fail_selector(pack, d, key, selector, err);
}
